//! From what a URL says to what it means.

mod looks;
mod marks;

use plan::{
    Aspect, Background, BlurFill, Dim, Enlarge, Fit, Fixed, Format, FormatRule, Gravity, Mask, Orient, OutputRule, Pad,
    Plan, Quality, Radius, Region, Resize, Shape, Stage, Trim, TrimMode,
};

use super::said::{Formats, Func, Ground, MAX_RADIUS, Place, Ratio, Room, Said};
use super::table::find;
use crate::request::{Warning, WarningKind};
use crate::settings::Settings;
use crate::text::cap;

/// Quality without `q`: the vendor gives none.
pub(super) const QUALITY: Quality = Quality { jpeg: 80, webp: 78, avif: 55 };

/// The highest quality that `optipress` may come to.
pub(super) const OPTIPRESS_CAP: Quality = Quality { jpeg: 95, webp: 95, avif: 95 };

/// What `optipress` aims at, by its level: points of SSIMULACRA 2, of which 90 cannot be told from the original. The vendor
/// names no measure.
pub(super) const OPTIPRESS: [(u8, u8); 3] = [(1, 85), (2, 75), (3, 65)];

/// The canonical plan.
pub(super) fn plan(said: &Said, settings: &Settings, warnings: &mut Vec<Warning>) -> Plan {
    if said.func == Some(Func::Proxy) {
        return Plan::original();
    }
    let gravity = gravity(said, warnings);
    let ground = said.background.map(Ground::meant);
    let background = ground.unwrap_or(Background::Auto);
    let mut stages = Vec::new();
    stages.extend(said.page.map(|page| Stage::Page(page - 1)));
    stages.push(Stage::Orient(Orient::Exif));
    if let Some(tolerance) = said.trim {
        stages.push(Stage::Trim(Trim { mode: TrimMode::Corner, tolerance, keep: 0 }));
    }
    stages.extend(cut(said, warnings));
    stages.extend(size(said, gravity, background, settings, warnings));
    if let Some(counter_clockwise) = said.rotate {
        stages.push(Stage::Rotate { degrees: Fixed::new(-counter_clockwise.get()), background });
    }
    stages.push(Stage::Flip { horizontal: said.flip.0, vertical: said.flip.1 });
    stages.extend(looks::stages(said));
    stages.extend(ground.map(Stage::Flatten));
    if let Some(corners) = said.radius {
        stages.push(Stage::Mask(Mask { shape: Shape::Corners(corners.map(|r| scaled(r, said))), outside: background }));
    }
    stages.extend(marks::overlays(said, warnings).into_iter().map(|mark| Stage::Overlay(Box::new(mark))));
    let mut plan = Plan { stages, output: output(said, settings, warnings) };
    plan.canonicalise();
    plan
}

fn dpr(said: &Said) -> f64 {
    said.dpr.map_or(1.0, Fixed::get)
}

/// A radius at the device pixel ratio.
fn scaled(radius: Radius, said: &Said) -> Radius {
    match radius {
        Radius::Px(px) => Radius::Px((f64::from(px) * dpr(said)).round().min(f64::from(MAX_RADIUS)) as u32),
        Radius::Share(_) => radius,
    }
}

fn gravity(said: &Said, warnings: &mut Vec<Warning>) -> Gravity {
    let center = (said.center_x, said.center_y);
    for name in ["x", "y"] {
        if said.gravity.is_some() || center.0.is_none() || center.1.is_none() {
            warn_if_said(said, warnings, WarningKind::NoEffect, name, "both x and y, without gravity");
        }
    }
    match said.gravity {
        None => match center {
            (Some(x), Some(y)) => Gravity::MasterPixel(x, y),
            _ => Gravity::CENTER,
        },
        Some(Place::Anchor(x, y)) => Gravity::Anchor(x, y),
        Some(Place::Pixel(x, y)) => Gravity::MasterPixel(x, y),
        // Of the cut, strictly, where `trim`, `tl_px` or `br_px` cut first: the origin's size is not known here.
        Some(Place::Share(x, y)) => Gravity::Point(x, y),
        Some(Place::Smart) => Gravity::Attention,
        Some(Place::Face) => {
            // The vendor, too, turns to `auto` where it finds no face.
            warn(warnings, WarningKind::Unsupported, "gravity", "face", "taken as auto");
            Gravity::Attention
        }
    }
}

