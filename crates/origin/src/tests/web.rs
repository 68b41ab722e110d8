//! Web origins, real ones on loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use plan::{MasterRef, reason::Fault};
use testkit::origin::{At, Failure, VersionedOrigin};
use testkit::pictures::read_version;
use url::Url;

use super::{fetch, texts};
use crate::gate::Gate;
use crate::{FetchError, Fetched, HttpSettings, Source, Storable};

fn settings(origin: &VersionedOrigin) -> HttpSettings {
    HttpSettings { allow_private: true, ..HttpSettings::new(Url::parse(&origin.base()).unwrap()) }
}

fn source(origin: &VersionedOrigin) -> Source {
    Source::http("web", settings(origin)).unwrap()
}

#[tokio::test]
async fn reads_a_master_and_what_is_said_of_it() {
    let origin = VersionedOrigin::start();
    origin.set_version("/x/a%20b%2Bc%3F.png", 3);
    origin.set_header("/x/a%20b%2Bc%3F.png", "cache-control", "max-age=60, private");
    origin.set_header("/x/a%20b%2Bc%3F.png", "surrogate-key", "cats tall");
    origin.set_header("/x/a%20b%2Bc%3F.png", "last-modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    let mut settings = settings(&origin);
    settings.headers = vec![("X-Key".to_owned(), "k".to_owned())];
    let source = Source::http("web", settings).unwrap();
    let master = MasterRef { id: source.canonical("x/a b+c?.png").unwrap(), query: "a=1&b=%20".into() };
    let Fetched::Body(body) = source.fetch(&master, None).await.unwrap() else { panic!("a body") };
    assert_eq!(read_version(&body.bytes), Ok(3));
    assert_eq!((body.storable, body.max_age), (Storable::MemoryOnly, Some(Duration::from_secs(60))));
    assert_eq!((body.content_type.as_deref(), body.tags.join(",")), (Some("image/png"), "cats,tall".to_owned()));
    assert_eq!(texts(&body.names), [""; 0]);
    assert_eq!(origin.last_target("/x/a%20b%2Bc%3F.png").unwrap(), "/x/a%20b%2Bc%3F.png?a=1&b=%20");
    let asked = origin.last_headers("/x/a%20b%2Bc%3F.png").unwrap();
    assert_eq!(
        (&asked["cache-control"], &asked["accept-encoding"], &asked["x-key"]),
        (&"no-cache".parse().unwrap(), &"identity".parse().unwrap(), &"k".parse().unwrap())
    );
    assert!(!asked.contains_key("if-none-match"));

    let validators = body.validators().unwrap();
    assert!(matches!(source.fetch(&master, Some(&validators)).await, Ok(Fetched::NotModified { .. })));
    let asked = origin.last_headers("/x/a%20b%2Bc%3F.png").unwrap();
    assert_eq!(asked["if-modified-since"], "Sun, 06 Nov 1994 08:49:37 GMT");
    origin.bump("/x/a%20b%2Bc%3F.png");
    let Ok(Fetched::Body(body)) = source.fetch(&master, Some(&validators)).await else { panic!("a body") };
    assert_eq!(read_version(&body.bytes), Ok(4));
}

#[tokio::test]
async fn no_cache_can_be_switched_off() {
    let origin = VersionedOrigin::start();
    origin.set_version("a", 1);
    let source = Source::http("web", HttpSettings { no_cache: false, ..settings(&origin) }).unwrap();
    fetch(&source, "a").await.unwrap();
    assert!(!origin.last_headers("a").unwrap().contains_key("cache-control"));
}

#[tokio::test]
async fn statuses_become_reasons() {
    let origin = VersionedOrigin::start();
    let source = source(&origin);
    for (status, want, fault) in [
        (404, FetchError::NotFound { names: vec![] }, Fault::Client),
        (410, FetchError::NotFound { names: vec![] }, Fault::Client),
        (401, FetchError::Forbidden, Fault::Origin),
        (403, FetchError::Forbidden, Fault::Origin),
        (500, FetchError::Status(500), Fault::Origin),
        (206, FetchError::Status(206), Fault::Origin),
        (304, FetchError::Status(304), Fault::Origin),
    ] {
        origin.fail("a", Some(Failure::Status(status)));
        let error = fetch(&source, "a").await.unwrap_err();
        assert_eq!((error.fault(), error), (fault, want), "{status}");
    }
    origin.set_version("z", 1);
    origin.set_header("z", "content-encoding", "gzip");
    assert_eq!(fetch(&source, "z").await.unwrap_err(), FetchError::Coding("gzip".to_owned()));
    origin.fail("a", Some(Failure::Drop));
    assert!(matches!(fetch(&source, "a").await, Err(FetchError::Unreachable(_))));
    assert!(!fetch(&source, "a").await.unwrap_err().nothing_was_sent());
    drop(origin);
    let error = fetch(&source, "a").await.unwrap_err();
    assert!(matches!(error, FetchError::NoConnection(_)) && error.nothing_was_sent(), "{error}");
}

#[tokio::test]
async fn a_short_body_is_truncated_never_a_master() {
    let origin = VersionedOrigin::start();
    origin.set_body("a", "image/png", vec![7; 5000]);
    let source = source(&origin);
    for at in [0, 1, 4999] {
        origin.fail("a", Some(Failure::Truncate(at)));
        let want = FetchError::Truncated { expected: Some(5000), got: at as u64 };
        assert_eq!(fetch(&source, "a").await.unwrap_err(), want);
    }
    origin.set_header("a", "transfer-encoding", "chunked");
    assert_eq!(fetch(&source, "a").await.unwrap_err(), FetchError::Truncated { expected: None, got: 4999 });
    origin.fail("a", None);
    assert_eq!(fetch(&source, "a").await.unwrap().bytes.len(), 5000);
}

#[tokio::test]
async fn the_byte_cap_holds_with_and_without_a_length() {
    let origin = VersionedOrigin::start();
    origin.set_body("a", "image/png", vec![7; 5000]);
    origin.set_body("b", "image/png", vec![7; 5001]);
    origin.set_body("c", "image/png", vec![7; 5001]);
    origin.set_header("c", "transfer-encoding", "chunked");
    let source = Source::http("web", HttpSettings { max_bytes: 5000, ..settings(&origin) }).unwrap();
    assert_eq!(fetch(&source, "a").await.unwrap().bytes.len(), 5000);
    for path in ["b", "c"] {
        assert_eq!(fetch(&source, path).await.unwrap_err(), FetchError::TooLarge { limit: 5000 }, "{path}");
    }
}

#[tokio::test]
async fn slow_origins_time_out() {
    let origin = VersionedOrigin::start();
    origin.set_version("a", 1);
    let short = Duration::from_millis(150);
    for at in [At::Headers, At::MidBody] {
        let hold = origin.hold("a", at);
        for (read, total) in [(short, Duration::from_secs(60)), (Duration::from_secs(60), short)] {
            let settings = HttpSettings { read_timeout: read, total_timeout: total, ..settings(&origin) };
            let source = Source::http("web", settings).unwrap();
            assert_eq!(fetch(&source, "a").await.unwrap_err(), FetchError::TimedOut, "{at:?} {read:?} {total:?}");
        }
        hold.release();
    }
    assert_eq!(read_version(&fetch(&source(&origin), "a").await.unwrap().bytes), Ok(1));
}

#[tokio::test]
async fn redirects_are_followed_and_named() {
    let origin = VersionedOrigin::start();
    origin.set_version("final.png", 9);
    origin.redirect("one", 301, "/two%20x?t=1");
    origin.redirect("/two%20x", 307, &origin.url("three"));
    origin.redirect("three", 308, "final.png#top");
    let source = source(&origin);
    let host = origin.address();
    let names = ["two x", "three", "final.png"].map(|path| format!("//{host}/{path}"));
    let body = fetch(&source, "one").await.unwrap();
    assert_eq!((read_version(&body.bytes), texts(&body.names)), (Ok(9), names.iter().map(String::as_str).collect()));
    assert_eq!(origin.last_target("/two%20x").unwrap(), "/two%20x?t=1");

    origin.redirect("zero", 302, "one");
    assert!(matches!(fetch(&source, "zero").await, Err(FetchError::Redirect(_))), "four hops are too many");
    assert_eq!(origin.requests("final.png"), 1);
    origin.remove("final.png");
    let Err(FetchError::NotFound { names }) = fetch(&source, "three").await else { panic!("not found") };
    assert_eq!(texts(&names), [format!("//{host}/final.png")]);

    let none = Source::http("web", HttpSettings { max_redirects: 0, ..settings(&origin) }).unwrap();
    assert!(matches!(fetch(&none, "three").await, Err(FetchError::Redirect(_))));
    for location in ["ftp://h/a", "file:///etc/passwd", "http://me:pw@1.1.1.1/", "http://127.0.0.1:6379/", "http://["] {
        origin.redirect("bad", 302, location);
        assert!(matches!(fetch(&source, "bad").await, Err(FetchError::Redirect(_))), "{location}");
    }
}

/// Two origins on one port of two loopback addresses, of which the gate lets one through.
fn pair() -> (VersionedOrigin, VersionedOrigin) {
    let open = VersionedOrigin::start();
    let shut = VersionedOrigin::start_on(SocketAddr::from(([127, 0, 0, 2], open.address().port())));
    (open, shut)
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_refused_unasked() {
    let (open, shut) = pair();
    shut.set_version("secret", 1);
    let settings = HttpSettings { allow_private: false, ..settings(&open) };
    let source = Source::http_behind("web", settings, Gate::only(&[IpAddr::V4(Ipv4Addr::LOCALHOST)])).unwrap();
    let port = open.address().port();
    for location in [
        shut.url("secret"),
        format!("//127.0.0.2:{port}/secret"),
        format!("http://0x7f000002:{port}/secret"),
        format!("http://2130706434:{port}/secret"),
        format!("http://[::ffff:127.0.0.2]:{port}/secret"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[::1]/".to_owned(),
        "http://0/".to_owned(),
    ] {
        open.redirect("a", 302, &location);
        let error = fetch(&source, "a").await.unwrap_err();
        assert!(matches!(error, FetchError::Refused { .. }), "{location}: {error:?}");
    }
    assert_eq!(shut.total_requests(), 0);
}

#[tokio::test]
async fn private_bases_need_leave_as_literal_and_as_name() {
    let origin = VersionedOrigin::start();
    origin.set_version("a", 1);
    let port = origin.address().port();
    for host in ["127.0.0.1", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]", "localhost", "LOCALHOST"] {
        let base = Url::parse(&format!("http://{host}:{port}/")).unwrap();
        let shut = Source::http("web", HttpSettings::new(base)).unwrap();
        let error = fetch(&shut, "a").await.unwrap_err();
        assert!(matches!(error, FetchError::Refused { why: "loopback", .. }), "{host}: {error:?}");
    }
    assert_eq!(origin.total_requests(), 0);
    let base = Url::parse(&format!("http://localhost:{port}/")).unwrap();
    let open = Source::http("web", HttpSettings { allow_private: true, ..HttpSettings::new(base) }).unwrap();
    assert_eq!(read_version(&fetch(&open, "a").await.unwrap().bytes), Ok(1));
}

#[tokio::test]
async fn credentials_stay_with_the_base() {
    let (here, there) = pair();
    there.set_version("a", 2);
    here.redirect("a", 302, &there.url("a"));
    here.redirect("b", 302, "c");
    here.set_version("c", 3);
    let mut settings = settings(&here);
    settings.headers = vec![("Authorization".to_owned(), "Bearer k".to_owned())];
    let source = Source::http("web", settings).unwrap();
    let body = fetch(&source, "a").await.unwrap();
    assert_eq!((read_version(&body.bytes), texts(&body.names)), (Ok(2), vec![&*format!("//{}/a", there.address())]));
    assert_eq!(here.last_headers("a").unwrap()["authorization"], "Bearer k");
    assert!(!there.last_headers("a").unwrap().contains_key("authorization"));
    fetch(&source, "b").await.unwrap();
    assert_eq!(here.last_headers("c").unwrap()["authorization"], "Bearer k");
}
