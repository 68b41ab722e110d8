//! Baseline and extended sequential scans (ITU-T T.81, annex F): each block is decoded and transformed at once.

use std::ops::Range;
use std::ptr;
use std::rc::Rc;

use crate::Error;
use crate::frame::{Instructions, Jpeg, Layout, table};
use crate::huffman::{AcTable, DcTable, END, Kind, Skips};
use crate::markers::{Scan, ScanComponent, Step, ZIGZAG};
use crate::source::{Bits, Buffer, Source};
use crate::transform::{self, Block};

/// Files of fewer blocks do without the table of skips, which takes longer to make than it would save.
const BLOCKS_WORTH_SKIPS: usize = 2000;

/// More scans than any encoder writes.
const MOST_SCANS: usize = 100;

/// Where index k of a block that is to give n x n samples is kept, and the step it was divided by. What is outside of the
/// n x n lowest frequencies, or beyond the block, goes to a place of its own.
struct Places([Place; 256]);

#[derive(Clone, Copy)]
struct Place {
    at: u16,
    step: i16,
}

/// Where coefficients go that are not needed.
const NOWHERE: u16 = 64;

/// Huffman tables of one component, or of several that share them.
struct Tables {
    dc: DcTable,
    ac: AcTable,
    skips: Option<Skips>,
}

impl Tables {
    /// For each component of a scan.
    fn of_all(scan: &Scan, layouts: &[Layout]) -> Result<Vec<Rc<Tables>>, Error> {
        let mut all: Vec<Rc<Tables>> = Vec::with_capacity(scan.components.len());
        for (i, component) in scan.components.iter().enumerate() {
            let (dc, ac) = (table(&component.dc)?, table(&component.ac)?);
            let same = |other: &&ScanComponent| {
                let specs = (other.dc.as_deref(), other.ac.as_deref());
                matches!(specs, (Some(a), Some(b)) if ptr::eq(a, dc) && ptr::eq(b, ac))
            };
            if let Some(found) = scan.components[..i].iter().position(|other| same(&other)) {
                all.push(all[found].clone());
                continue;
            }
            let skipped = scan.components.iter().filter(same).map(|other| &layouts[other.index]).filter(|l| l.n < 8);
            let blocks: usize = skipped.map(|layout| layout.blocks.0 * layout.blocks.1).sum();
            all.push(Rc::new(Tables {
                dc: DcTable::new(dc, Kind::Dc)?,
                ac: AcTable::new(ac, Kind::Ac)?,
                skips: if blocks >= BLOCKS_WORTH_SKIPS { Some(Skips::new(ac)?) } else { None },
            }));
        }
        Ok(all)
    }
}

/// What is needed to decode the blocks of one component in one scan.
struct Part {
    n: usize,
    tables: Rc<Tables>,
    places: Places,
    /// Blocks in an MCU: in a row, in a column.
    across: usize,
    down: usize,
    stride: usize,
    /// The plane.
    data: Vec<u8>,
    /// DC of the block before (F.1.1.5.1).
    before: i32,
    /// No code was outside of its table, and no block had more than 64 coefficients.
    sound: bool,
    /// Coefficients of the block at hand; all zero between blocks, but for those that are not needed.
    coefficients: [i16; 128],
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
        let mut places = [Place { at: NOWHERE, step: 0 }; 256];
        for (k, at) in ZIGZAG.iter().enumerate() {
            let (row, column) = (usize::from(at / 8), usize::from(at % 8));
            if row < n && column < n {
                // Steps past 15 bits belong to no picture of 8 bits; whatever they make is cut off at 0 and 255.
                places[k] = Place { at: transform::place(n, row, column) as u16, step: steps[k] as i16 };
            }
        }
        Places(places)
    }

    #[inline(always)]
    fn of(&self, k: usize) -> Place {
        self.0[k & 255]
    }
}

