//! Signed URLs: what is common to four vendors' ways of signing.
//!
//! Each hashes the raw request target with a secret, and clients differ in which bytes exactly they hash. A dialect tries
//! the forms that real clients are known to sign, in a fixed order and few in number; each takes the secret, so none of
//! them makes forging easier. Comparisons take the same time whatever they find.

use std::fmt;

use crate::error::Unwritable;
use subtle::ConstantTimeEq;

/// How a site's URLs are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// What is asked of URLs.
    pub policy: Policy,
    /// Any of these may have been used; the first signs.
    pub secrets: Vec<Secret>,
    /// Cloudimage: URLs are sealed (`ci_seal`), not signed (`ci_sign`).
    pub sealed: bool,
    /// Cloudimage: the fewest hex digits of a signature that are taken, 6 to 40.
    pub least_digits: u8,
}

impl Default for Signing {
    fn default() -> Self {
        Signing { policy: Policy::Off, secrets: Vec::new(), sealed: false, least_digits: 8 }
    }
}

/// What is asked of URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Nothing: signatures are not looked at.
    #[default]
    Off,
    /// A signature may be missing, but not wrong.
    Optional,
    /// Each URL is signed.
    Required,
}

/// A signing secret. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// A secret as it was given out; its bytes are the key.
    pub fn new(text: &str) -> Secret {
        Secret(text.as_bytes().into())
    }

    /// The key.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// What a look at a URL's signature found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// There is none.
    Unsigned,
    /// It is right.
    Good {
        /// When it ends, in seconds since 1970, where the signature itself says so.
        expires: Option<u64>,
        /// The form in which the client hashed the URL, a short stable name such as `raw` or `decoded`.
        form: &'static str,
    },
    /// It is wrong.
    Bad {
        /// The text that the vendor's documentation says is hashed, secrets left out.
        hashed: String,
    },
}

/// A URL that could not be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsignable {
    /// There is no secret.
    #[error("no secret is given to sign with")]
    NoSecret,
    /// The vendor's signatures have no room for this.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub fn same(given: &str, right: &str) -> bool {
    given.as_bytes().ct_eq(right.as_bytes()).into()
}

/// Lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
