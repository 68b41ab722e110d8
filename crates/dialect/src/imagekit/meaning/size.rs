//! Size, crop and padding of one step.

use plan::{
    Aspect, Background, Color, Dim, Enlarge, Expr, Fit, Fixed, Gravity, Length, Operator, Region, Resize, Stage,
};

use super::{Notes, measured, padding};
use crate::imagekit::said::{Focus, Mode, Said};
use crate::request::WarningKind;
use crate::settings::Settings;

/// A target size, device pixel ratio and caps worked in.
#[derive(Clone)]
pub(super) struct Size {
    width: Option<Dim>,
    height: Option<Dim>,
    aspect: Option<Aspect>,
    /// Those that are worked out from sizes.
    lengths: Vec<(Length, Expr)>,
}

impl Size {
    /// The sides that the picture will have in pixels, as far as they are certain.
    pub(super) fn exact(&self, mode: Mode) -> (Option<u32>, Option<u32>) {
        let is_exact = match mode {
            Mode::MaintainRatio | Mode::Force => true,
            Mode::PadResize | Mode::PadResizeNoEnlarge => self.is_complete() || mode.enlarges(),
            Mode::PadExtract => self.has(Length::Width) && self.has(Length::Height),
            Mode::AtMaxEnlarge | Mode::AtLeast => !self.is_complete(),
            Mode::AtMax | Mode::MaintainRatioNoEnlarge | Mode::Extract | Mode::PadExtractNoShrink => false,
        };
        let pixels = |side: Option<Dim>| match side {
            Some(Dim::Px(px)) if is_exact => Some(px),
            _ => None,
        };
        (pixels(self.width), pixels(self.height))
    }

    /// Both sides are known or will be.
    pub(super) fn is_complete(&self) -> bool {
        self.has(Length::Aspect) || (self.has(Length::Width) && self.has(Length::Height))
    }

    /// A side is known or will be.
    pub(super) fn says_a_side(&self) -> bool {
        self.has(Length::Width) || self.has(Length::Height)
    }

    fn has(&self, wanted: Length) -> bool {
        let plain = match wanted {
            Length::Width => self.width.is_some(),
            Length::Height => self.height.is_some(),
            _ => self.aspect.is_some(),
        };
        plain || self.lengths.iter().any(|(length, _)| *length == wanted)
    }
}

pub(super) fn size(said: &Said, settings: &Settings, notes: &mut Notes<'_>) -> Size {
    let given = said.width.is_some() && said.height.is_some();
    let idle_ratio = given && said.lengths.get("ar").is_some();
    let keys: &[&str] = if given { &["w", "h", "dpr"] } else { &["w", "h", "ar", "dpr"] };
    if keys.iter().any(|key| said.lengths.get(key).is_some()) {
        return reckoned(said, notes);
    }
    if idle_ratio {
        notes.add(WarningKind::NoEffect, "ar", "only beside one of w and h");
    }
    let pixels = |dim: Option<Dim>| match dim {
        Some(Dim::Px(px)) => Some(f64::from(px)),
        _ => None,
    };
    let (mut width, mut height) = (pixels(said.width), pixels(said.height));
    let mut aspect = None;
    match (said.width, said.height, said.aspect) {
        (_, _, None) => {}
        (Some(_), Some(_), Some(_)) => notes.add(WarningKind::NoEffect, "ar", "only beside one of w and h"),
        (None, None, Some(_)) => notes.add(WarningKind::NoEffect, "ar", "only beside one of w and h"),
        (Some(Dim::Px(px)), None, Some(ratio)) => height = Some(f64::from(px) * ratio.height / ratio.width),
        (None, Some(Dim::Px(px)), Some(ratio)) => width = Some(f64::from(px) * ratio.width / ratio.height),
        (_, _, Some(ratio)) => aspect = Some(Aspect::Exact(Fixed::new(ratio.get()))),
    }
    let both = |width: Option<f64>, height: Option<f64>| width.into_iter().chain(height);
    if let Some(dpr) = said.dpr.filter(|dpr| *dpr != 1.0) {
        // A width that is a hint has the ratio in it, and so has a height that follows from it.
        let across = if said.auto_width { 1.0 } else { dpr };
        let down = if said.height.is_none() { across } else { dpr };
        let fits = |side: Option<f64>, by: f64| by == 1.0 || side.is_none_or(|s| (1.0..=5000.0).contains(&(s * by)));
        if fits(width, across) && fits(height, down) {
            (width, height) = (width.map(|w| w * across), height.map(|h| h * down));
        } else {
            notes.add(WarningKind::NoEffect, "dpr", "a product from 1 to 5000 pixels");
        }
    }
    let (longest, limit) = (both(width, height).fold(0.0, f64::max), f64::from(settings.max_side.max(1)));
    if longest.round() > limit {
        let shrink = limit / longest;
        (width, height) = (width.map(|w| w * shrink), height.map(|h| h * shrink));
        let name = if said.width.is_some() { "w" } else { "h" };
        notes.add(WarningKind::Clamped, name, &format!("at most {limit} pixels per side"));
    }
    let dim = |px: Option<f64>, said: Option<Dim>| px.map(|px| Dim::Px(px.round().max(1.0) as u32)).or(said);
    Size { width: dim(width, said.width), height: dim(height, said.height), aspect, lengths: Vec::new() }
}

