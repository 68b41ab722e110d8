//! Each source, by a real request under its own rules.

use std::time::SystemTime;

use config::Config;
use engine::health;
use origin::{FetchError, Reached, Source};

use super::{Clock, Finding, State};
use crate::wire;

/// All sources, asked at the same time, and what their clocks showed.
pub(super) fn all(config: &Config) -> (Vec<Finding>, Vec<Clock>) {
    origin::install_crypto();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let detail = format!("they cannot be asked: {error}");
            return (vec![Finding::new("sources", State::Fail, detail)], Vec::new());
        }
    };
    let opened = config.sources.iter().map(|source| (format!("source {}", source.name), wire::open_source(source)));
    let asked: Vec<_> = opened
        .map(|(check, source)| {
            let asked = source.map(|source| {
                let asked = source.clone();
                (source, runtime.spawn(async move { (asked.reach().await, SystemTime::now()) }))
            });
            (check, asked)
        })
        .collect();
    let (mut findings, mut clocks) = (Vec::new(), Vec::new());
    for (check, asked) in asked {
        let (source, answer) = match asked {
            Ok((source, task)) => (source, runtime.block_on(task)),
            Err(why) => {
                findings.push(Finding::new(check, State::Fail, why));
                continue;
            }
        };
        let Ok((reached, ours)) = answer else {
            findings.push(Finding::new(check, State::Fail, "the check was lost on the way"));
            continue;
        };
        if let Ok(Reached::Web { date: Some(theirs), .. }) = &reached {
            clocks.push(Clock { source: source.name().to_owned(), theirs: *theirs, ours });
        }
        findings.push(finding(check, &source, &reached));
    }
    (findings, clocks)
}

fn finding(check: String, source: &Source, reached: &Result<Reached, FetchError>) -> Finding {
    let place = source.base().unwrap_or_else(|| source.location().as_str().trim_start_matches("file:"));
    match reached {
        Ok(Reached::Anywhere) => Finding::new(check, State::Ok, "a proxy has no address of its own to be asked"),
        Ok(Reached::Folder { entries: 0, .. }) => Finding::new(check, State::Warn, format!("{place} is empty")),
        Ok(answer @ Reached::Web { status: 401 | 403, .. }) => {
            Finding::new(check, State::Warn, format!("{place}: {}", health::told(answer)))
        }
        Ok(answer) => Finding::new(check, State::Ok, format!("{place}: {}", health::told(answer))),
        Err(error) => Finding::new(check, State::Fail, format!("{place}: {}", health::trouble(source, error).detail)),
    }
}
