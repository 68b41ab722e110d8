//! What the handlers share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use downstream::Hooks;
use engine::{Engine, Site};
use ledger::PurgeDb;
use prometheus_client::registry::Registry;
use tokio::sync::watch;

use crate::clock::now_ms;
use crate::keys::Keys;
use crate::limits::{Limits, Listeners, Rates};
use crate::metrics::Metrics;
use crate::recent::{Recent, Window};
use crate::sessions::Sessions;

/// What a plane is put together from.
pub struct Parts {
    /// The product.
    pub engine: Arc<Engine>,
    /// Valid API keys.
    pub keys: Arc<dyn Keys>,
    /// Where idempotency keys are remembered.
    pub log: Arc<PurgeDb>,
    /// Counters of other rooms, shown by `/metrics` beside our own.
    pub registry: Arc<Registry>,
    /// Whether pictures are served yet: what `/readyz` says.
    pub ready: Arc<AtomicBool>,
    /// Base URL of the delivery plane, for messages.
    pub public: String,
    /// Within this time, a repeated imgix purge of the same thing is carried out and answered with 409, as the vendor does;
    /// `None` (what users expect) answers 200.
    pub imgix_duplicate_window: Option<Duration>,
    /// How many requests, wrong keys and listeners are taken.
    pub rates: Rates,
    /// Who is told of purges; `None` = nobody.
    pub hooks: Option<Arc<Hooks>>,
}

/// The private plane.
pub struct Plane {
    pub(crate) engine: Arc<Engine>,
    pub(crate) keys: Arc<dyn Keys>,
    pub(crate) log: Arc<PurgeDb>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) ready: Arc<AtomicBool>,
    pub(crate) public: String,
    pub(crate) imgix_duplicate_window: Option<Duration>,
    pub(crate) recent: Recent,
    pub(crate) repeats: Window,
    pub(crate) metrics: Metrics,
    pub(crate) sessions: Sessions,
    pub(crate) limits: Limits,
    pub(crate) listeners: Listeners,
    pub(crate) hooks: Option<Arc<Hooks>>,
    /// When it was put together, in milliseconds since the Unix epoch: since then the configuration is what it is.
    pub(crate) began: u64,
    stopping: watch::Sender<bool>,
}

impl Plane {
    /// Puts a plane together.
    pub fn new(parts: Parts) -> Plane {
        Plane {
            engine: parts.engine,
            keys: parts.keys,
            log: parts.log,
            registry: parts.registry,
            ready: parts.ready,
            public: parts.public,
            imgix_duplicate_window: parts.imgix_duplicate_window,
            recent: Recent::default(),
            repeats: Window::default(),
            metrics: Metrics::default(),
            sessions: Sessions::default(),
            limits: Limits::new(parts.rates),
            listeners: Listeners::new(parts.rates.listeners),
            hooks: parts.hooks,
            began: now_ms(),
            stopping: watch::Sender::new(false),
        }
    }

    /// Ends what would go on for as long as the client likes: streams of events, and waiting for a purge to come on.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// The address under which a site is reached from outside, its prefix included, without a slash at its end. A site with hosts
    /// is taken to be reached by HTTPS, whoever ends the encryption, unless its host is this machine.
    pub(crate) fn base_of(&self, site: &Site) -> String {
        let prefix = site.prefix.trim_end_matches('/');
        match site.hosts.first().map(String::as_str) {
            None => format!("{}{prefix}", self.public),
            Some(host @ ("localhost" | "127.0.0.1" | "[::1]")) => {
                let (scheme, ours) = self.public.split_once("://").unwrap_or(("http", &self.public));
                let port = ours.rsplit_once(':').map(|(_, port)| format!(":{port}")).unwrap_or_default();
                format!("{scheme}://{host}{port}{prefix}")
            }
            Some(host) => format!("https://{host}{prefix}"),
        }
    }

    /// Resolves when the plane stops.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as the plane.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }
}
