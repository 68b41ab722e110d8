//! Size, crops, rectangles and turns.

use super::*;

/// Each pixel is of a colour of its own: red tells the column, green the row.
fn grid(width: u32, height: u32) -> Vec<u8> {
    png(width, height, |x, y| [x as u8 * 3, y as u8 * 3, 77, 255])
}

/// Three bands of 100 across: red, green, blue.
fn bands() -> Vec<u8> {
    png(300, 100, |x, _| [RED, GREEN, BLUE][x as usize / 100])
}

/// A master of 300 by 200.
#[test]
fn sizes_are_as_documented() {
    let master = flat(300, 200, GREY);
    for (query, size) in [
        ("w=150", (150, 100)),
        ("width=150", (150, 100)),
        ("h=50", (75, 50)),
        ("height=50", (75, 50)),
        ("w=0.5", (150, 100)),
        ("h=0.25&w=1", (75, 50)),
        ("w=600", (600, 400)),
        // The vendor's own example.
        ("w=100&h=100&fit=clip", (100, 67)),
        ("w=100&h=100", (100, 67)),
        ("w=600&h=600&fit=max", (300, 200)),
        ("w=100&h=100&fit=max", (100, 67)),
        ("w=100&h=100&fit=crop", (100, 100)),
        ("w=600&h=600&fit=crop", (600, 600)),
        ("w=100&h=50&fit=min", (100, 50)),
        // Too small for 600 by 600: the ratio stays.
        ("w=600&h=600&fit=min", (200, 200)),
        ("w=600&h=100&fit=min", (300, 50)),
        ("w=77&h=99&fit=scale", (77, 99)),
        ("w=99&fit=scale", (99, 66)),
        ("w=100&h=100&fit=fill", (100, 100)),
        ("w=500&h=500&fit=fillmax", (500, 500)),
        ("w=100&h=100&fit=clamp", (100, 100)),
        ("w=150&fit=fill", (150, 100)),
        ("w=600&fit=fillmax", (300, 200)),
        // Pixels are multiplied, shares are not.
        ("w=50&dpr=2", (100, 67)),
        ("w=50&h=50&dpr=3&fit=crop", (150, 150)),
        ("w=0.5&dpr=2", (150, 100)),
        ("w=100&dpr=0.5", (50, 33)),
    ] {
        let warned = query == "w=0.5&dpr=2";
        let query = if warned { "w=0.5" } else { query };
        let made = made_of(query, &master, &[]);
        assert_eq!((made.width, made.height), size, "{query}");
    }
}

/// The vendor's examples are the second and the fourth.
#[test]
fn ratios_give_the_missing_side() {
    for (query, master, size) in [
        ("w=90&ar=3:1&fit=crop", (300, 200), (90, 30)),
        ("w=280&ar=2:1&fit=crop", (300, 200), (280, 140)),
        ("h=50&ar=0.5:1&fit=fill", (300, 200), (25, 50)),
        ("ar=9:1&fit=crop", (900, 270), (900, 100)),
        ("ar=1:1&fit=crop", (300, 200), (200, 200)),
        ("ar=1:1&fit=fill", (300, 200), (300, 300)),
        ("ar=2.5&w=100&fit=crop", (300, 200), (100, 40)),
    ] {
        let made = made_of(query, &flat(master.0, master.1, GREY), &[]);
        assert_eq!((made.width, made.height), size, "{query}");
    }
}

#[test]
fn limits_hold_under_a_crop() {
    let master = flat(300, 200, GREY);
    for (query, size) in [
        ("w=200&h=100&fit=crop&max-w=80", (80, 100)),
        ("w=200&h=100&fit=crop&max-width=80&max-height=40", (80, 40)),
        ("w=200&h=100&fit=crop&max-h=70", (200, 70)),
        ("w=20&h=10&fit=crop&min-w=50", (50, 10)),
        ("w=20&h=10&fit=crop&min-h=60", (20, 60)),
        ("w=20&h=10&fit=crop&min-width=30&min-height=40", (30, 40)),
        // Of 150 by 100.
        ("w=150&fit=crop&max-h=60", (150, 60)),
        ("w=150&fit=crop&min-h=120", (150, 120)),
    ] {
        let made = made_of(query, &master, &[]);
        assert_eq!((made.width, made.height), size, "{query}");
    }
}

#[test]
fn a_crop_shows_the_part_that_is_named() {
    for (query, middle) in [
        ("crop=left", RED),
        ("crop=right", BLUE),
        ("crop=top", GREEN),
        ("crop=bottom,left", RED),
        ("crop=left,right", BLUE),
        ("crop=center", GREEN),
        ("q=75", GREEN),
        ("crop=focalpoint", GREEN),
    ] {
        let shown = shown(&format!("w=100&h=100&fit=crop&{query}"), &bands());
        assert_eq!((shown.width, shown.height), (100, 100));
        assert!(shown.pixels.iter().all(|p| *p == middle), "{query}");
    }
    // The only edges are in the last band.
    let detail = png(300, 100, |x, y| if x > 220 && (x / 8 + y / 8) % 2 == 0 { WHITE } else { GREY });
    for detector in ["edges", "entropy"] {
        let shown = shown(&format!("w=80&h=100&fit=crop&crop={detector}"), &detail);
        let seen = shown.pixels.iter().filter(|p| **p == WHITE).count();
        assert!(seen * 10 > shown.pixels.len() * 4, "{detector}: {seen} white pixels of {}", shown.pixels.len());
    }
}

