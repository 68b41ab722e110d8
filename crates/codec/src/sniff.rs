use plan::Format;

/// What a file is, by its magic bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// JPEG (ITU-T T.81).
    Jpeg,
    /// PNG, APNG included.
    Png,
    /// WebP.
    Webp,
    /// AVIF, still or sequence.
    Avif,
    /// GIF 87a and 89a.
    Gif,
    /// SVG 1.1 and the static part of 2, not compressed.
    Svg,
    /// Windows bitmap.
    Bmp,
    /// TIFF 6.0, BigTIFF included; page by page.
    Tiff,
    /// HEIF with HEVC; decoded by builds with the feature `heic`.
    Heic,
    /// Windows icon; its largest picture.
    Ico,
    /// JPEG XL, bare or boxed.
    JpegXl,
    /// PDF; page by page.
    Pdf,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 12] = [
        Kind::Jpeg,
        Kind::Png,
        Kind::Webp,
        Kind::Avif,
        Kind::Gif,
        Kind::Svg,
        Kind::Bmp,
        Kind::Tiff,
        Kind::Heic,
        Kind::Ico,
        Kind::JpegXl,
        Kind::Pdf,
    ];

    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Jpeg => "jpeg",
            Kind::Png => "png",
            Kind::Webp => "webp",
            Kind::Avif => "avif",
            Kind::Gif => "gif",
            Kind::Svg => "svg",
            Kind::Bmp => "bmp",
            Kind::Tiff => "tiff",
            Kind::Heic => "heic",
            Kind::Ico => "ico",
            Kind::JpegXl => "jxl",
            Kind::Pdf => "pdf",
        }
    }

    /// Media type as registered at IANA.
    pub const fn content_type(self) -> &'static str {
        match self {
            Kind::Jpeg => "image/jpeg",
            Kind::Png => "image/png",
            Kind::Webp => "image/webp",
            Kind::Avif => "image/avif",
            Kind::Gif => "image/gif",
            Kind::Svg => "image/svg+xml",
            Kind::Bmp => "image/bmp",
            Kind::Tiff => "image/tiff",
            Kind::Heic => "image/heic",
            Kind::Ico => "image/vnd.microsoft.icon",
            Kind::JpegXl => "image/jxl",
            Kind::Pdf => "application/pdf",
        }
    }

    /// Whether it is drawn at the size that is needed, however large or small.
    pub const fn is_vector(self) -> bool {
        matches!(self, Kind::Svg | Kind::Pdf)
    }

    /// The same as an output format; `None` for kinds that are read but not written.
    pub const fn output_format(self) -> Option<Format> {
        match self {
            Kind::Jpeg => Some(Format::Jpeg),
            Kind::Png => Some(Format::Png),
            Kind::Webp => Some(Format::Webp),
            Kind::Avif => Some(Format::Avif),
            Kind::Gif => Some(Format::Gif),
            Kind::Svg | Kind::Bmp | Kind::Tiff | Kind::Heic | Kind::Ico | Kind::JpegXl | Kind::Pdf => None,
        }
    }
}

/// Longest prologue (declaration, comments, doctype) looked through for an `<svg` element.
const SVG_LOOK: usize = 4096;

/// Names the kind of a file by its first bytes; its name and its declared type play no part.
pub fn sniff(bytes: &[u8]) -> Option<Kind> {
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    if at(0, &[0xFF, 0xD8, 0xFF]) {
        return Some(Kind::Jpeg);
    }
    if at(0, b"\x89PNG\r\n\x1a\n") {
        return Some(Kind::Png);
    }
    if at(0, b"GIF87a") || at(0, b"GIF89a") {
        return Some(Kind::Gif);
    }
    if at(0, b"RIFF") && at(8, b"WEBP") {
        return Some(Kind::Webp);
    }
    if at(4, b"ftyp") {
        return brand(bytes);
    }
    if at(0, b"BM") && bytes.len() >= 26 && at(6, &[0, 0, 0, 0]) {
        return Some(Kind::Bmp);
    }
    if at(0, b"II*\0") || at(0, b"MM\0*") || at(0, b"II+\0") || at(0, b"MM\0+") {
        return Some(Kind::Tiff);
    }
    if at(0, &[0, 0, 1, 0]) && bytes.get(4..6).is_some_and(|n| n != [0, 0]) {
        return Some(Kind::Ico);
    }
    if at(0, &[0xFF, 0x0A]) || at(0, b"\0\0\0\x0CJXL \r\n\x87\n") {
        return Some(Kind::JpegXl);
    }
    if at(0, b"%PDF-") {
        return Some(Kind::Pdf);
    }
    is_svg(bytes).then_some(Kind::Svg)
}

