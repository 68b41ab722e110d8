//! What a Cloudimage URL says, parameter by parameter, and the readers of single values.

pub(super) mod marks;

use std::collections::BTreeMap;

use plan::{Background, Color, Fixed, Format, Horizontal, Radius, Vertical};

use crate::request::{Disposition, WarningKind};
use crate::text;
use crate::text::spell_color;
use marks::Mark;

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
    /// `doc_page`, from 1.
    pub page: Option<u32>,
    /// `bg_color`.
    pub background: Option<Ground>,
    /// `bg_img_fit`.
    pub background_image: bool,
    /// `bg_blur`.
    pub background_blur: Option<Fixed>,
    /// `bg_opacity`, 0-1.
    pub background_opacity: Option<Fixed>,
    /// `bg_colorize`; its alpha says how much.
    pub background_tint: Option<Color>,
    /// `margin`: above, right, below, left.
    pub margin: Option<[Room; 4]>,
    /// `radius`: top left, top right, bottom right, bottom left.
    pub radius: Option<[Radius; 4]>,
    /// `bright`, in percent.
    pub bright: Option<Fixed>,
    /// `contrast`, in percent.
    pub contrast: Option<Fixed>,
    /// `saturate`, in percent.
    pub saturate: Option<Fixed>,
    /// `gray`.
    pub gray: bool,
    /// `sepia`, in percent.
    pub sepia: Option<Fixed>,
    /// `invert`.
    pub invert: bool,
    /// `duotone`: shadows, lights, opacity from 0 to 1.
    pub duotone: Option<(Color, Color, Fixed)>,
    /// `colorize`; its alpha says how much.
    pub colorize: Option<Color>,
    /// `blur`: twice the standard deviation.
    pub blur: Option<Fixed>,
    /// `pixelate`, in pixels.
    pub pixelate: Option<u32>,
    /// `sharp`: twice the amount.
    pub sharp: Option<Fixed>,
    /// `x`, in pixels of the origin.
    pub center_x: Option<u32>,
    /// `y`, likewise.
    pub center_y: Option<u32>,
    /// `wat`.
    pub watermark: bool,
    /// What is said of all watermarks.
    pub mark: Mark,
    /// What is said of each of several, by its index.
    pub marks: BTreeMap<u32, Mark>,
    /// `optipress`, 1-3.
    pub optipress: Option<u8>,
    /// `q`.
    pub quality: Option<u8>,
    /// `lossless`.
    pub lossless: bool,
    /// `force_format`.
    pub format: Option<Formats>,
    /// `force_download`.
    pub download: Disposition,
    /// `ci_url_encoded`.
    pub encoded: bool,
    /// `ci_cache`, in seconds.
    pub keep: Option<u32>,
    /// `vh`.
    pub version: Option<String>,
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

/// `bg_color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    Color(Color),
    /// `auto`: the colour that most of the picture has.
    Dominant,
}

impl Ground {
    pub fn read(value: &str) -> Result<Ground, WarningKind> {
        if value.eq_ignore_ascii_case("auto") { Ok(Ground::Dominant) } else { color(value).map(Ground::Color) }
    }

    pub fn spell(self) -> String {
        match self {
            Ground::Color(color) => spell_color(color),
            Ground::Dominant => "auto".to_owned(),
        }
    }

    pub fn meant(self) -> Background {
        match self {
            Ground::Color(color) => Background::Color(color),
            Ground::Dominant => Background::Dominant,
        }
    }
}

/// One side of `margin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// Pixels.
    Px(u32),
    /// Percent of the canvas.
    Percent(Fixed),
}

/// `margin`: one value for all sides, two for above and below, left and right, or four, clockwise from above; and whether
/// one had to be brought into range.
pub(super) fn margin(value: &str) -> Result<([Room; 4], bool), WarningKind> {
    let mut clamped = false;
    let mut one = |text: &str| {
        let text = text.trim();
        let (said, most) = match text.strip_suffix('p') {
            Some(percent) => (number(percent)?, 100.0),
            None => (number(text)?.round(), 10_000.0),
        };
        let within = said.clamp(0.0, most);
        clamped |= within != said;
        Ok(if text.ends_with('p') { Room::Percent(Fixed::new(within)) } else { Room::Px(within as u32) })
    };
    let sides = value.split(',').map(&mut one).collect::<Result<Vec<_>, WarningKind>>()?;
    let sides = match sides.as_slice() {
        [all] => [*all; 4],
        [rows, columns] => [*rows, *columns, *rows, *columns],
        [top, right, bottom, left] => [*top, *right, *bottom, *left],
        _ => return Err(WarningKind::Invalid),
    };
    Ok((sides, clamped))
}

pub(super) fn spell_margin(sides: [Room; 4]) -> String {
    let one = |room: Room| match room {
        Room::Px(px) => px.to_string(),
        Room::Percent(percent) => format!("{percent}p"),
    };
    let [top, right, bottom, left] = sides;
    match (top == bottom && left == right, top == right) {
        (true, true) => one(top),
        (true, false) => format!("{},{}", one(top), one(right)),
        _ => [top, right, bottom, left].map(one).join(","),
    }
}

