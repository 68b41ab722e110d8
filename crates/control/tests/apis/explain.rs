//! What is told of a URL, and that telling it changes nothing.

use ledger::{KeyRole, Scope};
use plan::reason::Miss;
use serde_json::{Value, json};
use testkit::origin::VersionedOrigin;
use testkit::pictures;

use crate::world::{Answer, BEARER, IMGIX_KEY, SIGNING_SECRET, World};

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

async fn ask(world: &World, key: &str, url: &str, more: &str) -> Answer {
    let mut encoded = String::new();
    for byte in url.bytes() {
        encoded.push_str(&format!("%{byte:02X}"));
    }
    world.call("GET", &format!("/v1/explain?url={encoded}{more}"), &[("authorization", key)], "").await
}

async fn explain(world: &World, url: &str) -> Value {
    let answer = ask(world, BEARER, url, "").await;
    assert_eq!(answer.status, 200, "{url}: {}", answer.text);
    answer.json()
}

fn world() -> World {
    with_pictures(World::with_disk())
}

fn with_pictures(world: World) -> World {
    for (name, version) in [("cat.png", 1), ("logo.png", 1)] {
        world.write(name, pictures::png(name, version));
    }
    world
}

/// Makes a derivative, and waits until it is on disk.
async fn make(world: &World, target: &str) {
    make_for(world, target, dialect::Hints::NONE).await;
}

async fn make_for(world: &World, target: &str, hints: dialect::Hints) {
    let accept = plan::AcceptClass::Basic;
    let ask = engine::Ask { host: "localhost", target, accept, hints, trusted: true };
    let resolved = world.engine.resolve(ask).unwrap();
    let reply = world.engine.get(&resolved).await.unwrap();
    assert!(reply.entry.body().is_some(), "{target}: {:?}", reply.entry.content);
    let engine = world.engine.clone();
    tokio::task::spawn_blocking(move || engine.stores().0.barrier()).await.unwrap();
}

