use super::luma::{WEIGHTS, byte};

/// Where skin lies between red (0) and yellow (1): from 0 to twice this.
const SKIN: f32 = 0.4;
/// How much of the change skin is spared, at most.
const SPARED: f32 = 0.7;

/// Saturation where there is little of it.
pub(super) struct Vibrance(f32);

impl Vibrance {
    pub(super) fn new(by: f64) -> Self {
        Vibrance(by as f32)
    }

    pub(super) fn run<const N: usize>(&self, row: &mut [[u8; N]]) {
        let [wr, wg, wb] = WEIGHTS.map(|w| w as f32);
        for pixel in row {
            let [r, g, b] = [f32::from(pixel[0]), f32::from(pixel[1]), f32::from(pixel[2])];
            let chroma = r.max(g).max(b) - r.min(g).min(b);
            let place = if r >= g && g >= b && r > b { (g - b) / (r - b) } else { -1.0 };
            let skin = (1.0 - (place - SKIN).abs() / SKIN).max(0.0);
            let factor = 1.0 + self.0 * (1.0 - chroma / 255.0) * (1.0 - SPARED * skin);
            let luma = wr * r + wg * g + wb * b;
            pixel[0] = byte(luma + (r - luma) * factor);
            pixel[1] = byte(luma + (g - luma) * factor);
            pixel[2] = byte(luma + (b - luma) * factor);
        }
    }
}
