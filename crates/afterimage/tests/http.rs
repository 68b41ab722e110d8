//! The public plane as an HTTP server: methods, conditions, ranges, errors, headers, and clients that misbehave.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use support::{Server, look, sample_folder};
use testkit::http::{Answer, Client};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PICTURE: &str = "/imgix/cat.jpg?w=120&fm=jpg";

fn start() -> (tempfile::TempDir, Server) {
    let (folder, photos, data) = sample_folder();
    let server = Server::folder(&support::binary(), &photos, &data);
    (folder, server)
}

fn age(file: &Path, by: Duration) {
    std::fs::File::options().write(true).open(file).unwrap().set_modified(SystemTime::now() - by).unwrap();
}

async fn with(client: &mut Client, headers: &[(&str, &str)]) -> Answer {
    client.get_with(PICTURE, headers).await.unwrap()
}

/// Sends bytes as they are and reads until the server closes.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await.expect("it closes");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn head_says_what_get_says() {
    let (_folder, server) = start();
    let mut client = server.client();
    let head = client.send("HEAD", PICTURE, &[], b"").await.unwrap();
    let get = client.get(PICTURE).await.unwrap();
    assert_eq!((head.status, head.body.len(), get.status), (200, 0, 200));
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    for name in ["etag", "content-type", "last-modified", "cache-control", "cdn-cache-control", "surrogate-key"] {
        assert!(!get.header(name).is_empty(), "{name}");
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    let missing = client.send("HEAD", "/imgix/none.jpg", &[], b"").await.unwrap();
    assert_eq!((missing.status, missing.body.len()), (404, 0));
}

#[tokio::test]
async fn headers_tell_caches_in_front_what_to_do() {
    let (_folder, server) = start();
    let mut client = server.client();
    let fill = client.get(PICTURE).await.unwrap();
    assert_eq!(fill.header("cache-status"), "Afterimage; fwd=uri-miss; stored; detail=absent");
    let hit = client.get(PICTURE).await.unwrap();
    assert_eq!(hit.header("cache-status"), "Afterimage; hit; detail=memory");
    assert_eq!(hit.header("cache-control"), "public, no-cache");
    assert_eq!(hit.header("cdn-cache-control"), "max-age=31536000");
    assert!(hit.header("age").parse::<u64>().unwrap() < 60);
    assert_eq!(hit.header("accept-ranges"), "bytes");
    assert_eq!(hit.header("x-content-type-options"), "nosniff");
    assert_eq!(hit.header("access-control-allow-origin"), "*");
    assert_eq!(hit.header("access-control-expose-headers"), "", "no script asks");
    let script = client.send("GET", PICTURE, &[("origin", "https://a.example")], b"").await.unwrap();
    assert_eq!(script.header("access-control-expose-headers"), "Cache-Status, Age, ETag");
    let etag = hit.header("etag");
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 16, "strong: {etag}");
    let key = hit.header("surrogate-key");
    assert_eq!((hit.header("cache-tag"), hit.header("cache-groups")), (key, format!("\"{key}\"").as_str()));
    // A tag is the master's: another derivative has it too, another master has not.
    assert_eq!(client.get("/imagekit/tr:w-50/cat.jpg").await.unwrap().header("surrogate-key"), key);
    assert_ne!(client.get("/imgix/portrait.jpg?w=50").await.unwrap().header("surrogate-key"), key);
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let (_folder, server) = start();
    let mut client = server.client();
    let whole = client.get(PICTURE).await.unwrap();
    let etag = whole.header("etag").to_owned();
    for (tags, status) in [
        (etag.clone(), 304),
        (format!("W/{etag}"), 304),
        (format!("\"other\", {etag}"), 304),
        ("*".to_owned(), 304),
        ("\"other\"".to_owned(), 200),
        (etag.trim_matches('"').to_owned(), 200),
    ] {
        let answer = with(&mut client, &[("if-none-match", &tags)]).await;
        assert_eq!(answer.status, status, "{tags}");
        assert_eq!(answer.body.len(), if status == 304 { 0 } else { whole.body.len() }, "{tags}");
        for name in ["etag", "cache-control", "cdn-cache-control", "last-modified", "surrogate-key"] {
            assert_eq!(answer.header(name), whole.header(name), "{tags}: {name}");
        }
    }
}

