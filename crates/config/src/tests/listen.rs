//! Listeners, certificates and the vendors' API hosts.

use testkit::authority::Authority;

use super::refused::told;
use super::{Case, LEAST};
use crate::Flags;

/// A case with `a.pem` for `img.shop.example` and `*.cdn.example`, and `b.pem` for `other.example`.
fn case(text: &str) -> Case {
    let case = Case::new(text);
    let authority = Authority::new().unwrap();
    authority.write(case.path(), "a", &["img.shop.example", "*.cdn.example"]).unwrap();
    authority.write(case.path(), "b", &["other.example"]).unwrap();
    case
}

#[test]
fn listeners_and_certificates_are_read() {
    let case = case(&format!(
        r#"
        [listen]
        delivery_tls = "0.0.0.0:443"
        control_tls = "[::1]:8444"
        api_hosts = ["API.imagekit.io", "api.imgix.com"]
        [[certificate]]
        cert_file = "a.pem"
        key_file = "a.key"
        hosts = ["Img.shop.example", "*.cdn.example", "x.cdn.example"]
        [[certificate]]
        cert_file = "b.pem"
        key_file = "b.key"
        {LEAST}"#
    ));
    let config = case.load_with(&[("AFTERIMAGE__LISTEN__CONTROL_TLS", "127.0.0.1:9443")], &Flags::default()).unwrap();
    assert_eq!(config.listen.delivery_tls, Some("0.0.0.0:443".parse().unwrap()));
    assert_eq!(config.listen.control_tls, Some("127.0.0.1:9443".parse().unwrap()));
    assert_eq!(config.listen.api_hosts, ["api.imagekit.io", "api.imgix.com"]);
    let [first, second] = config.certificates.as_slice() else { panic!("{:?}", config.certificates) };
    assert_eq!(first.hosts, ["img.shop.example", "*.cdn.example", "x.cdn.example"]);
    assert_eq!((&first.cert_file, &first.key_file), (&case.path().join("a.pem"), &case.path().join("a.key")));
    assert_eq!(second.hosts, [""; 0]);
}

#[test]
fn what_is_wrong_with_them_is_told() {
    let tls = "[listen]\ndelivery_tls = \"127.0.0.1:1\"\n";
    let files = |cert: &str, key: &str| format!("[[certificate]]\ncert_file = {cert:?}\nkey_file = {key:?}\n");
    let a = files("a.pem", "a.key");
    for (text, want) in [
        (tls.to_owned(), "1:1 TLS is to be spoken, and there is no [[certificate]] | write [[certificate]]"),
        (a.clone(), "1:1 no listener would show this certificate | add delivery_tls"),
        (
            format!("{tls}[certificate]\ncert_file = \"a.pem\"\n"),
            "3:1 `certificate` is a table, but there may be several",
        ),
        (format!("{tls}[[certificate]]\ncert_file = \"a.pem\"\n"), "3:1 [[certificate]] has no `key_file` | "),
        (format!("{tls}{a}host = []\n"), "6:1 unknown key `host` in [[certificate]] | did you mean `hosts`?"),
        (format!("{tls}{}", files("none.pem", "a.key")), "4:13 cannot read"),
        (format!("{tls}{}", files("a.key", "a.key")), "4:13 "),
        (format!("{tls}{}", files("a.pem", "a.pem")), "5:12 "),
        (format!("{tls}{}", files("a.pem", "b.key")), "5:12 the key in"),
        (format!("{tls}{a}hosts = [\"other.example\"]\n"), "6:9 the certificate in"),
        (format!("{tls}{a}hosts = [\"https://x\"]\n"), "6:10 \"https://x\" is no host name"),
        (format!("{tls}{a}hosts = [\"a.*.example\"]\n"), "6:10 \"a.*.example\" is no host name"),
        (
            format!("{tls}{a}hosts = [\"img.shop.example\"]\n{a}hosts = [\"img.shop.example\"]\n"),
            "10:9 another certificate is for \"img.shop.example\" already | remove one of them",
        ),
        ("listen.delivery_tls = 443\n".to_owned(), "1:23 `delivery_tls`: must be text, not a number"),
        (
            "listen.delivery_tls = \":443\"\n".to_owned(),
            "1:23 `delivery_tls`: \":443\" is no address to listen on | for all",
        ),
        (
            format!("[listen]\ndelivery_tls = \"0.0.0.0:8080\"\n{a}"),
            "2:16 delivery (127.0.0.1:8080) and delivery_tls (0.0.0.0:8080) cannot listen on one address",
        ),
        (
            format!("[listen]\ndelivery_tls = \"127.0.0.1:9\"\ncontrol_tls = \"127.0.0.1:9\"\n{a}"),
            "3:15 delivery_tls (127.0.0.1:9) and control_tls (127.0.0.1:9) cannot listen on one address",
        ),
        ("listen.api_hosts = [\"api.imgix.com:443\"]\n".to_owned(), "1:21 \"api.imgix.com:443\" is no host name"),
        ("listen.api_hosts = [\"*.imgix.com\"]\n".to_owned(), "1:21 \"*.imgix.com\" is no host name"),
        ("listen.api_hosts = \"api.imgix.com\"\n".to_owned(), "1:20 `api_hosts`: must be a list of texts"),
        (
            "listen.api_hosts = [\"b.example\", \"a.example\"]\n".to_owned(),
            "1:20 \"a.example\" is a host of site \"shop\" too",
        ),
    ] {
        let text = format!("{text}{}", LEAST.replace("dialect", "hosts = [\"a.example\"]\ndialect"));
        let errors = match case(&text).load() {
            Ok(config) => panic!("taken:\n{text}\n{:?}", config.listen),
            Err(errors) => told(&errors),
        };
        let [error] = errors.as_slice() else { panic!("{text}\n{errors:#?}") };
        assert!(error.starts_with(want), "{text}\n got {error}\nwant {want}");
    }
    // Lists are not for variables.
    let variables = [("AFTERIMAGE__LISTEN__API_HOSTS", "api.imgix.com")];
    let errors = case(LEAST).load_with(&variables, &Flags::default()).unwrap_err();
    assert!(told(&errors)[0].contains("unknown variable"), "{errors}");
}