/// A size of which a part is worked out once sizes are known; so are then the range of a product with `dpr`, and the longest
/// side.
fn reckoned(said: &Said, notes: &mut Notes<'_>) -> Size {
    let number = |dim: Option<Dim>| match dim {
        Some(Dim::Px(px)) => Expr::number(f64::from(px)),
        _ => None,
    };
    let side = |key: &str, dim: Option<Dim>| said.lengths.get(key).cloned().or_else(|| number(dim));
    let dpr = said.lengths.get("dpr").cloned().or_else(|| said.dpr.and_then(Expr::number));
    let times = |expr: Expr, by: Option<&Expr>| by.and_then(|by| expr.then(Operator::Mul, by)).unwrap_or(expr);
    let (width, height) = (side("w", said.width), side("h", said.height));
    // A width that is a hint has the ratio in it.
    let across = dpr.as_ref().filter(|_| !said.auto_width);
    let mut lengths = Vec::new();
    lengths.extend(width.map(|width| (Length::Width, times(width, across))));
    lengths.extend(height.map(|height| (Length::Height, times(height, dpr.as_ref()))));
    let share =
        |key: &str, dim: Option<Dim>| dim.filter(|dim| matches!(dim, Dim::Ratio(_)) && said.lengths.get(key).is_none());
    let mut size = Size { width: share("w", said.width), height: share("h", said.height), aspect: None, lengths };
    let sides = [Length::Width, Length::Height].into_iter().filter(|side| size.has(*side)).count();
    match (said.lengths.get("ar"), said.aspect) {
        (None, None) => {}
        _ if sides != 1 => notes.add(WarningKind::NoEffect, "ar", "only beside one of w and h"),
        (Some(ratio), _) => size.lengths.push((Length::Aspect, ratio.clone())),
        (None, Some(ratio)) => size.aspect = Some(Aspect::Exact(Fixed::new(ratio.get()))),
    }
    size
}

pub(super) fn sized(mode: Mode, size: Size, notes: &mut Notes<'_>) -> Stage {
    let said = notes.said;
    let gravity = gravity(mode, notes);
    let background = said.background.map_or(Background::Color(Color::BLACK), padding);
    let is_complete = size.is_complete();
    if mode.extracts() {
        if size.has(Length::Aspect) {
            notes.add(WarningKind::Unsupported, "ar", "w or h in pixels beside ar in extract modes");
        }
        let window = Region::Window {
            width: size.width,
            height: size.height,
            gravity,
            pad: mode.pads().then_some(background),
            cut: mode != Mode::PadExtractNoShrink,
        };
        let sides = size.lengths.into_iter().filter(|(length, _)| *length != Length::Aspect);
        return measured(Stage::Extract(window), sides.chain(places(said)).collect());
    }
    let (fit, mut enlarge) = match mode {
        _ if !is_complete => (Fit::Inside, Enlarge::Yes),
        Mode::Force => (Fit::Stretch, Enlarge::Yes),
        Mode::AtMax | Mode::AtMaxEnlarge => (Fit::Inside, Enlarge::Yes),
        Mode::AtLeast => (Fit::Outside, Enlarge::Yes),
        Mode::PadResize | Mode::PadResizeNoEnlarge => (Fit::Contain, Enlarge::Yes),
        _ => (Fit::Cover, Enlarge::Yes),
    };
    if !mode.enlarges() {
        enlarge = if fit == Fit::Cover { Enlarge::NoClamp } else { Enlarge::No };
    }
    let resize = Resize {
        aspect: size.aspect,
        enlarge,
        gravity,
        background: if fit == Fit::Contain { background } else { Background::Auto },
        ..Resize::new(size.width, size.height, fit)
    };
    measured(Stage::Resize(resize), size.lengths)
}

/// The places that are worked out, of what is extracted.
fn places(said: &Said) -> Vec<(Length, Expr)> {
    let centered = said.center_x.is_some() || said.center_y.is_some();
    let keys = if centered {
        [("xc", Length::CenterX), ("yc", Length::CenterY)]
    } else {
        [("x", Length::X), ("y", Length::Y)]
    };
    keys.into_iter().filter_map(|(key, length)| Some((length, said.lengths.get(key)?.clone()))).collect()
}

fn gravity(mode: Mode, notes: &mut Notes<'_>) -> Gravity {
    let said = notes.said;
    let corner = (said.left, said.top) != (None, None);
    let center = (said.center_x, said.center_y) != (None, None);
    if mode.extracts() && (corner || center) {
        if said.focus.is_some() {
            notes.add(WarningKind::NoEffect, "fo", "not beside x, y, xc or yc");
        }
        if !center {
            return Gravity::TopLeft(said.left, said.top);
        }
        for name in ["x", "y"] {
            notes.add_if_said(WarningKind::NoEffect, name, "not beside xc or yc");
        }
        return Gravity::Centered(said.center_x, said.center_y);
    }
    for name in ["x", "y", "xc", "yc"] {
        notes.add_if_said(WarningKind::NoEffect, name, "only with cm-extract");
    }
    match &said.focus {
        None => Gravity::CENTER,
        Some(Focus::At(horizontal, vertical)) => Gravity::Anchor(*horizontal, *vertical),
        Some(Focus::Custom) => {
            notes.add(WarningKind::Unsupported, "fo", "the centre is taken: no focus rectangles are stored");
            Gravity::CENTER
        }
        Some(focus) => {
            match focus {
                Focus::Detected(said) if !matches!(said.as_str(), "face" | "auto-custom_override") => {
                    notes.add(WarningKind::Unsupported, "fo", "the centre is taken: no objects are detected");
                    return Gravity::CENTER;
                }
                Focus::Detected(_) => notes.add(WarningKind::Unsupported, "fo", "taken for auto"),
                _ => {}
            }
            // Only a cut needs attention: padding shows the whole picture.
            if mode.pads() && mode != Mode::PadExtract { Gravity::CENTER } else { Gravity::Attention }
        }
    }
}
