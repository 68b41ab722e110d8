use codec::{CodecError, Pixels};

use super::gaussian::Rows;
use super::{Around, Plan};

/// A Gaussian blur in place, of this standard deviation in pixels.
///
/// # Errors
/// What the scope answers: no room, or nobody waits.
pub(crate) fn blur(pixels: &mut Pixels, sigma: f64, around: &Around<'_>) -> Result<(), CodecError> {
    let samples = pixels.channels.count();
    let plan = Plan::new(pixels.width as usize, pixels.height as usize, samples, sigma);
    around.room(plan.scratch())?;
    plan.run(&mut Blurred(pixels), around.scope.cancel)
}

/// A picture that takes what is blurred for what it was.
struct Blurred<'a>(&'a mut Pixels);

impl Rows for Blurred<'_> {
    fn load(&self, y: usize, row: &mut [f32]) {
        load(self.0, y, row);
    }

    fn store(&mut self, y: usize, blurred: &[f32]) {
        if self.0.channels.count() == 3 {
            for (to, value) in row_of(self.0, y).iter_mut().zip(blurred) {
                *to = (value + 0.5) as u8;
            }
            return;
        }
        for (to, value) in row_of(self.0, y).chunks_exact_mut(4).zip(blurred.chunks_exact(4)) {
            if value[3] > 0.0 {
                let by = 255.0 / value[3];
                for c in 0..3 {
                    to[c] = (value[c] * by + 0.5) as u8;
                }
            }
            to[3] = (value[3] + 0.5) as u8;
        }
    }
}

/// A row as floats of 0 to 255, colours multiplied by alpha.
pub(super) fn load(pixels: &Pixels, y: usize, row: &mut [f32]) {
    let count = pixels.channels.count();
    let stride = pixels.width as usize * count;
    let from = &pixels.data[y * stride..][..stride];
    if count == 3 {
        for (to, value) in row.iter_mut().zip(from) {
            *to = f32::from(*value);
        }
        return;
    }
    for (to, p) in row.chunks_exact_mut(4).zip(from.chunks_exact(4)) {
        let alpha = f32::from(p[3]);
        let share = alpha / 255.0;
        to[0] = f32::from(p[0]) * share;
        to[1] = f32::from(p[1]) * share;
        to[2] = f32::from(p[2]) * share;
        to[3] = alpha;
    }
}

pub(super) fn row_of(pixels: &mut Pixels, y: usize) -> &mut [u8] {
    let stride = pixels.width as usize * pixels.channels.count();
    &mut pixels.data[y * stride..][..stride]
}
