//! What the command line sets.

use std::path::PathBuf;

use crate::errors::{Problems, Source};
use crate::tree::{Node, Place, Table};

/// Settings given on the command line; each goes before file and environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--listen`: address and port of the delivery plane.
    pub listen: Option<String>,
    /// `--control`: address and port of the control plane.
    pub control: Option<String>,
    /// `--data`: the data folder.
    pub data: Option<PathBuf>,
}

impl Flags {
    pub(crate) fn apply(&self, root: &mut Table, problems: &mut Problems) {
        let mut set = |path: &[&str], flag: &str, value: &str| {
            let place = argument(flag, value);
            root.set(&path.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>(), Node::text(value, place));
        };
        if let Some(address) = &self.listen {
            set(&["listen", "delivery"], "--listen", address);
        }
        if let Some(address) = &self.control {
            set(&["listen", "control"], "--control", address);
        }
        match self.data.as_ref().map(|data| (data, data.to_str())) {
            Some((_, Some(data))) => set(&["data"], "--data", data),
            Some((data, None)) => {
                let place = argument("--data", &data.display().to_string());
                problems.add(&place, "the path is not UTF-8", "");
            }
            None => {}
        }
    }
}

/// The place of a command line argument.
fn argument(flag: &str, value: &str) -> Place {
    Place::Outside { source: Source::CommandLine, label: format!("{flag} "), value: value.to_owned() }
}
