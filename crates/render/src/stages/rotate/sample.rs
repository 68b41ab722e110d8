//! Sampling between pixels.
//!
//! Keys' cubic of a = -1/2 (R. Keys, "Cubic convolution interpolation for digital image processing", 1981) over the 4 x 4
//! pixels around a point, colours weighed by alpha.

use std::sync::LazyLock;

use codec::{Channels, Pixels};

use crate::geometry::{Affine, Size};
use crate::scope::size;
use crate::stages::background::{mirrored, repeated};

/// What lies beyond the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::stages) enum Beyond {
    /// Nothing: of each pixel at the edge of a picture that was turned by so many degrees, the part that it covers.
    Nothing {
        /// Clockwise.
        degrees: f64,
    },
    /// The nearest pixel.
    Repeat,
    /// The picture, mirrored.
    Mirror,
}

/// Places between two pixels for which weights are worked out.
const PLACES: usize = 512;

static WEIGHTS: LazyLock<Vec<[f32; 4]>> = LazyLock::new(|| {
    (0..=PLACES)
        .map(|place| {
            let t = place as f64 / PLACES as f64;
            let near = |x: f64| ((1.5 * x - 2.5) * x) * x + 1.0;
            let far = |x: f64| ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0;
            [far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)].map(|w| w as f32)
        })
        .collect()
});

/// Reads a picture along the rows of a canvas.
pub(in crate::stages) struct Sampler<'a> {
    pixels: &'a Pixels,
    size: Size,
    back: Affine,
    beyond: Beyond,
    weights: &'a [[f32; 4]],
    edge: Edge,
}

impl<'a> Sampler<'a> {
    /// `back` maps points of the canvas to points of the picture.
    pub(in crate::stages) fn new(pixels: &'a Pixels, back: Affine, beyond: Beyond) -> Self {
        let edge = Edge::new(if let Beyond::Nothing { degrees } = beyond { degrees } else { 0.0 });
        Sampler { pixels, size: size(pixels), back, beyond, weights: &WEIGHTS, edge }
    }

    /// A row of the canvas, straight alpha.
    pub(in crate::stages) fn row(&self, y: u32, out: &mut [[u8; 4]]) {
        let (w, h) = (f64::from(self.size.w), f64::from(self.size.h));
        let y = f64::from(y) + 0.5;
        let start = self.back.apply(0.5, y);
        let next = self.back.apply(1.5, y);
        let step = (next.0 - start.0, next.1 - start.1);
        let nothing = matches!(self.beyond, Beyond::Nothing { .. });
        for (x, pixel) in out.iter_mut().enumerate() {
            let (sx, sy) = (start.0 + x as f64 * step.0, start.1 + x as f64 * step.1);
            let depth = sx.min(w - sx).min(sy).min(h - sy);
            if nothing && depth <= -1.0 {
                *pixel = [0; 4];
                continue;
            }
            *pixel = self.at(sx - 0.5, sy - 0.5);
            if nothing && depth < 1.0 {
                let cover = [sx, w - sx, sy, h - sy].iter().map(|depth| self.edge.cover(*depth)).product::<f64>();
                pixel[3] = (f64::from(pixel[3]) * cover + 0.5) as u8;
            }
        }
    }

    /// Around a point; pixel centres lie on whole numbers.
    fn at(&self, x: f64, y: f64) -> [u8; 4] {
        let (x0, y0) = (x.floor(), y.floor());
        let place = |rest: f64| &self.weights[(rest * PLACES as f64 + 0.5) as usize];
        let (across, down) = (place(x - x0), place(y - y0));
        let (x0, y0) = (x0 as i64 - 1, y0 as i64 - 1);
        let (w, h) = (i64::from(self.size.w), i64::from(self.size.h));
        let inside = x0 >= 0 && y0 >= 0 && x0 + 4 <= w && y0 + 4 <= h;
        match (self.pixels.channels, inside) {
            (Channels::Rgb, true) => {
                let mut sum = [0.0f32; 3];
                for (row, down) in (y0..).zip(down) {
                    let start = (row * w + x0) as usize * 3;
                    let (taps, _) = self.pixels.data[start..start + 12].as_chunks::<3>();
                    for (tap, across) in taps.iter().zip(across) {
                        let weight = across * down;
                        sum = std::array::from_fn(|c| sum[c] + f32::from(tap[c]) * weight);
                    }
                }
                let [r, g, b] = sum.map(level);
                [r, g, b, 255]
            }
            (Channels::Rgba, true) => {
                let mut sum = [0.0f32; 4];
                for (row, down) in (y0..).zip(down) {
                    let start = (row * w + x0) as usize * 4;
                    let (taps, _) = self.pixels.data[start..start + 16].as_chunks::<4>();
                    for (&[r, g, b, a], across) in taps.iter().zip(across) {
                        let weight = f32::from(a) * across * down;
                        let values = [f32::from(r), f32::from(g), f32::from(b), 1.0];
                        sum = std::array::from_fn(|c| sum[c] + values[c] * weight);
                    }
                }
                divided(sum)
            }
            _ => self.weighed(x0, y0, across, down),
        }
    }

    /// The general case: pixels beyond the edges, and alpha.
    fn weighed(&self, x0: i64, y0: i64, across: &[f32; 4], down: &[f32; 4]) -> [u8; 4] {
        let pick = if self.beyond == Beyond::Mirror { mirrored } else { repeated };
        let (w, h) = (i64::from(self.size.w), i64::from(self.size.h));
        let count = self.pixels.channels.count();
        let columns = [0, 1, 2, 3].map(|at| pick(x0 + at, w) as usize * count);
        let mut sum = [0.0f32; 4];
        for (row, down) in (y0..).zip(down) {
            let line = &self.pixels.data[(pick(row, h) * w) as usize * count..];
            for (column, across) in columns.iter().zip(across) {
                let pixel = &line[*column..column + count];
                let alpha = f32::from(pixel.get(3).copied().unwrap_or(255)) * across * down;
                for (sum, value) in sum.iter_mut().zip(&pixel[..3]) {
                    *sum += f32::from(*value) * alpha;
                }
                sum[3] += alpha;
            }
        }
        divided(sum)
    }
}

/// Straight alpha, from sums that are premultiplied.
fn divided([r, g, b, alpha]: [f32; 4]) -> [u8; 4] {
    if alpha < 0.5 {
        return [0; 4];
    }
    let share = 1.0 / alpha;
    [level(r * share), level(g * share), level(b * share), level(alpha)]
}

fn level(value: f32) -> u8 {
    (value + 0.5) as u8
}

/// How much of a pixel lies on one side of a straight edge of the turned picture.
struct Edge {
    /// The lengths of the two boxes whose convolution the profile of a turned pixel is: |cos| and |sin|.
    long: f64,
    short: f64,
}

impl Edge {
    fn new(degrees: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Edge { long: sin.abs().max(cos.abs()), short: sin.abs().min(cos.abs()) }
    }

    /// Of a pixel whose middle lies so deep inside. Exact for one edge; where two meet, their product is taken.
    fn cover(&self, depth: f64) -> f64 {
        let (a, b) = (self.long, self.short);
        if b < 1e-6 {
            return (depth / a + 0.5).clamp(0.0, 1.0);
        }
        // The profile is a trapezium; this is its integral.
        let part = |v: f64| v.max(0.0).powi(2) / 2.0;
        let (far, near) = ((a + b) / 2.0, (a - b) / 2.0);
        ((part(depth + far) - part(depth + near) - part(depth - near) + part(depth - far)) / (a * b)).clamp(0.0, 1.0)
    }
}
