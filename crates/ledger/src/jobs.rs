//! Work that outlives a restart: webhooks to be delivered, and warm-ups.
//!
//! They have a file of their own, `jobs.db`, so that nothing of them waits on, or delays, the purge log.

mod deliveries;

use std::sync::Mutex;

use purge::PurgeId;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

pub use deliveries::{Attempt, Delivery, Ending};

use crate::error::{Fault, JobError, OpenError, from_sql, to_sql};
use crate::folder::Folder;
use crate::sqlite::{Readers, Schema, lock, open_writer};

const SCHEMA: Schema = Schema {
    application: 0x4149_6a62,
    steps: &[
        "
        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            purge BLOB CHECK (length(purge) = 16),
            event TEXT NOT NULL,
            url TEXT NOT NULL,
            body BLOB NOT NULL,
            attempts INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            next_at INTEGER NOT NULL,
            done_at INTEGER
        ) STRICT;
        CREATE INDEX outbox_due ON outbox (next_at) WHERE done_at IS NULL;
        CREATE INDEX outbox_age ON outbox (created_at);
        CREATE TABLE warmup (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
            state TEXT NOT NULL,
            request TEXT NOT NULL,
            total INTEGER NOT NULL,
            done INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            cursor TEXT NOT NULL,
            actor TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            ended_at INTEGER
        ) STRICT;
        CREATE INDEX warmup_open ON warmup (number) WHERE ended_at IS NULL;
    ",
        // How messages fared. Of those from before it is only known how long they took.
        "
        ALTER TABLE outbox ADD COLUMN ending TEXT;
        ALTER TABLE outbox ADD COLUMN tried_at INTEGER;
        ALTER TABLE outbox ADD COLUMN status INTEGER;
        ALTER TABLE outbox ADD COLUMN error TEXT;
        UPDATE outbox SET ending = CASE WHEN done_at - created_at > 86400000 THEN 'given-up' ELSE 'delivered' END
            WHERE done_at IS NOT NULL;
        CREATE INDEX outbox_purge ON outbox (purge);
    ",
    ],
    synchronous: "FULL",
    writer_cache: 1024,
    // A message names pictures.
    secure_delete: true,
};

/// How long a message stays in the outbox, delivered or not: 7 days, in milliseconds.
pub const OUTBOX_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// Warm-ups that have ended and are remembered.
const WARMUPS_KEPT: i64 = 1000;

/// A message that is to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number; 0 for one that is not stored yet. Never used twice.
    pub id: u64,
    /// The purge that it is about.
    pub purge: Option<PurgeId>,
    /// What happened, in the receiver's words.
    pub event: String,
    /// Where it goes.
    pub url: String,
    /// What it says.
    pub body: Vec<u8>,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_at: u64,
    /// When it is tried next.
    pub next_at: u64,
}

/// Where a warm-up stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum WarmupState {
    Waiting,
    Running,
    Done,
    Cancelled,
    Failed,
}

