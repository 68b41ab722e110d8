//! Numbers of the public plane, kept as counters that a registry exposes.

use std::fmt;

use engine::DialectKind;
use plan::reason::Served;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    dialect: Text,
    served: Text,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Handshake {
    outcome: Text,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Text(&'static str);

impl EncodeLabelValue for Text {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        self.0.encode(encoder)
    }
}

/// Counters of the public plane.
#[derive(Clone)]
pub struct Metrics {
    requests: Family<Request, Counter>,
    bytes: Counter,
    seconds: Histogram,
    pub(crate) connections: Gauge,
    handshakes: Family<Handshake, Counter>,
    pub(crate) log_dropped: Counter,
}

impl Metrics {
    /// Registers them under `afterimage_delivery_…`.
    pub fn new(registry: &mut Registry) -> Metrics {
        let metrics = Metrics {
            requests: Family::default(),
            bytes: Counter::default(),
            seconds: Histogram::new([0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]),
            connections: Gauge::default(),
            handshakes: Family::default(),
            log_dropped: Counter::default(),
        };
        let registry = registry.sub_registry_with_prefix("afterimage_delivery");
        registry.register("requests", "Requests answered", metrics.requests.clone());
        registry.register_with_unit("body", "Bodies sent", Unit::Bytes, metrics.bytes.clone());
        registry.register_with_unit("duration", "Time to answer", Unit::Seconds, metrics.seconds.clone());
        registry.register("connections", "Open connections", metrics.connections.clone());
        registry.register("tls_handshakes", "TLS handshakes, by how they ended", metrics.handshakes.clone());
        registry.register(
            "access_log_dropped",
            "Lines that the log could not keep up with",
            metrics.log_dropped.clone(),
        );
        metrics
    }

    /// Counts a handshake that was `done`, or ended by `timeout`, as `failed`, or with a client that speaks `plain` HTTP.
    pub(crate) fn handshook(&self, outcome: &'static str) {
        self.handshakes.get_or_create(&Handshake { outcome: Text(outcome) }).inc();
    }

    pub(crate) fn answered(
        &self,
        dialect: Option<DialectKind>,
        served: Option<Served>,
        status: u16,
        bytes: u64,
        seconds: f64,
    ) {
        let labels = Request {
            dialect: Text(dialect.map_or("none", DialectKind::name)),
            served: Text(served.map_or("none", Served::name)),
            status,
        };
        self.requests.get_or_create(&labels).inc();
        self.bytes.inc_by(bytes);
        self.seconds.observe(seconds);
    }
}
