//! What every file of the repository keeps to.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// Longest Rust file allowed, in lines. Past it a file does more than one thing.
pub const MAX_RUST_LINES: usize = 700;

/// Folders that are built or downloaded, never written by hand; skipped where there is no git to ask.
const GENERATED: [&str; 6] = [".git", "target", ".run", "node_modules", "dist", "__pycache__"];

/// Absolute paths of the machine on which a file was written, which no reader has. Each is put together from
/// halves, so that this file does not hold what it forbids.
const FORBIDDEN: [&str; 5] = [
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/tm", "p/"),
    concat!("/wo", "rk/"),
    concat!("C:", "\\Users"),
];

/// Everything wrong with one file, a sentence each. `path` is relative to the repository; a file that is not UTF-8 is
/// a picture or the like, and passes.
pub fn complaints(path: &Path, content: &[u8]) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(content) else { return Vec::new() };
    let name = path.display();
    let mut found = Vec::new();
    for word in FORBIDDEN {
        if let Some(line) = text.lines().position(|line| line.contains(word)) {
            found.push(format!("{name}:{}: names `{word}`, which no reader has", line + 1));
        }
    }
    if path.extension().is_some_and(|ext| ext == "rs") {
        let lines = text.lines().count();
        if lines > MAX_RUST_LINES {
            found.push(format!("{name}: {lines} lines, more than {MAX_RUST_LINES}: split it"));
        }
        if path.ends_with("src/lib.rs") && !text.starts_with("//!") {
            found.push(format!("{name}: a crate begins with `//!`, saying what it is for"));
        }
    }
    found
}

/// Paths of all files that belong to the repository, relative to `root`: what git tracks or would track, or, in an
/// unpacked archive, everything outside generated folders.
///
/// # Errors
/// When a folder cannot be read.
pub fn files(root: &Path) -> io::Result<Vec<PathBuf>> {
    if root.join(".git").exists()
        && let Some(tracked) = ask_git(root)
    {
        return Ok(tracked);
    }
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() && !GENERATED.iter().any(|name| entry.file_name() == *name) {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.extend(entry.path().strip_prefix(root).map(Path::to_owned));
            }
        }
    }
    Ok(found)
}

/// `None` when there is no usable git.
fn ask_git(root: &Path) -> Option<Vec<PathBuf>> {
    // A container often runs as another user than the one who owns the checkout; listing files is harmless.
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let names = String::from_utf8(output.stdout).ok()?;
    // A file deleted but not yet committed is still listed.
    Some(names.split('\0').filter(|n| !n.is_empty()).map(PathBuf::from).filter(|p| root.join(p).is_file()).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn made_up_offences_are_caught() {
        let long = "//! x\n".repeat(MAX_RUST_LINES + 1);
        let cases = [
            ("crates/plan/src/lib.rs", "mod words;\n".to_owned(), "begins with"),
            ("crates/plan/src/stage.rs", long, "701 lines"),
            ("docs/a.md", format!("see\n{}\n", FORBIDDEN[0]), "docs/a.md:2"),
            ("Makefile", FORBIDDEN[2].to_owned(), "names"),
        ];
        for (path, text, why) in cases {
            let found = complaints(Path::new(path), text.as_bytes());
            assert_eq!(found.len(), 1, "{path}: {found:?}");
            assert!(found[0].contains(why), "{found:?} should say {why:?}");
        }
    }

    #[test]
    fn clean_files_and_pictures_pass() {
        let longest = "//! x\n".repeat(MAX_RUST_LINES);
        for (path, content) in [
            ("crates/plan/src/lib.rs", longest.as_bytes()),
            ("crates/plan/src/stage.rs", b"use std::fmt;\n".as_slice()),
            ("samples/cat.jpg", b"\xff\xd8\xff\xe0".as_slice()),
        ] {
            assert_eq!(complaints(Path::new(path), content), Vec::<String>::new());
        }
    }
}
