//! What needs no key, and what is not there.

use std::sync::atomic::Ordering;

use crate::routes::routes;
use crate::world::{BEARER, ENVIRONMENT_KEY, IMGIX_KEY, World};

const UUID: &str = "4fc96d31-9815-4021-830a-ca6d96c514a5";

#[tokio::test]
async fn pages_that_need_no_key() {
    let world = World::new();
    assert_eq!(world.call("GET", "/readyz", &[], "").await.status, 503);
    assert_eq!(world.call("GET", "/healthz", &[], "").await.status, 200, "alive before it is ready");
    world.ready.store(true, Ordering::Release);
    assert_eq!(world.call("GET", "/readyz", &[], "").await.status, 200);
    let index = world.call("GET", "/", &[], "").await;
    assert!(index.status == 200 && index.text.contains("/v1/purges") && index.text.contains("http://127.0.0.1:8080"));
    assert_eq!(world.call("POST", "/healthz", &[], "").await.status, 405);
}

/// A browser at `/` is led to the dashboard; its answers let in nothing but its own files, the API and pictures.
#[tokio::test]
async fn the_dashboard_needs_no_key_and_has_a_strict_policy() {
    let world = World::new();
    for (accept, status) in
        [("text/html,*/*;q=0.8", 303), ("*/*", 200), ("text/html;q=0, */*", 200), ("text/plain", 200)]
    {
        let answer = world.call("GET", "/", &[("accept", accept)], "").await;
        assert_eq!((answer.status, answer.header("vary")), (status, "accept"), "{accept}");
        assert_eq!(answer.headers.get("location").is_some_and(|to| to == "/dashboard/"), status == 303, "{accept}");
    }
    assert_eq!(world.call("GET", "/dashboard", &[], "").await.status, 308);
    for path in ["/dashboard/", "/dashboard/purges/new?scope=url", "/dashboard/assets/none.js"] {
        let answer = world.call("GET", path, &[], "").await;
        let policy = answer.header("content-security-policy");
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob: http://127.0.0.1:8080 ",
            "http://img.example:* https://img.example:*",
            "connect-src 'self' http://127.0.0.1:8080 ",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(directive), "{path}: {directive} in {policy}");
        }
        for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
        assert_eq!(world.call("POST", path, &[], "").await.status, 405, "{path}");
    }
}

/// Of every route, with something for what is variable in it; but for those that need no key.
#[tokio::test]
async fn everything_else_needs_one() {
    let world = World::new();
    let open = ["/", "/healthz", "/readyz", "/metrics"];
    // To sign in takes a key in the body, and to sign out takes nothing.
    let signs = |method: &str, path: &str| path == "/v1/session" && method != "GET";
    let needs = |(method, path): &(String, String)| !open.contains(&path.as_str()) && !signs(method, path);
    for (method, path) in routes().into_iter().filter(needs) {
        let mut path = path;
        for (name, value) in [
            ("{id}", UUID),
            ("{uuid}", UUID),
            ("{request}", "0123456789abcdef01234567"),
            ("{name}", "imgix"),
            ("{*path}", "add/cat.jpg"),
        ] {
            path = path.replace(name, value);
        }
        assert!(!path.contains('{'), "{path}");
        let answer = world.call(&method, &path, &[], "{}").await;
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store", "{method} {path}");
    }
    let imgix = [("authorization", &*format!("Bearer {IMGIX_KEY}"))];
    assert_eq!(world.call("GET", "/v1/sites", &imgix, "").await.status, 200, "no key was changed");
    assert!(world.records().is_empty());
    let environment = format!("Bearer {ENVIRONMENT_KEY}");
    assert_eq!(world.call("GET", "/v1/sites", &[("authorization", &environment)], "").await.status, 200);
}

#[tokio::test]
async fn metrics_are_read_at_each_look() {
    let world = World::new();
    let headers = [("authorization", BEARER)];
    let body = r#"{"targets":[{"master":"local/cat.jpg"}]}"#;
    assert_eq!(world.call("POST", "/v1/purges", &headers, body).await.status, 200);
    assert_eq!(
        world.call("POST", "/v1/purges", &headers, r#"{"targets":[{"master":"no/cat.jpg"}]}"#).await.status,
        400
    );
    let answer = world.call("GET", "/metrics", &[], "").await;
    assert!(answer.status == 200 && answer.header("content-type").starts_with("application/openmetrics-text"));
    let lines: Vec<&str> = answer.text.lines().collect();
    for line in [
        "another_room_total 42",
        "afterimage_purge_log_head 1",
        "afterimage_purge_index_names 1",
        "afterimage_purges_total{via=\"native\",outcome=\"effective\"} 1",
        "afterimage_purges_total{via=\"native\",outcome=\"not-ours\"} 1",
        "afterimage_render_jobs{state=\"queued\"} 0",
        "afterimage_store_bytes{store=\"derivatives\",tier=\"memory\"} 0",
        "afterimage_fills_in_flight{store=\"masters\"} 0",
        "afterimage_misses_total{store=\"derivatives\",reason=\"purged\"} 0",
        "afterimage_not_stored_total{store=\"masters\",reason=\"purged-in-flight\"} 0",
    ] {
        assert!(lines.contains(&line), "{line} in\n{}", answer.text);
    }
    assert_eq!(lines.last(), Some(&"# EOF"));
}

#[tokio::test]
async fn what_is_not_there_says_what_is() {
    let world = World::new();
    for path in ["/v2/purges", "/v1", "/api/v2/sources", "/cat.jpg"] {
        let answer = world.call("GET", path, &[("authorization", BEARER)], "").await;
        assert_eq!((answer.status, answer.header("content-type")), (404, "application/problem+json"), "{path}");
        assert_eq!(answer.json()["code"], "no-such-api");
        assert!(answer.json()["allowed"].as_array().unwrap().iter().any(|api| api == "POST /v1/purges"));
    }
}

/// The page at `/`, and `allowed` where nothing answers, list what there is.
#[tokio::test]
async fn the_list_of_apis_is_that_of_the_routes() {
    let world = World::new();
    let answer = world.call("GET", "/nothing", &[("authorization", BEARER)], "").await.json();
    let listed = answer["allowed"].as_array().unwrap().iter().map(|api| api.as_str().unwrap());
    let listed: Vec<&str> = listed.map(|api| api.split(" (").next().unwrap()).collect();
    let mut named: Vec<String> =
        routes().into_iter().filter(|(_, path)| path != "/").map(|(method, path)| format!("{method} {path}")).collect();
    let mut sorted = listed.clone();
    sorted.sort_unstable();
    named.sort();
    assert_eq!(sorted, named);
    let index = world.call("GET", "/", &[], "").await.text;
    assert!(listed.iter().all(|api| index.contains(api)), "{index}");
}
