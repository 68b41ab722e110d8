//! Progressive scans (ITU-T T.81, annex G): coefficients are collected, then transformed. Scans that bring nothing that is
//! needed are not read.

use crate::Error;
use crate::frame::{Instructions, Jpeg, Layout, table};
use crate::huffman::{AcTable, DcTable, END, Kind, SymbolTable};
use crate::markers::{Scan, Step, Walker, ZIGZAG};
use crate::source::{Bits, Buffer, Source};
use crate::transform::{self, Block};

/// More scans than any encoder writes. Each costs a pass over all blocks, however short it is.
pub(crate) const MOST_SCANS: usize = 100;

/// What all scans of a file bring.
#[derive(Debug)]
pub(crate) struct Scans {
    pub list: Vec<Scan>,
    /// The end marker was seen.
    pub ended: bool,
}

/// A set of coefficients of a block: bit k for index k in zigzag order.
type Set = u64;

/// The n x n lowest frequencies.
fn lowest(n: usize) -> Set {
    let inside = |at: u8| usize::from(at / 8) < n && usize::from(at % 8) < n;
    ZIGZAG.iter().enumerate().filter(|(_, at)| inside(**at)).fold(0, |set, (k, _)| set | 1 << k)
}

fn band(scan: &Scan) -> Set {
    let (first, last) = scan.band;
    (u64::MAX >> (63 - (last & 63))) & (u64::MAX << (first & 63))
}

/// Reads all further scan headers of a progressive file and checks that together they bring every coefficient of each
/// component down to its last bit.
///
/// # Errors
/// `Truncated` when they do not, `Corrupt` for impossible headers, `Unsupported` when scans repeat or leave out bits.
pub(crate) fn read_scans(bytes: &[u8], walker: &mut Walker, first: Scan, components: usize) -> Result<Scans, Error> {
    // For each coefficient, the lowest bit that a scan has brought.
    let mut known = vec![[None; 64]; components];
    let mut scans = Scans { list: Vec::new(), ended: false };
    let mut next = first;
    loop {
        check(&next, &mut known)?;
        if scans.list.len() >= MOST_SCANS {
            return Err(Error::Corrupt("too many scans"));
        }
        scans.list.push(next);
        next = match walker.step(bytes)? {
            Step::Scan(scan) => scan,
            Step::End => {
                scans.ended = true;
                break;
            }
            Step::Cut => break,
        };
    }
    match known.iter().flatten().all(|bit| *bit == Some(0)) {
        true => Ok(scans),
        false => Err(Error::Truncated("scans are missing")),
    }
}

/// G.1.1.1.
fn check(scan: &Scan, known: &mut [[Option<u8>; 64]]) -> Result<(), Error> {
    let ((first, last), (high, low)) = (scan.band, scan.bits);
    let ac_alone = first > 0 && scan.components.len() == 1;
    if last > 63 || first > last || !(ac_alone || (first == 0 && last == 0)) {
        return Err(Error::Corrupt("a scan of an impossible band"));
    }
    if low > 13 || (high > 0 && high != low + 1) {
        return Err(Error::Corrupt("a scan of impossible bits"));
    }
    for component in &scan.components {
        let bits = known.get_mut(component.index).and_then(|bits| bits.get_mut(first.into()..=last.into()));
        for bit in bits.unwrap_or_default() {
            if *bit != (high > 0).then_some(high) {
                return Err(Error::Unsupported("scans that repeat or leave out bits"));
            }
            *bit = Some(low);
        }
    }
    Ok(())
}

/// Which scans to read, and which coefficients of each component to keep.
pub(crate) struct Choice {
    read: Vec<bool>,
    keep: Vec<Set>,
}

