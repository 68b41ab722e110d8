//! From what a URL says to what it means.
//!
//! Order of the stages: orientation, `extract`, `trim`, size, colours, `blur`, `sharpen`, padding, `fill-color`, `mask`,
//! watermark.

use plan::{
    Adjust, Asset, Background, Dim, Enlarge, Filter, Fit, Fixed, Format, FormatRule, Gravity, Horizontal, Mask, Orient,
    OutputRule, Overlay, Plan, Quality, Radius, Region, Resize, Shape, Shift, Stage, Trim, TrimMode, Unsharp, Vertical,
};

use super::said::{FormatWord, LARGEST_RADIUS, MaskWord, Mode, Operation, Said};
use super::table::TABLE;
use crate::request::{Warning, WarningKind};
use crate::settings::Settings;
use crate::table::Param;
use crate::{overlay, text};

/// Quality without `quality`: the vendor gives none.
pub(super) const QUALITY: Quality = Quality { jpeg: 80, webp: 80, avif: 60 };

/// Quality of resizes with `compression:false`.
const UNCOMPRESSED: u8 = 95;

/// Where a watermark lies unless the URL says.
pub(super) const MARK_ANCHOR: (Horizontal, Vertical) = (Horizontal::Right, Vertical::Bottom);

/// Below this, a PNG gets a palette.
const PALETTE_BELOW: u8 = 90;

