//! Colours and styles.

use super::*;

/// What becomes of one colour.
fn of(query: &str, color: [u8; 4]) -> [u8; 4] {
    shown(query, &flat(8, 8, color)).at(4, 4)
}

fn levels(value: f64) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

/// What the documentation of the table says of each, worked out level by level.
#[test]
fn adjustments_follow_their_formulas() {
    let linear = |v: f64| if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) };
    let coded = |v: f64| if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
    for v in [20_u8, 90, 128, 200] {
        let x = f64::from(v);
        for (query, wanted) in [
            ("bri=20", levels(x + 25.5)),
            ("bri=-40", levels(x - 51.0)),
            ("con=50", levels(127.5 + (x - 127.5) * 1.5)),
            ("con=-100", 128),
            ("exp=5", levels(255.0 * coded((linear(x / 255.0) * 2f64.powf(0.5)).min(1.0)))),
            ("gam=100", levels(255.0 * (x / 255.0).sqrt())),
            ("gam=-100", levels(255.0 * (x / 255.0).powi(2))),
            ("invert=true", 255 - v),
            ("inv=1", 255 - v),
            ("sat=80", v),
            ("hue=77", v),
        ] {
            assert_near(of(query, [v, v, v, 255]), [wanted, wanted, wanted, 255], 2, &format!("{query} of {v}"));
        }
    }
    // Each channel by itself, and alpha never.
    assert_eq!(of("invert=true", [10, 100, 200, 255]), [245, 155, 55, 255]);
    assert_near(of("invert=true", [10, 100, 200, 128]), [245, 155, 55, 128], 2, "alpha");
}

#[test]
fn colours_turn_and_fade() {
    let [r, g, b, _] = of("sat=-100", [200, 50, 50, 255]);
    assert!(r == g && g == b, "no colour is left: {r} {g} {b}");
    let more = of("sat=50", [150, 100, 100, 255]);
    assert!(more[0] > 160 && more[1] < 96, "{more:?}");
    // Red goes to green, and all the way round to itself.
    let green = of("hue=120", [200, 40, 40, 255]);
    assert!(green[1] > green[0] && green[1] > green[2], "{green:?}");
    assert_eq!(of("hue=360", [200, 40, 40, 255]), [200, 40, 40, 255]);
    // What is pale gains more than what is not.
    let gain = |color: [u8; 4]| {
        let made = of("vib=80", color);
        f64::from(made[0] - made[2]) / f64::from(color[0] - color[2])
    };
    assert!(gain([140, 125, 120, 255]) > gain([220, 90, 20, 255]) + 0.05);
    // Highlights get darker and shadows brighter, the others less.
    let change = |query: &str, v: u8| i32::from(of(query, [v, v, v, 255])[0]) - i32::from(v);
    assert!(change("high=-80", 220) < -15 && change("high=-80", 30).abs() < 5);
    assert!(change("shad=80", 30) > 15 && change("shad=80", 225).abs() < 5);
}

#[test]
fn tones_go_from_one_colour_to_another() {
    // Black becomes the first, white the second, grey what lies between.
    for (query, black, white) in [
        ("duotone=000080,ffa500", [0, 0, 128, 255], [255, 165, 0, 255]),
        ("duotone=navy,orange&duotone-alpha=100", [0, 0, 128, 255], [255, 165, 0, 255]),
        ("duotone=000080,ffa500&duotone-alpha=50", [0, 0, 64, 255], [255, 210, 128, 255]),
        ("duotone=f00,0f0&duotone-alpha=0", BLACK, WHITE),
    ] {
        assert_near(of(query, BLACK), black, 1, query);
        assert_near(of(query, WHITE), white, 1, query);
        let middle = std::array::from_fn(|at| ((u16::from(black[at]) + u16::from(white[at])) / 2) as u8);
        assert_near(of(query, GREY), middle, 2, query);
    }
    let mono = of("monochrome=ff0000", [90, 90, 90, 255]);
    assert!(mono[0] > mono[1] && mono[1] == mono[2], "{mono:?}");
    let none = of("mono=00ff0000", [90, 120, 90, 255]);
    assert_eq!(none, [90, 120, 90, 255]);
    let brown = of("sepia=100", GREY);
    assert!(brown[0] > brown[1] && brown[1] > brown[2], "{brown:?}");
    assert_eq!(of("sepia=0", GREY), GREY);
}

/// A white square in the middle of black, or a step.
fn step() -> Vec<u8> {
    png(64, 64, |x, _| if x < 32 { [64, 64, 64, 255] } else { [192, 192, 192, 255] })
}

