//! The colour that most pixels are near to.
//!
//! Pixels of which more is seen than not are counted, by their alpha, in boxes of 8 levels a side (32 x 32 x 32 of them). The box whose neighbourhood of
//! 3 x 3 x 3 boxes holds most wins, the lowest of equals, so that a colour on the border of two boxes is not torn apart;
//! the answer is the mean of that neighbourhood's pixels. Integers only: every machine answers alike.

use codec::Pixels;
use plan::Color;

/// Boxes along each axis.
const SIDE: usize = 32;
/// Most pixels that are looked at on an axis: of a larger picture every second, every third and so on.
const MOST: u32 = 512;

/// Of the whole picture; `None` where hardly anything of it is seen.
pub(super) fn whole(pixels: &Pixels) -> Option<Color> {
    let mut boxes = Boxes::new();
    boxes.count(pixels, 0..pixels.width, 0..pixels.height);
    boxes.best()
}

/// Of its outermost pixels; where they are transparent, of the whole picture.
pub(super) fn edge(pixels: &Pixels) -> Option<Color> {
    let (w, h) = (pixels.width, pixels.height);
    let mut boxes = Boxes::new();
    boxes.count(pixels, 0..w, 0..1);
    boxes.count(pixels, 0..w, h - 1..h);
    boxes.count(pixels, 0..1, 0..h);
    boxes.count(pixels, w - 1..w, 0..h);
    boxes.best().or_else(|| whole(pixels))
}

/// Of its parts, cut in so many columns and rows, 1 or 2 each: top left, top right, bottom left, bottom right. Where there
/// is one column, that is both. A part without an opaque pixel takes the whole picture's colour.
pub(super) fn parts(pixels: &Pixels, columns: u32, rows: u32) -> [Option<Color>; 4] {
    let range = |at: u32, of: u32, side: u32| {
        let from = (side * at / of).min(side - 1);
        from..(side * (at + 1) / of).max(from + 1)
    };
    [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| {
        let mut boxes = Boxes::new();
        boxes.count(pixels, range(x % columns, columns, pixels.width), range(y % rows, rows, pixels.height));
        boxes.best().or_else(|| whole(pixels))
    })
}

struct Boxes {
    /// Sum of alpha, and of red, green and blue times alpha.
    sums: Vec<[u64; 4]>,
}

impl Boxes {
    fn new() -> Self {
        Boxes { sums: vec![[0; 4]; SIDE * SIDE * SIDE] }
    }

    fn count(&mut self, pixels: &Pixels, columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) {
        let count = pixels.channels.count();
        let step = |len: usize| len.div_ceil(MOST as usize).max(1);
        let (step_x, step_y) = (step(columns.len()), step(rows.len()));
        for y in rows.step_by(step_y) {
            for x in columns.clone().step_by(step_x) {
                let at = (y as usize * pixels.width as usize + x as usize) * count;
                let p = &pixels.data[at..at + count];
                let alpha = u64::from(p.get(3).copied().unwrap_or(255));
                if alpha < 128 {
                    continue;
                }
                let level = |c: usize| usize::from(p[c] >> 3);
                let sum = &mut self.sums[(level(0) * SIDE + level(1)) * SIDE + level(2)];
                sum[0] += alpha;
                for c in 0..3 {
                    sum[c + 1] += u64::from(p[c]) * alpha;
                }
            }
        }
    }

    fn best(&self) -> Option<Color> {
        let mut near = self.sums.clone();
        for stride in [1, SIDE, SIDE * SIDE] {
            near = (0..near.len())
                .map(|at| {
                    let mut sum = near[at];
                    let place = at / stride % SIDE;
                    if place > 0 {
                        sum = add(sum, near[at - stride]);
                    }
                    if place < SIDE - 1 {
                        sum = add(sum, near[at + stride]);
                    }
                    sum
                })
                .collect();
        }
        // The box itself decides between neighbourhoods that hold the same: the fullest in the middle.
        let (_, sum) = near.iter().enumerate().max_by_key(|(at, sum)| (sum[0], self.sums[*at][0], usize::MAX - at))?;
        let alpha = sum[0];
        let mean = |c: usize| ((sum[c] + alpha / 2) / alpha) as u8;
        (alpha > 0).then(|| Color::rgb(mean(1), mean(2), mean(3)))
    }
}

fn add(a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]]
}

#[cfg(test)]
mod tests {
    use codec::Channels;

    use super::*;

    fn picture(w: u32, h: u32, color: impl Fn(u32, u32) -> [u8; 4]) -> Pixels {
        let data = (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).flat_map(|(x, y)| color(x, y)).collect();
        Pixels { width: w, height: h, channels: Channels::Rgba, data }
    }

    #[test]
    fn most_pixels_decide() {
        // A frame of blue (nearly one half of it at a box's border), a field of red, some noise, some that is not seen.
        let mixed = picture(40, 40, |x, y| match (x, y) {
            (0 | 39, _) | (_, 0 | 39) => [0, 0, 127 + ((x + y) % 2) as u8, 255],
            (_, 30..) => [0, 255, 0, 0],
            (10..20, _) => [(x * 37 % 256) as u8, (y * 91 % 256) as u8, 40, 255],
            _ => [201, 7, 9, 255],
        });
        assert_eq!(whole(&mixed), Some(Color::rgb(201, 7, 9)));
        let blue = edge(&mixed).map(|c| (c.r, c.g, c.b));
        assert!(matches!(blue, Some((0, 0, 127 | 128))), "{blue:?}");
        assert_eq!(whole(&picture(3, 3, |_, _| [9, 9, 9, 0])), None);
        // A cut-out has faint pixels at its edges.
        let cut = picture(9, 9, |x, _| if (2..7).contains(&x) { [50, 60, 70, 255] } else { [255, 0, 0, 1] });
        assert_eq!(edge(&picture(9, 9, |_, y| [50, 60, 70, if y == 4 { 255 } else { 1 }])), edge(&cut));
        let inner = picture(9, 9, |x, y| if x % 8 == 0 || y % 8 == 0 { [255, 0, 0, 1] } else { [50, 60, 70, 255] });
        assert_eq!(edge(&inner), Some(Color::rgb(50, 60, 70)));
    }

    #[test]
    fn parts_have_colours_of_their_own() {
        let quarters =
            picture(600, 1100, |x, y| [if x < 300 { 10 } else { 200 }, if y < 550 { 30 } else { 90 }, 5, 255]);
        let colors = [(10, 30), (200, 30), (10, 90), (200, 90)].map(|(r, g)| Some(Color::rgb(r, g, 5)));
        assert_eq!(parts(&quarters, 2, 2), colors);
        let halves = picture(1, 3, |_, y| [y as u8 * 90, 0, 0, 255]);
        let [top, _, bottom, _] = parts(&halves, 1, 2);
        assert_eq!((top, bottom), (Some(Color::BLACK), Some(Color::rgb(90, 0, 0))));
        assert_eq!(parts(&picture(1, 1, |_, _| [7, 7, 7, 255]), 2, 2), [Some(Color::rgb(7, 7, 7)); 4]);
        let half_clear = picture(4, 4, |_, y| if y < 2 { [1, 2, 3, 0] } else { [9, 8, 7, 255] });
        assert_eq!(parts(&half_clear, 1, 2)[0], Some(Color::rgb(9, 8, 7)));
    }
}
