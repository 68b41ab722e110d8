//! Rows for what is drawn over the picture: `blend`, `txt` and `mark`.

use super::super::said::Said;
use super::super::values::*;
use super::super::words;
use super::row;
use crate::overlay;
use crate::request::WarningKind;
use crate::table::{Kind, Param, Tier};

const LENGTH: Kind = Kind::Syntax("pixels from 1 to 8192, or a share of the picture's side above 0 and up to 1");
const OFFSET: Kind = Kind::Syntax("pixels from -8192 to 8192, or a share of the picture's side between -1 and 1");
const ALIGN: Kind = Kind::List(&["top", "middle", "bottom", "left", "center", "right"]);
const PICTURE: Kind = Kind::Syntax("an absolute http or https address, or a path");

/// `…-align`, read into the place that `$place` names.
macro_rules! align_row {
    ($name:literal, $aliases:expr, $($place:ident).+, $tier:ident, $about:expr) => {
        row(
            $name,
            $aliases,
            ALIGN,
            Tier::$tier,
            $about,
            |s, v| {
                let words = list(v, words::ALIGN, &[])?;
                s.notes.extend(words.notes);
                s.$($place).+.align = words.read;
                Ok(())
            },
            |s| spell_list(words::ALIGN, &s.$($place).+.align),
        )
    };
}

/// A distance from the left or the top.
macro_rules! offset_row {
    ($name:literal, $aliases:expr, $($field:ident).+, $about:expr) => {
        row(
            $name,
            $aliases,
            OFFSET,
            Tier::B,
            $about,
            |s, v| put(&mut s.$($field).+, shift(v)),
            |s| s.$($field).+.map(spell_shift),
        )
    };
}

/// A side: pixels or a share.
macro_rules! length_row {
    ($name:literal, $aliases:expr, $($field:ident).+, $tier:ident, $about:expr) => {
        row(
            $name,
            $aliases,
            LENGTH,
            Tier::$tier,
            $about,
            |s, v| put(&mut s.$($field).+, length(v)),
            |s| s.$($field).+.map(spell_length),
        )
    };
}

