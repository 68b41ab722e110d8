//! Inverse transforms of n x n points from the n x n lowest frequencies of an 8 x 8 block.
//!
//! With `X[u]` the coefficients of the 8-point transform (ITU-T T.81, A.3.3), one dimension of n points is
//! `x[i] = X[0] + sqrt(2) * sum over 0 < u < n of X[u] * cos((2i + 1) u pi / 2n)`, and two dimensions are an eighth of that
//! applied twice: the orthonormal transform of n points scaled by n/8, so that flat areas keep their level. For n = 8 it is
//! the transform of the standard.
//!
//! Constants have 13 bits. Products are taken two at a time, even frequencies with even ones and odd with odd, as the
//! instruction that multiplies and adds pairs of 16-bit numbers does it; the order of a [`Block`] puts each pair side by
//! side. Output i and n - 1 - i share their products.

/// Fractional bits of the constants.
const BITS: u32 = 13;
/// Fractional bits kept between the two passes.
const BETWEEN: u32 = 2;
/// What the first pass, and the second, divides by, as a power of two.
const FIRST: u32 = BITS - BETWEEN;
const SECOND: u32 = BITS + BETWEEN + 3;

/// Dequantised coefficients of one block, in the order of [`place`].
pub(crate) type Block = [i16; 64];

/// Coefficients in a [`Block`] that is to give n x n samples.
pub(crate) const fn size(n: usize) -> usize {
    match n {
        1 => 1,
        2 => 4,
        3 | 4 => 16,
        _ => 64,
    }
}

/// Where the coefficient of a row and a column is, of those that are in a block of [`size`]`(n)`.
pub(crate) const fn place(n: usize, row: usize, column: usize) -> usize {
    /// Frequencies 0 and 2, 1 and 3, 4 and 6, 5 and 7 make pairs; and in this order the first pass puts them out.
    const PAIR: [usize; 8] = [0, 1, 0, 1, 2, 3, 2, 3];
    const MEMBER: [usize; 8] = [0, 0, 1, 1, 0, 0, 1, 1];
    match n {
        1 => 0,
        2 => row * 2 + column,
        // Two pairs of columns, each four rows long, or four of eight.
        _ => {
            let rows = if n <= 4 { 4 } else { 8 };
            PAIR[column] * rows * 2 + (PAIR[row] * 2 + MEMBER[row]) * 2 + MEMBER[column]
        }
    }
}

