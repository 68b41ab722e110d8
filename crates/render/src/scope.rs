use codec::{Budget, Cancel, Channels, CodecError, Pixels};

use crate::geometry::Size;
use crate::pictures::Pictures;

/// What every stage must know and obey.
pub(crate) struct Scope<'a> {
    pub(crate) budget: &'a Budget,
    pub(crate) cancel: &'a Cancel,
    /// Longest side of a result.
    pub(crate) cap: u32,
    /// Whether the output holds transparency: what [`plan::Background::Auto`] turns on.
    pub(crate) holds_alpha: bool,
    /// What overlays are drawn from.
    pub(crate) pictures: &'a Pictures<'a>,
    /// Overlays that this picture lies within: 0 for the main one.
    pub(crate) depth: usize,
}

impl Scope<'_> {
    /// Asked before memory is taken: `held` bytes of pixels are there, `more` are wanted.
    pub(crate) fn room(&self, held: u64, more: u64) -> Result<(), CodecError> {
        let found = held.saturating_add(more);
        if found > self.budget.memory {
            return Err(CodecError::OverBudget { what: "memory", found, limit: self.budget.memory });
        }
        Ok(())
    }
}

/// Bytes of a picture of this size.
pub(crate) fn bytes(size: Size, channels: Channels) -> u64 {
    u64::from(size.w).saturating_mul(u64::from(size.h)).saturating_mul(channels.count() as u64)
}

/// Its size.
pub(crate) fn size(pixels: &Pixels) -> Size {
    Size::new(pixels.width, pixels.height)
}

/// Pixels of a size, from their bytes.
pub(crate) fn pixels(size: Size, channels: Channels, data: Vec<u8>) -> Pixels {
    debug_assert_eq!(data.len() as u64, bytes(size, channels));
    Pixels { width: size.w, height: size.h, channels, data }
}

/// Room for a picture, all zero. The caller has asked [`Scope::room`].
pub(crate) fn blank(size: Size, channels: Channels) -> Pixels {
    let len = size.w as usize * size.h as usize * channels.count();
    pixels(size, channels, vec![0; len])
}

/// Room for a picture that is about to be written in full. The caller has asked [`Scope::room`].
pub(crate) fn unwritten(size: Size, channels: Channels) -> Pixels {
    let len = size.w as usize * size.h as usize * channels.count();
    pixels(size, channels, codec::scratch::take(len))
}

/// The same with alpha.
pub(crate) fn with_alpha(pixels: Pixels) -> Pixels {
    if pixels.channels == Channels::Rgba {
        return pixels;
    }
    let (rgb, _) = pixels.data.as_chunks::<3>();
    let data = rgb.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
    Pixels { channels: Channels::Rgba, data, ..pixels }
}

/// The same without alpha, which is dropped, in place.
pub(crate) fn without_alpha(mut pixels: Pixels) -> Pixels {
    if pixels.channels == Channels::Rgb {
        return pixels;
    }
    let count = pixels.data.len() / 4;
    for i in 0..count {
        pixels.data.copy_within(4 * i..4 * i + 3, 3 * i);
    }
    pixels.data.truncate(3 * count);
    pixels.channels = Channels::Rgb;
    pixels
}

/// `a * b / 255`, rounded.
pub(crate) fn mul255(a: u8, b: u8) -> u8 {
    ((u32::from(a) * u32::from(b) + 127) / 255) as u8
}
