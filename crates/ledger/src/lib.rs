//! The durable store of one node: its purge log, its catalogue of stored entries and its API keys, each in a SQLite file
//! of its own inside one locked data folder.
//!
//! - [`Folder`]: the data folder and its exclusive lock. Only its holder may answer from cache, fill or accept purges.
//! - [`PurgeDb`]: the purge log ([`purge::Log`]). An append that has returned survives loss of power.
//! - [`CatalogueDb`]: the table of stored entries ([`purge::Catalogue`]). Losing it costs misses, nothing else.
//! - [`KeysDb`]: API keys, hashed.
//! - [`JobsDb`]: webhooks that wait to be delivered, and warm-ups.
//! - [`StatsDb`]: figures and the last requests' lines ([`stats::Store`]). Losing it costs nothing but them.
//!
//! Every call blocks; callers on an async runtime move it to a blocking thread. The data folder must lie on a local file
//! system: SQLite's write-ahead log needs shared memory, which network file systems do not have.

mod audit;
mod catalogue;
mod checkpoint;
mod error;
mod figures;
mod folder;
mod idempotency;
mod jobs;
mod keys;
mod lines;
mod log;
mod look;
mod records;
mod run;
mod schema;
mod sqlite;

#[cfg(test)]
mod contract;

pub use audit::{AuditFilter, AuditHead, AuditKind, AuditLines, AuditRow, AuditVerdict, Entry};
pub use catalogue::CatalogueDb;
pub use error::{JobError, KeyError, OpenError, RunError};
pub use figures::{StatsDb, StatsLimits};
pub use folder::{BALLAST_BYTES, Folder};
pub use idempotency::{IDEMPOTENCY_MS, Recalled};
pub use jobs::{Attempt, Delivery, Ending, JobsDb, Message, OUTBOX_MS, Warmup, WarmupState};
pub use keys::{Exceeded, KeyInfo, KeyMark, KeyRole, KeysDb, Scope};
pub use log::PurgeDb;
pub use look::{Look, look};
pub use run::{ColdReason, Start};
