//! Memory, disk and fills as one: what delivery and fills call.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use plan::reason::{Miss, NotStored, Served};
use plan::{DerivativeKey, Position, Stamp};
use purge::{Catalogue, Index, Slot, Tier, Verdict};
use tokio::runtime::Handle;

use crate::disk::Disk;
use crate::entry::{Content, Entry};
use crate::flight::{Flights, Follower, Join, Leader};
use crate::memory::Memory;
use crate::segment::SegmentStore;

/// Fills that one request goes through at most. After the first it has one that began after the request did, so more are
/// needed only when fills are lost.
const ATTEMPTS: usize = 4;

/// How a store is set up.
pub struct Settings {
    /// Which of the two it is.
    pub tier: Tier,
    /// Bound of the memory tier, in bytes.
    pub memory_bytes: u64,
    /// The disk tier: bodies and their rows. `None` for memory alone.
    pub disk: Option<(Arc<SegmentStore>, Arc<dyn Catalogue>)>,
    /// Random bits for body ids.
    pub fresh_id: fn() -> [u8; 16],
    /// Where fills run; never a runtime that serves hits.
    pub fills: Handle,
}

/// Everything cached of one kind.
pub struct Store {
    index: Arc<Index>,
    memory: Memory,
    disk: Option<Disk>,
    flights: Flights<DerivativeKey, Reply>,
    fills: Handle,
    counters: Counters,
}

/// Numbers since the start.
#[derive(Debug, Default)]
pub struct Counters {
    misses: [AtomicU64; Miss::ALL.len()],
    not_stored: [AtomicU64; NotStored::ALL.len()],
    fills: AtomicU64,
    disk_hits: AtomicU64,
}

