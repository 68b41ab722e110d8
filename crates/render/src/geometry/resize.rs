use plan::{Enlarge, Fit, Limits, Resize};

use super::region::{largest_inside, length, ratio};
use super::{Affine, Locate, Rect, Size, place, round_length, round_position, scaled, slack};

/// What a resize does: scale a window of the input, then perhaps put it on a larger canvas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// The part of the input that stays, in pixels of the input.
    pub window: Rect,
    /// The size the window is scaled to.
    pub scaled: Size,
    /// The size of the result, at least `scaled` on both sides.
    pub canvas: Size,
    /// Where the scaled window lies on the canvas.
    pub offset: (u32, u32),
}

impl Placement {
    /// Whether nothing changes.
    pub fn is_nothing(&self, input: Size) -> bool {
        self.window == input.rect() && self.scaled == input && self.canvas == input
    }

    /// Where points of the input lie in the result.
    pub fn map(&self) -> Affine {
        let (sx, sy) = (f64::from(self.scaled.w) / self.window.w, f64::from(self.scaled.h) / self.window.h);
        let (dx, dy) = (f64::from(self.offset.0), f64::from(self.offset.1));
        Affine::scale_move(sx, sy, dx - self.window.x * sx, dy - self.window.y * sy)
    }
}

/// Works out [`plan::Stage::Resize`]. A result with a side longer than `cap` is scaled down as a whole.
pub fn resize(r: &Resize, input: Size, cap: u32, locate: &Locate<'_>) -> Placement {
    let (fit, target) = match target(r, input) {
        Target::Proportional(size) => (Fit::Stretch, size),
        Target::Box(size) => (r.fit, size),
    };
    let contains = fit == Fit::Contain || fit == Fit::CoverOrContain && !input.covers(target);
    if contains {
        let mut inner = inside(input, target);
        if r.enlarge != Enlarge::Yes {
            inner = inner.min(input);
        }
        let canvas = target.capped(cap);
        let inner = if canvas == target {
            inner
        } else {
            let (longest, by) = (target.longest(), canvas.longest());
            Size::new(scaled(inner.w, by, longest), scaled(inner.h, by, longest)).min(canvas)
        };
        return Placement { window: input.rect(), scaled: inner, canvas, offset: slack(r.gravity, canvas, inner) };
    }
    let enlarges = r.enlarge == Enlarge::Yes;
    match fit {
        Fit::Inside | Fit::Outside => {
            let size = if fit == Fit::Inside { inside(input, target) } else { outside(input, target) };
            whole(input, if enlarges { size } else { size.min(input) }, cap)
        }
        Fit::Stretch => whole(input, if enlarges || input.covers(target) { target } else { input }, cap),
        Fit::Cover | Fit::CoverOrContain | Fit::Contain => {
            let target = match r.enlarge {
                Enlarge::Yes => target,
                // The target is shrunk like any picture that must fit into a box without growing.
                Enlarge::No => inside(target, input).min(target),
                Enlarge::NoClamp => target.min(input),
            };
            cover(r, input, target, cap, locate)
        }
    }
}

enum Target {
    /// The input's own ratio: nothing to cut or pad.
    Proportional(Size),
    Box(Size),
}

fn target(r: &Resize, input: Size) -> Target {
    let (width, height) = (length(r.width, input.w), length(r.height, input.h));
    let ratio = r.aspect.map(|aspect| ratio(aspect, input));
    let (size, own_ratio) = match (width, height, ratio) {
        (Some(w), Some(h), _) => (Size::new(w, h), false),
        (Some(w), None, Some(ratio)) => (Size::new(w, round_length(f64::from(w) / ratio)), false),
        (None, Some(h), Some(ratio)) => (Size::new(round_length(f64::from(h) * ratio), h), false),
        (None, None, Some(ratio)) if r.fit == Fit::Contain => (smallest_around(ratio, input), false),
        (None, None, Some(ratio)) => (largest_inside(ratio, input), false),
        (Some(w), None, None) => (Size::new(w, scaled(input.h, w, input.w)), true),
        (None, Some(h), None) => (Size::new(scaled(input.w, h, input.h), h), true),
        (None, None, None) => (input, true),
    };
    let (w, h) = r.limits.apply(size.w, size.h);
    let limited = Size::new(w, h);
    if own_ratio && limited == size {
        let grows = !input.covers(size) && r.enlarge != Enlarge::Yes;
        return Target::Proportional(if grows { input } else { size });
    }
    Target::Box(limited)
}

