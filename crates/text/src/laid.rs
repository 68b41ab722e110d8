//! A text laid out: where everything stands, and what it will cost to paint.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parley::{Alignment, AlignmentOptions, GlyphRun, PositionedLayoutItem};
use vello_cpu::kurbo::{BezPath, Rect, Vec2};

use crate::check::check;
use crate::fit::{Fitted, fit};
use crate::fonts::Fonts;
use crate::glyph::{Face, Shape, Shapes};
use crate::limits::{Limits, TextError, within};
use crate::prepare::{is_invisible, prepare};
use crate::shape::{Lines, Setter, break_lines};
use crate::style::{Align, Bounds, Overflow, Style, Vertical};

/// Missing characters named in a warning.
const MISSING_NAMED: usize = 16;
/// Pixels that glyphs may cover, each counted by itself, over those of the largest picture.
const INK_OVER_AREA: u64 = 8;

/// Straight pieces of all outlines together. A letter has some hundred; only fonts made for it come here.
const PIECES: u64 = 4_000_000;

/// A text laid out, ready for [`draw`](crate::draw).
#[derive(Debug, Clone)]
pub struct Laid {
    /// Width of the picture in pixels, at least 1.
    pub width: u32,
    /// Height of the picture in pixels, at least 1.
    pub height: u32,
    /// The styled box with its padding, in the picture. It is what a layer is placed by. The picture is larger where
    /// letters, outline or shadow reach over its edges.
    pub frame: Frame,
    /// Pixels to the em that were used: the style's, or less if it was shrunk.
    pub size: f32,
    /// Lines.
    pub lines: u32,
    /// Baseline of the first line, in pixels from the upper edge of the picture.
    pub baseline: f32,
    /// What is not as asked.
    pub warnings: Vec<Warning>,
    pub(crate) style: Style,
    pub(crate) marks: Marks,
}

/// A sentence for a header or a log.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::MissingGlyphs(chars) => {
                f.write_str("no font has")?;
                chars.iter().try_for_each(|c| write!(f, " U+{:04X}", u32::from(*c)))
            }
            Warning::UnknownFamily(name) => write!(f, "no font family {name:?}"),
            Warning::Cut => f.write_str("text cut to fit"),
            Warning::Shrunk => f.write_str("text shrunk to fit"),
        }
    }
}

/// All that is to be painted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    /// Outlines and where their origins lie.
    pub(crate) outlines: Vec<(Arc<BezPath>, Vec2)>,
    pub(crate) colored: Vec<Colored>,
    /// Underlines.
    pub(crate) under: Vec<Rect>,
    /// Lines through letters.
    pub(crate) through: Vec<Rect>,
    /// Hollow boxes for missing glyphs of fonts that show nothing for them.
    pub(crate) boxes: Vec<Rect>,
}

/// A rectangle in a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// From the left edge of the picture.
    pub x: u32,
    /// From its upper edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// What a picture of text is not, though it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// No font has these characters (the first 16 that differ); boxes stand for them.
    MissingGlyphs(Vec<char>),
    /// There is no family of this name; another one was used.
    UnknownFamily(String),
    /// Letters were left away to make it fit.
    Cut,
    /// It was made smaller to make it fit.
    Shrunk,
}

/// Glyphs of one face that bring their own colours.
#[derive(Debug, Clone)]
pub(crate) struct Colored {
    pub(crate) face: Face,
    /// Number, x and y of the origin.
    pub(crate) glyphs: Vec<(u32, f32, f32)>,
}

impl Marks {
    fn shift(&mut self, by: Vec2) {
        for (_, origin) in &mut self.outlines {
            *origin += by;
        }
        for (_, x, y) in self.colored.iter_mut().flat_map(|run| &mut run.glyphs) {
            *x += by.x as f32;
            *y += by.y as f32;
        }
        for rect in self.under.iter_mut().chain(&mut self.through).chain(&mut self.boxes) {
            *rect = *rect + by;
        }
    }
}

/// Lays out a text.
///
/// # Errors
/// [`TextError::Setting`] for a setting out of range, [`TextError::Empty`] for nothing to draw,
/// [`TextError::OverLimit`] for a text beyond the limits, and [`TextError::Fonts`] for a damaged font.
pub fn layout(text: &str, style: &Style, fonts: &Fonts, limits: &Limits) -> Result<Laid, TextError> {
    check(style, limits)?;
    let text = prepare(text, limits)?;
    guarded(|| lay(&text, style, fonts, limits))
}

/// Readers of fonts are memory-safe and still panic over some damaged tables, which is then the answer. A worker in use is
/// lost with the panic; nothing else is written to.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, TextError>) -> Result<T, TextError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(TextError::Fonts("a font is damaged".into())))
}

fn lay(text: &str, style: &Style, fonts: &Fonts, limits: &Limits) -> Result<Laid, TextError> {
    fonts.with_worker(|worker| {
        let mut setter = Setter::new(style, fonts, worker);
        let fitted = fit(&mut setter, text);
        within("lines", fitted.measure.lines as u64, limits.lines.into())?;
        let mut warnings: Vec<Warning> =
            std::mem::take(&mut setter.unknown).into_iter().map(Warning::UnknownFamily).collect();
        if fitted.scale < 1.0 {
            warnings.push(Warning::Shrunk);
        }
        if matches!(style.overflow, Overflow::Cut(_)) && fitted.text != text {
            warnings.push(Warning::Cut);
        }
        place(fitted, style, limits, warnings)
    })
}

