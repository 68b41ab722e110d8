//! Sources: where masters live, how they are named and how they are read.
//!
//! A [`Source`] turns a path or an absolute URL into the one [`MasterId`] of a picture ([`Source::canonical`],
//! [`Source::canonical_url`]) and reads the picture's bytes ([`Source::fetch`]). It keeps nothing: no cache, no stamps. What
//! it learns late, such as redirect hops, symlink targets and the origin's tags, travels with the bytes.

mod error;
mod gate;
mod headers;
mod http;
mod local;
mod path;
mod url_id;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use plan::{Location, MasterId, MasterRef};
use url::Url;

pub use error::{BadPath, FetchError, OpenError};
pub use http::{Forward, Forwarded, ProxySettings};

/// A folder of masters.
#[derive(Debug, Clone)]
pub struct LocalSettings {
    /// The folder. It is resolved once, when the source is opened.
    pub root: PathBuf,
    /// Folders from which nothing is served even where they lie below the root, such as the data folder. They are
    /// compared with the resolved path of a master.
    pub refused: Vec<PathBuf>,
    /// The largest master in bytes.
    pub max_bytes: u64,
}

impl LocalSettings {
    /// A folder with nothing refused and masters of up to 100 MiB.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        LocalSettings { root: root.into(), refused: Vec::new(), max_bytes: 100 << 20 }
    }
}

/// Masters behind HTTP.
#[derive(Clone)]
pub struct HttpSettings {
    /// The address masters live under; http or https, without user, query or fragment.
    pub base: Url,
    /// Whether private, loopback and carrier-grade NAT addresses may be reached. Link-local addresses, cloud metadata
    /// services, multicast and reserved ranges stay refused.
    pub allow_private: bool,
    /// Longest time to connect, name resolution included.
    pub connect_timeout: Duration,
    /// Longest silence while reading.
    pub read_timeout: Duration,
    /// Longest time for a whole fetch, redirects and body included.
    pub total_timeout: Duration,
    /// The largest master in bytes.
    pub max_bytes: u64,
    /// How many redirects are followed.
    pub max_redirects: u8,
    /// Whether requests say `Cache-Control: no-cache`, so that no cache between here and the origin answers.
    pub no_cache: bool,
    /// The `User-Agent`.
    pub user_agent: String,
    /// Further request headers, such as credentials. They go to the base's own host only, never to where it redirects.
    pub headers: Vec<(String, String)>,
    /// Whether its `Cache-Group-Invalidation` (RFC 9875) is obeyed.
    pub invalidation: bool,
}

impl HttpSettings {
    /// The defaults for a base: public addresses only, 3 redirects, 100 MiB, 5 s to connect, 15 s of silence, 60 s in all.
    pub fn new(base: Url) -> Self {
        HttpSettings {
            base,
            allow_private: false,
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(15),
            total_timeout: Duration::from_secs(60),
            max_bytes: 100 << 20,
            max_redirects: 3,
            no_cache: true,
            user_agent: concat!("Afterimage/", env!("CARGO_PKG_VERSION")).to_owned(),
            headers: Vec::new(),
            invalidation: false,
        }
    }
}

/// Header values may be credentials, so only their names are shown.
impl std::fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpSettings")
            .field("base", &self.base.as_str())
            .field("allow_private", &self.allow_private)
            .field("connect_timeout", &self.connect_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("total_timeout", &self.total_timeout)
            .field("max_bytes", &self.max_bytes)
            .field("max_redirects", &self.max_redirects)
            .field("no_cache", &self.no_cache)
            .field("user_agent", &self.user_agent)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("invalidation", &self.invalidation)
            .finish()
    }
}

/// What was kept of an earlier answer of the origin, to ask whether it still holds. Never sent after a hard purge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The `ETag`, quotes and all.
    pub etag: Option<String>,
    /// The `Last-Modified`, as the origin wrote it.
    pub last_modified: Option<String>,
}

/// What a fetch brought.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// The validators still hold. Only an HTTP source says so.
    NotModified(Box<Renewal>),
    /// The master.
    Body(Box<Body>),
}

/// What an origin says anew of bytes that are still good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// As [`Body::storable`].
    pub storable: Storable,
    /// As [`Body::max_age`]; `None` = what was said before holds.
    pub max_age: Option<Duration>,
    /// As [`Body::browser_max_age`].
    pub browser_max_age: Option<Duration>,
    /// As [`Body::varies`].
    pub varies: bool,
    /// As [`Body::names`]: they come to those that it had.
    pub names: Vec<MasterId>,
    /// As [`Body::tags`]: they come to those that it had.
    pub tags: Vec<String>,
}

/// Whether the bytes of a master, and what is made from them, may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storable {
    /// In every tier.
    Yes,
    /// In memory only: the origin said `no-store` or `private`.
    MemoryOnly,
    /// Not at all: the file kept changing while it was read, so the bytes may be torn.
    No,
}

/// Files of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// In the order of their paths' bytes.
    pub files: Vec<ListedFile>,
    /// Behind which path to go on; `None` at the end.
    pub next: Option<String>,
}

