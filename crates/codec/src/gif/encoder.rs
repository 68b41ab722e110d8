//! Writes GIF: of an animation only what changes, each frame with a palette made from a sample of its changed pixels.

use std::collections::HashMap;

use gif::{DisposalMethod, Encoder, Repeat};

use crate::palette::{self, Nearest};
use crate::{Cancel, Channels, CodecError, Picture, Pixels};

/// Pixels that a palette is made from: 256 for each of its colours.
const SAMPLE: usize = 1 << 16;
/// Rows between two looks at the clock.
const BAND: usize = 32;
/// How much of an error goes on to the neighbours, in quarters. All of it makes noise that does not compress.
const DIFFUSED: i32 = 3;

/// Encodes all frames, each in a palette of at most so many colours, 2 to 256. Alpha under one half is transparent, the rest
/// opaque.
pub(crate) fn encode(picture: &Picture, colors: u16, cancel: &Cancel) -> Result<Vec<u8>, CodecError> {
    let failed = |e: gif::EncodingError| CodecError::Internal(format!("GIF: {e}"));
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    // Where holes move, what was drawn has to be cleared again.
    let steady = has_steady_holes(picture);
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, width, height, &[]).map_err(failed)?;
    if picture.is_animated() {
        match picture.loops {
            0 => encoder.set_repeat(Repeat::Infinite).map_err(failed)?,
            1 => {}
            // The file counts repetitions after the first play.
            n => encoder.set_repeat(Repeat::Finite((n - 1).min(65535) as u16)).map_err(failed)?,
        }
    }
    let mut previous: Option<&Pixels> = None;
    for frame in &picture.frames {
        cancel.check()?;
        let before = previous.filter(|_| steady);
        let mut block = block(before, &frame.pixels, usize::from(colors.clamp(2, 256)), cancel)?;
        block.delay = u16::try_from(frame.delay_ms.div_ceil(10)).unwrap_or(u16::MAX);
        block.dispose = if steady { DisposalMethod::Keep } else { DisposalMethod::Background };
        cancel.check()?;
        encoder.write_frame(&block).map_err(failed)?;
        previous = Some(&frame.pixels);
    }
    encoder.into_inner().map_err(failed)?;
    Ok(out)
}

/// Whether the same pixels are clear in every frame.
fn has_steady_holes(picture: &Picture) -> bool {
    let first = &picture.frames[0].pixels;
    if first.channels == Channels::Rgb || !picture.is_animated() {
        return true;
    }
    let holes = |pixels: &Pixels| pixels.data.chunks_exact(4).map(|p| p[3] < 128).collect::<Vec<bool>>();
    let wanted = holes(first);
    picture.frames[1..].iter().all(|frame| holes(&frame.pixels) == wanted)
}

#[derive(Clone, Copy)]
struct Rect {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

/// The rectangle in which two frames of one size differ; one pixel if they do not, since a frame cannot be empty.
fn changed(before: &Pixels, after: &Pixels) -> Rect {
    let stride = after.width as usize * after.channels.count();
    let rows = || before.data.chunks_exact(stride).zip(after.data.chunks_exact(stride)).enumerate();
    let Some((top, _)) = rows().find(|(_, (a, b))| a != b) else {
        return Rect { left: 0, top: 0, width: 1, height: 1 };
    };
    let bottom = rows().rfind(|(_, (a, b))| a != b).map_or(top, |(y, _)| y);
    let (mut left, mut right) = (stride, 0);
    for (_, (a, b)) in rows() {
        let mut different = a.iter().zip(b).enumerate().filter(|(_, (a, b))| a != b).map(|(x, _)| x);
        if let Some(first) = different.next() {
            left = left.min(first);
            right = right.max(different.next_back().unwrap_or(first));
        }
    }
    let count = after.channels.count();
    let (left, right) = (left / count, right / count);
    Rect { left, top, width: right - left + 1, height: bottom - top + 1 }
}

/// One frame: the rectangle that changed, with the pixels in it that did not left clear.
fn block(
    before: Option<&Pixels>,
    after: &Pixels,
    colors: usize,
    cancel: &Cancel,
) -> Result<gif::Frame<'static>, CodecError> {
    let whole = Rect { left: 0, top: 0, width: after.width as usize, height: after.height as usize };
    let part = before.map_or(whole, |before| changed(before, after));
    let drawn = drawn(before, after, part);
    cancel.check()?;
    let clear = drawn.chunks_exact(4).any(|p| p[3] == 0);
    let most = colors - usize::from(clear);
    let (colors, mut indices) = match exactly(&drawn, most) {
        Some(exact) => exact,
        None => {
            let colors = palette::colors_of(&palette::sample(&drawn, SAMPLE), most);
            cancel.check()?;
            let indices = diffuse(&drawn, part.width, &colors, cancel)?;
            (colors, indices)
        }
    };
    // The last colour is the clear one.
    let hole = colors.len().min(255) as u8;
    if clear {
        indices.iter_mut().zip(drawn.chunks_exact(4)).filter(|(_, p)| p[3] == 0).for_each(|(index, _)| *index = hole);
    }
    let mut table: Vec<u8> = colors.into_iter().flatten().collect();
    if clear || table.is_empty() {
        table.extend([0; 3]);
    }
    Ok(gif::Frame {
        left: part.left as u16,
        top: part.top as u16,
        width: part.width as u16,
        height: part.height as u16,
        transparent: clear.then_some(hole),
        palette: Some(table),
        buffer: indices.into(),
        ..gif::Frame::default()
    })
}

