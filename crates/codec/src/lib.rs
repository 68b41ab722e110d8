//! Pictures in and out: sniffing, decoding (shrinking on load), encoding, colour profiles, metadata. Budgets come in as
//! data. Nothing here knows URLs or HTTP.
//!
//! - [`sniff`] and [`probe`]: what a file is, and how large, before anything is allocated for its pixels
//! - [`decode`]: to 8-bit sRGB, straight alpha, in the axes the file is stored in; the caller applies [`Info::orientation`]
//! - [`decode_wide`] and [`encode_wide`]: the same in 16 bits, for the few kinds that have them
//! - [`encode`]: with no metadata and no profile but those it is given, since the pixels are sRGB
//! - [`metadata`]: what is read from one file and written beside the pixels of another
//! - [`describe`]: all that a file says of itself, for people
//!
//! A file that lost pixels is an error, never a picture with a grey end. A file that only lost its end marker decodes.

mod avif;
mod blurhash;
mod bmp;
mod budget;
mod describe;
mod error;
mod exif;
mod fonts;
mod foreign;
mod gif;
mod guard;
#[cfg(feature = "heic")]
mod heic;
mod icc;
mod ico;
mod jpeg;
mod jxl;
mod limits;
pub mod metadata;
mod palette;
mod pdf;
mod phash;
mod picture;
mod planar;
mod png;
pub mod scratch;
mod sniff;
mod svg;
mod thumbhash;
mod tiff;
mod webp;
mod wide;

pub use blurhash::blurhash;
pub use budget::{Budget, Cancel};
pub use describe::{Description, Field, describe};
pub use error::CodecError;
pub use fonts::Fonts;
pub use foreign::{Elsewhere, Foreign, STARTS_THREADS, prepare};
pub use icc::{adobe_rgb_profile, srgb_profile, to_adobe_rgb};
pub use palette::{ColorShare, colors};
pub use phash::{jpeg_quality, phash};
pub use picture::{Channels, Frame, Picture, Pixels};
use plan::{Format, Subsampling};
pub use planar::{Chroma, ChromaSize, Planar, Plane};
pub use sniff::{Kind, sniff};
pub use thumbhash::thumbhash;
pub use wide::{DecodedWide, Wide, decode_wide, encode_wide, holds_wide, is_wide};

/// What the headers of a file say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// What it is.
    pub kind: Kind,
    /// Pixels per row as stored, before orientation. At least 1.
    pub width: u32,
    /// Rows as stored, before orientation. At least 1.
    pub height: u32,
    /// EXIF orientation, 1 to 8; 1 is upright. Turns and mirrors of other formats are mapped to it.
    pub orientation: u8,
    /// Whether a pixel may be transparent: decides the layout of the decoded picture, not whether one is.
    pub may_have_alpha: bool,
    /// Frames; 1 for a still, and where counting them would mean decoding them.
    pub frames: u32,
}

/// How to decode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decode {
    /// The smallest size, in stored axes, that still serves. The decoder may shrink while it loads, but both sides stay at
    /// least this. `None`: full size.
    pub at_least: Option<(u32, u32)>,
    /// All frames of an animation; false takes the first.
    pub all_frames: bool,
    /// Which page of a PDF or TIFF, from 0. One that is not there is [`CodecError::Unsupported`]. Other kinds have one.
    pub page: u32,
    /// Leave the samples of a picture of RGB as they are, and hand its colour profile out in [`Decoded::profile`].
    /// Grey and CMYK are converted all the same.
    pub keep_profile: bool,
    /// What the text of an SVG is drawn with.
    pub fonts: Fonts,
}

/// A decoded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Its pixels, not turned. `picture.width() / info.width` is the shrink that was done; for an SVG or PDF also the
    /// growth.
    pub picture: Picture,
    /// The profile (ICC.1) that the pixels are in, where [`Decode::keep_profile`] asked for it and it is not sRGB.
    pub profile: Option<Vec<u8>>,
    /// What its headers say.
    pub info: Info,
}

