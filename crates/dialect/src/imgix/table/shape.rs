//! Rows for borders: what is cut off, turned, added and kept.

use super::super::said::Said;
use super::super::values::*;
use super::super::words;
use super::row;
use crate::table::{Kind, Param, Served, Tier};

const BAR: Kind = Kind::Int(0, 8192);
const RADII: Kind = Kind::Syntax("pixels from 0 to 8192: one number, or top-left,top-right,bottom-right,bottom-left");

pub(super) static ROWS: &[Param<Said>] = &[
    row(
        "trim",
        &[],
        Kind::Enum(&["auto", "color", "alpha", "colorunlessalpha"]),
        Tier::B,
        (
            "",
            "Cuts a uniform border off: rows that are even and like the edge, one colour, what is transparent, or \
             one colour where nothing is transparent.",
        ),
        |s, v| put(&mut s.trim, word(words::TRIM, &[], v)),
        |s| spell(words::TRIM, s.trim),
    )
    .served(shown!("around", "borders_are_cut_off")),
    row(
        "trim-color",
        &["trimcolor"],
        Kind::Color,
        Tier::B,
        ("the top-left pixel's", "Border colour for trim=color and trim=colorunlessalpha; without alpha."),
        |s, v| put(&mut s.trim_color, opaque(v)),
        |s| s.trim_color.map(spell_color),
    )
    .served(shown!("around", "borders_are_cut_off")),
    row(
        "trim-tol",
        &["trimtol"],
        Kind::Number(0.0, 255.0),
        Tier::B,
        (
            "0",
            "Distance to the border colour that still counts as border, for trim=color and trim=colorunlessalpha; in \
             levels of 255.",
        ),
        |s, v| put(&mut s.trim_tol, fixed(v, 0.0, 255.0)),
        |s| spell_as(s.trim_tol),
    )
    .served(Served::Nearly("how the distance of colours is measured is ours")),
    row(
        "trim-pad",
        &["trimpad"],
        Kind::Int(-200, 200),
        Tier::B,
        (
            "0",
            "Pixels of border to leave, for trim=auto and trim=color; negative: pixels of the picture that go too, but for \
             one in its middle.",
        ),
        |s, v| put(&mut s.trim_pad, signed(v, -200, 200)),
        |s| spell_as(s.trim_pad),
    )
    .served(shown!("around", "borders_are_cut_off")),
    row(
        "trim-alpha",
        &[],
        Kind::Int(0, 255),
        Tier::C,
        ("0", "Greatest alpha that counts as transparent, for trim=alpha."),
        |s, v| put(&mut s.trim_alpha, whole(v, 0, 255)),
        |s| spell_as(s.trim_alpha),
    )
    .served(shown!("around", "borders_are_cut_off")),
    whole_row!(
        "trim-md",
        &["trimmd"],
        trim_md,
        0,
        255,
        C,
        ("11", "For trim=auto: by how many levels of 255 the mean of a row of border may differ from the edge's.")
    )
    .served(Served::Nearly("how the evenness of a row is measured is ours")),
    whole_row!(
        "trim-sd",
        &["trimsd"],
        trim_sd,
        0,
        255,
        C,
        (
            "10",
            "For trim=auto: by how many levels of 255 the standard deviation of a row of border may differ from the \
             edge's."
        )
    )
    .served(Served::Nearly("how the evenness of a row is measured is ours")),
    row(
        "orient",
        &["or"],
        Kind::Enum(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "90", "180", "270"]),
        Tier::A,
        ("the source's EXIF", "Orientation instead of the source's own: an EXIF value, or degrees."),
        |s, v| put(&mut s.orient, word(words::ORIENT, &[], v)),
        |s| spell(words::ORIENT, s.orient),
    )
    .served(shown!("size", "orientations_are_those_of_exif")),
    row(
        "flip",
        &[],
        Kind::Enum(&["h", "v", "hv"]),
        Tier::B,
        ("", "Mirrors the picture."),
        |s, v| put(&mut s.flip, word(words::FLIP, &[], v)),
        |s| spell(words::FLIP, s.flip),
    )
    .served(shown!("size", "mirrors_and_turns")),
    row(
        "rot",
        &[],
        Kind::Number(0.0, 359.0),
        Tier::B,
        ("0", "Turns the picture clockwise, in degrees."),
        |s, v| put(&mut s.rot, degrees(v)),
        |s| spell_as(s.rot),
    )
    .served(shown!("size", "mirrors_and_turns")),
    row(
        "rot-type",
        &["rottype", "rott"],
        Kind::Enum(&["straighten", "pivot"]),
        Tier::C,
        ("straighten", "Whether rot zooms until no corner shows, or shows the whole picture."),
        |s, v| put(&mut s.rot_type, word(words::ROT_TYPE, &[], v)),
        |s| spell(words::ROT_TYPE, s.rot_type),
    )
    .served(Served::Nearly("with pivot the canvas grows until the corners are on it")),
    row(
        "pad",
        &[],
        BAR,
        Tier::B,
        ("0", "Bars of bg on every side; within w and h where these are pixels."),
        |s, v| put(&mut s.pad, whole(v, 0, 8192)),
        |s| spell_as(s.pad),
    )
    .served(shown!("around", "pads_are_within_a_size_that_is_said")),
    row(
        "pad-top",
        &[],
        BAR,
        Tier::B,
        ("pad", "The bar above."),
        |s, v| put(&mut s.pad_top, whole(v, 0, 8192)),
        |s| spell_as(s.pad_top),
    )
    .served(shown!("around", "pads_are_within_a_size_that_is_said")),
    row(
        "pad-right",
        &[],
        BAR,
        Tier::B,
        ("pad", "The bar to the right."),
        |s, v| put(&mut s.pad_right, whole(v, 0, 8192)),
        |s| spell_as(s.pad_right),
    )
    .served(shown!("around", "pads_are_within_a_size_that_is_said")),
    row(
        "pad-bottom",
        &[],
        BAR,
        Tier::B,
        ("pad", "The bar below."),
        |s, v| put(&mut s.pad_bottom, whole(v, 0, 8192)),
        |s| spell_as(s.pad_bottom),
    )
    .served(shown!("around", "pads_are_within_a_size_that_is_said")),
    row(
        "pad-left",
        &[],
        BAR,
        Tier::B,
        ("pad", "The bar to the left."),
        |s, v| put(&mut s.pad_left, whole(v, 0, 8192)),
        |s| spell_as(s.pad_left),
    )
    .served(shown!("around", "pads_are_within_a_size_that_is_said")),
    row(
        "mask",
        &[],
        Kind::Syntax("ellipse, corners, poly3 to poly32, an absolute http or https address, or a path"),
        Tier::B,
        (
            "",
            "Keeps what lies within a shape, or what a picture stretched over this one shows by its luminance and \
             alpha; comes before text, watermark and border.",
        ),
        |s, v| put(&mut s.mask, mask(v)),
        |s| s.mask.as_ref().map(spell_mask),
    )
    .served(shown!("around", "masks_keep_what_is_inside")),
    row(
        "corner-radius",
        &[],
        RADII,
        Tier::B,
        ("a fifth of the shorter side", "Radius for mask=corners in pixels, times dpr; 0 alone is the default."),
        |s, v| match radii(v)? {
            ([0, 0, 0, 0], false) if !v.contains(',') => Ok(()),
            read => put(&mut s.corner_radius, Ok(read)),
        },
        |s| s.corner_radius.map(spell_radii),
    )
    .served(shown!("around", "masks_keep_what_is_inside")),
    row(
        "mask-bg",
        &["maskbg"],
        Kind::Color,
        Tier::B,
        ("bg, else transparent, white where the format has no alpha", "What is outside of a mask."),
        |s, v| put(&mut s.mask_bg, color(v)),
        |s| s.mask_bg.map(spell_color),
    )
    .served(shown!("around", "outside_of_a_mask_is_what_is_said")),
    row(
        "border",
        &[],
        Kind::Syntax("size,colour: pixels from 0 to 8192, and a colour"),
        Tier::B,
        ("", "A frame over the picture's own edge, drawn last."),
        |s, v| put(&mut s.border.of, border(v)),
        |s| s.border.of.map(spell_border),
    )
    .served(shown!("around", "borders_lie_over_the_edge")),
    whole_row!("border-top", &[], border.top, 0, 8192, C, ("border", "The frame's width above, beside border."))
        .served(shown!("around", "borders_lie_over_the_edge")),
    whole_row!(
        "border-right",
        &[],
        border.right,
        0,
        8192,
        C,
        ("border", "The frame's width on the right, beside border.")
    )
    .served(shown!("around", "borders_lie_over_the_edge")),
    whole_row!("border-bottom", &[], border.bottom, 0, 8192, C, ("border", "The frame's width below, beside border."))
        .served(shown!("around", "borders_lie_over_the_edge")),
    whole_row!(
        "border-left",
        &[],
        border.left,
        0,
        8192,
        C,
        ("border", "The frame's width on the left, beside border.")
    )
    .served(shown!("around", "borders_lie_over_the_edge")),
    row(
        "border-radius",
        &[],
        RADII,
        Tier::C,
        ("0", "Rounding of the frame's outer corners in pixels, beside border; outside of them is bg."),
        |s, v| put(&mut s.border.radius, radii(v)),
        |s| s.border.radius.map(spell_radii),
    )
    .served(shown!("around", "borders_lie_over_the_edge")),
    row(
        "border-radius-inner",
        &[],
        RADII,
        Tier::C,
        ("0", "Rounding of the frame's inner corners in pixels, beside border."),
        |s, v| put(&mut s.border.radius_inner, radii(v)),
        |s| s.border.radius_inner.map(spell_radii),
    )
    .served(shown!("around", "borders_lie_over_the_edge")),
    whole_row!(
        "border-stroke-size",
        &[],
        border.stroke_size,
        0,
        8192,
        C,
        ("0", "Width of a line along the picture's edge in pixels, over border; its colour is border-stroke-color.")
    )
    .served(Served::Nearly("the line runs along the edge, over border: the vendor does not say where")),
    row(
        "border-stroke-color",
        &[],
        Kind::Color,
        Tier::C,
        ("transparent", "Colour of border-stroke-size."),
        |s, v| put(&mut s.border.stroke_color, color(v)),
        |s| s.border.stroke_color.map(spell_color),
    )
    .served(Served::Nearly("the line runs along the edge, over border: the vendor does not say where")),
];
