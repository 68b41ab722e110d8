//! A file whose headers have been read.

use std::sync::Arc;

use crate::markers::{Scan, Step, Walker};
use crate::progressive::Scans;
use crate::source::SOURCE_BYTES;
use crate::{Error, Options, Plane, Scale, progressive, sequential};

/// Room for tables, more than they take.
const TABLE_BYTES: u64 = 512 * 1024;

/// One component of a file (colour channel, in other words).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The name it has in the file.
    pub id: u8,
    /// Horizontal sampling factor, 1 to 4.
    pub horizontal: u8,
    /// Vertical sampling factor, 1 to 4.
    pub vertical: u8,
    /// Samples in a row: the picture's width times the horizontal factor over the largest of any component, rounded up.
    pub width: u32,
    /// Rows, likewise.
    pub height: u32,
    /// Quantiser steps in the order row * 8 + column; larger is coarser. For a component that is not in the first scan of
    /// a sequential file, zeros.
    pub steps: [u16; 64],
}

/// What the components mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// One component: lightness.
    Gray,
    /// Three, as JFIF defines them (ITU-R BT.601, full range).
    YCbCr,
    /// Three: red, green, blue.
    Rgb,
    /// Four: inks. Adobe's programs store them inverted; see [`Jpeg::adobe_transform`].
    Cmyk,
    /// Four: the first three inks as YCbCr, then black.
    Ycck,
    /// Two components of no agreed meaning.
    Unknown,
}

/// The headers of a file; nothing decoded.
#[derive(Debug, Clone)]
pub struct Jpeg<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) walker: Walker,
    /// All scans of a progressive file, the first of any other.
    pub(crate) scans: Vec<Scan>,
    components: Vec<Component>,
    /// MCUs in a row and in a column.
    pub(crate) mcus: (u32, u32),
    width: u32,
    height: u32,
    progressive: bool,
    /// Progressive: the end marker was seen.
    pub(crate) ended: bool,
}

/// What code is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instructions {
    /// Any processor.
    Plain,
    /// AVX2, BMI1 and BMI2. Only [`Instructions::best`] gives this, where they are there.
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Instructions {
    pub(crate) fn best() -> Instructions {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2") {
            return Instructions::Avx2;
        }
        Instructions::Plain
    }
}

/// Where the samples of a component go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub n: usize,
    /// Blocks in a row and in a column, padded to whole MCUs.
    pub padded: (usize, usize),
    /// Blocks that hold samples of the picture.
    pub blocks: (usize, usize),
}

impl Layout {
    pub(crate) fn stride(&self) -> usize {
        self.padded.0 * self.n
    }

    pub(crate) fn bytes(&self) -> usize {
        self.stride() * self.padded.1 * self.n
    }
}