/// A date names a second: it cannot tell a file from its successor in the same one.
#[tokio::test]
async fn a_date_counts_only_when_the_master_was_old_enough() {
    let (folder, server) = start();
    let mut client = server.client();
    // Copied when the test began, which may be long ago on a busy machine.
    age(&folder.path().join("photos/portrait.jpg"), Duration::ZERO);
    let fresh = client.get("/imgix/portrait.jpg?w=60").await.unwrap();
    let date = fresh.header("last-modified").to_owned();
    let headers = [("if-modified-since", date.as_str())];
    assert_eq!(client.get_with("/imgix/portrait.jpg?w=60", &headers).await.unwrap().status, 200, "{date}");

    age(&folder.path().join("photos/cat.jpg"), Duration::from_secs(3600));
    let date = client.get(PICTURE).await.unwrap().header("last-modified").to_owned();
    for (since, status) in [
        (date.as_str(), 304),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 304),
        ("Thu, 01 Jan 1998 00:00:00 GMT", 200),
        ("yesterday", 200),
    ] {
        assert_eq!(with(&mut client, &[("if-modified-since", since)]).await.status, status, "{since}");
    }
    let both = [("if-none-match", "\"other\""), ("if-modified-since", date.as_str())];
    assert_eq!(with(&mut client, &both).await.status, 200, "a tag goes before a date");
}

#[tokio::test]
async fn ranges_are_cut_from_one_answer() {
    let (_folder, server) = start();
    let mut client = server.client();
    let whole = client.get(PICTURE).await.unwrap();
    let (length, etag) = (whole.body.len(), whole.header("etag").to_owned());
    let last = length - 1;
    for (range, condition, status, part) in [
        ("bytes=0-99", "", 206, 0..100),
        ("bytes=100-", "", 206, 100..length),
        ("bytes=-50", "", 206, length - 50..length),
        ("bytes=0-999999999", "", 206, 0..length),
        ("bytes=-999999999", "", 206, 0..length),
        ("bytes=0-99", etag.as_str(), 206, 0..100),
        ("bytes=0-99", "\"other\"", 200, 0..length),
        ("bytes=0-99", "W/\"weak\"", 200, 0..length),
        ("bytes=999999999-", "", 416, 0..0),
        ("bytes=-0", "", 416, 0..0),
        ("bytes=5-2", "", 200, 0..length),
        ("bytes=a-b", "", 200, 0..length),
        ("bytes=0-1,5-6", "", 200, 0..length),
        ("rows=0-5", "", 200, 0..length),
        ("bytes=99999999999999999999999-", "", 200, 0..length),
    ] {
        let headers = [("range", range), ("if-range", condition)];
        let headers = if condition.is_empty() { &headers[..1] } else { &headers };
        let answer = with(&mut client, headers).await;
        assert_eq!(answer.status, status, "{range} {condition}");
        assert_eq!(answer.body, whole.body[part.clone()], "{range} {condition}");
        let said = match status {
            206 => format!("bytes {}-{}/{length}", part.start, part.end - 1),
            416 => format!("bytes */{length}"),
            _ => String::new(),
        };
        assert_eq!(answer.header("content-range"), said, "{range} {condition}");
    }
    assert!(last > 1000);
}

#[tokio::test]
async fn methods() {
    let (_folder, server) = start();
    let mut client = server.client();
    let preflight = [("origin", "https://a.example"), ("access-control-request-method", "GET")];
    let answer = client.send("OPTIONS", PICTURE, &preflight, b"").await.unwrap();
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"));
    assert_eq!(answer.header("access-control-allow-methods"), "GET, HEAD, OPTIONS");
    for method in ["POST", "PUT", "PATCH", "PURGE", "TRACE"] {
        let answer = client.send(method, PICTURE, &[], b"").await.unwrap();
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS", "{method}");
        problem(&answer, "method-not-allowed");
    }
    // A body nobody asked for does not disturb what comes after it on the connection.
    assert_eq!(client.send("POST", PICTURE, &[], b"GET / HTTP/1.1\r\n\r\n").await.unwrap().status, 405);
    assert_eq!(client.get(PICTURE).await.unwrap().status, 200);
}

