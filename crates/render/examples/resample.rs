//! Renders a file to a width a few times and prints where the time goes:
//! `cargo run --release -p afterimage-render --example resample -- photo.jpg 800 jpeg`. The file `-` stands for a made-up
//! JPEG of 12 megapixels.

#![allow(clippy::print_stdout)]

use std::error::Error;

use plan::{AcceptClass, Dim, Fit, Format, FormatRule, Orient, OutputRule, Plan, Quality, Resize, Stage};
use render::{Job, render};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: measure FILE WIDTH [FORMAT]";
    let master = match args.next().ok_or(usage)?.as_str() {
        "-" => made_up()?,
        file => std::fs::read(file)?,
    };
    let width: u32 = args.next().ok_or(usage)?.parse()?;
    let format = match args.next() {
        Some(name) => FormatRule::Always(Format::from_name(&name).ok_or("no such format")?),
        None => FormatRule::Source,
    };
    let output = OutputRule { format, quality: Quality::all(80), ..OutputRule::default() };
    let spec = output.resolve(AcceptClass::Avif);
    let resize = Stage::Resize(Resize::new(Some(Dim::Px(width)), None, Fit::Inside));
    let plan = Plan { stages: vec![Stage::Orient(Orient::Exif), resize], output };
    let (budget, cancel) = (codec::Budget::default(), codec::Cancel::never());
    let fonts = render::Fonts::embedded();
    let job = Job {
        master: &master,
        pictures: &[],
        fonts: &fonts,
        plan: &plan,
        spec: &spec,
        budget: &budget,
        cancel: &cancel,
    };
    for _ in 0..7 {
        let out = render(&job)?;
        println!(
            "{}x{} {} {} bytes: decode {:.1?}, stages {:.1?}, encode {:.1?}",
            out.width,
            out.height,
            out.format,
            out.bytes.len(),
            out.timing.decode,
            out.timing.stages,
            out.timing.encode
        );
    }
    Ok(())
}

/// Slopes, stripes and grain, about as hard to code as a photograph.
fn made_up() -> Result<Vec<u8>, codec::CodecError> {
    let (width, height) = (4000u32, 3000u32);
    let mut seed = 1u32;
    let mut data = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (seed >> 24) as i32 / 16 - 8;
            let wave = (f64::from(x) / 40.0).sin() * (f64::from(y) / 60.0).cos() * 60.0;
            for base in [x * 255 / width, y * 255 / height, 128] {
                data.push((base as i32 + wave as i32 + grain).clamp(0, 255) as u8);
            }
        }
    }
    let pixels = codec::Pixels { width, height, channels: codec::Channels::Rgb, data };
    let how = codec::Encode {
        format: Format::Jpeg,
        quality: 88,
        lossless: false,
        progressive: false,
        palette: false,
        ..codec::Encode::default()
    };
    codec::encode(&codec::Picture::still(pixels), &how, &codec::Cancel::never())
}
