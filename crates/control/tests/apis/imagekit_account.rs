//! ImageKit's other calls: accounts, named transformations, metadata, limits; and purging by the vendor's letter.

use control::{Rate, Rates};
use serde_json::{Value, json};
use testkit::pictures::{Rgb, encode_png};

use crate::world::{Answer, BASIC, BEARER, PRIVATE_KEY, World, basic};

const AUTH: [(&str, &str); 1] = [("authorization", BASIC)];
/// Of the site `kit`, behind its account and endpoint.
const KIT: &str = "https://kit.example/demo/shop";

async fn get(world: &World, path: &str) -> Answer {
    world.call("GET", path, &AUTH, "").await
}

fn is_error(answer: &Answer) -> bool {
    let error = answer.json();
    answer.header("content-type") == "application/json" && error["message"].is_string() && error["help"].is_string()
}

#[tokio::test]
async fn usage_of_days() {
    let world = World::new();
    let path = "/v1/accounts/usage";
    let answer = get(&world, &format!("{path}?startDate=2026-01-01&endDate=2026-03-31")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let usage = answer.json();
    for name in [
        "bandwidthBytes",
        "mediaLibraryStorageBytes",
        "videoProcessingUnitsCount",
        "extensionUnitsCount",
        "originalCacheStorageBytes",
    ] {
        assert!(usage[name].is_u64(), "{name}: {usage}");
    }
    for query in [
        "",
        "?startDate=2026-01-01",
        "?startDate=2026-01-01&endDate=2026-01-01",
        "?startDate=2026-01-02&endDate=2026-01-01",
        "?startDate=2026-01-01&endDate=2026-04-01",
        "?startDate=2026-02-30&endDate=2026-03-01",
        "?startDate=20260101&endDate=20260201",
    ] {
        let answer = get(&world, &format!("{path}{query}")).await;
        assert!(answer.status == 400 && is_error(&answer), "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_account_is_the_configuration() {
    let world = World::new();
    let endpoints = get(&world, "/v1/accounts/url-endpoints").await.json();
    let of = |name: &str| -> Value {
        let all = endpoints.as_array().unwrap();
        all.iter().find(|one| one["description"].as_str().unwrap().starts_with(&format!("{name} at"))).unwrap().clone()
    };
    let (first, empty, kit) = (of("imagekit"), of("empty"), of("kit"));
    assert_eq!((&first["id"], &first["urlPrefix"]), (&json!("default"), &json!("")));
    assert_ne!(empty["id"], "default", "there is one");
    assert_eq!((&kit["urlPrefix"], kit["id"].as_str().unwrap().len()), (&json!("shop"), 24));
    let origins = get(&world, "/v1/accounts/origins").await.json();
    let names: Vec<&str> = origins.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["local", "web"]);
    assert_eq!(first["origins"], json!([origins[0]["id"], origins[1]["id"]]), "in order");
    assert_eq!((&empty["origins"], &kit["origins"]), (&json!([]), &json!([origins[0]["id"]])));
    assert_eq!(
        (&origins[1]["type"], &origins[1]["baseUrl"]),
        (&json!("WEB_FOLDER"), &json!("https://shop.example/media/"))
    );
    assert_eq!(origins[1]["forwardHostHeaderToOrigin"], false);
    let presets = get(&world, "/v1/named-transformations").await.json();
    let seen: Vec<(&str, &str, bool)> = presets
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap();
            (text("name"), text("transformation"), one["enabled"].as_bool().unwrap())
        })
        .collect();
    assert_eq!(seen, [("old", "w-90", false), ("thumb", "w-150,h-150", true)]);
    assert!(presets[0]["createdAt"].as_str().unwrap().ends_with('Z'));
    for (path, list) in [
        ("/v1/accounts/url-endpoints", &endpoints),
        ("/v1/accounts/origins", &origins),
        ("/v1/named-transformations", &presets),
    ] {
        for one in list.as_array().unwrap() {
            let shown = get(&world, &format!("{path}/{}", one["id"].as_str().unwrap())).await;
            assert_eq!((shown.status, &shown.json()), (200, one), "{path}");
        }
        let unknown = get(&world, &format!("{path}/0123456789abcdef01234567")).await;
        assert!(unknown.status == 404 && is_error(&unknown), "{path}");
        let change = if path.starts_with("/v1/named") { "PATCH" } else { "PUT" };
        for (method, path) in
            [("POST", path.to_owned()), (change, format!("{path}/x")), ("DELETE", format!("{path}/x"))]
        {
            let refused = world.call(method, &path, &AUTH, "{}").await;
            assert!(refused.status == 403 && is_error(&refused), "{method} {path}: {}", refused.text);
            assert!(refused.json()["message"].as_str().unwrap().contains("configuration"), "{method} {path}");
        }
    }
    // Another site's key sees no origin and no preset of this one.
    let imgix = [("authorization", &*basic(crate::world::IMGIX_KEY))];
    for path in ["/v1/accounts/url-endpoints", "/v1/accounts/origins", "/v1/named-transformations"] {
        assert_eq!(world.call("GET", path, &imgix, "").await.json(), json!([]), "{path}");
    }
    let unknown = get(&world, "/v1/accounts/usage-analytics?startDate=2026-01-01").await;
    assert!(unknown.status == 404 && is_error(&unknown));
}

