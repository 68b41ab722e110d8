//! Conditional requests and ranges (RFC 9110 sections 13 and 14), on one immutable entry.

use http::HeaderMap;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};

/// What is compared: the entry's validators.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validators<'a> {
    /// Strong, with its quotes.
    pub etag: &'a str,
    /// In seconds since the Unix epoch.
    pub last_modified: Option<u64>,
    /// When the entry was filled, likewise.
    pub stored_at: u64,
}

/// A master that changes twice within a second has one `Last-Modified` for both: a date says nothing about an entry that
/// was filled this soon after it.
const WEAK_DATE_SECONDS: u64 = 2;

/// Whether the client has these very bytes already.
pub(crate) fn not_modified(headers: &HeaderMap, have: Validators<'_>) -> bool {
    let mut tags = headers.get_all(IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        return tags.filter_map(|value| value.to_str().ok()).any(|list| names(list, have.etag));
    }
    let since = headers.get(IF_MODIFIED_SINCE).and_then(|v| v.to_str().ok()).and_then(date);
    match (since, have.last_modified) {
        (Some(since), Some(modified)) => modified <= since && have.stored_at > modified + WEAK_DATE_SECONDS,
        _ => false,
    }
}

/// Weak comparison of a list of entity tags.
fn names(list: &str, etag: &str) -> bool {
    list.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn date(text: &str) -> Option<u64> {
    let at = httpdate::parse_http_date(text).ok()?;
    at.duration_since(std::time::UNIX_EPOCH).ok().map(|d| d.as_secs())
}

/// What part of the body is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// From the first to the last byte, both included.
    Range(u64, u64),
    /// None of it: the range lies outside.
    Unsatisfiable,
}

/// Reads `Range` and `If-Range` for a body of a length. Several ranges, and units other than bytes, mean the whole body,
/// as the RFC allows.
pub(crate) fn part(headers: &HeaderMap, length: u64, have: Validators<'_>) -> Part {
    let Some(range) = headers.get(RANGE).and_then(|v| v.to_str().ok()) else { return Part::Whole };
    if let Some(condition) = headers.get(IF_RANGE) {
        let text = condition.to_str().unwrap_or_default().trim();
        let same = if text.starts_with('"') {
            text == have.etag
        } else {
            have.last_modified.is_some()
                && date(text) == have.last_modified
                && have.last_modified.is_some_and(|m| have.stored_at > m + WEAK_DATE_SECONDS)
        };
        if !same {
            return Part::Whole;
        }
    }
    let Some(spec) = range.trim().strip_prefix("bytes=") else { return Part::Whole };
    let Some((first, last)) = spec.split_once('-').filter(|_| !spec.contains(',')) else { return Part::Whole };
    let (first, last) = (first.trim(), last.trim());
    let number = |text: &str| if text.bytes().all(|b| b.is_ascii_digit()) { text.parse::<u64>().ok() } else { None };
    match (first.is_empty(), number(first), number(last)) {
        (true, _, Some(0)) => Part::Unsatisfiable,
        (true, _, Some(suffix)) if length > 0 => Part::Range(length.saturating_sub(suffix), length - 1),
        (false, Some(first), _) if first >= length => Part::Unsatisfiable,
        (false, Some(first), None) if last.is_empty() => Part::Range(first, length - 1),
        (false, Some(first), Some(last)) if last >= first => Part::Range(first, last.min(length - 1)),
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const HAVE: Validators<'static> =
        Validators { etag: "\"abc\"", last_modified: Some(784_111_777), stored_at: 784_111_900 };

    fn headers(pairs: &[(http::header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn entity_tags_go_before_dates() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (pairs, want) in [
            (vec![], false),
            (vec![(IF_NONE_MATCH, "\"abc\"")], true),
            (vec![(IF_NONE_MATCH, "W/\"abc\"")], true),
            (vec![(IF_NONE_MATCH, "\"x\", \"abc\"")], true),
            (vec![(IF_NONE_MATCH, "*")], true),
            (vec![(IF_NONE_MATCH, "\"x\"")], false),
            (vec![(IF_MODIFIED_SINCE, date)], true),
            (vec![(IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:36 GMT")], false),
            (vec![(IF_MODIFIED_SINCE, "nonsense")], false),
            (vec![(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, date)], false),
        ] {
            assert_eq!(not_modified(&headers(&pairs), HAVE), want, "{pairs:?}");
        }
        let fresh = Validators { stored_at: 784_111_779, ..HAVE };
        assert!(!not_modified(&headers(&[(IF_MODIFIED_SINCE, date)]), fresh), "filled within two seconds");
    }

    #[test]
    fn ranges_are_cut_or_ignored() {
        for (range, want) in [
            ("bytes=0-99", Part::Range(0, 99)),
            ("bytes=0-", Part::Range(0, 999)),
            ("bytes=990-2000", Part::Range(990, 999)),
            ("bytes=-10", Part::Range(990, 999)),
            ("bytes=-5000", Part::Range(0, 999)),
            ("bytes=1000-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=5-1", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("bytes=x-", Part::Whole),
            ("lines=1-2", Part::Whole),
        ] {
            assert_eq!(part(&headers(&[(RANGE, range)]), 1000, HAVE), want, "{range}");
        }
        for (if_range, want) in [
            ("\"abc\"", Part::Range(0, 9)),
            ("W/\"abc\"", Part::Whole),
            ("\"old\"", Part::Whole),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Part::Range(0, 9)),
            ("Sun, 06 Nov 1994 08:49:38 GMT", Part::Whole),
        ] {
            let sent = headers(&[(RANGE, "bytes=0-9"), (IF_RANGE, if_range)]);
            assert_eq!(part(&sent, 1000, HAVE), want, "{if_range}");
        }
    }
}
