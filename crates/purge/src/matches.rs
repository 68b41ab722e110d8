//! What a selector names, told from a stored row alone. Slow and plain: what the sweep, dry runs and tests go by; the index
//! must agree with it.

use plan::Selector;

use crate::glob::{Glob, glob};
use crate::ports::Row;
use crate::subject::Role;

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

    /// Whether it names a row.
    pub fn names(&self, row: &Row) -> bool {
        let any = |holds: &dyn Fn(&str) -> bool| row.dependencies.iter().any(|(id, _)| holds(id.as_str()));
        match self.selector {
            Selector::All => true,
            Selector::Exact(name) => row.exact == Some(*name),
            Selector::Master(id) => row.dependencies.iter().any(|(master, _)| master == id),
            Selector::Dependency(id) => row.dependencies.iter().any(|(m, role)| *role == Role::Part && m == id),
            Selector::Prefix(text) => any(&|id| id.starts_with(text.as_str())),
            Selector::Source(location) => any(&|id| id.starts_with(location.as_str())),
            Selector::Glob(_) => any(&|id| self.glob.as_ref().is_some_and(|glob| glob.is_match(id))),
            Selector::Tag(tag, source) => {
                row.labels.iter().any(|l| l.tag == *tag && source.as_ref().is_none_or(|source| *source == l.source))
            }
        }
    }
}
