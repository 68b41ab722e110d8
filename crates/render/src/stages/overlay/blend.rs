//! Overlays that are mixed otherwise than by lying on top, and those that are repeated.

use codec::{Cancel, CodecError, Pixels};
use plan::{Blend, Fixed};

use super::layer::Layer;
use super::modes::{Mode, Separable, Whole, mode};
use super::{BAND, Top, over};

/// Mixes in place, in sRGB, with straight alpha. `None` is an overlay that lies nowhere on the picture.
///
/// Blend modes are composited with source-over (W3C Compositing and Blending Level 1, section 9.1.4): with `s` the overlay,
/// `b` what is below, alphas `as` (times opacity) and `ab`, and `B` the mode's function,
/// `ao = as + ab (1 - as)` and `co = (as (1 - ab) cs + as ab B(cb, cs) + (1 - as) ab cb) / ao`.
///
/// [`Blend::Cutter`] is Porter and Duff's destination-in (`ao = ab as`), [`Blend::Cutout`] their destination-out
/// (`ao = ab (1 - as)`). [`Blend::Mask`] is a luminance mask (CSS Masking Level 1, section 7.10): `ao = ab as L`, where `L`
/// is 0.2126 R + 0.7152 G + 0.0722 B of the overlay's sRGB values.
pub(super) fn draw(
    top: Option<&Top>,
    below: &mut Pixels,
    blend: Blend,
    opacity: Fixed,
    cancel: &Cancel,
) -> Result<(), CodecError> {
    let opacity = opacity.get().clamp(0.0, 1.0);
    let share = (opacity * 10_000.0).round() as u32;
    let (width, count) = (below.width as usize, below.channels.count());
    // Where there is no overlay, these take away all that is below.
    let everywhere = matches!(blend, Blend::Cutter | Blend::Mask);
    let mut layer = Layer::new(top, below.width);
    let mixing = mode(blend);
    for (y, line) in below.data.chunks_exact_mut(width * count).enumerate() {
        if y % BAND == 0 {
            cancel.check()?;
        }
        let (seen, row) = layer.row(y);
        let seen = if everywhere { 0..width } else { seen };
        if seen.is_empty() {
            continue;
        }
        let (from, to) = (&row[seen.clone()], &mut line[seen.start * count..seen.end * count]);
        match (blend, &mixing) {
            (Blend::Normal, _) => {
                each(from, to, count, |[r, g, b, a], below| over([r, g, b], u32::from(a) * share, below));
            }
            (Blend::Cutter, _) => each(from, to, count, |top, below| faded(below, kept(top[3], opacity))),
            (Blend::Cutout, _) => each(from, to, count, |top, below| faded(below, 1.0 - kept(top[3], opacity))),
            (Blend::Mask, _) => {
                each(from, to, count, |top, below| faded(below, kept(top[3], opacity) * luminance(top)));
            }
            (_, Some(Mode::Separable(f))) => separable(from, to, count, *f, opacity as f32),
            (_, Some(Mode::Whole(f))) => whole(from, to, count, *f, opacity as f32),
            (_, None) => return Err(CodecError::Internal(format!("{blend} is no way to mix colours"))),
        }
    }
    Ok(())
}

fn each(from: &[[u8; 4]], to: &mut [u8], count: usize, mix: impl Fn([u8; 4], [u8; 4]) -> [u8; 4]) {
    for (to, top) in to.chunks_exact_mut(count).zip(from) {
        let below = [to[0], to[1], to[2], to.get(3).copied().unwrap_or(255)];
        to.copy_from_slice(&mix(*top, below)[..count]);
    }
}

fn separable(from: &[[u8; 4]], to: &mut [u8], count: usize, f: Separable, opacity: f32) {
    each(from, to, count, |top, below| {
        composite(top, below, opacity, |b, s| [f(b[0], s[0]), f(b[1], s[1]), f(b[2], s[2])])
    });
}

fn whole(from: &[[u8; 4]], to: &mut [u8], count: usize, f: Whole, opacity: f32) {
    each(from, to, count, |top, below| composite(top, below, opacity, f));
}

fn composite(top: [u8; 4], below: [u8; 4], opacity: f32, mix: impl Fn([f32; 3], [f32; 3]) -> [f32; 3]) -> [u8; 4] {
    if top[3] == 0 {
        return below;
    }
    let unit = |v: u8| f32::from(v) / 255.0;
    let (s, b) = ([0, 1, 2].map(|c| unit(top[c])), [0, 1, 2].map(|c| unit(below[c])));
    let (alpha_s, alpha_b) = (unit(top[3]) * opacity, unit(below[3]));
    let alpha = alpha_s + alpha_b * (1.0 - alpha_s);
    if alpha <= 0.0 {
        return below;
    }
    let mixed = mix(b, s);
    let byte = |v: f32| (v * 255.0 + 0.5) as u8;
    let color = [0, 1, 2].map(|c| {
        let sum = alpha_s * (1.0 - alpha_b) * s[c] + alpha_s * alpha_b * mixed[c] + (1.0 - alpha_s) * alpha_b * b[c];
        byte(sum / alpha)
    });
    [color[0], color[1], color[2], byte(alpha)]
}

/// An overlay's alpha times its opacity.
fn kept(alpha: u8, opacity: f64) -> f64 {
    f64::from(alpha) / 255.0 * opacity
}

fn luminance([r, g, b, _]: [u8; 4]) -> f64 {
    (0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b)) / 255.0
}

fn faded([r, g, b, a]: [u8; 4], by: f64) -> [u8; 4] {
    [r, g, b, (f64::from(a) * by + 0.5) as u8]
}
