//! What is painted, measured on pixels.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{coverage, embedded, ink, lay, picture, pixel, with_bars};
use plan::Color;
use text::{Bounds, Limits, Outline, Rgba, Shadow, Sides, Style, Warning, draw, layout};

const RED: Color = Color::rgb(255, 0, 0);

fn style() -> Style {
    Style { size: 40.0, ..Style::default() }
}

fn bars(text: &str, style: &Style) -> Rgba {
    let style = Style { families: vec!["Test Bars".into()], ..style.clone() };
    draw(&layout(text, &style, with_bars(), &Limits::default()).unwrap()).unwrap()
}

#[test]
fn a_bar_is_painted_to_the_pixel() {
    // A bar from 0.4 to 0.6 of the em, 0.7 high; the ascent is 0.8: 16 to 24 and 4 to 32 at 40 px.
    let drawn = bars("l", &style());
    assert_eq!((drawn.width, drawn.height), (40, 40));
    for (x, y, want) in [(16, 4, 255), (23, 31, 255), (15, 4, 0), (24, 31, 0), (16, 3, 0), (16, 32, 0)] {
        assert_eq!(pixel(&drawn, x, y)[3], want, "at {x}, {y}");
    }
    assert_eq!(coverage(&drawn), 8.0 * 28.0);
}

#[test]
fn bold_is_bolder_and_italic_leans() {
    let regular = coverage(&picture("Weight", &style()));
    let bold = coverage(&picture("Weight", &Style { weight: 700, ..style() }));
    assert!(bold > regular * 1.3, "{bold} {regular}");
    // A family without a bold face is thickened: by 1/48 em on either side of a stem of 8 pixels and at both ends.
    let thick = bars("l", &Style { weight: 700, ..style() });
    let grown = 2.0 * 40.0 / 48.0;
    assert!((coverage(&thick) - (8.0 + grown) * (28.0 + grown)).abs() < 3.0, "{}", coverage(&thick));

    let lean = |drawn: &Rgba| {
        let [_, top, _, bottom] = ink(drawn).unwrap();
        let mid = |y| {
            let row: Vec<u32> = (0..drawn.width).filter(|x| pixel(drawn, *x, y)[3] >= 128).collect();
            f64::from(row[0] + row[row.len() - 1]) / 2.0
        };
        (mid(top + 1) - mid(bottom - 2)) / f64::from(bottom - top - 3)
    };
    assert_eq!(lean(&picture("l", &style())), 0.0);
    // Noto Sans Italic leans by 12 degrees; a slant that is made is 14.
    let italic = Style { italic: true, ..style() };
    assert!((lean(&picture("l", &italic)) - 12.0_f64.to_radians().tan()).abs() < 0.04);
    assert!((lean(&bars("l", &italic)) - 14.0_f64.to_radians().tan()).abs() < 0.04);
}

#[test]
fn an_outline_surrounds_the_letters() {
    let outline = Outline { width: 4.0, color: RED };
    let drawn = bars("l", &Style { color: Color::WHITE, outline: Some(outline), ..style() });
    let white = |x, y| assert_eq!(pixel(&drawn, x, y), [255, 255, 255, 255], "at {x}, {y}");
    let red = |x, y| assert_eq!(pixel(&drawn, x, y), [255, 0, 0, 255], "at {x}, {y}");
    let nothing = |x, y| assert_eq!(pixel(&drawn, x, y)[3], 0, "at {x}, {y}");
    white(16, 4);
    white(23, 31);
    for (x, y) in [(12, 10), (15, 31), (24, 10), (27, 10), (20, 0), (20, 35)] {
        red(x, y);
    }
    nothing(11, 10);
    nothing(28, 10);
    nothing(20, 36);
    // Round at the corners.
    nothing(12, 0);
}

