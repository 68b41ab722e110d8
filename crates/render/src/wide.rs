//! The path of pictures that keep more than 8 bits a sample: turns, cuts, scales and bars of one colour, nothing else.

use std::time::Instant;

use codec::{CodecError, Decode, Info, Picture, Pixels, Wide};
use fast_image_resize::images::{TypedCroppedImage, TypedImage};
use fast_image_resize::pixels::U16x4;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use plan::{Background, Color, Depth, Fit, Gravity, Profile, Region, Resize, Stage};

use crate::geometry::{self, Affine, Locate, Placement, Rect, Size, Smart, Turn, framed};
use crate::pictures::Pictures;
use crate::stages::{orient, pad, resample, rotate};
use crate::work::View;
use crate::{Done, Job, Made, choose, pages, smart, write};

/// Pictures of more pixels are rendered in 8 bits: a scaling is one call, in which nobody looks at the clock.
const MOST: u64 = 48 << 20;

/// Renders in 16 bits where that is asked for; `None` where there are no more than 8 to keep, and, with a warning, where
/// what is asked for has no more.
///
/// # Errors
/// As [`crate::render`].
pub(crate) fn made(
    job: &Job<'_>,
    info: &Info,
    stages: &[Stage],
    cap: u32,
    pictures: &Pictures<'_>,
) -> Result<Option<Done>, CodecError> {
    let spec = job.spec;
    if spec.depth == Depth::Eight || spec.report.is_some() || spec.profile == Profile::AdobeRgb {
        return Ok(None);
    }
    let source = info.kind.output_format();
    let planned = choose::choose(spec, source, choose::alpha_after(stages, info.may_have_alpha), false);
    if !codec::holds_wide(&write::encoding(spec, planned)) {
        return Ok(None);
    }
    let ask = Decode {
        page: pages::of_document(job.master, pages::asked(&job.plan.stages)),
        keep_profile: spec.profile == Profile::Keep,
        ..Decode::default()
    };
    if !codec::is_wide(job.master, ask.page, job.budget)? {
        return Ok(None);
    }
    if let Some(stage) = stages.iter().find(|stage| !stays_wide(stage)) {
        pictures.warn(format!("8 bits a sample are kept, not 16: `{stage}` has no more"));
        return Ok(None);
    }
    if u64::from(info.width) * u64::from(info.height) > MOST {
        pictures.warn(format!("8 bits a sample are kept, not 16: the picture has more than {MOST} pixels"));
        return Ok(None);
    }
    let Some(decoded) = codec::decode_wide(job.master, &ask, job.budget, job.cancel)? else { return Ok(None) };
    let decoded_at = Instant::now();
    let mut canvas = Canvas::new(decoded.wide, &decoded.info, job, cap);
    for (index, stage) in stages.iter().enumerate() {
        job.cancel.check()?;
        canvas.apply(stage, index == 0, &decoded.info)?;
    }
    let size = canvas.view.size;
    canvas.scale(size.rect(), size)?;
    let wide = canvas.wide;
    let format = choose::choose(spec, source, wide.has_alpha(), false);
    let holds = codec::holds_wide(&write::encoding(spec, format));
    let made = if holds { Made::Wide(wide) } else { Made::Picture(Picture::still(wide.to_eight())) };
    Ok(Some(Done { made, format, profile: decoded.profile, decoded_at }))
}

fn stays_wide(stage: &Stage) -> bool {
    let flat = |ground: &Background| matches!(ground, Background::Auto | Background::Color(_));
    match stage {
        Stage::Page(_) | Stage::Orient(_) | Stage::Flip { .. } => true,
        Stage::Rotate { degrees, .. } => rotate::right_angle(degrees.get()).is_some(),
        Stage::Extract(Region::Window { pad: Some(ground), .. }) => flat(ground),
        Stage::Extract(_) => true,
        Stage::Resize(Resize { fit: Fit::Contain | Fit::CoverOrContain, background, .. }) => flat(background),
        Stage::Resize(_) => true,
        Stage::Pad(bars) => flat(&bars.background),
        _ => false,
    }
}

/// A picture of 16 bits under work: as [`crate::work::Work`], with nothing but geometry.
struct Canvas<'a> {
    wide: Wide,
    view: View,
    /// From pixels of the upright master to pixels of the view.
    master: Affine,
    job: &'a Job<'a>,
    cap: u32,
}

impl<'a> Canvas<'a> {
    fn new(wide: Wide, info: &Info, job: &'a Job<'a>, cap: u32) -> Self {
        let stored = Size::new(wide.width, wide.height);
        let turn = Turn::from_exif(info.orientation);
        let master = Affine::turn(turn.inverse(), turn.size(stored));
        Canvas { wide, view: View::whole(stored), master, job, cap }
    }

    fn apply(&mut self, stage: &Stage, first: bool, info: &Info) -> Result<(), CodecError> {
        let size = self.view.size;
        match stage {
            Stage::Orient(how) => {
                self.turn(orient::turn(*how, info.orientation));
                if first {
                    self.master = Affine::IDENTITY;
                }
            }
            Stage::Flip { horizontal, vertical } => self.turn(Turn::flip(*horizontal, *vertical)),
            Stage::Rotate { degrees, .. } => {
                if let Some(turn) = rotate::right_angle(degrees.get()) {
                    self.turn(turn);
                }
            }
            Stage::Extract(region) => {
                let cut = self.locate(|locate| geometry::extract(region, size, locate));
                self.view.cut(cut.window, cut.size);
                self.master = self.master.then(Affine::scale_move(1.0, 1.0, -cut.window.x, -cut.window.y));
                if let Some((canvas, offset, ground)) = cut.canvas {
                    let (whole, offset) = ((canvas.w.into(), canvas.h.into()), (offset.0.into(), offset.1.into()));
                    self.place(&framed(cut.size, whole, offset, self.cap), ground)?;
                }
            }
            Stage::Resize(resize) => {
                let placement = self.locate(|locate| geometry::resize(resize, size, self.cap, locate));
                if !placement.is_nothing(size) {
                    self.place(&placement, resize.background)?;
                }
            }
            Stage::Pad(bars) => self.place(&pad::placement(bars, size, self.cap), bars.background)?,
            _ => {}
        }
        Ok(())
    }

