//! One stage.

use super::expr::condition;
use super::values::{
    anchor, aspect, background, call, color, dim, fixed, gradient, gravity, int, options, radii, size,
};
use super::{Parsed, overlay, split, stages, wrong};
use crate::{
    Adjust, Background, Border, Choose, Color, Enlarge, Filter, Fit, Fixed, Frames, Gravity, Horizontal, Length, Mask,
    Measured, Orient, Pad, Radius, Region, Resize, Shadow, Shape, Stage, Trim, TrimMode, Unsharp, Vertical,
};

/// What a stage may begin with.
const NAMES: &str = "page, frames, typeset, orient, extract, trim, resize, flip, rotate, straighten, pad, flatten, mask, border, gradient, \
                     shadow, overlay, brightness, contrast, exposure, gamma, highlights, shadows, hue, saturation, vibrance, \
                     invert, grayscale, sepia, monochrome, duotone, colorize, linear, threshold, opacity, stretch, \
                     enhance, replace, blur, pixelate, sharpen, unsharp, denoise, halftone, mark, measured, choose";

pub(super) fn stage(text: &str, depth: usize) -> Parsed<Stage> {
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    let parts = split(rest, b',')?;
    if let Some(adjust) = adjust(name, &parts, text)? {
        return Ok(Stage::Adjust(adjust));
    }
    if let Some(filter) = filter(name, &parts, text)? {
        return Ok(Stage::Filter(filter));
    }
    Ok(match name {
        "page" => Stage::Page(int(rest)?),
        "frames" => Stage::Frames(frames(&parts, text)?),
        "typeset" => Stage::Typeset(Box::new(overlay::typeset(rest)?)),
        "orient" if rest == "exif" => Stage::Orient(Orient::Exif),
        "orient" => match int(rest)? {
            value @ 1..=8 => Stage::Orient(Orient::Fixed(value)),
            _ => return wrong(text, "exif, or an EXIF value from 1 to 8"),
        },
        "extract" => Stage::Extract(region(rest, &parts)?),
        "trim" => Stage::Trim(trim(&parts)?),
        "resize" => Stage::Resize(resize(rest)?),
        "flip" => match rest {
            "h" | "v" | "hv" => Stage::Flip { horizontal: rest.contains('h'), vertical: rest.contains('v') },
            _ => return wrong(text, "h, v or hv"),
        },
        "rotate" => match parts[..] {
            [degrees] => Stage::Rotate { degrees: fixed(degrees)?, background: Background::Auto },
            [degrees, ground] => Stage::Rotate { degrees: fixed(degrees)?, background: background(ground)? },
            _ => return wrong(text, "rotate:<degrees>[,<ground>]"),
        },
        "straighten" => Stage::Straighten { degrees: fixed(rest)? },
        "pad" => Stage::Pad(pad(&parts, text)?),
        "flatten" => Stage::Flatten(background(rest)?),
        "mask" => Stage::Mask(mask(&parts, text)?),
        "border" => Stage::Border(border(&parts, text)?),
        "gradient" => Stage::Gradient(gradient(rest)?),
        "shadow" => match parts[..] {
            [x, y, sigma, tint] => {
                Stage::Shadow(Shadow { x: fixed(x)?, y: fixed(y)?, sigma: fixed(sigma)?, color: color(tint)? })
            }
            _ => return wrong(text, "shadow:<x>,<y>,<sigma>,<colour>"),
        },
        "overlay" => Stage::Overlay(Box::new(overlay::overlay(rest, depth)?)),
        "mark" if rest.is_empty() => Stage::Mark,
        "measured" => Stage::Measured(measured(&parts, text, depth)?),
        "choose" => Stage::Choose(Box::new(choose(&parts, text, depth)?)),
        _ => return wrong(text, format!("no such stage; stages are {NAMES}")),
    })
}

/// The stages in square brackets.
fn listed(text: &str, depth: usize) -> Parsed<Vec<Stage>> {
    match text.trim().strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => stages(inner, depth + 1),
        None => wrong(text, "stages in square brackets"),
    }
}

fn measured(parts: &[&str], text: &str, depth: usize) -> Parsed<Measured> {
    let [first, rest @ ..] = parts else { return wrong(text, "measured:[<stage>],<length>=<expression>") };
    let stages = listed(first, depth)?;
    let [stage] = &stages[..] else { return wrong(first, "one stage") };
    let mut lengths = Vec::with_capacity(rest.len());
    for part in rest {
        let (name, expr) = part.split_once('=').unwrap_or((part, ""));
        let length = Length::ALL.into_iter().find(|length| length.name() == name && length.is_of(stage));
        match length {
            Some(length) => lengths.push((length, expr.parse()?)),
            None => {
                let has = Length::ALL.into_iter().filter(|length| length.is_of(stage)).map(Length::name);
                return wrong(part, format!("lengths of this stage are: {}", has.collect::<Vec<_>>().join(", ")));
            }
        }
    }
    Ok(Measured { stage: Box::new(stage.clone()), lengths })
}

