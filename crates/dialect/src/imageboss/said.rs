//! What an ImageBoss URL says, piece by piece, and the readers of single values.

use plan::{Color, Fixed, Format, Horizontal, Vertical};

use crate::request::{Disposition, WarningKind};
use crate::text::{self, bounded};

/// The literal operation and options of one URL, before they mean anything together.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Said {
    /// The operation with its size.
    pub operation: Operation,
    /// `format`.
    pub format: Option<FormatWord>,
    /// `quality`.
    pub quality: Option<u8>,
    /// `dpr`.
    pub dpr: Option<Fixed>,
    /// `fill-color`.
    pub fill: Option<Color>,
    /// `fp-x`.
    pub focus_x: Option<Fixed>,
    /// `fp-y`.
    pub focus_y: Option<Fixed>,
    /// `fp-z`.
    pub zoom: Option<Fixed>,
    /// `withoutEnlargement`.
    pub without_enlargement: Option<bool>,
    /// `ignoreAspectRatio`.
    pub ignore_aspect_ratio: Option<bool>,
    /// `autorotate`.
    pub autorotate: Option<bool>,
    /// `animation`.
    pub animation: Option<bool>,
    /// `compression`.
    pub compression: Option<bool>,
    /// `progressive`.
    pub progressive: Option<bool>,
    /// `download`.
    pub download: Disposition,
    /// `trim`: tolerance 1-254 of 255.
    pub trim: Option<u8>,
    /// `webp`.
    pub webp: Option<bool>,
    /// `gamma`.
    pub gamma: Option<Fixed>,
    /// `linear`: factor, and offset of 255.
    pub linear: Option<(Fixed, Fixed)>,
    /// `brightness` in percent.
    pub brightness: Option<Fixed>,
    /// `threshold`.
    pub threshold: Option<u8>,
    /// `grayscale`.
    pub grayscale: Option<bool>,
    /// `blur`: standard deviation in pixels.
    pub blur: Option<Fixed>,
    /// `sharpen`: standard deviation in pixels.
    pub sharpen: Option<Fixed>,
    /// `mask`.
    pub mask: Option<MaskWord>,
    /// `wmk-path`.
    pub mark: Option<String>,
    /// `wmk-position`.
    pub mark_anchor: Option<(Horizontal, Vertical)>,
    /// `wmk-width` in pixels.
    pub mark_width: Option<u32>,
    /// `wmk-height` in pixels.
    pub mark_height: Option<u32>,
    /// `wmk-pad` in pixels.
    pub mark_pad: Option<u32>,
    /// `wmk-opacity` in percent.
    pub mark_opacity: Option<Fixed>,
    /// `extract`: left, top, width, height in pixels.
    pub extract: Option<[u32; 4]>,
}

/// What is done to the geometry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Operation {
    /// Nothing.
    #[default]
    Cdn,
    /// Scaled to a width in pixels.
    Width(u32),
    /// Scaled to a height in pixels.
    Height(u32),
    /// Brought to a size in pixels.
    Cover(Mode, u32, u32),
}

/// How `cover` brings a picture to a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The default and `smart`.
    Smart,
    Face,
    Attention,
    Entropy,
    Anchor(Horizontal, Vertical),
    Contain,
    Inside,
}

const MODES: [(&str, Mode); 15] = [
    ("smart", Mode::Smart),
    ("face", Mode::Face),
    ("attention", Mode::Attention),
    ("entropy", Mode::Entropy),
    ("contain", Mode::Contain),
    ("inside", Mode::Inside),
    ("center", Mode::Anchor(Horizontal::Center, Vertical::Center)),
    ("north", Mode::Anchor(Horizontal::Center, Vertical::Top)),
    ("northeast", Mode::Anchor(Horizontal::Right, Vertical::Top)),
    ("east", Mode::Anchor(Horizontal::Right, Vertical::Center)),
    ("southeast", Mode::Anchor(Horizontal::Right, Vertical::Bottom)),
    ("south", Mode::Anchor(Horizontal::Center, Vertical::Bottom)),
    ("southwest", Mode::Anchor(Horizontal::Left, Vertical::Bottom)),
    ("west", Mode::Anchor(Horizontal::Left, Vertical::Center)),
    ("northwest", Mode::Anchor(Horizontal::Left, Vertical::Top)),
];

impl Mode {
    /// Every mode's word, for messages.
    pub fn words() -> String {
        MODES.map(|(word, _)| word).join(", ")
    }

    pub fn read(word: &str) -> Option<Mode> {
        MODES.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, mode)| *mode)
    }

    pub fn word(self) -> &'static str {
        MODES.iter().find(|(_, mode)| *mode == self).map_or("smart", |(word, _)| word)
    }
}

/// The operation as it stands in a path, with its size.
impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Operation::Cdn => f.write_str("cdn"),
            Operation::Width(w) => write!(f, "width/{w}"),
            Operation::Height(h) => write!(f, "height/{h}"),
            Operation::Cover(Mode::Smart, w, h) => write!(f, "cover/{w}x{h}"),
            Operation::Cover(mode, w, h) => write!(f, "cover:{}/{w}x{h}", mode.word()),
        }
    }
}

/// `format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FormatWord {
    Auto,
    Is(Format),
}