pub(super) static ROWS: &[Param<Said>] = &[
    row(
        "blend",
        &["b"],
        Kind::Syntax("a colour, an absolute http or https address, or a path"),
        Tier::B,
        ("", "A colour or a picture that is mixed with this one; a picture that cannot be had is left out."),
        |s, v| put(&mut s.blend.of, blend_of(v)),
        |s| s.blend.of.as_ref().map(spell_blend_of),
    ),
    row(
        "blend-color",
        &["blendcolor", "blend-clr", "blendclr"],
        Kind::Color,
        Tier::B,
        ("", "The colour to blend where blend does not say what."),
        |s, v| put(&mut s.blend.color, color(v)),
        |s| s.blend.color.map(spell_color),
    ),
    words_row!(
        "blend-mode",
        &["blendmode", "bm"],
        Kind::Enum(&[
            "normal",
            "darken",
            "multiply",
            "burn",
            "lighten",
            "screen",
            "dodge",
            "overlay",
            "softlight",
            "hardlight",
            "difference",
            "exclusion",
            "color",
            "hue",
            "saturation",
            "luminosity",
        ]),
        blend.mode,
        words::BLEND_MODE,
        B,
        ("overlay", "How blend is mixed, after W3C Compositing and Blending Level 1.")
    ),
    number_row!(
        "blend-alpha",
        &["blendalpha", "balph"],
        blend.alpha,
        0.0,
        100.0,
        B,
        ("100", "Opacity of blend in percent.")
    ),
    words_row!(
        "blend-size",
        &["blendsize", "bs"],
        Kind::Enum(&["inherit"]),
        blend.size,
        words::BLEND_SIZE,
        B,
        ("", "The blended picture takes the sides that w and h name, and fit=crop, fit=scale and fit=max with crop.")
    ),
    length_row!(
        "blend-w",
        &["blendw", "bw"],
        blend.w,
        B,
        ("the blended picture's", "Width that the blended picture is scaled to.")
    ),
    length_row!(
        "blend-h",
        &["blendh", "bh"],
        blend.h,
        B,
        ("the blended picture's", "Height that the blended picture is scaled to.")
    ),
    row(
        "blend-fit",
        &["blendfit", "bf"],
        Kind::Enum(&["clip", "clamp", "crop", "max", "scale"]),
        Tier::B,
        ("clip", "How the blended picture meets blend-w and blend-h."),
        |s, v| put(&mut s.blend.fit, word(words::BLEND_FIT, words::BLEND_FIT_LATER, v)),
        |s| spell(words::BLEND_FIT, s.blend.fit),
    ),
    row(
        "blend-crop",
        &["blendcrop", "bc"],
        Kind::List(&["top", "bottom", "left", "right", "faces"]),
        Tier::B,
        ("the centre", "Where blend-fit=crop cuts."),
        |s, v| {
            let words = list(v, words::BLEND_CROP, &["faces"])?;
            s.notes.extend(words.notes);
            s.blend.crop = words.read;
            Ok(())
        },
        |s| spell_list(words::BLEND_CROP, &s.blend.crop),
    ),
    align_row!(
        "blend-align",
        &["blendalign", "ba"],
        blend.place,
        B,
        ("top,left", "Where the blended picture lies; an axis that is not named keeps its default.")
    ),
    whole_row!(
        "blend-pad",
        &["blendpad", "bp"],
        blend.place.pad,
        0,
        8192,
        B,
        ("0", "Pixels between the blended picture and the edges that it is aligned to.")
    ),
    offset_row!(
        "blend-x",
        &["blendx", "bx"],
        blend.place.x,
        ("", "Distance from the left, instead of blend-align and blend-pad.")
    ),
    offset_row!(
        "blend-y",
        &["blendy", "by"],
        blend.place.y,
        ("", "Distance from the top, instead of blend-align and blend-pad.")
    ),
    row(
        "txt",
        &["t"],
        Kind::Syntax("a text of one line"),
        Tier::B,
        ("", "Text that is drawn over the picture."),
        |s, v| put(&mut s.txt.of, line(v)),
        |s| s.txt.of.clone(),
    ),
    number_row!(
        "txt-size",
        &["txtsize", "tsz"],
        txt.size,
        1.0,
        2000.0,
        B,
        ("12", "Size of the text in pixels, times dpr.")
    ),
    row(
        "txt-color",
        &["txtcolor", "txt-clr", "txtclr", "tc"],
        Kind::Color,
        Tier::B,
        ("000", "Colour of the text."),
        |s, v| put(&mut s.txt.color, color(v)),
        |s| s.txt.color.map(spell_color),
    ),
    row(
        "txt-font",
        &["txtfont", "tf"],
        Kind::Syntax("names of families in the order in which they are tried, with bold and italic among them"),
        Tier::B,
        ("sans-serif", "Font of the text; the sans-serif stands in for one that is not there."),
        |s, v| put(&mut s.txt.font, font(v)),
        |s| s.txt.font.as_ref().map(spell_font),
    ),
    align_row!(
        "txt-align",
        &["txtalign", "ta"],
        txt.place,
        B,
        ("bottom,right", "Where the text lies; an axis that is not named keeps its default.")
    ),
    whole_row!(
        "txt-pad",
        &["txtpad", "tp"],
        txt.place.pad,
        0,
        8192,
        B,
        ("10", "Pixels between the text and the edges, times dpr.")
    ),
    length_row!(
        "txt-width",
        &["txtwidth"],
        txt.width,
        B,
        ("the picture's, less txt-pad on both sides", "Width that the text has, pixels times dpr.")
    ),
    length_row!("txt-h", &[], txt.height, C, ("", "Height that the text has beside txt-fit, pixels times dpr.")),
    words_row!(
        "txt-fit",
        &["txtfit"],
        Kind::Enum(&["max", "wrap", "wrapmax"]),
        txt.fit,
        words::TXT_FIT,
        B,
        ("", "A text that is too wide becomes smaller (max), is wrapped, or is wrapped and becomes smaller.")
    ),
    row(
        "txt-clip",
        &["txtclip", "tcl"],
        Kind::Syntax("start, middle or end, and ellipsis"),
        Tier::B,
        ("end", "Where a text that is too wide is cut, and whether an ellipsis says so."),
        |s, v| put(&mut s.txt.clip, clip(v)),
        |s| s.txt.clip.and_then(spell_clip),
    ),
    number_row!(
        "txt-line",
        &["txtline", "tl"],
        txt.line,
        0.0,
        100.0,
        B,
        ("0", "Width of a line around the letters in pixels, times dpr.")
    ),
    row(
        "txt-line-color",
        &["txtlinecolor", "txt-line-clr", "txtlineclr"],
        Kind::Color,
        Tier::B,
        ("fff", "Colour of txt-line."),
        |s, v| put(&mut s.txt.line_color, color(v)),
        |s| s.txt.line_color.map(spell_color),
    ),
    number_row!(
        "txt-shad",
        &["txtshad", "tsh"],
        txt.shad,
        0.0,
        10.0,
        B,
        ("0", "Shadow of the text: half of this in pixels, times dpr, to the right, down, and of blur.")
    ),
    offset_row!("txt-x", &["txtx"], txt.place.x, ("", "Distance from the left, instead of txt-align and txt-pad.")),
    offset_row!("txt-y", &["txty"], txt.place.y, ("", "Distance from the top, instead of txt-align and txt-pad.")),
    words_row!(
        "txt-lig",
        &["txtlig"],
        Kind::Enum(&["0", "1", "2"]),
        txt.ligatures,
        words::LIGATURES,
        C,
        ("1", "Ligatures: those that the script asks for, the usual ones, all.")
    ),
    number_row!(
        "txt-lead",
        &["txtlead"],
        txt.lead,
        0.0,
        2000.0,
        C,
        ("0: 1.2 times txt-size", "Distance from line to line in pixels, times dpr; for ~text alone.")
    ),
    number_row!(
        "txt-track",
        &["txttrack", "tt"],
        txt.track,
        -4.0,
        100.0,
        C,
        ("0", "Added between letters in pixels, times dpr; for ~text alone.")
    ),
    row(
        "mark",
        &["m"],
        PICTURE,
        Tier::A,
        ("", "Watermark: the picture that is drawn over this one; left out where it cannot be had."),
        |s, v| put(&mut s.mark.of, overlay::asset(v).map(|asset| (asset, false)).ok_or(WarningKind::Invalid)),
        |s| s.mark.of.as_ref().map(overlay::spell),
    ),
    row(
        "mark-base",
        &["markbase", "mb"],
        PICTURE,
        Tier::B,
        ("", "What mark is below where it is a path."),
        |s, v| put(&mut s.mark.base, overlay::asset(v).map(|asset| (asset, false)).ok_or(WarningKind::Invalid)),
        |s| s.mark.base.as_ref().map(overlay::spell),
    ),
    align_row!(
        "mark-align",
        &["markalign", "ma"],
        mark.place,
        A,
        ("bottom,right, of tiles top,left", "Where the watermark lies; an axis that is not named keeps its default.")
    ),
    whole_row!(
        "mark-pad",
        &["markpad", "mp"],
        mark.place.pad,
        0,
        8192,
        A,
        ("5", "Pixels between the watermark and the edges that it is aligned to, and between tiles, times dpr.")
    ),
    offset_row!(
        "mark-x",
        &["markx", "mx"],
        mark.place.x,
        ("", "Distance from the left, instead of mark-align and mark-pad.")
    ),
    offset_row!(
        "mark-y",
        &["marky", "my"],
        mark.place.y,
        ("", "Distance from the top, instead of mark-align and mark-pad.")
    ),
    length_row!(
        "mark-w",
        &["markw", "mw"],
        mark.w,
        A,
        ("the watermark's", "Width that the watermark is scaled to, pixels times dpr.")
    ),
    length_row!(
        "mark-h",
        &["markh", "mh"],
        mark.h,
        A,
        ("the watermark's", "Height that the watermark is scaled to, pixels times dpr.")
    ),
    words_row!(
        "mark-fit",
        &["markfit", "mf"],
        Kind::Enum(&["clip", "crop", "fill", "max", "scale"]),
        mark.fit,
        words::MARK_FIT,
        B,
        ("clip", "How the watermark meets mark-w and mark-h.")
    ),
    number_row!(
        "mark-scale",
        &["markscale", "ms"],
        mark.scale,
        0.0,
        100.0,
        B,
        (
            "",
            "Both sides that the watermark is scaled into, in percent of the picture's, where mark-w and mark-h say none."
        )
    ),
    number_row!(
        "mark-alpha",
        &["markalpha", "malph"],
        mark.alpha,
        0.0,
        100.0,
        A,
        ("100", "Opacity of the watermark in percent.")
    ),
    row(
        "mark-rot",
        &[],
        Kind::Number(0.0, 359.0),
        Tier::C,
        ("0", "Turns the watermark clockwise, in degrees."),
        |s, v| put(&mut s.mark.rot, degrees(v)),
        |s| spell_as(s.mark.rot),
    ),
    words_row!(
        "mark-tile",
        &["marktile", "mtile"],
        Kind::Enum(&["grid"]),
        mark.tile,
        words::TILE,
        C,
        ("", "Repeats the watermark over the whole picture.")
    ),
    whole_row!(
        "mark-if-min-width",
        &[],
        mark.if_min_width,
        0,
        65535,
        C,
        ("0", "The watermark is drawn only on a picture that is at least so wide.")
    ),
    whole_row!(
        "mark-if-min-height",
        &[],
        mark.if_min_height,
        0,
        65535,
        C,
        ("0", "The watermark is drawn only on a picture that is at least so high.")
    ),
];
