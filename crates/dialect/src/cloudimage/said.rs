//! What a Cloudimage URL says, parameter by parameter, and the readers of single values.

use plan::{Asset, Color, Fixed, Format, Horizontal, Shift, Vertical};

use crate::request::WarningKind;
use crate::{overlay, text};

/// The literal parameters of one URL, before they mean anything together.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Said {
    /// `w`, in pixels.
    pub width: Option<u32>,
    /// `h`, in pixels.
    pub height: Option<u32>,
    /// `func`.
    pub func: Option<Func>,
    /// `gravity`.
    pub gravity: Option<Place>,
    /// `aspect_ratio`.
    pub aspect: Option<Ratio>,
    /// `org_if_sml`.
    pub original_if_smaller: bool,
    /// `fit_enlarge`.
    pub fit_enlarge: bool,
    /// `tl_px`.
    pub top_left: Option<(u32, u32)>,
    /// `br_px`.
    pub bottom_right: Option<(u32, u32)>,
    /// `dpr`.
    pub dpr: Option<Fixed>,
    /// `flip`: horizontal, vertical.
    pub flip: (bool, bool),
    /// `r`, counter-clockwise degrees.
    pub rotate: Option<Fixed>,
    /// `trim`, tolerance in percent.
    pub trim: Option<Fixed>,
    /// `bg_color`.
    pub background: Option<Color>,
    /// `bg_img_fit`.
    pub background_image: bool,
    /// `wat`.
    pub watermark: bool,
    /// `wat_url`.
    pub mark: Option<Asset>,
    /// `wat_gravity`.
    pub mark_anchor: Option<(Horizontal, Vertical)>,
    /// `wat_pad`, on both axes.
    pub mark_pad: Option<(Shift, Shift)>,
    /// `wat_scale`.
    pub mark_scale: Option<MarkScale>,
    /// `wat_opacity`.
    pub mark_opacity: Option<Fixed>,
    /// `q`.
    pub quality: Option<u8>,
    /// `lossless`.
    pub lossless: bool,
    /// `force_format`.
    pub format: Option<Formats>,
    /// `force_download`.
    pub download: Option<Download>,
    /// `ci_url_encoded`.
    pub encoded: bool,
}

/// A resize function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Func {
    Crop,
    Fit,
    CropFit,
    Bound,
    BoundMin,
    Cover,
    Proxy,
}

impl Func {
    const WORDS: [(&'static str, Func); 7] = [
        ("crop", Func::Crop),
        ("fit", Func::Fit),
        ("cropfit", Func::CropFit),
        ("bound", Func::Bound),
        ("boundmin", Func::BoundMin),
        ("cover", Func::Cover),
        ("proxy", Func::Proxy),
    ];

    pub fn read(value: &str) -> Result<Func, WarningKind> {
        let value = value.to_ascii_lowercase();
        match Func::WORDS.iter().find(|(word, _)| *word == value) {
            Some((_, func)) => Ok(*func),
            // Without faces, both are the standard crop.
            None if value == "face" || value == "facehide" => Err(WarningKind::Unsupported),
            None => Err(WarningKind::Invalid),
        }
    }

    pub fn word(self) -> &'static str {
        Func::WORDS.iter().find(|(_, func)| *func == self).map_or("", |(word, _)| *word)
    }
}

/// Where a crop is taken, or a picture put.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    Anchor(Horizontal, Vertical),
    /// In pixels of the full-size origin.
    Pixel(u32, u32),
    /// In shares of the origin, 0-1.
    Share(Fixed, Fixed),
    /// `auto` and `smart`.
    Smart,
    /// `face`.
    Face,
}

