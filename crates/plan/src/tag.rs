use std::fmt;
use std::sync::Arc;

use crate::Location;

/// A word that pictures share and purges can name: given by a site's rules or by an origin's headers, or built in (see
/// [`TagKind`]). It has no white space, comma or control character, and at most [`Tag::LONGEST`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Arc<str>);

/// The built-in tags: facts of how a derivative was made. Nobody outside can give them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TagKind {
    /// The output's format: `format:webp`.
    Format,
    /// The named transformation that was used: `preset:thumb`.
    Preset,
    /// The status of a cached failure: `status:404`.
    Status,
    /// In whose language it was first asked for: `dialect:imgix`.
    Dialect,
    /// The version of decoders, stages and encoders: `engine:1`.
    Engine,
}

impl TagKind {
    /// Every kind.
    pub const ALL: [TagKind; 5] =
        [TagKind::Format, TagKind::Preset, TagKind::Status, TagKind::Dialect, TagKind::Engine];

    /// What stands before the colon.
    pub const fn name(self) -> &'static str {
        match self {
            TagKind::Format => "format",
            TagKind::Preset => "preset",
            TagKind::Status => "status",
            TagKind::Dialect => "dialect",
            TagKind::Engine => "engine",
        }
    }
}

impl Tag {
    /// Longest tag, in bytes.
    pub const LONGEST: usize = 256;

    /// A tag as a purge names it, built in or given. `None` if it is no tag.
    pub fn parse(text: &str) -> Option<Tag> {
        let bad = |c: char| c.is_whitespace() || c.is_control() || c == ',';
        (!text.is_empty() && text.len() <= Tag::LONGEST && !text.contains(bad)).then(|| Tag(text.into()))
    }

    /// A tag that an origin or a rule gives. `None` if it is no tag, or one of the built-in name spaces.
    pub fn given(text: &str) -> Option<Tag> {
        Tag::parse(text).filter(|tag| tag.kind().is_none())
    }

    /// A built-in tag; what a tag may not hold is replaced by `_`.
    pub fn built_in(kind: TagKind, value: &str) -> Tag {
        let bad = |c: char| c.is_whitespace() || c.is_control() || c == ',';
        let room = Tag::LONGEST - kind.name().len() - 1;
        let mut value: String = value.chars().map(|c| if bad(c) { '_' } else { c }).collect();
        while value.len() > room {
            value.pop();
        }
        Tag(format!("{}:{value}", kind.name()).into())
    }

    /// Which built-in kind it is; `None` for one that was given.
    pub fn kind(&self) -> Option<TagKind> {
        let (before, _) = self.0.split_once(':')?;
        TagKind::ALL.into_iter().find(|kind| kind.name() == before)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tag that some bytes bear, and whose master brought it along: a purge may name the tag everywhere or in one source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label {
    /// The tag.
    pub tag: Tag,
    /// Where the master lives.
    pub source: Location,
}

/// `tag location`, as it stands in the catalogue and in stored entries.
impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.tag, self.source.as_str())
    }
}

impl Label {
    /// The inverse of its text.
    pub fn parse(text: &str) -> Option<Label> {
        let (tag, source) = text.split_once(' ')?;
        Some(Label { tag: Tag::parse(tag)?, source: Location::new(source) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_names_cannot_be_given() {
        for kind in TagKind::ALL {
            let tag = Tag::built_in(kind, "a b,c");
            assert_eq!(tag.as_str(), format!("{}:a_b_c", kind.name()));
            assert_eq!((tag.kind(), Tag::given(tag.as_str())), (Some(kind), None));
            assert_eq!(Tag::parse(tag.as_str()), Some(tag));
            assert!(Tag::built_in(kind, &"é".repeat(300)).as_str().len() <= Tag::LONGEST);
        }
        for (text, given) in [("red", true), ("product:7", true), ("", false), ("a b", false), ("a,b", false)] {
            assert_eq!(Tag::given(text).is_some(), given, "{text:?}");
        }
        assert!(Tag::parse(&"a".repeat(Tag::LONGEST + 1)).is_none());
    }

    #[test]
    fn labels_come_back_also_where_the_location_has_spaces() {
        let red = Tag::parse("red");
        let label = red.map(|tag| Label { tag, source: Location::new("file:/my photos") });
        assert_eq!(label.as_ref().and_then(|l| Label::parse(&l.to_string())), label);
        assert!(label.is_some());
        assert_eq!(Label::parse("red"), None);
    }
}
