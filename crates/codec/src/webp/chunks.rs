//! The chunks of a WebP file (RFC 9649 section 2), walked and checked without decoding.

use crate::CodecError;

/// More frames than any budget allows; ends the walk of a hostile file.
const MOST_FRAMES: usize = 1 << 16;

/// One frame: the whole picture of a still.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
    pub delay_ms: u32,
    /// Drawn over what is there, rather than in its place.
    pub blend: bool,
    /// Cleared before the next frame.
    pub dispose: bool,
    alpha: Option<&'a [u8]>,
    image: &'a [u8],
    lossless: bool,
}

/// What the chunks say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chunks<'a> {
    pub width: u32,
    pub height: u32,
    pub alpha: bool,
    pub animated: bool,
    /// How often it plays; 0 for ever.
    pub plays: u32,
    pub profile: Option<&'a [u8]>,
    pub exif: Option<&'a [u8]>,
    pub xmp: Option<&'a [u8]>,
    pub parts: Vec<Part<'a>>,
}

impl<'a> Chunks<'a> {
    /// Walks the file.
    ///
    /// # Errors
    /// `Truncated` when the file is shorter than its header says, `Corrupt` when sizes contradict each other.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Chunks<'a>, CodecError> {
        let short = || CodecError::Truncated("the WebP is shorter than its header says".into());
        let size = bytes.get(4..8).ok_or_else(short)?;
        let size = u32::from_le_bytes([size[0], size[1], size[2], size[3]]) as usize;
        // A last padding byte may be missing: some writers do not count it.
        let body = match bytes.get(8..) {
            Some(rest) if rest.len() >= size => &rest[..size],
            Some(rest) if rest.len() + 1 == size && size.is_multiple_of(2) => rest,
            _ => return Err(short()),
        };
        let mut out = Chunks { plays: 1, ..Chunks::default() };
        let mut still = Part::default();
        let mut extended = false;
        for chunk in walk(body.get(4..).ok_or_else(short)?) {
            let (name, data) = chunk?;
            match name {
                b"VP8X" if !extended => {
                    let header = data.get(..10).ok_or_else(|| corrupt("a short header"))?;
                    extended = true;
                    (out.alpha, out.animated) = (header[0] & 0x10 != 0, header[0] & 2 != 0);
                    (out.width, out.height) = (u24(header, 4) + 1, u24(header, 7) + 1);
                }
                b"ANIM" => {
                    out.plays = data.get(4..6).map_or(1, |n| u16::from_le_bytes([n[0], n[1]]).into());
                }
                b"ANMF" if out.animated => {
                    out.parts.push(frame(data, out.width, out.height)?);
                    if out.parts.len() > MOST_FRAMES {
                        return Err(corrupt("too many frames"));
                    }
                }
                b"ICCP" if out.profile.is_none() => out.profile = Some(data),
                b"XMP " if out.xmp.is_none() => out.xmp = Some(data),
                b"EXIF" if out.exif.is_none() => out.exif = Some(data),
                _ if !out.animated => still.take(name, data)?,
                _ => {}
            }
        }
        if out.animated {
            if out.parts.is_empty() {
                return Err(CodecError::Truncated("the WebP ends before its first frame".into()));
            }
            return Ok(out);
        }
        if still.image.is_empty() {
            return Err(CodecError::Truncated("the WebP ends before its pixels".into()));
        }
        if !extended {
            (out.width, out.height) = (still.width, still.height);
            out.alpha = still.alpha_flag();
        }
        if (out.width, out.height) != (still.width, still.height) {
            return Err(corrupt("its picture is not of the size of its canvas"));
        }
        out.parts.push(still);
        Ok(out)
    }
}

