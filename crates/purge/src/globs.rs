//! The globs that the floor has not passed yet (rule L6).

use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use plan::Position;

use crate::glob::{Glob, glob};
use crate::slots::{Slot, read, write};

#[derive(Default)]
pub(crate) struct Globs {
    /// The newest last.
    live: RwLock<Vec<Live>>,
    count: AtomicUsize,
}

struct Live {
    pattern: Box<str>,
    glob: Glob,
    slot: Slot,
}

impl Globs {
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub fn holds(&self, pattern: &str) -> bool {
        read(&self.live).iter().any(|glob| *glob.pattern == *pattern)
    }

    /// Notes that a pattern was purged.
    pub fn raise(&self, pattern: &str, slot: Slot) {
        let mut live = write(&self.live);
        let raised = match live.iter().position(|held| *held.pattern == *pattern) {
            Some(at) => {
                let held = live.remove(at);
                Live { slot: held.slot.or_later(slot), ..held }
            }
            None => {
                // Whoever accepts a purge has read the pattern before; one that cannot be read names nothing.
                let Ok(glob) = glob(pattern) else { return };
                Live { pattern: pattern.into(), glob, slot }
            }
        };
        let at = live.partition_point(|other| other.slot.newest() <= raised.slot.newest());
        live.insert(at, raised);
        self.count.store(live.len(), Ordering::Release);
    }

    /// The newest purges of patterns that match a name. Those at or before `since` may be left out, and so may soft ones
    /// before the hard one that was found.
    pub fn newest(&self, name: &str, since: Position) -> Slot {
        let mut newest = Slot::default();
        for held in read(&self.live).iter().rev() {
            if held.slot.newest() <= since.max(newest.hard) {
                break;
            }
            if held.glob.is_match(name) {
                newest = newest.or_later(held.slot);
            }
        }
        newest
    }

    /// Forgets patterns of which the floor says as much; it must be in force already.
    pub fn drop_covered(&self, floor: Position) {
        let mut live = write(&self.live);
        live.retain(|glob| glob.slot.newest() > floor);
        self.count.store(live.len(), Ordering::Release);
    }

    pub fn copy(&self) -> Vec<(Box<str>, Slot)> {
        read(&self.live).iter().map(|glob| (glob.pattern.clone(), glob.slot)).collect()
    }
}
