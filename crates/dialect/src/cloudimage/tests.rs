#![allow(clippy::unwrap_used, clippy::expect_used)]

mod looks;
mod marks;
mod names;
mod precedence;
mod signatures;

use std::collections::HashSet;

use plan::{AcceptClass, Background, Color, Dim, Fit, Format, OutputRule, Resize, Stage};
use proptest::prelude::*;

use super::said::marks::Mark;
use super::*;
use crate::request::{Disposition, WarningKind};
use crate::table::Kind;

fn parse(url: &str) -> Parsed {
    Cloudimage.parse(Target::new(url), &Settings::default()).unwrap_or_else(|e| panic!("{url}: {e}"))
}

fn warnings(url: &str) -> Vec<String> {
    parse(url).warnings.iter().map(|w| format!("{}:{}={}", w.kind.name(), w.parameter, w.value)).collect()
}

#[test]
fn stages() {
    for (query, want) in [
        ("", ""),
        // 2.1 Size
        ("w=300", "resize:300x-,inside"),
        ("width=300", "resize:300x-,inside"),
        ("h=200", "resize:-x200,inside"),
        ("height=200", "resize:-x200,inside"),
        ("w=300&h=200", "resize:300x200,cover"),
        ("w=300&h=200&force_format=jpg&q=80", "resize:300x200,cover"),
        ("w=300.4&h=199.6", "resize:300x200,cover"),
        ("w=300&org_if_sml=1", "resize:300x-,inside,enlarge=no"),
        ("w=300&org_if_sml=0", "resize:300x-,inside"),
        ("w=300&h=200&org_if_sml=118130", "resize:300x200,cover,enlarge=no"),
        ("w=300&h=200&dpr=2", "resize:600x400,cover"),
        ("w=333&dpr=1.5", "resize:500x-,inside"),
        ("w=100&dpr=99", "resize:800x-,inside"),
        ("dpr=2", ""),
        ("w=20000&h=10000", "resize:8192x4096,cover"),
        ("w=5000&h=100&dpr=2", "resize:8192x164,cover"),
        ("w=99999999999999", "resize:8192x-,inside"),
        ("w=1600&aspect_ratio=16:9", "resize:1600x900,cover"),
        ("h=900&ar=1.778", "resize:1600x900,cover"),
        ("w=300&aspect_ratio=1.5&func=fit", "resize:300x200,contain,enlarge=no"),
        ("aspect_ratio=1.5", "extract:aspect,1.5,center"),
        ("aspect_ratio=4:3&gravity=north", "extract:aspect,1.3333,top"),
        ("aspect_ratio=2,1", "extract:aspect,1..2,center"),
        ("w=300&aspect_ratio=1,2", "resize:300x-,cover,aspect=1..2"),
        ("w=300&h=200&aspect_ratio=5", "resize:300x200,cover"),
        // 2.2 Resize functions
        ("w=300&h=200&func=crop", "resize:300x200,cover"),
        ("w=500&h=200&func=fit", "resize:500x200,contain,enlarge=no"),
        ("w=500&h=200&func=fit&org_if_sml=1", "resize:500x200,contain,enlarge=no"),
        ("w=500&h=200&func=FIT&fit_enlarge=1", "resize:500x200,contain"),
        ("w=500&func=fit", "resize:500x-,inside,enlarge=no"),
        ("w=500&h=350&func=cropfit", "resize:500x350,cover-or-contain,enlarge=no"),
        ("w=500&h=350&func=bound", "resize:500x350,inside"),
        ("w=500&h=350&func=bound&org_if_sml=1", "resize:500x350,inside,enlarge=no"),
        ("w=500&h=350&func=boundmin", "resize:500x350,outside"),
        ("w=500&h=350&func=cover", "resize:500x350,stretch"),
        ("w=500&h=350&func=cover&org_if_sml=1", "resize:500x350,stretch,enlarge=no"),
        ("w=500&h=350&func=face", "resize:500x350,cover"),
        ("w=500&h=350&func=nonsense", "resize:500x350,cover"),
        // 2.3 Crop position
        ("w=9&h=9&gravity=southeast", "resize:9x9,cover,at=bottom-right"),
        ("w=9&h=9&gravity=centre", "resize:9x9,cover"),
        ("w=9&h=9&gravity=auto", "resize:9x9,cover,at=attention"),
        ("w=9&h=9&gravity=smart", "resize:9x9,cover,at=attention"),
        ("w=9&h=9&gravity=face", "resize:9x9,cover,at=attention"),
        ("w=9&h=9&gravity=trim", "resize:9x9,cover"),
        ("w=9&h=9&gravity=120,80", "resize:9x9,cover,at=master-pixel(120 80)"),
        ("w=9&h=9&gravity=25p,12.5p", "resize:9x9,cover,at=point(0.25 0.125)"),
        ("w=9&h=9&gravity=0.25c%2C0.75c", "resize:9x9,cover,at=point(0.25 0.75)"),
        ("w=9&h=9&gravity=50p,50p", "resize:9x9,cover"),
        ("w=9&h=9&gravity=150p,0p", "resize:9x9,cover,at=point(1 0)"),
        ("tl_px=10,20&br_px=110,220", "extract:corners,10,20,110,220"),
        ("br_px=110,220", "extract:corners,-,110,220"),
        ("tl_px=0,0", ""),
        ("tl_px=10,20&br_px=10,220", ""),
        ("tl_px=1,2&w=9", "extract:corners,1,2,-|resize:9x-,inside"),
        // 2.4 Geometry and background
        ("w=9&h=9&func=fit&bg_color=f80", "resize:9x9,contain,enlarge=no,on=ff8800ff|flatten:ff8800ff"),
        ("w=9&h=9&func=fit&bg_colour=RebeccaPurple", "resize:9x9,contain,enlarge=no,on=663399ff|flatten:663399ff"),
        ("w=9&h=9&func=fit&bg_color=auto", "resize:9x9,contain,enlarge=no,on=dominant|flatten:dominant"),
        ("w=9&h=9&x=30&y=20", "resize:9x9,cover,at=master-pixel(30 20)"),
        ("w=9&h=9&x=30&y=20&gravity=north", "resize:9x9,cover,at=top"),
        ("w=9&h=9&x=30", "resize:9x9,cover"),
        ("w=9&h=9&func=fit&bg_img_fit=1", "resize:9x9,contain,enlarge=no,on=blur"),
        ("bg_color=11223344", "flatten:11223344"),
        ("flip=h", "flip:h"),
        ("mirror=y", "flip:v"),
        ("flip=yx", "flip:hv"),
        ("flip=none", ""),
        ("r=90", "rotate:270,auto"),
        ("r=-45&bg_color=auto", "rotate:45,dominant|flatten:dominant"),
        ("r=-45.5&bg_color=000", "rotate:45.5,000000ff|flatten:000000ff"),
        ("r=720", ""),
        ("r=90&flip=h&w=9", "resize:9x-,inside|rotate:270,auto|flip:h"),
        ("trim=7.5&tl_px=1,1", "trim:corner,tolerance=7.5,keep=0|extract:corners,1,1,-"),
        // 1.4 Leniency
        ("&org_if_sml=1", ""),
        ("&&w=300&&", "resize:300x-,inside"),
        ("w=300&width=400", "resize:400x-,inside"),
        ("w=0", ""),
        ("w=abc&h=-3", ""),
        ("W=300", ""),
        ("w= 300 ", "resize:300x-,inside"),
    ] {
        let url = format!("/p.jpg?{query}");
        let want = if want.is_empty() { "orient:exif".to_owned() } else { format!("orient:exif|{want}") };
        assert_eq!(parse(&url).plan.stages_text(), want, "{url}");
    }
}

