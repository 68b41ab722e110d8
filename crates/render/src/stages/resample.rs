//! The filter that scales, in bands of rows where there is much to do.

use std::cell::RefCell;

use codec::{Cancel, Channels, CodecError, Pixels, Plane};
use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3, U8x4};
use fast_image_resize::{FilterType, MulDiv, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

use crate::geometry::{Rect, Size};
use crate::scope::{bytes, unwritten};

/// Pixels read or written, for each of the filter's lobes, after which it is asked whether anybody still waits: some
/// hundredths of a second. What takes less is done in one call.
const BAND: u64 = 8 << 20;
/// Least rows of a band of the pass along the rows, each of which works its weights out anew.
const LEAST_ROWS: u64 = 1024;
/// Lobes of the filter on each side.
const LOBES: f64 = 3.0;

/// Whole pixels that a cut left: the filter reads nothing beyond them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) size: Size,
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
///
/// # Errors
/// What `cancel` answers, which is asked between bands of rows.
pub(crate) fn resample(
    resizer: &mut Resizer,
    pixels: &Pixels,
    bounds: Bounds,
    window: Rect,
    to: Size,
    cancel: &Cancel,
) -> Result<Pixels, CodecError> {
    let mut filter = Filter { resizer, cancel, band: BAND, least_rows: LEAST_ROWS, weighed: false };
    filter.scaled(pixels, bounds, window, to)
}

/// As [`resample`], of a picture that is not needed any more: it is multiplied by alpha where it stands, and its memory is
/// kept for another.
///
/// # Errors
/// As [`resample`].
pub(crate) fn resample_owned(
    resizer: &mut Resizer,
    mut pixels: Pixels,
    bounds: Bounds,
    window: Rect,
    to: Size,
    cancel: &Cancel,
) -> Result<Pixels, CodecError> {
    let mut filter = Filter { resizer, cancel, band: BAND, least_rows: LEAST_ROWS, weighed: false };
    filter.weigh_in_place(&mut pixels, bounds, window, to)?;
    let mut out = filter.scaled(&pixels, bounds, window, to)?;
    if filter.weighed {
        filter.divided::<U8x4>(&mut out)?;
    }
    codec::scratch::keep(pixels.data);
    Ok(out)
}

/// Keeps its buffers from one picture of a thread to the next.
pub(crate) struct Lent(Resizer);

/// Bytes of its buffers that are kept.
const KEPT: usize = 16 << 20;

thread_local! {
    static IDLE: RefCell<Option<Resizer>> = const { RefCell::new(None) };
}

impl Lent {
    pub(crate) fn new() -> Lent {
        Lent(IDLE.take().unwrap_or_default())
    }

    pub(crate) fn get(&mut self) -> &mut Resizer {
        &mut self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.0.size_of_internal_buffers() <= KEPT {
            IDLE.set(Some(std::mem::take(&mut self.0)));
        }
    }
}

/// As [`resample`], for one plane of samples; `keep` is the part of it that a cut left.
///
/// # Errors
/// As [`resample`]; a plane is filtered in one call, so it should be none of many megapixels.
pub(crate) fn resample_plane(
    resizer: &mut Resizer,
    plane: &Plane,
    keep: Rect,
    window: Rect,
    to: Size,
    cancel: &Cancel,
) -> Result<Plane, CodecError> {
    cancel.check()?;
    let bounds = bounds(keep, Size::new(plane.width, plane.height));
    let x = Axis::new(window.x - f64::from(bounds.left), window.w, bounds.size.w, to.w);
    let y = Axis::new(window.y - f64::from(bounds.top), window.h, bounds.size.h, to.h);
    let rows = plane.data.len() / plane.stride.max(1);
    let (stride, rows) = (plane.stride as u32, rows as u32);
    let whole = TypedImageRef::<U8>::from_buffer(stride, rows, &plane.data[..stride as usize * rows as usize]);
    let (left, top, Size { w, h }) = (bounds.left, bounds.top, bounds.size);
    let source = TypedCroppedImage::new(whole.map_err(internal)?, left, top, w, h).map_err(internal)?;
    let mut out = Plane::filled(to.w, to.h, 0);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(x.start, y.start, x.len, y.len)
        .use_alpha(false);
    resizer.resize_typed(&source, &mut target::<U8>(to.w, &mut out.data)?, &options).map_err(internal)?;
    Ok(out)
}

/// Start and length of what is read of a part, across and down, as [`resample`] has them.
pub(crate) fn windows(bounds: Bounds, window: Rect) -> ((f64, f64), (f64, f64)) {
    let x = within(window.x - f64::from(bounds.left), window.w, bounds.size.w);
    (x, within(window.y - f64::from(bounds.top), window.h, bounds.size.h))
}

struct Filter<'a> {
    resizer: &'a mut Resizer,
    cancel: &'a Cancel,
    band: u64,
    least_rows: u64,
    /// Whether the source has been multiplied by alpha already, and the result is divided by whoever did it.
    weighed: bool,
}

