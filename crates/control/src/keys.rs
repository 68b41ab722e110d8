//! Who an API key belongs to.

use std::fmt;
use std::sync::Arc;

use ledger::{Exceeded, KeyMark, KeyRole, KeysDb};
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

    /// What a key is known again by, whether it is valid or not.
    fn mark(&self, key: &str) -> Mark;

    /// The owner of a key that was marked; `None` if that is not valid, or not any more.
    fn verify_mark(&self, mark: &Mark) -> Option<KeyInfo>;

    /// Counts a purge against what a key may ask for in a month.
    ///
    /// # Errors
    /// When that is used up.
    fn take(&self, name: &str) -> Result<(), Exceeded>;

    /// Where keys are made and revoked, if they can be.
    fn db(&self) -> Option<&KeysDb>;
}

/// What stands for a key, and cannot be turned back into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    ledger: KeyMark,
    hash: Digest,
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
        self.verify_mark(&self.mark(key))
    }

    fn mark(&self, key: &str) -> Mark {
        Mark { ledger: self.db.mark(key), hash: Digest::of(key.as_bytes()) }
    }

    fn verify_mark(&self, mark: &Mark) -> Option<KeyInfo> {
        if self.is_environment(&mark.hash) {
            return Some(KeyInfo {
                name: "environment".to_owned(),
                roles: KeyRole::ALL.to_vec(),
                sites: Vec::new(),
                within: Vec::new(),
            });
        }
        let info = self.db.verify_mark(&mark.ledger)?;
        Some(KeyInfo { name: info.name, roles: info.roles, sites: info.sites, within: info.reaches })
    }

    fn take(&self, name: &str) -> Result<(), Exceeded> {
        self.db.take(name, 1).map(|_| ())
    }

    fn db(&self) -> Option<&KeysDb> {
        Some(&self.db)
    }
}

impl KeyRing {
    /// Compares hashes, so that not even the length shows.
    fn is_environment(&self, hash: &Digest) -> bool {
        let key = self.environment.as_deref().filter(|key| !key.is_empty());
        key.is_some_and(|key| Digest::of(key.as_bytes()).0.ct_eq(&hash.0).into())
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing(..)")
    }
}
