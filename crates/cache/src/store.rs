//! Memory, disk and fills as one: what delivery and fills call.

pub(crate) mod inspect;
mod replace;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use plan::reason::{Miss, NotStored, Served};
use plan::{DerivativeKey, Position, Stamp};
use purge::{Catalogue, Index, Slot, Tier, Verdict};
use tokio::runtime::Handle;

use crate::disk::Disk;
use crate::entry::{Content, Entry};
use crate::flight::{Flights, Follower, Join, Leader};
use crate::memory::Memory;
use crate::segment::SegmentStore;
use crate::stale::{Leave, Stale};
use crate::uses::Uses;

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
    /// How long after the first time a softly purged entry may be served again while it is refreshed (rule S2). `None` =
    /// never: what masters are kept with, since a derivative must not be made from a stale one.
    pub max_stale: Option<Duration>,
}

/// How long stale derivatives may be served, unless a site has other wishes.
pub const MAX_STALE: Duration = Duration::from_secs(60);

/// Everything cached of one kind.
pub struct Store {
    index: Arc<Index>,
    memory: Arc<Memory>,
    uses: Arc<Uses>,
    disk: Option<Disk>,
    stale: Stale,
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
#[derive(Clone)]
pub struct FillContext {
    /// The applied head at its start: the stamp of what it makes, unless something that it uses is older.
    pub stamp: Stamp,
    /// An entry with a body that is stale or expired and was not hard purged: its validators may be sent (rule F6). If its
    /// bytes turn out good still, [`Entry::restamped`] with this fill's stamp is the result.
    pub stale: Option<Arc<Entry>>,
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

/// What the memory tier has under a key.
enum Held {
    /// To be served.
    Fresh(Arc<Entry>),
    /// Softly purged, and not served for too long yet.
    Stale(Arc<Entry>),
    /// Its time is up.
    Expired(Arc<Entry>),
    /// Nothing of use, and why.
    Nothing(Miss),
}

impl Store {
    /// Sets a store up over an index.
    ///
    /// # Errors
    /// When the writer thread of the disk tier cannot be started.
    pub fn new(index: Arc<Index>, settings: Settings) -> std::io::Result<Self> {
        let uses = Arc::new(Uses::default());
        let memory = Arc::new(Memory::new(settings.memory_bytes, uses.clone()));
        let disk = match settings.disk {
            Some(tier) => {
                let shared = (memory.clone(), uses.clone());
                Some(Disk::start(settings.tier, tier, index.clone(), shared, settings.fresh_id)?)
            }
            None => None,
        };
        Ok(Store {
            index,
            memory,
            uses,
            disk,
            stale: Stale::new(settings.max_stale),
            flights: Flights::new(),
            fills: settings.fills,
            counters: Counters::default(),
        })
    }

    /// Looks in memory alone and checks: the hit path. Does not wait.
    ///
    /// # Errors
    /// Why there is nothing to serve. [`Miss::Stale`]: [`Store::get`] may still serve it at once.
    pub fn peek(&self, key: &DerivativeKey) -> Result<Arc<Entry>, Miss> {
        match self.look(key) {
            Held::Fresh(entry) => Ok(entry),
            Held::Stale(_) => Err(Miss::Stale),
            Held::Expired(_) => Err(Miss::Expired),
            Held::Nothing(why) => Err(why),
        }
    }

    fn look(&self, key: &DerivativeKey) -> Held {
        let Some(entry) = self.memory.get(key) else { return Held::Nothing(Miss::Absent) };
        let now = Instant::now();
        match entry.check_at(&self.index, now) {
            Ok(()) => {
                entry.used_at(self.uses.clock(now));
                Held::Fresh(entry)
            }
            Err(Miss::Stale) if !self.stale.is_over(key, entry.subject.stamp.position, now) => Held::Stale(entry),
            Err(Miss::Expired) => Held::Expired(entry),
            Err(why) => {
                self.drop_from_memory(&entry);
                Held::Nothing(if why == Miss::Stale { Miss::Purged } else { why })
            }
        }
    }

