//! The auditor against caches of a few lines: one that is right, three that are wrong in ways it must see, and two that
//! show it too little to say anything.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auditor::audit::{self, Settings};
use auditor::origin::{Origin, Pace};
use auditor::report::Report;
use auditor::target::{Purging, Target};
use testkit::http::Client;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cache {
    /// A fill is kept only if nothing was purged since it began.
    Right,
    /// A purge removes what is there; a fill under way is stored when it is done.
    Racing,
    /// Purges are answered and forgotten.
    Deaf,
    /// The answer comes before the deed, by some milliseconds.
    Hasty,
    /// Purges are answered, pictures never: always 503.
    Busy,
    /// Right, but half of its answers are closed connections.
    Torn,
}

#[derive(Default)]
struct Stored {
    purges: u64,
    asked: u64,
    bodies: HashMap<String, (String, Vec<u8>)>,
}

async fn serve(cache: Cache, stream: TcpStream, origin: SocketAddr, stored: Arc<Mutex<Stored>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut client = Client::new(origin);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
            head.push(line);
        }
        let mut words = head[0].split(' ');
        let (method, url) = (words.next().unwrap(), words.next().unwrap().to_owned());
        if method == "PURGE" {
            let purge = |stored: &Mutex<Stored>, url: &str| {
                let mut stored = stored.lock().unwrap();
                stored.purges += 1;
                stored.bodies.remove(url);
            };
            match cache {
                Cache::Right | Cache::Racing | Cache::Torn => purge(&stored, &url),
                Cache::Deaf | Cache::Busy => {}
                Cache::Hasty => {
                    let (stored, url) = (stored.clone(), url.clone());
                    tokio::spawn(async move {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        purge(&stored, &url);
                    });
                }
            }
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?;
            continue;
        }
        if cache == Cache::Busy {
            stream.get_mut().write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").await?;
            continue;
        }
        let (begun, found) = {
            let mut stored = stored.lock().unwrap();
            stored.asked += 1;
            // Several in a row: the auditor asks once more where a kept connection was closed.
            if cache == Cache::Torn && stored.asked % 8 < 4 {
                return Ok(());
            }
            (stored.purges, stored.bodies.get(&url).cloned())
        };
        let hit = if found.is_some() { "HIT" } else { "MISS" };
        let (etag, body) = match found {
            Some(found) => found,
            None => {
                let answer = client.get(&url).await?;
                let filled = (answer.header("etag").to_owned(), answer.body.to_vec());
                let mut stored = stored.lock().unwrap();
                if !matches!(cache, Cache::Right | Cache::Torn) || stored.purges == begun {
                    stored.bodies.insert(url, filled.clone());
                }
                filled
            }
        };
        let known =
            head.iter().any(|line| line.to_ascii_lowercase().starts_with("if-none-match") && line.contains(&etag));
        let (status, body) = if known { ("304 Not Modified", Vec::new()) } else { ("200 OK", body) };
        let text =
            format!("HTTP/1.1 {status}\r\nETag: {etag}\r\nX-Cache: {hit}\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.get_mut().write_all(&[text.as_bytes(), &body].concat()).await?;
    }
}

async fn audit(cache: Cache) -> Report {
    let wait = Duration::from_millis(2);
    let pace = Pace { before_headers: wait, mid_body: Duration::ZERO, jitter: wait };
    let origin = Arc::new(Origin::start("127.0.0.1:0".parse().unwrap(), "fake", 8, pace, 7).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let behind = origin.address();
    let server = tokio::spawn(async move {
        let stored = Arc::default();
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(cache, stream, behind, Arc::clone(&stored)));
        }
    });
    let target = Target::peer(&origin, address, Purging::Purge);
    let settings = Settings {
        purges: 400,
        connections: 6,
        purgers: 2,
        seed: 7,
        pause: Duration::from_millis(2),
        wait: Duration::ZERO,
        progress: Duration::from_secs(3600),
        last_look: true,
    };
    let report = audit::run(origin, target, settings, |_| {}).await.unwrap();
    server.abort();
    assert_eq!((report.purges, report.refused, report.faulty), (400, 0, 0), "{cache:?}: {report}");
    // Who never drops anything never fetches again, nor does who never fetches.
    assert!(
        matches!(cache, Cache::Deaf | Cache::Busy) || report.in_flight > 50 && report.overtaken > 50,
        "{cache:?}: {report}"
    );
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_that_is_right_passes() {
    let report = audit(Cache::Right).await;
    assert!(report.clean(), "{report}");
    assert!(report.hits > 50 && report.not_modified > 10, "{report}");
    assert_eq!(report.settled, 8, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caches_that_are_wrong_are_caught() {
    for cache in [Cache::Racing, Cache::Deaf, Cache::Hasty] {
        let report = audit(cache).await;
        assert!(report.violations > 0 && report.broken_purges > 0, "{cache:?}: {report}");
        assert!(report.violations >= report.broken_purges, "{cache:?}: {report}");
        assert_eq!(report.examples.iter().filter(|line| line.starts_with("STALE")).count(), report.examples.len());
        if cache == Cache::Deaf {
            assert_eq!(report.still_stale, report.settled, "{report}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_shows_nothing_is_not_called_clean() {
    let report = audit(Cache::Busy).await;
    assert!(!report.clean(), "{report}");
    assert_eq!((report.checked, report.violations, report.settled), (0, 0, 0), "{report}");
    // Each of the eight masters at the end, and some of them in between: how many depends on the time that it takes.
    assert!(report.unseen >= 8, "{report}");
    assert!(report.busy > 0 && report.failed == 0, "{report}");
    let text = report.to_string();
    let in_vain = format!("masters looked at in vain: {}", report.unseen);
    for what in ["answers checked", "hits", "purges with a fill in flight", &in_vain] {
        assert!(text.contains(&format!("TOO LITTLE SEEN, {what}")), "{what}: {text}");
    }

    let report = audit(Cache::Torn).await;
    assert!(report.failed > 0 && !report.clean(), "{report}");
    assert_eq!((report.violations, report.faulty), (0, 0), "{report}");
}

#[test]
fn the_exit_status_tells_usage_from_an_unreachable_server() {
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_afterimage-auditor"));
        command.args(arguments).env_remove("AFTERIMAGE_API_KEY").output().unwrap()
    };
    for (arguments, want, says) in [
        (vec![], 2, "say what to audit"),
        (vec!["--delivery", &nobody], 2, "--peer"),
        (vec!["--delivery", &nobody, "--peer", "sing"], 2, "sing"),
        (vec!["--print-config"], 2, "--origin"),
        (vec!["--masters", "0"], 2, "--masters"),
        (vec!["--delivery", &nobody, "--peer", "purge"], 3, "refused"),
        (vec!["--binary", "no/such/file"], 3, "no/such/file"),
        (vec!["--print-config", "--origin", "127.0.0.1:9000"], 0, "http://127.0.0.1:9000/"),
        (vec!["--help"], 0, "Examples:"),
    ] {
        let output = run(&arguments);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert_eq!(output.status.code(), Some(want), "{arguments:?}: {text}");
        assert!(text.contains(says), "{arguments:?} should say {says:?}: {text}");
    }
}
