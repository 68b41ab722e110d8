//! The audit log: what was done by whom, in order, each entry bound to the one before by a hash.
//!
//! Every purge is an entry, written in the transaction that appends its record and bound to that record's content; so are
//! lifted takedowns, erasures, new API keys, starts. The chain shows whether record or entry was changed, taken out, put in
//! or moved by somebody who did not recompute all that follows. It cannot by itself show
//! - that it was recomputed from some place to the end by somebody who can write the file and knows this form, nor
//! - that the newest entries were cut off together with the records that belong to them.
//!
//! Both show as soon as some earlier [`AuditHead`] is kept where that somebody cannot write (an export, a log collector, a
//! printed line) and given to [`PurgeDb::audit_verify`]: the chain must still lead through it.
//!
//! What changes later is not bound: how far a purge has come, the floor, and whether a takedown is lifted stand in tables of
//! their own, of which the chain holds only the entries that erasing and lifting leave.
//!
//! An entry's hash is BLAKE3 over `afterimage audit 1`, its number, time, kind, actor, API, sender, text, record position (0
//! if none), record digest (empty if none) and the hash before it (32 zero bytes at first). A text is its length and its
//! bytes, a number is 8 bytes; lengths and numbers are little-endian.

use std::fmt;

use plan::{Digest, Position};
use purge::{LogError, Mode, Record};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::error::{Fault, from_sql, to_sql};
use crate::log::PurgeDb;
use crate::sqlite::now_ms;

mod export;
mod verify;

pub use export::AuditLines;
pub use verify::AuditVerdict;

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditKind {
    /// The chain began here: its digest covers every record from before.
    Begin,
    /// A purge was accepted.
    Purge,
    /// A takedown was lifted.
    Lifted,
    /// The bytes of a purge are gone from every file here.
    Erased,
    /// A warm-up was asked for.
    Warm,
    /// An API key was made or stored.
    KeyCreated,
    /// What an API key may do was changed.
    KeyChanged,
    /// An API key got a new secret.
    KeyRotated,
    /// An API key was revoked.
    KeyRevoked,
    /// A run of the node began.
    Run,
    /// The log took a new identity, so nothing cached before is believed.
    NewLog,
    /// Somebody signed in to the dashboard.
    SignedIn,
    /// Settings came into force that differ from the last ones.
    Settings,
}

impl AuditKind {
    /// Every kind.
    pub const ALL: [AuditKind; 13] = [
        AuditKind::Begin,
        AuditKind::Purge,
        AuditKind::Lifted,
        AuditKind::Erased,
        AuditKind::Warm,
        AuditKind::KeyCreated,
        AuditKind::KeyChanged,
        AuditKind::KeyRotated,
        AuditKind::KeyRevoked,
        AuditKind::Run,
        AuditKind::NewLog,
        AuditKind::SignedIn,
        AuditKind::Settings,
    ];

    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            AuditKind::Begin => "begin",
            AuditKind::Purge => "purge",
            AuditKind::Lifted => "takedown-lifted",
            AuditKind::Erased => "erased",
            AuditKind::Warm => "warm",
            AuditKind::KeyCreated => "key-created",
            AuditKind::KeyChanged => "key-changed",
            AuditKind::KeyRotated => "key-rotated",
            AuditKind::KeyRevoked => "key-revoked",
            AuditKind::Run => "run",
            AuditKind::NewLog => "new-log",
            AuditKind::SignedIn => "signed-in",
            AuditKind::Settings => "settings",
        }
    }

    /// The inverse of [`AuditKind::name`].
    pub fn from_name(name: &str) -> Option<AuditKind> {
        AuditKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What is to be noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, in milliseconds since the Unix epoch; for people, the order is that of the chain.
    pub at: u64,
    /// What about.
    pub kind: AuditKind,
    /// Who: the name of the API key; empty for the node itself.
    pub actor: String,
    /// Through which API; may be empty.
    pub via: String,
    /// From which address; empty if unknown.
    pub from: String,
    /// What, in words for people.
    pub what: String,
}

impl Entry {
    /// Something that the node did by itself, now.
    pub fn of_system(kind: AuditKind, what: String) -> Entry {
        Entry { at: now_ms(), kind, actor: String::new(), via: String::new(), from: String::new(), what }
    }
}

/// The end of the chain, or of a part of it. Kept elsewhere, it proves that nothing up to it was changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditHead {
    /// Number of the entry; 0 before the first.
    pub seq: u64,
    /// Its hash; zeros before the first.
    pub hash: Digest,
}

/// `number:hash`.
impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

impl AuditHead {
    const NONE: AuditHead = AuditHead { seq: 0, hash: Digest([0; 32]) };

    /// Reads what its text says.
    pub fn parse(text: &str) -> Option<AuditHead> {
        let (seq, hash) = text.trim().split_once(':')?;
        Some(AuditHead { seq: seq.parse().ok()?, hash: Digest::from_hex(hash)? })
    }
}

