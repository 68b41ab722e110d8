//! `afterimage doctor`, and what a server says of certificates that end.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use support::{Server, binary, eventually, run, sample_folder};
use testkit::authority::Authority;
use testkit::origin::VersionedOrigin;

const DAY: Duration = Duration::from_secs(86_400);

/// What was found of each part, and how the command ended.
struct Report {
    status: Option<i32>,
    checks: Vec<Value>,
}

impl Report {
    fn of(file: &Path) -> Report {
        let output = run(&["doctor", "--json", "--config", file.to_str().unwrap()], &[]);
        let text = String::from_utf8(output.stdout).unwrap();
        let report: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        let checks = report["checks"].as_array().unwrap().clone();
        let failed = checks.iter().any(|check| check["state"] == "fail");
        assert_eq!(report["ok"], !failed, "{report}");
        Report { status: output.status.code(), checks }
    }

    #[track_caller]
    fn expect(&self, check: &str, state: &str, says: &str) {
        let found = self.checks.iter().find(|one| one["check"] == check);
        let found = found.unwrap_or_else(|| panic!("no {check} in {:?}", self.checks));
        let detail = found["detail"].as_str().unwrap();
        assert!(found["state"] == state && detail.contains(says), "{found}");
    }
}

/// A folder of pictures, and a place for data and a configuration.
fn place() -> (tempfile::TempDir, PathBuf) {
    let (all, photos, _) = sample_folder();
    assert!(photos.ends_with("photos"));
    let file = all.path().join("a.toml");
    (all, file)
}

const SITE: &str = "[[site]]\nname = \"a\"\ndialect = \"imgix\"\nsources = [\"photos\"]\n";

#[test]
fn what_is_well_is_told_so_and_nothing_is_left_behind() {
    let (all, file) = place();
    let origin = VersionedOrigin::start();
    let text = format!(
        "listen = {{ delivery = \"127.0.0.1:0\", control = \"127.0.0.1:0\" }}\ndata = \"data\"\n\
         cache = {{ disk = \"16MiB\", masters_disk = \"16MiB\" }}\n\
         [source.photos]\ntype = \"local\"\nroot = \"photos\"\n\
         [source.shop]\ntype = \"http\"\nbase = {:?}\nallow_private = true\n\
         [source.web]\ntype = \"proxy\"\nhosts = [\"*\"]\n{SITE}",
        origin.base()
    );
    std::fs::write(&file, text).unwrap();
    let report = Report::of(&file);
    assert_eq!(report.status, Some(0), "{:?}", report.checks);
    for (check, says) in [
        ("configuration", "1 sites, 3 sources"),
        ("port of delivery", "any that is free"),
        ("port of control", "any that is free"),
        ("data folder", "is not there yet, and can be made"),
        ("disk", "are free, and the caches may take"),
        ("fonts", "families"),
        ("source photos", "it can be listed, and has "),
        ("source shop", "it answers, with 404 at its base"),
        ("source web", "no address of its own"),
        ("clock", "20"),
    ] {
        report.expect(check, "ok", says);
    }
    assert_eq!(origin.total_requests(), 1, "each source is asked once");
    let mut left: Vec<_> = std::fs::read_dir(all.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["a.toml", "photos"]);
    // People read it too.
    let output = run(&["doctor", "--config", file.to_str().unwrap()], &[]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.lines().any(|line| line.starts_with("ok    source shop")), "{told}");
    let output =
        run(&["doctor", all.path().join("photos").to_str().unwrap(), "--listen", "127.0.0.1:0", "--json"], &[]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("no file: 4 sites, 1 sources"));
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let (all, file) = place();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let authority = Authority::new().unwrap();
    let now = SystemTime::now();
    for (name, ends) in [("soon", Some(now + 10 * DAY)), ("ended", Some(now - DAY)), ("late", None)] {
        authority.write_until(all.path(), name, &[&format!("{name}.example")], ends).unwrap();
    }
    std::fs::write(all.path().join("in-the-way"), "").unwrap();
    std::fs::create_dir(all.path().join("empty")).unwrap();
    std::fs::create_dir(all.path().join("fonts")).unwrap();
    std::fs::write(all.path().join("fonts/bad.ttf"), "no font").unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let origin = VersionedOrigin::start();
    origin.set_body("/", "text/plain", "hello");
    origin.set_header("/", "date", "Sun, 06 Nov 1994 08:49:37 GMT");
    let certificate = |name: &str| format!("[[certificate]]\ncert_file = \"{name}.pem\"\nkey_file = \"{name}.key\"\n");
    let text = format!(
        "listen = {{ delivery = \"{}\", control = \"192.0.2.1:1\", delivery_tls = \"127.0.0.1:0\" }}\n\
         data = \"in-the-way/data\"\nrender = {{ decoders = \"off\" }}\nfonts = {{ folders = [\"fonts\"] }}\n\
         [[webhook]]\nurl = \"https://hooks.example/a\"\nsecret_file = \"none.secret\"\n{}{}{}\
         [source.photos]\ntype = \"local\"\nroot = \"empty\"\n\
         [source.gone]\ntype = \"http\"\nbase = \"http://{gone}/\"\nallow_private = true\n\
         [source.private]\ntype = \"http\"\nbase = \"http://{gone}/\"\n\
         [source.late]\ntype = \"http\"\nbase = {:?}\nallow_private = true\n{SITE}",
        taken.local_addr().unwrap(),
        certificate("soon"),
        certificate("ended"),
        certificate("late"),
        origin.base(),
    );
    std::fs::write(&file, text).unwrap();
    let report = Report::of(&file);
    assert_eq!(report.status, Some(1));
    for (check, state, says) in [
        ("configuration", "ok", ""),
        ("port of delivery", "fail", "is taken by another program"),
        ("port of control", "fail", "no address of this machine"),
        ("port of delivery_tls", "ok", ""),
        ("data folder", "fail", "must be able to write there"),
        ("fonts", "warn", "bad.ttf"),
        ("webhook", "fail", "none.secret"),
        ("decoders", "warn", "a crash in one ends it"),
        ("source photos", "warn", "is empty"),
        ("source gone", "fail", "no connection"),
        ("source private", "fail", "set allow_private = true in [source.private]"),
        ("source late", "ok", "it answers, with 200"),
        ("clock", "warn", "from what the source \"late\" shows"),
    ] {
        report.expect(check, state, says);
    }
    let certificates: Vec<_> = report.checks.iter().filter(|check| check["check"] == "certificate").collect();
    let told: Vec<_> = certificates.iter().map(|check| check["state"].as_str().unwrap()).collect();
    assert_eq!(told, ["warn", "fail", "ok"], "{certificates:?}");
    let soon = certificates[0]["detail"].as_str().unwrap();
    assert!(soon.contains("ends in 9 days") || soon.contains("ends in 10 days"), "{soon}");
}

