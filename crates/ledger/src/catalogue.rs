use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use plan::{BodyId, DerivativeKey, ExactName, Label, LogId, MasterId, Position, Selector, Stamp};
use purge::{
    Catalogue, CatalogueError, Count, Known, Matcher, Place, Role, Row, Tier, count_by_pages, matching_by_walk,
};
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::error::{Fault, OpenError, from_sql, to_sql};
use crate::folder::{Folder, sync_dir};
use crate::lines;
use crate::sqlite::{Readers, lock, now_ms, open_and_raise, truncate_wal};

mod schema;

use schema::SCHEMA;

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

impl CatalogueDb {
    fn stamp(&self, which: &str, log: LogId) -> Result<Option<Position>, CatalogueError> {
        let sql = format!("SELECT {which}(position) FROM entry WHERE log = (SELECT number FROM log WHERE id = ?1)");
        let stamp = self.readers.with(|connection| {
            let stamp: Option<i64> =
                connection.prepare_cached(&sql)?.query_row([log.0.to_be_bytes()], |row| row.get(0))?;
            stamp.map(from_sql).transpose()
        })?;
        Ok(stamp.map(Position))
    }
}

impl Catalogue for CatalogueDb {
    fn get(&self, tier: Tier, key: &DerivativeKey) -> Result<Option<Row>, CatalogueError> {
        let row = self.readers.with(|connection| {
            let mut select = connection.prepare_cached(&format!("{SELECT} {ALL} WHERE tier = ?1 AND key = ?2"))?;
            let mut rows = select.query(params![number(tier), key.0])?;
            rows.next()?.map(read_row).transpose()
        })?;
        Ok(row)
    }

    fn put(&self, tier: Tier, rows: &[Row]) -> Result<Vec<Place>, CatalogueError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.write(|tx| {
            let (mut change, mut logs, mut released) = (Change::default(), Logs::default(), Vec::new());
            for row in rows {
                let log = logs.number(tx, row.stamp.log)?;
                released.extend(put_row(tx, tier, row, log, &mut change)?);
            }
            change.apply(tx, tier)?;
            Ok(released)
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
        self.remove_rows(tier, &[(*key, body)]).map(drop)
    }

    fn remove_rows(&self, tier: Tier, rows: &[(DerivativeKey, BodyId)]) -> Result<Vec<Place>, CatalogueError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.write(|tx| {
            let mut select =
                tx.prepare_cached(&format!("SELECT {STORED} FROM entry WHERE tier = ?1 AND key = ?2 AND body = ?3"))?;
            let (mut change, mut places) = (Change::default(), Vec::new());
            for (key, body) in rows {
                if let Some(stored) = select.query_row(params![number(tier), key.0, body.0], Stored::read).optional()? {
                    stored.delete(tx, tier, &mut change)?;
                    places.push(stored.place()?);
                }
            }
            change.apply(tx, tier)?;
            Ok(places)
        })
    }

