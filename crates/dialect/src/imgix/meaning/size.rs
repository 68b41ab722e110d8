//! The size: what is cut, and what fills.

use plan::{
    Aspect, Background, Color, Dim, Enlarge, Fit, Fixed, Gradient, GradientShape, Gravity, Horizontal, Limits, Pad,
    Radius, Region, Resize, Stage, Vertical,
};

use super::super::said::{BlendOf, CropWord, FillWord, FitWord, GradientSaid, GradientWord, Said};
use super::{Notes, idle};
use crate::request::WarningKind;
use crate::settings::Settings;

/// Where a linear gradient goes to unless said: down.
pub(in crate::imgix) const DOWN: u16 = 180;

/// How far a radial gradient goes unless said.
pub(in crate::imgix) fn gradient_radii() -> (Radius, Radius) {
    (Radius::Share(Fixed::new(0.25)), Radius::Share(Fixed::new(0.5)))
}

/// A size as far as the URL alone gives it.
pub(super) struct Target {
    width: Option<Dim>,
    height: Option<Dim>,
    aspect: Option<Aspect>,
    limits: Limits,
}

/// Works `dpr`, `ar` and the limits into the size.
pub(super) fn target(said: &Said, settings: &Settings, notes: &mut Notes) -> Target {
    let fit = said.fit.unwrap_or(FitWord::Clip);
    let most = settings.max_side.max(1);
    let dpr = said.dpr.map_or(1.0, Fixed::get);
    let pixels = |side: Option<Dim>, dpr: f64| match side {
        Some(Dim::Px(px)) => Some(f64::from(px) * dpr),
        Some(Dim::Ratio(_)) | None => None,
    };
    let across = if said.w_is_physical { 1.0 } else { dpr };
    let (mut w, mut h) = (pixels(said.w, across), pixels(said.h, dpr));
    let sized = w.is_some() || h.is_some() || said.mark.of.is_some() || said.txt.of.is_some();
    let drawn = matches!(said.blend.of, Some(BlendOf::Picture(_))) || said.corner_radius.is_some();
    idle(notes, "dpr", said.dpr.is_some() && !sized && !drawn);

    let ratio =
        said.ar.filter(|_| matches!(fit, FitWord::Crop | FitWord::Fill) && (said.w.is_none() || said.h.is_none()));
    idle(notes, "ar", said.ar.is_some() && ratio.is_none());
    if let Some((rw, rh)) = ratio {
        match (w, h) {
            (Some(px), None) => h = Some(px * rh.get() / rw.get()),
            (None, Some(px)) => w = Some(px * rw.get() / rh.get()),
            _ => {}
        }
    }

    let scale = [w, h].into_iter().flatten().map(|px| f64::from(most) / px).fold(1.0, f64::min);
    if scale < 1.0 {
        notes.extend(
            [("w", said.w), ("h", said.h)]
                .into_iter()
                .filter_map(|(name, side)| matches!(side, Some(Dim::Px(_))).then_some((WarningKind::Clamped, name))),
        );
    }
    let side = |px: Option<f64>, said: Option<Dim>| match px {
        Some(px) => Some(Dim::Px(((px * scale).round() as u32).clamp(1, most))),
        None => said,
    };
    let (width, height) = (side(w, said.w), side(h, said.h));

    let aspect = match (width, height) {
        (Some(_), Some(_)) => None,
        _ => ratio.map(|(rw, rh)| Aspect::Exact(Fixed::new(rw.get() / rh.get()))),
    };
    let (width, height, limits) = bounded(width, height, limits(said, fit, most, notes));
    Target { width, height, aspect, limits }
}

/// Applies the limits where both sides are known, so that what comes after counts from the size that results.
fn bounded(width: Option<Dim>, height: Option<Dim>, limits: Limits) -> (Option<Dim>, Option<Dim>, Limits) {
    match (width, height) {
        (Some(Dim::Px(w)), Some(Dim::Px(h))) => {
            let (w, h) = limits.apply(w, h);
            (Some(Dim::Px(w)), Some(Dim::Px(h)), Limits::default())
        }
        _ => (width, height, limits),
    }
}

