//! Borders by the mean and the standard deviation of whole rows and columns.
//!
//! On each side the outermost row is the measure: if it is even itself (its deviation is within the limit), it and all
//! that follow are border as long as, on every channel, their mean lies within the one limit of its mean and their
//! deviation within the other of its deviation. Rows are cut first; columns are measured between the rows that are left.

use codec::{Cancel, CodecError, Pixels};

use super::{Edges, premultiplied, rgba};

/// Lines after which it is asked whether anybody still waits.
const BAND: usize = 64;

/// `None` where all of it is border.
pub(super) fn content(
    pixels: &Pixels,
    mean: f64,
    deviation: f64,
    cancel: &Cancel,
) -> Result<Option<Edges>, CodecError> {
    let limits = Limits { mean, deviation };
    let (w, h) = (pixels.width as usize, pixels.height as usize);
    let Some((top, bottom)) = limits.cut(h, |y| row(pixels, y), cancel)? else { return Ok(None) };
    let Some((left, right)) = limits.cut(w, |x| column(pixels, x, top, bottom), cancel)? else { return Ok(None) };
    Ok(Some(Edges { left: left as u32, top: top as u32, right: right as u32, bottom: bottom as u32 }))
}

struct Limits {
    mean: f64,
    deviation: f64,
}

/// Mean and standard deviation of a line, on each channel.
type Line = [(f64, f64); 4];

impl Limits {
    /// What is left of so many lines; end exclusive.
    fn cut(
        &self,
        count: usize,
        line: impl Fn(usize) -> Line,
        cancel: &Cancel,
    ) -> Result<Option<(usize, usize)>, CodecError> {
        let Some(before) = self.run(0..count, &line, cancel)? else { return Ok(None) };
        let after = self.run((before..count).rev(), &line, cancel)?.unwrap_or(0);
        Ok(Some((before, count - after)))
    }

    /// Lines of border before the first that is none; `None` where all are.
    fn run(
        &self,
        lines: impl Iterator<Item = usize>,
        line: &impl Fn(usize) -> Line,
        cancel: &Cancel,
    ) -> Result<Option<usize>, CodecError> {
        let mut first: Option<Line> = None;
        for (passed, at) in lines.enumerate() {
            if passed % BAND == 0 {
                cancel.check()?;
            }
            let found = line(at);
            let edge = first.get_or_insert(found);
            let like = edge.iter().zip(found).all(|(edge, found)| {
                edge.1 <= self.deviation
                    && (edge.0 - found.0).abs() <= self.mean
                    && (edge.1 - found.1).abs() <= self.deviation
            });
            if !like {
                return Ok(Some(passed));
            }
        }
        Ok(None)
    }
}

fn row(pixels: &Pixels, y: usize) -> Line {
    let count = pixels.channels.count();
    let stride = pixels.width as usize * count;
    measured(pixels.data[y * stride..(y + 1) * stride].chunks_exact(count))
}

fn column(pixels: &Pixels, x: usize, top: usize, bottom: usize) -> Line {
    let count = pixels.channels.count();
    let stride = pixels.width as usize * count;
    measured((top..bottom).map(|y| &pixels.data[y * stride + x * count..y * stride + (x + 1) * count]))
}

fn measured<'a>(pixels: impl Iterator<Item = &'a [u8]>) -> Line {
    let (mut sums, mut squares, mut count) = ([0u64; 4], [0u64; 4], 0u64);
    for pixel in pixels {
        for (c, value) in premultiplied(rgba(pixel)).into_iter().enumerate() {
            sums[c] += u64::from(value);
            squares[c] += u64::from(value) * u64::from(value);
        }
        count += 1;
    }
    let count = count.max(1) as f64;
    std::array::from_fn(|c| {
        let mean = sums[c] as f64 / count;
        (mean, (squares[c] as f64 / count - mean * mean).max(0.0).sqrt())
    })
}
