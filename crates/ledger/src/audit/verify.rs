use plan::Digest;
use purge::LogError;
use rusqlite::Connection;

use super::{AuditHead, AuditKind, COLUMNS, Link, Raw};
use crate::error::Fault;
use crate::log::{self, PurgeDb};

/// What became of checking the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditVerdict {
    /// Everything fits, up to this end.
    Verified {
        /// Number of entries.
        entries: u64,
        /// The chain's end: keep it elsewhere.
        head: AuditHead,
    },
    /// It was tampered with, or the file is damaged.
    Broken {
        /// The first entry that does not fit.
        seq: u64,
        /// Why, in words.
        why: String,
    },
}

impl PurgeDb {
    /// Follows the chain from its beginning and holds every purge record against it, in memory that does not grow with
    /// them. `kept` is an end that was noted earlier and kept elsewhere; the chain must lead through it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit_verify(&self, kept: Option<&AuditHead>) -> Result<AuditVerdict, LogError> {
        Ok(self.readers.with(|connection| {
            // Entries and records are read as of one moment.
            let moment = connection.unchecked_transaction()?;
            verify(&moment, kept)
        })?)
    }
}

fn verify(connection: &Connection, kept: Option<&AuditHead>) -> Result<AuditVerdict, Fault> {
    let mut entries = connection.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY seq"))?;
    let mut entries = entries.query([])?;
    let mut records = Records::after(connection)?;
    let mut records = records.rows()?;
    let mut end = AuditHead::NONE;
    let broken = |seq: u64, why: &str| Ok(AuditVerdict::Broken { seq, why: why.to_owned() });
    while let Some(row) = entries.next()? {
        let seq = end.seq + 1;
        let text = |column: usize| -> Result<&str, Fault> {
            row.get_ref(column)?.as_str().map_err(|e| Fault::data(format!("audit entry {seq}: {e}")))
        };
        let (position, record): (Option<i64>, Option<[u8; 32]>) = (row.get(7)?, row.get(8)?);
        let record = record.map(Digest);
        let link = Link {
            at: row.get(1)?,
            kind: text(2)?,
            actor: text(3)?,
            via: text(4)?,
            sender: text(5)?,
            what: text(6)?,
            record: position.zip(record.as_ref()),
        };
        let next = link.after(&end);
        if row.get::<_, i64>(0)? != seq as i64 {
            return broken(seq, "it is missing");
        }
        if Digest(row.get(9)?) != end.hash {
            return broken(seq, "it does not follow the entry before it");
        }
        if Digest(row.get(10)?) != next.hash || position.is_some() != record.is_some() {
            return broken(seq, "it was changed");
        }
        if (seq == 1) != (link.kind == AuditKind::Begin.name()) {
            return broken(seq, "the chain does not begin where it should");
        }
        if link.kind == AuditKind::Purge.name() && link.record.is_none() {
            return broken(seq, "a purge that names no record");
        }
        if let Some((position, digest)) = link.record {
            let found = if seq == 1 { records.digest_up_to(position)? } else { records.next()? };
            match found {
                Some((_, found)) if found == *digest => {}
                Some((at, _)) if at == position => return broken(seq, "its purge record was changed"),
                Some((at, _)) if at < position => {
                    return broken(seq, &format!("purge record {at} has no entry before this one"));
                }
                _ => return broken(seq, "its purge record is missing"),
            }
        }
        end = next;
        if let Some(kept) = kept.filter(|kept| kept.seq == seq && kept.hash != end.hash) {
            return broken(seq, &format!("another entry stood here when {kept} was noted"));
        }
    }
    if end.seq == 0 {
        return broken(1, "it is missing");
    }
    if let Some((position, _)) = records.next()? {
        return broken(end.seq + 1, &format!("purge record {position} has no entry"));
    }
    if let Some(kept) = kept.filter(|kept| kept.seq > end.seq) {
        return broken(end.seq + 1, &format!("it is missing, and {kept} stood at the end once"));
    }
    Ok(AuditVerdict::Verified { entries: end.seq, head: end })
}

/// One digest over the digests of all records up to a position.
pub(super) fn digest_up_to(connection: &Connection, position: i64, each: &mut dyn FnMut(i64)) -> Result<Digest, Fault> {
    let mut records = Records::after(connection)?;
    let mut records = records.rows()?;
    let mut hasher = blake3::Hasher::new();
    while let Some((at, digest)) = records.next()? {
        if at > position {
            break;
        }
        hasher.update(&digest.0);
        each(at);
    }
    Ok(Digest(*hasher.finalize().as_bytes()))
}

/// The records' digests, in order.
struct Records<'c>(rusqlite::Statement<'c>);

impl<'c> Records<'c> {
    fn after(connection: &'c Connection) -> Result<Self, Fault> {
        Ok(Records(connection.prepare(&format!("SELECT {} FROM record ORDER BY position", log::COLUMNS))?))
    }

    fn rows(&mut self) -> Result<RecordRows<'_>, Fault> {
        Ok(RecordRows { rows: self.0.query([])?, peeked: None })
    }
}

struct RecordRows<'s> {
    rows: rusqlite::Rows<'s>,
    peeked: Option<(i64, Digest)>,
}

impl RecordRows<'_> {
    fn next(&mut self) -> Result<Option<(i64, Digest)>, Fault> {
        if let Some(peeked) = self.peeked.take() {
            return Ok(Some(peeked));
        }
        let Some(row) = self.rows.next()? else { return Ok(None) };
        let position: i64 = row.get(0)?;
        let text = |column: usize| -> Result<&str, Fault> {
            row.get_ref(column)?.as_str().map_err(|e| Fault::data(format!("record {position}: {e}")))
        };
        let terms = row.get_ref(8)?.as_str_or_null().map_err(|e| Fault::data(format!("record {position}: {e}")))?;
        let raw = Raw {
            position,
            id: &row.get(1)?,
            mode: text(2)?,
            targets: text(3)?,
            actor: text(4)?,
            via: text(5)?,
            sender: text(6)?,
            accepted_at: row.get(7)?,
            terms,
        };
        Ok(Some((position, raw.digest())))
    }

    /// As the function of this name; the records after are still to come.
    fn digest_up_to(&mut self, last: i64) -> Result<Option<(i64, Digest)>, Fault> {
        let mut hasher = blake3::Hasher::new();
        while let Some((at, digest)) = self.next()? {
            if at > last {
                self.peeked = Some((at, digest));
                break;
            }
            hasher.update(&digest.0);
        }
        Ok(Some((last, Digest(*hasher.finalize().as_bytes()))))
    }
}
