//! What is cut off, added and kept: trims, bars, pads, masks, borders, grounds.

use std::f64::consts::PI;

use super::*;

/// A picture of 40 by 20 between bars of 10 above and below it.
fn filled(query: &str) -> Shown {
    let shown = shown(&format!("w=40&h=40&fit=fill&{query}"), &flat(80, 40, BLUE));
    assert_eq!((shown.width, shown.height), (40, 40), "{query}");
    assert_eq!((shown.at(20, 10), shown.at(20, 29)), (BLUE, BLUE), "{query}");
    shown
}

#[test]
fn bars_have_the_colour_that_is_said() {
    for (query, bar) in [
        ("q=75", CLEAR),
        ("bg=f00", RED),
        ("fill-color=0f0", GREEN),
        ("fillcolor=lime&bg=f00", GREEN),
        ("fill=solid&fill-color=80ff0000", [255, 0, 0, 128]),
        ("bg=80ff0000", [255, 0, 0, 128]),
    ] {
        let shown = filled(query);
        for (x, y) in [(0, 0), (39, 9), (0, 30), (39, 39)] {
            assert_eq!(shown.at(x, y), bar, "{query} at {x},{y}");
        }
    }
    // Not enlarged: bars on all sides. Of edges: no bars.
    let small = shown("w=40&h=40&fit=fillmax&bg=f00", &flat(20, 10, BLUE));
    assert_eq!(small.bounds(|p| p == BLUE), Some((10, 15, 30, 25)));
    let halves = png(80, 40, |x, _| if x < 40 { RED } else { BLUE });
    let edges = shown("w=40&h=40&fit=clamp", &halves);
    assert_eq!((edges.at(2, 0), edges.at(37, 39)), (RED, BLUE));
    let blurred = shown("w=40&h=40&fit=fill&fill=blur", &halves);
    assert!(blurred.at(0, 0)[0] > 200 && blurred.at(39, 39)[2] > 200 && blurred.at(0, 0)[3] == 255);
}

/// Of black to white: where in the frame of 40 by 40, and which shade.
#[test]
fn gradients_go_where_they_are_told() {
    let line = "fill=gradient&fill-gradient-linear=000,fff";
    let round = "fill=gradient&fill-gradient-type=radial&fill-gradient-radial=000,fff";
    for (query, at, shade) in [
        (line.to_owned(), (20, 0), 3),
        (line.to_owned(), (20, 39), 252),
        (format!("{line}&fill-gradient-linear-direction=bottom,top"), (20, 0), 252),
        (format!("{line}&fill-gradient-linear-direction=left,right"), (0, 0), 3),
        (format!("{line}&fill-gradient-linear-direction=left,right"), (39, 0), 252),
        (format!("{line}&fill-gradient-linear-direction=right,left"), (0, 39), 252),
        (format!("{line}&fill-gradient-type=linear&fill-gradient-linear-direction=left,right"), (20, 0), 129),
        // Half of light is 188 of 255; half of Oklab's lightness is 99, of CIE Lab's 119.
        (format!("{line}&fill-gradient-linear-direction=left,right&fill-gradient-cs=linear"), (20, 0), 189),
        (format!("{line}&fill-gradient-linear-direction=left,right&fill-gradient-cs=oklab"), (20, 0), 101),
        (format!("{line}&fill-gradient-linear-direction=left,right&fill-gradient-cs=lch"), (20, 0), 120),
        (format!("{line}&fill-gradient-linear-direction=left,right&fill-gradient-cs=hsl"), (20, 0), 129),
        // Radii are 10 and 20 of the middle unless said.
        (round.to_owned(), (20, 0), 247),
        (round.to_owned(), (20, 5), 115),
        (round.to_owned(), (0, 0), 255),
        (format!("{round}&fill-gradient-radial-radius=0.5,1"), (20, 0), 0),
        (format!("{round}&fill-gradient-radial-radius=0.5,1"), (0, 0), 97),
        (format!("{round}&fill-gradient-radial-radius=2,10"), (20, 5), 255),
        (format!("{round}&fill-gradient-radial-x=0&fill-gradient-radial-y=0"), (0, 0), 0),
        (format!("{round}&fill-gradient-radial-x=0&fill-gradient-radial-y=0"), (39, 39), 255),
        (format!("{round}&fill-gradient-radial-x=1"), (20, 2), 255),
        (format!("{round}&fill-gradient-radial-y=0"), (20, 2), 0),
    ] {
        let shade = [shade, shade, shade, 255];
        assert_near(filled(&query).at(at.0, at.1), shade, 7, &format!("{query} at {at:?}"));
    }
}

