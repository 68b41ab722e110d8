#![allow(clippy::unwrap_used, clippy::expect_used)]

use plan::{
    Background, Color, Dim, Enlarge, Fit, Fixed, Format, FormatRule, Gravity, Orient, OutputRule, Pad, Plan, Quality,
    Resize, Stage, Trim, TrimMode,
};
use proptest::prelude::*;

use super::table::{KNOWN_LATER, TABLE};
use super::{Imagekit, PurgeTarget, purge_target};
use crate::{Asset, Dialect, Disposition, ParseError, Parsed, Settings, Target, WarningKind};

fn settings() -> Settings {
    Settings::default()
}

fn parse(raw: &str) -> Result<Parsed, ParseError> {
    Imagekit.parse(Target::new(raw), &settings())
}

fn parsed(raw: &str) -> Parsed {
    parse(raw).unwrap_or_else(|error| panic!("{raw}: {error}"))
}

/// The stages behind `orient:exif`, with which every plan begins.
fn stages(raw: &str) -> String {
    let text = parsed(raw).plan.stages_text();
    let rest = text.strip_prefix("orient:exif").unwrap_or_else(|| panic!("{raw}: {text}"));
    rest.strip_prefix('|').unwrap_or(rest).to_owned()
}

fn path(text: &str) -> Asset {
    Asset::Path(text.to_owned())
}

fn url(text: &str) -> Asset {
    Asset::Url(text.to_owned())
}

/// Parsed kinds and names of the warnings.
fn warnings(raw: &str) -> String {
    let said: Vec<_> = parsed(raw).warnings.iter().map(|w| format!("{}:{}", w.kind.name(), w.parameter)).collect();
    said.join(" ")
}

#[test]
fn the_plan_that_all_dialects_share() {
    let parsed = parsed("/tr:w-300,h-200,f-jpg,q-80,pr-true/p.jpg");
    assert_eq!(parsed.plan.stages_text(), "orient:exif|resize:300x200,cover");
    let output = OutputRule {
        original: false,
        format: FormatRule::Always(Format::Jpeg),
        quality: Quality::all(80),
        lossless: false,
        progressive: true,
        animation: true,
        palette: false,
    };
    assert_eq!(parsed.plan.output, output);
    assert_eq!((parsed.asset, parsed.warnings, parsed.source), (path("p.jpg"), vec![], None));
}

