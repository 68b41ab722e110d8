use plan::{Enlarge, Fit, Horizontal, Overlay, Resize, Shift, Vertical};

use super::region::length;
use super::{Affine, Locate, Rect, Size, Smart, resize, round_position};

/// Where an overlay is seen on the picture below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Laid {
    /// The part of the overlay that is seen, in pixels of the overlay before it is scaled.
    pub window: Rect,
    /// The size the window is scaled to.
    pub size: Size,
    /// Where that lies on the picture below.
    pub at: (u32, u32),
}

/// Works out [`plan::Stage::Overlay`], for an overlay that has been through its own stages. `None` where none of it is
/// seen.
pub fn overlay(overlay: &Overlay, own: Size, below: Size) -> Option<Laid> {
    let locate = Locate { master: Affine::IDENTITY, smart: &Nobody };
    let scaled = scalings(overlay, below).iter().fold(own, |size, r| resize(r, size, u32::MAX, &locate).canvas);
    let across = (below.w, scaled.w, overlay.offset.0);
    let down = (below.h, scaled.h, overlay.offset.1);
    let x = match overlay.anchor.0 {
        Horizontal::Left => from_start(across),
        Horizontal::Center => from_middle(across),
        Horizontal::Right => from_end(across),
    };
    let y = match overlay.anchor.1 {
        Vertical::Top => from_start(down),
        Vertical::Center => from_middle(down),
        Vertical::Bottom => from_end(down),
    };
    let (x, w) = seen(x, scaled.w, below.w)?;
    let (y, h) = seen(y, scaled.h, below.h)?;
    let (sx, sy) = (f64::from(own.w) / f64::from(scaled.w), f64::from(own.h) / f64::from(scaled.h));
    let window = Rect { x: x.hidden * sx, y: y.hidden * sy, w: f64::from(w) * sx, h: f64::from(h) * sy };
    let all = (w, h) == (scaled.w, scaled.h);
    let window = if all { own.rect() } else { window };
    Some(Laid { window, size: Size::new(w, h), at: (x.at, y.at) })
}

/// What scales an overlay, once it has been through its own stages: into its box, and into the picture below.
pub fn scalings(overlay: &Overlay, below: Size) -> Vec<Resize> {
    let pixels = |length: Option<u32>| length.map(plan::Dim::Px);
    let (width, height) = (length(overlay.width, below.w), length(overlay.height, below.h));
    let mut all = Vec::new();
    if width.is_some() || height.is_some() {
        all.push(Resize::new(pixels(width), pixels(height), Fit::Inside));
    }
    if overlay.shrink {
        let fit = Resize::new(pixels(Some(below.w)), pixels(Some(below.h)), Fit::Inside);
        all.push(Resize { enlarge: Enlarge::No, ..fit });
    }
    all
}

/// Scalings of a whole picture have nothing to place.
struct Nobody;

impl Smart for Nobody {
    fn best(&self, _: plan::Gravity, _: (f64, f64)) -> (f64, f64) {
        (0.5, 0.5)
    }
}

fn distance(shift: Shift, below: u32) -> f64 {
    match shift {
        Shift::Px(px) => f64::from(px),
        Shift::Ratio(share) => share.get() * f64::from(below),
    }
}

fn from_start((below, _, shift): (u32, u32, Shift)) -> f64 {
    distance(shift, below)
}

fn from_middle((below, own, shift): (u32, u32, Shift)) -> f64 {
    (f64::from(below) - f64::from(own)) / 2.0 + distance(shift, below)
}

fn from_end((below, own, shift): (u32, u32, Shift)) -> f64 {
    f64::from(below) - f64::from(own) - distance(shift, below)
}

struct Start {
    /// Pixels of the scaled overlay that lie before the picture below.
    hidden: f64,
    at: u32,
}

/// The part of one axis that lies on the picture below.
fn seen(at: f64, own: u32, below: u32) -> Option<(Start, u32)> {
    let at = round_position(at);
    let (from, to) = (at.max(0.0), (at + f64::from(own)).min(f64::from(below)));
    (from < to).then_some((Start { hidden: from - at, at: from as u32 }, (to - from) as u32))
}

#[cfg(test)]
mod tests {
    use plan::{Asset, Dim, Fixed, Picture};

    use super::*;

