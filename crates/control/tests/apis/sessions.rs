//! Sessions: signing in and out, what a session is refused, and when it ends.

use control::{Rate, Rates};
use http::StatusCode;
use ledger::{KeyRole, Scope};
use serde_json::{Value, json};

use crate::world::{Answer, BEARER, ENVIRONMENT_KEY, IMGIX_KEY, KEY, World};

const SESSION: &str = "/v1/session";
/// Changes something, and needs a key with the role `purge`.
const PURGE: (&str, &str, &str) = ("POST", "/v1/purges", r#"{"targets":[{"master":"local/cat.jpg"}]}"#);

/// A browser that has signed in.
struct Browser {
    cookie: String,
    csrf: String,
}

impl Browser {
    async fn of(world: &World, key: &str) -> Browser {
        let answer = sign_in(world, key).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        Browser { cookie, csrf: answer.json()["csrf"].as_str().unwrap().to_owned() }
    }

    /// As its pages ask.
    async fn asks(&self, world: &World, method: &str, path: &str, body: &str) -> Answer {
        let headers = [("cookie", &*self.cookie), ("afterimage-csrf", &*self.csrf), ("sec-fetch-site", "same-origin")];
        world.call(method, path, &headers, body.to_owned()).await
    }

    async fn is_signed_in(&self, world: &World) -> bool {
        let answer = world.call("GET", SESSION, &[("cookie", &self.cookie)], "").await;
        assert!(answer.status == 200 || answer.json()["code"] == "no-session", "{}", answer.text);
        answer.status == 200
    }
}

async fn sign_in(world: &World, key: &str) -> Answer {
    world.call("POST", SESSION, &[], json!({ "key": key }).to_string()).await
}

#[tokio::test]
async fn a_session_stands_for_its_key() {
    let world = World::new();
    let answer = sign_in(&world, IMGIX_KEY).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["name"], &body["sites"]), (200, &json!("imgix"), &json!(["imgix"])));
    assert_eq!((&body["roles"], &body["within"]), (&json!(["admin", "purge", "read"]), &json!([])));
    let set = answer.header("set-cookie");
    let (cookie, attributes) = set.split_once("; ").unwrap();
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Path=/; Max-Age=43200");
    assert!(cookie.strip_prefix("afterimage_session=").is_some_and(|id| id.len() == 64), "{cookie}");
    assert!(!answer.text.contains(&cookie[19..]), "a script could read it");
    let shown = world.call("GET", SESSION, &[("cookie", cookie)], "").await;
    assert_eq!((shown.status, shown.json(), shown.header("set-cookie")), (200, body, ""));

    let browser = Browser::of(&world, IMGIX_KEY).await;
    let sites = browser.asks(&world, "GET", "/v1/sites", "").await;
    assert_eq!(sites.json()["sites"].as_array().unwrap().len(), 1);
    let purged = browser.asks(&world, "POST", "/v1/purges", r#"{"targets":[{"url":"/imgix/cat.jpg"}]}"#).await;
    assert_eq!((purged.status, purged.json()["actor"].clone()), (200, json!("imgix")), "{}", purged.text);
    assert!(purged.header("ratelimit").starts_with("\"key\";r="), "it counts against the key's limit");
    assert_eq!(world.newest().actor, "imgix");
    for (path, targets) in [("/v1/purges", r#"{"targets":[{"all":true}]}"#), ("/v1/keys", "{}")] {
        assert_eq!(browser.asks(&world, "POST", path, targets).await.status, 403, "no more than the key may: {path}");
    }
    let audit = world.call("GET", "/v1/audit?kind=signed-in", &[("authorization", BEARER)], "").await;
    assert_eq!(audit.json()["entries"].as_array().map(Vec::len), Some(2), "{}", audit.text);
}

#[tokio::test]
async fn what_is_refused_without_a_good_key() {
    let world = World::new();
    for (body, status, code) in [
        (json!({ "key": "ak_wrong" }).to_string(), 401, "unknown-key"),
        (json!({ "key": "" }).to_string(), 400, "bad-key"),
        (json!({ "key": 7 }).to_string(), 400, "bad-key"),
        (json!({}).to_string(), 400, "bad-key"),
        (json!({ "key": KEY, "remember": true }).to_string(), 400, "unknown-field"),
        ("key=x".to_owned(), 400, "malformed-json"),
    ] {
        let answer = world.call("POST", SESSION, &[], body.clone()).await;
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{body}");
        assert_eq!(answer.header("set-cookie"), "", "{body}");
    }
    for (method, status) in [("PUT", 405), ("GET", 401)] {
        assert_eq!(world.call(method, SESSION, &[("authorization", BEARER)], "").await.status, status, "{method}");
    }
    // Signing somebody in from elsewhere, as whoever wrote that page.
    for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "null")] {
        let answer = world.call("POST", SESSION, &[(name, value)], json!({ "key": KEY }).to_string()).await;
        assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("cross-site")), "{name}: {value}");
    }
}