/// A file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// Below the folder, without leading slash.
    pub path: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// When it was last modified, in seconds since the Unix epoch.
    pub modified: u64,
}

/// The bytes of a master and what the origin said about them.
#[derive(Debug, Clone)]
pub struct Body {
    /// The whole master.
    pub bytes: Bytes,
    /// The origin's `Content-Type`. A hint: formats are sniffed.
    pub content_type: Option<String>,
    /// The origin's `ETag`, quotes and all.
    pub etag: Option<String>,
    /// When the master was last modified: `Last-Modified`, or the file's time.
    pub last_modified: Option<SystemTime>,
    /// Whether it may be kept.
    pub storable: Storable,
    /// How much longer the origin calls it fresh: `s-maxage`, else `max-age`, else `Expires` less `Date`; less `Age`. Zero
    /// for `no-cache`.
    pub max_age: Option<Duration>,
    /// The same for caches of one user, which pass over `s-maxage`.
    pub browser_max_age: Option<Duration>,
    /// Whether the origin answers differently by request headers other than `Accept-Encoding`, which is always the same here
    /// (`Vary`, RFC 9111 section 4.1).
    pub varies: bool,
    /// `Content-Language` and `Content-Disposition`, as received, by lower-case name.
    pub described: Vec<(&'static str, String)>,
    /// Further identities of this master that were learnt while it was fetched: the target of a symlink, each redirect hop
    /// (whichever host it is on). A purge of any of them takes this master too.
    pub names: Vec<MasterId>,
    /// The origin's tags, from `Surrogate-Key`, `Cache-Tag` and `xkey`: at most 64 of them, 8 kB in all.
    pub tags: Vec<String>,
}

impl Body {
    /// What to ask the origin with when it is asked again; `None` where it gave nothing to ask with.
    pub fn validators(&self) -> Option<Validators> {
        let last_modified = self.last_modified.map(httpdate::fmt_http_date);
        (self.etag.is_some() || last_modified.is_some()).then(|| Validators { etag: self.etag.clone(), last_modified })
    }
}

/// A named place where masters live. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    location: Location,
    kind: Kind,
}

enum Kind {
    Local(local::Folder),
    Http(http::Web),
    Proxy(http::Proxy),
}

impl Source {
    /// A folder. Its location is `file:` and the resolved root.
    ///
    /// # Errors
    /// When the root is no readable folder, or its path is not UTF-8.
    pub fn local(name: &str, settings: LocalSettings) -> Result<Source, OpenError> {
        let folder = local::Folder::open(settings)?;
        Ok(Source::new(name, folder.location()?, Kind::Local(folder)))
    }

    /// A base URL. Its location is `//host/path/`, with the port where it is not the scheme's own. Installs the TLS
    /// provider if the process has none.
    ///
    /// # Errors
    /// When the base is not a plain http(s) address, a header is malformed, or the TLS client cannot be made.
    pub fn http(name: &str, settings: HttpSettings) -> Result<Source, OpenError> {
        let gate = gate::Gate::new(settings.allow_private);
        Source::http_behind(name, settings, gate)
    }

    /// Any address on some hosts. Its location is `//`, below which all web masters are named. Installs the TLS provider if
    /// the process has none.
    ///
    /// # Errors
    /// When the TLS client cannot be made.
    pub fn proxy(name: &str, settings: ProxySettings) -> Result<Source, OpenError> {
        let gate = gate::Gate::new(settings.http.allow_private);
        let (proxy, location) = http::Proxy::open(settings, gate)?;
        Ok(Source::new(name, location, Kind::Proxy(proxy)))
    }

    fn http_behind(name: &str, settings: HttpSettings, gate: gate::Gate) -> Result<Source, OpenError> {
        let (web, location) = http::Web::open(settings, gate)?;
        Ok(Source::new(name, location, Kind::Http(web)))
    }

    fn new(name: &str, location: Location, kind: Kind) -> Source {
        Source { inner: Arc::new(Inner { name: name.to_owned(), location, kind }) }
    }

    /// The name it was given in the configuration.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Where its masters live; shared by all sources over the same place.
    pub fn location(&self) -> &Location {
        &self.inner.location
    }

    /// Whether a query is part of what it is asked: web sources say yes, folders no.
    pub fn takes_query(&self) -> bool {
        matches!(self.inner.kind, Kind::Http(_) | Kind::Proxy(_))
    }

    /// Whether it is for any address on its hosts, under which other sources may lie.
    pub fn is_proxy(&self) -> bool {
        matches!(self.inner.kind, Kind::Proxy(_))
    }

    /// The address under which a web source's masters lie; `None` for a folder and a proxy. It holds no credentials.
    pub fn base(&self) -> Option<&str> {
        match &self.inner.kind {
            Kind::Local(_) | Kind::Proxy(_) => None,
            Kind::Http(web) => Some(web.base()),
        }
    }

