#![allow(clippy::unwrap_used, clippy::expect_used)]

use codec::{Budget, Cancel, Channels, CodecError, Frame, Info, Kind, Picture, Pixels};
use plan::{
    Background, Color, Dim, Enlarge, Fit, Fixed, Gravity, Horizontal, Orient, Pad, Region, Resize, Stage, Trim,
    TrimMode, Vertical,
};

use super::apply;
use crate::pictures::Pictures;
use crate::scope::Scope;
use crate::work::Work;

const RED: [u8; 3] = [255, 0, 0];
const WHITE: [u8; 3] = [255; 3];

pub(super) fn rgb(w: u32, h: u32, color: impl Fn(u32, u32) -> [u8; 3]) -> Pixels {
    let data = (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).flat_map(|(x, y)| color(x, y)).collect();
    Pixels { width: w, height: h, channels: Channels::Rgb, data }
}

pub(super) fn rgba(w: u32, h: u32, color: impl Fn(u32, u32) -> [u8; 4]) -> Pixels {
    let data = (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).flat_map(|(x, y)| color(x, y)).collect();
    Pixels { width: w, height: h, channels: Channels::Rgba, data }
}

/// A picture whose letters, row by row, are its red channel.
pub(super) fn letters(rows: &[&str]) -> Pixels {
    rgb(rows[0].len() as u32, rows.len() as u32, |x, y| [rows[y as usize].as_bytes()[x as usize], 0, 0])
}

pub(super) fn read(p: &Pixels) -> Vec<String> {
    let count = p.channels.count();
    p.data
        .chunks_exact(p.width as usize * count)
        .map(|row| row.chunks_exact(count).map(|p| char::from(p[0])).collect())
        .collect()
}

pub(super) fn at(p: &Pixels, x: u32, y: u32) -> &[u8] {
    let count = p.channels.count();
    let start = (y * p.width + x) as usize * count;
    &p.data[start..start + count]
}

pub(super) struct Setup {
    pub(super) stored: Option<(u32, u32)>,
    pub(super) orientation: u8,
    pub(super) holds_alpha: bool,
    pub(super) cap: u32,
    pub(super) budget: Budget,
}

pub(super) const PLAIN: Setup = Setup {
    stored: None,
    orientation: 1,
    holds_alpha: true,
    cap: 8192,
    budget: Budget {
        input_bytes: 1 << 20,
        input_pixels: 1 << 20,
        output_side: 8192,
        frames: 9,
        memory: 1 << 30,
        foreign: codec::Foreign::HERE,
    },
};

pub(super) fn run(setup: &Setup, frames: Vec<Pixels>, stages: &[Stage]) -> Result<Picture, CodecError> {
    let (width, height) = setup.stored.unwrap_or((frames[0].width, frames[0].height));
    let info = Info { kind: Kind::Png, width, height, orientation: setup.orientation, may_have_alpha: true, frames: 1 };
    let frames = frames.into_iter().map(|pixels| Frame { pixels, delay_ms: 40 }).collect();
    let cancel = Cancel::never();
    let (cap, holds_alpha, pictures) = (setup.cap, setup.holds_alpha, Pictures::new(&[]));
    let scope = Scope { budget: &setup.budget, cancel: &cancel, cap, holds_alpha, pictures: &pictures, depth: 0 };
    let mut work = Work::new(Picture { frames, loops: 3 }, &info);
    for (i, stage) in stages.iter().enumerate() {
        apply(stage, i == 0, &mut work, &info, &scope)?;
    }
    work.finish(&scope)
}

pub(super) fn one(pixels: Pixels, stages: &[Stage]) -> Pixels {
    run(&PLAIN, vec![pixels], stages).unwrap().frames.remove(0).pixels
}

fn resize(w: u32, h: u32, fit: Fit) -> Stage {
    Stage::Resize(Resize::new(Some(Dim::Px(w)), Some(Dim::Px(h)), fit))
}

#[test]
fn every_exif_orientation_comes_out_upright() {
    let upright = ["abc", "def"];
    for (orientation, stored) in [
        (1, &["abc", "def"][..]),
        (2, &["cba", "fed"]),
        (3, &["fed", "cba"]),
        (4, &["def", "abc"]),
        (5, &["ad", "be", "cf"]),
        (6, &["cf", "be", "ad"]),
        (7, &["fc", "eb", "da"]),
        (8, &["da", "eb", "fc"]),
    ] {
        let setup = Setup { orientation, ..PLAIN };
        let exif = run(&setup, vec![letters(stored)], &[Stage::Orient(Orient::Exif)]).unwrap();
        assert_eq!(read(&exif.frames[0].pixels), upright, "{orientation}");
        let fixed = run(&PLAIN, vec![letters(stored)], &[Stage::Orient(Orient::Fixed(orientation))]).unwrap();
        assert_eq!(read(&fixed.frames[0].pixels), upright, "{orientation}");
        let untouched = run(&setup, vec![letters(stored)], &[]).unwrap();
        assert_eq!(read(&untouched.frames[0].pixels), stored, "{orientation}");
    }
}

