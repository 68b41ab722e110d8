//! A soft shadow under what is opaque.
//!
//! The picture's alpha, moved and blurred with a Gaussian, gives the shadow's; beyond the canvas there is nothing that
//! throws one. A large blur is worked out on a smaller copy, whose own softness is counted in.

use codec::{Cancel, CodecError, Pixels};
use plan::Shadow;

use super::background::BAND;
use super::flatten::over;
use crate::geometry::Affine;
use crate::scope::{Scope, mul255, with_alpha};
use crate::work::Work;

/// Draws it under every frame. An opaque picture hides its own.
pub(super) fn apply(shadow: &Shadow, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    if work.is_opaque() {
        return Ok(());
    }
    work.settle(scope)?;
    let canvas = work.size();
    // Two fields of four bytes, wider than the picture by the blur.
    let area = u64::from(canvas.w + 64).saturating_mul(u64::from(canvas.h + 64));
    scope.room(work.held(), area.saturating_mul(8))?;
    let move_by = |share: f64, side: u32| (share.clamp(-1.0, 1.0) * f64::from(side)).round();
    let offset = (move_by(shadow.x.get(), canvas.w), move_by(shadow.y.get(), canvas.h));
    let sigma = shadow.sigma.get().clamp(0.0, 250.0);
    work.change(scope, canvas, Affine::IDENTITY, |pixels| {
        let mut pixels = with_alpha(pixels);
        let shade = Shade::new(&pixels, sigma, scope.cancel)?;
        let mut row = vec![0u8; canvas.w as usize];
        for (y, line) in pixels.data.chunks_exact_mut(canvas.w as usize * 4).enumerate() {
            if y % BAND == 0 {
                scope.cancel.check()?;
            }
            shade.row(y, offset, &mut row);
            for (pixel, alpha) in line.as_chunks_mut::<4>().0.iter_mut().zip(&row) {
                let color = [shadow.color.r, shadow.color.g, shadow.color.b, mul255(shadow.color.a, *alpha)];
                *pixel = over(*pixel, color);
            }
        }
        Ok(pixels)
    })
}

/// The alpha of a picture, blurred, and as far beyond its edges as the blur reaches.
struct Shade {
    /// Rows of `width` values, 0 to 255.
    field: Vec<f32>,
    width: usize,
    height: usize,
    /// Pixels of the picture for each value, on both axes.
    step: usize,
    /// Values before the picture's first.
    margin: usize,
}

impl Shade {
    fn new(pixels: &Pixels, sigma: f64, cancel: &Cancel) -> Result<Self, CodecError> {
        let (w, h) = (pixels.width as usize, pixels.height as usize);
        let step = ((sigma / 4.0) as usize).max(1);
        // Means of squares and straight lines between them blur too: their variances are taken off.
        let side = step as f64;
        let soft = if step > 1 { (side * side - 1.0) / 12.0 + side * side / 6.0 } else { 0.0 };
        let kernel = kernel((sigma * sigma - soft).max(0.0).sqrt() / side);
        let margin = kernel.len() / 2 + 1;
        let (width, height) = (w.div_ceil(step) + 2 * margin, h.div_ceil(step) + 2 * margin);
        let mut field = vec![0.0f32; width * height];
        let part = 1.0 / (step * step) as f32;
        for (y, line) in pixels.data.chunks_exact(w * 4).enumerate() {
            let to = &mut field[(y / step + margin) * width + margin..];
            for (x, pixel) in line.as_chunks::<4>().0.iter().enumerate() {
                to[x / step] += f32::from(pixel[3]) * part;
            }
        }
        let field = blurred(&field, width, height, &kernel, cancel)?;
        Ok(Shade { field, width, height, step, margin })
    }

    /// A row of it, moved by an offset in whole pixels.
    fn row(&self, y: usize, offset: (f64, f64), out: &mut [u8]) {
        // Where the middle of a pixel lies among the middles of the values.
        let place = |at: f64, offset: f64| (at - offset + 0.5) / self.step as f64 - 0.5 + self.margin as f64;
        let (top, down) = split(place(y as f64, offset.1));
        let line = |y: i64| {
            let y = usize::try_from(y).ok().filter(|y| *y < self.height)?;
            Some(&self.field[y * self.width..(y + 1) * self.width])
        };
        let (upper, lower) = (line(top), line(top + 1));
        if upper.is_none() && lower.is_none() {
            return out.fill(0);
        }
        let value = |x: i64| {
            let of = |line: Option<&[f32]>| usize::try_from(x).ok().and_then(|x| line?.get(x).copied()).unwrap_or(0.0);
            of(upper) * (1.0 - down) + of(lower) * down
        };
        for (x, alpha) in out.iter_mut().enumerate() {
            let (left, across) = split(place(x as f64, offset.0));
            *alpha = (value(left) * (1.0 - across) + value(left + 1) * across + 0.5) as u8;
        }
    }
}

