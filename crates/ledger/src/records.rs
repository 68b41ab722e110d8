//! What stands beside the log: how far each purge has come, the takedowns, the floor.

use plan::Position;
use purge::{Count, Filter, Lifted, LogError, Progress, PurgeId, Record, Records, State, Takedown};
use rusqlite::{Connection, OptionalExtension, Transaction, params, params_from_iter, types::Value};

use crate::audit::{AuditKind, Chain, Entry};
use crate::error::{Fault, from_sql, to_sql};
use crate::log::{COLUMNS, PurgeDb, read_record};

impl Records for PurgeDb {
    fn note(&self, progress: &[(Position, Progress)]) -> Result<Vec<Progress>, LogError> {
        if progress.is_empty() {
            return Ok(Vec::new());
        }
        self.write_lazily(|tx, chain| progress.iter().map(|(position, p)| note(tx, chain, *position, p)).collect())
    }

    fn list(&self, filter: &Filter) -> Result<Vec<(Record, Option<Progress>)>, LogError> {
        if filter.limit == 0 || filter.state == Some(State::Accepted) {
            // Nothing stays merely accepted: the caller is answered when it is effective.
            return Ok(Vec::new());
        }
        let (sql, values) = statement(filter);
        let search = filter.search.as_ref().map(|text| text.to_lowercase());
        Ok(self.readers.with(|connection| {
            let mut select = connection.prepare_cached(&sql)?;
            let mut rows = select.query(params_from_iter(values))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let record = read_record(row)?;
                if search.as_ref().is_none_or(|text| says(&record, text)) {
                    found.push((record, read_progress(row)?));
                }
                if found.len() >= filter.limit {
                    break;
                }
            }
            Ok(found)
        })?)
    }

    fn unerased(&self, after: Position, limit: usize) -> Result<Vec<(Record, Option<Progress>)>, LogError> {
        let Ok(after) = to_sql(after.0) else { return Ok(Vec::new()) };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.readers.with(|connection| {
            let mut select = connection.prepare_cached(&format!(
                "SELECT {COLUMNS}, {PROGRESS} FROM unerased CROSS JOIN record USING (position) \
                 LEFT JOIN progress USING (position) WHERE unerased.position > ?1 ORDER BY unerased.position LIMIT ?2"
            ))?;
            let mut rows = select.query([after, limit])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push((read_record(row)?, read_progress(row)?));
            }
            Ok(found)
        })?)
    }

    fn takedowns(&self, all: bool) -> Result<Vec<Takedown>, LogError> {
        Ok(self.readers.with(|connection| {
            let mut select = connection.prepare_cached(&format!(
                "SELECT {COLUMNS}, {LIFTED} FROM takedown CROSS JOIN record USING (position) \
                 WHERE ?1 OR lifted_at IS NULL ORDER BY takedown.position DESC"
            ))?;
            let mut rows = select.query([all])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(read_takedown(row)?);
            }
            Ok(found)
        })?)
    }

    fn lift(&self, id: PurgeId, lifted: &Lifted) -> Result<Option<Takedown>, LogError> {
        self.write_chained(|tx, chain| lift(tx, chain, id, lifted))
    }

    fn keep_floor(&self, floor: Position) -> Result<(), LogError> {
        self.write_chained(|tx, _| {
            let head: i64 = tx.query_row("SELECT coalesce(max(position), 0) FROM record", [], |row| row.get(0))?;
            let floor = to_sql(floor.0)?;
            // Above the head it would void what is filled from now on.
            if floor > head {
                return Err(Fault::data(format!("a floor of {floor} is above the head {head}")));
            }
            let changed = tx.execute("UPDATE floor SET position = max(position, ?1)", [floor])?;
            if changed == 1 { Ok(()) } else { Err(Fault::data("the purge log has no floor")) }
        })
    }

    fn floor(&self) -> Result<Position, LogError> {
        let floor = self.readers.with(|connection| {
            from_sql(connection.prepare_cached("SELECT position FROM floor")?.query_row([], |row| row.get(0))?)
        })?;
        Ok(Position(floor))
    }
}

const PROGRESS: &str = "effective_at, refreshed_at, erased_at, derivatives, derivative_bytes, masters, master_bytes, \
                        memory, memory_bytes";
