//! An overlay, row by row of the picture below.

use std::ops::Range;

use codec::Channels;

use super::Top;

/// Gives the pixels of an overlay that lie over a row of the picture below, repeated if it is.
pub(super) struct Layer<'a> {
    top: Option<&'a Top>,
    row: Vec<[u8; 4]>,
}

impl<'a> Layer<'a> {
    /// Over a picture of this width; `None` lies nowhere.
    pub(super) fn new(top: Option<&'a Top>, width: u32) -> Self {
        Layer { top, row: vec![[0; 4]; width as usize] }
    }

    /// The columns of a row in which something may be seen, and the pixels of the whole row: transparent elsewhere. They are
    /// wanted for ascending rows.
    pub(super) fn row(&mut self, y: usize) -> (Range<usize>, &[[u8; 4]]) {
        let Some(top) = self.top else { return (0..0, &self.row) };
        let (width, height) = (top.pixels.width as usize, top.pixels.height as usize);
        let (x, first) = (top.at.0 as usize, top.at.1 as usize);
        let Some((across, down)) = top.step else {
            let seen = x..x + width;
            if y < first {
                return (0..0, &self.row);
            }
            if y - first < height {
                copy(top, y - first, 0, &mut self.row[seen.clone()]);
                return (seen, &self.row);
            }
            if y - first == height {
                self.row[seen].fill([0; 4]);
            }
            return (0..0, &self.row);
        };
        // The first place lies less than a step away, and what comes before it is a whole step back.
        let from = |at: usize, first: usize, step: u64| {
            let first = first as u64 % step;
            ((at as u64 + step - first) % step) as usize
        };
        let line = from(y, first, down);
        if line >= height {
            self.row.fill([0; 4]);
            return (0..0, &self.row);
        }
        let end = self.row.len();
        let mut at = 0;
        while at < end {
            let column = from(at, x, across);
            let count = if column < width {
                let count = (width - column).min(end - at);
                copy(top, line, column, &mut self.row[at..at + count]);
                count
            } else {
                let gap = across - column as u64;
                let count = usize::try_from(gap).unwrap_or(usize::MAX).min(end - at);
                self.row[at..at + count].fill([0; 4]);
                count
            };
            at += count;
        }
        (0..end, &self.row)
    }
}

/// Copies a part of a line.
fn copy(top: &Top, line: usize, column: usize, to: &mut [[u8; 4]]) {
    let (pixels, count) = (&top.pixels, top.pixels.channels.count());
    let start = (line * pixels.width as usize + column) * count;
    let from = &pixels.data[start..start + to.len() * count];
    match pixels.channels {
        Channels::Rgba => to.copy_from_slice(from.as_chunks::<4>().0),
        Channels::Rgb => {
            for (to, [r, g, b]) in to.iter_mut().zip(from.as_chunks::<3>().0) {
                *to = [*r, *g, *b, 255];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use codec::Pixels;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_are_what_the_places_say(
            (w, h, x, y) in (1u32..6, 1u32..6, 0u32..9, 0u32..9),
            gap in proptest::option::of((0u64..5, 0u64..5)),
            alpha: bool,
        ) {
            let channels = if alpha { Channels::Rgba } else { Channels::Rgb };
            let data = (0..h * w).flat_map(|i| [i as u8 + 1, 7, 9, 200].into_iter().take(channels.count())).collect();
            let step = gap.map(|(across, down)| (u64::from(w) + across, u64::from(h) + down));
            let top = Top { pixels: Pixels { width: w, height: h, channels, data }, at: (x, y), step };
            let mut layer = Layer::new(Some(&top), 16);
            let phase = |at: i64, first: u32, step: Option<u64>, side: u32| match step {
                Some(step) => (at - i64::from(first)).rem_euclid(step as i64),
                None if at < i64::from(first) => i64::from(side),
                None => at - i64::from(first),
            };
            for row in 0..20i64 {
                let (seen, pixels) = layer.row(row as usize);
                for column in 0..16i64 {
                    let left = phase(column, x, step.map(|s| s.0), w);
                    let up = phase(row, y, step.map(|s| s.1), h);
                    let inside = left < i64::from(w) && up < i64::from(h);
                    let want = [(up * i64::from(w) + left) as u8 + 1, 7, 9, if alpha { 200 } else { 255 }];
                    prop_assert_eq!(pixels[column as usize], if inside { want } else { [0; 4] });
                    prop_assert!(!inside || seen.contains(&(column as usize)));
                }
            }
        }
    }
}
