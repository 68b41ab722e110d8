//! Watermarks and what is blended.

use super::*;

/// Where a red picture of 20 by 10 comes to lie on a blue one of 100 by 60.
fn marked(query: &str) -> Option<(usize, usize, usize, usize)> {
    let shown = shown_with(
        &format!("mark=/l.png&{query}"),
        &flat(100, 60, BLUE),
        &[("l.png", &flat(20, 10, RED)), ("logos/l.png", &flat(30, 30, RED)), (URL, &flat(7, 7, RED))],
    );
    assert_eq!((shown.width, shown.height), (100, 60), "{query}");
    shown.bounds(|p| near(p, RED, 2))
}

const URL: &str = "https://cdn.example/logos/l.png";

#[test]
fn marks_lie_where_they_are_told() {
    for (query, at) in [
        // At the lower right, 5 from the edges.
        ("q=75", (75, 45, 95, 55)),
        ("mark-align=top,left", (5, 5, 25, 15)),
        ("mark-align=middle,center", (40, 25, 60, 35)),
        ("ma=center", (40, 45, 60, 55)),
        ("markalign=top", (75, 5, 95, 15)),
        ("mark-pad=0", (80, 50, 100, 60)),
        ("mp=12&mark-align=top,left", (12, 12, 32, 22)),
        ("mark-x=30", (30, 45, 50, 55)),
        ("mark-y=3", (75, 3, 95, 13)),
        ("mark-x=30&mark-y=3", (30, 3, 50, 13)),
        ("mark-x=-5&mark-y=-2", (0, 0, 15, 8)),
        ("mx=0.25&my=0.5", (25, 30, 45, 40)),
    ] {
        assert_eq!(marked(query), Some(at), "{query}");
    }
}

#[test]
fn marks_have_the_size_that_is_said() {
    for (query, size) in [
        ("mark-w=40", (40, 20)),
        ("mw=0.5", (50, 25)),
        ("mark-h=20", (40, 20)),
        ("mh=0.5", (60, 30)),
        ("mark-w=30&mark-h=30", (30, 15)),
        ("mark-w=30&mark-h=30&mark-fit=clip", (30, 15)),
        ("mark-w=30&mark-h=30&mark-fit=crop", (30, 30)),
        ("mark-w=30&mark-h=30&mark-fit=scale", (30, 30)),
        ("mark-w=30&mark-h=30&mark-fit=max", (20, 10)),
        // Red as far as there is a picture: the box has clear bars.
        ("mark-w=30&mark-h=30&mark-fit=fill", (30, 15)),
        // Half of either side, at most.
        ("mark-scale=50", (50, 25)),
        ("ms=10", (10, 5)),
    ] {
        let (left, top, right, bottom) = marked(query).unwrap();
        assert_eq!((right - left, bottom - top), size, "{query}");
    }
    let twice = shown_with("mark=/l.png&w=50&dpr=2&mark-w=20", &flat(100, 60, BLUE), &[("l.png", &flat(20, 10, RED))]);
    assert_eq!(twice.bounds(|p| near(p, RED, 2)), Some((50, 30, 90, 50)), "sizes and gaps times dpr");
    let turned = marked("mark-rot=90").unwrap();
    assert_eq!((turned.2 - turned.0, turned.3 - turned.1), (10, 20));
}

#[test]
fn marks_are_found_below_their_base() {
    let (left, _, right, _) = marked("mark-base=/logos").unwrap();
    assert_eq!(right - left, 30);
    let (left, _, right, _) = marked("mb=https://cdn.example/logos/").unwrap();
    assert_eq!(right - left, 7);
}