#[test]
fn transformations_mean_stages() {
    for (steps, want) in [
        ("w-300", "resize:300x-,inside"),
        ("h-200", "resize:-x200,inside"),
        ("w-1", "resize:1x-,inside"),
        ("w-0.5", "resize:0.5rx-,inside"),
        ("w-0.5,h-100", "resize:0.5rx100,cover"),
        ("w-300.5", "resize:301x-,inside"),
        ("w-300,h-200", "resize:300x200,cover"),
        ("h-200,w-300", "resize:300x200,cover"),
        ("w-300,h-200,c-maintain_ratio", "resize:300x200,cover"),
        ("w-300,h-200,c-force", "resize:300x200,stretch"),
        ("w-300,h-200,cm-force", "resize:300x200,stretch"),
        ("w-300,h-200,c-at_max", "resize:300x200,inside,enlarge=no"),
        ("w-300,h-200,c-at_max_enlarge", "resize:300x200,inside"),
        ("w-300,h-200,c-at_least", "resize:300x200,outside"),
        ("w-300,h-200,c-maintain_ratio_no_enlarge", "resize:300x200,cover,enlarge=clamp"),
        ("w-300,h-200,cm-pad_resize", "resize:300x200,contain,on=000000ff"),
        ("w-300,h-200,c-pad_resize", "resize:300x200,contain,on=000000ff"),
        ("w-300,h-200,cm-pad_resize,bg-F3F3F3", "resize:300x200,contain,on=f3f3f3ff"),
        ("w-300,h-200,cm-pad_resize,bg-FFAABB50", "resize:300x200,contain,on=ffaabb80"),
        ("w-300,h-200,cm-pad_resize,bg-FFAABBFF", "resize:300x200,contain,on=ffaabbff"),
        ("w-300,h-200,cm-pad_resize,bg-FFAABB00", "resize:300x200,contain,on=ffaabb00"),
        ("w-300,h-200,cm-pad_resize,bg-blurred", "resize:300x200,contain,on=blur"),
        ("w-300,h-200,cm-pad_resize,fo-left", "resize:300x200,contain,at=center-left,on=000000ff"),
        ("w-300,h-200,cm-pad_resize,fo-auto", "resize:300x200,contain,on=000000ff"),
        ("w-300,h-200,cm-pad_resize_no_enlarge", "resize:300x200,contain,enlarge=no,on=000000ff"),
        ("w-300,h-200,cm-extract", "extract:window,300x200,center"),
        ("w-300,cm-extract", "extract:window,300x-,center"),
        ("w-300,h-200,cm-extract,fo-top_left", "extract:window,300x200,top-left"),
        ("w-300,h-200,cm-extract,fo-auto", "extract:window,300x200,attention"),
        ("w-300,h-200,cm-extract,x-10,y-20", "extract:window,300x200,corner(10 20)"),
        ("w-300,h-200,cm-extract,x-10", "extract:window,300x200,corner(10 -)"),
        ("w-300,h-200,cm-extract,xc-10,yc-20", "extract:window,300x200,centre(10 20)"),
        ("w-300,h-200,cm-extract,yc-0", "extract:window,300x200,centre(- 0)"),
        ("w-300,h-200,cm-pad_extract", "extract:window,300x200,center,on=000000ff"),
        ("w-300,h-200,cm-pad_extract,bg-red", "extract:window,300x200,center,on=ff0000ff"),
        ("w-300,h-200,cm-pad_extract_no_shrink", "extract:window,300x200,center,on=000000ff,nocut"),
        ("c-at_max,cm-force,w-3,h-2", "resize:3x2,stretch"),
        ("w-300,c-at_max", "resize:300x-,inside,enlarge=no"),
        ("w-300,c-at_max_enlarge", "resize:300x-,inside"),
        ("w-300,cm-pad_resize", "resize:300x-,inside"),
        ("w-300,cm-pad_resize,bg-fff", "resize:300x-,inside|flatten:ffffffff"),
        ("w-300,c-maintain_ratio_no_enlarge", "resize:300x-,inside,enlarge=no"),
        ("w-300,h-200,fo-top", "resize:300x200,cover,at=top"),
        ("w-300,h-200,fo-bottom_right", "resize:300x200,cover,at=bottom-right"),
        ("w-300,h-200,c-maintain_ratio,fo-auto", "resize:300x200,cover,at=attention"),
        ("w-300,c-maintain_ratio,fo-auto", "resize:300x-,inside"),
        ("w-300,h-200,c-force,fo-auto", "resize:300x200,stretch"),
        ("w-400,ar-4-3", "resize:400x300,cover"),
        ("w-400,ar-4_3", "resize:400x300,cover"),
        ("w-400,ar-4:3", "resize:400x300,cover"),
        ("ar-4:3,w-400,c-force", "resize:400x300,stretch"),
        ("w-400,ar-4:3:rt-90", "resize:400x300,cover|rotate:90,auto"),
        ("w-300,ar-1.5", "resize:300x200,cover"),
        ("h-200,ar-1.5", "resize:300x200,cover"),
        ("w-300,ar-1.5,c-at_max", "resize:300x200,inside,enlarge=no"),
        ("w-0.5,ar-4-3", "resize:0.5rx-,cover,aspect=1.3333"),
        ("w-300,h-200,dpr-2", "resize:600x400,cover"),
        ("w-101,dpr-1.5", "resize:152x-,inside"),
        ("w-100,ar-3,dpr-2", "resize:200x67,cover"),
        ("w-0.5,dpr-2", "resize:0.5rx-,inside"),
        ("w-2500,dpr-2", "resize:5000x-,inside"),
        ("w-2501,dpr-2", "resize:2501x-,inside"),
        ("w-5,dpr-0.1", "resize:5x-,inside"),
        ("w-70000,h-200", "resize:-x200,inside"),
        ("w-16384,h-8192", "resize:8192x4096,cover"),
        ("w-auto,h-200", "resize:-x200,inside"),
        ("w-300,dpr-auto", "resize:300x-,inside"),
        ("rt-90", "rotate:90,auto"),
        ("rt-N90", "rotate:270,auto"),
        ("rt-45,bg-red", "rotate:45,ff0000ff"),
        ("rt-90,bg-red", "rotate:90,auto|flatten:ff0000ff"),
        ("rt-auto", ""),
        ("rt-360", ""),
        ("fl-h", "flip:h"),
        ("fl-v_h", "flip:hv"),
        ("fl-v,rt-90", "rotate:90,auto|flip:v"),
        ("t-true", "trim:corner,tolerance=10,keep=0"),
        ("t-5,w-300", "trim:corner,tolerance=5,keep=0|resize:300x-,inside"),
        ("t-false", ""),
        ("bg-000", "flatten:000000ff"),
        ("bg-rebeccapurple,w-3", "resize:3x-,inside|flatten:663399ff"),
        ("h-200:rt-90:w-50", "resize:-x200,inside|rotate:90,auto|resize:50x-,inside"),
        ("rt-90:w-300", "rotate:90,auto|resize:300x-,inside"),
        ("rt-90,w-300", "resize:300x-,inside|rotate:90,auto"),
        ("::,w-300,,:,:", "resize:300x-,inside"),
        ("ar-4-3", ""),
        ("f-png", ""),
        ("di-,md-false", ""),
        ("", ""),
    ] {
        assert_eq!(stages(&format!("/tr:{steps}/a/p.jpg")), want, "path {steps}");
        assert_eq!(stages(&format!("/a/p.jpg?tr={steps}")), want, "query {steps}");
        let encoded = steps.replace(',', "%2C").replace(':', "%3A");
        assert_eq!(stages(&format!("/a/tr%3A{encoded}/p.jpg")), want, "encoded path {steps}");
        assert_eq!(stages(&format!("/a/p.jpg?v=1&tr={encoded}")), want, "encoded query {steps}");
    }
}

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
fn steps_of_the_path_come_first() {
    assert_eq!(stages("/tr:rt-90/a.jpg?tr=w-300"), "rotate:90,auto|resize:300x-,inside");
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
    assert_eq!(
        warnings("/a.jpg?ik-attachment=yes&ik-sanitizeSvg=true"),
        "invalid:ik-attachment unsupported:ik-sanitizeSvg"
    );
    assert_eq!(warnings("/a.jpg?tr=w-3&tr=w-4"), "repeated:tr");
    assert_eq!(stages("/a.jpg?tr=w-3&tr=w-4"), "resize:3x-,inside");
}

