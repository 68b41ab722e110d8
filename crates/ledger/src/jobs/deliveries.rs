//! How messages of the outbox fared.

use purge::PurgeId;
use rusqlite::params;

use super::{Flush, JobsDb, OUTBOX_MS};
use crate::error::{Fault, JobError, from_sql, to_sql};

/// Deliveries of one purge that are told at most.
const MOST: i64 = 200;

/// An attempt to deliver a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The HTTP status of the answer; `None` where none came.
    pub status: Option<u16>,
    /// What went wrong; empty where nothing did.
    pub error: String,
}

/// How a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its receiver took it.
    Delivered,
    /// It is tried no more.
    GivenUp,
}

impl Ending {
    const fn name(self) -> &'static str {
        match self {
            Ending::Delivered => "delivered",
            Ending::GivenUp => "given-up",
        }
    }
}

/// A message without what it says, and how it fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What happened, in the receiver's words.
    pub event: String,
    /// Where it goes.
    pub url: String,
    /// Whether what it tells of has happened.
    pub has_happened: bool,
    /// How often it was tried, in vain or not.
    pub attempts: u32,
    /// The last attempt, or why it was given up.
    pub last: Option<Attempt>,
    /// When it is looked at next, in milliseconds since the Unix epoch.
    pub next_at: u64,
    /// How it ended, if it has.
    pub ended: Option<Ending>,
}

impl JobsDb {
    /// Notes that a message was delivered, or is given up, and the attempt that decided it. After loss of power it may be
    /// delivered once more.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn outbox_done(&self, id: u64, at: u64, ending: Ending, attempt: Option<&Attempt>) -> Result<(), JobError> {
        self.write(Flush::Later, |tx| {
            tx.prepare_cached(
                "UPDATE outbox SET done_at = ?2, ending = ?3, attempts = attempts + ?4 WHERE id = ?1 AND done_at IS NULL",
            )?
            .execute(params![to_sql(id)?, to_sql(at)?, ending.name(), ending == Ending::Delivered])?;
            attempt.map_or(Ok(()), |attempt| note(tx, id, attempt))
        })
    }

    /// Counts a vain attempt and sets the time of the next.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn outbox_retry(&self, id: u64, next_at: u64, attempt: &Attempt) -> Result<(), JobError> {
        self.write(Flush::Later, |tx| {
            let changed = tx
                .prepare_cached(
                    "UPDATE outbox SET attempts = attempts + 1, next_at = ?2 WHERE id = ?1 AND done_at IS NULL",
                )?
                .execute([to_sql(id)?, to_sql(next_at)?])?;
            if changed > 0 { note(tx, id, attempt) } else { Ok(()) }
        })
    }

    /// The messages about a purge, in the order in which they were stored; those past [`OUTBOX_MS`] are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn outbox_of(&self, purge: PurgeId, now: u64) -> Result<Vec<Delivery>, JobError> {
        Ok(self.readers.with(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT event, url, length(body) > 0, attempts, tried_at, status, error, next_at, done_at, ending FROM outbox \
                 WHERE purge = ?1 AND created_at >= ?2 ORDER BY id LIMIT ?3",
            )?;
            let oldest = to_sql(now.saturating_sub(OUTBOX_MS))?;
            let mut rows = select.query(params![purge.0.to_be_bytes(), oldest, MOST])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                all.push(read(row)?);
            }
            Ok(all)
        })?)
    }
}

fn note(tx: &rusqlite::Transaction<'_>, id: u64, attempt: &Attempt) -> Result<(), Fault> {
    tx.prepare_cached("UPDATE outbox SET tried_at = ?2, status = ?3, error = ?4 WHERE id = ?1")?.execute(params![
        to_sql(id)?,
        to_sql(attempt.at)?,
        attempt.status,
        attempt.error
    ])?;
    Ok(())
}

fn read(row: &rusqlite::Row<'_>) -> Result<Delivery, Fault> {
    let (tried_at, done_at): (Option<i64>, Option<i64>) = (row.get(4)?, row.get(8)?);
    let (error, ending): (Option<String>, Option<String>) = (row.get(6)?, row.get(9)?);
    let status: Option<u16> = row.get(5)?;
    let last = |at| Ok::<_, Fault>(Attempt { at: from_sql(at)?, status, error: error.unwrap_or_default() });
    Ok(Delivery {
        event: row.get(0)?,
        url: row.get(1)?,
        has_happened: row.get(2)?,
        attempts: row.get(3)?,
        last: tried_at.map(last).transpose()?,
        next_at: from_sql(row.get(7)?)?,
        ended: done_at.map(|_| match ending.as_deref() {
            Some("given-up") => Ending::GivenUp,
            _ => Ending::Delivered,
        }),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::folder::Folder;
    use crate::jobs::Message;

    #[test]
    fn what_became_of_messages_is_told_also_after_a_restart() {
        let temp = tempfile::tempdir().unwrap();
        let message = |event: &str, body: &[u8]| Message {
            id: 0,
            purge: Some(PurgeId(7)),
            event: event.into(),
            url: "https://hooks.example/a".into(),
            body: body.to_vec(),
            attempts: 0,
            created_at: 1000,
            next_at: 1000,
        };
        let refused = Attempt { at: 1100, status: Some(503), error: "it answered 503".into() };
        let taken = Attempt { at: 1300, status: Some(204), error: String::new() };
        let unreachable = Attempt { at: 1200, status: None, error: "connection refused".into() };
        {
            let jobs = JobsDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
            for (event, body) in [("effective", &b"x"[..]), ("erased", b""), ("lifted", b"x"), ("refreshed", b"x")] {
                jobs.outbox_put(&message(event, body)).unwrap();
            }
            jobs.outbox_put(&Message { purge: Some(PurgeId(8)), ..message("effective", b"x") }).unwrap();
            jobs.outbox_retry(1, 1250, &refused).unwrap();
            jobs.outbox_done(1, 1300, Ending::Delivered, Some(&taken)).unwrap();
            // What has ended changes no more.
            jobs.outbox_retry(1, 9, &refused).unwrap();
            jobs.outbox_retry(3, 1250, &unreachable).unwrap();
            jobs.outbox_retry(4, 1250, &unreachable).unwrap();
            jobs.outbox_done(4, 1400, Ending::GivenUp, None).unwrap();
        }
        let jobs = JobsDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
        let delivery = |event: &str, has_happened, attempts, last, next_at, ended| Delivery {
            event: event.into(),
            url: "https://hooks.example/a".into(),
            has_happened,
            attempts,
            last,
            next_at,
            ended,
        };
        let all = [
            delivery("effective", true, 2, Some(taken), 1250, Some(Ending::Delivered)),
            delivery("erased", false, 0, None, 1000, None),
            delivery("lifted", true, 1, Some(unreachable.clone()), 1250, None),
            delivery("refreshed", true, 1, Some(unreachable), 1250, Some(Ending::GivenUp)),
        ];
        assert_eq!(jobs.outbox_of(PurgeId(7), 2000).unwrap(), all);
        assert_eq!(jobs.outbox_of(PurgeId(8), 2000).unwrap().len(), 1);
        assert!(jobs.outbox_of(PurgeId(9), 2000).unwrap().is_empty());
        assert!(jobs.outbox_of(PurgeId(7), 1001 + OUTBOX_MS).unwrap().is_empty(), "remembered for seven days");
    }
}