fn choose(parts: &[&str], text: &str, depth: usize) -> Parsed<Choose> {
    let (asked, yes, no) = match parts {
        [asked, yes] => (asked, yes, None),
        [asked, yes, no] => (asked, yes, Some(no)),
        _ => return wrong(text, "choose:<condition>,[<stages>],[<other stages>]"),
    };
    let no = no.map_or(Ok(Vec::new()), |no| listed(no, depth))?;
    Ok(Choose { condition: condition(asked)?, yes: listed(yes, depth)?, no })
}

fn adjust(name: &str, parts: &[&str], text: &str) -> Parsed<Option<Adjust>> {
    let one = || match parts {
        [value] if !value.is_empty() => Ok(*value),
        _ => wrong(text, format!("{name}:<value>")),
    };
    let number = || one().and_then(fixed);
    Ok(Some(match name {
        "brightness" => Adjust::Brightness(number()?),
        "contrast" => Adjust::Contrast(number()?),
        "exposure" => Adjust::Exposure(number()?),
        "gamma" => Adjust::Gamma(number()?),
        "highlights" => Adjust::Highlights(number()?),
        "shadows" => Adjust::Shadows(number()?),
        "hue" => Adjust::Hue(number()?),
        "saturation" => Adjust::Saturation(number()?),
        "vibrance" => Adjust::Vibrance(number()?),
        "invert" => Adjust::Invert,
        "grayscale" => Adjust::Grayscale,
        "sepia" => Adjust::Sepia(number()?),
        "monochrome" => Adjust::Monochrome(color(one()?)?),
        "duotone" => match *parts {
            [dark, light] => Adjust::Duotone { dark: color(dark)?, light: color(light)?, strength: Fixed::ONE },
            [dark, light, strength] => {
                Adjust::Duotone { dark: color(dark)?, light: color(light)?, strength: fixed(strength)? }
            }
            _ => return wrong(text, "duotone:<dark>,<light>[,<strength>]"),
        },
        "colorize" => Adjust::Colorize(color(one()?)?),
        "linear" => match *parts {
            [factor] => Adjust::Linear { factor: fixed(factor)?, offset: Fixed::ZERO },
            [factor, offset] => Adjust::Linear { factor: fixed(factor)?, offset: fixed(offset)? },
            _ => return wrong(text, "linear:<factor>[,<offset>]"),
        },
        "threshold" => Adjust::Threshold(int(one()?)?),
        "opacity" => Adjust::Opacity(number()?),
        "stretch" => Adjust::Stretch,
        "enhance" => Adjust::Enhance,
        "replace" => {
            let [to, rest @ ..] = parts else { return wrong(text, "replace:<to>[,tolerance=…][,from=…]") };
            let (mut tolerance, mut from) = (Fixed::new(35.0), None);
            for part in rest {
                match part.split_once('=') {
                    Some(("tolerance", value)) => tolerance = fixed(value)?,
                    Some(("from", value)) => from = Some(color(value)?),
                    _ => return wrong(part, "tolerance=<percent> or from=<colour>"),
                }
            }
            Adjust::Replace { to: color(to)?, tolerance, from }
        }
        _ => return Ok(None),
    }))
}

fn filter(name: &str, parts: &[&str], text: &str) -> Parsed<Option<Filter>> {
    let unsharp = || match *parts {
        [sigma, amount] => Ok(Unsharp { sigma: fixed(sigma)?, amount: fixed(amount)?, threshold: Fixed::ZERO }),
        [sigma, amount, threshold] => {
            Ok(Unsharp { sigma: fixed(sigma)?, amount: fixed(amount)?, threshold: fixed(threshold)? })
        }
        _ => wrong(text, format!("{name}:<sigma>,<amount>[,<threshold>]")),
    };
    let one = || match *parts {
        [value] if !value.is_empty() => Ok(value),
        _ => wrong(text, format!("{name}:<value>")),
    };
    Ok(Some(match name {
        "blur" => Filter::Blur(fixed(one()?)?),
        "pixelate" => Filter::Pixelate(int(one()?)?),
        "sharpen" => Filter::Sharpen(unsharp()?),
        "unsharp" => Filter::Unsharp(unsharp()?),
        "denoise" => match *parts {
            [strength] => Filter::Denoise { strength: fixed(strength)?, sharpen: Fixed::ZERO },
            [strength, sharpen] => Filter::Denoise { strength: fixed(strength)?, sharpen: fixed(sharpen)? },
            _ => return wrong(text, "denoise:<strength>[,<sharpen>]"),
        },
        "halftone" => Filter::Halftone(int(one()?)?),
        _ => return Ok(None),
    }))
}

