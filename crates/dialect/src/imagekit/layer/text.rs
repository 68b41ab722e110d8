//! Text layers: <https://imagekit.io/docs/add-overlays-on-images#add-text-over-image>.

use plan::{Background, Color, Expr, Fixed, Length, Mask, Overlay, Picture, Stage, Text, TextAlign, TextFit};

use crate::imagekit::lex::Token;
use crate::imagekit::said::{Content, Fill, Layer, Rotation, Said, TextSaid};
use crate::imagekit::table::{color, spell_color, spell_fill};
use crate::imagekit::{meaning, spelling};
use crate::request::{Warning, WarningKind};
use crate::settings::Settings;
use crate::table::{Kind, Param, Served, Tier};
use crate::text;

/// Longest text in characters.
const MAX_TEXT: usize = 2000;

/// Size of letters without `fs`.
const SIZE: f64 = 45.0;

/// Keys of a step that a text layer's own step may say: the box, and how it is turned.
const BOX: [&str; 5] = ["w", "bg", "r", "rt", "fl"];

/// Whether a key of a step has no meaning beside a text; behind a colon it has.
pub(in crate::imagekit) fn refused_in_first_step(key: &str) -> bool {
    !BOX.contains(&key)
}

/// Reads and spells a field of the text that a layer is.
macro_rules! text_row {
    ($name:literal, $field:ident, $tier:ident, $served:expr, $kind:expr, $default:literal, $doc:literal, $read:expr, $write:expr) => {
        Param {
            name: $name,
            aliases: &[],
            kind: $kind,
            default: $default,
            doc: $doc,
            tier: Tier::$tier,
            served: $served,
            parse: |layer, value| {
                let text = layer.text.as_mut().ok_or(WarningKind::NoEffect)?;
                text.$field = Some(($read)(value)?);
                Ok(())
            },
            write: |layer| layer.text.as_ref().and_then(|text| text.$field.as_ref()).and_then($write),
        }
    };
}

/// What only text layers say.
pub(in crate::imagekit) static TEXT: &[Param<Layer>] = &[
    text_row!(
        "fs",
        size,
        A,
        Served::Nearly("in fonts of ours"),
        Kind::Syntax("a number from 1 to 2000, or arithmetic"),
        "45",
        "In a text layer: size of the letters in pixels.",
        pixels,
        |size: &Fixed| Some(size.to_string())
    ),
    text_row!(
        "ff",
        family,
        A,
        Served::Nearly(
            "families that are embedded or in the fonts folder; another, or the path of a file, is the built-in one"
        ),
        Kind::Syntax("a family, with _ or a space between words; paths of font files are not supported yet"),
        "the built-in family",
        "In a text layer: its font.",
        family,
        |family: &String| Some(family.replace(' ', "_"))
    ),
    text_row!(
        "co",
        color,
        A,
        Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::texts_have_their_colour_and_their_room"),
        Kind::Color,
        "000000",
        "In a text layer: colour of the letters.",
        |value| color(value).ok_or(WarningKind::Invalid),
        |found: &Color| spell_color(*found)
    ),
    text_row!(
        "tg",
        style,
        B,
        Served::Nearly("in fonts of ours"),
        Kind::Syntax("b, i and strikethrough, joined by _"),
        "",
        "In a text layer: bold, italic, struck through.",
        style,
        spell_style
    ),
    text_row!(
        "ia",
        align,
        B,
        Served::Nearly("in fonts of ours"),
        Kind::Enum(&["left", "center", "right"]),
        "center",
        "In a text layer: where short lines sit.",
        align,
        spell_align
    ),
    text_row!(
        "pa",
        padding,
        B,
        Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::texts_have_their_colour_and_their_room"),
        Kind::Syntax("one to four whole numbers joined by _, as in CSS, or arithmetic"),
        "0",
        "In a text layer: room around the text in pixels.",
        padding,
        spell_padding
    ),
    text_row!(
        "lh",
        line_height,
        C,
        Served::Nearly("in fonts of ours"),
        Kind::Syntax("a whole number from 1 to 10000, or arithmetic"),
        "as the font says",
        "In a text layer: height of a line in pixels where w wraps the text.",
        |value| text::whole(value).filter(|n| (1..=10_000).contains(n)).ok_or(WarningKind::Invalid),
        |height: &u32| Some(height.to_string())
    ),
];

