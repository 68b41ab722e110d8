#![allow(clippy::unwrap_used, clippy::expect_used)]

mod effects;
mod marks;
mod presets;
mod signatures;

use std::collections::HashSet;

use plan::{
    AcceptClass, Background, Color, Dim, Enlarge, Fit, Fixed, Format, FormatRule, Gravity, OutputSpec, Quality, Resize,
    Stage,
};
use proptest::prelude::*;

use super::*;
use crate::cloudimage::Cloudimage;
use crate::request::Disposition;
use crate::table::Kind;
use said::Mode;

fn parse(url: &str) -> Parsed {
    Imageboss.parse(Target::new(url), &Settings::default()).unwrap_or_else(|e| panic!("{url}: {e}"))
}

fn warnings(url: &str) -> Vec<String> {
    parse(url).warnings.iter().map(|w| format!("{}:{}={}", w.kind.name(), w.parameter, w.value)).collect()
}

#[test]
fn stages() {
    for (path, want) in [
        // Operations
        ("cdn", ""),
        ("width/300", "resize:300x-,inside"),
        ("height/200", "resize:-x200,inside"),
        ("width/0300", "resize:300x-,inside"),
        ("cover/300x200", "resize:300x200,cover,at=attention"),
        ("cover:/300x200", "resize:300x200,cover,at=attention"),
        ("cover:smart/300x200", "resize:300x200,cover,at=attention"),
        ("cover:face/300x200", "resize:300x200,cover,at=attention"),
        ("cover:center/300x200", "resize:300x200,cover"),
        ("cover:center/300x200/format:jpg,quality:80", "resize:300x200,cover"),
        ("cover%3Acenter/300x200", "resize:300x200,cover"),
        ("cover:attention/300x200", "resize:300x200,cover,at=attention"),
        ("cover:entropy/300x200", "resize:300x200,cover,at=entropy"),
        ("cover:north/300x200", "resize:300x200,cover,at=top"),
        ("cover:northeast/300x200", "resize:300x200,cover,at=top-right"),
        ("cover:east/300x200", "resize:300x200,cover,at=center-right"),
        ("cover:southeast/300x200", "resize:300x200,cover,at=bottom-right"),
        ("cover:south/300x200", "resize:300x200,cover,at=bottom"),
        ("cover:southwest/300x200", "resize:300x200,cover,at=bottom-left"),
        ("cover:west/300x200", "resize:300x200,cover,at=center-left"),
        ("cover:northwest/300x200", "resize:300x200,cover,at=top-left"),
        ("cover:contain/800x533/format:jpg", "resize:800x533,contain"),
        ("contain/800x533", "resize:800x533,contain"),
        ("cover:inside/476x728", "resize:476x728,inside"),
        ("cover:nonsense/300x200", "resize:300x200,cover,at=attention"),
        // Empty pieces
        ("/width//300/", "resize:300x-,inside"),
        ("width/300/,/dpr:2,,/", "resize:600x-,inside"),
        ("width/300/dpr:", "resize:300x-,inside"),
        // Both styles of options, and mixed
        ("width/300/dpr:2,withoutEnlargement:true", "resize:600x-,inside,enlarge=no"),
        ("width/300/dpr:2/withoutEnlargement:true", "resize:600x-,inside,enlarge=no"),
        ("width/300/dpr:2/withoutEnlargement:1,quality:07", "resize:600x-,inside,enlarge=no"),
        ("width/300/DPR:2,WithoutEnlargement:TRUE", "resize:600x-,inside,enlarge=no"),
        ("width/300/dpr:2,dpr:3", "resize:900x-,inside"),
        ("width/300/dpr%3A2", "resize:600x-,inside"),
        // Sizes
        ("width/100/dpr:1.5", "resize:150x-,inside"),
        ("width/100/dpr:9", "resize:500x-,inside"),
        ("cover:center/8000x4000/dpr:2", "resize:8192x4096,cover"),
        ("width/99999999999999999999", "resize:8192x-,inside"),
        // Focal points
        ("cover/300x200/fp-x:0.25,fp-y:0.75", "resize:300x200,cover,at=point(0.25 0.75)"),
        ("cover/300x200/fp-x:0.5,fp-y:0.5", "resize:300x200,cover"),
        ("cover/300x200/fp-y:0", "resize:300x200,cover,at=point(0.5 0)"),
        ("cover:face/300x200/fp-x:0,fp-y:2", "resize:300x200,cover,at=point(0 1)"),
        ("cover:north/300x200/fp-x:0,fp-z:2", "resize:300x200,cover,at=top,zoom=2"),
        ("cover:face/300x200/fp-z:1.5", "resize:300x200,cover,at=attention,zoom=1.5"),
        ("width/300/fp-x:0.1,fp-y:0.2,fp-z:3", "resize:300x-,inside"),
        // Fill, stretch, trim, extract, rotate
        ("cover:contain/30x20/fill-color:f80", "resize:30x20,contain,on=ff8800ff|flatten:ff8800ff"),
        ("cover:contain/30x20/fill-color:11223380", "resize:30x20,contain,on=11223380|flatten:11223380"),
        ("width/30/fill-color:ffffff", "resize:30x-,inside|flatten:ffffffff"),
        ("cover/30x20/ignoreAspectRatio:true", "resize:30x20,stretch"),
        ("cover/30x20/withoutEnlargement:true", "resize:30x20,cover,enlarge=no,at=attention"),
        ("width/30/trim:true", "trim:corner,tolerance=3.9216,keep=0|resize:30x-,inside"),
        ("width/30/trim:51", "trim:corner,tolerance=20,keep=0|resize:30x-,inside"),
        ("width/30/trim:false", "resize:30x-,inside"),
        ("cdn/extract:10;20;30;40", "extract:rect,10,20,30x40,top-left"),
        ("cdn/extract:10%3B20%3B30%3B40", "extract:rect,10,20,30x40,top-left"),
        ("cdn/extract:0x20x30x40", "extract:rect,-,20,30x40,top-left"),
        ("cdn/extract:10-20-30-40,trim:51", "extract:rect,10,20,30x40,top-left|trim:corner,tolerance=20,keep=0"),
        ("cdn/extract:1|2|3|0", ""),
    ] {
        let url = format!("/local/{path}/p.jpg");
        let want = if want.is_empty() { "orient:exif".to_owned() } else { format!("orient:exif|{want}") };
        assert_eq!(parse(&url).plan.stages_text(), want, "{url}");
    }
    assert_eq!(parse("/local/width/300/autorotate:false/p.jpg").plan.stages_text(), "resize:300x-,inside");
}