#[test]
fn outputs() {
    let auto = "first accepted of avif webp, else source format";
    for (steps, want) in [
        ("", format!("{auto}, quality 80")),
        ("w-300", format!("{auto}, quality 80")),
        ("f-auto,q-30", format!("{auto}, quality 30")),
        ("f-orig", "source format, quality 80".to_owned()),
        ("f-jpeg", "jpeg, quality 80".to_owned()),
        ("f-png", "png, quality 80".to_owned()),
        ("f-webp,lo-true", "webp, quality 80, lossless".to_owned()),
        ("f-avif,q-100", "avif, quality 100".to_owned()),
        ("f-gif", "gif, quality 80".to_owned()),
        ("f-png,q-10:w-3:f-webp,pr-true", "webp, quality 10, progressive".to_owned()),
        ("pr-true:pr-false", format!("{auto}, quality 80")),
        ("orig-true", "original bytes".to_owned()),
        ("orig-false,f-png", "png, quality 80".to_owned()),
    ] {
        assert_eq!(parsed(&format!("/tr:{steps}/a.jpg")).plan.output.to_string(), want, "{steps}");
    }
    for (auto_format, avif, steps, want) in [
        (true, false, "", "first accepted of webp, else source format, quality 80"),
        (false, true, "", "source format, quality 80"),
        (false, true, "f-auto", "first accepted of avif webp, else source format, quality 80"),
    ] {
        let settings = Settings { auto_format, avif, ..settings() };
        let raw = format!("/a.jpg?tr={steps}");
        let plan = Imagekit.parse(Target::new(&raw), &settings).unwrap().plan;
        assert_eq!(plan.output.to_string(), want, "{auto_format} {avif} {steps}");
    }
}

#[test]
fn original_takes_everything_else_with_it() {
    let parsed = parsed("/tr:w-300,orig-true:e-grayscale/a.pdf");
    assert_eq!(parsed.plan, Plan::original());
    assert!(parsed.any_content);
    assert_eq!(warnings("/tr:w-300,orig-true:e-grayscale/a.pdf"), "no-effect:w no-effect:e-grayscale");
    assert!(!super::tests::parsed("/a.jpg").any_content);
}

