//! WebP (RFC 9649): decoded by a decoder in safe Rust, encoded by libwebp.
//!
//! An animation is taken apart here and its frames are decoded one by one as stills, so that each is checked before
//! memory is taken for it and composed by one set of rules.

mod chunks;
mod encoder;

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use crate::icc::{self, Samples};
use crate::{Budget, Cancel, Channels, CodecError, Decode, Decoded, Frame, Info, Kind, Picture, Pixels};
use crate::{exif, limits, scratch};
pub(crate) use chunks::Chunks;
use chunks::Part;

pub(crate) use encoder::encode;

/// Reads the chunks.
pub(crate) fn probe(bytes: &[u8], budget: &Budget) -> Result<Info, CodecError> {
    info(&Chunks::read(bytes)?, budget)
}

fn info(chunks: &Chunks<'_>, budget: &Budget) -> Result<Info, CodecError> {
    limits::size(chunks.width, chunks.height, budget)?;
    Ok(Info {
        kind: Kind::Webp,
        width: chunks.width,
        height: chunks.height,
        orientation: chunks.exif.map_or(1, exif::orientation),
        may_have_alpha: chunks.alpha,
        frames: u32::try_from(chunks.parts.len()).unwrap_or(u32::MAX).max(1),
    })
}

/// Decodes a still, the first frame or all.
pub(crate) fn decode(bytes: &[u8], ask: &Decode, budget: &Budget, cancel: &Cancel) -> Result<Decoded, CodecError> {
    let chunks = Chunks::read(bytes)?;
    let info = info(&chunks, budget)?;
    let wanted = if ask.all_frames { chunks.parts.len() } else { 1 };
    limits::frames(wanted as u64, budget)?;
    let channels = if info.may_have_alpha { Channels::Rgba } else { Channels::Rgb };
    let area = limits::area(info.width, info.height);
    // The frames that go out; the canvas; and of one frame its planes, its samples and a copy with another layout.
    limits::memory(wanted as u64 * area * channels.count() as u64 + area * 14, budget)?;
    if chunks.parts.is_empty() {
        return Err(CodecError::Corrupt("a WebP without a frame".into()));
    }
    let mut canvas = Canvas { width: info.width as usize, data: Vec::new() };
    let mut frames = Vec::new();
    let mut profile = None;
    for part in chunks.parts.iter().take(wanted) {
        cancel.check()?;
        let pixels = still(part, budget)?;
        let animated = chunks.animated;
        let data = if animated { canvas.draw(part, &pixels, &info, channels) } else { match_layout(pixels, channels) };
        let samples = if channels == Channels::Rgba { Samples::Rgba } else { Samples::Rgb };
        let (data, kept) = icc::settle(data, samples, chunks.profile, ask.keep_profile, cancel)?;
        profile = kept;
        let delay_ms = if chunks.parts.len() > 1 && ask.all_frames { part.delay_ms } else { 0 };
        frames.push(Frame { pixels: Pixels { width: info.width, height: info.height, channels, data }, delay_ms });
    }
    let loops = if frames.len() > 1 { chunks.plays } else { 0 };
    Ok(Decoded { picture: Picture { frames, loops }, profile, info })
}

/// Decodes one frame as a file of its own.
fn still(part: &Part<'_>, budget: &Budget) -> Result<Pixels, CodecError> {
    limits::size(part.width, part.height, budget)?;
    let file = part.as_file();
    let mut decoder = WebPDecoder::new(Cursor::new(&file[..])).map_err(refuse)?;
    decoder.set_memory_limit(usize::try_from(budget.memory).unwrap_or(usize::MAX));
    if decoder.dimensions() != (part.width, part.height) {
        return Err(CodecError::Corrupt("two readings of the WebP header differ".into()));
    }
    let channels = if decoder.has_alpha() { Channels::Rgba } else { Channels::Rgb };
    let length = limits::index(limits::area(part.width, part.height) * channels.count() as u64)?;
    let mut data = scratch::take(length);
    decoder.read_image(&mut data).map_err(refuse)?;
    Ok(Pixels { width: part.width, height: part.height, channels, data })
}

fn match_layout(pixels: Pixels, wanted: Channels) -> Vec<u8> {
    match (pixels.channels, wanted) {
        (Channels::Rgb, Channels::Rgba) => pixels.data.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect(),
        (Channels::Rgba, Channels::Rgb) => pixels.data.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect(),
        _ => pixels.data,
    }
}

/// An animation as it stands, RGBA. The background is transparent, as browsers have it.
struct Canvas {
    width: usize,
    data: Vec<u8>,
}

