//! Who an API key belongs to.

use std::fmt;
use std::sync::Arc;

use ledger::KeysDb;
use plan::Digest;
use subtle::ConstantTimeEq;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// To look at purges and the audit trail.
    Read,
    /// To purge, and to look at purges.
    Purge,
    /// All that, and to make and revoke keys.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 3] = [Role::Read, Role::Purge, Role::Admin];

    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Read => "read",
            Role::Purge => "purge",
            Role::Admin => "admin",
        }
    }

    /// The inverse of [`Role::name`].
    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// The owner of an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its name; it stands in the purge log.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Names of the sites it may purge; empty = all.
    pub sites: Vec<String>,
    /// Sources, or beginnings `source/path` in them, that it may purge; empty = all.
    pub within: Vec<String>,
    /// Purges that it may begin in a calendar month (UTC); `None` = any number.
    pub quota: Option<u64>,
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
            let name = "environment".to_owned();
            return Some(KeyInfo { name, role: Role::Admin, sites: Vec::new(), within: Vec::new(), quota: None });
        }
        self.db.verify(key).map(|info| KeyInfo {
            name: info.name,
            role: Role::Admin,
            sites: info.sites,
            within: Vec::new(),
            quota: None,
        })
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
