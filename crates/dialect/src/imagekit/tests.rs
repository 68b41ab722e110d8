#![allow(clippy::unwrap_used, clippy::expect_used)]

use plan::{Format, FormatRule, OutputRule, Plan, Quality};
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
