//! What is drawn over the picture. Lengths in pixels are multiplied by `dpr`, the default gaps too, so that a picture looks
//! alike at every density.

use plan::{
    Asset, Background, Blend, Color, Dim, Enlarge, Fit, Fixed, Gravity, Horizontal, Overlay, Picture, Shift, Stage,
    Text, TextAlign, TextCut, TextFit, Tile, Vertical,
};

use super::super::said::{AlignWord, BlendOf, FitWord, OverlayFit, Place, Said, TxtSaid};
use super::super::typeset;
use super::{Notes, idle};
use crate::overlay::{self, share};
use crate::request::WarningKind;
use crate::settings::Settings;
use crate::text;

/// Where something lies unless said, and its gap to the edges in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::imgix) struct Defaults {
    pub(in crate::imgix) anchor: (Horizontal, Vertical),
    pub(in crate::imgix) pad: u32,
}

/// Of a watermark.
pub(in crate::imgix) const MARK: Defaults = Defaults { anchor: (Horizontal::Right, Vertical::Bottom), pad: 5 };

/// Of a watermark that is repeated.
pub(in crate::imgix) const TILED: Defaults = Defaults { anchor: (Horizontal::Left, Vertical::Top), pad: 5 };

/// Of what is blended.
pub(in crate::imgix) const BLEND: Defaults = Defaults { anchor: (Horizontal::Left, Vertical::Top), pad: 0 };

/// Of a text.
pub(in crate::imgix) const TXT: Defaults = Defaults { anchor: (Horizontal::Right, Vertical::Bottom), pad: 10 };

/// An anchor, the distances from there, and the gap in pixels.
type Laid = ((Horizontal, Vertical), (Shift, Shift), u32);

fn laid(place: &Place, defaults: Defaults, dpr: f64) -> Laid {
    let mut anchor = defaults.anchor;
    for word in &place.align {
        match word {
            AlignWord::Column(column) => anchor.0 = *column,
            AlignWord::Row(row) => anchor.1 = *row,
        }
    }
    let farthest = overlay::FARTHEST as u32;
    let gap = Shift::Px(place.pad.unwrap_or(defaults.pad).min(farthest) as i32);
    let gap = overlay::scaled(gap, dpr);
    let mut offset = overlay::inset(anchor, (gap, gap));
    if let Some(x) = place.x {
        (anchor.0, offset.0) = (Horizontal::Left, overlay::scaled(x, dpr));
    }
    if let Some(y) = place.y {
        (anchor.1, offset.1) = (Vertical::Top, overlay::scaled(y, dpr));
    }
    let gap = match gap {
        Shift::Px(px) => px.max(0) as u32,
        Shift::Ratio(_) => 0,
    };
    (anchor, offset, gap)
}

fn fitted(word: Option<OverlayFit>) -> (Fit, Enlarge) {
    match word {
        None | Some(OverlayFit::Clip) => (Fit::Inside, Enlarge::Yes),
        Some(OverlayFit::Crop) => (Fit::Cover, Enlarge::Yes),
        Some(OverlayFit::Fill) => (Fit::Contain, Enlarge::Yes),
        Some(OverlayFit::Max) => (Fit::Inside, Enlarge::No),
        Some(OverlayFit::Scale) => (Fit::Stretch, Enlarge::Yes),
    }
}

