//! Any address on some hosts.

use testkit::origin::{Failure, VersionedOrigin};
use testkit::pictures::read_version;

use super::fetch;
use crate::{BadPath, FetchError, ProxySettings, Source};

fn proxy(hosts: &[&str], https_only: bool) -> Source {
    let mut settings = ProxySettings::new(hosts.iter().map(|host| (*host).to_owned()).collect()).unwrap();
    settings.https_only = https_only;
    settings.http.allow_private = true;
    Source::proxy("any", settings).unwrap()
}

/// `127.0.0.1:port` of an origin.
fn authority(origin: &VersionedOrigin) -> String {
    origin.base().trim_start_matches("http://").trim_end_matches('/').to_owned()
}

#[test]
fn names_are_those_of_sources_with_a_base() {
    let source = proxy(&["shop.example"], false);
    for (url, want) in [
        ("https://shop.example/a%20b.jpg?v=1", Some(("//shop.example/a b.jpg", "v=1"))),
        ("http://IMG.Shop.Example.:80/x/a.jpg", Some(("//img.shop.example/x/a.jpg", ""))),
        ("https://shop.example:8443/a.jpg", Some(("//shop.example:8443/a.jpg", ""))),
        ("https://other.example/a.jpg", None),
        ("https://shop.example.evil/a.jpg", None),
        ("https://user@shop.example/a.jpg", None),
        ("https://shop.example/../a.jpg", None),
        ("https://shop.example/", None),
    ] {
        let found = source.split_url(url);
        let found = found.as_ref().map(|(id, query)| (id.as_str(), query.as_str()));
        assert_eq!(found, want, "{url}");
    }
    for (path, want) in [
        ("shop.example/a.jpg", Ok("//shop.example/a.jpg")),
        ("Shop.example/a.jpg", Ok("//shop.example/a.jpg")),
        ("a.jpg", Err(BadPath::NoHost)),
        ("photos/a.jpg", Err(BadPath::NoHost)),
        ("evil@shop.example/a.jpg", Err(BadPath::NoHost)),
        ("shop.example", Err(BadPath::NoHost)),
        ("shop.example/.git/a", Err(BadPath::DotFile)),
    ] {
        let found = source.canonical(path);
        assert_eq!(found.as_ref().map(|id| id.as_str()).map_err(|e| *e), want, "{path}");
    }
}

#[tokio::test]
async fn a_host_without_https_is_asked_by_http_and_that_is_remembered() {
    let origin = VersionedOrigin::start();
    origin.set_version("/x/a%20b.png", 3);
    let source = proxy(&["*"], false);
    let name = format!("{}/x/a b.png", authority(&origin));
    for _ in 0..2 {
        assert_eq!(read_version(&fetch(&source, &name).await.unwrap().bytes), Ok(3));
    }
    origin.fail("/x/a%20b.png", Some(Failure::Status(404)));
    assert_eq!(fetch(&source, &name).await.unwrap_err(), FetchError::NotFound { names: vec![] });

    let source = proxy(&["*"], true);
    assert!(matches!(fetch(&source, &name).await, Err(FetchError::NoConnection(_))));
}

#[tokio::test]
async fn redirects_end_at_hosts_that_are_not_allowed() {
    let origin = VersionedOrigin::start();
    let source = proxy(&["127.0.0.1"], false);
    let name = format!("{}/a.png", authority(&origin));
    for (to, allowed) in [("http://127.0.0.1:{port}/b.png", true), ("http://localhost:{port}/b.png", false)] {
        let port = authority(&origin).rsplit(':').next().unwrap().to_owned();
        origin.set_version("/b.png", 5);
        origin.redirect("/a.png", 302, &to.replace("{port}", &port));
        match fetch(&source, &name).await {
            Ok(body) => assert!(allowed && read_version(&body.bytes) == Ok(5), "{to}"),
            Err(error) => assert!(!allowed && matches!(error, FetchError::Redirect(_)), "{to}: {error}"),
        }
    }
}

#[tokio::test]
async fn private_addresses_stay_refused() {
    let mut settings = ProxySettings::new(vec!["*".to_owned()]).unwrap();
    settings.http.allow_private = false;
    let source = Source::proxy("any", settings).unwrap();
    for name in ["127.0.0.1:9/a.png", "localhost:9/a.png", "169.254.169.254/a.png"] {
        assert!(matches!(fetch(&source, name).await, Err(FetchError::Refused { .. })), "{name}");
    }
}
