//! Where each setting came from.

use testkit::authority::Authority;

use super::accepted::example;
use super::{Case, LEAST, variables};
use crate::{Config, Flags, SetBy, Setting, keys};

fn find<'s>(settings: &'s [Setting], key: &str) -> &'s Setting {
    settings.iter().find(|setting| setting.key == key).unwrap_or_else(|| panic!("{key} in {settings:?}"))
}

/// A setting of a configuration: `cache.disk`, `source.NAME.key`, `site.NAME.key`.
fn setting<'c>(config: &'c Config, path: &str) -> &'c Setting {
    let provenance = &config.provenance;
    let parts: Vec<&str> = path.splitn(3, '.').collect();
    let named = |list: &'c [(String, Vec<Setting>)]| {
        let (_, settings) = list.iter().find(|(name, _)| name == parts[1]).unwrap();
        find(settings, parts[2])
    };
    match parts[0] {
        "source" => named(&provenance.sources),
        "site" => named(&provenance.sites),
        _ => find(&provenance.settings, path),
    }
}

fn place(line: usize) -> SetBy {
    SetBy::File { line }
}

#[test]
fn every_setting_has_a_value_or_none_and_says_what_it_is_for() {
    let config = crate::load(&example(), &[], &Flags::default()).unwrap();
    let provenance = &config.provenance;
    assert_eq!(provenance.file.as_deref(), Some(example().as_path()));
    let mut wanted = vec!["data".to_owned()];
    for (table, keys) in keys::PLAIN.iter().chain(&[("fonts", keys::FONTS)]) {
        wanted.extend(keys.iter().map(|key| format!("{table}.{key}")));
    }
    for (source, keys) in [("samples", keys::LOCAL), ("shop", keys::HTTP), ("web", keys::PROXY)] {
        wanted.extend(keys.iter().map(|key| format!("source.{source}.{key}")));
    }
    for site in ["pictures", "shop", "cloud"] {
        wanted.extend(keys::SITE.iter().map(|key| format!("site.{site}.{key}")));
    }
    for path in &wanted {
        let setting = setting(&config, path);
        assert!(setting.doc.len() > 10, "{path} is told so: {:?}", setting.doc);
    }
    let groups = provenance.sources.iter().chain(&provenance.sites).map(|(_, settings)| settings.len());
    assert_eq!(provenance.settings.len() + groups.sum::<usize>(), wanted.len(), "nothing else is there");
    for (table, keys) in [("webhook", keys::WEBHOOK), ("certificate", keys::CERTIFICATE)] {
        for key in keys {
            assert!(crate::docs::doc(table, key).len() > 10, "{table}.{key}");
        }
    }
}

/// The example says what the defaults are; what is read without it must come to the same.
#[test]
fn defaults_are_those_of_the_example() {
    let shown = crate::load(&example(), &[], &Flags::default()).unwrap();
    let case = Case::new(LEAST);
    let least = case.load().unwrap();
    let mut compared = 0;
    for setting in least.provenance.settings.iter().filter(|setting| setting.key != "data") {
        assert_eq!(setting.from, SetBy::Default, "{}", setting.key);
        let other = find(&shown.provenance.settings, &setting.key);
        assert_eq!(setting.value, other.value, "{}", setting.key);
        compared += usize::from(matches!(other.from, SetBy::File { .. }));
    }
    assert!(compared > 30, "{compared} of the example's settings were held against the defaults");
    for key in keys::SITE {
        let (ours, example) =
            (setting(&least, &format!("site.shop.{key}")), setting(&shown, &format!("site.pictures.{key}")));
        if !matches!(*key, "name" | "sources") {
            assert_eq!(ours.value, example.value, "{key}");
        }
    }
    // Only these have no default.
    let unset = least.provenance.sites[0].1.iter().filter(|setting| setting.value.is_none());
    let unset: Vec<&str> = unset.map(|setting| setting.key.as_str()).collect();
    assert_eq!(unset, ["signing_secret_files", "missing_picture", "missing_status"]);
}

