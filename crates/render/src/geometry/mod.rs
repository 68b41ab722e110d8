//! Where every pixel goes, without touching one: sizes, windows, canvases, and the map from the master to the picture of
//! the moment.
//!
//! Sizes round half up and are at least 1. Positions round to the nearest pixel, ties towards the top left.

mod gravity;
mod overlay;
mod region;
mod resize;
mod turn;

pub use gravity::{Locate, Smart, place, slack};
pub use overlay::{Core, Laid, overlay, scalings, solid};
pub(crate) use region::length;
pub use region::{Cut, extract};
pub(crate) use resize::cap_only;
pub use resize::{Placement, framed, resize, rotated, straighten_zoom};
pub use turn::{Affine, Turn};

/// A size in pixels, both sides at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// Width.
    pub w: u32,
    /// Height.
    pub h: u32,
}

impl Size {
    /// A size; a side of 0 becomes 1.
    pub fn new(w: u32, h: u32) -> Self {
        Size { w: w.max(1), h: h.max(1) }
    }

    /// The same with its sides exchanged.
    #[must_use]
    pub fn swapped(self) -> Self {
        Size { w: self.h, h: self.w }
    }

    /// Its longer side.
    pub fn longest(self) -> u32 {
        self.w.max(self.h)
    }

    /// Both sides scaled by one factor so that none is longer than `cap`; unchanged if none is.
    #[must_use]
    pub fn capped(self, cap: u32) -> Self {
        let (longest, cap) = (self.longest(), cap.max(1));
        if longest <= cap {
            return self;
        }
        Size::new(scaled(self.w, cap, longest), scaled(self.h, cap, longest))
    }

    /// Whether both sides are at least as long as the other's.
    pub fn covers(self, other: Size) -> bool {
        self.w >= other.w && self.h >= other.h
    }

    /// The shorter of each side.
    #[must_use]
    pub fn min(self, other: Size) -> Self {
        Size { w: self.w.min(other.w), h: self.h.min(other.h) }
    }

    /// The whole area as a rectangle.
    pub fn rect(self) -> Rect {
        Rect { x: 0.0, y: 0.0, w: f64::from(self.w), h: f64::from(self.h) }
    }
}

/// A rectangle in pixels, edges anywhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width, above 0.
    pub w: f64,
    /// Height, above 0.
    pub h: f64,
}

impl Rect {
    /// A rectangle on whole pixels.
    pub fn at(x: u32, y: u32, size: Size) -> Self {
        Rect { x: f64::from(x), y: f64::from(y), w: f64::from(size.w), h: f64::from(size.h) }
    }

    /// What of it lies within a picture of this size: all but what rounding has put outside.
    pub(crate) fn held_in(self, width: f64, height: f64) -> Self {
        let axis = |start: f64, len: f64, side: f64| {
            let from = start.clamp(0.0, (side - 1e-6).max(0.0));
            (from, len.min(side - from).max(1e-6))
        };
        let ((x, w), (y, h)) = (axis(self.x, self.w, width), axis(self.y, self.h, height));
        Rect { x, y, w, h }
    }
}

/// `value * num / den`, rounded half up, at least 1.
pub(crate) fn scaled(value: u32, num: u32, den: u32) -> u32 {
    let den = u64::from(den.max(1));
    let rounded = (2 * u128::from(value) * u128::from(num) + u128::from(den)) / (2 * u128::from(den));
    u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
}

/// A length, rounded half up, at least 1.
pub(crate) fn round_length(value: f64) -> u32 {
    // Ratios carry four decimals: what falls short of a half by less than they can tell is a half.
    ((value + 0.5 + 1e-9).floor().clamp(1.0, f64::from(u32::MAX))) as u32
}

/// A position, rounded to the nearest, ties down.
pub(crate) fn round_position(value: f64) -> f64 {
    (value - 0.5).ceil()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_keep_the_ratio() {
        for (size, cap, want) in [
            ((16000, 8000), 8192, (8192, 4096)),
            ((8192, 8192), 8192, (8192, 8192)),
            ((100_000, 3), 1000, (1000, 1)),
            ((3, 7), 1, (1, 1)),
            ((u32::MAX, 1), 8, (8, 1)),
        ] {
            assert_eq!(Size::new(size.0, size.1).capped(cap), Size::new(want.0, want.1), "{size:?}");
        }
    }

    #[test]
    fn lengths_round_half_up_and_never_vanish() {
        assert_eq!([scaled(200, 1, 3), scaled(5, 1, 2), scaled(1, 1, 9)], [67, 3, 1]);
        assert_eq!([round_length(2.5), round_length(0.1), round_length(66.4)], [3, 1, 66]);
        assert_eq!([round_position(0.5), round_position(0.6), round_position(2.0)], [0.0, 1.0, 2.0]);
    }
}
