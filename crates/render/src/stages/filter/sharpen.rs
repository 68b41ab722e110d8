use codec::{CodecError, Pixels};
use plan::Unsharp;

use super::blur::{load, row_of};
use super::gaussian::Rows;
use super::{Around, Plan};
use crate::stages::adjust::luma;

/// An unsharp mask on each channel. Alpha stays as it is.
pub(super) fn channels(pixels: &mut Pixels, how: Unsharp, around: &Around<'_>) -> Result<(), CodecError> {
    let plan = Plan::new(pixels.width as usize, pixels.height as usize, pixels.channels.count(), how.sigma.get());
    around.room(plan.scratch())?;
    plan.run(&mut Channelwise { pixels, how: How::of(how) }, around.scope.cancel)
}

/// An unsharp mask on the luminance: all channels are changed by as much.
pub(super) fn luminance(pixels: &mut Pixels, how: Unsharp, around: &Around<'_>) -> Result<(), CodecError> {
    // The luminance, and the alpha that it is weighed by.
    let samples = pixels.channels.count() - 2;
    let plan = Plan::new(pixels.width as usize, pixels.height as usize, samples, how.sigma.get());
    around.room(plan.scratch())?;
    plan.run(&mut ByLuminance { pixels, how: How::of(how) }, around.scope.cancel)
}

/// In units of a byte.
#[derive(Clone, Copy)]
struct How {
    amount: f32,
    threshold: f32,
}

impl How {
    fn of(how: Unsharp) -> Self {
        How { amount: how.amount.get() as f32, threshold: (how.threshold.get() * 255.0) as f32 }
    }

    /// What is added where a value differs by this from its blurred self.
    #[inline]
    fn more(self, difference: f32) -> f32 {
        if difference.abs() > self.threshold { self.amount * difference } else { 0.0 }
    }
}

struct Channelwise<'a> {
    pixels: &'a mut Pixels,
    how: How,
}

impl Rows for Channelwise<'_> {
    fn load(&self, y: usize, row: &mut [f32]) {
        load(self.pixels, y, row);
    }

    fn store(&mut self, y: usize, blurred: &[f32]) {
        let (how, count) = (self.how, self.pixels.channels.count());
        let row = row_of(self.pixels, y);
        if count == 3 {
            for (value, blurred) in row.iter_mut().zip(blurred) {
                let old = f32::from(*value);
                *value = (old + how.more(old - blurred) + 0.5) as u8;
            }
            return;
        }
        for (pixel, blurred) in row.chunks_exact_mut(4).zip(blurred.chunks_exact(4)) {
            if pixel[3] == 0 {
                continue;
            }
            let by = 255.0 / blurred[3].max(1e-3);
            for c in 0..3 {
                let old = f32::from(pixel[c]);
                pixel[c] = (old + how.more(old - blurred[c] * by) + 0.5) as u8;
            }
        }
    }
}

struct ByLuminance<'a> {
    pixels: &'a mut Pixels,
    how: How,
}

impl Rows for ByLuminance<'_> {
    fn load(&self, y: usize, row: &mut [f32]) {
        let count = self.pixels.channels.count();
        let stride = self.pixels.width as usize * count;
        let from = &self.pixels.data[y * stride..][..stride];
        if count == 3 {
            for (to, p) in row.iter_mut().zip(from.chunks_exact(3)) {
                *to = f32::from(luma(p[0], p[1], p[2]));
            }
            return;
        }
        for (to, p) in row.chunks_exact_mut(2).zip(from.chunks_exact(4)) {
            let alpha = f32::from(p[3]);
            to[0] = f32::from(luma(p[0], p[1], p[2])) * alpha / 255.0;
            to[1] = alpha;
        }
    }

    fn store(&mut self, y: usize, blurred: &[f32]) {
        let (how, count) = (self.how, self.pixels.channels.count());
        let row = row_of(self.pixels, y);
        for (pixel, blurred) in row.chunks_exact_mut(count).zip(blurred.chunks_exact(count - 2)) {
            let blurred = match blurred {
                [luma, alpha] => luma * 255.0 / alpha.max(1e-3),
                _ => blurred[0],
            };
            let more = how.more(f32::from(luma(pixel[0], pixel[1], pixel[2])) - blurred) + 0.5;
            for value in &mut pixel[..3] {
                *value = (f32::from(*value) + more) as u8;
            }
        }
    }
}
