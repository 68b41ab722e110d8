//! What a purge may be beyond hard: modes, dry runs, waiting, lists, events, takedowns.

use std::time::Duration;

use axum::body::Body;
use engine::Event;
use http::Request;
use http_body_util::BodyExt;
use plan::{BodyId, DerivativeKey};
use purge::{Catalogue, Count, Mode, Place, Progress, PurgeId, Records, Role, Row, Tier};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{BEARER, IMGIX_KEY, World};

const AUTH: [(&str, &str); 1] = [("authorization", BEARER)];

async fn purge(world: &World, body: Value) -> Value {
    let answer = world.call("POST", "/v1/purges", &AUTH, body.to_string()).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.text);
    answer.json()
}

#[tokio::test]
async fn every_mode_and_every_selector() {
    let world = World::new();
    for (mode, terms) in [
        ("hard", json!({})),
        ("soft", json!({})),
        ("takedown", json!({ "status": 410, "reason": "order 7", "expires_in": 3600 })),
        ("takedown", json!({ "expires_at": "2200-01-01T00:00:00+01:00" })),
    ] {
        let mut body = json!({ "mode": mode, "targets": [
            { "master": "local/cat.jpg" }, { "dependency": "local/dog.jpg" }, { "dependency": "/imgix/dog.jpg" },
            { "glob": "local/dir/*.jpg" }, { "tag": "red" }, { "tag": "format:webp", "source": "local" },
        ] });
        body.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        let purged = purge(&world, body).await;
        let record = world.newest();
        assert_eq!((purged["mode"].as_str(), record.mode.name()), (Some(mode), mode));
        let kinds: Vec<&str> = record.targets.iter().map(|target| target.selectors[0].kind()).collect();
        assert_eq!(kinds, ["master", "dependency", "dependency", "glob", "tag", "tag"]);
        assert_eq!(record.terms.is_some(), record.mode == Mode::Takedown);
        let status = purged["takedown"]["status"].as_u64();
        assert_eq!(status, record.terms.as_ref().map(|terms| terms.status.status().into()));
    }
    assert_eq!(world.newest().terms.unwrap().expires_at, Some(7_258_114_800_000));
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let world = World::new();
    let row = |n: u8, master: &str, size: u64| Row {
        key: DerivativeKey([n; 16]),
        body: BodyId([n; 16]),
        place: Place { segment: 1, offset: 0, length: size },
        stamp: world.now(),
        exact: None,
        dependencies: vec![(world.master(master), Role::Main)],
        content_type: "image/webp".into(),
        size,
        url: format!("/imgix/{master}?w={n}"),
        stored_at: 1_700_000_000,
        last_used: 1_700_000_000,
        labels: Vec::new(),
        recipe: 1,
        data_key: None,
    };
    let derivatives = [row(1, "cat.jpg", 10), row(2, "cat.jpg", 20), row(3, "dog.jpg", 40)];
    world.catalogue.put(Tier::Derivatives, &derivatives).unwrap();
    world.catalogue.put(Tier::Masters, &[row(4, "cat.jpg", 100)]).unwrap();
    let body = json!({ "targets": [{ "master": "local/cat.jpg" }], "dry_run": true, "idempotency_key": "k" });
    let (before, foreseen) = (world.now(), purge(&world, body).await);
    assert_eq!((&foreseen["dry_run"], &foreseen["derivatives"]), (&json!(true), &json!({ "entries": 2, "bytes": 30 })));
    assert_eq!(foreseen["masters"], json!({ "entries": 1, "bytes": 100 }));
    let sample = &foreseen["samples"][0];
    assert_eq!(
        (&sample["content_type"], &sample["stored_at"]),
        (&json!("image/webp"), &json!("2023-11-14T22:13:20.000Z"))
    );
    assert_eq!(foreseen["targets"][0]["said"], "local/cat.jpg");
    assert!(world.records().is_empty() && !world.is_purged(before, "cat.jpg"));
    // It does not use up the idempotency key either.
    let meant = json!({ "targets": [{ "master": "local/dog.jpg" }], "idempotency_key": "k" });
    assert!(purge(&world, meant).await["id"].is_string());
}

