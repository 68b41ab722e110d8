//! ImageKit's parameters (<https://imagekit.io/docs/transformations>), one row each.

mod color;
mod effects;
mod output;

use plan::{Color, Dim, Fixed};

use super::said::{Flip, Focus, Mode, Ratio, Rotation, Said};
use crate::request::WarningKind;
use crate::table::{Kind, Param, Served, Tier};
use crate::text;

pub(super) use color::{alpha_of, color, fill, percent_of, spell_color, spell_fill};
use effects::EFFECTS;
use output::OUTPUT;

/// Every row, in the order in which it is written.
pub(super) fn rows() -> impl Iterator<Item = &'static Param<Said>> {
    TABLE.iter().chain(EFFECTS).chain(OUTPUT)
}

/// The row of this key.
pub(super) fn find(key: &str) -> Option<&'static Param<Said>> {
    [TABLE, EFFECTS, OUTPUT].into_iter().find_map(|table| Param::find(table, key))
}

/// Largest length in a transformation string; a larger one is ignored, as the vendor documents.
pub(super) const MAX_LENGTH: f64 = 65_535.0;

/// The range of `dpr`.
pub(super) const LEAST_DPR: f64 = 0.1;
pub(super) const MOST_DPR: f64 = 5.0;

const MODES: &[&str] = &[
    "maintain_ratio",
    "force",
    "at_max",
    "at_max_enlarge",
    "at_least",
    "maintain_ratio_no_enlarge",
    "pad_resize",
    "pad_resize_no_enlarge",
    "extract",
    "pad_extract",
    "pad_extract_no_shrink",
];

const LENGTH: Kind = Kind::Syntax("pixels from 1 to 65535, a share of the input above 0 and below 1, or arithmetic");

const PLACE: Kind = Kind::Syntax("a whole number from 0 to 65535, or arithmetic");

