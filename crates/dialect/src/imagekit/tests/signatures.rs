//! The vendor's SDKs made these signatures: `@imagekit/nodejs` 7.11.0, `imagekit` 6.0.0 and `imagekitio` 5.11.0, with their
//! clocks stopped at 1700000000. Those of `dummy-key` stand in their own test suites.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;
use crate::{Policy, Secret, Signing, Unsignable, Verdict};

const KEY: &str = "private_demo_key_1234567890=";

fn signing(secrets: &[&str]) -> Signing {
    let secrets = secrets.iter().map(|text| Secret::new(text)).collect();
    Signing { policy: Policy::Required, secrets, ..Signing::default() }
}

fn at(endpoint: &str) -> Settings {
    Settings { endpoint: endpoint.to_owned(), ..settings() }
}

fn verdict(raw: &str, endpoint: &str, key: &str) -> Verdict {
    Imagekit.verify(Target::new(raw), "", &at(endpoint), &signing(&[key]))
}

/// Endpoint, key, target, when it ends, and in which form it was hashed.
const VECTORS: &[(&str, &str, &str, Option<u64>, &str)] = &[
    ("demo", KEY, "/demo/default-image.jpg?ik-s=3b810ce419a435fcd6af1141c12605d25a0d84ae", None, "raw"),
    (
        "demo",
        KEY,
        "/demo/tr:w-400,h-300:rt-90/img/plant.jpeg?ik-s=bcfa11957bc8e2a959912312b113d716502e24aa",
        None,
        "raw",
    ),
    (
        "demo",
        KEY,
        "/demo/default-image.jpg?v=123&tr=h-300,w-400&ik-t=1700000300&ik-s=a07aabdfa48ef45023dff5ded79b6400a62e2027",
        Some(1_700_000_300),
        "raw",
    ),
    (
        "demo",
        KEY,
        "/demo/default-image.jpg?v=123&tr=h-300%2Cw-400&ik-t=1700000300&ik-s=9144038681ee47799c506ae47288e01d512e0d21",
        Some(1_700_000_300),
        "raw",
    ),
    (
        "demo",
        KEY,
        "/demo/tr:w-200/folder/caf%C3%A9%20menu.jpg?ik-s=6f0055f710b7ef07f0f4d50489af81c7d277f4f2",
        None,
        "raw",
    ),
    (
        "demo/product-images",
        KEY,
        "/demo/product-images/tr:w-0.5/shoe.png?ik-s=405cb6a918c5716d4ad887eeaef7a8fa959f12be",
        None,
        "raw",
    ),
    ("", KEY, "/tr:w-0.5/shoe.png?ik-s=405cb6a918c5716d4ad887eeaef7a8fa959f12be", None, "raw"),
    (
        "demo",
        KEY,
        "/demo/a.jpg?tr=l-text,i-hello world,l-end&ik-s=656f5aa3872251908ce01cccdf3d16b1fe1f5e60",
        None,
        "raw",
    ),
    (
        "demo",
        KEY,
        "/demo/a.jpg?tr=l-text,i-hello%20world,l-end&ik-s=656f5aa3872251908ce01cccdf3d16b1fe1f5e60",
        None,
        "decoded-tr",
    ),
    (
        "demo",
        KEY,
        "/demo/a.jpg?tr=l-text,i-hello%20world,l-end&ik-s=4069a620318cfbd84daceac3a0436f72aa87df10",
        None,
        "raw",
    ),
    (
        "demo",
        KEY,
        "/demo/default-image.jpg?tr=w-300:l-text,ie-NTAlIG9mZiAmIG1vcmUsIMOp,lx-bw_mul_0.1,lfo-top_left,fs-24,l-end&ik-s=3f244c11a2d6723c4dd09fc8122b9ddad902bdaa",
        None,
        "raw",
    ),
    (
        "demo",
        KEY,
        "/demo/tr:w-100/https%3A%2F%2Fwww.example.com%2Fa%20b.jpg?ik-s=6cc54dee4afe11dbcc27feb0fbd05b29f442acad",
        None,
        "raw",
    ),
    (
        "demo",
        "dummy-key",
        "/demo/sdk-testing-files/future-search.png?ik-s=32dbbbfc5f945c0403c71b54c38e76896ef2d6b0",
        None,
        "raw",
    ),
    (
        "demo",
        "dummy-key",
        "/demo/sdk-testing-files/future-search.png?version=2.0&tr=w-300,h-200&ik-s=601d97a7834b7554f4dabf0d3fc3a219ceeb6b31",
        None,
        "raw",
    ),
    (
        "demo",
        "dummy-key",
        "/demo/tr:w-300,h-200/sdk-testing-files/future-search.png?version=2.0&ik-s=dd1ee8f83d019bc59fd57a5fc4674a11eb8a3496",
        None,
        "raw",
    ),
];