#[test]
fn outputs() {
    let auto = "first accepted of avif webp, else source format";
    for (query, want) in [
        ("", format!("{auto}, quality 80/78/55, progressive")),
        ("q=75", format!("{auto}, quality 75, progressive")),
        ("q=0", format!("{auto}, quality 1, progressive")),
        ("q=x", format!("{auto}, quality 80/78/55, progressive")),
        ("q=75&lossless=1", format!("{auto}, quality 75, lossless, progressive")),
        ("q=75&force_format=original", "source format, quality 75, progressive".to_owned()),
        ("q=75&force_format=webp", "first accepted of webp, else source format, quality 75, progressive".to_owned()),
        ("q=75&force_format=_webp", "webp, quality 75, progressive".to_owned()),
        ("q=75&force_format=JPG", "jpeg, quality 75, progressive".to_owned()),
        ("q=75&force_format=png", "png, quality 75, progressive".to_owned()),
        ("q=75&force_format=gif", "gif, quality 75, progressive".to_owned()),
        ("q=75&force_format=avif", "first accepted of avif, else source format, quality 75, progressive".to_owned()),
        ("q=75&force_format=webp,jpg,png", "first accepted of webp jpeg, else png, quality 75, progressive".to_owned()),
        ("q=75&force_format=webp%2Cpng", "first accepted of webp, else png, quality 75, progressive".to_owned()),
        ("q=75&force_format=png,webp", "first accepted of png webp, else png, quality 75, progressive".to_owned()),
        ("q=75&force_format=jpg,jpeg", "jpeg, quality 75, progressive".to_owned()),
        ("q=75&force_format=webp,heic,jpg", "first accepted of webp, else jpeg, quality 75, progressive".to_owned()),
        ("func=proxy&w=300", "original bytes".to_owned()),
        ("optipress=1", format!("{auto}, quality 95, progressive, likeness=85")),
        ("optipress=2", format!("{auto}, quality 95, progressive, likeness=75")),
        ("optipress=3&q=10", format!("{auto}, quality 95, progressive, likeness=65")),
        ("optipress=0", format!("{auto}, quality 80/78/55, progressive")),
    ] {
        assert_eq!(parse(&format!("/p.jpg?{query}")).plan.output.to_string(), want, "{query}");
    }
}

