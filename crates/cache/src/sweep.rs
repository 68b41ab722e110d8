//! The sweep: takes from disk and memory what purges have named, and says of each purge when that is done (rule D4).
//!
//! A thread of its own works through the purges that are not erased yet. Why `erased` is true when it is said:
//!
//! - A purge is taken up only once the index has applied it. From then on no store takes in what it names and is older, and
//!   the writer judges everything once more before it writes. Waiting until the writers have emptied what was queued before
//!   (a *barrier*) so means that no such body comes to the disk later.
//! - Every body on disk has a row, or stands on its store's list of released places, or is of an earlier run. Rows are
//!   walked; each body is overwritten, and the disk has confirmed it, before its row goes. Whoever else removes a row puts
//!   the body on the list first, and a second barrier after the walk waits for the writers' own removals; then the lists are
//!   erased.
//! - What an earlier run left without a row (it was killed between body and row, or between row and list) is found by
//!   comparing each of its segments with the catalogue. Until that *scrub* is through, nothing is reported erased.
//!
//! What a purge names is found by name; what names no one thing is held against every row, in a walk that all such purges
//! share and that the others do not wait for. A row that is older than a purge stays where it is in key order or goes, so a
//! walk in pieces misses none.
//!
//! All of it may be done twice, so a kill at any moment costs only time.

mod compact;
mod job;
mod named;
mod pace;
mod tour;

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use plan::Position;
use purge::{BodyStore, Catalogue, CatalogueError, Index, LogError, Progress, Record, Records, Row, StoreError, Tier};

use crate::store::Store;
use compact::Raising;
use job::Job;
use pace::Pace;
use tour::Tour;

/// Purges worked on at a time; the others wait in the log. Those that wait for what they named to be replaced do not count, or
/// soft purges would hold up hard ones.
const AT_ONCE: usize = 1024;
/// Purges that share the walk over every row at a time.
const MOST_TOURING: usize = 4 * AT_ONCE;
/// Purges held in memory at a time, the waiting ones among them.
const MOST: usize = 65_536;
/// How often it is noted how far a purge has come.
const NOTE_EVERY: Duration = Duration::from_secs(1);
/// Erased purges that are noted in one transaction; purges that come in meanwhile are written in between.
const NOTED_AT_ONCE: usize = 64;
/// Records read from the log in one go.
const PAGE: usize = 256;
/// Rows erased in one go.
const BATCH: usize = 128;
/// Bytes that wait to be stored, past which the sweep rests a little.
const BUSY: u64 = 4 << 20;
/// How long it rests at most before each batch.
const GIVE_WAY: Duration = Duration::from_millis(200);

/// How fast the sweep may work.
#[derive(Debug, Clone)]
pub struct SweepSettings {
    /// Bytes overwritten, or read by the scrub, per second; 0 = as many as the disk takes.
    pub bytes_per_second: u64,
    /// Rows looked at per second; 0 = no bound.
    pub rows_per_second: u64,
    /// Names in the purge index past which the floor is raised, so that they can be forgotten.
    pub most_names: usize,
    /// Globs in the purge index past which that is done at once.
    pub most_globs: usize,
    /// Between two raises of the floor on account of names, or of fewer globs.
    pub raise_every: Duration,
    /// How often it looks for work that nobody told it of, and tries again what failed.
    pub tick: Duration,
    /// How long it waits for further purges after it was told of one. They then share the flushes that erasing takes, which
    /// hold up purges that are just being written. Purges are taken up, and reported erased, no more often.
    pub gather: Duration,
}

impl Default for SweepSettings {
    fn default() -> Self {
        SweepSettings {
            bytes_per_second: 64 << 20,
            rows_per_second: 10_000,
            most_names: 1_000_000,
            most_globs: 64,
            raise_every: Duration::from_secs(600),
            tick: Duration::from_secs(5),
            gather: Duration::from_millis(200),
        }
    }
}

/// Is told how far a purge has come.
pub type OnProgress = Box<dyn Fn(&Arc<Record>, &Progress) + Send>;

