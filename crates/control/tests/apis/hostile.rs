//! Whatever a client with a key sends, it gets an answer that is not our fault, in the API's own form (guarantee G11).

use std::net::{IpAddr, Ipv4Addr};

use control::imageboss_delete;
use http::{HeaderMap, HeaderName};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::world::{BASIC, BEARER, KEY, World};

/// Text that comes close to what the APIs take.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "http://", "https://", "localhost", "127.0.0.1:8080", "[::1]", "img.example", "shop.example", "/imgix",
            "/imagekit", "/cloudimage", "/imageboss", "/local", "/web", "/tr:w-300", "/width/300", "/v7/", "/", "//",
            "..", "/.", "cat.jpg", "dir/a.jpg", "*", "%", "%2F", "%00", "%ff", "?", "&", "=", "w=300", "#", ":", "\\",
            "\0", "\n", " ", "ü", "\u{202e}", "all", "local",
        ])
        .prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

#[test]
fn nothing_that_is_sent_is_our_fault() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(async { World::new() });
    let cases = testkit::costly_cases(300);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let kind = prop::sample::select(vec!["url", "derivative", "master", "prefix", "source"]);
    let outcome = runner.run(&(text(), kind, any::<Vec<u8>>()), |(text, kind, bytes)| {
        let imgix = json!({ "data": { "type": "purges", "attributes": { "url": text } } }).to_string();
        let path = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let mut calls = vec![
            ("POST", "/api/v1/purge".to_owned(), ("authorization", BEARER), imgix.into_bytes()),
            ("POST", "/v2/image/purger".into(), ("authorization", BASIC), format!("url={text}").into_bytes()),
            ("POST", "/v1/files/purge".into(), ("authorization", BASIC), json!({ "url": text }).to_string().into()),
            ("GET", format!("/v1/files/purge/{}", path(&text)), ("authorization", BASIC), Vec::new()),
            ("GET", format!("/invalidate/{}", path(&text)), ("x-client-key", KEY), Vec::new()),
            ("GET", format!("/v1/purges/{}", path(&text)), ("authorization", BEARER), Vec::new()),
        ];
        for scope in ["original", "urls"] {
            let body = json!({ "scope": scope, "urls": [text, "cat.jpg"] }).to_string();
            calls.push(("POST", "/invalidate".into(), ("x-client-key", KEY), body.into()));
        }
        let letter = json!({ "url": format!("https://kit.example/demo/shop/{text}*") }).to_string();
        calls.push(("POST", "/v1/files/purge".into(), ("authorization", BASIC), letter.into()));
        calls.push(("POST", "/warmup".into(), ("x-client-key", KEY), bytes.clone()));
        let encoded = dialect::text::encode(&text, dialect::text::QUERY_VALUE);
        for query in ["page[cursor]", "page[number]", "sort", "filter[name]", "fields[sources]"] {
            let path = format!("/api/v1/sources?{query}={encoded}");
            calls.push(("GET", path, ("authorization", BEARER), Vec::new()));
        }
        for begin in
            ["/v1/accounts/usage?startDate=2026-01-01&endDate=", "/v1/accounts/origins?x=", "/v1/metadata?url=x"]
        {
            calls.push(("GET", format!("{begin}{encoded}"), ("authorization", BASIC), Vec::new()));
        }
        calls.push(("GET", format!("/stats/general?client_key={KEY}&from={encoded}"), ("x", ""), Vec::new()));
        let native = json!({ "targets": [{ kind: text }], "idempotency_key": text }).to_string();
        calls.push(("POST", "/v1/purges".into(), ("authorization", BEARER), native.into()));
        let native = json!({ "targets": [{ kind: text }] }).to_string();
        calls.push(("POST", "/v1/purges".into(), ("authorization", BEARER), native.into()));
        for (path, header) in [
            ("/api/v1/purge", ("authorization", BEARER)),
            ("/v2/image/purger", ("authorization", BASIC)),
            ("/v1/files/purge", ("authorization", BASIC)),
            ("/invalidate", ("x-client-key", KEY)),
            ("/v1/purges", ("authorization", BEARER)),
        ] {
            calls.push(("POST", path.to_owned(), header, bytes.clone()));
        }
        runtime.block_on(async {
            for (method, path, header, body) in calls {
                let answer = world.call(method, &path, &[header], body).await;
                prop_assert!(answer.status < 500, "{path} {text:?}: {} {}", answer.status, answer.text);
                prop_assert!(answer.status != 409 && !answer.text.is_empty(), "{path} {text:?}");
                if path != "/v2/image/purger" {
                    prop_assert!(answer.headers["content-type"].to_str().unwrap().contains("json"), "{path}");
                    answer.json();
                }
            }
            let headers = HeaderMap::from_iter([(HeaderName::from_static("imageboss-api-key"), KEY.parse().unwrap())]);
            let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let reply = imageboss_delete(&world.plane, "localhost", &text, &headers, client).await;
            prop_assert!(reply.status < 500, "{text:?}: {}", reply.body);
            Ok(())
        })
    });
    outcome.unwrap();
    // What was accepted can be read back.
    let replayed = world.records().iter().all(|record| !record.targets.iter().any(|t| t.selectors.is_empty()));
    assert!(replayed && !world.records().is_empty());
}
