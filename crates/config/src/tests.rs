#![allow(clippy::unwrap_used, clippy::expect_used)]

mod accepted;
mod listen;
mod provenance;
mod refused;

use std::path::Path;

use tempfile::TempDir;

use crate::{Config, Errors, Flags};

/// A folder with a folder `photos` and a configuration file.
struct Case {
    folder: TempDir,
}

impl Case {
    fn new(text: &str) -> Case {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("photos")).unwrap();
        std::fs::write(folder.path().join("a.toml"), text).unwrap();
        Case { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn load_with(&self, env: &[(&str, &str)], flags: &Flags) -> Result<Config, Errors> {
        crate::load(&self.path().join("a.toml"), &variables(env), flags)
    }

    fn load(&self) -> Result<Config, Errors> {
        self.load_with(&[], &Flags::default())
    }
}

fn variables(env: &[(&str, &str)]) -> Vec<(String, String)> {
    env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The least that a file must say, to which tests add.
const LEAST: &str = r#"
[source.shop]
type = "local"
root = "photos"

[[site]]
name = "shop"
dialect = "imgix"
sources = ["shop"]
"#;