/// The private key signs URLs and opens the API.
#[tokio::test]
async fn a_private_key_is_a_key_of_its_site() {
    let world = World::new();
    for key in [PRIVATE_KEY, "private_retired"] {
        let auth = [("authorization", &*basic(key))];
        let endpoints = world.call("GET", "/v1/accounts/url-endpoints", &auth, "").await.json();
        assert_eq!(endpoints.as_array().unwrap().len(), 1, "{key}: {endpoints}");
        let before = world.now();
        let url = json!({ "url": format!("{KIT}/cat.jpg*") }).to_string();
        let answer = world.call("POST", "/v1/files/purge", &auth, url).await;
        assert_eq!(answer.status, 201, "{key}: {}", answer.text);
        world.expect(before, &["cat.jpg"], &["dog.jpg"], key);
        assert_eq!(world.newest().actor, "signing secret of kit");
        let request = answer.json()["requestId"].as_str().unwrap().to_owned();
        let shown = world.call("GET", &format!("/v1/files/purge/{request}"), &auth, "").await;
        assert_eq!((shown.status, shown.json()), (200, json!({ "status": "Completed" })), "{key}");
        let elsewhere = json!({ "url": "http://localhost/imagekit/cat.jpg" }).to_string();
        assert_eq!(world.call("POST", "/v1/files/purge", &auth, elsewhere).await.status, 403, "{key}");
    }
    let shorter = basic(&PRIVATE_KEY[..PRIVATE_KEY.len() - 1]);
    let other = basic(crate::world::SIGNING_SECRET);
    for wrong in [shorter, other] {
        let answer = world.call("GET", "/v1/accounts/url-endpoints", &[("authorization", &wrong)], "").await;
        assert!(answer.status == 403 && is_error(&answer), "{wrong}");
    }
    let native = world.call("GET", "/v1/sites", &[("authorization", &format!("Bearer {PRIVATE_KEY}"))], "").await;
    assert_eq!(native.status, 401, "for no other API");
}

#[tokio::test]
async fn purges_by_the_vendors_letter() {
    let world = World::new();
    let purge = |target: &str| {
        let body = json!({ "url": format!("{KIT}{target}") }).to_string();
        world.call("POST", "/v1/files/purge", &AUTH, body)
    };
    for target in
        ["/images*", "/images/*", "/*", "/fourteen-chars*", "/media/catalog/*", "/s/files/*", "/folder/*/sample.jpg"]
    {
        let refused = purge(target).await;
        assert!(refused.status == 400 && is_error(&refused), "{target}: {}", refused.text);
        // What users expect elsewhere.
        if !target.contains("/*/") {
            let body = json!({ "url": format!("http://localhost/imagekit{target}") }).to_string();
            assert_eq!(world.call("POST", "/v1/files/purge", &AUTH, body).await.status, 201, "{target}");
        }
    }
    for (target, purged, fresh) in [
        ("/images/upload*", &["images/upload/a.jpg"][..], &["images/other.jpg"][..]),
        ("/sample.jpg*", &["sample.jpg"], &["sample2.jpg"]),
        ("/a-long-name-15c*", &["a-long-name-15char.jpg"], &["a-long-name.jpg"]),
    ] {
        let before = world.now();
        let answer = purge(target).await;
        assert_eq!(answer.status, 201, "{target}: {}", answer.text);
        world.expect(before, purged, fresh, target);
    }
    // A file's own URL leaves its transformations alone.
    let before = world.now();
    assert_eq!(purge("/cat.jpg").await.status, 201);
    assert!(!world.is_purged(before, "cat.jpg"), "the others stay");
    let exactly = |host: &str, target: &str| world.is_purged_exactly_at(before, host, target, "cat.jpg");
    assert!(exactly("kit.example", "/demo/shop/cat.jpg"));
    assert!(!exactly("kit.example", "/demo/shop/tr:w-300/cat.jpg"));
    assert_eq!(purge("/tr:w-300/cat.jpg").await.status, 201);
    assert!(exactly("kit.example", "/demo/shop/tr:w-300/cat.jpg"));
}

