//! imgix's own list of parameters beside our table: none is missing, by any of its names, and each word is known.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use dialect::imgix::Imgix;
use dialect::{Dialect, Settings, Target, WarningKind};
use serde_json::Value;

/// Rows that the list lacks: of the vendor's documentation, and of ours.
const MORE: [&str; 3] = ["preset", "txt-h", "txt-lig"];

/// Other names, and words.
type Listed = BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>;

fn words(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn kept() -> Listed {
    let lines = include_str!("imgix-url-params.txt").lines().filter(|line| !line.starts_with('#'));
    let listed = lines.map(|line| {
        let mut cells = line.split('|').map(str::trim);
        let mut cell = || cells.next().unwrap_or_default();
        (cell().to_owned(), (words(cell()), words(cell())))
    });
    listed.collect()
}

/// Reads `parameters.json` of the package.
fn published(json: &Value) -> Listed {
    let texts = |value: &Value| -> Vec<String> {
        let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        value.as_array().map(|all| all.iter().map(text).collect()).unwrap_or_default()
    };
    let listed = json["parameters"].as_object().expect("parameters").iter().map(|(name, row)| {
        let (mut names, mut words) = (BTreeSet::new(), BTreeSet::new());
        for alias in texts(&row["aliases"]) {
            // One is a name with its only word.
            let (other, word) = alias.split_once('=').map_or((alias.as_str(), None), |(o, w)| (o, Some(w)));
            words.extend(word.map(str::to_owned));
            names.extend((other != name.as_str()).then(|| other.to_owned()));
        }
        let expects = row["expects"].as_array().into_iter().flatten();
        words.extend(expects.flat_map(|expected| texts(&expected["possible_values"])));
        (name.clone(), (names, words))
    });
    listed.collect()
}

fn check(listed: &Listed) {
    let rows = Imgix.params();
    let mut wrong = Vec::new();
    for (name, (aliases, words)) in listed {
        let Some(row) = rows.iter().find(|row| row.name == name) else {
            wrong.push(format!("{name} is no row"));
            continue;
        };
        let has = |alias: &&String| !row.aliases.contains(&alias.as_str());
        wrong.extend(aliases.iter().filter(has).map(|alias| format!("{name} is not known as {alias}")));
        for word in words {
            let url = format!("/p.jpg?{name}={word}");
            let warnings = Imgix.parse(Target::new(&url), &Settings::default()).unwrap().warnings;
            if warnings.iter().any(|w| matches!(w.kind, WarningKind::Invalid | WarningKind::Unknown)) {
                wrong.push(format!("{url}: {warnings:?}"));
            }
        }
    }
    let more = rows.iter().filter(|row| !listed.contains_key(row.name) && !MORE.contains(&row.name));
    wrong.extend(more.map(|row| format!("{} is not in the list", row.name)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_what_the_vendor_lists() {
    let listed = kept();
    assert_eq!(listed.len(), 203);
    check(&listed);
}

/// `IMGIX_URL_PARAMS=<parameters.json>`: as an installed release of the package lists them. What it has and we have not is a
/// failure, and so is a list here that is older than it.
#[test]
fn the_table_has_what_an_installed_package_lists() {
    let Some(file) = std::env::var_os("IMGIX_URL_PARAMS") else { return };
    let listed = published(&serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap());
    check(&listed);
    assert_eq!(listed, kept(), "imgix-url-params.txt is of another release");
}
