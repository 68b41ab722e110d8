//! The auditor against the server, in small: purges from outside while it fills (guarantees G1 and G2). `make audit` does
//! the same at length.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use auditor::audit::{self, Settings};
use auditor::origin::{Origin, Pace};
use auditor::report::Report;
use auditor::server::{KEY, SOURCE, Server};
use auditor::target::{MOST_DERIVATIVES, Target};

const PURGES: u64 = 2000;

async fn audit(binary: &Path, purges: u64) -> Report {
    let pace = Pace {
        before_headers: Duration::from_millis(2),
        mid_body: Duration::from_millis(1),
        jitter: Duration::from_millis(2),
    };
    let origin = Arc::new(Origin::start("127.0.0.1:0".parse().unwrap(), "audit", 32, pace, 1).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(binary, origin.address(), folder.path()).unwrap();
    let target = Target::afterimage(&origin, server.delivery, server.control, KEY, SOURCE, MOST_DERIVATIVES);
    let settings = Settings {
        purges,
        connections: 12,
        purgers: 4,
        seed: 1,
        pause: Duration::from_millis(4),
        wait: Duration::ZERO,
        progress: Duration::from_secs(3600),
        last_look: true,
    };
    let report = audit::run(origin, target, settings, |_| {}).await.unwrap();
    println!("{report}");
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_auditor_finds_nothing_stale() {
    let report = audit(&support::binary(), PURGES).await;
    assert!(report.clean(), "{report}");
    assert_eq!(report.purges, PURGES);
    assert!(report.in_flight > PURGES / 3, "too few purges met a fill: {report}");
    assert!(report.hits > PURGES && report.not_modified > PURGES / 10, "hardly anything was cached: {report}");
    assert!(report.settled >= 32, "{report}");
}

/// Shows that the auditor can see: the same against a build that stamps results when they are stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the binary of the mutant, which scripts/test builds and names in AFTERIMAGE_MUTANT"]
async fn the_mutant_that_stamps_at_store_is_caught() {
    let mutant = std::env::var_os("AFTERIMAGE_MUTANT").expect("AFTERIMAGE_MUTANT names the mutant's binary");
    let report = audit(Path::new(&mutant), PURGES / 4).await;
    assert!(report.violations > 0, "the auditor is blind: {report}");
}
