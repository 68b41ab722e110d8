//! What was configured, and how the sources are.

use control::{Configured, Rate, Rates, Setting};
use serde_json::{Value, json};
use testkit::pictures::{Rgb, encode_png, on_its_side};

use crate::world::{Answer, BEARER, BOSS_KEY, PRIVATE_KEY, SECOND_KEY, SIGNING_SECRET, World};

/// Of the sample `cat.jpg`.
const WIDTH: u64 = 451;
const HEIGHT: u64 = 300;
const AUTH: [(&str, &str); 1] = [("authorization", BEARER)];

fn setting(key: &str, value: Option<&str>, from: &'static str, place: Option<&str>) -> Setting {
    let (value, place) = (value.map(str::to_owned), place.map(str::to_owned));
    Setting { key: key.to_owned(), value, from, place, doc: format!("about {key}") }
}

fn configured() -> Configured {
    let named = |name: &str, setting: Setting| (name.to_owned(), vec![setting]);
    Configured {
        file: Some("/etc/afterimage.toml".to_owned()),
        encrypted: true,
        settings: vec![
            setting("cache.memory", Some("1MiB"), "file", Some("line 3")),
            setting("listen.control_tls", None, "default", None),
        ],
        sources: vec![named("local", setting("root", Some("/photos"), "flag", Some("--root")))],
        sites: vec![named("kit", setting("signing", Some("off"), "environment", Some("X")))],
    }
}

async fn get(world: &World, path: &str, key: &str) -> Answer {
    world.call("GET", path, &[("authorization", &format!("Bearer {key}"))], "").await
}

async fn check(world: &World, source: &str, body: Value) -> Answer {
    world.call("POST", &format!("/v1/config/sources/{source}/check"), &AUTH, body.to_string()).await
}

async fn make(world: &World, body: Value) -> String {
    let answer = world.call("POST", "/v1/keys", &AUTH, body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["key"].as_str().unwrap().to_owned()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

fn find<'v>(list: &'v Value, name: &str) -> &'v Value {
    list.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name} in {list}"))
}

/// A png of some size.
fn picture(width: usize, height: usize) -> Vec<u8> {
    encode_png(&Rgb::from_fn(width, height, |x, y| [x as u8, y as u8, 9]))
}

