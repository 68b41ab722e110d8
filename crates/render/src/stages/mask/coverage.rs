//! How much of each pixel lies within a shape.
//!
//! A shape is convex: a line across it enters and leaves once. Each row of pixels is cut into strips, on the middle line
//! of which the two ends are worked out exactly, and the pixels at the ends take the strip's part that they hold. What
//! lies between is not looked at, so that the cost is that of the outline, not of the area. Strips end where the shape
//! does: level edges are exact too.

use plan::{Radius, Shape};

use crate::geometry::{Rect, Size};
use crate::stages::gradient::length;

/// Strips of a row. Against the exact area of a slanted edge no pixel is off by more than 1/255.
const STRIPS: u32 = 16;

/// The outline of a shape on a canvas.
#[derive(Debug, Clone)]
pub(crate) struct Outline {
    rect: Rect,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Ellipse,
    /// Half axes: top left, top right, bottom right, bottom left.
    Corners([(f64, f64); 4]),
    Polygon(Vec<(f64, f64)>),
}

/// One row: what is covered, from where to where.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The pixels that are touched; end exclusive.
    pub(crate) touched: (usize, usize),
    /// Those among them that lie wholly within. For all others see the cover.
    pub(crate) full: (usize, usize),
}

impl Row {
    /// The pixels of which some part is covered and some is not.
    pub(crate) fn partial(&self) -> impl Iterator<Item = usize> {
        (self.touched.0..self.full.0).chain(self.full.1..self.touched.1)
    }
}

impl Outline {
    pub(crate) fn new(shape: &Shape, size: Size) -> Self {
        let whole = size.rect();
        match shape {
            Shape::Ellipse => Outline { rect: whole, kind: Kind::Ellipse },
            Shape::Circle => {
                let side = whole.w.min(whole.h);
                let rect = Rect { x: (whole.w - side) / 2.0, y: (whole.h - side) / 2.0, w: side, h: side };
                Outline { rect, kind: Kind::Ellipse }
            }
            Shape::Corners(radii) => Outline::rounded(whole, radii.map(|radius| length(radius, size))),
            Shape::Polygon(corners) => Outline::polygon(whole, u32::from((*corners).clamp(3, 32))),
        }
    }

    /// A rectangle of rounded corners: top left, top right, bottom right, bottom left. Where two radii are longer than
    /// their side together, all are scaled down by one factor (CSS Backgrounds Level 3 section 5.5).
    pub(crate) fn rounded(rect: Rect, radii: [f64; 4]) -> Self {
        let [a, b, c, d] = radii;
        let fit = |side: f64, sum: f64| if sum > side { side / sum } else { 1.0 };
        let scale = fit(rect.w, a + b).min(fit(rect.h, b + c)).min(fit(rect.w, c + d)).min(fit(rect.h, d + a));
        Outline { rect, kind: Kind::Corners(radii.map(|radius| (radius * scale, radius * scale))) }
    }

    /// Corners on the ellipse that touches all sides, the first at the top, the others clockwise.
    fn polygon(rect: Rect, corners: u32) -> Self {
        let at = |corner: u32| {
            let (sin, cos) = (std::f64::consts::TAU * f64::from(corner) / f64::from(corners)).sin_cos();
            (rect.x + rect.w / 2.0 * (1.0 + sin), rect.y + rect.h / 2.0 * (1.0 - cos))
        };
        let points: Vec<_> = (0..corners).map(at).collect();
        let bottom = points.iter().fold(0.0, |low: f64, p| low.max(p.1));
        let rect = Rect { h: bottom - rect.y, ..rect };
        Outline { rect, kind: Kind::Polygon(points) }
    }

