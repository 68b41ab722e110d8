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
    if dx == 0.0 && dy == 0.0 {
        return;
    }
    let (left, top) = (dx.floor(), dy.floor());
    let (fx, fy) = (dx - left, dy - top);
    let (left, top) = (left as i64, top as i64);
    let at = |x: i64, y: i64| -> f32 {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return 0.0 };
        if x < width && y < height { f32::from(plane[y * width + x]) } else { 0.0 }
    };
    let mut moved = vec![0; plane.len()];
    for y in 0..height {
        for x in 0..width {
            let (sx, sy) = (x as i64 - left, y as i64 - top);
            let row = |y| at(sx, y) * (1.0 - fx) + if fx > 0.0 { at(sx - 1, y) * fx } else { 0.0 };
            let value = row(sy) * (1.0 - fy) + if fy > 0.0 { row(sy - 1) * fy } else { 0.0 };
            moved[y * width + x] = value.round() as u8;
        }
    }
    *plane = moved;
}

/// A Gaussian of this standard deviation by three box filters, whose cost does not grow with it (Filter Effects Module
/// Level 1, `feGaussianBlur`). Nothing lies outside the plane.
pub(crate) fn soften(plane: &mut [u8], width: usize, height: usize, deviation: f32) {
    let Some(boxes) = boxes(deviation) else { return };
    let longest = width.max(height);
    let mut line: Vec<u16> = vec![0; longest];
    let mut next: Vec<u16> = vec![0; longest];
    let mut blur = |start: usize, step: usize, count: usize| {
        let (line, next) = (&mut line[..count], &mut next[..count]);
        for (i, value) in line.iter_mut().enumerate() {
            // Eight more bits, so that six roundings do not add up.
            *value = u16::from(plane[start + i * step]) << 8;
        }
        for (before, after) in boxes {
            average(line, next, before, after);
            line.copy_from_slice(next);
        }
        for (i, value) in line.iter().enumerate() {
            plane[start + i * step] = ((u32::from(*value) + 128) >> 8).min(255) as u8;
        }
    };
    for y in 0..height {
        blur(y * width, 1, width);
    }
    for x in 0..width {
        blur(x, width, height);
    }
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
