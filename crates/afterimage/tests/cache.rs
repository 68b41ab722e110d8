//! What is kept and what is not: damaged disks, origins in trouble, many clients at once, too much work, and starting up.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::{KEY, Server, empty_folder, eventually, run, web_config};
use testkit::http::Answer;
use testkit::origin::{At, Failure, VersionedOrigin};
use testkit::pictures;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

struct Web {
    origin: VersionedOrigin,
    _folder: tempfile::TempDir,
    data: PathBuf,
    server: Server,
}

impl Web {
    fn start(more: &str, source: &str) -> Web {
        let origin = VersionedOrigin::start();
        let (folder, _, data) = empty_folder();
        let config = web_config(&origin.base(), &data, more);
        let server = Server::configured(&support::binary(), &data, &config.replace("allow_private = true", source));
        Web { origin, _folder: folder, data, server }
    }

    fn restart(self) -> Web {
        assert!(self.server.stop().success());
        let config = std::fs::read_to_string(self.data.with_extension("toml")).unwrap();
        Web { server: Server::configured(&support::binary(), &self.data, &config), ..self }
    }

    async fn get(&self, target: &str) -> Answer {
        self.server.client().get(target).await.unwrap()
    }
}

const PRIVATE: &str = "allow_private = true";
const HASTY: &str = "allow_private = true\nread_timeout = \"400ms\"\ntotal_timeout = \"400ms\"";

/// Every file of a kind below a folder.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if extension.is_empty() || path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found
}

/// Flips one bit in the pixels of each PNG, and nothing around them.
fn flip_bodies(bytes: &mut [u8]) {
    let found: Vec<usize> =
        (0..bytes.len().saturating_sub(60)).filter(|at| bytes[*at..].starts_with(b"IDAT")).collect();
    found.into_iter().for_each(|at| bytes[at + 50] ^= 4);
}

