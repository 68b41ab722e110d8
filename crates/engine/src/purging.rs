//! Purges as plain calls: make one effective, look at what it would take, follow it, lift a takedown.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use plan::{DerivativeKey, Selector};
use purge::{
    CatalogueError, Count, Filter, Lifted, LogError, Matcher, Mode, Progress, PurgeError, PurgeId, Receipt, Record,
    Request, Row, State, Takedown, Target, Tier,
};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use crate::Engine;
use crate::warm::{MostRecent, Recent, WarmRequest, Warmup};

/// Derivatives that one refresh makes anew by itself; further ones are refreshed when they are asked for.
const MOST_REFRESHED: usize = 10_000;
/// Rows that a dry run shows.
const SAMPLES: usize = 20;
/// Rows read at a time.
const PAGE: usize = 1000;
/// How long a purge waits for the list of what is to be made anew after it.
const LISTED_WITHIN: Duration = Duration::from_millis(250);

/// Something that happened to a purge.
#[derive(Debug, Clone)]
pub enum Event {
    /// It is in the log and effective here; for soft purges, marked.
    Effective(Arc<Record>, Progress),
    /// Some of its bytes are gone, or some of its derivatives refreshed.
    Progressed(Arc<Record>, Progress),
    /// Every derivative that a refresh found is replaced.
    Refreshed(Arc<Record>, Progress),
    /// Its bytes are gone from every file here.
    Erased(Arc<Record>, Progress),
    /// A takedown refuses no more.
    Lifted(Takedown),
}

impl Event {
    /// Stable lower-case name.
    pub const fn name(&self) -> &'static str {
        match self {
            Event::Effective(..) => "effective",
            Event::Progressed(..) => "progress",
            Event::Refreshed(..) => "refreshed",
            Event::Erased(..) => "erased",
            Event::Lifted(_) => "lifted",
        }
    }

    /// The record that it is about.
    pub fn record(&self) -> &Record {
        match self {
            Event::Effective(record, _)
            | Event::Progressed(record, _)
            | Event::Refreshed(record, _)
            | Event::Erased(record, _) => record,
            Event::Lifted(takedown) => &takedown.record,
        }
    }
}

/// What a purge would take, had it been asked for: nothing is changed by looking.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Foreseen {
    /// Derivatives on disk.
    pub derivatives: Count,
    /// Masters' own bytes on disk.
    pub masters: Count,
    /// Some of the derivatives.
    pub samples: Vec<Sample>,
}

/// A stored derivative, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its key.
    pub key: DerivativeKey,
    /// A target that led to it.
    pub url: String,
    /// Its media type.
    pub content_type: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was stored, in seconds since the Unix epoch.
    pub stored_at: u64,
    /// When it was last used.
    pub last_used: u64,
    /// The masters that it was made from.
    pub masters: Vec<String>,
}

impl Sample {
    fn of(row: &Row) -> Sample {
        Sample {
            key: row.key,
            url: row.url.clone(),
            content_type: row.content_type.clone(),
            size: row.size,
            stored_at: row.stored_at,
            last_used: row.last_used,
            masters: row.dependencies.iter().map(|(id, _)| id.to_string()).collect(),
        }
    }
}

impl Engine {
    /// Makes a purge effective here, durably. What it names is resolved already. A refresh then goes on by itself: see
    /// [`Engine::warmups`].
    ///
    /// # Errors
    /// See [`PurgeError`].
    pub async fn purge(self: &Arc<Self>, request: Request) -> Result<Receipt, PurgeError> {
        self.purge_and_warm(request, None).await.map(|(receipt, _)| receipt)
    }

    /// As [`Engine::purge`]; then makes anew those of its derivatives that were used most recently, at most `top`, at a pace.
    /// A refresh does so with all of them. They are looked for in the catalogue for a quarter of a second at most, and no purge
    /// waits longer than that for being made effective: of more rows than are read in that time (which only matters for what
    /// names no one thing: a prefix, a source, a glob, everything), the rest is made when somebody asks for it. Must be called
    /// on the runtime of fills.
    ///
    /// A caller who leaves before the answer changes nothing: the purge, its event and what is made anew follow all the same.
    ///
    /// # Errors
    /// See [`PurgeError`].
    pub async fn purge_and_warm(
        self: &Arc<Self>,
        request: Request,
        top: Option<usize>,
    ) -> Result<(Receipt, Option<Warmup>), PurgeError> {
        let engine = self.clone();
        let all_of_it = tokio::spawn(async move { engine.purge_to_the_end(request, top).await });
        all_of_it.await.unwrap_or(Err(PurgeError::Stopping))
    }

