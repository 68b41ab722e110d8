//! Readers and spellers of imgix's values. Readers return the value and whether it had to be brought into range.

use std::fmt::Display;

use plan::{Color, Dim, Fixed, Horizontal, Radius, Shift, TextCut, Vertical};

use super::said::{BlendOf, Font, FrameWord, MaskWord, Rect};
use super::words::{FLAG, TXT_CUT, Words};
use crate::overlay;
use crate::request::WarningKind;
use crate::table::Kind;
use crate::text;

pub(super) type Read<T> = Result<(T, bool), WarningKind>;

/// The end of the year 9999, in seconds since 1970.
pub(super) const LAST_MOMENT: i64 = 253_402_300_799;

/// Pixels above this are not told apart; far beyond any limit on outputs.
const MOST_PIXELS: f64 = 1_000_000.0;

/// Stores a value that was read.
pub(super) fn put<T>(slot: &mut Option<T>, read: Read<T>) -> Result<(), WarningKind> {
    let (value, clamped) = read?;
    *slot = Some(value);
    if clamped { Err(WarningKind::Clamped) } else { Ok(()) }
}

/// The largest `dpr`.
pub(super) const MOST_DPR: f64 = 5.0;

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

/// As [`whole`], of either sign.
pub(super) fn signed(value: &str, low: i32, high: i32) -> Read<i32> {
    let n = number(value)?.round();
    let within = n.clamp(low.into(), high.into());
    Ok((within as i32, within != n))
}

/// The farthest that an overlay is moved, in pixels.
const FARTHEST: f64 = overlay::FARTHEST as f64;

/// A distance either way: below 1 a share, from 1 pixels, rounded. Zero is no distance.
pub(super) fn shift(value: &str) -> Read<Shift> {
    let n = number(value)?;
    let share = Fixed::new(n);
    if share.get().abs() < 1.0 && share != Fixed::ZERO {
        return Ok((Shift::Ratio(share), false));
    }
    let within = n.round().clamp(-FARTHEST, FARTHEST);
    Ok((Shift::Px(within as i32), within != n.round()))
}

pub(super) fn spell_shift(shift: Shift) -> String {
    match shift {
        Shift::Px(px) => px.to_string(),
        Shift::Ratio(share) => share.to_string(),
    }
}