/// The positional cut of `tl_px` and `br_px`.
fn cut(said: &Said, warnings: &mut Vec<Warning>) -> Option<Stage> {
    let (top_left, bottom_right) = (said.top_left, said.bottom_right);
    if let (Some((left, top)), Some((right, bottom))) = (top_left, bottom_right)
        && (left >= right || top >= bottom)
    {
        warn(warnings, WarningKind::Invalid, "br_px", &format!("{right},{bottom}"), "to the right of and below tl_px");
        return None;
    }
    (top_left.is_some() || bottom_right.is_some()).then_some(Stage::Extract(Region::Corners { top_left, bottom_right }))
}

/// The resize and the room around it, or the crop to a ratio without one.
fn size(
    said: &Said,
    gravity: Gravity,
    background: Background,
    settings: &Settings,
    warnings: &mut Vec<Warning>,
) -> Vec<Stage> {
    let (width, height, aspect) = match (said.width, said.height, said.aspect) {
        (None, None, None) => return Vec::new(),
        (None, None, Some(ratio)) => {
            let aspect = aspect(ratio);
            return vec![Stage::Extract(Region::Aspect { aspect, gravity })];
        }
        (Some(w), Some(h), ratio) => {
            if let Some(ratio) = ratio {
                warn(warnings, WarningKind::NoEffect, "aspect_ratio", &ratio.spell(), "with at most one of w and h");
            }
            (Some(f64::from(w)), Some(f64::from(h)), None)
        }
        (Some(w), None, Some(Ratio::Exact(ratio))) => (Some(f64::from(w)), Some(f64::from(w) / ratio), None),
        (None, Some(h), Some(Ratio::Exact(ratio))) => (Some(f64::from(h) * ratio), Some(f64::from(h)), None),
        (w, h, ratio) => (w.map(f64::from), h.map(f64::from), ratio.map(aspect)),
    };
    let dpr = dpr(said);
    let (width, height, capped) = cap(width.map(|w| w * dpr), height.map(|h| h * dpr), settings.max_side);
    if capped {
        let (name, value) = if said.width >= said.height { ("w", said.width) } else { ("h", said.height) };
        let value = value.map(|v| v.to_string()).unwrap_or_default();
        warn(warnings, WarningKind::Clamped, name, &value, &format!("at most {} pixels per side", settings.max_side));
    }
    if !said.background_image || !matches!(said.func, Some(Func::Fit | Func::CropFit)) {
        for name in ["bg_blur", "bg_opacity", "bg_colorize"] {
            warn_if_said(said, warnings, WarningKind::NoEffect, name, "with bg_img_fit=1 and func=fit");
        }
    }
    if said.fit_enlarge && said.func != Some(Func::Fit) {
        warn(warnings, WarningKind::NoEffect, "fit_enlarge", "1", "with func=fit");
    }
    let both = aspect.is_some() || (width.is_some() && height.is_some());
    let unless_smaller = if said.original_if_smaller { Enlarge::No } else { Enlarge::Yes };
    let unless_allowed = if said.fit_enlarge { Enlarge::Yes } else { Enlarge::No };
    let (fit, enlarge) = match said.func.unwrap_or(Func::Crop) {
        Func::Crop | Func::Proxy => (Fit::Cover, unless_smaller),
        // With one dimension there is no canvas, but this function still does not enlarge.
        Func::Fit => (Fit::Contain, unless_allowed),
        Func::CropFit if both => (Fit::CoverOrContain, Enlarge::No),
        Func::CropFit | Func::Bound => (Fit::Inside, unless_smaller),
        Func::BoundMin => (Fit::Outside, unless_smaller),
        Func::Cover => (Fit::Stretch, unless_smaller),
    };
    let background = if said.background_image { blurred(said, warnings) } else { background };
    let room = room(said, (width, height), warnings);
    let [top, right, bottom, left] = room;
    let resize = Resize {
        aspect,
        enlarge,
        gravity,
        background,
        ..Resize::new(width.map(|w| Dim::Px(w - left - right)), height.map(|h| Dim::Px(h - top - bottom)), fit)
    };
    vec![Stage::Resize(resize), Stage::Pad(Pad { top, right, bottom, left, background })]
}

