//! What transformations mean; `urls` has what stands around them, `writing` the way back.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod chain;
mod effects;
mod hints;
mod layers;
mod lenient;
mod named;
mod signatures;
mod texts;
mod urls;
mod writing;

use plan::{Format, FormatRule, OutputRule, Plan, Quality};

use super::table::rows;
use super::{Imagekit, PurgeTarget, layer, purge_target};
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
        ..OutputRule::default()
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
        ("w-0.000001", "resize:0.0001rx-,inside"),
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
        ("w-300,h-200,cm-pad_resize,bg-blurred_20_N51", "resize:300x200,contain,on=blur(sigma=10 brightness=-0.2)"),
        ("w-300,h-200,cm-pad_resize,bg-blurred_auto_255", "resize:300x200,contain,on=blur(brightness=1)"),
        ("w-300,h-200,cm-pad_resize,bg-blurred_100", "resize:300x200,contain,on=blur(sigma=50)"),
        ("w-300,h-200,cm-pad_resize,bg-dominant", "resize:300x200,contain,on=dominant-edge"),
        ("w-300,h-200,cm-pad_resize,bg-gradient_dominant", "resize:300x200,contain,on=dominant-gradient(2)"),
        ("w-300,h-200,cm-pad_resize,bg-gradient_dominant_4", "resize:300x200,contain,on=dominant-gradient(4)"),
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
        ("rt-45,bg-dominant", "rotate:45,dominant-edge"),
        ("bg-dominant", "flatten:dominant-edge"),
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
fn steps_of_the_path_come_first() {
    assert_eq!(stages("/tr:rt-90/a.jpg?tr=w-300"), "rotate:90,auto|resize:300x-,inside");
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
        ("md-true,cp-true,dn-300,f-png", "png, quality 80, metadata=keep, profile=keep, dpi=300".to_owned()),
        ("md-true:md-false,cp-false", format!("{auto}, quality 80")),
        ("cp-true", "first accepted of webp, else source format, quality 80, profile=keep".to_owned()),
        ("e-usm:w-3", "first accepted of webp, else source format, quality 80".to_owned()),
        ("e-usm,f-avif", "avif, quality 80".to_owned()),
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
    assert!(!crate::imagekit::tests::parsed("/a.jpg").any_content);
}

#[test]
fn what_is_read_past_is_said() {
    for (steps, want) in [
        ("w-300,h-200,f-png,q-3,rt-auto,t-false,di-,md-false,cp-false,z-1,pg-1,dpr-1", ""),
        ("w-70000", "no-effect:w"),
        ("w-auto,dpr-auto", ""),
        ("l-image,i-a.png,w-auto,l-end", "no-effect:w"),
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
        ("bg-gradient_dominant_2", "no-effect:bg"),
        ("w-3:pg-2", "no-effect:pg"),
        ("pg-1_3_5", "clamped:pg"),
        ("pg-2-4", "clamped:pg"),
        ("pg-2-2", ""),
        ("c2pa-true", "unsupported:c2pa"),
        ("c2pa-false", ""),
        ("z-1.5,di-a@@b.jpg", "unsupported:z"),
        ("w-3,h-2,cm-extract,x-N5,y--1", "clamped:x clamped:y"),
        ("w-3,h-2,cm-extract,x-N0", ""),
    ] {
        assert_eq!(warnings(&format!("/tr:{steps}/a.jpg")), want, "{steps}");
    }
    let face = stages("/tr:w-3,h-2,fo-face/a.jpg");
    assert_eq!(face, "resize:3x2,cover,at=attention");
    assert_eq!(stages("/tr:w-3,h-2,fo-custom/a.jpg"), "resize:3x2,cover");
    assert_eq!(stages("/tr:w-3,h-2,fo-car_person/a.jpg"), "resize:3x2,cover");
    assert_eq!(stages("/tr:w-3,h-2,cm-extract,x-N5,y-1/a.jpg"), "extract:window,3x2,corner(0 1)");
    assert_eq!(parsed("/tr:pg-4-/a.pdf").plan.stages_text(), "page:3|orient:exif");
    let warning = parsed("/tr:w-70000/a.jpg").warnings.remove(0);
    assert_eq!((warning.kind, warning.value.as_str()), (WarningKind::NoEffect, "70000"));
    assert!(warning.allowed.contains("65535"), "{warning}");
}