    /// The identity of the master at a path: percent-decoded once, no leading slash. Purely lexical.
    ///
    /// Segments `.` are dropped; case is kept. A folder collapses repeated slashes, a web source keeps them, as origins
    /// tell them apart. A path of a proxy begins with a host.
    ///
    /// # Errors
    /// When the path is empty or too long, or has a segment `..`, a dot-file, a NUL or a backslash.
    pub fn canonical(&self, path: &str) -> Result<MasterId, BadPath> {
        let canonical = match &self.inner.kind {
            Kind::Local(_) => path::canonical(path, path::Slashes::Collapse),
            Kind::Http(_) => path::canonical(path, path::Slashes::Keep),
            Kind::Proxy(proxy) => proxy.canonical(path),
        };
        Ok(self.location().master(&canonical?))
    }

    /// The identity of the master that an absolute URL names, if it lies under this web source's base. Scheme, default
    /// port and host case are folded; a query or fragment is ignored.
    pub fn canonical_url(&self, url: &str) -> Option<MasterId> {
        self.split_url(url).map(|(id, _)| id)
    }

    /// As [`Source::canonical_url`], with the URL's query (without `?`; empty for none).
    pub fn split_url(&self, url: &str) -> Option<(MasterId, String)> {
        if let Kind::Local(_) = self.inner.kind {
            return None;
        }
        let named = url_id::read(url)?;
        let path = named.id.strip_prefix(self.location().as_str())?;
        Some((self.canonical(path).ok()?, named.query))
    }

    /// Other identities of a master that its source knows without fetching it: for a folder, what its symlinks resolve
    /// to. A purge names them too. Blocks on file I/O.
    pub fn aliases(&self, id: &MasterId) -> Vec<MasterId> {
        match (&self.inner.kind, self.path_of(id)) {
            (Kind::Local(folder), Ok(path)) => folder
                .resolved(path)
                .map(|real| self.location().master(&real))
                .filter(|real| real != id)
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Up to `limit` files of a folder behind a path, in order, in whose path a text stands regardless of case (empty = any);
    /// `None` for what is no folder. What the source would not serve is left out. Blocks on file I/O.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self, after: &str, limit: usize, search: &str) -> Result<Option<Listing>, FetchError> {
        match &self.inner.kind {
            Kind::Local(folder) => folder.list(after, limit, search).map(Some),
            Kind::Http(_) | Kind::Proxy(_) => Ok(None),
        }
    }

    /// Reads a master. Must run on a tokio runtime with I/O and time; files are read on its blocking threads.
    ///
    /// # Errors
    /// See [`FetchError`]; [`FetchError::BadPath`] where the id is not one of this source's.
    pub async fn fetch(&self, master: &MasterRef, validators: Option<&Validators>) -> Result<Fetched, FetchError> {
        let path = self.path_of(&master.id)?;
        match &self.inner.kind {
            Kind::Local(_) => {
                let (source, path) = (self.clone(), path.to_owned());
                let read = tokio::task::spawn_blocking(move || source.read_file(&path));
                read.await.map_err(|lost| FetchError::Io(lost.to_string()))?
            }
            Kind::Http(web) => web.fetch(path, &master.query, validators).await,
            Kind::Proxy(proxy) => proxy.fetch(path, &master.query, validators).await,
        }
    }

    /// Passes a request on and brings the answer, whatever its status. Redirects are not followed. Only for web sources.
    ///
    /// # Errors
    /// As [`Source::fetch`]; then it is not known whether the origin carried it out, unless the address was refused.
    pub async fn forward(&self, master: &MasterRef, request: Forward) -> Result<Forwarded, FetchError> {
        let path = self.path_of(&master.id)?;
        match &self.inner.kind {
            Kind::Local(_) | Kind::Proxy(_) => Err(FetchError::BadPath),
            Kind::Http(web) => web.forward(path, &master.query, request).await,
        }
    }

    /// Whether this source's `Cache-Group-Invalidation` is obeyed.
    pub fn invalidates(&self) -> bool {
        matches!(&self.inner.kind, Kind::Http(web) if web.invalidates())
    }

    fn read_file(&self, path: &str) -> Result<Fetched, FetchError> {
        let Kind::Local(folder) = &self.inner.kind else { return Err(FetchError::BadPath) };
        let file = folder.read(path)?;
        let names = file.real.filter(|real| real != path).map(|real| self.location().master(&real));
        Ok(Fetched::Body(Box::new(Body {
            bytes: file.bytes,
            content_type: None,
            etag: None,
            last_modified: file.modified,
            storable: if file.stable { Storable::Yes } else { Storable::No },
            max_age: None,
            browser_max_age: None,
            varies: false,
            described: Vec::new(),
            names: names.into_iter().collect(),
            tags: Vec::new(),
        })))
    }

    /// The path below this source of an id, which may have been read from anywhere: so it must be canonical.
    fn path_of<'a>(&self, id: &'a MasterId) -> Result<&'a str, FetchError> {
        let path = id.as_str().strip_prefix(self.location().as_str()).ok_or(FetchError::BadPath)?;
        match self.canonical(path) {
            Ok(canonical) if canonical == *id => Ok(path),
            _ => Err(FetchError::BadPath),
        }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("name", &self.name()).field("location", &self.location().as_str()).finish()
    }
}

/// Makes ring the TLS provider of the process unless one is set already. May be called any number of times.
pub fn install_crypto() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing the race to another thread is as good as winning it.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests;
