//! From pixels to indices: the nearest colour of each, with the error handed on to its neighbours (Floyd and Steinberg,
//! "An adaptive algorithm for spatial grey scale", 1976), in rows that turn back at their ends.

use super::quantise::{Point, REACH, point};

/// How much of an error is handed on. All of it makes grain that is seen, and does not compress.
const DIFFUSED: f32 = 0.8;

/// Finds the nearest of some colours exactly: space is divided into cells, and for each cell that is asked about, the
/// colours are kept that may be the nearest of a point in it.
pub(super) struct Nearest {
    places: Vec<Point>,
    /// Where the list of a cell begins, plus one; 0 where there is none yet.
    cells: Vec<u32>,
    /// Lists, each after its length.
    lists: Vec<u16>,
    /// The step between cells, and half the diagonal of one.
    steps: Point,
    half: f32,
}

/// Bits of the number of cells along each axis.
const BITS: [u32; 4] = [5, 5, 5, 4];

impl Nearest {
    pub(super) fn new(colors: &[[u8; 4]]) -> Nearest {
        let steps: Point = std::array::from_fn(|i| if i < 3 { 2.0 } else { 1.0 } * REACH[i] / (1 << BITS[i]) as f32);
        let half = steps.iter().map(|s| s * s).sum::<f32>().sqrt() / 2.0;
        let cells = vec![0; 1 << BITS.iter().sum::<u32>()];
        Nearest { places: colors.iter().map(|c| point(*c)).collect(), cells, lists: Vec::new(), steps, half }
    }

    /// The index of the nearest colour, and its place.
    pub(super) fn of(&mut self, at: Point) -> (u8, Point) {
        let cell: [usize; 4] = std::array::from_fn(|i| {
            let from = if i < 3 { REACH[i] } else { 0.0 };
            (((at[i] + from) / self.steps[i]) as usize).min((1 << BITS[i]) - 1)
        });
        let number = cell.iter().zip(BITS).fold(0, |number, (n, bits)| number << bits | n);
        let start = match self.cells[number] {
            0 => self.list(number, cell),
            known => known as usize - 1,
        };
        let length = usize::from(self.lists[start]);
        let mut best = (f32::INFINITY, 0);
        for index in &self.lists[start + 1..start + 1 + length] {
            let distance = square(self.places[usize::from(*index)], at);
            if distance < best.0 {
                best = (distance, *index);
            }
        }
        (best.1 as u8, self.places[usize::from(best.1)])
    }

    /// Makes the list of a cell.
    fn list(&mut self, number: usize, cell: [usize; 4]) -> usize {
        let middle: Point = std::array::from_fn(|i| {
            let from = if i < 3 { REACH[i] } else { 0.0 };
            (cell[i] as f32 + 0.5) * self.steps[i] - from
        });
        let least = self.places.iter().map(|place| square(*place, middle)).fold(f32::INFINITY, f32::min);
        // Whatever is nearest to a point in the cell is at most this far from its middle.
        let most = (least.sqrt() + 2.0 * self.half).powi(2) + 1.0;
        let start = self.lists.len();
        self.lists.push(0);
        let near = self.places.iter().enumerate().filter(|(_, place)| square(**place, middle) <= most);
        self.lists.extend(near.map(|(index, _)| index as u16));
        self.lists[start] = (self.lists.len() - start - 1) as u16;
        self.cells[number] = start as u32 + 1;
        start
    }
}

fn square(a: Point, b: Point) -> f32 {
    let d: Point = std::array::from_fn(|i| a[i] - b[i]);
    d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + d[3] * d[3]
}

/// An index for each RGBA pixel. What is fully transparent neither takes an error nor gives one.
pub(super) fn remap(rgba: &[u8], width: usize, colors: &[[u8; 4]]) -> Vec<u8> {
    let mut nearest = Nearest::new(colors);
    let mut indices = vec![0; rgba.len() / 4];
    let mut errors = vec![[0.0; 4]; width + 2];
    let mut below = errors.clone();
    let rows = rgba.chunks_exact(width * 4).zip(indices.chunks_exact_mut(width));
    for (y, (row, out)) in rows.enumerate() {
        let back = y % 2 == 1;
        for step in 0..width {
            let x = if back { width - 1 - step } else { step };
            // The errors of column x are at x + 1.
            let (ahead, behind) = if back { (x, x + 2) } else { (x + 2, x) };
            let pixel = [row[x * 4], row[x * 4 + 1], row[x * 4 + 2], row[x * 4 + 3]];
            let wanted = point(pixel);
            if pixel[3] == 0 {
                out[x] = nearest.of(wanted).0;
                continue;
            }
            let error = errors[x + 1];
            let at: Point = std::array::from_fn(|i| wanted[i] + error[i]);
            let (index, place) = nearest.of(at);
            out[x] = index;
            let left: Point = std::array::from_fn(|i| (at[i] - place[i]) * (DIFFUSED / 16.0));
            let hand = |to: &mut Point, share: f32| to.iter_mut().zip(left).for_each(|(e, v)| *e += v * share);
            hand(&mut errors[ahead], 7.0);
            hand(&mut below[behind], 3.0);
            hand(&mut below[x + 1], 5.0);
            hand(&mut below[ahead], 1.0);
        }
        std::mem::swap(&mut errors, &mut below);
        below.fill([0.0; 4]);
    }
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lists of cells leave out no colour that is the nearest.
    #[test]
    fn cells_keep_what_may_be_nearest() {
        let mut lot = 3u32;
        let mut next = || {
            lot = lot.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (lot >> 24) as u8
        };
        let colors: Vec<[u8; 4]> = (0..256).map(|_| [next(), next(), next(), next()]).collect();
        let mut nearest = Nearest::new(&colors);
        for _ in 0..5000 {
            let at = point([next(), next(), next(), next()]);
            let want = colors.iter().map(|c| square(point(*c), at)).fold(f32::INFINITY, f32::min);
            let (_, place) = nearest.of(at);
            assert!((square(place, at) - want).abs() <= 1e-3 * want.max(1.0));
        }
    }

    #[test]
    fn errors_are_handed_on() {
        // Grey of 100 between black and white: about 100 in 255 come out white, and nowhere many of them side by side.
        let gray = [100, 100, 100, 255].repeat(64 * 64);
        let indices = remap(&gray, 64, &[[0, 0, 0, 255], [255, 255, 255, 255]]);
        let white = indices.iter().filter(|i| **i == 1).count() as f64 / 4096.0;
        assert!((white - 100.0 / 255.0).abs() < 0.1, "{white}");
        assert!(indices.windows(4).all(|w| w != [1; 4]));
        // A clear pixel takes none of it.
        let mut holes = gray.clone();
        holes[..64 * 4 * 8].fill(0);
        let indices = remap(&holes, 64, &[[0; 4], [0, 0, 0, 255], [255, 255, 255, 255]]);
        assert!(indices[..64 * 8].iter().all(|i| *i == 0));
        assert_eq!(super::super::quantise::color([0.0; 4]), [0; 4]);
    }
}
