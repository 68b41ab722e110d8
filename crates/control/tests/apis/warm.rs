//! Warm-ups: what they take, who may start them, and where they stand.

use std::time::Duration;

use plan::Selector;
use purge::{Mode, PurgeId, Request, Target, Via};
use serde_json::{Value, json};

use crate::world::{BEARER, IMGIX_KEY, World};

const PATH: &str = "/v1/warmups";
const AUTH: [(&str, &str); 1] = [("authorization", BEARER)];

async fn start(world: &World, body: &Value) -> Value {
    let answer = world.call("POST", PATH, &AUTH, body.to_string()).await;
    assert_eq!(answer.status, 202, "{body}: {}", answer.text);
    let warmup = answer.json();
    assert_eq!(answer.header("location"), format!("{PATH}/{}", warmup["id"].as_str().unwrap()));
    warmup
}

async fn ended(world: &World, id: &Value) -> Value {
    let path = format!("{PATH}/{}", id.as_str().unwrap());
    let look = async {
        loop {
            let warmup = world.call("GET", &path, &AUTH, "").await.json();
            if warmup["state"] != "running" {
                return warmup;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), look).await.unwrap()
}

#[tokio::test]
async fn everything_that_may_be_named() {
    let world = World::new();
    let sitemap = "<urlset><url><loc>https://elsewhere.example/page</loc><image:image>\
                   <image:loc>http://localhost/imgix/cat.jpg?w=3&amp;fm=png</image:loc></image:image></url></urlset>";
    for (body, total, ignored) in [
        // A fixed format is one derivative, a negotiated one is one for each kind of client, and both come once.
        (json!({ "urls": ["/imgix/cat.jpg?w=3&fm=png", "http://localhost/imgix/cat.jpg?w=3&fm=png"] }), 1, None),
        (json!({ "urls": ["/imgix/cat.jpg?w=3&auto=format"] }), 3, None),
        (json!({ "urls": ["/imgix/cat.jpg?w=3&auto=format"], "accept": ["webp", "basic"] }), 2, None),
        (json!({ "urls": ["http://img.example/cat.jpg?w=3&fm=png"] }), 1, None),
        (json!({ "list": "# pictures\n\n/imgix/cat.jpg?w=3&fm=png\r\n/imgix/dog.jpg?w=3&fm=png\n" }), 2, None),
        (json!({ "list": sitemap }), 1, Some(1)),
        (
            json!({ "masters": ["local/cat.jpg", "local/dir/a.jpg"], "site": "imgix",
                    "transformations": ["w=3&fm=png", "?w=4&fm=png"] }),
            4,
            None,
        ),
        (
            json!({ "masters": ["local/dir/a.jpg"], "templates":
                    ["/imagekit/tr:w-3,f-png/{path}", "/imageboss/{source}/width/3/format:png/{path}"] }),
            2,
            None,
        ),
        (
            json!({ "masters": ["https://shop.example/media/a%20b.jpg"], "templates": ["/second/{path}?w=3&force_format=png"] }),
            1,
            None,
        ),
    ] {
        let warmup = start(&world, &body).await;
        assert_eq!((&warmup["total"], warmup["ignored"].as_u64()), (&json!(total), ignored), "{body}: {warmup}");
        assert_eq!(warmup["actor"], "everything");
    }
    let listed = world.call("GET", PATH, &AUTH, "").await.json();
    assert_eq!(listed["warmups"].as_array().unwrap().len(), 9);
    let page = world.call("GET", &format!("{PATH}?limit=2"), &AUTH, "").await.json();
    assert_eq!(page["warmups"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_made_is_there_and_what_cannot_be_made_is_counted() {
    let world = World::new();
    let urls = json!({ "urls": ["/cloudimage/cat.jpg?func=proxy", "/cloudimage/dog.jpg?func=proxy",
                       "/cloudimage/none.jpg?func=proxy"], "per_second": 10_000 });
    let warmup = start(&world, &urls).await;
    let warmup = ended(&world, &warmup["id"]).await;
    assert_eq!([&warmup["state"], &warmup["tried"]], [&json!("done"), &json!(3)]);
    assert_eq!([&warmup["made"], &warmup["failed"]], [&json!(2), &json!(1)], "{warmup}");
    assert!(warmup["ended_at"].is_string());
    for target in ["/cloudimage/cat.jpg?func=proxy", "/cloudimage/dog.jpg?func=proxy"] {
        assert!(world.look(target).await.1, "{target} was not there yet");
    }
    let trail = world.call("GET", "/v1/audit?kind=warm", &AUTH, "").await.json();
    let what = trail["entries"][0]["what"].as_str().unwrap();
    assert!(what.contains(warmup["id"].as_str().unwrap()) && what.contains("started"), "{what}");
}

#[tokio::test]
async fn a_cancelled_one_stands_still() {
    let world = World::new();
    let urls: Vec<String> = (1..=500).map(|width| format!("/imgix/none.jpg?w={width}&fm=png")).collect();
    let warmup = start(&world, &json!({ "urls": urls, "per_second": 1 })).await;
    let path = format!("{PATH}/{}", warmup["id"].as_str().unwrap());
    let other = [("authorization", &*format!("Bearer {IMGIX_KEY}"))];
    assert_eq!(world.call("DELETE", &path, &other, "").await.status, 404);
    let stopped = world.call("DELETE", &path, &AUTH, "").await;
    assert_eq!((stopped.status, &stopped.json()["state"]), (200, &json!("cancelled")));
    let again = world.call("DELETE", &path, &AUTH, "").await.json();
    assert!(again["tried"].as_u64().unwrap() < 3 && again["ended_at"] == stopped.json()["ended_at"], "{again}");
    let cancelled = world.call("GET", &format!("{PATH}?state=cancelled"), &AUTH, "").await.json();
    assert_eq!(cancelled["warmups"].as_array().unwrap().len(), 1);
    let trail = world.call("GET", "/v1/audit?kind=warm", &AUTH, "").await.json();
    assert_eq!(trail["entries"].as_array().unwrap().len(), 2, "{trail}");
    assert_eq!(world.call("DELETE", &format!("{PATH}/nothing"), &AUTH, "").await.status, 404);
}

#[tokio::test]
async fn what_is_not_ours_is_refused_by_its_place() {
    let world = World::new();
    let many: Vec<String> = (0..10_001).map(|n| format!("/imgix/cat.jpg?w=1&fm=png&x={n}")).collect();
    let masters: Vec<String> = (0..101).map(|n| format!("local/{n}.jpg")).collect();
    let templates: Vec<String> = (0..100).map(|n| format!("/imgix/{{path}}?w={n}")).collect();
    let transformations: Vec<String> = (0..100).map(|n| format!("w={n}")).collect();
    let long = format!("/imgix/{{path}}?x={}", "a".repeat(17 << 10));
    for (body, status, code, parameter) in [
        (json!({}), 400, "bad-warmup", "urls"),
        (json!({ "urls": [] }), 400, "bad-warmup", "urls"),
        (json!({ "urls": "/imgix/cat.jpg" }), 400, "bad-warmup", "urls"),
        (json!({ "urls": ["/imgix/cat.jpg", "https://elsewhere.example/a.jpg"] }), 400, "not-ours", "urls[1]"),
        (json!({ "urls": ["cat.jpg"] }), 400, "malformed-target", "urls[0]"),
        (json!({ "urls": ["/imageboss/nonsense"] }), 400, "malformed-target", "urls[0]"),
        (json!({ "list": "/imgix/cat.jpg\n#\nhttps://elsewhere.example/a" }), 400, "not-ours", "list, line 3"),
        (json!({ "list": "<urlset><loc>/imgix/cat.jpg" }), 400, "bad-list", "list"),
        (json!({ "list": "<a><loc>https://elsewhere.example/</loc></a>" }), 400, "nothing-to-warm", "list"),
        (json!({ "urls": ["/imgix/cat.jpg"], "accept": ["heic"] }), 400, "bad-accept", "accept[0]"),
        (json!({ "urls": ["/imgix/cat.jpg"], "per_second": 0 }), 400, "bad-warmup", "per_second"),
        (json!({ "urls": ["/imgix/cat.jpg"], "per_second": 10_001 }), 400, "bad-warmup", "per_second"),
        (json!({ "urls": ["/imgix/cat.jpg"], "sitemap": "https://a" }), 400, "unknown-field", "sitemap"),
        (json!({ "masters": ["local/cat.jpg"] }), 400, "bad-warmup", "masters"),
        (json!({ "templates": ["/imgix/{path}"] }), 400, "bad-warmup", "masters"),
        (json!({ "masters": ["local/cat.jpg"], "templates": ["/imgix/x"] }), 400, "bad-warmup", "templates[0]"),
        (json!({ "masters": ["local/cat.jpg"], "site": "imgix" }), 400, "bad-warmup", "transformations"),
        (
            json!({ "masters": ["local/cat.jpg"], "site": "imageboss", "transformations": ["w=1"] }),
            400,
            "bad-site",
            "site",
        ),
        (
            json!({ "masters": ["local/cat.jpg"], "site": "nowhere", "transformations": ["w=1"] }),
            400,
            "bad-site",
            "site",
        ),
        (json!({ "masters": ["nowhere/a.jpg"], "templates": ["/imgix/{path}"] }), 400, "not-ours", "masters[0]"),
        // The site cannot have it.
        (json!({ "masters": ["local/a.jpg"], "templates": ["/second/{path}"] }), 400, "malformed-target", "masters[0]"),
        (json!({ "urls": many }), 400, "too-many-urls", ""),
        (json!({ "masters": masters, "templates": templates }), 400, "too-many-urls", "masters"),
        (
            json!({ "masters": masters, "site": "imgix", "transformations": transformations }),
            400,
            "too-many-urls",
            "masters",
        ),
        (
            json!({ "masters": ["local/cat.jpg"], "templates": ["/imgix/{path}", "/imgix/{path}/{path}"] }),
            400,
            "bad-warmup",
            "templates[1]",
        ),
        (json!({ "masters": ["local/cat.jpg"], "templates": [long] }), 400, "bad-warmup", "templates[0]"),
        (
            json!({ "masters": ["local/cat.jpg"], "site": "imgix", "transformations": [long] }),
            400,
            "bad-warmup",
            "transformations[0]",
        ),
    ] {
        let answer = world.call("POST", PATH, &AUTH, body.to_string()).await;
        let problem = answer.json();
        let said = (problem["code"].as_str().unwrap_or_default(), problem["parameter"].as_str().unwrap_or_default());
        let shown: String = body.to_string().chars().take(200).collect();
        assert_eq!((answer.status, said), (status, (code, parameter)), "{shown}: {}", answer.text);
    }
    assert!(world.engine.warmups().is_empty());
}

#[tokio::test]
async fn a_bound_key_warms_within_its_bounds() {
    let world = World::new();
    for (name, roles, more) in [
        ("folder", json!(["purge"]), json!({ "within": ["local/dir"] })),
        ("looks", json!(["read"]), json!({})),
        ("rules", json!(["admin"]), json!({})),
    ] {
        let mut body = json!({ "name": name, "roles": roles });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let admin = [("authorization", "Bearer from-the-environment")];
        let made = world.call("POST", "/v1/keys", &admin, body.to_string()).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let bearer = format!("Bearer {}", made.json()["key"].as_str().unwrap());
        for (url, status) in [("/imageboss/local/width/30/dir/a.jpg", 202), ("/imageboss/local/width/30/cat.jpg", 403)]
        {
            let status = match name {
                "looks" => 403,
                "rules" => 202,
                _ => status,
            };
            let body = json!({ "urls": [url] }).to_string();
            let answer = world.call("POST", PATH, &[("authorization", &bearer)], body).await;
            assert_eq!(answer.status, status, "{name} {url}: {}", answer.text);
        }
    }
    let imgix = [("authorization", &*format!("Bearer {IMGIX_KEY}"))];
    for (url, status) in
        [("/imgix/cat.jpg?fm=png", 202), ("/imagekit/cat.jpg", 400), ("http://localhost/imagekit/a", 403)]
    {
        let answer = world.call("POST", PATH, &imgix, json!({ "urls": [url] }).to_string()).await;
        assert_eq!(answer.status, status, "{url}: {}", answer.text);
    }
    // It sees its own alone.
    let seen = world.call("GET", PATH, &imgix, "").await.json();
    assert_eq!(seen["warmups"].as_array().unwrap().len(), 1, "{seen}");
    assert_eq!(world.call("GET", PATH, &[], "").await.status, 401);
}

#[tokio::test]
async fn purges_that_warm_and_waiting_for_a_refresh() {
    let world = World::new();
    let bad = |parameter: &'static str, body: Value| (parameter, body);
    let cat = json!([{ "master": "local/cat.jpg" }]);
    for (parameter, body) in [
        bad("warm", json!({ "targets": cat, "warm": 0 })),
        bad("warm", json!({ "targets": cat, "warm": 10_001 })),
        bad("warm", json!({ "targets": cat, "warm": 5, "mode": "refresh" })),
        bad("warm", json!({ "targets": cat, "warm": 5, "mode": "takedown" })),
        bad("wait", json!({ "targets": cat, "wait": "refreshed" })),
        bad("wait", json!({ "targets": cat, "wait": "polished" })),
    ] {
        let answer = world.call("POST", "/v1/purges", &AUTH, body.to_string()).await;
        assert_eq!((answer.status, &answer.json()["parameter"]), (400, &json!(parameter)), "{body}: {}", answer.text);
    }
    let plain = world.call("POST", "/v1/purges", &AUTH, json!({ "targets": cat }).to_string()).await.json();
    assert!(plain["warmup"].is_null());
    let body = json!({ "targets": cat, "warm": 5 }).to_string();
    let purge = world.call("POST", "/v1/purges", &AUTH, body).await.json();
    let warmup = ended(&world, &purge["warmup"]).await;
    assert_eq!(warmup["purge"], purge["id"]);
    let path = format!("/v1/purges/{}", purge["id"].as_str().unwrap());
    assert_eq!(world.call("GET", &path, &AUTH, "").await.json()["warmup"], warmup["id"]);

    let body = json!({ "targets": cat, "mode": "refresh", "wait": "refreshed", "deadline": 60 }).to_string();
    let refreshed = world.call("POST", "/v1/purges", &AUTH, body).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.text);
    assert!(refreshed.json()["refreshed_at"].is_string() && refreshed.json()["warmup"].is_string());
}

/// A purge of everything.
fn all(mode: Mode) -> Request {
    Request {
        id: PurgeId(0),
        mode,
        targets: vec![Target { said: "all".into(), selectors: vec![Selector::All] }],
        actor: String::new(),
        via: Via::Native,
        from: String::new(),
        terms: None,
    }
}

/// Guarantee G6: what is warmed after it costs a purge no walk over all that is stored.
#[tokio::test]
async fn no_purge_waits_for_the_list_of_what_is_warmed_after_it() {
    let world = World::new();
    let since = world.now();
    world.gate.shut(true);
    let purged = world.engine.purge_and_warm(all(Mode::Hard), Some(10));
    let purged = tokio::time::timeout(Duration::from_secs(60), purged).await;
    let is_purged = world.is_purged(since, "cat.jpg");
    world.gate.shut(false);
    let (_, warmup) = purged.unwrap().unwrap();
    assert_eq!((is_purged, warmup.unwrap().total), (true, 0));
}

/// As a connection that is closed drops what was at work for it.
#[tokio::test]
async fn a_caller_who_leaves_takes_neither_event_nor_refresh_along() {
    let world = World::new();
    let mut events = world.engine.events();
    let mut purging = Box::pin(world.engine.purge_and_warm(all(Mode::Refresh), None));
    std::future::poll_fn(|context| {
        assert!(purging.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    })
    .await;
    drop(purging);
    let mut names = Vec::new();
    while !names.contains(&"refreshed") {
        let event = tokio::time::timeout(Duration::from_secs(60), events.recv()).await.unwrap().unwrap();
        names.push(event.name());
    }
    assert_eq!((names, world.engine.warmups().len()), (vec!["effective", "refreshed"], 1));
}

#[tokio::test]
async fn a_refresh_is_kept_before_the_answer() {
    let world = World::new();
    let (receipt, warmup) = world.engine.purge_and_warm(all(Mode::Refresh), None).await.unwrap();
    let kept = world.kept.0.lock().unwrap().first().cloned().unwrap();
    assert_eq!((kept.id, kept.state), (warmup.unwrap().id, engine::WarmState::Running));
    assert_eq!(kept.request.after, Some((receipt.record.id, receipt.record.position)));
}
