//! Progressive scans (ITU-T T.81, annex G): coefficients are collected, then transformed. Scans that bring nothing that is
//! needed are not read.

use crate::frame::{Instructions, Jpeg, Layout, table};
use crate::huffman::{AcTable, DcTable, END, Kind, SymbolTable};
use crate::markers::{Scan, Step, Walker, ZIGZAG};
use crate::source::{Bits, Buffer, Source};
use crate::transform::{self, Block};
use crate::{Error, Options};

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

/// Which scans to read.
pub(crate) struct Choice {
    read: Vec<bool>,
    /// For each component, whether any of them refines coefficients other than DC: that takes to know which ones are not
    /// zero, whether their values are needed or not.
    history: Vec<bool>,
    /// For each coefficient of each component, how many of its lowest bits are not read.
    missing: Vec<[u8; 64]>,
}

impl Choice {
    pub(crate) fn new(jpeg: &Jpeg<'_>, layouts: &[Layout], options: &Options) -> Choice {
        let mut needed: Vec<Set> = layouts.iter().map(|layout| lowest(layout.n)).collect();
        let mut choice = Choice {
            read: vec![false; jpeg.scans.len()],
            history: vec![false; layouts.len()],
            missing: vec![[0; 64]; layouts.len()],
        };
        // What refinements that are read refine. Without those before, they could not be understood.
        let mut refined: Vec<Set> = vec![0; layouts.len()];
        for (i, scan) in jpeg.scans.iter().enumerate().rev() {
            // Only by reading the last scan can its end be found missing.
            let cut = !jpeg.ended && i + 1 == jpeg.scans.len();
            let (band, refines) = (band(scan), scan.bits.0 > 0 && scan.band.0 > 0);
            for component in &scan.components {
                let index = component.index;
                let (Some(needed), Some(layout)) = (needed.get_mut(index), layouts.get(index)) else { continue };
                if *needed & band == 0 && !cut {
                    continue;
                }
                if refines {
                    let wanted = (0..64).filter(|k| lowest(layout.n) & band >> k << k & 1 << k != 0);
                    let loss = wanted.map(|k| u32::from(component.steps[k]) << scan.bits.0).max().unwrap_or(0);
                    if loss <= options.drop_refinements_below && refined[index] & band == 0 && !cut {
                        for k in (0..64).filter(|k| band >> k & 1 == 1) {
                            choice.missing[index][k] = scan.bits.0;
                        }
                        continue;
                    }
                    *needed |= band;
                    refined[index] |= band;
                    choice.history[index] = true;
                }
                choice.read[i] = true;
            }
        }
        choice
    }

    /// Bytes of what is kept of all blocks.
    pub(crate) fn bytes(&self, layouts: &[Layout]) -> u64 {
        let of = |(layout, history): (&Layout, &bool)| {
            let block = transform::size(layout.n) * 2 + if *history { 8 } else { 0 };
            (layout.padded.0 * layout.padded.1 * block) as u64
        };
        layouts.iter().zip(&self.history).map(of).sum()
    }
}

/// The coefficients of one component.
struct Store {
    n: usize,
    /// Coefficients kept of a block.
    size: usize,
    /// Those that are kept.
    lowest: Set,
    /// Where index k is kept, if it is.
    place: [u8; 64],
    /// Blocks in a row.
    across: usize,
    coefficients: Vec<i16>,
    /// For each block, which coefficients are not zero; or nothing, where no scan asks.
    history: Vec<Set>,
    /// Quantiser steps by place.
    steps: [i16; 64],
    /// What to add to the size of a coefficient that is not zero for the bits that were not read: half of what they may hold.
    half: [i16; 64],
}

