//! Reading one table: every key typed, in range and known.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::keys;
use crate::nearest::nearest;
use crate::provenance::{Home, Reading};
use crate::tree::{Node, Place, Table, Value};
use crate::units;

/// A table being read. A missing table reads as an empty one.
pub(crate) struct Section<'t> {
    /// How it is written in the file, such as `[cache]`; empty for the top of the file.
    title: String,
    table: Option<&'t Table>,
    /// Where a missing key is reported.
    place: Place,
    known: &'static [&'static str],
    /// Whose settings it holds.
    home: Home,
    reading: &'t Reading,
}

/// Why a value cannot be taken.
pub(crate) struct Trouble {
    pub message: String,
    pub hint: String,
}

impl Trouble {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Trouble { message: message.into(), hint: hint.into() }
    }
}

impl<'t> Section<'t> {
    /// The top of a file.
    pub(crate) fn top(root: &'t Table, reading: &'t Reading) -> Self {
        Section::new(String::new(), Some(root), Place::Whole, keys::TOP, Home::Top(String::new()), reading)
    }

    /// Takes a table, notes the settings that it may hold, and reports the keys in it that nobody knows.
    fn new(
        title: String,
        table: Option<&'t Table>,
        place: Place,
        known: &'static [&'static str],
        home: Home,
        reading: &'t Reading,
    ) -> Self {
        let section = Section { title, table, place, known, home, reading };
        section.note_settings();
        for entry in table.map(|table| table.0.as_slice()).unwrap_or_default() {
            if !known.contains(&entry.key.as_str()) {
                section.report(&entry.key_place, section.unknown(&entry.key));
            }
        }
        section
    }

    /// Tables within tables note their own.
    fn note_settings(&self) {
        if self.home == Home::Part {
            return;
        }
        let is_top = self.title.is_empty();
        for key in self.known.iter().filter(|key| !is_top || !keys::TABLES.contains(key)) {
            let entry = self.table.and_then(|table| table.entry(key));
            self.reading.notes.borrow_mut().exists(&self.home, key, entry);
        }
    }

    /// The table under a key of the top.
    pub(crate) fn child(&self, key: &str, known: &'static [&'static str]) -> Section<'t> {
        let node = self.node(key);
        let table = match node.map(|node| (&node.value, node)) {
            Some((Value::Table(table), _)) => Some(table),
            Some((other, node)) => {
                let hint = format!("write [{key}] on a line of its own, and the settings below it");
                self.report(&node.place, Trouble::new(format!("`{key}` is {}, not a table", other.kind()), hint));
                None
            }
            None => None,
        };
        let place = node.map_or(Place::Whole, |node| node.place.clone());
        Section::new(format!("[{key}]"), table, place, known, Home::Top(format!("{key}.")), self.reading)
    }

    /// A table found in a way of its own, reporting to the same place.
    pub(crate) fn sibling(
        &self,
        home: Home,
        title: &str,
        table: &'t Table,
        place: &Place,
        known: &'static [&'static str],
    ) -> Section<'t> {
        Section::new(title.to_owned(), Some(table), place.clone(), known, home, self.reading)
    }

    /// Notes what a setting comes to, where that is not what stands there.
    pub(crate) fn comes_to(&self, key: &str, value: impl Into<String>) {
        self.reading.notes.borrow_mut().comes_to(&self.home, key, value.into());
    }

    /// Notes what holds if a setting is left out.
    pub(crate) fn falls_back(&self, key: &str, value: &str) {
        self.reading.notes.borrow_mut().falls_back(&self.home, key, value);
    }

    fn noted<T>(&self, key: &str, value: T, show: impl Fn(&T) -> String) -> T {
        self.comes_to(key, show(&value));
        value
    }

    fn unknown(&self, key: &str) -> Trouble {
        let place = if self.title.is_empty() { String::new() } else { format!(" in {}", self.title) };
        let hint = match (nearest(key, self.known.iter().copied()), keys::home(key)) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(home)) if home != self.title => format!("`{key}` belongs in {home}"),
            _ => format!("known here: {}", self.known.join(", ")),
        };
        Trouble::new(format!("unknown key `{key}`{place}"), hint)
    }

    pub(crate) fn node(&self, key: &str) -> Option<&'t Node> {
        debug_assert!(self.known.contains(&key), "{key} is missing from the keys of {}", self.title);
        self.table?.get(key)
    }

    /// Where a key's value stands; the table's own place if it is not given.
    pub(crate) fn place(&self, key: &str) -> Place {
        self.node(key).map_or_else(|| self.place.clone(), |node| node.place.clone())
    }

    /// How much is wrong so far.
    pub(crate) fn complaints(&self) -> usize {
        self.reading.problems.borrow().len()
    }

    pub(crate) fn report(&self, place: &Place, trouble: Trouble) {
        self.reading.problems.borrow_mut().add(place, trouble.message, trouble.hint);
    }

    /// Reports trouble with the value of a key.
    pub(crate) fn refuse(&self, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.report(&self.place(key), Trouble::new(message, hint));
    }

    /// Reports that a key is missing.
    pub(crate) fn missing(&self, key: &str, hint: &str) {
        self.report(&self.place, Trouble::new(format!("{} has no `{key}`", self.title), hint));
    }

    pub(crate) fn hide(&self, place: &Place) {
        self.reading.problems.borrow_mut().hide(place);
    }

    /// Reads a key; what is wrong with it is reported, and it is then taken for missing.
    pub(crate) fn take<T>(&self, key: &str, read: impl FnOnce(&Node) -> Result<T, Trouble>) -> Option<T> {
        let node = self.node(key)?;
        read(node)
            .map_err(|trouble| {
                let message = format!("`{key}`: {}", trouble.message);
                self.report(&node.place, Trouble { message, ..trouble });
            })
            .ok()
    }

    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.take(key, |node| text(node).map(str::to_owned))
    }

    pub(crate) fn truth(&self, key: &str, default: bool) -> bool {
        self.noted(key, self.take(key, truth).unwrap_or(default), bool::to_string)
    }

    pub(crate) fn integer(&self, key: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
        let number = self.take(key, |node| within(integer(node)?, range, u64::to_string)).unwrap_or(default);
        self.noted(key, number, u64::to_string)
    }

    pub(crate) fn size(&self, key: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
        let read = |node: &Node| {
            let bytes = quantity(node, units::size, "256MiB")?;
            within(bytes, range, |bytes| units::show_size(*bytes))
        };
        self.noted(key, self.take(key, read).unwrap_or(default), |bytes| units::show_size(*bytes))
    }

    pub(crate) fn pixels(&self, key: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
        let read = |node: &Node| {
            let pixels = match node.value {
                Value::Integer(_) => integer(node)?,
                _ => quantity(node, units::pixels, "150MP")?,
            };
            within(pixels, range, |pixels| units::show_pixels(*pixels))
        };
        self.noted(key, self.take(key, read).unwrap_or(default), |pixels| units::show_pixels(*pixels))
    }

    pub(crate) fn time(&self, key: &str, default: Duration, range: RangeInclusive<Duration>) -> Duration {
        let read = |node: &Node| {
            let time = quantity(node, units::time, "20s")?;
            within(time, range, |time| units::show_time(*time))
        };
        self.noted(key, self.take(key, read).unwrap_or(default), |time| units::show_time(*time))
    }

    pub(crate) fn address(&self, key: &str, default: SocketAddr) -> SocketAddr {
        self.noted(key, self.maybe_address(key, default).unwrap_or(default), SocketAddr::to_string)
    }

    /// An address, if one is given; `example` is shown to who writes what is none.
    pub(crate) fn maybe_address(&self, key: &str, example: SocketAddr) -> Option<SocketAddr> {
        let read = |node: &Node| {
            let written = text(node)?;
            written.trim().parse().map_err(|_| {
                let hint = match written.trim().rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>())) {
                    Some(("", Ok(port))) => format!("for all addresses of this machine write \"0.0.0.0:{port}\""),
                    Some(("localhost", Ok(port))) => format!("write \"127.0.0.1:{port}\""),
                    _ => format!("write an IP address and a port, such as \"{example}\""),
                };
                Trouble::new(format!("{written:?} is no address to listen on"), hint)
            })
        };
        self.take(key, read)
    }

    /// One of some words, `default` if it is left out.
    pub(crate) fn choice(&self, key: &str, words: &[&'static str], default: &str) -> Option<&'static str> {
        self.falls_back(key, default);
        self.maybe_choice(key, words)
    }

    /// One of some words, if it is there.
    pub(crate) fn maybe_choice(&self, key: &str, words: &[&'static str]) -> Option<&'static str> {
        self.take(key, |node| {
            let written = text(node)?;
            words.iter().find(|word| **word == written).copied().ok_or_else(|| {
                let hint = match nearest(written, words.iter().copied()) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => format!("allowed: {}", quoted(words)),
                };
                Trouble::new(format!("unknown value {written:?}"), hint)
            })
        })
    }

    /// A path. In the file, relative ones start at the folder of the file; elsewhere at the current one.
    pub(crate) fn path(&self, key: &str, base: &Path) -> Option<PathBuf> {
        let path = self.take(key, |node| {
            let written = path(text(node)?)?;
            Ok(if node.is_from_outside() { written.to_owned() } else { base.join(written) })
        })?;
        self.comes_to(key, path.display().to_string());
        Some(path)
    }

    /// A list of texts, each with its place. Elements of another type are reported and left out.
    pub(crate) fn texts(&self, key: &str) -> Option<Vec<(&'t str, &'t Place)>> {
        let node = self.node(key)?;
        let Value::List(items) = &node.value else {
            let hint = match &node.value {
                Value::Text(text) => format!("write {key} = [{text:?}]"),
                _ => format!("write {key} = [\"...\"]"),
            };
            self.refuse(key, format!("`{key}`: must be a list of texts, not {}", node.value.kind()), hint);
            return None;
        };
        let mut texts = Vec::new();
        for item in items {
            match text(item) {
                Ok(text) => texts.push((text, &item.place)),
                Err(trouble) => self.report(&item.place, trouble),
            }
        }
        Some(texts)
    }
}

/// A path as somebody wrote it.
pub(crate) fn path(written: &str) -> Result<&Path, Trouble> {
    if written.is_empty() || written.contains('\0') {
        return Err(Trouble::new(format!("{written:?} is no path"), "write a folder, such as \"./photos\""));
    }
    if written == "~" || written.starts_with("~/") {
        return Err(Trouble::new("`~` is not expanded", "write the whole path, such as \"/srv/photos\""));
    }
    Ok(Path::new(written))
}

/// A text.
pub(crate) fn text(node: &Node) -> Result<&str, Trouble> {
    match &node.value {
        Value::Text(text) => Ok(text),
        other => Err(Trouble::new(format!("must be text, not {}", other.kind()), "put it in quotes")),
    }
}

fn truth(node: &Node) -> Result<bool, Trouble> {
    let trouble = |what: &str| Trouble::new(format!("must be true or false, not {what}"), "write it without quotes");
    match &node.value {
        Value::Bool(truth) => Ok(*truth),
        Value::Text(text) if node.is_from_outside() => match text.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(Trouble::new(format!("must be true or false, not {other:?}"), "")),
        },
        other => Err(trouble(other.kind())),
    }
}

/// Negative numbers and those beyond the range are brought to its ends: what they are checked against is narrower.
fn integer(node: &Node) -> Result<u64, Trouble> {
    let trouble = |what: String| Trouble::new(format!("must be a whole number, not {what}"), "");
    match &node.value {
        Value::Integer(number) if *number < 0 => Err(trouble(number.to_string())),
        Value::Integer(number) => Ok(u64::try_from(*number).unwrap_or(u64::MAX)),
        Value::Text(text) if node.is_from_outside() => text.trim().parse().map_err(|_| trouble(format!("{text:?}"))),
        Value::Text(text) if text.parse::<u64>().is_ok() => {
            Err(Trouble::new("must be a whole number, not text", format!("write {text} without quotes")))
        }
        other => Err(trouble(other.kind().to_owned())),
    }
}

fn quantity<T>(
    node: &Node,
    read: impl FnOnce(&str) -> Result<T, units::Unreadable>,
    example: &str,
) -> Result<T, Trouble> {
    match &node.value {
        Value::Text(text) => read(text).map_err(|error| Trouble::new(error.what, error.hint)),
        other => Err(Trouble::new(
            format!("must be text with a unit, not {}", other.kind()),
            format!("write it in quotes with its unit, such as \"{example}\""),
        )),
    }
}

fn within<T: PartialOrd>(value: T, range: RangeInclusive<T>, show: impl Fn(&T) -> String) -> Result<T, Trouble> {
    if range.contains(&value) {
        return Ok(value);
    }
    let allowed = format!("allowed: {} to {}", show(range.start()), show(range.end()));
    Err(Trouble::new(format!("{} is out of range", show(&value)), allowed))
}

pub(crate) fn quoted<T: Display>(words: &[T]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}
