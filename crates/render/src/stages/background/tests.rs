#![allow(clippy::unwrap_used, clippy::expect_used)]
use codec::Budget;
use plan::{Fixed, Stage};

use super::*;
use crate::pictures::Pictures;
use crate::stages::resample::tests::{asks, noise};
use crate::stages::tests::{PLAIN, Setup, at, letters, one, read, rgb, rgba, run};

#[test]
fn a_blur_ends_within_itself_when_nobody_waits() {
    let picture = noise(400, 300, Channels::Rgb);
    let count = asks(|cancel| {
        let (budget, pictures) = (Budget::default(), Pictures::new(&[]));
        let scope = Scope { budget: &budget, cancel, cap: 8192, holds_alpha: false, pictures: &pictures, depth: 0 };
        let fill = Fill::new(Background::Blur(plan::BlurFill::PLAIN), &picture, &scope);
        frame(picture.clone(), Size::new(400, 600), (0, 150), &fill, &scope)
    });
    // One scaling down to 67x100, the blur's columns and rows, one scaling up, 600 rows pasted.
    assert_eq!(count, 1 + 2 + 2 + 1 + 10);
}

fn pad(background: Background) -> Stage {
    Stage::Pad(plan::Pad { top: 0, right: 0, bottom: 0, left: 6, background })
}

#[test]
fn mirrors_repeat_for_as_long_as_it_takes() {
    assert_eq!(read(&one(letters(&["abc"]), &[pad(Background::Mirror)])), ["abccbaabc"]);
    let bars = Stage::Pad(plan::Pad { top: 2, right: 2, bottom: 3, left: 0, background: Background::Mirror });
    assert_eq!(read(&one(letters(&["ab", "cd"]), &[bars])), ["cddc", "abba", "abba", "cddc", "cddc", "abba", "abba"]);
}

#[test]
fn every_background_under_every_stage_that_has_one() {
    use plan::{Dim, Fit, Region, Resize};
    // Red above green, a transparent pixel in the middle.
    let picture = || {
        rgba(20, 20, |x, y| match (x, y) {
            (8..12, 8..12) => [0; 4],
            (_, 0..12) => [200, 0, 0, 255],
            _ => [0, 100, 0, 255],
        })
    };
    let (white, black) = (Color::WHITE, Color::BLACK);
    let way = plan::GradientShape::Linear { degrees: Fixed::new(90.0), stop: Fixed::ONE };
    let gradient = Gradient { shape: way, from: black, to: white, mix: plan::Mix::Srgb };
    let wide = |background| {
        Stage::Resize(Resize { background, ..Resize::new(Some(Dim::Px(40)), Some(Dim::Px(20)), Fit::Contain) })
    };
    let window = |background| {
        Stage::Extract(Region::Window {
            width: Some(Dim::Px(40)),
            height: None,
            gravity: plan::Gravity::CENTER,
            pad: Some(background),
            cut: true,
        })
    };
    let bars = |background| Stage::Pad(plan::Pad { top: 0, right: 10, bottom: 0, left: 10, background });
    for (background, top_left, bottom_right) in [
        (Background::Grid { first: white, second: black, size: 3 }, [255, 255, 255], [0, 0, 0]),
        (Background::Dominant, [200, 0, 0], [200, 0, 0]),
        (Background::DominantEdge, [200, 0, 0], [200, 0, 0]),
        (Background::DominantGradient(2), [200, 0, 0], [0, 100, 0]),
        (Background::DominantGradient(4), [200, 0, 0], [0, 100, 0]),
        (Background::Gradient(gradient), [3, 3, 3], [252, 252, 252]),
        (Background::Mirror, [200, 0, 0], [0, 100, 0]),
        (Background::Edge, [200, 0, 0], [0, 100, 0]),
    ] {
        for stage in [wide(background), window(background), bars(background)] {
            let out = one(picture(), std::slice::from_ref(&stage));
            assert_eq!((out.width, out.height), (40, 20));
            assert_eq!(
                (at(&out, 0, 0), at(&out, 39, 19)),
                (&[&top_left[..], &[255]].concat()[..], &[&bottom_right[..], &[255]].concat()[..]),
                "{stage:?}"
            );
            assert_eq!(at(&out, 20, 10)[3], 0, "the picture's own hole stays: {stage:?}");
        }
        let flat = one(picture(), &[Stage::Flatten(background)]);
        assert_eq!((flat.channels, at(&flat, 0, 0)), (Channels::Rgb, &[200, 0, 0][..]), "{background:?}");
        let turned = one(picture(), &[Stage::Rotate { degrees: Fixed::new(45.0), background }]);
        // A mirror shows the hole once more, in the corners.
        let corner = if background == Background::Mirror { 0 } else { 255 };
        assert_eq!((turned.width, at(&turned, 0, 0)[3]), (29, corner), "{background:?}");
    }
}

#[test]
fn a_blurred_picture_may_be_brightened_tinted_and_faint() {
    let grey = || rgb(30, 30, |_, _| [100; 3]);
    let blur = |change: fn(&mut BlurFill)| {
        let mut fill = BlurFill::PLAIN;
        change(&mut fill);
        let setup = Setup { holds_alpha: true, ..PLAIN };
        let stage = Stage::Pad(plan::Pad { top: 0, right: 30, bottom: 0, left: 0, background: Background::Blur(fill) });
        run(&setup, vec![grey()], &[stage]).unwrap().frames.remove(0).pixels
    };
    for (change, want) in [
        ((|_| {}) as fn(&mut BlurFill), &[100, 100, 100][..]),
        (|b| b.brightness = Fixed::new(0.2), &[151; 3]),
        (|b| b.brightness = Fixed::new(-0.5), &[0; 3]),
        (|b| b.tint = Some(Color::rgb(200, 0, 100).with_alpha(51)), &[120, 80, 100]),
        (|b| b.opacity = Fixed::new(0.4), &[100, 100, 100, 102]),
        (
            |b| {
                b.opacity = Fixed::new(0.4);
                b.under = Some(Color::WHITE);
            },
            &[193, 193, 193],
        ),
    ] {
        let out = blur(change);
        assert_eq!(at(&out, 45, 15), want);
    }
}

#[test]
fn a_blur_is_as_wide_as_it_is_told() {
    // A step between black and white, at the edge of a canvas: a Gaussian's integral across it.
    for sigma in [1.0, 2.4, 6.0, 20.0] {
        let step = rgb(200, 40, |x, _| if x < 100 { [0; 3] } else { [255; 3] });
        let fill = BlurFill { sigma: Some(Fixed::new(sigma)), ..BlurFill::PLAIN };
        let (budget, pictures, cancel) = (Budget::default(), Pictures::new(&[]), codec::Cancel::never());
        let scope =
            Scope { budget: &budget, cancel: &cancel, cap: 999, holds_alpha: false, pictures: &pictures, depth: 0 };
        let out = blur::filled(&step, Size::new(200, 40), &fill, Color::WHITE, &scope).unwrap();
        let width = |share: f64| (0..200).filter(|x| f64::from(at(&out, *x, 20)[0]) < 255.0 * share).count() as f64;
        // Between a sixth (one deviation below the middle) and five sixths.
        let found = (width(0.8413) - width(0.1587)) / 2.0;
        assert!((found - sigma).abs() <= 0.5 + 0.03 * sigma, "{sigma}: {found}");
    }
}
