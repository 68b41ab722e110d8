//! Writing AVIF: how fast, and of what quality, by the size of the picture.

use std::ffi::{CStr, c_int};

use libavif_sys as avif;

use crate::metadata::Blocks;
use crate::{Channels, CodecError, Effort, Encode, Pixels, Planar, Wide};

/// Alpha is a mask: coding errors in it are seen as halos.
const ALPHA_QUALITY: c_int = 90;

/// libaom's tuning for still pictures: quantiser matrices, sharper rounding, more bits for smooth blocks. At equal
/// SSIMULACRA2 files of three photographs are 2, 14 and 18 % smaller than without.
const TUNE: (&CStr, &CStr) = (c"color:tune", c"ssimulacra2");

/// libaom's speed in its all-intra mode, 0 to 9, by pixels: nothing can call the encoder off, so it is given no more work
/// than a request may wait for. CPU on a busy 2 GHz core at quality 50, and bytes at equal score beside speed 7:
///
/// | speed | s/MP | bytes |
/// |---|---|---|
/// | 6 | 0.5-1.2 | -6 % |
/// | 7 | 0.35-0.55 | |
/// | 8 | 0.2-0.4 | +2 % |
/// | 9 | 0.06-0.1 | +6 % |
///
/// Where nobody waits: speed 3, at 5-17 s/MP, or above a megapixel 5, at 2-8. Speed 4 takes longer than 5 for the same bytes, 2
/// and 1 up to twice as long as 3.
fn speed(pixels: u64, effort: Effort) -> c_int {
    match (effort, pixels) {
        (Effort::Unhurried, 0..=1_000_000) => 3,
        (Effort::Unhurried, _) => 5,
        (Effort::Waited, 0..=250_000) => 6,
        (Effort::Waited, 250_001..=1_000_000) => 7,
        (Effort::Waited, _) => 9,
    }
}

/// Asked quality and libavif's with this tuning, where the score is that of the usual scale, on which quality is a line
/// through libaom's 64 steps (libheif, and so libvips and sharp, have it too). Measured at speed 7 on three photographs of 800 px at
/// ten qualities; the scores agree within 1.5 from quality 40 up.
const SCALE: [(c_int, c_int); 11] =
    [(1, 1), (10, 7), (20, 15), (30, 24), (40, 35), (50, 46), (60, 57), (70, 67), (80, 78), (90, 87), (100, 99)];

/// libavif's quality for the one that was asked for, 1 to 100. Never its 100: that is lossless coding, which the tuning refuses.
fn quality(asked: u8, speed: c_int) -> c_int {
    let asked = c_int::from(asked).clamp(1, 100);
    // What the fastest speed loses.
    let more = if speed > 8 { 2 } else { 0 };
    let next = SCALE.iter().position(|(from, _)| *from >= asked).unwrap_or(SCALE.len() - 1).max(1);
    let ((x0, y0), (x1, y1)) = (SCALE[next - 1], SCALE[next]);
    (y0 + ((asked - x0) * (y1 - y0) + (x1 - x0) / 2) / (x1 - x0) + more).min(99)
}

/// Encodes 4:2:0, with an alpha plane where a pixel is not opaque.
pub(crate) fn encode(pixels: &Pixels, how: &Encode) -> Result<Vec<u8>, CodecError> {
    write(&Image::new(pixels)?, how, (pixels.width, pixels.height))
}

/// Encodes 10 bits a sample, 4:4:4: who asks for them wants no colour left out.
pub(crate) fn encode_wide(wide: &Wide, how: &Encode) -> Result<Vec<u8>, CodecError> {
    write(&Image::of_wide(wide)?, how, (wide.width, wide.height))
}

/// Encodes planes of 4:2:0, or of grey alone.
pub(crate) fn encode_planar(picture: &Planar, how: &Encode) -> Result<Vec<u8>, CodecError> {
    write(&Image::of_planes(picture)?, how, (picture.luma.width, picture.luma.height))
}

fn write(image: &Image, how: &Encode, size: (u32, u32)) -> Result<Vec<u8>, CodecError> {
    image.carry(&how.blocks)?;
    let encoder = Encoder::new()?;
    let speed = speed(u64::from(size.0) * u64::from(size.1), how.effort);
    let mut output = Output(avif::avifRWData::default());
    // SAFETY: encoder, image and output are live; nobody else uses them.
    let result = unsafe {
        let settings = &mut *encoder.0;
        settings.codecChoice = avif::AVIF_CODEC_CHOICE_AOM;
        settings.maxThreads = 1;
        settings.speed = speed;
        settings.quality = quality(how.quality, speed);
        settings.qualityAlpha = ALPHA_QUALITY;
        match avif::avifEncoderSetCodecSpecificOption(encoder.0, TUNE.0.as_ptr(), TUNE.1.as_ptr()) {
            avif::AVIF_RESULT_OK => avif::avifEncoderWrite(encoder.0, image.0, &mut output.0),
            other => other,
        }
    };
    succeed(result)?;
    // SAFETY: after success the output holds `size` bytes.
    Ok(unsafe { std::slice::from_raw_parts(output.0.data, output.0.size) }.to_vec())
}