async fn purge(world: &World, target: Value, mode: &str) -> Value {
    let body = json!({ "targets": [target], "mode": mode }).to_string();
    let answer = world.call("POST", "/v1/purges", &[("authorization", BEARER)], body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn what_a_url_means() {
    let world = world();
    for (url, site, words, output) in [
        (
            "/imgix/cat.png?w=30&h=20&fit=crop",
            "imgix",
            "scaled and cropped to 30 × 20 pixels",
            "in the original's format",
        ),
        ("http://localhost/imagekit/tr:w-30/cat.png", "imagekit", "scaled to be 30 pixels wide", "as "),
        ("/cloudimage/cat.png?w=30", "cloudimage", "scaled to be 30 pixels wide", "as "),
        (
            "http://127.0.0.1:8080/imageboss/local/width/30/cat.png",
            "imageboss",
            "30 pixels wide",
            "in the original's format",
        ),
    ] {
        let told = explain(&world, url).await;
        assert_eq!(
            (&told["site"], &told["dialect"], &told["refused"]),
            (&json!(site), &json!(site), &Value::Null),
            "{url}"
        );
        let said: Vec<&str> = told["words"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(said.iter().any(|phrase| phrase.contains(words)), "{url}: {said:?}");
        assert!(told["output"].as_str().unwrap().starts_with(output), "{url}: {}", told["output"]);
        assert!(told["plan"].as_str().unwrap().contains("resize:30x"), "{url}: {}", told["plan"]);
        assert_eq!(told["master"]["source"], "local");
        assert_eq!(
            (&told["master"]["path"], &told["master"]["id"]),
            (&json!("cat.png"), &json!(world.master("cat.png").as_str()))
        );
        // A site of two sources may have it in either.
        assert_eq!(told["candidates"].as_array().unwrap().len(), if site == "imageboss" { 1 } else { 2 });
        assert_eq!(
            told["public_url"].as_str().unwrap().split_once("8080").unwrap().1,
            url.trim_start_matches("http://localhost").trim_start_matches("http://127.0.0.1:8080")
        );
        let sites: Vec<&str> = told["urls"].as_array().unwrap().iter().filter_map(|url| url["site"].as_str()).collect();
        assert!(
            ["imgix", "imagekit", "cloudimage", "imageboss", "shop"].iter().all(|site| sites.contains(site)),
            "{sites:?}"
        );
        assert!(!sites.contains(&"second"), "it has only the web address");
    }
    let told = explain(&world, "/imgix/cat.png?w=30&zoom=2&h=none").await;
    let warned: Vec<_> =
        told["warnings"].as_array().unwrap().iter().map(|w| (w["parameter"].clone(), w["code"].clone())).collect();
    assert!(warned.contains(&(json!("h"), json!("invalid"))), "{warned:?}");
    let marked = explain(&world, "/imgix/cat.png?w=30&mark=%2Flogo.png").await;
    let parts: Vec<&Value> =
        marked["dependencies"].as_array().unwrap().iter().filter(|d| d["role"] == "part").collect();
    assert!(parts.iter().any(|part| part["said"] == "local/logo.png"), "{parts:?}");
}

#[tokio::test]
async fn what_is_cached_and_what_purges_did_to_it() {
    let world = world();
    let url = "/imgix/cat.png?w=30";
    let before = explain(&world, url).await;
    assert_eq!(
        (&before["cache"]["would"], &before["cache"]["why"], &before["cache"]["tier"]),
        (&json!("miss"), &json!("absent"), &json!("none"))
    );
    assert!(before["purges"].as_array().unwrap().iter().all(|touch| touch["newest"].is_null()));
    for target in [url, "/imgix/cat.png?w=40", "/imagekit/tr:w-50/cat.png", "/imgix/logo.png?w=10"] {
        make(&world, target).await;
    }
    let told = explain(&world, url).await;
    let cache = &told["cache"];
    assert_eq!(
        (&cache["would"], &cache["why"], &cache["tier"], &cache["stamp"]),
        (&json!("hit"), &Value::Null, &json!("memory"), &json!(0))
    );
    assert_eq!(cache["content_type"], "image/png");
    assert!(cache["bytes"].as_u64().unwrap() > 0 && cache["expires_at"].as_str() > cache["stored_at"].as_str());
    let derivatives = told["derivatives"].as_array().unwrap();
    assert_eq!((derivatives.len(), &told["derivatives_total"]["entries"]), (3, &json!(3)), "{derivatives:?}");
    assert_eq!(
        (&derivatives[0]["this"], &derivatives[0]["id"], &derivatives[0]["url"]),
        (&json!(true), &cache["id"], &json!(url))
    );
    assert!(derivatives.iter().all(|d| d["fresh"] == true && d["content_type"] == "image/png"), "{derivatives:?}");
    let limited = ask(&world, BEARER, url, "&limit=1").await.json();
    assert_eq!(
        (limited["derivatives"].as_array().unwrap().len(), &limited["derivatives_total"]["entries"]),
        (1, &json!(3))
    );

    let by_master = purge(&world, json!({ "master": "local/cat.png" }), "hard").await;
    let by_source = purge(&world, json!({ "source": "local" }), "soft").await;
    let by_glob = purge(&world, json!({ "glob": "local/*.png" }), "hard").await;
    purge(&world, json!({ "prefix": "local/dir/" }), "hard").await;
    let told = explain(&world, url).await;
    assert_eq!((&told["cache"]["would"], &told["cache"]["why"]), (&json!("miss"), &json!(Miss::Purged.name())));
    assert!(told["derivatives"].as_array().unwrap().iter().all(|d| d["fresh"] == false && d["why"] == "purged"));
    let newest = |kind: &str| {
        let touches = told["purges"].as_array().unwrap();
        let of_kind: Vec<&Value> =
            touches.iter().filter(|touch| touch["kind"] == kind).map(|touch| &touch["newest"]).collect();
        of_kind.iter().find(|newest| !newest.is_null()).map_or(Value::Null, |newest| (*newest).clone())
    };
    for (kind, purge) in [("master", by_master), ("source", by_source), ("glob", by_glob)] {
        let newest = newest(kind);
        assert_eq!(
            (&newest["id"], &newest["position"], &newest["mode"]),
            (&purge["id"], &purge["position"], &purge["mode"]),
            "{kind}"
        );
        assert_eq!(newest["at"], purge["accepted_at"], "{kind}");
    }
    assert_eq!((newest("prefix"), newest("all"), newest("exact")), (Value::Null, Value::Null, Value::Null));
}

#[tokio::test]
async fn refusals_are_explained_and_not_made() {
    let world = world();
    let told = explain(&world, "/imagekit/tr:w-x/cat.png").await;
    assert_eq!(
        (&told["refused"]["status"], &told["refused"]["code"], &told["plan"]),
        (&json!(400), &json!("bad-parameter"), &Value::Null)
    );
    assert_eq!((&told["refused"]["fault"], &told["signature"]["verdict"]), (&json!("client"), &json!("unchecked")));

    let target = "/cat.png?w=30";
    let signing =
        dialect::Signing { secrets: vec![dialect::Secret::new(SIGNING_SECRET)], ..dialect::Signing::default() };
    let settings = dialect::Settings::default();
    let sign = |expires| dialect::Dialect::sign(&dialect::imgix::Imgix, target, &settings, &signing, expires).unwrap();
    let good = sign(None);
    for (target, verdict, code) in [
        (target.to_owned(), "absent", json!("signature-missing")),
        (good.clone(), "valid", Value::Null),
        (good.replace("w=30", "w=31"), "invalid", json!("signature-wrong")),
        (sign(Some(4_000_000_000)), "valid", Value::Null),
        (sign(Some(1_000_000_000)), "expired", json!("url-ended")),
    ] {
        let told = explain(&world, &format!("http://letter.example{target}")).await;
        assert_eq!((&told["signature"]["verdict"], &told["refused"]["code"]), (&json!(verdict), &code), "{target}");
        assert_eq!((&told["signature"]["policy"], &told["site"]), (&json!("required"), &json!("letter")));
        assert!(told["plan"].as_str().unwrap().contains("resize:3"), "explained all the same: {target}");
        assert!(!told.to_string().contains(SIGNING_SECRET), "{target}");
        assert_eq!(told["signature"]["expires_at"].is_null(), !target.contains("expires"), "{target}");
    }

    let taken = purge(&world, json!({ "master": "local/cat.png" }), "takedown").await;
    let told = explain(&world, "/imgix/cat.png?w=30").await;
    assert_eq!(
        (&told["takedown"]["id"], &told["takedown"]["status"], &told["refused"]),
        (&taken["id"], &json!(451), &Value::Null)
    );
}

#[tokio::test]
async fn what_cannot_be_explained() {
    let world = world();
    for (url, more, status, code) in [
        ("https://elsewhere.example/a.jpg", "", 400, "not-ours"),
        ("cat.png", "", 400, "malformed-target"),
        ("http://localhost/nowhere/cat.png", "", 400, "not-ours"),
        ("/imgix/cat.png", "&limit=0", 400, "bad-parameter"),
        ("/imgix/cat.png", "&colour=red", 400, "unknown-parameter"),
        ("", "", 400, "bad-parameter"),
    ] {
        let answer = ask(&world, BEARER, url, more).await;
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{url} {more}");
    }
    assert_eq!(ask(&world, "", "/imgix/cat.png", "").await.status, 401);
}

#[tokio::test]
async fn a_bound_key_sees_what_lies_within() {
    for world in [World::with_disk(), World::new()] {
        bound_keys_see_what_lies_within(with_pictures(world)).await;
    }
}

async fn bound_keys_see_what_lies_within(world: World) {
    world.write("dir/a.png", pictures::png("a", 1));
    for target in ["/imgix/dir/a.png?w=20", "/imagekit/tr:w-30/dir/a.png", "/imgix/cat.png?w=30"] {
        make(&world, target).await;
    }
    let imgix = bearer(IMGIX_KEY);
    let scope =
        Scope { roles: vec![KeyRole::Read], reaches: vec!["local/dir".to_owned()], ..Scope::everything_on(&[]) };
    let folder = bearer(&world.keys().issue("folder", &scope).unwrap());
    for (key, url, status, derivatives) in [
        (imgix.as_str(), "/imgix/dir/a.png?w=20", 200, 1),
        (&imgix, "/imagekit/tr:w-30/dir/a.png", 400, 0),
        (&folder, "/imagekit/tr:w-30/cat.png", 403, 0),
        (BEARER, "/imgix/dir/a.png?w=20", 200, 2),
    ] {
        let answer = ask(&world, key, url, "").await;
        assert_eq!(answer.status, status, "{key} {url}: {}", answer.text);
        if status == 200 {
            let told = answer.json();
            assert_eq!(told["derivatives"].as_array().unwrap().len(), derivatives, "{key} {url}");
            assert_eq!(told["derivatives_total"]["entries"], derivatives, "{key} {url}");
        }
    }
    let id = |told: &Value| format!("/v1/derivatives/{}/body", told["cache"]["id"].as_str().unwrap());
    let of_cat = id(&explain(&world, "/imgix/cat.png?w=30").await);
    let of_kit = id(&explain(&world, "/imagekit/tr:w-30/dir/a.png").await);
    for (key, path, status) in
        [(BEARER, &of_cat, 200), (&folder, &of_cat, 404), (BEARER, &of_kit, 200), (&imgix, &of_kit, 404)]
    {
        let answer = world.bytes("GET", path, &[("authorization", key)]).await;
        assert_eq!(answer.0, status, "{key} {path}");
    }
}

#[tokio::test]
async fn bodies_for_as_long_as_they_are_served() {
    let world = world();
    let target = "/imgix/cat.png?w=30";
    make(&world, target).await;
    let body = json!({ "targets": [{ "master": "local/cat.png" }], "dry_run": true }).to_string();
    let foreseen = world.call("POST", "/v1/purges", &[("authorization", BEARER)], body).await.json();
    let id = foreseen["samples"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(id, explain(&world, target).await["cache"]["id"]);
    let path = format!("/v1/derivatives/{id}/body");
    let (status, fields, bytes) = world.bytes("GET", &path, &[("authorization", BEARER)]).await;
    assert_eq!((status, &bytes[..4]), (200, &b"\x89PNG"[..]));
    for (name, value) in [
        ("content-type", "image/png"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    ] {
        assert_eq!(fields[name], value, "{name}");
    }
    for (id, code) in [("0".repeat(32), "no-such-derivative"), ("x".to_owned(), "no-such-derivative")] {
        let answer = world.call("GET", &format!("/v1/derivatives/{id}/body"), &[("authorization", BEARER)], "").await;
        assert_eq!((answer.status, &answer.json()["code"]), (404, &json!(code)));
    }
    assert_eq!(world.call("GET", &path, &[], "").await.status, 401);
    // In memory as on disk, nothing of it is shown any more (G1).
    purge(&world, json!({ "url": target }), "soft").await;
    let answer = world.call("GET", &path, &[("authorization", BEARER)], "").await;
    assert_eq!((answer.status, &answer.json()["code"]), (410, &json!("gone")), "{}", answer.text);
    purge(&world, json!({ "url": target }), "hard").await;
    let answer = world.call("GET", &path, &[("authorization", BEARER)], "").await;
    assert_eq!((answer.status, &answer.json()["code"]), (410, &json!("gone")), "{}", answer.text);
}

/// However often somebody looks: no fetch, no fill, no use, nothing stored, nothing dropped.
#[tokio::test]
async fn looking_changes_nothing() {
    let world = world();
    let (url, unmade) = ("/imgix/cat.png?w=30", "/imgix/cat.png?w=31");
    make(&world, url).await;
    purge(&world, json!({ "master": "local/logo.png" }), "hard").await;
    let state = || {
        let (derivatives, masters) = world.engine.stores();
        let fills = (derivatives.counters().fills(), masters.counters().fills());
        let misses: Vec<u64> = derivatives.counters().misses().map(|(_, n)| n).collect();
        let rows = purge::Catalogue::walk(&*world.catalogue, purge::Tier::Derivatives, None, 100).unwrap();
        (fills, misses, derivatives.memory_use(), masters.memory_use(), rows, world.records().len())
    };
    let before = state();
    let first = (explain(&world, url).await, explain(&world, unmade).await);
    for _ in 0..3 {
        assert_eq!(explain(&world, unmade).await["cache"]["why"], first.1["cache"]["why"]);
        assert_eq!(explain(&world, url).await["cache"]["last_used"], first.0["cache"]["last_used"]);
    }
    // A purged one, which a request would drop.
    purge(&world, json!({ "master": "local/cat.png" }), "hard").await;
    let purged = explain(&world, url).await;
    assert_eq!((&purged["cache"]["why"], &purged["cache"]["tier"]), (&json!("purged"), &json!("memory")));
    assert_eq!(explain(&world, url).await["cache"]["tier"], "memory", "it is still there");
    let after = state();
    assert_eq!(
        (&before.0, &before.1, &before.2, &before.3, &before.4),
        (&after.0, &after.1, &after.2, &after.3, &after.4)
    );
}

/// One of several kinds of clients is chosen by its `Accept`.
#[tokio::test]
async fn accept_chooses_the_variant() {
    let world = world();
    let url = "/imgix/cat.png?w=30&auto=format";
    let plain = ask(&world, BEARER, url, "").await.json();
    let avif = ask(&world, BEARER, url, "&accept=image/avif,image/webp").await.json();
    assert_eq!(plain["plan"], avif["plan"]);
    assert_ne!(plain["cache"]["id"], avif["cache"]["id"]);
    make(&world, url).await;
    let would = |told: Value| told["cache"]["would"].clone();
    assert_eq!(would(ask(&world, BEARER, url, "&accept=image/png").await.json()), "hit");
    assert_eq!(would(ask(&world, BEARER, url, "&accept=image/avif").await.json()), "miss");
}

fn of<'t>(told: &'t Value, url: &str) -> &'t Value {
    let all = told["derivatives"].as_array().unwrap();
    let found: Vec<&Value> = all.iter().filter(|derivative| derivative["url"] == url).collect();
    assert_eq!(found.len(), 1, "{url} in {all:#?}");
    found[0]
}

/// Without a disk all that there is lies in memory, and is listed and counted all the same, with how often it was asked for.
#[tokio::test]
async fn what_memory_alone_has() {
    let world = with_pictures(World::new());
    let (url, other) = ("/imgix/cat.png?w=30", "/imagekit/tr:w-50/cat.png");
    let unmade = explain(&world, url).await;
    assert_eq!((&unmade["derivatives"], &unmade["derivatives_total"]["entries"]), (&json!([]), &json!(0)));
    for target in [other, url, "/imgix/logo.png?w=10", "/imgix/logo.png?w=60&mark=%2Fcat.png"] {
        make(&world, target).await;
    }
    for _ in 0..2 {
        make(&world, other).await;
    }
    // Of one that nobody has made yet, too.
    let told = explain(&world, "/imgix/cat.png?w=31").await;
    assert_eq!(told["cache"]["tiers"], json!([]));
    assert!(told["cache"]["hits"].is_null());
    let all = told["derivatives"].as_array().unwrap();
    let bytes: u64 = all.iter().filter_map(|derivative| derivative["bytes"].as_u64()).sum();
    assert_eq!((all.len(), &told["derivatives_total"]), (3, &json!({ "entries": 3, "bytes": bytes })), "{all:#?}");
    for (target, hits) in [(url, 0), (other, 2), ("/imgix/logo.png?w=60&mark=%2Fcat.png", 0)] {
        let one = of(&told, target);
        assert_eq!((&one["tier"], &one["tiers"], &one["this"]), (&json!("memory"), &json!(["memory"]), &json!(false)));
        assert_eq!((&one["hits"], &one["fresh"]), (&json!(hits), &json!(true)), "{target}");
        assert_eq!(one["last_used"].is_null(), hits == 0, "{one}");
        assert!(one["hits_since"].as_str() >= one["stored_at"].as_str(), "{one}");
    }
    let limited = ask(&world, BEARER, url, "&limit=1").await.json();
    assert_eq!(
        (limited["derivatives"].as_array().unwrap().len(), &limited["derivatives"][0]["this"]),
        (1, &json!(true))
    );
    assert_eq!(limited["derivatives_total"]["entries"], 3);
    let path = format!("/v1/derivatives/{}/body", of(&told, other)["id"].as_str().unwrap());
    assert_eq!(world.bytes("GET", &path, &[("authorization", BEARER)]).await.0, 200);
    purge(&world, json!({ "master": "local/cat.png" }), "hard").await;
    let told = explain(&world, url).await;
    assert!(told["derivatives"].as_array().unwrap().iter().all(|one| one["why"] == "purged"), "{told:#}");
}

/// What an origin does not want to be stored is in memory alone, beside what is in both tiers. Each is listed once.
#[tokio::test]
async fn each_derivative_once_whichever_tiers_have_it() {
    let origin = VersionedOrigin::start();
    for path in ["/a.png", "/b.png"] {
        origin.set_version(path, 1);
    }
    origin.set_header("/b.png", "cache-control", "no-store");
    let world = World::with_origin(&origin.url("/"));
    let (plain, marked) = ("/cloudimage/a.png?w=300", "/imgix/a.png?w=310&mark=%2Fb.png");
    for target in [plain, plain, marked] {
        make(&world, target).await;
    }
    let told = explain(&world, plain).await;
    assert_eq!((told["derivatives"].as_array().unwrap().len(), &told["derivatives_total"]["entries"]), (2, &json!(2)));
    let tiers = |told: &Value, url| of(told, url)["tiers"].clone();
    assert_eq!((tiers(&told, plain), tiers(&told, marked)), (json!(["memory", "disk"]), json!(["memory"])));
    assert_eq!((&told["cache"]["tiers"], &told["cache"]["hits"]), (&json!(["memory", "disk"]), &json!(1)));
    // Of one that has no original, there is but itself.
    let text = "/imgix/~text?txt=Sold&w=120&h=50&bg=f00";
    let told = explain(&world, text).await;
    assert!(told["output"].as_str().unwrap().starts_with("as PNG"), "{}", told["output"]);
    assert_eq!((&told["master"], &told["derivatives"]), (&Value::Null, &json!([])));
    make(&world, text).await;
    let told = explain(&world, text).await;
    assert_eq!((&told["derivatives"][0]["this"], &told["derivatives_total"]["entries"]), (&json!(true), &json!(1)));
    assert_eq!((&of(&told, text)["content_type"], &told["cache"]["would"]), (&json!("image/png"), &json!("hit")));
}

/// A key is that of the request with these header fields, whatever is written into them.
#[tokio::test]
async fn hints_choose_the_variant() {
    let world = world();
    let ix = "/imgix/cat.png?w=500&fm=jpg&ch=Width,DPR,Save-Data";
    let kit = "/imagekit/tr:w-auto,dpr-auto/cat.png";
    let none = json!([]);
    let hints = dialect::Hints::new;
    for (url, more, wanted, ignored) in [
        (ix, "&width=212", hints(Some(212), None, false), none.clone()),
        (ix, "&width=212&dpr=1.5&save_data=on", hints(Some(212), Some(1.5), true), none.clone()),
        (ix, "&save_data=off", dialect::Hints::NONE, none.clone()),
        (ix, "&dpr=99&width=wide", dialect::Hints::NONE, json!(["width", "dpr"])),
        (ix, "&viewport_width=1200&dpr=2", hints(None, Some(2.0), false), json!(["viewport_width"])),
        (kit, "&width=320&dpr=2", hints(Some(320), Some(2.0), false), none.clone()),
        (kit, "&save_data=on", dialect::Hints::NONE, json!(["save_data"])),
        ("/cloudimage/cat.png?w=40", "&width=320&dpr=2", dialect::Hints::NONE, json!(["width", "dpr"])),
    ] {
        let told = ask(&world, BEARER, url, more).await.json();
        let accept = plan::AcceptClass::Basic;
        let as_asked = engine::Ask { host: "localhost", target: url, accept, hints: wanted, trusted: false };
        let resolved = world.engine.resolve(as_asked).unwrap();
        assert_eq!(
            (&told["cache"]["id"], &told["plan"]),
            (&json!(resolved.key.to_string()), &json!(resolved.plan.to_string()))
        );
        let said: Vec<&Value> = told["urls"].as_array().unwrap().iter().filter(|one| !one["url"].is_null()).collect();
        assert!(!said.is_empty(), "said for this client: {}", told["urls"]);
        let client = &told["client"];
        assert_eq!(client["ignored"], ignored, "{url} {more}");
        assert_eq!(
            (&client["width"], &client["dpr"], &client["save_data"]),
            (&json!(wanted.width()), &json!(wanted.dpr().map(|dpr| dpr.get())), &json!(wanted.save_data())),
            "{url} {more}"
        );
        let warned = told["warnings"].as_array().unwrap().iter().any(|w| w["parameter"] == "sec-ch-width");
        assert_eq!(warned, more.contains("wide"), "{}", told["warnings"]);
    }
    let depends = |told: &Value| told["client"]["depends_on"].clone();
    assert_eq!(depends(&explain(&world, "/cloudimage/cat.png?w=40").await), json!(["accept"]));
    let fields = json!(["sec-ch-width", "width", "sec-ch-dpr", "dpr", "save-data"]);
    assert_eq!(depends(&explain(&world, ix).await), fields);

    make_for(&world, ix, hints(Some(212), None, false)).await;
    let would = async |more: &str| ask(&world, BEARER, ix, more).await.json()["cache"]["would"].clone();
    assert_eq!((would("&width=212").await, would("&width=300").await), (json!("hit"), json!("hit")), "in steps of 100");
    assert_eq!((would("").await, would("&width=301").await), (json!("miss"), json!("miss")));
}

/// Once the floor has risen, nothing older than it is good, whatever that was named by: that is told beside the names.
#[tokio::test]
async fn a_raised_floor_is_told() {
    let world = world();
    let url = "/imgix/cat.png?w=30";
    make(&world, url).await;
    let floor = |told: &Value| told["purges"].as_array().unwrap().iter().find(|t| t["kind"] == "floor").cloned();
    let newest = purge(&world, json!({ "master": "local/logo.png" }), "hard").await;
    assert_eq!(floor(&explain(&world, url).await), None);
    world.engine.index().raise_floor(plan::Position(newest["position"].as_u64().unwrap()));
    let told = explain(&world, url).await;
    assert_eq!((&told["cache"]["would"], &told["cache"]["why"]), (&json!("miss"), &json!("purged")));
    let at = json!({ "id": null, "position": newest["position"], "at": null, "mode": null });
    assert_eq!(floor(&told), Some(json!({ "kind": "floor", "selector": "", "newest": at })));
    let names: Vec<&Value> = told["purges"].as_array().unwrap().iter().filter(|t| t["kind"] != "floor").collect();
    assert!(names.iter().all(|touch| touch["newest"].is_null()), "no purge named it: {names:?}");
}
