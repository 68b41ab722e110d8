//! Runs of indices: RLE8 and RLE4.

use crate::{Cancel, CodecError};

/// One index in a byte, row by row as they are stored. What a jump leaves out is index 0.
pub(super) fn unpack(
    data: &[u8],
    bits: u8,
    width: usize,
    height: usize,
    cancel: &Cancel,
) -> Result<Vec<u8>, CodecError> {
    let short = || CodecError::Truncated("the BMP ends before its last run".into());
    let mut out = vec![0; width * height];
    let (mut x, mut y, mut at) = (0, 0, 0);
    let mut put = |x: &mut usize, y: usize, index: u8| {
        if *x < width && y < height {
            out[y * width + *x] = index;
        }
        *x += 1;
    };
    let mut rounds = 0u32;
    while y < height {
        rounds += 1;
        if rounds.is_multiple_of(1 << 14) {
            cancel.check()?;
        }
        let pair = data.get(at..at + 2).ok_or_else(short)?;
        at += 2;
        match (pair[0], pair[1]) {
            (0, 0) => (x, y) = (0, y + 1),
            (0, 1) => break,
            (0, 2) => {
                let jump = data.get(at..at + 2).ok_or_else(short)?;
                at += 2;
                (x, y) = (x + usize::from(jump[0]), y + usize::from(jump[1]));
            }
            (0, count) => {
                let length = (usize::from(count) * usize::from(bits)).div_ceil(8);
                let plain = data.get(at..at + length).ok_or_else(short)?;
                at += length.next_multiple_of(2);
                for n in 0..usize::from(count) {
                    let index = if bits == 8 { plain[n] } else { plain[n / 2] >> (4 * ((n + 1) % 2)) & 15 };
                    put(&mut x, y, index);
                }
            }
            (count, value) => {
                for n in 0..count {
                    let index = if bits == 8 { value } else { value >> (4 * ((n + 1) % 2)) & 15 };
                    put(&mut x, y, index);
                }
            }
        }
    }
    Ok(out)
}
