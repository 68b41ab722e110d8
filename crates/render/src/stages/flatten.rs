use codec::{Channels, CodecError, Pixels};
use plan::Background;

use super::background::{BAND, Fill, Ground};
use crate::geometry::Affine;
use crate::scope::{Scope, with_alpha, without_alpha};
use crate::work::Work;

/// Puts the picture on a ground. One that is made of the picture itself is put on white where it is transparent too.
pub(super) fn apply(ground: Background, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    let nothing = match ground {
        Background::Color(color) => color.a == 0,
        Background::Auto => true,
        _ => false,
    };
    if nothing || work.is_opaque() {
        return Ok(());
    }
    work.settle(scope)?;
    let on_white = Scope { holds_alpha: false, ..*scope };
    let fill = Fill::under(ground, &work.frames(scope)?[0].pixels, &on_white);
    let canvas = work.size();
    work.change(scope, canvas, Affine::IDENTITY, |pixels| {
        let ground = Ground::new(&fill, &pixels, canvas, scope)?;
        under(pixels, &ground, scope)
    })
}

/// The picture on a ground of its own size.
fn under(pixels: Pixels, ground: &Ground, scope: &Scope<'_>) -> Result<Pixels, CodecError> {
    if pixels.channels == Channels::Rgb {
        return Ok(pixels);
    }
    let mut pixels = with_alpha(pixels);
    let width = pixels.width as usize;
    let mut row = vec![[0; 4]; width];
    for (y, line) in pixels.data.chunks_exact_mut(width * 4).enumerate() {
        if y % BAND == 0 {
            scope.cancel.check()?;
        }
        ground.paint(0, y as u32, &mut row);
        for (pixel, below) in line.as_chunks_mut::<4>().0.iter_mut().zip(&row) {
            *pixel = over(*pixel, *below);
        }
    }
    Ok(if ground.is_opaque() { without_alpha(pixels) } else { pixels })
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
