//! The memory tier: bytes up to a bound, and failures in a small tier of their own.
//!
//! First-seen entries are on probation (the eviction keeps a hot and a cold queue), so a flood of random URLs evicts other
//! first-seen entries, not the pictures that are asked for again and again.

use std::sync::Arc;

use plan::DerivativeKey;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::entry::{Content, Entry};

/// Failures kept at most.
const NEGATIVES: usize = 16_384;

#[derive(Clone)]
struct Bytes;

impl Weighter<DerivativeKey, Arc<Entry>> for Bytes {
    fn weight(&self, _: &DerivativeKey, entry: &Arc<Entry>) -> u64 {
        entry.weight()
    }
}

pub(crate) struct Memory {
    bodies: Cache<DerivativeKey, Arc<Entry>, Bytes>,
    failures: Cache<DerivativeKey, Arc<Entry>>,
}

impl Memory {
    pub fn new(bytes: u64) -> Self {
        let items = usize::try_from(bytes / 16_384).unwrap_or(usize::MAX).clamp(256, 1 << 20);
        Memory { bodies: Cache::with_weighter(items, bytes, Bytes), failures: Cache::new(NEGATIVES) }
    }

    pub fn get(&self, key: &DerivativeKey) -> Option<Arc<Entry>> {
        self.bodies.get(key).or_else(|| self.failures.get(key))
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

    pub fn remove(&self, key: &DerivativeKey) {
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
