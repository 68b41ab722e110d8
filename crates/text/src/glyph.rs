//! Glyphs of fonts as outlines, and which pixels they cover.

use std::collections::HashMap;
use std::sync::Arc;

use parley::FontData;
use skrifa::instance::{LocationRef, NormalizedCoord, Size};
use skrifa::metrics::Metrics;
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider as _};
use vello_cpu::kurbo::{Affine, BezPath, Diagonal2, Join, Rect, Shape as _, Stroke, StrokeOpts, expand_path, flatten};

/// A font as a run uses it.
#[derive(Debug, Clone)]
pub(crate) struct Face {
    pub(crate) font: FontData,
    pub(crate) size: f32,
    pub(crate) coords: Vec<i16>,
    /// Thickened because there is no bold face.
    pub(crate) embolden: bool,
    /// Degrees by which it is slanted because there is no italic face.
    pub(crate) skew: Option<f32>,
}

/// How far each edge moves outwards for want of a bold face, in ems: a stem grows by twice that, about as much as from
/// regular to bold in the embedded family.
const THICKENING: f64 = 1.0 / 48.0;

/// Pixels. The painter itself would allow a quarter, which small letters show.
pub(crate) const TOLERANCE: f64 = 0.02;

/// What a glyph looks like, from its origin, in pixels, y downwards.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Nothing: a space, or a glyph that the font lacks.
    Empty,
    /// To be filled in the text's colour, in straight pieces. The rectangle is exact.
    Outline(Arc<BezPath>, Rect),
    /// Brings its own colours. The rectangle is the glyph's em box, to which pictures keep closely enough; it is all there
    /// is without decoding them.
    Color(Rect),
}

/// Shapes of the glyphs met so far.
#[derive(Default)]
pub(crate) struct Shapes {
    known: HashMap<(u64, u32, u32), Shape>,
}

impl Shapes {
    pub(crate) fn of(&mut self, face: &Face, glyph: u32) -> &Shape {
        // Size, slant and thickness are one for all faces of a text, and follow from the font.
        let key = (face.font.data.id(), face.font.index, glyph);
        self.known.entry(key).or_insert_with(|| draw(face, glyph))
    }
}

fn draw(face: &Face, glyph: u32) -> Shape {
    let Ok(font) = FontRef::from_index(face.font.data.as_ref(), face.font.index) else { return Shape::Empty };
    let id = GlyphId::new(glyph);
    let size = Size::new(face.size);
    let coords: Vec<NormalizedCoord> = face.coords.iter().map(|c| NormalizedCoord::from_bits(*c)).collect();
    let location = LocationRef::new(&coords);

    if font.color_glyphs().get(id).is_some() || font.bitmap_strikes().glyph_for_size(size, id).is_some() {
        let metrics = Metrics::new(&font, size, location);
        let advance = font.glyph_metrics(size, location).advance_width(id).unwrap_or(face.size);
        return Shape::Color(Rect::new(0.0, -f64::from(metrics.ascent), advance.into(), -f64::from(metrics.descent)));
    }
    let Some(outline) = font.outline_glyphs().get(id) else { return Shape::Empty };
    let mut pen = PathPen(BezPath::new());
    if outline.draw(DrawSettings::unhinted(size, location), &mut pen).is_err() || pen.0.elements().is_empty() {
        return Shape::Empty;
    }
    let mut path = pen.0;
    if face.embolden {
        let thick = f64::from(face.size) * THICKENING;
        path = expand_path(&path, Diagonal2::new(thick, thick), Join::Miter, 4.0, TOLERANCE);
    }
    if let Some(degrees) = face.skew {
        path.apply_affine(Affine::skew(-f64::from(degrees).to_radians().tan(), 0.0));
    }
    let rect = path.bounding_box();
    let path = flat(&path);
    // A damaged font; nothing downstream expects numbers that are none.
    if !rect.is_finite() {
        return Shape::Empty;
    }
    Shape::Outline(Arc::new(path), rect)
}

/// The path in straight pieces, none of which is further from it than [`TOLERANCE`].
pub(crate) fn flat(path: &BezPath) -> BezPath {
    let mut flat = BezPath::new();
    flatten(path, TOLERANCE, |piece| flat.push(piece));
    flat
}

/// What a pen of this stroke covers along the path.
pub(crate) fn stroked(path: &BezPath, stroke: &Stroke) -> BezPath {
    flat(&vello_cpu::kurbo::stroke(path.iter(), stroke, &StrokeOpts::default(), TOLERANCE))
}

/// Fonts count upwards, pictures downwards.
struct PathPen(BezPath);

impl OutlinePen for PathPen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to((x, -y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to((x, -y));
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.0.quad_to((cx, -cy), (x, -y));
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.0.curve_to((cx0, -cy0), (cx1, -cy1), (x, -y));
    }

    fn close(&mut self) {
        self.0.close_path();
    }
}
