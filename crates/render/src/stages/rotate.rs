use codec::{Channels, CodecError, Pixels};
use plan::Background;

use super::background::{BAND, Fill, Ground};
use super::flatten::over;
use crate::geometry::{Affine, Size, Turn, rotated};
use crate::scope::{Scope, blank};
use crate::work::Work;

mod sample;
#[cfg(test)]
mod tests;

pub(super) use sample::{Beyond, Sampler};

/// Turns clockwise: quarter turns exactly, other angles by cubic sampling on a canvas that holds the whole picture, whose
/// edge takes of each pixel the part that it covers.
pub(super) fn apply(
    degrees: f64,
    background: Background,
    work: &mut Work,
    scope: &Scope<'_>,
) -> Result<(), CodecError> {
    if let Some(turn) = right_angle(degrees) {
        work.turn(turn);
        return Ok(());
    }
    let input = work.size();
    let source = source_size(input, degrees, scope.cap);
    if source != input {
        let shrink = crate::geometry::framed(input, (input.w.into(), input.h.into()), (0, 0), source.longest());
        work.place(&shrink, background, scope)?;
    }
    work.settle(scope)?;
    let (source, canvas) = (work.size(), canvas(input, degrees, scope.cap));
    let map = Affine::rotate(degrees, 1.0, source, canvas);
    let back = Affine::rotate(-degrees, 1.0, canvas, source);
    let fill = Fill::new(background, &work.frames(scope)?[0].pixels, scope);
    let beyond = match fill {
        Fill::Edge => Beyond::Repeat,
        Fill::Mirror => Beyond::Mirror,
        _ => Beyond::Nothing { degrees },
    };
    // The picture is still there while the canvas is filled.
    scope.room(crate::scope::bytes(source, Channels::Rgba), crate::scope::bytes(canvas, Channels::Rgba))?;
    work.change(scope, canvas, map, |pixels| {
        let ground = Ground::new(&fill, &pixels, canvas, scope)?;
        turned(&pixels, canvas, back, beyond, &ground, scope)
    })
}

/// A picture sampled onto a canvas, over a ground; `back` maps points of the canvas to points of the picture.
pub(super) fn turned(
    pixels: &Pixels,
    canvas: Size,
    back: Affine,
    beyond: Beyond,
    ground: &Ground,
    scope: &Scope<'_>,
) -> Result<Pixels, CodecError> {
    let whole = !matches!(beyond, Beyond::Nothing { .. });
    let opaque = pixels.channels == Channels::Rgb && (whole || ground.is_opaque());
    let mut out = blank(canvas, if opaque { Channels::Rgb } else { Channels::Rgba });
    let count = out.channels.count();
    let sampler = Sampler::new(pixels, back, beyond);
    let (mut row, mut below) = (vec![[0; 4]; canvas.w as usize], vec![[0; 4]; canvas.w as usize]);
    for (y, line) in out.data.chunks_exact_mut(canvas.w as usize * count).enumerate() {
        if y % BAND == 0 {
            scope.cancel.check()?;
        }
        sampler.row(y as u32, &mut row);
        if !whole {
            ground.paint(0, y as u32, &mut below);
            row.iter_mut().zip(&below).for_each(|(pixel, below)| *pixel = over(*pixel, *below));
        }
        for (to, from) in line.chunks_exact_mut(count).zip(&row) {
            to.copy_from_slice(&from[..count]);
        }
    }
    Ok(out)
}

/// The turn that a multiple of 90 degrees is.
pub(crate) fn right_angle(degrees: f64) -> Option<Turn> {
    let quarters = degrees.rem_euclid(360.0) / 90.0;
    (quarters.fract() == 0.0).then(|| Turn::quarters(quarters as u8))
}

/// The canvas of a picture turned by any other angle.
pub(crate) fn canvas(input: Size, degrees: f64, cap: u32) -> Size {
    rotated(source_size(input, degrees, cap), degrees).capped(cap)
}

/// What the picture must shrink to first, so that the canvas stays within the cap.
fn source_size(input: Size, degrees: f64, cap: u32) -> Size {
    let full = rotated(input, degrees).longest();
    if full <= cap {
        return input;
    }
    let share = f64::from(cap) / f64::from(full);
    let fitting = (f64::from(input.longest()) * share).floor().max(1.0) as u32;
    input.capped(fitting)
}