/// Degrees of hue: a full turn may be said, what is outside is wrapped.
pub(super) fn hue(value: &str) -> Read<Fixed> {
    let n = number(value)?;
    if (0.0..=360.0).contains(&n) { Ok((Fixed::new(n), false)) } else { Ok((Fixed::new(n.rem_euclid(360.0)), true)) }
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

/// Two colours, with a comma between them.
pub(super) fn two_colors(value: &str) -> Read<(Color, Color)> {
    let (first, second) = value.split_once(',').ok_or(WarningKind::Invalid)?;
    Ok(((color(first)?.0, color(second)?.0), false))
}

pub(super) fn spell_two_colors((first, second): (Color, Color)) -> String {
    format!("{},{}", spell_color(first), spell_color(second))
}

/// The widest border and the largest radius that are told apart.
pub(super) const WIDEST: u32 = 8192;

/// `size,colour`.
pub(super) fn border(value: &str) -> Read<(u32, Color)> {
    let (size, tint) = value.split_once(',').ok_or(WarningKind::Invalid)?;
    let (size, clamped) = whole(size, 0, WIDEST)?;
    Ok(((size, color(tint)?.0), clamped))
}

pub(super) fn spell_border((size, tint): (u32, Color)) -> String {
    format!("{size},{}", spell_color(tint))
}

/// One radius in pixels, or four: top-left, top-right, bottom-right, bottom-left.
pub(super) fn radii(value: &str) -> Read<[u32; 4]> {
    let parts = value.split(',').map(|part| whole(part, 0, WIDEST)).collect::<Result<Vec<_>, _>>()?;
    let clamped = parts.iter().any(|(_, clamped)| *clamped);
    match parts.as_slice() {
        [(all, _)] => Ok(([*all; 4], clamped)),
        [(a, _), (b, _), (c, _), (d, _)] => Ok(([*a, *b, *c, *d], clamped)),
        _ => Err(WarningKind::Invalid),
    }
}

/// Four of 0 are written out: `0` alone may stand for a default.
pub(super) fn spell_radii(radii: [u32; 4]) -> String {
    let [a, b, c, d] = radii;
    if a > 0 && radii == [a; 4] { a.to_string() } else { format!("{a},{b},{c},{d}") }
}

/// Two radii of a gradient, each up to 1 a share of the shorter side, above 1 pixels.
pub(super) fn two_radii(value: &str) -> Read<(Radius, Radius)> {
    let (inner, outer) = value.split_once(',').ok_or(WarningKind::Invalid)?;
    let radius = |text: &str| match number(text)? {
        n if n < 0.0 => Err(WarningKind::Invalid),
        n if n <= 1.0 => Ok(Radius::Share(Fixed::new(n))),
        n => Ok(Radius::Px(n.round().min(MOST_PIXELS) as u32)),
    };
    Ok(((radius(inner)?, radius(outer)?), false))
}

/// One pixel is written `1.01`, since `1` is a share.
pub(super) fn spell_two_radii((inner, outer): (Radius, Radius)) -> String {
    let spell = |radius: Radius| match radius {
        Radius::Px(1) => "1.01".to_owned(),
        Radius::Px(px) => px.to_string(),
        Radius::Share(share) => share.to_string(),
    };
    format!("{},{}", spell(inner), spell(outer))
}

/// A shape's name, in exactly this case, else a picture.
pub(super) fn mask(value: &str) -> Read<MaskWord> {
    let polygon = value.strip_prefix("poly").and_then(text::whole).filter(|corners| (3..=32).contains(corners));
    Ok((
        match value {
            "ellipse" => MaskWord::Ellipse,
            "corners" => MaskWord::Corners,
            _ => match polygon {
                Some(corners) => MaskWord::Polygon(corners as u8),
                None => MaskWord::Picture(overlay::asset(value).ok_or(WarningKind::Invalid)?),
            },
        },
        false,
    ))
}

pub(super) fn spell_mask(mask: &MaskWord) -> String {
    match mask {
        MaskWord::Ellipse => "ellipse".to_owned(),
        MaskWord::Corners => "corners".to_owned(),
        MaskWord::Polygon(corners) => format!("poly{corners}"),
        MaskWord::Picture(asset) => overlay::spell(asset),
    }
}

/// A colour where it can be read as one, else a picture.
pub(super) fn blend_of(value: &str) -> Read<BlendOf> {
    match color(value) {
        Ok((color, _)) => Ok((BlendOf::Color(color), false)),
        Err(_) => overlay::asset(value).map(|asset| (BlendOf::Picture(asset), false)).ok_or(WarningKind::Invalid),
    }
}

pub(super) fn spell_blend_of(of: &BlendOf) -> String {
    match of {
        BlendOf::Color(color) => spell_color(*color),
        BlendOf::Picture(asset) => overlay::spell(asset),
    }
}

/// A text of one line: what does not print becomes a space.
pub(super) fn line(value: &str) -> Read<String> {
    let line: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.trim().is_empty() { Err(WarningKind::Invalid) } else { Ok((line, false)) }
}

/// Families, `bold` and `italic`. The sans-serif is the one that is taken anyway.
pub(super) fn font(value: &str) -> Read<Font> {
    let mut font = Font::default();
    let mut words = value.split(',').map(str::trim).filter(|word| !word.is_empty()).peekable();
    if words.peek().is_none() {
        return Err(WarningKind::Invalid);
    }
    for word in words {
        match word {
            _ if word.eq_ignore_ascii_case("bold") => font.bold = true,
            _ if word.eq_ignore_ascii_case("italic") => font.italic = true,
            _ if word.eq_ignore_ascii_case("sans-serif") => {}
            family => font.families.push(family.to_owned()),
        }
    }
    Ok((font, false))
}

pub(super) fn spell_font(font: &Font) -> String {
    let mut words: Vec<&str> = font.families.iter().map(String::as_str).collect();
    if words.is_empty() {
        words.push("sans-serif");
    }
    words.extend(font.bold.then_some("bold"));
    words.extend(font.italic.then_some("italic"));
    words.join(",")
}

/// Which part of a line is lost, and whether an ellipsis says so.
pub(super) fn clip(value: &str) -> Read<(TextCut, bool)> {
    let mut read = (TextCut::End, false);
    for part in value.split(',').map(str::trim) {
        if part.eq_ignore_ascii_case("ellipsis") {
            read.1 = true;
        } else {
            read.0 = find(TXT_CUT, part).ok_or(WarningKind::Invalid)?;
        }
    }
    Ok((read, false))
}

pub(super) fn spell_clip((cut, ellipsis): (TextCut, bool)) -> Option<String> {
    let word = spell(TXT_CUT, Some(cut))?;
    Some(if ellipsis { format!("{word},ellipsis") } else { word })
}

/// The number of a page; a range is not built.
pub(super) fn nth(value: &str) -> Read<u32> {
    let range = value.split(['-', ':', ',']).filter(|part| text::whole(part.trim()).is_some()).count() > 1;
    if range { Err(WarningKind::Unsupported) } else { whole(value, 1, MOST_PIXELS as u32) }
}

/// A frame, or a range of them: `M-N`, `M-`, or `-N` from the first.
pub(super) fn frames(value: &str) -> Read<FrameWord> {
    let Some((first, last)) = value.trim().split_once('-') else {
        return whole(value, 1, MOST_PIXELS as u32).map(|(nth, clamped)| (FrameWord::One(nth), clamped));
    };
    let end = |text: &str| whole(text, 1, MOST_PIXELS as u32);
    let ((first, low), last) = match (first.trim(), last.trim()) {
        ("", last) => ((1, false), Some(end(last)?)),
        (first, "") => (end(first)?, None),
        (first, last) => (end(first)?, Some(end(last)?)),
    };
    if last.is_some_and(|(last, _)| last < first) {
        return Err(WarningKind::Invalid);
    }
    Ok((FrameWord::Range(first, last.map(|(last, _)| last)), low || last.is_some_and(|(_, high)| high)))
}

pub(super) fn spell_frames(frames: FrameWord) -> String {
    match frames {
        FrameWord::One(nth) => nth.to_string(),
        FrameWord::Range(first, None) => format!("{first}-"),
        FrameWord::Range(first, Some(last)) => format!("{first}-{last}"),
    }
}

/// What a CSS class may begin with.
pub(super) fn prefix(value: &str) -> Read<String> {
    let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let begins = value.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    if plain && begins && value.len() <= 64 { Ok((value.to_owned(), false)) } else { Err(WarningKind::Invalid) }
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

/// Whether a value that nothing is made of is worth a warning: not where it says what is so anyway.
pub(super) fn unheard(kind: Kind, default: &str, value: &str) -> Result<(), WarningKind> {
    let text = value.trim();
    let among = |words: &[&str], text: &str| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    let readable = match kind {
        Kind::Int(..) | Kind::Number(..) => text::number(text).is_some(),
        Kind::Flag => find(FLAG, text).is_some(),
        Kind::Color => color(text).is_ok(),
        Kind::Enum(words) => among(words, text),
        Kind::List(words) => text.split(',').all(|word| among(words, word.trim())),
        Kind::Syntax(_) | Kind::Text => !text.is_empty(),
    };
    let is_default = match kind {
        Kind::Int(..) | Kind::Number(..) => text::number(text) == text::number(default),
        Kind::Flag => find(FLAG, text) == find(FLAG, default),
        _ => text.eq_ignore_ascii_case(default),
    };
    match (readable, is_default) {
        (false, _) => Err(WarningKind::Invalid),
        (true, true) => Ok(()),
        (true, false) => Err(WarningKind::Unsupported),
    }
}

/// Seconds since 1970.
pub(super) fn moment(value: &str) -> Read<u64> {
    let n = number(value)?.floor();
    let within = n.clamp(0.0, LAST_MOMENT as f64);
    Ok((within as u64, within != n))
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