fn succeed(result: avif::avifResult) -> Result<(), CodecError> {
    if result == avif::AVIF_RESULT_OK {
        return Ok(());
    }
    // SAFETY: the library returns static strings.
    let name = unsafe { CStr::from_ptr(avif::avifResultToString(result)) };
    Err(CodecError::Internal(format!("libavif: {}", name.to_string_lossy())))
}

/// Bytes the library wrote, freed on drop.
struct Output(avif::avifRWData);

impl Drop for Output {
    fn drop(&mut self) {
        // SAFETY: filled by the library, or empty.
        unsafe { avif::avifRWDataFree(&mut self.0) }
    }
}

/// An encoder of the library, destroyed on drop.
struct Encoder(*mut avif::avifEncoder);

impl Encoder {
    fn new() -> Result<Encoder, CodecError> {
        // SAFETY: no arguments; a null result is handled.
        let encoder = unsafe { avif::avifEncoderCreate() };
        if encoder.is_null() { Err(CodecError::Internal("libavif: no encoder".into())) } else { Ok(Encoder(encoder)) }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the encoder is live and not used again.
        unsafe { avif::avifEncoderDestroy(self.0) }
    }
}

/// Planes of the library, destroyed on drop.
struct Image(*mut avif::avifImage);

impl Image {
    /// An image of sRGB in full-range YCbCr of ITU-R BT.601, without planes.
    fn empty(width: u32, height: u32, depth: u32, format: avif::avifPixelFormat) -> Result<Image, CodecError> {
        // SAFETY: plain numbers; a null result is handled.
        let image = unsafe { avif::avifImageCreate(width, height, depth, format) };
        if image.is_null() {
            return Err(CodecError::Internal("libavif: no image".into()));
        }
        let image = Image(image);
        // SAFETY: the image is live and used by nobody else.
        let planes = unsafe { &mut *image.0 };
        planes.yuvRange = avif::AVIF_RANGE_FULL;
        planes.colorPrimaries = avif::AVIF_COLOR_PRIMARIES_BT709 as _;
        planes.transferCharacteristics = avif::AVIF_TRANSFER_CHARACTERISTICS_SRGB as _;
        planes.matrixCoefficients = avif::AVIF_MATRIX_COEFFICIENTS_BT601 as _;
        Ok(image)
    }

    fn of_planes(picture: &Planar) -> Result<Image, CodecError> {
        let grey = picture.chroma.is_none();
        let format = if grey { avif::AVIF_PIXEL_FORMAT_YUV400 } else { avif::AVIF_PIXEL_FORMAT_YUV420 };
        let image = Image::empty(picture.luma.width, picture.luma.height, 8, format)?;
        // SAFETY: the image is live and used by nobody else.
        succeed(unsafe { avif::avifImageAllocatePlanes(image.0, avif::AVIF_PLANES_YUV) })?;
        let mut planes = vec![&picture.luma];
        planes.extend(picture.chroma.iter().flat_map(|chroma| [&chroma.blue, &chroma.red]));
        for (number, plane) in planes.into_iter().enumerate() {
            // SAFETY: the library has just allocated these planes, of the size that its format gives them: that of ours, as
            // the caller has checked. Nobody else uses them.
            let (stride, target) = unsafe {
                let stride = (*image.0).yuvRowBytes[number] as usize;
                let length = stride * plane.height as usize;
                (stride, std::slice::from_raw_parts_mut((*image.0).yuvPlanes[number], length))
            };
            for (from, to) in plane.rows().zip(target.chunks_mut(stride)) {
                to[..from.len()].copy_from_slice(from);
            }
        }
        Ok(image)
    }

    fn of_wide(wide: &Wide) -> Result<Image, CodecError> {
        let image = Image::empty(wide.width, wide.height, 10, avif::AVIF_PIXEL_FORMAT_YUV444)?;
        let mut rgb = avif::avifRGBImage::default();
        // SAFETY: the image is live; the pixels are `height` rows of `rowBytes` bytes, as checked on entry to the crate's
        // `encode_wide`, and only read.
        let result = unsafe {
            avif::avifRGBImageSetDefaults(&mut rgb, image.0);
            rgb.depth = 16;
            rgb.format = avif::AVIF_RGB_FORMAT_RGBA;
            rgb.ignoreAlpha = (!wide.has_alpha()).into();
            rgb.pixels = wide.data.as_ptr().cast_mut().cast();
            rgb.rowBytes = wide.width * 8;
            avif::avifImageRGBToYUV(image.0, &rgb)
        };
        succeed(result)?;
        Ok(image)
    }

