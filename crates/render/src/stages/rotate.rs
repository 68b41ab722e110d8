use codec::{Cancel, Channels, CodecError, Pixels};
use plan::Background;

use super::background::backdrop;
use super::flatten::over;
use crate::geometry::{Affine, Size, Turn, rotated};
use crate::scope::{Scope, blank, size, with_alpha, without_alpha};
use crate::work::Work;

/// Turns clockwise: quarter turns exactly, other angles by bilinear sampling on a canvas that holds the whole picture.
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
    let (source, canvas) = (work.size(), canvas(input, degrees, scope.cap));
    let map = Affine::rotate(degrees, 1.0, source, canvas);
    // The picture with its alpha, and the canvas under it.
    let scratch = crate::scope::bytes(source, Channels::Rgba) + crate::scope::bytes(canvas, Channels::Rgba);
    scope.room(0, scratch)?;
    work.change(scope, canvas, map, |pixels| {
        let back = Affine::rotate(-degrees, 1.0, canvas, source);
        if background == Background::Edge {
            return sampled(&pixels, canvas, back, Outside::Repeat, scope.cancel);
        }
        let under = backdrop(&pixels, canvas, background, scope)?;
        let turned = sampled(&with_alpha(pixels), canvas, back, Outside::Clear, scope.cancel)?;
        let mut out = with_alpha(under);
        let (top, _) = turned.data.as_chunks::<4>();
        let (bottom, _) = out.data.as_chunks_mut::<4>();
        let mut opaque = true;
        for (bottom, top) in bottom.iter_mut().zip(top) {
            *bottom = over(*top, *bottom);
            opaque &= bottom[3] == 255;
        }
        Ok(if opaque && !scope.holds_alpha { without_alpha(out) } else { out })
    })
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

/// What lies beyond the edge.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outside {
    /// Nothing: edges fade within a pixel.
    Clear,
    /// The nearest pixel.
    Repeat,
}

/// Rows after which it is asked whether anybody still waits.
const BAND: usize = 64;

/// Bilinear samples of a picture; `back` maps points of the canvas to points of the picture.
pub(super) fn sampled(
    pixels: &Pixels,
    canvas: Size,
    back: Affine,
    outside: Outside,
    cancel: &Cancel,
) -> Result<Pixels, CodecError> {
    let mut out = blank(canvas, pixels.channels);
    let count = pixels.channels.count();
    let input = size(pixels);
    let stride = canvas.w as usize * count;
    for (y, line) in out.data.chunks_exact_mut(stride).enumerate() {
        if y % BAND == 0 {
            cancel.check()?;
        }
        for (x, to) in line.chunks_exact_mut(count).enumerate() {
            let (sx, sy) = back.apply(x as f64 + 0.5, y as f64 + 0.5);
            let rgba = bilinear(pixels, input, sx - 0.5, sy - 0.5, outside);
            to.copy_from_slice(&rgba[..count]);
        }
    }
    Ok(out)
}

/// The four pixels around a point (pixel centres on whole numbers), weighed by distance and alpha.
fn bilinear(pixels: &Pixels, input: Size, x: f64, y: f64, outside: Outside) -> [u8; 4] {
    let (w, h) = (i64::from(input.w), i64::from(input.h));
    if outside == Outside::Clear && (x <= -1.0 || y <= -1.0 || x >= w as f64 || y >= h as f64) {
        return [0; 4];
    }
    let (x0, y0) = (x.floor(), y.floor());
    let (fx, fy) = ((x - x0) as f32, (y - y0) as f32);
    let (x0, y0) = (x0 as i64, y0 as i64);
    let mut sum = [0.0f32; 4];
    for (dx, dy, weight) in
        [(0, 0, (1.0 - fx) * (1.0 - fy)), (1, 0, fx * (1.0 - fy)), (0, 1, (1.0 - fx) * fy), (1, 1, fx * fy)]
    {
        let (mut px, mut py) = (x0 + dx, y0 + dy);
        if px < 0 || py < 0 || px >= w || py >= h {
            if outside == Outside::Clear {
                continue;
            }
            (px, py) = (px.clamp(0, w - 1), py.clamp(0, h - 1));
        }
        let count = pixels.channels.count();
        let at = (py * w + px) as usize * count;
        let pixel = &pixels.data[at..at + count];
        let alpha = pixel.get(3).map_or(255.0, |a| f32::from(*a)) * weight;
        for c in 0..3 {
            sum[c] += f32::from(pixel[c]) * alpha;
        }
        sum[3] += alpha;
    }
    if sum[3] <= 0.0 {
        return [0; 4];
    }
    let color = |c: usize| (sum[c] / sum[3] + 0.5) as u8;
    [color(0), color(1), color(2), (sum[3] + 0.5) as u8]
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_large_turn_stops_within_itself_when_its_time_is_up() {
        let side = Size::new(3000, 3000);
        let pixels = blank(side, Channels::Rgb);
        let back = Affine::rotate(-30.0, 1.0, side, side);
        let soon = Cancel::at(Instant::now() + Duration::from_millis(1));
        let outcome = sampled(&pixels, side, back, Outside::Clear, &soon);
        assert_eq!(outcome.map(|p| p.width), Err(CodecError::TimedOut));
        let outcome = sampled(&pixels, Size::new(10, 10), back, Outside::Clear, &Cancel::never());
        assert_eq!(outcome.map(|p| p.width), Ok(10));
    }
}
