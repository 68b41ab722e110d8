//! The memory tier: bytes up to a bound, and failures in a small tier of their own.
//!
//! First-seen entries are on probation (the eviction keeps a hot and a cold queue), so a flood of random URLs evicts other
//! first-seen entries, not the pictures that are asked for again and again.

use std::sync::Arc;

use plan::DerivativeKey;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, Weighter};

use crate::entry::{Content, Entry};
use crate::uses::Uses;

/// Failures kept at most.
const NEGATIVES: usize = 16_384;

#[derive(Clone)]
struct Bytes;

impl Weighter<DerivativeKey, Arc<Entry>> for Bytes {
    fn weight(&self, _: &DerivativeKey, entry: &Arc<Entry>) -> u64 {
        entry.weight()
    }
}

/// Saves the last hit of what is evicted; what was evicted is freed once the shard is unlocked again.
#[derive(Clone)]
struct Evicted(Arc<Uses>);

impl Lifecycle<DerivativeKey, Arc<Entry>> for Evicted {
    type RequestState = Vec<Arc<Entry>>;

    fn on_evict(&self, evicted: &mut Vec<Arc<Entry>>, _: DerivativeKey, entry: Arc<Entry>) {
        self.0.note_hit(&entry);
        evicted.push(entry);
    }
}

pub(crate) struct Memory {
    bodies: Cache<DerivativeKey, Arc<Entry>, Bytes, DefaultHashBuilder, Evicted>,
    failures: Cache<DerivativeKey, Arc<Entry>>,
}

impl Memory {
    pub fn new(bytes: u64, uses: Arc<Uses>) -> Self {
        let items = usize::try_from(bytes / 16_384).unwrap_or(usize::MAX).clamp(256, 1 << 20);
        let bodies = Cache::with(items, bytes, Bytes, DefaultHashBuilder::default(), Evicted(uses));
        Memory { bodies, failures: Cache::new(NEGATIVES) }
    }

    pub fn get(&self, key: &DerivativeKey) -> Option<Arc<Entry>> {
        self.bodies.get(key).or_else(|| self.failures.get(key))
    }

    /// As [`Memory::get`], but it does not count as use.
    pub fn peek(&self, key: &DerivativeKey) -> Option<Arc<Entry>> {
        self.bodies.peek(key).or_else(|| self.failures.peek(key))
    }

    /// The caller holds the key's flight lock, so that no entry with a later stamp is replaced.
    pub fn put(&self, entry: Arc<Entry>) {
        match entry.content {
            Content::Body { .. } => {
                self.failures.remove(&entry.key);
                self.bodies.insert(entry.key, entry);
            }
            Content::Failure(_) => {
                self.bodies.remove(&entry.key);
                self.failures.insert(entry.key, entry);
            }
        }
    }

    /// Everything that is held all the while. No shard is locked longer than it takes to copy a pointer, so that what is held
    /// may be changed meanwhile.
    pub fn iter(&self) -> impl Iterator<Item = Arc<Entry>> + '_ {
        self.bodies().chain(self.failures.iter().map(|(_, entry)| entry))
    }

    /// As [`Memory::iter`], of what has bytes.
    pub fn bodies(&self) -> impl Iterator<Item = Arc<Entry>> + '_ {
        self.bodies.iter().map(|(_, entry)| entry)
    }

    /// Everything that is held at the moment.
    pub fn all(&self) -> Vec<Arc<Entry>> {
        self.iter().collect()
    }

    /// Removes an entry unless another took its place. The caller holds the key's flight lock.
    pub fn remove_same(&self, entry: &Arc<Entry>) -> bool {
        let same = self.holds(entry);
        if same {
            self.remove(&entry.key);
        }
        same
    }

    /// Whether this very entry is held.
    pub fn holds(&self, entry: &Arc<Entry>) -> bool {
        let held = self.bodies.peek(&entry.key).or_else(|| self.failures.peek(&entry.key));
        held.is_some_and(|held| Arc::ptr_eq(&held, entry))
    }

    fn remove(&self, key: &DerivativeKey) {
        self.bodies.remove(key);
        self.failures.remove(key);
    }

    pub fn bytes(&self) -> u64 {
        self.bodies.weight()
    }

    pub fn entries(&self) -> usize {
        self.bodies.len()
    }

    pub fn failures(&self) -> usize {
        self.failures.len()
    }
}
