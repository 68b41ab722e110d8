//! The choice of a few colours for many: a histogram, cut in two where that leaves the least error, then moved to the
//! means of what falls to them.
//!
//! The cut is Wu's ("Efficient statistical computations for optimal color quantization", Graphics Gems II, 1991) on
//! entries that are sorted rather than on a cube of moments; the moves are those of Lloyd's k-means.

/// A colour as a place in a space where the square of a distance is the mean of two: how far the colours are apart on
/// black, and on white.
///
/// Where p is a channel multiplied by alpha a, two colours differ by dp on black and by dp - da on white, and
/// (dp² + (dp - da)²) / 2 = (dp - da/2)² + da²/4.
pub(super) type Point = [f32; 4];

/// How much an error in red, green and blue counts.
const WEIGHTS: [f32; 3] = [0.7, 1.0, 0.6];
/// What the three weights give alpha.
const ALPHA_WEIGHT: f32 = 0.6801; // sqrt(0.49 + 1 + 0.36) / 2
/// Rounds of moving the colours, at most; the first few do most of it.
const ROUNDS: usize = 4;

/// The place of a colour. Whatever is fully transparent is at the origin.
pub(super) fn point(rgba: [u8; 4]) -> Point {
    let alpha = f32::from(rgba[3]);
    let share = alpha / 255.0;
    let at = |c: usize| WEIGHTS[c] * (f32::from(rgba[c]) * share - alpha / 2.0);
    [at(0), at(1), at(2), ALPHA_WEIGHT * alpha]
}

/// The colour nearest to a place.
pub(super) fn color(point: Point) -> [u8; 4] {
    let alpha = (point[3] / ALPHA_WEIGHT).round().clamp(0.0, 255.0);
    if alpha == 0.0 {
        return [0; 4];
    }
    let at = |c: usize| ((point[c] / WEIGHTS[c] + alpha / 2.0) * 255.0 / alpha).round().clamp(0.0, 255.0) as u8;
    [at(0), at(1), at(2), alpha as u8]
}

/// The greatest values of a place, from the least of which, their negatives, colours go; alpha goes from 0.
pub(super) const REACH: Point = [127.5 * WEIGHTS[0], 127.5 * WEIGHTS[1], 127.5 * WEIGHTS[2], 255.0 * ALPHA_WEIGHT];

/// Pixels of nearly one colour.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Their mean.
    at: Point,
    /// Their number.
    weight: f32,
}

/// At most `most` colours (2 to 256) for RGBA pixels, no two alike.
pub(super) fn quantise(rgba: &[u8], most: usize) -> Vec<[u8; 4]> {
    let mut entries = histogram(rgba);
    let mut places = cut(&mut entries, most);
    let mut before = f32::INFINITY;
    for _ in 0..ROUNDS {
        let error = moved(&entries, &mut places);
        if error > before * 0.99 {
            break;
        }
        before = error;
    }
    let mut colors: Vec<[u8; 4]> = places.into_iter().map(color).collect();
    // Those that are not opaque first: the table of alpha ends with the last of them.
    colors.sort_by_key(|c| (c[3], c[0], c[1], c[2]));
    colors.dedup();
    colors
}

/// Bits of red, green, blue, each multiplied by alpha, and of alpha that tell entries apart.
const BITS: [u32; 4] = [5, 6, 5, 3];

fn histogram(rgba: &[u8]) -> Vec<Entry> {
    let mut places = vec![0u32; 1 << BITS.iter().sum::<u32>()];
    let mut entries: Vec<Entry> = Vec::new();
    for pixel in rgba.chunks_exact(4) {
        let alpha = u32::from(pixel[3]);
        let key = [0, 1, 2].into_iter().fold(alpha >> (8 - BITS[3]), |key, c| {
            key << BITS[c] | (u32::from(pixel[c]) * alpha / 255) >> (8 - BITS[c])
        });
        let at = point([pixel[0], pixel[1], pixel[2], pixel[3]]);
        let place = &mut places[key as usize];
        if *place == 0 {
            entries.push(Entry { at: [0.0; 4], weight: 0.0 });
            *place = entries.len() as u32;
        }
        let entry = &mut entries[*place as usize - 1];
        entry.at.iter_mut().zip(at).for_each(|(sum, v)| *sum += v);
        entry.weight += 1.0;
    }
    for entry in &mut entries {
        entry.at.iter_mut().for_each(|v| *v /= entry.weight);
    }
    entries
}

