//! Holds this repository to its own rules.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use layering::{Levels, Place, Workspace, cites, tidy, violations};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/layering lies two folders down").to_owned()
}

fn metadata() -> Workspace {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    Workspace::from_metadata(&json).expect("cargo's metadata is as documented")
}

fn levels() -> Levels {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    Levels::parse(&page).expect("ARCHITECTURE.md has a readable table of crates")
}

#[test]
fn crates_import_only_lower_levels() {
    let workspace = metadata();
    assert!(workspace.edges.len() > 10, "the graph was not read: {workspace:?}");
    let found: Vec<String> = violations(&levels(), &workspace).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The test above would fail: one edge too many in the real graph is seen.
#[test]
fn a_made_up_edge_in_the_real_graph_is_caught() {
    let mut workspace = metadata();
    assert_eq!(levels().get("plan"), Some(Place::Level(0)));
    workspace.edges.push(layering::Edge { from: "plan".to_owned(), to: "engine".to_owned() });
    assert_eq!(violations(&levels(), &workspace).len(), 1);
}

#[test]
fn files_are_tidy() {
    let root = root();
    let files = tidy::files(&root).expect("the repository can be listed");
    assert!(files.len() > 50, "only {} files found", files.len());
    let mut found = Vec::new();
    for path in files {
        let content = fs::read(root.join(&path)).expect("a tracked file can be read");
        found.extend(tidy::complaints(&path, &content));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn cited_rules_and_linked_pages_exist() {
    let root = root();
    let page = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let defined = cites::defined_rules(&page);
    assert!(defined.len() > 30, "only these rules were found: {defined:?}");
    let mut found = Vec::new();
    for path in tidy::files(&root).expect("the repository can be listed") {
        let markdown = path.extension().is_some_and(|ext| ext == "md");
        let rust = path.extension().is_some_and(|ext| ext == "rs");
        // This crate's own tests cite rules that are made up.
        if !markdown && !rust || path.starts_with("crates/layering") {
            continue;
        }
        let text = fs::read_to_string(root.join(&path)).expect("a tracked text can be read");
        for rule in cites::cited_rules(&text).difference(&defined) {
            found.push(format!("{}: cites rule {rule}, which ARCHITECTURE.md does not define", path.display()));
        }
        if markdown {
            found.extend(cites::broken_links(&root, &path, &text));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
