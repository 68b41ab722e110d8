//! The heart of Afterimage: what was purged, as of when, and whether bytes with a given stamp may still be served.
//!
//! [`Index`] answers that question in one atomic compare when nothing changed; [`Purger`] turns requests into durable,
//! applied records; the traits [`Log`], [`Catalogue`] and [`BodyStore`] say what the stores below must do. Nothing here
//! knows SQL or HTTP.

#[cfg(test)]
mod generators;
mod glob;
mod globs;
mod index;
mod matches;
mod names;
mod ports;
mod purger;
mod record;
mod slots;
pub mod snapshot;
mod subject;
mod takedowns;

pub use glob::{BadGlob, Glob, LONGEST_GLOB, escape_glob, glob, literal_beginning};
pub use index::{Caps, Index, Verdict};
pub use matches::Matcher;
pub use ports::{
    BodyStore, Catalogue, CatalogueError, Filter, Known, Lifted, Log, LogError, LogIdentity, Place, Records, Row,
    StoreError, Takedown, Tier, count_by_pages, masters_by_walk, matching_by_walk, place_of,
};
pub use purger::{PurgeError, Purger, Receipt, Request};
pub use record::{Count, Gone, Mode, Progress, PurgeId, Record, State, Target, Terms, Via};
pub use slots::Slot;
pub use subject::{Dependency, Labels, Role, Subject};
pub use takedowns::Takedowns;
