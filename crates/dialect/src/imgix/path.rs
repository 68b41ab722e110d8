//! Which master a path names: a key, or an absolute URL of the web proxy.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use crate::error::ParseError;
use crate::request::Asset;
use crate::text;

/// Escaped when an absolute URL becomes one path segment: all but unreserved characters (RFC 3986 section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Reads a raw path: decoded once, never twice. An absolute URL in it, encoded or raw, is the web proxy's.
pub(super) fn asset(raw: &str) -> Result<Asset, ParseError> {
    let path = text::decode(raw).ok_or_else(|| malformed("the path is not UTF-8", "percent-encoded UTF-8"))?;
    let path = path.strip_prefix('/').unwrap_or(&path);
    if has_scheme(path, "://") {
        return proxied(path).map(Asset::Url);
    }
    if has_scheme(path, "%3a") {
        return Err(malformed("the address in the path is encoded twice", "an address that is percent-encoded once"));
    }
    if text::escapes_root(path) {
        return Err(malformed(
            "the path holds a `..` segment, a NUL or a backslash",
            "a path that stays below the source",
        ));
    }
    Ok(Asset::Path(path.to_owned()))
}

fn has_scheme(path: &str, separator: &str) -> bool {
    ["http", "https"].iter().any(|scheme| {
        let head = path.get(..scheme.len() + separator.len());
        head.is_some_and(|h| h.eq_ignore_ascii_case(&format!("{scheme}{separator}")))
    })
}

/// An absolute URL as it will be requested: without fragment, and with what no URL may hold escaped.
fn proxied(address: &str) -> Result<String, ParseError> {
    let expected = "an absolute http or https address with a host";
    let address = address.split_once('#').map_or(address, |(before, _)| before);
    let below = address.split_once("://").map_or("", |(_, rest)| rest);
    let authority = below.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.is_empty() || host.starts_with(':') || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(malformed("the address in the path has no usable host", expected));
    }
    let path = below.split('?').next().unwrap_or_default();
    let climbs = text::escapes_root(path) || text::decode(path).is_none_or(|decoded| text::escapes_root(&decoded));
    if climbs || address.contains(['\0', '\\']) {
        return Err(malformed("the address in the path holds a `..` segment, a NUL or a backslash", expected));
    }
    // An escape in the address belongs to its origin and stays as it is.
    Ok(text::encode(address, URL_UNSAFE))
}

/// What may not stand in a URL, `%` aside.
const URL_UNSAFE: &AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'^');

/// The inverse of [`asset`], for what it can name.
pub(super) fn spell(asset: &Asset) -> String {
    match asset {
        Asset::Path(path) => format!("/{}", text::encode(path, text::PATH)),
        Asset::Url(url) => format!("/{}", text::encode(url, SEGMENT)),
    }
}

fn malformed(problem: &str, expected: &str) -> ParseError {
    ParseError::Malformed { problem: problem.to_owned(), expected: expected.to_owned() }
}