impl Filter<'_> {
    fn scaled(&mut self, pixels: &Pixels, bounds: Bounds, window: Rect, to: Size) -> Result<Pixels, CodecError> {
        self.cancel.check()?;
        let x = Axis::new(window.x - f64::from(bounds.left), window.w, bounds.size.w, to.w);
        let y = Axis::new(window.y - f64::from(bounds.top), window.h, bounds.size.h, to.h);
        // Pixel types are named here rather than at run time: the library would be compiled for a dozen others.
        match pixels.channels {
            Channels::Rgb => self.scaled_as::<U8x3>(pixels, bounds, x, y),
            Channels::Rgba => self.scaled_as::<U8x4>(pixels, bounds, x, y),
        }
    }

    /// Multiplies by alpha the rows that will be read, unless little of them will be.
    fn weigh_in_place(
        &mut self,
        pixels: &mut Pixels,
        bounds: Bounds,
        window: Rect,
        to: Size,
    ) -> Result<(), CodecError> {
        let x = Axis::new(window.x - f64::from(bounds.left), window.w, bounds.size.w, to.w);
        let y = Axis::new(window.y - f64::from(bounds.top), window.h, bounds.size.h, to.h);
        let ((from, end), (top, bottom)) = (x.reach(), y.reach());
        if pixels.channels == Channels::Rgb || x.is_still() && y.is_still() || (end - from) * 2 < pixels.width {
            return Ok(());
        }
        self.weighed = true;
        let (width, stride) = (pixels.width, pixels.width as usize * 4);
        let rows = (self.band / u64::from(width)).max(1) as usize;
        let (first, last) = ((bounds.top + top) as usize * stride, (bounds.top + bottom) as usize * stride);
        for lines in pixels.data.get_mut(first..last).unwrap_or_default().chunks_mut(rows * stride) {
            self.cancel.check()?;
            MulDiv::new().multiply_alpha_inplace_typed(&mut target::<U8x4>(width, lines)?).map_err(internal)?;
        }
        Ok(())
    }

    fn scaled_as<P: PixelTrait>(
        &mut self,
        pixels: &Pixels,
        bounds: Bounds,
        x: Axis,
        y: Axis,
    ) -> Result<Pixels, CodecError> {
        let mut out = unwritten(Size::new(x.to, y.to), pixels.channels);
        let (from, to) = x.reach();
        let work = u64::from(to - from) * y.busy() + u64::from(y.to) * x.busy();
        if work <= self.band || x.is_still() && y.is_still() {
            self.call::<P>(pixels, bounds, (x.start, x.len), (y.start, y.len), x.to, &mut out.data, !self.weighed)?;
        } else {
            self.banded::<P>(pixels, bounds, x, y, &mut out)?;
        }
        Ok(out)
    }

    /// As the library does it in one call: premultiply, filter the columns, filter the rows, divide.
    ///
    /// It gives weights a precision that the greatest of a call allows, so that where a call sees a band only, a value may
    /// come out one off.
    fn banded<P: PixelTrait>(
        &mut self,
        pixels: &Pixels,
        bounds: Bounds,
        x: Axis,
        y: Axis,
        out: &mut Pixels,
    ) -> Result<(), CodecError> {
        // What the filter does not reach is neither premultiplied nor filtered.
        let ((x, left), (y, top)) = (x.trimmed(), y.trimmed());
        let mut from = Bounds { left: bounds.left + left, top: bounds.top + top, size: Size::new(x.side, y.side) };
        let alpha = pixels.channels == Channels::Rgba && !self.weighed;
        let premultiplied = if alpha { Some(self.premultiplied::<P>(pixels, from)?) } else { None };
        let mut source = pixels;
        if let Some(premultiplied) = &premultiplied {
            (source, from) = (premultiplied, Bounds { left: 0, top: 0, ..from });
        }
        if x.is_still() {
            self.columns::<P>(source, from, y, out)?;
        } else if y.is_still() {
            self.rows::<P>(source, from, x, out)?;
        } else {
            let mut between = unwritten(Size::new(x.side, y.to), pixels.channels);
            self.columns::<P>(source, from, y, &mut between)?;
            if let Some(copy) = premultiplied {
                codec::scratch::keep(copy.data);
            }
            let all = Bounds { left: 0, top: 0, size: Size::new(x.side, y.to) };
            self.rows::<P>(&between, all, x, out)?;
            codec::scratch::keep(between.data);
        }
        if alpha { self.divided::<P>(out) } else { Ok(()) }
    }

    /// Filters the columns.
    fn columns<P: PixelTrait>(
        &mut self,
        source: &Pixels,
        from: Bounds,
        y: Axis,
        out: &mut Pixels,
    ) -> Result<(), CodecError> {
        let row = u64::from(out.width) as f64 * y.scale().max(1.0);
        let rows = (self.band as f64 / row) as u64;
        let across = (0.0, f64::from(from.size.w));
        self.each_band(out, rows, |filter, at, count, width, lines| {
            let down = within(y.start + f64::from(at) * y.scale(), f64::from(count) * y.scale(), y.side);
            filter.call::<P>(source, from, across, down, width, lines, false)
        })
    }

    /// Filters the rows.
    fn rows<P: PixelTrait>(
        &mut self,
        source: &Pixels,
        from: Bounds,
        x: Axis,
        out: &mut Pixels,
    ) -> Result<(), CodecError> {
        let rows = (self.band / x.busy()).max(self.least_rows);
        self.each_band(out, rows, |filter, at, count, width, lines| {
            let from = Bounds { top: from.top + at, size: Size::new(from.size.w, count), ..from };
            filter.call::<P>(source, from, (x.start, x.len), (0.0, f64::from(count)), width, lines, false)
        })
    }

    /// One call of the library: a window of a part of the source, to lines of the target.
    #[allow(clippy::too_many_arguments)]
    fn call<P: PixelTrait>(
        &mut self,
        source: &Pixels,
        from: Bounds,
        across: (f64, f64),
        down: (f64, f64),
        width: u32,
        lines: &mut [u8],
        alpha: bool,
    ) -> Result<(), CodecError> {
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
            .crop(across.0, down.0, across.1, down.1)
            .use_alpha(alpha);
        let mut target = target::<P>(width, lines)?;
        self.resizer.resize_typed(&part::<P>(source, from)?, &mut target, &options).map_err(internal)
    }

    /// A copy of a part, whose colours are multiplied by alpha.
    fn premultiplied<P: PixelTrait>(&mut self, pixels: &Pixels, from: Bounds) -> Result<Pixels, CodecError> {
        let mut out = unwritten(from.size, pixels.channels);
        let rows = self.band / u64::from(from.size.w);
        self.each_band(&mut out, rows, |_, at, count, width, lines| {
            let from = Bounds { top: from.top + at, size: Size::new(from.size.w, count), ..from };
            let mut target = target::<P>(width, lines)?;
            MulDiv::new().multiply_alpha_typed(&part::<P>(pixels, from)?, &mut target).map_err(internal)
        })?;
        Ok(out)
    }

    fn divided<P: PixelTrait>(&mut self, pixels: &mut Pixels) -> Result<(), CodecError> {
        let rows = self.band / u64::from(pixels.width);
        self.each_band(pixels, rows, |_, _, _, width, lines| {
            MulDiv::new().divide_alpha_inplace_typed(&mut target::<P>(width, lines)?).map_err(internal)
        })
    }

    /// Calls for each band of so many rows: with the row it begins at, its rows, the width, and its bytes. Asks before
    /// each whether to go on.
    fn each_band(
        &mut self,
        pixels: &mut Pixels,
        rows: u64,
        mut work: impl FnMut(&mut Self, u32, u32, u32, &mut [u8]) -> Result<(), CodecError>,
    ) -> Result<(), CodecError> {
        let rows = rows.clamp(1, pixels.height.into()) as u32;
        let stride = pixels.width as usize * pixels.channels.count();
        let mut at = 0;
        for lines in pixels.data.chunks_mut(rows as usize * stride) {
            self.cancel.check()?;
            let count = rows.min(pixels.height - at);
            work(self, at, count, pixels.width, lines)?;
            at += count;
        }
        Ok(())
    }
}