impl Choice {
    pub(crate) fn new(jpeg: &Jpeg<'_>, layouts: &[Layout]) -> Choice {
        let mut keep: Vec<Set> = layouts.iter().map(|layout| lowest(layout.n)).collect();
        let mut read = vec![false; jpeg.scans.len()];
        for (i, scan) in jpeg.scans.iter().enumerate().rev() {
            // Only by reading the last scan can its end be found missing.
            let cut = !jpeg.ended && i + 1 == jpeg.scans.len();
            for component in &scan.components {
                let Some(keep) = keep.get_mut(component.index) else { continue };
                let band = band(scan);
                if *keep & band != 0 || cut {
                    read[i] = true;
                    // Refinement depends on which coefficients of the band are not zero.
                    if scan.bits.0 > 0 {
                        *keep |= band;
                    }
                }
            }
        }
        Choice { read, keep }
    }

    /// Coefficients kept of each block of a component.
    fn kept(&self, index: usize, n: usize) -> usize {
        match self.keep.get(index) {
            Some(keep) if keep & !lowest(n) == 0 => transform::size(n),
            _ => 64,
        }
    }

    /// Bytes of all coefficients kept.
    pub(crate) fn bytes(&self, layouts: &[Layout]) -> u64 {
        let of =
            |(i, layout): (usize, &Layout)| (layout.padded.0 * layout.padded.1 * self.kept(i, layout.n) * 2) as u64;
        layouts.iter().enumerate().map(of).sum()
    }
}

/// The coefficients of one component.
struct Store {
    n: usize,
    /// Coefficients kept of a block: all, or as many as are transformed.
    size: usize,
    /// Where index k is kept; beyond `size` when it is not.
    place: [u16; 64],
    /// Blocks in a row.
    across: usize,
    coefficients: Vec<i16>,
    /// Quantiser steps by place.
    steps: [i16; 64],
}

impl Store {
    fn new(layout: &Layout, size: usize) -> Store {
        // All of them are kept in the order of a block of 8 x 8.
        let n = if size == 64 { 8 } else { layout.n };
        let mut place = [u16::MAX; 64];
        for (place, at) in place.iter_mut().zip(ZIGZAG) {
            let (row, column) = (usize::from(at / 8), usize::from(at % 8));
            if row < n && column < n {
                *place = transform::place(n, row, column) as u16;
            }
        }
        let coefficients = vec![0; layout.padded.0 * layout.padded.1 * size];
        Store { n: layout.n, size, place, across: layout.padded.0, coefficients, steps: [0; 64] }
    }

    /// The coefficients of a block.
    #[inline(always)]
    fn block(&mut self, x: usize, y: usize) -> &mut [i16] {
        let at = (y * self.across + x) * self.size;
        self.coefficients.get_mut(at..at + self.size).unwrap_or_default()
    }
}

/// Decodes all scans that are needed. Gives the planes in the order of the layouts.
pub(crate) fn decode(
    jpeg: &Jpeg<'_>,
    layouts: &[Layout],
    instructions: Instructions,
    cancel: &mut dyn FnMut() -> bool,
) -> Result<Vec<Vec<u8>>, Error> {
    let choice = Choice::new(jpeg, layouts);
    let kept = |(i, layout): (usize, &Layout)| Store::new(layout, choice.kept(i, layout.n));
    let mut stores: Vec<Store> = layouts.iter().enumerate().map(kept).collect();
    let mut source = Source::new(jpeg.bytes);
    for (scan, _) in jpeg.scans.iter().zip(&choice.read).filter(|(_, read)| **read) {
        for component in &scan.components {
            let Some(store) = stores.get_mut(component.index) else { continue };
            for (place, step) in store.place.iter().zip(component.steps.iter()) {
                if let Some(kept) = store.steps.get_mut(usize::from(*place)) {
                    *kept = *step as i16;
                }
            }
        }
        let scan = Pass::new(jpeg, scan, layouts)?;
        run(instructions, &mut source, &scan, &mut stores, cancel)?;
    }
    let mut planes = Vec::with_capacity(layouts.len());
    for (store, layout) in stores.into_iter().zip(layouts) {
        planes.push(transform_all(instructions, &store, layout, cancel)?);
    }
    Ok(planes)
}

