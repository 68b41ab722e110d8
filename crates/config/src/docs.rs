//! One line for each setting: the comments of `afterimage.example.toml`, which so are the only place where they are written.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The file that shows every setting.
const EXAMPLE: &str = include_str!("../../../afterimage.example.toml");

/// What is said of a setting, and where among the others it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Doc {
    text: String,
    place: usize,
}

/// By table (empty for the top of the file) and key.
type Docs = HashMap<(String, String), Doc>;

static DOCS: LazyLock<Docs> = LazyLock::new(|| read(EXAMPLE));

/// What a setting is for; empty where nothing is said. The table is `listen`, `cache`, `webhook`, `source`, `site` and so on.
pub(crate) fn doc(table: &str, key: &str) -> &'static str {
    DOCS.get(&(table.to_owned(), key.to_owned())).map_or("", |doc| doc.text.as_str())
}

/// Where a setting stands among all.
pub(crate) fn place(table: &str, key: &str) -> usize {
    DOCS.get(&(table.to_owned(), key.to_owned())).map_or(usize::MAX, |doc| doc.place)
}

/// Reads the comments beside settings, also of those that are commented out themselves. A comment goes on in the lines below
/// that hold nothing else and are indented; where there is none, it is what stands right above. Of several, the first
/// counts.
fn read(text: &str) -> Docs {
    let mut docs = Docs::new();
    let (mut table, mut above) = (String::new(), String::new());
    // The setting whose comment may go on.
    let mut open: Option<(String, String)> = None;
    for (place, line) in text.lines().enumerate() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = header(bare) {
            (table, above, open) = (name.to_owned(), String::new(), None);
        } else if let Some((key, comment)) = setting(bare) {
            let said = if comment.is_empty() { std::mem::take(&mut above) } else { comment.to_owned() };
            above.clear();
            let name = (table.clone(), key.to_owned());
            let known = docs.get(&name).is_some_and(|doc: &Doc| !doc.text.is_empty());
            open = (!known).then(|| name.clone());
            if !known {
                docs.insert(name, Doc { text: said, place });
            }
        } else if let Some(more) = line.trim_start().strip_prefix("# ").filter(|_| line.starts_with(' ')) {
            if let Some(doc) = open.as_ref().and_then(|name| docs.get_mut(name)) {
                doc.text = format!("{} {}", doc.text, more.trim());
            }
        } else {
            above = match line.strip_prefix("# ") {
                Some(more) => format!("{above} {}", more.trim()).trim().to_owned(),
                None => String::new(),
            };
            open = None;
        }
    }
    docs
}

/// The table that a line begins: `[cache]`, `[source.NAME]`, `[[site]]`.
fn header(line: &str) -> Option<&str> {
    let name = line.strip_prefix("[[").or_else(|| line.strip_prefix('['))?;
    name.split([']', '.']).next()
}

/// A line's key, and the comment behind its value.
fn setting(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(" = ")?;
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        return None;
    }
    let mut quoted = false;
    let hash = value.find(|c| {
        quoted ^= c == '"';
        c == '#' && !quoted
    });
    Some((key, hash.map_or("", |hash| value[hash + 1..].trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_found_beside_above_and_below() {
        let docs = read(
            "# Not this.\n\n# A folder.\n# For data.\ndata = \"x # y\"\n\n[cache]   # no\nmemory = \"1MiB\"   # in memory,\n         \
             # or nearly\ndisk = 1\n# old = 2   # gone\n# [[webhook]]\n# url = \"a\"\n[source.a]\nbase = 1 # first\n\
             [source.b]\nbase = 2 # second\n",
        );
        let said = |table: &str, key: &str| docs.get(&(table.to_owned(), key.to_owned())).map(|doc| doc.text.as_str());
        for (table, key, want) in [
            ("", "data", Some("A folder. For data.")),
            ("cache", "memory", Some("in memory, or nearly")),
            ("cache", "disk", Some("")),
            ("cache", "old", Some("gone")),
            ("webhook", "url", Some("")),
            ("source", "base", Some("first")),
            ("cache", "url", None),
        ] {
            assert_eq!(said(table, key), want, "{table} {key}");
        }
    }
}
