//! AVIF written again with more work, so that it is smaller: behind the back of whoever asked, one at a time, while no render
//! runs or waits.
//!
//! It is a fill like any other, with a stamp of its own taken at its start and masters judged after that (rule F1), and its
//! result takes the place of that very entry alone which it is to better (rule F7). So a purge in between wins.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use cache::{Entry, FillContext, Filled, Meta, Reply};
use plan::reason::Served;
use plan::{DerivativeKey, Format, OutputSpec};
use render::Pool;
use tokio::sync::Notify;

use crate::Engine;
use crate::fill::Made;
use crate::resolve::Resolved;

/// Pictures that may wait; further ones stay as they are.
const MOST_WAITING: usize = 256;
/// Most pixels of a picture that is written again: the encoder cannot be called off.
const MOST_PIXELS: u64 = 4_000_000;
/// A new file takes the place of the old one only if it is smaller by this share: a change of bytes makes browsers and caches
/// in front fetch them again.
const LEAST_GAIN: f64 = 0.05;
/// How long one may take.
pub(crate) const JOB_TIME: Duration = Duration::from_secs(300);
/// How often it is asked whether renders have ended.
const IDLE_CHECK: Duration = Duration::from_millis(50);

macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why a picture stayed as it was.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Unrefined {
            $($(#[$doc])* $name,)*
        }

        impl Unrefined {
            /// Every value.
            pub const ALL: &[Unrefined] = &[$(Unrefined::$name),*];

            /// Stable lower-case name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Unrefined::$name => $text,)*
                }
            }
        }
    };
}

outcomes! {
    /// Too many waited.
    QueueFull = "queue-full",
    /// It was purged, replaced or pushed out of memory meanwhile.
    Gone = "gone",
    /// It has more pixels than are written twice.
    TooLarge = "too-large",
    /// It was as small as it gets, or nearly so.
    NoSmaller = "no-smaller",
    /// What it is made from has changed or cannot be had, or it cannot be made again.
    Failed = "failed",
}

/// Numbers since the start.
#[derive(Debug, Default)]
pub struct Refined {
    replaced: AtomicU64,
    saved: AtomicU64,
    skipped: [AtomicU64; Unrefined::ALL.len()],
}

impl Refined {
    /// Files that took the place of larger ones.
    pub fn replaced(&self) -> u64 {
        self.replaced.load(Ordering::Relaxed)
    }

    /// Bytes by which they are smaller, in all.
    pub fn saved(&self) -> u64 {
        self.saved.load(Ordering::Relaxed)
    }

