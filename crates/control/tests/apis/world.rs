//! A real engine over a folder and a web address that is never called, with real ledgers, behind the router.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use control::{Configured, KeyRing, Parts, Plane, Rates, router};
use engine::{Ask, DialectKind, Engine, Site};
use http::{HeaderMap, Request};
use ledger::{CatalogueDb, Folder, KeysDb, PurgeDb};
use origin::{HttpSettings, LocalSettings, ProxySettings, Source};
use plan::reason::Served;
use plan::{AcceptClass, BodyId, DerivativeKey, ExactName, Location, MasterId, Position, Stamp};
use prometheus_client::registry::Registry;
use purge::{
    Catalogue, Filter, Index, Lifted, Log, LogError, LogIdentity, Place, Progress, PurgeId, Purger, Record, Records,
    Row, Subject, Takedown, Takedowns, Tier, Verdict,
};
use serde_json::Value;
use tower::ServiceExt;

use crate::cost::Counted;
use crate::gated::{Gated, Kept};

/// The key for every site.
pub const KEY: &str = "ak_everything";
/// `Authorization: Basic` of that key and an empty password.
pub const BASIC: &str = "Basic YWtfZXZlcnl0aGluZzo=";
/// `Authorization: Bearer` of that key.
pub const BEARER: &str = "Bearer ak_everything";
/// Keys for the site of one dialect alone.
pub const IMGIX_KEY: &str = "ak_imgix";
pub const BOSS_KEY: &str = "ak_imageboss";
/// The key for the second Cloudimage site, whose one source is the web address.
pub const SECOND_KEY: &str = "ak_second";
/// A key that is in no ledger.
pub const ENVIRONMENT_KEY: &str = "from-the-environment";

/// With which the site `letter` has its URLs signed, and the site `kit`, whose vendor takes it for its API too.
pub const SIGNING_SECRET: &str = "FOO123bar";
pub const PRIVATE_KEY: &str = "private_demo_key_1234567890=";

/// `Authorization: Basic` of a key and an empty password.
pub fn basic(key: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{key}:")))
}

/// The ledger's log, or a full disk.
pub struct BreakableLog {
    inner: Arc<PurgeDb>,
    pub broken: AtomicBool,
    appends: AtomicUsize,
    appended: AtomicUsize,
}

impl BreakableLog {
    /// Transactions so far, and the records in them.
    pub fn counts(&self) -> (usize, usize) {
        (self.appends.load(Ordering::SeqCst), self.appended.load(Ordering::SeqCst))
    }
}

impl Log for BreakableLog {
    fn identity(&self) -> LogIdentity {
        self.inner.identity()
    }
    fn head(&self) -> Result<Position, LogError> {
        self.inner.head()
    }
    fn append(&self, records: &[Record]) -> Result<(), LogError> {
        self.appends.fetch_add(1, Ordering::SeqCst);
        self.appended.fetch_add(records.len(), Ordering::SeqCst);
        if self.broken.load(Ordering::SeqCst) { Err(LogError::Full) } else { self.inner.append(records) }
    }
    fn replay(&self, after: Position, each: &mut dyn FnMut(Record)) -> Result<(), LogError> {
        self.inner.replay(after, each)
    }
    fn find(&self, id: PurgeId) -> Result<Option<Record>, LogError> {
        self.inner.find(id)
    }
    fn page(&self, before: Option<Position>, limit: usize) -> Result<Vec<Record>, LogError> {
        self.inner.page(before, limit)
    }
}

impl Records for BreakableLog {
    fn note(&self, progress: &[(Position, Progress)]) -> Result<Vec<Progress>, LogError> {
        self.inner.note(progress)
    }
    fn list(&self, filter: &Filter) -> Result<Vec<(Record, Option<Progress>)>, LogError> {
        self.inner.list(filter)
    }
    fn unerased(&self, after: Position, limit: usize) -> Result<Vec<(Record, Option<Progress>)>, LogError> {
        self.inner.unerased(after, limit)
    }
    fn takedowns(&self, all: bool) -> Result<Vec<Takedown>, LogError> {
        self.inner.takedowns(all)
    }
    fn lift(&self, id: PurgeId, lifted: &Lifted) -> Result<Option<Takedown>, LogError> {
        self.inner.lift(id, lifted)
    }
    fn keep_floor(&self, floor: Position) -> Result<(), LogError> {
        self.inner.keep_floor(floor)
    }
    fn floor(&self) -> Result<Position, LogError> {
        self.inner.floor()
    }
}

