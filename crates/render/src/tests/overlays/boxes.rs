use plan::{Picture as Shown, Tile};

use super::*;

fn solid(color: Color) -> Overlay {
    Overlay::new(Shown::Solid(color))
}

const RED_INK: Color = Color::rgb(200, 0, 0);

/// What of a picture in one colour is of another, as left, top, right, bottom.
fn extent(pixels: &Pixels, ground: &[u8]) -> Option<(u32, u32, u32, u32)> {
    let differs: Vec<(u32, u32)> = (0..pixels.height)
        .flat_map(|y| (0..pixels.width).map(move |x| (x, y)))
        .filter(|(x, y)| pixel(pixels, *x, *y) != ground)
        .collect();
    let (xs, ys) = (|| differs.iter().map(|p| p.0), || differs.iter().map(|p| p.1));
    Some((xs().min()?, ys().min()?, xs().max()? + 1, ys().max()? + 1))
}

#[test]
fn an_overlay_is_fitted_into_its_box() {
    let base = png(flat(40, 40, GREY));
    // Left half red, right half blue.
    let logo = png(rgb(20, 10, |x, _| if x < 10 { RED } else { BLUE }));
    let right = Gravity::Anchor(Horizontal::Right, Vertical::Bottom);
    let boxed = Overlay { width: Some(Dim::Px(20)), height: Some(Dim::Px(20)), ..named() };
    for (fit, gravity, extent_is, left, right_is) in [
        (Fit::Stretch, Gravity::CENTER, (10, 10, 30, 30), RED, BLUE),
        (Fit::Inside, Gravity::CENTER, (10, 15, 30, 25), RED, BLUE),
        (Fit::Outside, Gravity::CENTER, (0, 10, 40, 30), RED, BLUE),
        (Fit::Cover, right, (10, 10, 30, 30), BLUE, BLUE),
        (Fit::Contain, right, (10, 20, 30, 30), RED, BLUE),
    ] {
        let out = drawn(&base, vec![stage(Overlay { fit, gravity, ..boxed.clone() })], &[&logo]);
        assert_eq!(extent(&out, &GREY), Some(extent_is), "{fit:?}");
        near(&out, extent_is.0 + 2, 24, left);
        near(&out, extent_is.2 - 3, 24, right_is);
    }
}

#[test]
fn a_cover_looks_at_the_overlay_where_it_is_told_to() {
    let base = png(flat(40, 40, GREY));
    let busy = png(rgb(90, 30, |x, y| if x < 30 { [(x * 37 + y * 91) as u8, (x * y * 13) as u8, 9] } else { [70; 3] }));
    let cover = |gravity| {
        let overlay =
            Overlay { width: Some(Dim::Px(30)), height: Some(Dim::Px(30)), fit: Fit::Cover, gravity, ..named() };
        drawn(&base, vec![stage(overlay)], &[&busy])
    };
    assert_eq!(cover(Gravity::Entropy), cover(Gravity::Anchor(Horizontal::Left, Vertical::Center)));
    assert_ne!(cover(Gravity::Entropy), cover(Gravity::CENTER));
}

#[test]
fn tiles_cover_the_picture_from_their_place() {
    let (base, logo) = (png(flat(40, 30, GREY)), png(rgb(5, 4, |x, y| [10 + x as u8, 20 + y as u8, 200])));
    for ((x, y), (across, down)) in [((0, 0), (0, 0)), ((3, 2), (2, 1)), ((-7, -100), (4, 9)), ((1000, 1), (900, 0))] {
        let tile = Some(Tile { across, down });
        let out = drawn(&base, vec![stage(Overlay { tile, ..at(x, y) })], &[&logo]);
        let want = rgb(40, 30, |px, py| {
            let (u, v) = (px as i32 - x, py as i32 - y);
            let (u, v) = (u.rem_euclid(5 + across as i32), v.rem_euclid(4 + down as i32));
            if u < 5 && v < 4 { [10 + u as u8, 20 + v as u8, 200] } else { GREY }
        });
        assert_eq!(out, want, "{x},{y} {across},{down}");
    }
    // Opacity counts, and so does the mode.
    let tile = Some(Tile { across: 1, down: 0 });
    let half = Overlay { tile, opacity: Fixed::new(0.5), blend: plan::Blend::Multiply, ..at(0, 0) };
    let out = drawn(&base, vec![stage(half)], &[&png(flat(1, 1, [0; 3]))]);
    assert_eq!(out, rgb(40, 30, |x, _| if x % 2 == 0 { [50; 3] } else { GREY }));
}

#[test]
fn tiles_of_one_pixel_or_of_none_to_be_seen_cost_no_more_than_the_picture() {
    let base = png(flat(300, 200, GREY));
    let far = Overlay { tile: Some(Tile { across: u32::MAX, down: u32::MAX }), ..at(i32::MAX, i32::MIN) };
    assert_eq!(drawn(&base, vec![stage(far)], &[&png(flat(3, 3, RED))]), flat(300, 200, GREY));
    let close = Overlay { tile: Some(Tile { across: 0, down: 0 }), ..at(0, 0) };
    assert_eq!(drawn(&base, vec![stage(close.clone())], &[&png(flat(1, 1, RED))]), flat(300, 200, RED));
    // A tile that would not fit into memory is refused before it is made.
    let huge = Overlay { width: Some(Dim::Px(4_000_000_000)), ..close };
    let error = failing(vec![stage(huge)], &[Some(&png(flat(9, 9, RED)))], &Budget::default());
    assert!(matches!(error, CodecError::OverBudget { what: "memory", .. }), "{error}");
}