fn region(text: &str, parts: &[&str]) -> Parsed<Region> {
    match *parts {
        ["rect", x, y, box_] => rect(x, y, box_, (Horizontal::Left, Vertical::Top)),
        ["rect", x, y, box_, align] => match anchor(align) {
            Some(align) => rect(x, y, box_, align),
            None => wrong(align, "top, center or bottom, then -left or -right"),
        },
        ["corners", ref rest @ ..] => {
            corners(rest).map_or_else(|| wrong(text, "corners,<x>,<y>,<x>,<y>, or - for one"), Ok)
        }
        ["window", box_, at, ref rest @ ..] => {
            let (width, height) = size(box_)?;
            let (mut pad, mut cut) = (None, true);
            for part in rest {
                match (*part, part.strip_prefix("on=")) {
                    ("nocut", _) => cut = false,
                    (_, Some(ground)) => pad = Some(background(ground)?),
                    _ => return wrong(part, "on=<ground> or nocut"),
                }
            }
            Ok(Region::Window { width, height, gravity: gravity(at)?, pad, cut })
        }
        ["aspect", ratio] => Ok(Region::Aspect { aspect: aspect(ratio)?, gravity: Gravity::CENTER }),
        ["aspect", ratio, at] => Ok(Region::Aspect { aspect: aspect(ratio)?, gravity: gravity(at)? }),
        _ => wrong(text, "rect,<x>,<y>,<size>, corners,…, window,<size>,<place> or aspect,<ratio>[,<place>]"),
    }
}

fn rect(x: &str, y: &str, box_: &str, align: (Horizontal, Vertical)) -> Parsed<Region> {
    let (width, height) = size(box_)?;
    Ok(Region::Rect { x: dim(x)?, y: dim(y)?, width, height, align })
}

fn corners(parts: &[&str]) -> Option<Region> {
    let pair = |x: &str, y: &str| Some((x.parse().ok()?, y.parse().ok()?));
    let (top_left, bottom_right) = match *parts {
        ["-", "-"] => (None, None),
        ["-", x, y] => (None, Some(pair(x, y)?)),
        [x, y, "-"] => (Some(pair(x, y)?), None),
        [x, y, u, v] => (Some(pair(x, y)?), Some(pair(u, v)?)),
        _ => return None,
    };
    Some(Region::Corners { top_left, bottom_right })
}

fn frames(parts: &[&str], text: &str) -> Parsed<Frames> {
    let [range, rest @ ..] = parts else { return wrong(text, "frames:<first>..[<last>]") };
    let Some((first, last)) = range.split_once("..") else { return wrong(range, "<first>..[<last>], 0 is the first") };
    let last = if last.is_empty() { None } else { Some(int(last)?) };
    let mut frames = Frames { first: int(first)?, last, ..Frames::ALL };
    for part in rest {
        match part.split_once('=').unwrap_or((part, "")) {
            ("every", value) => frames.every = int(value)?,
            ("without", value) => frames.without = int(value)?,
            ("reverse", "") => frames.reverse = true,
            ("rate", value) => frames.rate = Some(fixed(value)?),
            ("plays", value) => frames.plays = Some(int(value)?),
            _ => return wrong(part, "every=<n>, without=<n>, reverse, rate=<frames a second> or plays=<times>"),
        }
    }
    Ok(frames)
}

fn trim(parts: &[&str]) -> Parsed<Trim> {
    let [first, rest @ ..] = parts else { return wrong("trim", "trim:<what>") };
    let mode = if let Some(numbers) = call(first, "even") {
        match numbers.split_once(' ') {
            Some((mean, deviation)) => TrimMode::Even { mean: int(mean)?, deviation: int(deviation)? },
            None => return wrong(first, "even(<mean> <deviation>)"),
        }
    } else {
        match *first {
            "" | "corner" => TrimMode::Corner,
            "alpha" => TrimMode::Alpha,
            "alpha-or-corner" => TrimMode::AlphaOr(None),
            other => match other.strip_prefix("alpha-or-") {
                Some(tint) => TrimMode::AlphaOr(Some(color(tint)?)),
                None => TrimMode::Color(color(other)?),
            },
        }
    };
    let mut trim = Trim { mode, tolerance: Fixed::ZERO, keep: 0 };
    for part in rest {
        match part.split_once('=') {
            Some(("tolerance", value)) => trim.tolerance = fixed(value)?,
            Some(("keep", value)) => trim.keep = int(value)?,
            _ => return wrong(part, "tolerance=<percent> or keep=<pixels>"),
        }
    }
    Ok(trim)
}

pub(super) fn fit(word: &str) -> Option<Fit> {
    Some(match word {
        "inside" => Fit::Inside,
        "outside" => Fit::Outside,
        "cover" => Fit::Cover,
        "contain" => Fit::Contain,
        "cover-or-contain" => Fit::CoverOrContain,
        "stretch" => Fit::Stretch,
        _ => return None,
    })
}