#[test]
fn bad_transformations_are_refused() {
    for (steps, parameter, value, allowed) in [
        ("foo-200", "foo", "200", "no such parameter"),
        ("width-200", "width", "200", "no such parameter"),
        ("oi-logo.png", "oi", "logo.png", "l-image,i-<path>,l-end"),
        ("ot-Sale", "ot", "Sale", "l-text,i-<text>,l-end"),
        ("oa-3", "oa", "3", "l-text,i-<text>,al-<value>,l-end or l-image,i-ik_canvas,al-<value>,l-end"),
        ("W-200", "W", "200", "no such parameter"),
        ("w-abc", "w", "abc", "65535"),
        ("w", "w", "", "65535"),
        ("w-0", "w", "0", "65535"),
        ("w--5", "w", "-5", "65535"),
        ("w-1e3", "w", "1e3", "65535"),
        ("h-auto", "h", "auto", "65535"),
        ("w-iw_div_", "w", "iw_div_", "_mul_"),
        ("h-bh", "h", "bh", "only in a layer"),
        ("w-100_div_idu", "w", "100_div_idu", "_mul_"),
        ("ar-0-3", "ar", "0-3", "width-height"),
        ("w-3,ar-4-x", "ar", "4-x", "width-height"),
        ("ar-4:3:5", "5", "", "no such parameter"),
        ("c-crop", "c", "crop", "maintain_ratio"),
        ("fo-middle", "fo", "middle", "center"),
        ("fo-person_middle", "fo", "person_middle", "objects"),
        ("dpr-6", "dpr", "6", "0.1 to 5"),
        ("dpr-0", "dpr", "0", "0.1 to 5"),
        ("q-0", "q", "0", "1 to 100"),
        ("q-101", "q", "101", "1 to 100"),
        ("q-80.5", "q", "80.5", "1 to 100"),
        ("bg-notacolour", "bg", "notacolour", "CSS name"),
        ("bg-FFAABBGG", "bg", "FFAABBGG", "CSS name"),
        ("bg-ffff", "bg", "ffff", "CSS name"),
        ("rt-left", "rt", "left", "degrees"),
        ("rt-NN5", "rt", "NN5", "degrees"),
        ("fl-x", "fl", "x", "h, v"),
        ("t-abc", "t", "abc", "1 to 99"),
        ("t-0", "t", "0", "1 to 99"),
        ("x-NN5", "x", "NN5", "0 to 65535"),
        ("x-70000", "x", "70000", "0 to 65535"),
        ("di-a@@..@@b", "di", "a@@..@@b", "@@"),
        ("pg-1_0", "pg", "1_0", "from 1"),
        ("pg-name-", "pg", "name-", "from 1"),
        ("lo-yes", "lo", "yes", "true or false"),
        ("pr", "pr", "", "true or false"),
        ("orig-1", "orig", "1", "true or false"),
        ("md-maybe", "md", "maybe", "true or false"),
        ("dn-0", "dn", "0", "1200"),
        ("z-0", "z", "0", "above 0"),
        ("b-ih_div_FF00FF", "b", "ih_div_FF00FF", "_mul_"),
        ("bg-blurred_0", "bg", "blurred_0", "CSS name"),
        ("bg-blurred_20_300", "bg", "blurred_20_300", "CSS name"),
        ("pg-0", "pg", "0", "from 1"),
        ("l-image,l-end", "l", "image", "i-<path>"),
        ("l-picture,l-end", "l", "picture", "image"),
        ("if-h_gt_x,w-3,if-end", "if", "h_gt_x", "_gte_"),
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
fn the_table_is_sound() {
    let settings = settings();
    for (at, row) in rows().enumerate() {
        assert!(rows().take(at).all(|other| other.name != row.name), "{} twice", row.name);
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
    for row in layer::rows() {
        assert!(row.doc.starts_with("In a ") && row.doc.ends_with('.'), "{} is documented", row.name);
    }
    let names: Vec<&str> = Imagekit.params().iter().map(|row| row.name).collect();
    for row in rows().map(|row| row.name).chain(layer::rows().map(|row| row.name)) {
        assert!(names.contains(&row), "{row} is in the documents");
    }
}