#[test]
fn what_is_read_past_is_said() {
    for (steps, want) in [
        ("w-300,h-200,f-png,q-3,rt-auto,t-false,di-,md-false,cp-false,z-1,pg-1,dpr-1", ""),
        ("w-70000", "no-effect:w"),
        ("w-auto", "unsupported:w"),
        ("dpr-auto,w-3", "unsupported:dpr"),
        ("dpr-5,w-1001", "no-effect:dpr"),
        ("w-9000", "clamped:w"),
        ("h-6000,ar-2", "clamped:h"),
        ("w-3,h-2,ar-1", "no-effect:ar"),
        ("ar-1", "no-effect:ar"),
        ("w-3,w-4", "repeated:w"),
        ("c-force,cm-extract,w-3,h-2", "no-effect:c"),
        ("w-3,h-2,fo-face", "unsupported:fo"),
        ("w-3,h-2,fo-trafficLight_person", "unsupported:fo"),
        ("w-3,h-2,fo-auto-custom_override", "unsupported:fo"),
        ("w-3,h-2,fo-custom", "unsupported:fo"),
        ("w-3,h-2,x-1,yc-2", "no-effect:x no-effect:yc"),
        ("w-3,h-2,cm-extract,x-1,xc-2", "no-effect:x"),
        ("w-3,h-2,cm-extract,fo-top,x-2", "no-effect:fo"),
        ("w-0.5,ar-2,cm-extract", "unsupported:ar"),
        ("bg-blurred", "no-effect:bg"),
        ("w-3,h-2,cm-pad_resize,bg-blurred_20_N10", "unsupported:bg"),
        ("w-3,h-2,cm-pad_resize,bg-dominant", "unsupported:bg"),
        ("w-3,h-2,cm-pad_resize,bg-gradient_dominant_4", "unsupported:bg"),
        ("w-3,h-2,cm-pad_resize,bg-genfill-prompt-sky", "unsupported:bg"),
        ("t-0", "unsupported:t"),
        (
            "md-true,cp-true,dn-300,pg-2,z-1.5,di-a@@b.jpg",
            "unsupported:md unsupported:cp unsupported:dn unsupported:pg unsupported:z unsupported:di",
        ),
    ] {
        assert_eq!(warnings(&format!("/tr:{steps}/a.jpg")), want, "{steps}");
    }
    let face = stages("/tr:w-3,h-2,fo-face/a.jpg");
    assert_eq!(face, "resize:3x2,cover,at=attention");
    assert_eq!(stages("/tr:w-3,h-2,fo-custom/a.jpg"), "resize:3x2,cover");
    assert_eq!(stages("/tr:w-3,h-2,cm-pad_resize,bg-dominant/a.jpg"), "resize:3x2,contain,on=000000ff");
    let warning = parsed("/tr:w-70000/a.jpg").warnings.remove(0);
    assert_eq!((warning.kind, warning.value.as_str()), (WarningKind::NoEffect, "70000"));
    assert!(warning.allowed.contains("65535"), "{warning}");
}