#[tokio::test]
async fn http2_without_tls() {
    let (_folder, server) = start();
    origin::install_crypto();
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let url = format!("http://{}{PICTURE}", server.delivery);
    for (hit, _) in [(false, 0), (true, 1)] {
        let answer = client.get(&url).send().await.unwrap();
        assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 200));
        let cache_status = answer.headers()["cache-status"].to_str().unwrap().to_owned();
        assert_eq!(cache_status.contains("; hit"), hit, "{cache_status}");
        assert_eq!(look::size(&answer.bytes().await.unwrap()), Ok((120, 80)));
    }
    let missing = client.get(format!("http://{}/nowhere", server.delivery)).send().await.unwrap();
    assert_eq!(missing.status().as_u16(), 404);
}

#[tokio::test]
async fn connections_are_kept_and_requests_may_follow_each_other() {
    let (_folder, server) = start();
    let one = format!("GET {PICTURE} HTTP/1.1\r\nHost: x\r\n\r\n");
    let end = "GET /imgix/none.jpg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answers = raw(server.delivery, format!("{one}{one}{one}{end}").as_bytes()).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3);
    assert_eq!(answers.matches("HTTP/1.1 404 Not Found").count(), 1);
    assert!(answers.rfind("200 OK") < answers.find("404 Not Found"), "in order");

    let old = raw(server.delivery, format!("GET {PICTURE} HTTP/1.0\r\n\r\n").as_bytes()).await;
    assert!(old.starts_with("HTTP/1.0 200"), "{}", &old[..old.len().min(200)]);
}

#[tokio::test]
async fn clients_that_misbehave_are_cut_off_and_nobody_else_notices() {
    let (_folder, server) = start();
    let garbage: Vec<u8> = (0..9999_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let big = "x".repeat(128 * 1024);
    let many = (0..5000).map(|n| format!("x-{n}: y\r\n")).collect::<String>();
    let good = format!("GET {PICTURE} HTTP/1.1\r\nHost: x\r\n\r\n");
    for (what, sent, answered) in [
        ("garbage", [b"\x01\x02\x03".as_slice(), &garbage, b"\r\n\r\n"].concat(), &["", "400"][..]),
        ("garbage after a request", [good.as_bytes(), b"\0\0\0\r\n\r\n"].concat(), &["200"]),
        ("a huge header", format!("GET / HTTP/1.1\r\nHost: x\r\nA: {big}\r\n\r\n").into(), &["431", "400", ""]),
        ("many headers", format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n").into(), &["431", "400", ""]),
        ("a huge target", format!("GET /{big} HTTP/1.1\r\nHost: x\r\n\r\n").into(), &["414", "431", "400", ""]),
        ("no version", b"GET /\r\n\r\n".to_vec(), &["400", ""]),
        ("two lengths", b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_vec(), &["400", ""]),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), &["400", ""]),
    ] {
        let answer = raw(server.delivery, &sent).await;
        let status = answer.split(' ').nth(1).filter(|_| answer.starts_with("HTTP/1.")).unwrap_or_default();
        assert!(answered.contains(&status), "{what}: {:?}", &answer[..answer.len().min(120)]);
        assert_eq!(server.client().get(PICTURE).await.unwrap().status, 200, "after {what}");
    }
}

/// RFC 9457, with a stable code and whose fault it is.
fn problem(answer: &Answer, code: &str) -> Value {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text());
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["code"], code, "{body}");
    assert_eq!(body["status"], answer.status, "{body}");
    assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()), "{body}");
    assert!(body["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{body}");
    assert!(["client", "origin", "us"].contains(&body["fault"].as_str().unwrap_or_default()), "{body}");
    body
}

