/// Shares of red, green and blue in the luminance (ITU-R BT.709-6, item 3.2; W3C Filter Effects 1 has them too).
pub(super) const WEIGHTS: [f64; 3] = [0.2126, 0.7152, 0.0722];

/// The luminance of an sRGB colour, of its values as they are coded, rounded. That of a grey is the grey itself.
#[inline]
pub(crate) fn luma(r: u8, g: u8, b: u8) -> u8 {
    // The weights in shares of 2^16.
    ((13_933 * u32::from(r) + 46_871 * u32::from(g) + 4_732 * u32::from(b) + 32_768) >> 16) as u8
}

/// To a byte, held within 0 to 255, ties to even. Adding 1.5 * 2^23 leaves the rounded number in the low bits, which the
/// compiler turns into vectors; a cast it does not.
#[inline]
pub(super) fn byte(value: f32) -> u8 {
    const ROUND: f32 = 12_582_912.0;
    (value.clamp(0.0, 255.0) + ROUND).to_bits() as u8
}