    /// Unless a newer one took its place meanwhile.
    fn drop_from_memory(&self, entry: &Arc<Entry>) -> bool {
        self.flights.locked(&entry.key, || self.memory.remove_same(entry))
    }

    /// Answers from memory or disk, or with what `fill` makes; at most one fill per key that this request may use runs at
    /// a time, and it goes on when this caller leaves as long as somebody else waits. What a soft purge made stale is served
    /// at once where the store allows it, while one fill replaces it that goes on without anybody waiting (rule S2).
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
        F: Fn(FillContext) -> Made + Send + Sync + 'static,
        Made: Future<Output = Filled> + Send + 'static,
    {
        let fill = Arc::new(fill);
        let arrived = self.index.now();
        let mut missed = None;
        let mut lost = 0;
        while lost < ATTEMPTS {
            // Who comes after a purge of either mode never joins an older flight.
            let usable_from = || {
                let slot = newest(&self.index);
                slot.hard.max(slot.soft).max(at_least)
            };
            let recent = |entry: &Entry| entry.subject.stamp.position >= at_least;
            let why = match self.look(&key) {
                Held::Fresh(entry) if recent(&entry) => {
                    return Some(Reply { entry, served: Served::Memory, missed, not_stored: None });
                }
                Held::Stale(entry) if recent(&entry) && self.stale.allowed() => {
                    if let Some(reply) = self.serve_stale(&entry, at_least, usable_from(), &fill) {
                        return Some(reply);
                    }
                    Miss::Purged
                }
                Held::Fresh(_) => Miss::Purged,
                Held::Stale(_) => Miss::Stale,
                Held::Expired(_) => Miss::Expired,
                Held::Nothing(why) => why,
            };
            missed.get_or_insert(why);
            let purged = usable_from();
            let usable = |stamp: Stamp| stamp.position >= purged;
            let (mut follower, leads) = match self.flights.join(&key, usable, || self.index.now()) {
                Join::Lead(leader, follower) => {
                    self.launch(leader, at_least, None, fill.clone());
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
            if !recent(&reply.entry) {
                lost += 1;
                continue;
            }
            if reply.served == Served::Stale {
                drop(follower);
                match self.serve_stale(&reply.entry, at_least, usable_from(), &fill) {
                    Some(reply) => return Some(reply),
                    None => continue,
                }
            }
            if self.may_answer(&follower, &reply, arrived) {
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

    /// A stale entry as an answer, if its time is not up, with a fill under way that replaces it.
    fn serve_stale<F, Made>(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        at_least: Position,
        purged: Position,
        fill: &Arc<F>,
    ) -> Option<Reply>
    where
        F: Fn(FillContext) -> Made + Send + Sync + 'static,
        Made: Future<Output = Filled> + Send + 'static,
    {
        if !matches!(entry.check(&self.index), Ok(()) | Err(Miss::Stale)) {
            return None;
        }
        match self.stale.ask(&entry.key, entry.subject.stamp.position, Instant::now()) {
            Leave::Over => {
                self.drop_from_memory(entry);
                return None;
            }
            Leave::Served => {}
            Leave::AndRefresh => {
                let usable = |stamp: Stamp| stamp.position >= purged;
                // Who joins does not wait, so a flight of somebody else is left alone. Two doomed ones at once are left to
                // end first; the next request tries again.
                if let Join::Lead(leader, follower) = self.flights.join(&entry.key, usable, || self.index.now()) {
                    self.launch(leader, at_least, Some((follower, entry.clone())), fill.clone());
                }
            }
        }
        entry.used_at(self.uses.clock(Instant::now()));
        self.counters.missed(Miss::Stale);
        Some(Reply { entry: entry.clone(), served: Served::Stale, missed: Some(Miss::Stale), not_stored: None })
    }

    /// Rule F3: a request that arrived after the flight's stamp gets its outcome only if no purge since then names it, now
    /// that all its names are known.
    fn may_answer(&self, follower: &Follower<DerivativeKey, Reply>, reply: &Reply, arrived: Stamp) -> bool {
        follower.stamp().position >= arrived.position
            || cfg!(feature = "mutant-stamp-at-store")
            || self.index.judge(&reply.entry.subject).0 == Verdict::Fresh
    }

    /// `refresh`: what is replaced, and a follower that keeps the fill alive though nobody waits.
    fn launch<F, Made>(
        self: &Arc<Self>,
        leader: Leader<DerivativeKey, Reply>,
        at_least: Position,
        refresh: Option<(Follower<DerivativeKey, Reply>, Arc<Entry>)>,
        fill: Arc<F>,
    ) where
        F: Fn(FillContext) -> Made + Send + Sync + 'static,
        Made: Future<Output = Filled> + Send + 'static,
    {
        let store = self.clone();
        let slot = leader.task_slot();
        let (kept_alive, replaced) = refresh.unzip();
        let task = self.fills.spawn(async move {
            let reply = store.run(&leader, at_least, replaced, &*fill).await;
            // Those who wait may be the last to hold the store, and expect its writer to have ended with it.
            drop((store, fill));
            leader.finish(reply);
            drop(kept_alive);
        });
        slot.set(task.abort_handle());
    }

    /// One flight: memory once more, then disk, then the fill.
    async fn run<F, Made>(
        self: &Arc<Self>,
        leader: &Leader<DerivativeKey, Reply>,
        at_least: Position,
        replaced: Option<Arc<Entry>>,
        fill: &F,
    ) -> Reply
    where
        F: Fn(FillContext) -> Made,
        Made: Future<Output = Filled> + Send,
    {
        let recent = |entry: &Arc<Entry>| entry.subject.stamp.position >= at_least;
        let answer = |entry, served| Reply { entry, served, missed: None, not_stored: None };
        let mut old = match self.look(leader.key()) {
            // Another flight ended between this request's look and its flight.
            Held::Fresh(entry) if recent(&entry) => return answer(entry, Served::Memory),
            Held::Stale(entry) | Held::Expired(entry) => Some(entry),
            _ => replaced.clone(),
        };
        let mut why = Miss::Stale;
        if replaced.is_none() {
            match self.from_disk(*leader.key()).await {
                Ok(entry) if recent(&entry) => {
                    self.counters.disk_hits.fetch_add(1, Ordering::Relaxed);
                    self.keep_in_memory(&entry);
                    return answer(entry, Served::Disk);
                }
                Ok(_) => why = Miss::Purged,
                Err((Miss::Stale, Some(entry))) if self.stale.allowed() && recent(&entry) => {
                    self.keep_in_memory(&entry);
                    return answer(entry, Served::Stale);
                }
                Err((miss, entry)) => {
                    let stamp = |entry: &Option<Arc<Entry>>| entry.as_ref().map(|e| e.subject.stamp.position);
                    old = if stamp(&entry) > stamp(&old) { entry } else { old };
                    why = miss;
                }
            }
        }
        // Judged after this flight took its stamp: after a hard purge no validators are sent.
        let revalidates = |entry: &Arc<Entry>| {
            entry.body().is_some()
                && recent(entry)
                && !matches!(entry.check(&self.index), Err(Miss::Purged | Miss::OtherLog))
        };
        let stale = old.filter(revalidates);
        let filled = fill(FillContext { stamp: leader.stamp(), stale: stale.clone() }).await;
        self.settle(leader, filled, why, stale.as_deref())
    }

    async fn from_disk(self: &Arc<Self>, key: DerivativeKey) -> Result<Arc<Entry>, (Miss, Option<Arc<Entry>>)> {
        if self.disk.is_none() {
            return Err((Miss::Absent, None));
        }
        let store = self.clone();
        let read = move || {
            let is_over = |entry: &Entry| store.stale.is_over(&key, entry.subject.stamp.position, Instant::now());
            store.disk.as_ref().map(|disk| disk.get(&key, is_over))
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(Some(found)) => found,
            Ok(None) | Err(_) => Err((Miss::Absent, None)),
        }
    }

    /// Judges the result of a fill once more, under all its names, and stores it if it stands. `old` is the stale or expired
    /// entry that it would replace.
    fn settle(&self, leader: &Leader<DerivativeKey, Reply>, filled: Filled, why: Miss, old: Option<&Entry>) -> Reply {
        self.counters.fills.fetch_add(1, Ordering::Relaxed);
        let Filled { mut entry, keep } = filled;
        debug_assert!(entry.subject.stamp.position <= leader.stamp().position);
        entry.subject.stamp = self.index.stamp_to_store(entry.subject.stamp);
        let entry = Arc::new(entry);
        let serves_on = old.is_some_and(|old| old.check(&self.index) == Err(Miss::Stale)) && self.stale.allowed();
        let stored = match keep {
            Keep::Passing => None,
            Keep::Nowhere(reason) => Some(Err(reason)),
            // A failure that may mend by itself does not end what may be served in the meantime.
            Keep::Memory | Keep::Everywhere if serves_on && is_passing(&entry) => None,
            Keep::Memory | Keep::Everywhere => Some(self.insert(&entry, keep)),
        };
        match (&stored, &entry.content) {
            (Some(Ok(())), Content::Body { .. }) => self.stale.replaced(&entry.key),
            // The picture is known to be gone, or never to be one again.
            (Some(Ok(())), Content::Failure(_)) => self.stale.end(&entry.key),
            // Nothing failed: the next request starts another refresh, for nothing stale is served without one.
            (Some(Err(NotStored::PurgedInFlight)), _) => {}
            _ => self.stale.failed(&entry.key, Instant::now()),
        }
        let not_stored = stored.and_then(Result::err);
        not_stored.into_iter().for_each(|reason| self.counters.dropped(reason));
        Reply { entry, served: Served::Fill, missed: Some(why), not_stored }
    }

    fn insert(&self, entry: &Arc<Entry>, keep: Keep) -> Result<(), NotStored> {
        match entry.check(&self.index) {
            Ok(()) => {}
            // What may live for no time at all is kept for its validators.
            Err(Miss::Expired) if self.index.judge(&entry.subject).0 == Verdict::Fresh => {}
            Err(_) => return Err(NotStored::PurgedInFlight),
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
            self.put_judged(entry);
            true
        })
    }

    /// The caller holds the key's flight lock.
    fn put_judged(&self, entry: &Arc<Entry>) {
        self.memory.put(entry.clone());
        // A purge may have come since it was judged, and its sweep have passed here already.
        if matches!(entry.check(&self.index), Err(Miss::Purged | Miss::OtherLog)) {
            self.memory.remove_same(entry);
        }
    }

    /// Waits until everything that was stored before is on disk with its row, or was let go. Blocks.
    pub fn barrier(&self) {
        if let Some(disk) = &self.disk {
            disk.barrier();
        }
    }

    pub(crate) fn disk(&self) -> Option<&Disk> {
        self.disk.as_ref()
    }

    pub(crate) fn max_stale(&self) -> Duration {
        self.stale.longest()
    }

    /// Drops what `unwanted` picks from memory, up to its first error; it may be asked about entries that were replaced since.
    pub(crate) fn drop_where<E>(&self, mut unwanted: impl FnMut(&Entry) -> Result<bool, E>) -> Result<(), E> {
        for entry in self.memory.iter() {
            if unwanted(&entry)? {
                self.drop_from_memory(&entry);
            }
        }
        Ok(())
    }

    /// Re-stamps fresh entries in memory that lie below a position which is about to become the floor.
    pub(crate) fn restamp_memory(&self, to: Stamp) {
        for entry in self.memory.all() {
            if entry.subject.stamp.position < to.position && entry.check(&self.index).is_ok() {
                let raised = Arc::new(entry.restamped(to, entry.meta.clone()));
                self.flights.locked(&entry.key, || {
                    if self.memory.holds(&entry) {
                        self.memory.put(raised);
                    }
                });
            }
        }
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

/// Whether a failure may mend by itself, so that what is there may be served on for a while: as in RFC 5861, section 4.
fn is_passing(entry: &Entry) -> bool {
    matches!(&entry.content, Content::Failure(failure) if failure.status >= 500)
}
