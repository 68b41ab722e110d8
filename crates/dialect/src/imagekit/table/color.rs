//! Colours, and what fills the canvas.

use plan::Color;

use crate::imagekit::said::Fill;
use crate::request::WarningKind;
use crate::text;

/// `bg`.
pub(in crate::imagekit) fn fill(value: &str) -> Result<Fill, WarningKind> {
    match value {
        "dominant" => return Ok(Fill::Dominant),
        "gradient_dominant" | "gradient_dominant_2" => return Ok(Fill::Gradient(2)),
        "gradient_dominant_4" => return Ok(Fill::Gradient(4)),
        "genfill" => return Err(WarningKind::Unsupported),
        _ if value.starts_with("genfill-") => return Err(WarningKind::Unsupported),
        _ => {}
    }
    if let Some(rest) = value.strip_prefix("blurred")
        && (rest.is_empty() || rest.starts_with('_'))
    {
        return blurred(rest);
    }
    color(value).map(Fill::Color).ok_or(WarningKind::Invalid)
}

/// What follows `blurred`: `_<intensity>`, then `_<brightness>`.
fn blurred(rest: &str) -> Result<Fill, WarningKind> {
    let mut parts = rest.split('_').skip(1);
    let intensity = match parts.next() {
        None | Some("auto") => None,
        Some(said) => match text::whole(said).and_then(|n| u8::try_from(n).ok()) {
            Some(n @ 1..=100) => Some(n),
            _ => return Err(WarningKind::Invalid),
        },
    };
    let brightness = match parts.next() {
        None => 0,
        Some(said) => {
            let (sign, digits) = said.strip_prefix(['N', '-']).map_or((1, said), |digits| (-1, digits));
            match text::whole(digits).and_then(|n| i16::try_from(n).ok()) {
                Some(n @ 0..=255) => sign * n,
                _ => return Err(WarningKind::Invalid),
            }
        }
    };
    if parts.next().is_some() { Err(WarningKind::Invalid) } else { Ok(Fill::Blurred { intensity, brightness }) }
}

/// Eight characters end in a decimal opacity in percent; only where those two are not digits are they a hex byte.
pub(in crate::imagekit) fn color(value: &str) -> Option<Color> {
    if let Some(color) = Color::from_hex(value).or_else(|| Color::from_css_name(value)) {
        return Some(color);
    }
    let (rgb, opacity) = (value.get(..6)?, value.get(6..8).filter(|_| value.len() == 8)?);
    let alpha = match text::whole(opacity) {
        Some(percent) => alpha_of(percent),
        None if opacity.bytes().all(|b| b.is_ascii_hexdigit()) => u8::from_str_radix(opacity, 16).ok()?,
        None => return None,
    };
    Color::from_hex(rgb).map(|color| color.with_alpha(alpha))
}

/// An opacity in percent as alpha.
pub(in crate::imagekit) fn alpha_of(percent: u32) -> u8 {
    u8::try_from((percent * 255 + 50) / 100).unwrap_or(u8::MAX)
}

/// The other way, where a whole percentage gives this alpha.
pub(in crate::imagekit) fn percent_of(alpha: u8) -> Option<u8> {
    (0..=100).find(|percent| alpha_of((*percent).into()) == alpha)
}

/// `None` where no opacity that can be written gives this alpha.
pub(in crate::imagekit) fn spell_color(color: Color) -> Option<String> {
    let rgb = format!("{:02x}{:02x}{:02x}", color.r, color.g, color.b);
    if color.a == 255 {
        return Some(rgb);
    }
    let percent = percent_of(color.a).map(|percent| format!("{percent:02}"));
    let byte = Some(format!("{:02x}", color.a)).filter(|byte| text::whole(byte).is_none());
    percent.or(byte).map(|alpha| rgb + &alpha)
}

pub(in crate::imagekit) fn spell_fill(fill: &Fill) -> Option<String> {
    match *fill {
        Fill::Color(color) => spell_color(color),
        Fill::Dominant => Some("dominant".to_owned()),
        Fill::Gradient(4) => Some("gradient_dominant_4".to_owned()),
        Fill::Gradient(_) => Some("gradient_dominant".to_owned()),
        Fill::Blurred { intensity: None, brightness: 0 } => Some("blurred".to_owned()),
        Fill::Blurred { intensity, brightness } => {
            let intensity = intensity.map_or("auto".to_owned(), |n| n.to_string());
            let brightness = if brightness == 0 { String::new() } else { format!("_{brightness}").replace('-', "N") };
            Some(format!("blurred_{intensity}{brightness}"))
        }
    }
}
