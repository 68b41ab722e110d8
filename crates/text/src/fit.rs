//! Text that is larger than its room: shrunk, or cut.

use std::borrow::Cow;

use crate::prepare::cluster_starts;
use crate::shape::{Lines, Measure, Setter, break_lines, fits};
use crate::style::{CutAt, Direction, Overflow, Style};

/// Lines that are what the style asks for.
pub(crate) struct Fitted<'t> {
    pub(crate) text: Cow<'t, str>,
    pub(crate) lines: Lines,
    pub(crate) measure: Measure,
    pub(crate) scale: f32,
}

/// Shapes and breaks the text, and makes it fit.
pub(crate) fn fit<'t>(setter: &mut Setter<'_>, text: &'t str) -> Fitted<'t> {
    let style = setter.style;
    let mut lines = setter.shape(text, 1.0);
    let measure = break_lines(&mut lines, wrap_width(style));
    if style.overflow == Overflow::Grow || fits(&measure, style, 1.0) {
        return Fitted { text: Cow::Borrowed(text), lines, measure, scale: 1.0 };
    }
    match style.overflow {
        Overflow::Cut(at) => cut(setter, text, lines.is_rtl(), if style.wrap { CutAt::End } else { at }),
        Overflow::Shrink | Overflow::Grow => shrink(setter, text, lines),
    }
}

fn wrap_width(style: &Style) -> Option<f32> {
    style.max_width.filter(|_| style.wrap).map(|width| width as f32)
}

/// Seeks the largest scale that fits. Glyphs at half the size are half as wide, so lines shaped once can be broken at
/// twice the width instead; only the answer is shaped anew.
fn shrink<'t>(setter: &mut Setter<'_>, text: &'t str, mut lines: Lines) -> Fitted<'t> {
    let style = setter.style;
    let least = (1.0 / style.size).min(1.0);
    let (mut fitting, mut large) = (least, 1.0_f32);
    for _ in 0..14 {
        let scale = (fitting + large) / 2.0;
        let measure = break_lines(&mut lines, wrap_width(style).map(|width| width / scale));
        if fits(&measure, style, scale) { fitting = scale } else { large = scale }
    }
    // Line heights are rounded to whole pixels, so the answer may be a little off.
    let mut scale = fitting;
    loop {
        let mut lines = setter.shape(text, scale);
        let measure = break_lines(&mut lines, wrap_width(style));
        if scale <= least || fits(&measure, style, 1.0) {
            return Fitted { text: Cow::Borrowed(text), lines, measure, scale };
        }
        scale = (scale * 0.97).max(least);
    }
}

/// Seeks the largest number of clusters that fits. Whoever is cut keeps the direction that the whole text had.
fn cut<'t>(setter: &mut Setter<'_>, text: &'t str, rtl: bool, at: CutAt) -> Fitted<'t> {
    let style = setter.style;
    setter.direction = if rtl { Direction::RightToLeft } else { Direction::LeftToRight };
    let starts = cluster_starts(text);
    let mut set = |kept: usize| {
        let text = keep(text, &starts, kept, at, style.ellipsis);
        let mut lines = setter.shape(&text, 1.0);
        let measure = break_lines(&mut lines, wrap_width(style));
        Fitted { text: Cow::Owned(text), lines, measure, scale: 1.0 }
    };
    let (mut fitting, mut long) = (1, starts.len().saturating_sub(1).max(2));
    let mut best = None;
    while long - fitting > 1 {
        let kept = usize::midpoint(fitting, long);
        let candidate = set(kept);
        if fits(&candidate.measure, style, 1.0) {
            fitting = kept;
            best = Some(candidate);
        } else {
            long = kept;
        }
    }
    best.unwrap_or_else(|| set(1))
}

/// So many clusters of the text, the others replaced by `…` or nothing.
fn keep(text: &str, starts: &[usize], kept: usize, at: CutAt, ellipsis: bool) -> String {
    let sign = if ellipsis { "…" } else { "" };
    let count = starts.len() - 1;
    let head = |clusters: usize| text[..starts[clusters.min(count)]].trim_end();
    let tail = |clusters: usize| text[starts[count - clusters.min(count)]..].trim_start();
    match at {
        CutAt::End => format!("{}{sign}", head(kept)),
        CutAt::Start => format!("{sign}{}", tail(kept)),
        CutAt::Middle => format!("{}{sign}{}", head(kept.div_ceil(2)), tail(kept / 2)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn cuts_leave_whole_clusters() {
        let text = "ab cd\u{301}ef";
        let starts = cluster_starts(text);
        for (kept, at, want) in [
            (3, CutAt::End, "ab…"),
            (5, CutAt::End, "ab cd\u{301}…"),
            (3, CutAt::Start, "…d\u{301}ef"),
            (4, CutAt::Middle, "ab…ef"),
            (5, CutAt::Middle, "ab…ef"),
        ] {
            assert_eq!(keep(text, &starts, kept, at, true), want, "{kept} {at:?}");
        }
        assert_eq!(keep(text, &starts, 2, CutAt::End, false), "ab");
    }
}