const LIFTED: &str = "lifted_at, lifted_by, lifted_from";
/// What is noted stays, whoever notes what beside it: see [`Progress::joined`].
const JOIN: &str = "ON CONFLICT (position) DO UPDATE SET \
    refreshed_at = coalesce(refreshed_at, excluded.refreshed_at), erased_at = coalesce(erased_at, excluded.erased_at), \
    derivatives = max(derivatives, excluded.derivatives), \
    derivative_bytes = max(derivative_bytes, excluded.derivative_bytes), \
    masters = max(masters, excluded.masters), master_bytes = max(master_bytes, excluded.master_bytes), \
    memory = max(memory, excluded.memory), memory_bytes = max(memory_bytes, excluded.memory_bytes)";
/// Where the columns after those of a record begin.
const BESIDE: usize = 9;

/// The query for a filter, without its search. It walks back from the newest, and only over what the filter says.
fn statement(filter: &Filter) -> (String, Vec<Value>) {
    let from = match filter.state {
        Some(State::Erased) => "progress CROSS JOIN record USING (position)",
        Some(_) => "unerased CROSS JOIN record USING (position) LEFT JOIN progress USING (position)",
        None => "record LEFT JOIN progress USING (position)",
    };
    let mut sql = format!("SELECT {COLUMNS}, {PROGRESS} FROM {from} WHERE TRUE");
    let mut values: Vec<Value> = Vec::new();
    let mut also = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            sql.push_str(" AND ");
            sql.push_str(condition);
            values.push(value);
        }
    };
    // What is past SQLite's range is past every record.
    let number = |n: u64| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
    let text = |text: &str| Value::from(text.to_owned());
    also("position < ?", filter.before.map(|position| number(position.0)));
    also("mode = ?", filter.mode.map(|mode| text(mode.name())));
    also("via = ?", filter.via.map(|via| text(via.name())));
    also("actor = ?", filter.actor.as_deref().map(text));
    also("accepted_at >= ?", filter.since.map(number));
    also("accepted_at < ?", filter.until.map(number));
    also("(erased_at IS NOT NULL) = ?", filter.state.map(|state| Value::from(state == State::Erased)));
    // A selector has a line of its own that begins with `-` and its kind.
    also("instr(targets, ?) > 0", filter.kind.as_deref().map(|kind| Value::from(format!("\n-{kind}:"))));
    sql.push_str(" ORDER BY position DESC");
    (sql, values)
}

/// Whether a lower-case text stands in what was said or meant.
fn says(record: &Record, text: &str) -> bool {
    record.targets.iter().any(|target| {
        target.said.to_lowercase().contains(text)
            || target.selectors.iter().any(|selector| selector.to_string().to_lowercase().contains(text))
    })
}

fn note(tx: &Transaction<'_>, chain: &mut Chain, position: Position, told: &Progress) -> Result<Progress, Fault> {
    let at = to_sql(position.0)?;
    let id = tx
        .prepare_cached("SELECT id FROM record WHERE position = ?1")?
        .query_row([at], |row| row.get::<_, [u8; 16]>(0))
        .optional()?;
    // A purge that could not be written has no record to note anything of.
    let Some(id) = id else { return Ok(*told) };
    let waited: bool = tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM unerased WHERE position = ?1)")?
        .query_row([at], |row| row.get(0))?;
    let time = |time: Option<u64>| time.map(to_sql).transpose();
    let mut upsert = tx.prepare_cached(&format!(
        "INSERT INTO progress (position, {PROGRESS}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) {JOIN} RETURNING {PROGRESS}"
    ))?;
    let mut rows = upsert.query(params![
        at,
        to_sql(told.effective_at)?,
        time(told.refreshed_at)?,
        time(told.erased_at)?,
        to_sql(told.derivatives.entries)?,
        to_sql(told.derivatives.bytes)?,
        to_sql(told.masters.entries)?,
        to_sql(told.masters.bytes)?,
        to_sql(told.memory.entries)?,
        to_sql(told.memory.bytes)?,
    ])?;
    let noted = rows.next()?.map(|row| read_progress_at(row, 0)).transpose()?.flatten().unwrap_or(*told);
    if let (Some(erased_at), true) = (noted.erased_at, waited) {
        tx.prepare_cached("DELETE FROM unerased WHERE position = ?1")?.execute([at])?;
        let (d, m) = (noted.derivatives, noted.masters);
        let what = format!(
            "purge {}: {} derivatives ({} bytes), {} masters ({} bytes)",
            PurgeId(u128::from_be_bytes(id)),
            d.entries,
            d.bytes,
            m.entries,
            m.bytes
        );
        chain.add(tx, &Entry { at: erased_at, ..Entry::of_system(AuditKind::Erased, what) })?;
    }
    Ok(noted)
}

