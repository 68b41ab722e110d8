//! What a [`crate::Keeper`] needs of a durable store.

use std::sync::Arc;

use crate::Step;
use crate::bucket::Bucket;
use crate::line::Line;

/// The store failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store of figures failed: {0}")]
pub struct StoreError(pub String);

/// A minute of a site.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    /// Its beginning, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The site's name; empty for what belongs to no site.
    pub site: Arc<str>,
}

/// What is stored of a site in a span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The beginning of the span, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The site's name; empty for what belongs to no site.
    pub site: String,
    /// What was counted.
    pub bucket: Bucket,
}

/// How much is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stored {
    /// The beginning of the oldest span, in milliseconds since the Unix epoch.
    pub since: Option<u64>,
    /// Lines.
    pub lines: u64,
    /// When the oldest line was answered.
    pub lines_since: Option<u64>,
    /// The newest line's id.
    pub last_line: Option<u64>,
}

/// Keeps figures and lines over restarts. All calls block.
pub trait Store: Send + Sync {
    /// Adds to what is stored: all of it, or nothing. Then folds what is past into longer spans, and drops what is too old or
    /// too much, as of `now` (milliseconds since the Unix epoch).
    ///
    /// # Errors
    /// When it cannot be written.
    fn add(&self, deltas: &[(Cell, &Bucket)], lines: &[Arc<Line>], now: u64) -> Result<(), StoreError>;

    /// What is stored from a time to another, in steps of this length or, where nothing of that length was made yet, of shorter
    /// ones: their sum is everything that was counted then, and is still kept.
    ///
    /// # Errors
    /// When it cannot be read.
    fn rows(&self, step: Step, from: u64, to: u64) -> Result<Vec<Row>, StoreError>;

    /// Hands out lines with an id below `before`, newest first, until `each` answers `false`.
    ///
    /// # Errors
    /// When they cannot be read.
    fn lines(&self, before: u64, each: &mut dyn FnMut(Line) -> bool) -> Result<(), StoreError>;

    /// How much there is.
    ///
    /// # Errors
    /// When it cannot be read.
    fn stored(&self) -> Result<Stored, StoreError>;
}