#[tokio::test]
async fn waiting_ends_with_the_state_or_the_deadline() {
    let world = World::new();
    let cat = json!({ "targets": [{ "master": "local/cat.jpg" }] }).to_string();
    let late = world.call("POST", "/v1/purges?wait=erased&deadline=1", &AUTH, cat.clone()).await;
    assert_eq!((late.status, &late.json()["state"]), (202, &json!("effective")));
    assert_eq!(world.call("POST", "/v1/purges?wait=effective", &AUTH, cat.clone()).await.status, 200);

    let waits = world.call("POST", "/v1/purges?wait=erased&deadline=300", &AUTH, cat);
    let erases = async {
        while world.records().len() < 3 {
            tokio::task::yield_now().await;
        }
        erase(&world);
    };
    let (answer, ()) = tokio::join!(waits, erases);
    let body = answer.json();
    assert_eq!((answer.status, &body["state"]), (200, &json!("erased")), "{body}");
    assert_eq!(body["erased"]["derivatives"], json!({ "entries": 2, "bytes": 30 }));
    let listed = world.call("GET", "/v1/purges?state=erased", &AUTH, "").await.json();
    assert_eq!(listed["purges"].as_array().unwrap().len(), 1);
}

/// What the sweep does when the newest purge's bytes are gone.
fn erase(world: &World) {
    let record = world.newest();
    let derivatives = Count { entries: 2, bytes: 30 };
    let at = record.accepted_at;
    let progress = Progress { effective_at: at, erased_at: Some(at + 1), derivatives, ..Progress::default() };
    world.log.note(&[(record.position, progress)]).unwrap();
    world.engine.tell(Event::Erased(record.into(), progress));
}

#[tokio::test]
async fn events_begin_with_the_state_and_end_with_the_erasure() {
    let world = World::new();
    let purged = purge(&world, json!({ "targets": [{ "master": "local/cat.jpg" }] })).await;
    let path = format!("/v1/purges/{}/events", purged["id"].as_str().unwrap());
    let open = |path: String| {
        let request = Request::get(path).header("authorization", BEARER).body(Body::empty()).unwrap();
        world.router().oneshot(request)
    };
    let one = open(path.clone()).await.unwrap();
    assert_eq!(one.headers()["content-type"], "text/event-stream");
    let mut all = open("/v1/events".into()).await.unwrap().into_body();
    let first = all.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"id: 1\nevent: state\ndata: {\"head\":1"), "{first:?}");
    erase(&world);
    let text = one.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(text.to_vec()).unwrap();
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names, ["effective", "erased"], "{text}");
    let second = all.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(second.starts_with(b"id: 2\nevent: erased\n"), "{second:?}");
    // What is over ends at once.
    let over = open(path).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    assert!(over.starts_with(b"id: 1\nevent: erased\n"));
    world.plane.stop();
    let end = tokio::time::timeout(Duration::from_secs(30), all.frame()).await.unwrap();
    assert!(end.is_none(), "a stream ends when the server stops");
}

