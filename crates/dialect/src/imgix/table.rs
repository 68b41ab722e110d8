//! The one table of imgix parameters that have an effect here, and the names of those that have none yet.
//!
//! Names, aliases, ranges and defaults follow imgix's published parameter list (`imgix-url-params` 11.36) and its
//! documentation at docs.imgix.com/apis/rendering.

use super::said::{self, Said, Words};
use super::values::*;
use crate::overlay;
use crate::request::WarningKind;
use crate::table::{Kind, Param, Tier};

type Parse = fn(&mut Said, &str) -> Result<(), WarningKind>;
type Write = fn(&Said) -> Option<String>;

/// A row; `about` is its documented default and one line of documentation.
const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
    tier: Tier,
    about: (&'static str, &'static str),
    parse: Parse,
    write: Write,
) -> Param<Said> {
    Param { name, aliases, kind, default: about.0, doc: about.1, tier, parse, write }
}

const LENGTH: Kind = Kind::Syntax("pixels from 1 to 8192, or a share of the source above 0 and up to 1");
const SIDE: Kind = Kind::Int(1, 8192);
const MARK_LENGTH: Kind = Kind::Syntax("pixels from 1 to 8192, or a share of the picture's side above 0 and up to 1");
const OFFSET: Kind = Kind::Int(-8192, 8192);
const BAR: Kind = Kind::Int(0, 8192);
const SHARE: Kind = Kind::Number(0.0, 1.0);

