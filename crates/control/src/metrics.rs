//! What `/metrics` shows: the process's registry, our own counters, and what is read off the engine at that moment.

use std::fmt;
use std::time::Duration;

use engine::Event;
use plan::Selector;
use plan::reason::{Miss, NotStored};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use purge::{Record, Via};

use crate::plane::Plane;

/// The media type of OpenMetrics text, which Prometheus reads.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Purged {
    via: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InStore {
    store: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InTier {
    store: &'static str,
    tier: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Because {
    store: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Unrefined {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Named {
    mode: &'static str,
    kind: &'static str,
}

/// Upper bounds of the time from a request to its effect, in seconds.
const SECONDS: [f64; 12] = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 5.0];

/// Our own counters.
pub(crate) struct Metrics {
    purges: Family<Purged, Counter>,
    named: Family<Named, Counter>,
    seconds: Histogram,
    erased: Counter,
    lifted: Counter,
    missed: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics {
            purges: Family::default(),
            named: Family::default(),
            seconds: Histogram::new(SECONDS),
            erased: Counter::default(),
            lifted: Counter::default(),
            missed: Counter::default(),
        }
    }
}

impl Metrics {
    /// Counts an effective purge once for each kind of thing that it named, and the time it took to take effect.
    pub fn effective(&self, record: &Record, took: Duration) {
        let mut kinds: Vec<&'static str> =
            record.targets.iter().flat_map(|t| &t.selectors).map(Selector::kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            self.named.get_or_create(&Named { mode: record.mode.name(), kind }).inc();
        }
        self.seconds.observe(took.as_secs_f64());
    }

    /// Counts what happened to purges later.
    pub fn happened(&self, event: &Event) {
        match event {
            Event::Erased(..) => self.erased.inc(),
            Event::Lifted(_) => self.lifted.inc(),
            Event::Effective(..) | Event::Progressed(..) | Event::Refreshed(..) => 0,
        };
    }

    /// Counts events that came too fast to be looked at.
    pub fn missed(&self, events: u64) {
        self.missed.inc_by(events);
    }

    /// Counts a purge request by its outcome.
    pub fn purged(&self, via: Via, outcome: &'static str) {
        self.purges.get_or_create(&Purged { via: via.name().to_owned(), outcome: outcome.to_owned() }).inc();
    }
}

/// Bytes of bodies that the public plane has sent since the process started, as its room counts them in the registry; 0 where
/// none does.
pub(crate) fn bytes_sent(plane: &Plane) -> u64 {
    let mut text = String::new();
    if encode_registry(&mut text, &plane.registry).is_err() {
        return 0;
    }
    let sent = text.lines().filter_map(|line| line.strip_prefix("afterimage_delivery_body_bytes_total "));
    sent.filter_map(|count| count.trim().parse::<u64>().ok()).sum()
}

/// Everything as OpenMetrics text.
pub(crate) fn text(plane: &Plane) -> Result<String, fmt::Error> {
    let mut text = String::new();
    encode_registry(&mut text, &plane.registry)?;
    encode_registry(&mut text, &read_off(plane))?;
    encode_eof(&mut text)?;
    Ok(text)
}

/// Made anew at each look: these numbers are kept elsewhere.
fn read_off(plane: &Plane) -> Registry {
    let engine = &plane.engine;
    let mut registry = Registry::with_prefix("afterimage");

    registry.register("purges", "Purge requests by API and outcome", plane.metrics.purges.clone());
    let ours = &plane.metrics;
    registry.register("purges_named", "Effective purges by mode and by kind of what they named", ours.named.clone());
    let help = "From a purge request to its effect";
    registry.register_with_unit("purge_effective", help, Unit::Seconds, ours.seconds.clone());
    registry.register("purges_erased", "Purges whose bytes are gone from the disk", ours.erased.clone());
    registry.register("takedowns_lifted", "Takedowns that were lifted", ours.lifted.clone());
    registry.register("purge_events_missed", "Events that were too many to be counted or sent on", ours.missed.clone());
    let listening = gauge(plane.listeners.live() as u64);
    registry.register("purge_listeners", "Clients that listen to events", listening);
    let (head, names) = (gauge(engine.index().head().0), gauge(engine.index().len() as u64));
    registry.register("purge_log_head", "Newest purge that is applied", head);
    registry.register("purge_index_names", "Names in the purge index", names);
    let jobs = Family::<InState, Gauge>::default();
    let (queued, running) = engine.render_load();
    set(&jobs.get_or_create(&InState { state: "queued" }), queued as u64);
    set(&jobs.get_or_create(&InState { state: "running" }), running as u64);
    registry.register("render_jobs", "Renders waiting and running", jobs);

    let (refined, waiting) = engine.refined();
    registry.register("avif_refined", "AVIF files that took the place of larger ones", counter(refined.replaced()));
    let help = "Bytes by which refined AVIF files are smaller";
    registry.register_with_unit("avif_refine_saved", help, Unit::Bytes, counter(refined.saved()));
    registry.register("avif_refine_waiting", "AVIF files that wait to be written again", gauge(waiting as u64));
    let skipped = Family::<Unrefined, Counter>::default();
    for (why, n) in refined.skipped() {
        skipped.get_or_create(&Unrefined { reason: why.name() }).inc_by(n);
    }
    registry.register("avif_refine_skipped", "AVIF files that stayed as they were, by reason", skipped);

    let bytes = Family::<InTier, Gauge>::default();
    let entries = Family::<InStore, Gauge>::default();
    let flights = Family::<InStore, Gauge>::default();
    let overflowed = Family::<InStore, Counter>::default();
    let fills = Family::<InStore, Counter>::default();
    let disk_hits = Family::<InStore, Counter>::default();
    let misses = Family::<Because, Counter>::default();
    let not_stored = Family::<Because, Counter>::default();
    let (derivatives, masters) = engine.stores();
    for (store, held) in [("derivatives", derivatives), ("masters", masters)] {
        let label = InStore { store };
        let (memory, in_memory) = held.memory_use();
        let (disk, lost) = held.disk_use();
        set(&bytes.get_or_create(&InTier { store, tier: "memory" }), memory);
        set(&bytes.get_or_create(&InTier { store, tier: "disk" }), disk);
        set(&entries.get_or_create(&label), in_memory as u64);
        set(&flights.get_or_create(&label), held.in_flight() as u64);
        overflowed.get_or_create(&label).inc_by(lost);
        let counters = held.counters();
        fills.get_or_create(&label).inc_by(counters.fills());
        disk_hits.get_or_create(&label).inc_by(counters.disk_hits());
        for (why, n) in counters.misses() {
            let why: Miss = why;
            misses.get_or_create(&Because { store, reason: why.name() }).inc_by(n);
        }
        for (why, n) in counters.not_stored() {
            let why: NotStored = why;
            not_stored.get_or_create(&Because { store, reason: why.name() }).inc_by(n);
        }
    }
    registry.register_with_unit("store", "Bytes held", Unit::Bytes, bytes);
    registry.register("store_memory_entries", "Entries in memory", entries);
    registry.register("fills_in_flight", "Fills under way", flights);
    registry.register("store_disk_overflow", "Entries that the disk tier could not keep up with", overflowed);
    registry.register("fills", "Fills run", fills);
    registry.register("disk_hits", "Entries found on disk", disk_hits);
    registry.register("misses", "Cached entries that were not used, by reason", misses);
    registry.register("not_stored", "Results of fills that were not stored, by reason", not_stored);
    registry
}

fn counter(n: u64) -> Counter {
    let counter = Counter::default();
    counter.inc_by(n);
    counter
}

fn gauge(n: u64) -> Gauge {
    let gauge = Gauge::default();
    set(&gauge, n);
    gauge
}

fn set(gauge: &Gauge, n: u64) {
    gauge.set(i64::try_from(n).unwrap_or(i64::MAX));
}
