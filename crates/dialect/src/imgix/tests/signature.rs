//! Vectors made by `@imgix/js-core` 3.8.0 and by PyPI `imgix` 4.0.0, for the token `FOO123bar`.

use proptest::prelude::*;

use crate::imgix::Imgix;
use crate::signing::hex;
use crate::{Dialect, ParseError, Secret, Settings, Signing, Target, Unsignable, Verdict};
use md5::{Digest, Md5};

const TOKEN: &str = "FOO123bar";

/// What the clients sent.
const VECTORS: &[&str] = &[
    "/users/1.png?s=6797c24146142d5b40bde3141fd3600c",
    "/users/1.png?w=400&h=300&s=c7b86f666a832434dd38577e38cf86d1",
    "/users/1.png?h=300&w=400&s=1a4e48641614d1109c6a7af51be23d18",
    "/http%3A%2F%2Favatars.com%2Fjohn-smith.png?w=400&h=300&s=61ea1cc7add87653bb0695fe25f2b534",
    "/http%3A%2F%2Favatars.com%2Fjohn-smith.png?h=300&w=400&s=a201fe1a3caef4944dcb40f6ce99e746",
    "/base.png?txt64=SGVsbG8sIFdvcmxkIQ&mark64=aHR0cHM6Ly9hc3NldHMuaW1naXgubmV0L2xvZ28ucG5n&w=640&s=5945d6052a129c4611ee8550a5f83acd",
    "/images/b%C3%BCro%20&%20co/a%2Bb%20100%25.jpg?auto=format%2Ccompress&ar=16%3A9&fit=crop&s=6754d5588197ba9eae3bf1144b494d9f",
    "/images/b%C3%BCro%20&%20co/a%2Bb%20100%25.jpg?ar=16%3A9&auto=format%2Ccompress&fit=crop&s=f84211e381a7f6bb63ff40f80141fcc4",
    "/users/1.png?w=400&expires=1893456000&s=bd1fc2167cd0007c47522e3a2bb9bae1",
    "/users/1.png?ixlib=js-3.8.0&w=400&s=f8ae38c5032a6657a0c3b4db897b8e6f",
    "/users/1.png?ixlib=python-4.0.0&w=400&s=420ee9051c34fa7eb743b481fe0459fd",
    "/https%3A%2F%2Fexample.com%2Fa%20b%2Fc.jpg%3Fx%3D1%26y%3D2%23z?w=100&s=03c5fb661194992798460751b6856913",
    "/it's%20(1).jpg?txt=it's%20(ok)!%20*~&s=cc1d4629825c1be34c02bda000ead3c0",
    "/it%27s%20%281%29.jpg?txt=it%27s%20%28ok%29%21%20%2A~&s=1b8a7df0590f340be6c28a17523e28a5",
    "/?w=1&s=83912e52d0cbaefd0a6b8653b52859f9",
    "/file+with%20some+crazy?things.jpg?w=100&s=f5b0abed8940d883e29d647c3b23255c",
];

fn signing(secrets: &[&str]) -> Signing {
    Signing { secrets: secrets.iter().map(|secret| Secret::new(secret)).collect(), ..Signing::default() }
}

fn verdict(target: &str, prefix: &str, secrets: &[&str]) -> Verdict {
    Imgix.verify(Target::new(target), prefix, &Settings::default(), &signing(secrets))
}

/// The form in which it was found good.
fn form(target: &str) -> Option<&'static str> {
    match verdict(target, "", &[TOKEN]) {
        Verdict::Good { form, .. } => Some(form),
        _ => None,
    }
}