    /// Pictures that stayed as they were, by reason.
    pub fn skipped(&self) -> impl Iterator<Item = (Unrefined, u64)> + '_ {
        Unrefined::ALL.iter().zip(&self.skipped).map(|(why, n)| (*why, n.load(Ordering::Relaxed)))
    }

    fn skip(&self, why: Unrefined) {
        if let Some(n) = Unrefined::ALL.iter().position(|u| *u == why).and_then(|at| self.skipped.get(at)) {
            n.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What waits to be written again.
pub(crate) struct Refining {
    /// `None`: nothing ever is.
    pool: Option<Pool>,
    waiting: Mutex<VecDeque<Waiting>>,
    more: Notify,
    pub counted: Refined,
}

/// It holds no bytes: what is pushed out of memory meanwhile is not worth the work.
struct Waiting {
    key: DerivativeKey,
    resolved: Arc<Resolved>,
    old: Weak<Entry>,
}

impl Refining {
    pub fn new(pool: Option<Pool>) -> Refining {
        Refining { pool, waiting: Mutex::default(), more: Notify::new(), counted: Refined::default() }
    }

    fn add(&self, resolved: &Arc<Resolved>, old: &Arc<Entry>) {
        let mut waiting = lock(&self.waiting);
        if waiting.iter().any(|known| known.key == old.key && known.old.ptr_eq(&Arc::downgrade(old))) {
            return;
        }
        if waiting.len() >= MOST_WAITING {
            self.counted.skip(Unrefined::QueueFull);
            return;
        }
        waiting.push_back(Waiting { key: old.key, resolved: resolved.clone(), old: Arc::downgrade(old) });
        drop(waiting);
        self.more.notify_one();
    }

    async fn next(&self) -> Waiting {
        loop {
            if let Some(next) = lock(&self.waiting).pop_front() {
                return next;
            }
            self.more.notified().await;
        }
    }
}

impl Engine {
    /// Writes AVIF again that was made for requests, for as long as it is polled. Ends at once where the engine was put
    /// together without the means for it.
    pub async fn refine(self: Arc<Self>) {
        let Some(pool) = &self.refining.pool else { return };
        loop {
            let next = self.refining.next().await;
            while self.render_load() != (0, 0) {
                tokio::time::sleep(IDLE_CHECK).await;
            }
            match self.refine_one(&next, pool).await {
                Ok(saved) => {
                    self.refining.counted.replaced.fetch_add(1, Ordering::Relaxed);
                    self.refining.counted.saved.fetch_add(saved, Ordering::Relaxed);
                }
                Err(why) => {
                    tracing::debug!(url = next.resolved.url, reason = why.name(), "an AVIF stays as it is");
                    self.refining.counted.skip(why);
                }
            }
        }
    }

    /// What was written again since the start, and how many pictures wait for it.
    pub fn refined(&self) -> (&Refined, usize) {
        (&self.refining.counted, lock(&self.refining.waiting).len())
    }

    /// Remembers an answer that was just made, if it is one that may be made smaller.
    pub(crate) fn refine_later(&self, resolved: &Arc<Resolved>, reply: &Reply) {
        let made = matches!(reply.served, Served::Fill | Served::Collapsed) && reply.not_stored.is_none();
        // A stopgap is not worth it.
        let lasts = reply.entry.meta.lifetime >= resolved.keep.unwrap_or(self.site(resolved.site).edge_time);
        let is_avif = reply.entry.body().is_some() && reply.entry.meta.content_type == Format::Avif.content_type();
        if self.refining.pool.is_some() && made && lasts && is_avif && may_shrink(&resolved.output) {
            self.refining.add(resolved, &reply.entry);
        }
    }

    /// Bytes saved.
    async fn refine_one(self: &Arc<Self>, next: &Waiting, pool: &Pool) -> Result<u64, Unrefined> {
        // Before anything is looked at: what a purge changes from here on makes the result void.
        let context = FillContext { stamp: self.index.now(), stale: None };
        let old = next.old.upgrade().ok_or(Unrefined::Gone)?;
        old.check(&self.index).map_err(|_| Unrefined::Gone)?;
        let before = old.body().map_or(0, bytes::Bytes::len);
        let pixels = |info: codec::Info| u64::from(info.width) * u64::from(info.height);
        let size = self.headers_of(&old).map(pixels);
        if size.is_none_or(|pixels| pixels > MOST_PIXELS) {
            return Err(Unrefined::TooLarge);
        }
        let mut made = Made::new(self, &next.resolved, &context);
        let parts = self.ingredients(&next.resolved, &mut made).await.map_err(|_| Unrefined::Failed)?;
        // What was read anew since is for another fill to show, at a purge or when the entry's time is up.
        if !made.is_from_the_same(&old) {
            return Err(Unrefined::Failed);
        }
        let rendered = self.render(&next.resolved, parts, pool, old.body().cloned()).await;
        let (bytes, content_type) = made.rendered(rendered.map_err(|_| Unrefined::Failed)?);
        if content_type != old.meta.content_type || !is_worth_it(before, bytes.len()) {
            return Err(Unrefined::NoSmaller);
        }
        let saved = (before - bytes.len()) as u64;
        let Filled { mut entry, keep } = made.picture((bytes, content_type));
        // It is not made to live longer by this.
        let Meta { stored_at, lifetime, .. } = old.meta;
        entry = Entry::new(entry.key, entry.subject, entry.content, Meta { stored_at, lifetime, ..entry.meta });
        self.derivatives.replace(&old, Filled { entry, keep }).map_err(|_| Unrefined::Gone)?;
        Ok(saved)
    }
}

/// Where the quality is found by trying, more work would only find another one.
fn may_shrink(output: &OutputSpec) -> bool {
    output.max_bytes.is_none() && output.likeness.is_none() && output.report.is_none() && !output.original
}

fn is_worth_it(before: usize, after: usize) -> bool {
    after as f64 <= before as f64 * (1.0 - LEAST_GAIN)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use plan::{AcceptClass, FormatRule, OutputRule};

    use super::*;

    #[test]
    fn only_a_noticeable_gain_changes_bytes() {
        for (before, after, want) in [(1000, 950, true), (1000, 951, false), (1000, 1000, false), (1000, 2000, false)] {
            assert_eq!(is_worth_it(before, after), want, "{before} {after}");
        }
    }

    #[test]
    fn qualities_that_were_searched_for_are_left_alone() {
        let rule = OutputRule { format: FormatRule::Always(Format::Avif), ..OutputRule::default() };
        assert!(may_shrink(&rule.resolve(AcceptClass::Avif)));
        let bounded = OutputRule { max_bytes: Some(9000), ..rule.clone() };
        assert!(!may_shrink(&bounded.resolve(AcceptClass::Avif)));
        let likely = OutputRule { likeness: Some(80), ..rule };
        assert!(!may_shrink(&likely.resolve(AcceptClass::Avif)));
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Unrefined::ALL.iter().map(|u| u.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Unrefined::ALL.len());
    }
}
