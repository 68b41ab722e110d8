use codec::{CodecError, Pixels};
use plan::{Background, Color};

use crate::geometry::Affine;
use crate::scope::{Scope, with_alpha, without_alpha};
use crate::work::Work;

/// Puts the picture on a ground.
pub(super) fn apply(ground: Background, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    let Background::Color(color) = ground else {
        return Err(CodecError::Internal(format!("{ground}: not built")));
    };
    if work.is_opaque() || color.a == 0 {
        return Ok(());
    }
    let size = work.size();
    work.change(scope, size, Affine::IDENTITY, |pixels| Ok(flat(pixels, color)))
}

fn flat(pixels: Pixels, color: Color) -> Pixels {
    let mut pixels = with_alpha(pixels);
    let (rgba, _) = pixels.data.as_chunks_mut::<4>();
    for pixel in rgba {
        *pixel = over(*pixel, [color.r, color.g, color.b, color.a]);
    }
    if color.a == 255 { without_alpha(pixels) } else { pixels }
}

/// One straight-alpha pixel over another (Porter and Duff, 1984).
pub(crate) fn over(top: [u8; 4], bottom: [u8; 4]) -> [u8; 4] {
    match (top[3], bottom[3]) {
        (255, _) | (_, 0) => return top,
        (0, _) => return bottom,
        _ => {}
    }
    // Weights of 255 * 255.
    let a = u32::from(top[3]) * 255;
    let b = u32::from(bottom[3]) * (255 - u32::from(top[3]));
    let mix = |t: u8, u: u8| ((u32::from(t) * a + u32::from(u) * b + (a + b) / 2) / (a + b)) as u8;
    [mix(top[0], bottom[0]), mix(top[1], bottom[1]), mix(top[2], bottom[2]), ((a + b + 127) / 255) as u8]
}
