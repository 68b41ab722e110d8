//! What a URL says of its watermarks.

use plan::{Asset, Color, Fixed, Horizontal, Shift, Vertical};

use super::number;
use crate::overlay;
use crate::request::WarningKind;
use crate::text::{bounded, compass, spell_compass};

/// What is said of one watermark, or of all.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::cloudimage) struct Mark {
    /// `wat_url`.
    pub asset: Option<Asset>,
    /// `wat_text`.
    pub text: Option<String>,
    /// `wat_gravity`.
    pub anchor: Option<MarkAnchor>,
    /// `wat_pos`, in percent.
    pub position: Option<(Fixed, Fixed)>,
    /// `wat_pad`, on both axes.
    pub pad: Option<(Shift, Shift)>,
    /// `wat_scale`.
    pub scale: Option<MarkScale>,
    /// `wat_opacity`.
    pub opacity: Option<Fixed>,
    /// `wat_font`.
    pub font: Option<Font>,
    /// `wat_fontsize`.
    pub size: Option<FontSize>,
    /// `wat_color`.
    pub color: Option<Color>,
}

impl Mark {
    /// This one, and what is said of all where it says nothing. A picture or text of its own is the only one.
    pub fn or(&self, all: &Mark) -> Mark {
        let own = self.clone();
        let (asset, text) = match (&self.asset, &self.text) {
            (None, None) => (all.asset.clone(), all.text.clone()),
            _ => (own.asset, own.text),
        };
        Mark {
            asset,
            text,
            anchor: own.anchor.or(all.anchor),
            position: own.position.or(all.position),
            pad: own.pad.or(all.pad),
            scale: own.scale.or(all.scale),
            opacity: own.opacity.or(all.opacity),
            font: own.font.or_else(|| all.font.clone()),
            size: own.size.or(all.size),
            color: own.color.or(all.color),
        }
    }
}

/// `wat_gravity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cloudimage) enum MarkAnchor {
    /// At an edge, a corner or the centre.
    At(Horizontal, Vertical),
    /// The watermark's top left corner at a share of the picture.
    Absolute,
    /// A share of the watermark at the same share of the picture.
    Relative,
}

impl MarkAnchor {
    pub fn read(value: &str) -> Result<MarkAnchor, WarningKind> {
        match value.to_ascii_lowercase().as_str() {
            "absolute" => Ok(MarkAnchor::Absolute),
            "relative" => Ok(MarkAnchor::Relative),
            word => compass(word).map(|(x, y)| MarkAnchor::At(x, y)).ok_or(WarningKind::Invalid),
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            MarkAnchor::At(x, y) => spell_compass((x, y)),
            MarkAnchor::Absolute => "absolute",
            MarkAnchor::Relative => "relative",
        }
    }
}

/// `wat_scale`, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cloudimage) enum MarkScale {
    /// Of its own size.
    Own(Fixed),
    /// Of the picture's width and height: a box that it is fitted into.
    Picture(Fixed, Fixed),
}

impl MarkScale {
    const LEAST: f64 = 0.01;
    const MOST: f64 = 1000.0;

    /// The scale, and whether it had to be brought into range.
    pub fn read(value: &str) -> Result<(MarkScale, bool), WarningKind> {
        let percent = |text: &str| match number(text)? {
            percent if percent > 0.0 => {
                let within = percent.clamp(Self::LEAST, Self::MOST);
                Ok((Fixed::new(within), within != percent))
            }
            _ => Err(WarningKind::Invalid),
        };
        let Some(one) = value.split(',').next().and_then(|x| x.trim().strip_suffix('p')) else {
            let (own, clamped) = percent(value)?;
            return Ok((MarkScale::Own(own), clamped));
        };
        let other = match value.split_once(',') {
            Some((_, y)) => y.trim().strip_suffix('p').ok_or(WarningKind::Invalid)?,
            None => one,
        };
        let ((x, x_clamped), (y, y_clamped)) = (percent(one)?, percent(other)?);
        Ok((MarkScale::Picture(x, y), x_clamped || y_clamped))
    }

    pub fn spell(self) -> String {
        match self {
            MarkScale::Own(percent) => percent.to_string(),
            MarkScale::Picture(x, y) if x == y => format!("{x}p"),
            MarkScale::Picture(x, y) => format!("{x}p,{y}p"),
        }
    }
}

