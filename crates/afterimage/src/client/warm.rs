//! `afterimage warm` and `afterimage warmups`.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::args::{WarmArgs, WarmupsArgs, WarmupsCommand};
use super::purge::{FIRST_LOOK, LONGEST_LOOK, lines_of_input, progress};
use super::table::{table, text};
use super::{Client, Failure, LATE, REFUSED, USAGE, say, segment};

/// URLs that the server takes in one request.
const MOST_URLS: usize = 10_000;

/// Runs `warm`; exit statuses as its help says.
pub fn run(args: &WarmArgs) -> ExitCode {
    super::run(ask(args))
}

/// Runs `warmups`.
pub fn run_list(args: &WarmupsArgs) -> ExitCode {
    super::run(list(args))
}

async fn ask(args: &WarmArgs) -> Result<(), Failure> {
    let requests = requests(args)?;
    let client = Client::new(&args.connection)?;
    let mut warmups = Vec::new();
    for request in &requests {
        warmups.push(client.call(Method::POST, "/v1/warmups", Some(request)).await?);
    }
    let deadline = Instant::now() + Duration::from_secs(args.deadline);
    let (mut late, mut failed) = (false, 0);
    for warmup in &mut warmups {
        if args.wait {
            late |= !follow(&client, warmup, deadline).await?;
            failed += warmup["failed"].as_u64().unwrap_or(0);
        }
        say(&if args.json { warmup.to_string() } else { summary(warmup) });
    }
    if late {
        return Err(Failure::new(LATE, format!("begun, but not at its end within {} seconds", args.deadline)));
    }
    if failed > 0 {
        return Err(Failure::new(
            REFUSED,
            format!("{failed} derivatives could not be made; the server's log says why"),
        ));
    }
    Ok(())
}

/// What is asked for, in as many requests as that takes.
fn requests(args: &WarmArgs) -> Result<Vec<Value>, Failure> {
    let mut how = Map::new();
    if !args.accept.is_empty() {
        how.insert("accept".to_owned(), json!(args.accept));
    }
    if let Some(rate) = args.rate {
        how.insert("per_second".to_owned(), json!(rate));
    }
    let request = |what: &[(&str, Value)]| {
        let fields = what.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Value::Object(how.clone().into_iter().chain(fields).collect())
    };
    let mut requests = Vec::new();
    let mut urls = Vec::new();
    for url in &args.urls {
        if url == "-" { urls.extend(lines_of_input()?) } else { urls.push(url.clone()) }
    }
    for file in &args.file {
        let unread = |error: std::io::Error| Failure::new(USAGE, format!("{}: {error}", file.display()));
        let list = std::fs::read_to_string(file).map_err(unread)?;
        let list = list.trim_start_matches('\u{feff}').trim();
        if list.starts_with('<') {
            requests.push(request(&[("list", json!(list))]));
        } else {
            let lines = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            urls.extend(lines.map(str::to_owned));
        }
    }
    requests.extend(urls.chunks(MOST_URLS).map(|part| request(&[("urls", json!(part))])));
    if !args.master.is_empty() {
        let mut fields = vec![("masters", json!(args.master))];
        if !args.template.is_empty() {
            fields.push(("templates", json!(args.template)));
        }
        if let Some(site) = &args.site {
            fields.extend([("site", json!(site)), ("transformations", json!(args.transformation))]);
        }
        requests.push(request(&fields));
    }
    if requests.is_empty() {
        return Err(Failure::new(USAGE, "there is nothing to warm: the list is empty"));
    }
    Ok(requests)
}

/// Looks at a warm-up until it has ended; `false` when the deadline was first.
async fn follow(client: &Client, warmup: &mut Value, deadline: Instant) -> Result<bool, Failure> {
    let path = format!("/v1/warmups/{}", warmup["id"].as_str().unwrap_or_default());
    let (mut pause, terminal) = (FIRST_LOOK, std::io::stderr().is_terminal());
    while warmup["state"] == "running" {
        if terminal {
            progress(&counts(warmup));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(LONGEST_LOOK);
        *warmup = client.call(Method::GET, &path, None).await?;
    }
    if terminal {
        progress("");
    }
    Ok(warmup["state"] != "running")
}

async fn list(args: &WarmupsArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    let (method, id) = match &args.command {
        None | Some(WarmupsCommand::List) => {
            let answer = client.call(Method::GET, "/v1/warmups", None).await?;
            say(&if args.json { answer.to_string() } else { listed(&answer) });
            return Ok(());
        }
        Some(WarmupsCommand::Show { id }) => (Method::GET, id),
        Some(WarmupsCommand::Cancel { id }) => (Method::DELETE, id),
    };
    let answer = client.call(method, &format!("/v1/warmups/{}", segment(id)), None).await?;
    say(&if args.json { answer.to_string() } else { summary(&answer) });
    Ok(())
}

fn listed(answer: &Value) -> String {
    let row = |warmup: &Value| {
        ["created_at", "state", "tried", "total", "failed", "skipped", "actor", "id"].map(|f| text(&warmup[f])).to_vec()
    };
    let rows: Vec<Vec<String>> = answer["warmups"].as_array().into_iter().flatten().map(row).collect();
    table(&["begun", "state", "tried", "of", "failed", "skipped", "key", "id"], &rows)
}

fn summary(warmup: &Value) -> String {
    let mut line = format!("{}: {} (warm-up {})", text(&warmup["state"]), counts(warmup), text(&warmup["id"]));
    if let Some(ignored) = warmup["ignored"].as_u64() {
        line.push_str(&format!("\n  {ignored} entries of the sitemap are not pictures here"));
    }
    line
}

fn counts(warmup: &Value) -> String {
    let [made, failed, skipped, total] =
        ["made", "failed", "skipped", "total"].map(|f| warmup[f].as_u64().unwrap_or(0));
    let mut line = format!("{made} of {total} derivatives made");
    for (number, what) in [(failed, "failed"), (skipped, "skipped, since they were purged again")] {
        if number > 0 {
            line.push_str(&format!(", {number} {what}"));
        }
    }
    line
}