fn md5(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

fn sign(target: &str, expires: Option<u64>) -> String {
    Imgix.sign(target, &Settings::default(), &signing(&[TOKEN]), expires).unwrap()
}

#[test]
fn what_the_clients_sign_is_good() {
    for vector in VECTORS {
        assert_eq!(form(vector), Some("raw"), "{vector}");
    }
    // The Python client hashes the empty path as it is; HTTP clients then send the root.
    assert_eq!(form("/?w=1&s=779ac9b88ff06264f72b721178eb8c56"), Some("root"));
    assert_eq!(form("?w=1&s=779ac9b88ff06264f72b721178eb8c56"), Some("raw"));
    // A browser escapes the apostrophe that the JavaScript client signed.
    let escaped = "/it's%20(1).jpg?txt=it%27s%20(ok)!%20*~&s=cc1d4629825c1be34c02bda000ead3c0";
    assert_eq!(form(escaped), Some("apostrophe"));
}

#[test]
fn a_vector_with_one_other_character_is_bad() {
    for vector in VECTORS {
        for at in (1..vector.len()).filter(|at| vector.is_char_boundary(*at)) {
            for other in ["x", "0", "/", "&"] {
                let mut changed = (*vector).to_owned();
                changed.replace_range(at..at + 1, other);
                if changed == *vector {
                    continue;
                }
                // A change of its name makes it one that is missing.
                let query = Target::new(&changed).query.unwrap_or_default();
                let signed = query.split('&').any(|pair| pair == "s" || pair.starts_with("s="));
                match verdict(&changed, "", &[TOKEN]) {
                    Verdict::Bad { .. } => assert!(signed, "{changed}"),
                    Verdict::Unsigned => assert!(!signed, "{changed}"),
                    Verdict::Good { .. } => panic!("{changed}"),
                }
            }
        }
    }
}

#[test]
fn signatures_are_in_lower_case_and_whole() {
    let good = VECTORS[1];
    let (before, signature) = good.rsplit_once('=').unwrap();
    for bad in [signature.to_uppercase(), signature[..31].to_owned(), format!("{signature}0"), String::new()] {
        let hashed = "/users/1.png?w=400&h=300".to_owned();
        assert_eq!(verdict(&format!("{before}={bad}"), "", &[TOKEN]), Verdict::Bad { hashed }, "{bad}");
    }
    assert_eq!(verdict("/users/1.png?w=400&h=300", "", &[TOKEN]), Verdict::Unsigned);
    assert_eq!(verdict("/users/1.png?w=400&S=c7b86f666a832434dd38577e38cf86d1", "", &[TOKEN]), Verdict::Unsigned);
    assert!(matches!(verdict(good, "", &[]), Verdict::Bad { .. }));
}

#[test]
fn it_may_stand_anywhere() {
    let s = "s=c7b86f666a832434dd38577e38cf86d1";
    for target in [
        format!("/users/1.png?{s}&w=400&h=300"),
        format!("/users/1.png?w=400&{s}&h=300"),
        format!("/users/1.png?w=400&h=300&{s}"),
        format!("/users/1.png?s=0&w=400&h=300&{s}"),
    ] {
        assert_eq!(form(&target), Some("raw"), "{target}");
    }
    assert_eq!(form(&format!("/users/1.png?h=300&{s}&w=400")), None);
    assert_eq!(form(&format!("/users/1.png?w=400&{s}&h=300&s=0")), None);
}

#[test]
fn any_of_several_secrets_may_have_signed() {
    for secrets in [&["new", TOKEN][..], &[TOKEN, "new"], &["a", "b", TOKEN]] {
        assert!(matches!(verdict(VECTORS[1], "", secrets), Verdict::Good { expires: None, form: "raw" }));
    }
    assert!(matches!(verdict(VECTORS[1], "", &["new"]), Verdict::Bad { .. }));
}

/// What was signed, what arrived, and the form that it is found by.
#[test]
fn urls_that_were_written_anew_are_good_in_one_of_few_ways() {
    let rows = [
        ("/p?txt=it's", "/p?txt=it%27s", Some("apostrophe")),
        ("/p?txt=it%27s", "/p?txt=it's", None),
        ("?w=1", "/?w=1", Some("root")),
        ("/p?txt=a%20b", "/p?txt=a+b", Some("plus")),
        ("/p?txt=a+b", "/p?txt=a%20b", Some("space")),
        ("/p?auto=format,compress", "/p?auto=format%2Ccompress", Some("comma")),
        ("/p?auto=format,compress", "/p?auto=format%2ccompress", Some("comma")),
        ("/p?auto=format%2Ccompress", "/p?auto=format,compress", Some("comma-escaped")),
        ("/b%C3%BC?ar=1%3A2", "/b%c3%bc?ar=1%3a2", Some("upper-hex")),
        ("/b%c3%bc?ar=1%3a2", "/b%C3%BC?ar=1%3A2", Some("lower-hex")),
        ("/b%C3%BC%20x", "/bü x", Some("path-escaped")),
        ("/bü x", "/b%C3%BC%20x", Some("path-bare")),
        ("/bü%2Bx", "/b%C3%BC%2Bx", Some("path-bare")),
        // Nothing else, and no two at once.
        ("/p?ar=1:2", "/p?ar=1%3A2", None),
        ("/a+b", "/a%20b", None),
        ("/a,b", "/a%2Cb", None),
        ("/p?txt=ü", "/p?txt=%C3%BC", None),
        ("/a'b", "/a%27b", None),
        ("/p?w=1&h=2", "/p?h=2&w=1", None),
        ("/p?txt=it's+ok", "/p?txt=it%27s%20ok", None),
        ("/p/?w=1", "/p?w=1", None),
        ("/p?w=%31", "/p?w=1", None),
    ];
    for (signed, arrived, wanted) in rows {
        let signature = md5(&format!("{TOKEN}{signed}"));
        let mark = if arrived.contains('?') { '&' } else { '?' };
        assert_eq!(form(&format!("{arrived}{mark}s={signature}")), wanted, "{signed} arrives as {arrived}");
    }
}

#[test]
fn the_prefix_may_be_signed_too() {
    let with = |signed: &str| format!("/1.png?w=400&s={}", md5(&format!("{TOKEN}{signed}?w=400")));
    let good = |target: &str, prefix: &str| match verdict(target, prefix, &[TOKEN]) {
        Verdict::Good { form, .. } => form,
        _ => "",
    };
    assert_eq!(good(&with("/1.png"), "/imgix"), "raw");
    assert_eq!(good(&with("/imgix/1.png"), "/imgix"), "raw+prefix");
    assert_eq!(good(&with("/imgix/1.png"), ""), "");
    assert_eq!(good(&with("/other/1.png"), "/imgix"), "");
    let escaped = format!("/1.png?txt=a%27b&s={}", md5(&format!("{TOKEN}/x/1.png?txt=a'b")));
    assert_eq!(good(&escaped, "/x"), "apostrophe+prefix");
}

#[test]
fn signing_yields_what_the_newest_client_yields() {
    for vector in VECTORS {
        let bare = vector.rsplit_once("s=").unwrap().0.trim_end_matches(['?', '&']);
        assert_eq!(sign(bare, None), *vector);
        assert_eq!(sign(vector, None), *vector, "signed anew");
    }
    let ends = "/users/1.png?w=400&expires=1893456000&s=bd1fc2167cd0007c47522e3a2bb9bae1";
    assert_eq!(sign("/users/1.png?w=400", Some(1_893_456_000)), ends);
    assert_eq!(sign("/users/1.png?expires=5&w=400&expires64=NQ&s=0", Some(1_893_456_000)), ends);
    assert_eq!(sign("/a.jpg", Some(7)), format!("/a.jpg?expires=7&s={}", md5(&format!("{TOKEN}/a.jpg?expires=7"))));
    assert_eq!(Imgix.sign("/a", &Settings::default(), &Signing::default(), None), Err(Unsignable::NoSecret));
}

#[test]
fn an_end_is_read_whether_or_not_it_is_signed() -> Result<(), ParseError> {
    let parse = |url: &str| Imgix.parse(Target::new(url), &Settings::default());
    assert_eq!(parse(VECTORS[8])?.expires, Some(1_893_456_000));
    assert_eq!(parse(VECTORS[1])?.expires, None);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(500), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_verifies_and_nothing_near_it(
        path in "/[a-zA-Z0-9%./ ü'+,-]{0,20}",
        query in "([a-z0-9]{1,4}=[a-zA-Z0-9%,.'+:]{0,9}(&[a-z0-9]{1,4}=[a-z%2C,]{0,5}){0,3})?",
        secret in "[a-zA-Z0-9]{1,20}",
        at in any::<proptest::sample::Index>(),
        byte in prop::sample::select((b'!'..=b'~').collect::<Vec<u8>>()),
    ) {
        let target = if query.is_empty() { path } else { format!("{path}?{query}") };
        let signing = signing(&[secret.as_str()]);
        let settings = Settings::default();
        let signed = Imgix.sign(&target, &settings, &signing, None).unwrap();
        let good = Imgix.verify(Target::new(&signed), "/x", &settings, &signing);
        prop_assert_eq!(good, Verdict::Good { expires: None, form: "raw" });

        let mut changed = signed.clone().into_bytes();
        let at = at.index(changed.len());
        prop_assume!(changed[at].is_ascii() && changed[at] != byte);
        changed[at] = byte;
        let changed = String::from_utf8(changed).unwrap();
        let verdict = Imgix.verify(Target::new(&changed), "/x", &settings, &signing);
        match verdict {
            Verdict::Good { form, .. } => {
                // Another case of an escape, or a `+`, a space or a comma in another spelling, is the same URL.
                prop_assert!(form != "raw", "{} for {}", changed, signed);
                prop_assert_eq!(
                    crate::text::decode_query(&changed),
                    crate::text::decode_query(&signed),
                    "{} by {}", changed, form
                );
            }
            Verdict::Bad { .. } | Verdict::Unsigned => {}
        }
    }
}
