use std::fmt;

use crate::{Background, Color, Fixed};

/// A length that may hang on the picture's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Radius {
    /// Pixels.
    Px(u32),
    /// A share of the shorter side; 0.5 is half of it.
    Share(Fixed),
}

impl Radius {
    /// No length.
    pub const NONE: Radius = Radius::Px(0);
}

/// What of the picture stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mask {
    /// Inside of this it stays.
    pub shape: Shape,
    /// What is outside.
    pub outside: Background,
}

/// A shape as large as the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// The ellipse that touches all sides.
    Ellipse,
    /// The largest circle in the middle.
    Circle,
    /// A rectangle of rounded corners: top-left, top-right, bottom-right, bottom-left. Radii that do not fit a side are
    /// scaled down together, as CSS Backgrounds Level 3 section 5.5 has it.
    Corners([Radius; 4]),
    /// A regular polygon of so many corners (3 to 32), one of them at the top.
    Polygon(u8),
}

/// A frame around the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Border {
    /// Above, right, below, left, in pixels.
    pub widths: [u32; 4],
    /// Its colour.
    pub color: Color,
    /// Whether it covers the picture's own edge; else the canvas grows.
    pub inside: bool,
    /// Rounding of its outer corners, in the order of [`Shape::Corners`].
    pub outer: [Radius; 4],
    /// Rounding of its inner corners.
    pub inner: [Radius; 4],
    /// What is outside of rounded corners.
    pub outside: Background,
}

/// A soft shadow that what is opaque throws on what is not. The canvas keeps its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shadow {
    /// How far it lies to the right, in shares of the width, -1 to 1.
    pub x: Fixed,
    /// How far it lies below, in shares of the height, -1 to 1.
    pub y: Fixed,
    /// Standard deviation of its blur in pixels, 0 to 250.
    pub sigma: Fixed,
    /// Its colour and, by alpha, its strength.
    pub color: Color,
}

pub(crate) fn canonical_border(border: Border) -> Option<Border> {
    let round = border.outer.iter().any(|radius| radius.is_some());
    (border.widths != [0; 4] || round).then_some(border)
}

pub(crate) fn canonical_mask(mask: Mask) -> Option<Mask> {
    match mask.shape {
        Shape::Corners(radii) if radii.iter().all(|radius| !radius.is_some()) => None,
        Shape::Polygon(corners) => Some(Mask { shape: Shape::Polygon(corners.clamp(3, 32)), ..mask }),
        _ => Some(mask),
    }
}

impl Radius {
    /// Whether it is more than nothing.
    pub fn is_some(self) -> bool {
        match self {
            Radius::Px(px) => px > 0,
            Radius::Share(share) => share > Fixed::ZERO,
        }
    }
}

impl fmt::Display for Radius {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Radius::Px(px) => px.fmt(f),
            Radius::Share(share) => write!(f, "{share}r"),
        }
    }
}

struct Four<'a>(&'a [Radius; 4]);

impl fmt::Display for Four<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a} {b} {c} {d}")
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shape {
            Shape::Ellipse => f.write_str("mask:ellipse")?,
            Shape::Circle => f.write_str("mask:circle")?,
            Shape::Corners(radii) => write!(f, "mask:corners({})", Four(radii))?,
            Shape::Polygon(corners) => write!(f, "mask:polygon({corners})")?,
        }
        write!(f, ",{}", self.outside)
    }
}

impl fmt::Display for Border {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [top, right, bottom, left] = self.widths;
        write!(f, "border:{top},{right},{bottom},{left},{}", self.color)?;
        if self.inside {
            f.write_str(",inside")?;
        }
        for (name, radii) in [("outer", &self.outer), ("inner", &self.inner)] {
            if radii.iter().any(|radius| radius.is_some()) {
                write!(f, ",{name}=({})", Four(radii))?;
            }
        }
        if self.outside == Background::Auto { Ok(()) } else { write!(f, ",on={}", self.outside) }
    }
}

impl fmt::Display for Shadow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shadow:{},{},{},{}", self.x, self.y, self.sigma, self.color)
    }
}
