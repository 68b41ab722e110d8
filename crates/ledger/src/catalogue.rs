use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use plan::{BodyId, DerivativeKey, ExactName, Label, LogId, MasterId, Position, Stamp};
use purge::{Catalogue, CatalogueError, Place, Role, Row, Tier};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::error::{Fault, OpenError, from_sql, to_sql};
use crate::folder::{Folder, sync_dir};
use crate::lines;
use crate::sqlite::{Readers, Schema, lock, now_ms, open_and_raise};

const SCHEMA: Schema = Schema {
    application: 0x4149_6374,
    // A log's id is stored once and numbered. Dependencies and tags bear the length of their entry, so that counting reads
    // nothing else.
    steps: &[
        // Format 1 lacked tags, recipe, last use and key. Its rows cannot be completed, and a lost row is a miss, so its
        // tables go.
        "",
        "
        DROP TABLE IF EXISTS dependency;
        DROP TABLE IF EXISTS entry;
        DROP TABLE IF EXISTS log;
        DROP TABLE IF EXISTS total;
        CREATE TABLE log (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;
        CREATE TABLE entry (
            number INTEGER PRIMARY KEY,
            tier INTEGER NOT NULL,
            key BLOB NOT NULL,
            body BLOB NOT NULL,
            segment INTEGER NOT NULL,
            offset INTEGER NOT NULL,
            length INTEGER NOT NULL,
            log INTEGER NOT NULL,
            position INTEGER NOT NULL,
            exact BLOB,
            size INTEGER NOT NULL,
            stored_at INTEGER NOT NULL,
            last_used INTEGER NOT NULL,
            recipe INTEGER NOT NULL,
            data_key BLOB,
            content_type TEXT NOT NULL,
            dependencies TEXT NOT NULL,
            tags TEXT NOT NULL,
            url TEXT NOT NULL,
            UNIQUE (tier, key)
        ) STRICT;
        CREATE INDEX entry_segment ON entry (tier, segment);
        CREATE INDEX entry_stamp ON entry (log, position);
        CREATE TABLE dependency (
            tier INTEGER NOT NULL,
            master INTEGER NOT NULL,
            entry INTEGER NOT NULL,
            length INTEGER NOT NULL,
            PRIMARY KEY (tier, master, entry)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE tag (
            tier INTEGER NOT NULL,
            tag INTEGER NOT NULL,
            entry INTEGER NOT NULL,
            length INTEGER NOT NULL,
            PRIMARY KEY (tier, tag, entry)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE total (tier INTEGER PRIMARY KEY, entries INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
        INSERT INTO total VALUES (0, 0, 0), (1, 0, 0);
    ",
        // Format 2 knew neither the part that a master took nor where a tag came from.
        "
        DELETE FROM dependency;
        DELETE FROM tag;
        DELETE FROM entry;
        DELETE FROM log;
        UPDATE total SET entries = 0, bytes = 0;
    ",
    ],
    // A row that loss of power takes is a miss.
    synchronous: "NORMAL",
    // More is of no use, measured: keys are random, so storing rows is bound by the pages that are written.
    writer_cache: 16 << 10,
};

/// The table of stored entries, in `catalogue.db`.
///
/// A file that is damaged when it is opened is put aside and a new one begun: its rows are misses then. Damage that is found
/// later is an error of the call, and to be treated as a miss. A file of an older format is emptied, to the same effect.
#[derive(Debug)]
pub struct CatalogueDb {
    /// Keeps the folder ours.
    _folder: Folder,
    writer: Mutex<Connection>,
    readers: Readers,
}

impl CatalogueDb {
    /// Opens the catalogue, making it where there is none or only a damaged one.
    ///
    /// # Errors
    /// When the file cannot be opened for another reason than damage, or a later version made it.
    pub fn open(folder: &Folder) -> Result<CatalogueDb, OpenError> {
        let path = folder.catalogue_db();
        let writer = match open_sound(&path) {
            Err(error) if is_damage(&error) => {
                let aside = put_aside(&path).map_err(|e| OpenError::io(&path, e))?;
                tracing::warn!(aside = %aside.display(), "the catalogue is damaged, starting with an empty one: {error}");
                open_sound(&path)?
            }
            other => other?,
        };
        Ok(CatalogueDb { _folder: folder.clone(), writer: Mutex::new(writer), readers: Readers::new(&path) })
    }

    fn write<T>(&self, write: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, CatalogueError> {
        let mut connection = lock(&self.writer);
        let run = || -> Result<T, Fault> {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = write(&tx)?;
            tx.commit()?;
            Ok(answer)
        };
        Ok(run()?)
    }
}

impl Catalogue for CatalogueDb {
    fn get(&self, tier: Tier, key: &DerivativeKey) -> Result<Option<Row>, CatalogueError> {
        let row = self.readers.with(|connection| {
            let mut select = connection.prepare_cached(&format!("{SELECT} WHERE tier = ?1 AND key = ?2"))?;
            let mut rows = select.query(params![number(tier), key.0])?;
            rows.next()?.map(read_row).transpose()
        })?;
        Ok(row)
    }

    fn put(&self, tier: Tier, rows: &[Row]) -> Result<(), CatalogueError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.write(|tx| {
            let mut change = Change::default();
            let mut logs = Logs::default();
            for row in rows {
                let log = logs.number(tx, row.stamp.log)?;
                put_row(tx, tier, row, log, &mut change)?;
            }
            change.apply(tx, tier)
        })
    }

    fn touch(&self, tier: Tier, uses: &[(DerivativeKey, u64)]) -> Result<(), CatalogueError> {
        if uses.is_empty() {
            return Ok(());
        }
        self.write(|tx| {
            let mut update =
                tx.prepare_cached("UPDATE entry SET last_used = ?3 WHERE tier = ?1 AND key = ?2 AND last_used < ?3")?;
            for (key, at) in uses {
                update.execute(params![number(tier), key.0, to_sql(*at)?])?;
            }
            Ok(())
        })
    }

    fn remove(&self, tier: Tier, key: &DerivativeKey, body: BodyId) -> Result<(), CatalogueError> {
        self.write(|tx| {
            let found = tx
                .prepare_cached(
                    "SELECT number, length, dependencies, tags FROM entry WHERE tier = ?1 AND key = ?2 AND body = ?3",
                )?
                .query_row(params![number(tier), key.0, body.0], Stored::read)
                .optional()?;
            let mut change = Change::default();
            if let Some(stored) = found {
                stored.delete(tx, tier, &mut change)?;
            }
            change.apply(tx, tier)
        })
    }

    fn remove_segment(&self, tier: Tier, segment: u64) -> Result<u64, CatalogueError> {
        let Ok(segment) = to_sql(segment) else { return Ok(0) };
        self.write(|tx| {
            let found: Vec<Stored> = tx
                .prepare_cached(
                    "SELECT number, length, dependencies, tags FROM entry WHERE tier = ?1 AND segment = ?2",
                )?
                .query_map(params![number(tier), segment], Stored::read)?
                .collect::<Result<_, _>>()?;
            let mut change = Change::default();
            for stored in &found {
                stored.delete(tx, tier, &mut change)?;
            }
            change.apply(tx, tier)?;
            Ok(found.len() as u64)
        })
    }

    fn totals(&self, tier: Tier) -> Result<(u64, u64), CatalogueError> {
        Ok(self.readers.with(|connection| {
            pair(connection, "SELECT entries, bytes FROM total WHERE tier = ?1", params![number(tier)])
        })?)
    }

    fn walk(&self, tier: Tier, after: Option<DerivativeKey>, limit: usize) -> Result<Vec<Row>, CatalogueError> {
        // Every key sorts after the empty blob.
        let after = after.as_ref().map_or(&[][..], |key| &key.0[..]);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.readers.with(|connection| {
            let mut select =
                connection.prepare_cached(&format!("{SELECT} WHERE tier = ?1 AND key > ?2 ORDER BY key LIMIT ?3"))?;
            let mut rows = select.query(params![number(tier), after, limit])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(read_row(row)?);
            }
            Ok(out)
        })?;
        Ok(rows)
    }

    fn count_master(&self, tier: Tier, master: &MasterId) -> Result<(u64, u64), CatalogueError> {
        const COUNT: &str = "SELECT count(*), coalesce(sum(length), 0) FROM dependency WHERE tier = ?1 AND master = ?2";
        let master = hash(master.as_str());
        Ok(self.readers.with(|connection| pair(connection, COUNT, params![number(tier), master]))?)
    }

    fn count_tag(&self, tier: Tier, tag: &str) -> Result<(u64, u64), CatalogueError> {
        const COUNT: &str = "SELECT count(*), coalesce(sum(length), 0) FROM tag WHERE tier = ?1 AND tag = ?2";
        Ok(self.readers.with(|connection| pair(connection, COUNT, params![number(tier), hash(tag)]))?)
    }

    fn highest_stamp(&self, log: LogId) -> Result<Option<Position>, CatalogueError> {
        let highest = self.readers.with(|connection| {
            let highest: Option<i64> = connection.query_row(
                "SELECT max(position) FROM entry WHERE log = (SELECT number FROM log WHERE id = ?1)",
                [log.0.to_be_bytes()],
                |row| row.get(0),
            )?;
            highest.map(from_sql).transpose()
        })?;
        Ok(highest.map(Position))
    }

    fn clear(&self) -> Result<(), CatalogueError> {
        self.write(|tx| {
            Ok(tx.execute_batch(
                "DELETE FROM dependency; DELETE FROM tag; DELETE FROM entry; DELETE FROM log; \
                 UPDATE total SET entries = 0, bytes = 0;",
            )?)
        })
    }
}

/// Opens the file and looks at each table once.
fn open_sound(path: &Path) -> Result<Connection, OpenError> {
    let (connection, found) = open_and_raise(path, &SCHEMA)?;
    if found != 0 && found != SCHEMA.steps.len() as i64 {
        tracing::info!(
            format = found,
            "the catalogue has an older format and starts empty: what it listed is a miss now"
        );
    }
    let look = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let looked = look("SELECT count(*) FROM total").and_then(|totals| {
        look("SELECT count(*) FROM (SELECT url FROM entry LIMIT 1)")?;
        look("SELECT count(*) FROM (SELECT length FROM dependency LIMIT 1)")?;
        look("SELECT count(*) FROM (SELECT length FROM tag LIMIT 1)")?;
        look("SELECT count(*) FROM (SELECT id FROM log LIMIT 1)")?;
        Ok(totals)
    });
    match looked {
        Ok(2) => Ok(connection),
        Ok(_) => Err(OpenError::Damaged { path: path.to_owned(), what: "its totals are missing" }),
        Err(e) => Err(OpenError::store(path, e)),
    }
}

/// Whether putting the file aside helps. A full disk or a refusal of the system is no damage.
fn is_damage(error: &OpenError) -> bool {
    match error {
        OpenError::Foreign { .. } | OpenError::Damaged { .. } => true,
        OpenError::Store { source, .. } => match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => true,
            // No such table, or a column of another type.
            Some(ErrorCode::Unknown) => true,
            Some(_) => false,
            None => true,
        },
        _ => false,
    }
}

/// Renames the file and its side files, which belong to its old content.
fn put_aside(path: &Path) -> std::io::Result<PathBuf> {
    let with = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let aside = with(&format!(".corrupt-{}", now_ms() / 1000));
    fs::rename(path, &aside)?;
    for side in ["-wal", "-shm"] {
        match fs::remove_file(with(side)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    path.parent().map_or(Ok(()), sync_dir)?;
    Ok(aside)
}

const SELECT: &str = "SELECT key, body, segment, offset, length, log.id, position, exact, size, stored_at, \
     content_type, dependencies, url, last_used, recipe, data_key, tags FROM entry JOIN log ON log.number = entry.log";

fn read_row(row: &rusqlite::Row<'_>) -> Result<Row, Fault> {
    let whole = |column: usize| -> Result<u64, Fault> { from_sql(row.get(column)?) };
    let log = LogId(u128::from_be_bytes(row.get(5)?));
    let exact: Option<[u8; 16]> = row.get(7)?;
    let list = |column: usize| -> Result<Vec<String>, Fault> {
        lines::list(row.get_ref(column)?.as_str().map_err(|e| Fault::data(e.to_string()))?)
    };
    Ok(Row {
        key: DerivativeKey(row.get(0)?),
        body: BodyId(row.get(1)?),
        place: Place { segment: whole(2)?, offset: whole(3)?, length: whole(4)? },
        stamp: Stamp { log, position: Position(whole(6)?) },
        exact: exact.map(ExactName),
        dependencies: list(11)?.iter().map(|line| read_dependency(line)).collect::<Result<_, _>>()?,
        content_type: row.get(10)?,
        size: whole(8)?,
        url: row.get(12)?,
        stored_at: whole(9)?,
        last_used: whole(13)?,
        labels: list(16)?.iter().map(|line| read_label(line)).collect::<Result<_, _>>()?,
        recipe: row.get(14)?,
        data_key: row.get(15)?,
    })
}

/// A dependency as it stands in the file: a letter for the part that it took, then the master.
fn dependency_line((master, role): &(MasterId, Role)) -> String {
    let letter = match role {
        Role::Main => 'm',
        Role::Part => 'p',
    };
    format!("{letter}{master}")
}

fn read_dependency(line: &str) -> Result<(MasterId, Role), Fault> {
    if let Some(master) = line.strip_prefix('m') {
        return Ok((MasterId::from_canonical(master), Role::Main));
    }
    let master = line.strip_prefix('p').ok_or_else(|| Fault::data(format!("not a dependency: {line:?}")))?;
    Ok((MasterId::from_canonical(master), Role::Part))
}

fn read_label(line: &str) -> Result<Label, Fault> {
    Label::parse(line).ok_or_else(|| Fault::data(format!("not a label: {line:?}")))
}

/// How a tier stands in the file.
fn number(tier: Tier) -> i64 {
    match tier {
        Tier::Derivatives => 0,
        Tier::Masters => 1,
    }
}

/// 64 bits of a master's name or a tag. Two of them with one hash are counted together; counts are for people.
fn hash(name: &str) -> i64 {
    let mut out = [0; 8];
    out.copy_from_slice(&blake3::hash(name.as_bytes()).as_bytes()[..8]);
    i64::from_le_bytes(out)
}

fn pair(connection: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<(u64, u64), Fault> {
    let (a, b): (i64, i64) = connection.prepare_cached(sql)?.query_row(params, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((from_sql(a)?, from_sql(b)?))
}

/// What a transaction changes in a tier's totals.
#[derive(Default)]
struct Change {
    entries: i64,
    bytes: i64,
}

impl Change {
    fn apply(self, tx: &Transaction<'_>, tier: Tier) -> Result<(), Fault> {
        if self.entries != 0 || self.bytes != 0 {
            tx.prepare_cached("UPDATE total SET entries = entries + ?1, bytes = bytes + ?2 WHERE tier = ?3")?
                .execute(params![self.entries, self.bytes, number(tier)])?;
        }
        Ok(())
    }
}

/// The log numbers that a transaction met; nearly always one.
#[derive(Default)]
struct Logs(Vec<(LogId, i64)>);

impl Logs {
    fn number(&mut self, tx: &Transaction<'_>, log: LogId) -> Result<i64, Fault> {
        if let Some((_, number)) = self.0.iter().find(|(id, _)| *id == log) {
            return Ok(*number);
        }
        let id = log.0.to_be_bytes();
        tx.prepare_cached("INSERT OR IGNORE INTO log (id) VALUES (?1)")?.execute([id])?;
        let number = tx.prepare_cached("SELECT number FROM log WHERE id = ?1")?.query_row([id], |row| row.get(0))?;
        self.0.push((log, number));
        Ok(number)
    }
}

/// What of a stored entry is needed to take it out.
struct Stored {
    number: i64,
    length: i64,
    dependencies: String,
    tags: String,
}

impl Stored {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Stored { number: row.get(0)?, length: row.get(1)?, dependencies: row.get(2)?, tags: row.get(3)? })
    }

    fn delete(&self, tx: &Transaction<'_>, tier: Tier, change: &mut Change) -> Result<(), Fault> {
        let mut delete = tx.prepare_cached("DELETE FROM dependency WHERE tier = ?1 AND master = ?2 AND entry = ?3")?;
        for line in lines::list(&self.dependencies)? {
            delete.execute(params![number(tier), hash(read_dependency(&line)?.0.as_str()), self.number])?;
        }
        if !self.tags.is_empty() {
            let mut delete = tx.prepare_cached("DELETE FROM tag WHERE tier = ?1 AND tag = ?2 AND entry = ?3")?;
            for line in lines::list(&self.tags)? {
                delete.execute(params![number(tier), hash(read_label(&line)?.tag.as_str()), self.number])?;
            }
        }
        tx.prepare_cached("DELETE FROM entry WHERE number = ?1")?.execute([self.number])?;
        change.entries -= 1;
        change.bytes -= self.length;
        Ok(())
    }
}

fn put_row(tx: &Transaction<'_>, tier: Tier, row: &Row, log: i64, change: &mut Change) -> Result<(), Fault> {
    let position = to_sql(row.stamp.position.0)?;
    let length = to_sql(row.place.length)?;
    let before = tx
        .prepare_cached(
            "SELECT number, length, dependencies, tags, log = ?3 AND position > ?4 FROM entry \
             WHERE tier = ?1 AND key = ?2",
        )?
        .query_row(params![number(tier), row.key.0, log, position], |found| {
            Ok((Stored::read(found)?, found.get::<_, bool>(4)?))
        })
        .optional()?;
    match before {
        // Positions of two logs are never compared: what bears another log's id is replaced.
        Some((_, true)) => return Ok(()),
        Some((stored, false)) => stored.delete(tx, tier, change)?,
        None => {}
    }
    tx.prepare_cached(
        "INSERT INTO entry (tier, key, body, segment, offset, length, log, position, exact, size, stored_at, \
         content_type, dependencies, url, last_used, recipe, data_key, tags) \
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)",
    )?
    .execute(params![
        number(tier),
        row.key.0,
        row.body.0,
        to_sql(row.place.segment)?,
        to_sql(row.place.offset)?,
        length,
        log,
        position,
        row.exact.map(|name| name.0),
        to_sql(row.size)?,
        to_sql(row.stored_at)?,
        row.content_type,
        lines::join(row.dependencies.iter().map(dependency_line).collect::<Vec<_>>().iter().map(String::as_str)),
        row.url,
        to_sql(row.last_used)?,
        row.recipe,
        row.data_key,
        lines::join(row.labels.iter().map(ToString::to_string).collect::<Vec<_>>().iter().map(String::as_str)),
    ])?;
    let entry = tx.last_insert_rowid();
    // A master may take part twice, and counts once.
    let mut insert =
        tx.prepare_cached("INSERT OR IGNORE INTO dependency (tier, master, entry, length) VALUES (?1,?2,?3,?4)")?;
    for (master, _) in &row.dependencies {
        insert.execute(params![number(tier), hash(master.as_str()), entry, length])?;
    }
    if !row.labels.is_empty() {
        let mut insert =
            tx.prepare_cached("INSERT OR IGNORE INTO tag (tier, tag, entry, length) VALUES (?1,?2,?3,?4)")?;
        for label in &row.labels {
            insert.execute(params![number(tier), hash(label.tag.as_str()), entry, length])?;
        }
    }
    change.entries += 1;
    change.bytes += length;
    Ok(())
}

#[cfg(test)]
mod tests;
