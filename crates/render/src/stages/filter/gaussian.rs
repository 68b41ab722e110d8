//! The Gaussian that blurring and sharpening share, at a cost that does not grow with its size.
//!
//! Up to [`NARROW`] it is two passes of sampled weights, cut at [`REACH`] standard deviations. A broader one works on a
//! copy shrunk by a whole number `k` (means of `k` by `k` pixels), blurs that, and interpolates linearly between its
//! points. Means of `k` pixels have a variance of `(k^2 - 1) / 12`, linear interpolation one of `k^2 / 6 + 1 / 12` on
//! average, together `k^2 / 4`; what is left to the Gaussian on the copy is `(sigma / k)^2 - 1 / 4`.

use codec::{Cancel, CodecError};

/// The broadest one that is worked out at full size, in pixels.
const NARROW: f64 = 10.0;
/// A shrunk copy is blurred by at least about this many of its pixels.
const LEAST: f64 = 5.0;
/// Standard deviations on each side; what lies beyond is 0.05 percent of the whole.
const REACH: f64 = 3.5;
/// Rows after which it is asked whether anybody still waits.
const BAND: usize = 16;
/// Samples that are summed up at a time, so that the sums stay in the nearest cache.
const CHUNK: usize = 1024;

/// Rows of samples to blur.
pub(crate) trait Rows {
    /// Reads a row as it was before. Rows are asked for from the top down, and never one that was stored.
    fn load(&self, y: usize, row: &mut [f32]);
    /// Takes a blurred row, from the top down.
    fn store(&mut self, y: usize, blurred: &[f32]);
}

/// How a Gaussian is worked out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan {
    /// Columns.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
    /// Samples of a pixel.
    pub(crate) samples: usize,
    shrink: usize,
    /// On the shrunk copy.
    sigma: f64,
}

impl Plan {
    pub(crate) fn new(width: usize, height: usize, samples: usize, sigma: f64) -> Self {
        let shrink = if sigma < NARROW { 1 } else { (sigma / LEAST) as usize };
        let k = shrink as f64;
        let sigma = if shrink == 1 { sigma.max(0.05) } else { ((sigma / k).powi(2) - 0.25).sqrt() };
        Plan { width, height, samples, shrink, sigma }
    }

    /// Bytes that it takes beside the rows.
    pub(crate) fn scratch(&self) -> u64 {
        let (w, h) = if self.shrink == 1 { (self.width, 0) } else { self.small() };
        let rows = 2 * self.weights().len() + 2 + h;
        4 * (w * rows * self.samples + 3 * self.width * self.samples) as u64
    }

    /// Blurs.
    pub(crate) fn run(&self, rows: &mut impl Rows, cancel: &Cancel) -> Result<(), CodecError> {
        if self.shrink == 1 {
            return convolve(rows, (self.width, self.height), self.samples, &self.weights(), cancel);
        }
        let mut copy = self.shrunk(rows, cancel)?;
        let (w, h) = self.small();
        let mut small = Buffer { data: &mut copy, stride: w * self.samples };
        convolve(&mut small, (w, h), self.samples, &self.weights(), cancel)?;
        self.expand(&copy, rows, cancel)
    }

    /// The weights of the pixel itself and of those on one side.
    fn weights(&self) -> Vec<f32> {
        let reach = (REACH * self.sigma).ceil() as i32;
        let half: Vec<f64> = (0..=reach).map(|i| (-f64::from(i * i) / (2.0 * self.sigma * self.sigma)).exp()).collect();
        let sum = half[0] + 2.0 * half[1..].iter().sum::<f64>();
        half.iter().map(|w| (w / sum) as f32).collect()
    }

    /// Size of the shrunk copy, with one cell more on each side: what lies beyond the picture is like that one.
    fn small(&self) -> (usize, usize) {
        (self.width.div_ceil(self.shrink) + 2, self.height.div_ceil(self.shrink) + 2)
    }

    fn shrunk(&self, rows: &impl Rows, cancel: &Cancel) -> Result<Vec<f32>, CodecError> {
        let (k, n, last) = (self.shrink, self.samples, self.height - 1);
        let (w, h) = self.small();
        let mut copy = vec![0.0f32; w * h * n];
        let mut row = vec![0.0f32; self.width * n];
        let mut cells = vec![0.0f32; w * n];
        for y in 0..self.height {
            if y % BAND == 0 {
                cancel.check()?;
            }
            rows.load(y, &mut row);
            self.shrink_row(&row, &mut cells);
            if y == 0 {
                copy[..w * n].copy_from_slice(&cells);
            }
            if y == last {
                copy[(h - 1) * w * n..].copy_from_slice(&cells);
            }
            // The last row stands for those that the last cell lacks.
            let times = if y == last { (h - 2) * k - last } else { 1 };
            let share = times as f32 / k as f32;
            let sums = &mut copy[(y / k + 1) * w * n..][..w * n];
            for (sum, cell) in sums.iter_mut().zip(&cells) {
                *sum += cell * share;
            }
        }
        Ok(copy)
    }

