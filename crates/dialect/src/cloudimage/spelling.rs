//! From a plan back to what a URL would say.

mod marks;

use plan::{
    Adjust, Aspect, Background, BlurFill, Dim, Enlarge, Filter, Fit, Fixed, FormatRule, Gravity, Mask, OutputRule, Pad,
    Plan, Quality, Region, Resize, Shape, Stage,
};

use super::meaning::{OPTIPRESS, OPTIPRESS_CAP, QUALITY, automatic, taken_by_all};
use super::said::{Formats, Func, Ground, Place, Ratio, Room, Said};
use crate::settings::Settings;

/// The parameters that come closest to a plan; `Err` names what there is no parameter for. The caller reads them again
/// and compares, so this does not check the order of stages or fields that Cloudimage never sets.
pub(super) fn said(plan: &Plan, settings: &Settings) -> Result<Said, String> {
    let mut said = Said::default();
    if plan.output.original {
        said.func = Some(Func::Proxy);
        return Ok(said);
    }
    let mut drawn = Vec::new();
    for stage in &plan.stages {
        match stage {
            Stage::Orient(_) => {}
            Stage::Trim(trim) => said.trim = Some(trim.tolerance),
            Stage::Extract(Region::Corners { top_left, bottom_right }) => {
                (said.top_left, said.bottom_right) = (*top_left, *bottom_right);
            }
            Stage::Extract(Region::Aspect { aspect, gravity }) => {
                said.aspect = Some(ratio(*aspect));
                said.gravity = place(*gravity)?;
            }
            Stage::Resize(resize) => size(&mut said, resize)?,
            Stage::Rotate { degrees, background } => {
                let clockwise = degrees.get();
                said.rotate = Some(Fixed::new(if clockwise > 180.0 { 360.0 - clockwise } else { -clockwise }));
                said.background = ground(*background).or(said.background);
            }
            Stage::Flip { horizontal, vertical } => said.flip = (*horizontal, *vertical),
            Stage::Flatten(background) if ground(*background).is_some() => said.background = ground(*background),
            Stage::Page(page) => said.page = page.checked_add(1),
            Stage::Pad(pad) => room(&mut said, pad)?,
            Stage::Adjust(adjust) => looks(&mut said, adjust)?,
            Stage::Filter(Filter::Blur(sigma)) => said.blur = Some(Fixed::new(sigma.get() * 2.0)),
            Stage::Filter(Filter::Pixelate(side)) => said.pixelate = Some(*side),
            Stage::Filter(Filter::Sharpen(unsharp)) => said.sharp = Some(Fixed::new(unsharp.amount.get() * 2.0)),
            Stage::Mask(Mask { shape: Shape::Corners(corners), outside }) => {
                said.radius = Some(*corners);
                said.background = ground(*outside).or(said.background);
            }
            Stage::Overlay(mark) => drawn.push(marks::said(mark)?),
            _ => return Err(format!("the stage {stage}")),
        }
    }
    said.watermark = !drawn.is_empty();
    match (drawn.len(), drawn.pop()) {
        (1, Some(only)) => said.mark = only,
        (_, last) => said.marks = (1..).zip(drawn.into_iter().chain(last)).collect(),
    }
    said.format = format(&plan.output, settings);
    let level = OPTIPRESS.into_iter().find(|(_, points)| Some(*points) == plan.output.likeness).map(|(level, _)| level);
    match level {
        Some(_) if plan.output.quality == OPTIPRESS_CAP => said.optipress = level,
        _ => said.quality = quality(plan.output.quality)?,
    }
    said.lossless = plan.output.lossless;
    Ok(said)
}

fn size(said: &mut Said, resize: &Resize) -> Result<(), String> {
    let pixels = |side: Option<Dim>| match side {
        Some(Dim::Ratio(_)) => Err("a size as a share of the input".to_owned()),
        Some(Dim::Px(px)) => Ok(Some(px)),
        None => Ok(None),
    };
    (said.width, said.height) = (pixels(resize.width)?, pixels(resize.height)?);
    said.aspect = resize.aspect.map(ratio);
    said.gravity = place(resize.gravity)?;
    said.original_if_smaller = resize.enlarge != Enlarge::Yes;
    let plain = said.aspect.is_none() && (said.width.is_none() || said.height.is_none());
    said.func = match resize.fit {
        _ if plain => None,
        Fit::Cover => None,
        Fit::Contain => Some(Func::Fit),
        Fit::CoverOrContain => Some(Func::CropFit),
        Fit::Inside => Some(Func::Bound),
        Fit::Outside => Some(Func::BoundMin),
        Fit::Stretch => Some(Func::Cover),
    };
    if matches!(said.func, Some(Func::Fit | Func::CropFit)) {
        said.original_if_smaller = false;
        said.fit_enlarge = resize.enlarge == Enlarge::Yes;
    }
    match resize.background {
        Background::Auto => {}
        Background::Blur(BlurFill { sigma, opacity, under, tint, .. }) => {
            said.background_image = true;
            said.background_blur = sigma.map(|sigma| Fixed::new(sigma.get() * 2.0));
            said.background_opacity = Some(opacity).filter(|opacity| *opacity != Fixed::ONE);
            said.background = under.map(Ground::Color);
            said.background_tint = tint;
        }
        known if ground(known).is_some() => said.background = ground(known),
        _ => return Err("padding with anything but a colour or the picture itself".to_owned()),
    }
    Ok(())
}

