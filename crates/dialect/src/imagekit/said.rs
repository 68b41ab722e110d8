//! The draft of one step: its parameters as said, before they mean anything together.

use plan::{Asset, Color, Dim, Fixed, Format, Horizontal, Vertical};

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
    /// `rt`.
    pub(super) rotation: Option<Rotation>,
    /// `fl`.
    pub(super) flip: Option<Flip>,
    /// `l-image`, in the order in which they are drawn.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fill {
    Color(Color),
    /// `blurred`, with its intensity and brightness as said (not obeyed yet), empty without.
    Blurred(String),
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

/// What an image layer says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Layer {
    /// `i`.
    pub(super) plain: Option<Asset>,
    /// `ie`, which overrides `i`.
    pub(super) encoded: Option<Asset>,
    /// `lx`.
    pub(super) x: Option<Edge>,
    /// `ly`.
    pub(super) y: Option<Edge>,
    /// `lfo`.
    pub(super) focus: Option<(Horizontal, Vertical)>,
    /// `o`, in percent.
    pub(super) opacity: Option<u8>,
    /// What is done to the picture before it is drawn.
    pub(super) steps: Vec<Said>,
}

/// A distance in pixels from the left or top edge, or (`N35`) from the right or bottom one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) far: bool,
    pub(super) by: u16,
}