#[test]
fn settings_decide_the_automatic_format() {
    let format = |auto_format, avif| {
        let settings = Settings { auto_format, avif, ..Settings::default() };
        let plan = Cloudimage.parse(Target::new("/p.jpg"), &settings).unwrap().plan;
        plan.output.resolve(AcceptClass::Avif).candidates
    };
    assert_eq!(format(true, true), [Format::Avif, Format::Webp]);
    assert_eq!(format(true, false), [Format::Webp]);
    assert_eq!(format(false, true), []);
}

#[test]
fn sources() {
    let path = |p: &str| Asset::Path(p.to_owned());
    let url = |u: &str| Asset::Url(u.to_owned());
    for (target, asset, query) in [
        ("/p.jpg", path("p.jpg"), ""),
        ("/v7/p.jpg", path("p.jpg"), ""),
        ("/v7/v7/p.jpg", path("v7/p.jpg"), ""),
        ("/V7/p.jpg", path("V7/p.jpg"), ""),
        ("/v7", path("v7"), ""),
        ("/a/caf%C3%A9%20menu.jpg", path("a/café menu.jpg"), ""),
        ("/a/30%25.jpg", path("a/30%.jpg"), ""),
        ("/a//b.jpg", path("a//b.jpg"), ""),
        ("/v7//a/b.jpg", path("a/b.jpg"), ""),
        ("/shop.example/a/b.jpg", path("shop.example/a/b.jpg"), ""),
        ("/_alias_/b.jpg", path("_alias_/b.jpg"), ""),
        ("/https://shop.example/a/b.jpg", url("https://shop.example/a/b.jpg"), ""),
        ("/v7/http://shop.example/a/b.jpg?w=3", url("http://shop.example/a/b.jpg"), ""),
        ("/v7/https:/shop.example/b.jpg", url("https://shop.example/b.jpg"), ""),
        ("/v7/HTTP:/shop.example/b.jpg", url("http://shop.example/b.jpg"), ""),
        ("/v7///shop.example/b.jpg", url("https://shop.example/b.jpg"), ""),
        ("/https://fire.example/o/images%2Flogo.png", url("https://fire.example/o/images%2Flogo.png"), ""),
        ("/https://x.example/a b.jpg", url("https://x.example/a%20b.jpg"), ""),
        ("/https://good.example\\@evil.example/", url("https://good.example%5C@evil.example/"), ""),
        (
            "/https://fire.example/a.png?alt=media&token=a%2Bb&w=448&h=336",
            url("https://fire.example/a.png"),
            "alt=media&token=a%2Bb",
        ),
        ("/https%3A%2F%2Fshop.example%2Fb.jpg%3Fv%3D3?w=3", url("https://shop.example/b.jpg"), "v=3"),
        ("/v7/HTTP%3a%2f%2fshop.example%2fb.jpg", url("http://shop.example/b.jpg"), ""),
        ("/shop%2Fa%2520b.jpg?ci_url_encoded=1", path("shop/a%20b.jpg"), ""),
        (
            "/https%3A%2F%2Fx.example%2Fa%252Fb.jpg%3Fv%3D%2520?ci_url_encoded=1func=cropfit",
            url("https://x.example/a%2Fb.jpg"),
            "v=%20",
        ),
        ("/shop%2Fb.jpg%3Fz%3D1%26a%3D2?ci_url_encoded=1&m=1", path("shop/b.jpg"), "a=2&m=1&z=1"),
        ("/p.jpg?v=3&&w=400&a", path("p.jpg"), "a&v=3"),
        ("/p.jpg?c=11?ci_url_encoded=1&height=1000", path("p.jpg"), "c=11?ci_url_encoded=1"),
        ("/p.jpg?vh=3f2a&ci_info=1&ci_sign=abcdef&gray=1&p=small&wat_url%5B1%5D=x", path("p.jpg"), ""),
    ] {
        let parsed = parse(target);
        assert_eq!((parsed.asset, parsed.origin_query.as_str()), (asset, query), "{target}");
    }
    assert_eq!(parse("/v7/p.jpg?w=300").plan, parse("/p.jpg?w=300").plan);
    assert!(parse("/p.jpg?c=11?ci_url_encoded=1&height=1000").plan.stages_text().ends_with("resize:-x1000,inside"));
}

