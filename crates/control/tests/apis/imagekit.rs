//! ImageKit's purge API, as its clients call it.

use serde_json::json;

use crate::world::{BASIC, World};

const PATH: &str = "/v1/files/purge";
/// `ak_everything:do_not_set`, as two of the SDKs send it.
const BASIC_UNSET: &str = "Basic YWtfZXZlcnl0aGluZzpkb19ub3Rfc2V0";
/// `ak_imageboss:`.
const BASIC_BOSS: &str = "Basic YWtfaW1hZ2Vib3NzOg==";

fn body(url: &str) -> String {
    json!({ "url": url }).to_string()
}

#[tokio::test]
async fn urls_and_wildcards() {
    let world = World::new();
    let (cat, dog, a, b) = ("cat.jpg", "dog.jpg", "dir/a.jpg", "dir/b.jpg");
    let web = "//shop.example/media/x.jpg";
    for (target, purged, fresh) in [
        ("/cat.jpg", &[cat][..], &[dog][..]),
        ("/cat.jpg?ik-s=abc&ik-t=1700000000", &[cat], &[dog]),
        ("/cat.jpg*", &[cat], &[dog, "cat.jpg2"]),
        ("/dir/*", &[a, b], &[cat]),
        ("/di*", &[a, b, "diver.jpg"], &[cat]),
        ("/dir/a*", &[a, "dir/ab.png"], &[b]),
        ("/*", &[cat, dog, a, b, web], &[]),
        ("/https://shop.example/media/x.jpg", &[web], &["//shop.example/media/y.jpg", cat]),
        ("/https://shop.example/media/*", &[web], &[cat]),
        ("/https://shop.example/*", &[web], &[cat]),
        ("/https://shop.example/media/x*", &[web], &["//shop.example/media/y.jpg", cat]),
        ("/link.jpg", &["link.jpg", cat], &[dog]),
    ] {
        for (authorization, origin) in
            [(BASIC, "http://127.0.0.1:8080/imagekit"), (BASIC_UNSET, "https://localhost/imagekit")]
        {
            let before = world.now();
            let url = format!("{origin}{target}");
            let answer = world.call("POST", PATH, &[("authorization", authorization)], body(&url)).await;
            assert_eq!(answer.status, 201, "{url}: {}", answer.text);
            assert_eq!(answer.header("content-type"), "application/json");
            assert!(!answer.header("x-ik-requestid").is_empty());
            world.expect(before, purged, fresh, &url);
            let request = answer.json()["requestId"].as_str().unwrap().to_owned();
            assert!(request.len() == 24 && request.bytes().all(|b| b.is_ascii_hexdigit()), "{request}");
            let record = world.newest();
            assert_eq!((record.via, record.targets[0].said.as_str()), (purge::Via::Imagekit, url.as_str()));
        }
    }
}

#[tokio::test]
async fn a_transformation_names_one_variant() {
    let world = World::new();
    for (said, purged, fresh) in [
        ("/tr:w-300/cat.jpg", "/tr:w-300/cat.jpg", "/tr:w-301/cat.jpg"),
        ("/cat.jpg?tr=w-300&ik-s=x", "/tr:w-300/cat.jpg", "/cat.jpg"),
    ] {
        let before = world.now();
        let url = format!("http://localhost/imagekit{said}");
        let answer = world.call("POST", PATH, &[("authorization", BASIC)], body(&url)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert!(world.is_purged_exactly(before, &format!("/imagekit{purged}"), "cat.jpg"), "{said}");
        assert!(!world.is_purged_exactly(before, &format!("/imagekit{fresh}"), "cat.jpg"), "{said}");
    }
}

#[tokio::test]
async fn requests_that_are_refused() {
    let world = World::new();
    let good = body("http://localhost/imagekit/cat.jpg");
    let long = format!("{good}{}", " ".repeat(control::BODY_LIMIT));
    for (authorization, body, status) in [
        ("", good.clone(), 401),
        ("Bearer ak_everything", good.clone(), 401),
        ("Basic Og==", good.clone(), 401),
        ("Basic bm9wZTo=", good.clone(), 403),
        (BASIC_BOSS, good, 403),
        (BASIC, String::new(), 400),
        (BASIC, "[]".to_owned(), 400),
        (BASIC, r#"{"url":null}"#.to_owned(), 400),
        (BASIC, body("cat.jpg"), 400),
        (BASIC, body("http://elsewhere.example/imagekit/cat.jpg"), 400),
        (BASIC, body("http://localhost/imgix/cat.jpg"), 400),
        (BASIC, body("http://localhost/imagekit/"), 400),
        // No source: an empty purge would be a false promise.
        (BASIC, body("http://localhost/empty/*"), 400),
        (BASIC, body("http://localhost/empty/a*"), 400),
        (BASIC, body("http://localhost/imagekit/a/*/b.jpg"), 400),
        (BASIC, body("http://localhost/imagekit/https://elsewhere.example/*"), 400),
        (BASIC, long, 413),
    ] {
        let answer = world.call("POST", PATH, &[("authorization", authorization)], body.clone()).await;
        let what = format!("{authorization} {}", &body[..body.len().min(200)]);
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        let error = answer.json();
        assert!(error["message"].is_string() && error["help"].is_string(), "{what}");
        assert!(!answer.header("x-ik-requestid").is_empty(), "{what}");
    }
    assert!(world.records().is_empty());
    for (method, path, status) in [("DELETE", PATH, 405), ("POST", "/v1/files/upload", 404)] {
        let answer = world.call(method, path, &[("authorization", BASIC)], "").await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.json()["message"].is_string() && !answer.header("x-ik-requestid").is_empty());
    }
}

#[tokio::test]
async fn a_request_id_is_found_again() {
    let mut world = World::new();
    let auth = [("authorization", BASIC)];
    let answer = world.call("POST", PATH, &auth, body("http://localhost/imagekit/cat.jpg")).await;
    let request = answer.json()["requestId"].as_str().unwrap().to_owned();
    assert!(world.newest().id.to_string().replace('-', "").starts_with(&request));
    let other = "0123456789abcdef01234567";
    for restarted in [false, true] {
        if restarted {
            world.restart(None);
        }
        let shown = format!("{PATH}/{request}");
        let answer = world.call("GET", &shown, &auth, "").await;
        let completed = json!({ "status": "Completed" });
        assert_eq!((answer.status, answer.json()), (200, completed), "restarted: {restarted}");
        assert!(!answer.header("x-ik-requestid").is_empty());
        for (path, authorization, status) in [
            (shown.clone(), "", 401),
            (shown.clone(), "Basic bm9wZTo=", 403),
            // Another key's purges are not shown to one that is bound to sites.
            (shown.clone(), BASIC_BOSS, 400),
            (format!("{PATH}/{other}"), BASIC, 400),
            (format!("{PATH}/{}", &request[..23]), BASIC, 400),
            (format!("{PATH}/%20"), BASIC, 400),
        ] {
            let answer = world.call("GET", &path, &[("authorization", authorization)], "").await;
            assert_eq!(answer.status, status, "{path} {authorization}: {}", answer.text);
            assert!(answer.json()["message"].is_string());
        }
    }
}
