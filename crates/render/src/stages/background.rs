//! What fills an empty part of a canvas.
//!
//! A [`Background`] becomes a [`Fill`] once it has looked at the picture (of an animation: at its first frame, so that
//! nothing flickers), and a [`Ground`] once it knows its canvas. A ground is painted by the row: only a blurred picture
//! takes memory.

mod blur;
mod dominant;

use codec::{Channels, CodecError, Pixels};
use plan::{Background, BlurFill, Color, Gradient};

use super::gradient::{Paint, mixed_corners};
use crate::geometry::Size;
use crate::scope::{Scope, blank, bytes, size, with_alpha};

/// A background that asks no more questions: what [`Background::Auto`] and the dominant colours are is settled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fill {
    Flat(Color),
    /// Top left, top right, bottom left, bottom right.
    Corners([Color; 4]),
    Gradient(Gradient),
    Grid {
        first: Color,
        second: Color,
        size: u32,
    },
    /// Over the colour where it is not opaque.
    Blur(BlurFill, Color),
    Edge,
    Mirror,
}

impl Fill {
    /// What a background is for this picture.
    pub(crate) fn new(background: Background, pixels: &Pixels, scope: &Scope<'_>) -> Fill {
        let auto = if scope.holds_alpha { Color::TRANSPARENT } else { Color::WHITE };
        match background {
            Background::Auto => Fill::Flat(auto),
            Background::Color(color) => Fill::Flat(color),
            Background::Blur(blur) => Fill::Blur(blur, blur.under.unwrap_or(auto)),
            Background::Edge => Fill::Edge,
            Background::Mirror => Fill::Mirror,
            Background::Dominant => Fill::Flat(dominant::whole(pixels).unwrap_or(auto)),
            Background::DominantEdge => Fill::Flat(dominant::edge(pixels).unwrap_or(auto)),
            Background::DominantGradient(4) => {
                Fill::Corners(dominant::parts(pixels, 2, 2).map(|color| color.unwrap_or(auto)))
            }
            Background::DominantGradient(_) => {
                let [top, _, bottom, _] = dominant::parts(pixels, 1, 2).map(|color| color.unwrap_or(auto));
                Fill::Corners([top, top, bottom, bottom])
            }
            Background::Gradient(gradient) => Fill::Gradient(gradient),
            Background::Grid { first, second, size } => Fill::Grid { first, second, size: size.max(1) },
        }
    }

    /// For what lies under the picture itself, where edges have nothing to repeat: they count as [`Background::Auto`].
    pub(crate) fn under(background: Background, pixels: &Pixels, scope: &Scope<'_>) -> Fill {
        match background {
            Background::Edge | Background::Mirror => Fill::new(Background::Auto, pixels, scope),
            other => Fill::new(other, pixels, scope),
        }
    }
}

/// A fill on a canvas.
pub(crate) enum Ground {
    Flat([u8; 4]),
    Gradient(Paint),
    Corners([Color; 4], Size),
    Grid([[u8; 4]; 2], u32),
    Picture(Pixels),
}

impl Ground {
    /// For a canvas around this picture. [`Fill::Edge`] and [`Fill::Mirror`] have no canvas of their own and are white.
    pub(crate) fn new(fill: &Fill, pixels: &Pixels, canvas: Size, scope: &Scope<'_>) -> Result<Ground, CodecError> {
        Ok(match fill {
            Fill::Flat(color) => Ground::Flat(rgba(*color)),
            Fill::Corners(colors) => Ground::Corners(*colors, canvas),
            Fill::Gradient(gradient) => Ground::Gradient(Paint::new(gradient, canvas)),
            Fill::Grid { first, second, size } => Ground::Grid([rgba(*first), rgba(*second)], *size),
            Fill::Blur(blur, under) => {
                scope.room(bytes(size(pixels), pixels.channels), 2 * bytes(canvas, Channels::Rgba))?;
                Ground::Picture(blur::filled(pixels, canvas, blur, *under, scope)?)
            }
            Fill::Edge | Fill::Mirror => Ground::Flat([255; 4]),
        })
    }

    /// The pixels of a row, from a column on.
    pub(crate) fn paint(&self, x: u32, y: u32, out: &mut [[u8; 4]]) {
        match self {
            Ground::Flat(color) => out.fill(*color),
            Ground::Gradient(paint) => paint.row(x, y, out),
            Ground::Corners(colors, canvas) => mixed_corners(colors, *canvas, x, y, out),
            Ground::Grid(colors, side) => {
                for (at, pixel) in (x..).zip(out) {
                    *pixel = colors[((at / side + y / side) % 2) as usize];
                }
            }
            Ground::Picture(pixels) => {
                let start = (y * pixels.width + x) as usize;
                match pixels.channels {
                    Channels::Rgb => {
                        let (from, _) = pixels.data.as_chunks::<3>();
                        for (pixel, [r, g, b]) in out.iter_mut().zip(&from[start..]) {
                            *pixel = [*r, *g, *b, 255];
                        }
                    }
                    Channels::Rgba => {
                        let (from, _) = pixels.data.as_chunks::<4>();
                        out.copy_from_slice(&from[start..start + out.len()]);
                    }
                }
            }
        }
    }

