//! From what a URL says to what it means.

use plan::{
    Background, Dim, Enlarge, Fit, Fixed, Format, FormatRule, Gravity, Horizontal, Orient, OutputRule, Plan, Quality,
    Region, Resize, Stage, Trim, TrimMode, Vertical,
};

use super::said::{FormatWord, Mode, Operation, Said};
use crate::request::{Settings, Warning, WarningKind};

/// Quality without `quality`: the vendor gives none.
pub(super) const QUALITY: Quality = Quality { jpeg: 80, webp: 80, avif: 60 };

/// Quality of resizes with `compression:false`.
const UNCOMPRESSED: u8 = 95;

/// Below this, a PNG gets a palette.
const PALETTE_BELOW: u8 = 90;

/// The canonical plan.
pub(super) fn plan(said: &Said, settings: &Settings, warnings: &mut Vec<Warning>) -> Plan {
    if said.operation == Operation::Cdn && said.compression == Some(false) {
        return Plan::original();
    }
    let mut stages = Vec::new();
    if said.autorotate != Some(false) {
        stages.push(Stage::Orient(Orient::Exif));
    }
    if let Some(region) = said.extract {
        stages.push(Stage::Extract(rectangle(region)));
    }
    if let Some(tolerance) = said.trim {
        stages.push(Stage::Trim(Trim { mode: TrimMode::Corner, tolerance: percent(tolerance), keep: 0 }));
    }
    stages.extend(size(said, settings, warnings));
    if let Some(color) = said.fill {
        stages.push(Stage::Flatten(color));
    }
    let mut plan = Plan { stages, output: output(said, settings) };
    plan.canonicalise();
    plan
}

/// A tolerance of 255 in percent.
pub(super) fn percent(tolerance: u8) -> Fixed {
    Fixed::new(f64::from(tolerance) / 255.0 * 100.0)
}

/// An edge at 0 is the input's own.
fn rectangle([left, top, width, height]: [u32; 4]) -> Region {
    let edge = |at: u32| (at > 0).then_some(Dim::Px(at));
    Region::Rect {
        x: edge(left),
        y: edge(top),
        width: Some(Dim::Px(width)),
        height: Some(Dim::Px(height)),
        align: (Horizontal::Left, Vertical::Top),
    }
}

fn size(said: &Said, settings: &Settings, warnings: &mut Vec<Warning>) -> Option<Stage> {
    let dpr = said.dpr.map_or(1.0, Fixed::get);
    let cap = |width: u32, height: u32, warnings: &mut Vec<Warning>| {
        let (width, height, capped) = cap(f64::from(width) * dpr, f64::from(height) * dpr, settings.max_side);
        if capped {
            warnings.push(Warning {
                kind: WarningKind::Clamped,
                parameter: "size".to_owned(),
                value: said.operation.to_string(),
                allowed: format!("at most {} pixels per side", settings.max_side),
            });
        }
        (Dim::Px(width), Dim::Px(height))
    };
    let enlarge = if said.without_enlargement == Some(true) { Enlarge::No } else { Enlarge::Yes };
    let resize = match said.operation {
        Operation::Cdn => return None,
        Operation::Width(width) => Resize::new(Some(cap(width, 0, warnings).0), None, Fit::Inside),
        Operation::Height(height) => Resize::new(None, Some(cap(0, height, warnings).1), Fit::Inside),
        Operation::Cover(mode, width, height) => {
            let (width, height) = cap(width, height, warnings);
            let fit = match mode {
                _ if said.ignore_aspect_ratio == Some(true) => Fit::Stretch,
                Mode::Contain => Fit::Contain,
                Mode::Inside => Fit::Inside,
                _ => Fit::Cover,
            };
            Resize {
                gravity: gravity(mode, said),
                zoom: said.zoom.unwrap_or(Fixed::ONE),
                background: said.fill.map_or(Background::Auto, Background::Color),
                ..Resize::new(Some(width), Some(height), fit)
            }
        }
    };
    Some(Stage::Resize(Resize { enlarge, ..resize }))
}

/// A focal point beats only the modes that look for one themselves.
fn gravity(mode: Mode, said: &Said) -> Gravity {
    match mode {
        Mode::Smart | Mode::Face if said.focus_x.is_some() || said.focus_y.is_some() => {
            let half = Fixed::new(0.5);
            Gravity::Point(said.focus_x.unwrap_or(half), said.focus_y.unwrap_or(half))
        }
        Mode::Smart | Mode::Face | Mode::Attention => Gravity::Attention,
        Mode::Entropy => Gravity::Entropy,
        Mode::Anchor(x, y) => Gravity::Anchor(x, y),
        Mode::Contain | Mode::Inside => Gravity::CENTER,
    }
}

/// Whole pixels, at least 1; where a side is longer than `max`, both shrink by one factor.
fn cap(width: f64, height: f64, max: u32) -> (u32, u32, bool) {
    let max = f64::from(max.max(1));
    let longest = width.max(height);
    let capped = longest.round() > max;
    let factor = if capped { max / longest } else { 1.0 };
    let whole = |side: f64| (side * factor).round().clamp(1.0, max) as u32;
    (whole(width), whole(height), capped)
}

fn output(said: &Said, settings: &Settings) -> OutputRule {
    let quality = match (said.quality, said.compression) {
        (Some(quality), _) => Quality::all(quality),
        (None, Some(false)) => Quality::all(UNCOMPRESSED),
        (None, _) => QUALITY,
    };
    let format = match said.format {
        None => FormatRule::Source,
        Some(FormatWord::Auto) => automatic(settings),
        Some(FormatWord::Is(format)) => FormatRule::Always(format),
    };
    OutputRule {
        original: false,
        palette: format == FormatRule::Always(Format::Png) && said.quality.is_some_and(|q| q < PALETTE_BELOW),
        format,
        quality,
        lossless: false,
        progressive: said.progressive != Some(false),
        animation: said.animation == Some(true),
    }
}

/// The rule of `format:auto`.
pub(super) fn automatic(settings: &Settings) -> FormatRule {
    let offer = if settings.avif { vec![Format::Avif, Format::Webp] } else { vec![Format::Webp] };
    FormatRule::Negotiate { offer, fallback: None }
}