#[test]
fn outputs() {
    for (path, want) in [
        ("cdn", "source format, quality 80/80/60, progressive, first frame"),
        ("width/3", "source format, quality 80/80/60, progressive, first frame"),
        (
            "cdn/format:auto",
            "first accepted of avif webp, else source format, quality 80/80/60, progressive, first frame",
        ),
        ("cdn/format:jpg", "jpeg, quality 80/80/60, progressive, first frame"),
        ("cdn/format:JPEG,quality:50", "jpeg, quality 50, progressive, first frame"),
        ("cdn/format:webp,animation:true", "webp, quality 80/80/60, progressive"),
        ("cdn/format:avif", "avif, quality 80/80/60, progressive, first frame"),
        ("cdn/format:gif,animation:1", "gif, quality 80/80/60, progressive"),
        ("cdn/format:png", "png, quality 80/80/60, progressive, first frame"),
        ("cdn/format:png,quality:89", "png, quality 89, progressive, first frame, palette"),
        ("cdn/format:png,quality:90", "png, quality 90, progressive, first frame"),
        ("cdn/quality:50", "source format, quality 50, progressive, first frame"),
        ("cdn/quality:01", "source format, quality 1, progressive, first frame"),
        ("cdn/quality:400", "source format, quality 100, progressive, first frame"),
        ("cdn/progressive:false", "source format, quality 80/80/60, first frame"),
        ("cdn/format:mp4,animation:true", "source format, quality 80/80/60, progressive"),
        ("width/3/compression:false", "source format, quality 95, progressive, first frame"),
        ("width/3/compression:false,quality:40", "source format, quality 40, progressive, first frame"),
        ("cdn/compression:false,format:webp", "original bytes"),
        ("cdn/compression:true", "source format, quality 80/80/60, progressive, first frame"),
    ] {
        assert_eq!(parse(&format!("/local/{path}/p.jpg")).plan.output.to_string(), want, "{path}");
    }
    let no_avif = Settings { avif: false, ..Settings::default() };
    let plan = Imageboss.parse(Target::new("/s/cdn/format:auto/p.jpg"), &no_avif).unwrap().plan;
    assert_eq!(plan.output.format, FormatRule::Negotiate { offer: vec![Format::Webp], fallback: None });
}

