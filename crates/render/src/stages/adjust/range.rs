use codec::CodecError;

use super::table::Tables;
use super::{look, luma};
use crate::scope::Scope;
use crate::work::Work;

/// How many pixels have each luminance, weighed by alpha.
pub(super) struct Histogram {
    counts: [u64; 256],
    total: u64,
}

impl Histogram {
    /// Of all frames, so that an animation keeps one look.
    pub(super) fn of(work: &mut Work, scope: &Scope<'_>) -> Result<Self, CodecError> {
        let mut counts = [0u64; 256];
        look(work, scope, |[r, g, b], alpha| counts[usize::from(luma(r, g, b))] += u64::from(alpha))?;
        Ok(Histogram { counts, total: counts.iter().sum() })
    }

    /// The least value that at least this share of the picture does not exceed; 0 to 1 both.
    fn quantile(&self, share: f64) -> f64 {
        let wanted = self.total as f64 * share;
        let mut sum = 0;
        let found = self.counts.iter().position(|count| {
            sum += count;
            sum as f64 >= wanted && sum > 0
        });
        found.unwrap_or(255) as f64 / 255.0
    }

    /// The standard deviation of `curve` of the values.
    fn deviation(&self, curve: impl Fn(f64) -> f64) -> f64 {
        let mean_of = |f: &dyn Fn(f64) -> f64| {
            let values = self.counts.iter().enumerate();
            let sum: f64 = values.map(|(v, count)| f(curve(v as f64 / 255.0)) * *count as f64).sum();
            sum / self.total.max(1) as f64
        };
        let mean = mean_of(&|v| v);
        mean_of(&|v| (v - mean) * (v - mean)).sqrt()
    }
}

/// Share of the picture that may be driven to black, and to white.
const STRETCH_CUT: f64 = 0.01;

/// Levels between the darkest and the brightest hundredth; a picture of one luminance stays.
pub(super) fn stretch(seen: &Histogram) -> Tables {
    let (low, high) = (seen.quantile(STRETCH_CUT), seen.quantile(1.0 - STRETCH_CUT));
    if high <= low {
        return Tables::idle();
    }
    Tables::of(|v| (v - low) / (high - low))
}

const ENHANCE_CUT: f64 = 0.005;
/// What becomes black is at most this dark already, what becomes white at least this bright.
const DARKEST: f64 = 0.1;
const BRIGHTEST: f64 = 0.8;
/// Where the median is drawn to, how much of the way, and the exponents it may take.
const MIDDLE: f64 = 0.45;
const TOWARDS: f64 = 0.35;
const EXPONENTS: (f64, f64) = (0.7, 1.25);
/// The standard deviation from which on there is contrast enough, and how much of an S-curve half of it gets.
const ENOUGH: f64 = 0.28;
const CURVE: f64 = 0.5;
/// The vibrance in the end.
pub(super) const ENHANCED_VIBRANCE: f64 = 0.2;

/// Levels, mid-tones and contrast in one table.
pub(super) fn enhance(seen: &Histogram) -> Tables {
    if seen.total == 0 {
        return Tables::idle();
    }
    let low = seen.quantile(ENHANCE_CUT).min(DARKEST);
    let high = seen.quantile(1.0 - ENHANCE_CUT).max(BRIGHTEST);
    let level = |v: f64| ((v - low) / (high - low)).clamp(0.0, 1.0);
    let median = level(seen.quantile(0.5)).clamp(0.02, 0.98);
    let aim = median + TOWARDS * (MIDDLE - median);
    let exponent = (aim.ln() / median.ln()).clamp(EXPONENTS.0, EXPONENTS.1);
    let toned = |v: f64| level(v).powf(exponent);
    let curve = CURVE * (1.0 - seen.deviation(toned) / ENOUGH).clamp(0.0, 1.0);
    Tables::of(|v| {
        let v = toned(v);
        v + curve * (v * v * (3.0 - 2.0 * v) - v)
    })
}
