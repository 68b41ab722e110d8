//! Every API, driven through the router over a real engine and real ledgers.
#![allow(clippy::unwrap_used)]

mod bounds;
mod cloudimage;
mod cost;
mod effect;
mod gated;
mod hostile;
mod imageboss;
mod imagekit;
mod imgix;
mod keys;
mod modes;
mod native;
mod pages;
mod routes;
mod server;
mod warm;
mod webhooks;
mod world;
