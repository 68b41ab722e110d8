//! One file per stage: what it does to pixels. Where things go is worked out in [`crate::geometry`].

pub(crate) mod background;
mod extract;
mod flatten;
mod flip;
pub(crate) mod orient;
pub(crate) mod pad;
pub(crate) mod resize;
pub(crate) mod rotate;
mod straighten;
mod trim;

#[cfg(test)]
mod tests;

use codec::{CodecError, Info};
use plan::{Color, Stage};

use crate::scope::Scope;
use crate::work::Work;

/// Applies one stage.
pub(crate) fn apply(
    stage: &Stage,
    first: bool,
    work: &mut Work,
    info: &Info,
    scope: &Scope<'_>,
) -> Result<(), CodecError> {
    scope.cancel.check()?;
    match stage {
        Stage::Orient(how) => orient::apply(*how, first, work, info),
        Stage::Extract(region) => return extract::apply(region, work, scope),
        Stage::Trim(trim) => return trim::apply(trim, work, scope),
        Stage::Resize(resize) => return resize::apply(resize, work, scope),
        Stage::Flip { horizontal, vertical } => flip::apply(*horizontal, *vertical, work),
        Stage::Rotate { degrees, background } => return rotate::apply(degrees.get(), *background, work, scope),
        Stage::Straighten { degrees } => return straighten::apply(degrees.get(), work, scope),
        Stage::Pad(pad) => return pad::apply(pad, work, scope),
        Stage::Flatten(color) => return flatten::apply(*color, work, scope),
        Stage::Overlay(_) => return Err(CodecError::Internal("overlays are not drawn yet".to_owned())),
    }
    Ok(())
}

/// Puts the picture on white, for outputs without alpha.
pub(crate) fn make_opaque(work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    flatten::apply(Color::WHITE, work, scope)
}
