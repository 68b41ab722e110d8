//! Overlays and text.

use super::stage::{enlarge, fit};
use super::values::{anchor, call, color, counted_text, fixed, gravity, int, shift, size};
use super::{Parsed, split, stages, wrong};
use crate::{Asset, Blend, Fixed, Ligatures, Overlay, Picture, Text, TextAlign, TextCut, TextFit, Tile};

/// `<picture>,<option>,…`. Options of a text come right after it, each in its own words.
pub(super) fn overlay(rest: &str, depth: usize) -> Parsed<Overlay> {
    let parts = split(rest, b',')?;
    let Some((first, options)) = parts.split_first() else { return wrong(rest, "overlay:<picture>,…") };
    let (picture, options) = picture(first, options)?;
    let mut overlay = Overlay::new(picture);
    let mut at = 0;
    while let Some(part) = options.get(at) {
        let next = options.get(at + 1).copied();
        at += 1 + usize::from(option(&mut overlay, part, next, depth)?);
    }
    Ok(overlay)
}

/// Whether the next part belongs to it too.
fn option(overlay: &mut Overlay, part: &str, next: Option<&str>, depth: usize) -> Parsed<bool> {
    if let Some(stages_text) = part.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        overlay.stages = stages(stages_text, depth + 1)?;
        return Ok(false);
    }
    let second = || next.map_or_else(|| wrong(part, "two values, split by a comma"), Ok);
    match part.split_once('=') {
        Some(("by", x)) => {
            overlay.offset = (shift(x)?, shift(second()?)?);
            return Ok(true);
        }
        Some(("tile", across)) => {
            overlay.tile = Some(Tile { across: int(across)?, down: int(second()?)? });
            return Ok(true);
        }
        Some(("to", place)) => match anchor(place) {
            Some(origin) => overlay.origin = Some(origin),
            None => return wrong(part, "to=<top-left, center, …>"),
        },
        Some(("enlarge", word)) => overlay.enlarge = enlarge(word)?,
        Some(("at", place)) => overlay.gravity = gravity(place)?,
        Some(("blend", mode)) => overlay.blend = blend(mode)?,
        Some(("only-on", least)) => match least.split_once('x') {
            Some((width, height)) => overlay.only_on = (int(width)?, int(height)?),
            None => return wrong(part, "only-on=<width>x<height>"),
        },
        Some(("opacity", share)) => overlay.opacity = fixed(share)?,
        Some(_) => return unknown(part),
        None => match part {
            "shrink" => overlay.shrink = true,
            "optional" => overlay.optional = true,
            word => {
                if let Some(fit) = fit(word) {
                    overlay.fit = fit;
                } else if let Some(anchor) = anchor(word) {
                    overlay.anchor = anchor;
                } else if let Ok((width, height)) = size(word) {
                    (overlay.width, overlay.height) = (width, height);
                } else {
                    return unknown(part);
                }
            }
        },
    }
    Ok(false)
}

fn unknown<T>(part: &str) -> Parsed<T> {
    wrong(
        part,
        "an overlay has a size, a fit, a place (top-left, center, …), to=, by=<x>,<y>, shrink, enlarge=, at=, tile=<x>,<y>, blend=, \
         only-on=, opacity=, optional and [its own stages]",
    )
}

fn blend(mode: &str) -> Parsed<Blend> {
    if let Some(by) = call(mode, "displace") {
        return match by.split_once(' ') {
            Some((x, y)) => Ok(Blend::Displace { x: fixed(x)?, y: fixed(y)? }),
            None => wrong(mode, "displace(<x> <y>)"),
        };
    }
    let names = || Blend::PLAIN.map(Blend::name).join(", ");
    match Blend::PLAIN.into_iter().find(|known| known.name() == mode) {
        Some(blend) => Ok(blend),
        None => wrong(mode, format!("no such mode; modes are {}, displace(x y)", names())),
    }
}

