//! AVIF, by libavif with libaom. Stills, and the still that a sequence carries.

pub(crate) mod boxes;
mod sequence;
mod write;

use std::ffi::CStr;

use libavif_sys as avif;
use moxcms::{CicpProfile, ColorProfile};
pub(crate) use write::{encode, encode_planar, encode_wide};

use crate::icc::{self, Samples};
use crate::limits;
use crate::wide::{self, DecodedWide, Wide};
use crate::{Budget, Cancel, Channels, CodecError, Decode, Decoded, Info, Kind, Picture, Pixels};

/// Reads the boxes.
pub(crate) fn probe(bytes: &[u8], budget: &Budget) -> Result<Info, CodecError> {
    Ok(Reader::open(bytes, budget)?.info())
}

/// Bytes that the library holds for a pixel: measured on 2 megapixels, 15.8 to 21.6 by depth and chroma, and 32.3 to 39.1 with
/// alpha, which has a decoder of its own.
fn inside(info: &Info) -> u64 {
    if info.may_have_alpha { 41 } else { 22 }
}

/// Decodes to 8 bits.
pub(crate) fn decode(bytes: &[u8], ask: &Decode, budget: &Budget, cancel: &Cancel) -> Result<Decoded, CodecError> {
    let mut reader = Reader::open(bytes, budget)?;
    let info = reader.info();
    let channels = if info.may_have_alpha { Channels::Rgba } else { Channels::Rgb };
    limits::memory(limits::area(info.width, info.height) * (inside(&info) + 4), budget)?;
    reader.decode_within(bytes, budget, cancel)?;
    let data = reader.pixels(&info, channels)?;
    let samples = if channels == Channels::Rgba { Samples::Rgba } else { Samples::Rgb };
    let (data, profile) = match reader.profile() {
        Some(profile) => icc::settle(data, samples, Some(profile), ask.keep_profile, cancel)?,
        None => (icc::convert(data, samples, reader.coded_colors().as_ref(), cancel)?, None),
    };
    let pixels = Pixels { width: info.width, height: info.height, channels, data };
    Ok(Decoded { picture: Picture::still(pixels), profile, info })
}

/// Whether it has more than 8 bits a sample.
pub(crate) fn is_wide(bytes: &[u8], budget: &Budget) -> Result<bool, CodecError> {
    Ok(Reader::open(bytes, budget)?.image()?.depth > 8)
}

/// Decodes a file of 10 or 12 bits to 16; `None` for one of 8.
pub(crate) fn decode_wide(
    bytes: &[u8],
    ask: &Decode,
    budget: &Budget,
    cancel: &Cancel,
) -> Result<Option<DecodedWide>, CodecError> {
    let mut reader = Reader::open(bytes, budget)?;
    if reader.image()?.depth <= 8 {
        return Ok(None);
    }
    let info = reader.info();
    limits::memory(limits::area(info.width, info.height) * (inside(&info) + 2 * wide::PIXEL), budget)?;
    reader.decode_within(bytes, budget, cancel)?;
    let mut bytes = vec![0; info.width as usize * info.height as usize * wide::PIXEL as usize];
    reader.convert(&info, 16, Channels::Rgba, &mut bytes)?;
    let sample = |pair: &[u8; 2]| u16::from_ne_bytes(*pair);
    let pixel = |p: &[u8; 8]| [[p[0], p[1]], [p[2], p[3]], [p[4], p[5]], [p[6], p[7]]].map(|pair| sample(&pair));
    let mut data: Vec<[u16; 4]> = bytes.as_chunks::<8>().0.iter().map(pixel).collect();
    drop(bytes);
    let profile = match (reader.profile(), reader.coded_colors()) {
        (None, Some(colors)) => {
            icc::convert_wide(&mut data, false, &colors, cancel)?;
            None
        }
        (profile, _) => profile,
    };
    let (data, profile) = icc::settle_wide(data, false, profile, ask.keep_profile, cancel)?;
    Ok(Some(DecodedWide { wide: Wide { width: info.width, height: info.height, data }, profile, info }))
}