#[test]
fn what_is_behind_is_seen_through() {
    let glass = png(20, 20, |x, _| if x < 10 { [0, 0, 255, 128] } else { CLEAR });
    for (query, left, right) in [
        ("q=75", [0, 0, 255, 128], CLEAR),
        ("bg=fff", [127, 127, 255, 255], WHITE),
        ("bg=f00", [127, 0, 128, 255], RED),
        ("bg=80ff0000", [85, 0, 170, 192], [255, 0, 0, 128]),
        ("transparency=grid&grid-colors=f00,0f0", [127, 0, 128, 255], [0, 255, 0, 255]),
    ] {
        let shown = shown(query, &glass);
        assert_near(shown.at(0, 0), left, 2, query);
        assert_near(shown.at(12, 0), right, 2, query);
    }
    // Squares of 4 in the vendor's two greys, and as they are said.
    for (query, size, first, second) in [
        ("transparency=grid", 4, [0xd0, 0xd7, 0xdd, 255], WHITE),
        ("transparency=grid&grid-size=5&grid-colors=f00,00f", 5, RED, BLUE),
    ] {
        let shown = shown(query, &flat(20, 20, CLEAR));
        for (x, y) in [(0, 0), (size - 1, 0), (size, 0), (0, size), (size, size), (2 * size, size), (19, 19)] {
            let wanted = if (x / size + y / size) % 2 == 0 { first } else { second };
            assert_eq!(shown.at(x, y), wanted, "{query} at {x},{y}");
        }
    }
    // Where the format has no alpha, unless said, white is behind.
    let jpeg = read(&made_of("fm=jpg", &flat(16, 16, CLEAR), &[]).bytes);
    assert_near(jpeg.at(8, 8), WHITE, 1, "jpeg");
}

/// A red square of 20 by 10 in the middle of 60 by 40.
fn framed(ground: [u8; 4]) -> Vec<u8> {
    png(60, 40, move |x, y| if (20..40).contains(&x) && (15..25).contains(&y) { RED } else { ground })
}

#[test]
fn borders_are_cut_off() {
    for (query, ground, size) in [
        ("trim=auto", WHITE, (20, 10)),
        ("trim=color", WHITE, (20, 10)),
        ("trim=color&trim-color=fff", WHITE, (20, 10)),
        // It has another border.
        ("trim=color&trim-color=00f", WHITE, (60, 40)),
        ("trim=color&trimcolor=black&trim-tol=10", [5, 5, 5, 255], (20, 10)),
        ("trim=color&trim-color=000", [5, 5, 5, 255], (60, 40)),
        ("trim=color&trim-color=000&trimtol=1", [5, 5, 5, 255], (60, 40)),
        ("trim=alpha", CLEAR, (20, 10)),
        ("trim=alpha", WHITE, (60, 40)),
        ("trim=alpha&trim-alpha=20", [0, 0, 0, 20], (20, 10)),
        ("trim=alpha&trim-alpha=19", [0, 0, 0, 20], (60, 40)),
        ("trim=colorunlessalpha", CLEAR, (20, 10)),
        ("trim=colorunlessalpha", GREY, (20, 10)),
        // So much is put back.
        ("trim=color&trim-pad=4", WHITE, (28, 18)),
        ("trim=auto&trimpad=100", WHITE, (60, 40)),
        // So much of the picture goes as well, down to its middle.
        ("trim=color&trim-pad=-4", WHITE, (12, 2)),
        ("trim=color&trim-pad=-200", WHITE, (1, 1)),
        // Then comes the size.
        ("trim=color&w=10", WHITE, (10, 5)),
    ] {
        let shown = shown(query, &framed(ground));
        assert_eq!((shown.width, shown.height), size, "{query}");
        assert_eq!(shown.at(shown.width / 2, shown.height / 2), RED, "{query}");
    }
    // Rows of noise: even enough, or not.
    let noisy = png(60, 40, |x, y| {
        let noise = if (x + y) % 2 == 0 { 112 } else { 144 };
        if (20..40).contains(&x) && (15..25).contains(&y) { RED } else { [noise, noise, noise, 255] }
    });
    for (query, size) in [
        ("trim=auto", (60, 40)),
        ("trim=auto&trim-sd=20", (20, 10)),
        // A row differs by 16 from the mean of the pixel at its edge, or less.
        ("trim=auto&trim-md=40&trim-sd=20", (20, 10)),
    ] {
        let shown = shown(query, &noisy);
        assert_eq!((shown.width, shown.height), size, "{query}");
    }
}