impl WarmupState {
    /// Every state.
    pub const ALL: [WarmupState; 5] =
        [WarmupState::Waiting, WarmupState::Running, WarmupState::Done, WarmupState::Cancelled, WarmupState::Failed];

    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            WarmupState::Waiting => "waiting",
            WarmupState::Running => "running",
            WarmupState::Done => "done",
            WarmupState::Cancelled => "cancelled",
            WarmupState::Failed => "failed",
        }
    }

    /// The inverse of [`WarmupState::name`].
    pub fn from_name(name: &str) -> Option<WarmupState> {
        WarmupState::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A warm-up, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warmup {
    /// Its public id.
    pub id: PurgeId,
    /// Where it stands.
    pub state: WarmupState,
    /// What was asked for, as JSON; the ledger does not look into it.
    pub request: String,
    /// How many pictures it is about; 0 while that is not known.
    pub total: u64,
    /// How many are there.
    pub done: u64,
    /// How many could not be made.
    pub failed: u64,
    /// From where it goes on after a restart, in the words of who runs it; empty at first.
    pub cursor: String,
    /// Who asked: the name of the API key.
    pub actor: String,
    /// When it was asked for, in milliseconds since the Unix epoch.
    pub created_at: u64,
    /// When it ended.
    pub ended_at: Option<u64>,
}

/// The outbox and the warm-ups, in `jobs.db`.
#[derive(Debug)]
pub struct JobsDb {
    /// Keeps the folder ours.
    _folder: Folder,
    writer: Mutex<Connection>,
    readers: Readers,
}

impl JobsDb {
    /// Opens the file, making it where there is none.
    ///
    /// # Errors
    /// When it cannot be read or written, or is not ours.
    pub fn open(folder: &Folder) -> Result<JobsDb, OpenError> {
        let path = folder.jobs_db();
        let writer = open_writer(&path, &SCHEMA)?;
        Ok(JobsDb { _folder: folder.clone(), writer: Mutex::new(writer), readers: Readers::new(&path) })
    }

    /// Stores a message durably; answers its number. Messages that are past [`OUTBOX_MS`] at its `created_at` are dropped, a
    /// few at a time.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn outbox_put(&self, message: &Message) -> Result<u64, JobError> {
        self.write(Flush::Now, |tx| {
            let expired = message.created_at.saturating_sub(OUTBOX_MS);
            tx.prepare_cached(
                "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE created_at < ?1 ORDER BY created_at LIMIT 100)",
            )?
            .execute([to_sql(expired)?])?;
            tx.prepare_cached(
                "INSERT INTO outbox (purge, event, url, body, attempts, created_at, next_at) VALUES (?1,?2,?3,?4,?5,?6,?7)",
            )?
            .execute(params![
                message.purge.map(|id| id.0.to_be_bytes()),
                message.event,
                message.url,
                message.body,
                message.attempts,
                to_sql(message.created_at)?,
                to_sql(message.next_at)?,
            ])?;
            from_sql(tx.last_insert_rowid())
        })
    }

    /// Up to `limit` messages whose time has come, the longest due first. Those past [`OUTBOX_MS`] are left out: nobody waits
    /// for them any more.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn outbox_due(&self, now: u64, limit: usize) -> Result<Vec<Message>, JobError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.readers.with(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT id, purge, event, url, body, attempts, created_at, next_at FROM outbox \
                 WHERE done_at IS NULL AND next_at <= ?1 AND created_at >= ?2 ORDER BY next_at, id LIMIT ?3",
            )?;
            let mut rows = select.query(params![to_sql(now)?, to_sql(now.saturating_sub(OUTBOX_MS))?, limit])?;
            let mut due = Vec::new();
            while let Some(row) = rows.next()? {
                due.push(read_message(row)?);
            }
            Ok(due)
        })?)
    }

    /// When the next message that is not past [`OUTBOX_MS`] is due, in milliseconds since the Unix epoch; `None` if none
    /// waits.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn outbox_next(&self, now: u64) -> Result<Option<u64>, JobError> {
        Ok(self.readers.with(|connection| {
            let next: Option<i64> = connection
                .prepare_cached("SELECT min(next_at) FROM outbox WHERE done_at IS NULL AND created_at >= ?1")?
                .query_row([to_sql(now.saturating_sub(OUTBOX_MS))?], |row| row.get(0))?;
            next.map(from_sql).transpose()
        })?)
    }

    /// Sets what a message says, and counts its age from then. After loss of power it may have to be set again.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn outbox_fill(&self, id: u64, body: &[u8], now: u64) -> Result<(), JobError> {
        self.write(Flush::Later, |tx| {
            tx.prepare_cached("UPDATE outbox SET body = ?2, created_at = ?3 WHERE id = ?1 AND done_at IS NULL")?
                .execute(params![to_sql(id)?, body, to_sql(now)?])?;
            Ok(())
        })
    }

    /// Sets when a message is looked at next.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn outbox_wait(&self, id: u64, next_at: u64) -> Result<(), JobError> {
        self.write(Flush::Later, |tx| {
            tx.prepare_cached("UPDATE outbox SET next_at = ?2 WHERE id = ?1 AND done_at IS NULL")?
                .execute([to_sql(id)?, to_sql(next_at)?])?;
            Ok(())
        })
    }

    /// Stores a new warm-up, durably. Of those that have ended, the oldest are forgotten.
    ///
    /// # Errors
    /// When there is one of this id, or the store cannot be written.
    pub fn warmup_put(&self, warmup: &Warmup) -> Result<(), JobError> {
        self.write(Flush::Now, |tx| {
            tx.prepare_cached(
                "DELETE FROM warmup WHERE ended_at IS NOT NULL AND number <= (SELECT max(number) FROM warmup) - ?1",
            )?
            .execute([WARMUPS_KEPT])?;
            tx.prepare_cached(&format!("INSERT INTO warmup ({WARMUP}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"))?
                .execute(params![
                    warmup.id.0.to_be_bytes(),
                    warmup.state.name(),
                    warmup.request,
                    to_sql(warmup.total)?,
                    to_sql(warmup.done)?,
                    to_sql(warmup.failed)?,
                    warmup.cursor,
                    warmup.actor,
                    to_sql(warmup.created_at)?,
                    warmup.ended_at.map(to_sql).transpose()?,
                ])?;
            Ok(())
        })
    }

    /// Notes how far a warm-up has come: state, counts, cursor and end. After loss of power it may have come less far.
    /// Answers whether there is one of this id.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn warmup_update(&self, warmup: &Warmup) -> Result<bool, JobError> {
        self.write(Flush::Later, |tx| {
            let changed = tx
                .prepare_cached(
                    "UPDATE warmup SET state = ?2, total = ?3, done = ?4, failed = ?5, cursor = ?6, ended_at = ?7 \
                     WHERE id = ?1",
                )?
                .execute(params![
                    warmup.id.0.to_be_bytes(),
                    warmup.state.name(),
                    to_sql(warmup.total)?,
                    to_sql(warmup.done)?,
                    to_sql(warmup.failed)?,
                    warmup.cursor,
                    warmup.ended_at.map(to_sql).transpose()?,
                ])?;
            Ok(changed == 1)
        })
    }

    /// One warm-up.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn warmup(&self, id: PurgeId) -> Result<Option<Warmup>, JobError> {
        Ok(self.readers.with(|connection| {
            let mut select = connection.prepare_cached(&format!("SELECT {WARMUP} FROM warmup WHERE id = ?1"))?;
            let mut rows = select.query([id.0.to_be_bytes()])?;
            rows.next()?.map(read_warmup).transpose()
        })?)
    }

    /// Up to `limit` warm-ups, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn warmups(&self, limit: usize) -> Result<Vec<Warmup>, JobError> {
        self.select_warmups("ORDER BY number DESC", limit)
    }

    /// The warm-ups that have not ended, oldest first: what a start goes on with.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn warmups_open(&self) -> Result<Vec<Warmup>, JobError> {
        self.select_warmups("WHERE ended_at IS NULL ORDER BY number", usize::MAX)
    }

    fn select_warmups(&self, which: &str, limit: usize) -> Result<Vec<Warmup>, JobError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.readers.with(|connection| {
            let mut select = connection.prepare_cached(&format!("SELECT {WARMUP} FROM warmup {which} LIMIT ?1"))?;
            let mut rows = select.query([limit])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(read_warmup(row)?);
            }
            Ok(found)
        })?)
    }

    fn write<T>(&self, flush: Flush, write: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, JobError> {
        let mut connection = lock(&self.writer);
        let mode = match flush {
            Flush::Now => "FULL",
            Flush::Later => "NORMAL",
        };
        let run = || -> Result<T, Fault> {
            connection.pragma_update(None, "synchronous", mode)?;
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = write(&tx)?;
            tx.commit()?;
            Ok(answer)
        };
        Ok(run()?)
    }
}