impl Place {
    /// The place, and whether it had to be brought into the picture.
    pub fn read(value: &str) -> Result<(Place, bool), WarningKind> {
        let value = value.to_ascii_lowercase();
        if let Some((x, y)) = text::compass(&value) {
            return Ok((Place::Anchor(x, y), false));
        }
        match value.as_str() {
            "auto" | "smart" => return Ok((Place::Smart, false)),
            "face" => return Ok((Place::Face, false)),
            "trim" => return Err(WarningKind::Unsupported),
            _ => {}
        }
        let (x, y) = value.split_once(',').ok_or(WarningKind::Invalid)?;
        let (x, y) = (x.trim(), y.trim());
        // `s` is a percentage of the resized picture, which is scaled evenly: the same share as of the origin.
        for (suffix, whole) in [('p', 100.0), ('c', 1.0), ('s', 100.0)] {
            let (Some(x), Some(y)) = (x.strip_suffix(suffix), y.strip_suffix(suffix)) else { continue };
            let share = |n: &str| text::number(n).map(|n| n / whole).ok_or(WarningKind::Invalid);
            let (x, y) = (share(x)?, share(y)?);
            let outside = !(0.0..=1.0).contains(&x) || !(0.0..=1.0).contains(&y);
            return Ok((Place::Share(Fixed::new(x.clamp(0.0, 1.0)), Fixed::new(y.clamp(0.0, 1.0))), outside));
        }
        let (x, y) = (number(x)?, number(y)?);
        Ok((Place::Pixel(pixels(x), pixels(y)), x < 0.0 || y < 0.0))
    }

    pub fn spell(self) -> String {
        match self {
            Place::Anchor(x, y) => text::spell_compass((x, y)).to_owned(),
            Place::Pixel(x, y) => format!("{x},{y}"),
            Place::Share(x, y) => format!("{x}c,{y}c"),
            Place::Smart => "auto".to_owned(),
            Place::Face => "face".to_owned(),
        }
    }
}

/// Width over height, or a range of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Ratio {
    Exact(f64),
    Between(f64, f64),
}

impl Ratio {
    pub fn read(value: &str) -> Result<Ratio, WarningKind> {
        let Some((one, two)) = value.split_once(',') else { return Ok(Ratio::Exact(ratio(value)?)) };
        let (one, two) = (ratio(one)?, ratio(two)?);
        Ok(if Fixed::new(one) == Fixed::new(two) {
            Ratio::Exact(one)
        } else {
            Ratio::Between(one.min(two), one.max(two))
        })
    }

    pub fn spell(self) -> String {
        match self {
            Ratio::Exact(r) => Fixed::new(r).to_string(),
            Ratio::Between(low, high) => format!("{},{}", Fixed::new(low), Fixed::new(high)),
        }
    }
}

/// `R` or `W:H`, within what a picture can have.
fn ratio(text: &str) -> Result<f64, WarningKind> {
    let text = text.trim();
    let value = match text.split_once(':') {
        Some((w, h)) => number(w)? / number(h)?,
        None => number(text)?,
    };
    if (0.001..=1000.0).contains(&value) { Ok(value) } else { Err(WarningKind::Invalid) }
}

/// `force_format`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Formats {
    /// The origin's own.
    Original,
    /// This one, whoever asks (`_webp`).
    Strict(Format),
    /// The first of these that the client takes; at least one, none twice.
    Preferred(Vec<Format>),
}

impl Formats {
    /// The formats, and whether something in the list was passed over.
    pub fn read(value: &str) -> Result<(Formats, bool), WarningKind> {
        let value = value.trim();
        if value.eq_ignore_ascii_case("original") {
            return Ok((Formats::Original, false));
        }
        if let Some(format) = value.strip_prefix('_').and_then(Format::from_name) {
            return Ok((Formats::Strict(format), false));
        }
        let mut list = Vec::new();
        let mut passed_over = false;
        for item in value.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            match Format::from_name(item.strip_prefix('_').unwrap_or(item)) {
                Some(format) if list.contains(&format) => {}
                Some(format) => list.push(format),
                None => passed_over = true,
            }
        }
        if list.is_empty() { Err(WarningKind::Invalid) } else { Ok((Formats::Preferred(list), passed_over)) }
    }

    pub fn spell(&self) -> String {
        match self {
            Formats::Original => "original".to_owned(),
            Formats::Strict(format) => format!("_{format}"),
            Formats::Preferred(list) => list.iter().map(|f| f.name()).collect::<Vec<_>>().join(","),
        }
    }
}

