//! Every change of colour and every filter beside independent references: see `goldens/colors/PROVENANCE.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};

use codec::{Budget, Cancel, Channels, Decode, Pixels};
use plan::{AcceptClass, Adjust, Color, Filter, Fixed, Format, FormatRule, OutputRule, Plan, Stage, Unsharp};
use render::{Job, render};

fn goldens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/colors")
}

fn read(name: &str) -> (Vec<u8>, Pixels) {
    let bytes = std::fs::read(goldens().join(format!("{name}.png"))).unwrap();
    let pixels = decode(&bytes);
    (bytes, pixels)
}

fn decode(bytes: &[u8]) -> Pixels {
    let ask = Decode { at_least: None, all_frames: false };
    codec::decode(bytes, &ask, &Budget::default(), &Cancel::never()).unwrap().picture.frames.remove(0).pixels
}

fn made(master: &[u8], stage: &Stage) -> Pixels {
    let output = OutputRule { format: FormatRule::Always(Format::Png), ..OutputRule::default() };
    let spec = output.resolve(AcceptClass::Avif);
    let plan = Plan { stages: vec![stage.clone()], output };
    let (budget, cancel) = (Budget::default(), Cancel::never());
    let job = Job { master, pictures: &[], plan: &plan, spec: &spec, budget: &budget, cancel: &cancel };
    decode(&render(&job).unwrap().bytes)
}

