//! HTTPS, several sites behind one listener, and the vendors' API hosts: the built binary, and real clients that trust the
//! test's own authority.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::{Client, Response, Version};
use serde_json::{Value, json};
use support::{KEY, Server, binary, eventually, look, run};
use testkit::authority::Authority;
use testkit::pictures;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const HOSTS: [&str; 6] =
    ["img.shop.example", "cdn.shop.example", "kit.example", "other.example", "api.imagekit.io", "api.imgix.com"];

struct Shop {
    folder: tempfile::TempDir,
    authority: Authority,
    server: Server,
    tls: SocketAddr,
}

impl Shop {
    /// Four sites: imgix on `img.shop.example`, ImageKit below `/kit` there and on `kit.example`, Cloudimage below `/any` on
    /// every host. The first certificate is for `img.shop.example` alone, the second for all others.
    fn open() -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new().unwrap();
        authority.write(folder.path(), "shop", &["img.shop.example", "127.0.0.1"]).unwrap();
        authority.write(folder.path(), "rest", &HOSTS[1..]).unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let photos = folder.path().join("photos");
        std::fs::create_dir(&photos).unwrap();
        let data = folder.path().join("data");
        let mut config = format!(
            "data = {data:?}\n[listen]\ndelivery = \"127.0.0.1:0\"\ndelivery_tls = \"127.0.0.1:0\"\n\
             control = \"127.0.0.1:0\"\ncontrol_tls = \"127.0.0.1:0\"\n\
             api_hosts = [\"api.imagekit.io\", \"api.imgix.com\"]\n\
             [source.local]\ntype = \"local\"\nroot = {photos:?}\n"
        );
        for name in ["shop", "rest"] {
            config.push_str(&format!("[[certificate]]\ncert_file = \"{name}.pem\"\nkey_file = \"{name}.key\"\n"));
        }
        for (name, dialect, hosts, prefix) in [
            ("shop", "imgix", "\"img.shop.example\"", "/"),
            ("kit", "imagekit", "\"img.shop.example\"", "/kit"),
            ("kit2", "imagekit", "\"kit.example\"", "/"),
            ("any", "cloudimage", "", "/any"),
        ] {
            config.push_str(&format!(
                "[[site]]\nname = \"{name}\"\ndialect = \"{dialect}\"\nhosts = [{hosts}]\nprefix = \"{prefix}\"\n\
                 sources = [\"local\"]\n"
            ));
        }
        let server = Server::configured(&binary(), &data, &config);
        let tls = server.process.address_of("over TLS on").expect("the TLS address is printed");
        let shop = Shop { folder, authority, server, tls };
        shop.put("a.png", 1);
        shop
    }

    fn put(&self, name: &str, version: u32) {
        let file = self.folder.path().join("photos").join(name);
        let aside = file.with_extension("new");
        std::fs::write(&aside, pictures::png(name, version)).unwrap();
        std::fs::rename(aside, file).unwrap();
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// A client that finds all hosts at the TLS listener.
    fn client(&self) -> Client {
        self.client_to(self.tls)
    }

    fn client_to(&self, to: SocketAddr) -> Client {
        // The library of ciphers, which this build of the client leaves to its user to choose.
        origin::install_crypto();
        let trusted = reqwest::Certificate::from_pem(self.authority.pem().as_bytes()).unwrap();
        let mut builder = Client::builder().no_proxy().tls_certs_only([trusted]);
        for host in HOSTS {
            builder = builder.resolve(host, to);
        }
        builder.build().unwrap()
    }

    async fn get(&self, url: &str) -> Response {
        self.client().get(url).send().await.unwrap_or_else(|error| panic!("{url}: {error:?}"))
    }

    async fn code(&self, url: &str) -> (u16, String) {
        let answer = self.get(url).await;
        (answer.status().as_u16(), code(&answer.text().await.unwrap()))
    }

    async fn version(&self, url: &str) -> u32 {
        let answer = self.get(url).await;
        let status = answer.status();
        let bytes = answer.bytes().await.unwrap();
        pictures::read_version(&bytes).unwrap_or_else(|error| panic!("{url}: {status} {error}"))
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.server.process.pid());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }
}

