//! From what is meant to what to say: the inverse of `meaning`, as far as imgix has words.
//!
//! A candidate is spelled here; the caller reads it back and refuses it if it does not mean the same.

use plan::{
    Aspect, Background, Color, Dim, Enlarge, Fit, Fixed, Format, FormatRule, Gravity, Horizontal, Limits, Orient,
    OutputRule, Overlay, Pad, Plan, Region, Resize, Shift, Stage, Trim, TrimMode, Vertical,
};

use super::meaning;
use super::said::{AlignWord, CropWord, FillWord, FitWord, FmWord, Rect, RotWord, Said, TrimWord};
use crate::overlay;
use crate::request::Settings;

/// What to say for a canonical plan; `Err` names what imgix has no words for.
pub(super) fn said(plan: &Plan, settings: &Settings) -> Result<Said, String> {
    let mut said = Said::default();
    if plan.output.original {
        return Ok(said);
    }
    spell_output(&plan.output, settings, &mut said)?;
    spell_stages(&plan.stages, &mut said)?;
    if said == Said::default() {
        // Something must be said, or it would mean the original bytes.
        said.q = Some(plan.output.quality.jpeg);
    }
    Ok(said)
}

fn spell_output(output: &OutputRule, settings: &Settings, said: &mut Said) -> Result<(), String> {
    let quality = output.quality;
    if quality.jpeg != quality.webp || quality.webp != quality.avif {
        return Err("a quality per format".to_owned());
    }
    if quality != meaning::default_quality() {
        said.q = Some(quality.jpeg);
    }
    if !output.animation {
        return Err("dropping the animation".to_owned());
    }
    let format = match &output.format {
        FormatRule::Source => None,
        FormatRule::Always(format) => Some(*format),
        FormatRule::Negotiate { offer, fallback } => {
            if *offer != meaning::offer(settings) {
                return Err("another choice of formats to negotiate".to_owned());
            }
            said.auto_format = true;
            *fallback
        }
    };
    said.fm = format.map(|format| match format {
        Format::Jpeg => FmWord::Jpg,
        Format::Png if output.palette => FmWord::Png8,
        Format::Png => FmWord::Png,
        Format::Gif => FmWord::Gif,
        Format::Webp => FmWord::Webp,
        Format::Avif => FmWord::Avif,
    });
    if output.palette && said.fm != Some(FmWord::Png8) {
        return Err("a palette without PNG".to_owned());
    }
    said.lossless = output.lossless.then_some(true);
    said.jpg_progressive = (!output.progressive).then_some(false);
    Ok(())
}

/// Takes the stages in the one order that imgix knows; what is left over has no words.
fn spell_stages(stages: &[Stage], said: &mut Said) -> Result<(), String> {
    let mut rest = stages;
    // `bg` colours bars as well as what lies behind the picture, so it must be known first.
    said.bg = background(stages);
    match rest {
        [Stage::Orient(Orient::Exif), tail @ ..] => rest = tail,
        [Stage::Orient(Orient::Fixed(value)), tail @ ..] => {
            said.orient = Some(*value);
            rest = tail;
        }
        _ => said.orient = Some(1),
    }
    if let [Stage::Extract(Region::Rect { x, y, width, height, align }), tail @ ..] = rest {
        said.rect = Some(Rect { x: *x, y: *y, width: *width, height: *height, align: *align });
        rest = tail;
    }
    if let [Stage::Trim(trim), tail @ ..] = rest {
        spell_trim(trim, said);
        rest = tail;
    }
    match rest {
        [Stage::Extract(Region::Aspect { aspect, gravity }), tail @ ..] => {
            said.fit = Some(FitWord::Crop);
            said.ar = Some(exact(*aspect)?);
            spell_gravity(*gravity, Fixed::ONE, said)?;
            rest = tail;
        }
        [Stage::Resize(resize), tail @ ..] => {
            spell_resize(resize, said)?;
            rest = tail;
        }
        _ => {}
    }
    if let [Stage::Flip { horizontal, vertical }, tail @ ..] = rest {
        said.flip = Some((*horizontal, *vertical));
        rest = tail;
    }
    match rest {
        [Stage::Straighten { degrees }, tail @ ..] => {
            said.rot = Some(*degrees);
            rest = tail;
        }
        [Stage::Rotate { degrees, .. }, tail @ ..] => {
            (said.rot, said.rot_type) = (Some(*degrees), Some(RotWord::Pivot));
            rest = tail;
        }
        _ => {}
    }
    if let [Stage::Overlay(mark), tail @ ..] = rest {
        spell_mark(mark, said)?;
        rest = tail;
    }
    if let [Stage::Pad(pad), tail @ ..] = rest {
        spell_pad(pad, said);
        rest = tail;
    }
    if let [Stage::Flatten(_), tail @ ..] = rest {
        rest = tail;
    }
    match rest.first() {
        None => Ok(()),
        Some(stage) => Err(format!("{stage} at this place")),
    }
}