#[tokio::test]
async fn errors_say_what_is_wrong_and_what_would_be_right() {
    let (_folder, server) = start();
    let mut client = server.client();
    let long = format!("/imgix/{}.jpg", "a".repeat(20_000));
    let longish = format!("/imgix/{}.jpg", "a".repeat(9000));
    for (target, status, code, says) in [
        ("/nowhere/cat.jpg", 404, "no-such-site", &["/imgix", "/imagekit", "/cloudimage", "/imageboss"][..]),
        ("/", 404, "no-such-site", &[]),
        ("/imgixcat.jpg", 404, "no-such-site", &[]),
        ("/imgix/none.jpg?w=5", 404, "master-not-found", &[]),
        ("/imgix/", 404, "master-not-found", &[]),
        ("/imgix/%zz.jpg", 404, "master-not-found", &[]),
        ("/imgix/%ff.jpg", 400, "malformed-url", &["UTF-8"]),
        ("/imgix/%2e%2e/secret.jpg", 400, "malformed-url", &[]),
        ("/imgix/a%00.jpg", 400, "malformed-url", &[]),
        ("/imagekit/tr:w-abc/cat.jpg", 400, "bad-parameter", &["w", "abc"]),
        ("/imagekit/tr:f-bmp/cat.jpg", 400, "bad-parameter", &["f", "bmp", "webp"]),
        ("/imagekit/tr:nonsense-1/cat.jpg", 400, "bad-parameter", &["nonsense"]),
        ("/imageboss/elsewhere/width/300/cat.jpg", 422, "no-such-source", &["elsewhere", "local"]),
        ("/imageboss/local/shrink/300/cat.jpg", 400, "malformed-url", &["shrink", "cover"]),
        ("/imageboss/local/width/wide/cat.jpg", 400, "malformed-url", &["wide"]),
        ("/cloudimage/https://evil.example/cat.jpg?w=5", 403, "origin-not-allowed", &["evil.example"]),
        ("/imgix/README.md?w=50", 415, "not-a-picture", &[]),
        ("/imgix/hostile.png?w=50", 422, "over-budget", &["pixels"]),
        (long.as_str(), 414, "url-too-long", &["16384"]),
        (longish.as_str(), 414, "url-too-long", &["8000"]),
    ] {
        let answer = client.get(target).await.unwrap();
        let shown = &target[..target.len().min(60)];
        assert_eq!(answer.status, status, "{shown}: {}", answer.text());
        let body = problem(&answer, code);
        let text = body.to_string();
        assert!(says.iter().all(|word| text.contains(word)), "{shown}: {text}");
        if code == "bad-parameter" {
            assert!(body["parameter"].is_string() && body["allowed"].is_string(), "{text}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{shown}");
        assert!(answer.header("cache-control").starts_with("no-"), "{shown}: {:?}", answer.headers);
        assert_eq!(answer.header("etag"), "", "{shown}");
    }
}

/// Only what lies in the folder, and is meant to.
#[tokio::test]
async fn what_is_no_master_is_not_served() {
    let all = tempfile::tempdir().unwrap();
    let photos = all.path().join("photos");
    std::fs::create_dir_all(photos.join("sub/.git")).unwrap();
    let secret = testkit::pictures::png("secret", 1);
    for file in ["photos/.hidden.png", "photos/sub/.git/x.png", "outside.png"] {
        std::fs::write(all.path().join(file), &secret).unwrap();
    }
    std::os::unix::fs::symlink(all.path().join("outside.png"), photos.join("link.png")).unwrap();
    std::os::unix::fs::symlink(all.path(), photos.join("up")).unwrap();
    let server = Server::folder(&support::binary(), &photos, &photos.join("data"));
    let mut client = server.client();
    let database = std::fs::read_dir(photos.join("data")).unwrap().map(|item| item.unwrap().file_name());
    let database = database.filter_map(|name| name.into_string().ok()).find(|name| name.ends_with(".db")).unwrap();
    for path in [
        ".hidden.png",
        "%2ehidden.png",
        "sub/.git/x.png",
        "sub",
        "link.png",
        "up/outside.png",
        "../outside.png",
        "sub/../../outside.png",
        "..%2foutside.png",
        &format!("data/{database}"),
        &format!("./data//{database}"),
    ] {
        for site in ["/imgix/", "/imagekit/", "/cloudimage/", "/imageboss/local/cdn/"] {
            let answer = client.get(&format!("{site}{path}")).await.unwrap();
            assert!((400..500).contains(&answer.status), "{site}{path}: {}", answer.status);
            assert!(answer.header("content-type").starts_with("application/problem"), "{site}{path}");
            // Who asks learns nothing about the machine.
            assert!(!answer.text().contains(all.path().to_str().unwrap()), "{site}{path}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn debug_headers_show_the_plan_and_what_was_passed_over() {
    let (_folder, server) = start();
    let mut client = server.client();
    let debug = [("afterimage-debug", "1")];
    let answer = client.get_with("/imgix/cat.jpg?w=120&hue=3&wdith=9&q=abc", &debug).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.header("afterimage-plan").contains("resize:120x-"), "{:?}", answer.headers);
    let warnings = answer.header("afterimage-warnings");
    for warning in ["unknown: wdith=9", "invalid: q=abc (allowed: "] {
        assert!(warnings.contains(warning), "{warnings}");
    }
    let silent = client.get("/imgix/cat.jpg?w=120&hue=3&wdith=9&q=abc").await.unwrap();
    assert_eq!((silent.header("afterimage-plan"), silent.header("afterimage-warnings")), ("", ""));
    let clean = client.get_with("/imgix/cat.jpg?w=120", &debug).await.unwrap();
    assert!(!clean.header("afterimage-plan").is_empty());
    assert_eq!(clean.header("afterimage-warnings"), "");
    // Where the picture cannot be had, the plan is still shown.
    let missing = client.get_with("/imgix/none.jpg?w=120", &debug).await.unwrap();
    assert_eq!((missing.status, missing.header("afterimage-plan").is_empty()), (404, false));
}

#[tokio::test]
async fn downloads_are_named() {
    let (_folder, server) = start();
    let mut client = server.client();
    for (target, disposition) in [
        ("/imgix/cat.jpg?w=50&dl=my%20cat.jpg", "attachment; filename=\"my cat.jpg\""),
        ("/imgix/cat.jpg?w=50&fm=png&dl=", "attachment; filename=\"cat.png\""),
        (
            "/imgix/cat.jpg?w=50&dl=k%C3%A4tzchen.jpg",
            "attachment; filename=\"k_tzchen.jpg\"; filename*=UTF-8''k%C3%A4tzchen.jpg",
        ),
        ("/imgix/cat.jpg?w=50&dl=a%0D%0AX-Evil:%201%22.jpg", ""),
        ("/imagekit/tr:w-50,f-png/cat.jpg?ik-attachment=true", "attachment; filename=\"cat.png\""),
        ("/imagekit/tr:w-50/cat.jpg?ik-attachment=true&ik-attachment-filename=c.jpg", "attachment; filename=\"c.jpg\""),
        ("/cloudimage/cat.jpg?w=50&force_format=jpg&force_download=1", "attachment; filename=\"cat.jpg\""),
        ("/imageboss/local/width/50/download:true,format:png/cat.jpg", "attachment; filename=\"cat.png\""),
        ("/imageboss/local/width/50/download:mine.jpg/cat.jpg", "attachment; filename=\"mine.jpg\""),
        ("/imgix/cat.jpg?w=50", "none"),
        ("/imagekit/tr:w-50/cat.jpg?ik-attachment=false", "none"),
    ] {
        let answer = client.get(target).await.unwrap();
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        let said = answer.header("content-disposition");
        match disposition {
            "none" => assert_eq!(said, "", "{target}"),
            "" => assert!(answer.header("x-evil").is_empty() && !said.is_empty(), "{target}: {:?}", answer.headers),
            wanted => assert_eq!(said, wanted, "{target}"),
        }
    }
    // The name is of the answer, not of the picture: one entry serves them all.
    assert!(server.metric("afterimage_fills_total{store=\"derivatives\"}").await < 11);
}
