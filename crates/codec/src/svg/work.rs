//! How much work and memory a drawing asks for, from the shapes alone.

use usvg::filter::Kind;
use usvg::{Group, Image, ImageKind, Node, Paint, Path, Tree};

use crate::{Budget, CodecError};

/// Pixels touched, weighted so that each is taken to cost a nanosecond or two: some seconds at most. The weights are
/// estimates from what each step does to a pixel, not measurements.
const MOST: f64 = 3e9;

/// Adds up, and refuses what is too much.
pub(super) fn check(
    tree: &Tree,
    scale: (f32, f32),
    (width, height): (u32, u32),
    budget: &Budget,
) -> Result<(), CodecError> {
    let area = f64::from(width) * f64::from(height);
    let mut meter = Meter { scale: f64::from(scale.0.abs()) * f64::from(scale.1.abs()), canvas: area, work: area };
    // The canvas, and the pixels that go out.
    let held = 8.0 * area + meter.group(tree.root());
    if held > budget.memory as f64 {
        return Err(CodecError::OverBudget { what: "memory", found: held as u64, limit: budget.memory });
    }
    if meter.work > MOST {
        return Err(CodecError::OverBudget { what: "work", found: meter.work as u64, limit: MOST as u64 });
    }
    Ok(())
}

struct Meter {
    /// Pixels of the canvas for one square unit of the drawing.
    scale: f64,
    /// Pixels of the canvas.
    canvas: f64,
    work: f64,
}

impl Meter {
    /// Bytes that are held at once while the children are drawn.
    fn group(&mut self, group: &Group) -> f64 {
        if self.work > MOST {
            return 0.0;
        }
        let mut held = 0.0;
        let mut layer = 0.0;
        if group.should_isolate() {
            let bounds = group.abs_layer_bounding_box();
            // A layer is never larger than 25 canvases; without filters drawing is cut to one.
            layer = self.pixels(bounds.width(), bounds.height()).min(25.0 * self.canvas);
            self.work += 2.0 * layer;
            held += 4.0 * layer;
        }
        let mut most: f64 = 0.0;
        if let Some(clip) = group.clip_path() {
            let mut next = Some(clip);
            while let Some(clip) = next {
                self.work += 2.0 * layer;
                most = most.max(8.0 * layer + self.group(clip.root()));
                next = clip.clip_path();
            }
        }
        let mut next = group.mask();
        while let Some(mask) = next {
            self.work += 4.0 * layer;
            most = most.max(8.0 * layer + self.group(mask.root()));
            next = mask.mask();
        }
        for filter in group.filters() {
            for primitive in filter.primitives() {
                self.work += layer * weight(primitive.kind(), self.scale.sqrt());
                if let Kind::Image(image) = primitive.kind() {
                    most = most.max(self.group(image.root()));
                }
            }
            // The results of primitives are kept for those that follow.
            most = most.max(4.0 * layer * (2.0 + filter.primitives().len() as f64));
        }
        for child in group.children() {
            let of_child = match child {
                Node::Group(group) => self.group(group),
                Node::Path(path) => self.path(path),
                Node::Image(image) => self.image(image),
                Node::Text(text) => self.group(text.flattened()),
            };
            most = most.max(of_child);
            if self.work > MOST {
                break;
            }
        }
        held + most
    }

    fn path(&mut self, path: &Path) -> f64 {
        let points = path.data().points().len() as f64;
        let bounds = path.abs_stroke_bounding_box();
        let covered = self.pixels(bounds.width(), bounds.height()).min(self.canvas);
        let mut held: f64 = 0.0;
        // Every edge costs on every line that it crosses.
        let edge = 60.0 + self.canvas.sqrt() * 0.5;
        if let Some(fill) = path.fill() {
            self.work += covered + points * edge;
            held = held.max(self.paint(fill.paint()));
        }
        if let Some(stroke) = path.stroke() {
            let pieces = stroke.dasharray().map_or(0.0, |dashes| {
                let period: f32 = dashes.iter().sum();
                let along = f64::from(path.bounding_box().width() + path.bounding_box().height()) * points;
                (along / f64::from(period).max(1e-6) * dashes.len() as f64).min(1e6)
            });
            self.work += covered + 4.0 * points * edge + 400.0 * pieces;
            held = held.max(self.paint(stroke.paint()));
        }
        held
    }

    fn paint(&mut self, paint: &Paint) -> f64 {
        let Paint::Pattern(pattern) = paint else {
            return 0.0;
        };
        let (sx, sy) = pattern.transform().get_scale();
        let tile = self.pixels(pattern.rect().width() * sx, pattern.rect().height() * sy);
        self.work += tile;
        4.0 * tile + self.group(pattern.root())
    }

    fn image(&mut self, image: &Image) -> f64 {
        let bounds = image.abs_bounding_box();
        let covered = self.pixels(bounds.width(), bounds.height()).min(self.canvas);
        let size = f64::from(image.size().width()) * f64::from(image.size().height());
        match image.kind() {
            ImageKind::SVG(tree) => {
                self.work += 2.0 * self.canvas;
                4.0 * self.canvas + self.group(tree.root())
            }
            _ => {
                self.work += 20.0 * size + 10.0 * covered;
                8.0 * size
            }
        }
    }

    fn pixels(&self, width: f32, height: f32) -> f64 {
        f64::from(width).abs().max(1.0) * f64::from(height).abs().max(1.0) * self.scale.max(1e-12)
    }
}

/// What a filter does to each pixel, beside copying it.
fn weight(kind: &Kind, scale: f64) -> f64 {
    match kind {
        Kind::Turbulence(turbulence) => 80.0 * f64::from(turbulence.num_octaves().max(1)),
        Kind::ConvolveMatrix(convolve) => 4.0 * f64::from(convolve.matrix().columns() * convolve.matrix().rows()) + 4.0,
        Kind::Morphology(morphology) => {
            let side = |radius: f32| (2.0 * scale * f64::from(radius) + 1.0).min(2000.0);
            2.0 * side(morphology.radius_x().get()) * side(morphology.radius_y().get())
        }
        Kind::DiffuseLighting(_) | Kind::SpecularLighting(_) => 60.0,
        Kind::GaussianBlur(_) | Kind::DropShadow(_) => 30.0,
        Kind::Merge(merge) => 4.0 * merge.inputs().len() as f64,
        _ => 10.0,
    }
}
