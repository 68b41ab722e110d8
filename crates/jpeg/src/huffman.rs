//! Huffman tables (ITU-T T.81, C and F.2.2.3), turned into tables that answer most symbols in one look-up.

use crate::Error;
use crate::source::Bits;

/// Bits looked up at once. Wider tables leave the first level of cache.
pub(crate) const FAST: u32 = 12;
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
    /// The same, and runs of empty blocks (G.1.2.2).
    AcFirst,
    /// Nothing: the decoder reads symbols one by one.
    Symbols,
}

/// The outcome of one look-up, packed.
///
/// Bits 0..8: how many bits code and value take, 0 for none known. Bits 8..16: zeros before the value, or [`END`].
/// Bits 16..32: the value. When the first field is 0, bits 8..16 hold the length of the code and bits 16..24 the symbol;
/// all zero stands for a code longer than the index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Entry(u32);

impl Entry {
    #[inline(always)]
    fn known(bits: u32, run: usize, value: i32) -> Entry {
        Entry(bits | (run as u32) << 8 | (value as u32) << 16)
    }

    #[inline(always)]
    pub(crate) fn bits(self) -> u32 {
        self.0 & 0xFF
    }

    #[inline(always)]
    pub(crate) fn run(self) -> usize {
        (self.0 >> 8 & 0xFF) as usize
    }

    #[inline(always)]
    pub(crate) fn value(self) -> i16 {
        (self.0 >> 16) as i16
    }
}

/// A table made for decoding.
pub(crate) struct Table {
    kind: Kind,
    fast: Box<[Entry; 1 << FAST]>,
    /// For each length, the first left-aligned 16-bit code beyond those of this length and shorter.
    limit: [u32; 17],
    /// For each length, what to add to a code of that length to find its symbol.
    offset: [i32; 17],
    values: [u8; 256],
}

/// The value that `size` bits stand for (EXTEND, F.2.2.1).
#[inline(always)]
pub(crate) fn extend(bits: u32, size: u32) -> i32 {
    if size == 0 {
        0
    } else if bits >> (size - 1) == 0 {
        bits as i32 - ((1 << size) - 1)
    } else {
        bits as i32
    }
}

