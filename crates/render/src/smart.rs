//! Which part of a picture to keep, when nobody said.
//!
//! A copy of at most [`SIDE`] pixels a side is scored with integers only, so that every machine cuts alike. Equal scores
//! go to the window nearest the centre: a picture without features is cut in the middle.

use codec::Pixels;
use plan::Gravity;

/// Longest side of the copy that is scored.
pub(crate) const SIDE: u32 = 128;

/// Levels that luminance is counted in for its entropy.
const LEVELS: usize = 64;
/// Places tried on each axis for entropy, whose windows must be counted anew.
const ENTROPY_STEPS: usize = 24;

/// The centre of the best window, in shares of the picture; `window` is its size, in shares too.
///
/// - [`Gravity::Edges`]: the greatest sum of squared luminance differences.
/// - [`Gravity::Attention`]: the greatest sum of a score per pixel: four times its luminance difference (what is drawn),
///   its saturation (what is colourful) unless dark, up to 80 so that one vivid surface does not outweigh everything, and
///   255 for the hues of skin where they are pale enough to be skin.
/// - [`Gravity::Entropy`]: the greatest Shannon entropy of the luminance.
///
/// What is transparent counts less, in proportion.
pub(crate) fn best(picture: &Pixels, gravity: Gravity, window: (f64, f64)) -> (f64, f64) {
    let field = Field::new(picture);
    let side = |share: f64, of: usize| ((share * of as f64).round() as usize).clamp(1, of);
    let (w, h) = (side(window.0, field.w), side(window.1, field.h));
    let (x, y) = match gravity {
        Gravity::Entropy => field.most_entropy(w, h),
        Gravity::Edges => field.most(w, h, &field.edges()),
        _ => field.most(w, h, &field.attention()),
    };
    let centre = |at: usize, len: usize, of: usize| (at as f64 + len as f64 / 2.0) / of as f64;
    (centre(x, w, field.w), centre(y, h, field.h))
}

struct Field {
    w: usize,
    h: usize,
    rgba: Vec<[u8; 4]>,
    luma: Vec<i32>,
}

impl Field {
    fn new(picture: &Pixels) -> Self {
        let count = picture.channels.count();
        let rgba: Vec<[u8; 4]> =
            picture.data.chunks_exact(count).map(|p| [p[0], p[1], p[2], p.get(3).copied().unwrap_or(255)]).collect();
        let luma = rgba
            .iter()
            .map(|&[r, g, b, a]| {
                // ITU-R BT.601 weights in 256ths.
                let y = (77 * i32::from(r) + 150 * i32::from(g) + 29 * i32::from(b)) >> 8;
                y * i32::from(a) / 255
            })
            .collect();
        Field { w: picture.width as usize, h: picture.height as usize, rgba, luma }
    }

    /// Differences of the neighbours on each axis; none across the picture's edge.
    fn slope(&self, x: usize, y: usize) -> (i32, i32) {
        let at = |x: usize, y: usize| self.luma[y * self.w + x];
        let dx = at((x + 1).min(self.w - 1), y) - at(x.saturating_sub(1), y);
        let dy = at(x, (y + 1).min(self.h - 1)) - at(x, y.saturating_sub(1));
        (dx, dy)
    }

    fn scores(&self, score: impl Fn(usize, (i32, i32)) -> i32) -> Vec<u64> {
        (0..self.h)
            .flat_map(|y| (0..self.w).map(move |x| (x, y)))
            .map(|(x, y)| u64::from(score(y * self.w + x, self.slope(x, y)).unsigned_abs()))
            .collect()
    }

    fn edges(&self) -> Vec<u64> {
        self.scores(|_, (dx, dy)| dx * dx + dy * dy)
    }

    fn attention(&self) -> Vec<u64> {
        self.scores(|i, (dx, dy)| {
            let [r, g, b, a] = self.rgba[i].map(i32::from);
            let luma = self.luma[i];
            let saturation = if luma > 40 { r.max(g).max(b) - r.min(g).min(b) } else { 0 };
            // Skin lies in one small field of the chroma plane, whatever its lightness (Chai and Ngan, 1999).
            let cb = 128 + ((-43 * r - 85 * g + 128 * b) >> 8);
            let cr = 128 + ((128 * r - 107 * g - 21 * b) >> 8);
            let pale = saturation <= 110 && r > g && g > b;
            let skin = luma > 60 && pale && (77..=127).contains(&cb) && (133..=173).contains(&cr);
            let color = saturation.min(80) + if skin { 255 } else { 0 };
            4 * (dx.abs() + dy.abs()) + color * a / 255
        })
    }

