//! What is written is read again, by this crate and by decoders it does not use.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use codec::{Cancel, Channels, CodecError, Decode, Encode, Kind, Picture, Pixels, sniff};
use common::*;
use plan::Format;

#[test]
fn every_format_keeps_the_picture() {
    let (rgb, rgba) = (still(97, 61, Channels::Rgb), still(97, 61, Channels::Rgba));
    let lossless = |format| Encode { lossless: true, ..how(format) };
    let table = [
        (&rgb, how(Format::Jpeg), 4.0),
        (&rgb, Encode { progressive: true, ..how(Format::Jpeg) }, 4.0),
        (&rgb, how(Format::Png), 0.0),
        (&rgba, how(Format::Png), 0.0),
        (&rgb, Encode { palette: true, ..how(Format::Png) }, 6.0),
        (&rgba, Encode { palette: true, ..how(Format::Png) }, 9.0),
        (&rgb, how(Format::Webp), 4.0),
        (&rgb, lossless(Format::Webp), 0.0),
        (&rgba, lossless(Format::Webp), 0.0),
        (&rgb, how(Format::Avif), 4.0),
        (&rgb, how(Format::Gif), 6.0),
    ];
    for (picture, how, allowed) in table {
        let bytes = encode(picture, &how);
        assert_eq!(sniff(&bytes).and_then(Kind::output_format), Some(how.format));
        let back = decode(&bytes).unwrap();
        assert_eq!((back.info.width, back.info.height, back.info.frames), (97, 61, 1), "{how:?}");
        assert_eq!(back.picture.channels(), picture.channels(), "{how:?}");
        let d = distance(&back.picture.frames[0].pixels.data, &picture.frames[0].pixels.data);
        assert!(d <= allowed, "{how:?}: {d}");
    }
}

#[test]
fn lossy_alpha_is_kept() {
    let picture = still(97, 61, Channels::Rgba);
    let alpha = |p: &Pixels| p.data.chunks_exact(4).map(|p| p[3]).collect::<Vec<u8>>();
    for format in [Format::Webp, Format::Avif] {
        let back = decode(&encode(&picture, &how(format))).unwrap();
        assert!(back.info.may_have_alpha);
        let d = distance(&alpha(&back.picture.frames[0].pixels), &alpha(&picture.frames[0].pixels));
        assert!(d < 2.0, "{format}: {d}");
    }
}

#[test]
fn animations_keep_frames_delays_and_loops() {
    for (channels, format, lossless, allowed) in [
        (Channels::Rgb, Format::Gif, false, 7.0),
        (Channels::Rgb, Format::Webp, false, 5.0),
        (Channels::Rgba, Format::Webp, true, 0.5),
    ] {
        for loops in [0, 1, 3] {
            let picture = Picture { loops, ..animation(60, 40, channels, 4) };
            let bytes = encode(&picture, &Encode { lossless, ..how(format) });
            let back = decode(&bytes).unwrap();
            assert_eq!(back.info.frames, 4);
            assert_eq!(back.picture.loops, loops, "{format}");
            let delays = |p: &Picture| p.frames.iter().map(|f| f.delay_ms).collect::<Vec<_>>();
            assert_eq!(delays(&back.picture), delays(&picture), "{format}");
            for (a, b) in back.picture.frames.iter().zip(&picture.frames) {
                let a = match (a.pixels.channels, channels) {
                    (Channels::Rgba, Channels::Rgb) => {
                        a.pixels.data.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect()
                    }
                    _ => a.pixels.data.clone(),
                };
                // The colour under full transparency is nobody's business.
                let d = distance(&a, &b.pixels.data);
                assert!(d <= allowed, "{format}: {d}");
            }
        }
    }
}

#[test]
fn the_first_frame_alone() {
    for format in [Format::Gif, Format::Webp] {
        let bytes = encode(&animation(60, 40, Channels::Rgb, 4), &how(format));
        let only = codec::decode(&bytes, &Decode::default(), &Default::default(), &Cancel::never()).unwrap();
        assert_eq!((only.picture.frames.len(), only.info.frames), (1, 4));
        assert_eq!((only.picture.frames[0].delay_ms, only.picture.loops), (0, 0));
        let all = decode(&bytes).unwrap();
        assert_eq!(only.picture.frames[0].pixels, all.picture.frames[0].pixels);
    }
}

#[test]
fn holes_of_an_animated_gif_move() {
    let mut picture = animation(40, 20, Channels::Rgba, 2);
    for (n, frame) in picture.frames.iter_mut().enumerate() {
        for (i, p) in frame.pixels.data.chunks_exact_mut(4).enumerate() {
            p[3] = if (i % 40 < 20) == (n == 0) { 255 } else { 0 };
        }
    }
    let back = decode(&encode(&picture, &how(Format::Gif))).unwrap();
    for (a, b) in back.picture.frames.iter().zip(&picture.frames) {
        let alpha = |p: &Pixels| p.data.chunks_exact(4).map(|p| p[3]).collect::<Vec<u8>>();
        assert_eq!(alpha(&a.pixels), alpha(&b.pixels));
    }
}

