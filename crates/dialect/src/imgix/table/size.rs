//! Rows for the size, what is cut, and what fills.

use super::super::said::Said;
use super::super::values::*;
use super::super::words;
use super::row;
use crate::request::WarningKind;
use crate::table::{Kind, Param, Served, Tier};

const LENGTH: Kind = Kind::Syntax("pixels from 1 to 8192, or a share of the source above 0 and up to 1");
const SIDE: Kind = Kind::Int(1, 8192);
const SHARE: Kind = Kind::Number(0.0, 1.0);
const TWO_COLORS: Kind = Kind::Syntax("two colours with a comma between them");
const NTH: Kind = Kind::Int(1, 1_000_000);

pub(super) static ROWS: &[Param<Said>] = &[
    row(
        "w",
        &["width"],
        LENGTH,
        Tier::A,
        ("the source's", "Output width."),
        |s, v| put(&mut s.w, length(v)),
        |s| s.w.map(spell_length),
    )
    .served(shown!("size", "sizes_are_as_documented")),
    row(
        "h",
        &["height"],
        LENGTH,
        Tier::A,
        ("the source's", "Output height."),
        |s, v| put(&mut s.h, length(v)),
        |s| s.h.map(spell_length),
    )
    .served(shown!("size", "sizes_are_as_documented")),
    row(
        "fit",
        &["f"],
        Kind::List(&["clip", "crop", "clamp", "facearea", "fill", "fillmax", "max", "min", "scale"]),
        Tier::A,
        ("clip", "How the picture meets w and h; in a list, the first that can be done."),
        read_fit,
        |s| spell(words::FIT, s.fit),
    )
    .served(Served::Nearly("facearea takes a trained model")),
    row(
        "crop",
        &[],
        Kind::List(&["top", "bottom", "left", "right", "center", "faces", "focalpoint", "entropy", "edges"]),
        Tier::A,
        ("the centre", "Where fit=crop and fit=min cut; detectors in a list are tried in turn."),
        read_crop,
        |s| spell_list(words::CROP, &s.crop),
    )
    .served(Served::Nearly(
        "detectors of faces and things take a trained model; edges and entropy are found by measures of ours",
    )),
    row(
        "ar",
        &[],
        Kind::Syntax("W:H, both above 0, decimals allowed; W alone means W:1"),
        Tier::A,
        ("", "Aspect ratio that gives the missing side under fit=crop and fit=fill."),
        |s, v| put(&mut s.ar, aspect(v)),
        |s| s.ar.map(|(w, h)| format!("{w}:{h}")),
    )
    .served(shown!("size", "ratios_give_the_missing_side")),
    row(
        "dpr",
        &[],
        Kind::Number(0.0, MOST_DPR),
        Tier::A,
        ("1", "Multiplies w and h where they are pixels."),
        read_dpr,
        |s| spell_as(s.dpr),
    )
    .served(shown!("size", "sizes_are_as_documented")),
    row(
        "rect",
        &[],
        Kind::Syntax("x,y,w,h: pixels or shares; x also left, center, right, y top, middle, bottom, w and h full"),
        Tier::A,
        ("", "Cuts a rectangle out of the source before anything else."),
        |s, v| put(&mut s.rect, rect(v)),
        |s| s.rect.map(spell_rect),
    )
    .served(shown!("size", "rectangles_are_cut_to_the_pixel")),
    row(
        "fp-x",
        &[],
        SHARE,
        Tier::A,
        ("0.5", "Focal point from the left, for crop=focalpoint."),
        |s, v| put(&mut s.fp_x, fixed(v, 0.0, 1.0)),
        |s| spell_as(s.fp_x),
    )
    .served(shown!("size", "focal_points_are_in_the_middle")),
    row(
        "fp-y",
        &[],
        SHARE,
        Tier::A,
        ("0.5", "Focal point from the top, for crop=focalpoint."),
        |s, v| put(&mut s.fp_y, fixed(v, 0.0, 1.0)),
        |s| spell_as(s.fp_y),
    )
    .served(shown!("size", "focal_points_are_in_the_middle")),
    row(
        "fp-z",
        &[],
        Kind::Number(1.0, 100.0),
        Tier::A,
        ("1", "Zoom around the focal point, for crop=focalpoint."),
        |s, v| put(&mut s.fp_z, fixed(v, 1.0, 100.0)),
        |s| spell_as(s.fp_z),
    )
    .served(shown!("size", "focal_points_are_in_the_middle")),
    row(
        "min-w",
        &["min-width"],
        SIDE,
        Tier::A,
        ("", "Least width under fit=crop."),
        |s, v| put(&mut s.min_w, whole(v, 1, 8192)),
        |s| spell_as(s.min_w),
    )
    .served(shown!("size", "limits_hold_under_a_crop")),
    row(
        "min-h",
        &["min-height"],
        SIDE,
        Tier::A,
        ("", "Least height under fit=crop."),
        |s, v| put(&mut s.min_h, whole(v, 1, 8192)),
        |s| spell_as(s.min_h),
    )
    .served(shown!("size", "limits_hold_under_a_crop")),
    row(
        "max-w",
        &["max-width"],
        SIDE,
        Tier::A,
        ("", "Greatest width under fit=crop."),
        |s, v| put(&mut s.max_w, whole(v, 1, 8192)),
        |s| spell_as(s.max_w),
    )
    .served(shown!("size", "limits_hold_under_a_crop")),
    row(
        "max-h",
        &["max-height"],
        SIDE,
        Tier::A,
        ("", "Greatest height under fit=crop."),
        |s, v| put(&mut s.max_h, whole(v, 1, 8192)),
        |s| spell_as(s.max_h),
    )
    .served(shown!("size", "limits_hold_under_a_crop")),
    row(
        "fill",
        &[],
        Kind::Enum(&["solid", "blur", "gradient", "gen", "generative"]),
        Tier::B,
        (
            "solid",
            "What the bars of fit=fill and fit=fillmax are made of; a gradient without colours of its own goes from \
             one dominant colour to another.",
        ),
        |s, v| put(&mut s.fill, word(words::FILL, words::FILL_LATER, v)),
        |s| spell(words::FILL, s.fill),
    )
    .served(Served::Nearly("gen takes a trained model; how strongly blur blurs is ours")),
    row(
        "fill-color",
        &["fillcolor"],
        Kind::Color,
        Tier::A,
        ("bg", "Colour of the bars of fit=fill and fit=fillmax."),
        |s, v| put(&mut s.fill_color, color(v)),
        |s| s.fill_color.map(spell_color),
    )
    .served(shown!("around", "bars_have_the_colour_that_is_said")),
    words_row!(
        "fill-gradient-type",
        &[],
        Kind::Enum(&["linear", "radial"]),
        gradient.kind,
        words::GRADIENT,
        C,
        ("linear", "Way of the gradient of fill=gradient.")
    )
    .served(shown!("around", "gradients_go_where_they_are_told")),
    words_row!(
        "fill-gradient-cs",
        &[],
        Kind::Enum(&["linear", "srgb", "oklab", "hsl", "lch"]),
        gradient.mix,
        words::MIX,
        C,
        ("srgb", "Space in which the gradient's colours are mixed.")
    )
    .served(shown!("around", "gradients_go_where_they_are_told")),
    row(
        "fill-gradient-linear",
        &[],
        TWO_COLORS,
        Tier::C,
        ("two dominant colours of the picture", "Colours of a linear gradient, from and to."),
        |s, v| put(&mut s.gradient.linear, two_colors(v)),
        |s| s.gradient.linear.map(spell_two_colors),
    )
    .served(shown!("around", "gradients_go_where_they_are_told")),
    words_row!(
        "fill-gradient-linear-direction",
        &[],
        Kind::Enum(&["top,bottom", "bottom,top", "left,right", "right,left", "top", "bottom", "left", "right"]),
        gradient.direction,
        words::DIRECTION,
        C,
        ("top,bottom", "Sides that a linear gradient goes from and to.")
    )
    .served(shown!("around", "gradients_go_where_they_are_told")),
    row(
        "fill-gradient-radial",
        &[],
        TWO_COLORS,
        Tier::C,
        ("two dominant colours of the picture", "Colours of a radial gradient: centre and edge."),
        |s, v| put(&mut s.gradient.radial, two_colors(v)),
        |s| s.gradient.radial.map(spell_two_colors),
    )
    .served(shown!("around", "gradients_go_where_they_are_told")),
    row(
        "fill-gradient-radial-radius",
        &[],
        Kind::Syntax("inner,outer: each up to 1 a share of the shorter side, above 1 pixels"),
        Tier::C,
        ("0.25,0.5", "Up to where a radial gradient has its first colour, and from where its second."),
        |s, v| put(&mut s.gradient.radius, two_radii(v)),
        |s| s.gradient.radius.map(spell_two_radii),
    )
    .served(shown!("around", "gradients_go_where_they_are_told")),
    number_row!(
        "fill-gradient-radial-x",
        &[],
        gradient.x,
        0.0,
        1.0,
        C,
        ("0.5", "Centre of a radial gradient, a share of the width.")
    )
    .served(shown!("around", "gradients_go_where_they_are_told")),
    number_row!(
        "fill-gradient-radial-y",
        &[],
        gradient.y,
        0.0,
        1.0,
        C,
        ("0.5", "Centre of a radial gradient, a share of the height.")
    )
    .served(shown!("around", "gradients_go_where_they_are_told")),
    row(
        "bg",
        &[],
        Kind::Color,
        Tier::A,
        ("transparent, white where the format has no alpha", "Colour behind transparent pixels, bars and corners."),
        |s, v| put(&mut s.bg, color(v)),
        |s| s.bg.map(spell_color),
    )
    .served(shown!("around", "bars_have_the_colour_that_is_said")),
    words_row!(
        "transparency",
        &[],
        Kind::Enum(&["grid"]),
        transparency,
        words::TRANSPARENCY,
        C,
        ("", "Draws a chequerboard behind what is transparent.")
    )
    .served(shown!("around", "what_is_behind_is_seen_through")),
    row(
        "grid-colors",
        &[],
        TWO_COLORS,
        Tier::C,
        ("D0D7DD,FFFFFF", "Colours of the chequerboard, the top left one first."),
        |s, v| put(&mut s.grid_colors, two_colors(v)),
        |s| s.grid_colors.map(spell_two_colors),
    )
    .served(shown!("around", "what_is_behind_is_seen_through")),
    whole_row!("grid-size", &[], grid_size, 1, 1000, C, ("4", "Side of a square of the chequerboard in pixels."))
        .served(shown!("around", "what_is_behind_is_seen_through")),
    row(
        "page",
        &[],
        NTH,
        Tier::B,
        ("1", "Page of a document, 1 is the first."),
        |s, v| put(&mut s.page, nth(v)),
        |s| spell_as(s.page),
    )
    .served(Served::Nearly("a page of a document or a frame of an animation; of an AI file its PDF part")),
    row(
        "frame",
        &[],
        Kind::Syntax("a frame, or frames from one to another: N, M-N, M- or -N"),
        Tier::B,
        ("all", "The frames of an animation that are kept, 1 is the first."),
        |s, v| put(&mut s.frame, frames(v)),
        |s| s.frame.map(spell_frames),
    )
    .served(shown!("animation", "frames_are_chosen")),
];

fn read_fit(said: &mut Said, value: &str) -> Result<(), WarningKind> {
    let words = list(value, words::FIT, &["facearea"])?;
    said.notes.extend(words.notes);
    said.fit = words.read.first().copied();
    Ok(())
}

fn read_crop(said: &mut Said, value: &str) -> Result<(), WarningKind> {
    let words = list(value, words::CROP, words::CROP_LATER)?;
    said.notes.extend(words.notes);
    said.crop = words.read;
    Ok(())
}

/// Zero and less stand for 1, as if nothing had been said, but are reported.
fn read_dpr(said: &mut Said, value: &str) -> Result<(), WarningKind> {
    let (dpr, clamped) = fixed(value, 0.0, MOST_DPR)?;
    if dpr == plan::Fixed::ZERO {
        return put(&mut said.dpr, Ok((plan::Fixed::ONE, true)));
    }
    put(&mut said.dpr, Ok((dpr, clamped)))
}
