//! What a plan will need and yield, worked out from sizes alone.

use codec::Info;
use plan::{Fit, Format, Gravity, OutputSpec, Region, Stage};

use crate::choose::choose;
use crate::geometry::{self, Affine, Locate, Size, Smart, Turn, framed};
use crate::pictures::{self, Pictures};
use crate::settle;
use crate::stages::{border, orient, pad, rotate};

/// Gravity moves windows and never changes their size: any place will do here.
struct Anywhere;

impl Smart for Anywhere {
    fn best(&self, _: Gravity, _: (f64, f64)) -> (f64, f64) {
        (0.5, 0.5)
    }
}

const ANYWHERE: Locate<'static> = Locate { master: Affine::IDENTITY, smart: &Anywhere };

/// How much larger than the target a decoder's shrunk picture must be. A decoder shrinks by averaging boxes; where nothing
/// is left for the resampling filter to do, that softness stays (measured: 1 dB at 1.02, none at 1.25).
const OVERSAMPLE: f64 = 1.2;

/// The smallest size, in stored axes, that serves the plan as well as the full one; `None` if that is the full one.
///
/// Only the stages before the first scaling count: turns and cuts carry over to any scale. Whatever needs to see or draw
/// pixels at their own size ends the search.
pub(crate) fn at_least(info: &Info, stages: &[Stage], cap: u32) -> Option<(u32, u32)> {
    let mut size = Size::new(info.width, info.height);
    let mut turned = Turn::NONE;
    for stage in stages {
        match stage {
            Stage::Orient(how) => {
                let turn = orient::turn(*how, info.orientation);
                (size, turned) = (turn.size(size), turned.then(turn));
            }
            Stage::Page(_) | Stage::Frames(_) | Stage::Flip { .. } | Stage::Adjust(_) | Stage::Mark => {}
            Stage::Rotate { degrees, .. } => {
                let turn = rotate::right_angle(degrees.get())?;
                (size, turned) = (turn.size(size), turned.then(turn));
            }
            Stage::Extract(region) => {
                let cut = geometry::extract(region, size, &ANYWHERE);
                if cut.canvas.is_some() {
                    return None;
                }
                size = cut.size;
            }
            Stage::Resize(resize) => {
                let p = geometry::resize(resize, size, cap, &ANYWHERE);
                if p.is_nothing(size) {
                    continue;
                }
                let (mut x, mut y) = (f64::from(p.scaled.w) / p.window.w, f64::from(p.scaled.h) / p.window.h);
                // A drawing is drawn as large as it is needed; pixels only shrink.
                let vector = info.kind.is_vector();
                if x >= 1.0 && y >= 1.0 && !vector {
                    return None;
                }
                if turned.transpose {
                    (x, y) = (y, x);
                }
                let (over, most) = if vector { (1.0, u32::MAX) } else { (OVERSAMPLE, 0) };
                let need = |side: u32, scale: f64| {
                    ((f64::from(side) * scale * over - 1e-6).ceil() as u32).clamp(1, most.max(side))
                };
                return Some((need(info.width, x), need(info.height, y)));
            }
            Stage::Typeset(_)
            | Stage::Trim(_)
            | Stage::Straighten { .. }
            | Stage::Pad(_)
            | Stage::Flatten(_)
            | Stage::Filter(_)
            | Stage::Mask(_)
            | Stage::Border(_)
            | Stage::Gradient(_)
            | Stage::Shadow(_)
            | Stage::Overlay(_)
            // Those that only pixels settle.
            | Stage::Measured(_)
            | Stage::Choose(_) => return None,
        }
    }
    None
}

/// Whether all stages only turn, cut and scale, so that planes stay planes.
pub(crate) fn stays_planar(stages: &[Stage]) -> bool {
    stages.iter().all(|stage| match stage {
        // What is opaque lies on no ground and throws no shadow that could be seen.
        Stage::Page(_)
        | Stage::Frames(_)
        | Stage::Orient(_)
        | Stage::Flip { .. }
        | Stage::Flatten(_)
        | Stage::Shadow(_)
        | Stage::Mark => true,
        Stage::Rotate { degrees, .. } => rotate::right_angle(degrees.get()).is_some(),
        Stage::Extract(region) => !matches!(region, Region::Window { pad: Some(_), .. }),
        Stage::Resize(resize) => !matches!(resize.fit, Fit::Contain | Fit::CoverOrContain),
        Stage::Typeset(_)
        | Stage::Trim(_)
        | Stage::Straighten { .. }
        | Stage::Pad(_)
        | Stage::Adjust(_)
        | Stage::Filter(_)
        | Stage::Mask(_)
        | Stage::Border(_)
        | Stage::Gradient(_)
        | Stage::Overlay(_)
        | Stage::Measured(_)
        | Stage::Choose(_) => false,
    })
}

