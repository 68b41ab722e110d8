//! Windows icons: the largest picture of the file, then the one of most colours.

use crate::bmp::Bitmap;
use crate::{Budget, Cancel, Channels, CodecError, Decode, Decoded, Info, Kind, Picture, Pixels};
use crate::{limits, png, sniff};

/// Reads the directory and the headers of the picture that would be decoded.
pub(crate) fn probe(bytes: &[u8], budget: &Budget) -> Result<Info, CodecError> {
    let entry = largest(bytes, budget)?;
    limits::size(entry.info.width, entry.info.height, budget)?;
    Ok(entry.info)
}

/// Decodes the largest picture.
pub(crate) fn decode(bytes: &[u8], ask: &Decode, budget: &Budget, cancel: &Cancel) -> Result<Decoded, CodecError> {
    let Entry { data, info } = largest(bytes, budget)?;
    if sniff(data) == Some(Kind::Png) {
        return Ok(Decoded { info, ..png::decode(data, ask, budget, cancel)? });
    }
    let mut bitmap = icon(data)?;
    limits::size(bitmap.width, bitmap.height, budget)?;
    let may_be_masked = !bitmap.fourth_is_alpha();
    let mut rgba = bitmap.pixels(budget, cancel)?;
    // Old icons of 32 bits leave the fourth byte empty.
    let has_alpha = !may_be_masked && rgba.chunks_exact(4).any(|p| p[3] != 0);
    if !has_alpha {
        let clear = (!bitmap.is_packed()).then(|| bitmap.clear()).flatten();
        let clear = clear.unwrap_or_else(|| vec![false; rgba.len() / 4]);
        rgba.chunks_exact_mut(4).zip(clear).for_each(|(p, clear)| p[3] = if clear { 0 } else { 255 });
    }
    let pixels = Pixels { width: info.width, height: info.height, channels: Channels::Rgba, data: rgba };
    Ok(Decoded { picture: Picture::still(pixels), profile: None, info })
}

/// One picture of the file.
struct Entry<'a> {
    data: &'a [u8],
    info: Info,
}

fn icon(data: &[u8]) -> Result<Bitmap<'_>, CodecError> {
    let mut bitmap = Bitmap::read(data)?;
    bitmap.halve();
    Ok(bitmap)
}

fn largest<'a>(bytes: &'a [u8], budget: &Budget) -> Result<Entry<'a>, CodecError> {
    let cut = || CodecError::Truncated("the icon ends before its pictures".into());
    let count = bytes.get(4..6).ok_or_else(cut)?;
    let count = usize::from(u16::from_le_bytes([count[0], count[1]]));
    let list = bytes.get(6..6 + 16 * count).ok_or_else(cut)?;
    let mut best: Option<(u64, u16, Entry<'a>)> = None;
    let mut failed = None;
    for line in list.chunks_exact(16) {
        let field = |at: usize| u32::from_le_bytes([line[at], line[at + 1], line[at + 2], line[at + 3]]) as usize;
        let depth = u16::from_le_bytes([line[6], line[7]]);
        let Some(data) = field(12).checked_add(field(8)).and_then(|end| bytes.get(field(12)..end)) else {
            failed = Some(cut());
            continue;
        };
        let info = match sniff(data) {
            Some(Kind::Png) => png::probe(data, budget),
            _ => icon(data).map(|bitmap| Info { may_have_alpha: true, ..bitmap.info(Kind::Ico) }),
        };
        match info {
            Ok(info) => {
                let area = limits::area(info.width, info.height);
                if best.as_ref().is_none_or(|(a, d, _)| (area, depth) > (*a, *d)) {
                    best = Some((area, depth, Entry { data, info: Info { kind: Kind::Ico, ..info } }));
                }
            }
            Err(error) => failed = Some(error),
        }
    }
    // A picture that is missing might have been the largest.
    match (best, failed) {
        (_, Some(error)) => Err(error),
        (Some((_, _, entry)), None) => Ok(entry),
        (None, None) => Err(CodecError::Corrupt("an icon without a picture".into())),
    }
}
