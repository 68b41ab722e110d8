//! Cloudimage's invalidation API, in the forms that its documentation and clients have had.

use serde_json::{Value, json};

use crate::world::{BOSS_KEY, KEY, SECOND_KEY, World};

const PATH: &str = "/invalidate";

fn original(entry: &str) -> Value {
    json!({ "scope": "original", "urls": [entry] })
}

#[tokio::test]
async fn every_spelling_of_an_original() {
    let world = World::new();
    let (cat, dog, a, b) = ("cat.jpg", "dog.jpg", "dir/a.jpg", "dir/b.jpg");
    let web = "//shop.example/media/x.jpg";
    for (entry, purged, fresh) in [
        ("cat.jpg", &[cat][..], &[dog][..]),
        ("/cat.jpg", &[cat], &[dog]),
        (" v7/cat.jpg ", &[cat], &[dog]),
        ("/v7/cat.jpg", &[cat], &[dog]),
        ("/cloudimage/cat.jpg", &[cat, "cloudimage/cat.jpg"], &[dog]),
        ("cloudimage/v7/cat.jpg", &[cat], &[dog]),
        ("http://127.0.0.1:8080/cloudimage/cat.jpg", &[cat], &[dog]),
        ("https://localhost/cloudimage/v7/cat.jpg?w=300", &[cat], &[dog]),
        ("cat.jpg?w=300", &[cat], &[dog]),
        ("dir/*", &[a, b], &[cat]),
        ("/v7/dir/a*", &[a, "dir/ab.png"], &[b]),
        ("http://localhost/cloudimage/dir/*", &[a, b], &[cat]),
        ("/*", &[cat, a, web], &[]),
        ("https://shop.example/media/x.jpg", &[web], &[cat, "//shop.example/media/y.jpg"]),
        ("/v7/http://shop.example/media/x.jpg", &[web], &[cat]),
        ("https%3A%2F%2Fshop.example%2Fmedia%2Fx.jpg", &[web], &[cat]),
        ("shop.example/media/x.jpg", &[web, "shop.example/media/x.jpg"], &[cat, "//shop.example/media/y.jpg"]),
        ("/shop.example/media/*", &[web], &[cat]),
        ("https://shop.example/*", &[web], &[cat]),
        ("https://shop.example/media/x*", &[web], &[cat, "//shop.example/media/y.jpg"]),
    ] {
        let before = world.now();
        let answer = world.call("POST", PATH, &[("x-client-key", KEY)], original(entry).to_string()).await;
        assert_eq!(answer.status, 201, "{entry}: {}", answer.text);
        world.expect(before, purged, fresh, entry);
        let (body, record) = (answer.json(), world.newest());
        assert_eq!((&body["status"], &body["invalidation"]["status"]), (&json!("success"), &json!("RECEIVED")));
        assert_eq!(body["invalidation"]["uuid"], record.id.to_string());
        assert!(body["msg"].is_string() && record.via == purge::Via::Cloudimage);
        let added = body["invalidation"]["added_at"].as_str().unwrap();
        assert!(added.len() == 26 && added.as_bytes()[10] == b' ', "{added}");
        assert_eq!(body["msg"].as_str().unwrap().contains("query"), entry.contains('?'), "{entry}");
    }
}

#[tokio::test]
async fn scopes_urls_and_all() {
    let world = World::new();
    let post = |body: Value| world.call("POST", PATH, &[("x-client-key", KEY)], body.to_string());
    for entry in [
        "/cat.jpg?w=300",
        "v7/cat.jpg?width=300",
        "/cloudimage/cat.jpg?w=300",
        "http://localhost/cloudimage/cat.jpg?w=300",
    ] {
        let before = world.now();
        let answer = post(json!({ "scope": "urls", "urls": [entry] })).await;
        assert_eq!(answer.status, 201, "{entry}: {}", answer.text);
        assert!(world.is_purged_exactly(before, "/cloudimage/cat.jpg?w=300", "cat.jpg"), "{entry}");
        assert!(!world.is_purged_exactly(before, "/cloudimage/cat.jpg?w=301", "cat.jpg"), "{entry}");
        assert!(!world.is_purged_exactly(before, "/cloudimage/dog.jpg?w=300", "dog.jpg"), "{entry}");
        let shown = world.call("GET", &format!("{PATH}/{}", world.newest().id), &[("x-client-key", KEY)], "").await;
        assert_eq!(shown.json()["invalidation"]["scope"], "urls");
    }
    let before = world.now();
    let answer = post(json!({ "scope": "all" })).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    world.expect(before, &["cat.jpg", "dir/a.jpg", "//shop.example/media/x.jpg"], &[], "all");

    let before = world.now();
    let listed = json!({ "scope": "original", "urls": ["cat.jpg", "dir/a.jpg"], "transformations": ["?w=200"] });
    let answer = post(listed).await;
    assert!(answer.status == 201 && answer.json()["msg"].as_str().unwrap().contains("transformations"));
    world.expect(before, &["cat.jpg", "dir/a.jpg"], &["dog.jpg", "dir/b.jpg"], "several at once");
    assert_eq!(world.records().len(), 6, "several entries are one record");
}