impl Table {
    pub(crate) fn new(spec: &Spec, kind: Kind) -> Result<Table, Error> {
        let mut table = Table {
            kind,
            fast: Box::new([Entry::default(); 1 << FAST]),
            limit: [0; 17],
            offset: [0; 17],
            values: [0; 256],
        };
        table.values[..spec.values.len()].copy_from_slice(&spec.values);
        if kind == Kind::Dc && spec.values.iter().any(|size| *size > 15) {
            return Err(Error::Corrupt("a DC difference of more than 15 bits"));
        }
        let (mut code, mut at) = (0_u32, 0_usize);
        for length in 1..=16_u32 {
            table.offset[length as usize] = at as i32 - code as i32;
            for _ in 0..spec.counts[length as usize - 1] {
                if length <= FAST {
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
        let first = (code << (FAST - length)) as usize;
        let span = 1_usize << (FAST - length);
        let Some(entries) = self.fast.get_mut(first..first + span) else { return };
        let unknown = Entry(length << 8 | u32::from(symbol) << 16);
        entries.fill(unknown);
        let (run, size) = match self.kind {
            Kind::Dc => (0, u32::from(symbol)),
            Kind::Ac | Kind::AcFirst => (usize::from(symbol >> 4), u32::from(symbol & 15)),
            Kind::Symbols => {
                entries.fill(Entry::known(length, usize::from(symbol), 0));
                return;
            }
        };
        if length + size > FAST {
            return;
        }
        if self.kind != Kind::Dc && size == 0 {
            match run {
                15 => entries.fill(Entry::known(length, 15, 0)),
                0 => entries.fill(Entry::known(length, END, 0)),
                _ => {}
            }
            return;
        }
        for (bits, same) in entries.chunks_exact_mut(span >> size).enumerate() {
            same.fill(Entry::known(length + size, run, extend(bits as u32, size)));
        }
    }

    /// The entry of what comes next. The reader holds at least 16 bits.
    #[inline(always)]
    pub(crate) fn fast(&self, bits: &Bits) -> Entry {
        self.fast[bits.peek(FAST) as usize & ((1 << FAST) - 1)]
    }

    /// Reads one symbol by its code, however long. `None` when no code fits. The reader holds at least 16 bits.
    #[inline(always)]
    pub(crate) fn symbol(&self, bits: &mut Bits) -> Option<u8> {
        let entry = self.fast(bits);
        if self.kind == Kind::Symbols && entry.bits() != 0 {
            bits.consume(entry.bits());
            return Some(entry.run() as u8);
        }
        let (after, symbol) = self.long_symbol(*bits);
        *bits = after;
        symbol
    }

    #[cold]
    #[inline(never)]
    fn long_symbol(&self, mut bits: Bits) -> (Bits, Option<u8>) {
        let next = bits.peek(16);
        for length in 1..=16_u32 {
            if next < self.limit[length as usize] {
                let at = self.offset[length as usize] + (next >> (16 - length)) as i32;
                bits.consume(length);
                return (bits, self.values.get(at as usize).copied());
            }
        }
        (bits, None)
    }

    /// What [`Table::fast`] did not know: reads code and value, for tables of kind `Dc` and `Ac`. The number of bits of the
    /// entry is of no use; it is 0 when no code fits or a symbol means nothing. The reader holds at least 31 bits.
    #[cold]
    #[inline(never)]
    pub(crate) fn slow(&self, entry: Entry, mut bits: Bits) -> (Bits, Entry) {
        let length = entry.run() as u32;
        let symbol = if length != 0 {
            bits.consume(length);
            entry.value() as u8
        } else {
            match self.long_symbol(bits) {
                (after, Some(symbol)) => {
                    bits = after;
                    symbol
                }
                (after, None) => return (after, Entry::default()),
            }
        };
        let (run, size) = match self.kind {
            Kind::Dc => (0, u32::from(symbol)),
            _ => (usize::from(symbol >> 4), u32::from(symbol & 15)),
        };
        let found = match (self.kind, run, size) {
            (Kind::Dc, ..) | (_, 15, 0) => Entry::known(1, run, extend(bits.take(size), size)),
            (_, 0, 0) => Entry::known(1, END, 0),
            (_, _, 0) => Entry::default(),
            _ => Entry::known(1, run, extend(bits.take(size), size)),
        };
        (bits, found)
    }
}

/// Says how far several symbols at once move the index of a coefficient, without their values.
pub(crate) struct Skips(Box<[u16; 1 << SKIP]>);

impl Skips {
    /// From a table of kind `Ac`.
    pub(crate) fn new(table: &Table) -> Skips {
        let mut skips = Box::new([0; 1 << SKIP]);
        for (index, skip) in skips.iter_mut().enumerate() {
            let (mut used, mut moved) = (0, 0);
            loop {
                let rest = (index as u32) << used & ((1 << SKIP) - 1);
                let entry = table.fast[(rest >> (SKIP - FAST)) as usize & ((1 << FAST) - 1)];
                if entry.bits() == 0 || used + entry.bits() > SKIP {
                    break;
                }
                if entry.run() == END {
                    (used, moved) = (used + entry.bits(), moved + END);
                    break;
                }
                // More than a block can hold: the caller reads one by one and finds out.
                if moved + entry.run() + 1 > 63 {
                    break;
                }
                (used, moved) = (used + entry.bits(), moved + entry.run() + 1);
            }
            *skip = (moved << 8) as u16 | used as u16;
        }
        Skips(skips)
    }

    /// How many bits to take, 0 for none known, and how far the index moves, [`END`] included. The reader holds at least
    /// 16 bits.
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
