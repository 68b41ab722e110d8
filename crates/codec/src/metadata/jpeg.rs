//! Segments of JPEG: APP1 for Exif and XMP, APP2 for a profile, APP13 for IPTC.

use super::Blocks;
use crate::jpeg::Markers;

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";
/// IPTC among the resources of Photoshop.
const IPTC: u16 = 0x0404;
/// The longest content of a segment.
const ROOM: usize = 65_533;

pub(super) fn read(bytes: &[u8]) -> Blocks {
    let mut blocks = Blocks::default();
    let mut at = 2;
    while let Some([0xFF, code, high, low]) = bytes.get(at..at + 4) {
        if matches!(code, 0xDA | 0xD9) {
            break;
        }
        let length = usize::from(u16::from_be_bytes([*high, *low])).max(2);
        let Some(body) = bytes.get(at + 4..at + 2 + length) else { break };
        match code {
            0xE1 => {
                if let (None, Some(exif)) = (&blocks.exif, body.strip_prefix(b"Exif\0\0")) {
                    blocks.exif = Some(exif.to_vec());
                }
                if let (None, Some(xmp)) = (&blocks.xmp, body.strip_prefix(XMP)) {
                    blocks.xmp = Some(xmp.to_vec());
                }
            }
            0xED => {
                if let (None, Some(resources)) = (&blocks.iptc, body.strip_prefix(PHOTOSHOP)) {
                    blocks.iptc = resource(resources, IPTC).map(<[u8]>::to_vec);
                }
            }
            _ => {}
        }
        at += 2 + length;
    }
    blocks.profile = Markers::read(bytes).ok().and_then(|markers| markers.profile());
    blocks
}

/// One resource of a list: `8BIM`, number, a name of even length with its count, length, data of even length.
fn resource(mut rest: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let header = rest.get(..7)?;
        if !header.starts_with(b"8BIM") {
            return None;
        }
        let number = u16::from_be_bytes([header[4], header[5]]);
        let name = (1 + usize::from(header[6])).next_multiple_of(2);
        let size = rest.get(6 + name..10 + name)?;
        let size = u32::from_be_bytes([size[0], size[1], size[2], size[3]]) as usize;
        let data = rest.get(10 + name..(10 + name).checked_add(size)?)?;
        if number == wanted {
            return Some(data);
        }
        rest = rest.get(10 + name + size.next_multiple_of(2)..)?;
    }
}

pub(super) fn write(file: &[u8], blocks: &Blocks) -> Option<Vec<u8>> {
    let mut segments = Vec::new();
    let mut push = |code: u8, parts: &[&[u8]]| {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if length <= ROOM {
            segments.extend([0xFF, code]);
            segments.extend(((length + 2) as u16).to_be_bytes());
            parts.iter().for_each(|part| segments.extend_from_slice(part));
        }
    };
    if let Some(exif) = &blocks.exif {
        push(0xE1, &[b"Exif\0\0", exif]);
    }
    if let Some(xmp) = &blocks.xmp {
        push(0xE1, &[XMP, xmp]);
    }
    if let Some(iptc) = &blocks.iptc {
        let padding: &[u8] = if iptc.len() % 2 == 1 { &[0] } else { &[] };
        let size = (iptc.len() as u32).to_be_bytes();
        push(0xED, &[PHOTOSHOP, b"8BIM", &IPTC.to_be_bytes(), &[0, 0], &size, iptc, padding]);
    }
    if let Some(profile) = &blocks.profile {
        let parts: Vec<&[u8]> = profile.chunks(ROOM - 14).collect();
        if let Ok(count) = u8::try_from(parts.len()) {
            for (number, part) in (1..=count).zip(parts) {
                push(0xE2, &[b"ICC_PROFILE\0", &[number, count], part]);
            }
        }
    }
    // After the start, and after the JFIF segment, which must come first.
    let mut at = 2;
    if let Some([0xFF, 0xE0, high, low]) = file.get(2..6) {
        at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
    }
    let (before, after) = (file.get(..at)?, file.get(at..)?);
    Some([before, &segments, after].concat())
}