/// What a scan does to each of its blocks.
enum Coding {
    DcFirst(Vec<DcTable>),
    DcRefine,
    AcFirst(AcTable),
    AcRefine(SymbolTable),
}

/// A scan made ready.
struct Pass<'a> {
    scan: &'a Scan,
    coding: Coding,
    /// For each component: which it is, blocks of an MCU in a row, and in a column.
    parts: Vec<(usize, usize, usize)>,
    mcus: (usize, usize),
}

impl<'a> Pass<'a> {
    fn new(jpeg: &Jpeg<'_>, scan: &'a Scan, layouts: &[Layout]) -> Result<Pass<'a>, Error> {
        let first = scan.components.first().ok_or(Error::Corrupt("a scan of no component"))?;
        let coding = match (scan.band.0, scan.bits.0) {
            (0, 0) => {
                let tables = scan.components.iter().map(|c| DcTable::new(table(&c.dc)?, Kind::Dc));
                Coding::DcFirst(tables.collect::<Result<_, _>>()?)
            }
            (0, _) => Coding::DcRefine,
            (_, 0) => Coding::AcFirst(AcTable::new(table(&first.ac)?, Kind::AcFirst)?),
            _ => Coding::AcRefine(SymbolTable::new(table(&first.ac)?, Kind::Symbols)?),
        };
        let alone = scan.components.len() == 1;
        let part = |index: usize| match jpeg.components().get(index) {
            Some(sampling) if !alone => (index, sampling.horizontal.into(), sampling.vertical.into()),
            _ => (index, 1, 1),
        };
        let parts = scan.components.iter().map(|c| part(c.index)).collect();
        // A scan of one component has its blocks one by one, without those that only fill MCUs (A.2.2).
        let mcus = match layouts.get(first.index) {
            Some(layout) if alone => layout.blocks,
            _ => (jpeg.mcus.0 as usize, jpeg.mcus.1 as usize),
        };
        Ok(Pass { scan, coding, parts, mcus })
    }
}

/// What goes from block to block, up to the next restart marker.
#[derive(Default)]
struct State {
    /// DC of the block before, for each component of the scan.
    before: [i32; 4],
    /// Blocks that are yet to come without anything new, this one included (EOBRUN).
    empty: u32,
    /// Something made no sense.
    unsound: bool,
}

/// Decodes one scan.
fn run(
    instructions: Instructions,
    source: &mut Source<'_>,
    pass: &Pass<'_>,
    stores: &mut [Store],
    cancel: &mut dyn FnMut() -> bool,
) -> Result<(), Error> {
    match instructions {
        Instructions::Plain => blocks(source, pass, stores, cancel),
        // SAFETY: the processor has what the function was compiled for, or there would be no such value.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { blocks_bmi2(source, pass, stores, cancel) },
    }
}

/// [`blocks`], compiled for shifts that leave the flags alone.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn blocks_bmi2(
    source: &mut Source<'_>,
    pass: &Pass<'_>,
    stores: &mut [Store],
    cancel: &mut dyn FnMut() -> bool,
) -> Result<(), Error> {
    blocks(source, pass, stores, cancel)
}

