//! TIFF 6.0 and BigTIFF: grey, RGB, palette, CMYK and YCbCr of 1 to 64 bits a sample, whole or float, in strips or tiles,
//! its pages one by one.

use std::borrow::Cow;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use crate::icc::{self, Samples, Settled};
use crate::limits;
use crate::wide::{self, DecodedWide, Wide};
use crate::{Budget, Cancel, Channels, CodecError, Decode, Decoded, Info, Kind, Picture, Pixels};

/// Pages looked through for the one that is asked for.
const MOST_PAGES: u32 = 10_000;

/// Reads one page's directory.
pub(crate) fn probe(bytes: &[u8], page: u32, budget: &Budget) -> Result<Info, CodecError> {
    let never = Cancel::never();
    Ok(Page::open(bytes, page, budget, &never)?.info)
}

/// Directories of the file; at most [`MOST_PAGES`].
pub(crate) fn pages(bytes: &[u8], budget: &Budget) -> u32 {
    let never = Cancel::never();
    let Ok(mut page) = Page::open(bytes, 0, budget, &never) else { return 1 };
    let mut count = 1;
    while count < MOST_PAGES && page.decoder.more_images() && page.decoder.next_image().is_ok() {
        count += 1;
    }
    count
}

/// Decodes one page to 8 bits.
pub(crate) fn decode(bytes: &[u8], ask: &Decode, budget: &Budget, cancel: &Cancel) -> Result<Decoded, CodecError> {
    let mut page = Page::open(bytes, ask.page, budget, cancel)?;
    let fail = |error| refuse(error, cancel);
    let layout = page.decoder.image_buffer_layout().map_err(fail)?;
    // As the file has them, as whole bytes, as they go out.
    let area = limits::area(page.info.width, page.info.height);
    limits::memory(2 * layout.complete_len as u64 + area * 8, budget)?;
    if layout.complete_len > page.most_bytes {
        return Err(CodecError::OverBudget {
            what: "memory",
            found: layout.complete_len as u64,
            limit: page.most_bytes as u64,
        });
    }
    let mut raw = DecodingResult::U8(Vec::new());
    page.decoder.read_image_to_buffer(&mut raw).map_err(fail)?;
    cancel.check()?;
    let shape = Shape {
        width: page.info.width as usize,
        height: page.info.height as usize,
        bits: page.color.bit_depth(),
        row: layout.row_stride.map_or(0, |n| n.get()),
        planes: layout.planes.max(1),
        plane: layout.plane_stride.map_or(0, |n| n.get()),
    };
    let palette = page.palette()?;
    let (samples, count) = shape.bytes(raw, palette.is_some())?;
    cancel.check()?;
    let profile = page.profile();
    let (data, channels, profile) =
        page.to_rgb(samples, count, palette.as_deref(), profile.as_deref(), ask.keep_profile, cancel)?;
    if data.len() as u64 != area * channels.count() as u64 {
        return Err(CodecError::Corrupt("TIFF: fewer samples than its size says".into()));
    }
    let pixels = Pixels { width: page.info.width, height: page.info.height, channels, data };
    Ok(Decoded { picture: Picture::still(pixels), profile, info: page.info })
}

/// Whether [`decode_wide`] reads the page.
pub(crate) fn is_wide(bytes: &[u8], number: u32, budget: &Budget) -> Result<bool, CodecError> {
    let never = Cancel::never();
    let mut page = Page::open(bytes, number, budget, &never)?;
    let layout = page.decoder.image_buffer_layout().map_err(|error| refuse(error, &never))?;
    Ok(layout.planes <= 1 && page.wide().is_some())
}

