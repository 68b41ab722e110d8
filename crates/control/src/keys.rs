//! Who an API key belongs to.

use std::fmt;
use std::sync::Arc;

use ledger::KeysDb;
use plan::Digest;
use subtle::ConstantTimeEq;

/// The owner of an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its name; it stands in the purge log.
    pub name: String,
    /// Names of the sites it may purge; empty = all.
    pub sites: Vec<String>,
}

/// Tells valid API keys from others, in a time that says nothing of how close a wrong one came.
pub trait Keys: Send + Sync {
    /// The owner of a key; `None` if it is not valid.
    fn verify(&self, key: &str) -> Option<KeyInfo>;
}

/// The ledger's keys, and one from the process's environment.
pub struct KeyRing {
    /// Keys that were made or stored.
    pub db: Arc<KeysDb>,
    /// A key for every site that lives as long as the process. An empty one never matches.
    pub environment: Option<String>,
}

impl Keys for KeyRing {
    fn verify(&self, key: &str) -> Option<KeyInfo> {
        let environment = self.environment.as_deref().filter(|k| !k.is_empty()).is_some_and(|k| same(k, key));
        if environment {
            return Some(KeyInfo { name: "environment".to_owned(), sites: Vec::new() });
        }
        self.db.verify(key).map(|info| KeyInfo { name: info.name, sites: info.sites })
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing(..)")
    }
}

/// Compares hashes, so that not even the length shows.
fn same(a: &str, b: &str) -> bool {
    Digest::of(a.as_bytes()).0.ct_eq(&Digest::of(b.as_bytes()).0).into()
}
