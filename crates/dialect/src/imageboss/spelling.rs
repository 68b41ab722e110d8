//! From a plan back to what a URL would say.

use plan::{
    Adjust, Asset, Background, Dim, Enlarge, Filter, Fit, Fixed, Format, FormatRule, Gravity, Orient, Overlay, Plan,
    Quality, Radius, Region, Resize, Shape, Stage,
};

use super::meaning::{MARK_ANCHOR, QUALITY, automatic, sharpen};
use super::said::{FormatWord, MaskWord, Mode, Operation, Said};
use crate::overlay;
use crate::settings::Settings;

/// The operation and options that come closest to a plan; `Err` names what there is no option for. The caller reads them
/// again and compares, so this does not check the order of stages or fields that ImageBoss never sets.
pub(super) fn said(plan: &Plan, source: &str, settings: &Settings) -> Result<Said, String> {
    let mut said = Said::default();
    if plan.output.original {
        said.compression = Some(false);
        return Ok(said);
    }
    said.autorotate = Some(plan.stages.contains(&Stage::Orient(Orient::Exif)));
    for stage in &plan.stages {
        match stage {
            Stage::Orient(_) => {}
            Stage::Extract(Region::Rect { x, y, width, height, .. }) => {
                said.extract =
                    Some([edge(*x)?, edge(*y)?, pixels(*width)?.unwrap_or(0), pixels(*height)?.unwrap_or(0)]);
            }
            Stage::Trim(trim) => said.trim = Some((trim.tolerance.get() * 2.55).round().clamp(1.0, 254.0) as u8),
            Stage::Resize(resize) => size(&mut said, resize)?,
            Stage::Extract(Region::Window { width, height, pad: Some(pad), .. }) => {
                padding(&mut said, *width, *height, *pad)?;
            }
            Stage::Adjust(adjust) => color(&mut said, adjust)?,
            Stage::Filter(Filter::Blur(sigma)) => said.blur = Some(*sigma),
            Stage::Filter(Filter::Sharpen(unsharp)) if *unsharp == sharpen(unsharp.sigma) => {
                said.sharpen = Some(unsharp.sigma);
            }
            Stage::Mask(mask) => said.mask = Some(shape(mask.shape)?),
            Stage::Flatten(Background::Color(color)) => said.fill = Some(*color),
            Stage::Overlay(mark) => watermark(&mut said, mark, source)?,
            _ => return Err(format!("the stage {stage}")),
        }
    }
    said.format = match &plan.output.format {
        FormatRule::Source => None,
        FormatRule::Always(format) => Some(FormatWord::Is(*format)),
        rule if same_offer(rule, &automatic(settings)) => Some(FormatWord::Auto),
        FormatRule::Negotiate { offer, .. } if *offer == [Format::Webp] => {
            said.webp = Some(true);
            None
        }
        FormatRule::Negotiate { .. } => return Err("this list of formats to negotiate".to_owned()),
    };
    said.quality = match plan.output.quality {
        QUALITY => None,
        quality if quality == Quality::all(quality.jpeg) => Some(quality.jpeg),
        _ => return Err("a quality for each format".to_owned()),
    };
    said.progressive = Some(plan.output.progressive);
    said.animation = Some(plan.output.animation);
    Ok(said)
}

fn size(said: &mut Said, resize: &Resize) -> Result<(), String> {
    said.without_enlargement = Some(resize.enlarge != Enlarge::Yes);
    said.operation = match (pixels(resize.width)?, pixels(resize.height)?) {
        (Some(width), None) => Operation::Width(width),
        (None, Some(height)) => Operation::Height(height),
        (Some(width), Some(height)) => {
            let mode = match resize.fit {
                Fit::Cover => mode(said, resize.gravity)?,
                Fit::Contain => Mode::Contain,
                Fit::Inside => Mode::Inside,
                Fit::Stretch => {
                    said.ignore_aspect_ratio = Some(true);
                    Mode::Smart
                }
                Fit::Outside | Fit::CoverOrContain => return Err("this kind of resize".to_owned()),
            };
            Operation::Cover(mode, width, height)
        }
        (None, None) => return Err("a resize without a size".to_owned()),
    };
    said.zoom = Some(resize.zoom).filter(|zoom| *zoom != Fixed::ONE);
    match resize.background {
        Background::Auto => {}
        Background::Color(color) => said.fill = Some(color),
        _ => return Err("padding other than with a colour".to_owned()),
    }
    Ok(())
}

