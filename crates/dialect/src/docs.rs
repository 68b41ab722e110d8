//! A dialect's table as documentation: Markdown for `docs/dialects/`, JSON for whoever draws a form from it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::Dialect;
use crate::chain::Place;
use crate::table::{Kind, ParamDoc, Served, Tier};

/// The page of a dialect. It depends on nothing but its table.
pub fn markdown(dialect: &dyn Dialect) -> String {
    let rows = dialect.params();
    let mut page = format!("# Parameters of {}\n\n", dialect.name());
    page.push_str(
        "Made from the table that the parser obeys; a test fails when this page is older than it. `make dialects` makes it\nanew.\n\n",
    );
    page.push_str(&coverage(&rows));
    for (tier, title) in [(Tier::A, "Most used"), (Tier::B, "Common"), (Tier::C, "Rare")] {
        let _ = write!(page, "\n## {title}\n\n");
        page.push_str("| parameter | values | default | what it does | served |\n|---|---|---|---|---|\n");
        for row in rows.iter().filter(|row| row.tier == tier) {
            page.push_str(&line(row));
        }
    }
    page
}

/// How many parameters of each tier are served how far, as a Markdown table.
pub fn coverage(rows: &[ParamDoc]) -> String {
    let count = |tier: Option<Tier>, name: &str| {
        rows.iter().filter(|row| tier.is_none_or(|tier| row.tier == tier) && row.served.name() == name).count()
    };
    let mut table = String::from(
        "| tier | parameters | exactly | with a difference | read and warned of |\n|---|---:|---:|---:|---:|\n",
    );
    for (tier, title) in [(Some(Tier::A), "A"), (Some(Tier::B), "B"), (Some(Tier::C), "C"), (None, "all")] {
        let all = rows.iter().filter(|row| tier.is_none_or(|tier| row.tier == tier)).count();
        let [exactly, nearly, read] = ["exactly", "nearly", "read"].map(|name| count(tier, name));
        let _ = writeln!(table, "| {title} | {all} | {exactly} | {nearly} | {read} |");
    }
    table
}

fn line(row: &ParamDoc) -> String {
    let aliases: String = row.aliases.iter().map(|alias| format!(", `{alias}`")).collect();
    let served = match row.served {
        Served::Exactly(test) => {
            let (file, name) = test.split_once("::").unwrap_or((test, ""));
            format!("exactly: [{name}](../../{file})")
        }
        Served::Nearly(about) => format!("with a difference: {}", cell(about)),
        Served::Read(about) => format!("no: {}", cell(about)),
        Served::Unsaid => String::new(),
    };
    format!(
        "| `{}`{aliases} | {} | {} | {} | {served} |\n",
        row.name,
        cell(&row.kind.allowed()),
        cell(row.default),
        cell(row.doc)
    )
}

/// Text that stands in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

/// The table as JSON: `{"dialect", "parameters": [{"name", "aliases", "kind", ...}]}`. Kinds carry what a form needs: the
/// ends of a range, the words of a choice. `places` says where in a chain of steps a parameter may stand.
pub fn json(dialect: &dyn Dialect) -> Value {
    let rows: Vec<Value> = dialect.params().iter().map(|row| parameter(row, &dialect.places(row.name))).collect();
    json!({ "dialect": dialect.name(), "parameters": rows })
}

fn parameter(row: &ParamDoc, places: &[Place]) -> Value {
    json!({
        "name": row.name,
        "aliases": row.aliases,
        "kind": kind(&row.kind),
        "allowed": row.kind.allowed(),
        "default": row.default,
        "doc": row.doc,
        "places": places.iter().map(|place| place.name()).collect::<Vec<_>>(),
        "tier": match row.tier { Tier::A => "A", Tier::B => "B", Tier::C => "C" },
        "served": row.served.name(),
        "about": row.served.about(),
    })
}

fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::Int(low, high) => json!({ "type": "int", "min": low, "max": high }),
        Kind::Number(low, high) => json!({ "type": "number", "min": low, "max": high }),
        Kind::Enum(words) => json!({ "type": "enum", "words": words }),
        Kind::List(words) => json!({ "type": "list", "words": words }),
        Kind::Flag => json!({ "type": "flag" }),
        Kind::Color => json!({ "type": "color" }),
        Kind::Syntax(text) => json!({ "type": "syntax", "syntax": text }),
        Kind::Text => json!({ "type": "text" }),
    }
}
