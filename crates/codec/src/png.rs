//! PNG (ISO/IEC 15948). Of an APNG the default image.

use std::io::{Cursor, ErrorKind};

use png::{BitDepth, ColorType, Compression, Decoder, DecodingError, Limits, Reader, Transformations};

use crate::icc::{self, Samples};
use crate::limits;
use crate::palette;
use crate::scratch;
use crate::tiff::eight_of_sixteen;
use crate::{Budget, Cancel, Channels, CodecError, Decode, Decoded, Encode, Info, Kind, Picture, Pixels};

/// Rows between two looks at the clock.
const BAND: usize = 64;

type Input<'a> = Reader<Cursor<&'a [u8]>>;

/// Reads the headers, up to the pixels.
pub(crate) fn probe(bytes: &[u8], budget: &Budget) -> Result<Info, CodecError> {
    Ok(info(&open(bytes, budget)?))
}

fn open<'a>(bytes: &'a [u8], budget: &Budget) -> Result<Input<'a>, CodecError> {
    let header = bytes.get(16..24).ok_or_else(|| CodecError::Truncated("a PNG without a header".into()))?;
    let side = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    limits::size(side(0), side(4), budget)?;
    let bytes_limit = usize::try_from(budget.memory).unwrap_or(usize::MAX);
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: bytes_limit });
    // Sixteen bits are rounded here: the library would cut the lower eight off.
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.read_info().map_err(|e| refuse(e, budget))
}

fn info(reader: &Input<'_>) -> Info {
    let header = reader.info();
    let alpha = matches!(header.color_type, ColorType::GrayscaleAlpha | ColorType::Rgba) || header.trns.is_some();
    Info {
        kind: Kind::Png,
        width: header.width,
        height: header.height,
        orientation: header.exif_metadata.as_deref().map_or(1, crate::exif::orientation),
        may_have_alpha: alpha,
        frames: 1,
    }
}

/// Decodes any depth and colour type.
pub(crate) fn decode(bytes: &[u8], ask: &Decode, budget: &Budget, cancel: &Cancel) -> Result<Decoded, CodecError> {
    let mut reader = open(bytes, budget)?;
    let info = info(&reader);
    let (color, depth) = reader.output_color_type();
    if !matches!(depth, BitDepth::Eight | BitDepth::Sixteen) || color == ColorType::Indexed {
        return Err(CodecError::Internal(format!("PNG: {color:?} of {depth:?} after expansion")));
    }
    let wide = depth == BitDepth::Sixteen;
    let samples = color.samples() * if wide { 2 } else { 1 };
    // Once as the file has them, once as they go out.
    limits::memory(limits::area(info.width, info.height) * (samples as u64 + 4), budget)?;
    let stride = info.width as usize * samples;
    let mut data = scratch::take(stride * info.height as usize);
    match reader.info().interlaced {
        true => read_interlaced(&mut reader, &mut data, stride, samples, budget, cancel)?,
        false => {
            for (number, row) in data.chunks_exact_mut(stride).enumerate() {
                if number % BAND == 0 {
                    cancel.check()?;
                }
                if reader.read_row(row).map_err(|e| refuse(e, budget))?.is_none() {
                    return Err(CodecError::Truncated("the PNG ends before its last row".into()));
                }
            }
        }
    }
    if wide {
        let pairs = data.chunks_exact(2).map(|p| eight_of_sixteen(u16::from_be_bytes([p[0], p[1]])));
        data = pairs.collect();
    }
    let header = reader.info();
    let profile = header.icc_profile.as_deref().filter(|_| header.srgb.is_none());
    let (data, profile) = to_rgb(data, color, profile, ask.keep_profile, cancel)?;
    let channels = if info.may_have_alpha { Channels::Rgba } else { Channels::Rgb };
    let pixels = Pixels { width: info.width, height: info.height, channels, data };
    Ok(Decoded { picture: Picture::still(pixels), profile, info })
}

fn read_interlaced(
    reader: &mut Input<'_>,
    data: &mut [u8],
    stride: usize,
    samples: usize,
    budget: &Budget,
    cancel: &Cancel,
) -> Result<(), CodecError> {
    // Exactly the rows there are: to ask for one more reads on, and fails where only the end marker is missing.
    for number in 0..interlaced_rows(reader.info().width, reader.info().height) {
        if number % BAND as u64 == 0 {
            cancel.check()?;
        }
        let Some(row) = reader.next_interlaced_row().map_err(|e| refuse(e, budget))? else {
            return Err(CodecError::Truncated("the PNG ends before its last row".into()));
        };
        if let png::InterlaceInfo::Adam7(place) = row.interlace() {
            png::expand_interlaced_row(data, stride, row.data(), place, samples as u8 * 8);
        }
    }
    Ok(())
}

