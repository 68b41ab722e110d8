//! What steps mean: from drafts to a plan.

use plan::{
    Aspect, Background, Color, Dim, Enlarge, Fit, Fixed, Format, FormatRule, Gravity, Orient, OutputRule, Plan,
    Quality, Region, Resize, Stage, Trim, TrimMode,
};

use super::layer;
use super::lex::{self, Item, Token};
use super::said::{Fill, Focus, FormatSaid, Layer, Mode, Rotation, Said};
use super::table::{KNOWN_LATER, TABLE};
use crate::error::ParseError;
use crate::request::{Settings, Warning, WarningKind};
use crate::table::Param;

/// Reads the parts of one step. The vendor is strict: an unknown key or a bad value is an error.
pub(super) fn read(step: &[Item<'_>], warnings: &mut Vec<Warning>) -> Result<Said, ParseError> {
    let (mut said, mut seen) = (Said::default(), Vec::new());
    for item in step {
        match item {
            Item::Token(token) => read_token(token, &mut said, &mut seen, warnings)?,
            Item::Layer(layer) => said.layers.push(read_layer(layer, warnings)?),
        }
    }
    Ok(said)
}

fn read_token(
    token: &Token<'_>,
    said: &mut Said,
    seen: &mut Vec<&str>,
    warnings: &mut Vec<Warning>,
) -> Result<(), ParseError> {
    match Param::find(TABLE, token.key) {
        Some(row) => obey(row, token, said, seen, warnings),
        None if KNOWN_LATER.contains(&token.key) => Err(refused(token, "not supported yet".to_owned())),
        None => Err(refused(token, format!("no such parameter; known are {}", names()))),
    }
}

/// Reads one token by its row.
fn obey<D>(
    row: &'static Param<D>,
    token: &Token<'_>,
    draft: &mut D,
    seen: &mut Vec<&str>,
    warnings: &mut Vec<Warning>,
) -> Result<(), ParseError> {
    let kind = match (row.parse)(draft, token.value) {
        Ok(()) if seen.contains(&row.name) => WarningKind::Repeated,
        Ok(()) => {
            seen.push(row.name);
            return Ok(());
        }
        Err(WarningKind::Invalid | WarningKind::Unknown) => {
            let later = if is_expression(token) { " (expressions are not supported yet)" } else { "" };
            return Err(refused(token, row.kind.allowed() + later));
        }
        Err(kind) => kind,
    };
    warnings.push(warning(kind, token, row.kind.allowed()));
    Ok(())
}

/// Reads a layer: what is its own, and its steps.
fn read_layer(lexed: &lex::Layer<'_>, warnings: &mut Vec<Warning>) -> Result<Layer, ParseError> {
    let frame = Token { key: "l", value: lexed.kind };
    match lexed.kind {
        "image" => {}
        "text" | "video" | "subtitles" | "subtitle" => return Err(refused(&frame, "not supported yet".to_owned())),
        _ => return Err(refused(&frame, "image".to_owned())),
    }
    let (mut layer, mut own_seen) = (Layer::default(), Vec::new());
    for step in &lexed.steps {
        let (mut said, mut seen) = (Said::default(), Vec::new());
        for item in step {
            match item {
                Item::Layer(inner) => said.layers.push(read_layer(inner, warnings)?),
                Item::Token(token) => match Param::find(layer::TABLE, token.key) {
                    Some(row) => obey(row, token, &mut layer, &mut own_seen, warnings)?,
                    None => {
                        if matches!(token.key, "f" | "lo" | "pr" | "orig") {
                            warnings.push(warning(WarningKind::NoEffect, token, "outside of layers".to_owned()));
                        }
                        read_token(token, &mut said, &mut seen, warnings)?;
                    }
                },
            }
        }
        layer.steps.push(said);
    }
    if layer.plain.is_none() && layer.encoded.is_none() {
        return Err(refused(&frame, "a layer with i-<path> or ie-<base64>".to_owned()));
    }
    let idle = [
        ("i", layer.plain.is_some() && layer.encoded.is_some(), "not beside ie"),
        ("lfo", layer.focus.is_some() && (layer.x.is_some() || layer.y.is_some()), "not beside lx or ly"),
    ];
    for (key, _, allowed) in idle.into_iter().filter(|(_, is, _)| *is) {
        let value = Param::find(layer::TABLE, key).and_then(|row| (row.write)(&layer)).unwrap_or_default();
        warnings.push(warning(WarningKind::NoEffect, &Token { key, value: &value }, allowed.to_owned()));
    }
    Ok(layer)
}

fn refused(token: &Token<'_>, allowed: String) -> ParseError {
    ParseError::BadParameter { parameter: token.key.to_owned(), value: token.value.to_owned(), allowed }
}

pub(super) fn warning(kind: WarningKind, token: &Token<'_>, allowed: String) -> Warning {
    Warning { kind, parameter: token.key.to_owned(), value: token.value.to_owned(), allowed }
}

fn names() -> String {
    TABLE.iter().map(|row| row.name).collect::<Vec<_>>().join(", ")
}

/// Arithmetic (`iw_div_2`) or a variable (`ih`), where a number is expected.
fn is_expression(token: &Token<'_>) -> bool {
    let numeric = matches!(token.key, "w" | "h" | "ar" | "x" | "y" | "xc" | "yc" | "dpr" | "dn" | "lx" | "ly");
    let operators = ["add", "sub", "mul", "div", "mod", "pow"];
    let variables = ["iw", "ih", "iar", "cw", "ch", "car", "bw", "bh", "bar", "idn"];
    numeric && token.value.split('_').any(|part| variables.contains(&part) || operators.contains(&part))
}

/// The plan of a whole chain.
pub(super) fn plan(steps: &[Said], settings: &Settings, warnings: &mut Vec<Warning>) -> Plan {
    let mut stages = vec![Stage::Orient(Orient::Exif)];
    for said in steps {
        stages.extend(self::stages(said, settings, warnings));
    }
    let mut plan = Plan { stages, output: output(steps, settings) };
    plan.canonicalise();
    plan
}

/// How the result is written: for each setting the last step that names it wins.
fn output(steps: &[Said], settings: &Settings) -> OutputRule {
    fn last<T>(steps: &[Said], get: impl Fn(&Said) -> Option<T>) -> Option<T> {
        steps.iter().rev().find_map(get)
    }
    OutputRule {
        original: false,
        format: match last(steps, |said| said.format) {
            None if settings.auto_format => negotiated(settings),
            None | Some(FormatSaid::Original) => FormatRule::Source,
            Some(FormatSaid::Auto) => negotiated(settings),
            Some(FormatSaid::As(format)) => FormatRule::Always(format),
        },
        quality: last(steps, |said| said.quality).map_or(OutputRule::default().quality, Quality::all),
        lossless: last(steps, |said| said.lossless).unwrap_or(false),
        progressive: last(steps, |said| said.progressive).unwrap_or(false),
        ..OutputRule::default()
    }
}

/// What `f-auto` means on this site.
pub(super) fn negotiated(settings: &Settings) -> FormatRule {
    let offer = if settings.avif { vec![Format::Avif, Format::Webp] } else { vec![Format::Webp] };
    FormatRule::Negotiate { offer, fallback: None }
}

/// The stages of one step. The vendor fixes their order whatever the order in the URL; who cares chains steps.
pub(super) fn stages(said: &Said, settings: &Settings, warnings: &mut Vec<Warning>) -> Vec<Stage> {
    let mut notes = Notes { said, warnings };
    let mut stages = Vec::new();
    if let Some(Some(tolerance)) = said.trim {
        let tolerance = Fixed::new(f64::from(tolerance));
        stages.push(Stage::Trim(Trim { mode: TrimMode::Corner, tolerance, keep: 0 }));
    }
    let size = size(said, settings, &mut notes);
    let mode = said.crop_mode.or(said.crop).unwrap_or(Mode::MaintainRatio);
    if said.crop_mode.is_some() && said.crop.is_some() {
        notes.add(WarningKind::NoEffect, "c", "cm overrides c");
    }
    // A background colour that fills something is not also flattened on.
    let mut filled = false;
    if size.width.is_some() || size.height.is_some() {
        filled = mode.pads() && (size.is_complete() || mode.extracts());
        stages.push(sized(mode, size, &mut notes));
    }
    for layer in &said.layers {
        let overlay = layer::overlay(layer, settings, notes.warnings);
        stages.extend(overlay.map(|overlay| Stage::Overlay(Box::new(overlay))));
    }
    if let Some(Rotation::By(degrees)) = said.rotation {
        let background = match said.background {
            Some(Fill::Color(color)) => Background::Color(color),
            _ => Background::Auto,
        };
        filled |= degrees.get() % 90.0 != 0.0;
        stages.push(Stage::Rotate { degrees, background });
    }
    if let Some(flip) = said.flip {
        stages.push(Stage::Flip { horizontal: flip.horizontal, vertical: flip.vertical });
    }
    match &said.background {
        Some(Fill::Color(color)) if !filled => stages.push(Stage::Flatten(Background::Color(*color))),
        Some(Fill::Blurred(_)) if !filled => notes.add(WarningKind::NoEffect, "bg", "blurred only fills padding"),
        Some(Fill::Blurred(rest)) if !rest.is_empty() => {
            notes.add(WarningKind::Unsupported, "bg", "blurred without intensity and brightness");
        }
        _ => {}
    }
    stages
}

/// A target size, device pixel ratio and caps worked in.
#[derive(Clone, Copy)]
struct Size {
    width: Option<Dim>,
    height: Option<Dim>,
    aspect: Option<Aspect>,
}

impl Size {
    /// Both sides are known or will be.
    fn is_complete(self) -> bool {
        self.aspect.is_some() || (self.width.is_some() && self.height.is_some())
    }
}

fn size(said: &Said, settings: &Settings, notes: &mut Notes<'_>) -> Size {
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
        if both(width, height).all(|side| (1.0..=5000.0).contains(&(side * dpr))) {
            (width, height) = (width.map(|w| w * dpr), height.map(|h| h * dpr));
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
    Size { width: dim(width, said.width), height: dim(height, said.height), aspect }
}

fn sized(mode: Mode, size: Size, notes: &mut Notes<'_>) -> Stage {
    let said = notes.said;
    let gravity = gravity(mode, notes);
    let background = match &said.background {
        Some(Fill::Color(color)) => Background::Color(*color),
        Some(Fill::Blurred(_)) => Background::Blur(plan::BlurFill::PLAIN),
        None => Background::Color(Color::BLACK),
    };
    if mode.extracts() {
        if size.aspect.is_some() {
            notes.add(WarningKind::Unsupported, "ar", "w or h in pixels beside ar in extract modes");
        }
        return Stage::Extract(Region::Window {
            width: size.width,
            height: size.height,
            gravity,
            pad: mode.pads().then_some(background),
            cut: mode != Mode::PadExtractNoShrink,
        });
    }
    let (fit, mut enlarge) = match mode {
        _ if !size.is_complete() => (Fit::Inside, Enlarge::Yes),
        Mode::Force => (Fit::Stretch, Enlarge::Yes),
        Mode::AtMax | Mode::AtMaxEnlarge => (Fit::Inside, Enlarge::Yes),
        Mode::AtLeast => (Fit::Outside, Enlarge::Yes),
        Mode::PadResize | Mode::PadResizeNoEnlarge => (Fit::Contain, Enlarge::Yes),
        _ => (Fit::Cover, Enlarge::Yes),
    };
    if !mode.enlarges() {
        enlarge = if fit == Fit::Cover { Enlarge::NoClamp } else { Enlarge::No };
    }
    Stage::Resize(Resize {
        aspect: size.aspect,
        enlarge,
        gravity,
        background: if fit == Fit::Contain { background } else { Background::Auto },
        ..Resize::new(size.width, size.height, fit)
    })
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
            if matches!(focus, Focus::Detected(_)) {
                notes.add(WarningKind::Unsupported, "fo", "taken for auto");
            }
            // Only a cut needs attention: padding shows the whole picture.
            if mode.pads() && mode != Mode::PadExtract { Gravity::CENTER } else { Gravity::Attention }
        }
    }
}

/// Collects warnings about a step, quoting the parameter from the table.
struct Notes<'a> {
    said: &'a Said,
    warnings: &'a mut Vec<Warning>,
}

impl Notes<'_> {
    fn add(&mut self, kind: WarningKind, name: &str, allowed: &str) {
        let value = self.value(name).unwrap_or_default();
        self.warnings.push(Warning { kind, parameter: name.to_owned(), value, allowed: allowed.to_owned() });
    }

    fn add_if_said(&mut self, kind: WarningKind, name: &str, allowed: &str) {
        if self.value(name).is_some() {
            self.add(kind, name, allowed);
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        Param::find(TABLE, name).and_then(|row| (row.write)(self.said))
    }
}