/// The `bg` that these stages ask for: the colour behind the picture, or clear bars alone.
fn background(stages: &[Stage]) -> Option<Color> {
    if let Some(Stage::Flatten(Background::Color(color))) = stages.last() {
        return Some(*color);
    }
    let clear = Background::Color(Color::TRANSPARENT);
    let bars = |stage: &Stage| match stage {
        Stage::Rotate { background, .. } | Stage::Pad(Pad { background, .. }) => *background == clear,
        _ => false,
    };
    stages.iter().any(bars).then_some(Color::TRANSPARENT)
}

fn spell_trim(trim: &Trim, said: &mut Said) {
    let levels = Fixed::new(trim.tolerance.get() * 2.55);
    said.trim_pad = (trim.keep > 0).then_some(trim.keep);
    match trim.mode {
        TrimMode::Corner if meaning::is_auto_trim(trim) => said.trim = Some(TrimWord::Auto),
        TrimMode::Alpha => {
            said.trim = Some(TrimWord::Alpha);
            said.trim_alpha = (levels != Fixed::ZERO).then_some(levels.get().round() as u32);
        }
        TrimMode::Corner | TrimMode::Color(_) => {
            said.trim = Some(TrimWord::Color);
            said.trim_tol = (levels != Fixed::ZERO).then_some(levels);
            if let TrimMode::Color(color) = trim.mode {
                said.trim_color = Some(color);
            }
        }
        TrimMode::AlphaOr(_) | TrimMode::Even { .. } => {}
    }
}

fn spell_resize(resize: &Resize, said: &mut Said) -> Result<(), String> {
    (said.w, said.h) = (resize.width, resize.height);
    said.fit = match (resize.fit, resize.enlarge) {
        (Fit::Inside, Enlarge::Yes) => None,
        (Fit::Inside, Enlarge::No) => Some(FitWord::Max),
        (Fit::Cover, Enlarge::Yes) => Some(FitWord::Crop),
        (Fit::Cover, Enlarge::No) => Some(FitWord::Min),
        (Fit::Stretch, Enlarge::Yes) => Some(FitWord::Scale),
        (Fit::Contain, Enlarge::Yes) if resize.background == Background::Edge => Some(FitWord::Clamp),
        (Fit::Contain, Enlarge::Yes) => Some(FitWord::Fill),
        (Fit::Contain, Enlarge::No) => Some(FitWord::FillMax),
        _ => return Err(Stage::Resize(resize.clone()).to_string()),
    };
    said.ar = resize.aspect.map(exact).transpose()?;
    if resize.fit == Fit::Contain {
        match resize.background {
            Background::Blur(plan::BlurFill::PLAIN) => said.fill = Some(FillWord::Blur),
            Background::Color(color) if resize.background != meaning::bars(said.bg) => said.fill_color = Some(color),
            Background::Color(_) | Background::Auto | Background::Edge => {}
            other => return Err(format!("bars of {other}")),
        }
    }
    let Limits { min_width, min_height, max_width, max_height } = resize.limits;
    (said.min_w, said.min_h, said.max_w, said.max_h) = (min_width, min_height, max_width, max_height);
    spell_gravity(resize.gravity, resize.zoom, said)
}

fn exact(aspect: Aspect) -> Result<(Fixed, Fixed), String> {
    match aspect {
        Aspect::Exact(ratio) => Ok((ratio, Fixed::ONE)),
        Aspect::Between(..) => Err(format!("a range of ratios ({aspect})")),
    }
}

