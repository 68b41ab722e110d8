//! A file of every kind that is read, scaled and written in every format, beside what other programs make of it: see
//! `goldens/pairs/PROVENANCE.md`, which holds the distances that this test allows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use codec::{Budget, Cancel, Decode, Kind, Picture, Pixels};
use plan::{AcceptClass, Dim, Fit, Format, FormatRule, OutputRule, Plan, Quality, Resize, Stage};
use render::{Job, render};
use testkit::distance;
use testkit::pictures::Rgb;

const SMALL: (u32, u32) = (56, 42);

fn goldens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/pairs")
}

/// Every file that has a reference, and so one that nobody forgot.
fn masters() -> Vec<String> {
    let names = std::fs::read_dir(goldens()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut masters: Vec<String> =
        names.filter(|name| !name.ends_with(".small.png") && !name.ends_with(".md")).collect();
    masters.sort();
    masters
}

/// Names of outputs, and how they are asked for.
fn outputs() -> [(&'static str, OutputRule); 7] {
    let of =
        |format| OutputRule { format: FormatRule::Always(format), quality: Quality::all(90), ..OutputRule::default() };
    [
        ("jpeg", of(Format::Jpeg)),
        ("png", of(Format::Png)),
        ("palette", OutputRule { palette: true, ..of(Format::Png) }),
        ("webp", of(Format::Webp)),
        ("lossless", OutputRule { lossless: true, ..of(Format::Webp) }),
        ("avif", of(Format::Avif)),
        ("gif", of(Format::Gif)),
    ]
}

fn decode(bytes: &[u8]) -> Picture {
    let ask = Decode { all_frames: true, ..Decode::default() };
    codec::decode(bytes, &ask, &Budget::default(), &Cancel::never()).unwrap().picture
}

/// Frames below each other, RGBA.
fn stacked(picture: &Picture) -> Vec<[u8; 4]> {
    let rgba = |pixels: &Pixels| -> Vec<[u8; 4]> {
        let opaque = |p: &[u8]| [p[0], p[1], p[2], p.get(3).copied().unwrap_or(255)];
        pixels.data.chunks_exact(pixels.channels.count()).map(opaque).collect()
    };
    picture.frames.iter().flat_map(|frame| rgba(&frame.pixels)).collect()
}

/// On white, and below it on black: what is transparent counts as much as what has colour.
fn seen(pixels: &[[u8; 4]]) -> Rgb {
    let on = |ground: u32| {
        pixels.iter().flat_map(move |[r, g, b, a]| {
            let alpha = u32::from(*a);
            [r, g, b].map(|v| ((u32::from(*v) * alpha + ground * (255 - alpha) + 127) / 255) as u8)
        })
    };
    let data: Vec<u8> = on(255).chain(on(0)).collect();
    Rgb { width: SMALL.0 as usize, height: data.len() / 3 / SMALL.0 as usize, data }
}

/// Mean difference of a channel, and one minus SSIM. Of a reference of more frames than the picture has, the first count.
fn distances(found: &Picture, reference: &Picture, opaque: bool) -> (f64, f64) {
    let found = stacked(found);
    let mut reference = stacked(reference);
    reference.truncate(found.len());
    if opaque {
        let white = seen(&reference).data.chunks_exact(3).map(|p| [p[0], p[1], p[2], 255]).collect::<Vec<_>>();
        reference = white[..found.len()].to_vec();
    }
    let (found, reference) = (seen(&found), seen(&reference));
    (distance::mean_absolute(&found, &reference).unwrap(), 1.0 - distance::ssim(&found, &reference).unwrap())
}

/// Distances by master and output, from the table in the provenance.
fn known() -> BTreeMap<(String, String), (f64, f64)> {
    let text = std::fs::read_to_string(goldens().join("PROVENANCE.md")).unwrap_or_default();
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| ")?.split(" | ").map(str::to_owned);
        let pair = (cells.next()?, cells.next()?);
        Some((pair, (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?)))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn every_kind_becomes_every_format() {
    // Kept for whoever looks, and for the script that has Pillow read them.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pairs");
    std::fs::create_dir_all(&folder).unwrap();
    let (fonts, known, mut far, mut kinds) = (render::Fonts::embedded(), known(), Vec::new(), BTreeSet::new());
    for master in masters() {
        let bytes = std::fs::read(goldens().join(&master)).unwrap();
        let reference = std::fs::read(goldens().join(format!("{master}.small.png"))).unwrap();
        let reference = decode(&reference);
        let frames = if reference.height() > SMALL.1 { reference.height() / SMALL.1 } else { 1 };
        kinds.insert(codec::sniff(&bytes).unwrap().name());
        for (output, rule) in outputs() {
            let stretch = Resize::new(Some(Dim::Px(SMALL.0)), Some(Dim::Px(SMALL.1)), Fit::Stretch);
            let plan = Plan { stages: vec![Stage::Resize(stretch)], output: rule };
            let spec = plan.output.resolve(AcceptClass::Avif);
            let (budget, cancel) = (Budget::default(), Cancel::never());
            let job = Job {
                master: &bytes,
                pictures: &[],
                fonts: &fonts,
                plan: &plan,
                spec: &spec,
                budget: &budget,
                cancel: &cancel,
            };
            let made = render(&job).unwrap_or_else(|error| panic!("{master} {output}: {error}"));
            let name = format!("{master}.{output}.{}", made.format.extension());
            std::fs::write(folder.join(&name), &made.bytes).unwrap();
            let moves = matches!(output, "webp" | "lossless" | "gif");
            assert_eq!((made.width, made.height), SMALL, "{name}");
            assert_eq!(made.frames, if moves { frames } else { 1 }, "{name}");
            let (mean, lost) = distances(&decode(&made.bytes), &reference, output == "jpeg");
            println!("pair {master} {output} {mean:.2} {lost:.4} {name}");
            match known.get(&(master.clone(), output.to_owned())) {
                // What was measured, a third more, and what two decimals cannot say.
                Some((most, least)) if mean <= 1.3 * most + 0.02 && lost <= 1.3 * least + 0.0005 => {}
                Some(was) => far.push(format!("{name}: {mean:.2} and {lost:.4}, was {was:?}")),
                None => far.push(format!("{name}: {mean:.2} and {lost:.4}, not in PROVENANCE.md")),
            }
        }
    }
    assert!(far.is_empty(), "{}", far.join("\n"));
    for kind in [
        Kind::Jpeg,
        Kind::Png,
        Kind::Webp,
        Kind::Avif,
        Kind::Gif,
        Kind::Svg,
        Kind::Tiff,
        Kind::Bmp,
        Kind::Ico,
        Kind::JpegXl,
        Kind::Pdf,
    ] {
        assert!(kinds.contains(kind.name()), "{}", kind.name());
    }
}