/// What the sweep works on.
pub struct SweepParts {
    /// The purges, and how far each has come.
    pub records: Arc<dyn Records>,
    /// What is stored.
    pub catalogue: Arc<dyn Catalogue>,
    /// The index, replayed to the head of the log.
    pub index: Arc<Index>,
    /// Derivatives.
    pub derivatives: Arc<Store>,
    /// Masters' own bytes.
    pub masters: Arc<Store>,
    /// How fast.
    pub settings: SweepSettings,
    /// Called whenever a purge has come further, from the sweep's thread, after it was noted.
    pub on_progress: OnProgress,
}

/// Where the sweep stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SweepStatus {
    /// Whether everything that earlier runs left is accounted for.
    pub scrubbed: bool,
    /// Purges that are being worked on.
    pub open: usize,
    /// Bytes without a row that the scrub of this start had to overwrite.
    pub orphans: u64,
    /// What failed last, while it is not mended.
    pub error: Option<String>,
}

/// The running sweep. Dropped, it stops after the batch it is at.
pub struct Sweep {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Sweep {
    /// Starts it. What earlier runs left behind is its first work.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(parts: SweepParts) -> std::io::Result<Sweep> {
        let shared = Arc::new(Shared::default());
        let worker = Worker::new(parts, shared.clone());
        let thread = std::thread::Builder::new().name("sweep".into()).spawn(move || worker.run())?;
        Ok(Sweep { shared, thread: Some(thread) })
    }

    /// Says that a purge was applied.
    pub fn kick(&self) {
        self.shared.signal(|signals| signals.kicked = true);
    }

    /// Where it stands.
    pub fn status(&self) -> SweepStatus {
        lock(&self.shared.status).clone()
    }
}

impl Drop for Sweep {
    fn drop(&mut self) {
        self.shared.signal(|signals| signals.stop = true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Default)]
struct Shared {
    signals: Mutex<Signals>,
    wake: Condvar,
    status: Mutex<SweepStatus>,
}

#[derive(Default)]
struct Signals {
    kicked: bool,
    stop: bool,
}

impl Shared {
    fn signal(&self, set: impl FnOnce(&mut Signals)) {
        set(&mut lock(&self.signals));
        self.wake.notify_all();
    }

    /// Waits for a kick; answers whether there was one.
    fn wait(&self, longest: Duration) -> Result<bool, Stop> {
        let idle = |signals: &mut Signals| !signals.kicked && !signals.stop;
        let (mut signals, _) =
            self.wake.wait_timeout_while(lock(&self.signals), longest, idle).unwrap_or_else(PoisonError::into_inner);
        let kicked = std::mem::take(&mut signals.kicked);
        if signals.stop { Err(Stop::Asked) } else { Ok(kicked) }
    }

    /// Rests whatever happens, unless it is to stop.
    fn rest(&self, time: Duration) -> Result<(), Stop> {
        let (signals, _) = self
            .wake
            .wait_timeout_while(lock(&self.signals), time, |signals| !signals.stop)
            .unwrap_or_else(PoisonError::into_inner);
        if signals.stop { Err(Stop::Asked) } else { Ok(()) }
    }
}

/// Why a round ended early.
enum Stop {
    Asked,
    Failed(String),
}

impl From<CatalogueError> for Stop {
    fn from(error: CatalogueError) -> Self {
        Stop::Failed(error.to_string())
    }
}

impl From<LogError> for Stop {
    fn from(error: LogError) -> Self {
        Stop::Failed(error.to_string())
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Failed(error.to_string())
    }
}

struct Worker {
    parts: SweepParts,
    shared: Arc<Shared>,
    /// Every record up to it is in `jobs`, or erased.
    seen: Position,
    jobs: BTreeMap<Position, Job>,
    /// Segments of earlier runs that are still to be compared with the catalogue.
    scrub: Vec<(Tier, u64)>,
    bytes: Pace,
    rows: Pace,
    /// The head at which there was nothing left to erase.
    settled: Option<Position>,
    raised_at: Option<Instant>,
    raising: Option<Raising>,
    /// Walks over all derivatives and over all masters.
    tours: [Tour; 2],
    /// Soft purges that have nothing left on disk, and that memory is still to be looked through for.
    gone_from_disk: Vec<Position>,
    /// Whether everything that the index has applied was taken up.
    all_seen: bool,
    /// When purges were last taken up.
    gathered_at: Option<Instant>,
}

impl Worker {
    fn new(parts: SweepParts, shared: Arc<Shared>) -> Worker {
        let earlier = |tier: Tier, store: &Store| -> Vec<(Tier, u64)> {
            store.disk().map_or_else(Vec::new, |disk| disk.bodies().earlier().into_iter().map(|n| (tier, n)).collect())
        };
        let mut scrub = earlier(Tier::Derivatives, &parts.derivatives);
        scrub.extend(earlier(Tier::Masters, &parts.masters));
        lock(&shared.status).scrubbed = scrub.is_empty();
        Worker {
            bytes: Pace::new(parts.settings.bytes_per_second),
            rows: Pace::new(parts.settings.rows_per_second),
            parts,
            shared,
            seen: Position::START,
            jobs: BTreeMap::new(),
            scrub,
            settled: None,
            raised_at: None,
            raising: None,
            tours: Default::default(),
            gone_from_disk: Vec::new(),
            all_seen: false,
            gathered_at: None,
        }
    }

