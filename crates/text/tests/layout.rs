//! Sizes, breaks, fits and refusals, by numbers alone.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{embedded, folder, ink, lay, picture, with_bars};
use text::{
    Align, Bounds, CutAt, Direction, Fonts, FontsError, Ligatures, Limits, LineHeight, Outline, Overflow, Shadow,
    Sides, Style, TextError, Vertical, Warning, layout,
};

const PANGRAM: &str = "The quick brown fox jumps over the lazy dog";

fn style() -> Style {
    Style { size: 20.0, ..Style::default() }
}

#[test]
fn kerning_and_ligatures_change_advances() {
    let width = |text, style: &Style| lay(text, style).frame.width;
    // Side by side, A and V are drawn into each other.
    let large = Style { size: 100.0, ..Style::default() };
    assert!(width("AVAVAV", &large) + 15 < 3 * (width("A", &large) + width("V", &large)));
    let italic = Style { italic: true, ..large.clone() };
    let apart = Style { ligatures: Ligatures::Required, ..italic.clone() };
    assert_ne!(width("ffiffi", &italic), width("ffiffi", &apart));
    // Spaced letters are not joined.
    let spaced = Style { letter_spacing: 10.0, ..italic };
    let spaced_apart = Style { letter_spacing: 10.0, ..apart.clone() };
    assert_eq!(width("ffiffi", &spaced), width("ffiffi", &spaced_apart));
    assert_eq!(width("ffiffi", &spaced), width("ffiffi", &apart) + 60);
}

#[test]
fn lines_wrap_at_words_then_within_them() {
    let natural = lay(PANGRAM, &style());
    assert_eq!(natural.lines, 1);
    let narrow = Style { max_width: Some(150), ..style() };
    let wrapped = lay(PANGRAM, &narrow);
    assert!((3..=5).contains(&wrapped.lines), "{} lines", wrapped.lines);
    assert!(wrapped.frame.width <= 150 && wrapped.frame.height == natural.frame.height * wrapped.lines);
    assert_eq!(lay("a\r\nb\n\nc", &style()).lines, 4);
    let word = lay("Donaudampfschifffahrtsgesellschaft", &narrow);
    assert!(word.lines >= 2 && word.frame.width <= 150, "{:?}", word.frame);
    let unbroken = lay(PANGRAM, &Style { wrap: false, ..narrow });
    assert_eq!((unbroken.lines, unbroken.frame.width), (1, natural.frame.width));
}

#[test]
fn lines_stand_where_they_are_aligned() {
    let text = "long long line\nx";
    // Where the second line's only letter is inked.
    let left_of_x = |style: &Style| {
        let picture = picture(text, style);
        let mut lower = picture.clone();
        lower.data.drain(..(picture.width * (picture.height / 2) * 4) as usize);
        lower.height = picture.height - picture.height / 2;
        ink(&lower).unwrap()[0]
    };
    let at = |align| left_of_x(&Style { align, ..style() });
    let width = lay(text, &style()).frame.width;
    let (left, center, right) = (at(Align::Left), at(Align::Center), at(Align::Right));
    assert!(
        left < 3 && right > width - 14 && center.abs_diff(width / 2 - 5) <= 2,
        "{left} {center} {right} of {width}"
    );
    assert_eq!(at(Align::Start), left);
    assert_eq!(left_of_x(&Style { direction: Direction::RightToLeft, ..style() }), right);
    // A box wider than the lines moves all of them.
    let wide = Style { min_width: width + 100, ..style() };
    assert_eq!(left_of_x(&Style { align: Align::Right, ..wide.clone() }), right + 100);
    assert_eq!(left_of_x(&wide), left);
    let high = Style { min_height: 200, ..style() };
    let top = |vertical| lay("x", &Style { vertical, ..high.clone() }).baseline;
    let line = lay("x", &style()).frame.height as f32;
    assert_eq!(top(Vertical::Bottom) - top(Vertical::Top), 200.0 - line);
    assert!((top(Vertical::Middle) - top(Vertical::Top) - (200.0 - line) / 2.0).abs() <= 0.5);
}

