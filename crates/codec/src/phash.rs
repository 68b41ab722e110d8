//! Two numbers by which people compare pictures: a perceptual hash, and the quality that a JPEG was written with.

use std::f64::consts::PI;

use crate::{Channels, Pixels};

/// Side of the copy that is looked at.
const SIDE: usize = 32;
/// Terms on each side that make the hash.
const TERMS: usize = 8;

/// The perceptual hash that is widely called pHash: for each of the 64 lowest terms of a cosine transform of lightness, from
/// the top left in rows, whether it is above their median. The hashes of pictures that look alike differ in few bits, whatever
/// their size. Transparent pixels are taken on white.
pub fn phash(pixels: &Pixels) -> u64 {
    let luma = shrunk(pixels);
    let wave: Vec<f64> = (0..TERMS * SIDE)
        .map(|at| {
            let (term, x) = (at / SIDE, at % SIDE);
            (PI * term as f64 * (2 * x + 1) as f64 / (2 * SIDE) as f64).cos()
        })
        .collect();
    // Across first, so that down there are eight columns left.
    let across: Vec<f64> = luma
        .chunks_exact(SIDE)
        .flat_map(|row| wave.chunks_exact(SIDE).map(|wave| row.iter().zip(wave).map(|(v, w)| v * w).sum::<f64>()))
        .collect();
    let term = |down: usize, column: usize| -> f64 {
        across.iter().skip(column).step_by(TERMS).zip(&wave[down * SIDE..]).map(|(v, w)| v * w).sum()
    };
    let terms: Vec<f64> = (0..TERMS * TERMS).map(|at| term(at / TERMS, at % TERMS)).collect();
    let mut sorted = terms.clone();
    sorted.sort_by(f64::total_cmp);
    let median = f64::midpoint(sorted[TERMS * TERMS / 2 - 1], sorted[TERMS * TERMS / 2]);
    terms.iter().fold(0, |hash, term| hash << 1 | u64::from(*term > median))
}

/// Lightness of the picture at 32 by 32, each the mean of what it covers.
fn shrunk(pixels: &Pixels) -> Vec<f64> {
    let (width, height, count) = (pixels.width as usize, pixels.height as usize, pixels.channels.count());
    // At least one pixel each, also of pictures with fewer.
    let span = |at: usize, length: usize| (at * length / SIDE, ((at + 1) * length).div_ceil(SIDE));
    let mut out = Vec::with_capacity(SIDE * SIDE);
    for y in 0..SIDE {
        let (top, bottom) = span(y, height);
        for x in 0..SIDE {
            let (left, right) = span(x, width);
            let mut sum = 0.0;
            for row in top..bottom {
                let from = (row * width + left) * count;
                let line = pixels.data.get(from..from + (right - left) * count).unwrap_or_default();
                sum += line.chunks_exact(count).map(|pixel| luma(pixel, pixels.channels)).sum::<f64>();
            }
            out.push(sum / ((bottom - top) * (right - left)) as f64);
        }
    }
    out
}

fn luma(pixel: &[u8], channels: Channels) -> f64 {
    let of_color = 0.299 * f64::from(pixel[0]) + 0.587 * f64::from(pixel[1]) + 0.114 * f64::from(pixel[2]);
    match channels {
        Channels::Rgb => of_color,
        Channels::Rgba => 255.0 + f64::from(pixel[3]) / 255.0 * (of_color - 255.0),
    }
}

/// Sum of the luminance table of ITU-T T.81, annex K.
const STANDARD: f64 = 3688.0;

/// The quality, 1 to 100, at which libjpeg's tables are on the whole as coarse as this JPEG's first one. Below 25, where the
/// steps of tables are cut off at 255, it is told too high: 11 for 1, 15 for 10. `None` for what is no
/// JPEG, or has no such table before its first scan.
pub fn jpeg_quality(bytes: &[u8]) -> Option<u8> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    loop {
        let [0xff, code, after @ ..] = rest else { return None };
        match code {
            0xff => {
                rest = &rest[1..];
                continue;
            }
            // A scan begins, or the file ends.
            0xd9 | 0xda => return None,
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes([*after.first()?, *after.get(1)?]));
        let segment = after.get(2..length)?;
        if *code == 0xdb
            && let Some(sum) = first_table(segment)
        {
            // Nothing is finer than ones.
            if sum == 64 {
                return Some(100);
            }
            let scale = 100.0 * f64::from(sum) / STANDARD;
            let quality = if scale <= 100.0 { (200.0 - scale) / 2.0 } else { 5000.0 / scale };
            return Some(quality.round().clamp(1.0, 100.0) as u8);
        }
        rest = after.get(length..)?;
    }
}