    fn run(mut self) {
        loop {
            let pause = match self.round() {
                Ok(pause) => {
                    lock(&self.shared.status).error = None;
                    pause
                }
                Err(Stop::Asked) => break,
                Err(Stop::Failed(error)) => {
                    tracing::error!(%error, "the sweep failed and tries again");
                    lock(&self.shared.status).error = Some(error);
                    self.parts.settings.tick
                }
            };
            let idle = !pause.is_zero();
            let rested = self.shared.wait(pause).and_then(|kicked| match kicked && idle {
                true => self.shared.rest(self.parts.settings.gather),
                false => Ok(()),
            });
            if rested.is_err() {
                break;
            }
        }
        self.note_unnoted();
    }

    /// Does what there is to do, no more than a page of what takes long; answers how long there will be nothing.
    fn round(&mut self) -> Result<Duration, Stop> {
        let settings = &self.parts.settings;
        let (tick, gather) = (settings.tick, settings.gather);
        let early = gather.saturating_sub(self.since_gathered());
        if let Some((tier, segment)) = self.scrub.last().copied() {
            self.take_up()?;
            self.tour()?;
            self.scrub_segment(tier, segment)?;
            self.scrub.pop();
            lock(&self.shared.status).scrubbed = self.scrub.is_empty();
            return Ok(Duration::ZERO);
        }
        let mut head = None;
        if early.is_zero() {
            self.gathered_at = Some(Instant::now());
            head = Some(self.take_up()?);
        }
        let touring = self.tour()?;
        self.end_looks()?;
        if let Some(head) = head {
            self.report_erased()?;
            self.erase_released()?;
            if self.all_seen && self.jobs.is_empty() {
                self.settle(head);
                self.begin_raise(head)?;
            }
        }
        if self.raise_on()? || touring {
            return Ok(Duration::ZERO);
        }
        let waits = !self.jobs.values().any(|job| job.walked) && (self.all_seen || !self.takes_more());
        let now = Instant::now();
        let next = self.jobs.values().filter_map(|job| job.look_at()).min();
        let next = next.map_or(tick, |at| at.saturating_duration_since(now)).min(tick);
        Ok(if waits { next } else { Duration::ZERO }.max(gather.saturating_sub(self.since_gathered())))
    }

    fn since_gathered(&self) -> Duration {
        self.gathered_at.map_or(Duration::MAX, |at| at.elapsed())
    }

    /// Takes up what is new, and looks at what it is time for; answers how far the index was.
    fn take_up(&mut self) -> Result<Position, Stop> {
        let head = self.parts.index.head();
        self.all_seen = self.load(head)?;
        self.walk_ready()?;
        Ok(head)
    }