/// The window of 100 by 100 is as near to the point as the edges let it be.
#[test]
fn focal_points_are_in_the_middle() {
    let master = png(300, 100, |x, y| [(x / 2) as u8, y as u8, 0, 255]);
    for (query, left, top, side) in [
        ("fp-x=0", 0, 0, 100),
        ("fp-x=1", 200, 0, 100),
        ("fp-x=0.5&fp-y=0.5", 100, 0, 100),
        ("fp-x=0.4", 70, 0, 100),
        // Half as wide and as high around the point.
        ("fp-x=0.5&fp-y=0.5&fp-z=2", 125, 25, 50),
        ("fp-x=0.1&fp-y=0.1&fp-z=2", 5, 0, 50),
        ("fp-x=1&fp-y=1&fp-z=4", 275, 75, 25),
    ] {
        let shown = shown(&format!("w=100&h=100&fit=crop&crop=focalpoint&{query}"), &master);
        let first = shown.at(2, 2);
        let last = shown.at(97, 97);
        let near = |found: u8, at: u32, half: u32| (i64::from(found) - i64::from(at / half)).abs() <= 3;
        assert!(near(first[0], left, 2) && near(first[1], top, 1), "{query}: {first:?}");
        assert!(near(last[0], left + side, 2) && near(last[1], top + side, 1), "{query}: {last:?}");
    }
}

/// Of a grid of 80 by 60: where it begins, and how far it goes.
#[test]
fn rectangles_are_cut_to_the_pixel() {
    for (rect, (x, y, w, h)) in [
        ("10,20,30,25", (10, 20, 30, 25)),
        ("0.5,0.25,0.5,full", (40, 15, 40, 45)),
        ("center,middle,20,10", (30, 25, 20, 10)),
        ("right,bottom,0.25,0.5", (60, 30, 20, 30)),
        ("left,top,full,10", (0, 0, 80, 10)),
        // What is outside is not there.
        ("70,50,40,40", (70, 50, 10, 10)),
    ] {
        let shown = shown(&format!("rect={rect}"), &grid(80, 60));
        assert_eq!((shown.width, shown.height), (w, h), "{rect}");
        for (px, py) in [(0, 0), (w - 1, 0), (0, h - 1), (w - 1, h - 1)] {
            assert_eq!(shown.at(px, py), [(x + px) as u8 * 3, (y + py) as u8 * 3, 77, 255], "{rect} at {px},{py}");
        }
    }
    let cut = shown("rect=10,20,30,25&w=15", &grid(80, 60));
    assert_eq!((cut.width, cut.height), (15, 13), "before the size");
}

/// Where the pixel that is stored at the top left comes to lie, by the EXIF standard's table of orientations.
#[test]
fn orientations_are_those_of_exif() {
    let master = grid(5, 3);
    for (said, turned, corner) in [
        ("0", false, (0, 0)),
        ("1", false, (0, 0)),
        ("2", false, (4, 0)),
        ("3", false, (4, 2)),
        ("4", false, (0, 2)),
        ("5", true, (0, 0)),
        ("6", true, (2, 0)),
        ("7", true, (2, 4)),
        ("8", true, (0, 4)),
        ("90", true, (2, 0)),
        ("180", false, (4, 2)),
        ("270", true, (0, 4)),
    ] {
        for name in ["or", "orient"] {
            let shown = shown(&format!("{name}={said}"), &master);
            assert_eq!((shown.width, shown.height), if turned { (3, 5) } else { (5, 3) }, "{said}");
            assert_eq!(shown.at(corner.0, corner.1), [0, 0, 77, 255], "{said}");
        }
    }
}

#[test]
fn mirrors_and_turns() {
    let master = grid(8, 8);
    let of = |x: usize, y: usize| [x as u8 * 3, y as u8 * 3, 77, 255];
    for (query, of_corner) in [
        ("flip=h", of(7, 0)),
        ("flip=v", of(0, 7)),
        ("flip=hv", of(7, 7)),
        ("rot=90", of(0, 7)),
        ("rot=180", of(7, 7)),
        ("rot=270", of(7, 0)),
        ("rot=90&rot-type=pivot", of(0, 7)),
    ] {
        let shown = shown(query, &master);
        assert_eq!((shown.width, shown.height, shown.at(0, 0)), (8, 8, of_corner), "{query}");
    }
    // Straightened, no corner of the ground shows; turned about its middle, all four do.
    let straight = shown("rot=20&bg=f00", &flat(60, 40, BLUE));
    assert_eq!((straight.width, straight.height), (60, 40));
    assert!(straight.pixels.iter().all(|p| *p == BLUE));
    let pivot = shown("rot=20&rot-type=pivot&bg=f00", &flat(60, 40, BLUE));
    for (x, y) in [(0, 0), (pivot.width - 1, 0), (0, pivot.height - 1), (pivot.width - 1, pivot.height - 1)] {
        assert_eq!(pivot.at(x, y), RED, "{x},{y}");
    }
    let blue = pivot.pixels.iter().filter(|p| **p == BLUE).count();
    assert!(blue.abs_diff(60 * 40) < 120, "all of the picture: {blue} pixels");
}

#[test]
fn a_preset_is_what_it_stands_for() {
    let made = made_of("preset=thumb", &bands(), &[]);
    assert_eq!((made.width, made.height, made.format), (40, 30, Format::Png));
    let made = made_of("h=10&preset=thumb", &bands(), &[]);
    assert_eq!((made.width, made.height), (40, 10));
    assert_eq!(shown("preset=thumb", &bands()).at(20, 15), GREEN);
}
