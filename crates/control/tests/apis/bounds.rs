//! What keys may do, how often, and what is written down of it.

use control::{Rate, Rates, imageboss_delete};
use http::{HeaderMap, HeaderName};
use serde_json::json;

use crate::world::{BEARER, KEY, World, basic};

const AUTH: [(&str, &str); 1] = [("authorization", BEARER)];

async fn make(world: &World, body: serde_json::Value) -> String {
    let answer = world.call("POST", "/v1/keys", &AUTH, body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["key"].as_str().unwrap().to_owned()
}

/// A key that is bound to a folder reaches nothing else, through no API and with no kind of target.
#[tokio::test]
async fn a_bound_key_purges_within_its_bounds_alone() {
    let world = World::new();
    let key = make(&world, json!({ "name": "bound", "roles": ["purge"], "within": ["local/dir"] })).await;
    let (bearer, basic) = (format!("Bearer {key}"), basic(&key));
    let shop = "https://img.example";
    for (target, status) in [
        (json!({ "master": "local/dir/a.jpg" }), 200),
        (json!({ "master": "local/cat.jpg" }), 403),
        (json!({ "master": "web/dir/a.jpg" }), 403),
        (json!({ "dependency": "local/dir/a.jpg" }), 200),
        (json!({ "dependency": "local/cat.jpg" }), 403),
        (json!({ "url": format!("{shop}/dir/a.jpg?w=3") }), 200),
        (json!({ "url": format!("{shop}/cat.jpg?w=3") }), 403),
        (json!({ "derivative": format!("{shop}/dir/a.jpg?w=3") }), 200),
        (json!({ "derivative": format!("{shop}/cat.jpg?w=3") }), 403),
        (json!({ "prefix": "local/dir/" }), 200),
        (json!({ "prefix": "local/dir" }), 403),
        (json!({ "prefix": "local/" }), 403),
        (json!({ "glob": "local/dir/*.jpg" }), 200),
        (json!({ "glob": "local/*/a.jpg" }), 403),
        (json!({ "glob": "local/**" }), 403),
        (json!({ "tag": "red" }), 403),
        (json!({ "tag": "red", "source": "local" }), 403),
        (json!({ "source": "local" }), 403),
        (json!({ "all": true }), 403),
    ] {
        let body = json!({ "targets": [target] }).to_string();
        let answer = world.call("POST", "/v1/purges", &[("authorization", &bearer)], body).await;
        assert_eq!(answer.status, status, "{target}: {}", answer.text);
    }
    let before = world.records().len();
    let imgix = json!({ "data": { "type": "purges", "attributes": { "url": format!("{shop}/cat.jpg") } } }).to_string();
    let imagekit = json!({ "url": "http://localhost/imagekit/cat.jpg" }).to_string();
    let all = json!({ "scope": "all" }).to_string();
    let invalidation = json!({ "type": "uri", "selectors": [format!("{shop}/cat.jpg")] }).to_string();
    for (path, header, body) in [
        ("/api/v1/purge", ("authorization", bearer.as_str()), imgix),
        ("/v2/image/purger", ("authorization", &basic), format!("url={shop}/cat.jpg")),
        ("/v1/files/purge", ("authorization", &basic), imagekit),
        ("/invalidate", ("x-client-key", &key), json!({ "scope": "original", "urls": ["cat.jpg"] }).to_string()),
        ("/invalidate", ("x-client-key", &key), json!({ "scope": "urls", "urls": ["cat.jpg?w=3"] }).to_string()),
        ("/invalidate", ("x-client-key", &key), all),
        ("/v1/invalidate", ("authorization", &bearer), invalidation),
    ] {
        let answer = world.call("POST", path, &[header], body).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text);
    }
    let headers = HeaderMap::from_iter([(HeaderName::from_static("imageboss-api-key"), key.parse().unwrap())]);
    let client = std::net::Ipv4Addr::LOCALHOST.into();
    let reply = imageboss_delete(&world.plane, "localhost", "/imageboss/local/cat.jpg", &headers, client).await;
    assert_eq!(reply.status, 403, "{}", reply.body);
    assert_eq!(world.records().len(), before, "nothing of it is logged");
}

