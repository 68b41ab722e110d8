//! The checks against [`Budget`] that every format makes before it takes memory.

use crate::{Budget, CodecError, Picture, Pixels};

/// The file itself.
pub(crate) fn input(bytes: &[u8], budget: &Budget) -> Result<(), CodecError> {
    within("input bytes", bytes.len() as u64, budget.input_bytes)
}

/// The size a header declares.
pub(crate) fn size(width: u32, height: u32, budget: &Budget) -> Result<(), CodecError> {
    if width == 0 || height == 0 {
        return Err(CodecError::Corrupt("a side of no pixels".into()));
    }
    within("input pixels", area(width, height), budget.input_pixels)
}

/// The number of frames about to be decoded.
pub(crate) fn frames(count: u64, budget: &Budget) -> Result<(), CodecError> {
    within("frames", count, budget.frames.into())
}

/// The bytes about to be held at once.
pub(crate) fn memory(bytes: u64, budget: &Budget) -> Result<(), CodecError> {
    within("memory", bytes, budget.memory)
}

/// Pixels of a rectangle.
pub(crate) fn area(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}

/// A length that has passed a memory check, as an index.
pub(crate) fn index(bytes: u64) -> Result<usize, CodecError> {
    usize::try_from(bytes).map_err(|_| CodecError::OverBudget {
        what: "memory",
        found: bytes,
        limit: usize::MAX as u64,
    })
}

fn within(what: &'static str, found: u64, limit: u64) -> Result<(), CodecError> {
    if found > limit { Err(CodecError::OverBudget { what, found, limit }) } else { Ok(()) }
}

/// The first frame of a picture whose frames all are what they say: encoders written in C trust these lengths.
pub(crate) fn well_formed(picture: &Picture) -> Result<&Pixels, CodecError> {
    let first = &picture.frames.first().ok_or_else(|| CodecError::Internal("a picture without frames".into()))?.pixels;
    for frame in &picture.frames {
        let p = &frame.pixels;
        let same = (p.width, p.height, p.channels) == (first.width, first.height, first.channels);
        if !same || area(p.width, p.height) * p.channels.count() as u64 != p.data.len() as u64 || p.data.is_empty() {
            return Err(CodecError::Internal("a frame whose size is not what it says".into()));
        }
    }
    if first.width > 65535 || first.height > 65535 {
        return Err(CodecError::Internal("a side of more than 65535 pixels cannot be written".into()));
    }
    Ok(first)
}
