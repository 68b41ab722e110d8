//! Rows for what is drawn over the picture: `blend`, `txt` and `mark`.

use super::super::said::Said;
use super::super::values::*;
use super::super::words;
use super::row;
use crate::overlay;
use crate::request::WarningKind;
use crate::table::{Kind, Param, Served, Tier};

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
    )
    .served(shown!("overlays", "modes_are_those_of_css")),
    row(
        "blend-color",
        &["blendcolor", "blend-clr", "blendclr"],
        Kind::Color,
        Tier::B,
        ("", "The colour to blend where blend does not say what."),
        |s, v| put(&mut s.blend.color, color(v)),
        |s| s.blend.color.map(spell_color),
    )
    .served(shown!("overlays", "modes_are_those_of_css")),
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
    )
    .served(shown!("overlays", "modes_are_those_of_css")),
    number_row!(
        "blend-alpha",
        &["blendalpha", "balph"],
        blend.alpha,
        0.0,
        100.0,
        B,
        ("100", "Opacity of blend in percent.")
    )
    .served(shown!("overlays", "modes_are_those_of_css")),
    words_row!(
        "blend-size",
        &["blendsize", "bs"],
        Kind::Enum(&["inherit"]),
        blend.size,
        words::BLEND_SIZE,
        B,
        ("", "The blended picture takes the sides that w and h name, and fit=crop, fit=scale and fit=max with crop.")
    )
    .served(Served::Nearly("where the edges and the bars of the picture are is not inherited")),
    length_row!(
        "blend-w",
        &["blendw", "bw"],
        blend.w,
        B,
        ("the blended picture's", "Width that the blended picture is scaled to.")
    )
    .served(shown!("overlays", "blended_pictures_lie_where_they_are_told")),
    length_row!(
        "blend-h",
        &["blendh", "bh"],
        blend.h,
        B,
        ("the blended picture's", "Height that the blended picture is scaled to.")
    )
    .served(shown!("overlays", "blended_pictures_lie_where_they_are_told")),
    row(
        "blend-fit",
        &["blendfit", "bf"],
        Kind::Enum(&["clip", "clamp", "crop", "max", "scale"]),
        Tier::B,
        ("clip", "How the blended picture meets blend-w and blend-h."),
        |s, v| put(&mut s.blend.fit, word(words::BLEND_FIT, words::BLEND_FIT_LATER, v)),
        |s| spell(words::BLEND_FIT, s.blend.fit),
    )
    .served(Served::Nearly("clamp is not built")),
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
    )
    .served(Served::Nearly("faces takes a trained model")),
    align_row!(
        "blend-align",
        &["blendalign", "ba"],
        blend.place,
        B,
        ("top,left", "Where the blended picture lies; an axis that is not named keeps its default.")
    )
    .served(shown!("overlays", "blended_pictures_lie_where_they_are_told")),
    whole_row!(
        "blend-pad",
        &["blendpad", "bp"],
        blend.place.pad,
        0,
        8192,
        B,
        ("0", "Pixels between the blended picture and the edges that it is aligned to.")
    )
    .served(shown!("overlays", "blended_pictures_lie_where_they_are_told")),
    offset_row!(
        "blend-x",
        &["blendx", "bx"],
        blend.place.x,
        ("", "Distance from the left, instead of blend-align and blend-pad.")
    )
    .served(shown!("overlays", "blended_pictures_lie_where_they_are_told")),
    offset_row!(
        "blend-y",
        &["blendy", "by"],
        blend.place.y,
        ("", "Distance from the top, instead of blend-align and blend-pad.")
    )
    .served(shown!("overlays", "blended_pictures_lie_where_they_are_told")),
    row(
        "txt",
        &["t"],
        Kind::Syntax("a text of one line"),
        Tier::B,
        ("", "Text that is drawn over the picture."),
        |s, v| put(&mut s.txt.of, line(v)),
        |s| s.txt.of.clone(),
    )
    .served(Served::Nearly("our fonts stand in for the vendor's")),
    number_row!(
        "txt-size",
        &["txtsize", "tsz"],
        txt.size,
        1.0,
        2000.0,
        B,
        ("12", "Size of the text in pixels, times dpr.")
    )
    .served(shown!("text", "texts_have_the_size_and_colour_that_is_said")),
    row(
        "txt-color",
        &["txtcolor", "txt-clr", "txtclr", "tc"],
        Kind::Color,
        Tier::B,
        ("000", "Colour of the text."),
        |s, v| put(&mut s.txt.color, color(v)),
        |s| s.txt.color.map(spell_color),
    )
    .served(shown!("text", "texts_have_the_size_and_colour_that_is_said")),
    row(
        "txt-font",
        &["txtfont", "tf"],
        Kind::Syntax("names of families in the order in which they are tried, with bold and italic among them"),
        Tier::B,
        ("sans-serif", "Font of the text; the sans-serif stands in for one that is not there."),
        |s, v| put(&mut s.txt.font, font(v)),
        |s| s.txt.font.as_ref().map(spell_font),
    )
    .served(Served::Nearly("of the fonts that are installed; the sans-serif stands in for the others")),
    align_row!(
        "txt-align",
        &["txtalign", "ta"],
        txt.place,
        B,
        ("bottom,right", "Where the text lies; an axis that is not named keeps its default.")
    )
    .served(shown!("text", "texts_lie_in_their_corners")),
    whole_row!(
        "txt-pad",
        &["txtpad", "tp"],
        txt.place.pad,
        0,
        8192,
        B,
        ("10", "Pixels between the text and the edges, times dpr.")
    )
    .served(Served::Nearly("to the box of the line: what our letters leave free in it comes to it")),
    length_row!(
        "txt-width",
        &["txtwidth"],
        txt.width,
        B,
        ("the picture's, less txt-pad on both sides", "Width that the text has, pixels times dpr.")
    )
    .served(shown!("text", "texts_that_are_too_long_are_cut_shrunk_or_wrapped")),
    length_row!("txt-h", &[], txt.height, C, ("", "Height that the text has beside txt-fit, pixels times dpr."))
    .served(shown!("text", "texts_that_are_too_long_are_cut_shrunk_or_wrapped")),
    words_row!(
        "txt-fit",
        &["txtfit"],
        Kind::Enum(&["max", "wrap", "wrapmax"]),
        txt.fit,
        words::TXT_FIT,
        B,
        ("", "A text that is too wide becomes smaller (max), is wrapped, or is wrapped and becomes smaller.")
    )
    .served(shown!("text", "texts_that_are_too_long_are_cut_shrunk_or_wrapped")),
    row(
        "txt-clip",
        &["txtclip", "tcl"],
        Kind::Syntax("start, middle or end, and ellipsis"),
        Tier::B,
        ("end", "Where a text that is too wide is cut, and whether an ellipsis says so."),
        |s, v| put(&mut s.txt.clip, clip(v)),
        |s| s.txt.clip.and_then(spell_clip),
    )
    .served(shown!("text", "texts_that_are_too_long_are_cut_shrunk_or_wrapped")),
    number_row!(
        "txt-line",
        &["txtline", "tl"],
        txt.line,
        0.0,
        100.0,
        B,
        ("0", "Width of a line around the letters in pixels, times dpr.")
    )
    .served(shown!("text", "letters_have_lines_and_shadows")),
    row(
        "txt-line-color",
        &["txtlinecolor", "txt-line-clr", "txtlineclr"],
        Kind::Color,
        Tier::B,
        ("fff", "Colour of txt-line."),
        |s, v| put(&mut s.txt.line_color, color(v)),
        |s| s.txt.line_color.map(spell_color),
    )
    .served(shown!("text", "letters_have_lines_and_shadows")),
    number_row!(
        "txt-shad",
        &["txtshad", "tsh"],
        txt.shad,
        0.0,
        10.0,
        B,
        ("0", "Shadow of the text: half of this in pixels, times dpr, to the right, down, and of blur.")
    )
    .served(Served::Nearly("what a strength looks like is ours")),
    offset_row!("txt-x", &["txtx"], txt.place.x, ("", "Distance from the left, instead of txt-align and txt-pad."))
    .served(Served::Nearly("to the box of the line: what our letters leave free in it comes to it")),
    offset_row!("txt-y", &["txty"], txt.place.y, ("", "Distance from the top, instead of txt-align and txt-pad."))
    .served(Served::Nearly("to the box of the line: what our letters leave free in it comes to it")),
    words_row!(
        "txt-lig",
        &["txtlig"],
        Kind::Enum(&["0", "1", "2"]),
        txt.ligatures,
        words::LIGATURES,
        C,
        ("1", "Ligatures: those that the script asks for, the usual ones, all.")
    )
    .served(Served::Nearly("as far as our fonts have ligatures")),
    number_row!(
        "txt-lead",
        &["txtlead"],
        txt.lead,
        0.0,
        2000.0,
        C,
        ("0: 1.2 times txt-size", "Distance from line to line in pixels, times dpr; for ~text alone.")
    )
    .served(shown!("text", "pictures_of_text_have_lead_and_track")),
    number_row!(
        "txt-track",
        &["txttrack", "tt"],
        txt.track,
        -4.0,
        100.0,
        C,
        ("0", "Added between letters in pixels, times dpr; for ~text alone.")
    )
    .served(shown!("text", "pictures_of_text_have_lead_and_track")),
    row(
        "mark",
        &["m"],
        PICTURE,
        Tier::A,
        ("", "Watermark: the picture that is drawn over this one; left out where it cannot be had."),
        |s, v| put(&mut s.mark.of, overlay::asset(v).map(|asset| (asset, false)).ok_or(WarningKind::Invalid)),
        |s| s.mark.of.as_ref().map(overlay::spell),
    )
    .served(shown!("overlays", "marks_lie_where_they_are_told")),
    row(
        "mark-base",
        &["markbase", "mb"],
        PICTURE,
        Tier::B,
        ("", "What mark is below where it is a path."),
        |s, v| put(&mut s.mark.base, overlay::asset(v).map(|asset| (asset, false)).ok_or(WarningKind::Invalid)),
        |s| s.mark.base.as_ref().map(overlay::spell),
    )
    .served(shown!("overlays", "marks_are_found_below_their_base")),
    align_row!(
        "mark-align",
        &["markalign", "ma"],
        mark.place,
        A,
        ("bottom,right, of tiles top,left", "Where the watermark lies; an axis that is not named keeps its default.")
    )
    .served(shown!("overlays", "marks_lie_where_they_are_told")),
    whole_row!(
        "mark-pad",
        &["markpad", "mp"],
        mark.place.pad,
        0,
        8192,
        A,
        ("5", "Pixels between the watermark and the edges that it is aligned to, and between tiles, times dpr.")
    )
    .served(shown!("overlays", "marks_lie_where_they_are_told")),
    offset_row!(
        "mark-x",
        &["markx", "mx"],
        mark.place.x,
        ("", "Distance from the left, instead of mark-align and mark-pad.")
    )
    .served(shown!("overlays", "marks_lie_where_they_are_told")),
    offset_row!(
        "mark-y",
        &["marky", "my"],
        mark.place.y,
        ("", "Distance from the top, instead of mark-align and mark-pad.")
    )
    .served(shown!("overlays", "marks_lie_where_they_are_told")),
    length_row!(
        "mark-w",
        &["markw", "mw"],
        mark.w,
        A,
        ("the watermark's", "Width that the watermark is scaled to, pixels times dpr.")
    )
    .served(shown!("overlays", "marks_have_the_size_that_is_said")),
    length_row!(
        "mark-h",
        &["markh", "mh"],
        mark.h,
        A,
        ("the watermark's", "Height that the watermark is scaled to, pixels times dpr.")
    )
    .served(shown!("overlays", "marks_have_the_size_that_is_said")),
    words_row!(
        "mark-fit",
        &["markfit", "mf"],
        Kind::Enum(&["clip", "crop", "fill", "max", "scale"]),
        mark.fit,
        words::MARK_FIT,
        B,
        ("clip", "How the watermark meets mark-w and mark-h.")
    )
    .served(shown!("overlays", "marks_have_the_size_that_is_said")),
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
    )
    .served(shown!("overlays", "marks_have_the_size_that_is_said")),
    number_row!(
        "mark-alpha",
        &["markalpha", "malph"],
        mark.alpha,
        0.0,
        100.0,
        A,
        ("100", "Opacity of the watermark in percent.")
    )
    .served(shown!("overlays", "marks_are_faint_repeated_or_left_out")),
    row(
        "mark-rot",
        &[],
        Kind::Number(0.0, 359.0),
        Tier::C,
        ("0", "Turns the watermark clockwise, in degrees."),
        |s, v| put(&mut s.mark.rot, degrees(v)),
        |s| spell_as(s.mark.rot),
    )
    .served(shown!("overlays", "marks_have_the_size_that_is_said")),
    words_row!(
        "mark-tile",
        &["marktile", "mtile"],
        Kind::Enum(&["grid"]),
        mark.tile,
        words::TILE,
        C,
        ("", "Repeats the watermark over the whole picture.")
    )
    .served(shown!("overlays", "marks_are_faint_repeated_or_left_out")),
    whole_row!(
        "mark-if-min-width",
        &[],
        mark.if_min_width,
        0,
        65535,
        C,
        ("0", "The watermark is drawn only on a picture that is at least so wide.")
    )
    .served(shown!("overlays", "marks_are_faint_repeated_or_left_out")),
    whole_row!(
        "mark-if-min-height",
        &[],
        mark.if_min_height,
        0,
        65535,
        C,
        ("0", "The watermark is drawn only on a picture that is at least so high.")
    )
    .served(shown!("overlays", "marks_are_faint_repeated_or_left_out")),
];
