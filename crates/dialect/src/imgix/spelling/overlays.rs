//! What is drawn over the picture.

use plan::{
    Blend, Color, Dim, Enlarge, Fit, Fixed, Gravity, Horizontal, Overlay, Picture, Shift, Stage, Text, TextAlign,
    TextCut, TextFit, Vertical,
};

use super::super::meaning::{self, Defaults};
use super::super::said::{AlignWord, BlendOf, Font, OverlayFit, Place, Said};
use super::super::typeset;
use crate::overlay::{self, percent};

/// Takes what is blended from the front. A picture that is mixed as a watermark is, and could be one, is left to be one,
/// unless something stands behind it that a watermark comes after.
pub(super) fn take_blend<'s>(stages: &'s [Stage], report: bool, said: &mut Said) -> Result<&'s [Stage], String> {
    let Some((Stage::Overlay(blend), tail)) = stages.split_first() else { return Ok(stages) };
    let before_a_mark = report || tail.iter().any(|stage| matches!(stage, Stage::Overlay(_) | Stage::Mask(_)));
    let takes_it = match &blend.picture {
        Picture::Solid(_) => true,
        Picture::Text(_) if !blend.optional => false,
        _ if blend.blend == Blend::Mask => false,
        _ => blend.blend != Blend::Normal || before_a_mark || blend.gravity != Gravity::CENTER,
    };
    if !takes_it {
        return Ok(stages);
    }
    spell_blend(blend, said)?;
    Ok(tail)
}

fn spell_blend(blend: &Overlay, said: &mut Said) -> Result<(), String> {
    said.blend.mode = (blend.blend != Blend::Overlay).then_some(blend.blend);
    said.blend.alpha = (blend.opacity != Fixed::ONE).then(|| percent(blend.opacity));
    if let Picture::Solid(color) = blend.picture {
        said.blend.of = Some(BlendOf::Color(color));
        return Ok(());
    }
    said.blend.of = Some(BlendOf::Picture(own_picture(blend)?));
    if !own_stages(blend)?.is_empty() {
        return Err("an overlay with a transformation of its own".to_owned());
    }
    (said.blend.w, said.blend.h) = (blend.width, blend.height);
    said.blend.fit = fit(blend)?;
    match blend.gravity {
        Gravity::CENTER => {}
        Gravity::Anchor(column, row) => {
            let row = Some(AlignWord::Row(row)).filter(|_| row != Vertical::Center);
            let column = Some(AlignWord::Column(column)).filter(|_| column != Horizontal::Center);
            said.blend.crop = row.into_iter().chain(column).collect();
        }
        gravity => return Err(format!("an overlay that is cut at {gravity}")),
    }
    said.blend.place = place(blend, meaning::BLEND, None)?;
    Ok(())
}

/// The box's fit, where it is not the default.
fn fit(overlay: &Overlay) -> Result<Option<OverlayFit>, String> {
    match (overlay.fit, overlay.enlarge) {
        (Fit::Inside, Enlarge::Yes) => Ok(None),
        (Fit::Inside, Enlarge::No) => Ok(Some(OverlayFit::Max)),
        (Fit::Cover, Enlarge::Yes) => Ok(Some(OverlayFit::Crop)),
        (Fit::Contain, Enlarge::Yes) => Ok(Some(OverlayFit::Fill)),
        (Fit::Stretch, Enlarge::Yes) => Ok(Some(OverlayFit::Scale)),
        _ => Err("an overlay that meets its box in this way".to_owned()),
    }
}

/// What is done to the picture once it is upright; a text always is.
fn own_stages(overlay: &Overlay) -> Result<&[Stage], String> {
    if matches!(overlay.picture, Picture::Text(_)) { Ok(&overlay.stages) } else { overlay::own_stages(overlay) }
}

/// The picture of an overlay as imgix names one.
fn own_picture(overlay: &Overlay) -> Result<plan::Asset, String> {
    if let Picture::Text(text) = &overlay.picture {
        return typeset::spell(text);
    }
    let (source, asset) = overlay::named(overlay)?;
    own_stages(overlay)?;
    for (is, what) in [
        (source.is_some(), "an overlay from a source that it names"),
        (overlay.shrink, "an overlay that shrinks to the picture"),
        (!overlay.optional, "an overlay without which there is no answer"),
    ] {
        if is {
            return Err(what.to_owned());
        }
    }
    Ok(asset.clone())
}

/// Takes the watermark from the front.
pub(super) fn take_mark<'s>(stages: &'s [Stage], said: &mut Said) -> Result<&'s [Stage], String> {
    let Some((Stage::Overlay(mark), tail)) = stages.split_first() else { return Ok(stages) };
    said.mark.of = Some(own_picture(mark)?);
    match own_stages(mark)? {
        [] => {}
        [Stage::Rotate { degrees, .. }] => said.mark.rot = Some(*degrees),
        _ => return Err("an overlay with a transformation of its own".to_owned()),
    }
    (said.mark.w, said.mark.h) = (mark.width, mark.height);
    said.mark.fit = fit(mark)?;
    said.mark.alpha = (mark.opacity != Fixed::ONE).then(|| percent(mark.opacity));
    let least = |px: u32| (px > 0).then_some(px);
    (said.mark.if_min_width, said.mark.if_min_height) = (least(mark.only_on.0), least(mark.only_on.1));
    said.mark.tile = mark.tile.map(|_| ());
    let defaults = if mark.tile.is_some() { meaning::TILED } else { meaning::MARK };
    said.mark.place = place(mark, defaults, mark.tile.map(|tile| tile.across))?;
    Ok(tail)
}

