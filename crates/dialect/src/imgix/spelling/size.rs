//! The size: what is cut, and what fills.

use plan::{
    Aspect, Background, Dim, Enlarge, Fit, Fixed, Gradient, GradientShape, Gravity, Horizontal, Limits, Mix, Pad,
    Region, Resize, Stage, Vertical,
};

use super::super::meaning;
use super::super::said::{CropWord, FillWord, FitWord, GradientWord, Said};

/// Takes the size from the front.
pub(super) fn take<'s>(stages: &'s [Stage], said: &mut Said) -> Result<&'s [Stage], String> {
    match stages {
        [Stage::Extract(Region::Aspect { aspect, gravity }), tail @ ..] => {
            said.fit = Some(FitWord::Crop);
            said.ar = Some(exact(*aspect)?);
            spell_gravity(*gravity, Fixed::ONE, said)?;
            Ok(tail)
        }
        [Stage::Resize(resize), tail @ ..] => {
            spell_resize(resize, said)?;
            Ok(tail)
        }
        _ => Ok(stages),
    }
}

/// Takes the bars of a size that is parted from them.
pub(super) fn take_bars<'s>(stages: &'s [Stage], said: &mut Said) -> Result<&'s [Stage], String> {
    match stages {
        [Stage::Extract(Region::Window { width, height, pad: Some(pad), .. }), tail @ ..] => {
            (said.w, said.h) = (*width, *height);
            said.fit = Some(match said.fit {
                Some(FitWord::Max) => FitWord::FillMax,
                _ if *pad == Background::Edge => FitWord::Clamp,
                _ => FitWord::Fill,
            });
            spell_bars(*pad, said)?;
            Ok(tail)
        }
        _ => Ok(stages),
    }
}

fn spell_bars(background: Background, said: &mut Said) -> Result<(), String> {
    match background {
        Background::Blur(plan::BlurFill::PLAIN) => said.fill = Some(FillWord::Blur),
        Background::Color(color) if background != meaning::bars(said.bg) => said.fill_color = Some(color),
        Background::Color(_) | Background::Auto | Background::Edge => {}
        Background::DominantGradient(2) => said.fill = Some(FillWord::Gradient),
        Background::Gradient(gradient) => spell_gradient(gradient, said)?,
        other => return Err(format!("bars of {other}")),
    }
    Ok(())
}

fn spell_gradient(gradient: Gradient, said: &mut Said) -> Result<(), String> {
    let Gradient { shape, from, to, mix } = gradient;
    let way = &mut said.gradient;
    said.fill = Some(FillWord::Gradient);
    way.mix = (mix != Mix::Srgb).then_some(mix);
    match shape {
        GradientShape::Linear { degrees, stop: Fixed::ONE } => {
            let whole = degrees.get().rem_euclid(360.0).round() as u16;
            way.linear = Some((from, to));
            way.direction = (whole != meaning::DOWN).then_some(whole);
        }
        GradientShape::Linear { .. } => return Err(format!("the gradient {gradient}")),
        GradientShape::Radial { center, inner, outer } => {
            let middle = Fixed::new(0.5);
            let off = |at: Fixed| (at != middle).then_some(at);
            way.kind = Some(GradientWord::Radial);
            way.radial = Some((from, to));
            way.radius = ((inner, outer) != meaning::gradient_radii()).then_some((inner, outer));
            (way.x, way.y) = (off(center.0), off(center.1));
        }
    }
    Ok(())
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
        spell_bars(resize.background, said)?;
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
pub(super) fn spell_pad(pad: &Pad, said: &mut Said) {
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
