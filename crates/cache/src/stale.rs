//! How long stale entries are served while they are refreshed (rule S2). Asked only when a hit turns out stale, so the hit
//! path of fresh entries knows nothing of it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plan::{DerivativeKey, Position};

/// Stale entries that are served at a time; past it, others count as purged.
const MOST: usize = 64 << 10;
/// Between two refreshes of one entry, if the first failed.
const RETRY: Duration = Duration::from_secs(1);

/// Since when which entries are served stale.
pub(crate) struct Stale {
    longest: Option<Duration>,
    serving: Mutex<HashMap<DerivativeKey, Serving>>,
    count: AtomicUsize,
}

struct Serving {
    stamp: Position,
    since: Instant,
    retry_at: Instant,
    over: bool,
}

/// What may be done with a stale entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leave {
    /// It may be served, and a refresh of it started unless one runs.
    AndRefresh,
    /// It may be served; a refresh has just failed.
    Served,
    /// It counts as purged.
    Over,
}

impl Stale {
    /// `longest`: how long after its first stale serve an entry may be served again; `None` for never at all.
    pub fn new(longest: Option<Duration>) -> Self {
        Stale { longest, serving: Mutex::default(), count: AtomicUsize::new(0) }
    }

    /// Whether stale entries are served at all.
    pub fn allowed(&self) -> bool {
        self.longest.is_some()
    }

    /// How long.
    pub fn longest(&self) -> Duration {
        self.longest.unwrap_or_default()
    }

    /// Asks to serve an entry with this stamp. The first time starts its clock.
    pub fn ask(&self, key: &DerivativeKey, stamp: Position, now: Instant) -> Leave {
        let Some(longest) = self.longest else { return Leave::Over };
        let mut serving = self.lock();
        if serving.get(key).is_none_or(|held| held.stamp != stamp) {
            if serving.len() >= MOST {
                serving.retain(|_, held| !held.is_over(longest, now));
            }
            if serving.len() >= MOST {
                return Leave::Over;
            }
            serving.insert(*key, Serving { stamp, since: now, retry_at: now, over: false });
            self.count.store(serving.len(), Ordering::Relaxed);
        }
        match serving.get(key) {
            Some(held) if held.is_over(longest, now) => Leave::Over,
            Some(held) if now < held.retry_at => Leave::Served,
            _ => Leave::AndRefresh,
        }
    }

    /// Whether an entry with this stamp was served stale for as long as it may be.
    pub fn is_over(&self, key: &DerivativeKey, stamp: Position, now: Instant) -> bool {
        let Some(longest) = self.longest else { return false };
        self.lock().get(key).is_some_and(|held| held.stamp == stamp && held.is_over(longest, now))
    }

    /// A refresh failed: the next one waits a little.
    pub fn failed(&self, key: &DerivativeKey, now: Instant) {
        if let Some(held) = self.lock().get_mut(key) {
            held.retry_at = now + RETRY;
        }
    }

    /// The answer is known to be another now: the old entry is not served any more.
    pub fn end(&self, key: &DerivativeKey) {
        if let Some(held) = self.lock().get_mut(key) {
            held.over = true;
        }
    }

    /// The entry was replaced.
    pub fn replaced(&self, key: &DerivativeKey) {
        if self.count.load(Ordering::Relaxed) > 0 {
            let mut serving = self.lock();
            serving.remove(key);
            self.count.store(serving.len(), Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DerivativeKey, Serving>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Serving {
    fn is_over(&self, longest: Duration, now: Instant) -> bool {
        self.over || now.duration_since(self.since) >= longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_starts_with_the_first_serve_and_runs_out_for_that_entry_alone() {
        let stale = Stale::new(Some(Duration::from_secs(60)));
        let (key, old, newer) = (DerivativeKey([1; 16]), Position(3), Position(4));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!stale.is_over(&key, old, at(0)), "never served");
        assert_eq!(stale.ask(&key, old, at(0)), Leave::AndRefresh);
        assert_eq!(stale.ask(&key, old, at(59)), Leave::AndRefresh);
        stale.failed(&key, at(58));
        assert_eq!(stale.ask(&key, old, at(58)), Leave::Served, "no storm of refreshes that fail");
        assert_eq!(stale.ask(&key, old, at(60)), Leave::Over);
        assert!(stale.is_over(&key, old, at(60)));
        assert!(!stale.is_over(&key, newer, at(60)));
        assert_eq!(stale.ask(&key, newer, at(61)), Leave::AndRefresh);
        stale.end(&key);
        assert_eq!(stale.ask(&key, newer, at(61)), Leave::Over);
        stale.replaced(&key);
        assert_eq!(stale.ask(&key, newer, at(62)), Leave::AndRefresh);
        assert_eq!(Stale::new(None).ask(&key, old, at(0)), Leave::Over);
    }

    #[test]
    fn is_bounded() {
        let stale = Stale::new(Some(Duration::from_secs(60)));
        let start = Instant::now();
        let key = |n: usize| DerivativeKey((n as u128).to_le_bytes());
        for n in 0..MOST {
            assert_eq!(stale.ask(&key(n), Position(1), start), Leave::AndRefresh);
        }
        assert_eq!(stale.ask(&key(MOST), Position(1), start), Leave::Over);
        let later = start + Duration::from_secs(60);
        assert_eq!(stale.ask(&key(MOST), Position(1), later), Leave::AndRefresh, "those whose time is up make room");
    }
}
