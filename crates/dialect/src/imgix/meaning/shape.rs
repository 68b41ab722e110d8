//! Borders that are cut off, masks, frames, and the ground.

use plan::{Background, Blend, Border, Color, Dim, Fit, Fixed, Mask, Overlay, Radius, Shape, Stage, Trim, TrimMode};

use super::super::said::{MaskWord, Said, TrimWord};
use super::super::values::WIDEST;
use super::{Notes, idle, size};
use crate::overlay;

/// By how many levels of 255 the mean and the deviation of a row may differ for `trim=auto`.
pub(in crate::imgix) const AUTO_TRIM: (u8, u8) = (11, 10);

pub(super) fn trim(said: &Said, notes: &mut Notes) -> Option<Trim> {
    let by_color = matches!(said.trim, Some(TrimWord::Color | TrimWord::ColorUnlessAlpha));
    let auto = said.trim == Some(TrimWord::Auto);
    let keeps = auto || said.trim == Some(TrimWord::Color);
    idle(notes, "trim-color", said.trim_color.is_some() && !by_color);
    idle(notes, "trim-tol", said.trim_tol.is_some() && !by_color);
    idle(notes, "trim-alpha", said.trim_alpha.is_some() && said.trim != Some(TrimWord::Alpha));
    idle(notes, "trim-pad", said.trim_pad.is_some() && !keeps);
    idle(notes, "trim-md", said.trim_md.is_some() && !auto);
    idle(notes, "trim-sd", said.trim_sd.is_some() && !auto);
    let levels = |said: Option<u32>, default: u8| said.map_or(default, |v| v.min(255) as u8);
    let color_tolerance = percent(said.trim_tol.unwrap_or(Fixed::ZERO).get());
    let (mode, tolerance) = match said.trim? {
        TrimWord::Auto => {
            let (mean, deviation) = (levels(said.trim_md, AUTO_TRIM.0), levels(said.trim_sd, AUTO_TRIM.1));
            (TrimMode::Even { mean, deviation }, Fixed::ZERO)
        }
        TrimWord::Color => (said.trim_color.map_or(TrimMode::Corner, TrimMode::Color), color_tolerance),
        TrimWord::Alpha => (TrimMode::Alpha, percent(said.trim_alpha.unwrap_or(0).into())),
        TrimWord::ColorUnlessAlpha => (TrimMode::AlphaOr(said.trim_color), color_tolerance),
    };
    Some(Trim { mode, tolerance, keep: said.trim_pad.filter(|_| keeps).unwrap_or(0) })
}

/// Levels of 255 as percent: rounded up, so that the level itself is still within.
fn percent(levels: f64) -> Fixed {
    Fixed::new((levels / 2.55 * 10_000.0 - 1e-6).ceil() / 10_000.0)
}

/// The radius of `mask=corners` unless said: a fifth of the shorter side.
pub(in crate::imgix) fn corner_share() -> Radius {
    Radius::Share(Fixed::new(0.2))
}

/// A shape, or a picture that is stretched over this one. What is outside of a shape is of `mask-bg`, else as bars are.
pub(super) fn mask(said: &Said, notes: &mut Notes) -> Vec<Stage> {
    let shape = match &said.mask {
        Some(MaskWord::Ellipse) => Some(Shape::Ellipse),
        Some(MaskWord::Corners) => Some(Shape::Corners(corners(said))),
        Some(MaskWord::Polygon(corners)) => Some(Shape::Polygon(*corners)),
        Some(MaskWord::Picture(_)) | None => None,
    };
    idle(notes, "corner-radius", said.corner_radius.is_some() && said.mask != Some(MaskWord::Corners));
    idle(notes, "mask-bg", said.mask_bg.is_some() && said.mask.is_none());
    if let Some(MaskWord::Picture(asset)) = &said.mask {
        let all = Some(Dim::Ratio(Fixed::ONE));
        let picture = Overlay {
            width: all,
            height: all,
            fit: Fit::Stretch,
            blend: Blend::Mask,
            optional: true,
            ..overlay::upright(None, asset)
        };
        let outside = said.mask_bg.map(|color| Stage::Flatten(Background::Color(color)));
        return [Stage::Overlay(Box::new(picture))].into_iter().chain(outside).collect();
    }
    let outside = said.mask_bg.map_or_else(|| size::bars(said.bg), Background::Color);
    shape.map(|shape| Stage::Mask(Mask { shape, outside })).into_iter().collect()
}

fn corners(said: &Said) -> [Radius; 4] {
    let dpr = said.dpr.map_or(1.0, Fixed::get);
    let radius = |px: u32| Radius::Px((f64::from(px) * dpr).round().clamp(0.0, WIDEST.into()) as u32);
    said.corner_radius.map_or([corner_share(); 4], |radii| radii.map(radius))
}

/// The frame. What is outside of its rounded corners is as bars are.
pub(super) fn border(said: &Said, notes: &mut Notes) -> Option<Border> {
    let b = &said.border;
    for (name, given) in [
        ("border-top", b.top.is_some()),
        ("border-right", b.right.is_some()),
        ("border-bottom", b.bottom.is_some()),
        ("border-left", b.left.is_some()),
        ("border-radius", b.radius.is_some()),
        ("border-radius-inner", b.radius_inner.is_some()),
    ] {
        idle(notes, name, given && b.of.is_none());
    }
    let (width, color) = b.of?;
    let radii = |radii: Option<[u32; 4]>| radii.unwrap_or_default().map(Radius::Px);
    let outer = radii(b.radius);
    let round = outer != [Radius::NONE; 4];
    Some(Border {
        widths: [b.top, b.right, b.bottom, b.left].map(|side| side.unwrap_or(width)),
        color,
        inside: true,
        outer,
        inner: radii(b.radius_inner),
        outside: if round { size::bars(said.bg) } else { Background::Auto },
    })
}

/// The line along the edge, as round as the frame's.
pub(super) fn stroke(said: &Said, notes: &mut Notes) -> Option<Border> {
    let b = &said.border;
    let color = b.stroke_color.filter(|color| color.a > 0);
    let width = b.stroke_size.filter(|width| *width > 0);
    let seen = color.is_some() && width.is_some();
    idle(notes, "border-stroke-size", b.stroke_size.is_some() && !seen);
    idle(notes, "border-stroke-color", b.stroke_color.is_some() && !seen);
    let outer = b.of.and(b.radius).unwrap_or_default().map(Radius::Px);
    let round = outer != [Radius::NONE; 4];
    Some(Border {
        widths: [width?; 4],
        color: color?,
        inside: true,
        outer,
        inner: [Radius::NONE; 4],
        outside: if round { size::bars(said.bg) } else { Background::Auto },
    })
}

/// The chequerboard unless said: its colours and the side of a square.
pub(in crate::imgix) fn grid() -> (Color, Color, u32) {
    (Color::rgb(0xd0, 0xd7, 0xdd), Color::WHITE, 4)
}

/// Behind an opaque `bg` there is nothing to see of it.
pub(super) fn chequers(said: &Said, notes: &mut Notes) -> Option<Stage> {
    let seen = said.transparency.is_some() && said.bg.is_none_or(|color| color.a < 255);
    idle(notes, "transparency", said.transparency.is_some() && !seen);
    idle(notes, "grid-colors", said.grid_colors.is_some() && !seen);
    idle(notes, "grid-size", said.grid_size.is_some() && !seen);
    let (first, second, size) = grid();
    let (first, second) = said.grid_colors.unwrap_or((first, second));
    let size = said.grid_size.unwrap_or(size);
    seen.then_some(Stage::Flatten(Background::Grid { first, second, size }))
}
