//! The whole product as plain calls: resolve, look up, fill, purge. Delivery, the control plane and the command line are
//! thin over it; it knows neither HTTP nor any vendor's wire forms.

mod ahead;
mod concern;
mod explain;
mod failure;
mod fill;
mod forward;
pub mod health;
mod known;
mod naming;
mod observe;
mod passing;
mod pictures;
mod purging;
mod refine;
mod resolve;
mod signed;
mod site;
mod spelling;
mod turns;
mod verify;
mod warm;

use std::sync::Arc;
use std::time::Duration;

use cache::{Counters, Entry, Reply, Store};
use origin::Source;
use plan::Position;
use plan::reason::Miss;
use purge::{Catalogue, Index, Purger, Records, Takedowns};
use render::{Fonts, Pool};
use tokio::sync::broadcast;

pub use ahead::Spelled;
pub use cache::{Failure, Hits, Inspected, Place, Would};
pub use explain::{Asker, Explained, Kept, Means, Sees, Signature, Signed, Touch, Unexplained};
pub use forward::{Passed, Passing};
pub use known::{Described, Files, Listed, Origin, Original};
pub use naming::{NamingError, Scope, Wanted};
pub use observe::{Fetching, Observer, Rendering};
pub use origin::{Forward, Forwarded, ListedFile};
pub use purging::{Event, Foreseen, Sample};
pub use refine::{Refined, Unrefined};
pub use resolve::{Ask, Refusal, Resolved};
pub use site::{DialectKind, Missing, Route, Site, TagRule, host_name};
pub use spelling::{Spelling, in_each_dialect};
pub use verify::{Checked, VerifyLimits};
pub use warm::{Jobs, WarmItem, WarmRequest, WarmState, Warmup};

/// Version of decoders, stages and encoders together. Raised only when pictures come out different.
pub const RECIPE: u32 = 1;

/// Events that a slow listener may lag behind before it misses some.
const EVENTS: usize = 4096;

/// Limits and times of the fill path.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What one render may cost.
    pub budget: codec::Budget,
    /// How long one render may take.
    pub job_time: Duration,
    /// How long a failure is kept that may mend by itself: not found, origin down.
    pub error_time: Duration,
    /// How long the verdict on an undecodable master is kept.
    pub verdict_time: Duration,
    /// Resolved requests remembered.
    pub memo_entries: usize,
    /// Fetches from one web source at a time.
    pub origin_fetches: usize,
    /// Fetches that may wait for that; past it, the answer is 503.
    pub origin_queue: usize,
    /// Derivatives that a warm-up makes in a second, unless it says otherwise.
    pub warm_per_second: u32,
    /// What checking a purge may cost.
    pub verify: VerifyLimits,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            budget: codec::Budget::default(),
            job_time: Duration::from_secs(20),
            error_time: Duration::from_secs(10),
            verdict_time: Duration::from_secs(60),
            memo_entries: 16_384,
            origin_fetches: 64,
            origin_queue: 4096,
            warm_per_second: 20,
            verify: VerifyLimits::default(),
        }
    }
}

/// The rooms that an engine is put together from.
pub struct Parts {
    /// Sites, in the order of the configuration.
    pub sites: Vec<Site>,
    /// Every source that a site names.
    pub sources: Vec<Source>,
    /// The purge index, replayed to the head of its log.
    pub index: Arc<Index>,
    /// The purge log, and what is kept beside it.
    pub records: Arc<dyn Records>,
    /// What is stored on disk.
    pub catalogue: Arc<dyn Catalogue>,
    /// Accepts purges.
    pub purger: Purger,
    /// What is refused.
    pub takedowns: Arc<Takedowns>,
    /// Derivatives.
    pub derivatives: Arc<Store>,
    /// Masters' own bytes.
    pub masters: Arc<Store>,
    /// Where renders run.
    pub renders: Arc<Pool>,
    /// Where AVIF is written again, smaller, by [`Engine::refine`]; `None` = it is not.
    pub refines: Option<Pool>,
    /// What texts on pictures are drawn in.
    pub fonts: Arc<Fonts>,
    /// Where warm-ups are kept; `None` = they end with the process.
    pub jobs: Option<Arc<dyn Jobs>>,
    /// Is told what happens; `None` = nobody is.
    pub observer: Option<Arc<dyn Observer>>,
    /// Limits and times.
    pub settings: Settings,
    /// Random bits for purge ids.
    pub fresh_id: fn() -> [u8; 16],
}