/// The picture, and the parts after it that are not its own.
fn picture<'p, 't>(first: &'t str, rest: &'p [&'t str]) -> Parsed<(Picture, &'p [&'t str])> {
    if let Some(tint) = call(first, "solid") {
        return Ok((Picture::Solid(color(tint)?), rest));
    }
    if let Some(said) = first.strip_prefix("text") {
        let (text, rest) = text(counted_text(said)?, rest)?;
        return Ok((Picture::Text(Box::new(text)), rest));
    }
    let named = |name: &'t str| -> Parsed<(&'t str, Option<String>)> {
        match at_source(name) {
            Some((name, source)) => Ok((counted_text(name)?, Some(counted_text(source)?.to_owned()))),
            None => Ok((counted_text(name)?, None)),
        }
    };
    if let Some(name) = first.strip_prefix("path") {
        let (name, source) = named(name)?;
        return Ok((Picture::Named { source, asset: Asset::Path(name.to_owned()) }, rest));
    }
    if let Some(name) = first.strip_prefix("url") {
        let (name, source) = named(name)?;
        return Ok((Picture::Named { source, asset: Asset::Url(name.to_owned()) }, rest));
    }
    wrong(first, "path<bytes>(<path>), url<bytes>(<URL>), text<bytes>(<text>) or solid(<colour>)")
}

/// Splits `<bytes>(<name>)@<bytes>(<source>)` by the length of the name.
fn at_source(text: &str) -> Option<(&str, &str)> {
    let (count, _) = text.split_once('(')?;
    let end = count.len().checked_add(2)?.checked_add(count.parse::<usize>().ok()?)?;
    Some((text.get(..end)?, text.get(end..)?.strip_prefix('@')?))
}

/// `text<bytes>(<text>),<option>,…`, and nothing else.
pub(super) fn typeset(rest: &str) -> Parsed<Text> {
    let parts = split(rest, b',')?;
    match parts.split_first().and_then(|(first, options)| Some((first.strip_prefix("text")?, options))) {
        Some((said, options)) => match text(counted_text(said)?, options)? {
            (text, []) => Ok(text),
            (_, [other, ..]) => wrong(other, "a text has no such option"),
        },
        None => wrong(rest, "typeset:text<bytes>(<text>),…"),
    }
}

/// Reads a text's options until one is none.
fn text<'p, 't>(said: &str, rest: &'p [&'t str]) -> Parsed<(Text, &'p [&'t str])> {
    let mut text = Text::new(said, Fixed::new(16.0));
    let mut rest = rest;
    while let Some((part, more)) = rest.split_first() {
        if !text_option(&mut text, part)? {
            break;
        }
        rest = more;
    }
    Ok((text, rest))
}

/// Whether it is one. The box, the colour and `shrink` come before the overlay's own, which look the same.
fn text_option(text: &mut Text, part: &str) -> Parsed<bool> {
    let within = |value: &str| -> Vec<String> {
        value.trim_start_matches('(').trim_end_matches(')').split_whitespace().map(str::to_owned).collect()
    };
    match part.split_once('=') {
        Some(("size", value)) => text.size = fixed(value)?,
        Some(("color", value)) => text.color = color(value)?,
        Some(("family", value)) => text.families.push(counted_text(value)?.to_owned()),
        Some(("weight", value)) => text.weight = int(value)?,
        Some(("align", value)) => {
            text.align = match value {
                "start" => TextAlign::Start,
                "left" => TextAlign::Left,
                "center" => TextAlign::Center,
                "right" => TextAlign::Right,
                "justify" => TextAlign::Justify,
                _ => return wrong(part, "start, left, center, right or justify"),
            };
        }
        Some(("line", value)) => text.line_height = Some(fixed(value)?),
        Some(("spacing", value)) => text.letter_spacing = fixed(value)?,
        Some(("ligatures", value)) => {
            text.ligatures = match value {
                "required" => Ligatures::Required,
                "common" => Ligatures::Common,
                "all" => Ligatures::All,
                _ => return wrong(part, "required, common or all"),
            };
        }
        Some(("box", value)) => (text.width, text.height) = size(value)?,
        Some(("less", value)) => text.less = int(value)?,
        Some(("fit", value)) => {
            text.fit = match value {
                "clip" => TextFit::Clip { cut: TextCut::End, ellipsis: false },
                "clip-start" => TextFit::Clip { cut: TextCut::Start, ellipsis: false },
                "clip-middle" => TextFit::Clip { cut: TextCut::Middle, ellipsis: false },
                "ellipsis" => TextFit::Clip { cut: TextCut::End, ellipsis: true },
                "ellipsis-start" => TextFit::Clip { cut: TextCut::Start, ellipsis: true },
                "ellipsis-middle" => TextFit::Clip { cut: TextCut::Middle, ellipsis: true },
                "shrink" => TextFit::Shrink,
                "wrap" => TextFit::Wrap,
                "wrap-shrink" => TextFit::WrapShrink,
                _ => return wrong(part, "clip[-start|-middle], ellipsis[-start|-middle], shrink, wrap or wrap-shrink"),
            };
        }
        Some(("pad", value)) => {
            let widths: Vec<u32> = within(value).iter().map(|width| int(width)).collect::<Parsed<_>>()?;
            text.padding = match widths[..] {
                [all] => [all; 4],
                [top, right, bottom, left] => [top, right, bottom, left],
                _ => return wrong(part, "one width, or four: top, right, bottom, left"),
            };
        }
        Some(("on", value)) => text.background = Some(color(value)?),
        Some(("outline", value)) => match within(value)[..] {
            [ref width, ref tint] => text.outline = Some((fixed(width)?, color(tint)?)),
            _ => return wrong(part, "outline=(<width> <colour>)"),
        },
        Some(("shadow", value)) => match within(value)[..] {
            [ref x, ref y, ref sigma, ref tint] => {
                text.shadow = Some((fixed(x)?, fixed(y)?, fixed(sigma)?, color(tint)?));
            }
            _ => return wrong(part, "shadow=(<x> <y> <sigma> <colour>)"),
        },
        Some(_) => return Ok(false),
        None => match part {
            "italic" => text.italic = true,
            "underline" => text.underline = true,
            "strikethrough" => text.strikethrough = true,
            "snug" => text.snug = true,
            _ => return Ok(false),
        },
    }
    Ok(true)
}
