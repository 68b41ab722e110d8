//! The parameters that are obeyed, and the names that only will be.

mod control;
mod looks;
mod marks;

use plan::Fixed;

use super::said::{
    Formats, Func, Ground, Place, Ratio, Said, color_of, corner, flag, flip, margin, number, radius, side,
    spell_color_of, spell_margin, spell_radius,
};
use crate::request::WarningKind;
use crate::table::{Kind, Param, Served, Tier};
use crate::text::bounded;

pub(super) use control::CONTROL;
pub(super) use looks::LOOKS;
pub(super) use marks::MARKS;

/// The word of `func` for the origin's bytes.
pub(super) const PROXY: &str = "proxy";

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

/// Whether a name that has no row is the vendor's all the same, and must not reach the origin.
pub(super) fn is_of_the_vendor(name: &str) -> bool {
    let base = name.split_once('[').map_or(name, |(base, _)| base);
    name.starts_with("ci_") || base == "wat" || Param::find(MARKS, base).is_some()
}

/// Every row but those of [`MARKS`].
pub(super) fn rows() -> impl Iterator<Item = &'static Param<Said>> {
    TABLE.iter().chain(LOOKS).chain(CONTROL)
}

/// The row of this name.
pub(super) fn find(name: &str) -> Option<&'static Param<Said>> {
    Param::find(TABLE, name).or_else(|| Param::find(LOOKS, name)).or_else(|| Param::find(CONTROL, name))
}

/// The row of a filter that `f` may hold.
pub(super) fn find_filter(name: &str) -> Option<&'static Param<Said>> {
    Param::find(LOOKS, name).filter(|row| row.name != "f")
}

/// Most watermarks in one URL, and the largest index of one.
const MAX_MARKS: usize = 16;
const MAX_INDEX: u32 = 99;

/// The row of a watermark, and of which one it speaks: `wat_url[1]` or `wat_url`. No row where there would be more than
/// [`MAX_MARKS`] of them.
pub(super) fn find_mark(name: &str, taken: &[u32]) -> Option<(&'static Param<super::said::marks::Mark>, Option<u32>)> {
    let Some((base, index)) = name.split_once('[') else {
        return Param::find(MARKS, name).map(|row| (row, None));
    };
    let index = crate::text::whole(index.strip_suffix(']')?).filter(|index| *index <= MAX_INDEX)?;
    let fits = taken.contains(&index) || taken.len() < MAX_MARKS;
    Param::find(MARKS, base).filter(|_| fits).map(|row| (row, Some(index)))
}

/// Shown by a test of pixels.
macro_rules! shown {
    ($test:literal) => {
        Served::Exactly(concat!("crates/render/tests/cloudimage_pixels.rs::", $test))
    };
}

use shown;

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
            served: Served::Unsaid,
            parse: |said: &mut Said, value| {
                said.$field = flag(value)?;
                Ok(())
            },
            write: |said: &Said| said.$field.then(|| "1".to_owned()),
        }
    };
}

use flag_row;

/// A row of which nothing is obeyed: a value that could be is said to be passed over, one that asks for nothing is not.
macro_rules! read_row {
    ($name:literal, $kind:expr, $tier:ident, $doc:literal, $why:literal, $reads:expr) => {
        Param {
            name: $name,
            aliases: &[],
            kind: $kind,
            default: "",
            doc: $doc,
            tier: Tier::$tier,
            served: Served::Read($why),
            parse: |_: &mut Said, value| {
                let reads: fn(&str) -> Result<bool, WarningKind> = $reads;
                if reads(value)? { Err(WarningKind::Unsupported) } else { Ok(()) }
            },
            write: |_: &Said| None,
        }
    };
}

