//! GIF 89a: every frame composed to the full size, by its disposal method.

mod blocks;
mod encoder;
mod lzw;

use std::io::Cursor;

use gif::{DecodeOptions, Decoder, DisposalMethod, MemoryLimit};

use crate::{Budget, Cancel, Channels, CodecError, Decode, Decoded, Frame, Info, Kind, Picture, Pixels};
use crate::{limits, scratch};
use blocks::Blocks;

pub(crate) use encoder::encode;

/// Reads all blocks without decoding their pixels.
pub(crate) fn probe(bytes: &[u8], budget: &Budget) -> Result<Info, CodecError> {
    Ok(read(bytes, budget)?.1)
}

fn read(bytes: &[u8], budget: &Budget) -> Result<(Blocks, Info), CodecError> {
    let blocks = Blocks::read(bytes)?;
    limits::size(blocks.width, blocks.height, budget)?;
    let info = Info {
        kind: Kind::Gif,
        width: blocks.width,
        height: blocks.height,
        orientation: 1,
        may_have_alpha: blocks.may_have_alpha,
        frames: blocks.frames.max(1),
    };
    Ok((blocks, info))
}

/// Decodes the first frame or all.
pub(crate) fn decode(bytes: &[u8], ask: &Decode, budget: &Budget, cancel: &Cancel) -> Result<Decoded, CodecError> {
    let (blocks, info) = read(bytes, budget)?;
    if !blocks.is_complete() {
        return Err(CodecError::Truncated("the GIF ends before its last frame".into()));
    }
    let wanted = if ask.all_frames { blocks.frames } else { 1 };
    limits::frames(wanted.into(), budget)?;
    let channels = if info.may_have_alpha { Channels::Rgba } else { Channels::Rgb };
    let area = limits::area(info.width, info.height);
    limits::size(blocks.widest, blocks.highest, budget)?;
    // The frames that go out; the canvas, what was below it, and one frame of indices.
    let scratch = area * 8 + limits::area(blocks.widest, blocks.highest);
    limits::memory(u64::from(wanted) * area * channels.count() as u64 + scratch, budget)?;

    let mut options = DecodeOptions::new();
    options.set_memory_limit(MemoryLimit::Unlimited);
    options.skip_frame_decoding(true);
    let mut decoder = options.read_info(Cursor::new(bytes)).map_err(refuse)?;
    let global = decoder.global_palette().map(<[u8]>::to_vec);
    let mut canvas = Canvas::new(info.width, info.height);
    let mut frames = Vec::new();
    while frames.len() < wanted as usize {
        cancel.check()?;
        let Some(part) = next_part(&mut decoder, global.as_deref())? else {
            return Err(CodecError::Truncated("the GIF ends before its last frame".into()));
        };
        canvas.draw(&part);
        let pixels = Pixels { width: info.width, height: info.height, channels, data: canvas.copy(channels) };
        let delay_ms = if info.frames > 1 && ask.all_frames { u32::from(part.delay) * 10 } else { 0 };
        frames.push(Frame { pixels, delay_ms });
        canvas.dispose(&part);
        scratch::keep(part.indices);
    }
    let loops = if frames.len() > 1 { blocks.plays } else { 0 };
    Ok(Decoded { picture: Picture { frames, loops }, profile: None, info })
}

/// One image block, decoded.
struct Part {
    left: usize,
    top: usize,
    width: usize,
    delay: u16,
    dispose: DisposalMethod,
    transparent: Option<u8>,
    palette: Vec<u8>,
    indices: Vec<u8>,
    height: usize,
}

fn next_part(decoder: &mut Decoder<Cursor<&[u8]>>, global: Option<&[u8]>) -> Result<Option<Part>, CodecError> {
    let Some(frame) = decoder.read_next_frame().map_err(refuse)? else {
        return Ok(None);
    };
    let palette = frame.palette.as_deref().or(global).unwrap_or_default().to_vec();
    let mut part = Part {
        left: frame.left.into(),
        top: frame.top.into(),
        width: frame.width.into(),
        height: frame.height.into(),
        delay: frame.delay,
        dispose: frame.dispose,
        transparent: frame.transparent,
        palette,
        indices: Vec::new(),
    };
    part.indices = scratch::take(part.width * part.height);
    // Undecoded: the size of the codes, then the codes.
    let (bits, data) = frame.buffer.split_first().map_or((0, &[][..]), |(bits, data)| (*bits, data));
    lzw::decode(bits, data, &mut part.indices).map_err(|fault| match fault {
        lzw::Fault::Truncated => CodecError::Truncated("the GIF ends before its last pixel".into()),
        lzw::Fault::Corrupt => CodecError::Corrupt("a code in the GIF that stands for nothing".into()),
    })?;
    if frame.interlaced {
        part.indices = in_order(&part.indices, part.width);
    }
    Ok(Some(part))
}

/// The rows of an interlaced frame, from top to bottom (GIF 89a, appendix E).
fn in_order(indices: &[u8], width: usize) -> Vec<u8> {
    let mut out = vec![0; indices.len()];
    let height = indices.len() / width.max(1);
    let places = [(0, 8), (4, 8), (2, 4), (1, 2)].into_iter().flat_map(|(from, step)| (from..height).step_by(step));
    for (row, y) in indices.chunks_exact(width.max(1)).zip(places) {
        out[y * width..(y + 1) * width].copy_from_slice(row);
    }
    out
}