    /// Whether it is a rectangle of no rounding.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(&self.kind, Kind::Corners(radii) if radii.iter().all(|(x, _)| *x <= 0.0))
    }

    /// Where a level line enters and leaves.
    fn ends(&self, y: f64) -> (f64, f64) {
        let Rect { x, y: top, w, h } = self.rect;
        match &self.kind {
            Kind::Ellipse => {
                let off = (y - top) / h * 2.0 - 1.0;
                let half = w / 2.0 * (1.0 - off * off).max(0.0).sqrt();
                (x + w / 2.0 - half, x + w / 2.0 + half)
            }
            Kind::Corners([a, b, c, d]) => {
                let (above, below) = (y - top, top + h - y);
                let inset = |upper: (f64, f64), lower: (f64, f64)| {
                    if above < upper.1 {
                        corner(upper, above)
                    } else if below < lower.1 {
                        corner(lower, below)
                    } else {
                        0.0
                    }
                };
                (x + inset(*a, *d), x + w - inset(*b, *c))
            }
            Kind::Polygon(points) => {
                let (mut left, mut right) = (f64::INFINITY, f64::NEG_INFINITY);
                for (from, to) in points.iter().zip(points.iter().cycle().skip(1)) {
                    let (low, high) = (from.1.min(to.1), from.1.max(to.1));
                    if low <= y && y <= high && high > low {
                        let at = from.0 + (to.0 - from.0) * (y - from.1) / (to.1 - from.1);
                        (left, right) = (left.min(at), right.max(at));
                    }
                }
                (left, right)
            }
        }
    }

    /// One row of pixels of a canvas of this width. Fills `cover`, of at least so many places, for the pixels that are
    /// partly covered: 255 for all of one.
    pub(crate) fn row(&self, y: u32, width: u32, cover: &mut [u8]) -> Row {
        let (top, bottom) = (self.rect.y, self.rect.y + self.rect.h);
        let most = f64::from(width);
        let mut strips = [(0.0f64, 0.0f64, 0.0f64); STRIPS as usize];
        let (mut outer, mut inner, mut weight) = ((most, 0.0f64), (0.0f64, most), 0.0);
        for (strip, at) in strips.iter_mut().zip(0..) {
            let start = (f64::from(y) + f64::from(at) / f64::from(STRIPS)).max(top);
            let end = (f64::from(y) + f64::from(at + 1) / f64::from(STRIPS)).min(bottom);
            if start >= end {
                continue;
            }
            let (left, right) = self.ends((start + end) / 2.0);
            let (left, right) = (left.clamp(0.0, most), right.clamp(0.0, most));
            if left < right {
                *strip = (left, right, end - start);
                outer = (outer.0.min(left), outer.1.max(right));
                inner = (inner.0.max(left), inner.1.min(right));
                weight += end - start;
            }
        }
        if weight <= 0.0 {
            return Row { touched: (0, 0), full: (0, 0) };
        }
        let touched = (outer.0.floor() as usize, outer.1.ceil() as usize);
        let (from, to) = (inner.0.ceil() as usize, inner.1.floor() as usize);
        let whole = weight > 1.0 - 1e-9 && from < to;
        let full = if whole { (from, to) } else { (touched.1, touched.1) };
        let row = Row { touched, full };
        for x in row.partial() {
            let held = |(left, right, weight): &(f64, f64, f64)| {
                weight * (right.min(x as f64 + 1.0) - left.max(x as f64)).max(0.0)
            };
            // What is a half but for the sum's own error is one.
            cover[x] = (strips.iter().map(held).sum::<f64>() * 255.0 + 0.5 + 1e-6) as u8;
        }
        row
    }
}

/// How far the arc of a corner lies from the side, so far from the end of it.
fn corner((rx, ry): (f64, f64), from_end: f64) -> f64 {
    let off = 1.0 - from_end / ry;
    rx * (1.0 - (1.0 - off * off).max(0.0).sqrt())
}

/// The radii of a shape may hang on its size.
pub(crate) fn lengths(radii: &[Radius; 4], size: Size, scale: f64) -> [f64; 4] {
    radii.map(|radius| match radius {
        Radius::Px(_) => length(radius, size) * scale,
        Radius::Share(_) => length(radius, size),
    })
}

#[cfg(test)]
mod tests {
    use plan::Fixed;
    use proptest::prelude::*;

    use super::*;

