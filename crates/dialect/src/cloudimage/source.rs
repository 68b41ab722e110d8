//! The master that a path names.

use percent_encoding::AsciiSet;

use crate::error::ParseError;
use crate::request::Asset;
use crate::settings::Settings;
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
pub(super) fn resolve(path: &str, encoded: bool, settings: &Settings) -> Result<Source, ParseError> {
    let raw = without_version(path);
    refuse_other_versions(path, raw)?;
    if !encoded && !begins_encoded(raw) {
        return Ok(Source { asset: asset(raw, false, settings)?, query: None });
    }
    let whole = text::decode(raw).ok_or_else(not_utf8)?;
    let whole = whole.split('#').next().unwrap_or_default();
    let (name, query) = match whole.split_once('?') {
        Some((name, query)) => (name, Some(text::encode(query, URL))),
        None => (whole, None),
    };
    Ok(Source { asset: asset(name, true, settings)?, query })
}

/// What a name means: an absolute URL, an alias, a host, else a key of the site's own source.
fn asset(name: &str, decoded: bool, settings: &Settings) -> Result<Asset, ParseError> {
    if let Some(url) = absolute(name)? {
        return Ok(url);
    }
    if let Some((stands_for, rest)) = behind_alias(name, settings) {
        let rest = rest.strip_prefix('/').filter(|rest| !rest.is_empty()).ok_or_else(no_image)?;
        return aliased(stands_for, rest, decoded);
    }
    if settings.schemeless && begins_with_host(name) {
        return Ok(Asset::Url(format!("https://{}", text::encode(name, URL))));
    }
    if decoded { key(name) } else { key(&text::decode(name).ok_or_else(not_utf8)?) }
}

/// What the beginning of a name that ends in `*` means; an empty path is everything.
pub(super) fn beginning(begin: &str, settings: &Settings) -> Result<Asset, ParseError> {
    let name = without_version(begin).trim_start_matches('/');
    let whole = |stands_for: &str, rest: &str| match folder(stands_for) {
        Some("") => Asset::Path(String::new()),
        Some(folder) => Asset::Path(format!("{folder}{rest}")),
        None => Asset::Url(format!("{}{rest}", with_scheme(stands_for))),
    };
    match behind_alias(name, settings) {
        _ if name.is_empty() => Ok(Asset::Path(String::new())),
        Some((stands_for, rest @ ("" | "/"))) => Ok(whole(stands_for, rest)),
        _ => Ok(resolve(begin, false, settings)?.asset),
    }
}

/// The value of `wat_url` with what an alias at its beginning stands for.
pub(super) fn of_mark(value: &str, settings: &Settings) -> String {
    match behind_alias(value, settings) {
        Some((stands_for, rest)) => match folder(stands_for) {
            Some(folder) => format!("/{folder}{rest}").replacen("//", "/", 1),
            None => format!("{}{rest}", with_scheme(stands_for)),
        },
        None if value.strip_prefix("//").is_some_and(begins_with_host) => format!("https:{value}"),
        None if settings.schemeless && begins_with_host(value) => format!("https://{value}"),
        None => value.to_owned(),
    }
}

/// What an alias that a name begins with stands for, and the rest of the name: empty, or beginning with a slash. Of several
/// the longest. The vendor looks for them anywhere, and forbids names that contain one another.
pub(super) fn behind_alias<'n, 's>(name: &'n str, settings: &'s Settings) -> Option<(&'s str, &'n str)> {
    let name = name.strip_prefix('/').unwrap_or(name);
    let whole = |rest: &&str| rest.is_empty() || rest.starts_with('/');
    let found = settings.aliases.iter().filter(|alias| !alias.name.is_empty()).filter_map(|alias| {
        let rest = name.strip_prefix(alias.name.as_str()).filter(whole)?;
        Some((alias.name.len(), alias.stands_for.as_str(), rest))
    });
    found.max_by_key(|(length, ..)| *length).map(|(_, stands_for, rest)| (stands_for, rest))
}

/// The master behind an alias. Escapes in the rest belong to a host's own path, and are decoded for a folder.
fn aliased(stands_for: &str, rest: &str, decoded: bool) -> Result<Asset, ParseError> {
    let readable = if decoded { rest.to_owned() } else { text::decode(rest).ok_or_else(not_utf8)? };
    if text::escapes_root(&readable) {
        return Err(climbs());
    }
    match folder(stands_for) {
        Some(folder) => key(&format!("{folder}/{readable}")),
        None => Ok(Asset::Url(format!("{}/{}", with_scheme(stands_for), text::encode(rest, URL)))),
    }
}

