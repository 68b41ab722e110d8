//! SSIMULACRA2 of pictures against a reference in floating point.
//!
//! `ssimulacra2 WIDTH HEIGHT REFERENCE FILE...`: the reference is sRGB-encoded RGB as 32-bit floats from 0 to 255, little endian; each file
//! the same as bytes. Prints one score a line.

use std::error::Error;

use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [width, height, reference, files @ ..] = arguments.as_slice() else {
        return Err("usage: ssimulacra2 WIDTH HEIGHT REFERENCE FILE...".into());
    };
    let (width, height) = (width.parse()?, height.parse()?);
    let floats = std::fs::read(reference)?;
    let encoded = floats.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
    let reference = linear(encoded);
    for file in files {
        let made = linear(std::fs::read(file)?.into_iter().map(f32::from));
        println!("{:.4}", compute_ssimulacra2(&slice(&reference, width, height)?, &slice(&made, width, height)?)?);
    }
    Ok(())
}

/// IEC 61966-2-1.
fn linear(encoded: impl Iterator<Item = f32>) -> Vec<u8> {
    let of = |value: f32| {
        let value = value / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    encoded.flat_map(|value| of(value).to_ne_bytes()).collect()
}

fn slice(bytes: &[u8], width: u32, height: u32) -> Result<PixelSlice<'_>, Box<dyn Error>> {
    let row = width as usize * 12;
    PixelSlice::new(bytes, width, height, row, PixelDescriptor::RGBF32_LINEAR).map_err(|error| format!("{error:?}").into())
}
