//! Forms that a file may take: one scan for each component, fill bytes, what stands around the picture, colours.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::Random;
use jpeg::{Color, Error, Jpeg, Plane, Scale};
use turbojpeg_sys as tj;

fn picture(width: usize, height: usize, channels: usize, seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    (0..width * height * channels)
        .map(|i| ((i / channels % width * 3 + i / channels / width * 2) as u32 + random.next() % 40) as u8)
        .collect()
}

fn decode(file: &[u8], n: u8) -> Result<Vec<Plane>, Error> {
    let picture = Jpeg::read(file)?;
    picture.decode(&vec![Scale::new(n).unwrap(); picture.components().len()], &mut || false)
}

fn rows(plane: &Plane) -> Vec<Vec<u8>> {
    (0..plane.height).map(|y| plane.row(y).to_vec()).collect()
}

/// A segment of a file: its code, and where it begins and ends.
fn segments(file: &[u8]) -> Vec<(u8, usize, usize)> {
    let (mut at, mut found) = (2, Vec::new());
    while file[at + 1] != 0xD9 {
        let end = at + 2 + (usize::from(file[at + 2]) << 8 | usize::from(file[at + 3]));
        found.push((file[at + 1], at, end));
        at = end;
        if found.last().unwrap().0 == 0xDA {
            while file[at] != 0xFF || matches!(file[at + 1], 0 | 0xD0..=0xD7) {
                at += 1;
            }
        }
    }
    found
}

/// Three gray files become the three scans of one: the blocks of a component that is coded alone lie as in a file of its
/// own (ITU-T T.81, A.2.2).
#[test]
fn one_scan_for_each_component() {
    for restarts in [0, 3] {
        let (width, height) = (75_usize, 53_usize);
        let parameters = [
            (tj::TJPARAM_TJPARAM_QUALITY, 85),
            (tj::TJPARAM_TJPARAM_SUBSAMP, tj::TJSAMP_TJSAMP_GRAY),
            (tj::TJPARAM_TJPARAM_RESTARTBLOCKS, restarts),
        ];
        let gray: Vec<Vec<u8>> = [
            (width, height, 1),
            (width.div_ceil(2), height.div_ceil(2), 2),
            (width.div_ceil(2), height.div_ceil(2), 3),
        ]
        .iter()
        .map(|(w, h, seed)| common::compress(*w, *h, &picture(*w, *h, 3, *seed), 3, &parameters))
        .collect();
        let mut file = vec![0xFF, 0xD8];
        for (code, from, to) in segments(&gray[0]) {
            match code {
                0xC0 => {
                    file.extend([0xFF, 0xC0, 0, 17, 8, 0, height as u8, 0, width as u8, 3]);
                    file.extend([1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0]);
                }
                0xDA => {}
                _ => file.extend(&gray[0][from..to]),
            }
        }
        for (id, gray) in (1..).zip(&gray) {
            let (_, _, data) = *segments(gray).iter().find(|s| s.0 == 0xDA).unwrap();
            file.extend([0xFF, 0xDA, 0, 8, 1, id, 0x00, 0, 63, 0]);
            file.extend(&gray[data..gray.len() - 2]);
        }
        let without_last = file.len() - 40;
        file.extend([0xFF, 0xD9]);
        for n in 1..=8 {
            let planes = decode(&file, n).unwrap();
            for (plane, gray) in planes.iter().zip(&gray) {
                assert_eq!(rows(plane), rows(&decode(gray, n).unwrap()[0]), "{n}/8");
            }
            assert!(matches!(decode(&file[..without_last], n), Err(Error::Truncated(_))));
        }
        let headers = segments(&file);
        let last = headers.iter().rfind(|s| s.0 == 0xDA).unwrap().1;
        let unfinished = [&file[..last], &[0xFF, 0xD9]].concat();
        assert_eq!(decode(&unfinished, 8), Err(Error::Truncated("a component was never coded")));
        // The second component once more, where the third should come.
        let mut twice = file.clone();
        twice[last + 5] = 2;
        assert!(matches!(decode(&twice, 8), Err(Error::Unsupported(_))));
    }
}

