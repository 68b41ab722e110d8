//! What a URL says, parameter by parameter, before it means anything.

use plan::{
    Asset, Blend, Color, Dim, Fixed, Horizontal, Ligatures, Mix, Profile, Radius, Shift, Subsampling, TextCut, TextFit,
    Vertical,
};

use crate::hints::Listens;
use crate::request::WarningKind;

/// Which frames; 1 is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameWord {
    One(u32),
    /// From one to another, to the end without that.
    Range(u32, Option<u32>),
}

/// How an animation plays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct AnimationSaid {
    pub(super) plays: Option<u32>,
    pub(super) fps: Option<Fixed>,
    pub(super) interval: Option<u32>,
    pub(super) skip: Option<u32>,
    pub(super) reverse: Option<bool>,
}

/// The literal parameters of one imgix URL. `None` = not said, or said in a way that is ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// 1 is the first.
    pub(super) page: Option<u32>,
    pub(super) frame: Option<FrameWord>,
    pub(super) animation: AnimationSaid,
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
    pub(super) gradient: GradientSaid,
    pub(super) bg: Option<Color>,
    pub(super) transparency: Option<()>,
    pub(super) grid_colors: Option<(Color, Color)>,
    pub(super) grid_size: Option<u32>,
    pub(super) trim: Option<TrimWord>,
    pub(super) trim_color: Option<Color>,
    pub(super) trim_tol: Option<Fixed>,
    /// 0-255.
    pub(super) trim_md: Option<u32>,
    /// 0-255.
    pub(super) trim_sd: Option<u32>,
    pub(super) trim_pad: Option<i32>,
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
    pub(super) effects: Effects,
    pub(super) mask: Option<MaskWord>,
    pub(super) corner_radius: Option<[u32; 4]>,
    pub(super) mask_bg: Option<Color>,
    pub(super) border: BorderSaid,
    pub(super) blend: BlendSaid,
    pub(super) txt: TxtSaid,
    pub(super) mark: MarkSaid,
    pub(super) fm: Option<FmWord>,
    pub(super) q: Option<u8>,
    pub(super) auto_format: bool,
    pub(super) auto_compress: bool,
    pub(super) auto_enhance: bool,
    pub(super) lossless: Option<bool>,
    pub(super) jpg_progressive: Option<bool>,
    pub(super) chromasub: Option<Subsampling>,
    /// 2-256.
    pub(super) colorquant: Option<u32>,
    /// 0-65535.
    pub(super) dpi: Option<u32>,
    pub(super) cs: Option<Profile>,
    pub(super) iptc: Option<bool>,
    /// Only ever true.
    pub(super) svg_sanitize: Option<bool>,
    pub(super) palette: Option<PaletteWord>,
    /// 0-16.
    pub(super) colors: Option<u32>,
    pub(super) prefix: Option<String>,
    pub(super) dl: Option<String>,
    /// `rasterize-bypass`.
    pub(super) bypass: Option<bool>,
    /// Seconds since 1970.
    pub(super) expires: Option<u64>,
    pub(super) preset: Option<String>,
    /// `ch`.
    pub(super) hints: Option<Listens>,
    /// `w` is the client's hint, which has the device pixel ratio in it.
    pub(super) w_is_physical: bool,
    /// Parts of list values that are read past while the rest of the list counts.
    pub(super) notes: Vec<(WarningKind, String)>,
}

/// `fill-gradient-…`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct GradientSaid {
    pub(super) kind: Option<GradientWord>,
    pub(super) mix: Option<Mix>,
    pub(super) linear: Option<(Color, Color)>,
    /// Degrees that it goes to.
    pub(super) direction: Option<u16>,
    pub(super) radial: Option<(Color, Color)>,
    pub(super) radius: Option<(Radius, Radius)>,
    pub(super) x: Option<Fixed>,
    pub(super) y: Option<Fixed>,
}

