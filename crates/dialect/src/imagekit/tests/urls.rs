#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

#[test]
fn paths_name_assets() {
    for (raw, want) in [
        ("/a.jpg", path("a.jpg")),
        ("/tr:w-300/a/b.jpg", path("a/b.jpg")),
        ("/a/tr:w-300/b.jpg", path("a/b.jpg")),
        ("/a/tr%3aw-300/b.jpg", path("a/b.jpg")),
        ("/tr:/a.jpg", path("a.jpg")),
        ("/tr:w-3/tr:w-4/a.jpg", path("tr:w-4/a.jpg")),
        ("//a.jpg", path("a.jpg")),
        ("/tr:w-300//a//b.jpg", path("a/b.jpg")),
        ("/a%2F%2Fb.jpg", path("a/b.jpg")),
        ("/a/", path("a")),
        ("/it%27s%20caf%C3%A9.jpg", path("it's café.jpg")),
        ("/30%25%20off.jpg", path("30% off.jpg")),
        ("/30%%20off.jpg", path("30% off.jpg")),
        ("/a%252Fb.jpg", path("a%2Fb.jpg")),
        ("/a+b.jpg", path("a+b.jpg")),
        ("/ik-seo/dir/name/seo-words.jpg", path("dir/name.jpg")),
        ("/tr:w-100/ik-seo/dir/name/seo-words.jpg", path("dir/name.jpg")),
        ("/ik-seo/tr:w-100/name/seo-words.jpg", path("name.jpg")),
        ("/dir/ik-seo/name/words.jpg", path("dir/ik-seo/name/words.jpg")),
        ("/https://www.example.com/a.jpg", url("https://www.example.com/a.jpg")),
        ("/https:/www.example.com/a.jpg", url("https://www.example.com/a.jpg")),
        ("/tr:w-100/https:/www.example.com/a.jpg", url("https://www.example.com/a.jpg")),
        ("/tr:w-100/http://www.example.com/a%20b.jpg", url("http://www.example.com/a%20b.jpg")),
        ("/tr:w-100/https%3A%2F%2Fwww.example.com%2Fa%20b.jpg", url("https://www.example.com/a%20b.jpg")),
        ("/https%3A%2F%2Fwww.example.com%2Fa%2520b.jpg%3Fx%3D1", url("https://www.example.com/a%20b.jpg?x=1")),
        ("/https%3a%2Fwww.example.com%2Fa.jpg", url("https://www.example.com/a.jpg")),
        ("/https%3A//www.example.com/caf%C3%A9.jpg", url("https://www.example.com/caf%C3%A9.jpg")),
        ("/https:/a.example/tr:w-9/b.jpg", url("https://a.example/tr:w-9/b.jpg")),
        ("/https%3A%2F%2Fb.example%2Fa.jpg%23top", url("https://b.example/a.jpg")),
        ("/https:/b.example/a%23b.jpg", url("https://b.example/a%23b.jpg")),
        ("/HTTPS:/b.example/50%.jpg", url("https://b.example/50%25.jpg")),
        ("/httpserver/a.jpg", path("httpserver/a.jpg")),
        ("/https:a/b.jpg", path("https:a/b.jpg")),
    ] {
        assert_eq!(parsed(raw).asset, want, "{raw}");
    }
    assert_eq!(stages("/https:/a.example/tr:w-9/b.jpg"), "", "a foreign URL keeps its own segments");
}

#[test]
fn the_endpoint_is_cut_where_it_stands() {
    let settings = Settings { endpoint: "demo/shop".to_owned(), ..settings() };
    for (raw, want) in [
        ("/demo/shop/tr:w-3/a.jpg", "a.jpg"),
        ("//demo//shop/a.jpg", "a.jpg"),
        ("/demo/a.jpg", "demo/a.jpg"),
        ("/a.jpg", "a.jpg"),
        ("/demo/shop/demo/shop/a.jpg", "demo/shop/a.jpg"),
    ] {
        assert_eq!(Imagekit.parse(Target::new(raw), &settings).unwrap().asset, path(want), "{raw}");
    }
    let plan = parsed("/tr:w-300/a.jpg").plan;
    let written = Imagekit.write("", &path("demo/shop/a.jpg"), &plan, &settings).unwrap();
    assert_eq!(written, "/demo/shop/tr:w-300/demo/shop/a.jpg");
}

