//! Windows bitmaps (Microsoft, "Bitmap Structures" of the Windows GDI reference): headers of OS/2 1 to version 5, 1 to 32
//! bits a pixel, packed by runs or not, with masks or not.

mod runs;

use crate::icc::{self, Samples};
use crate::limits;
use crate::{Budget, Cancel, Channels, CodecError, Decoded, Info, Kind, Picture, Pixels};

/// The file header, before the bitmap's own.
const FILE_HEADER: usize = 14;
/// Rows between two looks at the clock.
const BAND: usize = 64;

/// Reads the headers.
pub(crate) fn probe(bytes: &[u8], budget: &Budget) -> Result<Info, CodecError> {
    let bitmap = Bitmap::of_file(bytes)?;
    limits::size(bitmap.width, bitmap.height, budget)?;
    Ok(bitmap.info(Kind::Bmp))
}

/// Decodes to RGB, or to RGBA where the header says where alpha lies.
pub(crate) fn decode(bytes: &[u8], budget: &Budget, cancel: &Cancel) -> Result<Decoded, CodecError> {
    let bitmap = Bitmap::of_file(bytes)?;
    let info = bitmap.info(Kind::Bmp);
    let data = bitmap.pixels(budget, cancel)?;
    let rgba = info.may_have_alpha;
    let data = if rgba { data } else { data.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect() };
    let samples = if rgba { Samples::Rgba } else { Samples::Rgb };
    let data = icc::to_srgb(data, samples, bitmap.profile(), cancel)?;
    let channels = if rgba { Channels::Rgba } else { Channels::Rgb };
    let pixels = Pixels { width: info.width, height: info.height, channels, data };
    Ok(Decoded { picture: Picture::still(pixels), profile: None, info })
}

/// How a pixel's bits are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    /// Runs of indices of so many bits, 4 or 8.
    Runs(u8),
    Masks,
}

/// A bitmap's header, read, with the data it speaks of.
pub(crate) struct Bitmap<'a> {
    /// From the bitmap's header on.
    bytes: &'a [u8],
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The first row is the topmost.
    top_down: bool,
    bits: u8,
    packing: Packing,
    /// Where red, green, blue and alpha lie, for 16 and 32 bits.
    masks: [u32; 4],
    palette: Vec<[u8; 3]>,
    /// Where the pixels begin.
    start: usize,
}

