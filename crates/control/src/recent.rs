//! What is remembered of the last purges beyond the log: bounded, and gone with the process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use purge::PurgeId;

/// Purges remembered.
const PURGES: usize = 65_536;
/// Names remembered for the window in which imgix calls a purge a duplicate.
const NAMES: usize = 65_536;

/// The last purges, by the first 24 of their 32 digits: that is what ImageKit's request ids have room for.
#[derive(Default)]
pub(crate) struct Recent(Mutex<Purges>);

#[derive(Default)]
struct Purges {
    /// Id, and when it became effective in milliseconds since the Unix epoch.
    known: HashMap<u128, (PurgeId, u64)>,
    order: VecDeque<u128>,
}

/// The first 24 digits of an id.
pub(crate) fn short(id: PurgeId) -> u128 {
    id.0 >> 32
}

impl Recent {
    pub fn remember(&self, id: PurgeId, effective_at: u64) {
        let mut purges = lock(&self.0);
        if purges.known.insert(short(id), (id, effective_at)).is_none() {
            purges.order.push_back(short(id));
        }
        if purges.order.len() > PURGES
            && let Some(oldest) = purges.order.pop_front()
        {
            purges.known.remove(&oldest);
        }
    }

    /// The whole id of its first 24 digits.
    pub fn find(&self, short: u128) -> Option<PurgeId> {
        lock(&self.0).known.get(&short).map(|(id, _)| *id)
    }

    /// When a purge became effective, if that is still known.
    pub fn effective_at(&self, id: PurgeId) -> Option<u64> {
        lock(&self.0).known.get(&short(id)).filter(|(known, _)| *known == id).map(|(_, at)| *at)
    }
}

/// Tells whether the same thing was purged a moment ago.
#[derive(Default)]
pub(crate) struct Window(Mutex<HashMap<String, Instant>>);

impl Window {
    /// Notes a purge, and answers whether there was another of this name within the window before.
    pub fn repeats(&self, name: String, window: Duration, now: Instant) -> bool {
        let mut seen = lock(&self.0);
        if seen.len() >= NAMES {
            seen.retain(|_, at| now.saturating_duration_since(*at) < window);
        }
        if seen.len() >= NAMES {
            seen.clear();
        }
        seen.insert(name, now).is_some_and(|before| now.saturating_duration_since(before) < window)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_purge_is_forgotten_first() {
        let recent = Recent::default();
        let id = |n: usize| PurgeId((n as u128) << 40 | 7);
        (0..=PURGES).for_each(|n| recent.remember(id(n), n as u64));
        recent.remember(id(1), 5);
        assert_eq!(recent.find(short(id(0))), None);
        assert_eq!((recent.find(short(id(1))), recent.effective_at(id(1))), (Some(id(1)), Some(5)));
        assert_eq!(recent.effective_at(PurgeId(id(1).0 | 8)), None, "another id with the same beginning");
        assert_eq!(recent.find(short(id(PURGES))), Some(id(PURGES)));
    }

    #[test]
    fn a_window_ends() {
        let (window, ten, start) = (Window::default(), Duration::from_secs(10), Instant::now());
        let at = |s| start + Duration::from_secs(s);
        let seen: Vec<bool> = [0, 9, 18, 28].map(|s| window.repeats("a".into(), ten, at(s))).into();
        assert_eq!(seen, [false, true, true, false]);
        assert!(!window.repeats("b".into(), ten, at(28)));
    }
}
