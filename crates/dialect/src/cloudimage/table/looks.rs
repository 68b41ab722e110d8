//! Colours and filters, in the order in which they act: <https://docs.cloudimage.io/transformations/image-filters>.

use plan::Fixed;

use crate::cloudimage::said::{Said, color_of, duotone, flag, number, sepia, spell_color_of, spell_duotone};
use crate::request::WarningKind;
use crate::table::{Kind, Param, Served, Tier};
use crate::text::bounded;

use super::{flag_row, read_row, shown, unless};

/// Reads a number of a range into the field that `$field` names.
macro_rules! number_row {
    ($name:literal, $aliases:expr, $field:ident, $low:literal, $high:literal, $tier:ident, $doc:literal) => {
        Param {
            name: $name,
            aliases: $aliases,
            kind: Kind::Number($low, $high),
            default: "0",
            doc: $doc,
            tier: Tier::$tier,
            served: Served::Unsaid,
            parse: |said: &mut Said, value| {
                let (by, inside) = bounded(number(value)?, $low, $high);
                said.$field = Some(by).filter(|by| *by != Fixed::ZERO);
                inside
            },
            write: |said: &Said| said.$field.map(|by| by.to_string()),
        }
    };
}

/// What changes colours and sharpness.
pub(in crate::cloudimage) static LOOKS: &[Param<Said>] = &[
    number_row!("bright", &[], bright, -100.0, 100.0, A, "Brightness: 127.5 * X / 100 is added to each channel.")
        .served(Served::Nearly("X / 200 of the range is added: the vendor gives no formula")),
    number_row!(
        "contrast",
        &[],
        contrast,
        -100.0,
        100.0,
        A,
        "Contrast: the distance from mid-grey times (1 + X / 100) squared."
    )
    .served(Served::Nearly("the factor is (1 + X / 100) squared: the vendor gives no formula")),
    number_row!(
        "saturate",
        &[],
        saturate,
        -100.0,
        100.0,
        B,
        "Saturation: the distance from a pixel's own grey times 1 + X / 100."
    )
    .served(Served::Nearly("the factor is 1 + X / 100: the vendor gives no formula")),
    flag_row!("gray", &["grey"], gray, A, "Shades of grey by luminance.").served(shown!("colours_are_what_they_say")),
    Param {
        name: "sepia",
        aliases: &[],
        kind: Kind::Syntax("0 or 1, or percent above 1 up to 100"),
        default: "0",
        doc: "The brown of old prints; 1 is all of it.",
        tier: Tier::B,
        served: Served::Nearly("the usual matrix: the vendor gives no formula"),
        parse: |said, value| {
            let (percent, clamped) = sepia(value)?;
            said.sepia = percent;
            unless(clamped)
        },
        write: |said| {
            let whole = Fixed::new(100.0);
            said.sepia.map(|percent| if percent == whole { "1".to_owned() } else { percent.to_string() })
        },
    },
    flag_row!("invert", &[], invert, B, "The negative; transparency stays.")
        .served(shown!("colours_are_what_they_say")),
    Param {
        name: "duotone",
        aliases: &[],
        kind: Kind::Syntax("C1,C2 or C1,C2,O: the colours of shadows and lights, and their opacity from 0 to 1"),
        default: "",
        doc: "Luminance on a line from one colour to another.",
        tier: Tier::B,
        served: shown!("colours_are_what_they_say"),
        parse: |said, value| {
            let (tones, clamped) = duotone(value)?;
            said.duotone = Some(tones);
            unless(clamped)
        },
        write: |said| said.duotone.map(spell_duotone),
    },
    Param {
        name: "colorize",
        aliases: &["colourize", "colourise"],
        kind: Kind::Syntax("C or C,O: a colour and its opacity from 0 to 1"),
        default: "an opacity of 0.5",
        doc: "One colour laid over the picture.",
        tier: Tier::B,
        served: shown!("colours_are_what_they_say"),
        parse: |said, value| {
            let (color, clamped) = color_of(value)?;
            said.colorize = Some(color);
            unless(clamped)
        },
        write: |said| said.colorize.map(spell_color_of),
    },
    number_row!("blur", &[], blur, 0.0, 100.0, A, "Gaussian blur; the standard deviation is half of it in pixels.")
        .served(Served::Nearly("the standard deviation is X / 2: the vendor gives no formula")),
    Param {
        name: "pixelate",
        aliases: &["pixellate"],
        kind: Kind::Int(1, 1000),
        default: "1",
        doc: "Squares of one colour, of this side in pixels.",
        tier: Tier::A,
        served: shown!("blocks_have_one_colour_each"),
        parse: |said, value| {
            let (side, inside) = bounded(number(value)?.round(), 1.0, 1000.0);
            said.pixelate = Some(side.get() as u32).filter(|side| *side > 1);
            inside
        },
        write: |said| said.pixelate.map(|side| side.to_string()),
    },
    Param {
        name: "sharp",
        aliases: &[],
        kind: Kind::Number(0.0, 20.0),
        default: "0",
        doc: "Unsharp mask on the luminance of standard deviation 1 and amount X / 2; 1 suits thumbnails.",
        tier: Tier::B,
        served: Served::Nearly("an unsharp mask of amount X / 2: the vendor gives no formula"),
        parse: |said, value| {
            let amount = if number(value).is_err() && flag(value)? { 1.0 } else { number(value).unwrap_or_default() };
            let (amount, inside) = bounded(amount, 0.0, 20.0);
            said.sharp = Some(amount).filter(|amount| *amount != Fixed::ZERO);
            inside
        },
        write: |said| said.sharp.map(|amount| amount.to_string()),
    },
    read_row!(
        "blur_faces",
        Kind::Syntax("0, 1, 1,RADIUS or 1,RADIUS,SIGMA"),
        C,
        "Blurs every face.",
        "there is no search for faces",
        |value| flag(value.split(',').next().unwrap_or_default())
    ),
    Param {
        name: "f",
        aliases: &[],
        kind: Kind::Syntax("filters as name:value, with commas: bright:10,contrast:30,gray"),
        default: "",
        doc: "Filters in one parameter; each counts as the parameter of its name.",
        tier: Tier::A,
        served: shown!("packed_filters_are_drawn"),
        // Taken apart before anything is read: each filter is the parameter of its name.
        parse: |_, _| Ok(()),
        write: |_| None,
    },
];
