//! The draft of one step: its parameters as said, before they mean anything together.

use plan::{Asset, Color, Dim, Fixed, Format, Horizontal, TextAlign, Vertical};

use super::condition::Choice;
use super::expression::Lengths;

/// What one step says. `None` where it says nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Said {
    /// `w`, before the device pixel ratio.
    pub(super) width: Option<Dim>,
    /// `h`, before the device pixel ratio.
    pub(super) height: Option<Dim>,
    /// `ar`.
    pub(super) aspect: Option<Ratio>,
    /// `dpr`, 0.1-5.
    pub(super) dpr: Option<f64>,
    /// `w-auto`: the width is the client's hint, which has the device pixel ratio in it.
    pub(super) auto_width: bool,
    /// `dpr-auto`: the device pixel ratio is the client's hint.
    pub(super) auto_dpr: bool,
    /// `c`.
    pub(super) crop: Option<Mode>,
    /// `cm`, which overrides `c`.
    pub(super) crop_mode: Option<Mode>,
    /// `fo`.
    pub(super) focus: Option<Focus>,
    /// `x`.
    pub(super) left: Option<u32>,
    /// `y`.
    pub(super) top: Option<u32>,
    /// `xc`.
    pub(super) center_x: Option<u32>,
    /// `yc`.
    pub(super) center_y: Option<u32>,
    /// `bg`.
    pub(super) background: Option<Fill>,
    /// `bg` is a colour's name, not its digits.
    pub(super) named_background: bool,
    /// `rt`.
    pub(super) rotation: Option<Rotation>,
    /// `fl`.
    pub(super) flip: Option<Flip>,
    /// `l-image` and `l-text`, in the order in which they are drawn.
    pub(super) layers: Vec<Layer>,
    /// `t`: tolerance in percent; `Some(None)` is `t-false`.
    pub(super) trim: Option<Option<u32>>,
    /// `q`.
    pub(super) quality: Option<u8>,
    /// `f`.
    pub(super) format: Option<FormatSaid>,
    /// `lo`.
    pub(super) lossless: Option<bool>,
    /// `pr`.
    pub(super) progressive: Option<bool>,
    /// `orig`.
    pub(super) original: Option<bool>,
    /// `r`.
    pub(super) radius: Option<Rounding>,
    /// `b`: width in pixels, colour.
    pub(super) border: Option<(u32, Color)>,
    /// `o`, in percent.
    pub(super) opacity: Option<u8>,
    /// `bl`: twice the standard deviation.
    pub(super) blur: Option<u8>,
    /// `e-grayscale`.
    pub(super) grayscale: bool,
    /// `e-contrast`.
    pub(super) stretch: bool,
    /// `e-sharpen`, 1-99.
    pub(super) sharpen: Option<u8>,
    /// `e-usm`.
    pub(super) unsharp: Option<Usm>,
    /// `e-shadow`.
    pub(super) shadow: Option<ShadowSaid>,
    /// `e-gradient`.
    pub(super) gradient: Option<GradientSaid>,
    /// `e-colorize`: the alpha says how much.
    pub(super) colorize: Option<Color>,
    /// `cr`.
    pub(super) recolor: Option<Recolor>,
    /// `md`.
    pub(super) metadata: Option<bool>,
    /// `cp`.
    pub(super) profile: Option<bool>,
    /// `dn`.
    pub(super) density: Option<u16>,
    /// `pg`, from 1.
    pub(super) page: Option<u32>,
    /// `di`.
    pub(super) fallback: Option<Asset>,
    /// What is said as arithmetic: of `w`, `h`, `ar`, `x`, `y`, `xc`, `yc`, `dpr`, `b` and, under `e-gradient`, its `sp`.
    pub(super) lengths: Lengths,
    /// `if`, beside which nothing stands.
    pub(super) choice: Option<Box<Choice>>,
}

