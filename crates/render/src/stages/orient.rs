use codec::{Channels, Info, Pixels, Plane};
use plan::Orient;

use crate::geometry::{Size, Turn};
use crate::scope::{blank, size};
use crate::work::Work;

/// Notes the turn. The first stage of a plan makes the picture upright by definition: positions in pixels of the upright
/// master count from there, also where the URL overrules the EXIF tag.
pub(super) fn apply(how: Orient, first: bool, work: &mut Work, info: &Info) {
    work.turn(turn(how, info.orientation));
    if first {
        work.upright();
    }
}

/// What the stage turns by, for a master of this EXIF orientation.
pub(crate) fn turn(how: Orient, exif: u8) -> Turn {
    Turn::from_exif(match how {
        Orient::Exif => exif,
        Orient::Fixed(value) => value,
    })
}

/// A turned copy.
pub(crate) fn turned(pixels: &Pixels, turn: Turn) -> Pixels {
    match pixels.channels {
        Channels::Rgb => turned_by::<3>(pixels, turn),
        Channels::Rgba => turned_by::<4>(pixels, turn),
    }
}

/// A turned copy of one plane.
pub(crate) fn turned_plane(plane: &Plane, turn: Turn) -> Plane {
    let to = turn.size(Size::new(plane.width, plane.height));
    let mut out = Plane::filled(to.w, to.h, 0);
    turn_into(&plane.data, plane.stride, &mut out.data, to, turn);
    out
}

fn turned_by<const N: usize>(pixels: &Pixels, turn: Turn) -> Pixels {
    let mut out = blank(turn.size(size(pixels)), pixels.channels);
    let to = size(&out);
    let (source, target) = (pixels.data.as_chunks::<N>().0, out.data.as_chunks_mut::<N>().0);
    turn_into(source, pixels.width as usize, target, to, turn);
    out
}

/// Turns pixels of any layout; `stride` in pixels, `to` after the turn.
pub(crate) fn turn_into<P: Copy>(source: &[P], stride: usize, target: &mut [P], to: Size, turn: Turn) {
    // Square tiles keep the reads of a transposition in the cache.
    const TILE: usize = 32;
    let (w, h) = (to.w as usize, to.h as usize);
    for top in (0..h).step_by(TILE) {
        for left in (0..w).step_by(TILE) {
            for y in top..(top + TILE).min(h) {
                let sy = if turn.mirror_y { h - 1 - y } else { y };
                for x in left..(left + TILE).min(w) {
                    let sx = if turn.mirror_x { w - 1 - x } else { x };
                    target[y * w + x] = source[if turn.transpose { sx * stride + sy } else { sy * stride + sx }];
                }
            }
        }
    }
}
