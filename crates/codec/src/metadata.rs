//! What a file says about its picture beside the pixels: Exif (CIPA DC-008), XMP (ISO 16684-1), IPTC (IIM 4.2) and a colour
//! profile (ICC.1). Read from one file, cut down to what may be passed on, and put into another, without a pixel touched.

mod avif;
mod exif;
mod iptc;
mod jpeg;
mod png;
mod webp;
mod xmp;

pub(crate) use exif::strip_for_display;
pub(crate) use iptc::datasets;
pub(crate) use xmp::properties;

use plan::{Format, Metadata};

use crate::{Kind, sniff};

/// A block longer than this is not carried: one with pictures in it, or of a hostile file.
const LONGEST: usize = 1 << 20;
/// Profiles may be longer: those of presses are 0.5 to 2 MB.
const LONGEST_PROFILE: usize = 4 << 20;

/// The metadata of a file, each block without what its container puts around it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blocks {
    /// A TIFF structure, without the `Exif\0\0` of JPEG.
    pub exif: Option<Vec<u8>>,
    /// An XMP packet, UTF-8.
    pub xmp: Option<Vec<u8>>,
    /// IPTC data sets.
    pub iptc: Option<Vec<u8>>,
    /// A colour profile: of the pixels that it is written beside.
    pub profile: Option<Vec<u8>>,
}

impl Blocks {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Blocks::default()
    }

    /// What a policy lets through. `upright`: the pixels were turned as the orientation says, so it becomes 1. The profile
    /// is left as it is.
    #[must_use]
    pub fn under(self, policy: Metadata, upright: bool) -> Blocks {
        let (exif, xmp, iptc) = (self.exif.as_deref(), self.xmp.as_deref(), self.iptc.as_deref());
        match policy {
            Metadata::Strip => Blocks { profile: self.profile, ..Blocks::default() },
            Metadata::Copyright => Blocks {
                exif: exif.and_then(exif::rights),
                xmp: xmp.and_then(xmp::rights),
                iptc: iptc.and_then(iptc::rights),
                profile: self.profile,
            },
            Metadata::Keep => Blocks {
                exif: exif.map(|block| exif::carried(block, upright)),
                xmp: xmp.map(|packet| if upright { xmp::upright(packet) } else { packet.to_vec() }),
                ..self
            },
        }
    }
}

/// Reads the metadata of a JPEG, PNG, WebP, AVIF or HEIC, and the rights in the Exif of a TIFF. `None` where there is none, or the file
/// cannot be read.
pub fn read(bytes: &[u8]) -> Option<Blocks> {
    let kind = sniff(bytes)?;
    let blocks = crate::guard::run(kind, || {
        Ok(match kind {
            Kind::Jpeg => jpeg::read(bytes),
            Kind::Png => png::read(bytes),
            Kind::Webp => webp::read(bytes),
            Kind::Avif | Kind::Heic => avif::read(bytes),
            Kind::Tiff => Blocks { exif: exif::of_container(bytes), ..Blocks::default() },
            _ => Blocks::default(),
        })
    });
    let mut blocks = blocks.ok()?;
    for block in [&mut blocks.exif, &mut blocks.xmp, &mut blocks.iptc] {
        block.take_if(|block| block.is_empty() || block.len() > LONGEST);
    }
    blocks.profile.take_if(|profile| profile.is_empty() || profile.len() > LONGEST_PROFILE);
    (!blocks.is_empty()).then_some(blocks)
}

/// Puts metadata into a file that this crate has just written, without any. JPEG takes all blocks, PNG and WebP all but
/// IPTC, GIF none; AVIF has them from its encoder. A block that the container has no room for is left out.
pub(crate) fn write(file: Vec<u8>, format: Format, blocks: &Blocks) -> Vec<u8> {
    if blocks.is_empty() {
        return file;
    }
    let written = match format {
        Format::Jpeg => jpeg::write(&file, blocks),
        Format::Png => png::write(&file, blocks),
        Format::Webp => webp::write(&file, blocks),
        Format::Avif | Format::Gif => None,
    };
    written.unwrap_or(file)
}

#[cfg(test)]
mod tests;