/// `wat_pad`: `X[p][,Y[p]]`, one value for both axes; and whether it had to be brought into range.
pub(in crate::cloudimage) fn pad(value: &str) -> Result<((Shift, Shift), bool), WarningKind> {
    let one = |text: &str| {
        let text = text.trim();
        let (said, most) = match text.strip_suffix('p') {
            Some(percent) => (number(percent)?, 100.0),
            None => (number(text)?.round(), f64::from(overlay::FARTHEST)),
        };
        let within = said.clamp(-most, most);
        let shift = match text.ends_with('p') && within != 0.0 {
            true => Shift::Ratio(overlay::share(Fixed::new(within))),
            false => Shift::Px(within as i32),
        };
        Ok((shift, within != said))
    };
    let (x, y) = value.split_once(',').unwrap_or((value, value));
    let ((x, x_clamped), (y, y_clamped)) = (one(x)?, one(y)?);
    Ok(((x, y), x_clamped || y_clamped))
}

pub(in crate::cloudimage) fn spell_pad((x, y): (Shift, Shift)) -> String {
    let one = |shift: Shift| match shift {
        Shift::Px(px) => px.to_string(),
        Shift::Ratio(share) => format!("{}p", overlay::percent(share)),
    };
    if x == y { one(x) } else { format!("{},{}", one(x), one(y)) }
}

/// `wat_pos` in percent, one value for both axes; and whether it had to be brought into range.
pub(in crate::cloudimage) fn position(value: &str) -> Result<((Fixed, Fixed), bool), WarningKind> {
    let one = |text: &str| {
        let text = text.trim();
        Ok(bounded(number(text.strip_suffix('p').unwrap_or(text))?, -100.0, 100.0))
    };
    let (x, y) = value.split_once(',').unwrap_or((value, value));
    let ((x, x_inside), (y, y_inside)) = (one(x)?, one(y)?);
    Ok(((x, y), x_inside.and(y_inside).is_err()))
}

/// `wat_font`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cloudimage) struct Font {
    /// With spaces.
    pub family: String,
    /// 400, 700 or 900.
    pub weight: u16,
    /// Slanted.
    pub italic: bool,
}

impl Font {
    const MOST: usize = 64;

    /// `DejaVu-Sans-Bold`: the style stands last.
    pub fn read(value: &str) -> Result<Font, WarningKind> {
        let plain = |c: char| c.is_alphanumeric() || " _.-".contains(c);
        if value.len() > Self::MOST || !value.chars().all(plain) {
            return Err(WarningKind::Invalid);
        }
        let mut words: Vec<&str> = value.split(['-', ' ']).filter(|word| !word.is_empty()).collect();
        let (mut weight, mut italic) = (400, false);
        while let Some(last) = words.last().filter(|_| words.len() > 1) {
            match last.to_ascii_lowercase().as_str() {
                "bold" => weight = 700,
                "black" => weight = 900,
                "italic" | "oblique" => italic = true,
                "roman" | "regular" => {}
                _ => break,
            }
            words.pop();
        }
        if words.is_empty() { Err(WarningKind::Invalid) } else { Ok(Font { family: words.join(" "), weight, italic }) }
    }

    pub fn spell(&self) -> String {
        let weight = match self.weight {
            900 => "-Black",
            700 => "-Bold",
            _ => "",
        };
        format!("{}{weight}{}", self.family.replace(' ', "-"), if self.italic { "-Italic" } else { "" })
    }
}

/// `wat_fontsize` in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cloudimage) struct FontSize {
    pub pixels: Fixed,
    /// `max`: smaller where the text would be wider than the picture.
    pub shrinks: bool,
}

impl FontSize {
    /// Without `wat_fontsize`.
    pub const DEFAULT: f64 = 16.0;

    /// The size, and whether it had to be brought into range.
    pub fn read(value: &str) -> Result<(FontSize, bool), WarningKind> {
        let value = value.to_ascii_lowercase();
        let (digits, shrinks) = match value.strip_suffix("max") {
            Some(digits) => (digits, true),
            None => (value.strip_suffix("px").unwrap_or(&value), false),
        };
        let pixels = number(digits)?;
        if pixels <= 0.0 {
            return Err(WarningKind::Invalid);
        }
        let within = Self::hold(pixels);
        Ok((FontSize { pixels: within, shrinks }, within != Fixed::new(pixels)))
    }

    /// Within what letters can have.
    pub fn hold(pixels: f64) -> Fixed {
        Fixed::new(pixels).clamp_to(1.0, 2000.0)
    }

    pub fn spell(self) -> String {
        format!("{}{}", self.pixels, if self.shrinks { "max" } else { "" })
    }
}
