use std::cell::{Cell, RefCell};

use codec::CodecError;
use plan::Stage;

/// The bytes of a plan's overlays, taken one after the other as its stages are run: the order of
/// [`plan::Plan::overlays`].
pub(crate) struct Pictures<'a> {
    all: &'a [Option<&'a [u8]>],
    next: Cell<usize>,
    left_out: RefCell<Vec<usize>>,
}

impl<'a> Pictures<'a> {
    pub(crate) fn new(all: &'a [Option<&'a [u8]>]) -> Self {
        Pictures { all, next: Cell::new(0), left_out: RefCell::default() }
    }

    /// The next one's number and bytes.
    pub(crate) fn take(&self) -> (usize, Option<&'a [u8]>) {
        let number = self.next.get();
        self.next.set(number + 1);
        (number, self.all.get(number).copied().flatten())
    }

    /// Goes on after an overlay of these stages that was not drawn: those within it are passed over too.
    pub(crate) fn leave_out(&self, number: usize, stages: &[Stage]) {
        self.next.set(number + 1 + count(stages));
        let mut left_out = self.left_out.borrow_mut();
        left_out.retain(|inner| *inner < number);
        left_out.push(number);
    }

    pub(crate) fn left_out(self) -> Vec<usize> {
        self.left_out.into_inner()
    }
}

/// Fetched overlays in these stages, at any depth.
pub(crate) fn count(stages: &[Stage]) -> usize {
    let of = |stage: &Stage| match stage {
        Stage::Overlay(overlay) => usize::from(overlay.picture.is_fetched()) + count(&overlay.stages),
        _ => 0,
    };
    stages.iter().map(of).sum()
}

/// An error that a picture caused, saying which. `held` is the memory that was taken before it was read.
pub(crate) fn named(number: usize, held: u64, error: CodecError) -> CodecError {
    let name = |why: String| format!("overlay {}: {why}", number + 1);
    match error {
        CodecError::Unsupported(why) => CodecError::Unsupported(name(why)),
        CodecError::Truncated(why) => CodecError::Truncated(name(why)),
        CodecError::Corrupt(why) => CodecError::Corrupt(name(why)),
        CodecError::Internal(why) => CodecError::Internal(name(why)),
        CodecError::OverBudget { what, found, limit } => match what {
            "input bytes" => CodecError::OverBudget { what: "overlay bytes", found, limit },
            "input pixels" => CodecError::OverBudget { what: "overlay pixels", found, limit },
            "memory" => {
                CodecError::OverBudget { what, found: found.saturating_add(held), limit: limit.saturating_add(held) }
            }
            what => CodecError::OverBudget { what, found, limit },
        },
        CodecError::Cancelled | CodecError::TimedOut => error,
    }
}
