//! Text for people.

use serde_json::Value;

/// Columns, each as wide as its widest cell but the last; cells that look like numbers stand at the right.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([head[column].len()]).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: Vec<&str>| {
        let mut line = String::new();
        for (number, cell) in cells.iter().enumerate() {
            let gap = " ".repeat(widths[number].saturating_sub(cell.chars().count()));
            let right = cell.chars().next().is_some_and(|c| c.is_ascii_digit()) && number + 1 < cells.len();
            line.push_str(&if right { format!("{gap}{cell}  ") } else { format!("{cell}{gap}  ") });
        }
        line.trim_end().to_owned()
    };
    let mut lines = vec![line(head.to_vec())];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines.join("\n")
}

/// Bytes with a unit.
pub fn bytes(count: u64) -> String {
    let mut size = count as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 1000.0 {
            return if unit == "B" { format!("{count} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

/// A field's text, or `-`. What a terminal would take for a command is shown as an escape.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.chars().flat_map(|c| if c.is_control() { shown(c) } else { vec![c] }).collect(),
        Value::Array(list) if list.is_empty() => "all".to_owned(),
        Value::Array(list) => list.iter().map(text_of).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn text_of(value: &Value) -> String {
    text(value)
}

fn shown(c: char) -> Vec<char> {
    c.escape_default().collect()
}

/// What the targets said, shortened.
pub fn said(purge: &Value) -> String {
    let said = purge["targets"].as_array().into_iter().flatten().map(|target| text(&target["said"]));
    let said: Vec<String> = said.collect();
    let first = said.first().cloned().unwrap_or_default();
    if said.len() > 1 { format!("{first} and {} more", said.len() - 1) } else { first }
}

/// Seconds of a time span such as `90m`, `12h`, `30d`, or a bare number of seconds.
pub fn seconds(text: &str) -> Option<u64> {
    let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let factor = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spans_and_sizes() {
        for (span, want) in [("90m", Some(5400)), ("45", Some(45)), ("2w", Some(1_209_600)), ("d", None), ("3y", None)]
        {
            assert_eq!(seconds(span), want, "{span}");
        }
        assert_eq!(
            [bytes(0), bytes(999), bytes(1_500), bytes(7_000_000_000_000)],
            ["0 B", "999 B", "1.5 kB", "7.0 TB"]
        );
        assert_eq!(text(&json!("a\u{1b}[2Jb")), "a\\u{1b}[2Jb");
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["7".to_owned(), "a".to_owned()], vec!["123".to_owned(), "bb".to_owned()]];
        assert_eq!(table(&["n", "name"], &rows), "n    name\n  7  a\n123  bb");
    }
}
