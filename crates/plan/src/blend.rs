use std::fmt;

use crate::Fixed;

/// How an overlay and the picture below make one picture. The first sixteen are the blend modes of W3C Compositing and
/// Blending Level 1, mixed in sRGB with source-over; the others change what of the picture below is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)]
pub enum Blend {
    #[default]
    Normal,
    Multiply,
    Screen,
    Overlay,
    Darken,
    Lighten,
    ColorDodge,
    ColorBurn,
    HardLight,
    SoftLight,
    Difference,
    Exclusion,
    Hue,
    Saturation,
    Color,
    Luminosity,
    /// The picture below stays where the overlay is opaque, and nowhere else.
    Cutter,
    /// The picture below goes where the overlay is opaque.
    Cutout,
    /// The picture below stays by the overlay's luminance times its alpha; outside of the overlay it goes.
    Mask,
    /// Pixels below are moved by the overlay: red (128 = not at all) by up to so many pixels to the right, green down.
    Displace {
        x: Fixed,
        y: Fixed,
    },
}

impl Blend {
    /// Every mode that has no numbers.
    pub const PLAIN: [Blend; 19] = [
        Blend::Normal,
        Blend::Multiply,
        Blend::Screen,
        Blend::Overlay,
        Blend::Darken,
        Blend::Lighten,
        Blend::ColorDodge,
        Blend::ColorBurn,
        Blend::HardLight,
        Blend::SoftLight,
        Blend::Difference,
        Blend::Exclusion,
        Blend::Hue,
        Blend::Saturation,
        Blend::Color,
        Blend::Luminosity,
        Blend::Cutter,
        Blend::Cutout,
        Blend::Mask,
    ];

    /// Stable lower-case name, CSS's where CSS has one.
    pub const fn name(self) -> &'static str {
        match self {
            Blend::Normal => "normal",
            Blend::Multiply => "multiply",
            Blend::Screen => "screen",
            Blend::Overlay => "overlay",
            Blend::Darken => "darken",
            Blend::Lighten => "lighten",
            Blend::ColorDodge => "color-dodge",
            Blend::ColorBurn => "color-burn",
            Blend::HardLight => "hard-light",
            Blend::SoftLight => "soft-light",
            Blend::Difference => "difference",
            Blend::Exclusion => "exclusion",
            Blend::Hue => "hue",
            Blend::Saturation => "saturation",
            Blend::Color => "color",
            Blend::Luminosity => "luminosity",
            Blend::Cutter => "cutter",
            Blend::Cutout => "cutout",
            Blend::Mask => "mask",
            Blend::Displace { .. } => "displace",
        }
    }

    /// Whether the result may be transparent where the picture below was not.
    pub const fn clears(self) -> bool {
        matches!(self, Blend::Cutter | Blend::Cutout | Blend::Mask)
    }
}

impl fmt::Display for Blend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Blend::Displace { x, y } => write!(f, "displace({x} {y})"),
            plain => f.write_str(plain.name()),
        }
    }
}
