//! Times changes of colour and filters on a picture of 12 megapixels, in megapixels a second, beside reading it as JPEG:
//! `cargo run --release -p afterimage-render --example colors`. Takes a file of its own as an argument.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Duration;

use plan::{AcceptClass, Adjust, Color, Filter, Fixed, Format, FormatRule, OutputRule, Plan, Quality, Stage, Unsharp};
use render::{Job, render};

fn main() -> Result<(), Box<dyn Error>> {
    let (budget, cancel) = (codec::Budget::default(), codec::Cancel::never());
    let output =
        OutputRule { format: FormatRule::Always(Format::Jpeg), quality: Quality::all(80), ..OutputRule::default() };
    let spec = output.resolve(AcceptClass::Avif);
    let master = match std::env::args().nth(1) {
        Some(file) => std::fs::read(file)?,
        None => made_up()?,
    };
    let timed = |stages: &[Stage]| -> Result<(Duration, Duration, f64), codec::CodecError> {
        let plan = Plan { stages: stages.to_vec(), output: output.clone() };
        let job = Job { master: &master, pictures: &[], plan: &plan, spec: &spec, budget: &budget, cancel: &cancel };
        let (mut decode, mut staged, mut pixels) = (Duration::MAX, Duration::MAX, 0.0);
        for _ in 0..3 {
            let out = render(&job)?;
            decode = decode.min(out.timing.decode);
            staged = staged.min(out.timing.stages);
            pixels = f64::from(out.width) * f64::from(out.height) / 1e6;
        }
        Ok((decode, staged, pixels))
    };
    let (decode, idle, pixels) = timed(&[])?;
    println!("decode {decode:.1?} ({:.0} MP/s), no stage {idle:.1?}", pixels / decode.as_secs_f64());
    for stages in cases() {
        let (_, staged, pixels) = timed(&stages)?;
        let staged = staged.saturating_sub(idle);
        let name: Vec<String> = stages.iter().map(ToString::to_string).collect();
        println!("{:44} {:8.1?} {:6.0} MP/s", name.join(" "), staged, pixels / staged.as_secs_f64().max(1e-9));
    }
    Ok(())
}

fn cases() -> Vec<Vec<Stage>> {
    let f = Fixed::new;
    let red = Color::rgb(200, 30, 30);
    let colors = [
        Adjust::Brightness(f(0.2)),
        Adjust::Saturation(f(1.4)),
        Adjust::Highlights(f(-0.5)),
        Adjust::Vibrance(f(0.5)),
        Adjust::Grayscale,
        Adjust::Duotone { dark: Color::BLACK, light: red, strength: f(0.6) },
        Adjust::Stretch,
        Adjust::Enhance,
        Adjust::Replace { to: red, tolerance: f(20.0), from: None },
        Adjust::Opacity(f(0.5)),
    ];
    let unsharp = |sigma| Unsharp { sigma: f(sigma), amount: f(1.0), threshold: f(0.01) };
    let filters = [0.5, 2.0, 5.9, 9.9, 10.0, 20.0, 100.0, 1000.0].map(|sigma| Filter::Blur(f(sigma)));
    let more = [
        Filter::Sharpen(unsharp(1.0)),
        Filter::Unsharp(unsharp(2.5)),
        Filter::Pixelate(16),
        Filter::Denoise { strength: f(0.3), sharpen: f(0.0) },
        Filter::Halftone(8),
    ];
    let colors = colors.map(Stage::Adjust);
    let run = vec![colors[0].clone(), colors[1].clone(), colors[2].clone()];
    let filters = filters.into_iter().chain(more).map(Stage::Filter);
    colors.into_iter().chain(filters).map(|stage| vec![stage]).chain([run]).collect()
}

/// Slopes and grain.
fn made_up() -> Result<Vec<u8>, codec::CodecError> {
    let (width, height) = (4000u32, 3000u32);
    let mut seed = 1u32;
    let mut data = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (seed >> 24) / 16;
            data.extend([x * 230 / width + grain, y * 230 / height + grain, 128 + grain].map(|v| v as u8));
        }
    }
    let pixels = codec::Pixels { width, height, channels: codec::Channels::Rgb, data };
    let encode =
        codec::Encode { format: Format::Jpeg, quality: 90, lossless: false, progressive: false, palette: false };
    codec::encode(&codec::Picture::still(pixels), &encode, &codec::Cancel::never())
}
