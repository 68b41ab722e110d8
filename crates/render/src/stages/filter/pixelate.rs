use codec::{CodecError, Pixels};

use super::Around;

/// Squares of one colour, from the top left corner on; those at the other edges are cut.
pub(super) fn pixelate(pixels: &mut Pixels, side: u32, around: &Around<'_>) -> Result<(), CodecError> {
    let count = pixels.channels.count();
    let (stride, side) = (pixels.width as usize * count, side.max(1) as usize);
    let squares = (pixels.width as usize).div_ceil(side);
    let mut sums = vec![[0u64; 4]; squares];
    for band in pixels.data.chunks_mut(side.saturating_mul(stride)) {
        around.scope.cancel.check()?;
        sums.fill([0; 4]);
        for row in band.chunks_exact(stride) {
            for (sum, part) in sums.iter_mut().zip(row.chunks(side * count)) {
                for p in part.chunks_exact(count) {
                    let alpha = p.get(3).copied().map_or(1, u64::from);
                    for c in 0..3 {
                        sum[c] += u64::from(p[c]) * alpha;
                    }
                    sum[3] += alpha;
                }
            }
        }
        let rows = band.len() / stride;
        for (index, sum) in sums.iter_mut().enumerate() {
            let columns = side.min(pixels.width as usize - index * side);
            *sum = mean(*sum, (rows * columns) as u64);
        }
        for row in band.chunks_exact_mut(stride) {
            for (mean, part) in sums.iter().zip(row.chunks_mut(side * count)) {
                let color = mean.map(|v| v as u8);
                for p in part.chunks_exact_mut(count) {
                    p.copy_from_slice(&color[..count]);
                }
            }
        }
    }
    Ok(())
}

/// Colours by alpha, and alpha by pixels, rounded.
fn mean([r, g, b, alpha]: [u64; 4], pixels: u64) -> [u64; 4] {
    let weight = alpha.max(1);
    let color = [r, g, b].map(|sum| (sum + weight / 2) / weight);
    [color[0], color[1], color[2], (alpha + pixels / 2) / pixels.max(1)]
}
