//! imgix's purge API, as its clients call it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{BASIC, BEARER, BOSS_KEY, IMGIX_KEY, KEY, World};

const V1: &str = "/api/v1/purge";
const V2: &str = "/v2/image/purger";

fn document(url: &str) -> String {
    json!({ "data": { "type": "purges", "attributes": { "url": url } } }).to_string()
}

/// Neither colon nor padding.
const BASIC_BARE: &str = "Basic YWtfZXZlcnl0aGluZw";

#[tokio::test]
async fn urls_that_name_a_master() {
    let world = World::new();
    for (url, purged, fresh) in [
        ("http://127.0.0.1:8080/imgix/cat.jpg", "cat.jpg", "dog.jpg"),
        ("https://localhost/imgix/cat.jpg?w=300&fit=crop#x", "cat.jpg", "dog.jpg"),
        ("http://[::1]:8080/imgix/dir/a.jpg", "dir/a.jpg", "dir/b.jpg"),
        ("img.example/dir/%61.jpg", "dir/a.jpg", "dir/b.jpg"),
        ("HTTPS://IMG.example/cat.jpg", "cat.jpg", "dog.jpg"),
        ("  https://img.example/link.jpg ", "cat.jpg", "dog.jpg"),
        ("https://img.example/grün%20blau.jpg", "grün blau.jpg", "dog.jpg"),
        ("https://img.example/not/there.jpg", "not/there.jpg", "dog.jpg"),
        (
            "http://localhost/imgix/https%3A%2F%2Fshop.example%2Fmedia%2Fx.jpg",
            "//shop.example/media/x.jpg",
            "//shop.example/media/y.jpg",
        ),
        ("https://shop.example/media/x.jpg", "//shop.example/media/x.jpg", "//shop.example/media/y.jpg"),
    ] {
        let before = world.now();
        let answer = world.call("POST", V1, &[("authorization", &format!("Bearer {KEY}"))], document(url)).await;
        assert_eq!(answer.status, 200, "{url}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/vnd.api+json");
        world.expect(before, &[purged], &[fresh], url);
        let (body, record) = (answer.json(), world.newest());
        let id = Value::String(record.id.to_string());
        assert_eq!((&body["data"]["id"], &body["data"]["attributes"]["purge_id"]), (&id, &id));
        assert_eq!(body["data"]["type"], "purges");
        assert_eq!(body["data"]["attributes"]["status"], "effective");
        assert_eq!(body["data"]["attributes"]["position"], record.position.0);
        assert_eq!(body["meta"]["authentication"]["tag"], "everything");
        assert_eq!(body["jsonapi"]["version"], "1.0");
        assert_eq!(
            (record.actor.as_str(), record.via, record.targets[0].said.as_str()),
            ("everything", purge::Via::Imgix, url)
        );
    }
    let sub_image = json!({ "data": { "type": "purges", "attributes": { "url": "http://localhost/imgix/dog.jpg", "sub_image": true } } });
    let before = world.now();
    let answer = world.call("POST", V1, &[("authorization", "Bearer ak_everything")], sub_image.to_string()).await;
    assert_eq!(answer.status, 200);
    world.expect(before, &["dog.jpg"], &["cat.jpg"], "sub_image");
}

