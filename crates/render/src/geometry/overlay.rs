use plan::{Enlarge, Fit, Horizontal, Overlay, Picture, Resize, Shift, Vertical};

use super::region::length;
use super::{Locate, Rect, Size, resize, round_position, scaled};

/// Where an overlay is seen on the picture below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Laid {
    /// The part of the overlay that is seen, in pixels of the overlay before it is scaled. Of one that is repeated: all that
    /// its box does not cut.
    pub window: Rect,
    /// The size the window is scaled to.
    pub size: Size,
    /// Where that lies on the picture below. Of one that is repeated: the first place, in each direction, that does not
    /// begin before the picture below.
    pub at: (u32, u32),
    /// From one repetition to the next, across and down; at least `size`.
    pub step: Option<(u64, u64)>,
}

/// The part of an overlay that it is placed by, where more of it is to be seen: a text's box, over which its shadow falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Core {
    /// Its left edge in the overlay.
    pub x: u32,
    /// Its upper edge.
    pub y: u32,
    /// Its size.
    pub size: Size,
}

/// Works out [`plan::Stage::Overlay`], for an overlay that has been through its own stages. `None` where none of it is
/// seen. `core` counts where nothing is scaled or repeated.
pub fn overlay(overlay: &Overlay, own: Size, core: Option<Core>, below: Size, locate: &Locate<'_>) -> Option<Laid> {
    let core = core.filter(|core| {
        overlay.tile.is_none()
            && scalings(overlay, below).iter().all(|r| resize(r, core.size, u32::MAX, locate).is_nothing(core.size))
    });
    let (boxed, outside) = match core {
        Some(core) => (Boxed::whole(own), Some(core)),
        None => (boxed(overlay, own, below, locate), None),
    };
    let placed = outside.map_or(boxed.canvas, |core| core.size);
    let start = |core: u32, offset: u32| f64::from(offset) - f64::from(core);
    let (x, y) = corner(overlay, placed, below);
    let x = x + start(outside.map_or(0, |core| core.x), boxed.offset.0);
    let y = y + start(outside.map_or(0, |core| core.y), boxed.offset.1);
    if let Some(tile) = overlay.tile {
        let step = (u64::from(placed.w) + u64::from(tile.across), u64::from(placed.h) + u64::from(tile.down));
        let first = |at: f64, step: u64| at.rem_euclid(step as f64) as u64;
        let (x, y) = (first(x, step.0), first(y, step.1));
        // The first place may lie past the picture below and its forerunner still reach into it.
        let at = (u32::try_from(x).unwrap_or(u32::MAX), u32::try_from(y).unwrap_or(u32::MAX));
        return Some(Laid { window: boxed.window, size: boxed.scaled, at, step: Some(step) });
    }
    let (window, size) = (boxed.window, boxed.scaled);
    let (x, w) = seen(x, size.w, below.w)?;
    let (y, h) = seen(y, size.h, below.h)?;
    let all = (w, h) == (size.w, size.h);
    let (sx, sy) = (window.w / f64::from(size.w), window.h / f64::from(size.h));
    let part =
        Rect { x: window.x + x.hidden * sx, y: window.y + y.hidden * sy, w: f64::from(w) * sx, h: f64::from(h) * sy };
    Some(Laid { window: if all { window } else { part }, size: Size::new(w, h), at: (x.at, y.at), step: None })
}

/// What scales an overlay, once it has been through its own stages: into its box, and into the picture below. One of a
/// single colour is made as large as its box, whatever its stages make of it.
pub fn scalings(overlay: &Overlay, below: Size) -> Vec<Resize> {
    let pixels = |length: Option<u32>| length.map(plan::Dim::Px);
    let (width, height) = (length(overlay.width, below.w), length(overlay.height, below.h));
    let mut all = Vec::new();
    if (width.is_some() || height.is_some()) && !matches!(overlay.picture, Picture::Solid(_)) {
        let into = Resize::new(pixels(width), pixels(height), overlay.fit);
        all.push(Resize { enlarge: overlay.enlarge, gravity: overlay.gravity, ..into });
    }
    if overlay.shrink {
        let fit = Resize::new(pixels(Some(below.w)), pixels(Some(below.h)), Fit::Inside);
        all.push(Resize { enlarge: Enlarge::No, ..fit });
    }
    all
}

