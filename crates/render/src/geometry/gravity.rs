use plan::{Gravity, Horizontal, Vertical};

use super::{Affine, Size, round_position};

/// What a gravity needs to know besides sizes.
pub struct Locate<'a> {
    /// Maps pixels of the upright master to the step's input.
    pub master: Affine,
    /// Looks at the picture; see [`Smart`].
    pub smart: &'a dyn Smart,
}

/// Finds the part of the step's input worth keeping.
pub trait Smart {
    /// The centre, in shares (0-1) of the input, of the best window of this size (in shares of the input). Asked only for
    /// [`Gravity::Attention`], [`Gravity::Entropy`] and [`Gravity::Edges`].
    fn best(&self, gravity: Gravity, window: (f64, f64)) -> (f64, f64);
}

/// Top-left corner of a window inside an input; the window is never larger, and never leaves the input.
pub fn place(gravity: Gravity, input: Size, window: (f64, f64), locate: &Locate<'_>) -> (f64, f64) {
    let (w, h) = (f64::from(input.w), f64::from(input.h));
    let room = ((w - window.0).max(0.0), (h - window.1).max(0.0));
    let around = |x: f64, y: f64| (x - window.0 / 2.0, y - window.1 / 2.0);
    let (x, y) = match gravity {
        Gravity::Anchor(horizontal, vertical) => anchor(horizontal, vertical, room),
        Gravity::Point(x, y) => around(x.get() * w, y.get() * h),
        Gravity::MasterPixel(x, y) => {
            // The middle of that pixel.
            let (x, y) = locate.master.apply(f64::from(x) + 0.5, f64::from(y) + 0.5);
            around(x, y)
        }
        Gravity::TopLeft(x, y) => (x.map_or(room.0 / 2.0, f64::from), y.map_or(room.1 / 2.0, f64::from)),
        Gravity::Centered(x, y) => {
            let at = |v: Option<u32>, length: f64, room: f64| v.map_or(room / 2.0, |v| f64::from(v) - length / 2.0);
            (at(x, window.0, room.0), at(y, window.1, room.1))
        }
        Gravity::Attention | Gravity::Entropy | Gravity::Edges if room == (0.0, 0.0) => (0.0, 0.0),
        Gravity::Attention | Gravity::Entropy | Gravity::Edges => {
            let (x, y) = locate.smart.best(gravity, (window.0 / w, window.1 / h));
            around(x * w, y * h)
        }
    };
    (x.clamp(0.0, room.0), y.clamp(0.0, room.1))
}

/// Offset, in whole pixels, of a picture on a canvas that is at least as large. Only anchors mean anything there; every
/// other gravity centres.
pub fn slack(gravity: Gravity, canvas: Size, picture: Size) -> (u32, u32) {
    let room = (f64::from(canvas.w.saturating_sub(picture.w)), f64::from(canvas.h.saturating_sub(picture.h)));
    let (x, y) = match gravity {
        Gravity::Anchor(horizontal, vertical) => anchor(horizontal, vertical, room),
        _ => anchor(Horizontal::Center, Vertical::Center, room),
    };
    (round_position(x) as u32, round_position(y) as u32)
}

fn anchor(horizontal: Horizontal, vertical: Vertical, room: (f64, f64)) -> (f64, f64) {
    let x = match horizontal {
        Horizontal::Left => 0.0,
        Horizontal::Center => room.0 / 2.0,
        Horizontal::Right => room.0,
    };
    let y = match vertical {
        Vertical::Top => 0.0,
        Vertical::Center => room.1 / 2.0,
        Vertical::Bottom => room.1,
    };
    (x, y)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use plan::Fixed;

    /// Always answers with one point.
    pub(crate) struct Fake(pub f64, pub f64);

    impl Smart for Fake {
        fn best(&self, _: Gravity, _: (f64, f64)) -> (f64, f64) {
            (self.0, self.1)
        }
    }

    pub(crate) const NOWHERE: Locate<'static> = Locate { master: Affine::IDENTITY, smart: &Fake(0.5, 0.5) };

    #[test]
    fn windows_stay_inside() {
        let input = Size::new(100, 50);
        let point = |x, y| Gravity::Point(Fixed::new(x), Fixed::new(y));
        for (gravity, want) in [
            (Gravity::CENTER, (30.0, 15.0)),
            (Gravity::Anchor(Horizontal::Right, Vertical::Top), (60.0, 0.0)),
            (Gravity::Anchor(Horizontal::Left, Vertical::Bottom), (0.0, 30.0)),
            (point(0.0, 1.0), (0.0, 30.0)),
            (point(0.4, 0.5), (20.0, 15.0)),
            (Gravity::MasterPixel(30, 20), (10.5, 10.5)),
            (Gravity::TopLeft(Some(5), None), (5.0, 15.0)),
            (Gravity::TopLeft(Some(500), Some(9)), (60.0, 9.0)),
            (Gravity::Centered(Some(25), Some(1)), (5.0, 0.0)),
            (Gravity::Entropy, (10.0, 20.0)),
        ] {
            let locate = Locate { master: Affine::IDENTITY, smart: &Fake(0.3, 0.6) };
            assert_eq!(place(gravity, input, (40.0, 20.0), &locate), want, "{gravity:?}");
        }
    }

    #[test]
    fn pictures_sit_where_the_anchor_says() {
        let (canvas, picture) = (Size::new(500, 201), Size::new(400, 100));
        assert_eq!(slack(Gravity::CENTER, canvas, picture), (50, 50));
        assert_eq!(slack(Gravity::Anchor(Horizontal::Right, Vertical::Bottom), canvas, picture), (100, 101));
        assert_eq!(slack(Gravity::Attention, canvas, picture), (50, 50));
    }
}
