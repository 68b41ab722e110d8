//! Cuts a uniform border off.
//!
//! Borders of photographs carry noise and JPEG's own traces: they go with a tolerance of some percent, or by
//! [`TrimMode::Even`], which looks at whole rows rather than at single pixels.

mod even;

use codec::{CodecError, Pixels};
use plan::{Trim, TrimMode};

use crate::geometry::{Rect, Size};
use crate::scope::{Scope, mul255};
use crate::work::Work;

/// Notes the cut of a uniform border. Of an animation, what is border in every frame goes. A picture that is all border
/// stays whole.
pub(super) fn apply(trim: &Trim, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    work.settle(scope)?;
    let frames = work.frames(scope)?;
    let rule = Rule::new(trim, frames.iter().map(|frame| &frame.pixels));
    let mut found: Option<Edges> = None;
    for frame in frames {
        scope.cancel.check()?;
        if let Some(edges) = rule.content(&frame.pixels, scope)? {
            found = Some(found.map_or(edges, |known| known.union(edges)));
        }
    }
    let Some(edges) = found else { return Ok(()) };
    let size = work.size();
    let (left, right) = kept((edges.left, edges.right), trim.keep, size.w);
    let (top, bottom) = kept((edges.top, edges.bottom), trim.keep, size.h);
    let kept = Size::new(right - left, bottom - top);
    work.crop(Rect::at(left, top, kept), kept);
    Ok(())
}

/// An axis with so much more on either side, or less of it; a pixel in its middle stays in any case.
fn kept((from, to): (u32, u32), more: i32, whole: u32) -> (u32, u32) {
    let middle = from + (to - from) / 2;
    let low = from.saturating_add_signed(more.saturating_neg()).min(middle);
    let high = to.saturating_add_signed(more).clamp(middle + 1, whole);
    (low, high)
}

/// The smallest rectangle that holds everything but border; right and bottom exclusive.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Edges {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Edges {
    fn union(self, other: Edges) -> Edges {
        Edges {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// What is border in all frames of a picture.
enum Rule {
    /// Pixels that are so near to this one (premultiplied), or to the top-left one.
    Like(Option<[u8; 4]>, u8),
    /// Pixels of at most this alpha.
    Clear(u8),
    /// Rows and columns.
    Even { mean: u8, deviation: u8 },
}

impl Rule {
    fn new<'a>(trim: &Trim, mut frames: impl Iterator<Item = &'a Pixels>) -> Self {
        let limit = (trim.tolerance.get().clamp(0.0, 100.0) * 2.55).floor() as u8;
        let color = |color: plan::Color| Some(premultiplied([color.r, color.g, color.b, color.a]));
        match trim.mode {
            TrimMode::Corner => Rule::Like(None, limit),
            TrimMode::Color(of) => Rule::Like(color(of), limit),
            TrimMode::Alpha => Rule::Clear(limit),
            TrimMode::AlphaOr(_) if frames.any(has_clear_pixel) => Rule::Clear(limit),
            TrimMode::AlphaOr(of) => Rule::Like(of.and_then(color), limit),
            TrimMode::Even { mean, deviation } => Rule::Even { mean, deviation },
        }
    }

    fn content(&self, pixels: &Pixels, scope: &Scope<'_>) -> Result<Option<Edges>, CodecError> {
        let near = |border: [u8; 4], limit: u8| {
            move |p: &[u8]| premultiplied(rgba(p)).iter().zip(border).any(|(a, b)| a.abs_diff(b) > limit)
        };
        Ok(match *self {
            Rule::Like(Some(border), limit) => bounded(pixels, near(border, limit)),
            Rule::Like(None, limit) => {
                let corner = premultiplied(rgba(&pixels.data[..pixels.channels.count()]));
                bounded(pixels, near(corner, limit))
            }
            Rule::Clear(limit) => bounded(pixels, |p: &[u8]| rgba(p)[3] > limit),
            Rule::Even { mean, deviation } => {
                even::content(pixels, f64::from(mean), f64::from(deviation), scope.cancel)?
            }
        })
    }
}

fn has_clear_pixel(pixels: &Pixels) -> bool {
    pixels.channels.count() == 4 && pixels.data.chunks_exact(4).any(|p| p[3] < 255)
}

fn rgba(p: &[u8]) -> [u8; 4] {
    [p[0], p[1], p[2], p.get(3).copied().unwrap_or(255)]
}

fn bounded(pixels: &Pixels, is_content: impl Fn(&[u8]) -> bool + Copy) -> Option<Edges> {
    let count = pixels.channels.count();
    let stride = pixels.width as usize * count;
    let mut rows = pixels.data.chunks_exact(stride).map(|row| row.chunks_exact(count).any(is_content));
    let top = rows.position(|content| content)?;
    let bottom = pixels.height as usize
        - pixels.data.chunks_exact(stride).rev().position(|row| row.chunks_exact(count).any(is_content))?;
    let (mut left, mut right) = (pixels.width as usize, 0);
    for row in pixels.data[top * stride..bottom * stride].chunks_exact(stride) {
        // Only what lies outside the columns known so far can widen them.
        if let Some(x) = row[..left * count].chunks_exact(count).position(is_content) {
            left = x;
        }
        if let Some(x) = row[right * count..].chunks_exact(count).rposition(is_content) {
            right += x + 1;
        }
    }
    Some(Edges { left: left as u32, top: top as u32, right: right as u32, bottom: bottom as u32 })
}

/// So that all transparent pixels are alike, whatever colour they hide.
fn premultiplied(p: [u8; 4]) -> [u8; 4] {
    [mul255(p[0], p[3]), mul255(p[1], p[3]), mul255(p[2], p[3]), p[3]]
}

#[cfg(test)]
mod tests;
