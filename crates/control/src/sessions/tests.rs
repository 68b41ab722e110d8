#![allow(clippy::unwrap_used)]

use ledger::{Folder, KeysDb};

use super::*;
use crate::keys::{KeyRing, Keys};

fn marks() -> (impl Fn(&str) -> Mark, tempfile::TempDir) {
    let temp = tempfile::tempdir().unwrap();
    let db = std::sync::Arc::new(KeysDb::open(&Folder::open(temp.path()).unwrap()).unwrap());
    let ring = KeyRing { db, environment: None };
    (move |key: &str| ring.mark(key), temp)
}

#[test]
fn a_session_is_found_by_its_id_until_its_time_is_up() {
    let (mark, _temp) = marks();
    let sessions = Sessions::default();
    let (id, opened) = sessions.open(mark("a")).unwrap();
    let (other, _) = sessions.open(mark("a")).unwrap();
    assert!(id.len() == 64 && other.len() == 64 && id != other);
    let now = Instant::now();
    let found = sessions.find(&id, now).unwrap();
    assert_eq!((&found.csrf, found.expires_at, found.key), (&opened.csrf, opened.expires_at, mark("a")));
    assert!(found.csrf.len() == 64 && found.csrf != id);
    assert!(sessions.find(&id, now + LIFETIME - Duration::from_secs(60)).is_some());
    for (id, at) in [(id.as_str(), now + LIFETIME), ("", now), (&id[1..], now), (&found.csrf, now)] {
        assert!(sessions.find(id, at).is_none(), "{id:?}");
    }
    sessions.close(&found);
    assert!(sessions.find(&id, now).is_none() && sessions.find(&other, now).is_some());
    sessions.keep(|key| *key != mark("a"));
    assert!(sessions.find(&other, now).is_none());
}

#[test]
fn memory_is_bounded_and_one_key_ends_its_own_sessions_first() {
    let (mark, _temp) = marks();
    let sessions = Sessions::default();
    let (keeps, _) = sessions.open(mark("quiet")).unwrap();
    let busy: Vec<String> = (0..=MOST_OF_ONE).map(|_| sessions.open(mark("busy")).unwrap().0).collect();
    let now = Instant::now();
    let live: Vec<bool> = busy.iter().map(|id| sessions.find(id, now).is_some()).collect();
    assert_eq!(live.iter().filter(|live| **live).count(), MOST_OF_ONE);
    assert!(!live[0] && sessions.find(&keeps, now).is_some());
    for n in 0..MOST {
        sessions.open(mark(&n.to_string())).unwrap();
    }
    assert_eq!(sessions.lock().len(), MOST);
    assert!(sessions.find(&keeps, now).is_none(), "the oldest ended");
}

#[test]
fn whose_page_sent_it() {
    let mut from = From::default();
    from.host = "[::1]:8081".to_owned();
    for (fields, ours) in [
        (&[][..], true),
        (&[("sec-fetch-site", "same-origin")], true),
        (&[("sec-fetch-site", "none")], true),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "")], false),
        // What the browser says of itself goes before what it says of the page.
        (&[("sec-fetch-site", "cross-site"), ("origin", "http://h:1"), ("host", "h:1")], false),
        (&[("origin", "http://h:1"), ("host", "h:1")], true),
        (&[("origin", "https://H:1"), ("host", "h:1")], true),
        (&[("origin", "http://h:2"), ("host", "h:1")], false),
        (&[("origin", "http://h"), ("host", "h:1")], false),
        (&[("origin", "http://evil.example/h:1"), ("host", "h:1")], false),
        (&[("origin", "null"), ("host", "h:1")], false),
        (&[("origin", "http://[::1]:8081")], true),
        (&[("origin", "http://[::1]:8082")], false),
    ] {
        let headers: HeaderMap = fields
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
            .collect();
        assert_eq!(check_origin(&headers, &from).is_ok(), ours, "{fields:?}");
    }
}

#[test]
fn cookies_are_read_from_among_others() {
    for (fields, found) in [
        (&["afterimage_session=a"][..], &["a"][..]),
        (&["x=1; afterimage_session=a; y=2"], &["a"]),
        (&["x=1;afterimage_session=a", "afterimage_session=b"], &["a", "b"]),
        (&["Afterimage_session=a; afterimage_session=; afterimage_sessions=c; afterimage_session"], &[]),
        (
            &[
                "afterimage_session=1; afterimage_session=2; afterimage_session=3; afterimage_session=4; afterimage_session=5",
            ],
            &["1", "2", "3", "4"],
        ),
    ] {
        let headers: HeaderMap = fields.iter().map(|value| (COOKIE, http::HeaderValue::from_static(value))).collect();
        assert_eq!(ids(&headers), found, "{fields:?}");
    }
}
