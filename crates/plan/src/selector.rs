use std::fmt;
use std::str::FromStr;

use crate::{ExactName, Location, MasterId};

/// What a purge names. Everything that matches is voided, whatever is cached at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// A master and every derivative made from it, however it took part.
    Master(MasterId),
    /// One derivative in every format, quality and hint.
    Exact(ExactName),
    /// Every master whose canonical text begins with this, and all their derivatives.
    Prefix(String),
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
            Selector::Exact(_) => "exact",
            Selector::Prefix(_) => "prefix",
            Selector::Source(_) => "source",
            Selector::All => "all",
        }
    }
}

/// `kind:name`, as it stands in the purge log.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Selector::Master(id) => write!(f, "{kind}:{id}"),
            Selector::Exact(name) => write!(f, "{kind}:{name}"),
            Selector::Prefix(text) => write!(f, "{kind}:{text}"),
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
            "exact" => ExactName::from_hex(name).map(Selector::Exact).ok_or_else(bad),
            "prefix" => Ok(Selector::Prefix(name.to_owned())),
            "source" => Ok(Selector::Source(Location::new(name))),
            "all" if name.is_empty() => Ok(Selector::All),
            _ => Err(bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        for selector in [
            Selector::Master(MasterId::from_canonical("//shop.example/a:b.jpg")),
            Selector::Exact(ExactName([7; 16])),
            Selector::Prefix("file:/p/x".into()),
            Selector::Source(Location::new("file:/p")),
            Selector::All,
        ] {
            assert_eq!(selector.to_string().parse(), Ok(selector));
        }
        for bad in ["", "master", "exact:zz", "all:x", "tag:x"] {
            assert!(bad.parse::<Selector>().is_err(), "{bad}");
        }
    }
}