    fn remove_segment(&self, tier: Tier, segment: u64) -> Result<u64, CatalogueError> {
        let Ok(segment) = to_sql(segment) else { return Ok(0) };
        self.write(|tx| {
            let found: Vec<Stored> = tx
                .prepare_cached(&format!("SELECT {STORED} FROM entry WHERE tier = ?1 AND segment = ?2"))?
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
            let mut select = connection
                .prepare_cached(&format!("{SELECT} {ALL} WHERE tier = ?1 AND key > ?2 ORDER BY key LIMIT ?3"))?;
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
        const COUNT: &str = "SELECT count(*), coalesce(sum(length), 0) FROM dependency WHERE tier = ?1 AND name = ?2";
        let master = hash(master.as_str());
        Ok(self.readers.with(|connection| pair(connection, COUNT, params![number(tier), master]))?)
    }

    fn count_tag(&self, tier: Tier, tag: &str) -> Result<(u64, u64), CatalogueError> {
        const COUNT: &str = "SELECT count(*), coalesce(sum(length), 0) FROM tag WHERE tier = ?1 AND name = ?2";
        Ok(self.readers.with(|connection| pair(connection, COUNT, params![number(tier), hash(tag)]))?)
    }

    fn matching(
        &self,
        tier: Tier,
        selector: &Selector,
        after: Option<DerivativeKey>,
        limit: usize,
    ) -> Result<Vec<Row>, CatalogueError> {
        let (from, name) = match selector {
            Selector::Master(id) | Selector::Dependency(id) => (OF_MASTER, Value::from(hash(id.as_str()))),
            Selector::Tag(tag, _) => (OF_TAG, Value::from(hash(tag.as_str()))),
            Selector::Exact(name) => (OF_EXACT, Value::from(name.0.to_vec())),
            Selector::Prefix(_) | Selector::Source(_) | Selector::Glob(_) | Selector::All => {
                return matching_by_walk(self, tier, selector, after, limit);
            }
        };
        let after = after.as_ref().map_or(&[][..], |key| &key.0[..]);
        // A hash may mean other names, too.
        let matcher = Matcher::new(selector);
        let rows = self.readers.with(|connection| {
            let mut found = Vec::new();
            let mut select = connection.prepare_cached(&format!("{SELECT} {from}"))?;
            let mut rows = select.query(params![number(tier), name, after])?;
            while found.len() < limit {
                let Some(row) = rows.next()? else { break };
                let row = read_row(row)?;
                if matcher.names(&row) {
                    found.push(row);
                }
            }
            Ok(found)
        })?;
        Ok(rows)
    }

    fn count(&self, tier: Tier, selector: &Selector) -> Result<Count, CatalogueError> {
        let (entries, bytes) = match selector {
            Selector::Master(id) => self.count_master(tier, id)?,
            Selector::Tag(tag, None) => self.count_tag(tier, tag.as_str())?,
            Selector::All => self.totals(tier)?,
            _ => return count_by_pages(self, tier, selector),
        };
        Ok(Count { entries, bytes })
    }

    fn masters(&self, after: Option<u64>, limit: usize) -> Result<Vec<Known>, CatalogueError> {
        let mut after = after.map_or(i64::MIN, signed);
        let found = self.readers.with(|connection| {
            let mut next = connection
                .prepare_cached("SELECT name FROM dependency WHERE tier = ?1 AND name > ?2 ORDER BY name LIMIT 1")?;
            let mut entry = connection.prepare_cached(&format!("{SELECT} {OF_MASTER} LIMIT 1"))?;
            let mut found = Vec::new();
            while found.len() < limit {
                let mut nearest: Option<(i64, Tier)> = None;
                for tier in [Tier::Masters, Tier::Derivatives] {
                    let name = next.query_row(params![number(tier), after], |row| row.get::<_, i64>(0)).optional()?;
                    nearest = match (nearest, name) {
                        (Some((nearest, at)), Some(name)) if name >= nearest => Some((nearest, at)),
                        (_, Some(name)) => Some((name, tier)),
                        (nearest, None) => nearest,
                    };
                }
                let Some((name, tier)) = nearest else { break };
                after = name;
                let mut rows = entry.query(params![number(tier), name, &[][..] as &[u8]])?;
                let Some(row) = rows.next()?.map(read_row).transpose()? else { continue };
                let id = row.dependencies.iter().map(|(id, _)| id).find(|id| hash(id.as_str()) == name).cloned();
                found.extend(id.map(|id| Known { place: unsigned(name), id, tier, row }));
            }
            Ok(found)
        })?;
        Ok(found)
    }

    fn restamp(&self, tier: Tier, rows: &[(DerivativeKey, BodyId)], position: Position) -> Result<(), CatalogueError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.write(|tx| {
            let position = to_sql(position.0)?;
            let mut update = tx.prepare_cached(
                "UPDATE entry SET position = ?4 WHERE tier = ?1 AND key = ?2 AND body = ?3 AND position < ?4",
            )?;
            for (key, body) in rows {
                update.execute(params![number(tier), key.0, body.0, position])?;
            }
            Ok(())
        })
    }

    fn places(&self, tier: Tier, segment: u64) -> Result<Vec<Place>, CatalogueError> {
        let Ok(segment) = to_sql(segment) else { return Ok(Vec::new()) };
        Ok(self.readers.with(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT segment, offset, length FROM entry WHERE tier = ?1 AND segment = ?2 ORDER BY offset",
            )?;
            let mut rows = select.query(params![number(tier), segment])?;
            let mut places = Vec::new();
            while let Some(row) = rows.next()? {
                let whole = |column: usize| -> Result<u64, Fault> { from_sql(row.get(column)?) };
                places.push(Place { segment: whole(0)?, offset: whole(1)?, length: whole(2)? });
            }
            Ok(places)
        })?)
    }

    fn highest_stamp(&self, log: LogId) -> Result<Option<Position>, CatalogueError> {
        self.stamp("max", log)
    }

    fn lowest_stamp(&self, log: LogId) -> Result<Option<Position>, CatalogueError> {
        self.stamp("min", log)
    }

    fn checkpoint(&self) -> Result<(), CatalogueError> {
        let connection = lock(&self.writer);
        Ok(truncate_wal(&connection)?)
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
    if (1..3).contains(&found) {
        tracing::info!(
            format = found,
            "the catalogue has an older format and starts empty: what it listed is a miss now"
        );
    }
    if (1..4).contains(&found) {
        // Until format 4 what was deleted stayed in free pages.
        let clean = || -> Result<(), Fault> {
            connection.execute_batch("VACUUM")?;
            truncate_wal(&connection)
        };
        if let Err(error) = clean() {
            tracing::warn!(%error, "the catalogue was not rid of what earlier versions left in free pages");
        }
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

const SELECT: &str = "SELECT entry.key, body, segment, offset, entry.length, log.id, position, exact, size, stored_at, \
     content_type, dependencies, url, last_used, recipe, data_key, tags";
const ALL: &str = "FROM entry JOIN log ON log.number = entry.log";

// What a name means, in key order. The order of the tables is given, for the planner knows nothing of their sizes.
const OF_MASTER: &str = "FROM dependency AS named CROSS JOIN entry ON entry.tier = named.tier AND entry.key = named.key \
     CROSS JOIN log ON log.number = entry.log \
     WHERE named.tier = ?1 AND named.name = ?2 AND named.key > ?3 ORDER BY named.key";
const OF_TAG: &str = "FROM tag AS named CROSS JOIN entry ON entry.tier = named.tier AND entry.key = named.key \
     CROSS JOIN log ON log.number = entry.log \
     WHERE named.tier = ?1 AND named.name = ?2 AND named.key > ?3 ORDER BY named.key";
const OF_EXACT: &str = "FROM entry INDEXED BY entry_exact CROSS JOIN log ON log.number = entry.log \
     WHERE tier = ?1 AND exact = ?2 AND key > ?3 ORDER BY key";

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

/// A master's place in their order as SQL's numbers have it, and back.
fn signed(place: u64) -> i64 {
    (place ^ (1 << 63)).cast_signed()
}

fn unsigned(name: i64) -> u64 {
    name.cast_unsigned() ^ (1 << 63)
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
    key: [u8; 16],
    segment: i64,
    offset: i64,
    length: i64,
    dependencies: String,
    tags: String,
}

/// The columns of a [`Stored`].
const STORED: &str = "number, key, segment, offset, length, dependencies, tags";

impl Stored {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Stored {
            number: row.get(0)?,
            key: row.get(1)?,
            segment: row.get(2)?,
            offset: row.get(3)?,
            length: row.get(4)?,
            dependencies: row.get(5)?,
            tags: row.get(6)?,
        })
    }

    fn place(&self) -> Result<Place, Fault> {
        Ok(Place { segment: from_sql(self.segment)?, offset: from_sql(self.offset)?, length: from_sql(self.length)? })
    }

    fn delete(&self, tx: &Transaction<'_>, tier: Tier, change: &mut Change) -> Result<(), Fault> {
        let mut delete = tx.prepare_cached("DELETE FROM dependency WHERE tier = ?1 AND name = ?2 AND key = ?3")?;
        for line in lines::list(&self.dependencies)? {
            delete.execute(params![number(tier), hash(read_dependency(&line)?.0.as_str()), self.key])?;
        }
        if !self.tags.is_empty() {
            let mut delete = tx.prepare_cached("DELETE FROM tag WHERE tier = ?1 AND name = ?2 AND key = ?3")?;
            for line in lines::list(&self.tags)? {
                delete.execute(params![number(tier), hash(read_label(&line)?.tag.as_str()), self.key])?;
            }
        }
        tx.prepare_cached("DELETE FROM entry WHERE number = ?1")?.execute([self.number])?;
        change.entries -= 1;
        change.bytes -= self.length;
        Ok(())
    }
}

