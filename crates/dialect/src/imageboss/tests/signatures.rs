use super::*;
use crate::{Policy, Secret, Signing, Unsignable, Verdict};

fn keyed(secret: &str) -> Signing {
    Signing { policy: Policy::Required, secrets: vec![Secret::new(secret)], ..Signing::default() }
}

fn verify(target: &str, signing: &Signing) -> Verdict {
    Imageboss.verify(Target::new(target), "", &Settings::default(), signing)
}

fn hmac(secret: &str, text: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    crate::signing::hex(ring::hmac::sign(&key, text.as_bytes()).as_ref())
}

/// HMACs by another program; the third stands in the test suite of the vendor's Ruby gem.
const VECTORS: &[(&str, &str, &str, &str)] = &[
    (
        "mysecret",
        "/mysecureimages/width/500/01.jpg?bossToken=",
        "721fb4de4d58e0570789e12dc4319a2f5c63ffdff18a3c2dec6d90163a694c2c",
        "path",
    ),
    (
        "mysecret",
        "/mysecureimages/cover:face/300x300/format:auto,quality:80/team/ana.jpg?bossToken=",
        "3862d06d6a28c68b3f22371e5760a73ec7ef70a2e4172d7edbde1116ce0386c3",
        "path",
    ),
    (
        "abc",
        "/myassets/width/100/assets/img01.jpg?existing=oh&bossToken=",
        "92812e6cffe821d7c30a21b5fbddc8ce095f7607d213e12f30369597a18c5ef0",
        "query",
    ),
    (
        "s3cr3t",
        "/shop/width/700/blur:4/format:auto/caf%C3%A9%20menu.jpg?bossToken=",
        "90b2e33c519f4f8901d6962271483d36bc19609c70a4980aa57c6aab8fb97c2c",
        "path",
    ),
    (
        "s3cr3t",
        "/shop/width/700/blur:4/format:auto/caf%c3%a9%20menu.jpg?v=3&bossToken=",
        "02de307e19e2bdb5e304ced2bcc64ceec589b9c2d3a1bdfd0ebb2fe209c1c083",
        "decoded",
    ),
];

#[test]
fn tokens_of_the_vendors_clients_are_good() {
    for (secret, target, token, want) in VECTORS {
        let url = format!("{target}{token}");
        assert_eq!(verify(&url, &keyed(secret)), Verdict::Good { expires: None, form: want }, "{url}");
        assert_eq!(Imageboss.covers_query(want), *want == "query", "{want}");
        let flipped = if token.starts_with('0') { "1" } else { "0" };
        for wrong in [
            format!("{target}{flipped}{}", &token[1..]),
            format!("{target}{}", &token[..63]),
            format!("{target}{}", token.to_uppercase()),
            format!("{url}&bossToken={token}"),
            (*target).to_owned(),
            url.replacen("/width/", "/height/", 1).replacen("cover:face", "cover:east", 1),
        ] {
            assert!(matches!(verify(&wrong, &keyed(secret)), Verdict::Bad { .. }), "{wrong}");
        }
        assert!(matches!(verify(&url, &keyed("another")), Verdict::Bad { .. }), "{url}");
        assert_eq!(verify(target.split('?').next().unwrap(), &keyed(secret)), Verdict::Unsigned);
    }
}

/// The gem signs `?123`, then spells it `?123=`.
#[test]
fn pairs_without_a_value_may_grow_an_equals_sign() {
    let token = hmac("k", "/s/cdn/p.jpg?123&a=b");
    let url = format!("/s/cdn/p.jpg?123=&bossToken={token}&a=b");
    let good = Verdict::Good { expires: None, form: "query-without-equals" };
    assert_eq!(verify(&url, &keyed("k")), good);
    assert!(Imageboss.covers_query("query-without-equals"));
}

