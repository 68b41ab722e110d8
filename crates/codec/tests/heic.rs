//! HEIC, in builds with the feature.
#![cfg(feature = "heic")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use codec::{Budget, CodecError, Kind, probe};
use common::*;

/// Made by pillow-heif (x265 at quality 95, 4:4:4) from the same formula as the others; the reference is that formula.
#[test]
fn a_heic_is_read() {
    let bytes = include_bytes!("files/photo.heic");
    let info = probe(bytes, &Budget::default()).unwrap();
    assert_eq!((info.kind, info.width, info.height, info.frames), (Kind::Heic, 64, 48, 1));
    let out = decode(bytes).unwrap().picture.frames.remove(0).pixels;
    let want = decode(include_bytes!("files/photo.heic.png")).unwrap().picture.frames.remove(0).pixels;
    let mean = distance(&out.data, &want.data);
    assert!(mean < 2.0, "{mean}");
    let area = Budget { input_pixels: 64 * 48 - 1, ..Budget::default() };
    assert!(matches!(probe(bytes, &area), Err(CodecError::OverBudget { what: "input pixels", .. })));
    for length in (0..bytes.len()).step_by(37) {
        assert!(decode(&bytes[..length]).is_err(), "{length}");
    }
}
