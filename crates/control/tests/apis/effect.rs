//! Guarantee G1 through every door: when an API has answered, what was made before is not served any more.

use std::net::{IpAddr, Ipv4Addr};

use control::imageboss_delete;
use http::HeaderMap;
use serde_json::json;

use crate::world::{BASIC, BEARER, KEY, World};

/// Two dialects' ways to pass a file through untouched: no decoder takes part. They mean the same, so they share an entry.
const LOOKS: [&str; 2] = ["/cloudimage/cat.jpg?func=proxy", "/imagekit/tr:orig-true/cat.jpg"];

#[tokio::test]
async fn no_old_byte_after_the_answer() {
    let world = World::new();
    let mut version = "first".to_owned();
    world.write("cat.jpg", &version);
    let imgix = json!({ "data": { "type": "purges", "attributes": { "url": "http://localhost/imgix/cat.jpg" } } });
    let native = |target: serde_json::Value| json!({ "targets": [target] }).to_string();
    for (name, path, header, body) in [
        ("imgix", "/api/v1/purge", ("authorization", BEARER), imgix.to_string()),
        ("imgix v2", "/v2/image/purger", ("authorization", BASIC), "url=http://localhost/imgix/cat.jpg".to_owned()),
        (
            "imagekit",
            "/v1/files/purge",
            ("authorization", BASIC),
            r#"{"url":"http://localhost/imagekit/cat.jpg"}"#.into(),
        ),
        ("cloudimage", "/invalidate", ("x-client-key", KEY), r#"{"scope":"original","urls":["cat.jpg"]}"#.into()),
        ("cloudimage all", "/invalidate", ("x-client-key", KEY), r#"{"scope":"all"}"#.into()),
        ("native", "/v1/purges", ("authorization", BEARER), native(json!({ "master": "local/cat.jpg" }))),
        ("native prefix", "/v1/purges", ("authorization", BEARER), native(json!({ "prefix": "local/c" }))),
        ("native all", "/v1/purges", ("authorization", BEARER), native(json!({ "all": true }))),
        ("imageboss", "/imageboss/local/cat.jpg", ("imageboss-api-key", KEY), String::new()),
    ] {
        for target in LOOKS {
            world.look(target).await;
        }
        world.write("cat.jpg", name);
        for target in LOOKS {
            assert_eq!(world.look(target).await, (version.clone(), true), "before {name}, {target} is cached");
        }
        let status = if name == "imageboss" {
            let headers = HeaderMap::from_iter([(http::HeaderName::from_static(header.0), header.1.parse().unwrap())]);
            let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
            imageboss_delete(&world.plane, "localhost", path, &headers, client).await.status
        } else {
            world.call("POST", path, &[header], body).await.status
        };
        assert!(status == 200 || status == 201, "{name}: {status}");
        for target in LOOKS {
            assert_eq!(world.look(target).await.0, name, "after {name}, {target}");
        }
        version = name.to_owned();
    }
}
