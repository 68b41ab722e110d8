//! `afterimage explain`.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::Value;

use super::args::ExplainArgs;
use super::table::{bytes, table, text};
use super::{Client, Failure, query, say};

/// Runs the command.
pub fn run(args: &ExplainArgs) -> ExitCode {
    super::run(ask(args))
}

async fn ask(args: &ExplainArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    let pairs = [
        ("url", Some(args.url.clone())),
        ("accept", args.accept.clone()),
        ("width", args.width.clone()),
        ("dpr", args.dpr.clone()),
        ("viewport_width", args.viewport_width.clone()),
        ("save_data", args.save_data.then(|| "on".to_owned())),
        ("limit", Some(args.limit.to_string())),
    ];
    let answer = client.call(Method::GET, &format!("/v1/explain{}", query(&pairs)), None).await?;
    if args.json {
        say(&answer.to_string());
    } else {
        lines(&answer).iter().for_each(|line| say(line));
    }
    Ok(())
}

/// What is told to people.
fn lines(told: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |name: &str, what: String| lines.push(format!("{name:<11} {what}"));
    add("site", format!("{} ({})", text(&told["site"]), text(&told["dialect"])));
    add("url", text(&told["public_url"]));
    let refused = &told["refused"];
    if !refused.is_null() {
        add(
            "refused",
            format!("{} {}: {}", text(&refused["status"]), text(&refused["code"]), text(&refused["detail"])),
        );
    }
    let takedown = &told["takedown"];
    if !takedown.is_null() {
        let (status, reason) = (text(&takedown["status"]), text(&takedown["reason"]));
        add("taken down", format!("{status}, reason: {reason}, until: {}", text(&takedown["expires_at"])));
    }
    let signature = &told["signature"];
    let ends = if signature["expires_at"].is_null() {
        String::new()
    } else {
        format!("; it ends {}", text(&signature["expires_at"]))
    };
    add("signature", format!("{}: {}{ends}", text(&signature["verdict"]), text(&signature["detail"])));
    for warning in told["warnings"].as_array().into_iter().flatten() {
        add("warning", text(&warning["detail"]));
    }
    if told["plan"].is_null() {
        return lines;
    }
    add("plan", text(&told["plan"]));
    for words in told["words"].as_array().into_iter().flatten() {
        add("", text(words));
    }
    add("written", text(&told["output"]));
    if let Some(client) = client(&told["client"]) {
        add("client", client);
    }
    let master = &told["master"];
    add("original", format!("{}/{} ({})", text(&master["source"]), text(&master["path"]), text(&master["id"])));
    for part in told["dependencies"].as_array().into_iter().flatten().filter(|part| part["role"] == "part") {
        add("with", text(&part["said"]));
    }
    add("cache", cached(&told["cache"]));
    for touch in told["purges"].as_array().into_iter().flatten().filter(|touch| !touch["newest"].is_null()) {
        let newest = &touch["newest"];
        if touch["kind"] == "floor" {
            add(
                "purged",
                format!("whatever is older than position {}: the floor was raised", text(&newest["position"])),
            );
            continue;
        }
        let what = format!("{} {}", text(&touch["kind"]), text(&touch["selector"]));
        let when =
            format!("{} at position {}, {}", text(&newest["mode"]), text(&newest["position"]), text(&newest["at"]));
        add("purged", format!("{}: {when}", what.trim_end_matches(" -")));
    }
    let tags: Vec<String> = told["tags"].as_array().into_iter().flatten().map(text).collect();
    if !tags.is_empty() {
        add("tags", tags.join(", "));
    }
    for url in told["urls"].as_array().into_iter().flatten() {
        let spelled = if url["url"].is_null() { format!("({})", text(&url["error"])) } else { text(&url["url"]) };
        add(&text(&url["site"]), spelled);
    }
    lines.push(derivatives(told));
    lines
}