/// The picture as it stands, RGBA. The background is transparent, as browsers have it.
struct Canvas {
    width: usize,
    height: usize,
    data: Vec<u8>,
    below: Vec<u8>,
}

impl Canvas {
    fn new(width: u32, height: u32) -> Self {
        let (width, height) = (width as usize, height as usize);
        Canvas { width, height, data: vec![0; width * height * 4], below: Vec::new() }
    }

    fn draw(&mut self, part: &Part) {
        if part.dispose == DisposalMethod::Previous {
            self.below.clone_from(&self.data);
        }
        if part.width == 0 {
            return;
        }
        // Alpha is 0 for what is not drawn: the transparent index, and those past the end of the palette.
        let mut table = [[0; 4]; 256];
        for (color, [r, g, b]) in table.iter_mut().zip(part.palette.as_chunks::<3>().0) {
            *color = [*r, *g, *b, 255];
        }
        if let Some(index) = part.transparent {
            table[usize::from(index)][3] = 0;
        }
        for (y, row) in part.indices.chunks_exact(part.width).enumerate() {
            let Some(line) = self.line(part, y) else {
                break;
            };
            for (pixel, index) in line.as_chunks_mut::<4>().0.iter_mut().zip(row) {
                let color = table[usize::from(*index)];
                *pixel = if color[3] == 0 { *pixel } else { color };
            }
        }
    }

    /// The pixels of the canvas under one row of a part; shorter than the row where the part stands out.
    fn line(&mut self, part: &Part, y: usize) -> Option<&mut [u8]> {
        let y = part.top + y;
        if y >= self.height || part.left >= self.width {
            return None;
        }
        let end = (part.left + part.width).min(self.width);
        self.data.get_mut((y * self.width + part.left) * 4..(y * self.width + end) * 4)
    }

    fn dispose(&mut self, part: &Part) {
        match part.dispose {
            DisposalMethod::Any | DisposalMethod::Keep => {}
            DisposalMethod::Previous => std::mem::swap(&mut self.data, &mut self.below),
            DisposalMethod::Background => {
                for y in 0..part.height {
                    match self.line(part, y) {
                        Some(line) => line.fill(0),
                        None => break,
                    }
                }
            }
        }
    }

    fn copy(&self, channels: Channels) -> Vec<u8> {
        match channels {
            Channels::Rgba => {
                let mut out = scratch::take(self.data.len());
                out.copy_from_slice(&self.data);
                out
            }
            Channels::Rgb => {
                let mut out = scratch::take(self.width * self.height * 3);
                let (to, from) = (out.as_chunks_mut::<3>().0, self.data.as_chunks::<4>().0);
                to.iter_mut().zip(from).for_each(|(to, [r, g, b, _])| *to = [*r, *g, *b]);
                out
            }
        }
    }
}

fn refuse(error: gif::DecodingError) -> CodecError {
    match error {
        gif::DecodingError::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            CodecError::Truncated("the GIF ends before its last pixel".into())
        }
        e => CodecError::Corrupt(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use gif::Encoder;

    use super::*;

    /// Four pixels in a row: one frame of four, then one pixel with a disposal, then another pixel.
    fn after(dispose: DisposalMethod) -> Vec<Vec<u8>> {
        let palette = [10, 0, 0, 20, 0, 0, 30, 0, 0, 40, 0, 0];
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 4, 1, &palette).unwrap();
        for (left, width, dispose, data) in [
            (0, 4, DisposalMethod::Keep, vec![0, 0, 0, 0]),
            (1, 2, dispose, vec![1, 3]),
            (3, 1, DisposalMethod::Keep, vec![2]),
        ] {
            let transparent = Some(3);
            let buffer = data.into();
            let frame = gif::Frame { left, width, height: 1, dispose, transparent, buffer, ..gif::Frame::default() };
            encoder.write_frame(&frame).unwrap();
        }
        drop(encoder);
        let ask = Decode { all_frames: true, ..Decode::default() };
        let out = crate::decode(&file, &ask, &Budget::default(), &Cancel::never()).unwrap();
        let count = out.picture.channels().count();
        out.picture.frames.iter().map(|f| f.pixels.data.chunks_exact(count).map(|p| p[0]).collect()).collect()
    }

    #[test]
    fn disposal_methods() {
        let shown = [vec![10, 10, 10, 10], vec![10, 20, 10, 10]];
        for (dispose, last) in [
            (DisposalMethod::Any, [10, 20, 10, 30]),
            (DisposalMethod::Keep, [10, 20, 10, 30]),
            (DisposalMethod::Background, [10, 0, 0, 30]),
            (DisposalMethod::Previous, [10, 10, 10, 30]),
        ] {
            let frames = after(dispose);
            assert_eq!(frames[..2], shown, "{dispose:?}");
            assert_eq!(frames[2], last, "{dispose:?}");
        }
    }

    #[test]
    fn an_animation_cut_between_frames_is_truncated() {
        let pixels = |v| Pixels { width: 5, height: 5, channels: Channels::Rgb, data: vec![v; 75] };
        let frames = (0..3).map(|n| Frame { pixels: pixels(n * 50), delay_ms: 20 }).collect();
        let file = encode(&Picture { frames, loops: 1 }, 256, &Cancel::never()).unwrap();
        let cut = &file[..file.len() - 1];
        let out = crate::decode(cut, &Decode::default(), &Budget::default(), &Cancel::never());
        assert!(matches!(out, Err(CodecError::Truncated(_))));
    }
}