/// Adjustments and styles, in imgix's numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Effects {
    pub(super) bri: Option<Fixed>,
    pub(super) con: Option<Fixed>,
    pub(super) exp: Option<Fixed>,
    pub(super) gam: Option<Fixed>,
    pub(super) high: Option<Fixed>,
    pub(super) hue: Option<Fixed>,
    pub(super) invert: Option<bool>,
    pub(super) sat: Option<Fixed>,
    pub(super) shad: Option<Fixed>,
    pub(super) sharp: Option<Fixed>,
    pub(super) usm: Option<Fixed>,
    pub(super) usmrad: Option<Fixed>,
    pub(super) vib: Option<Fixed>,
    pub(super) nr: Option<Fixed>,
    pub(super) nrs: Option<Fixed>,
    pub(super) monochrome: Option<Color>,
    pub(super) duotone: Option<(Color, Color)>,
    pub(super) duotone_alpha: Option<Fixed>,
    pub(super) sepia: Option<Fixed>,
    pub(super) htn: Option<u32>,
    pub(super) blur: Option<Fixed>,
    pub(super) px: Option<u32>,
}

/// `border…`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct BorderSaid {
    pub(super) of: Option<(u32, Color)>,
    pub(super) top: Option<u32>,
    pub(super) right: Option<u32>,
    pub(super) bottom: Option<u32>,
    pub(super) left: Option<u32>,
    pub(super) radius: Option<[u32; 4]>,
    pub(super) radius_inner: Option<[u32; 4]>,
    pub(super) stroke_size: Option<u32>,
    pub(super) stroke_color: Option<Color>,
}

/// Where something that is drawn over the picture lies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) align: Vec<AlignWord>,
    pub(super) pad: Option<u32>,
    pub(super) x: Option<Shift>,
    pub(super) y: Option<Shift>,
}

/// `mark…`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MarkSaid {
    pub(super) of: Option<Asset>,
    pub(super) base: Option<Asset>,
    pub(super) place: Place,
    pub(super) w: Option<Dim>,
    pub(super) h: Option<Dim>,
    pub(super) fit: Option<OverlayFit>,
    /// 0-100.
    pub(super) scale: Option<Fixed>,
    /// 0-100.
    pub(super) alpha: Option<Fixed>,
    pub(super) rot: Option<Fixed>,
    pub(super) tile: Option<()>,
    pub(super) if_min_width: Option<u32>,
    pub(super) if_min_height: Option<u32>,
}

/// `blend…`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct BlendSaid {
    pub(super) of: Option<BlendOf>,
    pub(super) color: Option<Color>,
    pub(super) mode: Option<Blend>,
    /// 0-100.
    pub(super) alpha: Option<Fixed>,
    pub(super) size: Option<()>,
    pub(super) w: Option<Dim>,
    pub(super) h: Option<Dim>,
    pub(super) fit: Option<OverlayFit>,
    pub(super) crop: Vec<AlignWord>,
    pub(super) place: Place,
}

/// What is blended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BlendOf {
    Color(Color),
    Picture(Asset),
}

/// `txt…`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TxtSaid {
    pub(super) of: Option<String>,
    pub(super) size: Option<Fixed>,
    pub(super) color: Option<Color>,
    pub(super) font: Option<Font>,
    pub(super) place: Place,
    pub(super) width: Option<Dim>,
    pub(super) height: Option<Dim>,
    pub(super) fit: Option<TextFit>,
    /// Which part is lost, and whether an ellipsis says so.
    pub(super) clip: Option<(TextCut, bool)>,
    pub(super) line: Option<Fixed>,
    pub(super) line_color: Option<Color>,
    pub(super) shad: Option<Fixed>,
    pub(super) ligatures: Option<Ligatures>,
    /// Pixels from line to line; 0 is the default.
    pub(super) lead: Option<Fixed>,
    /// Pixels between letters.
    pub(super) track: Option<Fixed>,
}

/// `txt-font`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Font {
    pub(super) families: Vec<String>,
    pub(super) bold: bool,
    pub(super) italic: bool,
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
    Gradient,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GradientWord {
    Linear,
    Radial,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrimWord {
    Auto,
    Color,
    Alpha,
    ColorUnlessAlpha,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RotWord {
    Straighten,
    Pivot,
}

/// `mask`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MaskWord {
    Ellipse,
    Corners,
    /// Of so many corners, 3-32.
    Polygon(u8),
    Picture(Asset),
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
    Json,
    BlurHash,
    /// The document itself.
    Pdf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PaletteWord {
    Json,
    Css,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AlignWord {
    Column(Horizontal),
    Row(Vertical),
}

/// How a watermark or a blended picture meets its box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OverlayFit {
    Clip,
    Crop,
    Fill,
    Max,
    Scale,
}