/// The folder of the site's own source that an alias stands for, without slashes at its ends.
fn folder(stands_for: &str) -> Option<&str> {
    (stands_for.is_empty() || stands_for.starts_with('/')).then(|| stands_for.trim_matches('/'))
}

/// `https://` where nothing is said: it is what the vendor's own examples use.
fn with_scheme(stands_for: &str) -> String {
    let stands_for = stands_for.trim_end_matches('/');
    let has = ["http://", "https://"].iter().any(|scheme| begins_with(stands_for, scheme));
    if has { stands_for.to_owned() } else { format!("https://{stands_for}") }
}

/// Whether a name begins with a host and goes on behind it: a first segment with a dot that ends in letters or is an
/// address.
pub(super) fn begins_with_host(name: &str) -> bool {
    let Some((authority, path)) = name.split_once('/') else { return false };
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, port)| if port.bytes().all(|b| b.is_ascii_digit()) { host } else { authority });
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    let labels = !host.split('.').any(str::is_empty) && host.contains('.');
    let last = host.rsplit('.').next().unwrap_or_default();
    let top = last.len() > 1 && last.bytes().all(|b| b.is_ascii_alphabetic());
    !path.is_empty() && plain && labels && (top || host.parse::<std::net::Ipv4Addr>().is_ok())
}

/// What version 6 names in the path.
const OPERATIONS: &[&str] = &["cdn", "cdno", "width", "height", "crop", "crop_px", "cover", "fit", "bound"];
#[rustfmt::skip]
const FILTERS: &[&str] = &[
    "fcontrast", "fbright", "fgrey", "fpixelate", "fgaussian", "fsharp", "fradius", "ftrim", "fbgblur", "fbgopacity", "fwk",
    "wpos", "wscale", "wpad", "tjpg", "tpng", "twebp", "png-lossy-", "webp-lossy-",
];

/// `/v7m/` is for layouts of other vendors that Cloudimage's support sets up; a URL of version 6 names operation, size and
/// filters in its path.
fn refuse_other_versions(path: &str, raw: &str) -> Result<(), ParseError> {
    if path.strip_prefix('/').unwrap_or(path).starts_with("v7m/") {
        return Err(ParseError::Malformed {
            problem: "no layout of another vendor is mapped to /v7m/ here".to_owned(),
            expected: "/v7/ or nothing before the source".to_owned(),
        });
    }
    let mut parts = raw.splitn(4, '/');
    let (Some(operation), Some(size), Some(filters), Some(origin)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Ok(());
    };
    let none = |word: &str| word == "n" || word == "none";
    let sized = none(size) || size.contains(|c: char| c.is_ascii_digit()) && size.bytes().all(sizes);
    let filtered = none(filters) || FILTERS.iter().any(|filter| filters.starts_with(filter)) || is_quality(filters);
    let absolute = begins_with(origin, "http:/") || begins_with(origin, "https:/") || begins_with_host(origin);
    if OPERATIONS.contains(&operation) && sized && filtered && absolute {
        return Err(ParseError::Malformed {
            problem: format!("this is a URL of version 6 ({operation}/{size}/{filters})"),
            expected: "version 7: /v7/source?w=300&h=200&func=crop".to_owned(),
        });
    }
    Ok(())
}

/// `q` and a number, then perhaps more filters or the signature.
fn is_quality(filters: &str) -> bool {
    let digits = filters.strip_prefix('q').and_then(|rest| rest.split(['.', '@']).next());
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// What a size of version 6 consists of: `300`, `300x200`, `10,10,300x200`.
fn sizes(b: u8) -> bool {
    b.is_ascii_digit() || matches!(b, b'x' | b',' | b'.' | b'-')
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
        return Err(no_image());
    }
    if text::escapes_root(key) {
        return Err(climbs());
    }
    Ok(Asset::Path(key.to_owned()))
}

fn no_image() -> ParseError {
    ParseError::Malformed {
        problem: "the path names no image".to_owned(),
        expected: "/path/image.jpg or /https://host/image.jpg".to_owned(),
    }
}

fn climbs() -> ParseError {
    ParseError::Malformed {
        problem: "the path leads out of its folder".to_owned(),
        expected: "a path without .. segments, backslashes and NUL".to_owned(),
    }
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
