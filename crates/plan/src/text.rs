use std::fmt;

use crate::{Color, Dim, Fixed};

/// Text that is drawn as a picture. Lengths in pixels of the result.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Text {
    /// What it says; line feeds begin a new line.
    pub text: String,
    /// Font families in the order in which they are tried; empty or unknown: the built-in one.
    pub families: Vec<String>,
    /// Size of an em in pixels, above 0.
    pub size: Fixed,
    /// 1 to 1000; 400 is regular, 700 bold (CSS Fonts Level 4).
    pub weight: u16,
    /// Slanted.
    pub italic: bool,
    /// A line below.
    pub underline: bool,
    /// A line through.
    pub strikethrough: bool,
    /// Its colour.
    pub color: Color,
    /// Where short lines sit.
    pub align: TextAlign,
    /// Height of a line in ems; `None`: what the font says.
    pub line_height: Option<Fixed>,
    /// Added between letters, in pixels.
    pub letter_spacing: Fixed,
    /// Which ligatures are made.
    pub ligatures: Ligatures,
    /// The box that it has, padding excluded: pixels, or a share of the width of the picture below.
    pub width: Option<Dim>,
    /// Its height, likewise.
    pub height: Option<Dim>,
    /// Pixels that a width which is a share is narrower than that share: what stays free beside the text.
    pub less: u32,
    /// What happens where it does not fit the box.
    pub fit: TextFit,
    /// Whether the picture is cut to what has ink, before padding.
    pub snug: bool,
    /// Room above, right, below, left.
    pub padding: [u32; 4],
    /// What lies behind it, padding included.
    pub background: Option<Color>,
    /// A line around the letters: its width and colour.
    pub outline: Option<(Fixed, Color)>,
    /// A shadow of the letters: to the right, down, standard deviation of its blur, colour.
    pub shadow: Option<(Fixed, Fixed, Fixed, Color)>,
}

impl Text {
    /// Black, regular, of one line, in the built-in family.
    pub fn new(text: impl Into<String>, size: Fixed) -> Self {
        Text {
            text: text.into(),
            families: Vec::new(),
            size,
            weight: 400,
            italic: false,
            underline: false,
            strikethrough: false,
            color: Color::BLACK,
            align: TextAlign::Start,
            line_height: None,
            letter_spacing: Fixed::ZERO,
            ligatures: Ligatures::Common,
            width: None,
            height: None,
            less: 0,
            fit: TextFit::Clip { cut: TextCut::End, ellipsis: false },
            snug: false,
            padding: [0; 4],
            background: None,
            outline: None,
            shadow: None,
        }
    }
}

/// Where lines that are shorter than the box sit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum TextAlign {
    /// Left, or right for scripts that run to the left.
    Start,
    Left,
    Center,
    Right,
    Justify,
}

/// Which ligatures are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ligatures {
    /// Those that the script asks for.
    Required,
    /// The usual ones too.
    Common,
    /// Discretionary ones too.
    All,
}

/// What happens to text that is wider than its box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextFit {
    /// One line, cut.
    Clip {
        /// Which part is lost.
        cut: TextCut,
        /// Whether an ellipsis says so.
        ellipsis: bool,
    },
    /// One line, smaller until it fits.
    Shrink,
    /// Wrapped at words; what is past the height is cut with an ellipsis.
    Wrap,
    /// Wrapped at words, smaller until it fits the height.
    WrapShrink,
}

/// The part of a line that is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum TextCut {
    Start,
    Middle,
    End,
}

/// `text<length>(…)`: the length keeps any text from passing for another part.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "text{}({}),size={},color={}", self.text.len(), self.text, self.size, self.color)?;
        for family in &self.families {
            write!(f, ",family={}({family})", family.len())?;
        }
        if self.weight != 400 {
            write!(f, ",weight={}", self.weight)?;
        }
        for (set, word) in
            [(self.italic, ",italic"), (self.underline, ",underline"), (self.strikethrough, ",strikethrough")]
        {
            if set {
                f.write_str(word)?;
            }
        }
        match self.align {
            TextAlign::Start => {}
            TextAlign::Left => f.write_str(",align=left")?,
            TextAlign::Center => f.write_str(",align=center")?,
            TextAlign::Right => f.write_str(",align=right")?,
            TextAlign::Justify => f.write_str(",align=justify")?,
        }
        if let Some(height) = self.line_height {
            write!(f, ",line={height}")?;
        }
        if self.letter_spacing != Fixed::ZERO {
            write!(f, ",spacing={}", self.letter_spacing)?;
        }
        match self.ligatures {
            Ligatures::Required => f.write_str(",ligatures=required")?,
            Ligatures::Common => {}
            Ligatures::All => f.write_str(",ligatures=all")?,
        }
        if self.width.is_some() || self.height.is_some() {
            write!(f, ",box={}x{}", crate::canonical::OrAuto(self.width), crate::canonical::OrAuto(self.height))?;
        }
        if self.less != 0 {
            write!(f, ",less={}", self.less)?;
        }
        match self.fit {
            TextFit::Clip { cut: TextCut::End, ellipsis: false } => {}
            TextFit::Clip { cut, ellipsis } => {
                let cut = match cut {
                    TextCut::Start => "-start",
                    TextCut::Middle => "-middle",
                    TextCut::End => "",
                };
                write!(f, ",fit={}{cut}", if ellipsis { "ellipsis" } else { "clip" })?;
            }
            TextFit::Shrink => f.write_str(",fit=shrink")?,
            TextFit::Wrap => f.write_str(",fit=wrap")?,
            TextFit::WrapShrink => f.write_str(",fit=wrap-shrink")?,
        }
        if self.snug {
            f.write_str(",snug")?;
        }
        if self.padding != [0; 4] {
            let [top, right, bottom, left] = self.padding;
            write!(f, ",pad=({top} {right} {bottom} {left})")?;
        }
        if let Some(color) = self.background {
            write!(f, ",on={color}")?;
        }
        if let Some((width, color)) = self.outline {
            write!(f, ",outline=({width} {color})")?;
        }
        if let Some((x, y, sigma, color)) = self.shadow {
            write!(f, ",shadow=({x} {y} {sigma} {color})")?;
        }
        Ok(())
    }
}
