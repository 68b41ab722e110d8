//! When entries were last used: gathered in memory, written now and then. A hit on disk is noted at once; one in memory only
//! sets a number in the entry, which is collected by a walk over the memory tier, and when the entry is evicted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use plan::DerivativeKey;
use purge::{Catalogue, Tier};

use crate::entry::{Entry, unix_seconds};

/// Entries whose use may wait to be written. Uses of others are dropped until then: a last use that is too early harms
/// nobody.
const WAITING: usize = 16 << 10;
/// Uses written in one transaction, so that nothing else waits long for the catalogue.
const BATCH: usize = 1024;

/// Uses that are not in the catalogue yet.
pub(crate) struct Uses {
    waiting: Mutex<HashMap<DerivativeKey, u64>>,
    /// Where the coarse clock of entries begins, in both counts.
    started: (Instant, u64),
}

impl Default for Uses {
    fn default() -> Self {
        Uses { waiting: Mutex::default(), started: (Instant::now(), unix_seconds()) }
    }
}

impl Uses {
    /// The coarse clock: seconds since the start, and one.
    pub fn clock(&self, now: Instant) -> u32 {
        u32::try_from(now.duration_since(self.started.0).as_secs()).unwrap_or(u32::MAX - 1) + 1
    }

    /// Notes the last hit of an entry in memory, if there was one since this was last called.
    pub fn note_hit(&self, entry: &Entry) {
        if let Some(clock) = entry.take_use() {
            self.note(entry.key, self.time(clock));
        }
    }

    /// When an entry was last hit in memory, in seconds since the Unix epoch.
    pub fn last_hit(&self, entry: &Entry) -> Option<u64> {
        entry.last_hit().map(|clock| self.time(clock))
    }

    fn time(&self, clock: u32) -> u64 {
        self.started.1 + u64::from(clock - 1)
    }

    /// A use that waits to be written, in seconds since the Unix epoch.
    pub fn waiting(&self, key: &DerivativeKey) -> Option<u64> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    /// Notes a use, in seconds since the Unix epoch.
    pub fn note(&self, key: DerivativeKey, at: u64) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(noted) = waiting.get_mut(&key) {
            *noted = at.max(*noted);
        } else if waiting.len() < WAITING {
            waiting.insert(key, at);
        }
    }

    /// Writes what waits. What cannot be written is lost.
    pub fn write(&self, tier: Tier, catalogue: &dyn Catalogue) {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let uses: Vec<_> = waiting.into_iter().collect();
        for batch in uses.chunks(BATCH) {
            if let Err(error) = catalogue.touch(tier, batch) {
                tracing::warn!(%error, "noting last uses");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_bounded_and_never_goes_back() {
        let uses = Uses::default();
        for n in 0..WAITING as u128 + 10 {
            uses.note(DerivativeKey(n.to_be_bytes()), 5);
        }
        // One that waits already is still moved forward when there is no room.
        uses.note(DerivativeKey([0; 16]), 9);
        uses.note(DerivativeKey([0; 16]), 7);
        let waiting = uses.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!((waiting.len(), waiting.get(&DerivativeKey([0; 16]))), (WAITING, Some(&9)));
    }
}
