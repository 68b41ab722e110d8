//! Huffman tables (ITU-T T.81, C and F.2.2.3), turned into tables that answer most symbols in one look-up.

use crate::Error;
use crate::source::{Bits, Buffer};

/// Bits looked up at once. Wider tables leave the first level of cache.
pub(crate) const FAST: u32 = 11;
/// Bits looked up at once where only distances count.
pub(crate) const SKIP: u32 = 13;

/// Added to the index of a coefficient when a block ends before its last coefficient.
pub(crate) const END: usize = 128;

/// A table as the file defines it (DHT, B.2.4.2), checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spec {
    /// Number of codes of 1 to 16 bits.
    counts: [u8; 16],
    values: Vec<u8>,
}

impl Spec {
    /// Reads one table; gives also what follows it.
    pub(crate) fn read(body: &[u8]) -> Result<(Spec, &[u8]), Error> {
        let short = Error::Corrupt("a short Huffman table");
        let (counts, rest) = body.split_first_chunk::<16>().ok_or(short)?;
        let total: usize = counts.iter().map(|c| usize::from(*c)).sum();
        let (values, rest) = rest.split_at_checked(total).ok_or(short)?;
        let mut free = 1_i32;
        for count in counts {
            free = free * 2 - i32::from(*count);
            if free < 0 {
                return Err(Error::Corrupt("a Huffman table of more codes than fit"));
            }
        }
        if total > 256 {
            return Err(Error::Corrupt("a Huffman table of more than 256 codes"));
        }
        Ok((Spec { counts: *counts, values: values.to_vec() }, rest))
    }
}

/// What the symbols of a table mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The number of bits of a difference (F.1.2.1).
    Dc,
    /// A run of zeros and the number of bits of a value (F.1.2.2).
    Ac,
    /// The same, and runs of empty blocks (G.1.2.2): [`END`] and the number of bits that say how many.
    AcFirst,
    /// Anything else: the decoder reads symbols one by one.
    Symbols,
}

/// The outcome of one look-up, packed.
///
/// Bits 0..7: how many bits code and value take together, 0 for a code that is longer than the index. Bits 8..16: zeros
/// before the value, or [`END`], or the symbol where the table is of kind `Symbols`. Bits 16..32: the value; or, when bit 7
/// is set, how many bits the code takes (16..24) and how many the value behind it (24..32).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Entry(u32);

const VALUE_FOLLOWS: u32 = 1 << 7;

impl Entry {
    #[inline(always)]
    fn known(bits: u32, run: usize, value: i32) -> Entry {
        Entry(bits | (run as u32) << 8 | (value as u32) << 16)
    }

    fn followed(code: u32, size: u32, run: usize) -> Entry {
        Entry((code + size) | VALUE_FOLLOWS | (run as u32) << 8 | code << 16 | size << 24)
    }

    /// What the symbol of a code of so many bits says.
    fn new(kind: Kind, code: u32, symbol: u8) -> Entry {
        let (run, size) = match kind {
            Kind::Symbols => return Entry::known(code, symbol.into(), 0),
            Kind::Dc => return Entry::followed(code, symbol.into(), 0),
            Kind::Ac | Kind::AcFirst => (usize::from(symbol >> 4), u32::from(symbol & 15)),
        };
        match (run, size) {
            (0..15, 0) if kind == Kind::AcFirst => Entry::known(code, END + run, 0),
            (0, 0) => Entry::known(code, END, 0),
            (15, 0) => Entry::known(code, 15, 0),
            // Has no meaning (F.1.2.2.1): like no code at all.
            (_, 0) => Entry::default(),
            _ => Entry::followed(code, size, run),
        }
    }

    #[inline(always)]
    pub(crate) fn bits(self) -> u32 {
        self.0 & 0x7F
    }

    #[inline(always)]
    pub(crate) fn run(self) -> usize {
        (self.0 >> 8 & 0xFF) as usize
    }