/// The parameters, in the order in which they are written.
pub(super) static TABLE: &[Param<Said>] = &[
    row(
        "w",
        &["width"],
        LENGTH,
        Tier::A,
        ("the source's", "Output width."),
        |s, v| put(&mut s.w, length(v)),
        |s| s.w.map(spell_length),
    ),
    row(
        "h",
        &["height"],
        LENGTH,
        Tier::A,
        ("the source's", "Output height."),
        |s, v| put(&mut s.h, length(v)),
        |s| s.h.map(spell_length),
    ),
    row(
        "fit",
        &["f"],
        Kind::List(&["clip", "crop", "clamp", "facearea", "fill", "fillmax", "max", "min", "scale"]),
        Tier::A,
        ("clip", "How the picture meets w and h; in a list, the first that can be done."),
        read_fit,
        |s| spell(said::FIT, s.fit),
    ),
    row(
        "crop",
        &[],
        Kind::List(&["top", "bottom", "left", "right", "center", "faces", "focalpoint", "entropy", "edges"]),
        Tier::A,
        ("the centre", "Where fit=crop and fit=min cut; detectors in a list are tried in turn."),
        read_crop,
        |s| spell_list(said::CROP, &s.crop),
    ),
    row(
        "ar",
        &[],
        Kind::Syntax("W:H, both above 0, decimals allowed; W alone means W:1"),
        Tier::A,
        ("", "Aspect ratio that gives the missing side under fit=crop and fit=fill."),
        |s, v| put(&mut s.ar, aspect(v)),
        |s| s.ar.map(|(w, h)| format!("{w}:{h}")),
    ),
    row(
        "dpr",
        &[],
        Kind::Number(0.0, 5.0),
        Tier::A,
        ("1", "Multiplies w and h where they are pixels."),
        read_dpr,
        |s| spell_as(s.dpr),
    ),
    row(
        "rect",
        &[],
        Kind::Syntax("x,y,w,h: pixels or shares; x also left, center, right, y top, middle, bottom, w and h full"),
        Tier::A,
        ("", "Cuts a rectangle out of the source before anything else."),
        |s, v| put(&mut s.rect, rect(v)),
        |s| s.rect.map(spell_rect),
    ),
    row(
        "fp-x",
        &[],
        SHARE,
        Tier::A,
        ("0.5", "Focal point from the left, for crop=focalpoint."),
        |s, v| put(&mut s.fp_x, fixed(v, 0.0, 1.0)),
        |s| spell_as(s.fp_x),
    ),
    row(
        "fp-y",
        &[],
        SHARE,
        Tier::A,
        ("0.5", "Focal point from the top, for crop=focalpoint."),
        |s, v| put(&mut s.fp_y, fixed(v, 0.0, 1.0)),
        |s| spell_as(s.fp_y),
    ),
    row(
        "fp-z",
        &[],
        Kind::Number(1.0, 100.0),
        Tier::A,
        ("1", "Zoom around the focal point, for crop=focalpoint."),
        |s, v| put(&mut s.fp_z, fixed(v, 1.0, 100.0)),
        |s| spell_as(s.fp_z),
    ),
    row(
        "min-w",
        &["min-width"],
        SIDE,
        Tier::A,
        ("", "Least width under fit=crop."),
        |s, v| put(&mut s.min_w, whole(v, 1, 8192)),
        |s| spell_as(s.min_w),
    ),
    row(
        "min-h",
        &["min-height"],
        SIDE,
        Tier::A,
        ("", "Least height under fit=crop."),
        |s, v| put(&mut s.min_h, whole(v, 1, 8192)),
        |s| spell_as(s.min_h),
    ),
    row(
        "max-w",
        &["max-width"],
        SIDE,
        Tier::A,
        ("", "Greatest width under fit=crop."),
        |s, v| put(&mut s.max_w, whole(v, 1, 8192)),
        |s| spell_as(s.max_w),
    ),
    row(
        "max-h",
        &["max-height"],
        SIDE,
        Tier::A,
        ("", "Greatest height under fit=crop."),
        |s, v| put(&mut s.max_h, whole(v, 1, 8192)),
        |s| spell_as(s.max_h),
    ),
    row(
        "fill",
        &[],
        Kind::Enum(&["solid", "blur", "gradient", "gen", "generative"]),
        Tier::B,
        ("solid", "What the bars of fit=fill and fit=fillmax are made of."),
        |s, v| put(&mut s.fill, word(said::FILL, said::FILL_LATER, v)),
        |s| spell(said::FILL, s.fill),
    ),
    row(
        "fill-color",
        &["fillcolor"],
        Kind::Color,
        Tier::A,
        ("bg", "Colour of the bars of fit=fill and fit=fillmax."),
        |s, v| put(&mut s.fill_color, color(v)),
        |s| s.fill_color.map(spell_color),
    ),
    row(
        "bg",
        &[],
        Kind::Color,
        Tier::A,
        ("transparent, white where the format has no alpha", "Colour behind transparent pixels, bars and corners."),
        |s, v| put(&mut s.bg, color(v)),
        |s| s.bg.map(spell_color),
    ),
    row(
        "trim",
        &[],
        Kind::Enum(&["auto", "color", "alpha", "colorunlessalpha"]),
        Tier::B,
        ("", "Cuts a uniform border off."),
        |s, v| put(&mut s.trim, word(said::TRIM, said::TRIM_LATER, v)),
        |s| spell(said::TRIM, s.trim),
    ),
    row(
        "trim-color",
        &["trimcolor"],
        Kind::Color,
        Tier::B,
        ("the top-left pixel's", "Border colour for trim=color; without alpha."),
        |s, v| put(&mut s.trim_color, opaque(v)),
        |s| s.trim_color.map(spell_color),
    ),
    row(
        "trim-tol",
        &["trimtol"],
        Kind::Number(0.0, 255.0),
        Tier::B,
        ("0", "Distance to the border colour that still counts as border, for trim=color; in levels of 255."),
        |s, v| put(&mut s.trim_tol, fixed(v, 0.0, 255.0)),
        |s| spell_as(s.trim_tol),
    ),
    row(
        "trim-pad",
        &["trimpad"],
        Kind::Int(0, 200),
        Tier::B,
        ("0", "Pixels of border to leave, for trim=auto and trim=color."),
        |s, v| put(&mut s.trim_pad, whole(v, 0, 200)),
        |s| spell_as(s.trim_pad),
    ),
    row(
        "trim-alpha",
        &[],
        Kind::Int(0, 255),
        Tier::C,
        ("0", "Greatest alpha that counts as transparent, for trim=alpha."),
        |s, v| put(&mut s.trim_alpha, whole(v, 0, 255)),
        |s| spell_as(s.trim_alpha),
    ),
    row(
        "orient",
        &["or"],
        Kind::Enum(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "90", "180", "270"]),
        Tier::A,
        ("the source's EXIF", "Orientation instead of the source's own: an EXIF value, or degrees."),
        |s, v| put(&mut s.orient, word(said::ORIENT, &[], v)),
        |s| spell(said::ORIENT, s.orient),
    ),
    row(
        "flip",
        &[],
        Kind::Enum(&["h", "v", "hv"]),
        Tier::B,
        ("", "Mirrors the picture."),
        |s, v| put(&mut s.flip, word(said::FLIP, &[], v)),
        |s| spell(said::FLIP, s.flip),
    ),
    row(
        "rot",
        &[],
        Kind::Number(0.0, 359.0),
        Tier::B,
        ("0", "Turns the picture clockwise, in degrees."),
        |s, v| put(&mut s.rot, degrees(v)),
        |s| spell_as(s.rot),
    ),
    row(
        "rot-type",
        &["rottype", "rott"],
        Kind::Enum(&["straighten", "pivot"]),
        Tier::C,
        ("straighten", "Whether rot zooms until no corner shows, or shows the whole picture."),
        |s, v| put(&mut s.rot_type, word(said::ROT_TYPE, &[], v)),
        |s| spell(said::ROT_TYPE, s.rot_type),
    ),
    row(
        "pad",
        &[],
        BAR,
        Tier::B,
        ("0", "Bars of bg on every side; within w and h where these are pixels."),
        |s, v| put(&mut s.pad, whole(v, 0, 8192)),
        |s| spell_as(s.pad),
    ),
    row(
        "pad-top",
        &[],
        BAR,
        Tier::B,
        ("pad", "The bar above."),
        |s, v| put(&mut s.pad_top, whole(v, 0, 8192)),
        |s| spell_as(s.pad_top),
    ),
    row(
        "pad-right",
        &[],
        BAR,
        Tier::B,
        ("pad", "The bar to the right."),
        |s, v| put(&mut s.pad_right, whole(v, 0, 8192)),
        |s| spell_as(s.pad_right),
    ),
    row(
        "pad-bottom",
        &[],
        BAR,
        Tier::B,
        ("pad", "The bar below."),
        |s, v| put(&mut s.pad_bottom, whole(v, 0, 8192)),
        |s| spell_as(s.pad_bottom),
    ),
    row(
        "pad-left",
        &[],
        BAR,
        Tier::B,
        ("pad", "The bar to the left."),
        |s, v| put(&mut s.pad_left, whole(v, 0, 8192)),
        |s| spell_as(s.pad_left),
    ),
    row(
        "mark",
        &["m"],
        Kind::Syntax("an absolute http or https address, or a path"),
        Tier::A,
        ("", "Watermark: the picture that is drawn over this one; left out where it cannot be had."),
        |s, v| put(&mut s.mark, overlay::asset(v).map(|asset| (asset, false)).ok_or(WarningKind::Invalid)),
        |s| s.mark.as_ref().map(overlay::spell),
    ),
    row(
        "mark-align",
        &["markalign", "ma"],
        Kind::List(&["top", "middle", "bottom", "left", "center", "right"]),
        Tier::A,
        ("bottom,right", "Where the watermark lies; an axis that is not named keeps its default."),
        read_align,
        |s| spell_list(said::ALIGN, &s.mark_align),
    ),
    row(
        "mark-pad",
        &["markpad", "mp"],
        BAR,
        Tier::A,
        ("5", "Pixels between the watermark and the edges that it is aligned to."),
        |s, v| put(&mut s.mark_pad, whole(v, 0, 8192)),
        |s| spell_as(s.mark_pad),
    ),
    row(
        "mark-x",
        &["markx", "mx"],
        OFFSET,
        Tier::B,
        ("", "Pixels from the left, instead of mark-align and mark-pad."),
        |s, v| put(&mut s.mark_x, signed(v, 8192)),
        |s| spell_as(s.mark_x),
    ),
    row(
        "mark-y",
        &["marky", "my"],
        OFFSET,
        Tier::B,
        ("", "Pixels from the top, instead of mark-align and mark-pad."),
        |s, v| put(&mut s.mark_y, signed(v, 8192)),
        |s| spell_as(s.mark_y),
    ),
    row(
        "mark-w",
        &["markw", "mw"],
        MARK_LENGTH,
        Tier::A,
        ("the watermark's", "Width that the watermark is scaled to, ratio kept."),
        |s, v| put(&mut s.mark_w, length(v)),
        |s| s.mark_w.map(spell_length),
    ),
    row(
        "mark-h",
        &["markh", "mh"],
        MARK_LENGTH,
        Tier::A,
        ("the watermark's", "Height that the watermark is scaled to, ratio kept."),
        |s, v| put(&mut s.mark_h, length(v)),
        |s| s.mark_h.map(spell_length),
    ),
    row(
        "mark-fit",
        &["markfit", "mf"],
        Kind::Enum(&["clip", "crop", "fill", "max", "scale"]),
        Tier::B,
        ("clip", "How the watermark meets mark-w and mark-h."),
        |s, v| put(&mut s.mark_fit, word(said::MARK_FIT, said::MARK_FIT_LATER, v)),
        |s| spell(said::MARK_FIT, s.mark_fit),
    ),
    row(
        "mark-alpha",
        &["markalpha", "malph"],
        Kind::Number(0.0, 100.0),
        Tier::A,
        ("100", "Opacity of the watermark in percent."),
        |s, v| put(&mut s.mark_alpha, fixed(v, 0.0, 100.0)),
        |s| spell_as(s.mark_alpha),
    ),
    row(
        "fm",
        &[],
        Kind::Enum(&[
            "jpg",
            "pjpg",
            "png",
            "png8",
            "png32",
            "gif",
            "webp",
            "avif",
            "jp2",
            "jxr",
            "json",
            "blurhash",
            "mp4",
            "webm",
            "spritesheet",
        ]),
        Tier::A,
        ("the source's", "Output format; under auto=format, the one for clients that take nothing better."),
        |s, v| put(&mut s.fm, word(said::FM, said::FM_LATER, v)),
        |s| spell(said::FM, s.fm),
    ),
    row(
        "q",
        &[],
        Kind::Int(0, 100),
        Tier::A,
        ("75, under auto=compress 45", "Quality of JPEG, WebP and AVIF."),
        |s, v| put(&mut s.q, whole(v, 0, 100).map(|(q, clamped)| (q as u8, clamped))),
        |s| spell_as(s.q),
    ),
    row(
        "auto",
        &[],
        Kind::List(&["format", "compress", "enhance", "redeye", "true"]),
        Tier::A,
        ("", "Negotiates the format, lowers the default quality; repeats add up."),
        read_auto,
        spell_auto,
    ),
    row(
        "lossless",
        &[],
        Kind::Flag,
        Tier::B,
        ("false", "Lossless WebP."),
        |s, v| put(&mut s.lossless, word(said::FLAG, &[], v)),
        |s| spell(said::FLAG, s.lossless),
    ),
    row(
        "jpg-progressive",
        &["jpeg-progressive"],
        Kind::Flag,
        Tier::B,
        ("true", "Progressive JPEG."),
        |s, v| put(&mut s.jpg_progressive, word(said::FLAG, &[], v)),
        |s| spell(said::FLAG, s.jpg_progressive),
    ),
    row(
        "dl",
        &[],
        Kind::Text,
        Tier::B,
        ("", "Download under this file name; empty for the source's own."),
        |s, v| {
            s.dl = Some(v.to_owned());
            Ok(())
        },
        |s| s.dl.clone(),
    ),
];

