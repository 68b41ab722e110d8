//! Changes in which the pixels around a pixel have a say. Formulas and sources stand at [`plan::Filter`].
//!
//! Colours count by their alpha: what is transparent lends no colour to its neighbours. Beyond its edges a picture is
//! taken to go on as its outermost pixels are.

mod blur;
mod denoise;
pub(crate) mod gaussian;
mod halftone;
mod pixelate;
mod sharpen;

#[cfg(test)]
mod tests;

use codec::{CodecError, Pixels};
use plan::{Filter, Fixed, Unsharp};

pub(crate) use blur::blur;

use self::gaussian::Plan;
use crate::scope::Scope;
use crate::work::Work;

/// Applies it.
pub(super) fn apply(filter: Filter, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    work.settle(scope)?;
    match filter {
        Filter::Blur(sigma) => each(work, scope, |pixels, around| blur(pixels, sigma.get(), around)),
        Filter::Pixelate(side) => each(work, scope, |pixels, around| pixelate::pixelate(pixels, side, around)),
        Filter::Sharpen(how) => each(work, scope, |pixels, around| sharpen::luminance(pixels, how, around)),
        Filter::Unsharp(how) => each(work, scope, |pixels, around| sharpen::channels(pixels, how, around)),
        Filter::Denoise { strength, sharpen } => {
            if strength > Fixed::ZERO {
                each(work, scope, |pixels, around| denoise::denoise(pixels, strength.get(), around))?;
            }
            if sharpen > Fixed::ZERO {
                let after = Unsharp { sigma: Fixed::ONE, amount: sharpen, threshold: Fixed::ZERO };
                each(work, scope, |pixels, around| sharpen::luminance(pixels, after, around))?;
            }
            Ok(())
        }
        Filter::Halftone(side) => each(work, scope, |pixels, around| halftone::halftone(pixels, side, around)),
    }
}

/// Every frame, in place; `change` is told what it may take beside them.
fn each(
    work: &mut Work,
    scope: &Scope<'_>,
    mut change: impl FnMut(&mut Pixels, &Around<'_>) -> Result<(), CodecError>,
) -> Result<(), CodecError> {
    work.frames(scope)?;
    let around = Around { held: work.held(), scope };
    work.draw(scope, |pixels| change(pixels, &around))
}

/// What a filter must know and obey.
pub(crate) struct Around<'a> {
    /// Bytes of all frames.
    pub(crate) held: u64,
    pub(crate) scope: &'a Scope<'a>,
}

impl Around<'_> {
    fn room(&self, more: u64) -> Result<(), CodecError> {
        self.scope.room(self.held, more)
    }
}
