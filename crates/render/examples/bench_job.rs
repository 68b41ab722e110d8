//! Renders one file again and again on the calling thread, as commands on standard input say. `bench/speed` drives it
//! and looks at its CPU clock from outside.
//!
//! `bench_job FILE`, then one command a line: `WIDTH QUALITY MODE COUNT [SAVE-AS]`, the mode one of `baseline`,
//! `progressive` (JPEG), `webp`, `webp2` (the same: our default method is 2), `avif`, `png`, `palette`. Each is answered
//! with one line: `WIDTH HEIGHT BYTES DECODE-US STAGES-US ENCODE-US`, the last three of the last job.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::Write as _;
use std::sync::LazyLock;

use plan::{AcceptClass, Dim, Fit, Format, FormatRule, Orient, OutputRule, Plan, Quality, Resize, Stage};
use render::{Job, Rendered, render};

fn main() -> Result<(), Box<dyn Error>> {
    let master = std::fs::read(std::env::args().nth(1).ok_or("usage: bench_job FILE")?)?;
    // Not to be counted as part of a render.
    LazyLock::force(&FONTS);
    for line in std::io::stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [width, quality, mode, count, save @ ..] = words.as_slice() else {
            return Err(format!("not a command: {line}").into());
        };
        let made = repeat(&master, width.parse()?, quality.parse()?, mode, count.parse()?)?;
        if let Some(path) = save.first() {
            std::fs::write(path, &made.bytes)?;
        }
        let time = made.timing;
        let (decode, stages, encode) = (time.decode.as_micros(), time.stages.as_micros(), time.encode.as_micros());
        println!("{} {} {} {decode} {stages} {encode}", made.width, made.height, made.bytes.len());
        std::io::stdout().flush()?;
    }
    Ok(())
}

static FONTS: LazyLock<render::Fonts> = LazyLock::new(render::Fonts::embedded);

fn repeat(master: &[u8], width: u32, quality: u8, mode: &str, count: u32) -> Result<Rendered, Box<dyn Error>> {
    let format = match mode {
        "baseline" | "progressive" => Format::Jpeg,
        "webp" | "webp2" => Format::Webp,
        "avif" => Format::Avif,
        "png" | "palette" => Format::Png,
        other => return Err(format!("not a mode: {other}").into()),
    };
    let output = OutputRule {
        format: FormatRule::Always(format),
        quality: Quality::all(quality),
        progressive: mode == "progressive",
        palette: mode == "palette",
        ..OutputRule::default()
    };
    let spec = output.resolve(AcceptClass::Basic);
    let resize = Stage::Resize(Resize::new(Some(Dim::Px(width)), None, Fit::Inside));
    let plan = Plan { stages: vec![Stage::Orient(Orient::Exif), resize], output };
    let (budget, cancel) = (codec::Budget::default(), codec::Cancel::never());
    let job = Job { master, pictures: &[], fonts: &FONTS, plan: &plan, spec: &spec, budget: &budget, cancel: &cancel };
    let mut made = render(&job)?;
    for _ in 1..count {
        made = render(&job)?;
    }
    Ok(made)
}
