//! Masters that carry their version in their pixels.
//!
//! A picture is a grid of 16 x 8 black and white blocks, row by row: 32 bits of version, 32 bits of a hash of its path, and a
//! 64-bit check of both. Blocks survive lossy coding and proportional resizing to about 100 pixels wide, so whatever a
//! derivative's format and size, [`read_mark`] tells which bytes of the master it was made from.

use std::io::Cursor;

/// Width of a master in pixels.
pub const WIDTH: usize = 640;
/// Height of a master in pixels.
pub const HEIGHT: usize = 320;

const COLUMNS: usize = 16;
const ROWS: usize = 8;

/// What a picture says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The version of the master.
    pub version: u32,
    /// A hash of the master's path at its origin.
    pub path: u32,
}

impl Mark {
    /// The mark of a version of a path. A leading slash makes no difference.
    pub fn new(path: &str, version: u32) -> Self {
        let hash = mix(path.trim_start_matches('/').bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            // FNV-1a
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }));
        Mark { version, path: (hash >> 32) as u32 }
    }

    fn bits(self) -> u128 {
        let word = u64::from(self.version) << 32 | u64::from(self.path);
        u128::from(word) << 64 | u128::from(mix(word))
    }

    fn from_bits(bits: u128) -> Option<Self> {
        let word = (bits >> 64) as u64;
        let mark = Mark { version: (word >> 32) as u32, path: word as u32 };
        (mark.bits() == bits).then_some(mark)
    }
}

/// The finaliser of SplitMix64: every input bit moves about half of the output bits.
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

/// Pixels of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgb {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Three bytes a pixel, row by row.
    pub data: Vec<u8>,
}

impl Rgb {
    /// From a function of x and y.
    pub fn from_fn(width: usize, height: usize, mut pixel: impl FnMut(usize, usize) -> [u8; 3]) -> Self {
        let mut data = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            for x in 0..width {
                data.extend_from_slice(&pixel(x, y));
            }
        }
        Rgb { width, height, data }
    }

    /// Rec. 601 luma of a pixel, 0-255.
    pub fn luma(&self, x: usize, y: usize) -> u8 {
        let at = (y * self.width + x) * 3;
        let [r, g, b] = [0, 1, 2].map(|c| u32::from(self.data[at + c]));
        ((299 * r + 587 * g + 114 * b) / 1000) as u8
    }
}

/// The pixels of a master of [`WIDTH`] x [`HEIGHT`].
pub fn pixels(mark: Mark) -> Rgb {
    let bits = mark.bits();
    let mut data = Vec::with_capacity(WIDTH * HEIGHT * 3);
    for row in 0..ROWS {
        let mut line = Vec::with_capacity(WIDTH * 3);
        for column in 0..COLUMNS {
            let white = bits >> (COLUMNS * ROWS - 1 - row * COLUMNS - column) & 1 == 1;
            line.resize(line.len() + WIDTH / COLUMNS * 3, if white { 255 } else { 0 });
        }
        for _ in 0..HEIGHT / ROWS {
            data.extend_from_slice(&line);
        }
    }
    Rgb { width: WIDTH, height: HEIGHT, data }
}

/// A version of a master as PNG (8-bit RGB).
///
/// # Panics
/// Never: writing to memory does not fail.
pub fn png(path: &str, version: u32) -> Vec<u8> {
    encode_png(&pixels(Mark::new(path, version)))
}

/// A version of a master as a small grey PNG: `block` pixels to each side of a block, so 16 times as wide and 8 times as
/// high. Cheap to make, to decode and to send. From 4 pixels on the mark survives re-encoding in the same size, from 8 on
/// also halving.
///
/// # Panics
/// Never: writing to memory does not fail.
#[allow(clippy::expect_used)]
pub fn small_png(path: &str, version: u32, block: usize) -> Vec<u8> {
    let bits = Mark::new(path, version).bits();
    let mut data = Vec::with_capacity(COLUMNS * ROWS * block * block);
    for row in 0..ROWS {
        let white = |column: usize| bits >> (COLUMNS * ROWS - 1 - row * COLUMNS - column) & 1 == 1;
        let line: Vec<u8> = (0..COLUMNS * block).map(|x| if white(x / block) { 255 } else { 0 }).collect();
        for _ in 0..block {
            data.extend_from_slice(&line);
        }
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, (COLUMNS * block) as u32, (ROWS * block) as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_compression(png::Compression::Fastest);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header().expect("writing to memory");
    writer.write_image_data(&data).expect("as many bytes as pixels");
    writer.finish().expect("writing to memory");
    out
}

/// Any picture as PNG (8-bit RGB), written fast rather than small.
///
/// # Panics
/// When the pixels do not fill the picture.
#[allow(clippy::expect_used)]
pub fn encode_png(picture: &Rgb) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, picture.width as u32, picture.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::Filter::Up);
    let mut writer = encoder.write_header().expect("writing to memory");
    writer.write_image_data(&picture.data).expect("as many bytes as pixels");
    writer.finish().expect("writing to memory");
    out
}