#[test]
fn paths_that_name_nothing_are_refused() {
    for target in [
        "/",
        "",
        "/v7/",
        "/?w=3",
        "//",
        "/a/../b.jpg",
        "/%2e%2e/b.jpg",
        "/a%00.jpg",
        "/a%5Cb.jpg",
        "/%ff",
        "/https://",
        "/http:/",
    ] {
        let answer = Cloudimage.parse(Target::new(target), &Settings::default());
        assert!(matches!(answer, Err(ParseError::Malformed { .. })), "{target}: {answer:?}");
    }
}

#[test]
fn what_is_not_obeyed_is_said() {
    for (query, want) in [
        ("w=300&h=200&vh=1&ci_info=1&ci_cache=60", vec![]),
        ("w=0", vec!["invalid:w=0"]),
        ("w=300&w=400", vec!["repeated:w=300"]),
        ("w=300&width=400&w=500", vec!["repeated:w=300", "repeated:width=400"]),
        ("dpr=9", vec!["clamped:dpr=9"]),
        ("w=9000&h=10", vec!["clamped:w=9000"]),
        ("w=10&h=5000&dpr=2", vec!["clamped:h=5000"]),
        ("q=101", vec!["clamped:q=101"]),
        ("q=", vec!["invalid:q="]),
        ("blur_faces=1&p=small", vec!["invalid:p=small", "unsupported:blur_faces=1"]),
        ("wat_url%5B1%5D=x", vec!["no-effect:wat_url[1]=/x"]),
        ("f=blur_faces", vec!["unsupported:blur_faces="]),
        ("x=3", vec!["no-effect:x=3"]),
        ("x=3&y=4&gravity=north", vec!["no-effect:x=3", "no-effect:y=4"]),
        ("q=50&optipress=2", vec!["no-effect:q=50"]),
        ("optipress=4", vec!["clamped:optipress=4"]),
        ("doc_page=0", vec!["clamped:doc_page=0"]),
        ("f=foo:1", vec!["invalid:f=foo:1"]),
        ("func=face", vec!["unsupported:func=face"]),
        ("func=facehide", vec!["unsupported:func=facehide"]),
        ("func=foo", vec!["invalid:func=foo"]),
        ("gravity=face", vec!["unsupported:gravity=face"]),
        ("gravity=trim", vec!["unsupported:gravity=trim"]),
        ("gravity=1,2p", vec!["invalid:gravity=1,2p"]),
        ("gravity=-1,2", vec!["clamped:gravity=-1,2"]),
        ("bg_color=auto", vec![]),
        ("bg_color=12345", vec!["invalid:bg_color=12345"]),
        ("org_if_sml=yes", vec!["invalid:org_if_sml=yes"]),
        ("aspect_ratio=0", vec!["invalid:aspect_ratio=0"]),
        ("aspect_ratio=1:0", vec!["invalid:aspect_ratio=1:0"]),
        ("w=3&h=2&aspect_ratio=1", vec!["no-effect:aspect_ratio=1"]),
        ("w=3&h=2&fit_enlarge=1&func=cropfit", vec!["no-effect:fit_enlarge=1"]),
        ("w=3&h=2&fit_enlarge=1&func=fit", vec![]),
        ("tl_px=5,5&br_px=4,9", vec!["invalid:br_px=4,9"]),
        ("trim=500", vec!["clamped:trim=500"]),
        ("force_format=heic", vec!["invalid:force_format=heic"]),
        ("force_format=webp,heic", vec!["clamped:force_format=webp,heic"]),
        ("v=3&_=1&utm_source=mail&1572985641", vec![]),
        ("alt=media&token=a%2Bb&vh=3f2a", vec![]),
        ("wdth=3", vec!["unknown:wdth=3"]),
        ("V=3&altitude", vec!["unknown:V=3", "unknown:altitude="]),
    ] {
        assert_eq!(warnings(&format!("/p.jpg?{query}")), want, "{query}");
    }
}

