#![allow(clippy::unwrap_used, clippy::expect_used)]

use turbojpeg_sys as tj;

use super::*;
use crate::exif::block;

const WIDTH: u32 = 67;
const HEIGHT: u32 = 45;

fn go(bytes: &[u8]) -> Result<Decoded, CodecError> {
    crate::decode(bytes, &Decode::default(), &Budget::default(), &Cancel::never())
}

fn rgb() -> Vec<u8> {
    (0..HEIGHT).flat_map(|y| (0..WIDTH).flat_map(move |x| [(x * 3) as u8, (y * 5) as u8, (x + y) as u8])).collect()
}

fn make(format: tj::TJPF, data: &[u8], extra: &[(tj::TJPARAM, i32)]) -> Vec<u8> {
    let mut all = vec![(tj::TJPARAM_TJPARAM_QUALITY, 95), (tj::TJPARAM_TJPARAM_SUBSAMP, tj::TJSAMP_TJSAMP_444)];
    all.extend_from_slice(extra);
    codec::compress(WIDTH, HEIGHT, data, format, &all).unwrap()
}

fn near(a: &[u8], b: &[u8], allowed: u32) {
    assert_eq!(a.len(), b.len());
    let sum: u32 = a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    assert!(sum <= allowed * a.len() as u32, "mean difference {}", f64::from(sum) / a.len() as f64);
}

/// Puts segments behind the start marker.
fn with_segments(bytes: &[u8], segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut out = bytes[..2].to_vec();
    for (code, body) in segments {
        out.extend_from_slice(&[0xFF, *code]);
        out.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
        out.extend_from_slice(body);
    }
    out.extend_from_slice(&bytes[2..]);
    out
}

#[test]
fn every_sampling_and_coding() {
    for sampling in [
        tj::TJSAMP_TJSAMP_444,
        tj::TJSAMP_TJSAMP_422,
        tj::TJSAMP_TJSAMP_420,
        tj::TJSAMP_TJSAMP_440,
        tj::TJSAMP_TJSAMP_411,
    ] {
        for extra in [
            vec![],
            vec![(tj::TJPARAM_TJPARAM_PROGRESSIVE, 1)],
            vec![(tj::TJPARAM_TJPARAM_RESTARTROWS, 1)],
            vec![(tj::TJPARAM_TJPARAM_PROGRESSIVE, 1), (tj::TJPARAM_TJPARAM_RESTARTBLOCKS, 3)],
        ] {
            let extra = [vec![(tj::TJPARAM_TJPARAM_SUBSAMP, sampling)], extra].concat();
            let out = go(&make(tj::TJPF_TJPF_RGB, &rgb(), &extra)).unwrap();
            near(&out.picture.frames[0].pixels.data, &rgb(), 3);
        }
    }
}

