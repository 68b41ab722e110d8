use plan::Digest;
use purge::{LogError, PurgeId};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::error::{Fault, to_sql};
use crate::log::PurgeDb;

/// How long an idempotency key is remembered: 24 hours, in milliseconds.
pub const IDEMPOTENCY_MS: u64 = 24 * 60 * 60 * 1000;

/// What is known of an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recalled {
    /// Nothing, or it is too long ago.
    Unknown,
    /// The same request was accepted as this purge.
    Same(PurgeId),
    /// The key came with another body.
    OtherBody,
}

impl PurgeDb {
    /// Remembers that a key and the hash of its request's body led to a purge. An earlier memory that still holds stays and
    /// is told; [`Recalled::Unknown`] means that this one was stored. `now` is in milliseconds since the Unix epoch. Keys
    /// of different callers are different keys: put the caller's name into `key`.
    ///
    /// A crash between append and this call loses the memory, and the repeated request purges once more: that is harmless.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn remember(&self, key: &str, body: &Digest, id: PurgeId, now: u64) -> Result<Recalled, LogError> {
        self.write(|connection| remember(connection, key, body, id, now))
    }

    /// What is known of a key at a time in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn recall(&self, key: &str, body: &Digest, now: u64) -> Result<Recalled, LogError> {
        Ok(self.readers.with(|connection| recall(connection, key, body, now))?)
    }
}

fn remember(connection: &mut Connection, key: &str, body: &Digest, id: PurgeId, now: u64) -> Result<Recalled, Fault> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let known = recall(&tx, key, body, now)?;
    if known == Recalled::Unknown {
        // A few at a time, so that no purge waits long for it.
        tx.prepare_cached(
            "DELETE FROM idempotency WHERE rowid IN (SELECT rowid FROM idempotency WHERE at <= ?1 LIMIT 100)",
        )?
        .execute([expired(now)?])?;
        tx.prepare_cached("INSERT OR REPLACE INTO idempotency (key, body, id, at) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![key, body.0, id.0.to_be_bytes(), to_sql(now)?])?;
        tx.commit()?;
    }
    Ok(known)
}

fn recall(connection: &Connection, key: &str, body: &Digest, now: u64) -> Result<Recalled, Fault> {
    let found = connection
        .prepare_cached("SELECT body, id FROM idempotency WHERE key = ?1 AND at > ?2")?
        .query_row(params![key, expired(now)?], |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, [u8; 16]>(1)?)))
        .optional()?;
    Ok(match found {
        None => Recalled::Unknown,
        Some((stored, id)) if stored == body.0 => Recalled::Same(PurgeId(u128::from_be_bytes(id))),
        Some(_) => Recalled::OtherBody,
    })
}

/// Memories of this time and before no longer hold; -1 when the clock has not run for so long.
fn expired(now: u64) -> Result<i64, Fault> {
    now.checked_sub(IDEMPOTENCY_MS).map_or(Ok(-1), to_sql)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Folder;
    use crate::sqlite::lock;

    #[test]
    fn a_key_holds_for_a_day() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::open(temp.path()).unwrap();
        let log = PurgeDb::open(&folder).unwrap();
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let (one, two) = (PurgeId(1), PurgeId(2));
        for t in [0, 1 << 41] {
            assert_eq!(log.recall("k", &a, t).unwrap(), Recalled::Unknown);
            assert_eq!(log.remember("k", &a, one, t).unwrap(), Recalled::Unknown);
            assert_eq!(log.remember("k", &a, two, t + 5).unwrap(), Recalled::Same(one), "the first stays");
            assert_eq!(log.recall("k", &b, t).unwrap(), Recalled::OtherBody);
            assert_eq!(log.recall("K", &a, t).unwrap(), Recalled::Unknown);
            assert_eq!(log.recall("k", &a, t + IDEMPOTENCY_MS - 1).unwrap(), Recalled::Same(one));
            assert_eq!(log.recall("k", &a, t + IDEMPOTENCY_MS).unwrap(), Recalled::Unknown);
        }
        log.remember("other", &a, one, 1 << 42).unwrap();
        let rows: i64 = lock(&log.writer).query_row("SELECT count(*) FROM idempotency", [], |r| r.get(0)).unwrap();
        assert_eq!(rows, 1, "old ones are forgotten");
    }
}
