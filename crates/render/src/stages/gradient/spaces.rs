//! Mixing two colours, as CSS Color Level 4 section 12 has it: both are taken to the space, a hue that means nothing there
//! (of a grey) is that of the other one, hues go the shorter way round, alpha is premultiplied on what is no hue. What a
//! space holds beyond sRGB is clipped.

use plan::{Color, Mix};

/// Two colours in a space.
pub(super) struct Mixed {
    from: Point,
    to: Point,
    mix: Mix,
}

/// A colour: up to two lengths and perhaps a hue in degrees, and alpha of 0 to 1.
#[derive(Clone, Copy)]
struct Point {
    values: [f64; 3],
    alpha: f64,
}

impl Mixed {
    pub(super) fn new(from: Color, to: Color, mix: Mix) -> Self {
        let (mut from, mut to) = (Point::new(from, mix), Point::new(to, mix));
        if let Some(hue) = hue(mix) {
            let (a, b) = (from.values[hue], to.values[hue]);
            (from.values[hue], to.values[hue]) = match (a.is_nan(), b.is_nan()) {
                (true, true) => (0.0, 0.0),
                (true, false) => (b, b),
                (false, true) => (a, a),
                (false, false) if b - a > 180.0 => (a + 360.0, b),
                (false, false) if b - a < -180.0 => (a, b + 360.0),
                (false, false) => (a, b),
            };
        }
        Mixed { from, to, mix }
    }

    /// So far on the way, 0 to 1.
    pub(super) fn at(&self, share: f64) -> [u8; 4] {
        let between = |a: f64, b: f64| a + (b - a) * share;
        let alpha = between(self.from.alpha, self.to.alpha);
        let hue = hue(self.mix);
        let values = std::array::from_fn(|c| {
            let (a, b) = (self.from.values[c], self.to.values[c]);
            if Some(c) == hue {
                between(a, b)
            } else if alpha > 0.0 {
                between(a * self.from.alpha, b * self.to.alpha) / alpha
            } else {
                0.0
            }
        });
        let [r, g, b] = rgb(values, self.mix).map(|v| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8);
        [r, g, b, (alpha * 255.0 + 0.5) as u8]
    }
}

impl Point {
    /// A hue without meaning is not a number.
    fn new(color: Color, mix: Mix) -> Self {
        let rgb = [color.r, color.g, color.b].map(|v| f64::from(v) / 255.0);
        let values = match mix {
            Mix::Srgb => rgb,
            Mix::LinearLight => rgb.map(linear),
            Mix::Oklab => oklab(rgb.map(linear)),
            Mix::Hsl => hsl(rgb),
            Mix::Lch => lch(rgb.map(linear)),
        };
        Point { values, alpha: f64::from(color.a) / 255.0 }
    }
}

/// Which of the values is a hue.
fn hue(mix: Mix) -> Option<usize> {
    match mix {
        Mix::Hsl => Some(0),
        Mix::Lch => Some(2),
        Mix::Srgb | Mix::LinearLight | Mix::Oklab => None,
    }
}

fn rgb(values: [f64; 3], mix: Mix) -> [f64; 3] {
    match mix {
        Mix::Srgb => values,
        Mix::LinearLight => values.map(gamma),
        Mix::Oklab => from_oklab(values).map(gamma),
        Mix::Hsl => from_hsl(values),
        Mix::Lch => from_lch(values).map(gamma),
    }
}