impl Store {
    fn new(layout: &Layout, history: bool) -> Store {
        let (n, blocks) = (layout.n, layout.padded.0 * layout.padded.1);
        let mut place = [0; 64];
        for (place, at) in place.iter_mut().zip(ZIGZAG) {
            let (row, column) = (usize::from(at / 8), usize::from(at % 8));
            if row < n && column < n {
                *place = transform::place(n, row, column) as u8;
            }
        }
        Store {
            n,
            size: transform::size(n),
            lowest: lowest(n),
            place,
            across: layout.padded.0,
            coefficients: vec![0; blocks * transform::size(n)],
            history: vec![0; if history { blocks } else { 0 }],
            steps: [0; 64],
            half: [0; 64],
        }
    }

    #[inline(always)]
    fn dc(&mut self, x: usize, y: usize) -> Option<&mut i16> {
        self.coefficients.get_mut((y * self.across + x) * self.size)
    }

    #[inline(always)]
    fn coefficient(&mut self, block: usize, k: usize) -> Option<&mut i16> {
        self.coefficients.get_mut(block * self.size + usize::from(self.place[k & 63]))
    }

    #[inline(always)]
    fn history(&self, block: usize) -> Set {
        self.history.get(block).copied().unwrap_or_default()
    }

    /// Adds to those of a block that are not zero.
    #[inline(always)]
    fn remember(&mut self, block: usize, new: Set) {
        if let Some(history) = self.history.get_mut(block) {
            *history |= new;
        }
    }
}

/// Decodes all scans that are needed. Gives the planes in the order of the layouts.
pub(crate) fn decode(
    jpeg: &Jpeg<'_>,
    layouts: &[Layout],
    options: &Options,
    instructions: Instructions,
    cancel: &mut dyn FnMut() -> bool,
) -> Result<Vec<Vec<u8>>, Error> {
    let choice = Choice::new(jpeg, layouts, options);
    let mut stores: Vec<Store> =
        layouts.iter().zip(&choice.history).map(|(layout, history)| Store::new(layout, *history)).collect();
    let mut source = Source::new(jpeg.bytes);
    for (scan, _) in jpeg.scans.iter().zip(&choice.read).filter(|(_, read)| **read) {
        for component in &scan.components {
            let Some(store) = stores.get_mut(component.index) else { continue };
            for k in (0..64).filter(|k| store.lowest >> k & 1 == 1) {
                let place = usize::from(store.place[k] & 63);
                store.steps[place] = component.steps[k] as i16;
                let missing = choice.missing.get(component.index).map_or(0, |missing| missing[k]);
                store.half[place] = (((1 << missing) - 1) * i32::from(component.steps[k]) / 2) as i16;
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
    AcFirst(Box<AcTable>),
    AcRefine(Box<SymbolTable>),
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
            (_, 0) => Coding::AcFirst(Box::new(AcTable::new(table(&first.ac)?, Kind::AcFirst)?)),
            _ => Coding::AcRefine(Box::new(SymbolTable::new(table(&first.ac)?, Kind::Symbols)?)),
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
        Instructions::Plain => blocks(source, pass, stores, cancel, deposit),
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
    blocks(source, pass, stores, cancel, |bits, mask| std::arch::x86_64::_pdep_u64(bits, mask))
}

#[inline(always)]
fn blocks(
    source: &mut Source<'_>,
    pass: &Pass<'_>,
    stores: &mut [Store],
    cancel: &mut dyn FnMut() -> bool,
    deposit: impl Fn(u64, u64) -> u64,
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
                            if let Some(dc) = store.dc(x * across + h, y * down + v) {
                                *dc = value;
                            }
                        }
                    }
                    Coding::DcRefine => {
                        for block in 0..across * down {
                            let (v, h) = (block / across, block % across);
                            bits.refill(buffer);
                            let bit = bits.take(1) as i16;
                            if let Some(dc) = store.dc(x * across + h, y * down + v) {
                                *dc |= bit << low;
                            }
                        }
                    }
                    Coding::AcFirst(table) => {
                        if state.empty > 0 {
                            state.empty -= 1;
                        } else {
                            ac_first(buffer, &mut bits, table, &mut state, store, y * store.across + x, band, low);
                        }
                    }
                    Coding::AcRefine(table) => {
                        let block = y * store.across + x;
                        let deposit = &deposit;
                        ac_refine(buffer, &mut bits, table, &mut state, store, block, band, low, deposit);
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
    block: usize,
    (first, last): (usize, usize),
    low: u32,
) {
    let (mut k, mut sound, mut new) = (first, true, 0);
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
        if value != 0 {
            new |= 1 << (k & 63);
            if store.lowest >> (k & 63) & 1 == 1
                && let Some(coefficient) = store.coefficient(block, k)
            {
                *coefficient = value << low;
            }
        }
        k += 1;
    }
    store.remember(block, new);
    state.unsound |= !sound || k > last + 1;
}

/// The coefficients from index `k` on.
#[inline(always)]
fn from(k: usize) -> Set {
    if k < 64 { Set::MAX << k } else { 0 }
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
    block: usize,
    (first, last): (usize, usize),
    low: u32,
    deposit: &impl Fn(u64, u64) -> u64,
) {
    let band = from(first) & !from(last + 1);
    let history = store.history(block);
    let (mut k, mut new) = (first, 0);
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
            state.unsound |= size > 1;
            // Where the value goes: behind so many coefficients that are zero, and on one that is.
            let rest = band & from(k);
            let place = deposit(1 << zeros, rest & !history);
            let before = if place == 0 { rest } else { rest & (place - 1) };
            refine(buffer, bits, store, block, before & history, low, deposit);
            if value != 0 {
                // A block of too many coefficients.
                state.unsound |= place == 0;
                new |= place;
                k = place.trailing_zeros() as usize;
                if store.lowest & place != 0
                    && let Some(coefficient) = store.coefficient(block, k)
                {
                    *coefficient = value;
                }
            }
            k = if place == 0 { last } else { place.trailing_zeros() as usize } + 1;
        }
    }
    if state.empty > 0 {
        refine(buffer, bits, store, block, band & from(k) & history, low, deposit);
        state.empty -= 1;
    }
    store.remember(block, new);
}