fn cover(r: &Resize, input: Size, target: Size, cap: u32, locate: &Locate<'_>) -> Placement {
    let (w, h) = (f64::from(input.w), f64::from(input.h));
    let (tw, th) = (f64::from(target.w), f64::from(target.h));
    let zoom = r.zoom.get().max(1.0);
    let scale = (tw / w).max(th / h);
    // One axis is kept in full: said so rather than divided, which would miss it by a hair.
    let (mut ww, mut wh) = if tw * h >= th * w { (w, (th * w / tw).min(h)) } else { ((tw * h / th).min(w), h) };
    (ww, wh) = (ww / zoom, wh / zoom);
    let (mut x, mut y) = place(r.gravity, input, (ww, wh), locate);
    // Pixels that keep their size keep their places.
    if scale == 1.0 && zoom == 1.0 {
        (x, y) = (round_position(x), round_position(y));
    }
    let size = target.capped(cap);
    Placement { window: Rect { x, y, w: ww, h: wh }, scaled: size, canvas: size, offset: (0, 0) }
}

fn whole(input: Size, size: Size, cap: u32) -> Placement {
    let size = size.capped(cap);
    Placement { window: input.rect(), scaled: size, canvas: size, offset: (0, 0) }
}

/// The input scaled to lie within the target and touch it.
fn inside(input: Size, target: Size) -> Size {
    fitted(input, target, wider(target, input))
}

/// The input scaled to cover the target and touch it.
fn outside(input: Size, target: Size) -> Size {
    fitted(input, target, !wider(target, input))
}

fn fitted(input: Size, target: Size, by_height: bool) -> Size {
    if by_height {
        Size::new(scaled(input.w, target.h, input.h), target.h)
    } else {
        Size::new(target.w, scaled(input.h, target.w, input.w))
    }
}

fn wider(a: Size, b: Size) -> bool {
    u64::from(a.w) * u64::from(b.h) > u64::from(b.w) * u64::from(a.h)
}

fn smallest_around(ratio: f64, input: Size) -> Size {
    let (w, h) = (f64::from(input.w), f64::from(input.h));
    if w / h > ratio {
        Size::new(input.w, round_length(w / ratio).max(input.h))
    } else {
        Size::new(round_length(h * ratio).max(input.w), input.h)
    }
}

/// Bars or a larger canvas around a picture that keeps its size, unless the canvas passes the cap: then both shrink.
pub fn framed(size: Size, canvas: (u64, u64), offset: (u64, u64), cap: u32) -> Placement {
    let (cap, longest) = (u64::from(cap.max(1)), canvas.0.max(canvas.1).max(1));
    let fit = |v: u64| {
        let v = if longest <= cap {
            v
        } else {
            ((2 * u128::from(v) * u128::from(cap) + u128::from(longest)) / (2 * u128::from(longest))) as u64
        };
        v.min(cap) as u32
    };
    let canvas = Size::new(fit(canvas.0), fit(canvas.1));
    let inner = Size::new(fit(size.w.into()), fit(size.h.into())).min(canvas);
    let offset = (fit(offset.0).min(canvas.w - inner.w), fit(offset.1).min(canvas.h - inner.h));
    Placement { window: size.rect(), scaled: inner, canvas, offset }
}

/// The canvas that holds a picture turned clockwise by any angle.
pub fn rotated(size: Size, degrees: f64) -> Size {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (w, h) = (f64::from(size.w), f64::from(size.h));
    let side = |v: f64| (v - 1e-6).ceil().clamp(1.0, f64::from(u32::MAX)) as u32;
    Size::new(side(w * cos.abs() + h * sin.abs()), side(w * sin.abs() + h * cos.abs()))
}

/// The zoom at which a picture turned inside its own frame shows no corner.
pub fn straighten_zoom(size: Size, degrees: f64) -> f64 {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (w, h) = (f64::from(size.w), f64::from(size.h));
    ((w * cos.abs() + h * sin.abs()) / w).max((w * sin.abs() + h * cos.abs()) / h)
}

/// A resize that does nothing but hold both sides within a cap.
pub(crate) fn cap_only(cap: u32) -> Resize {
    Resize {
        enlarge: Enlarge::No,
        limits: Limits::default(),
        ..Resize::new(Some(plan::Dim::Px(cap.max(1))), Some(plan::Dim::Px(cap.max(1))), Fit::Inside)
    }
}

#[cfg(test)]
mod tests;