fn spell_gravity(gravity: Gravity, zoom: Fixed, said: &mut Said) -> Result<(), String> {
    match gravity {
        Gravity::CENTER => {}
        Gravity::Anchor(h, v) => {
            let row = match v {
                Vertical::Top => Some(CropWord::Top),
                Vertical::Center => None,
                Vertical::Bottom => Some(CropWord::Bottom),
            };
            let column = match h {
                Horizontal::Left => Some(CropWord::Left),
                Horizontal::Center => None,
                Horizontal::Right => Some(CropWord::Right),
            };
            said.crop.extend(row);
            said.crop.extend(column);
        }
        Gravity::Point(x, y) => {
            said.crop = vec![CropWord::FocalPoint];
            (said.fp_x, said.fp_y) = (Some(x), Some(y));
        }
        Gravity::Edges => said.crop = vec![CropWord::Edges],
        Gravity::Entropy => said.crop = vec![CropWord::Entropy],
        Gravity::Attention | Gravity::MasterPixel(..) | Gravity::TopLeft(..) | Gravity::Centered(..) => {
            return Err(format!("the position {gravity}"));
        }
    }
    if zoom > Fixed::ONE {
        said.fp_z = Some(zoom);
        if said.crop.is_empty() {
            said.crop = vec![CropWord::FocalPoint];
        }
    }
    Ok(())
}

/// Sides in pixels hold the bars too.
fn spell_pad(pad: &Pad, said: &mut Said) {
    let Pad { top, right, bottom, left, .. } = *pad;
    let with = |side: Option<Dim>, bars: u32| match side {
        Some(Dim::Px(px)) => Some(Dim::Px(px.saturating_add(bars))),
        other => other,
    };
    said.w = with(said.w, left.saturating_add(right));
    said.h = with(said.h, top.saturating_add(bottom));
    if top == right && right == bottom && bottom == left {
        said.pad = Some(top);
        return;
    }
    let bar = |px: u32| (px > 0).then_some(px);
    (said.pad_top, said.pad_right, said.pad_bottom, said.pad_left) = (bar(top), bar(right), bar(bottom), bar(left));
}

fn spell_mark(mark: &Overlay, said: &mut Said) -> Result<(), String> {
    let (source, asset) = overlay::named(mark)?;
    for (is, what) in [
        (source.is_some(), "an overlay from a source that it names"),
        (!overlay::own_stages(mark)?.is_empty(), "an overlay with a transformation of its own"),
        (mark.shrink, "an overlay that shrinks to the picture"),
        (!mark.optional, "an overlay without which there is no answer"),
    ] {
        if is {
            return Err(what.to_owned());
        }
    }
    said.mark = Some(asset.clone());
    (said.mark_w, said.mark_h) = (mark.width, mark.height);
    said.mark_alpha = (mark.opacity != Fixed::ONE).then(|| overlay::percent(mark.opacity));
    spell_mark_place(mark, said)
}

/// One gap serves both axes; where they differ, an axis is counted from the left or from the top.
fn spell_mark_place(mark: &Overlay, said: &mut Said) -> Result<(), String> {
    let (x, y) = match mark.offset {
        (Shift::Px(x), Shift::Px(y)) => (x, y),
        _ => return Err("an overlay at a distance that is a share".to_owned()),
    };
    let (column, row) = mark.anchor;
    let even = x == y || column == Horizontal::Center || row == Vertical::Center;
    if column == Horizontal::Left && (x < 0 || !even) {
        said.mark_x = Some(x);
    }
    if row == Vertical::Top && (y < 0 || (!even && said.mark_x.is_none())) {
        said.mark_y = Some(y);
    }
    let by_gap = (said.mark_x.is_none(), said.mark_y.is_none());
    let gap = match (column, row) {
        (Horizontal::Center, Vertical::Center) => None,
        (Horizontal::Center, _) => by_gap.1.then_some(y),
        (_, Vertical::Center) => by_gap.0.then_some(x),
        _ => by_gap.0.then_some(x).or(by_gap.1.then_some(y)),
    };
    said.mark_pad = gap.and_then(|gap| u32::try_from(gap).ok()).filter(|gap| *gap != meaning::MARK_PAD);
    let words = [
        (by_gap.1, AlignWord::Row(row), row == Vertical::Bottom),
        (by_gap.0, AlignWord::Column(column), column == Horizontal::Right),
    ];
    if words.iter().any(|(by_gap, _, default)| *by_gap && !default) {
        said.mark_align = words.into_iter().filter(|(by_gap, ..)| *by_gap).map(|(_, word, _)| word).collect();
    }
    Ok(())
}