/// A decoder of the library with its input, destroyed on drop.
struct Reader<'a> {
    decoder: *mut avif::avifDecoder,
    /// The library reads from these bytes as long as the decoder lives.
    _bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn open(bytes: &'a [u8], budget: &Budget) -> Result<Reader<'a>, CodecError> {
        // SAFETY: no arguments; a null result is handled.
        let decoder = unsafe { avif::avifDecoderCreate() };
        if decoder.is_null() {
            return Err(CodecError::Internal("libavif: no decoder".into()));
        }
        let reader = Reader { decoder, _bytes: bytes };
        // SAFETY: the decoder is live and used by nobody else; the bytes outlive it.
        let result = unsafe {
            let decoder = &mut *decoder;
            decoder.maxThreads = 1;
            decoder.ignoreExif = 1;
            decoder.ignoreXMP = 1;
            // Files of older encoders lack boxes that a strict reader asks for.
            decoder.strictFlags = avif::AVIF_STRICT_DISABLED;
            // The budget is checked just below, and again against the coded size; this is the most the library allows.
            decoder.imageSizeLimit = 16384 * 16384;
            decoder.imageDimensionLimit = 65536;
            decoder.requestedSource = avif::AVIF_DECODER_SOURCE_PRIMARY_ITEM;
            match avif::avifDecoderSetIOMemory(decoder, bytes.as_ptr(), bytes.len()) {
                avif::AVIF_RESULT_OK => avif::avifDecoderParse(decoder),
                other => other,
            }
        };
        if result == avif::AVIF_RESULT_MISSING_IMAGE_ITEM && bytes.get(8..12) == Some(b"avis") {
            return Err(CodecError::Unsupported("an AVIF sequence without a still".into()));
        }
        reader.check(result)?;
        let image = reader.image()?;
        limits::size(image.width, image.height, budget)?;
        Ok(reader)
    }

    fn image(&self) -> Result<&avif::avifImage, CodecError> {
        // SAFETY: the decoder is live; its image is null or lives as long.
        unsafe { (*self.decoder).image.as_ref() }.ok_or_else(|| CodecError::Corrupt("AVIF: no image".into()))
    }

    fn check(&self, result: avif::avifResult) -> Result<(), CodecError> {
        // SAFETY: the library returns static strings; its diagnostics end in a zero within their array.
        let text = || unsafe {
            let detail = CStr::from_ptr((*self.decoder).diag.error.as_ptr());
            let name = CStr::from_ptr(avif::avifResultToString(result));
            format!("AVIF: {} {}", name.to_string_lossy(), detail.to_string_lossy())
        };
        match result {
            avif::AVIF_RESULT_OK => Ok(()),
            avif::AVIF_RESULT_TRUNCATED_DATA => {
                Err(CodecError::Truncated("the AVIF ends before its last pixel".into()))
            }
            avif::AVIF_RESULT_NOT_IMPLEMENTED | avif::AVIF_RESULT_NO_CODEC_AVAILABLE => {
                Err(CodecError::Unsupported(text()))
            }
            avif::AVIF_RESULT_OUT_OF_MEMORY => Err(CodecError::Internal(text())),
            _ => Err(CodecError::Corrupt(text())),
        }
    }

    fn info(&self) -> Info {
        // SAFETY: the decoder is live, and its image was seen not to be null in `open`.
        let (image, alpha) = unsafe { (&*(*self.decoder).image, (*self.decoder).alphaPresent != 0) };
        Info {
            kind: Kind::Avif,
            width: image.width,
            height: image.height,
            orientation: orientation(image),
            may_have_alpha: alpha,
            frames: 1,
        }
    }

    /// Decodes, if what its data declare is within the budget.
    fn decode_within(&mut self, bytes: &[u8], budget: &Budget, cancel: &Cancel) -> Result<(), CodecError> {
        let coded = sequence::largest_frame(bytes)?;
        if coded > budget.input_pixels {
            return Err(CodecError::OverBudget { what: "input pixels", found: coded, limit: budget.input_pixels });
        }
        limits::memory(coded * inside(&self.info()), budget)?;
        cancel.check()?;
        // SAFETY: the decoder is live and parsed.
        let result = unsafe { avif::avifDecoderNextImage(self.decoder) };
        self.check(result)?;
        cancel.check()
    }

    fn pixels(&self, info: &Info, channels: Channels) -> Result<Vec<u8>, CodecError> {
        let mut data = vec![0; info.width as usize * info.height as usize * channels.count()];
        self.convert(info, 8, channels, &mut data)?;
        Ok(data)
    }

    /// Fills rows without gaps, of samples of 8 bits, or of 16 in the machine's order: as many as `data` has room for.
    fn convert(&self, info: &Info, depth: u32, channels: Channels, data: &mut [u8]) -> Result<(), CodecError> {
        let image = self.image()?;
        if (image.width, image.height) != (info.width, info.height) {
            return Err(CodecError::Corrupt("AVIF: its picture is not of the size its boxes say".into()));
        }
        let row = info.width * channels.count() as u32 * depth / 8;
        if data.len() as u64 != u64::from(row) * u64::from(info.height) {
            return Err(CodecError::Internal("AVIF: rows of another length".into()));
        }
        let mut rgb = avif::avifRGBImage::default();
        // SAFETY: the image is decoded; the buffer holds `height` rows of `rowBytes` bytes in the format named.
        let result = unsafe {
            avif::avifRGBImageSetDefaults(&mut rgb, image);
            rgb.depth = depth;
            rgb.format = match channels {
                Channels::Rgb => avif::AVIF_RGB_FORMAT_RGB,
                Channels::Rgba => avif::AVIF_RGB_FORMAT_RGBA,
            };
            rgb.alphaPremultiplied = 0;
            rgb.maxThreads = 1;
            rgb.pixels = data.as_mut_ptr();
            rgb.rowBytes = row;
            avif::avifImageYUVToRGB(image, &mut rgb)
        };
        self.check(result)
    }

    fn profile(&self) -> Option<&[u8]> {
        let icc = &self.image().ok()?.icc;
        // SAFETY: the image owns `size` bytes there as long as the decoder lives.
        (!icc.data.is_null() && icc.size > 0).then(|| unsafe { std::slice::from_raw_parts(icc.data, icc.size) })
    }

    /// The colours named by code points (ITU-T H.273), where they are not those of sRGB.
    fn coded_colors(&self) -> Option<ColorProfile> {
        let image = self.image().ok()?;
        let primaries = u8::try_from(image.colorPrimaries).ok().filter(|p| !matches!(p, 0..=2))?;
        let transfer = match u8::try_from(image.transferCharacteristics).ok()? {
            0 | 2 => 13,
            known => known,
        };
        let profile = ColorProfile::new_from_cicp(CicpProfile {
            color_primaries: primaries.try_into().ok()?,
            transfer_characteristics: transfer.try_into().ok()?,
            matrix_coefficients: moxcms::MatrixCoefficients::Identity,
            full_range: true,
        });
        Some(profile)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        // SAFETY: the decoder is live and not used again.
        unsafe { avif::avifDecoderDestroy(self.decoder) }
    }
}