    fn logo() -> Overlay {
        Overlay::new(Picture::Named { source: None, asset: Asset::Path("logo.png".into()) })
    }

    const BELOW: Size = Size { w: 100, h: 60 };
    const OWN: Size = Size { w: 20, h: 10 };

    #[test]
    fn anchors_and_offsets() {
        use Horizontal::{Center, Left, Right};
        use Vertical::{Bottom, Center as Middle, Top};
        let px = |x, y| (Shift::Px(x), Shift::Px(y));
        let share = |x, y| (Shift::Ratio(Fixed::new(x)), Shift::Ratio(Fixed::new(y)));
        for (anchor, offset, at) in [
            ((Left, Top), px(0, 0), (0, 0)),
            ((Left, Top), px(7, 3), (7, 3)),
            ((Right, Bottom), px(0, 0), (80, 50)),
            ((Right, Bottom), px(7, 3), (73, 47)),
            ((Center, Middle), px(0, 0), (40, 25)),
            ((Center, Middle), px(7, -3), (47, 22)),
            ((Center, Bottom), px(-5, 5), (35, 45)),
            ((Left, Middle), share(0.1, 0.1), (10, 31)),
            ((Right, Top), share(0.1, 0.25), (70, 15)),
            ((Center, Middle), share(-0.2, 0.0), (20, 25)),
            // Half a pixel goes to the top left.
            ((Left, Top), share(0.005, 0.025), (0, 1)),
        ] {
            let laid = overlay(&Overlay { anchor, offset, ..logo() }, OWN, BELOW);
            assert_eq!(laid, Some(Laid { window: OWN.rect(), size: OWN, at }), "{anchor:?} {offset:?}");
        }
    }

    #[test]
    fn boxes() {
        let (px, share) = (|v| Some(Dim::Px(v)), |v| Some(Dim::Ratio(Fixed::new(v))));
        for (own, width, height, shrink, want) in [
            ((20, 10), None, None, false, (20, 10)),
            ((20, 10), px(40), None, false, (40, 20)),
            ((20, 10), None, px(5), false, (10, 5)),
            ((20, 10), px(30), px(30), false, (30, 15)),
            ((20, 10), share(0.5), None, false, (50, 25)),
            ((20, 10), share(0.5), share(0.1), false, (12, 6)),
            ((20, 10), None, None, true, (20, 10)),
            ((400, 100), None, None, true, (100, 25)),
            ((100, 400), None, None, true, (15, 60)),
            ((20, 10), px(400), None, true, (100, 50)),
        ] {
            let laid = overlay(&Overlay { width, height, shrink, ..logo() }, Size::new(own.0, own.1), BELOW);
            let size = laid.map(|laid| (laid.size.w, laid.size.h));
            assert_eq!(size, Some(want), "{own:?} {width:?} {height:?} {shrink}");
        }
    }

    #[test]
    fn what_lies_outside_is_not_even_scaled() {
        let left_top = (Horizontal::Left, Vertical::Top);
        let at = |x, y, width| {
            let offset = (Shift::Px(x), Shift::Px(y));
            overlay(&Overlay { anchor: left_top, offset, width, ..logo() }, OWN, BELOW)
        };
        let half = Rect { x: 10.0, y: 5.0, w: 10.0, h: 5.0 };
        assert_eq!(at(-10, -5, None), Some(Laid { window: half, size: Size::new(10, 5), at: (0, 0) }));
        let start = Rect { x: 0.0, y: 0.0, w: 5.0, h: 2.0 };
        assert_eq!(at(95, 58, None), Some(Laid { window: start, size: Size::new(5, 2), at: (95, 58) }));
        let doubled = Rect { x: 5.0, y: 0.0, w: 15.0, h: 10.0 };
        assert_eq!(at(-10, 0, Some(Dim::Px(40))), Some(Laid { window: doubled, size: Size::new(30, 20), at: (0, 0) }));
        let huge = at(-1_000_000, -500_000, Some(Dim::Px(4_000_000)));
        assert_eq!(huge.map(|laid| (laid.window.x, laid.size, laid.at)), Some((5.0, BELOW, (0, 0))));
        assert_eq!([at(100, 0, None), at(-20, 0, None), at(0, i32::MIN, None)], [None; 3]);
    }
}
