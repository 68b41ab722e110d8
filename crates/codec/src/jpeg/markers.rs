//! The markers of a JPEG file (ITU-T T.81 annex B), read without decoding: sizes, metadata, and whether all of its scans
//! are there. The decoder in C conceals what is missing; here it is found out.

use crate::CodecError;

/// More scans than any encoder writes. Each costs a pass over all coefficients, however short it is.
const MOST_SCANS: u32 = 100;

/// One colour component of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Component {
    id: u8,
    horizontal: u8,
    vertical: u8,
    /// For each coefficient, the lowest bit that a scan has brought; `None` until its first scan.
    low_bits: [Option<u8>; 64],
}

/// What the markers say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Markers<'a> {
    pub width: u32,
    pub height: u32,
    pub progressive: bool,
    /// Arithmetic coding: the decoder cannot tell missing data from zeros.
    pub arithmetic: bool,
    /// The end marker stands at the top level.
    pub ended: bool,
    /// An Adobe marker (APP14): its inks are stored inverted.
    pub adobe: bool,
    /// The first EXIF block, without its prefix.
    pub exif: Option<&'a [u8]>,
    scans: u32,
    icc: Vec<(u8, &'a [u8])>,
    components: Vec<Component>,
}

impl<'a> Markers<'a> {
    /// Walks a file from its first marker to its end marker, or to where the data ends.
    ///
    /// # Errors
    /// `Truncated` when it ends before its first scan, `Corrupt` and `Unsupported` by what the frame header says.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Markers<'a>, CodecError> {
        let mut markers = Markers::default();
        let mut at = 2;
        while let Some((code, after)) = next_marker(bytes, at) {
            at = after;
            match code {
                0xD9 => {
                    markers.ended = true;
                    break;
                }
                0x01 | 0xD0..=0xD8 => continue,
                _ => {}
            }
            let Some(length) = bytes.get(at..at + 2).map(|b| usize::from(u16::from_be_bytes([b[0], b[1]]))) else {
                break;
            };
            let Some(body) = bytes.get(at + 2..at + length.max(2)) else {
                break;
            };
            at += length.max(2);
            match code {
                0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => markers.frame(code, body)?,
                0xDA => {
                    markers.scans += 1;
                    if markers.scans > MOST_SCANS {
                        return Err(CodecError::Corrupt(format!("a JPEG of more than {MOST_SCANS} scans")));
                    }
                    markers.scan(body)?;
                }
                0xE1 => {
                    if let (None, Some(exif)) = (markers.exif, body.strip_prefix(b"Exif\0\0")) {
                        markers.exif = Some(exif);
                    }
                }
                0xE2 => {
                    if let Some([sequence, _, part @ ..]) = body.strip_prefix(b"ICC_PROFILE\0") {
                        markers.icc.push((*sequence, part));
                    }
                }
                0xEE => markers.adobe |= body.starts_with(b"Adobe"),
                _ => {}
            }
        }
        if markers.components.is_empty() {
            return Err(CodecError::Truncated("a JPEG without a frame header".into()));
        }
        Ok(markers)
    }

    /// SOF: the frame header.
    fn frame(&mut self, code: u8, body: &[u8]) -> Result<(), CodecError> {
        if !self.components.is_empty() {
            return Err(CodecError::Corrupt("a JPEG of two frames".into()));
        }
        let (Some(header), Some(list)) = (body.get(..6), body.get(6..)) else {
            return Err(CodecError::Corrupt("a short JPEG frame header".into()));
        };
        if !matches!(code, 0xC0 | 0xC1 | 0xC2 | 0xC9 | 0xCA) {
            return Err(CodecError::Unsupported("a lossless or hierarchical JPEG".into()));
        }
        if header[0] != 8 {
            return Err(CodecError::Unsupported(format!("a JPEG of {} bits a sample", header[0])));
        }
        self.height = u16::from_be_bytes([header[1], header[2]]).into();
        self.width = u16::from_be_bytes([header[3], header[4]]).into();
        self.progressive = matches!(code, 0xC2 | 0xCA);
        self.arithmetic = code >= 0xC9;
        let count = usize::from(header[5]);
        if !(1..=4).contains(&count) || list.len() < count * 3 {
            return Err(CodecError::Corrupt(format!("a JPEG of {count} components")));
        }
        self.components = list
            .chunks_exact(3)
            .take(count)
            .map(|c| Component { id: c[0], horizontal: c[1] >> 4, vertical: c[1] & 15, low_bits: [None; 64] })
            .collect();
        if self.components.iter().any(|c| !(1..=4).contains(&c.horizontal) || !(1..=4).contains(&c.vertical)) {
            return Err(CodecError::Corrupt("a JPEG of impossible sampling factors".into()));
        }
        Ok(())
    }

    /// SOS: which coefficients, down to which bit, a scan brings.
    fn scan(&mut self, body: &[u8]) -> Result<(), CodecError> {
        let short = || CodecError::Corrupt("a short JPEG scan header".into());
        let count = usize::from(*body.first().ok_or_else(short)?);
        let list = body.get(1..1 + count * 2).ok_or_else(short)?;
        let spectral = body.get(1 + count * 2..4 + count * 2).ok_or_else(short)?;
        let (first, last, low) = match self.progressive {
            true => (usize::from(spectral[0]), usize::from(spectral[1]), spectral[2] & 15),
            false => (0, 63, 0),
        };
        for selector in list.chunks_exact(2) {
            for component in self.components.iter_mut().filter(|c| c.id == selector[0]) {
                for bit in component.low_bits.get_mut(first..=last.min(63)).unwrap_or_default() {
                    *bit = Some(bit.map_or(low, |have| have.min(low)));
                }
            }
        }
        Ok(())
    }

    /// Whether the scans bring every coefficient of every component down to its last bit.
    pub(crate) fn is_complete(&self) -> bool {
        self.components.iter().all(|c| c.low_bits.iter().all(|bit| *bit == Some(0)))
    }

    /// Number of colour components, 1 to 4.
    pub(crate) fn components(&self) -> usize {
        self.components.len()
    }

    /// Bytes the decoder holds while it collects scans: 16 bits a coefficient.
    pub(crate) fn coefficient_bytes(&self) -> u64 {
        let most = |f: fn(&Component) -> u8| self.components.iter().map(f).max().unwrap_or(1).into();
        let (widest, highest): (u64, u64) = (most(|c| c.horizontal), most(|c| c.vertical));
        let units = u64::from(self.width).div_ceil(8 * widest) * u64::from(self.height).div_ceil(8 * highest);
        let blocks: u64 = self.components.iter().map(|c| u64::from(c.horizontal) * u64::from(c.vertical)).sum();
        units * blocks * 128
    }

    /// Whether the decoder must collect scans before it can write a row.
    pub(crate) fn collects_scans(&self) -> bool {
        self.progressive || self.scans > 1
    }

    /// The colour profile, put together from its parts; `None` if there is none.
    pub(crate) fn profile(&self) -> Option<Vec<u8>> {
        let mut parts = self.icc.clone();
        parts.sort_by_key(|(sequence, _)| *sequence);
        (!parts.is_empty()).then(|| parts.into_iter().flat_map(|(_, part)| part).copied().collect())
    }
}

/// The code of the next marker and where its segment begins. Skips entropy-coded data, restart markers in it included.
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