fn part<P: PixelTrait>(
    pixels: &Pixels,
    part: Bounds,
) -> Result<TypedCroppedImage<'_, TypedImageRef<'_, P>>, CodecError> {
    let whole = TypedImageRef::<P>::from_buffer(pixels.width, pixels.height, &pixels.data).map_err(internal)?;
    TypedCroppedImage::new(whole, part.left, part.top, part.size.w, part.size.h).map_err(internal)
}

fn target<P: PixelTrait>(width: u32, lines: &mut [u8]) -> Result<TypedImage<'_, P>, CodecError> {
    let height = lines.len() / (width as usize * P::size());
    TypedImage::from_buffer(width, height as u32, lines).map_err(internal)
}

fn internal(error: impl std::fmt::Display) -> CodecError {
    CodecError::Internal(format!("resize: {error}"))
}

/// What happens along one axis: from a window on a side to a length.
#[derive(Debug, Clone, Copy)]
struct Axis {
    start: f64,
    len: f64,
    side: u32,
    to: u32,
}

impl Axis {
    fn new(start: f64, len: f64, side: u32, to: u32) -> Self {
        let (start, len) = within(start, len, side);
        Axis { start, len, side, to }
    }

    /// Pixels of the source for one of the target.
    fn scale(&self) -> f64 {
        self.len / f64::from(self.to)
    }

