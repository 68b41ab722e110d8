//! The purge protocol of one node as a model, small enough that a computer visits every state of it.
//!
//! The rules are those of `ARCHITECTURE.md`, and the steps are those of the crates `purge`, `cache`, `engine` and `ledger`:
//! a request looks in memory, joins or leads a flight, a fill takes its stamp and gathers its masters, a purge is logged,
//! written into its slots and published, a writer stores behind, a sweep walks the rows, a process is killed and started.
//! After every step anything else may come next; [`explore`] visits every order in which that can happen, and holds each
//! state against the promises. What really happened is kept apart ([`state::Truth`]) from what the rules may see.
//!
//! A model that finds nothing shows nothing by itself. So each mistake of [`config::Mutant`] can be built into it, and the
//! tests ask that it is found. `cargo run -p afterimage-model --release` prints the table in `docs/model.md`.
//!
//! One node only. A fleet adds shared objects, leases and a stream between the logs of its nodes: then [`state::State`] gets
//! several disks, a record is applied at each node in a step of its own, and the mutants *lease from reply* and *gap check
//! skipped* join the list.
//!
//! The crate is never shipped and imports nothing of the product: it is a second description, not a test double.

pub mod config;
mod disk;
mod fills;
mod index;
mod model;
mod restart;
pub mod state;
mod words;

pub use fills::Who;
pub use model::{Found, Step, Way, explore};
pub use words::{in_words, table};
