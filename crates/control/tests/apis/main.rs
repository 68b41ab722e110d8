//! Every API, driven through the router over a real engine and real ledgers.
#![allow(clippy::unwrap_used)]

mod bounds;
mod cloudimage;
mod cloudimage_warmup;
mod cost;
mod dialects;
mod effect;
mod explain;
mod gated;
mod hostile;
mod imageboss;
mod imagekit;
mod imagekit_account;
mod imgix;
mod imgix_sources;
mod keys;
mod masters;
mod modes;
mod native;
mod pages;
mod routes;
mod server;
mod sessions;
mod urls;
mod verify;
mod warm;
mod webhooks;
mod world;
