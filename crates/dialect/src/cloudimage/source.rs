//! The master that a path names.

use percent_encoding::AsciiSet;

use crate::error::ParseError;
use crate::request::Asset;
use crate::text;

/// What is escaped in an absolute URL: what may not stand in a request at all. Escapes that are there stay.
const URL: &AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'\\')
    .add(b'^')
    .add(b'|');

/// A master, and the query that stood inside its encoded name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub asset: Asset,
    pub query: Option<String>,
}

/// Resolves a raw path. `encoded` is what `ci_url_encoded` says; a name that begins with `http%3A` is decoded anyway, for
/// it has no other meaning.
///
/// Names that begin with a host but no scheme (`shop.example/a.jpg`) are keys here: a site's origin is its prefix.
pub(super) fn resolve(path: &str, encoded: bool) -> Result<Source, ParseError> {
    let raw = without_version(path);
    if encoded || begins_encoded(raw) {
        let whole = text::decode(raw).ok_or_else(not_utf8)?;
        let whole = whole.split('#').next().unwrap_or_default();
        let (name, query) = match whole.split_once('?') {
            Some((name, query)) => (name, Some(text::encode(query, URL))),
            None => (whole, None),
        };
        let asset = match absolute(name)? {
            Some(url) => url,
            None => key(name)?,
        };
        return Ok(Source { asset, query });
    }
    let asset = match absolute(raw)? {
        Some(url) => url,
        None => key(&text::decode(raw).ok_or_else(not_utf8)?)?,
    };
    Ok(Source { asset, query: None })
}

/// Spells a master as a path, and says whether `ci_url_encoded` must be set.
pub(super) fn spell(asset: &Asset) -> (String, bool) {
    match asset {
        Asset::Path(key) => {
            // A folder of that name would be taken for the version.
            let version = if key.starts_with("v7/") { "v7/" } else { "" };
            (format!("/{version}{}", text::encode(key, text::PATH)), false)
        }
        Asset::Url(url) if url.contains('?') => {
            let all = percent_encoding::utf8_percent_encode(url, percent_encoding::NON_ALPHANUMERIC).to_string();
            (format!("/{all}"), true)
        }
        Asset::Url(url) => (format!("/{}", text::encode(url, URL)), false),
    }
}

/// Cuts one leading slash and one `v7/`.
pub(super) fn without_version(path: &str) -> &str {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.strip_prefix("v7/").unwrap_or(path)
}

pub(super) fn begins_encoded(raw: &str) -> bool {
    ["http%3a", "https%3a"].iter().any(|begin| begins_with(raw, begin))
}

/// An absolute URL, whatever became of its slashes on the way: proxies turn `https://` into `https:/`.
fn absolute(name: &str) -> Result<Option<Asset>, ParseError> {
    let found = [("https", "https:/"), ("http", "http:/")]
        .iter()
        .find(|(_, begin)| begins_with(name, begin))
        .map(|(scheme, begin)| (*scheme, name[begin.len()..].trim_start_matches('/')));
    let (scheme, rest) = match found {
        Some(found) => found,
        None => match name.strip_prefix("//") {
            Some(rest) if rest.split_once('/').is_some_and(|(host, path)| host.contains('.') && !path.is_empty()) => {
                ("https", rest)
            }
            _ => return Ok(None),
        },
    };
    if rest.is_empty() {
        return Err(ParseError::Malformed {
            problem: "the source URL has no host".to_owned(),
            expected: "https://host/path".to_owned(),
        });
    }
    Ok(Some(Asset::Url(format!("{scheme}://{}", text::encode(rest, URL)))))
}

fn key(decoded: &str) -> Result<Asset, ParseError> {
    let key = decoded.trim_start_matches('/');
    if key.is_empty() {
        return Err(ParseError::Malformed {
            problem: "the path names no image".to_owned(),
            expected: "/path/image.jpg or /https://host/image.jpg".to_owned(),
        });
    }
    if text::escapes_root(key) {
        return Err(ParseError::Malformed {
            problem: "the path leads out of its folder".to_owned(),
            expected: "a path without .. segments, backslashes and NUL".to_owned(),
        });
    }
    Ok(Asset::Path(key.to_owned()))
}

fn not_utf8() -> ParseError {
    ParseError::Malformed {
        problem: "the path is not UTF-8 once decoded".to_owned(),
        expected: "percent-encoded UTF-8".to_owned(),
    }
}

fn begins_with(text: &str, begin: &str) -> bool {
    text.get(..begin.len()).is_some_and(|start| start.eq_ignore_ascii_case(begin))
}
