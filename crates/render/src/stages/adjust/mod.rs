//! Changes of colour, pixel by pixel. Formulas and sources stand at [`plan::Adjust`].
//!
//! A run of them is carried out row by row in one pass over the picture. Each works on bytes and rounds to bytes, so that
//! two tables in a row are exactly one table, and whatever follows a change that looks at the luminance alone is exactly a
//! change of its 256 results.

mod luma;
mod matrix;
mod range;
mod replace;
mod shade;
mod table;
mod tone;
mod vibrance;

#[cfg(test)]
mod tests;

pub(crate) use luma::luma;

use codec::{Channels, CodecError, Pixels};
use plan::Adjust;

use self::matrix::Matrix;
use self::range::Histogram;
use self::replace::Replace;
use self::shade::Blend;
use self::table::Tables;
use self::vibrance::Vibrance;
use super::resample::Bounds;
use crate::scope::{Scope, blank, bytes, size, with_alpha};
use crate::work::Work;

/// Rows after which it is asked whether anybody still waits.
const BAND: usize = 64;

/// Applies a run of them.
pub(super) fn apply(adjusts: &[Adjust], work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    let mut pass = Pass::default();
    for adjust in adjusts {
        match *adjust {
            Adjust::Opacity(share) => pass.fade(share.get()),
            Adjust::Stretch => {
                pass.run(work, scope)?;
                pass.add(Op::Tables(range::stretch(&Histogram::of(work, scope)?)));
            }
            Adjust::Enhance => {
                pass.run(work, scope)?;
                pass.add(Op::Tables(range::enhance(&Histogram::of(work, scope)?)));
                pass.add(Op::Vibrance(Vibrance::new(range::ENHANCED_VIBRANCE)));
            }
            Adjust::Replace { to, tolerance, from } => {
                let from = match from {
                    Some(from) => from,
                    None => {
                        pass.run(work, scope)?;
                        replace::commonest(work, scope)?
                    }
                };
                pass.add(Op::Replace(Replace::new(from, to, tolerance.get())));
            }
            other => pass.add(op(other)),
        }
    }
    pass.run(work, scope)
}

/// A change of one pixel that knows nothing but this pixel's colour.
enum Op {
    /// Each channel by a table of its own.
    Tables(Tables),
    /// The three channels mixed.
    Matrix(Matrix),
    /// The channels multiplied by what the luminance says, in shares of 2^12.
    Gain(Box<[i32; 256]>),
    /// A colour for every luminance.
    Shade(Box<[[u8; 3]; 256]>),
    /// The same, mixed with the pixel.
    Blend(Blend),
    Vibrance(Vibrance),
    Replace(Replace),
}

/// What needs no look at the picture.
fn op(adjust: Adjust) -> Op {
    match adjust {
        Adjust::Brightness(by) => Op::Tables(table::brightness(by.get())),
        Adjust::Contrast(factor) => Op::Tables(table::contrast(factor.get())),
        Adjust::Exposure(stops) => Op::Tables(table::exposure(stops.get())),
        Adjust::Gamma(gamma) => Op::Tables(table::gamma(gamma.get())),
        Adjust::Linear { factor, offset } => Op::Tables(table::linear(factor.get(), offset.get())),
        Adjust::Invert => Op::Tables(table::invert()),
        Adjust::Colorize(color) => Op::Tables(table::colorize(color)),
        Adjust::Hue(degrees) => Op::Matrix(matrix::hue(degrees.get())),
        Adjust::Saturation(factor) => Op::Matrix(matrix::saturation(factor.get())),
        Adjust::Sepia(strength) => Op::Matrix(matrix::sepia(strength.get())),
        Adjust::Highlights(by) => Op::Gain(tone::highlights(by.get())),
        Adjust::Shadows(by) => Op::Gain(tone::shadows(by.get())),
        Adjust::Grayscale => Op::Shade(shade::grayscale()),
        Adjust::Threshold(least) => Op::Shade(shade::threshold(least)),
        Adjust::Monochrome(color) => shade::monochrome(color),
        Adjust::Duotone { dark, light, strength } => shade::duotone(dark, light, strength.get()),
        Adjust::Vibrance(by) => Op::Vibrance(Vibrance::new(by.get())),
        // Taken by `apply`, which looks at the picture for them.
        Adjust::Opacity(_) | Adjust::Stretch | Adjust::Enhance | Adjust::Replace { .. } => Op::Tables(Tables::idle()),
    }
}

