//! The public plane: pictures over HTTP/1.1 and cleartext HTTP/2. Thin over the engine: it reads requests, writes headers
//! and logs. Purging (but for one vendor's `DELETE`, handed on) and everything private live elsewhere.

mod access;
mod answer;
mod conditional;
mod metrics;
mod passing;
mod problem;
mod server;
mod service;
mod vendor;

pub use access::AccessLog;
pub use metrics::Metrics;
pub use server::{Running, bind, serve};
pub use service::{DeleteAnswer, DeleteAsk, Deletes, KeyCheck, Plane};
