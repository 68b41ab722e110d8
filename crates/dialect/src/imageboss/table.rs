//! The options.

use super::said::{FormatWord, MaskWord, Said, boolean, color, extract, linear, number, spell_linear, strength, trim};
use crate::overlay::{self, FARTHEST};
use crate::request::{Disposition, WarningKind};
use crate::table::{Kind, Param, Served, Tier};
use crate::text::{bounded, compass, spell_color, spell_compass};

/// Shown by a test of pixels.
macro_rules! shown {
    ($test:literal) => {
        Served::Exactly(concat!("crates/render/tests/imageboss_pixels.rs::", $test))
    };
}

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
            served: Served::Unsaid,
            parse: |said: &mut Said, value| {
                said.$field = Some(boolean(value)?);
                Ok(())
            },
            write: |said: &Said| said.$field.filter(|on| *on != $default).map(|on| on.to_string()),
        }
    };
}

/// Reads a decimal within a range into the field that `$field` names.
macro_rules! decimal_row {
    ($name:literal, $field:ident, $low:literal, $high:literal, $default:literal, $tier:ident, $doc:literal) => {
        Param {
            name: $name,
            aliases: &[],
            kind: Kind::Number($low, $high),
            default: $default,
            doc: $doc,
            tier: Tier::$tier,
            served: Served::Unsaid,
            parse: |said: &mut Said, value| {
                let (number, inside) = bounded(number(value)?, $low, $high);
                said.$field = Some(number);
                inside
            },
            write: |said: &Said| said.$field.map(|number| number.to_string()),
        }
    };
}

/// Reads a strength within a range, for which `true` and `false` stand too, into the field that `$field` names.
macro_rules! strength_row {
    ($name:literal, $field:ident, $high:literal, $words:literal, $doc:literal) => {
        Param {
            name: $name,
            aliases: &[],
            kind: Kind::Syntax($words),
            default: "0",
            doc: $doc,
            tier: Tier::A,
            served: Served::Unsaid,
            parse: |said: &mut Said, value| {
                let (number, inside) = bounded(strength(value)?, 0.0, $high);
                said.$field = Some(number);
                inside
            },
            write: |said: &Said| said.$field.map(|number| number.to_string()),
        }
    };
}

/// The longest side of a watermark that is told apart; a site's own limit is applied later.
const LONGEST: i32 = 65_535;

/// Reads whole pixels within a range into the field that `$field` names.
macro_rules! pixels_row {
    ($name:literal, $field:ident, $low:literal, $high:expr, $default:literal, $doc:literal) => {
        Param {
            name: $name,
            aliases: &[],
            kind: Kind::Int($low, $high as i64),
            default: $default,
            doc: $doc,
            tier: Tier::A,
            served: Served::Unsaid,
            parse: |said: &mut Said, value| {
                let (pixels, inside) = bounded(number(value)?.round(), f64::from($low), f64::from($high));
                said.$field = Some(pixels.get() as u32);
                inside
            },
            write: |said: &Said| said.$field.map(|pixels| pixels.to_string()),
        }
    };
}

