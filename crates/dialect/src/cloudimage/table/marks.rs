//! Watermarks: <https://docs.cloudimage.io/transformations/watermark>. Each row may bear an index (`wat_url[1]`): it then
//! speaks of one of several watermarks, and without it of all of them.

use crate::cloudimage::said::marks::{Font, FontSize, Mark, MarkAnchor, MarkScale, pad, position, spell_pad};
use crate::cloudimage::said::{color, number};
use crate::overlay;
use crate::request::WarningKind;
use crate::table::{Kind, Param, Served, Tier};
use crate::text::{bounded, spell_color};

use super::{shown, unless};

/// Longest text in characters.
const MAX_TEXT: usize = 1000;

/// What a watermark is and where it lies.
pub(in crate::cloudimage) static MARKS: &[Param<Mark>] = &[
    Param {
        name: "wat_url",
        aliases: &[],
        kind: Kind::Syntax("an absolute http or https address, or a path"),
        default: "",
        doc: "The watermark; one that is larger than the picture is shrunk to it.",
        tier: Tier::A,
        served: shown!("watermarks_lie_where_they_are_put"),
        parse: |mark, value| {
            mark.asset = Some(overlay::asset(value).ok_or(WarningKind::Invalid)?);
            Ok(())
        },
        write: |mark| mark.asset.as_ref().map(overlay::spell),
    },
    Param {
        name: "wat_text",
        aliases: &[],
        kind: Kind::Text,
        default: "",
        doc: "A text as watermark; wins over wat_url. At most 1000 characters.",
        tier: Tier::B,
        served: Served::Nearly("letters of fonts of ours"),
        parse: |mark, value| {
            if value.is_empty() || value.chars().count() > MAX_TEXT {
                return Err(WarningKind::Invalid);
            }
            mark.text = Some(value.to_owned());
            Ok(())
        },
        write: |mark| mark.text.clone(),
    },
    Param {
        name: "wat_gravity",
        aliases: &[],
        kind: Kind::Enum(&[
            "center",
            "centre",
            "north",
            "northeast",
            "east",
            "southeast",
            "south",
            "southwest",
            "west",
            "northwest",
            "absolute",
            "relative",
        ]),
        default: "center",
        doc: "Which edges the watermark lies at; absolute and relative leave it to wat_pos.",
        tier: Tier::A,
        served: Served::Nearly("relative with other shares than 0, 50 and 100 is taken as absolute"),
        parse: |mark, value| {
            mark.anchor = Some(MarkAnchor::read(value)?);
            Ok(())
        },
        write: |mark| mark.anchor.map(|anchor| anchor.word().to_owned()),
    },
    Param {
        name: "wat_pos",
        aliases: &[],
        kind: Kind::Syntax("X or X,Y in percent of the picture, with or without p"),
        default: "0",
        doc: "Beside wat_gravity=absolute where the watermark's top left corner lies; beside relative 0, 50 or 100.",
        tier: Tier::B,
        served: Served::Nearly("beside relative, other shares than 0, 50 and 100 are taken as beside absolute"),
        parse: |mark, value| {
            let (found, clamped) = position(value)?;
            mark.position = Some(found);
            unless(clamped)
        },
        write: |mark| mark.position.map(|(x, y)| if x == y { format!("{x}p") } else { format!("{x}p,{y}p") }),
    },
    Param {
        name: "wat_pad",
        aliases: &[],
        kind: Kind::Syntax("X or X,Y in pixels, or in percent of the picture with p"),
        default: "0",
        doc: "Distance between the watermark and the edges that it lies at.",
        tier: Tier::A,
        served: shown!("watermarks_lie_where_they_are_put"),
        parse: |mark, value| {
            let (found, clamped) = pad(value)?;
            mark.pad = Some(found);
            unless(clamped)
        },
        write: |mark| mark.pad.map(spell_pad),
    },
    Param {
        name: "wat_scale",
        aliases: &[],
        kind: Kind::Syntax("percent of the watermark's own size, or Xp or Xp,Yp in percent of the picture; up to 1000"),
        default: "100",
        doc: "Scales the watermark, ratio kept; for a text, percent of its own size scale the letters.",
        tier: Tier::A,
        served: shown!("watermarks_lie_where_they_are_put"),
        parse: |mark, value| {
            let (scale, clamped) = MarkScale::read(value)?;
            mark.scale = Some(scale);
            unless(clamped)
        },
        write: |mark| mark.scale.map(MarkScale::spell),
    },
    Param {
        name: "wat_opacity",
        aliases: &[],
        kind: Kind::Number(0.0, 1.0),
        default: "1",
        doc: "Opacity of the watermark.",
        tier: Tier::A,
        served: shown!("watermarks_lie_where_they_are_put"),
        parse: |mark, value| {
            let (opacity, inside) = bounded(number(value)?, 0.0, 1.0);
            mark.opacity = Some(opacity);
            inside
        },
        write: |mark| mark.opacity.map(|opacity| opacity.to_string()),
    },
    Param {
        name: "wat_font",
        aliases: &[],
        kind: Kind::Syntax("a family with hyphens for spaces, then -Bold, -Black, -Italic or -Oblique as wanted"),
        default: "the built-in family",
        doc: "Font of wat_text.",
        tier: Tier::B,
        served: Served::Nearly("families that the fonts folder does not have become the built-in one"),
        parse: |mark, value| {
            mark.font = Some(Font::read(value)?);
            Ok(())
        },
        write: |mark| mark.font.as_ref().map(Font::spell),
    },
    Param {
        name: "wat_fontsize",
        aliases: &[],
        kind: Kind::Syntax("pixels from 1 to 2000, or Nmax for at most so many where the text fits the width"),
        default: "16",
        doc: "Size of wat_text; dpr multiplies it.",
        tier: Tier::B,
        served: Served::Nearly("Nmax shrinks a text until it is as wide as the picture: the vendor names no rule"),
        parse: |mark, value| {
            let (size, clamped) = FontSize::read(value)?;
            mark.size = Some(size);
            unless(clamped)
        },
        write: |mark| mark.size.map(FontSize::spell),
    },
    Param {
        name: "wat_color",
        aliases: &["wat_colour"],
        kind: Kind::Color,
        default: "000000",
        doc: "Colour of wat_text.",
        tier: Tier::B,
        served: shown!("texts_are_drawn_in_their_colour"),
        parse: |mark, value| {
            mark.color = Some(color(value)?);
            Ok(())
        },
        write: |mark| mark.color.map(spell_color),
    },
];