#[tokio::test]
async fn too_many_wrong_keys() {
    let mut world = World::new();
    let wrong_keys = Rate { per_second: 0.01, burst: 2 };
    world.limit(Rates { wrong_keys, ..Rates::default() });
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(sign_in(&world, "ak_guess").await.status);
    }
    assert_eq!(seen, [401, 401, 429]);
    assert_eq!(sign_in(&world, KEY).await.status, 429, "a guess that hits looks like one that misses");
}

#[tokio::test]
async fn a_change_needs_the_token_and_a_page_of_ours() {
    let world = World::new();
    let browser = Browser::of(&world, KEY).await;
    let stranger = Browser::of(&world, KEY).await;
    let (method, path, body) = PURGE;
    let (ours, cookie) = (("afterimage-csrf", &*browser.csrf), ("cookie", &*browser.cookie));
    let short = &browser.csrf[1..];
    for (headers, status, code) in [
        (vec![cookie], 403, "csrf"),
        (vec![cookie, ("afterimage-csrf", "")], 403, "csrf"),
        (vec![cookie, ("afterimage-csrf", short)], 403, "csrf"),
        (vec![cookie, ("afterimage-csrf", &stranger.csrf)], 403, "csrf"),
        (vec![cookie, ("sec-fetch-site", "same-origin")], 403, "csrf"),
        (vec![cookie, ours, ("sec-fetch-site", "same-site")], 403, "cross-site"),
        (vec![cookie, ours, ("sec-fetch-site", "cross-site")], 403, "cross-site"),
        (vec![cookie, ours, ("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8081")], 403, "cross-site"),
        (vec![("cookie", "afterimage_session=0123456789"), ours], 401, "no-session"),
        (vec![ours], 401, "no-key"),
    ] {
        let before = world.records().len();
        let answer = world.call(method, path, &headers, body).await;
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{headers:?}");
        assert_eq!(world.records().len(), before, "{headers:?}");
    }
    for headers in [
        vec![cookie, ours],
        vec![cookie, ours, ("origin", "http://127.0.0.1:8081"), ("host", "127.0.0.1:8081")],
        // A key in a field was put there by somebody who knows it, whatever cookie is along.
        vec![cookie, ("authorization", BEARER)],
        vec![("cookie", "afterimage_session=0123456789"), ("authorization", BEARER)],
    ] {
        assert_eq!(world.call(method, path, &headers, body).await.status, 200, "{headers:?}");
    }
    let deleted = world.call("DELETE", SESSION, &[cookie], "").await;
    assert_eq!((deleted.status, browser.is_signed_in(&world).await), (403, true), "signing out is a change too");
}

