//! x
#![allow(missing_docs)]
pub mod config;
pub mod state;
mod index;
mod fills;
mod disk;
mod restart;
pub mod model;