impl<'a> Bitmap<'a> {
    fn of_file(bytes: &'a [u8]) -> Result<Bitmap<'a>, CodecError> {
        let header = bytes.get(..FILE_HEADER).ok_or_else(cut)?;
        let offset = u32::from_le_bytes([header[10], header[11], header[12], header[13]]) as usize;
        let mut bitmap = Bitmap::read(&bytes[FILE_HEADER..])?;
        if let Some(start) = offset.checked_sub(FILE_HEADER).filter(|start| *start >= bitmap.start) {
            bitmap.start = start;
        }
        Ok(bitmap)
    }

    /// Reads a header that stands by itself, with the pixels right after it.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Bitmap<'a>, CodecError> {
        let length = u32_at(bytes, 0)? as usize;
        let (width, height, bits, compression, colors) = match length {
            12 => (u16_at(bytes, 4)?.into(), i64::from(u16_at(bytes, 6)?), u16_at(bytes, 10)?, 0, 0),
            16 | 40 | 52 | 56 | 64 | 108 | 124 => {
                let field = |at: usize| if at < length { u32_at(bytes, at) } else { Ok(0) };
                let (width, height) = (u32_at(bytes, 4)? as i32, u32_at(bytes, 8)? as i32);
                (i64::from(width), i64::from(height), u16_at(bytes, 14)?, field(16)?, field(32)?)
            }
            other => return Err(CodecError::Unsupported(format!("a BMP with a header of {other} bytes"))),
        };
        let (Ok(width), Ok(rows)) = (u32::try_from(width), u32::try_from(height.unsigned_abs())) else {
            return Err(CodecError::Corrupt("BMP: a size that cannot be".into()));
        };
        if width == 0 || rows == 0 || width > 1 << 24 || rows > 1 << 24 {
            return Err(CodecError::Corrupt("BMP: a size that cannot be".into()));
        }
        let packing = match (compression, bits) {
            (0, 1 | 2 | 4 | 8 | 16 | 24 | 32) => Packing::Plain,
            (1, 8) => Packing::Runs(8),
            (2, 4) => Packing::Runs(4),
            (3 | 6, 16 | 32) => Packing::Masks,
            _ => {
                return Err(CodecError::Unsupported(format!(
                    "a BMP of {bits} bits, compressed by method {compression}"
                )));
            }
        };
        let bits = bits as u8;
        let mut start = length;
        let mut masks = match bits {
            16 => [0x7C00, 0x03E0, 0x001F, 0],
            _ => [0x00FF_0000, 0x0000_FF00, 0x0000_00FF, 0],
        };
        if packing == Packing::Masks {
            for (at, mask) in masks.iter_mut().enumerate().take(3) {
                *mask = u32_at(bytes, 40 + 4 * at)?;
            }
            if length == 40 {
                start += if compression == 6 { 16 } else { 12 };
            }
            if length >= 56 || compression == 6 {
                masks[3] = u32_at(bytes, 52)?;
            }
        }
        let mut palette = Vec::new();
        if bits <= 8 {
            let size = if length == 12 { 3 } else { 4 };
            let most = 1usize << bits;
            let count = if colors == 0 { most } else { (colors as usize).min(most) };
            let table = bytes.get(start..).ok_or_else(cut)?;
            // A table that runs into the pixels is cut short by some writers.
            palette = table.chunks_exact(size).take(count).map(|c| [c[2], c[1], c[0]]).collect();
            start += size * count;
        }
        Ok(Bitmap { bytes, width, height: rows, top_down: height < 0, bits, packing, masks, palette, start })
    }

    pub(crate) fn info(&self, kind: Kind) -> Info {
        let alpha = self.masks[3] != 0 && self.bits >= 16;
        Info { kind, width: self.width, height: self.height, orientation: 1, may_have_alpha: alpha, frames: 1 }
    }

    /// An icon's bitmap is twice as high as its picture: below it lies the mask of what is clear.
    pub(crate) fn halve(&mut self) {
        self.height = self.height.div_ceil(2);
        self.top_down = false;
    }

    /// 32 bits without masks: the fourth byte is alpha, as icons have it.
    pub(crate) fn fourth_is_alpha(&mut self) -> bool {
        let so = self.bits == 32 && self.masks[3] == 0;
        if so {
            self.masks[3] = 0xFF00_0000;
        }
        so
    }

    /// Bytes of a row of so many bits a pixel.
    fn stride(&self, bits: usize) -> usize {
        (self.width as usize * bits).div_ceil(32) * 4
    }

