//! Configurations that are good, and what they come to.

use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::DialectKind;

use super::{Case, LEAST, variables};
use crate::{Cache, Config, Flags, Limits, Listen, Log, Purging, SourceKind, Webhook, keys};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Everything but sources and sites, which have no defaults of their own.
fn assert_defaults(config: &Config) {
    assert_eq!(config.listen, Listen::default());
    assert_eq!(config.cache, Cache::default());
    assert_eq!((config.browser_time, config.edge_time), (Duration::ZERO, 365 * DAY));
    assert_eq!(config.error_time, Duration::from_secs(10));
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.log, Log::default());
    assert_eq!(config.render, crate::Render::default());
    assert_eq!(config.purge, Purging::default());
    assert_eq!(config.stats, crate::Stats::default());
    assert!(config.webhooks.is_empty() && config.fonts.is_empty() && config.certificates.is_empty());
}

#[test]
fn the_least_file_has_every_default() {
    let case = Case::new(LEAST);
    let config = case.load().unwrap();
    assert_defaults(&config);
    assert_eq!(config.data, case.path().join("./afterimage-data"));
    let SourceKind::Local(local) = &config.sources[0].kind else { panic!("{:?}", config.sources) };
    assert_eq!(local.root, case.path().join("photos"));
    assert_eq!(local.max_bytes, 100 << 20);
    assert_eq!(local.refused, [case.path().canonicalize().unwrap().join("afterimage-data")]);
    let site = &config.sites[0];
    let fresh = engine::Site::new("shop", DialectKind::Imgix, "/", vec!["shop".to_owned()]);
    assert_eq!(format!("{site:?}"), format!("{fresh:?}"));
}