#[test]
fn each_value_knows_its_line_variable_or_argument() {
    let case = Case::new(
        r#"listen = { delivery = "127.0.0.1:1", control = "127.0.0.1:2" }
[cache]
memory = "1024KiB"
edge_time = "24h"
[limits]
input_pixels = 5000000
queue = 9
[log]
level = "debug"
[source.shop]
type = "http"
base = "https://shop.example/media"
total_timeout = "1m"
[[site]]
name = "shop"
dialect = "imagekit"
sources = ["shop"]
prefix = "/a/"
hosts = [
  "img.example",
]
"#,
    );
    let env = [("AFTERIMAGE__CACHE__DISK", "20480MiB"), ("AFTERIMAGE__SOURCE__SHOP__MAX_REDIRECTS", "5")];
    let env = env.into_iter().chain([("AFTERIMAGE__LIMITS__QUEUE", "7")]).collect::<Vec<_>>();
    let flags = Flags { control: Some("127.0.0.1:6".to_owned()), data: Some("store".into()), ..Flags::default() };
    let config = case.load_with(&env, &flags).unwrap();
    let variable = |name: &str| SetBy::Environment { name: format!("AFTERIMAGE__{name}") };
    let flag = |name: &str| SetBy::Flag { name: name.to_owned() };
    for (path, value, from) in [
        ("listen.delivery", "127.0.0.1:1", place(1)),
        ("listen.control", "127.0.0.1:6", flag("--control")),
        ("data", "store", flag("--data")),
        ("cache.memory", "1MiB", place(3)),
        ("cache.disk", "20GiB", variable("CACHE__DISK")),
        ("cache.edge_time", "1d", place(4)),
        ("cache.error_time", "10s", SetBy::Default),
        ("limits.input_pixels", "5MP", place(6)),
        ("limits.queue", "7", variable("LIMITS__QUEUE")),
        ("log.level", "debug", place(9)),
        ("log.json", "false", SetBy::Default),
        ("source.shop.type", "http", place(11)),
        ("source.shop.base", "https://shop.example/media", place(12)),
        ("source.shop.total_timeout", "1m", place(13)),
        ("source.shop.max_redirects", "5", variable("SOURCE__SHOP__MAX_REDIRECTS")),
        ("source.shop.max_bytes", "100MiB", SetBy::Default),
        ("site.shop.prefix", "/a", place(18)),
        ("site.shop.hosts", "[\"img.example\"]", place(19)),
        ("site.shop.edge_time", "1d", SetBy::Default),
        ("site.shop.signing", "off", SetBy::Default),
    ] {
        let setting = setting(&config, path);
        assert_eq!((setting.value.as_deref(), &setting.from), (Some(value), &from), "{path}");
    }
    assert_eq!((place(3).name(), place(3).place()), ("file", Some("line 3".to_owned())));
}

#[test]
fn without_a_file_that_is_said() {
    let case = Case::new("");
    let env = variables(&[("AFTERIMAGE__CACHE__MEMORY", "5MiB")]);
    let config = crate::zero(&case.path().join("photos"), &env, &Flags::default()).unwrap();
    assert_eq!(config.provenance.file, None);
    for (path, from) in [
        ("source.local.root", SetBy::ZeroConfig),
        ("site.imageboss.prefix", SetBy::ZeroConfig),
        ("site.imgix.strict", SetBy::Default),
        ("cache.memory", SetBy::Environment { name: "AFTERIMAGE__CACHE__MEMORY".to_owned() }),
    ] {
        assert_eq!(setting(&config, path).from, from, "{path}");
    }
}

#[test]
fn secrets_are_counted_and_not_shown() {
    let case = Case::new(
        r#"
listen = { delivery_tls = "127.0.0.1:1" }
[[webhook]]
url = "https://hooks.example/token-hidden?key=hidden"
secret_file = "hidden.webhook"
[[certificate]]
cert_file = "a.pem"
key_file = "a.key"
[source.shop]
type = "http"
base = "https://shop.example/"
headers = { X-Api-Key = "hidden-1", Authorization = "hidden-2" }
[[site]]
name = "shop"
dialect = "imgix"
sources = ["shop"]
signing = "required"
signing_secret_files = ["hidden.one", "hidden.two"]
"#,
    );
    Authority::new().unwrap().write(case.path(), "a", &["img.example"]).unwrap();
    for name in ["one", "two", "webhook"] {
        std::fs::write(case.path().join(format!("hidden.{name}")), "hidden-hidden-hidden-hidden").unwrap();
    }
    let env = [("AFTERIMAGE__SOURCE__SHOP__HEADERS__X_TOKEN", "hidden-3")];
    let config = case.load_with(&env, &Flags::default()).unwrap();
    for (path, value) in [
        ("webhook.1.url", "https://hooks.example/... (the rest is not shown)"),
        ("webhook.1.secret_file", "a file, not shown"),
        ("certificate.1.key_file", "a file, not shown"),
        ("source.shop.headers", "X-Api-Key, Authorization, x-token (values are not shown)"),
        ("site.shop.signing_secret_files", "2 files, not shown"),
    ] {
        assert_eq!(setting(&config, path).value.as_deref(), Some(value), "{path}");
    }
    assert!(setting(&config, "certificate.1.cert_file").value.as_ref().is_some_and(|value| value.ends_with("a.pem")));
    assert!(!format!("{:?}", config.provenance).contains("hidden"), "{:?}", config.provenance);
}
