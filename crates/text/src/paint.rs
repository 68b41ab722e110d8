//! Painting what was laid out.

use std::collections::HashMap;
use std::sync::Arc;

use plan::Color;
use vello_cpu::color::{AlphaColor, Srgb};
use vello_cpu::kurbo::{Affine, BezPath, Join, Rect, RoundedRect, Shape as _, Stroke};
use vello_cpu::peniko::ImageAlphaType;
use vello_cpu::{Glyph, Pixmap, RenderContext, Resources};

use crate::glyph::{Face, TOLERANCE, flat, stroked};
use crate::laid::{Laid, Marks, guarded};
use crate::limits::TextError;
use crate::shadow::put_below;
use crate::style::Outline;

/// A picture of text: sRGB, straight alpha, rows from the top without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgba {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green, blue, alpha of each pixel.
    pub data: Vec<u8>,
}

/// Paints a text that was laid out. The same text gives the same bytes on the same kind of processor.
///
/// # Errors
/// [`TextError::Fonts`] for a damaged font.
pub fn draw(laid: &Laid) -> Result<Rgba, TextError> {
    guarded(|| paint_all(laid))
}

fn paint_all(laid: &Laid) -> Result<Rgba, TextError> {
    let style = &laid.style;
    let mut painter = Painter::new(laid.width, laid.height)?;
    let pixmap = match style.shadow.filter(|shadow| shadow.color.a > 0) {
        None => {
            painter.background(laid);
            painter.marks(laid);
            painter.finish()
        }
        Some(shadow) => {
            painter.marks(laid);
            let mut letters = painter.finish();
            let mut below = Painter::new(laid.width, laid.height)?;
            below.background(laid);
            put_below(&mut letters, &below.finish(), &shadow);
            letters
        }
    };
    let data = pixmap.take_rgba8(ImageAlphaType::Alpha);
    Ok(Rgba { width: laid.width, height: laid.height, data })
}

struct Painter {
    context: RenderContext,
    resources: Resources,
    width: u16,
    height: u16,
}

impl Painter {
    fn new(width: u32, height: u32) -> Result<Self, TextError> {
        let narrow = |side: u32| u16::try_from(side).map_err(|_| TextError::Fonts("a side beyond 65535 pixels".into()));
        let (width, height) = (narrow(width)?, narrow(height)?);
        Ok(Painter { context: RenderContext::new(width, height), resources: Resources::new(), width, height })
    }

    fn background(&mut self, laid: &Laid) {
        let color = laid.style.background;
        if color.a == 0 {
            return;
        }
        let frame = laid.frame;
        let (x, y) = (f64::from(frame.x), f64::from(frame.y));
        let rect = Rect::new(x, y, x + f64::from(frame.width), y + f64::from(frame.height));
        let radius = f64::from(laid.style.radius).min(rect.width().min(rect.height()) / 2.0);
        self.context.set_paint(paint(color));
        if radius > 0.0 {
            let path = RoundedRect::from_rect(rect, radius).to_path(TOLERANCE);
            self.context.fill_path(&flat(&path));
        } else {
            self.context.fill_rect(&rect);
        }
    }

    /// Outline, underlines, letters, lines through them.
    fn marks(&mut self, laid: &Laid) {
        let style = &laid.style;
        if let Some(outline) = style.outline.filter(|outline| outline.width > 0.0 && outline.color.a > 0) {
            self.layer(outline.color, |painter| painter.outline(&laid.marks, outline, laid.size));
        }
        if style.color.a > 0 {
            self.layer(style.color, |painter| painter.letters(&laid.marks, laid.size));
        }
    }

    /// Paints in the opaque colour, then fades all of it at once: where letters overlap nothing shows through twice.
    fn layer(&mut self, color: Color, inside: impl FnOnce(&mut Self)) {
        let faded = color.a < 255;
        if faded {
            self.context.push_opacity_layer(f32::from(color.a) / 255.0);
        }
        self.context.set_paint(paint(color.with_alpha(255)));
        inside(self);
        self.context.reset_transform();
        if faded {
            self.context.pop_layer();
        }
    }

    fn outline(&mut self, marks: &Marks, outline: Outline, size: f32) {
        // Half of a stroke lies inside, below the letters.
        let reach = f64::from(outline.width);
        let stroke = Stroke::new(reach * 2.0).with_join(Join::Round);
        // A letter that occurs often is stroked once.
        let mut known: HashMap<*const BezPath, BezPath> = HashMap::new();
        for (path, origin) in &marks.outlines {
            let around = known.entry(Arc::as_ptr(path)).or_insert_with(|| stroked(path, &stroke));
            self.context.set_transform(Affine::translate(*origin));
            self.context.fill_path(around);
        }
        self.context.reset_transform();
        for rect in marks.under.iter().chain(&marks.through) {
            self.context.fill_rect(&rect.inflate(reach, reach));
        }
        self.context.set_stroke(Stroke::new(reach * 2.0 + box_line(size)).with_join(Join::Miter));
        for rect in &marks.boxes {
            self.context.stroke_path(&rect.to_path(0.1));
        }
    }

    fn letters(&mut self, marks: &Marks, size: f32) {
        for rect in &marks.under {
            self.context.fill_rect(rect);
        }
        for (path, origin) in &marks.outlines {
            self.context.set_transform(Affine::translate(*origin));
            self.context.fill_path(path);
        }
        self.context.reset_transform();
        for run in &marks.colored {
            self.colored(&run.face, &run.glyphs);
        }
        self.context.set_stroke(Stroke::new(box_line(size)).with_join(Join::Miter));
        for rect in &marks.boxes {
            let path: BezPath = rect.to_path(0.1);
            self.context.stroke_path(&path);
        }
        for rect in &marks.through {
            self.context.fill_rect(rect);
        }
    }

    fn colored(&mut self, face: &Face, glyphs: &[(u32, f32, f32)]) {
        // A picture that cannot be decoded stays away; the rest of the text is worth having.
        let _ = self
            .context
            .glyph_run(&mut self.resources, &face.font)
            .font_size(face.size)
            .hint(false)
            .normalized_coords(&face.coords)
            .fill_glyphs(glyphs.iter().map(|(id, x, y)| Glyph { id: *id, x: *x, y: *y }));
    }

    fn finish(mut self) -> Pixmap {
        let mut pixmap = Pixmap::new(self.width, self.height);
        self.context.flush();
        self.context.render(&mut pixmap, &mut self.resources);
        pixmap
    }
}

/// Thickness of the box that stands for a missing glyph.
fn box_line(size: f32) -> f64 {
    (f64::from(size) / 16.0).max(1.0)
}

fn paint(color: Color) -> AlphaColor<Srgb> {
    AlphaColor::from_rgba8(color.r, color.g, color.b, color.a)
}