/// For each n from 3, for each output of the first half, the factors of all frequencies.
const MATRIX: [[[i16; 8]; 4]; 9] = [
    [[0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]],
    [[0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]],
    [[0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]],
    [
        [8192, 10033, 5793, 0, 0, 0, 0, 0],
        [8192, 0, -11585, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ],
    [
        [8192, 10703, 8192, 4433, 0, 0, 0, 0],
        [8192, 4433, -8192, -10703, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ],
    [
        [8192, 11018, 9373, 6810, 3580, 0, 0, 0],
        [8192, 6810, -3580, -11018, -9373, 0, 0, 0],
        [8192, 0, -11585, 0, 11585, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ],
    [
        [8192, 11190, 10033, 8192, 5793, 2998, 0, 0],
        [8192, 8192, 0, -8192, -11585, -8192, 0, 0],
        [8192, 2998, -10033, -8192, 5793, 11190, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ],
    [
        [8192, 11295, 10438, 9058, 7223, 5027, 2578, 0],
        [8192, 9058, 2578, -5027, -10438, -11295, -7223, 0],
        [8192, 5027, -7223, -11295, -2578, 9058, 10438, 0],
        [8192, 0, -11585, 0, 11585, 0, -11585, 0],
    ],
    [
        [8192, 11363, 10703, 9633, 8192, 6436, 4433, 2260],
        [8192, 9633, 4433, -2260, -8192, -11363, -10703, -6436],
        [8192, 6436, -4433, -11363, -8192, 2260, 10703, 9633],
        [8192, 2260, -10703, -6436, 8192, 9633, -4433, -11363],
    ],
];

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

/// Blocks that need no matrix: one sample, two by two, or all the same. Says whether this was one.
#[inline(always)]
fn simple<const N: usize>(block: &Block, last: usize, out: &mut [u8], stride: usize) -> bool {
    if last == 0 || N == 1 {
        let sample = to_sample((i32::from(block[0]) + 4) >> 3);
        for y in 0..N {
            write(out, y * stride, &[sample; N]);
        }
        return true;
    }
    if N == 2 {
        let [a, b, c, d]: [i32; 4] = [block[0].into(), block[1].into(), block[2].into(), block[3].into()];
        let (top, tilt, bottom, shear) = (a + c, b + d, a - c, b - d);
        let sample = |v: i32| to_sample((v + 4) >> 3);
        write(out, 0, &[sample(top + tilt), sample(top - tilt)]);
        write(out, stride, &[sample(bottom + shear), sample(bottom - shear)]);
        return true;
    }
    false
}

/// The first index, in zigzag order, of a coefficient outside of the 4 x 4 lowest frequencies.
const OUTSIDE_FOUR: usize = 10;

/// For any processor.
pub(crate) mod plain {
    use super::*;

    /// Writes the `N` x `N` samples of a block at the start of `out`, whose rows are `stride` apart. `last` is an upper
    /// bound of the index, in zigzag order, of the last coefficient that is not zero.
    #[inline]
    pub(crate) fn inverse<const N: usize>(block: &Block, last: usize, out: &mut [u8], stride: usize) {
        if simple::<N>(block, last, out, stride) {
            return;
        }
        match (N <= 4, last < OUTSIDE_FOUR) {
            (true, _) => passes::<N, 4, 2>(block, out, stride),
            (false, true) => passes::<N, 8, 2>(block, out, stride),
            (false, false) => passes::<N, 8, 4>(block, out, stride),
        }
    }

    /// `W` rows and columns in the block, of which `LIVE` pairs are not zero.
    #[inline(always)]
    fn passes<const N: usize, const W: usize, const LIVE: usize>(block: &Block, out: &mut [u8], stride: usize) {
        // Pairs of rows, each with the outputs of the first pass.
        let mut between = [[[0_i16; 2]; 8]; 4];
        let first = |pair: usize, lane: usize| {
            let at = (pair * W + lane) * 2;
            [block[at & 63], block[(at + 1) & 63]]
        };
        for lane in 0..LIVE * 2 {
            let mut pairs = [[0; 2]; 4];
            for (i, pair) in pairs.iter_mut().take(LIVE).enumerate() {
                *pair = first(i, lane);
            }
            for (x, value) in one::<N>(&pairs, FIRST).into_iter().enumerate() {
                between[lane / 2][x][lane & 1] = value as i16;
            }
        }
        let mut samples = [[0; N]; 8];
        for x in 0..N {
            let column = [between[0][x], between[1][x], between[2][x], between[3][x]];
            for (y, value) in one::<N>(&column, SECOND).into_iter().enumerate() {
                samples[y][x] = to_sample(value);
            }
        }
        for (y, row) in samples.iter().take(N).enumerate() {
            write(out, y * stride, row);
        }
    }

    /// One dimension of `N` points.
    #[inline(always)]
    fn one<const N: usize>(pairs: &[[i16; 2]; 4], shift: u32) -> [i32; 8] {
        let mut out = [0; 8];
        let product = |pair: usize, a: i16, b: i16| {
            let [c, d] = pairs[pair];
            (i32::from(a) * i32::from(c)).wrapping_add(i32::from(b) * i32::from(d))
        };
        for (i, m) in MATRIX[N].iter().take(N.div_ceil(2)).enumerate() {
            let even = product(0, m[0], m[2]).wrapping_add(product(2, m[4], m[6])).wrapping_add(1 << (shift - 1));
            let odd = product(1, m[1], m[3]).wrapping_add(product(3, m[5], m[7]));
            out[i] = even.wrapping_add(odd) >> shift;
            out[N - 1 - i] = even.wrapping_sub(odd) >> shift;
        }
        out
    }
}

/// For processors with AVX2. The same results as [`plain`], as long as no number leaves 16 bits between the passes, which
/// none does that comes from a picture.
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2 {
    use std::arch::x86_64::*;

    use super::*;

    /// As [`plain::inverse`].
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    pub(crate) fn inverse<const N: usize>(block: &Block, last: usize, out: &mut [u8], stride: usize) {
        if simple::<N>(block, last, out, stride) {
            return;
        }
        match (N <= 4, last < OUTSIDE_FOUR) {
            (true, _) => four::<N>(block, out, stride),
            (false, true) => eight::<N, 2>(block, out, stride),
            (false, false) => eight::<N, 4>(block, out, stride),
        }
    }

    /// Two factors, for [`_mm256_madd_epi16`].
    const fn both(a: i16, b: i16) -> i32 {
        (a as u16 as u32 | (b as u16 as u32) << 16) as i32
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(block: &Block, pair: usize) -> __m256i {
        // SAFETY: reads 32 bytes at `pair` * 32 of 128; `pair` is masked to 0..4.
        unsafe { _mm256_loadu_si256(block.as_ptr().add((pair & 3) * 16).cast()) }
    }

    /// One dimension of `N` points in eight lanes at once, of which `LIVE` pairs of frequencies are not zero.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn one<const N: usize, const LIVE: usize, const SHIFT: i32>(pairs: &[__m256i; 4]) -> [__m256i; 8] {
        let mut out = [_mm256_setzero_si256(); 8];
        let half = _mm256_set1_epi32(1 << (SHIFT - 1));
        for i in 0..N.div_ceil(2) {
            let m = &MATRIX[N][i];
            let mut even = _mm256_add_epi32(_mm256_madd_epi16(pairs[0], _mm256_set1_epi32(both(m[0], m[2]))), half);
            let mut odd = _mm256_madd_epi16(pairs[1], _mm256_set1_epi32(both(m[1], m[3])));
            if LIVE > 2 {
                even = _mm256_add_epi32(even, _mm256_madd_epi16(pairs[2], _mm256_set1_epi32(both(m[4], m[6]))));
                odd = _mm256_add_epi32(odd, _mm256_madd_epi16(pairs[3], _mm256_set1_epi32(both(m[5], m[7]))));
            }
            out[i] = _mm256_srai_epi32::<SHIFT>(_mm256_add_epi32(even, odd));
            out[N - 1 - i] = _mm256_srai_epi32::<SHIFT>(_mm256_sub_epi32(even, odd));
        }
        out
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn eight<const N: usize, const LIVE: usize>(block: &Block, out: &mut [u8], stride: usize) {
        let columns = [load(block, 0), load(block, 1), load(block, 2), load(block, 3)];
        let t = one::<N, LIVE, { FIRST as i32 }>(&columns);
        // Lanes are rows, in pairs; each half of a vector holds two of the four pairs of two outputs.
        let packed = [
            _mm256_castsi256_ps(_mm256_packs_epi32(t[0], t[1])),
            _mm256_castsi256_ps(_mm256_packs_epi32(t[2], t[3])),
            _mm256_castsi256_ps(_mm256_packs_epi32(t[4], t[5])),
            _mm256_castsi256_ps(_mm256_packs_epi32(t[6], t[7])),
        ];
        let even_left = _mm256_castps_si256(_mm256_shuffle_ps::<0x88>(packed[0], packed[1]));
        let even_right = _mm256_castps_si256(_mm256_shuffle_ps::<0x88>(packed[2], packed[3]));
        let odd_left = _mm256_castps_si256(_mm256_shuffle_ps::<0xDD>(packed[0], packed[1]));
        let odd_right = _mm256_castps_si256(_mm256_shuffle_ps::<0xDD>(packed[2], packed[3]));
        let rows = [
            _mm256_permute2x128_si256::<0x20>(even_left, even_right),
            _mm256_permute2x128_si256::<0x20>(odd_left, odd_right),
            _mm256_permute2x128_si256::<0x31>(even_left, even_right),
            _mm256_permute2x128_si256::<0x31>(odd_left, odd_right),
        ];
        let t = one::<N, LIVE, { SECOND as i32 }>(&rows);
        let level = _mm256_set1_epi16(128);
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        for quarter in 0..N.div_ceil(4) {
            let [a, b, c, d] = [t[quarter * 4], t[quarter * 4 + 1], t[quarter * 4 + 2], t[quarter * 4 + 3]];
            let upper = _mm256_adds_epi16(_mm256_packs_epi32(a, b), level);
            let lower = _mm256_adds_epi16(_mm256_packs_epi32(c, d), level);
            let samples = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(upper, lower), order);
            let rows = [
                _mm256_extract_epi64::<0>(samples),
                _mm256_extract_epi64::<1>(samples),
                _mm256_extract_epi64::<2>(samples),
                _mm256_extract_epi64::<3>(samples),
            ];
            for (y, row) in rows.into_iter().enumerate() {
                let y = quarter * 4 + y;
                if let (true, Some(row)) = (y < N, row.to_le_bytes().first_chunk::<N>()) {
                    write(out, y * stride, row);
                }
            }
        }
    }

    /// Three or four points: half as wide, half as many pairs.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn four<const N: usize>(block: &Block, out: &mut [u8], stride: usize) {
        let both_pairs = load(block, 0);
        let t = one_of_four::<N, { FIRST as i32 }>(
            _mm256_castsi256_si128(both_pairs),
            _mm256_extracti128_si256::<1>(both_pairs),
        );
        let upper = _mm_castsi128_ps(_mm_packs_epi32(t[0], t[1]));
        let lower = _mm_castsi128_ps(_mm_packs_epi32(t[2], t[3]));
        let even = _mm_castps_si128(_mm_shuffle_ps::<0x88>(upper, lower));
        let odd = _mm_castps_si128(_mm_shuffle_ps::<0xDD>(upper, lower));
        let t = one_of_four::<N, { SECOND as i32 }>(even, odd);
        let level = _mm_set1_epi16(128);
        let upper = _mm_adds_epi16(_mm_packs_epi32(t[0], t[1]), level);
        let lower = _mm_adds_epi16(_mm_packs_epi32(t[2], t[3]), level);
        let samples = _mm_packus_epi16(upper, lower);
        let rows = [
            _mm_extract_epi32::<0>(samples),
            _mm_extract_epi32::<1>(samples),
            _mm_extract_epi32::<2>(samples),
            _mm_extract_epi32::<3>(samples),
        ];
        for (y, row) in rows.into_iter().enumerate() {
            if let (true, Some(row)) = (y < N, row.to_le_bytes().first_chunk::<N>()) {
                write(out, y * stride, row);
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn one_of_four<const N: usize, const SHIFT: i32>(pair0: __m128i, pair1: __m128i) -> [__m128i; 4] {
        let mut out = [_mm_setzero_si128(); 4];
        let half = _mm_set1_epi32(1 << (SHIFT - 1));
        for i in 0..N.div_ceil(2) {
            let m = &MATRIX[N][i];
            let even = _mm_add_epi32(_mm_madd_epi16(pair0, _mm_set1_epi32(both(m[0], m[2]))), half);
            let odd = _mm_madd_epi16(pair1, _mm_set1_epi32(both(m[1], m[3])));
            out[i] = _mm_srai_epi32::<SHIFT>(_mm_add_epi32(even, odd));
            out[N - 1 - i] = _mm_srai_epi32::<SHIFT>(_mm_sub_epi32(even, odd));
        }
        out
    }
}

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
                    sum += f64::from(block[place(n, u, v)]) * factor(y, u) * factor(x, v);
                }
            }
            (sum / 8.0 + 128.0).clamp(0.0, 255.0)
        };
        (0..n * n).map(sample).collect()
    }

    macro_rules! for_size {
        ($module:ident, $n:expr, $block:expr, $last:expr, $out:expr) => {
            match $n {
                1 => $module::inverse::<1>($block, $last, $out, 8),
                2 => $module::inverse::<2>($block, $last, $out, 8),
                3 => $module::inverse::<3>($block, $last, $out, 8),
                4 => $module::inverse::<4>($block, $last, $out, 8),
                5 => $module::inverse::<5>($block, $last, $out, 8),
                6 => $module::inverse::<6>($block, $last, $out, 8),
                7 => $module::inverse::<7>($block, $last, $out, 8),
                _ => $module::inverse::<8>($block, $last, $out, 8),
            }
        };
    }

    /// The samples, which must be the same by all ways.
    fn run(n: usize, block: &Block, last: usize) -> Vec<u8> {
        let mut out = vec![0; 8 * 8];
        for_size!(plain, n, block, last, &mut out);
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2") {
            let mut vectors = vec![0; 8 * 8];
            // SAFETY: the processor has what the functions were compiled for.
            unsafe { for_size!(avx2, n, block, last, &mut vectors) };
            let impossible = block.iter().any(|v| v.unsigned_abs() > 4096);
            assert!(impossible || vectors == out, "n {n}: {vectors:?} for {out:?} in {block:?}");
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
            for (strength, corner) in [(0, 8), (40, 2), (40, 4), (90, 8), (300, 8)] {
                for _ in 0..50 {
                    let mut block = [0; 64];
                    block[0] = random(1000) as i16;
                    for u in 0..corner.min(n) {
                        for v in 0..corner.min(n) {
                            if (u, v) != (0, 0) {
                                block[place(n, u, v)] = (random(strength.max(1)) * strength.min(1)) as i16;
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
        let values = [-300, 77, -90, 35, 60, -11, 25, -45, 17, 31];
        for (value, (row, column)) in
            values.into_iter().zip([(0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0)])
        {
            block[place(8, row, column)] = value;
        }
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