#[test]
fn fill_bytes_and_surroundings() {
    let (width, height) = (61, 40);
    for progressive in [0, 1] {
        let parameters = [
            (tj::TJPARAM_TJPARAM_QUALITY, 85),
            (tj::TJPARAM_TJPARAM_SUBSAMP, tj::TJSAMP_TJSAMP_422),
            (tj::TJPARAM_TJPARAM_PROGRESSIVE, progressive),
            (tj::TJPARAM_TJPARAM_RESTARTBLOCKS, 2),
        ];
        let file = common::compress(width, height, &picture(width, height, 3, 4), 3, &parameters);
        let whole = decode(&file, 8).unwrap();
        // Any marker may have fill bytes before it (B.1.1.2).
        let mut filled = Vec::new();
        for (i, byte) in file.iter().enumerate() {
            let marker = *byte == 0xFF && matches!(file.get(i + 1), Some(0xC0..=0xFE));
            let heads = segments(&file).iter().any(|s| s.1 == i) || matches!(file.get(i + 1), Some(0xD0..=0xD9));
            if marker && heads && i > 0 {
                filled.extend([0xFF, 0xFF]);
            }
            filled.push(*byte);
        }
        assert!(filled.len() > file.len() + 20);
        assert_eq!(decode(&filled, 8).as_ref(), Ok(&whole));
        let surrounded = [&file[..], b"trailing \xFF\xD8\xFF\xC0\x00\x01"].concat();
        assert_eq!(decode(&surrounded, 8).as_ref(), Ok(&whole));
        // A picture inside of a segment is none of ours.
        let mut nested = file[..2].to_vec();
        nested.extend([0xFF, 0xE1]);
        nested.extend((file.len() as u16 + 2).to_be_bytes());
        nested.extend(&file);
        nested.extend(&file[2..]);
        assert_eq!(decode(&nested, 8).as_ref(), Ok(&whole));
    }
}

#[test]
fn colors_and_sampling() {
    let (width, height) = (40, 24);
    let make = |channels: usize, space: tj::TJCS, sampling: tj::TJSAMP| {
        let parameters = [
            (tj::TJPARAM_TJPARAM_QUALITY, 85),
            (tj::TJPARAM_TJPARAM_SUBSAMP, sampling),
            (tj::TJPARAM_TJPARAM_COLORSPACE, space as i32),
        ];
        common::compress(width, height, &picture(width, height, channels, 6), channels, &parameters)
    };
    for (channels, space, sampling, color, factors) in [
        (3, tj::TJCS_TJCS_GRAY, tj::TJSAMP_TJSAMP_GRAY, Color::Gray, (1, 1)),
        (3, tj::TJCS_TJCS_YCbCr, tj::TJSAMP_TJSAMP_420, Color::YCbCr, (2, 2)),
        (3, tj::TJCS_TJCS_YCbCr, tj::TJSAMP_TJSAMP_411, Color::YCbCr, (4, 1)),
        (3, tj::TJCS_TJCS_RGB, tj::TJSAMP_TJSAMP_444, Color::Rgb, (1, 1)),
        (4, tj::TJCS_TJCS_CMYK, tj::TJSAMP_TJSAMP_444, Color::Cmyk, (1, 1)),
        (4, tj::TJCS_TJCS_YCCK, tj::TJSAMP_TJSAMP_420, Color::Ycck, (2, 2)),
    ] {
        let file = make(channels, space, sampling);
        let picture = Jpeg::read(&file).unwrap();
        assert_eq!(picture.color(), color);
        assert_eq!((picture.width(), picture.height()), (40, 24));
        assert!(!picture.progressive() && picture.restart_interval() == 0);
        let first = &picture.components()[0];
        assert_eq!((first.horizontal, first.vertical), factors);
        assert_eq!((first.width, first.height), (40, 24));
        assert!(first.steps[0] > 0 && first.steps[63] > first.steps[0], "{:?}", first.steps);
        if let Some(second) = picture.components().get(1) {
            assert_eq!((second.width, second.height), (40 / u32::from(factors.0), 24 / u32::from(factors.1)));
        }
        assert_eq!(picture.adobe_transform().is_some(), matches!(color, Color::Rgb | Color::Cmyk | Color::Ycck));
        assert_eq!(picture.jfif(), matches!(color, Color::Gray | Color::YCbCr));
        for n in [1, 3, 8] {
            decode(&file, n).unwrap();
        }
    }
}

#[test]
fn one_scale_for_each_component() {
    let parameters = [(tj::TJPARAM_TJPARAM_QUALITY, 85), (tj::TJPARAM_TJPARAM_SUBSAMP, tj::TJSAMP_TJSAMP_420)];
    let file = common::compress(20, 20, &picture(20, 20, 3, 8), 3, &parameters);
    let picture = Jpeg::read(&file).unwrap();
    for scales in [&[][..], &[Scale::FULL], &[Scale::FULL; 4]] {
        assert!(matches!(picture.decode(scales, &mut || false), Err(Error::Unsupported(_))));
        assert!(picture.decode_bytes(scales).is_err());
    }
    assert_eq!((Scale::new(0), Scale::new(9), Scale::new(8)), (None, None, Some(Scale::FULL)));
    assert_eq!((Scale::EIGHTH.of(1), Scale::HALF.of(17), Scale::FULL.of(65_535)), (1, 9, 65_535));
}
