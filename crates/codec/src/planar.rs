//! Pictures as planes of lightness and colour, as JPEG stores them: what is only scaled and written again need never
//! become RGB.

use std::borrow::Cow;

use crate::icc::{self, Samples};
use crate::{Cancel, Channels, CodecError, Pixels};

/// A rectangle of 8-bit samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plane {
    /// Samples in a row, at least 1.
    pub width: u32,
    /// Rows, at least 1.
    pub height: u32,
    /// From the start of one row to the start of the next, at least `width`.
    pub stride: usize,
    /// Rows from top to bottom, at least `height` of them.
    pub data: Vec<u8>,
}

impl Plane {
    /// A plane of one value.
    pub fn filled(width: u32, height: u32, value: u8) -> Plane {
        Plane { width, height, stride: width as usize, data: vec![value; width as usize * height as usize] }
    }

    /// The rows.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        let width = self.width as usize;
        self.data.chunks(self.stride.max(1)).take(self.height as usize).filter_map(move |row| row.get(..width))
    }

    /// With the last column and the last row once more where their number is odd.
    pub(crate) fn evened(&self) -> Cow<'_, Plane> {
        let (width, height) = (self.width.next_multiple_of(2), self.height.next_multiple_of(2));
        if (width, height) == (self.width, self.height) {
            return Cow::Borrowed(self);
        }
        let mut data = Vec::with_capacity(width as usize * height as usize);
        for row in self.rows() {
            data.extend_from_slice(row);
            data.extend(row.last().filter(|_| width > self.width));
        }
        if height > self.height {
            data.extend_from_within(data.len() - width as usize..);
        }
        Cow::Owned(Plane { width, height, stride: width as usize, data })
    }

    /// Whether it holds what it says.
    pub(crate) fn is_sound(&self) -> bool {
        let rows = (self.height as usize).saturating_sub(1);
        let needed = self.stride.checked_mul(rows).and_then(|bytes| bytes.checked_add(self.width as usize));
        let fits = needed.is_some_and(|needed| needed <= self.data.len());
        self.width > 0 && self.height > 0 && self.stride >= self.width as usize && fits
    }
}

/// Blue and red difference of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Chroma {
    /// Cb.
    pub blue: Plane,
    /// Cr, of the same size.
    pub red: Plane,
    /// Samples of these planes for one of lightness, across and down: 1 where nothing was left out.
    pub ratio: (f64, f64),
}

/// A still without alpha: full-range YCbCr of ITU-R BT.601, as JFIF has it, of sRGB unless there is a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Planar {
    /// Lightness; its size is the picture's.
    pub luma: Plane,
    /// `None` for a picture of grey.
    pub chroma: Option<Chroma>,
    /// A colour profile (ICC.1) that changes something.
    pub profile: Option<Vec<u8>>,
}

/// How much chroma is wanted beside the lightness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChromaSize {
    /// Half of it on both sides, rounded up (4:2:0), for encoders that store so much.
    Half,
    /// As much.
    Full,
}

impl ChromaSize {
    /// Samples beside so many of lightness.
    pub fn of(self, length: u32) -> u32 {
        match self {
            ChromaSize::Half => length.div_ceil(2),
            ChromaSize::Full => length,
        }
    }
}

impl Planar {
    /// Bytes of its samples.
    pub fn bytes(&self) -> u64 {
        let chroma = self.chroma.as_ref().map_or(0, |c| c.blue.data.len() + c.red.data.len());
        (self.luma.data.len() + chroma) as u64
    }