/// `r`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    /// `max`.
    Ellipse,
    /// Pixels: top left, top right, bottom right, bottom left.
    Corners([u32; 4]),
}

/// `e-usm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usm {
    pub(super) radius: Fixed,
    pub(super) sigma: Fixed,
    pub(super) amount: Fixed,
    pub(super) threshold: Fixed,
}

/// `e-shadow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShadowSaid {
    /// Twice the standard deviation.
    pub(super) blur: Fixed,
    /// In percent.
    pub(super) strength: u8,
    /// In percent of the width.
    pub(super) x: Fixed,
    /// In percent of the height.
    pub(super) y: Fixed,
}

/// `e-gradient`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GradientSaid {
    /// Clockwise, 0 to the top.
    pub(super) degrees: Fixed,
    pub(super) from: Color,
    pub(super) to: Color,
    pub(super) stop: Stop,
}

/// `sp`: where the second colour is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// A share of the way.
    Share(Fixed),
    /// Pixels of the way.
    Px(u32),
}

/// `cr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Recolor {
    pub(super) to: Color,
    /// In percent.
    pub(super) tolerance: u8,
    pub(super) from: Option<Color>,
}

/// Width to height, both above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ratio {
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Ratio {
    pub(super) fn get(self) -> f64 {
        self.width / self.height
    }
}

/// A crop mode, accepted under `c` and `cm` alike: both spellings circulate for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    MaintainRatio,
    Force,
    AtMax,
    AtMaxEnlarge,
    AtLeast,
    MaintainRatioNoEnlarge,
    PadResize,
    PadResizeNoEnlarge,
    Extract,
    PadExtract,
    PadExtractNoShrink,
}

impl Mode {
    /// Every mode under its documented name.
    pub(super) const ALL: [(&'static str, Mode); 11] = [
        ("maintain_ratio", Mode::MaintainRatio),
        ("force", Mode::Force),
        ("at_max", Mode::AtMax),
        ("at_max_enlarge", Mode::AtMaxEnlarge),
        ("at_least", Mode::AtLeast),
        ("maintain_ratio_no_enlarge", Mode::MaintainRatioNoEnlarge),
        ("pad_resize", Mode::PadResize),
        ("pad_resize_no_enlarge", Mode::PadResizeNoEnlarge),
        ("extract", Mode::Extract),
        ("pad_extract", Mode::PadExtract),
        ("pad_extract_no_shrink", Mode::PadExtractNoShrink),
    ];

    /// Whether the vendor documents it under `cm` rather than `c`.
    pub(super) fn is_crop_mode(self) -> bool {
        self.pads() || self == Mode::Extract
    }

    /// Cuts without scaling.
    pub(super) fn extracts(self) -> bool {
        matches!(self, Mode::Extract | Mode::PadExtract | Mode::PadExtractNoShrink)
    }

    /// Fills the rest of the canvas with the background.
    pub(super) fn pads(self) -> bool {
        matches!(self, Mode::PadResize | Mode::PadResizeNoEnlarge | Mode::PadExtract | Mode::PadExtractNoShrink)
    }

    /// May enlarge the picture.
    pub(super) fn enlarges(self) -> bool {
        !matches!(self, Mode::AtMax | Mode::MaintainRatioNoEnlarge | Mode::PadResizeNoEnlarge)
    }
}

/// Where to crop, or where the picture sits on a padded canvas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Focus {
    At(Horizontal, Vertical),
    Auto,
    /// A face, one of a list of objects, or `auto-custom_override`: kept as said.
    Detected(String),
    /// The stored focus rectangle of the asset.
    Custom,
}

