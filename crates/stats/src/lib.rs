//! Figures of a server: how much was answered, how fast, from where, what was most asked for; and the last requests, a line
//! each.
//!
//! - [`Counts`] and [`Bucket`]: everything that is counted in a span of time, added up by [`Bucket::add`]
//! - [`Histogram`]: times, to within 3.2 %
//! - [`Top`]: what came most often, in bounded room, with a bound on the error
//! - [`Line`] and [`Filter`]: one request, and which of them are wanted
//! - [`Recorder`]: where they are noted, by many threads that never wait for each other
//! - [`Keeper`]: brings together what was noted, and hands it to a [`Store`] now and then
//!
//! Nothing here reads a clock, a file or a socket: times are handed in, in milliseconds since the Unix epoch.

mod bucket;
mod coding;
mod histogram;
mod hot;
mod keeper;
mod line;
mod recorder;
mod sketch;
mod store;
mod tally;
mod top;

#[cfg(test)]
mod tests;

pub use bucket::{Bucket, Counts, Flow, Purges, Renders, Saved, SourceFigures, Tops};
pub use coding::Unreadable;
pub use histogram::Histogram;
pub use keeper::{Keeper, Kept, Told};
pub use line::{Addresses, Filter, Line, StatusIs, Text};
pub use recorder::{Named, Recorder, Rendered, Request, Settings, SiteName};
pub use store::{Cell, Row, Store, StoreError, Stored};
pub use tally::{Numbers, Tally};
pub use top::{Counted, Slow, SlowTop, Top};

/// A span of time that figures are kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours, from midnight UTC.
    Day,
}

impl Step {
    /// Every span, the shortest first.
    pub const ALL: [Step; 3] = [Step::Minute, Step::Hour, Step::Day];

    /// Its length in milliseconds.
    pub const fn millis(self) -> u64 {
        match self {
            Step::Minute => 60_000,
            Step::Hour => 3_600_000,
            Step::Day => 86_400_000,
        }
    }

    /// The beginning of the span that a time lies in.
    pub const fn start(self, at_ms: u64) -> u64 {
        at_ms - at_ms % self.millis()
    }

    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Step::Minute => "minute",
            Step::Hour => "hour",
            Step::Day => "day",
        }
    }

    /// The inverse of [`Step::name`].
    pub fn from_name(name: &str) -> Option<Step> {
        Step::ALL.into_iter().find(|step| step.name() == name)
    }
}
