//! JPEG straight to planes of n/8 of its size, by our own decoder.

use jpeg::{Color, Jpeg, Options, Scale};

use super::info;
use super::markers::Markers;
use crate::planar::{Chroma, ChromaSize, Planar, Plane};
use crate::{Budget, Cancel, CodecError, Info, icc, limits};

/// Scans of a progressive file that refine steps smaller than this are not read where the picture is shrunk to half or less:
/// measured at 2/8, 51 dB from reading all, in a quarter of the time.
const FINE_STEP: u32 = 8;

/// Decodes to the smallest eighths that leave both sides at least as long as asked. `None` for files, and sizes, that the
/// other decoder serves better.
pub(crate) fn decode(
    bytes: &[u8],
    at_least: (u32, u32),
    chroma: ChromaSize,
    budget: &Budget,
    cancel: &Cancel,
) -> Result<Option<(Planar, Info)>, CodecError> {
    let markers = Markers::read(bytes)?;
    let info = info(&markers, budget)?;
    let Ok(file) = Jpeg::read(bytes) else { return Ok(None) };
    if (file.width(), file.height()) != (info.width, info.height) {
        return Ok(None);
    }
    let Some(scales) = scales(&file, at_least, chroma) else { return Ok(None) };
    let profile = markers.profile();
    if profile.as_deref().is_some_and(|profile| icc::is_gray(profile) != (file.color() == Color::Gray)) {
        return Ok(None);
    }
    let Ok(held) = file.decode_bytes(&scales) else { return Ok(None) };
    limits::memory(held, budget)?;
    let options = Options { drop_refinements_below: if scales[0] <= Scale::HALF { FINE_STEP } else { 0 } };
    let planes = match file.decode_with(&scales, &options, &mut || cancel.check().is_err()) {
        Ok(planes) => planes,
        Err(jpeg::Error::Truncated(_)) => {
            return Err(CodecError::Truncated("the JPEG ends before its last pixel".into()));
        }
        // Odd, or damaged: what the other decoder makes of it counts.
        Err(jpeg::Error::Corrupt(_) | jpeg::Error::Unsupported(_)) => return Ok(None),
        Err(jpeg::Error::Cancelled) => {
            cancel.check()?;
            return Err(CodecError::Cancelled);
        }
    };
    let mut planes = planes.into_iter().map(plane);
    let Some(luma) = planes.next() else { return Ok(None) };
    let chroma = match (planes.next(), planes.next()) {
        (Some(blue), Some(red)) => {
            let ratio = |factor: u8, most: u8, eighths: u8| {
                f64::from(factor) * f64::from(eighths) / (f64::from(most) * f64::from(scales[0].eighths()))
            };
            let (light, color) = (&file.components()[0], &file.components()[1]);
            let eighths = scales[1].eighths();
            let across = ratio(color.horizontal, light.horizontal, eighths);
            Some(Chroma { blue, red, ratio: (across, ratio(color.vertical, light.vertical, eighths)) })
        }
        _ => None,
    };
    let samples = if chroma.is_some() { icc::Samples::Rgb } else { icc::Samples::Gray };
    let profile = profile.filter(|profile| icc::changes_something(profile, samples));
    if profile.is_some() && chroma.is_none() {
        return Ok(None);
    }
    Ok(Some((Planar { luma, chroma, profile }, info)))
}

/// One for each component; `None` where the colours are not those of a [`Planar`].
///
/// 1/8 is a mean over boxes, which folds what is finer; for lightness it is taken only where the filter that follows takes half of
/// it away again. Measured at 1/10: a point of SSIMULACRA2 at equal size for 6 ms in 30.
fn scales(file: &Jpeg<'_>, (width, height): (u32, u32), chroma: ChromaSize) -> Option<Vec<Scale>> {
    let eighths = |from: u8, width_of: u32, height_of: u32, width: u32, height: u32| {
        let serves = |scale: &Scale| scale.of(width_of) >= width && scale.of(height_of) >= height;
        (from..=8).filter_map(Scale::new).find(serves).unwrap_or(Scale::FULL)
    };
    let plenty = Scale::EIGHTH.of(file.width()) >= width / 2 * 3 && Scale::EIGHTH.of(file.height()) >= height / 2 * 3;
    let luma = eighths(if plenty { 1 } else { 2 }, file.width(), file.height(), width, height);
    match (file.color(), file.components()) {
        (Color::Gray, [_]) => Some(vec![luma]),
        (Color::YCbCr, [light, blue, red]) => {
            // Lightness in full, and colour alike: anything else is too rare to be worth the thought.
            let full = (light.width, light.height) == (file.width(), file.height());
            if !full || (blue.horizontal, blue.vertical) != (red.horizontal, red.vertical) {
                return None;
            }
            let color = eighths(1, blue.width, blue.height, chroma.of(width), chroma.of(height));
            Some(vec![luma, color, color])
        }
        _ => None,
    }
}

fn plane(plane: jpeg::Plane) -> Plane {
    let jpeg::Plane { width, height, stride, data } = plane;
    Plane { width, height, stride, data }
}
