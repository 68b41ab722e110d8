//! Colour profiles (ICC.1) to sRGB.

mod wide;

use moxcms::{ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, TransformOptions};
use std::sync::Arc;

use crate::{Cancel, Channels, CodecError, Picture};
pub(crate) use wide::{convert_wide, settle_wide};

/// A profile longer than this is ignored. Press profiles are 0.5 to 2 MB.
const LONGEST: usize = 8 << 20;
/// Pixels converted between two looks at the clock.
const BAND: usize = 1 << 16;

/// What the samples of a picture are before conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Samples {
    /// One of grey.
    Gray,
    /// Three.
    Rgb,
    /// Three and straight alpha.
    Rgba,
    /// Four; 255 is full ink.
    Cmyk,
}

impl Samples {
    fn count(self) -> usize {
        match self {
            Samples::Gray => 1,
            Samples::Rgb => 3,
            Samples::Rgba | Samples::Cmyk => 4,
        }
    }

    fn space(self) -> DataColorSpace {
        match self {
            Samples::Gray => DataColorSpace::Gray,
            Samples::Rgb | Samples::Rgba => DataColorSpace::Rgb,
            Samples::Cmyk => DataColorSpace::Cmyk,
        }
    }

    fn layouts(self) -> (Layout, Layout) {
        match self {
            Samples::Gray => (Layout::Gray, Layout::Rgb),
            Samples::Rgb => (Layout::Rgb, Layout::Rgb),
            Samples::Rgba => (Layout::Rgba, Layout::Rgba),
            // The colour engine takes the four inks where it takes four samples.
            Samples::Cmyk => (Layout::Rgba, Layout::Rgb),
        }
    }

    /// The layout after conversion.
    fn output(self) -> Channels {
        match self {
            Samples::Rgba => Channels::Rgba,
            Samples::Gray | Samples::Rgb | Samples::Cmyk => Channels::Rgb,
        }
    }
}

/// Whether a profile is one of grey: those need the grey samples, not RGB made of them.
pub(crate) fn is_gray(profile: &[u8]) -> bool {
    profile.get(16..20) == Some(b"GRAY")
}

/// Converts samples to sRGB. A profile that is broken, of another colour space, or sRGB itself, changes nothing but the
/// layout.
pub(crate) fn to_srgb(
    data: Vec<u8>,
    samples: Samples,
    profile: Option<&[u8]>,
    cancel: &Cancel,
) -> Result<Vec<u8>, CodecError> {
    let parsed = profile.filter(|p| p.len() <= LONGEST).and_then(|p| ColorProfile::new_from_slice(p).ok());
    convert(data, samples, parsed.as_ref(), cancel)
}

/// A profile of sRGB, for files that are to say so.
pub fn srgb_profile() -> Vec<u8> {
    ColorProfile::new_srgb().encode().unwrap_or_default()
}

/// A profile of Adobe RGB (1998).
pub fn adobe_rgb_profile() -> Vec<u8> {
    ColorProfile::new_adobe_rgb().encode().unwrap_or_default()
}

/// Converts a picture of sRGB to Adobe RGB (1998), in place; alpha stays.
///
/// # Errors
/// [`CodecError::Cancelled`], [`CodecError::TimedOut`]; [`CodecError::Internal`] should the colour engine fail.
pub fn to_adobe_rgb(picture: &mut Picture, cancel: &Cancel) -> Result<(), CodecError> {
    let samples = if picture.channels() == Channels::Rgba { Samples::Rgba } else { Samples::Rgb };
    let (from, to) = samples.layouts();
    let adobe = ColorProfile::new_adobe_rgb();
    let transform = ColorProfile::new_srgb()
        .create_transform_8bit(from, &adobe, to, TransformOptions::default())
        .map_err(|e| CodecError::Internal(format!("colour conversion: {e:?}")))?;
    for frame in &mut picture.frames {
        let data = std::mem::take(&mut frame.pixels.data);
        frame.pixels.data = apply(data, samples, &*transform, cancel)?;
    }
    Ok(())
}

