//! Figures and the last requests' lines, in `stats.db`: a file of its own, so that nothing that merely counts delays a purge
//! (rule D3).
//!
//! Figures are kept by minute, hour and day. What is counted goes into its minute; when an hour is past, its minutes are added
//! up into a row of the hour, and so the hours of a day. A longer span's row, once there, also gets whatever comes late.

mod fold;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use stats::{Bucket, Cell, Line, Row, Step, Store, StoreError, Stored, Tops};

use crate::error::{Fault, OpenError, from_sql, to_sql};
use crate::folder::Folder;
use crate::sqlite::{Readers, Schema, lock, open_writer};

const SCHEMA: Schema = Schema {
    application: 0x4149_7374,
    steps: &["
        CREATE TABLE figures (
            span INTEGER NOT NULL,
            at INTEGER NOT NULL,
            site TEXT NOT NULL,
            data BLOB NOT NULL,
            PRIMARY KEY (span, at, site)
        ) STRICT;
        CREATE TABLE line (
            id INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            data BLOB NOT NULL
        ) STRICT;
        -- So that counting them reads no line.
        CREATE INDEX line_at ON line (at);
    "],
    // Figures of the last seconds may go with the power; the file is whole all the same.
    synchronous: "NORMAL",
    writer_cache: 4096,
    // Lines name pictures and clients: what is past its time is gone.
    secure_delete: true,
};

/// Names kept in each list of a stored minute, hour and day.
const NAMES: [usize; 3] = [20, 50, 100];
/// Names in the lists of an hour that is not past yet.
const OPEN_NAMES: usize = 256;

/// How long and how much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatsLimits {
    /// How long minutes are kept; two hours at least.
    pub minutes: Duration,
    /// How long hours are kept; two days, and as long as minutes, at least.
    pub hours: Duration,
    /// How long days are kept; as long as hours at least.
    pub days: Duration,
    /// Bytes of figures; past it, the oldest minutes go, then hours, then days.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
}

impl Default for StatsLimits {
    /// 48 hours, 90 days, 2 years, 256 MiB, 100,000 lines.
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        StatsLimits { minutes: day * 2, hours: day * 90, days: day * 730, bytes: 256 << 20, lines: 100_000 }
    }
}

/// The store of figures and lines.
#[derive(Debug)]
pub struct StatsDb {
    /// Keeps the folder ours.
    _folder: Folder,
    limits: StatsLimits,
    writer: Mutex<Writer>,
    readers: Readers,
}

#[derive(Debug)]
struct Writer {
    connection: Connection,
    /// Lists of hours that are not past, longer than minutes have them, by beginning of the hour and site.
    open: HashMap<(u64, Arc<str>), Tops>,
    /// The minute in which was last looked for what is past.
    tended: u64,
}

impl StatsDb {
    /// Opens the file, making it where there is none.
    ///
    /// # Errors
    /// When it cannot be read or written, or is not ours.
    pub fn open(folder: &Folder, limits: StatsLimits) -> Result<StatsDb, OpenError> {
        let hours = limits.hours.max(limits.minutes);
        let limits = StatsLimits { hours, days: limits.days.max(hours), ..limits };
        let path = folder.stats_db();
        let connection = open_writer(&path, &SCHEMA)?;
        // There may be more than are wanted now.
        drop_lines(&connection, limits.lines).map_err(|e| OpenError::store(&path, e))?;
        let writer = Mutex::new(Writer { connection, open: HashMap::new(), tended: 0 });
        Ok(StatsDb { _folder: folder.clone(), limits, writer, readers: Readers::new(&path) })
    }

    /// How long and how much is kept.
    pub fn limits(&self) -> &StatsLimits {
        &self.limits
    }