#[test]
fn bad_transformations_are_refused() {
    for (steps, parameter, value, allowed) in [
        ("foo-200", "foo", "200", "no such parameter"),
        ("width-200", "width", "200", "no such parameter"),
        ("oi-logo.png", "oi", "logo.png", "no such parameter"),
        ("W-200", "W", "200", "no such parameter"),
        ("w-abc", "w", "abc", "65535"),
        ("w", "w", "", "65535"),
        ("w-0", "w", "0", "65535"),
        ("w--5", "w", "-5", "65535"),
        ("w-1e3", "w", "1e3", "65535"),
        ("h-auto", "h", "auto", "65535"),
        ("w-iw_div_2", "w", "iw_div_2", "expressions are not supported yet"),
        ("h-ih", "h", "ih", "expressions are not supported yet"),
        ("w-100_div_3", "w", "100_div_3", "expressions are not supported yet"),
        ("ar-0-3", "ar", "0-3", "width-height"),
        ("w-3,ar-4-x", "ar", "4-x", "width-height"),
        ("ar-4:3:5", "5", "", "no such parameter"),
        ("c-crop", "c", "crop", "maintain_ratio"),
        ("fo-middle", "fo", "middle", "center"),
        ("fo-person_middle", "fo", "person_middle", "objects"),
        ("x-N5", "x", "N5", "0 to 65535"),
        ("dpr-6", "dpr", "6", "0.1 to 5"),
        ("dpr-0", "dpr", "0", "0.1 to 5"),
        ("q-0", "q", "0", "1 to 100"),
        ("q-101", "q", "101", "1 to 100"),
        ("q-80.5", "q", "80.5", "1 to 100"),
        ("f-mp4", "f", "mp4", "jpg"),
        ("f-svg", "f", "svg", "jpg"),
        ("bg-notacolour", "bg", "notacolour", "CSS name"),
        ("bg-FFAABBGG", "bg", "FFAABBGG", "CSS name"),
        ("bg-ffff", "bg", "ffff", "CSS name"),
        ("rt-left", "rt", "left", "degrees"),
        ("rt-NN5", "rt", "NN5", "degrees"),
        ("fl-x", "fl", "x", "h, v"),
        ("t-abc", "t", "abc", "1 to 99"),
        ("lo-yes", "lo", "yes", "true or false"),
        ("pr", "pr", "", "true or false"),
        ("orig-1", "orig", "1", "true or false"),
        ("md-maybe", "md", "maybe", "true or false"),
        ("dn-0", "dn", "0", "1200"),
        ("z-0", "z", "0", "above 0"),
        ("n-thumb", "n", "thumb", "not supported yet"),
        ("r-max", "r", "max", "not supported yet"),
        ("e-grayscale", "e-grayscale", "", "not supported yet"),
        ("e-usm-2-2-0.8-0.024", "e-usm", "2-2-0.8-0.024", "not supported yet"),
        ("l-image,i-logo.png,l-end", "l", "image", "not supported yet"),
        ("if-h_gt_3,w-3,if-end", "if", "h_gt_3", "not supported yet"),
    ] {
        for raw in [format!("/tr:{steps}/a.jpg"), format!("/a.jpg?tr={steps}"), format!("/tr:w-3:{steps}/a.jpg")] {
            match parse(&raw) {
                Err(ParseError::BadParameter { parameter: p, value: v, allowed: a }) => {
                    assert_eq!((p.as_str(), v.as_str()), (parameter, value), "{raw}");
                    assert!(a.contains(allowed), "{raw}: {a}");
                }
                other => panic!("{raw}: {other:?}"),
            }
        }
    }
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
    let long = format!("/{}", "a".repeat(20_000));
    assert!(matches!(parse(&long), Err(ParseError::TooLong { length: 20_001, .. })));
}

#[test]
fn plans_are_spelt() {
    for (raw, want) in [
        ("/a.jpg", "/a.jpg"),
        ("/a%20b%3Fc.jpg", "/a%20b%3Fc.jpg"),
        ("/tr:/tr:w-3/a.jpg", "/tr:/tr:w-3/a.jpg"),
        ("/a.jpg?tr=h-200,w-300,f-jpg,q-80,pr-true", "/tr:w-300,h-200,f-jpg,pr-true/a.jpg"),
        ("/a.jpg?tr=orig-true", "/tr:orig-true/a.jpg"),
        ("/a.jpg?tr=h-200:rt-90:w-50,f-orig", "/tr:h-200,rt-90:w-50,f-orig/a.jpg"),
        ("/a.jpg?tr=bg-red:rt-N45,bg-red,fl-h", "/tr:bg-ff0000:bg-ff0000,rt-N45,fl-h/a.jpg"),
        ("/a.jpg?tr=w-0.9999999,t-true", "/tr:w-0.99999,t-10/a.jpg"),
        ("/a.jpg?tr=w-9,h-8,cm-pad_resize,bg-FFAABB50", "/tr:w-9,h-8,cm-pad_resize,bg-ffaabb50/a.jpg"),
        ("/a.jpg?tr=w-0.5,ar-4-3", "/tr:w-0.5,ar-1.3333/a.jpg"),
        ("/https:/b.example/a%20b.jpg?tr=w-9", "/tr:w-9/https%3A%2F%2Fb.example%2Fa%2520b.jpg"),
    ] {
        let parsed = parsed(raw);
        assert_eq!(Imagekit.write("any", &parsed.asset, &parsed.plan, &settings()).unwrap(), want, "{raw}");
    }
}