impl Focus {
    /// The nine anchors.
    pub(super) const ANCHORS: [(&'static str, Horizontal, Vertical); 9] = [
        ("center", Horizontal::Center, Vertical::Center),
        ("top", Horizontal::Center, Vertical::Top),
        ("left", Horizontal::Left, Vertical::Center),
        ("bottom", Horizontal::Center, Vertical::Bottom),
        ("right", Horizontal::Right, Vertical::Center),
        ("top_left", Horizontal::Left, Vertical::Top),
        ("top_right", Horizontal::Right, Vertical::Top),
        ("bottom_left", Horizontal::Left, Vertical::Bottom),
        ("bottom_right", Horizontal::Right, Vertical::Bottom),
    ];
}

/// What fills padding and transparent parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    Color(Color),
    /// The most frequent colour along the edges.
    Dominant,
    /// Between so many frequent colours, 2 or 4.
    Gradient(u8),
    /// The picture itself, blurred.
    Blurred {
        /// Twice the standard deviation, 1-100; `None` for `auto`.
        intensity: Option<u8>,
        /// Added to each channel, -255 to 255.
        brightness: i16,
    },
}

/// How far to turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rotation {
    /// As EXIF says, which happens anyway.
    Auto,
    /// Clockwise degrees.
    By(Fixed),
}

/// Which way to mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flip {
    pub(super) horizontal: bool,
    pub(super) vertical: bool,
}

/// The format as said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FormatSaid {
    Auto,
    Original,
    As(Format),
}

/// What a layer says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Layer {
    /// What only `l-text` says; `None` in `l-image`.
    pub(super) text: Option<TextSaid>,
    /// `i`.
    pub(super) plain: Option<Content>,
    /// `ie`, which overrides `i`.
    pub(super) encoded: Option<Content>,
    /// `lx`.
    pub(super) x: Option<Edge>,
    /// `ly`.
    pub(super) y: Option<Edge>,
    /// `lxc`, which overrides `lx`.
    pub(super) center_x: Option<Edge>,
    /// `lyc`, which overrides `ly`.
    pub(super) center_y: Option<Edge>,
    /// `lap`.
    pub(super) origin: Option<(Horizontal, Vertical)>,
    /// `lfo`.
    pub(super) focus: Option<(Horizontal, Vertical)>,
    /// `lm`.
    pub(super) mode: Option<LayerMode>,
    /// `o`, in percent.
    pub(super) opacity: Option<u8>,
    /// `al`, in tenths.
    pub(super) alpha: Option<u8>,
    /// What is said as arithmetic: of `lx`, `ly`, `lxc`, `lyc`, and of a text `fs`, `lh` and `pa`. Negative from a far edge.
    pub(super) lengths: Lengths,
    /// What is done to the picture before it is drawn.
    pub(super) steps: Vec<Said>,
}

/// What a layer draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Asset(Asset),
    /// `ik_canvas`: one colour.
    Canvas,
    Text(String),
}

/// What a text layer says of its letters.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct TextSaid {
    /// `fs`, in pixels.
    pub(super) size: Option<Fixed>,
    /// `ff`.
    pub(super) family: Option<String>,
    /// `co`.
    pub(super) color: Option<Color>,
    /// `tg`: bold, italic, strikethrough.
    pub(super) style: Option<(bool, bool, bool)>,
    /// `ia`.
    pub(super) align: Option<TextAlign>,
    /// `pa`: above, right, below, left.
    pub(super) padding: Option<[u32; 4]>,
    /// `lh`, in pixels.
    pub(super) line_height: Option<u32>,
}

impl TextSaid {
    /// Forgets the numbers that stand in for something else.
    pub(super) fn forget(&mut self, is: impl Fn(&str) -> bool) {
        self.size = self.size.filter(|_| !is("fs"));
        self.line_height = self.line_height.filter(|_| !is("lh"));
        self.padding = self.padding.filter(|_| !is("pa"));
    }
}

/// `lm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LayerMode {
    Multiply,
    Cutter,
    Cutout,
    Displace,
}

/// A distance in pixels from the left or top edge, or (`N35`) from the right or bottom one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) far: bool,
    pub(super) by: u16,
}