#[test]
fn an_invalid_value_leaves_the_earlier_meaning() {
    // The last one wins even if it is worthless: the earlier is not brought back.
    assert_eq!(parse("/p.jpg?w=300&w=x").plan.stages_text(), "orient:exif");
}

#[test]
fn downloads_and_proxies() {
    for (query, want) in [
        ("", Disposition::None),
        ("force_download=0", Disposition::None),
        ("force_download=1", Disposition::Attachment(None)),
        ("force_download", Disposition::Attachment(None)),
        ("force_download=my+cat.jpg", Disposition::Attachment(Some("my cat.jpg".to_owned()))),
        ("force_download=..%2F%0d%0acat.jpg", Disposition::Attachment(Some("cat.jpg".to_owned()))),
    ] {
        assert_eq!(parse(&format!("/p.jpg?{query}")).disposition, want, "{query}");
    }
    let proxied = parse("/app.js?func=proxy");
    assert!(proxied.any_content);
    assert_eq!(proxied.plan, Plan::original());
    let plain = parse("/p.jpg");
    assert!(!plain.any_content);
    assert!(!plain.plan.output.original, "without parameters a picture is still optimised");
}

#[test]
fn purge_entries_in_every_documented_form() {
    let path = |p: &str| Asset::Path(p.to_owned());
    let url = |u: &str| Asset::Url(u.to_owned());
    for (entry, asset, query, wildcard) in [
        ("shop.example/birds.jpg", path("shop.example/birds.jpg"), None, false),
        (" /v7/shop.example/paris.jpg?width=400 ", path("shop.example/paris.jpg"), Some("width=400"), false),
        ("v7/shop.example/boat.jpg", path("shop.example/boat.jpg"), None, false),
        ("/_alias_/path/image1.jpg", path("_alias_/path/image1.jpg"), None, false),
        ("/v7/https://img.example/image2.jpg", url("https://img.example/image2.jpg"), None, false),
        ("https://img.example/image2.jpg", url("https://img.example/image2.jpg"), None, false),
        ("http://shop.example/birds.jpg", url("http://shop.example/birds.jpg"), None, false),
        ("images/image1.jpg", path("images/image1.jpg"), None, false),
        ("http%3A%2F%2Fshop.example%2Fa.jpg", url("http://shop.example/a.jpg"), None, false),
        ("a%2520b.jpg?ci_url_encoded=1", path("a%20b.jpg"), Some("ci_url_encoded=1"), false),
        ("/shop.example/avatars/*", path("shop.example/avatars/"), None, true),
        ("/v7/https://x.example/a*", url("https://x.example/a"), None, true),
        ("/*", path(""), None, true),
        ("*", path(""), None, true),
    ] {
        let found = purge_path(entry, &Settings::default()).unwrap();
        assert_eq!((found.asset, found.query.as_deref(), found.wildcard), (asset, query, wildcard), "{entry}");
        assert_eq!(found.variant.is_none(), wildcard, "{entry}");
    }
    let entry = purge_path("v7/p.jpg?width=400", &Settings::default()).unwrap();
    assert_eq!(entry.variant, Some(parse("/p.jpg?w=400")), "scope urls names the same variant as the delivery URL");
    assert!(purge_path("", &Settings::default()).is_err());
    assert!(purge_path("/../x", &Settings::default()).is_err());
}