/// The pixels of a rectangle, RGBA: those to draw are opaque, the others nothing at all.
fn drawn(before: Option<&Pixels>, after: &Pixels, part: Rect) -> Vec<u8> {
    let count = after.channels.count();
    let stride = after.width as usize * count;
    let mut out = Vec::with_capacity(part.width * part.height * 4);
    for y in part.top..part.top + part.height {
        let (from, to) = (y * stride + part.left * count, y * stride + (part.left + part.width) * count);
        let row = &after.data[from..to];
        let put = |pixel: &[u8]| match pixel {
            [_, _, _, alpha] if *alpha < 128 => [0; 4],
            _ => [pixel[0], pixel[1], pixel[2], 255],
        };
        match before {
            None => row.chunks_exact(count).for_each(|pixel| out.extend(put(pixel))),
            Some(before) => {
                for (pixel, old) in row.chunks_exact(count).zip(before.data[from..to].chunks_exact(count)) {
                    out.extend(if pixel == old { [0; 4] } else { put(pixel) });
                }
            }
        }
    }
    out
}

/// The colours themselves, where there are no more than fit.
fn exactly(drawn: &[u8], most: usize) -> Option<(Vec<[u8; 3]>, Vec<u8>)> {
    let mut known: HashMap<[u8; 3], u8> = HashMap::new();
    let mut colors = Vec::new();
    let mut indices = Vec::with_capacity(drawn.len() / 4);
    let mut last = ([0; 4], 0);
    for pixel in drawn.chunks_exact(4) {
        if pixel != last.0 {
            let color = [pixel[0], pixel[1], pixel[2]];
            let index = match known.get(&color) {
                _ if pixel[3] == 0 => 0,
                Some(index) => *index,
                None if colors.len() == most => return None,
                None => {
                    let index = colors.len() as u8;
                    known.insert(color, index);
                    colors.push(color);
                    index
                }
            };
            last = ([pixel[0], pixel[1], pixel[2], pixel[3]], index);
        }
        indices.push(last.1);
    }
    Some((colors, indices))
}

/// The nearest colours, the errors handed on to the neighbours (Floyd and Steinberg), every second row from the right.
fn diffuse(drawn: &[u8], width: usize, colors: &[[u8; 3]], cancel: &Cancel) -> Result<Vec<u8>, CodecError> {
    let mut nearest = Nearest::new(colors);
    let mut indices = vec![0; drawn.len() / 4];
    // A pixel of margin on both sides; in sixteenths.
    let (mut here, mut below) = (vec![[0i32; 3]; width + 2], vec![[0i32; 3]; width + 2]);
    for (y, (row, out)) in drawn.chunks_exact(width * 4).zip(indices.chunks_exact_mut(width)).enumerate() {
        if y % BAND == 0 {
            cancel.check()?;
        }
        let backwards = y % 2 == 1;
        for step in 0..width {
            let x = if backwards { width - 1 - step } else { step };
            let pixel = &row[x * 4..x * 4 + 4];
            if pixel[3] == 0 {
                continue;
            }
            let wanted: [i32; 3] =
                std::array::from_fn(|c| (i32::from(pixel[c]) + ((here[x + 1][c] + 8) >> 4)).clamp(0, 255));
            let index = nearest.of(wanted.map(|v| v as u8));
            out[x] = index;
            let got = colors[usize::from(index)];
            let (ahead, behind) = if backwards { (x, x + 2) } else { (x + 2, x) };
            for c in 0..3 {
                let error = (wanted[c] - i32::from(got[c])) * DIFFUSED / 4;
                here[ahead][c] += 7 * error;
                below[behind][c] += 3 * error;
                below[x + 1][c] += 5 * error;
                below[ahead][c] += error;
            }
        }
        std::mem::swap(&mut here, &mut below);
        below.fill([0; 3]);
    }
    Ok(indices)
}
