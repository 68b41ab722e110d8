#![allow(clippy::unwrap_used, clippy::expect_used)]

use codec::{Budget, Cancel, Channels, CodecError, Frame, Info, Kind, Picture, Pixels};
use plan::{Adjust, Color, Dim, Fixed, Region, Stage};

use super::luma::{byte, luma};
use crate::pictures::Pictures;
use crate::scope::Scope;
use crate::stages::resample::tests::{asks, noise};
use crate::work::Work;

fn changed(frames: Vec<Pixels>, stages: &[Stage], budget: Budget, cancel: &Cancel) -> Result<Vec<Frame>, CodecError> {
    let (width, height) = (frames[0].width, frames[0].height);
    let info = Info { kind: Kind::Png, width, height, orientation: 1, may_have_alpha: true, frames: 1 };
    let frames = frames.into_iter().map(|pixels| Frame { pixels, delay_ms: 0 }).collect();
    let pictures = Pictures::new(&[]);
    let scope = Scope { budget: &budget, cancel, cap: 8192, holds_alpha: true, pictures: &pictures, depth: 0 };
    let mut work = Work::new(Picture { frames, loops: 0 }, &info);
    crate::stages::run(stages, &mut work, &info, &scope)?;
    Ok(work.finish(&scope)?.frames)
}

fn of(pixels: Pixels, adjusts: &[Adjust]) -> Pixels {
    let stages: Vec<Stage> = adjusts.iter().copied().map(Stage::Adjust).collect();
    changed(vec![pixels], &stages, Budget::default(), &Cancel::never()).unwrap().remove(0).pixels
}

fn rgb(colors: &[[u8; 3]]) -> Pixels {
    Pixels { width: colors.len() as u32, height: 1, channels: Channels::Rgb, data: colors.concat() }
}

fn f(value: f64) -> Fixed {
    Fixed::new(value)
}

#[test]
fn luminance_is_rounded_and_greys_are_their_own() {
    for v in 0..=255u8 {
        assert_eq!(luma(v, v, v), v);
    }
    for (r, g, b) in [(255, 0, 0), (0, 255, 0), (0, 0, 255), (12, 200, 77), (254, 3, 199)] {
        let exact = 0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b);
        assert_eq!(luma(r, g, b), exact.round() as u8);
    }
    for (value, want) in [(-3.0, 0), (0.49, 0), (0.51, 1), (127.3, 127), (254.6, 255), (1e9, 255)] {
        assert_eq!(byte(value), want, "{value}");
    }
}

#[test]
fn known_values() {
    let red = Color::rgb(255, 0, 0);
    for (adjust, from, want) in [
        (Adjust::Brightness(f(-0.5)), [200, 100, 255], [73, 0, 128]),
        (Adjust::Contrast(f(0.0)), [0, 77, 255], [128, 128, 128]),
        // One stop of linear light: 0.2140 to 0.4280.
        (Adjust::Exposure(f(1.0)), [128, 0, 255], [176, 0, 255]),
        (Adjust::Gamma(f(2.0)), [64, 0, 255], [128, 0, 255]),
        (Adjust::Highlights(f(-1.0)), [255, 255, 255], [255, 255, 255]),
        (Adjust::Highlights(f(-1.0)), [10, 10, 10], [10, 10, 10]),
        (Adjust::Shadows(f(1.0)), [10, 10, 10], [28, 28, 28]),
        (Adjust::Shadows(f(1.0)), [240, 240, 240], [240, 240, 240]),
        (Adjust::Hue(f(120.0)), [128, 128, 128], [128, 128, 128]),
        (Adjust::Saturation(f(0.0)), [255, 0, 0], [54, 54, 54]),
        (Adjust::Saturation(f(1000.0)), [90, 90, 90], [90, 90, 90]),
        (Adjust::Vibrance(f(1.0)), [255, 0, 0], [255, 0, 0]),
        (Adjust::Vibrance(f(1.0)), [100, 100, 120], [99, 99, 137]),
        (Adjust::Invert, [255, 0, 100], [0, 255, 155]),
        (Adjust::Grayscale, [0, 255, 0], [182, 182, 182]),
        (Adjust::Sepia(f(1.0)), [100, 100, 100], [135, 120, 94]),
        (Adjust::Monochrome(red), [100, 100, 100], [100, 0, 0]),
        (Adjust::Monochrome(red.with_alpha(51)), [100, 100, 100], [100, 80, 80]),
        (Adjust::Duotone { dark: red, light: Color::WHITE, strength: f(1.0) }, [51, 51, 51], [255, 51, 51]),
        (Adjust::Colorize(red.with_alpha(51)), [0, 100, 255], [51, 80, 204]),
        (Adjust::Linear { factor: f(2.0), offset: f(-0.5) }, [128, 0, 255], [129, 0, 255]),
        (Adjust::Threshold(128), [127, 127, 127], [0, 0, 0]),
        (Adjust::Threshold(128), [128, 128, 128], [255, 255, 255]),
        (Adjust::Threshold(0), [0, 0, 0], [255, 255, 255]),
        (Adjust::Stretch, [9, 9, 9], [9, 9, 9]),
        (Adjust::Replace { to: red, tolerance: f(0.0), from: Some(Color::BLACK) }, [0, 0, 1], [0, 0, 1]),
        (Adjust::Replace { to: red, tolerance: f(0.0), from: Some(Color::BLACK) }, [0, 0, 0], [255, 0, 0]),
    ] {
        assert_eq!(of(rgb(&[from]), &[adjust]).data, want, "{adjust} of {from:?}");
    }
}

