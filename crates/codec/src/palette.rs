//! Pictures of at most 256 colours, for PNG and GIF; and the colours that a picture mostly has.

mod quantise;
mod remap;

use std::collections::HashMap;

use crate::Pixels;

/// A picture as indices.
pub(crate) struct Indexed {
    /// Red, green, blue, alpha of each colour; at most as many as asked for, the opaque ones last.
    pub colors: Vec<[u8; 4]>,
    /// One per pixel.
    pub indices: Vec<u8>,
}

/// Reduces RGBA pixels to at most `most` colours (2 to 256): exactly, where there are no more, else with error diffusion.
pub(crate) fn reduce(rgba: &[u8], width: u32, most: usize) -> Indexed {
    exactly(rgba, most).unwrap_or_else(|| {
        let colors = quantise::quantise(rgba, most);
        let indices = remap::remap(rgba, width as usize, &colors);
        Indexed { colors, indices }
    })
}

/// The picture as it is, if it has so few colours. What is fully transparent is one colour.
fn exactly(rgba: &[u8], most: usize) -> Option<Indexed> {
    let seen = |p: &[u8]| if p[3] == 0 { [0; 4] } else { [p[0], p[1], p[2], p[3]] };
    let mut places: HashMap<[u8; 4], u8> = HashMap::new();
    let mut last = None;
    for pixel in rgba.chunks_exact(4).map(seen) {
        // Where colours are few, neighbours are mostly alike.
        if last != Some(pixel) {
            places.insert(pixel, 0);
            if places.len() > most {
                return None;
            }
            last = Some(pixel);
        }
    }
    let mut colors: Vec<[u8; 4]> = places.keys().copied().collect();
    colors.sort_by_key(|c| (c[3], c[0], c[1], c[2]));
    colors.iter().enumerate().for_each(|(index, color)| {
        places.insert(*color, index as u8);
    });
    let indices = rgba.chunks_exact(4).map(|pixel| places.get(&seen(pixel)).copied().unwrap_or(0)).collect();
    Some(Indexed { colors, indices })
}

/// Some of the opaque pixels of RGBA, spread evenly; all of them where there are no more.
pub(crate) fn sample(rgba: &[u8], most: usize) -> Vec<u8> {
    let opaque = rgba.chunks_exact(4).filter(|p| p[3] >= 128).count();
    let mut out = Vec::with_capacity(opaque.min(most) * 4);
    // One of each so many, its place drawn by lot: even steps would fall in with the columns.
    let group = opaque.div_ceil(most.max(1)).max(1);
    let mut lot = 1u32;
    let mut chosen = 0;
    for (number, pixel) in rgba.chunks_exact(4).filter(|p| p[3] >= 128).enumerate() {
        if number % group == 0 {
            lot = lot.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            chosen = (lot >> 8) as usize % group;
        }
        if number % group == chosen {
            out.extend([pixel[0], pixel[1], pixel[2], 255]);
        }
    }
    if out.is_empty() && opaque > 0 {
        out.extend(rgba.chunks_exact(4).find(|p| p[3] >= 128).unwrap_or_default());
    }
    out
}

/// At most so many colours (2 to 256) for a sample of opaque RGBA pixels.
pub(crate) fn colors_of(sample: &[u8], most: usize) -> Vec<[u8; 3]> {
    quantise::quantise(sample, most.clamp(2, 256)).into_iter().map(|c| [c[0], c[1], c[2]]).collect()
}

/// Finds the nearest of some colours. Each is searched for once in a cube of four values a side, and remembered.
pub(crate) struct Nearest {
    colors: Vec<[i32; 3]>,
    /// One more than the index; 0 is not known yet.
    cells: Vec<u16>,
}

impl Nearest {
    pub(crate) fn new(colors: &[[u8; 3]]) -> Nearest {
        Nearest { colors: colors.iter().map(|c| c.map(i32::from)).collect(), cells: vec![0; 1 << 18] }
    }

    /// The index of the nearest.
    pub(crate) fn of(&mut self, color: [u8; 3]) -> u8 {
        let [r, g, b] = color.map(|v| usize::from(v >> 2));
        let cell = &mut self.cells[r << 12 | g << 6 | b];
        if *cell == 0 {
            // The middle of the cube stands for all of it.
            let [r, g, b] = color.map(|v| i32::from(v & !3) + 2);
            let far = |c: &[i32; 3]| (c[0] - r).pow(2) + (c[1] - g).pow(2) + (c[2] - b).pow(2);
            let found = self.colors.iter().enumerate().min_by_key(|(_, c)| far(c));
            *cell = found.map_or(0, |(index, _)| index as u16) + 1;
        }
        (*cell - 1) as u8
    }
}

/// A colour of a picture, and how much of it has that colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColorShare {
    /// Red, green, blue.
    pub color: [u8; 3],
    /// Of the pixels that are not clear; over 0, and 1 in all.
    pub share: f64,
}

/// Pixels that are looked at for the colours of a picture.
const LOOKED_AT: usize = 1 << 16;

/// The colours that a picture mostly has, the largest share first: at most `count`, which is held to 1 to 256. None where
/// every pixel is clear (alpha under one half).
///
pub fn colors(pixels: &Pixels, count: usize) -> Vec<ColorShare> {
    let wanted = count.clamp(1, 256);
    let rgba;
    let data = match pixels.channels {
        crate::Channels::Rgba => &pixels.data,
        crate::Channels::Rgb => {
            rgba = pixels.data.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
            &rgba
        }
    };
    let sample = sample(data, LOOKED_AT);
    if sample.is_empty() {
        return Vec::new();
    }
    let palette = colors_of(&sample, wanted);
    let mut nearest = Nearest::new(&palette[..palette.len().min(wanted)]);
    let mut sums = vec![([0u64; 3], 0u64); palette.len()];
    for pixel in sample.chunks_exact(4) {
        let (sum, number) = &mut sums[usize::from(nearest.of([pixel[0], pixel[1], pixel[2]]))];
        sum.iter_mut().zip(pixel).for_each(|(sum, v)| *sum += u64::from(*v));
        *number += 1;
    }
    let total = (sample.len() / 4) as f64;
    // The mean of what fell to a colour is nearer to it than the quantiser's.
    let mut found: Vec<ColorShare> = sums
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(sum, number)| ColorShare {
            color: sum.map(|v| ((v + number / 2) / number) as u8),
            share: number as f64 / total,
        })
        .collect();
    found.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.color.cmp(&b.color)));
    found
}