/// Largest radius of a corner in pixels.
pub(super) const MAX_RADIUS: u32 = 10_000;

/// `radius`; and whether it had to be brought into range. Four values go top left, bottom left, bottom right, top right.
pub(super) fn radius(value: &str) -> Result<([Radius; 4], bool), WarningKind> {
    if value.eq_ignore_ascii_case("max") {
        return Ok(([Radius::Share(Fixed::new(0.5)); 4], false));
    }
    let mut clamped = false;
    let mut one = |text: &str| {
        let said = number(text)?.round();
        let within = said.clamp(0.0, f64::from(MAX_RADIUS));
        clamped |= within != said;
        Ok(Radius::Px(within as u32))
    };
    let corners = value.split(',').map(&mut one).collect::<Result<Vec<_>, WarningKind>>()?;
    let corners = match corners.as_slice() {
        [all] => [*all; 4],
        [top_left, bottom_left, bottom_right, top_right] => [*top_left, *top_right, *bottom_right, *bottom_left],
        _ => return Err(WarningKind::Invalid),
    };
    Ok((corners, clamped))
}

pub(super) fn spell_radius(corners: [Radius; 4]) -> Option<String> {
    let [top_left, top_right, bottom_right, bottom_left] = corners;
    if corners == [Radius::Share(Fixed::new(0.5)); 4] {
        return Some("max".to_owned());
    }
    let pixels = |radius: Radius| match radius {
        Radius::Px(px) => Some(px.to_string()),
        Radius::Share(_) => None,
    };
    if corners == [top_left; 4] {
        return if top_left.is_some() { pixels(top_left) } else { None };
    }
    let in_order = [top_left, bottom_left, bottom_right, top_right].into_iter().map(pixels);
    in_order.collect::<Option<Vec<_>>>().map(|all| all.join(","))
}

/// `sepia` in percent, `None` for off; and whether it had to be brought into range. 1 switches it on.
pub(super) fn sepia(value: &str) -> Result<(Option<Fixed>, bool), WarningKind> {
    let whole = Some(Fixed::new(100.0));
    match number(value) {
        Ok(percent) if percent < 0.0 => Ok((None, true)),
        Ok(0.0) => Ok((None, false)),
        Ok(percent) if percent <= 1.0 => Ok((whole, false)),
        Ok(percent) if percent <= 100.0 => Ok((Some(Fixed::new(percent)), false)),
        Ok(_) => Ok((whole, true)),
        Err(_) => Ok((if flag(value)? { whole } else { None }, false)),
    }
}

/// `C1,C2[,O]`; and whether the opacity had to be brought into range.
pub(super) fn duotone(value: &str) -> Result<((Color, Color, Fixed), bool), WarningKind> {
    let mut parts = value.split(',').map(str::trim);
    let (Some(dark), Some(light)) = (parts.next(), parts.next()) else { return Err(WarningKind::Invalid) };
    let (dark, light) = (color(dark)?, color(light)?);
    let (opacity, inside) = match (parts.next(), parts.next()) {
        (None, _) => (Fixed::ONE, Ok(())),
        (Some(opacity), None) => text::bounded(number(opacity)?, 0.0, 1.0),
        (Some(_), Some(_)) => return Err(WarningKind::Invalid),
    };
    Ok(((dark, light, opacity), inside.is_err()))
}

pub(super) fn spell_duotone((dark, light, opacity): (Color, Color, Fixed)) -> String {
    let colors = format!("{},{}", spell_color(dark), spell_color(light));
    if opacity == Fixed::ONE { colors } else { format!("{colors},{opacity}") }
}

/// How much of a colour is laid over a picture where nothing is said: the vendor's own clients send half.
const HALF: u8 = 128;

/// `C[,O]` as a colour whose alpha is the opacity; and whether that had to be brought into range. Eight hex digits hold it
/// too.
pub(super) fn color_of(value: &str) -> Result<(Color, bool), WarningKind> {
    let (said, opacity) = match value.split_once(',') {
        Some((said, opacity)) => (said.trim(), Some(number(opacity)?)),
        None => (value, None),
    };
    let found = color(said)?;
    let hex = said.strip_prefix('#').unwrap_or(said);
    let has_alpha = found.a != 255 || hex.len() == 8 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    Ok(match opacity {
        Some(opacity) => {
            let alpha = (opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
            (found.with_alpha(alpha), !(0.0..=1.0).contains(&opacity))
        }
        None if has_alpha => (found, false),
        None => (found.with_alpha(HALF), false),
    })
}

pub(super) fn spell_color_of(color: Color) -> String {
    if color.a == HALF { spell_color(color.with_alpha(255)) } else { color.to_string() }
}

/// Three, six or eight hex digits (alpha last) with or without `#`, a CSS name, or `transparent`.
pub(super) fn color(value: &str) -> Result<Color, WarningKind> {
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
