//! What one thread counts into.

use crate::bucket::{Bucket, Counts, Tops};
use crate::sketch::Sketch;
use crate::top::SlowTop;

/// Names that are told apart among the slowest.
pub(crate) const SLOW_ROOM: usize = 32;

/// A bucket that names are counted into by their hash.
#[derive(Debug, Default)]
pub(crate) struct Hot {
    pub counts: Counts,
    pub masters: Sketch,
    pub derivatives: Sketch,
    pub missing: Sketch,
    pub referrers: Sketch,
    pub transformations: Sketch,
    pub slowest: SlowTop,
}

impl Hot {
    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        let Counts { all, renders, purges, sources, loads, .. } = &self.counts;
        all.requests == 0
            && renders.time.count() == 0
            && purges.count == 0
            && purges.erased.count() == 0
            && sources.is_empty()
            && loads.count() == 0
    }

    /// Adds what was counted to a bucket, and forgets it.
    pub fn pour_into(&mut self, bucket: &mut Bucket) {
        bucket.counts.add(&self.counts);
        bucket.tops.add(&Tops {
            masters: self.masters.top(),
            derivatives: self.derivatives.top(),
            missing: self.missing.top(),
            referrers: self.referrers.top(),
            transformations: self.transformations.top(),
            slowest: self.slowest.clone(),
        });
        self.counts.clear();
        let Hot { masters, derivatives, missing, referrers, transformations, .. } = self;
        [masters, derivatives, missing, referrers, transformations].into_iter().for_each(Sketch::clear);
        self.slowest.clear();
    }
}
