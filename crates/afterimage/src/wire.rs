//! Puts the rooms together into a running server, and takes them apart in the order that loses nothing.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cache::{SegmentStore, Store, Sweep, SweepParts, SweepSettings};
use config::{Config, SourceKind};
use control::KeyRing;
use delivery::{AccessLog, Entrance};
use engine::{Engine, Event, Parts};
use ledger::{CatalogueDb, Folder, JobsDb, KeysDb, PurgeDb};
use origin::Source;
use plan::Position;
use prometheus_client::registry::Registry;
use purge::{Caps, Catalogue, Index, Log, Purger, Records, Takedowns, Tier, snapshot};
use render::{Fonts, Pool};
use tls::{Acceptor, Certificates};
use tokio::runtime::Runtime;
use tokio::sync::{broadcast, oneshot};

use crate::decoders;
use crate::doors::Doors;
use crate::figures::Figures;
use crate::jobs::StoredJobs;
use crate::settings;

/// Purges after which the index is saved again, so that no start replays many more than these.
const SNAPSHOT_EVERY: u64 = 20_000;
/// How often it is asked whether so many have come.
const SNAPSHOT_CHECK: Duration = Duration::from_secs(10);

/// How often the files of certificates are looked at.
const CERTIFICATE_CHECK: Duration = Duration::from_secs(10);
/// How long before a certificate ends that is told, and how often.
pub(crate) const CERTIFICATE_WARNING: Duration = Duration::from_secs(30 * 86_400);
const WARN_AGAIN: Duration = Duration::from_secs(86_400);

/// How long requests that were begun may take to finish when the server stops.
const GRACE: Duration = Duration::from_secs(20);

/// A running server.
pub struct Server {
    /// Where pictures are served.
    pub delivery: SocketAddr,
    /// The same over TLS.
    pub delivery_tls: Option<SocketAddr>,
    /// Where the control plane is.
    pub control: SocketAddr,
    /// The same over TLS.
    pub control_tls: Option<SocketAddr>,
    /// What TLS listeners show.
    pub certificates: Arc<Certificates>,
    /// The first API key, if one had to be made.
    pub first_key: Option<String>,
    running: delivery::Running,
    stop_control: oneshot::Sender<()>,
    control_done: Vec<tokio::task::JoinHandle<()>>,
    ready: Arc<AtomicBool>,
    plane: Arc<delivery::Plane>,
    engine: Arc<Engine>,
    sweep: Arc<Sweep>,
    index: Arc<Index>,
    log: Arc<PurgeDb>,
    cache_folder: PathBuf,
    snapshot: PathBuf,
    figures: Option<Figures>,
    runtime: Runtime,
}