/// IEC 61966-2-1.
fn linear(v: f64) -> f64 {
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

fn gamma(v: f64) -> f64 {
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

/// CSS Color Level 4 section 7.2.
fn hsl([r, g, b]: [f64; 3]) -> [f64; 3] {
    let (max, min) = (r.max(g).max(b), r.min(g).min(b));
    let (light, range) = ((max + min) / 2.0, max - min);
    if range <= 0.0 {
        return [f64::NAN, 0.0, light];
    }
    let saturation = (max - light) / light.min(1.0 - light);
    let hue = if max == r {
        (g - b) / range
    } else if max == g {
        (b - r) / range + 2.0
    } else {
        (r - g) / range + 4.0
    };
    [(hue * 60.0).rem_euclid(360.0), saturation, light]
}

/// CSS Color Level 4 section 7.1.
fn from_hsl([hue, saturation, light]: [f64; 3]) -> [f64; 3] {
    [0.0, 8.0, 4.0].map(|n| {
        let k = (n + hue / 30.0).rem_euclid(12.0);
        light - saturation * light.min(1.0 - light) * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)
    })
}

fn times(matrix: [[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

/// B. Ottosson, "A perceptual color space for image processing", 2020; named by CSS Color Level 4 section 9.
fn oklab(linear: [f64; 3]) -> [f64; 3] {
    let lms = times(
        [
            [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
            [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
            [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
        ],
        linear,
    );
    times(
        [
            [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
            [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
            [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
        ],
        lms.map(f64::cbrt),
    )
}

fn from_oklab(lab: [f64; 3]) -> [f64; 3] {
    let lms = times(
        [
            [1.0, 0.396_337_777_4, 0.215_803_757_3],
            [1.0, -0.105_561_345_8, -0.063_854_172_8],
            [1.0, -0.089_484_177_5, -1.291_485_548_0],
        ],
        lab,
    );
    times(
        [
            [4.076_741_662_1, -3.307_711_591_3, 0.230_969_929_2],
            [-1.268_438_004_6, 2.609_757_401_1, -0.341_319_396_5],
            [-0.004_196_086_3, -0.703_418_614_7, 1.707_614_701_0],
        ],
        lms.map(|v| v * v * v),
    )
}

/// White of D50, to which CIE Lab refers here, and the two bounds of CIE 15.
const WHITE: [f64; 3] = [0.3457 / 0.3585, 1.0, (1.0 - 0.3457 - 0.3585) / 0.3585];
const EPSILON: f64 = 216.0 / 24_389.0;
const KAPPA: f64 = 24_389.0 / 27.0;
/// Chroma of less is grey (CSS Color Level 4 section 8).
const GREY: f64 = 0.0015;

/// Lightness, chroma, hue of CIE Lab under D50: from sRGB's D65 by the Bradford matrix, in one.
fn lch(linear: [f64; 3]) -> [f64; 3] {
    let d65 = times(
        [
            [506_752.0 / 1_228_815.0, 87_881.0 / 245_763.0, 12_673.0 / 70_218.0],
            [87_098.0 / 409_605.0, 175_762.0 / 245_763.0, 12_673.0 / 175_545.0],
            [7_918.0 / 409_605.0, 87_881.0 / 737_289.0, 1_001_167.0 / 1_053_270.0],
        ],
        linear,
    );
    let d50 = times(
        [
            [1.047_929_792_545, 0.022_946_870_602, -0.050_192_266_289],
            [0.029_627_808_770, 0.990_434_426_754, -0.017_073_799_063],
            [-0.009_243_040_646, 0.015_055_191_490, 0.751_874_281_428],
        ],
        d65,
    );
    let f: [f64; 3] = std::array::from_fn(|c| {
        let v = d50[c] / WHITE[c];
        if v > EPSILON { v.cbrt() } else { (KAPPA * v + 16.0) / 116.0 }
    });
    let (a, b) = (500.0 * (f[0] - f[1]), 200.0 * (f[1] - f[2]));
    let chroma = a.hypot(b);
    let hue = if chroma <= GREY { f64::NAN } else { b.atan2(a).to_degrees().rem_euclid(360.0) };
    [116.0 * f[1] - 16.0, chroma, hue]
}

fn from_lch([light, chroma, hue]: [f64; 3]) -> [f64; 3] {
    let (sin, cos) = hue.to_radians().sin_cos();
    let y = (light + 16.0) / 116.0;
    let f = [y + chroma * cos / 500.0, y, y - chroma * sin / 200.0];
    let d50: [f64; 3] = std::array::from_fn(|c| {
        let cube = f[c] * f[c] * f[c];
        WHITE[c] * if cube > EPSILON { cube } else { (116.0 * f[c] - 16.0) / KAPPA }
    });
    let d65 = times(
        [
            [0.955_473_421_488, -0.023_098_454_949, 0.063_259_243_201],
            [-0.028_369_709_334, 1.009_995_398_081, 0.021_041_441_192],
            [0.012_314_014_864, -0.020_507_649_299, 1.330_365_926_242],
        ],
        d50,
    );
    times(
        [
            [12_831.0 / 3_959.0, -329.0 / 214.0, -1_974.0 / 3_959.0],
            [-851_781.0 / 878_810.0, 1_648_619.0 / 878_810.0, 36_519.0 / 878_810.0],
            [705.0 / 12_673.0, -2_585.0 / 12_673.0, 705.0 / 667.0],
        ],
        d65,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_space_there_and_back() {
        for mix in Mix::ALL {
            for color in
                [Color::WHITE, Color::BLACK, Color::rgb(200, 30, 90), Color::rgb(1, 254, 3), Color::rgb(7, 7, 7)]
            {
                let mixed = Mixed::new(color, color, mix);
                for share in [0.0, 0.3, 1.0] {
                    assert_eq!(mixed.at(share), [color.r, color.g, color.b, 255], "{mix:?} {color:?}");
                }
            }
        }
    }

    #[test]
    fn halves_of_known_colours() {
        // Worked out by hand; whole ramps of every space stand among the goldens.
        let (red, blue, clear) = (Color::rgb(255, 0, 0), Color::rgb(0, 0, 255), Color::rgb(0, 255, 0).with_alpha(0));
        for (from, to, mix, want) in [
            (red, blue, Mix::Srgb, [128, 0, 128, 255]),
            (red, blue, Mix::LinearLight, [188, 0, 188, 255]),
            (red, blue, Mix::Hsl, [255, 0, 255, 255]),
            // Straight through yellow, not the long way.
            (red, Color::rgb(0, 255, 0), Mix::Hsl, [255, 255, 0, 255]),
            // A grey has no hue of its own.
            (Color::WHITE, red, Mix::Hsl, [223, 159, 159, 255]),
            // What is transparent lends no colour.
            (red, clear, Mix::Srgb, [255, 0, 0, 128]),
            (red, clear, Mix::Oklab, [255, 0, 0, 128]),
        ] {
            assert_eq!(Mixed::new(from, to, mix).at(0.5), want, "{from:?} {to:?} {mix:?}");
        }
    }
}
