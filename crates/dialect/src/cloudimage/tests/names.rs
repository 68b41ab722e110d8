//! Aliases, hosts without a scheme, and what other versions of the vendor's API have in the path.

use super::*;
use crate::Alias;

fn settings(schemeless: bool) -> Settings {
    let aliases = [
        ("_shop_", "shop.example/media"),
        ("_shop_new_", "http://new.example"),
        ("_playground-bucket-v2.teleport.example_", "bucket.example"),
        ("_own_", "/masters/2024/"),
        ("__root__", "/"),
    ];
    let aliases = aliases.map(|(name, stands_for)| Alias { name: name.to_owned(), stands_for: stands_for.to_owned() });
    Settings { aliases: aliases.to_vec(), schemeless, ..Settings::default() }
}

fn path(p: &str) -> Asset {
    Asset::Path(p.to_owned())
}

fn url(u: &str) -> Asset {
    Asset::Url(u.to_owned())
}

#[test]
fn aliases_stand_for_hosts_and_folders() {
    for (target, want) in [
        ("/_shop_/a.jpg", url("https://shop.example/media/a.jpg")),
        ("/v7/_shop_/x/a%2Fb.jpg", url("https://shop.example/media/x/a%2Fb.jpg")),
        ("/_shop_new_/a.jpg", url("http://new.example/a.jpg")),
        ("/_playground-bucket-v2.teleport.example_/a.jpg", url("https://bucket.example/a.jpg")),
        ("/_own_/caf%C3%A9.jpg", path("masters/2024/café.jpg")),
        ("/__root__/a.jpg", path("a.jpg")),
        ("/_shop_%2Fa%20b.jpg?ci_url_encoded=1", url("https://shop.example/media/a%20b.jpg")),
        ("/_own_%2Fa%2520b.jpg?ci_url_encoded=1", path("masters/2024/a%20b.jpg")),
        // Only whole, and only at the beginning.
        ("/_shop_a.jpg", path("_shop_a.jpg")),
        ("/x/_shop_/a.jpg", path("x/_shop_/a.jpg")),
        ("/_other_/a.jpg", path("_other_/a.jpg")),
        ("/https://x.example/_shop_/a.jpg", url("https://x.example/_shop_/a.jpg")),
    ] {
        let parsed = Cloudimage.parse(Target::new(target), &settings(false)).unwrap();
        assert_eq!(parsed.asset, want, "{target}");
        // One picture, one identity, however it is named.
        let entry = purge_path(target, &settings(false)).unwrap();
        assert_eq!(entry.asset, want, "{target}");
    }
    for target in ["/_shop_", "/_shop_/", "/_shop_/../secret.jpg", "/_own_/%2e%2e/secret.jpg", "/__root__/"] {
        let answer = Cloudimage.parse(Target::new(target), &settings(false));
        assert!(matches!(answer, Err(ParseError::Malformed { .. })), "{target}: {answer:?}");
    }
}

#[test]
fn aliases_stand_in_the_addresses_of_watermarks_and_in_purges_of_folders() {
    for (value, want) in [
        ("_shop_%2Flogo.png", "url35(https://shop.example/media/logo.png)"),
        ("_own_/l.png", "path18(masters/2024/l.png)"),
        ("//x.example/l.png", "url23(https://x.example/l.png)"),
        ("x.example/l.png", "path15(x.example/l.png)"),
    ] {
        let target = format!("/p.jpg?wat=1&wat_url={value}");
        let plan = Cloudimage.parse(Target::new(&target), &settings(false)).unwrap().plan.stages_text();
        assert_eq!(plan, format!("orient:exif|overlay:{want},shrink,center,[orient:exif]"), "{target}");
    }
    for (entry, want) in [
        ("_shop_/press/*", url("https://shop.example/media/press/")),
        ("/v7/_shop_/*", url("https://shop.example/media/")),
        ("_own_/*", path("masters/2024/")),
        ("__root__/*", path("")),
    ] {
        let found = purge_path(entry, &settings(false)).unwrap();
        assert_eq!((found.asset, found.wildcard), (want, true), "{entry}");
    }
}

#[test]
fn a_host_without_a_scheme_is_one_where_the_site_says_so() {
    for (target, host, key) in [
        ("/shop.example/a.jpg", Some("https://shop.example/a.jpg"), "shop.example/a.jpg"),
        ("/v7/shop.example:8080/a%2Fb", Some("https://shop.example:8080/a%2Fb"), "shop.example:8080/a/b"),
        ("/10.0.0.1/a.jpg", Some("https://10.0.0.1/a.jpg"), "10.0.0.1/a.jpg"),
        ("/a.jpg", None, "a.jpg"),
        ("/photos.2024/a.jpg", None, "photos.2024/a.jpg"),
        ("/shop.example/", None, "shop.example/"),
        ("/shop%2Eexample/a.jpg", None, "shop.example/a.jpg"),
        ("/.hidden/a.jpg", None, ".hidden/a.jpg"),
    ] {
        let of = |schemeless| Cloudimage.parse(Target::new(target), &settings(schemeless)).unwrap().asset;
        assert_eq!(of(false), path(key), "{target}");
        assert_eq!(of(true), host.map_or_else(|| path(key), url), "{target}");
    }
    let marked = Cloudimage.parse(Target::new("/p.jpg?wat=1&wat_url=x.example/l.png"), &settings(true)).unwrap();
    assert!(marked.plan.stages_text().contains("url23(https://x.example/l.png)"), "{}", marked.plan);
}

#[test]
fn other_versions_are_told_apart() {
    for target in [
        "/v7m/w_300/a.jpg",
        "/width/300/none/https://x.example/a.jpg",
        "/v7/crop/300x200/q80/x.example/a.jpg",
        "/cdn/n/n/x.example/a.jpg",
        "/fit/300x200/fgrey.q80@abcdef/x.example/a.jpg",
        "/crop_px/10,10,300x200/n/x.example/a.jpg",
    ] {
        let answer = Cloudimage.parse(Target::new(target), &Settings::default());
        assert!(matches!(answer, Err(ParseError::Malformed { .. })), "{target}: {answer:?}");
    }
    for target in
        ["/fit/300x200/a.jpg", "/width/300/photos/a.jpg", "/cover/a/b/x.example/a.jpg", "/v7max/a.jpg", "/v7/v7m/a.jpg"]
    {
        assert!(Cloudimage.parse(Target::new(target), &Settings::default()).is_ok(), "{target}");
    }
}

#[test]
fn what_is_said_about_the_answer() {
    let keep = |query: &str| parse(&format!("/p.jpg?{query}")).keep.map(|time| time.as_secs());
    assert_eq!(keep("ci_cache=60"), Some(60));
    assert_eq!(keep("ci_cache=0"), Some(0));
    assert_eq!(keep("ci_cache=99999999999"), Some(31_536_000));
    assert_eq!(keep("ci_cache=-1"), None);
    assert_eq!(parse("/p.jpg?vh=3f2a&w=3").version.as_deref(), Some("3f2a"));
    assert_eq!(parse("/p.jpg?vh=3f2a").plan, parse("/p.jpg").plan);
    assert_eq!(parse("/p.jpg?vh=").version, None);
}
