//! The shadow: the letters' coverage, moved, softened and coloured.

use vello_cpu::Pixmap;
use vello_cpu::color::PremulRgba8;

use crate::style::Shadow;

/// Puts the shadow of these letters and then `below` beneath them. All are of one size.
pub(crate) fn put_below(letters: &mut Pixmap, below: &Pixmap, shadow: &Shadow) {
    let (width, height) = (usize::from(letters.width()), usize::from(letters.height()));
    let mut cover: Vec<u8> = letters.data().iter().map(|pixel| pixel.a).collect();
    move_by(&mut cover, width, height, shadow.dx, shadow.dy);
    soften(&mut cover, width, height, shadow.blur / 2.0);
    let color = shadow.color;
    for ((pixel, below), cover) in letters.data_mut().iter_mut().zip(below.data()).zip(cover) {
        let alpha = times(cover, color.a);
        let tint = |channel| times(channel, alpha);
        let shade = PremulRgba8 { r: tint(color.r), g: tint(color.g), b: tint(color.b), a: alpha };
        *pixel = over(*pixel, over(shade, *below));
    }
    letters.set_may_have_transparency(true);
}

/// Rounded `a * b / 255`.
fn times(a: u8, b: u8) -> u8 {
    let product = u32::from(a) * u32::from(b) + 128;
    ((product + (product >> 8)) >> 8) as u8
}

/// Porter and Duff's `over` for premultiplied pixels.
fn over(top: PremulRgba8, bottom: PremulRgba8) -> PremulRgba8 {
    let left = 255 - top.a;
    let mix = |t: u8, b: u8| t.saturating_add(times(b, left));
    PremulRgba8 { r: mix(top.r, bottom.r), g: mix(top.g, bottom.g), b: mix(top.b, bottom.b), a: mix(top.a, bottom.a) }
}

/// Moves a plane; fractions of pixels by linear interpolation.
fn move_by(plane: &mut Vec<u8>, width: usize, height: usize, dx: f32, dy: f32) {
    let (left, top) = (dx.floor(), dy.floor());
    let (fx, fy) = (dx - left, dy - top);
    if left != 0.0 || top != 0.0 {
        *plane = moved(plane, width, height, left as i64, top as i64);
    }
    // From the end, so that what is mixed in is still as it was.
    if fx > 0.0 {
        for row in plane.chunks_exact_mut(width) {
            for x in (0..width).rev() {
                let before = if x > 0 { row[x - 1] } else { 0 };
                row[x] = between(row[x], before, fx);
            }
        }
    }
    if fy > 0.0 {
        for i in (0..plane.len()).rev() {
            let above = if i >= width { plane[i - width] } else { 0 };
            plane[i] = between(plane[i], above, fy);
        }
    }
}

fn between(a: u8, b: u8, part: f32) -> u8 {
    (f32::from(a) * (1.0 - part) + f32::from(b) * part).round() as u8
}

/// By whole pixels; what leaves the plane is lost.
fn moved(plane: &[u8], width: usize, height: usize, dx: i64, dy: i64) -> Vec<u8> {
    let mut out = vec![0; plane.len()];
    let far = usize::try_from(dx.unsigned_abs()).unwrap_or(usize::MAX);
    let kept = width.saturating_sub(far);
    if kept == 0 {
        return out;
    }
    let (from, to) = if dx < 0 { (far, 0) } else { (0, far) };
    for (y, row) in plane.chunks_exact(width).enumerate() {
        let target = usize::try_from(y as i64 + dy).ok().filter(|y| *y < height);
        if let Some(target) = target {
            out[target * width + to..][..kept].copy_from_slice(&row[from..][..kept]);
        }
    }
    out
}

/// A Gaussian of this standard deviation by three box filters, whose cost does not grow with it (Filter Effects Module
/// Level 1, `feGaussianBlur`). Nothing lies outside the plane.
pub(crate) fn soften(plane: &mut Vec<u8>, width: usize, height: usize, deviation: f32) {
    let Some(boxes) = boxes(deviation) else { return };
    soften_rows(plane, width, boxes);
    // Columns as rows: walking down them would miss the cache at every step.
    *plane = transposed(plane, width, height);
    soften_rows(plane, height, boxes);
    *plane = transposed(plane, height, width);
}

