use std::fmt;

use crate::{Color, Fixed, Radius};

/// What fills an empty part of the canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Background {
    /// Transparent where the output holds alpha, else white.
    Auto,
    /// This colour.
    Color(Color),
    /// The picture itself, scaled to cover the canvas and blurred.
    Blur(BlurFill),
    /// The picture's edge pixels, repeated.
    Edge,
    /// The picture, mirrored at its edges.
    Mirror,
    /// The colour that most pixels of the picture are near to.
    Dominant,
    /// The colour that most pixels along the picture's edges are near to.
    DominantEdge,
    /// From one dominant colour to another: 2 = top to bottom, 4 = between the four corners.
    DominantGradient(u8),
    /// A gradient over the whole canvas.
    Gradient(Gradient),
    /// A chequerboard.
    Grid {
        /// The top-left square's colour.
        first: Color,
        /// The other one.
        second: Color,
        /// Side of a square in pixels, at least 1.
        size: u32,
    },
}

/// How [`Background::Blur`] looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlurFill {
    /// Standard deviation of the blur in pixels of the canvas; `None`: as large as hides what is seen.
    pub sigma: Option<Fixed>,
    /// Added to each channel, -1 to 1.
    pub brightness: Fixed,
    /// How much of it is seen over `under`, 0 to 1.
    pub opacity: Fixed,
    /// What lies under it where it is not opaque; `None`: as [`Background::Auto`].
    pub under: Option<Color>,
    /// A colour laid over it; its alpha says how much of it.
    pub tint: Option<Color>,
}

impl BlurFill {
    /// The picture blurred, otherwise as it is.
    pub const PLAIN: BlurFill =
        BlurFill { sigma: None, brightness: Fixed::ZERO, opacity: Fixed::ONE, under: None, tint: None };
}

/// A run of colour between two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gradient {
    /// Along which way.
    pub shape: GradientShape,
    /// Colour at the start (the centre of a radial one).
    pub from: Color,
    /// Colour at the end.
    pub to: Color,
    /// In which space colours are mixed.
    pub mix: Mix,
}

/// The way of a [`Gradient`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GradientShape {
    /// Along a line through the middle, from edge to edge.
    Linear {
        /// Where it goes to: 0 = to the top, 90 = to the right.
        degrees: Fixed,
        /// Share of the way at which the end's colour is reached, above 0, at most 1.
        stop: Fixed,
    },
    /// Around a point.
    Radial {
        /// The point, in shares of the canvas.
        center: (Fixed, Fixed),
        /// Up to here it is the start's colour.
        inner: Radius,
        /// From here on it is the end's colour.
        outer: Radius,
    },
}

/// The space in which the colours of a gradient are mixed, as CSS Color Level 4 names them. Alpha is premultiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)]
pub enum Mix {
    #[default]
    Srgb,
    LinearLight,
    Oklab,
    Hsl,
    Lch,
}

impl Mix {
    /// Every space.
    pub const ALL: [Mix; 5] = [Mix::Srgb, Mix::LinearLight, Mix::Oklab, Mix::Hsl, Mix::Lch];

    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Mix::Srgb => "srgb",
            Mix::LinearLight => "linear",
            Mix::Oklab => "oklab",
            Mix::Hsl => "hsl",
            Mix::Lch => "lch",
        }
    }
}

impl fmt::Display for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Background::Auto => f.write_str("auto"),
            Background::Color(color) => color.fmt(f),
            Background::Blur(BlurFill { sigma, brightness, opacity, under, tint }) => {
                f.write_str("blur")?;
                let mut parts = Vec::new();
                parts.extend(sigma.map(|sigma| format!("sigma={sigma}")));
                if *brightness != Fixed::ZERO {
                    parts.push(format!("brightness={brightness}"));
                }
                if *opacity != Fixed::ONE {
                    parts.push(format!("opacity={opacity}"));
                }
                parts.extend(under.map(|color| format!("under={color}")));
                parts.extend(tint.map(|color| format!("tint={color}")));
                if parts.is_empty() { Ok(()) } else { write!(f, "({})", parts.join(" ")) }
            }
            Background::Edge => f.write_str("edge"),
            Background::Mirror => f.write_str("mirror"),
            Background::Dominant => f.write_str("dominant"),
            Background::DominantEdge => f.write_str("dominant-edge"),
            Background::DominantGradient(count) => write!(f, "dominant-gradient({count})"),
            Background::Gradient(gradient) => write!(f, "gradient({gradient})"),
            Background::Grid { first, second, size } => write!(f, "grid({first} {second} {size})"),
        }
    }
}

impl fmt::Display for Gradient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shape {
            GradientShape::Linear { degrees, stop } => write!(f, "linear {degrees} {stop}")?,
            GradientShape::Radial { center, inner, outer } => {
                write!(f, "radial {} {} {inner} {outer}", center.0, center.1)?;
            }
        }
        write!(f, " {} {}", self.from, self.to)?;
        if self.mix == Mix::Srgb { Ok(()) } else { write!(f, " {}", self.mix.name()) }
    }
}
