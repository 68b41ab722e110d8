//! PNG (ISO/IEC 15948). Of an APNG the default image.

use std::io::{Cursor, ErrorKind};

use png::{BitDepth, ColorType, Compression, Decoder, DecodingError, Limits, Reader, Transformations};

use crate::icc::{self, Samples};
use crate::limits;
use crate::palette;
use crate::scratch;
use crate::tiff::eight_of_sixteen;
use crate::wide::{self, DecodedWide, Wide};
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
    let (color, wide) = layout(&reader)?;
    let mut data = samples(&mut reader, 4, budget, cancel)?;
    if wide {
        data = sixteen(&data).map(eight_of_sixteen).collect();
    }
    let header = reader.info();
    let profile = header.icc_profile.as_deref().filter(|_| header.srgb.is_none());
    let (data, profile) = to_rgb(data, color, profile, ask.keep_profile, cancel)?;
    let channels = if info.may_have_alpha { Channels::Rgba } else { Channels::Rgb };
    let pixels = Pixels { width: info.width, height: info.height, channels, data };
    Ok(Decoded { picture: Picture::still(pixels), profile, info })
}

/// Decodes a file of 16 bits a sample; `None` for one of fewer.
pub(crate) fn decode_wide(
    bytes: &[u8],
    ask: &Decode,
    budget: &Budget,
    cancel: &Cancel,
) -> Result<Option<DecodedWide>, CodecError> {
    let mut reader = open(bytes, budget)?;
    let info = info(&reader);
    let (color, wide) = layout(&reader)?;
    if !wide {
        return Ok(None);
    }
    let data = samples(&mut reader, wide::PIXEL, budget, cancel)?;
    let header = reader.info();
    let profile = header.icc_profile.as_deref().filter(|_| header.srgb.is_none());
    let gray = matches!(color, ColorType::Grayscale | ColorType::GrayscaleAlpha);
    let (data, profile) = icc::settle_wide(spread(&data, color), gray, profile, ask.keep_profile, cancel)?;
    Ok(Some(DecodedWide { wide: Wide { width: info.width, height: info.height, data }, profile, info }))
}

/// The colour type after expansion, and whether a sample has 16 bits; else it has 8.
fn layout(reader: &Input<'_>) -> Result<(ColorType, bool), CodecError> {
    let (color, depth) = reader.output_color_type();
    if !matches!(depth, BitDepth::Eight | BitDepth::Sixteen) || color == ColorType::Indexed {
        return Err(CodecError::Internal(format!("PNG: {color:?} of {depth:?} after expansion")));
    }
    Ok((color, depth == BitDepth::Sixteen))
}

fn sixteen(data: &[u8]) -> impl Iterator<Item = u16> {
    data.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair))
}

/// Red, green, blue and alpha of samples of 16 bits.
fn spread(data: &[u8], color: ColorType) -> Vec<[u16; 4]> {
    let pixel = |bytes: &[u8]| {
        let at = |place: usize| bytes.as_chunks::<2>().0.get(place).map_or(u16::MAX, |pair| u16::from_be_bytes(*pair));
        match color {
            ColorType::Grayscale | ColorType::GrayscaleAlpha => [at(0), at(0), at(0), at(1)],
            ColorType::Rgb | ColorType::Rgba | ColorType::Indexed => [at(0), at(1), at(2), at(3)],
        }
    };
    data.chunks_exact(2 * color.samples()).map(pixel).collect()
}

/// All samples as the file has them, expanded; `more` bytes a pixel are taken besides.
fn samples(reader: &mut Input<'_>, more: u64, budget: &Budget, cancel: &Cancel) -> Result<Vec<u8>, CodecError> {
    let (width, height, interlaced) = {
        let header = reader.info();
        (header.width, header.height, header.interlaced)
    };
    let (color, wide) = layout(reader)?;
    let samples = color.samples() * if wide { 2 } else { 1 };
    // Once as the file has them, once as they go out.
    limits::memory(limits::area(width, height) * (samples as u64 + more), budget)?;
    let stride = width as usize * samples;
    let mut data = scratch::take(stride * height as usize);
    if interlaced {
        read_interlaced(reader, &mut data, stride, samples, budget, cancel)?;
        return Ok(data);
    }
    for (number, row) in data.chunks_exact_mut(stride).enumerate() {
        if number % BAND == 0 {
            cancel.check()?;
        }
        if reader.read_row(row).map_err(|e| refuse(e, budget))?.is_none() {
            return Err(CodecError::Truncated("the PNG ends before its last row".into()));
        }
    }
    Ok(data)
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

/// Encodes 16 bits: RGB, RGBA where a pixel is not opaque.
pub(crate) fn encode_wide(wide: &Wide, how: &Encode) -> Result<Vec<u8>, CodecError> {
    let (color, count) = if wide.has_alpha() { (ColorType::Rgba, 4) } else { (ColorType::Rgb, 3) };
    let data: Vec<u8> = wide.data.iter().flat_map(|p| p.iter().take(count).flat_map(|v| v.to_be_bytes())).collect();
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, wide.width, wide.height);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Sixteen);
    encoder.set_compression(Compression::Fast);
    encoder.set_pixel_dims(density(how));
    write(encoder, &data)?;
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