/// Major brand, then compatible brands, of an ISO base media file (ISO/IEC 14496-12 section 4.3).
fn brand(bytes: &[u8]) -> Option<Kind> {
    let size = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let end = size.min(bytes.len()).min(512);
    let major = bytes.get(8..12)?;
    let compatible = bytes.get(16..end).unwrap_or_default().chunks_exact(4);
    let brands = || std::iter::once(major).chain(compatible.clone());
    if brands().any(|b| b == b"avif" || b == b"avis") {
        return Some(Kind::Avif);
    }
    let heic: [&[u8]; 10] = [b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"];
    brands().any(|b| heic.contains(&b)).then_some(Kind::Heic)
}

/// Whether the first element is `svg`, after a byte order mark, a declaration, comments and a doctype.
fn is_svg(bytes: &[u8]) -> bool {
    let look = &bytes[..bytes.len().min(SVG_LOOK)];
    let mut rest = look.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(look);
    loop {
        rest = rest.trim_ascii_start();
        let close: &[u8] = if rest.starts_with(b"<?") {
            b"?>"
        } else if rest.starts_with(b"<!--") {
            b"-->"
        } else if rest.get(..9).is_some_and(|d| d.eq_ignore_ascii_case(b"<!doctype")) {
            return rest[9..].trim_ascii_start().starts_with(b"svg");
        } else {
            let name = rest.strip_prefix(b"<").unwrap_or_default();
            let name = &name[..name.iter().position(|b| b" \t\r\n/>".contains(b)).unwrap_or(name.len())];
            return name == b"svg" || name.ends_with(b":svg");
        };
        match memchr::memmem::find(rest, close) {
            Some(end) => rest = &rest[end + close.len()..],
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_magic_bytes() {
        let table: &[(&[u8], Option<Kind>)] = &[
            (b"\xFF\xD8\xFF\xE0", Some(Kind::Jpeg)),
            (b"\xFF\xD8", None),
            (b"\x89PNG\r\n\x1a\n", Some(Kind::Png)),
            (b"GIF89a", Some(Kind::Gif)),
            (b"GIF88a", None),
            (b"RIFF\0\0\0\0WEBP", Some(Kind::Webp)),
            (b"RIFF\0\0\0\0WAVE", None),
            (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", Some(Kind::Avif)),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", Some(Kind::Avif)),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Some(Kind::Heic)),
            (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", None),
            (b"II*\0", Some(Kind::Tiff)),
            (b"\0\0\x01\0\x01\0", Some(Kind::Ico)),
            (b"\0\0\x01\0\0\0", None),
            (b"\xFF\x0A", Some(Kind::JpegXl)),
            (b"%PDF-1.7", Some(Kind::Pdf)),
            (b"<svg xmlns='x'>", Some(Kind::Svg)),
            (b"\xEF\xBB\xBF<?xml version='1.0'?>\n<!-- a --><!DOCTYPE svg><svg/>", Some(Kind::Svg)),
            (b"<?xml version='1.0'?><s:svg>", Some(Kind::Svg)),
            (b"<html><svg>", None),
            (b"<!doctype html><svg>", None),
            (b"<?xml", None),
            (b"", None),
            (b"hello", None),
        ];
        for (bytes, want) in table {
            assert_eq!(sniff(bytes), *want, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn bmp_has_reserved_zeros() {
        let mut bmp = [0u8; 26];
        bmp[..2].copy_from_slice(b"BM");
        assert_eq!(sniff(&bmp), Some(Kind::Bmp));
        bmp[7] = 1;
        assert_eq!(sniff(&bmp), None);
    }

    #[test]
    fn a_long_prologue_is_not_searched() {
        let mut text = b"<!--".to_vec();
        text.resize(SVG_LOOK, b'x');
        text.extend_from_slice(b"--><svg>");
        assert_eq!(sniff(&text), None);
    }
}
