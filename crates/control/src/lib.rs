//! The private plane: the vendors' purge APIs under the vendors' own paths, the native API, the dashboard, health and
//! metrics.
//!
//! It is thin over [`engine`]: a handler authenticates, reads a vendor's form, lets the engine name and purge, and
//! answers in the vendor's form. A success is sent only when the purge is durable and effective on this node.

mod act;
mod apis;
mod auth;
mod clock;
mod cloudimage;
mod configured;
mod dashboard;
mod encrypted;
mod hooks;
mod imageboss;
mod imagekit;
mod imgix;
mod keys;
mod limits;
mod method;
mod metrics;
mod native;
mod pages;
mod plane;
mod reach;
mod recent;
mod reply;
mod server;
mod sessions;

pub use apis::Apis;
pub use auth::is_our_key;
pub use clock::{rfc3339, when};
pub use configured::{Configured, Setting};
pub use hooks::OutboxDb;
pub use imageboss::imageboss_delete;
pub use keys::{KeyInfo, KeyRing, Keys, Mark};
pub use limits::{Rate, Rates};
pub use method::purge_method;
pub use plane::{Figures, Parts, Plane};
pub use reply::Reply;
pub use server::{router, serve, serve_tls};

/// Longest request body, in bytes.
pub const BODY_LIMIT: usize = 1 << 20;
