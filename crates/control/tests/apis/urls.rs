//! URLs written from parameters, and in every site's words.

use ledger::{KeyRole, Scope};
use serde_json::{Value, json};

use crate::world::{Answer, BEARER, IMGIX_KEY, SIGNING_SECRET, World};

async fn write(world: &World, key: &str, body: &Value) -> Answer {
    world.call("POST", "/v1/urls", &[("authorization", key)], body.to_string()).await
}

fn url_of<'u>(told: &'u Value, site: &str) -> &'u Value {
    told["urls"].as_array().unwrap().iter().find(|url| url["site"] == site).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn each_dialect_puts_its_own_urls_together() {
    let world = World::new();
    for (site, parameters, target) in [
        ("imgix", json!([["w", "300"], ["txt", "a&b=c d"]]), "/imgix/dir/a%20b.jpg?w=300&txt=a%26b%3Dc%20d"),
        (
            "imagekit",
            json!([["w", "300"], ["h", "200"], [":", ""], ["rt", "90"]]),
            "/imagekit/tr:w-300,h-200:rt-90/dir/a%20b.jpg",
        ),
        ("imagekit", json!([["w", "300"], ["?v", "2"]]), "/imagekit/tr:w-300/dir/a%20b.jpg?v=2"),
        ("cloudimage", json!([["w", "300"], ["func", "crop"]]), "/cloudimage/dir/a%20b.jpg?w=300&func=crop"),
        (
            "imageboss",
            json!([["cover:center", "300x200"], ["format", "png"]]),
            "/imageboss/local/cover:center/300x200/format:png/dir/a%20b.jpg",
        ),
        ("imageboss", json!([["operation", "width/300"]]), "/imageboss/local/width/300/dir/a%20b.jpg"),
        ("imageboss", json!([]), "/imageboss/local/cdn/dir/a%20b.jpg"),
    ] {
        let body = json!({ "site": site, "asset": "dir/a b.jpg", "parameters": parameters });
        let answer = write(&world, BEARER, &body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text);
        let told = answer.json();
        let first = &told["urls"][0];
        assert_eq!((&first["site"], &first["path"]), (&json!(site), &json!(target)), "{body}");
        assert_eq!(first["url"], json!(format!("http://127.0.0.1:8080{target}")));
        assert_eq!((&first["signed"], &first["error"]), (&json!(false), &Value::Null));
        // Each of them, told as a URL, means the same.
        for url in told["urls"].as_array().unwrap().iter().filter(|url| url["error"].is_null()) {
            let again = write(&world, BEARER, &json!({ "url": url["url"] })).await;
            assert_eq!((again.status, &again.json()["plan"]), (200, &told["plan"]), "{url}");
        }
    }
}

#[tokio::test]
async fn a_plan_is_said_by_every_site_that_has_the_master() {
    let world = World::new();
    let body = json!({ "site": "imgix", "asset": "cat.jpg", "parameters": [["w", "300"], ["h", "200"], ["fit", "crop"], ["colour", "red"]] });
    let told = write(&world, BEARER, &body).await.json();
    assert!(
        told["words"].as_array().unwrap().iter().any(|words| words == "scaled and cropped to 300 × 200 pixels"),
        "{told}"
    );
    assert_eq!(
        (&told["warnings"][0]["parameter"], &told["warnings"][0]["code"]),
        (&json!("colour"), &json!("unknown"))
    );
    for (site, there) in [
        ("imgix", true),
        ("imagekit", true),
        ("cloudimage", true),
        ("imageboss", true),
        ("shop", true),
        ("second", false),
        ("empty", false),
    ] {
        let found = url_of(&told, site);
        assert_eq!(!found.is_null(), there, "{site}: {found}");
        assert!(found.is_null() || found["url"].is_string() != found["error"].is_string(), "{found}");
    }
    assert_eq!(url_of(&told, "shop")["url"], json!("https://img.example/cat.jpg?w=300&h=200&fit=crop"));
    assert_eq!(told["parameters"][3], json!(["colour", "red"]));
    // What only one of them can say.
    let body = json!({ "site": "imgix", "asset": "cat.jpg", "parameters": [["w", "300"], ["hue", "40"]] });
    let told = write(&world, BEARER, &body).await.json();
    assert!(url_of(&told, "imageboss")["error"].is_string() && url_of(&told, "imageboss")["url"].is_null(), "{told}");
    // A web address, of which one site has nothing else.
    let body = json!({ "site": "second", "asset": "https://shop.example/media/x.jpg", "parameters": [["w", "30"]] });
    let told = write(&world, BEARER, &body).await.json();
    assert_eq!(told["urls"][0]["path"], "/second/https://shop.example/media/x.jpg?w=30");
    assert!(url_of(&told, "cloudimage")["path"].as_str().is_some_and(|path| path.contains("x.jpg?w=30")), "{told}");
    assert!(url_of(&told, "shop").is_null(), "it has only the folder");
}

