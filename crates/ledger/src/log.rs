use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use plan::{KeySecret, LogId, Position};
use purge::{Gone, Log, LogError, LogIdentity, Mode, PurgeId, Record, Terms, Via};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::audit::{self, AuditHead, AuditKind, Chain, Entry};
use crate::checkpoint::{Checkpointer, Limits};
use crate::error::{Fault, OpenError, from_sql, to_sql};
use crate::folder::Folder;
use crate::lines;
use crate::schema::SCHEMA;
use crate::sqlite::{Readers, lock, open_writer, random};

/// How often a write without a flush gives way to those that wait.
const POLITE: usize = 1000;

/// The purge log of this node, in `purge.db`.
///
/// One `append` is one transaction and one fsync, however many records it holds: batch what is waiting. Before it is used,
/// [`PurgeDb::begin_run`] settles whether the cache on disk may be believed.
#[derive(Debug)]
pub struct PurgeDb {
    /// Ends before the writer is closed.
    _checkpointer: Checkpointer,
    folder: Folder,
    pub(crate) writer: Arc<Mutex<Connection>>,
    /// Writes that flush and wait for the writer.
    wanted: AtomicUsize,
    pub(crate) readers: Readers,
    identity: RwLock<LogIdentity>,
    /// The audit chain's end; locked only by who holds the writer.
    chain: Mutex<AuditHead>,
    /// The newest position. The folder's lock makes us the only writer, so it needs no query.
    head: AtomicU64,
}

impl PurgeDb {
    /// Opens the log, making it (with a new identity) where there is none.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is not ours. It is never repaired or replaced: that would forget
    /// purges.
    pub fn open(folder: &Folder) -> Result<PurgeDb, OpenError> {
        let path = folder.purge_db();
        let fail = |e| OpenError::store(&path, e);
        let mut writer = open_writer(&path, &SCHEMA)?;
        let head: i64 =
            writer.query_row("SELECT coalesce(max(position), 0) FROM record", [], |row| row.get(0)).map_err(fail)?;
        let head = u64::try_from(head)
            .map_err(|_| OpenError::Damaged { path: path.clone(), what: "a position below zero" })?;
        let identity = match read_identity(&writer).map_err(fail)? {
            Some(identity) => identity,
            None if head == 0 => make_identity(&writer, &path)?,
            None => return Err(OpenError::Damaged { path, what: "it has no identity" }),
        };
        let chain = audit::open_chain(&mut writer).map_err(|fault| match fault {
            Fault::Sqlite(e) => OpenError::store(&path, e),
            Fault::Data(_) => OpenError::Damaged { path: path.clone(), what: "its audit log cannot be read" },
        })?;
        let readers = Readers::new(&path);
        let writer = Arc::new(Mutex::new(writer));
        let checkpointer = Checkpointer::start(&path, &writer, Limits::default())?;
        Ok(PurgeDb {
            _checkpointer: checkpointer,
            folder: folder.clone(),
            writer,
            wanted: AtomicUsize::new(0),
            readers,
            identity: RwLock::new(identity),
            chain: Mutex::new(chain),
            head: AtomicU64::new(head),
        })
    }

    /// Gives the log a new id, so that nothing which bears the old one is believed any more. Records, positions and the
    /// secret stay: named derivatives in the records are hashed under it. Only for start-up, before anybody asked for the
    /// identity.
    ///
    /// # Errors
    /// When the store cannot be written, or the system has no random bits.
    pub fn mint_new_log(&self) -> Result<LogIdentity, LogError> {
        let log = LogId(u128::from_be_bytes(random().map_err(|e| LogError::Store(e.to_string()))?));
        self.write_chained(|tx, chain| {
            let since = to_sql(self.head.load(Ordering::Acquire))?;
            let changed =
                tx.execute("UPDATE identity SET log = ?1, since = ?2", params![log.0.to_be_bytes(), since])?;
            if changed != 1 {
                return Err(Fault::data("the purge log has no identity"));
            }
            chain.add(tx, &Entry::of_system(AuditKind::NewLog, format!("log {log}")))
        })?;
        let mut identity = self.identity.write().unwrap_or_else(PoisonError::into_inner);
        identity.log = log;
        Ok(identity.clone())
    }