#[test]
fn flips_turns_and_cuts_in_any_order() {
    let abc = || letters(&["abc", "def"]);
    let turn = |degrees: f64| Stage::Rotate { degrees: Fixed::new(degrees), background: Background::Auto };
    let cut = |x: u32, y: u32, right: u32, bottom: u32| {
        Stage::Extract(Region::Corners { top_left: Some((x, y)), bottom_right: Some((right, bottom)) })
    };
    for (stages, want) in [
        (vec![Stage::Flip { horizontal: true, vertical: false }], vec!["cba", "fed"]),
        (vec![Stage::Flip { horizontal: false, vertical: true }], vec!["def", "abc"]),
        (vec![turn(90.0)], vec!["da", "eb", "fc"]),
        (vec![turn(270.0)], vec!["cf", "be", "ad"]),
        (vec![turn(180.0), turn(180.0)], vec!["abc", "def"]),
        (vec![turn(90.0), cut(0, 1, 1, 3)], vec!["e", "f"]),
        (vec![cut(1, 0, 3, 2), turn(90.0)], vec!["eb", "fc"]),
        (vec![cut(1, 0, 3, 2), Stage::Flip { horizontal: true, vertical: false }, cut(0, 0, 1, 2)], vec!["c", "f"]),
        (vec![turn(90.0), cut(0, 1, 2, 3), turn(90.0), cut(0, 0, 1, 2)], vec!["f", "c"]),
    ] {
        assert_eq!(read(&one(abc(), &stages)), want, "{stages:?}");
    }
}

#[test]
fn a_shrunk_picture_is_cut_where_the_full_one_would_be() {
    // Stored 40x20, lying on its side, decoded at a quarter: left half (upright: top half) red, rest white.
    let shrunk = rgb(10, 5, |x, _| if x < 5 { RED } else { WHITE });
    let setup = Setup { stored: Some((40, 20)), orientation: 6, ..PLAIN };
    let stages = |top: u32| {
        [
            Stage::Orient(Orient::Exif),
            Stage::Extract(Region::Corners { top_left: Some((0, top)), bottom_right: Some((20, top + 20)) }),
            resize(4, 4, Fit::Cover),
        ]
    };
    for (top, want) in [(0, RED), (20, WHITE)] {
        let out = run(&setup, vec![shrunk.clone()], &stages(top)).unwrap();
        assert_eq!((out.width(), out.height()), (4, 4));
        // The filter must not reach over the edge of the cut.
        assert!(out.frames[0].pixels.data.chunks(3).all(|p| p == want), "{top}");
    }
}

#[test]
fn scaling_keeps_flat_colours_and_averages_the_rest() {
    let flat = one(rgb(30, 20, |_, _| [10, 200, 99]), &[resize(7, 5, Fit::Stretch)]);
    assert_eq!((flat.width, flat.height), (7, 5));
    assert!(flat.data.chunks(3).all(|p| p == [10, 200, 99]));
    let checks = one(rgb(64, 64, |x, y| [((x + y) % 2 * 255) as u8; 3]), &[resize(4, 4, Fit::Inside)]);
    assert!(checks.data.iter().all(|v| v.abs_diff(127) <= 2), "{:?}", checks.data);
}

#[test]
fn transparent_pixels_lend_no_colour() {
    // Opaque red beside transparent black: a naive filter makes the edge dark.
    let edge = rgba(64, 8, |x, _| if x < 32 { [255, 0, 0, 255] } else { [0, 0, 0, 0] });
    for fit in [resize(23, 3, Fit::Stretch), resize(101, 9, Fit::Stretch)] {
        let out = one(edge.clone(), &[fit]);
        let (pixels, _) = out.data.as_chunks::<4>();
        assert!(pixels.iter().any(|p| (20..235).contains(&p[3])), "the edge is soft");
        for p in pixels.iter().filter(|p| p[3] > 20) {
            assert!(p[0] > 245 && p[1] == 0, "{p:?}");
        }
    }
    let turned = Stage::Rotate { degrees: Fixed::new(30.0), background: Background::Auto };
    for p in one(edge, &[turned]).data.chunks(4).filter(|p| p[3] > 0) {
        assert_eq!(p[..3], [255, 0, 0]);
    }
}