fn read_progress(row: &rusqlite::Row<'_>) -> Result<Option<Progress>, Fault> {
    read_progress_at(row, BESIDE)
}

/// As [`read_progress`], from a column on.
fn read_progress_at(row: &rusqlite::Row<'_>, first: usize) -> Result<Option<Progress>, Fault> {
    let Some(effective_at) = row.get::<_, Option<i64>>(first)? else { return Ok(None) };
    let time = |column: usize| row.get::<_, Option<i64>>(first + column)?.map(from_sql).transpose();
    let count = |column: usize| -> Result<Count, Fault> {
        Ok(Count { entries: from_sql(row.get(first + column)?)?, bytes: from_sql(row.get(first + column + 1)?)? })
    };
    Ok(Some(Progress {
        effective_at: from_sql(effective_at)?,
        refreshed_at: time(1)?,
        erased_at: time(2)?,
        derivatives: count(3)?,
        masters: count(5)?,
        memory: count(7)?,
    }))
}

fn lift(tx: &Transaction<'_>, chain: &mut Chain, id: PurgeId, lifted: &Lifted) -> Result<Option<Takedown>, Fault> {
    let changed = tx.execute(
        "UPDATE takedown SET lifted_at = ?1, lifted_by = ?2, lifted_from = ?3 \
         WHERE lifted_at IS NULL AND position = (SELECT position FROM record WHERE id = ?4)",
        params![to_sql(lifted.at)?, lifted.actor, lifted.from, id.0.to_be_bytes()],
    )?;
    if changed == 0 {
        return Ok(None);
    }
    let entry = Entry {
        at: lifted.at,
        actor: lifted.actor.clone(),
        from: lifted.from.clone(),
        ..Entry::of_system(AuditKind::Lifted, format!("takedown {id}"))
    };
    chain.add(tx, &entry)?;
    takedown(tx, id)
}

fn takedown(connection: &Connection, id: PurgeId) -> Result<Option<Takedown>, Fault> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, {LIFTED} FROM takedown JOIN record USING (position) WHERE id = ?1"
    ))?;
    let mut rows = select.query([id.0.to_be_bytes()])?;
    rows.next()?.map(read_takedown).transpose()
}

fn read_takedown(row: &rusqlite::Row<'_>) -> Result<Takedown, Fault> {
    let at: Option<i64> = row.get(BESIDE)?;
    let lifted = match at {
        None => None,
        Some(at) => Some(Lifted { at: from_sql(at)?, actor: row.get(BESIDE + 1)?, from: row.get(BESIDE + 2)? }),
    };
    Ok(Takedown { record: read_record(row)?, lifted })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{Folder, contract};

    #[test]
    fn keeps_the_contract() {
        let temp = tempfile::tempdir().unwrap();
        contract::records(&mut || Box::new(PurgeDb::open(&Folder::open(temp.path()).unwrap()).unwrap()));
    }

    /// What finds the unerased reads them alone, however many records there are.
    #[test]
    fn the_unerased_are_found_without_a_walk() {
        let temp = tempfile::tempdir().unwrap();
        let log = PurgeDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
        let records: Vec<Record> = (1..=2000).map(contract::record).collect();
        purge::Log::append(&log, &records).unwrap();
        let done = Progress { erased_at: Some(1), ..contract::progress(1) };
        let noted: Vec<(Position, Progress)> = (1..2000).map(|n| (Position(n), done)).collect();
        log.note(&noted).unwrap();
        let steps = |sql: &str| {
            log.readers.with(|connection| {
                let mut select = connection.prepare(sql)?;
                let found = select.query([])?.mapped(|row| row.get::<_, i64>(0)).count();
                assert_eq!(found, 1);
                Ok(select.get_status(rusqlite::StatementStatus::VmStep))
            })
        };
        let (sql, values) = statement(&Filter { state: Some(State::Effective), limit: 9, ..Filter::default() });
        assert_eq!(values, [Value::from(false)]);
        assert!(steps(&sql.replace('?', "0")).unwrap() < 100);
        let sql = "SELECT record.position FROM unerased CROSS JOIN record USING (position) ORDER BY unerased.position";
        assert!(steps(sql).unwrap() < 100);
        assert_eq!(log.unerased(Position(0), 9).unwrap(), [(contract::record(2000), None)]);
    }
}