#[test]
fn justified_lines_meet_both_edges() {
    let justified = Style { align: Align::Justify, max_width: Some(230), ..style() };
    let laid = lay(PANGRAM, &justified);
    assert_eq!((laid.frame.width, laid.lines), (230, 2));
    let drawn = picture(PANGRAM, &justified);
    let mut upper = drawn.clone();
    upper.height = drawn.height / 2;
    upper.data.truncate((upper.width * upper.height * 4) as usize);
    let [left, _, right, _] = ink(&upper).unwrap();
    assert!(left <= 2 && right >= 227, "{left} {right}");
    // One line is not stretched.
    assert_eq!(lay("one line", &justified).frame.width, lay("one line", &style()).frame.width);
}

#[test]
fn line_heights_are_as_asked() {
    let height = |line_height| lay("a\nb\nc", &Style { line_height, ..style() }).frame.height;
    assert_eq!(height(LineHeight::Pixels(50.0)), 150);
    assert_eq!(height(LineHeight::Times(2.0)), 120);
    // Noto Sans has an ascent of 1069 and a descent of 293 thousandths.
    assert_eq!(height(LineHeight::Font), 81);
}

#[test]
fn boxes_have_padding_and_reach_around_what_leans_out() {
    let padding = Sides { top: 1, right: 20, bottom: 3, left: 40 };
    let (bare, padded) = (lay("Box", &style()), lay("Box", &Style { padding, ..style() }));
    assert_eq!(padded.frame.width, bare.frame.width + 60);
    assert_eq!(padded.frame.height, bare.frame.height + 4);
    let tight = lay("xxx", &Style { bounds: Bounds::Ink, ..style() });
    // The x of Noto Sans is 0.536 em high.
    assert_eq!(tight.frame.height, 11);
    assert_eq!((tight.width, tight.height), (tight.frame.width, tight.frame.height));
    let wide = lay("xxx", &Style { bounds: Bounds::Ink, min_width: 90, min_height: 50, ..style() });
    assert_eq!((wide.frame.width, wide.frame.height), (90, 50));
    let outlined = Style { outline: Some(Outline { width: 5.0, color: plan::Color::WHITE }), ..style() };
    let outlined_box = lay("Box", &outlined);
    assert_eq!((outlined_box.frame.width, outlined_box.frame.height), (bare.frame.width, bare.frame.height));
    assert!(outlined_box.width > bare.width && outlined_box.frame.x > 0);
    let shadow = Shadow { dx: 30.0, dy: -40.0, blur: 0.0, color: plan::Color::BLACK };
    let shaded = lay("Box", &Style { shadow: Some(shadow), ..style() });
    assert!(shaded.width >= bare.frame.width + 25 && shaded.frame.y >= 25, "{shaded:?}");
}

#[test]
fn text_too_long_is_cut_where_asked() {
    let base = Style { max_width: Some(200), wrap: false, ..style() };
    let cut = |at, ellipsis| lay(PANGRAM, &Style { overflow: Overflow::Cut(at), ellipsis, ..base.clone() });
    for at in [CutAt::Start, CutAt::Middle, CutAt::End] {
        let laid = cut(at, true);
        assert!((180..=200).contains(&laid.frame.width), "{at:?}: {:?}", laid.frame);
        assert_eq!(laid.warnings, [Warning::Cut]);
    }
    // The same letters in another place are another picture.
    let start = text::draw(&cut(CutAt::Start, false)).unwrap();
    assert_ne!(start, text::draw(&cut(CutAt::End, false)).unwrap());
    let kept = lay("dog", &Style { overflow: Overflow::Cut(CutAt::End), ..base });
    assert!(kept.warnings.is_empty());

    let lines = Style { max_width: Some(150), max_lines: Some(2), ellipsis: true, ..style() };
    let laid = lay(PANGRAM, &Style { overflow: Overflow::Cut(CutAt::Start), ..lines.clone() });
    assert_eq!((laid.lines, laid.warnings), (2, vec![Warning::Cut]));
    let high = Style { max_lines: None, max_height: Some(60), overflow: Overflow::Cut(CutAt::End), ..lines };
    assert_eq!(lay(PANGRAM, &high).lines, 2);
    // At least one letter stays, however small the room.
    let none = Style { max_width: Some(1), wrap: false, overflow: Overflow::Cut(CutAt::End), ..style() };
    assert!(lay("W", &none).frame.width > 1);
}