#[test]
fn cover_cuts_what_gravity_says() {
    let picture = || letters(&["abcdef", "ghijkl"]);
    for (gravity, want) in [
        (Gravity::CENTER, ["cd", "ij"]),
        (Gravity::Anchor(Horizontal::Left, Vertical::Top), ["ab", "gh"]),
        (Gravity::Anchor(Horizontal::Right, Vertical::Top), ["ef", "kl"]),
        (Gravity::Point(Fixed::new(0.3), Fixed::ZERO), ["bc", "hi"]),
        (Gravity::MasterPixel(4, 0), ["de", "jk"]),
    ] {
        let stage = Stage::Resize(Resize { gravity, ..Resize::new(Some(Dim::Px(2)), Some(Dim::Px(2)), Fit::Cover) });
        assert_eq!(read(&one(picture(), &[stage])), want, "{gravity:?}");
    }
}

#[test]
fn master_pixels_are_found_again_after_turns_and_cuts() {
    let mark = |w: u32, h: u32, mx: u32, my: u32| {
        rgb(w, h, move |x, y| if (x, y) == (mx, my) { [b'#', 0, 0] } else { [b'.', 0, 0] })
    };
    let find = Region::Window {
        width: Some(Dim::Px(1)),
        height: Some(Dim::Px(1)),
        gravity: Gravity::MasterPixel(7, 2),
        pad: None,
        cut: true,
    };
    let cut = Region::Corners { top_left: Some((3, 1)), bottom_right: Some((11, 6)) };
    let pad = Pad { top: 2, right: 0, bottom: 1, left: 5, background: Background::Auto };
    let stages = [
        Stage::Orient(Orient::Exif),
        Stage::Extract(cut),
        Stage::Flip { horizontal: true, vertical: false },
        Stage::Pad(pad),
        Stage::Rotate { degrees: Fixed::new(90.0), background: Background::Auto },
        Stage::Extract(find.clone()),
    ];
    let setup = Setup { holds_alpha: false, ..PLAIN };
    let out = run(&setup, vec![mark(12, 8, 7, 2)], &stages).unwrap();
    assert_eq!(read(&out.frames[0].pixels), ["#"]);
    // Stored on its side, and never turned upright: a quarter turn clockwise would bring (2, 4) of 8x12 to (7, 2).
    let setup = Setup { orientation: 6, ..setup };
    let out = run(&setup, vec![mark(8, 12, 2, 4)], &[Stage::Extract(find)]).unwrap();
    assert_eq!(read(&out.frames[0].pixels), ["#"]);
}

#[test]
fn contain_pads_with_each_background() {
    let picture = || rgb(2, 2, |_, _| RED);
    let stage = |background| {
        let fit = Resize {
            background,
            enlarge: Enlarge::No,
            ..Resize::new(Some(Dim::Px(4)), Some(Dim::Px(2)), Fit::Contain)
        };
        [Stage::Resize(fit)]
    };
    let clear = one(picture(), &stage(Background::Auto));
    assert_eq!(
        (at(&clear, 0, 0), at(&clear, 1, 1), at(&clear, 3, 0)),
        (&[0; 4][..], &[255, 0, 0, 255][..], &[0; 4][..])
    );
    let setup = Setup { holds_alpha: false, ..PLAIN };
    let white = run(&setup, vec![picture()], &stage(Background::Auto)).unwrap().frames.remove(0).pixels;
    assert_eq!((at(&white, 0, 0), at(&white, 2, 1)), (&WHITE[..], &RED[..]));
    let blue = one(picture(), &stage(Background::Color(Color::rgb(0, 0, 255))));
    assert_eq!((blue.channels, at(&blue, 3, 1)), (Channels::Rgb, &[0, 0, 255][..]));
    let glass = one(picture(), &stage(Background::Color(Color::BLACK.with_alpha(8))));
    assert_eq!(at(&glass, 3, 1), [0, 0, 0, 8]);
    for background in [Background::Edge, Background::Blur(plan::BlurFill::PLAIN)] {
        let out = one(picture(), &stage(background));
        assert_eq!((out.width, out.height, out.channels), (4, 2, Channels::Rgb));
        assert!(out.data.chunks(3).all(|p| p == RED), "{background:?}");
    }
}