    async fn purge_to_the_end(
        self: &Arc<Self>,
        mut request: Request,
        top: Option<usize>,
    ) -> Result<(Receipt, Option<Warmup>), PurgeError> {
        if request.id == PurgeId(0) {
            request.id = self.new_purge_id();
        }
        let refreshes = request.mode == Mode::Refresh;
        let top = if refreshes { Some(MOST_REFRESHED) } else { top };
        // What is there is listed before the purge, since the sweep takes it away after it (rule S6).
        let recent = match top {
            Some(top) => self.list_to_warm(&request.targets, top.min(MOST_REFRESHED)).await,
            None => Vec::new(),
        };
        let (send, receive) = tokio::sync::oneshot::channel();
        self.purger.submit(request, move |result| {
            let _ = send.send(result);
        });
        let outcome = receive.await.unwrap_or(Err(PurgeError::Stopping));
        let receipt = match &outcome {
            Ok(receipt) => Some(receipt),
            Err(PurgeError::NotDurable { receipt, .. }) => Some(&**receipt),
            Err(_) => None,
        };
        if let Some(receipt) = receipt {
            let progress = Progress { effective_at: receipt.effective_at, ..Progress::default() };
            self.tell(Event::Effective(Arc::new(receipt.record.clone()), progress));
        }
        let receipt = outcome?;
        if top.is_none() {
            return Ok((receipt, None));
        }
        let engine = self.clone();
        let items = tokio::task::spawn_blocking(move || engine.items_from(recent)).await.unwrap_or_default();
        let warm = WarmRequest {
            items: items.into(),
            per_second: self.settings.warm_per_second,
            actor: receipt.record.actor.clone(),
            after: Some((receipt.record.id, receipt.record.position)),
            refreshes,
        };
        Ok((receipt, Some(self.warm(warm).await)))
    }

    /// What was found when the time was up: a purge never waits for long for, nor fails with, what merely follows it.
    async fn list_to_warm(self: &Arc<Self>, targets: &[Target], top: usize) -> Vec<Recent> {
        let list = Arc::new(MostRecent::of(top));
        let (engine, targets, found) = (self.clone(), targets.to_vec(), list.clone());
        let until = std::time::Instant::now() + LISTED_WITHIN;
        let listed = tokio::task::spawn_blocking(move || {
            let selectors: Vec<&Selector> = targets.iter().flat_map(|t| &t.selectors).collect();
            engine.list_most_recent(&selectors, &found, until)
        });
        match tokio::time::timeout(LISTED_WITHIN, listed).await {
            Ok(Ok(Ok(true)) | Err(_)) => {}
            Ok(Ok(Ok(false))) | Err(_) => tracing::warn!("not all of what a purge names is warmed after it"),
            Ok(Ok(Err(error))) => tracing::error!(%error, "what could not be listed is not warmed after a purge"),
        }
        list.take()
    }

    /// A random id for a purge.
    pub fn new_purge_id(&self) -> PurgeId {
        PurgeId::from_random(u128::from_le_bytes((self.fresh_id)()))
    }