/// The format and the number of frames that the stages yield, where they hang on no pixel: `None` where the format does on
/// whether one is transparent, and where an overlay is to be read.
pub(crate) fn format_and_frames(info: &Info, stages: &[Stage], page: u32, spec: &OutputSpec) -> Option<(Format, u32)> {
    let reads = |stage: &Stage| {
        matches!(
            stage,
            Stage::Frames(_) | Stage::Typeset(_) | Stage::Overlay(_) | Stage::Measured(_) | Stage::Choose(_)
        )
    };
    if stages.iter().any(reads) {
        return None;
    }
    let source = info.kind.output_format();
    let opaque = !info.may_have_alpha && stays_planar(stages);
    let format = |animated: bool| {
        let found = choose(spec, source, false, animated);
        (opaque || choose(spec, source, true, animated) == found).then_some(found)
    };
    // A frame that is not there is an error, for whoever decodes to find.
    if page > 0 && info.frames > 1 {
        return None;
    }
    let moves = info.frames > 1 && spec.animation && format(true)?.holds_animation();
    Some((format(moves)?, if moves { info.frames } else { 1 }))
}

/// The size that the stages yield from a master; `None` where only the pixels can tell (after a trim).
pub fn final_size(info: &Info, stages: &[Stage], cap: u32) -> Option<(u32, u32)> {
    let unread = vec![None; pictures::count(stages)];
    let stages = settle::settle(stages, info, None, cap, &Pictures::new(&unread));
    let whole = Size::new(info.width, info.height);
    let size = stages.iter().try_fold(whole, |size, stage| after(stage, size, info, cap))?.capped(cap);
    Some((size.w, size.h))
}

