//! What a selector names, told from a stored row alone. Slow and plain: what the sweep, dry runs and tests go by; the index
//! must agree with it.

use plan::{ExactName, Label, MasterId, Selector};

use crate::glob::{Glob, glob};
use crate::ports::Row;
use crate::subject::{Role, Subject};

/// A selector that is ready to be held against many rows.
pub struct Matcher<'s> {
    selector: &'s Selector,
    glob: Option<Glob>,
}

impl<'s> Matcher<'s> {
    /// Prepares a selector. A glob that cannot be read names nothing.
    pub fn new(selector: &'s Selector) -> Self {
        let glob = match selector {
            Selector::Glob(pattern) => glob(pattern).ok(),
            _ => None,
        };
        Matcher { selector, glob }
    }

    /// Whether what it names is found by looking at every row alone, for it names no one thing: a prefix, a source, a glob,
    /// everything.
    pub fn walks(&self) -> bool {
        matches!(self.selector, Selector::Prefix(_) | Selector::Source(_) | Selector::Glob(_) | Selector::All)
    }

    /// Whether it names a row.
    pub fn names(&self, row: &Row) -> bool {
        self.holds(row.exact, row.dependencies.iter().map(|(master, role)| (master, *role)), &row.labels)
    }

    /// As [`Matcher::names`], of what is not on disk.
    pub fn names_subject(&self, subject: &Subject) -> bool {
        let masters = subject.dependencies.iter().map(|dependency| (&dependency.master, dependency.role));
        self.holds(subject.exact.map(|(name, _)| name), masters, &subject.labels)
    }

    fn holds<'r>(
        &self,
        exact: Option<ExactName>,
        mut masters: impl Iterator<Item = (&'r MasterId, Role)>,
        labels: &[Label],
    ) -> bool {
        match self.selector {
            Selector::All => true,
            Selector::Exact(name) => exact == Some(*name),
            Selector::Master(id) => masters.any(|(master, _)| master == id),
            Selector::Dependency(id) => masters.any(|(master, role)| role == Role::Part && master == id),
            Selector::Prefix(text) => masters.any(|(id, _)| id.as_str().starts_with(text.as_str())),
            Selector::Source(location) => masters.any(|(id, _)| id.as_str().starts_with(location.as_str())),
            Selector::Glob(_) => {
                masters.any(|(id, _)| self.glob.as_ref().is_some_and(|glob| glob.is_match(id.as_str())))
            }
            Selector::Tag(tag, source) => {
                labels.iter().any(|l| l.tag == *tag && source.as_ref().is_none_or(|source| *source == l.source))
            }
        }
    }
}