/// Where detail is brought back, a brighter grey stays the brighter one.
#[test]
fn tones_keep_their_order() {
    let greys = rgb(&std::array::from_fn::<_, 256, _>(|v| [v as u8; 3]));
    for by in [-1.0, -0.5, 0.3, 1.0] {
        for adjust in
            [Adjust::Highlights(f(by)), Adjust::Shadows(f(by)), Adjust::Exposure(f(by)), Adjust::Gamma(f(0.5))]
        {
            let out = of(greys.clone(), &[adjust]);
            assert!(out.data.is_sorted(), "{adjust}");
        }
    }
    let enhanced = of(greys, &[Adjust::Enhance]);
    assert!(enhanced.data.is_sorted());
}

#[test]
fn vibrance_spares_skin_and_what_is_vivid() {
    let gain = |color: [u8; 3]| {
        let chroma = |p: &[u8]| f64::from(p.iter().max().unwrap() - p.iter().min().unwrap());
        chroma(&of(rgb(&[color]), &[Adjust::Vibrance(f(0.5))]).data) / chroma(&color)
    };
    let (sky, skin, vivid) = (gain([150, 170, 200]), gain([200, 170, 150]), gain([10, 60, 250]));
    assert!(sky > 1.35 && skin < 1.15 && skin > 1.05 && vivid < 1.1, "{sky} {skin} {vivid}");
}

#[test]
fn opacity_makes_room_for_itself() {
    let half = of(rgb(&[[10, 20, 30]]), &[Adjust::Opacity(f(0.5)), Adjust::Invert, Adjust::Opacity(f(0.5))]);
    assert_eq!((half.channels, &half.data[..]), (Channels::Rgba, &[245, 235, 225, 64][..]));
}

#[test]
fn an_animation_keeps_one_look() {
    let dark = || rgb(&[[50, 50, 50], [60, 60, 60]]);
    let bright = || rgb(&[[150, 150, 150], [100, 100, 100]]);
    let look = |frames, adjust| {
        let out = changed(frames, &[Stage::Adjust(adjust)], Budget::default(), &Cancel::never()).unwrap();
        out.into_iter().map(|frame| frame.pixels.data[0]).collect::<Vec<_>>()
    };
    assert_eq!(look(vec![dark(), bright()], Adjust::Stretch), [0, 255]);
    assert_eq!(look(vec![dark(), dark()], Adjust::Stretch), [0, 0]);
    let both = look(vec![dark(), bright(), dark()], Adjust::Enhance);
    assert_eq!(both[0], both[2]);
    let commonest = Adjust::Replace { to: Color::rgb(0, 0, 255), tolerance: f(1.0), from: None };
    let out = look(vec![rgb(&[[9, 9, 9], [1, 200, 1]]), rgb(&[[9, 9, 9], [80, 80, 80]])], commonest);
    assert_eq!(out, [0, 0]);
}

/// What was cut off, or is transparent, has no say in levels.
#[test]
fn only_what_is_seen_counts() {
    let stretch = Stage::Adjust(Adjust::Stretch);
    let cut = Region::Rect {
        x: Some(Dim::Px(1)),
        y: None,
        width: None,
        height: None,
        align: (plan::Horizontal::Left, plan::Vertical::Top),
    };
    let row = rgb(&[[0, 0, 0], [100, 100, 100], [200, 200, 200]]);
    let out = changed(vec![row], &[Stage::Extract(cut), stretch], Budget::default(), &Cancel::never()).unwrap();
    assert_eq!(out[0].pixels.data, [0, 0, 0, 255, 255, 255]);
    let data = vec![0, 0, 0, 0, 100, 100, 100, 255, 200, 200, 200, 255];
    let ghost = Pixels { width: 3, height: 1, channels: Channels::Rgba, data };
    assert_eq!(of(ghost, &[Adjust::Stretch]).data[4..], [0, 0, 0, 255, 255, 255, 255, 255]);
}

#[test]
fn many_rows_are_left_when_nobody_waits_and_alpha_asks_for_room() {
    let pixels = noise(8, 640, Channels::Rgb);
    for (adjust, least) in [(Adjust::Grayscale, 10), (Adjust::Enhance, 20), (Adjust::Opacity(f(0.5)), 10)] {
        let count = asks(|cancel| {
            changed(vec![pixels.clone()], &[Stage::Adjust(adjust)], Budget::default(), cancel)
                .map(|mut frames| frames.remove(0).pixels)
        });
        assert!(count >= least, "{adjust}: {count}");
    }
    let tight = Budget { memory: 8 * 640 * 5, ..Budget::default() };
    let fade = [Stage::Adjust(Adjust::Opacity(f(0.5)))];
    let error = changed(vec![pixels], &fade, tight, &Cancel::never()).unwrap_err();
    assert!(matches!(error, CodecError::OverBudget { what: "memory", .. }), "{error:?}");
}
