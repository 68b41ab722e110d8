//! What an animated GIF costs: processor time, bytes and distance, for two animations of 12 frames made of a photo.
//!
//! `cargo run --release -p afterimage-codec --example gif_figures -- samples/mountains.jpg 2000`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use codec::{Budget, Cancel, Channels, Decode, Encode, Frame, Picture, Pixels};
use plan::Format;

/// Nanoseconds that this thread has run (Linux).
fn spent() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

fn window(photo: &Pixels, left: u32, top: u32, width: u32, height: u32) -> Pixels {
    let rows = photo.data.chunks_exact(photo.width as usize * 3).skip(top as usize).take(height as usize);
    let data = rows.flat_map(|row| row[left as usize * 3..(left + width) as usize * 3].iter().copied()).collect();
    Pixels { width, height, channels: Channels::Rgb, data }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let bytes = std::fs::read(arguments.next().unwrap()).unwrap();
    let most: u32 = arguments.next().unwrap().parse().unwrap();
    let photo = codec::decode(&bytes, &Decode::default(), &Budget::default(), &Cancel::never()).unwrap();
    let photo = &photo.picture.frames[0].pixels;
    let (width, height) = ((photo.width - 110).min(most), (photo.height - 66).min(most));
    // The whole picture moves; or a part of it does, over the rest.
    let moving: Vec<Pixels> = (0..12).map(|n| window(photo, n * 10, n * 6, width, height)).collect();
    let inset: Vec<Pixels> = (0..12)
        .map(|n| {
            let mut frame = moving[0].clone();
            let part = window(photo, n * 10, n * 6, width / 4, height / 4);
            let stride = width as usize * 3;
            for (y, row) in part.data.chunks_exact(part.width as usize * 3).enumerate() {
                let at = (y + height as usize / 3) * stride + (width as usize / 3 + n as usize * 5) * 3;
                frame.data[at..at + row.len()].copy_from_slice(row);
            }
            frame
        })
        .collect();
    for (name, frames) in [("moving", moving), ("inset", inset)] {
        let frames = frames.into_iter().map(|pixels| Frame { pixels, delay_ms: 80 }).collect();
        let picture = Picture { frames, loops: 0 };
        let how = Encode {
            format: Format::Gif,
            quality: 80,
            lossless: false,
            progressive: false,
            palette: false,
            ..Encode::default()
        };
        let before = spent();
        let file = codec::encode(&picture, &how, &Cancel::never()).unwrap();
        let cost = spent() - before;
        let ask = Decode { all_frames: true, ..Decode::default() };
        let back = codec::decode(&file, &ask, &Budget::default(), &Cancel::never()).unwrap();
        let (mut sum, mut count) = (0u64, 0u64);
        for (a, b) in back.picture.frames.iter().zip(&picture.frames) {
            let step = a.pixels.channels.count();
            for (a, b) in a.pixels.data.chunks_exact(step).zip(b.pixels.data.chunks_exact(3)) {
                sum += (0..3).map(|c| u64::from(a[c].abs_diff(b[c])).pow(2)).sum::<u64>();
                count += 3;
            }
        }
        let psnr = 10.0 * (255.0 * 255.0 * count as f64 / sum.max(1) as f64).log10();
        println!("{name} {width}x{height}: {:.2} s, {} kB, {psnr:.2} dB", cost as f64 / 1e9, file.len() / 1000);
    }
}
