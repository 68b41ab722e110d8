//! Where each setting came from: noted by the very calls that read the settings, so that it cannot say anything else.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::docs;
use crate::errors::{Problems, Source};
use crate::tree::{Entry, Node, Place, Value};

/// Every setting that exists, also those left at their default, in the order of `afterimage.example.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// The file that was read; `None` = there was none (zero configuration).
    pub file: Option<PathBuf>,
    /// Those outside of sources and sites, with the table in their keys: `cache.memory`, `webhook.1.url`.
    pub settings: Vec<Setting>,
    /// Those of each source, by its name.
    pub sources: Vec<(String, Vec<Setting>)>,
    /// Those of each site, by its name.
    pub sites: Vec<(String, Vec<Setting>)>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub key: String,
    /// Its value as text, with its unit; `None` = it is not set and has no default. Lists and tables are as in TOML. Secrets,
    /// and the files that hold them, are not shown: only how many there are.
    pub value: Option<String>,
    /// Who said so.
    pub from: SetBy,
    /// What it is for.
    pub doc: &'static str,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetBy {
    /// Nobody said anything.
    Default,
    /// The file, in a line counted from 1.
    File {
        /// The line.
        line: usize,
    },
    /// A variable of the environment.
    Environment {
        /// Its name.
        name: String,
    },
    /// An argument of the command line.
    Flag {
        /// Such as `--listen`.
        name: String,
    },
    /// What is set where there is no file.
    ZeroConfig,
}

impl SetBy {
    /// As programs know it.
    pub const fn name(&self) -> &'static str {
        match self {
            SetBy::Default => "default",
            SetBy::File { .. } => "file",
            SetBy::Environment { .. } => "environment",
            SetBy::Flag { .. } => "flag",
            SetBy::ZeroConfig => "zero-config",
        }
    }

    /// The place in it: `line 12`, a variable, an argument; `None` where there is none.
    pub fn place(&self) -> Option<String> {
        match self {
            SetBy::Default | SetBy::ZeroConfig => None,
            SetBy::File { line } => Some(format!("line {line}")),
            SetBy::Environment { name } | SetBy::Flag { name } => Some(name.clone()),
        }
    }

    fn of(place: &Place, text: &str) -> SetBy {
        match place {
            Place::Span(span) => {
                let before = &text.as_bytes()[..span.start.min(text.len())];
                SetBy::File { line: before.iter().filter(|b| **b == b'\n').count() + 1 }
            }
            Place::Whole => SetBy::Default,
            Place::Outside { source: Source::Environment, label, .. } => {
                SetBy::Environment { name: label.trim_end_matches('=').to_owned() }
            }
            Place::Outside { label, .. } if label.is_empty() => SetBy::ZeroConfig,
            Place::Outside { label, .. } => SetBy::Flag { name: label.trim().to_owned() },
        }
    }
}

/// What comes of reading a configuration beside its values.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub problems: RefCell<Problems>,
    pub notes: RefCell<Notes>,
}

/// Whose settings a table holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Home {
    /// Those of a table at the top, of which this is the beginning of the key: empty, `cache.`, `webhook.1.`.
    Top(String),
    /// Those of a source, by its name.
    Source(String),
    /// Those of a site, by its number.
    Site(usize),
    /// It is a part of one setting.
    Part,
}

impl Home {
    /// The table by which the setting is described.
    fn table(&self) -> &str {
        match self {
            Home::Top(prefix) => prefix.split('.').next().unwrap_or_default(),
            Home::Source(_) => "source",
            Home::Site(_) => "site",
            Home::Part => "",
        }
    }
}

#[derive(Debug)]
struct Note {
    home: Home,
    key: &'static str,
    value: Option<String>,
    /// `None` = nobody said anything.
    place: Option<Place>,
}