impl Op {
    fn run<const N: usize>(&self, row: &mut [[u8; N]]) {
        match self {
            Op::Tables(tables) => tables.run(row),
            Op::Matrix(matrix) => matrix.run(row),
            Op::Gain(gains) => tone::run(gains, row),
            Op::Shade(shades) => shade::run(shades, row),
            Op::Blend(blend) => blend.run(row),
            Op::Vibrance(vibrance) => vibrance.run(row),
            Op::Replace(replace) => replace.run(row),
        }
    }
}

/// Changes that wait for one pass over the picture.
#[derive(Default)]
struct Pass {
    ops: Vec<Op>,
    /// What becomes of alpha. No change of colour asks for it, so that it may come at any time.
    alpha: Option<Box<[u8; 256]>>,
}

impl Pass {
    fn add(&mut self, op: Op) {
        match (self.ops.last_mut(), op) {
            (_, Op::Tables(next)) if next.is_idle() => {}
            // All that is left of a pixel is its luminance: what follows is a change of 256 colours.
            (Some(Op::Shade(shades)), next) => next.run(&mut shades[..]),
            (Some(Op::Tables(tables)), Op::Tables(next)) => tables.then(&next),
            (_, op) => self.ops.push(op),
        }
    }

    fn fade(&mut self, share: f64) {
        let alpha = self.alpha.get_or_insert_with(|| Box::new(std::array::from_fn(|a| a as u8)));
        for a in alpha.iter_mut() {
            *a = (f64::from(*a) * share.clamp(0.0, 1.0) + 0.5) as u8;
        }
    }

    /// Carries out what waits.
    fn run(&mut self, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
        let pass = std::mem::take(self);
        if pass.ops.is_empty() && pass.alpha.is_none() {
            return Ok(());
        }
        if pass.alpha.is_some() && work.is_opaque() {
            let clear = |frame: &codec::Frame| bytes(size(&frame.pixels), Channels::Rgba);
            let most = work.frames(scope)?.iter().map(clear).sum();
            scope.room(work.held(), most)?;
        }
        work.touch(scope, |pixels, seen| {
            if pass.alpha.is_some() {
                let taken = std::mem::replace(pixels, blank(crate::geometry::Size::new(1, 1), Channels::Rgb));
                *pixels = with_alpha(taken);
            }
            match pixels.channels {
                Channels::Rgb => pass.each_row::<3>(pixels, seen, scope),
                Channels::Rgba => pass.each_row::<4>(pixels, seen, scope),
            }
        })
    }

    fn each_row<const N: usize>(&self, pixels: &mut Pixels, seen: Bounds, scope: &Scope<'_>) -> Result<(), CodecError> {
        let stride = pixels.width as usize;
        let (all, _) = pixels.data.as_chunks_mut::<N>();
        let rows = all.chunks_exact_mut(stride).skip(seen.top as usize).take(seen.size.h as usize);
        for (y, row) in rows.enumerate() {
            if y % BAND == 0 {
                scope.cancel.check()?;
            }
            let row = &mut row[seen.left as usize..][..seen.size.w as usize];
            for op in &self.ops {
                op.run(row);
            }
            if let Some(alpha) = &self.alpha {
                for pixel in row.iter_mut() {
                    pixel[N - 1] = alpha[usize::from(pixel[N - 1])];
                }
            }
        }
        Ok(())
    }
}

/// Shows every pixel that can be seen, of all frames, to `look`, with its alpha.
fn look(work: &mut Work, scope: &Scope<'_>, mut look: impl FnMut([u8; 3], u8)) -> Result<(), CodecError> {
    let frames = work.frames(scope)?.len();
    let seen = work.seen();
    for index in 0..frames {
        let pixels = &work.frames(scope)?[index].pixels;
        let (stride, count) = (pixels.width as usize, pixels.channels.count());
        let rows = pixels.data.chunks_exact(stride * count).skip(seen.top as usize).take(seen.size.h as usize);
        for (y, row) in rows.enumerate() {
            if y % BAND == 0 {
                scope.cancel.check()?;
            }
            let row = &row[seen.left as usize * count..][..seen.size.w as usize * count];
            for p in row.chunks_exact(count) {
                look([p[0], p[1], p[2]], p.get(3).copied().unwrap_or(255));
            }
        }
    }
    Ok(())
}
