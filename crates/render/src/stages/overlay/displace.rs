//! Displacement maps.

use codec::{Cancel, Channels, CodecError, Pixels};
use plan::Fixed;

use super::layer::Layer;
use super::{BAND, Top};
use crate::scope::{blank, size};

/// Moves pixels by an overlay ([`plan::Blend::Displace`]): what is seen at a point is what lay `d` before it, where `d` is
/// `most * (v - 128) / 127`, held within `most`, times the overlay's alpha and opacity; `v` is red to the right and green
/// down. Between pixels it is interpolated (bilinear, colours weighed by alpha); past the edges the edge goes on.
pub(super) fn displaced(
    top: &Top,
    below: &Pixels,
    most: (f64, f64),
    opacity: Fixed,
    cancel: &Cancel,
) -> Result<Pixels, CodecError> {
    let opacity = opacity.get().clamp(0.0, 1.0);
    let mut out = blank(size(below), below.channels);
    let (width, count) = (below.width as usize, below.channels.count());
    let mut layer = Layer::new(Some(top), below.width);
    for (y, line) in out.data.chunks_exact_mut(width * count).enumerate() {
        if y % BAND == 0 {
            cancel.check()?;
        }
        let start = y * width * count;
        line.copy_from_slice(&below.data[start..start + width * count]);
        let (seen, row) = layer.row(y);
        for x in seen {
            let [red, green, _, alpha] = row[x];
            let weight = f64::from(alpha) / 255.0 * opacity;
            let by = |v: u8, most: f64| most * ((f64::from(v) - 128.0) / 127.0).max(-1.0) * weight;
            let (dx, dy) = (by(red, most.0), by(green, most.1));
            if dx != 0.0 || dy != 0.0 {
                let from = sample(below, x as f64 - dx, y as f64 - dy);
                line[x * count..(x + 1) * count].copy_from_slice(&from[..count]);
            }
        }
    }
    Ok(out)
}

/// The colour between four pixels.
fn sample(pixels: &Pixels, x: f64, y: f64) -> [u8; 4] {
    let axis = |at: f64, side: u32| {
        let last = f64::from(side - 1);
        let at = at.clamp(0.0, last);
        let first = at.floor();
        (first as usize, (first + 1.0).min(last) as usize, at - first)
    };
    let ((left, right, across), (upper, lower, down)) = (axis(x, pixels.width), axis(y, pixels.height));
    let count = pixels.channels.count();
    let pixel = |x: usize, y: usize| {
        let at = (y * pixels.width as usize + x) * count;
        let p = &pixels.data[at..at + count];
        [p[0], p[1], p[2], if pixels.channels == Channels::Rgba { p[3] } else { 255 }]
    };
    let mut sum = [0.0; 4];
    for (pixel, share) in [
        (pixel(left, upper), (1.0 - across) * (1.0 - down)),
        (pixel(right, upper), across * (1.0 - down)),
        (pixel(left, lower), (1.0 - across) * down),
        (pixel(right, lower), across * down),
    ] {
        let weight = share * f64::from(pixel[3]);
        for c in 0..3 {
            sum[c] += weight * f64::from(pixel[c]);
        }
        sum[3] += weight;
    }
    if sum[3] <= 0.0 {
        return [0; 4];
    }
    let byte = |v: f64| (v + 0.5) as u8;
    [byte(sum[0] / sum[3]), byte(sum[1] / sum[3]), byte(sum[2] / sum[3]), byte(sum[3])]
}