/// Decodes a page of 16 bits a sample, of grey or RGB and in one plane; `None` for any other.
pub(crate) fn decode_wide(
    bytes: &[u8],
    ask: &Decode,
    budget: &Budget,
    cancel: &Cancel,
) -> Result<Option<DecodedWide>, CodecError> {
    let mut page = Page::open(bytes, ask.page, budget, cancel)?;
    let fail = |error| refuse(error, cancel);
    let layout = page.decoder.image_buffer_layout().map_err(fail)?;
    let Some((gray, alpha)) = page.wide().filter(|_| layout.planes <= 1) else { return Ok(None) };
    let area = limits::area(page.info.width, page.info.height);
    limits::memory(2 * layout.complete_len as u64 + area * wide::PIXEL, budget)?;
    let mut raw = DecodingResult::U16(Vec::new());
    page.decoder.read_image_to_buffer(&mut raw).map_err(fail)?;
    let DecodingResult::U16(values) = raw else { return Ok(None) };
    let count = if gray { 1 } else { 3 } + usize::from(alpha);
    if values.len() as u64 != area * count as u64 {
        return Err(CodecError::Corrupt("TIFF: fewer samples than its size says".into()));
    }
    let pixel = |p: &[u16]| {
        let (color, alpha) =
            (if gray { [p[0]; 3] } else { [p[0], p[1], p[2]] }, if alpha { p[count - 1] } else { u16::MAX });
        [color[0], color[1], color[2], alpha]
    };
    let data = values.chunks_exact(count).map(pixel).collect();
    let profile = page.profile();
    let (data, profile) = icc::settle_wide(data, gray, profile.as_deref(), ask.keep_profile, cancel)?;
    let wide = Wide { width: page.info.width, height: page.info.height, data };
    Ok(Some(DecodedWide { wide, profile, info: page.info }))
}

/// One page, its directory read.
struct Page<'a> {
    decoder: Decoder<Input<'a>>,
    color: ColorType,
    /// Samples are indices of a palette.
    indexed: bool,
    /// The meaning of the first sample beyond those of colour: 1 alpha already multiplied in, 2 straight alpha.
    extra: u16,
    info: Info,
    most_bytes: usize,
}

