//! Stages that hang on sizes ([`plan::Measured`], [`plan::Choose`]) become plain ones before anything else looks at a plan,
//! so that what is read, shrunk and drawn is as if the plain ones had been asked for. What hangs on a size that only pixels
//! tell (behind a trim) is left for when it is carried out.

use std::borrow::Cow;

use codec::Info;
use plan::{Choose, Expr, Length, Measured, Sizes, Stage};

use crate::foresee;
use crate::geometry::{Size, Turn};
use crate::pictures::{Pictures, count};

/// The stages of a picture of which the headers are read, as plain as can be. `below`: the size of the picture that they
/// make an overlay for; `cap`: the longest side of a result.
///
/// Must be called just before the stages are run: overlays that are not chosen are struck out of `pictures`.
pub(crate) fn settle<'s>(
    stages: &'s [Stage],
    info: &Info,
    below: Option<Size>,
    cap: u32,
    pictures: &Pictures<'_>,
) -> Cow<'s, [Stage]> {
    if !stages.iter().any(hangs) {
        return Cow::Borrowed(stages);
    }
    let stored = Size::new(info.width, info.height);
    let initial = Some(pair(upright(info)));
    let sizes = Sizes { initial, marked: initial, below: below.map(pair) };
    let (out, kept) = (Vec::with_capacity(stages.len()), Vec::new());
    let mut walk = Walk { info, cap, pictures, sizes, size: Some(stored), out, kept, seen: 0 };
    walk.all(stages);
    let Walk { mut out, kept, .. } = walk;
    if !out.iter().any(|stage| matches!(stage, Stage::Measured(_) | Stage::Choose(_))) {
        out.retain(|stage| *stage != Stage::Mark);
    }
    pictures.keep(count(stages), &kept);
    Cow::Owned(out)
}

/// Whether it is no plain stage.
fn hangs(stage: &Stage) -> bool {
    matches!(stage, Stage::Mark | Stage::Measured(_) | Stage::Choose(_))
}

/// The size of a picture that is turned as its EXIF says.
pub(crate) fn upright(info: &Info) -> Size {
    Turn::from_exif(info.orientation).size(Size::new(info.width, info.height))
}

pub(crate) fn pair(size: Size) -> (u32, u32) {
    (size.w, size.h)
}

/// A measured stage at a picture of a size, lengths without a value left as they stand.
pub(crate) fn plain(measured: &Measured, sizes: &Sizes, here: Size, pictures: &Pictures<'_>) -> Option<Stage> {
    let mut idle = |length: Length, expr: &Expr| {
        pictures.warn(format!("no {} comes of {expr}: it is left out", length.name()));
    };
    measured.settle(sizes, pair(here), &mut idle)
}

/// Whether the first stages are chosen; `sizes`: with the picture that comes in as the marked one. What hangs on a size that
/// is not there does not hold.
pub(crate) fn holds(choose: &Choose, sizes: &Sizes) -> bool {
    choose.condition.holds(sizes) == Some(true)
}

struct Walk<'a> {
    info: &'a Info,
    cap: u32,
    pictures: &'a Pictures<'a>,
    sizes: Sizes,
    /// Of the picture at this point; `None` behind what only pixels tell.
    size: Option<Size>,
    out: Vec<Stage>,
    /// Overlays that are drawn, or may be, in the order of [`plan::Plan::overlays`].
    kept: Vec<usize>,
    /// Overlays that were passed.
    seen: usize,
}

impl Walk<'_> {
    fn all(&mut self, stages: &[Stage]) {
        for stage in stages {
            match stage {
                Stage::Mark => self.mark(),
                Stage::Measured(measured) => match self.settled(measured) {
                    Some(plain) => plain.into_iter().for_each(|plain| self.push(plain)),
                    None => self.push(stage.clone()),
                },
                Stage::Choose(choose) if self.size.is_some() => self.choose(choose),
                // What it will leave is what is marked behind it: see `plan::Choose`.
                Stage::Choose(_) => {
                    self.push(stage.clone());
                    self.sizes.marked = None;
                }
                plain => self.push(plain.clone()),
            }
        }
    }

    fn mark(&mut self) {
        self.sizes.marked = self.size.map(pair);
        self.out.push(Stage::Mark);
    }

    /// `None` where it has to wait, `Some(None)` where nothing is left of it.
    fn settled(&mut self, measured: &Measured) -> Option<Option<Stage>> {
        let here = self.size?;
        let of_overlay = matches!(*measured.stage, Stage::Overlay(_));
        // What an overlay calls initial is itself.
        let sizes = if of_overlay { Sizes { below: Some(pair(here)), ..Sizes::default() } } else { self.sizes };
        let waits = |expr: &Expr| {
            let unknown = expr.variables().filter(|variable| sizes.get(*variable).is_none());
            unknown.into_iter().any(|variable| if of_overlay { variable.is_initial() } else { variable.is_marked() })
        };
        let ready = !measured.lengths.iter().any(|(_, expr)| waits(expr));
        ready.then(|| plain(measured, &sizes, here, self.pictures))
    }

    fn choose(&mut self, choose: &Choose) {
        self.mark();
        if holds(choose, &self.sizes) {
            self.all(&choose.yes);
            self.seen += count(&choose.no);
        } else {
            self.seen += count(&choose.yes);
            self.all(&choose.no);
        }
        self.mark();
    }

    fn push(&mut self, stage: Stage) {
        let overlays = count(std::slice::from_ref(&stage));
        self.kept.extend(self.seen..self.seen + overlays);
        self.seen += overlays;
        self.size = self.size.and_then(|size| foresee::after(&stage, size, self.info, self.cap));
        let first = self.out.iter().all(|stage| matches!(stage, Stage::Page(_) | Stage::Frames(_) | Stage::Mark));
        // The first turn says which way is up.
        if first && matches!(stage, Stage::Orient(_)) {
            self.sizes.initial = self.size.map(pair);
            self.sizes.marked = self.sizes.initial;
        }
        self.out.push(stage);
    }
}
