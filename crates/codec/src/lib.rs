//! Pictures in and out: sniffing, decoding (shrinking on load), encoding, colour profiles, metadata. Budgets come in as
//! data. Nothing here knows URLs or HTTP.

mod budget;
mod error;
mod picture;

pub use budget::{Budget, Cancel};
pub use error::CodecError;
pub use picture::{Channels, Frame, Picture, Pixels};
