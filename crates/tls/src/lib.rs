//! TLS for the listeners: certificates out of PEM files, chosen by the server name that a client asks for (RFC 6066,
//! section 3) and read anew when the files change; handshakes within a time limit.
//!
//! TLS 1.2 and 1.3, by rustls with ring. Nothing here knows what is spoken inside, but for the one answer to a client that
//! speaks HTTP in the clear where TLS is expected.

mod accept;
mod certificates;
mod pair;

pub use accept::{Acceptor, HANDSHAKE_TIME, Refused, Stream};
pub use certificates::{Certificates, Ending, Refreshed};
pub use pair::{Fault, Pair, PairError, Validity};
