//! JPEG: read by our own decoder, and what that does not take by libjpeg-turbo, which also writes it.

mod codec;
mod markers;
mod planes;
mod whole;

pub(crate) use markers::Markers;
pub(crate) use planes::decode as decode_planar;

use crate::icc::{self, Samples};
use crate::{Budget, Cancel, Channels, CodecError, Decode, Decoded, Encode, Info, Kind, Picture, Pixels, Planar};
use crate::{exif, foreign, limits};

/// Reads the headers.
pub(crate) fn probe(bytes: &[u8], budget: &Budget) -> Result<Info, CodecError> {
    info(&Markers::read(bytes)?, budget)
}

fn info(markers: &Markers<'_>, budget: &Budget) -> Result<Info, CodecError> {
    limits::size(markers.width, markers.height, budget)?;
    Ok(Info {
        kind: Kind::Jpeg,
        width: markers.width,
        height: markers.height,
        orientation: markers.exif.map_or(1, exif::orientation),
        may_have_alpha: false,
        frames: 1,
    })
}

/// Decodes, shrinking by a power of two where less than the full size serves.
pub(crate) fn decode(bytes: &[u8], ask: &Decode, budget: &Budget, cancel: &Cancel) -> Result<Decoded, CodecError> {
    let markers = Markers::read(bytes)?;
    let info = info(&markers, budget)?;
    if !markers.is_complete() || (markers.arithmetic && !markers.ended) {
        return Err(missing());
    }
    if let Some(decoded) = whole::decode(bytes, &markers, &info, (ask, budget, cancel))? {
        return Ok(decoded);
    }
    let here = || decode_here(bytes, &markers, &info, (ask, budget, cancel));
    let decoded = foreign::decode(Kind::Jpeg, bytes, (ask, budget, cancel), here)?;
    if decoded.info != info {
        return Err(CodecError::Corrupt("two readings of the JPEG header differ".into()));
    }
    Ok(decoded)
}

fn missing() -> CodecError {
    CodecError::Truncated("the JPEG ends before its last pixel".into())
}

fn decode_here(
    bytes: &[u8],
    markers: &Markers<'_>,
    info: &Info,
    (ask, budget, cancel): (&Decode, &Budget, &Cancel),
) -> Result<Decoded, CodecError> {
    let profile = markers.profile();
    let samples = match markers.components() {
        1 if profile.as_deref().is_some_and(icc::is_gray) => Samples::Gray,
        4 => Samples::Cmyk,
        _ => Samples::Rgb,
    };
    let denominator = shrink(info, ask);
    let (width, height) = (info.width.div_ceil(denominator), info.height.div_ceil(denominator));
    let collected = if markers.collects_scans() { markers.coefficient_bytes() } else { 0 };
    // Samples before and after colour conversion, at most four and three bytes a pixel.
    limits::memory(collected + limits::area(width, height) * 7, budget)?;
    cancel.check()?;

    let closed;
    let whole = if markers.ended {
        bytes
    } else {
        closed = [bytes, &[0xFF, 0xD9]].concat();
        &closed
    };
    let raw = codec::decode(whole, (width, height), denominator, samples, budget)?;
    if let Some(warning) = raw.warning {
        let lost = ["premature end", "Premature end"].iter().any(|text| warning.contains(text));
        match () {
            () if lost || !markers.ended => return Err(missing()),
            () if warning.contains("bad Huffman code") || warning.contains("found marker") => {
                return Err(CodecError::Corrupt(warning));
            }
            () => tracing::debug!(warning, "JPEG decoded with a warning"),
        }
    }
    let mut data = raw.data;
    if samples == Samples::Cmyk && markers.adobe {
        data.iter_mut().for_each(|v| *v = 255 - *v);
    }
    let (data, profile) = icc::settle(data, samples, profile.as_deref(), ask.keep_profile, cancel)?;
    let pixels = Pixels { width, height, channels: Channels::Rgb, data };
    Ok(Decoded { picture: Picture::still(pixels), profile, info: info.clone() })
}

/// The largest of 8, 4, 2, 1 that leaves both sides at least as long as asked. The sizes between are slower than the next
/// larger power of two, and 3/8 is wrong at the edges in some builds.
fn shrink(info: &Info, ask: &Decode) -> u32 {
    let Some((width, height)) = ask.at_least else {
        return 1;
    };
    let serves = |d: &u32| info.width.div_ceil(*d) >= width.max(1) && info.height.div_ceil(*d) >= height.max(1);
    [8, 4, 2].into_iter().find(serves).unwrap_or(1)
}

/// Encodes 4:2:0 with Huffman tables made for the picture. Transparent pixels go on white.
pub(crate) fn encode(pixels: &Pixels, how: &Encode) -> Result<Vec<u8>, CodecError> {
    match pixels.channels {
        Channels::Rgb => codec::encode(pixels.width, pixels.height, &pixels.data, how),
        Channels::Rgba => {
            let on_white = |v: u8, alpha: u8| {
                let (v, alpha) = (u32::from(v), u32::from(alpha));
                ((v * alpha + 255 * (255 - alpha) + 127) / 255) as u8
            };
            let mut flat = Vec::with_capacity(pixels.data.len() / 4 * 3);
            for p in pixels.data.chunks_exact(4) {
                flat.extend([on_white(p[0], p[3]), on_white(p[1], p[3]), on_white(p[2], p[3])]);
            }
            codec::encode(pixels.width, pixels.height, &flat, how)
        }
    }
}

/// As [`encode`], from planes of 4:2:0, or of grey alone.
pub(crate) fn encode_planar(picture: &Planar, how: &Encode) -> Result<Vec<u8>, CodecError> {
    let size = (picture.luma.width, picture.luma.height);
    match &picture.chroma {
        // The library reads lightness for each sample of chroma: an even number of columns and rows.
        Some(chroma) => {
            let luma = picture.luma.evened();
            codec::encode_planes(size, &[&luma, &chroma.blue, &chroma.red], how)
        }
        None => codec::encode_planes(size, &[&picture.luma], how),
    }
}

#[cfg(test)]
mod tests;