#[test]
fn signatures_of_the_sdks_are_taken() {
    for (endpoint, key, raw, expires, form) in VECTORS {
        assert_eq!(verdict(raw, endpoint, key), Verdict::Good { expires: *expires, form }, "{raw}");
        // Beside others, wherever the pairs stand, and whatever was rotated in before.
        let (path, query) = raw.split_once('?').unwrap();
        let (head, signature) = query.rsplit_once("ik-s=").unwrap();
        let turned = format!("{path}?ik-s={signature}&{}", head.trim_end_matches('&'));
        let verdict = Imagekit.verify(Target::new(&turned), "", &at(endpoint), &signing(&["new", "newer", key]));
        assert_eq!(verdict, Verdict::Good { expires: *expires, form }, "{turned}");
    }
}

#[test]
fn one_character_more_less_or_other_is_refused() {
    for (endpoint, key, raw, ..) in VECTORS {
        for (at, old) in raw.char_indices().skip(1) {
            // A name that is no longer `ik-s` leaves no signature at all.
            let name = raw.rfind("ik-s=").map(|start| start..start + 5);
            if name.is_some_and(|name| name.contains(&at)) || (raw[at..].starts_with("?ik-s=") && old == '?') {
                continue;
            }
            let new = if old == '3' { '4' } else { '3' };
            let altered = format!("{}{new}{}", &raw[..at], &raw[at + old.len_utf8()..]);
            let verdict = verdict(&altered, endpoint, key);
            assert!(!matches!(verdict, Verdict::Good { .. }), "{altered}: {verdict:?}");
        }
        for altered in [format!("{raw}0"), raw[..raw.len() - 1].to_owned(), format!("{raw}&w=1")] {
            assert!(matches!(verdict(&altered, endpoint, key), Verdict::Bad { .. }), "{altered}");
        }
        for other in ["", "private_demo_key_1234567890"] {
            assert!(matches!(verdict(raw, endpoint, other), Verdict::Bad { .. }), "{raw} with {other:?}");
        }
        let (head, signature) = raw.rsplit_once("ik-s=").unwrap();
        let upper = format!("{head}ik-s={}", signature.to_uppercase());
        assert!(matches!(verdict(&upper, endpoint, key), Verdict::Bad { .. }), "{upper}");
    }
}

#[test]
fn what_is_hashed_is_told_where_it_does_not_match() {
    for (raw, want) in [
        ("/demo/default-image.jpg?ik-s=0", "default-image.jpg9999999999"),
        (
            "/demo/default-image.jpg?v=123&tr=h-300,w-400&ik-t=1700000300&ik-s=0",
            "default-image.jpg?v=123&tr=h-300,w-4001700000300",
        ),
        ("/demo/tr:w-200/folder/caf%C3%A9%20menu.jpg?ik-s=0", "tr:w-200/folder/caf%C3%A9%20menu.jpg9999999999"),
        ("/demo/a.jpg?ik-s", "a.jpg9999999999"),
        ("/demo/a.jpg?ik-s=", "a.jpg9999999999"),
        ("/demo/a.jpg?ik-t=soon&ik-s=0", "a.jpgsoon"),
    ] {
        assert_eq!(verdict(raw, "demo", KEY), Verdict::Bad { hashed: want.to_owned() }, "{raw}");
    }
    for raw in ["/demo/a.jpg", "/demo/a.jpg?tr=w-3", "/demo/a.jpg?ik-t=1700000300", "/demo/ik-s=0/a.jpg"] {
        assert_eq!(verdict(raw, "demo", KEY), Verdict::Unsigned, "{raw}");
    }
}

/// The signer's endpoint may be the whole, the account's id, the host, or what the site's own prefix stands for.
#[test]
fn any_endpoint_may_have_been_cut() {
    let plain = "3b810ce419a435fcd6af1141c12605d25a0d84ae";
    let secrets = signing(&[KEY]);
    for (prefix, endpoint, path) in [
        ("", "demo", "/demo/default-image.jpg"),
        ("", "demo", "/default-image.jpg"),
        ("", "demo/shop", "/demo/shop/default-image.jpg"),
        ("/imagekit", "", "/default-image.jpg"),
        ("/imagekit", "demo", "/demo/default-image.jpg"),
    ] {
        let raw = format!("{path}?ik-s={plain}");
        let verdict = Imagekit.verify(Target::new(&raw), prefix, &at(endpoint), &secrets);
        assert_eq!(verdict, Verdict::Good { expires: None, form: "raw" }, "{prefix} {endpoint} {path}");
    }
    // Signed by a client whose endpoint was shorter than the site's.
    for (prefix, endpoint, path, signed) in [
        ("", "demo/shop", "/demo/shop/a.jpg", "/shop/a.jpg"),
        ("", "demo/shop", "/demo/shop/a.jpg", "/demo/shop/a.jpg"),
        ("/demo/shop", "", "/a.jpg", "/shop/a.jpg"),
        ("/imagekit", "demo", "/demo/a.jpg", "/imagekit/demo/a.jpg"),
    ] {
        let whole = Imagekit.sign(signed, &at(""), &secrets, None).unwrap();
        let raw = format!("{path}?{}", whole.split_once('?').unwrap().1);
        let good = |prefix: &str, endpoint: &str, raw: &str| {
            matches!(
                Imagekit.verify(Target::new(raw), prefix, &at(endpoint), &secrets),
                Verdict::Good { form: "raw", .. }
            )
        };
        assert!(good(prefix, endpoint, &raw), "{prefix} {endpoint} {path} {signed}");
        assert_eq!(good("/other", "", &raw), signed == path, "{signed}");
    }
}