#[test]
fn text_too_large_is_shrunk() {
    let shrink = Style { size: 100.0, max_width: Some(300), overflow: Overflow::Shrink, ..style() };
    let line = lay("Shrink me", &Style { wrap: false, ..shrink.clone() });
    assert!((290..=300).contains(&line.frame.width), "{line:?}");
    assert!(line.size < 100.0 && line.warnings == [Warning::Shrunk]);
    let room = Style { max_height: Some(90), ..shrink.clone() };
    let wrapped = lay(PANGRAM, &room);
    assert!(wrapped.frame.width <= 300 && (70..=90).contains(&wrapped.frame.height), "{:?}", wrapped.frame);
    assert!(wrapped.lines > 1);
    // Words stay whole.
    let word = lay("Donaudampfschifffahrt", &shrink);
    assert_eq!(word.lines, 1);
    assert!((280..=300).contains(&word.frame.width));
    assert_eq!(lay("small", &Style { size: 10.0, ..shrink }).size, 10.0);
}

#[test]
fn settings_and_texts_out_of_range_are_refused() {
    let limits = Limits { characters: 100, lines: 5, size: 200.0, side: 1_000, area: 50_000, color_glyphs: 2 };
    let refused =
        |text: &str, style: Style| layout(text, &style, embedded(), &limits).map(|laid| laid.frame).unwrap_err();
    let what = |text: &str, style: Style| match refused(text, style) {
        TextError::OverLimit { what, .. } => what,
        other => panic!("{text:?}: {other}"),
    };
    assert_eq!(what(&"x".repeat(101), style()), "characters");
    assert_eq!(what("1\n2\n3\n4\n5\n6", style()), "lines");
    assert_eq!(what("x", Style { size: 201.0, ..style() }), "size");
    assert_eq!(what(&"W".repeat(100), style()), "width");
    assert_eq!(what("x", Style { min_height: 2_000, ..style() }), "height");
    assert_eq!(what("x", Style { padding: Sides::all(400), ..style() }), "area");
    assert_eq!(what("x", Style { padding: Sides::all(u32::MAX), ..style() }), "width");
    assert_eq!(refused(" \u{0}", Style { size: 0.0, ..style() }), TextError::Setting("size"));
    assert_eq!(refused("\u{0}", style()), TextError::Empty);
    let shadow = Shadow { dx: f32::NAN, dy: 0.0, blur: 0.0, color: plan::Color::BLACK };
    for (name, style) in [
        ("size", Style { size: f32::NAN, ..style() }),
        ("weight", Style { weight: 0, ..style() }),
        ("letter spacing", Style { letter_spacing: -11.0, ..style() }),
        ("line height", Style { line_height: LineHeight::Times(0.0), ..style() }),
        ("width", Style { max_width: Some(0), ..style() }),
        ("radius", Style { radius: -1.0, ..style() }),
        ("outline", Style { outline: Some(Outline { width: 21.0, color: plan::Color::WHITE }), ..style() }),
        ("shadow", Style { shadow: Some(shadow), ..style() }),
    ] {
        assert_eq!(refused("x", style), TextError::Setting(name));
    }
    let faces = layout("😀😀😀", &style(), with_bars(), &limits).unwrap_err();
    assert!(matches!(faces, TextError::OverLimit { what: "color glyphs", .. }), "{faces}");
    // Letters set into each other cover the same pixels many times, which costs as much as many pixels.
    let heap = Style { size: 200.0, letter_spacing: -96.0, ..style() };
    let heaped = layout(&"c".repeat(100), &heap, embedded(), &limits).unwrap_err();
    assert!(matches!(heaped, TextError::OverLimit { what: "ink", .. }), "{heaped}");
}

