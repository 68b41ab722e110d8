use codec::{Channels, CodecError, Pixels};
use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8x3, U8x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};
use plan::Resize;

use crate::geometry::{self, Rect, Size};
use crate::scope::{Scope, blank, bytes};
use crate::work::Work;

/// Scales, crops and pads.
pub(super) fn apply(r: &Resize, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    let placement = work.locate(|locate| geometry::resize(r, work.size(), scope.cap, locate));
    if placement.is_nothing(work.size()) {
        return Ok(());
    }
    work.place(&placement, r.background, scope)
}

/// Whole pixels that a cut left: the filter reads nothing beyond them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    left: u32,
    top: u32,
    size: Size,
}

/// The whole pixels that a rectangle touches.
pub(crate) fn bounds(rect: Rect, picture: Size) -> Bounds {
    let axis = |from: f64, len: f64, side: u32| {
        let start = ((from + 1e-6).floor().max(0.0) as u32).min(side - 1);
        let end = ((from + len - 1e-6).ceil().max(0.0) as u32).clamp(start + 1, side);
        (start, end - start)
    };
    let ((left, w), (top, h)) = (axis(rect.x, rect.w, picture.w), axis(rect.y, rect.h, picture.h));
    Bounds { left, top, size: Size::new(w, h) }
}

/// Bytes that a scaling needs besides its result: the pass in between, and a premultiplied copy.
pub(crate) fn scratch(channels: Channels, bounds: Bounds, to: Size) -> u64 {
    let between = bytes(Size::new(bounds.size.w, to.h), channels);
    if channels == Channels::Rgba { between.saturating_add(bytes(bounds.size, channels)) } else { between }
}

/// A window of a picture, scaled with a Lanczos filter of three lobes that widens as the picture shrinks. Colours are
/// weighed by alpha, so that what is transparent lends no colour to its neighbours.
pub(crate) fn resample(
    resizer: &mut Resizer,
    pixels: &Pixels,
    bounds: Bounds,
    window: Rect,
    to: Size,
) -> Result<Pixels, CodecError> {
    // Pixel types are named here rather than at run time: the library would be compiled for a dozen others.
    match pixels.channels {
        Channels::Rgb => resample_as::<U8x3>(resizer, pixels, bounds, window, to),
        Channels::Rgba => resample_as::<U8x4>(resizer, pixels, bounds, window, to),
    }
}

fn resample_as<P: PixelTrait>(
    resizer: &mut Resizer,
    pixels: &Pixels,
    bounds: Bounds,
    window: Rect,
    to: Size,
) -> Result<Pixels, CodecError> {
    let internal = |error: &dyn std::fmt::Display| CodecError::Internal(format!("resize: {error}"));
    let source =
        TypedImageRef::<P>::from_buffer(pixels.width, pixels.height, &pixels.data).map_err(|e| internal(&e))?;
    let Bounds { left, top, size } = bounds;
    let cut = TypedCroppedImage::new(source, left, top, size.w, size.h).map_err(|e| internal(&e))?;
    let (x, w) = within(window.x - f64::from(left), window.w, size.w);
    let (y, h) = within(window.y - f64::from(top), window.h, size.h);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).crop(x, y, w, h);
    let mut out = blank(to, pixels.channels);
    let mut target = TypedImage::<P>::from_buffer(to.w, to.h, &mut out.data).map_err(|e| internal(&e))?;
    resizer.resize_typed(&cut, &mut target, &options).map_err(|e| internal(&e))?;
    drop(target);
    Ok(out)
}

/// Start and length held inside a side; edges that miss a whole pixel by a rounding error are put on it.
fn within(start: f64, len: f64, side: u32) -> (f64, f64) {
    let side = f64::from(side);
    let snap = |v: f64| if (v - v.round()).abs() < 1e-6 { v.round() } else { v };
    let from = snap(start).clamp(0.0, side);
    let to = snap(start + len).clamp(0.0, side);
    let mut len = (to - from).max(1e-6);
    let from = from.min(side - len).max(0.0);
    while from + len > side {
        len = len.next_down();
    }
    (from, len)
}
