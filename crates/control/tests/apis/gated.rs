//! Stores that a test can hold up or look into.

use std::sync::{Arc, Condvar, Mutex};

use engine::{Jobs, Warmup};
use plan::{BodyId, DerivativeKey, LogId, MasterId, Position, Selector};
use purge::{Catalogue, CatalogueError, Known, LogError, Place, Row, Tier};

/// A catalogue whose rows cannot be listed while it is shut.
pub struct Gated {
    inner: Arc<dyn Catalogue>,
    shut: Mutex<bool>,
    opened: Condvar,
}

impl Gated {
    pub fn new(inner: Arc<dyn Catalogue>) -> Gated {
        Gated { inner, shut: Mutex::new(false), opened: Condvar::new() }
    }

    pub fn shut(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.opened.notify_all();
    }

    fn pass(&self) {
        drop(self.opened.wait_while(self.shut.lock().unwrap(), |shut| *shut).unwrap());
    }
}

impl Catalogue for Gated {
    fn get(&self, tier: Tier, key: &DerivativeKey) -> Result<Option<Row>, CatalogueError> {
        self.inner.get(tier, key)
    }
    fn put(&self, tier: Tier, rows: &[Row]) -> Result<Vec<Place>, CatalogueError> {
        self.inner.put(tier, rows)
    }
    fn touch(&self, tier: Tier, uses: &[(DerivativeKey, u64)]) -> Result<(), CatalogueError> {
        self.inner.touch(tier, uses)
    }
    fn remove(&self, tier: Tier, key: &DerivativeKey, body: BodyId) -> Result<(), CatalogueError> {
        self.inner.remove(tier, key, body)
    }
    fn remove_segment(&self, tier: Tier, segment: u64) -> Result<u64, CatalogueError> {
        self.inner.remove_segment(tier, segment)
    }
    fn totals(&self, tier: Tier) -> Result<(u64, u64), CatalogueError> {
        self.inner.totals(tier)
    }
    fn walk(&self, tier: Tier, after: Option<DerivativeKey>, limit: usize) -> Result<Vec<Row>, CatalogueError> {
        self.pass();
        self.inner.walk(tier, after, limit)
    }
    fn count_master(&self, tier: Tier, master: &MasterId) -> Result<(u64, u64), CatalogueError> {
        self.inner.count_master(tier, master)
    }
    fn count_tag(&self, tier: Tier, tag: &str) -> Result<(u64, u64), CatalogueError> {
        self.inner.count_tag(tier, tag)
    }
    fn matching(
        &self,
        tier: Tier,
        selector: &Selector,
        after: Option<DerivativeKey>,
        limit: usize,
    ) -> Result<Vec<Row>, CatalogueError> {
        self.pass();
        self.inner.matching(tier, selector, after, limit)
    }
    fn masters(&self, after: Option<u64>, limit: usize) -> Result<Vec<Known>, CatalogueError> {
        self.pass();
        self.inner.masters(after, limit)
    }
    fn highest_stamp(&self, log: LogId) -> Result<Option<Position>, CatalogueError> {
        self.inner.highest_stamp(log)
    }
    fn clear(&self) -> Result<(), CatalogueError> {
        self.inner.clear()
    }
}

/// Every save of a warm-up, in order.
#[derive(Default)]
pub struct Kept(pub Mutex<Vec<Warmup>>);

impl Jobs for Kept {
    fn save(&self, job: &Warmup) -> Result<(), LogError> {
        self.0.lock().unwrap().push(job.clone());
        Ok(())
    }
    fn load(&self, _: usize) -> Result<Vec<Warmup>, LogError> {
        Ok(Vec::new())
    }
}
