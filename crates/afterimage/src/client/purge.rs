//! `afterimage purge`.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::args::PurgeArgs;
use super::table::{bytes, seconds, table, text};
use super::{Client, Failure, LATE, REFUSED, USAGE, say};

/// Targets that the server takes in one request.
const MOST_TARGETS: usize = 1000;
/// Pauses between looks at how far a purge has come.
pub const FIRST_LOOK: Duration = Duration::from_millis(50);
/// The longest of them.
pub const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// Runs the command; exit statuses as its help says.
pub fn run(args: &PurgeArgs) -> ExitCode {
    super::run(ask(args))
}

async fn ask(args: &PurgeArgs) -> Result<(), Failure> {
    let targets = targets(args)?;
    let mut fields = fields(args)?;
    let client = Client::new(&args.connection)?;
    let parts: Vec<&[Value]> = targets.chunks(MOST_TARGETS).collect();
    if parts.len() > 1 && args.idempotency_key.is_some() {
        let message =
            format!("{} targets are several requests, for which one idempotency key does not do", targets.len());
        return Err(Failure::new(USAGE, message));
    }
    let mut purges = Vec::new();
    for part in parts {
        fields.insert("targets".to_owned(), json!(part));
        let answer = client.call(Method::POST, "/v1/purges", Some(&Value::Object(fields.clone()))).await?;
        if args.dry_run {
            say(&if args.json { answer.to_string() } else { foreseen(&answer) });
        } else {
            purges.push(answer);
        }
    }
    let wanted = args.wait.as_deref().unwrap_or("effective");
    let deadline = Instant::now() + Duration::from_secs(args.deadline);
    let mut late = false;
    for purge in &mut purges {
        late |= !follow(&client, purge, wanted, deadline).await?;
        say(&if args.json { purge.to_string() } else { summary(purge) });
    }
    if late {
        let message = format!("effective, but not {wanted} within {} seconds", args.deadline);
        return Err(Failure::new(LATE, message));
    }
    Ok(())
}

/// Everything that is to be purged.
fn targets(args: &PurgeArgs) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for url in &args.urls {
        if url != "-" {
            all.push(json!({ "url": url }));
            continue;
        }
        all.extend(lines_of_input()?.into_iter().map(|line| json!({ "url": line })));
    }
    for (name, values) in [
        ("derivative", &args.derivative),
        ("master", &args.master),
        ("dependency", &args.dependency),
        ("prefix", &args.prefix),
        ("glob", &args.glob),
        ("source", &args.source),
    ] {
        all.extend(values.iter().map(|value| json!({ name: value })));
    }
    all.extend(args.tag.iter().map(|tag| match &args.tag_source {
        Some(source) => json!({ "tag": tag, "source": source }),
        None => json!({ "tag": tag }),
    }));
    if args.all {
        all.push(json!({ "all": true }));
    }
    if all.is_empty() {
        return Err(Failure::new(USAGE, "there is nothing to purge: standard input was empty"));
    }
    Ok(all)
}

/// The lines of standard input, without empty ones and comments.
///
/// # Errors
/// When it cannot be read.
pub fn lines_of_input() -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| Failure::new(USAGE, format!("standard input: {error}")))?;
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            all.push(line.to_owned());
        }
    }
    Ok(all)
}

/// The request without its targets.
fn fields(args: &PurgeArgs) -> Result<Map<String, Value>, Failure> {
    let mode = match (args.soft, args.refresh, args.takedown) {
        (true, ..) => "soft",
        (_, true, _) => "refresh",
        (.., true) => "takedown",
        _ => args.mode.as_deref().unwrap_or("hard"),
    };
    let mut fields = Map::new();
    fields.insert("mode".to_owned(), json!(mode));
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    set("status", args.status.as_ref().and_then(|status| status.parse::<u16>().ok()).map(Value::from));
    set("reason", args.reason.clone().map(Value::from));
    set("webhook", args.webhook.clone().map(Value::from));
    set("idempotency_key", args.idempotency_key.clone().map(Value::from));
    set("warm", args.warm.map(Value::from));
    set("dry_run", args.dry_run.then_some(Value::Bool(true)));
    match &args.expires {
        Some(expires) if expires.contains('T') => set("expires_at", Some(json!(expires))),
        Some(expires) => {
            let span = seconds(expires).ok_or_else(|| {
                Failure::new(USAGE, format!("--expires {expires}: expected 90m, 12h, 30d or 2030-01-31T12:00:00Z"))
            })?;
            set("expires_in", Some(json!(span)));
        }
        None => {}
    }
    Ok(fields)
}

