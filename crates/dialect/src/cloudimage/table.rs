//! The parameters that are obeyed, and the names that only will be.

use plan::Fixed;

use super::said::{
    Download, Formats, Func, MarkScale, Place, Ratio, Said, color, corner, flag, flip, mark_pad, number, side,
    spell_mark_pad,
};
use crate::overlay;
use crate::request::WarningKind;
use crate::table::{Kind, Param, Tier};
use crate::text::{bounded, compass, spell_color, spell_compass};

/// Names that belong to the vendor and are not obeyed yet. They are never forwarded to the origin. An index as in
/// `wat_text[1]` is cut off before they are looked up.
#[rustfmt::skip]
pub(super) const KNOWN_LATER: &[&str] = &[
    "p", "x", "y", "margin", "face_margin", "radius", "bg_blur", "bg_opacity", "bg_colorize", "bg_colourise",
    "bg_colourize", "bg_gravity", "bg_remove", "bright", "contrast", "saturate", "gray", "grey", "sepia", "invert",
    "duotone", "colorize", "blur", "pixelate", "pixellate", "sharp", "blur_faces", "wat_text", "wat_pos", "wat_font",
    "wat_fontsize", "wat_color", "wat_colour", "optipress", "doc_page", "process", "format",
];

/// Names without a meaning here or for the vendor that stand in ordinary URLs: cache-busters, marks of where a visitor
/// came from, and what Firebase adds to every address. They go to the origin like any other, but are no mistake.
#[rustfmt::skip]
const NOISE: &[&str] = &[
    "_", "v", "ver", "version", "rev", "t", "ts", "time", "timestamp", "cb", "cachebuster", "updated", "updatedAt",
    "fbclid", "gclid", "alt", "token",
];