/// A box at the density, with a note on the named sides where it had to be made smaller.
fn boxed(
    (w, h): (Option<Dim>, Option<Dim>),
    names: [&'static str; 2],
    dpr: f64,
    settings: &Settings,
    notes: &mut Notes,
) -> (Option<Dim>, Option<Dim>) {
    let (width, height, capped) = overlay::sized((w, h), dpr, settings.max_side);
    if capped {
        let pixels = names.into_iter().zip([w, h]).filter(|(_, side)| matches!(side, Some(Dim::Px(_))));
        notes.extend(pixels.map(|(name, _)| (WarningKind::Clamped, name)));
    }
    (width, height)
}

fn dpr(said: &Said) -> f64 {
    said.dpr.map_or(1.0, Fixed::get)
}

/// The watermark.
pub(super) fn mark(said: &Said, settings: &Settings, notes: &mut Notes) -> Option<Stage> {
    let m = &said.mark;
    let placed = m.place.x.is_some() && m.place.y.is_some();
    let sized = m.w.is_some() || m.h.is_some();
    let relative = matches!(&m.of, Some(asset @ Asset::Path(_)) if typeset::query_of(asset).is_none());
    for (name, given, without_effect) in [
        ("mark-base", m.base.is_some(), !relative),
        ("mark-align", !m.place.align.is_empty(), placed),
        ("mark-pad", m.place.pad.is_some(), placed && m.tile.is_none()),
        ("mark-x", m.place.x.is_some(), false),
        ("mark-y", m.place.y.is_some(), false),
        ("mark-w", m.w.is_some(), false),
        ("mark-h", m.h.is_some(), false),
        ("mark-fit", m.fit.is_some(), !sized),
        ("mark-scale", m.scale.is_some(), sized),
        ("mark-alpha", m.alpha.is_some(), false),
        ("mark-rot", m.rot.is_some(), false),
        ("mark-tile", m.tile.is_some(), false),
        ("mark-if-min-width", m.if_min_width.is_some(), false),
        ("mark-if-min-height", m.if_min_height.is_some(), false),
    ] {
        idle(notes, name, given && (without_effect || m.of.is_none()));
    }
    let mut mark = drawn(m.of.as_ref()?, m.base.as_ref(), "mark", notes)?;
    if sized {
        (mark.width, mark.height) = boxed((m.w, m.h), ["mark-w", "mark-h"], dpr(said), settings, notes);
        (mark.fit, mark.enlarge) = fitted(m.fit);
    } else if let Some(percent) = m.scale {
        let side = Some(share(percent)).filter(|side| *side != Fixed::ZERO).map(Dim::Ratio);
        // Of no size at all.
        side?;
        (mark.width, mark.height) = (side, side);
    }
    let defaults = if m.tile.is_some() { TILED } else { MARK };
    let gap;
    (mark.anchor, mark.offset, gap) = laid(&m.place, defaults, dpr(said));
    mark.tile = m.tile.map(|()| Tile { across: gap, down: gap });
    if let Some(degrees) = m.rot {
        mark.stages.push(Stage::Rotate { degrees, background: Background::Color(Color::TRANSPARENT) });
    }
    mark.opacity = m.alpha.map_or(Fixed::ONE, share);
    mark.only_on = (m.if_min_width.unwrap_or(0), m.if_min_height.unwrap_or(0));
    Some(Stage::Overlay(Box::new(mark)))
}

/// The picture that is drawn: one that is fetched and turned upright, or a text that is set. It may be missing: a text, which
/// cannot be, is so told from one of `txt`.
fn drawn(asset: &Asset, base: Option<&Asset>, name: &'static str, notes: &mut Notes) -> Option<Overlay> {
    let overlay = match typeset::query_of(asset) {
        Some(query) => typeset::read(query).map(|text| Overlay::new(Picture::Text(Box::new(text)))),
        None => based(asset, base).map(|asset| overlay::upright(None, &asset)),
    };
    if overlay.is_none() {
        notes.push((WarningKind::Invalid, name));
    }
    Some(Overlay { optional: true, ..overlay? })
}

/// A picture below a base, where it is a path and has one.
fn based(asset: &Asset, base: Option<&Asset>) -> Option<Asset> {
    let (Asset::Path(key), Some(base)) = (asset, base) else { return Some(asset.clone()) };
    match base {
        Asset::Path(base) => overlay::key(&format!("{}/{key}", base.trim_end_matches('/'))).map(Asset::Path),
        Asset::Url(base) => {
            let base = base.split('?').next().unwrap_or_default().trim_end_matches('/');
            overlay::asset(&format!("{base}/{}", text::encode(key, text::PATH)))
        }
    }
}

/// What is blended: a colour over all of the picture, or another picture.
pub(super) fn blend(said: &Said, settings: &Settings, notes: &mut Notes) -> Option<Stage> {
    let b = &said.blend;
    let of = b.of.clone().or(b.color.map(BlendOf::Color));
    idle(notes, "blend-color", b.color.is_some() && b.of.is_some());
    idle(notes, "blend-mode", b.mode.is_some() && of.is_none());
    idle(notes, "blend-alpha", b.alpha.is_some() && of.is_none());
    let picture = matches!(of, Some(BlendOf::Picture(_)));
    let placed = b.place.x.is_some() && b.place.y.is_some();
    // With sides of its own, the picture has nothing to inherit.
    let own = b.w.is_some() || b.h.is_some();
    let inherits = b.size.is_some() && !own && (said.w.is_some() || said.h.is_some());
    for (name, given, without_effect) in [
        ("blend-size", b.size.is_some(), !inherits),
        ("blend-w", b.w.is_some(), false),
        ("blend-h", b.h.is_some(), false),
        ("blend-fit", b.fit.is_some(), !own),
        ("blend-crop", !b.crop.is_empty(), b.fit != Some(OverlayFit::Crop) || b.w.is_none() || b.h.is_none()),
        ("blend-align", !b.place.align.is_empty(), placed),
        ("blend-pad", b.place.pad.is_some(), placed),
        ("blend-x", b.place.x.is_some(), false),
        ("blend-y", b.place.y.is_some(), false),
    ] {
        idle(notes, name, given && (without_effect || !picture));
    }
    let mut blend = match of? {
        BlendOf::Color(color) => Overlay::new(Picture::Solid(color)),
        BlendOf::Picture(asset) => drawn(&asset, None, "blend", notes)?,
    };
    blend.blend = b.mode.unwrap_or(Blend::Overlay);
    blend.opacity = b.alpha.map_or(Fixed::ONE, share);
    if picture {
        if inherits {
            inherit(said, &mut blend);
        } else if own {
            (blend.width, blend.height) = boxed((b.w, b.h), ["blend-w", "blend-h"], dpr(said), settings, notes);
            (blend.fit, blend.enlarge) = fitted(b.fit);
            blend.gravity = toward(&b.crop);
        }
        (blend.anchor, blend.offset, _) = laid(&b.place, BLEND, dpr(said));
    }
    Some(Stage::Overlay(Box::new(blend)))
}

/// The size of the picture below on the sides that were asked for. What only a picture of its own can answer (where its
/// edges are, what its bars are made of) is not inherited.
fn inherit(said: &Said, blend: &mut Overlay) {
    let all = Dim::Ratio(Fixed::ONE);
    (blend.width, blend.height) = (said.w.map(|_| all), said.h.map(|_| all));
    let word = match said.fit {
        Some(FitWord::Crop | FitWord::Min) => OverlayFit::Crop,
        Some(FitWord::Scale) => OverlayFit::Scale,
        Some(FitWord::Max) => OverlayFit::Max,
        _ => OverlayFit::Clip,
    };
    (blend.fit, blend.enlarge) = fitted(Some(word));
    if let Some(Gravity::Anchor(h, v)) = super::size::choice(said) {
        blend.gravity = Gravity::Anchor(h, v);
    }
}

fn toward(words: &[AlignWord]) -> Gravity {
    let (mut column, mut row) = (Horizontal::Center, Vertical::Center);
    for word in words {
        match word {
            AlignWord::Column(said) => column = *said,
            AlignWord::Row(said) => row = *said,
        }
    }
    Gravity::Anchor(column, row)
}

/// Size of a text in pixels unless said; and at a density, within what can be said.
pub(in crate::imgix) fn text_size(said: Option<Fixed>, dpr: f64) -> Fixed {
    Fixed::new(said.map_or(12.0, Fixed::get) * dpr).clamp_to(1.0, 2000.0)
}

/// The shadow of `txt-shad`.
fn text_shadow(strength: Fixed) -> (Fixed, Fixed, Fixed, Color) {
    let half = Fixed::new(strength.get() / 2.0);
    (half, half, half, Color::BLACK.with_alpha(160))
}

/// The text. Its box is as wide as the picture, less the gap on both sides; in it the text sits where it is aligned.
pub(super) fn txt(said: &Said, settings: &Settings, notes: &mut Notes) -> Option<Stage> {
    let t = &said.txt;
    idle_text(said, notes);
    let dpr = dpr(said);
    let mut text = Text::new(t.of.clone()?, text_size(t.size, dpr));
    dress(&mut text, t, dpr);
    let (anchor, offset, gap) = laid(&t.place, TXT, dpr);
    text.align = match anchor.0 {
        Horizontal::Left => TextAlign::Left,
        Horizontal::Center => TextAlign::Center,
        Horizontal::Right => TextAlign::Right,
    };
    let height = t.height.filter(|_| t.fit.is_some());
    (text.width, text.height) = boxed((t.width, height), ["txt-width", "txt-h"], dpr, settings, notes);
    if text.width.is_none() {
        (text.width, text.less) = (Some(Dim::Ratio(Fixed::ONE)), gap * 2);
    }
    let (cut, ellipsis) = t.clip.unwrap_or((TextCut::End, false));
    text.fit = t.fit.unwrap_or(TextFit::Clip { cut, ellipsis });
    Some(Stage::Overlay(Box::new(Overlay { anchor, offset, ..Overlay::new(Picture::Text(Box::new(text))) })))
}

/// Colour, font, outline and shadow.
pub(in crate::imgix) fn dress(text: &mut Text, said: &TxtSaid, dpr: f64) {
    text.color = said.color.unwrap_or(Color::BLACK);
    if let Some(font) = &said.font {
        text.families.clone_from(&font.families);
        text.weight = if font.bold { 700 } else { 400 };
        text.italic = font.italic;
    }
    text.ligatures = said.ligatures.unwrap_or(text.ligatures);
    let at = |length: Option<Fixed>, most: f64| {
        let length = Fixed::new(length?.get() * dpr).clamp_to(0.0, most);
        (length > Fixed::ZERO).then_some(length)
    };
    text.outline = at(said.line, 100.0).map(|width| (width, said.line_color.unwrap_or(Color::WHITE)));
    text.shadow = at(said.shad, 10.0).map(text_shadow);
}

fn idle_text(said: &Said, notes: &mut Notes) {
    let t = &said.txt;
    let placed = t.place.x.is_some() && t.place.y.is_some();
    for (name, given, without_effect) in [
        ("txt-size", t.size.is_some(), false),
        ("txt-color", t.color.is_some(), false),
        ("txt-font", t.font.is_some(), false),
        ("txt-align", !t.place.align.is_empty(), placed),
        ("txt-pad", t.place.pad.is_some(), placed && t.width.is_some()),
        ("txt-width", t.width.is_some(), false),
        ("txt-h", t.height.is_some(), t.fit.is_none()),
        ("txt-fit", t.fit.is_some(), false),
        ("txt-clip", t.clip.is_some(), t.fit.is_some()),
        ("txt-line", t.line.is_some(), false),
        ("txt-line-color", t.line_color.is_some(), t.line.is_none_or(|line| line == Fixed::ZERO)),
        ("txt-shad", t.shad.is_some(), false),
        ("txt-x", t.place.x.is_some(), false),
        ("txt-y", t.place.y.is_some(), false),
        ("txt-lig", t.ligatures.is_some(), false),
        // They are for `~text`, which reads a query of its own.
        ("txt-lead", t.lead.is_some(), true),
        ("txt-track", t.track.is_some(), true),
    ] {
        idle(notes, name, given && (without_effect || t.of.is_none()));
    }
}
