//! What it costs to decode in a worker process instead of in this one: rounds interleaved; the median and the shortest time, and
//! the mean CPU time of both processes together (the kernel counts it too coarsely for a median). And what starting a worker
//! takes, and an idle one holds.
//!
//! `cargo run --release -p afterimage-workers --example measure_workers -- samples`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::path::Path;
use std::time::Instant;

use codec::{Budget, Cancel, Channels, ChromaSize, Decode, Encode, Picture, Pixels};
use workers::{Pool, Settings};

fn main() {
    let mut args = std::env::args().skip(1);
    let first = args.next().unwrap_or_else(|| "samples".to_owned());
    if first == "worker" {
        let memory = args.next().and_then(|text| text.parse().ok()).expect("bytes");
        return workers::serve(memory).expect("a socket");
    }
    let folder = Path::new(&first);
    let photo = |name: &str| std::fs::read(folder.join(name)).expect("a sample");
    let tiles = decoded(&photo("mountains.jpg"), &Budget::default());
    let cmyk = photo("brushes-cmyk.jpg");
    let jobs = [
        ("AVIF, 0.12 MP", encoded(&tiled(&tiles, 400, 300), plan::Format::Avif), 60),
        ("AVIF, 2 MP", encoded(&tiled(&tiles, 1600, 1250), plan::Format::Avif), 12),
        ("JPEG, 0.12 MP, whole", encoded(&tiled(&tiles, 400, 300), plan::Format::Jpeg), 60),
        ("JPEG, 2 MP, whole", encoded(&tiled(&tiles, 1600, 1250), plan::Format::Jpeg), 24),
        ("JPEG, 12 MP, whole", encoded(&tiled(&tiles, 4000, 3000), plan::Format::Jpeg), 12),
        ("JPEG of four inks, whole", cmyk, 20),
    ];
    let pool = Pool::new(Settings::new(&["worker"], 1, &Budget::default()));
    println!("{}", pool.start().expect("a worker"));
    let worker = child();
    println!("a fresh worker: {}", memory(worker));
    let there = Budget { foreign: pool.foreign(), ..Budget::default() };
    let here = Budget::default();
    println!(
        "| job | file kB | here ms (least) | worker ms (least) | here CPU ms | worker CPU ms | our JPEG decoder CPU ms |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (name, file, rounds) in &jobs {
        let ways = if name.starts_with("JPEG,") { 3 } else { 2 };
        let mut taken: Vec<Vec<(f64, f64)>> = vec![Vec::new(); ways];
        for _ in 0..*rounds {
            for (way, taken) in taken.iter_mut().enumerate() {
                let (start, cpu) = (Instant::now(), cpu_ms(std::process::id()) + cpu_ms(worker));
                match way {
                    0 => drop(decoded(file, &here)),
                    1 => drop(decoded(file, &there)),
                    _ => planes(file),
                }
                let time = start.elapsed().as_secs_f64() * 1e3;
                taken.push((time, cpu_ms(std::process::id()) + cpu_ms(worker) - cpu));
            }
        }
        let told: Vec<(String, String)> = taken.iter().map(|taken| summary(taken)).collect();
        let planes = told.get(2).map_or("", |planes| planes.1.as_str());
        let ((here, here_cpu), (there, there_cpu)) = (&told[0], &told[1]);
        println!("| {name} | {} | {here} | {there} | {here_cpu} | {there_cpu} | {planes} |", file.len() / 1000);
    }
    println!("the worker after all this: {}", memory(worker));
    drop(there);
    drop(pool);
    let mut starts: Vec<f64> = (0..100)
        .map(|_| {
            let start = Instant::now();
            let pool = Pool::new(Settings::new(&["worker"], 1, &Budget::default()));
            pool.start().expect("a worker");
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    starts.sort_by(f64::total_cmp);
    println!("start: median {:.2} ms, 90 of 100 within {:.2} ms", starts[50], starts[90]);
}

/// Headers, then pixels, as a render does.
fn decoded(file: &[u8], budget: &Budget) -> Pixels {
    codec::probe(file, budget).expect("a picture");
    let mut out = codec::decode(file, &Decode::default(), budget, &Cancel::never()).expect("a picture");
    out.picture.frames.remove(0).pixels
}

/// The same by our own decoder of JPEG, at full size.
fn planes(file: &[u8]) {
    let budget = Budget::default();
    let info = codec::probe(file, &budget).expect("a picture");
    let size = (info.width, info.height);
    let planar = codec::decode_planar(file, size, ChromaSize::Full, &budget, &Cancel::never()).expect("a picture");
    if let Some((planar, _)) = planar {
        planar.to_rgb(&Cancel::never()).expect("pixels");
    }
}

fn encoded(pixels: &Pixels, format: plan::Format) -> Vec<u8> {
    let how = Encode { format, ..Encode::default() };
    codec::encode(&Picture::still(pixels.clone()), &how, &Cancel::never()).expect("an encoder")
}

/// A picture repeated, mirrored at its edges.
fn tiled(tile: &Pixels, width: u32, height: u32) -> Pixels {
    let at = |n: u32, side: u32| if (n / side).is_multiple_of(2) { n % side } else { side - 1 - n % side };
    let mut data = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            let from = 3 * (at(y, tile.height) as usize * tile.width as usize + at(x, tile.width) as usize);
            data.extend_from_slice(&tile.data[from..from + 3]);
        }
    }
    Pixels { width, height, channels: Channels::Rgb, data }
}

/// The one child of this process.
fn child() -> u32 {
    let own = std::process::id().to_string();
    let parent = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.to_owned())
    };
    let all = std::fs::read_dir("/proc").expect("processes");
    let numbers = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.into_iter().find(|pid| parent(*pid).as_deref() == Some(&own)).expect("a child")
}

/// Time that the first thread of a process was on a processor.
fn cpu_ms(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).expect("a process");
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).expect("a number") / 1e6
}

/// Resident memory, and what of it is shared with nobody.
fn memory(pid: u32) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("a process");
    let kb = |name: &str| -> u64 {
        let numbers = text.lines().filter_map(|line| line.strip_prefix(name)?.trim().strip_suffix("kB"));
        numbers.filter_map(|number| number.trim().parse::<u64>().ok()).sum()
    };
    let own = kb("Private_Clean:") + kb("Private_Dirty:");
    format!("{:.1} MB resident, {:.1} MB of them its own", kb("Rss:") as f64 / 1e3, own as f64 / 1e3)
}

/// Median time with the shortest, and the mean of CPU time.
fn summary(taken: &[(f64, f64)]) -> (String, String) {
    let mut times: Vec<f64> = taken.iter().map(|(time, _)| *time).collect();
    times.sort_by(f64::total_cmp);
    let cpu = taken.iter().map(|(_, cpu)| cpu).sum::<f64>() / taken.len() as f64;
    (format!("{:.2} ({:.2})", times[times.len() / 2], times[0]), format!("{cpu:.2}"))
}