    /// The head when the present log id was made. Everything that bears this id has a stamp of at least this, so records
    /// up to it need not be replayed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn since(&self) -> Result<Position, LogError> {
        let since = self
            .readers
            .with(|connection| from_sql(connection.query_row("SELECT since FROM identity", [], |row| row.get(0))?))?;
        Ok(Position(since))
    }

    /// Writes a copy of the log to a new file, while it is in use. Started from such a copy, a node does not believe a cache
    /// that it finds: purges may have been accepted after the copy was made. (A copy of the bare file does not have that
    /// safety: delete the cache folder when you restore one.)
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn back_up(&self, to: &Path) -> Result<(), LogError> {
        let text = to.to_str().ok_or_else(|| LogError::Store("the path of a backup must be UTF-8".into()))?;
        // SQLite takes an empty file, and would make one that others can read: the secret is in it.
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(to)
            .map_err(|e| LogError::Store(format!("{}: {e}", to.display())))?;
        let copied = self.readers.with(|connection| {
            // VACUUM INTO is refused under query_only, though it only reads this file.
            connection.pragma_update(None, "query_only", false)?;
            let done = connection.execute("VACUUM INTO ?1", [text]);
            connection.pragma_update(None, "query_only", true)?;
            done?;
            // The commit brings the whole file to the disk.
            let copy = Connection::open(to)?;
            copy.execute_batch("PRAGMA synchronous = FULL; DELETE FROM run; DELETE FROM idempotency;")?;
            Ok(())
        });
        if copied.is_err() {
            // Half a backup must not be taken for one.
            let _ = std::fs::remove_file(to);
        }
        Ok(copied?)
    }

    /// Runs a write, and once more without the ballast if the disk is full.
    pub(crate) fn write<T>(&self, write: impl Fn(&mut Connection) -> Result<T, Fault>) -> Result<T, LogError> {
        self.wanted.fetch_add(1, Ordering::Relaxed);
        let connection = lock(&self.writer);
        self.wanted.fetch_sub(1, Ordering::Relaxed);
        // Not left to whoever wrote without a flush before: an append that is not flushed would be forgotten (guarantee G3).
        self.write_on(connection, SCHEMA.synchronous, write)
    }

    fn write_on<T>(
        &self,
        mut connection: MutexGuard<'_, Connection>,
        synchronous: &str,
        write: impl Fn(&mut Connection) -> Result<T, Fault>,
    ) -> Result<T, LogError> {
        let write = |connection: &mut Connection| {
            connection.pragma_update(None, "synchronous", synchronous)?;
            write(connection)
        };
        let first = match write(&mut connection) {
            Ok(done) => return Ok(done),
            Err(first) => first,
        };
        let full = first.is_full() || first.is_io() && self.folder.is_full();
        if !full {
            return Err(first.into());
        }
        if self.folder.drop_ballast() {
            tracing::error!(path = %self.folder.path().display(), "disk full: gave up the ballast to write the purge log");
            match write(&mut connection) {
                Ok(done) => return Ok(done),
                Err(second) => tracing::error!("the purge log still cannot be written: {second}"),
            }
        }
        Err(LogError::Full)
    }

    /// As [`PurgeDb::write`], in one transaction that may lengthen the audit chain.
    pub(crate) fn write_chained<T>(
        &self,
        write: impl Fn(&Transaction<'_>, &mut Chain) -> Result<T, Fault>,
    ) -> Result<T, LogError> {
        self.write(|connection| self.chained(connection, &write))
    }

    /// As [`PurgeDb::write_chained`], but without a flush of its own: it survives a kill, and loss of power may take it until
    /// the next write that does flush. Order is kept, so the chain stays whole. Lets writes that flush go first, for somebody
    /// waits for them.
    pub(crate) fn write_lazily<T>(
        &self,
        write: impl Fn(&Transaction<'_>, &mut Chain) -> Result<T, Fault>,
    ) -> Result<T, LogError> {
        for _ in 0..POLITE {
            if self.wanted.load(Ordering::Relaxed) == 0 {
                break;
            }
            std::thread::yield_now();
        }
        self.write_on(lock(&self.writer), "NORMAL", |connection| self.chained(connection, &write))
    }

    fn chained<T>(
        &self,
        connection: &mut Connection,
        write: &impl Fn(&Transaction<'_>, &mut Chain) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut end = lock(&self.chain);
        let mut chain = Chain::from(*end);
        let run = |connection: &mut Connection, chain: &mut Chain| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = write(&tx, chain)?;
            tx.commit()?;
            Ok(done)
        };
        let done = run(connection, &mut chain);
        match &done {
            Ok(_) => *end = chain.end(),
            // A commit that failed may still have reached the file.
            Err(_) => *end = audit::read_end(connection).unwrap_or(*end),
        }
        done
    }
}

impl Log for PurgeDb {
    fn identity(&self) -> LogIdentity {
        self.identity.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn head(&self) -> Result<Position, LogError> {
        Ok(Position(self.head.load(Ordering::Acquire)))
    }

    fn append(&self, records: &[Record]) -> Result<(), LogError> {
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(()) };
        let in_order = records.windows(2).all(|pair| pair[1].position == pair[0].position.next());
        if !in_order {
            return Err(LogError::Store("positions of one append are not consecutive".into()));
        }
        self.write_chained(|tx, chain| {
            let head = self.head.load(Ordering::Acquire);
            if first.position.0 <= head {
                return Err(Fault::data(format!("position {} does not follow the head {head}", first.position)));
            }
            insert(tx, chain, records)
        })?;
        self.head.fetch_max(last.position.0, Ordering::AcqRel);
        Ok(())
    }

    fn replay(&self, after: Position, each: &mut dyn FnMut(Record)) -> Result<(), LogError> {
        let Ok(after) = to_sql(after.0) else { return Ok(()) };
        self.readers.with(|connection| {
            let mut select = connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM record WHERE position > ?1 ORDER BY position"))?;
            let mut rows = select.query([after])?;
            while let Some(row) = rows.next()? {
                each(read_record(row)?);
            }
            Ok(())
        })?;
        Ok(())
    }

    fn find(&self, id: PurgeId) -> Result<Option<Record>, LogError> {
        let record = self.readers.with(|connection| {
            let mut select = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM record WHERE id = ?1"))?;
            let mut rows = select.query([id.0.to_be_bytes()])?;
            rows.next()?.map(read_record).transpose()
        })?;
        Ok(record)
    }

    fn page(&self, before: Option<Position>, limit: usize) -> Result<Vec<Record>, LogError> {
        // A position past SQLite's range is past every record.
        let before = before.map_or(i64::MAX, |p| i64::try_from(p.0).unwrap_or(i64::MAX));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let records = self.readers.with(|connection| {
            let mut select = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM record WHERE position < ?1 ORDER BY position DESC LIMIT ?2"
            ))?;
            let mut rows = select.query([before, limit])?;
            let mut records = Vec::new();
            while let Some(row) = rows.next()? {
                records.push(read_record(row)?);
            }
            Ok(records)
        })?;
        Ok(records)
    }
}