/// Whole part and the rest.
fn split(at: f64) -> (i64, f32) {
    let whole = at.floor();
    (whole as i64, (at - whole) as f32)
}

/// Both axes, one after the other; what lies beyond the field is nothing.
fn blurred(
    field: &[f32],
    width: usize,
    height: usize,
    kernel: &[f32],
    cancel: &Cancel,
) -> Result<Vec<f32>, CodecError> {
    let reach = kernel.len() / 2;
    let mut down = vec![0.0f32; field.len()];
    for y in 0..height {
        if y % BAND == 0 {
            cancel.check()?;
        }
        let to = &mut down[y * width..(y + 1) * width];
        for (tap, weight) in kernel.iter().enumerate() {
            let Some(from) = (y + tap).checked_sub(reach).filter(|y| *y < height) else { continue };
            for (to, from) in to.iter_mut().zip(&field[from * width..]) {
                *to += from * weight;
            }
        }
    }
    let mut out = vec![0.0f32; field.len()];
    for (y, (to, from)) in out.chunks_exact_mut(width).zip(down.chunks_exact(width)).enumerate() {
        if y % BAND == 0 {
            cancel.check()?;
        }
        for (tap, weight) in kernel.iter().enumerate() {
            let (to, from) =
                if tap < reach { (&mut to[reach - tap..], from) } else { (&mut to[..], &from[tap - reach..]) };
            for (to, from) in to.iter_mut().zip(from) {
                *to += from * weight;
            }
        }
    }
    Ok(out)
}

/// A Gaussian of at most four standard deviations on each side.
fn kernel(sigma: f64) -> Vec<f32> {
    if sigma < 1e-3 {
        return vec![1.0];
    }
    let reach = (4.0 * sigma).ceil() as i32;
    let weights: Vec<f64> = (-reach..=reach).map(|i| (-f64::from(i * i) / (2.0 * sigma * sigma)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| (w / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use codec::Channels;

    use super::*;

    fn square(side: u32, from: u32, to: u32) -> Pixels {
        let inside = |x: u32, y: u32| (from..to).contains(&x) && (from..to).contains(&y);
        let data = (0..side)
            .flat_map(|y| (0..side).map(move |x| (x, y)))
            .flat_map(|(x, y)| [9, 9, 9, if inside(x, y) { 255 } else { 0 }])
            .collect();
        Pixels { width: side, height: side, channels: Channels::Rgba, data }
    }

    /// The share of a Gaussian below a place: 0.5 (1 + erf(x / sqrt 2)), by Abramowitz and Stegun 7.1.26 (error < 2e-7).
    fn below(x: f64) -> f64 {
        let z = x.abs() / std::f64::consts::SQRT_2;
        let t = 1.0 / (1.0 + 0.327_591_1 * z);
        let series = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
        let poly = series.iter().fold(0.0, |sum, c| (sum + c) * t);
        let erf = 1.0 - poly * (-z * z).exp();
        0.5 * (1.0 + if x < 0.0 { -erf } else { erf })
    }

    #[test]
    fn a_blurred_square_is_what_the_integral_says() {
        // Of a square, blurred, the alpha at a place is the product of two differences of the Gaussian's integral.
        // A kernel of a few pixels is coarse.
        for (sigma, limit) in [(0.7, 8), (3.0, 1), (7.9, 1), (8.1, 2), (20.0, 2), (61.3, 2), (250.0, 2)] {
            let shade = Shade::new(&square(300, 80, 190), sigma, &Cancel::never()).unwrap();
            let (mut worst, mut row) = (0, [0; 300]);
            for y in (0..300).step_by(7) {
                shade.row(y, (13.0, -20.0), &mut row);
                for (x, got) in row.iter().enumerate() {
                    let along = |at: f64| below((190.0 - at) / sigma) - below((80.0 - at) / sigma);
                    let want = 255.0 * along(x as f64 + 0.5 - 13.0) * along(y as f64 + 0.5 + 20.0);
                    worst = worst.max(got.abs_diff(want.round() as u8));
                }
            }
            assert!(worst <= limit, "{sigma}: {worst}");
        }
    }

    #[test]
    fn without_blur_it_is_the_shape_itself() {
        let shade = Shade::new(&square(20, 5, 10), 0.0, &Cancel::never()).unwrap();
        let mut row = [7; 20];
        shade.row(8, (3.0, 2.0), &mut row);
        assert!(row.iter().enumerate().all(|(x, v)| *v == if (8..13).contains(&x) { 255 } else { 0 }), "{row:?}");
        shade.row(3, (3.0, 2.0), &mut row);
        assert_eq!(row, [0; 20]);
        shade.row(3, (0.0, -300.0), &mut row);
        assert_eq!(row, [0; 20]);
    }
}