/// Starts everything that a configuration asks for. When it returns, both planes answer.
///
/// # Errors
/// One sentence for people: what could not be started, and why.
pub fn start(config: Config, environment_key: Option<String>) -> Result<Server, String> {
    origin::install_crypto();
    let folder = Folder::open(&config.data).map_err(|e| e.to_string())?;
    let log = Arc::new(PurgeDb::open(&folder).map_err(|e| e.to_string())?);
    let catalogue = Arc::new(CatalogueDb::open(&folder).map_err(|e| e.to_string())?);
    let keys = Arc::new(KeysDb::open(&folder).map_err(|e| e.to_string())?);
    let first_key = first_key(&keys, environment_key.as_deref())?;

    let cache_folder = folder.cache_dir();
    let begun = log.begin_run(&cache_folder, &*catalogue).map_err(|e| e.to_string())?;
    let bodies = open_bodies(&config, &cache_folder, begun.cold.as_ref())?;
    let snapshot = folder.path().join("purge-index.snapshot");
    let index = Arc::new(replayed(&log, &snapshot, begun.replay_after, config.purge.names)?);
    let takedowns = Arc::new(Takedowns::new(log.takedowns(false).map_err(|e| e.to_string())?));
    let purger = start_purger(&log, &index, &takedowns, &cache_folder)?;
    let jobs = Arc::new(JobsDb::open(&folder).map_err(|e| e.to_string())?);
    let figures = Figures::start(&config, &folder)?;

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.limits.delivery_threads.max(2))
        .thread_name("fills")
        .enable_all()
        .build()
        .map_err(|e| format!("cannot start the runtime of fills: {e}"))?;
    let store = |tier: Tier, memory_bytes: u64, bodies: Arc<SegmentStore>| {
        let catalogue: Arc<dyn Catalogue> = catalogue.clone();
        let disk = Some((bodies, catalogue));
        let fills = runtime.handle().clone();
        let max_stale = (tier == Tier::Derivatives).then_some(cache::MAX_STALE);
        let settings = cache::Settings { tier, memory_bytes, disk, fresh_id, fills, max_stale };
        Store::new(index.clone(), settings)
            .map(Arc::new)
            .map_err(|e| format!("cannot start the {} store: {e}", tier.name()))
    };
    let mut registry = Registry::default();
    let mut settings = config.engine_settings();
    let limits = &config.limits;
    settings.budget.foreign =
        decoders::start(config.render.decoders, limits.render_threads, &limits.budget, &mut registry)?;
    let renders = Pool::new(config.limits.render_threads, config.limits.queue)
        .map_err(|e| format!("cannot start the render threads: {e}"))?;
    let refines = if config.render.avif_refine {
        let pool = Pool::background().map_err(|e| format!("cannot start the thread that refines AVIF: {e}"))?;
        Some(pool)
    } else {
        None
    };
    let derivatives = store(Tier::Derivatives, config.cache.memory, bodies.0)?;
    let masters = store(Tier::Masters, config.cache.masters_memory, bodies.1)?;
    let parts = Parts {
        sources: open_sources(&config)?,
        sites: config.sites.clone(),
        index: index.clone(),
        records: log.clone(),
        catalogue: catalogue.clone(),
        purger,
        takedowns,
        derivatives: derivatives.clone(),
        masters: masters.clone(),
        renders: Arc::new(renders),
        refines,
        fonts: Arc::new(open_fonts(&config)?),
        observer: figures.as_ref().map(Figures::observer),
        jobs: Some(Arc::new(StoredJobs(jobs.clone()))),
        settings,
        fresh_id,
    };
    let engine = Arc::new(Engine::new(parts)?);
    runtime.spawn(engine.clone().refine());
    let told = Arc::downgrade(&engine);
    let sweep = Sweep::start(SweepParts {
        records: log.clone(),
        catalogue: catalogue.clone(),
        index: index.clone(),
        derivatives,
        masters,
        settings: SweepSettings {
            bytes_per_second: config.purge.sweep_bytes,
            rows_per_second: config.purge.sweep_entries.into(),
            most_names: config.purge.names / 2,
            ..SweepSettings::default()
        },
        on_progress: Box::new(move |record, progress| {
            if let Some(engine) = told.upgrade() {
                engine.swept(record, progress);
            }
        }),
    });
    let sweep = Arc::new(sweep.map_err(|e| format!("cannot start the sweep: {e}"))?);
    runtime.spawn(kick_at_purges(engine.events(), Arc::downgrade(&sweep)));
    {
        let _runtime = runtime.enter();
        let resumed = engine.resume_warmups().map_err(|e| e.to_string())?;
        if resumed > 0 {
            tracing::info!(resumed, "warm-ups of the last run go on");
        }
    }

    let metrics = delivery::Metrics::new(&mut registry);
    let ready = Arc::new(AtomicBool::new(false));
    let ring = Arc::new(KeyRing { db: keys, environment: environment_key });
    let certificates = Arc::new(Certificates::open(&config.certificates).map_err(|e| e.to_string())?);
    let entrances = open_entrances(&config, &certificates)?;
    let control_plane = Arc::new(control::Plane::new(control::Parts {
        engine: engine.clone(),
        keys: ring.clone(),
        log: log.clone(),
        registry: Arc::new(registry),
        ready: ready.clone(),
        public: format!("http://{}", entrances.delivery),
        imgix_duplicate_window: Some(config.purge.imgix_window).filter(|window| !window.is_zero()),
        rates: control::Rates {
            key: control::Rate { per_second: config.purge.rate.into(), burst: config.purge.burst },
            ..control::Rates::default()
        },
        hooks: open_hooks(&config, jobs.clone())?,
        configured: Arc::new(settings::configured(&config)),
        figures: figures.as_ref().map(Figures::shown),
    }));
    let (control_address, stop_control, control_done) = start_control(&runtime, &config, control_plane.clone())?;
    let mut control_done = vec![control_done];
    let control_tls = match config.listen.control_tls {
        Some(address) => {
            let (bound, done) = start_control_tls(&runtime, address, &certificates, control_plane.clone())?;
            control_done.push(done);
            Some(bound)
        }
        None => None,
    };

    let access = if config.log.access {
        let path = folder.path().join("access.log");
        AccessLog::to_file(&path).map_err(|e| format!("cannot write {}: {e}", path.display()))?
    } else {
        AccessLog::off()
    };
    let key_check: delivery::KeyCheck = Arc::new(move |name, value| control::is_our_key(&*ring, name, value));
    let deletes = Arc::new(Doors {
        engine: engine.clone(),
        apis: control::Apis::new(control_plane.clone()),
        plane: control_plane,
        purge_method: config.purge.method,
        fills: runtime.handle().clone(),
    });
    let plane = delivery::Plane::new(engine.clone(), deletes, key_check, access, metrics);
    let mut plane = plane.with_api_hosts(config.listen.api_hosts.clone());
    if let Some(figures) = &figures {
        plane = plane.with_recorder(figures.keeper.recorder().clone());
    }
    let plane = Arc::new(plane);
    let running = delivery::serve(plane.clone(), entrances.all, GRACE).map_err(|e| format!("cannot serve: {e}"))?;
    if !config.certificates.is_empty() {
        runtime.spawn(watch_certificates(Arc::downgrade(&certificates)));
    }
    runtime.spawn(save_now_and_then(index.clone(), snapshot.clone()));
    ready.store(true, Ordering::Release);
    Ok(Server {
        delivery: entrances.delivery,
        delivery_tls: entrances.delivery_tls,
        control: control_address,
        control_tls,
        certificates,
        first_key,
        running,
        stop_control,
        control_done,
        ready,
        plane,
        engine,
        sweep,
        index,
        log,
        cache_folder,
        snapshot,
        figures,
        runtime,
    })
}