/// What [`read_record`] reads, in its order.
pub(crate) const COLUMNS: &str = "position, id, mode, targets, actor, via, sender, accepted_at, terms";

fn insert(tx: &Transaction<'_>, chain: &mut Chain, records: &[Record]) -> Result<(), Fault> {
    let mut insert =
        tx.prepare_cached(&format!("INSERT INTO record ({COLUMNS}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"))?;
    let mut unerased = tx.prepare_cached("INSERT OR IGNORE INTO unerased VALUES (?1)")?;
    for record in records {
        let position = to_sql(record.position.0)?;
        let targets = lines::from_targets(&record.targets);
        let terms = record.terms.as_ref().map(terms_text);
        let id = record.id.0.to_be_bytes();
        let accepted_at = to_sql(record.accepted_at)?;
        insert.execute(params![
            position,
            id,
            record.mode.name(),
            targets,
            record.actor,
            record.via.name(),
            record.from,
            accepted_at,
            terms,
        ])?;
        unerased.execute([position])?;
        if record.mode == Mode::Takedown {
            tx.prepare_cached("INSERT OR REPLACE INTO takedown (position) VALUES (?1)")?.execute([position])?;
        }
        let digest = audit::Raw {
            position,
            id: &id,
            mode: record.mode.name(),
            targets: &targets,
            actor: &record.actor,
            via: record.via.name(),
            sender: &record.from,
            accepted_at,
            terms: terms.as_deref(),
        };
        chain.add_purge(tx, record, &digest.digest())?;
    }
    Ok(())
}

