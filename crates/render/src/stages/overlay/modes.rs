//! The blend functions of W3C Compositing and Blending Level 1, sections 10.1 (separable) and 10.2 (non-separable), on
//! channels of 0 to 1. `b` is the backdrop (the picture below), `s` the source (the overlay).

use plan::Blend;

/// One that mixes each channel on its own.
pub(super) type Separable = fn(f32, f32) -> f32;
/// One that mixes all three.
pub(super) type Whole = fn([f32; 3], [f32; 3]) -> [f32; 3];

/// How a mode mixes two colours.
pub(super) enum Mode {
    Separable(Separable),
    Whole(Whole),
}

/// The mixing function of a blend mode; `None` for those that look at alpha or places only.
pub(super) fn mode(blend: Blend) -> Option<Mode> {
    let separable = |f: Separable| Some(Mode::Separable(f));
    let whole = |f: Whole| Some(Mode::Whole(f));
    match blend {
        Blend::Normal => separable(|_, s| s),
        Blend::Multiply => separable(|b, s| b * s),
        Blend::Screen => separable(screen),
        Blend::Overlay => separable(|b, s| hard_light(s, b)),
        Blend::Darken => separable(f32::min),
        Blend::Lighten => separable(f32::max),
        Blend::ColorDodge => separable(color_dodge),
        Blend::ColorBurn => separable(color_burn),
        Blend::HardLight => separable(hard_light),
        Blend::SoftLight => separable(soft_light),
        Blend::Difference => separable(|b, s| (b - s).abs()),
        Blend::Exclusion => separable(|b, s| b + s - 2.0 * b * s),
        Blend::Hue => whole(|b, s| set_lum(set_sat(s, sat(b)), lum(b))),
        Blend::Saturation => whole(|b, s| set_lum(set_sat(b, sat(s)), lum(b))),
        Blend::Color => whole(|b, s| set_lum(s, lum(b))),
        Blend::Luminosity => whole(|b, s| set_lum(b, lum(s))),
        Blend::Cutter | Blend::Cutout | Blend::Mask | Blend::Displace { .. } => None,
    }
}

fn screen(b: f32, s: f32) -> f32 {
    b + s - b * s
}

fn hard_light(b: f32, s: f32) -> f32 {
    if s <= 0.5 { b * (2.0 * s) } else { screen(b, 2.0 * s - 1.0) }
}

fn color_dodge(b: f32, s: f32) -> f32 {
    if b <= 0.0 {
        0.0
    } else if s >= 1.0 {
        1.0
    } else {
        (b / (1.0 - s)).min(1.0)
    }
}

fn color_burn(b: f32, s: f32) -> f32 {
    if b >= 1.0 {
        1.0
    } else if s <= 0.0 {
        0.0
    } else {
        1.0 - ((1.0 - b) / s).min(1.0)
    }
}

fn soft_light(b: f32, s: f32) -> f32 {
    if s <= 0.5 {
        return b - (1.0 - 2.0 * s) * b * (1.0 - b);
    }
    let d = if b <= 0.25 { ((16.0 * b - 12.0) * b + 4.0) * b } else { b.sqrt() };
    b + (2.0 * s - 1.0) * (d - b)
}

/// The specification's own weights, which are not those of any RGB space.
fn lum([r, g, b]: [f32; 3]) -> f32 {
    0.3 * r + 0.59 * g + 0.11 * b
}

fn sat([r, g, b]: [f32; 3]) -> f32 {
    r.max(g).max(b) - r.min(g).min(b)
}

fn set_lum(color: [f32; 3], l: f32) -> [f32; 3] {
    let d = l - lum(color);
    clip(color.map(|c| c + d))
}

fn clip(color: [f32; 3]) -> [f32; 3] {
    let [r, g, b] = color;
    let (l, least, most) = (lum(color), r.min(g).min(b), r.max(g).max(b));
    let mut clipped = color;
    if least < 0.0 && l > least {
        clipped = clipped.map(|c| l + (c - l) * l / (l - least));
    }
    if most > 1.0 && most > l {
        clipped = clipped.map(|c| l + (c - l) * (1.0 - l) / (most - l));
    }
    clipped
}

/// The least channel becomes 0 and the greatest `s`, the one between keeps its place between them.
fn set_sat(color: [f32; 3], s: f32) -> [f32; 3] {
    let [r, g, b] = color;
    let (least, range) = (r.min(g).min(b), sat(color));
    if range <= 0.0 { [0.0; 3] } else { color.map(|c| (c - least) * s / range) }
}