/// Samples, their layout, and the profile that they are still in.
pub(crate) type Settled = (Vec<u8>, Channels, Option<Vec<u8>>);

/// As [`to_srgb`], or untouched with the profile to hand out: where that is asked for, the samples are RGB, and the profile
/// would change something.
pub(crate) fn settle(
    data: Vec<u8>,
    samples: Samples,
    profile: Option<&[u8]>,
    keep: bool,
    cancel: &Cancel,
) -> Result<(Vec<u8>, Option<Vec<u8>>), CodecError> {
    match profile {
        Some(profile)
            if keep && matches!(samples, Samples::Rgb | Samples::Rgba) && changes_something(profile, samples) =>
        {
            Ok((data, Some(profile.to_vec())))
        }
        profile => Ok((to_srgb(data, samples, profile, cancel)?, None)),
    }
}

/// As [`to_srgb`], from a profile that is parsed or made.
pub(crate) fn convert(
    data: Vec<u8>,
    samples: Samples,
    profile: Option<&ColorProfile>,
    cancel: &Cancel,
) -> Result<Vec<u8>, CodecError> {
    match profile.and_then(|p| transform(p, samples)) {
        Some(transform) => apply(data, samples, &*transform, cancel),
        None => Ok(without_profile(data, samples)),
    }
}

/// Whether [`to_srgb`] would change anything for a profile but the layout.
pub(crate) fn changes_something(profile: &[u8], samples: Samples) -> bool {
    let parsed = Some(profile).filter(|p| p.len() <= LONGEST).and_then(|p| ColorProfile::new_from_slice(p).ok());
    parsed.is_some_and(|profile| transform(&profile, samples).is_some())
}

fn transform(profile: &ColorProfile, samples: Samples) -> Option<Arc<Transform8BitExecutor>> {
    if profile.color_space != samples.space() {
        return None;
    }
    let (from, to) = samples.layouts();
    let transform =
        profile.create_transform_8bit(from, &ColorProfile::new_srgb(), to, TransformOptions::default()).ok()?;
    (!changes_nothing(&*transform, samples)).then_some(transform)
}

/// Tries a grid of colours: most profiles are sRGB under one of a hundred names.
fn changes_nothing(transform: &Transform8BitExecutor, samples: Samples) -> bool {
    const STEPS: [u8; 6] = [0, 51, 102, 153, 204, 255];
    let mut grid = Vec::new();
    match samples {
        Samples::Cmyk => return false,
        Samples::Gray => grid.extend(STEPS),
        Samples::Rgb | Samples::Rgba => {
            for (r, g, b) in STEPS.iter().flat_map(|r| STEPS.iter().flat_map(move |g| STEPS.map(|b| (*r, *g, b)))) {
                grid.extend([r, g, b]);
                if samples == Samples::Rgba {
                    grid.push(255);
                }
            }
        }
    }
    let mut after = vec![0; grid.len() / samples.count() * samples.output().count()];
    if transform.transform(&grid, &mut after).is_err() {
        return true;
    }
    let before = without_profile(grid, samples);
    before.iter().zip(&after).all(|(a, b)| a.abs_diff(*b) <= 1)
}

fn apply(
    mut data: Vec<u8>,
    samples: Samples,
    transform: &Transform8BitExecutor,
    cancel: &Cancel,
) -> Result<Vec<u8>, CodecError> {
    let failed = |e| CodecError::Internal(format!("colour conversion: {e:?}"));
    let (from, to) = (samples.count(), samples.output().count());
    if from == to {
        let mut scratch = vec![0; data.len().min(BAND * from)];
        for band in data.chunks_mut(BAND * from) {
            cancel.check()?;
            let scratch = &mut scratch[..band.len()];
            scratch.copy_from_slice(band);
            transform.transform(scratch, band).map_err(failed)?;
        }
        return Ok(data);
    }
    let mut out = vec![0; data.len() / from * to];
    for (band, out) in data.chunks(BAND * from).zip(out.chunks_mut(BAND * to)) {
        cancel.check()?;
        transform.transform(band, out).map_err(failed)?;
    }
    Ok(out)
}