#[test]
fn colors_fade_as_a_whole() {
    // Letters that overlap: half transparent, they are nowhere darker than that.
    let heap = Style { letter_spacing: -16.0, color: Color::BLACK.with_alpha(128), ..style() };
    let drawn = picture("xxxxWWWW", &heap);
    let darkest = drawn.data.chunks_exact(4).map(|p| p[3]).max();
    assert_eq!(darkest, Some(128));
    let clear = picture("x", &Style { color: Color::TRANSPARENT, ..style() });
    assert_eq!(coverage(&clear), 0.0);
    // Straight alpha: a faint red is red.
    let faint = picture("x", &Style { color: RED.with_alpha(64), ..style() });
    assert!(faint.data.chunks_exact(4).filter(|p| p[3] == 64).all(|p| p[..3] == [255, 0, 0]));
}

#[test]
fn the_background_has_round_corners() {
    let round = Style { background: RED, radius: 10.0, padding: Sides::all(20), ..style() };
    let drawn = picture("x", &round);
    let (right, bottom) = (drawn.width - 1, drawn.height - 1);
    for (x, y) in [(0, 0), (right, 0), (0, bottom), (right, bottom)] {
        assert!(pixel(&drawn, x, y)[3] < 20);
    }
    for (x, y) in [(10, 0), (0, 10), (right - 10, bottom), (3, 3), (right / 2, 5)] {
        assert_eq!(pixel(&drawn, x, y), [255, 0, 0, 255], "at {x}, {y}");
    }
    let square = picture("x", &Style { radius: 0.0, ..round.clone() });
    assert_eq!(pixel(&square, 0, 0), [255, 0, 0, 255]);
    // What corners lack of a square is (4 - pi) r².
    let lost = coverage(&square) - coverage(&drawn);
    assert!((lost - (4.0 - std::f64::consts::PI) * 100.0).abs() < 2.0, "{lost}");
    // A radius larger than the box makes an ellipse's worth of corner, no more.
    assert!(coverage(&picture("x", &Style { radius: 1e9, ..round })) > coverage(&square) * 0.7);
}

#[test]
fn a_shadow_falls_where_asked() {
    let shadow = Shadow { dx: 10.0, dy: 6.0, blur: 0.0, color: RED };
    let hard = bars("l", &Style { shadow: Some(shadow), ..style() });
    assert_eq!(pixel(&hard, 16, 4), [0, 0, 0, 255]);
    assert_eq!(pixel(&hard, 26, 10), [255, 0, 0, 255]);
    assert_eq!(pixel(&hard, 33, 37), [255, 0, 0, 255]);
    assert_eq!(pixel(&hard, 34, 37)[3], 0);
    assert_eq!(coverage(&hard), 2.0 * 8.0 * 28.0);
    // Softened, it covers as much in all.
    let soft = Shadow { dx: 100.0, blur: 10.0, ..shadow };
    let drawn = bars("l", &Style { shadow: Some(soft), ..style() });
    assert!((coverage(&drawn) - 2.0 * 8.0 * 28.0).abs() < 6.0, "{}", coverage(&drawn));
    let faint = Shadow { color: RED.with_alpha(100), dx: 100.0, ..shadow };
    let drawn = bars("l", &Style { shadow: Some(faint), background: Color::WHITE, ..style() });
    assert_eq!(pixel(&drawn, 117, 20)[3], 100);
}

#[test]
fn lines_are_drawn_below_and_through() {
    let bare = picture("xxx", &style());
    let row = |drawn: &Rgba, y: u32| (0..drawn.width - 1).all(|x| pixel(drawn, x, y)[3] == 255);
    let rows = |drawn: &Rgba| (0..drawn.height).filter(|y| row(drawn, *y)).collect::<Vec<_>>();
    assert!(rows(&bare).is_empty());
    let baseline = lay("xxx", &style()).baseline as u32;
    let under = rows(&picture("xxx", &Style { underline: true, ..style() }));
    // Noto Sans: 0.1 em below the baseline, 0.05 em thick.
    assert_eq!(under, [baseline + 4, baseline + 5]);
    let through = rows(&picture("xxx", &Style { strikethrough: true, ..style() }));
    assert!(through.len() == 2 && through[0] < baseline - 8 && through[0] > baseline - 16, "{through:?} {baseline}");
}

