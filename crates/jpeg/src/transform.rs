//! Inverse transforms of n x n points from the n x n lowest frequencies of an 8 x 8 block.
//!
//! With `X[u]` the coefficients of the 8-point transform (ITU-T T.81, A.3.3), one dimension of n points is
//! `x[i] = X[0] + sqrt(2) * sum over 0 < u < n of X[u] * cos((2i + 1) u pi / 2n)`, and two dimensions are an eighth of that
//! applied twice: the orthonormal transform of n points scaled by n/8, so that flat areas keep their level. For n = 8 it is
//! the transform of the standard, in the arithmetic of Loeffler, Ligtenberg and Moschytz with 13-bit constants that
//! libjpeg's "islow" made the common reference.

/// Fractional bits of the constants.
const BITS: u32 = 13;
/// Fractional bits kept between the two passes.
const BETWEEN: u32 = 2;

/// Dequantised coefficients of one block: row * [`width`] + column.
pub(crate) type Block = [i16; 64];

/// Places in a row of a [`Block`] that holds n x n frequencies.
pub(crate) const fn width(n: usize) -> usize {
    match n {
        1 | 2 => n,
        3 | 4 => 4,
        _ => 8,
    }
}

/// Several numbers that go through the same steps, so that the compiler can use vector instructions.
#[derive(Clone, Copy)]
struct V<const W: usize>([i32; W]);

impl<const W: usize> V<W> {
    const ZERO: V<W> = V([0; W]);

    #[inline(always)]
    fn load(from: &[i16]) -> V<W> {
        let mut out = [0; W];
        for (out, from) in out.iter_mut().zip(from) {
            *out = i32::from(*from);
        }
        V(out)
    }

    #[inline(always)]
    fn map(mut self, f: impl Fn(i32) -> i32) -> V<W> {
        for value in &mut self.0 {
            *value = f(*value);
        }
        self
    }

    #[inline(always)]
    fn with(mut self, other: V<W>, f: impl Fn(i32, i32) -> i32) -> V<W> {
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a = f(*a, b);
        }
        self
    }

    #[inline(always)]
    fn plus(self, other: V<W>) -> V<W> {
        self.with(other, i32::wrapping_add)
    }

    #[inline(always)]
    fn minus(self, other: V<W>) -> V<W> {
        self.with(other, i32::wrapping_sub)
    }

    #[inline(always)]
    fn times(self, factor: i32) -> V<W> {
        self.map(|v| v.wrapping_mul(factor))
    }

    /// Divides by a power of two and rounds.
    #[inline(always)]
    fn descale(self, bits: u32) -> V<W> {
        self.map(|v| v.wrapping_add(1 << (bits - 1)) >> bits)
    }
}

/// One dimension of 8 points, scaled by 2 to the 13. Of the frequencies only the first `LIVE` are not zero.
#[inline(always)]
fn eight<const LIVE: usize, const W: usize>(x: &[V<W>; 8]) -> [V<W>; 8] {
    let at = |i: usize| if i < LIVE { x[i] } else { V::ZERO };
    let z1 = at(2).plus(at(6)).times(4433);
    let (even2, even3) = (z1.plus(at(6).times(-15137)), z1.plus(at(2).times(6270)));
    let even0 = at(0).plus(at(4)).times(1 << BITS);
    let even1 = at(0).minus(at(4)).times(1 << BITS);
    let (a0, a3, a1, a2) = (even0.plus(even3), even0.minus(even3), even1.plus(even2), even1.minus(even2));

    let (z3, z4) = (at(7).plus(at(3)), at(5).plus(at(1)));
    let z5 = z3.plus(z4).times(9633);
    let z1 = at(7).plus(at(1)).times(-7373);
    let z2 = at(5).plus(at(3)).times(-20995);
    let (z3, z4) = (z3.times(-16069).plus(z5), z4.times(-3196).plus(z5));
    let b3 = at(7).times(2446).plus(z1).plus(z3);
    let b2 = at(5).times(16819).plus(z2).plus(z4);
    let b1 = at(3).times(25172).plus(z2).plus(z3);
    let b0 = at(1).times(12299).plus(z1).plus(z4);
    [a0.plus(b0), a1.plus(b1), a2.plus(b2), a3.plus(b3), a3.minus(b3), a2.minus(b2), a1.minus(b1), a0.minus(b0)]
}

/// One dimension of `N` points by its matrix, scaled by 2 to the 13. The first and the last output share their products,
/// and so on inwards.
#[inline(always)]
fn points<const N: usize, const W: usize>(matrix: &[[i32; N]; N], x: &[V<W>; N]) -> [V<W>; N] {
    let mut out = [V::ZERO; N];
    for i in 0..N.div_ceil(2) {
        let (mut even, mut odd) = (x[0].times(1 << BITS), V::ZERO);
        for u in (2..N).step_by(2) {
            even = even.plus(x[u].times(matrix[i][u]));
        }
        for u in (1..N).step_by(2) {
            odd = odd.plus(x[u].times(matrix[i][u]));
        }
        out[i] = even.plus(odd);
        out[N - 1 - i] = even.minus(odd);
    }
    out
}

