//! From a raw path to its transformation and its asset, and back.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::beyond;
use crate::error::ParseError;
use crate::request::Asset;
use crate::settings::Settings;
use crate::text;

/// Escaped in an absolute URL before it is requested. Its own escapes stay.
const REQUESTED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}').add(b'|').add(b'^');

/// Escaped in an absolute URL that stands in a path: everything but the unreserved characters of RFC 3986.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The suffix that pictures and documents have, too.
const THUMBNAIL: &str = "ik-thumbnail.jpg";

/// What may stand behind an asset.
const SUFFIXES: &[&str] = &[THUMBNAIL, "ik-video.mp4", "ik-gif-video.mp4", "ik-master.m3u8", "ik-master.mpd"];

/// Extensions of films.
const FILMS: &[&str] =
    &["mp4", "webm", "mov", "m4v", "mkv", "avi", "ogv", "3gp", "mpg", "mpeg", "flv", "wmv", "ts", "mts", "m2ts"];

fn is_film(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    FILMS.iter().any(|known| known.eq_ignore_ascii_case(extension))
}

/// A path, cut at its slashes before anything is decoded.
#[derive(Debug, Clone)]
pub(super) struct Located<'a> {
    /// The first `tr:` segment, decoded, without the marker.
    pub(super) steps: Option<String>,
    /// What remains, raw and without empty segments, save for a last one if the path ends in `/`.
    segments: Vec<&'a str>,
    /// What stood behind the asset and asks for something made of it.
    suffix: Option<&'a str>,
    /// `ik-seo` stood first: the last segment only lends its extension.
    seo: bool,
}

/// Cuts the endpoint, the transformation and the `ik-seo` marker out of a path.
pub(super) fn locate<'a>(path: &'a str, settings: &Settings) -> Result<Located<'a>, ParseError> {
    let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let endpoint: Vec<&str> = settings.endpoint.split('/').filter(|segment| !segment.is_empty()).collect();
    if segments.starts_with(&endpoint) {
        segments.drain(..endpoint.len());
    }
    // Behind a scheme, everything belongs to the foreign URL.
    let own = segments.iter().position(|segment| begins_url(segment)).unwrap_or(segments.len());
    let steps = match segments[..own].iter().position(|segment| marked(segment).is_some()) {
        Some(at) => marked(segments.remove(at)).map(decode).transpose()?,
        None => None,
    };
    let seo = segments.first() == Some(&"ik-seo");
    if seo {
        segments.remove(0);
    }
    let suffix = match segments.as_slice() {
        [.., asset, last] if SUFFIXES.contains(last) && asset.contains('.') => segments.pop(),
        _ => None,
    };
    if path.ends_with('/') {
        segments.push("");
    }
    Ok(Located { steps, segments, suffix, seo })
}

/// The steps of a `tr:` segment, whose colon may be escaped.
pub(super) fn marked(segment: &str) -> Option<&str> {
    let rest = segment.strip_prefix("tr")?;
    rest.strip_prefix(':').or_else(|| rest.strip_prefix("%3A")).or_else(|| rest.strip_prefix("%3a"))
}

fn begins_url(segment: &str) -> bool {
    absolute(&percent_decode_str(segment).decode_utf8_lossy()).is_some()
}

/// Scheme and rest of an absolute URL, which may have lost one of its two slashes, or both at the end of a segment.
fn absolute(text: &str) -> Option<(&'static str, &str)> {
    ["https", "http"].into_iter().find_map(|scheme| {
        let head = text.get(..scheme.len()).filter(|head| head.eq_ignore_ascii_case(scheme))?;
        let rest = text[head.len()..].strip_prefix(':')?;
        (rest.is_empty() || rest.starts_with('/')).then_some((scheme, rest))
    })
}