/// Stores a row; answers the place that no row means any more, if there is one.
fn put_row(tx: &Transaction<'_>, tier: Tier, row: &Row, log: i64, change: &mut Change) -> Result<Option<Place>, Fault> {
    let position = to_sql(row.stamp.position.0)?;
    let length = to_sql(row.place.length)?;
    let before = tx
        .prepare_cached(&format!(
            "SELECT {STORED}, log = ?3 AND position > ?4 FROM entry WHERE tier = ?1 AND key = ?2"
        ))?
        .query_row(params![number(tier), row.key.0, log, position], |found| {
            Ok((Stored::read(found)?, found.get::<_, bool>(7)?))
        })
        .optional()?;
    let mut released = None;
    if let Some((stored, later)) = before {
        let other = Some(stored.place()?).filter(|place| *place != row.place);
        // Positions of two logs are never compared: what bears another log's id is replaced.
        if later {
            return Ok(other.map(|_| row.place));
        }
        stored.delete(tx, tier, change)?;
        released = other;
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
    // A master may take part twice, and counts once.
    let mut insert =
        tx.prepare_cached("INSERT OR IGNORE INTO dependency (tier, name, key, length) VALUES (?1,?2,?3,?4)")?;
    for (master, _) in &row.dependencies {
        insert.execute(params![number(tier), hash(master.as_str()), row.key.0, length])?;
    }
    if !row.labels.is_empty() {
        let mut insert =
            tx.prepare_cached("INSERT OR IGNORE INTO tag (tier, name, key, length) VALUES (?1,?2,?3,?4)")?;
        for label in &row.labels {
            insert.execute(params![number(tier), hash(label.tag.as_str()), row.key.0, length])?;
        }
    }
    change.entries += 1;
    change.bytes += length;
    Ok(released)
}

#[cfg(test)]
mod tests;