/// The size that a stage makes of one; `None` where only the pixels can tell.
pub(crate) fn after(stage: &Stage, size: Size, info: &Info, cap: u32) -> Option<Size> {
    Some(match stage {
        Stage::Orient(how) => orient::turn(*how, info.orientation).size(size),
        Stage::Page(_)
        | Stage::Frames(_)
        | Stage::Flip { .. }
        | Stage::Flatten(_)
        | Stage::Straighten { .. }
        | Stage::Overlay(_)
        | Stage::Adjust(_)
        | Stage::Filter(_)
        | Stage::Mask(_)
        | Stage::Gradient(_)
        | Stage::Shadow(_)
        | Stage::Mark => size,
        Stage::Border(border) => border::placement(border, size, cap).canvas,
        Stage::Rotate { degrees, .. } => match rotate::right_angle(degrees.get()) {
            Some(turn) => turn.size(size),
            None => rotate::canvas(size, degrees.get(), cap),
        },
        Stage::Extract(region) => {
            let cut = geometry::extract(region, size, &ANYWHERE);
            match cut.canvas {
                Some((canvas, _, _)) => framed(cut.size, (canvas.w.into(), canvas.h.into()), (0, 0), cap).canvas,
                None => cut.size,
            }
        }
        Stage::Resize(resize) => geometry::resize(resize, size, cap, &ANYWHERE).canvas,
        Stage::Pad(bars) => pad::placement(bars, size, cap).canvas,
        Stage::Measured(measured) if matches!(*measured.stage, Stage::Overlay(_)) => size,
        Stage::Typeset(_) | Stage::Trim(_) | Stage::Measured(_) | Stage::Choose(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use codec::Kind;
    use plan::{Aspect, Background, Dim, Enlarge, Fixed, Orient, Radius, Resize, Trim, TrimMode};

    use super::*;

    #[test]
    fn a_drawing_may_be_drawn_larger() {
        let svg = Info { kind: Kind::Svg, ..info(60, 40, 1) };
        for (side, want) in [(30, (30, 20)), (60, (60, 40)), (900, (900, 600))] {
            let stages = [to(side, side, Fit::Inside)];
            assert_eq!(at_least(&svg, &stages, 8192), (side != 60).then_some(want));
        }
    }

    fn info(width: u32, height: u32, orientation: u8) -> Info {
        Info { kind: Kind::Jpeg, width, height, orientation, may_have_alpha: false, frames: 1 }
    }

    fn to(w: u32, h: u32, fit: Fit) -> Stage {
        Stage::Resize(Resize::new(Some(Dim::Px(w)), Some(Dim::Px(h)), fit))
    }

    fn mask() -> Stage {
        Stage::Mask(plan::Mask { shape: plan::Shape::Corners([Radius::Px(9); 4]), outside: Background::Auto })
    }

    fn frame(inside: bool) -> Stage {
        let (color, none) = (plan::Color::BLACK, [Radius::NONE; 4]);
        Stage::Border(plan::Border {
            widths: [1, 2, 3, 4],
            color,
            inside,
            outer: none,
            inner: none,
            outside: Background::Auto,
        })
    }

    fn gradient() -> Stage {
        let shape = plan::GradientShape::Linear { degrees: Fixed::ZERO, stop: Fixed::ONE };
        let (from, to) = (plan::Color::BLACK, plan::Color::WHITE);
        Stage::Gradient(plan::Gradient { shape, from, to, mix: plan::Mix::Srgb })
    }

    fn shadow() -> Stage {
        let shift = Fixed::new(0.1);
        Stage::Shadow(plan::Shadow { x: shift, y: shift, sigma: Fixed::ONE, color: plan::Color::BLACK })
    }

    #[test]
    fn sizes_and_planes_are_known_before_shapes_are_drawn() {
        let half = || to(400, 300, Fit::Inside);
        for (stages, size, planar) in [
            (vec![half(), mask()], (400, 300), false),
            (vec![half(), frame(true)], (400, 300), false),
            (vec![half(), frame(false)], (406, 304), false),
            (vec![half(), gradient()], (400, 300), false),
            // What has planes is opaque, and hides its shadow.
            (vec![half(), shadow()], (400, 300), true),
        ] {
            assert_eq!(final_size(&info(4000, 3000, 1), &stages, 8192), Some(size), "{stages:?}");
            assert_eq!(stays_planar(&stages), planar, "{stages:?}");
        }
        // A frame that passes the cap shrinks with its picture.
        assert_eq!(final_size(&info(4000, 3000, 1), &[frame(false)], 2003), Some((2003, 1502)));
    }

    #[test]
    fn the_decoder_may_shrink_to_what_the_first_scaling_needs() {
        let upright = || Stage::Orient(Orient::Exif);
        let half = || {
            let aspect = Aspect::Exact(Fixed::ONE);
            Stage::Extract(Region::Aspect { aspect, gravity: Gravity::Attention })
        };
        let trim = Trim { mode: TrimMode::Corner, tolerance: Fixed::ZERO, keep: 0 };
        let over = || {
            let asset = plan::Asset::Path("logo.png".to_owned());
            Stage::Overlay(Box::new(plan::Overlay::new(plan::Picture::Named { source: None, asset })))
        };
        let no = Stage::Resize(Resize { enlarge: Enlarge::No, ..Resize::new(Some(Dim::Px(9000)), None, Fit::Inside) });
        for (orientation, stages, want) in [
            (1, vec![to(400, 400, Fit::Inside)], Some((480, 360))),
            (1, vec![to(400, 400, Fit::Cover)], Some((640, 480))),
            (6, vec![to(300, 400, Fit::Inside)], Some((360, 270))),
            (6, vec![upright(), to(300, 400, Fit::Inside)], Some((480, 360))),
            (6, vec![upright(), to(100, 400, Fit::Stretch)], Some((480, 120))),
            (1, vec![half(), to(300, 300, Fit::Cover)], Some((480, 360))),
            (1, vec![Stage::Trim(trim), to(300, 300, Fit::Cover)], None),
            // What is drawn in pixels of the full size must find them.
            (1, vec![over(), to(300, 300, Fit::Cover)], None),
            (1, vec![to(400, 400, Fit::Inside), over()], Some((480, 360))),
            (1, vec![to(9000, 9000, Fit::Inside)], None),
            (1, vec![no, to(40, 40, Fit::Inside)], Some((48, 36))),
            (1, vec![upright()], None),
            // So must shapes with lengths; drawn after the scaling, they do.
            (1, vec![mask(), to(300, 300, Fit::Cover)], None),
            (1, vec![frame(false), to(300, 300, Fit::Cover)], None),
            (1, vec![gradient(), to(300, 300, Fit::Cover)], None),
            (1, vec![shadow(), to(300, 300, Fit::Cover)], None),
            (1, vec![to(400, 400, Fit::Inside), mask(), frame(false), gradient(), shadow()], Some((480, 360))),
        ] {
            assert_eq!(at_least(&info(4000, 3000, orientation), &stages, 8192), want, "{stages:?}");
        }
    }
}