    /// Whether pixels are only copied, as the library judges it.
    fn is_still(&self) -> bool {
        self.len == f64::from(self.to) && self.start.fract() == 0.0
    }

    /// Pixels that the filter touches with each lobe.
    fn busy(&self) -> u64 {
        if self.is_still() { 0 } else { (self.len.ceil() as u64).max(self.to.into()) }
    }

    /// The pixels that the filter reads, with one to spare; end exclusive.
    fn reach(&self) -> (u32, u32) {
        if self.is_still() {
            return (self.start as u32, (self.start + self.len) as u32);
        }
        let beyond = LOBES * self.scale().max(1.0) + 1.0;
        let from = (self.start - beyond).floor().max(0.0) as u32;
        let to = ((self.start + self.len + beyond).ceil() as u32).min(self.side);
        (from, to)
    }

    /// The axis on a side that is cut to the reach, and where that begins.
    fn trimmed(self) -> (Self, u32) {
        let (from, to) = self.reach();
        (Axis { start: self.start - f64::from(from), side: to - from, ..self }, from)
    }
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

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::scope::{blank, mul255, size as picture_size};

    pub(crate) fn noise(w: u32, h: u32, channels: Channels) -> Pixels {
        let mut state = 88_172_645_463_325_252u64;
        let mut out = blank(Size::new(w, h), channels);
        for value in &mut out.data {
            // Xorshift (Marsaglia, 2003).
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *value = state as u8;
        }
        out
    }

    fn filtered(
        pixels: &Pixels,
        window: Rect,
        to: Size,
        (band, least_rows): (u64, u64),
        cancel: &Cancel,
    ) -> Result<Pixels, CodecError> {
        let whole = picture_size(pixels);
        let mut filter = Filter { resizer: &mut Resizer::new(), cancel, band, least_rows, weighed: false };
        filter.scaled(pixels, bounds(window, whole), window, to)
    }

