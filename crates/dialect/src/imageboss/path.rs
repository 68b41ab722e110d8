//! The path's grammar: which segments are the operation, its size, options and the asset.

use super::said::{Mode, Operation, Said};
use super::table::TABLE;
use crate::error::ParseError;
use crate::request::{Asset, Warning, WarningKind};
use crate::settings::Settings;
use crate::table::Param;
use crate::{overlay, text};

/// Decoded keys and values, in order.
pub(super) type Options = Vec<(String, String)>;

/// A path, taken apart. Nothing but the operation is understood yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pieces {
    /// `None` where the URL names an absolute URL instead.
    pub source: Option<String>,
    pub operation: Operation,
    pub options: Options,
    /// The master.
    pub asset: Asset,
    /// The master's key if segments that only look like options are folders.
    pub folder_asset: Option<String>,
}

/// Takes a raw path apart.
pub(super) fn read(path: &str, settings: &Settings, warnings: &mut Vec<Warning>) -> Result<Pieces, ParseError> {
    if settings.sourceless {
        let mut of_it = Vec::new();
        if let Some(pieces) = sourceless(path, &mut of_it) {
            warnings.extend(of_it);
            return pieces;
        }
    }
    let (source, rest) = source(path)?;
    let (operation, tail) = operation(rest, warnings)?;
    let (options, asset, folder) = options(tail);
    Ok(Pieces {
        source: Some(source),
        operation,
        options,
        asset: Asset::Path(key(asset)?),
        folder_asset: folder.and_then(|folder| key(folder).ok()),
    })
}

/// The form of the first years: an operation where the source stands now, and an absolute URL as the asset, one of whose
/// slashes may have got lost on the way. `None` where the path is something else.
fn sourceless(path: &str, warnings: &mut Vec<Warning>) -> Option<Result<Pieces, ParseError>> {
    let (operation, tail) = operation(path.trim_start_matches('/'), warnings).ok()?;
    let (options, asset, _) = options(tail);
    let whole = text::decode(asset).unwrap_or_default();
    if !["http:/", "https:/"]
        .iter()
        .any(|begin| whole.get(..begin.len()).is_some_and(|b| b.eq_ignore_ascii_case(begin)))
    {
        return None;
    }
    // A client that escapes each segment escapes the colon.
    let asset = if asset.contains(':') { asset } else { &whole };
    Some(match overlay::asset(asset) {
        Some(asset) => Ok(Pieces { source: None, operation, options, asset, folder_asset: None }),
        None => Err(malformed(format!("{asset:?} is no address"), "/width/300/https://host/path")),
    })
}

/// The operation of a preset, where it names one, and its options.
pub(super) fn of_preset(text: &str, warnings: &mut Vec<Warning>) -> Result<(Option<Operation>, Options), ParseError> {
    let text = text.trim().trim_matches('/');
    let begins_with_options = text.split('/').next().is_some_and(|first| first.split(',').all(|o| option(o).is_some()));
    let word = text.split(['/', ':']).next().unwrap_or_default();
    let (operation, tail) = if OPERATIONS.contains(&word) || !begins_with_options {
        let (operation, tail) = operation(text, warnings)?;
        (Some(operation), tail)
    } else {
        (None, text)
    };
    // As if an asset followed.
    let tail = format!("{tail}/");
    Ok((operation, options(&tail).0))
}

/// The words that [`operation`] reads.
pub(super) const OPERATIONS: &[&str] = &["cdn", "width", "height", "cover", "contain"];

/// The operation with its size, and what follows it.
fn operation<'p>(rest: &'p str, warnings: &mut Vec<Warning>) -> Result<(Operation, &'p str), ParseError> {
    let mut segments = rest.split('/').filter(|s| !s.is_empty());
    let word = text::decode(segments.next().unwrap_or_default()).unwrap_or_default();
    let (word, mode) = match word.split_once(':') {
        Some((word, mode)) => (word, mode),
        None => (word.as_str(), ""),
    };
    let mut size = || text::decode(segments.next().unwrap_or_default()).unwrap_or_default();
    let operation = match word {
        "cdn" => Operation::Cdn,
        "width" => Operation::Width(side(&size(), "width/300")?),
        "height" => Operation::Height(side(&size(), "height/300")?),
        "cover" | "contain" => {
            let size = size();
            let (width, height) = size.split_once('x').unwrap_or((&size, ""));
            let mode = if word == "contain" { Mode::Contain } else { cover_mode(mode, warnings) };
            Operation::Cover(mode, side(width, "cover/300x200")?, side(height, "cover/300x200")?)
        }
        _ => return Err(malformed(format!("there is no operation {word:?}"), "cdn, width, height or cover")),
    };
    let consumed = if operation == Operation::Cdn { 1 } else { 2 };
    Ok((operation, skip_segments(rest, consumed)))
}

