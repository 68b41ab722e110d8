//! Better encodings in the place of those that were made in a hurry.

use std::sync::Arc;

use plan::reason::NotStored;

use super::{Filled, Keep, Store};
use crate::entry::Entry;

impl Store {
    /// Puts a better encoding in the place of an entry in memory (rule F7), and on disk where it may be kept there. It bears
    /// the stamp of the fill that made it, and is judged like any result.
    ///
    /// # Errors
    /// [`NotStored::PurgedInFlight`] when a purge has come since the stamp, [`NotStored::Older`] when memory does not hold
    /// that very entry any more: something newer is there, or nobody asks for it. Other reasons are those of `keep`.
    pub fn replace(&self, old: &Arc<Entry>, better: Filled) -> Result<(), NotStored> {
        let Filled { mut entry, keep } = better;
        debug_assert!(entry.key == old.key && entry.body().is_some());
        match keep {
            Keep::Everywhere | Keep::Memory => {}
            Keep::Nowhere(why) => return Err(why),
            Keep::Passing => return Err(NotStored::Older),
        }
        entry.subject.stamp = self.index.stamp_to_store(entry.subject.stamp);
        let entry = Arc::new(entry);
        if entry.check(&self.index).is_err() {
            self.counters.dropped(NotStored::PurgedInFlight);
            return Err(NotStored::PurgedInFlight);
        }
        let replaced = self.flights.locked(&entry.key, || {
            let holds = self.memory.holds(old) && old.subject.stamp.position <= entry.subject.stamp.position;
            if holds {
                self.put_judged(&entry);
            }
            holds
        });
        if !replaced {
            return Err(NotStored::Older);
        }
        if let (Keep::Everywhere, Some(disk)) = (keep, &self.disk) {
            disk.put(entry);
        }
        Ok(())
    }
}