#[test]
fn each_setting_arrives_where_it_belongs() {
    let case = Case::new(
        r#"
        listen = { delivery = "0.0.0.0:80", control = "[::1]:9000" }
        data = "store"
        [cache]
        memory = "1GiB"
        disk = "20GB"
        masters_memory = "2MiB"
        masters_disk = "3GiB"
        browser_time = "1m"
        edge_time = "30d"
        error_time = "1s"
        [limits]
        input_bytes = "10MB"
        input_pixels = 5000000
        output_side = 4096
        frames = 7
        job_memory = "512MiB"
        job_time = "1500ms"
        queue = 9
        render_threads = 3
        delivery_threads = 5
        origin_fetches = 6
        origin_queue = 8
        [render]
        decoders = "require"
        [purge]
        rate = 1
        burst = 2
        names = 3000
        stale_time = "4s"
        sweep_bytes = "5MiB"
        sweep_entries = 60
        warm_rate = 7
        imgix_window = "10s"
        method = true
        [fonts]
        folders = ["photos", "."]
        [[webhook]]
        url = "https://cms.example/hook"
        secret_file = "secret"
        [log]
        access = false
        level = "debug"
        json = true
        [source.web]
        type = "http"
        base = "https://shop.example/media"
        allow_private = true
        connect_timeout = "1s"
        read_timeout = "2s"
        total_timeout = "3s"
        max_bytes = "4MB"
        max_redirects = 0
        no_cache = false
        user_agent = "me/1"
        headers = { Authorization = "Bearer x" }
        invalidation = true
        [source.disk]
        type = "local"
        root = "photos"
        max_bytes = "5MB"
        [[site]]
        name = "kit"
        dialect = "imagekit"
        hosts = ["IMG.example", "[::1]"]
        prefix = "/kit/"
        sources = ["disk", "web"]
        browser_time = "2m"
        edge_time = "2d"
        strict = true
        vendor_headers = false
        vendor_errors = true
        auto_format = false
        avif = false
        save_data = true
        endpoint = "/demo/shop/"
        max_side = 2000
        tags = [{ paths = "summer/**", tags = ["summer", "sale"] }]
        [[site]]
        name = "other"
        kind = "passthrough"
        unsafe_methods = true
        sources = ["web"]
        "#,
    );
    let config = case.load().unwrap();
    assert_eq!((config.listen.delivery.to_string(), config.listen.control.port()), ("0.0.0.0:80".to_owned(), 9000));
    assert_eq!(config.data, case.path().join("store"));
    let cache = Cache { memory: 1 << 30, disk: 20_000_000_000, masters_memory: 2 << 20, masters_disk: 3 << 30 };
    assert_eq!(config.cache, cache);
    assert_eq!(config.error_time, Duration::from_secs(1));
    let budget = codec::Budget {
        input_bytes: 10_000_000,
        input_pixels: 5_000_000,
        output_side: 4096,
        frames: 7,
        memory: 512 << 20,
        ..codec::Budget::default()
    };
    assert_eq!(config.render.decoders, crate::Decoders::Require);
    let job_time = Duration::from_millis(1500);
    let limits = Limits {
        budget,
        job_time,
        queue: 9,
        render_threads: 3,
        delivery_threads: 5,
        origin_fetches: 6,
        origin_queue: 8,
    };
    assert_eq!(config.limits, limits);
    let settings = config.engine_settings();
    assert_eq!((settings.origin_fetches, settings.origin_queue, settings.warm_per_second), (6, 8, 7));
    let purge = Purging {
        rate: 1,
        burst: 2,
        names: 3000,
        stale_time: Duration::from_secs(4),
        sweep_bytes: 5 << 20,
        sweep_entries: 60,
        warm_rate: 7,
        imgix_window: Duration::from_secs(10),
        method: true,
    };
    assert_eq!(config.purge, purge);
    let hook = Webhook { url: "https://cms.example/hook".to_owned(), secret_file: case.path().join("secret") };
    assert_eq!(config.webhooks, [hook]);
    assert_eq!(config.fonts, [case.path().join("photos"), case.path().join(".")]);
    assert_eq!((settings.budget, settings.job_time), (config.limits.budget.clone(), config.limits.job_time));
    assert_eq!(settings.error_time, Duration::from_secs(1));
    assert_eq!(config.log, Log { access: false, level: "debug".to_owned(), json: true });

    // In the order of the file.
    assert_eq!(config.sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["web", "disk"]);
    let SourceKind::Http(web) = &config.sources[0].kind else { panic!("{:?}", config.sources) };
    assert_eq!(web.base.as_str(), "https://shop.example/media");
    assert!(web.allow_private && !web.no_cache && web.invalidation);
    let seconds = [web.connect_timeout, web.read_timeout, web.total_timeout].map(|t| t.as_secs());
    assert_eq!((seconds, web.max_bytes, web.max_redirects), ([1, 2, 3], 4_000_000, 0));
    assert_eq!(
        (web.user_agent.as_str(), web.headers.as_slice()),
        ("me/1", [("Authorization".to_owned(), "Bearer x".to_owned())].as_slice())
    );
    let SourceKind::Local(disk) = &config.sources[1].kind else { panic!("{:?}", config.sources) };
    assert_eq!(disk.max_bytes, 5_000_000);

    let kit = &config.sites[0];
    assert_eq!((kit.name.as_str(), kit.dialect, kit.prefix.as_str()), ("kit", DialectKind::Imagekit, "/kit"));
    assert_eq!(
        (kit.hosts.clone(), kit.sources.clone()),
        (vec!["img.example".to_owned(), "[::1]".to_owned()], vec!["disk".to_owned(), "web".to_owned()])
    );
    assert_eq!((kit.browser_time, kit.edge_time), (Duration::from_secs(120), 2 * DAY));
    assert!(kit.strict && !kit.vendor_headers && kit.vendor_errors);
    let grammar = dialect::Settings {
        max_side: 2000,
        default_source: "disk".to_owned(),
        endpoint: "demo/shop".to_owned(),
        auto_format: false,
        avif: false,
        save_data: true,
        ..dialect::Settings::default()
    };
    assert_eq!(kit.grammar, grammar);
    let other = &config.sites[1];
    assert!(!kit.passthrough && !kit.unsafe_methods && other.passthrough && other.unsafe_methods);
    assert!(!other.vendor_headers && !other.vendor_errors);
    let tags: Vec<&str> = kit.tags.iter().flat_map(|rule| &rule.tags).map(plan::Tag::as_str).collect();
    assert_eq!(tags, ["summer", "sale"]);
    assert!(kit.tags[0].covers("summer/x/a.jpg") && !kit.tags[0].covers("winter/a.jpg"));

    // What a site does not say comes from the top.
    let other = &config.sites[1];
    assert_eq!(
        (other.browser_time, other.edge_time, other.grammar.max_side),
        (Duration::from_secs(60), 30 * DAY, 4096)
    );
}

