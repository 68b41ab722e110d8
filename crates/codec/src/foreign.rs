//! Decoders that are written in C, and where they run: in this process, or wherever a caller keeps them apart.
//!
//! They are libjpeg-turbo (for a JPEG of inks, of odd sampling or arithmetic coding, or a damaged one), libavif with libaom, and
//! libheif. All others are Rust, as is all that reads the headers of a JPEG.

use std::fmt;
use std::sync::Arc;

use crate::{Budget, Cancel, CodecError, Decode, Decoded, Info, Kind};

/// Runs decoders somewhere else.
///
/// Whoever implements it answers for what comes back: of the kind that was asked for, within the budget, one frame, and with
/// as many bytes as its size says. There, the work is done by [`crate::probe`] and [`crate::decode`] under a budget
/// whose [`Budget::foreign`] is [`Foreign::HERE`].
pub trait Elsewhere: fmt::Debug + Send + Sync {
    /// As [`crate::probe`], of a file of this kind.
    ///
    /// # Errors
    /// As [`crate::probe`]; [`CodecError::Corrupt`] where the decoder crashed, [`CodecError::Internal`] where it cannot be run.
    fn probe(&self, kind: Kind, bytes: &[u8], budget: &Budget) -> Result<Info, CodecError>;

    /// As [`crate::decode`], of a file of this kind. Stops soon after `cancel` says so, whatever the decoder does.
    ///
    /// # Errors
    /// As [`crate::decode`], and as [`Elsewhere::probe`].
    fn decode(
        &self,
        kind: Kind,
        bytes: &[u8],
        ask: &Decode,
        budget: &Budget,
        cancel: &Cancel,
    ) -> Result<Decoded, CodecError>;
}

/// Where decoders that are written in C run. Cheap to clone.
#[derive(Clone, Default)]
pub struct Foreign(Option<Arc<dyn Elsewhere>>);

impl Foreign {
    /// In this process: a crash in one ends it.
    pub const HERE: Foreign = Foreign(None);

    /// Where this one runs them.
    pub fn elsewhere(place: Arc<dyn Elsewhere>) -> Foreign {
        Foreign(Some(place))
    }

    /// Whether they run in this process.
    pub fn is_here(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("Foreign::HERE"),
            Some(place) => write!(f, "Foreign({place:?})"),
        }
    }
}

