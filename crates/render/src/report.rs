//! What is answered in place of a picture: its colours, a hash of a few dozen bytes, or what its headers say.

mod info;

use std::fmt::Write as _;

use base64::Engine as _;
use codec::{Channels, CodecError, Pixels};
use plan::{Color, Report};
use serde_json::{Map, Value, json};

use crate::scope::size;
use crate::stages::resample;
use crate::{Job, Made};

/// Longest side of the copy that is looked at. BlurHash and palettes see no detail; ThumbHash takes no more.
const SIDE: u32 = 100;

/// A report and its media type.
pub(crate) fn report(made: &Made, report: &Report, job: &Job<'_>) -> Result<(Vec<u8>, &'static str), CodecError> {
    let text = match report {
        Report::Info => return info(job),
        Report::PaletteJson { colors } => return Ok((palette(made, *colors, job)?.json().into_bytes(), JSON)),
        Report::PaletteCss { colors, prefix } => {
            return Ok((palette(made, *colors, job)?.css(prefix).into_bytes(), CSS));
        }
        Report::BlurHash { across, down } => codec::blurhash(&small(made, job)?, (*across).into(), (*down).into()),
        Report::ThumbHash => base64::engine::general_purpose::STANDARD.encode(codec::thumbhash(&small(made, job)?)?),
    };
    Ok((text.into_bytes(), TEXT))
}

/// What the headers of the master say, and the media type of the answer.
pub(crate) fn info(job: &Job<'_>) -> Result<(Vec<u8>, &'static str), CodecError> {
    Ok((info::json(&codec::describe(job.master, job.budget)?).into_bytes(), JSON))
}

const JSON: &str = "application/json";
const CSS: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

fn small(made: &Made, job: &Job<'_>) -> Result<Pixels, CodecError> {
    let own;
    let pixels = match made {
        Made::Picture(picture) => &picture.frames[0].pixels,
        Made::Planes(planar) => {
            own = planar.to_rgb(job.cancel)?;
            &own
        }
        Made::Wide(wide) => {
            own = wide.to_eight();
            &own
        }
    };
    let from = size(pixels);
    let to = from.capped(SIDE);
    let bounds = resample::bounds(from.rect(), from);
    resample::resample(&mut fast_image_resize::Resizer::new(), pixels, bounds, from.rect(), to, job.cancel)
}

/// The colours of a picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Palette {
    /// The most frequent first.
    colors: Vec<Color>,
    /// Mean of the pixels' relative luminance (WCAG 2.2), 0 to 1.
    luminance: f64,
    /// Colours of a kind, where the picture has one.
    named: Vec<(&'static str, Color)>,
}

fn palette(made: &Made, count: u8, job: &Job<'_>) -> Result<Palette, CodecError> {
    let pixels = small(made, job)?;
    let count = usize::from(count.min(16));
    let mut colors: Vec<Color> = match count {
        0 => Vec::new(),
        count => codec::colors(&pixels, count).into_iter().map(|found| rgb(found.color)).collect(),
    };
    colors.truncate(count);
    let candidates: Vec<(Color, f64)> =
        codec::colors(&pixels, 16).into_iter().map(|found| (rgb(found.color), found.share)).collect();
    Ok(Palette { colors, luminance: mean_luminance(&pixels), named: named(&candidates) })
}

fn mean_luminance(pixels: &Pixels) -> f64 {
    let count = pixels.channels.count();
    let (mut sum, mut weight) = (0.0, 0.0);
    for pixel in pixels.data.chunks_exact(count) {
        let alpha = if pixels.channels == Channels::Rgba { f64::from(pixel[3]) / 255.0 } else { 1.0 };
        sum += alpha * luminance(Color::rgb(pixel[0], pixel[1], pixel[2]));
        weight += alpha;
    }
    if weight > 0.0 { sum / weight } else { 0.0 }
}

fn luminance(color: Color) -> f64 {
    let linear = |value: u8| {
        let v = f64::from(value) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b)
}

/// What a kind of colour is: ranges of lightness and saturation (HSL), and what it should be near to. The kinds are those of
/// Android's Palette class, whose names the vendors use.
struct KindOfColor {
    name: &'static str,
    lightness: (f64, f64, f64),
    saturation: (f64, f64, f64),
}

/// Least, ideal, most.
const LIGHT: (f64, f64, f64) = (0.55, 0.74, 1.0);
const NORMAL: (f64, f64, f64) = (0.3, 0.5, 0.7);
const DARK: (f64, f64, f64) = (0.0, 0.26, 0.45);
const VIBRANT: (f64, f64, f64) = (0.35, 1.0, 1.0);
const MUTED: (f64, f64, f64) = (0.0, 0.3, 0.4);

const KINDS: [KindOfColor; 6] = [
    KindOfColor { name: "vibrant", lightness: NORMAL, saturation: VIBRANT },
    KindOfColor { name: "vibrant_light", lightness: LIGHT, saturation: VIBRANT },
    KindOfColor { name: "vibrant_dark", lightness: DARK, saturation: VIBRANT },
    KindOfColor { name: "muted", lightness: NORMAL, saturation: MUTED },
    KindOfColor { name: "muted_light", lightness: LIGHT, saturation: MUTED },
    KindOfColor { name: "muted_dark", lightness: DARK, saturation: MUTED },
];