#[test]
fn marks_are_faint_repeated_or_left_out() {
    let faint = shown_with("mark=/l.png&mark-alpha=40", &flat(100, 60, BLUE), &[("l.png", &flat(20, 10, RED))]);
    assert_near(faint.at(85, 50), [102, 0, 153, 255], 1, "two fifths of it");
    let tiles = shown_with("mark=/l.png&mark-tile=grid", &flat(100, 60, BLUE), &[("l.png", &flat(20, 10, RED))]);
    for (x, y) in [(0, 0), (1, 0), (2, 0), (3, 0), (0, 1), (2, 3)] {
        // 5 from the edges and from each other.
        let (left, top) = (5 + x * 25, 5 + y * 15);
        assert_eq!((tiles.at(left, top), tiles.at(left + 19, top + 9)), (RED, RED), "{x},{y}");
        assert_eq!((tiles.at(left - 1, top), tiles.at(left, top - 1)), (BLUE, BLUE), "{x},{y}");
    }
    for (query, drawn) in [
        ("mark-if-min-width=100", true),
        ("mark-if-min-width=101", false),
        ("mark-if-min-height=60", true),
        ("mark-if-min-height=61", false),
    ] {
        assert_eq!(marked(query).is_some(), drawn, "{query}");
    }
}

/// Of channels from 0 to 1: what is below, and what is blended (W3C Compositing and Blending Level 1, section 9).
fn separable(mode: &str, b: f64, s: f64) -> f64 {
    match mode {
        "normal" => s,
        "multiply" => b * s,
        "screen" => b + s - b * s,
        "overlay" => separable("hardlight", s, b),
        "darken" => b.min(s),
        "lighten" => b.max(s),
        "dodge" if b == 0.0 => 0.0,
        "dodge" if s >= 1.0 => 1.0,
        "dodge" => (b / (1.0 - s)).min(1.0),
        "burn" if b >= 1.0 => 1.0,
        "burn" if s == 0.0 => 0.0,
        "burn" => 1.0 - ((1.0 - b) / s).min(1.0),
        "hardlight" if s <= 0.5 => separable("multiply", b, 2.0 * s),
        "hardlight" => separable("screen", b, 2.0 * s - 1.0),
        "softlight" if s <= 0.5 => b - (1.0 - 2.0 * s) * b * (1.0 - b),
        "softlight" => {
            let d = if b <= 0.25 { ((16.0 * b - 12.0) * b + 4.0) * b } else { b.sqrt() };
            b + (2.0 * s - 1.0) * (d - b)
        }
        "difference" => (b - s).abs(),
        "exclusion" => b + s - 2.0 * b * s,
        other => panic!("{other}"),
    }
}

type Rgbf = [f64; 3];

fn lum(c: Rgbf) -> f64 {
    0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]
}

fn sat(c: Rgbf) -> f64 {
    c.into_iter().fold(0.0, f64::max) - c.into_iter().fold(1.0, f64::min)
}

fn with_lum(c: Rgbf, l: f64) -> Rgbf {
    let d = l - lum(c);
    let c = c.map(|v| v + d);
    let (l, low, high) = (lum(c), c.into_iter().fold(f64::MAX, f64::min), c.into_iter().fold(f64::MIN, f64::max));
    let c = if low < 0.0 { c.map(|v| l + (v - l) * l / (l - low)) } else { c };
    if high > 1.0 { c.map(|v| l + (v - l) * (1.0 - l) / (high - l)) } else { c }
}

fn with_sat(c: Rgbf, s: f64) -> Rgbf {
    let low = c.into_iter().fold(1.0, f64::min);
    let span = sat(c);
    if span == 0.0 { [0.0; 3] } else { c.map(|v| (v - low) * s / span) }
}

fn blended(mode: &str, b: Rgbf, s: Rgbf) -> Rgbf {
    match mode {
        "hue" => with_lum(with_sat(s, sat(b)), lum(b)),
        "saturation" => with_lum(with_sat(b, sat(s)), lum(b)),
        "color" => with_lum(s, lum(b)),
        "luminosity" => with_lum(b, lum(s)),
        mode => std::array::from_fn(|at| separable(mode, b[at], s[at])),
    }
}

