//! Whether sources are there.

use testkit::origin::{Failure, VersionedOrigin};
use url::Url;

use crate::reach::MOST_ENTRIES;
use crate::{FetchError, HttpSettings, LocalSettings, ProxySettings, Reached, Source};

#[tokio::test]
async fn a_folder_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.jpg", "b.jpg", ".hidden"] {
        std::fs::write(folder.path().join(name), "x").unwrap();
    }
    let source = Source::local("photos", LocalSettings::new(folder.path())).unwrap();
    assert_eq!(source.reach().await, Ok(Reached::Folder { entries: 2, more: false }));
    assert_eq!(source.kind_name(), "local");
    for number in 0..MOST_ENTRIES {
        std::fs::write(folder.path().join(number.to_string()), "").unwrap();
    }
    assert_eq!(source.reach().await, Ok(Reached::Folder { entries: MOST_ENTRIES, more: true }));
    std::fs::remove_dir_all(folder.path()).unwrap();
    assert!(matches!(source.reach().await, Err(FetchError::Io(why)) if why.contains("the source's folder")));
}

#[tokio::test]
async fn a_web_server_is_asked_for_its_base_by_the_rules_of_fetches() {
    let origin = VersionedOrigin::start();
    let base = Url::parse(&format!("{}media", origin.base())).unwrap();
    let open = |allow_private| HttpSettings { allow_private, ..HttpSettings::new(base.clone()) };
    let with = HttpSettings { headers: vec![("X-Key".to_owned(), "k".to_owned())], ..open(true) };
    let source = Source::http("shop", with).unwrap();
    let Ok(Reached::Web { status: 404, .. }) = source.reach().await else { panic!("{:?}", source.reach().await) };
    assert_eq!(origin.last_headers("/media/").unwrap()["x-key"], "k");
    origin.set_body("/media/", "text/plain", "hello");
    origin.set_header("/media/", "date", "Sun, 06 Nov 1994 08:49:37 GMT");
    let said = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
    assert_eq!(source.reach().await, Ok(Reached::Web { status: 200, date: Some(said) }));
    origin.fail("/media/", Some(Failure::Status(503)));
    assert_eq!(source.reach().await, Err(FetchError::Status(503)));
    let refused = Source::http("shop", open(false)).unwrap().reach().await;
    assert!(matches!(refused, Err(FetchError::Refused { why: "loopback", .. })), "{refused:?}");
    let proxy = Source::proxy("any", ProxySettings::new(vec!["*".to_owned()]).unwrap()).unwrap();
    assert_eq!((proxy.reach().await, proxy.kind_name()), (Ok(Reached::Anywhere), "proxy"));
}