    /// The embedded profile of a header of version 5.
    fn profile(&self) -> Option<&'a [u8]> {
        let embedded = u32_at(self.bytes, 0).ok()? == 124 && u32_at(self.bytes, 56).ok()? == 0x4D42_4544;
        let (at, length) = (u32_at(self.bytes, 112).ok()? as usize, u32_at(self.bytes, 116).ok()? as usize);
        self.bytes.get(at..at.checked_add(length)?).filter(|profile| embedded && !profile.is_empty())
    }

    /// RGBA, from the top.
    pub(crate) fn pixels(&self, budget: &Budget, cancel: &Cancel) -> Result<Vec<u8>, CodecError> {
        limits::size(self.width, self.height, budget)?;
        let area = limits::area(self.width, self.height);
        // The pixels, once more without alpha, and the indices of runs.
        limits::memory(area * 8, budget)?;
        let data = self.bytes.get(self.start..).ok_or_else(cut)?;
        let (width, height) = (self.width as usize, self.height as usize);
        let indices;
        let (data, stride, bits) = match self.packing {
            Packing::Runs(bits) => {
                indices = runs::unpack(data, bits, width, height, cancel)?;
                (&indices[..], width, 8)
            }
            _ => (data, self.stride(self.bits.into()), self.bits),
        };
        // The last row need not be filled up.
        let last = (width * usize::from(bits)).div_ceil(8);
        if data.len() < stride * (height - 1) + last {
            return Err(cut());
        }
        let mut out = vec![255; width * height * 4];
        for (number, (row, y)) in data.chunks(stride).zip(0..height).enumerate() {
            if number % BAND == 0 {
                cancel.check()?;
            }
            let y = if self.top_down { y } else { height - 1 - y };
            self.row(row, bits, &mut out[y * width * 4..(y + 1) * width * 4]);
        }
        Ok(out)
    }

    fn row(&self, row: &[u8], bits: u8, out: &mut [u8]) {
        let color = |index: usize| self.palette.get(index).copied().unwrap_or([0; 3]);
        let pixels = out.chunks_exact_mut(4);
        match bits {
            24 => pixels.zip(row.chunks_exact(3)).for_each(|(to, p)| to[..3].copy_from_slice(&[p[2], p[1], p[0]])),
            16 => pixels.zip(row.chunks_exact(2)).for_each(|(to, p)| {
                to.copy_from_slice(&self.by_masks(u16::from_le_bytes([p[0], p[1]]).into()));
            }),
            32 => pixels.zip(row.chunks_exact(4)).for_each(|(to, p)| {
                to.copy_from_slice(&self.by_masks(u32::from_le_bytes([p[0], p[1], p[2], p[3]])));
            }),
            8 => pixels.zip(row).for_each(|(to, index)| to[..3].copy_from_slice(&color((*index).into()))),
            _ => {
                let (bits, most) = (usize::from(bits), (1 << bits) - 1);
                for (x, to) in pixels.enumerate() {
                    let byte = row.get(x * bits / 8).copied().unwrap_or(0);
                    let index = usize::from(byte) >> (8 - bits - x * bits % 8) & most;
                    to[..3].copy_from_slice(&color(index));
                }
            }
        }
    }

    fn by_masks(&self, value: u32) -> [u8; 4] {
        let [r, g, b, a] = self.masks;
        [part(value, r), part(value, g), part(value, b), if a == 0 { 255 } else { part(value, a) }]
    }

    /// Which pixels of an icon its mask makes clear, from the top; `None` without a mask.
    pub(crate) fn clear(&self) -> Option<Vec<bool>> {
        let (width, height) = (self.width as usize, self.height as usize);
        let start = self.start.checked_add(self.stride(self.bits.into()).checked_mul(height)?)?;
        let stride = self.stride(1);
        let mask = self.bytes.get(start..start.checked_add(stride * height)?)?;
        let row = |y: usize| &mask[(height - 1 - y) * stride..];
        Some((0..height).flat_map(|y| (0..width).map(move |x| row(y)[x / 8] >> (7 - x % 8) & 1 == 1)).collect())
    }

    /// Whether pixels are packed by runs, which icons are not.
    pub(crate) fn is_packed(&self) -> bool {
        matches!(self.packing, Packing::Runs(_))
    }
}

/// The bits under a mask, spread over 8.
fn part(value: u32, mask: u32) -> u8 {
    if mask == 0 {
        return 0;
    }
    let shift = mask.trailing_zeros();
    let most = u64::from(mask >> shift);
    let found = u64::from((value & mask) >> shift);
    ((found * 255 + most / 2) / most).min(255) as u8
}

fn cut() -> CodecError {
    CodecError::Truncated("the BMP ends before its last pixel".into())
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, CodecError> {
    let field = bytes.get(at..at + 2).ok_or_else(cut)?;
    Ok(u16::from_le_bytes([field[0], field[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, CodecError> {
    let field = bytes.get(at..at + 4).ok_or_else(cut)?;
    Ok(u32::from_le_bytes([field[0], field[1], field[2], field[3]]))
}
