use std::any::Any;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use plan::reason::{Fault, Miss};
use plan::{DerivativeKey, Digest, Stamp};
use purge::{Index, Subject, Verdict};

/// Something cached: the bytes of a picture, or the honest record of a failure. It never changes once made.
pub struct Entry {
    /// Its key.
    pub key: DerivativeKey,
    /// What purges can name it by, and as of when it is good.
    pub subject: Subject,
    /// The bytes, or why there are none.
    pub content: Content,
    /// What the answer says about them.
    pub meta: Meta,
    /// Room for whoever serves it to keep ready-made headers.
    pub prepared: OnceLock<Box<dyn Any + Send + Sync>>,
    expires: Option<Instant>,
    checked_at: AtomicU64,
    /// Answers that it was in memory, since `since`.
    hits: AtomicU64,
    /// When these bytes came into memory, in seconds since the Unix epoch.
    since: u64,
    /// The last hit in memory by the store's coarse clock; 0 = none.
    used: AtomicU32,
    /// The last of them that the catalogue was told of.
    told: AtomicU32,
}

/// How often something was answered out of memory, and since when that was counted. Counts begin anew when it comes into memory
/// anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hits {
    /// Answers, to whomever.
    pub count: u64,
    /// In seconds since the Unix epoch.
    pub since: u64,
}

/// What an entry holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Bytes, with their hash.
    Body {
        /// The bytes.
        bytes: Bytes,
        /// Their hash, from which the `ETag` is made.
        digest: Digest,
    },
    /// A failure, cached for a short while (guarantee G10).
    Failure(Failure),
}

/// Why there are no bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// HTTP status that it is answered with.
    pub status: u16,
    /// Stable kebab-case code, such as `master-not-found`.
    pub code: &'static str,
    /// One sentence for the caller.
    pub detail: String,
    /// Whose fault it is.
    pub fault: Fault,
    /// When to try again, in seconds.
    pub retry_after: Option<u32>,
}

/// What is known about the bytes of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    /// Media type.
    pub content_type: String,
    /// The master's modification time, in seconds since the Unix epoch.
    pub last_modified: Option<u64>,
    /// The origin's `ETag` of a master, as received.
    pub origin_etag: Option<String>,
    /// The origin's `Last-Modified` of a master, as received.
    pub origin_last_modified: Option<String>,
    /// When the fill ended, in seconds since the Unix epoch.
    pub stored_at: u64,
    /// How long the entry lives from then on.
    pub lifetime: Duration,
    /// How long the origin lets caches of one user keep it from then on, where it says so.
    pub browser_lifetime: Option<Duration>,
    /// Version of decoder, stages and encoder that made it.
    pub recipe: u32,
    /// A target that led here, for people.
    pub url: String,
    /// The length of its main master, in bytes, where it was made from one.
    pub master_bytes: Option<u64>,
    /// Further header fields of the origin that the answer bears, by lower-case name.
    pub described: Vec<(String, String)>,
    /// Whether another picture stands in for a missing master. Such an entry never goes to disk, so this is not written there.
    pub stands_in: bool,
}

impl Entry {
    /// An entry that was judged fresh under no epoch yet.
    pub fn new(key: DerivativeKey, subject: Subject, content: Content, meta: Meta) -> Self {
        let since = unix_seconds();
        let age = Duration::from_secs(since.saturating_sub(meta.stored_at));
        let expires = Instant::now().checked_add(meta.lifetime.saturating_sub(age));
        Entry {
            key,
            subject,
            content,
            meta,
            prepared: OnceLock::new(),
            expires,
            checked_at: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            since,
            used: AtomicU32::new(0),
            told: AtomicU32::new(0),
        }
    }

    /// The same bytes, known to be good as of a later position: after a revalidation, the one at which its request was sent
    /// (rule F6).
    #[must_use]
    pub fn restamped(&self, stamp: Stamp, meta: Meta) -> Entry {
        let mut subject = self.subject.clone();
        subject.stamp = stamp;
        for dependency in &mut subject.dependencies {
            dependency.stamp = dependency.stamp.max(stamp.position);
        }
        let hits = self.hits();
        Entry {
            hits: AtomicU64::new(hits.count),
            since: hits.since,
            used: AtomicU32::new(self.used.load(Ordering::Relaxed)),
            ..Entry::new(self.key, subject, self.content.clone(), meta)
        }
    }

    /// The bytes, if it is no failure.
    pub fn body(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Body { bytes, .. } => Some(bytes),
            Content::Failure(_) => None,
        }
    }

    /// Why there are no bytes, if there are none.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.content {
            Content::Body { .. } => None,
            Content::Failure(failure) => Some(failure),
        }
    }

    /// Memory that it takes, roughly, in bytes.
    pub fn weight(&self) -> u64 {
        let names: usize = self.subject.dependencies.iter().map(|d| d.master.as_str().len() + 64).sum();
        let labels: usize =
            self.subject.labels.iter().map(|l| 64 + l.tag.as_str().len() + l.source.as_str().len()).sum();
        let body = self.body().map_or(128, Bytes::len);
        (body + names + labels + self.meta.url.len() + 512) as u64
    }

    /// The test that every hit passes: one load where nothing was purged since the last one (guarantee G6).
    ///
    /// # Errors
    /// Why it may not be served as it is. [`Miss::Stale`] and [`Miss::Expired`] are told only of what was not hard purged.
    pub fn check(&self, index: &Index) -> Result<(), Miss> {
        self.check_at(index, Instant::now())
    }

    pub(crate) fn check_at(&self, index: &Index, now: Instant) -> Result<(), Miss> {
        let expired = self.expires.is_some_and(|at| now >= at);
        if !expired && self.checked_at.load(Ordering::Acquire) == index.epoch() {
            return Ok(());
        }
        let (verdict, epoch) = index.judge(&self.subject);
        match verdict {
            Verdict::Purged => Err(Miss::Purged),
            Verdict::OtherLog => Err(Miss::OtherLog),
            Verdict::Fresh | Verdict::Stale if expired => Err(Miss::Expired),
            Verdict::Stale => Err(Miss::Stale),
            Verdict::Fresh => {
                self.checked_at.store(epoch, Ordering::Release);
                Ok(())
            }
        }
    }

    /// Counts an answer out of memory. One addition that waits for nothing, where the count of who holds the entry was changed a
    /// moment before; the clock is written only when it has moved on.
    pub(crate) fn used_at(&self, clock: u32) {
        self.hits.fetch_add(1, Ordering::Relaxed);
        if self.used.load(Ordering::Relaxed) != clock {
            self.used.store(clock, Ordering::Relaxed);
        }
    }

    /// How often it was answered out of memory.
    pub fn hits(&self) -> Hits {
        Hits { count: self.hits.load(Ordering::Relaxed), since: self.since }
    }

    /// The last hit in memory, by the store's coarse clock.
    pub(crate) fn last_hit(&self) -> Option<u32> {
        Some(self.used.load(Ordering::Relaxed)).filter(|clock| *clock != 0)
    }

    /// Takes the hit that the catalogue was not told of.
    pub(crate) fn take_use(&self) -> Option<u32> {
        self.last_hit().filter(|clock| self.told.swap(*clock, Ordering::Relaxed) != *clock)
    }
}

pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
