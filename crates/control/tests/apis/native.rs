//! Our own API.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::world::{BASIC, BEARER, IMGIX_KEY, KEY, World};

const PATH: &str = "/v1/purges";

fn one(target: Value) -> Value {
    json!({ "targets": [target], "mode": "hard" })
}

#[tokio::test]
async fn every_kind_of_target() {
    let world = World::new();
    let (cat, dog, a, b) = ("cat.jpg", "dog.jpg", "dir/a.jpg", "dir/b.jpg");
    let web = "//shop.example/media/x.jpg";
    for (target, kinds, purged, fresh) in [
        (json!({ "url": "http://localhost/imgix/cat.jpg?w=3" }), &["master", "master"][..], &[cat][..], &[dog][..]),
        (json!({ "url": "/imageboss/local/width/300/dir/a.jpg" }), &["master"], &[a], &[b, cat]),
        (json!({ "url": "https://shop.example/media/x.jpg?v=1" }), &["master"], &[web], &[cat]),
        (json!({ "derivative": "http://localhost/imgix/cat.jpg?w=3" }), &["exact"], &[], &[cat, dog]),
        (json!({ "master": "local/link.jpg" }), &["master", "master"], &["link.jpg", cat], &[dog]),
        (json!({ "master": "web/x.jpg" }), &["master"], &[web], &[cat]),
        (json!({ "prefix": "local/dir/" }), &["prefix"], &[a, b], &[cat]),
        (json!({ "prefix": "local/dir/a" }), &["prefix"], &[a], &[b]),
        (json!({ "source": "local" }), &["source"], &[cat, dog, a, b], &[web]),
        (json!({ "all": true }), &["all"], &[cat, dog, a, b, web], &[]),
    ] {
        let before = world.now();
        let answer = world.call("POST", PATH, &[("authorization", BEARER)], one(target.clone()).to_string()).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.text);
        world.expect(before, purged, fresh, &target.to_string());
        let (body, record) = (answer.json(), world.newest());
        assert_eq!((&body["id"], &body["position"]), (&json!(record.id.to_string()), &json!(record.position.0)));
        assert_eq!(
            (&body["state"], &body["actor"], &body["via"]),
            (&json!("effective"), &json!("everything"), &json!("native"))
        );
        for time in ["accepted_at", "effective_at"] {
            let time = body[time].as_str().unwrap();
            assert!(time.len() == 24 && time.ends_with('Z') && time.starts_with("20"), "{time}");
        }
        let said = target.as_object().unwrap().values().next().unwrap();
        let said = if said == &json!(true) { &json!("all") } else { said };
        assert_eq!(&body["targets"][0]["said"], said);
        let got: Vec<&str> = body["targets"][0]["selectors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s.as_str().unwrap().split(':').next().unwrap())
            .collect();
        assert_eq!(got, kinds, "{target}");
        let shown = world.call("GET", &format!("{PATH}/{}", record.id), &[("authorization", BEARER)], "").await;
        // Whom it tells is asked for apart from what it did.
        let mut expected = body;
        expected["webhooks"] = json!([]);
        assert_eq!((shown.status, shown.json()), (200, expected));
    }
    let before = world.now();
    let exact = one(json!({ "derivative": "http://localhost/imgix/cat.jpg?w=3" })).to_string();
    world.call("POST", PATH, &[("authorization", BEARER)], exact).await;
    assert!(world.is_purged_exactly(before, "/imgix/cat.jpg?w=3", cat));
    assert!(!world.is_purged_exactly(before, "/imgix/cat.jpg?w=4", cat));
}

/// What a caller says is free text, and must not be able to look like another record or another target.
#[tokio::test]
async fn odd_names_are_kept_as_they_were_said() {
    let world = World::new();
    for name in ["a\nb.jpg", "a\tb\r.jpg", "a\\u{1f431} \"'.jpg", "all:\nall:", "%0A", "a\u{7f}b"] {
        let before = world.now();
        let said = format!("local/{name}");
        let body = one(json!({ "prefix": said })).to_string();
        let answer = world.call("POST", PATH, &[("authorization", BEARER)], body).await;
        assert_eq!(answer.status, 200, "{name:?}: {}", answer.text);
        let record = world.newest();
        assert_eq!((record.targets.len(), record.targets[0].selectors.len()), (1, 1), "{name:?}");
        assert_eq!(record.targets[0].said, said);
        world.expect(before, &[name], &["cat.jpg"], name);
    }
}

#[tokio::test]
async fn several_targets_are_one_record() {
    let world = World::new();
    let before = world.now();
    let body = json!({ "targets": [{ "master": "local/cat.jpg" }, { "prefix": "local/dir/" }] });
    let answer = world.call("POST", PATH, &[("authorization", BEARER)], body.to_string()).await;
    assert_eq!((answer.status, world.records().len()), (200, 1), "{}", answer.text);
    assert_eq!(answer.json()["targets"].as_array().unwrap().len(), 2);
    world.expect(before, &["cat.jpg", "dir/a.jpg"], &["dog.jpg"], "two targets");
}