#[test]
fn what_is_counted_and_for_how_long_is_read() {
    let case = Case::new(&format!(
        "[stats]\non = false\nminutes = \"3h\"\nhours = \"10d\"\ndays = \"20d\"\ndisk = \"2MiB\"\nlines = 0\n\
         lines_on_disk = 7\nhits_per_second = 8\nslow = \"9ms\"\naddresses = \"cut\"\n{LEAST}\nbeacon = true"
    ));
    let config = case.load().unwrap();
    let stats = crate::Stats {
        on: false,
        minutes: Duration::from_secs(3 * 3600),
        hours: 10 * DAY,
        days: 20 * DAY,
        disk: 2 << 20,
        lines: 0,
        lines_on_disk: 7,
        hits_per_second: 8,
        slow: Duration::from_millis(9),
        addresses: stats::Addresses::Cut,
    };
    assert_eq!(config.stats, stats);
    assert!(config.sites[0].beacon);
}

#[test]
fn the_environment_goes_before_the_file_and_the_command_line_before_both() {
    let text = format!("listen = {{ delivery = \"127.0.0.1:1\", control = \"127.0.0.1:2\" }}\n{LEAST}");
    let case = Case::new(&text);
    let env = [
        ("AFTERIMAGE__CACHE__DISK", "20GiB"),
        ("AFTERIMAGE__LISTEN__DELIVERY", "127.0.0.1:3"),
        ("AFTERIMAGE__LISTEN__CONTROL", "127.0.0.1:4"),
        ("AFTERIMAGE__LIMITS__QUEUE", "7"),
        ("AFTERIMAGE__LIMITS__INPUT_PIXELS", "2MP"),
        ("AFTERIMAGE__LOG__JSON", "true"),
        ("AFTERIMAGE__DATA", "from-env"),
        ("AFTERIMAGE__SOURCE__SHOP__MAX_BYTES", "3MB"),
        // Not settings.
        ("AFTERIMAGE_API_KEY", "k"),
        ("AFTERIMAGE_CONTROL", "http://127.0.0.1:8081"),
        ("PATH", "/bin"),
    ];
    let config = case.load_with(&env, &Flags::default()).unwrap();
    assert_eq!(config.cache.disk, 20 << 30);
    assert_eq!((config.listen.delivery.port(), config.listen.control.port()), (3, 4));
    assert_eq!((config.limits.queue, config.limits.budget.input_pixels), (7, 2_000_000));
    assert!(config.log.json);
    assert_eq!(config.data, Path::new("from-env"));
    let SourceKind::Local(local) = &config.sources[0].kind else { panic!("{:?}", config.sources) };
    assert_eq!(local.max_bytes, 3_000_000);

    let flags = Flags {
        listen: Some("127.0.0.1:5".to_owned()),
        control: Some("127.0.0.1:6".to_owned()),
        data: Some(PathBuf::from("from-flag")),
    };
    let config = case.load_with(&env, &flags).unwrap();
    assert_eq!((config.listen.delivery.port(), config.listen.control.port()), (5, 6));
    assert_eq!(config.data, Path::new("from-flag"));
}