/// The size, and where the blue picture lies in it.
#[test]
fn pads_are_within_a_size_that_is_said() {
    let master = flat(60, 40, BLUE);
    for (query, size, inside) in [
        ("pad=10", (80, 60), (10, 10, 70, 50)),
        ("pad-top=5", (60, 45), (0, 5, 60, 45)),
        ("pad-right=5", (65, 40), (0, 0, 60, 40)),
        ("pad-bottom=5", (60, 45), (0, 0, 60, 40)),
        ("pad-left=5", (65, 40), (5, 0, 65, 40)),
        ("pad=10&pad-left=0", (70, 60), (0, 10, 60, 50)),
        ("w=80&h=60&pad=10", (80, 60), (10, 10, 70, 50)),
        ("w=50&h=30&fit=crop&pad=5", (50, 30), (5, 5, 45, 25)),
        ("w=50&h=30&fit=crop&pad-top=3&pad-left=7", (50, 30), (7, 3, 50, 30)),
    ] {
        let shown = shown(&format!("{query}&bg=f00"), &master);
        assert_eq!((shown.width, shown.height), size, "{query}");
        assert_eq!(shown.bounds(|p| p == BLUE), Some(inside), "{query}");
        assert!(shown.pixels.iter().all(|p| *p == BLUE || *p == RED), "{query}");
    }
}

/// What a mask leaves of a picture of 100 by 60, in pixels.
#[test]
fn masks_keep_what_is_inside() {
    let master = flat(100, 60, BLUE);
    let corner = |r: f64| r * r * (1.0 - PI / 4.0);
    for (query, left) in [
        ("mask=ellipse", PI * 50.0 * 30.0),
        ("mask=corners&corner-radius=20", 6000.0 - 4.0 * corner(20.0)),
        ("mask=corners&corner-radius=30,20,10,0", 6000.0 - corner(30.0) - corner(20.0) - corner(10.0)),
        // A fifth of the shorter side unless said; never more than half of it.
        ("mask=corners", 6000.0 - 4.0 * corner(12.0)),
        ("mask=corners&corner-radius=0", 6000.0 - 4.0 * corner(12.0)),
        ("mask=corners&corner-radius=500", 6000.0 - 4.0 * corner(30.0)),
    ] {
        let shown = shown(query, &master);
        assert!((shown.coverage() - left).abs() < 0.01 * left, "{query}: {} of {left}", shown.coverage());
        assert_eq!(shown.at(50, 30), BLUE, "{query}");
    }
    let twice = shown("mask=corners&corner-radius=10&dpr=2&w=100", &master);
    assert!((twice.coverage() - (24_000.0 - 4.0 * corner(20.0))).abs() < 100.0, "{}", twice.coverage());
    let triangle = shown("mask=poly3", &flat(60, 60, BLUE));
    assert_eq!((triangle.at(30, 20), triangle.at(2, 2), triangle.at(57, 2)), (BLUE, CLEAR, CLEAR));
    // A picture: its luminance times its alpha, stretched over this one.
    let half = png(10, 10, |x, y| match (x < 5, y < 5) {
        (true, _) => WHITE,
        (false, true) => BLACK,
        (false, false) => [255, 255, 255, 128],
    });
    let cut = shown_with("mask=/m.png", &master, &[("m.png", &half)]);
    assert_eq!((cut.at(20, 10), cut.at(20, 50)), (BLUE, BLUE));
    assert_eq!((cut.at(80, 10)[3], cut.at(80, 50)), (0, [0, 0, 255, 128]));
}