/// Whether a change waits until it is on the disk. Either survives a kill.
#[derive(Clone, Copy)]
enum Flush {
    Now,
    Later,
}

const WARMUP: &str = "id, state, request, total, done, failed, cursor, actor, created_at, ended_at";

fn read_message(row: &rusqlite::Row<'_>) -> Result<Message, Fault> {
    let purge: Option<[u8; 16]> = row.get(1)?;
    Ok(Message {
        id: from_sql(row.get(0)?)?,
        purge: purge.map(|id| PurgeId(u128::from_be_bytes(id))),
        event: row.get(2)?,
        url: row.get(3)?,
        body: row.get(4)?,
        attempts: row.get(5)?,
        created_at: from_sql(row.get(6)?)?,
        next_at: from_sql(row.get(7)?)?,
    })
}

fn read_warmup(row: &rusqlite::Row<'_>) -> Result<Warmup, Fault> {
    let state: String = row.get(1)?;
    let ended_at: Option<i64> = row.get(9)?;
    Ok(Warmup {
        id: PurgeId(u128::from_be_bytes(row.get(0)?)),
        state: WarmupState::from_name(&state).ok_or_else(|| Fault::data(format!("a warm-up in state {state:?}")))?,
        request: row.get(2)?,
        total: from_sql(row.get(3)?)?,
        done: from_sql(row.get(4)?)?,
        failed: from_sql(row.get(5)?)?,
        cursor: row.get(6)?,
        actor: row.get(7)?,
        created_at: from_sql(row.get(8)?)?,
        ended_at: ended_at.map(from_sql).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn message(n: u64, created_at: u64) -> Message {
        Message {
            id: 0,
            purge: n.is_multiple_of(2).then_some(PurgeId(n.into())),
            event: "purge.erased".into(),
            url: format!("https://hooks.example/{n}"),
            body: vec![0, n as u8, 0xff],
            attempts: 0,
            created_at,
            next_at: created_at,
        }
    }

    fn warmup(n: u128) -> Warmup {
        Warmup {
            id: PurgeId(n),
            state: WarmupState::Waiting,
            request: "{\"urls\":[]}".into(),
            total: 0,
            done: 0,
            failed: 0,
            cursor: String::new(),
            actor: "me".into(),
            created_at: 5,
            ended_at: None,
        }
    }

    #[test]
    fn messages_wait_until_they_are_delivered() {
        let temp = tempfile::tempdir().unwrap();
        let start = OUTBOX_MS * 3;
        {
            let jobs = JobsDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
            assert_eq!(jobs.outbox_next(start).unwrap(), None);
            let ids: Vec<u64> = (0..3).map(|n| jobs.outbox_put(&message(n, start + n)).unwrap()).collect();
            assert_eq!(ids, [1, 2, 3]);
        }
        let jobs = JobsDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
        let due = |now, limit| -> Vec<u64> { jobs.outbox_due(now, limit).unwrap().iter().map(|m| m.id).collect() };
        assert_eq!(jobs.outbox_due(start, 9).unwrap(), [Message { id: 1, ..message(0, start) }]);
        assert_eq!((due(start + 9, 2), due(start - 1, 9)), (vec![1, 2], vec![]));
        let refused = Attempt { at: start, status: Some(500), error: "it answered 500".into() };
        jobs.outbox_retry(1, start + 5, &refused).unwrap();
        assert_eq!((due(start + 4, 9), due(start + 9, 9)), (vec![2, 3], vec![2, 3, 1]));
        assert_eq!(jobs.outbox_due(start + 9, 9).unwrap()[2].attempts, 1);
        jobs.outbox_done(2, start + 9, Ending::Delivered, None).unwrap();
        jobs.outbox_retry(2, start, &refused).unwrap();
        assert_eq!((due(start + 9, 9), jobs.outbox_next(start).unwrap()), (vec![3, 1], Some(start + 2)));
        jobs.outbox_wait(3, start + 4).unwrap();
        jobs.outbox_fill(3, b"told", start + 2).unwrap();
        let third = jobs.outbox_due(start + 9, 9).unwrap().into_iter().find(|m| m.id == 3).unwrap();
        assert_eq!((third.body.as_slice(), third.attempts, third.next_at), (&b"told"[..], 0, start + 4));
        // Nothing waits for ever, and numbers are not used again.
        assert_eq!(due(start + OUTBOX_MS + 1, 9), [3]);
        // Messages that nobody is given any more are not due either: the worker would ask for them without end.
        assert_eq!(jobs.outbox_next(start + OUTBOX_MS + 1).unwrap(), Some(start + 4));
        assert_eq!(jobs.outbox_next(start + OUTBOX_MS + 3).unwrap(), None);
        assert_eq!(jobs.outbox_put(&message(4, start + OUTBOX_MS + 9)).unwrap(), 4);
        let left: i64 = lock(&jobs.writer).query_row("SELECT count(*) FROM outbox", [], |r| r.get(0)).unwrap();
        assert_eq!((left, due(u64::MAX / 4, 9).len()), (1, 0));
    }

    #[test]
    fn warm_ups_go_on_after_a_restart() {
        let temp = tempfile::tempdir().unwrap();
        let half =
            Warmup { state: WarmupState::Running, total: 9, done: 4, failed: 1, cursor: "5".into(), ..warmup(2) };
        {
            let jobs = JobsDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
            (1..=3).for_each(|n| jobs.warmup_put(&warmup(n)).unwrap());
            assert!(jobs.warmup_put(&warmup(3)).is_err(), "an id names one");
            assert!(jobs.warmup_update(&half).unwrap());
            assert!(jobs.warmup_update(&Warmup { state: WarmupState::Done, ended_at: Some(7), ..warmup(1) }).unwrap());
            assert!(!jobs.warmup_update(&warmup(4)).unwrap());
        }
        let jobs = JobsDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
        assert_eq!(jobs.warmups_open().unwrap(), [half.clone(), warmup(3)]);
        assert_eq!(jobs.warmup(PurgeId(2)).unwrap(), Some(half.clone()));
        assert_eq!(jobs.warmup(PurgeId(4)).unwrap(), None);
        assert_eq!(jobs.warmups(2).unwrap(), [warmup(3), half]);
        for state in WarmupState::ALL {
            assert_eq!(WarmupState::from_name(state.name()), Some(state));
        }
        // The oldest that have ended go, and no other.
        lock(&jobs.writer).execute("UPDATE sqlite_sequence SET seq = 2000 WHERE name = 'warmup'", []).unwrap();
        (4..=5).for_each(|n| jobs.warmup_put(&warmup(n)).unwrap());
        let left: Vec<u128> = jobs.warmups(9).unwrap().iter().map(|w| w.id.0).collect();
        assert_eq!(left, [5, 4, 3, 2]);
    }
}
