//! ImageBoss's `DELETE`, as the delivery plane hands it over.

use std::net::{IpAddr, Ipv4Addr};

use control::imageboss_delete;
use http::HeaderMap;
use serde_json::{Value, json};

use crate::world::{BOSS_KEY, IMGIX_KEY, KEY, World};

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

async fn delete(world: &World, host: &str, target: &str, key: &str) -> control::Reply {
    let mut headers = HeaderMap::new();
    if !key.is_empty() {
        headers.insert("imageboss-api-key", key.parse().unwrap());
    }
    imageboss_delete(&world.plane, host, target, &headers, CLIENT).await
}

#[tokio::test]
async fn masters_and_what_may_be_variants() {
    let world = World::new();
    for (target, path, purged, fresh) in [
        ("/imageboss/local/cat.jpg", "/cat.jpg", &["cat.jpg"][..], &["dog.jpg"][..]),
        ("/imageboss/local/dir/%61.jpg?bossToken=x", "/dir/a.jpg", &["dir/a.jpg"], &["dir/b.jpg"]),
        ("/imageboss/local/link.jpg", "/link.jpg", &["link.jpg", "cat.jpg"], &["dog.jpg"]),
        ("/imageboss/local/not-there.jpg", "/not-there.jpg", &["not-there.jpg"], &["cat.jpg"]),
        ("/imageboss/local/width/300/cat.jpg", "/width/300/cat.jpg", &["width/300/cat.jpg", "cat.jpg"], &["dog.jpg"]),
        ("/imageboss/web/x.jpg", "/x.jpg", &["//shop.example/media/x.jpg"], &["x.jpg"]),
    ] {
        for key in [KEY, BOSS_KEY] {
            let before = world.now();
            let reply = delete(&world, "localhost:8080", target, key).await;
            assert_eq!((reply.status, reply.content_type), (200, "application/json"), "{target}: {}", reply.body);
            world.expect(before, purged, fresh, target);
            let body: Value = serde_json::from_str(&reply.body).unwrap();
            let source = target.split('/').nth(2).unwrap();
            assert_eq!(body, json!({ "status": "queued", "source": source, "path": path }));
            let record = world.newest();
            assert_eq!(reply.headers[0], ("x-purge-id", record.id.to_string()));
            assert!(reply.headers.iter().any(|(name, _)| *name == "ratelimit"));
            assert_eq!((record.via, record.from.as_str()), (purge::Via::Imageboss, "192.0.2.7"));
        }
    }
}

#[tokio::test]
async fn requests_that_are_refused() {
    let world = World::new();
    for (host, target, key, status) in [
        ("localhost", "/imageboss/local/cat.jpg", "", 401),
        ("localhost", "/imageboss/local/cat.jpg", "nope", 401),
        ("localhost", "/imageboss/local/cat.jpg", IMGIX_KEY, 403),
        ("localhost", "/imageboss/other/cat.jpg", KEY, 422),
        ("localhost", "/imageboss/local/", KEY, 400),
        ("localhost", "/imageboss/local/../cat.jpg", KEY, 400),
        ("localhost", "/imageboss/local/.secret/cat.jpg", KEY, 400),
        ("localhost", "/imgix/cat.jpg", KEY, 405),
        ("img.example", "/cat.jpg", KEY, 405),
        ("localhost", "/cat.jpg", KEY, 405),
    ] {
        let reply = delete(&world, host, target, key).await;
        assert_eq!(reply.status, status, "{host} {target} {key}: {}", reply.body);
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        assert!(body["message"].is_string(), "{target}");
    }
    assert!(world.records().is_empty());
}