#[tokio::test]
async fn requests_that_are_refused() {
    let world = World::new();
    let cat = json!({ "master": "local/cat.jpg" });
    let bound = format!("Bearer {IMGIX_KEY}");
    for (authorization, body, status, code, parameter) in [
        ("", one(cat.clone()), 401, "no-key", Value::Null),
        (BASIC, one(cat.clone()), 401, "no-key", Value::Null),
        ("Bearer x", one(cat.clone()), 401, "unknown-key", Value::Null),
        (BEARER, json!(7), 400, "malformed-json", Value::Null),
        (BEARER, json!({}), 400, "bad-targets", json!("targets")),
        (BEARER, json!({ "targets": [] }), 400, "bad-targets", json!("targets")),
        (BEARER, json!({ "targets": vec![cat.clone(); 1001] }), 400, "bad-targets", json!("targets")),
        (BEARER, one(json!("x")), 400, "bad-target", json!("targets[0]")),
        (BEARER, one(json!({})), 400, "bad-target", json!("targets[0]")),
        (BEARER, one(json!({ "master": "local/a", "url": "x" })), 400, "bad-target", json!("targets[0]")),
        (BEARER, one(json!({ "picture": "x" })), 400, "bad-target", json!("targets[0]")),
        (BEARER, one(json!({ "master": 7 })), 400, "bad-target", json!("targets[0]")),
        (BEARER, one(json!({ "all": false })), 400, "bad-target", json!("targets[0]")),
        (BEARER, one(json!({ "takedown": "x" })), 400, "bad-target", json!("targets[0]")),
        (BEARER, one(json!({ "tag": "x", "url": "/imgix/a" })), 400, "bad-target", json!("targets[0]")),
        (BEARER, one(json!({ "source": "x", "url": "/imgix/a" })), 400, "bad-target", json!("targets[0]")),
        (BEARER, one(json!({ "tag": "a b" })), 400, "malformed-target", json!("targets[0]")),
        (BEARER, one(json!({ "glob": "local/[" })), 400, "malformed-target", json!("targets[0]")),
        (BEARER, json!({ "targets": [cat], "mode": "gentle" }), 400, "bad-mode", json!("mode")),
        (BEARER, json!({ "targets": [cat], "mode": 7 }), 400, "bad-mode", json!("mode")),
        (BEARER, json!({ "targets": [cat], "dryrun": true }), 400, "unknown-field", json!("dryrun")),
        (BEARER, json!({ "targets": [cat], "dry_run": "yes" }), 400, "bad-dry-run", json!("dry_run")),
        (BEARER, json!({ "targets": [cat], "wait": "verified" }), 400, "bad-wait", json!("wait")),
        (
            BEARER,
            json!({ "targets": [cat], "wait": "erased", "deadline": 301 }),
            400,
            "bad-deadline",
            json!("deadline"),
        ),
        (BEARER, json!({ "targets": [cat], "status": 451 }), 400, "bad-terms", json!("status")),
        (BEARER, json!({ "targets": [cat], "mode": "soft", "reason": "x" }), 400, "bad-terms", json!("reason")),
        (BEARER, json!({ "targets": [cat], "mode": "takedown", "status": 404 }), 400, "bad-terms", json!("status")),
        (
            BEARER,
            json!({ "targets": [cat], "mode": "takedown", "expires_at": "2020-01-01T00:00:00Z" }),
            400,
            "bad-terms",
            json!("expires_at"),
        ),
        (
            BEARER,
            json!({ "targets": [cat], "mode": "takedown", "expires_at": "soon" }),
            400,
            "bad-terms",
            json!("expires_at"),
        ),
        (
            BEARER,
            json!({ "targets": [cat], "mode": "takedown", "expires_in": 0 }),
            400,
            "bad-terms",
            json!("expires_in"),
        ),
        (
            BEARER,
            json!({ "targets": [cat], "mode": "takedown", "expires_in": 5, "expires_at": "2200-01-01T00:00:00Z" }),
            400,
            "bad-terms",
            json!("expires_in"),
        ),
        (
            BEARER,
            json!({ "targets": [cat], "idempotency_key": "" }),
            400,
            "bad-idempotency-key",
            json!("idempotency_key"),
        ),
        (
            BEARER,
            json!({ "targets": [cat], "idempotency_key": 7 }),
            400,
            "bad-idempotency-key",
            json!("idempotency_key"),
        ),
        (BEARER, json!({ "targets": [cat, { "master": "cat.jpg" }] }), 400, "malformed-target", json!("targets[1]")),
        (BEARER, json!({ "targets": [cat, { "source": "other" }] }), 400, "not-ours", json!("targets[1]")),
        (BEARER, one(json!({ "url": "https://elsewhere.example/a.jpg" })), 400, "not-ours", json!("targets[0]")),
        (BEARER, one(json!({ "master": "local/../x" })), 400, "malformed-target", json!("targets[0]")),
        (
            &bound,
            one(json!({ "url": "http://localhost/imagekit/cat.jpg" })),
            403,
            "forbidden-target",
            json!("targets[0]"),
        ),
        (&bound, one(json!({ "all": true })), 403, "forbidden-target", json!("targets[0]")),
    ] {
        let answer = world.call("POST", PATH, &[("authorization", authorization)], body.to_string()).await;
        let what = format!("{authorization} {body:.200}");
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, "application/problem+json"),
            "{what}: {}",
            answer.text
        );
        let problem = answer.json();
        assert_eq!((&problem["code"], &problem["parameter"]), (&json!(code), &parameter), "{what}");
        assert_eq!((&problem["status"], problem["detail"].is_string()), (&json!(status), true), "{what}");
        if ["bad-mode", "bad-target", "unknown-field"].contains(&code) {
            assert!(!problem["allowed"].as_array().unwrap().is_empty(), "{what}");
        }
    }
    assert!(world.records().is_empty());
    for (body, status) in [("{".to_owned(), 400), (" ".repeat(control::BODY_LIMIT + 1), 413)] {
        let answer = world.call("POST", PATH, &[("authorization", BEARER)], body).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "application/problem+json"));
    }
    assert_eq!(world.call("PUT", PATH, &[("authorization", BEARER)], "").await.status, 405);
}