#[tokio::test]
async fn limits_are_told_as_the_vendor_tells_them() {
    let mut world = World::new();
    let make = json!({ "name": "few", "roles": ["purge", "read"], "monthly": 2 }).to_string();
    let made = world.call("POST", "/v1/keys", &[("authorization", BEARER)], make).await;
    let few = basic(made.json()["key"].as_str().unwrap());
    let auth = [("authorization", &*few)];
    let body = json!({ "url": "http://localhost/imagekit/cat.jpg" }).to_string();
    let number = |answer: &Answer, name: &str| answer.header(name).parse::<u64>().unwrap_or_else(|_| panic!("{name}"));
    for left in [1, 0] {
        let answer = world.call("POST", "/v1/files/purge", &auth, body.clone()).await;
        assert_eq!(answer.status, 201, "{left}: {}", answer.text);
        // Of the rate: 1000 at once, 100 a second.
        assert_eq!((number(&answer, "x-ratelimit-limit"), number(&answer, "x-ratelimit-interval")), (1000, 10_000));
        assert!(number(&answer, "x-ratelimit-reset") <= 10_000);
        assert_eq!(answer.header("x-should-retry"), "");
    }
    let answer = world.call("POST", "/v1/files/purge", &auth, body).await;
    assert!(answer.status == 429 && is_error(&answer), "{}", answer.text);
    assert_eq!((answer.header("x-should-retry"), number(&answer, "x-ratelimit-limit")), ("false", 2));
    let (reset, month) = (number(&answer, "x-ratelimit-reset"), number(&answer, "x-ratelimit-interval"));
    assert!((28..=31).contains(&(month / 86_400_000)) && month % 86_400_000 == 0, "{month}");
    assert!(reset > 0 && reset <= month + 1000, "{reset}");

    world.limit(Rates { key: Rate { per_second: 0.1, burst: 1 }, ..Rates::default() });
    assert_eq!(get(&world, "/v1/named-transformations").await.status, 200);
    let answer = get(&world, "/v1/named-transformations").await;
    assert!(answer.status == 429 && is_error(&answer));
    assert_eq!((number(&answer, "x-ratelimit-limit"), number(&answer, "x-ratelimit-interval")), (1, 10_000));
    assert_eq!(answer.header("x-should-retry"), "", "waiting helps");
    assert!(!answer.header("retry-after").is_empty() && number(&answer, "x-ratelimit-reset") >= 1000);
}

/// Rings, and lighter to one side.
fn rings(width: usize, height: usize) -> Vec<u8> {
    let pixel = |x: usize, y: usize| {
        let (x, y) = (x as f64 / width as f64, y as f64 / height as f64);
        let ring = 90.0 * (18.0 * ((x - 0.3).powi(2) + (y - 0.6).powi(2))).cos();
        [(120.0 + ring) as u8, (110.0 + ring + 40.0 * x) as u8, 90]
    };
    encode_png(&Rgb::from_fn(width, height, pixel))
}

#[tokio::test]
async fn metadata_of_originals_and_of_variants() {
    let world = World::new();
    let png = rings(60, 40);
    world.write("dir/rings.png", &png);
    let url = "http://localhost/imagekit/dir/rings.png";
    let encoded = url.replace(':', "%3A").replace('/', "%2F");
    let mut hashes = Vec::new();
    for (said, width, height, format) in [
        (url.to_owned(), 60, 40, "png"),
        (encoded.clone(), 60, 40, "png"),
        (format!("{encoded}%3Fv%3D1"), 60, 40, "png"),
        ("https://kit.example/demo/shop/dir/rings.png".to_owned(), 60, 40, "png"),
        (url.replace("/dir", "/tr:w-30,h-20,f-jpg,q-80/dir"), 30, 20, "jpg"),
        (format!("{url}?tr=w-30,h-20,f-jpg,q-80&x=1"), 30, 20, "jpg"),
    ] {
        let answer = get(&world, &format!("/v1/metadata?url={said}")).await;
        assert_eq!(answer.status, 200, "{said}: {}", answer.text);
        let metadata = answer.json();
        assert_eq!(
            (&metadata["width"], &metadata["height"], &metadata["format"]),
            (&json!(width), &json!(height), &json!(format)),
            "{said}"
        );
        assert_eq!(
            (&metadata["hasTransparency"], &metadata["hasColorProfile"]),
            (&json!(false), &json!(false)),
            "{said}"
        );
        match format {
            "png" => assert_eq!((&metadata["size"], &metadata["quality"]), (&json!(png.len()), &Value::Null), "{said}"),
            _ => assert!((60..=95).contains(&metadata["quality"].as_u64().unwrap()), "{metadata}"),
        }
        for group in ["image", "thumbnail", "exif", "gps", "interoperability", "makernote"] {
            assert!(metadata["exif"][group].is_object(), "{group}");
        }
        hashes.push(u64::from_str_radix(metadata["pHash"].as_str().unwrap(), 16).unwrap());
    }
    assert!(hashes.iter().all(|hash| (hash ^ hashes[0]).count_ones() <= 8), "{hashes:x?}");
    for (query, status) in [
        ("", 400),
        ("url=", 400),
        ("url=https://elsewhere.example/a.jpg", 400),
        ("url=http://localhost/imgix/dir/rings.png", 400),
        ("url=https://kit.example/demo/shop/none.png", 404),
        ("url=https://kit.example/demo/shop/tr:w-30/none.png", 404),
        // No picture.
        ("url=http://localhost/imagekit/cat.jpg", 400),
        ("url=https://kit.example/demo/shop/dir/*", 404),
    ] {
        let answer = get(&world, &format!("/v1/metadata?{query}")).await;
        assert!(answer.status == status && is_error(&answer), "{query}: {} {}", answer.status, answer.text);
    }
    let imgix = [("authorization", &*basic(crate::world::IMGIX_KEY))];
    let answer = world.call("GET", &format!("/v1/metadata?url={url}"), &imgix, "").await;
    assert_eq!(answer.status, 403, "another site's key");
}
