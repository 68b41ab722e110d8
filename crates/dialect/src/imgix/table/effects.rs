//! Rows for colours and filters.

use super::super::said::Said;
use super::super::values::*;
use super::super::words;
use super::{OURS, row};
use crate::table::{Kind, Param, Served, Tier};

pub(super) static ROWS: &[Param<Said>] = &[
    number_row!(
        "bri",
        &[],
        effects.bri,
        -100.0,
        100.0,
        B,
        ("0", "Brightness: this times half a percent of the full range is added to each channel.")
    )
    .served(OURS),
    number_row!(
        "con",
        &[],
        effects.con,
        -100.0,
        100.0,
        B,
        ("0", "Contrast: the distance from mid-grey times 1 + this / 100.")
    )
    .served(OURS),
    number_row!(
        "exp",
        &[],
        effects.exp,
        -100.0,
        100.0,
        B,
        ("0", "Exposure: linear light times 2 to the power of this / 10.")
    )
    .served(OURS),
    number_row!(
        "gam",
        &[],
        effects.gam,
        -100.0,
        100.0,
        B,
        (
            "0",
            "Gamma: each channel to the power of 1 / g, where g is 2 to the power of this / 100; above 0 brightens \
             mid-tones."
        )
    )
    .served(OURS),
    number_row!("high", &[], effects.high, -100.0, 0.0, B, ("0", "Highlights are darkened by up to this, in percent."))
        .served(OURS),
    row(
        "hue",
        &[],
        Kind::Number(0.0, 360.0),
        Tier::B,
        ("0", "Turns the hue, in degrees."),
        |s, v| put(&mut s.effects.hue, hue(v)),
        |s| spell_as(s.effects.hue),
    )
    .served(OURS),
    words_row!("invert", &["inv"], Kind::Flag, effects.invert, words::FLAG, B, ("false", "The negative."))
        .served(shown!("colors", "adjustments_follow_their_formulas")),
    number_row!(
        "sat",
        &[],
        effects.sat,
        -100.0,
        100.0,
        B,
        ("0", "Saturation: the distance from grey times 1 + this / 100; -100 is grey.")
    )
    .served(OURS),
    number_row!("shad", &[], effects.shad, 0.0, 100.0, B, ("0", "Shadows are lifted by up to this, in percent."))
        .served(OURS),
    number_row!(
        "sharp",
        &[],
        effects.sharp,
        0.0,
        100.0,
        B,
        ("0", "Sharpens the luminance of the result: unsharp mask of standard deviation 1 and an amount of this / 50.")
    )
    .served(OURS),
    number_row!(
        "usm",
        &[],
        effects.usm,
        -100.0,
        100.0,
        B,
        ("0", "Unsharp mask on each channel of the result: the amount in percent; below 0 softens.")
    )
    .served(OURS),
    number_row!(
        "usmrad",
        &[],
        effects.usmrad,
        0.0,
        250.0,
        B,
        ("2.5", "Radius of usm: its standard deviation in pixels.")
    )
    .served(OURS),
    number_row!(
        "vib",
        &[],
        effects.vib,
        -100.0,
        100.0,
        B,
        ("0", "Vibrance: saturation of what is least saturated, in percent.")
    )
    .served(OURS),
    number_row!(
        "nr",
        &[],
        effects.nr,
        -100.0,
        100.0,
        C,
        ("20 beside nrs", "Noise reduction in percent; none up to 0.")
    )
    .served(OURS),
    number_row!(
        "nrs",
        &[],
        effects.nrs,
        -100.0,
        100.0,
        C,
        ("20 beside nr", "Sharpening after nr in percent; none up to 0.")
    )
    .served(OURS),
    row(
        "monochrome",
        &["mono"],
        Kind::Color,
        Tier::B,
        ("", "Luminance in shades of a colour; its alpha says how much."),
        |s, v| put(&mut s.effects.monochrome, color(v)),
        |s| s.effects.monochrome.map(spell_color),
    )
    .served(OURS),
    row(
        "duotone",
        &[],
        Kind::Syntax("two colours with a comma between them"),
        Tier::B,
        ("", "Luminance on a line from a dark colour to a light one."),
        |s, v| put(&mut s.effects.duotone, two_colors(v)),
        |s| s.effects.duotone.map(spell_two_colors),
    )
    .served(shown!("colors", "tones_go_from_one_colour_to_another")),
    number_row!(
        "duotone-alpha",
        &[],
        effects.duotone_alpha,
        0.0,
        100.0,
        B,
        ("100", "How much of duotone is seen, in percent.")
    )
    .served(shown!("colors", "tones_go_from_one_colour_to_another")),
    number_row!("sepia", &[], effects.sepia, 0.0, 100.0, B, ("0", "The brown of old prints, in percent.")).served(OURS),
    whole_row!(
        "htn",
        &[],
        effects.htn,
        0,
        100,
        C,
        ("0", "Halftone: spacing of the dots in pixels of the result; 0 and 1 are none.")
    )
    .served(OURS),
    number_row!(
        "blur",
        &[],
        effects.blur,
        0.0,
        2000.0,
        A,
        ("0", "Gaussian blur of the result: the standard deviation is a quarter of this, in pixels.")
    )
    .served(Served::Nearly("the vendor does not say how a radius becomes a deviation")),
    whole_row!(
        "px",
        &[],
        effects.px,
        0,
        100,
        B,
        ("0", "Side of the squares that the result is made of, in pixels; 0 and 1 are none.")
    )
    .served(shown!("colors", "squares_and_dots")),
];
