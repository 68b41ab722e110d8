use codec::{CodecError, Pixels};
use plan::{Trim, TrimMode};

use crate::geometry::{Rect, Size};
use crate::scope::{Scope, mul255};
use crate::work::Work;

/// Notes the cut of a uniform border. Of an animation, what is border in every frame goes. A picture that is all border
/// stays whole.
pub(super) fn apply(trim: &Trim, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    work.settle(scope)?;
    let mut found: Option<Edges> = None;
    for frame in work.frames(scope)? {
        scope.cancel.check()?;
        if let Some(edges) = content(&frame.pixels, trim) {
            found = Some(found.map_or(edges, |known| known.union(edges)));
        }
    }
    let Some(edges) = found else { return Ok(()) };
    let size = work.size();
    let left = edges.left.saturating_sub(trim.keep);
    let top = edges.top.saturating_sub(trim.keep);
    let right = edges.right.saturating_add(trim.keep).min(size.w);
    let bottom = edges.bottom.saturating_add(trim.keep).min(size.h);
    let kept = Size::new(right - left, bottom - top);
    work.crop(Rect::at(left, top, kept), kept);
    Ok(())
}

/// The smallest rectangle that holds everything but border; right and bottom exclusive.
#[derive(Debug, Clone, Copy)]
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

fn content(pixels: &Pixels, trim: &Trim) -> Option<Edges> {
    let limit = (trim.tolerance.get().clamp(0.0, 100.0) * 2.55).floor() as u8;
    let count = pixels.channels.count();
    let rgba = |p: &[u8]| [p[0], p[1], p[2], p.get(3).copied().unwrap_or(255)];
    let border = match trim.mode {
        TrimMode::Corner => Some(premultiplied(rgba(&pixels.data[..count]))),
        TrimMode::Color(color) => Some(premultiplied([color.r, color.g, color.b, color.a])),
        TrimMode::Alpha | TrimMode::AlphaOr(_) | TrimMode::Even { .. } => None,
    };
    let is_content = |p: &[u8]| {
        let pixel = rgba(p);
        match border {
            Some(border) => premultiplied(pixel).iter().zip(border).any(|(a, b)| a.abs_diff(b) > limit),
            None => pixel[3] > limit,
        }
    };
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