/// An entry as it stands in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, from 1 without gaps.
    pub seq: u64,
    /// What was noted.
    pub entry: Entry,
    /// The purge record that it is bound to.
    pub position: Option<Position>,
    /// That record's digest.
    pub record: Option<Digest>,
    /// The hash of the entry before.
    pub prev: Digest,
    /// Its own.
    pub hash: Digest,
}

/// Which entries are wanted. What is `None` does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Only these.
    pub kind: Option<AuditKind>,
    /// Only by this key.
    pub actor: Option<String>,
    /// Only where this stands in the text, regardless of case.
    pub search: Option<String>,
    /// Only at or after this time, in milliseconds since the Unix epoch.
    pub since: Option<u64>,
    /// Only before this time.
    pub until: Option<u64>,
}

impl PurgeDb {
    /// Adds an entry, durably.
    ///
    /// # Errors
    /// When the store cannot be written: then there is none.
    pub fn audit_append(&self, entry: &Entry) -> Result<(), LogError> {
        self.write_chained(|tx, chain| chain.add(tx, entry))
    }

    /// Up to `limit` entries with numbers below `before` (`None` = the newest), newest first. Reads what lies between them,
    /// too.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit_page(
        &self,
        before: Option<u64>,
        limit: usize,
        filter: &AuditFilter,
    ) -> Result<Vec<AuditRow>, LogError> {
        let bound = |time: Option<u64>, or: i64| time.map_or(or, |t| i64::try_from(t).unwrap_or(i64::MAX));
        let search = filter.search.as_ref().map(|text| text.to_lowercase());
        let rows = self.readers.with(|connection| {
            let mut rows = Vec::new();
            if limit == 0 {
                return Ok(rows);
            }
            let mut select = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM audit WHERE seq < ?1 AND (?2 IS NULL OR kind = ?2) AND (?3 IS NULL OR actor = ?3) \
                 AND at >= ?4 AND (?5 IS NULL OR at < ?5) ORDER BY seq DESC"
            ))?;
            let mut found = select.query(params![
                bound(before, i64::MAX),
                filter.kind.map(AuditKind::name),
                filter.actor,
                bound(filter.since, i64::MIN),
                filter.until.map(|t| bound(Some(t), 0)),
            ])?;
            while let Some(row) = found.next()? {
                let row = read_row(row)?;
                if search.as_ref().is_none_or(|text| row.entry.what.to_lowercase().contains(text)) {
                    rows.push(row);
                }
                if rows.len() >= limit {
                    break;
                }
            }
            Ok(rows)
        })?;
        Ok(rows)
    }

    /// The chain's end: to be kept elsewhere.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit_head(&self) -> Result<AuditHead, LogError> {
        Ok(self.readers.with(read_end)?)
    }
}

/// The growing end of the chain within one transaction.
pub(crate) struct Chain(AuditHead);

impl From<AuditHead> for Chain {
    fn from(end: AuditHead) -> Self {
        Chain(end)
    }
}

impl Chain {
    pub(crate) fn end(&self) -> AuditHead {
        self.0
    }

    /// Adds an entry of its own.
    pub(crate) fn add(&mut self, tx: &Transaction<'_>, entry: &Entry) -> Result<(), Fault> {
        let what = &entry.what;
        self.link(
            tx,
            &Link {
                at: to_sql(entry.at)?,
                kind: entry.kind.name(),
                actor: &entry.actor,
                via: &entry.via,
                sender: &entry.from,
                what,
                record: None,
            },
        )
    }

    /// Adds a purge, bound to its record.
    pub(crate) fn add_purge(&mut self, tx: &Transaction<'_>, record: &Record, digest: &Digest) -> Result<(), Fault> {
        let what = match record.mode {
            Mode::Takedown => format!("takedown {}", record.id),
            mode => format!("{} purge {}", mode.name(), record.id),
        };
        self.link(
            tx,
            &Link {
                at: to_sql(record.accepted_at)?,
                kind: AuditKind::Purge.name(),
                actor: &record.actor,
                via: record.via.name(),
                sender: &record.from,
                what: &what,
                record: Some((to_sql(record.position.0)?, digest)),
            },
        )
    }

    fn link(&mut self, tx: &Transaction<'_>, link: &Link<'_>) -> Result<(), Fault> {
        let prev = self.0;
        let next = link.after(&prev);
        tx.prepare_cached(&format!("INSERT INTO audit ({COLUMNS}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)"))?
            .execute(params![
                to_sql(next.seq)?,
                link.at,
                link.kind,
                link.actor,
                link.via,
                link.sender,
                link.what,
                link.record.map(|(position, _)| position),
                link.record.map(|(_, digest)| digest.0),
                prev.hash.0,
                next.hash.0,
            ])?;
        self.0 = next;
        Ok(())
    }
}

