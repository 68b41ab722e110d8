//! From what is meant to what to say: the inverse of `meaning`, as far as imgix has words.
//!
//! A candidate is spelled here; the caller reads it back and refuses it if it does not mean the same.

mod effects;
mod output;
mod overlays;
mod size;

use plan::{
    Background, Blend, Border, Color, Frames, Mask, Orient, Pad, Picture, Plan, Radius, Shape, Stage, Trim, TrimMode,
};

use super::meaning;
use super::said::{AnimationSaid, FrameWord, MaskWord, Rect, RotWord, Said, TrimWord};
use super::typeset;
use crate::overlay;
use crate::settings::Settings;

/// What a colour right behind a mask that is a picture is taken for: both put it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// `mask-bg`.
    MaskGround,
    /// `bg`.
    Ground,
}

/// Whether the readings differ.
pub(super) fn has_two_readings(plan: &Plan) -> bool {
    plan.stages.windows(2).any(|pair| matches!(pair, [mask, Stage::Flatten(_)] if is_picture_mask(mask)))
}

fn is_picture_mask(stage: &Stage) -> bool {
    matches!(stage, Stage::Overlay(overlay) if overlay.blend == Blend::Mask)
}

/// What to say for a canonical plan; `Err` names what imgix has no words for.
pub(super) fn said(plan: &Plan, settings: &Settings, reading: Reading) -> Result<Said, String> {
    let mut said = Said::default();
    if plan.output.original {
        return Ok(said);
    }
    if let [Stage::Typeset(text)] = &plan.stages[..] {
        said = typeset::said(text)?;
        output::spell(&plan.output, settings, &mut said)?;
        return Ok(said);
    }
    output::spell(&plan.output, settings, &mut said)?;
    stages(plan, reading, &mut said)?;
    if said == Said::default() {
        // Something must be said, or it would mean the original bytes.
        said.q = Some(plan.output.quality.jpeg);
    }
    Ok(said)
}

/// Takes the stages in the one order that imgix knows; what is left over has no words.
fn stages(plan: &Plan, reading: Reading, said: &mut Said) -> Result<(), String> {
    // `bg` colours bars as well as what lies behind the picture, so it must be known first.
    said.bg = ground(&plan.stages, reading);
    let rest = source(&plan.stages, said);
    let rest = effects::take(rest, said)?;
    let rest = size::take(rest, said)?;
    let rest = effects::take(rest, said)?;
    let rest = turns(rest, said);
    let rest = effects::take(rest, said)?;
    let rest = size::take_bars(rest, said)?;
    let rest = overlays::take_blend(rest, plan.output.report.is_some(), said)?;
    let rest = mask(rest, reading, said)?;
    let rest = overlays::take_text(rest, said)?;
    let rest = overlays::take_mark(rest, said)?;
    let rest = edges(rest, said)?;
    match rest.first() {
        None => Ok(()),
        Some(stage) => Err(format!("{stage} at this place")),
    }
}

/// The `bg` that these stages ask for: the colour behind the picture, or that of bars and corners alone.
fn ground(stages: &[Stage], reading: Reading) -> Option<Color> {
    let behind = stages.iter().enumerate().rev().find_map(|(at, stage)| match stage {
        Stage::Flatten(Background::Color(color)) => Some((at, *color)),
        _ => None,
    });
    if let Some((at, color)) = behind {
        let masks = at.checked_sub(1).and_then(|before| stages.get(before)).is_some_and(is_picture_mask);
        if !masks || reading == Reading::Ground {
            return Some(color);
        }
    }
    stages.iter().find_map(|stage| match stage {
        Stage::Rotate { background: Background::Color(color), .. }
        | Stage::Pad(Pad { background: Background::Color(color), .. })
        | Stage::Border(Border { outside: Background::Color(color), .. }) => Some(*color),
        _ => None,
    })
}

/// What comes before all else: page, orientation, `rect`, `trim`.
fn source<'s>(stages: &'s [Stage], said: &mut Said) -> &'s [Stage] {
    let mut rest = stages;
    if let [Stage::Page(page), tail @ ..] = rest {
        said.page = Some(page.saturating_add(1));
        rest = tail;
    }
    if let [Stage::Frames(frames), tail @ ..] = rest {
        spell_frames(frames, said);
        rest = tail;
    }
    match rest {
        [Stage::Orient(Orient::Exif), tail @ ..] => rest = tail,
        [Stage::Orient(Orient::Fixed(value)), tail @ ..] => {
            said.orient = Some(*value);
            rest = tail;
        }
        _ => said.orient = Some(1),
    }
    if let [Stage::Extract(plan::Region::Rect { x, y, width, height, align }), tail @ ..] = rest {
        said.rect = Some(Rect { x: *x, y: *y, width: *width, height: *height, align: *align });
        rest = tail;
    }
    if let [Stage::Trim(trim), tail @ ..] = rest {
        spell_trim(trim, said);
        rest = tail;
    }
    rest
}

fn spell_frames(frames: &Frames, said: &mut Said) {
    let last = frames.last.map(|last| last.saturating_add(1));
    said.frame = (frames.first > 0 || last.is_some()).then_some(FrameWord::Range(frames.first.saturating_add(1), last));
    said.animation = AnimationSaid {
        plays: frames.plays.map(u32::from),
        fps: frames.rate,
        interval: (frames.every > 1).then_some(frames.every),
        skip: (frames.without > 0).then_some(frames.without),
        reverse: frames.reverse.then_some(true),
    };
}