/// ANMF: one frame, which must lie within the canvas.
fn frame(data: &[u8], canvas_width: u32, canvas_height: u32) -> Result<Part<'_>, CodecError> {
    let (Some(header), Some(body)) = (data.get(..16), data.get(16..)) else {
        return Err(corrupt("a short frame header"));
    };
    let mut part = Part::default();
    for chunk in walk(body) {
        let (name, data) = chunk?;
        part.take(name, data)?;
    }
    if part.image.is_empty() || (part.width, part.height) != (u24(header, 6) + 1, u24(header, 9) + 1) {
        return Err(corrupt("a frame without pixels, or not of its size"));
    }
    part.left = u24(header, 0) * 2;
    part.top = u24(header, 3) * 2;
    part.delay_ms = u24(header, 12);
    part.blend = header[15] & 2 == 0;
    part.dispose = header[15] & 1 == 1;
    if part.left + part.width > canvas_width || part.top + part.height > canvas_height {
        return Err(corrupt("a frame outside of its canvas"));
    }
    Ok(part)
}

impl<'a> Part<'a> {
    /// Takes the pixels, and the size they declare, from a chunk that has them.
    fn take(&mut self, name: &[u8; 4], data: &'a [u8]) -> Result<(), CodecError> {
        let first = self.image.is_empty();
        match name {
            b"ALPH" if first => self.alpha = Some(data),
            b"VP8 " if first => {
                let header = data.get(..10).ok_or_else(|| corrupt("a short frame"))?;
                if header[0] & 1 != 0 || header[3..6] != [0x9D, 0x01, 0x2A] {
                    return Err(corrupt("not a key frame"));
                }
                self.width = u32::from(u16::from_le_bytes([header[6], header[7]]) & 0x3FFF);
                self.height = u32::from(u16::from_le_bytes([header[8], header[9]]) & 0x3FFF);
                self.image = data;
            }
            b"VP8L" if first => {
                let header = data.get(..5).ok_or_else(|| corrupt("a short frame"))?;
                let bits = u32::from_le_bytes([header[1], header[2], header[3], header[4]]);
                self.width = (bits & 0x3FFF) + 1;
                self.height = (bits >> 14 & 0x3FFF) + 1;
                (self.image, self.lossless) = (data, true);
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether a lossless frame says it uses alpha.
    fn alpha_flag(&self) -> bool {
        self.lossless && self.image.get(4).is_some_and(|b| b & 0x10 != 0)
    }

    /// A still of this frame alone.
    pub(super) fn as_file(&self) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
        let mut push = |name: &[u8; 4], data: &[u8]| {
            file.extend_from_slice(name);
            file.extend_from_slice(&(data.len() as u32).to_le_bytes());
            file.extend_from_slice(data);
            if data.len() % 2 == 1 {
                file.push(0);
            }
        };
        match (self.lossless, self.alpha) {
            (true, _) => push(b"VP8L", self.image),
            (false, None) => push(b"VP8 ", self.image),
            (false, Some(alpha)) => {
                let (w, h) = ((self.width - 1).to_le_bytes(), (self.height - 1).to_le_bytes());
                push(b"VP8X", &[0x10, 0, 0, 0, w[0], w[1], w[2], h[0], h[1], h[2]]);
                push(b"ALPH", alpha);
                push(b"VP8 ", self.image);
            }
        }
        let size = (file.len() - 8) as u32;
        file[4..8].copy_from_slice(&size.to_le_bytes());
        file
    }
}

fn u24(bytes: &[u8], at: usize) -> u32 {
    u32::from(bytes[at]) | u32::from(bytes[at + 1]) << 8 | u32::from(bytes[at + 2]) << 16
}

fn corrupt(what: &str) -> CodecError {
    CodecError::Corrupt(format!("WebP: {what}"))
}

/// Names and contents of chunks; the last item is an error if the data ends inside one.
fn walk(mut rest: &[u8]) -> impl Iterator<Item = Result<(&[u8; 4], &[u8]), CodecError>> {
    std::iter::from_fn(move || {
        // A stray padding byte, or less than a header, ends the list.
        let (name, after) = rest.split_first_chunk::<4>()?;
        let (size, after) = after.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*size) as usize;
        let Some(data) = after.get(..size) else {
            rest = &[];
            return Some(Err(CodecError::Truncated("the WebP ends inside a chunk".into())));
        };
        rest = after.get(size + size % 2..).unwrap_or_default();
        Some(Ok((name, data)))
    })
}