/// An entry's content as it stands in the file, borrowed.
struct Link<'a> {
    at: i64,
    kind: &'a str,
    actor: &'a str,
    via: &'a str,
    sender: &'a str,
    what: &'a str,
    record: Option<(i64, &'a Digest)>,
}

impl Link<'_> {
    /// The chain's end with this entry after `prev`.
    fn after(&self, prev: &AuditHead) -> AuditHead {
        let seq = prev.seq + 1;
        let mut hasher = blake3::Hasher::new();
        text(&mut hasher, b"afterimage audit 1");
        number(&mut hasher, seq);
        number(&mut hasher, self.at as u64);
        for part in [self.kind, self.actor, self.via, self.sender, self.what] {
            text(&mut hasher, part.as_bytes());
        }
        number(&mut hasher, self.record.map_or(0, |(position, _)| position as u64));
        text(&mut hasher, self.record.map_or(&[][..], |(_, digest)| &digest.0));
        text(&mut hasher, &prev.hash.0);
        AuditHead { seq, hash: Digest(*hasher.finalize().as_bytes()) }
    }
}

/// A purge record as it stands in the file, borrowed.
pub(crate) struct Raw<'a> {
    pub(crate) position: i64,
    pub(crate) id: &'a [u8; 16],
    pub(crate) mode: &'a str,
    pub(crate) targets: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) via: &'a str,
    pub(crate) sender: &'a str,
    pub(crate) accepted_at: i64,
    pub(crate) terms: Option<&'a str>,
}

impl Raw<'_> {
    /// BLAKE3 over every column: `afterimage record 1`, position, id, mode, targets, actor, API, sender, time and terms (the
    /// number of them, 0 or 1, first).
    pub(crate) fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        text(&mut hasher, b"afterimage record 1");
        number(&mut hasher, self.position as u64);
        text(&mut hasher, self.id);
        for part in [self.mode, self.targets, self.actor, self.via, self.sender] {
            text(&mut hasher, part.as_bytes());
        }
        number(&mut hasher, self.accepted_at as u64);
        number(&mut hasher, u64::from(self.terms.is_some()));
        text(&mut hasher, self.terms.unwrap_or_default().as_bytes());
        Digest(*hasher.finalize().as_bytes())
    }
}

fn text(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

fn number(hasher: &mut blake3::Hasher, n: u64) {
    hasher.update(&n.to_le_bytes());
}

const COLUMNS: &str = "seq, at, kind, actor, via, sender, what, position, record, prev, hash";

/// The last entry.
pub(crate) fn read_end(connection: &Connection) -> Result<AuditHead, Fault> {
    let end = connection
        .query_row("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    end.map_or(Ok(AuditHead::NONE), |(seq, hash)| Ok(AuditHead { seq: from_sql(seq)?, hash: Digest(hash) }))
}

/// Finds the chain's end; in a file that has no chain yet, begins one over the records that are there.
pub(crate) fn open_chain(connection: &mut Connection) -> Result<AuditHead, Fault> {
    let begun: i64 = connection.query_row("SELECT begun FROM chain", [], |row| row.get(0))?;
    if begun != 0 {
        // Once begun it is never begun again: a chain that lost everything must not look like a new one.
        return read_end(connection);
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut chain = Chain(AuditHead::NONE);
    let (mut records, mut last) = (0_u64, 0);
    let digest = verify::digest_up_to(&tx, i64::MAX, &mut |position| {
        records += 1;
        last = position;
    })?;
    let what = format!("{records} purges from before");
    let entry = Entry::of_system(AuditKind::Begin, what);
    chain.link(
        &tx,
        &Link {
            at: to_sql(entry.at)?,
            kind: entry.kind.name(),
            actor: "",
            via: "",
            sender: "",
            what: &entry.what,
            record: Some((last, &digest)),
        },
    )?;
    tx.execute("UPDATE chain SET begun = 1", [])?;
    tx.commit()?;
    Ok(chain.end())
}

fn read_row(row: &rusqlite::Row<'_>) -> Result<AuditRow, Fault> {
    let seq = from_sql(row.get(0)?)?;
    let kind: String = row.get(2)?;
    let kind =
        AuditKind::from_name(&kind).ok_or_else(|| Fault::data(format!("audit entry {seq}: unknown kind {kind:?}")))?;
    let position: Option<i64> = row.get(7)?;
    let record: Option<[u8; 32]> = row.get(8)?;
    Ok(AuditRow {
        seq,
        entry: Entry {
            at: from_sql(row.get(1)?)?,
            kind,
            actor: row.get(3)?,
            via: row.get(4)?,
            from: row.get(5)?,
            what: row.get(6)?,
        },
        position: position.map(from_sql).transpose()?.map(Position),
        record: record.map(Digest),
        prev: Digest(row.get(9)?),
        hash: Digest(row.get(10)?),
    })
}

#[cfg(test)]
mod tests;
