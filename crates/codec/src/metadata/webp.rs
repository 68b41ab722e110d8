//! Chunks of WebP: `ICCP`, `EXIF`, `XMP `, and the flags of `VP8X` that announce them (RFC 9649 section 2.7).

use super::Blocks;
use crate::webp::Chunks;

pub(super) fn read(bytes: &[u8]) -> Blocks {
    let Ok(chunks) = Chunks::read(bytes) else { return Blocks::default() };
    let exif = chunks.exif.map(|block| block.strip_prefix(b"Exif\0\0").unwrap_or(block).to_vec());
    Blocks { exif, xmp: chunks.xmp.map(<[u8]>::to_vec), iptc: None, profile: chunks.profile.map(<[u8]>::to_vec) }
}

pub(super) fn write(file: &[u8], blocks: &Blocks) -> Option<Vec<u8>> {
    let chunks = Chunks::read(file).ok()?;
    let mut body = file.get(12..)?;
    let mut flags = if chunks.alpha { 0x10 } else { 0 } | if chunks.animated { 0x02 } else { 0 };
    if body.starts_with(b"VP8X") {
        flags |= *body.get(8)?;
        body = body.get(18..)?;
    }
    flags |= if blocks.profile.is_some() { 0x20 } else { 0 };
    flags |= if blocks.exif.is_some() { 0x08 } else { 0 };
    flags |= if blocks.xmp.is_some() { 0x04 } else { 0 };
    let side = |length: u32| (length - 1).to_le_bytes();
    let (w, h) = (side(chunks.width), side(chunks.height));
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    push(&mut out, b"VP8X", &[flags, 0, 0, 0, w[0], w[1], w[2], h[0], h[1], h[2]]);
    if let Some(profile) = &blocks.profile {
        push(&mut out, b"ICCP", profile);
    }
    out.extend_from_slice(body);
    out.resize(out.len().next_multiple_of(2), 0);
    if let Some(exif) = &blocks.exif {
        push(&mut out, b"EXIF", exif);
    }
    if let Some(xmp) = &blocks.xmp {
        push(&mut out, b"XMP ", xmp);
    }
    let size = u32::try_from(out.len() - 8).ok()?;
    out[4..8].copy_from_slice(&size.to_le_bytes());
    Some(out)
}

fn push(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(2), 0);
}
