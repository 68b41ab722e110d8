//! The pages in `docs/dialects/` are what the tables say, and the tables are whole.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dialect::cloudimage::Cloudimage;
use dialect::imageboss::Imageboss;
use dialect::imagekit::Imagekit;
use dialect::imgix::Imgix;
use dialect::{Dialect, Kind, Served, docs};

const ALL: [&dyn Dialect; 4] = [&Imgix, &Imagekit, &Cloudimage, &Imageboss];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `UPDATE_DOCS=1` writes them.
#[test]
fn pages_are_fresh() {
    let folder = root().join("docs/dialects");
    for dialect in ALL {
        let (path, page) = (folder.join(format!("{}.md", dialect.name())), docs::markdown(dialect));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &page).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == page, "{} is older than its table: make dialects", path.display());
    }
}

#[test]
fn rows_are_told_apart_and_documented() {
    for dialect in ALL {
        let mut names = BTreeSet::new();
        for row in dialect.params() {
            let place = format!("{} {}", dialect.name(), row.name);
            for name in [row.name].iter().chain(row.aliases) {
                assert!(names.insert(*name), "{place}: {name} stands twice");
            }
            assert!(row.doc.len() > 8 && row.doc.ends_with('.'), "{place}: {:?} is no sentence", row.doc);
            match row.kind {
                Kind::Int(low, high) => assert!(low < high, "{place}"),
                Kind::Number(low, high) => assert!(low < high, "{place}"),
                Kind::Enum(words) | Kind::List(words) => assert!(!words.is_empty(), "{place}"),
                Kind::Syntax(text) => assert!(!text.is_empty(), "{place}"),
                Kind::Flag | Kind::Color | Kind::Text => {}
            }
        }
    }
}

/// A default that is a plain number lies in its range, one of some words among them.
#[test]
fn defaults_are_allowed() {
    for dialect in ALL {
        for row in dialect.params().iter().filter(|row| !row.default.is_empty()) {
            let place = format!("{} {}: default {:?}", dialect.name(), row.name, row.default);
            match (row.kind, row.default.parse::<f64>()) {
                (Kind::Int(low, high), Ok(value)) => {
                    assert!(low as f64 <= value && value <= high as f64, "{place}");
                }
                (Kind::Number(low, high), Ok(value)) => assert!(low <= value && value <= high, "{place}"),
                (Kind::Enum(words), _) if !row.default.contains(' ') => {
                    assert!(words.contains(&row.default), "{place}")
                }
                _ => {}
            }
        }
    }
}

/// Whoever writes "exactly" shows it.
#[test]
fn exactly_is_shown_by_a_test() {
    let mut wrong = Vec::new();
    for dialect in ALL {
        for row in dialect.params() {
            let place = format!("{} {}", dialect.name(), row.name);
            match row.served {
                Served::Exactly(link) => {
                    let Some((file, test)) = link.split_once("::") else { panic!("{place}: {link} names no test") };
                    let text = std::fs::read_to_string(root().join(file)).unwrap_or_default();
                    if !text.contains(&format!("fn {test}(")) {
                        wrong.push(format!("{place}: there is no test {link}"));
                    }
                }
                Served::Nearly(about) | Served::Read(about) if about.is_empty() => {
                    wrong.push(format!("{place}: in what way?"));
                }
                Served::Unsaid => wrong.push(format!("{place}: how far is it served?")),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