#[inline(always)]
fn descale<const N: usize, const W: usize>(rows: &mut [V<W>; N], bits: u32) {
    for row in rows {
        *row = row.descale(bits);
    }
}

#[inline(always)]
fn transpose<const N: usize, const M: usize, const W: usize, const X: usize>(rows: &[V<W>; N]) -> [V<X>; M] {
    let mut out = [V::ZERO; M];
    for (i, column) in out.iter_mut().enumerate() {
        for (j, value) in column.0.iter_mut().take(N).enumerate() {
            *value = rows[j].0[i];
        }
    }
    out
}

#[inline(always)]
fn to_sample(value: i32) -> u8 {
    value.wrapping_add(128).clamp(0, 255) as u8
}

#[inline(always)]
fn write<const N: usize>(out: &mut [u8], at: usize, row: &[u8; N]) {
    if let Some(place) = out.get_mut(at..).and_then(|out| out.first_chunk_mut()) {
        *place = *row;
    }
}

/// Writes `N` rows of `N` samples. `columns[x].0[y]` are samples less 128, scaled by 2 to the `bits`.
#[inline(always)]
fn store<const N: usize, const W: usize>(columns: &[V<W>; N], bits: u32, out: &mut [u8], stride: usize) {
    let mut samples = [[0; N]; N];
    for (x, column) in columns.iter().enumerate() {
        let column = column.descale(bits);
        #[allow(clippy::needless_range_loop)]
        for y in 0..N {
            samples[y][x] = to_sample(column.0[y]);
        }
    }
    for (y, samples) in samples.iter().enumerate() {
        write(out, y * stride, samples);
    }
}

/// Writes the `N` x `N` samples of a block at the start of `out`, whose rows are `stride` apart. `last` is an upper bound
/// of the index, in zigzag order, of the last coefficient that is not zero.
#[inline(always)]
pub(crate) fn inverse<const N: usize>(block: &Block, last: usize, out: &mut [u8], stride: usize) {
    if last == 0 || N == 1 {
        let sample = to_sample((i32::from(block[0]) + 4) >> 3);
        #[allow(clippy::needless_range_loop)]
        for y in 0..N {
            write(out, y * stride, &[sample; N]);
        }
        return;
    }
    match N {
        2 => {
            let [a, b, c, d]: [i32; 4] = [block[0].into(), block[1].into(), block[2].into(), block[3].into()];
            let (top, tilt, bottom, shear) = (a + c, b + d, a - c, b - d);
            let sample = |v: i32| to_sample((v + 4) >> 3);
            write(out, 0, &[sample(top + tilt), sample(top - tilt)]);
            write(out, stride, &[sample(bottom + shear), sample(bottom - shear)]);
        }
        3 => square::<3, 4>(&C3, block, out, stride),
        4 => square::<4, 4>(&C4, block, out, stride),
        5 => square::<5, 8>(&C5, block, out, stride),
        6 => square::<6, 8>(&C6, block, out, stride),
        7 => square::<7, 8>(&C7, block, out, stride),
        // The first coefficient outside of the 4 x 4 lowest frequencies has index 10.
        _ if last < 10 => {
            let mut rows = [V::<4>::ZERO; 8];
            for (u, row) in rows.iter_mut().take(4).enumerate() {
                *row = V::load(&block[u * 8..u * 8 + 4]);
            }
            let mut rows = eight::<4, 4>(&rows);
            descale(&mut rows, BITS - BETWEEN);
            let columns: [V<8>; 4] = transpose(&rows);
            let mut padded = [V::ZERO; 8];
            padded[..4].copy_from_slice(&columns);
            store::<8, 8>(&eight::<4, 8>(&padded), BITS + BETWEEN + 3, out, stride);
        }
        _ => {
            let mut rows = [V::<8>::ZERO; 8];
            for (u, row) in rows.iter_mut().enumerate() {
                *row = V::load(&block[u * 8..u * 8 + 8]);
            }
            let mut rows = eight::<8, 8>(&rows);
            descale(&mut rows, BITS - BETWEEN);
            let columns: [V<8>; 8] = transpose(&rows);
            store::<8, 8>(&eight::<8, 8>(&columns), BITS + BETWEEN + 3, out, stride);
        }
    }
}

#[inline(always)]
fn square<const N: usize, const W: usize>(matrix: &[[i32; N]; N], block: &Block, out: &mut [u8], stride: usize) {
    let mut rows = [V::<W>::ZERO; N];
    for (u, row) in rows.iter_mut().enumerate() {
        *row = V::load(&block[u * W..u * W + W]);
    }
    let mut rows = points::<N, W>(matrix, &rows);
    descale(&mut rows, BITS - BETWEEN);
    let columns: [V<W>; N] = transpose(&rows);
    store::<N, W>(&points::<N, W>(matrix, &columns), BITS + BETWEEN + 3, out, stride);
}