/// For each kind the colour in its ranges that is nearest to its ideal: lightness counts twice as much as saturation, and
/// how often the colour is seen, a third as much. No colour stands for two kinds.
fn named(colors: &[(Color, f64)]) -> Vec<(&'static str, Color)> {
    let most = colors.iter().map(|(_, share)| *share).fold(f64::MIN_POSITIVE, f64::max);
    let mut taken: Vec<Color> = Vec::new();
    let mut found = Vec::new();
    for kind in &KINDS {
        let within = |value: f64, (low, _, high): (f64, f64, f64)| value >= low && value <= high;
        let worth = |color: Color, share: f64| {
            let (lightness, saturation) = lightness_and_saturation(color);
            let fits = within(lightness, kind.lightness) && within(saturation, kind.saturation);
            fits.then(|| {
                6.0 * (1.0 - (lightness - kind.lightness.1).abs())
                    + 3.0 * (1.0 - (saturation - kind.saturation.1).abs())
                    + share / most
            })
        };
        let free = colors.iter().filter(|(color, _)| !taken.contains(color));
        let best = free
            .filter_map(|(color, share)| worth(*color, *share).map(|worth| (worth, *color)))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, color)) = best {
            taken.push(color);
            found.push((kind.name, color));
        }
    }
    found
}

/// Of HSL (CSS Color Level 4, section 7).
fn lightness_and_saturation(color: Color) -> (f64, f64) {
    let [r, g, b] = [color.r, color.g, color.b].map(|v| f64::from(v) / 255.0);
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    let lightness = f64::midpoint(high, low);
    let spread = 1.0 - (2.0 * lightness - 1.0).abs();
    (lightness, if spread > 0.0 { (high - low) / spread } else { 0.0 })
}

fn rgb([r, g, b]: [u8; 3]) -> Color {
    Color::rgb(r, g, b)
}

fn hex(color: Color) -> String {
    format!("#{:02x}{:02x}{:02x}", color.r, color.g, color.b)
}

fn value(color: Color) -> Value {
    let part = |v: u8| (f64::from(v) / 255.0 * 1e6).round() / 1e6;
    json!({"red": part(color.r), "green": part(color.g), "blue": part(color.b), "hex": hex(color)})
}

impl Palette {
    /// The shape that imgix documents for `palette=json`.
    fn json(&self) -> String {
        let named: Map<String, Value> =
            self.named.iter().map(|(name, color)| ((*name).to_owned(), value(*color))).collect();
        let colors: Vec<Value> = self.colors.iter().copied().map(value).collect();
        let luminance = (self.luminance * 1e6).round() / 1e6;
        json!({"colors": colors, "average_luminance": luminance, "dominant_colors": named}).to_string()
    }

    /// The classes that imgix documents for `palette=css`. Of the prefix only what a CSS identifier may hold is used.
    fn css(&self, prefix: &str) -> String {
        let prefix: String = prefix.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
        let mut css = String::new();
        let mut class = |name: &str, color: Color| {
            let hex = hex(color);
            let _ = writeln!(css, ".{prefix}-fg-{name} {{ color:{hex} !important; }}");
            let _ = writeln!(css, ".{prefix}-bg-{name} {{ background-color:{hex} !important; }}");
        };
        for (at, color) in self.colors.iter().enumerate() {
            class(&(at + 1).to_string(), *color);
        }
        // The darkest and the brightest of them.
        let by_light = |a: &&Color, b: &&Color| luminance(**a).total_cmp(&luminance(**b));
        for (name, extreme) in
            [("ex-1", self.colors.iter().min_by(by_light)), ("ex-2", self.colors.iter().max_by(by_light))]
        {
            if let Some(color) = extreme {
                class(name, *color);
            }
        }
        for (name, color) in &self.named {
            class(&name.replace('_', "-"), *color);
        }
        css
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn kinds_of_colours() {
        let (orange, navy, rose, grey) =
            (Color::rgb(230, 120, 20), Color::rgb(10, 20, 110), Color::rgb(240, 170, 200), Color::rgb(120, 125, 130));
        let found = named(&[(grey, 0.5), (orange, 0.2), (navy, 0.2), (rose, 0.1)]);
        let of = |name: &str| found.iter().find(|(known, _)| *known == name).map(|(_, color)| *color);
        assert_eq!(of("vibrant"), Some(orange));
        assert_eq!(of("vibrant_dark"), Some(navy));
        assert_eq!(of("vibrant_light"), Some(rose));
        assert_eq!(of("muted"), Some(grey));
        assert_eq!((of("muted_light"), of("muted_dark")), (None, None));
    }

    #[test]
    fn words_that_clients_read() {
        let palette = Palette {
            colors: vec![Color::rgb(250, 158, 90), Color::BLACK],
            luminance: 0.375_264_4,
            named: vec![("vibrant_light", Color::rgb(7, 137, 197))],
        };
        let read: Value = serde_json::from_str(&palette.json()).unwrap();
        assert_eq!(read["colors"][0], json!({"red": 0.980392, "green": 0.619608, "blue": 0.352941, "hex": "#fa9e5a"}));
        assert_eq!(read["average_luminance"], json!(0.375264));
        assert_eq!(read["dominant_colors"]["vibrant_light"]["hex"], "#0789c5");
        let css = palette.css("pa</style>l");
        for line in [
            ".pastylel-fg-1 { color:#fa9e5a !important; }",
            ".pastylel-bg-2 { background-color:#000000 !important; }",
            ".pastylel-fg-ex-1 { color:#000000 !important; }",
            ".pastylel-fg-ex-2 { color:#fa9e5a !important; }",
            ".pastylel-bg-vibrant-light { background-color:#0789c5 !important; }",
        ] {
            assert!(css.lines().any(|known| known == line), "{line}\n{css}");
        }
    }
}