/// The size of an overlay of a single colour: its box, on a side without one the picture below.
pub fn solid(overlay: &Overlay, below: Size) -> Size {
    let side = |dim, below: u32| length(dim, below).unwrap_or(below);
    Size::new(side(overlay.width, below.w), side(overlay.height, below.h))
}

/// An overlay in its box.
struct Boxed {
    /// What the box leaves of it, in its own pixels.
    window: Rect,
    /// The size that is scaled to.
    scaled: Size,
    /// The box; what of it the overlay does not fill is transparent.
    canvas: Size,
    /// Where in the box the overlay lies.
    offset: (u32, u32),
}

impl Boxed {
    fn whole(own: Size) -> Self {
        Boxed { window: own.rect(), scaled: own, canvas: own, offset: (0, 0) }
    }
}

fn boxed(overlay: &Overlay, own: Size, below: Size, locate: &Locate<'_>) -> Boxed {
    let mut boxed = Boxed::whole(own);
    for (index, scaling) in scalings(overlay, below).iter().enumerate() {
        let placed = resize(scaling, boxed.canvas, u32::MAX, locate);
        if index == 0 {
            boxed =
                Boxed { window: placed.window, scaled: placed.scaled, canvas: placed.canvas, offset: placed.offset };
            continue;
        }
        // Scaled as a whole, once more.
        let (from, to) = (boxed.canvas, placed.canvas);
        let by = |v: u32, to: u32, from: u32| if v == 0 { 0 } else { scaled(v, to, from) };
        boxed.scaled = Size::new(by(boxed.scaled.w, to.w, from.w), by(boxed.scaled.h, to.h, from.h)).min(to);
        boxed.offset = (
            by(boxed.offset.0, to.w, from.w).min(to.w - boxed.scaled.w),
            by(boxed.offset.1, to.h, from.h).min(to.h - boxed.scaled.h),
        );
        boxed.canvas = to;
    }
    boxed
}

/// Where the upper left corner of something lies that is placed as the overlay says, in whole pixels.
fn corner(overlay: &Overlay, placed: Size, below: Size) -> (f64, f64) {
    let axis = |anchor: Part, origin: Option<Part>, offset: Shift, own: u32, below: u32| {
        let inwards = if origin.is_none() && anchor == Part::Far { -1.0 } else { 1.0 };
        let (on_own, on_below) = (anchor.share(), origin.unwrap_or(anchor).share());
        let from = f64::from(below) * on_below - f64::from(own) * on_own;
        round_position(from + inwards * distance(offset, below))
    };
    let (column, row) = (overlay.anchor.0.into(), overlay.anchor.1.into());
    let origin = overlay.origin.map(|(column, row)| (Part::from(column), Part::from(row)));
    let x = axis(column, origin.map(|o| o.0), overlay.offset.0, placed.w, below.w);
    let y = axis(row, origin.map(|o| o.1), overlay.offset.1, placed.h, below.h);
    (x, y)
}

/// An edge or the middle of an axis.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Near,
    Middle,
    Far,
}

impl Part {
    fn share(self) -> f64 {
        match self {
            Part::Near => 0.0,
            Part::Middle => 0.5,
            Part::Far => 1.0,
        }
    }
}

impl From<Horizontal> for Part {
    fn from(column: Horizontal) -> Self {
        match column {
            Horizontal::Left => Part::Near,
            Horizontal::Center => Part::Middle,
            Horizontal::Right => Part::Far,
        }
    }
}

impl From<Vertical> for Part {
    fn from(row: Vertical) -> Self {
        match row {
            Vertical::Top => Part::Near,
            Vertical::Center => Part::Middle,
            Vertical::Bottom => Part::Far,
        }
    }
}

fn distance(shift: Shift, below: u32) -> f64 {
    match shift {
        Shift::Px(px) => f64::from(px),
        Shift::Ratio(share) => share.get() * f64::from(below),
    }
}

struct Start {
    /// Pixels of the scaled overlay that lie before the picture below.
    hidden: f64,
    at: u32,
}

/// The part of one axis that lies on the picture below.
fn seen(at: f64, own: u32, below: u32) -> Option<(Start, u32)> {
    let (from, to) = (at.max(0.0), (at + f64::from(own)).min(f64::from(below)));
    (from < to).then_some((Start { hidden: from - at, at: from as u32 }, (to - from) as u32))
}

