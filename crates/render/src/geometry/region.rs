use plan::{Aspect, Background, Dim, Horizontal, Region, Vertical};

use super::{Locate, Rect, Size, place, round_length, round_position, slack};

/// What an extraction does: cut a window, then perhaps put it on a larger canvas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// The part of the input that stays, on whole pixels.
    pub window: Rect,
    /// Size of the window.
    pub size: Size,
    /// Canvas, offset of the window on it, and what fills the rest.
    pub canvas: Option<(Size, (u32, u32), Background)>,
}

/// Works out the rectangle of [`plan::Stage::Extract`]. A window never leaves the input: one that would is moved back in.
pub fn extract(region: &Region, input: Size, locate: &Locate<'_>) -> Cut {
    match region {
        Region::Rect { x, y, width, height, align } => {
            let horizontal = match align.0 {
                Horizontal::Left => 0.0,
                Horizontal::Center => 0.5,
                Horizontal::Right => 1.0,
            };
            let vertical = match align.1 {
                Vertical::Top => 0.0,
                Vertical::Center => 0.5,
                Vertical::Bottom => 1.0,
            };
            match (span(*x, *width, horizontal, input.w), span(*y, *height, vertical, input.h)) {
                (Some(x), Some(y)) => whole(x, y),
                _ => untouched(input),
            }
        }
        Region::Corners { top_left, bottom_right } => {
            let (x0, y0) = top_left.unwrap_or((0, 0));
            let (x1, y1) = bottom_right.unwrap_or((input.w, input.h));
            let (x1, y1) = (x1.min(input.w), y1.min(input.h));
            if x0 < x1 && y0 < y1 { whole((x0, x1), (y0, y1)) } else { untouched(input) }
        }
        Region::Window { width, height, gravity, pad, cut } => {
            let target =
                Size::new(length(*width, input.w).unwrap_or(input.w), length(*height, input.h).unwrap_or(input.h));
            let size = if *cut { target.min(input) } else { input };
            let window = window(*gravity, input, size, locate);
            let canvas = Size::new(target.w.max(size.w), target.h.max(size.h));
            let canvas = pad.filter(|_| canvas != size).map(|pad| (canvas, slack(*gravity, canvas, size), pad));
            Cut { window, size, canvas }
        }
        Region::Aspect { aspect, gravity } => {
            let size = largest_inside(ratio(*aspect, input), input);
            Cut { window: window(*gravity, input, size, locate), size, canvas: None }
        }
    }
}

/// A length in pixels, at least 1.
pub(crate) fn length(dim: Option<Dim>, input: u32) -> Option<u32> {
    dim.map(|dim| match dim {
        Dim::Px(px) => px.max(1),
        Dim::Ratio(share) => round_length(share.get() * f64::from(input)),
    })
}

/// The ratio to take for a picture; never 0.
pub(super) fn ratio(aspect: Aspect, input: Size) -> f64 {
    let own = f64::from(input.w) / f64::from(input.h);
    let ratio = match aspect {
        Aspect::Exact(ratio) => ratio.get(),
        Aspect::Between(a, b) => {
            let (low, high) = (a.get().min(b.get()), a.get().max(b.get()));
            own.max(low).min(high)
        }
    };
    if ratio > 0.0 { ratio } else { own }
}

pub(super) fn largest_inside(ratio: f64, input: Size) -> Size {
    let (w, h) = (f64::from(input.w), f64::from(input.h));
    if w / h > ratio {
        Size::new(round_length(h * ratio).min(input.w), input.h)
    } else {
        Size::new(input.w, round_length(w / ratio).min(input.h))
    }
}

fn window(gravity: plan::Gravity, input: Size, size: Size, locate: &Locate<'_>) -> Rect {
    let (x, y) = place(gravity, input, (f64::from(size.w), f64::from(size.h)), locate);
    Rect::at(round_position(x) as u32, round_position(y) as u32, size)
}

/// From and to, within the input; `None` if empty.
fn span(start: Option<Dim>, len: Option<Dim>, align: f64, input: u32) -> Option<(u32, u32)> {
    let edge = |dim: Dim| match dim {
        Dim::Px(px) => f64::from(px),
        Dim::Ratio(share) => (share.get() * f64::from(input) + 0.5).floor(),
    };
    let end = f64::from(input);
    let (from, to) = match (start.map(edge), length(len, input).map(f64::from)) {
        (None, None) => (0.0, end),
        (Some(from), None) => (from, end),
        (Some(from), Some(len)) => (from, from + len),
        (None, Some(len)) => {
            let from = round_position((end - len) * align);
            (from, from + len)
        }
    };
    let (from, to) = (from.clamp(0.0, end) as u32, to.clamp(0.0, end) as u32);
    (from < to).then_some((from, to))
}