    fn shrink_row(&self, row: &[f32], cells: &mut [f32]) {
        let (k, n) = (self.shrink, self.samples);
        let (first, last) = (&row[..n], &row[row.len() - n..]);
        cells[..n].copy_from_slice(first);
        let end = cells.len() - n;
        for (cell, pixels) in cells[n..end].chunks_exact_mut(n).zip(row.chunks(k * n)) {
            let lacking = (k - pixels.len() / n) as f32;
            for c in 0..n {
                let sum: f32 = pixels[c..].iter().step_by(n).sum();
                cell[c] = (sum + last[c] * lacking) / k as f32;
            }
        }
        cells[end..].copy_from_slice(last);
    }

    fn expand(&self, copy: &[f32], rows: &mut impl Rows, cancel: &Cancel) -> Result<(), CodecError> {
        let (w, _) = self.small();
        let (n, stride) = (self.samples, w * self.samples);
        // Where a pixel lies between two cells: the first, and the share of the second.
        let place = |at: usize| {
            let at = (at as f64 + 0.5) / self.shrink as f64 + 0.5;
            (at as usize, at.fract() as f32)
        };
        let columns: Vec<(usize, f32)> = (0..self.width).map(place).collect();
        let mut between = vec![0.0f32; stride];
        let mut out = vec![0.0f32; self.width * n];
        for y in 0..self.height {
            if y % BAND == 0 {
                cancel.check()?;
            }
            let (cell, share) = place(y);
            let (above, below) = copy[cell * stride..][..2 * stride].split_at(stride);
            for ((to, a), b) in between.iter_mut().zip(above).zip(below) {
                *to = a + (b - a) * share;
            }
            for (to, (cell, share)) in out.chunks_exact_mut(n).zip(&columns) {
                let (a, b) = between[cell * n..][..2 * n].split_at(n);
                for c in 0..n {
                    to[c] = a[c] + (b[c] - a[c]) * share;
                }
            }
            rows.store(y, &out);
        }
        Ok(())
    }
}

/// Rows of a buffer of floats.
pub(super) struct Buffer<'a> {
    pub(super) data: &'a mut [f32],
    pub(super) stride: usize,
}

impl Rows for Buffer<'_> {
    fn load(&self, y: usize, row: &mut [f32]) {
        row.copy_from_slice(&self.data[y * self.stride..][..self.stride]);
    }

    fn store(&mut self, y: usize, blurred: &[f32]) {
        self.data[y * self.stride..][..self.stride].copy_from_slice(blurred);
    }
}

/// Two passes of symmetric weights. Only as many rows are held as the weights reach.
pub(super) fn convolve(
    rows: &mut impl Rows,
    (width, height): (usize, usize),
    samples: usize,
    half: &[f32],
    cancel: &Cancel,
) -> Result<(), CodecError> {
    let (reach, stride) = (half.len() - 1, width * samples);
    let held = (2 * reach + 1).min(height);
    let mut ring = vec![0.0f32; held * stride];
    let mut padded = vec![0.0f32; stride + 2 * reach * samples];
    let mut out = vec![0.0f32; stride];
    let mut loaded = 0;
    for y in 0..height {
        if y % BAND == 0 {
            cancel.check()?;
        }
        while loaded <= (y + reach).min(height - 1) {
            rows.load(loaded, &mut padded[reach * samples..][..stride]);
            spread_edges(&mut padded, reach, samples);
            let to = &mut ring[loaded % held * stride..][..stride];
            weigh(to, half, |i, at, len| {
                let (left, right) = (at + (reach - i) * samples, at + (reach + i) * samples);
                (&padded[left..left + len], &padded[right..right + len])
            });
            loaded += 1;
        }
        weigh(&mut out, half, |i, at, len| {
            let (above, below) = (y.saturating_sub(i) % held, (y + i).min(height - 1) % held);
            (&ring[above * stride + at..][..len], &ring[below * stride + at..][..len])
        });
        rows.store(y, &out);
    }
    Ok(())
}

/// `to = half[0] * pair(0) + sum of half[i] * (pair(i).0 + pair(i).1)`; `pair` is told the place and length of a chunk.
fn weigh<'a>(to: &mut [f32], half: &[f32], pair: impl Fn(usize, usize, usize) -> (&'a [f32], &'a [f32])) {
    for (index, chunk) in to.chunks_mut(CHUNK).enumerate() {
        let (at, len) = (index * CHUNK, chunk.len());
        for (to, a) in chunk.iter_mut().zip(pair(0, at, len).0) {
            *to = a * half[0];
        }
        for (i, weight) in half.iter().enumerate().skip(1) {
            let (before, after) = pair(i, at, len);
            for ((to, a), b) in chunk.iter_mut().zip(before).zip(after) {
                *to += (a + b) * weight;
            }
        }
    }
}

fn spread_edges(padded: &mut [f32], reach: usize, samples: usize) {
    let pad = reach * samples;
    let end = padded.len() - pad;
    for i in 0..pad {
        padded[i] = padded[pad + i % samples];
        padded[end + i] = padded[end - samples + i % samples];
    }
}
