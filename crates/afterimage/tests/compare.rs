//! `afterimage compare` between a server that stands for a vendor's and the built one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::{Server, binary, samples};
use testkit::authority::Authority;
use testkit::http::Client;
use testkit::origin::VersionedOrigin;
use testkit::pictures::{Rgb, encode_png};

struct Told {
    status: i32,
    out: String,
    err: String,
}

fn compare(arguments: &[&str], input: &str) -> Told {
    let mut command = Command::new(binary());
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(name);
    }
    command.arg("compare").args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read is no fault.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Told { status: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// Compares two URLs; the exit status and the report of the one pair.
fn pair(vendor: &str, ours: &str, more: &[&str]) -> (i32, Value) {
    let mut arguments = vec!["--vendor-url", vendor, "--ours", ours, "--json"];
    arguments.extend(more);
    let told = compare(&arguments, "");
    let report: Value = serde_json::from_str(&told.out).unwrap_or_else(|e| panic!("{e}: {} {}", told.out, told.err));
    let names = ["alike", "differs", "failed"];
    assert_eq!(report["outcome"], names[usize::try_from(told.status).unwrap()]);
    (told.status, report["pairs"][0].clone())
}

fn client<'r>(report: &'r Value, name: &str) -> &'r Value {
    report["clients"].as_array().unwrap().iter().find(|client| client["client"] == name).unwrap()
}

struct World {
    vendor: VersionedOrigin,
    server: Server,
    _folder: tempfile::TempDir,
}

/// A server over the samples, and one that answers what it is told to.
fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::folder(&binary(), &samples(), &folder.path().join("data"));
    World { vendor: VersionedOrigin::start(), server, _folder: folder }
}

impl World {
    fn ours(&self, target: &str) -> String {
        format!("http://{}{target}", self.server.delivery)
    }

