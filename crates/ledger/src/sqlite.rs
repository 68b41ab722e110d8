//! How every file is opened: one writer, and readers that cannot write.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::{Fault, OpenError};
use crate::folder::sync_dir;

/// What a file is and how it came to be.
pub(crate) struct Schema {
    /// Tells our files from others (SQLite's `application_id`).
    pub(crate) application: i32,
    /// Step n brings format n to format n + 1. The number of steps is the format's version.
    pub(crate) steps: &'static [&'static str],
    /// `FULL`: a commit survives loss of power. `NORMAL`: it survives a crash of the process; loss of power may take the
    /// last ones.
    pub(crate) synchronous: &'static str,
    /// Memory for pages that the writer may keep, in KiB; taken as it is needed.
    pub(crate) writer_cache: i64,
    /// Whether what is deleted is overwritten with zeros.
    pub(crate) secure_delete: bool,
}

/// Opens the one connection that writes, and brings the file to the newest format.
pub(crate) fn open_writer(path: &Path, schema: &Schema) -> Result<Connection, OpenError> {
    open_and_raise(path, schema).map(|(connection, _)| connection)
}

/// As [`open_writer`], and says which format the file had; 0 for a new one.
pub(crate) fn open_and_raise(path: &Path, schema: &Schema) -> Result<(Connection, i64), OpenError> {
    create_private(path).map_err(|e| OpenError::io(path, e))?;
    let fail = |e| OpenError::store(path, e);
    let mut connection = connect(path).map_err(fail)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(fail)?;
    if mode != "wal" {
        let what = "its file system does not support SQLite's write-ahead log";
        return Err(OpenError::io(path, io::Error::new(io::ErrorKind::Unsupported, what)));
    }
    connection.pragma_update(None, "synchronous", schema.synchronous).map_err(fail)?;
    connection.pragma_update(None, "cache_size", -schema.writer_cache).map_err(fail)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20).map_err(fail)?;
    connection.pragma_update_and_check(None, "secure_delete", schema.secure_delete, |_| Ok(())).map_err(fail)?;
    let found = migrate(&mut connection, path, schema)?;
    Ok((connection, found))
}

/// One more connection to a file that is open already.
pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(32);
    // The bundled SQLite has STAT4, which plans a statement anew for each value that is bound to it. We have no statistics,
    // so that gains nothing, and costs a read 20 microseconds.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -8192)?;
    Ok(connection)
}

/// SQLite gives its side files the mode of the main one.
fn create_private(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => path.parent().map_or(Ok(()), sync_dir),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e),
    }
}

fn migrate(connection: &mut Connection, path: &Path, schema: &Schema) -> Result<i64, OpenError> {
    let fail = |e| OpenError::store(path, e);
    let number = |name: &str| -> Result<i64, OpenError> {
        connection.pragma_query_value(None, name, |row| row.get(0)).map_err(fail)
    };
    let (application, found) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(fail)?;
    let fresh = application == 0 && found == 0 && tables == 0;
    if !fresh && application != i64::from(schema.application) {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    let known = schema.steps.len() as i64;
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    let done = usize::try_from(found).map_err(|_| OpenError::Foreign { path: path.to_owned() })?;
    if done == schema.steps.len() {
        return Ok(found);
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
    for step in &schema.steps[done..] {
        tx.execute_batch(step).map_err(fail)?;
    }
    tx.pragma_update(None, "application_id", schema.application).map_err(fail)?;
    tx.pragma_update(None, "user_version", known).map_err(fail)?;
    tx.commit().map_err(fail)?;
    Ok(found)
}

/// Connections that only read. One is opened whenever all are in use, so readers never wait for each other.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

/// How many idle readers are kept.
const KEPT: usize = 8;

impl Readers {
    pub(crate) fn new(path: &Path) -> Self {
        Readers { path: path.to_owned(), idle: Mutex::new(Vec::new()) }
    }

    /// Runs `read` on a connection of its own. After an error the connection is not used again.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let idle = lock(&self.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let connection = connect(&self.path)?;
                connection.pragma_update(None, "query_only", true)?;
                connection
            }
        };
        let answer = read(&connection)?;
        let mut idle = lock(&self.idle);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        Ok(answer)
    }
}

/// Brings everything from the write-ahead log into the file, and cuts the log to nothing.
pub(crate) fn truncate_wal(connection: &Connection) -> Result<(), Fault> {
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 { Ok(()) } else { Err(Fault::data("somebody still reads, so the write-ahead log stays")) }
}

/// A panic under the lock leaves nothing behind: an open transaction is rolled back as it unwinds.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Milliseconds since the Unix epoch; for people, never for order.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn schema(steps: &'static [&'static str]) -> Schema {
        Schema { application: 7, steps, synchronous: "FULL", writer_cache: 1024, secure_delete: false }
    }

    const ONE: &[&str] = &["CREATE TABLE a (x INTEGER) STRICT;"];
    const TWO: &[&str] = &["CREATE TABLE a (x INTEGER) STRICT;", "CREATE TABLE b (x INTEGER) STRICT;"];

    #[test]
    fn formats_go_up_and_never_down() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("x.db");
        drop(open_writer(&path, &schema(ONE)).unwrap());
        let two = open_writer(&path, &schema(TWO)).unwrap();
        two.execute("INSERT INTO b VALUES (1)", []).unwrap();
        assert_eq!(path.with_extension("db-wal").metadata().unwrap().permissions().mode() & 0o777, 0o600);
        drop(two);
        match open_writer(&path, &schema(ONE)) {
            Err(OpenError::Newer { found: 2, known: 1, .. }) => {}
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn files_of_others_are_refused() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("x.db");
        let alien = Connection::open(&path).unwrap();
        alien.execute_batch("CREATE TABLE t (x)").unwrap();
        drop(alien);
        assert!(matches!(open_writer(&path, &schema(ONE)), Err(OpenError::Foreign { .. })));
        std::fs::write(&path, "not a database, and long enough to be looked at by anyone who wants to").unwrap();
        assert!(matches!(open_writer(&path, &schema(ONE)), Err(OpenError::Store { .. })));
    }

    #[test]
    fn readers_cannot_write() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("x.db");
        let _writer = open_writer(&path, &schema(ONE)).unwrap();
        let readers = Readers::new(&path);
        assert!(readers.with(|c| Ok(c.execute("INSERT INTO a VALUES (1)", [])?)).is_err());
        readers.with(|c| Ok(c.query_row("SELECT count(*) FROM a", [], |r| r.get::<_, i64>(0))?)).unwrap();
        assert_eq!(lock(&readers.idle).len(), 1);
    }
}
