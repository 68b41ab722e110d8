//! The worker processes in which decoders written in C run.

use std::fmt;
use std::process::ExitCode;

use codec::{Budget, Foreign};
use config::Decoders;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use workers::{End, Enforce, Pool, Settings};

use crate::cli::WorkerArgs;

/// What this program is started as, to be a worker.
const COMMAND: &str = "decoder-worker";

/// Is a worker, until the server ends or hangs up.
pub fn work(args: &WorkerArgs) -> ExitCode {
    match workers::serve(args.memory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// A pool of workers that are this very program, none of them started yet: for so many jobs at once, within a budget.
pub fn pool(jobs: usize, budget: &Budget) -> Pool {
    Pool::new(Settings::new(&[COMMAND], jobs, budget))
}

/// Where a server's decoders run, by its settings. Says so, and counts workers in a registry.
///
/// # Errors
/// One sentence for people, where workers are required and cannot be had.
pub fn start(wanted: Decoders, jobs: usize, budget: &Budget, registry: &mut Registry) -> Result<Foreign, String> {
    let enforce = match wanted {
        Decoders::Off => {
            tracing::warn!("decoders written in C run in the server: a crash in one ends it");
            return Ok(Foreign::HERE);
        }
        Decoders::Auto => Enforce::Auto,
        Decoders::Require => Enforce::Require,
    };
    let pool = Pool::new(Settings { enforce, ..Settings::new(&[COMMAND], jobs, budget) });
    match pool.start() {
        Ok(enforced) if enforced.is_full() => {
            tracing::info!("decoders written in C run in worker processes: {enforced}");
        }
        Ok(enforced) => tracing::warn!("decoders written in C run in worker processes with rights: {enforced}"),
        Err(error) if enforce == Enforce::Require => return Err(error.to_string()),
        Err(error) => tracing::error!(%error, "they run in the server: a crash in one ends it"),
    }
    let foreign = pool.foreign();
    registry.sub_registry_with_prefix("afterimage").register_collector(Box::new(Numbers(pool)));
    Ok(foreign)
}

/// The workers of a pool, as metrics.
struct Numbers(Pool);

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Numbers")
    }
}

impl Collector for Numbers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counts = self.0.counts();
        let live = ConstGauge::new(i64::try_from(self.0.live()).unwrap_or(i64::MAX));
        let help = "Processes that decode, busy or not";
        live.encode(encoder.encode_descriptor("decoder_workers", help, None, live.metric_type())?)?;
        let started = ConstCounter::new(counts.started());
        let help = "Processes that decode, started";
        started.encode(encoder.encode_descriptor("decoder_workers_started", help, None, started.metric_type())?)?;
        let help = "Processes that decoded, by how they ended";
        let mut ended = encoder.encode_descriptor("decoder_workers_ended", help, None, started.metric_type())?;
        for end in End::ALL {
            ConstCounter::new(counts.ended(end)).encode(ended.encode_family(&[("how", end.name())])?)?;
        }
        Ok(())
    }
}