pub(crate) fn read_record(row: &rusqlite::Row<'_>) -> Result<Record, Fault> {
    let position = from_sql(row.get(0)?)?;
    let not_understood = |what: &str| Fault::data(format!("record {position}: {what} not understood"));
    let text = |column: usize| -> Result<&str, Fault> {
        row.get_ref(column)?.as_str().map_err(|e| Fault::data(format!("record {position}: {e}")))
    };
    Ok(Record {
        position: Position(position),
        id: PurgeId(u128::from_be_bytes(row.get(1)?)),
        mode: Mode::from_name(text(2)?).ok_or_else(|| not_understood("mode"))?,
        targets: lines::to_targets(text(3)?).map_err(|e| Fault::data(format!("record {position}: {e}")))?,
        actor: text(4)?.to_owned(),
        via: Via::from_name(text(5)?).ok_or_else(|| not_understood("via"))?,
        from: text(6)?.to_owned(),
        accepted_at: from_sql(row.get(7)?)?,
        terms: match row.get_ref(8)?.as_str_or_null().map_err(|e| Fault::data(format!("record {position}: {e}")))? {
            Some(text) => Some(read_terms(text).ok_or_else(|| not_understood("terms"))?),
            None => None,
        },
    })
}

fn terms_text(terms: &Terms) -> String {
    format!("{}\n{}\n{}", terms.status.status(), terms.expires_at.unwrap_or(0), terms.reason)
}

fn read_terms(text: &str) -> Option<Terms> {
    let mut parts = text.splitn(3, '\n');
    let status = Gone::from_status(parts.next()?.parse().ok()?)?;
    let expires_at = parts.next()?.parse().ok().map(|at: u64| Some(at).filter(|at| *at != 0))?;
    Some(Terms { status, expires_at, reason: parts.next()?.to_owned() })
}

fn read_identity(connection: &Connection) -> rusqlite::Result<Option<LogIdentity>> {
    connection
        .query_row("SELECT log, secret FROM identity", [], |row| {
            let log = LogId(u128::from_be_bytes(row.get(0)?));
            Ok(LogIdentity { log, secret: KeySecret::new(row.get(1)?) })
        })
        .optional()
}