pub struct World {
    pub engine: Arc<Engine>,
    pub plane: Arc<Plane>,
    pub ready: Arc<AtomicBool>,
    pub log: Arc<BreakableLog>,
    pub catalogue: Arc<Counted>,
    pub gate: Arc<Gated>,
    pub kept: Arc<Kept>,
    ledger: Arc<PurgeDb>,
    keys: Arc<KeyRing>,
    registry: Arc<Registry>,
    router: Router,
    local: Location,
    photos: PathBuf,
    folder: Folder,
    jobs: Option<Arc<ledger::JobsDb>>,
    _temp: tempfile::TempDir,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn fresh_id() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // Spread, so that the first half of an id tells it from others.
    plan::Digest::of(&NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes()).0[..16].try_into().unwrap()
}

fn parts(
    engine: &Arc<Engine>,
    keys: &Arc<KeyRing>,
    log: &Arc<PurgeDb>,
    registry: &Arc<Registry>,
    ready: &Arc<AtomicBool>,
) -> Parts {
    Parts {
        engine: engine.clone(),
        keys: keys.clone(),
        log: log.clone(),
        registry: registry.clone(),
        ready: ready.clone(),
        public: "http://127.0.0.1:8080".to_owned(),
        imgix_duplicate_window: None,
        rates: Rates::default(),
        hooks: None,
        configured: Arc::default(),
        figures: None,
    }
}

impl World {
    pub fn new() -> World {
        World::build(false, None, engine::Settings::default())
    }

    /// One that keeps derivatives on disk too.
    pub fn with_disk() -> World {
        World::build(true, None, engine::Settings::default())
    }

    /// One that keeps derivatives on disk too, and reads its web source from this address.
    pub fn with_origin(base: &str) -> World {
        World::with_settings(base, engine::Settings::default())
    }

    /// As [`World::with_origin`], with other limits.
    pub fn with_settings(base: &str, settings: engine::Settings) -> World {
        World::build(true, Some(base), settings)
    }

