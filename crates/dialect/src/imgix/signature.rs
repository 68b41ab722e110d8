//! Signed URLs: `s` is the MD5 of the secret, the raw path, and the raw query without `s`.
//!
//! The vendor's documentation (docs.imgix.com/setup/securing-images) and its clients agree on that, and on nothing else:
//! browsers, content systems and proxies write a URL anew after it was signed. So the forms are tried in which it may have
//! been signed; that list is closed, and forms are not combined.

use md5::{Digest, Md5};

use crate::request::Target;
use crate::signing::{Secret, Signing, Unsignable, Verdict, hex, same};
use crate::text;

/// The parameter that bears the signature.
const NAME: &str = "s";

/// What a signed URL looked like when it was hashed.
type Form = fn(&Parts) -> Parts;

/// The forms in the order in which they are tried: the name, the name where the site's prefix was hashed too, and how to get
/// there from what arrived.
const FORMS: &[(&str, &str, Form)] = &[
    ("raw", "raw+prefix", Parts::clone),
    // Browsers escape an apostrophe in a query; the JavaScript client signs it bare.
    ("apostrophe", "apostrophe+prefix", |parts| parts.with_query(|query| replace(query, b"%27", b"'"))),
    // The Python client hashes the root as nothing.
    ("root", "root+prefix", |parts| {
        if parts.path == b"/" { Parts { path: Vec::new(), ..parts.clone() } } else { parts.clone() }
    }),
    ("plus", "plus+prefix", |parts| parts.with_query(|query| replace(query, b"+", b"%20"))),
    ("space", "space+prefix", |parts| parts.with_query(|query| replace(query, b"%20", b"+"))),
    // Content systems escape the commas of lists, or take their escapes away.
    ("comma", "comma+prefix", |parts| parts.with_query(|query| replace(&replace(query, b"%2C", b","), b"%2c", b","))),
    ("comma-escaped", "comma-escaped+prefix", |parts| parts.with_query(|query| replace(query, b",", b"%2C"))),
    ("upper-hex", "upper-hex+prefix", |parts| parts.with_escapes(u8::to_ascii_uppercase)),
    ("lower-hex", "lower-hex+prefix", |parts| parts.with_escapes(u8::to_ascii_lowercase)),
    // A path may be signed as it is typed and escaped by whoever sends it, or the other way round.
    ("path-escaped", "path-escaped+prefix", |parts| Parts { path: escape(&parts.path), ..parts.clone() }),
    ("path-bare", "path-bare+prefix", |parts| Parts { path: unescape(&parts.path), ..parts.clone() }),
];

/// What is hashed besides the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    path: Vec<u8>,
    /// Without `?`; empty for none.
    query: Vec<u8>,
}

/// Looks for a signature and at whether one of the secrets made it, below the prefix or with it.
pub(super) fn verify(target: Target<'_>, prefix: &str, signing: &Signing) -> Verdict {
    let (query, given) = take(target.query.unwrap_or_default());
    let Some(given) = given else { return Verdict::Unsigned };
    let parts = Parts { path: target.path.as_bytes().to_vec(), query: query.into_bytes() };
    for prefix in [Some(""), Some(prefix).filter(|prefix| !prefix.is_empty())].into_iter().flatten() {
        let mut tried: Vec<Parts> = Vec::with_capacity(FORMS.len());
        for (form, with_prefix, make) in FORMS {
            let made = make(&parts);
            if tried.contains(&made) {
                continue;
            }
            if signing.secrets.iter().any(|secret| same(given, &made.signed(secret, prefix))) {
                return Verdict::Good { expires: None, form: if prefix.is_empty() { form } else { with_prefix } };
            }
            tried.push(made);
        }
    }
    let mut hashed = target.path.to_owned();
    if !parts.query.is_empty() {
        hashed.push('?');
        hashed.push_str(&String::from_utf8_lossy(&parts.query));
    }
    Verdict::Bad { hashed }
}

