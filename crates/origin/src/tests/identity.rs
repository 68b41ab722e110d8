//! One picture, one id.

use plan::{MasterId, MasterRef};
use proptest::prelude::*;
use url::Url;

use crate::{BadPath, FetchError, HttpSettings, LocalSettings, OpenError, Source};

fn web(base: &str) -> Source {
    Source::http("shop", HttpSettings::new(Url::parse(base).unwrap())).unwrap()
}

#[test]
fn locations_fold_scheme_port_and_host_case() {
    for (base, location) in [
        ("https://Shop.Example/media", "//shop.example/media/"),
        ("http://shop.example:80/media/", "//shop.example/media/"),
        ("https://shop.example.:443/media/", "//shop.example/media/"),
        ("https://shop.example:8443/", "//shop.example:8443/"),
        ("https://shop.example/a%20b/%C3%A9", "//shop.example/a b/é/"),
        ("https://bücher.example/", "//xn--bcher-kva.example/"),
    ] {
        assert_eq!(web(base).location().as_str(), location, "{base}");
    }
}

#[test]
fn bad_bases_are_refused_without_showing_a_password() {
    for base in ["ftp://h/", "https://me:hunter2@h/", "https://h/?a=1", "https://h/#x", "data:x", "https://h/%ff/"] {
        let error = Source::http("x", HttpSettings::new(Url::parse(base).unwrap())).unwrap_err();
        assert!(matches!(error, OpenError::Base { .. }), "{base}: {error}");
        assert!(!error.to_string().contains("hunter2"));
    }
    for header in ["Host", "accept-encoding", "a b", "Range"] {
        let mut settings = HttpSettings::new(Url::parse("https://h/").unwrap());
        settings.headers = vec![(header.to_owned(), "secret".to_owned())];
        assert!(!format!("{settings:?}").contains("secret"));
        assert!(matches!(Source::http("x", settings), Err(OpenError::Header(_))), "{header}");
    }
}

#[test]
fn an_absolute_url_is_the_same_master_as_its_path() {
    let source = web("https://shop.example/media/");
    let cat = source.canonical("x/Cat é.jpg").unwrap();
    assert_eq!(cat.as_str(), "//shop.example/media/x/Cat é.jpg");
    for url in [
        "https://shop.example/media/x/Cat%20%C3%A9.jpg",
        "http://shop.example/media/x/Cat%20%c3%a9.jpg",
        "HTTPS://SHOP.Example:443/media/x/Cat é.jpg",
        "https://shop.example./media/./x/%43at%20é.jpg?w=1#top",
        "https://shop.example/%6dedia/x/Cat é.jpg",
    ] {
        assert_eq!(source.canonical_url(url), Some(cat.clone()), "{url}");
    }
    for url in [
        "https://shop.example/media/x/cat é.jpg",
        "https://shop.example/media//x/Cat é.jpg",
        "https://shop.example/media/x/Cat%2520é.jpg",
    ] {
        let other = source.canonical_url(url).unwrap();
        assert_ne!(other, cat, "{url}");
    }
    for url in [
        "https://shop.example:8443/media/a.jpg",
        "https://other.example/media/a.jpg",
        "https://shop.example/medi/a.jpg",
        "https://shop.example/media",
        "https://shop.example/media/",
        "https://me@shop.example/media/a.jpg",
        "https://shop.example@evil.example/media/a.jpg",
        "https://shop.example/media/../a.jpg",
        "https://shop.example/x/../media/a.jpg",
        "https://shop.example/media/%2e%2e/a.jpg",
        "https://shop.example/media/x%2f..%2fa.jpg",
        "https://shop.example\\media/a.jpg",
        "https://shop.example/media/a\n.jpg",
        "https://shop.example/media/%ff.jpg",
        "https://shop.example/media/.git/config",
        "ftp://shop.example/media/a.jpg",
        "//shop.example/media/a.jpg",
        "media/a.jpg",
        "",
    ] {
        assert_eq!(source.canonical_url(url), None, "{url}");
    }
    let (id, query) = source.split_url("https://shop.example/media/a.jpg?v=2&b=%20").unwrap();
    assert_eq!((id, query.as_str()), (source.canonical("a.jpg").unwrap(), "v=2&b=%20"));
}

#[test]
fn two_sources_over_one_place_share_ids() {
    let (plain, tls) = (web("http://h.example/m/"), web("https://H.example:443/"));
    assert_eq!(plain.canonical("a.jpg").unwrap(), tls.canonical("m/a.jpg").unwrap());
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    let outer = Source::local("outer", LocalSettings::new(folder.path())).unwrap();
    let inner = Source::local("inner", LocalSettings::new(folder.path().join("./sub/"))).unwrap();
    assert_eq!(outer.canonical("sub//a.jpg").unwrap(), inner.canonical("a.jpg").unwrap());
    assert_eq!(outer.canonical_url(&format!("file://{}/a.jpg", folder.path().display())), None);
    assert_eq!(outer.canonical("sub/"), Err(BadPath::Folder));
}

#[tokio::test]
async fn an_id_of_another_source_or_form_is_not_fetched() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.jpg"), "a").unwrap();
    let source = Source::local("local", LocalSettings::new(folder.path())).unwrap();
    let at = source.location().as_str();
    for id in
        ["//h/a.jpg".to_owned(), at.to_owned(), format!("{at}../a.jpg"), format!("{at}./a.jpg"), format!("{at}/a.jpg")]
    {
        let master = MasterRef::plain(MasterId::from_canonical(&id));
        assert_eq!(source.fetch(&master, None).await.unwrap_err(), FetchError::BadPath, "{id}");
    }
}

proptest! {
    /// A path put into a URL and read back is the same master, whatever its characters.
    #[test]
    fn paths_survive_urls(path in "[ -~éü漢]{1,24}") {
        let source = web("https://shop.example/media/");
        if let Ok(id) = source.canonical(&path) {
            let url = format!("https://shop.example/media/{}", crate::url_id::encode_path(&path));
            prop_assert_eq!(source.canonical_url(&url), Some(id), "{}", url);
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,40}") {
        let source = web("https://h.example/");
        let _ = source.canonical_url(&text);
        if let Some(id) = source.canonical_url(&format!("https://h.example/{text}")) {
            prop_assert!(id.as_str().starts_with("//h.example/"));
            prop_assert!(!id.as_str().contains("/../"));
        }
    }
}