/// `force_download`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Download {
    /// Under the master's name.
    Yes,
    /// Under this name.
    As(String),
}

impl Download {
    /// A number switches; anything else is the file name.
    pub fn read(value: &str) -> Result<Option<Download>, WarningKind> {
        if let Ok(on) = flag(value) {
            return Ok(on.then_some(Download::Yes));
        }
        // Only a base name: what a browser saves must not carry folders or line breaks.
        let base = value.rsplit(['/', '\\']).next().unwrap_or_default();
        let name: String = base.chars().filter(|c| !c.is_control()).collect();
        if name.is_empty() { Err(WarningKind::Invalid) } else { Ok(Some(Download::As(name))) }
    }
}

/// `wat_scale`, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkScale {
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
pub(super) fn mark_pad(value: &str) -> Result<((Shift, Shift), bool), WarningKind> {
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

pub(super) fn spell_mark_pad((x, y): (Shift, Shift)) -> String {
    let one = |shift: Shift| match shift {
        Shift::Px(px) => px.to_string(),
        Shift::Ratio(share) => format!("{}p", overlay::percent(share)),
    };
    if x == y { one(x) } else { format!("{},{}", one(x), one(y)) }
}

/// A flag is on if it begins with a whole number other than 0 (`org_if_sml=14629`); also bare, and as `true`.
pub(super) fn flag(value: &str) -> Result<bool, WarningKind> {
    if value.is_empty() || value.eq_ignore_ascii_case("true") {
        return Ok(true);
    }
    if value.eq_ignore_ascii_case("false") {
        return Ok(false);
    }
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 { Err(WarningKind::Invalid) } else { Ok(value[..digits].bytes().any(|b| b != b'0')) }
}

/// A length of at least one pixel, decimals rounded. Far too long is cut later, both sides by one factor.
pub(super) fn side(value: &str) -> Result<u32, WarningKind> {
    match pixels(number(value)?) {
        0 => Err(WarningKind::Invalid),
        length => Ok(length),
    }
}

/// A corner `X,Y` in pixels.
pub(super) fn corner(value: &str) -> Result<(u32, u32), WarningKind> {
    let (x, y) = value.split_once(',').ok_or(WarningKind::Invalid)?;
    let (x, y) = (number(x)?, number(y)?);
    if x < 0.0 || y < 0.0 { Err(WarningKind::Invalid) } else { Ok((pixels(x), pixels(y))) }
}

/// Three, six or eight hex digits (alpha last) with or without `#`, a CSS name, or `transparent`.
pub(super) fn color(value: &str) -> Result<Color, WarningKind> {
    if value.eq_ignore_ascii_case("auto") {
        return Err(WarningKind::Unsupported);
    }
    if value.eq_ignore_ascii_case("transparent") {
        return Ok(Color::TRANSPARENT);
    }
    let hex = value.strip_prefix('#').unwrap_or(value);
    let with_alpha = || {
        let (rgb, alpha) = hex.split_at_checked(6).filter(|(_, alpha)| alpha.len() == 2)?;
        let alpha = u8::from_str_radix(alpha, 16).ok()?;
        Color::from_hex(rgb).map(|color| color.with_alpha(alpha))
    };
    Color::from_hex(hex).or_else(with_alpha).or_else(|| Color::from_css_name(value)).ok_or(WarningKind::Invalid)
}

/// `flip`: mirror left-right (`h`, `x`) and top-bottom (`v`, `y`).
pub(super) fn flip(value: &str) -> Result<(bool, bool), WarningKind> {
    match value.to_ascii_lowercase().as_str() {
        "none" => Ok((false, false)),
        "h" | "x" => Ok((true, false)),
        "v" | "y" => Ok((false, true)),
        "hv" | "vh" | "xy" | "yx" => Ok((true, true)),
        _ => Err(WarningKind::Invalid),
    }
}

pub(super) fn number(value: &str) -> Result<f64, WarningKind> {
    text::number(value.trim()).ok_or(WarningKind::Invalid)
}

/// Rounds, and holds within 0 and a million.
fn pixels(length: f64) -> u32 {
    length.round().clamp(0.0, 1e6) as u32
}