fn limits(said: &Said, fit: FitWord, most: u32, notes: &mut Notes) -> Limits {
    let limits =
        Limits { min_width: said.min_w, min_height: said.min_h, max_width: said.max_w, max_height: said.max_h };
    let named = [
        ("min-w", limits.min_width),
        ("min-h", limits.min_height),
        ("max-w", limits.max_width),
        ("max-h", limits.max_height),
    ];
    if fit != FitWord::Crop {
        named.into_iter().for_each(|(name, limit)| idle(notes, name, limit.is_some()));
        return Limits::default();
    }
    let over = named.into_iter().filter(|(_, limit)| limit.is_some_and(|l| l > most));
    notes.extend(over.map(|(name, _)| (WarningKind::Clamped, name)));
    let within = |limit: Option<u32>| limit.map(|l| l.min(most));
    Limits {
        min_width: within(limits.min_width),
        min_height: within(limits.min_height),
        max_width: within(limits.max_width),
        max_height: within(limits.max_height),
    }
}

/// Bars lie within a side given in pixels, so the picture gets what they leave; bars that leave nothing are dropped.
pub(super) fn pad(said: &Said, target: &mut Target, notes: &mut Notes) -> Option<Pad> {
    let names = ["pad", "pad-top", "pad-right", "pad-bottom", "pad-left"];
    let given = [said.pad, said.pad_top, said.pad_right, said.pad_bottom, said.pad_left];
    if given.iter().all(Option::is_none) {
        return None;
    }
    let of = |side: Option<u32>| side.or(said.pad).unwrap_or(0);
    let [top, right, bottom, left] = [said.pad_top, said.pad_right, said.pad_bottom, said.pad_left].map(of);
    let left_over = |side: Option<Dim>, bars: u32| match side {
        Some(Dim::Px(px)) => px.checked_sub(bars).filter(|rest| *rest > 0).map(|rest| Some(Dim::Px(rest))),
        other => Some(other),
    };
    match (left_over(target.width, left + right), left_over(target.height, top + bottom)) {
        (Some(width), Some(height)) => {
            (target.width, target.height) = (width, height);
            Some(Pad { top, right, bottom, left, background: bars(said.bg) })
        }
        _ => {
            names.into_iter().zip(given).for_each(|(name, value)| idle(notes, name, value.is_some()));
            None
        }
    }
}

pub(super) fn resize(said: &Said, target: Target, notes: &mut Notes) -> Option<Stage> {
    let word = said.fit.unwrap_or(FitWord::Clip);
    let cuts = matches!(word, FitWord::Crop | FitWord::Min);
    let fills = matches!(word, FitWord::Fill | FitWord::FillMax);
    idle(notes, "crop", !said.crop.is_empty() && !cuts);
    idle(notes, "fill", said.fill.is_some() && !fills);
    let solid = matches!(said.fill, None | Some(FillWord::Solid));
    idle(notes, "fill-color", said.fill_color.is_some() && !(fills && solid));
    let gradient = gradient(said, fills && said.fill == Some(FillWord::Gradient), notes);

    let (gravity, zoom) = gravity(said, cuts, notes);
    let (fit, enlarge) = match word {
        FitWord::Clip => (Fit::Inside, Enlarge::Yes),
        FitWord::Max => (Fit::Inside, Enlarge::No),
        FitWord::Crop => (Fit::Cover, Enlarge::Yes),
        FitWord::Min => (Fit::Cover, Enlarge::No),
        FitWord::Scale => (Fit::Stretch, Enlarge::Yes),
        FitWord::Fill | FitWord::Clamp => (Fit::Contain, Enlarge::Yes),
        FitWord::FillMax => (Fit::Contain, Enlarge::No),
    };
    let Target { width, height, aspect, limits } = target;
    if width.is_none() && height.is_none() && aspect.is_none() && limits == Limits::default() {
        idle(notes, "fit", said.fit.is_some());
        return None;
    }
    // The largest rectangle of a ratio, unscaled, has a stage of its own; zoom and limits need a resize.
    if let (None, None, Some(aspect), FitWord::Crop) = (width, height, aspect, word)
        && limits == Limits::default()
        && zoom == Fixed::ONE
    {
        return Some(Stage::Extract(Region::Aspect { aspect, gravity }));
    }
    let background = match word {
        FitWord::Clamp => Background::Edge,
        _ if said.fill == Some(FillWord::Blur) => Background::Blur(plan::BlurFill::PLAIN),
        _ if said.fill == Some(FillWord::Gradient) => gradient,
        _ => said.fill_color.map_or_else(|| bars(said.bg), Background::Color),
    };
    Some(Stage::Resize(Resize { width, height, aspect, fit, enlarge, gravity, zoom, background, limits }))
}

