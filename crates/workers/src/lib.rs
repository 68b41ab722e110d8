//! Processes that decode what only C can decode, so that a crash there, or worse, costs one request.
//!
//! [`Pool`] is the side of the server: it starts workers when they are needed, gives each one job at a time, kills those that
//! take too long or answer nonsense, and is a [`codec::Elsewhere`]. [`serve`] is the side of the worker, a process of the same
//! program: it gives up all rights before it reads its first byte. What they say to each other goes over one socket.
//!
//! For Linux: what a worker gives up are rights that its kernel knows.

mod counts;
mod pool;
mod process;
mod sandbox;
mod serve;
mod wire;

pub use counts::{Counts, End};
pub use pool::{Enforce, Pool, Settings, StartError};
pub use sandbox::{Enforced, Landlock};
pub use serve::{serve, serve_with};
