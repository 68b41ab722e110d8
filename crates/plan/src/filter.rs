use std::fmt;

use crate::Fixed;

/// A change in which the pixels around a pixel have a say. Lengths are pixels of the step's input.
///
/// Colours are weighed by alpha, so that what is transparent lends no colour to its neighbours. Beyond its edges a picture
/// is taken to go on as its outermost pixels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Gaussian of this standard deviation, above 0, at most 1000: weights `exp(-x^2 / (2 sigma^2))` at whole pixels, in
    /// both directions. Colours and alpha are blurred.
    Blur(Fixed),
    /// Squares of this side, 2 to 65535, from the top left corner on, each of its mean colour.
    Pixelate(u32),
    /// Unsharp mask on the luminance alone (weights of ITU-R BT.709): all channels are changed by as much, so that edges
    /// get no fringes of colour.
    Sharpen(Unsharp),
    /// Unsharp mask on each channel.
    Unsharp(Unsharp),
    /// Noise is smoothed away where edges are weak: a guided filter (He, Sun and Tang, "Guided Image Filtering", IEEE
    /// Transactions on Pattern Analysis and Machine Intelligence 35, 2013) with windows of 5 by 5 pixels, each channel
    /// guiding itself.
    Denoise {
        /// 0 to 1: how strong an edge is still taken for noise. The filter's epsilon is the square of a tenth of it, values
        /// being 0 to 1: at 1, noise of a standard deviation of 25 of 255 is about halved, and less goes more thoroughly.
        strength: Fixed,
        /// 0 to 1: sharpening afterwards, as [`Filter::Sharpen`] with a sigma of 1, this amount and no threshold.
        sharpen: Fixed,
    },
    /// Black dots on white, on a grid turned by 45 degrees, of this spacing in pixels, 2 to 1000. They cover the share of
    /// the plane that the luminance leaves to black; the screen is PostScript's Euclidean dot.
    Halftone(u32),
}

/// What is sharpened, and by how much: `value + amount * (value - blurred)` where that difference is above the threshold.
/// Alpha stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Unsharp {
    /// Standard deviation of the Gaussian, above 0, at most 250.
    pub sigma: Fixed,
    /// Factor of the difference, -10 to 10. Below 0 softens.
    pub amount: Fixed,
    /// Differences up to this share of the full range are left alone, 0 to 1.
    pub threshold: Fixed,
}

/// One spelling per meaning; `None` where nothing is changed.
pub(crate) fn canonical(filter: Filter) -> Option<Filter> {
    let unsharp = |u: Unsharp| {
        let kept = Unsharp {
            sigma: u.sigma.clamp_to(0.0, 250.0),
            amount: u.amount.clamp_to(-10.0, 10.0),
            threshold: u.threshold.clamp_to(0.0, 1.0),
        };
        (kept.sigma > Fixed::ZERO && kept.amount != Fixed::ZERO && kept.threshold < Fixed::ONE).then_some(kept)
    };
    match filter {
        Filter::Blur(sigma) => {
            let sigma = sigma.clamp_to(0.0, 1000.0);
            (sigma > Fixed::ZERO).then_some(Filter::Blur(sigma))
        }
        Filter::Pixelate(side) => (side > 1).then_some(Filter::Pixelate(side.min(65_535))),
        Filter::Sharpen(u) => unsharp(u).map(Filter::Sharpen),
        Filter::Unsharp(u) => unsharp(u).map(Filter::Unsharp),
        Filter::Denoise { strength, sharpen } => {
            let (strength, sharpen) = (strength.clamp_to(0.0, 1.0), sharpen.clamp_to(0.0, 1.0));
            (strength > Fixed::ZERO || sharpen > Fixed::ZERO).then_some(Filter::Denoise { strength, sharpen })
        }
        Filter::Halftone(side) => (side > 1).then_some(Filter::Halftone(side.min(1000))),
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Filter::Blur(sigma) => write!(f, "blur:{sigma}"),
            Filter::Pixelate(side) => write!(f, "pixelate:{side}"),
            Filter::Sharpen(u) => write!(f, "sharpen:{u}"),
            Filter::Unsharp(u) => write!(f, "unsharp:{u}"),
            Filter::Denoise { strength, sharpen } => write!(f, "denoise:{strength},{sharpen}"),
            Filter::Halftone(side) => write!(f, "halftone:{side}"),
        }
    }
}

impl fmt::Display for Unsharp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{}", self.sigma, self.amount, self.threshold)
    }
}