/// The source's name and the rest of the path.
pub(super) fn source(path: &str) -> Result<(String, &str), ParseError> {
    let path = path.trim_start_matches('/');
    let (source, rest) = path.split_once('/').unwrap_or((path, ""));
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !source.bytes().all(plain) || !source.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric) {
        return Err(malformed(
            format!("{source:?} is no name of a source"),
            "/source/operation/size/options/image: letters, digits, _ and - in the source",
        ));
    }
    Ok((source.to_owned(), rest))
}

/// A master's key, decoded once.
pub(super) fn key(raw: &str) -> Result<String, ParseError> {
    let key = text::decode(raw.trim_start_matches('/'))
        .ok_or_else(|| malformed("the path is not UTF-8 once decoded".to_owned(), "percent-encoded UTF-8"))?;
    let key = key.trim_start_matches('/');
    if key.is_empty() {
        return Err(malformed("the path names no image".to_owned(), "/source/operation/size/options/image"));
    }
    if text::escapes_root(key) {
        return Err(malformed(
            "the path leads out of its folder".to_owned(),
            "a path without .. segments, backslashes and NUL",
        ));
    }
    Ok(key.to_owned())
}

/// Splits the part behind the size into options and the raw asset. Third: where the asset begins if the first segment that
/// only looks like options is a folder.
fn options(tail: &str) -> (Options, &str, Option<&str>) {
    let mut options = Vec::new();
    let mut folder = None;
    let mut rest = tail;
    while let Some((segment, after)) = rest.split_once('/') {
        let parts: Vec<Option<(String, String)>> = segment.split(',').filter(|p| !p.is_empty()).map(option).collect();
        let Some(parts) = parts.into_iter().collect::<Option<Vec<_>>>() else { break };
        if folder.is_none() && !parts.iter().all(|(key, _)| known(key)) {
            folder = Some(rest);
        }
        options.extend(parts);
        rest = after;
    }
    (options, rest, folder)
}

/// `key:value` with a key that is known or has the form of one. The value is decoded after the split, since it may hold
/// what separates pieces.
fn option(part: &str) -> Option<(String, String)> {
    let part = text::decode(part)?;
    let (key, value) = part.split_once(':')?;
    let looks = key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
        // A URL as the asset.
        && key != "http"
        && key != "https";
    (looks || known(key)).then(|| (key.to_owned(), value.to_owned()))
}

/// Whether a key belongs to the dialect.
pub(super) fn known(key: &str) -> bool {
    find(key).is_some()
}

/// The row of an option, whatever its case.
pub(super) fn find(key: &str) -> Option<&'static Param<Said>> {
    let is = |name: &&str| name.eq_ignore_ascii_case(key);
    TABLE.iter().find(|param| is(&param.name) || param.aliases.iter().any(is))
}

/// What follows the first `count` non-empty segments.
fn skip_segments(path: &str, count: usize) -> &str {
    let mut rest = path;
    for _ in 0..count {
        rest = rest.trim_start_matches('/');
        rest = rest.split_once('/').map_or("", |(_, after)| after);
    }
    rest
}

fn cover_mode(word: &str, warnings: &mut Vec<Warning>) -> Mode {
    let mode = if word.is_empty() { Some(Mode::Smart) } else { Mode::read(word) };
    let problem = match mode {
        None => Some(WarningKind::Invalid),
        Some(Mode::Face) => Some(WarningKind::Unsupported),
        Some(_) => None,
    };
    if let Some(kind) = problem {
        warnings.push(Warning {
            kind,
            parameter: "cover".to_owned(),
            value: word.to_owned(),
            allowed: format!("{}; taken as smart", Mode::words()),
        });
    }
    mode.unwrap_or(Mode::Smart)
}

/// Digits, at least 1. What is far too large is cut later, both sides by one factor.
fn side(text: &str, form: &str) -> Result<u32, ParseError> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let side = text.parse::<u32>().unwrap_or(u32::MAX);
    if !digits || side == 0 {
        return Err(malformed(format!("the size {text:?} is not a number above 0"), form));
    }
    Ok(side)
}

fn malformed(problem: String, expected: &str) -> ParseError {
    ParseError::Malformed { problem, expected: expected.to_owned() }
}