#[test]
fn plans_without_words_are_refused() {
    let upright = Stage::Orient(Orient::Exif);
    let resize = |change: fn(&mut Resize)| {
        let mut resize = Resize::new(Some(Dim::Px(30)), Some(Dim::Px(20)), Fit::Cover);
        change(&mut resize);
        vec![Stage::Orient(Orient::Exif), Stage::Resize(resize)]
    };
    for stages in [
        vec![],
        vec![Stage::Orient(Orient::Fixed(6))],
        vec![upright.clone(), upright.clone()],
        vec![upright.clone(), Stage::Straighten { degrees: Fixed::ONE }],
        vec![upright.clone(), Stage::Pad(Pad { top: 1, right: 0, bottom: 0, left: 0, background: Background::Auto })],
        vec![upright.clone(), Stage::Trim(Trim { mode: TrimMode::Alpha, tolerance: Fixed::ONE, keep: 0 })],
        vec![upright.clone(), Stage::Trim(Trim { mode: TrimMode::Corner, tolerance: Fixed::new(2.5), keep: 0 })],
        vec![upright.clone(), Stage::Rotate { degrees: Fixed::ONE, background: Background::Blur }],
        vec![upright.clone(), Stage::Flatten(Color::WHITE.with_alpha(1))],
        resize(|r| r.zoom = Fixed::new(2.0)),
        resize(|r| r.gravity = Gravity::Entropy),
        resize(|r| r.enlarge = Enlarge::No),
        resize(|r| r.fit = Fit::CoverOrContain),
        resize(|r| r.fit = Fit::Contain),
        resize(|r| r.width = Some(Dim::Px(9000))),
        resize(|r| r.width = Some(Dim::Ratio(Fixed::new(1.5)))),
        resize(|r| (r.width, r.limits.max_width) = (Some(Dim::Ratio(Fixed::new(0.5))), Some(9))),
    ] {
        let plan = Plan { stages, output: OutputRule::default() };
        let written = Imagekit.write("", &path("a.jpg"), &plan, &settings());
        assert!(written.is_err(), "{plan}: {written:?}");
    }
    let plan = parsed("/a.jpg").plan;
    for output in [
        OutputRule { animation: false, ..plan.output.clone() },
        OutputRule { palette: true, ..plan.output.clone() },
        OutputRule { quality: Quality { jpeg: 80, webp: 70, avif: 60 }, ..plan.output.clone() },
        OutputRule {
            format: FormatRule::Negotiate { offer: vec![Format::Webp], fallback: None },
            ..plan.output.clone()
        },
    ] {
        let plan = Plan { output, ..plan.clone() };
        assert!(Imagekit.write("", &path("a.jpg"), &plan, &settings()).is_err(), "{plan}");
    }
    for asset in [path(""), path("a//b"), path("/a"), path("a/../b"), path("ik-seo/a/b.jpg"), path("https:/b/a.jpg")] {
        assert!(Imagekit.write("", &asset, &plan, &settings()).is_err(), "{asset:?}");
    }
}

