//! `afterimage keys`.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::{Value, json};

use super::args::{KeysArgs, KeysCommand};
use super::table::{seconds, table, text};
use super::{Client, Failure, USAGE, say, segment};

/// Runs the command.
pub fn run(args: &KeysArgs) -> ExitCode {
    super::run(ask(args))
}

async fn ask(args: &KeysArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    let (answer, told) = match &args.command {
        KeysCommand::List => {
            let answer = client.call(Method::GET, "/v1/keys", None).await?;
            let told = list(&answer);
            (answer, told)
        }
        KeysCommand::Create { name, role, site, within, expires, monthly } => {
            let mut body = json!({ "name": name, "roles": role, "sites": site, "within": within });
            if let Some(expires) = expires {
                body["expires_at"] = json!(time(expires)?);
            }
            if let Some(monthly) = monthly {
                body["monthly"] = json!(monthly);
            }
            let answer = client.call(Method::POST, "/v1/keys", Some(&body)).await?;
            let told = format!("key {name}, shown this once: {}", text(&answer["key"]));
            (answer, told)
        }
        KeysCommand::Rotate { name, grace } => {
            let grace = seconds(grace)
                .ok_or_else(|| Failure::new(USAGE, format!("--grace {grace}: expected a time such as 24h")))?;
            let path = format!("/v1/keys/{}/rotate", segment(name));
            let answer = client.call(Method::POST, &path, Some(&json!({ "grace": grace }))).await?;
            let mut told = format!("new key {name}, shown this once: {}", text(&answer["key"]));
            if answer["old_key_until"].is_string() {
                told.push_str(&format!("\nthe old one stays good until {}", text(&answer["old_key_until"])));
            }
            (answer, told)
        }
        KeysCommand::Revoke { name } => {
            let answer = client.call(Method::DELETE, &format!("/v1/keys/{}", segment(name)), None).await?;
            (answer, format!("{name} is revoked"))
        }
    };
    say(&if args.json { answer.to_string() } else { told });
    Ok(())
}

fn list(answer: &Value) -> String {
    let fields = ["name", "roles", "sites", "within", "created_at", "expires_at", "last_used_at"];
    let row = |key: &Value| {
        let used = text(&key["used_this_month"]);
        let month = if key["monthly"].is_null() { used } else { format!("{used} of {}", key["monthly"]) };
        fields.map(|name| text(&key[name])).into_iter().chain([month]).collect()
    };
    let rows: Vec<Vec<String>> = answer["keys"].as_array().into_iter().flatten().map(row).collect();
    table(&["name", "roles", "sites", "within", "created", "ends", "last used", "this month"], &rows)
}

/// A time as it is, or so long from now.
fn time(text: &str) -> Result<String, Failure> {
    if text.contains('T') {
        return Ok(text.to_owned());
    }
    let bad = || Failure::new(USAGE, format!("--expires {text}: expected 12h, 30d or 2030-01-31T12:00:00Z"));
    let span = seconds(text).ok_or_else(bad)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    Ok(control::rfc3339(now.saturating_add(span).saturating_mul(1000)))
}
