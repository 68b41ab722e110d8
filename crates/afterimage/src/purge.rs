//! `afterimage purge`: asks a running server.
#![allow(clippy::print_stdout)]

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::cli::PurgeArgs;

const REFUSED: u8 = 1;
const UNREACHABLE: u8 = 3;

/// Runs the command; exit statuses as its help says.
pub fn run(args: &PurgeArgs) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(ask(args)),
        Err(error) => Err((UNREACHABLE, error.to_string())),
    };
    match outcome {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err((status, message)) => {
            eprintln!("afterimage: {message}");
            ExitCode::from(status)
        }
    }
}

async fn ask(args: &PurgeArgs) -> Result<String, (u8, String)> {
    origin::install_crypto();
    let endpoint = format!("{}/v1/purges", args.control.trim_end_matches('/'));
    let unreachable = |error: reqwest::Error| (UNREACHABLE, format!("cannot reach {endpoint}: {}", causes(&error)));
    let client = reqwest::Client::builder().no_proxy().build().map_err(unreachable)?;
    let body = json!({ "targets": targets(args), "mode": "hard" }).to_string();
    let answer = client
        .post(&endpoint)
        .bearer_auth(&args.key)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .map_err(unreachable)?;
    let status = answer.status();
    let text = answer.text().await.map_err(unreachable)?;
    let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(summary(&value));
    }
    let detail = value["detail"].as_str().unwrap_or(text.trim());
    Err((REFUSED, format!("{endpoint} answered {}: {detail}", status.as_u16())))
}

fn targets(args: &PurgeArgs) -> Vec<Value> {
    let mut all = Vec::new();
    for (name, values) in [
        ("url", &args.urls),
        ("derivative", &args.derivative),
        ("master", &args.master),
        ("prefix", &args.prefix),
        ("source", &args.source),
    ] {
        all.extend(values.iter().map(|value| json!({ name: value })));
    }
    if args.all {
        all.push(json!({ "all": true }));
    }
    all
}

fn summary(value: &Value) -> String {
    let text = |name: &str| value[name].as_str().unwrap_or("?").to_owned();
    let mut lines = vec![format!(
        "{} since {} (purge {}, position {})",
        text("state"),
        text("effective_at"),
        text("id"),
        value["position"]
    )];
    for target in value["targets"].as_array().into_iter().flatten() {
        let selectors: Vec<&str> =
            target["selectors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        lines.push(format!("  {} = {}", target["said"].as_str().unwrap_or("?"), selectors.join(", ")));
    }
    lines.join("\n")
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
