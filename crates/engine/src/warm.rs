//! Warming: making derivatives before anybody asks, paced, one job at a time for each request. Refreshes are jobs too.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dialect::Hints;
use plan::{AcceptClass, DerivativeKey, Position, Selector};
use purge::{CatalogueError, LogError, Progress, PurgeId, Record, Row, Tier};
use tokio::sync::Notify;

use crate::purging::{effective, unix_millis};
use crate::{Ask, Engine, Event};

/// Jobs that are remembered after they ended.
const REMEMBERED: usize = 1000;
/// Items between two saves of how far a job has come.
const SAVE_EVERY: usize = 32;

/// One derivative to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarmItem {
    /// A raw target, after `//` and the host where it matters.
    pub url: String,
    /// What the client would show.
    pub accept: AcceptClass,
}

/// What is to be warmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarmRequest {
    /// In this order. Those of a job that ended are dropped; how many there were stays known.
    pub items: Arc<[WarmItem]>,
    /// So many a second at most, at least 1.
    pub per_second: u32,
    /// Who asked: the name of the API key.
    pub actor: String,
    /// The purge that it follows, with its position: what was purged again since is left out, and what is older is made
    /// anew.
    pub after: Option<(PurgeId, Position)>,
    /// Whether it is the work of a refresh, whose record says when it is done.
    pub refreshes: bool,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WarmState {
    /// Under way, or waiting to go on after a start.
    Running,
    /// Every item was tried.
    Done,
    /// Somebody stopped it.
    Cancelled,
}

impl WarmState {
    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            WarmState::Running => "running",
            WarmState::Done => "done",
            WarmState::Cancelled => "cancelled",
        }
    }

    /// The inverse of [`WarmState::name`].
    pub fn from_name(name: &str) -> Option<WarmState> {
        [WarmState::Running, WarmState::Done, WarmState::Cancelled].into_iter().find(|s| s.name() == name)
    }
}

/// A job and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warmup {
    /// Its id.
    pub id: PurgeId,
    /// What was asked for.
    pub request: WarmRequest,
    /// Where it stands.
    pub state: WarmState,
    /// Items in all.
    pub total: usize,
    /// Items tried; the next is the one of this number.
    pub tried: usize,
    /// Of them, those that could not be made.
    pub failed: usize,
    /// Of them, those that were purged again before their turn.
    pub skipped: usize,
    /// When it was asked for, in milliseconds since the Unix epoch.
    pub created_at: u64,
    /// When it ended.
    pub ended_at: Option<u64>,
}

impl Warmup {
    fn forget_items_if_ended(&mut self) {
        if self.state != WarmState::Running {
            self.request.items = Arc::default();
        }
    }
}

/// Where jobs are kept, so that a start goes on with them. Calls block.
pub trait Jobs: Send + Sync {
    /// Stores a job in the place of the one of its id.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn save(&self, job: &Warmup) -> Result<(), LogError>;

    /// The newest jobs, running ones always among them.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn load(&self, limit: usize) -> Result<Vec<Warmup>, LogError>;
}

/// The jobs of one engine.
pub(crate) struct Warming {
    jobs: Mutex<BTreeMap<u128, Arc<Job>>>,
    store: Option<Arc<dyn Jobs>>,
}

struct Job {
    state: Mutex<Warmup>,
    cancelled: AtomicBool,
    /// Ends the wait for the next item's turn.
    stop: Notify,
}

impl Warming {
    pub fn new(store: Option<Arc<dyn Jobs>>) -> Warming {
        Warming { jobs: Mutex::default(), store }
    }

    fn remember(&self, mut warmup: Warmup) -> Arc<Job> {
        warmup.forget_items_if_ended();
        let id = warmup.id.0;
        let job = Arc::new(Job { cancelled: AtomicBool::new(false), stop: Notify::new(), state: Mutex::new(warmup) });
        let mut jobs = lock(&self.jobs);
        jobs.insert(id, job.clone());
        if jobs.len() > REMEMBERED {
            let ended = |job: &Arc<Job>| lock(&job.state).ended_at;
            let oldest = jobs.iter().filter_map(|(id, job)| Some((ended(job)?, *id))).min();
            oldest.and_then(|(_, id)| jobs.remove(&id));
        }
        job
    }

    async fn save(&self, warmup: Warmup) {
        let Some(store) = self.store.clone() else { return };
        match tokio::task::spawn_blocking(move || store.save(&warmup)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "how far a warm-up has come is not kept"),
            Err(_gone) => {}
        }
    }
}