#[test]
fn one_is_drawn_only_where_there_is_room() {
    let (base, logo) = (png(flat(40, 30, GREY)), png(flat(5, 5, RED)));
    let inner = stage(at(0, 0));
    for (only_on, seen) in [((40, 30), true), ((0, 30), true), ((41, 0), false), ((0, 31), false)] {
        let nested = Overlay { only_on, stages: vec![inner.clone()], ..at(0, 0) };
        let stages = vec![stage(nested), stage(at(20, 20))];
        let files = [logo.clone(), logo.clone(), png(flat(5, 5, BLUE))];
        let out = drawn(&base, stages, &files.each_ref().map(Vec::as_slice));
        assert_eq!(pixel(&out, 2, 2), if seen { RED } else { GREY }, "{only_on:?}");
        // The bytes of those that follow are found all the same.
        assert_eq!(pixel(&out, 22, 22), BLUE);
    }
}

#[test]
fn one_colour_fills_its_box() {
    let base = png(flat(40, 30, GREY));
    let px = |v| Some(Dim::Px(v));
    let half = || Some(Dim::Ratio(Fixed::new(0.5)));
    for (width, height, want) in [
        (None, None, (0, 0, 40, 30)),
        (px(10), None, (15, 0, 25, 30)),
        (None, px(4), (0, 13, 40, 17)),
        (half(), half(), (10, 7, 30, 22)),
        (px(u32::MAX), px(6), (0, 12, 40, 18)),
    ] {
        let out = drawn(&base, vec![stage(Overlay { width, height, ..solid(RED_INK) })], &[]);
        assert_eq!(extent(&out, &GREY), Some(want), "{width:?} {height:?}");
        assert_eq!(pixel(&out, 20, 14), RED);
    }
    let faint = Overlay { opacity: Fixed::new(0.5), ..solid(Color { r: 200, g: 0, b: 0, a: 128 }) };
    let out = drawn(&base, vec![stage(faint)], &[]);
    near(&out, 3, 3, [125, 75, 75]);
}

/// One that has stages is made in full, and its box does not squeeze what they make of it.
#[test]
fn one_colour_has_stages() {
    let base = png(flat(60, 60, GREY));
    let pad = Stage::Pad(Pad { top: 1, right: 2, bottom: 3, left: 4, background: Background::Color(Color::BLACK) });
    let turn = Stage::Rotate { degrees: Fixed::new(90.0), background: Background::Auto };
    let framed = Overlay {
        width: Some(Dim::Px(20)),
        height: Some(Dim::Px(10)),
        stages: vec![pad, turn.clone()],
        anchor: (Horizontal::Left, Vertical::Top),
        ..solid(RED_INK)
    };
    let out = drawn(&base, vec![stage(framed.clone())], &[]);
    assert_eq!(extent(&out, &GREY), Some((0, 0, 14, 26)));
    assert_eq!([pixel(&out, 1, 1), pixel(&out, 5, 10), pixel(&out, 13, 20)], [&[0, 0, 0], &RED[..], &[0, 0, 0]]);

    // Overlays of one colour within one another, and a fetched one among them.
    let spot = Overlay { width: Some(Dim::Px(4)), height: Some(Dim::Px(4)), ..solid(Color::rgb(0, 200, 0)) };
    let nested = Overlay { stages: vec![stage(spot), stage(at(0, 0))], ..framed };
    let out = drawn(&base, vec![stage(nested)], &[&png(flat(2, 2, BLUE))]);
    assert_eq!([pixel(&out, 10, 5), pixel(&out, 0, 0), pixel(&out, 3, 3)], [GREEN, BLUE, RED]);

    let huge =
        Overlay { width: Some(Dim::Px(100_000)), height: Some(Dim::Px(100_000)), stages: vec![turn], ..solid(RED_INK) };
    let error = failing(vec![stage(huge)], &[], &Budget::default());
    let limit = Budget::default().input_pixels;
    assert_eq!(error, CodecError::OverBudget { what: "overlay pixels", found: 10_000_000_000, limit });
}

#[test]
fn every_frame_bears_what_is_made() {
    let frame = |v: u8| flat(40, 20, [v; 3]);
    let moving = file(Format::Gif, vec![frame(10), frame(120), frame(250)]);
    let spot = Overlay { width: Some(Dim::Px(6)), height: Some(Dim::Px(6)), ..solid(RED_INK) };
    let tile = Some(Tile { across: 6, down: 40 });
    let left = (Horizontal::Left, Vertical::Top);
    let tiled = Overlay { tile, anchor: left, ..spot.clone() };
    let cut = Overlay { blend: plan::Blend::Cutout, ..spot };
    let run = |stages| job(&moving, stages, &[], Format::Webp, &Budget::default(), &Cancel::never()).unwrap();
    let out = run(vec![stage(tiled), stage(cut)]);
    assert_eq!(out.frames, 3);
    for (frame, v) in decoded(&out.bytes).frames.iter().zip([10, 120, 250]) {
        near(&frame.pixels, 2, 2, RED);
        near(&frame.pixels, 26, 2, RED);
        near(&frame.pixels, 8, 2, [v; 3]);
        near(&frame.pixels, 2, 15, [v; 3]);
        assert_eq!(pixel(&frame.pixels, 20, 10)[3], 0);
    }
}