    /// The value; `bits` as they were before the code.
    #[inline(always)]
    fn value(self, bits: u64) -> i16 {
        if self.0 & VALUE_FOLLOWS == 0 {
            return (self.0 >> 16) as i16;
        }
        let (code, size) = (self.0 >> 16 & 0xFF, self.0 >> 24);
        let rest = bits << (code & 63);
        extend((rest >> 1 >> (63 - size)) as u32, size) as i16
    }
}

/// The value that `size` bits stand for (EXTEND, F.2.2.1), 0 to 15 of them.
#[inline(always)]
pub(crate) fn extend(bits: u32, size: u32) -> i32 {
    let negative = bits << 1 >> size == 0;
    bits as i32 - if negative { (1 << size) - 1 } else { 0 }
}

/// A table made for decoding, with an index of `1 << FAST` codes.
pub(crate) struct Table<const LENGTH: usize> {
    kind: Kind,
    fast: [Entry; LENGTH],
    /// For each length, the first left-aligned 16-bit code beyond those of this length and shorter.
    limit: [u32; 17],
    /// For each length, what to add to a code of that length to find its symbol.
    offset: [i32; 17],
    values: [u8; 256],
}

/// Differences: few symbols, all of them short, with values too long to look up.
pub(crate) type DcTable = Table<{ 1 << 9 }>;
/// Runs and values, most values looked up at once.
pub(crate) type AcTable = Table<{ 1 << FAST }>;
/// Symbols alone.
pub(crate) type SymbolTable = Table<{ 1 << 10 }>;

impl<const LENGTH: usize> Table<LENGTH> {
    const INDEX: u32 = LENGTH.trailing_zeros();

