//! The data folder against the folders of sources (rule D5).

use std::path::{Component, Path, PathBuf};

use crate::section::{Section, Trouble};
use crate::tree::Place;
use crate::{Config, SourceKind};

/// Makes every folder source refuse the data folder, and reports folders that lie in each other. With `nested_data`, the
/// data folder may lie in a source's.
pub(crate) fn folders(top: &Section<'_>, config: &mut Config, nested_data: bool) {
    if config.data.exists() && !config.data.is_dir() {
        let message = format!("the data folder {} is no folder", config.data.display());
        top.refuse("data", message, "name a folder; it is made if it does not exist");
    }
    let data = real(&config.data);
    for source in &mut config.sources {
        let SourceKind::Local(settings) = &mut source.kind else { continue };
        let root = real(&settings.root);
        settings.refused.push(data.clone());
        let message = match (data.starts_with(&root), root.starts_with(&data)) {
            (true, true) => "is the data folder",
            (true, false) if nested_data => continue,
            (true, false) => "contains the data folder",
            (false, true) => "lies in the data folder",
            (false, false) => continue,
        };
        let message = format!("the folder {} {message} {}", root.display(), data.display());
        let hint = "keep pictures and data apart: set `data`, or --data, to a folder elsewhere";
        top.report(&root_place(top, &source.name), Trouble::new(message, hint));
    }
}

/// Where the root of a source stands.
fn root_place(top: &Section<'_>, name: &str) -> Place {
    let source = top.node("source").and_then(|node| node.table()?.table(name));
    source.and_then(|table| table.get("root")).map_or(Place::Whole, |node| node.place.clone())
}

/// The absolute path without symlinks, of which only the first part need exist.
fn real(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut real = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                real.pop();
            }
            Component::CurDir => {}
            other => real.push(other),
        }
        // Step by step, so that `..` after a symlink leaves the folder that it points to.
        if let Ok(resolved) = real.canonicalize() {
            real = resolved;
        }
    }
    real
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn real_paths_follow_links_as_far_as_there_is_something() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(top.join("a/b")).unwrap();
        std::os::unix::fs::symlink(top.join("a/b"), top.join("link")).unwrap();
        for (path, want) in [
            ("a/b", "a/b"),
            ("link", "a/b"),
            ("link/new/deeper", "a/b/new/deeper"),
            ("link/../x", "a/x"),
            ("new/../a", "a"),
            ("./a/./b", "a/b"),
        ] {
            assert_eq!(real(&top.join(path)), top.join(want), "{path}");
        }
    }
}
