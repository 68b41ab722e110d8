//! Renders one file again and again, as commands on standard input say. `bench/speed` drives it and looks at its CPU
//! clock and its memory from outside.
//!
//! `bench_job FILE`, then one command a line: `SIZE QUALITY MODE COUNT LANES [SAVE-AS]`. The size is a width, or
//! `WIDTHxHEIGHT` to be covered; the mode one of `baseline`, `progressive` (JPEG), `webp`, `webp2` (the same: our default
//! method is 2), `avif`, `png`, `palette`; so many lanes do that many jobs each, at the same time. Each command is answered with
//! one line: `WIDTH HEIGHT BYTES DECODE-US STAGES-US ENCODE-US`, the last three of a last job.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::Write as _;
use std::sync::LazyLock;
use std::thread;

use plan::{AcceptClass, Dim, Fit, Format, FormatRule, Orient, OutputRule, Plan, Quality, Resize, Stage};
use render::{Job, Rendered, render};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let master = std::fs::read(std::env::args().nth(1).ok_or("usage: bench_job FILE")?)?;
    // Not to be counted as part of a render.
    LazyLock::force(&FONTS);
    for line in std::io::stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [size, quality, mode, count, lanes, save @ ..] = words.as_slice() else {
            return Err(format!("not a command: {line}").into());
        };
        let plan = plan(size, quality.parse()?, mode)?;
        let made = side_by_side(&master, &plan, count.parse()?, lanes.parse()?)?;
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

fn plan(size: &str, quality: u8, mode: &str) -> Result<Plan, Failure> {
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
    let resize = match size.split_once('x') {
        Some((width, height)) => {
            let side = |text: &str| text.parse().map(|pixels| Some(Dim::Px(pixels)));
            Resize::new(side(width)?, side(height)?, Fit::Cover)
        }
        None => Resize::new(Some(Dim::Px(size.parse()?)), None, Fit::Inside),
    };
    Ok(Plan { stages: vec![Stage::Orient(Orient::Exif), Stage::Resize(resize)], output })
}

fn side_by_side(master: &[u8], plan: &Plan, count: u32, lanes: u32) -> Result<Rendered, Failure> {
    // One job at a time runs where commands are read: a new thread would begin each command with cold memory.
    let Some(others) = lanes.checked_sub(1) else { return Err("no lanes".into()) };
    thread::scope(|scope| {
        let others: Vec<_> = (0..others).map(|_| scope.spawn(|| repeat(master, plan, count))).collect();
        let made = repeat(master, plan, count)?;
        for lane in others {
            lane.join().map_err(|_| "a lane panicked")??;
        }
        Ok(made)
    })
}

fn repeat(master: &[u8], plan: &Plan, count: u32) -> Result<Rendered, Failure> {
    let spec = plan.output.resolve(AcceptClass::Basic);
    let (budget, cancel) = (codec::Budget::default(), codec::Cancel::never());
    let job = Job { master, pictures: &[], fonts: &FONTS, plan, spec: &spec, budget: &budget, cancel: &cancel };
    let mut made = render(&job)?;
    for _ in 1..count {
        made = render(&job)?;
    }
    Ok(made)
}
