use super::*;
use crate::{Policy, Secret, Signing, Unsignable, Verdict};

fn salted(salt: &str, sealed: bool) -> Signing {
    Signing { policy: Policy::Required, secrets: vec![Secret::new(salt)], sealed, least_digits: 0 }
}

fn verify(target: &str, signing: &Signing) -> Verdict {
    Cloudimage.verify(Target::new(target), "", &Settings::default(), signing)
}

fn form(target: &str, signing: &Signing) -> &'static str {
    match verify(target, signing) {
        Verdict::Good { form, expires: None } => form,
        other => panic!("{target}: {other:?}"),
    }
}

fn is_bad(target: &str, signing: &Signing) {
    assert!(matches!(verify(target, signing), Verdict::Bad { .. }), "{target}: {:?}", verify(target, signing));
}

/// The vectors of the vendor's Ruby gem (its specs and README), then SHA-1 of the documented formula by another program.
#[test]
fn signatures_of_the_vendors_clients_are_good() {
    for (salt, target, want) in [
        ("salt", "/assets/image.jpg?ci_sign=8e71efd440164f3cc8", "slash-path"),
        ("salt", "/assets/image.jpg?ci_sign=84c81ef20852013046&w=200", "slash-path"),
        // The gem sorts parameters after it has signed them.
        ("salt", "/v7/assets/image.jpg?ci_info=1&ci_sign=40bd5a1d99455fe5cf&h=100&w=200", "slash-path"),
        ("mysecretsalt", "/assets/image.png?h=400&w=200&ci_sign=79cfbc458b", "slash-path"),
        ("s3cr3t", "/sample.li/boat.jpg?w=500&ci_sign=51bb3213e7f2fea90597bbe0207b9b2043190211", "path"),
        ("s3cr3t", "/v7/sample.li/boat.jpg?w=500&ci_sign=8ae852ad5185622b55d75c08786aa78066126197", "slash-path"),
        (
            "s3cr3t",
            "/https://sample.li/boat.jpg?w=500&h=300&func=crop&ci_sign=7742d0d2de9884b52d120055a2bdbed944134e71",
            "path",
        ),
        (
            "s3cr3t",
            "/https://sample.li/boat.jpg?w=500&h=300&func=crop&ci_sign=0ef71ae7012683d8115f1fd5e95c27f3b3bb646d",
            "slash-path",
        ),
        ("s3cr3t", "/_src0_/a/b.jpg?p=thumb&ci_sign=2d87f13b33917663b866995771accef55336353b", "path"),
        ("s3cr3t", "/_src0_/a/b.jpg?p=thumb&ci_sign=052818a330a33fbc73be714a21cfbba1471596e2", "slash-path"),
        ("s3cr3t", "/_src0_/a/b.jpg?ci_sign=62594dbf1eec2e9c3c436931fa08e96335a57e20", "path"),
        ("s3cr3t", "/_src0_/a%20b.jpg?w=10&ci_sign=3458be1dbdc654e64b82420e7ae353c83936c091", "slash-path"),
        // sha1("s3cr3t_src0_/a b.jpg?w=10"): what a client signs that encodes later.
        ("s3cr3t", "/_src0_/a%20b.jpg?w=10&ci_sign=SIGN", "decoded"),
    ] {
        let target = target.replace("SIGN", &sha1("s3cr3t_src0_/a b.jpg?w=10"));
        assert_eq!(form(&target, &salted(salt, false)), want, "{target}");
        is_bad(&target, &salted("another", false));
    }
}

fn sha1(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    crate::signing::hex(digest.as_ref())
}

#[test]
fn a_signature_is_as_long_as_the_site_asks() {
    let whole = sha1("sa.jpg?w=1");
    for (least, digits, good) in [
        (0, 40, true),
        (0, 8, true),
        (0, 7, false),
        (6, 6, true),
        (6, 5, false),
        (1, 5, false),
        (18, 17, false),
        (18, 18, true),
        (99, 39, false),
        (99, 40, true),
    ] {
        let signing = Signing { least_digits: least, ..salted("s", false) };
        let verdict = verify(&format!("/a.jpg?w=1&ci_sign={}", &whole[..digits]), &signing);
        assert_eq!(matches!(verdict, Verdict::Good { .. }), good, "{least} {digits}");
    }
}

