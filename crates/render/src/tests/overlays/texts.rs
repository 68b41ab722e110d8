use plan::{Text, TextAlign, TextFit};

use super::*;

fn text(words: &str, size: f64) -> Text {
    Text { color: Color::rgb(200, 0, 0), ..Text::new(words, Fixed::new(size)) }
}

fn over(text: Text) -> Overlay {
    Overlay::new(plan::Picture::Text(Box::new(text)))
}

fn run(base: &[u8], stages: Vec<Stage>) -> Result<Rendered, CodecError> {
    job(base, stages, &[], Format::Png, &Budget::default(), &Cancel::never())
}

/// Left, top, right, bottom of the pixels that are of a colour.
fn extent(pixels: &Pixels, is: impl Fn(&[u8]) -> bool) -> (u32, u32, u32, u32) {
    let mut found = (u32::MAX, u32::MAX, 0, 0);
    for y in 0..pixels.height {
        for x in 0..pixels.width {
            if is(pixel(pixels, x, y)) {
                found = (found.0.min(x), found.1.min(y), found.2.max(x + 1), found.3.max(y + 1));
            }
        }
    }
    found
}

fn is_red(p: &[u8]) -> bool {
    p[0] > 180 && p[1] < 30
}

fn is_blue(p: &[u8]) -> bool {
    p[2] > 180 && p[0] < 30 && p[1] < 30
}

const PLACES: [(Horizontal, Vertical); 3] =
    [(Horizontal::Left, Vertical::Top), (Horizontal::Center, Vertical::Center), (Horizontal::Right, Vertical::Bottom)];

#[test]
fn a_box_is_placed_by_its_edges() {
    let base = png(flat(200, 100, GREY));
    let boxed = Text {
        width: Some(Dim::Ratio(Fixed::new(0.3))),
        height: Some(Dim::Px(30)),
        padding: [1, 2, 3, 4],
        background: Some(Color::rgb(0, 0, 200)),
        align: TextAlign::Center,
        ..text("Hi", 16.0)
    };
    let shadow = Some((Fixed::new(12.0), Fixed::new(9.0), Fixed::new(3.0), Color::WHITE));
    // What a shadow adds around the box does not move it.
    for shadow in [None, shadow] {
        for (anchor, want) in PLACES.into_iter().zip([(0, 0, 66, 34), (67, 33, 133, 67), (134, 66, 200, 100)]) {
            let overlay = Overlay { anchor, ..over(Text { shadow, ..boxed.clone() }) };
            let out = decoded(&run(&base, vec![stage(overlay)]).unwrap().bytes).frames.remove(0).pixels;
            let not_ground = extent(&out, is_blue);
            assert_eq!(not_ground, want, "{anchor:?} {shadow:?}");
            let ink = extent(&out, is_red);
            assert!(ink.0 >= want.0 + 20 && ink.2 <= want.2 - 18 && ink.3 < want.3, "{ink:?} in {want:?}");
        }
    }
}

#[test]
fn a_text_has_stages_of_its_own() {
    let base = png(flat(200, 100, GREY));
    let boxed = Text { background: Some(Color::rgb(0, 0, 200)), padding: [5; 4], ..text("Turned", 20.0) };
    let plain = run(&base, vec![stage(over(boxed.clone()))]).unwrap();
    let (l, t, r, b) = extent(&decoded(&plain.bytes).frames[0].pixels, is_blue);
    let turn = Stage::Rotate { degrees: Fixed::new(90.0), background: Background::Auto };
    let out = run(&base, vec![stage(Overlay { stages: vec![turn], ..over(boxed.clone()) })]).unwrap();
    let (tl, tt, tr, tb) = extent(&decoded(&out.bytes).frames[0].pixels, is_blue);
    assert_eq!((tr - tl, tb - tt), (b - t, r - l));
    // A stage that regards edges is given the box, without the shadow around it.
    let shadow = Some((Fixed::new(9.0), Fixed::new(9.0), Fixed::new(2.0), Color::WHITE));
    let bars = Pad { top: 2, right: 2, bottom: 2, left: 2, background: Background::Color(Color::BLACK) };
    let framed = Overlay { stages: vec![Stage::Pad(bars)], ..over(Text { shadow, ..boxed }) };
    let out = run(&base, vec![stage(framed)]).unwrap();
    let pixels = &decoded(&out.bytes).frames[0].pixels;
    assert_eq!(extent(pixels, |p| p == [0, 0, 0]), (l - 2, t - 2, r + 2, b + 2));
    assert_eq!(extent(pixels, |p| p != GREY), (l - 2, t - 2, r + 2, b + 2));
}

