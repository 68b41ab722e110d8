//! What was configured, whoever said it: file, environment or command line. Each value knows its place.

use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::errors::{Problems, Source};

/// Where a key or value stands.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In the file, in bytes.
    Span(Range<usize>),
    /// The file as a whole.
    Whole,
    /// In the environment or on the command line. `label` is what is shown before the value, such as `--data `.
    Outside { source: Source, label: String, value: String },
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub value: Value,
    pub place: Place,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    /// Numbers beyond the range are brought to its end; no setting goes that far.
    Integer(i128),
    Bool(bool),
    List(Vec<Node>),
    Table(Table),
    /// A float or a date: no setting takes one.
    Other(&'static str),
}

/// Entries in the order of the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(pub Vec<Entry>);

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub key: String,
    pub key_place: Place,
    pub node: Node,
}

impl Node {
    pub(crate) fn text(text: impl Into<String>, place: Place) -> Node {
        Node { value: Value::Text(text.into()), place }
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Whether it was given as text from outside the file, where numbers and truth values are text too.
    pub(crate) fn is_from_outside(&self) -> bool {
        matches!(self.place, Place::Outside { .. })
    }
}

impl Value {
    /// What it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "text",
            Value::Integer(_) => "a number",
            Value::Bool(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(kind) => kind,
        }
    }
}

impl Table {
    /// Reads a file's text. Syntax errors are collected, one a line; after any of them the table is not worth reading.
    pub(crate) fn parse(text: &str, problems: &mut Problems) -> Table {
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut last_line = None;
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let line = text.bytes().take(span.start).filter(|b| *b == b'\n').count();
            // What follows on the same line is mostly the parser's confusion about the first.
            if last_line.replace(line) != Some(line) {
                problems.add(&Place::Span(span), error.message(), "");
            }
        }
        Table::from_toml(root.into_inner())
    }

    fn from_toml(table: DeTable<'_>) -> Table {
        let mut entries: Vec<_> = table
            .into_iter()
            .map(|(key, value)| Entry {
                key_place: Place::Span(key.span()),
                key: key.into_inner().into_owned(),
                node: Node::from_toml(value.span(), value.into_inner()),
            })
            .collect();
        entries.sort_by_key(|entry| match &entry.key_place {
            Place::Span(span) => span.start,
            _ => 0,
        });
        Table(entries)
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub(crate) fn table(&self, key: &str) -> Option<&Table> {
        self.get(key)?.table()
    }

    /// Sets the value at a path, making tables on the way. Where something else than a table is in the way it stays, and
    /// is found to be wrong later.
    pub(crate) fn set(&mut self, path: &[String], node: Node) {
        let Some((first, rest)) = path.split_first() else { return };
        let place = node.place.clone();
        let at = match self.0.iter().position(|entry| entry.key == *first) {
            Some(at) => at,
            None => {
                let table = Node { value: Value::Table(Table::default()), place: place.clone() };
                self.0.push(Entry { key: first.clone(), key_place: place, node: table });
                self.0.len() - 1
            }
        };
        let entry = &mut self.0[at];
        if rest.is_empty() {
            entry.key_place = node.place.clone();
            entry.node = node;
        } else if let Value::Table(table) = &mut entry.node.value {
            table.set(rest, node);
        }
    }
}

impl Node {
    fn from_toml(span: Range<usize>, value: DeValue<'_>) -> Node {
        let value = match value {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(number) => {
                Value::Integer(i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX))
            }
            DeValue::Boolean(truth) => Value::Bool(truth),
            DeValue::Float(_) => Value::Other("a number with a fraction"),
            DeValue::Datetime(_) => Value::Other("a date"),
            DeValue::Array(items) => {
                Value::List(items.into_iter().map(|item| Node::from_toml(item.span(), item.into_inner())).collect())
            }
            DeValue::Table(table) => Value::Table(Table::from_toml(table)),
        };
        Node { value, place: Place::Span(span) }
    }
}

/// Reads a file. What is wrong with it as a file is reported at the file as a whole.
pub(crate) fn read_file(path: &Path, problems: &mut Problems) -> String {
    match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => {
            let valid = error.utf8_error().valid_up_to();
            let line = error.as_bytes().iter().take(valid).filter(|b| **b == b'\n').count() + 1;
            problems.add(&Place::Whole, format!("line {line} is not UTF-8"), "save the file as UTF-8");
            String::new()
        }
        Err(error) => {
            problems.add(&Place::Whole, format!("cannot read the configuration: {error}"), "");
            String::new()
        }
    }
}