#[test]
fn credentials_can_come_from_the_environment() {
    let text = r#"
        [source.my-shop]
        type = "http"
        base = "https://shop.example/"
        headers = { X-Api-Key = "from the file" }
        [[site]]
        name = "s"
        dialect = "imageboss"
        sources = ["my-shop"]
    "#;
    let env = [
        ("AFTERIMAGE__SOURCE__MY_SHOP__HEADERS__X_API_KEY", "one"),
        ("AFTERIMAGE__SOURCE__MY_SHOP__HEADERS__AUTHORIZATION", "Bearer two"),
        ("AFTERIMAGE__SOURCE__MY_SHOP__ALLOW_PRIVATE", "true"),
    ];
    let config = Case::new(text).load_with(&env, &Flags::default()).unwrap();
    let SourceKind::Http(web) = &config.sources[0].kind else { panic!("{:?}", config.sources) };
    let want = [("X-Api-Key", "one"), ("authorization", "Bearer two")];
    assert_eq!(web.headers, want.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(web.allow_private);
}

#[test]
fn without_a_file_each_dialect_has_a_site_over_one_folder() {
    let case = Case::new("");
    let config = crate::zero(&case.path().join("photos"), &[], &Flags::default()).unwrap();
    assert_defaults(&config);
    assert_eq!(config.data, Path::new("./afterimage-data"));
    let [source] = config.sources.as_slice() else { panic!("{:?}", config.sources) };
    assert_eq!(source.name, "local");
    let sites: Vec<_> = config.sites.iter().map(|s| (s.name.as_str(), s.prefix.as_str(), s.dialect)).collect();
    assert_eq!(
        sites,
        [
            ("imgix", "/imgix", DialectKind::Imgix),
            ("imagekit", "/imagekit", DialectKind::Imagekit),
            ("cloudimage", "/cloudimage", DialectKind::Cloudimage),
            ("imageboss", "/imageboss", DialectKind::Imageboss),
        ]
    );
    assert!(config.sites.iter().all(|s| s.sources == ["local"] && s.hosts.is_empty()));
    assert!(config.sites.iter().all(|s| s.grammar.default_source == "local"));

    let env = variables(&[("AFTERIMAGE__CACHE__MEMORY", "5MiB"), ("AFTERIMAGE__SOURCE__LOCAL__MAX_BYTES", "1MB")]);
    let config = crate::zero(&case.path().join("photos"), &env, &Flags::default()).unwrap();
    assert_eq!(config.cache.memory, 5 << 20);
}

/// The first try often is `afterimage serve .`, whose data folder then lies among the pictures.
#[test]
fn without_a_file_the_data_folder_may_lie_in_the_folder_and_is_not_served() {
    let case = Case::new("");
    let data = case.path().join("photos/afterimage-data");
    let flags = Flags { data: Some(data), ..Flags::default() };
    let config = crate::zero(&case.path().join("photos"), &[], &flags).unwrap();
    let SourceKind::Local(local) = &config.sources[0].kind else { panic!("{:?}", config.sources) };
    assert_eq!(local.refused, [case.path().canonicalize().unwrap().join("photos/afterimage-data")]);
}

pub(super) fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../afterimage.example.toml")
}

#[test]
fn the_example_stands_at_the_defaults() {
    let config = crate::load(&example(), &[], &Flags::default()).unwrap_or_else(|errors| panic!("\n{errors}"));
    assert_defaults(&config);
    assert!(config.data.ends_with("afterimage-data"));
    let SourceKind::Http(web) = &config.sources[1].kind else { panic!("{:?}", config.sources) };
    assert_eq!(format!("{web:?}"), format!("{:?}", origin::HttpSettings::new(web.base.clone())));
    let SourceKind::Local(local) = &config.sources[0].kind else { panic!("{:?}", config.sources) };
    assert_eq!(local.max_bytes, origin::LocalSettings::new("").max_bytes);
    let fresh = engine::Site::new("pictures", DialectKind::Imgix, "/", vec!["samples".to_owned()]);
    assert_eq!(format!("{:?}", config.sites[0]), format!("{fresh:?}"));
    assert!(config.sites[1].grammar.auto_format);
}

