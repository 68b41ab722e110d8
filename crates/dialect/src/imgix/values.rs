//! Readers and spellers of imgix's values. Readers return the value and whether it had to be brought into range.

use std::fmt::Display;

use plan::{Color, Dim, Fixed, Horizontal, Vertical};

use super::said::{Rect, Words};
use crate::request::WarningKind;
use crate::text;

pub(super) type Read<T> = Result<(T, bool), WarningKind>;

/// Pixels above this are not told apart; far beyond any limit on outputs.
const MOST_PIXELS: f64 = 1_000_000.0;

/// Stores a value that was read.
pub(super) fn put<T>(slot: &mut Option<T>, read: Read<T>) -> Result<(), WarningKind> {
    let (value, clamped) = read?;
    *slot = Some(value);
    if clamped { Err(WarningKind::Clamped) } else { Ok(()) }
}

fn number(value: &str) -> Result<f64, WarningKind> {
    text::number(value.trim()).ok_or(WarningKind::Invalid)
}

/// A decimal brought into `low..=high`.
pub(super) fn fixed(value: &str, low: f64, high: f64) -> Read<Fixed> {
    let n = number(value)?;
    let within = n.clamp(low, high);
    Ok((Fixed::new(within), within != n))
}

/// A whole number brought into `low..=high`; decimals are rounded.
pub(super) fn whole(value: &str, low: u32, high: u32) -> Read<u32> {
    let n = number(value)?.round();
    let within = n.clamp(low.into(), high.into());
    Ok((within as u32, within != n))
}

/// A whole number brought into `-most..=most`; decimals are rounded.
pub(super) fn signed(value: &str, most: i32) -> Read<i32> {
    let n = number(value)?.round();
    let within = n.clamp((-most).into(), most.into());
    Ok((within as i32, within != n))
}

/// Any angle, wrapped to less than a turn.
pub(super) fn degrees(value: &str) -> Read<Fixed> {
    let n = number(value)?;
    Ok((Fixed::new(n.rem_euclid(360.0)), !(0.0..360.0).contains(&n)))
}

/// Up to 1 a share, above 1 pixels. Zero and less are no lengths.
pub(super) fn length(value: &str) -> Read<Dim> {
    let n = number(value)?;
    if n <= 0.0 {
        return Err(WarningKind::Invalid);
    }
    if n > 1.0 {
        return Ok((Dim::Px(n.round().min(MOST_PIXELS) as u32), n > MOST_PIXELS));
    }
    let share = Fixed::new(n);
    if share == Fixed::ZERO { Err(WarningKind::Invalid) } else { Ok((Dim::Ratio(share), false)) }
}

/// One pixel is written `1.01`, since `1` is a share.
pub(super) fn spell_length(length: Dim) -> String {
    match length {
        Dim::Px(1) => "1.01".to_owned(),
        Dim::Px(px) => px.to_string(),
        Dim::Ratio(share) => share.to_string(),
    }
}

/// `W:H`, or `W` for `W:1`.
pub(super) fn aspect(value: &str) -> Read<(Fixed, Fixed)> {
    let (w, h) = value.split_once(':').unwrap_or((value, "1"));
    let (w, h) = (Fixed::new(number(w)?), Fixed::new(number(h)?));
    let usable = w > Fixed::ZERO && h > Fixed::ZERO && (0.0001..=10_000.0).contains(&(w.get() / h.get()));
    if usable { Ok(((w, h), false)) } else { Err(WarningKind::Invalid) }
}

/// `x,y,w,h`.
pub(super) fn rect(value: &str) -> Read<Rect> {
    let parts: Vec<&str> = value.split(',').map(str::trim).collect();
    let [x, y, w, h] = parts.as_slice() else { return Err(WarningKind::Invalid) };
    let (x, column) = edge(x, COLUMNS, Horizontal::Left)?;
    let (y, row) = edge(y, ROWS, Vertical::Top)?;
    Ok((Rect { x, y, width: extent(w)?, height: extent(h)?, align: (column, row) }, false))
}

const COLUMNS: Words<Horizontal> =
    &[("left", Horizontal::Left), ("center", Horizontal::Center), ("right", Horizontal::Right)];
const ROWS: Words<Vertical> = &[("top", Vertical::Top), ("middle", Vertical::Center), ("bottom", Vertical::Bottom)];

/// Where a rectangle begins. Zero is the first word's edge; a decimal below 1 is a share; 1 is one pixel.
fn edge<T: Copy + PartialEq>(text: &str, words: Words<T>, first: T) -> Result<(Option<Dim>, T), WarningKind> {
    if let Some(align) = find(words, text) {
        return Ok((None, align));
    }
    let n = number(text)?;
    if n < 0.0 {
        return Err(WarningKind::Invalid);
    }
    if n >= 1.0 {
        return Ok((Some(Dim::Px(n.round().min(MOST_PIXELS) as u32)), first));
    }
    let share = Fixed::new(n);
    if share == Fixed::ONE {
        return Err(WarningKind::Invalid);
    }
    Ok(((share != Fixed::ZERO).then_some(Dim::Ratio(share)), first))
}

