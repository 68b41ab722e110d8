//! Truncated, damaged and oversized files (G10, G11).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use codec::{Budget, Cancel, CodecError, Decode, decode as decode_with, probe};
use common::*;

/// A shorter file either fails, or has every pixel of the whole one.
#[test]
fn truncations_never_lose_pixels() {
    for (name, bytes) in samples() {
        let whole = decode(&bytes).unwrap().picture;
        let mut random = Random(1);
        let mut lengths: Vec<usize> = (0..50).map(|_| random.below(bytes.len())).collect();
        lengths.extend((1..=24).filter_map(|n| bytes.len().checked_sub(n)));
        for length in lengths {
            match decode(&bytes[..length]) {
                Ok(out) => {
                    assert!(bytes.len() - length <= 24, "{name}: {length} of {} decoded", bytes.len());
                    assert_eq!(out.picture, whole, "{name}: {length} of {} lost pixels", bytes.len());
                }
                Err(CodecError::Truncated(_) | CodecError::Corrupt(_)) => {}
                Err(CodecError::Unsupported(_)) => assert!(length < 32, "{name}: {length}"),
                Err(other) => panic!("{name}: {length}: {other}"),
            }
        }
    }
}

#[test]
fn a_lost_end_marker_is_no_loss() {
    for (name, bytes) in samples() {
        let marker = match name {
            "jpeg" | "progressive jpeg" => 2,
            "png" | "palette png" => 12,
            "gif" => 1,
            _ => continue,
        };
        let whole = decode(&bytes).unwrap();
        assert_eq!(decode(&bytes[..bytes.len() - marker]).as_ref(), Ok(&whole), "{name}");
    }
}

#[test]
fn flipped_bytes_never_panic() {
    for (name, bytes) in samples() {
        let mut random = Random(2);
        for round in 0..200 {
            let mut bad = bytes.clone();
            for _ in 0..=round % 4 {
                let at = random.below(bad.len());
                bad[at] = random.next() as u8;
            }
            match decode(&bad) {
                Ok(out) => assert!(out.picture.width() > 0, "{name}"),
                Err(CodecError::Internal(e)) => panic!("{name}: {e}"),
                Err(_) => {}
            }
        }
    }
}

#[test]
fn damaged_headers_never_panic() {
    for (_, bytes) in samples() {
        for at in 0..bytes.len().min(96) {
            for value in [0, 1, 0x7F, 0x80, 0xFF] {
                let mut bad = bytes.clone();
                bad[at] = value;
                let budget = Budget { input_pixels: 1_000_000, memory: 64 << 20, ..Budget::default() };
                let ask = Decode { at_least: Some((3, 3)), all_frames: true, ..Decode::default() };
                let _ = decode_with(&bad, &ask, &budget, &Cancel::never());
            }
        }
    }
}

fn what(result: Result<impl Sized, CodecError>) -> &'static str {
    match result {
        Err(CodecError::OverBudget { what, .. }) => what,
        Err(_) => "another error",
        Ok(_) => "nothing",
    }
}

#[test]
fn budgets_hold_for_every_format() {
    for (name, bytes) in samples() {
        let small = |budget: &Budget| {
            what(decode_with(&bytes, &Decode { all_frames: true, ..Decode::default() }, budget, &Cancel::never()))
        };
        let budget = Budget::default();
        let input = Budget { input_bytes: bytes.len() as u64 - 1, ..budget.clone() };
        assert_eq!((small(&input), what(probe(&bytes, &input))), ("input bytes", "input bytes"), "{name}");
        let area = Budget { input_pixels: 97 * 61 - 1, ..budget.clone() };
        assert_eq!((small(&area), what(probe(&bytes, &area))), ("input pixels", "input pixels"), "{name}");
        assert_eq!(small(&Budget { memory: 97 * 61 * 3, ..budget.clone() }), "memory", "{name}");
        assert!(probe(&bytes, &Budget { input_pixels: 97 * 61, ..budget.clone() }).is_ok(), "{name}");
        if name.starts_with("animated") {
            assert_eq!(small(&Budget { frames: 3, ..budget.clone() }), "frames", "{name}");
            let first = decode_with(&bytes, &Decode::default(), &Budget { frames: 3, ..budget }, &Cancel::never());
            assert!(first.is_ok(), "{name}");
        }
    }
}

#[test]
fn a_png_that_declares_a_wall_is_refused() {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend_from_slice(&60000u32.to_be_bytes());
    png.extend_from_slice(&60000u32.to_be_bytes());
    png.extend_from_slice(&[8, 6, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(what(probe(&png, &Budget::default())), "input pixels");
    assert_eq!(what(decode(&png)), "input pixels");
}

#[test]
fn a_gif_of_very_many_frames_is_refused() {
    let mut gif = b"GIF89a\xFF\x0F\xFF\x0F\x80\0\0\0\0\0\xFF\xFF\xFF".to_vec();
    for _ in 0..10_000 {
        gif.extend_from_slice(b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0");
    }
    gif.push(b';');
    assert_eq!(probe(&gif, &Budget::default()).unwrap().frames, 10_000);
    assert_eq!(what(decode(&gif)), "frames");
    let wide = Budget { frames: 20_000, ..Budget::default() };
    assert_eq!(
        what(decode_with(&gif, &Decode { all_frames: true, ..Decode::default() }, &wide, &Cancel::never())),
        "memory"
    );
    assert!(decode_with(&gif, &Decode::default(), &wide, &Cancel::never()).is_ok());
}

#[test]
fn a_gif_frame_larger_than_its_screen_is_within_the_budget_too() {
    let gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\xFF\xFF\xFF\xFF\0\x02\x02D\x01\0;";
    assert_eq!(what(decode(gif)), "input pixels");
}

#[test]
fn kinds_that_are_not_decoded_are_named() {
    // Builds with the feature `heic` read it, and find this one short.
    let heic: &[u8] = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
    for (bytes, name) in [(heic, "heic"), (b"hello", "unknown")] {
        if cfg!(feature = "heic") && name == "heic" {
            continue;
        }
        assert_eq!(decode(bytes).map(|_| ()), Err(CodecError::Unsupported(name.into())));
        assert_eq!(probe(bytes, &Budget::default()), Err(CodecError::Unsupported(name.into())));
    }
}

proptest::proptest! {
    /// The walkers of headers take any bytes behind any magic.
    #[test]
    fn any_bytes_behind_a_magic(kind in 0usize..5, body in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let magics: [&[u8]; 5] =
            [b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1a\n", b"RIFF\x90\x01\0\0WEBPVP8X", b"\0\0\0\x10ftypavif\0\0\0\0", b"GIF89a"];
        let bytes = [magics[kind], &body].concat();
        let budget = Budget { input_pixels: 1_000_000, memory: 64 << 20, ..Budget::default() };
        let _ = probe(&bytes, &budget);
        let _ = decode_with(&bytes, &Decode { at_least: Some((1, 1)), all_frames: true, ..Decode::default() }, &budget, &Cancel::never());
    }
}