#[inline(always)]
fn blocks(
    source: &mut Source<'_>,
    pass: &Pass<'_>,
    stores: &mut [Store],
    cancel: &mut dyn FnMut() -> bool,
) -> Result<(), Error> {
    let scan = pass.scan;
    let low = u32::from(scan.bits.1);
    let (mut bits, mut state) = (source.start(scan.data).local(), State::default());
    let interval = match scan.restart_interval {
        0 => usize::MAX,
        mcus => mcus as usize,
    };
    let (mut left, mut restarts) = (interval, 0_u8);
    for y in 0..pass.mcus.1 {
        if cancel() {
            return Err(Error::Cancelled);
        }
        for x in 0..pass.mcus.0 {
            if left == 0 {
                bits = source.restart(bits, restarts)?;
                restarts = restarts.wrapping_add(1);
                left = interval;
                (state.before, state.empty) = ([0; 4], 0);
            }
            left -= 1;
            if source.is_low(&bits) {
                bits = source.fill(bits)?;
            }
            let buffer = source.buffer();
            for (i, (index, across, down)) in pass.parts.iter().enumerate() {
                let Some(store) = stores.get_mut(*index) else { continue };
                let band = (usize::from(scan.band.0), usize::from(scan.band.1));
                match &pass.coding {
                    Coding::DcFirst(tables) => {
                        for block in 0..across * down {
                            let (v, h) = (block / across, block % across);
                            bits.refill(buffer);
                            let mut sound = true;
                            let (_, difference) = tables[i].read(&mut bits, buffer, &mut sound);
                            let before = &mut state.before[i & 3];
                            *before = before.wrapping_add(difference.into());
                            let value = (*before << low) as i16;
                            state.unsound |= !sound;
                            if let Some(dc) = store.block(x * across + h, y * down + v).first_mut() {
                                *dc = value;
                            }
                        }
                    }
                    Coding::DcRefine => {
                        for block in 0..across * down {
                            let (v, h) = (block / across, block % across);
                            bits.refill(buffer);
                            let bit = bits.take(1) as i16;
                            if let Some(dc) = store.block(x * across + h, y * down + v).first_mut() {
                                *dc |= bit << low;
                            }
                        }
                    }
                    Coding::AcFirst(table) => {
                        if state.empty > 0 {
                            state.empty -= 1;
                        } else {
                            ac_first(buffer, &mut bits, table, &mut state, store, (x, y), band, low);
                        }
                    }
                    Coding::AcRefine(table) => {
                        ac_refine(buffer, &mut bits, table, &mut state, store, (x, y), band, low);
                    }
                }
            }
        }
        if state.unsound {
            // What lies behind the end of the data reads as nonsense, too.
            source.check(&bits)?;
            return Err(Error::Corrupt("a code that is not in its table, or a block of too many coefficients"));
        }
    }
    source.check(&bits)
}

/// Reads new coefficients of a block (G.1.2.2).
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn ac_first(
    buffer: &Buffer,
    bits: &mut Bits,
    table: &AcTable,
    state: &mut State,
    store: &mut Store,
    (x, y): (usize, usize),
    (first, last): (usize, usize),
    low: u32,
) {
    let place = store.place;
    let block = store.block(x, y);
    let (mut k, mut sound) = (first, true);
    while k <= last {
        bits.refill(buffer);
        let (run, value) = table.read(bits, buffer, &mut sound);
        if run >= END {
            let size = (run - END) as u32;
            bits.refill(buffer);
            state.empty = (1 << size) - 1 + bits.take(size);
            k = last + 1;
            break;
        }
        k += run;
        let place = place.get(k).copied().unwrap_or(u16::MAX);
        if let Some(coefficient) = block.get_mut(usize::from(place)) {
            *coefficient = value << low;
        }
        k += 1;
    }
    state.unsound |= !sound || k > last + 1;
}

/// Refines the coefficients of a block by one bit (G.1.2.3).
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn ac_refine(
    buffer: &Buffer,
    bits: &mut Bits,
    table: &SymbolTable,
    state: &mut State,
    store: &mut Store,
    (x, y): (usize, usize),
    (first, last): (usize, usize),
    low: u32,
) {
    let place = store.place;
    let block = store.block(x, y);
    let mut k = first;
    if state.empty == 0 {
        while k <= last {
            bits.refill(buffer);
            let Some(symbol) = table.symbol(bits) else {
                state.unsound = true;
                return;
            };
            let (zeros, size) = (usize::from(symbol >> 4), symbol & 15);
            if size == 0 && zeros < 15 {
                state.empty = (1 << zeros) + bits.take(zeros as u32);
                break;
            }
            let value = match size {
                0 => 0,
                _ if bits.take(1) == 1 => 1 << low,
                _ => -1 << low,
            };
            k = refine(buffer, bits, block, &place, (k, last), zeros, low);
            if k <= last {
                if let Some(coefficient) = block.get_mut(usize::from(place[k & 63])) {
                    *coefficient = value;
                }
            } else {
                state.unsound |= size > 0;
            }
            state.unsound |= size > 1;
            k += 1;
        }
    }
    if state.empty > 0 {
        refine(buffer, bits, block, &place, (k, last), 64, low);
        state.empty -= 1;
    }
}

