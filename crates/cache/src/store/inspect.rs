//! Looking at what is stored, for people: nothing is served, counted as used, moved or dropped by it.

use std::sync::Arc;
use std::time::Instant;

use plan::reason::Miss;
use plan::{DerivativeKey, MasterId};
use purge::Row;

use super::Store;
use crate::entry::{Entry, Hits};

/// What the tiers have under a key.
#[derive(Clone, Default)]
pub struct Inspected {
    /// What a request would be answered with or, where that is nothing, what there is all the same.
    pub entry: Option<Arc<Entry>>,
    /// The tier in which that is.
    pub place: Option<Place>,
    /// What a request would find.
    pub would: Would,
    /// The catalogue's row, where there is one.
    pub row: Option<Row>,
    /// How often it was answered out of memory; `None` where it is not there.
    pub hits: Option<Hits>,
    /// When it was last hit in memory or read from disk, as far as that is known, in seconds since the Unix epoch. A row says when
    /// it was stored where it was never read.
    pub last_used: Option<u64>,
}

impl Inspected {
    /// Whether memory has these bytes.
    pub fn in_memory(&self) -> bool {
        self.entry.is_some() && self.place == Some(Place::Memory)
    }

    /// Whether the disk has these bytes: not those that something else in memory has taken the place of.
    pub fn on_disk(&self) -> bool {
        let (Some(entry), Some(row)) = (&self.entry, &self.row) else { return false };
        let same = row.stored_at == entry.meta.stored_at && entry.body().is_some_and(|b| b.len() as u64 == row.size);
        self.place == Some(Place::Disk) || same
    }
}

/// Something with bytes that memory has.
#[derive(Clone)]
pub struct InMemory {
    /// What it is.
    pub entry: Arc<Entry>,
    /// When it was last hit in memory, in seconds since the Unix epoch; `None` = never.
    pub last_hit: Option<u64>,
}

/// A tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In memory, and perhaps on disk too.
    Memory,
    /// On disk alone.
    Disk,
}

impl Place {
    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Place::Memory => "memory",
            Place::Disk => "disk",
        }
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Would {
    /// It is answered from what is stored.
    Hit,
    /// It is answered with what a soft purge made stale, while that is made anew.
    Stale,
    /// It is filled, for this reason.
    Miss(Miss),
}

impl Default for Would {
    fn default() -> Self {
        Would::Miss(Miss::Absent)
    }
}

impl Would {
    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Would::Hit => "hit",
            Would::Stale => "stale",
            Would::Miss(_) => "miss",
        }
    }

    /// Why nothing is served as it is.
    pub const fn why(self) -> Option<Miss> {
        match self {
            Would::Hit => None,
            Would::Stale => Some(Miss::Stale),
            Would::Miss(why) => Some(why),
        }
    }
}

impl Store {
    /// What is stored under a key, judged by the check that every hit passes. Blocks on the disk.
    pub fn inspect(&self, key: &DerivativeKey) -> Inspected {
        let mut found = self.look_at(key);
        let entry = found.entry.as_deref().filter(|_| found.place == Some(Place::Memory));
        let last_hit = entry.and_then(|entry| self.uses.last_hit(entry));
        found.hits = entry.map(Entry::hits);
        found.last_used = found.row.as_ref().map(|row| row.last_used).max(self.uses.waiting(key)).max(last_hit);
        found
    }

    fn look_at(&self, key: &DerivativeKey) -> Inspected {
        let memory = self.memory.peek(key);
        let in_memory = memory.as_ref().map(|entry| self.would(entry));
        if in_memory == Some(Would::Hit) {
            let row = self.disk.as_ref().and_then(|disk| disk.row(key));
            return Inspected {
                entry: memory,
                place: Some(Place::Memory),
                would: Would::Hit,
                row,
                ..Inspected::default()
            };
        }
        let (row, read) = self.disk.as_ref().and_then(|disk| disk.inspect(key)).unzip();
        let on_disk = read.as_ref().map(|read| match read {
            Ok(entry) => self.would(entry),
            Err(why) => Would::Miss(*why),
        });
        let disk = read.and_then(Result::ok).map(Arc::new);
        match (in_memory, on_disk) {
            (_, Some(would @ Would::Hit)) | (None | Some(Would::Miss(_)), Some(would @ Would::Stale)) => {
                Inspected { entry: disk, place: Some(Place::Disk), would, row, ..Inspected::default() }
            }
            (Some(would), _) => {
                Inspected { entry: memory, place: Some(Place::Memory), would, row, ..Inspected::default() }
            }
            (None, Some(would)) => {
                Inspected { entry: disk, place: Some(Place::Disk), would, row, ..Inspected::default() }
            }
            (None, None) => Inspected { row, ..Inspected::default() },
        }
    }

    /// Everything with bytes in memory that a master took part in, whatever a request would make of it. Memory has no list by
    /// master: this goes through all of it, as sweeps do, and keeps no hit waiting longer than it takes to copy a pointer. For
    /// people who look, not for anything that is done often.
    pub fn in_memory_of(&self, master: &MasterId) -> Vec<InMemory> {
        let of_it = |entry: &Arc<Entry>| entry.subject.dependencies.iter().any(|d| d.master == *master);
        let held = |entry: Arc<Entry>| InMemory { last_hit: self.uses.last_hit(&entry), entry };
        self.memory.bodies().filter(of_it).map(held).collect()
    }

    fn would(&self, entry: &Entry) -> Would {
        match entry.check(&self.index) {
            Ok(()) => Would::Hit,
            Err(Miss::Stale) => {
                let over = self.stale.is_over(&entry.key, entry.subject.stamp.position, Instant::now());
                if self.stale.allowed() && !over { Would::Stale } else { Would::Miss(Miss::Purged) }
            }
            Err(why) => Would::Miss(why),
        }
    }
}