/// What `margin` leaves around the picture in pixels, less than the canvas has on each axis.
fn room(said: &Said, canvas: (Option<u32>, Option<u32>), warnings: &mut Vec<Warning>) -> [u32; 4] {
    let Some([top, right, bottom, left]) = said.margin else { return [0; 4] };
    let (Some(Func::Fit), (Some(width), Some(height))) = (said.func, canvas) else {
        warn_if_said(said, warnings, WarningKind::NoEffect, "margin", "with func=fit, w and h");
        return [0; 4];
    };
    if said.background_image {
        warn_if_said(said, warnings, WarningKind::Unsupported, "margin", "beside a colour, not bg_img_fit");
        return [0; 4];
    }
    let pixels = |room: Room, whole: u32| {
        let pixels = match room {
            Room::Px(px) => f64::from(px) * dpr(said),
            Room::Percent(percent) => f64::from(whole) * percent.get() / 100.0,
        };
        pixels.round() as u32
    };
    let room = [pixels(top, height), pixels(right, width), pixels(bottom, height), pixels(left, width)];
    if room[0] + room[2] >= height || room[1] + room[3] >= width {
        warn_if_said(said, warnings, WarningKind::Invalid, "margin", "less than the canvas on each axis");
        return [0; 4];
    }
    room
}

/// The picture itself as padding. It is blurred as other dialects do it unless `bg_blur` says how much.
fn blurred(said: &Said, warnings: &mut Vec<Warning>) -> Background {
    let opacity = said.background_opacity.unwrap_or(Fixed::ONE);
    let under = match said.background {
        _ if opacity == Fixed::ONE => None,
        Some(Ground::Color(color)) => Some(color),
        Some(Ground::Dominant) => {
            warn(warnings, WarningKind::Unsupported, "bg_color", "auto", "a colour below bg_img_fit");
            None
        }
        None => None,
    };
    let sigma = said.background_blur.map(|blur| Fixed::new(blur.get() / 2.0));
    Background::Blur(BlurFill { sigma, opacity, under, tint: said.background_tint, ..BlurFill::PLAIN })
}

fn aspect(ratio: Ratio) -> Aspect {
    match ratio {
        Ratio::Exact(ratio) => Aspect::Exact(Fixed::new(ratio)),
        Ratio::Between(low, high) => Aspect::Between(Fixed::new(low), Fixed::new(high)),
    }
}

fn output(said: &Said, settings: &Settings, warnings: &mut Vec<Warning>) -> OutputRule {
    let likeness = OPTIPRESS.into_iter().find(|(level, _)| Some(*level) == said.optipress).map(|(_, points)| points);
    let quality = match likeness {
        Some(_) => {
            warn_if_said(said, warnings, WarningKind::NoEffect, "q", "without optipress");
            OPTIPRESS_CAP
        }
        None => said.quality.map_or(QUALITY, Quality::all),
    };
    OutputRule {
        original: false,
        format: format(said.format.as_ref(), settings),
        quality,
        lossless: said.lossless,
        progressive: true,
        likeness,
        ..OutputRule::default()
    }
}

/// A list ends in its last format that everybody takes; a trailing one is only written as the fallback, so that a list has
/// one form.
fn format(said: Option<&Formats>, settings: &Settings) -> FormatRule {
    match said {
        None => automatic(settings),
        Some(Formats::Original) => FormatRule::Source,
        Some(Formats::Strict(format)) => FormatRule::Always(*format),
        Some(Formats::Preferred(list)) => {
            let fallback = list.iter().rev().copied().find(|f| taken_by_all(*f));
            match (list.as_slice(), fallback) {
                ([only], Some(_)) => FormatRule::Always(*only),
                ([offer @ .., last], Some(fallback)) if *last == fallback => {
                    FormatRule::Negotiate { offer: offer.to_vec(), fallback: Some(fallback) }
                }
                _ => FormatRule::Negotiate { offer: list.clone(), fallback },
            }
        }
    }
}

/// The rule without `force_format`.
pub(super) fn automatic(settings: &Settings) -> FormatRule {
    if !settings.auto_format {
        return FormatRule::Source;
    }
    let offer = if settings.avif { vec![Format::Avif, Format::Webp] } else { vec![Format::Webp] };
    FormatRule::Negotiate { offer, fallback: None }
}

pub(super) fn taken_by_all(format: Format) -> bool {
    plan::AcceptClass::Basic.takes(format)
}

fn warn(warnings: &mut Vec<Warning>, kind: WarningKind, parameter: &str, value: &str, allowed: &str) {
    warnings.push(Warning {
        kind,
        parameter: parameter.to_owned(),
        value: value.to_owned(),
        allowed: allowed.to_owned(),
    });
}

/// As [`warn`], with the value as the table spells it; nothing where it was not said.
fn warn_if_said(said: &Said, warnings: &mut Vec<Warning>, kind: WarningKind, name: &str, allowed: &str) {
    if let Some(value) = find(name).and_then(|row| (row.write)(said)) {
        warn(warnings, kind, name, &value, allowed);
    }
}