#[tokio::test]
async fn requests_that_are_refused() {
    let world = World::new();
    let good = original("cat.jpg").to_string();
    let many = |n: usize| json!({ "scope": "original", "urls": vec!["cat.jpg"; n] }).to_string();
    for (key, body, status) in [
        ("", good.clone(), 401),
        ("nope", good.clone(), 401),
        (BOSS_KEY, good.clone(), 403),
        (KEY, "{".to_owned(), 400),
        (KEY, "[]".to_owned(), 400),
        (KEY, r#"{"urls":["cat.jpg"]}"#.to_owned(), 400),
        (KEY, r#"{"scope":"some","urls":["cat.jpg"]}"#.to_owned(), 400),
        (KEY, r#"{"scope":"original"}"#.to_owned(), 400),
        (KEY, r#"{"scope":"original","urls":[]}"#.to_owned(), 400),
        (KEY, r#"{"scope":"original","urls":[7]}"#.to_owned(), 400),
        (KEY, r#"{"scope":"original","urls":["cat.jpg"," "]}"#.to_owned(), 400),
        (KEY, original("../cat.jpg").to_string(), 400),
        (KEY, original("https://elsewhere.example/a.jpg").to_string(), 403),
        (KEY, original("https://elsewhere.example/*").to_string(), 403),
        (KEY, json!({ "scope": "urls", "urls": ["https://elsewhere.example/a.jpg?w=1"] }).to_string(), 403),
        (KEY, json!({ "scope": "original", "urls": ["cat.jpg", "https://elsewhere.example/a.jpg"] }).to_string(), 403),
        (KEY, many(1001), 413),
        (KEY, format!("{good}{}", " ".repeat(control::BODY_LIMIT)), 413),
    ] {
        let answer = world.call("POST", PATH, &[("x-client-key", key)], body.clone()).await;
        let what = format!("{key} {}", &body[..body.len().min(200)]);
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert_eq!(answer.json()["status"], "error", "{what}");
        assert!(answer.json()["msg"].is_string(), "{what}");
    }
    assert!(world.records().is_empty(), "nothing is done by halves");
    let answer = world.call("POST", PATH, &[("x-client-key", KEY)], many(1000)).await;
    assert_eq!(answer.status, 201);
    let answer = world.call("PUT", PATH, &[("x-client-key", KEY)], "").await;
    assert_eq!((answer.status, &answer.json()["status"]), (405, &json!("error")));
}

#[tokio::test]
async fn an_invalidation_is_shown_and_restarted() {
    let world = World::new();
    let auth = [("x-client-key", KEY)];
    for (body, scope, received, invalidated) in [
        (json!({ "scope": "all" }), "all", Value::Null, json!(["/*"])),
        (original("cat.jpg"), "original", json!(["cat.jpg"]), json!(["cat.jpg"])),
    ] {
        let answer = world.call("POST", PATH, &auth, body.to_string()).await;
        let uuid = answer.json()["invalidation"]["uuid"].as_str().unwrap().to_owned();
        let shown = world.call("GET", &format!("{PATH}/{uuid}"), &auth, "").await;
        let invalidation = &shown.json()["invalidation"];
        assert_eq!((shown.status, &invalidation["status"]), (200, &json!("DONE")));
        assert_eq!((&invalidation["uuid"], &invalidation["scope"]), (&json!(uuid), &json!(scope)));
        assert_eq!(invalidation["urls"], json!({ "received": received, "invalidated": invalidated, "failed": [] }));
        let before = world.now();
        let again = world.call("POST", &format!("{PATH}/{uuid}/restart"), &auth, "").await;
        assert_eq!(again.status, 201, "{}", again.text);
        assert_ne!(again.json()["invalidation"]["uuid"], uuid);
        world.expect(before, &["cat.jpg"], &[], "restarted");
    }
    let uuid = world.newest().id;
    for (path, key, status) in [
        (format!("{PATH}/{uuid}"), "", 401),
        (format!("{PATH}/{uuid}"), BOSS_KEY, 404),
        (format!("{PATH}/4fc96d31-9815-4021-830a-ca6d96c514a5"), KEY, 404),
        (format!("{PATH}/x"), KEY, 404),
    ] {
        let answer = world.call("GET", &path, &[("x-client-key", key)], "").await;
        assert_eq!((answer.status, &answer.json()["status"]), (status, &json!("error")), "{path} {key}");
    }
}

#[tokio::test]
async fn a_key_is_at_home_in_its_own_site() {
    let world = World::new();
    let (local, web) = ("x.jpg", "//shop.example/media/x.jpg");
    for (key, body, purged, fresh) in [
        (SECOND_KEY, original("x.jpg"), &[web][..], &[local][..]),
        (SECOND_KEY, original("/second/x.jpg"), &[web], &[local]),
        (SECOND_KEY, original("/*"), &[web], &[local]),
        (SECOND_KEY, json!({ "scope": "all" }), &[web], &[local]),
        // By its alias, which names the same original.
        (SECOND_KEY, original("_shop_/x.jpg"), &[web], &[local, "//shop.example/media/y.jpg"]),
        (SECOND_KEY, original("/v7/_shop_/x.jpg"), &[web], &[local, "//shop.example/media/y.jpg"]),
        (KEY, original("http://localhost/second/_shop_/x.jpg?w=3"), &[web], &[local, "//shop.example/media/y.jpg"]),
        (SECOND_KEY, original("_shop_/x*"), &[web], &[local, "//shop.example/media/y.jpg"]),
        (SECOND_KEY, original("/_shop_/*"), &[web], &[local]),
        (KEY, original("http://localhost/second/x.jpg"), &[web], &[local]),
        (KEY, original("http://localhost/second/*"), &[web], &[local]),
    ] {
        let before = world.now();
        let answer = world.call("POST", PATH, &[("x-client-key", key)], body.to_string()).await;
        assert_eq!(answer.status, 201, "{body}: {}", answer.text);
        world.expect(before, purged, fresh, &body.to_string());
    }
    let body = original("http://localhost/cloudimage/x.jpg").to_string();
    let answer = world.call("POST", PATH, &[("x-client-key", SECOND_KEY)], body).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
}
