//! How a text is to look: plain settings, no font and no pixel.

use plan::Color;

/// Everything about a text but its characters. `Style::default()` is black regular text of 16 px on nothing, on as many
/// lines as it has, with no padding.
///
/// Lengths are pixels of the result (a dialect multiplies by the device pixel ratio before). Numbers outside the ranges
/// given are refused by [`layout`](crate::layout) with [`TextError::Setting`](crate::TextError::Setting).
#[derive(Debug, Clone, PartialEq)]
pub struct Style {
    /// Families in order of preference, in any case, with or without spaces (`Open Sans`, `open-sans`, `serif`). One that is
    /// not there is passed over with a warning; after the last come the embedded family and those of the fonts folders.
    pub families: Vec<String>,
    /// Pixels to the em, above 0 to [`Limits::size`](crate::Limits::size).
    pub size: f32,
    /// 1 to 1000 as in CSS: 400 is regular, 700 bold. Made from the nearest face, thickened if that is far too thin.
    pub weight: u16,
    /// The italic face, or the upright one slanted by 14 degrees where there is none.
    pub italic: bool,
    /// A line below the baseline, where and as thick as the font says.
    pub underline: bool,
    /// A line through the middle of the letters, where and as thick as the font says.
    pub strikethrough: bool,
    /// Of letters and lines; its alpha also applies to colour glyphs (emoji), which keep their own colours.
    pub color: Color,
    /// Of lines between the left and right edges of the box.
    pub align: Align,
    /// Of all lines together, where the box is higher than they are.
    pub vertical: Vertical,
    /// Which way paragraphs run; letters within them follow the Unicode bidirectional algorithm in any case.
    pub direction: Direction,
    /// BCP 47 tag, such as `ja`, `zh-Hant` or `sr`, for forms of letters that differ by language. Without one, text with kana
    /// gets Japanese forms, with hangul Korean ones, with bopomofo those of Taiwan, and other Han letters simplified ones.
    pub language: Option<String>,
    /// Distance between baselines.
    pub line_height: LineHeight,
    /// Added after each letter, from half of `size` below zero to `size` times 10; other than 0 it switches optional
    /// ligatures off (CSS Text 3, section 7.2).
    pub letter_spacing: f32,
    /// Which letters may be drawn as one.
    pub ligatures: Ligatures,
    /// Whether lines longer than `max_width` are broken, at words where possible, else between letters.
    pub wrap: bool,
    /// Room for the text, padding not counted; at least 1. `None` is unlimited.
    pub max_width: Option<u32>,
    /// As `max_width`, for the height.
    pub max_height: Option<u32>,
    /// The text's box is at least this wide, padding not counted.
    pub min_width: u32,
    /// The text's box is at least this high, padding not counted.
    pub min_height: u32,
    /// More lines than this overflow as if higher than `max_height`; at least 1.
    pub max_lines: Option<u32>,
    /// What happens to text that is larger than its room.
    pub overflow: Overflow,
    /// Whether a cut text shows `…` where it was cut.
    pub ellipsis: bool,
    /// What the box is put around.
    pub bounds: Bounds,
    /// Between box and text.
    pub padding: Sides,
    /// Of the box with its padding; transparent for none.
    pub background: Color,
    /// Of the corners of the background, 0 or more; more than half of the shorter side counts as that half.
    pub radius: f32,
    /// Around the letters, drawn behind them.
    pub outline: Option<Outline>,
    /// Behind letters and outline, on the background.
    pub shadow: Option<Shadow>,
}

impl Default for Style {
    fn default() -> Self {
        Style {
            families: Vec::new(),
            size: 16.0,
            weight: 400,
            italic: false,
            underline: false,
            strikethrough: false,
            color: Color::BLACK,
            align: Align::Start,
            vertical: Vertical::Top,
            direction: Direction::Auto,
            language: None,
            line_height: LineHeight::Font,
            letter_spacing: 0.0,
            ligatures: Ligatures::Common,
            wrap: true,
            max_width: None,
            max_height: None,
            min_width: 0,
            min_height: 0,
            max_lines: None,
            overflow: Overflow::Grow,
            ellipsis: false,
            bounds: Bounds::Lines,
            padding: Sides::default(),
            background: Color::TRANSPARENT,
            radius: 0.0,
            outline: None,
            shadow: None,
        }
    }
}

/// Where lines stand in the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Left for text that runs to the right, right for text that runs to the left.
    Start,
    /// At the left edge.
    Left,
    /// In the middle.
    Center,
    /// At the right edge.
    Right,
    /// Spaces are widened until both edges are met, save in the last line of a paragraph. The box is then as wide as
    /// `max_width` if any line was broken.
    Justify,
}

/// Where all lines together stand in a box that is higher than they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vertical {
    /// At the upper edge.
    Top,
    /// In the middle.
    Middle,
    /// At the lower edge.
    Bottom,
}

/// Which way a paragraph runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// As its first letter that has a direction.
    Auto,
    /// To the right.
    LeftToRight,
    /// To the left.
    RightToLeft,
}

/// Distance between the baselines of lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LineHeight {
    /// As the font asks.
    Font,
    /// That many times the size, above 0 to 10.
    Times(f32),
    /// Pixels, above 0 to 10 times the size; scaled with the letters when [`Overflow::Shrink`] makes them smaller.
    Pixels(f32),
}

/// Which letters may be drawn as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ligatures {
    /// Only where the script cannot do without, as in Arabic.
    Required,
    /// Also what the font does by default, such as `fi`.
    Common,
    /// Also discretionary and historical ones.
    All,
}

/// What happens to text larger than `max_width`, `max_height` or `max_lines`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// It is drawn in full, and the box grows with it.
    Grow,
    /// Letters are left away at the given place until it fits; at least one stays.
    Cut(CutAt),
    /// It is set smaller, down to 1 px to the em; words are not broken for that.
    Shrink,
}

/// Which part of a text too long is left away. Text on several lines is always cut at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutAt {
    /// The beginning.
    Start,
    /// The middle.
    Middle,
    /// The end.
    End,
}

/// What the box is put around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// The lines with their full height, so that texts of one style have boxes of one height.
    Lines,
    /// What is inked: letters and outline, without shadow, in whole pixels.
    Ink,
}

/// Four lengths in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sides {
    /// Above.
    pub top: u32,
    /// To the right.
    pub right: u32,
    /// Below.
    pub bottom: u32,
    /// To the left.
    pub left: u32,
}

impl Sides {
    /// The same on all four sides.
    pub const fn all(length: u32) -> Self {
        Sides { top: length, right: length, bottom: length, left: length }
    }
}

/// A line around letters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outline {
    /// How far it reaches outwards, 0 to `size` pixels.
    pub width: f32,
    /// Its colour.
    pub color: Color,
}

/// A shadow of letters and outline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shadow {
    /// Pixels to the right, -1000 to 1000.
    pub dx: f32,
    /// Pixels down, -1000 to 1000.
    pub dy: f32,
    /// How soft: twice the standard deviation of the Gaussian, as in CSS; 0 to 200 pixels.
    pub blur: f32,
    /// Its colour.
    pub color: Color,
}