#[test]
fn what_no_client_signs_is_refused() {
    let right = sha1("sa.jpg?w=1");
    for target in [
        format!("/a.jpg?w=1&ci_sign={}", right.to_uppercase()),
        format!("/a.jpg?w=1&ci_sign={right}0"),
        format!("/a.jpg?w=1&ci_sign={right}&ci_sign={right}"),
        format!("/a.jpg?w=1&h=1&ci_sign={right}"),
        format!("/a.jpg?ci_sign={right}"),
        // Decoded, a query is never checked.
        format!("/a.jpg?%77=1&ci_sign={right}"),
        // Nor can a path hold one.
        format!("/a.jpg%3Fw=1?ci_sign={right}"),
        format!("/a.jpg?w=1\u{7f}&ci_sign={}", sha1("sa.jpg?w=1\u{7f}")),
        format!("/é.jpg?ci_sign={}", sha1("sé.jpg")),
        format!("/a%00.jpg?ci_sign={}", sha1("sa\0.jpg")),
        "/a.jpg?w=1&ci_sign".to_owned(),
        "/a.jpg?w=1&ci_sign=".to_owned(),
    ] {
        is_bad(&target, &salted("s", false));
    }
    assert_eq!(verify("/a.jpg?w=1", &salted("s", false)), Verdict::Unsigned);
    assert_eq!(verify(&format!("/a.jpg?w=1&ci_seal={right}"), &salted("s", false)), Verdict::Unsigned);
    assert_eq!(
        verify("/v7/a.jpg?w=1&ci_sign=00000000", &salted("s", false)),
        Verdict::Bad { hashed: "a.jpg?w=1".to_owned() }
    );
}

#[test]
fn any_live_secret_is_taken_and_the_first_signs() {
    let mut signing = salted("new", false);
    signing.secrets.push(Secret::new("old"));
    assert_eq!(form(&format!("/a.jpg?ci_sign={}", sha1("olda.jpg")), &signing), "path");
    let signed = Cloudimage.sign("/a.jpg", &Settings::default(), &signing, None).unwrap();
    assert_eq!(signed, format!("/a.jpg?ci_sign={}", sha1("newa.jpg")));
}

/// The vectors of the vendor's Ruby gem and of its documentation (whose digest belongs to the salt `test`, not `salt` as the
/// page says), then SHA-1 of the documented formula by another program.
#[test]
fn seals_of_the_vendors_clients_are_good() {
    let page = "d2F0PTEmd2F0X3VybD1odHRwOi8vc2FtcGxlLmxpL2xvdWlzLXZ1aXR0b24tbG9nby13aGl0ZS5wbmcmd2F0X3NjYWxlPTQ1JndhdF9ncmF\
                2aXR5PXNvdXRod2VzdCZ3YXRfcGFkPTE1";
    let page = format!("/sample.li/birds.jpg?ci_eqs={page}&ci_seal=a355cce069fbfb18a4c39113067bf626ead2ebab");
    for (salt, target, want) in [
        ("salt", "/assets/image.jpg?ci_seal=57e9278520bd99de50", "slash-path"),
        ("salt", "/assets/image.jpg?ci_eqs=Ymx1cj0yMCZoPTMwMCZ3PTMwMA&ci_seal=b7b7a8fde707bed4b4", "slash-path"),
        ("salt", "/assets/image.jpg?ci_eqs=Ymx1cj0yMCZoPTMwMA&ci_seal=a49adc8f592ef99188&w=300", "slash-path"),
        (
            "test",
            "/v7/sample.li/birds.jpg?ci_eqs=Zj1icmlnaHQlM0ExMCUyQ2NvbnRyYXN0JTNBMjAmdz0zMDA&ci_seal=67dd8cc44f6ba44ee5",
            "slash-path",
        ),
        ("test", &page, "path"),
        (
            "s3cr3t",
            "/sample.li/birds.jpg?ci_eqs=d2F0PTEmd2F0X3NjYWxlPTM1cA&ci_seal=c4eb6201ff123b8d3e6ba7fb6a50893755135f2d",
            "path",
        ),
        (
            "s3cr3t",
            "/sample.li/birds.jpg?w=525&ci_seal=90dcf478098be4fe117d4bd4f6cea6e551320157&ci_eqs=d2F0PTEmd2F0X3NjYWxlPTM1cA&h=394",
            "slash-path",
        ),
        ("s3cr3t", "/_src0_/a.jpg?ci_seal=d509838b60661c107090924eacd8dff3f58d60c4&w=525&h=394", "path"),
        // The image editor seals the decoded source, and that it is encoded.
        (
            "s3cr3t",
            "/https%3A%2F%2Fsample.li%2Fbirds.jpg?ci_eqs=d2F0PTEmY2lfdXJsX2VuY29kZWQ9MQ\
             &ci_seal=6995236e634c6194869bb3f3269e68e8edd0e912",
            "decoded",
        ),
        (
            "s3cr3t",
            "/_src0_/a.jpg?ci_eqs=d2F0PTEmd2F0X3RleHQ9w7w_Pn7Dvw&ci_seal=fd3388d389ba38a0c2f0fc375a5a769bca3d9e66",
            "path",
        ),
        (
            "s3cr3t",
            "/_src0_/a.jpg?ci_eqs=d2F0PTEmd2F0X3RleHQ9w7w/Pn7Dvw&ci_seal=dc53f2a92913c83ed3a5b8143d9fb5cfff5d11f8",
            "path",
        ),
        // The same, its slash encoded on the way.
        ("s3cr3t", "/_src0_/a.jpg?ci_eqs=d2F0PTEmd2F0X3RleHQ9w7w%2FPn7Dvw&ci_seal=dc53f2a929", "path"),
    ] {
        assert_eq!(form(target, &salted(salt, true)), want, "{target}");
        is_bad(target, &salted("another", true));
    }
    // The salt that the page names would give another digest.
    is_bad(&page, &salted("salt", true));
}

