#![allow(clippy::unwrap_used, clippy::expect_used)]

use codec::{Budget, Cancel, Channels, Frame, Info, Kind, Picture, Pixels};
use plan::{Aspect, Color, Dim, Fit, Horizontal, Orient, Pad, Resize, Trim, TrimMode, Vertical};
use proptest::prelude::*;

use super::*;
use crate::pictures::Pictures;
use crate::scope::Scope;
use crate::work::Work;

fn f(value: f64) -> Fixed {
    Fixed::new(value)
}

fn flip(horizontal: bool, vertical: bool) -> Stage {
    Stage::Flip { horizontal, vertical }
}

fn rotate(degrees: f64) -> Stage {
    Stage::Rotate { degrees: f(degrees), background: Background::Auto }
}

fn cut(gravity: Gravity) -> Stage {
    Stage::Extract(Region::Aspect { aspect: Aspect::Exact(f(1.5)), gravity })
}

fn text(stages: &[Stage]) -> String {
    stages.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn less_is_done() {
    use Adjust::*;
    let a = Stage::Adjust;
    let opaque = || a(Colorize(Color::BLACK));
    let center = || cut(Gravity::CENTER);
    for (stages, want) in [
        (vec![flip(true, false), flip(true, false)], vec![]),
        (vec![flip(true, false), flip(false, true)], vec![rotate(180.0)]),
        (vec![rotate(90.0), rotate(270.0)], vec![]),
        (vec![rotate(90.0), flip(true, false), rotate(90.0)], vec![flip(true, false)]),
        (vec![rotate(30.0), rotate(330.0)], vec![rotate(30.0), rotate(330.0)]),
        // Colours come together, and after cuts.
        (vec![a(Invert), flip(true, false), a(Grayscale)], vec![flip(true, false), a(Invert), a(Grayscale)]),
        (vec![a(Sepia(f(1.0))), center()], vec![center(), a(Sepia(f(1.0)))]),
        (vec![a(Sepia(f(1.0))), cut(Gravity::Attention)], vec![a(Sepia(f(1.0))), cut(Gravity::Attention)]),
        (vec![a(Stretch), center()], vec![a(Stretch), center()]),
        (vec![a(Stretch), rotate(90.0)], vec![rotate(90.0), a(Stretch)]),
        (vec![a(Invert), a(Stretch), center()], vec![a(Invert), a(Stretch), center()]),
        (vec![a(Stretch), a(Invert), center()], vec![a(Stretch), center(), a(Invert)]),
        // What cannot be seen goes.
        (vec![a(Invert), a(Invert)], vec![]),
        (vec![a(Invert), flip(true, false), a(Invert), flip(true, false)], vec![]),
        (vec![a(Grayscale), a(Hue(f(9.0))), a(Grayscale)], vec![a(Grayscale)]),
        (vec![a(Hue(f(9.0))), a(Grayscale)], vec![a(Hue(f(9.0))), a(Grayscale)]),
        (
            vec![a(Stretch), a(Opacity(f(0.5))), a(Hue(f(9.0))), opaque()],
            vec![a(Stretch), a(Opacity(f(0.5))), opaque()],
        ),
        // Two factors are two roundings.
        (vec![a(Opacity(f(0.5))), a(Opacity(f(0.5)))], vec![a(Opacity(f(0.5))), a(Opacity(f(0.5)))]),
        // The first stage says what upright is: no other may become the first.
        (
            vec![rotate(90.0), rotate(270.0), Stage::Orient(Orient::Exif)],
            vec![rotate(90.0), rotate(270.0), Stage::Orient(Orient::Exif)],
        ),
        (
            vec![Stage::Orient(Orient::Exif), a(Invert), Stage::Orient(Orient::Fixed(3))],
            vec![Stage::Orient(Orient::Exif), a(Invert), Stage::Orient(Orient::Fixed(3))],
        ),
    ] {
        assert_eq!(text(&optimise(&stages)), text(&want), "{}", text(&stages));
    }
}

#[test]
fn colours_in_a_row_are_one_step() {
    let a = Stage::Adjust;
    let stages = [a(Adjust::Invert), a(Adjust::Grayscale), flip(true, false), a(Adjust::Stretch)];
    let steps = steps(&stages);
    assert_eq!(steps.len(), 3);
    assert_eq!(steps[0], Step::Colors(vec![Adjust::Invert, Adjust::Grayscale]));
    assert_eq!(steps[1], Step::Stage(&stages[2]));
}

fn color() -> impl Strategy<Value = Color> {
    (any::<[u8; 3]>(), prop_oneof![Just(255u8), any::<u8>()]).prop_map(|([r, g, b], a)| Color { r, g, b, a })
}

fn number(low: f64, high: f64) -> impl Strategy<Value = Fixed> {
    (low..high).prop_map(Fixed::new)
}

fn adjust() -> impl Strategy<Value = Adjust> {
    let tables = prop_oneof![
        number(-1.0, 1.0).prop_map(Adjust::Brightness),
        number(0.0, 3.0).prop_map(Adjust::Contrast),
        number(-3.0, 3.0).prop_map(Adjust::Exposure),
        number(0.2, 5.0).prop_map(Adjust::Gamma),
        Just(Adjust::Invert),
        color().prop_map(Adjust::Colorize),
        (number(-2.0, 2.0), number(-1.0, 1.0)).prop_map(|(factor, offset)| Adjust::Linear { factor, offset }),
        number(0.0, 1.0).prop_map(Adjust::Opacity),
    ];
    let mixed = prop_oneof![
        number(-1.0, 1.0).prop_map(Adjust::Highlights),
        number(-1.0, 1.0).prop_map(Adjust::Shadows),
        number(0.0, 360.0).prop_map(Adjust::Hue),
        prop_oneof![number(0.0, 3.0), Just(Fixed::new(1000.0))].prop_map(Adjust::Saturation),
        number(-1.0, 1.0).prop_map(Adjust::Vibrance),
        Just(Adjust::Grayscale),
        number(0.0, 1.0).prop_map(Adjust::Sepia),
        color().prop_map(Adjust::Monochrome),
        (color(), color(), prop_oneof![Just(Fixed::ONE), number(0.0, 1.0)])
            .prop_map(|(dark, light, strength)| Adjust::Duotone { dark, light, strength }),
        any::<u8>().prop_map(Adjust::Threshold),
    ];
    let looking = prop_oneof![
        Just(Adjust::Stretch),
        Just(Adjust::Enhance),
        (color(), number(0.0, 100.0), proptest::option::of(color()))
            .prop_map(|(to, tolerance, from)| Adjust::Replace { to, tolerance, from }),
    ];
    prop_oneof![3 => tables, 3 => mixed, 1 => looking]
}

fn gravity() -> impl Strategy<Value = Gravity> {
    prop_oneof![
        Just(Gravity::CENTER),
        Just(Gravity::Anchor(Horizontal::Left, Vertical::Bottom)),
        (0u32..20, 0u32..20).prop_map(|(x, y)| Gravity::MasterPixel(x, y)),
        Just(Gravity::Entropy),
        Just(Gravity::Attention),
    ]
}

fn stage() -> impl Strategy<Value = Stage> {
    let turns = prop_oneof![
        any::<(bool, bool)>().prop_map(|(h, v)| flip(h, v)),
        prop_oneof![Just(90.0), Just(180.0), Just(270.0)].prop_map(rotate),
    ];
    let side = || proptest::option::of((1u32..20).prop_map(Dim::Px));
    let cuts = prop_oneof![
        gravity().prop_map(cut),
        (side(), side(), gravity(), any::<bool>()).prop_map(|(width, height, gravity, cut)| {
            Stage::Extract(Region::Window { width, height, gravity, pad: None, cut })
        }),
        (side(), side(), side(), side()).prop_map(|(x, y, width, height)| {
            Stage::Extract(Region::Rect { x, y, width, height, align: (Horizontal::Right, Vertical::Center) })
        }),
        ((0u32..9, 0u32..9), (5u32..20, 5u32..20)).prop_map(|(top_left, bottom_right)| {
            Stage::Extract(Region::Corners { top_left: Some(top_left), bottom_right: Some(bottom_right) })
        }),
    ];
    let rest = prop_oneof![
        Just(rotate(30.0)),
        (1u8..9).prop_map(|value| Stage::Orient(Orient::Fixed(value))),
        (1u32..24, 1u32..24, gravity()).prop_map(|(w, h, gravity)| {
            let resize = Resize::new(Some(Dim::Px(w)), Some(Dim::Px(h)), Fit::Cover);
            Stage::Resize(Resize { gravity, ..resize })
        }),
        Just(Stage::Pad(Pad { top: 1, right: 0, bottom: 2, left: 3, background: Background::Auto })),
        Just(Stage::Trim(Trim { mode: TrimMode::Corner, tolerance: f(20.0), keep: 1 })),
        Just(Stage::Flatten(Background::Color(Color::WHITE))),
        Just(Stage::Filter(plan::Filter::Pixelate(3))),
    ];
    prop_oneof![4 => adjust().prop_map(Stage::Adjust), 3 => turns, 2 => cuts, 1 => rest]
}

fn picture(seed: u32, alpha: bool, frames: usize) -> Picture {
    let (width, height, mut state) = (19u32, 14u32, seed);
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let channels = if alpha { Channels::Rgba } else { Channels::Rgb };
    let count = (width * height) as usize * channels.count();
    let frame = |_| {
        let data = (0..count).map(|_| random()).collect();
        Frame { pixels: Pixels { width, height, channels, data }, delay_ms: 40 }
    };
    Picture { frames: (0..frames).map(frame).collect(), loops: 0 }
}

/// As stages say, one after the other.
fn plainly(picture: Picture, orientation: u8, stages: &[Stage]) -> Picture {
    carried_out(picture, orientation, |work, info, scope| {
        for (index, stage) in stages.iter().enumerate() {
            crate::stages::apply(stage, index == 0, work, info, scope).unwrap();
        }
    })
}

fn optimised(picture: Picture, orientation: u8, stages: &[Stage]) -> Picture {
    carried_out(picture, orientation, |work, info, scope| {
        crate::stages::run(&optimise(stages), work, info, scope).unwrap();
    })
}

fn carried_out(picture: Picture, orientation: u8, apply: impl FnOnce(&mut Work, &Info, &Scope<'_>)) -> Picture {
    let (width, height) = (picture.width(), picture.height());
    let info = Info { kind: Kind::Png, width, height, orientation, may_have_alpha: true, frames: 1 };
    let (budget, cancel, pictures) = (Budget::default(), Cancel::never(), Pictures::new(&[]));
    let scope = Scope { budget: &budget, cancel: &cancel, cap: 8192, holds_alpha: true, pictures: &pictures, depth: 0 };
    let mut work = Work::new(picture, &info);
    apply(&mut work, &info, &scope);
    work.finish(&scope).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(testkit::cases(1500)))]

    #[test]
    fn every_byte_stays(
        stages in proptest::collection::vec(stage(), 1..7),
        (seed, alpha, frames, orientation) in (any::<u32>(), any::<bool>(), 1usize..3, 1u8..9),
    ) {
        let plain = plainly(picture(seed, alpha, frames), orientation, &stages);
        let less = optimised(picture(seed, alpha, frames), orientation, &stages);
        prop_assert!(plain == less, "{} as {}", text(&stages), text(&optimise(&stages)));
    }

    #[test]
    fn it_is_done_at_once(stages in proptest::collection::vec(stage(), 0..8)) {
        let once = optimise(&stages);
        prop_assert!(once.len() <= stages.len());
        prop_assert_eq!(text(&optimise(&once)), text(&once));
    }
}