    /// A purge by its id, and how far it has come. Blocks on the ledger.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn find_purge(&self, id: PurgeId) -> Result<Option<(Record, Progress)>, LogError> {
        let Some(record) = self.records.find(id)? else { return Ok(None) };
        let filter = Filter { before: Some(record.position.next()), limit: 1, ..Filter::default() };
        let progress = self.records.list(&filter)?.pop().and_then(|(_, progress)| progress);
        let progress = progress.unwrap_or_else(|| effective(&record));
        Ok(Some((record, progress)))
    }

    /// Purges that match, newest first. Blocks on the ledger.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn list_purges(&self, filter: &Filter) -> Result<Vec<(Record, Progress)>, LogError> {
        let found = self.records.list(filter)?;
        Ok(found
            .into_iter()
            .map(|(record, progress)| {
                let progress = progress.unwrap_or_else(|| effective(&record));
                (record, progress)
            })
            .collect())
    }

    /// Everything that happens to purges from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Tells whoever listens.
    pub fn tell(&self, event: Event) {
        if let Some(observer) = &self.observer {
            let concerned = match &event {
                Event::Effective(record, _) | Event::Erased(record, _) => self.concerned(record),
                Event::Progressed(..) | Event::Refreshed(..) | Event::Lifted(_) => Vec::new(),
            };
            observer.happened(&event, &concerned);
        }
        // Nobody listening is no fault.
        let _ = self.events.send(event);
    }

    /// What the sweep tells of a purge, passed on to whoever listens.
    pub fn swept(&self, record: &Arc<Record>, progress: &Progress) {
        let event = if progress.erased_at.is_some() { Event::Erased } else { Event::Progressed };
        self.tell(event(record.clone(), *progress));
    }

    /// Waits until a purge has come to a state, or a time has passed, and answers how far it has come; `None` = unknown.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn reached(
        self: &Arc<Self>,
        id: PurgeId,
        state: State,
        within: Duration,
    ) -> Result<Option<(Record, Progress)>, LogError> {
        self.comes_to(id, within, |progress| progress.state() >= state).await
    }

    /// As [`Engine::reached`], for whatever can be told from how far a purge has come.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn comes_to(
        self: &Arc<Self>,
        id: PurgeId,
        within: Duration,
        enough: impl Fn(&Progress) -> bool,
    ) -> Result<Option<(Record, Progress)>, LogError> {
        let deadline = Instant::now() + within;
        let mut events = self.events();
        loop {
            let engine = self.clone();
            let look = tokio::task::spawn_blocking(move || engine.find_purge(id)).await;
            let found = look.map_err(|e| LogError::Store(e.to_string()))??;
            let done = found.as_ref().is_none_or(|(_, progress)| enough(progress));
            if done || Instant::now() >= deadline {
                return Ok(found);
            }
            // Until something happened to this one; having missed events is a reason to look as well.
            let happened = async {
                loop {
                    match events.recv().await {
                        Ok(event) if event.record().id == id => return,
                        Ok(_) => {}
                        Err(RecvError::Lagged(_)) => return,
                        Err(RecvError::Closed) => return std::future::pending().await,
                    }
                }
            };
            let _ = tokio::time::timeout_at(deadline, happened).await;
        }
    }

    /// What a purge of these targets would take. Blocks on the ledger, for as long as the walk over the catalogue takes.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn foresee(&self, targets: &[Target]) -> Result<Foreseen, CatalogueError> {
        let selectors: Vec<&Selector> = targets.iter().flat_map(|t| &t.selectors).collect();
        let mut foreseen = Foreseen::default();
        let to_the_end = || true;
        let mut add = |row: &Row| {
            foreseen.derivatives.add(row.size);
            if foreseen.samples.len() < SAMPLES {
                foreseen.samples.push(Sample::of(row));
            }
        };
        self.each_named(Tier::Derivatives, &selectors, &to_the_end, &mut add)?;
        let deep: Vec<&Selector> = selectors.into_iter().filter(|selector| selector.is_deep()).collect();
        self.each_named(Tier::Masters, &deep, &to_the_end, &mut |row| foreseen.masters.add(row.size))?;
        Ok(foreseen)
    }

    /// Calls `each` once with every stored row that any of these selectors names, as long as `go_on`, which is asked after
    /// each page of rows that were read. Answers whether these were all.
    pub(crate) fn each_named(
        &self,
        tier: Tier,
        selectors: &[&Selector],
        go_on: &dyn Fn() -> bool,
        each: &mut dyn FnMut(&Row),
    ) -> Result<bool, CatalogueError> {
        let matchers: Vec<Matcher<'_>> = selectors.iter().map(|selector| Matcher::new(selector)).collect();
        for (number, selector) in selectors.iter().enumerate() {
            let mut after: Option<DerivativeKey> = None;
            loop {
                let page = match &matchers[number] {
                    matcher if matcher.walks() => self.catalogue.walk(tier, after, PAGE)?,
                    _ => self.catalogue.matching(tier, selector, after, PAGE)?,
                };
                after = page.last().map(|row| row.key);
                // What an earlier selector named was seen with that.
                let fresh = |row: &&Row| !matchers[..number].iter().any(|earlier| earlier.names(row));
                let named = page.iter().filter(|row| matchers[number].names(row));
                named.filter(fresh).for_each(&mut *each);
                if page.len() < PAGE {
                    break;
                }
                if !go_on() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Takedowns, newest first: those that hold, or with `all` also those that were lifted. Blocks on the ledger.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn list_takedowns(&self, all: bool) -> Result<Vec<Takedown>, LogError> {
        self.records.takedowns(all)
    }

    /// Lifts a takedown: what it named may be fetched again. The purge that came with it stays. Answers the takedown, or
    /// `None` if there is none of this id that holds. Blocks on the ledger.
    ///
    /// # Errors
    /// When the log cannot be written; then it still holds.
    pub fn lift_takedown(&self, id: PurgeId, lifted: &Lifted) -> Result<Option<Takedown>, LogError> {
        let done = self.takedowns.lift(&*self.records, id, lifted)?;
        if let Some(takedown) = &done {
            self.tell(Event::Lifted(takedown.clone()));
        }
        Ok(done)
    }
}

/// A record of which no progress is noted: it was effective as soon as it was accepted, as near as people need to know.
pub(crate) fn effective(record: &Record) -> Progress {
    Progress { effective_at: record.accepted_at, ..Progress::default() }
}

/// Milliseconds since the Unix epoch, for people.
pub(crate) fn unix_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}
