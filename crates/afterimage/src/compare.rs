//! `afterimage compare`: one picture from a vendor and from here, side by side.
#![allow(clippy::print_stdout)]

mod fetch;
mod headers;
mod judge;
mod show;

use std::io::Read as _;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;

use codec::{Budget, Foreign};
use serde_json::{Value, json};

use crate::cli::{ClientClass, CompareArgs};
use crate::decoders;
use fetch::Fetcher;
use judge::{Judge, Judged, Outcome};

/// Something could not be fetched, read or understood.
const FAILED: u8 = 2;

/// Runs the command: 0 alike, 1 something differs, 2 something failed.
pub fn run(args: &CompareArgs) -> ExitCode {
    match compare(args) {
        Ok(outcome) => ExitCode::from(match outcome {
            Outcome::Alike => 0,
            Outcome::Differs => 1,
            Outcome::Failed => FAILED,
        }),
        Err(message) => {
            eprintln!("afterimage: {message}");
            ExitCode::from(FAILED)
        }
    }
}

fn compare(args: &CompareArgs) -> Result<Outcome, String> {
    let pairs = pairs(args)?;
    let classes = if args.accept.is_empty() {
        vec![ClientClass::Basic, ClientClass::Webp, ClientClass::Avif]
    } else {
        args.accept.clone()
    };
    let fetcher = Fetcher::new(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    // Started when the first picture needs one.
    let workers = decoders::pool(1, &Budget::default());
    let judge = Judge { least_points: args.likeness, budget: budget(workers.foreign()) };

    let mut worst = Outcome::Alike;
    let mut report = Vec::new();
    for (number, pair) in pairs.iter().enumerate() {
        let mut judged: Vec<(ClientClass, Judged)> = Vec::new();
        for class in &classes {
            let (vendor, ours) = runtime.block_on(async {
                tokio::join!(fetcher.fetch(&pair.vendor, *class), fetcher.fetch(&pair.ours, *class))
            });
            judged.push((*class, judge.judge(vendor, ours)));
        }
        let outcome = judged.iter().map(|(_, judged)| judged.outcome()).max().unwrap_or(Outcome::Alike);
        worst = worst.max(outcome);
        if args.json {
            report.push(show::json(pair, outcome, &judged));
        } else {
            if number > 0 {
                println!();
            }
            println!("{}", show::text(pair, outcome, &judged));
        }
    }
    if args.json {
        println!("{:#}", json!({ "outcome": worst.name(), "pairs": Value::Array(report) }));
    } else if pairs.len() > 1 {
        println!("\n{} pairs: {}", pairs.len(), worst.name());
    }
    Ok(worst)
}

fn budget(foreign: Foreign) -> Budget {
    Budget { foreign, ..Budget::default() }
}

/// Two URLs of what should be one picture.
struct Pair {
    vendor: String,
    ours: String,
}

fn pairs(args: &CompareArgs) -> Result<Vec<Pair>, String> {
    if let (Some(vendor), Some(ours)) = (&args.vendor_url, &args.ours) {
        return Ok(vec![Pair { vendor: vendor.clone(), ours: ours.clone() }]);
    }
    let Some(file) = &args.pairs else { return Err("--pairs, or --vendor-url and --ours, are needed".to_owned()) };
    let mut text = String::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().lock().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(file).map(|read| text = read)
    };
    read.map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let pairs = read_pairs(&text).map_err(|error| format!("{}:{error}", file.display()))?;
    if pairs.is_empty() { Err(format!("{} has no pair of URLs", file.display())) } else { Ok(pairs) }
}

fn read_pairs(text: &str) -> Result<Vec<Pair>, String> {
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    let read = |(number, line): (usize, &str)| match line.split_whitespace().collect::<Vec<_>>()[..] {
        [vendor, ours] => Ok(Pair { vendor: vendor.to_owned(), ours: ours.to_owned() }),
        ref words => Err(format!("{number}: a line has two URLs, the vendor's and ours, not {}", words.len())),
    };
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(read).collect()
}

/// What `--resolve` says.
pub(crate) fn resolve(text: &str) -> Result<(String, SocketAddr), String> {
    let wrong = || format!("{text:?} is not HOST=ADDRESS or HOST=ADDRESS:PORT, such as img.example=203.0.113.7");
    let (host, address) = text.split_once('=').filter(|(host, _)| !host.is_empty()).ok_or_else(wrong)?;
    // Port 0 stands for the URL's own.
    let bare = address.parse::<IpAddr>().map(|ip| SocketAddr::from((ip, 0)));
    let address = bare.or_else(|_| address.parse()).map_err(|_| wrong())?;
    Ok((host.to_ascii_lowercase(), address))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn pairs_are_read_line_by_line() {
        let pairs = read_pairs("# vendor  ours\n\n https://a/x?y=1\thttp://b/x \nhttps://c/ https://d/\n").unwrap();
        let pairs: Vec<_> = pairs.iter().map(|pair| (pair.vendor.as_str(), pair.ours.as_str())).collect();
        assert_eq!(pairs, [("https://a/x?y=1", "http://b/x"), ("https://c/", "https://d/")]);
        for (text, line) in [("https://a/", "1: "), ("\n#\nhttps://a/ https://b/ https://c/", "3: ")] {
            let error = read_pairs(text).err().unwrap();
            assert!(error.starts_with(line), "{error}");
        }
    }

    #[test]
    fn hosts_are_given_addresses() {
        for (text, want) in [
            ("Img.example=203.0.113.7", Some(("img.example", "203.0.113.7:0"))),
            ("img.example=127.0.0.1:8443", Some(("img.example", "127.0.0.1:8443"))),
            ("img.example=::1", Some(("img.example", "[::1]:0"))),
            ("img.example=[::1]:443", Some(("img.example", "[::1]:443"))),
            ("img.example", None),
            ("=127.0.0.1", None),
            ("img.example=elsewhere.example", None),
        ] {
            let want = want.map(|(host, address)| (host.to_owned(), address.parse().unwrap()));
            assert_eq!(resolve(text).ok(), want, "{text}");
        }
    }
}
