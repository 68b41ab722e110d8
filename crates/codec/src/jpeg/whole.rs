//! JPEG to RGB by our own decoder: planes, colour widened by a triangle filter, one pass to RGB.
//!
//! The filter is the one that libjpeg has for chroma of half a side: three parts of the nearer sample, one of the farther.

use jpeg::{Color, Jpeg, Plane, Scale};

use super::markers::Markers;
use crate::icc::{self, Samples};
use crate::{Budget, Cancel, Channels, CodecError, Decode, Decoded, Info, Picture, Pixels, limits, planar, scratch};

/// Rows between two looks at the clock.
const BAND: u32 = 64;

/// Decodes, shrinking by a power of two where less than the full size serves. `None` for files that the other decoder serves
/// better: of other colours or odd sampling, and damaged ones, about which its verdict counts.
pub(super) fn decode(
    bytes: &[u8],
    markers: &Markers<'_>,
    info: &Info,
    (ask, budget, cancel): (&Decode, &Budget, &Cancel),
) -> Result<Option<Decoded>, CodecError> {
    let Ok(file) = Jpeg::read(bytes) else { return Ok(None) };
    let Some((scales, wider)) = layout(&file, 8 / super::shrink(info, ask)) else { return Ok(None) };
    if (file.width(), file.height()) != (info.width, info.height) {
        return Ok(None);
    }
    let Ok(held) = file.decode_bytes(&scales) else { return Ok(None) };
    let (width, height) = (scales[0].of(info.width), scales[0].of(info.height));
    limits::memory(held + limits::area(width, height) * 3, budget)?;
    let planes = match file.decode(&scales, &mut || cancel.check().is_err()) {
        Ok(planes) => planes,
        Err(jpeg::Error::Truncated(_)) => return Err(super::missing()),
        Err(jpeg::Error::Corrupt(_) | jpeg::Error::Unsupported(_)) => return Ok(None),
        Err(jpeg::Error::Cancelled) => {
            cancel.check()?;
            return Err(CodecError::Cancelled);
        }
    };
    let profile = markers.profile();
    let (data, samples) = match &planes[..] {
        [luma] if profile.as_deref().is_some_and(icc::is_gray) => (gray(luma), Samples::Gray),
        [luma] => (gray(luma).into_iter().flat_map(|level| [level; 3]).collect(), Samples::Rgb),
        [luma, blue, red] => (color(luma, [blue, red], wider, cancel)?, Samples::Rgb),
        _ => return Ok(None),
    };
    drop(planes);
    let (data, profile) = icc::settle(data, samples, profile.as_deref(), ask.keep_profile, cancel)?;
    let pixels = Pixels { width, height, channels: Channels::Rgb, data };
    Ok(Some(Decoded { picture: Picture::still(pixels), profile, info: info.clone() }))
}

/// How much wider and higher colour must become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wider {
    across: bool,
    down: bool,
}