#[tokio::test]
async fn settings_are_shown_with_where_they_came_from() {
    let mut world = World::new();
    world.configure(configured());
    let answer = world.call("GET", "/v1/config", &AUTH, "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let about = |key: &str| format!("about {key}");
    assert_eq!(
        answer.json(),
        json!({
            "file": "/etc/afterimage.toml",
            "settings": [
                { "key": "cache.memory", "value": "1MiB", "from": "file", "where": "line 3", "doc": about("cache.memory") },
                { "key": "listen.control_tls", "value": null, "from": "default", "where": null,
                  "doc": about("listen.control_tls") },
            ],
        })
    );
    let sources = world.call("GET", "/v1/config/sources", &AUTH, "").await.json();
    assert_eq!(find(&sources["sources"], "local")["settings"][0]["where"], "--root");
    assert_eq!(find(&sources["sources"], "web")["settings"], json!([]));
}

#[tokio::test]
async fn sites_are_shown_with_what_their_presets_mean_and_without_secrets() {
    let mut world = World::new();
    let zero = world.call("GET", "/v1/config/sites", &AUTH, "").await.json();
    assert_eq!(zero["owned_by"], "zero-config");
    assert_eq!(find(&zero["sites"], "kit")["url"], "http://kit.example/");
    world.configure(configured());
    let answer = world.call("GET", "/v1/config/sites", &AUTH, "").await;
    for secret in [SIGNING_SECRET, PRIVATE_KEY, "private_retired"] {
        assert!(!answer.text.contains(secret), "{}", answer.text);
    }
    let answer = answer.json();
    assert_eq!(answer["owned_by"], "file");
    let sites = &answer["sites"];
    assert_eq!(find(sites, "imgix")["url"], "http://127.0.0.1:8080/imgix/");
    assert_eq!(find(sites, "letter")["signing"], json!({ "policy": "required", "secrets": 1 }));
    let second = find(sites, "second");
    assert_eq!(second["aliases"], json!([{ "name": "_shop_", "stands_for": "shop.example/media" }]));
    let kit = find(sites, "kit");
    assert_eq!(
        (&kit["url"], &kit["signing"], &kit["settings"][0]["from"]),
        (&json!("https://kit.example/"), &json!({ "policy": "off", "secrets": 2 }), &json!("environment"))
    );
    let (thumb, old) = (find(&kit["presets"], "thumb"), find(&kit["presets"], "old"));
    assert_eq!(
        (&thumb["text"], &thumb["enabled"], &thumb["error"]),
        (&json!("w-150,h-150"), &json!(true), &Value::Null)
    );
    assert!(thumb["plan"].as_str().unwrap().contains("resize:150x150"), "{thumb}");
    // One that is switched off means something too.
    assert_eq!((&old["enabled"], &old["error"]), (&json!(false), &Value::Null));
    assert!(old["plan"].as_str().unwrap().contains("resize:90x"), "{old}");
}

/// A key that is for purging alone sees nothing; one that is bound sees its own part.
#[tokio::test]
async fn each_key_sees_its_own_part() {
    let world = World::new();
    let reads = make(&world, json!({ "name": "reads", "roles": ["read"] })).await;
    let purges = make(&world, json!({ "name": "purges", "roles": ["purge"] })).await;
    let within = make(&world, json!({ "name": "within", "roles": ["read", "purge"], "within": ["local/dir"] })).await;
    let all = ["imgix", "imagekit", "cloudimage", "imageboss", "shop", "second", "empty", "letter", "kit"];
    for (key, whole, sites, sources) in [
        (reads.as_str(), 200, Some(all.as_slice()), ["local", "web", "any"].as_slice()),
        (purges.as_str(), 403, None, &[]),
        (BOSS_KEY, 403, Some(&["imageboss"]), &["local", "web"]),
        (SECOND_KEY, 403, Some(&["second"]), &["web"]),
        (within.as_str(), 403, Some(&["shop", "empty", "letter", "kit"]), &["local"]),
    ] {
        assert_eq!(get(&world, "/v1/config", key).await.status, whole, "{key}");
        for (what, wanted) in [("sites", sites), ("sources", sites.map(|_| sources))] {
            let answer = get(&world, &format!("/v1/config/{what}"), key).await;
            match wanted {
                Some(wanted) => assert_eq!(names(&answer.json()[what]), wanted, "{key}"),
                None => assert_eq!(answer.status, 403, "{key}"),
            }
        }
    }
    // Of a source that two sites have, a key sees its own site alone.
    let sources = get(&world, "/v1/config/sources", SECOND_KEY).await.json();
    assert_eq!(sources["sources"][0]["sites"], json!(["second"]));
    for (key, source, body, status) in [
        (reads.as_str(), "local", json!({}), 403),
        (purges.as_str(), "local", json!({}), 200),
        (SECOND_KEY, "local", json!({}), 404),
        (within.as_str(), "local", json!({ "path": "dir/a.jpg" }), 200),
        (within.as_str(), "local", json!({ "path": "cat.jpg" }), 403),
        (within.as_str(), "local", json!({}), 200),
        (within.as_str(), "web", json!({}), 404),
    ] {
        let path = format!("/v1/config/sources/{source}/check");
        let bearer = format!("Bearer {key}");
        let answer = world.call("POST", &path, &[("authorization", &bearer)], body.to_string()).await;
        assert_eq!(answer.status, status, "{key} {source} {body}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_folder_is_checked_and_its_health_follows() {
    let world = World::new();
    world.write("upright.png", picture(40, 30));
    let jpeg = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/cat.jpg")).unwrap();
    world.write("side.jpg", on_its_side(&jpeg));
    let health = async || {
        let sources = world.call("GET", "/v1/config/sources", &AUTH, "").await.json();
        find(&sources["sources"], "local")["health"].clone()
    };
    assert_eq!((&health().await["state"], &health().await["checked_at"]), (&json!("unknown"), &Value::Null));

    let there = check(&world, "local", json!({ "path": null })).await.json();
    assert_eq!((&there["ok"], &there["entries"], &there["fault"]), (&json!(true), &json!(6), &Value::Null));
    let found = check(&world, "local", json!({ "path": "upright.png" })).await.json();
    assert_eq!(
        (&found["ok"], &found["content_type"], &found["width"], &found["height"], &found["detail"]),
        (&json!(true), &json!("image/png"), &json!(40), &json!(30), &Value::Null)
    );
    assert_eq!(found["bytes"], json!(picture(40, 30).len()));
    assert!(found["ms"].as_f64().is_some_and(|ms| ms >= 0.0), "{found}");
    // The size is that of the picture as it is seen.
    let side = check(&world, "local", json!({ "path": "side.jpg" })).await.json();
    assert_eq!((side["width"].as_u64(), side["height"].as_u64()), (Some(HEIGHT), Some(WIDTH)));
    // Whatever is no picture was fetched nevertheless.
    let text = check(&world, "local", json!({ "path": "cat.jpg" })).await.json();
    assert_eq!((&text["ok"], &text["bytes"], &text["width"]), (&json!(true), &json!(7), &Value::Null));
    assert!(text["detail"].as_str().unwrap().contains("no picture that can be read"), "{text}");
    let after = health().await;
    assert_eq!((&after["state"], &after["failures"], &after["detail"]), (&json!("ok"), &json!(0), &Value::Null));
    assert_eq!(after["checked_at"], after["last_success_at"]);

    // That there is no such file says nothing against the folder.
    let missing = check(&world, "local", json!({ "path": "none.jpg" })).await.json();
    assert_eq!((&missing["ok"], &missing["fault"], &missing["bytes"]), (&json!(false), &json!("client"), &Value::Null));
    assert_eq!(health().await["state"], "ok");
    // Nothing of it came into a cache.
    let (_, masters) = world.engine.stores();
    assert_eq!((masters.memory_use().0, world.engine.disk_bytes()), (0, (0, 0)));
}

#[tokio::test]
async fn what_is_wrong_with_a_check_is_told() {
    let world = World::new();
    for (source, body, status, code) in [
        ("nowhere", json!({}), 404, "no-such-source"),
        ("local", json!({ "path": "../etc/passwd" }), 400, "bad-path"),
        ("local", json!({ "path": "https://shop.example/media/a.jpg" }), 400, "bad-path"),
        ("local", json!({ "path": 7 }), 400, "bad-path"),
        ("local", json!({ "path": "" }), 400, "bad-path"),
        ("local", json!({ "path": "a".repeat(9000) }), 400, "bad-path"),
        ("local", json!({ "url": "a" }), 400, "unknown-field"),
        ("local", json!(["a"]), 400, "malformed-json"),
        ("web", json!({ "path": "https://other.example/a.jpg" }), 400, "bad-path"),
        ("any", json!({}), 400, "url-needed"),
        ("any", json!({ "path": "https://shop.example/media/a.jpg" }), 400, "bad-path"),
        ("any", json!({ "path": "https://elsewhere.example/a.jpg" }), 400, "bad-path"),
    ] {
        let answer = check(&world, source, body.clone()).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (status, Some(code)),
            "{source} {body}: {}",
            answer.text
        );
    }
    let empty = world.call("POST", "/v1/config/sources/local/check", &AUTH, "").await;
    assert_eq!(empty.json()["ok"], true, "a body may be missing");
}

/// Rule S5: what was taken down is not fetched.
#[tokio::test]
async fn what_was_taken_down_is_not_fetched_by_a_check() {
    let world = World::new();
    let order = json!({ "targets": [{ "master": "local/cat.jpg" }], "mode": "takedown", "reason": "claim 7" });
    assert_eq!(world.call("POST", "/v1/purges", &AUTH, order.to_string()).await.status, 200);
    let told = check(&world, "local", json!({ "path": "cat.jpg" })).await.json();
    assert_eq!((&told["ok"], &told["bytes"]), (&json!(false), &Value::Null));
    assert!(told["detail"].as_str().unwrap().contains("claim 7"), "{told}");
    assert_eq!(check(&world, "local", json!({ "path": "dog.jpg" })).await.json()["ok"], true);
}

#[tokio::test]
async fn checks_count_against_the_limit_of_the_key() {
    let mut world = World::new();
    world.limit(Rates { key: Rate { per_second: 0.01, burst: 2 }, ..Rates::default() });
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(check(&world, "local", json!({})).await.status);
    }
    assert_eq!(statuses, [200, 200, 429]);
}

/// A real fetch from a web source, as a viewer's, is what its health is known by.
#[tokio::test]
async fn health_is_known_from_fetches_that_are_made_anyway() {
    let world = World::new();
    let (_, cached) = world.look("/cloudimage/cat.jpg?func=proxy").await;
    assert!(!cached);
    let sources = world.call("GET", "/v1/config/sources", &AUTH, "").await.json();
    assert_eq!(find(&sources["sources"], "local")["health"]["state"], "ok");
    assert_eq!(find(&sources["sources"], "web")["health"]["state"], "unknown");
}
