//! The boxes of AVIF and HEIC files (ISO/IEC 14496-12, ISO/IEC 23008-12), followed in safe code: what is asked of a file
//! before a library reads it, and what it says beside its pixels.

use std::borrow::Cow;
use std::collections::HashSet;

/// The data of every item that is wanted by its type and by what stands behind that in its entry: a name, and of a `mime`
/// item its content type, each ended by a zero. `None` when the boxes are not as ISO/IEC 14496-12 section 8.11 has them,
/// or when the items share so much data that together they are longer than four files.
pub(crate) fn items(bytes: &[u8], wanted: impl Fn(&[u8; 4], &[u8]) -> bool) -> Option<Vec<Cow<'_, [u8]>>> {
    let meta = find(bytes, b"meta")?.get(4..)?;
    let idat = find(meta, b"idat").unwrap_or_default();
    let numbers = numbers(find(meta, b"iinf")?, wanted)?;
    let mut at = Cursor(find(meta, b"iloc")?);
    let version = at.number(1)?;
    at.number(3)?;
    let sizes = at.number(2)?;
    let size = |shift: u64| (sizes >> shift & 15) as usize;
    let (offset_size, length_size, base_size) = (size(12), size(8), size(4));
    let index_size = if version > 0 { size(0) } else { 0 };
    let wide = if version < 2 { 2 } else { 4 };
    let count = at.number(wide)?;
    let mut left = bytes.len().saturating_mul(4);
    let mut out = Vec::new();
    for _ in 0..count {
        let id = at.number(wide)?;
        let is_wanted = numbers.contains(&id);
        let method = if version > 0 { at.number(2)? & 15 } else { 0 };
        at.number(2)?;
        let base = at.number(base_size)?;
        let mut data = Cow::Borrowed(&[][..]);
        let extents = at.number(2)?;
        // Extents that take no room in the table could be counted without end.
        if extents > 1 && index_size + offset_size + length_size == 0 {
            return None;
        }
        for _ in 0..extents {
            at.number(index_size)?;
            let (offset, length) = (at.number(offset_size)?, at.number(length_size)?);
            if !is_wanted {
                continue;
            }
            let whole = if method == 0 { bytes } else { idat };
            let from = whole.get(usize::try_from(base.checked_add(offset)?).ok()?..)?;
            let part = if length == 0 { from } else { from.get(..usize::try_from(length).ok()?)? };
            left = left.checked_sub(part.len())?;
            if data.is_empty() {
                data = Cow::Borrowed(part);
            } else {
                data.to_mut().extend_from_slice(part);
            }
        }
        if is_wanted {
            out.push(data);
        }
    }
    Some(out)
}

/// The numbers of the items that are wanted (ISO/IEC 14496-12 section 8.11.6).
fn numbers(iinf: &[u8], wanted: impl Fn(&[u8; 4], &[u8]) -> bool) -> Option<HashSet<u64>> {
    let version = *iinf.first()?;
    let mut rest = iinf.get(if version == 0 { 6 } else { 8 }..)?;
    let mut out = HashSet::new();
    while let Some((name, body, after)) = next_box(rest) {
        rest = after;
        let mut at = Cursor(body);
        let version = at.number(1)?;
        at.number(3)?;
        let id = at.number(if version < 3 { 2 } else { 4 })?;
        at.number(2)?;
        let Some((kind, said)) = at.0.split_first_chunk() else { continue };
        if name == b"infe" && wanted(kind, said) {
            out.insert(id);
        }
    }
    Some(out)
}

/// The XMP packet that the file carries (ISO/IEC 23008-12 section A.3).
pub(crate) fn xmp(bytes: &[u8]) -> Option<Vec<u8>> {
    let packets = items(bytes, |kind, said| {
        kind == b"mime" && said.split(|byte| *byte == 0).nth(1) == Some(b"application/rdf+xml")
    })?;
    packets.into_iter().next().map(Cow::into_owned)
}

/// The colour profile among the properties of its items (ISO/IEC 14496-12 section 12.1.5).
pub(crate) fn profile(bytes: &[u8]) -> Option<Vec<u8>> {
    let properties = find(find(find(bytes, b"meta")?.get(4..)?, b"iprp")?, b"ipco")?;
    let mut rest = properties;
    while let Some((name, body, after)) = next_box(rest) {
        rest = after;
        if let (b"colr", Some((b"prof" | b"rICC", profile))) = (name, body.split_first_chunk()) {
            return Some(profile.to_vec());
        }
    }
    None
}

/// The contents of the first box of a name.
fn find<'a>(mut rest: &'a [u8], wanted: &[u8; 4]) -> Option<&'a [u8]> {
    while let Some((name, body, after)) = next_box(rest) {
        if name == wanted {
            return Some(body);
        }
        rest = after;
    }
    None
}

fn next_box(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let mut at = Cursor(bytes);
    let size = at.number(4)?;
    let name = bytes.get(4..8)?.try_into().ok()?;
    at.number(4)?;
    let (header, size) = match size {
        0 => (8, bytes.len()),
        1 => (16, usize::try_from(at.number(8)?).ok()?),
        size => (8, size as usize),
    };
    Some((name, bytes.get(header..size)?, bytes.get(size..)?))
}

/// Big-endian numbers, one after the other.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn number(&mut self, length: usize) -> Option<u64> {
        let (head, rest) = self.0.split_at_checked(length).filter(|_| length <= 8)?;
        self.0 = rest;
        Some(head.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn named(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], name, body].concat()
    }

    /// A file of `count` items of type `av01`, each with the extents that `item` writes into the table.
    fn file(count: u16, sizes: [u8; 2], item: &[u8], data: &[u8]) -> Vec<u8> {
        let entry = |id: u16| named(b"infe", &[&[2, 0, 0, 0][..], &id.to_be_bytes(), b"\0\0av01\0"].concat());
        let entries: Vec<u8> = (0..count).flat_map(entry).collect();
        let iinf = named(b"iinf", &[&[0; 4][..], &count.to_be_bytes(), &entries].concat());
        let places: Vec<u8> = (0..count).flat_map(|id| [&id.to_be_bytes()[..], &[0, 0], item].concat()).collect();
        let iloc = named(b"iloc", &[&[0; 4][..], &sizes, &count.to_be_bytes(), &places].concat());
        [named(b"meta", &[&[0; 4][..], &iinf, &iloc].concat()), data.to_vec()].concat()
    }

    #[test]
    fn items_in_one_part_and_in_several() {
        // Offsets and lengths of one byte, none for the base; two extents.
        let bytes = file(1, [0x44, 0], b"\0\x02\0\0\0\x04\0\0\0\x04\0\0\0\x00\0\0\0\x02", b"");
        let found = items(&bytes, |kind, _| kind == b"av01").unwrap();
        assert_eq!(found, [[&bytes[4..8], &bytes[..2]].concat()]);
        assert_eq!(items(&bytes, |kind, _| kind == b"hvc1").unwrap(), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn what_is_shared_is_not_multiplied() {
        let data = vec![7; 1 << 20];
        // Every item is the whole file: four of them are the most.
        for (count, read) in [(4, true), (5, false), (60_000, false)] {
            let bytes = file(count, [0x44, 0], b"\0\x01\0\0\0\0\0\0\0\0", &data);
            assert_eq!(items(&bytes, |kind, _| kind == b"av01").is_some(), read, "{count}");
        }
        // Items of 65535 extents of no size, wanted or not.
        let bytes = file(60_000, [0, 0], b"\xFF\xFF", &data);
        for kind in [b"av01", b"mime"] {
            assert_eq!(items(&bytes, |found, _| found == kind), None);
        }
    }
}