/// One gap serves both axes; where they differ, an axis is counted from the left or from the top. `forced` is a gap that is
/// told by something else too.
fn place(overlay: &Overlay, defaults: Defaults, forced: Option<u32>) -> Result<Place, String> {
    let (column, row) = overlay.anchor;
    let (x, y) = overlay.offset;
    let mut place = Place::default();
    let even = x == y || column == Horizontal::Center || row == Vertical::Center;
    // What no gap says: to the other side, a share, or not the gap that is told.
    let own = |at: Shift| match at {
        Shift::Ratio(_) => true,
        Shift::Px(px) => px < 0 || forced.is_some_and(|gap| i64::from(gap) != i64::from(px)),
    };
    if column == Horizontal::Left && (own(x) || (forced.is_none() && !even)) {
        place.x = Some(x);
    }
    if row == Vertical::Top && (own(y) || (forced.is_none() && !even && place.x.is_none())) {
        place.y = Some(y);
    }
    let by_gap = (place.x.is_none(), place.y.is_none());
    for (by_gap, at) in [(by_gap.0, x), (by_gap.1, y)] {
        if by_gap && matches!(at, Shift::Ratio(_)) {
            return Err("an overlay at a distance that is a share".to_owned());
        }
    }
    let pixels = |at: Shift| match at {
        Shift::Px(px) => u32::try_from(px).ok(),
        Shift::Ratio(_) => None,
    };
    let across = (by_gap.0 && column != Horizontal::Center).then(|| pixels(x)).flatten();
    let down = (by_gap.1 && row != Vertical::Center).then(|| pixels(y)).flatten();
    place.pad = forced.or(across).or(down).filter(|gap| *gap != defaults.pad);
    let words = [
        (by_gap.1, AlignWord::Row(row), row == defaults.anchor.1),
        (by_gap.0, AlignWord::Column(column), column == defaults.anchor.0),
    ];
    if words.iter().any(|(by_gap, _, default)| *by_gap && !default) {
        place.align = words.into_iter().filter(|(by_gap, ..)| *by_gap).map(|(_, word, _)| word).collect();
    }
    Ok(place)
}

/// Takes the text from the front.
pub(super) fn take_text<'s>(stages: &'s [Stage], said: &mut Said) -> Result<&'s [Stage], String> {
    let Some((Stage::Overlay(overlay), tail)) = stages.split_first() else { return Ok(stages) };
    let Picture::Text(text) = &overlay.picture else { return Ok(stages) };
    if overlay.optional {
        return Ok(stages);
    }
    spell_text(text, overlay, said)?;
    Ok(tail)
}

fn spell_text(text: &Text, overlay: &Overlay, said: &mut Said) -> Result<(), String> {
    let t = &mut said.txt;
    t.of = Some(text.text.clone());
    t.size = (text.size != meaning::text_size(None, 1.0)).then_some(text.size);
    t.color = (text.color != Color::BLACK).then_some(text.color);
    let font = Font { families: text.families.clone(), bold: text.weight == 700, italic: text.italic };
    t.font = (font != Font::default()).then_some(font);
    // The usual width tells the gap.
    let usual = text.width == Some(Dim::Ratio(Fixed::ONE)) && text.less > 0;
    t.width = text.width.filter(|_| !usual);
    t.height = text.height;
    match text.fit {
        TextFit::Clip { cut: TextCut::End, ellipsis: false } => {}
        TextFit::Clip { cut, ellipsis } => t.clip = Some((cut, ellipsis)),
        fit => t.fit = Some(fit),
    }
    t.ligatures = (text.ligatures != plan::Ligatures::Common).then_some(text.ligatures);
    if let Some((width, color)) = text.outline {
        t.line = Some(width);
        t.line_color = (color != Color::WHITE).then_some(color);
    }
    t.shad = text.shadow.map(|(x, ..)| Fixed::new(x.get() * 2.0));
    t.place = place(overlay, meaning::TXT, usual.then_some(text.less / 2))?;
    for (is, what) in [
        (text.align == TextAlign::Justify || text.align == TextAlign::Start, "text that is set like this"),
        (text.weight != 400 && text.weight != 700, "text of this weight"),
        (text.underline || text.strikethrough, "text with a line below or through it"),
        (text.line_height.is_some(), "text of a line height"),
        (text.letter_spacing != Fixed::ZERO, "spaced text"),
        (text.snug || text.padding != [0; 4] || text.background.is_some(), "text with room or a ground of its own"),
    ] {
        if is {
            return Err(what.to_owned());
        }
    }
    Ok(())
}
