use std::f64::consts::{PI, SQRT_2};

use codec::{CodecError, Pixels};

use super::Around;
use super::blur::row_of;
use crate::stages::adjust::luma;

/// Rows after which it is asked whether anybody still waits.
const BAND: u32 = 64;
/// Entries on each side of the middle of the table of thresholds.
const STEPS: usize = 1024;

/// One ink on white, dots on a grid that is turned by 45 degrees, as a newspaper prints its pictures.
///
/// The screen at a pixel is `cos(pi * sqrt(2) * x / side) * cos(pi * sqrt(2) * y / side)`, a saddle of that grid, which is
/// the Euclidean dot of PostScript: round black dots where it is bright, round white ones where it is dark. Its values are
/// spread evenly over 0 to 1, so that the share of ink is exactly 1 less the luminance, and ink begins where the luminance
/// falls below; a pixel's width around that edge is grey.
pub(super) fn halftone(pixels: &mut Pixels, side: u32, around: &Around<'_>) -> Result<(), CodecError> {
    let count = pixels.channels.count();
    let wave = |at: u32| (PI * SQRT_2 * (f64::from(at) + 0.5) / f64::from(side)).cos() as f32;
    let columns: Vec<f32> = (0..pixels.width).map(wave).collect();
    let thresholds = even_thresholds();
    // A threshold moves by about 2 / side a pixel.
    let steep = side as f32 / 2.0;
    for y in 0..pixels.height {
        if y % BAND == 0 {
            around.scope.cancel.check()?;
        }
        let down = wave(y);
        for (pixel, across) in row_of(pixels, y as usize).chunks_exact_mut(count).zip(&columns) {
            let screen = ((across * down + 1.0) * STEPS as f32 + 0.5) as usize;
            let light = f32::from(luma(pixel[0], pixel[1], pixel[2])) / 255.0;
            let grey = (light - thresholds[screen]) * steep + 0.5;
            // Pure white and pure black stay so.
            let grey = if light >= 1.0 {
                1.0
            } else if light <= 0.0 {
                0.0
            } else {
                grey
            };
            pixel[..3].fill((grey.clamp(0.0, 1.0) * 255.0 + 0.5) as u8);
        }
    }
    Ok(())
}

/// Which share of the plane lies below a value of the screen, from -1 to 1.
fn even_thresholds() -> Vec<f32> {
    const SAMPLES: usize = 512;
    let cosine: Vec<f64> = (0..SAMPLES).map(|i| (PI * (i as f64 + 0.5) / SAMPLES as f64).cos()).collect();
    let mut counts = vec![0u32; 2 * STEPS + 1];
    for a in &cosine {
        for b in &cosine {
            counts[((a * b + 1.0) * STEPS as f64 + 0.5) as usize] += 1;
        }
    }
    let all = (SAMPLES * SAMPLES) as f32;
    let mut below = 0;
    let share = |count: &u32| {
        let middle = below as f32 + *count as f32 / 2.0;
        below += count;
        middle / all
    };
    counts.iter().map(share).collect()
}
