//! At every scale against the definition, computed in floating point from all coefficients.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Random, textbook};
use jpeg::{Jpeg, Scale};
use turbojpeg_sys as tj;

/// Slopes, edges and noise.
fn picture(width: usize, height: usize, channels: usize) -> Vec<u8> {
    let mut random = Random(11);
    (0..width * height * channels)
        .map(|i| {
            let (x, y, c) = (i / channels % width, i / channels / width, i % channels);
            let edge = if (x / 13 + y / 11 + c) % 3 == 0 { 90 } else { 0 };
            let noise = if x > width / 2 { random.below(60) } else { 0 };
            (x * 2 + y + edge + noise).min(255) as u8
        })
        .collect()
}

/// Holds a file, at scales given for each component in turn, against the definition applied to `baseline`, which has the
/// same coefficients.
fn compare(file: &[u8], baseline: &[u8], scales: &[u8], what: &str) {
    let picture = Jpeg::read(file).unwrap();
    let scales: Vec<Scale> =
        (0..picture.components().len()).map(|i| Scale::new(scales[i % scales.len()]).unwrap()).collect();
    let planes = picture.decode(&scales, &mut || false).unwrap();
    let total: usize = planes.iter().map(|plane| plane.data.len()).sum();
    assert!(total as u64 <= picture.decode_bytes(&scales).unwrap(), "{what}");
    let (mut sum, mut count) = (0.0, 0.0);
    for (i, (plane, coefficients)) in planes.iter().zip(textbook::coefficients(baseline)).enumerate() {
        let (width, height, want) = coefficients.samples(scales[i].eighths().into());
        assert_eq!((plane.width as usize, plane.height as usize), (width, height), "{what}");
        for y in 0..height {
            let row = plane.row(y as u32);
            assert_eq!(row.len(), width);
            for (x, (got, want)) in row.iter().zip(&want[y * width..]).enumerate() {
                let difference = f64::from(*got) - want;
                assert!(difference.abs() < 1.0, "{what}: {got} for {want} at {x}, {y} of plane {i}");
                (sum, count) = (sum + difference, count + 1.0);
            }
        }
    }
    if count > 10_000.0 {
        // Eighths are rounded half up: half of a sixteenth to an eighth above the mean, where values are that coarse.
        assert!((sum / count).abs() < 0.15, "{what}: mean difference {}", sum / count);
    }
}

#[test]
fn every_scale_of_every_sampling() {
    for sampling in [
        tj::TJSAMP_TJSAMP_444,
        tj::TJSAMP_TJSAMP_422,
        tj::TJSAMP_TJSAMP_420,
        tj::TJSAMP_TJSAMP_440,
        tj::TJSAMP_TJSAMP_411,
        tj::TJSAMP_TJSAMP_GRAY,
    ] {
        for (width, height) in [(1, 1), (1, 30), (9, 9), (35, 21), (131, 77)] {
            for quality in [30, 97] {
                let parameters = [(tj::TJPARAM_TJPARAM_SUBSAMP, sampling), (tj::TJPARAM_TJPARAM_QUALITY, quality)];
                let file = common::compress(width, height, &picture(width, height, 3), 3, &parameters);
                for n in 1..=8 {
                    compare(&file, &file, &[n], &format!("{n}/8, sampling {sampling}, {width} x {height}, {quality}"));
                }
                for mixed in [&[2, 4][..], &[1, 2], &[4, 8], &[8, 1, 5], &[3, 6, 7]] {
                    compare(&file, &file, mixed, &format!("{mixed:?}, sampling {sampling}, {width} x {height}"));
                }
            }
        }
    }
}

#[test]
fn pictures_large_enough_for_the_table_of_skips() {
    let (width, height) = (900, 700);
    for (quality, optimised, channels) in [(25, 0, 3), (85, 1, 3), (100, 1, 3), (90, 0, 4), (92, 1, 1)] {
        let sampling = if channels == 3 { tj::TJSAMP_TJSAMP_420 } else { tj::TJSAMP_TJSAMP_444 };
        let mut parameters = vec![(tj::TJPARAM_TJPARAM_QUALITY, quality), (tj::TJPARAM_TJPARAM_OPTIMIZE, optimised)];
        parameters.push((tj::TJPARAM_TJPARAM_SUBSAMP, if channels == 1 { tj::TJSAMP_TJSAMP_GRAY } else { sampling }));
        let file = common::compress(width, height, &picture(width, height, channels), channels, &parameters);
        for n in 1..=8 {
            compare(&file, &file, &[n], &format!("{n}/8, quality {quality}, {channels} channels"));
        }
    }
}