/// All settings, as they are being read.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    /// Notes that a setting exists, and what is said of it as it stands.
    pub fn exists(&mut self, home: &Home, key: &'static str, entry: Option<&Entry>) {
        let value = entry.map(|entry| shown(home.table(), key, &entry.node));
        let place = entry.map(|entry| entry.key_place.clone());
        self.0.push(Note { home: home.clone(), key, value, place });
    }

    /// Notes what a setting comes to.
    pub fn comes_to(&mut self, home: &Home, key: &str, value: String) {
        if is_secret(home.table(), key) {
            return;
        }
        if let Some(note) = self.0.iter_mut().find(|note| note.key == key && note.home == *home) {
            note.value = Some(value);
        }
    }

    /// Notes what holds where nobody said anything.
    pub fn falls_back(&mut self, home: &Home, key: &str, value: &str) {
        if let Some(note) = self.0.iter_mut().find(|note| note.key == key && note.home == *home) {
            note.value.get_or_insert_with(|| value.to_owned());
        }
    }

    /// For those who read it. `text` is the file's, `sites` and `sources` the names.
    pub fn finish(mut self, file: Option<&Path>, text: &str, sources: &[String], sites: &[String]) -> Provenance {
        self.0.sort_by_key(|note| docs::place(note.home.table(), note.key));
        let of = |home: &dyn Fn(&Home) -> bool| -> Vec<Setting> {
            let notes = self.0.iter().filter(|note| home(&note.home));
            let setting = |note: &Note| Setting {
                key: match &note.home {
                    Home::Top(prefix) => format!("{prefix}{}", note.key),
                    _ => note.key.to_owned(),
                },
                value: note.value.clone(),
                from: note.place.as_ref().map_or(SetBy::Default, |place| SetBy::of(place, text)),
                doc: docs::doc(note.home.table(), note.key),
            };
            notes.map(setting).collect()
        };
        let source = |name: &String| (name.clone(), of(&|home| matches!(home, Home::Source(n) if n == name)));
        let site = |(number, name): (usize, &String)| (name.clone(), of(&|home| *home == Home::Site(number)));
        Provenance {
            file: file.map(Path::to_owned),
            settings: of(&|home| matches!(home, Home::Top(_))),
            sources: sources.iter().map(source).collect(),
            sites: sites.iter().enumerate().map(site).collect(),
        }
    }
}

/// Whether a setting is a secret, or a file that holds one.
fn is_secret(table: &str, key: &str) -> bool {
    matches!(
        (table, key),
        ("source", "headers")
            | ("site", "signing_secret_files")
            | ("webhook", "secret_file" | "url")
            | ("certificate", "key_file")
    )
}

/// What may be seen of a value.
fn shown(table: &str, key: &str, node: &Node) -> String {
    match (key, &node.value) {
        ("headers", Value::Table(headers)) if is_secret(table, key) => {
            let names: Vec<&str> = headers.0.iter().map(|entry| entry.key.as_str()).collect();
            format!("{} (values are not shown)", names.join(", "))
        }
        // The path may be what lets somebody in.
        ("url", Value::Text(written)) if is_secret(table, key) => {
            let origin = url::Url::parse(written).ok().map(|url| url.origin().ascii_serialization());
            origin.map_or_else(|| "not shown".to_owned(), |origin| format!("{origin}/... (the rest is not shown)"))
        }
        (_, Value::List(files)) if is_secret(table, key) => match files.len() {
            1 => "1 file, not shown".to_owned(),
            many => format!("{many} files, not shown"),
        },
        _ if is_secret(table, key) => "a file, not shown".to_owned(),
        (_, Value::Text(text)) => text.clone(),
        _ => toml(node),
    }
}

/// A value as TOML has it.
fn toml(node: &Node) -> String {
    let join = |parts: Vec<String>| parts.join(", ");
    match &node.value {
        Value::Text(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::List(items) => format!("[{}]", join(items.iter().map(toml).collect())),
        Value::Table(table) => {
            let parts = table.0.iter().map(|entry| format!("{} = {}", entry.key, toml(&entry.node))).collect();
            format!("{{ {} }}", join(parts))
        }
        Value::Other(kind) => (*kind).to_owned(),
    }
}
