//! The globs that the floor has not passed yet (rule L6).

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use plan::{Position, Selector};

use crate::glob::{Glob, glob};
use crate::slots::{Slot, read, write};

#[derive(Default)]
pub(crate) struct Globs {
    /// By what their matches begin with, so that a check meets few of them. The newest of each group last.
    live: RwLock<BTreeMap<Box<str>, Vec<Live>>>,
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
        let holds = |glob: Glob| {
            let live = read(&self.live);
            live.get(glob.head()).is_some_and(|group| group.iter().any(|held| *held.pattern == *pattern))
        };
        glob(pattern).is_ok_and(holds)
    }

    /// Notes that a pattern was purged.
    pub fn raise(&self, pattern: &str, slot: Slot) {
        // Whoever accepts a purge has read the pattern before; one that cannot be read names nothing.
        let Ok(glob) = glob(pattern) else { return };
        let mut live = write(&self.live);
        let group = live.entry(glob.head().into()).or_default();
        let raised = match group.iter().position(|held| *held.pattern == *pattern) {
            Some(at) => {
                let held = group.remove(at);
                Live { slot: held.slot.or_later(slot), ..held }
            }
            None => {
                self.count.fetch_add(1, Ordering::Release);
                Live { pattern: pattern.into(), glob, slot }
            }
        };
        let at = group.partition_point(|other| other.slot.newest() <= raised.slot.newest());
        group.insert(at, raised);
    }

    /// The newest purges of patterns that match a name. Those at or before `since` may be left out, and so may soft ones
    /// before the hard one that was found.
    pub fn newest(&self, name: &str, since: Position) -> Slot {
        let live = read(&self.live);
        let mut newest = Slot::default();
        let mut last = Bound::Included(name);
        // From the longest head that the name begins with to the shortest. All of them begin what sorts between them and
        // the name, so a step goes back to what that and the name have in common.
        while let Some((head, group)) = live.range::<str, _>((Bound::Unbounded, last)).next_back() {
            if !name.starts_with(&**head) {
                last = Bound::Included(common(name, head));
                continue;
            }
            last = Bound::Excluded(head);
            for held in group.iter().rev() {
                if held.slot.newest() <= since.max(newest.hard) {
                    break;
                }
                if held.glob.is_match(name) {
                    newest = newest.or_later(held.slot);
                }
            }
        }
        newest
    }

    /// The patterns that match a name, with their newest purges. Looks at all of them.
    pub fn matching(&self, name: &str) -> Vec<(Selector, Slot)> {
        let live = read(&self.live);
        let all = live.iter().filter(|(head, _)| name.starts_with(&***head)).flat_map(|(_, group)| group);
        let named = all.filter(|held| held.glob.is_match(name));
        named.map(|held| (Selector::Glob(held.pattern.to_string()), held.slot)).collect()
    }

    /// Forgets patterns of which the floor says as much; it must be in force already.
    pub fn drop_covered(&self, floor: Position) {
        let mut live = write(&self.live);
        live.retain(|_, group| {
            group.retain(|held| held.slot.newest() > floor);
            !group.is_empty()
        });
        self.count.store(live.values().map(Vec::len).sum(), Ordering::Release);
    }

    pub fn copy(&self) -> Vec<(Box<str>, Slot)> {
        read(&self.live).values().flatten().map(|held| (held.pattern.clone(), held.slot)).collect()
    }
}

/// The longest beginning of a text that another shares.
fn common<'t>(text: &'t str, other: &str) -> &'t str {
    let shared = text.chars().zip(other.chars()).take_while(|(a, b)| a == b);
    &text[..shared.map(|(c, _)| c.len_utf8()).sum()]
}