    /// The same in RGB, by its profile in sRGB. Colour is taken from the nearest sample.
    ///
    /// # Errors
    /// When it is malformed, or called off.
    pub fn to_rgb(&self, cancel: &Cancel) -> Result<Pixels, CodecError> {
        self.check()?;
        let (width, height) = (self.luma.width, self.luma.height);
        let mut data = Vec::with_capacity(width as usize * height as usize * 3);
        match &self.chroma {
            None => self.luma.rows().for_each(|row| data.extend(row.iter().flat_map(|y| [*y; 3]))),
            Some(chroma) => {
                let (mut blues, mut reds) = (vec![0; width as usize], vec![0; width as usize]);
                for (y, row) in self.luma.rows().enumerate() {
                    if y % 64 == 0 {
                        cancel.check()?;
                    }
                    let at = (y as u64 * u64::from(chroma.blue.height) / u64::from(height)) as usize;
                    widen(&chroma.blue, at, &mut blues);
                    widen(&chroma.red, at, &mut reds);
                    let colors = blues.iter().zip(&reds);
                    data.extend(row.iter().zip(colors).flat_map(|(y, (b, r))| rgb(*y, *b, *r)));
                }
            }
        }
        let data = icc::to_srgb(data, Samples::Rgb, self.profile.as_deref(), cancel)?;
        Ok(Pixels { width, height, channels: Channels::Rgb, data })
    }

    /// Encoders written in C trust these lengths.
    pub(crate) fn check(&self) -> Result<(), CodecError> {
        let sound = match &self.chroma {
            None => true,
            Some(c) => {
                let same = (c.blue.width, c.blue.height) == (c.red.width, c.red.height);
                same && c.blue.is_sound() && c.red.is_sound()
            }
        };
        if sound && self.luma.is_sound() && self.luma.width <= 65535 && self.luma.height <= 65535 {
            return Ok(());
        }
        Err(CodecError::Internal("a plane whose size is not what it says".into()))
    }

    /// Whether its chroma is what encoders of 4:2:0 take. Grey has none, which they take too.
    pub(crate) fn has_half_chroma(&self) -> bool {
        let half = (ChromaSize::Half.of(self.luma.width), ChromaSize::Half.of(self.luma.height));
        self.chroma.as_ref().is_none_or(|c| (c.blue.width, c.blue.height) == half)
    }
}

fn widen(plane: &Plane, y: usize, out: &mut [u8]) {
    let Some(row) = plane.rows().nth(y) else { return };
    if row.len() == out.len() {
        return out.copy_from_slice(row);
    }
    let (from, to) = (row.len(), out.len());
    out.iter_mut().enumerate().for_each(|(x, value)| *value = row[x * from / to]);
}

