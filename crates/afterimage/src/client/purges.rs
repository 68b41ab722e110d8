//! `afterimage purges`.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::Value;

use super::args::PurgesArgs;
use super::table::{said, table, text};
use super::{Client, Failure, purge, query, say, segment};

/// Runs the command.
pub fn run(args: &PurgesArgs) -> ExitCode {
    super::run(ask(args))
}

async fn ask(args: &PurgesArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    if let Some(id) = &args.id {
        let answer = client.call(Method::GET, &format!("/v1/purges/{}", segment(id)), None).await?;
        say(&if args.json { answer.to_string() } else { purge::summary(&answer) });
        return Ok(());
    }
    let path = format!(
        "/v1/purges{}",
        query(&[
            ("state", args.state.clone()),
            ("mode", args.mode.clone()),
            ("via", args.via.clone()),
            ("actor", args.actor.clone()),
            ("kind", args.kind.clone()),
            ("search", args.search.clone()),
            ("since", args.since.clone()),
            ("until", args.until.clone()),
            ("limit", Some(args.limit.to_string())),
            ("before", args.before.map(|position| position.to_string())),
        ])
    );
    let answer = client.call(Method::GET, &path, None).await?;
    if args.json {
        say(&answer.to_string());
        return Ok(());
    }
    let row = |purge: &Value| {
        let fields = ["position", "accepted_at", "state", "mode", "via", "actor"].map(|name| text(&purge[name]));
        fields.into_iter().chain([said(purge), text(&purge["id"])]).collect()
    };
    let rows: Vec<Vec<String>> = answer["purges"].as_array().into_iter().flatten().map(row).collect();
    say(&table(&["position", "accepted", "state", "mode", "via", "key", "target", "id"], &rows));
    if let Some(next) = answer["next"].as_u64() {
        say(&format!("more: --before {next}"));
    }
    Ok(())
}
