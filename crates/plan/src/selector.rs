use std::fmt;
use std::str::FromStr;

use crate::{ExactName, Location, MasterId, Tag};

/// What a purge names. Everything that matches is voided, whatever is cached at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// A master and every derivative made from it, however it took part.
    Master(MasterId),
    /// Every derivative that a master was put on, as overlay, mask or the like; its own derivatives stay.
    Dependency(MasterId),
    /// One derivative in every format, quality and hint.
    Exact(ExactName),
    /// Every master whose canonical text begins with this, and all their derivatives.
    Prefix(String),
    /// Every master whose whole canonical text matches this pattern: `?` one character and `*` any number, neither across
    /// a slash; `**` any number across slashes; `[a-z]` one of a class; `\` takes the next character as it is.
    Glob(String),
    /// Whatever bears a tag, everywhere or in one source.
    Tag(Tag, Option<Location>),
    /// Every master of a source, whichever source name led to it.
    Source(Location),
    /// Everything.
    All,
}

impl Selector {
    /// Stable lower-case name of the kind, for metrics and the purge log.
    pub const fn kind(&self) -> &'static str {
        match self {
            Selector::Master(_) => "master",
            Selector::Dependency(_) => "dependency",
            Selector::Exact(_) => "exact",
            Selector::Prefix(_) => "prefix",
            Selector::Glob(_) => "glob",
            Selector::Tag(..) => "tag",
            Selector::Source(_) => "source",
            Selector::All => "all",
        }
    }

    /// Whether the masters' bytes are void too, so that the next fill fetches them anew (rule S1). A built-in tag names how
    /// something was made, not what from.
    pub fn is_deep(&self) -> bool {
        !matches!(self, Selector::Tag(tag, _) if tag.kind().is_some())
    }
}

/// `kind:name`, as it stands in the purge log.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Selector::Master(id) | Selector::Dependency(id) => write!(f, "{kind}:{id}"),
            Selector::Exact(name) => write!(f, "{kind}:{name}"),
            Selector::Prefix(text) | Selector::Glob(text) => write!(f, "{kind}:{text}"),
            Selector::Tag(tag, None) => write!(f, "{kind}:{tag}"),
            Selector::Tag(tag, Some(location)) => write!(f, "{kind}:{tag} {}", location.as_str()),
            Selector::Source(location) => write!(f, "{kind}:{}", location.as_str()),
            Selector::All => f.write_str("all:"),
        }
    }
}

/// The text is no selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a purge selector: {0:?}")]
pub struct ParseSelectorError(pub String);

impl FromStr for Selector {
    type Err = ParseSelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || ParseSelectorError(text.to_owned());
        let (kind, name) = text.split_once(':').ok_or_else(bad)?;
        match kind {
            "master" => Ok(Selector::Master(MasterId::from_canonical(name))),
            "dependency" => Ok(Selector::Dependency(MasterId::from_canonical(name))),
            "exact" => ExactName::from_hex(name).map(Selector::Exact).ok_or_else(bad),
            "prefix" => Ok(Selector::Prefix(name.to_owned())),
            "glob" => Ok(Selector::Glob(name.to_owned())),
            "tag" => {
                let (tag, location) = match name.split_once(' ') {
                    Some((tag, location)) => (tag, Some(Location::new(location))),
                    None => (name, None),
                };
                Tag::parse(tag).map(|tag| Selector::Tag(tag, location)).ok_or_else(bad)
            }
            "source" => Ok(Selector::Source(Location::new(name))),
            "all" if name.is_empty() => Ok(Selector::All),
            _ => Err(bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TagKind;

    #[test]
    fn text_round_trips() {
        for selector in [
            Selector::Master(MasterId::from_canonical("//shop.example/a:b.jpg")),
            Selector::Dependency(MasterId::from_canonical("//shop.example/logo.png")),
            Selector::Exact(ExactName([7; 16])),
            Selector::Prefix("file:/p/x".into()),
            Selector::Glob("file:/p/*/[ab]?.jpg".into()),
            Selector::Tag(Tag::built_in(TagKind::Format, "webp"), None),
            Selector::Tag(Tag::built_in(TagKind::Preset, "a b"), Some(Location::new("file:/my photos"))),
            Selector::Source(Location::new("file:/p")),
            Selector::All,
        ] {
            assert_eq!(selector.to_string().parse(), Ok(selector));
        }
        for bad in ["", "master", "exact:zz", "all:x", "tag:", "tag:a,b", "kind:x"] {
            assert!(bad.parse::<Selector>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_built_in_tags_spare_the_masters() {
        let tag = |text: &str| Tag::parse(text).map(|tag| Selector::Tag(tag, None).is_deep());
        assert_eq!((tag("red"), tag("engine:1"), Selector::All.is_deep()), (Some(true), Some(false), true));
    }
}