/// `i` of a text layer. Some SDKs escape it twice.
pub(super) fn content(value: &str) -> Result<Content, WarningKind> {
    encoded(text::decode(value).ok_or(WarningKind::Invalid)?)
}

/// `ie` of a text layer, out of its base64.
pub(super) fn encoded(text: String) -> Result<Content, WarningKind> {
    let fits = !text.is_empty() && text.chars().count() <= MAX_TEXT && !text.contains('\0');
    if fits { Ok(Content::Text(text)) } else { Err(WarningKind::Invalid) }
}

fn pixels(value: &str) -> Result<Fixed, WarningKind> {
    let found = text::number(value).filter(|n| (1.0..=2000.0).contains(n));
    found.map(Fixed::new).ok_or(WarningKind::Invalid)
}

fn family(value: &str) -> Result<String, WarningKind> {
    let lower = value.to_ascii_lowercase();
    let file = value.contains("@@") || [".ttf", ".otf", ".woff", ".woff2"].iter().any(|end| lower.ends_with(end));
    let plain = |c: char| c.is_alphanumeric() || " _-".contains(c);
    match value.replace('_', " ").split_whitespace().collect::<Vec<_>>().join(" ") {
        _ if file => Err(WarningKind::Unsupported),
        name if !name.is_empty() && name.len() <= 64 && name.chars().all(plain) => Ok(name),
        _ => Err(WarningKind::Invalid),
    }
}

fn style(value: &str) -> Result<(bool, bool, bool), WarningKind> {
    let mut style = (false, false, false);
    for word in value.split('_') {
        match word {
            "b" => style.0 = true,
            "i" => style.1 = true,
            "strikethrough" => style.2 = true,
            _ => return Err(WarningKind::Invalid),
        }
    }
    Ok(style)
}

fn spell_style(style: &(bool, bool, bool)) -> Option<String> {
    let words = [(style.0, "b"), (style.1, "i"), (style.2, "strikethrough")];
    let said: Vec<&str> = words.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
    (!said.is_empty()).then(|| said.join("_"))
}

fn align(value: &str) -> Result<TextAlign, WarningKind> {
    match value {
        "left" => Ok(TextAlign::Left),
        "center" => Ok(TextAlign::Center),
        "right" => Ok(TextAlign::Right),
        _ => Err(WarningKind::Invalid),
    }
}

fn spell_align(align: &TextAlign) -> Option<String> {
    match align {
        TextAlign::Left => Some("left".to_owned()),
        TextAlign::Right => Some("right".to_owned()),
        TextAlign::Center => Some("center".to_owned()),
        TextAlign::Start | TextAlign::Justify => None,
    }
}

fn padding(value: &str) -> Result<[u32; 4], WarningKind> {
    let one = |said: &str| text::whole(said).filter(|n| *n <= 10_000).ok_or(WarningKind::Invalid);
    let sides = value.split('_').map(one).collect::<Result<Vec<_>, _>>()?;
    match sides.as_slice() {
        [all] => Ok([*all; 4]),
        [rows, columns] => Ok([*rows, *columns, *rows, *columns]),
        [top, columns, bottom] => Ok([*top, *columns, *bottom, *columns]),
        [top, right, bottom, left] => Ok([*top, *right, *bottom, *left]),
        _ => Err(WarningKind::Invalid),
    }
}

fn spell_padding([top, right, bottom, left]: &[u32; 4]) -> Option<String> {
    Some(match (top == bottom && right == left, top == right) {
        (true, true) => top.to_string(),
        (true, false) => format!("{top}_{right}"),
        _ => format!("{top}_{right}_{bottom}_{left}"),
    })
}

