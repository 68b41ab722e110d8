use std::fmt;
use std::sync::Arc;

/// Where a source's masters live, without scheme: `file:/srv/photos/` or `//shop.example/media/`. It ends in `/`.
/// Two sources over one location share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location(Arc<str>);

impl Location {
    /// Adds the final slash where it is missing.
    pub fn new(text: &str) -> Self {
        if text.ends_with('/') { Location(text.into()) } else { Location(format!("{text}/").into()) }
    }

    /// The text, with its final slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identity of the master at `path` (decoded, no leading slash) below this location.
    pub fn master(&self, path: &str) -> MasterId {
        MasterId(format!("{}{path}", self.0).into())
    }
}

/// The identity of an original picture: its canonical location, whatever alias, prefix, source or dialect named it.
///
/// The text is the source's [`Location`] followed by the exact decoded key; case is kept, so `Foo.jpg` and `foo.jpg` are
/// two masters. Sources make it with their `canonical` function, for delivery and for purging alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MasterId(Arc<str>);

impl MasterId {
    /// From canonical text, as [`MasterId::as_str`] gives it.
    pub fn from_canonical(text: &str) -> Self {
        MasterId(text.into())
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MasterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A master together with the query that is forwarded to its origin. Fetches, the cache of masters and derivative keys use
/// it; purges name the [`MasterId`] and so take every query.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MasterRef {
    /// Which picture.
    pub id: MasterId,
    /// The forwarded query without `?`, pairs sorted; empty for none.
    pub query: Arc<str>,
}

impl MasterRef {
    /// A master without a query.
    pub fn plain(id: MasterId) -> Self {
        MasterRef { id, query: "".into() }
    }
}

impl fmt::Display for MasterRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.query.is_empty() { self.id.fmt(f) } else { write!(f, "{}?{}", self.id, self.query) }
    }
}

/// Which picture a URL names, before a site's sources say which master that is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Asset {
    /// A key in the site's sources: percent-decoded once, no leading slash.
    Path(String),
    /// An absolute `http` or `https` URL, as it will be requested.
    Url(String),
}
