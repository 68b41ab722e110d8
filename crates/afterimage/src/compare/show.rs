//! A comparison for people, and for programs.

use serde_json::{Value, json};

use super::Pair;
use super::headers::Difference;
use super::judge::{Judged, Outcome, Seen};
use crate::cli::ClientClass;
use crate::client::table;

/// Longest value of a header that is shown to people.
const LONGEST: usize = 80;

/// A table, and what differs.
pub(crate) fn text(pair: &Pair, outcome: Outcome, judged: &[(ClientClass, Judged)]) -> String {
    let mut text = format!("{}\n  vendor {}\n  ours   {}\n\n", outcome.name(), pair.vendor, pair.ours);
    let head = ["client", "from", "status", "type", "bytes", "size", "time", "likeness", "result"];
    let mut rows = Vec::new();
    for (class, judged) in judged {
        let points = judged.points.map_or("-".to_owned(), |points| format!("{points:.1}"));
        rows.push(row(class_name(*class), "vendor", &judged.vendor, "", ""));
        rows.push(row("", "ours", &judged.ours, &points, judged.outcome().name()));
    }
    text.push_str(&table::table(&head, &rows));
    for (class, judged) in judged {
        for line in judged.failed.iter().chain(&judged.differs) {
            text.push_str(&format!("\n  {}: {line}", class_name(*class)));
        }
    }
    // Those of other clients are mostly the same.
    let headers = judged.iter().map(|(_, judged)| &judged.headers).find(|headers| !headers.is_empty());
    if let Some(headers) = headers {
        text.push_str("\n\nheaders that differ (they do not count):");
        headers.iter().for_each(|header| text.push_str(&header_lines(header)));
    }
    text
}

fn row(class: &str, from: &str, seen: &Result<Seen, String>, points: &str, result: &str) -> Vec<String> {
    let (status, kind, bytes, size, time) = match seen {
        Ok(seen) => (
            seen.fetched.status.to_string(),
            seen.fetched.media_type(),
            table::bytes(seen.fetched.body.len() as u64),
            seen.picture.as_ref().map_or("-".to_owned(), |picture| {
                let frames = if picture.frames > 1 { format!(", {} frames", picture.frames) } else { String::new() };
                format!("{}x{}{frames}", picture.width, picture.height)
            }),
            format!("{} ms", seen.fetched.taken.as_millis()),
        ),
        Err(_) => ("-".to_owned(), "-".to_owned(), "-".to_owned(), "-".to_owned(), "-".to_owned()),
    };
    [class, from, &status, &printable(&kind), &bytes, &size, &time, points, result].map(str::to_owned).to_vec()
}

fn header_lines(header: &Difference) -> String {
    let about = if header.about.is_empty() { String::new() } else { format!(": {}", header.about) };
    let value = |value: &Option<String>| value.as_deref().map_or("(none)".to_owned(), shortened);
    format!(
        "\n  {}{about}\n    vendor {}\n    ours   {}",
        printable(&header.name),
        value(&header.vendor),
        value(&header.ours)
    )
}

fn shortened(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

/// Without characters that a terminal would act on.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// All of it.
pub(crate) fn json(pair: &Pair, outcome: Outcome, judged: &[(ClientClass, Judged)]) -> Value {
    let clients: Vec<Value> = judged
        .iter()
        .map(|(class, judged)| {
            json!({
                "client": class_name(*class),
                "outcome": judged.outcome().name(),
                "likeness": judged.points,
                "differs": judged.differs,
                "failed": judged.failed,
                "vendor": answer(&judged.vendor),
                "ours": answer(&judged.ours),
                "headers": judged.headers.iter().map(header).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "vendor": pair.vendor, "ours": pair.ours, "outcome": outcome.name(), "clients": clients })
}

fn answer(seen: &Result<Seen, String>) -> Value {
    let Ok(seen) = seen else { return Value::Null };
    let picture = seen.picture.as_ref();
    json!({
        "status": seen.fetched.status,
        "url": seen.fetched.url,
        "type": seen.fetched.media_type(),
        "bytes": seen.fetched.body.len(),
        "width": picture.map(|picture| picture.width),
        "height": picture.map(|picture| picture.height),
        "frames": picture.map(|picture| picture.frames),
        "milliseconds": u64::try_from(seen.fetched.taken.as_millis()).unwrap_or(u64::MAX),
    })
}

fn header(header: &Difference) -> Value {
    json!({ "name": header.name, "vendor": header.vendor, "ours": header.ours, "about": header.about })
}

fn class_name(class: ClientClass) -> &'static str {
    match class {
        ClientClass::Basic => "basic",
        ClientClass::Webp => "webp",
        ClientClass::Avif => "avif",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_short_and_move_no_cursor() {
        assert_eq!(shortened("max-age=60"), "max-age=60");
        assert_eq!(shortened("a\u{1b}[31mb\r\n"), "a\u{fffd}[31mb\u{fffd}\u{fffd}");
        assert_eq!(shortened(&"\u{e9}".repeat(200)), format!("{}...", "\u{e9}".repeat(LONGEST)));
    }
}
