//! All certificates of a server, and which one a client is shown.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::pair::{Pair, PairError, ReadPair, Validity};

/// The certificates of a server. A client is shown the one for the name that it asks for: the exact name first, then the
/// pattern for it; without a name, or with one that nobody has, the first.
pub struct Certificates {
    provider: Arc<CryptoProvider>,
    held: Mutex<Vec<Held>>,
    shown: RwLock<Arc<Shown>>,
}

/// What a look at the files found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refreshed {
    /// Pairs that were read anew.
    pub renewed: usize,
    /// Pairs that have changed and cannot be used: the former ones go on.
    pub failed: usize,
}

/// A certificate that ends soon, or has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Its file.
    pub file: PathBuf,
    /// The names that it is shown for.
    pub names: Vec<String>,
    /// When it ends.
    pub ends: SystemTime,
}

/// A pair as it was last read.
struct Held {
    pair: Pair,
    state: State,
    key: Arc<CertifiedKey>,
    names: Vec<String>,
    validity: Option<Validity>,
    /// What was last complained about.
    complaint: String,
}

/// What the file system says of the two files, links followed; `None` for one that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    cert: Option<FileState>,
    key: Option<FileState>,
}

/// Two of them differ when it is another file, or was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileState {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Seconds and nanoseconds.
    changed: (i64, i64),
}

/// Certificates by name. Those of one name differ in their kind of key.
#[derive(Default)]
struct Shown {
    exact: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// By what follows `*.`.
    patterns: HashMap<String, Vec<Arc<CertifiedKey>>>,
    first: Vec<Arc<CertifiedKey>>,
}

impl Certificates {
    /// Reads all pairs.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub fn open(pairs: &[Pair]) -> Result<Certificates, PairError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let hold = |pair: &Pair| {
            // Asked first: what changes while it is read is then read again.
            let state = State::of(pair);
            let ReadPair { key, names, validity } = pair.read(&provider)?;
            let key = Arc::new(key);
            Ok(Held { pair: pair.clone(), state, key, names, validity, complaint: String::new() })
        };
        let held = pairs.iter().map(hold).collect::<Result<Vec<_>, PairError>>()?;
        let shown = RwLock::new(Arc::new(Shown::of(&held)));
        Ok(Certificates { provider, held: Mutex::new(held), shown })
    }

    /// Reads anew the pairs whose files have changed; with `all`, every one. Handshakes that begin later are shown the new
    /// certificates, and connections that are open go on. A pair that cannot be used any more keeps its former certificate
    /// and is tried again at the next call, since a renewal may be caught between its two files; that is logged once.
    pub fn refresh(&self, all: bool) -> Refreshed {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Refreshed::default();
        for one in held.iter_mut() {
            let state = State::of(&one.pair);
            if state == one.state && !all {
                continue;
            }
            let file = one.pair.cert_file.display();
            match one.pair.read(&self.provider) {
                Ok(read) => {
                    tracing::info!(%file, names = read.names.join(", "), "certificate read anew");
                    (one.state, one.key, one.names) = (state, Arc::new(read.key), read.names);
                    one.validity = read.validity;
                    one.complaint.clear();
                    found.renewed += 1;
                }
                Err(error) => {
                    found.failed += 1;
                    let complaint = error.to_string();
                    if one.complaint != complaint {
                        tracing::error!(%file, %error, "the certificate has changed and cannot be used; the former one goes on");
                        one.complaint = complaint;
                    }
                }
            }
        }
        if found.renewed > 0 {
            *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Shown::of(&held));
        }
        found
    }

    /// Those that end within some time of `now`, or have ended.
    pub fn ending(&self, within: Duration, now: SystemTime) -> Vec<Ending> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let ending = held.iter().filter_map(|one| {
            let ends = one.validity?.ends;
            (ends <= now + within).then(|| Ending { file: one.pair.cert_file.clone(), names: one.names.clone(), ends })
        });
        ending.collect()
    }

    /// The names that there are certificates for.
    pub fn names(&self) -> Vec<String> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().flat_map(|one| one.names.iter().cloned()).collect()
    }

    pub(crate) fn provider(&self) -> Arc<CryptoProvider> {
        self.provider.clone()
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Certificates").field(&self.names()).finish()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner).clone();
        let list = shown.of_name(hello.server_name());
        let fits = list.iter().find(|key| key.key.choose_scheme(hello.signature_schemes()).is_some());
        fits.or(list.first()).cloned()
    }
}

impl Shown {
    fn of(held: &[Held]) -> Shown {
        let mut shown =
            Shown { first: held.first().map(|one| one.key.clone()).into_iter().collect(), ..Shown::default() };
        for one in held {
            for name in &one.names {
                let list = match name.strip_prefix("*.") {
                    Some(rest) => shown.patterns.entry(rest.to_owned()),
                    None => shown.exact.entry(name.clone()),
                };
                list.or_default().push(one.key.clone());
            }
        }
        shown
    }

    fn of_name(&self, name: Option<&str>) -> &[Arc<CertifiedKey>] {
        let Some(name) = name.map(str::to_ascii_lowercase) else { return &self.first };
        let pattern = || self.patterns.get(name.split_once('.')?.1);
        self.exact.get(&name).or_else(pattern).unwrap_or(&self.first)
    }
}

impl State {
    fn of(pair: &Pair) -> State {
        let of = |file: &Path| {
            let found = std::fs::metadata(file).ok()?;
            Some(FileState {
                device: found.dev(),
                inode: found.ino(),
                bytes: found.size(),
                changed: (found.mtime(), found.mtime_nsec()),
            })
        };
        State { cert: of(&pair.cert_file), key: of(&pair.key_file) }
    }
}