    fn turn(&mut self, turn: Turn) {
        self.master = self.master.then(Affine::turn(turn, self.view.size));
        self.view.turned(turn);
    }

    fn place(&mut self, placement: &Placement, ground: Background) -> Result<(), CodecError> {
        self.scale(placement.window, placement.scaled)?;
        if placement.canvas != placement.scaled {
            self.frame(placement.canvas, placement.offset, ground)?;
        }
        self.master = self.master.then(placement.map());
        Ok(())
    }

    /// Scales and turns what is seen of a window of the view; afterwards the pixels are the picture.
    fn scale(&mut self, window: Rect, to: Size) -> Result<(), CodecError> {
        let (view, whole) = (self.view, self.size());
        let source = view.stored(window);
        let stored_to = view.turn.inverse().size(to);
        if !(source == whole.rect() && stored_to == whole) {
            self.room(stored_to)?;
            self.wide = scaled(&self.wide, resample::bounds(view.rect, whole), source, stored_to)?;
        }
        if view.turn != Turn::NONE {
            self.room(to)?;
            let mut data = vec![[0; 4]; self.wide.data.len()];
            orient::turn_into(&self.wide.data, self.wide.width as usize, &mut data, to, view.turn);
            self.wide = Wide { width: to.w, height: to.h, data };
        }
        self.view = View::whole(to);
        self.job.cancel.check()
    }

    /// Puts the picture on a larger canvas of one colour.
    fn frame(&mut self, canvas: Size, (left, top): (u32, u32), ground: Background) -> Result<(), CodecError> {
        self.room(canvas)?;
        // What is written so holds alpha.
        let color = if let Background::Color(color) = ground { color } else { Color::TRANSPARENT };
        let color = [color.r, color.g, color.b, color.a].map(|v| u16::from(v) * 257);
        let mut data = vec![color; canvas.w as usize * canvas.h as usize];
        let (width, start) = (self.wide.width as usize, top as usize * canvas.w as usize + left as usize);
        let lines = data[start..].chunks_mut(canvas.w as usize).zip(self.wide.data.chunks_exact(width));
        lines.for_each(|(line, from)| line[..width].copy_from_slice(from));
        self.wide = Wide { width: canvas.w, height: canvas.h, data };
        self.view = View::whole(canvas);
        Ok(())
    }

    fn size(&self) -> Size {
        Size::new(self.wide.width, self.wide.height)
    }

    /// Asked before memory is taken: for a result of this size, with the filter's copies of what it reads and writes.
    fn room(&self, to: Size) -> Result<(), CodecError> {
        let area = |size: Size| u64::from(size.w) * u64::from(size.h);
        let between = Size::new(self.wide.width, to.h);
        let found = 8 * (3 * area(self.size()) + area(between) + 2 * area(to));
        let limit = self.job.budget.memory;
        if found > limit { Err(CodecError::OverBudget { what: "memory", found, limit }) } else { Ok(()) }
    }

    fn locate<T>(&self, work: impl FnOnce(&Locate<'_>) -> T) -> T {
        work(&Locate { master: self.master, smart: self })
    }

    /// A small copy of what is seen, in 8 bits.
    fn glance(&self) -> Result<Pixels, CodecError> {
        let to = self.view.turn.inverse().size(self.view.size.capped(smart::SIDE));
        let small = scaled(&self.wide, resample::bounds(self.view.rect, self.size()), self.view.rect, to)?;
        Ok(orient::turned(&small.to_eight(), self.view.turn))
    }
}

impl Smart for Canvas<'_> {
    fn best(&self, gravity: Gravity, window: (f64, f64)) -> (f64, f64) {
        match self.glance() {
            Ok(small) => smart::best(&small, gravity, window),
            Err(error) => {
                tracing::warn!(%error, "no look at the picture: the crop is centred");
                (0.5, 0.5)
            }
        }
    }
}

/// As [`resample::resample`], in one call.
fn scaled(wide: &Wide, bounds: resample::Bounds, window: Rect, to: Size) -> Result<Wide, CodecError> {
    let internal = |error: &dyn std::fmt::Display| CodecError::Internal(format!("resize: {error}"));
    let pixels = wide.data.iter().map(|pixel| U16x4::new(*pixel)).collect();
    let whole = TypedImage::from_pixels(wide.width, wide.height, pixels).map_err(|e| internal(&e))?;
    let (left, top, Size { w, h }) = (bounds.left, bounds.top, bounds.size);
    let source = TypedCroppedImage::new(whole, left, top, w, h).map_err(|e| internal(&e))?;
    let (x, y) = resample::windows(bounds, window);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(x.0, y.0, x.1, y.1)
        .use_alpha(wide.has_alpha());
    let mut out = TypedImage::<U16x4>::new(to.w, to.h);
    Resizer::new().resize_typed(&source, &mut out, &options).map_err(|e| internal(&e))?;
    Ok(Wide { width: to.w, height: to.h, data: out.pixels().iter().map(|pixel| pixel.0).collect() })
}
