use codec::{Cancel, Channels, CodecError, Pixels};
use fast_image_resize::Resizer;
use plan::{Background, Color};

use super::resample::{bounds, resample};
use crate::geometry::{Rect, Size};
use crate::scope::{Scope, blank, size, with_alpha};

/// Puts a picture on a larger canvas.
pub(crate) fn frame(
    pixels: Pixels,
    canvas: Size,
    offset: (u32, u32),
    background: Background,
    scope: &Scope<'_>,
) -> Result<Pixels, CodecError> {
    match background {
        Background::Edge => Ok(edges(&pixels, canvas, offset)),
        _ => {
            let mut under = backdrop(&pixels, canvas, background, scope)?;
            let pixels = if under.channels == Channels::Rgba { with_alpha(pixels) } else { pixels };
            paste(&pixels, &mut under, offset);
            Ok(under)
        }
    }
}

/// A canvas of a background, with alpha if it or the picture has some. [`Background::Edge`] has no canvas of its own and
/// counts as [`Background::Auto`] here.
pub(crate) fn backdrop(
    pixels: &Pixels,
    canvas: Size,
    background: Background,
    scope: &Scope<'_>,
) -> Result<Pixels, CodecError> {
    let color = match background {
        Background::Blur(_) => return blurred(pixels, canvas, scope.cancel),
        Background::Color(color) => color,
        _ if scope.holds_alpha => Color::TRANSPARENT,
        _ => Color::WHITE,
    };
    let channels = if color.a == 255 { pixels.channels } else { Channels::Rgba };
    let one = [color.r, color.g, color.b, color.a];
    let count = canvas.w as usize * canvas.h as usize;
    let data = one[..channels.count()].repeat(count);
    Ok(crate::scope::pixels(canvas, channels, data))
}

fn paste(pixels: &Pixels, under: &mut Pixels, offset: (u32, u32)) {
    let count = pixels.channels.count();
    let (row, stride) = (pixels.width as usize * count, under.width as usize * count);
    let start = offset.1 as usize * stride + offset.0 as usize * count;
    for (y, line) in pixels.data.chunks_exact(row).enumerate() {
        let at = start + y * stride;
        under.data[at..at + row].copy_from_slice(line);
    }
}

fn edges(pixels: &Pixels, canvas: Size, offset: (u32, u32)) -> Pixels {
    let count = pixels.channels.count();
    let (w, h) = (pixels.width as usize, pixels.height as usize);
    let mut out = blank(canvas, pixels.channels);
    let stride = canvas.w as usize * count;
    for (y, line) in out.data.chunks_exact_mut(stride).enumerate() {
        let sy = y.saturating_sub(offset.1 as usize).min(h - 1);
        let source = &pixels.data[sy * w * count..(sy + 1) * w * count];
        let (left, rest) = line.split_at_mut(offset.0 as usize * count);
        let (middle, right) = rest.split_at_mut(w * count);
        middle.copy_from_slice(source);
        for pixel in left.chunks_exact_mut(count) {
            pixel.copy_from_slice(&source[..count]);
        }
        for pixel in right.chunks_exact_mut(count) {
            pixel.copy_from_slice(&source[(w - 1) * count..]);
        }
    }
    out
}

/// Longest side of the copy that is blurred. Scaling it back up blurs once more and costs little.
const BLUR_SIDE: u32 = 160;
/// Standard deviation of the blur on that copy, in pixels: a fortieth of the canvas.
const BLUR_SIGMA: f64 = 4.0;
/// Rows after which it is asked whether anybody still waits.
const BLUR_BAND: usize = 64;

fn blurred(pixels: &Pixels, canvas: Size, cancel: &Cancel) -> Result<Pixels, CodecError> {
    let from = size(pixels);
    let (w, h) = (f64::from(from.w), f64::from(from.h));
    let (cw, ch) = (f64::from(canvas.w), f64::from(canvas.h));
    let by = (w / cw).min(h / ch);
    let (ww, wh) = ((cw * by).min(w), (ch * by).min(h));
    let window = Rect { x: (w - ww) / 2.0, y: (h - wh) / 2.0, w: ww, h: wh };
    let mut resizer = Resizer::new();
    let small = canvas.capped(BLUR_SIDE);
    let copy = resample(&mut resizer, pixels, bounds(from.rect(), from), window, small, cancel)?;
    let copy = gaussian(&copy, BLUR_SIGMA * f64::from(small.longest()) / f64::from(BLUR_SIDE), cancel)?;
    resample(&mut resizer, &copy, bounds(small.rect(), small), small.rect(), canvas, cancel)
}

/// A Gaussian blur in two passes, edge pixels repeated, colours weighed by alpha.
pub(crate) fn gaussian(pixels: &Pixels, sigma: f64, cancel: &Cancel) -> Result<Pixels, CodecError> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use codec::Budget;

    use super::*;
    use crate::pictures::Pictures;
    use crate::stages::resample::tests::{asks, noise};

    #[test]
    fn a_blur_ends_within_itself_when_nobody_waits() {
        let picture = noise(400, 300, Channels::Rgb);
        let count = asks(|cancel| {
            let (budget, pictures) = (Budget::default(), Pictures::new(&[]));
            let scope = Scope { budget: &budget, cancel, cap: 8192, holds_alpha: false, pictures: &pictures, depth: 0 };
            frame(picture.clone(), Size::new(400, 600), (0, 150), Background::Blur(plan::BlurFill::PLAIN), &scope)
        });
        // One scaling down to 107x160, the blur's columns and rows, one scaling up.
        assert_eq!(count, 1 + 3 + 2 + 1);
    }
}