#[test]
fn restarts() {
    let (width, height) = (310, 205);
    for (parameter, interval) in [
        (tj::TJPARAM_TJPARAM_RESTARTBLOCKS, 1),
        (tj::TJPARAM_TJPARAM_RESTARTBLOCKS, 7),
        (tj::TJPARAM_TJPARAM_RESTARTROWS, 1),
        (tj::TJPARAM_TJPARAM_RESTARTROWS, 3),
    ] {
        let parameters = [
            (tj::TJPARAM_TJPARAM_QUALITY, 80),
            (tj::TJPARAM_TJPARAM_SUBSAMP, tj::TJSAMP_TJSAMP_420),
            (parameter, interval),
        ];
        let file = common::compress(width, height, &picture(width, height, 3), 3, &parameters);
        assert!(Jpeg::read(&file).unwrap().restart_interval() > 0);
        for n in 1..=8 {
            compare(&file, &file, &[n], &format!("{n}/8, {parameter} {interval}"));
        }
    }
}

#[test]
fn progressive() {
    for (width, height, quality, sampling) in [
        (1, 1, 90, tj::TJSAMP_TJSAMP_444),
        (35, 21, 98, tj::TJSAMP_TJSAMP_420),
        (131, 77, 20, tj::TJSAMP_TJSAMP_411),
        (310, 205, 85, tj::TJSAMP_TJSAMP_422),
        (67, 140, 60, tj::TJSAMP_TJSAMP_GRAY),
    ] {
        for restarts in [0, 1, 5] {
            let parameters = [
                (tj::TJPARAM_TJPARAM_SUBSAMP, sampling),
                (tj::TJPARAM_TJPARAM_QUALITY, quality),
                (tj::TJPARAM_TJPARAM_PROGRESSIVE, 1),
                (tj::TJPARAM_TJPARAM_RESTARTBLOCKS, restarts),
            ];
            let file = common::compress(width, height, &picture(width, height, 3), 3, &parameters);
            assert!(Jpeg::read(&file).unwrap().progressive());
            let baseline = common::recode(&file, false);
            for scales in [&[1][..], &[2], &[3], &[4], &[5], &[6], &[7], &[8], &[2, 4], &[1, 8], &[8, 1]] {
                compare(&file, &baseline, scales, &format!("{scales:?}, {width} x {height}, restarts {restarts}"));
            }
        }
    }
}

/// What refinements leave out is bounded, DC is exact, and the default is exact.
#[test]
fn dropped_refinements() {
    let (width, height) = (310, 205);
    let parameters = [
        (tj::TJPARAM_TJPARAM_SUBSAMP, tj::TJSAMP_TJSAMP_420),
        (tj::TJPARAM_TJPARAM_QUALITY, 90),
        (tj::TJPARAM_TJPARAM_PROGRESSIVE, 1),
    ];
    let file = common::compress(width, height, &picture(width, height, 3), 3, &parameters);
    let picture = Jpeg::read(&file).unwrap();
    let mut last = f64::INFINITY;
    for n in 1..=8 {
        let scales = [Scale::new(n).unwrap(); 3];
        let exact = picture.decode(&scales, &mut || false).unwrap();
        for (drop_refinements_below, most) in [(0, 0.0), (8, 0.8), (u32::MAX, 6.0)] {
            let options = jpeg::Options { drop_refinements_below };
            let planes = picture.decode_with(&scales, &options, &mut || false).unwrap();
            let luma = |planes: &[jpeg::Plane]| (0..exact[0].height).flat_map(|y| planes[0].row(y).to_vec()).collect();
            let (a, b): (Vec<u8>, Vec<u8>) = (luma(&exact), luma(&planes));
            let difference: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
            last = (difference / a.len() as f64).sqrt();
            assert!(last <= if n == 1 { 0.0 } else { most }, "{n}/8, {drop_refinements_below}: {last}");
        }
    }
    assert!(last > 0.5, "nothing was left out");
}