#[test]
fn edges_become_sharp_or_soft() {
    let sides = |query: &str| {
        let shown = shown(query, &step());
        (shown.at(31, 32)[0], shown.at(32, 32)[0])
    };
    for query in ["sharp=50", "usm=80", "usm=80&usmrad=5"] {
        let (dark, bright) = sides(query);
        assert!(dark < 60 && bright > 196, "{query}: {dark} {bright}");
        assert_eq!(shown(query, &step()).at(2, 2)[0], 64, "{query}: far from the edge");
    }
    let (dark, bright) = sides("usm=-80");
    assert!(dark > 68 && bright < 188, "{dark} {bright}");
    // Noise of two levels is evened out.
    let noisy = png(64, 64, |x, y| if (x * 7 + y * 13) % 5 < 2 { [120; 3] } else { [132; 3] }.map_alpha());
    let spread = |query: &str| {
        let shown = shown(query, &noisy);
        let inside = (16..48).flat_map(|y| (16..48).map(move |x| (x, y)));
        let levels: Vec<f64> = inside.map(|(x, y)| f64::from(shown.at(x, y)[0])).collect();
        let mean = levels.iter().sum::<f64>() / levels.len() as f64;
        (levels.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / levels.len() as f64).sqrt()
    };
    assert!(spread("nr=100&nrs=0") < 0.6 * spread("q=75"), "{} of {}", spread("nr=100&nrs=0"), spread("q=75"));
    assert!(spread("nr=0&nrs=100") > spread("q=75"));
}

trait Opaque {
    fn map_alpha(self) -> [u8; 4];
}

impl Opaque for [u8; 3] {
    fn map_alpha(self) -> [u8; 4] {
        let [r, g, b] = self;
        [r, g, b, 255]
    }
}

/// The standard deviation is a quarter of it: of a step, the integral of the bell curve is seen.
#[test]
fn blur_is_gaussian() {
    // The share of the bright side at so many deviations from the step (a table of the normal distribution).
    let shares = [(0.0, 0.5), (0.5, 0.6915), (1.0, 0.8413), (2.0, 0.9772)];
    let wide = png(160, 40, |x, _| if x < 80 { [50, 50, 50, 255] } else { [200, 200, 200, 255] });
    let sigma = 5.0_f64;
    let shown = shown("blur=20", &wide);
    for (deviations, share) in shares {
        let x: f64 = 80.0 + deviations * sigma;
        // Between two pixels.
        let (left, right) = (shown.at(x as usize - 1, 20)[0], shown.at(x as usize, 20)[0]);
        let (found, offset) = ((f64::from(left) + f64::from(right)) / 2.0, x.fract());
        let found = found + offset * f64::from(right - left);
        assert!((found - (50.0 + 150.0 * share)).abs() < 4.0, "{deviations}: {found}");
    }
}

#[test]
fn squares_and_dots() {
    let ramp = png(64, 64, |x, y| [(x * 4) as u8, (y * 4) as u8, 0, 255]);
    let squares = shown("px=8", &ramp);
    for (x, y) in [(0, 0), (8, 0), (16, 24), (56, 56)] {
        // The mean of eight levels in steps of four.
        let wanted = [levels(x as f64 * 4.0 + 14.0), levels(y as f64 * 4.0 + 14.0), 0, 255];
        for (dx, dy) in [(0, 0), (7, 0), (0, 7), (7, 7)] {
            assert_near(squares.at(x + dx, y + dy), wanted, 2, &format!("{x},{y}"));
        }
    }
    assert_eq!(shown("px=1&q=75", &ramp), shown("q=75", &ramp));
    // Dots that together are as bright as what they stand for.
    let dots = shown("htn=8", &flat(64, 64, GREY));
    let (dark, bright) = (dots.pixels.iter().map(|p| p[0]).min(), dots.pixels.iter().map(|p| p[0]).max());
    assert!(dark < Some(60) && bright > Some(200), "{dark:?} {bright:?}");
}

#[test]
fn enhancing_uses_the_range() {
    let pale = png(64, 64, |x, y| [100 + (x / 2) as u8, 100 + (y / 2) as u8, 110, 255]);
    let range = |shown: &Shown| {
        let levels = shown.pixels.iter().map(|p| p[0]);
        levels.clone().max().unwrap() - levels.min().unwrap()
    };
    let (before, after) = (range(&shown("q=75", &pale)), range(&shown("auto=enhance", &pale)));
    assert!(after > before, "{before} {after}");
}
