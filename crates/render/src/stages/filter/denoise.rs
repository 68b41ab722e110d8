use codec::{Channels, CodecError, Pixels};

use super::Around;
use super::gaussian::{Buffer, Rows, convolve};

/// Pixels on each side of a window.
const RADIUS: usize = 2;
/// The standard deviation of noise that the full strength takes away, in shares of the full range.
const NOISE: f64 = 0.1;
/// Rows that are worked on at a time.
const BAND: usize = 64;

/// A guided filter, each channel by itself (He, Sun and Tang, "Guided Image Filtering", 2013): in a window of variance
/// `v` and mean `m` a value becomes `a * value + (1 - a) * m` with `a = v / (v + noise^2)`; `a` and `(1 - a) * m` are then
/// averaged over all windows that hold the pixel.
pub(super) fn denoise(pixels: &mut Pixels, strength: f64, around: &Around<'_>) -> Result<(), CodecError> {
    let noise = (NOISE * strength).powi(2) as f32;
    let samples = if pixels.channels == Channels::Rgba { 7 } else { 6 };
    let (width, height) = (pixels.width as usize, pixels.height as usize);
    let rows = (BAND + 4 * RADIUS).min(height + 4 * RADIUS);
    let buffers = 4 * width * (samples + 6) * (rows + 2 * RADIUS + 4);
    around.room((pixels.data.len() + buffers) as u64)?;
    let mut out = Vec::with_capacity(pixels.data.len());
    for top in (0..height).step_by(BAND) {
        around.scope.cancel.check()?;
        let band = Band { pixels, top, rows: BAND.min(height - top), noise };
        band.run(&mut out, around)?;
    }
    pixels.data = out;
    Ok(())
}

/// Some rows of the result, and what they need around them: twice the radius.
struct Band<'a> {
    pixels: &'a Pixels,
    top: usize,
    rows: usize,
    noise: f32,
}

const AROUND: usize = 2 * RADIUS;
const BOX: [f32; RADIUS + 1] = [1.0 / (2 * RADIUS + 1) as f32; RADIUS + 1];

impl Band<'_> {
    fn run(&self, out: &mut Vec<u8>, around: &Around<'_>) -> Result<(), CodecError> {
        let (width, height) = (self.pixels.width as usize, self.rows + 2 * AROUND);
        let stride = width * 6;
        let mut coefficients = vec![0.0f32; height * stride];
        let samples = if self.pixels.channels == Channels::Rgba { 7 } else { 6 };
        let mut windows = Windows { band: self, coefficients: &mut coefficients, samples };
        convolve(&mut windows, (width, height), samples, &BOX, around.scope.cancel)?;
        // Beyond the picture the outermost windows go on.
        let (first, last) = (AROUND.saturating_sub(self.top), self.pixels.height as usize + AROUND - self.top - 1);
        for y in 0..height {
            let from = y.clamp(first, last);
            if from != y {
                coefficients.copy_within(from * stride..(from + 1) * stride, y * stride);
            }
        }
        convolve(&mut Buffer { data: &mut coefficients, stride }, (width, height), 6, &BOX, around.scope.cancel)?;
        let count = self.pixels.channels.count();
        for y in 0..self.rows {
            let from = &self.pixels.data[(self.top + y) * width * count..][..width * count];
            let row = &coefficients[(AROUND + y) * stride..][..stride];
            for (p, ab) in from.chunks_exact(count).zip(row.chunks_exact(6)) {
                for c in 0..3 {
                    out.push((ab[c] * f32::from(p[c]) + ab[c + 3] * 255.0 + 0.5) as u8);
                }
                out.extend_from_slice(&p[3..]);
            }
        }
        Ok(())
    }
}

/// Takes the values and their squares, and makes `a` and `(1 - a) * m` of their means.
struct Windows<'a> {
    band: &'a Band<'a>,
    coefficients: &'a mut [f32],
    samples: usize,
}

impl Rows for Windows<'_> {
    fn load(&self, y: usize, row: &mut [f32]) {
        let pixels = self.band.pixels;
        let (count, last) = (pixels.channels.count(), pixels.height as usize - 1);
        let y = (self.band.top + y).saturating_sub(AROUND).min(last);
        let stride = pixels.width as usize * count;
        let from = pixels.data[y * stride..][..stride].chunks_exact(count);
        for (to, p) in row.chunks_exact_mut(self.samples).zip(from) {
            let alpha = p.get(3).map_or(1.0, |a| f32::from(*a) / 255.0);
            for c in 0..3 {
                let value = f32::from(p[c]) / 255.0;
                to[c] = value * alpha;
                to[c + 3] = value * value * alpha;
            }
            if let Some(weight) = to.get_mut(6) {
                *weight = alpha;
            }
        }
    }

    fn store(&mut self, y: usize, means: &[f32]) {
        let stride = self.band.pixels.width as usize * 6;
        let row = &mut self.coefficients[y * stride..][..stride];
        for (to, m) in row.chunks_exact_mut(6).zip(means.chunks_exact(self.samples)) {
            let weight = m.get(6).map_or(1.0, |w| 1.0 / w.max(1e-6));
            for c in 0..3 {
                let mean = m[c] * weight;
                let variance = (m[c + 3] * weight - mean * mean).max(0.0);
                let a = variance / (variance + self.band.noise);
                to[c] = a;
                to[c + 3] = (1.0 - a) * mean;
            }
        }
    }
}
