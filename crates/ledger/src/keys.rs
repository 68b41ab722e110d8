use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError, RwLock};

use blake3::Hash;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::error::{Fault, KeyError, OpenError};
use crate::folder::Folder;
use crate::sqlite::{Schema, lock, now_ms, open_writer, random};

const SCHEMA: Schema = Schema {
    application: 0x4149_6b79,
    steps: &["
        CREATE TABLE salt (one INTEGER PRIMARY KEY CHECK (one = 1), bytes BLOB NOT NULL CHECK (length(bytes) = 32)) STRICT;
        CREATE TABLE key (
            name TEXT PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
            created_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE key_site (name TEXT NOT NULL, site TEXT NOT NULL, PRIMARY KEY (name, site)) STRICT;
    "],
    synchronous: "FULL",
    writer_cache: 4096,
    // A revoked digest is overwritten, not only unlinked.
    secure_delete: true,
};

/// Who an API key belongs to, and where it may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its unique name; it stands in the purge log.
    pub name: String,
    /// The sites that it is bound to, sorted; empty means all of them.
    pub sites: Vec<String>,
    /// When it was stored, in milliseconds since the Unix epoch.
    pub created_at: u64,
}

/// The API keys, in `keys.db`, hashed.
///
/// Only BLAKE3 of a random salt and the key is stored. A fast hash is right for keys of high entropy, such as those that
/// [`KeysDb::create`] makes: there is nothing to guess. It would be wrong for passwords that people choose, so keys that are
/// brought along ([`KeysDb::add`]) should be random too.
pub struct KeysDb {
    /// Keeps the folder ours.
    _folder: Folder,
    writer: Mutex<Connection>,
    salt: [u8; 32],
    /// All keys by digest, so that checking one touches no disk.
    known: RwLock<HashMap<[u8; 32], KeyInfo>>,
}

/// Salt and digests stay out of logs.
impl fmt::Debug for KeysDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeysDb(..)")
    }
}

impl KeysDb {
    /// Opens the keys, making the file where there is none.
    ///
    /// # Errors
    /// When the file cannot be read or written, is not ours, or is damaged.
    pub fn open(folder: &Folder) -> Result<KeysDb, OpenError> {
        let path = folder.keys_db();
        let fail = |e| OpenError::store(&path, e);
        let writer = open_writer(&path, &SCHEMA)?;
        let stored = writer.query_row("SELECT bytes FROM salt", [], |row| row.get(0)).optional().map_err(fail)?;
        let known = load(&writer).map_err(fail)?;
        let salt = match stored {
            Some(salt) => salt,
            None if known.is_empty() => {
                let salt = random().map_err(OpenError::Random)?;
                writer.execute("INSERT INTO salt (one, bytes) VALUES (1, ?1)", [salt]).map_err(fail)?;
                salt
            }
            None => return Err(OpenError::Damaged { path, what: "its salt is missing" }),
        };
        Ok(KeysDb { _folder: folder.clone(), writer: Mutex::new(writer), salt, known: RwLock::new(known) })
    }

    /// Makes a key of 192 random bits, stores its hash, and gives it out: `ak_` and 48 hex digits. It cannot be read again.
    ///
    /// # Errors
    /// [`KeyError::NameTaken`], [`KeyError::Empty`], [`KeyError::Store`].
    pub fn create(&self, name: &str, sites: &[String]) -> Result<String, KeyError> {
        let bits: [u8; 24] = random().map_err(|e| KeyError::Store(e.to_string()))?;
        let key = bits.iter().fold("ak_".to_owned(), |key, byte| format!("{key}{byte:02x}"));
        let made = self.store(name, &key, sites, false)?;
        if made { Ok(key) } else { Err(KeyError::NameTaken(name.to_owned())) }
    }

    /// Stores a key that was brought along, bound to sites (none = all). The same key under the same name is stored again,
    /// with these sites, so this may be called at each start.
    ///
    /// # Errors
    /// [`KeyError::NameTaken`] by another key, [`KeyError::KeyTaken`] under another name, [`KeyError::Empty`],
    /// [`KeyError::Store`].
    pub fn add(&self, name: &str, key: &str, sites: &[String]) -> Result<(), KeyError> {
        self.store(name, key, sites, true).map(|_| ())
    }

    /// Who a key belongs to; `None` if it is not known (any more).
    ///
    /// The time that this takes says nothing of use: what is looked up is a digest under a secret salt, and the digests are
    /// then compared in constant time.
    pub fn verify(&self, key: &str) -> Option<KeyInfo> {
        let digest = self.digest(key);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (stored, info) = known.get_key_value(digest.as_bytes())?;
        // `Hash` compares in constant time.
        if Hash::from_bytes(*stored) == digest { Some(info.clone()) } else { None }
    }