/// Decodes all scans. Gives the planes in the order of the layouts.
pub(crate) fn decode(
    jpeg: &Jpeg<'_>,
    layouts: &[Layout],
    instructions: Instructions,
    cancel: &mut dyn FnMut() -> bool,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut planes: Vec<Option<Vec<u8>>> = vec![None; layouts.len()];
    let mut walker = jpeg.walker.clone();
    let mut scan = jpeg.scans.first().cloned().ok_or(Error::Truncated("no scan"))?;
    let mut source = Source::new(jpeg.bytes);
    for _ in 0..MOST_SCANS {
        let mut parts = Vec::with_capacity(scan.components.len());
        for (component, tables) in scan.components.iter().zip(Tables::of_all(&scan, layouts)?) {
            let layout = &layouts[component.index];
            if planes[component.index].is_some() {
                return Err(Error::Unsupported("a component that is coded twice"));
            }
            let alone = scan.components.len() == 1;
            let sampling = &jpeg.components()[component.index];
            parts.push(Part {
                n: layout.n,
                tables,
                places: Places::new(layout.n, &component.steps),
                across: if alone { 1 } else { sampling.horizontal.into() },
                down: if alone { 1 } else { sampling.vertical.into() },
                stride: layout.stride(),
                data: vec![0; layout.bytes()],
                before: 0,
                sound: true,
                coefficients: [0; 128],
            });
        }
        // A scan of one component has its blocks one by one, without those that only fill MCUs (A.2.2).
        let mcus = match scan.components.as_slice() {
            [alone] => layouts[alone.index].blocks,
            _ => (jpeg.mcus.0 as usize, jpeg.mcus.1 as usize),
        };
        run(instructions, &mut source, &scan, &mut parts, mcus, cancel)?;
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

/// Decodes one scan.
fn run(
    instructions: Instructions,
    source: &mut Source<'_>,
    scan: &Scan,
    parts: &mut [Part],
    mcus: (usize, usize),
    cancel: &mut dyn FnMut() -> bool,
) -> Result<(), Error> {
    match instructions {
        Instructions::Plain => plain::rows(source, scan, parts, mcus, cancel),
        // SAFETY: the processor has what the function was compiled for, or there would be no such value.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { avx2::rows(source, scan, parts, mcus, cancel) },
    }
}

/// The same code for any processor and, on x86-64, for vectors of 256 bits and shifts that leave the flags alone.
macro_rules! compiled {
    ($name:ident $(, $attribute:meta)*) => {
        mod $name {
            use super::*;

            $(#[$attribute])*
            pub(super) fn rows(
                source: &mut Source<'_>,
                scan: &Scan,
                parts: &mut [Part],
                mcus: (usize, usize),
                cancel: &mut dyn FnMut() -> bool,
            ) -> Result<(), Error> {
                let (first, rest) = match parts.iter().map(|part| part.n).collect::<Vec<_>>().as_slice() {
                    [first] => (*first, *first),
                    [first, rest, ..] if parts[1..].iter().all(|part| part.n == *rest) => (*first, *rest),
                    _ => (0, 0),
                };
                super::rows(source, scan, parts, mcus, cancel, |source, bits, parts, xs, y| match (first, rest) {
                    (1, 1) => alike::<1, 1>(source, bits, parts, xs, y),
                    (2, 2) => alike::<2, 2>(source, bits, parts, xs, y),
                    (3, 3) => alike::<3, 3>(source, bits, parts, xs, y),
                    (4, 4) => alike::<4, 4>(source, bits, parts, xs, y),
                    (5, 5) => alike::<5, 5>(source, bits, parts, xs, y),
                    (6, 6) => alike::<6, 6>(source, bits, parts, xs, y),
                    (7, 7) => alike::<7, 7>(source, bits, parts, xs, y),
                    (8, 8) => alike::<8, 8>(source, bits, parts, xs, y),
                    // Planes of one size from chroma of half the resolution.
                    (1, 2) => alike::<1, 2>(source, bits, parts, xs, y),
                    (2, 4) => alike::<2, 4>(source, bits, parts, xs, y),
                    (3, 6) => alike::<3, 6>(source, bits, parts, xs, y),
                    (4, 8) => alike::<4, 8>(source, bits, parts, xs, y),
                    _ => mixed(source, bits, parts, xs, y),
                })
            }

            /// Some MCUs of a row, the first component at one scale, the others at one.
            #[inline(never)]
            $(#[$attribute])*
            fn alike<const N: usize, const REST: usize>(
                source: &mut Source<'_>,
                bits: Bits,
                parts: &mut [Part],
                xs: Range<usize>,
                y: usize,
            ) -> Result<Bits, Error> {
                let mut bits = bits.local();
                for x in xs {
                    if source.is_low(&bits) {
                        bits = source.fill(bits.local())?.local();
                    }
                    let Some((first, rest)) = parts.split_first_mut() else { return Ok(bits) };
                    blocks::<N>(source.buffer(), &mut bits, first, x, y, |block, last, out, stride| {
                        transform::$name::inverse::<N>(block, last, out, stride);
                    });
                    for part in rest {
                        blocks::<REST>(source.buffer(), &mut bits, part, x, y, |block, last, out, stride| {
                            transform::$name::inverse::<REST>(block, last, out, stride);
                        });
                    }
                }
                Ok(bits)
            }

            /// Some MCUs of a row, each component at its own scale.
            $(#[$attribute])*
            fn mixed(
                source: &mut Source<'_>,
                mut bits: Bits,
                parts: &mut [Part],
                xs: Range<usize>,
                y: usize,
            ) -> Result<Bits, Error> {
                for x in xs {
                    if source.is_low(&bits) {
                        bits = source.fill(bits)?;
                    }
                    let buffer = source.buffer();
                    for part in parts.iter_mut() {
                        bits = match part.n {
                            1 => apart::<1>(buffer, bits, part, x, y),
                            2 => apart::<2>(buffer, bits, part, x, y),
                            3 => apart::<3>(buffer, bits, part, x, y),
                            4 => apart::<4>(buffer, bits, part, x, y),
                            5 => apart::<5>(buffer, bits, part, x, y),
                            6 => apart::<6>(buffer, bits, part, x, y),
                            7 => apart::<7>(buffer, bits, part, x, y),
                            _ => apart::<8>(buffer, bits, part, x, y),
                        };
                    }
                }
                Ok(bits)
            }

            /// One function for each size keeps the state of the reader in registers.
            #[inline(never)]
            $(#[$attribute])*
            fn apart<const N: usize>(buffer: &Buffer, bits: Bits, part: &mut Part, x: usize, y: usize) -> Bits {
                let mut bits = bits.local();
                blocks::<N>(buffer, &mut bits, part, x, y, |block, last, out, stride| {
                    transform::$name::inverse::<N>(block, last, out, stride);
                });
                bits
            }
        }
    };
}

compiled!(plain);
#[cfg(target_arch = "x86_64")]
compiled!(avx2, target_feature(enable = "avx2,bmi1,bmi2"));

#[inline(always)]
fn rows(
    source: &mut Source<'_>,
    scan: &Scan,
    parts: &mut [Part],
    (across, down): (usize, usize),
    cancel: &mut dyn FnMut() -> bool,
    mcus: impl Fn(&mut Source<'_>, Bits, &mut [Part], Range<usize>, usize) -> Result<Bits, Error>,
) -> Result<(), Error> {
    let mut bits = source.start(scan.data);
    let interval = match scan.restart_interval {
        0 => usize::MAX,
        mcus => mcus as usize,
    };
    let (mut left, mut restarts) = (interval, 0_u8);
    for y in 0..down {
        if cancel() {
            return Err(Error::Cancelled);
        }
        let mut x = 0;
        while x < across {
            if left == 0 {
                bits = source.restart(bits, restarts)?;
                restarts = restarts.wrapping_add(1);
                left = interval;
                parts.iter_mut().for_each(|part| part.before = 0);
            }
            let count = left.min(across - x);
            bits = mcus(source, bits, parts, x..x + count, y)?;
            left -= count;
            x += count;
        }
        if !parts.iter().all(|part| part.sound) {
            // What lies behind the end of the data reads as nonsense, too.
            source.check(&bits)?;
            return Err(Error::Corrupt("a code that is not in its table, or a block of more than 64 coefficients"));
        }
    }
    source.check(&bits)
}

/// The blocks of one component in one MCU.
#[inline(always)]
fn blocks<const N: usize>(
    buffer: &Buffer,
    bits: &mut Bits,
    part: &mut Part,
    x: usize,
    y: usize,
    inverse: impl Fn(&Block, usize, &mut [u8], usize),
) {
    for v in 0..part.down {
        let row = (y * part.down + v) * N * part.stride;
        for h in 0..part.across {
            block::<N>(buffer, bits, part, row + (x * part.across + h) * N, &inverse);
        }
    }
}

/// Decodes a block and writes its samples.
#[inline(always)]
fn block<const N: usize>(
    buffer: &Buffer,
    bits: &mut Bits,
    part: &mut Part,
    at: usize,
    inverse: impl Fn(&Block, usize, &mut [u8], usize),
) {
    let mut sound = true;
    bits.refill(buffer);
    let (_, difference) = part.tables.dc.read(bits, buffer, &mut sound);
    part.before = part.before.wrapping_add(difference.into());
    part.coefficients[0] = (part.before as i16).wrapping_mul(part.places.of(0).step);

    // The index of the next coefficient; END and more after the last.
    let mut k = 1;
    // The difference left at least 40 bits: enough for two symbols.
    values::<N, 2>(buffer, bits, part, &mut k, &mut sound);
    while k <= last_index(N) {
        bits.refill(buffer);
        values::<N, 3>(buffer, bits, part, &mut k, &mut sound);
    }
    let last = if k > END { k - END - 2 } else { k - 1 };
    if N < 8 && k < 64 {
        k = step_over(buffer, bits, part, k, &mut sound);
    }
    sound &= k > END || k == 64;
    part.sound &= sound;
    if let (Some(out), Some(block)) = (part.data.get_mut(at..), part.coefficients.first_chunk::<64>()) {
        inverse(block, last, out, part.stride);
    }
    part.coefficients[1..transform::size(N)].fill(0);
}

/// Reads at most `COUNT` coefficients that are needed. Each takes at most 16 bits, or fills up itself.
#[inline(always)]
fn values<const N: usize, const COUNT: usize>(
    buffer: &Buffer,
    bits: &mut Bits,
    part: &mut Part,
    k: &mut usize,
    sound: &mut bool,
) {
    for _ in 0..COUNT {
        if *k > last_index(N) {
            return;
        }
        let (run, value) = part.tables.ac.read(bits, buffer, sound);
        *k += run;
        let place = part.places.of(*k);
        part.coefficients[usize::from(place.at) & 127] = value.wrapping_mul(place.step);
        *k += 1;
    }
}

/// Steps over the coefficients of a block from index `k` on. Gives the index behind them.
#[inline(always)]
fn step_over(buffer: &Buffer, bits: &mut Bits, part: &Part, mut k: usize, sound: &mut bool) -> usize {
    let Some(skips) = &part.tables.skips else {
        while k < 64 {
            bits.refill(buffer);
            k += part.tables.ac.read(bits, buffer, sound).0 + 1;
        }
        return k;
    };
    // Symbols beyond the end of the block are not this block's.
    let fits = |next: usize| next <= 64 || (END..END + 64).contains(&next);
    'full: while k < 64 {
        bits.refill(buffer);
        for _ in 0..2 {
            let (used, moved) = skips.look(bits);
            if !fits(k + moved) {
                bits.refill(buffer);
                k += part.tables.ac.read(bits, buffer, sound).0 + 1;
                continue 'full;
            }
            bits.consume(used);
            k += moved;
            if k >= 64 {
                break 'full;
            }
        }
    }
    k
}