/// Size, place and background.
static TABLE: &[Param<Said>] = &[
    Param {
        name: "w",
        aliases: &[],
        kind: Kind::Syntax("pixels from 1 to 65535, a share of the input above 0 and below 1, arithmetic, or auto"),
        default: "",
        doc: "Output width; alone, the height follows the aspect ratio. auto: what Sec-CH-Width or Width says, rounded up to \
              the next 100 pixels, and not multiplied by dpr; nothing where the client does not say.",
        tier: Tier::A,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::sizes_are_those_of_the_documentation"),
        parse: |said, value| {
            if value == "auto" {
                (said.width, said.auto_width) = (None, true);
                return Ok(());
            }
            let dim = length(value)?;
            (said.width, said.auto_width) = (Some(dim), false);
            Ok(())
        },
        write: |said| if said.auto_width { Some("auto".to_owned()) } else { said.width.map(spell_length) },
    },
    Param {
        name: "h",
        aliases: &[],
        kind: LENGTH,
        default: "",
        doc: "Output height; alone, the width follows the aspect ratio.",
        tier: Tier::A,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::sizes_are_those_of_the_documentation"),
        parse: |said, value| length(value).map(|dim| said.height = Some(dim)),
        write: |said| said.height.map(spell_length),
    },
    Param {
        name: "ar",
        aliases: &[],
        kind: Kind::Syntax("width-height, width_height, one decimal, or arithmetic"),
        default: "",
        doc: "Aspect ratio: gives the missing one of width and height.",
        tier: Tier::A,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::sizes_are_those_of_the_documentation"),
        parse: |said, value| ratio(value).map(|ratio| said.aspect = Some(ratio)),
        write: |said| said.aspect.map(|ratio| Fixed::new(ratio.get()).to_string()),
    },
    Param {
        name: "c",
        aliases: &[],
        kind: Kind::Enum(MODES),
        default: "maintain_ratio",
        doc: "How the picture is brought to the given width and height.",
        tier: Tier::A,
        served: Served::Nearly("maintain_ratio_no_enlarge by our own rule: the vendor names it alone"),
        parse: |said, value| mode(value).map(|mode| said.crop = Some(mode)),
        write: |said| said.crop.map(spell_mode),
    },
    Param {
        name: "cm",
        aliases: &[],
        kind: Kind::Enum(MODES),
        default: "",
        doc: "Crop mode; overrides c. Every mode is accepted under both names.",
        tier: Tier::A,
        served: Served::Nearly(
            "pad_resize_no_enlarge and pad_extract_no_shrink by our own rules: the vendor names them alone",
        ),
        parse: |said, value| mode(value).map(|mode| said.crop_mode = Some(mode)),
        write: |said| said.crop_mode.map(spell_mode),
    },
    Param {
        name: "fo",
        aliases: &[],
        kind: Kind::Syntax(
            "center, top, left, bottom, right, top_left, top_right, bottom_left, bottom_right, auto, face, custom, \
             auto-custom_override, or objects joined by _",
        ),
        default: "center",
        doc: "Which part a crop keeps, or where the picture sits in its padding.",
        tier: Tier::A,
        served: Served::Nearly(
            "auto by our own measure of what draws the eye; faces, objects and stored rectangles are not known",
        ),
        parse: |said, value| focus(value).map(|focus| said.focus = Some(focus)),
        write: |said| said.focus.as_ref().map(spell_focus),
    },
    Param {
        name: "x",
        aliases: &[],
        kind: PLACE,
        default: "",
        doc: "Left edge of the extracted part.",
        tier: Tier::B,
        served: Served::Nearly("a place outside of the picture is taken for its edge"),
        parse: |said, value| offset(value, &mut said.left),
        write: |said| said.left.map(|n| n.to_string()),
    },
    Param {
        name: "y",
        aliases: &[],
        kind: PLACE,
        default: "",
        doc: "Top edge of the extracted part.",
        tier: Tier::B,
        served: Served::Nearly("a place outside of the picture is taken for its edge"),
        parse: |said, value| offset(value, &mut said.top),
        write: |said| said.top.map(|n| n.to_string()),
    },
    Param {
        name: "xc",
        aliases: &[],
        kind: PLACE,
        default: "",
        doc: "Horizontal centre of the extracted part; wins over x.",
        tier: Tier::B,
        served: Served::Nearly("a part that would leave the picture is moved into it, where the vendor fails"),
        parse: |said, value| offset(value, &mut said.center_x),
        write: |said| said.center_x.map(|n| n.to_string()),
    },
    Param {
        name: "yc",
        aliases: &[],
        kind: PLACE,
        default: "",
        doc: "Vertical centre of the extracted part; wins over y.",
        tier: Tier::B,
        served: Served::Nearly("a part that would leave the picture is moved into it, where the vendor fails"),
        parse: |said, value| offset(value, &mut said.center_y),
        write: |said| said.center_y.map(|n| n.to_string()),
    },
    Param {
        name: "z",
        aliases: &[],
        kind: Kind::Syntax("a number above 0"),
        default: "1",
        doc: "Zoom of a crop around a face or an object. Read past for now.",
        tier: Tier::C,
        served: Served::Read("no faces and no objects are detected that it could come nearer to"),
        parse: |_, value| match text::number(value) {
            Some(1.0) => Ok(()),
            Some(zoom) if zoom > 0.0 => Err(WarningKind::Unsupported),
            _ => Err(WarningKind::Invalid),
        },
        write: |_| None,
    },
    Param {
        name: "t",
        aliases: &[],
        kind: Kind::Syntax("true, false, or a whole number from 1 to 99"),
        default: "false, in a layer true",
        doc: "Cuts near-uniform edges off; the number is the colour distance in percent, true is 10.",
        tier: Tier::B,
        served: Served::Nearly("true is taken for 10, and for border what is like the top-left pixel"),
        parse: |said, value| trim(value).map(|trim| said.trim = Some(trim)),
        write: |said| said.trim.map(|trim| trim.map_or_else(|| "false".to_owned(), |tolerance| tolerance.to_string())),
    },
    Param {
        name: "bg",
        aliases: &[],
        kind: Kind::Syntax(
            "RGB, RRGGBB, RRGGBB and two digits of opacity in percent, a CSS name, dominant, gradient_dominant, \
             gradient_dominant_2, gradient_dominant_4, or blurred_<1 to 100 or auto>_<-255 to 255>",
        ),
        default: "000000 in pad modes",
        doc: "Fills padding and corners; without either, what the picture is flattened on. Of blurred, the standard \
              deviation is half the first number in pixels, the second is added to each channel.",
        tier: Tier::A,
        served: Served::Nearly("frequent colours by our own count, blurred by our own formula; nothing is generated"),
        parse: |said, value| {
            said.background = Some(fill(value)?);
            said.named_background = Color::from_css_name(value).is_some();
            Ok(())
        },
        write: |said| said.background.as_ref().and_then(spell_fill),
    },
    Param {
        name: "rt",
        aliases: &[],
        kind: Kind::Syntax("degrees clockwise, N and degrees for counter-clockwise, or auto"),
        default: "auto",
        doc: "Turns the picture; the canvas grows to hold it.",
        tier: Tier::A,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::turns_and_mirrors_move_the_quarters"),
        parse: |said, value| rotation(value).map(|rotation| said.rotation = Some(rotation)),
        write: |said| said.rotation.map(spell_rotation),
    },
    Param {
        name: "fl",
        aliases: &[],
        kind: Kind::Enum(&["h", "v", "h_v", "v_h"]),
        default: "",
        doc: "Mirrors the picture.",
        tier: Tier::B,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::turns_and_mirrors_move_the_quarters"),
        parse: |said, value| flip(value).map(|flip| said.flip = Some(flip)),
        write: |said| said.flip.and_then(spell_flip),
    },
    Param {
        name: "dpr",
        aliases: &[],
        kind: Kind::Syntax("a number from 0.1 to 5, arithmetic, or auto"),
        default: "1",
        doc: "Device pixel ratio: multiplies width and height. auto: what Sec-CH-DPR or DPR says, rounded up to the next \
              quarter; 1 where the client does not say.",
        tier: Tier::A,
        served: Served::Nearly("auto is rounded up to the next quarter, so that there are few variants"),
        parse: |said, value| match (value, text::number(value)) {
            ("auto", _) => {
                (said.dpr, said.auto_dpr) = (None, true);
                Ok(())
            }
            (_, Some(dpr)) if (LEAST_DPR..=MOST_DPR).contains(&dpr) => {
                (said.dpr, said.auto_dpr) = (Some(dpr), false);
                Ok(())
            }
            _ => Err(WarningKind::Invalid),
        },
        write: |said| if said.auto_dpr { Some("auto".to_owned()) } else { said.dpr.map(|dpr| dpr.to_string()) },
    },
];

