//! House rules that a compiler does not hold: which crate may import which, and what a file may look like.
//!
//! The order of crates is a table in `ARCHITECTURE.md`; [`Levels`] reads it, [`Workspace`] reads what `cargo metadata`
//! says, and [`violations`] holds the one against the other. [`tidy`] looks at single files, [`cites`] at references between
//! them. The tests of this crate apply all of it to the repository; nothing else uses it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

pub mod cites;
pub mod tidy;

/// Where a crate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It may import crates of a smaller number only.
    Level(u32),
    /// Helper of tests: imports what it likes, and is itself imported as a dev-dependency only.
    Outside,
}

/// The table of crates in `ARCHITECTURE.md`, by short crate name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels(BTreeMap<String, Place>);

impl Levels {
    /// Reads the one Markdown table whose header row begins `| level | crate |`. A level is a number, or `-` for a
    /// crate outside the order; a crate's name stands in backticks.
    ///
    /// # Errors
    /// When the table is missing, appears twice, has an unreadable row or names a crate twice.
    pub fn parse(markdown: &str) -> Result<Levels, String> {
        let mut tables = 0;
        let mut inside = false;
        let mut levels = BTreeMap::new();
        for line in markdown.lines() {
            let cells: Vec<&str> = match line.trim().strip_prefix('|') {
                Some(row) => row.trim_end_matches('|').split('|').map(str::trim).collect(),
                None => {
                    inside = false;
                    continue;
                }
            };
            let [first, second, ..] = cells.as_slice() else { continue };
            if *first == "level" && *second == "crate" {
                tables += 1;
                inside = true;
                continue;
            }
            if !inside || is_rule(first) && is_rule(second) {
                continue;
            }
            let name = second
                .strip_prefix('`')
                .and_then(|rest| rest.strip_suffix('`'))
                .filter(|name| !name.is_empty())
                .ok_or_else(|| format!("no crate name in backticks: {line}"))?;
            let place = match *first {
                "-" => Place::Outside,
                digits => Place::Level(digits.parse().map_err(|_| format!("`{digits}` is no level: {line}"))?),
            };
            if levels.insert(name.to_owned(), place).is_some() {
                return Err(format!("`{name}` stands in the table twice"));
            }
        }
        match tables {
            1 => Ok(Levels(levels)),
            0 => Err("no table that begins `| level | crate |`".to_owned()),
            _ => Err("more than one table that begins `| level | crate |`".to_owned()),
        }
    }

    /// Where a crate stands, if the table names it.
    pub fn get(&self, name: &str) -> Option<Place> {
        self.0.get(name).copied()
    }
}

/// True for the cells of the row that separates a table's header from its body.
fn is_rule(cell: &str) -> bool {
    cell.contains("--") && cell.chars().all(|c| matches!(c, '-' | ':'))
}

/// One crate of the workspace importing another, in a build that users get.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Short name of the importing crate.
    pub from: String,
    /// Short name of the imported crate.
    pub to: String,
}

/// The crates of the workspace and the edges between them. Dev-dependencies are left out: tests may look upwards.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workspace {
    /// Short names of all members.
    pub crates: Vec<String>,
    /// Normal and build dependencies between members.
    pub edges: Vec<Edge>,
}

impl Workspace {
    /// Reads the output of `cargo metadata --no-deps --format-version 1`.
    ///
    /// # Errors
    /// When a field is missing that cargo always writes.
    pub fn from_metadata(metadata: &Value) -> Result<Workspace, String> {
        let mut workspace = Workspace::default();
        let packages = array(metadata, "packages")?;
        for package in packages {
            workspace.crates.push(short(text(package, "name")?).to_owned());
        }
        for package in packages {
            let from = short(text(package, "name")?);
            for dependency in array(package, "dependencies")? {
                // `kind` is null for a normal dependency.
                let to = short(text(dependency, "name")?);
                let shipped = dependency.get("kind").and_then(Value::as_str) != Some("dev");
                let ours = dependency.get("path").is_some_and(Value::is_string);
                if shipped && ours && workspace.crates.iter().any(|name| name == to) {
                    workspace.edges.push(Edge { from: from.to_owned(), to: to.to_owned() });
                }
            }
        }
        workspace.edges.sort();
        workspace.edges.dedup();
        Ok(workspace)
    }
}

/// `afterimage-plan` is called `plan` in the table and in imports; the binary's crate keeps its name.
fn short(package: &str) -> &str {
    package.strip_prefix("afterimage-").unwrap_or(package)
}

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str, String> {
    value.get(field).and_then(Value::as_str).ok_or_else(|| format!("metadata without `{field}`"))
}

fn array<'a>(value: &'a Value, field: &str) -> Result<&'a [Value], String> {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| format!("metadata without `{field}`"))
}