impl Server {
    /// Finishes what was begun, writes what waits to be written, and ends.
    pub fn stop(self) {
        self.ready.store(false, Ordering::Release);
        self.running.stop();
        let _ = self.stop_control.send(());
        self.runtime.block_on(async {
            let all = async {
                for done in self.control_done {
                    let _ = done.await;
                }
            };
            let _ = tokio::time::timeout(GRACE, all).await;
        });
        drop(self.plane);
        // Fills that nobody waits for are gone with this, so that the stores below are the last to be held.
        self.runtime.shutdown_timeout(Duration::from_secs(5));
        drop(self.sweep);
        drop(self.engine);
        // With what was noted until now.
        drop(self.figures);
        if let Err(error) = snapshot::save(&self.index, &self.snapshot) {
            tracing::warn!(%error, "the next start replays the whole purge log");
        }
        if let Err(error) = self.log.settle_run(&self.cache_folder) {
            tracing::warn!(%error, "marking the end of the run");
        }
    }
}

fn fresh_id() -> [u8; 16] {
    let mut bits = [0; 16];
    // The system's generator does not fail once it has worked at the start, where the ledger used it.
    if let Err(error) = getrandom::fill(&mut bits) {
        tracing::error!(%error, "the system gives no random bits");
    }
    bits
}

/// Makes the first key when there is neither one in the ledger nor one in the environment.
fn first_key(keys: &KeysDb, environment: Option<&str>) -> Result<Option<String>, String> {
    if environment.is_some() || !keys.list().is_empty() {
        return Ok(None);
    }
    keys.create("first", &[]).map(Some).map_err(|e| e.to_string())
}

fn open_bodies(
    config: &Config,
    cache_folder: &Path,
    cold: Option<&ledger::ColdReason>,
) -> Result<(Arc<SegmentStore>, Arc<SegmentStore>), String> {
    let open = |tier: Tier, bytes: u64| {
        let folder = cache_folder.join(tier.name());
        let store = SegmentStore::open(&folder, bytes).map_err(|e| format!("cannot open {}: {e}", folder.display()))?;
        Ok::<_, String>(Arc::new(store))
    };
    let stores = (open(Tier::Derivatives, config.cache.disk)?, open(Tier::Masters, config.cache.masters_disk)?);
    if let Some(reason) = cold {
        tracing::info!(%reason, "starting with an empty cache");
        stores.0.clear();
        stores.1.clear();
    }
    Ok(stores)
}