fn length(value: &str) -> Result<Dim, WarningKind> {
    let number = text::number(value).ok_or(WarningKind::Invalid)?;
    if number >= 1.0 {
        // The vendor documents that a longer side is ignored, not refused.
        return if number <= MAX_LENGTH { Ok(Dim::Px(number.round() as u32)) } else { Err(WarningKind::NoEffect) };
    }
    // The least share that a plan holds.
    let share = Fixed::new(number.max(0.0001));
    if number > 0.0 { Ok(Dim::Ratio(share)) } else { Err(WarningKind::Invalid) }
}

fn spell_length(dim: Dim) -> String {
    match dim {
        Dim::Px(px) => px.to_string(),
        // "1" would be one pixel; this rounds to the whole input.
        Dim::Ratio(Fixed::ONE) => "0.99999".to_owned(),
        Dim::Ratio(share) => share.to_string(),
    }
}

fn ratio(value: &str) -> Result<Ratio, WarningKind> {
    let (width, height) = value.split_once(['-', '_', ':']).unwrap_or((value, "1"));
    let side = |text: &str| text::number(text).filter(|n| *n > 0.0 && *n <= 1e6).ok_or(WarningKind::Invalid);
    let ratio = Ratio { width: side(width)?, height: side(height)? };
    if Fixed::new(ratio.get()) > Fixed::ZERO { Ok(ratio) } else { Err(WarningKind::Invalid) }
}

fn mode(value: &str) -> Result<Mode, WarningKind> {
    let found = Mode::ALL.into_iter().find(|(name, _)| *name == value);
    found.map(|(_, mode)| mode).ok_or(WarningKind::Invalid)
}

fn spell_mode(mode: Mode) -> String {
    let found = Mode::ALL.into_iter().find(|(_, m)| *m == mode);
    found.map(|(name, _)| name.to_owned()).unwrap_or_default()
}

