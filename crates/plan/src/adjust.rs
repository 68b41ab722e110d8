use std::fmt;

use crate::{Color, Fixed};

/// A change of colour that looks at one pixel at a time (some look at the whole picture once, to learn its range).
///
/// In the formulas `v` is a channel, sRGB as it is coded, 0 to 1, and `Y` the luminance of such values:
/// `0.2126 R + 0.7152 G + 0.0722 B` (ITU-R BT.709). Results are held within 0 to 1 and rounded to bytes after each change.
/// Alpha stays as it is but for [`Adjust::Opacity`]; what colour a fully transparent pixel has does not matter. Those that
/// look at the picture weigh pixels by alpha, and look at all frames of an animation, which so keeps one look.
///
/// Where the W3C's Filter Effects Module Level 1 has a function of the name, it is that function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Adjust {
    /// `v + this`, -1 to 1.
    Brightness(Fixed),
    /// `0.5 + this * (v - 0.5)`, at least 0. As `contrast()` of Filter Effects.
    Contrast(Fixed),
    /// Linear light (IEC 61966-2-1) is multiplied by 2 to the power of this many stops, -10 to 10.
    Exposure(Fixed),
    /// `v` to the power of `1 / this`; 0.01 to 100. Above 1 brightens mid-tones.
    Gamma(Fixed),
    /// Bright parts darker (below 0) or brighter, -1 to 1; black, white and dark parts keep their values. All channels are
    /// multiplied so that `Y` becomes `Y + k * Y^3 * (1 - Y)`: hue and saturation stay. `k` is this, or twice this where
    /// it is below 0.
    Highlights(Fixed),
    /// Dark parts brighter (above 0) or darker, -1 to 1; black, white and bright parts keep their values. As
    /// [`Adjust::Highlights`], mirrored: `Y + k * Y * (1 - Y)^3`, `k` being this, or twice this where it is above 0.
    Shadows(Fixed),
    /// Hue turned by degrees, `0 < degrees < 360` once canonical, luminance kept. As `hue-rotate()` of Filter Effects.
    Hue(Fixed),
    /// `Y + this * (v - Y)`, 0 to 1000; 0 is grey. As `saturate()` of Filter Effects.
    Saturation(Fixed),
    /// `Y + f * (v - Y)` with `f = 1 + this * (1 - c) * (1 - 0.7 s)`, -1 to 1: `c` is the distance between the largest and
    /// the smallest channel, so that what is vivid stays; `s` is how much the hue is that of skin: 1 at 24 degrees between
    /// red (0) and yellow (60), falling to 0 at 0 and 48.
    Vibrance(Fixed),
    /// `1 - v`. As `invert()` of Filter Effects.
    Invert,
    /// `Y`. As `grayscale()` of Filter Effects.
    Grayscale,
    /// The brown of old prints, 0 to 1 of it. As `sepia()` of Filter Effects.
    Sepia(Fixed),
    /// `Y * color`: luminance in shades of one colour; its alpha says how much of that is mixed with the pixel.
    Monochrome(Color),
    /// `dark + Y * (light - dark)`: luminance on a line from one colour to another, whose alpha is not looked at.
    Duotone {
        /// What black becomes.
        dark: Color,
        /// What white becomes.
        light: Color,
        /// How much of it is mixed with the pixel: 0 (nothing) to 1.
        strength: Fixed,
    },
    /// `v + alpha * (color - v)`: a colour laid over every pixel that is there; its alpha says how much of it.
    Colorize(Color),
    /// `factor * v + offset`.
    Linear {
        /// The factor.
        factor: Fixed,
        /// The offset, in shares of the full range.
        offset: Fixed,
    },
    /// White where the luminance is at least this (0 to 255), else black.
    Threshold(u8),
    /// Alpha is multiplied by this, 0 to 1. An output without alpha shows the picture faded towards white.
    Opacity(Fixed),
    /// `(v - low) / (high - low)`, `low` and `high` being the luminances that the darkest and the brightest hundredth of
    /// the picture reach: the same for all channels, so that a grey stays a grey. A picture of one luminance stays.
    Stretch,
    /// As the histogram of the luminance suggests; mild, and never the wrong way round. In this order: levels from the
    /// darkest and to the brightest 0.5 percent, but not from above 0.1 or to below 0.8; a gamma that draws the median 35
    /// percent of the way to 0.45, with an exponent of 0.7 to 1.25; an S-curve, `v + c * (3 v^2 - 2 v^3 - v)`, with
    /// `c = 0.5 * (1 - d / 0.28)`, at least 0, for a standard deviation `d` of what there is by then; [`Adjust::Vibrance`]
    /// of 0.2.
    Enhance,
    /// One colour becomes another, shades kept: `v` becomes `to + Y - Y(from)`, as far as `to` is opaque. Near the end of
    /// the tolerance (its last quarter) less and less of it, so that soft edges stay soft.
    Replace {
        /// The new colour.
        to: Color,
        /// Largest distance in percent of the full range at which a pixel still counts as the old one, 0 to 100: the root
        /// of the mean of the squared differences of the channels.
        tolerance: Fixed,
        /// The old colour; `None`: the one that most pixels have, which is the mean of the fullest of 4096 equal cells of
        /// the colour cube.
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