fn soften_rows(plane: &mut [u8], width: usize, boxes: [(usize, usize); 3]) {
    let mut line: Vec<u16> = vec![0; width];
    let mut next: Vec<u16> = vec![0; width];
    for row in plane.chunks_exact_mut(width) {
        if row.iter().all(|value| *value == 0) {
            continue;
        }
        for (value, pixel) in line.iter_mut().zip(row.iter()) {
            // Eight more bits, so that six roundings do not add up.
            *value = u16::from(*pixel) << 8;
        }
        for (before, after) in boxes {
            average(&line, &mut next, before, after);
            std::mem::swap(&mut line, &mut next);
        }
        for (value, pixel) in line.iter().zip(row) {
            *pixel = ((u32::from(*value) + 128) >> 8).min(255) as u8;
        }
    }
}

fn transposed(plane: &[u8], width: usize, height: usize) -> Vec<u8> {
    const TILE: usize = 32;
    let mut out = vec![0; plane.len()];
    for top in (0..height).step_by(TILE) {
        for left in (0..width).step_by(TILE) {
            for y in top..(top + TILE).min(height) {
                for x in left..(left + TILE).min(width) {
                    out[x * height + y] = plane[y * width + x];
                }
            }
        }
    }
    out
}

/// How far each of the three boxes reaches back and forth. `None` when it would change nothing.
fn boxes(deviation: f32) -> Option<[(usize, usize); 3]> {
    let side = (f64::from(deviation) * 3.0 * (2.0 * std::f64::consts::PI).sqrt() / 4.0 + 0.5).floor() as usize;
    let half = side / 2;
    match side {
        0 | 1 => None,
        side if side % 2 == 1 => Some([(half, half); 3]),
        // Two of even length, off centre to either side, and one longer by a pixel.
        _ => Some([(half, half - 1), (half - 1, half), (half, half)]),
    }
}

/// The mean over a window around each value.
fn average(line: &[u16], out: &mut [u16], before: usize, after: usize) {
    let count = (before + after + 1) as u32;
    let mut sum: u32 = line.iter().take(after).map(|v| u32::from(*v)).sum();
    for i in 0..line.len() {
        sum += line.get(i + after).map_or(0, |v| u32::from(*v));
        out[i] = ((sum + count / 2) / count) as u16;
        if i >= before {
            sum -= u32::from(line[i - before]);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// Against the Gaussian itself: three boxes stay within 3 % of its peak.
    #[test]
    fn three_boxes_are_nearly_a_gaussian() {
        for deviation in [2.0_f32, 5.0, 10.0] {
            let (width, height, edge) = (151, 101, 75);
            let mut plane: Vec<u8> = (0..width * height).map(|i| if i % width < edge { 255 } else { 0 }).collect();
            soften(&mut plane, width, height, deviation);
            // Far from the other edges, where the plane ends.
            for (x, got) in plane[50 * width..].iter().enumerate().skip(edge - 40).take(80) {
                // The step's integral, by summing the bell; normalised over what was summed.
                let bell = |d: f64| (-d * d / (2.0 * f64::from(deviation).powi(2))).exp();
                let all: f64 = (-200..=200).map(|d| bell(d.into())).sum();
                let want: f64 = (-200..=200_i32).filter(|d| x as i32 - d < edge as i32).map(|d| bell(d.into())).sum();
                let want = 255.0 * want / all;
                assert!((f64::from(*got) - want).abs() < 7.0, "deviation {deviation} at {x}: {got}, want {want}");
            }
        }
    }

    #[test]
    fn a_plane_is_moved() {
        let mut plane = vec![0, 200, 0, 0, 0, 0];
        move_by(&mut plane, 3, 2, 1.0, 1.0);
        assert_eq!(plane, [0, 0, 0, 0, 0, 200]);
        let mut plane = vec![0, 200, 0];
        move_by(&mut plane, 3, 1, 0.25, 0.0);
        assert_eq!(plane, [0, 150, 50]);
        let mut plane = vec![0, 200, 0];
        move_by(&mut plane, 3, 1, -1.0, 0.0);
        assert_eq!(plane, [200, 0, 0]);
    }
}