/// A few readable values for each row.
fn samples<D: 'static>(param: &Param<D>) -> Vec<String> {
    let words: &[&str] = match param.name {
        "bright" | "contrast" | "saturate" => &["-100", "-33.3333", "10", "99.99", "100"],
        "sepia" => &["1", "50", "0", "33.3333"],
        "duotone" => &["000080,ffff00", "red,12345678,0.6", "000,fff,0.3333", "000,fff,0"],
        "colorize" | "bg_colorize" => &["red", "red,0.3", "ff000040", "00ff00ff", "red,0", "transparent"],
        "blur" => &["1", "33.3333", "100"],
        "pixelate" => &["1", "30"],
        "sharp" => &["1", "0.3333", "20"],
        "bg_blur" => &["1", "33.3333", "100"],
        "bg_opacity" => &["0", "0.5", "1"],
        "margin" => &["3", "10p", "4,8", "1,2,3,4", "33.33p,2"],
        "radius" => &["20", "max", "1,2,3,4", "0", "0,0,9,0"],
        "x" | "y" => &["0", "44"],
        "doc_page" => &["1", "7"],
        "optipress" => &["1", "2", "3"],
        "wat_text" => &["Hello", "50% & more, é", "a=b+c"],
        "wat_pos" => &["0", "50", "100p,50p", "12.5,-3p"],
        "wat_font" => &["Arial", "DejaVu-Sans-Bold", "Arial-Black", "Courier-New-Bold-Italic", "Bold"],
        "wat_fontsize" => &["16", "20max", "33.3333", "2000"],
        "wat_color" => &["fff", "12345678", "red"],
        "aspect_ratio" => &["1.5", "16:9", "1,2", "0.5,16:9"],
        "gravity" => &["north", "southwest", "auto", "face", "10,20", "10p,33.33p", "0.1c,0.9c", "1000000,0"],
        "tl_px" => &["0,0", "3,4"],
        "br_px" => &["1,1", "300,200"],
        "f" => &["bright:10,contrast:-30,grey", "sepia:40", "blur:3"],
        "force_format" => &["original", "jpg", "webp", "_avif", "webp,png,jpg", "png,webp", "_jpeg", "avif,webp"],
        "force_download" => &["1", "cat & dog.jpg"],
        "bg_color" => &["fff", "12345678", "red", "transparent", "auto"],
        "func" => &["crop", "fit", "cropfit", "bound", "boundmin", "cover", "proxy"],
        "flip" => &["h", "y", "xy", "none"],
        "r" => &["90", "-33.25", "180", "359.9999", "-0.0001"],
        "w" | "h" => &["1", "300", "4097", "20000"],
        "q" => &["1", "80", "100"],
        "dpr" => &["0.1", "1.5", "8"],
        "trim" => &["0", "9.75", "100"],
        "wat_url" => &["/logo.png", "https://x.example/a%2Fb.png?v=1&w=2", "/a b/%é.png"],
        "wat_gravity" => &["north", "southwest", "center", "absolute", "relative"],
        "wat_pad" => &["0", "10", "-3,20", "33.33p", "0,5p"],
        "wat_scale" => &["100", "12.5", "35p", "0.01p,1000p"],
        "wat_opacity" => &["0", "0.3333", "1"],
        "ci_cache" => &["0", "3600", "31536000"],
        "vh" => &["3f2a", "é 1"],
        "ci_sign" | "ci_seal" => &["4d9ad04c"],
        "ci_eqs" => &["d2F0PTE", "dz0x==", "d2F0PTEmd2F0X3RleHQ9w7w/Pn7Dvw==", "d2F0PTEmd2F0X3RleHQ9w7w_Pn7Dvw"],
        "p" => &["thumb"],
        "bg_remove" => &["0"],
        _ if matches!(param.served, crate::Served::Read(_)) && param.kind != Kind::Flag => &[],
        _ if param.kind == Kind::Flag => &["1", "0", "23"],
        other => panic!("no samples for {other}"),
    };
    words.iter().map(|w| (*w).to_owned()).collect()
}