    fn new(pixels: &Pixels) -> Result<Image, CodecError> {
        let image = Image::empty(pixels.width, pixels.height, 8, avif::AVIF_PIXEL_FORMAT_YUV420)?;
        let opaque = pixels.channels == Channels::Rgb || pixels.data.chunks_exact(4).all(|p| p[3] == 255);
        let mut rgb = avif::avifRGBImage::default();
        // SAFETY: the image is live; the pixels are `height` rows of `rowBytes` bytes, as checked on entry to the crate's
        // `encode`, and only read.
        let result = unsafe {
            avif::avifRGBImageSetDefaults(&mut rgb, image.0);
            rgb.depth = 8;
            rgb.format = match pixels.channels {
                Channels::Rgb => avif::AVIF_RGB_FORMAT_RGB,
                Channels::Rgba => avif::AVIF_RGB_FORMAT_RGBA,
            };
            rgb.ignoreAlpha = opaque.into();
            rgb.pixels = pixels.data.as_ptr().cast_mut();
            rgb.rowBytes = pixels.width * pixels.channels.count() as u32;
            avif::avifImageRGBToYUV(image.0, &rgb)
        };
        succeed(result)?;
        Ok(image)
    }
}

impl Image {
    /// Notes what the file is to say beside its pixels. An orientation in the Exif becomes the turn and mirror that AVIF
    /// goes by. Exif that the library cannot read, which it would not write, is left out; so is a profile beside grey,
    /// which says nothing of three channels.
    fn carry(&self, blocks: &Blocks) -> Result<(), CodecError> {
        // SAFETY: the image is live and used by nobody else.
        let image = unsafe { &mut *self.0 };
        if let Some(exif) = blocks.exif.as_ref().filter(|exif| is_readable(exif)) {
            // SAFETY: the library copies `len` bytes.
            succeed(unsafe { avif::avifImageSetMetadataExif(image, exif.as_ptr(), exif.len()) })?;
        }
        if let Some(xmp) = &blocks.xmp {
            // SAFETY: as above.
            succeed(unsafe { avif::avifImageSetMetadataXMP(image, xmp.as_ptr(), xmp.len()) })?;
        }
        if let Some(profile) = blocks.profile.as_ref().filter(|_| image.yuvFormat != avif::AVIF_PIXEL_FORMAT_YUV400) {
            // SAFETY: as above.
            succeed(unsafe { avif::avifImageSetProfileICC(image, profile.as_ptr(), profile.len()) })?;
            image.colorPrimaries = avif::AVIF_COLOR_PRIMARIES_UNSPECIFIED as _;
            image.transferCharacteristics = avif::AVIF_TRANSFER_CHARACTERISTICS_UNSPECIFIED as _;
        }
        Ok(())
    }
}

/// Whether the library finds a TIFF header in a block of Exif.
fn is_readable(exif: &[u8]) -> bool {
    let mut offset = 0;
    // SAFETY: the library reads `len` bytes and writes one number.
    let found = unsafe { avif::avifGetExifTiffHeaderOffset(exif.as_ptr(), exif.len(), &mut offset) };
    found == avif::AVIF_RESULT_OK
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: the image is live and not used again.
        unsafe { avif::avifImageDestroy(self.0) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn large_pictures_are_written_faster() {
        let sizes = [1, 250_000, 250_001, 1_000_000, 1_000_001, 40_000_000];
        assert_eq!(sizes.map(|pixels| speed(pixels, Effort::Waited)), [6, 6, 7, 7, 9, 9]);
        assert_eq!(sizes.map(|pixels| speed(pixels, Effort::Unhurried)), [3, 3, 3, 3, 5, 5]);
    }

    #[test]
    fn quality_rises_and_is_never_lossless() {
        for speed in [6, 7, 9] {
            let all: Vec<c_int> = (0..=255).map(|asked| quality(asked, speed)).collect();
            assert!(all.is_sorted() && all[0] >= 1 && all[255] == 99, "{speed}: {all:?}");
        }
        for (asked, want) in SCALE {
            assert_eq!(quality(asked as u8, 7), want);
        }
        assert_eq!([45, 55, 95].map(|asked| quality(asked, 7)), [41, 52, 93]);
    }

    /// What every size and quality passes to the library must be a combination that it takes: its tuning refuses some.
    #[test]
    fn every_quality_is_written() {
        for (width, height) in [(1, 1), (64, 48), (520, 490), (1010, 1000)] {
            let color = |at: u32| [at % 251, at / 7 % 241, at / 31 % 239].map(|value| value as u8);
            for channels in [Channels::Rgb, Channels::Rgba] {
                let data = (0..width * height).flat_map(|at| match channels {
                    Channels::Rgb => color(at).to_vec(),
                    Channels::Rgba => [color(at).as_slice(), &[at as u8]].concat(),
                });
                let pixels = Pixels { width, height, channels, data: data.collect() };
                let format = plan::Format::Avif;
                let of = |quality| Encode {
                    format,
                    quality,
                    lossless: false,
                    progressive: false,
                    palette: false,
                    ..Encode::default()
                };
                let mut last = 0;
                for quality in [0, 1, 50, 100] {
                    let file = encode(&pixels, &of(quality)).unwrap();
                    assert!(
                        file.len() >= last || width == 1,
                        "{width}x{height} {quality}: {} after {last}",
                        file.len()
                    );
                    last = file.len();
                }
            }
        }
    }
}
