//! Numbers, colours, places and grounds.

use std::str::FromStr;

use super::{Parsed, split, wrong};
use crate::{
    Aspect, Background, BlurFill, Color, Dim, Fixed, Gradient, GradientShape, Gravity, Horizontal, Mix, Radius, Shift,
    Vertical,
};

/// A whole number.
pub(super) fn int<T: FromStr>(text: &str) -> Parsed<T> {
    text.trim()
        .parse()
        .or_else(|_| wrong(text, format!("not a whole number of the kind {}", std::any::type_name::<T>())))
}

pub(super) fn fixed(text: &str) -> Parsed<Fixed> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Fixed::new(value)),
        _ => wrong(text, "not a number"),
    }
}

pub(super) fn color(text: &str) -> Parsed<Color> {
    let text = text.trim();
    let whole = || {
        if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let [r, g, b, a] = u32::from_str_radix(text, 16).ok()?.to_be_bytes();
        Some(Color { r, g, b, a })
    };
    match whole().or_else(|| Color::from_hex(text)).or_else(|| Color::from_css_name(text)) {
        Some(color) => Ok(color),
        None => wrong(text, "no colour; colours are CSS names, RGB, RRGGBB or RRGGBBAA"),
    }
}

/// `-`, pixels, or a share that ends in `r`.
pub(super) fn dim(text: &str) -> Parsed<Option<Dim>> {
    match (text.trim(), text.trim().strip_suffix('r')) {
        ("-", _) => Ok(None),
        (_, Some(share)) => Ok(Some(Dim::Ratio(fixed(share)?))),
        (pixels, None) => Ok(Some(Dim::Px(int(pixels)?))),
    }
}

/// `<width>x<height>`.
pub(super) fn size(text: &str) -> Parsed<(Option<Dim>, Option<Dim>)> {
    match text.split_once('x') {
        Some((width, height)) => Ok((dim(width)?, dim(height)?)),
        None => wrong(text, "a size is <width>x<height>, each pixels, a share such as 0.5r, or -"),
    }
}

pub(super) fn shift(text: &str) -> Parsed<Shift> {
    match text.trim().strip_suffix('r') {
        Some(share) => Ok(Shift::Ratio(fixed(share)?)),
        None => Ok(Shift::Px(int(text)?)),
    }
}

pub(super) fn radius(text: &str) -> Parsed<Radius> {
    match text.trim().strip_suffix('r') {
        Some(share) => Ok(Radius::Share(fixed(share)?)),
        None => Ok(Radius::Px(int(text)?)),
    }
}

/// Four, or one for all.
pub(super) fn radii(text: &str) -> Parsed<[Radius; 4]> {
    let all: Vec<Radius> = text.split_whitespace().map(radius).collect::<Parsed<_>>()?;
    match all[..] {
        [one] => Ok([one; 4]),
        [a, b, c, d] => Ok([a, b, c, d]),
        _ => wrong(text, "one radius, or four: top-left, top-right, bottom-right, bottom-left"),
    }
}

pub(super) fn aspect(text: &str) -> Parsed<Aspect> {
    match text.split_once("..") {
        Some((low, high)) => Ok(Aspect::Between(fixed(low)?, fixed(high)?)),
        None => Ok(Aspect::Exact(fixed(text)?)),
    }
}

/// What stands in brackets after a name: `point(0.5 0.5)`.
pub(super) fn call<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')
}

fn two(text: &str) -> Parsed<(&str, &str)> {
    text.trim().split_once(' ').map_or_else(|| wrong(text, "two values"), Ok)
}

pub(super) fn gravity(text: &str) -> Parsed<Gravity> {
    let text = text.trim();
    let axis = |text: &str| if text == "-" { Ok(None) } else { int(text).map(Some) };
    if let Some(point) = call(text, "point") {
        let (x, y) = two(point)?;
        return Ok(Gravity::Point(fixed(x)?, fixed(y)?));
    }
    if let Some(point) = call(text, "master-pixel") {
        let (x, y) = two(point)?;
        return Ok(Gravity::MasterPixel(int(x)?, int(y)?));
    }
    if let Some(point) = call(text, "corner") {
        let (x, y) = two(point)?;
        return Ok(Gravity::TopLeft(axis(x)?, axis(y)?));
    }
    if let Some(point) = call(text, "centre") {
        let (x, y) = two(point)?;
        return Ok(Gravity::Centered(axis(x)?, axis(y)?));
    }
    match text {
        "attention" => Ok(Gravity::Attention),
        "entropy" => Ok(Gravity::Entropy),
        "edges" => Ok(Gravity::Edges),
        _ => match anchor(text) {
            Some((horizontal, vertical)) => Ok(Gravity::Anchor(horizontal, vertical)),
            None => wrong(
                text,
                "no place; places are center, top, bottom, center-left, top-right and the like, point(x y), \
                 master-pixel(x y), corner(x y), centre(x y), attention, entropy, edges",
            ),
        },
    }
}