/// Looks at a purge until it has come to a state; `false` when the deadline was first.
async fn follow(client: &Client, purge: &mut Value, wanted: &str, deadline: Instant) -> Result<bool, Failure> {
    let reached = |purge: &Value| match wanted {
        "erased" => purge["state"] == "erased",
        "refreshed" => purge["refreshed_at"].is_string(),
        _ => purge["state"] != "accepted",
    };
    let path = format!("/v1/purges/{}", purge["id"].as_str().unwrap_or_default());
    let (mut pause, terminal) = (FIRST_LOOK, std::io::stderr().is_terminal());
    while !reached(purge) {
        if terminal {
            progress(&format!("{}, waiting until {wanted}; {}", text(&purge["state"]), counts(purge)));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(LONGEST_LOOK);
        *purge = client.call(Method::GET, &path, None).await?;
        if !purge.is_object() {
            return Err(Failure::new(REFUSED, "the server no longer knows this purge"));
        }
    }
    if terminal {
        progress("");
    }
    Ok(reached(purge))
}

/// Writes over the last line.
pub fn progress(line: &str) {
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "\r\x1b[K{line}");
    let _ = stderr.flush();
}

fn counts(purge: &Value) -> String {
    let count = |tier: &str| {
        let count = &purge["erased"][tier];
        (count["entries"].as_u64().unwrap_or(0), count["bytes"].as_u64().unwrap_or(0))
    };
    let (derivatives, masters) = (count("derivatives"), count("masters"));
    let erased = bytes(derivatives.1 + masters.1);
    format!("erased {} derivatives and {} masters, {erased}", derivatives.0, masters.0)
}

/// A purge in words.
pub fn summary(purge: &Value) -> String {
    let since = if purge["erased_at"].is_string() { &purge["erased_at"] } else { &purge["effective_at"] };
    let mut lines = vec![format!(
        "{} since {} (purge {}, position {})",
        text(&purge["state"]),
        text(since),
        text(&purge["id"]),
        purge["position"]
    )];
    lines.extend(named(purge));
    if purge["refreshed_at"].is_string() {
        lines.push(format!("  refreshed at {}", text(&purge["refreshed_at"])));
    } else if purge["warmup"].is_string() {
        lines.push(format!("  followed by the warm-up {}", text(&purge["warmup"])));
    }
    if let Some(takedown) = purge["takedown"].as_object() {
        let until = takedown.get("expires_at").and_then(Value::as_str).unwrap_or("it is lifted");
        lines.push(format!("  answers {} until {until}", takedown.get("status").unwrap_or(&Value::Null)));
    }
    if purge["erased_at"].is_string() {
        lines.push(format!("  {}", counts(purge)));
    }
    lines.join("\n")
}

fn named(purge: &Value) -> Vec<String> {
    let target = |target: &Value| format!("  {} = {}", text(&target["said"]), text(&target["selectors"]));
    purge["targets"].as_array().into_iter().flatten().map(target).collect()
}

/// A dry run as tables.
fn foreseen(answer: &Value) -> String {
    let count = |tier: &str| {
        let count = &answer[tier];
        let size = bytes(count["bytes"].as_u64().unwrap_or(0));
        vec![tier.to_owned(), count["entries"].to_string(), size]
    };
    let mut lines = vec![format!("Nothing was changed. A purge with the mode {} would take:", text(&answer["mode"]))];
    lines.push(table(&["tier", "entries", "bytes"], &[count("derivatives"), count("masters")]));
    let samples: Vec<Vec<String>> = answer["samples"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|sample| {
            let size = bytes(sample["bytes"].as_u64().unwrap_or(0));
            vec![size, text(&sample["content_type"]), text(&sample["stored_at"]), text(&sample["url"])]
        })
        .collect();
    if !samples.is_empty() {
        lines.push(format!("\nFor example:\n{}", table(&["bytes", "type", "stored", "url"], &samples)));
    }
    lines.push("\nNamed:".to_owned());
    lines.extend(named(answer));
    lines.join("\n")
}
