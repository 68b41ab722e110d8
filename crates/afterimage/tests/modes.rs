//! Soft purge, refresh, takedown, dry run and every selector, through the native API, on the real binary.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use serde_json::{Value, json};
use support::{KEY, Server};
use testkit::http::Answer;
use testkit::origin::VersionedOrigin;
use testkit::pictures;

struct World {
    _all: tempfile::TempDir,
    origin: VersionedOrigin,
    server: Server,
}

impl World {
    fn start() -> World {
        let all = tempfile::tempdir().unwrap();
        let origin = VersionedOrigin::start();
        let server = Server::web(&support::binary(), &origin.base(), &all.path().join("data"), "");
        World { _all: all, origin, server }
    }

    async fn get(&self, target: &str) -> Answer {
        self.server.client().get(target).await.unwrap()
    }

    async fn version(&self, target: &str) -> (u32, String) {
        let answer = self.get(target).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        (pictures::read_version(&answer.body).unwrap(), answer.header("cache-status").to_owned())
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let bearer = format!("Bearer {KEY}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.server.control_client().send(method, path, &headers, &body).await.unwrap();
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    async fn purge(&self, body: Value) -> Value {
        let (status, answer) = self.call("POST", "/v1/purges", body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }
}

fn of(path: &str) -> String {
    format!("/imgix/{path}?w=160&h=80&fit=crop&fm=png")
}

#[tokio::test]
async fn soft_serves_the_old_picture_while_the_new_one_is_made() {
    let world = World::start();
    world.origin.set_version("/a.png", 1);
    assert_eq!(world.version(&of("a.png")).await.0, 1);
    world.origin.set_version("/a.png", 2);
    let hold = world.origin.hold("/a.png", testkit::origin::At::Headers);
    world.purge(json!({"targets": [{"master": "shop/a.png"}], "mode": "soft"})).await;
    let (version, status) = world.version(&of("a.png")).await;
    assert_eq!(version, 1);
    assert!(status.contains("detail=stale"), "{status}");
    hold.release();
    support::eventually("the refresh ends", async || world.version(&of("a.png")).await.0 == 2).await;
    // A hard purge ends it: nothing stale is served, however long the origin takes.
    world.origin.set_version("/a.png", 3);
    world.purge(json!({"targets": [{"master": "shop/a.png"}], "mode": "soft"})).await;
    world.purge(json!({"targets": [{"master": "shop/a.png"}]})).await;
    assert_eq!(world.version(&of("a.png")).await.0, 3);
}

#[tokio::test]
async fn a_refresh_makes_new_pictures_before_anybody_asks() {
    let world = World::start();
    world.origin.set_version("/a.png", 1);
    let targets = support::derivatives("a.png");
    for target in &targets {
        assert_eq!(world.version(target).await.0, 1);
    }
    support::eventually("all are on disk", async || {
        let (_, seen) = world.call("POST", "/v1/purges", json!({"targets": [{"all": true}], "dry_run": true})).await;
        // The four dialects mean the same five.
        seen["derivatives"]["entries"].as_u64().is_some_and(|n| n >= 5)
    })
    .await;
    world.origin.set_version("/a.png", 2);
    let purge = world.purge(json!({"targets": [{"master": "shop/a.png"}], "mode": "refresh"})).await;
    let path = format!("/v1/purges/{}", purge["id"].as_str().unwrap());
    support::eventually("it is refreshed", async || {
        !world.call("GET", &path, Value::Null).await.1["refreshed_at"].is_null()
    })
    .await;
    for target in &targets {
        let (version, status) = world.version(target).await;
        assert_eq!(version, 2, "{target}");
        assert!(status.contains("; hit"), "{target}: {status}");
    }
}

#[tokio::test]
async fn a_takedown_refuses_until_it_is_lifted_and_outlives_a_restart() {
    let world = World::start();
    world.origin.set_version("/a.png", 1);
    world.origin.set_version("/logo.png", 1);
    let marked = format!("{}&mark=/logo.png", of("b.png"));
    world.origin.set_version("/b.png", 1);
    assert_eq!(world.version(&of("a.png")).await.0, 1);
    world.get(&marked).await;
    let taken = world
        .purge(json!({"targets": [{"master": "shop/a.png"}, {"master": "shop/logo.png"}], "mode": "takedown",
                      "reason": "claim 7"}))
        .await;
    let asked = world.origin.total_requests();
    for target in [of("a.png"), marked.clone(), of("logo.png"), "/imagekit/tr:w-300/a.png".into()] {
        let answer = world.get(&target).await;
        assert_eq!(answer.status, 451, "{target}: {}", answer.text());
        assert!(answer.text().contains("claim 7"), "{}", answer.text());
        assert!(answer.header("cache-control").contains("no-store"), "{:?}", answer.headers);
    }
    assert_eq!(world.version(&of("b.png")).await.0, 1, "without the mark it stays");
    assert!(world.origin.requests("/a.png") == 1 && world.origin.total_requests() <= asked + 1, "it is not fetched");

    let World { _all, origin, server } = world;
    let data = _all.path().join("data");
    server.stop();
    let server = Server::web(&support::binary(), &origin.base(), &data, "");
    let world = World { _all, origin, server };
    assert_eq!(world.get(&of("a.png")).await.status, 451, "after a restart");

    let path = format!("/v1/takedowns/{}", taken["id"].as_str().unwrap());
    let (status, lifted) = world.call("DELETE", &path, Value::Null).await;
    assert_eq!(status, 200, "{lifted}");
    assert_eq!(world.version(&of("a.png")).await.0, 1);
    assert_eq!(world.call("DELETE", &path, Value::Null).await.0, 404, "it is lifted once");
}

#[tokio::test]
async fn each_selector_takes_what_it_names_and_a_dry_run_takes_nothing() {
    let world = World::start();
    for path in ["x/a.png", "x/b.png", "y/a.png", "y/deep/a.png"] {
        world.origin.set_version(&format!("/{path}"), 1);
    }
    world.origin.set_header("/y/a.png", "surrogate-key", "summer sale");
    world.origin.set_header("/y/deep/a.png", "cache-groups", "\"summer\"");
    let all = ["x/a.png", "x/b.png", "y/a.png", "y/deep/a.png"];
    let webp = "/imgix/x/a.png?w=160&h=80&fit=crop&fm=webp";
    for (target, taken) in [
        (json!({"prefix": "shop/x/"}), vec!["x/a.png", "x/b.png"]),
        (json!({"prefix": "shop/x/a"}), vec!["x/a.png"]),
        (json!({"glob": "shop/*/a.png"}), vec!["x/a.png", "y/a.png"]),
        (json!({"glob": "shop/**/a.png"}), vec!["x/a.png", "y/a.png", "y/deep/a.png"]),
        (json!({"tag": "summer"}), vec!["y/a.png", "y/deep/a.png"]),
        (json!({"tag": "sale", "source": "shop"}), vec!["y/a.png"]),
        (json!({"derivative": of("x/b.png")}), vec!["x/b.png"]),
        (json!({"source": "shop"}), all.to_vec()),
        (json!({"all": true}), all.to_vec()),
    ] {
        for path in all {
            world.get(&of(path)).await;
        }
        let asked = world.origin.total_requests();
        let (status, seen) =
            world.call("POST", "/v1/purges", json!({"targets": [target.clone()], "dry_run": true})).await;
        assert_eq!((status, seen["dry_run"].as_bool()), (200, Some(true)), "{target}: {seen}");
        for path in all {
            assert!(world.version(&of(path)).await.1.contains("; hit"), "{target}: a dry run takes nothing: {path}");
        }
        world.purge(json!({"targets": [target.clone()]})).await;
        for path in all {
            let (_, status) = world.version(&of(path)).await;
            assert_eq!(!status.contains("; hit"), taken.contains(&path), "{target}: {path}: {status}");
        }
        assert_eq!(world.origin.total_requests() - asked, taken.len() as u64, "{target}: masters are fetched anew");
    }
    // A built-in tag takes what was made so, and spares the masters.
    world.get(webp).await;
    world.get(&of("x/a.png")).await;
    let asked = world.origin.total_requests();
    world.purge(json!({"targets": [{"tag": "format:webp"}]})).await;
    assert!(!world.version(webp).await.1.contains("; hit"));
    assert!(world.version(&of("x/a.png")).await.1.contains("; hit"));
    assert_eq!(world.origin.total_requests(), asked, "the master is not fetched again");
}

#[tokio::test]
async fn erased_is_reported_after_effective() {
    let world = World::start();
    world.origin.set_version("/a.png", 1);
    world.version(&of("a.png")).await;
    let purge = world.purge(json!({"targets": [{"master": "shop/a.png"}], "wait": "erased", "deadline": 60})).await;
    assert_eq!(purge["state"], "erased", "{purge}");
    assert!(purge["erased_at"].is_string(), "{purge}");
}
