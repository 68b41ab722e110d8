//! The fake origin, asked by the plain client.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::ErrorKind;

use testkit::http::Client;
use testkit::origin::{At, Failure, VersionedOrigin};
use testkit::pictures::{Mark, read_mark, read_version};

#[tokio::test]
async fn serves_versions_and_counts() {
    let origin = VersionedOrigin::start();
    let mut client = Client::new(origin.address());
    assert_eq!(client.get("/cat.png").await.unwrap().status, 404);
    origin.set_version("cat.png", 7);
    let answer = client.get("/cat.png?x=1").await.unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
    assert_eq!(read_mark(&answer.body), Ok(Mark::new("cat.png", 7)));
    assert_eq!(client.get_with("/cat.png", &[("If-None-Match", "\"v7\"")]).await.unwrap().status, 304);
    assert_eq!(origin.bump("/cat.png"), 8);
    let answer = client.get_with("/cat.png", &[("If-None-Match", "\"v7\"")]).await.unwrap();
    assert_eq!(read_version(&answer.body), Ok(8));
    assert_eq!((origin.requests("cat.png"), origin.total_requests()), (4, 4));
    assert_eq!(origin.last_headers("cat.png").unwrap()["if-none-match"], "\"v7\"");
    assert_eq!(origin.last_target("cat.png").unwrap(), "/cat.png");
    assert_eq!(client.send("HEAD", "/cat.png", &[], b"").await.unwrap().body.len(), 0);
    assert_eq!(client.get("/cat.png").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_held_request_keeps_the_version_it_arrived_with() {
    let origin = VersionedOrigin::start();
    origin.set_version("cat.png", 1);
    for at in [At::Headers, At::MidBody] {
        let (before, hold) = (origin.version("cat.png").unwrap(), origin.hold("cat.png", at));
        let address = origin.address();
        let held = tokio::spawn(async move { Client::new(address).get("/cat.png").await });
        hold.arrived(1).await;
        assert_eq!((hold.count(), origin.in_flight("cat.png")), (1, 1));
        let after = origin.bump("cat.png");
        hold.release();
        assert_eq!(read_version(&held.await.unwrap().unwrap().body), Ok(before));
        assert_eq!(read_version(&Client::new(address).get("/cat.png").await.unwrap().body), Ok(after));
    }
    assert_eq!(origin.peak("cat.png"), 1);
}

#[tokio::test]
async fn fails_as_told() {
    let origin = VersionedOrigin::start();
    origin.set_version("cat.png", 1);
    let mut client = Client::new(origin.address());
    origin.fail("cat.png", Some(Failure::Status(503)));
    assert_eq!(client.get("/cat.png").await.unwrap().status, 503);
    origin.fail("cat.png", Some(Failure::Truncate(100)));
    assert_eq!(client.get("/cat.png").await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    origin.fail("cat.png", Some(Failure::Drop));
    assert_eq!(client.get("/cat.png").await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    origin.fail("cat.png", None);
    origin.set_header("cat.png", "X-Tag", "a");
    assert_eq!(client.get("/cat.png").await.unwrap().header("x-tag"), "a");
    origin.remove("cat.png");
    assert_eq!(client.get("/cat.png").await.unwrap().status, 404);
}