/// How far a rectangle goes; `None` is up to the far edge, as `full` and 1 (all of it) say.
fn extent(text: &str) -> Result<Option<Dim>, WarningKind> {
    if text.eq_ignore_ascii_case("full") {
        return Ok(None);
    }
    Ok(Some(length(text)?.0).filter(|l| *l != Dim::Ratio(Fixed::ONE)))
}

pub(super) fn spell_rect(rect: Rect) -> String {
    let edge = |at: Option<Dim>, align: Option<String>| match at {
        Some(Dim::Px(px)) => px.to_string(),
        Some(Dim::Ratio(share)) => share.to_string(),
        None => align.unwrap_or_else(|| "0".to_owned()),
    };
    let extent = |length: Option<Dim>| length.map_or_else(|| "full".to_owned(), spell_length);
    let column = edge(rect.x, spell(COLUMNS, Some(rect.align.0)));
    let row = edge(rect.y, spell(ROWS, Some(rect.align.1)));
    format!("{column},{row},{},{}", extent(rect.width), extent(rect.height))
}

/// `RGB`, `RRGGBB`, `ARGB`, `AARRGGBB` (alpha first) or a CSS name, with or without `#`. All that is wholly transparent
/// is one colour.
pub(super) fn color(value: &str) -> Read<Color> {
    let text = value.trim();
    let text = text.strip_prefix('#').unwrap_or(text);
    let with_alpha = |alpha: usize| {
        let (alpha, rgb) = (text.get(..alpha)?, text.get(alpha..)?);
        let alpha = if alpha.len() == 1 { alpha.repeat(2) } else { alpha.to_owned() };
        Some(Color::from_hex(rgb)?.with_alpha(u8::from_str_radix(&alpha, 16).ok()?))
    };
    let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
    let read = match text.len() {
        3 | 6 if hex => Color::from_hex(text),
        4 if hex => with_alpha(1),
        8 if hex => with_alpha(2),
        _ => Color::from_css_name(text),
    };
    match read {
        Some(color) if color.a == 0 => Ok((Color::TRANSPARENT, false)),
        Some(color) => Ok((color, false)),
        None => Err(WarningKind::Invalid),
    }
}

/// A colour that may not carry alpha.
pub(super) fn opaque(value: &str) -> Read<Color> {
    color(value).and_then(|read| if read.0.a == 255 { Ok(read) } else { Err(WarningKind::Invalid) })
}

pub(super) fn spell_color(color: Color) -> String {
    let Color { r, g, b, a } = color;
    if a == 255 { format!("{r:02x}{g:02x}{b:02x}") } else { format!("{a:02x}{r:02x}{g:02x}{b:02x}") }
}

fn find<T: Copy>(words: Words<T>, text: &str) -> Option<T> {
    words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, value)| *value)
}

/// One of the words, in any case; `later` are the vendor's other words.
pub(super) fn word<T: Copy>(words: Words<T>, later: &[&str], value: &str) -> Read<T> {
    let text = value.trim();
    match find(words, text) {
        Some(value) => Ok((value, false)),
        None => Err(why_not(later, text)),
    }
}

fn why_not(later: &[&str], text: &str) -> WarningKind {
    if later.iter().any(|l| l.eq_ignore_ascii_case(text)) { WarningKind::Unsupported } else { WarningKind::Invalid }
}

/// The known words of a list, and notes on the others.
pub(super) struct Listed<T> {
    pub(super) read: Vec<T>,
    pub(super) notes: Vec<(WarningKind, String)>,
}

/// A comma-separated list. Fails only where no word of it is the vendor's.
pub(super) fn list<T: Copy>(value: &str, words: Words<T>, later: &[&str]) -> Result<Listed<T>, WarningKind> {
    let mut listed = Listed { read: Vec::new(), notes: Vec::new() };
    for text in value.split(',').map(str::trim).filter(|t| !t.is_empty()) {
        match find(words, text) {
            Some(word) => listed.read.push(word),
            None => listed.notes.push((why_not(later, text), text.to_owned())),
        }
    }
    let known = !listed.read.is_empty() || listed.notes.iter().any(|(kind, _)| *kind == WarningKind::Unsupported);
    if known { Ok(listed) } else { Err(WarningKind::Invalid) }
}

/// The first word for a value.
pub(super) fn spell<T: Copy + PartialEq>(words: Words<T>, value: Option<T>) -> Option<String> {
    let value = value?;
    words.iter().find(|(_, v)| *v == value).map(|(word, _)| (*word).to_owned())
}

pub(super) fn spell_list<T: Copy + PartialEq>(words: Words<T>, values: &[T]) -> Option<String> {
    let spelled: Vec<String> = values.iter().filter_map(|v| spell(words, Some(*v))).collect();
    (!spelled.is_empty()).then(|| spelled.join(","))
}

pub(super) fn spell_as<T: Display>(value: Option<T>) -> Option<String> {
    value.map(|v| v.to_string())
}