#[test]
fn queries_are_sorted_out() {
    let attachment = |name: Option<&str>| Disposition::Attachment(name.map(str::to_owned));
    for (query, origin, disposition) in [
        ("", "", Disposition::None),
        ("v=2&updatedAt=17&b", "b&updatedAt=17&v=2", Disposition::None),
        ("x=a%20b&tr=w-3&ik-t=1&ik-s=00&ik-sdk-version=js-7", "x=a%20b", Disposition::None),
        ("ik-attachment=true", "", attachment(None)),
        ("ik-attachment=true&ik-attachment-filename=my%20cat.jpg", "", attachment(Some("my cat.jpg"))),
        ("ik-attachment=false", "", Disposition::None),
        ("ik-attachment-filename=a.jpg&v=1", "v=1", Disposition::None),
        ("ik-attachment=yes&ik-sanitizeSvg=true", "", Disposition::None),
    ] {
        let parsed = parsed(&format!("/a.jpg?{query}"));
        assert_eq!((parsed.origin_query.as_str(), parsed.disposition), (origin, disposition), "{query}");
    }
    assert_eq!(warnings("/a.jpg?ik-attachment-filename=a.jpg"), "no-effect:ik-attachment-filename");
    assert_eq!(warnings("/a.jpg?ik-attachment=yes&ik-sanitizeSvg=true"), "invalid:ik-attachment");
    assert_eq!(warnings("/a.svg?ik-sanitizeSvg=1"), "invalid:ik-sanitizeSvg");
    assert_eq!(warnings("/a.jpg?tr=w-3&tr=w-4"), "repeated:tr");
    assert_eq!(stages("/a.jpg?tr=w-3&tr=w-4"), "resize:3x-,inside");
}

#[test]
fn malformed_targets_are_refused() {
    for raw in [
        "/",
        "",
        "/tr:w-300/",
        "/tr:w-300",
        "/a/../b.jpg",
        "/a/%2e%2e/b.jpg",
        "/a%5Cb.jpg",
        "/a%00.jpg",
        "/%ff.jpg",
        "/tr:%ff/a.jpg",
        "/a.jpg?tr=%ff",
        "/ik-seo/a.jpg",
        "/ik-seo/a/words",
        "/https%3A%2F%2F",
        "/https://a.example/../b.jpg",
        "/https%3A%2F%2Fa.example%2F%2e%2e%2Fb.jpg",
    ] {
        assert!(matches!(parse(raw), Err(ParseError::Malformed { .. })), "{raw}: {:?}", parse(raw));
    }
    let chain = |steps: usize| format!("/tr:{}/a.jpg", vec!["fl-h"; steps].join(":"));
    assert!(parse(&chain(100)).is_ok());
    assert!(matches!(parse(&chain(101)), Err(ParseError::Malformed { .. })));
    let many = |tokens: usize| format!("/a.jpg?tr={}", vec!["w-3"; tokens].join(","));
    assert!(parse(&many(500)).is_ok());
    assert!(matches!(parse(&many(501)), Err(ParseError::Malformed { .. })));
    let long = format!("/{}", "a".repeat(20_000));
    assert!(matches!(parse(&long), Err(ParseError::TooLong { length: 20_001, .. })));
}