/// What is wrong between the table and the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// A member of the workspace that the table does not name.
    Unlisted(String),
    /// A row of the table that is no member of the workspace.
    NoSuchCrate(String),
    /// An import that does not go downwards, with the levels of both ends.
    NotDownwards(Edge, u32, u32),
    /// A crate that is shipped imports a helper of tests.
    ShipsTestHelper(Edge),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Violation::Unlisted(name) => write!(f, "crate `{name}` is missing from the table in ARCHITECTURE.md"),
            Violation::NoSuchCrate(name) => write!(f, "ARCHITECTURE.md lists `{name}`, which is no crate here"),
            Violation::NotDownwards(Edge { from, to }, a, b) => {
                write!(f, "`{from}` (level {a}) imports `{to}` (level {b}): only lower levels may be imported")
            }
            Violation::ShipsTestHelper(Edge { from, to }) => {
                write!(f, "`{from}` imports `{to}`, which may be a dev-dependency only")
            }
        }
    }
}

/// Holds the workspace against the table.
pub fn violations(levels: &Levels, workspace: &Workspace) -> Vec<Violation> {
    let mut found = Vec::new();
    for name in &workspace.crates {
        if levels.get(name).is_none() {
            found.push(Violation::Unlisted(name.clone()));
        }
    }
    for name in levels.0.keys() {
        if !workspace.crates.contains(name) {
            found.push(Violation::NoSuchCrate(name.clone()));
        }
    }
    for edge in &workspace.edges {
        match (levels.get(&edge.from), levels.get(&edge.to)) {
            (Some(Place::Level(from)), Some(Place::Level(to))) if to >= from => {
                found.push(Violation::NotDownwards(edge.clone(), from, to));
            }
            (Some(Place::Level(_)), Some(Place::Outside)) => found.push(Violation::ShipsTestHelper(edge.clone())),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    const TABLE: &str = "\
# Title

| word | meaning |
|---|---|
| level | not the table we look for |

| level | crate | holds |
|---|---|---|
| 0 | `plan` | words |
| 1 | `codec` | pictures |
| 1 | `purge` | positions |
| 2 | `render` | stages |
| - | `testkit` | tests |

Afterwards.
";

    fn workspace(edges: &[(&str, &str)]) -> Workspace {
        Workspace {
            crates: ["plan", "codec", "purge", "render", "testkit"].map(str::to_owned).to_vec(),
            edges: edges.iter().map(|(a, b)| edge(a, b)).collect(),
        }
    }

    fn edge(from: &str, to: &str) -> Edge {
        Edge { from: from.to_owned(), to: to.to_owned() }
    }

    #[test]
    fn edges_that_go_downwards_pass() {
        let levels = Levels::parse(TABLE).unwrap();
        let good = workspace(&[("codec", "plan"), ("render", "codec"), ("render", "plan"), ("testkit", "render")]);
        assert_eq!(violations(&levels, &good), []);
    }

    #[test]
    fn every_kind_of_made_up_violation_is_caught() {
        let levels = Levels::parse(TABLE).unwrap();
        let cases = [
            (("plan", "codec"), Violation::NotDownwards(edge("plan", "codec"), 0, 1)),
            (("codec", "purge"), Violation::NotDownwards(edge("codec", "purge"), 1, 1)),
            (("codec", "render"), Violation::NotDownwards(edge("codec", "render"), 1, 2)),
            (("render", "testkit"), Violation::ShipsTestHelper(edge("render", "testkit"))),
        ];
        for (made_up, want) in cases {
            assert_eq!(violations(&levels, &workspace(&[made_up])), [want]);
        }
        let mut grown = workspace(&[]);
        grown.crates.push("newcomer".to_owned());
        grown.crates.retain(|name| name != "codec");
        let want = [Violation::Unlisted("newcomer".to_owned()), Violation::NoSuchCrate("codec".to_owned())];
        assert_eq!(violations(&levels, &grown), want);
    }

    #[test]
    fn a_broken_table_is_refused() {
        for (broken, why) in [
            (TABLE.replace("| level | crate |", "| height | crate |"), "no table"),
            (format!("{TABLE}\n{TABLE}"), "twice"),
            (format!("{TABLE}\n| level | crate |\n|---|---|\n"), "more than one table"),
            (TABLE.replace("| 2 | `render`", "| two | `render`"), "is no level"),
            (TABLE.replace("`render`", "render"), "backticks"),
        ] {
            let error = Levels::parse(&broken).unwrap_err();
            assert!(error.contains(why), "{error:?} should say {why:?}");
        }
    }

    #[test]
    fn metadata_yields_shipped_edges_between_members_only() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "afterimage-plan", "dependencies": [
                { "name": "serde_json", "kind": null },
                { "name": "afterimage-testkit", "kind": "dev", "path": "/x" },
            ]},
            { "name": "afterimage-codec", "dependencies": [
                { "name": "afterimage-plan", "kind": null, "path": "/x" },
                { "name": "afterimage-testkit", "kind": "build", "path": "/x" },
            ]},
            { "name": "afterimage-testkit", "dependencies": [] },
        ]});
        let found = Workspace::from_metadata(&metadata).unwrap();
        assert_eq!(found.crates, ["plan", "codec", "testkit"]);
        assert_eq!(found.edges, [edge("codec", "plan"), edge("codec", "testkit")]);
        assert!(Workspace::from_metadata(&serde_json::json!({})).is_err());
    }
}