/// The same place: not two that are alike.
impl PartialEq for Foreign {
    fn eq(&self, other: &Foreign) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for Foreign {}

/// Whether such a decoder starts threads of its own: libheif does, one for each picture.
pub const STARTS_THREADS: bool = cfg!(feature = "heic");

/// Loads what such decoders else load when they are first used: for a process that is about to give up opening files.
pub fn prepare() {
    #[cfg(feature = "heic")]
    crate::heic::prepare();
}

/// Reads headers where such a decoder is to run; `here` does it in this process.
pub(crate) fn probe(
    kind: Kind,
    bytes: &[u8],
    budget: &Budget,
    here: impl FnOnce() -> Result<Info, CodecError>,
) -> Result<Info, CodecError> {
    match &budget.foreign.0 {
        None => here(),
        Some(place) => place.probe(kind, bytes, budget),
    }
}

/// Decodes where such a decoder is to run; `here` does it in this process.
pub(crate) fn decode(
    kind: Kind,
    bytes: &[u8],
    (ask, budget, cancel): (&Decode, &Budget, &Cancel),
    here: impl FnOnce() -> Result<Decoded, CodecError>,
) -> Result<Decoded, CodecError> {
    match &budget.foreign.0 {
        None => here(),
        Some(place) => place.decode(kind, bytes, ask, budget, cancel),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::sync::Mutex;

    use super::*;
    use crate::{Channels, Encode, Picture, Pixels};

    /// Notes what it is asked for, and answers as a decoder that crashed.
    #[derive(Debug, Default)]
    struct Notes(Mutex<Vec<(&'static str, Kind)>>);

    impl Elsewhere for Notes {
        fn probe(&self, kind: Kind, _: &[u8], _: &Budget) -> Result<Info, CodecError> {
            self.0.lock().unwrap().push(("probe", kind));
            Err(CodecError::Corrupt("crashed".into()))
        }

        fn decode(&self, kind: Kind, _: &[u8], _: &Decode, _: &Budget, _: &Cancel) -> Result<Decoded, CodecError> {
            self.0.lock().unwrap().push(("decode", kind));
            Err(CodecError::Corrupt("crashed".into()))
        }
    }

    fn file(format: plan::Format) -> Vec<u8> {
        let pixels = Pixels { width: 9, height: 7, channels: Channels::Rgb, data: vec![120; 9 * 7 * 3] };
        crate::encode(&Picture::still(pixels), &Encode { format, ..Encode::default() }, &Cancel::never()).unwrap()
    }

    #[test]
    fn decoders_of_c_go_where_the_budget_says_and_no_others() {
        let notes = Arc::new(Notes::default());
        let budget = Budget { foreign: Foreign::elsewhere(notes.clone()), ..Budget::default() };
        let (ask, never) = (Decode::default(), Cancel::never());
        let crashed = Err(CodecError::Corrupt("crashed".into()));

        let avif = file(plan::Format::Avif);
        assert_eq!(crate::probe(&avif, &budget), crashed);
        assert_eq!(crate::describe(&avif, &budget).map(|told| told.info), crashed);
        assert_eq!(crate::decode(&avif, &ask, &budget, &never).map(|decoded| decoded.info), crashed);
        assert_eq!(
            std::mem::take(&mut *notes.0.lock().unwrap()),
            [("probe", Kind::Avif), ("probe", Kind::Avif), ("decode", Kind::Avif)]
        );

        let jpeg = file(plan::Format::Jpeg);
        assert!(crate::probe(&jpeg, &budget).is_ok(), "headers of JPEG are read by Rust");
        assert!(crate::decode_planar(&jpeg, (4, 3), crate::ChromaSize::Half, &budget, &never).unwrap().is_some());
        assert_eq!(*notes.0.lock().unwrap(), []);
        assert!(crate::decode(&jpeg, &ask, &budget, &never).is_ok(), "and so are its pixels");
        assert_eq!(*notes.0.lock().unwrap(), []);
        let inks = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/brushes-cmyk.jpg")).unwrap();
        assert_eq!(crate::decode(&inks, &ask, &budget, &never).map(|decoded| decoded.info), crashed);
        assert_eq!(std::mem::take(&mut *notes.0.lock().unwrap()), [("decode", Kind::Jpeg)]);

        for format in [plan::Format::Png, plan::Format::Webp, plan::Format::Gif] {
            assert!(crate::decode(&file(format), &ask, &budget, &never).is_ok(), "{format}");
        }
        assert_eq!(*notes.0.lock().unwrap(), []);
        for format in [plan::Format::Avif, plan::Format::Jpeg] {
            assert!(crate::decode(&file(format), &ask, &Budget::default(), &never).is_ok(), "{format}");
        }
    }

    #[test]
    fn what_the_headers_refuse_troubles_no_decoder() {
        let notes = Arc::new(Notes::default());
        let budget = Budget { foreign: Foreign::elsewhere(notes.clone()), ..Budget::default() };
        let jpeg = file(plan::Format::Jpeg);
        let small = Budget { input_pixels: 9 * 7 - 1, ..budget.clone() };
        let out = crate::decode(&jpeg, &Decode::default(), &small, &Cancel::never());
        assert!(matches!(out, Err(CodecError::OverBudget { what: "input pixels", .. })), "{out:?}");
        let out = crate::decode(&jpeg[..jpeg.len() / 4], &Decode::default(), &budget, &Cancel::never());
        assert!(matches!(out, Err(CodecError::Truncated(_))), "{out:?}");
        assert_eq!(*notes.0.lock().unwrap(), []);
    }

    #[test]
    fn two_places_are_one_only_if_they_are_the_same() {
        let place: Arc<dyn Elsewhere> = Arc::new(Notes::default());
        let (a, b) = (Foreign::elsewhere(place.clone()), Foreign::elsewhere(place));
        assert_eq!(a, b);
        assert_ne!(a, Foreign::elsewhere(Arc::new(Notes::default())));
        assert_ne!(a, Foreign::HERE);
        assert!(Foreign::default().is_here() && !a.is_here());
    }
}