/// The engine.
pub struct Engine {
    sites: site::Sites,
    sources: Vec<Source>,
    index: Arc<Index>,
    records: Arc<dyn Records>,
    catalogue: Arc<dyn Catalogue>,
    purger: Purger,
    takedowns: Arc<Takedowns>,
    turns: turns::Turns,
    health: health::Healths,
    warming: warm::Warming,
    events: broadcast::Sender<Event>,
    derivatives: Arc<Store>,
    masters: Arc<Store>,
    renders: Arc<Pool>,
    refining: refine::Refining,
    fonts: Arc<Fonts>,
    observer: Option<Arc<dyn Observer>>,
    settings: Settings,
    fresh_id: fn() -> [u8; 16],
    memo: resolve::Memo,
}

impl Engine {
    /// Puts an engine together.
    ///
    /// # Errors
    /// When a site names a source that is not there.
    pub fn new(parts: Parts) -> Result<Engine, String> {
        let sites = site::Sites::new(parts.sites, &parts.sources)?;
        Ok(Engine {
            sites,
            warming: warm::Warming::new(parts.jobs),
            turns: turns::Turns::new(&parts.sources, parts.settings.origin_fetches, parts.settings.origin_queue),
            health: health::Healths::new(&parts.sources),
            sources: parts.sources,
            index: parts.index,
            records: parts.records,
            catalogue: parts.catalogue,
            purger: parts.purger,
            takedowns: parts.takedowns,
            events: broadcast::channel(EVENTS).0,
            derivatives: parts.derivatives,
            masters: parts.masters,
            renders: parts.renders,
            refining: refine::Refining::new(parts.refines),
            fonts: parts.fonts,
            observer: parts.observer,
            memo: resolve::Memo::new(parts.settings.memo_entries),
            settings: parts.settings,
            fresh_id: parts.fresh_id,
        })
    }

    /// The sites, in order.
    pub fn sites(&self) -> &[Site] {
        self.sites.all()
    }

    /// The memory tier alone: the hit path. Never waits.
    ///
    /// # Errors
    /// Why there is nothing to serve.
    pub fn peek(&self, resolved: &Resolved) -> Result<Arc<Entry>, Miss> {
        self.derivatives.peek(&resolved.key)
    }

    /// An answer from memory, disk or a fill. When the caller is dropped and nobody else waits, the fill stops.
    pub async fn get(self: &Arc<Self>, resolved: &Arc<Resolved>) -> Option<Reply> {
        self.get_since(resolved, Position::START).await
    }

    /// As [`Engine::get`], but nothing with a stamp below `at_least`: not even a stale answer.
    pub async fn get_since(self: &Arc<Self>, resolved: &Arc<Resolved>, at_least: Position) -> Option<Reply> {
        let engine = self.clone();
        let wanted = resolved.clone();
        let known = resolved.clone();
        let reply = self
            .derivatives
            .get(
                resolved.key,
                at_least,
                move |index| known.newest(index),
                move |context| engine.clone().fill(wanted.clone(), context),
            )
            .await?;
        self.refine_later(resolved, &reply);
        Some(reply)
    }

    /// How many pixels the picture of an entry is wide, as its file says; `None` for what is no picture, or not made here.
    pub fn width_of(&self, resolved: &Resolved, entry: &Entry) -> Option<u32> {
        let made_here = !resolved.output.original;
        made_here.then(|| self.headers_of(entry)).flatten().map(|info| info.width)
    }

    /// The headers of a picture that was made here. Our own encoder has written them: they are read at once, without the worker
    /// that a stranger's file would wait for.
    fn headers_of(&self, entry: &Entry) -> Option<codec::Info> {
        let budget = codec::Budget { foreign: codec::Foreign::HERE, ..self.settings.budget.clone() };
        codec::probe(entry.body()?, &budget).ok()
    }

    /// The purge index.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Counters of the derivative store and of the master store.
    pub fn counters(&self) -> (&Counters, &Counters) {
        (self.derivatives.counters(), self.masters.counters())
    }

    /// The derivative store and the master store.
    pub fn stores(&self) -> (&Store, &Store) {
        (&self.derivatives, &self.masters)
    }

    /// Renders waiting and running.
    pub fn render_load(&self) -> (usize, usize) {
        (self.renders.queued(), self.renders.running())
    }
}
