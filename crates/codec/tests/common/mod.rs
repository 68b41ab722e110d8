//! Pictures made for tests, and a distance between them.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)]

use codec::{Budget, Cancel, Channels, CodecError, Decode, Decoded, Encode, Frame, Picture, Pixels};
use plan::Format;

/// A small generator of numbers (PCG), so that every run sees the same ones.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as u32
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end
    }
}

/// Smooth colours with some texture, shifted by `phase`; alpha falls from left to right.
pub fn pixels(width: u32, height: u32, channels: Channels, phase: u32) -> Pixels {
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let texture = ((x * 7 + y * 13 + phase * 5) % 17) as u8;
            data.push((x * 200 / width) as u8 + texture);
            data.push((y * 200 / height) as u8 + texture);
            data.push(((x + y + phase * 20) * 100 / (width + height)) as u8 + texture);
            if channels == Channels::Rgba {
                data.push((255 - x * 255 / width) as u8);
            }
        }
    }
    Pixels { width, height, channels, data }
}

pub fn still(width: u32, height: u32, channels: Channels) -> Picture {
    Picture::still(pixels(width, height, channels, 0))
}

pub fn animation(width: u32, height: u32, channels: Channels, count: u32) -> Picture {
    let frame = |n| Frame { pixels: pixels(width, height, channels, n), delay_ms: 50 + n * 10 };
    Picture { frames: (0..count).map(frame).collect(), loops: 3 }
}

pub fn how(format: Format) -> Encode {
    Encode { format, quality: 90, lossless: false, progressive: false, palette: false, ..Encode::default() }
}

pub fn encode(picture: &Picture, how: &Encode) -> Vec<u8> {
    codec::encode(picture, how, &Cancel::never()).unwrap()
}

pub fn decode(bytes: &[u8]) -> Result<Decoded, CodecError> {
    let ask = Decode { all_frames: true, ..Decode::default() };
    codec::decode(bytes, &ask, &Budget::default(), &Cancel::never())
}

/// Mean absolute difference of samples.
pub fn distance(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}

/// Every kind of file the encoders write.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let rgb = still(97, 61, Channels::Rgb);
    let rgba = still(97, 61, Channels::Rgba);
    vec![
        ("jpeg", encode(&rgb, &how(Format::Jpeg))),
        ("progressive jpeg", encode(&rgb, &Encode { progressive: true, ..how(Format::Jpeg) })),
        ("png", encode(&rgba, &how(Format::Png))),
        ("palette png", encode(&rgba, &Encode { palette: true, ..how(Format::Png) })),
        ("webp", encode(&rgb, &how(Format::Webp))),
        ("webp with alpha", encode(&rgba, &how(Format::Webp))),
        ("lossless webp", encode(&rgba, &Encode { lossless: true, ..how(Format::Webp) })),
        ("animated webp", encode(&animation(97, 61, Channels::Rgba, 4), &how(Format::Webp))),
        ("avif", encode(&rgb, &how(Format::Avif))),
        ("avif with alpha", encode(&rgba, &how(Format::Avif))),
        ("gif", encode(&rgb, &how(Format::Gif))),
        ("animated gif", encode(&animation(97, 61, Channels::Rgb, 4), &how(Format::Gif))),
        ("animated gif with holes", encode(&animation(97, 61, Channels::Rgba, 4), &how(Format::Gif))),
    ]
}