impl<'a> Page<'a> {
    fn open(bytes: &'a [u8], number: u32, budget: &Budget, cancel: &'a Cancel) -> Result<Page<'a>, CodecError> {
        let fail = |error| refuse(error, cancel);
        let most_bytes = usize::try_from(budget.memory).unwrap_or(usize::MAX);
        let mut limits = Limits::default();
        limits.decoding_buffer_size = most_bytes;
        limits.intermediate_buffer_size = most_bytes;
        limits.ifd_value_size = 8 << 20;
        let input = Input { bytes: Cursor::new(palettes_as_grey(bytes)), cancel };
        let mut decoder = Decoder::new(input).map_err(fail)?.with_limits(limits);
        let missing = || CodecError::Unsupported(format!("a TIFF without page {}", u64::from(number) + 1));
        for passed in 0..number {
            if passed >= MOST_PAGES || !decoder.more_images() {
                return Err(missing());
            }
            decoder.next_image().map_err(fail)?;
        }
        let (width, height) = decoder.dimensions().map_err(fail)?;
        limits::size(width, height, budget)?;
        let color = decoder.colortype().map_err(fail)?;
        let gray = matches!(color, ColorType::Gray(_));
        // A palette that is cut off must not make indices pass for shades.
        let indexed = gray
            && match decoder.find_tag(Tag::ColorMap) {
                // There, and too much for the memory: said below, where memory is counted.
                Err(TiffError::LimitsExceeded) => true,
                found => found.map_err(fail)?.is_some(),
            };
        let extra = decoder.find_tag(Tag::ExtraSamples).ok().flatten().and_then(|v| v.into_u16_vec().ok());
        let extra = extra.and_then(|all| all.first().copied()).unwrap_or(0);
        let orientation = decoder.find_tag_unsigned::<u8>(Tag::Orientation).ok().flatten().unwrap_or(1);
        let may_have_alpha = match color {
            ColorType::RGBA(_) | ColorType::GrayA(_) => true,
            ColorType::Multiband { num_samples, .. } => num_samples == 2 && matches!(extra, 1 | 2),
            _ => false,
        };
        let orientation = if (1..=8).contains(&orientation) { orientation } else { 1 };
        let info = Info { kind: Kind::Tiff, width, height, orientation, may_have_alpha, frames: 1 };
        Ok(Page { decoder, color, indexed, extra, info, most_bytes })
    }

    /// Red, green and blue of each index, for a picture of a palette.
    fn palette(&mut self) -> Result<Option<Vec<[u8; 3]>>, CodecError> {
        if !self.indexed {
            return Ok(None);
        }
        let bits = self.color.bit_depth();
        let missing = || CodecError::Corrupt("TIFF: a palette that is not there".into());
        let count = 1usize.checked_shl(bits.into()).filter(|count| *count <= 1 << 16).ok_or_else(missing)?;
        let map = self.decoder.get_tag_u16_vec(Tag::ColorMap).map_err(|_| missing())?;
        if map.len() < 3 * count {
            return Err(missing());
        }
        // Some writers store 8 bits where 16 are meant.
        let narrow = map.iter().all(|v| *v < 256);
        let value = |v: u16| if narrow { v as u8 } else { eight_of_sixteen(v) };
        Ok(Some((0..count).map(|i| [map[i], map[i + count], map[i + 2 * count]].map(value)).collect()))
    }

    /// For samples of 16 bits: whether they are grey, and whether the last one is alpha. Alpha that was multiplied in is
    /// taken out of 8 bits only.
    fn wide(&self) -> Option<(bool, bool)> {
        match self.color {
            ColorType::Gray(16) if !self.indexed => Some((true, false)),
            ColorType::GrayA(16) => Some((true, true)),
            ColorType::RGB(16) => Some((false, false)),
            ColorType::RGBA(16) => Some((false, true)),
            _ => None,
        }
        .filter(|(_, alpha)| !(*alpha && self.extra == 1))
    }

    fn profile(&mut self) -> Option<Vec<u8>> {
        self.decoder.find_tag(Tag::IccProfile).ok().flatten()?.into_u8_vec().ok()
    }

    fn to_rgb(
        &self,
        data: Vec<u8>,
        count: usize,
        palette: Option<&[[u8; 3]]>,
        profile: Option<&[u8]>,
        keep: bool,
        cancel: &Cancel,
    ) -> Result<Settled, CodecError> {
        let first = |wanted: usize| -> Vec<u8> {
            if count == wanted {
                return data.clone();
            }
            data.chunks_exact(count).flat_map(|p| p[..wanted.min(count)].iter().copied()).collect()
        };
        let rgb = |samples, space| {
            icc::settle(samples, space, profile, keep, cancel).map(|(data, profile)| (data, Channels::Rgb, profile))
        };
        match (self.color, count) {
            (ColorType::Gray(_), _) if self.indexed => {
                let palette = palette.unwrap_or_default();
                // Indices came as pairs of bytes where they have more than eight bits.
                let color = |p: &[u8]| {
                    let index = p.iter().fold(0, |index, byte| index << 8 | usize::from(*byte));
                    palette.get(index).copied().unwrap_or([0; 3])
                };
                rgb(data.chunks_exact(count).flat_map(color).collect(), Samples::Rgb)
            }
            (ColorType::Multiband { num_samples: 2, .. } | ColorType::GrayA(_), 2) if self.info.may_have_alpha => {
                let grey = data.chunks_exact(2).map(|p| p[0]).collect();
                let grey = icc::to_srgb(grey, Samples::Gray, profile, cancel)?;
                let pairs = grey.chunks_exact(3).zip(data.chunks_exact(2));
                let data = pairs.flat_map(|(c, p)| [c[0], c[1], c[2], p[1]]).collect();
                Ok((self.straight(data), Channels::Rgba, None))
            }
            (ColorType::Gray(_) | ColorType::GrayA(_) | ColorType::Multiband { .. }, 1..) => {
                rgb(first(1), Samples::Gray)
            }
            (ColorType::RGB(_), 3..) => rgb(first(3), Samples::Rgb),
            (ColorType::RGBA(_), 4..) => {
                let data = self.straight(first(4));
                let (data, profile) = icc::settle(data, Samples::Rgba, profile, keep, cancel)?;
                Ok((data, Channels::Rgba, profile))
            }
            (ColorType::CMYK(_) | ColorType::CMYKA(_), 4..) => rgb(first(4), Samples::Cmyk),
            (ColorType::YCbCr(_), 3..) => {
                let rgb_of = |p: &[u8]| crate::planar::rgb(p[0], p[1], p[2]);
                rgb(data.chunks_exact(count).flat_map(rgb_of).collect(), Samples::Rgb)
            }
            (other, count) => Err(CodecError::Unsupported(format!("a TIFF of {other:?} in {count} samples"))),
        }
    }

    /// Takes alpha out of colours that it was multiplied into.
    fn straight(&self, mut rgba: Vec<u8>) -> Vec<u8> {
        if self.extra == 1 {
            for p in rgba.chunks_exact_mut(4).filter(|p| p[3] != 255 && p[3] != 0) {
                let alpha = u32::from(p[3]);
                p.iter_mut().take(3).for_each(|v| *v = ((u32::from(*v) * 255 + alpha / 2) / alpha).min(255) as u8);
            }
        }
        rgba
    }
}

