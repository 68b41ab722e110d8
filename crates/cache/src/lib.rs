//! Bytes that were fetched or rendered, in memory and on disk, for derivatives and for masters.
//!
//! Every hit and every insert passes the purge check; a stamp travels with the bytes into every tier. One [`Store`] does
//! both: it looks in memory, then on disk, then runs one fill for everybody who waits. The crate knows neither vendors nor
//! origins: what a fill does is the caller's business.

mod disk;
mod entry;
mod flight;
mod header;
mod memory;
mod ranges;
mod segment;
mod stale;
mod store;
mod sweep;
mod uses;
mod wipe;
mod writer;

pub use entry::{Content, Entry, Failure, Hits, Meta};
pub use segment::SegmentStore;
pub use store::inspect::{InMemory, Inspected, Place, Would};
pub use store::{Counters, FillContext, Filled, Keep, MAX_STALE, Reply, Settings, Store};
pub use sweep::{OnProgress, Sweep, SweepParts, SweepSettings, SweepStatus};
