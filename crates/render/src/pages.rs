//! Pages of documents and frames of animations: what [`plan::Stage::Page`] takes.

use codec::{CodecError, Kind, Picture};
use plan::Stage;

/// The page that a plan asks for, from 0.
pub(crate) fn asked(stages: &[Stage]) -> u32 {
    match stages.first() {
        Some(Stage::Page(page)) => *page,
        _ => 0,
    }
}

/// What the decoder is to take: documents have pages.
pub(crate) fn of_document(master: &[u8], page: u32) -> u32 {
    if is_document(master) { page } else { 0 }
}

/// The frame to take of everything else; 0 leaves it as it is.
pub(crate) fn of_animation(master: &[u8], page: u32) -> u32 {
    if is_document(master) { 0 } else { page }
}

fn is_document(master: &[u8]) -> bool {
    matches!(codec::sniff(master), Some(Kind::Pdf | Kind::Tiff))
}

/// Makes a still of one frame. A picture that has only one is that frame, whichever is asked for.
///
/// # Errors
/// [`CodecError::Unsupported`] where an animation has not so many.
pub(crate) fn take_frame(picture: &mut Picture, frame: u32) -> Result<(), CodecError> {
    let count = picture.frames.len();
    if frame == 0 || count == 1 {
        return Ok(());
    }
    let place = usize::try_from(frame).unwrap_or(usize::MAX);
    if place >= count {
        return Err(CodecError::Unsupported(format!("frame {}: the picture has {count}", u64::from(frame) + 1)));
    }
    picture.frames.swap(0, place);
    picture.frames.truncate(1);
    picture.frames[0].delay_ms = 0;
    Ok(())
}