/// The library reads no palettes, but grey. A copy in which directories call one the other, where there are any; a page with
/// a colour map is then one of indices.
fn palettes_as_grey(bytes: &[u8]) -> Cow<'_, [u8]> {
    let found = photometric_palettes(bytes).unwrap_or_default();
    if found.is_empty() {
        return Cow::Borrowed(bytes);
    }
    let mut copy = bytes.to_vec();
    for (at, big) in found {
        if let Some(value) = copy.get_mut(at..at + 2) {
            value.copy_from_slice(&if big { 1u16.to_be_bytes() } else { 1u16.to_le_bytes() });
        }
    }
    Cow::Owned(copy)
}

/// Where directories of a classic TIFF say that samples are indices, and whether the file is big-endian.
fn photometric_palettes(bytes: &[u8]) -> Option<Vec<(usize, bool)>> {
    let big = match bytes.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let field: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big { u16::from_be_bytes(field) } else { u16::from_le_bytes(field) })
    };
    let long = |at: usize| -> Option<usize> {
        let field: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if big { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) } as usize)
    };
    let mut found = Vec::new();
    let mut directory = long(4)?;
    for _ in 0..MOST_PAGES {
        let Some(count) = short(directory).filter(|_| directory > 0) else { break };
        let end = directory + 2 + 12 * usize::from(count);
        for entry in (directory + 2..end).step_by(12) {
            if (short(entry), short(entry + 2), short(entry + 8)) == (Some(262), Some(3), Some(3)) {
                found.push((entry + 8, big));
            }
        }
        directory = long(end).unwrap_or(0);
    }
    Some(found)
}

/// How the samples lie in the decoder's buffer.
struct Shape {
    width: usize,
    height: usize,
    bits: u8,
    /// Bytes of a row.
    row: usize,
    planes: usize,
    /// Bytes of a plane.
    plane: usize,
}

