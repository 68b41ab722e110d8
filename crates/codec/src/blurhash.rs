//! BlurHash, as its public reference computes it: the first terms of a cosine transform in linear light, in base 83.

use std::f64::consts::PI;

use crate::{Channels, Pixels};

const DIGITS: &[u8; 83] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/// The BlurHash of a picture. Transparent pixels are taken on white.
///
/// `across` and `down` are the terms on each side, held to 1 to 9. The text has `4 + 2 * across * down` digits, all of
/// them ASCII. Every pixel is looked at for every term: hand in a picture of some dozens of pixels a side.
pub fn blurhash(pixels: &Pixels, across: u32, down: u32) -> String {
    let (across, down) = (across.clamp(1, 9) as usize, down.clamp(1, 9) as usize);
    let terms = terms(pixels, across, down);
    let mut out = String::new();
    push(&mut out, (across - 1 + (down - 1) * 9) as u32, 1);
    let most = terms[1..].iter().flatten().fold(0.0, |most: f64, v| most.max(v.abs()));
    let scale = if terms.len() > 1 {
        let step = (most * 166.0 - 0.5).floor().clamp(0.0, 82.0);
        push(&mut out, step as u32, 1);
        (step + 1.0) / 166.0
    } else {
        push(&mut out, 0, 1);
        1.0
    };
    let [r, g, b] = terms[0].map(to_srgb);
    push(&mut out, r << 16 | g << 8 | b, 4);
    for term in &terms[1..] {
        let step = |v: f64| {
            let root = (v / scale).abs().sqrt().copysign(v);
            (root * 9.0 + 9.5).floor().clamp(0.0, 18.0) as u32
        };
        let [r, g, b] = term.map(step);
        push(&mut out, r * 19 * 19 + g * 19 + b, 2);
    }
    out
}

/// Red, green and blue of each term, row by row.
fn terms(pixels: &Pixels, across: usize, down: usize) -> Vec<[f64; 3]> {
    let (width, height) = (pixels.width as usize, pixels.height as usize);
    let linear: [f64; 256] = std::array::from_fn(|v| to_linear(v as f64 / 255.0));
    let cosines = |count: usize, length: usize| -> Vec<Vec<f64>> {
        let wave = |term: usize, at: usize| (PI * term as f64 * at as f64 / length as f64).cos();
        (0..count).map(|term| (0..length).map(|at| wave(term, at)).collect()).collect()
    };
    let (horizontal, vertical) = (cosines(across, width), cosines(down, height));
    let count = pixels.channels.count();
    let mut sums = vec![[0.0; 3]; across * down];
    for (y, row) in pixels.data.chunks_exact((width * count).max(1)).enumerate().take(height) {
        let mut of_row = vec![[0.0; 3]; across];
        for (x, pixel) in row.chunks_exact(count).enumerate() {
            let color = on_white(pixel, pixels.channels).map(|v| linear[usize::from(v)]);
            for (sum, wave) in of_row.iter_mut().zip(&horizontal) {
                for (sum, v) in sum.iter_mut().zip(color) {
                    *sum += wave[x] * v;
                }
            }
        }
        for (term, wave) in vertical.iter().enumerate() {
            for (sum, of_row) in sums[term * across..].iter_mut().zip(&of_row) {
                for (sum, v) in sum.iter_mut().zip(of_row) {
                    *sum += wave[y] * v;
                }
            }
        }
    }
    let area = (width * height) as f64;
    for (number, sum) in sums.iter_mut().enumerate() {
        let weight = if number == 0 { 1.0 } else { 2.0 };
        sum.iter_mut().for_each(|v| *v *= weight / area);
    }
    sums
}

fn on_white(pixel: &[u8], channels: Channels) -> [u8; 3] {
    let alpha = if channels == Channels::Rgba { u32::from(pixel[3]) } else { 255 };
    [pixel[0], pixel[1], pixel[2]].map(|v| ((u32::from(v) * alpha + 255 * (255 - alpha) + 127) / 255) as u8)
}

/// IEC 61966-2-1.
fn to_linear(value: f64) -> f64 {
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn to_srgb(value: f64) -> u32 {
    let value = value.clamp(0.0, 1.0);
    let coded = if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
    (coded * 255.0 + 0.5) as u32
}

fn push(out: &mut String, value: u32, digits: u32) {
    for place in (0..digits).rev() {
        let digit = value / 83u32.pow(place) % 83;
        out.push(char::from(DIGITS[digit as usize]));
    }
}