#[test]
fn edges_repeat_and_blurs_mix() {
    let pad = |background| Stage::Pad(Pad { top: 1, right: 2, bottom: 0, left: 1, background });
    let out = one(letters(&["ab", "cd"]), &[pad(Background::Edge)]);
    assert_eq!(read(&out), ["aabbb", "aabbb", "ccddd"]);
    let halves = rgb(40, 40, |x, _| if x < 20 { [0; 3] } else { [250; 3] });
    let bars =
        Stage::Pad(Pad { top: 40, right: 0, bottom: 0, left: 0, background: Background::Blur(plan::BlurFill::PLAIN) });
    let out = one(halves, &[bars]);
    let row: Vec<u8> = (0..40).map(|x| at(&out, x, 5)[0]).collect();
    assert!(row.is_sorted() && row[0] < 30 && row[39] > 220, "{row:?}");
    assert!(row.iter().filter(|v| (40..210).contains(*v)).count() >= 3, "soft: {row:?}");
    assert_eq!((at(&out, 19, 60)[0], at(&out, 20, 60)[0]), (0, 250), "the picture itself stays sharp");
}

#[test]
fn windows_pad_what_is_missing() {
    let region = |cut| Region::Window {
        width: Some(Dim::Px(2)),
        height: Some(Dim::Px(4)),
        gravity: Gravity::Anchor(Horizontal::Right, Vertical::Bottom),
        pad: Some(Background::Color(Color::rgb(b'.', 0, 0))),
        cut,
    };
    let picture = || letters(&["abc", "def"]);
    assert_eq!(read(&one(picture(), &[Stage::Extract(region(true))])), ["..", "..", "bc", "ef"]);
    assert_eq!(read(&one(picture(), &[Stage::Extract(region(false))])), ["...", "...", "abc", "def"]);
}

#[test]
fn borders_are_trimmed() {
    let rows = ["AAAAAA", "AABAAA", "AABxAA", "AAAAAA", "AAAAAA"];
    let trim = |mode, tolerance: f64, keep| Stage::Trim(Trim { mode, tolerance: Fixed::new(tolerance), keep });
    for (mode, tolerance, keep, want) in [
        (TrimMode::Corner, 0.0, 0, vec!["BA", "Bx"]),
        (TrimMode::Corner, 1.0, 0, vec!["x"]),
        (TrimMode::Corner, 1.0, 1, vec!["BAA", "BxA", "AAA"]),
        (TrimMode::Corner, 0.0, 99, rows.to_vec()),
        (TrimMode::Color(Color::rgb(65, 0, 0)), 0.0, 0, vec!["BA", "Bx"]),
        (TrimMode::Color(Color::WHITE), 5.0, 0, rows.to_vec()),
        // All border: nothing is.
        (TrimMode::Corner, 100.0, 0, rows.to_vec()),
    ] {
        assert_eq!(read(&one(letters(&rows), &[trim(mode, tolerance, keep)])), want, "{mode:?} {tolerance} {keep}");
    }
    // Transparent pixels are alike, whatever they hide.
    let ghost = |x: u32, y: u32| if (x, y) == (2, 1) { [1, 1, 1, 255] } else { [x as u8 * 60, y as u8 * 60, 7, 0] };
    for mode in [TrimMode::Corner, TrimMode::Alpha] {
        let out = one(rgba(5, 4, ghost), &[trim(mode, 0.0, 0)]);
        assert_eq!((out.width, out.height, &out.data[..]), (1, 1, &[1, 1, 1, 255][..]));
    }
    // What any frame shows stays.
    let other = letters(&["AAAAAA", "ABAAAA", "AAAAAA", "AAAAAA", "AAAAAA"]);
    let both = run(&PLAIN, vec![letters(&rows), other], &[trim(TrimMode::Corner, 0.0, 0)]).unwrap();
    assert_eq!(read(&both.frames[0].pixels), ["ABA", "ABx"]);
    assert_eq!(read(&both.frames[1].pixels), ["BAA", "AAA"]);
}

