//! What the tests of every room share. For tests only: nothing here is built into the product.
//!
//! - [`pictures`]: masters that carry their version in their pixels, and reading it back out of a derivative
//! - [`origin`]: an HTTP origin that serves them, with delays, gates and failures on demand
//! - [`http`]: a plain HTTP/1.1 client that sends any target as it is
//! - [`server`]: starting a server process and waiting until it listens
//! - [`distance`]: how far two pictures are apart

pub mod distance;
pub mod http;
pub mod origin;
pub mod pictures;
pub mod server;
