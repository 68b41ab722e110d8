//! The picture itself, scaled to cover a canvas and blurred.

use codec::{Cancel, Channels, CodecError, Pixels};
use fast_image_resize::Resizer;
use plan::{BlurFill, Color};

use super::rgba;
use crate::geometry::{Rect, Size};
use crate::scope::{Scope, blank, size, with_alpha, without_alpha};
use crate::stages::flatten::over;
use crate::stages::resample::{bounds, resample};

/// Standard deviation of the blur on the copy that is blurred, in pixels of it. The picture is scaled to a copy on which
/// the blur is so large, and back: a Gaussian of that size leaves nothing that the copy could not hold (less than a
/// hundred-thousandth at its finest), and large blurs cost as little as small ones.
const SIGMA: f64 = 2.5;
/// Where no blur is named: a share of the canvas' longer side.
const SHARE: f64 = 1.0 / 40.0;
/// Rows after which it is asked whether anybody still waits.
const BLUR_BAND: usize = 64;

/// A whole canvas of it: blurred, brightened, tinted, then mixed with what lies under it.
pub(super) fn filled(
    pixels: &Pixels,
    canvas: Size,
    blur: &BlurFill,
    under: Color,
    scope: &Scope<'_>,
) -> Result<Pixels, CodecError> {
    let sigma = blur.sigma.map_or(f64::from(canvas.longest()) * SHARE, |sigma| sigma.get().clamp(0.0, 1000.0));
    let out = blurred(pixels, canvas, sigma, scope.cancel)?;
    let plain = BlurFill { sigma: blur.sigma, ..BlurFill::PLAIN };
    if *blur == plain && out.channels == Channels::Rgb {
        return Ok(out);
    }
    let brighter = (blur.brightness.get().clamp(-1.0, 1.0) * 255.0).round() as i32;
    let opacity = (blur.opacity.get().clamp(0.0, 1.0) * 255.0).round() as u8;
    let opaque = under.a == 255 || opacity == 255 && out.channels == Channels::Rgb;
    let mut out = with_alpha(out);
    let (all, _) = out.data.as_chunks_mut::<4>();
    for pixel in all {
        let [r, g, b, a] = *pixel;
        let [r, g, b] = [r, g, b].map(|v| (i32::from(v) + brighter).clamp(0, 255) as u8);
        let tinted = blur.tint.map_or([r, g, b, a], |tint| over(rgba(tint), [r, g, b, a]));
        let seen = crate::scope::mul255(tinted[3], opacity);
        *pixel = over([tinted[0], tinted[1], tinted[2], seen], rgba(under));
    }
    Ok(if opaque { without_alpha(out) } else { out })
}

fn blurred(pixels: &Pixels, canvas: Size, sigma: f64, cancel: &Cancel) -> Result<Pixels, CodecError> {
    let from = size(pixels);
    let (w, h) = (f64::from(from.w), f64::from(from.h));
    let (cw, ch) = (f64::from(canvas.w), f64::from(canvas.h));
    let by = (w / cw).min(h / ch);
    let (ww, wh) = ((cw * by).min(w), (ch * by).min(h));
    let window = Rect { x: (w - ww) / 2.0, y: (h - wh) / 2.0, w: ww, h: wh };
    let mut resizer = Resizer::new();
    let scale = if sigma > SIGMA { SIGMA / sigma } else { 1.0 };
    let small = canvas.capped((f64::from(canvas.longest()) * scale).round() as u32);
    let copy = resample(&mut resizer, pixels, bounds(from.rect(), from), window, small, cancel)?;
    if sigma <= 0.0 {
        return Ok(copy);
    }
    let copy = gaussian(&copy, sigma * f64::from(small.longest()) / f64::from(canvas.longest()), cancel)?;
    if small == canvas {
        return Ok(copy);
    }
    resample(&mut resizer, &copy, bounds(small.rect(), small), small.rect(), canvas, cancel)
}

/// A Gaussian blur in two passes, edge pixels repeated, colours weighed by alpha.
fn gaussian(pixels: &Pixels, sigma: f64, cancel: &Cancel) -> Result<Pixels, CodecError> {
    let kernel = kernel(sigma);
    let (w, h) = (pixels.width as usize, pixels.height as usize);
    let count = pixels.channels.count();
    let alpha = pixels.channels == Channels::Rgba;
    let mut field: Vec<[f32; 4]> = pixels
        .data
        .chunks_exact(count)
        .map(|p| {
            let a = if alpha { f32::from(p[3]) / 255.0 } else { 1.0 };
            [f32::from(p[0]) * a, f32::from(p[1]) * a, f32::from(p[2]) * a, a]
        })
        .collect();
    field = pass(&field, w, h, &kernel, cancel)?;
    field = pass(&field, h, w, &kernel, cancel)?;
    let mut out = blank(size(pixels), pixels.channels);
    for (to, from) in out.data.chunks_exact_mut(count).zip(&field) {
        let a = from[3];
        if a > 0.0 {
            for c in 0..3 {
                to[c] = (from[c] / a + 0.5) as u8;
            }
        }
        if alpha {
            to[3] = (a * 255.0 + 0.5) as u8;
        }
    }
    Ok(out)
}

/// Blurs the rows, and exchanges the axes.
fn pass(field: &[[f32; 4]], w: usize, h: usize, kernel: &[f32], cancel: &Cancel) -> Result<Vec<[f32; 4]>, CodecError> {
    let reach = kernel.len() / 2;
    let mut out = vec![[0.0; 4]; field.len()];
    for y in 0..h {
        if y % BLUR_BAND == 0 {
            cancel.check()?;
        }
        let row = &field[y * w..(y + 1) * w];
        for x in 0..w {
            let mut sum = [0.0f32; 4];
            for (i, weight) in kernel.iter().enumerate() {
                let from = row[(x + i).saturating_sub(reach).min(w - 1)];
                for c in 0..4 {
                    sum[c] += from[c] * weight;
                }
            }
            out[x * h + y] = sum;
        }
    }
    Ok(out)
}

fn kernel(sigma: f64) -> Vec<f32> {
    let sigma = sigma.max(0.1);
    let reach = (3.0 * sigma).ceil() as i32;
    let weights: Vec<f64> = (-reach..=reach).map(|i| (-f64::from(i * i) / (2.0 * sigma * sigma)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| (w / sum) as f32).collect()
}
