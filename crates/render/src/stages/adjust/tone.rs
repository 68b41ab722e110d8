use super::luma;

/// Bits behind the point of a gain.
const BITS: u32 = 12;
/// How much of a parabola's height a full strength is: the most at which a brighter pixel always stays the brighter one
/// where detail is brought back.
const BACK: f64 = 2.0;

/// Gains by luminance that move `Y` to `Y + strength * Y^3 * (1 - Y)`: white and deep shadows stay.
pub(super) fn highlights(by: f64) -> Box<[i32; 256]> {
    let strength = if by < 0.0 { by * BACK } else { by };
    gains(|y| 1.0 + strength * y * y * (1.0 - y))
}

/// And to `Y + strength * Y * (1 - Y)^3`: black and bright parts stay.
pub(super) fn shadows(by: f64) -> Box<[i32; 256]> {
    let strength = if by > 0.0 { by * BACK } else { by };
    gains(|y| 1.0 + strength * (1.0 - y).powi(3))
}

fn gains(formula: impl Fn(f64) -> f64) -> Box<[i32; 256]> {
    Box::new(std::array::from_fn(|y| (formula(y as f64 / 255.0) * f64::from(1 << BITS)).round() as i32))
}

/// All channels by one gain: hue and saturation stay.
pub(super) fn run<const N: usize>(gains: &[i32; 256], row: &mut [[u8; N]]) {
    for pixel in row {
        let gain = gains[usize::from(luma(pixel[0], pixel[1], pixel[2]))];
        for value in &mut pixel[..3] {
            *value = ((i32::from(*value) * gain + (1 << (BITS - 1))) >> BITS).clamp(0, 255) as u8;
        }
    }
}
