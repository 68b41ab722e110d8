#![allow(clippy::unwrap_used)]

use codec::{Budget, Cancel, Channels, Decode, Encode, Picture};
use plan::{Color, Fixed, Format, Stage};

use super::super::tests::{at, letters, one, read, rgb, rgba};
use super::*;

fn trim(mode: TrimMode, tolerance: f64) -> Stage {
    Stage::Trim(Trim { mode, tolerance: Fixed::new(tolerance), keep: 0 })
}

#[test]
fn alpha_where_there_is_any() {
    let ghost = rgba(6, 5, |x, y| match (x, y) {
        (2..4, 1..4) => [200, 0, 0, 255],
        (1, 2) => [255; 4],
        _ => [0; 4],
    });
    let out = one(ghost.clone(), &[trim(TrimMode::AlphaOr(None), 1.0)]);
    assert_eq!((out.width, out.height), (3, 3));
    let out = one(ghost, &[trim(TrimMode::AlphaOr(Some(Color::WHITE)), 1.0)]);
    assert_eq!((out.width, out.height), (3, 3), "a colour has no say then");
    let opaque = || rgb(6, 5, |x, y| if (2..4).contains(&x) && y > 2 { [9; 3] } else { [250; 3] });
    for (color, size) in [(None, (2, 2)), (Some(Color::rgb(250, 250, 250)), (2, 2)), (Some(Color::BLACK), (6, 5))] {
        let out = one(opaque(), &[trim(TrimMode::AlphaOr(color), 1.0)]);
        assert_eq!((out.width, out.height), size, "{color:?}");
        // A channel of alpha alone is no transparency.
        let with_channel = crate::scope::with_alpha(opaque());
        let out = one(with_channel, &[trim(TrimMode::AlphaOr(color), 1.0)]);
        assert_eq!((out.width, out.height), size, "{color:?}");
    }
}

#[test]
fn even_rows_go() {
    let even = |mean, deviation| trim(TrimMode::Even { mean, deviation }, 0.0);
    // Above and below different borders; left and right none.
    let rows = ["PPPPPP", "RQRPQR", "PzPzPz", "zPzPzP", "222222", "111111"];
    assert_eq!(read(&one(letters(&rows), &[even(4, 2)])), ["PzPzPz", "zPzPzP"]);
    assert_eq!(read(&one(letters(&rows), &[even(0, 2)])), rows[1..5], "the mean counts");
    assert_eq!(read(&one(letters(&rows), &[even(4, 0)])), rows[1..4], "and so does the deviation");
    // A picture up to its edges stays: the edge itself is not even.
    let photo = ["azbycx", "zaybxc", "azbycx"];
    assert_eq!(read(&one(letters(&photo), &[even(11, 5)])), photo);
    // All border stays.
    assert_eq!(read(&one(letters(&["aaa", "aba"]), &[even(11, 10)])), ["aaa", "aba"]);
    // Columns are measured between the rows that are left.
    let bars = ["AAAAAAAA", "ZZaxcxZZ", "ZZxaxcZZ", "AAAAAAAA"];
    assert_eq!(read(&one(letters(&bars), &[even(3, 3)])), ["axcx", "xaxc"]);
}

/// A textured picture of 90x60 on a border of 30 pixels with grain, through a JPEG file and back.
fn framed_photo(border: [u8; 3], quality: u8) -> Pixels {
    let noise =
        |x: u32, y: u32| (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0xc2b2_ae35) >> 24;
    let picture = rgb(150, 120, |x, y| {
        if (30..120).contains(&x) && (30..90).contains(&y) {
            [60 + (x / 9 * 37 % 90) as u8, 90 + (noise(x / 2, y / 2) / 4) as u8, 40 + (y / 7 * 23 % 80) as u8]
        } else {
            border.map(|v| v - 3 + (noise(x, y) % 7) as u8)
        }
    });
    let how = Encode { format: Format::Jpeg, quality, lossless: false, progressive: false, palette: false };
    let file = codec::encode(&Picture::still(picture), &how, &Cancel::never()).unwrap();
    let back = codec::decode(&file, &Decode::default(), &Budget::default(), &Cancel::never()).unwrap();
    back.picture.frames[0].pixels.clone()
}

#[test]
fn what_each_mode_keeps_of_photographs_with_noisy_borders() {
    let even = || trim(TrimMode::Even { mean: 11, deviation: 10 }, 0.0);
    for border in [[246, 246, 246], [20, 24, 60]] {
        for quality in [95, 75, 40] {
            let photo = framed_photo(border, quality);
            let keeps = |stage: Stage| {
                let out = one(photo.clone(), &[stage]);
                (out.width, out.height)
            };
            let [r, g, b] = border;
            // Without a tolerance noise is content: nearly everything stays, unless the file has lost the noise.
            let (w, h) = keeps(trim(TrimMode::Corner, 0.0));
            assert!(w > 140 && h > 110 || quality < 50, "{border:?} {quality}: {w}x{h}");
            // Ten percent swallow the grain; where a file is coarse, what rings beside the picture stays, up to the end
            // of its block of 16.
            let more = if quality < 50 { 32 } else { 4 };
            for mode in [TrimMode::Corner, TrimMode::Color(Color::rgb(r, g, b)), TrimMode::AlphaOr(None)] {
                let (w, h) = keeps(trim(mode, 10.0));
                assert!(
                    (90..=90 + more).contains(&w) && (60..=60 + more).contains(&h),
                    "{border:?} {quality} {mode:?}: {w}x{h}"
                );
            }
            // Means of rows care for neither.
            let (w, h) = keeps(even());
            assert!((88..=94).contains(&w) && (58..=64).contains(&h), "{border:?} {quality} even: {w}x{h}");
        }
    }
    // No border: nothing that matters goes.
    let inner = [30, 30, 120, 90];
    let cut = Stage::Extract(plan::Region::Corners {
        top_left: Some((inner[0], inner[1])),
        bottom_right: Some((inner[2], inner[3])),
    });
    let plain = one(framed_photo([246; 3], 90), &[cut]);
    for stage in [even(), trim(TrimMode::Corner, 4.0)] {
        let out = one(plain.clone(), &[stage]);
        assert!(out.width >= 86 && out.height >= 56 && out.channels == Channels::Rgb, "{}x{}", out.width, out.height);
        assert!(!at(&out, 0, 0).is_empty());
    }
}
