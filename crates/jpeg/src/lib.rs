//! Decodes JPEG files (ITU-T T.81) straight to n/8 of their size, n = 1 to 8, one plane of samples for each component.
//!
//! A picture that will be shrunk anyway need not be decoded whole. For n/8, only the n x n lowest frequencies of each 8 x 8
//! block matter; everything above is stepped over, several symbols in one look-up, or not even read where the file is
//! progressive. What is kept goes through an inverse transform of n points, which cuts the spectrum off cleanly where an
//! average of pixels would fold it.
//!
//! ```
//! # fn main() -> Result<(), jpeg::Error> {
//! # let file = jpeg::doc_file();
//! let picture = jpeg::Jpeg::read(&file)?;
//! let quarter = [jpeg::Scale::QUARTER; 4];
//! let scales = &quarter[..picture.components().len()];
//! assert!(picture.decode_bytes(scales)? < 1 << 30);
//! let planes = picture.decode(scales, &mut || false)?;
//! assert_eq!(planes[0].width, picture.width().div_ceil(4));
//! # Ok(())
//! # }
//! ```
//!
//! Read are 8-bit files with Huffman coding: baseline, extended sequential and progressive, one to four components of any
//! sampling, interleaved or not, with restart markers. Everything else is [`Error::Unsupported`], for another decoder to
//! try. A file that lost samples is an error; one that lost only its end marker decodes. Nothing is converted: samples are
//! what the file holds, in its colours ([`Jpeg::color`]), without upsampling.
//!
//! No byte sequence makes it panic, run past 100 scans, or hold more memory than [`Jpeg::decode_bytes`] says.

mod frame;
mod huffman;
mod markers;
mod progressive;
mod sequential;
mod source;
mod transform;

use std::fmt;

pub use frame::{Color, Component, Jpeg};

/// Why a file cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// It ends before its last sample, or scans are missing.
    Truncated(&'static str),
    /// It breaks the standard in a way that leaves its samples in doubt.
    Corrupt(&'static str),
    /// It may be sound, but this crate does not read its kind.
    Unsupported(&'static str),
    /// The caller called it off.
    Cancelled,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Truncated(what) => write!(f, "truncated JPEG: {what}"),
            Error::Corrupt(what) => write!(f, "corrupt JPEG: {what}"),
            Error::Unsupported(what) => write!(f, "unsupported JPEG: {what}"),
            Error::Cancelled => write!(f, "decoding was called off"),
        }
    }
}

impl std::error::Error for Error {}

/// A size in eighths of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scale(u8);

impl Scale {
    /// 1/8: the mean of each block.
    pub const EIGHTH: Scale = Scale(1);
    /// 2/8.
    pub const QUARTER: Scale = Scale(2);
    /// 4/8.
    pub const HALF: Scale = Scale(4);
    /// 8/8.
    pub const FULL: Scale = Scale(8);

    /// `n` eighths, 1 to 8; `None` for any other number.
    pub const fn new(n: u8) -> Option<Scale> {
        if n >= 1 && n <= 8 { Some(Scale(n)) } else { None }
    }

    /// The number of eighths, 1 to 8.
    pub const fn eighths(self) -> u8 {
        self.0
    }

    /// What is left of `length` samples, rounded up.
    pub const fn of(self, length: u32) -> u32 {
        (length as u64 * self.0 as u64).div_ceil(8) as u32
    }
}

/// How exactly to decode. The default is exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Leaves those refinement scans of a progressive file (ITU-T T.81, G.1.1.1.2) unread without which no coefficient that
    /// is needed loses more than this: its quantiser step times two to the power of the number of bits that are not read.
    /// One coefficient that loses 8 changes a sample by at most 2 levels, and by half of that where it is not zero without
    /// those bits. DC is always exact. 0, the default, reads everything; files that are not progressive have nothing to
    /// leave out.
    pub drop_refinements_below: u32,
}

/// The samples of one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plane {
    /// Samples in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// From the start of one row to the start of the next, at least `width`. What lies between is of no use.
    pub stride: usize,
    /// Rows from the top; more than `height` of them, since blocks are decoded whole.
    pub data: Vec<u8>,
}

impl Plane {
    /// The samples of a row, `width` of them; empty past the last row.
    pub fn row(&self, y: u32) -> &[u8] {
        let from = y as usize * self.stride;
        if y < self.height { self.data.get(from..from + self.width as usize).unwrap_or(&[]) } else { &[] }
    }
}

/// A file for the example above: 16 x 16 samples of mid grey.
#[doc(hidden)]
pub fn doc_file() -> Vec<u8> {
    let mut file = vec![0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0];
    file.extend([1; 64]);
    file.extend([0xFF, 0xC0, 0, 11, 8, 0, 16, 0, 16, 1, 1, 0x11, 0]);
    for class in [0x00, 0x10] {
        file.extend([0xFF, 0xC4, 0, 20, class, 1]);
        file.extend([0; 16]);
    }
    file.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0x00, 0xFF, 0xD9]);
    file
}
