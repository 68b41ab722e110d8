//! Walks a file from marker to marker (ITU-T T.81, annex B), keeping the tables that scans are decoded with.

use std::sync::Arc;

use crate::Error;
use crate::huffman::Spec;

/// The order in which a block's coefficients are coded (figure A.6): index to row * 8 + column.
pub(crate) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// The frame header (B.2.2).
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub width: u32,
    pub height: u32,
    pub progressive: bool,
    pub components: Vec<FrameComponent>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameComponent {
    pub id: u8,
    pub horizontal: u8,
    pub vertical: u8,
    /// Which quantisation table.
    pub table: u8,
}

/// A component's part in a scan.
#[derive(Debug, Clone)]
pub(crate) struct ScanComponent {
    /// Which component of the frame.
    pub index: usize,
    pub dc: Option<Arc<Spec>>,
    pub ac: Option<Arc<Spec>>,
    /// Quantiser steps in zigzag order.
    pub steps: Arc<[u16; 64]>,
}

/// A scan header (B.2.3) with what was defined before it.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    pub components: Vec<ScanComponent>,
    /// First and last coefficient, zigzag order.
    pub band: (u8, u8),
    /// Ah, Al: the lowest bit that was known before, 0 for none, and that is known after.
    pub bits: (u8, u8),
    /// MCUs between restart markers, 0 for none.
    pub restart_interval: u32,
    /// Where its data begins.
    pub data: usize,
}

/// What the next marker of interest is.
#[derive(Debug)]
pub(crate) enum Step {
    /// A scan, whose data begins at the walker's place.
    Scan(Scan),
    /// The end marker.
    End,
    /// The data ends without one.
    Cut,
}

/// Where a walk has come to, and what it has seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walker {
    pub at: usize,
    pub frame: Option<Frame>,
    pub jfif: bool,
    pub adobe: Option<u8>,
    pub restart_interval: u32,
    quantisers: [Option<Arc<[u16; 64]>>; 4],
    /// DC tables, then AC tables.
    huffman: [Option<Arc<Spec>>; 8],
}

impl Walker {
    /// Behind the start marker.
    ///
    /// # Errors
    /// `Corrupt` when there is none.
    pub(crate) fn new(bytes: &[u8]) -> Result<Walker, Error> {
        match bytes {
            [0xFF, 0xD8, ..] => Ok(Walker { at: 2, ..Walker::default() }),
            [] | [0xFF] => Err(Error::Truncated("no start marker")),
            _ => Err(Error::Corrupt("no start marker")),
        }
    }

    /// Reads up to the next scan header, or to the end.
    ///
    /// # Errors
    /// By what the markers hold; `Truncated` when a segment is cut.
    pub(crate) fn step(&mut self, bytes: &[u8]) -> Result<Step, Error> {
        loop {
            let Some((code, after)) = next_marker(bytes, self.at) else {
                self.at = bytes.len();
                return Ok(Step::Cut);
            };
            self.at = after;
            match code {
                0xD9 => return Ok(Step::End),
                0x01 | 0xD0..=0xD8 => continue,
                _ => {}
            }
            let cut = Error::Truncated("a segment is cut");
            let length = bytes.get(after..after + 2).ok_or(cut)?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            if length < 2 {
                return Err(Error::Corrupt("a segment of impossible length"));
            }
            let body = bytes.get(after + 2..after + length).ok_or(cut)?;
            self.at = after + length;
            match code {
                0xC4 => self.huffman_tables(body)?,
                0xC0..=0xCF if code != 0xC8 && code != 0xCC => self.frame(code, body)?,
                0xDB => self.quantisers(body)?,
                0xDD => match body {
                    [high, low] => self.restart_interval = u16::from_be_bytes([*high, *low]).into(),
                    _ => return Err(Error::Corrupt("a restart interval of odd length")),
                },
                0xDA => return self.scan(body).map(Step::Scan),
                0xDC => return Err(Error::Unsupported("a number of lines after the fact")),
                0xE0 => self.jfif |= body.starts_with(b"JFIF\0"),
                0xEE => {
                    if let (None, true) = (self.adobe, body.starts_with(b"Adobe")) {
                        self.adobe = body.get(11).copied();
                    }
                }
                _ => {}
            }
        }
    }