/// A scale for each component, lightness at so many eighths.
fn layout(file: &Jpeg<'_>, eighths: u32) -> Option<(Vec<Scale>, Wider)> {
    let luma = Scale::new(eighths as u8)?;
    match (file.color(), file.components()) {
        (Color::Gray, [_]) => Some((vec![luma], Wider { across: false, down: false })),
        (Color::YCbCr, [light, blue, red]) => {
            let full = (light.width, light.height) == (file.width(), file.height());
            if !full || (blue.horizontal, blue.vertical) != (red.horizontal, red.vertical) {
                return None;
            }
            let half = |light: u8, color: u8| match light {
                _ if light == color => Some(false),
                _ if light == 2 * color => Some(true),
                _ => None,
            };
            let wider =
                Wider { across: half(light.horizontal, blue.horizontal)?, down: half(light.vertical, blue.vertical)? };
            match (luma, wider) {
                (Scale::FULL, _) => Some((vec![Scale::FULL; 3], wider)),
                // Where lightness is halved at least, what is half of it already is decoded to twice as much.
                (_, Wider { across, down }) if across == down => {
                    let color = Scale::new(luma.eighths() * if across { 2 } else { 1 })?;
                    Some((vec![luma, color, color], Wider { across: false, down: false }))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn gray(luma: &Plane) -> Vec<u8> {
    let mut data = Vec::with_capacity(luma.width as usize * luma.height as usize);
    (0..luma.height).for_each(|y| data.extend_from_slice(luma.row(y)));
    data
}

fn color(luma: &Plane, colors: [&Plane; 2], wider: Wider, cancel: &Cancel) -> Result<Vec<u8>, CodecError> {
    let width = luma.width as usize;
    let mut data = scratch::take(width * luma.height as usize * 3);
    let mut rows = [Row::new(width), Row::new(width)];
    for (y, out) in (0..luma.height).zip(data.chunks_exact_mut(width * 3)) {
        if y % BAND == 0 {
            cancel.check()?;
        }
        for (row, plane) in rows.iter_mut().zip(colors) {
            row.fill(plane, y, wider);
        }
        let [blue, red] = &rows;
        to_rgb(luma.row(y), &blue.out[..width], &red.out[..width], out);
    }
    Ok(data)
}

/// A row of colour as wide as the lightness.
struct Row {
    /// Four times the samples, between the two directions.
    sums: Vec<u16>,
    out: Vec<u8>,
}

impl Row {
    fn new(width: usize) -> Row {
        // One to spare for an odd width.
        Row { sums: vec![0; width], out: vec![0; width + 1] }
    }

    fn fill(&mut self, plane: &Plane, y: u32, wider: Wider) {
        let last = plane.height.saturating_sub(1);
        let (near, far) = match (wider.down, y % 2) {
            (false, _) => (y.min(last), y.min(last)),
            (true, 0) => ((y / 2).min(last), (y / 2).saturating_sub(1)),
            (true, _) => ((y / 2).min(last), (y / 2 + 1).min(last)),
        };
        if !wider.across && !wider.down {
            let row = plane.row(near);
            return self.out[..row.len()].copy_from_slice(row);
        }
        let sums = self.sums.iter_mut().zip(plane.row(near).iter().zip(plane.row(far)));
        sums.for_each(|(sum, (near, far))| *sum = 3 * u16::from(*near) + u16::from(*far));
        let sums = &self.sums[..(plane.width as usize).min(self.sums.len())];
        if !wider.across {
            self.out.iter_mut().zip(sums).for_each(|(out, sum)| *out = ((sum + 2) >> 2) as u8);
            return;
        }
        let Some(([first, ..], [.., end])) = sums.first_chunk::<1>().zip(sums.last_chunk::<1>()) else { return };
        let pairs = self.out.as_chunks_mut::<2>().0;
        for ([left, right], three) in pairs.iter_mut().skip(1).zip(sums.windows(3)) {
            let [before, here, after] = [three[0], three[1], three[2]];
            *left = ((3 * here + before + 8) >> 4) as u8;
            *right = ((3 * here + after + 7) >> 4) as u8;
        }
        // The edges have nothing beyond them.
        let next = sums.get(1).unwrap_or(first);
        self.out[0] = ((4 * first + 8) >> 4) as u8;
        self.out[1] = ((3 * first + next + 7) >> 4) as u8;
        if sums.len() > 1 {
            let at = 2 * (sums.len() - 1);
            let before = sums[sums.len() - 2];
            self.out[at] = ((3 * end + before + 8) >> 4) as u8;
            if let Some(out) = self.out.get_mut(at + 1) {
                *out = ((4 * end + 7) >> 4) as u8;
            }
        }
    }
}

/// Pixels at once, so that the compiler takes them side by side.
const LANES: usize = 16;

fn to_rgb(luma: &[u8], blue: &[u8], red: &[u8], out: &mut [u8]) {
    let (lots, rest) = luma.as_chunks::<LANES>();
    let (blues, reds) = (blue.as_chunks::<LANES>().0, red.as_chunks::<LANES>().0);
    let (to, to_rest) = out.split_at_mut(lots.len() * LANES * 3);
    for (((y, b), r), to) in lots.iter().zip(blues).zip(reds).zip(to.chunks_exact_mut(LANES * 3)) {
        let mut channels = [[0u8; LANES]; 3];
        for i in 0..LANES {
            let pixel = planar::rgb(y[i], b[i], r[i]);
            (channels[0][i], channels[1][i], channels[2][i]) = (pixel[0], pixel[1], pixel[2]);
        }
        for (i, pixel) in to.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            *pixel = [channels[0][i], channels[1][i], channels[2][i]];
        }
    }
    let at = lots.len() * LANES;
    for (i, pixel) in to_rest.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        *pixel = planar::rgb(rest[i], blue[at + i], red[at + i]);
    }
}