#[test]
fn any_angle_keeps_the_whole_picture() {
    let turn = |background| Stage::Rotate { degrees: Fixed::new(45.0), background };
    let red = || rgb(20, 20, |_, _| RED);
    let clear = one(red(), &[turn(Background::Auto)]);
    assert_eq!((clear.width, clear.height), (29, 29));
    assert_eq!((at(&clear, 0, 0), at(&clear, 14, 14)), (&[0; 4][..], &[255, 0, 0, 255][..]));
    let area: f64 = clear.data.chunks(4).map(|p| f64::from(p[3]) / 255.0).sum();
    assert!((area - 400.0).abs() < 12.0, "{area}");
    let blue = one(red(), &[turn(Background::Color(Color::rgb(0, 0, 255)))]);
    assert_eq!((at(&blue, 0, 0)[..3].to_vec(), at(&blue, 14, 14)[..3].to_vec()), (vec![0, 0, 255], vec![255, 0, 0]));
    let edge = one(red(), &[turn(Background::Edge)]);
    assert!(edge.data.chunks(3).all(|p| p == RED));
    // Clockwise: what was at the top right comes to the right.
    let mark = rgb(21, 21, |x, y| if x > 15 && y < 5 { RED } else { WHITE });
    let setup = Setup { holds_alpha: false, ..PLAIN };
    let out = run(&setup, vec![mark], &[turn(Background::Auto)]).unwrap().frames.remove(0).pixels;
    assert_eq!(out.channels, Channels::Rgb);
    assert_eq!(at(&out, out.width - 4, out.height / 2), RED);
    assert_eq!(at(&out, out.width / 2, 3), WHITE);
}

#[test]
fn straightening_shows_no_corner() {
    let red = rgb(30, 20, |_, _| RED);
    let out = one(red, &[Stage::Straighten { degrees: Fixed::new(7.0) }]);
    assert_eq!((out.width, out.height, out.channels), (30, 20, Channels::Rgb));
    assert!(out.data.chunks(3).all(|p| p == RED));
    let mark = rgb(31, 31, |x, y| if x > 20 && (10..=20).contains(&y) { RED } else { WHITE });
    let out = one(mark, &[Stage::Straighten { degrees: Fixed::new(30.0) }]);
    // Clockwise: the right end sinks.
    assert_eq!((at(&out, 28, 23), at(&out, 28, 8)), (&RED[..], &WHITE[..]));
}

#[test]
fn flattening() {
    let half = || rgba(1, 1, |_, _| [200, 0, 0, 128]);
    let out = one(half(), &[Stage::Flatten(Background::Color(Color::rgb(0, 0, 100)))]);
    assert_eq!((out.channels, &out.data[..]), (Channels::Rgb, &[100, 0, 50][..]));
    let out = one(half(), &[Stage::Flatten(Background::Color(Color::rgb(200, 0, 0).with_alpha(128)))]);
    assert_eq!(out.data, [200, 0, 0, 192]);
    let opaque = one(rgb(1, 1, |_, _| RED), &[Stage::Flatten(Background::Color(Color::WHITE))]);
    assert_eq!(opaque.data, RED);
}

#[test]
fn animations_keep_frames_times_and_one_window() {
    // The second frame's detail lies elsewhere: the first decides.
    let noise = |from: u32| {
        rgb(
            60,
            20,
            move |x, y| if (from..from + 20).contains(&x) { [((x * 7 + y * 13) % 250) as u8; 3] } else { [128; 3] },
        )
    };
    let stage = Stage::Resize(Resize {
        gravity: Gravity::Edges,
        ..Resize::new(Some(Dim::Px(20)), Some(Dim::Px(20)), Fit::Cover)
    });
    let out = run(&PLAIN, vec![noise(40), noise(0)], &[stage]).unwrap();
    assert_eq!((out.frames.len(), out.frames[1].delay_ms, out.loops), (2, 40, 3));
    let detail = |i: usize| out.frames[i].pixels.data.iter().filter(|v| **v != 128).count();
    assert!(detail(0) > 900 && detail(1) == 0, "{} {}", detail(0), detail(1));
}

#[test]
fn memory_and_caps_are_obeyed() {
    let big = [resize(8000, 8000, Fit::Stretch)];
    let setup = Setup { budget: Budget { memory: 1 << 20, ..PLAIN.budget }, ..PLAIN };
    let error = run(&setup, vec![rgb(10, 10, |_, _| RED)], &big).unwrap_err();
    assert!(matches!(error, CodecError::OverBudget { what: "memory", limit: 0x10_0000, .. }), "{error:?}");
    let setup = Setup { cap: 100, ..setup };
    let out = run(&setup, vec![rgb(10, 10, |_, _| RED)], &big).unwrap();
    assert_eq!((out.width(), out.height()), (100, 100));
    let huge = Stage::Pad(Pad {
        top: u32::MAX,
        right: u32::MAX,
        bottom: 0,
        left: 0,
        background: Background::Blur(plan::BlurFill::PLAIN),
    });
    assert_eq!(run(&setup, vec![rgb(10, 10, |_, _| RED)], &[huge]).unwrap().width(), 100);
}
