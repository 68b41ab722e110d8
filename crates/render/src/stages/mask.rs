//! Keeps what lies within a shape.

pub(crate) mod coverage;

use codec::{Channels, CodecError, Pixels};
use plan::Mask;

use self::coverage::{Outline, Row};
use super::background::{BAND, Fill, Ground};
use crate::geometry::Affine;
use crate::scope::{Scope, size, with_alpha};
use crate::work::Work;

/// Puts the outside on every frame. What the picture has of transparency within the shape stays.
pub(super) fn apply(mask: &Mask, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    work.settle(scope)?;
    let canvas = work.size();
    let outline = Outline::new(&mask.shape, canvas);
    if outline.is_plain() {
        return Ok(());
    }
    let fill = Fill::under(mask.outside, &work.frames(scope)?[0].pixels, scope);
    work.change(scope, canvas, Affine::IDENTITY, |pixels| {
        let ground = Ground::new(&fill, &pixels, canvas, scope)?;
        let mut pixels = if ground.is_opaque() { pixels } else { with_alpha(pixels) };
        cut(&mut pixels, &outline, &ground, scope)?;
        Ok(pixels)
    })
}

/// Outside of the outline, the ground; at its edge, the two mixed by how much of the pixel lies within.
pub(super) fn cut(
    pixels: &mut Pixels,
    outline: &Outline,
    ground: &Ground,
    scope: &Scope<'_>,
) -> Result<(), CodecError> {
    match pixels.channels {
        Channels::Rgb => cut_as::<3>(pixels, outline, ground, scope),
        Channels::Rgba => cut_as::<4>(pixels, outline, ground, scope),
    }
}

fn cut_as<const N: usize>(
    pixels: &mut Pixels,
    outline: &Outline,
    ground: &Ground,
    scope: &Scope<'_>,
) -> Result<(), CodecError> {
    let canvas = size(pixels);
    let width = canvas.w as usize;
    let mut cover = vec![0; width];
    let mut outside = vec![[0; 4]; width];
    for (y, line) in pixels.data.chunks_exact_mut(width * N).enumerate() {
        if y % BAND == 0 {
            scope.cancel.check()?;
        }
        let y = y as u32;
        let (line, _) = line.as_chunks_mut::<N>();
        let row @ Row { full, .. } = outline.row(y, canvas.w, &mut cover);
        for (from, to) in [(0, full.0), (full.1, width)] {
            ground.paint(from as u32, y, &mut outside[from..to]);
        }
        for (from, to) in [(0, row.touched.0), (row.touched.1, width)] {
            for (pixel, outside) in line[from..to].iter_mut().zip(&outside[from..to]) {
                pixel.copy_from_slice(&outside[..N]);
            }
        }
        for x in row.partial() {
            let mixed = mixed(widened(line[x]), outside[x], cover[x]);
            line[x].copy_from_slice(&mixed[..N]);
        }
    }
    Ok(())
}

pub(super) fn widened<const N: usize>(pixel: [u8; N]) -> [u8; 4] {
    [pixel[0], pixel[1], pixel[2], pixel.get(3).copied().unwrap_or(255)]
}

/// A share of one pixel (255: all of it) and the rest of another: the sum of what each gives, premultiplied.
pub(super) fn mixed(a: [u8; 4], b: [u8; 4], share: u8) -> [u8; 4] {
    let share = u32::from(share);
    let (wa, wb) = (u32::from(a[3]) * share, u32::from(b[3]) * (255 - share));
    let sum = wa + wb;
    if sum == 0 {
        return [0; 4];
    }
    let color = |c: usize| ((u32::from(a[c]) * wa + u32::from(b[c]) * wb + sum / 2) / sum) as u8;
    [color(0), color(1), color(2), ((sum + 127) / 255) as u8]
}

#[cfg(test)]
mod tests;
