//! Looking at what is stored, for people: nothing is served, counted as used, moved or dropped by it.

use std::sync::Arc;
use std::time::Instant;

use plan::DerivativeKey;
use plan::reason::Miss;
use purge::Row;

use super::Store;
use crate::entry::Entry;

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
        let memory = self.memory.peek(key);
        let in_memory = memory.as_ref().map(|entry| self.would(entry));
        if in_memory == Some(Would::Hit) {
            let row = self.disk.as_ref().and_then(|disk| disk.inspect(key)).map(|(row, _)| row);
            return Inspected { entry: memory, place: Some(Place::Memory), would: Would::Hit, row };
        }
        let (row, read) = self.disk.as_ref().and_then(|disk| disk.inspect(key)).unzip();
        let on_disk = read.as_ref().map(|read| match read {
            Ok(entry) => self.would(entry),
            Err(why) => Would::Miss(*why),
        });
        let disk = read.and_then(Result::ok).map(Arc::new);
        match (in_memory, on_disk) {
            (_, Some(would @ Would::Hit)) | (None | Some(Would::Miss(_)), Some(would @ Would::Stale)) => {
                Inspected { entry: disk, place: Some(Place::Disk), would, row }
            }
            (Some(would), _) => Inspected { entry: memory, place: Some(Place::Memory), would, row },
            (None, Some(would)) => Inspected { entry: disk, place: Some(Place::Disk), would, row },
            (None, None) => Inspected { row, ..Inspected::default() },
        }
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