    /// Whether no pixel of it is transparent.
    pub(crate) fn is_opaque(&self) -> bool {
        match self {
            Ground::Flat(color) => color[3] == 255,
            Ground::Gradient(paint) => paint.is_opaque(),
            Ground::Corners(colors, _) => colors.iter().all(|color| color.a == 255),
            Ground::Grid(colors, _) => colors.iter().all(|color| color[3] == 255),
            Ground::Picture(pixels) => pixels.channels == Channels::Rgb,
        }
    }
}

/// Whether a background may be transparent whatever the output holds: [`Background::Auto`] adapts to that, and pictures of
/// the picture are as transparent as it is.
pub(crate) fn may_be_clear(background: &Background) -> bool {
    match background {
        Background::Color(color) => color.a < 255,
        Background::Gradient(Gradient { from, to, .. }) => from.a < 255 || to.a < 255,
        Background::Grid { first, second, .. } => first.a < 255 || second.a < 255,
        Background::Blur(BlurFill { under: Some(under), .. }) => under.a < 255,
        Background::Auto
        | Background::Blur(_)
        | Background::Edge
        | Background::Mirror
        | Background::Dominant
        | Background::DominantEdge
        | Background::DominantGradient(_) => false,
    }
}

/// Puts a picture on a larger canvas.
pub(crate) fn frame(
    pixels: Pixels,
    canvas: Size,
    offset: (u32, u32),
    fill: &Fill,
    scope: &Scope<'_>,
) -> Result<Pixels, CodecError> {
    match fill {
        Fill::Edge => return extended(&pixels, canvas, offset, repeated, scope),
        Fill::Mirror => return extended(&pixels, canvas, offset, mirrored, scope),
        _ => {}
    }
    let ground = Ground::new(fill, &pixels, canvas, scope)?;
    let pixels = if ground.is_opaque() { pixels } else { with_alpha(pixels) };
    match pixels.channels {
        Channels::Rgb => framed::<3>(&pixels, canvas, offset, &ground, scope),
        Channels::Rgba => framed::<4>(&pixels, canvas, offset, &ground, scope),
    }
}

/// Rows after which it is asked whether anybody still waits.
pub(crate) const BAND: usize = 64;

fn framed<const N: usize>(
    pixels: &Pixels,
    canvas: Size,
    offset: (u32, u32),
    ground: &Ground,
    scope: &Scope<'_>,
) -> Result<Pixels, CodecError> {
    let mut out = blank(canvas, pixels.channels);
    let (left, width) = (offset.0 as usize, pixels.width as usize);
    let mut row = vec![[0u8; 4]; canvas.w as usize];
    for (y, line) in out.data.chunks_exact_mut(canvas.w as usize * N).enumerate() {
        if y % BAND == 0 {
            scope.cancel.check()?;
        }
        // A flat row is painted once.
        if y == 0 || !matches!(ground, Ground::Flat(_)) {
            ground.paint(0, y as u32, &mut row);
        }
        let put = |line: &mut [u8], row: &[[u8; 4]]| {
            for (to, from) in line.as_chunks_mut::<N>().0.iter_mut().zip(row) {
                to.copy_from_slice(&from[..N]);
            }
        };
        match y.checked_sub(offset.1 as usize).filter(|y| *y < pixels.height as usize) {
            None => put(line, &row),
            Some(from) => {
                let right = left + width;
                put(&mut line[..left * N], &row[..left]);
                line[left * N..right * N].copy_from_slice(&pixels.data[from * width * N..(from + 1) * width * N]);
                put(&mut line[right * N..], &row[right..]);
            }
        }
    }
    Ok(out)
}

/// The pixel of a side that a place before, in or behind it takes: the nearest.
pub(crate) fn repeated(at: i64, side: i64) -> i64 {
    at.clamp(0, side - 1)
}

/// As [`repeated`]: as if a mirror stood at each end, the end's own pixel seen twice.
pub(crate) fn mirrored(at: i64, side: i64) -> i64 {
    let at = at.rem_euclid(2 * side);
    if at < side { at } else { 2 * side - 1 - at }
}

fn extended(
    pixels: &Pixels,
    canvas: Size,
    offset: (u32, u32),
    pick: fn(i64, i64) -> i64,
    scope: &Scope<'_>,
) -> Result<Pixels, CodecError> {
    let count = pixels.channels.count();
    let (w, h) = (pixels.width as usize, pixels.height as usize);
    let from = |at: usize, offset: u32, side: usize| pick(at as i64 - i64::from(offset), side as i64) as usize;
    let columns: Vec<usize> = (0..canvas.w as usize).map(|x| from(x, offset.0, w) * count).collect();
    let inside = offset.0 as usize..offset.0 as usize + w;
    let mut out = blank(canvas, pixels.channels);
    let stride = canvas.w as usize * count;
    for (y, line) in out.data.chunks_exact_mut(stride).enumerate() {
        if y % BAND == 0 {
            scope.cancel.check()?;
        }
        let sy = from(y, offset.1, h);
        let source = &pixels.data[sy * w * count..(sy + 1) * w * count];
        line[inside.start * count..inside.end * count].copy_from_slice(source);
        for x in (0..inside.start).chain(inside.end..columns.len()) {
            line[x * count..(x + 1) * count].copy_from_slice(&source[columns[x]..columns[x] + count]);
        }
    }
    Ok(out)
}

pub(crate) fn rgba(color: Color) -> [u8; 4] {
    [color.r, color.g, color.b, color.a]
}

#[cfg(test)]
mod tests;