fn code(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let code = body["code"].as_str().or(body["type"].as_str()).unwrap_or_default();
    code.rsplit(['/', ':', '#']).next().unwrap_or_default().to_owned()
}

fn basic() -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{KEY}:")))
}

/// Sends bytes as they are and reads until the server closes.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sites_share_a_tls_listener_by_host_and_prefix() {
    let shop = Shop::open();
    for (url, width) in [
        ("https://img.shop.example/a.png?w=60", Some(60)),
        ("https://IMG.shop.example/a.png?w=61", Some(61)),
        ("https://img.shop.example/kit/tr:w-62/a.png", Some(62)),
        ("https://kit.example/tr:w-63/a.png", Some(63)),
        ("https://other.example/any/a.png?w=65", Some(65)),
        // A site that names the host goes before one that takes any.
        ("https://img.shop.example/any/a.png?w=64", None),
        // Another site's language: imgix has no path steps, ImageKit no prefix on this host.
        ("https://img.shop.example/tr:w-62/a.png", None),
        ("https://kit.example/kit/tr:w-62/a.png", None),
    ] {
        let answer = shop.get(url).await;
        assert_eq!(answer.version(), Version::HTTP_2, "{url}");
        let (status, bytes) = (answer.status().as_u16(), answer.bytes().await.unwrap());
        match width {
            Some(width) => assert_eq!((status, look::size(&bytes).map(|size| size.0)), (200, Ok(width)), "{url}"),
            None => assert_eq!(status, 404, "{url}"),
        }
    }
    for url in ["https://other.example/a.png?w=60", "https://cdn.shop.example/a.png", "https://127.0.0.1/a.png"] {
        let url = url.replace("127.0.0.1", &shop.tls.to_string());
        assert_eq!(shop.code(&url).await, (404, "no-such-site".to_owned()), "{url}");
    }
    // A name that no certificate has: the first is shown, and the client goes.
    let client = Client::builder().no_proxy().tls_certs_only([]).resolve("unknown.example", shop.tls).build().unwrap();
    assert!(client.get("https://unknown.example/any/a.png").send().await.unwrap_err().is_connect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_clients_and_those_in_the_clear_are_answered() {
    origin::install_crypto();
    let shop = Shop::open();
    let trusted = reqwest::Certificate::from_pem(shop.authority.pem().as_bytes()).unwrap();
    let old = Client::builder()
        .no_proxy()
        .tls_certs_only([trusted])
        .http1_only()
        .tls_version_max(reqwest::tls::Version::TLS_1_2)
        .resolve("img.shop.example", shop.tls)
        .build()
        .unwrap();
    let answer = old.get("https://img.shop.example/a.png?w=70").send().await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (Version::HTTP_11, 200));
    let etag = answer.headers()["etag"].clone();
    let again = old.get("https://img.shop.example/a.png?w=70").header("if-none-match", etag).send().await.unwrap();
    assert_eq!(again.status(), 304);

    let answer = raw(shop.tls, b"GET /a.png?w=70 HTTP/1.1\r\nHost: img.shop.example\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("https://"), "{answer}");
    assert_eq!(raw(shop.tls, b"\0\0\0\0\0\0").await.find("HTTP"), None, "noise is not answered in the clear");
    // The plain listener is as before.
    let mut plain = shop.server.client().with_host("img.shop.example");
    assert_eq!(plain.get("/a.png?w=70").await.unwrap().status, 200);

    for (outcome, count) in [("done", 1), ("plain", 1), ("failed", 1)] {
        let name = format!("afterimage_delivery_tls_handshakes_total{{outcome=\"{outcome}\"}}");
        eventually(&name, async || shop.server.metric(&name).await >= count).await;
    }
    let log = shop.file("data/access.log");
    let line = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_default();
    eventually("three lines in the log", async || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<Value> = text.lines().map(line).filter(|line| line["target"] == "/a.png?w=70").collect();
        lines.len() == 3 && lines.iter().all(|line| line["site"] == "shop" && line["client"] == "127.0.0.1")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_private_plane_speaks_tls_too() {
    let shop = Shop::open();
    let control = shop.server.process.address_of("(private)").expect("the address is printed");
    let client = shop.client_to(control);
    let base = "https://img.shop.example";
    assert_eq!(client.get(format!("{base}/healthz")).send().await.unwrap().status(), 200);
    let keys = client.get(format!("{base}/v1/keys")).send().await.unwrap();
    assert_eq!(keys.status(), 401);
    let sites = client.get(format!("{base}/v1/keys")).bearer_auth(KEY).send().await.unwrap();
    assert_eq!(sites.status(), 200);
    assert_eq!(client.get(format!("{base}/a.png")).send().await.unwrap().status(), 404, "no pictures");
    let answer = raw(control, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    // Who signs in here gets a cookie that is never sent in the clear; over the other listener there is nobody to hide it from.
    let body = json!({ "key": KEY }).to_string();
    let clear = format!("http://{}", shop.server.control);
    for (base, secure) in [(base, true), (&clear, false)] {
        let request = client.post(format!("{base}/v1/session")).header("origin", base);
        let answer = request.body(body.clone()).send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        assert_eq!((answer.status().as_u16(), cookie.ends_with("; Secure")), (200, secure), "{cookie}");
        let cookie = cookie.split(';').next().unwrap();
        let csrf: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let end = client.delete(format!("{base}/v1/session")).header("cookie", cookie).header("origin", base);
        let ended = end.header("afterimage-csrf", csrf["csrf"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(ended.status(), 204);
        let elsewhere = client.post(format!("{base}/v1/session")).header("origin", "https://elsewhere.example");
        assert_eq!(elsewhere.body(body.clone()).send().await.unwrap().status(), 403);
    }
    // It ends with the server, whoever is connected.
    let mut stream = TcpStream::connect(control).await.unwrap();
    assert!(shop.server.stop().success());
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vendors_apis_answer_at_their_hosts_and_nothing_else_does() {
    let shop = Shop::open();
    let client = shop.client();
    let picture = "https://img.shop.example/kit/tr:w-240/a.png";
    assert_eq!(shop.version(picture).await, 1);
    shop.put("a.png", 2);
    assert_eq!(shop.version(picture).await, 1, "nobody has purged");

    // ImageKit's client, over HTTP/2.
    let purge = |key: String| {
        let body = json!({ "url": "https://img.shop.example/kit/a.png" });
        let request = client.post("https://api.imagekit.io/v1/files/purge").header("content-type", "application/json");
        request.header("authorization", key).body(body.to_string()).send()
    };
    let wrong = purge(format!("Basic {}", BASE64_STANDARD.encode("wrong:"))).await.unwrap();
    assert!(matches!(wrong.status().as_u16(), 401 | 403), "{}", wrong.status());
    assert_eq!(shop.version(picture).await, 1);
    let answer = purge(basic()).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (201, Version::HTTP_2));
    assert!(answer.headers().contains_key("ratelimit"), "the key's limit: {:?}", answer.headers());
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let id = answer["requestId"].as_str().unwrap();
    assert_eq!(shop.version(picture).await, 2);
    let status = client.get(format!("https://api.imagekit.io/v1/files/purge/{id}"));
    let status = status.header("authorization", basic()).send().await.unwrap();
    assert_eq!(status.status(), 200);

    // imgix's, in the clear, as behind a proxy that ends TLS.
    shop.put("a.png", 3);
    let body = json!({ "data": { "type": "purges", "attributes": { "url": "https://img.shop.example/a.png" } } });
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/vnd.api+json")];
    let mut plain = shop.server.client().with_host("API.imgix.com:80");
    let answer = plain.send("POST", "/api/v1/purge", &headers, body.to_string().as_bytes()).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(shop.version(picture).await, 3);

    // Nothing of the native API, with a good key, and no pictures.
    for target in [
        "/",
        "/v1/keys",
        "/v1/purges",
        "/v1/audit",
        "/v1/sites",
        "/v1/warmups",
        "/v1/takedowns",
        "/v1/events",
        "/metrics",
        "/healthz",
        "/readyz",
        "/a.png",
        "/any/a.png",
    ] {
        let url = format!("https://api.imagekit.io{target}");
        let answer = client.get(&url).bearer_auth(KEY).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        assert_eq!((status, code(&text).as_str()), (404, "no-such-api"), "{url}: {text}");
        assert!(!text.contains("/v1/keys") || target == "/v1/keys", "{text}");
    }
    // And no API at the hosts of pictures.
    let answer = client.post("https://img.shop.example/v1/files/purge").header("authorization", basic());
    assert_eq!(answer.send().await.unwrap().status(), 405);
    let answer = client.get("https://kit.example/v1/files/purge/x").header("authorization", basic()).send().await;
    assert_eq!(answer.unwrap().status(), 404);

    // A body that is too long is refused, and does not reach the memory of the server whole.
    let long = client.post("https://api.imagekit.io/v1/files/purge").header("authorization", basic());
    let long = long.header("content-type", "application/json").body(vec![b' '; 3 << 20]).send().await;
    assert!(long.is_err() || matches!(long.unwrap().status().as_u16(), 400 | 413));

    let log = shop.file("data/access.log");
    eventually("calls of APIs are logged", async || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        text.lines().any(|line| line.contains("\"host\":\"api.imagekit.io\"") && line.contains("\"status\":201"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_read_anew_without_dropping_connections() {
    let shop = Shop::open();
    let client = shop.client();
    let url = "https://img.shop.example/a.png?w=80";
    assert_eq!(client.get(url).send().await.unwrap().status(), 200);
    // Of another authority, which new clients trust alone.
    let other = Authority::new().unwrap();
    let trusting = |authority: &Authority| {
        let trusted = reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap();
        Client::builder().no_proxy().tls_certs_only([trusted]).resolve("img.shop.example", shop.tls).build().unwrap()
    };
    assert!(trusting(&other).get(url).send().await.is_err());
    other.write(shop.folder.path(), "shop", &["img.shop.example"]).unwrap();
    shop.signal("HUP");
    eventually("the new certificate is shown", async || trusting(&other).get(url).send().await.is_ok()).await;
    assert!(trusting(&shop.authority).get(url).send().await.is_err(), "the old one is gone");
    // The connection from before is still open: a new one would not be trusted.
    assert_eq!(client.get(url).send().await.unwrap().status(), 200);
    assert_eq!(client.get("https://kit.example/tr:w-80/a.png").send().await.unwrap().status(), 200, "the other stays");

    // A broken renewal is lived with.
    std::fs::write(shop.file("shop.key"), "nothing").unwrap();
    shop.signal("HUP");
    shop.signal("HUP");
    assert_eq!(trusting(&other).get(url).send().await.unwrap().status(), 200);
    assert!(shop.server.stop().success(), "and it ends as usual");
}

#[test]
fn bad_certificates_are_errors_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    authority.write(folder.path(), "a", &["a.example"]).unwrap();
    authority.write(folder.path(), "b", &["b.example"]).unwrap();
    std::fs::create_dir(folder.path().join("photos")).unwrap();
    let file = folder.path().join("x.toml");
    let check = |cert: &str, key: &str, file: &Path| {
        let text = format!(
            "listen.delivery_tls = \"127.0.0.1:0\"\n[[certificate]]\ncert_file = {cert:?}\nkey_file = {key:?}\n\
             [source.s]\ntype = \"local\"\nroot = \"photos\"\n\
             [[site]]\nname = \"s\"\ndialect = \"imgix\"\nsources = [\"s\"]\n"
        );
        std::fs::write(file, text).unwrap();
        let told = run(&["check-config", file.to_str().unwrap()], &[]);
        (told.status.code(), String::from_utf8(told.stderr).unwrap())
    };
    assert_eq!(check("a.pem", "a.key", &file).0, Some(0));
    let (status, told) = check("a.pem", "b.key", &file);
    assert_eq!(status, Some(1));
    assert!(told.contains("x.toml:4:12") && told.contains("is not that of the first certificate"), "{told}");
    assert!(!told.contains("PRIVATE KEY-----\nM"), "no key is shown: {told}");
    let (_, told) = check("c.pem", "a.key", &file);
    assert!(told.contains("x.toml:3:13") && told.contains("help: a relative path starts at"), "{told}");
}
