//! Against libjpeg-turbo at full size.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::Random;
use jpeg::{Jpeg, Scale};
use turbojpeg_sys as tj;

/// Samples of three kinds, `kind` 0 to 2: noise, a slope, flat.
fn picture(kind: usize, width: usize, height: usize, channels: usize) -> Vec<u8> {
    let mut random = Random(7);
    (0..width * height * channels)
        .map(|i| {
            let (x, y, c) = (i / channels % width, i / channels / width, i % channels);
            match kind {
                0 => random.next() as u8,
                1 => (x * 3 + y * 2 + c * 50) as u8,
                _ => [200, 90, 30, 120][c],
            }
        })
        .collect()
}

fn full(file: &[u8]) -> Vec<jpeg::Plane> {
    let picture = Jpeg::read(file).unwrap();
    picture.decode(&vec![Scale::FULL; picture.components().len()], &mut || false).unwrap()
}

/// Holds all planes against libjpeg-turbo's.
fn compare(file: &[u8], what: &str) {
    let (ours, theirs) = (full(file), common::planes(file, 8));
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let (mut sum, mut count) = (0, 0);
    for (plane, (data, width, _)) in ours.iter().zip(&theirs) {
        for y in 0..plane.height {
            let theirs = &data[y as usize * width..][..plane.width as usize];
            for (x, (a, b)) in plane.row(y).iter().zip(theirs).enumerate() {
                assert!(a.abs_diff(*b) <= 1, "{what}: {a} for {b} at {x}, {y}");
                (sum, count) = (sum + i64::from(*a) - i64::from(*b), count + 1);
            }
        }
    }
    assert!(count < 3000 || sum.abs() * 100 <= count, "{what}: {sum} in {count} samples");
}

const SAMPLINGS: [tj::TJSAMP; 6] = [
    tj::TJSAMP_TJSAMP_444,
    tj::TJSAMP_TJSAMP_422,
    tj::TJSAMP_TJSAMP_420,
    tj::TJSAMP_TJSAMP_440,
    tj::TJSAMP_TJSAMP_411,
    tj::TJSAMP_TJSAMP_GRAY,
];

const SIZES: [(usize, usize); 8] = [(1, 1), (1, 40), (33, 1), (8, 8), (16, 17), (17, 33), (67, 45), (130, 70)];

#[test]
fn every_sampling_and_size() {
    for sampling in SAMPLINGS {
        for (width, height) in SIZES {
            for (kind, quality) in [(0, 100), (0, 60), (0, 5), (1, 90), (1, 1), (2, 75)] {
                for extra in [
                    None,
                    Some((tj::TJPARAM_TJPARAM_OPTIMIZE, 1)),
                    Some((tj::TJPARAM_TJPARAM_RESTARTBLOCKS, 1)),
                    Some((tj::TJPARAM_TJPARAM_RESTARTROWS, 1)),
                    Some((tj::TJPARAM_TJPARAM_PROGRESSIVE, 1)),
                ] {
                    let mut parameters =
                        vec![(tj::TJPARAM_TJPARAM_SUBSAMP, sampling), (tj::TJPARAM_TJPARAM_QUALITY, quality)];
                    parameters.extend(extra);
                    let file = common::compress(width, height, &picture(kind, width, height, 3), 3, &parameters);
                    compare(&file, &format!("sampling {sampling}, {width} x {height}, quality {quality}, {extra:?}"));
                }
            }
        }
    }
}

/// Photographs of the repository.
#[test]
fn photographs() {
    for name in ["cat.jpg", "portrait.jpg", "dogs.jpg", "fig-p3.jpg", "mountains.jpg"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name);
        compare(&std::fs::read(path).unwrap(), name);
    }
}

#[test]
fn the_longest_sides() {
    for (width, height) in [(65_500, 2), (3, 65_500)] {
        let parameters = [(tj::TJPARAM_TJPARAM_QUALITY, 70), (tj::TJPARAM_TJPARAM_SUBSAMP, tj::TJSAMP_TJSAMP_420)];
        let file = common::compress(width, height, &picture(0, width, height, 3), 3, &parameters);
        compare(&file, &format!("{width} x {height}"));
    }
}