/// Some of the entries, which lie side by side.
struct Part {
    from: usize,
    to: usize,
    mean: Point,
    /// The sum of squares of the distances from the mean.
    error: f32,
    /// The axis along which they are spread most.
    axis: usize,
}

impl Part {
    fn of(entries: &[Entry], from: usize, to: usize) -> Part {
        let (mut weight, mut sums, mut squares) = (0.0f64, [0.0f64; 4], [0.0f64; 4]);
        for entry in &entries[from..to] {
            let w = f64::from(entry.weight);
            weight += w;
            for (axis, v) in entry.at.iter().enumerate() {
                sums[axis] += w * f64::from(*v);
                squares[axis] += w * f64::from(*v) * f64::from(*v);
            }
        }
        let spread: [f64; 4] = std::array::from_fn(|i| (squares[i] - sums[i] * sums[i] / weight).max(0.0));
        let axis = (0..4).max_by(|a, b| spread[*a].total_cmp(&spread[*b])).unwrap_or(0);
        let error = if to - from > 1 { spread.iter().sum::<f64>() as f32 } else { 0.0 };
        Part { from, to, mean: sums.map(|sum| (sum / weight) as f32), error, axis }
    }

    /// Where, of all places along the axis, a cut leaves the least error: the means of the two sides are farthest from the
    /// mean of the whole.
    fn split(&self, entries: &mut [Entry]) -> usize {
        let part = &mut entries[self.from..self.to];
        part.sort_unstable_by(|a, b| a.at[self.axis].total_cmp(&b.at[self.axis]));
        let total = part.iter().fold((0.0f64, [0.0f64; 4]), add);
        let (mut left, mut best) = ((0.0, [0.0; 4]), (0.0, part.len() / 2));
        for (number, entry) in part.iter().enumerate().take(part.len() - 1) {
            left = add(left, entry);
            let right: [f64; 4] = std::array::from_fn(|i| total.1[i] - left.1[i]);
            let length = |v: [f64; 4]| v.iter().map(|v| v * v).sum::<f64>();
            let gain = length(left.1) / left.0 + length(right) / (total.0 - left.0);
            if gain > best.0 {
                best = (gain, number + 1);
            }
        }
        self.from + best.1
    }
}

fn add((weight, sums): (f64, [f64; 4]), entry: &Entry) -> (f64, [f64; 4]) {
    let w = f64::from(entry.weight);
    (weight + w, std::array::from_fn(|i| sums[i] + w * f64::from(entry.at[i])))
}

/// Cuts the entries into so many parts; their means.
fn cut(entries: &mut [Entry], most: usize) -> Vec<Point> {
    if entries.is_empty() {
        return vec![[0.0; 4]];
    }
    let mut parts = vec![Part::of(entries, 0, entries.len())];
    while parts.len() < most {
        let widest = parts.iter().enumerate().max_by(|(_, a), (_, b)| a.error.total_cmp(&b.error));
        let Some((number, part)) = widest.filter(|(_, part)| part.error > 0.0) else { break };
        let (from, to, middle) = (part.from, part.to, part.split(entries));
        parts[number] = Part::of(entries, from, middle);
        parts.push(Part::of(entries, middle, to));
    }
    parts.into_iter().map(|part| part.mean).collect()
}