#[test]
fn families_are_found_by_any_spelling() {
    let fonts = with_bars();
    for (name, want) in [
        ("test-bars", Some("Test Bars")),
        ("TEST_BARS", Some("Test Bars")),
        ("Open Sans", Some("Noto Sans")),
        ("sans-serif", Some("Noto Sans")),
        ("No Such Family", None),
    ] {
        assert_eq!(fonts.family(name), want, "{name}");
    }
    let all = ["Noto Sans", "Noto Sans Arabic", "Noto Sans Hebrew", "Test Bars", "Test Faces"];
    assert_eq!(fonts.families(), all);
    let laid = lay("x", &Style { families: vec!["No Such Family".into(), "serif".into()], ..style() });
    let unknown = |name: &str| Warning::UnknownFamily(name.to_owned());
    assert_eq!(laid.warnings, [unknown("No Such Family"), unknown("serif")]);
}

#[test]
fn folders_are_read_and_bad_files_are_told() {
    let folder_of = tempfile::tempdir().unwrap();
    let inner = folder_of.path().join("a/b");
    std::fs::create_dir_all(&inner).unwrap();
    std::fs::copy(folder("tests/fonts/test-bars.ttf"), inner.join("Bars.TTF")).unwrap();
    std::fs::write(folder_of.path().join("bad.ttf"), "no font at all").unwrap();
    std::fs::write(folder_of.path().join("short.otf"), "x").unwrap();
    std::fs::write(folder_of.path().join("readme.txt"), "text").unwrap();
    let bytes = std::fs::read(folder("tests/fonts/test-bars.ttf")).unwrap();
    std::fs::write(inner.join("cut.ttf"), &bytes[..bytes.len() / 3]).unwrap();
    let fonts = Fonts::new(&[folder_of.path().to_owned()]).unwrap();
    assert_eq!(fonts.family("test bars"), Some("Test Bars"));
    assert_eq!(fonts.skipped(), [folder_of.path().join("bad.ttf"), folder_of.path().join("short.otf")]);
    let missing = Fonts::new(&[folder_of.path().join("none")]).unwrap_err();
    assert!(matches!(missing, FontsError::Folder { .. }) && missing.to_string().contains("none"), "{missing}");
}

#[test]
fn a_request_may_bring_a_font() {
    let file = std::fs::read(folder("tests/fonts/test-bars.ttf")).unwrap();
    let fonts = embedded().with_font("fonts/My Own.ttf", file.clone().into()).unwrap();
    let own = Style { families: vec!["fonts/My Own.ttf".into()], ..style() };
    let laid = layout("lll", &own, &fonts, &Limits::default()).unwrap();
    // Its letters are one em wide.
    assert_eq!((laid.frame.width, laid.warnings.len()), (60, 0));
    // What it lacks comes from the others, and the others do not change.
    assert!(layout("lxא", &own, &fonts, &Limits::default()).unwrap().warnings.is_empty());
    assert_eq!(lay("l", &own).warnings.len(), 1);
    // A name that is taken gets the new font, and leaves the old one to those who did not bring it.
    let fonts = embedded().with_font("Noto Sans", file.clone().into()).unwrap();
    let noto = Style { families: vec!["noto sans".into()], ..style() };
    assert_eq!(layout("lll", &noto, &fonts, &Limits::default()).unwrap().frame.width, 60);
    assert!(lay("lll", &noto).frame.width < 30);

    let colored = std::fs::read(folder("tests/fonts/test-faces.ttf")).unwrap();
    assert!(matches!(embedded().with_font("x", colored.into()), Err(FontsError::NotAFont)));
    for end in [0, 3, 4, 12, 100, 200, 300] {
        let cut = embedded().with_font("x", file[..end].into());
        assert!(matches!(cut, Err(FontsError::NotAFont)), "{end}");
    }
    // Damaged anywhere, it is refused or drawn somehow; a panic in a reader of fonts ends as an error.
    for at in 0..file.len() {
        let mut bad = file.clone();
        bad[at] ^= 0xff;
        if let Ok(fonts) = embedded().with_font("fonts/My Own.ttf", bad.into())
            && let Ok(laid) = layout("lx", &own, &fonts, &Limits::default())
        {
            let _ = text::draw(&laid);
        }
    }
}
