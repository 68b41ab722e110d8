//! From what a URL says to what it means.

use plan::{
    Aspect, Background, Dim, Enlarge, Fit, Fixed, Format, FormatRule, Gravity, Horizontal, Orient, OutputRule, Overlay,
    Plan, Quality, Region, Resize, Stage, Trim, TrimMode, Vertical,
};

use super::said::{Formats, Func, MarkScale, Place, Ratio, Said};
use super::table::TABLE;
use crate::overlay;
use crate::request::{Settings, Warning, WarningKind};
use crate::table::Param;
use crate::text::cap;

/// Quality without `q`: the vendor gives none.
pub(super) const QUALITY: Quality = Quality { jpeg: 80, webp: 78, avif: 55 };

/// The canonical plan.
pub(super) fn plan(said: &Said, settings: &Settings, warnings: &mut Vec<Warning>) -> Plan {
    if said.func == Some(Func::Proxy) {
        return Plan::original();
    }
    let gravity = gravity(said, warnings);
    let background = match said.background {
        Some(color) => Background::Color(color),
        None => Background::Auto,
    };
    let mut stages = vec![Stage::Orient(Orient::Exif)];
    if let Some(tolerance) = said.trim {
        stages.push(Stage::Trim(Trim { mode: TrimMode::Corner, tolerance, keep: 0 }));
    }
    stages.extend(cut(said, warnings));
    stages.extend(size(said, gravity, background, settings, warnings));
    if let Some(counter_clockwise) = said.rotate {
        stages.push(Stage::Rotate { degrees: Fixed::new(-counter_clockwise.get()), background });
    }
    stages.push(Stage::Flip { horizontal: said.flip.0, vertical: said.flip.1 });
    if let Some(color) = said.background {
        stages.push(Stage::Flatten(Background::Color(color)));
    }
    stages.extend(watermark(said, warnings).map(|mark| Stage::Overlay(Box::new(mark))));
    let mut plan = Plan { stages, output: output(said, settings) };
    plan.canonicalise();
    plan
}

fn gravity(said: &Said, warnings: &mut Vec<Warning>) -> Gravity {
    match said.gravity {
        None => Gravity::CENTER,
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

/// The resize, or the crop to a ratio without one.
fn size(
    said: &Said,
    gravity: Gravity,
    background: Background,
    settings: &Settings,
    warnings: &mut Vec<Warning>,
) -> Option<Stage> {
    let (width, height, aspect) = match (said.width, said.height, said.aspect) {
        (None, None, None) => return None,
        (None, None, Some(ratio)) => {
            let aspect = aspect(ratio);
            return Some(Stage::Extract(Region::Aspect { aspect, gravity }));
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
    let dpr = said.dpr.map_or(1.0, Fixed::get);
    let (width, height, capped) = cap(width.map(|w| w * dpr), height.map(|h| h * dpr), settings.max_side);
    if capped {
        let (name, value) = if said.width >= said.height { ("w", said.width) } else { ("h", said.height) };
        let value = value.map(|v| v.to_string()).unwrap_or_default();
        warn(warnings, WarningKind::Clamped, name, &value, &format!("at most {} pixels per side", settings.max_side));
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
    Some(Stage::Resize(Resize {
        aspect,
        enlarge,
        gravity,
        background: if said.background_image { Background::Blur(plan::BlurFill::PLAIN) } else { background },
        ..Resize::new(width.map(Dim::Px), height.map(Dim::Px), fit)
    }))
}

fn aspect(ratio: Ratio) -> Aspect {
    match ratio {
        Ratio::Exact(ratio) => Aspect::Exact(Fixed::new(ratio)),
        Ratio::Between(low, high) => Aspect::Between(Fixed::new(low), Fixed::new(high)),
    }
}

/// The watermark. Its distance in pixels is multiplied by `dpr`, so that a picture looks alike at every density.
fn watermark(said: &Said, warnings: &mut Vec<Warning>) -> Option<Overlay> {
    if !said.watermark {
        for name in ["wat_url", "wat_gravity", "wat_pad", "wat_scale", "wat_opacity"] {
            if let Some(value) = Param::find(TABLE, name).and_then(|row| (row.write)(said)) {
                warn(warnings, WarningKind::NoEffect, name, &value, "beside wat=1");
            }
        }
        return None;
    }
    let Some(asset) = &said.mark else {
        let allowed = "beside wat_url: a site has no watermark of its own yet";
        warn(warnings, WarningKind::Unsupported, "wat", "1", allowed);
        return None;
    };
    let mut mark = overlay::upright(None, asset);
    match said.mark_scale {
        None => {}
        Some(MarkScale::Own(percent)) if overlay::share(percent) == Fixed::ONE => {}
        Some(MarkScale::Own(percent)) => {
            let width = Dim::Ratio(overlay::share(percent));
            mark.stages.push(Stage::Resize(Resize::new(Some(width), None, Fit::Inside)));
        }
        Some(MarkScale::Picture(x, y)) => {
            mark.width = Some(Dim::Ratio(overlay::share(x)));
            mark.height = Some(Dim::Ratio(overlay::share(y)));
        }
    }
    mark.shrink = true;
    mark.anchor = said.mark_anchor.unwrap_or((Horizontal::Center, Vertical::Center));
    if let Some((x, y)) = said.mark_pad {
        let dpr = said.dpr.map_or(1.0, Fixed::get);
        mark.offset = overlay::inset(mark.anchor, (overlay::scaled(x, dpr), overlay::scaled(y, dpr)));
    }
    mark.opacity = said.mark_opacity.unwrap_or(Fixed::ONE);
    Some(mark)
}

fn output(said: &Said, settings: &Settings) -> OutputRule {
    OutputRule {
        original: false,
        format: format(said.format.as_ref(), settings),
        quality: said.quality.map_or(QUALITY, Quality::all),
        lossless: said.lossless,
        progressive: true,
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