    fn write(&self, deltas: &[(Cell, &Bucket)], lines: &[Arc<Line>], now: u64) -> Result<(), Fault> {
        let mut writer = lock(&self.writer);
        let Writer { connection, open, tended } = &mut *writer;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Lists that are to be kept once everything is written.
        let mut longer: HashMap<(u64, Arc<str>), Tops> = HashMap::new();
        for (cell, bucket) in deltas {
            let hour = (Step::Hour.start(cell.at), cell.site.clone());
            if !longer.contains_key(&hour) {
                let known = open.get(&hour).cloned();
                let tops = known.map_or_else(|| fold::tops_of_minutes(&tx, hour.0, &cell.site), Ok)?;
                longer.insert(hour.clone(), tops);
            }
            if let Some(tops) = longer.get_mut(&hour) {
                tops.add(&bucket.tops);
                tops.keep(OPEN_NAMES);
            }
            add_to(&tx, Step::Minute, cell.at, &cell.site, bucket, true)?;
            add_to(&tx, Step::Hour, hour.0, &cell.site, bucket, false)?;
            add_to(&tx, Step::Day, Step::Day.start(cell.at), &cell.site, bucket, false)?;
        }
        put_lines(&tx, lines, self.limits.lines)?;
        let minute = Step::Minute.start(now);
        if *tended != minute {
            fold::fold(&tx, &|hour| longer.get(hour).or(open.get(hour)), now)?;
            fold::drop_old(&tx, &self.limits, now)?;
        }
        tx.commit()?;
        *tended = minute;
        open.extend(longer);
        open.retain(|(hour, _), _| hour + 2 * Step::Hour.millis() > now);
        Ok(())
    }

    fn read(&self, step: Step, from: u64, to: u64) -> Result<Vec<Row>, Fault> {
        self.readers.with(|connection| {
            // Of one moment.
            let tx = connection.unchecked_transaction()?;
            let mut found = read_rows(&tx, step, from, to)?;
            let mut covered: HashSet<(Step, u64, String)> = HashSet::new();
            covered.extend(found.iter().map(|row| (step, row.at, row.site.clone())));
            // What was not folded yet.
            for shorter in Step::ALL.into_iter().filter(|shorter| *shorter < step).rev() {
                let is_covered = |row: &Row| {
                    let longer = Step::ALL.into_iter().filter(|longer| *longer > shorter && *longer <= step);
                    longer.into_iter().any(|span| covered.contains(&(span, span.start(row.at), row.site.clone())))
                };
                let mut more = fold::unfolded(&tx, shorter, step, from, to)?;
                more.retain(|row| !is_covered(row));
                covered.extend(more.iter().map(|row| (shorter, row.at, row.site.clone())));
                found.append(&mut more);
            }
            Ok(found)
        })
    }
}

impl Store for StatsDb {
    fn add(&self, deltas: &[(Cell, &Bucket)], lines: &[Arc<Line>], now: u64) -> Result<(), StoreError> {
        self.write(deltas, lines, now).map_err(failed)
    }

    fn rows(&self, step: Step, from: u64, to: u64) -> Result<Vec<Row>, StoreError> {
        self.read(step, from, to).map_err(failed)
    }

    fn lines(&self, before: u64, each: &mut dyn FnMut(Line) -> bool) -> Result<(), StoreError> {
        let read = self.readers.with(|connection| {
            let before = i64::try_from(before).unwrap_or(i64::MAX);
            let mut select = connection.prepare_cached("SELECT id, data FROM line WHERE id < ?1 ORDER BY id DESC")?;
            let mut rows = select.query([before])?;
            while let Some(row) = rows.next()? {
                let id = from_sql(row.get(0)?)?;
                // One of a later version is passed over.
                let line = Line::decode(id, row.get_ref(1)?.as_blob().map_err(|e| Fault::data(e.to_string()))?);
                if line.is_some_and(|line| !each(line)) {
                    break;
                }
            }
            Ok(())
        });
        read.map_err(failed)
    }