#[tokio::test]
async fn requests_that_are_refused() {
    let world = World::new();
    let good = document("http://localhost/imgix/cat.jpg");
    let bearer = format!("Bearer {KEY}");
    let boss = format!("Bearer {BOSS_KEY}");
    let wrong_type = good.replace("purges", "purge");
    let (foreign, empty) = (document("https://elsewhere.example/a.jpg"), document("http://localhost/imgix/"));
    let nowhere = document("http://localhost/nothing/a.jpg");
    let climbing = document("http://localhost/imgix/%2e%2e/a.jpg");
    let long = format!("{good}{}", " ".repeat(control::BODY_LIMIT));
    for (authorization, body, status) in [
        ("", good.as_str(), 401),
        ("Bearer nope", &good, 401),
        ("Bearer ", &good, 401),
        (BASIC, &good, 401),
        (&bearer, "", 400),
        (&bearer, "{", 400),
        (&bearer, "[]", 400),
        (&bearer, &wrong_type, 400),
        (&bearer, r#"{"data":{"type":"purges","attributes":{}}}"#, 400),
        (&bearer, r#"{"data":{"type":"purges","attributes":{"url":7}}}"#, 400),
        (&bearer, &foreign, 400),
        (&bearer, &nowhere, 400),
        (&bearer, &empty, 400),
        (&bearer, &climbing, 400),
        (&boss, &good, 403),
        (&bearer, &long, 413),
    ] {
        let before = world.records().len();
        let answer = world.call("POST", V1, &[("authorization", authorization)], body.to_owned()).await;
        let what = format!("{authorization} {}", &body[..body.len().min(200)]);
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/vnd.api+json", "{what}");
        let body = answer.json();
        assert_eq!(body["errors"][0]["status"], status.to_string(), "{what}: a string");
        assert!(body["errors"][0]["title"].is_string() && body["errors"][0]["id"].is_string(), "{what}");
        if status == 401 {
            let detail = "A valid API key is required and could not be determined.";
            assert_eq!(body["errors"][0]["detail"], detail);
        }
        assert_eq!(world.records().len(), before, "{what}: nothing is logged");
    }
    let answer = world.call("GET", V1, &[("authorization", &bearer)], "").await;
    assert_eq!((answer.status, &answer.json()["errors"][0]["status"]), (405, &json!("405")));
    let own = world.call("POST", V1, &[("authorization", &format!("Bearer {IMGIX_KEY}"))], good).await;
    assert_eq!(own.status, 200, "a key for this site may");
}

#[tokio::test]
async fn the_legacy_endpoint_takes_what_plugins_send() {
    let world = World::new();
    let json = r#"{"url":"http://localhost/imgix/cat.jpg"}"#;
    let form = "url=http%3A%2F%2Flocalhost%2Fimgix%2Fcat.jpg";
    for (authorization, media_type, body, status) in [
        (BASIC, "application/json", json, 200),
        (BASIC, "application/x-www-form-urlencoded", form, 200),
        (BASIC, "application/json", form, 200),
        (BASIC, "application/x-www-form-urlencoded", json, 200),
        (BASIC_BARE, "", json, 200),
        (BASIC, "", "url=http://localhost/imgix/cat.jpg", 200),
        ("Bearer ak_everything", "", json, 401),
        ("Basic bm9wZTo=", "", json, 401),
        ("", "", json, 401),
        (BASIC, "", "uri=x", 400),
        (BASIC, "application/json", r#"{"url":["x"]}"#, 400),
        (BASIC, "", "url=http://localhost/imgix/", 400),
        (BASIC, "", "url=https://elsewhere.example/a.jpg", 410),
    ] {
        let before = world.now();
        let headers = [("authorization", authorization), ("content-type", media_type)];
        let answer = world.call("POST", V2, &headers, body).await;
        assert_eq!(answer.status, status, "{authorization} {media_type} {body}: {}", answer.text);
        assert_eq!(world.is_purged(before, "cat.jpg"), status == 200, "{authorization} {body}");
    }
    assert_eq!(world.newest().via, purge::Via::ImgixLegacy);
}

#[tokio::test]
async fn a_repeated_purge_is_carried_out_whatever_is_answered() {
    let mut world = World::new();
    let headers = [("authorization", BASIC)];
    for (window, second) in [(None, 200), (Some(Duration::from_secs(3600)), 409)] {
        world.restart(window);
        for status in [200, second] {
            let before = world.now();
            let answer = world.call("POST", V2, &headers, "url=http://localhost/imgix/cat.jpg").await;
            assert_eq!(answer.status, status);
            if status == 409 {
                assert_eq!(answer.text, "Duplicate purge request pending");
            }
            world.expect(before, &["cat.jpg"], &[], "repeated");
        }
        let body = document("http://127.0.0.1/imgix/cat.jpg?w=1");
        let answer = world.call("POST", V1, &[("authorization", "Bearer ak_everything")], body).await;
        assert_eq!(answer.status, second, "another spelling of the same");
        let body = document("http://127.0.0.1/imgix/dog.jpg");
        let answer = world.call("POST", V1, &[("authorization", "Bearer ak_everything")], body).await;
        assert_eq!(answer.status, 200);
    }
}

/// Where a site wants it so, what the vendor refuses is refused.
#[tokio::test]
async fn purges_by_the_vendors_letter() {
    let world = World::new();
    let list = world.call("GET", "/api/v1/sources", &[("authorization", BEARER)], "").await.json();
    let source = list["data"][0]["id"].as_str().unwrap().to_owned();
    let body = |host: &str, more: Value| {
        let mut attributes = json!({ "url": format!("https://{host}/cat.jpg?w=3") });
        attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "data": { "type": "purges", "attributes": attributes } }).to_string()
    };
    // Elsewhere all of these are carried out; here they are told apart.
    for (more, status) in [
        (json!({ "sub_image": true }), 400),
        (json!({ "sub_image": true, "source_id": "0123456789abcdef01234567" }), 400),
        (json!({ "sub_image": true, "source_id": source }), 200),
        (json!({ "sub_image": false }), 409),
        (json!({ "source_id": null }), 409),
    ] {
        for (host, status) in [("letter.example", status), ("img.example", 200)] {
            let before = world.now();
            let answer = world.call("POST", V1, &[("authorization", BEARER)], body(host, more.clone())).await;
            assert_eq!(answer.status, status, "{host} {more}: {}", answer.text);
            assert_eq!(world.is_purged(before, "cat.jpg"), status != 400, "{host} {more}");
        }
    }
    for more in [json!({ "sub_image": "yes" }), json!({ "source_id": 7 })] {
        for host in ["letter.example", "img.example"] {
            let answer = world.call("POST", V1, &[("authorization", BEARER)], body(host, more.clone())).await;
            assert_eq!(answer.status, 400, "{host} {more}");
        }
    }
    let again = world.call("POST", V2, &[("authorization", BASIC)], "url=https://letter.example/cat.jpg").await;
    assert_eq!((again.status, again.text.as_str()), (409, "Duplicate purge request pending"));
}