fn make_identity(connection: &Connection, path: &Path) -> Result<LogIdentity, OpenError> {
    let log: [u8; 16] = random().map_err(OpenError::Random)?;
    let secret: [u8; 32] = random().map_err(OpenError::Random)?;
    connection
        .execute("INSERT INTO identity (one, log, secret, since) VALUES (1, ?1, ?2, 0)", params![log, secret])
        .map_err(|e| OpenError::store(path, e))?;
    Ok(LogIdentity { log: LogId(u128::from_be_bytes(log)), secret: KeySecret::new(secret) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;
    use crate::contract::{self, any_record, record};

    #[test]
    fn keeps_the_contract() {
        let temp = tempfile::tempdir().unwrap();
        contract::log(&mut || Box::new(PurgeDb::open(&Folder::open(temp.path()).unwrap()).unwrap()));
    }

    #[test]
    fn a_new_log_id_keeps_records_and_secret() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::open(temp.path()).unwrap();
        let log = PurgeDb::open(&folder).unwrap();
        assert_eq!(log.since().unwrap(), Position::START);
        log.append(&[record(1), record(2)]).unwrap();
        let old = log.identity();
        let new = log.mint_new_log().unwrap();
        assert_ne!(old.log, new.log);
        assert_eq!(old.secret.bytes(), new.secret.bytes());
        assert_eq!(log.identity().log, new.log);
        drop(log);
        let log = PurgeDb::open(&folder).unwrap();
        assert_eq!(log.identity().log, new.log);
        assert_eq!(log.head().unwrap(), Position(2));
        assert_eq!(log.since().unwrap(), Position(2));
    }

    #[test]
    fn a_full_disk_costs_the_ballast_first() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::open(temp.path()).unwrap();
        let log = PurgeDb::open(&folder).unwrap();
        let pages: i64 = lock(&log.writer).pragma_query_value(None, "page_count", |r| r.get(0)).unwrap();
        lock(&log.writer).pragma_update_and_check(None, "max_page_count", pages + 4, |_| Ok(())).unwrap();
        let mut acked = 0;
        let error = loop {
            match log.append(&[record(acked + 1)]) {
                Ok(()) => acked += 1,
                Err(e) => break e,
            }
        };
        assert!(matches!(error, LogError::Full), "{error}");
        assert!(acked > 0);
        assert!(!folder.drop_ballast(), "the ballast was given up");
        assert_eq!(log.head().unwrap(), Position(acked));
        // Room again: the lost position stays a gap.
        lock(&log.writer).pragma_update_and_check(None, "max_page_count", 1 << 20, |_| Ok(())).unwrap();
        log.append(&[record(acked + 2)]).unwrap();
        let mut seen = Vec::new();
        log.replay(Position::START, &mut |r| seen.push(r.position.0)).unwrap();
        assert_eq!(seen, (1..=acked).chain([acked + 2]).collect::<Vec<_>>());
    }

    /// Whatever noting left behind, an append is flushed.
    #[test]
    fn an_append_is_flushed_whatever_was_written_before() {
        let temp = tempfile::tempdir().unwrap();
        let log = PurgeDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
        let level = || lock(&log.writer).pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)).unwrap();
        lock(&log.writer).pragma_update(None, "synchronous", "NORMAL").unwrap();
        log.append(&[record(1)]).unwrap();
        assert_eq!(level(), 2, "FULL");
        purge::Records::note(&log, &[(Position(1), contract::progress(1))]).unwrap();
        log.append(&[record(2)]).unwrap();
        assert_eq!(level(), 2, "FULL");
        lock(&log.writer).pragma_update(None, "synchronous", "NORMAL").unwrap();
        log.remember("key", &plan::Digest::of(b""), record(1).id, 1).unwrap();
        assert_eq!(level(), 2, "FULL");
    }

    #[test]
    fn damage_is_told_and_never_mended() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::open(temp.path()).unwrap();
        let log = PurgeDb::open(&folder).unwrap();
        log.append(&[record(1)]).unwrap();
        lock(&log.writer).execute("UPDATE record SET via = 'pigeon'", []).unwrap();
        assert!(log.replay(Position::START, &mut |_| ()).is_err());
        lock(&log.writer).execute("DELETE FROM identity", []).unwrap();
        drop(log);
        assert!(matches!(PurgeDb::open(&folder), Err(OpenError::Damaged { .. })));
    }

    #[test]
    fn a_backup_holds_every_record_and_no_run() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::open(&temp.path().join("a")).unwrap();
        let log = PurgeDb::open(&folder).unwrap();
        log.append(&[record(1), record(2)]).unwrap();
        lock(&log.writer).execute("INSERT INTO run VALUES (zeroblob(16), 0)", []).unwrap();
        let other = Folder::open(&temp.path().join("b")).unwrap();
        log.back_up(&other.purge_db()).unwrap();
        assert!(log.back_up(&other.purge_db()).is_err(), "never over a file");
        let mode = std::os::unix::fs::PermissionsExt::mode(&other.purge_db().metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        let copy = PurgeDb::open(&other).unwrap();
        assert_eq!(copy.page(None, 9).unwrap(), log.page(None, 9).unwrap());
        assert_eq!(copy.identity().log, log.identity().log);
        let runs: i64 = lock(&copy.writer).query_row("SELECT count(*) FROM run", [], |r| r.get(0)).unwrap();
        assert_eq!(runs, 0);
        // The reader that made it still cannot write.
        assert!(log.readers.with(|c| Ok(c.execute("DELETE FROM run", [])?)).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(testkit::costly_cases(24)))]

        #[test]
        fn any_records_come_back(records in prop::collection::vec(any_record(), 1..20)) {
            let temp = tempfile::tempdir().unwrap();
            let folder = Folder::open(temp.path()).unwrap();
            let log = PurgeDb::open(&folder).unwrap();
            let records: Vec<Record> = records
                .into_iter()
                .enumerate()
                .map(|(i, r)| Record { position: Position(i as u64 + 1), id: PurgeId::from_random(i as u128), ..r })
                .collect();
            log.append(&records).unwrap();
            let mut seen = Vec::new();
            log.replay(Position::START, &mut |r| seen.push(r)).unwrap();
            prop_assert_eq!(seen, records);
        }
    }
}
