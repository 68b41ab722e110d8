//! What a URL says, parameter by parameter, before it means anything.

use plan::{Asset, Color, Dim, Fixed, Horizontal, Vertical};

use crate::request::WarningKind;

/// The literal parameters of one imgix URL. `None` = not said, or said in a way that is ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) w: Option<Dim>,
    pub(super) h: Option<Dim>,
    pub(super) fit: Option<FitWord>,
    pub(super) crop: Vec<CropWord>,
    /// Width and height of the ratio.
    pub(super) ar: Option<(Fixed, Fixed)>,
    pub(super) dpr: Option<Fixed>,
    pub(super) rect: Option<Rect>,
    pub(super) fp_x: Option<Fixed>,
    pub(super) fp_y: Option<Fixed>,
    pub(super) fp_z: Option<Fixed>,
    pub(super) min_w: Option<u32>,
    pub(super) min_h: Option<u32>,
    pub(super) max_w: Option<u32>,
    pub(super) max_h: Option<u32>,
    pub(super) fill: Option<FillWord>,
    pub(super) fill_color: Option<Color>,
    pub(super) bg: Option<Color>,
    pub(super) trim: Option<TrimWord>,
    pub(super) trim_color: Option<Color>,
    pub(super) trim_tol: Option<Fixed>,
    pub(super) trim_pad: Option<u32>,
    pub(super) trim_alpha: Option<u32>,
    /// 0-8, as EXIF.
    pub(super) orient: Option<u8>,
    /// Horizontal, vertical.
    pub(super) flip: Option<(bool, bool)>,
    pub(super) rot: Option<Fixed>,
    pub(super) rot_type: Option<RotWord>,
    pub(super) pad: Option<u32>,
    pub(super) pad_top: Option<u32>,
    pub(super) pad_right: Option<u32>,
    pub(super) pad_bottom: Option<u32>,
    pub(super) pad_left: Option<u32>,
    pub(super) mark: Option<Asset>,
    pub(super) mark_align: Vec<AlignWord>,
    pub(super) mark_pad: Option<u32>,
    pub(super) mark_x: Option<i32>,
    pub(super) mark_y: Option<i32>,
    pub(super) mark_w: Option<Dim>,
    pub(super) mark_h: Option<Dim>,
    pub(super) mark_fit: Option<MarkFitWord>,
    /// 0-100.
    pub(super) mark_alpha: Option<Fixed>,
    pub(super) fm: Option<FmWord>,
    pub(super) q: Option<u8>,
    pub(super) auto_format: bool,
    pub(super) auto_compress: bool,
    pub(super) lossless: Option<bool>,
    pub(super) jpg_progressive: Option<bool>,
    pub(super) dl: Option<String>,
    /// Parts of list values that are read past while the rest of the list counts.
    pub(super) notes: Vec<(WarningKind, String)>,
}

/// `rect`: edges that are not lengths are alignments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x: Option<Dim>,
    pub(super) y: Option<Dim>,
    pub(super) width: Option<Dim>,
    pub(super) height: Option<Dim>,
    pub(super) align: (Horizontal, Vertical),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FitWord {
    Clip,
    Max,
    Crop,
    Min,
    Scale,
    Fill,
    FillMax,
    Clamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CropWord {
    Top,
    Bottom,
    Left,
    Right,
    Center,
    Edges,
    Entropy,
    FocalPoint,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FillWord {
    Solid,
    Blur,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrimWord {
    Auto,
    Color,
    Alpha,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RotWord {
    Straighten,
    Pivot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FmWord {
    Jpg,
    ProgressiveJpg,
    Png,
    Png8,
    Gif,
    Webp,
    Avif,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AlignWord {
    Column(Horizontal),
    Row(Vertical),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkFitWord {
    Clip,
}

/// Words and what they stand for; the first word of a value is the one that is written.
pub(super) type Words<T> = &'static [(&'static str, T)];

pub(super) const FIT: Words<FitWord> = &[
    ("clip", FitWord::Clip),
    ("crop", FitWord::Crop),
    ("clamp", FitWord::Clamp),
    ("fill", FitWord::Fill),
    ("fillmax", FitWord::FillMax),
    ("max", FitWord::Max),
    ("min", FitWord::Min),
    ("scale", FitWord::Scale),
];

pub(super) const CROP: Words<CropWord> = &[
    ("top", CropWord::Top),
    ("bottom", CropWord::Bottom),
    ("left", CropWord::Left),
    ("right", CropWord::Right),
    ("center", CropWord::Center),
    ("edges", CropWord::Edges),
    ("entropy", CropWord::Entropy),
    ("focalpoint", CropWord::FocalPoint),
];

/// Detectors of `crop` that need a trained model.
pub(super) const CROP_LATER: &[&str] = &["faces", "auto", "person", "car", "vehicle"];

pub(super) const FILL: Words<FillWord> = &[("solid", FillWord::Solid), ("blur", FillWord::Blur)];
pub(super) const FILL_LATER: &[&str] = &["gradient", "gen", "generative"];

pub(super) const TRIM: Words<TrimWord> =
    &[("auto", TrimWord::Auto), ("color", TrimWord::Color), ("alpha", TrimWord::Alpha)];
/// Both spellings that the vendor's documentation uses.
pub(super) const TRIM_LATER: &[&str] = &["colorunlessalpha", "colorunlesalpha"];

pub(super) const ROT_TYPE: Words<RotWord> = &[("straighten", RotWord::Straighten), ("pivot", RotWord::Pivot)];

pub(super) const FLIP: Words<(bool, bool)> =
    &[("h", (true, false)), ("v", (false, true)), ("hv", (true, true)), ("vh", (true, true))];

pub(super) const ALIGN: Words<AlignWord> = &[
    ("top", AlignWord::Row(Vertical::Top)),
    ("middle", AlignWord::Row(Vertical::Center)),
    ("bottom", AlignWord::Row(Vertical::Bottom)),
    ("left", AlignWord::Column(Horizontal::Left)),
    ("center", AlignWord::Column(Horizontal::Center)),
    ("right", AlignWord::Column(Horizontal::Right)),
];

pub(super) const MARK_FIT: Words<MarkFitWord> = &[("clip", MarkFitWord::Clip)];
pub(super) const MARK_FIT_LATER: &[&str] = &["crop", "fill", "max", "scale"];

pub(super) const FM: Words<FmWord> = &[
    ("jpg", FmWord::Jpg),
    ("jpeg", FmWord::Jpg),
    ("pjpg", FmWord::ProgressiveJpg),
    ("png", FmWord::Png),
    ("png32", FmWord::Png),
    ("png8", FmWord::Png8),
    ("gif", FmWord::Gif),
    ("webp", FmWord::Webp),
    ("avif", FmWord::Avif),
];
pub(super) const FM_LATER: &[&str] = &["jp2", "jxr", "json", "blurhash", "mp4", "webm", "spritesheet", "pdf"];

/// `orient`: degrees stand for EXIF values.
pub(super) const ORIENT: Words<u8> = &[
    ("0", 0),
    ("1", 1),
    ("2", 2),
    ("3", 3),
    ("4", 4),
    ("5", 5),
    ("6", 6),
    ("7", 7),
    ("8", 8),
    ("90", 6),
    ("180", 3),
    ("270", 8),
];

pub(super) const FLAG: Words<bool> = &[("true", true), ("false", false), ("1", true), ("0", false)];
