use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use blake3::Hash;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::error::{Fault, KeyError, OpenError, from_sql, to_sql};
use crate::folder::Folder;
use crate::sqlite::{Schema, lock, now_ms, open_writer, random};

mod quota;
mod scope;

use quota::Counts;
pub use quota::Exceeded;
pub use scope::{KeyRole, Scope};

const SCHEMA: Schema = Schema {
    application: 0x4149_6b79,
    steps: &[
        "
        CREATE TABLE salt (one INTEGER PRIMARY KEY CHECK (one = 1), bytes BLOB NOT NULL CHECK (length(bytes) = 32)) STRICT;
        CREATE TABLE key (
            name TEXT PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
            created_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE key_site (name TEXT NOT NULL, site TEXT NOT NULL, PRIMARY KEY (name, site)) STRICT;
    ",
        // Keys from before may do everything.
        "
        ALTER TABLE key ADD COLUMN roles TEXT NOT NULL DEFAULT 'admin purge read';
        ALTER TABLE key ADD COLUMN expires_at INTEGER;
        ALTER TABLE key ADD COLUMN monthly INTEGER;
        ALTER TABLE key ADD COLUMN last_used INTEGER;
        CREATE TABLE key_reach (name TEXT NOT NULL, reach TEXT NOT NULL, PRIMARY KEY (name, reach)) STRICT;
        CREATE TABLE key_old (
            digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
            name TEXT NOT NULL,
            until INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE quota (
            name TEXT NOT NULL,
            month INTEGER NOT NULL,
            used INTEGER NOT NULL,
            PRIMARY KEY (name, month)
        ) STRICT;
    "],
    synchronous: "FULL",
    writer_cache: 4096,
    // A revoked digest is overwritten, not only unlinked.
    secure_delete: true,
};

/// Who an API key belongs to, and what it may do where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its unique name; it stands in the purge log.
    pub name: String,
    /// What it may be used for, sorted.
    pub roles: Vec<KeyRole>,
    /// The sites that it is bound to, sorted; empty means all of them.
    pub sites: Vec<String>,
    /// The sources and folders that it is bound to, sorted ([`Scope::reaches`]); empty means all of them.
    pub reaches: Vec<String>,
    /// When it was stored, in milliseconds since the Unix epoch.
    pub created_at: u64,
    /// When it ends, in the same; `None` = when it is revoked.
    pub expires_at: Option<u64>,
    /// How many purges it may ask for in a calendar month (UTC); `None` = any number.
    pub monthly: Option<u64>,
    /// When it was last found valid, in milliseconds since the Unix epoch; a crash may cost the last minute.
    pub last_used: Option<u64>,
}

impl KeyInfo {
    /// Whether it may be used for this.
    pub fn may(&self, role: KeyRole) -> bool {
        self.roles.contains(&role)
    }

    /// Whether a path of a source is within its reach.
    pub fn reaches(&self, source: &str, path: &str) -> bool {
        scope::reach(&self.reaches, source, path)
    }

    /// What it may do.
    pub fn scope(&self) -> Scope {
        Scope {
            roles: self.roles.clone(),
            sites: self.sites.clone(),
            reaches: self.reaches.clone(),
            expires_at: self.expires_at,
            monthly: self.monthly,
        }
    }
}

/// The API keys, in `keys.db`, hashed.
///
/// Only BLAKE3 of a random salt and the key is stored. A fast hash is right for keys of high entropy, such as those that
/// [`KeysDb::create`] makes: there is nothing to guess. It would be wrong for passwords that people choose, so keys that are
/// brought along ([`KeysDb::add`]) should be random too.
///
/// When a key was last used, and how many purges it has asked for this month, is counted in memory and written by a thread:
/// counts within seconds, uses once a minute, all of it when this is dropped. A purge waits for no disk because of it; a
/// crash loses what was not written yet.
pub struct KeysDb {
    inner: Arc<Inner>,
    stop: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

struct Inner {
    /// Keeps the folder ours.
    _folder: Folder,
    writer: Mutex<Connection>,
    salt: [u8; 32],
    /// All keys by digest, so that checking one touches no disk.
    known: RwLock<Known>,
    counts: Mutex<Counts>,
}

/// What stands for a key, and cannot be turned back into it: its digest under the salt of the keys' file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyMark([u8; 32]);

impl fmt::Debug for KeyMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyMark(..)")
    }
}

type Known = HashMap<[u8; 32], Held>;

/// What a digest leads to.
#[derive(Clone)]
struct Held {
    info: Arc<KeyInfo>,
    /// When it was last used; shared by the secrets of one key. 0 = never.
    used: Arc<Used>,
    /// Until when an old secret is still good; `None` for the present one.
    until: Option<u64>,
}

#[derive(Default)]
struct Used {
    at: AtomicU64,
    written: AtomicU64,
}

/// Between two writes of counts.
const COUNTS_EVERY: Duration = Duration::from_secs(5);
/// Writes of counts between two of last uses.
const USES_EVERY: u32 = 12;

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
    /// When the file cannot be read or written, is not ours, or is damaged, or no thread can be started.
    pub fn open(folder: &Folder) -> Result<KeysDb, OpenError> {
        let path = folder.keys_db();
        let fail = |e| OpenError::store(&path, e);
        let data = |fault: Fault| match fault {
            Fault::Sqlite(e) => OpenError::store(&path, e),
            Fault::Data(_) => OpenError::Damaged { path: path.clone(), what: "a key is not understood" },
        };
        let writer = open_writer(&path, &SCHEMA)?;
        let stored = writer.query_row("SELECT bytes FROM salt", [], |row| row.get(0)).optional().map_err(fail)?;
        let known = load(&writer, &Known::new()).map_err(data)?;
        let counts = Counts::load(&writer, now_ms()).map_err(data)?;
        let salt = match stored {
            Some(salt) => salt,
            None if known.is_empty() => {
                let salt = random().map_err(OpenError::Random)?;
                writer.execute("INSERT INTO salt (one, bytes) VALUES (1, ?1)", [salt]).map_err(fail)?;
                salt
            }
            None => return Err(OpenError::Damaged { path, what: "its salt is missing" }),
        };
        let inner = Arc::new(Inner {
            _folder: folder.clone(),
            writer: Mutex::new(writer),
            salt,
            known: RwLock::new(known),
            counts: Mutex::new(counts),
        });
        let (stop, stopped) = channel();
        let keeper = inner.clone();
        let keeper = std::thread::Builder::new()
            .name("keys-writer".into())
            .spawn(move || keeper.keep_writing(&stopped))
            .map_err(|e| OpenError::io(&path, e))?;
        Ok(KeysDb { inner, stop: Some(stop), keeper: Some(keeper) })
    }

    /// Makes a key of 192 random bits that may do everything on some sites (none = all), stores its hash, and gives it out:
    /// `ak_` and 48 hex digits. It cannot be read again.
    ///
    /// # Errors
    /// [`KeyError::NameTaken`], [`KeyError::Empty`], [`KeyError::Store`].
    pub fn create(&self, name: &str, sites: &[String]) -> Result<String, KeyError> {
        self.issue(name, &Scope::everything_on(sites))
    }

    /// As [`KeysDb::create`], for a key that may do less.
    ///
    /// # Errors
    /// As there, and [`KeyError::Scope`].
    pub fn issue(&self, name: &str, scope: &Scope) -> Result<String, KeyError> {
        let key = fresh_key()?;
        let made = self.inner.store(name, &key, scope, false)?;
        if made { Ok(key) } else { Err(KeyError::NameTaken(name.to_owned())) }
    }

    /// Stores a key that was brought along and may do everything, bound to sites (none = all). The same key under the same
    /// name is stored again, with these sites, so this may be called at each start.
    ///
    /// # Errors
    /// [`KeyError::NameTaken`] by another key, [`KeyError::KeyTaken`] under another name, [`KeyError::Empty`],
    /// [`KeyError::Store`].
    pub fn add(&self, name: &str, key: &str, sites: &[String]) -> Result<(), KeyError> {
        self.bring(name, key, &Scope::everything_on(sites))
    }

    /// As [`KeysDb::add`], for a key that may do less.
    ///
    /// # Errors
    /// As there, and [`KeyError::Scope`].
    pub fn bring(&self, name: &str, key: &str, scope: &Scope) -> Result<(), KeyError> {
        self.inner.store(name, key, scope, true).map(|_| ())
    }

    /// Gives a key another scope; answers whether there is one of this name.
    ///
    /// # Errors
    /// [`KeyError::Scope`], [`KeyError::Store`].
    pub fn change(&self, name: &str, scope: &Scope) -> Result<bool, KeyError> {
        scope.check()?;
        self.inner.changed(|tx| {
            let there = tx.query_row("SELECT 1 FROM key WHERE name = ?1", [name], |_| Ok(())).optional()?.is_some();
            if there {
                write_scope(tx, name, scope)?;
            }
            Ok(there)
        })
    }

    /// Gives a key a new secret, as [`KeysDb::create`] makes them; `None` if there is none of this name. The one before stays
    /// good for `grace` milliseconds, older ones end now.
    ///
    /// # Errors
    /// [`KeyError::Store`]; then nothing has changed.
    pub fn rotate(&self, name: &str, grace: u64) -> Result<Option<String>, KeyError> {
        let key = fresh_key()?;
        let digest = *self.inner.digest(&key).as_bytes();
        let until = now_ms().saturating_add(grace);
        let rotated = self.inner.changed(|tx| {
            tx.execute("DELETE FROM key_old WHERE name = ?1", [name])?;
            if grace > 0 {
                tx.execute(
                    "INSERT OR REPLACE INTO key_old (digest, name, until) SELECT digest, name, ?2 FROM key WHERE name = ?1",
                    params![name, i64::try_from(until).unwrap_or(i64::MAX)],
                )?;
            }
            Ok(tx.execute("UPDATE key SET digest = ?2 WHERE name = ?1", params![name, digest])?)
        })?;
        Ok((rotated == 1).then_some(key))
    }

    /// Who a key belongs to; `None` if it is not known (any more) or has ended.
    ///
    /// The time that this takes says nothing of use: what is looked up is a digest under a secret salt, and the digests are
    /// then compared in constant time.
    pub fn verify(&self, key: &str) -> Option<KeyInfo> {
        self.inner.verify(self.inner.digest(key), now_ms())
    }

    /// What a key is known again by in [`KeysDb::verify_mark`], so that whoever wants to ask again need not keep the key.
    pub fn mark(&self, key: &str) -> KeyMark {
        KeyMark(*self.inner.digest(key).as_bytes())
    }

    /// As [`KeysDb::verify`], of a key that was marked.
    pub fn verify_mark(&self, mark: &KeyMark) -> Option<KeyInfo> {
        self.inner.verify(Hash::from_bytes(mark.0), now_ms())
    }

    /// Every key's owner, by name; those that have ended, too.
    pub fn list(&self) -> Vec<KeyInfo> {
        let known = self.inner.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<KeyInfo> = known.values().filter(|held| held.until.is_none()).map(Held::told).collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    }

    /// Forgets a key; answers whether there was one of this name. It is refused from now on, also after a crash.
    ///
    /// # Errors
    /// [`KeyError::Store`]; the key is then still valid.
    pub fn revoke(&self, name: &str) -> Result<bool, KeyError> {
        let removed = self.inner.changed(|tx| {
            for table in ["key_site", "key_reach", "key_old", "quota"] {
                tx.execute(&format!("DELETE FROM {table} WHERE name = ?1"), [name])?;
            }
            Ok(tx.execute("DELETE FROM key WHERE name = ?1", [name])?)
        })?;
        lock(&self.inner.counts).forget(name);
        Ok(removed > 0)
    }

    /// Counts `n` purges of a key, all or none; answers how many are left this month, `None` = any number. Names that are no
    /// key of ours are not counted.
    ///
    /// # Errors
    /// [`Exceeded`] when that is more than is left.
    pub fn take(&self, name: &str, n: u64) -> Result<Option<u64>, Exceeded> {
        self.inner.take(name, n, now_ms())
    }

    /// How many purges of a key were counted this month.
    pub fn used(&self, name: &str) -> u64 {
        lock(&self.inner.counts).used(name, now_ms())
    }
}