/// A JPEG whose EXIF says that it must be turned clockwise.
pub fn on_its_side(plain: &[u8]) -> Vec<u8> {
    // A TIFF header and one entry: tag 274, a short, 6.
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let mut master = plain[..2].to_vec();
    master.extend([0xff, 0xe1, 0, exif.len() as u8 + 2]);
    master.extend(exif);
    master.extend(&plain[2..]);
    master
}

/// Reads the version out of a JPEG, PNG or WebP made from a master of ours.
///
/// # Errors
/// As [`read_mark`].
pub fn read_version(bytes: &[u8]) -> Result<u32, String> {
    read_mark(bytes).map(|mark| mark.version)
}

/// Reads the mark out of a JPEG, PNG or WebP made from a master of ours: the whole picture, in any proportional size.
///
/// # Errors
/// When it cannot be decoded, when a block is neither black nor white, or when the check does not match.
pub fn read_mark(bytes: &[u8]) -> Result<Mark, String> {
    mark_in(&decode(bytes)?)
}

/// Reads the mark out of pixels.
///
/// # Errors
/// As [`read_mark`].
pub fn mark_in(picture: &Rgb) -> Result<Mark, String> {
    let (width, height) = (picture.width, picture.height);
    if width < 3 * COLUMNS || height < 3 * ROWS {
        return Err(format!("{width}x{height} is too small to hold a mark"));
    }
    let mut bits = 0_u128;
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            let (x, y) = (middle(column, COLUMNS, width), middle(row, ROWS, height));
            let all = (x.end - x.start) * (y.end - y.start);
            let white =
                y.flat_map(|y| x.clone().map(move |x| (x, y))).filter(|&(x, y)| picture.luma(x, y) > 127).count();
            if white * 4 > all && white * 4 < all * 3 {
                return Err(format!("block {column},{row} is neither black nor white: {white} of {all} pixels"));
            }
            bits = bits << 1 | u128::from(white * 2 > all);
        }
    }
    Mark::from_bits(bits).ok_or_else(|| format!("the check does not match: {bits:032x} in {width}x{height}"))
}

/// The pixels in the middle half of a block.
fn middle(index: usize, count: usize, pixels: usize) -> std::ops::Range<usize> {
    let start = pixels * (4 * index + 1) / (4 * count);
    let end = pixels * (4 * index + 3) / (4 * count);
    start..end.max(start + 1)
}

/// Decodes JPEG, PNG or WebP with decoders that the product's own tests are independent of. Transparency is laid on black.
///
/// # Errors
/// When it is none of them, or broken.
pub fn decode(bytes: &[u8]) -> Result<Rgb, String> {
    if bytes.starts_with(&[0xff, 0xd8]) {
        decode_jpeg(bytes)
    } else if bytes.starts_with(b"\x89PNG") {
        decode_png(bytes)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        decode_webp(bytes)
    } else {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(64)]);
        Err(format!("{} bytes are no JPEG, PNG or WebP: {start:?}", bytes.len()))
    }
}

fn decode_jpeg(bytes: &[u8]) -> Result<Rgb, String> {
    use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let data = decoder.decode().map_err(|error| format!("JPEG: {error:?}"))?;
    let info = decoder.info().ok_or("JPEG without a size")?;
    Ok(Rgb { width: info.width.into(), height: info.height.into(), data })
}

fn decode_png(bytes: &[u8]) -> Result<Rgb, String> {
    let fail = |error: png::DecodingError| format!("PNG: {error}");
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(fail)?;
    let mut data = vec![0; reader.output_buffer_size().ok_or("PNG of absurd size")?];
    let frame = reader.next_frame(&mut data).map_err(fail)?;
    data.truncate(frame.buffer_size());
    let data = to_rgb(data, frame.color_type.samples());
    Ok(Rgb { width: frame.width as usize, height: frame.height as usize, data })
}

fn decode_webp(bytes: &[u8]) -> Result<Rgb, String> {
    let fail = |error: image_webp::DecodingError| format!("WebP: {error}");
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).map_err(fail)?;
    let (width, height) = decoder.dimensions();
    let samples = if decoder.has_alpha() { 4 } else { 3 };
    let mut data = vec![0; decoder.output_buffer_size().ok_or("WebP of absurd size")?];
    decoder.read_image(&mut data).map_err(fail)?;
    Ok(Rgb { width: width as usize, height: height as usize, data: to_rgb(data, samples) })
}

