//! Response headers that differ, and why some of them always do.

use std::collections::BTreeSet;

use reqwest::header::HeaderMap;

/// A header that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// In lower case.
    pub name: String,
    /// Its value there, `None` without one; several are joined by commas.
    pub vendor: Option<String>,
    /// Its value here.
    pub ours: Option<String>,
    /// What it means; empty where nothing is known of it.
    pub about: &'static str,
}

/// Headers that differ from answer to answer, or are compared by themselves.
const PASSED_OVER: &[&str] = &[
    "age",
    "alt-svc",
    "connection",
    "content-length",
    "content-type",
    "date",
    "etag",
    "expires",
    "keep-alive",
    "nel",
    "report-to",
    "server",
    "server-timing",
    "transfer-encoding",
    "via",
];

/// What is known of the others.
const KNOWN: &[(&str, &str)] = &[
    ("accept-ranges", "whether parts can be asked for"),
    ("access-control-allow-headers", "what pages of other sites may send"),
    ("access-control-allow-methods", "how pages of other sites may ask"),
    ("access-control-allow-origin", "which pages may read the picture by script, such as from a canvas"),
    ("access-control-expose-headers", "which headers pages of other sites may read"),
    (
        "cache-control",
        "how long browsers keep it: here the site's browser_time, by default they ask each time, so that a purge is seen at the next load",
    ),
    ("cache-groups", "purges caches in front (RFC 9875)"),
    ("cache-status", "how the cache came by this answer (RFC 9211)"),
    ("cache-tag", "purges caches in front"),
    ("cdn-cache-control", "how long caches in front keep it (RFC 9213): here the site's edge_time"),
    ("content-disposition", "the name under which a browser saves it"),
    ("content-dpr", "at which density of pixels it is meant to be shown"),
    ("content-security-policy", "what an SVG may do that is opened by itself: nothing"),
    ("cross-origin-resource-policy", "which pages may show it"),
    ("last-modified", "when it was made, or its original: differs by nature"),
    ("link", "what the page should load beside it"),
    ("set-cookie", "pictures need no cookies; here there are none"),
    ("strict-transport-security", "set by whoever ends TLS in front"),
    ("surrogate-key", "purges caches in front"),
    ("timing-allow-origin", "which pages may measure how long it took"),
    ("vary", "by which request headers the answer is chosen: here named where that is so"),
    ("x-content-type-options", "keeps browsers from guessing another type"),
    ("x-imgix-id", "names the render; differs by nature"),
    ("x-imgix-render-farm", "which of imgix's machines rendered it"),
    ("x-imgix-original-status", "what imgix's origin answered"),
];

/// Beginnings of names that belong to some cache or network, or number requests.
const OF_NETWORKS: &[&str] =
    &["cf-", "x-amz-", "x-cache", "x-edge-", "x-fastly", "x-request-id", "x-served-by", "x-timer", "x-ik-", "akamai-"];

/// Headers that are not equal, by name.
pub(crate) fn differences(vendor: &HeaderMap, ours: &HeaderMap) -> Vec<Difference> {
    let names: BTreeSet<&str> = vendor.keys().chain(ours.keys()).map(|name| name.as_str()).collect();
    let passed_over =
        |name: &str| PASSED_OVER.contains(&name) || OF_NETWORKS.iter().any(|beginning| name.starts_with(beginning));
    names
        .into_iter()
        .filter(|name| !passed_over(name))
        .filter_map(|name| {
            let (a, b) = (value(vendor, name), value(ours, name));
            let about = KNOWN.iter().find(|(known, _)| *known == name).map_or("", |(_, about)| about);
            (a != b).then(|| Difference { name: name.to_owned(), vendor: a, ours: b, about })
        })
        .collect()
}

fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<String> =
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn map(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn only_what_tells_something_is_told() {
        let vendor = map(&[
            ("cache-control", "max-age=31536000"),
            ("vary", "Accept"),
            ("date", "x"),
            ("x-cache", "HIT"),
            ("x-odd", "1"),
            ("x-odd", "2"),
        ]);
        let ours = map(&[("cache-control", "no-cache"), ("vary", "Accept"), ("date", "y"), ("cache-tag", "a")]);
        let told: Vec<_> =
            differences(&vendor, &ours).into_iter().map(|d| (d.name, d.vendor, d.ours, d.about.is_empty())).collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                ("cache-control".to_owned(), text("max-age=31536000"), text("no-cache"), false),
                ("cache-tag".to_owned(), None, text("a"), false),
                ("x-odd".to_owned(), text("1, 2"), None, true),
            ]
        );
    }

    #[test]
    fn no_name_is_known_twice() {
        let names: BTreeSet<&str> = KNOWN.iter().map(|(name, _)| *name).chain(PASSED_OVER.iter().copied()).collect();
        assert_eq!(names.len(), KNOWN.len() + PASSED_OVER.len());
    }
}