/// The canonical plan; a watermark comes from `source`, too, where the URL names one.
pub(super) fn plan(said: &Said, source: Option<&str>, settings: &Settings, warnings: &mut Vec<Warning>) -> Plan {
    // A watermark is drawn even then: whoever asks for one never gets a bare picture.
    if said.operation == Operation::Cdn && said.compression == Some(false) && said.mark.is_none() {
        return Plan::original();
    }
    if said.webp == Some(true) && said.format.is_some() {
        no_effect("webp", "without format", said, warnings);
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
    let effects = effects(said);
    let (resize, padding) = parted(size(said, settings, warnings), !effects.is_empty());
    stages.extend(resize.map(Stage::Resize));
    stages.extend(effects);
    stages.extend(padding.map(Stage::Extract));
    if let Some(color) = said.fill {
        stages.push(Stage::Flatten(Background::Color(color)));
    }
    stages.extend(said.mask.map(|mask| Stage::Mask(shape(mask, said))));
    stages.extend(watermark(said, source, settings, warnings).map(|mark| Stage::Overlay(Box::new(mark))));
    let mut plan = Plan { stages, output: output(said, settings) };
    plan.canonicalise();
    plan
}

fn no_effect(name: &str, allowed: &str, said: &Said, warnings: &mut Vec<Warning>) {
    if let Some(value) = Param::find(TABLE, name).and_then(|row| (row.write)(said)) {
        let (parameter, allowed) = (name.to_owned(), allowed.to_owned());
        warnings.push(Warning { kind: WarningKind::NoEffect, parameter, value, allowed });
    }
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

/// Colours and filters in the vendor's order, which all come before the padding.
fn effects(said: &Said) -> Vec<Stage> {
    let mut plan = Plan::original();
    plan.output.original = false;
    let adjust = [
        said.gamma.map(Adjust::Gamma),
        said.linear.map(|(factor, offset)| Adjust::Linear { factor, offset: Fixed::new(offset.get() / 255.0) }),
        said.brightness.map(|percent| Adjust::Brightness(overlay::share(percent))),
        said.threshold.map(Adjust::Threshold),
        said.grayscale.filter(|on| *on).map(|_| Adjust::Grayscale),
    ];
    let filter = [said.blur.map(Filter::Blur), said.sharpen.map(|sigma| Filter::Sharpen(sharpen(sigma)))];
    plan.stages.extend(adjust.into_iter().flatten().map(Stage::Adjust));
    plan.stages.extend(filter.into_iter().flatten().map(Stage::Filter));
    // What changes nothing must not part a resize from its padding.
    plan.canonicalise();
    plan.stages
}

/// An unsharp mask of this standard deviation.
pub(super) fn sharpen(sigma: Fixed) -> Unsharp {
    Unsharp { sigma, amount: Fixed::ONE, threshold: Fixed::ZERO }
}

/// A resize and its padding as two steps, where there is work between them that must leave the padding alone.
fn parted(resize: Option<Resize>, between: bool) -> (Option<Resize>, Option<Region>) {
    match resize {
        Some(resize) if between && resize.fit == Fit::Contain => {
            let padding = Region::Window {
                width: resize.width,
                height: resize.height,
                gravity: resize.gravity,
                pad: Some(resize.background),
                cut: false,
            };
            (Some(Resize { fit: Fit::Inside, ..resize }), Some(padding))
        }
        other => (other, None),
    }
}

/// What stays. A radius is multiplied by `dpr`, so that a picture looks alike at every density.
fn shape(mask: MaskWord, said: &Said) -> Mask {
    let dpr = said.dpr.map_or(1.0, Fixed::get);
    let shape = match mask {
        MaskWord::Circle => Shape::Circle,
        MaskWord::Ellipse => Shape::Ellipse,
        MaskWord::Radius(px) => {
            let px = (f64::from(px) * dpr).round().clamp(1.0, LARGEST_RADIUS) as u32;
            Shape::Corners([Radius::Px(px); 4])
        }
    };
    Mask { shape, outside: Background::Color(plan::Color::TRANSPARENT) }
}

fn size(said: &Said, settings: &Settings, warnings: &mut Vec<Warning>) -> Option<Resize> {
    let dpr = said.dpr.map_or(1.0, Fixed::get);
    let cap = |width: Option<u32>, height: Option<u32>, warnings: &mut Vec<Warning>| {
        let dense = |side: Option<u32>| side.map(|side| f64::from(side) * dpr);
        let (width, height, capped) = text::cap(dense(width), dense(height), settings.max_side);
        if capped {
            warnings.push(Warning {
                kind: WarningKind::Clamped,
                parameter: "size".to_owned(),
                value: said.operation.to_string(),
                allowed: format!("at most {} pixels per side", settings.max_side),
            });
        }
        (width.map(Dim::Px), height.map(Dim::Px))
    };
    let enlarge = if said.without_enlargement == Some(true) { Enlarge::No } else { Enlarge::Yes };
    let resize = match said.operation {
        Operation::Cdn => return None,
        Operation::Width(width) => Resize::new(cap(Some(width), None, warnings).0, None, Fit::Inside),
        Operation::Height(height) => Resize::new(None, cap(None, Some(height), warnings).1, Fit::Inside),
        Operation::Cover(mode, width, height) => {
            let (width, height) = cap(Some(width), Some(height), warnings);
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
                ..Resize::new(width, height, fit)
            }
        }
    };
    Some(Resize { enlarge, ..resize })
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

/// The watermark. Its pixels are multiplied by `dpr`, so that a picture looks alike at every density.
fn watermark(said: &Said, source: Option<&str>, settings: &Settings, warnings: &mut Vec<Warning>) -> Option<Overlay> {
    let mut warn = |kind, names: &[&str], allowed: &str| {
        for name in names {
            if let Some(value) = Param::find(TABLE, name).and_then(|row| (row.write)(said)) {
                let (parameter, allowed) = ((*name).to_owned(), allowed.to_owned());
                warnings.push(Warning { kind, parameter, value, allowed });
            }
        }
    };
    let Some(key) = &said.mark else {
        let beside = ["wmk-position", "wmk-width", "wmk-height", "wmk-pad", "wmk-opacity"];
        warn(WarningKind::NoEffect, &beside, "beside wmk-path");
        return None;
    };
    let mut mark = overlay::upright(source, &Asset::Path(key.clone()));
    let dpr = said.dpr.map_or(1.0, Fixed::get);
    let sides = (said.mark_width.map(Dim::Px), said.mark_height.map(Dim::Px));
    let capped;
    (mark.width, mark.height, capped) = overlay::sized(sides, dpr, settings.max_side);
    if capped {
        let allowed = format!("at most {} pixels per side", settings.max_side);
        warn(WarningKind::Clamped, &["wmk-width", "wmk-height"], &allowed);
    }
    mark.shrink = sides == (None, None);
    mark.anchor = said.mark_anchor.unwrap_or(MARK_ANCHOR);
    let pad = overlay::scaled(Shift::Px(said.mark_pad.unwrap_or(0) as i32), dpr);
    mark.offset = overlay::inset(mark.anchor, (pad, pad));
    mark.opacity = said.mark_opacity.map_or(Fixed::ONE, overlay::share);
    Some(mark)
}

fn output(said: &Said, settings: &Settings) -> OutputRule {
    let quality = match (said.quality, said.compression) {
        (Some(quality), _) => Quality::all(quality),
        (None, Some(false)) => Quality::all(UNCOMPRESSED),
        (None, _) => QUALITY,
    };
    let format = match said.format {
        None if said.webp == Some(true) => FormatRule::Negotiate { offer: vec![Format::Webp], fallback: None },
        None if settings.implicit_auto => automatic(settings),
        None => FormatRule::Source,
        Some(FormatWord::Auto) => automatic(settings),
        Some(FormatWord::Is(format)) => FormatRule::Always(format),
    };
    let format = if said.mask.is_some() { with_alpha(format) } else { format };
    OutputRule {
        original: false,
        palette: format == FormatRule::Always(Format::Png) && said.quality.is_some_and(|q| q < PALETTE_BELOW),
        format,
        quality,
        lossless: false,
        progressive: said.progressive != Some(false),
        animation: said.animation == Some(true),
        ..OutputRule::default()
    }
}

/// A rule whose outcome holds alpha.
fn with_alpha(rule: FormatRule) -> FormatRule {
    match rule {
        FormatRule::Source | FormatRule::Always(Format::Jpeg) => FormatRule::Always(Format::Png),
        FormatRule::Negotiate { offer, fallback: None | Some(Format::Jpeg) } => {
            FormatRule::Negotiate { offer, fallback: Some(Format::Png) }
        }
        other => other,
    }
}

/// The rule of `format:auto`.
pub(super) fn automatic(settings: &Settings) -> FormatRule {
    let offer = if settings.avif { vec![Format::Avif, Format::Webp] } else { vec![Format::Webp] };
    FormatRule::Negotiate { offer, fallback: None }
}
