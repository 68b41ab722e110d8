//! Kill -9 right after a purge's answer, again and again: nothing acknowledged is forgotten, and the cache stays warm
//! (guarantee G3). The origin's request counts are the witness.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

use std::time::{Duration, Instant};

use support::Server;
use testkit::origin::VersionedOrigin;
use testkit::pictures;

/// Kills at least.
const ROUNDS: usize = 50;
/// Kills at most, should the machine be so fast that little has settled after the least.
const MOST_ROUNDS: usize = 500;
const MASTERS: usize = 40;
/// Masters that are purged in turn; the others are only ever filled once.
const PURGED: usize = 10;
/// Entries that must have had the chance to survive.
const ENOUGH: u32 = 300;
/// Entries stored this long before the kill must survive it.
const SETTLED: Duration = Duration::from_secs(2);

struct Master {
    path: String,
    url: String,
    version: u32,
    /// When its derivative was last filled; `None` once it was purged.
    filled: Option<Instant>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_purges_and_settled_entries_survive_kill_9() {
    let origin = VersionedOrigin::start();
    let data = tempfile::tempdir().unwrap();
    let data = data.path().join("data");
    let mut masters: Vec<Master> = (0..MASTERS)
        .map(|n| {
            let path = format!("m{n}.png");
            origin.set_version(&path, 1);
            let url = format!("/imgix/{path}?w=320&h=160&fit=crop&fm=png");
            Master { path, url, version: 1, filled: None }
        })
        .collect();

    let (mut expected_hits, mut hits, mut slowest_start) = (0u32, 0u32, Duration::ZERO);
    let mut killed = Instant::now();
    let mut round = 0;
    while round < ROUNDS || (expected_hits < ENOUGH && round < MOST_ROUNDS) {
        round += 1;
        let begun = Instant::now();
        let mut server = Server::web(&support::binary(), &origin.base(), &data, "");
        slowest_start = slowest_start.max(begun.elapsed());
        let mut client = server.client();
        for master in &mut masters {
            let before = origin.requests(&master.path);
            let answer = client.get(&master.url).await.unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text());
            let version = pictures::read_version(&answer.body).unwrap();
            assert_eq!(version, master.version, "round {round}: {} is stale after a kill", master.path);
            let fetched = origin.requests(&master.path) > before;
            match master.filled {
                Some(at) if killed.duration_since(at) >= SETTLED => {
                    expected_hits += 1;
                    hits += u32::from(!fetched && answer.header("cache-status").contains("detail=disk"));
                }
                _ => {}
            }
            if fetched {
                master.filled = Some(Instant::now());
            }
        }
        let purged = &mut masters[round % PURGED];
        purged.version = origin.bump(&purged.path);
        purged.filled = None;
        let target = format!("[{{\"master\":\"shop/{}\"}}]", purged.path);
        let answer = server.purge(&mut server.control_client(), &target).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        server.process.kill().unwrap();
        killed = Instant::now();
    }
    println!(
        "crash: {ROUNDS} kills, {hits} of {expected_hits} settled entries were disk hits, slowest start {slowest_start:?}"
    );
    assert!(expected_hits >= ENOUGH, "the test met only {expected_hits} settled entries");
    assert!(hits * 100 >= expected_hits * 95, "{hits} of {expected_hits} settled entries survived");
}