impl Canvas {
    /// Puts a frame on, returns the picture, and disposes of the frame if it asks for that.
    fn draw(&mut self, part: &Part<'_>, pixels: &Pixels, info: &Info, channels: Channels) -> Vec<u8> {
        self.data.resize(self.width * info.height as usize * 4, 0);
        let count = pixels.channels.count();
        for (y, row) in pixels.data.chunks_exact(pixels.width as usize * count).enumerate() {
            let start = ((part.top as usize + y) * self.width + part.left as usize) * 4;
            let line = self.data.get_mut(start..start + pixels.width as usize * 4).unwrap_or_default();
            for (below, above) in line.chunks_exact_mut(4).zip(row.chunks_exact(count)) {
                match above {
                    [r, g, b, alpha] if part.blend && *alpha != 255 => blend(below, [*r, *g, *b, *alpha]),
                    [r, g, b, alpha] => below.copy_from_slice(&[*r, *g, *b, *alpha]),
                    _ => below.copy_from_slice(&[above[0], above[1], above[2], 255]),
                }
            }
        }
        let out = match channels {
            Channels::Rgba => self.data.clone(),
            Channels::Rgb => self.data.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect(),
        };
        if part.dispose {
            for y in 0..part.height as usize {
                let start = ((part.top as usize + y) * self.width + part.left as usize) * 4;
                self.data.get_mut(start..start + part.width as usize * 4).unwrap_or_default().fill(0);
            }
        }
        out
    }
}

/// Straight alpha, source over.
fn blend(below: &mut [u8], above: [u8; 4]) {
    let over = u32::from(above[3]);
    let under = u32::from(below[3]) * (255 - over) / 255;
    let total = over + under;
    if total == 0 {
        return below.fill(0);
    }
    for (b, a) in below.iter_mut().zip(above).take(3) {
        *b = ((u32::from(a) * over + u32::from(*b) * under + total / 2) / total) as u8;
    }
    below[3] = total.min(255) as u8;
}

fn refuse(error: DecodingError) -> CodecError {
    match error {
        DecodingError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            CodecError::Truncated("the WebP ends before its last pixel".into())
        }
        e => CodecError::Corrupt(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::Encode;

    /// A lossless still of one colour as an extended file with more chunks.
    fn extended(flags: u8, chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let pixels = Pixels { width: 8, height: 4, channels: Channels::Rgb, data: [200, 50, 50].repeat(32) };
        let how = Encode {
            format: plan::Format::Webp,
            quality: 90,
            lossless: true,
            progressive: false,
            palette: false,
            ..Encode::default()
        };
        let plain = encode(&Picture::still(pixels), &how, &Cancel::never()).unwrap();
        let mut body = b"WEBPVP8X\x0A\0\0\0".to_vec();
        body.extend_from_slice(&[flags, 0, 0, 0, 7, 0, 0, 3, 0, 0]);
        let mut push = |name: &[u8; 4], data: &[u8]| {
            body.extend_from_slice(name);
            body.extend_from_slice(&(data.len() as u32).to_le_bytes());
            body.extend_from_slice(data);
            body.resize(body.len().next_multiple_of(2), 0);
        };
        chunks.iter().filter(|(name, _)| *name == b"ICCP").for_each(|(name, data)| push(name, data));
        push(plain[12..16].try_into().unwrap(), &plain[20..]);
        chunks.iter().filter(|(name, _)| *name != b"ICCP").for_each(|(name, data)| push(name, data));
        [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
    }

    #[test]
    fn orientation_and_profile() {
        let p3 = moxcms::ColorProfile::new_display_p3().encode().unwrap();
        let file = extended(0x28, &[(b"ICCP", &p3), (b"EXIF", &exif::block(6))]);
        let out = crate::decode(&file, &Decode::default(), &Budget::default(), &Cancel::never()).unwrap();
        assert_eq!(out.info.orientation, 6);
        assert!(out.picture.frames[0].pixels.data[0] > 212);
        let plain = extended(0, &[]);
        let out = crate::decode(&plain, &Decode::default(), &Budget::default(), &Cancel::never()).unwrap();
        assert_eq!((out.info.orientation, out.picture.frames[0].pixels.data[0]), (1, 200));
    }

    #[test]
    fn source_over() {
        for (below, above, want) in [
            ([9, 9, 9, 255], [1, 2, 3, 0], [9, 9, 9, 255]),
            ([0, 0, 0, 0], [1, 2, 3, 7], [1, 2, 3, 7]),
            ([0, 0, 0, 255], [200, 100, 50, 128], [100, 50, 25, 255]),
            ([0, 0, 0, 0], [1, 2, 3, 0], [0, 0, 0, 0]),
        ] {
            let mut out = below;
            blend(&mut out, above);
            assert_eq!(out, want);
        }
    }
}