#[test]
fn a_configuration_that_is_no_good_is_the_one_thing_told() {
    let (_all, file) = place();
    std::fs::write(&file, "datta = \"x\"\n").unwrap();
    let report = Report::of(&file);
    assert_eq!((report.status, report.checks.len()), (Some(1), 1));
    report.expect("configuration", "fail", "did you mean `data`?");
}

/// Beside a server that runs, its own ports are no fault.
#[test]
fn it_can_be_run_beside_the_server() {
    let (all, file) = place();
    let config = |delivery: &str, control: &str| {
        format!(
            "listen = {{ delivery = {delivery:?}, control = {control:?} }}\ndata = \"data\"\n\
             cache = {{ disk = \"16MiB\", masters_disk = \"16MiB\" }}\n\
             [source.photos]\ntype = \"local\"\nroot = \"photos\"\n{SITE}"
        )
    };
    let server = Server::configured(&binary(), &all.path().join("data"), &config("127.0.0.1:0", "127.0.0.1:0"));
    std::fs::write(&file, config(&server.delivery.to_string(), &server.control.to_string())).unwrap();
    let report = Report::of(&file);
    report.expect("data folder", "ok", &format!("is held by process {}", server.process.pid()));
    report.expect("port of delivery", "ok", "by that one, it seems");
    report.expect("port of control", "ok", "by that one, it seems");
    assert_eq!(report.status, Some(0), "{:?}", report.checks);
    drop(server);
    let report = Report::of(&file);
    report.expect("data folder", "ok", "can be written and locked");
    report.expect("port of control", "ok", "is free");
}

#[tokio::test]
async fn a_running_server_warns_of_certificates_that_end() {
    let (all, file) = place();
    let authority = Authority::new().unwrap();
    let now = SystemTime::now();
    for (name, ends) in [("soon", Some(now + 10 * DAY)), ("ended", Some(now - DAY)), ("late", None)] {
        authority.write_until(all.path(), name, &[&format!("{name}.example")], ends).unwrap();
    }
    let certificate = |name: &str| format!("[[certificate]]\ncert_file = \"{name}.pem\"\nkey_file = \"{name}.key\"\n");
    let text = format!(
        "listen = {{ delivery = \"127.0.0.1:0\", control = \"127.0.0.1:0\", control_tls = \"127.0.0.1:0\" }}\n\
         data = \"data\"\n{}{}{}[source.photos]\ntype = \"local\"\nroot = \"photos\"\n{SITE}",
        certificate("soon"),
        certificate("ended"),
        certificate("late")
    );
    std::fs::write(&file, text).unwrap();
    let log = all.path().join("log");
    let mut command = Command::new(binary());
    command.arg("serve").arg("--config").arg(&file).stderr(File::create(&log).unwrap());
    let _server = Server::start(command);
    let mut told = String::new();
    eventually("both are told of", async || {
        told = std::fs::read_to_string(&log).unwrap();
        told.contains("ends soon") && told.contains("has ended")
    })
    .await;
    let line = |part: &str| told.lines().find(|line| line.contains(part)).unwrap();
    assert!(line("ends soon").contains("soon.example") && line("has ended").contains("ended.example"), "{told}");
    assert!(!told.contains("late.example"), "{told}");
}