/// Moves each place to the mean of the entries that are nearest to it; the error they had before.
fn moved(entries: &[Entry], places: &mut [Point]) -> f32 {
    let table = Table::new(places);
    let mut sums = vec![(0.0f64, [0.0f64; 4]); places.len()];
    let mut error = 0.0;
    for entry in entries {
        let (nearest, distance) = table.nearest(entry.at);
        sums[nearest] = add(sums[nearest], entry);
        error += f64::from(distance) * f64::from(entry.weight);
    }
    for (place, (weight, sum)) in places.iter_mut().zip(sums) {
        if weight > 0.0 {
            *place = sum.map(|v| (v / weight) as f32);
        }
    }
    error as f32
}

/// Places of one round side by side, in lots that the processor compares at once.
struct Table {
    lots: Vec<[[f32; LOT]; 4]>,
}

const LOT: usize = 8;

impl Table {
    fn new(places: &[Point]) -> Table {
        let far = 1e9;
        let lots = places.chunks(LOT);
        let lot = |lot: &[Point]| std::array::from_fn(|i| std::array::from_fn(|n| lot.get(n).map_or(far, |p| p[i])));
        Table { lots: lots.map(lot).collect() }
    }

    /// The number of the nearest place, and the square of its distance.
    fn nearest(&self, at: Point) -> (usize, f32) {
        let (mut least, mut whose) = ([f32::INFINITY; LOT], [0u32; LOT]);
        for (number, lot) in self.lots.iter().enumerate() {
            for n in 0..LOT {
                let d: [f32; 4] = std::array::from_fn(|i| lot[i][n] - at[i]);
                let distance = d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + d[3] * d[3];
                let nearer = distance < least[n];
                least[n] = if nearer { distance } else { least[n] };
                whose[n] = if nearer { number as u32 } else { whose[n] };
            }
        }
        let best = (1..LOT).fold(0, |best, n| if least[n] < least[best] { n } else { best });
        (whose[best] as usize * LOT + best, least[best])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_back() {
        for alpha in [0u8, 1, 2, 77, 128, 254, 255] {
            for value in (0..=255u8).step_by(5) {
                let rgba = [value, 255 - value, value / 2, alpha];
                let back = color(point(rgba));
                let want = if alpha == 0 { [0; 4] } else { rgba };
                assert_eq!(back[3], want[3]);
                // Few levels are left of a colour that is hardly there.
                if alpha > 70 {
                    assert_eq!(back, want);
                }
            }
        }
    }

    /// The identity that the space is built on, for equal weights of the three.
    #[test]
    fn distance_is_the_mean_of_black_and_white() {
        let on = |rgba: [u8; 4], ground: f32, c: usize| {
            let share = f32::from(rgba[3]) / 255.0;
            f32::from(rgba[c]) * share + ground * (1.0 - share)
        };
        for (a, b) in [
            ([255, 0, 0, 255], [0, 255, 0, 255]),
            ([10, 20, 30, 128], [200, 100, 50, 60]),
            ([255, 255, 255, 0], [255, 255, 255, 255]),
            ([0, 0, 0, 0], [0, 0, 0, 255]),
        ] {
            let got: f32 = point(a).iter().zip(point(b)).map(|(p, q)| (p - q) * (p - q)).sum();
            let far =
                |ground| (0..3).map(|c| (WEIGHTS[c] * (on(a, ground, c) - on(b, ground, c))).powi(2)).sum::<f32>();
            let want = (far(0.0) + far(255.0)) / 2.0;
            assert!((got - want).abs() <= want * 1e-3, "{a:?} {b:?}: {got} {want}");
        }
    }

    #[test]
    fn the_nearest_is_the_nearest() {
        let mut lot = 7u32;
        let mut next = || {
            lot = lot.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (lot >> 24) as u8
        };
        let places: Vec<Point> = (0..101).map(|_| point([next(), next(), next(), next()])).collect();
        let table = Table::new(&places);
        for _ in 0..500 {
            let at = point([next(), next(), next(), next()]);
            let far = |p: &Point| p.iter().zip(at).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
            let want = places.iter().map(far).fold(f32::INFINITY, f32::min);
            let (number, distance) = table.nearest(at);
            assert!((far(&places[number]) - want).abs() < 1e-3 && (distance - want).abs() < 1e-2);
        }
    }
}
