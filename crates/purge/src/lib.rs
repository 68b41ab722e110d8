//! The heart of Afterimage: what was purged, as of when, and whether bytes with a given stamp may still be served.
//!
//! [`Index`] answers that question in one atomic compare when nothing changed; [`Purger`] turns requests into durable,
//! applied records; the traits [`Log`], [`Catalogue`] and [`BodyStore`] say what the stores below must do. Nothing here
//! knows SQL or HTTP.

mod index;
mod matches;
mod ports;
mod purger;
mod record;
pub mod snapshot;

pub use index::{Dependency, Index, Role, Slot, Subject, Verdict};
pub use matches::{BadGlob, Matcher, escape_glob, glob};
pub use ports::{
    BodyStore, Catalogue, CatalogueError, Filter, Lifted, Log, LogError, LogIdentity, Place, Records, Row, StoreError,
    Takedown, Tier,
};
pub use purger::{PurgeError, Purger, Receipt, Request};
pub use record::{Count, Gone, Mode, Progress, PurgeId, Record, State, Target, Terms, Via};