/// The same meaning in two dialects is one derivative.
#[test]
fn two_dialects_agree() {
    let boss = parse("/local/cover:center/300x200/format:jpg,quality:80/p.jpg");
    let cloud =
        Cloudimage.parse(Target::new("/p.jpg?w=300&h=200&force_format=jpg&q=80"), &Settings::default()).unwrap();
    assert_eq!(boss.plan.stages_text(), "orient:exif|resize:300x200,cover");
    assert_eq!(boss.plan.stages_text(), cloud.plan.stages_text());
    assert_eq!(boss.asset, cloud.asset);
    let want = OutputSpec {
        candidates: vec![Format::Jpeg],
        forced: true,
        quality: Quality { jpeg: 80, webp: 0, avif: 0 },
        lossless: false,
        progressive: true,
        animation: false,
        palette: false,
        ..plan::OutputRule::default().resolve(AcceptClass::Basic)
    };
    assert_eq!(boss.plan.output.resolve(AcceptClass::Basic), want);
    assert_eq!(cloud.plan.output.resolve(AcceptClass::Basic), want);
}

/// A plan of one dialect, in the words of the other.
#[test]
fn writes_what_another_dialect_said() {
    for (query, want) in [
        ("w=300&h=200&force_format=jpg&q=80", "cover:center/300x200/format:jpg,quality:80,animation:true"),
        ("w=300&org_if_sml=1&q=70", "width/300/format:auto,quality:70,withoutEnlargement:true,animation:true"),
        ("h=9&q=70&force_format=original", "height/9/quality:70,animation:true"),
        (
            "w=3&h=2&func=cover&q=70&force_format=_avif",
            "cover/3x2/format:avif,quality:70,ignoreAspectRatio:true,animation:true",
        ),
        ("func=proxy", "cdn/compression:false"),
    ] {
        let target = format!("/p.jpg?{query}");
        let cloud = Cloudimage.parse(Target::new(&target), &Settings::default()).unwrap();
        let written = Imageboss.write("s", &cloud.asset, &cloud.plan, &Settings::default()).unwrap();
        assert_eq!(written, format!("/s/{want}/p.jpg"));
        assert_eq!(parse(&written).plan, cloud.plan);
    }
}

#[test]
fn assets() {
    for (url, source, asset, query) in [
        ("/local/cdn/p.jpg", "local", "p.jpg", ""),
        ("//local//cdn//a/b.jpg", "local", "a/b.jpg", ""),
        ("/shop/width/700/blur:4/format:auto/caf%C3%A9%20menu.jpg", "shop", "café menu.jpg", ""),
        ("/s-1_b/width/3/team/cat.jpg", "s-1_b", "team/cat.jpg", ""),
        ("/s/width/3/objectid", "s", "objectid", ""),
        ("/s/width/3/download/p.jpg", "s", "download/p.jpg", ""),
        ("/s/width/3/a/blur:4/p.jpg", "s", "a/blur:4/p.jpg", ""),
        ("/s/width/3/blur:4", "s", "blur:4", ""),
        ("/s/width/3/A:b/p.jpg", "s", "A:b/p.jpg", ""),
        ("/s/width/3/1:2/p.jpg", "s", "1:2/p.jpg", ""),
        ("/s/width/3/blur:4,a/p.jpg", "s", "blur:4,a/p.jpg", ""),
        ("/s/width/3/a:b/p.jpg", "s", "p.jpg", ""),
        ("/s/cdn/wmk-path:%2Flogo.png/p.jpg", "s", "p.jpg", ""),
        ("/s/cdn/https://x.example/p.jpg", "s", "https://x.example/p.jpg", ""),
        ("/s/cdn/a//b%2Fc.jpg", "s", "a//b/c.jpg", ""),
        ("/s/cdn/p.jpg?1572985641", "s", "p.jpg", "1572985641"),
        ("/s/cdn/p.jpg?v=2&bossToken=abc&&a=%20", "s", "p.jpg", "a=%20&v=2"),
        ("/s/cdn/p.jpg?bossToken=abc", "s", "p.jpg", ""),
        ("/cdn/cdn/p.jpg", "cdn", "p.jpg", ""),
    ] {
        let parsed = parse(url);
        let found = (parsed.source.as_deref(), &parsed.asset, parsed.origin_query.as_str());
        assert_eq!(found, (Some(source), &Asset::Path(asset.to_owned()), query), "{url}");
    }
}