fn to_rgb(data: Vec<u8>, samples: usize) -> Vec<u8> {
    if samples == 3 {
        return data;
    }
    let over_black = |value: u8, alpha: u8| (u32::from(value) * u32::from(alpha) / 255) as u8;
    data.chunks_exact(samples)
        .flat_map(|pixel| match *pixel {
            [grey] => [grey; 3],
            [grey, alpha] => [over_black(grey, alpha); 3],
            [r, g, b, alpha] => [r, g, b].map(|value| over_black(value, alpha)),
            _ => [0; 3],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// Area average, as a resizer would.
    fn shrink(picture: &Rgb, width: usize) -> Rgb {
        let height = picture.height * width / picture.width;
        Rgb::from_fn(width, height, |x, y| {
            let xs = x * picture.width / width..((x + 1) * picture.width).div_ceil(width);
            let ys = y * picture.height / height..((y + 1) * picture.height).div_ceil(height);
            let count = (xs.len() * ys.len()) as u32;
            let sum: u32 =
                ys.flat_map(|y| xs.clone().map(move |x| (x, y))).map(|(x, y)| u32::from(picture.luma(x, y))).sum();
            [(sum / count) as u8; 3]
        })
    }

    #[test]
    fn a_version_survives_png_and_shrinking() {
        for version in [0, 1, 2, 255, 256, 0xdead_beef, u32::MAX] {
            let mark = Mark::new("/x/cat.png", version);
            assert_eq!(read_mark(&png("x/cat.png", version)), Ok(mark));
            for width in [100, 150, 151, 233, 300, 500, 639] {
                assert_eq!(mark_in(&shrink(&pixels(mark), width)), Ok(mark), "{width}");
            }
        }
        assert_ne!(Mark::new("a", 1), Mark::new("b", 1));
    }

    #[test]
    fn a_small_picture_carries_its_version() {
        for (block, half) in [(4, false), (8, true), (10, true)] {
            let mark = Mark::new("x/cat.png", 0x0012_3456);
            let small = small_png("x/cat.png", 0x0012_3456, block);
            assert_eq!(read_mark(&small), Ok(mark), "{block}");
            if half {
                assert_eq!(mark_in(&shrink(&decode(&small).unwrap(), COLUMNS * block / 2)), Ok(mark), "{block}");
            }
        }
    }

    #[test]
    fn a_version_survives_webp_and_noise() {
        let mark = Mark::new("cat.png", 77);
        let mut picture = pixels(mark);
        let mut noise = 1_u64;
        for byte in &mut picture.data {
            noise = mix(noise);
            let shift = (noise % 60) as u8;
            *byte = if *byte == 0 { shift } else { 255 - shift };
        }
        let mut webp = Vec::new();
        image_webp::WebPEncoder::new(&mut webp)
            .encode(&picture.data, WIDTH as u32, HEIGHT as u32, image_webp::ColorType::Rgb8)
            .unwrap();
        assert_eq!(read_mark(&webp), Ok(mark));
    }

    /// A grey baseline JPEG of 8 x 8 pixels a block: each is one DC coefficient, so no transform is needed.
    fn flat_jpeg(mark: Mark) -> Vec<u8> {
        let mut out = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
        out.extend([8; 64]);
        let (width, height) = (8 * COLUMNS as u8, 8 * ROWS as u8);
        out.extend([0xff, 0xc0, 0, 11, 8, 0, height, 0, width, 1, 1, 0x11, 0]);
        // DC: nine codes of four bits, for differences of 0 to 8 bits. AC: one code, end of block.
        out.extend([0xff, 0xc4, 0, 28, 0x00, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.extend(0..9_u8);
        out.extend([0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.extend([0xff, 0xda, 0, 8, 1, 1, 0x00, 0, 63, 0]);
        let (mut bits, mut last) = (String::new(), 0_i32);
        for block in (0..COLUMNS * ROWS).rev() {
            let value = if mark.bits() >> block & 1 == 1 { 127 } else { -128 };
            let difference: i32 = value - last;
            last = value;
            let size = 32 - difference.unsigned_abs().leading_zeros();
            bits += &format!("{size:04b}");
            if size > 0 {
                let coded = if difference < 0 { difference + (1 << size) - 1 } else { difference };
                bits += &format!("{coded:0width$b}", width = size as usize);
            }
            bits.push('0');
        }
        bits += &"1".repeat((8 - bits.len() % 8) % 8);
        for byte in bits.as_bytes().chunks(8) {
            let byte = u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap();
            out.push(byte);
            if byte == 0xff {
                out.push(0);
            }
        }
        out.extend([0xff, 0xd9]);
        out
    }

    #[test]
    fn a_version_is_read_from_jpeg() {
        for version in [1, 9, 0x0102_0304] {
            let mark = Mark::new("cat.jpg", version);
            assert_eq!(read_mark(&flat_jpeg(mark)), Ok(mark));
        }
    }

    #[test]
    fn other_pictures_have_no_version() {
        let grey = Rgb::from_fn(WIDTH, HEIGHT, |x, _| [x as u8; 3]);
        assert!(read_version(&encode_png(&grey)).is_err());
        assert!(read_version(&encode_png(&Rgb::from_fn(WIDTH, HEIGHT, |_, _| [255; 3]))).is_err());
        assert!(read_version(b"GIF89a").is_err());
        assert!(read_version(&[]).is_err());
        let mut cut = png("a", 1);
        cut.truncate(cut.len() / 2);
        assert!(read_version(&cut).is_err());
        // One wrong block of 128 is noticed.
        let bits = Mark::new("a", 1).bits();
        for bit in 0..128 {
            assert_eq!(Mark::from_bits(bits ^ 1 << bit), None);
        }
    }
}
