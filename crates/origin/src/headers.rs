//! What an origin's response headers say about keeping a master.

use std::time::{Duration, SystemTime};

use reqwest::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderMap, HeaderName, LAST_MODIFIED, VARY};

use crate::Storable;

/// Most tags taken from one response.
const MAX_TAGS: usize = 64;
/// Most bytes of tags taken from one response.
const MAX_TAG_BYTES: usize = 8 * 1024;

/// A header's value as text, if it is text.
pub(crate) fn text(headers: &HeaderMap, name: impl reqwest::header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether and for how long an answer may be kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Freshness {
    pub storable: Storable,
    /// By caches that many share.
    pub max_age: Option<Duration>,
    /// By those of one user.
    pub browser_max_age: Option<Duration>,
}

/// Whether and for how long the answer may be kept (RFC 9111). An unreadable number counts as zero, as section 4.2.1
/// advises. There is no heuristic lifetime.
pub(crate) fn freshness(headers: &HeaderMap) -> Freshness {
    let mut storable = Storable::Yes;
    let (mut no_cache, mut max_age, mut shared_max_age, mut controlled) = (false, None, None, false);
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in directives(&String::from_utf8_lossy(value.as_bytes())) {
            controlled = true;
            let (name, argument) = directive.split_once('=').unwrap_or((&directive, ""));
            let seconds = || Duration::from_secs(argument.trim().trim_matches('"').parse::<u32>().unwrap_or(0).into());
            match name.trim().to_ascii_lowercase().as_str() {
                // `private="field"` and `no-cache="field"` bind the field only; taking them for the whole is safe.
                "no-store" | "private" => storable = Storable::MemoryOnly,
                "no-cache" => no_cache = true,
                "max-age" => max_age = max_age.or(Some(seconds())),
                "s-maxage" => shared_max_age = shared_max_age.or(Some(seconds())),
                _ => {}
            }
        }
    }
    if no_cache {
        return Freshness { storable, max_age: Some(Duration::ZERO), browser_max_age: Some(Duration::ZERO) };
    }
    let browser = max_age.or_else(|| if controlled { None } else { expires_in(headers) });
    let age = Duration::from_secs(text(headers, AGE).and_then(|age| age.trim().parse().ok()).unwrap_or(0));
    let left = |life: Duration| life.saturating_sub(age);
    Freshness { storable, max_age: shared_max_age.or(browser).map(left), browser_max_age: browser.map(left) }
}

/// Whether `Vary` names anything but `Accept-Encoding`.
pub(crate) fn varies(headers: &HeaderMap) -> bool {
    headers.get_all(VARY).iter().any(|value| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        value.split(',').map(str::trim).any(|name| !name.is_empty() && !name.eq_ignore_ascii_case("accept-encoding"))
    })
}

/// Splits at commas outside quotes.
fn directives(value: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in value.chars() {
        quoted ^= c == '"';
        match (c, out.last_mut()) {
            (',', _) if !quoted => out.push(String::new()),
            (c, Some(last)) => last.push(c),
            (_, None) => {}
        }
    }
    out.retain(|directive| !directive.trim().is_empty());
    out
}

/// Both times are the origin's own, so no clock is compared with ours.
fn expires_in(headers: &HeaderMap) -> Option<Duration> {
    let expires = text(headers, EXPIRES)?;
    let date = httpdate::parse_http_date(text(headers, DATE)?).ok()?;
    let expires = httpdate::parse_http_date(expires).unwrap_or(date);
    Some(expires.duration_since(date).unwrap_or_default())
}

/// The `Last-Modified` time.
pub(crate) fn last_modified(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(text(headers, LAST_MODIFIED)?).ok()
}

/// The tags by which the origin groups its answers: `Surrogate-Key` (Fastly) and `xkey` (Varnish) are split at white space,
/// `Cache-Tag` (Cloudflare) at commas; `Cache-Groups` (RFC 9875) is a list of quoted strings.
pub(crate) fn tags(headers: &HeaderMap) -> Vec<String> {
    let space: fn(char) -> bool = |c| c.is_ascii_whitespace();
    let space_or_comma: fn(char) -> bool = |c| c.is_ascii_whitespace() || c == ',';
    let comma: fn(char) -> bool = |c| c == ',';
    let mut given = Vec::new();
    for (name, separator) in [("surrogate-key", space), ("xkey", space_or_comma), ("cache-tag", comma)] {
        for value in headers.get_all(HeaderName::from_static(name)) {
            let value = String::from_utf8_lossy(value.as_bytes());
            given.extend(value.split(separator).map(|tag| tag.trim().to_owned()));
        }
    }
    given.extend(groups(headers, HeaderName::from_static("cache-groups")));
    let mut out: Vec<String> = Vec::new();
    let mut room = MAX_TAG_BYTES;
    for tag in given.into_iter().filter(|tag| !tag.is_empty()) {
        if out.contains(&tag) {
            continue;
        }
        if out.len() == MAX_TAGS || tag.len() > room {
            tracing::warn!("an origin gives more than 64 tags or 8 kB of them: the rest is ignored");
            return out;
        }
        room -= tag.len();
        out.push(tag);
    }
    out
}

