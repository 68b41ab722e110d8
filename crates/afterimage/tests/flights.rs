//! Two hundred purges against a slow origin are not two hundred fetches (rule F4, guarantee G9).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

use support::{Server, eventually};
use testkit::origin::{At, VersionedOrigin};
use testkit::pictures;

const MASTER: &str = "slow.png";
const PURGES: u64 = 200;
/// One flight that a purge has doomed, one that may be joined.
const AT_ONCE: u64 = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_purges_against_a_slow_origin_are_few_fetches() {
    let origin = VersionedOrigin::start();
    origin.set_version(MASTER, 1);
    let hold = origin.hold(MASTER, At::Headers);
    let data = tempfile::tempdir().unwrap();
    let server = Server::web(&support::binary(), &origin.base(), &data.path().join("data"), "");
    let mut control = server.control_client();

    let mut waiting = Vec::new();
    for purge in 0..PURGES {
        let (mut client, least) = (server.client(), origin.version(MASTER).unwrap());
        let url = format!("/imgix/{MASTER}?w=320&h=160&fit=crop&fm=png");
        waiting.push((least, tokio::spawn(async move { client.get(&url).await })));
        if purge == 0 {
            hold.arrived(1).await;
        }
        // Each request waits on a connection of its own; before it is there it could not begin a fetch.
        let connected = async || server.metric("afterimage_delivery_connections").await > purge;
        eventually("the request has arrived", connected).await;
        origin.bump(MASTER);
        let answer = server.purge(&mut control, &format!("[{{\"master\":\"shop/{MASTER}\"}}]")).await;
        assert_eq!(answer.status, 200, "a purge waits for no fetch: {}", answer.text());
    }
    let before = origin.requests(MASTER);
    assert!((1..=AT_ONCE).contains(&before), "{before} fetches for {PURGES} purges while the origin was slow");

    hold.release();
    for (least, request) in waiting {
        let answer = request.await.unwrap().unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let version = pictures::read_version(&answer.body).unwrap();
        assert!(version >= least, "version {version} to a request that began at {least}");
    }
    let all = origin.requests(MASTER);
    println!("flights: {PURGES} purges and requests, {before} fetches before the origin answered, {all} in all");
    assert!(all <= 3 * AT_ONCE, "{all} fetches for {PURGES} purges");
}