#[tokio::test]
async fn roles_keep_apart() {
    let world = World::new();
    let cat = json!({ "targets": [{ "master": "local/cat.jpg" }] }).to_string();
    assert_eq!(world.call("POST", "/v1/purges", &AUTH, cat.clone()).await.status, 200);
    for (role, purges, sees, audits, makes) in
        [("read", 403, 1, 200, 403), ("purge", 200, 1, 403, 403), ("admin", 403, 2, 200, 200)]
    {
        let key = make(&world, json!({ "name": role, "roles": [role] })).await;
        let bearer = format!("Bearer {key}");
        let auth = [("authorization", bearer.as_str())];
        assert_eq!(world.call("POST", "/v1/purges", &auth, cat.clone()).await.status, purges, "{role}");
        let seen = world.call("GET", "/v1/purges", &auth, "").await.json();
        assert_eq!(seen["purges"].as_array().unwrap().len(), sees, "{role}");
        assert_eq!(world.call("GET", "/v1/audit", &auth, "").await.status, audits, "{role}");
        assert_eq!(world.call("GET", "/v1/keys", &auth, "").await.status, makes, "{role}");
    }
    let bound = make(&world, json!({ "name": "b", "roles": ["admin", "read"], "sites": ["imgix"] })).await;
    let bearer = format!("Bearer {bound}");
    for path in ["/v1/keys", "/v1/audit"] {
        assert_eq!(world.call("GET", path, &[("authorization", &bearer)], "").await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn keys_are_made_rotated_and_revoked() {
    let world = World::new();
    let old = make(&world, json!({ "name": "k", "roles": ["purge", "read"], "monthly": 1 })).await;
    let works = async |key: &str| {
        world.call("GET", "/v1/sites", &[("authorization", &format!("Bearer {key}"))], "").await.status == 200
    };
    assert!(works(&old).await);
    let cat = json!({ "targets": [{ "master": "local/cat.jpg" }] }).to_string();
    let bearer = format!("Bearer {old}");
    for status in [200, 429] {
        let answer = world.call("POST", "/v1/purges", &[("authorization", &bearer)], cat.clone()).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.header("retry-after").is_empty(), status == 200);
    }
    let listed = world.call("GET", "/v1/keys", &AUTH, "").await;
    assert!(!listed.text.contains(&old), "a key is shown once");
    let shown = listed.json();
    let shown = shown["keys"].as_array().unwrap().iter().find(|key| key["name"] == "k").unwrap();
    assert_eq!((&shown["used_this_month"], &shown["roles"]), (&json!(1), &json!(["purge", "read"])));
    let rotated = world.call("POST", "/v1/keys/k/rotate", &AUTH, "").await.json();
    let new = rotated["key"].as_str().unwrap();
    assert!(works(new).await && !works(&old).await);
    assert_eq!(world.call("DELETE", "/v1/keys/k", &AUTH, "").await.status, 200);
    assert!(!works(new).await);
    for (method, path, body, status) in [
        ("DELETE", "/v1/keys/k", json!({}), 404),
        ("POST", "/v1/keys/k/rotate", json!({}), 404),
        ("POST", "/v1/keys", json!({ "name": "everything", "roles": ["read"] }), 409),
        ("POST", "/v1/keys", json!({ "name": "x", "roles": [] }), 400),
        ("POST", "/v1/keys", json!({ "name": "x", "roles": ["root"] }), 400),
        ("POST", "/v1/keys", json!({ "name": "x", "roles": ["read"], "sites": ["nowhere"] }), 400),
        ("POST", "/v1/keys", json!({ "name": "x", "roles": ["read"], "within": ["nowhere/a"] }), 400),
        ("POST", "/v1/keys", json!({ "name": "x", "roles": ["read"], "expires_at": "2000-01-01T00:00:00Z" }), 400),
        ("POST", "/v1/keys", json!({ "roles": ["read"] }), 400),
    ] {
        let answer = world.call(method, path, &AUTH, body.to_string()).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.text);
    }
    let audit = world.call("GET", "/v1/audit?limit=3", &AUTH, "").await.json();
    let kinds: Vec<&str> = audit["entries"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["key-revoked", "key-rotated", "purge"]);
    let verified = world.call("GET", "/v1/audit/verify", &AUTH, "").await.json();
    assert_eq!(verified["intact"], true, "{verified}");
    let kept = format!("/v1/audit/verify?head={}", verified["head"].as_str().unwrap());
    assert_eq!(world.call("GET", &kept, &AUTH, "").await.json()["intact"], true);
    let export = world.call("GET", "/v1/audit/export", &AUTH, "").await;
    assert_eq!(export.text.lines().count() as u64, verified["entries"].as_u64().unwrap());
}

/// The export reads the trail in pages; each line comes once, in order, and is the line that the listing shows.
#[tokio::test]
async fn an_export_of_many_pages_has_every_entry_once() {
    let world = World::new();
    let cat = json!({ "targets": [{ "master": "local/cat.jpg" }] }).to_string();
    const PURGES: u64 = 1003;
    // Two keys, as one may ask a thousand times at once.
    for n in 0..PURGES {
        let bearer = format!("Bearer {}", if n % 2 == 0 { KEY } else { crate::world::ENVIRONMENT_KEY });
        let answer = world.call("POST", "/v1/purges", &[("authorization", &bearer)], cat.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let entries = world.call("GET", "/v1/audit/verify", &AUTH, "").await.json()["entries"].as_u64().unwrap();
    assert!(entries >= PURGES, "{entries}");
    let export = world.call("GET", "/v1/audit/export", &AUTH, "").await;
    let line = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].as_u64().unwrap();
    let found: Vec<u64> = export.text.lines().map(line).collect();
    assert_eq!(found, (1..=entries).collect::<Vec<_>>());
}

/// Who listens hears nothing more once his key is revoked, and the stream ends.
#[tokio::test]
async fn a_stream_of_events_ends_with_its_key() {
    use axum::body::{Body, to_bytes};
    use tower::ServiceExt as _;

    let world = World::new();
    let key = make(&world, json!({ "name": "listener", "roles": ["read"] })).await;
    let request = http::Request::get("/v1/events").header("authorization", format!("Bearer {key}"));
    let response = world.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    let target = |name: &str| json!({ "targets": [{ "master": format!("local/{name}.jpg") }] }).to_string();
    assert_eq!(world.call("POST", "/v1/purges", &AUTH, target("heard")).await.status, 200);
    let mut body = response.into_body();
    let mut text = String::new();
    // It has been told of the first purge before the key goes.
    while !text.contains("local/heard.jpg") {
        let frame = tokio::time::timeout(std::time::Duration::from_secs(30), http_body_util::BodyExt::frame(&mut body));
        let frame = frame.await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    assert_eq!(world.call("DELETE", "/v1/keys/listener", &AUTH, "").await.status, 200);
    assert_eq!(world.call("POST", "/v1/purges", &AUTH, target("unheard")).await.status, 200);
    let rest = tokio::time::timeout(std::time::Duration::from_secs(30), to_bytes(body, usize::MAX)).await;
    let Ok(rest) = rest else { panic!("the stream does not end") };
    let rest = rest.unwrap();
    assert!(!String::from_utf8_lossy(&rest).contains("unheard"));
}

#[tokio::test]
async fn requests_and_guesses_are_limited() {
    let mut world = World::new();
    let answer = world.call("GET", "/v1/sites", &AUTH, "").await;
    assert_eq!(answer.header("ratelimit-policy"), "\"key\";q=1000;w=10");
    assert!(answer.header("ratelimit").starts_with("\"key\";r=999;t="));
    let slow = Rate { per_second: 0.001, burst: 2 };
    world.limit(Rates { key: slow, wrong_keys: slow, listeners: 1 });
    let statuses = async |header: (&'static str, &str), path: &str| {
        let mut statuses = Vec::new();
        for _ in 0..3 {
            let answer = world.call("POST", path, &[header], "{}").await;
            assert_eq!(answer.status == 429, !answer.header("retry-after").is_empty(), "{}", answer.text);
            statuses.push(answer.status);
        }
        statuses
    };
    assert_eq!(statuses(("authorization", "Bearer wrong"), "/v1/purges").await, [401, 401, 429]);
    // A key that was not seen from here before is no longer told from a wrong one.
    assert_eq!(statuses(("x-client-key", KEY), "/invalidate").await, [429, 429, 429]);

    world.limit(Rates { key: slow, wrong_keys: slow, listeners: 1 });
    let world = &world;
    for (header, path) in [(("x-client-key", KEY), "/invalidate")] {
        let mut statuses = Vec::new();
        for _ in 0..3 {
            statuses.push(world.call("POST", path, &[header], "{}").await.status);
        }
        assert_eq!(statuses, [400, 400, 429], "{path}");
    }
}
