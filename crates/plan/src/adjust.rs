use std::fmt;

use crate::{Color, Fixed};

/// A change of colour that looks at one pixel at a time (some look at the whole picture once, to learn its range). Values are
/// sRGB, 0 to 1; alpha stays as it is but for [`Adjust::Opacity`]. Results are held within 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Adjust {
    /// Added to each channel, -1 to 1.
    Brightness(Fixed),
    /// Distance from mid-grey (0.5) is multiplied by this factor, at least 0.
    Contrast(Fixed),
    /// Linear light is multiplied by 2 to the power of this many stops, -10 to 10.
    Exposure(Fixed),
    /// Each channel to the power of 1 / this; 0.01 to 100. Above 1 brightens mid-tones.
    Gamma(Fixed),
    /// Bright parts darker (below 0) or brighter, -1 to 1; dark ones keep their values.
    Highlights(Fixed),
    /// Dark parts brighter (above 0) or darker, -1 to 1; bright ones keep their values.
    Shadows(Fixed),
    /// Hue turned by degrees, `0 < degrees < 360` once canonical, luminance kept.
    Hue(Fixed),
    /// Distance from the pixel's own luminance is multiplied by this factor; 0 is grey.
    Saturation(Fixed),
    /// As saturation, by up to this (-1 to 1), the more so the less saturated a pixel is; skin tones are spared.
    Vibrance(Fixed),
    /// The negative.
    Invert,
    /// Luminance alone.
    Grayscale,
    /// The brown of old prints, 0 to 1 of it.
    Sepia(Fixed),
    /// Luminance in shades of one colour; its alpha says how much of it.
    Monochrome(Color),
    /// Luminance on a line from a dark colour to a light one.
    Duotone {
        /// What black becomes.
        dark: Color,
        /// What white becomes.
        light: Color,
        /// 0 (nothing) to 1.
        strength: Fixed,
    },
    /// A colour laid over every pixel that is there; its alpha says how much of it.
    Colorize(Color),
    /// `factor * value + offset`.
    Linear {
        /// The factor.
        factor: Fixed,
        /// The offset, in shares of the full range.
        offset: Fixed,
    },
    /// White where the luminance is at least this (0 to 255), else black.
    Threshold(u8),
    /// Alpha is multiplied by this, 0 to 1.
    Opacity(Fixed),
    /// Values are stretched until the darkest and the brightest of the picture use the whole range.
    Stretch,
    /// Levels, contrast and vibrance as the histogram suggests; mild.
    Enhance,
    /// One colour becomes another, shades kept.
    Replace {
        /// The new colour.
        to: Color,
        /// Largest distance in percent of the full range at which a pixel still counts as the old one, 0 to 100.
        tolerance: Fixed,
        /// The old colour; `None`: the one that most pixels have.
        from: Option<Color>,
    },
}

/// One spelling per meaning; `None` where nothing is changed.
pub(crate) fn canonical(adjust: Adjust) -> Option<Adjust> {
    use Adjust::*;
    let (none, whole) = (Fixed::ZERO, Fixed::ONE);
    let kept = match adjust {
        Brightness(by) => Brightness(by.clamp_to(-1.0, 1.0)),
        Contrast(factor) => Contrast(factor.clamp_to(0.0, 1000.0)),
        Exposure(stops) => Exposure(stops.clamp_to(-10.0, 10.0)),
        Gamma(gamma) => Gamma(gamma.clamp_to(0.01, 100.0)),
        Highlights(by) => Highlights(by.clamp_to(-1.0, 1.0)),
        Shadows(by) => Shadows(by.clamp_to(-1.0, 1.0)),
        Hue(degrees) => Hue(Fixed::new(degrees.get().rem_euclid(360.0))),
        Saturation(factor) => Saturation(factor.clamp_to(0.0, 1000.0)),
        Vibrance(by) => Vibrance(by.clamp_to(-1.0, 1.0)),
        Sepia(strength) => Sepia(strength.clamp_to(0.0, 1.0)),
        Duotone { dark, light, strength } => Duotone { dark, light, strength: strength.clamp_to(0.0, 1.0) },
        Opacity(share) => Opacity(share.clamp_to(0.0, 1.0)),
        Replace { to, tolerance, from } => Replace { to, tolerance: tolerance.clamp_to(0.0, 100.0), from },
        Invert | Grayscale | Monochrome(_) | Colorize(_) | Linear { .. } | Threshold(_) | Stretch | Enhance => adjust,
    };
    let idle = match kept {
        Brightness(v) | Exposure(v) | Highlights(v) | Shadows(v) | Hue(v) | Vibrance(v) | Sepia(v) => v == none,
        Contrast(v) | Gamma(v) | Saturation(v) | Opacity(v) => v == whole,
        Duotone { strength, .. } => strength == none,
        Monochrome(color) | Colorize(color) => color.a == 0,
        Linear { factor, offset } => factor == whole && offset == none,
        Invert | Grayscale | Threshold(_) | Stretch | Enhance | Replace { .. } => false,
    };
    (!idle).then_some(kept)
}

impl fmt::Display for Adjust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Adjust::Brightness(by) => write!(f, "brightness:{by}"),
            Adjust::Contrast(factor) => write!(f, "contrast:{factor}"),
            Adjust::Exposure(stops) => write!(f, "exposure:{stops}"),
            Adjust::Gamma(gamma) => write!(f, "gamma:{gamma}"),
            Adjust::Highlights(by) => write!(f, "highlights:{by}"),
            Adjust::Shadows(by) => write!(f, "shadows:{by}"),
            Adjust::Hue(degrees) => write!(f, "hue:{degrees}"),
            Adjust::Saturation(factor) => write!(f, "saturation:{factor}"),
            Adjust::Vibrance(by) => write!(f, "vibrance:{by}"),
            Adjust::Invert => f.write_str("invert"),
            Adjust::Grayscale => f.write_str("grayscale"),
            Adjust::Sepia(strength) => write!(f, "sepia:{strength}"),
            Adjust::Monochrome(color) => write!(f, "monochrome:{color}"),
            Adjust::Duotone { dark, light, strength } => write!(f, "duotone:{dark},{light},{strength}"),
            Adjust::Colorize(color) => write!(f, "colorize:{color}"),
            Adjust::Linear { factor, offset } => write!(f, "linear:{factor},{offset}"),
            Adjust::Threshold(least) => write!(f, "threshold:{least}"),
            Adjust::Opacity(share) => write!(f, "opacity:{share}"),
            Adjust::Stretch => f.write_str("stretch"),
            Adjust::Enhance => f.write_str("enhance"),
            Adjust::Replace { to, tolerance, from } => {
                write!(f, "replace:{to},tolerance={tolerance}")?;
                from.map_or(Ok(()), |from| write!(f, ",from={from}"))
            }
        }
    }
}