/// Whatever the width, what is shrunk to one line stays on one.
#[test]
fn a_shrunk_text_stays_in_its_box() {
    let base = png(flat(200, 60, GREY));
    for width in 40..80 {
        let boxed = Text {
            width: Some(Dim::Px(width)),
            fit: TextFit::Shrink,
            background: Some(Color::rgb(0, 0, 200)),
            ..text("The quick brown fox", 20.0)
        };
        let out = run(&base, vec![stage(over(boxed))]).unwrap();
        let pixels = &decoded(&out.bytes).frames[0].pixels;
        let (frame, all) = (extent(pixels, is_blue), extent(pixels, |p| p != GREY));
        // A letter may lean out by a pixel, a second line would by more.
        let leans = [frame.0 - all.0, frame.1 - all.1, all.2 - frame.2, all.3 - frame.3];
        assert!(frame.2 - frame.0 == width && leans.iter().all(|by| *by <= 1), "{width}: {frame:?} {all:?}");
    }
}

/// A box that nothing shows is where its text is, unless the text is aligned in it.
#[test]
fn a_text_is_aligned_in_its_box() {
    let base = png(flat(200, 40, GREY));
    let ink = |align, anchor, less| {
        let boxed = Text { width: Some(Dim::Ratio(Fixed::ONE)), less, align, ..text("III", 20.0) };
        let out = run(&base, vec![stage(Overlay { anchor: (anchor, Vertical::Center), ..over(boxed) })]).unwrap();
        extent(&decoded(&out.bytes).frames[0].pixels, |p| p[0] > 130)
    };
    let (left, center, right) = (Horizontal::Left, Horizontal::Center, Horizontal::Right);
    for (align, anchor, less, at_left, at_right) in [
        (TextAlign::Start, left, 0, true, false),
        (TextAlign::Start, center, 0, false, false),
        (TextAlign::Start, right, 0, false, true),
        (TextAlign::Left, right, 0, true, false),
        (TextAlign::Right, left, 0, false, true),
        (TextAlign::Right, left, 50, false, false),
        (TextAlign::Right, right, 50, false, true),
        (TextAlign::Left, right, 50, false, false),
    ] {
        let (l, _, r, _) = ink(align, anchor, less);
        assert_eq!((l < 10, r > 190), (at_left, at_right), "{align:?} {anchor:?} {less}: {l} to {r}");
    }
}

#[test]
fn it_lies_on_what_is_made_and_in_any_mode() {
    let base = png(flat(120, 60, GREY));
    let card = Overlay {
        width: Some(Dim::Px(100)),
        height: Some(Dim::Px(40)),
        stages: vec![stage(over(text("On a card", 16.0)))],
        ..Overlay::new(plan::Picture::Solid(Color::rgb(0, 0, 200)))
    };
    let out = run(&base, vec![stage(card)]).unwrap();
    let pixels = &decoded(&out.bytes).frames[0].pixels;
    assert_eq!(extent(pixels, |p| p != GREY), (10, 10, 110, 50));
    let ink = extent(pixels, is_red);
    assert!(ink.0 > 15 && ink.2 < 105 && ink.2 - ink.0 > 50, "{ink:?}");

    let hole = Overlay { blend: plan::Blend::Cutout, ..over(text("Hole", 40.0)) };
    let out = run(&base, vec![stage(hole)]).unwrap();
    let pixels = &decoded(&out.bytes).frames[0].pixels;
    let gone = extent(pixels, |p| p[3] == 0);
    assert!(gone.2 - gone.0 > 60 && gone.3 - gone.1 > 20, "{gone:?}");

    // Beginning at the left edge, repeated, it has ink everywhere.
    let tiled = Overlay { tile: Some(plan::Tile { across: 3, down: 3 }), ..over(text("x", 12.0)) };
    let out = run(&base, vec![stage(tiled)]).unwrap();
    let ink = extent(&decoded(&out.bytes).frames[0].pixels, |p| p[0] > 140);
    assert!(ink.0 < 8 && ink.1 < 16 && ink.2 > 112 && ink.3 > 50, "{ink:?}");
}