/// Our decoder's pixels beside libjpeg-turbo's, which widens colour by the same filter: its rounding differs by a level or two.
#[test]
fn whole_pictures_are_those_of_libjpeg() {
    let (whole, half, eighth) = (None, Some((WIDTH.div_ceil(2), HEIGHT.div_ceil(2))), Some((5, 3)));
    for (sampling, sizes) in [
        (tj::TJSAMP_TJSAMP_444, vec![whole, half, eighth]),
        (tj::TJSAMP_TJSAMP_420, vec![whole, half]),
        (tj::TJSAMP_TJSAMP_422, vec![whole]),
        (tj::TJSAMP_TJSAMP_440, vec![whole]),
        (tj::TJSAMP_TJSAMP_GRAY, vec![whole, half, eighth]),
    ] {
        for progressive in [0, 1] {
            let extra = [(tj::TJPARAM_TJPARAM_SUBSAMP, sampling), (tj::TJPARAM_TJPARAM_PROGRESSIVE, progressive)];
            let file = make(tj::TJPF_TJPF_RGB, &rgb(), &extra);
            for at_least in &sizes {
                let ask = Decode { at_least: *at_least, ..Decode::default() };
                let (budget, cancel) = (Budget::default(), Cancel::never());
                let markers = Markers::read(&file).unwrap();
                let info = info(&markers, &budget).unwrap();
                let ours = whole::decode(&file, &markers, &info, (&ask, &budget, &cancel)).unwrap();
                let ours = ours.unwrap_or_else(|| panic!("not taken: {sampling} {at_least:?}"));
                let theirs = decode_here(&file, &markers, &info, (&ask, &budget, &cancel)).unwrap();
                let (a, b) = (&ours.picture.frames[0].pixels, &theirs.picture.frames[0].pixels);
                assert_eq!((a.width, a.height), (b.width, b.height));
                let off = a.data.iter().zip(&b.data).map(|(a, b)| a.abs_diff(*b));
                let (most, sum) = off.fold((0, 0u64), |(most, sum), d| (most.max(d), sum + u64::from(d)));
                let mean = sum as f64 / a.data.len() as f64;
                // Shrunk, colour comes from twice the frequencies, and nothing is widened.
                let (most_allowed, mean_allowed) = if at_least.is_none() { (4, 0.6) } else { (24, 2.0) };
                assert!(
                    most <= most_allowed && mean <= mean_allowed,
                    "{sampling} {progressive} {at_least:?}: {most} {mean}"
                );
            }
        }
    }
}

/// One column, one row, odd sides: the filter's edges.
#[test]
fn whole_pictures_of_any_size() {
    for (width, height) in [(1, 1), (1, 9), (2, 2), (3, 1), (17, 1), (16, 16), (33, 7)] {
        let flat = [200, 90, 40].repeat((width * height) as usize);
        for sampling in [tj::TJSAMP_TJSAMP_420, tj::TJSAMP_TJSAMP_422, tj::TJSAMP_TJSAMP_440] {
            let all = [(tj::TJPARAM_TJPARAM_QUALITY, 95), (tj::TJPARAM_TJPARAM_SUBSAMP, sampling)];
            let file = codec::compress(width, height, &flat, tj::TJPF_TJPF_RGB, &all).unwrap();
            let markers = Markers::read(&file).unwrap();
            let (ask, budget, cancel) = (Decode::default(), Budget::default(), Cancel::never());
            let info = info(&markers, &budget).unwrap();
            let out = whole::decode(&file, &markers, &info, (&ask, &budget, &cancel)).unwrap().unwrap();
            near(&out.picture.frames[0].pixels.data, &flat, 2);
        }
    }
}

#[test]
fn gray() {
    let gray: Vec<u8> = (0..WIDTH * HEIGHT).map(|i| (i % 200) as u8).collect();
    let file = make(tj::TJPF_TJPF_GRAY, &gray, &[(tj::TJPARAM_TJPARAM_SUBSAMP, tj::TJSAMP_TJSAMP_GRAY)]);
    let want: Vec<u8> = gray.iter().flat_map(|v| [*v; 3]).collect();
    near(&go(&file).unwrap().picture.frames[0].pixels.data, &want, 3);
    let profile = moxcms::ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let file = with_segments(&file, &[(0xE2, [b"ICC_PROFILE\0\x01\x01".as_slice(), &profile].concat())]);
    let out = go(&file).unwrap().picture.frames[0].pixels.data.clone();
    let at = gray.iter().position(|v| *v == 55).unwrap() * 3;
    assert!(out[at].abs_diff(128) < 12, "{}", out[at]);
}

