//! Derivatives that are made anew from masters which a purge has spared: they are kept like any other, and never show what a
//! purge has named under a name that was learnt late. And what a purge has overtaken goes into nobody else's cache.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use serde_json::{Value, json};
use support::look::pixel;
use support::{KEY, Server};
use testkit::http::Answer;
use testkit::origin::{At, VersionedOrigin};
use testkit::pictures::{self, Rgb};

const RED: [u8; 3] = [210, 20, 30];
const GREEN: [u8; 3] = [10, 180, 40];
const BLUE: [u8; 3] = [20, 40, 200];
const MARKED: &str = "/imgix/a.png?w=200&h=100&fit=crop&fm=png&mark=/logo.png&mark-w=40&mark-pad=0";
const PLAIN: &str = "/imgix/a.png?w=160&h=80&fit=crop&fm=webp";

struct World {
    _all: tempfile::TempDir,
    origin: VersionedOrigin,
    server: Server,
}

impl World {
    fn start(more: &str) -> World {
        let all = tempfile::tempdir().unwrap();
        let origin = VersionedOrigin::start();
        let server = Server::web(&support::binary(), &origin.base(), &all.path().join("data"), more);
        World { _all: all, origin, server }
    }

    fn put(&self, path: &str, size: (usize, usize), color: [u8; 3]) {
        self.origin.set_body(path, "image/png", pictures::encode_png(&Rgb::from_fn(size.0, size.1, |_, _| color)));
    }

    async fn get(&self, target: &str) -> Answer {
        let answer = self.server.client().get(target).await.unwrap();
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answer
    }

    /// The colour of the mark, and whether the picture was a hit.
    async fn mark(&self) -> ([u8; 3], bool) {
        let answer = self.get(MARKED).await;
        let color = pixel(&pictures::decode(&answer.body).unwrap(), 190, 90);
        (color, answer.header("cache-status").contains("; hit"))
    }

    async fn is_hit(&self, target: &str) -> bool {
        self.get(target).await.header("cache-status").contains("; hit")
    }