fn read_fit(said: &mut Said, value: &str) -> Result<(), WarningKind> {
    let words = list(value, said::FIT, &["facearea"])?;
    said.notes.extend(words.notes);
    said.fit = words.read.first().copied();
    Ok(())
}

fn read_crop(said: &mut Said, value: &str) -> Result<(), WarningKind> {
    let words = list(value, said::CROP, said::CROP_LATER)?;
    said.notes.extend(words.notes);
    said.crop = words.read;
    Ok(())
}

fn read_align(said: &mut Said, value: &str) -> Result<(), WarningKind> {
    let words = list(value, said::ALIGN, &[])?;
    said.notes.extend(words.notes);
    said.mark_align = words.read;
    Ok(())
}

/// Zero and less stand for 1, as if nothing had been said, but are reported.
fn read_dpr(said: &mut Said, value: &str) -> Result<(), WarningKind> {
    let (dpr, clamped) = fixed(value, 0.0, 5.0)?;
    if dpr == plan::Fixed::ZERO {
        return put(&mut said.dpr, Ok((plan::Fixed::ONE, true)));
    }
    put(&mut said.dpr, Ok((dpr, clamped)))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum AutoWord {
    Format,
    Compress,
    Both,
}

const AUTO: Words<AutoWord> =
    &[("format", AutoWord::Format), ("compress", AutoWord::Compress), ("true", AutoWord::Both)];

fn read_auto(said: &mut Said, value: &str) -> Result<(), WarningKind> {
    let words = list(value, AUTO, &["enhance", "redeye"])?;
    said.notes.extend(words.notes);
    said.auto_format |= words.read.iter().any(|w| *w != AutoWord::Compress);
    said.auto_compress |= words.read.iter().any(|w| *w != AutoWord::Format);
    Ok(())
}

fn spell_auto(said: &Said) -> Option<String> {
    let words: Vec<&str> = [(said.auto_format, "format"), (said.auto_compress, "compress")]
        .into_iter()
        .filter_map(|(on, word)| on.then_some(word))
        .collect();
    (!words.is_empty()).then(|| words.join(","))
}