#[tokio::test]
async fn lists_are_filtered() {
    let world = World::new();
    purge(&world, json!({ "targets": [{ "master": "local/cat.jpg" }], "mode": "soft" })).await;
    purge(&world, json!({ "targets": [{ "prefix": "local/dir/" }] })).await;
    purge(&world, json!({ "targets": [{ "tag": "red" }], "mode": "takedown" })).await;
    for (query, want) in [
        ("mode=soft", vec![1]),
        ("kind=prefix", vec![2]),
        ("search=CAT", vec![1]),
        ("via=native&limit=2", vec![3, 2]),
        ("via=imgix", vec![]),
        ("actor=everything&before=3", vec![2, 1]),
        ("actor=nobody", vec![]),
        ("since=2200-01-01T00:00:00Z", vec![]),
        ("until=2200-01-01T00:00:00Z&mode=hard", vec![2]),
        ("state=effective", vec![3, 2, 1]),
    ] {
        let answer = world.call("GET", &format!("/v1/purges?{query}"), &AUTH, "").await;
        let body = answer.json();
        let got: Vec<u64> =
            body["purges"].as_array().unwrap().iter().map(|p| p["position"].as_u64().unwrap()).collect();
        assert_eq!(got, want, "{query}");
    }
    for query in ["mode=x", "state=x", "via=x", "kind=x", "since=x"] {
        assert_eq!(world.call("GET", &format!("/v1/purges?{query}"), &AUTH, "").await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn takedowns_are_listed_and_lifted() {
    let world = World::new();
    let taken = purge(&world, json!({ "targets": [{ "master": "local/cat.jpg" }], "mode": "takedown" })).await;
    let path = format!("/v1/takedowns/{}", taken["id"].as_str().unwrap());
    let list = async |query: &str| {
        let body = world.call("GET", &format!("/v1/takedowns{query}"), &AUTH, "").await.json();
        body["takedowns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t["state"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(list("").await, ["holds"]);
    let bound = format!("Bearer {IMGIX_KEY}");
    assert_eq!(world.call("DELETE", &path, &[("authorization", &bound)], "").await.status, 404, "another key's");
    let lifted = world.call("DELETE", &path, &AUTH, "").await;
    assert_eq!((lifted.status, &lifted.json()["lifted"]["actor"]), (200, &json!("everything")), "{}", lifted.text);
    assert_eq!(world.call("DELETE", &path, &AUTH, "").await.status, 404, "lifted once");
    assert_eq!((list("").await.len(), list("?all=1").await), (0, vec!["lifted".to_owned()]));
    let unknown = format!("/v1/takedowns/{}", PurgeId(5));
    assert_eq!(world.call("DELETE", &unknown, &AUTH, "").await.status, 404);
}

#[tokio::test]
async fn the_invalidation_drafts_format() {
    let world = World::new();
    let (cat, dog, a, b) = ("cat.jpg", "dog.jpg", "dir/a.jpg", "dir/b.jpg");
    let web = "//shop.example/media/x.jpg";
    for (body, status, purged, fresh) in [
        (
            json!({ "type": "uri", "selectors": ["https://shop.example/media/x.jpg"], "other": 1 }),
            200,
            &[web][..],
            &[cat][..],
        ),
        (json!({ "type": "uri", "selectors": ["http://localhost/imgix/cat.jpg?w=3"] }), 200, &[], &[cat, dog]),
        (
            json!({ "type": "uri-prefix", "selectors": ["http://localhost/imgix/dir"] }),
            200,
            &[a, b],
            &[cat, "dirty.jpg"],
        ),
        (json!({ "type": "uri-prefix", "selectors": ["https://SHOP.example:443/media"] }), 200, &[web], &[cat]),
        (json!({ "type": "origin", "selectors": ["https://shop.example:443"] }), 200, &[web], &[cat]),
        (json!({ "type": "origin", "selectors": ["https://img.example:443"] }), 200, &[cat, a], &[web]),
        (json!({ "type": "group", "selectors": ["https://img.example:443"], "groups": ["red"] }), 200, &[], &[cat]),
        (json!({ "type": "regex", "selectors": ["x"] }), 501, &[], &[cat]),
        (json!({ "type": "uri-prefix", "selectors": ["http://localhost/imageboss/local"] }), 501, &[], &[cat]),
        (json!({ "type": "uri", "selectors": ["https://elsewhere.example/a"] }), 400, &[], &[cat]),
        (json!({ "type": "uri", "selectors": [] }), 400, &[], &[cat]),
        (json!({ "type": "uri" }), 400, &[], &[cat]),
        (json!({ "type": "group", "selectors": ["https://img.example:443"] }), 400, &[], &[cat]),
    ] {
        let before = world.now();
        let answer = world.call("POST", "/v1/invalidate", &AUTH, body.to_string()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        world.expect(before, purged, fresh, &body.to_string());
        if status == 200 {
            assert_eq!(world.newest().via, purge::Via::Invalidation);
        }
    }
    let bound = format!("Bearer {IMGIX_KEY}");
    let body = json!({ "type": "uri", "selectors": ["http://localhost/imagekit/cat.jpg"] }).to_string();
    assert_eq!(world.call("POST", "/v1/invalidate", &[("authorization", &bound)], body).await.status, 403);
}

#[tokio::test]
async fn one_invalidation_names_a_thousand_things_at_most() {
    let world = World::new();
    let groups = |many: usize| (0..many).map(|n| format!("g{n}")).collect::<Vec<_>>();
    let origin = "https://img.example:443";
    let many: Vec<String> = (0..1001).map(|n| format!("https://img.example/{n}.jpg")).collect();
    for (body, status, parameter) in [
        (json!({ "type": "group", "selectors": [origin], "groups": groups(1000) }), 200, ""),
        (
            json!({ "type": "group", "selectors": [origin, "https://img.example"], "groups": groups(501) }),
            400,
            "selectors",
        ),
        (json!({ "type": "group", "selectors": [origin], "groups": groups(1001) }), 400, "groups"),
        (json!({ "type": "uri", "selectors": many }), 400, "selectors"),
    ] {
        let before = world.records().len();
        let answer = world.call("POST", "/v1/invalidate", &AUTH, body.to_string()).await;
        let said = answer.json();
        assert_eq!((answer.status, said["parameter"].as_str().unwrap_or_default()), (status, parameter), "{said}");
        assert_eq!(world.records().len() - before, usize::from(status == 200), "{parameter}");
    }
    for method in ["PUT", "DELETE", "PATCH"] {
        let answer = world.call(method, "/v1/invalidate", &AUTH, "{}").await;
        assert_eq!((answer.status, answer.header("content-type")), (405, "application/problem+json"), "{method}");
        let problem = answer.json();
        assert_eq!(
            (&problem["code"], &problem["fault"]),
            (&json!("method-not-allowed"), &json!("client")),
            "{problem}"
        );
        for allowed in ["GET", "POST"] {
            assert!(answer.header("allow").contains(allowed), "{:?}", answer.headers);
        }
    }
}