    fn build(disk: bool, base: Option<&str>, limits: engine::Settings) -> World {
        let temp = tempfile::tempdir().unwrap();
        let photos = temp.path().join("photos");
        std::fs::create_dir_all(photos.join("dir")).unwrap();
        for name in ["cat.jpg", "dog.jpg", "dir/a.jpg", "dir/b.jpg"] {
            std::fs::write(photos.join(name), name).unwrap();
        }
        std::os::unix::fs::symlink("cat.jpg", photos.join("link.jpg")).unwrap();
        let local = Source::local("local", LocalSettings::new(&photos)).unwrap();
        origin::install_crypto();
        let address = base.unwrap_or("https://shop.example/media/").parse().unwrap();
        let settings = HttpSettings { allow_private: base.is_some(), ..HttpSettings::new(address) };
        let web = Source::http("web", settings).unwrap();

        // No site has it.
        let any = Source::proxy("any", ProxySettings::new(vec!["shop.example".to_owned()]).unwrap()).unwrap();

        let folder = Folder::open(&temp.path().join("data")).unwrap();
        let ledger = Arc::new(PurgeDb::open(&folder).unwrap());
        let inner = Arc::new(CatalogueDb::open(&folder).unwrap());
        let catalogue = Arc::new(Counted { inner, calls: AtomicUsize::new(0) });
        let keys = Arc::new(KeysDb::open(&folder).unwrap());
        keys.add("everything", KEY, &[]).unwrap();
        keys.add("imgix", IMGIX_KEY, &["imgix".to_owned()]).unwrap();
        keys.add("boss", BOSS_KEY, &["imageboss".to_owned()]).unwrap();
        keys.add("second", SECOND_KEY, &["second".to_owned()]).unwrap();
        let log = Arc::new(BreakableLog {
            inner: ledger.clone(),
            broken: AtomicBool::new(false),
            appends: AtomicUsize::new(0),
            appended: AtomicUsize::new(0),
        });
        let index = Arc::new(Index::new(log.identity()));
        let takedowns = Arc::new(Takedowns::new(Vec::new()));
        let purger = Purger::start(log.clone(), index.clone(), takedowns.clone(), Box::new(|| ())).unwrap();
        let store = |tier: Tier| {
            let fills = tokio::runtime::Handle::current();
            let bodies = disk.then(|| cache::SegmentStore::open(&temp.path().join(tier.name()), 64 << 20).unwrap());
            let disk = bodies.map(|bodies| (Arc::new(bodies), catalogue.clone() as Arc<dyn Catalogue>));
            let settings = cache::Settings { tier, memory_bytes: 1 << 20, disk, fresh_id, fills, max_stale: None };
            Arc::new(cache::Store::new(index.clone(), settings).unwrap())
        };

        let both = || vec!["local".to_owned(), "web".to_owned()];
        let mut sites: Vec<Site> = DialectKind::ALL
            .into_iter()
            .map(|dialect| Site::new(dialect.name(), dialect, &format!("/{}", dialect.name()), both()))
            .collect();
        sites.push(Site {
            hosts: vec!["img.example".to_owned()],
            ..Site::new("shop", DialectKind::Imgix, "/", vec!["local".to_owned()])
        });
        let mut second = Site::new("second", DialectKind::Cloudimage, "/second", vec!["web".to_owned()]);
        let shop = dialect::Alias { name: "_shop_".to_owned(), stands_for: "shop.example/media".to_owned() };
        second.grammar.aliases.push(shop);
        sites.push(second);
        sites.push(Site::new("empty", DialectKind::Imagekit, "/empty", Vec::new()));
        // By the vendors' letter, at hosts of their own.
        let by_the_letter = |name: &str, dialect| Site {
            hosts: vec![format!("{name}.example")],
            vendor_purges: true,
            ..Site::new(name, dialect, "/", vec!["local".to_owned()])
        };
        let mut letter = by_the_letter("letter", DialectKind::Imgix);
        letter.signing = dialect::Signing {
            policy: dialect::Policy::Required,
            secrets: vec![dialect::Secret::new(SIGNING_SECRET)],
            ..dialect::Signing::default()
        };
        letter.grammar.defaults = "auto=format&q=60".to_owned();
        let mut kit = by_the_letter("kit", DialectKind::Imagekit);
        kit.signing.secrets = vec![dialect::Secret::new("private_retired"), dialect::Secret::new(PRIVATE_KEY)];
        kit.grammar.endpoint = "demo/shop".to_owned();
        for (name, text, enabled) in [("thumb", "w-150,h-150", true), ("old", "w-90", false)] {
            kit.grammar.presets.insert(name.to_owned(), dialect::Preset { text: text.to_owned(), enabled });
        }
        sites.extend([letter, kit]);
        let (gate, kept) = (Arc::new(Gated::new(catalogue.clone())), Arc::new(Kept::default()));
        let engine = Engine::new(engine::Parts {
            sites,
            sources: vec![local.clone(), web, any],
            index: index.clone(),
            records: log.clone(),
            catalogue: gate.clone(),
            purger,
            takedowns,
            jobs: Some(kept.clone()),
            derivatives: store(purge::Tier::Derivatives),
            masters: store(purge::Tier::Masters),
            refines: None,
            renders: Arc::new(render::Pool::new(1, 1).unwrap()),
            fonts: Arc::new(render::Fonts::embedded()),
            observer: None,
            settings: limits,
            fresh_id,
        })
        .unwrap();
        let engine = Arc::new(engine);
        let ready = Arc::new(AtomicBool::new(false));
        let mut registry = Registry::default();
        let other = prometheus_client::metrics::counter::Counter::<u64>::default();
        other.inc_by(42);
        registry.register("another_room", "Of another room", other);
        let keys = Arc::new(KeyRing { db: keys, environment: Some(ENVIRONMENT_KEY.to_owned()) });
        let (local, registry) = (local.location().clone(), Arc::new(registry));
        let parts = parts(&engine, &keys, &ledger, &registry, &ready);
        let plane = Arc::new(Plane::new(parts));
        let router = router(plane.clone());
        World {
            engine,
            plane,
            ready,
            log,
            catalogue,
            gate,
            kept,
            ledger,
            keys,
            registry,
            router,
            local,
            photos,
            folder,
            jobs: None,
            _temp: temp,
        }
    }

    /// A new plane with other limits.
    pub fn limit(&mut self, rates: Rates) {
        let parts = parts(&self.engine, &self.keys, &self.ledger, &self.registry, &self.ready);
        self.plane = Arc::new(Plane::new(Parts { rates, ..parts }));
        self.router = router(self.plane.clone());
    }

    /// A new plane that shows some settings.
    pub fn configure(&mut self, configured: Configured) {
        let parts = parts(&self.engine, &self.keys, &self.ledger, &self.registry, &self.ready);
        self.plane = Arc::new(Plane::new(Parts { configured: Arc::new(configured), ..parts }));
        self.router = router(self.plane.clone());
    }

    /// A new plane that sends webhooks to an address, through an outbox in the data folder.
    pub fn hook(&mut self, url: &str, secret: &[u8]) {
        origin::install_crypto();
        let hook = downstream::Hook::new(url, secret.to_vec()).unwrap();
        let jobs = self.jobs.get_or_insert_with(|| Arc::new(ledger::JobsDb::open(&self.folder).unwrap()));
        let outbox = Arc::new(control::OutboxDb(jobs.clone()));
        let settings = downstream::Settings { first_pause: Duration::from_millis(20), ..Default::default() };
        let hooks = Some(Arc::new(downstream::Hooks::new(vec![hook], outbox, settings).unwrap()));
        let parts = parts(&self.engine, &self.keys, &self.ledger, &self.registry, &self.ready);
        self.plane = Arc::new(Plane::new(Parts { hooks, ..parts }));
        self.router = router(self.plane.clone());
    }