/// Their clients are programs, which bear keys; a browser that is made to call them must not succeed.
#[tokio::test]
async fn the_vendors_apis_take_no_cookies() {
    let world = World::new();
    let browser = Browser::of(&world, KEY).await;
    for (method, path, body) in [
        (
            "POST",
            "/api/v1/purge",
            r#"{"data":{"type":"purges","attributes":{"url":"http://localhost/imgix/cat.jpg"}}}"#,
        ),
        ("POST", "/v2/image/purger", r#"{"url":"http://localhost/imgix/cat.jpg"}"#),
        ("GET", "/api/v1/sources", ""),
        ("POST", "/v1/files/purge", r#"{"url":"http://localhost/imagekit/cat.jpg"}"#),
        ("GET", "/v1/accounts/origins", ""),
        ("POST", "/invalidate", r#"{"scope":"all"}"#),
        ("GET", "/v1/sources", ""),
    ] {
        let answer = browser.asks(&world, method, path, body).await;
        assert!(matches!(answer.status, 401 | 403), "{method} {path}: {} {}", answer.status, answer.text);
    }
    assert!(world.records().is_empty());
}

#[tokio::test]
async fn signing_out_ends_one_session() {
    let world = World::new();
    let (one, other) = (Browser::of(&world, KEY).await, Browser::of(&world, KEY).await);
    let answer = one.asks(&world, "DELETE", SESSION, "").await;
    assert_eq!((answer.status, answer.text.as_str(), answer.header("content-type")), (204, "", ""));
    assert_eq!(answer.header("set-cookie"), "afterimage_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    assert_eq!((one.is_signed_in(&world).await, other.is_signed_in(&world).await), (false, true));
    assert_eq!(one.asks(&world, PURGE.0, PURGE.1, PURGE.2).await.json()["code"], "no-session");
    assert_eq!(one.asks(&world, "DELETE", SESSION, "").await.status, 204, "to have none is no error");
    assert_eq!(world.call("DELETE", SESSION, &[], "").await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_session_ends_with_its_key() {
    let mut world = World::new();
    let admin = Browser::of(&world, ENVIRONMENT_KEY).await;
    let make = |name: &str| json!({ "name": name, "roles": ["read"] }).to_string();
    for (name, method, path, body, survives) in [
        ("revoked", "DELETE", "/v1/keys/revoked", "", false),
        ("rotated", "POST", "/v1/keys/rotated/rotate", "", false),
        ("in-grace", "POST", "/v1/keys/in-grace/rotate", r#"{"grace":600}"#, true),
    ] {
        let made = admin.asks(&world, "POST", "/v1/keys", &make(name)).await;
        let key = made.json()["key"].as_str().unwrap().to_owned();
        let browser = Browser::of(&world, &key).await;
        assert!(browser.is_signed_in(&world).await);
        let changed = admin.asks(&world, method, path, body).await;
        assert_eq!(changed.status, 200, "{name}: {}", changed.text);
        assert_eq!(browser.is_signed_in(&world).await, survives, "{name}");
        assert_eq!(world.call("GET", "/v1/sites", &[("cookie", &browser.cookie)], "").await.status == 200, survives);
    }
    // Not only through the API: each request asks whether the key is good.
    let scope = Scope { roles: vec![KeyRole::Read], ..Scope::everything_on(&[]) };
    let key = world.keys().issue("aside", &scope).unwrap();
    let browser = Browser::of(&world, &key).await;
    world.keys().change("aside", &Scope { sites: vec!["imgix".to_owned()], ..scope }).unwrap();
    let narrower = world.call("GET", SESSION, &[("cookie", &browser.cookie)], "").await.json();
    assert_eq!(narrower["sites"], json!(["imgix"]), "what it may is asked each time as well");
    world.keys().revoke("aside").unwrap();
    assert!(!browser.is_signed_in(&world).await);

    assert!(admin.is_signed_in(&world).await, "nobody else's ended");
    world.restart(None);
    assert!(!admin.is_signed_in(&world).await, "they are kept in memory alone");
    assert_eq!(admin.asks(&world, PURGE.0, PURGE.1, PURGE.2).await.json()["code"], Value::from("no-session"));
}
