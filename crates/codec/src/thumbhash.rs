//! ThumbHash, as its public reference computes it: the first terms of a cosine transform of lightness, two differences of
//! colour, and alpha, in some 20 bytes.

use std::f64::consts::PI;

use crate::{Channels, CodecError, Pixels};

/// The ThumbHash of a picture.
///
/// # Errors
/// [`CodecError::Internal`] when a side has more than 100 pixels: the format is made for pictures that are scaled down.
pub fn thumbhash(pixels: &Pixels) -> Result<Vec<u8>, CodecError> {
    let (w, h) = (pixels.width as usize, pixels.height as usize);
    if w > 100 || h > 100 || w == 0 || h == 0 {
        return Err(CodecError::Internal("a ThumbHash is made of at most 100 by 100 pixels".into()));
    }
    let (planes, alpha) = planes(pixels);
    // Fewer terms of lightness where alpha needs room.
    let limit: f64 = if alpha { 5.0 } else { 7.0 };
    let (wide, high) = (w as f64, h as f64);
    let longest = wide.max(high);
    let side = |length: f64| ((limit * length / longest).round() as usize).max(1);
    let (lx, ly) = (side(wide), side(high));
    let l = Channel::of(&planes[0], (w, h), (lx.max(3), ly.max(3)));
    let p = Channel::of(&planes[1], (w, h), (3, 3));
    let q = Channel::of(&planes[2], (w, h), (3, 3));
    let a = alpha.then(|| Channel::of(&planes[3], (w, h), (5, 5)));

    let landscape = w > h;
    let header = (63.0 * l.mean).round() as u32
        | ((31.5 + 31.5 * p.mean).round() as u32) << 6
        | ((31.5 + 31.5 * q.mean).round() as u32) << 12
        | ((31.0 * l.scale).round() as u32) << 18
        | u32::from(alpha) << 23;
    let shape = if landscape { ly } else { lx } as u32
        | ((63.0 * p.scale).round() as u32) << 3
        | ((63.0 * q.scale).round() as u32) << 9
        | u32::from(landscape) << 15;
    let mut out = vec![header as u8, (header >> 8) as u8, (header >> 16) as u8, shape as u8, (shape >> 8) as u8];
    if let Some(a) = &a {
        out.push((15.0 * a.mean).round() as u8 | ((15.0 * a.scale).round() as u8) << 4);
    }
    let terms = [Some(&l), Some(&p), Some(&q), a.as_ref()];
    for (number, term) in terms.into_iter().flatten().flat_map(|channel| &channel.terms).enumerate() {
        let step = (15.0 * term).round() as u8;
        if number % 2 == 0 {
            out.push(step);
        } else if let Some(last) = out.last_mut() {
            *last |= step << 4;
        }
    }
    Ok(out)
}

/// Lightness, yellow to blue, red to green, and alpha, on the mean colour; and whether anything is clear.
fn planes(pixels: &Pixels) -> ([Vec<f64>; 4], bool) {
    let count = pixels.channels.count();
    let parts = || {
        pixels.data.chunks_exact(count).map(|p| {
            let alpha = if pixels.channels == Channels::Rgba { f64::from(p[3]) / 255.0 } else { 1.0 };
            ([p[0], p[1], p[2]], alpha)
        })
    };
    let (mut mean, mut total) = ([0.0; 3], 0.0);
    for (color, alpha) in parts() {
        mean.iter_mut().zip(color).for_each(|(mean, v)| *mean += alpha / 255.0 * f64::from(v));
        total += alpha;
    }
    if total > 0.0 {
        mean.iter_mut().for_each(|v| *v /= total);
    }
    let area = f64::from(pixels.width) * f64::from(pixels.height);
    let mut planes: [Vec<f64>; 4] = Default::default();
    for (color, alpha) in parts() {
        let [r, g, b]: [f64; 3] =
            std::array::from_fn(|c| mean[c] * (1.0 - alpha) + alpha / 255.0 * f64::from(color[c]));
        for (plane, value) in planes.iter_mut().zip([(r + g + b) / 3.0, (r + g) / 2.0 - b, r - g, alpha]) {
            plane.push(value);
        }
    }
    (planes, total < area)
}

/// The terms of one channel.
struct Channel {
    mean: f64,
    /// Of those after the mean, each from 0 to 1 around one half, in units of `scale`.
    terms: Vec<f64>,
    scale: f64,
}

impl Channel {
    /// The terms of the triangle of low frequencies within so many on each side.
    fn of(plane: &[f64], (w, h): (usize, usize), (across, down): (usize, usize)) -> Channel {
        let (mut mean, mut terms, mut scale) = (0.0, Vec::new(), 0.0_f64);
        for cy in 0..down {
            let mut cx = 0;
            while cx * down < across * (down - cy) {
                let wave: Vec<f64> = (0..w).map(|x| (PI / w as f64 * cx as f64 * (x as f64 + 0.5)).cos()).collect();
                let mut sum = 0.0;
                for (y, row) in plane.chunks_exact(w).enumerate() {
                    let vertical = (PI / h as f64 * cy as f64 * (y as f64 + 0.5)).cos();
                    sum += row.iter().zip(&wave).map(|(v, wave)| v * wave * vertical).sum::<f64>();
                }
                let term = sum / (w * h) as f64;
                if cx > 0 || cy > 0 {
                    terms.push(term);
                    scale = scale.max(term.abs());
                } else {
                    mean = term;
                }
                cx += 1;
            }
        }
        if scale > 0.0 {
            terms.iter_mut().for_each(|term| *term = 0.5 + 0.5 / scale * *term);
        }
        Channel { mean, terms, scale }
    }
}
