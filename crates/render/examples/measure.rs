//! Renders a file to a width a few times and prints where the time goes:
//! `cargo run --release -p afterimage-render --example measure -- photo.jpg 800 jpeg`

#![allow(clippy::print_stdout)]

use std::error::Error;

use plan::{AcceptClass, Dim, Fit, Format, FormatRule, Orient, OutputRule, Plan, Quality, Resize, Stage};
use render::{Job, render};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: measure FILE WIDTH [FORMAT]";
    let master = std::fs::read(args.next().ok_or(usage)?)?;
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
    let job = Job { master: &master, plan: &plan, spec: &spec, budget: &budget, cancel: &cancel };
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