    /// Every key's owner, by name.
    pub fn list(&self) -> Vec<KeyInfo> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<KeyInfo> = known.values().cloned().collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    }

    /// Forgets a key; answers whether there was one of this name. It is refused from now on, also after a crash.
    ///
    /// # Errors
    /// [`KeyError::Store`]; the key is then still valid.
    pub fn revoke(&self, name: &str) -> Result<bool, KeyError> {
        let mut connection = lock(&self.writer);
        let removed = self.changed(&mut connection, |tx| {
            tx.execute("DELETE FROM key_site WHERE name = ?1", [name])?;
            Ok(tx.execute("DELETE FROM key WHERE name = ?1", [name])?)
        })?;
        Ok(removed > 0)
    }

    /// Whether it was stored: `false` when it was there and `again` is not allowed.
    fn store(&self, name: &str, key: &str, sites: &[String], again: bool) -> Result<bool, KeyError> {
        if name.is_empty() || key.is_empty() {
            return Err(KeyError::Empty);
        }
        let digest = *self.digest(key).as_bytes();
        let mut connection = lock(&self.writer);
        // The writer's lock is held, so what is known cannot change in between.
        for (stored, info) in self.known.read().unwrap_or_else(PoisonError::into_inner).iter() {
            match (info.name == name, *stored == digest) {
                (true, true) if again => {}
                (true, true) => return Ok(false),
                (true, false) => return Err(KeyError::NameTaken(name.to_owned())),
                (false, true) => return Err(KeyError::KeyTaken(info.name.clone())),
                (false, false) => {}
            }
        }
        self.changed(&mut connection, |tx| {
            let now = i64::try_from(now_ms()).unwrap_or(i64::MAX);
            tx.execute(
                "INSERT OR IGNORE INTO key (name, digest, created_at) VALUES (?1, ?2, ?3)",
                params![name, digest, now],
            )?;
            tx.execute("DELETE FROM key_site WHERE name = ?1", [name])?;
            for site in sites {
                tx.execute("INSERT OR IGNORE INTO key_site (name, site) VALUES (?1, ?2)", [name, site])?;
            }
            Ok(())
        })?;
        Ok(true)
    }

    /// Commits a change, then shows it to [`KeysDb::verify`].
    fn changed<T>(
        &self,
        connection: &mut Connection,
        change: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, KeyError> {
        let run = || -> Result<(T, HashMap<[u8; 32], KeyInfo>), Fault> {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = change(&tx)?;
            let known = load(&tx)?;
            tx.commit()?;
            Ok((answer, known))
        };
        let (answer, known) = run()?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(answer)
    }

    fn digest(&self, key: &str) -> Hash {
        blake3::keyed_hash(&self.salt, key.as_bytes())
    }
}

fn load(connection: &Connection) -> rusqlite::Result<HashMap<[u8; 32], KeyInfo>> {
    let mut sites: HashMap<String, Vec<String>> = HashMap::new();
    let mut select = connection.prepare("SELECT name, site FROM key_site ORDER BY name, site")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        sites.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    let mut select = connection.prepare("SELECT digest, name, created_at FROM key")?;
    let keys = select.query_map([], |row| {
        let name: String = row.get(1)?;
        let created_at = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
        let sites = sites.remove(&name).unwrap_or_default();
        Ok((row.get(0)?, KeyInfo { name, sites, created_at }))
    })?;
    keys.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn keys_are_verified_until_revoked() {
        let temp = tempfile::tempdir().unwrap();
        let sites = ["b".to_owned(), "a".to_owned()];
        let (made, brought) = {
            let folder = Folder::open(temp.path()).unwrap();
            let keys = KeysDb::open(&folder).unwrap();
            let made = keys.create("made", &sites).unwrap();
            assert_eq!(made.len(), 51);
            assert!(made.starts_with("ak_") && made[3..].bytes().all(|b| b.is_ascii_hexdigit()));
            assert_ne!(keys.create("other", &[]).unwrap(), made);
            keys.add("brought", "private_x", &[]).unwrap();
            (made, "private_x")
        };
        let folder = Folder::open(temp.path()).unwrap();
        let keys = KeysDb::open(&folder).unwrap();
        let info = keys.verify(&made).unwrap();
        assert_eq!((info.name.as_str(), info.sites), ("made", vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(keys.verify(brought).unwrap().sites, Vec::<String>::new());
        for wrong in ["", "private_", "private_x ", "PRIVATE_X", "ak_"] {
            assert_eq!(keys.verify(wrong), None, "{wrong:?}");
        }
        assert_eq!(keys.list().iter().map(|k| k.name.as_str()).collect::<Vec<_>>(), ["brought", "made", "other"]);
        assert!(keys.revoke("made").unwrap());
        assert!(!keys.revoke("made").unwrap());
        assert_eq!(keys.verify(&made), None);
        drop(keys);
        assert_eq!(KeysDb::open(&folder).unwrap().verify(&made), None);
    }

    #[test]
    fn names_and_keys_are_unique() {
        let temp = tempfile::tempdir().unwrap();
        let keys = KeysDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
        keys.add("first", "k1", &["x".to_owned()]).unwrap();
        keys.add("first", "k1", &["y".to_owned()]).unwrap();
        assert_eq!(keys.verify("k1").unwrap().sites, ["y"], "the same key again takes the new sites");
        assert_eq!(keys.add("first", "k2", &[]), Err(KeyError::NameTaken("first".into())));
        assert_eq!(keys.add("second", "k1", &[]), Err(KeyError::KeyTaken("first".into())));
        assert_eq!(keys.create("first", &[]), Err(KeyError::NameTaken("first".into())));
        assert_eq!(keys.add("", "k3", &[]), Err(KeyError::Empty));
        assert_eq!(keys.add("third", "", &[]), Err(KeyError::Empty));
        assert_eq!(keys.list().len(), 1);
    }

    #[test]
    fn the_file_holds_no_key_and_two_files_differ() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = "a-key-that-nobody-may-read";
        let digests = [&one, &two].map(|temp| {
            let folder = Folder::open(temp.path()).unwrap();
            let keys = KeysDb::open(&folder).unwrap();
            keys.add("k", secret, &[]).unwrap();
            let digest = *keys.digest(secret).as_bytes();
            drop(keys);
            let bytes = std::fs::read(folder.keys_db()).unwrap();
            let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
            assert!(holds(&digest) && !holds(secret.as_bytes()));
            digest
        });
        assert_ne!(digests[0], digests[1]);
    }
}
