//! Who an API key belongs to.

use std::fmt;
use std::sync::Arc;

use ledger::{Exceeded, KeyRole, KeysDb};
use plan::Digest;
use subtle::ConstantTimeEq;

/// The owner of an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its name; it stands in the purge log.
    pub name: String,
    /// What it may be used for.
    pub roles: Vec<KeyRole>,
    /// Names of the sites it may purge; empty = all.
    pub sites: Vec<String>,
    /// Sources, or folders `source/folder` in them, that it may purge; empty = all.
    pub within: Vec<String>,
}

/// Tells valid API keys from others, in a time that says nothing of how close a wrong one came.
pub trait Keys: Send + Sync {
    /// The owner of a key; `None` if it is not valid.
    fn verify(&self, key: &str) -> Option<KeyInfo>;

    /// Counts a purge against what a key may ask for in a month.
    ///
    /// # Errors
    /// When that is used up.
    fn take(&self, name: &str) -> Result<(), Exceeded>;

    /// Where keys are made and revoked, if they can be.
    fn db(&self) -> Option<&KeysDb>;
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
            return Some(KeyInfo {
                name: "environment".to_owned(),
                roles: KeyRole::ALL.to_vec(),
                sites: Vec::new(),
                within: Vec::new(),
            });
        }
        let info = self.db.verify(key)?;
        Some(KeyInfo { name: info.name, roles: info.roles, sites: info.sites, within: info.reaches })
    }

    fn take(&self, name: &str) -> Result<(), Exceeded> {
        self.db.take(name, 1).map(|_| ())
    }

    fn db(&self) -> Option<&KeysDb> {
        Some(&self.db)
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