    async fn bytes(&self, target: &str) -> Vec<u8> {
        let answer = Client::new(self.server.delivery).get(target).await.unwrap();
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answer.body.to_vec()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_picture_in_other_bytes_is_alike() {
    let world = world();
    // As a vendor would encode it.
    let body = world.bytes("/imagekit/tr:w-320,q-82,f-jpg/cat.jpg").await;
    let bytes = body.len();
    world.vendor.set_body("/cat", "image/jpeg", body);
    world.vendor.set_header("/cat", "Cache-Control", "public, max-age=31536000");
    world.vendor.set_header("/cat", "X-Odd", "one");
    let (status, report) = pair(&world.vendor.url("/cat"), &world.ours("/imgix/cat.jpg?w=320&fm=jpg&q=75"), &[]);
    assert_eq!(status, 0, "{report:#}");
    for name in ["basic", "webp", "avif"] {
        let told = client(&report, name);
        let points = told["likeness"].as_f64().unwrap();
        assert!((60.0..99.9).contains(&points), "{points}");
        assert_eq!((&told["vendor"]["bytes"], &told["vendor"]["width"]), (&bytes.into(), &320.into()));
        assert_eq!((&told["ours"]["type"], &told["ours"]["status"]), (&"image/jpeg".into(), &200.into()));
        assert_eq!(told["differs"].as_array().unwrap().len(), 0);
    }
    let headers = client(&report, "basic")["headers"].as_array().unwrap();
    let header = |name: &str| headers.iter().find(|header| header["name"] == name).unwrap();
    let cache = header("cache-control");
    assert_eq!(cache["vendor"], "public, max-age=31536000");
    assert!(cache["about"].as_str().unwrap().contains("browser_time"));
    assert_eq!(header("cache-status")["vendor"], Value::Null);
    assert!(!headers.iter().any(|header| header["name"] == "date" || header["name"] == "content-length"));

    // More is asked of it than two encoders reach.
    let more = ["--likeness", "99.9", "--accept", "webp"];
    let (status, report) = pair(&world.vendor.url("/cat"), &world.ours("/imgix/cat.jpg?w=320&fm=jpg&q=75"), &more);
    assert_eq!((status, report["clients"].as_array().unwrap().len()), (1, 1));
    assert!(report["clients"][0]["differs"][0].as_str().unwrap().starts_with("likeness: "), "{report:#}");

    // For people.
    let vendor = world.vendor.url("/cat");
    let ours = world.ours("/imgix/cat.jpg?w=320&fm=jpg");
    let told = compare(&["--vendor-url", &vendor, "--ours", &ours], "");
    assert_eq!(told.status, 0, "{}", told.err);
    for text in [
        "alike\n",
        "320x",
        "image/jpeg",
        "cache-control: how long browsers keep it",
        "likeness",
        "x-odd\n    vendor one\n    ours   (none)",
    ] {
        assert!(told.out.contains(text), "{text}: {}", told.out);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_counts_is_told() {
    let world = world();
    let cat = world.bytes("/imgix/cat.jpg?w=200&h=200&fit=crop&fm=jpg").await;
    world.vendor.set_body("/cat", "image/jpeg", cat);
    let flat = encode_png(&Rgb::from_fn(200, 200, |x, _| [x as u8, 90, 30]));
    world.vendor.set_body("/flat", "image/png", flat);
    world.vendor.set_body("/odd", "image/png", encode_png(&Rgb::from_fn(201, 200, |x, _| [x as u8, 90, 30])));
    world.vendor.set_body("/broken", "image/jpeg", &b"\xff\xd8\xff\xe0 and no more"[..]);
    world.vendor.set_body("/json", "application/json; charset=utf-8", &b"{}"[..]);
    world.vendor.redirect("/moved", 302, "/cat");
    let ours = |target: &str| world.ours(target);
    for (vendor, ours, status, says) in [
        ("/cat", ours("/imgix/cat.jpg?w=200&h=200&fit=crop&fm=jpg"), 0, ""),
        ("/moved", ours("/imgix/cat.jpg?w=200&h=200&fit=crop&fm=jpg"), 0, ""),
        ("/none", ours("/imgix/none.jpg"), 0, ""),
        ("/cat", ours("/imgix/cat.jpg?w=200&h=150&fit=crop&fm=jpg"), 1, "size: 200x200 there, 200x150 here"),
        ("/cat", ours("/imgix/cat.jpg?w=200&h=200&fit=crop&fm=png"), 1, "media type: image/jpeg there, image/png here"),
        ("/cat", ours("/imgix/cat.jpg?w=200&h=200&fit=crop&fm=jpg&sat=-100&flip=h"), 1, "likeness: "),
        ("/none", ours("/imgix/cat.jpg?w=200"), 1, "status: 404 there, 200 here"),
        ("/json", ours("/imgix/cat.jpg?w=200&fm=jpg"), 1, "media type: application/json there, image/jpeg here"),
        ("/broken", ours("/imgix/cat.jpg?w=200&fm=jpg"), 2, "the vendor's cannot be decoded"),
    ] {
        let (found, report) = pair(&world.vendor.url(vendor), &ours, &["--accept", "basic"]);
        assert_eq!(found, status, "{vendor} {ours}: {report:#}");
        let told = client(&report, "basic");
        let lines = ["differs", "failed"].map(|key| told[key].as_array().unwrap().clone()).concat();
        let is_told = lines.iter().any(|line| line.as_str().unwrap().starts_with(says));
        assert!(says.is_empty() && lines.is_empty() || is_told, "{says}: {lines:?}");
    }
    // A side that is rounded otherwise does not count.
    let (status, report) = pair(&world.vendor.url("/flat"), &world.vendor.url("/odd"), &["--accept", "basic"]);
    assert_eq!(status, 0, "{report:#}");
    assert!(client(&report, "basic")["likeness"].as_f64().unwrap() > 90.0);
    let (status, report) = pair("http://127.0.0.1:1/x", &ours("/imgix/cat.jpg?w=9"), &["--accept", "basic"]);
    assert_eq!((status, &report["clients"][0]["vendor"]), (2, &Value::Null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pairs_come_from_a_file_and_hosts_from_the_command_line() {
    let world = world();
    let folder = tempfile::tempdir().unwrap();
    world.vendor.set_body("/cat", "image/png", world.bytes("/imgix/cat.jpg?w=100&fm=png").await);
    let vendor = world.vendor.url("/cat");
    // A host that no DNS knows.
    let text = format!(
        "# vendor ours\n{vendor} http://img.shop.example/imgix/cat.jpg?w=100&fm=png\n\n\
         {vendor} http://img.shop.example/imgix/cat.jpg?w=90&fm=png\n"
    );
    let file = folder.path().join("pairs.txt");
    std::fs::write(&file, &text).unwrap();
    let resolve = format!("img.shop.example={}", world.server.delivery);
    let arguments = ["--resolve", &resolve, "--accept", "basic", "--pairs"];
    let from_file = compare(&[&arguments[..], &[file.to_str().unwrap()]].concat(), "");
    let from_input = compare(&[&arguments[..], &["-"]].concat(), &text);
    for told in [&from_file, &from_input] {
        assert_eq!(told.status, 1, "{} {}", told.out, told.err);
        assert!(told.out.contains("alike\n") && told.out.contains("2 pairs: differs"), "{}", told.out);
        assert!(told.out.contains("basic: size: 100x"), "{}", told.out);
    }
    for (arguments, says) in [
        (vec!["--pairs", "none.txt"], "cannot read none.txt"),
        (vec!["--pairs", "-"], "-:1: a line has two URLs"),
        (vec!["--vendor-url", "http://a/"], "--ours"),
        (vec![], "--vendor-url"),
    ] {
        let told = compare(&arguments, "only-one\n");
        assert_eq!(told.status, 2, "{}", told.out);
        assert!(told.err.contains(says), "{says}: {}", told.err);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authorities_can_be_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    authority.write(folder.path(), "x", &["img.shop.example"]).unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let (data, photos) = (folder.path().join("data"), samples());
    let config = format!(
        "data = {data:?}\nlisten = {{ delivery = \"127.0.0.1:0\", control = \"127.0.0.1:0\", \
         delivery_tls = \"127.0.0.1:0\" }}\n[[certificate]]\ncert_file = \"x.pem\"\nkey_file = \"x.key\"\n\
         [source.s]\ntype = \"local\"\nroot = {photos:?}\n\
         [[site]]\nname = \"s\"\ndialect = \"imgix\"\nsources = [\"s\"]\n"
    );
    let server = Server::configured(&binary(), &data, &config);
    let tls = server.process.address_of("over TLS on").unwrap();
    let plain = format!("http://{}/cat.jpg?w=80&fm=jpg", server.delivery);
    let resolve = format!("img.shop.example={tls}");
    let encrypted = "https://img.shop.example/cat.jpg?w=80&fm=jpg";
    let trusting = ["--resolve", &resolve, "--ca-file", ca.to_str().unwrap()];
    let (status, report) = pair(&plain, encrypted, &trusting);
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(client(&report, "avif")["likeness"].as_f64().unwrap().round(), 100.0);
    let (status, _) = pair(&plain, encrypted, &trusting[..2]);
    assert_eq!(status, 2, "nobody knows the authority");
}