impl Located<'_> {
    /// Refuses what is made of films, and what is made of nothing. The thumbnail of a picture or a document is it itself.
    pub(super) fn check_kind(&self) -> Result<(), ParseError> {
        let asset = self.segments.iter().rev().find(|segment| !segment.is_empty()).copied().unwrap_or_default();
        let refuse = |parameter: &str, why: &str| {
            let (parameter, value) = (parameter.to_owned(), asset.to_owned());
            Err(ParseError::Unsupported { parameter, value, why: why.to_owned() })
        };
        if self.segments.first().is_some_and(|first| first.starts_with("ik-genimg-prompt")) {
            return refuse("ik-genimg-prompt", beyond::MODEL);
        }
        match self.suffix {
            Some(THUMBNAIL) if !is_film(asset) => Ok(()),
            Some(suffix) => refuse(suffix, beyond::FILM),
            None => Ok(()),
        }
    }

    /// The one master that the path names.
    pub(super) fn asset(&self) -> Result<Asset, ParseError> {
        let mut segments: Vec<&str> = self.segments.iter().copied().filter(|segment| !segment.is_empty()).collect();
        let extension = if self.seo { Some(seo_extension(segments.pop())?) } else { None };
        let raw = segments.join("/") + extension.unwrap_or_default();
        match asset(&raw)? {
            Asset::Path(path) => {
                let path = path.split('/').filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/");
                if path.is_empty() || path == extension.unwrap_or_default() {
                    return Err(malformed("the path names no asset", "/[tr:<steps>/]<path of the asset>"));
                }
                Ok(Asset::Path(path))
            }
            Asset::Url(url) => {
                let host = url.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
                if host.is_empty() || host.starts_with(['/', '?', '#']) {
                    return Err(malformed("the web-proxy URL has no host", "https://<host>/<path>"));
                }
                Ok(Asset::Url(url))
            }
        }
    }

    /// The path as the beginning of masters' names. The last segment may be partial and is kept as it is.
    pub(super) fn prefix(&self) -> Result<Asset, ParseError> {
        // The last segment of an `ik-seo` path is no part of a name.
        let segments =
            if self.seo { self.segments.split_last().map_or(&[][..], |(_, rest)| rest) } else { &self.segments };
        match asset(&segments.join("/"))? {
            Asset::Path(path) => {
                let slash = if path.ends_with('/') { "/" } else { "" };
                let path = path.split('/').filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/");
                Ok(Asset::Path(if path.is_empty() { path } else { path + slash }))
            }
            url @ Asset::Url(_) => Ok(url),
        }
    }

    /// The last segment, raw; empty if the path ends in `/`.
    pub(super) fn last(&self) -> &str {
        self.segments.last().copied().unwrap_or_default()
    }
}

fn seo_extension(name: Option<&str>) -> Result<&str, ParseError> {
    let dot = name.and_then(|name| name.rfind('.').map(|at| &name[at..]));
    dot.ok_or_else(|| malformed("the last segment of an ik-seo path has no extension", "/ik-seo/<name>/<words>.<ext>"))
}

fn asset(raw: &str) -> Result<Asset, ParseError> {
    let first = raw.split('/').next().unwrap_or_default();
    let first = percent_decode_str(first).decode_utf8_lossy();
    let decoded = percent_decode_str(raw).decode_utf8_lossy();
    if text::escapes_root(&decoded) {
        return Err(malformed("the path holds .., a backslash or a NUL", "a path below the root"));
    }
    match absolute(&first) {
        // Unescaped slashes: these are already the bytes to request.
        Some((scheme, "")) if raw.contains('/') => {
            let rest = raw.split_once('/').map(|(_, rest)| rest).unwrap_or_default();
            Ok(Asset::Url(requested(scheme, rest)))
        }
        Some((scheme, rest)) if !rest.is_empty() => {
            let decoded = decode(raw)?;
            let rest = &decoded[scheme.len() + 1..];
            Ok(Asset::Url(requested(scheme, rest)))
        }
        _ => Ok(Asset::Path(decode(raw)?)),
    }
}

/// The SDKs collapse the slashes behind the scheme, so they are put back. A fragment is never sent.
fn requested(scheme: &str, rest: &str) -> String {
    let rest = rest.split('#').next().unwrap_or_default();
    let rest = utf8_percent_encode(rest.trim_start_matches('/'), REQUESTED).to_string();
    let mut url = format!("{scheme}://");
    let mut from = 0;
    for (at, _) in rest.match_indices('%') {
        let escape = rest.as_bytes().get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        if !escape {
            url.push_str(&rest[from..at]);
            url.push_str("%25");
            from = at + 1;
        }
    }
    url.push_str(&rest[from..]);
    url
}

fn decode(raw: &str) -> Result<String, ParseError> {
    text::decode(raw).ok_or_else(|| malformed("an escape in the path is not UTF-8", "percent-encoded UTF-8"))
}

pub(super) fn malformed(problem: &str, expected: &str) -> ParseError {
    ParseError::Malformed { problem: problem.to_owned(), expected: expected.to_owned() }
}

/// `/<endpoint>/tr:<steps>/<asset>`, percent-encoded. Steps need no escapes.
pub(super) fn write(asset: &Asset, steps: &str, settings: &Settings) -> String {
    let asset = match asset {
        Asset::Path(path) => text::encode(path, text::PATH),
        Asset::Url(url) => text::encode(url, COMPONENT),
    };
    let endpoint = settings.endpoint.split('/').filter(|segment| !segment.is_empty());
    // An empty marker keeps an asset's own segment from being taken for one.
    let own = asset.split('/').any(|segment| marked(segment).is_some());
    let marker = (own || !steps.is_empty()).then(|| format!("tr:{steps}"));
    let segments = endpoint.map(str::to_owned).chain(marker).chain([asset]);
    segments.map(|segment| format!("/{segment}")).collect()
}