/// How to encode. Fields that the format does not have are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encode {
    /// Which format.
    pub format: Format,
    /// 1 to 100, for JPEG, lossy WebP and AVIF. Held within the range.
    pub quality: u8,
    /// Lossless WebP.
    pub lossless: bool,
    /// Progressive JPEG.
    pub progressive: bool,
    /// PNG with a palette.
    pub palette: bool,
    /// Most colours of a palette, of PNG and of each frame of a GIF, 2 to 256.
    pub colors: u16,
    /// Colour of a JPEG.
    pub subsampling: Subsampling,
    /// Pixels per inch that a JPEG or PNG claims; 0 says nothing.
    pub density: u16,
    /// What the file says beside the pixels. GIF says nothing, and JPEG alone has IPTC.
    pub blocks: metadata::Blocks,
    /// How much work fewer bytes are worth.
    pub effort: Effort,
}

/// How much work an encoder puts into fewer bytes. Only that of AVIF knows the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effort {
    /// Somebody waits.
    #[default]
    Waited,
    /// Nobody waits: several times the work.
    Unhurried,
}

impl Default for Encode {
    /// A baseline JPEG of quality 80.
    fn default() -> Self {
        Encode {
            format: Format::Jpeg,
            quality: 80,
            lossless: false,
            progressive: false,
            palette: false,
            colors: 256,
            subsampling: Subsampling::S420,
            density: 0,
            blocks: metadata::Blocks::default(),
            effort: Effort::Waited,
        }
    }
}

/// Reads the headers of a file. Nothing is allocated for its pixels.
///
/// # Errors
/// [`CodecError::OverBudget`] when the file or the size it declares is too large, [`CodecError::Unsupported`] when it is of
/// no kind that is read, [`CodecError::Truncated`] or [`CodecError::Corrupt`] when the headers cannot be read.
pub fn probe(bytes: &[u8], budget: &Budget) -> Result<Info, CodecError> {
    probe_page(bytes, 0, budget)
}

/// As [`probe`], of one page of a PDF or TIFF, from 0. Other kinds have one.
///
/// # Errors
/// As [`probe`], and [`CodecError::Unsupported`] when the page is not there.
pub fn probe_page(bytes: &[u8], page: u32, budget: &Budget) -> Result<Info, CodecError> {
    limits::input(bytes, budget)?;
    let kind = known(bytes)?;
    guard::run(kind, || match kind {
        Kind::Jpeg => jpeg::probe(bytes, budget),
        Kind::Png => png::probe(bytes, budget),
        Kind::Webp => webp::probe(bytes, budget),
        Kind::Avif => foreign::probe(kind, bytes, budget, || avif::probe(bytes, budget)),
        Kind::Gif => gif::probe(bytes, budget),
        Kind::Svg => svg::probe(bytes, budget),
        Kind::Bmp => bmp::probe(bytes, budget),
        Kind::Tiff => tiff::probe(bytes, page, budget),
        Kind::Ico => ico::probe(bytes, budget),
        Kind::JpegXl => jxl::probe(bytes, budget),
        Kind::Pdf => pdf::probe(bytes, page, budget),
        #[cfg(feature = "heic")]
        Kind::Heic => foreign::probe(kind, bytes, budget, || heic::probe(bytes, budget)),
        #[cfg(not(feature = "heic"))]
        Kind::Heic => Err(CodecError::Unsupported(kind.name().into())),
    })
}

