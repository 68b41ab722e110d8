//! Looking at answers without the product's help: the little of each container that tests ask about, and pictures to
//! compare with.
#![allow(missing_docs)]

use testkit::pictures::{Rgb, decode};

/// What a body is, by its first bytes.
pub fn format(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => "jpeg",
        [0x89, b'P', b'N', b'G', ..] => "png",
        [b'G', b'I', b'F', b'8', ..] => "gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "webp",
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f', ..] => "avif",
        _ => "nothing known",
    }
}

/// Width and height. AVIF and GIF by their headers, the others by decoding every pixel.
pub fn size(bytes: &[u8]) -> Result<(usize, usize), String> {
    match format(bytes) {
        "avif" => avif_size(bytes).ok_or_else(|| "no ispe box".to_owned()),
        "gif" => {
            let side = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
            if bytes.len() > 10 { Ok((side(6), side(8))) } else { Err("a GIF of 10 bytes".to_owned()) }
        }
        _ => decode(bytes).map(|picture| (picture.width, picture.height)),
    }
}

/// The first image spatial extents property (ISO/IEC 23008-12, 6.5.3): version and flags, width, height.
fn avif_size(bytes: &[u8]) -> Option<(usize, usize)> {
    let at = bytes.windows(4).position(|window| window == b"ispe")? + 8;
    let side = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize);
    Some((side(at)?, side(at + 4)?))
}

/// The delay of each frame in milliseconds; `None` for a picture that does not move.
pub fn frames(bytes: &[u8]) -> Option<Vec<u32>> {
    match format(bytes) {
        "gif" => gif_frames(bytes),
        "webp" => webp_chunks(bytes).any(|(name, _)| name == *b"ANIM").then(|| {
            let frames = webp_chunks(bytes).filter(|(name, _)| *name == *b"ANMF");
            frames.map(|(_, data)| u32::from_le_bytes([data[12], data[13], data[14], 0])).collect()
        }),
        _ => None,
    }
}

/// Whether a WebP declares that it has transparency.
pub fn webp_has_alpha(bytes: &[u8]) -> bool {
    webp_chunks(bytes).any(|(name, data)| match &name {
        b"VP8X" => data[0] & 0x10 != 0,
        b"VP8L" => data[4] & 0x10 != 0,
        _ => false,
    })
}

fn webp_chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = &bytes[12..];
    std::iter::from_fn(move || {
        let name = rest.get(..4)?.try_into().ok()?;
        let length = u32::from_le_bytes(rest.get(4..8)?.try_into().ok()?) as usize;
        let data = rest.get(8..8 + length)?;
        rest = rest.get(8 + length + length % 2..).unwrap_or_default();
        Some((name, data))
    })
}

fn gif_frames(bytes: &[u8]) -> Option<Vec<u32>> {
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << (usize::from(flags & 7) + 1) };
    let mut at = 13 + table(*bytes.get(10)?);
    let skip_blocks = |mut at: usize| {
        while let Some(length) = bytes.get(at).filter(|length| **length > 0) {
            at += 1 + usize::from(*length);
        }
        at + 1
    };
    let (mut delays, mut delay) = (Vec::new(), 0);
    loop {
        match *bytes.get(at)? {
            0x21 => {
                if bytes.get(at + 1) == Some(&0xf9) {
                    delay = 10 * u32::from(u16::from_le_bytes([*bytes.get(at + 4)?, *bytes.get(at + 5)?]));
                }
                at = skip_blocks(at + 2);
            }
            0x2c => {
                delays.push(delay);
                at = skip_blocks(at + 11 + table(*bytes.get(at + 9)?));
            }
            _ => return (delays.len() > 1).then_some(delays),
        }
    }
}

/// Area average: what a good resizer comes near to.
pub fn shrink(picture: &Rgb, width: usize, height: usize) -> Rgb {
    Rgb::from_fn(width, height, |x, y| {
        let xs = x * picture.width / width..((x + 1) * picture.width).div_ceil(width);
        let ys = y * picture.height / height..((y + 1) * picture.height).div_ceil(height);
        let count = (xs.len() * ys.len()) as u32;
        let mut sums = [0_u32; 3];
        for y in ys {
            for x in xs.clone() {
                let at = (y * picture.width + x) * 3;
                sums.iter_mut().zip(&picture.data[at..at + 3]).for_each(|(sum, value)| *sum += u32::from(*value));
            }
        }
        sums.map(|sum| ((sum + count / 2) / count) as u8)
    })
}

/// One pixel.
pub fn pixel(picture: &Rgb, x: usize, y: usize) -> [u8; 3] {
    let at = (y * picture.width + x) * 3;
    [picture.data[at], picture.data[at + 1], picture.data[at + 2]]
}

/// Display P3 to sRGB, by the matrices of CSS Color 4 and clipping; both have sRGB's transfer curve.
pub fn p3_to_srgb(picture: &Rgb) -> Rgb {
    let linear: Vec<f32> = (0..=255_u8)
        .map(|v| f32::from(v) / 255.0)
        .map(|v| if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) })
        .collect();
    let coded = |v: f32| {
        let v = v.clamp(0.0, 1.0);
        let v = if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
        (v * 255.0).round() as u8
    };
    const MATRIX: [[f32; 3]; 3] = [[1.2249, -0.2249, 0.0], [-0.0420, 1.0420, 0.0], [-0.0197, -0.0786, 1.0983]];
    Rgb::from_fn(picture.width, picture.height, |x, y| {
        let from = pixel(picture, x, y).map(|v| linear[usize::from(v)]);
        MATRIX.map(|row| coded(row[0] * from[0] + row[1] * from[1] + row[2] * from[2]))
    })
}