impl Shape {
    /// The samples in whole bytes, pixel by pixel, and how many a pixel has. Those of less than eight bits are spread over
    /// the range unless they are indices; indices of more than eight bits come as two bytes.
    fn bytes(&self, raw: DecodingResult, indices: bool) -> Result<(Vec<u8>, usize), CodecError> {
        let data = match raw {
            DecodingResult::U8(data) if self.bits < 8 => return self.unpack(&data, indices),
            DecodingResult::U8(data) => data,
            DecodingResult::U16(data) if indices => data.into_iter().flat_map(u16::to_be_bytes).collect(),
            DecodingResult::U16(data) => data.into_iter().map(eight_of_sixteen).collect(),
            DecodingResult::U32(data) => data.into_iter().map(|v| eight_of_sixteen((v >> 16) as u16)).collect(),
            DecodingResult::U64(data) => data.into_iter().map(|v| eight_of_sixteen((v >> 48) as u16)).collect(),
            DecodingResult::F16(data) => data.into_iter().map(|v| eight_of_unit(v.to_f32())).collect(),
            DecodingResult::F32(data) => data.into_iter().map(eight_of_unit).collect(),
            DecodingResult::F64(data) => data.into_iter().map(|v| eight_of_unit(v as f32)).collect(),
            DecodingResult::I8(_) | DecodingResult::I16(_) | DecodingResult::I32(_) | DecodingResult::I64(_) => {
                return Err(CodecError::Unsupported("a TIFF of signed samples".into()));
            }
        };
        self.interleave(data)
    }

    fn interleave(&self, data: Vec<u8>) -> Result<(Vec<u8>, usize), CodecError> {
        let area = self.width * self.height;
        let count = data.len() / area.max(1);
        if count == 0 || !data.len().is_multiple_of(area) {
            return Err(CodecError::Corrupt("TIFF: rows of an odd length".into()));
        }
        if self.planes == 1 {
            return Ok((data, count));
        }
        let planes: Vec<&[u8]> = data.chunks_exact(area).collect();
        let out = (0..area).flat_map(|at| planes.iter().map(move |plane| plane[at])).collect();
        Ok((out, count))
    }

    fn unpack(&self, data: &[u8], indices: bool) -> Result<(Vec<u8>, usize), CodecError> {
        let bits = usize::from(self.bits);
        let most = (1u32 << bits) - 1;
        if !matches!(bits, 1 | 2 | 4) || self.row == 0 {
            return Err(CodecError::Unsupported(format!("a TIFF of {bits} bits a sample")));
        }
        let count = self.row * 8 / bits / self.width;
        let plane = if self.planes > 1 { self.plane } else { data.len() };
        let mut out = Vec::with_capacity(self.width * self.height * count * self.planes);
        for row in data.chunks_exact(plane.max(1)).flat_map(|p| p.chunks_exact(self.row).take(self.height)) {
            for at in 0..self.width * count {
                let shift = 8 - bits - at * bits % 8;
                let value = u32::from(row[at * bits / 8] >> shift) & most;
                out.push(if indices { value } else { value * 255 / most } as u8);
            }
        }
        if self.planes > 1 { self.interleave(out) } else { Ok((out, count)) }
    }
}

/// The nearest of 8 bits.
pub(crate) fn eight_of_sixteen(value: u16) -> u8 {
    ((u32::from(value) * 255 + 32_767) / 65_535) as u8
}

fn eight_of_unit(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

fn refuse(error: TiffError, cancel: &Cancel) -> CodecError {
    if let Err(stopped) = cancel.check() {
        return stopped;
    }
    match error {
        TiffError::IoError(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            CodecError::Truncated("the TIFF ends before its last pixel".into())
        }
        TiffError::LimitsExceeded => CodecError::Corrupt("TIFF: tables of more data than is read".into()),
        TiffError::UnsupportedError(e) => CodecError::Unsupported(format!("TIFF: {e}")),
        e => CodecError::Corrupt(format!("TIFF: {e}")),
    }
}

/// The file, which cannot be read any more once the job is to stop: the only place where a decoder that does not know of
/// cancelling can be told.
struct Input<'a> {
    bytes: Cursor<Cow<'a, [u8]>>,
    cancel: &'a Cancel,
}

impl Input<'_> {
    fn go_on(&self) -> io::Result<()> {
        self.cancel.check().map_err(io::Error::other)
    }
}

impl Read for Input<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.go_on()?;
        self.bytes.read(out)
    }
}

impl Seek for Input<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}