/// Sum of table 0, if it stands in this segment.
fn first_table(mut segment: &[u8]) -> Option<u32> {
    while let Some((kind, rest)) = segment.split_first() {
        let wide = kind >> 4 != 0;
        let (table, after) = rest.split_at_checked(if wide { 128 } else { 64 })?;
        if kind & 15 == 0 {
            return Some(match wide {
                false => table.iter().map(|step| u32::from(*step)).sum(),
                true => table.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum(),
            });
        }
        segment = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(side: u32, pixel: impl Fn(f64, f64) -> u8) -> Pixels {
        let at = |n: u32| pixel(f64::from(n % side) / f64::from(side), f64::from(n / side) / f64::from(side));
        let data = (0..side * side).flat_map(|n| [at(n); 3]).collect();
        Pixels { width: side, height: side, channels: Channels::Rgb, data }
    }

    fn wedge(x: f64, y: f64) -> u8 {
        (255.0 * (0.7 * x + 0.3 * y)) as u8
    }

    fn rings(x: f64, y: f64) -> u8 {
        (127.0 + 120.0 * (20.0 * ((x - 0.3).powi(2) + (y - 0.6).powi(2))).cos()) as u8
    }

    #[test]
    fn alike_is_near_whatever_the_size_and_unlike_is_far() {
        let far = |a: &Pixels, b: &Pixels| (phash(a) ^ phash(b)).count_ones();
        let (large, small) = (picture(300, rings), picture(90, rings));
        assert!(far(&large, &small) <= 4, "{}", far(&large, &small));
        let lighter = picture(300, |x, y| rings(x, y) / 2 + 100);
        assert!(far(&large, &lighter) <= 4, "{}", far(&large, &lighter));
        let other = picture(300, wedge);
        assert!(far(&large, &other) >= 16, "{}", far(&large, &other));
        let mirrored = picture(300, |x, y| rings(1.0 - x, y));
        assert!(far(&large, &mirrored) >= 16, "{}", far(&large, &mirrored));
        let clear = Pixels { width: 1, height: 1, channels: Channels::Rgba, data: vec![9, 9, 9, 0] };
        let white = Pixels { width: 1, height: 1, channels: Channels::Rgb, data: vec![255; 3] };
        assert_eq!(phash(&clear), phash(&white), "on white");
    }

    /// Annex K's table as libjpeg scales it.
    fn table(quality: u32) -> Vec<u8> {
        const K1: [u32; 64] = [
            16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22,
            29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87,
            103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
        ];
        let scale = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
        K1.iter().map(|step| ((step * scale + 50) / 100).clamp(1, 255) as u8).collect()
    }

    fn file(before: &[u8], tables: &[u8]) -> Vec<u8> {
        let mut file = b"\xff\xd8".to_vec();
        file.extend(before);
        file.extend(b"\xff\xdb");
        file.extend(((tables.len() + 2) as u16).to_be_bytes());
        file.extend(tables);
        file.extend(b"\xff\xda\x00\x02");
        file
    }

    #[test]
    fn the_quality_of_a_table_is_found() {
        for quality in [30, 50, 60, 75, 82, 90, 95, 100] {
            let one = [&[0][..], &table(quality)].concat();
            let found = jpeg_quality(&file(b"\xff\xe0\x00\x04ab", &one)).map(u32::from);
            assert!(found.is_some_and(|found| found.abs_diff(quality) <= 1), "{quality}: {found:?}");
            let both = [&[1][..], &[7; 64], &[0], &table(quality)].concat();
            assert_eq!(jpeg_quality(&file(b"", &both)).map(u32::from), found, "the second table of a segment");
        }
        let wide: Vec<u8> = [0x10].into_iter().chain(table(75).into_iter().flat_map(|step| [0, step])).collect();
        assert_eq!(jpeg_quality(&file(b"", &wide)), Some(75));
    }

    #[test]
    fn what_has_no_table_has_no_quality() {
        let whole = file(b"", &[&[0][..], &table(75)].concat());
        for end in 0..whole.len() - 4 {
            assert_eq!(jpeg_quality(&whole[..end]), None, "{end}");
        }
        for bytes in
            [&b"\x89PNG"[..], b"", b"\xff\xd8\xff\xda\x00\x02", b"\xff\xd8\xff\xff\xff", b"\xff\xd8\xff\xe0\x00\x00"]
        {
            assert_eq!(jpeg_quality(bytes), None, "{bytes:?}");
        }
    }
}