    fn stored(&self) -> Result<Stored, StoreError> {
        let read = self.readers.with(|connection| {
            let number = |sql: &str| -> Result<Option<u64>, Fault> {
                let found: Option<i64> =
                    connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?.flatten();
                found.map(from_sql).transpose()
            };
            Ok(Stored {
                since: number(
                    "SELECT min(at) FROM (SELECT min(at) AS at FROM figures WHERE span = 0 UNION ALL \
                     SELECT min(at) FROM figures WHERE span = 1 UNION ALL SELECT min(at) FROM figures WHERE span = 2)",
                )?,
                lines: number("SELECT count(*) FROM line")?.unwrap_or(0),
                lines_since: number("SELECT at FROM line ORDER BY id LIMIT 1")?,
                last_line: number("SELECT max(id) FROM line")?,
            })
        });
        read.map_err(failed)
    }
}

fn failed(fault: Fault) -> StoreError {
    StoreError(fault.to_string())
}

/// As a column has it.
const fn span(step: Step) -> i64 {
    step as i64
}

/// Adds to a row: to one that is there, or with `make` to a new one.
fn add_to(tx: &Transaction<'_>, step: Step, at: u64, site: &str, bucket: &Bucket, make: bool) -> Result<(), Fault> {
    let stored = tx
        .prepare_cached("SELECT data FROM figures WHERE span = ?1 AND at = ?2 AND site = ?3")?
        .query_row(params![span(step), to_sql(at)?, site], |row| row.get::<_, Vec<u8>>(0))
        .optional()?;
    let mut sum = match &stored {
        None if !make => return Ok(()),
        stored => stored.as_deref().map(decoded).unwrap_or_default(),
    };
    sum.add(bucket);
    put(tx, step, at, site, &mut sum)
}

fn put(tx: &Transaction<'_>, step: Step, at: u64, site: &str, bucket: &mut Bucket) -> Result<(), Fault> {
    bucket.tops.keep(NAMES[step as usize]);
    tx.prepare_cached("INSERT OR REPLACE INTO figures (span, at, site, data) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![span(step), to_sql(at)?, site, bucket.encode()])?;
    Ok(())
}

/// What cannot be read any more counts for nothing: figures are not worth stopping for.
fn decoded(data: &[u8]) -> Bucket {
    Bucket::decode(data).unwrap_or_else(|error| {
        tracing::warn!(%error, "some figures are lost");
        Bucket::default()
    })
}

fn read_rows(connection: &Connection, step: Step, from: u64, to: u64) -> Result<Vec<Row>, Fault> {
    let sql = "SELECT at, site, data FROM figures WHERE span = ?1 AND at >= ?2 AND at < ?3 ORDER BY at, site";
    let mut select = connection.prepare_cached(sql)?;
    let until = i64::try_from(to).unwrap_or(i64::MAX);
    rows_of(select.query(params![span(step), i64::try_from(from).unwrap_or(i64::MAX), until])?)
}

fn rows_of(mut rows: rusqlite::Rows<'_>) -> Result<Vec<Row>, Fault> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let data = row.get_ref(2)?.as_blob().map_err(|e| Fault::data(e.to_string()))?;
        found.push(Row { at: from_sql(row.get(0)?)?, site: row.get(1)?, bucket: decoded(data) });
    }
    Ok(found)
}

fn put_lines(tx: &Transaction<'_>, lines: &[Arc<Line>], most: u64) -> Result<(), Fault> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut insert = tx.prepare_cached("INSERT OR REPLACE INTO line (id, at, data) VALUES (?1, ?2, ?3)")?;
    let skip = lines.len().saturating_sub(usize::try_from(most).unwrap_or(usize::MAX));
    for line in &lines[skip..] {
        insert.execute(params![to_sql(line.id)?, to_sql(line.at)?, line.encode()])?;
    }
    Ok(drop_lines(tx, most)?)
}

/// Drops the oldest lines, but for so many.
fn drop_lines(connection: &Connection, most: u64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM line WHERE id IN \
               (SELECT id FROM line ORDER BY id LIMIT max(0, (SELECT count(*) FROM line) - ?1))";
    connection.prepare_cached(sql)?.execute([i64::try_from(most).unwrap_or(i64::MAX)])?;
    Ok(())
}

#[cfg(test)]
mod tests;
