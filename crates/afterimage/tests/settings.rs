//! `/v1/config` of a real server over a real origin, and `check-config --show`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::process::Command;

use serde_json::{Value, json};
use support::{KEY, Server, binary, run, web_config};
use testkit::http::Client;
use testkit::origin::{At, Failure, VersionedOrigin};

struct World {
    server: Server,
    origin: VersionedOrigin,
    all: tempfile::TempDir,
}

/// A server with one variable and one argument beside its file.
fn world(more: &str) -> World {
    let all = tempfile::tempdir().unwrap();
    let origin = VersionedOrigin::start();
    origin.set_version("/cat.png", 1);
    let file = all.path().join("a.toml");
    std::fs::write(&file, web_config(&origin.base(), &all.path().join("unused"), more)).unwrap();
    let mut command = Command::new(binary());
    command.arg("serve").arg("--config").arg(&file).arg("--data").arg(all.path().join("data"));
    command.env("AFTERIMAGE__CACHE__MEMORY", "4MiB");
    World { server: Server::start(command), origin, all }
}

async fn ask(client: &mut Client, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let bearer = format!("Bearer {KEY}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = client.send(method, path, &[("authorization", &bearer)], body.as_bytes()).await.unwrap();
    let text = answer.text().to_string();
    (answer.status, serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}")))
}

async fn source(client: &mut Client, name: &str) -> Value {
    let (status, answer) = ask(client, "GET", "/v1/config/sources", &Value::Null).await;
    assert_eq!(status, 200, "{answer}");
    answer["sources"].as_array().unwrap().iter().find(|source| source["name"] == name).unwrap().clone()
}

async fn check(client: &mut Client, name: &str, path: Option<&str>) -> (u16, Value) {
    ask(client, "POST", &format!("/v1/config/sources/{name}/check"), &json!({ "path": path })).await
}

#[tokio::test]
async fn the_server_says_what_it_was_told_and_by_whom() {
    let world = world("[log]\nlevel = \"warn\"\n");
    let mut client = world.server.control_client();
    let (status, config) = ask(&mut client, "GET", "/v1/config", &Value::Null).await;
    assert_eq!((status, &config["file"]), (200, &json!(world.all.path().join("a.toml"))));
    let setting = |key: &str| {
        let found = config["settings"].as_array().unwrap().iter().find(|setting| setting["key"] == key).unwrap();
        let text = |name: &str| found[name].as_str().map(str::to_owned);
        (text("value").unwrap_or_default(), text("from").unwrap(), text("where"))
    };
    let data = world.all.path().join("data").display().to_string();
    for (key, value, from, place) in [
        ("log.level", "warn", "file", Some("line 4")),
        ("cache.memory", "4MiB", "environment", Some("AFTERIMAGE__CACHE__MEMORY")),
        ("data", data.as_str(), "flag", Some("--data")),
        ("purge.rate", "100", "default", None),
    ] {
        let want = (value.to_owned(), from.to_owned(), place.map(str::to_owned));
        assert_eq!(setting(key), want, "{key}");
    }
    let (_, sites) = ask(&mut client, "GET", "/v1/config/sites", &Value::Null).await;
    assert_eq!(sites["owned_by"], "file");
    let url = format!("http://{}/imgix/", world.server.delivery);
    let first = &sites["sites"][0];
    assert_eq!((&first["name"], &first["url"]), (&json!("imgix"), &json!(url)));
    let prefix = first["settings"].as_array().unwrap().iter().find(|setting| setting["key"] == "prefix").unwrap();
    assert_eq!((&prefix["value"], &prefix["from"]), (&json!("/imgix"), &json!("file")));
}

#[tokio::test]
async fn health_follows_what_viewers_bring_about() {
    let world = world("");
    let (mut client, mut viewer) = (world.server.control_client(), world.server.client());
    assert_eq!(source(&mut client, "shop").await["health"]["state"], "unknown");
    assert_eq!(viewer.get("/imgix/cat.png?w=160").await.unwrap().status, 200);
    let shop = source(&mut client, "shop").await;
    assert_eq!(
        (&shop["type"], &shop["base"], &shop["sites"][0]),
        (&json!("http"), &json!(world.origin.base()), &json!("imgix"))
    );
    let health = &shop["health"];
    assert_eq!((&health["state"], &health["failures"], &health["fault"]), (&json!("ok"), &json!(0), &Value::Null));
    assert!(health["ms"].as_f64().is_some_and(|ms| ms > 0.0), "{health}");
    // What is missing says nothing against the origin; an error does, and the next success makes it well.
    assert_eq!(viewer.get("/imgix/none.png?w=160").await.unwrap().status, 404);
    assert_eq!(source(&mut client, "shop").await["health"]["state"], "ok");
    world.origin.set_version("/dog.png", 1);
    world.origin.fail("/dog.png", Some(Failure::Status(503)));
    assert_eq!(viewer.get("/imgix/dog.png?w=160").await.unwrap().status, 502);
    let health = source(&mut client, "shop").await["health"].clone();
    assert_eq!(
        (&health["state"], &health["failures"], &health["fault"]),
        (&json!("failing"), &json!(1), &json!("origin"))
    );
    assert!(health["detail"].as_str().unwrap().contains("the origin answered 503"), "{health}");
    assert!(health["last_success_at"].is_string(), "{health}");
    world.origin.set_version("/new.png", 1);
    assert_eq!(viewer.get("/imgix/new.png?w=160").await.unwrap().status, 200);
    assert_eq!(source(&mut client, "shop").await["health"]["state"], "ok");
}

#[tokio::test]
async fn a_check_fetches_and_keeps_nothing() {
    let more = "[source.web]\ntype = \"proxy\"\nhosts = [\"*\"]\n[source.closed]\ntype = \"http\"\nbase = \"http://127.0.0.1:1/\"\n";
    let world = world(more);
    let mut client = world.server.control_client();
    let (status, found) = check(&mut client, "shop", Some("cat.png")).await;
    assert_eq!((status, &found["ok"], &found["content_type"]), (200, &json!(true), &json!("image/png")), "{found}");
    assert!(found["width"].as_u64().is_some_and(|width| width > 0) && found["bytes"].as_u64() > Some(0), "{found}");
    // Each check asks anew, since nothing is kept; a viewer's request does too.
    check(&mut client, "shop", Some(&world.origin.url("/cat.png"))).await;
    assert_eq!(world.origin.requests("/cat.png"), 2);
    assert_eq!(world.server.client().get("/imgix/cat.png?w=160").await.unwrap().status, 200);
    assert_eq!(world.origin.requests("/cat.png"), 3);
    let (_, base) = check(&mut client, "shop", None).await;
    assert_eq!((&base["ok"], &base["width"]), (&json!(true), &Value::Null));
    assert!(base["detail"].as_str().unwrap().contains("404 at its base"), "{base}");
    // By the source's own rules.
    let (_, closed) = check(&mut client, "closed", None).await;
    assert_eq!((&closed["ok"], &closed["fault"]), (&json!(false), &json!("origin")));
    assert!(closed["detail"].as_str().unwrap().contains("allow_private = true in [source.closed]"), "{closed}");
    let (_, private) = check(&mut client, "web", Some("http://127.0.0.2:1/a.png")).await;
    assert_eq!(private["detail"], "the address is refused: loopback");
    let (status, needs) = check(&mut client, "web", None).await;
    assert_eq!((status, &needs["code"]), (400, &json!("url-needed")));
}

/// Fetches of checks take turns with all others, and few of them run at a time.
#[tokio::test]
async fn checks_are_bounded() {
    let world = world("[limits]\norigin_fetches = 2\n");
    let hold = world.origin.hold("/cat.png", At::Headers);
    let control = world.server.control;
    let mut checks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        checks.spawn(async move { check(&mut Client::new(control), "shop", Some("cat.png")).await.0 });
    }
    // Half of them end before the origin answers anybody.
    for _ in 0..4 {
        assert_eq!(checks.join_next().await.unwrap().unwrap(), 503);
    }
    hold.arrived(2).await;
    assert_eq!(hold.count(), 2, "the others wait for their turn");
    hold.release();
    assert_eq!(checks.join_all().await, [200; 4]);
    assert!(world.origin.peak("/cat.png") <= 2);
}

#[test]
fn every_setting_is_printed() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../afterimage.example.toml");
    let output = run(&["check-config", example, "--show"], &[("AFTERIMAGE__LIMITS__QUEUE", "7")]);
    assert!(output.status.success());
    let told = String::from_utf8(output.stdout).unwrap();
    let written = std::fs::read_to_string(example).unwrap();
    let base = 1 + written.lines().position(|line| line.starts_with("base = \"https://shop.example/media/\"")).unwrap();
    let base = format!("https://shop.example/media/ file, line {base}");
    let line = |key: &str| {
        let line = told.lines().find(|line| line.split_whitespace().next() == Some(key));
        line.unwrap_or_else(|| panic!("{key} in {told}")).split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    for (key, want) in [
        ("limits.queue", "7 environment, AFTERIMAGE__LIMITS__QUEUE"),
        ("listen.delivery_tls", "- default"),
        ("source.shop.base", base.as_str()),
        ("site.pictures.signing", "off default"),
    ] {
        assert_eq!(line(key), want, "{key}");
    }
}