/// The strings of a structured list (RFC 9651), as `Cache-Groups` and `Cache-Group-Invalidation` have it (RFC 9875). Members
/// that are no strings name no group.
pub(crate) fn groups(headers: &HeaderMap, name: HeaderName) -> Vec<String> {
    let mut out = Vec::new();
    for value in headers.get_all(name) {
        for member in directives(&String::from_utf8_lossy(value.as_bytes())) {
            out.extend(quoted(member.trim()));
        }
    }
    out
}

/// A quoted string with its escapes undone; parameters after it are passed over.
fn quoted(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = text.strip_prefix('"')?.chars();
    loop {
        match chars.next()? {
            '"' => return Some(out),
            '\\' => out.push(chars.next().filter(|c| matches!(c, '"' | '\\'))?),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use reqwest::header::HeaderValue;

    use super::*;

    fn map(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn cache_control() {
        use Storable::{MemoryOnly, Yes};
        let now = "Sun, 06 Nov 1994 08:49:37 GMT";
        let later = "Sun, 06 Nov 1994 08:50:37 GMT";
        for (pairs, storable, seconds) in [
            (&[][..], Yes, None),
            (&[("cache-control", "public, Max-Age=60")], Yes, Some(60)),
            (&[("cache-control", "max-age=\"60\"")], Yes, Some(60)),
            (&[("cache-control", "max-age=60, s-maxage=10")], Yes, Some(10)),
            (&[("cache-control", "max-age=60"), ("cache-control", "s-maxage=5")], Yes, Some(5)),
            (&[("cache-control", "max-age=60"), ("age", "45")], Yes, Some(15)),
            (&[("cache-control", "max-age=60"), ("age", "450")], Yes, Some(0)),
            (&[("cache-control", "max-age=soon")], Yes, Some(0)),
            (&[("cache-control", "NO-STORE")], MemoryOnly, None),
            (&[("cache-control", "private=\"x, max-age=9\", max-age=3")], MemoryOnly, Some(3)),
            (&[("cache-control", "no-cache, max-age=60")], Yes, Some(0)),
            (&[("date", now), ("expires", later)], Yes, Some(60)),
            (&[("date", later), ("expires", now)], Yes, Some(0)),
            (&[("date", now), ("expires", "0")], Yes, Some(0)),
            (&[("date", now), ("expires", later), ("cache-control", "max-age=1")], Yes, Some(1)),
            (&[("last-modified", now)], Yes, None),
        ] {
            let found = freshness(&map(pairs));
            assert_eq!((found.storable, found.max_age), (storable, seconds.map(Duration::from_secs)), "{pairs:?}");
        }
    }

    #[test]
    fn only_accept_encoding_may_vary() {
        for (pairs, want) in [
            (&[][..], false),
            (&[("vary", "Accept-Encoding")], false),
            (&[("vary", "accept-encoding, Cookie")], true),
            (&[("vary", "Accept-Encoding"), ("vary", "Origin")], true),
            (&[("vary", "*")], true),
            (&[("vary", "")], false),
        ] {
            assert_eq!(varies(&map(pairs)), want, "{pairs:?}");
        }
    }

    #[test]
    fn tags_are_read_and_bounded() {
        let headers = map(&[
            ("surrogate-key", "a  b"),
            ("surrogate-key", "a c"),
            ("xkey", "d,e f"),
            ("cache-tag", " g h , i,, "),
            ("cache-groups", "\"j,k\";p=1, token, \"l\\\\\", \"open, \"m"),
            ("cache-groups", "\"n\""),
        ]);
        assert_eq!(tags(&headers), ["a", "b", "c", "d", "e", "f", "g h", "i", "j,k", "l\\", "open, ", "n"]);
        let many = (0..100).map(|n| format!("t{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(tags(&map(&[("xkey", &many)])).len(), MAX_TAGS);
        let long = format!("{} b", "a".repeat(MAX_TAG_BYTES + 1));
        assert_eq!(tags(&map(&[("xkey", &long)])), [""; 0]);
    }
}
