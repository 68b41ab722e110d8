//! Exif blocks, cut down in place.

use ::exif::{In, Reader, Tag, Value};

const ORIENTATION: u16 = 0x0112;
const THUMBNAIL: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;

/// The Exif block of a container that holds one at a place of its own.
pub(super) fn of_container(bytes: &[u8]) -> Option<Vec<u8>> {
    // Of a TIFF this would be the whole file, its pixels included.
    if matches!(crate::sniff(bytes), Some(crate::Kind::Tiff)) {
        return rights(bytes.get(..bytes.len().min(1 << 20))?);
    }
    let exif = Reader::new().read_from_container(&mut std::io::Cursor::new(bytes)).ok()?;
    Some(exif.buf().to_vec())
}

/// A block of artist and copyright alone; `None` without either.
pub(super) fn rights(block: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let parsed = match reader.read_raw(block.to_vec()) {
        Ok(parsed) => parsed,
        Err(error) => error.distill_partial_result(|_| ()).ok()?,
    };
    let text = |tag| match &parsed.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(lines) => {
            let joined = lines.join(&b"; "[..]);
            let trimmed = joined.trim_ascii();
            (!trimmed.is_empty()).then(|| trimmed.to_vec())
        }
        _ => None,
    };
    let fields: Vec<(u16, Vec<u8>)> = [(0x013B, text(Tag::Artist)), (0x8298, text(Tag::Copyright))]
        .into_iter()
        .filter_map(|(tag, text)| Some((tag, text?)))
        .collect();
    (!fields.is_empty()).then(|| directory(&fields))
}

/// A TIFF structure of one directory of texts, big-endian.
fn directory(fields: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut out = b"MM\0*\0\0\0\x08".to_vec();
    out.extend((fields.len() as u16).to_be_bytes());
    let mut texts = Vec::new();
    let start = 8 + 2 + 12 * fields.len() + 4;
    for (tag, text) in fields {
        let mut text = text.clone();
        text.push(0);
        out.extend(tag.to_be_bytes());
        out.extend(2u16.to_be_bytes());
        out.extend((text.len() as u32).to_be_bytes());
        if text.len() <= 4 {
            text.resize(4, 0);
            out.extend(text);
        } else {
            out.extend(((start + texts.len()) as u32).to_be_bytes());
            text.resize(text.len().next_multiple_of(2), 0);
            texts.extend(text);
        }
    }
    out.extend([0; 4]);
    out.extend(texts);
    out
}

/// The block without its thumbnail, whose bytes are overwritten, and with orientation 1 where the pixels were turned.
pub(super) fn carried(block: &[u8], upright: bool) -> Vec<u8> {
    let mut out = block.to_vec();
    edit(&mut out, upright);
    out
}

fn edit(block: &mut [u8], upright: bool) -> Option<()> {
    let big = match block.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let first = long(block, 4, big)? as usize;
    let count = short(block, first, big)? as usize;
    for entry in (0..count).map(|n| first + 2 + 12 * n) {
        if upright && short(block, entry, big)? == ORIENTATION {
            let one: [u8; 4] = if big { [0, 1, 0, 0] } else { [1, 0, 0, 0] };
            block.get_mut(entry + 8..entry + 12)?.copy_from_slice(&one);
        }
    }
    let link = first + 2 + 12 * count;
    let second = long(block, link, big)? as usize;
    block.get_mut(link..link + 4)?.fill(0);
    if second == 0 {
        return Some(());
    }
    let count = short(block, second, big)? as usize;
    let (mut start, mut length) = (0, 0);
    for entry in (0..count).map(|n| second + 2 + 12 * n) {
        match short(block, entry, big)? {
            THUMBNAIL => start = long(block, entry + 8, big)? as usize,
            THUMBNAIL_LENGTH => length = long(block, entry + 8, big)? as usize,
            _ => {}
        }
    }
    let end = start.checked_add(length)?.min(block.len());
    if start > second {
        block.get_mut(start..end)?.fill(0);
        // A thumbnail at the end, as most writers have it, need not be carried as zeros; a slice cannot be made shorter.
    }
    Some(())
}

fn short(block: &[u8], at: usize, big: bool) -> Option<u16> {
    let field: [u8; 2] = block.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(if big { u16::from_be_bytes(field) } else { u16::from_le_bytes(field) })
}

fn long(block: &[u8], at: usize, big: bool) -> Option<u32> {
    let field: [u8; 4] = block.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(if big { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) })
}

/// The text of a field as people read it: without quotes, on one line, not endless.
pub(crate) fn strip_for_display(text: &str) -> String {
    let plain = text.trim_matches(|c: char| c == '"' || c == '\0' || c.is_whitespace());
    plain.chars().filter(|c| !c.is_control()).take(1000).collect()
}