fn whole(x: (u32, u32), y: (u32, u32)) -> Cut {
    let size = Size::new(x.1 - x.0, y.1 - y.0);
    Cut { window: Rect::at(x.0, y.0, size), size, canvas: None }
}

fn untouched(input: Size) -> Cut {
    whole((0, input.w), (0, input.h))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use plan::{Color, Fixed, Gravity};

    use super::super::gravity::tests::NOWHERE;
    use super::*;

    fn px(v: u32) -> Option<Dim> {
        Some(Dim::Px(v))
    }

    fn share(v: f64) -> Option<Dim> {
        Some(Dim::Ratio(Fixed::new(v)))
    }

    fn cut(region: &Region, input: (u32, u32)) -> (u32, u32, u32, u32) {
        let cut = extract(region, Size::new(input.0, input.1), &NOWHERE);
        assert_eq!((cut.window.w, cut.window.h), (f64::from(cut.size.w), f64::from(cut.size.h)));
        (cut.window.x as u32, cut.window.y as u32, cut.size.w, cut.size.h)
    }

    #[test]
    fn rectangles() {
        use Horizontal::*;
        let top = Vertical::Top;
        for (x, y, w, h, align, want) in [
            (px(10), px(20), px(30), px(5), (Left, top), (10, 20, 30, 5)),
            (px(90), px(40), px(30), px(30), (Left, top), (90, 40, 10, 10)),
            (share(0.5), share(0.5), share(0.25), share(0.5), (Left, top), (50, 25, 25, 25)),
            (None, None, px(20), px(10), (Right, Vertical::Center), (80, 20, 20, 10)),
            (None, px(45), px(21), None, (Center, top), (39, 45, 21, 5)),
            // Wholly outside: ignored.
            (px(100), None, px(5), None, (Left, top), (0, 0, 100, 50)),
        ] {
            let region = Region::Rect { x, y, width: w, height: h, align };
            assert_eq!(cut(&region, (100, 50)), want, "{region:?}");
        }
    }

    #[test]
    fn corners() {
        for (top_left, bottom_right, want) in [
            (Some((10, 5)), Some((40, 30)), (10, 5, 30, 25)),
            (None, Some((400, 30)), (0, 0, 100, 30)),
            (Some((99, 49)), None, (99, 49, 1, 1)),
            (Some((50, 5)), Some((50, 30)), (0, 0, 100, 50)),
            (Some((500, 5)), None, (0, 0, 100, 50)),
        ] {
            assert_eq!(cut(&Region::Corners { top_left, bottom_right }, (100, 50)), want);
        }
    }

    #[test]
    fn windows() {
        let window = |w, h, pad, cut| Region::Window { width: w, height: h, gravity: Gravity::CENTER, pad, cut };
        assert_eq!(cut(&window(px(40), px(80), None, true), (100, 50)), (30, 0, 40, 50));
        assert_eq!(cut(&window(None, share(0.5), None, true), (100, 50)), (0, 12, 100, 25));
        let white = Background::Color(Color::WHITE);
        let input = Size::new(100, 50);
        let padded = extract(&window(px(40), px(80), Some(white), true), input, &NOWHERE);
        assert_eq!(padded.size, Size::new(40, 50));
        assert_eq!(padded.canvas, Some((Size::new(40, 80), (0, 15), white)));
        let kept = extract(&window(px(40), px(80), Some(white), false), input, &NOWHERE);
        assert_eq!((kept.size, kept.canvas), (input, Some((Size::new(100, 80), (0, 15), white))));
        assert_eq!(extract(&window(px(40), px(40), Some(white), true), input, &NOWHERE).canvas, None);
    }

    #[test]
    fn ratios() {
        let exact = |r| Aspect::Exact(Fixed::new(r));
        let between = |a, b| Aspect::Between(Fixed::new(a), Fixed::new(b));
        for (input, aspect, want) in [
            ((900, 270), exact(9.0), (900, 100)),
            ((900, 270), exact(1.0), (270, 270)),
            ((1920, 1200), exact(1.7778), (1920, 1080)),
            ((900, 300), between(1.0, 4.0), (900, 300)),
            ((900, 300), between(1.0, 2.0), (600, 300)),
            ((300, 900), between(1.0, 2.0), (300, 300)),
            ((3, 3), exact(1000.0), (3, 1)),
            ((3, 3), exact(0.0), (3, 3)),
        ] {
            let region = Region::Aspect { aspect, gravity: Gravity::CENTER };
            let (_, _, w, h) = cut(&region, input);
            assert_eq!((w, h), want, "{input:?} {aspect:?}");
        }
    }
}
