//! PNG files of every colour type and depth, which the encoder does not write.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use codec::Channels;
use common::decode;
use png::{BitDepth, ColorType};

fn file(color: ColorType, depth: BitDepth, data: &[u8], set: impl Fn(&mut png::Info<'static>)) -> Vec<u8> {
    let mut info = png::Info::with_size(2, 1);
    (info.color_type, info.bit_depth) = (color, depth);
    set(&mut info);
    let mut out = Vec::new();
    let mut writer = png::Encoder::with_info(&mut out, info).unwrap().write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    out
}

#[test]
fn every_colour_type_and_depth() {
    use BitDepth::{Eight, Four, One, Sixteen, Two};
    use ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
    let palette = |i: &mut png::Info<'static>| i.palette = Some(vec![1, 2, 3, 40, 50, 60].into());
    let plain = |_: &mut png::Info<'static>| {};
    let table: Vec<(Vec<u8>, &[u8])> = vec![
        (file(Grayscale, One, &[0x40], plain), &[0, 0, 0, 255, 255, 255]),
        (file(Grayscale, Two, &[0x60], plain), &[85, 85, 85, 170, 170, 170]),
        (file(Grayscale, Four, &[0x1F], plain), &[17, 17, 17, 255, 255, 255]),
        (file(Grayscale, Eight, &[9, 8], plain), &[9, 9, 9, 8, 8, 8]),
        (file(Grayscale, Sixteen, &[9, 0, 8, 0], plain), &[9, 9, 9, 8, 8, 8]),
        (file(GrayscaleAlpha, Eight, &[9, 1, 8, 2], plain), &[9, 9, 9, 1, 8, 8, 8, 2]),
        (file(GrayscaleAlpha, Sixteen, &[9, 0, 1, 0, 8, 0, 2, 0], plain), &[9, 9, 9, 1, 8, 8, 8, 2]),
        (file(Rgb, Eight, &[1, 2, 3, 4, 5, 6], plain), &[1, 2, 3, 4, 5, 6]),
        (file(Rgb, Sixteen, &[1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0], plain), &[1, 2, 3, 4, 5, 6]),
        (file(Rgba, Eight, &[1, 2, 3, 4, 5, 6, 7, 8], plain), &[1, 2, 3, 4, 5, 6, 7, 8]),
        (file(Indexed, One, &[0x40], palette), &[1, 2, 3, 40, 50, 60]),
        (file(Indexed, Eight, &[1, 0], palette), &[40, 50, 60, 1, 2, 3]),
        (
            file(Indexed, Eight, &[1, 0], |i| {
                palette(i);
                i.trns = Some(vec![7].into());
            }),
            &[40, 50, 60, 255, 1, 2, 3, 7],
        ),
        (
            file(Rgb, Eight, &[1, 2, 3, 4, 5, 6], |i| i.trns = Some(vec![0, 4, 0, 5, 0, 6].into())),
            &[1, 2, 3, 255, 4, 5, 6, 0],
        ),
        (file(Grayscale, Eight, &[9, 8], |i| i.trns = Some(vec![0, 9].into())), &[9, 9, 9, 0, 8, 8, 8, 255]),
    ];
    for (bytes, want) in table {
        let out = decode(&bytes).unwrap();
        let pixels = &out.picture.frames[0].pixels;
        assert_eq!(pixels.data, want);
        assert_eq!(pixels.channels == Channels::Rgba, want.len() == 8);
        assert_eq!(out.info.may_have_alpha, want.len() == 8);
    }
}

#[test]
fn interlaced_is_the_same() {
    // 3x2 pixels of grey: Adam7 passes 1, 4 (column 2), 6 (column 1), 7 (row 1), each row with its filter byte.
    let raw = [0, 1, 0, 3, 0, 2, 0, 4, 5, 6];
    let chunk = |name: &[u8; 4], data: &[u8]| {
        let mut crc = !0u32;
        for byte in name.iter().chain(data) {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = crc >> 1 ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 };
            }
        }
        [&(data.len() as u32).to_be_bytes()[..], name, data, &(!crc).to_be_bytes()].concat()
    };
    let adler = raw.iter().fold((1u32, 0u32), |(a, b), v| (a + v, a + v + b));
    let stored: Vec<u8> = raw.iter().map(|v| *v as u8).collect();
    let length = stored.len() as u8;
    let zlib =
        [&[0x78, 1, 1, length, 0, !length, 0xFF], &stored[..], &(adler.1 << 16 | adler.0).to_be_bytes()].concat();
    let exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0";
    let file = [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &[0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 1]),
        chunk(b"eXIf", exif),
        chunk(b"IDAT", &zlib),
        chunk(b"IEND", &[]),
    ]
    .concat();
    let out = decode(&file).unwrap();
    let want: Vec<u8> = (1..=6).flat_map(|v| [v; 3]).collect();
    assert_eq!(out.picture.frames[0].pixels.data, want);
    assert_eq!(out.info.orientation, 8);
    assert_eq!(decode(&file[..file.len() - 12]).unwrap(), out);
    for length in 0..file.len() - 12 - 8 - 6 {
        assert!(decode(&file[..length]).is_err(), "{length}");
    }
}