/// Only one spelling of a decoded path is taken: a browser's.
#[test]
fn double_encoding_takes_no_signed_watermark_away() {
    for (signed, sent) in [
        ("/s/cdn/wmk-path:%2Fl.png/p.jpg", "/s/cdn/wmk-path:%252Fl.png/p.jpg"),
        ("/s/cdn/wmk-path:/l.png/p.jpg", "/s/cdn/wmk-path:%2Fl.png/p.jpg"),
        ("/s/cdn/blur:4/p.jpg", "/s/cdn/blur:4%2Fp.jpg"),
        ("/s/cdn/blur:4/p.jpg", "/s/cdn/%62lur:4/p.jpg"),
        ("/s/cdn/p.jpg?v=1", "/s/cdn/p.jpg%3Fv=1"),
    ] {
        let url = format!("{sent}?bossToken={}", hmac("k", signed));
        assert!(matches!(verify(&url, &keyed("k")), Verdict::Bad { .. }), "{url}");
    }
    for (signed, sent) in
        [("/s/cdn/a|b [1].jpg", "/s/cdn/a|b%20[1].jpg"), ("/s/cdn/a|b [1].jpg", "/s/cdn/a%7Cb%20%5B1%5D.jpg")]
    {
        let url = format!("{sent}?bossToken={}", hmac("k", signed));
        assert_eq!(verify(&url, &keyed("k")), Verdict::Good { expires: None, form: "decoded" }, "{url}");
    }
}

#[test]
fn any_live_secret_is_taken_and_the_first_signs() {
    let mut signing = keyed("new");
    signing.secrets.push(Secret::new("old"));
    let url = format!("/s/cdn/p.jpg?bossToken={}", hmac("old", "/s/cdn/p.jpg"));
    assert!(matches!(verify(&url, &signing), Verdict::Good { .. }));
    let sign = |target: &str| Imageboss.sign(target, &Settings::default(), &signing, None);
    assert_eq!(sign("/s/cdn/p.jpg"), Ok(format!("/s/cdn/p.jpg?bossToken={}", hmac("new", "/s/cdn/p.jpg"))));
    let with_query = format!("/s/cdn/p.jpg?v=3&bossToken={}", hmac("new", "/s/cdn/p.jpg?v=3"));
    assert_eq!(sign("/s/cdn/p.jpg?bossToken=1&v=3"), Ok(with_query));
    let none = Imageboss.sign("/s/cdn/p.jpg", &Settings::default(), &Signing::default(), None);
    assert_eq!(none, Err(Unsignable::NoSecret));
    let ends = Imageboss.sign("/s/cdn/p.jpg", &Settings::default(), &signing, Some(1));
    assert!(matches!(ends, Err(Unsignable::Unwritable(_))), "{ends:?}");
}

proptest! {
    #[test]
    fn what_is_signed_is_good_and_one_character_more_is_not(
        path in paths(),
        query in "[a-z0-9=&]{0,12}",
        secret in "[ -~é]{0,12}",
        at in any::<prop::sample::Index>(),
        to in "[a-zA-Z0-9]",
    ) {
        let signing = keyed(&secret);
        let url = Imageboss.sign(&format!("{path}?{query}"), &Settings::default(), &signing, None).unwrap();
        prop_assert!(matches!(verify(&url, &signing), Verdict::Good { .. }), "{}", url);
        let at = 1 + at.index(url.len() - 1);
        prop_assume!(url.is_char_boundary(at) && url.is_char_boundary(at + 1));
        let changed = format!("{}{to}{}", &url[..at], &url[at + 1..]);
        if changed != url {
            prop_assert!(!matches!(verify(&changed, &signing), Verdict::Good { .. }), "{} {}", url, changed);
        }
    }

    #[test]
    fn verifying_never_panics(url in any::<String>()) {
        let _ = verify(&url, &keyed("k"));
        let _ = verify(&format!("/{url}?{url}&bossToken={}", "0".repeat(64)), &keyed("k"));
        let _ = Imageboss.sign(&url, &Settings::default(), &keyed("k"), None);
    }
}