/// Rows of all seven passes together (ISO/IEC 15948 section 8.2). A pass without columns has no rows.
fn interlaced_rows(width: u32, height: u32) -> u64 {
    const PASSES: [(u32, u32, u32); 7] = [(0, 0, 8), (4, 0, 8), (0, 4, 8), (2, 0, 4), (0, 2, 4), (1, 0, 2), (0, 1, 2)];
    let rows = |(left, top, step): (u32, u32, u32)| {
        if width > left { u64::from(height.saturating_sub(top).div_ceil(step)) } else { 0 }
    };
    PASSES.into_iter().map(rows).sum()
}

fn to_rgb(
    data: Vec<u8>,
    color: ColorType,
    profile: Option<&[u8]>,
    keep: bool,
    cancel: &Cancel,
) -> Result<(Vec<u8>, Option<Vec<u8>>), CodecError> {
    match color {
        ColorType::Grayscale => icc::settle(data, Samples::Gray, profile, keep, cancel),
        ColorType::GrayscaleAlpha => {
            let gray = data.chunks_exact(2).map(|p| p[0]).collect();
            let rgb = icc::to_srgb(gray, Samples::Gray, profile, cancel)?;
            let pixels = rgb.chunks_exact(3).zip(data.chunks_exact(2));
            Ok((pixels.flat_map(|(c, p)| [c[0], c[1], c[2], p[1]]).collect(), None))
        }
        ColorType::Rgba => icc::settle(data, Samples::Rgba, profile, keep, cancel),
        ColorType::Rgb | ColorType::Indexed => icc::settle(data, Samples::Rgb, profile, keep, cancel),
    }
}

fn refuse(error: DecodingError, budget: &Budget) -> CodecError {
    match error {
        DecodingError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => {
            CodecError::Truncated("the PNG ends before its last pixel".into())
        }
        DecodingError::LimitsExceeded => {
            CodecError::OverBudget { what: "memory", found: budget.memory.saturating_add(1), limit: budget.memory }
        }
        e => CodecError::Corrupt(e.to_string()),
    }
}

/// Encodes RGB, RGBA where a pixel is not opaque, or a palette.
pub(crate) fn encode(pixels: &Pixels, how: &Encode, cancel: &Cancel) -> Result<Vec<u8>, CodecError> {
    if how.palette {
        return encode_palette(pixels, how);
    }
    let opaque;
    let (color, data) = match pixels.channels {
        Channels::Rgb => (ColorType::Rgb, &pixels.data),
        Channels::Rgba if pixels.data.chunks_exact(4).all(|p| p[3] == 255) => {
            opaque = pixels.data.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
            (ColorType::Rgb, &opaque)
        }
        Channels::Rgba => (ColorType::Rgba, &pixels.data),
    };
    cancel.check()?;
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, pixels.width, pixels.height);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    encoder.set_pixel_dims(density(how));
    write(encoder, data)?;
    Ok(out)
}

/// In pixels per metre (PNG 3rd edition, section 11.3.4.3).
fn density(how: &Encode) -> Option<png::PixelDimensions> {
    let per_metre = (f64::from(how.density) / 0.0254).round() as u32;
    (how.density > 0).then_some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter })
}

fn encode_palette(pixels: &Pixels, how: &Encode) -> Result<Vec<u8>, CodecError> {
    let rgba;
    let data = match pixels.channels {
        Channels::Rgba => &pixels.data,
        Channels::Rgb => {
            rgba = pixels.data.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
            &rgba
        }
    };
    let mut indexed = palette::reduce(data, pixels.width, how.colors.clamp(2, 256).into());
    let depth = match indexed.colors.len() {
        0..=2 => BitDepth::One,
        3..=4 => BitDepth::Two,
        5..=16 => BitDepth::Four,
        _ => BitDepth::Eight,
    };
    if depth != BitDepth::Eight {
        indexed.indices = pack(&indexed.indices, pixels.width as usize, depth as usize);
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, pixels.width, pixels.height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(depth);
    encoder.set_compression(Compression::Balanced);
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_palette(indexed.colors.iter().flat_map(|c| [c[0], c[1], c[2]]).collect::<Vec<u8>>());
    if indexed.colors.iter().any(|c| c[3] != 255) {
        encoder.set_trns(indexed.colors.iter().map(|c| c[3]).collect::<Vec<u8>>());
    }
    encoder.set_pixel_dims(density(how));
    write(encoder, &indexed.indices)?;
    Ok(out)
}

/// Puts indices of fewer than eight bits together, the leftmost in the high bits; every row begins a byte.
fn pack(indices: &[u8], width: usize, depth: usize) -> Vec<u8> {
    let per_byte = 8 / depth;
    let byte = |group: &[u8]| group.iter().enumerate().fold(0, |b, (i, v)| b | v << (8 - depth * (i + 1)));
    indices.chunks(width).flat_map(|row| row.chunks(per_byte).map(byte)).collect()
}

fn write(encoder: png::Encoder<'_, &mut Vec<u8>>, data: &[u8]) -> Result<(), CodecError> {
    let failed = |e: png::EncodingError| CodecError::Internal(format!("PNG: {e}"));
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(data).map_err(failed)?;
    writer.finish().map_err(failed)
}