pub(super) fn anchor(text: &str) -> Option<(Horizontal, Vertical)> {
    let (vertical, horizontal) = match text {
        "left" | "right" => ("center", text),
        _ => text.split_once('-').unwrap_or((text, "center")),
    };
    let vertical = match vertical {
        "top" => Vertical::Top,
        "center" => Vertical::Center,
        "bottom" => Vertical::Bottom,
        _ => return None,
    };
    let horizontal = match horizontal {
        "left" => Horizontal::Left,
        "center" => Horizontal::Center,
        "right" => Horizontal::Right,
        _ => return None,
    };
    Some((horizontal, vertical))
}

pub(super) fn background(text: &str) -> Parsed<Background> {
    let text = text.trim();
    if let Some(gradient) = call(text, "gradient") {
        return Ok(Background::Gradient(self::gradient(gradient)?));
    }
    if let Some(count) = call(text, "dominant-gradient") {
        return match count {
            "2" | "4" => Ok(Background::DominantGradient(int(count)?)),
            _ => wrong(text, "a gradient of 2 or 4 dominant colours"),
        };
    }
    if let Some(grid) = call(text, "grid") {
        let parts: Vec<&str> = grid.split_whitespace().collect();
        return match parts[..] {
            [first, second, size] => {
                Ok(Background::Grid { first: color(first)?, second: color(second)?, size: int::<u32>(size)?.max(1) })
            }
            _ => wrong(text, "grid(<colour> <colour> <size>)"),
        };
    }
    if let Some(options) = call(text, "blur") {
        return blur(options).map(Background::Blur);
    }
    match text {
        "auto" => Ok(Background::Auto),
        "blur" => Ok(Background::Blur(BlurFill::PLAIN)),
        "edge" => Ok(Background::Edge),
        "mirror" => Ok(Background::Mirror),
        "dominant" => Ok(Background::Dominant),
        "dominant-edge" => Ok(Background::DominantEdge),
        _ => color(text).map(Background::Color).or_else(|_| {
            wrong(
                text,
                "no ground; grounds are auto, a colour, blur, edge, mirror, dominant, dominant-edge, \
                 dominant-gradient(2|4), gradient(…), grid(…)",
            )
        }),
    }
}

fn blur(options: &str) -> Parsed<BlurFill> {
    let mut fill = BlurFill::PLAIN;
    for option in options.split_whitespace() {
        match option.split_once('=') {
            Some(("sigma", value)) => fill.sigma = Some(fixed(value)?),
            Some(("brightness", value)) => fill.brightness = fixed(value)?,
            Some(("opacity", value)) => fill.opacity = fixed(value)?,
            Some(("under", value)) => fill.under = Some(color(value)?),
            Some(("tint", value)) => fill.tint = Some(color(value)?),
            _ => return wrong(option, "a blur has sigma=, brightness=, opacity=, under=, tint="),
        }
    }
    Ok(fill)
}

/// `linear <degrees> <stop> <from> <to> [<mix>]` or `radial <x> <y> <inner> <outer> <from> <to> [<mix>]`.
pub(super) fn gradient(text: &str) -> Parsed<Gradient> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let (shape, rest) = match parts[..] {
        ["linear", degrees, stop, ..] => {
            (GradientShape::Linear { degrees: fixed(degrees)?, stop: fixed(stop)? }, &parts[3..])
        }
        ["radial", x, y, inner, outer, ..] => {
            let center = (fixed(x)?, fixed(y)?);
            (GradientShape::Radial { center, inner: radius(inner)?, outer: radius(outer)? }, &parts[5..])
        }
        _ => {
            return wrong(
                text,
                "linear <degrees> <stop> <from> <to>, or radial <x> <y> <inner> <outer> <from> <to>; then the space",
            );
        }
    };
    let (from, to, mix) = match *rest {
        [from, to] => (from, to, Mix::Srgb),
        [from, to, mix] => match Mix::ALL.into_iter().find(|known| known.name() == mix) {
            Some(mix) => (from, to, mix),
            None => return wrong(mix, "colours are mixed in srgb, linear, oklab, hsl or lch"),
        },
        _ => return wrong(text, "a gradient ends in two colours and, if need be, the space they are mixed in"),
    };
    Ok(Gradient { shape, from: color(from)?, to: color(to)?, mix })
}

/// `<bytes>(<text>)`.
pub(super) fn counted_text(text: &str) -> Parsed<&str> {
    let inner = text.split_once('(').and_then(|(count, rest)| {
        let (count, inner) = (count.parse::<usize>().ok()?, rest.strip_suffix(')')?);
        (inner.len() == count).then_some(inner)
    });
    inner.map_or_else(|| wrong(text, "text is written with its length in bytes: 5(hello)"), Ok)
}

/// The options after the first few parts: `name` or `name=value`, split at commas.
pub(super) fn options(text: &str) -> Parsed<Vec<(&str, Option<&str>)>> {
    Ok(split(text, b',')?
        .into_iter()
        .map(|part| match part.split_once('=') {
            Some((name, value)) if !name.contains('(') => (name.trim(), Some(value.trim())),
            _ => (part.trim(), None),
        })
        .collect())
}
