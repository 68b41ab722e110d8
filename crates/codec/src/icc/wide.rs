//! Colour profiles to sRGB, of 16 bits a sample.

use moxcms::{ColorProfile, Layout, TransformOptions};

use super::{BAND, LONGEST, Samples, changes_something};
use crate::{Cancel, CodecError};

/// Pixels, and the profile that they are still in.
pub(crate) type SettledWide = (Vec<[u16; 4]>, Option<Vec<u8>>);

/// As [`super::settle`]: converts pixels to sRGB, or leaves them and hands the profile out. Of grey, the first three
/// samples are equal.
pub(crate) fn settle_wide(
    mut data: Vec<[u16; 4]>,
    gray: bool,
    profile: Option<&[u8]>,
    keep: bool,
    cancel: &Cancel,
) -> Result<SettledWide, CodecError> {
    let samples = if gray { Samples::Gray } else { Samples::Rgba };
    let Some(profile) = profile.filter(|profile| changes_something(profile, samples)) else { return Ok((data, None)) };
    if keep && !gray {
        return Ok((data, Some(profile.to_vec())));
    }
    let parsed = Some(profile).filter(|p| p.len() <= LONGEST).and_then(|p| ColorProfile::new_from_slice(p).ok());
    if let Some(parsed) = parsed {
        convert_wide(&mut data, gray, &parsed, cancel)?;
    }
    Ok((data, None))
}

/// Converts pixels to sRGB in place.
pub(crate) fn convert_wide(
    data: &mut [[u16; 4]],
    gray: bool,
    profile: &ColorProfile,
    cancel: &Cancel,
) -> Result<(), CodecError> {
    let (from, to) = if gray { (Layout::Gray, Layout::Rgb) } else { (Layout::Rgba, Layout::Rgba) };
    let srgb = ColorProfile::new_srgb();
    let Ok(transform) = profile.create_transform_16bit(from, &srgb, to, TransformOptions::default()) else {
        return Ok(());
    };
    let failed = |e| CodecError::Internal(format!("colour conversion: {e:?}"));
    for band in data.chunks_mut(BAND) {
        cancel.check()?;
        if gray {
            let greys: Vec<u16> = band.iter().map(|pixel| pixel[0]).collect();
            let mut colors = vec![0; 3 * greys.len()];
            transform.transform(&greys, &mut colors).map_err(failed)?;
            for (pixel, color) in band.iter_mut().zip(colors.as_chunks::<3>().0) {
                pixel[..3].copy_from_slice(color);
            }
        } else {
            let before = band.to_vec();
            transform.transform(before.as_flattened(), band.as_flattened_mut()).map_err(failed)?;
        }
    }
    Ok(())
}
