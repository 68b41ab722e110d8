//! The command line as people use it: the built binary as client of the built binary.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use support::{KEY, Server, binary};
use testkit::origin::VersionedOrigin;

struct Told {
    status: i32,
    out: String,
    err: String,
}

impl Told {
    #[track_caller]
    fn expect(self, status: i32) -> Told {
        assert_eq!(self.status, status, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    fn says(self, texts: &[&str]) -> Told {
        for text in texts {
            assert!(self.out.contains(text) || self.err.contains(text), "{text}: {}\n{}", self.out, self.err);
        }
        self
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }
}

/// Runs a command with the server's address and a key in the environment.
fn with(control: &str, key: &str, arguments: &[&str], input: &str) -> Told {
    let mut command = Command::new(binary());
    command.args(arguments).env("AFTERIMAGE_CONTROL", control).env("AFTERIMAGE_API_KEY", key);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read is no fault.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Told { status: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
}

fn run(server: &Server, arguments: &[&str]) -> Told {
    with(&format!("http://{}", server.control), KEY, arguments, "")
}

fn feed(server: &Server, arguments: &[&str], input: &str) -> Told {
    with(&format!("http://{}", server.control), KEY, arguments, input)
}

struct Shop {
    origin: VersionedOrigin,
    server: Server,
    folder: tempfile::TempDir,
}

fn url(name: &str) -> String {
    format!("/imgix/{name}?w=160&h=80&fit=crop&fm=jpg")
}

/// A server over an origin with three masters.
fn shop() -> Shop {
    let origin = VersionedOrigin::start();
    for name in ["a.png", "b.png", "c.png"] {
        origin.set_version(name, 1);
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::web(&binary(), &origin.base(), &folder.path().join("data"), "");
    Shop { origin, server, folder }
}

impl Shop {
    /// The version that is served.
    async fn version(&self, name: &str) -> u32 {
        let answer = self.server.client().get(&url(name)).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        testkit::pictures::read_version(&answer.body).unwrap()
    }

    async fn status(&self, name: &str) -> u16 {
        self.server.client().get(&url(name)).await.unwrap().status
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn purging() {
    let shop = shop();
    for name in ["a.png", "b.png", "c.png"] {
        assert_eq!(shop.version(name).await, 1);
        shop.origin.bump(name);
    }
    // A look changes nothing.
    run(&shop.server, &["purge", "--source", "shop", "--dry-run"])
        .expect(0)
        .says(&["Nothing was changed", "derivatives"]);
    assert_eq!(shop.version("a.png").await, 1);
    // Several at once, and only those; until their bytes are gone.
    let a = format!("http://{}{}", shop.server.delivery, url("a.png"));
    let told = run(&shop.server, &["purge", &a, "--master", "shop/b.png", "--wait=erased", "--deadline", "120"]);
    told.expect(0).says(&["erased since", "shop/b.png"]);
    assert_eq!([shop.version("a.png").await, shop.version("b.png").await, shop.version("c.png").await], [2, 2, 1]);
    // From standard input.
    feed(&shop.server, &["purge", "-"], &format!("# the third\n\n{}\n", url("c.png"))).expect(0).says(&["effective"]);
    assert_eq!(shop.version("c.png").await, 2);
    // A refresh is waited for, and replaces by itself.
    shop.origin.bump("a.png");
    let told = run(&shop.server, &["purge", "--master", "shop/a.png", "--refresh", "--wait=refreshed", "--json"]);
    assert!(told.expect(0).json()["refreshed_at"].is_string());
    assert_eq!(shop.version("a.png").await, 3);
    // Each is in the list, and one can be shown by its id.
    let told = run(&shop.server, &["purges", "--json"]).expect(0).json();
    assert_eq!(told["purges"].as_array().unwrap().len(), 3);
    let id = told["purges"][2]["id"].as_str().unwrap();
    run(&shop.server, &["purges", id]).expect(0).says(&["erased", id, "shop/b.png"]);
    run(&shop.server, &["purges", "--mode", "refresh"]).expect(0).says(&["refresh", "shop/a.png"]);
    // Asked twice with one key, it is done once.
    let twice = ["purge", "--all", "--idempotency-key", "deploy 7", "--json"];
    let (first, second) = (run(&shop.server, &twice).expect(0).json(), run(&shop.server, &twice).expect(0).json());
    assert_eq!(first["id"], second["id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn takedowns() {
    let shop = shop();
    assert_eq!(shop.version("a.png").await, 1);
    let order = ["purge", "--takedown", "--status", "410", "--reason", "order 7", "--expires", "30d", &url("a.png")];
    let told = run(&shop.server, &order).expect(0).says(&["answers 410 until"]);
    let id = told.out.split("purge ").nth(1).unwrap().split(',').next().unwrap().to_owned();
    assert_eq!([shop.status("a.png").await, shop.status("b.png").await], [410, 200]);
    run(&shop.server, &["takedowns"]).expect(0).says(&["410", "order 7", "holds", &id]);
    run(&shop.server, &["takedowns", "lift", &id]).expect(0).says(&["may be served again"]);
    assert_eq!(shop.status("a.png").await, 200);
    let told = run(&shop.server, &["takedowns"]).expect(0);
    assert!(!told.out.contains(&id), "{}", told.out);
    run(&shop.server, &["takedowns", "--all"]).expect(0).says(&["lifted", &id]);
    run(&shop.server, &["takedowns", "lift", &id]).expect(1).says(&["404"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn warming() {
    let shop = shop();
    let told = run(&shop.server, &["warm", &url("a.png"), &url("b.png"), "--rate", "100", "--wait"]).expect(0);
    told.says(&["done: 2 of 2 derivatives made"]);
    let before = shop.origin.total_requests();
    assert_eq!([shop.version("a.png").await, shop.version("b.png").await], [1, 1]);
    assert_eq!(shop.origin.total_requests(), before);
    // By a template, from a list, and from a sitemap.
    let template = ["warm", "--master", "shop/c.png", "--template", "/imagekit/tr:w-160,f-jpg/{path}", "--wait"];
    run(&shop.server, &template).expect(0).says(&["1 of 1"]);
    let query = ["warm", "--master", "shop/c.png", "--site", "imgix", "--transformation", "w=99&fm=jpg", "--wait"];
    run(&shop.server, &query).expect(0).says(&["1 of 1"]);
    feed(&shop.server, &["warm", "-", "--wait"], &format!("# one\n{}\n", url("c.png"))).expect(0).says(&["1 of 1"]);
    let file = shop.folder.path().join("sitemap.xml");
    let picture = format!("http://{}{}", shop.server.delivery, url("a.png")).replace('&', "&amp;");
    let map = format!("<urlset><url><loc>https://shop.example/</loc><loc>{picture}</loc></url></urlset>");
    std::fs::write(&file, map).unwrap();
    let told = run(&shop.server, &["warm", "--file", file.to_str().unwrap()]).expect(0);
    told.says(&["of 1 derivatives", "1 entries of the sitemap are not pictures here"]);
    // What cannot be made is told; what takes long can be stopped.
    run(&shop.server, &["warm", &url("none.png"), "--wait"]).expect(1).says(&["1 failed"]);
    let slow = ["warm", &url("a.png"), &url("b.png"), &url("c.png"), "--rate", "1", "--json"];
    let id = run(&shop.server, &slow).expect(0).json()["id"].as_str().unwrap().to_owned();
    run(&shop.server, &["warmups", "cancel", &id]).expect(0).says(&["cancelled", &id]);
    run(&shop.server, &["warmups"]).expect(0).says(&["cancelled", "done", &id]);
    run(&shop.server, &["warmups", "show", &id]).expect(0).says(&["cancelled"]);
    run(&shop.server, &["warmups", "cancel", "nothing"]).expect(1).says(&["404"]);
    // After a purge.
    let told = run(&shop.server, &["purge", "--master", "shop/a.png", "--warm", "5"]).expect(0);
    told.says(&["followed by the warm-up"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys() {
    let shop = shop();
    let control = format!("http://{}", shop.server.control);
    let told = run(&shop.server, &["keys", "create", "editor", "--role", "purge", "--site", "imgix", "--json"]);
    let first = told.expect(0).json()["key"].as_str().unwrap().to_owned();
    let purge = |key: &str, target: &str| with(&control, key, &["purge", target], "");
    purge(&first, "/imgix/a.png").expect(0);
    purge(&first, &format!("http://{}/imagekit/a.png", shop.server.delivery)).expect(1).says(&["403"]);
    with(&control, &first, &["keys", "list"], "").expect(1).says(&["403"]);
    run(&shop.server, &["keys", "create", "editor", "--role", "purge"]).expect(1).says(&["409"]);
    run(&shop.server, &["keys", "list"]).expect(0).says(&["editor", "purge", "imgix"]);
    // The old secret stays good for as long as was said, and no longer.
    let told = run(&shop.server, &["keys", "rotate", "editor", "--grace", "1h", "--json"]).expect(0).json();
    let second = told["key"].as_str().unwrap().to_owned();
    purge(&first, "/imgix/a.png").expect(0);
    purge(&second, "/imgix/a.png").expect(0);
    let told = run(&shop.server, &["keys", "rotate", "editor", "--json"]).expect(0).json();
    let third = told["key"].as_str().unwrap().to_owned();
    purge(&second, "/imgix/a.png").expect(1).says(&["401"]);
    purge(&third, "/imgix/a.png").expect(0);
    run(&shop.server, &["keys", "revoke", "editor"]).expect(0).says(&["editor is revoked"]);
    purge(&third, "/imgix/a.png").expect(1).says(&["401"]);
    run(&shop.server, &["keys", "revoke", "editor"]).expect(1).says(&["404"]);
    // A month's purges are counted.
    let told = run(&shop.server, &["keys", "create", "few", "--role", "purge", "--monthly", "2", "--json"]);
    let few = told.expect(0).json()["key"].as_str().unwrap().to_owned();
    purge(&few, "/imgix/a.png").expect(0);
    purge(&few, "/imgix/a.png").expect(0);
    purge(&few, "/imgix/a.png").expect(1).says(&["429", "2 purges of this month are used up"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_trail() {
    let shop = shop();
    run(&shop.server, &["purge", "--master", "shop/suspect.png"]).expect(0);
    run(&shop.server, &["purge", "--master", "shop/a.png"]).expect(0);
    let told = run(&shop.server, &["audit", "verify"]).expect(0).says(&["the chain holds"]);
    let head = told.out.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
    run(&shop.server, &["purge", "--master", "shop/b.png"]).expect(0);
    run(&shop.server, &["audit", "verify", "--head", &head]).expect(0);
    let export = run(&shop.server, &["audit", "export"]).expect(0);
    assert!(export.out.lines().count() >= 4 && export.out.contains("\"kind\":\"purge\""), "{}", export.out);
    let other = head.replace(|c: char| c.is_ascii_alphabetic(), "0");
    run(&shop.server, &["audit", "verify", "--head", &other]).expect(1).says(&["does not hold"]);

    // Without the server; while it runs, its folder is its own.
    let data = shop.folder.path().join("data");
    let offline = ["audit", "verify", "--head", &head, "--data", data.to_str().unwrap()];
    run(&shop.server, &offline).expect(1).says(&["while the server runs"]);
    let control = format!("http://{}", shop.server.control);
    assert!(shop.server.stop().success());
    with(&control, "", &offline, "").expect(0).says(&["the chain holds"]);
    with(&control, "", &["audit", "verify", "--data", "/nowhere"], "").expect(2).says(&["holds no purge log"]);
    // One letter of what was purged is changed in the file.
    assert!(change(&data, b"suspect.png", b"suspicT.pn") > 0);
    with(&control, "", &offline, "").expect(1).says(&["the chain does not hold at entry"]);
    let server = Server::web(&binary(), &shop.origin.base(), &data, "");
    run(&server, &["audit", "verify"]).expect(1).says(&["the chain does not hold at entry"]);
}

/// Writes one text over another, wherever the ledger's file has it; how often.
fn change(data: &Path, old: &[u8], new: &[u8]) -> usize {
    let mut changed = 0;
    for name in ["purge.db", "purge.db-wal"] {
        let Ok(mut bytes) = std::fs::read(data.join(name)) else { continue };
        let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
        for at in &places {
            bytes[*at..*at + new.len()].copy_from_slice(new);
        }
        changed += places.len();
        std::fs::write(data.join(name), bytes).unwrap();
    }
    changed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exit_statuses() {
    let shop = shop();
    let nobody = "http://127.0.0.1:1";
    run(&shop.server, &["purge", "--all"]).expect(0);
    for (arguments, said) in [
        (&["purge", "https://elsewhere.example/a.png"][..], "targets[0]"),
        (&["purge", "--source", "nowhere"], "no source is called"),
        (&["purges", "nothing"], "404"),
        (&["warm", "https://elsewhere.example/a.png"], "urls[0]"),
    ] {
        run(&shop.server, arguments).expect(1).says(&[said]);
    }
    for arguments in [
        &["purge"][..],
        &["purge", "--soft", "--refresh", "--all"],
        &["purge", "--all", "--wait=polished"],
        &["purge", "--takedown", "--expires", "soon", "/imgix/a.png"],
        &["purge", "-"],
        &["warm"],
        &["warm", "--rate", "0", "/imgix/a.png"],
        &["warm", "--file", "/nowhere/list.txt"],
        &["keys", "create", "x", "--role", "king"],
        &["nonsense"],
    ] {
        run(&shop.server, arguments).expect(2);
    }
    for arguments in
        [&["purge", "--all"][..], &["purges"], &["warm", "/imgix/a.png"], &["keys", "list"], &["audit", "verify"]]
    {
        with(nobody, KEY, arguments, "").expect(3).says(&["cannot reach"]);
    }
    let late = run(&shop.server, &["purge", "--source", "shop", "--wait=erased", "--deadline", "0"]);
    late.expect(4).says(&["effective, but not erased"]);
    let slow = ["warm", &url("a.png"), &url("b.png"), "--rate", "1", "--wait", "--deadline", "0"];
    run(&shop.server, &slow).expect(4).says(&["begun"]);
}
