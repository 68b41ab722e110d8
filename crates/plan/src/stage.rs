use crate::{
    Adjust, Background, Border, Choose, Color, Filter, Fixed, Frames, Gradient, Mask, Measured, Overlay, Shadow, Text,
};

/// One step of a plan. Sizes are pixels of the step's input unless said otherwise; "input" is the output of the step before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Take one page of a document, or one frame of an animation; 0 is the first. Only as a plan's first stage.
    Page(u32),
    /// Choose frames of an animation, and say how they play. Only as a plan's first stage.
    Frames(Frames),
    /// Set a text as a picture of its own, in the place of the picture. Only as a plan's first stage, and then no master is
    /// needed: see [`crate::Plan::needs_master`].
    Typeset(Box<Text>),
    /// Turn upright. A plan without this stage leaves the stored orientation as it is.
    Orient(Orient),
    /// Cut a rectangle out.
    Extract(Region),
    /// Cut a uniform border off.
    Trim(Trim),
    /// Scale, crop and pad to a size.
    Resize(Resize),
    /// Mirror.
    Flip {
        /// Left and right change places.
        horizontal: bool,
        /// Top and bottom change places.
        vertical: bool,
    },
    /// Turn clockwise by any angle; the canvas grows to hold the whole picture, the corners take the background.
    Rotate {
        /// Clockwise degrees, `0 < degrees < 360` once canonical.
        degrees: Fixed,
        /// What fills the corners.
        background: Background,
    },
    /// Turn clockwise inside the frame: zoomed so that no corner shows (`straighten`), size unchanged.
    Straighten {
        /// Clockwise degrees, `0 < degrees < 360` once canonical.
        degrees: Fixed,
    },
    /// Add bars around the picture; the canvas grows.
    Pad(Pad),
    /// Put the picture on an opaque or half-opaque ground.
    Flatten(Background),
    /// Change colours.
    Adjust(Adjust),
    /// Blur, sharpen and the like.
    Filter(Filter),
    /// Keep what lies within a shape.
    Mask(Mask),
    /// Draw a frame.
    Border(Border),
    /// Draw a gradient over the picture.
    Gradient(Gradient),
    /// Draw a shadow under what is opaque.
    Shadow(Shadow),
    /// Draw another picture over it: a watermark or a layer. The canvas keeps its size.
    Overlay(Box<Overlay>),
    /// Nothing is done; from here on, `cw`, `ch` and `car` of an [`crate::Expr`] speak of the picture as it is here.
    Mark,
    /// A stage of which some lengths hang on sizes that only the master tells.
    Measured(Measured),
    /// One of two lists of stages, by such sizes.
    Choose(Box<Choose>),
}

/// How a picture is turned upright, named as in EXIF tag 274 (1-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Orient {
    /// As the master's EXIF says; upright without it.
    Exif,
    /// As this EXIF value (2-8) says, whatever the master's own is. 1 means "leave the stored pixels as they are" and is
    /// dropped when a plan is made canonical.
    Fixed(u8),
}

/// A length on one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dim {
    /// Pixels, at least 1 (device pixel ratio already multiplied in).
    Px(u32),
    /// A share of the input's length on this axis, above 0.
    Ratio(Fixed),
}

/// Width over height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aspect {
    /// Exactly this ratio.
    Exact(Fixed),
    /// A picture whose ratio is inside is left alone, another takes the nearer bound.
    Between(Fixed, Fixed),
}

/// The rectangle that [`Stage::Extract`] cuts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Region {
    /// By its corners, each relative to the input; the part outside the input is ignored, and so is an empty rectangle.
    Rect {
        /// Left edge; `None` = see `align`.
        x: Option<Dim>,
        /// Top edge; `None` = see `align`.
        y: Option<Dim>,
        /// Width; `None` = up to the right edge.
        width: Option<Dim>,
        /// Height; `None` = up to the bottom edge.
        height: Option<Dim>,
        /// Where the rectangle sits on an axis without an edge.
        align: (Horizontal, Vertical),
    },
    /// From one corner (inclusive) to the other (exclusive), in input pixels; a missing one is the input's own corner.
    Corners {
        /// Left and top.
        top_left: Option<(u32, u32)>,
        /// Right and bottom.
        bottom_right: Option<(u32, u32)>,
    },
    /// A window of a size, with no scaling, placed by gravity. With `pad`, a side that the input cannot fill is padded
    /// with this background; without it, the window shrinks to the input. `cut` false never cuts (pads only).
    Window {
        /// Width; `None` = the input's.
        width: Option<Dim>,
        /// Height; `None` = the input's.
        height: Option<Dim>,
        /// Where the window lies.
        gravity: Gravity,
        /// What fills the missing part.
        pad: Option<Background>,
        /// Whether a side that is longer than the window is cut.
        cut: bool,
    },
    /// The largest rectangle of a ratio, with no scaling, placed by gravity.
    Aspect {
        /// The ratio.
        aspect: Aspect,
        /// Where it lies.
        gravity: Gravity,
    },
}

