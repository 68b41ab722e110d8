//! `~text`: the address at which imgix sets a text as a picture of its own, to be shown, as a watermark or as what is blended.
//!
//! The text is wrapped in a box of `w` (200 pixels unless said), padding included, and as high as its lines unless `h`
//! says; `bg` and `txt-…` apply. It stands at the left unless `txt-align` says, and its lines are `txt-lead` pixels apart.

use plan::{Asset, Color, Dim, Fixed, Horizontal, Text, TextAlign, TextFit};

use super::meaning::{self, Notes};
use super::said::{AlignWord, Font, Said};
use super::{query, spell_query, table};
use crate::request::WarningKind;

/// The path of the address.
const NAME: &str = "~text";

/// The box's width in pixels unless said.
const WIDTH: f64 = 200.0;

/// Height of a line in ems unless said.
const LINE: f64 = 1.2;

/// The most of a width, a height or a distance between lines in pixels.
const MOST: f64 = 8192.0;

/// The query of an address that sets a text; `None` for any other picture.
pub(super) fn query_of(asset: &Asset) -> Option<&str> {
    let target = match asset {
        Asset::Path(key) => key.as_str(),
        Asset::Url(url) => url.split_once("://")?.1.split_once('/')?.1,
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    (path == NAME).then_some(query)
}

/// Whether a URL's own path is the address: the picture that it asks for is a text.
pub(super) fn is_asked(asset: &Asset) -> bool {
    matches!(asset, Asset::Path(path) if path == NAME)
}

/// Parameters that say something of a text, and not where a picture has it.
const OF_PLACE: [&str; 4] = ["txt-x", "txt-y", "txt-width", "txt-h"];

/// What is said and does nothing to a text that is a picture of its own.
pub(super) fn unheard(said: &Said) -> Notes {
    let heard =
        |name: &str| ["w", "h", "bg", "dpr"].contains(&name) || (name.starts_with("txt") && !OF_PLACE.contains(&name));
    let rows = table::of_pixels().filter(|row| !heard(row.name) && (row.write)(said).is_some());
    rows.map(|row| (WarningKind::NoEffect, row.name)).collect()
}

/// The text that a query sets; `None` where it says none, or cannot be read.
pub(super) fn read(query: &str) -> Option<Text> {
    text(&query::read_alone(query).ok()?.said)
}

/// The text that is set; `None` where none is said.
pub(super) fn text(said: &Said) -> Option<Text> {
    let t = &said.txt;
    let dpr = said.dpr.map_or(1.0, Fixed::get);
    let mut text = Text::new(t.of.clone()?, meaning::text_size(t.size, dpr));
    meaning::dress(&mut text, t, dpr);
    let pad = (f64::from(t.place.pad.unwrap_or(meaning::TXT.pad)) * dpr).round().clamp(0.0, MOST / 4.0);
    text.padding = [pad as u32; 4];
    let inner = |side: f64| Dim::Px(((side * dpr).round().min(MOST) - 2.0 * pad).max(1.0) as u32);
    text.width = Some(inner(match said.w {
        Some(Dim::Px(px)) => px.into(),
        Some(Dim::Ratio(_)) | None => WIDTH,
    }));
    text.height = match said.h {
        Some(Dim::Px(px)) => Some(inner(px.into())),
        Some(Dim::Ratio(_)) | None => None,
    };
    text.align = TextAlign::Left;
    for word in &t.place.align {
        match word {
            AlignWord::Column(Horizontal::Left) => text.align = TextAlign::Left,
            AlignWord::Column(Horizontal::Center) => text.align = TextAlign::Center,
            AlignWord::Column(Horizontal::Right) => text.align = TextAlign::Right,
            AlignWord::Row(_) => {}
        }
    }
    let clip = t.clip.map(|(cut, ellipsis)| TextFit::Clip { cut, ellipsis });
    text.fit = t.fit.or(clip).unwrap_or(TextFit::Wrap);
    let lead = t.lead.map_or(0.0, |lead| (lead.get() * dpr).clamp(0.0, 2000.0));
    let ems = Fixed::new(lead / text.size.get());
    text.line_height = Some(if ems == Fixed::ZERO { Fixed::new(LINE) } else { ems });
    text.letter_spacing = Fixed::new(t.track.map_or(0.0, Fixed::get) * dpr).clamp_to(-4.0, 100.0);
    text.background = said.bg.filter(|color| color.a > 0);
    Some(text)
}

/// The address that sets a text. Whether it sets this very text is found out when it is read back.
pub(super) fn spell(text: &Text) -> Result<Asset, String> {
    Ok(Asset::Path(format!("{NAME}?{}", spell_query(&said(text)?))))
}

/// What to say for a text.
pub(super) fn said(text: &Text) -> Result<Said, String> {
    let mut said = Said { bg: text.background, ..Said::default() };
    let pad = text.padding[0];
    let outer = |side: Option<Dim>| match side {
        Some(Dim::Px(px)) => Ok(Some(Dim::Px(px.saturating_add(2 * pad.min(2048))))),
        Some(Dim::Ratio(_)) => Err("a picture of text whose size is a share".to_owned()),
        None => Ok(None),
    };
    (said.w, said.h) = (outer(text.width)?, outer(text.height)?);
    let t = &mut said.txt;
    t.of = Some(text.text.clone());
    t.size = Some(text.size);
    t.color = (text.color != Color::BLACK).then_some(text.color);
    let font = Font { families: text.families.clone(), bold: text.weight == 700, italic: text.italic };
    t.font = (font != Font::default()).then_some(font);
    t.place.pad = (pad != meaning::TXT.pad).then_some(pad);
    t.place.align = match text.align {
        TextAlign::Left => Vec::new(),
        TextAlign::Center => vec![AlignWord::Column(Horizontal::Center)],
        TextAlign::Right => vec![AlignWord::Column(Horizontal::Right)],
        TextAlign::Start | TextAlign::Justify => return Err("a picture of text that is set like this".to_owned()),
    };
    match text.fit {
        TextFit::Wrap => {}
        TextFit::Clip { cut, ellipsis } => t.clip = Some((cut, ellipsis)),
        fit => t.fit = Some(fit),
    }
    let lead = text.line_height.filter(|ems| *ems != Fixed::new(LINE));
    t.lead = lead.map(|ems| Fixed::new(ems.get() * text.size.get()));
    t.track = (text.letter_spacing != Fixed::ZERO).then_some(text.letter_spacing);
    t.ligatures = (text.ligatures != plan::Ligatures::Common).then_some(text.ligatures);
    t.line = text.outline.map(|(width, _)| width);
    t.line_color = text.outline.map(|(_, color)| color).filter(|color| *color != Color::WHITE);
    t.shad = text.shadow.map(|(x, ..)| Fixed::new(x.get() * 2.0));
    Ok(said)
}