/// Reads one bit for each coefficient of a set, none of which is zero.
#[inline(always)]
fn refine(
    buffer: &Buffer,
    bits: &mut Bits,
    store: &mut Store,
    block: usize,
    set: Set,
    low: u32,
    deposit: &impl Fn(u64, u64) -> u64,
) {
    const HALF: Set = 0xFFFF_FFFF;
    if set == 0 {
        return;
    }
    let mut grown = if set.count_ones() <= 56 {
        deposit(bits.take_reversed(buffer, set.count_ones()), set)
    } else {
        deposit(bits.take_reversed(buffer, (set & HALF).count_ones()), set & HALF)
            | deposit(bits.take_reversed(buffer, (set & !HALF).count_ones()), set & !HALF)
    } & store.lowest;
    while grown != 0 {
        if let Some(coefficient) = store.coefficient(block, grown.trailing_zeros() as usize) {
            *coefficient = coefficient.wrapping_add(if *coefficient < 0 { -1 << low } else { 1 << low });
        }
        grown &= grown - 1;
    }
}

/// Puts the lowest bits of `bits` where `mask` has bits, in order.
fn deposit(mut bits: u64, mut mask: u64) -> u64 {
    let mut out = 0;
    while mask != 0 && bits != 0 {
        if bits & 1 == 1 {
            out |= mask & mask.wrapping_neg();
        }
        bits >>= 1;
        mask &= mask - 1;
    }
    out
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
                for (x, kept) in row.chunks_exact(transform::size(N)).enumerate() {
                    let mut block: Block = [0; 64];
                    let mut ac = 0;
                    for (i, value) in kept.iter().enumerate() {
                        let half = value.signum() * store.half[i];
                        block[i] = value.wrapping_mul(store.steps[i]).wrapping_add(half);
                        ac |= if i > 0 { block[i] } else { 0 };
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