    async fn purge(&self, body: Value) -> Value {
        let bearer = format!("Bearer {KEY}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = body.to_string();
        let mut control = self.server.control_client();
        let answer = control.send("POST", "/v1/purges", &headers, body.as_bytes()).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }
}

#[tokio::test]
async fn after_its_watermark_was_purged_a_picture_is_kept_though_its_master_was_spared() {
    let world = World::start("");
    world.put("/a.png", (400, 200), BLUE);
    world.put("/logo.png", (40, 40), RED);
    assert_eq!(world.mark().await, (RED, false));
    assert_eq!(world.mark().await, (RED, true));
    for target in [json!({"master": "shop/logo.png"}), json!({"dependency": "shop/logo.png"})] {
        world.put("/logo.png", (40, 40), GREEN);
        world.purge(json!({"targets": [target.clone()]})).await;
        assert_eq!(world.mark().await, (GREEN, false), "{target}");
        assert_eq!(world.mark().await, (GREEN, true), "{target}: made once");
    }
    assert_eq!(world.origin.requests("/a.png"), 1, "nothing named the master");
}

#[tokio::test]
async fn after_a_purge_of_a_format_its_pictures_are_kept_and_a_refresh_ends() {
    let world = World::start("");
    world.origin.set_version("/a.png", 1);
    world.get(PLAIN).await;
    world.purge(json!({"targets": [{"tag": "format:webp"}]})).await;
    assert!(!world.is_hit(PLAIN).await);
    assert!(world.is_hit(PLAIN).await, "made once");
    let stored = json!({"targets": [{"tag": "format:webp"}], "dry_run": true});
    support::eventually("it is on disk", async || {
        world.purge(stored.clone()).await["derivatives"]["entries"].as_u64() == Some(1)
    })
    .await;
    let purge = world.purge(json!({"targets": [{"tag": "format:webp"}], "mode": "refresh"})).await;
    let path = format!("/v1/purges/{}", purge["id"].as_str().unwrap());
    let bearer = format!("Bearer {KEY}");
    support::eventually("it is refreshed", async || {
        let headers = [("authorization", bearer.as_str())];
        let answer = world.server.control_client().get_with(&path, &headers).await.unwrap();
        !serde_json::from_slice::<Value>(&answer.body).unwrap()["refreshed_at"].is_null()
    })
    .await;
    assert!(world.is_hit(PLAIN).await);
    assert_eq!(world.origin.requests("/a.png"), 1, "the master was spared");
}

#[tokio::test]
async fn a_part_that_was_redirected_goes_with_the_name_it_was_redirected_to() {
    let world = World::start("");
    world.put("/a.png", (400, 200), BLUE);
    world.put("/v1.png", (40, 40), RED);
    world.origin.redirect("/logo.png", 302, "/v1.png");
    assert_eq!(world.mark().await, (RED, false));
    world.put("/v1.png", (40, 40), GREEN);
    world.purge(json!({"targets": [{"dependency": "shop/v1.png"}]})).await;
    assert_eq!(world.mark().await, (GREEN, false));
    assert_eq!(world.mark().await, (GREEN, true));
}

#[tokio::test]
async fn a_tag_that_only_a_304_brought_takes_the_picture() {
    let world = World::start("");
    world.origin.set_version("/a.png", 1);
    world.get(PLAIN).await;
    world.origin.set_header("/a.png", "surrogate-key", "summer");
    world.purge(json!({"targets": [{"master": "shop/a.png"}], "mode": "soft"})).await;
    support::eventually("it was asked for again", async || {
        world.get(PLAIN).await;
        world.origin.requests("/a.png") == 2 && world.is_hit(PLAIN).await
    })
    .await;
    let sent = world.origin.last_headers("/a.png").unwrap();
    assert!(sent.contains_key("if-none-match"), "the origin answered 304");
    // The origin was asked before what it answered is stored; until then the old entry is a hit.
    support::eventually("the picture bears the tag", async || {
        let seen = world.purge(json!({"targets": [{"tag": "summer"}], "dry_run": true})).await;
        seen["derivatives"]["entries"].as_u64() == Some(1)
    })
    .await;
    world.purge(json!({"targets": [{"tag": "summer"}]})).await;
    assert!(!world.is_hit(PLAIN).await);
}

#[tokio::test]
async fn what_a_purge_has_overtaken_is_for_nobody_to_keep() {
    let world = World::start("[cache]\nbrowser_time = \"1h\"\n");
    world.origin.set_version("/a.png", 1);
    let keeps = |answer: &Answer| {
        let (browser, edge) =
            (answer.header("cache-control").to_owned(), answer.header("cdn-cache-control").to_owned());
        (browser, edge)
    };
    // It waited before the purge, so it may have the old picture; a cache in front may not.
    let hold = world.origin.hold("/a.png", At::MidBody);
    let mut client = world.server.client();
    let waits = tokio::spawn(async move { client.get(PLAIN).await.unwrap() });
    hold.arrived(1).await;
    world.purge(json!({"targets": [{"master": "shop/a.png"}]})).await;
    hold.release();
    let doomed = waits.await.unwrap();
    assert!(doomed.header("cache-status").contains("purged-in-flight"), "{}", doomed.header("cache-status"));
    assert_eq!(keeps(&doomed), ("no-store".to_owned(), "no-store".to_owned()));

    let fresh = world.get(PLAIN).await;
    assert_eq!(keeps(&fresh), ("public, max-age=3600".to_owned(), "max-age=31536000".to_owned()));
    let hold = world.origin.hold("/a.png", At::Headers);
    world.purge(json!({"targets": [{"master": "shop/a.png"}], "mode": "soft"})).await;
    let stale = world.get(PLAIN).await;
    assert!(stale.header("cache-status").contains("detail=stale"), "{}", stale.header("cache-status"));
    assert_eq!(keeps(&stale), ("no-store".to_owned(), "no-store".to_owned()));
    hold.release();
}

#[tokio::test]
async fn without_its_watermark_a_picture_is_a_stopgap_for_everybody() {
    let world = World::start("[cache]\nbrowser_time = \"1h\"\nerror_time = \"7s\"\n");
    world.put("/a.png", (400, 200), BLUE);
    let answer = world.get(MARKED).await;
    assert_eq!(answer.header("cdn-cache-control"), "max-age=7");
    assert_eq!(answer.header("cache-control"), "public, no-cache");
}
