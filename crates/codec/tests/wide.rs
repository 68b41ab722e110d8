//! Files of 16 bits a sample, read and written.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::path::PathBuf;

use codec::metadata::Blocks;
use codec::{Budget, Cancel, CodecError, Decode, DecodedWide, Encode, Wide, decode_wide, encode_wide, is_wide};
use common::*;
use plan::Format;

fn read(bytes: &[u8], ask: &Decode) -> Option<DecodedWide> {
    decode_wide(bytes, ask, &Budget::default(), &Cancel::never()).unwrap()
}

fn noise(alpha: bool) -> Wide {
    let value = |at: usize, of: usize| ((at * 4 + of) as u32).wrapping_mul(2_654_435_761).to_be_bytes();
    let sample = |at, of| u16::from_be_bytes([value(at, of)[0], value(at, of)[1]]);
    let pixel = |at| [sample(at, 0), sample(at, 1), sample(at, 2), if alpha { sample(at, 3) } else { u16::MAX }];
    Wide { width: 31, height: 17, data: (0..31 * 17).map(pixel).collect() }
}

fn png(wide: &Wide, blocks: Blocks) -> Vec<u8> {
    encode_wide(wide, &Encode { blocks, ..how(Format::Png) }, &Cancel::never()).unwrap()
}

#[test]
fn png_gives_back_every_bit() {
    for alpha in [false, true] {
        let file = png(&noise(alpha), Blocks::default());
        let out = read(&file, &Decode::default()).unwrap();
        assert_eq!((out.wide, out.profile), (noise(alpha), None));
        assert_eq!(out.info.may_have_alpha, alpha);
        // The same, rounded, as whoever asks for no more gets.
        assert_eq!(decode(&file).unwrap().picture.frames[0].pixels, noise(alpha).to_eight());
    }
}

#[test]
fn kinds_that_have_them_are_told_by_their_headers() {
    let file =
        |name: &str| std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)).unwrap();
    for (name, wide) in [
        ("wide.png", true),
        ("wide.tiff", true),
        ("rgb-lzw.tiff", false),
        ("grey.tiff", false),
        ("cmyk.tiff", false),
        ("palette.tiff", false),
        ("rgb24.bmp", false),
        ("lossy.jxl", false),
        ("shapes.svg", false),
    ] {
        assert_eq!(is_wide(&file(name), 0, &Budget::default()), Ok(wide), "{name}");
        assert_eq!(read(&file(name), &Decode::default()).is_some(), wide, "{name}");
    }
    // Both were written of the same samples.
    let of = |name| read(&file(name), &Decode::default()).unwrap().wide;
    assert_eq!(of("wide.png"), of("wide.tiff"));
    assert!(of("wide.png").data.iter().any(|pixel| pixel[0] % 257 != 0));
}

#[test]
fn profiles_are_converted_or_kept() {
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let soft = Wide {
        data: (0..31 * 17).map(|at| [at * 120, 20_000 + at * 60, 50_000 - at * 90, u16::MAX]).collect(),
        ..noise(false)
    };
    let file = png(&soft, Blocks { profile: Some(profile.clone()), ..Blocks::default() });
    let kept = read(&file, &Decode { keep_profile: true, ..Decode::default() }).unwrap();
    assert_eq!((kept.wide, kept.profile), (soft.clone(), Some(profile)));
    let converted = read(&file, &Decode::default()).unwrap();
    assert_eq!(converted.profile, None);
    assert_ne!(converted.wide, soft);
    let eight = decode(&file).unwrap().picture.frames[0].pixels.clone();
    let narrow = converted.wide.to_eight();
    let apart = || narrow.data.iter().zip(&eight.data).map(|(a, b)| a.abs_diff(*b));
    // Near black the conversion is steep: what 8 bits round away there comes out as up to 3.
    let mean = apart().map(f64::from).sum::<f64>() / eight.data.len() as f64;
    assert!(mean < 0.5 && apart().all(|off| off <= 3), "{mean} {:?}", apart().max());
}

#[test]
fn ten_bits_of_avif() {
    let ramp = |at: u32| ((at * 124) % 65_536) as u16;
    for alpha in [false, true] {
        let pixel = |at: u32| [ramp(at), ramp(527 - at), 30_000, if alpha { 40_000 } else { u16::MAX }];
        let wide = Wide { data: (0..31 * 17).map(pixel).collect(), ..noise(false) };
        let file = encode_wide(&wide, &Encode { quality: 95, ..how(Format::Avif) }, &Cancel::never()).unwrap();
        assert_eq!(codec::describe(&file, &Budget::default()).unwrap().bit_depth, 10);
        let out = read(&file, &Decode::default()).unwrap();
        assert_eq!(out.info.may_have_alpha, alpha);
        let apart = out.wide.data.as_flattened().iter().zip(wide.data.as_flattened());
        let mean = apart.map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / (4.0 * 527.0);
        assert!(mean < 600.0, "{mean}");
    }
}

#[test]
fn what_lies_about_its_size_or_has_no_room_is_refused() {
    let short = Wide { height: 18, ..noise(false) };
    for (wide, format) in [(&short, Format::Png), (&short, Format::Avif), (&noise(false), Format::Jpeg)] {
        let out = encode_wide(wide, &how(format), &Cancel::never());
        assert!(matches!(out, Err(CodecError::Internal(_))), "{format}");
    }
}

#[test]
fn damaged_files_never_panic() {
    let whole = [png(&noise(true), Blocks::default()), std::fs::read("tests/files/wide.tiff").unwrap()];
    let mut seed = 5u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as usize % below
    };
    let budget = Budget { memory: 4 << 20, ..Budget::default() };
    for round in 0..3000 {
        let mut bad = whole[round % 2].clone();
        for _ in 0..1 + round % 5 {
            let at = next(bad.len());
            bad[at] = next(256) as u8;
        }
        bad.truncate(bad.len() - next(bad.len()) / (1 + round % 9));
        let _ = decode_wide(&bad, &Decode::default(), &budget, &Cancel::never());
        let _ = is_wide(&bad, 0, &budget);
    }
}
