//! Pictures of more than eight bits a sample, for those who ask to keep them.

use plan::Format;

use crate::{Budget, Cancel, Channels, CodecError, Decode, Encode, Info, Kind, Pixels};
use crate::{avif, guard, limits, metadata, png, tiff};

/// A rectangle of pixels of 16-bit sRGB with straight alpha, rows from top to bottom without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wide {
    /// At least 1.
    pub width: u32,
    /// At least 1.
    pub height: u32,
    /// `width * height` pixels.
    pub data: Vec<[u16; 4]>,
}

/// Bytes of a pixel of [`Wide`].
pub(crate) const PIXEL: u64 = 8;

impl Wide {
    /// Whether any pixel is not opaque.
    pub fn has_alpha(&self) -> bool {
        self.data.iter().any(|pixel| pixel[3] != u16::MAX)
    }

    /// Each sample rounded to 8 bits; without alpha where all is opaque.
    pub fn to_eight(&self) -> Pixels {
        let alpha = self.has_alpha();
        let channels = if alpha { Channels::Rgba } else { Channels::Rgb };
        let narrow = |pixel: &[u16; 4]| pixel.map(tiff::eight_of_sixteen);
        let data = self.data.iter().flat_map(|pixel| narrow(pixel).into_iter().take(channels.count())).collect();
        Pixels { width: self.width, height: self.height, channels, data }
    }

    /// Encoders written in C trust these lengths.
    fn check(&self) -> Result<(), CodecError> {
        let sound = limits::area(self.width, self.height) == self.data.len() as u64 && !self.data.is_empty();
        if sound && self.width <= 65535 && self.height <= 65535 {
            return Ok(());
        }
        Err(CodecError::Internal("a wide picture whose size is not what it says".into()))
    }
}

/// A file decoded to 16 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedWide {
    /// Its pixels, not turned, in full size.
    pub wide: Wide,
    /// As [`crate::Decoded::profile`].
    pub profile: Option<Vec<u8>>,
    /// What its headers say.
    pub info: Info,
}

/// Whether [`decode_wide`] reads more than 8 bits a sample from this page, by the headers: of a PNG, a TIFF of one plane, or
/// an AVIF where its decoder runs in this process (workers hand 8 bits out).
///
/// # Errors
/// As [`crate::probe_page`].
pub fn is_wide(bytes: &[u8], page: u32, budget: &Budget) -> Result<bool, CodecError> {
    limits::input(bytes, budget)?;
    match crate::known(bytes)? {
        Kind::Png => Ok(bytes.get(24) == Some(&16)),
        kind @ Kind::Tiff => guard::run(kind, || tiff::is_wide(bytes, page, budget)),
        kind @ Kind::Avif if budget.foreign.is_here() => guard::run(kind, || avif::is_wide(bytes, budget)),
        _ => Ok(false),
    }
}

/// Decodes a file to 16 bits; `None` where [`is_wide`] does not hold.
///
/// # Errors
/// As [`crate::decode`].
pub fn decode_wide(
    bytes: &[u8],
    ask: &Decode,
    budget: &Budget,
    cancel: &Cancel,
) -> Result<Option<DecodedWide>, CodecError> {
    cancel.check()?;
    limits::input(bytes, budget)?;
    match crate::known(bytes)? {
        kind @ Kind::Png => guard::run(kind, || png::decode_wide(bytes, ask, budget, cancel)),
        kind @ Kind::Tiff => guard::run(kind, || tiff::decode_wide(bytes, ask, budget, cancel)),
        kind @ Kind::Avif if budget.foreign.is_here() => {
            guard::run(kind, || avif::decode_wide(bytes, ask, budget, cancel))
        }
        _ => Ok(None),
    }
}

/// Whether [`encode_wide`] writes more than 8 bits so: PNG of 16, and AVIF of 10.
pub fn holds_wide(how: &Encode) -> bool {
    match how.format {
        Format::Png => !how.palette,
        Format::Avif => true,
        Format::Jpeg | Format::Webp | Format::Gif => false,
    }
}

/// Encodes a picture of 16 bits.
///
/// # Errors
/// As [`crate::encode`]; [`CodecError::Internal`] for what does not hold them.
pub fn encode_wide(wide: &Wide, how: &Encode, cancel: &Cancel) -> Result<Vec<u8>, CodecError> {
    cancel.check()?;
    wide.check()?;
    let file = match how.format {
        Format::Png if holds_wide(how) => png::encode_wide(wide, how),
        Format::Avif => avif::encode_wide(wide, how),
        format => Err(CodecError::Internal(format!("{format} of 16 bits"))),
    };
    Ok(metadata::write(file?, how.format, &how.blocks))
}
