//! The identity of an absolute URL: scheme-less, host and port folded, path decoded once.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use plan::MasterId;
use url::Url;

/// An absolute URL taken apart.
pub(crate) struct Named {
    /// `//host[:port]/decoded/path`.
    pub id: String,
    /// Without `?`; empty for none.
    pub query: String,
}

/// Reads an absolute http(s) URL. `None` where it is none, where it carries a user, or where its path climbs: the URL
/// parser would resolve `..` and turn backslashes into slashes, and two readers of one URL must not differ.
pub(crate) fn read(text: &str) -> Option<Named> {
    if text.chars().any(|c| c.is_control() || c == '\\') {
        return None;
    }
    let before_query = text.split(['?', '#']).next()?;
    let (_, rest) = before_query.split_once("://")?;
    let climbs = rest.split('/').skip(1).any(|segment| {
        let decoded = percent_decode_str(segment).collect::<Vec<u8>>();
        decoded.split(|b| *b == b'/').any(|part| part == b"..")
    });
    if climbs {
        return None;
    }
    let url = Url::parse(text).ok()?;
    Some(Named { id: of(&url)?, query: url.query().unwrap_or_default().to_owned() })
}

/// The canonical text of a parsed URL's location and path.
pub(crate) fn of(url: &Url) -> Option<String> {
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let path = percent_decode_str(url.path()).decode_utf8().ok()?;
    Some(format!("{}{path}", authority(url)?))
}

/// As [`of`], as an identity.
pub(crate) fn master(url: &Url) -> Option<MasterId> {
    of(url).map(|text| MasterId::from_canonical(&text))
}

/// `//host[:port]`. The parser has folded the host's case and dropped the scheme's own port; a final dot, which only says
/// that the name is complete, goes too.
pub(crate) fn authority(url: &Url) -> Option<String> {
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = url.host_str()?;
    let host = host.strip_suffix('.').unwrap_or(host);
    Some(match url.port() {
        Some(port) => format!("//{host}:{port}"),
        None => format!("//{host}"),
    })
}

/// What must be encoded in a path, segment separators apart (RFC 3986, section 3.3). `+` is encoded as well, since some
/// stores read it as a space.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'+')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A decoded path as it stands in a URL.
pub(crate) fn encode_path(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}
