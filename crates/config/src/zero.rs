//! The configuration of one who has none: a folder, all four dialects.

use std::path::Path;

use engine::DialectKind;

use crate::errors::Source;
use crate::tree::{Entry, Node, Place, Table, Value};

/// What a file would say: `[source.local]` over the folder, and a `[[site]]` per dialect.
pub(crate) fn table(folder: &Path) -> Table {
    // A path that is not UTF-8 comes out changed, so it is not found, and is shown as far as it can be.
    let folder = folder.to_string_lossy().into_owned();
    let place = Place::Outside { source: Source::CommandLine, label: String::new(), value: folder.clone() };
    let text = |text: &str| Node::text(text, place.clone());
    let table = |entries: Vec<(&str, Node)>| Node {
        value: Value::Table(Table(
            entries
                .into_iter()
                .map(|(key, node)| Entry { key: key.to_owned(), key_place: place.clone(), node })
                .collect(),
        )),
        place: place.clone(),
    };
    let list = |items: Vec<Node>| Node { value: Value::List(items), place: place.clone() };

    let local = table(vec![("type", text("local")), ("root", text(&folder))]);
    let site = |dialect: DialectKind| {
        table(vec![
            ("name", text(dialect.name())),
            ("dialect", text(dialect.name())),
            ("prefix", text(&format!("/{}", dialect.name()))),
            ("sources", list(vec![text("local")])),
        ])
    };
    let sites = list(DialectKind::ALL.into_iter().map(site).collect());
    match table(vec![("source", table(vec![("local", local)])), ("site", sites)]).value {
        Value::Table(table) => table,
        _ => Table::default(),
    }
}
