//! A gradient over the picture, and under it where it fills a background.
//!
//! The way is that of CSS Images Level 3 section 3.1: a line through the middle of the canvas, as long as lets the corners
//! have exactly the first and the last colour, `|width sin| + |height cos|`. Colours are mixed as CSS Color Level 4 section
//! 12 has it (see [`spaces`]) and rounded to the nearest once, at the end, so that steps are one level high and as wide
//! as 8 bits allow.

mod spaces;

use codec::{Channels, CodecError, Pixels};
use plan::{Color, Gradient, GradientShape, Radius};

use super::background::BAND;
use super::flatten::over;
use crate::geometry::Size;
use crate::scope::Scope;
use crate::work::Work;

/// Draws it over every frame.
pub(super) fn apply(gradient: &Gradient, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    work.settle(scope)?;
    let canvas = work.size();
    let paint = Paint::new(gradient, canvas);
    let mut row = vec![[0u8; 4]; canvas.w as usize];
    work.draw(scope, |pixels| draw(&paint, pixels, &mut row, scope))
}

fn draw(paint: &Paint, pixels: &mut Pixels, row: &mut [[u8; 4]], scope: &Scope<'_>) -> Result<(), CodecError> {
    let stride = row.len() * pixels.channels.count();
    for (y, line) in pixels.data.chunks_exact_mut(stride).enumerate() {
        if y % BAND == 0 {
            scope.cancel.check()?;
        }
        paint.row(0, y as u32, row);
        match pixels.channels {
            Channels::Rgb => {
                for (to, [r, g, b, a]) in line.as_chunks_mut::<3>().0.iter_mut().zip(&*row) {
                    let weight = u32::from(*a);
                    let mix = |top: u8, below: u8| {
                        ((u32::from(top) * weight + u32::from(below) * (255 - weight) + 127) / 255) as u8
                    };
                    *to = [mix(*r, to[0]), mix(*g, to[1]), mix(*b, to[2])];
                }
            }
            Channels::Rgba => {
                for (to, from) in line.as_chunks_mut::<4>().0.iter_mut().zip(&*row) {
                    *to = over(*from, *to);
                }
            }
        }
    }
    Ok(())
}

/// Steps of the way for which colours are worked out. Finer than any step between two levels can be seen: a colour lies
/// within a thirtieth of a level of the exact one, and is rounded after that.
const STEPS: usize = 4096;

/// A gradient on a canvas.
pub(crate) struct Paint {
    /// Straight alpha, from the start to the end.
    colors: Vec<[u8; 4]>,
    way: Way,
}

/// How far a pixel has come, in steps.
enum Way {
    /// At the middle of the first pixel, and more for each column and row.
    Linear { start: f64, across: f64, down: f64 },
    /// Around a point, from one distance on, steps for each pixel of distance.
    Radial { center: (f64, f64), inner: f64, rate: f64 },
}

impl Paint {
    pub(crate) fn new(gradient: &Gradient, canvas: Size) -> Self {
        let mixed = spaces::Mixed::new(gradient.from, gradient.to, gradient.mix);
        let colors = (0..=STEPS).map(|step| mixed.at(step as f64 / STEPS as f64)).collect();
        let (w, h) = (f64::from(canvas.w), f64::from(canvas.h));
        let steps = STEPS as f64;
        let way = match gradient.shape {
            GradientShape::Linear { degrees, stop } => {
                let (sin, cos) = degrees.get().to_radians().sin_cos();
                let rate = steps / ((w * sin).abs() + (h * cos).abs()) / stop.get().clamp(1e-4, 1.0);
                // Half of the way lies at the middle, `stop` of it at the end.
                let middle = 0.5 * steps / stop.get().clamp(1e-4, 1.0);
                let start = middle + ((0.5 - w / 2.0) * sin - (0.5 - h / 2.0) * cos) * rate;
                Way::Linear { start, across: sin * rate, down: -cos * rate }
            }
            GradientShape::Radial { center, inner, outer } => {
                let (inner, outer) = (length(inner, canvas), length(outer, canvas));
                // A hard edge is as soft as one pixel.
                let (inner, width) = if outer - inner < 1.0 { (inner - 0.5, 1.0) } else { (inner, outer - inner) };
                Way::Radial { center: (center.0.get() * w, center.1.get() * h), inner, rate: steps / width }
            }
        };
        Paint { colors, way }
    }

    pub(crate) fn is_opaque(&self) -> bool {
        self.colors.iter().all(|color| color[3] == 255)
    }

    /// The pixels of a row, from a column on.
    pub(crate) fn row(&self, x: u32, y: u32, out: &mut [[u8; 4]]) {
        match &self.way {
            Way::Linear { start, across, down } => {
                let start = start + f64::from(x) * across + f64::from(y) * down;
                for (at, pixel) in out.iter_mut().enumerate() {
                    *pixel = self.color(start + at as f64 * across);
                }
            }
            Way::Radial { center, inner, rate } => {
                let dy = f64::from(y) + 0.5 - center.1;
                let dx = f64::from(x) + 0.5 - center.0;
                for (at, pixel) in out.iter_mut().enumerate() {
                    let dx = dx + at as f64;
                    *pixel = self.color(((dx * dx + dy * dy).sqrt() - inner) * rate);
                }
            }
        }
    }

    fn color(&self, step: f64) -> [u8; 4] {
        self.colors[((step + 0.5) as usize).min(STEPS)]
    }
}

/// A length in pixels of a canvas.
pub(crate) fn length(radius: Radius, canvas: Size) -> f64 {
    match radius {
        Radius::Px(px) => f64::from(px),
        Radius::Share(share) => share.get().max(0.0) * f64::from(canvas.w.min(canvas.h)),
    }
}

/// Colours between the four corners (top left, top right, bottom left, bottom right), each corner's at its own pixel, in
/// sRGB, alpha premultiplied.
pub(crate) fn mixed_corners(colors: &[Color; 4], canvas: Size, x: u32, y: u32, out: &mut [[u8; 4]]) {
    let share = |at: u32, side: u32| if side > 1 { f64::from(at) / f64::from(side - 1) } else { 0.5 };
    let premultiplied = colors.map(|c| {
        let a = f64::from(c.a);
        [f64::from(c.r) * a, f64::from(c.g) * a, f64::from(c.b) * a, a]
    });
    let between =
        |a: [f64; 4], b: [f64; 4], share: f64| -> [f64; 4] { std::array::from_fn(|c| a[c] + (b[c] - a[c]) * share) };
    let down = share(y, canvas.h);
    let left = between(premultiplied[0], premultiplied[2], down);
    let right = between(premultiplied[1], premultiplied[3], down);
    for (at, pixel) in (x..).zip(out) {
        let [r, g, b, a] = between(left, right, share(at, canvas.w));
        let color = |v: f64| if a > 0.0 { (v / a + 0.5) as u8 } else { 0 };
        *pixel = [color(r), color(g), color(b), (a + 0.5) as u8];
    }
}

#[cfg(test)]
mod tests;
