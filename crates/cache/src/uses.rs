//! When entries on disk were last read: gathered in memory, written now and then. Hits in memory are not noted, so the
//! hit path pays nothing, and a row's last use means the last read from disk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use plan::DerivativeKey;
use purge::{Catalogue, Tier};

/// Entries whose use may wait to be written. Uses of others are dropped until then: a last use that is too early harms
/// nobody.
const WAITING: usize = 16 << 10;
/// Uses written in one transaction, so that nothing else waits long for the catalogue.
const BATCH: usize = 1024;

/// Uses that are not in the catalogue yet.
#[derive(Default)]
pub(crate) struct Uses(Mutex<HashMap<DerivativeKey, u64>>);

impl Uses {
    /// Notes a use, in seconds since the Unix epoch.
    pub fn note(&self, key: DerivativeKey, at: u64) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(noted) = waiting.get_mut(&key) {
            *noted = at.max(*noted);
        } else if waiting.len() < WAITING {
            waiting.insert(key, at);
        }
    }

    /// Writes what waits. What cannot be written is lost.
    pub fn write(&self, tier: Tier, catalogue: &dyn Catalogue) {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
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
        let waiting = uses.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!((waiting.len(), waiting.get(&DerivativeKey([0; 16]))), (WAITING, Some(&9)));
    }
}
