//! The options that are obeyed, and the keys that only will be.

use super::said::{Download, FormatWord, Said, boolean, bounded, color, extract, number, spell_color, trim};
use crate::table::{Kind, Param, Tier};

/// Keys that belong to the vendor and are not obeyed yet.
#[rustfmt::skip]
pub(super) const KNOWN_LATER: &[&str] = &[
    "face-index", "grayscale", "greyscale", "blur", "sharpen", "gamma", "threshold", "linear", "privacy", "brightness",
    "mask", "wmk-path", "wmk-position", "wmk-gravity", "wmk-width", "wmk-height", "wmk-pad", "wmk-opacity", "webp",
];

/// Reads a boolean into the field that `$field` names; one that equals the default is not written.
macro_rules! bool_row {
    ($name:literal, $field:ident, $default:literal, $tier:ident, $doc:literal) => {
        Param {
            name: $name,
            aliases: &[],
            kind: Kind::Flag,
            default: stringify!($default),
            doc: $doc,
            tier: Tier::$tier,
            parse: |said, value| {
                said.$field = Some(boolean(value)?);
                Ok(())
            },
            write: |said| said.$field.filter(|on| *on != $default).map(|on| on.to_string()),
        }
    };
}

/// Reads a decimal within a range into the field that `$field` names.
macro_rules! decimal_row {
    ($name:literal, $field:ident, $low:literal, $high:literal, $default:literal, $doc:literal) => {
        Param {
            name: $name,
            aliases: &[],
            kind: Kind::Number($low, $high),
            default: $default,
            doc: $doc,
            tier: Tier::A,
            parse: |said, value| {
                let (number, inside) = bounded(number(value)?, $low, $high);
                said.$field = Some(number);
                inside
            },
            write: |said| said.$field.map(|number| number.to_string()),
        }
    };
}

/// Every option that is obeyed, in the order in which it is written. Keys are read in any case.
pub(super) static TABLE: &[Param<Said>] = &[
    Param {
        name: "format",
        aliases: &[],
        kind: Kind::Enum(&["auto", "webp", "avif", "jpg", "jpeg", "png", "gif", "mp4"]),
        default: "the master's format",
        doc: "Output format; auto gives AVIF or WebP to clients that take them.",
        tier: Tier::A,
        parse: |said, value| {
            said.format = Some(FormatWord::read(value)?);
            Ok(())
        },
        write: |said| said.format.map(|format| format.word().to_owned()),
    },
    Param {
        name: "quality",
        aliases: &[],
        kind: Kind::Int(1, 100),
        default: "80 for JPEG and WebP, 60 for AVIF",
        doc: "Encoder quality; with format:png, below 90 writes a palette.",
        tier: Tier::A,
        parse: |said, value| {
            let (quality, inside) = bounded(number(value)?.round(), 1.0, 100.0);
            said.quality = Some(quality.get() as u8);
            inside
        },
        write: |said| said.quality.map(|quality| quality.to_string()),
    },
    decimal_row!("dpr", dpr, 1.0, 5.0, "1", "Device pixel ratio: multiplies the sizes."),
    Param {
        name: "fill-color",
        aliases: &[],
        kind: Kind::Color,
        default: "transparent where the output can hold it, else white",
        doc: "Colour of the padding of cover:contain, and what transparency is put on.",
        tier: Tier::A,
        parse: |said, value| {
            said.fill = Some(color(value)?);
            Ok(())
        },
        write: |said| said.fill.map(spell_color),
    },
    decimal_row!("fp-x", focus_x, 0.0, 1.0, "0.5", "Focal point of a crop, as a share of the width."),
    decimal_row!("fp-y", focus_y, 0.0, 1.0, "0.5", "Focal point of a crop, as a share of the height."),
    decimal_row!("fp-z", zoom, 1.0, 100.0, "1", "Zoom of a crop."),
    bool_row!("withoutEnlargement", without_enlargement, false, A, "Never scale up."),
    bool_row!("ignoreAspectRatio", ignore_aspect_ratio, false, B, "With cover: stretch to the size, cut nothing."),
    bool_row!("autorotate", autorotate, true, A, "Turn upright as the master's EXIF says."),
    bool_row!("animation", animation, false, A, "Keep all frames."),
    bool_row!("compression", compression, true, A, "false: the master's bytes on cdn, quality 95 on resizes."),
    bool_row!("progressive", progressive, true, A, "Progressive JPEG."),
    Param {
        name: "download",
        aliases: &[],
        kind: Kind::Syntax("true, false or a file name"),
        default: "false",
        doc: "Has browsers save the answer instead of showing it.",
        tier: Tier::A,
        parse: |said, value| {
            said.download = Download::read(value)?;
            Ok(())
        },
        write: |said| {
            said.download.as_ref().map(|download| match download {
                Download::Yes => "true".to_owned(),
                Download::As(name) => name.clone(),
            })
        },
    },
    Param {
        name: "trim",
        aliases: &[],
        kind: Kind::Syntax("true, false or a tolerance from 1 to 254"),
        default: "false",
        doc: "Cuts off borders that are like the top left pixel; true is a tolerance of 10.",
        tier: Tier::B,
        parse: |said, value| {
            let (tolerance, inside) = trim(value)?;
            said.trim = tolerance;
            inside
        },
        write: |said| said.trim.map(|tolerance| tolerance.to_string()),
    },
    Param {
        name: "extract",
        aliases: &[],
        kind: Kind::Syntax("left;top;width;height in pixels"),
        default: "",
        doc: "Region taken before anything else.",
        tier: Tier::B,
        parse: |said, value| {
            said.extract = Some(extract(value)?);
            Ok(())
        },
        write: |said| said.extract.map(|[l, t, w, h]| format!("{l};{t};{w};{h}")),
    },
];