#[test]
fn folders_that_look_like_options() {
    let path = |p: &str| Some(Asset::Path(p.to_owned()));
    for (url, want) in [
        ("/s/width/3/a:b/p.jpg", path("a:b/p.jpg")),
        ("/s/width/3/dpr:2/a:b/c:d/p.jpg", path("a:b/c:d/p.jpg")),
        ("/s/width/3/dpr:2/p.jpg", None),
        ("/s/width/3/blur:2/p.jpg", None),
        ("/s/width", None),
    ] {
        assert_eq!(folder_reading(url), want, "{url}");
    }
}

#[test]
fn malformed_paths_are_refused() {
    for path in [
        "",
        "/",
        "/s",
        "/s/cdn",
        "/s/cdn/",
        "/s/cdn//",
        "/s/crop/3x3/p.jpg",
        "/s/p.jpg",
        "/s/width/p.jpg",
        "/s/width/0/p.jpg",
        "/s/width/-3/p.jpg",
        "/s/width/3.5/p.jpg",
        "/s/width/3px/p.jpg",
        "/s/width/3",
        "/s/width/3/",
        "/s/width/3/dpr:2/",
        "/s/cover/3/p.jpg",
        "/s/cover/3x/p.jpg",
        "/s/cover/x3/p.jpg",
        "/s/cover/0x3/p.jpg",
        "/s/cover/3x0/p.jpg",
        "/s/cover/3x3x3/p.jpg",
        "/s.t/cdn/p.jpg",
        "/-s/cdn/p.jpg",
        "/s%20t/cdn/p.jpg",
        "/width/300/https://x.example/p.jpg",
        "/s/cdn/../p.jpg",
        "/s/cdn/a/%2e%2E/p.jpg",
        "/s/cdn/a%00.jpg",
        "/s/cdn/%ff.jpg",
    ] {
        let answer = Imageboss.parse(Target::new(path), &Settings::default());
        assert!(matches!(answer, Err(ParseError::Malformed { .. })), "{path}: {answer:?}");
    }
}

#[test]
fn what_is_not_obeyed_is_said() {
    for (path, want) in [
        ("width/3/format:auto,quality:80,dpr:2", vec![]),
        ("width/3/blur:4,Sharpen:2", vec![]),
        ("width/3/privacy:4,Face-Index:2", vec!["unsupported:privacy=4", "unsupported:Face-Index=2"]),
        ("width/3/wmk-path:%2Flogo.png", vec![]),
        ("width/3/webp:true", vec![]),
        ("width/3/webp:true,format:png", vec!["no-effect:webp=true"]),
        ("width/3/foo:1", vec!["unknown:foo=1"]),
        ("width/3/animation:1,format:mp4", vec!["unsupported:format=mp4"]),
        ("width/3/format:heic", vec!["invalid:format=heic"]),
        ("width/3/quality:", vec!["invalid:quality="]),
        ("width/3/quality:0", vec!["clamped:quality=0"]),
        ("width/3/quality:80,quality:70", vec!["repeated:quality=80"]),
        ("width/3/dpr:0.5", vec!["clamped:dpr=0.5"]),
        ("width/3/fp-x:2", vec!["clamped:fp-x=2"]),
        ("width/3/trim:300", vec!["clamped:trim=300"]),
        ("width/3/trim:x", vec!["invalid:trim=x"]),
        ("width/3/extract:1;2;3", vec!["invalid:extract=1;2;3"]),
        ("width/3/extract:1;2;0;3", vec!["invalid:extract=1;2;0;3"]),
        ("width/3/fill-color:12345", vec!["invalid:fill-color=12345"]),
        ("width/3/animation:yes", vec!["invalid:animation=yes"]),
        ("cover:face/3x3", vec!["unsupported:cover=face"]),
        ("cover:nonsense/3x3", vec!["invalid:cover=nonsense"]),
        ("width/9000", vec!["clamped:size=width/9000"]),
        ("cover:north/5000x10/dpr:2", vec!["clamped:size=cover:north/5000x10"]),
    ] {
        assert_eq!(warnings(&format!("/s/{path}/p.jpg")), want, "{path}");
    }
}