#[tokio::test]
async fn steps_and_layers_are_a_tree() {
    let world = World::new();
    let image = json!({ "layer": "image", "steps": [[["i", "dir/logo, new.png"], ["w", "50"]], [["rt", "90"]]] });
    let text = json!({ "layer": "text", "steps": [[["i", "50 % off: now"], ["co", "ff0000"]]] });
    let choice = json!({ "if": "ar_gt_1", "steps": [[["w", "300"]]], "else": [[["h", "300"]], [["bl", "3"]]] });
    for (site, steps, target) in [
        ("imagekit", json!([[["w", "300"]], [["rt", "90"]]]), "/imagekit/tr:w-300:rt-90/cat.jpg"),
        (
            "imagekit",
            json!([[["w", "300"], image], [text]]),
            "/imagekit/tr:w-300,l-image,ie-ZGlyL2xvZ28sIG5ldy5wbmc,w-50:rt-90,l-end:l-text,ie-NTAgJSBvZmY6IG5vdw,co-ff0000,l-end/cat.jpg",
        ),
        ("imagekit", json!([[choice]]), "/imagekit/tr:if-ar_gt_1,w-300,if-else,h-300:bl-3,if-end/cat.jpg"),
        ("imagekit", json!([[]]), "/imagekit/cat.jpg"),
        ("imgix", json!([[["w", "300"]]]), "/imgix/cat.jpg?w=300"),
        ("imageboss", json!([[["operation", "width/300"]]]), "/imageboss/local/width/300/cat.jpg"),
    ] {
        let body = json!({ "site": site, "asset": "cat.jpg", "steps": steps });
        let answer = write(&world, BEARER, &body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text);
        let told = answer.json();
        assert_eq!(told["urls"][0]["path"], json!(target), "{body}");
        assert_eq!(
            (&told["steps"], &told["site"], &told["asset"]),
            (&steps, &json!(site), &json!("cat.jpg")),
            "{body}"
        );
        // From the URL, the same tree.
        let again = write(&world, BEARER, &json!({ "url": told["urls"][0]["url"] })).await.json();
        assert_eq!((&again["steps"], &again["plan"]), (&told["steps"], &told["plan"]), "{body}");
        assert_eq!((&again["site"], &again["asset"]), (&told["site"], &told["asset"]), "{body}");
    }
    let mut deep = json!([[["i", "x.png"]]]);
    for _ in 0..10 {
        deep = json!([[{ "layer": "image", "steps": deep }]]);
    }
    for (site, body, code, parameter) in [
        ("imagekit", json!({ "steps": [[["w", "300,h-2"]]] }), "bad-parameter", "w"),
        ("imagekit", json!({ "steps": [[["l", "image"]]] }), "bad-parameter", "l"),
        ("imagekit", json!({ "steps": [["w", "300"]] }), "bad-field", "steps"),
        ("imagekit", json!({ "steps": [[{ "layer": "image", "if": "w_gt_3" }]] }), "bad-field", "steps"),
        ("imagekit", json!({ "steps": [[{ "layer": "image", "of": 3 }]] }), "bad-field", "steps"),
        ("imagekit", json!({ "steps": deep }), "bad-field", "steps"),
        ("imagekit", json!({ "steps": [], "parameters": [] }), "bad-field", "steps"),
        ("imagekit", json!({ "steps": [[{ "layer": "image", "steps": [[["w", "3"]]] }]] }), "bad-parameter", "l"),
        ("imgix", json!({ "steps": [[["w", "3"]], [["h", "3"]]] }), "malformed-url", ""),
        ("imgix", json!({ "steps": [[{ "layer": "text", "steps": [] }]] }), "malformed-url", ""),
    ] {
        let mut order = json!({ "site": site, "asset": "cat.jpg" });
        order.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let answer = write(&world, BEARER, &order).await;
        let told = answer.json();
        assert_eq!((answer.status, &told["code"]), (400, &json!(code)), "{order}: {}", answer.text);
        assert_eq!(told["parameter"].as_str().unwrap_or_default(), parameter, "{order}");
    }
}

#[tokio::test]
async fn dialects_that_no_site_speaks_say_it_too() {
    let world = World::new();
    let bound = format!("Bearer {IMGIX_KEY}");
    let body =
        json!({ "site": "imgix", "asset": "cat.jpg", "parameters": [["w", "300"], ["h", "200"], ["fit", "crop"]] });
    let told = write(&world, &bound, &body).await.json();
    let said: Vec<(&str, &str)> = told["siteless"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["dialect"].as_str().unwrap(), one["path"].as_str().unwrap()))
        .collect();
    assert_eq!(
        said,
        [
            ("imagekit", "/tr:w-300,h-200,f-orig,q-75,pr-true/cat.jpg"),
            ("cloudimage", "/cat.jpg?w=300&h=200&force_format=original&q=75"),
            ("imageboss", "/local/cover:center/300x200/quality:75,animation:true/cat.jpg"),
        ]
    );
    let told = write(&world, BEARER, &body).await.json();
    assert_eq!(told["siteless"], json!([]), "sites speak all four");
}

