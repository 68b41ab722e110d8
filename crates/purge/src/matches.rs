//! What a selector names, told from a stored row alone. Slow and plain: what the sweep, dry runs and tests go by; the index
//! must agree with it.

use globset::{GlobBuilder, GlobMatcher};
use plan::Selector;

use crate::index::Role;
use crate::ports::Row;

/// A selector that is ready to be held against many rows.
pub struct Matcher<'s> {
    selector: &'s Selector,
    glob: Option<GlobMatcher>,
}

/// The pattern is no glob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a glob: {0}")]
pub struct BadGlob(pub String);

/// Reads a pattern as [`Selector::Glob`] has it.
///
/// # Errors
/// When it cannot be read, such as for a class that is not closed.
pub fn glob(pattern: &str) -> Result<GlobMatcher, BadGlob> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|e| BadGlob(e.kind().to_string()))
}

/// A text in which every character that a glob gives a meaning to stands for itself.
pub fn escape_glob(text: &str) -> String {
    let special = |c: char| matches!(c, '\\' | '*' | '?' | '[' | ']' | '{' | '}' | '!');
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn globs_keep_to_a_segment_unless_doubled() {
        for (pattern, text, names) in [
            ("file:/p/*.jpg", "file:/p/a.jpg", true),
            ("file:/p/*.jpg", "file:/p/x/a.jpg", false),
            ("file:/p/**/a.jpg", "file:/p/x/y/a.jpg", true),
            ("file:/p/**/a.jpg", "file:/p/a.jpg", true),
            ("file:/p/?.jpg", "file:/p/ab.jpg", false),
            ("file:/p/[a-c].jpg", "file:/p/b.jpg", true),
            ("file:/p/A.jpg", "file:/p/a.jpg", false),
            (r"file:/p/\*.jpg", "file:/p/a.jpg", false),
            (r"file:/p/\*.jpg", "file:/p/*.jpg", true),
        ] {
            assert_eq!(glob(pattern).unwrap().is_match(text), names, "{pattern} {text}");
        }
        assert!(glob("file:/p/[a").is_err());
        let odd = "file:/p/{a}[b]*?!\\";
        assert!(glob(&escape_glob(odd)).unwrap().is_match(odd));
    }
}