/// Every option, in the order in which it is written. Keys are read in any case.
pub(super) static TABLE: &[Param<Said>] = &[
    Param {
        name: "format",
        aliases: &[],
        kind: Kind::Enum(&["auto", "webp", "avif", "jpg", "jpeg", "png", "gif", "mp4"]),
        default: "the master's format",
        doc: "Output format; auto gives AVIF or WebP to clients that take them.",
        tier: Tier::A,
        served: Served::Nearly("no films: mp4 is refused, beside animation:true passed over"),
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
        served: Served::Nearly("the default is ours, and each format has its own scale: the vendor documents neither"),
        parse: |said, value| {
            let (quality, inside) = bounded(number(value)?.round(), 1.0, 100.0);
            said.quality = Some(quality.get() as u8);
            inside
        },
        write: |said| said.quality.map(|quality| quality.to_string()),
    },
    decimal_row!("dpr", dpr, 1.0, 5.0, "1", A, "Device pixel ratio: multiplies the sizes.")
        .served(shown!("sizes_follow_the_documentation")),
    Param {
        name: "fill-color",
        aliases: &[],
        kind: Kind::Color,
        default: "transparent where the output can hold it, else white",
        doc: "Colour of the padding of cover:contain, and what transparency is put on.",
        tier: Tier::A,
        served: shown!("padding_has_the_colour_that_is_named"),
        parse: |said, value| {
            said.fill = Some(color(value)?);
            Ok(())
        },
        write: |said| said.fill.map(spell_color),
    },
    decimal_row!("fp-x", focus_x, 0.0, 1.0, "0.5", A, "Focal point of a crop, as a share of the width.")
        .served(shown!("crops_keep_the_place_that_is_named")),
    decimal_row!("fp-y", focus_y, 0.0, 1.0, "0.5", A, "Focal point of a crop, as a share of the height.")
        .served(shown!("crops_keep_the_place_that_is_named")),
    decimal_row!("fp-z", zoom, 1.0, 100.0, "1", A, "Zoom of a crop.")
        .served(shown!("crops_keep_the_place_that_is_named")),
    bool_row!("withoutEnlargement", without_enlargement, false, A, "Never scale up.")
        .served(shown!("sizes_follow_the_documentation")),
    bool_row!("ignoreAspectRatio", ignore_aspect_ratio, false, B, "With cover: stretch to the size, cut nothing.")
        .served(shown!("sizes_follow_the_documentation")),
    bool_row!("autorotate", autorotate, true, A, "Turn upright as the master's EXIF says.").served(Served::Exactly(
        "crates/render/tests/imageboss_pixels.rs::a_lying_photo_is_turned_and_a_film_stands_still_unless_told",
    )),
    bool_row!("animation", animation, false, A, "Keep all frames.").served(Served::Exactly(
        "crates/render/tests/imageboss_pixels.rs::a_lying_photo_is_turned_and_a_film_stands_still_unless_told",
    )),
    bool_row!("compression", compression, true, A, "false: the master's bytes on cdn, quality 95 on resizes.")
        .served(shown!("formats_go_to_those_who_take_them")),
    bool_row!("progressive", progressive, true, A, "Progressive JPEG.")
        .served(shown!("formats_go_to_those_who_take_them")),
    Param {
        name: "download",
        aliases: &[],
        kind: Kind::Syntax("true, false or a file name"),
        default: "false",
        doc: "Has browsers save the answer instead of showing it.",
        tier: Tier::A,
        served: Served::Exactly("crates/afterimage/tests/http.rs::downloads_are_named"),
        parse: |said, value| {
            said.download = Disposition::read(value, boolean(value).ok())?;
            Ok(())
        },
        write: |said| said.download.spell("true"),
    },
    Param {
        name: "trim",
        aliases: &[],
        kind: Kind::Syntax("true, false or a tolerance from 1 to 254"),
        default: "false",
        doc: "Cuts off borders that are like the top left pixel; true is a tolerance of 10.",
        tier: Tier::B,
        served: Served::Nearly("the tolerance is of 255 beside the top left pixel: the vendor names no measure"),
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
        served: Served::Nearly("the vendor names the option and shows no value: four numbers with any usual separator"),
        parse: |said, value| {
            said.extract = Some(extract(value)?);
            Ok(())
        },
        write: |said| said.extract.map(|[l, t, w, h]| format!("{l};{t};{w};{h}")),
    },
    bool_row!("webp", webp, false, C, "Old spelling of WebP for clients that take it; beside format, without effect.")
        .served(shown!("formats_go_to_those_who_take_them")),
    decimal_row!(
        "gamma",
        gamma,
        1.0,
        3.0,
        "",
        B,
        "Each channel to the power of 1 / this; above 1 brightens mid-tones."
    )
    .served(Served::Nearly(
        "once, after resizing: sharp, whose word it is, darkens before that and brightens after it",
    )),
    Param {
        name: "linear",
        aliases: &[],
        kind: Kind::Syntax("factor, or factor;offset; the factor within -100 and 100, the offset within -255 and 255"),
        default: "",
        doc: "factor * value + offset on each channel, in levels of 255.",
        tier: Tier::B,
        served: shown!("levels_are_what_they_say"),
        parse: |said, value| {
            let (both, inside) = linear(value)?;
            said.linear = Some(both);
            inside
        },
        write: |said| said.linear.map(spell_linear),
    },
    decimal_row!(
        "brightness",
        brightness,
        -100.0,
        100.0,
        "0",
        C,
        "Added to each channel, in percent of the full range."
    )
    .served(Served::Nearly("the vendor does not document it: percent of the range, added to each channel")),
    Param {
        name: "threshold",
        aliases: &[],
        kind: Kind::Int(0, 255),
        default: "",
        doc: "White where the luminance is at least this, else black.",
        tier: Tier::B,
        served: shown!("levels_are_what_they_say"),
        parse: |said, value| {
            let (least, inside) = bounded(number(value)?.round(), 0.0, 255.0);
            said.threshold = Some(least.get() as u8);
            inside
        },
        write: |said| said.threshold.map(|least| least.to_string()),
    },
    Param {
        aliases: &["greyscale"],
        ..bool_row!("grayscale", grayscale, false, A, "Luminance alone.").served(shown!("levels_are_what_they_say"))
    },
    strength_row!(
        "blur",
        blur,
        40.0,
        "true, false or a number from 0 to 40",
        "Gaussian blur: the standard deviation in pixels of the result; true is 2."
    )
    .served(shown!("a_blurred_edge_is_a_bell_curve")),
    strength_row!(
        "sharpen",
        sharpen,
        10.0,
        "true, false or a number from 0 to 10",
        "Unsharp mask on the luminance: the standard deviation in pixels of the result, at an amount of 1; true is 2."
    )
    .served(Served::Nearly("an unsharp mask on the luminance of amount 1: the vendor names none")),
    Param {
        name: "mask",
        aliases: &[],
        kind: Kind::Syntax("circle, ellipse or a corner radius from 1 to 8192 pixels"),
        default: "",
        doc: "Keeps what lies within a shape; the output then holds alpha: PNG in place of JPEG or of no format.",
        tier: Tier::C,
        served: Served::Nearly("the vendor does not document it"),
        parse: |said, value| {
            let (mask, inside) = MaskWord::read(value)?;
            said.mask = Some(mask);
            inside
        },
        write: |said| said.mask.map(MaskWord::spell),
    },
    Param {
        name: "wmk-path",
        aliases: &[],
        kind: Kind::Syntax("a percent-encoded path in the same source"),
        default: "",
        doc: "Watermark: the picture that is drawn over this one. Without it there is no answer.",
        tier: Tier::A,
        served: shown!("watermarks_lie_where_they_are_put"),
        parse: |said, value| {
            said.mark = Some(overlay::key(value.trim_start_matches('/')).ok_or(WarningKind::Invalid)?);
            Ok(())
        },
        write: |said| said.mark.as_ref().map(|key| format!("/{key}")),
    },
    Param {
        name: "wmk-position",
        aliases: &["wmk-gravity"],
        kind: Kind::Enum(&[
            "center",
            "north",
            "northeast",
            "east",
            "southeast",
            "south",
            "southwest",
            "west",
            "northwest",
        ]),
        default: "southeast",
        doc: "Which edges the watermark lies at.",
        tier: Tier::A,
        served: shown!("watermarks_lie_where_they_are_put"),
        parse: |said, value| {
            said.mark_anchor = Some(compass(value).ok_or(WarningKind::Invalid)?);
            Ok(())
        },
        write: |said| said.mark_anchor.map(|anchor| spell_compass(anchor).to_owned()),
    },
    pixels_row!(
        "wmk-width",
        mark_width,
        1,
        LONGEST,
        "the watermark's, at most the picture's",
        "Width that the watermark is scaled to, ratio kept."
    )
    .served(shown!("watermarks_lie_where_they_are_put")),
    pixels_row!(
        "wmk-height",
        mark_height,
        1,
        LONGEST,
        "the watermark's, at most the picture's",
        "Height that the watermark is scaled to, ratio kept."
    )
    .served(shown!("watermarks_lie_where_they_are_put")),
    pixels_row!("wmk-pad", mark_pad, 0, FARTHEST, "0", "Pixels between the watermark and the edges that it lies at.")
        .served(shown!("watermarks_lie_where_they_are_put")),
    decimal_row!("wmk-opacity", mark_opacity, 0.0, 100.0, "100", A, "Opacity of the watermark in percent.")
        .served(shown!("watermarks_lie_where_they_are_put")),
    Param {
        name: "face-index",
        aliases: &[],
        kind: Kind::Int(1, 100),
        default: "the largest",
        doc: "Which face cover:face centres on, by size.",
        tier: Tier::B,
        served: Served::Read("there is no search for faces"),
        parse: |_, value| {
            number(value)?;
            Err(WarningKind::Unsupported)
        },
        write: |_| None,
    },
    Param {
        name: "privacy",
        aliases: &[],
        kind: Kind::Syntax("true, false or a strength from 1 to 100"),
        default: "false",
        doc: "Pixelates every face.",
        tier: Tier::B,
        served: Served::Read("there is no search for faces"),
        parse: |_, value| if strength(value)? == 0.0 { Ok(()) } else { Err(WarningKind::Unsupported) },
        write: |_| None,
    },
    Param {
        name: "preset",
        aliases: &[],
        kind: Kind::Syntax("the name of a preset"),
        default: "",
        doc: "A named transformation of the site, which the vendor does not have: what it says holds against the URL.",
        tier: Tier::C,
        served: Served::Nearly("the vendor has none"),
        // Looked up before anything is read.
        parse: |_, _| Ok(()),
        write: |_| None,
    },
];