#[tokio::test]
async fn an_idempotency_key_purges_once() {
    let mut world = World::new();
    let other = [("authorization", "Bearer from-the-environment"), ("idempotency-key", "k")];
    let header = [("authorization", BEARER), ("idempotency-key", "k")];
    let plain = [("authorization", BEARER)];
    let cat = r#"{"targets":[{"master":"local/cat.jpg"}]}"#;
    let field = r#"{ "idempotency_key": "k", "targets": [ {"master":"local/cat.jpg"} ] }"#;
    let first = world.call("POST", PATH, &header, cat).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (200, ""));
    for restarted in [false, true] {
        if restarted {
            world.restart(None);
        }
        for (headers, body) in [(&header[..], cat), (&plain[..], field), (&header[..], field)] {
            let again = world.call("POST", PATH, headers, body).await;
            assert_eq!((again.status, again.header("idempotency-replayed")), (200, "true"), "{}", again.text);
            assert_eq!(again.json()["id"], first.json()["id"]);
            assert!(again.json()["effective_at"].is_string(), "also after a restart: {restarted}");
        }
    }
    assert_eq!(world.records().len(), 1);
    let dog = world.call("POST", PATH, &header, cat.replace("cat", "dog")).await;
    assert_eq!((dog.status, &dog.json()["code"]), (422, &json!("idempotency-key-reused")));
    let differ = world.call("POST", PATH, &header, field.replace("\"k\"", "\"l\"")).await;
    assert_eq!((differ.status, &differ.json()["code"]), (400, &json!("bad-idempotency-key")));
    assert_eq!(world.records().len(), 1);
    assert_eq!(world.call("POST", PATH, &other, cat).await.status, 200);
    assert_eq!(world.records().len(), 2, "another caller's key is another key");
    assert_eq!(world.call("POST", PATH, &plain, cat).await.status, 200);
    assert_eq!(world.records().len(), 3, "without a key every request purges");
}

/// Neither knows of the other when it begins; both are told of one purge.
#[tokio::test]
async fn one_idempotency_key_at_the_same_time() {
    let world = World::new();
    let headers = [("authorization", BEARER), ("idempotency-key", "k")];
    let body = one(json!({ "master": "local/cat.jpg" })).to_string();
    let call = || world.call("POST", PATH, &headers, body.clone());
    let (a, b, c) = tokio::join!(call(), call(), call());
    assert_eq!([a.status, b.status, c.status], [200; 3]);
    let id = |answer: &crate::world::Answer| answer.json()["id"].clone();
    assert!(id(&a) == id(&b) && id(&b) == id(&c), "{} {} {}", a.text, b.text, c.text);
}