/// Writes what was counted.
impl Drop for KeysDb {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

impl Inner {
    fn verify(&self, digest: Hash, now: u64) -> Option<KeyInfo> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (stored, held) = known.get_key_value(digest.as_bytes())?;
        let ended = |end: Option<u64>| end.is_some_and(|end| end <= now);
        // `Hash` compares in constant time.
        if Hash::from_bytes(*stored) != digest || ended(held.until) || ended(held.info.expires_at) {
            return None;
        }
        held.used.at.fetch_max(now, Ordering::Relaxed);
        Some(held.told())
    }

    fn take(&self, name: &str, n: u64, now: u64) -> Result<Option<u64>, Exceeded> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let Some(limit) = known.values().find(|held| held.info.name == name).map(|held| held.info.monthly) else {
            return Ok(None);
        };
        drop(known);
        lock(&self.counts).take(name, n, limit, now)
    }

    /// Whether it was stored: `false` when it was there and `again` is not allowed.
    fn store(&self, name: &str, key: &str, scope: &Scope, again: bool) -> Result<bool, KeyError> {
        if name.is_empty() || key.is_empty() {
            return Err(KeyError::Empty);
        }
        scope.check()?;
        let digest = *self.digest(key).as_bytes();
        let mut connection = lock(&self.writer);
        // The writer's lock is held, so what is known cannot change in between.
        for (stored, held) in self.known.read().unwrap_or_else(PoisonError::into_inner).iter() {
            match (held.info.name == name, *stored == digest) {
                (true, true) if again => {}
                (true, true) => return Ok(false),
                (true, false) if held.until.is_some() => {}
                (true, false) => return Err(KeyError::NameTaken(name.to_owned())),
                (false, true) => return Err(KeyError::KeyTaken(held.info.name.clone())),
                (false, false) => {}
            }
        }
        self.change_with(&mut connection, |tx| {
            let now = i64::try_from(now_ms()).unwrap_or(i64::MAX);
            tx.execute(
                "INSERT OR IGNORE INTO key (name, digest, created_at) VALUES (?1, ?2, ?3)",
                params![name, digest, now],
            )?;
            write_scope(tx, name, scope)
        })?;
        Ok(true)
    }

    fn changed<T>(&self, change: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, KeyError> {
        self.change_with(&mut lock(&self.writer), change)
    }

    /// Commits a change, then shows it to [`KeysDb::verify`].
    fn change_with<T>(
        &self,
        connection: &mut Connection,
        change: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, KeyError> {
        let before = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        let run = || -> Result<(T, Known), Fault> {
            connection.pragma_update(None, "synchronous", SCHEMA.synchronous)?;
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            tx.execute("DELETE FROM key_old WHERE until <= ?1", [to_sql(now_ms())?])?;
            let answer = change(&tx)?;
            let known = load(&tx, &before)?;
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

    fn keep_writing(&self, stopped: &Receiver<()>) {
        for round in 1_u32.. {
            let last = stopped.recv_timeout(COUNTS_EVERY) != Err(RecvTimeoutError::Timeout);
            if let Err(error) = self.write_uses(last || round.is_multiple_of(USES_EVERY)) {
                tracing::error!(%error, "uses and purges of API keys are not written");
            }
            if last {
                break;
            }
        }
    }

    /// Writes counts, and last uses if they are due, without a flush of its own.
    fn write_uses(&self, uses_too: bool) -> Result<(), Fault> {
        let counts = lock(&self.counts).take_changed();
        let mut uses = Vec::new();
        if uses_too {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            for held in known.values().filter(|held| held.until.is_none()) {
                let at = held.used.at.load(Ordering::Relaxed);
                if at > held.used.written.load(Ordering::Relaxed) {
                    uses.push((held.clone(), at));
                }
            }
        }
        if counts.is_empty() && uses.is_empty() {
            return Ok(());
        }
        let mut connection = lock(&self.writer);
        let mut run = || -> Result<(), Fault> {
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            quota::write(&tx, &counts)?;
            for (held, at) in &uses {
                tx.execute("UPDATE key SET last_used = ?2 WHERE name = ?1", params![held.info.name, to_sql(*at)?])?;
            }
            Ok(tx.commit()?)
        };
        let done = run();
        match &done {
            Ok(()) => uses.iter().for_each(|(held, at)| held.used.written.store(*at, Ordering::Relaxed)),
            Err(_) => lock(&self.counts).put_back(counts),
        }
        done
    }
}

impl Held {
    fn told(&self) -> KeyInfo {
        let last_used = Some(self.used.at.load(Ordering::Relaxed)).filter(|at| *at > 0);
        KeyInfo { last_used, ..(*self.info).clone() }
    }
}

fn fresh_key() -> Result<String, KeyError> {
    let bits: [u8; 24] = random().map_err(|e| KeyError::Store(e.to_string()))?;
    Ok(bits.iter().fold("ak_".to_owned(), |key, byte| format!("{key}{byte:02x}")))
}

fn write_scope(tx: &Connection, name: &str, scope: &Scope) -> Result<(), Fault> {
    let mut roles: Vec<&str> = scope.roles.iter().map(|role| role.name()).collect();
    roles.sort_unstable();
    roles.dedup();
    tx.execute(
        "UPDATE key SET roles = ?2, expires_at = ?3, monthly = ?4 WHERE name = ?1",
        params![
            name,
            roles.join(" "),
            scope.expires_at.map(to_sql).transpose()?,
            scope.monthly.map(to_sql).transpose()?
        ],
    )?;
    for (table, bound) in [("key_site", &scope.sites), ("key_reach", &scope.reaches)] {
        tx.execute(&format!("DELETE FROM {table} WHERE name = ?1"), [name])?;
        for place in bound {
            tx.execute(&format!("INSERT OR IGNORE INTO {table} VALUES (?1, ?2)"), [name, place])?;
        }
    }
    Ok(())
}

/// All keys, each with the uses that were counted before.
fn load(connection: &Connection, before: &Known) -> Result<Known, Fault> {
    let mut sites = bound(connection, "SELECT name, site FROM key_site ORDER BY name, site")?;
    let mut reaches = bound(connection, "SELECT name, reach FROM key_reach ORDER BY name, reach")?;
    let counted: HashMap<(&str, u64), &Arc<Used>> =
        before.values().map(|held| ((held.info.name.as_str(), held.info.created_at), &held.used)).collect();
    let mut known = Known::new();
    let mut by_name: HashMap<String, Held> = HashMap::new();
    let mut select =
        connection.prepare("SELECT digest, name, created_at, roles, expires_at, monthly, last_used FROM key")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        let created_at = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
        let roles: String = row.get(3)?;
        let number = |column: usize| row.get::<_, Option<i64>>(column)?.map(from_sql).transpose();
        let last_used = number(6)?.unwrap_or(0);
        let used = counted.get(&(name.as_str(), created_at)).map_or_else(Arc::default, |used| (*used).clone());
        used.at.fetch_max(last_used, Ordering::Relaxed);
        used.written.fetch_max(last_used, Ordering::Relaxed);
        let info = KeyInfo {
            roles: roles
                .split_whitespace()
                .map(|role| KeyRole::from_name(role).ok_or_else(|| Fault::data(format!("key {name:?}: role {role:?}"))))
                .collect::<Result<_, _>>()?,
            sites: sites.remove(&name).unwrap_or_default(),
            reaches: reaches.remove(&name).unwrap_or_default(),
            created_at,
            expires_at: number(4)?,
            monthly: number(5)?,
            last_used: None,
            name,
        };
        let held = Held { info: Arc::new(info), used, until: None };
        by_name.insert(held.info.name.clone(), held.clone());
        known.insert(row.get(0)?, held);
    }
    let mut select = connection.prepare("SELECT digest, name, until FROM key_old")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(held) = by_name.get(&row.get::<_, String>(1)?) {
            let until = Some(from_sql(row.get(2)?)?);
            known.entry(row.get(0)?).or_insert_with(|| Held { until, ..held.clone() });
        }
    }
    Ok(known)
}

fn bound(connection: &Connection, sql: &str) -> Result<HashMap<String, Vec<String>>, Fault> {
    let mut places: HashMap<String, Vec<String>> = HashMap::new();
    let mut select = connection.prepare(sql)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        places.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(places)
}

#[cfg(test)]
mod tests;
