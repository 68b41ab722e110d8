//! Chunks of PNG: `eXIf`, `iTXt` with XMP, `iCCP`.

use std::io::Cursor;

use ::png::{Decoder, Limits};

use super::Blocks;

const XMP: &[u8] = b"XML:com.adobe.xmp";

pub(super) fn read(bytes: &[u8]) -> Blocks {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: 16 << 20 });
    decoder.set_ignore_text_chunk(false);
    let Ok(reader) = decoder.read_info() else { return Blocks::default() };
    let info = reader.info();
    let texts = info.utf8_text.iter().find(|text| text.keyword.as_bytes() == XMP);
    Blocks {
        exif: info.exif_metadata.as_deref().map(<[u8]>::to_vec),
        xmp: texts.and_then(|text| text.get_text().ok()).map(String::into_bytes),
        iptc: None,
        profile: info.icc_profile.as_deref().filter(|_| info.srgb.is_none()).map(<[u8]>::to_vec),
    }
}

pub(super) fn write(file: &[u8], blocks: &Blocks) -> Option<Vec<u8>> {
    // The signature and the header, which comes first.
    let (head, rest) = (file.get(..33)?, file.get(33..)?);
    let mut out = head.to_vec();
    if let Some(profile) = &blocks.profile {
        out.extend(chunk(b"iCCP", &[&b"ICC\0\0"[..], &stored(profile)].concat()));
    }
    if let Some(exif) = &blocks.exif {
        out.extend(chunk(b"eXIf", exif));
    }
    if let Some(xmp) = &blocks.xmp {
        // Not compressed, no language, no translated keyword.
        out.extend(chunk(b"iTXt", &[XMP, &[0; 5][..], xmp].concat()));
    }
    out.extend_from_slice(rest);
    Some(out)
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let check = !name.iter().chain(data).fold(!0u32, |check, byte| {
        (0..8).fold(check ^ u32::from(*byte), |c, _| c >> 1 ^ if c & 1 == 1 { 0xEDB8_8320 } else { 0 })
    });
    [&(data.len() as u32).to_be_bytes()[..], name, data, &check.to_be_bytes()].concat()
}

/// A zlib stream of stored blocks (RFC 1950, RFC 1951 section 3.2.4): profiles are small, and dense already.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let count = data.chunks(65_535).len();
    for (number, part) in data.chunks(65_535).enumerate() {
        let length = part.len() as u16;
        out.push(u8::from(number + 1 == count));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend_from_slice(part);
    }
    let (a, b) = data.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    out.extend((b << 16 | a).to_be_bytes());
    out
}