    /// Every pixel's cover, 0 to 255.
    fn covers(outline: &Outline, size: Size) -> Vec<Vec<u8>> {
        (0..size.h)
            .map(|y| {
                // What nobody writes must not be read.
                let mut cover = vec![77; size.w as usize];
                let row = outline.row(y, size.w, &mut cover);
                (0..size.w as usize)
                    .map(|x| match x {
                        x if x < row.touched.0 || x >= row.touched.1 => 0,
                        x if (row.full.0..row.full.1).contains(&x) => 255,
                        x => cover[x],
                    })
                    .collect()
            })
            .collect()
    }

    fn area(outline: &Outline, size: Size) -> f64 {
        covers(outline, size).iter().flatten().map(|v| f64::from(*v) / 255.0).sum()
    }

    #[test]
    fn areas_are_those_of_the_textbook() {
        let (size, px) = (Size::new(101, 60), Radius::Px);
        let ellipse = std::f64::consts::PI / 4.0;
        let share = |v| Radius::Share(Fixed::new(v));
        let cut = 1.0 - ellipse;
        for (shape, want) in [
            (Shape::Ellipse, ellipse * 6060.0),
            (Shape::Circle, ellipse * 3600.0),
            (Shape::Corners([px(0), px(10), px(20), px(5)]), 6060.0 - cut * 525.0),
            (Shape::Corners([share(0.25); 4]), 6060.0 - cut * 4.0 * 225.0),
            // 90 and 30 on a side of 60: all are two thirds.
            (Shape::Corners([px(90), px(0), px(0), px(30)]), 6060.0 - cut * (45.0f64.powi(2) + 15.0f64.powi(2))),
            (Shape::Corners([px(1000); 4]), 6060.0 - cut * 3600.0),
            (Shape::Polygon(4), 3030.0),
            // Three corners of the ellipse: 3/4 of the height, cos 30 of the width.
            (Shape::Polygon(3), 0.5 * 101.0 * 0.75f64.sqrt() * 45.0),
            (Shape::Polygon(32), 6060.0 / 4.0 * 16.0 * (std::f64::consts::TAU / 32.0).sin()),
        ] {
            let found = area(&Outline::new(&shape, size), size);
            assert!((found - want).abs() < 0.6, "{shape:?}: {found}, not {want}");
        }
    }

    #[test]
    fn slanted_edges_are_exact() {
        let size = Size::new(8, 8);
        let rows = covers(&Outline::new(&Shape::Polygon(4), size), size);
        assert_eq!(rows[0], [0, 0, 0, 128, 128, 0, 0, 0]);
        assert_eq!(rows[3], [128, 255, 255, 255, 255, 255, 255, 128]);
        // A level edge between rows.
        let rect = Outline::rounded(Rect { x: 1.25, y: 1.5, w: 2.0, h: 1.9 }, [0.0; 4]);
        let rows = covers(&rect, Size::new(4, 4));
        assert_eq!(rows, [[0; 4], [0, 96, 128, 32], [0, 191, 255, 64], [0, 77, 102, 26]]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_shape_stays_on_its_canvas_and_is_as_even_as_its_corners(
            (w, h) in (1u32..60, 1u32..60),
            radius in 0u32..80,
            kind in 0u8..40,
        ) {
            let size = Size::new(w, h);
            let shape = match kind {
                0 => Shape::Ellipse,
                1 => Shape::Circle,
                2 => Shape::Corners([Radius::Px(radius); 4]),
                corners => Shape::Polygon(corners),
            };
            let rows = covers(&Outline::new(&shape, size), size);
            for row in &rows {
                let mirrored: Vec<u8> = row.iter().rev().copied().collect();
                prop_assert!(row.iter().zip(&mirrored).all(|(a, b)| a.abs_diff(*b) <= 1), "{:?} {:?}", shape, row);
                let middle = row.len() / 2;
                // Convex: it only grows towards the middle.
                prop_assert!(row[..middle].is_sorted(), "{:?} {:?}", shape, row);
            }
        }
    }
}
