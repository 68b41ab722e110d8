//! Pass-through sites on the real binary: RFC 9111 freshness, unsafe methods, groups, and the `PURGE` method.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use base64::Engine as _;
use serde_json::Value;
use support::{KEY, Server};
use testkit::http::Answer;
use testkit::origin::VersionedOrigin;

const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3 not a picture at all";

struct World {
    _all: tempfile::TempDir,
    origin: VersionedOrigin,
    server: Server,
}

impl World {
    fn start() -> World {
        World::with("invalidation = true", "unsafe_methods = true", "[purge]\nmethod = true")
    }

    fn with(source: &str, site: &str, more: &str) -> World {
        let all = tempfile::tempdir().unwrap();
        let origin = VersionedOrigin::start();
        let data = all.path().join("data");
        let config = format!(
            "listen = {{ delivery = \"127.0.0.1:0\", control = \"127.0.0.1:0\" }}\ndata = {:?}\n{more}\n\
             [source.shop]\ntype = \"http\"\nbase = {:?}\nallow_private = true\n{source}\n\
             [[site]]\nname = \"imgix\"\ndialect = \"imgix\"\nprefix = \"/imgix\"\nsources = [\"shop\"]\n\
             [[site]]\nname = \"raw\"\nkind = \"passthrough\"\nprefix = \"/raw\"\nsources = [\"shop\"]\n{site}\n",
            data.display().to_string(),
            origin.base(),
        );
        let server = Server::configured(&support::binary(), &data, &config);
        World { _all: all, origin, server }
    }

    async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.server.client().send(method, target, headers, body).await.unwrap()
    }

    async fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[], b"").await
    }

    /// A page that the origin calls fresh for an hour.
    fn page(&self, path: &str, text: &str) {
        self.origin.set_body(path, "text/plain", text.to_owned());
        self.origin.set_header(path, "cache-control", "max-age=3600");
    }

    async fn purges(&self, via: &str) -> Vec<Value> {
        let bearer = format!("Bearer {KEY}");
        let headers = [("authorization", bearer.as_str())];
        let answer = self.server.control_client().get_with("/v1/purges?limit=100", &headers).await.unwrap();
        let list: Value = serde_json::from_slice(&answer.body).unwrap();
        let all = list["purges"].as_array().unwrap_or_else(|| panic!("{list}")).clone();
        all.into_iter().filter(|purge| purge["via"] == via).collect()
    }
}

fn is_hit(answer: &Answer) -> bool {
    answer.header("cache-status").contains("; hit")
}