const C3: [[i32; 3]; 3] = [[8192, 10033, 5793], [8192, 0, -11585], [8192, -10033, 5793]];
const C4: [[i32; 4]; 4] =
    [[8192, 10703, 8192, 4433], [8192, 4433, -8192, -10703], [8192, -4433, -8192, 10703], [8192, -10703, 8192, -4433]];
const C5: [[i32; 5]; 5] = [
    [8192, 11018, 9373, 6810, 3580],
    [8192, 6810, -3580, -11018, -9373],
    [8192, 0, -11585, 0, 11585],
    [8192, -6810, -3580, 11018, -9373],
    [8192, -11018, 9373, -6810, 3580],
];
const C6: [[i32; 6]; 6] = [
    [8192, 11190, 10033, 8192, 5793, 2998],
    [8192, 8192, 0, -8192, -11585, -8192],
    [8192, 2998, -10033, -8192, 5793, 11190],
    [8192, -2998, -10033, 8192, 5793, -11190],
    [8192, -8192, 0, 8192, -11585, 8192],
    [8192, -11190, 10033, -8192, 5793, -2998],
];
const C7: [[i32; 7]; 7] = [
    [8192, 11295, 10438, 9058, 7223, 5027, 2578],
    [8192, 9058, 2578, -5027, -10438, -11295, -7223],
    [8192, 5027, -7223, -11295, -2578, 9058, 10438],
    [8192, 0, -11585, 0, 11585, 0, -11585],
    [8192, -5027, -7223, 11295, -2578, -9058, 10438],
    [8192, -9058, 2578, 5027, -10438, 11295, -7223],
    [8192, -11295, 10438, -9058, 7223, -5027, 2578],
];

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, SQRT_2};

    use super::*;

    /// The definition above, in floating point.
    fn reference(n: usize, block: &Block) -> Vec<f64> {
        let factor = |i: usize, u: usize| match u {
            0 => 1.0,
            _ => SQRT_2 * ((2 * i + 1) as f64 * u as f64 * PI / (2 * n) as f64).cos(),
        };
        let sample = |i: usize| {
            let (y, x) = (i / n, i % n);
            let mut sum = 0.0;
            for u in 0..n {
                for v in 0..n {
                    sum += f64::from(block[u * width(n) + v]) * factor(y, u) * factor(x, v);
                }
            }
            (sum / 8.0 + 128.0).clamp(0.0, 255.0)
        };
        (0..n * n).map(sample).collect()
    }

    fn run(n: usize, block: &Block, last: usize) -> Vec<u8> {
        let mut out = vec![0; 8 * 8];
        match n {
            1 => inverse::<1>(block, last, &mut out, 8),
            2 => inverse::<2>(block, last, &mut out, 8),
            3 => inverse::<3>(block, last, &mut out, 8),
            4 => inverse::<4>(block, last, &mut out, 8),
            5 => inverse::<5>(block, last, &mut out, 8),
            6 => inverse::<6>(block, last, &mut out, 8),
            7 => inverse::<7>(block, last, &mut out, 8),
            _ => inverse::<8>(block, last, &mut out, 8),
        }
        out.chunks(8).take(n).flat_map(|row| row[..n].to_vec()).collect()
    }

    #[test]
    fn every_size_agrees_with_the_definition() {
        let mut seed = 1_u32;
        let mut random = move |range: i32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as i32 % (2 * range + 1) - range
        };
        for n in 1..=8 {
            for (strength, corner) in [(0, 8), (40, 2), (40, 4), (90, 8), (400, 8), (1000, 8)] {
                for _ in 0..50 {
                    let mut block = [0; 64];
                    block[0] = random(1000) as i16;
                    for u in 0..corner.min(n) {
                        for v in 0..corner.min(n) {
                            if (u, v) != (0, 0) {
                                block[u * width(n) + v] = (random(strength.max(1)) * strength.min(1)) as i16;
                            }
                        }
                    }
                    let last = if strength == 0 { 0 } else { 63 };
                    let (got, want) = (run(n, &block, last), reference(n, &block));
                    for (got, want) in got.iter().zip(&want) {
                        assert!((f64::from(*got) - want).abs() < 0.75, "n {n}: {got} for {want} in {block:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn knowing_that_high_frequencies_are_zero_changes_nothing() {
        let mut block = [0; 64];
        (block[0], block[1], block[8], block[16], block[9], block[2]) = (-300, 77, -90, 35, 60, -11);
        (block[3], block[10], block[17], block[24]) = (25, -45, 17, 31);
        assert_eq!(run(8, &block, 9), run(8, &block, 63));
    }

    #[test]
    fn impossible_coefficients_do_no_harm() {
        for n in 1..=8 {
            for value in [i16::MIN, i16::MAX] {
                run(n, &[value; 64], 63);
            }
        }
    }
}