/// How a uniform border is found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Trim {
    /// What counts as border.
    pub mode: TrimMode,
    /// Largest distance to the border colour that still counts as border, in percent of the full range of a channel.
    pub tolerance: Fixed,
    /// Pixels of border to leave on each side; where it is negative, so much of the picture goes too.
    pub keep: i32,
}

/// What [`Trim`] takes for border.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrimMode {
    /// Pixels like the top-left one.
    Corner,
    /// Pixels of this colour.
    Color(Color),
    /// Transparent pixels.
    Alpha,
    /// [`TrimMode::Alpha`] where a pixel of the picture is transparent, else [`TrimMode::Corner`], or
    /// [`TrimMode::Color`] where a colour is named.
    AlphaOr(Option<Color>),
    /// Rows and columns whose mean is like that of the edge, and which are as even as it: by how much the mean and the
    /// standard deviation of a row may differ, 0 to 255 each.
    Even {
        /// Of the mean.
        mean: u8,
        /// Of the standard deviation.
        deviation: u8,
    },
}

/// Scale, crop and pad. With one dimension (and no `aspect`) every fit scales proportionally.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resize {
    /// Target width.
    pub width: Option<Dim>,
    /// Target height.
    pub height: Option<Dim>,
    /// Gives the missing dimension, when it could not be worked out from the URL alone.
    pub aspect: Option<Aspect>,
    /// What happens when the ratios of input and target differ.
    pub fit: Fit,
    /// What happens when the input is smaller than the target.
    pub enlarge: Enlarge,
    /// Where a crop is taken, or where the picture sits on a padded canvas.
    pub gravity: Gravity,
    /// Zoom of a crop around its focal point: the window is divided by it. At least 1.
    pub zoom: Fixed,
    /// What fills a padded canvas.
    pub background: Background,
    /// Floors and caps that apply once both dimensions are known.
    pub limits: Limits,
}

impl Resize {
    /// A proportional resize that may enlarge: every other field at its neutral value.
    pub fn new(width: Option<Dim>, height: Option<Dim>, fit: Fit) -> Self {
        Resize {
            width,
            height,
            aspect: None,
            fit,
            enlarge: Enlarge::Yes,
            gravity: Gravity::CENTER,
            zoom: Fixed::ONE,
            background: Background::Auto,
            limits: Limits::default(),
        }
    }
}

/// What a resize does when input and target differ in ratio. `S` is the input, `T` the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fit {
    /// Scale by `min(Tw/Sw, Th/Sh)`: the result lies within the target, one side may be shorter.
    Inside,
    /// Scale by `max(Tw/Sw, Th/Sh)`, cut nothing: the result covers the target.
    Outside,
    /// Scale by `max(..)`, then cut to exactly the target.
    Cover,
    /// Scale by `min(..)`, then pad to exactly the target.
    Contain,
    /// [`Fit::Cover`] where the input is at least as large as the target on both sides, else [`Fit::Contain`].
    CoverOrContain,
    /// Scale each axis on its own to exactly the target.
    Stretch,
}

/// What a resize does when the input is smaller than the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Enlarge {
    /// It is enlarged.
    Yes,
    /// Never: [`Fit::Inside`] and [`Fit::Outside`] scale by at most 1; [`Fit::Cover`] shrinks the target, keeping its
    /// ratio, until it fits into the input; [`Fit::Contain`] scales by at most 1 and pads the rest of the target;
    /// [`Fit::Stretch`] keeps the input's size if either side would grow.
    No,
    /// Never: as [`Enlarge::No`], but [`Fit::Cover`] cuts each side of the target to the input's, on its own.
    NoClamp,
}

/// Floors and caps of a target size in pixels, applied in the order: cap, floor; both keep nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Limits {
    /// Least width.
    pub min_width: Option<u32>,
    /// Least height.
    pub min_height: Option<u32>,
    /// Greatest width.
    pub max_width: Option<u32>,
    /// Greatest height.
    pub max_height: Option<u32>,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Horizontal {
    Left,
    Center,
    Right,
}

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Vertical {
    Top,
    Center,
    Bottom,
}

/// Where a window lies in a larger picture, or a picture on a larger canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gravity {
    /// At an edge, a corner or the centre.
    Anchor(Horizontal, Vertical),
    /// Centred as near as possible to this point, in shares (0-1) of the input.
    Point(Fixed, Fixed),
    /// Centred as near as possible to this point, in pixels of the upright master.
    MasterPixel(u32, u32),
    /// With its top-left corner at this pixel of the step's input; a missing axis is centred.
    TopLeft(Option<u32>, Option<u32>),
    /// Centred at this pixel of the step's input; a missing axis is centred.
    Centered(Option<u32>, Option<u32>),
    /// Where most edges, colours unlike the rest, and skin tones are.
    Attention,
    /// Where the Shannon entropy of the luminance is highest.
    Entropy,
    /// Where the gradient energy is highest.
    Edges,
}

impl Gravity {
    /// The middle.
    pub const CENTER: Gravity = Gravity::Anchor(Horizontal::Center, Vertical::Center);
}

/// Bars in pixels around a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pad {
    /// Above.
    pub top: u32,
    /// To the right.
    pub right: u32,
    /// Below.
    pub bottom: u32,
    /// To the left.
    pub left: u32,
    /// What they are made of.
    pub background: Background,
}