    /// A new plane over the same engine, as after a restart: what only the old one remembered is gone.
    pub fn restart(&mut self, imgix_duplicate_window: Option<Duration>) {
        let parts = parts(&self.engine, &self.keys, &self.ledger, &self.registry, &self.ready);
        self.plane = Arc::new(Plane::new(Parts { imgix_duplicate_window, ..parts }));
        self.router = router(self.plane.clone());
    }

    pub fn keys(&self) -> &KeysDb {
        &self.keys.db
    }

    pub fn router(&self) -> Router {
        self.router.clone()
    }

    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// As [`World::call`], for what is no text.
    pub async fn bytes(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status.as_u16(), parts.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
    }

    /// Changes a file of the folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.photos.join(name), content).unwrap();
    }

    /// Rows of the catalogue, one for each master, as if derivatives of them were stored.
    pub fn catalogue(&self, names: &[&str]) {
        let row = |(n, name): (usize, &&str)| {
            let key = plan::Digest::of(name.as_bytes()).0[..16].try_into().unwrap();
            Row {
                key: DerivativeKey(key),
                body: BodyId(key),
                place: Place { segment: 0, offset: n as u64 * 10, length: 10 },
                stamp: self.now(),
                exact: None,
                dependencies: vec![(self.master(name), purge::Role::Main)],
                content_type: "image/webp".into(),
                size: 10,
                url: String::new(),
                stored_at: 1_700_000_000 + n as u64,
                last_used: 0,
                labels: Vec::new(),
                recipe: 1,
                data_key: None,
            }
        };
        let rows: Vec<Row> = names.iter().enumerate().map(row).collect();
        self.catalogue.put(Tier::Derivatives, &rows).unwrap();
    }

    /// What a delivery target answers: its bytes as text, and whether they were in memory.
    pub async fn look(&self, target: &str) -> (String, bool) {
        let ask =
            Ask { host: "localhost", target, accept: AcceptClass::Basic, hints: dialect::Hints::NONE, trusted: false };
        let reply = self.engine.get(&self.engine.resolve(ask).unwrap()).await.unwrap();
        let bytes = reply.entry.body().unwrap_or_else(|| panic!("{target}: {:?}", reply.entry.content));
        (String::from_utf8(bytes.to_vec()).unwrap(), reply.served == Served::Memory)
    }

    /// Where the purge log stands: what is cached now bears this.
    pub fn now(&self) -> Stamp {
        self.engine.index().now()
    }

    pub fn records(&self) -> Vec<Record> {
        self.log.page(None, 1000).unwrap()
    }

    pub fn newest(&self) -> Record {
        self.records().remove(0)
    }

    /// A master of the folder, or of the web address where the name is absolute without scheme.
    pub fn master(&self, name: &str) -> MasterId {
        if name.starts_with("//") { MasterId::from_canonical(name) } else { self.local.master(name) }
    }

    /// Whether what was made of a master before is unusable now.
    pub fn is_purged(&self, since: Stamp, name: &str) -> bool {
        self.judge(since, name, None) == Verdict::Purged
    }

    /// Whether the one derivative that a delivery target names, made before, is unusable now.
    pub fn is_purged_exactly(&self, since: Stamp, target: &str, name: &str) -> bool {
        self.is_purged_exactly_at(since, "localhost", target, name)
    }

    pub fn is_purged_exactly_at(&self, since: Stamp, host: &str, target: &str, name: &str) -> bool {
        let ask = Ask { host, target, accept: AcceptClass::Basic, hints: dialect::Hints::NONE, trusted: false };
        let resolved = self.engine.resolve(ask).unwrap();
        self.judge(since, name, Some(resolved.exact.0)) == Verdict::Purged
    }

    fn judge(&self, since: Stamp, name: &str, exact: Option<ExactName>) -> Verdict {
        let index = self.engine.index();
        let dependencies = vec![index.dependency(self.master(name), purge::Role::Main, since.position, None)];
        index
            .judge(&Subject {
                stamp: since,
                exact: exact.map(|name| index.exact(name)),
                dependencies,
                labels: Vec::new().into(),
            })
            .0
    }

    /// Every one of these is purged, and none of those.
    #[track_caller]
    pub fn expect(&self, since: Stamp, purged: &[&str], fresh: &[&str], what: &str) {
        for name in purged {
            assert!(self.is_purged(since, name), "{what}: {name} must be purged");
        }
        for name in fresh {
            assert!(!self.is_purged(since, name), "{what}: {name} must not be purged");
        }
    }
}
