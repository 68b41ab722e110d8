//! The race that other caches lose: a purge while a fill of the old version is under way (guarantees G1 and G2).
//!
//! The master's version is encoded in its pixels and read back from decoded answers. After each purge's answer, an answer
//! to a request that began later may show no older version than the origin had when the purge was sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use support::{Server, derivatives};
use testkit::origin::VersionedOrigin;
use testkit::pictures;
use tokio::sync::watch;

const MASTER: &str = "race.png";
const CLIENTS: usize = 8;
const PURGES: u64 = 1000;

#[derive(Debug, Default)]
struct Count {
    answers: AtomicU64,
    hits: AtomicU64,
    stale: AtomicU64,
    in_flight: AtomicU64,
}

async fn race(binary: &Path) -> Arc<Count> {
    let origin = Arc::new(VersionedOrigin::start());
    origin.set_version(MASTER, 1);
    origin.set_delay(MASTER, Duration::from_millis(4), Duration::from_millis(2));
    let data = tempfile::tempdir().unwrap();
    let server = Arc::new(Server::web(binary, &origin.base(), &data.path().join("data"), "log = { access = false }"));

    let count = Arc::new(Count::default());
    // The version below which no answer may be, once a purge of it has been answered.
    let effective = Arc::new(AtomicU32::new(1));
    let done = Arc::new(AtomicBool::new(false));
    let (answered, mut seen) = watch::channel(0u64);
    let answered = Arc::new(answered);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (server, count, effective, done, answered) =
                (server.clone(), count.clone(), effective.clone(), done.clone(), answered.clone());
            tokio::spawn(async move { hammer(number, &server, &count, &effective, &done, &answered).await })
        })
        .collect();

    let mut control = server.control_client();
    for purge in 0..PURGES {
        // Every fourth purge waits for some answers first, so that hits are purged too and not only fills.
        if purge % 4 == 0 {
            let target = *seen.borrow() + 40;
            seen.wait_for(|answers| *answers >= target).await.unwrap();
        }
        let version = origin.bump(MASTER);
        if origin.in_flight(MASTER) > 0 {
            count.in_flight.fetch_add(1, Ordering::Relaxed);
        }
        let url = &derivatives(MASTER)[purge as usize % 20];
        let answer = server.purge(&mut control, &format!("[{{\"url\":{url:?}}}]")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        effective.fetch_max(version, Ordering::SeqCst);
    }
    done.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    println!("race: {PURGES} purges, {count:?}");
    count
}

async fn hammer(
    number: usize,
    server: &Server,
    count: &Count,
    effective: &AtomicU32,
    done: &AtomicBool,
    answered: &watch::Sender<u64>,
) {
    let urls = derivatives(MASTER);
    let mut client = server.client();
    let mut turn = number * 7;
    while !done.load(Ordering::SeqCst) {
        turn += 3;
        let url = &urls[turn % urls.len()];
        let least = effective.load(Ordering::SeqCst);
        let answer = client.get(url).await.expect("an answer");
        assert_eq!(answer.status, 200, "{url}: {}", answer.text());
        let version = pictures::read_version(&answer.body).unwrap_or_else(|e| panic!("{url}: {e}"));
        count.answers.fetch_add(1, Ordering::Relaxed);
        count.hits.fetch_add(u64::from(answer.header("cache-status").contains("hit")), Ordering::Relaxed);
        count.stale.fetch_add(u64::from(version < least), Ordering::Relaxed);
        answered.send_modify(|answers| *answers += 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stale_answer_after_an_effective_purge() {
    let count = race(&support::binary()).await;
    assert_eq!(count.stale.load(Ordering::Relaxed), 0, "{count:?}");
    assert!(count.in_flight.load(Ordering::Relaxed) >= PURGES / 3, "too few purges met a fill: {count:?}");
    assert!(count.hits.load(Ordering::Relaxed) > 100, "hardly anything was cached: {count:?}");
}

/// Shows that the test above can fail: the same race against a build that stamps results when they are stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the binary of the mutant, which scripts/test builds and names in AFTERIMAGE_MUTANT"]
async fn the_mutant_that_stamps_at_store_is_caught() {
    let mutant = std::env::var_os("AFTERIMAGE_MUTANT").expect("AFTERIMAGE_MUTANT names the mutant's binary");
    let count = race(Path::new(&mutant)).await;
    assert!(count.stale.load(Ordering::Relaxed) > 0, "the race test is blind: {count:?}");
}