pub(super) fn enlarge(word: &str) -> Parsed<Enlarge> {
    match word {
        "yes" => Ok(Enlarge::Yes),
        "no" => Ok(Enlarge::No),
        "clamp" => Ok(Enlarge::NoClamp),
        _ => wrong(word, "enlarge=yes, no or clamp"),
    }
}

fn resize(text: &str) -> Parsed<Resize> {
    let options = options(text)?;
    let Some(((first, None), rest)) = options.split_first() else { return wrong(text, "resize:<width>x<height>,…") };
    let (width, height) = size(first)?;
    let mut resize = Resize::new(width, height, Fit::Inside);
    for (name, value) in rest {
        match (*name, *value) {
            ("aspect", Some(value)) => resize.aspect = Some(aspect(value)?),
            ("enlarge", Some(value)) => resize.enlarge = enlarge(value)?,
            ("at", Some(value)) => resize.gravity = gravity(value)?,
            ("zoom", Some(value)) => resize.zoom = fixed(value)?,
            ("on", Some(value)) => resize.background = background(value)?,
            ("min-w", Some(value)) => resize.limits.min_width = Some(int(value)?),
            ("min-h", Some(value)) => resize.limits.min_height = Some(int(value)?),
            ("max-w", Some(value)) => resize.limits.max_width = Some(int(value)?),
            ("max-h", Some(value)) => resize.limits.max_height = Some(int(value)?),
            (word, None) if fit(word).is_some() => resize.fit = fit(word).unwrap_or(Fit::Inside),
            (other, _) => {
                return wrong(
                    other,
                    "a resize has a fit (inside, outside, cover, contain, cover-or-contain, stretch), aspect=, enlarge=, \
                     at=, zoom=, on=, min-w=, min-h=, max-w=, max-h=",
                );
            }
        }
    }
    Ok(resize)
}

fn pad(parts: &[&str], text: &str) -> Parsed<Pad> {
    let ([top, right, bottom, left], background) = four_then(parts, text, background)?;
    Ok(Pad { top, right, bottom, left, background: background.unwrap_or(Background::Auto) })
}

/// Four widths (or one for all), then a value.
fn four_then<T>(parts: &[&str], text: &str, read: impl Fn(&str) -> Parsed<T>) -> Parsed<([u32; 4], Option<T>)> {
    Ok(match *parts {
        [all] => ([int(all)?; 4], None),
        [all, value] => ([int(all)?; 4], Some(read(value)?)),
        [top, right, bottom, left] => ([int(top)?, int(right)?, int(bottom)?, int(left)?], None),
        [top, right, bottom, left, value] => ([int(top)?, int(right)?, int(bottom)?, int(left)?], Some(read(value)?)),
        _ => return wrong(text, "one width, or four (top, right, bottom, left), then what they are made of"),
    })
}

fn mask(parts: &[&str], text: &str) -> Parsed<Mask> {
    let (first, outside) = match *parts {
        [first] => (first, Background::Auto),
        [first, ground] => (first, background(ground)?),
        _ => return wrong(text, "mask:<shape>[,<ground>]"),
    };
    let shape = if let Some(four) = call(first, "corners") {
        Shape::Corners(radii(four)?)
    } else if let Some(corners) = call(first, "polygon") {
        match int(corners)? {
            corners @ 3..=32 => Shape::Polygon(corners),
            _ => return wrong(first, "a polygon has 3 to 32 corners"),
        }
    } else {
        match first {
            "ellipse" => Shape::Ellipse,
            "circle" => Shape::Circle,
            _ => return wrong(first, "ellipse, circle, corners(<radii>) or polygon(<corners>)"),
        }
    };
    Ok(Mask { shape, outside })
}

fn border(parts: &[&str], text: &str) -> Parsed<Border> {
    let named = parts.iter().position(|part| part.contains('=') || *part == "inside").unwrap_or(parts.len());
    let (widths, tint) = four_then(&parts[..named], text, color)?;
    let mut border = Border {
        widths,
        color: tint.unwrap_or(Color::BLACK),
        inside: false,
        outer: [Radius::NONE; 4],
        inner: [Radius::NONE; 4],
        outside: Background::Auto,
    };
    let within = |text: &str| text.trim_start_matches('(').trim_end_matches(')').to_owned();
    for part in &parts[named..] {
        match part.split_once('=') {
            None => border.inside = true,
            Some(("outer", four)) => border.outer = radii(&within(four))?,
            Some(("inner", four)) => border.inner = radii(&within(four))?,
            Some(("on", ground)) => border.outside = background(ground)?,
            _ => return wrong(part, "inside, outer=(…), inner=(…) or on=<ground>"),
        }
    }
    Ok(border)
}