fn focus(value: &str) -> Result<Focus, WarningKind> {
    if let Some((_, h, v)) = Focus::ANCHORS.into_iter().find(|(name, ..)| *name == value) {
        return Ok(Focus::At(h, v));
    }
    match value {
        "auto" => Ok(Focus::Auto),
        "custom" => Ok(Focus::Custom),
        "face" | "auto-custom_override" => Ok(Focus::Detected(value.to_owned())),
        _ if value.split('_').all(|object| OBJECTS.contains(&object)) => Ok(Focus::Detected(value.to_owned())),
        _ => Err(WarningKind::Invalid),
    }
}

fn spell_focus(focus: &Focus) -> String {
    match focus {
        Focus::At(h, v) => {
            let found = Focus::ANCHORS.into_iter().find(|(_, fh, fv)| (fh, fv) == (h, v));
            found.map(|(name, ..)| name.to_owned()).unwrap_or_default()
        }
        Focus::Auto => "auto".to_owned(),
        Focus::Custom => "custom".to_owned(),
        Focus::Detected(said) => said.clone(),
    }
}

/// A place left of the edge, or above it, is taken for the edge.
fn offset(value: &str, place: &mut Option<u32>) -> Result<(), WarningKind> {
    let (digits, outside) = match value.strip_prefix(['N', '-']) {
        Some(digits) => (digits, true),
        None => (value, false),
    };
    let found = text::whole(digits).filter(|n| f64::from(*n) <= MAX_LENGTH).ok_or(WarningKind::Invalid)?;
    let outside = outside && found > 0;
    *place = Some(if outside { 0 } else { found });
    if outside { Err(WarningKind::Clamped) } else { Ok(()) }
}

fn trim(value: &str) -> Result<Option<u32>, WarningKind> {
    match (value, text::whole(value)) {
        ("true", _) => Ok(Some(10)),
        ("false", _) => Ok(None),
        (_, Some(tolerance @ 1..=99)) => Ok(Some(tolerance)),
        _ => Err(WarningKind::Invalid),
    }
}

fn rotation(value: &str) -> Result<Rotation, WarningKind> {
    if value == "auto" {
        return Ok(Rotation::Auto);
    }
    let (sign, digits) = match value.strip_prefix(['N', '-']) {
        Some(digits) => (-1.0, digits),
        None => (1.0, value),
    };
    let plain = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let degrees = text::number(digits).filter(|_| plain).ok_or(WarningKind::Invalid)?;
    Ok(Rotation::By(Fixed::new(sign * degrees)))
}

fn spell_rotation(rotation: Rotation) -> String {
    match rotation {
        Rotation::Auto => "auto".to_owned(),
        Rotation::By(degrees) => degrees.to_string().replace('-', "N"),
    }
}

fn flip(value: &str) -> Result<Flip, WarningKind> {
    match value {
        "h" => Ok(Flip { horizontal: true, vertical: false }),
        "v" => Ok(Flip { horizontal: false, vertical: true }),
        "h_v" | "v_h" => Ok(Flip { horizontal: true, vertical: true }),
        _ => Err(WarningKind::Invalid),
    }
}

fn spell_flip(flip: Flip) -> Option<String> {
    match (flip.horizontal, flip.vertical) {
        (true, true) => Some("h_v".to_owned()),
        (true, false) => Some("h".to_owned()),
        (false, true) => Some("v".to_owned()),
        (false, false) => None,
    }
}

/// The object classes of the COCO data set, in the vendor's spelling.
#[rustfmt::skip]
const OBJECTS: &[&str] = &[
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "trafficLight",
    "fireHydrant", "stopSign", "parkingMeter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant",
    "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sportsBall", "kite", "baseballBat", "baseballGlove", "skateboard", "surfboard", "tennisRacket", "bottle",
    "wineGlass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
    "carrot", "hotDog", "pizza", "donut", "cake", "chair", "couch", "pottedPlant", "bed", "diningTable", "toilet",
    "tv", "laptop", "mouse", "remote", "keyboard", "cellPhone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddyBear", "hairDrier", "toothbrush",
];
