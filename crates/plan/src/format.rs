use std::fmt;

/// A picture format that Afterimage can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// JPEG (ISO/IEC 10918-1): no alpha, no animation.
    Jpeg,
    /// PNG: alpha, one frame.
    Png,
    /// WebP: alpha, animation.
    Webp,
    /// AVIF: alpha; stills only here.
    Avif,
    /// GIF: one-bit alpha, animation.
    Gif,
}

impl Format {
    /// Every format, in a fixed order.
    pub const ALL: [Format; 5] = [Format::Jpeg, Format::Png, Format::Webp, Format::Avif, Format::Gif];

    /// The short lower-case name used in canonical text, tags and metrics: `jpeg`, `png`, `webp`, `avif`, `gif`.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Jpeg => "jpeg",
            Format::Png => "png",
            Format::Webp => "webp",
            Format::Avif => "avif",
            Format::Gif => "gif",
        }
    }

    /// The inverse of [`Format::name`], which also reads `jpg`. Case-insensitive.
    pub fn from_name(name: &str) -> Option<Format> {
        if name.eq_ignore_ascii_case("jpg") {
            return Some(Format::Jpeg);
        }
        Format::ALL.into_iter().find(|f| f.name().eq_ignore_ascii_case(name))
    }

    /// The IANA media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Format::Jpeg => "image/jpeg",
            Format::Png => "image/png",
            Format::Webp => "image/webp",
            Format::Avif => "image/avif",
            Format::Gif => "image/gif",
        }
    }

    /// The usual file name extension, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Format::Jpeg => "jpg",
            Format::Png => "png",
            Format::Webp => "webp",
            Format::Avif => "avif",
            Format::Gif => "gif",
        }
    }

    /// Whether it can hold transparency.
    pub const fn holds_alpha(self) -> bool {
        !matches!(self, Format::Jpeg)
    }

    /// Whether we write several frames in it.
    pub const fn holds_animation(self) -> bool {
        matches!(self, Format::Webp | Format::Gif)
    }

    /// Whether a quality from 1 to 100 changes its bytes.
    pub const fn has_quality(self) -> bool {
        matches!(self, Format::Jpeg | Format::Webp | Format::Avif)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
