//! The words of imgix's values and what they stand for.

use plan::{Blend, Horizontal, Ligatures, Mix, Profile, Subsampling, TextCut, TextFit, Vertical};

use crate::hints::Listens;

use super::said::{
    AlignWord, CropWord, FillWord, FitWord, FmWord, GradientWord, OverlayFit, PaletteWord, RotWord, TrimWord,
};

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

/// Detectors of `crop` that need a trained model: faces, what is of interest, and the classes of the COCO data set
/// (cocodataset.org), which the vendor's documentation refers to.
#[rustfmt::skip]
pub(super) const CROP_LATER: &[&str] = &[
    "faces", "auto", "vehicle",
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light", "fire hydrant",
    "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra",
    "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
    "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle", "wine glass", "cup", "fork",
    "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut",
    "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote",
    "keyboard", "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors",
    "teddy bear", "hair drier", "toothbrush",
];

pub(super) const FILL: Words<FillWord> =
    &[("solid", FillWord::Solid), ("blur", FillWord::Blur), ("gradient", FillWord::Gradient)];
pub(super) const FILL_LATER: &[&str] = &["gen", "generative"];

pub(super) const GRADIENT: Words<GradientWord> = &[("linear", GradientWord::Linear), ("radial", GradientWord::Radial)];

pub(super) const MIX: Words<Mix> =
    &[("linear", Mix::LinearLight), ("srgb", Mix::Srgb), ("oklab", Mix::Oklab), ("hsl", Mix::Hsl), ("lch", Mix::Lch)];

/// Side pairs, from and to, as the degrees that a gradient goes to: 0 is up, 90 to the right.
pub(super) const DIRECTION: Words<u16> = &[
    ("top,bottom", 180),
    ("bottom,top", 0),
    ("left,right", 90),
    ("right,left", 270),
    // One side: from there to the other.
    ("top", 180),
    ("bottom", 0),
    ("left", 90),
    ("right", 270),
];

pub(super) const TRANSPARENCY: Words<()> = &[("grid", ())];

pub(super) const TRIM: Words<TrimWord> = &[
    ("auto", TrimWord::Auto),
    ("color", TrimWord::Color),
    ("alpha", TrimWord::Alpha),
    ("colorunlessalpha", TrimWord::ColorUnlessAlpha),
    // The vendor's documentation uses both spellings.
    ("colorunlesalpha", TrimWord::ColorUnlessAlpha),
];

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

pub(super) const MARK_FIT: Words<OverlayFit> = &[
    ("clip", OverlayFit::Clip),
    ("crop", OverlayFit::Crop),
    ("fill", OverlayFit::Fill),
    ("max", OverlayFit::Max),
    ("scale", OverlayFit::Scale),
];

pub(super) const TILE: Words<()> = &[("grid", ())];

pub(super) const BLEND_FIT: Words<OverlayFit> =
    &[("clip", OverlayFit::Clip), ("crop", OverlayFit::Crop), ("max", OverlayFit::Max), ("scale", OverlayFit::Scale)];
pub(super) const BLEND_FIT_LATER: &[&str] = &["clamp"];

pub(super) const BLEND_SIZE: Words<()> = &[("inherit", ())];

/// `blend-crop`: the directions alone.
pub(super) const BLEND_CROP: Words<AlignWord> = &[
    ("top", AlignWord::Row(Vertical::Top)),
    ("bottom", AlignWord::Row(Vertical::Bottom)),
    ("left", AlignWord::Column(Horizontal::Left)),
    ("right", AlignWord::Column(Horizontal::Right)),
];

pub(super) const BLEND_MODE: Words<Blend> = &[
    ("normal", Blend::Normal),
    ("darken", Blend::Darken),
    ("multiply", Blend::Multiply),
    ("burn", Blend::ColorBurn),
    ("lighten", Blend::Lighten),
    ("screen", Blend::Screen),
    ("dodge", Blend::ColorDodge),
    ("overlay", Blend::Overlay),
    ("softlight", Blend::SoftLight),
    ("hardlight", Blend::HardLight),
    ("difference", Blend::Difference),
    ("exclusion", Blend::Exclusion),
    ("color", Blend::Color),
    ("hue", Blend::Hue),
    ("saturation", Blend::Saturation),
    ("luminosity", Blend::Luminosity),
];

pub(super) const TXT_FIT: Words<TextFit> =
    &[("max", TextFit::Shrink), ("wrap", TextFit::Wrap), ("wrapmax", TextFit::WrapShrink)];

pub(super) const TXT_CUT: Words<TextCut> =
    &[("start", TextCut::Start), ("middle", TextCut::Middle), ("end", TextCut::End)];

pub(super) const LIGATURES: Words<Ligatures> =
    &[("0", Ligatures::Required), ("1", Ligatures::Common), ("2", Ligatures::All)];

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
    ("json", FmWord::Json),
    ("blurhash", FmWord::BlurHash),
    ("pdf", FmWord::Pdf),
];
pub(super) const FM_LATER: &[&str] = &["jp2", "jxr", "mp4", "webm", "spritesheet"];

pub(super) const PALETTE: Words<PaletteWord> = &[("json", PaletteWord::Json), ("css", PaletteWord::Css)];

pub(super) const CHROMA: Words<Subsampling> =
    &[("420", Subsampling::S420), ("422", Subsampling::S422), ("444", Subsampling::S444)];

pub(super) const CS: Words<Profile> = &[
    ("srgb", Profile::Tagged),
    ("tinysrgb", Profile::Tagged),
    ("adobergb1998", Profile::AdobeRgb),
    ("strip", Profile::Srgb),
    ("origin", Profile::Keep),
];

pub(super) const IPTC: Words<bool> = &[("allow", true), ("block", false)];

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

/// `ch`, in lower case.
pub(super) const HINTS: Words<Listens> = &[
    ("width", Listens { width: true, dpr: false, save_data: false }),
    ("dpr", Listens { width: false, dpr: true, save_data: false }),
    ("save-data", Listens { width: false, dpr: false, save_data: true }),
];

pub(super) const FLAG: Words<bool> = &[("true", true), ("false", false), ("1", true), ("0", false)];