fn ground(background: Background) -> Option<Ground> {
    match background {
        Background::Color(color) => Some(Ground::Color(color)),
        Background::Dominant => Some(Ground::Dominant),
        _ => None,
    }
}

/// Bars around a picture that was fitted into what they leave.
fn room(said: &mut Said, pad: &Pad) -> Result<(), String> {
    let grown = |side: Option<u32>, by: [u32; 2]| side?.checked_add(by[0])?.checked_add(by[1]);
    let (width, height) = (grown(said.width, [pad.left, pad.right]), grown(said.height, [pad.top, pad.bottom]));
    if said.func != Some(Func::Fit) || width.is_none() || height.is_none() {
        return Err("bars around a picture that is not fitted into a canvas".to_owned());
    }
    (said.width, said.height) = (width, height);
    said.margin = Some([pad.top, pad.right, pad.bottom, pad.left].map(Room::Px));
    Ok(())
}

fn looks(said: &mut Said, adjust: &Adjust) -> Result<(), String> {
    match *adjust {
        Adjust::Brightness(by) => said.bright = Some(Fixed::new(by.get() * 200.0)),
        Adjust::Contrast(factor) => said.contrast = Some(Fixed::new((factor.get().sqrt() - 1.0) * 100.0)),
        Adjust::Saturation(factor) => said.saturate = Some(Fixed::new((factor.get() - 1.0) * 100.0)),
        Adjust::Grayscale => said.gray = true,
        Adjust::Sepia(share) => said.sepia = Some(Fixed::new(share.get() * 100.0)),
        Adjust::Invert => said.invert = true,
        Adjust::Duotone { dark, light, strength } => said.duotone = Some((dark, light, strength)),
        Adjust::Colorize(color) => said.colorize = Some(color),
        _ => return Err(format!("the stage {adjust}")),
    }
    Ok(())
}

fn ratio(aspect: Aspect) -> Ratio {
    match aspect {
        Aspect::Exact(ratio) => Ratio::Exact(ratio.get()),
        Aspect::Between(low, high) => Ratio::Between(low.get(), high.get()),
    }
}

fn place(gravity: Gravity) -> Result<Option<Place>, String> {
    match gravity {
        Gravity::CENTER => Ok(None),
        Gravity::Anchor(x, y) => Ok(Some(Place::Anchor(x, y))),
        Gravity::Point(x, y) => Ok(Some(Place::Share(x, y))),
        Gravity::MasterPixel(x, y) => Ok(Some(Place::Pixel(x, y))),
        Gravity::Attention => Ok(Some(Place::Smart)),
        Gravity::TopLeft(..) | Gravity::Centered(..) | Gravity::Entropy | Gravity::Edges => {
            Err(format!("the gravity {gravity}"))
        }
    }
}

fn format(output: &OutputRule, settings: &Settings) -> Option<Formats> {
    if output.format == automatic(settings) {
        return None;
    }
    Some(match &output.format {
        FormatRule::Source => Formats::Original,
        FormatRule::Always(format) if taken_by_all(*format) => Formats::Preferred(vec![*format]),
        FormatRule::Always(format) => Formats::Strict(*format),
        FormatRule::Negotiate { offer, fallback } => {
            let mut list = offer.clone();
            list.extend(fallback.filter(|f| !offer.contains(f)));
            Formats::Preferred(list)
        }
    })
}

fn quality(quality: Quality) -> Result<Option<u8>, String> {
    match quality {
        QUALITY => Ok(None),
        _ if quality == Quality::all(quality.jpeg) => Ok(Some(quality.jpeg)),
        _ => Err("a quality for each format".to_owned()),
    }
}