/// A stored derivative, by when it was last used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Recent {
    last_used: u64,
    key: DerivativeKey,
    url: String,
}

/// Those of many derivatives that were used most recently. Whoever fills it may be at it still when it is taken.
pub(crate) struct MostRecent {
    top: usize,
    newest: Mutex<BinaryHeap<Reverse<Recent>>>,
}

impl MostRecent {
    pub fn of(top: usize) -> MostRecent {
        MostRecent { top, newest: Mutex::default() }
    }

    fn add(&self, row: &Row) {
        let mut newest = lock(&self.newest);
        newest.push(Reverse(Recent { last_used: row.last_used, key: row.key, url: row.url.clone() }));
        if newest.len() > self.top {
            newest.pop();
        }
    }

    /// Most recently used first.
    pub fn take(&self) -> Vec<Recent> {
        let newest = std::mem::take(&mut *lock(&self.newest));
        newest.into_sorted_vec().into_iter().map(|Reverse(recent)| recent).collect()
    }
}

impl Engine {
    /// Starts a job, once it is kept. Must be called on the runtime of fills.
    pub async fn warm(self: &Arc<Self>, request: WarmRequest) -> Warmup {
        let warmup = Warmup {
            id: self.new_purge_id(),
            total: request.items.len(),
            request,
            state: WarmState::Running,
            tried: 0,
            failed: 0,
            skipped: 0,
            created_at: unix_millis(),
            ended_at: None,
        };
        self.warming.save(warmup.clone()).await;
        self.run(warmup.clone());
        warmup
    }

