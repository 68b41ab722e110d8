//! Texts made to cost much or to break things (G11).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{embedded, with_bars};
use plan::Color;
use proptest::prelude::*;
use text::{
    Align, Bounds, CutAt, Direction, Ligatures, Limits, LineHeight, Outline, Overflow, Shadow, Sides, Style, TextError,
    Vertical, draw, layout,
};

/// Each within the limits on characters. What they give is bounded; that they come back at all is the test.
#[test]
fn made_up_horrors_end_in_a_picture_or_a_refusal() {
    let times = |text: &str, count: usize| text.repeat(count);
    let texts = [
        ("marks on one letter", format!("a{}", times("\u{301}", 4_999))),
        ("marks on nothing", times("\u{20dd}", 5_000)),
        ("towers", times(&format!("Z{}", times("\u{336}\u{30d}\u{316}", 5)), 300)),
        ("overrides", times("\u{202e}a\u{202d}ב", 1_250)),
        ("isolates", times("\u{2067}", 2_500) + &times("\u{2069}", 2_500)),
        ("joined emoji", times("👩\u{200d}", 2_500)),
        ("flags", times("🇩", 5_000)),
        ("joiners", times("\u{200d}\u{200c}", 2_500)),
        ("selectors", times("\u{fe0f}", 5_000)),
        ("lines", times("\n", 400)),
        ("too many lines", times("\n", 5_000)),
        ("spaces", times(" ", 5_000)),
        ("one word", times("W", 5_000)),
        ("arabic", times("ﷺبسم", 1_250)),
        ("arabic letters", times("ب", 5_000)),
        ("hangul parts", times("\u{1112}\u{1161}\u{11ab}", 1_666)),
        ("devanagari", times("क्", 2_500)),
        ("missing", times("\u{e000}\u{13000}", 2_500)),
        ("tags", format!("🏴{}", times("\u{e0067}", 4_999))),
        ("noncharacters", times("\u{ffff}\u{fffe}\u{fdd0}", 1_666)),
        ("controls", times("\u{1}\u{7f}\u{85}x", 1_250)),
    ];
    let styles = [
        Style { max_width: Some(300), ..Style::default() },
        Style { max_width: Some(300), max_height: Some(200), overflow: Overflow::Shrink, ..Style::default() },
        Style { max_width: Some(300), overflow: Overflow::Cut(CutAt::End), max_lines: Some(3), ..Style::default() },
        Style { max_width: Some(90), wrap: false, overflow: Overflow::Cut(CutAt::Middle), ..Style::default() },
        Style { size: 300.0, letter_spacing: -150.0, max_width: Some(2_000), ..Style::default() },
    ];
    let limits = Limits::default();
    for (name, text) in &texts {
        assert!(text.chars().count() <= 5_000, "{name}");
        for style in &styles {
            match layout(text, style, with_bars(), &limits) {
                Ok(laid) => {
                    assert!(u64::from(laid.width) * u64::from(laid.height) <= limits.area, "{name}");
                    draw(&laid).unwrap();
                }
                Err(TextError::OverLimit { .. } | TextError::Empty) => {}
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => any::<char>().prop_map(String::from),
        4 => "[ a-zA-Z0-9.,-]{1,12}",
        2 => "[\u{5d0}-\u{5ea}]{1,6}",
        2 => "[\u{620}-\u{64a}]{1,6}",
        2 => "[\u{300}-\u{36f}]{1,20}",
        1 => "[\u{202a}-\u{202e}\u{2066}-\u{2069}\u{200b}-\u{200f}\u{feff}]{1,4}",
        1 => "[\u{1f300}-\u{1f64f}\u{200d}\u{fe0f}\u{1f3fb}-\u{1f3ff}\u{1f1e6}-\u{1f1ff}]{1,6}",
        1 => "[\u{900}-\u{97f}\u{e00}-\u{e7f}]{1,8}",
        1 => "[\r\n\t\u{2028}\u{ad}\u{a0}]{1,3}",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn one_of<T: Clone + std::fmt::Debug + 'static>(values: &[T]) -> impl Strategy<Value = T> + use<T> {
    proptest::sample::select(values.to_vec())
}

fn style() -> impl Strategy<Value = Style> {
    let color = any::<[u8; 4]>().prop_map(|[r, g, b, a]| Color { r, g, b, a });
    let room = proptest::option::of(1_u32..300);
    let letters = (
        0.1_f32..80.0,
        1_u16..=1000,
        any::<[bool; 5]>(),
        -5.0_f32..20.0,
        one_of(&[LineHeight::Font, LineHeight::Times(0.5), LineHeight::Pixels(30.0), LineHeight::Times(3.0)]),
        one_of(&[Ligatures::Required, Ligatures::Common, Ligatures::All]),
        one_of(&["", "ja", "sr", "x-y", "\u{0}"]),
    );
    let place = (
        one_of(&[Align::Start, Align::Left, Align::Center, Align::Right, Align::Justify]),
        one_of(&[Vertical::Top, Vertical::Middle, Vertical::Bottom]),
        one_of(&[Direction::Auto, Direction::LeftToRight, Direction::RightToLeft]),
        one_of(&[Bounds::Lines, Bounds::Ink]),
        one_of(&[
            Overflow::Grow,
            Overflow::Shrink,
            Overflow::Cut(CutAt::Start),
            Overflow::Cut(CutAt::Middle),
            Overflow::Cut(CutAt::End),
        ]),
        (room.clone(), room, 0_u32..200, 0_u32..200, proptest::option::of(1_u32..4)),
    );
    let around = (
        color.clone(),
        color.clone(),
        any::<[u8; 4]>(),
        0.0_f32..50.0,
        proptest::option::of((0.0_f32..0.1, color.clone())),
        proptest::option::of((-50.0_f32..50.0, -50.0_f32..50.0, 0.0_f32..30.0, color)),
    );
    (letters, place, around).prop_map(|(letters, place, around)| {
        let (size, weight, [italic, underline, strikethrough, wrap, ellipsis], spacing, line_height, ligatures, tag) =
            letters;
        let (align, vertical, direction, bounds, overflow, room) = place;
        let (max_width, max_height, min_width, min_height, max_lines) = room;
        let (color, background, [top, right, bottom, left], radius, outline, shadow) = around;
        Style {
            families: vec!["Test Bars".into()],
            size,
            weight,
            italic,
            underline,
            strikethrough,
            color,
            align,
            vertical,
            direction,
            language: (!tag.is_empty()).then(|| tag.to_owned()),
            line_height: if let LineHeight::Pixels(_) = line_height { LineHeight::Pixels(size) } else { line_height },
            letter_spacing: spacing.clamp(-size / 2.0, size * 10.0),
            ligatures,
            wrap,
            max_width,
            max_height,
            min_width,
            min_height,
            max_lines,
            overflow,
            ellipsis,
            bounds,
            padding: Sides {
                top: top.into(),
                right: (right / 4).into(),
                bottom: (bottom / 4).into(),
                left: (left / 4).into(),
            },
            background,
            radius,
            outline: outline.map(|(width, color)| Outline { width: width * size, color }),
            shadow: shadow.map(|(dx, dy, blur, color)| Shadow { dx, dy, blur, color }),
        }
    })
}

proptest! {
    #[test]
    fn any_text_in_any_style_is_drawn_within_limits_or_refused(text in text(), style in style()) {
        let limits = Limits { characters: 200, lines: 30, side: 900, area: 300_000, ..Limits::default() };
        match layout(&text, &style, with_bars(), &limits) {
            Ok(laid) => {
                prop_assert!(laid.width <= 900 && laid.height <= 900 && laid.width * laid.height <= 300_000);
                prop_assert!(laid.frame.x + laid.frame.width <= laid.width, "{:?}", laid.frame);
                prop_assert!(laid.frame.y + laid.frame.height <= laid.height, "{:?}", laid.frame);
                prop_assert!(laid.size <= style.size && laid.lines <= 30);
                let drawn = draw(&laid).unwrap();
                prop_assert_eq!(drawn.data.len(), (laid.width * laid.height * 4) as usize);
            }
            Err(TextError::OverLimit { .. } | TextError::Empty) => {}
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    /// Tables of shaping and outlines with wrong bytes in them: an error or some picture.
    #[test]
    fn a_damaged_font_ends_in_a_picture_or_an_error(
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..400),
    ) {
        let mut file = include_bytes!("../fonts/NotoSans-Italic.ttf").to_vec();
        for (at, byte) in damage {
            // Past the table of tables, else most files are refused at once.
            let at = 512 + at.index(file.len() - 512);
            file[at] = byte;
        }
        if let Ok(fonts) = embedded().with_font("own", file.into()) {
            let style = Style { families: vec!["own".into()], size: 30.0, max_width: Some(300), ..Style::default() };
            match layout("Hamburgefonstiv ffi ŽůΆЖ 012", &style, &fonts, &Limits::default()) {
                Ok(laid) => drop(draw(&laid)),
                Err(TextError::Fonts(_) | TextError::OverLimit { .. }) => {}
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }

    #[test]
    fn text_in_its_room_stays_in_it(text in "[a-z ]{1,60}", width in 60_u32..400, shrink in any::<bool>()) {
        let overflow = if shrink { Overflow::Shrink } else { Overflow::Cut(CutAt::End) };
        let style = Style { max_width: Some(width), max_height: Some(70), overflow, size: 24.0, ..Style::default() };
        let laid = layout(&text, &style, embedded(), &Limits::default()).unwrap();
        prop_assert!(laid.frame.width <= width && laid.frame.height <= 70, "{:?}", laid.frame);
    }
}