    #[test]
    fn bands_leave_no_seam() {
        let window = |x, y, w, h| Rect { x, y, w, h };
        for ((w, h), window, to) in [
            ((90, 70), window(0.0, 0.0, 90.0, 70.0), (31, 23)),
            ((90, 70), window(0.0, 0.0, 90.0, 70.0), (170, 213)),
            ((90, 70), window(20.3, 11.9, 40.2, 33.1), (7, 45)),
            ((90, 70), window(50.0, 0.0, 40.0, 70.0), (40, 33)),
            ((90, 70), window(50.0, 9.0, 40.0, 33.0), (200, 33)),
            ((90, 70), window(50.0, 9.0, 40.0, 33.0), (40, 33)),
            ((90, 70), window(50.5, 9.0, 39.0, 33.0), (39, 33)),
            ((3, 400), window(0.0, 0.0, 3.0, 400.0), (1, 1)),
            ((400, 3), window(0.0, 0.0, 400.0, 3.0), (2, 90)),
        ] {
            for channels in [Channels::Rgb, Channels::Rgba] {
                let (picture, to) = (noise(w, h, channels), Size::new(to.0, to.1));
                let run = |bands| filtered(&picture, window, to, bands, &Cancel::never()).unwrap();
                let whole = run((u64::MAX, 1));
                for bands in [(700, 4), (2000, 9)] {
                    let banded = run(bands);
                    assert_eq!((banded.width, banded.height, banded.channels), (to.w, to.h, channels));
                    let visible = |p: &Pixels| match channels {
                        Channels::Rgb => p.data.clone(),
                        // A level of a colour that is hardly seen is divided by little.
                        Channels::Rgba => {
                            let pixels = p.data.as_chunks::<4>().0.iter();
                            let over = |[r, g, b, a]: [u8; 4]| [mul255(r, a), mul255(g, a), mul255(b, a), a];
                            pixels.flat_map(|pixel| over(*pixel)).collect()
                        }
                    };
                    let off = visible(&whole).iter().zip(visible(&banded)).map(|(a, b)| a.abs_diff(b)).max();
                    // Noise through bands of a few rows: the worst there is.
                    assert!(off <= Some(2), "{off:?}: {w}x{h} {window:?} {to:?} {channels:?} {bands:?}");
                }
            }
        }
    }

    #[test]
    fn bands_of_real_size_are_true_to_a_level() {
        let picture = noise(3200, 2000, Channels::Rgb);
        let (window, to) = (picture_size(&picture).rect(), Size::new(2000, 5000));
        let run = |bands| filtered(&picture, window, to, bands, &Cancel::never()).unwrap();
        let (whole, banded) = (run((u64::MAX, 1)), run((BAND, LEAST_ROWS)));
        let off = whole.data.iter().zip(&banded.data).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(off <= Some(1), "{off:?}");
    }

    /// How often a large job asks, and that it ends at any of these times when told to.
    pub(crate) fn asks(job: impl Fn(&Cancel) -> Result<Pixels, CodecError>) -> u64 {
        let most = (0..).find(|n| job(&Cancel::after(*n)).is_ok()).unwrap();
        assert!((0..most).all(|n| job(&Cancel::after(n)).map(drop) == Err(CodecError::Cancelled)));
        most
    }

    #[test]
    fn a_large_resize_ends_within_itself_when_nobody_waits() {
        let picture = noise(300, 200, Channels::Rgb);
        let job = |to: (u32, u32)| {
            asks(|cancel| {
                filtered(&picture, picture_size(&picture).rect(), Size::new(to.0, to.1), (10_000, 16), cancel)
            })
        };
        // The columns in bands of 10,000 pixels read, the rows in at least 16 at a time.
        assert_eq!(job((150, 100)), 1 + 7 + 4);
        assert_eq!(job((300, 800)), 1 + 25);
        assert_eq!(job((600, 200)), 1 + 13);
        assert_eq!(job((30, 10)), 1 + 10 + 1);
        let alpha = noise(300, 200, Channels::Rgba);
        let count = asks(|c| filtered(&alpha, picture_size(&alpha).rect(), Size::new(150, 100), (10_000, 16), c));
        assert_eq!(count, 1 + 7 + 7 + 4 + 2, "and while alpha is multiplied and divided");
    }

    #[test]
    fn a_small_resize_is_one_call() {
        let picture = noise(2000, 1500, Channels::Rgb);
        let job = |cancel: &Cancel| {
            let whole = picture_size(&picture);
            resample(
                &mut Resizer::new(),
                &picture,
                bounds(whole.rect(), whole),
                whole.rect(),
                Size::new(40, 30),
                cancel,
            )
        };
        assert_eq!(asks(job), 1);
    }
}