#[tokio::test]
async fn signing_takes_the_role_and_the_secret() {
    let world = World::new();
    let body =
        json!({ "site": "letter", "asset": "cat.jpg", "parameters": [["w", "300"]], "sign": true, "expires": "1h" });
    let make = |name: &str, roles: &[KeyRole], reaches: &[&str]| {
        let reaches = reaches.iter().map(|reach| (*reach).to_owned()).collect();
        let scope = Scope { roles: roles.to_vec(), reaches, ..Scope::everything_on(&[]) };
        format!("Bearer {}", world.keys().issue(name, &scope).unwrap())
    };
    for (key, status) in [
        (make("reader", &[KeyRole::Read], &[]), 403),
        (make("bound", &[KeyRole::Purge], &["local/dir"]), 403),
        (make("purger", &[KeyRole::Purge], &[]), 200),
        (make("admin", &[KeyRole::Admin], &[]), 200),
    ] {
        let answer = write(&world, &key, &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(!answer.text.contains(SIGNING_SECRET));
        let unsigned = json!({ "site": "letter", "asset": "cat.jpg" });
        assert_eq!(write(&world, &key, &unsigned).await.status, 200, "reading does not take it");
    }
    let told = write(&world, BEARER, &body).await.json();
    let first = &told["urls"][0];
    assert_eq!((&first["signed"], &first["site"]), (&json!(true), &json!("letter")));
    let signed = first["url"].as_str().unwrap();
    assert!(signed.starts_with("https://letter.example/cat.jpg?w=300&expires=") && signed.contains("&s="), "{signed}");
    // Delivery takes it; signed once more, from the URL, it is signed once.
    let explained = |url: String| {
        let world = &world;
        async move {
            let url: String = url.bytes().map(|byte| format!("%{byte:02X}")).collect();
            world.call("GET", &format!("/v1/explain?url={url}"), &[("authorization", BEARER)], "").await.json()
        }
    };
    let told = explained(signed.to_owned()).await;
    assert_eq!((&told["signature"]["verdict"], &told["refused"]), (&json!("valid"), &Value::Null));
    let again = write(&world, BEARER, &json!({ "url": signed, "sign": true })).await.json();
    let again = again["urls"][0]["url"].as_str().unwrap().to_owned();
    assert_eq!(again.matches("&s=").count(), 1, "{again}");
    assert_eq!(explained(again).await["signature"]["verdict"], "valid");
    // A site without a secret answers unsigned.
    assert_eq!(url_of(&write(&world, BEARER, &body).await.json(), "imgix")["signed"], false);
}

#[tokio::test]
async fn what_cannot_be_written() {
    let world = World::new();
    let bound = format!("Bearer {IMGIX_KEY}");
    for (key, body, status, code, parameter) in [
        (BEARER, json!({}), 400, "bad-field", "site"),
        (BEARER, json!({ "site": "imgix" }), 400, "bad-field", "asset"),
        (BEARER, json!({ "site": "imgix", "asset": "" }), 400, "bad-field", "asset"),
        (BEARER, json!({ "site": "nowhere", "asset": "a" }), 400, "no-such-site", "site"),
        (&bound, json!({ "site": "imagekit", "asset": "a" }), 400, "no-such-site", "site"),
        (BEARER, json!({ "site": "imgix", "asset": "a", "url": "/imgix/a" }), 400, "bad-field", "url"),
        (BEARER, json!({ "site": "imgix", "asset": "a", "color": 1 }), 400, "unknown-field", "color"),
        (BEARER, json!({ "site": "imgix", "asset": "a", "parameters": { "w": 1 } }), 400, "bad-field", "parameters"),
        (BEARER, json!({ "site": "imgix", "asset": "a", "parameters": [["w", 300]] }), 400, "bad-field", "parameters"),
        (BEARER, json!({ "site": "imgix", "asset": "a", "parameters": [["", "300"]] }), 400, "not-writable", "asset"),
        (BEARER, json!({ "site": "imageboss", "asset": "https://x.example/a.jpg" }), 400, "not-writable", "asset"),
        (BEARER, json!({ "site": "imgix", "asset": "a", "sign": "yes" }), 400, "bad-field", "sign"),
        (BEARER, json!({ "site": "imgix", "asset": "a", "expires": "1h" }), 400, "bad-field", "expires"),
        (
            BEARER,
            json!({ "site": "imgix", "asset": "a", "sign": true, "expires": "soon" }),
            400,
            "bad-field",
            "expires",
        ),
        (
            BEARER,
            json!({ "site": "imagekit", "asset": "a.jpg", "parameters": [["w", "x"]] }),
            400,
            "bad-parameter",
            "w",
        ),
        (BEARER, json!({ "url": "https://elsewhere.example/a.jpg" }), 400, "not-ours", "url"),
        ("", json!({ "site": "imgix", "asset": "a" }), 401, "no-key", ""),
    ] {
        let answer = write(&world, key, &body).await;
        let told = answer.json();
        assert_eq!((answer.status, &told["code"]), (status, &json!(code)), "{body}: {}", answer.text);
        assert_eq!(told["parameter"].as_str().unwrap_or_default(), parameter, "{body}");
    }
}