fn spell_trim(trim: &Trim, said: &mut Said) {
    // Percent are levels rounded up.
    let levels = plan::Fixed::new((trim.tolerance.get() * 25_500.0 + 1e-6).floor() / 10_000.0);
    let some = levels != plan::Fixed::ZERO;
    said.trim_pad = (trim.keep != 0).then_some(trim.keep);
    match trim.mode {
        TrimMode::Even { mean, deviation } => {
            let (default_mean, default_deviation) = meaning::AUTO_TRIM;
            said.trim = Some(TrimWord::Auto);
            said.trim_md = (mean != default_mean).then_some(mean.into());
            said.trim_sd = (deviation != default_deviation).then_some(deviation.into());
        }
        TrimMode::Alpha => {
            said.trim = Some(TrimWord::Alpha);
            said.trim_alpha = some.then_some(levels.get().round() as u32);
        }
        TrimMode::Corner | TrimMode::Color(_) => {
            said.trim = Some(TrimWord::Color);
            said.trim_tol = some.then_some(levels);
            if let TrimMode::Color(color) = trim.mode {
                said.trim_color = Some(color);
            }
        }
        TrimMode::AlphaOr(color) => {
            said.trim = Some(TrimWord::ColorUnlessAlpha);
            said.trim_tol = some.then_some(levels);
            said.trim_color = color;
        }
    }
}

fn turns<'s>(stages: &'s [Stage], said: &mut Said) -> &'s [Stage] {
    let mut rest = stages;
    if let [Stage::Flip { horizontal, vertical }, tail @ ..] = rest {
        said.flip = Some((*horizontal, *vertical));
        rest = tail;
    }
    match rest {
        [Stage::Straighten { degrees }, tail @ ..] => {
            said.rot = Some(*degrees);
            tail
        }
        [Stage::Rotate { degrees, .. }, tail @ ..] => {
            (said.rot, said.rot_type) = (Some(*degrees), Some(RotWord::Pivot));
            tail
        }
        _ => rest,
    }
}

fn mask<'s>(stages: &'s [Stage], reading: Reading, said: &mut Said) -> Result<&'s [Stage], String> {
    let (stage, tail) = match stages.split_first() {
        Some(split) => split,
        None => return Ok(stages),
    };
    match stage {
        Stage::Mask(mask) => {
            shape(mask, said)?;
            Ok(tail)
        }
        Stage::Overlay(picture) if is_picture_mask(stage) => {
            if !matches!(picture.picture, Picture::Named { source: None, .. }) {
                return Err("a mask that is no picture of the source".to_owned());
            }
            said.mask = Some(MaskWord::Picture(overlay::named(picture)?.1.clone()));
            match tail {
                [Stage::Flatten(Background::Color(color)), tail @ ..] if reading == Reading::MaskGround => {
                    said.mask_bg = Some(*color);
                    Ok(tail)
                }
                _ => Ok(tail),
            }
        }
        _ => Ok(stages),
    }
}

fn shape(mask: &Mask, said: &mut Said) -> Result<(), String> {
    said.mask = Some(match mask.shape {
        Shape::Ellipse => MaskWord::Ellipse,
        Shape::Polygon(corners) => MaskWord::Polygon(corners),
        Shape::Corners(radii) => {
            if radii != [meaning::corner_share(); 4] {
                said.corner_radius = Some(pixels(radii)?);
            }
            MaskWord::Corners
        }
        Shape::Circle => return Err("a mask that is a circle".to_owned()),
    });
    match mask.outside {
        outside if outside == meaning::bars(said.bg) => {}
        Background::Color(color) => said.mask_bg = Some(color),
        outside => return Err(format!("{outside} outside of a mask")),
    }
    Ok(())
}

fn pixels(radii: [Radius; 4]) -> Result<[u32; 4], String> {
    let mut all = [0; 4];
    for (px, radius) in all.iter_mut().zip(radii) {
        *px = match radius {
            Radius::Px(px) => px,
            Radius::Share(_) => return Err("corners whose radius is a share".to_owned()),
        };
    }
    Ok(all)
}

/// What comes after all else: `pad`, `border`, `bg`, `transparency`.
fn edges<'s>(stages: &'s [Stage], said: &mut Said) -> Result<&'s [Stage], String> {
    let mut rest = stages;
    if let [Stage::Pad(pad), tail @ ..] = rest {
        size::spell_pad(pad, said);
        rest = tail;
    }
    if let [Stage::Border(border), tail @ ..] = rest {
        spell_border(border, said)?;
        rest = tail;
    }
    if let [Stage::Border(stroke), tail @ ..] = rest {
        (said.border.stroke_size, said.border.stroke_color) = (Some(stroke.widths[0]), Some(stroke.color));
        rest = tail;
    }
    if let [Stage::Flatten(Background::Color(_)), tail @ ..] = rest {
        rest = tail;
    }
    if let [Stage::Flatten(Background::Grid { first, second, size }), tail @ ..] = rest {
        let (default_first, default_second, default_size) = meaning::grid();
        said.transparency = Some(());
        said.grid_colors = ((*first, *second) != (default_first, default_second)).then_some((*first, *second));
        said.grid_size = (*size != default_size).then_some(*size);
        rest = tail;
    }
    Ok(rest)
}

fn spell_border(border: &Border, said: &mut Said) -> Result<(), String> {
    let [top, right, bottom, left] = border.widths;
    let other = |width: u32| (width != top).then_some(width);
    said.border.of = Some((top, border.color));
    (said.border.right, said.border.bottom, said.border.left) = (other(right), other(bottom), other(left));
    let radii = |radii: [Radius; 4]| if radii == [Radius::NONE; 4] { Ok(None) } else { pixels(radii).map(Some) };
    (said.border.radius, said.border.radius_inner) = (radii(border.outer)?, radii(border.inner)?);
    Ok(())
}