/// A key counts where it is set, or set in a comment, in a table where it belongs.
#[test]
fn the_example_has_every_key() {
    let text = std::fs::read_to_string(example()).unwrap();
    let mut seen: Vec<(String, String)> = Vec::new();
    let mut table = String::new();
    for line in text.lines() {
        let line = line.trim_start_matches(['#', ' ']);
        if line.starts_with('[') {
            table = line.split(']').next().unwrap().trim_matches('[').split('.').next().unwrap().to_owned();
            seen.push((String::new(), table.clone()));
        } else if let Some((key, _)) = line.split_once(" = ") {
            seen.push((table.clone(), key.to_owned()));
        }
    }
    let mut wanted = vec![
        ("", keys::TOP),
        ("source", keys::LOCAL),
        ("source", keys::HTTP),
        ("source", keys::PROXY),
        ("site", keys::SITE),
    ];
    wanted.extend([("fonts", keys::FONTS), ("webhook", keys::WEBHOOK), ("site", keys::TAGS)]);
    wanted.push(("certificate", keys::CERTIFICATE));
    wanted.extend(keys::PLAIN);
    for (table, keys) in wanted {
        for key in keys {
            let inline = format!("{key} = [");
            let found = seen.iter().any(|(t, k)| t == table && k == key)
                || (keys == keys::TAGS && text.contains(if *key == "paths" { "{ paths = " } else { &inline }));
            assert!(found, "the example does not show `{key}` in [{table}]");
        }
    }
}

#[test]
fn what_a_site_adds_to_its_language_is_read() {
    let site = LEAST.replace("\"imgix\"", "\"cloudimage\"");
    let case = Case::new(&format!(
        "{site}{}",
        r#"
presets = { thumb = "w=100&h=100", old = { text = "w=90", enabled = false } }
aliases = { _media_ = "shop.example/media/" }
rules = [{ contains = "thumbs/", query = "?w=50" }]
defaults = "force_format=webp"
signing = "required"
signing_secret_files = ["new.secret", "old.secret"]
signing_sealed = true
signing_digits = 10
missing_picture = "/missing.png"
missing_status = 200
vendor_purges = true
"#
    ));
    std::fs::write(case.path().join("new.secret"), "s3cr3t\n").unwrap();
    std::fs::write(case.path().join("old.secret"), "salt-of-old").unwrap();
    let config = case.load().unwrap();
    let site = &config.sites[0];
    let preset = |name: &str| site.grammar.presets.get(name).map(|p| (p.text.as_str(), p.enabled));
    assert_eq!((preset("thumb"), preset("old")), (Some(("w=100&h=100", true)), Some(("w=90", false))));
    let alias = dialect::Alias { name: "_media_".to_owned(), stands_for: "shop.example/media".to_owned() };
    let rule = dialect::Rule { contains: "thumbs/".to_owned(), query: "w=50".to_owned() };
    assert_eq!((&site.grammar.aliases, &site.grammar.rules), (&vec![alias], &vec![rule]));
    assert_eq!((site.grammar.defaults.as_str(), site.grammar.presets_only), ("force_format=webp", false));
    let signing = dialect::Signing {
        policy: dialect::Policy::Required,
        secrets: vec![dialect::Secret::new("s3cr3t"), dialect::Secret::new("salt-of-old")],
        sealed: true,
        least_digits: 10,
    };
    assert_eq!(site.signing, signing);
    assert!(!format!("{config:?}").contains("s3cr3t"));
    assert_eq!(site.missing.picture, Some(plan::Asset::Path("missing.png".to_owned())));
    assert_eq!((site.missing.status, site.vendor_purges), (Some(200), true));
}