#[tokio::test]
async fn any_content_is_given_as_it_is_and_kept_as_long_as_the_origin_says() {
    let world = World::start();
    world.origin.set_body("/a b.pdf", "application/pdf", PDF);
    world.origin.set_body("/a%20b.pdf", "application/pdf", PDF);
    for (name, value) in [
        ("cache-control", "s-maxage=600, max-age=5"),
        ("content-language", "de"),
        ("content-disposition", "attachment; filename=\"b.pdf\""),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ] {
        world.origin.set_header("/a%20b.pdf", name, value);
    }
    let target = "/raw/a%20b.pdf?b=2&a=%2f1&a=0";
    let first = world.get(target).await;
    assert_eq!((first.status, &first.body[..]), (200, PDF), "{}", first.text());
    assert_eq!(world.origin.last_target("/a%20b.pdf").unwrap(), "/a%20b.pdf?b=2&a=%2f1&a=0", "byte for byte");
    for (name, value) in [
        ("content-type", "application/pdf"),
        ("content-language", "de"),
        ("content-disposition", "attachment; filename=\"b.pdf\""),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("cache-control", "public, no-cache"),
        ("cdn-cache-control", "max-age=600"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(first.header(name), value, "{name}: {:?}", first.headers);
    }
    let again = world.get(target).await;
    assert!(is_hit(&again), "{:?}", again.headers);
    assert_eq!((again.header("content-language"), world.origin.requests("/a%20b.pdf")), ("de", 1));
    // Another query is another resource.
    assert!(!is_hit(&world.get("/raw/a%20b.pdf?a=0").await));

    let etag = first.header("etag").to_owned();
    let same = world.send("GET", target, &[("if-none-match", &etag)], b"").await;
    assert_eq!((same.status, same.body.len()), (304, 0));
    let part = world.send("GET", target, &[("range", "bytes=1-3")], b"").await;
    assert_eq!((part.status, &part.body[..]), (206, &b"PDF"[..]));
    let head = world.send("HEAD", target, &[], b"").await;
    assert_eq!((head.status, head.header("content-length")), (200, PDF.len().to_string().as_str()));
    assert_eq!(head.header("etag"), etag);
    let missing = world.get("/raw/none.pdf").await;
    assert_eq!(missing.status, 404);
    assert_eq!(world.get("/raw/..%2fx").await.status, 400);
}

#[tokio::test]
async fn what_is_not_fresh_is_revalidated() {
    let world = World::start();
    let path = "/v.png";
    world.origin.set_version(path, 1);
    for unfresh in ["max-age=0", "no-cache", "max-age=0, must-revalidate", "public"] {
        world.origin.set_header(path, "cache-control", unfresh);
        let first = world.get("/raw/v.png").await;
        let again = world.get("/raw/v.png").await;
        assert_eq!((again.status, &again.body), (200, &first.body), "{unfresh}");
        assert!(!is_hit(&again), "{unfresh}: {:?}", again.headers);
        let sent = world.origin.last_headers(path).unwrap();
        assert_eq!(sent.get("if-none-match").unwrap(), "\"v1\"", "{unfresh}");
    }
    // The 304 says how long it holds from now on.
    world.origin.set_header(path, "cache-control", "max-age=100");
    assert!(!is_hit(&world.get("/raw/v.png").await));
    let before = world.origin.requests(path);
    assert!(is_hit(&world.get("/raw/v.png").await));
    assert_eq!(world.origin.requests(path), before);

    // What has become stale by the clock.
    world.origin.set_version("/short.png", 1);
    world.origin.set_header("/short.png", "cache-control", "max-age=1");
    let old = world.get("/raw/short.png").await;
    world.origin.set_version("/short.png", 2);
    support::eventually("it expires", async || world.get("/raw/short.png").await.body != old.body).await;
    // When the origin cannot be asked, nothing stale is served.
    world.origin.set_version("/short.png", 3);
    world.origin.set_header("/short.png", "cache-control", "max-age=0, must-revalidate");
    assert_eq!(world.get("/raw/short.png").await.status, 200);
    support::eventually("it is fetched anew", async || {
        world.origin.set_header("/short.png", "cache-control", "max-age=0, must-revalidate");
        world.get("/raw/short.png").await.header("cdn-cache-control") == "max-age=0"
    })
    .await;
    world.origin.fail("/short.png", Some(testkit::origin::Failure::Status(500)));
    assert_eq!(world.get("/raw/short.png").await.status, 502);
}

#[tokio::test]
async fn what_a_shared_cache_may_not_keep_is_not_kept() {
    let world = World::start();
    for (path, name, value) in [
        ("/no-store", "cache-control", "no-store, max-age=60"),
        ("/private", "cache-control", "private, max-age=60"),
        ("/varies", "vary", "Accept-Encoding, Cookie"),
        ("/any", "vary", "*"),
    ] {
        world.page(path, path);
        world.origin.set_header(path, name, value);
        for count in 1..=2 {
            let answer = world.get(&format!("/raw{path}")).await;
            assert_eq!((answer.status, answer.text().as_str()), (200, path));
            assert_eq!(answer.header("cache-control"), "private, no-store", "{path}: {:?}", answer.headers);
            assert_eq!(world.origin.requests(path), count, "{path}");
        }
    }
    world.page("/coded", "x");
    world.origin.set_header("/coded", "vary", "Accept-Encoding");
    world.get("/raw/coded").await;
    assert!(is_hit(&world.get("/raw/coded").await));
    // Somebody's credentials go to the origin, and nothing stored is for them.
    let answer = world.send("GET", "/raw/coded", &[("authorization", "Basic YTpi")], b"").await;
    assert_eq!((answer.status, world.origin.requests("/coded")), (200, 2));
    assert_eq!(world.origin.last_headers("/coded").unwrap().get("authorization").unwrap(), "Basic YTpi");
    assert!(answer.header("cache-status").contains("fwd=bypass"), "{:?}", answer.headers);
    // Our own keys do not.
    let bearer = format!("Bearer {KEY}");
    assert!(is_hit(&world.send("GET", "/raw/coded", &[("authorization", &bearer)], b"").await));
    let only = [("cache-control", "only-if-cached")];
    assert_eq!(world.send("GET", "/raw/coded", &only, b"").await.status, 200);
    world.page("/uncached", "x");
    assert_eq!(world.send("GET", "/raw/uncached", &only, b"").await.status, 504);
    assert_eq!(world.origin.requests("/uncached"), 0);
}

#[tokio::test]
async fn purges_and_takedowns_reach_what_passes_through() {
    let world = World::start();
    world.page("/x.txt", "old");
    assert_eq!(world.get("/raw/x.txt?q=1").await.text(), "old");
    world.page("/x.txt", "new");
    assert_eq!(world.get("/raw/x.txt?q=1").await.text(), "old");
    let mut control = world.server.control_client();
    let purged = world.server.purge(&mut control, "[{\"url\":\"/raw/x.txt\"}]").await;
    assert_eq!(purged.status, 200, "{}", purged.text());
    assert_eq!(world.get("/raw/x.txt?q=1").await.text(), "new");
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = b"{\"targets\":[{\"master\":\"shop/x.txt\"}],\"mode\":\"takedown\"}";
    let down = control.send("POST", "/v1/purges", &headers, body).await.unwrap();
    assert_eq!(down.status, 200, "{}", down.text());
    assert!(matches!(world.get("/raw/x.txt").await.status, 410 | 451));
    let personal = world.send("GET", "/raw/x.txt", &[("authorization", "Basic YTpi")], b"").await;
    assert!(matches!(personal.status, 410 | 451), "{}", personal.status);
    // Of a tag, one learns from the answer.
    world.page("/y.txt", "y");
    world.origin.set_header("/y.txt", "cache-tag", "red");
    let body = b"{\"targets\":[{\"tag\":\"red\"}],\"mode\":\"takedown\"}";
    assert_eq!(control.send("POST", "/v1/purges", &headers, body).await.unwrap().status, 200);
    for headers in [&[][..], &[("authorization", "Basic YTpi")]] {
        let answer = world.send("GET", "/raw/y.txt", headers, b"").await;
        assert!(matches!(answer.status, 410 | 451), "{}", answer.text());
    }
}

#[tokio::test]
async fn unsafe_methods_are_passed_on_and_purge_what_they_change() {
    let world = World::start();
    for path in ["/list", "/item", "/made", "/other"] {
        world.page(path, "old");
        assert_eq!(world.get(&format!("/raw{path}")).await.text(), "old");
    }
    world.origin.set_version("/p.png", 1);
    let picture = support::derivatives("p.png").into_iter().find(|t| t.starts_with("/imgix")).unwrap();
    let old = world.get(&picture).await;
    for path in ["/list", "/item", "/made", "/other"] {
        world.page(path, "new");
    }
    let base = world.origin.base();
    let made = format!("{base}made");
    let headers = [("location", made.as_str()), ("content-location", "/item"), ("x-origin", "yes")];
    world.origin.script("POST", "/list", 201, &headers, "made it");
    let sent =
        [("content-type", "text/plain"), ("x-forwarded-for", "6.6.6.6"), ("connection", "x-hop"), ("x-hop", "1")];
    let answer = world.send("POST", "/raw/list?a=b", &sent, b"the body").await;
    assert_eq!((answer.status, answer.text().as_str(), answer.header("x-origin")), (201, "made it", "yes"));
    assert!(answer.header("cache-status").contains("fwd=method; fwd-status=201"), "{:?}", answer.headers);
    assert_eq!(world.origin.last_target("/list").unwrap(), "/list?a=b");
    let (method, body) = world.origin.last_sent("/list").unwrap();
    assert_eq!((method.as_str(), &body[..]), ("POST", &b"the body"[..]));
    let seen = world.origin.last_headers("/list").unwrap();
    assert_eq!(seen.get("x-forwarded-for").unwrap(), "127.0.0.1");
    assert!(seen.get("x-hop").is_none() && seen.get("via").is_some());
    // Without any wait: the purge was there before the answer.
    for (path, text) in [("/list", "new"), ("/made", "new"), ("/item", "new"), ("/other", "old")] {
        assert_eq!(world.get(&format!("/raw{path}")).await.text(), text, "{path}");
    }
    let purges = world.purges("unsafe-method").await;
    assert_eq!(purges.len(), 1, "{purges:?}");
    assert_eq!(purges[0]["id"], answer.header("x-purge-id"));

    // Pictures of the same master go as well, and unknown methods are unsafe ones.
    world.origin.set_version("/p.png", 2);
    assert_eq!(world.get(&picture).await.body, old.body);
    world.origin.script("FROB", "/p.png", 204, &[], "");
    assert_eq!(world.send("FROB", "/raw/p.png", &[], b"").await.status, 204);
    assert_ne!(world.get(&picture).await.body, old.body);

    // An error changes nothing; one after which nobody knows may have.
    world.page("/other", "newer");
    world.origin.script("DELETE", "/other", 409, &[], "no");
    assert_eq!(world.send("DELETE", "/raw/other", &[], b"").await.status, 409);
    assert_eq!(world.get("/raw/other").await.text(), "old");
    world.origin.fail("/other", Some(testkit::origin::Failure::Drop));
    assert_eq!(world.send("DELETE", "/raw/other", &[], b"").await.status, 502);
    world.origin.fail("/other", None);
    assert_eq!(world.get("/raw/other").await.text(), "newer");
    // Another origin's Location is not ours to purge.
    let before = world.purges("unsafe-method").await.len();
    world.origin.script("PUT", "/item", 200, &[("location", "http://elsewhere.example/x")], "");
    assert_eq!(world.send("PUT", "/raw/item", &[], b"x").await.status, 200);
    let purges = world.purges("unsafe-method").await;
    assert_eq!(purges.len(), before + 1);
    assert!(!purges.iter().any(|purge| purge.to_string().contains("elsewhere")), "{purges:?}");
    assert_eq!(world.send("TRACE", "/raw/item", &[], b"").await.status, 405);
}

#[tokio::test]
async fn unsafe_methods_are_refused_unless_the_site_takes_them() {
    let world = World::with("", "", "");
    world.page("/a", "x");
    for method in ["POST", "PUT", "DELETE", "PATCH", "FROB", "PURGE"] {
        let answer = world.send(method, "/raw/a", &[], b"x").await;
        assert_eq!(answer.status, 405, "{method}: {}", answer.text());
    }
    assert_eq!(world.send("POST", "/imgix/a", &[], b"x").await.status, 405);
    assert_eq!(world.origin.requests("/a"), 0);
}

#[tokio::test]
async fn groups_are_invalidated_by_trusted_origins_alone() {
    for (source, want) in [("invalidation = true", "new"), ("", "old")] {
        let world = World::with(source, "unsafe_methods = true", "");
        for path in ["/in", "/out"] {
            world.page(path, "old");
        }
        world.origin.set_header("/in", "cache-groups", "\"red\", \"blue\"");
        for path in ["/in", "/out"] {
            assert_eq!(world.get(&format!("/raw{path}")).await.text(), "old");
            world.page(path, "new");
        }
        world.origin.script("POST", "/act", 200, &[("cache-group-invalidation", "\"blue\", \"Red\"")], "");
        assert_eq!(world.send("POST", "/raw/act", &[], b"").await.status, 200);
        assert_eq!(world.get("/raw/in").await.text(), want, "{source}");
        assert_eq!(world.get("/raw/out").await.text(), "old");
        assert_eq!(world.purges("cache-groups").await.len(), usize::from(want == "new"));
        // An answer to a safe method invalidates nothing.
        world.origin.set_header("/out", "cache-group-invalidation", "\"blue\"");
        world.get("/raw/out?x").await;
        assert_eq!(world.purges("cache-groups").await.len(), usize::from(want == "new"));
    }
}

#[tokio::test]
async fn the_purge_method_needs_to_be_on_and_a_key() {
    let world = World::start();
    world.page("/a", "old");
    world.origin.set_version("/p.png", 1);
    let picture = support::derivatives("p.png").into_iter().find(|t| t.starts_with("/imgix")).unwrap();
    let old = (world.get("/raw/a?q").await.text(), world.get(&picture).await.body);
    world.page("/a", "new");
    world.origin.set_version("/p.png", 2);
    let bearer = format!("Bearer {KEY}");
    for headers in [&[][..], &[("authorization", "Bearer ak_wrong")], &[("afterimage-key", "x")]] {
        let answer = world.send("PURGE", "/raw/a?q", headers, b"").await;
        assert_eq!(answer.status, 401, "{}", answer.text());
        assert_eq!(world.get("/raw/a?q").await.text(), old.0);
    }
    let answer = world.send("PURGE", "/raw/a?q", &[("authorization", &bearer)], b"").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(told["state"], "effective");
    assert_eq!(world.get("/raw/a?q").await.text(), "new");
    assert_eq!(world.get(&picture).await.body, old.1);
    assert_eq!(world.send("PURGE", &picture, &[("afterimage-key", KEY)], b"").await.status, 200);
    assert_ne!(world.get(&picture).await.body, old.1);
    assert_eq!(world.purges("purge-method").await.len(), 2);
    assert_eq!(world.send("PURGE", "/nowhere/a", &[("afterimage-key", KEY)], b"").await.status, 404);
    assert_eq!(world.origin.last_sent("/a"), None, "the origin is not asked");

    let off = World::with("", "unsafe_methods = true", "");
    assert_eq!(off.send("PURGE", "/raw/a", &[("afterimage-key", KEY)], b"").await.status, 405);
    assert_eq!(off.origin.requests("/a"), 0);
}

#[tokio::test]
async fn a_key_of_ours_reaches_no_origin_however_it_is_spelled() {
    let world = World::start();
    let basic = |password: &str| base64::engine::general_purpose::STANDARD.encode(format!("{KEY}:{password}"));
    for (name, value) in [
        ("authorization", format!("Bearer {KEY}")),
        ("authorization", format!("bearer {KEY}")),
        ("authorization", format!("BEARER  {KEY} ")),
        ("authorization", format!("Basic {}", basic(""))),
        ("authorization", format!("basic {}", basic("do_not_set"))),
        ("imageboss-api-key", KEY.to_owned()),
        ("x-client-key", KEY.to_owned()),
        ("afterimage-key", KEY.to_owned()),
    ] {
        // As the only one, and in either order beside a second field of that name, which is the origin's own.
        let theirs = if name == "authorization" { "Basic YTpi" } else { "theirs" };
        for (method, path) in [("POST", "/act"), ("GET", "/see")] {
            world.origin.script("POST", "/act", 200, &[], "done");
            world.origin.set_body("/see", "text/plain", "seen");
            for fields in [vec![value.as_str()], vec![value.as_str(), theirs], vec![theirs, value.as_str()]] {
                let before = world.origin.requests(path);
                let headers: Vec<(&str, &str)> = fields.iter().map(|value| (name, *value)).collect();
                let answer = world.send(method, &format!("/raw{path}"), &headers, b"").await;
                assert_eq!(answer.status, 200, "{method} {fields:?}: {}", answer.text());
                if method == "POST" || (name == "authorization" && fields.len() > 1) {
                    assert_eq!(world.origin.requests(path), before + 1, "{method} {fields:?} must be passed on");
                    let seen = world.origin.last_headers(path).unwrap();
                    let seen: Vec<&str> = seen.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
                    let want = if fields.len() > 1 && name != "afterimage-key" { vec![theirs] } else { vec![] };
                    assert_eq!(seen, want, "{method} {fields:?}");
                } else if let Some(seen) = world.origin.last_headers(path) {
                    assert!(!seen.values().any(|seen| seen.as_bytes() == value.as_bytes()), "{method} {fields:?}");
                }
            }
        }
    }
}

/// `Connection` names what is for one connection only; what we add ourselves is not the client's to take out.
#[tokio::test]
async fn a_client_cannot_take_out_what_we_say_of_it() {
    let world = World::start();
    world.origin.script("POST", "/act", 200, &[], "");
    let sent = [("connection", "x-forwarded-for, via, x-hop"), ("x-hop", "1"), ("x-forwarded-for", "6.6.6.6")];
    assert_eq!(world.send("POST", "/raw/act", &sent, b"x").await.status, 200);
    let seen = world.origin.last_headers("/act").unwrap();
    let of = |name: &str| seen.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(of("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!((of("via").len(), of("x-hop").len()), (1, 0));
}

#[tokio::test]
async fn what_was_never_sent_changes_nothing() {
    // Bound by somebody who does not listen: nobody else can take the port meanwhile.
    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let gone = format!(
        "[source.gone]\ntype = \"http\"\nbase = \"http://{}/\"\nallow_private = true\n\
         [[site]]\nname = \"gone\"\nkind = \"passthrough\"\nprefix = \"/gone\"\nsources = [\"gone\"]\nunsafe_methods = true",
        nobody.local_addr().unwrap()
    );
    let world = World::with("", "unsafe_methods = true", &gone);
    for method in ["DELETE", "POST", "FROB"] {
        let answer = world.send(method, "/gone/a", &[], b"").await;
        assert_eq!(answer.status, 502, "{method}: {}", answer.text());
    }
    assert_eq!(world.purges("unsafe-method").await, Vec::<Value>::new(), "nothing can have changed");
    // Where it may have arrived, it may have changed something.
    world.origin.fail("/a", Some(testkit::origin::Failure::Drop));
    assert_eq!(world.send("DELETE", "/raw/a", &[], b"").await.status, 502);
    assert_eq!(world.purges("unsafe-method").await.len(), 1);
}

#[tokio::test]
async fn a_site_says_which_methods_it_takes() {
    let world = World::start();
    let (few, all) = ("GET, HEAD, OPTIONS", "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE");
    for (target, allowed) in [("/raw/a", all), ("/imgix/a", few), ("/nowhere/a", few)] {
        let options = world.send("OPTIONS", target, &[], b"").await;
        assert!(options.status < 300, "{target}: {}", options.status);
        assert_eq!(options.header("allow"), allowed, "{target}");
        assert_eq!(options.header("access-control-allow-methods"), allowed, "{target}");
        let refused = world.send("TRACE", target, &[], b"").await;
        assert_eq!((refused.status, refused.header("allow")), (405, allowed), "{target}");
    }
    assert_eq!(world.origin.total_requests(), 0);
}