#[test]
fn inks() {
    // Stored inverted, as Adobe's programs do: 255 is no ink.
    let inks: Vec<u8> = (0..WIDTH * HEIGHT)
        .flat_map(|i| match i % WIDTH {
            0..=21 => [0, 255, 255, 255],
            22..=43 => [255, 255, 0, 255],
            _ => [255, 255, 255, 0],
        })
        .collect();
    for space in [tj::TJCS_TJCS_CMYK, tj::TJCS_TJCS_YCCK] {
        let extra = [(tj::TJPARAM_TJPARAM_COLORSPACE, space as i32)];
        let out = go(&make(tj::TJPF_TJPF_CMYK, &inks, &extra)).unwrap();
        assert_eq!(out.picture.channels(), Channels::Rgb);
        let data = &out.picture.frames[0].pixels.data;
        let pixel = |x: usize| &data[(20 * WIDTH as usize + x) * 3..][..3];
        near(pixel(5), &[0, 255, 255], 6);
        near(pixel(30), &[255, 255, 0], 6);
        near(pixel(60), &[0, 0, 0], 6);
    }
}

#[test]
fn profile_in_parts_out_of_order() {
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let (first, second) = profile.split_at(profile.len() / 2);
    let part = |number: u8, data: &[u8]| (0xE2, [b"ICC_PROFILE\0", &[number, 2][..], data].concat());
    let flat = [200, 50, 50].repeat((WIDTH * HEIGHT) as usize);
    let plain = make(tj::TJPF_TJPF_RGB, &flat, &[]);
    let out = go(&with_segments(&plain, &[part(2, second), part(1, first)])).unwrap();
    assert!(out.picture.frames[0].pixels.data[0] > 210);
    assert!(go(&plain).unwrap().picture.frames[0].pixels.data[0] < 205);
}

#[test]
fn orientation() {
    let plain = make(tj::TJPF_TJPF_RGB, &rgb(), &[]);
    assert_eq!(go(&plain).unwrap().info.orientation, 1);
    for value in 1..=8 {
        let file = with_segments(&plain, &[(0xE1, [b"Exif\0\0".as_slice(), &block(value)].concat())]);
        let out = go(&file).unwrap();
        assert_eq!((out.info.orientation, out.info.width, out.info.height), (value, WIDTH, HEIGHT));
        assert_eq!(out.picture.width(), WIDTH);
    }
}

#[test]
fn a_progressive_file_cut_between_scans_is_truncated() {
    let file = make(tj::TJPF_TJPF_RGB, &rgb(), &[(tj::TJPARAM_TJPARAM_PROGRESSIVE, 1)]);
    let scans: Vec<usize> = memchr::memmem::find_iter(&file, &[0xFF, 0xDA]).collect();
    assert!(scans.len() > 4);
    for at in &scans[1..] {
        for end in [&[][..], &[0xFF, 0xD9]] {
            let cut = [&file[..*at], end].concat();
            assert!(matches!(go(&cut), Err(CodecError::Truncated(_))), "{at}");
        }
    }
}

#[test]
fn an_end_marker_behind_a_cut_does_not_hide_it() {
    for progressive in [0, 1] {
        let file = make(tj::TJPF_TJPF_RGB, &rgb(), &[(tj::TJPARAM_TJPARAM_PROGRESSIVE, progressive)]);
        for lost in [20, 100, 400] {
            let cut = [&file[..file.len() - lost], &[0xFF, 0xD9]].concat();
            assert!(matches!(go(&cut), Err(CodecError::Truncated(_) | CodecError::Corrupt(_))), "{lost}");
        }
    }
}

#[test]
fn bytes_after_the_end_do_no_harm() {
    let file = make(tj::TJPF_TJPF_RGB, &rgb(), &[]);
    let whole = go(&file).unwrap();
    assert_eq!(go(&[&file[..], b"trailing bytes \xFF\xD8\xFF\xC0"].concat()), Ok(whole));
}

#[test]
fn precisions_and_processes_that_are_not_read() {
    let file = make(tj::TJPF_TJPF_RGB, &rgb(), &[]);
    let sof = memchr::memmem::find(&file, &[0xFF, 0xC0]).unwrap();
    for (at, value) in [(sof + 1, 0xC3), (sof + 4, 12)] {
        let mut bad = file.clone();
        bad[at] = value;
        assert!(matches!(go(&bad), Err(CodecError::Unsupported(_))));
    }
}
