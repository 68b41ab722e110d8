//! Baseline and extended sequential scans (ITU-T T.81, annex F): each block is decoded and transformed at once.

use crate::frame::{Jpeg, Layout, table};
use crate::huffman::{END, Kind, Skips, Table};
use crate::markers::{Scan, Step, ZIGZAG};
use crate::source::{Bits, Source};
use crate::transform::{self, Block, inverse};
use crate::{Error, source};

/// Files of fewer blocks do without the table of skips, which takes as long to make as thousands of blocks to decode.
const BLOCKS_WORTH_SKIPS: usize = 4096;

/// More scans than any encoder writes.
const MOST_SCANS: usize = 100;

/// Where index k of a block that is to give n x n samples is kept, and the step it was divided by. What is outside of the
/// n x n lowest frequencies, or beyond the block, goes to a place of its own.
struct Places {
    place: [u8; 256],
    step: [i32; 256],
}

/// What is needed to decode the blocks of one component in one scan.
struct Part {
    n: usize,
    dc: Table,
    ac: Table,
    skips: Option<Skips>,
    places: Places,
    /// Blocks in an MCU: in a row, in a column.
    across: usize,
    down: usize,
    stride: usize,
    /// The plane.
    data: Vec<u8>,
    /// DC of the block before (F.1.1.5.1).
    before: i32,
}

/// The index, in zigzag order, of the highest of the n x n lowest frequencies.
const fn last_index(n: usize) -> usize {
    match n {
        1 => 0,
        2 => 4,
        3 => 12,
        4 => 24,
        5 => 39,
        6 => 51,
        7 => 59,
        _ => 63,
    }
}

impl Places {
    fn new(n: usize, steps: &[u16; 64]) -> Places {
        let mut places = Places { place: [64; 256], step: [0; 256] };
        for (k, at) in ZIGZAG.iter().enumerate() {
            let (row, column) = (usize::from(at / 8), usize::from(at % 8));
            if row < n && column < n {
                places.place[k] = (row * transform::width(n) + column) as u8;
                places.step[k] = steps[k].into();
            }
        }
        places
    }
}

/// Decodes all scans. Gives the planes in the order of the layouts.
pub(crate) fn decode(
    jpeg: &Jpeg<'_>,
    layouts: &[Layout],
    cancel: &mut dyn FnMut() -> bool,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut planes: Vec<Option<Vec<u8>>> = vec![None; layouts.len()];
    let mut walker = jpeg.walker.clone();
    let mut scan = jpeg.scans.first().cloned().ok_or(Error::Truncated("no scan"))?;
    let mut source = Source::new(jpeg.bytes);
    for _ in 0..MOST_SCANS {
        let mut parts = Vec::with_capacity(scan.components.len());
        for component in &scan.components {
            let layout = &layouts[component.index];
            if planes[component.index].is_some() {
                return Err(Error::Unsupported("a component that is coded twice"));
            }
            let ac = Table::new(table(&component.ac)?, Kind::Ac)?;
            let skips = layout.n < 8 && layout.blocks.0 * layout.blocks.1 >= BLOCKS_WORTH_SKIPS;
            let alone = scan.components.len() == 1;
            let sampling = &jpeg.components()[component.index];
            parts.push(Part {
                n: layout.n,
                dc: Table::new(table(&component.dc)?, Kind::Dc)?,
                skips: skips.then(|| Skips::new(&ac)),
                ac,
                places: Places::new(layout.n, &component.steps),
                across: if alone { 1 } else { sampling.horizontal.into() },
                down: if alone { 1 } else { sampling.vertical.into() },
                stride: layout.stride(),
                data: vec![0; layout.bytes()],
                before: 0,
            });
        }
        // A scan of one component has its blocks one by one, without those that only fill MCUs (A.2.2).
        let mcus = match scan.components.as_slice() {
            [alone] => layouts[alone.index].blocks,
            _ => (jpeg.mcus.0 as usize, jpeg.mcus.1 as usize),
        };
        run(&mut source, &scan, &mut parts, mcus, cancel)?;
        for (component, part) in scan.components.iter().zip(parts) {
            planes[component.index] = Some(part.data);
        }
        if planes.iter().all(Option::is_some) {
            return Ok(planes.into_iter().flatten().collect());
        }
        source.finish();
        walker.at = source.place();
        scan = match walker.step(jpeg.bytes)? {
            Step::Scan(scan) => scan,
            Step::End | Step::Cut => return Err(Error::Truncated("a component was never coded")),
        };
    }
    Err(Error::Corrupt("too many scans"))
}

/// Decodes one scan with the best instructions there are.
fn run(
    source: &mut Source<'_>,
    scan: &Scan,
    parts: &mut [Part],
    mcus: (usize, usize),
    cancel: &mut dyn FnMut() -> bool,
) -> Result<(), Error> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2") {
        // SAFETY: the processor has what the function was compiled for.
        return unsafe { rows_avx2(source, scan, parts, mcus, cancel) };
    }
    rows(source, scan, parts, mcus, cancel)
}

