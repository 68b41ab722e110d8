//! Entropy-coded data (ITU-T T.81, B.1.1.5) without its stuffed zeros, in pieces, and the bits in it.

use crate::Error;

/// A power of two: places in the buffer are masked, which spares a check at each read.
const SIZE: usize = 1 << 16;

/// Unstuffed data kept at a time.
const KEPT: usize = 1 << 15;

/// Most bytes that one MCU can take: 10 blocks (B.2.3) of 64 coefficients of 16 bits of code and 15 of value.
pub(crate) const MCU_BYTES: usize = 10 * 64 * 4;

/// Bytes held by a [`Source`].
pub(crate) const SOURCE_BYTES: u64 = (SIZE + 8) as u64;

/// A piece of data with room behind it for what is read beyond its end: zeros.
pub(crate) type Buffer = [u8; SIZE + 8];

/// The next bits, left-aligned.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bits {
    bits: u64,
    count: u32,
    at: usize,
}

impl Bits {
    /// The same in new places, which the compiler may keep in registers where it will not do so for an argument.
    #[inline(always)]
    pub(crate) fn local(self) -> Bits {
        Bits { bits: self.bits, count: self.count, at: self.at }
    }

    /// Afterwards at least 56 bits are there.
    #[inline(always)]
    pub(crate) fn refill(&mut self, buffer: &Buffer) {
        let at = self.at & (SIZE - 1);
        let mut word = [0; 8];
        word.copy_from_slice(&buffer[at..at + 8]);
        self.bits |= u64::from_be_bytes(word) >> self.count;
        self.at += (63 - self.count as usize) >> 3;
        self.count |= 56;
    }

    /// The next bits, left-aligned; what lies behind those that are there has no meaning.
    #[inline(always)]
    pub(crate) fn word(&self) -> u64 {
        self.bits
    }

    /// The next 1 to 32 bits.
    #[inline(always)]
    pub(crate) fn peek(&self, count: u32) -> u32 {
        (self.bits >> (64 - count)) as u32
    }

    /// Steps over at most as many bits as are there.
    #[inline(always)]
    pub(crate) fn consume(&mut self, count: u32) {
        self.bits <<= count & 63;
        self.count = self.count.wrapping_sub(count) & 63;
    }

    /// The next 0 to 16 bits.
    #[inline(always)]
    pub(crate) fn take(&mut self, count: u32) -> u32 {
        let value = (self.bits >> 1 >> (63 - count)) as u32;
        self.consume(count);
        value
    }

    /// The next 0 to 56 bits, the first of them lowest; what lies above them has no meaning. Fills up before.
    #[inline(always)]
    pub(crate) fn take_reversed(&mut self, buffer: &Buffer, count: u32) -> u64 {
        self.refill(buffer);
        let word = self.bits.reverse_bits();
        self.consume(count);
        word
    }

    /// Bits taken since the start of the buffer.
    #[inline(always)]
    fn taken(&self) -> usize {
        (self.at * 8).saturating_sub(self.count as usize)
    }
}

/// The data of one scan.
pub(crate) struct Source<'a> {
    bytes: &'a [u8],
    /// Where in `bytes` the buffer ends.
    next: usize,
    buffer: Box<Buffer>,
    /// Bytes of data in the buffer.
    filled: usize,
    /// All data up to the next marker is in the buffer.
    ended: bool,
    /// Past this place in the buffer, [`Source::fill`] is to be called before the next MCU.
    limit: usize,
}

