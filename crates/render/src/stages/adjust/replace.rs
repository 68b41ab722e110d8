use codec::CodecError;
use plan::Color;

use super::luma::byte;
use super::{look, luma};
use crate::scope::Scope;
use crate::work::Work;

/// Share of the tolerance up to which a pixel takes the whole change; from there to the end it fades.
const WHOLE: f32 = 0.75;

/// One colour for another.
pub(super) struct Replace {
    from: [f32; 3],
    from_luma: f32,
    to: [f32; 3],
    strength: f32,
    /// Sums of three squared differences: up to here at all.
    limit: f32,
    /// Root mean square differences.
    fade: (f32, f32),
}

impl Replace {
    /// `tolerance` in percent.
    pub(super) fn new(from: Color, to: Color, tolerance: f64) -> Self {
        let floats = |c: Color| [c.r, c.g, c.b].map(f32::from);
        let end = (tolerance * 2.55) as f32;
        Replace {
            from: floats(from),
            from_luma: f32::from(luma(from.r, from.g, from.b)),
            to: floats(to),
            strength: f32::from(to.a) / 255.0,
            limit: end * end * 3.0 + 1e-3,
            fade: (end * WHOLE, end),
        }
    }

    pub(super) fn run<const N: usize>(&self, row: &mut [[u8; N]]) {
        for pixel in row {
            let [r, g, b] = [f32::from(pixel[0]), f32::from(pixel[1]), f32::from(pixel[2])];
            let (dr, dg, db) = (r - self.from[0], g - self.from[1], b - self.from[2]);
            let distance = dr * dr + dg * dg + db * db;
            if distance > self.limit {
                continue;
            }
            let distance = (distance / 3.0).sqrt();
            let (whole, end) = self.fade;
            let share = if distance <= whole { 1.0 } else { ((end - distance) / (end - whole)).clamp(0.0, 1.0) };
            let shade = f32::from(luma(pixel[0], pixel[1], pixel[2])) - self.from_luma;
            for (value, to) in pixel[..3].iter_mut().zip(self.to) {
                let old = f32::from(*value);
                let new = (to + shade).clamp(0.0, 255.0);
                *value = byte(old + (new - old) * share * self.strength);
            }
        }
    }
}

/// Bits of a channel that tell colours apart.
const BITS: u32 = 4;

/// The mean of the commonest of 4096 cells of colour, weighed by alpha; black of a picture that is all transparent.
pub(super) fn commonest(work: &mut Work, scope: &Scope<'_>) -> Result<Color, CodecError> {
    let mut cells = vec![[0u64; 4]; 1 << (3 * BITS)];
    look(work, scope, |[r, g, b], alpha| {
        let part = |v: u8| usize::from(v >> (8 - BITS));
        let cell = &mut cells[part(r) << (2 * BITS) | part(g) << BITS | part(b)];
        let weight = u64::from(alpha);
        for (sum, value) in cell.iter_mut().zip([r, g, b, 1]) {
            *sum += u64::from(value) * weight;
        }
    })?;
    // Of equals the first, which is the darkest.
    let best = cells.iter().rev().max_by_key(|cell| cell[3]).copied().unwrap_or_default();
    let mean = |c: usize| ((best[c] + best[3] / 2) / best[3].max(1)) as u8;
    Ok(Color::rgb(mean(0), mean(1), mean(2)))
}
