//! Orientation from EXIF (CIPA DC-008).

use exif::{In, Reader, Tag};

/// An EXIF block longer than this is not read; the orientation stands in its first directory.
const LONGEST: usize = 1 << 20;

/// The orientation, 1 to 8, of an EXIF block with or without its `Exif\0\0` prefix; 1 if it has none or is broken.
pub(crate) fn orientation(block: &[u8]) -> u8 {
    let tiff = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let tiff = tiff[..tiff.len().min(LONGEST)].to_vec();
    let parsed = match reader.read_raw(tiff) {
        Ok(parsed) => Some(parsed),
        Err(error) => error.distill_partial_result(|_| ()).ok(),
    };
    parsed
        .and_then(|exif| exif.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0))
        .and_then(|value| u8::try_from(value).ok())
        .filter(|value| (1..=8).contains(value))
        .unwrap_or(1)
}

/// The smallest block that carries an orientation, for tests of the containers.
#[cfg(test)]
pub(crate) fn block(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    tiff.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
    tiff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_with_and_without_prefix() {
        for value in 1..=8 {
            assert_eq!(orientation(&block(value)), value);
            assert_eq!(orientation(&[b"Exif\0\0".as_slice(), &block(value)].concat()), value);
        }
    }

    #[test]
    fn nonsense_is_upright() {
        for bytes in [&b""[..], b"Exif\0\0", b"MM\0*", &block(0), &block(9), &block(6)[..12]] {
            assert_eq!(orientation(bytes), 1);
        }
    }
}
