//! Cloudimage's warm-ups in both generations, and its statistics.

use std::time::Duration;

use engine::WarmState;
use purge::PurgeId;
use serde_json::{Value, json};

use crate::world::{BOSS_KEY, KEY, SECOND_KEY, World};

const AUTH: (&str, &str) = ("x-client-key", KEY);

/// What is shown of a task once it has ended.
async fn ended(world: &World, id: &str) -> Value {
    let known = PurgeId::parse(id).unwrap();
    let wait = async {
        while world.engine.warmup(known).unwrap().state == WarmState::Running {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap();
    let shown = world.call("GET", &format!("/warmup/{id}"), &[AUTH], "").await;
    assert_eq!((shown.status, &shown.json()["warmup"]["state"]), (200, &json!("DONE")), "{}", shown.text);
    shown.json()["warmup"].clone()
}

#[tokio::test]
async fn the_early_form() {
    let world = World::new();
    let original = |name: &str| format!("http://localhost/cloudimage/{name}?func=proxy");
    let json = json!({ "warmup": { "desc": "launch", "uris": [original("cat.jpg"), original("none.jpg")] } });
    for (media_type, body) in [
        ("application/json", json.to_string()),
        ("text/csv", format!("{}\r\n{}\r\n", original("dir/a.jpg"), original("none.jpg"))),
    ] {
        let headers = [AUTH, ("content-type", media_type)];
        let answer = world.call("POST", "/warmup", &headers, body).await;
        assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("success")), "{}", answer.text);
        assert_eq!(answer.json()["warmup"]["added_uris"], 2);
        let id = answer.json()["warmup"]["id"].as_str().unwrap().to_owned();
        let task = ended(&world, &id).await;
        assert_eq!(
            (&task["count_total"], &task["count_done"], &task["count_failed"]),
            (&json!(2), &json!(1), &json!(1))
        );
        assert_eq!(task["added_at"].as_str().unwrap().len(), 26);
        let listed = world.call("GET", "/warmup/status", &[AUTH], "").await.json();
        assert!(listed["tasks"].as_array().unwrap().contains(&task), "{listed}");
    }
    for name in ["cat.jpg", "dir/a.jpg"] {
        assert!(world.look(&format!("/cloudimage/{name}?func=proxy")).await.1, "{name} was not there yet");
    }
}

#[tokio::test]
async fn the_late_form() {
    let world = World::new();
    let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"list.txt\"\r\n\r\n\
                /cat.jpg?func=proxy\r\n/cloudimage/dog.jpg?func=proxy\r\n/v7/dir/b.jpg?func=proxy\r\n--x--\r\n";
    let data = json!({ "data": ["cat.jpg?func=proxy", "/dog.jpg?func=proxy", "/dog.jpg?func=proxy",
                                "https://elsewhere.example/a.jpg?w=3", "/../cat.jpg"] });
    for (media_type, body, added, failed) in [
        ("multipart/form-data; boundary=x", form.to_owned(), 3, 0),
        ("application/json", data.to_string(), 2, 2),
        ("", data.to_string(), 2, 2),
    ] {
        let answer = world.call("POST", "/warmup/urls", &[AUTH, ("content-type", media_type)], body).await;
        assert_eq!(answer.status, 200, "{media_type}: {}", answer.text);
        let begun = answer.json();
        assert_eq!((&begun["count_added"], &begun["count_failed"]), (&json!(added), &json!(failed)), "{begun}");
        assert_eq!(begun["msg"].as_str().unwrap().is_empty(), failed == 0, "{begun}");
        let task = ended(&world, begun["id"].as_str().unwrap()).await;
        assert_eq!((&task["count_total"], &task["count_done"]), (&json!(added), &json!(added)), "{task}");
    }
    for name in ["cat.jpg", "dog.jpg", "dir/b.jpg"] {
        assert!(world.look(&format!("/cloudimage/{name}?func=proxy")).await.1, "{name} was not there yet");
    }
    // One for each kind of client.
    let negotiated = json!({ "data": ["/cat.jpg?w=3"] }).to_string();
    let begun = world.call("POST", "/warmup/urls", &[AUTH], negotiated).await.json();
    assert_eq!(ended(&world, begun["id"].as_str().unwrap()).await["count_total"], 3);
    // Nothing of it can be used: nothing is begun.
    let before = world.call("GET", "/warmup/status", &[AUTH], "").await.json();
    let none = json!({ "data": ["https://elsewhere.example/a.jpg"] }).to_string();
    let answer = world.call("POST", "/warmup/urls", &[AUTH], none.clone()).await.json();
    assert_eq!((&answer["count_added"], &answer["count_failed"], &answer["id"]), (&json!(0), &json!(1), &Value::Null));
    assert_eq!(world.call("POST", "/warmup", &[AUTH], none).await.status, 400);
    assert_eq!(world.call("GET", "/warmup/status", &[AUTH], "").await.json(), before);
}