#[tokio::test]
async fn purges_are_listed_page_by_page() {
    let world = World::new();
    let auth = [("authorization", BEARER)];
    let bound = format!("Bearer {IMGIX_KEY}");
    let bound = [("authorization", bound.as_str())];
    for n in 0..7 {
        let body = one(json!({ "url": format!("http://localhost/imgix/{n}.jpg") })).to_string();
        let headers = if n % 3 == 0 { bound } else { auth };
        assert_eq!(world.call("POST", PATH, &headers, body).await.status, 200);
    }
    for (headers, limit, want) in [
        (&auth, 3, vec![vec![7, 6, 5], vec![4, 3, 2], vec![1]]),
        (&auth, 1000, vec![vec![7, 6, 5, 4, 3, 2, 1]]),
        (&bound, 2, vec![vec![7, 4], vec![1]]),
    ] {
        let (mut pages, mut next) = (Vec::new(), String::new());
        loop {
            let answer = world.call("GET", &format!("{PATH}?limit={limit}{next}"), headers, "").await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let body = answer.json();
            let page = body["purges"].as_array().unwrap().iter().map(|p| p["position"].as_u64().unwrap());
            pages.push(page.collect::<Vec<_>>());
            match body["next"].as_u64() {
                Some(position) => next = format!("&before={position}"),
                None => break,
            }
        }
        pages.retain(|page| !page.is_empty());
        assert_eq!(pages, want);
    }
    let id = world.records().into_iter().find(|r| r.actor == "everything").unwrap().id;
    for (headers, path, status, code) in [
        (&auth, "?limit=0".to_owned(), 400, "bad-parameter"),
        (&auth, "?limit=1001".to_owned(), 400, "bad-parameter"),
        (&auth, "?before=x".to_owned(), 400, "bad-parameter"),
        (&auth, "?after=1".to_owned(), 400, "unknown-parameter"),
        (&auth, "/%ff".to_owned(), 404, "no-such-purge"),
        (&auth, "/x".to_owned(), 404, "no-such-purge"),
        (&auth, "/4fc96d31-9815-4021-830a-ca6d96c514a5".to_owned(), 404, "no-such-purge"),
        (&bound, format!("/{id}"), 404, "no-such-purge"),
    ] {
        let answer = world.call("GET", &format!("{PATH}{path}"), headers, "").await;
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn sites_within_the_keys_reach() {
    let world = World::new();
    let names = |answer: &Value| -> Vec<String> {
        answer["sites"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = world.call("GET", "/v1/sites", &[("authorization", &format!("Bearer {KEY}"))], "").await.json();
    assert_eq!(
        names(&all),
        ["imgix", "imagekit", "cloudimage", "imageboss", "shop", "second", "empty", "letter", "kit"]
    );
    let shop =
        json!({ "name": "shop", "dialect": "imgix", "hosts": ["img.example"], "prefix": "/", "sources": ["local"] });
    assert_eq!(all["sites"][4], shop);
    let one = world.call("GET", "/v1/sites", &[("authorization", &format!("Bearer {IMGIX_KEY}"))], "").await.json();
    assert_eq!(names(&one), ["imgix"]);
}

/// Rule L8: a full disk does not keep the wrong picture up, and is told, in each vendor's form.
#[tokio::test]
async fn a_purge_that_is_not_durable_is_effective_and_507() {
    let world = World::new();
    world.log.broken.store(true, Ordering::SeqCst);
    let imgix = json!({ "data": { "type": "purges", "attributes": { "url": "http://localhost/imgix/cat.jpg" } } });
    for (path, header, body, message) in [
        (PATH, ("authorization", BEARER), one(json!({ "master": "local/cat.jpg" })), "/detail"),
        ("/api/v1/purge", ("authorization", BEARER), imgix, "/errors/0/detail"),
        (
            "/v1/files/purge",
            ("authorization", BASIC),
            json!({ "url": "http://localhost/imagekit/cat.jpg" }),
            "/message",
        ),
        ("/invalidate", ("x-client-key", KEY), json!({ "scope": "original", "urls": ["cat.jpg"] }), "/msg"),
    ] {
        let before = world.now();
        let answer = world.call("POST", path, &[header], body.to_string()).await;
        assert_eq!(answer.status, 507, "{path}: {}", answer.text);
        let said = answer.json().pointer(message).and_then(Value::as_str).map(str::to_owned);
        assert!(said.is_some_and(|said| said.contains("not durable")), "{path}: {}", answer.text);
        world.expect(before, &["cat.jpg"], &["dog.jpg"], path);
    }
    assert!(world.records().is_empty());
    // A request that failed is not remembered as done.
    let (headers, cat) =
        ([("authorization", BEARER), ("idempotency-key", "k")], one(json!({ "master": "local/cat.jpg" })));
    assert_eq!(world.call("POST", PATH, &headers, cat.to_string()).await.status, 507);
    world.log.broken.store(false, Ordering::SeqCst);
    let answer = world.call("POST", PATH, &headers, cat.to_string()).await;
    assert_eq!((answer.status, answer.header("idempotency-replayed"), world.records().len()), (200, "", 1));
}