/// Refines those coefficients that are not zero, until it has passed so many zeros and found another, whose index it gives.
#[inline(always)]
fn refine(
    buffer: &Buffer,
    bits: &mut Bits,
    block: &mut [i16],
    place: &[u16; 64],
    (mut k, last): (usize, usize),
    mut zeros: usize,
    low: u32,
) -> usize {
    while k <= last {
        if let Some(coefficient) = block.get_mut(usize::from(place[k & 63]))
            && *coefficient != 0
        {
            bits.refill(buffer);
            if bits.take(1) == 1 && *coefficient & 1 << low == 0 {
                *coefficient = coefficient.wrapping_add(if *coefficient < 0 { -1 << low } else { 1 << low });
            }
        } else if zeros == 0 {
            break;
        } else {
            zeros -= 1;
        }
        k += 1;
    }
    k
}

/// Transforms all blocks of a component.
fn transform_all(
    instructions: Instructions,
    store: &Store,
    layout: &Layout,
    cancel: &mut dyn FnMut() -> bool,
) -> Result<Vec<u8>, Error> {
    let stride = layout.stride();
    let mut data = vec![0; layout.bytes()];
    for (y, row) in store.coefficients.chunks(store.across * store.size).enumerate() {
        if cancel() {
            return Err(Error::Cancelled);
        }
        let Some(out) = data.get_mut(y * store.n * stride..) else { break };
        match instructions {
            Instructions::Plain => plain::row(store, row, out, stride),
            // SAFETY: the processor has what the function was compiled for, or there would be no such value.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { avx2::row(store, row, out, stride) },
        }
    }
    Ok(data)
}

/// The same code for any processor and, on x86-64, for vectors of 256 bits.
macro_rules! compiled {
    ($name:ident $(, $attribute:meta)*) => {
        mod $name {
            use super::*;

            $(#[$attribute])*
            pub(super) fn row(store: &Store, row: &[i16], out: &mut [u8], stride: usize) {
                match store.n {
                    1 => blocks::<1>(store, row, out, stride),
                    2 => blocks::<2>(store, row, out, stride),
                    3 => blocks::<3>(store, row, out, stride),
                    4 => blocks::<4>(store, row, out, stride),
                    5 => blocks::<5>(store, row, out, stride),
                    6 => blocks::<6>(store, row, out, stride),
                    7 => blocks::<7>(store, row, out, stride),
                    _ => blocks::<8>(store, row, out, stride),
                }
            }

            $(#[$attribute])*
            fn blocks<const N: usize>(store: &Store, row: &[i16], out: &mut [u8], stride: usize) {
                let whole = store.size == transform::size(N);
                for (x, kept) in row.chunks_exact(store.size).enumerate() {
                    let mut block: Block = [0; 64];
                    let mut ac = 0;
                    if whole {
                        for i in 0..transform::size(N) {
                            block[i] = kept[i].wrapping_mul(store.steps[i]);
                            ac |= if i > 0 { block[i] } else { 0 };
                        }
                    } else {
                        for v in 0..N {
                            for u in 0..N {
                                let from = transform::place(8, v, u);
                                let value = kept[from].wrapping_mul(store.steps[from]);
                                block[transform::place(N, v, u)] = value;
                                ac |= if u + v > 0 { value } else { 0 };
                            }
                        }
                    }
                    let Some(out) = out.get_mut(x * N..) else { break };
                    transform::$name::inverse::<N>(&block, if ac == 0 { 0 } else { 63 }, out, stride);
                }
            }
        }
    };
}

compiled!(plain);
#[cfg(target_arch = "x86_64")]
compiled!(avx2, target_feature(enable = "avx2,bmi1,bmi2"));