    /// Notes that there is nothing left to erase.
    fn settle(&mut self, head: Position) {
        if self.settled != Some(head) {
            for store in [&self.parts.derivatives, &self.parts.masters] {
                store.disk().into_iter().for_each(|disk| disk.erased_to(head));
            }
            self.settled = Some(head);
        }
    }

    /// Takes up purges that the index has applied; answers whether these are all.
    fn load(&mut self, head: Position) -> Result<bool, Stop> {
        if self.settled == Some(head) {
            return Ok(true);
        }
        while self.takes_more() {
            let mut page = self.parts.records.unerased(self.seen, PAGE)?;
            let full = page.len() == PAGE;
            // A record is in the log a moment before it is in the index.
            page.retain(|(record, _)| record.position <= head);
            let Some((last, _)) = page.last() else { return Ok(true) };
            self.seen = last.position;
            for (record, progress) in page {
                let job = Job::new(record, progress, self.parts.derivatives.max_stale());
                self.jobs.insert(job.record.position, job);
            }
            lock(&self.shared.status).open = self.jobs.len();
            if !full {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn takes_more(&self) -> bool {
        let now = Instant::now();
        let touring = self.jobs.values().filter(|job| job.pass.is_some()).count();
        let at_work = self.jobs.values().filter(|job| job.pass.is_none() && !job.waits(now)).count();
        self.jobs.len() < MOST && touring < MOST_TOURING && at_work < AT_ONCE
    }

    /// Says of every purge whose rows are gone that it is erased, once that is true of bodies without rows too.
    fn report_erased(&mut self) -> Result<(), Stop> {
        if !self.jobs.values().any(|job| job.walked) {
            return Ok(());
        }
        self.barrier();
        self.erase_released()?;
        self.parts.catalogue.checkpoint()?;
        let finished = |job: &mut Job| (job.record.position, job.finished(unix_millis()));
        let done: Vec<_> = self.jobs.values_mut().filter(|job| job.walked).map(finished).collect();
        for some in done.chunks(NOTED_AT_ONCE) {
            let noted = self.parts.records.note(some)?;
            for ((position, _), progress) in some.iter().zip(noted) {
                if let Some(job) = self.jobs.remove(position) {
                    (self.parts.on_progress)(&job.record, &progress);
                }
            }
        }
        lock(&self.shared.status).open = self.jobs.len();
        Ok(())
    }

    /// Notes how far a purge has come and tells whoever listens, unless that was done a moment ago and can be done again soon
    /// enough after a rest.
    fn note_now_and_then(&mut self, position: Position, rest: Duration) -> Result<(), Stop> {
        let Some(job) = self.jobs.get_mut(&position).filter(|job| job.unnoted) else { return Ok(()) };
        if job.noted_at.elapsed() + rest < NOTE_EVERY {
            return Ok(());
        }
        if let [noted] = self.parts.records.note(&[(position, job.progress)])?[..] {
            job.progress = noted;
        }
        (job.noted_at, job.unnoted) = (Instant::now(), false);
        (self.parts.on_progress)(&job.record, &job.progress);
        Ok(())
    }

    /// Before it ends, so that the next start goes on counting.
    fn note_unnoted(&self) {
        let unnoted = self.jobs.values().filter(|job| job.unnoted && !job.walked);
        let unnoted: Vec<_> = unnoted.map(|job| (job.record.position, job.progress)).collect();
        for some in unnoted.chunks(NOTED_AT_ONCE) {
            if let Err(error) = self.parts.records.note(some) {
                tracing::warn!(%error, "how far purges have come is not noted");
                return;
            }
        }
    }

    fn scrub_segment(&mut self, tier: Tier, segment: u64) -> Result<(), Stop> {
        let live = self.parts.catalogue.places(tier, segment)?;
        let store = self.store(tier).clone();
        let Some(disk) = store.disk() else { return Ok(()) };
        let (pace, shared) = (&mut self.bytes, &self.shared);
        let mut stopped = Ok(());
        let mut step = |bytes| {
            if stopped.is_ok() {
                stopped = shared.rest(pace.take(bytes));
            }
        };
        let overwritten =
            disk.bodies().scrub(segment, &live, &mut step).map_err(|error| Stop::Failed(error.to_string()))?;
        stopped?;
        if overwritten > 0 {
            tracing::info!(tier = tier.name(), segment, overwritten, "erased what no row accounts for");
            lock(&self.shared.status).orphans += overwritten;
        }
        Ok(())
    }

    /// Erases bodies, then takes their rows away: a kill in between leaves rows whose bodies are no use, which is a miss.
    fn erase_rows(&mut self, tier: Tier, rows: &[Row]) -> Result<(), Stop> {
        let store = self.store(tier).clone();
        for batch in rows.chunks(BATCH) {
            self.give_way()?;
            let places: Vec<_> = batch.iter().map(|row| row.place).collect();
            if let Some(disk) = store.disk() {
                disk.bodies().erase(&places)?;
            }
            let rows: Vec<_> = batch.iter().map(|row| (row.key, row.body)).collect();
            self.parts.catalogue.remove_rows(tier, &rows)?;
            let bytes = places.iter().map(|place| place.length).sum();
            self.shared.rest(self.bytes.take(bytes))?;
        }
        Ok(())
    }

    fn erase_released(&self) -> Result<(), Stop> {
        erase_released([&self.parts.derivatives, &self.parts.masters]).map_err(Stop::from)
    }

    fn barrier(&self) {
        self.parts.masters.barrier();
        self.parts.derivatives.barrier();
    }

    /// Lets what waits to be stored go first, for a little while.
    fn give_way(&self) -> Result<(), Stop> {
        let until = Instant::now() + GIVE_WAY;
        let busy = |store: &Store| store.disk().is_some_and(|disk| disk.waiting() > BUSY);
        while (busy(&self.parts.derivatives) || busy(&self.parts.masters)) && Instant::now() < until {
            self.shared.rest(Duration::from_millis(10))?;
        }
        Ok(())
    }

    fn store(&self, tier: Tier) -> &Arc<Store> {
        match tier {
            Tier::Derivatives => &self.parts.derivatives,
            Tier::Masters => &self.parts.masters,
        }
    }
}

/// Asked of a store that has nothing on its list, too: what its writer is just erasing is not on it any more, and waited for.
fn erase_released(stores: [&Store; 2]) -> Result<(), StoreError> {
    stores.into_iter().filter_map(Store::disk).try_for_each(|disk| disk.bodies().erase_released())
}

fn unix_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::mpsc::channel;

    use super::*;
    use crate::{SegmentStore, Settings};

    #[test]
    fn what_a_writer_is_just_erasing_is_waited_for() {
        let (folder, runtime) = (tempfile::tempdir().unwrap(), tokio::runtime::Runtime::new().unwrap());
        let bodies = Arc::new(SegmentStore::open(folder.path(), 64 << 20).unwrap());
        let identity = purge::LogIdentity { log: plan::LogId(1), secret: plan::KeySecret::new([1; 32]) };
        let catalogue: Arc<dyn Catalogue> = Arc::new(crate::writer::tests::Told(Mutex::new(channel().0)));
        let settings = Settings {
            tier: Tier::Derivatives,
            memory_bytes: 1 << 20,
            disk: Some((bodies.clone(), catalogue)),
            fresh_id: || [0; 16],
            fills: runtime.handle().clone(),
            max_stale: None,
        };
        let store = Store::new(Arc::new(Index::new(identity)), settings).unwrap();
        // As the writer does it: the list is empty, and the bytes are there still.
        let writer = lock(&bodies.erasing);
        let ((tell, told), (begin, begun)) = (channel(), channel());
        std::thread::scope(|scope| {
            let store = &store;
            scope.spawn(move || {
                begin.send(()).unwrap();
                tell.send(erase_released([store, store])).unwrap();
            });
            begun.recv_timeout(Duration::from_secs(60)).unwrap();
            assert!(told.recv_timeout(Duration::from_millis(50)).is_err());
            drop(writer);
            told.recv_timeout(Duration::from_secs(60)).unwrap().unwrap();
        });
    }
}