/// The index as of the head of the log: from the snapshot if it can be trusted, and every record after it.
fn replayed(log: &PurgeDb, path: &Path, after: Position, names: usize) -> Result<Index, String> {
    let index = Index::with(log.identity(), Caps { names, ..Caps::default() });
    // First, so that what it covers does not pile up.
    index.restore_floor(log.floor().map_err(|e| e.to_string())?);
    let from = match snapshot::load(&index, path) {
        Ok(head) => head.max(after),
        Err(snapshot::SnapshotError::Io(error)) if error.kind() == io::ErrorKind::NotFound => after,
        Err(error) => {
            tracing::info!(%error, "replaying the whole purge log");
            after
        }
    };
    let mut count = 0u64;
    log.replay(from, &mut |record| {
        index.apply([&record]);
        count += 1;
    })
    .map_err(|e| e.to_string())?;
    index.replayed_to(log.head().map_err(|e| e.to_string())?);
    tracing::info!(head = %index.head(), replayed = count, "the purge log is applied");
    Ok(index)
}

/// Saves the index whenever enough purges have come (rule L7).
async fn save_now_and_then(index: Arc<Index>, path: PathBuf) {
    let mut saved = index.head();
    loop {
        tokio::time::sleep(SNAPSHOT_CHECK).await;
        let head = index.head();
        if head.0 < saved.0 + SNAPSHOT_EVERY {
            continue;
        }
        let (index, path) = (index.clone(), path.clone());
        match tokio::task::spawn_blocking(move || snapshot::save(&index, &path)).await {
            Ok(Ok(())) => saved = head,
            Ok(Err(error)) => tracing::warn!(%error, "the next start replays more of the purge log"),
            Err(_) => return,
        }
    }
}

/// Lets the sweep know of each purge.
async fn kick_at_purges(mut events: broadcast::Receiver<Event>, sweep: Weak<Sweep>) {
    loop {
        match events.recv().await {
            Ok(Event::Effective(..)) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Ok(_) => continue,
            Err(broadcast::error::RecvError::Closed) => return,
        }
        let Some(sweep) = sweep.upgrade() else { return };
        sweep.kick();
    }
}

fn start_purger(
    log: &Arc<PurgeDb>,
    index: &Arc<Index>,
    takedowns: &Arc<Takedowns>,
    cache_folder: &Path,
) -> Result<Purger, String> {
    let (ledger, folder) = (log.clone(), cache_folder.to_owned());
    let on_undurable = Box::new(move || {
        if let Err(error) = ledger.end_cache_run(&folder) {
            tracing::error!(%error, "the next start may not be cold; remove the cache folder before it");
        }
    });
    let log: Arc<dyn Log> = log.clone();
    Purger::start(log, index.clone(), takedowns.clone(), on_undurable).map_err(|e| e.to_string())
}

fn open_sources(config: &Config) -> Result<Vec<Source>, String> {
    config.sources.iter().map(open_source).collect()
}

/// One source.
pub(crate) fn open_source(source: &config::SourceConfig) -> Result<Source, String> {
    let opened = match &source.kind {
        SourceKind::Local(settings) => Source::local(&source.name, settings.clone()),
        SourceKind::Http(settings) => Source::http(&source.name, settings.clone()),
        SourceKind::Proxy(settings) => Source::proxy(&source.name, settings.clone()),
    };
    opened.map_err(|e| format!("source {:?}: {e}", source.name))
}

/// The fonts of the configuration's folders beside those that are built in.
pub(crate) fn open_fonts(config: &Config) -> Result<Fonts, String> {
    let fonts = Fonts::new(&config.fonts).map_err(|e| e.to_string())?;
    for path in fonts.skipped() {
        tracing::warn!(path = %path.display(), "no font that can be read");
    }
    Ok(fonts)
}

type ControlTask = (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>);

fn start_control(runtime: &Runtime, config: &Config, plane: Arc<control::Plane>) -> Result<ControlTask, String> {
    let address = config.listen.control;
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind(address))
        .map_err(|e| format!("cannot listen on {address}: {e}"))?;
    let bound = listener.local_addr().map_err(|e| e.to_string())?;
    let (stop, stopped) = oneshot::channel::<()>();
    let task = runtime.spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        if let Err(error) = control::serve(listener, plane, stopped).await {
            tracing::error!(%error, "the control plane ended");
        }
    });
    Ok((bound, stop, task))
}