/// Whether two rules offer the same, whatever they fall back to: that is the mask's doing.
fn same_offer(one: &FormatRule, other: &FormatRule) -> bool {
    match (one, other) {
        (FormatRule::Negotiate { offer, .. }, FormatRule::Negotiate { offer: same, .. }) => offer == same,
        _ => false,
    }
}

/// The second half of a `cover:contain` that has work between its halves.
fn padding(said: &mut Said, width: Option<Dim>, height: Option<Dim>, pad: Background) -> Result<(), String> {
    let (Some(width), Some(height)) = (pixels(width)?, pixels(height)?) else {
        return Err("padding on one axis".to_owned());
    };
    said.operation = Operation::Cover(Mode::Contain, width, height);
    match pad {
        Background::Auto => {}
        Background::Color(color) => said.fill = Some(color),
        _ => return Err("padding other than with a colour".to_owned()),
    }
    Ok(())
}

fn color(said: &mut Said, adjust: &Adjust) -> Result<(), String> {
    match *adjust {
        Adjust::Gamma(gamma) => said.gamma = Some(gamma),
        Adjust::Linear { factor, offset } => said.linear = Some((factor, Fixed::new(offset.get() * 255.0))),
        Adjust::Brightness(share) => said.brightness = Some(overlay::percent(share)),
        Adjust::Threshold(least) => said.threshold = Some(least),
        Adjust::Grayscale => said.grayscale = Some(true),
        other => return Err(format!("the stage {other}")),
    }
    Ok(())
}

fn shape(shape: Shape) -> Result<MaskWord, String> {
    match shape {
        Shape::Circle => Ok(MaskWord::Circle),
        Shape::Ellipse => Ok(MaskWord::Ellipse),
        Shape::Corners([Radius::Px(px), ..]) => Ok(MaskWord::Radius(px)),
        Shape::Corners(_) | Shape::Polygon(_) => Err("a mask of this shape".to_owned()),
    }
}

fn watermark(said: &mut Said, mark: &Overlay, source: &str) -> Result<(), String> {
    let (named, asset) = overlay::named(mark)?;
    let Asset::Path(key) = asset else { return Err("an overlay at an absolute URL".to_owned()) };
    let sized = mark.width.is_some() || mark.height.is_some();
    for (is, what) in [
        (said.mark.is_some(), "a second overlay"),
        (named != Some(source), "an overlay that is not from the picture's own source by name"),
        (!overlay::own_stages(mark)?.is_empty(), "an overlay with a transformation of its own"),
        (mark.optional, "an overlay that may be missing"),
        (sized && mark.shrink, "an overlay of a size that shrinks to the picture"),
        (!sized && !mark.shrink, "an overlay in its own size that may be larger than the picture"),
    ] {
        if is {
            return Err(what.to_owned());
        }
    }
    said.mark = Some(key.clone());
    (said.mark_width, said.mark_height) = (pixels(mark.width)?, pixels(mark.height)?);
    said.mark_anchor = Some(mark.anchor).filter(|anchor| *anchor != MARK_ANCHOR);
    let gap = u32::try_from(overlay::gap(mark)?).map_err(|_| "an overlay that hangs over the edge".to_owned())?;
    said.mark_pad = Some(gap).filter(|gap| *gap > 0);
    said.mark_opacity = (mark.opacity != Fixed::ONE).then(|| overlay::percent(mark.opacity));
    Ok(())
}

fn mode(said: &mut Said, gravity: Gravity) -> Result<Mode, String> {
    Ok(match gravity {
        Gravity::Anchor(x, y) => Mode::Anchor(x, y),
        Gravity::Attention => Mode::Attention,
        Gravity::Entropy => Mode::Entropy,
        Gravity::Point(x, y) => {
            (said.focus_x, said.focus_y) = (Some(x), Some(y));
            Mode::Smart
        }
        Gravity::MasterPixel(..) | Gravity::TopLeft(..) | Gravity::Centered(..) | Gravity::Edges => {
            return Err(format!("the gravity {gravity}"));
        }
    })
}

fn pixels(side: Option<Dim>) -> Result<Option<u32>, String> {
    match side {
        Some(Dim::Ratio(_)) => Err("a size as a share of the input".to_owned()),
        Some(Dim::Px(px)) => Ok(Some(px)),
        None => Ok(None),
    }
}

fn edge(side: Option<Dim>) -> Result<u32, String> {
    pixels(side).map(Option::unwrap_or_default)
}