/// Reads and spells every sample of every row of a table.
fn is_sound<D: Default + PartialEq + std::fmt::Debug + 'static>(
    rows: impl Iterator<Item = &'static Param<D>>,
    names: &mut HashSet<&'static str>,
) {
    for param in rows {
        for name in [param.name].iter().chain(param.aliases) {
            assert!(names.insert(*name), "{name} twice");
        }
        assert!(!param.doc.is_empty() && !param.kind.allowed().is_empty(), "{}", param.name);
        assert_eq!((param.write)(&D::default()), None, "{}: the default is not written", param.name);
        for value in samples(param) {
            let (mut once, mut twice) = (D::default(), D::default());
            assert_eq!((param.parse)(&mut once, &value), Ok(()), "{}={value}", param.name);
            if let Some(text) = (param.write)(&once) {
                assert_eq!((param.parse)(&mut twice, &text), Ok(()), "{}={text}", param.name);
                if param.name == "aspect_ratio" {
                    // Spelled with four decimals.
                    assert_eq!((param.write)(&twice), Some(text));
                } else {
                    assert_eq!(once, twice, "{}={value}", param.name);
                }
            }
        }
        if let Kind::Enum(words) = param.kind {
            for word in words {
                let answer = (param.parse)(&mut D::default(), word);
                assert!(matches!(answer, Ok(()) | Err(WarningKind::Unsupported)), "{}={word}: {answer:?}", param.name);
            }
        }
    }
}

#[test]
fn the_tables_are_sound() {
    let mut names = HashSet::new();
    is_sound(table::rows(), &mut names);
    is_sound(MARKS.iter(), &mut names);
    assert_eq!(Cloudimage.params().len(), table::rows().count() + MARKS.len());
}

#[test]
fn writes_what_reads_back() {
    let plan = |url| parse(url).plan;
    for (asset, url, want) in [
        (Asset::Path("p.jpg".into()), "/x?w=300&h=200", "/p.jpg?w=300&h=200"),
        (Asset::Path("v7/a b%.jpg".into()), "/x?w=300&dpr=2", "/v7/v7/a%20b%25.jpg?w=600"),
        (Asset::Path("p.jpg".into()), "/x?f=grey,bright:10&radius=1,2,3,4", "/p.jpg?radius=1,2,3,4&bright=10&gray=1"),
        (
            Asset::Path("p.jpg".into()),
            "/x?w=300&h=200&func=fit&margin=10,10p",
            "/p.jpg?w=300&h=200&func=fit&margin=10,30",
        ),
        (Asset::Path("p.jpg".into()), "/x?doc_page=3&force_format=webp", "/p.jpg?doc_page=3&force_format=webp"),
        (Asset::Path("p.jpg".into()), "/x?func=proxy", "/p.jpg?func=proxy"),
        (Asset::Path("p.jpg".into()), "/x?r=-90&bg_color=fff", "/p.jpg?bg_color=ffffff&r=-90"),
        (Asset::Url("https://x.example/a%2Fb.jpg".into()), "/x?q=50", "/https://x.example/a%2Fb.jpg?q=50"),
        (
            Asset::Url("https://x.example/a.jpg?v=1&w=2".into()),
            "/x",
            "/https%3A%2F%2Fx%2Eexample%2Fa%2Ejpg%3Fv%3D1%26w%3D2?ci_url_encoded=1",
        ),
    ] {
        let written = Cloudimage.write("", &asset, &plan(url), &Settings::default()).unwrap();
        assert_eq!(written, want);
    }
}

#[test]
fn says_what_it_cannot_write() {
    let asset = Asset::Path("p.jpg".into());
    let with = |stages: Vec<Stage>| {
        let mut plan = parse("/p.jpg").plan;
        plan.stages.extend(stages);
        plan.canonicalise();
        plan
    };
    let size = |w: Dim| Resize::new(Some(w), Some(Dim::Px(9)), Fit::Contain);
    let edge = Resize { background: Background::Edge, ..size(Dim::Px(9)) };
    let mut no_progressive = parse("/p.jpg").plan;
    no_progressive.output.progressive = false;
    for plan in [
        with(vec![Stage::Resize(size(Dim::Ratio(plan::Fixed::new(0.5))))]),
        with(vec![Stage::Resize(edge)]),
        with(vec![Stage::Straighten { degrees: plan::Fixed::ONE }]),
        with(vec![Stage::Flatten(Background::Color(Color::BLACK)), Stage::Flip { horizontal: true, vertical: false }]),
        with(vec![Stage::Resize(size(Dim::Px(20_000)))]),
        no_progressive,
        Plan { stages: vec![], output: OutputRule { progressive: true, ..parse("/p.jpg").plan.output } },
    ] {
        let answer = Cloudimage.write("", &asset, &plan, &Settings::default());
        assert!(answer.is_err(), "{plan}: {answer:?}");
    }
    let plan = parse("/p.jpg").plan;
    for key in ["/a.jpg", "https://x.example/a.jpg", "", "a/../b.jpg"] {
        let answer = Cloudimage.write("", &Asset::Path(key.into()), &plan, &Settings::default());
        assert!(answer.is_err(), "{key}: {answer:?}");
    }
}