#[tokio::test]
async fn requests_that_are_refused() {
    let world = World::new();
    let good = json!({ "data": ["/cat.jpg?func=proxy"] }).to_string();
    let lines = |n: usize| (0..n).map(|n| format!("/{n}\n")).collect::<String>();
    for (key, media_type, body, status) in [
        ("", "", good.clone(), 401),
        ("nope", "", good.clone(), 401),
        (BOSS_KEY, "", good.clone(), 403),
        (KEY, "", "{".to_owned(), 400),
        (KEY, "", r#"{"urls":["/cat.jpg"]}"#.to_owned(), 400),
        (KEY, "", r#"{"data":[]}"#.to_owned(), 400),
        (KEY, "multipart/form-data", good.clone(), 400),
        (KEY, "text/csv", lines(50_001), 413),
        (KEY, "text/csv", "x".repeat((10 << 20) + 1), 413),
    ] {
        for path in ["/warmup", "/warmup/urls"] {
            let headers = [("x-client-key", key), ("content-type", media_type)];
            let answer = world.call("POST", path, &headers, body.clone()).await;
            let what = format!("{path} {key} {media_type} {}", &body[..body.len().min(60)]);
            assert_eq!((answer.status, &answer.json()["status"]), (status, &json!("error")), "{what}: {}", answer.text);
        }
    }
    let begun = world.call("POST", "/warmup/urls", &[AUTH], good).await.json();
    let path = format!("/warmup/{}", begun["id"].as_str().unwrap());
    for (method, path, key, status) in [
        ("GET", path.as_str(), SECOND_KEY, 404),
        ("GET", "/warmup/wrmHkC9URDj8Z", KEY, 404),
        ("GET", "/warmup/status", "", 401),
        ("DELETE", "/warmup", KEY, 405),
    ] {
        let answer = world.call(method, path, &[("x-client-key", key)], "").await;
        assert_eq!((answer.status, &answer.json()["status"]), (status, &json!("error")), "{method} {path} {key}");
    }
    let others = world.call("GET", "/warmup/status", &[("x-client-key", SECOND_KEY)], "").await.json();
    assert_eq!(others, json!({ "status": "success", "tasks": [] }));
    // A key that is bound to a folder warms there alone.
    let make = json!({ "name": "bound", "roles": ["purge"], "within": ["local/dir", "web/dir"] }).to_string();
    let made = world.call("POST", "/v1/keys", &[("authorization", crate::world::BEARER)], make).await;
    let bound = made.json()["key"].as_str().unwrap().to_owned();
    let both = json!({ "data": ["/cat.jpg?func=proxy", "/dir/a.jpg?func=proxy"] }).to_string();
    let begun = world.call("POST", "/warmup/urls", &[("x-client-key", &bound)], both).await.json();
    assert_eq!((&begun["count_added"], &begun["count_failed"]), (&json!(1), &json!(1)), "{begun}");
}

#[tokio::test]
async fn statistics_of_days() {
    let world = World::new();
    world.look("/cloudimage/cat.jpg?func=proxy").await;
    let path = |from: &str, to: &str, key: &str| format!("/stats/general?from={from}&to={to}&client_key={key}");
    let now = world.call("GET", &path("20200513", "22000101", KEY), &[], "").await;
    assert_eq!(now.status, 200, "{}", now.text);
    let (body, stats) = (now.json(), &now.json()["stats"]);
    assert_eq!(body["msg"], "Stats for token: cloudimage, second between 13 May 2020 and 1 Jan 2200");
    assert!(stats["cdn_trafic_gb"].is_number() && stats["cache_storage_gb"].is_number());
    let count = |name: &str| stats[name].as_u64().unwrap();
    assert_eq!((count("count_resized_images"), count("count_downloaded_images")), (1, 1));
    assert_eq!(count("count_total_images"), 2);
    let before = world.call("GET", &path("20200513", "20200519", SECOND_KEY), &[], "").await.json();
    assert_eq!(before["stats"]["count_total_images"], 0, "nothing is known of then");
    for (path, status) in [
        (path("20200513", "20200519", ""), 401),
        (path("20200513", "20200519", "nope"), 401),
        ("/stats/general?from=20200513&to=20200519".to_owned(), 401),
        (path("20200513", "20200519", BOSS_KEY), 403),
        (path("20200519", "20200513", KEY), 400),
        (path("2020-05-13", "20200519", KEY), 400),
        (path("20200513", "20200532", KEY), 400),
    ] {
        // A key in a field does not count here.
        let headers = if path.contains("client_key=&") || !path.contains("client_key") { vec![AUTH] } else { vec![] };
        let answer = world.call("GET", &path, &headers, "").await;
        assert_eq!((answer.status, &answer.json()["status"]), (status, &json!("error")), "{path}");
    }
}
