//! The counterpart of `bench_job` and `job.mjs`: the same commands, carried out by oximg.
//!
//! `oximg_job FILE`, then one command a line: `SIZE QUALITY MODE COUNT LANES [SAVE-AS]`, where the size is a width only.

use std::error::Error;
use std::io::Write as _;
use std::thread;

use oximg::pipeline::{self, Encoder, ImageFormat, Params};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let master = std::fs::read(std::env::args().nth(1).ok_or("usage: oximg_job FILE")?)?;
    for line in std::io::stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [size, quality, mode, count, lanes, save @ ..] = words.as_slice() else {
            return Err(format!("not a command: {line}").into());
        };
        let params = params(size.parse()?, quality.parse()?, mode)?;
        let (count, lanes): (u32, u32) = (count.parse()?, lanes.parse()?);
        let made = thread::scope(|scope| -> Result<Vec<u8>, Failure> {
            let others: Vec<_> = (1..lanes).map(|_| scope.spawn(|| repeat(&master, &params, count))).collect();
            let made = repeat(&master, &params, count)?;
            for lane in others {
                lane.join().map_err(|_| "a lane panicked")??;
            }
            Ok(made)
        })?;
        if let Some(path) = save.first() {
            std::fs::write(path, &made)?;
        }
        let (_, width, height) = pipeline::probe(&made).map_err(|error| error.to_string())?;
        println!("{width} {height} {}", made.len());
        std::io::stdout().flush()?;
    }
    Ok(())
}

/// Gamma light, as the others and the reference have it, and the encoder that is libjpeg-turbo's class, as theirs are.
fn params(width: u32, quality: f32, mode: &str) -> Result<Params, Failure> {
    let output = match mode {
        "baseline" => ImageFormat::Jpeg,
        "webp" | "webp2" => ImageFormat::Webp,
        "png" => ImageFormat::Png,
        other => return Err(format!("not a mode: {other}").into()),
    };
    Ok(Params {
        max_width: width,
        quality,
        webp_quality: Some(quality),
        encoder: Encoder::MozFast,
        output: Some(output),
        linear_light: Some(false),
        ..Params::default()
    })
}

fn repeat(master: &[u8], params: &Params, count: u32) -> Result<Vec<u8>, Failure> {
    let mut made = Vec::new();
    for _ in 0..count {
        made = pipeline::process(master, params).map_err(|error| error.to_string())?.0;
    }
    Ok(made)
}