/// Appends the signature, and before it the end where one is asked for; both replace what the target has.
///
/// # Errors
/// Without a secret.
pub(super) fn sign(target: &str, signing: &Signing, expires: Option<u64>) -> Result<String, Unsignable> {
    let secret = signing.secrets.first().ok_or(Unsignable::NoSecret)?;
    let target = Target::new(target);
    let (mut query, _) = take(target.query.unwrap_or_default());
    if let Some(at) = expires {
        let others: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_end(pair)).collect();
        let end = format!("expires={at}");
        query = others.into_iter().chain([end.as_str()]).collect::<Vec<_>>().join("&");
    }
    let parts = Parts { path: target.path.as_bytes().to_vec(), query: query.clone().into_bytes() };
    let signature = parts.signed(secret, "");
    let before = if query.is_empty() { String::new() } else { format!("{query}&") };
    Ok(format!("{}?{before}{NAME}={signature}", target.path))
}

/// A query without its signature, and the signature; the last where there are several.
fn take(query: &str) -> (String, Option<&str>) {
    let mut given = None;
    let rest: Vec<&str> = query
        .split('&')
        .filter(|pair| match pair.split_once('=').unwrap_or((pair, "")) {
            (NAME, value) => {
                given = Some(value);
                false
            }
            _ => true,
        })
        .collect();
    (rest.join("&"), given)
}

/// Whether a pair says when the URL ends, in one way or another.
fn is_end(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    text::decode_query(name).is_some_and(|name| name == "expires" || name == "expires64")
}

impl Parts {
    fn signed(&self, secret: &Secret, prefix: &str) -> String {
        let mut hash = Md5::new();
        hash.update(secret.bytes());
        hash.update(prefix.as_bytes());
        hash.update(&self.path);
        if !self.query.is_empty() {
            hash.update(b"?");
            hash.update(&self.query);
        }
        hex(&hash.finalize())
    }

    fn with_query(&self, change: impl Fn(&[u8]) -> Vec<u8>) -> Parts {
        Parts { path: self.path.clone(), query: change(&self.query) }
    }

    /// With the hex digits of all escapes in one case.
    fn with_escapes(&self, case: fn(&u8) -> u8) -> Parts {
        let of = |text: &[u8]| {
            let mut text = text.to_vec();
            let mut at = 0;
            while let Some(digits) = text.get_mut(at..).and_then(escaped) {
                let length = digits.at + 3;
                digits.pair.iter_mut().for_each(|digit| *digit = case(digit));
                at += length;
            }
            text
        };
        Parts { path: of(&self.path), query: of(&self.query) }
    }
}

/// The first escape in a text.
struct Escape<'t> {
    /// Where its `%` stands.
    at: usize,
    /// Its two hex digits.
    pair: &'t mut [u8],
}

fn escaped(text: &mut [u8]) -> Option<Escape<'_>> {
    let at =
        text.windows(3).position(|w| matches!(w, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))?;
    let pair = text.get_mut(at + 1..at + 3)?;
    Some(Escape { at, pair })
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(byte) = rest.first() {
        match rest.strip_prefix(from) {
            Some(after) => {
                made.extend_from_slice(to);
                rest = after;
            }
            None => {
                made.push(*byte);
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    made
}

/// Spaces and what is not ASCII, escaped.
fn escape(path: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(path.len());
    for byte in path {
        match byte {
            b' ' | 0x80.. => made.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            byte => made.push(*byte),
        }
    }
    made
}

/// The inverse of [`escape`]: other escapes stay.
fn unescape(path: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((byte, after)) = rest.split_first() {
        let pair = after.first_chunk::<2>().filter(|_| *byte == b'%');
        let value = pair.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        match value {
            Some(value @ (b' ' | 0x80..)) => {
                made.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                made.push(*byte);
                rest = after;
            }
        }
    }
    made
}