impl<'a> Jpeg<'a> {
    /// Reads the markers: up to the first scan, or, in a progressive file, to the end.
    ///
    /// # Errors
    /// `Unsupported` for what this crate does not read; `Corrupt` and `Truncated` when the headers are bad or cut. A
    /// progressive file whose scans do not bring every coefficient to its last bit is `Truncated`.
    pub fn read(bytes: &'a [u8]) -> Result<Jpeg<'a>, Error> {
        let mut walker = Walker::new(bytes)?;
        let Step::Scan(scan) = walker.step(bytes)? else {
            return Err(Error::Truncated("no scan"));
        };
        let frame = walker.frame.clone().ok_or(Error::Corrupt("no frame header"))?;
        let widest = frame.components.iter().map(|c| c.horizontal).max().unwrap_or(1);
        let highest = frame.components.iter().map(|c| c.vertical).max().unwrap_or(1);
        let mut components: Vec<Component> = frame
            .components
            .iter()
            .map(|c| Component {
                id: c.id,
                horizontal: c.horizontal,
                vertical: c.vertical,
                width: (frame.width * u32::from(c.horizontal)).div_ceil(widest.into()),
                height: (frame.height * u32::from(c.vertical)).div_ceil(highest.into()),
                steps: [0; 64],
            })
            .collect();
        let scans = match frame.progressive {
            true => progressive::read_scans(bytes, &mut walker, scan, components.len())?,
            false => Scans { list: vec![scan], ended: false },
        };
        for part in scans.list.iter().rev().flat_map(|scan| &scan.components) {
            let steps = &mut components[part.index].steps;
            for (place, step) in crate::markers::ZIGZAG.iter().zip(part.steps.iter()) {
                steps[usize::from(*place)] = *step;
            }
        }
        Ok(Jpeg {
            bytes,
            walker,
            scans: scans.list,
            components,
            mcus: (frame.width.div_ceil(8 * u32::from(widest)), frame.height.div_ceil(8 * u32::from(highest))),
            width: frame.width,
            height: frame.height,
            progressive: frame.progressive,
            ended: scans.ended,
        })
    }

    /// Samples in a row of the whole picture, at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows of the whole picture, at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// One to four components, in the order of the frame header.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// Whether the file is progressive (SOF2).
    pub fn progressive(&self) -> bool {
        self.progressive
    }

    /// MCUs between restart markers in the first scan, 0 for none.
    pub fn restart_interval(&self) -> u32 {
        self.scans.first().map_or(0, |scan| scan.restart_interval)
    }

    /// Whether a JFIF marker (APP0) stands before the first scan.
    pub fn jfif(&self) -> bool {
        self.walker.jfif
    }

    /// The transform flag of an Adobe marker (APP14) before the first scan: 0 none, 1 YCbCr, 2 YCCK. Where there is such a
    /// marker, inks are stored inverted.
    pub fn adobe_transform(&self) -> Option<u8> {
        self.walker.adobe
    }

    /// What the components mean, by their number and names and by the JFIF and Adobe markers, as libjpeg decides it.
    pub fn color(&self) -> Color {
        let names: Vec<u8> = self.components.iter().map(|c| c.id).collect();
        match (names.as_slice(), self.adobe_transform()) {
            ([_], _) => Color::Gray,
            ([_, _, _], _) if self.jfif() => Color::YCbCr,
            ([_, _, _], Some(0)) => Color::Rgb,
            ([_, _, _], Some(_)) => Color::YCbCr,
            ([b'R', b'G', b'B'], None) => Color::Rgb,
            ([_, _, _], None) => Color::YCbCr,
            ([_, _, _, _], Some(2)) => Color::Ycck,
            ([_, _, _, _], _) => Color::Cmyk,
            _ => Color::Unknown,
        }
    }

    /// How many bytes [`Jpeg::decode`] holds at most at a time, the planes it gives included. A few kilobytes of tables may
    /// be less than said.
    ///
    /// # Errors
    /// `Unsupported` when there is not one scale for each component.
    pub fn decode_bytes(&self, scales: &[Scale]) -> Result<u64, Error> {
        let layouts = self.layouts(scales)?;
        let planes: u64 = layouts.iter().map(|layout| layout.bytes() as u64).sum();
        let coefficients = match self.progressive {
            true => progressive::Choice::new(self, &layouts, &Options::default()).bytes(&layouts),
            false => 0,
        };
        Ok(planes + coefficients + SOURCE_BYTES + TABLE_BYTES)
    }

    /// Decodes to one plane for each component, each at its own scale: `scales` goes with [`Jpeg::components`]. A plane has
    /// `scale.of(component.width)` by `scale.of(component.height)` samples. `cancel` is asked about once in a row of MCUs.
    ///
    /// # Errors
    /// `Truncated` when samples are missing, `Corrupt` when the data breaks the standard, `Cancelled` when `cancel` says
    /// so, `Unsupported` for oddities that another decoder may read, or when there is not one scale for each component.
    pub fn decode(&self, scales: &[Scale], cancel: &mut dyn FnMut() -> bool) -> Result<Vec<Plane>, Error> {
        self.decode_with(scales, &Options::default(), cancel)
    }

    /// As [`Jpeg::decode`], with options. Takes no more memory.
    ///
    /// # Errors
    /// As [`Jpeg::decode`].
    pub fn decode_with(
        &self,
        scales: &[Scale],
        options: &Options,
        cancel: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<Plane>, Error> {
        self.decode_by(Instructions::best(), scales, options, cancel)
    }

    fn decode_by(
        &self,
        instructions: Instructions,
        scales: &[Scale],
        options: &Options,
        cancel: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<Plane>, Error> {
        let layouts = self.layouts(scales)?;
        let data = match self.progressive {
            true => progressive::decode(self, &layouts, options, instructions, cancel)?,
            false => sequential::decode(self, &layouts, instructions, cancel)?,
        };
        Ok(self
            .components
            .iter()
            .zip(scales)
            .zip(layouts.iter().zip(data))
            .map(|((component, scale), (layout, data))| Plane {
                width: scale.of(component.width),
                height: scale.of(component.height),
                stride: layout.stride(),
                data,
            })
            .collect())
    }

    fn layouts(&self, scales: &[Scale]) -> Result<Vec<Layout>, Error> {
        if scales.len() != self.components.len() {
            return Err(Error::Unsupported("not one scale for each component"));
        }
        let layout = |(component, scale): (&Component, &Scale)| Layout {
            n: scale.eighths().into(),
            padded: (
                self.mcus.0 as usize * usize::from(component.horizontal),
                self.mcus.1 as usize * usize::from(component.vertical),
            ),
            blocks: (component.width.div_ceil(8) as usize, component.height.div_ceil(8) as usize),
        };
        Ok(self.components.iter().zip(scales).map(layout).collect())
    }
}

/// A table that a scan needs.
pub(crate) fn table(spec: &Option<Arc<crate::huffman::Spec>>) -> Result<&crate::huffman::Spec, Error> {
    spec.as_deref().ok_or(Error::Corrupt("a Huffman table is missing"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// Photographs of the repository: baseline with and without subsampling, inks, progressive.
    #[test]
    fn plain_code_gives_the_same_as_the_fastest() {
        for name in ["cat.jpg", "portrait.jpg", "dogs.jpg", "brushes-cmyk.jpg", "mountains.jpg"] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name);
            let file = std::fs::read(path).unwrap();
            let picture = Jpeg::read(&file).unwrap();
            let options = Options::default();
            for n in 1..=8 {
                let scales = vec![Scale::new(n).unwrap(); picture.components().len()];
                let plain = picture.decode_by(Instructions::Plain, &scales, &options, &mut || false).unwrap();
                let fastest = picture.decode_by(Instructions::best(), &scales, &options, &mut || false).unwrap();
                assert!(plain == fastest, "{name} at {n}/8");
            }
        }
    }
}