/// Decodes a file to 8-bit sRGB: RGBA if it may have alpha, else RGB.
///
/// # Errors
/// As [`probe`], and when pixels are missing or damaged, or the job is cancelled.
pub fn decode(bytes: &[u8], ask: &Decode, budget: &Budget, cancel: &Cancel) -> Result<Decoded, CodecError> {
    cancel.check()?;
    limits::input(bytes, budget)?;
    let kind = known(bytes)?;
    let how = (ask, budget, cancel);
    guard::run(kind, || match kind {
        Kind::Jpeg => jpeg::decode(bytes, ask, budget, cancel),
        Kind::Png => png::decode(bytes, ask, budget, cancel),
        Kind::Webp => webp::decode(bytes, ask, budget, cancel),
        Kind::Avif => foreign::decode(kind, bytes, how, || avif::decode(bytes, ask, budget, cancel)),
        Kind::Gif => gif::decode(bytes, ask, budget, cancel),
        Kind::Svg => svg::decode(bytes, ask, budget, cancel),
        Kind::Bmp => bmp::decode(bytes, budget, cancel),
        Kind::Tiff => tiff::decode(bytes, ask, budget, cancel),
        Kind::Ico => ico::decode(bytes, ask, budget, cancel),
        Kind::JpegXl => jxl::decode(bytes, ask, budget, cancel),
        Kind::Pdf => pdf::decode(bytes, ask, budget, cancel),
        #[cfg(feature = "heic")]
        Kind::Heic => foreign::decode(kind, bytes, how, || heic::decode(bytes, ask, budget, cancel)),
        #[cfg(not(feature = "heic"))]
        Kind::Heic => Err(CodecError::Unsupported(kind.name().into())),
    })
}

/// Decodes a file that is to be shrunk straight to planes of a smaller size: `at_least` as in [`Decode`]. `None` where
/// [`decode`] serves better: other formats, colours and kinds of JPEG.
///
/// # Errors
/// As [`decode`].
pub fn decode_planar(
    bytes: &[u8],
    at_least: (u32, u32),
    chroma: ChromaSize,
    budget: &Budget,
    cancel: &Cancel,
) -> Result<Option<(Planar, Info)>, CodecError> {
    cancel.check()?;
    limits::input(bytes, budget)?;
    match sniff(bytes) {
        Some(Kind::Jpeg) => guard::run(Kind::Jpeg, || jpeg::decode_planar(bytes, at_least, chroma, budget, cancel)),
        _ => Ok(None),
    }
}

/// Whether [`encode_planar`] takes such a picture as it is, with chroma of half the size. WebP could be written so, but halves
/// colour better itself, by the light of the pixels: at equal size half a point of SSIMULACRA2, for a tenth of the time.
pub fn takes_planes(how: &Encode) -> bool {
    match how.format {
        Format::Jpeg => how.subsampling == Subsampling::S420,
        Format::Avif => true,
        Format::Webp | Format::Png | Format::Gif => false,
    }
}

/// Encodes planes, by way of RGB where the format or a profile asks for it.
///
/// # Errors
/// As [`encode`].
pub fn encode_planar(picture: &Planar, how: &Encode, cancel: &Cancel) -> Result<Vec<u8>, CodecError> {
    cancel.check()?;
    picture.check()?;
    let as_they_are = takes_planes(how) && picture.profile.is_none() && picture.has_half_chroma();
    let file = match how.format {
        Format::Jpeg if as_they_are => jpeg::encode_planar(picture, how),
        Format::Avif if as_they_are => avif::encode_planar(picture, how),
        _ => return encode(&Picture::still(picture.to_rgb(cancel)?), how, cancel),
    };
    Ok(metadata::write(file?, how.format, &how.blocks))
}

/// Encodes a picture. Formats without animation take the first frame; JPEG puts transparent pixels on white.
///
/// # Errors
/// [`CodecError::Internal`] when the picture is malformed, larger than the format holds, or the encoder fails;
/// [`CodecError::Cancelled`] or [`CodecError::TimedOut`].
pub fn encode(picture: &Picture, how: &Encode, cancel: &Cancel) -> Result<Vec<u8>, CodecError> {
    cancel.check()?;
    let first = limits::well_formed(picture)?;
    let file = match how.format {
        Format::Jpeg => jpeg::encode(first, how),
        Format::Png => png::encode(first, how, cancel),
        Format::Webp => webp::encode(picture, how, cancel),
        Format::Avif => avif::encode(first, how),
        Format::Gif => gif::encode(picture, how.colors, cancel),
    };
    Ok(metadata::write(file?, how.format, &how.blocks))
}

/// The kind, by the first bytes.
fn known(bytes: &[u8]) -> Result<Kind, CodecError> {
    sniff(bytes).ok_or_else(|| CodecError::Unsupported("unknown".into()))
}