/// What the answer depends on, where that is anything, and what was given of it.
fn client(told: &Value) -> Option<String> {
    let names = |list: &Value| list.as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    let depends = names(&told["depends_on"]);
    if !depends.is_empty() {
        parts.push(format!("the answer depends on {depends}"));
    }
    for (name, unit) in [("width", " pixels"), ("dpr", "")] {
        if !told[name].is_null() {
            parts.push(format!("{name} {}{unit}", text(&told[name])));
        }
    }
    if told["save_data"] == true {
        parts.push("saves data".to_owned());
    }
    let ignored = names(&told["ignored"]);
    if !ignored.is_empty() {
        parts.push(format!("ignored: {ignored}"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn cached(cache: &Value) -> String {
    let would = match (cache["would"].as_str(), cache["why"].as_str()) {
        (Some("miss"), Some(why)) => format!("a miss: {why}"),
        (Some(would), _) => format!("a {would} in {}", text(&cache["tier"])),
        (None, _) => "-".to_owned(),
    };
    match cache["bytes"].as_u64() {
        Some(size) => format!(
            "{would}; {} of {}, stored {}, good as of {}{}",
            bytes(size),
            text(&cache["content_type"]),
            text(&cache["stored_at"]),
            text(&cache["stamp"]),
            hits(cache)
        ),
        None => would,
    }
}

fn hits(cache: &Value) -> String {
    let (hits, since) = (text(&cache["hits"]), text(&cache["hits_since"]));
    if cache["hits"].is_null() { String::new() } else { format!("; {hits} hits in memory since {since}") }
}

fn derivatives(told: &Value) -> String {
    let total = &told["derivatives_total"];
    let size = bytes(total["bytes"].as_u64().unwrap_or_default());
    let head = format!("\nderivatives of this original: {}, {size}", text(&total["entries"]));
    let row = |derivative: &Value| {
        let state = if derivative["fresh"] == true { "fresh".to_owned() } else { text(&derivative["why"]) };
        let this = if derivative["this"] == true { "this one" } else { "" };
        let size = bytes(derivative["bytes"].as_u64().unwrap_or_default());
        let tiers: Vec<String> = derivative["tiers"].as_array().into_iter().flatten().map(text).collect();
        let tiers = if tiers.is_empty() { "none".to_owned() } else { tiers.join(", ") };
        let fields = ["content_type", "hits", "stored_at", "last_used", "stamp", "url"];
        let [kind, hits, stored, used, stamp, url] = fields.map(|name| text(&derivative[name]));
        vec![state, tiers, size, kind, hits, stored, used, stamp, this.to_owned(), url]
    };
    let rows: Vec<Vec<String>> = told["derivatives"].as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        return head;
    }
    let names = ["state", "tiers", "size", "type", "hits", "stored", "used", "stamp", "", "url"];
    format!("{head}\n{}", table(&names, &rows))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_short_and_what_can_is_whole() {
        let refused = json!({
            "site": "shop", "dialect": "imagekit", "public_url": "https://x/tr:w-x/a.jpg", "plan": null,
            "refused": { "status": 400, "code": "bad-parameter", "detail": "w has the value x" },
            "signature": { "verdict": "unchecked", "detail": "not looked at", "expires_at": null },
        });
        assert_eq!(
            lines(&refused),
            [
                "site        shop (imagekit)",
                "url         https://x/tr:w-x/a.jpg",
                "refused     400 bad-parameter: w has the value x",
                "signature   unchecked: not looked at",
            ]
        );
        let mut told = refused;
        told["refused"] = Value::Null;
        told["plan"] = json!("resize:30x-,inside > source format");
        told["words"] = json!(["scaled to be 30 pixels wide"]);
        told["cache"] = json!({ "would": "miss", "why": "purged", "tier": "memory", "bytes": null });
        told["purges"] = json!([
            { "kind": "all", "selector": "", "newest": { "mode": "hard", "position": 7, "at": "then" } },
            { "kind": "exact", "selector": "00", "newest": null },
            { "kind": "floor", "selector": "", "newest": { "id": null, "position": 5, "at": null, "mode": null } },
        ]);
        told["derivatives_total"] = json!({ "entries": 1, "bytes": 1500 });
        told["derivatives"] = json!([{
            "fresh": false, "why": "purged", "tier": "memory", "tiers": ["memory", "disk"], "hits": 4, "bytes": 1500, "content_type": "image/png",
            "last_used": null, "this": true, "url": "/imgix/a\u{1b}.png",
        }]);
        let all = lines(&told).join("\n");
        for part in [
            "            scaled to be 30 pixels wide",
            "cache       a miss: purged",
            "purged      all: hard at position 7, then",
            "purged      whatever is older than position 5: the floor was raised",
            "this original: 1, 1.5 kB",
            "purged  memory, disk  1.5 kB  image/png     4  -       -     -      this one  /imgix/a\\u{1b}.png",
        ] {
            assert!(all.contains(part), "{part:?} in\n{all}");
        }
        assert!(!all.contains("exact"), "{all}");
    }
}