/// Whether a name that is not the vendor's needs no warning; a bare number is a cache-buster, too.
pub(super) fn is_noise(name: &str) -> bool {
    NOISE.contains(&name) || name.starts_with("utm_") || name.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a name belongs to the vendor and is not obeyed yet. Watermarks with an index come with several of them.
pub(super) fn is_known_later(name: &str) -> bool {
    let (base, indexed) = name.split_once('[').map_or((name, false), |(base, _)| (base, true));
    KNOWN_LATER.contains(&base) || (indexed && base.starts_with("wat") && Param::find(TABLE, base).is_some())
}

/// What may stand in `f`.
const FILTERS: &[&str] = &[
    "bright",
    "contrast",
    "saturate",
    "gray",
    "grey",
    "sepia",
    "invert",
    "duotone",
    "colorize",
    "blur",
    "pixelate",
    "pixellate",
    "sharp",
    "blur_faces",
];

/// Reads a flag into the field that `$field` names, and spells it as `1`.
macro_rules! flag_row {
    ($name:literal, $aliases:expr, $field:ident, $tier:ident, $doc:literal) => {
        Param {
            name: $name,
            aliases: $aliases,
            kind: Kind::Flag,
            default: "0",
            doc: $doc,
            tier: Tier::$tier,
            parse: |said, value| {
                said.$field = flag(value)?;
                Ok(())
            },
            write: |said| said.$field.then(|| "1".to_owned()),
        }
    };
}

/// `Err` with [`WarningKind::Clamped`] if something was brought into range.
fn unless(clamped: bool) -> Result<(), WarningKind> {
    if clamped { Err(WarningKind::Clamped) } else { Ok(()) }
}

/// Every parameter that is obeyed, in the order in which it is written.
pub(super) static TABLE: &[Param<Said>] = &[
    Param {
        name: "w",
        aliases: &["width"],
        kind: Kind::Int(1, 10_000),
        default: "",
        doc: "Width in pixels; alone, the height follows, enlarging where needed.",
        tier: Tier::A,
        parse: |said, value| {
            said.width = Some(side(value)?);
            Ok(())
        },
        write: |said| said.width.map(|w| w.to_string()),
    },
    Param {
        name: "h",
        aliases: &["height"],
        kind: Kind::Int(1, 10_000),
        default: "",
        doc: "Height in pixels; alone, the width follows, enlarging where needed.",
        tier: Tier::A,
        parse: |said, value| {
            said.height = Some(side(value)?);
            Ok(())
        },
        write: |said| said.height.map(|h| h.to_string()),
    },
    flag_row!("org_if_sml", &[], original_if_smaller, A, "Never enlarge an origin that is smaller than the target."),
    Param {
        name: "dpr",
        aliases: &[],
        kind: Kind::Number(0.1, 8.0),
        default: "1",
        doc: "Device pixel ratio: multiplies w and h.",
        tier: Tier::A,
        parse: |said, value| {
            let (dpr, inside) = bounded(number(value)?, 0.1, 8.0);
            said.dpr = Some(dpr);
            inside
        },
        write: |said| said.dpr.map(|dpr| dpr.to_string()),
    },
    Param {
        name: "func",
        aliases: &[],
        kind: Kind::Enum(&["crop", "fit", "cropfit", "bound", "boundmin", "cover", "face", "facehide", "proxy"]),
        default: "crop where both w and h are given",
        doc: "What happens when origin and target differ in ratio; proxy delivers the origin's bytes.",
        tier: Tier::A,
        parse: |said, value| {
            said.func = Some(Func::read(value)?);
            Ok(())
        },
        write: |said| said.func.map(|func| func.word().to_owned()),
    },
    Param {
        name: "aspect_ratio",
        aliases: &["ar"],
        kind: Kind::Syntax("a ratio of width to height such as 1.778 or 16:9, or two with a comma for a range"),
        default: "",
        doc: "Crops to a ratio; with one of w and h, the other is worked out.",
        tier: Tier::B,
        parse: |said, value| {
            said.aspect = Some(Ratio::read(value)?);
            Ok(())
        },
        write: |said| said.aspect.map(Ratio::spell),
    },
    Param {
        name: "gravity",
        aliases: &[],
        kind: Kind::Syntax(
            "a compass direction, center, auto, smart, face, X,Y in pixels, Xp,Yp in percent or Xc,Yc in shares from 0 to 1",
        ),
        default: "center",
        doc: "The part a crop keeps, or where the picture lies on its canvas.",
        tier: Tier::A,
        parse: |said, value| {
            let (place, clamped) = Place::read(value)?;
            said.gravity = Some(place);
            unless(clamped)
        },
        write: |said| said.gravity.map(Place::spell),
    },
    Param {
        name: "tl_px",
        aliases: &[],
        kind: Kind::Syntax("X,Y in pixels"),
        default: "0,0",
        doc: "Top left corner of a cut in origin pixels, made before resizing.",
        tier: Tier::B,
        parse: |said, value| {
            said.top_left = Some(corner(value)?);
            Ok(())
        },
        write: |said| said.top_left.map(|(x, y)| format!("{x},{y}")),
    },
    Param {
        name: "br_px",
        aliases: &[],
        kind: Kind::Syntax("X,Y in pixels"),
        default: "the origin's width and height",
        doc: "Bottom right corner of a cut in origin pixels, made before resizing.",
        tier: Tier::B,
        parse: |said, value| match corner(value)? {
            (0, _) | (_, 0) => Err(WarningKind::Invalid),
            corner => {
                said.bottom_right = Some(corner);
                Ok(())
            }
        },
        write: |said| said.bottom_right.map(|(x, y)| format!("{x},{y}")),
    },
    flag_row!("fit_enlarge", &[], fit_enlarge, B, "Lets func=fit enlarge."),
    Param {
        name: "bg_color",
        aliases: &["bg_colour"],
        kind: Kind::Color,
        default: "transparent where the output can hold it, else white",
        doc: "Colour of padding and of corners, and what transparency is put on.",
        tier: Tier::A,
        parse: |said, value| {
            said.background = Some(color(value)?);
            Ok(())
        },
        write: |said| said.background.map(spell_color),
    },
    flag_row!("bg_img_fit", &[], background_image, B, "Pads func=fit with the picture itself, blurred."),
    Param {
        name: "trim",
        aliases: &[],
        kind: Kind::Number(0.0, 100.0),
        default: "",
        doc: "Cuts a uniform border off; the number is the tolerance in percent, 0 an exact match.",
        tier: Tier::B,
        parse: |said, value| {
            let (tolerance, inside) = bounded(number(value)?, 0.0, 100.0);
            said.trim = Some(tolerance);
            inside
        },
        write: |said| said.trim.map(|trim| trim.to_string()),
    },
    Param {
        name: "r",
        aliases: &[],
        kind: Kind::Number(-360.0, 360.0),
        default: "0",
        doc: "Turns counter-clockwise by degrees; the canvas grows.",
        tier: Tier::B,
        parse: |said, value| {
            said.rotate = Some(Fixed::new(number(value)? % 360.0));
            Ok(())
        },
        write: |said| said.rotate.map(|r| r.to_string()),
    },
    Param {
        name: "flip",
        aliases: &["mirror"],
        kind: Kind::Enum(&["h", "v", "hv", "vh", "x", "y", "xy", "yx", "none"]),
        default: "none",
        doc: "Mirrors left-right (h), top-bottom (v) or both, after turning.",
        tier: Tier::A,
        parse: |said, value| {
            said.flip = flip(value)?;
            Ok(())
        },
        write: |said| match said.flip {
            (false, false) => None,
            (true, false) => Some("h".to_owned()),
            (false, true) => Some("v".to_owned()),
            (true, true) => Some("hv".to_owned()),
        },
    },
    Param {
        name: "f",
        aliases: &[],
        kind: Kind::Syntax("filters as name:value, with commas"),
        default: "",
        doc: "Filters in one parameter; none is supported yet.",
        tier: Tier::A,
        parse: |_, value| {
            let known = |item: &str| FILTERS.contains(&item.split(':').next().unwrap_or_default().trim());
            Err(if value.split(',').filter(|item| !item.is_empty()).all(known) {
                WarningKind::Unsupported
            } else {
                WarningKind::Invalid
            })
        },
        write: |_| None,
    },
    flag_row!("wat", &[], watermark, A, "Draws the watermark that wat_url names."),
    Param {
        name: "wat_url",
        aliases: &[],
        kind: Kind::Syntax("an absolute http or https address, or a path"),
        default: "",
        doc: "The watermark; one that is larger than the picture is shrunk to it.",
        tier: Tier::A,
        parse: |said, value| {
            said.mark = Some(overlay::asset(value).ok_or(WarningKind::Invalid)?);
            Ok(())
        },
        write: |said| said.mark.as_ref().map(overlay::spell),
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
        doc: "Which edges the watermark lies at.",
        tier: Tier::A,
        parse: |said, value| match compass(value) {
            Some(anchor) => {
                said.mark_anchor = Some(anchor);
                Ok(())
            }
            None if ["absolute", "relative"].iter().any(|word| word.eq_ignore_ascii_case(value)) => {
                Err(WarningKind::Unsupported)
            }
            None => Err(WarningKind::Invalid),
        },
        write: |said| said.mark_anchor.map(|anchor| spell_compass(anchor).to_owned()),
    },
    Param {
        name: "wat_pad",
        aliases: &[],
        kind: Kind::Syntax("X or X,Y in pixels, or in percent of the picture with p"),
        default: "0",
        doc: "Distance between the watermark and the edges that it lies at.",
        tier: Tier::A,
        parse: |said, value| {
            let (pad, clamped) = mark_pad(value)?;
            said.mark_pad = Some(pad);
            unless(clamped)
        },
        write: |said| said.mark_pad.map(spell_mark_pad),
    },
    Param {
        name: "wat_scale",
        aliases: &[],
        kind: Kind::Syntax("percent of the watermark's own size, or Xp or Xp,Yp in percent of the picture; up to 1000"),
        default: "100",
        doc: "Scales the watermark, ratio kept.",
        tier: Tier::A,
        parse: |said, value| {
            let (scale, clamped) = MarkScale::read(value)?;
            said.mark_scale = Some(scale);
            unless(clamped)
        },
        write: |said| said.mark_scale.map(MarkScale::spell),
    },
    Param {
        name: "wat_opacity",
        aliases: &[],
        kind: Kind::Number(0.0, 1.0),
        default: "1",
        doc: "Opacity of the watermark.",
        tier: Tier::A,
        parse: |said, value| {
            let (opacity, inside) = bounded(number(value)?, 0.0, 1.0);
            said.mark_opacity = Some(opacity);
            inside
        },
        write: |said| said.mark_opacity.map(|opacity| opacity.to_string()),
    },
    Param {
        name: "force_format",
        aliases: &[],
        kind: Kind::Syntax(
            "jpeg, jpg, png, webp, avif, gif, original, one of them after _, or several with commas, best first",
        ),
        default: "negotiated",
        doc: "Output format; webp and avif are given to clients that take them, _webp and _avif to all.",
        tier: Tier::A,
        parse: |said, value| {
            let (formats, passed_over) = Formats::read(value)?;
            said.format = Some(formats);
            unless(passed_over)
        },
        write: |said| said.format.as_ref().map(Formats::spell),
    },
    Param {
        name: "q",
        aliases: &[],
        kind: Kind::Int(1, 100),
        default: "80 for JPEG, 78 for WebP, 55 for AVIF",
        doc: "Encoder quality.",
        tier: Tier::A,
        parse: |said, value| {
            let (quality, inside) = bounded(number(value)?.round(), 1.0, 100.0);
            said.quality = Some(quality.get() as u8);
            inside
        },
        write: |said| said.quality.map(|q| q.to_string()),
    },
    flag_row!("lossless", &[], lossless, B, "Lossless WebP."),
    Param {
        name: "force_download",
        aliases: &[],
        kind: Kind::Syntax("0, 1 or a file name"),
        default: "0",
        doc: "Has browsers save the answer instead of showing it.",
        tier: Tier::B,
        parse: |said, value| {
            said.download = Download::read(value)?;
            Ok(())
        },
        write: |said| {
            said.download.as_ref().map(|download| match download {
                Download::Yes => "1".to_owned(),
                Download::As(name) => name.clone(),
            })
        },
    },
    flag_row!("ci_url_encoded", &[], encoded, A, "The source in the path is percent-encoded as a whole."),
];
