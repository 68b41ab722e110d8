//! A frame around the picture, or over its edge.
//!
//! Each pixel is the sum of three parts by their areas: within the inner outline the picture, between the two the frame's
//! colour over what the picture has there, outside of the outer one the background. Radii in shares are of the shorter
//! side of their own outline.

use codec::{Channels, CodecError, Pixels};
use plan::Border;

use super::background::{BAND, Fill, Ground, rgba};
use super::flatten::over;
use super::mask::coverage::{Outline, Row, lengths};
use super::mask::{mixed, widened};
use super::pad;
use crate::geometry::{Placement, Rect, Size};
use crate::scope::{Scope, with_alpha};
use crate::work::Work;

/// Draws it on every frame.
pub(super) fn apply(border: &Border, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    let before = work.size();
    let placement = placement(border, before, scope.cap);
    // A canvas that the cap shrank has its frame shrunk as well.
    let scale = f64::from(placement.scaled.longest()) / f64::from(before.longest());
    let frame = Frame::new(border, &placement, scale);
    // What is drawn over the bars is all that is seen of them: any colour will do, but one that adds no alpha.
    let opaque = border.color.a == 255 || border.inside;
    let bar = if opaque { plan::Color::BLACK } else { plan::Color::TRANSPARENT };
    work.settle(scope)?;
    let fill = Fill::under(border.outside, &work.frames(scope)?[0].pixels, scope);
    work.place(&placement, plan::Background::Color(bar), scope)?;
    let canvas = placement.canvas;
    let still = crate::geometry::Affine::IDENTITY;
    work.change(scope, canvas, still, |pixels| {
        let ground =
            if frame.outer.is_plain() { Ground::Flat([255; 4]) } else { Ground::new(&fill, &pixels, canvas, scope)? };
        let mut pixels = if ground.is_opaque() { pixels } else { with_alpha(pixels) };
        match pixels.channels {
            Channels::Rgb => frame.draw::<3>(&mut pixels, &ground, scope)?,
            Channels::Rgba => frame.draw::<4>(&mut pixels, &ground, scope)?,
        }
        Ok(pixels)
    })
}

/// Where the picture lies within its frame.
pub(crate) fn placement(border: &Border, size: Size, cap: u32) -> Placement {
    let [top, right, bottom, left] = if border.inside { [0; 4] } else { border.widths };
    pad::placement(&plan::Pad { top, right, bottom, left, background: plan::Background::Auto }, size, cap)
}

struct Frame {
    outer: Outline,
    /// None where the frame covers everything.
    inner: Option<Outline>,
    color: [u8; 4],
}

impl Frame {
    fn new(border: &Border, placement: &Placement, scale: f64) -> Self {
        let canvas = placement.canvas;
        let hole = if border.inside {
            let [top, right, bottom, left] = border.widths.map(f64::from);
            let whole = canvas.rect();
            Rect { x: left, y: top, w: whole.w - left - right, h: whole.h - top - bottom }
        } else {
            Rect::at(placement.offset.0, placement.offset.1, placement.scaled)
        };
        let outer = Outline::rounded(canvas.rect(), lengths(&border.outer, canvas, scale));
        let inner = (hole.w > 0.0 && hole.h > 0.0).then(|| {
            let size = Size::new(hole.w as u32, hole.h as u32);
            Outline::rounded(hole, lengths(&border.inner, size, scale))
        });
        Frame { outer, inner, color: rgba(border.color) }
    }

    fn draw<const N: usize>(&self, pixels: &mut Pixels, ground: &Ground, scope: &Scope<'_>) -> Result<(), CodecError> {
        let (canvas, width) = (crate::scope::size(pixels), pixels.width as usize);
        let (mut outer, mut inner) = (vec![0; width], vec![0; width]);
        let mut outside = vec![[0; 4]; width];
        for (y, line) in pixels.data.chunks_exact_mut(width * N).enumerate() {
            if y % BAND == 0 {
                scope.cancel.check()?;
            }
            let y = y as u32;
            let (line, _) = line.as_chunks_mut::<N>();
            let around = self.outer.row(y, canvas.w, &mut outer);
            let hole = self.inner.as_ref().map(|outline| outline.row(y, canvas.w, &mut inner));
            let hole = hole.unwrap_or(Row { touched: (0, 0), full: (0, 0) });
            // Within the hole, where that is all there is, nothing changes.
            let still = (hole.full.0.max(around.full.0), hole.full.1.min(around.full.1));
            let still = if still.0 < still.1 { still } else { (width, width) };
            if around.full != (0, width) {
                ground.paint(0, y, &mut outside);
            }
            for x in (0..still.0).chain(still.1..width) {
                let (a, b) = (at(&around, &outer, x), at(&hole, &inner, x));
                let pixel = widened(line[x]);
                // Of what lies within the outer outline, so much is the hole.
                let share =
                    if a == 0 { 0 } else { ((u32::from(b.min(a)) * 255 + u32::from(a) / 2) / u32::from(a)) as u8 };
                let drawn = if share == 255 { pixel } else { mixed(pixel, over(self.color, pixel), share) };
                let drawn = if a == 255 { drawn } else { mixed(drawn, outside[x], a) };
                line[x].copy_from_slice(&drawn[..N]);
            }
        }
        Ok(())
    }
}

/// The cover of a pixel.
fn at(row: &Row, cover: &[u8], x: usize) -> u8 {
    if x < row.touched.0 || x >= row.touched.1 {
        0
    } else if (row.full.0..row.full.1).contains(&x) {
        255
    } else {
        cover[x]
    }
}