/// The EXIF orientation that is the same as a rotation, then a mirroring (ISO/IEC 23008-12 sections 6.5.10 and 6.5.12).
fn orientation(image: &avif::avifImage) -> u8 {
    let has = |flag| image.transformFlags & flag != 0;
    let quarter_turns = if has(avif::AVIF_TRANSFORM_IROT) { image.irot.angle & 3 } else { 0 };
    let mirror = has(avif::AVIF_TRANSFORM_IMIR).then_some(image.imir.axis & 1);
    match (quarter_turns, mirror) {
        (0, None) => 1,
        (0, Some(0)) | (2, Some(1)) => 4,
        (0, Some(_)) | (2, Some(0)) => 2,
        (1, None) => 8,
        (1, Some(0)) | (3, Some(1)) => 5,
        (1, Some(_)) | (3, Some(0)) => 7,
        (2, None) => 3,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_and_mirrors_as_orientation() {
        for (turns, mirror, want) in [
            (None, None, 1),
            (None, Some(1), 2),
            (Some(2), None, 3),
            (None, Some(0), 4),
            (Some(1), Some(0), 5),
            (Some(3), None, 6),
            (Some(1), Some(1), 7),
            (Some(1), None, 8),
            (Some(3), Some(1), 5),
            (Some(3), Some(0), 7),
        ] {
            let mut image = avif::avifImage::default();
            if let Some(angle) = turns {
                image.transformFlags |= avif::AVIF_TRANSFORM_IROT;
                image.irot.angle = angle;
            }
            if let Some(axis) = mirror {
                image.transformFlags |= avif::AVIF_TRANSFORM_IMIR;
                image.imir.axis = axis;
            }
            assert_eq!(orientation(&image), want, "{turns:?} {mirror:?}");
        }
    }
}
