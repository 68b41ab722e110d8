//! Pages of documents and frames of animations: what [`plan::Stage::Page`] and [`plan::Stage::Frames`] take.

use codec::{CodecError, Kind, Picture};
use plan::{Fixed, Frames, Stage};

/// The page that a plan asks for, from 0.
pub(crate) fn asked(stages: &[Stage]) -> u32 {
    match stages.first() {
        Some(Stage::Page(page)) => *page,
        _ => 0,
    }
}

/// Which frames a plan asks for, where it does.
pub(crate) fn chosen(stages: &[Stage]) -> Option<&Frames> {
    match stages.first() {
        Some(Stage::Frames(frames)) => Some(frames),
        _ => None,
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

/// Keeps the frames that are asked for, in their order, and sets how they play. A picture that has only one is that frame.
///
/// # Errors
/// [`CodecError::Unsupported`] where an animation ends before the first of them.
pub(crate) fn keep_frames(picture: &mut Picture, frames: &Frames) -> Result<(), CodecError> {
    let count = picture.frames.len();
    if count == 1 {
        return Ok(());
    }
    let kept = frames.of(count);
    if kept.is_empty() {
        return Err(CodecError::Unsupported(format!("frame {}: the picture has {count}", u64::from(frames.first) + 1)));
    }
    let mut all: Vec<Option<codec::Frame>> = std::mem::take(&mut picture.frames).into_iter().map(Some).collect();
    picture.frames = kept.into_iter().filter_map(|place| all.get_mut(place)?.take()).collect();
    if let Some(delay) = frames.rate.and_then(delay_ms) {
        picture.frames.iter_mut().for_each(|frame| frame.delay_ms = delay);
    }
    if let Some(plays) = frames.plays {
        picture.loops = plays.into();
    }
    if let [only] = &mut picture.frames[..] {
        only.delay_ms = 0;
    }
    Ok(())
}

fn delay_ms(rate: Fixed) -> Option<u32> {
    (rate > Fixed::ZERO).then(|| (1000.0 / rate.get()).round().clamp(1.0, f64::from(u16::MAX) * 10.0) as u32)
}
