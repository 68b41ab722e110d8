//! From a plan back to what a URL would say.

use plan::{
    Aspect, Background, Dim, Enlarge, Fit, Fixed, FormatRule, Gravity, Horizontal, Overlay, Plan, Quality, Region,
    Resize, Shift, Stage, Vertical,
};

use super::meaning::{QUALITY, automatic, taken_by_all};
use super::said::{Formats, Func, MarkScale, Place, Ratio, Said};
use crate::overlay;
use crate::request::Settings;

/// The parameters that come closest to a plan; `Err` names what there is no parameter for. The caller reads them again
/// and compares, so this does not check the order of stages or fields that Cloudimage never sets.
pub(super) fn said(plan: &Plan, settings: &Settings) -> Result<Said, String> {
    let mut said = Said::default();
    if plan.output.original {
        said.func = Some(Func::Proxy);
        return Ok(said);
    }
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
                if let Background::Color(color) = background {
                    said.background = Some(*color);
                }
            }
            Stage::Flip { horizontal, vertical } => said.flip = (*horizontal, *vertical),
            Stage::Flatten(Background::Color(color)) => said.background = Some(*color),
            Stage::Overlay(mark) => watermark(&mut said, mark)?,
            _ => return Err(format!("the stage {stage}")),
        }
    }
    said.format = format(&plan.output.format, settings);
    said.quality = quality(plan.output.quality)?;
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
        Background::Color(color) => said.background = Some(color),
        Background::Blur(plan::BlurFill::PLAIN) => said.background_image = true,
        _ => return Err("padding with anything but a colour or the picture itself".to_owned()),
    }
    Ok(())
}

fn watermark(said: &mut Said, mark: &Overlay) -> Result<(), String> {
    let (source, asset) = overlay::named(mark)?;
    for (is, what) in [
        (said.watermark, "a second overlay"),
        (source.is_some(), "an overlay from a source that it names"),
        (!mark.shrink, "an overlay that may be larger than the picture"),
        (mark.optional, "an overlay that may be missing"),
    ] {
        if is {
            return Err(what.to_owned());
        }
    }
    said.watermark = true;
    said.mark = Some(asset.clone());
    said.mark_scale = match (overlay::own_stages(mark)?, mark.width, mark.height) {
        ([], None, None) => None,
        ([], Some(Dim::Ratio(x)), Some(Dim::Ratio(y))) => {
            Some(MarkScale::Picture(overlay::percent(x), overlay::percent(y)))
        }
        ([Stage::Resize(resize)], None, None) => match resize.width {
            Some(Dim::Ratio(own)) if *resize == Resize::new(resize.width, None, Fit::Inside) => {
                Some(MarkScale::Own(overlay::percent(own)))
            }
            _ => return Err("an overlay with a transformation of its own".to_owned()),
        },
        ([], ..) => return Err("an overlay of a size in pixels".to_owned()),
        _ => return Err("an overlay with a transformation of its own".to_owned()),
    };
    said.mark_anchor = Some(mark.anchor).filter(|anchor| *anchor != (Horizontal::Center, Vertical::Center));
    said.mark_pad = Some(mark.offset).filter(|offset| *offset != (Shift::NONE, Shift::NONE));
    said.mark_opacity = Some(mark.opacity).filter(|opacity| *opacity != Fixed::ONE);
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

fn format(rule: &FormatRule, settings: &Settings) -> Option<Formats> {
    if *rule == automatic(settings) {
        return None;
    }
    Some(match rule {
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