#[test]
fn an_independent_decoder_reads_the_jpeg() {
    use zune_jpeg::JpegDecoder;
    use zune_jpeg::zune_core::bytestream::ZCursor;
    let picture = still(97, 61, Channels::Rgb);
    for progressive in [false, true] {
        let bytes = encode(&picture, &Encode { progressive, ..how(Format::Jpeg) });
        let pixels = JpegDecoder::new(ZCursor::new(&bytes)).decode().unwrap();
        let d = distance(&pixels, &picture.frames[0].pixels.data);
        assert!(d < 4.0, "{d}");
        assert_eq!(bytes.windows(2).any(|w| w == [0xFF, 0xC2]), progressive);
    }
}

#[test]
fn a_jpeg_shrinks_while_it_loads() {
    let bytes = encode(&still(803, 401, Channels::Rgb), &how(Format::Jpeg));
    for (at_least, want) in [
        (None, (803, 401)),
        (Some((803, 401)), (803, 401)),
        (Some((402, 201)), (402, 201)),
        (Some((402, 202)), (803, 401)),
        (Some((150, 10)), (201, 101)),
        (Some((101, 51)), (101, 51)),
        (Some((1, 1)), (101, 51)),
        (Some((0, 0)), (101, 51)),
        (Some((9000, 1)), (803, 401)),
    ] {
        let ask = Decode { at_least, ..Decode::default() };
        let out = codec::decode(&bytes, &ask, &Default::default(), &Cancel::never()).unwrap();
        assert_eq!((out.picture.width(), out.picture.height()), want, "{at_least:?}");
        assert_eq!((out.info.width, out.info.height), (803, 401));
        let middle = |p: &Picture| {
            let p = &p.frames[0].pixels;
            let at = (p.height / 2 * p.width + p.width / 2) as usize * 3;
            [p.data[at], p.data[at + 1]]
        };
        for v in middle(&out.picture) {
            assert!(v.abs_diff(108) < 14, "{v}");
        }
    }
}

#[test]
fn transparent_pixels_of_a_jpeg_go_on_white() {
    let clear = Pixels { width: 16, height: 16, channels: Channels::Rgba, data: vec![0; 1024] };
    let back = decode(&encode(&Picture::still(clear), &how(Format::Jpeg))).unwrap();
    assert!(back.picture.frames[0].pixels.data.iter().all(|v| *v > 250));
}

#[test]
fn an_opaque_picture_is_written_without_alpha() {
    let mut picture = still(20, 20, Channels::Rgba);
    picture.frames[0].pixels.data.chunks_exact_mut(4).for_each(|p| p[3] = 255);
    for format in [Format::Png, Format::Webp, Format::Avif, Format::Gif] {
        let back = decode(&encode(&picture, &how(format))).unwrap();
        assert!(!back.info.may_have_alpha, "{format}");
        assert_eq!(back.picture.channels(), Channels::Rgb);
    }
}

#[test]
fn sides_of_one_pixel() {
    for (width, height) in [(1, 1), (1, 9), (9, 1), (3, 2)] {
        for channels in [Channels::Rgb, Channels::Rgba] {
            for format in Format::ALL {
                for palette in [false, true] {
                    let bytes = encode(&still(width, height, channels), &Encode { palette, ..how(format) });
                    let back = decode(&bytes).unwrap();
                    assert_eq!((back.picture.width(), back.picture.height()), (width, height), "{format}");
                }
            }
        }
    }
}

#[test]
fn quality_is_size() {
    let picture = still(200, 200, Channels::Rgb);
    for format in [Format::Jpeg, Format::Webp, Format::Avif] {
        let size = |quality| encode(&picture, &Encode { quality, ..how(format) }).len();
        assert!(size(10) < size(60) && size(60) < size(95), "{format}");
        assert_eq!(size(0), size(1));
    }
}

#[test]
fn a_malformed_picture_is_refused() {
    let mut picture = still(10, 10, Channels::Rgb);
    picture.frames[0].pixels.data.pop();
    let none = Picture { frames: Vec::new(), loops: 0 };
    for format in Format::ALL {
        for picture in [&picture, &none] {
            let out = codec::encode(picture, &how(format), &Cancel::never());
            assert!(matches!(out, Err(CodecError::Internal(_))), "{format}");
        }
    }
}

#[test]
fn a_cancelled_job_stops() {
    let cancel = Cancel::never();
    cancel.cancel();
    let picture = animation(20, 20, Channels::Rgb, 2);
    for format in Format::ALL {
        let bytes = encode(&picture, &how(format));
        assert_eq!(codec::encode(&picture, &how(format), &cancel), Err(CodecError::Cancelled));
        let out = codec::decode(&bytes, &Decode::default(), &Default::default(), &cancel);
        assert_eq!(out.map(|_| ()), Err(CodecError::Cancelled));
    }
}
