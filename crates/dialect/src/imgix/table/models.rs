//! Rows for what takes a trained model: read, and warned of where they ask for something.

use super::super::said::Said;
use super::super::values::unheard;
use super::row;
use crate::table::{Kind, Param, Served, Tier};

const MODEL: &str = "it takes a trained model, and none is built in";

pub(super) static ROWS: &[Param<Said>] = &[
    unheard_row!("bg-remove", &["background-remove"], Kind::Flag, ("false", "Removes the background."), MODEL),
    unheard_row!(
        "bg-remove-fallback",
        &[],
        Kind::Flag,
        ("true", "Whether the picture as it is stands in where its background cannot be removed."),
        MODEL
    ),
    unheard_row!(
        "bg-remove-fg-type",
        &[],
        Kind::Enum(&["auto", "car"]),
        ("auto", "What is in the foreground, for bg-remove."),
        MODEL
    ),
    unheard_row!(
        "bg-remove-semi-transparency",
        &["background-removal-semi-transparency"],
        Kind::Flag,
        ("true", "Whether bg-remove keeps what is half transparent."),
        MODEL
    ),
    unheard_row!(
        "bg-remove-transparency-threshold",
        &[],
        Kind::Number(0.0, 1.0),
        ("0.2", "Opacity up to which bg-remove drops a pixel."),
        MODEL
    ),
    unheard_row!(
        "bg-replace",
        &["background-replace"],
        Kind::Text,
        ("", "Replaces the background by what a text describes."),
        MODEL
    ),
    unheard_row!(
        "bg-replace-fallback",
        &[],
        Kind::Flag,
        ("true", "Whether the picture as it is stands in where its background cannot be replaced."),
        MODEL
    ),
    unheard_row!(
        "bg-replace-neg-prompt",
        &["background-replace-negative-prompt"],
        Kind::Text,
        ("", "What bg-replace is to avoid."),
        MODEL
    ),
    unheard_row!(
        "object-removal-rect",
        &[],
        Kind::Syntax("x,y,w,h in whole pixels, w and h at least 1"),
        ("", "The rectangle from which an object is removed."),
        MODEL
    ),
    unheard_row!(
        "object-removal-prompt",
        &[],
        Kind::Text,
        ("", "What fills the place of the object that is removed."),
        MODEL
    ),
    unheard_row!(
        "object-removal-negative-prompt",
        &[],
        Kind::Text,
        ("", "What object-removal-prompt is to avoid."),
        MODEL
    ),
    unheard_row!(
        "object-removal-seed",
        &[],
        Kind::Int(-9_223_372_036_854_775_808, 9_223_372_036_854_775_807),
        ("", "Seed of object-removal-prompt."),
        MODEL
    ),
    unheard_row!(
        "upscale",
        &[],
        Kind::Flag,
        ("false", "Enlarges by a generative model."),
        "pictures are enlarged by the usual filter"
    ),
    unheard_row!(
        "upscale-fallback",
        &[],
        Kind::Flag,
        ("true", "Whether the usual filter stands in where upscale fails."),
        "pictures are enlarged by the usual filter"
    ),
    unheard_row!("fill-gen-prompt", &["fill-generative-prompt"], Kind::Text, ("", "What fill=gen paints."), MODEL),
    unheard_row!(
        "fill-gen-neg-prompt",
        &["fill-generative-negative-prompt"],
        Kind::Text,
        ("", "What fill=gen is to avoid."),
        MODEL
    ),
    unheard_row!(
        "fill-gen-pos",
        &["fill-generative-position"],
        Kind::List(&["top", "bottom", "middle", "left", "right", "center"]),
        ("center,middle", "Where the picture lies in what fill=gen paints."),
        MODEL
    ),
    unheard_row!(
        "fill-gen-seed",
        &["fill-generative-seed"],
        Kind::Int(0, 9_223_372_036_854_775_807),
        ("", "Seed of fill=gen."),
        MODEL
    ),
    unheard_row!(
        "fill-gen-fallback",
        &["fill-generative-fallback"],
        Kind::Flag,
        ("true", "Whether bars of one colour stand in where fill=gen fails."),
        MODEL
    ),
    unheard_row!("faces", &[], Kind::Enum(&["1"]), ("", "Adds the faces that are found to fm=json."), MODEL),
    unheard_row!("faceindex", &[], Kind::Int(1, 1_000_000), ("", "Which face fit=facearea shows."), MODEL),
    unheard_row!("facepad", &[], Kind::Number(1.0, 10.0), ("1", "Room around the face of fit=facearea."), MODEL),
    unheard_row!("face-blur", &[], Kind::Int(0, 100), ("0", "Blurs faces."), MODEL),
    unheard_row!("face-pixel", &["face-pixelate"], Kind::Int(0, 100), ("0", "Makes faces of squares."), MODEL),
    unheard_row!("lp-blur", &["license-plate-blur"], Kind::Int(0, 100), ("0", "Blurs licence plates."), MODEL),
    unheard_row!(
        "pdf-annotation",
        &["annotation"],
        Kind::Flag,
        ("true", "Whether the annotations of a PDF are drawn."),
        "they are always drawn"
    ),
    unheard_row!("fp-debug", &[], Kind::Flag, ("false", "Draws a cross at the focal point."), "no cross is drawn"),
];
