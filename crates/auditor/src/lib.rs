//! Purges a running cache from outside, and counts the stale answers that follow.
//!
//! The auditor is a client and an origin, nothing else: it imports no crate of the product, and what it says rests on
//! answers that any client could have got. It owns the pictures ([`origin`]), so it knows which version was current when;
//! each picture carries its version in its pixels, so an answer tells from which version it was made.
//!
//! One step is: raise the version at the origin, purge, wait for the answer. From then on a request *that begins later*
//! must not be answered from an older version (G1), whatever was being fetched or rendered when the purge came (G2). Hits,
//! fills and 304s are held to this alike. [`audit`] does it many times at once, [`report`] counts; [`target`] says how
//! Afterimage and other caches are asked and told.

pub mod audit;
pub mod origin;
pub mod report;
pub mod rng;
pub mod server;
pub mod target;
