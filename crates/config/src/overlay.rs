//! Settings from the environment: `AFTERIMAGE__CACHE__DISK=20GiB` sets `disk` in `[cache]`.

use crate::errors::{Problems, Source};
use crate::keys;
use crate::nearest::nearest;
use crate::tree::{Node, Place, Table, Value};

const PREFIX: &str = "AFTERIMAGE__";
const HEADERS: &str = "__HEADERS__";

/// Lays the variables over a table. Every single value can be set that is not in a list, which leaves out sites.
pub(crate) fn apply(root: &mut Table, env: &[(String, String)], problems: &mut Problems) {
    let known = variables(root);
    for (name, value) in env.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
        // Credentials come as headers, or wrongly as part of a base.
        let secret = name.contains(HEADERS) || (name.ends_with("__BASE") && value.contains('@'));
        let place = Place::Outside {
            source: Source::Environment,
            label: format!("{name}="),
            value: if secret { "***".to_owned() } else { value.clone() },
        };
        let matching: Vec<&Vec<String>> =
            known.iter().filter(|(known, _)| known == name).map(|(_, path)| path).collect();
        match (matching.as_slice(), header(root, name)) {
            ([path], _) => root.set(path, Node::text(value, place)),
            ([], Some(path)) => root.set(&path, Node::text(value, place)),
            ([], None) => {
                let known = known.iter().filter_map(|(name, _)| name.strip_prefix(PREFIX));
                let hint = match nearest(&name[PREFIX.len()..], known) {
                    _ if name.starts_with("AFTERIMAGE__SITE__") => "sites are set in the file only".to_owned(),
                    Some(near) => format!("did you mean {PREFIX}{near}?"),
                    None => {
                        "single settings outside [[site]] can be set so, such as AFTERIMAGE__CACHE__DISK".to_owned()
                    }
                };
                // The value of a variable that nobody knows may be a secret.
                let unknown = Place::Outside { source: Source::Environment, label: String::new(), value: name.clone() };
                problems.add(&unknown, format!("unknown variable {name}"), hint);
            }
            ([..], _) => {
                let message = format!("{name} could mean several sources, whose names differ in case, - and _ only");
                problems.add(&place, message, "rename one of them");
            }
        }
    }
}

/// Every variable that can be set, with the path of its setting.
fn variables(root: &Table) -> Vec<(String, Vec<String>)> {
    let mut paths = vec![vec!["data".to_owned()]];
    for (table, keys) in keys::PLAIN {
        let single = keys.iter().filter(|key| **key != "api_hosts");
        paths.extend(single.map(|key| vec![table.to_owned(), (*key).to_owned()]));
    }
    for source in root.table("source").map(|table| table.0.as_slice()).unwrap_or_default() {
        // What the source's type does not have is reported when the source is read.
        let further = keys::LOCAL.iter().filter(|key| !keys::HTTP.contains(key));
        let single = keys::HTTP.iter().filter(|key| **key != "headers").chain(further);
        paths.extend(single.map(|key| vec!["source".to_owned(), source.key.clone(), (*key).to_owned()]));
    }
    paths.into_iter().map(|path| (variable(&path), path)).collect()
}

fn variable(path: &[String]) -> String {
    let words: Vec<String> = path.iter().map(|key| word(key)).collect();
    format!("{PREFIX}{}", words.join("__"))
}

/// A key as part of a variable's name.
fn word(key: &str) -> String {
    key.to_ascii_uppercase().replace('-', "_")
}

/// The path of a request header, such as `AFTERIMAGE__SOURCE__SHOP__HEADERS__X_API_KEY`: so credentials need not be in
/// the file. A header that the file has is replaced.
fn header(root: &Table, variable: &str) -> Option<Vec<String>> {
    let (source, header) = variable.strip_prefix("AFTERIMAGE__SOURCE__")?.split_once(HEADERS)?;
    if header.is_empty() {
        return None;
    }
    let mut named = root.table("source")?.0.iter().filter(|entry| word(&entry.key) == source);
    let (source, None) = (named.next()?, named.next()) else { return None };
    let headers = match source.node.table().and_then(|table| table.get("headers")).map(|node| &node.value) {
        Some(Value::Table(headers)) => headers.0.as_slice(),
        _ => &[],
    };
    let name = headers
        .iter()
        .find(|entry| word(&entry.key) == word(header))
        .map_or_else(|| header.to_ascii_lowercase().replace('_', "-"), |entry| entry.key.clone());
    Some(vec!["source".to_owned(), source.key.clone(), "headers".to_owned(), name])
}