fn code(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    format!("{} {} {}", answer.status, body["code"].as_str().unwrap_or("?"), body["fault"].as_str().unwrap_or("?"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_disk_costs_time_and_nothing_else() {
    let mut web = Web::start("", PRIVATE);
    let targets: Vec<String> = (0..12).map(|n| format!("/imgix/m{n}.png?w={}&fm=png", 160 + n * 8)).collect();
    (0..12).for_each(|n| web.origin.set_version(&format!("m{n}.png"), n + 1));
    for target in &targets {
        assert_eq!(web.get(target).await.status, 200);
    }
    type Damage = fn(&Path, &mut Vec<u8>);
    for (what, only, damage, lost, fetched) in [
        (
            "every 64th byte of derivatives",
            "derivatives",
            (|_, b| b.iter_mut().step_by(64).for_each(|b| *b ^= 1)) as Damage,
            12,
            0,
        ),
        ("every 64th byte", "", |_, b| b.iter_mut().step_by(64).for_each(|b| *b ^= 0x80), 12, 12),
        ("one byte of each body", "derivatives", |_, b| flip_bodies(b), 12, 0),
        ("one byte", "derivatives", |_, b| b[200] ^= 1, 1, 0),
        ("zeroes", "", |_, b| b.fill(0), 12, 12),
        ("the second half missing", "", |_, b| b.truncate(b.len() / 2), 1, 1),
        ("empty files", "", |_, b| b.clear(), 12, 12),
        ("no files", "", |path, _| std::fs::remove_file(path).unwrap(), 12, 12),
    ] {
        let before = web.origin.total_requests();
        assert!(web.server.stop().success());
        let damaged = files(&web.data, "seg");
        assert!(!damaged.is_empty(), "there are segments");
        for path in damaged.iter().filter(|path| path.to_str().unwrap().contains(only)) {
            let mut bytes = std::fs::read(path).unwrap();
            damage(path, &mut bytes);
            if path.exists() {
                std::fs::write(path, bytes).unwrap();
            }
        }
        let config = std::fs::read_to_string(web.data.with_extension("toml")).unwrap();
        web.server = Server::configured(&support::binary(), &web.data, &config);
        for (n, target) in targets.iter().enumerate() {
            let answer = web.get(target).await;
            assert_eq!(answer.status, 200, "{what}: {}", answer.text());
            assert_eq!(pictures::read_version(&answer.body), Ok(n as u32 + 1), "{what}");
            let again = web.get(target).await;
            assert!(again.header("cache-status").contains("; hit"), "{what}: {:?}", again.headers);
            assert_eq!(again.body, answer.body, "{what}");
        }
        let counted = web.server.metric("afterimage_misses_total{store=\"derivatives\",reason=\"corrupt\"}").await;
        assert!(counted >= lost, "{what}: {counted} counted");
        let asked = web.origin.total_requests() - before;
        assert!(asked >= fetched && (fetched > 0 || asked == 0), "{what}: {asked} masters were fetched");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_origin_forbids_to_keep_never_reaches_the_disk() {
    let mut web = Web::start("", PRIVATE);
    for (path, control) in [("a.png", "no-store"), ("b.png", "private, max-age=60"), ("c.png", "max-age=1")] {
        web.origin.set_version(path, 7);
        web.origin.set_header(path, "cache-control", control);
    }
    let targets = ["a.png", "b.png", "c.png"].map(|path| [format!("/imgix/{path}"), format!("/imgix/{path}?w=160")]);
    let mut bodies = Vec::new();
    for target in targets.iter().flatten() {
        let answer = web.get(target).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        bodies.push(answer.body);
    }
    web = web.restart();
    let stored: Vec<u8> = files(&web.data, "").iter().flat_map(|path| std::fs::read(path).unwrap()).collect();
    let on_disk = |body: &[u8]| stored.windows(64).any(|window| window == &body[body.len() / 2 - 32..][..64]);
    let found: Vec<bool> = bodies.iter().map(|body| on_disk(body)).collect();
    assert_eq!(found, [false, false, false, false, true, true]);
    for (number, target) in targets.iter().flatten().enumerate() {
        let status = web.get(target).await.header("cache-status").to_owned();
        assert_eq!(status.contains("detail=disk"), number >= 4, "{target}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_is_too_large_is_refused() {
    let web = Web::start("limits = { input_bytes = \"64KiB\" }", PRIVATE);
    let picture = pictures::png("x", 1);
    for (path, length, chunked, wanted) in [
        ("fits.png", 65_536, false, "200 ? ?"),
        ("large.png", 65_537, false, "413 master-too-large origin"),
        ("chunked.png", 200_000, true, "413 master-too-large origin"),
    ] {
        // Decoders do not mind what follows the picture.
        let mut body = picture.clone();
        body.resize(length, 0);
        web.origin.set_body(path, "image/png", body);
        if chunked {
            web.origin.set_header(path, "transfer-encoding", "chunked");
        }
        for target in [format!("/imgix/{path}?w=160"), format!("/imagekit/tr:w-170/{path}")] {
            let answer = web.get(&target).await;
            assert_eq!(code(&answer), wanted, "{target}: {}", answer.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_origin_in_trouble_is_named_and_forgiven() {
    let web = Web::start("cache = { error_time = \"0s\" }", HASTY);
    for (number, (failure, wanted)) in [
        (Failure::Drop, "502 origin-unreachable origin"),
        (Failure::Status(500), "502 origin-error origin"),
        (Failure::Status(503), "502 origin-error origin"),
        (Failure::Status(403), "403 origin-forbids origin"),
        (Failure::Status(401), "403 origin-forbids origin"),
        (Failure::Status(404), "404 master-not-found client"),
        (Failure::Status(410), "404 master-not-found client"),
        (Failure::Truncate(300), "502 origin-truncated origin"),
        (Failure::Truncate(0), "502 origin-truncated origin"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("m{number}.png");
        let target = format!("/imgix/{path}?w=160&fm=png");
        web.origin.set_version(&path, 1);
        web.origin.fail(&path, Some(failure));
        for _ in 0..2 {
            let answer = web.get(&target).await;
            assert_eq!(code(&answer), wanted, "{failure:?}: {}", answer.text());
            assert!(!answer.header("cache-status").contains("; hit"), "{failure:?}");
        }
        web.origin.fail(&path, None);
        let answer = web.get(&target).await;
        assert_eq!(answer.status, 200, "{failure:?}, mended: {}", answer.text());
        assert_eq!(pictures::read_version(&answer.body), Ok(1), "{failure:?}");
    }

    web.origin.set_version("slow.png", 1);
    let hold = web.origin.hold("slow.png", At::Headers);
    assert_eq!(code(&web.get("/imgix/slow.png?w=160").await), "504 origin-timeout origin");
    drop(hold);
    let hold = web.origin.hold("slow.png", At::MidBody);
    assert_eq!(code(&web.get("/imgix/slow.png?w=160").await), "504 origin-timeout origin");
    drop(hold);
    assert_eq!(web.get("/imgix/slow.png?w=160").await.status, 200);
}

/// Failures are cached for a while, marked, and go with a purge (guarantee G10).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_kept_for_a_while_and_purged_like_pictures() {
    let web = Web::start("cache = { error_time = \"1h\" }", PRIVATE);
    let target = "/imgix/m.png?w=160&fm=png";
    let mut control = web.server.control_client();
    for (number, (failure, status)) in
        [(Failure::Status(500), 502), (Failure::Truncate(99), 502), (Failure::Status(404), 404)].into_iter().enumerate()
    {
        web.origin.set_version("m.png", number as u32);
        web.origin.fail("m.png", Some(failure));
        let first = web.get(target).await;
        assert_eq!(first.status, status, "{}", first.text());
        assert_eq!((first.header("cdn-cache-control"), first.header("cache-control")), ("max-age=3600", "no-cache"));
        web.origin.fail("m.png", None);
        let asked = web.origin.requests("m.png");
        let again = web.get(target).await;
        assert_eq!(again.status, status, "{failure:?}");
        assert!(again.header("cache-status").contains("; hit"), "{failure:?}: {:?}", again.headers);
        assert_eq!(web.origin.requests("m.png"), asked, "{failure:?}");
        assert_eq!(web.server.purge(&mut control, "[{\"master\":\"shop/m.png\"}]").await.status, 200);
        let mended = web.get(target).await;
        assert_eq!(mended.status, 200, "{failure:?}: {}", mended.text());
        assert_eq!(pictures::read_version(&mended.body), Ok(number as u32), "{failure:?}");
        assert_eq!(web.server.purge(&mut control, "[{\"master\":\"shop/m.png\"}]").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_addresses_are_not_reached_unless_allowed() {
    let web = Web::start("", "allow_private = false");
    web.origin.set_version("m.png", 1);
    assert_eq!(code(&web.get("/imgix/m.png?w=160").await), "403 origin-not-allowed origin");
    assert_eq!(web.origin.total_requests(), 0);

    // Nor by way of a redirect, to where not even allowed sources may go.
    let web = Web::start("", PRIVATE);
    for (path, location, want) in [
        // Not 502, which is also what an address gives that was tried in vain.
        ("a.png", "http://169.254.169.254/latest/meta-data", "403 origin-not-allowed origin"),
        ("b.png", "file:///etc/passwd", "502 origin-redirect origin"),
    ] {
        web.origin.redirect(path, 302, location);
        let answer = web.get(&format!("/imgix/{path}?w=160")).await;
        assert_eq!(code(&answer), want, "{location}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_clients_at_once_are_one_fetch_and_one_render() {
    let web = Web::start("", PRIVATE);
    web.origin.set_version("m.png", 3);
    let hold = web.origin.hold("m.png", At::MidBody);
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let mut client = web.server.client();
            tokio::spawn(async move { client.get("/imgix/m.png?w=320&fm=png").await.unwrap() })
        })
        .collect();
    hold.arrived(1).await;
    eventually("all are connected", async || web.server.metric("afterimage_delivery_connections").await >= 50).await;
    hold.release();
    let mut collapsed = 0;
    for client in clients {
        let answer = client.await.unwrap();
        assert_eq!((answer.status, pictures::read_version(&answer.body)), (200, Ok(3)));
        collapsed += usize::from(answer.header("cache-status").contains("collapsed"));
    }
    assert_eq!(web.origin.requests("m.png"), 1);
    assert_eq!(web.server.metric("afterimage_fills_total{store=\"derivatives\"}").await, 1);
    assert!(collapsed >= 25, "{collapsed} waited for the one fill");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fill_ends_when_the_last_client_has_gone() {
    let web = Web::start("", PRIVATE);
    web.origin.set_version("m.png", 3);
    let ask = async || {
        let mut stream = TcpStream::connect(web.server.delivery).await.unwrap();
        stream.write_all(b"GET /imgix/m.png?w=320&fm=png HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        stream
    };
    let hold = web.origin.hold("m.png", At::MidBody);
    let (first, second) = (ask().await, ask().await);
    hold.arrived(1).await;
    eventually("both wait", async || web.server.metric("afterimage_delivery_connections").await >= 2).await;
    drop(first);
    eventually("one has gone", async || web.server.metric("afterimage_delivery_connections").await == 1).await;
    assert_eq!(web.origin.in_flight("m.png"), 1, "the other still waits");
    drop(second);
    eventually("the fetch ends", async || web.origin.in_flight("m.png") == 0).await;
    let flights = "afterimage_fills_in_flight{store=\"derivatives\"}";
    eventually("the fill ends", async || web.server.metric(flights).await == 0).await;
    drop(hold);
    assert_eq!(web.get("/imgix/m.png?w=320&fm=png").await.status, 200);
    assert_eq!(web.origin.requests("m.png"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_work_is_turned_away_and_hits_go_on() {
    let web = Web::start("limits = { queue = 1, render_threads = 1 }", PRIVATE);
    web.origin.set_body("d.jpg", "image/jpeg", std::fs::read(support::samples().join("dandelions.jpg")).unwrap());
    web.origin.set_version("m.png", 1);
    assert_eq!(web.get("/imgix/m.png?w=160").await.status, 200);
    let heavy = |width: u32| {
        let mut client = web.server.client();
        tokio::spawn(async move { client.get(&format!("/imgix/d.jpg?w={width}&fm=avif")).await.unwrap() })
    };
    let jobs = |state: &str| format!("afterimage_render_jobs{{state=\"{state}\"}}");
    let running = heavy(2400);
    eventually("one renders", async || web.server.metric(&jobs("running")).await == 1).await;
    let waiting = heavy(2401);
    eventually("one waits", async || web.server.metric(&jobs("queued")).await == 1).await;
    for target in ["/imgix/m.png?w=170", "/imagekit/tr:w-171/m.png"] {
        let answer = web.get(target).await;
        assert_eq!(code(&answer), "503 render-queue-full us", "{target}");
        assert!((1..=60).contains(&answer.header("retry-after").parse::<u32>().unwrap()), "{:?}", answer.headers);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let hit = web.get("/imgix/m.png?w=160").await;
    assert_eq!((hit.status, hit.header("cache-status")), (200, "Afterimage; hit; detail=memory"));
    assert_eq!((running.await.unwrap().status, waiting.await.unwrap().status), (200, 200));
    assert_eq!(web.get("/imgix/m.png?w=170").await.status, 200, "what was turned away is not remembered");
}

#[test]
fn check_config_tells_everything_that_is_wrong() {
    let (_folder, photos, data) = empty_folder();
    let file = data.with_extension("toml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = run(&["check-config", file.to_str().unwrap()], &[]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let good = format!(
        "[source.a]\ntype = \"local\"\nroot = {photos:?}\n\n[[site]]\nname = \"s\"\ndialect = \"imgix\"\nsources = [\"a\"]\n"
    );
    let (status, told, complaint) = check(&good);
    assert_eq!((status, complaint.as_str()), (Some(0), ""), "{told}");
    assert!(told.contains("1 sites, 1 sources") || told.contains("1 site, 1 source"), "{told}");

    for (change, line, says) in [
        ("cache = { disc = \"10GiB\" }\n", 1, &["disc", "did you mean `disk`?"][..]),
        ("cache = { disk = \"10G\" }\n", 1, &["10G", "10GiB"]),
        ("cache = { disk = 10 }\n", 1, &["unit"]),
        ("limits = { queue = 0 }\n", 1, &["queue", "allowed: 1 to"]),
        ("listen = { delivery = \"localhost\" }\n", 1, &["delivery"]),
        ("data = \"/\"\nsurprise = 1\n", 2, &["surprise"]),
        ("x = [1\n", 2, &["missing comma"]),
    ] {
        let (status, told, complaint) = check(&format!("{change}{good}"));
        assert_eq!((status, told.as_str()), (Some(1), ""), "{change}: {complaint}");
        assert!(complaint.contains(&format!(".toml:{line}:")), "{change}: {complaint}");
        assert!(says.iter().all(|word| complaint.contains(word)), "{change}: {complaint}");
    }
    for (from, to, says) in [
        ("dialect = \"imgix\"", "dialect = \"imgx\"", &["imgx", "imgix"][..]),
        ("sources = [\"a\"]", "sources = [\"b\"]", &["\"b\"", "a"]),
        ("type = \"local\"", "type = \"ftp\"", &["ftp", "local"]),
        ("type = \"local\"\n", "", &["type"]),
        ("root = ", "rot = ", &["rot", "root"]),
        (photos.to_str().unwrap(), "/nowhere/at/all", &["/nowhere/at/all", "does not exist"]),
        ("name = \"s\"", "name = \"s\"\nsignatures = \"required\"", &["signatures"]),
    ] {
        let (status, _, complaint) = check(&good.replace(from, to));
        assert_eq!(status, Some(1), "{to}: {complaint}");
        assert!(says.iter().all(|word| complaint.contains(word)), "{to}: {complaint}");
    }
    // All at once.
    let (_, _, complaint) = check(&good.replace("imgix", "imgx").replace("[\"a\"]", "[\"b\"]"));
    assert_eq!(complaint.matches("error:").count(), 2, "{complaint}");
    let missing = run(&["check-config", "/nowhere.toml"], &[]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8(missing.stderr).unwrap().contains("/nowhere.toml"));
}

/// As under `| head`, or when whoever kept the log has gone: the end is still an orderly one.
#[test]
fn a_server_whose_output_nobody_reads_stops_in_order() {
    let (_folder, photos, data) = empty_folder();
    let mut command = support::serve(&support::binary(), &photos, &data);
    let mut server = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(server.stdout.take().unwrap());
    assert!(output.lines().any(|line| line.unwrap().starts_with("API key")), "it starts");
    // Its output is closed by now.
    let kill = format!("kill -TERM {}", server.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    assert!(server.wait().unwrap().success());
    assert!(data.join("purge-index.snapshot").exists(), "what a start needs was written");
}

#[test]
fn a_start_that_cannot_be_says_why() {
    let (_folder, photos, data) = empty_folder();
    let server = Server::folder(&support::binary(), &photos, &data);
    let (shown, other) = (data.display().to_string(), data.with_extension("other").display().to_string());
    let (delivery, control) = (server.delivery.to_string(), server.control.to_string());
    let free = "127.0.0.1:0";
    let photos = photos.to_str().unwrap();
    let environment = [("AFTERIMAGE_API_KEY", KEY)];
    for (folder, listen, control, data, status, says) in [
        (photos, free, free, &shown, 1, &[shown.as_str(), "is in use by process"][..]),
        (photos, delivery.as_str(), free, &other, 1, &["cannot listen on", delivery.as_str(), "in use"]),
        (photos, free, control.as_str(), &other, 1, &["cannot listen on", control.as_str(), "in use"]),
        ("/nowhere/at/all", free, free, &other, 2, &["/nowhere/at/all", "does not exist"]),
    ] {
        let arguments = ["serve", folder, "--listen", listen, "--control", control, "--data", data];
        let output = run(&arguments, &environment);
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {complaint}");
        assert!(says.iter().all(|word| complaint.contains(word)), "{arguments:?}: {complaint}");
        assert!(!complaint.contains("panicked"), "{complaint}");
    }
    let typo = [("AFTERIMAGE_API_KEY", KEY), ("AFTERIMAGE__CACHE__DISC", "1GiB")];
    let output = run(&["serve", photos, "--data", &other], &typo);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(complaint.contains("did you mean AFTERIMAGE__CACHE__DISK?"), "{complaint}");
    // The one that holds the folder has noticed nothing.
    assert!(server.stop().success());
}