#[cfg(test)]
mod tests {
    use plan::{Asset, Dim, Fixed, Gravity, Tile};

    use super::super::gravity::tests::NOWHERE;
    use super::*;

    fn logo() -> Overlay {
        Overlay::new(Picture::Named { source: None, asset: Asset::Path("logo.png".into()) })
    }

    fn laid(overlay: &Overlay, own: Size) -> Option<Laid> {
        super::overlay(overlay, own, None, BELOW, &NOWHERE)
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
            let laid = laid(&Overlay { anchor, offset, ..logo() }, OWN);
            let want = Laid { window: OWN.rect(), size: OWN, at, step: None };
            assert_eq!(laid, Some(want), "{anchor:?} {offset:?}");
        }
    }

    #[test]
    fn any_part_is_brought_to_any_other() {
        use Horizontal::{Center, Left, Right};
        use Vertical::{Bottom, Center as Middle, Top};
        for (anchor, origin, offset, at) in [
            ((Left, Top), (Center, Bottom), (0, -20), (50, 40)),
            ((Right, Bottom), (Left, Top), (25, 11), (5, 1)),
            ((Center, Middle), (Left, Top), (30, 20), (20, 15)),
            ((Center, Middle), (Right, Bottom), (-30, -20), (60, 35)),
            // To the right and down, even from a far edge.
            ((Right, Bottom), (Right, Bottom), (-7, -3), (73, 47)),
        ] {
            let offset = (Shift::Px(offset.0), Shift::Px(offset.1));
            let laid = laid(&Overlay { anchor, origin: Some(origin), offset, ..logo() }, OWN);
            assert_eq!(laid.map(|laid| laid.at), Some(at), "{anchor:?} {origin:?}");
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
            let laid = laid(&Overlay { width, height, shrink, ..logo() }, Size::new(own.0, own.1));
            let size = laid.map(|laid| (laid.size.w, laid.size.h));
            assert_eq!(size, Some(want), "{own:?} {width:?} {height:?} {shrink}");
        }
    }

    #[test]
    fn what_lies_outside_is_not_even_scaled() {
        let left_top = (Horizontal::Left, Vertical::Top);
        let at = |x, y, width| {
            let offset = (Shift::Px(x), Shift::Px(y));
            laid(&Overlay { anchor: left_top, offset, width, ..logo() }, OWN)
        };
        let seen = |window, size, at| Some(Laid { window, size, at, step: None });
        let half = Rect { x: 10.0, y: 5.0, w: 10.0, h: 5.0 };
        assert_eq!(at(-10, -5, None), seen(half, Size::new(10, 5), (0, 0)));
        let start = Rect { x: 0.0, y: 0.0, w: 5.0, h: 2.0 };
        assert_eq!(at(95, 58, None), seen(start, Size::new(5, 2), (95, 58)));
        let doubled = Rect { x: 5.0, y: 0.0, w: 15.0, h: 10.0 };
        assert_eq!(at(-10, 0, Some(Dim::Px(40))), seen(doubled, Size::new(30, 20), (0, 0)));
        let huge = at(-1_000_000, -500_000, Some(Dim::Px(4_000_000)));
        assert_eq!(huge.map(|laid| (laid.window.x, laid.size, laid.at)), Some((5.0, BELOW, (0, 0))));
        assert_eq!([at(100, 0, None), at(-20, 0, None), at(0, i32::MIN, None)], [None; 3]);
    }

    #[test]
    fn fits() {
        let px = |v| Some(Dim::Px(v));
        let right = Gravity::Anchor(Horizontal::Right, Vertical::Bottom);
        let rect = |x: f64, y: f64, w: f64, h: f64| Rect { x, y, w, h };
        let all = OWN.rect();
        for (fit, enlarge, gravity, size, window, at) in [
            (Fit::Inside, Enlarge::Yes, Gravity::CENTER, (30, 15), all, (35, 22)),
            (Fit::Inside, Enlarge::No, Gravity::CENTER, (20, 10), all, (40, 25)),
            (Fit::Outside, Enlarge::Yes, Gravity::CENTER, (60, 30), all, (20, 15)),
            (Fit::Stretch, Enlarge::Yes, Gravity::CENTER, (30, 30), all, (35, 15)),
            (Fit::Stretch, Enlarge::No, Gravity::CENTER, (20, 10), all, (40, 25)),
            (Fit::Cover, Enlarge::Yes, Gravity::CENTER, (30, 30), rect(5.0, 0.0, 10.0, 10.0), (35, 15)),
            (Fit::Cover, Enlarge::Yes, right, (30, 30), rect(10.0, 0.0, 10.0, 10.0), (35, 15)),
            (Fit::Cover, Enlarge::No, right, (10, 10), rect(10.0, 0.0, 10.0, 10.0), (45, 25)),
            (Fit::Cover, Enlarge::NoClamp, Gravity::CENTER, (20, 10), all, (40, 25)),
            // The box is 30 by 30; what the overlay leaves of it is transparent.
            (Fit::Contain, Enlarge::Yes, Gravity::CENTER, (30, 15), all, (35, 22)),
            (Fit::Contain, Enlarge::Yes, right, (30, 15), all, (35, 30)),
            (Fit::Contain, Enlarge::No, right, (20, 10), all, (45, 35)),
            (Fit::CoverOrContain, Enlarge::Yes, Gravity::CENTER, (30, 15), all, (35, 22)),
        ] {
            let overlay = Overlay { width: px(30), height: px(30), fit, enlarge, gravity, ..logo() };
            let want = Laid { window, size: Size::new(size.0, size.1), at, step: None };
            assert_eq!(laid(&overlay, OWN), Some(want), "{fit:?} {enlarge:?} {gravity:?}");
        }
        // A box past the picture below shrinks with all that is in it.
        let tall = Overlay { width: px(100), height: px(120), fit: Fit::Contain, shrink: true, ..logo() };
        let want = Laid { window: all, size: Size::new(50, 25), at: (25, 18), step: None };
        assert_eq!(laid(&tall, OWN), Some(want));
    }

    #[test]
    fn repetitions_begin_anywhere() {
        let left_top = (Horizontal::Left, Vertical::Top);
        let tile = Some(Tile { across: 5, down: 2 });
        for (anchor, offset, at) in [
            (left_top, (0, 0), (0, 0)),
            (left_top, (3, -1), (3, 11)),
            (left_top, (-26, 25), (24, 1)),
            ((Horizontal::Center, Vertical::Center), (0, 0), (15, 1)),
            (left_top, (i32::MIN, i32::MAX), (2, 7)),
        ] {
            let offset = (Shift::Px(offset.0), Shift::Px(offset.1));
            let got = laid(&Overlay { anchor, offset, tile, ..logo() }, OWN);
            assert_eq!(got, Some(Laid { window: OWN.rect(), size: OWN, at, step: Some((25, 12)) }), "{offset:?}");
        }
    }

    #[test]
    fn a_core_is_what_is_placed() {
        let core = Some(Core { x: 2, y: 1, size: Size::new(10, 6) });
        let right = (Horizontal::Right, Vertical::Bottom);
        let place =
            |overlay: &Overlay| super::overlay(overlay, OWN, core, BELOW, &NOWHERE).map(|laid| (laid.at, laid.size));
        assert_eq!(
            place(&Overlay { anchor: (Horizontal::Left, Vertical::Top), ..logo() }),
            Some(((0, 0), Size::new(18, 9)))
        );
        assert_eq!(place(&Overlay { anchor: right, ..logo() }), Some(((88, 53), Size::new(12, 7))));
        // Where it is scaled, all of it is.
        let scaled = Overlay { anchor: right, width: Some(Dim::Px(40)), ..logo() };
        assert_eq!(place(&scaled), Some(((60, 40), Size::new(40, 20))));
    }

    #[test]
    fn one_colour_is_as_large_as_its_box() {
        let red = |width, height| Overlay { width, height, ..Overlay::new(Picture::Solid(plan::Color::BLACK)) };
        for (width, height, want) in [
            (None, None, (100, 60)),
            (Some(Dim::Px(7)), None, (7, 60)),
            (None, Some(Dim::Ratio(Fixed::new(0.5))), (100, 30)),
            (Some(Dim::Px(500)), Some(Dim::Px(2)), (500, 2)),
        ] {
            assert_eq!(solid(&red(width, height), BELOW), Size::new(want.0, want.1));
            assert!(scalings(&red(width, height), BELOW).is_empty());
        }
    }
}