#[test]
fn slashes_behind_a_scheme_may_have_been_collapsed() {
    let secrets = signing(&[KEY]);
    for (signed, asked, form) in [
        ("/tr:w-1/https://b.example/a.jpg", "/tr:w-1/https:/b.example/a.jpg", "raw-other-slashes"),
        ("/https:/b.example/a%20b.jpg", "/https://b.example/a%20b.jpg", "raw-other-slashes"),
        ("/http://b.example/a b.jpg", "/http:/b.example/a%20b.jpg", "decoded-other-slashes"),
        ("/https://b.example/a.jpg?tr=w-1,h-2", "/https:/b.example/a.jpg?tr=w-1%2Ch-2", "decoded-tr-other-slashes"),
        ("/caf\u{e9}.jpg?tr=w-1,h-2", "/caf%C3%A9.jpg?tr=w-1%2Ch-2", "decoded"),
    ] {
        let whole = Imagekit.sign(signed, &settings(), &secrets, Some(7)).unwrap();
        let pairs = whole.split_once("ik-t=").unwrap().1;
        let mark = if asked.contains('?') { '&' } else { '?' };
        let raw = format!("{asked}{mark}ik-t={pairs}");
        let verdict = Imagekit.verify(Target::new(&raw), "", &settings(), &secrets);
        assert_eq!(verdict, Verdict::Good { expires: Some(7), form }, "{raw}");
    }
    // No scheme, no change.
    let signed = Imagekit.sign("/a//b.jpg", &settings(), &secrets, None).unwrap().replace("//", "/");
    assert!(matches!(Imagekit.verify(Target::new(&signed), "", &settings(), &secrets), Verdict::Bad { .. }));
}

#[test]
fn urls_are_signed_as_the_newest_sdk_does() {
    for (endpoint, key, raw, expires, form) in VECTORS.iter().filter(|(.., form)| *form == "raw") {
        let (bare, _) = raw.split_once("ik-s=").unwrap();
        let bare = bare.split("&ik-t=").next().unwrap().trim_end_matches(['&', '?']);
        let signed = Imagekit.sign(bare, &at(endpoint), &signing(&[key, "old"]), *expires).unwrap();
        assert_eq!(signed, *raw, "{form}");
        // What was signed before is signed anew.
        assert_eq!(Imagekit.sign(raw, &at(endpoint), &signing(&[key]), *expires).unwrap(), *raw);
    }
    assert_eq!(Imagekit.sign("/a.jpg", &settings(), &signing(&[]), None), Err(Unsignable::NoSecret));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(200), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_is_taken(
        path in "(/[a-z0-9:%,._-]{1,8}){1,4}",
        query in proptest::option::of("[a-z0-9=&%,._-]{0,20}"),
        endpoint in prop::sample::select(vec!["", "demo", "demo/shop"]),
        expires in proptest::option::of(0..u64::MAX),
        key in "[ -~]{0,70}",
    ) {
        let raw = match query {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        let raw = if endpoint.is_empty() { raw } else { format!("/{endpoint}{raw}") };
        let signed = Imagekit.sign(&raw, &at(endpoint), &signing(&[&key]), expires).unwrap();
        let good = Verdict::Good { expires: expires.filter(|at| *at != 9_999_999_999), form: "raw" };
        prop_assert_eq!(verdict(&signed, endpoint, &key), good, "{}", signed);
        let with_more = Imagekit.verify(Target::new(&format!("{signed}&x")), "", &at(endpoint), &signing(&[&key]));
        let is_bad = matches!(with_more, Verdict::Bad { .. });
        prop_assert!(is_bad);
    }

    #[test]
    fn no_target_makes_verifying_panic(raw in ".{0,80}", prefix in "(/[a-z]{0,4}){0,2}", endpoint in "[a-z/]{0,6}") {
        for raw in [raw.clone(), format!("/{raw}?ik-s=0"), format!("/https:/{raw}?ik-s={raw}&ik-t={raw}&tr={raw}")] {
            let found = Imagekit.verify(Target::new(&raw), &prefix, &at(&endpoint), &signing(&[KEY]));
            let is_good = matches!(found, Verdict::Good { .. });
            prop_assert!(!is_good);
        }
    }
}