#[test]
fn purged_urls_name_what_they_should() {
    let master = |asset| PurgeTarget::Master(asset);
    let prefix = |text: &str| PurgeTarget::Prefix(text.to_owned());
    for (raw, want) in [
        ("/a/b.jpg", master(path("a/b.jpg"))),
        ("/a/b.jpg?v=1&ik-t=9&ik-s=0", master(path("a/b.jpg"))),
        ("/tr:/a/b.jpg?tr=", master(path("a/b.jpg"))),
        ("/a/b.jpg*", master(path("a/b.jpg"))),
        ("/a/b.JPG*", master(path("a/b.JPG"))),
        ("/tr:w-300/a/b.jpg*", master(path("a/b.jpg"))),
        ("/a/b.jpg?tr=w-*", master(path("a/b.jpg"))),
        ("/a%20/*", prefix("a /")),
        ("/a//b/*", prefix("a/b/")),
        ("/a/b*", prefix("a/b")),
        ("/tr:w-300/a/b*", prefix("a/b")),
        ("/a/photo.final*", prefix("a/photo.final")),
        ("/*", prefix("")),
        ("/ik-seo/a/name/words.jpg", master(path("a/name.jpg"))),
        ("/ik-seo/a/name/words.jpg*", master(path("a/name.jpg"))),
        ("/ik-seo/a/name/wo*", prefix("a/name")),
        ("/https:/b.example/a.jpg", master(url("https://b.example/a.jpg"))),
        ("/https://b.example/a/*", PurgeTarget::UrlPrefix("https://b.example/a/".to_owned())),
        ("/https%3A%2F%2Fb.example%2Fa*", PurgeTarget::UrlPrefix("https://b.example/a".to_owned())),
    ] {
        assert_eq!(purge_target(raw, &settings()).unwrap(), want, "{raw}");
    }
    for raw in ["/tr:w-300/a.jpg", "/a.jpg?tr=w-300&ik-s=0", "/a.jpg?tr=orig-true"] {
        match purge_target(raw, &settings()).unwrap() {
            PurgeTarget::Exact(exact) => assert_eq!(exact.plan, parsed(raw).plan, "{raw}"),
            other => panic!("{raw}: {other:?}"),
        }
    }
    let exact = |raw| match purge_target(raw, &settings()) {
        Ok(PurgeTarget::Exact(exact)) => exact.plan.stages_text(),
        other => panic!("{raw}: {other:?}"),
    };
    assert_eq!(exact("/tr:w-300,f-png/a.jpg"), exact("/a.jpg?tr=f-webp%2Cw-300&ik-t=5"), "in every format");
    for raw in ["/a/*/b.jpg", "/**", "/*?tr=w-3", "/tr:w-3*", "/tr%3Aw-3*", "/a/../*", "/caf%C3*", "/"] {
        assert!(matches!(purge_target(raw, &settings()), Err(ParseError::Malformed { .. })), "{raw}");
    }
    assert!(matches!(purge_target("/tr:foo-3/a.jpg", &settings()), Err(ParseError::BadParameter { .. })));
    let endpoint = Settings { endpoint: "demo".to_owned(), ..settings() };
    assert_eq!(purge_target("/demo/a*", &endpoint).unwrap(), prefix("a"));
    assert_eq!(purge_target("/demo/*", &endpoint).unwrap(), prefix(""));
}

#[test]
fn urls_that_sdks_build() {
    let settings = Settings { endpoint: "demo".to_owned(), ..settings() };
    let auto = "resize:400x300,cover,at=attention";
    for (raw, asset, stages, origin) in [
        ("/demo/default-image.jpg?ik-s=3b81", path("default-image.jpg"), "", ""),
        (
            "/demo/tr:w-400,h-300:rt-90/img/plant.jpeg?ik-s=bcfa",
            path("img/plant.jpeg"),
            "resize:400x300,cover|rotate:90,auto",
            "",
        ),
        (
            "/demo/default-image.jpg?v=123&tr=h-300,w-400&ik-t=1700000300&ik-s=a07a",
            path("default-image.jpg"),
            "resize:400x300,cover",
            "v=123",
        ),
        (
            "/demo/default-image.jpg?v=123&tr=h-300%2Cw-400&ik-t=1700000300&ik-s=9144",
            path("default-image.jpg"),
            "resize:400x300,cover",
            "v=123",
        ),
        ("/demo/tr:w-200/folder/caf%C3%A9%20menu.jpg", path("folder/café menu.jpg"), "resize:200x-,inside", ""),
        ("/demo/tr:w-0.5/shoe.png", path("shoe.png"), "resize:0.5rx-,inside", ""),
        (
            "/demo/tr:w-100/https%3A%2F%2Fwww.example.com%2Fa%20b.jpg?ik-s=6cc5",
            url("https://www.example.com/a%20b.jpg"),
            "resize:100x-,inside",
            "",
        ),
        ("/demo/a.jpg?tr=w-400%2Ch-300%2Cc-maintain_ratio%2Cfo-auto", path("a.jpg"), auto, ""),
        ("/demo/a.jpg?tr=rt-90:w-640,c-at_max", path("a.jpg"), "rotate:90,auto|resize:640x-,inside,enlarge=no", ""),
        ("/demo/tr:di-b%2Fc.jpg,w-9/a.jpg?updatedAt=17", path("a.jpg"), "resize:9x-,inside", "updatedAt=17"),
    ] {
        let parsed = Imagekit.parse(Target::new(raw), &settings).unwrap();
        let text = parsed.plan.stages_text();
        assert_eq!(text.trim_start_matches("orient:exif").trim_start_matches('|'), stages, "{raw}");
        assert_eq!((parsed.asset, parsed.origin_query.as_str()), (asset, origin), "{raw}");
    }
}