#[test]
fn sealed_parameters_are_read_and_cannot_be_undone() {
    let seal =
        |query: &str| Cloudimage.sign(&format!("/a.jpg?{query}"), &Settings::default(), &salted("s", true), None);
    let sealed = seal("wat=1&wat_url=/l.png&w=300").unwrap();
    assert_eq!(form(&sealed, &salted("s", true)), "path");
    let parse =
        |url: &str| Cloudimage.parse(Target::new(url), &Settings { sealed: true, ..Settings::default() }).unwrap();
    let stages = |url: &str| parse(url).plan.stages_text();
    let want = "orient:exif|resize:300x-,inside|overlay:path5(l.png),shrink,center,[orient:exif]";
    assert_eq!(stages(&sealed), want);
    for more in [
        "wat=0",
        "w=10",
        "width=10",
        "wat_url=/other.png",
        "wat_text=other",
        "wat_url[1]=/other.png",
        "wat_opacity[1]=0",
        "wat_url%5B0%5D=/other.png",
        "func=proxy",
        "func=PROXY",
        // Only the plain name counts as sealed.
        "ci%5Feqs=d2F0PTA",
    ] {
        let url = format!("{sealed}&{more}");
        assert_eq!(form(&url, &salted("s", true)), "path", "{url}");
        assert_eq!(stages(&url), want, "{url}");
        assert!(!parse(&url).plan.output.original, "{url}");
    }
    // What is not sealed is free.
    assert!(stages(&format!("{sealed}&h=200&gray=1")).contains("300x200,cover|grayscale|"));
    is_bad(&format!("{sealed}&ci_eqs=d2F0PTA"), &salted("s", true));
    is_bad("/a.jpg?ci_eqs=d2F0PTA", &salted("s", true));
    assert_eq!(verify("/a.jpg?w=3", &salted("s", true)), Verdict::Unsigned);
    // What was sealed stays sealed when it is signed anew, and the rest free.
    let again = Cloudimage.sign(&format!("{sealed}&h=9"), &Settings::default(), &salted("t", true), None).unwrap();
    assert_eq!(form(&again, &salted("t", true)), "path");
    assert_eq!(stages(&again), "orient:exif|resize:300x9,cover|overlay:path5(l.png),shrink,center,[orient:exif]");
    assert_eq!(seal("").unwrap(), format!("/a.jpg?ci_seal={}", sha1("a.jpgs")));
}

#[test]
fn what_cannot_be_signed() {
    let none = Signing::default();
    assert_eq!(Cloudimage.sign("/a.jpg", &Settings::default(), &none, None), Err(Unsignable::NoSecret));
    let ends = Cloudimage.sign("/a.jpg", &Settings::default(), &salted("s", false), Some(1));
    assert!(matches!(ends, Err(Unsignable::Unwritable(_))), "{ends:?}");
}

proptest! {
    #[test]
    fn what_is_signed_is_good_and_one_character_more_is_not(
        query in queries(),
        path in "(/v7)?/[a-z0-9_%.]{1,12}",
        salt in "[ -~é]{0,12}",
        sealed: bool,
        at in any::<prop::sample::Index>(),
        to in "[a-zA-Z0-9]",
    ) {
        let signing = salted(&salt, sealed);
        let query: Vec<_> = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("ci_s")).collect();
        let query: Vec<_> = query.into_iter().filter(|pair| !pair.starts_with("ci_eqs")).collect();
        let url = Cloudimage.sign(&format!("{path}?{}", query.join("&")), &Settings::default(), &signing, None).unwrap();
        prop_assert!(matches!(verify(&url, &signing), Verdict::Good { .. }), "{}: {:?}", url, verify(&url, &signing));
        let start = if path.starts_with("/v7/") { 4 } else { 1 };
        let at = start + at.index(url.len() - start);
        let changed = format!("{}{to}{}", &url[..at], &url[at + 1..]);
        if changed != url {
            prop_assert!(!matches!(verify(&changed, &signing), Verdict::Good { .. }), "{} {}", url, changed);
        }
    }

    #[test]
    fn verifying_never_panics(url in any::<String>(), sealed: bool, least: u8) {
        let signing = Signing { least_digits: least, ..salted("s", sealed) };
        let _ = verify(&url, &signing);
        let _ = verify(&format!("/{url}?ci_eqs={url}&ci_seal=00000000&ci_sign=00000000"), &signing);
        let _ = Cloudimage.sign(&url, &Settings::default(), &signing, None);
    }
}