impl FormatWord {
    pub fn read(value: &str) -> Result<FormatWord, WarningKind> {
        match Format::from_name(value) {
            Some(format) => Ok(FormatWord::Is(format)),
            None if value.eq_ignore_ascii_case("auto") => Ok(FormatWord::Auto),
            None if value.eq_ignore_ascii_case("mp4") => Err(WarningKind::Unsupported),
            None => Err(WarningKind::Invalid),
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            FormatWord::Auto => "auto",
            FormatWord::Is(Format::Jpeg) => "jpg",
            FormatWord::Is(format) => format.name(),
        }
    }
}

/// `mask`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MaskWord {
    Circle,
    Ellipse,
    /// Rounded corners of this radius in pixels.
    Radius(u32),
}

/// The largest corner radius that is told apart.
pub(super) const LARGEST_RADIUS: f64 = 8192.0;

impl MaskWord {
    pub fn read(value: &str) -> Result<(MaskWord, Result<(), WarningKind>), WarningKind> {
        if value.eq_ignore_ascii_case("circle") {
            return Ok((MaskWord::Circle, Ok(())));
        }
        if value.eq_ignore_ascii_case("ellipse") {
            return Ok((MaskWord::Ellipse, Ok(())));
        }
        let (radius, inside) = bounded(number(value)?.round(), 1.0, LARGEST_RADIUS);
        Ok((MaskWord::Radius(radius.get() as u32), inside))
    }

    pub fn spell(self) -> String {
        match self {
            MaskWord::Circle => "circle".to_owned(),
            MaskWord::Ellipse => "ellipse".to_owned(),
            MaskWord::Radius(px) => px.to_string(),
        }
    }
}

/// `true|1` and `false|0`.
pub(super) fn boolean(value: &str) -> Result<bool, WarningKind> {
    match value {
        "1" => Ok(true),
        "0" => Ok(false),
        _ if value.eq_ignore_ascii_case("true") => Ok(true),
        _ if value.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(WarningKind::Invalid),
    }
}

/// The trim tolerance of 255: `true` is 10.
pub(super) fn trim(value: &str) -> Result<(Option<u8>, Result<(), WarningKind>), WarningKind> {
    // `1` is a tolerance here, not a switch; `0` trims nothing either way.
    if value != "1"
        && let Ok(on) = boolean(value)
    {
        return Ok((on.then_some(10), Ok(())));
    }
    let (tolerance, inside) = bounded(number(value)?.round(), 1.0, 254.0);
    Ok((Some(tolerance.get() as u8), inside))
}

/// A strength, or `true` for 2 and `false` for 0; `1` is a strength.
pub(super) fn strength(value: &str) -> Result<f64, WarningKind> {
    if value.eq_ignore_ascii_case("true") {
        return Ok(2.0);
    }
    if value.eq_ignore_ascii_case("false") {
        return Ok(0.0);
    }
    number(value)
}

/// A pair, and whether it was within its range.
type Pair = ((Fixed, Fixed), Result<(), WarningKind>);

/// `a`, `a;b`, `a|b` or `a-b`.
pub(super) fn linear(value: &str) -> Result<Pair, WarningKind> {
    let minus = || value.char_indices().skip(1).find(|(_, c)| *c == '-').map(|(at, _)| at);
    let (factor, offset) = match value.find([';', '|']).or_else(minus) {
        Some(at) => (value.get(..at).unwrap_or_default(), value.get(at + 1..).unwrap_or_default()),
        None => (value, "0"),
    };
    let (factor, factor_inside) = bounded(number(factor.trim())?, -100.0, 100.0);
    let (offset, offset_inside) = bounded(number(offset.trim())?, -255.0, 255.0);
    Ok(((factor, offset), factor_inside.and(offset_inside)))
}

pub(super) fn spell_linear((factor, offset): (Fixed, Fixed)) -> String {
    if offset == Fixed::ZERO { factor.to_string() } else { format!("{factor};{offset}") }
}

/// `L;T;W;H` in master pixels, also with `-`, `x` or `|` between them.
pub(super) fn extract(value: &str) -> Result<[u32; 4], WarningKind> {
    let parts: Option<Vec<u32>> = value.split([';', '-', 'x', '|']).map(|part| text::whole(part.trim())).collect();
    match parts.as_deref() {
        Some(&[left, top, width, height]) if width > 0 && height > 0 => Ok([left, top, width, height]),
        _ => Err(WarningKind::Invalid),
    }
}

/// `RGB`, `RRGGBB` or `RRGGBBAA` with or without `#`, or a CSS name.
pub(super) fn color(value: &str) -> Result<Color, WarningKind> {
    let hex = value.strip_prefix('#').unwrap_or(value);
    let with_alpha = || {
        let (rgb, alpha) = hex.split_at_checked(6).filter(|(_, alpha)| alpha.len() == 2)?;
        let alpha = u8::from_str_radix(alpha, 16).ok()?;
        Color::from_hex(rgb).map(|color| color.with_alpha(alpha))
    };
    Color::from_hex(hex).or_else(with_alpha).or_else(|| Color::from_css_name(value)).ok_or(WarningKind::Invalid)
}

pub(super) fn number(value: &str) -> Result<f64, WarningKind> {
    text::number(value).ok_or(WarningKind::Invalid)
}