#[test]
fn outside_of_a_mask_is_what_is_said() {
    for (query, corner) in [
        ("mask=ellipse", CLEAR),
        ("mask=ellipse&mask-bg=0f0", GREEN),
        ("mask=ellipse&maskbg=80ff0000", [255, 0, 0, 128]),
        ("mask=ellipse&bg=f00", RED),
        ("mask=ellipse&mask-bg=0f0&bg=f00", GREEN),
    ] {
        let shown = shown(query, &flat(100, 60, BLUE));
        assert_eq!((shown.at(0, 0), shown.at(50, 30)), (corner, BLUE), "{query}");
    }
    let jpeg = read(&made_of("mask=ellipse&fm=jpg", &flat(64, 64, BLUE), &[]).bytes);
    assert_near(jpeg.at(0, 0), WHITE, 12, "a format without alpha");
    // Compressed, it has alpha all the same.
    assert_eq!(made_of("mask=ellipse&auto=compress", &flat(64, 64, BLUE), &[]).format, Format::Png);
}

/// What is left of the blue picture of 100 by 60, whose size stays.
#[test]
fn borders_lie_over_the_edge() {
    let master = flat(100, 60, BLUE);
    for (query, inside) in [
        ("border=5,f00", (5, 5, 95, 55)),
        ("border=5,f00&border-top=20", (5, 20, 95, 55)),
        ("border=5,f00&border-right=20", (5, 5, 80, 55)),
        ("border=5,f00&border-bottom=20", (5, 5, 95, 40)),
        ("border=5,f00&border-left=20", (20, 5, 95, 55)),
        ("border=0,f00&border-top=7", (0, 7, 100, 60)),
    ] {
        let shown = shown(query, &master);
        assert_eq!((shown.width, shown.height), (100, 60), "{query}");
        assert_eq!(shown.bounds(|p| p == BLUE), Some(inside), "{query}");
        assert!(shown.pixels.iter().all(|p| *p == BLUE || *p == RED), "{query}");
    }
    assert_near(shown("border=5,80ff0000", &master).at(2, 30), [128, 0, 127, 255], 1, "half of it");
    // Round outside and inside.
    let corner = |r: f64| r * r * (1.0 - PI / 4.0);
    let round = shown("border=10,f00&border-radius=30", &master);
    assert!((round.coverage() - (6000.0 - 4.0 * corner(30.0))).abs() < 20.0, "{}", round.coverage());
    let four = shown("border=10,f00&border-radius=30,0,0,10", &master);
    assert!((four.coverage() - (6000.0 - corner(30.0) - corner(10.0))).abs() < 20.0, "{}", four.coverage());
    assert_eq!(shown("border=10,f00&border-radius=30&bg=0f0", &master).at(0, 0), GREEN);
    let inner = shown("border=10,f00&border-radius-inner=15", &master);
    let blue = inner.pixels.iter().map(|p| f64::from(p[2]) / 255.0).sum::<f64>();
    assert!((blue - (80.0 * 40.0 - 4.0 * corner(15.0))).abs() < 20.0, "{blue}");
    assert_eq!(inner.at(0, 0), RED);
}

#[test]
fn a_stroke_lies_over_the_border() {
    let shown = shown("border=9,0f0&border-stroke-size=3&border-stroke-color=f00", &flat(60, 40, BLUE));
    assert_eq!((shown.width, shown.height), (60, 40));
    for (at, wanted) in [(0, RED), (2, RED), (3, GREEN), (8, GREEN), (9, BLUE)] {
        assert_eq!((shown.at(at, 20), shown.at(59 - at, 20)), (wanted, wanted), "{at} from the sides");
        assert_eq!((shown.at(30, at), shown.at(30, 39 - at)), (wanted, wanted), "{at} from above and below");
    }
}