#[test]
fn modes_are_those_of_css() {
    let modes = "normal darken multiply burn lighten screen dodge overlay softlight hardlight difference exclusion color \
                 hue saturation luminosity";
    for mode in modes.split_whitespace() {
        for (below, above) in [([200, 100, 30], [60, 160, 220]), ([20, 128, 240], [250, 90, 10]), ([90; 3], [170; 3])] {
            let share = |c: [u8; 3]| c.map(|v| f64::from(v) / 255.0);
            let level = |v: f64| (v * 255.0).round().clamp(0.0, 255.0) as u8;
            let [r, g, b] = blended(mode, share(below), share(above)).map(level);
            let color: String = above.iter().map(|v| format!("{v:02x}")).collect();
            let shown = shown(&format!("blend={color}&bm={mode}"), &flat(8, 8, [below[0], below[1], below[2], 255]));
            assert_near(shown.at(3, 3), [r, g, b, 255], 2, &format!("{mode} of {above:?} on {below:?}"));
        }
    }
    // Overlay unless said; by halves; of a colour by either name.
    let master = flat(8, 8, [90, 90, 90, 255]);
    let level = (separable("overlay", 90.0 / 255.0, 170.0 / 255.0) * 255.0).round() as u8;
    assert_near(shown("blend=aaa", &master).at(0, 0), [level, level, level, 255], 2, "overlay");
    assert_near(shown("blend-color=aaa&bm=normal", &master).at(0, 0), [170, 170, 170, 255], 1, "blend-color");
    for query in ["blend=aaa&bm=normal&blend-alpha=50", "b=80aaaaaa&bm=normal"] {
        assert_near(shown(query, &master).at(0, 0), [130, 130, 130, 255], 1, query);
    }
}

/// Where a red picture of 20 by 10 is mixed into a blue one of 100 by 60.
fn mixed(query: &str) -> (usize, usize, usize, usize) {
    let shown =
        shown_with(&format!("blend=/l.png&bm=normal&{query}"), &flat(100, 60, BLUE), &[("l.png", &flat(20, 10, RED))]);
    shown.bounds(|p| near(p, RED, 2)).unwrap()
}

#[test]
fn blended_pictures_lie_where_they_are_told() {
    for (query, at) in [
        ("q=75", (0, 0, 20, 10)),
        ("blend-align=bottom,right", (80, 50, 100, 60)),
        ("ba=middle,center", (40, 25, 60, 35)),
        ("blend-pad=7", (7, 7, 27, 17)),
        ("bp=7&ba=bottom,right", (73, 43, 93, 53)),
        ("blend-x=30&blend-y=4", (30, 4, 50, 14)),
        ("bx=0.5", (50, 0, 70, 10)),
        ("blend-w=40", (0, 0, 40, 20)),
        ("bw=0.5", (0, 0, 50, 25)),
        ("blend-h=30", (0, 0, 60, 30)),
        ("blend-w=30&blend-h=30", (0, 0, 30, 15)),
        ("blend-w=30&blend-h=30&blend-fit=crop", (0, 0, 30, 30)),
        ("blend-w=30&blend-h=30&blend-fit=scale", (0, 0, 30, 30)),
        ("blend-w=30&blend-h=30&blend-fit=max", (0, 0, 20, 10)),
        ("w=100&blend-size=inherit", (0, 0, 100, 50)),
        ("w=100&h=60&fit=crop&blend-size=inherit", (0, 0, 100, 60)),
        ("w=100&h=60&fit=scale&blend-size=inherit", (0, 0, 100, 60)),
    ] {
        assert_eq!(mixed(query), at, "{query}");
    }
    // Which end is cut off.
    let halves = png(40, 10, |x, _| if x < 20 { RED } else { GREEN });
    for (crop, color) in [("left", RED), ("right", GREEN), ("top,left", RED)] {
        let query = format!("blend=/l.png&bm=normal&blend-w=10&blend-h=10&blend-fit=crop&blend-crop={crop}");
        let shown = shown_with(&query, &flat(100, 60, BLUE), &[("l.png", &halves)]);
        assert_eq!(shown.bounds(|p| p == color), Some((0, 0, 10, 10)), "{crop}");
    }
}