/// [`rows`], compiled for vectors of 256 bits and shifts that leave the flags alone.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn rows_avx2(
    source: &mut Source<'_>,
    scan: &Scan,
    parts: &mut [Part],
    mcus: (usize, usize),
    cancel: &mut dyn FnMut() -> bool,
) -> Result<(), Error> {
    rows(source, scan, parts, mcus, cancel)
}

#[inline(always)]
fn rows(
    source: &mut Source<'_>,
    scan: &Scan,
    parts: &mut [Part],
    (mcus_across, mcus_down): (usize, usize),
    cancel: &mut dyn FnMut() -> bool,
) -> Result<(), Error> {
    let mut bits = source.start(scan.data);
    let interval = match scan.restart_interval {
        0 => usize::MAX,
        mcus => mcus as usize,
    };
    let (mut left, mut restarts) = (interval, 0_u8);
    let mut sound = true;
    for y in 0..mcus_down {
        if cancel() {
            return Err(Error::Cancelled);
        }
        for x in 0..mcus_across {
            if left == 0 {
                bits = source.restart(bits, restarts)?;
                restarts = restarts.wrapping_add(1);
                left = interval;
                parts.iter_mut().for_each(|part| part.before = 0);
            }
            left -= 1;
            if source.is_low(&bits) {
                bits = source.fill(bits)?;
            }
            for part in parts.iter_mut() {
                for v in 0..part.down {
                    let row = (y * part.down + v) * part.n * part.stride;
                    for h in 0..part.across {
                        let at = row + (x * part.across + h) * part.n;
                        sound &= match part.n {
                            1 => block::<1>(source, &mut bits, part, at),
                            2 => block::<2>(source, &mut bits, part, at),
                            3 => block::<3>(source, &mut bits, part, at),
                            4 => block::<4>(source, &mut bits, part, at),
                            5 => block::<5>(source, &mut bits, part, at),
                            6 => block::<6>(source, &mut bits, part, at),
                            7 => block::<7>(source, &mut bits, part, at),
                            _ => block::<8>(source, &mut bits, part, at),
                        };
                    }
                }
            }
        }
        if !sound {
            // What lies behind the end of the data reads as nonsense, too.
            source.check(&bits)?;
            return Err(Error::Corrupt("a code that is not in its table, or a block of more than 64 coefficients"));
        }
    }
    source.check(&bits)
}

/// Decodes a block and writes its samples. Says whether it was sound.
#[inline(always)]
fn block<const N: usize>(source: &Source<'_>, bits: &mut Bits, part: &mut Part, at: usize) -> bool {
    let mut coefficients = [0_i16; 128];
    let buffer = source.buffer();
    bits.refill(buffer);
    let mut entry = part.dc.fast(bits);
    let mut sound = true;
    if entry.bits() == 0 {
        (*bits, entry) = part.dc.slow(entry, *bits);
        sound &= entry.bits() != 0;
    } else {
        bits.consume(entry.bits());
    }
    part.before = part.before.wrapping_add(entry.value().into());
    coefficients[0] = dequantised(part.before, part.places.step[0]);

    // The index of the next coefficient; END and more after the last.
    let mut k = 1;
    while k <= last_index(N) {
        bits.refill(buffer);
        let mut entry = part.ac.fast(bits);
        if entry.bits() == 0 {
            (*bits, entry) = part.ac.slow(entry, *bits);
            sound &= entry.bits() != 0;
        } else {
            bits.consume(entry.bits());
        }
        k += entry.run();
        let place = usize::from(part.places.place[k & 255]);
        coefficients[place & 127] = dequantised(entry.value().into(), part.places.step[k & 255]);
        k += 1;
    }
    let last = if k > END { k - END - 2 } else { k - 1 };
    if N < 8 && k < 64 {
        k = step_over(buffer, bits, part, k, &mut sound);
    }
    sound &= k > END || k == 64;
    if let (Some(out), Some(block)) = (part.data.get_mut(at..), coefficients.first_chunk::<64>()) {
        inverse::<N>(block, last, out, part.stride);
    }
    sound
}

/// Steps over the coefficients of a block from index `k` on. Gives the index behind them.
#[inline(always)]
fn step_over(buffer: &source::Buffer, bits: &mut Bits, part: &Part, mut k: usize, sound: &mut bool) -> usize {
    if let Some(skips) = &part.skips {
        while k < 64 {
            bits.refill(buffer);
            let (used, moved) = skips.look(bits);
            // Symbols beyond the end of the block are not this block's.
            if used == 0 || (k + moved > 64 && (moved < END || k + moved > END + 63)) {
                break;
            }
            bits.consume(used);
            k += moved;
        }
    }
    while k < 64 {
        bits.refill(buffer);
        let mut entry = part.ac.fast(bits);
        if entry.bits() == 0 {
            (*bits, entry) = part.ac.slow(entry, *bits);
            *sound &= entry.bits() != 0;
        } else {
            bits.consume(entry.bits());
        }
        k += entry.run() + 1;
    }
    k
}

/// A coefficient times its step. Whatever is out of range comes from no picture of 8 bits.
#[inline(always)]
fn dequantised(value: i32, step: i32) -> i16 {
    value.wrapping_mul(step).clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

#[allow(dead_code)]
const _: () = assert!(transform::width(8) * 8 == std::mem::size_of::<Block>() / 2);
