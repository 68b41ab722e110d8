//! Times this crate against libjpeg-turbo on the files given, in turns, and prints ratios of medians.
//!
//! `cargo run --release -p afterimage-jpeg --example decode_bench -- [--rounds N] FILE...`
//!
//! Libjpeg-turbo decodes to planes, and to RGB at the scales where it writes planes wrongly (1/8, 3/8).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};

/// Processor time of this thread, ms: what others do at the same time counts less than with a wall clock.
fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Of the first component, against exact decoding.
fn psnr(file: &[u8], n: u8, options: &jpeg::Options) -> f64 {
    let picture = jpeg::Jpeg::read(file).unwrap();
    let scales = vec![jpeg::Scale::new(n).unwrap(); picture.components().len()];
    let exact = picture.decode(&scales, &mut || false).unwrap();
    let other = picture.decode_with(&scales, options, &mut || false).unwrap();
    let (mut sum, mut count) = (0.0, 0.0);
    for y in 0..exact[0].height {
        for (a, b) in exact[0].row(y).iter().zip(other[0].row(y)) {
            (sum, count) = (sum + f64::from(a.abs_diff(*b)).powi(2), count + 1.0);
        }
    }
    10.0 * (255.0 * 255.0 * count / sum).log10()
}

fn main() {
    let mut rounds = 15;
    let mut only = None;
    let mut chroma = 1;
    let mut options = jpeg::Options::default();
    let mut sizes = vec![1, 2, 3, 4, 5, 6, 7, 8];
    let mut files = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => rounds = arguments.next().and_then(|n| n.parse().ok()).expect("a number of rounds"),
            "--ours" => only = Some(arguments.next().and_then(|n| n.parse::<u8>().ok()).expect("1 to 8")),
            "--chroma" => chroma = arguments.next().and_then(|n| n.parse().ok()).expect("a factor"),
            "--drop" => {
                let limit = arguments.next().and_then(|n| n.parse().ok());
                options.drop_refinements_below = limit.expect("a loss in units of coefficients");
            }
            "--sizes" => {
                let list = arguments.next().expect("numbers with commas between");
                sizes = list.split(',').map(|n| n.parse().expect("1 to 8")).collect();
            }
            _ => files.push(argument),
        }
    }
    for name in files {
        let file = std::fs::read(&name).expect("a readable file");
        let ours = |n: u8| {
            let picture = jpeg::Jpeg::read(&file).unwrap();
            let mut scales = vec![jpeg::Scale::new(n).unwrap(); picture.components().len()];
            let chroma = jpeg::Scale::new((n * chroma).min(8)).unwrap();
            scales.iter_mut().skip(1).for_each(|scale| *scale = chroma);
            black_box(picture.decode_with(&scales, &options, &mut || false).unwrap());
        };
        if let Some(n) = only {
            // For a profiler, and to compare two builds.
            let mut times: Vec<f64> = (0..rounds)
                .map(|_| {
                    let start = now();
                    ours(n);
                    now() - start
                })
                .collect();
            println!("{:.3}", median(&mut times));
            continue;
        }
        println!("{name}: {} bytes", file.len());
        if options != jpeg::Options::default() {
            sizes.iter().for_each(|n| println!("{n}/8 against exact: PSNR {:.1} dB", psnr(&file, *n, &options)));
        }
        println!("| n/8 | libjpeg-turbo planes ms | RGB ms | ours ms | planes / ours | RGB / ours |");
        println!("|---|---|---|---|---|---|");
        for n in sizes.clone() {
            let (mut planes, mut pixels, mut own) = (Vec::new(), Vec::new(), Vec::new());
            let time = |times: &mut Vec<f64>, what: &dyn Fn()| {
                let start = now();
                what();
                times.push(now() - start);
            };
            for _ in 0..rounds {
                time(&mut planes, &|| drop(black_box(common::planes(&file, n.into()))));
                time(&mut pixels, &|| drop(black_box(common::pixels(&file, n.into()))));
                time(&mut own, &|| ours(n));
            }
            let (planes, pixels, own) = (median(&mut planes), median(&mut pixels), median(&mut own));
            let (a, b) = (planes / own, pixels / own);
            println!("| {n} | {planes:.2} | {pixels:.2} | {own:.2} | {a:.2} | {b:.2} |");
        }
    }
}
