//! The globs that the floor has not passed yet (rule L6).

use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use globset::GlobMatcher;
use plan::Position;

use crate::matches::{self, literal_prefix};
use crate::slots::{Slot, read, write};

#[derive(Default)]
pub(crate) struct Globs {
    /// The newest last.
    live: RwLock<Vec<Glob>>,
    count: AtomicUsize,
}

struct Glob {
    pattern: Box<str>,
    /// What every name begins with that the pattern matches.
    literal: Box<str>,
    matcher: GlobMatcher,
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
        let glob = match live.iter().position(|glob| *glob.pattern == *pattern) {
            Some(at) => {
                let glob = live.remove(at);
                Glob { slot: glob.slot.or_later(slot), ..glob }
            }
            None => {
                // Whoever accepts a purge has read the pattern before; one that cannot be read names nothing.
                let Ok(matcher) = matches::glob(pattern) else { return };
                Glob { pattern: pattern.into(), literal: literal_prefix(pattern).into(), matcher, slot }
            }
        };
        let at = live.partition_point(|other| other.slot.newest() <= glob.slot.newest());
        live.insert(at, glob);
        self.count.store(live.len(), Ordering::Release);
    }

    /// The newest purges of patterns that match a name. Those at or before `since` may be left out, and so may soft ones
    /// before the hard one that was found.
    pub fn newest(&self, name: &str, since: Position) -> Slot {
        let mut newest = Slot::default();
        for glob in read(&self.live).iter().rev() {
            if glob.slot.newest() <= since.max(newest.hard) {
                break;
            }
            if name.starts_with(&*glob.literal) && glob.matcher.is_match(name) {
                newest = newest.or_later(glob.slot);
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
