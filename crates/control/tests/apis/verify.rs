//! Purges held against what the origin has and what is served.

use std::time::Duration;

use engine::VerifyLimits;
use ledger::{KeyRole, Scope};
use serde_json::{Value, json};
use testkit::origin::{At, Failure, VersionedOrigin};
use testkit::pictures;

use crate::world::{BEARER, World};

async fn purge(world: &World, targets: Value, mode: &str) -> String {
    let body = json!({ "targets": targets, "mode": mode }).to_string();
    let answer = world.call("POST", "/v1/purges", &[("authorization", BEARER)], body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn verify(world: &World, id: &str) -> Value {
    let answer = world.call("POST", &format!("/v1/purges/{id}/verify"), &[("authorization", BEARER)], "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn ask(world: &World, target: &str) -> Option<u32> {
    let ask = engine::Ask {
        host: "localhost",
        target,
        accept: plan::AcceptClass::Basic,
        hints: dialect::Hints::NONE,
        trusted: true,
    };
    let reply = world.engine.get(&world.engine.resolve(ask).unwrap()).await.unwrap();
    reply.entry.body().map(|bytes| pictures::read_version(bytes).unwrap())
}

#[track_caller]
fn check(told: &Value, verified: bool, fields: Value) {
    assert_eq!(told["verified"], verified, "{told}");
    for (name, value) in fields.as_object().unwrap() {
        assert_eq!(&told["checked"][0][name], value, "{name} of {told}");
    }
}

/// The picture is replaced and purged: what is served is made from what the origin has. Then it is replaced behind our back.
#[tokio::test]
async fn what_is_served_beside_what_the_origin_has() {
    let origin = VersionedOrigin::start();
    origin.set_version("/a.png", 1);
    let world = World::with_origin(&origin.url("/"));
    for (said, target) in [
        (json!({ "url": "/cloudimage/a.png" }), "/cloudimage/a.png"),
        (json!({ "master": "web/a.png" }), "/imgix/a.png"),
        (json!({ "derivative": "/imgix/a.png?fm=png" }), "/imgix/a.png?fm=png"),
        (json!({ "url": origin.url("/a.png") }), "/imgix/a.png"),
    ] {
        ask(&world, target).await;
        let version = origin.bump("/a.png");
        let id = purge(&world, json!([said]), "hard").await;
        let before = origin.requests("/a.png");
        let told = verify(&world, &id).await;
        check(&told, true, json!({ "same": true, "newer": true, "status": 200 }));
        let checked = &told["checked"][0];
        assert_eq!(
            (&checked["origin_digest"], checked["origin_digest"].as_str().map(str::len)),
            (&checked["served_digest"], Some(64))
        );
        assert!(
            checked["stamp"].as_u64() >= checked["position"].as_u64()
                && checked["url"].as_str().unwrap().starts_with("http"),
            "{told}"
        );
        assert_eq!(origin.requests("/a.png") - before, 2, "once past every cache, once as for anybody: {said}");
        assert_eq!(ask(&world, target).await, Some(version), "{said}");

        let before = origin.requests("/a.png");
        origin.bump("/a.png");
        let told = verify(&world, &id).await;
        check(&told, false, json!({ "same": false, "newer": true, "status": 200 }));
        assert!(told["checked"][0]["detail"].as_str().unwrap().contains("changed after this purge"), "{told}");
        assert_eq!(origin.requests("/a.png") - before, 1, "a hit is a hit: {said}");
        purge(&world, json!([{ "all": true }]), "hard").await;
    }
}

#[tokio::test]
async fn what_the_origin_lacks_or_does_not_tell() {
    let origin = VersionedOrigin::start();
    origin.set_version("/a.png", 1);
    let world = World::with_origin(&origin.url("/"));
    let url = "/cloudimage/a.png";
    ask(&world, url).await;
    origin.remove("/a.png");
    let id = purge(&world, json!([{ "url": url }]), "hard").await;
    check(
        &verify(&world, &id).await,
        true,
        json!({ "status": 404, "origin_digest": null, "served_digest": null, "same": null }),
    );
    origin.fail("/a.png", Some(Failure::Status(500)));
    let before = origin.requests("/a.png");
    let told = verify(&world, &id).await;
    check(&told, false, json!({ "status": null, "same": null }));
    assert!(told["checked"][0]["detail"].as_str().unwrap().contains("origin"), "{told}");
    assert_eq!(origin.requests("/a.png") - before, 1, "tried once");
    // What names no one thing cannot be compared.
    let id = purge(&world, json!([{ "source": "web" }, { "prefix": "web/x" }, { "tag": "red" }]), "hard").await;
    assert_eq!(verify(&world, &id).await, json!({ "verified": false, "checked": [] }));
    // Twenty, and no more.
    let many: Vec<Value> = (0..25).map(|n| json!({ "url": format!("/cloudimage/missing-{n}.png") })).collect();
    let id = purge(&world, json!(many), "hard").await;
    let told = verify(&world, &id).await;
    assert_eq!((told["checked"].as_array().unwrap().len(), &told["verified"]), (20, &json!(true)), "{told}");
}

#[tokio::test]
async fn takedowns_are_refusals_until_they_are_lifted() {
    let world = World::with_disk();
    world.write("cat.png", pictures::png("cat.png", 1));
    ask(&world, "/imgix/cat.png").await;
    let body = json!({ "targets": [{ "master": "local/cat.png" }], "mode": "takedown", "status": 410 }).to_string();
    let answer = world.call("POST", "/v1/purges", &[("authorization", BEARER)], body).await;
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let told = verify(&world, &id).await;
    check(&told, true, json!({ "status": 410, "newer": true, "same": null, "origin_digest": null }));
    world.call("DELETE", &format!("/v1/takedowns/{id}"), &[("authorization", BEARER)], "").await;
    check(&verify(&world, &id).await, true, json!({ "status": 200, "same": true }));
}

/// A folder too is read past what is cached of it, also where the purge was soft and a stale copy is served.
#[tokio::test]
async fn folders_and_stale_copies() {
    let world = World::with_disk();
    world.write("cat.png", pictures::png("cat.png", 1));
    ask(&world, "/imgix/cat.png?fm=png").await;
    world.write("cat.png", pictures::png("cat.png", 2));
    let id = purge(&world, json!([{ "derivative": "/imgix/cat.png?fm=png" }]), "hard").await;
    check(&verify(&world, &id).await, true, json!({ "same": true }));
    world.write("cat.png", pictures::png("cat.png", 3));
    check(&verify(&world, &id).await, false, json!({ "same": false }));
}

fn within(one: u64, all: u64) -> engine::Settings {
    let (one_within, all_within) = (Duration::from_millis(one), Duration::from_millis(all));
    let verify = VerifyLimits { one_within, all_within, ..VerifyLimits::default() };
    engine::Settings { origin_fetches: 1, verify, ..engine::Settings::default() }
}

const LONG: u64 = 3_600_000;

/// An origin that does not answer, or not in full, costs a check its time and no more, and the fetch is given up.
#[tokio::test]
async fn an_origin_that_does_not_answer_in_time() {
    for at in [At::Headers, At::MidBody] {
        let origin = VersionedOrigin::start();
        origin.set_version("/a.png", 1);
        let world = World::with_settings(&origin.url("/"), within(200, LONG));
        let id = purge(&world, json!([{ "master": "web/a.png" }]), "hard").await;
        let hold = origin.hold("/a.png", at);
        let told = verify(&world, &id).await;
        check(&told, false, json!({ "status": null, "origin_digest": null, "same": null, "good": false }));
        check(&told, false, json!({ "detail": "the origin took too long" }));
        assert_eq!((hold.count(), origin.requests("/a.png")), (1, 1), "{at:?}: the cache was not asked after it");
        // Its turn is free again, for the one fetch at a time that there may be.
        hold.release();
        assert_eq!(ask(&world, "/imgix/a.png").await, Some(1), "{at:?}");
    }
}

/// Where all turns at the origin are taken, a check waits no longer than it may, and asks for nothing.
#[tokio::test]
async fn no_turn_at_the_origin_in_time() {
    let origin = VersionedOrigin::start();
    for path in ["/a.png", "/b.png"] {
        origin.set_version(path, 1);
    }
    let world = World::with_settings(&origin.url("/"), within(200, LONG));
    let id = purge(&world, json!([{ "master": "web/a.png" }]), "hard").await;
    let hold = origin.hold("/b.png", At::Headers);
    let (client, told) = tokio::join!(ask(&world, "/imgix/b.png"), async {
        hold.arrived(1).await;
        let told = verify(&world, &id).await;
        hold.release();
        told
    });
    check(&told, false, json!({ "status": null, "detail": "no turn at the origin came in time" }));
    assert_eq!((client, origin.requests("/a.png")), (Some(1), 0));
}

/// The original comes at once, and the answer to a client does not: an overlay of it is slow.
#[tokio::test]
async fn an_answer_that_is_not_made_in_time() {
    let origin = VersionedOrigin::start();
    for path in ["/a.png", "/b.png"] {
        origin.set_version(path, 1);
    }
    // Long enough for one fetch of a small picture from this very machine.
    let world = World::with_settings(&origin.url("/"), within(2_000, LONG));
    let url = "/imgix/a.png?w=300&mark=%2Fb.png";
    let id = purge(&world, json!([{ "derivative": url }]), "hard").await;
    let hold = origin.hold("/b.png", At::Headers);
    let told = verify(&world, &id).await;
    check(&told, false, json!({ "status": null, "served_digest": null, "same": null, "good": false }));
    check(&told, false, json!({ "detail": "the answer took too long" }));
    assert_eq!(told["checked"][0]["origin_digest"].as_str().map(str::len), Some(64), "{told}");
    assert_eq!(hold.count(), 1);
}

/// All together take no longer than they may: what comes after is told of, and not fetched.
#[tokio::test]
async fn what_is_not_checked_for_want_of_time() {
    let origin = VersionedOrigin::start();
    let world = World::with_settings(&origin.url("/"), within(LONG, 200));
    let targets = ["a", "b", "c"].map(|name| json!({ "master": format!("web/{name}.png") }));
    let id = purge(&world, json!(targets), "hard").await;
    let hold = origin.hold("/a.png", At::Headers);
    let told = verify(&world, &id).await;
    check(&told, false, json!({ "detail": "the origin took too long" }));
    assert_eq!(told["checked"].as_array().unwrap().len(), 3);
    for (checked, name) in told["checked"].as_array().unwrap()[1..].iter().zip(["web/b.png", "web/c.png"]) {
        assert_eq!(checked["detail"], "not checked: those before it took all the time", "{told}");
        assert_eq!((&checked["url"], &checked["good"]), (&json!(name), &json!(false)));
    }
    assert_eq!((hold.count(), origin.total_requests()), (1, 1));
}

#[tokio::test]
async fn who_may_verify() {
    let world = World::with_disk();
    let id = purge(&world, json!([{ "master": "local/cat.jpg" }]), "hard").await;
    let make = |name: &str, roles: &[KeyRole]| {
        let scope = Scope { roles: roles.to_vec(), ..Scope::everything_on(&[]) };
        format!("Bearer {}", world.keys().issue(name, &scope).unwrap())
    };
    for (key, path, status, code) in [
        (String::new(), id.as_str(), 401, "no-key"),
        (make("reader", &[KeyRole::Read]), &id, 403, "not-allowed"),
        (make("purger", &[KeyRole::Purge]), &id, 404, "no-such-purge"),
        (BEARER.to_owned(), "2b1c8a4e-6f0d-4c59-9a55-0d9b7c1f2e3a", 404, "no-such-purge"),
        (make("admin", &[KeyRole::Admin]), &id, 200, ""),
    ] {
        let path = format!("/v1/purges/{path}/verify");
        let answer = world.call("POST", &path, &[("authorization", &key)], "").await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.json()["code"].as_str().unwrap_or_default(), code);
    }
}