fn start_control_tls(
    runtime: &Runtime,
    address: SocketAddr,
    certificates: &Arc<Certificates>,
    plane: Arc<control::Plane>,
) -> Result<(SocketAddr, tokio::task::JoinHandle<()>), String> {
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind(address))
        .map_err(|e| format!("cannot listen on {address}: {e}"))?;
    let bound = listener.local_addr().map_err(|e| e.to_string())?;
    let acceptor = Acceptor::new(certificates.clone(), &["http/1.1"]).map_err(|e| format!("cannot speak TLS: {e}"))?;
    let task = runtime.spawn(async move {
        if let Err(error) = control::serve_tls(listener, acceptor, plane).await {
            tracing::error!(%error, "the control plane's TLS listener ended");
        }
    });
    Ok((bound, task))
}

/// The public plane's sockets.
struct Entrances {
    delivery: SocketAddr,
    delivery_tls: Option<SocketAddr>,
    all: Vec<Entrance>,
}

fn open_entrances(config: &Config, certificates: &Arc<Certificates>) -> Result<Entrances, String> {
    let open = |address: SocketAddr, tls: Option<Acceptor>| {
        let sockets = delivery::bind(address, config.limits.delivery_threads);
        let sockets = sockets.map_err(|e| format!("cannot listen on {address}: {e}"))?;
        let bound = sockets.first().map_or(Ok(address), std::net::TcpListener::local_addr);
        Ok::<_, String>((bound.map_err(|e| e.to_string())?, Entrance { sockets, tls }))
    };
    let (delivery, plain) = open(config.listen.delivery, None)?;
    let mut entrances = Entrances { delivery, delivery_tls: None, all: vec![plain] };
    if let Some(address) = config.listen.delivery_tls {
        let acceptor = Acceptor::new(certificates.clone(), &delivery::PROTOCOLS);
        let (bound, encrypted) = open(address, Some(acceptor.map_err(|e| format!("cannot speak TLS: {e}"))?))?;
        entrances.delivery_tls = Some(bound);
        entrances.all.push(encrypted);
    }
    Ok(entrances)
}

/// Looks now and then whether the files of certificates have changed, and at the start and each day whether one ends soon.
async fn watch_certificates(certificates: Weak<Certificates>) {
    let mut warned: Option<Instant> = None;
    loop {
        if warned.is_none_or(|at| at.elapsed() >= WARN_AGAIN) {
            let Some(certificates) = certificates.upgrade() else { return };
            warn_of_ends(&certificates, SystemTime::now());
            warned = Some(Instant::now());
        }
        tokio::time::sleep(CERTIFICATE_CHECK).await;
        let Some(certificates) = certificates.upgrade() else { return };
        if tokio::task::spawn_blocking(move || certificates.refresh(false)).await.is_err() {
            return;
        }
    }
}

fn warn_of_ends(certificates: &Certificates, now: SystemTime) {
    for ending in certificates.ending(CERTIFICATE_WARNING, now) {
        let (file, names, ends) = (ending.file.display(), ending.names.join(", "), day_of(ending.ends));
        match ending.ends.duration_since(now) {
            Ok(left) => {
                let days = left.as_secs() / 86_400;
                tracing::warn!(%file, names, ends, days, "the certificate ends soon: renew it");
            }
            Err(_) => tracing::warn!(%file, names, ends, "the certificate has ended: clients refuse it"),
        }
    }
}

/// A moment, as RFC 3339 has it.
pub(crate) fn moment(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    control::rfc3339(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The day of a moment.
pub(crate) fn day_of(at: SystemTime) -> String {
    moment(at).chars().take_while(|c| *c != 'T').collect()
}

/// Webhooks, if the configuration has any.
fn open_hooks(config: &Config, jobs: Arc<JobsDb>) -> Result<Option<Arc<downstream::Hooks>>, String> {
    let hooks = config.webhooks.iter().map(open_hook).collect::<Result<Vec<_>, String>>()?;
    if hooks.is_empty() {
        return Ok(None);
    }
    let outbox = Arc::new(control::OutboxDb(jobs));
    Ok(Some(Arc::new(downstream::Hooks::new(hooks, outbox, downstream::Settings::default())?)))
}

/// A webhook with its secret.
pub(crate) fn open_hook(webhook: &config::Webhook) -> Result<downstream::Hook, String> {
    let place = webhook.secret_file.display();
    let secret = std::fs::read_to_string(&webhook.secret_file).map_err(|e| format!("cannot read {place}: {e}"))?;
    let secret = downstream::read_secret(&secret).map_err(|e| format!("{place}: {e}"))?;
    downstream::Hook::new(&webhook.url, secret).map_err(|e| format!("webhook {:?}: {e}", webhook.url))
}