    /// Goes on with the jobs that the last run left. Blocks on the store, once.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn resume_warmups(self: &Arc<Self>) -> Result<usize, LogError> {
        let Some(store) = &self.warming.store else { return Ok(0) };
        let mut resumed = 0;
        for warmup in store.load(REMEMBERED)? {
            if warmup.state == WarmState::Running {
                resumed += 1;
                self.run(warmup);
            } else {
                self.warming.remember(warmup);
            }
        }
        Ok(resumed)
    }

    /// Every job that is remembered, newest first.
    pub fn warmups(&self) -> Vec<Warmup> {
        let mut all: Vec<Warmup> = lock(&self.warming.jobs).values().map(|job| lock(&job.state).clone()).collect();
        all.sort_by_key(|warmup| Reverse((warmup.created_at, warmup.id)));
        all
    }

    /// A job by its id.
    pub fn warmup(&self, id: PurgeId) -> Option<Warmup> {
        lock(&self.warming.jobs).get(&id.0).map(|job| lock(&job.state).clone())
    }

    /// Stops a job after the item that it is at, and answers where it stands then; one that has ended stays as it is. `None`
    /// if there is none of this id.
    pub fn cancel_warmup(&self, id: PurgeId) -> Option<Warmup> {
        let job = lock(&self.warming.jobs).get(&id.0).cloned()?;
        let mut state = lock(&job.state);
        if state.state == WarmState::Running {
            job.cancelled.store(true, Ordering::Relaxed);
            job.stop.notify_one();
            state.state = WarmState::Cancelled;
            state.ended_at = Some(unix_millis());
        }
        Some(state.clone())
    }

    /// The job that follows a purge, if there is one.
    pub fn warmup_after(&self, purge: PurgeId) -> Option<PurgeId> {
        let jobs = lock(&self.warming.jobs);
        jobs.values().find_map(|job| {
            let state = lock(&job.state);
            state.request.after.filter(|(id, _)| *id == purge).map(|_| state.id)
        })
    }

    /// Derivatives that a warm-up makes in a second, unless it says otherwise.
    pub fn warm_pace(&self) -> u32 {
        self.settings.warm_per_second
    }

    /// Jobs under way.
    pub fn warmups_running(&self) -> usize {
        lock(&self.warming.jobs).values().filter(|job| lock(&job.state).state == WarmState::Running).count()
    }

    /// Lists the derivatives that any of these selectors names, until a time; answers whether these were all. Blocks on the
    /// catalogue.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub(crate) fn list_most_recent(
        &self,
        selectors: &[&Selector],
        list: &MostRecent,
        until: Instant,
    ) -> Result<bool, CatalogueError> {
        let in_time = || Instant::now() < until;
        self.each_named(Tier::Derivatives, selectors, &in_time, &mut |row| list.add(row))
    }

    /// The requests that lead to stored derivatives, where they still do.
    pub(crate) fn items_from(&self, recent: Vec<Recent>) -> Vec<WarmItem> {
        recent.into_iter().filter_map(|Recent { key, url, .. }| self.item_of(key, url)).collect()
    }

    /// The request that leads to a stored derivative, if it still does.
    fn item_of(&self, key: DerivativeKey, url: String) -> Option<WarmItem> {
        let (host, target) = split_host(&url);
        let leads = |accept: &&AcceptClass| {
            self.resolve(Ask { host, target, accept: **accept, hints: Hints::NONE, trusted: true })
                .is_ok_and(|resolved| resolved.key == key)
        };
        let accept = *AcceptClass::ALL.iter().find(leads)?;
        Some(WarmItem { url, accept })
    }

    fn run(self: &Arc<Self>, warmup: Warmup) {
        let job = self.warming.remember(warmup);
        let engine = self.clone();
        tokio::spawn(async move { engine.work_off(&job).await });
    }

    async fn work_off(self: &Arc<Self>, job: &Job) {
        let Warmup { request, tried, .. } = lock(&job.state).clone();
        let mut pace = tokio::time::interval(Duration::from_secs(1) / request.per_second.max(1));
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for (number, item) in request.items.iter().enumerate().skip(tried) {
            tokio::select! {
                _ = pace.tick() => {}
                () = job.stop.notified() => {}
            }
            if job.cancelled.load(Ordering::Relaxed) {
                break;
            }
            let outcome = self.make_ahead(item, request.after.map(|(_, position)| position)).await;
            let now = {
                let mut state = lock(&job.state);
                state.tried = number + 1;
                state.failed += usize::from(outcome == Outcome::Failed);
                state.skipped += usize::from(outcome == Outcome::Skipped);
                state.clone()
            };
            if (number + 1).is_multiple_of(SAVE_EVERY) {
                self.warming.save(now).await;
            }
        }
        let ended = {
            let mut state = lock(&job.state);
            if state.state == WarmState::Running {
                state.state = WarmState::Done;
                state.ended_at = Some(unix_millis());
            }
            let ended = state.clone();
            state.forget_items_if_ended();
            ended
        };
        if let (true, Some((id, _))) = (request.refreshes && ended.state == WarmState::Done, request.after) {
            self.refreshed(id).await;
        }
        self.warming.save(ended).await;
    }

    /// Makes one, unless a later purge than the one that is followed names it.
    async fn make_ahead(self: &Arc<Self>, item: &WarmItem, after: Option<Position>) -> Outcome {
        let (host, target) = split_host(&item.url);
        let Ok(resolved) = self.resolve(Ask { host, target, accept: item.accept, hints: Hints::NONE, trusted: true })
        else {
            return Outcome::Failed;
        };
        let newest = resolved.newest(&self.index);
        if after.is_some_and(|position| newest.hard.max(newest.soft) > position) {
            return Outcome::Skipped;
        }
        match self.get_since(&resolved, after.unwrap_or(Position::START)).await {
            Some(reply) if reply.entry.body().is_some() => Outcome::Made,
            _ => Outcome::Failed,
        }
    }

    /// Notes that a refresh has done its work, and tells whoever listens.
    async fn refreshed(self: &Arc<Self>, id: PurgeId) {
        let engine = self.clone();
        let noted = tokio::task::spawn_blocking(move || -> Result<Option<(Record, Progress)>, LogError> {
            let Some(record) = engine.records.find(id)? else { return Ok(None) };
            let told = Progress { refreshed_at: Some(unix_millis()), ..effective(&record) };
            // What the sweep notes meanwhile stays.
            let noted = engine.records.note(&[(record.position, told)])?.pop();
            Ok(Some((record, noted.unwrap_or(told))))
        });
        match noted.await {
            Ok(Ok(Some((record, progress)))) => self.tell(Event::Refreshed(Arc::new(record), progress)),
            Ok(Ok(None)) | Err(_) => {}
            Ok(Err(error)) => tracing::error!(%error, "that a refresh is done is not noted"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Made,
    Failed,
    Skipped,
}

/// `//host/target` into host and target; a bare target has no host.
fn split_host(url: &str) -> (&str, &str) {
    match url.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", url),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_stand_in_front_only_where_they_matter() {
        assert_eq!(split_host("//img.example:8080/a?w=1"), ("img.example:8080", "/a?w=1"));
        assert_eq!(split_host("/imgix/a?u=//x"), ("", "/imgix/a?u=//x"));
        assert_eq!(split_host("//h"), ("h", ""));
    }

    #[test]
    fn states_have_names_that_come_back() {
        for state in [WarmState::Running, WarmState::Done, WarmState::Cancelled] {
            assert_eq!(WarmState::from_name(state.name()), Some(state));
        }
    }
}