/// The gradient of `fill=gradient`, if that is what counts.
fn gradient(said: &Said, counts: bool, notes: &mut Notes) -> Background {
    let GradientSaid { kind, mix, linear, direction, radial, radius, x, y } = said.gradient;
    let round = counts && kind == Some(GradientWord::Radial);
    let straight = counts && !round;
    let colors = if round { radial } else { linear };
    for (name, given, counts) in [
        ("fill-gradient-type", kind.is_some(), counts),
        ("fill-gradient-cs", mix.is_some(), colors.is_some() && counts),
        ("fill-gradient-linear", linear.is_some(), straight),
        ("fill-gradient-linear-direction", direction.is_some(), straight && linear.is_some()),
        ("fill-gradient-radial", radial.is_some(), round),
        ("fill-gradient-radial-radius", radius.is_some(), round && radial.is_some()),
        ("fill-gradient-radial-x", x.is_some(), round && radial.is_some()),
        ("fill-gradient-radial-y", y.is_some(), round && radial.is_some()),
    ] {
        idle(notes, name, given && !counts);
    }
    let Some((from, to)) = colors else { return Background::DominantGradient(2) };
    let shape = if round {
        let middle = Fixed::new(0.5);
        let (inner, outer) = radius.unwrap_or_else(gradient_radii);
        GradientShape::Radial { center: (x.unwrap_or(middle), y.unwrap_or(middle)), inner, outer }
    } else {
        GradientShape::Linear { degrees: Fixed::new(direction.unwrap_or(DOWN).into()), stop: Fixed::ONE }
    };
    Background::Gradient(Gradient { shape, from, to, mix: mix.unwrap_or_default() })
}

/// Bars in the colour of `bg`. Where `bg` is not opaque they stay clear, since [`Stage::Flatten`] puts it behind them.
pub(in crate::imgix) fn bars(bg: Option<Color>) -> Background {
    match bg {
        None => Background::Auto,
        Some(color) if color.a == 255 => Background::Color(color),
        Some(_) => Background::Color(Color::TRANSPARENT),
    }
}

fn gravity(said: &Said, cuts: bool, notes: &mut Notes) -> (Gravity, Fixed) {
    let choice = if cuts { choose(&said.crop) } else { None };
    let focal = choice == Some(Choice::FocalPoint);
    idle(notes, "fp-x", said.fp_x.is_some() && !focal);
    idle(notes, "fp-y", said.fp_y.is_some() && !focal);
    idle(notes, "fp-z", said.fp_z.is_some() && !focal);
    let middle = Fixed::new(0.5);
    match choice {
        None => (Gravity::CENTER, Fixed::ONE),
        Some(Choice::Anchor(h, v)) => (Gravity::Anchor(h, v), Fixed::ONE),
        Some(Choice::Edges) => (Gravity::Edges, Fixed::ONE),
        Some(Choice::Entropy) => (Gravity::Entropy, Fixed::ONE),
        Some(Choice::FocalPoint) => {
            let point = Gravity::Point(said.fp_x.unwrap_or(middle), said.fp_y.unwrap_or(middle));
            (point, said.fp_z.unwrap_or(Fixed::ONE))
        }
    }
}

/// Where a crop is taken, as far as it is a direction.
pub(super) fn choice(said: &Said) -> Option<Gravity> {
    match choose(&said.crop) {
        Some(Choice::Anchor(h, v)) => Some(Gravity::Anchor(h, v)),
        _ => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Choice {
    Anchor(Horizontal, Vertical),
    Edges,
    Entropy,
    FocalPoint,
}

/// A list is a chain of fallbacks, of which every link here succeeds, so the first decides; directions that follow each
/// other are one link, in which the last word on an axis counts.
fn choose(words: &[CropWord]) -> Option<Choice> {
    let mut anchor = None;
    for word in words {
        let (h, v) = anchor.unwrap_or((Horizontal::Center, Vertical::Center));
        let next = match word {
            CropWord::Top => (h, Vertical::Top),
            CropWord::Bottom => (h, Vertical::Bottom),
            CropWord::Left => (Horizontal::Left, v),
            CropWord::Right => (Horizontal::Right, v),
            CropWord::Center => (h, v),
            _ if anchor.is_some() => break,
            CropWord::Edges => return Some(Choice::Edges),
            CropWord::Entropy => return Some(Choice::Entropy),
            CropWord::FocalPoint => return Some(Choice::FocalPoint),
        };
        anchor = Some(next);
    }
    anchor.map(|(h, v)| Choice::Anchor(h, v))
}
