//! From a plan back to what a URL would say.

use plan::{Background, Dim, Enlarge, Fit, Fixed, FormatRule, Gravity, Orient, Plan, Quality, Region, Resize, Stage};

use super::meaning::{QUALITY, automatic};
use super::said::{FormatWord, Mode, Operation, Said};
use crate::request::Settings;

/// The operation and options that come closest to a plan; `Err` names what there is no option for. The caller reads them
/// again and compares, so this does not check the order of stages or fields that ImageBoss never sets.
pub(super) fn said(plan: &Plan, settings: &Settings) -> Result<Said, String> {
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
            Stage::Flatten(color) => said.fill = Some(*color),
            Stage::Extract(_)
            | Stage::Flip { .. }
            | Stage::Rotate { .. }
            | Stage::Straighten { .. }
            | Stage::Pad(_)
            | Stage::Overlay(_) => return Err(format!("the stage {stage}")),
        }
    }
    said.format = match &plan.output.format {
        FormatRule::Source => None,
        FormatRule::Always(format) => Some(FormatWord::Is(*format)),
        rule if *rule == automatic(settings) => Some(FormatWord::Auto),
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
        Background::Blur | Background::Edge => return Err("padding other than with a colour".to_owned()),
    }
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