/// ITU-T T.871 section 7, in steps of 1/65536.
pub(crate) fn rgb(y: u8, blue: u8, red: u8) -> [u8; 3] {
    let (y, b, r) = ((i32::from(y) << 16) + (1 << 15), i32::from(blue) - 128, i32::from(red) - 128);
    let value = |v: i32| (v >> 16).clamp(0, 255) as u8;
    [value(y + 91_881 * r), value(y - 22_554 * b - 46_802 * r), value(y + 116_130 * b)]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn colours_become_what_the_formula_says() {
        for y in (0..=255u8).step_by(15) {
            for b in (0..=255u8).step_by(15) {
                for r in (0..=255u8).step_by(15) {
                    let (yf, bf, rf) = (f64::from(y), f64::from(b) - 128.0, f64::from(r) - 128.0);
                    let want = [yf + 1.402 * rf, yf - 0.344_136 * bf - 0.714_136 * rf, yf + 1.772 * bf];
                    for (got, want) in rgb(y, b, r).iter().zip(want) {
                        assert!((f64::from(*got) - want.clamp(0.0, 255.0)).abs() <= 0.51, "{y} {b} {r}");
                    }
                }
            }
        }
    }

    #[test]
    fn planes_that_lie_are_refused() {
        let luma = Plane::filled(4, 3, 7);
        let sound = Planar { luma: luma.clone(), chroma: None, profile: None };
        assert_eq!(sound.to_rgb(&Cancel::never()).unwrap().data, [7; 36]);
        for luma in [
            Plane { height: 4, ..luma.clone() },
            Plane { stride: 3, ..luma.clone() },
            Plane { stride: 5, ..luma.clone() },
            Plane { width: 0, ..luma },
        ] {
            assert!(Planar { luma, chroma: None, profile: None }.to_rgb(&Cancel::never()).is_err());
        }
    }

    fn soft(width: u32, height: u32, colored: bool) -> Planar {
        let plane = |w: u32, h: u32, along: f64, down: f64| {
            let mut plane = Plane::filled(w, h, 0);
            // A row of padding after each, which nobody may read.
            plane.stride += 3;
            let at = |x: u32, y: u32| 40.0 + along * f64::from(x) / f64::from(w) + down * f64::from(y) / f64::from(h);
            plane.data = (0..h).flat_map(|y| (0..w).map(move |x| at(x, y) as u8).chain([255, 0, 255])).collect();
            plane
        };
        let half = |length| ChromaSize::Half.of(length);
        let chroma = || Chroma {
            blue: plane(half(width), half(height), 100.0, 40.0),
            red: plane(half(width), half(height), 20.0, 120.0),
            ratio: (0.5, 0.5),
        };
        Planar { luma: plane(width, height, 90.0, 90.0), chroma: colored.then(chroma), profile: None }
    }

    /// An encoder that reads past a plane, as the one for JPEG does where sides are odd and are not made even, writes
    /// another file for each thing that happens to lie there.
    #[test]
    fn what_lies_beside_a_plane_is_not_read() {
        let with = |planar: &Planar, garbage: u8| {
            let mut planar = planar.clone();
            let widened = |plane: &Plane| {
                let mut data: Vec<u8> = plane.rows().flat_map(|row| row.iter().copied().chain([garbage; 9])).collect();
                data.extend(vec![garbage; 3 * (plane.width as usize + 9)]);
                Plane { stride: plane.width as usize + 9, data, ..*plane }
            };
            planar.luma = widened(&planar.luma);
            if let Some(chroma) = &mut planar.chroma {
                (chroma.blue, chroma.red) = (widened(&chroma.blue), widened(&chroma.red));
            }
            planar
        };
        for (width, height) in [(64, 48), (37, 48), (64, 29), (37, 29), (1, 1)] {
            for colored in [true, false] {
                for format in plan::Format::ALL {
                    let how = crate::Encode {
                        format,
                        quality: 80,
                        lossless: false,
                        progressive: false,
                        palette: false,
                        ..crate::Encode::default()
                    };
                    let planar = soft(width, height, colored);
                    let file = |garbage| crate::encode_planar(&with(&planar, garbage), &how, &Cancel::never()).unwrap();
                    assert!(file(0) == file(255), "{format:?} {width}x{height} colored {colored}");
                }
            }
        }
    }

    #[test]
    fn encoders_take_planes_as_they_are() {
        for (width, height) in [(64, 48), (37, 29), (1, 1), (2, 1), (1, 9)] {
            for colored in [true, false] {
                let planar = soft(width, height, colored);
                let want = planar.to_rgb(&Cancel::never()).unwrap();
                for format in plan::Format::ALL {
                    let how = crate::Encode {
                        format,
                        quality: 92,
                        lossless: false,
                        progressive: false,
                        palette: false,
                        ..crate::Encode::default()
                    };
                    let file = crate::encode_planar(&planar, &how, &Cancel::never()).unwrap();
                    let budget = crate::Budget::default();
                    let got = crate::decode(&file, &crate::Decode::default(), &budget, &Cancel::never()).unwrap();
                    let got = &got.picture.frames[0].pixels;
                    assert_eq!((got.width, got.height), (width, height), "{format:?}");
                    let step = got.channels.count();
                    let pairs = got.data.chunks(step).zip(want.data.chunks(3));
                    let off: u64 = pairs.flat_map(|(a, b)| (0..3).map(move |c| u64::from(a[c].abs_diff(b[c])))).sum();
                    let mean = off as f64 / want.data.len() as f64;
                    let most = match format {
                        plan::Format::Gif => 12.0,
                        // From RGB, whose clipped colours are halved anew: in a pixel or two that is much.
                        plan::Format::Webp if width < 8 => 9.0,
                        _ => 4.0,
                    };
                    assert!(mean < most, "{format:?} {width}x{height} colored {colored}: {mean}");
                }
            }
        }
    }
}
