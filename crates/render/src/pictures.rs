use std::cell::{Cell, RefCell};

use codec::CodecError;
use plan::{Overlay, Stage};
use text::Fonts;

/// Warnings kept of one render: past them, nobody reads on.
const MOST_WARNINGS: usize = 16;

/// What overlays are made from: fonts, and the bytes of those that are fetched, taken one after the other as a plan's
/// stages are run, in the order of [`plan::Plan::overlays`].
pub(crate) struct Pictures<'a> {
    all: &'a [Option<&'a [u8]>],
    fonts: Option<&'a Fonts>,
    /// Their numbers, without those that were struck out.
    order: RefCell<Vec<usize>>,
    /// The place in that order of the next to be taken.
    next: Cell<usize>,
    left_out: RefCell<Vec<usize>>,
    warnings: RefCell<Vec<String>>,
}

/// One that was taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken<'a> {
    /// Its place among all.
    pub(crate) number: usize,
    /// None where it cannot be had.
    pub(crate) bytes: Option<&'a [u8]>,
    /// How many come behind it and those within it.
    behind: usize,
}

impl<'a> Pictures<'a> {
    pub(crate) fn new(all: &'a [Option<&'a [u8]>]) -> Self {
        Pictures {
            all,
            fonts: None,
            order: RefCell::new((0..all.len()).collect()),
            next: Cell::new(0),
            left_out: RefCell::default(),
            warnings: RefCell::default(),
        }
    }

    /// The same, with fonts to draw texts in.
    pub(crate) fn with_fonts(self, fonts: &'a Fonts) -> Self {
        Pictures { fonts: Some(fonts), ..self }
    }

    /// The fonts.
    ///
    /// # Errors
    /// [`CodecError::Internal`] where nobody brought any.
    pub(crate) fn fonts(&self) -> Result<&'a Fonts, CodecError> {
        self.fonts.ok_or_else(|| CodecError::Internal("there are no fonts to draw a text in".to_owned()))
    }

    /// Notes something that is not as asked, once.
    pub(crate) fn warn(&self, warning: String) {
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() < MOST_WARNINGS && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// The next one, which is this overlay's.
    pub(crate) fn take(&self, overlay: &Overlay) -> Taken<'a> {
        let (place, order) = (self.next.get(), self.order.borrow());
        self.next.set(place + 1);
        let number = order.get(place).copied().unwrap_or(self.all.len());
        let behind = order.len().saturating_sub(place + 1 + count(&overlay.stages));
        Taken { number, bytes: self.all.get(number).copied().flatten(), behind }
    }

    /// Of the next `count`, those at the `kept` places, ascending, will be taken; the others are struck out.
    pub(crate) fn keep(&self, count: usize, kept: &[usize]) {
        if count != kept.len() {
            let (from, mut order) = (self.next.get(), self.order.borrow_mut());
            let to = (from + count).min(order.len());
            let left: Vec<usize> = kept.iter().filter_map(|place| order.get(from + place).copied()).collect();
            order.splice(from.min(to)..to, left);
        }
    }

    /// Goes on after an overlay that is not to be drawn on this picture: those within it are passed over too.
    pub(crate) fn pass_over(&self, overlay: &Overlay) {
        self.next.set(self.next.get() + usize::from(overlay.picture.is_fetched()) + count(&overlay.stages));
    }

    /// Goes on after stages that are not carried out.
    pub(crate) fn pass_over_all(&self, stages: &[Stage]) {
        self.next.set(self.next.get() + count(stages));
    }

    /// Goes on after an overlay that could not be drawn: those within it are passed over too.
    pub(crate) fn leave_out(&self, taken: &Taken<'_>) {
        self.next.set(self.order.borrow().len().saturating_sub(taken.behind));
        let mut left_out = self.left_out.borrow_mut();
        left_out.retain(|inner| *inner < taken.number);
        left_out.push(taken.number);
    }

    /// For each, whether it was not struck out.
    pub(crate) fn in_reach(&self) -> Vec<bool> {
        let order = self.order.borrow();
        (0..self.all.len()).map(|number| order.contains(&number)).collect()
    }

    /// What was left out, and the warnings.
    pub(crate) fn done(self) -> (Vec<usize>, Vec<String>) {
        (self.left_out.into_inner(), self.warnings.into_inner())
    }
}

/// Fetched overlays in these stages, at any depth.
pub(crate) fn count(stages: &[Stage]) -> usize {
    let of = |stage: &Stage| match stage {
        Stage::Overlay(overlay) => usize::from(overlay.picture.is_fetched()) + count(&overlay.stages),
        Stage::Measured(measured) => count(std::slice::from_ref(&measured.stage)),
        Stage::Choose(choose) => count(&choose.yes) + count(&choose.no),
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
            what => beside(held, CodecError::OverBudget { what, found, limit }),
        },
        CodecError::Cancelled | CodecError::TimedOut => error,
    }
}

/// An error of what had the memory that `held` bytes left: told of the whole.
pub(crate) fn beside(held: u64, error: CodecError) -> CodecError {
    match error {
        CodecError::OverBudget { what: what @ "memory", found, limit } => {
            CodecError::OverBudget { what, found: found.saturating_add(held), limit: limit.saturating_add(held) }
        }
        error => error,
    }
}