#[test]
fn downloads_and_other_content() {
    for (option, want) in [
        ("download:true", Disposition::Attachment(None)),
        ("download:1", Disposition::Attachment(None)),
        ("download:false", Disposition::None),
        ("download:my%20cat.jpg", Disposition::Attachment(Some("my cat.jpg".to_owned()))),
        ("download:..%2F%0Acat.jpg", Disposition::Attachment(Some("cat.jpg".to_owned()))),
    ] {
        assert_eq!(parse(&format!("/s/width/3/{option}/p.jpg")).disposition, want, "{option}");
    }
    assert!(parse("/s/cdn/manual.pdf").any_content);
    assert!(!parse("/s/cdn/p.jpg").plan.output.original, "cdn optimises");
    assert!(!parse("/s/width/3/p.jpg").any_content);
    let raw = parse("/s/cdn/compression:false/p.jpg");
    assert!(raw.any_content);
    assert_eq!(raw.plan, Plan::original());
}

#[test]
fn purges_name_every_reading() {
    for (raw, source, assets) in [
        ("/s/p.jpg", "s", vec!["p.jpg"]),
        ("/s/team/caf%C3%A9.jpg?v=1", "s", vec!["team/café.jpg"]),
        ("/s/team/café.jpg", "s", vec!["team/café.jpg"]),
        ("/s/width/300/a.jpg", "s", vec!["width/300/a.jpg", "a.jpg"]),
        ("/s/cdn/a.jpg", "s", vec!["cdn/a.jpg", "a.jpg"]),
        ("/s/cdn/x:y/a.jpg", "s", vec!["cdn/x:y/a.jpg", "a.jpg", "x:y/a.jpg"]),
        ("/s//a.jpg", "s", vec!["a.jpg"]),
    ] {
        let assets: Vec<Asset> = assets.into_iter().map(|a| Asset::Path(a.to_owned())).collect();
        assert_eq!(purge_paths(raw).unwrap(), (source.to_owned(), assets), "{raw}");
    }
    for raw in ["", "/", "/s", "/s/", "/s/../p.jpg", "/s t/p.jpg"] {
        assert!(purge_paths(raw).is_err(), "{raw}");
    }
}

/// A few readable values for each row.
fn samples(param: &Param<Said>) -> Vec<String> {
    let words: &[&str] = match param.name {
        "format" => &["auto", "webp", "avif", "jpg", "jpeg", "png", "gif"],
        "quality" => &["1", "07", "80", "90", "100"],
        "dpr" => &["1", "1.25", "5"],
        "fill-color" => &["fff", "123456", "12345678", "00000000", "red"],
        "fp-x" | "fp-y" => &["0", "0.5", "0.3333", "1"],
        "fp-z" => &["1", "1.5", "100"],
        "download" => &["true", "0", "cat, dog.jpg"],
        "trim" => &["true", "false", "1", "254", "0"],
        "wmk-path" => &["/logo.png", "logo.png", "/a b,c/é%.png"],
        "wmk-position" => &["north", "SouthWest", "center"],
        "wmk-width" | "wmk-height" => &["1", "300", "65535"],
        "wmk-pad" => &["0", "12"],
        "wmk-opacity" => &["0", "33.33", "100"],
        "gamma" => &["1", "1.5", "3"],
        "linear" => &["1.5", "0.5;20", "2|-30", "2-30", "-1;255", "-1--7.25", "1;0"],
        "brightness" => &["-100", "0", "33.3333", "100"],
        "threshold" => &["0", "128", "255"],
        "blur" => &["true", "false", "0.3", "40", "1"],
        "sharpen" => &["true", "false", "0.3", "10", "1"],
        "mask" => &["circle", "Ellipse", "1", "20", "8192"],
        "face-index" | "privacy" | "preset" => &[],
        "extract" => &["0;0;1;1", "10-20-30-40", "1x2x3x4", "1|2|3|4"],
        _ if param.kind == Kind::Flag => &["true", "false", "1", "0", "TRUE"],
        other => panic!("no samples for {other}"),
    };
    words.iter().map(|w| (*w).to_owned()).collect()
}