impl Counters {
    /// Cached entries that were not used, by reason.
    pub fn misses(&self) -> impl Iterator<Item = (Miss, u64)> + '_ {
        Miss::ALL.iter().zip(&self.misses).map(|(why, n)| (*why, n.load(Ordering::Relaxed)))
    }

    /// Results of fills that were not stored, by reason.
    pub fn not_stored(&self) -> impl Iterator<Item = (NotStored, u64)> + '_ {
        NotStored::ALL.iter().zip(&self.not_stored).map(|(why, n)| (*why, n.load(Ordering::Relaxed)))
    }

    /// Fills run.
    pub fn fills(&self) -> u64 {
        self.fills.load(Ordering::Relaxed)
    }

    /// Entries found on disk.
    pub fn disk_hits(&self) -> u64 {
        self.disk_hits.load(Ordering::Relaxed)
    }

    fn missed(&self, why: Miss) {
        if let Some(n) = Miss::ALL.iter().position(|m| *m == why).and_then(|at| self.misses.get(at)) {
            n.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn dropped(&self, why: NotStored) {
        if let Some(n) = NotStored::ALL.iter().position(|m| *m == why).and_then(|at| self.not_stored.get(at)) {
            n.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What a fill knows when it begins.
#[derive(Debug, Clone, Copy)]
pub struct FillContext {
    /// The applied head at its start: the stamp of what it makes, unless something that it uses is older.
    pub stamp: Stamp,
}

/// The result of a fill.
pub struct Filled {
    /// What was made.
    pub entry: Entry,
    /// Where it may be kept.
    pub keep: Keep,
}

/// Where a result may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// In memory and on disk.
    Everywhere,
    /// In memory only: `no-store` and `private` masters, failures.
    Memory,
    /// Nowhere, for a reason.
    Nowhere(NotStored),
    /// Nowhere: a failure of the moment, such as a full queue.
    Passing,
}

/// An answer.
#[derive(Clone)]
pub struct Reply {
    /// The entry.
    pub entry: Arc<Entry>,
    /// Where it came from.
    pub served: Served,
    /// Why the memory tier did not have it; `None` for a hit.
    pub missed: Option<Miss>,
    /// Why it was not stored, if it was not.
    pub not_stored: Option<NotStored>,
}

impl Store {
    /// Sets a store up over an index.
    ///
    /// # Errors
    /// When the writer thread of the disk tier cannot be started.
    pub fn new(index: Arc<Index>, settings: Settings) -> std::io::Result<Self> {
        let disk = match settings.disk {
            Some((bodies, catalogue)) => {
                Some(Disk::start(settings.tier, bodies, catalogue, index.clone(), settings.fresh_id)?)
            }
            None => None,
        };
        Ok(Store {
            index,
            memory: Memory::new(settings.memory_bytes),
            disk,
            flights: Flights::new(),
            fills: settings.fills,
            counters: Counters::default(),
        })
    }

    /// Looks in memory alone and checks: the hit path. Does not wait.
    ///
    /// # Errors
    /// Why there is nothing to serve.
    pub fn peek(&self, key: &DerivativeKey) -> Result<Arc<Entry>, Miss> {
        let entry = self.memory.get(key).ok_or(Miss::Absent)?;
        match entry.check(&self.index) {
            Ok(()) => Ok(entry),
            Err(why) => {
                self.flights.locked(key, || {
                    // Unless a newer one took its place meanwhile.
                    if self.memory.get(key).is_some_and(|held| Arc::ptr_eq(&held, &entry)) {
                        self.memory.remove(key);
                    }
                });
                Err(why)
            }
        }
    }

    /// Answers from memory or disk, or with what `fill` makes; at most one fill per key that this request may use runs at
    /// a time, and it goes on when this caller leaves as long as somebody else waits.
    ///
    /// `newest` answers the newest purges of everything by which the wanted thing is known so far; nothing with a stamp
    /// below `at_least` is taken, however fresh it is by its own names. `None` = every attempt was lost, which is our fault.
    pub async fn get<F, Made>(
        self: &Arc<Self>,
        key: DerivativeKey,
        at_least: Position,
        newest: impl Fn(&Index) -> Slot,
        fill: F,
    ) -> Option<Reply>
    where
        F: Fn(FillContext) -> Made,
        Made: Future<Output = Filled> + Send + 'static,
    {
        let arrived = self.index.now();
        let mut missed = None;
        let mut lost = 0;
        while lost < ATTEMPTS {
            match self.peek(&key) {
                Ok(entry) if entry.subject.stamp.position >= at_least => {
                    return Some(Reply { entry, served: Served::Memory, missed, not_stored: None });
                }
                Ok(_) => {
                    missed.get_or_insert(Miss::Purged);
                }
                Err(why) => {
                    missed.get_or_insert(why);
                }
            }
            let purged = newest(&self.index).hard.max(at_least);
            let usable = |stamp: Stamp| stamp.position >= purged;
            let (mut follower, leads) = match self.flights.join(&key, usable, || self.index.now()) {
                Join::Lead(leader, follower) => {
                    self.launch(leader, at_least, fill(FillContext { stamp: follower.stamp() }));
                    (follower, true)
                }
                Join::Follow(follower) => (follower, false),
                Join::Full(end) => {
                    end.wait().await;
                    continue;
                }
            };
            let Some(reply) = follower.wait().await else {
                lost += 1;
                continue;
            };
            let recent = reply.entry.subject.stamp.position >= at_least;
            if recent && self.may_answer(&follower, &reply, arrived) {
                let served = if leads || reply.served != Served::Fill { reply.served } else { Served::Collapsed };
                if missed == Some(Miss::Absent) {
                    missed = reply.missed.or(missed);
                }
                missed.into_iter().for_each(|why| self.counters.missed(why));
                return Some(Reply { served, missed, ..reply });
            }
        }
        None
    }

    /// Rule F3: a request that arrived after the flight's stamp gets its outcome only if no purge since then names it, now
    /// that all its names are known.
    fn may_answer(&self, follower: &Follower<DerivativeKey, Reply>, reply: &Reply, arrived: Stamp) -> bool {
        follower.stamp().position >= arrived.position
            || cfg!(feature = "mutant-stamp-at-store")
            || self.index.judge(&reply.entry.subject).0 == Verdict::Fresh
    }

    fn launch<Made>(self: &Arc<Self>, leader: Leader<DerivativeKey, Reply>, at_least: Position, fill: Made)
    where
        Made: Future<Output = Filled> + Send + 'static,
    {
        let store = self.clone();
        let slot = leader.task_slot();
        let task = self.fills.spawn(async move {
            let reply = match store.from_disk(&leader, at_least).await {
                Ok(reply) => reply,
                Err(why) => store.settle(&leader, fill.await, why),
            };
            // Those who wait may be the last to hold the store, and expect its writer to have ended with it.
            drop(store);
            leader.finish(reply);
        });
        slot.set(task.abort_handle());
    }

    async fn from_disk(
        self: &Arc<Self>,
        leader: &Leader<DerivativeKey, Reply>,
        at_least: Position,
    ) -> Result<Reply, Miss> {
        if self.disk.is_none() {
            return Err(Miss::Absent);
        }
        let (store, key) = (self.clone(), *leader.key());
        let read = move || store.disk.as_ref().map_or(Err(Miss::Absent), |disk| disk.get(&key));
        let entry = tokio::task::spawn_blocking(read).await.unwrap_or(Err(Miss::Absent))?;
        if entry.subject.stamp.position < at_least {
            return Err(Miss::Purged);
        }
        self.counters.disk_hits.fetch_add(1, Ordering::Relaxed);
        let entry = Arc::new(entry);
        self.keep_in_memory(&entry);
        Ok(Reply { entry, served: Served::Disk, missed: None, not_stored: None })
    }

    /// Judges the result of a fill once more, under all its names, and stores it if it stands.
    fn settle(&self, leader: &Leader<DerivativeKey, Reply>, filled: Filled, why: Miss) -> Reply {
        self.counters.fills.fetch_add(1, Ordering::Relaxed);
        let Filled { mut entry, keep } = filled;
        debug_assert!(entry.subject.stamp.position <= leader.stamp().position);
        entry.subject.stamp = self.index.stamp_to_store(entry.subject.stamp);
        let entry = Arc::new(entry);
        let not_stored = match keep {
            Keep::Passing => None,
            Keep::Nowhere(reason) => Some(reason),
            Keep::Memory | Keep::Everywhere => self.insert(&entry, keep).err(),
        };
        not_stored.into_iter().for_each(|reason| self.counters.dropped(reason));
        Reply { entry, served: Served::Fill, missed: Some(why), not_stored }
    }

    fn insert(&self, entry: &Arc<Entry>, keep: Keep) -> Result<(), NotStored> {
        if entry.check(&self.index).is_err() {
            return Err(NotStored::PurgedInFlight);
        }
        if !self.keep_in_memory(entry) {
            return Err(NotStored::Older);
        }
        let is_body = matches!(entry.content, Content::Body { .. });
        if let (Keep::Everywhere, true, Some(disk)) = (keep, is_body, &self.disk) {
            disk.put(entry.clone());
        }
        Ok(())
    }

    /// Rule F2: an entry is never replaced by one with a lower stamp.
    fn keep_in_memory(&self, entry: &Arc<Entry>) -> bool {
        self.flights.locked(&entry.key, || {
            let newer = |held: &Entry| held.subject.stamp.position > entry.subject.stamp.position;
            if self.memory.get(&entry.key).is_some_and(|held| newer(&held) && held.check(&self.index).is_ok()) {
                return false;
            }
            self.memory.put(entry.clone());
            true
        })
    }

    /// Numbers since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Bytes and entries in memory.
    pub fn memory_use(&self) -> (u64, usize) {
        (self.memory.bytes(), self.memory.entries() + self.memory.failures())
    }

    /// Bytes on disk, and entries that the disk tier could not keep up with.
    pub fn disk_use(&self) -> (u64, u64) {
        self.disk.as_ref().map_or((0, 0), |disk| (disk.bytes(), disk.overflowed()))
    }

    /// Fills under way.
    pub fn in_flight(&self) -> usize {
        self.flights.len()
    }
}
