//! `afterimage doctor`: whether a server could start from a configuration and do its work, looked at part by part. Nothing is
//! kept, but for a file that is written to the data folder for a moment.

mod place;
mod sources;

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use config::{Config, Decoders};
use serde_json::json;
use tls::Pair;

use crate::cli::DoctorArgs;
use crate::decoders;
use crate::serve::{self, say};
use crate::wire::{self, CERTIFICATE_WARNING};

/// No machine's clock stands before this program was written, in seconds since 1970: 1 January 2026.
const WRITTEN: u64 = 1_767_225_600;

/// How something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// It does not work.
    Fail,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "fail",
        }
    }
}

/// What a look at one part found.
#[derive(Debug)]
struct Finding {
    /// The part: `data folder`, `source shop`.
    check: String,
    state: State,
    /// For people, with what to do about it.
    detail: String,
}

impl Finding {
    fn new(check: impl Into<String>, state: State, detail: impl Into<String>) -> Finding {
        Finding { check: check.into(), state, detail: detail.into() }
    }
}

/// Looks at everything, and says what it found: 0 if nothing fails, else 1.
pub fn run(args: &DoctorArgs) -> ExitCode {
    let findings = match serve::read(&args.configuration) {
        Ok(config) => look(&config),
        Err(message) => vec![Finding::new("configuration", State::Fail, message.trim_end())],
    };
    let failed = findings.iter().any(|finding| finding.state == State::Fail);
    if args.json {
        let checks = findings
            .iter()
            .map(|finding| json!({ "check": finding.check, "state": finding.state.name(), "detail": finding.detail }));
        say(&json!({ "ok": !failed, "checks": checks.collect::<Vec<_>>() }).to_string());
    } else {
        let width = findings.iter().map(|finding| finding.check.chars().count()).max().unwrap_or(0);
        for finding in &findings {
            // What goes on in further lines is set below its first.
            let detail = finding.detail.replace('\n', &format!("\n{}", " ".repeat(width + 8)));
            say(&format!("{:<4}  {:<width$}  {detail}", finding.state.name(), finding.check));
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn look(config: &Config) -> Vec<Finding> {
    let (data, running) = place::data(config);
    let mut findings = vec![configuration(config)];
    findings.extend(place::ports(config, running));
    findings.extend(data);
    findings.extend(config.certificates.iter().map(certificate));
    findings.push(fonts(config));
    findings.extend(config.webhooks.iter().map(webhook));
    findings.push(workers(config));
    let (sources, clocks) = sources::all(config);
    findings.extend(sources);
    findings.push(clock(&clocks));
    findings
}

fn configuration(config: &Config) -> Finding {
    let said = config.provenance.file.as_ref().map_or("no file".to_owned(), |file| file.display().to_string());
    let detail = format!("{said}: {} sites, {} sources, all as it should be", config.sites.len(), config.sources.len());
    Finding::new("configuration", State::Ok, detail)
}

fn certificate(pair: &Pair) -> Finding {
    let check = "certificate";
    let file = pair.cert_file.display();
    let validity = match pair.validity() {
        Ok(validity) => validity,
        Err(error) => return Finding::new(check, State::Warn, error.to_string()),
    };
    let now = SystemTime::now();
    let ends = wire::day_of(validity.ends);
    if validity.begins > now {
        let detail = format!("{file} is valid from {} on: clients refuse it until then", wire::day_of(validity.begins));
        return Finding::new(check, State::Fail, detail);
    }
    match validity.ends.duration_since(now) {
        Err(_) => Finding::new(check, State::Fail, format!("{file} ended on {ends}: clients refuse it; renew it")),
        Ok(left) if left <= CERTIFICATE_WARNING => {
            let days = left.as_secs() / 86_400;
            Finding::new(check, State::Warn, format!("{file} ends in {days} days, on {ends}: renew it"))
        }
        Ok(_) => Finding::new(check, State::Ok, format!("{file} is valid until {ends}")),
    }
}

fn fonts(config: &Config) -> Finding {
    let fonts = match wire::open_fonts(config) {
        Ok(fonts) => fonts,
        Err(why) => return Finding::new("fonts", State::Fail, why),
    };
    let families = fonts.families().len();
    let skipped: Vec<String> = fonts.skipped().iter().map(|path| path.display().to_string()).collect();
    if skipped.is_empty() {
        return Finding::new("fonts", State::Ok, format!("{families} families"));
    }
    let detail = format!("{families} families; no fonts that can be read: {}", skipped.join(", "));
    Finding::new("fonts", State::Warn, detail)
}

fn webhook(webhook: &config::Webhook) -> Finding {
    match wire::open_hook(webhook) {
        Ok(_) => Finding::new("webhook", State::Ok, "its secret can be read; it is not called"),
        Err(why) => Finding::new("webhook", State::Fail, why),
    }
}

fn workers(config: &Config) -> Finding {
    let check = "decoders";
    let wanted = config.render.decoders;
    if wanted == Decoders::Off {
        let detail = "decoders = \"off\": those written in C run in the server, where a crash in one ends it";
        return Finding::new(check, State::Warn, detail);
    }
    match decoders::pool(1, &config.limits.budget).start() {
        Ok(enforced) if enforced.is_full() => {
            Finding::new(check, State::Ok, format!("worker processes start, without rights: {enforced}"))
        }
        Ok(enforced) if wanted == Decoders::Require => {
            let detail = format!("decoders = \"require\", and worker processes keep rights: {enforced}");
            Finding::new(check, State::Fail, detail)
        }
        Ok(enforced) => Finding::new(check, State::Warn, format!("worker processes start, with rights: {enforced}")),
        Err(error) if wanted == Decoders::Require => Finding::new(check, State::Fail, error.to_string()),
        Err(error) => Finding::new(check, State::Warn, format!("{error}: they run in the server")),
    }
}

/// What the clock of an origin showed, and ours a moment later.
struct Clock {
    source: String,
    theirs: SystemTime,
    ours: SystemTime,
}

/// Signed URLs, certificates and takedowns end by this machine's clock.
fn clock(others: &[Clock]) -> Finding {
    const FAR: Duration = Duration::from_secs(300);
    let now = SystemTime::now();
    let shown = wire::moment(now);
    if now < UNIX_EPOCH + Duration::from_secs(WRITTEN) {
        let detail = format!("it shows {shown}, which has long passed: set it, and keep it set by NTP");
        return Finding::new("clock", State::Fail, detail);
    }
    let apart = |clock: &Clock| {
        let later = clock.ours.duration_since(clock.theirs);
        later.unwrap_or_else(|error| error.duration())
    };
    match others.iter().find(|clock| apart(clock) > FAR) {
        Some(clock) => {
            let (minutes, source) = (apart(clock).as_secs() / 60, &clock.source);
            let detail =
                format!("it shows {shown}, {minutes} minutes from what the source {source:?} shows: one is wrong");
            Finding::new("clock", State::Warn, detail)
        }
        None => Finding::new("clock", State::Ok, shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_are_far_apart_are_told() {
        let ours = SystemTime::now();
        let minute = Duration::from_secs(60);
        let other = |theirs| Clock { source: "shop".to_owned(), theirs, ours };
        for (clocks, state) in [
            (vec![], State::Ok),
            (vec![other(ours), other(ours - 4 * minute), other(ours + 4 * minute)], State::Ok),
            (vec![other(ours), other(ours - 6 * minute)], State::Warn),
            (vec![other(ours + 600 * minute)], State::Warn),
        ] {
            assert_eq!(clock(&clocks).state, state);
        }
    }
}