#[test]
fn a_missing_glyph_is_a_box_and_a_warning() {
    let laid = lay("a\u{e123}b\u{e123}\u{e124}\u{200b}", &style());
    assert_eq!(laid.warnings, [Warning::MissingGlyphs(vec!['\u{e123}', '\u{e124}'])]);
    assert_eq!(laid.warnings[0].to_string(), "no font has U+E123 U+E124");
    let alone = picture("\u{e123}", &style());
    assert!(coverage(&alone) > 40.0);
    // A font that shows nothing for what it lacks gets a hollow box drawn.
    let hollow = bars("\u{e123}", &style());
    let [left, top, right, bottom] = ink(&hollow).unwrap();
    assert!(right - left > 25 && bottom - top > 25);
    assert_eq!(pixel(&hollow, (left + right) / 2, (top + bottom) / 2)[3], 0);
    let many: String = (0..40).map(|i| char::from_u32(0xe200 + i).unwrap()).collect();
    let Warning::MissingGlyphs(named) = &lay(&many, &style()).warnings[0] else { panic!("no warning") };
    assert_eq!(named.len(), 16);
}

#[test]
fn glyphs_in_color_keep_their_colors() {
    let blue_text = Style { color: Color::rgb(0, 0, 255), ..style() };
    let drawn = draw(&layout("l😀", &blue_text, with_bars(), &Limits::default()).unwrap()).unwrap();
    // The face: from 0.1 to 0.9 of the em, a gradient from red to blue (COLR version 1).
    let width = drawn.width;
    let y = drawn.height / 2;
    let left = pixel(&drawn, width - 34, y);
    let right = pixel(&drawn, width - 6, y);
    assert!(left[0] > 200 && left[2] < 60 && left[3] == 255, "{left:?}");
    assert!(right[2] > 200 && right[0] < 60 && right[3] == 255, "{right:?}");
    let middle = pixel(&drawn, width - 20, y);
    assert!(middle[0].abs_diff(128) < 20 && middle[2].abs_diff(128) < 20, "{middle:?}");
}

#[test]
fn an_ink_box_touches_the_ink() {
    let drawn = picture("Ãgxf", &Style { bounds: Bounds::Ink, italic: true, size: 60.0, ..style() });
    let inked = |x: u32, y: u32| pixel(&drawn, x, y)[3] > 0;
    let (w, h) = (drawn.width, drawn.height);
    // The last column or row may hold less than a 255th of a pixel.
    assert!((0..w).any(|x| inked(x, 0) || inked(x, 1)) && (0..w).any(|x| inked(x, h - 1) || inked(x, h - 2)));
    assert!((0..h).any(|y| inked(0, y) || inked(1, y)) && (0..h).any(|y| inked(w - 1, y) || inked(w - 2, y)));
}

#[test]
fn the_same_text_gives_the_same_bytes_on_every_thread() {
    let shadow = Shadow { dx: 2.5, dy: 2.5, blur: 5.0, color: RED };
    let style = Style {
        weight: 700,
        outline: Some(Outline { width: 2.0, color: Color::WHITE }),
        shadow: Some(shadow),
        background: Color::rgb(1, 2, 3).with_alpha(77),
        radius: 7.5,
        max_width: Some(200),
        ..style()
    };
    let text = "Determinism, שלום and مرحبا in several lines";
    let make = || draw(&layout(text, &style, embedded(), &Limits::default()).unwrap()).unwrap();
    let first = make();
    assert!(first.data.iter().any(|b| *b != 0));
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
        for other in others {
            assert_eq!(other.join().unwrap(), first);
        }
    });
    // Another text in between leaves no trace.
    let _ = picture("something else \u{e123}", &style);
    assert_eq!(make(), first);
}