    /// SOF (B.2.2).
    fn frame(&mut self, code: u8, body: &[u8]) -> Result<(), Error> {
        if self.frame.is_some() {
            return Err(Error::Corrupt("two frames"));
        }
        if !matches!(code, 0xC0..=0xC2) {
            return Err(Error::Unsupported("arithmetic coding, lossless or hierarchical"));
        }
        let [precision, h1, h0, w1, w0, count, list @ ..] = body else {
            return Err(Error::Corrupt("a short frame header"));
        };
        if *precision != 8 {
            return Err(Error::Unsupported("not 8 bits a sample"));
        }
        let (height, width) = (u16::from_be_bytes([*h1, *h0]), u16::from_be_bytes([*w1, *w0]));
        if width == 0 {
            return Err(Error::Corrupt("no width"));
        }
        if height == 0 {
            return Err(Error::Unsupported("a number of lines after the fact"));
        }
        if !(1..=4).contains(count) {
            return Err(Error::Unsupported("not one to four components"));
        }
        if list.len() != usize::from(*count) * 3 {
            return Err(Error::Corrupt("a frame header of odd length"));
        }
        let components: Vec<FrameComponent> = list
            .chunks_exact(3)
            .map(|c| FrameComponent { id: c[0], horizontal: c[1] >> 4, vertical: c[1] & 15, table: c[2] })
            .collect();
        for (i, component) in components.iter().enumerate() {
            let fits = |factor: u8| (1..=4).contains(&factor);
            if !fits(component.horizontal) || !fits(component.vertical) || component.table > 3 {
                return Err(Error::Corrupt("impossible sampling factors"));
            }
            if components[..i].iter().any(|other| other.id == component.id) {
                return Err(Error::Unsupported("two components of one name"));
            }
        }
        self.frame = Some(Frame { width: width.into(), height: height.into(), progressive: code == 0xC2, components });
        Ok(())
    }

    /// DHT (B.2.4.2).
    fn huffman_tables(&mut self, mut body: &[u8]) -> Result<(), Error> {
        while let [place, rest @ ..] = body {
            let (class, id) = (place >> 4, place & 15);
            if class > 1 || id > 3 {
                return Err(Error::Corrupt("a Huffman table of no place"));
            }
            let (spec, rest) = Spec::read(rest)?;
            self.huffman[usize::from(class * 4 + id)] = Some(Arc::new(spec));
            body = rest;
        }
        Ok(())
    }

    /// DQT (B.2.4.1).
    fn quantisers(&mut self, mut body: &[u8]) -> Result<(), Error> {
        while let [place, rest @ ..] = body {
            let (wide, id) = (place >> 4, usize::from(place & 15));
            let size = if wide == 0 { 64 } else { 128 };
            let (true, Some((list, rest))) = (wide <= 1 && id <= 3, rest.split_at_checked(size)) else {
                return Err(Error::Corrupt("a quantisation table of no place or too short"));
            };
            let mut steps = [0; 64];
            for (i, step) in steps.iter_mut().enumerate() {
                *step = match wide {
                    0 => list[i].into(),
                    _ => u16::from_be_bytes([list[i * 2], list[i * 2 + 1]]),
                };
            }
            self.quantisers[id] = Some(Arc::new(steps));
            body = rest;
        }
        Ok(())
    }

    /// SOS (B.2.3).
    fn scan(&mut self, body: &[u8]) -> Result<Scan, Error> {
        let frame = self.frame.as_ref().ok_or(Error::Corrupt("a scan before the frame header"))?;
        let short = Error::Corrupt("a scan header of odd length");
        let (count, rest) = body.split_first().ok_or(short)?;
        let (list, &[first, last, bits]) = rest.split_at_checked(usize::from(*count) * 2).ok_or(short)? else {
            return Err(short);
        };
        if !(1..=4).contains(count) {
            return Err(Error::Corrupt("a scan of no component, or of too many"));
        }
        let mut scan = Scan {
            components: Vec::with_capacity(list.len() / 2),
            band: if frame.progressive { (first, last) } else { (0, 63) },
            bits: if frame.progressive { (bits >> 4, bits & 15) } else { (0, 0) },
            restart_interval: self.restart_interval,
            data: self.at,
        };
        let mut blocks = 0;
        for selector in list.chunks_exact(2) {
            let (id, dc, ac) = (selector[0], usize::from(selector[1] >> 4), usize::from(selector[1] & 15));
            let found = frame.components.iter().position(|c| c.id == id);
            let index = found.ok_or(Error::Corrupt("a scan of a component that is not there"))?;
            if scan.components.last().is_some_and(|before| before.index >= index) {
                return Err(Error::Unsupported("a scan of components out of order"));
            }
            if dc > 3 || ac > 3 {
                return Err(Error::Corrupt("a scan with a table of no place"));
            }
            let component = frame.components[index];
            blocks += u32::from(component.horizontal) * u32::from(component.vertical);
            let steps = self.quantisers[usize::from(component.table)].clone();
            scan.components.push(ScanComponent {
                index,
                dc: self.huffman[dc].clone(),
                ac: self.huffman[4 + ac].clone(),
                steps: steps.ok_or(Error::Corrupt("a quantisation table is missing"))?,
            });
        }
        if scan.components.len() > 1 && blocks > 10 {
            return Err(Error::Corrupt("more than ten blocks in an MCU"));
        }
        Ok(scan)
    }
}

/// The code of the next marker and what follows it. Steps over entropy-coded data.
fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += memchr::memchr(0xFF, bytes.get(at..)?)? + 1;
        match *bytes.get(at)? {
            0x00 => at += 1,
            0xFF => {}
            code => return Some((code, at + 1)),
        }
    }
}