use read_row;

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
        served: shown!("sizes_follow_the_documentation"),
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
        served: shown!("sizes_follow_the_documentation"),
        parse: |said, value| {
            said.height = Some(side(value)?);
            Ok(())
        },
        write: |said| said.height.map(|h| h.to_string()),
    },
    flag_row!("org_if_sml", &[], original_if_smaller, A, "Never enlarge an origin that is smaller than the target.")
        .served(shown!("sizes_follow_the_documentation")),
    Param {
        name: "dpr",
        aliases: &[],
        kind: Kind::Number(0.1, 8.0),
        default: "1",
        doc: "Device pixel ratio: multiplies w and h.",
        tier: Tier::A,
        served: shown!("sizes_follow_the_documentation"),
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
        served: Served::Nearly("face and facehide crop as if they were not there: there is no search for faces"),
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
        served: shown!("sizes_follow_the_documentation"),
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
        served: Served::Nearly(
            "auto and smart go by edges, colours and skin, not by a model; face is taken as auto, trim as center",
        ),
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
        served: shown!("sizes_follow_the_documentation"),
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
        served: shown!("sizes_follow_the_documentation"),
        parse: |said, value| match corner(value)? {
            (0, _) | (_, 0) => Err(WarningKind::Invalid),
            corner => {
                said.bottom_right = Some(corner);
                Ok(())
            }
        },
        write: |said| said.bottom_right.map(|(x, y)| format!("{x},{y}")),
    },
    flag_row!("fit_enlarge", &[], fit_enlarge, B, "Lets func=fit enlarge.")
        .served(shown!("canvases_follow_the_documentation")),
    Param {
        name: "bg_color",
        aliases: &["bg_colour"],
        kind: Kind::Syntax("a colour: hex digits without # or a CSS name; or auto for the picture's most frequent one"),
        default: "transparent where the output can hold it, else white",
        doc: "Colour of padding and of corners, and what transparency is put on.",
        tier: Tier::A,
        served: shown!("grounds_are_the_colour_that_is_named"),
        parse: |said, value| {
            said.background = Some(Ground::read(value)?);
            Ok(())
        },
        write: |said| said.background.map(Ground::spell),
    },
    flag_row!("bg_img_fit", &[], background_image, B, "Pads func=fit with the picture itself, blurred.").served(
        Served::Nearly("without bg_blur it is blurred until nothing is told apart: the vendor names no default"),
    ),
    Param {
        name: "bg_blur",
        aliases: &[],
        kind: Kind::Number(1.0, 100.0),
        default: "as strong as hides what is seen",
        doc: "Blur of bg_img_fit; the standard deviation is half of it in pixels.",
        tier: Tier::B,
        served: Served::Nearly("the standard deviation is half the value: the vendor names no unit"),
        parse: |said, value| {
            let (blur, inside) = bounded(number(value)?, 1.0, 100.0);
            said.background_blur = Some(blur);
            inside
        },
        write: |said| said.background_blur.map(|blur| blur.to_string()),
    },
    Param {
        name: "bg_opacity",
        aliases: &[],
        kind: Kind::Number(0.0, 1.0),
        default: "1",
        doc: "Opacity of bg_img_fit over bg_color.",
        tier: Tier::B,
        served: shown!("grounds_are_the_colour_that_is_named"),
        parse: |said, value| {
            let (opacity, inside) = bounded(number(value)?, 0.0, 1.0);
            said.background_opacity = Some(opacity);
            inside
        },
        write: |said| said.background_opacity.map(|opacity| opacity.to_string()),
    },
    Param {
        name: "bg_colorize",
        aliases: &["bg_colourise", "bg_colourize"],
        kind: Kind::Syntax("C or C,O: a colour and its opacity from 0 to 1"),
        default: "an opacity of 0.5",
        doc: "A colour laid over bg_img_fit.",
        tier: Tier::B,
        served: shown!("grounds_are_the_colour_that_is_named"),
        parse: |said, value| {
            let (color, clamped) = color_of(value)?;
            said.background_tint = Some(color);
            unless(clamped)
        },
        write: |said| said.background_tint.map(spell_color_of),
    },
    Param {
        name: "margin",
        aliases: &[],
        kind: Kind::Syntax("X, V,H or N,E,S,W in pixels, or in percent of the canvas with p"),
        default: "0",
        doc: "Room that func=fit leaves around the picture; dpr multiplies pixels.",
        tier: Tier::B,
        served: shown!("canvases_follow_the_documentation"),
        parse: |said, value| {
            let (sides, clamped) = margin(value)?;
            said.margin = Some(sides);
            unless(clamped)
        },
        write: |said| said.margin.map(spell_margin),
    },
    Param {
        name: "radius",
        aliases: &[],
        kind: Kind::Syntax("N or TL,BL,BR,TR in pixels up to 10000, or max for half the shorter side"),
        default: "0",
        doc: "Rounds the corners; dpr multiplies pixels. What is cut is bg_color, else transparent.",
        tier: Tier::B,
        served: shown!("corners_are_rounded_in_the_vendors_order"),
        parse: |said, value| {
            let (corners, clamped) = radius(value)?;
            said.radius = Some(corners);
            unless(clamped)
        },
        write: |said| said.radius.and_then(spell_radius),
    },
    Param {
        name: "x",
        aliases: &[],
        kind: Kind::Int(0, 1_000_000),
        default: "",
        doc: "Beside y, the point of the origin that a crop is centred on, as gravity=X,Y.",
        tier: Tier::C,
        served: Served::Nearly("the vendor's clients send it and nobody documents it"),
        parse: |said, value| {
            said.center_x = Some(corner(&format!("{value},0"))?.0);
            Ok(())
        },
        write: |said| said.center_x.map(|x| x.to_string()),
    },
    Param {
        name: "y",
        aliases: &[],
        kind: Kind::Int(0, 1_000_000),
        default: "",
        doc: "Beside x, the point of the origin that a crop is centred on, as gravity=X,Y.",
        tier: Tier::C,
        served: Served::Nearly("the vendor's clients send it and nobody documents it"),
        parse: |said, value| {
            said.center_y = Some(corner(&format!("0,{value}"))?.1);
            Ok(())
        },
        write: |said| said.center_y.map(|y| y.to_string()),
    },
    Param {
        name: "doc_page",
        aliases: &[],
        kind: Kind::Int(1, 10_000),
        default: "1",
        doc: "Page of a document.",
        tier: Tier::C,
        served: Served::Nearly("of PDF and TIFF, as our own renderer of PDF draws it"),
        parse: |said, value| {
            let (page, inside) = bounded(number(value)?.round(), 1.0, 10_000.0);
            said.page = Some(page.get() as u32).filter(|page| *page > 1);
            inside
        },
        write: |said| said.page.map(|page| page.to_string()),
    },
    Param {
        name: "trim",
        aliases: &[],
        kind: Kind::Number(0.0, 100.0),
        default: "",
        doc: "Cuts a uniform border off; the number is the tolerance in percent, 0 an exact match.",
        tier: Tier::B,
        served: Served::Nearly(
            "the tolerance is percent of the range beside the top left pixel: the vendor names no measure",
        ),
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
        served: shown!("turns_and_mirrors"),
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
        served: shown!("turns_and_mirrors"),
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
    flag_row!("wat", &[], watermark, A, "Draws the watermarks that wat_url and wat_text name.")
        .served(shown!("watermarks_lie_where_they_are_put")),
    Param {
        name: "force_format",
        aliases: &[],
        kind: Kind::Syntax(
            "jpeg, jpg, png, webp, avif, gif, original, one of them after _, or several with commas, best first",
        ),
        default: "negotiated",
        doc: "Output format; webp and avif go to clients that take them, where they are smaller; _webp and _avif to all.",
        tier: Tier::A,
        served: shown!("formats_go_to_those_who_take_them"),
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
        served: Served::Nearly("the default is ours, and each format has its own scale: the vendor documents neither"),
        parse: |said, value| {
            let (quality, inside) = bounded(number(value)?.round(), 1.0, 100.0);
            said.quality = Some(quality.get() as u8);
            inside
        },
        write: |said| said.quality.map(|q| q.to_string()),
    },
    Param {
        name: "optipress",
        aliases: &[],
        kind: Kind::Int(1, 3),
        default: "",
        doc: "Quality by likeness to the original, in points of SSIMULACRA 2: 1 is 85, 2 is 75, 3 is 65. Wins over q.",
        tier: Tier::B,
        served: Served::Nearly("the levels are likenesses by SSIMULACRA 2: the vendor's model is not public"),
        parse: |said, value| {
            let (level, inside) = bounded(number(value)?.round(), 0.0, 3.0);
            said.optipress = Some(level.get() as u8).filter(|level| *level > 0);
            inside
        },
        write: |said| said.optipress.map(|level| level.to_string()),
    },
    flag_row!("lossless", &[], lossless, B, "Lossless WebP.").served(shown!("lossless_webp_keeps_every_pixel")),
    read_row!(
        "face_margin",
        Kind::Syntax("X or W,H in percent of the face"),
        C,
        "Room around a face that func=face, func=facehide or gravity=face find.",
        "there is no search for faces",
        |value| value.split(',').map(number).collect::<Result<Vec<_>, _>>().map(|sides| sides.len() < 3)
    ),
    read_row!(
        "bg_gravity",
        Kind::Syntax("a compass direction, center, auto or smart"),
        C,
        "Where the picture behind bg_img_fit lies in the canvas that it covers.",
        "the picture behind is always centred",
        |value| {
            let (place, _) = Place::read(value)?;
            Ok(place != Place::Anchor(plan::Horizontal::Center, plan::Vertical::Center))
        }
    ),
    read_row!(
        "bg_remove",
        Kind::Flag,
        C,
        "Cuts what is in front out of its background.",
        "there is no model that tells the two apart",
        flag
    ),
    read_row!(
        "process",
        Kind::Text,
        C,
        "Stands in the vendor's Ruby client; what it does is not documented.",
        "nobody says what it does",
        |value| Ok(!value.is_empty())
    ),
    read_row!(
        "format",
        Kind::Syntax("auto or a format of films"),
        C,
        "Output format of films.",
        "films are passed through; force_format is for pictures",
        |value| Ok(!value.is_empty())
    ),
];
