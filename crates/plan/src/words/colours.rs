//! Changes of colour.

use super::{absolute, color, percent};
use crate::{Adjust, Fixed};

pub(super) fn adjusted(adjust: &Adjust) -> String {
    match *adjust {
        Adjust::Brightness(by) => format!("made {} by {}", or(by, "brighter", "darker"), percent(absolute(by))),
        Adjust::Contrast(factor) => format!("contrast multiplied by {factor}"),
        Adjust::Exposure(stops) => {
            format!("exposed {} stops {}", absolute(stops), or(stops, "longer", "shorter"))
        }
        Adjust::Gamma(gamma) => format!("gamma of {gamma} applied"),
        Adjust::Highlights(by) => {
            format!("bright parts made {} by {}", or(by, "brighter", "darker"), percent(absolute(by)))
        }
        Adjust::Shadows(by) => format!("dark parts made {} by {}", or(by, "brighter", "darker"), percent(absolute(by))),
        Adjust::Hue(degrees) => format!("hues turned by {degrees}°"),
        Adjust::Saturation(Fixed::ZERO) | Adjust::Grayscale => "made grey".to_owned(),
        Adjust::Saturation(factor) => format!("saturation multiplied by {factor}"),
        Adjust::Vibrance(by) => {
            format!("pale colours made {} by {}", or(by, "stronger", "weaker"), percent(absolute(by)))
        }
        Adjust::Invert => "colours inverted".to_owned(),
        Adjust::Sepia(Fixed::ONE) => "toned in sepia".to_owned(),
        Adjust::Sepia(share) => format!("toned in sepia by {}", percent(share)),
        Adjust::Monochrome(of) => format!("shown in shades of {}", color(of)),
        Adjust::Duotone { dark, light, strength } => {
            let share = if strength == Fixed::ONE { String::new() } else { format!(" by {}", percent(strength)) };
            format!("shown in shades from {} to {}{share}", color(dark), color(light))
        }
        Adjust::Colorize(of) => format!("tinted with {}", color(of)),
        Adjust::Linear { factor, offset } => {
            let sign = or(offset, "plus", "minus");
            format!("values multiplied by {factor}, {sign} {}", percent(absolute(offset)))
        }
        Adjust::Threshold(least) => format!("made black and white, white from {least} of 255"),
        Adjust::Opacity(share) => format!("made {} opaque", percent(share)),
        Adjust::Stretch => "contrast stretched to the full range".to_owned(),
        Adjust::Enhance => "light and colours enhanced automatically".to_owned(),
        Adjust::Replace { to, tolerance, from } => {
            let from = from.map_or_else(|| "its main colour".to_owned(), color);
            format!("{from} replaced by {} (with a tolerance of {tolerance}%)", color(to))
        }
    }
}

fn or(by: Fixed, more: &'static str, less: &'static str) -> &'static str {
    if by < Fixed::ZERO { less } else { more }
}