/// Mean and largest difference per channel, colours multiplied by alpha.
fn distance(a: &Pixels, b: &Pixels) -> (f64, u8) {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let (a, b) = (weighed(a), weighed(b));
    let sum: u64 = a.iter().zip(&b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    (sum as f64 / a.len() as f64, a.iter().zip(&b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0))
}

fn weighed(pixels: &Pixels) -> Vec<u8> {
    let alpha = |p: &[u8]| if pixels.channels == Channels::Rgba { p[3] } else { 255 };
    let times = |v: u8, a: u8| ((u32::from(v) * u32::from(a) + 127) / 255) as u8;
    let pixel = |p: &[u8]| [times(p[0], alpha(p)), times(p[1], alpha(p)), times(p[2], alpha(p)), alpha(p)];
    pixels.data.chunks_exact(pixels.channels.count()).flat_map(pixel).collect()
}

fn adjust(name: &str) -> Stage {
    let f = Fixed::new;
    let red = Color::rgb(185, 40, 45);
    Stage::Adjust(match name {
        "brightness" => Adjust::Brightness(f(0.2)),
        "contrast" => Adjust::Contrast(f(1.6)),
        "exposure" => Adjust::Exposure(f(1.2)),
        "exposure-down" => Adjust::Exposure(f(-1.5)),
        "gamma" => Adjust::Gamma(f(1.8)),
        "highlights" => Adjust::Highlights(f(-1.0)),
        "shadows" => Adjust::Shadows(f(1.0)),
        "hue" | "hue-bowl" => Adjust::Hue(f(110.0)),
        "saturation" => Adjust::Saturation(f(1.7)),
        "vibrance" => Adjust::Vibrance(f(0.8)),
        "invert" => Adjust::Invert,
        "grayscale" => Adjust::Grayscale,
        "sepia" => Adjust::Sepia(f(0.7)),
        "monochrome" => Adjust::Monochrome(Color::rgb(255, 160, 60).with_alpha(200)),
        "duotone" => Adjust::Duotone { dark: Color::rgb(0, 0, 128), light: Color::rgb(255, 255, 0), strength: f(0.6) },
        "colorize" => Adjust::Colorize(Color::rgb(255, 0, 102).with_alpha(77)),
        "linear" => Adjust::Linear { factor: f(1.3), offset: f(-0.1) },
        "threshold" => Adjust::Threshold(120),
        "opacity" | "opacity-bowl" => Adjust::Opacity(f(0.4)),
        "stretch" => Adjust::Stretch,
        "enhance" | "enhance-bowl" => Adjust::Enhance,
        "replace" => Adjust::Replace { to: Color::rgb(30, 90, 200), tolerance: f(25.0), from: Some(red) },
        "replace-commonest" => Adjust::Replace { to: Color::rgb(250, 240, 200), tolerance: f(10.0), from: None },
        other => return filter(other),
    })
}

fn filter(name: &str) -> Stage {
    let f = Fixed::new;
    let unsharp = |sigma, amount, threshold| Unsharp { sigma: f(sigma), amount: f(amount), threshold: f(threshold) };
    Stage::Filter(match name {
        "blur-bowl" => Filter::Blur(f(3.0)),
        "blur-bowl-wide" => Filter::Blur(f(9.0)),
        "unsharp" => Filter::Unsharp(unsharp(2.0, 1.5, 0.02)),
        "unsharp-bowl" => Filter::Unsharp(unsharp(8.0, 0.8, 0.0)),
        "sharpen" => Filter::Sharpen(unsharp(1.2, 2.0, 0.01)),
        "sharpen-bowl" => Filter::Sharpen(unsharp(2.0, 1.0, 0.0)),
        "pixelate" => Filter::Pixelate(7),
        "pixelate-bowl" => Filter::Pixelate(9),
        "denoise" => Filter::Denoise { strength: f(0.6), sharpen: f(0.0) },
        "denoise-bowl" => Filter::Denoise { strength: f(1.0), sharpen: f(0.0) },
        "halftone" => Filter::Halftone(6),
        other => Filter::Blur(f(other.strip_prefix("blur-").unwrap().parse().unwrap())),
    })
}

/// Reference, picture, and the most that the mean and the largest difference may be: just above what was measured.
const CASES: &[(&str, &str, f64, u8)] = &[
    ("blur-0.5.scipy", "portrait", 0.01, 1),
    ("blur-2.5.pillow", "portrait", 0.72, 26),
    ("blur-2.5.scipy", "portrait", 0.02, 1),
    ("blur-2.5.sharp", "portrait", 0.4, 2),
    ("blur-20.0.pillow", "portrait", 1.49, 16),
    ("blur-20.0.scipy", "portrait", 0.08, 1),
    ("blur-5.9.scipy", "portrait", 0.02, 1),
    ("blur-6.0.scipy", "portrait", 0.04, 1),
    ("blur-bowl-wide.scipy", "bowl", 0.14, 2),
    ("blur-bowl.scipy", "bowl", 0.02, 1),
    ("blur-bowl.sharp", "bowl", 0.52, 2),
    ("brightness.numpy", "portrait", 0.01, 1),
    ("brightness.pillow", "portrait", 0.01, 1),
    ("colorize.numpy", "portrait", 0.01, 1),
    ("colorize.pillow", "portrait", 0.39, 1),
    ("contrast.numpy", "portrait", 0.01, 1),
    ("contrast.rsvg", "portrait", 0.05, 1),
    ("denoise-bowl.scipy", "bowl", 0.01, 1),
    ("denoise.scipy", "portrait", 0.01, 1),
    ("duotone.numpy", "portrait", 0.09, 1),
    ("enhance-bowl.numpy", "bowl", 0.01, 1),
    ("enhance.numpy", "mountains", 0.01, 1),
    ("exposure-down.numpy", "portrait", 0.01, 1),
    ("exposure.numpy", "portrait", 0.01, 1),
    ("gamma.numpy", "portrait", 0.01, 1),
    ("gamma.sharp", "portrait", 0.36, 1),
    ("grayscale.rsvg", "portrait", 0.02, 1),
    ("grayscale.sharp", "portrait", 3.14, 28),
    ("halftone.numpy", "portrait", 0.03, 1),
    ("highlights.numpy", "portrait", 0.05, 1),
    ("hue-bowl.rsvg", "bowl", 0.03, 2),
    ("hue.rsvg", "portrait", 0.02, 1),
    ("invert.pillow", "portrait", 0.01, 1),
    ("invert.rsvg", "bowl", 0.04, 1),
    ("invert.sharp", "portrait", 0.01, 1),
    ("linear.numpy", "portrait", 0.01, 1),
    ("linear.sharp", "portrait", 0.31, 1),
    ("monochrome.numpy", "portrait", 0.1, 1),
    ("opacity-bowl.numpy", "bowl", 0.01, 1),
    ("opacity-bowl.rsvg", "bowl", 0.02, 1),
    ("opacity.numpy", "portrait", 0.01, 1),
    ("pixelate-bowl.numpy", "bowl", 0.01, 1),
    ("pixelate.numpy", "portrait", 0.01, 1),
    ("replace-commonest.numpy", "portrait", 0.01, 1),
    ("replace.numpy", "bowl", 0.01, 1),
    ("saturation.numpy", "portrait", 0.01, 1),
    ("saturation.rsvg", "portrait", 0.02, 1),
    ("sepia.numpy", "portrait", 0.01, 1),
    ("sepia.rsvg", "portrait", 0.01, 1),
    ("shadows.numpy", "portrait", 0.09, 1),
    ("sharpen-bowl.scipy", "bowl", 0.01, 1),
    ("sharpen.scipy", "portrait", 0.01, 1),
    ("sharpen.sharp", "portrait", 2.52, 71),
    ("stretch.numpy", "mountains", 0.01, 1),
    ("stretch.sharp", "mountains", 6.49, 35),
    ("threshold.numpy", "portrait", 0.01, 1),
    ("unsharp-bowl.scipy", "bowl", 0.01, 1),
    ("unsharp.pillow", "portrait", 0.42, 19),
    ("unsharp.scipy", "portrait", 0.02, 8),
    ("vibrance.numpy", "portrait", 0.01, 1),
];

#[test]
fn every_colour_change_and_filter_is_near_an_independent_reference() {
    let mut far = Vec::new();
    for &(reference, picture, mean, largest) in CASES {
        let (name, _) = reference.rsplit_once('.').unwrap();
        let stage = adjust(name);
        let found = distance(&made(&read(picture).0, &stage), &read(reference).1);
        println!("golden {reference} {picture} {stage} {:.3} {}", found.0, found.1);
        if found.0 > mean || found.1 > largest {
            far.push(format!("{reference}: {found:?}, not within {mean}, {largest}"));
        }
        // A reference that its own picture meets would show nothing.
        let idle = distance(&read(picture).1, &read(reference).1);
        assert!(idle.0 > 2.0 * mean + 0.2, "{reference}: {idle:?} from the picture itself");
    }
    assert!(far.is_empty(), "{}", far.join("\n"));
}
