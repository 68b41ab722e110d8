//! Items and properties of AVIF and HEIC. They are written by the encoder, which lays out the file around them.

use super::{Blocks, exif};
use crate::avif::boxes;

pub(super) fn read(bytes: &[u8]) -> Blocks {
    Blocks { exif: exif::of_container(bytes), xmp: boxes::xmp(bytes), iptc: None, profile: boxes::profile(bytes) }
}
