use plan::Color;

use super::luma::byte;
use super::{Op, luma};

pub(super) fn run<const N: usize>(shades: &[[u8; 3]; 256], row: &mut [[u8; N]]) {
    for pixel in row {
        let shade = shades[usize::from(luma(pixel[0], pixel[1], pixel[2]))];
        pixel[..3].copy_from_slice(&shade);
    }
}

pub(super) fn grayscale() -> Box<[[u8; 3]; 256]> {
    Box::new(std::array::from_fn(|y| [y as u8; 3]))
}

pub(super) fn threshold(least: u8) -> Box<[[u8; 3]; 256]> {
    Box::new(std::array::from_fn(|y| [if y >= usize::from(least) { 255 } else { 0 }; 3]))
}

/// `Y * color`, as much of it as its alpha says.
pub(super) fn monochrome(color: Color) -> Op {
    line(Color::BLACK, color, f64::from(color.a) / 255.0)
}

/// `dark + Y * (light - dark)`, by the strength.
pub(super) fn duotone(dark: Color, light: Color, strength: f64) -> Op {
    line(dark, light, strength)
}

fn line(dark: Color, light: Color, strength: f64) -> Op {
    let at = |y: usize, from: u8, to: u8| f64::from(from) + (f64::from(to) - f64::from(from)) * y as f64 / 255.0;
    let color = |y: usize| [at(y, dark.r, light.r), at(y, dark.g, light.g), at(y, dark.b, light.b)];
    if strength >= 1.0 {
        return Op::Shade(Box::new(std::array::from_fn(|y| color(y).map(|v| v.round() as u8))));
    }
    let shades = Box::new(std::array::from_fn(|y| color(y).map(|v| (v * strength) as f32)));
    Op::Blend(Blend { shades, keep: (1.0 - strength) as f32 })
}

/// A colour for every luminance, mixed with the pixel.
pub(super) struct Blend {
    /// Multiplied by their share already.
    shades: Box<[[f32; 3]; 256]>,
    /// The pixel's share.
    keep: f32,
}

impl Blend {
    pub(super) fn run<const N: usize>(&self, row: &mut [[u8; N]]) {
        for pixel in row {
            let shade = &self.shades[usize::from(luma(pixel[0], pixel[1], pixel[2]))];
            for (value, shade) in pixel[..3].iter_mut().zip(shade) {
                *value = byte(f32::from(*value) * self.keep + shade);
            }
        }
    }
}