#[test]
fn the_table_is_sound() {
    let mut names = HashSet::new();
    for param in TABLE {
        for name in [param.name].iter().chain(param.aliases) {
            assert!(names.insert(name.to_ascii_lowercase()), "{name} twice");
            assert!(std::ptr::eq(path::find(&name.to_ascii_uppercase()).unwrap(), param));
        }
        assert!(!param.doc.is_empty() && !param.kind.allowed().is_empty(), "{}", param.name);
        assert_eq!((param.write)(&Said::default()), None, "{}: the default is not written", param.name);
        for value in samples(param) {
            let (mut once, mut twice) = (Said::default(), Said::default());
            assert_eq!((param.parse)(&mut once, &value), Ok(()), "{}:{value}", param.name);
            if let Some(text) = (param.write)(&once) {
                assert_eq!((param.parse)(&mut twice, &text), Ok(()), "{}:{text}", param.name);
                assert_eq!(once, twice, "{}:{value}", param.name);
            }
        }
        if let Kind::Enum(words) = param.kind {
            for word in words {
                let answer = (param.parse)(&mut Said::default(), word);
                assert!(matches!(answer, Ok(()) | Err(WarningKind::Unsupported)), "{}:{word}: {answer:?}", param.name);
            }
        }
    }
    assert_eq!(Imageboss.params().len(), TABLE.len());
}

#[test]
fn writes_what_reads_back() {
    for (url, key, want) in [
        ("/x/width/300/y", "a b/c.jpg", "/local/width/300/a%20b/c.jpg"),
        ("/x/width/300/dpr:2/y", "p.jpg", "/local/width/600/p.jpg"),
        ("/x/cover/3x2/y", "p.jpg", "/local/cover:attention/3x2/p.jpg"),
        ("/x/cover/3x2/fp-x:0.1/y", "p.jpg", "/local/cover/3x2/fp-x:0.1,fp-y:0.5/p.jpg"),
        ("/x/cdn/compression:false/y", "p.pdf", "/local/cdn/compression:false/p.pdf"),
        (
            "/x/cover:contain/3x2/fill-color:fff,format:png,quality:50/y",
            "p.jpg",
            "/local/cover:contain/3x2/format:png,quality:50,fill-color:ffffff/p.jpg",
        ),
        ("/x/cdn/extract:0;1;2;3,autorotate:0/y", "p.jpg", "/local/cdn/autorotate:false,extract:0;1;2;3/p.jpg"),
    ] {
        let asset = Asset::Path(key.to_owned());
        let written = Imageboss.write("local", &asset, &parse(url).plan, &Settings::default()).unwrap();
        assert_eq!(written, want);
    }
}

#[test]
fn says_what_it_cannot_write() {
    let asset = Asset::Path("p.jpg".into());
    let plain = || parse("/s/cdn/p.jpg").plan;
    let with = |stage: Stage| {
        let mut plan = plain();
        plan.stages.push(stage);
        plan.canonicalise();
        plan
    };
    let size = |fit| Resize::new(Some(Dim::Px(9)), Some(Dim::Px(9)), fit);
    let mut lossless = plain();
    lossless.output.lossless = true;
    for plan in [
        with(Stage::Flip { horizontal: true, vertical: false }),
        with(Stage::Rotate { degrees: Fixed::new(90.0), background: Background::Auto }),
        with(Stage::Resize(size(Fit::Outside))),
        with(Stage::Resize(size(Fit::CoverOrContain))),
        with(Stage::Resize(Resize { enlarge: Enlarge::NoClamp, ..size(Fit::Cover) })),
        with(Stage::Resize(Resize { gravity: Gravity::Edges, ..size(Fit::Cover) })),
        with(Stage::Resize(Resize { background: Background::Color(Color::BLACK), ..size(Fit::Contain) })),
        with(Stage::Resize(Resize::new(Some(Dim::Px(9000)), None, Fit::Inside))),
        lossless,
    ] {
        let answer = Imageboss.write("s", &asset, &plan, &Settings::default());
        assert!(answer.is_err(), "{plan}: {answer:?}");
    }
    for (source, asset) in [
        ("s", Asset::Url("https://x.example/p.jpg".into())),
        ("s", Asset::Path("blur:4/p.jpg".into())),
        ("s", Asset::Path("a:b/p.jpg".into())),
        ("s", Asset::Path("/p.jpg".into())),
        ("s", Asset::Path(String::new())),
        ("s t", Asset::Path("p.jpg".into())),
        ("", Asset::Path("p.jpg".into())),
    ] {
        let answer = Imageboss.write(source, &asset, &plain(), &Settings::default());
        assert!(answer.is_err(), "{source} {asset:?}: {answer:?}");
    }
}