/// Aligns the lines in their box and puts the box into a picture.
fn place(fitted: Fitted<'_>, style: &Style, limits: &Limits, mut warnings: Vec<Warning>) -> Result<Laid, TextError> {
    let Fitted { text, mut lines, measure, scale } = fitted;
    let full = style.max_width.filter(|_| style.align == Align::Justify && measure.wrapped);
    let box_width = full.unwrap_or(0).max(whole(measure.width)).max(style.min_width);
    let box_height = whole(measure.height).max(style.min_height);
    within("width", box_width.into(), side(limits))?;
    within("height", box_height.into(), side(limits))?;
    // Lines are broken at the same places again: none is wider than the box, and the box is no wider than the room.
    let width = if style.wrap { box_width.min(style.max_width.unwrap_or(box_width)) } else { box_width };
    // So none is either where whole pixels have rounded a hair away.
    break_lines(&mut lines, Some((width.max(whole(measure.width)) as f32).max(measure.width)));
    lines.align(alignment(style.align), AlignmentOptions::default());
    let shift = f64::from(box_width - width.max(whole(measure.width)).min(box_width)) * share(style.align, &lines);
    let drop = f64::from(box_height - whole(measure.height).min(box_height))
        * match style.vertical {
            Vertical::Top => 0.0,
            Vertical::Middle => 0.5,
            Vertical::Bottom => 1.0,
        };

    let mut scene = Scene::default();
    scene.gather(&lines, &text, style, (shift.round() as f32, drop.round() as f32), limits)?;
    if !scene.missing.is_empty() {
        warnings.push(Warning::MissingGlyphs(std::mem::take(&mut scene.missing)));
    }
    let reach = style.outline.map_or(0.0, |outline| f64::from(outline.width));
    let ink = scene.ink.map(|ink| ink.inflate(reach, reach).expand());

    let content = match (style.bounds, ink) {
        (Bounds::Ink, Some(ink)) => widened(ink, style),
        _ => Rect::new(0.0, 0.0, box_width.into(), box_height.into()),
    };
    let pad = style.padding;
    let frame = Rect::new(
        content.x0 - f64::from(pad.left),
        content.y0 - f64::from(pad.top),
        content.x1 + f64::from(pad.right),
        content.y1 + f64::from(pad.bottom),
    );
    let mut picture = frame;
    if let Some(ink) = ink {
        picture = picture.union(ink);
        if let Some(shadow) = style.shadow {
            // Past three standard deviations nothing is left of a Gaussian that eight bits could show.
            let soft = f64::from(shadow.blur) * 1.5;
            let moved = ink + Vec2::new(shadow.dx.into(), shadow.dy.into());
            picture = picture.union(moved.inflate(soft, soft).expand());
        }
    }
    let (width, height) = (picture.width().max(1.0) as u64, picture.height().max(1.0) as u64);
    within("width", width, side(limits))?;
    within("height", height, side(limits))?;
    within("area", width * height, limits.area)?;

    let to_picture = Vec2::new(-picture.x0, -picture.y0);
    scene.marks.shift(to_picture);
    Ok(Laid {
        width: width as u32,
        height: height as u32,
        frame: Frame {
            x: (frame.x0 + to_picture.x) as u32,
            y: (frame.y0 + to_picture.y) as u32,
            width: frame.width() as u32,
            height: frame.height() as u32,
        },
        size: style.size * scale,
        lines: u32::try_from(measure.lines).unwrap_or(u32::MAX),
        baseline: lines.first_baseline().unwrap_or(0.0) + drop.round() as f32 + to_picture.y as f32,
        warnings,
        style: style.clone(),
        marks: scene.marks,
    })
}

/// The longest side, also for a painter that counts in 16 bits.
fn side(limits: &Limits) -> u64 {
    limits.side.min(32_767).into()
}

fn whole(length: f32) -> u32 {
    // A hundredth of a pixel is rounding; the cast saturates.
    (length - 0.01).ceil().max(0.0) as u32
}

fn alignment(align: Align) -> Alignment {
    match align {
        Align::Start => Alignment::Start,
        Align::Left => Alignment::Left,
        Align::Center => Alignment::Center,
        Align::Right => Alignment::Right,
        Align::Justify => Alignment::Justify,
    }
}

/// Which part of room to spare lies on the left.
fn share(align: Align, lines: &Lines) -> f64 {
    match align {
        Align::Left => 0.0,
        Align::Center => 0.5,
        Align::Right => 1.0,
        Align::Start | Align::Justify => f64::from(u8::from(lines.is_rtl())),
    }
}