    pub(crate) fn new(spec: &Spec, kind: Kind) -> Result<Self, Error> {
        let mut table =
            Table { kind, fast: [Entry::default(); LENGTH], limit: [0; 17], offset: [0; 17], values: [0; 256] };
        table.values[..spec.values.len()].copy_from_slice(&spec.values);
        if kind == Kind::Dc && spec.values.iter().any(|size| *size > 15) {
            return Err(Error::Corrupt("a DC difference of more than 15 bits"));
        }
        let (mut code, mut at) = (0_u32, 0_usize);
        for length in 1..=16_u32 {
            table.offset[length as usize] = at as i32 - code as i32;
            for _ in 0..spec.counts[length as usize - 1] {
                if length <= Self::INDEX {
                    table.enter(code, length, spec.values[at]);
                }
                code += 1;
                at += 1;
            }
            table.limit[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    /// Fills the entries whose index begins with a code.
    fn enter(&mut self, code: u32, length: u32, symbol: u8) {
        let first = (code << (Self::INDEX - length)) as usize;
        let span = 1_usize << (Self::INDEX - length);
        let Some(entries) = self.fast.get_mut(first..first + span) else { return };
        entries.fill(Entry::new(self.kind, length, symbol));
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if !matches!(self.kind, Kind::Ac | Kind::AcFirst) || size == 0 || length + size > Self::INDEX {
            return;
        }
        for (bits, same) in entries.chunks_exact_mut(span >> size).enumerate() {
            same.fill(Entry::known(length + size, run, extend(bits as u32, size)));
        }
    }

    #[inline(always)]
    fn look(&self, bits: u64) -> Entry {
        self.fast[(bits >> (64 - Self::INDEX)) as usize & (LENGTH - 1)]
    }

    /// Reads a symbol and its value. Gives how far the index of a coefficient moves before the value, END or more for the
    /// end of the block. The reader holds at least 16 bits; it loses at most as many, or is filled up afterwards.
    #[inline(always)]
    pub(crate) fn read(&self, bits: &mut Bits, buffer: &Buffer, sound: &mut bool) -> (usize, i16) {
        let mut entry = self.look(bits.word());
        if entry.bits() > 16 || entry.bits() == 0 {
            bits.refill(buffer);
            if entry.bits() == 0 {
                entry = self.long(bits.word());
                *sound &= entry.bits() != 0;
            }
            let word = bits.word();
            bits.consume(entry.bits());
            bits.refill(buffer);
            return (entry.run(), entry.value(word));
        }
        let word = bits.word();
        bits.consume(entry.bits());
        (entry.run(), entry.value(word))
    }

    /// Reads a symbol. `None` when no code fits. The reader holds at least 16 bits.
    #[inline(always)]
    pub(crate) fn symbol(&self, bits: &mut Bits) -> Option<u8> {
        let mut entry = self.look(bits.word());
        if entry.bits() == 0 {
            entry = self.long(bits.word());
            if entry.bits() == 0 {
                return None;
            }
        }
        bits.consume(entry.bits());
        Some(entry.run() as u8)
    }

    /// The entry of a code longer than the index; of no bits when no code fits.
    #[cold]
    #[inline(never)]
    fn long(&self, bits: u64) -> Entry {
        let next = (bits >> 48) as u32;
        for length in 1..=16_u32 {
            if next < self.limit[length as usize] {
                let at = self.offset[length as usize] + (next >> (16 - length)) as i32;
                return self.values.get(at as usize).map_or(Entry::default(), |s| Entry::new(self.kind, length, *s));
            }
        }
        Entry::default()
    }
}

/// Says how far several symbols at once move the index of a coefficient, without their values.
pub(crate) struct Skips([u16; 1 << SKIP]);

impl Skips {
    /// From a table of runs and values.
    pub(crate) fn new(spec: &Spec) -> Result<Skips, Error> {
        let table = Table::<{ 1 << SKIP }>::new(spec, Kind::Symbols)?;
        let mut skips = [0; 1 << SKIP];
        for (index, skip) in skips.iter_mut().enumerate() {
            let (mut used, mut moved) = (0, 0);
            // A code has to lie within the index, but not the value behind it.
            while used < SKIP {
                let rest = (index as u32) << used & ((1 << SKIP) - 1);
                let entry = table.look(u64::from(rest) << (64 - SKIP));
                let (code, symbol) = (entry.bits(), entry.run());
                let (run, size) = (symbol >> 4, symbol as u32 & 15);
                if code == 0 || used + code > SKIP {
                    break;
                }
                if symbol == 0 {
                    (used, moved) = (used + code, moved + END);
                    break;
                }
                // More than a block can hold, or without meaning: the caller reads one by one and finds out.
                if moved + run + 1 > 63 || (size == 0 && run < 15) {
                    break;
                }
                (used, moved) = (used + code + size, moved + run + 1);
            }
            // Nothing known: further than any block is long.
            let moved = if used == 0 { 255 } else { moved };
            *skip = (moved << 8) as u16 | used as u16;
        }
        Ok(Skips(skips))
    }

    /// How many bits to take, at most 28, and how far the index moves, [`END`] included; 255 when nothing is known. The
    /// reader holds at least 28 bits.
    #[inline(always)]
    pub(crate) fn look(&self, bits: &Bits) -> (u32, usize) {
        let entry = self.0[bits.peek(SKIP) as usize & ((1 << SKIP) - 1)];
        (u32::from(entry & 0xFF), usize::from(entry >> 8))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn spec(counts: &[u8], values: &[u8]) -> Result<Spec, Error> {
        let mut body = [0; 16].to_vec();
        body[..counts.len()].copy_from_slice(counts);
        body.extend_from_slice(values);
        Spec::read(&body).map(|(spec, _)| spec)
    }

    #[test]
    fn too_many_codes_are_refused() {
        assert!(spec(&[2], &[0, 1]).is_ok());
        assert!(matches!(spec(&[3], &[0, 1, 2]), Err(Error::Corrupt(_))));
        assert!(matches!(spec(&[1, 3], &[0, 1, 2, 3]), Err(Error::Corrupt(_))));
        assert!(matches!(spec(&[2], &[0]), Err(Error::Corrupt(_))));
        let mut counts = [0; 16];
        counts[15] = 255;
        counts[14] = 2;
        assert!(matches!(spec(&counts, &[0; 257]), Err(Error::Corrupt(_))));
    }

    #[test]
    fn values_extend_as_the_standard_says() {
        let row: Vec<i32> = (0..8).map(|bits| extend(bits, 3)).collect();
        assert_eq!(row, [-7, -6, -5, -4, 4, 5, 6, 7]);
        assert_eq!((extend(0, 0), extend(0, 1), extend(1, 1)), (0, -1, 1));
    }
}
