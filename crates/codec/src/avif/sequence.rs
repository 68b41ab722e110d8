//! The frame size that the AV1 data of an AVIF file declares, read before it is decoded. The AV1 decoder allocates by that
//! size, whatever the boxes around it say.

use super::boxes;
use crate::CodecError;

/// The largest frame, in pixels, that the sequence headers of all AV1 items allow.
///
/// # Errors
/// `Corrupt` when the boxes cannot be followed, or an item has no sequence header: what cannot be checked is not decoded.
pub(super) fn largest_frame(bytes: &[u8]) -> Result<u64, CodecError> {
    let items = boxes::items(bytes, |kind, _| kind == b"av01")
        .ok_or_else(|| CodecError::Corrupt("AVIF: its items cannot be found".into()))?;
    let largest = items.iter().filter_map(|data| frame_of_item(data)).max();
    largest.ok_or_else(|| CodecError::Corrupt("AVIF: no sequence header".into()))
}

/// The largest frame that the sequence headers among the units of an item allow (AV1 specification section 5.3).
fn frame_of_item(mut data: &[u8]) -> Option<u64> {
    let mut largest = None;
    while let Some((header, rest)) = data.split_first() {
        let extension = usize::from(header >> 2 & 1);
        let mut body = rest.get(extension..)?;
        if header & 2 != 0 {
            let mut size = 0usize;
            for shift in (0..56).step_by(7) {
                let (byte, rest) = body.split_first()?;
                body = rest;
                size |= usize::from(byte & 0x7F) << shift;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            data = body.get(size..).unwrap_or_default();
            body = body.get(..size).unwrap_or(body);
        } else {
            data = &[];
        }
        if header >> 3 & 15 == 1 {
            largest = largest.max(Some(frame_of_sequence(body)?));
        }
    }
    largest
}

/// `sequence_header_obu`, up to the frame size (AV1 specification section 5.5.1).
fn frame_of_sequence(body: &[u8]) -> Option<u64> {
    let mut bits = Bits { data: body, at: 0 };
    bits.read(4)?;
    if bits.read(1)? == 1 {
        bits.read(5)?;
    } else {
        let mut delay_bits = None;
        if bits.read(1)? == 1 {
            bits.read(64)?;
            if bits.read(1)? == 1 {
                bits.unsigned_exp_golomb()?;
            }
            if bits.read(1)? == 1 {
                delay_bits = Some(bits.read(5)? as u32 + 1);
                bits.read(42)?;
            }
        }
        let initial_delays = bits.read(1)? == 1;
        for _ in 0..=bits.read(5)? {
            bits.read(12)?;
            if bits.read(5)? > 7 {
                bits.read(1)?;
            }
            if let Some(length) = delay_bits
                && bits.read(1)? == 1
            {
                bits.read(length)?;
                bits.read(length)?;
                bits.read(1)?;
            }
            if initial_delays && bits.read(1)? == 1 {
                bits.read(4)?;
            }
        }
    }
    let (width_bits, height_bits) = (bits.read(4)? as u32 + 1, bits.read(4)? as u32 + 1);
    Some((bits.read(width_bits)? + 1) * (bits.read(height_bits)? + 1))
}

/// Bits, the highest of each byte first.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn read(&mut self, count: u32) -> Option<u64> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.data.get(self.at / 8)?;
            value = value << 1 | u64::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    fn unsigned_exp_golomb(&mut self) -> Option<()> {
        let mut zeros = 0;
        while self.read(1)? == 0 {
            zeros += 1;
        }
        if zeros < 32 { self.read(zeros).map(|_| ()) } else { Some(()) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::{Cancel, Channels, Encode, Picture, Pixels};

    fn file(width: u32, height: u32, channels: Channels) -> Vec<u8> {
        let data = vec![90; width as usize * height as usize * channels.count()];
        let how = Encode {
            format: plan::Format::Avif,
            quality: 50,
            lossless: false,
            progressive: false,
            palette: false,
            ..Encode::default()
        };
        crate::encode(&Picture::still(Pixels { width, height, channels, data }), &how, &Cancel::never()).unwrap()
    }

    #[test]
    fn reads_the_size_that_was_written() {
        for (width, height) in [(1, 1), (97, 61), (300, 7)] {
            for channels in [Channels::Rgb, Channels::Rgba] {
                assert_eq!(largest_frame(&file(width, height, channels)), Ok(u64::from(width * height)));
            }
        }
    }

    #[test]
    fn a_size_hidden_in_the_coded_data_is_seen() {
        let honest = file(97, 61, Channels::Rgb);
        // Temporal delimiter, sequence header: reduced still picture, 16 bits a side, all ones.
        let header = [0x12, 0x00, 0x0A, 0x07, 0x18, 0x3F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        assert_eq!(frame_of_item(&header), Some(65536 * 65536));
        let at = memchr::memmem::rfind(&honest, &[0x12, 0x00, 0x0A]).unwrap();
        let mut bomb = honest.clone();
        bomb[at..at + header.len()].copy_from_slice(&header);
        let out = crate::decode(&bomb, &crate::Decode::default(), &crate::Budget::default(), &Cancel::never());
        assert!(matches!(out, Err(crate::CodecError::OverBudget { what: "input pixels", .. })), "{out:?}");
    }
}
