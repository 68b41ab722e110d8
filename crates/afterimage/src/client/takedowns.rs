//! `afterimage takedowns`.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::Value;

use super::args::{TakedownsArgs, TakedownsCommand};
use super::table::{said, table, text};
use super::{Client, Failure, say, segment};

/// Runs the command.
pub fn run(args: &TakedownsArgs) -> ExitCode {
    super::run(ask(args))
}

async fn ask(args: &TakedownsArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    if let Some(TakedownsCommand::Lift { id }) = &args.command {
        let answer = client.call(Method::DELETE, &format!("/v1/takedowns/{}", segment(id)), None).await?;
        let told = format!("lifted: {} may be served again; the purge that came with it stays", said(&answer));
        say(&if args.json { answer.to_string() } else { told });
        return Ok(());
    }
    let path = if args.all { "/v1/takedowns?all=1" } else { "/v1/takedowns" };
    let answer = client.call(Method::GET, path, None).await?;
    if args.json {
        say(&answer.to_string());
        return Ok(());
    }
    let row = |takedown: &Value| {
        let fields = ["accepted_at", "state", "status", "expires_at", "actor", "reason"];
        let fields = fields.map(|name| text(&takedown[name]));
        fields.into_iter().chain([said(takedown), text(&takedown["id"])]).collect()
    };
    let rows: Vec<Vec<String>> = answer["takedowns"].as_array().into_iter().flatten().map(row).collect();
    say(&table(&["since", "state", "status", "until", "key", "reason", "target", "id"], &rows));
    Ok(())
}
