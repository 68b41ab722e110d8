//! What a text may cost, and how it is refused (G11).

/// Bounds of one text. The defaults draw in well under a second.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Characters (Unicode scalar values) of the text.
    pub characters: u32,
    /// Lines, after wrapping.
    pub lines: u32,
    /// Pixels to the em.
    pub size: f32,
    /// Either side of the picture, in pixels; above 32,767 counts as that.
    pub side: u32,
    /// Pixels of the picture.
    pub area: u64,
    /// Glyphs that bring their own colours (emoji), each of which is a small picture to decode.
    pub color_glyphs: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { characters: 5_000, lines: 500, size: 2_000.0, side: 8_192, area: 16_000_000, color_glyphs: 500 }
    }
}

/// Why a text was not drawn. All but [`TextError::Fonts`] are the request's fault.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TextError {
    /// Beyond one of the [`Limits`].
    #[error("text: {what} {found}, and at most {limit} are allowed")]
    OverLimit {
        /// Which: `characters`, `lines`, `size`, `width`, `height`, `area`, `ink` (pixels that the glyphs cover, counted
        /// once for each glyph, at most 8 times `area`), `lines of outlines` (straight pieces, at most 4 million) or
        /// `color glyphs`.
        what: &'static str,
        /// What the text has.
        found: u64,
        /// What is allowed.
        limit: u64,
    },
    /// A setting outside its range.
    #[error("text: {0} is outside its range")]
    Setting(&'static str),
    /// Nothing to draw: no characters, or none but control characters.
    #[error("text: it is empty")]
    Empty,
    /// A font is damaged so that its glyphs cannot be laid out or painted.
    #[error("text: {0}")]
    Fonts(String),
}

pub(crate) fn within(what: &'static str, found: u64, limit: u64) -> Result<(), TextError> {
    if found > limit { Err(TextError::OverLimit { what, found, limit }) } else { Ok(()) }
}