impl<'a> Source<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Source<'a> {
        // Made on the heap: the array is larger than some threads' stacks like.
        let buffer: Box<Buffer> = match vec![0; SIZE + 8].into_boxed_slice().try_into() {
            Ok(buffer) => buffer,
            Err(_) => Box::new([0; SIZE + 8]),
        };
        Source { bytes, next: 0, buffer, filled: 0, ended: true, limit: 0 }
    }

    /// Goes to the start of a scan's data.
    pub(crate) fn start(&mut self, at: usize) -> Bits {
        self.next = at;
        self.filled = 0;
        self.ended = false;
        let mut bits = Bits::default();
        self.load(&mut bits);
        bits
    }

    #[inline(always)]
    pub(crate) fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Whether [`Source::fill`] must come before the next MCU.
    #[inline(always)]
    pub(crate) fn is_low(&self, bits: &Bits) -> bool {
        bits.at > self.limit
    }

    /// Makes the data of one more MCU available.
    ///
    /// # Errors
    /// `Truncated` when more has been read than there was.
    #[cold]
    #[inline(never)]
    pub(crate) fn fill(&mut self, mut bits: Bits) -> Result<Bits, Error> {
        self.check(&bits)?;
        if !self.ended {
            self.load(&mut bits);
        }
        Ok(bits)
    }

    /// # Errors
    /// `Truncated` when more has been read than there was.
    pub(crate) fn check(&self, bits: &Bits) -> Result<(), Error> {
        if bits.taken() > self.filled * 8 { Err(Error::Truncated("entropy-coded data ends early")) } else { Ok(()) }
    }

    /// Moves what was not read to the front and appends data up to the next marker, or until the buffer is full.
    fn load(&mut self, bits: &mut Bits) {
        let from = bits.at.min(self.filled);
        self.buffer.copy_within(from..self.filled, 0);
        self.filled -= from;
        bits.at -= from;
        while self.filled < KEPT {
            let end = self.bytes.len().min(self.next + KEPT - self.filled);
            let Some(data) = self.bytes.get(self.next..end) else { break };
            let plain = memchr::memchr(0xFF, data).unwrap_or(data.len());
            self.append(plain);
            if plain < data.len() {
                match self.bytes.get(self.next + 1) {
                    Some(0) => {
                        self.append(1);
                        self.next += 1;
                    }
                    // A fill byte (B.1.1.2).
                    Some(0xFF) => self.next += 1,
                    _ => self.ended = true,
                }
            }
            if self.ended || self.next >= self.bytes.len() {
                self.ended = true;
                break;
            }
        }
        self.buffer[self.filled..self.filled + MCU_BYTES + 16].fill(0);
        self.limit = if self.ended { self.filled + 8 } else { self.filled - MCU_BYTES - 16 };
    }

    fn append(&mut self, count: usize) {
        let (from, to) = (self.next, self.filled);
        self.buffer[to..to + count].copy_from_slice(&self.bytes[from..from + count]);
        self.filled += count;
        self.next += count;
    }

    /// Steps over the rest of an interval and the restart marker behind it (E.2.4), which is to be number `expected` of 0
    /// to 7.
    ///
    /// # Errors
    /// `Truncated` when there is no further marker, or the end of the picture; `Corrupt` for any other.
    pub(crate) fn restart(&mut self, bits: Bits, expected: u8) -> Result<Bits, Error> {
        self.check(&bits)?;
        match self.finish() {
            Some(code) if code == 0xD0 | expected & 7 => Ok(self.start(self.next + 2)),
            Some(0xD9) | None => Err(Error::Truncated("the picture ends at a restart")),
            Some(0xD0..=0xD7) => Err(Error::Corrupt("restart markers out of order")),
            Some(_) => Err(Error::Corrupt("no restart marker where one belongs")),
        }
    }

    /// Steps over the rest of the data and gives the code of the marker behind it, which stands at [`Source::place`].
    pub(crate) fn finish(&mut self) -> Option<u8> {
        while !self.ended {
            self.filled = 0;
            self.load(&mut Bits::default());
        }
        match self.bytes.get(self.next..self.next + 2) {
            Some([0xFF, code]) => Some(*code),
            _ => None,
        }
    }

    /// Where in the file the buffer ends.
    pub(crate) fn place(&self) -> usize {
        self.next.min(self.bytes.len())
    }
}