/// The plain conversions: grey to three equal samples, inks as if they were perfect.
fn without_profile(data: Vec<u8>, samples: Samples) -> Vec<u8> {
    match samples {
        Samples::Rgb | Samples::Rgba => data,
        Samples::Gray => data.into_iter().flat_map(|v| [v; 3]).collect(),
        Samples::Cmyk => {
            let light = |ink: u8, black: u8| {
                let product = u32::from(255 - ink) * u32::from(255 - black);
                ((product + 127) / 255) as u8
            };
            let mut out = Vec::with_capacity(data.len() / 4 * 3);
            for p in data.chunks_exact(4) {
                out.extend([light(p[0], p[3]), light(p[1], p[3]), light(p[2], p[3])]);
            }
            out
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn srgb_and_broken_profiles_change_nothing() {
        let srgb = ColorProfile::new_srgb().encode().unwrap();
        let data: Vec<u8> = (0..=255).collect::<Vec<u8>>()[..255].to_vec();
        for profile in [&srgb[..], &srgb[..200], b"", b"nonsense"] {
            assert_eq!(to_srgb(data.clone(), Samples::Rgb, Some(profile), &Cancel::never()).unwrap(), data);
        }
    }

    #[test]
    fn a_wide_profile_is_converted() {
        let p3 = ColorProfile::new_display_p3().encode().unwrap();
        let red = to_srgb(vec![200, 50, 50], Samples::Rgb, Some(&p3), &Cancel::never()).unwrap();
        assert!(red[0] > 212 && red[1] < 48, "{red:?}");
        let with_alpha = to_srgb(vec![200, 50, 50, 7], Samples::Rgba, Some(&p3), &Cancel::never()).unwrap();
        assert_eq!(with_alpha[3], 7);
        assert!(with_alpha[0].abs_diff(red[0]) <= 1);
    }

    #[test]
    fn a_gray_profile_is_converted() {
        let linear = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
        assert!(is_gray(&linear));
        let out = to_srgb(vec![55], Samples::Gray, Some(&linear), &Cancel::never()).unwrap();
        assert!(out[0].abs_diff(128) <= 3 && out[0] == out[1] && out[1] == out[2], "{out:?}");
        assert_eq!(to_srgb(vec![55], Samples::Gray, None, &Cancel::never()).unwrap(), [55; 3]);
    }

    #[test]
    fn a_profile_of_another_space_is_ignored() {
        let gray = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
        assert_eq!(to_srgb(vec![9, 8, 7], Samples::Rgb, Some(&gray), &Cancel::never()).unwrap(), [9, 8, 7]);
    }

    #[test]
    fn inks_without_a_profile() {
        for (inks, want) in [
            ([0, 0, 0, 0], [255, 255, 255]),
            ([0, 0, 0, 255], [0, 0, 0]),
            ([255, 0, 0, 0], [0, 255, 255]),
            ([0, 255, 255, 127], [128, 0, 0]),
        ] {
            assert_eq!(to_srgb(inks.to_vec(), Samples::Cmyk, None, &Cancel::never()).unwrap(), want);
        }
    }

    #[test]
    fn damaged_profiles_never_panic() {
        let good = ColorProfile::new_display_p3().encode().unwrap();
        let mut seed = 7u64;
        for _ in 0..2000 {
            let mut bad = good.clone();
            for _ in 0..4 {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let at = (seed >> 33) as usize % bad.len();
                bad[at] = (seed >> 20) as u8;
            }
            let _ = to_srgb(vec![1, 2, 3], Samples::Rgb, Some(&bad), &Cancel::never());
        }
    }
}
