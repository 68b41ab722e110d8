use super::{Rect, Size};

/// One of the eight ways to lay a rectangle on itself: quarter turns and mirrors. Applied as: exchange the axes, then
/// mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Turn {
    /// Rows become columns.
    pub transpose: bool,
    /// Then left and right change places.
    pub mirror_x: bool,
    /// And top and bottom change places.
    pub mirror_y: bool,
}

impl Turn {
    /// Nothing moves.
    pub const NONE: Turn = Turn { transpose: false, mirror_x: false, mirror_y: false };

    /// What brings a picture with this EXIF orientation (tag 274, TIFF 6.0 section 8) upright; values outside 1-8 are
    /// taken for 1.
    pub const fn from_exif(value: u8) -> Turn {
        let (transpose, mirror_x, mirror_y) = match value {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Turn { transpose, mirror_x, mirror_y }
    }

    /// Clockwise by this many quarter turns.
    pub const fn quarters(quarters: u8) -> Turn {
        match quarters % 4 {
            1 => Turn::from_exif(6),
            2 => Turn::from_exif(3),
            3 => Turn::from_exif(8),
            _ => Turn::NONE,
        }
    }

    /// Mirrors.
    pub const fn flip(horizontal: bool, vertical: bool) -> Turn {
        Turn { transpose: false, mirror_x: horizontal, mirror_y: vertical }
    }

    /// This one, then another.
    #[must_use]
    pub const fn then(self, next: Turn) -> Turn {
        // Exchanging the axes after a mirror is the same as mirroring the other axis after the exchange.
        let (x, y) = if next.transpose { (self.mirror_y, self.mirror_x) } else { (self.mirror_x, self.mirror_y) };
        Turn { transpose: self.transpose != next.transpose, mirror_x: x != next.mirror_x, mirror_y: y != next.mirror_y }
    }

    /// What undoes it.
    #[must_use]
    pub const fn inverse(self) -> Turn {
        if self.transpose { Turn { transpose: true, mirror_x: self.mirror_y, mirror_y: self.mirror_x } } else { self }
    }

    /// The size of a turned picture.
    pub fn size(self, size: Size) -> Size {
        if self.transpose { size.swapped() } else { size }
    }

    /// Where a rectangle of an input of this size lies after the turn.
    pub fn rect(self, r: Rect, input: (f64, f64)) -> Rect {
        let (mut r, (w, h)) =
            if self.transpose { (Rect { x: r.y, y: r.x, w: r.h, h: r.w }, (input.1, input.0)) } else { (r, input) };
        if self.mirror_x {
            r.x = w - r.x - r.w;
        }
        if self.mirror_y {
            r.y = h - r.y - r.h;
        }
        r
    }
}

/// An affine map of points: `(x, y) -> (a x + b y + c, d x + e y + f)`. Tells where a point of the upright master lies in
/// the picture of the moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    e: f64,
    f: f64,
}

impl Affine {
    /// Every point stays.
    pub const IDENTITY: Affine = Affine { a: 1.0, b: 0.0, c: 0.0, d: 0.0, e: 1.0, f: 0.0 };

    /// Each axis scaled, then moved.
    pub const fn scale_move(sx: f64, sy: f64, dx: f64, dy: f64) -> Affine {
        Affine { a: sx, b: 0.0, c: dx, d: 0.0, e: sy, f: dy }
    }

    /// A turn of a picture of this size.
    pub fn turn(turn: Turn, input: Size) -> Affine {
        let out = turn.size(input);
        let (sx, dx) = if turn.mirror_x { (-1.0, f64::from(out.w)) } else { (1.0, 0.0) };
        let (sy, dy) = if turn.mirror_y { (-1.0, f64::from(out.h)) } else { (1.0, 0.0) };
        if turn.transpose {
            Affine { a: 0.0, b: sx, c: dx, d: sy, e: 0.0, f: dy }
        } else {
            Affine::scale_move(sx, sy, dx, dy)
        }
    }

    /// Clockwise by an angle around the centre of the input, and scaled; the centre moves to that of the output.
    pub fn rotate(degrees: f64, zoom: f64, input: Size, output: Size) -> Affine {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (cx, cy) = (f64::from(input.w) / 2.0, f64::from(input.h) / 2.0);
        let (ox, oy) = (f64::from(output.w) / 2.0, f64::from(output.h) / 2.0);
        let (a, b, d, e) = (cos * zoom, -sin * zoom, sin * zoom, cos * zoom);
        Affine { a, b, c: ox - a * cx - b * cy, d, e, f: oy - d * cx - e * cy }
    }

    /// This map, then another.
    #[must_use]
    pub fn then(self, next: Affine) -> Affine {
        let (x, y) = (next.apply_vector(self.a, self.d), next.apply_vector(self.b, self.e));
        let (c, f) = next.apply(self.c, self.f);
        Affine { a: x.0, b: y.0, c, d: x.1, e: y.1, f }
    }

    /// Where a point goes.
    pub fn apply(self, x: f64, y: f64) -> (f64, f64) {
        let (vx, vy) = self.apply_vector(x, y);
        (vx + self.c, vy + self.f)
    }

    fn apply_vector(self, x: f64, y: f64) -> (f64, f64) {
        (self.a * x + self.b * y, self.d * x + self.e * y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

    #[test]
    fn turns_form_a_group() {
        for a in ALL.map(Turn::from_exif) {
            assert_eq!(a.then(a.inverse()), Turn::NONE);
            for b in ALL.map(Turn::from_exif) {
                let size = Size::new(5, 3);
                let two = Affine::turn(a, size).then(Affine::turn(b, a.size(size)));
                assert_eq!(two, Affine::turn(a.then(b), size), "{a:?} {b:?}");
            }
        }
        assert_eq!(Turn::quarters(1).then(Turn::quarters(2)), Turn::quarters(3));
    }

    #[test]
    fn rectangles_and_points_turn_alike() {
        let size = Size::new(10, 6);
        let r = Rect { x: 1.0, y: 2.0, w: 3.0, h: 1.0 };
        for turn in ALL.map(Turn::from_exif) {
            let turned = turn.rect(r, (10.0, 6.0));
            let middle = Affine::turn(turn, size).apply(2.5, 2.5);
            assert_eq!((turned.x + turned.w / 2.0, turned.y + turned.h / 2.0), middle, "{turn:?}");
        }
    }

    #[test]
    fn a_quarter_turn_is_clockwise() {
        // The top-left corner of a turned picture is its old bottom-left one.
        assert_eq!(Affine::turn(Turn::quarters(1), Size::new(4, 2)).apply(0.0, 2.0), (0.0, 0.0));
        let (x, y) = Affine::rotate(90.0, 1.0, Size::new(4, 2), Size::new(2, 4)).apply(0.0, 2.0);
        assert!(x.abs() < 1e-9 && y.abs() < 1e-9);
    }
}
