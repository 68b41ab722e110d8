//! How much work a page asks for: everything it draws, without drawing it.

use hayro::hayro_interpret::font::{Glyph, GlyphRun};
use hayro::hayro_interpret::pattern::Pattern;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, Paint, SoftMask, interpret_page,
};
use hayro::hayro_syntax::page::Page;
use hayro::kurbo::{Affine, BezPath, Rect, Shape};

use crate::{Budget, Cancel, CodecError, guard};

/// Pixels touched, weighted so that each is taken to cost some nanoseconds: some seconds at most. The weights are
/// estimates, not measurements.
const MOST: f64 = 2e9;
/// Things drawn. Each is kept until the page is put together.
const MOST_THINGS: u64 = 500_000;

/// Adds up, and refuses what is too much.
pub(super) fn check(
    page: &Page<'_>,
    transform: Affine,
    (width, height): (u16, u16),
    settings: &InterpreterSettings,
    budget: &Budget,
    cancel: &Cancel,
) -> Result<(), CodecError> {
    let target = Rect::new(0.0, 0.0, width.into(), height.into());
    let cache = InterpreterCache::new();
    let mut context = Context::new(transform, target, &cache, page.xref(), settings.clone());
    let mut meter =
        Meter { target, canvas: target.area(), work: 0.0, things: 0, layers: 0, image_pixels: 0, budget, cancel };
    interpret_page(page, &mut context, &mut meter);
    Ok(())
}

struct Meter<'b> {
    target: Rect,
    /// Pixels of the canvas.
    canvas: f64,
    work: f64,
    things: u64,
    /// Transparency groups that are open.
    layers: u32,
    image_pixels: u64,
    budget: &'b Budget,
    cancel: &'b Cancel,
}

impl Meter<'_> {
    /// Counts one thing that is drawn, and ends the walk when it is one too many.
    fn add(&mut self, work: f64) {
        self.things += 1;
        self.work += work;
        let over = |what, found, limit| guard::stop(CodecError::OverBudget { what, found, limit });
        if self.things > MOST_THINGS {
            over("things drawn", self.things, MOST_THINGS);
        }
        if self.work > MOST || self.work.is_nan() {
            over("work", self.work as u64, MOST as u64);
        }
        if self.things.is_multiple_of(256)
            && let Err(error) = self.cancel.check()
        {
            guard::stop(error);
        }
    }

    /// Pixels of the canvas under a rectangle of it.
    fn covered(&self, bounds: Rect) -> f64 {
        let seen = bounds.intersect(self.target);
        if seen.width() > 0.0 && seen.height() > 0.0 { seen.area() } else { 1.0 }
    }

    fn path(&mut self, path: &BezPath, transform: Affine, stroked: bool) {
        let covered = self.covered(transform.transform_rect_bbox(path.bounding_box()).inflate(2.0, 2.0));
        let edges = path.elements().len() as f64 * (60.0 + self.canvas.sqrt() * 0.5);
        self.add(if stroked { 4.0 * edges + covered } else { edges + covered });
    }
}

impl<'a> Meter<'_> {
    fn paint(&mut self, paint: &Paint<'a>, transform: Affine) {
        if let Paint::Pattern(pattern) = paint {
            match &**pattern {
                Pattern::Shading(_) => self.add(20.0 * self.canvas),
                Pattern::Tiling(tiling) => {
                    self.add(2.0 * self.canvas);
                    tiling.interpret(self, transform, false);
                }
            }
        }
    }

    fn mask(&mut self, mask: Option<&SoftMask<'a>>) {
        if let Some(mask) = mask {
            self.add(4.0 * self.canvas);
            mask.interpret(self);
        }
    }
}

impl<'a> Device<'a> for Meter<'_> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        self.path(path, props.transform, matches!(mode, DrawMode::Stroke(_)));
        self.paint(&props.paint, props.transform);
        self.mask(props.soft_mask.as_ref());
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        self.path(&clip.path, Affine::IDENTITY, false);
    }

    fn push_transparency_group(&mut self, _opacity: f32, mask: Option<SoftMask<'a>>, _blend: BlendMode) {
        self.layers += 1;
        self.add(4.0 * self.canvas);
        let held = f64::from(self.layers) * self.canvas * 8.0;
        if held > self.budget.memory as f64 {
            let (found, limit) = (held as u64, self.budget.memory);
            guard::stop(CodecError::OverBudget { what: "memory", found, limit });
        }
        self.mask(mask.as_ref());
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _mode: &DrawMode) {
        for glyph in run.glyphs() {
            match &**glyph {
                Glyph::Type3(drawn) => {
                    self.add(100.0);
                    drawn.interpret(self, props.transform, glyph.transform(), &props.paint);
                }
                Glyph::Outline(_) => self.add(2000.0),
            }
        }
        self.paint(&props.paint, props.transform);
        self.mask(props.soft_mask.as_ref());
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        let area = u64::from(image.width()) * u64::from(image.height());
        self.image_pixels = self.image_pixels.saturating_add(area);
        let limit = self.budget.input_pixels.min(self.budget.memory / 8);
        if self.image_pixels > limit {
            let found = self.image_pixels;
            guard::stop(CodecError::OverBudget { what: "input pixels", found, limit });
        }
        let covered = self.covered(props.transform.transform_rect_bbox(Rect::new(0.0, 0.0, 1.0, 1.0)));
        self.add(15.0 * area as f64 + 10.0 * covered);
        self.mask(props.soft_mask.as_ref());
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {
        self.layers = self.layers.saturating_sub(1);
    }
}