    /// Where the window with the greatest sum lies.
    fn most(&self, w: usize, h: usize, scores: &[u64]) -> (usize, usize) {
        let stride = self.w + 1;
        let mut sums = vec![0u64; stride * (self.h + 1)];
        for y in 0..self.h {
            let mut row = 0;
            for x in 0..self.w {
                row += scores[y * self.w + x];
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
            }
        }
        self.search(w, h, 1, 1, |x, y| {
            let at = |x: usize, y: usize| sums[y * stride + x];
            at(x + w, y + h) + at(x, y) - at(x, y + h) - at(x + w, y)
        })
    }

    fn most_entropy(&self, w: usize, h: usize) -> (usize, usize) {
        let step = |room: usize| (room / ENTROPY_STEPS).max(1);
        self.search(w, h, step(self.w - w), step(self.h - h), |x, y| self.entropy(x, y, w, h))
    }

    /// Entropy in thousandths of a bit.
    fn entropy(&self, x: usize, y: usize, w: usize, h: usize) -> u64 {
        let mut counts = [0u32; LEVELS];
        for row in y..y + h {
            for luma in &self.luma[row * self.w + x..row * self.w + x + w] {
                counts[(luma.clamp(&0, &255) / 4) as usize] += 1;
            }
        }
        let total = (w * h) as f64;
        let bits: f64 = counts
            .iter()
            .filter(|n| **n > 0)
            .map(|n| {
                let p = f64::from(*n) / total;
                -p * p.log2()
            })
            .sum();
        (bits * 1000.0).round() as u64
    }

    fn search(
        &self,
        w: usize,
        h: usize,
        step_x: usize,
        step_y: usize,
        score: impl Fn(usize, usize) -> u64,
    ) -> (usize, usize) {
        let (room_x, room_y) = (self.w - w, self.h - h);
        let mut best = (0, u64::MAX, (0, 0));
        let mut first = true;
        for y in (0..=room_y).step_by(step_y) {
            for x in (0..=room_x).step_by(step_x) {
                let off = |at: usize, room: usize| (2 * at).abs_diff(room) as u64;
                let distance = off(x, room_x).pow(2) + off(y, room_y).pow(2);
                let found = score(x, y);
                if first || found > best.0 || found == best.0 && distance < best.1 {
                    (best, first) = ((found, distance, (x, y)), false);
                }
            }
        }
        best.2
    }
}

#[cfg(test)]
mod tests {
    use codec::Channels;

    use super::*;

    fn picture(w: u32, h: u32, color: impl Fn(u32, u32) -> [u8; 3]) -> Pixels {
        let data = (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).flat_map(|(x, y)| color(x, y)).collect();
        Pixels { width: w, height: h, channels: Channels::Rgb, data }
    }

    const ALL: [Gravity; 3] = [Gravity::Attention, Gravity::Entropy, Gravity::Edges];

    #[test]
    fn what_is_drawn_is_kept() {
        let noise = |x: u32, y: u32| ((x * 7919 + y * 104_729) % 251) as u8;
        let right = picture(120, 40, |x, y| if (80..110).contains(&x) { [noise(x, y); 3] } else { [128; 3] });
        let top = picture(40, 120, |x, y| if (5..35).contains(&y) { [noise(x, y); 3] } else { [128; 3] });
        for gravity in ALL {
            let (x, y) = best(&right, gravity, (1.0 / 3.0, 1.0));
            assert!((0.7..0.85).contains(&x) && y == 0.5, "{gravity:?} {x} {y}");
            let (x, y) = best(&top, gravity, (1.0, 1.0 / 3.0));
            assert!(x == 0.5 && (0.1..0.25).contains(&y), "{gravity:?} {x} {y}");
        }
    }

    #[test]
    fn attention_turns_to_colour_and_skin() {
        let skin = picture(90, 30, |x, _| if x < 30 { [224, 172, 140] } else { [150; 3] });
        assert!(best(&skin, Gravity::Attention, (1.0 / 3.0, 1.0)).0 < 0.25);
        let red = picture(90, 30, |x, _| if x >= 60 { [230, 20, 30] } else { [150; 3] });
        assert!(best(&red, Gravity::Attention, (1.0 / 3.0, 1.0)).0 > 0.75);
    }

    #[test]
    fn without_features_the_middle_is_kept() {
        let flat = picture(99, 33, |_, _| [200; 3]);
        for gravity in ALL {
            let (x, y) = best(&flat, gravity, (1.0 / 3.0, 1.0));
            assert!((x - 0.5).abs() < 0.03 && y == 0.5, "{gravity:?} {x}");
        }
    }

    #[test]
    fn a_single_pixel_is_a_picture() {
        for gravity in ALL {
            assert_eq!(best(&picture(1, 1, |_, _| [1, 2, 3]), gravity, (0.01, 1.0)), (0.5, 0.5));
        }
    }
}