/// A path of operations and table rows with readable values.
fn paths() -> impl Strategy<Value = String> {
    let operation = prop_oneof![
        Just("cdn".to_owned()),
        (1u32..20_000).prop_map(|w| format!("width/{w}")),
        (1u32..20_000).prop_map(|h| format!("height/{h}")),
        (
            prop::sample::select(Mode::words().split(", ").map(str::to_owned).collect::<Vec<_>>()),
            1u32..20_000,
            1u32..999
        )
            .prop_map(|(mode, w, h)| format!("cover:{mode}/{w}x{h}")),
    ];
    (operation, options(|_| true), options(|name| name.starts_with("wmk-")), any::<bool>()).prop_flat_map(
        |(operation, mut options, mark, marked)| {
            if marked {
                options.push("wmk-path:%2Fl.png".to_owned());
                options.extend(mark);
            }
            prop::sample::select(vec![",", "/"])
                .prop_map(move |between| format!("/s/{operation}/{}/p.jpg", options.join(between)))
        },
    )
}

fn options(wanted: fn(&str) -> bool) -> impl Strategy<Value = Vec<String>> {
    let options: Vec<String> = TABLE
        .iter()
        .filter(|param| wanted(param.name))
        .flat_map(|param| samples(param).into_iter().map(|v| (param.name, v)))
        .map(|(name, value)| format!("{name}:{}", text::encode(&value, OPTION)))
        .collect();
    prop::collection::vec(prop::sample::select(options), 0..8)
}

proptest! {
    #[test]
    fn every_plan_of_its_own_can_be_written(url in paths(), avif: bool, max_side in 16u32..9000) {
        let settings = Settings { avif, max_side, ..Settings::default() };
        let parsed = Imageboss.parse(Target::new(&url), &settings).unwrap();
        let mut canonical = parsed.plan.clone();
        canonical.canonicalise();
        prop_assert_eq!(&canonical, &parsed.plan);
        let written = Imageboss.write("s", &parsed.asset, &parsed.plan, &settings).unwrap();
        let again = Imageboss.parse(Target::new(&written), &settings).unwrap();
        prop_assert_eq!(again.plan, parsed.plan, "{} -> {}", url, written);
        prop_assert!(again.warnings.is_empty(), "{}: {:?}", written, again.warnings);
    }

    #[test]
    fn every_key_without_colons_can_be_written(key in "[a-zA-Z0-9 %?#&+é,]{1,8}(/[a-zA-Z0-9 %?#&+._]{1,8}){0,3}") {
        prop_assume!(!text::escapes_root(&key) && !key.split('/').next().is_some_and(|s| s.bytes().all(|b| b == b',')));
        let asset = Asset::Path(key);
        let plan = parse("/s/width/3/dpr:2,quality:3/p.jpg").plan;
        let written = Imageboss.write("s", &asset, &plan, &Settings::default()).unwrap();
        prop_assert_eq!(&parse(&written).asset, &asset);
        // A purge of the delivery URL takes the master, too.
        prop_assert!(purge_paths(&written).unwrap().1.contains(&asset));
    }

    #[test]
    fn nothing_panics(url in any::<String>(), index in 0..TABLE.len(), value in any::<String>()) {
        let param = &TABLE[index];
        let strange = Settings { max_side: 0, ..Settings::default() };
        for url in [
            url.clone(),
            format!("/s/{url}"),
            format!("/s/cover:{value}/{url}"),
            format!("/s/width/300/{}:{value}/{url}?{value}", param.name),
        ] {
            let _ = Imageboss.parse(Target::new(&url), &strange);
            let _ = purge_paths(&url);
            let _ = folder_reading(&url);
        }
        let _ = (param.parse)(&mut Said::default(), &value);
    }
}
