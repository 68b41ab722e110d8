//! `afterimage audit`.

use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::process::ExitCode;

use ledger::{AuditHead, AuditVerdict, Folder, PurgeDb};
use reqwest::Method;

use super::args::{AuditArgs, AuditCommand, Connection, Place};
use super::table::text;
use super::{Client, Failure, REFUSED, USAGE, query, say};

/// Runs the command; exit statuses as its help says.
pub fn run(args: &AuditArgs) -> ExitCode {
    match &args.command {
        AuditCommand::Verify { head, place } => match &place.data {
            Some(data) => super::finish(verify_folder(data, head.as_deref())),
            None => super::run(verify(place, head.clone())),
        },
        AuditCommand::Export { place } => match &place.data {
            Some(data) => super::finish(export_folder(data)),
            None => super::run(export(place)),
        },
    }
}

async fn verify(place: &Place, head: Option<String>) -> Result<(), Failure> {
    let path = format!("/v1/audit/verify{}", query(&[("head", head)]));
    let answer = client(place)?.call(Method::GET, &path, None).await?;
    if answer["intact"] == true {
        tell(answer["entries"].as_u64().unwrap_or(0), &text(&answer["head"]));
        return Ok(());
    }
    Err(broken(answer["entry"].as_u64().unwrap_or(0), &text(&answer["why"])))
}

async fn export(place: &Place) -> Result<(), Failure> {
    let mut answer = client(place)?.send(Method::GET, "/v1/audit/export", None).await?;
    let mut out = io::stdout().lock();
    let failed = |error: String| Failure::new(REFUSED, format!("the export ended early: {error}"));
    while let Some(piece) = answer.chunk().await.map_err(|e| failed(e.to_string()))? {
        out.write_all(&piece).map_err(|e| failed(e.to_string()))?;
    }
    out.flush().map_err(|e| failed(e.to_string()))
}

fn verify_folder(data: &Path, head: Option<&str>) -> Result<(), Failure> {
    let kept = match head {
        Some(text) => {
            let bad =
                || Failure::new(USAGE, format!("--head {text}: expected NUMBER:HASH as an earlier check printed it"));
            Some(AuditHead::parse(text).ok_or_else(bad)?)
        }
        None => None,
    };
    match open(data)?.audit_verify(kept.as_ref()) {
        Ok(AuditVerdict::Verified { entries, head }) => {
            tell(entries, &head.to_string());
            Ok(())
        }
        Ok(AuditVerdict::Broken { seq, why }) => Err(broken(seq, &why)),
        Err(error) => Err(Failure::new(REFUSED, error.to_string())),
    }
}

fn export_folder(data: &Path) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = open(data)?.audit_export(&mut out).and_then(|_| out.flush());
    written.map_err(|error| Failure::new(REFUSED, format!("the export ended early: {error}")))
}

/// A folder without a log is no data folder: opening it would make one.
fn open(data: &Path) -> Result<PurgeDb, Failure> {
    if !data.join("purge.db").is_file() {
        return Err(Failure::new(USAGE, format!("{} holds no purge log", data.display())));
    }
    let refused = |error: ledger::OpenError| {
        let hint = "while the server runs, ask it instead: leave out --data";
        Failure::new(REFUSED, format!("cannot open {}: {error} ({hint})", data.display()))
    };
    let folder = Folder::open(data).map_err(refused)?;
    PurgeDb::open(&folder).map_err(refused)
}

fn client(place: &Place) -> Result<Client, Failure> {
    Client::new(&Connection { control: place.control.clone(), key: place.key.clone().unwrap_or_default() })
}

fn tell(entries: u64, head: &str) {
    say(&format!("the chain holds: {entries} entries, and ends at {head}"));
    say("keep this end elsewhere: with --head, a later check proves that nothing up to it was changed");
}

fn broken(entry: u64, why: &str) -> Failure {
    Failure::new(REFUSED, format!("the chain does not hold at entry {entry}: {why}"))
}
