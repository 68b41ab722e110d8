//! What a URL names when it is purged.

use super::path::malformed;
use super::{Named, Query, check_length, parse_located, path, steps, transformation};
use crate::error::ParseError;
use crate::hints::Hints;
use crate::request::{Asset, Parsed, Target};
use crate::settings::Settings;

/// What is to be purged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PurgeTarget {
    /// A master with every derivative of it.
    Master(Asset),
    /// One derivative in all formats: the plan and the asset are what counts.
    Exact(Box<Parsed>),
    /// Every master whose decoded path begins with this text, which may end inside a segment; empty for every
    /// master, web-proxy ones included.
    Prefix(String),
    /// Every web-proxy master whose absolute URL begins with this text.
    UrlPrefix(String),
}

/// Extensions by which a trailing `*` is known to stand behind a whole file name.
const FILES: &[&str] = &[
    "jpg", "jpeg", "jpe", "png", "webp", "avif", "gif", "svg", "heic", "heif", "tif", "tiff", "bmp", "ico", "jxl",
    "psd", "ai", "eps", "pdf", "mp4", "webm", "mov", "m4v", "mp3", "json", "css", "js", "html", "txt", "xml", "zip",
];

/// Reads the `path?query` of a URL to be purged, still percent-encoded, host and site prefix cut off.
///
/// Without a transformation it names the master with every derivative, and so does `file.ext*`, as the vendor's
/// customers expect it to; with one, that derivative in all formats; another `*` at the end makes the path a string
/// prefix. `ik-s` and `ik-t` count for nothing, nor does a transformation beside a `*`. Where a reading is in doubt the
/// wider one is taken: too much is purged rather than too little.
///
/// # Errors
/// A `*` elsewhere than at the end, or what [`crate::Dialect::parse`] refuses too.
pub fn purge_target(raw: &str, settings: &Settings) -> Result<PurgeTarget, ParseError> {
    let (raw, star) = match raw.strip_suffix('*') {
        Some(raw) => (raw, true),
        None => (raw, false),
    };
    if raw.contains('*') {
        return Err(malformed("a * stands inside the URL", "at most one *, as the very last character"));
    }
    let target = Target::new(raw);
    check_length(&target)?;
    let located = path::locate(target.path, settings)?;
    if star {
        // A `*` in the query stands behind a whole path.
        if target.query.is_some() || is_file(located.last()) {
            return located.asset().map(PurgeTarget::Master);
        }
        if target.path.rsplit('/').next().is_some_and(|last| path::marked(last).is_some()) {
            return Err(malformed("a * stands inside the transformation", "a * behind the path of the asset"));
        }
        return Ok(match located.prefix()? {
            Asset::Path(prefix) => PurgeTarget::Prefix(prefix),
            Asset::Url(prefix) => PurgeTarget::UrlPrefix(prefix),
        });
    }
    let query = Query::read(target.query.unwrap_or_default())?;
    if steps(&transformation(&located, query.steps.as_deref(), &mut Named::new(settings))?)?.is_empty() {
        return located.asset().map(PurgeTarget::Master);
    }
    match parse_located(&located, query, settings, Hints::NONE) {
        // Nothing was ever made of it here, and what was meant is the picture.
        Err(ParseError::Unsupported { .. }) => located.asset().map(PurgeTarget::Master),
        parsed => parsed.map(|parsed| PurgeTarget::Exact(Box::new(parsed))),
    }
}

fn is_file(name: &str) -> bool {
    let extension = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension);
    extension.is_some_and(|extension| FILES.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}
