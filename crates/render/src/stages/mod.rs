//! One file per stage: what it does to pixels. Where things go is worked out in [`crate::geometry`].

pub(crate) mod adjust;
pub(crate) mod background;
pub(crate) mod border;
mod extract;
pub(crate) mod filter;
mod flatten;
mod flip;
mod gradient;
mod mask;
pub(crate) mod orient;
mod overlay;
pub(crate) mod pad;
pub(crate) mod resample;
mod resize;
pub(crate) mod rotate;
mod shadow;
mod straighten;
mod text;
mod trim;

#[cfg(test)]
mod tests;

use codec::{CodecError, Info};
use plan::{Background, Choose, Color, Measured, Stage};

use crate::optimise::{self, Step};
use crate::scope::Scope;
use crate::settle;
use crate::work::Work;

/// Applies stages in their order, changes of colour in a row at one go.
pub(crate) fn run(stages: &[Stage], work: &mut Work, info: &Info, scope: &Scope<'_>) -> Result<(), CodecError> {
    let mut first = true;
    for step in optimise::steps(stages) {
        scope.cancel.check()?;
        match step {
            Step::Colors(ref colors) => adjust::apply(colors, work, scope)?,
            Step::Stage(stage) => apply(stage, first, work, info, scope)?,
        }
        first &= matches!(step, Step::Stage(Stage::Page(_) | Stage::Frames(_)));
    }
    Ok(())
}

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
        // Taken as it was decoded.
        Stage::Page(_) | Stage::Frames(_) => {}
        Stage::Typeset(text) => return text::typeset(text, work, scope),
        Stage::Flatten(ground) => return flatten::apply(*ground, work, scope),
        Stage::Adjust(adjust) => return adjust::apply(&[*adjust], work, scope),
        Stage::Filter(filter) => return filter::apply(*filter, work, scope),
        Stage::Mask(mask) => return mask::apply(mask, work, scope),
        Stage::Border(border) => return border::apply(border, work, scope),
        Stage::Gradient(gradient) => return gradient::apply(gradient, work, scope),
        Stage::Shadow(shadow) => return shadow::apply(shadow, work, scope),
        Stage::Overlay(overlay) => return overlay::apply(overlay, None, work, scope),
        Stage::Mark => work.mark(),
        Stage::Measured(measured) => return apply_measured(measured, work, info, scope),
        Stage::Choose(choose) => return apply_choice(choose, work, info, scope),
    }
    Ok(())
}

/// Applies a stage whose lengths only these pixels tell.
fn apply_measured(measured: &Measured, work: &mut Work, info: &Info, scope: &Scope<'_>) -> Result<(), CodecError> {
    if let Stage::Overlay(overlay) = &*measured.stage {
        return overlay::apply(overlay, Some(measured), work, scope);
    }
    match settle::plain(measured, &work.sizes(), work.size(), scope.pictures) {
        Some(plain) => apply(&plain, false, work, info, scope),
        None => Ok(()),
    }
}

/// Applies the stages that these pixels choose.
fn apply_choice(choose: &Choose, work: &mut Work, info: &Info, scope: &Scope<'_>) -> Result<(), CodecError> {
    work.mark();
    let holds = settle::holds(choose, &work.sizes());
    for (stages, chosen) in [(&choose.yes, holds), (&choose.no, !holds)] {
        if !chosen {
            scope.pictures.pass_over_all(stages);
            continue;
        }
        for stage in stages {
            apply(stage, false, work, info, scope)?;
        }
    }
    work.mark();
    Ok(())
}

/// Puts the picture on white, for outputs without alpha.
pub(crate) fn make_opaque(work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    flatten::apply(Background::Color(Color::WHITE), work, scope)
}