#[test]
fn every_frame_bears_it() {
    let frame = |v: u8| flat(80, 40, [v; 3]);
    let moving = file(Format::Gif, vec![frame(10), frame(120), frame(250)]);
    let stages = vec![stage(over(text("MMM", 24.0)))];
    let out = job(&moving, stages, &[], Format::Webp, &Budget::default(), &Cancel::never()).unwrap();
    let frames = decoded(&out.bytes).frames;
    let first = extent(&frames[0].pixels, is_red);
    assert!(frames.len() == 3 && first.2 > first.0 + 40);
    assert!(frames.iter().all(|frame| extent(&frame.pixels, is_red) == first));
}

#[test]
fn what_is_missing_is_a_warning() {
    let base = png(flat(120, 60, GREY));
    let odd = Text { families: vec!["No Such".to_owned()], ..text("a\u{13000}b", 20.0) };
    let out = run(&base, vec![stage(over(odd.clone())), stage(over(odd))]).unwrap();
    assert_eq!(out.warnings, ["text: no font family \"No Such\"", "text: no font has U+13000"]);
    assert!(run(&base, vec![stage(over(text("plain", 20.0)))]).unwrap().warnings.is_empty());
    // A text of nothing leaves the picture as it is.
    let out = run(&base, vec![stage(over(text("", 20.0)))]).unwrap();
    assert_eq!(decoded(&out.bytes).frames[0].pixels, flat(120, 60, GREY));
}

#[test]
fn what_would_cost_too_much_is_refused() {
    let base = png(flat(120, 60, GREY));
    let wide = Text { width: Some(Dim::Px(u32::MAX)), align: TextAlign::Center, ..text("a", 20.0) };
    let padded = Text { padding: [4000; 4], ..text("a", 20.0) };
    let high = Text { fit: TextFit::Wrap, width: Some(Dim::Px(16)), ..text(&"a ".repeat(600), 20.0) };
    for (text, named) in [
        (text(&"a".repeat(5001), 20.0), "text characters"),
        (text("a", 1e9), "text size"),
        (text(&"W".repeat(4000), 20.0), "text width"),
        (wide, "text width"),
        (padded, "text pixels"),
        (high, "text lines"),
    ] {
        let error = run(&base, vec![stage(over(text))]).unwrap_err();
        assert!(error.to_string().contains(&format!("the limit on {named}:")), "{named}: {error}");
        assert_eq!(error.fault(), plan::reason::Fault::Origin);
    }
    // What the picture below leaves of the memory counts.
    let budget = Budget { memory: 200_000, ..Budget::default() };
    let large = stage(over(text("Large", 120.0)));
    let error = job(&base, vec![large], &[], Format::Png, &budget, &Cancel::never()).unwrap_err();
    assert!(error.to_string().contains("the limit on text"), "{error}");
    // Numbers out of range are brought to its ends.
    let strange = Text {
        weight: 0,
        line_height: Some(Fixed::new(-3.0)),
        letter_spacing: Fixed::new(-1e9),
        outline: Some((Fixed::new(1e9), Color::BLACK)),
        shadow: Some((Fixed::new(-1e9), Fixed::new(1e9), Fixed::new(-1.0), Color::BLACK)),
        families: vec!["x".repeat(10_000)],
        ..text("a", -5.0)
    };
    assert!(run(&base, vec![stage(over(strange))]).is_ok());
}

#[test]
fn nobody_waits_for_a_text() {
    let base = png(flat(120, 60, GREY));
    let stages = || vec![stage(over(text("Stop", 20.0)))];
    let run = |asks| job(&base, stages(), &[], Format::Png, &Budget::default(), &Cancel::after(asks));
    let all = (0..200).find(|asks| run(*asks).is_ok()).unwrap();
    assert!((0..all).all(|asks| run(asks) == Err(CodecError::Cancelled)));
}