/// A query of table rows with readable values.
fn queries() -> impl Strategy<Value = String> {
    let indexed = (some_pairs(MARKS.iter()), 0u32..3).prop_map(|(pairs, index)| {
        let pairs: Vec<_> = pairs.split('&').filter_map(|pair| pair.split_once('=')).collect();
        pairs.iter().map(|(name, value)| format!("{name}[{index}]={value}")).collect::<Vec<_>>().join("&")
    });
    let marks = (some_pairs(MARKS.iter()), prop::collection::vec(indexed, 0..3))
        .prop_map(|(all, each)| format!("wat=1&wat_url=/l.png&{all}&{}", each.join("&")));
    (some_pairs(table::rows()), prop::option::of(marks))
        .prop_map(|(any, marks)| format!("{any}&{}", marks.unwrap_or_default()))
}

fn some_pairs<D: 'static>(rows: impl Iterator<Item = &'static Param<D>>) -> impl Strategy<Value = String> {
    let pairs: Vec<String> = rows
        .filter(|param| param.name != "ci_url_encoded")
        .flat_map(|param| samples(param).into_iter().map(|v| (param.name, v)))
        .map(|(name, value)| format!("{name}={}", text::encode(&value, text::QUERY_VALUE)))
        .collect();
    prop::collection::vec(prop::sample::select(pairs), 0..8).prop_map(|pairs| pairs.join("&"))
}

proptest! {
    #[test]
    fn every_plan_of_its_own_can_be_written(query in queries(), auto_format: bool, avif: bool, max_side in 16u32..9000) {
        let settings = Settings { auto_format, avif, max_side, ..Settings::default() };
        let url = format!("/p.jpg?{query}");
        let parsed = Cloudimage.parse(Target::new(&url), &settings).unwrap();
        let mut canonical = parsed.plan.clone();
        canonical.canonicalise();
        prop_assert_eq!(&canonical, &parsed.plan);
        if !parsed.plan.output.original {
            let read = Plan::from_stages_text(&parsed.plan.stages_text()).unwrap();
            prop_assert_eq!(&read.stages, &parsed.plan.stages);
        }
        let written = Cloudimage.write("", &parsed.asset, &parsed.plan, &settings).unwrap();
        let again = Cloudimage.parse(Target::new(&written), &settings).unwrap();
        prop_assert_eq!(again.plan, parsed.plan, "{} -> {}", url, written);
        prop_assert_eq!(again.asset, parsed.asset);
        prop_assert!(again.warnings.is_empty(), "{}: {:?}", written, again.warnings);
    }

    #[test]
    fn every_key_can_be_written(key in "[a-zA-Z0-9 %?#&+é:]{1,8}(/[a-zA-Z0-9 %?#&+._]{1,8}){0,3}") {
        prop_assume!(!key.contains(":/") && !text::escapes_root(&key));
        let plan = parse("/p.jpg?w=3").plan;
        let asset = Asset::Path(key);
        let written = Cloudimage.write("", &asset, &plan, &Settings::default()).unwrap();
        prop_assert_eq!(parse(&written).asset, asset);
    }

    #[test]
    fn nothing_panics(url in any::<String>(), at in any::<prop::sample::Index>(), value in any::<String>()) {
        let _ = Cloudimage.parse(Target::new(&url), &Settings::default());
        let _ = purge_path(&url, &Settings::default());
        let rows: Vec<_> = table::rows().collect();
        let (row, mark) = (rows[at.index(rows.len())], &MARKS[at.index(MARKS.len())]);
        let url = format!("/{value}?{}={value}&{value}&wat=1&{}[1]={value}&w=9&h=9&func=fit", row.name, mark.name);
        let _ = Cloudimage.parse(Target::new(&url), &Settings { max_side: 0, ..Settings::default() });
        let _ = (row.parse)(&mut Said::default(), &value);
        let _ = (mark.parse)(&mut Mark::default(), &value);
    }
}