/// The ink, or as much more as the least size wants, on the sides that the style leaves.
fn widened(ink: Rect, style: &Style) -> Rect {
    let more_x = (f64::from(style.min_width) - ink.width()).max(0.0);
    let more_y = (f64::from(style.min_height) - ink.height()).max(0.0);
    let left = match style.align {
        Align::Start | Align::Left | Align::Justify => 0.0,
        Align::Center => (more_x / 2.0).floor(),
        Align::Right => more_x,
    };
    let above = match style.vertical {
        Vertical::Top => 0.0,
        Vertical::Middle => (more_y / 2.0).floor(),
        Vertical::Bottom => more_y,
    };
    Rect::new(ink.x0 - left, ink.y0 - above, ink.x1 + more_x - left, ink.y1 + more_y - above)
}

/// What is to be painted, in coordinates of the text's box.
#[derive(Default)]
struct Scene {
    marks: Marks,
    ink: Option<Rect>,
    inked: f64,
    pieces: u64,
    color_glyphs: u64,
    missing: Vec<char>,
    shapes: Shapes,
}

impl Scene {
    fn gather(
        &mut self,
        lines: &Lines,
        text: &str,
        style: &Style,
        (dx, dy): (f32, f32),
        limits: &Limits,
    ) -> Result<(), TextError> {
        for line in lines.lines() {
            for item in line.items() {
                let PositionedLayoutItem::GlyphRun(run) = item else { continue };
                self.run(&run, style, (dx, dy), limits)?;
                self.decorate(&run, style, (dx, dy));
            }
            for run in line.runs() {
                for cluster in run.clusters().filter(|cluster| cluster.glyphs().any(|glyph| glyph.id == 0)) {
                    self.note_missing(&text[cluster.text_range()]);
                }
            }
        }
        Ok(())
    }

    fn run(
        &mut self,
        run: &GlyphRun<'_, ()>,
        style: &Style,
        (dx, dy): (f32, f32),
        limits: &Limits,
    ) -> Result<(), TextError> {
        let synthesis = run.run().synthesis();
        let face = Face {
            font: run.run().font().clone(),
            size: run.run().font_size(),
            coords: run.run().normalized_coords().iter().map(|c| c.to_bits()).collect(),
            embolden: synthesis.embolden(),
            skew: synthesis.skew(),
        };
        let around = style.outline.map_or(0.0, |outline| f64::from(outline.width));
        let mut colored = Vec::new();
        for glyph in run.positioned_glyphs() {
            let (x, y) = (glyph.x + dx, glyph.y + dy);
            let origin = Vec2::new(x.into(), y.into());
            match self.shapes.of(&face, glyph.id) {
                Shape::Outline(path, rect) => {
                    let rect = *rect + origin;
                    self.pieces += path.elements().len() as u64;
                    self.marks.outlines.push((Arc::clone(path), origin));
                    self.cover(rect, around);
                }
                Shape::Color(rect) => {
                    let rect = *rect + origin;
                    colored.push((glyph.id, x, y));
                    self.cover(rect, 0.0);
                }
                Shape::Empty if glyph.id == 0 && glyph.advance > 0.0 => {
                    let size = f64::from(face.size);
                    let side = size * 0.08;
                    let hollow = Rect::new(side, -size * 0.7, f64::from(glyph.advance) - side, 0.0) + origin;
                    self.marks.boxes.push(hollow);
                    self.cover(hollow, around);
                }
                Shape::Empty => {}
            }
        }
        self.color_glyphs += colored.len() as u64;
        within("color glyphs", self.color_glyphs, limits.color_glyphs.into())?;
        within("lines of outlines", self.pieces, PIECES)?;
        within("ink", self.inked as u64, limits.area.saturating_mul(INK_OVER_AREA))?;
        if !colored.is_empty() {
            self.marks.colored.push(Colored { face, glyphs: colored });
        }
        Ok(())
    }

    fn cover(&mut self, rect: Rect, around: f64) {
        let outlined = rect.inflate(around, around);
        self.inked += outlined.width() * outlined.height();
        self.ink = Some(self.ink.map_or(rect, |ink| ink.union(rect)));
    }

    fn decorate(&mut self, run: &GlyphRun<'_, ()>, style: &Style, (dx, dy): (f32, f32)) {
        let metrics = run.run().font_metrics();
        let x = f64::from(run.offset() + dx);
        let line = |offset: f32, size: f32| {
            // Whole pixels, so that it is as sharp in every line.
            let top = f64::from((run.baseline() + dy - offset).round());
            let thick = f64::from(size.round().max(1.0));
            Rect::new(x, top, x + f64::from(run.advance()), top + thick)
        };
        if style.underline {
            let rect = line(metrics.underline_offset, metrics.underline_size);
            self.cover(rect, 0.0);
            self.marks.under.push(rect);
        }
        if style.strikethrough {
            let rect = line(metrics.strikethrough_offset, metrics.strikethrough_size);
            self.cover(rect, 0.0);
            self.marks.through.push(rect);
        }
    }

    fn note_missing(&mut self, cluster: &str) {
        for c in cluster.chars().filter(|c| !is_invisible(*c)) {
            if self.missing.len() < MISSING_NAMED && !self.missing.contains(&c) {
                self.missing.push(c);
            }
        }
    }
}