#[test]
fn the_table_is_sound() {
    let settings = settings();
    for (at, row) in TABLE.iter().enumerate() {
        assert!(TABLE[..at].iter().all(|other| other.name != row.name), "{} twice", row.name);
        assert!(!KNOWN_LATER.contains(&row.name), "{} is built", row.name);
        assert!(row.doc.ends_with('.') && row.doc.len() > 10, "{} is documented", row.name);
        assert!(!row.kind.allowed().is_empty(), "{}", row.name);
        let words = match row.kind {
            crate::Kind::Enum(words) => words.to_vec(),
            crate::Kind::Flag => vec!["true", "false"],
            _ => continue,
        };
        for word in words {
            let raw = format!("/tr:{}-{word}/a.jpg", row.name);
            assert!(Imagekit.parse(Target::new(&raw), &settings).is_ok(), "{raw}");
        }
    }
    assert_eq!(Imagekit.params().len(), TABLE.len());
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

/// One valid token.
fn token() -> impl Strategy<Value = String> {
    let color = prop_oneof!["[0-9a-f]{3}", "[0-9A-F]{6}", "[0-9a-f]{6}[0-9]{2}", Just("teal".to_owned())];
    prop_oneof![
        (1u32..9000).prop_map(|n| format!("w-{n}")),
        (1u32..9000).prop_map(|n| format!("h-{n}")),
        (1u32..100_000).prop_map(|n| format!("w-{:.5}", f64::from(n) / 100_000.0)),
        (1u32..30, 1u32..30).prop_map(|(w, h)| format!("ar-{w}-{h}")),
        (1u32..50).prop_map(|n| format!("dpr-{:.1}", f64::from(n) / 10.0)),
        prop::sample::select(super::said::Mode::ALL.to_vec()).prop_map(|(name, _)| format!("c-{name}")),
        prop::sample::select(super::said::Mode::ALL.to_vec()).prop_map(|(name, _)| format!("cm-{name}")),
        prop::sample::select(super::said::Focus::ANCHORS.to_vec()).prop_map(|(name, ..)| format!("fo-{name}")),
        Just("fo-auto".to_owned()),
        (0u32..500).prop_map(|n| format!("x-{n}")),
        (0u32..500).prop_map(|n| format!("y-{n}")),
        (0u32..500).prop_map(|n| format!("xc-{n}")),
        (0u32..500).prop_map(|n| format!("yc-{n}")),
        color.prop_map(|color| format!("bg-{color}")),
        Just("bg-blurred".to_owned()),
        (0u32..4000).prop_map(|n| format!("rt-{:.1}", f64::from(n) / 10.0)),
        (0u32..400).prop_map(|n| format!("rt-N{n}")),
        Just("rt-90".to_owned()),
        prop::sample::select(vec!["fl-h", "fl-v", "fl-h_v", "t-true", "t-7", "pr-true", "lo-true"])
            .prop_map(str::to_owned),
        prop::sample::select(vec!["f-auto", "f-orig", "f-jpg", "f-png", "f-webp", "f-avif", "f-gif"])
            .prop_map(str::to_owned),
        (1u32..=100).prop_map(|n| format!("q-{n}")),
    ]
}

fn chain() -> impl Strategy<Value = String> {
    let step = prop::collection::vec(token(), 0..7).prop_map(|tokens| tokens.join(","));
    prop::collection::vec(step, 0..5).prop_map(|steps| steps.join(":"))
}

proptest! {
    #[test]
    fn what_is_parsed_can_be_written(
        steps in chain(),
        name in "[a-zé '%?#&+(]{1,8}(/[a-z.:]{1,5}x){0,2}",
        auto_format: bool,
        avif: bool,
        endpoint in prop::sample::select(vec!["", "demo", "demo/shop"]),
    ) {
        let settings = Settings { auto_format, avif, endpoint: endpoint.to_owned(), ..settings() };
        let raw = format!("/a/{}?tr={steps}", crate::text::encode(&name, crate::text::PATH));
        let parsed = Imagekit.parse(Target::new(&raw), &settings).unwrap();
        let written = Imagekit.write("", &parsed.asset, &parsed.plan, &settings).unwrap();
        let again = Imagekit.parse(Target::new(&written), &settings).unwrap();
        prop_assert_eq!(&again.plan, &parsed.plan, "{}", written);
        prop_assert_eq!(again.asset, parsed.asset);
        prop_assert!(again.warnings.is_empty(), "{} {:?}", written, again.warnings);
        let mut canonical = parsed.plan.clone();
        canonical.canonicalise();
        prop_assert_eq!(canonical, parsed.plan);
    }

    #[test]
    fn nothing_panics(path in "/?(tr:|[-a-z0-9,:/%_.*é]|%2F|%3A|https:/|ik-seo/){0,40}", query in ".{0,30}", free in ".{0,60}") {
        for raw in [format!("{path}?{query}"), format!("/{free}"), format!("/tr:{free}/a"), format!("/a?tr={free}")] {
            let _ = parse(&raw);
            let _ = purge_target(&raw, &settings());
            let _ = purge_target(&format!("{raw}*"), &settings());
        }
    }

    #[test]
    fn any_value_is_read_or_refused(row in 0..TABLE.len(), value in "[-N0-9._a-z]{0,9}") {
        let _ = parse(&format!("/tr:{}-{value}/a.jpg", TABLE[row].name));
    }

    #[test]
    fn paths_survive(asset in "[a-zA-Zé0-9 ~%?#&+=,;:@!'()-]{1,9}(/[a-z.:]{1,4}x){0,3}") {
        let plan = parsed("/tr:w-3/a").plan;
        let asset = path(&asset);
        if let Ok(written) = Imagekit.write("", &asset, &plan, &settings()) {
            prop_assert_eq!(parsed(&written).asset, asset);
        }
    }
}