/// The overlay that a text layer means, before it has its place: its first step is about the box of the text.
pub(super) fn overlay(said: &TextSaid, content: &str, first: &Said, warnings: &mut Vec<Warning>) -> Overlay {
    let mut idle = |key: &str, value: Option<String>, allowed: &str| {
        let value = value.unwrap_or_default();
        warnings.push(meaning::warning(WarningKind::NoEffect, &Token { key, value: &value }, allowed.to_owned()));
    };
    let size = said.size.unwrap_or(Fixed::new(SIZE));
    let mut text = Text::new(content, size);
    text.families = said.family.iter().cloned().collect();
    text.color = said.color.unwrap_or(text.color);
    if let Some((bold, italic, strikethrough)) = said.style {
        text.weight = if bold { 700 } else { 400 };
        (text.italic, text.strikethrough) = (italic, strikethrough);
    }
    text.align = said.align.unwrap_or(TextAlign::Center);
    text.padding = said.padding.unwrap_or_default();
    let later = first.lengths.get("w").is_some();
    text.width = first.width.filter(|_| !later);
    // The vendor cuts a text to its ink before it is padded; in a box of a width, lines have their sides.
    text.snug = text.width.is_none() && !later;
    if !text.snug {
        text.fit = TextFit::Wrap;
        text.line_height = said.line_height.map(|pixels| Fixed::new(f64::from(pixels) / size.get()));
    } else if let Some(height) = said.line_height {
        idle("lh", Some(height.to_string()), "beside w");
    }
    match first.background {
        Some(Fill::Color(color)) => text.background = Some(color),
        Some(fill) => idle("bg", spell_fill(&fill), "a colour behind a text"),
        None => {}
    }
    let mut overlay = Overlay::new(Picture::Text(Box::new(text)));
    // The box is rounded before it is turned, unlike a picture.
    if let Some(radius) = first.radius {
        let shape = meaning::shape(radius);
        overlay.stages.push(Stage::Mask(Mask { shape, outside: Background::Auto }));
    }
    if let Some(Rotation::By(degrees)) = first.rotation {
        overlay.stages.push(Stage::Rotate { degrees, background: Background::Auto });
    }
    if let Some(flip) = first.flip {
        overlay.stages.push(Stage::Flip { horizontal: flip.horizontal, vertical: flip.vertical });
    }
    overlay
}

/// What of a text is worked out once the picture below is known.
pub(super) fn lengths(layer: &Layer, first: &Said) -> Vec<(Length, Expr)> {
    let own = [("fs", Length::TextSize), ("lh", Length::TextLine), ("pa", Length::TextPadding)];
    let own = own.into_iter().filter_map(|(key, length)| Some((length, layer.lengths.get(key)?.clone())));
    let width = first.lengths.get("w").map(|expr| (Length::TextWidth, expr.clone()));
    let wraps = width.is_some() || first.width.is_some();
    let own = own.filter(|(length, _)| wraps || *length != Length::TextLine);
    // A size that is not known gives no line of pixels its ems.
    let lines = layer.text.as_ref().and_then(|text| text.line_height);
    let pixels = lines.filter(|_| wraps && layer.lengths.get("lh").is_none() && layer.lengths.get("fs").is_some());
    let line = pixels.and_then(|px| Some((Length::TextLine, Expr::number(f64::from(px))?)));
    width.into_iter().chain(own).chain(line).collect()
}

/// Says a text, and what is done to it, in steps of their own.
pub(super) fn say(layer: &mut Layer, text: &Text, stages: &[Stage], settings: &Settings) -> Option<()> {
    let content = Some(Content::Text(text.text.clone()));
    let plain = !text.text.is_empty() && text.text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~-".contains(&b));
    *(if plain { &mut layer.plain } else { &mut layer.encoded }) = content;
    let style = (text.weight == 700, text.italic, text.strikethrough);
    layer.text = Some(TextSaid {
        size: Some(text.size).filter(|size| *size != Fixed::new(SIZE)),
        family: text.families.first().cloned(),
        color: Some(text.color).filter(|color| *color != Color::BLACK),
        style: Some(style).filter(|style| *style != (false, false, false)),
        align: Some(text.align).filter(|align| *align != TextAlign::Center),
        padding: Some(text.padding).filter(|padding| *padding != [0; 4]),
        line_height: text.line_height.map(|ems| (ems.get() * text.size.get()).round() as u32),
    });
    let background = text.background.map(Fill::Color);
    let first = Said { width: text.width, background, ..Said::default() };
    layer.steps = [first].into_iter().chain(spelling::steps(stages, settings).ok()?).collect();
    Some(())
}
