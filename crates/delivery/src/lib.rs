//! The public plane: pictures over HTTP/1.1 and HTTP/2, in the clear and over TLS. Thin over the engine: it reads requests, writes headers
//! and logs. Purging (but for one vendor's `DELETE`, handed on) and everything private live elsewhere.

mod access;
mod answer;
mod apis;
mod beacon;
mod conditional;
mod figures;
mod metrics;
mod passing;
mod problem;
mod server;
mod service;
mod vendor;

pub use access::AccessLog;
pub use metrics::Metrics;
pub use server::{Entrance, PROTOCOLS, Running, bind, serve};
pub use service::{DeleteAnswer, DeleteAsk, Deletes, KeyCheck, Plane};
