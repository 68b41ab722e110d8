//! The walk over a query: names to rows, base64 forms, repeats.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::later::{KNOWN_LATER, NOISE};
use super::meaning::Notes;
use super::said::Said;
use super::table::TABLE;
use crate::error::ParseError;
use crate::request::{Warning, WarningKind};
use crate::table::{Kind, Param};
use crate::text;

/// Above this many, warnings are not recorded: they are for people.
const MOST_WARNINGS: usize = 64;

/// The base64url alphabet of RFC 4648 section 5; padding, cut off beforehand, and stray low bits are read past.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// A query, read.
pub(super) struct Query {
    pub(super) said: Said,
    pub(super) warnings: Vec<Warning>,
    picks: Vec<Option<Pick>>,
}

/// The value taken for a row.
struct Pick {
    /// The name as written.
    name: String,
    value: String,
    base64: bool,
}

/// Reads a raw query.
///
/// # Errors
/// Base64 that cannot be decoded to text.
pub(super) fn read(raw: &str) -> Result<Query, ParseError> {
    let mut query = Query {
        said: Said::default(),
        warnings: Vec::new(),
        picks: std::iter::repeat_with(|| None).take(TABLE.len()).collect(),
    };
    let mut order = Vec::new();
    for (name, value) in text::pairs(raw) {
        let Some(row) = query.pick(name, value.unwrap_or_default())? else { continue };
        if !order.contains(&row) {
            order.push(row);
        }
    }
    for row in order {
        query.read_row(row);
    }
    Ok(query)
}

impl Query {
    /// Finds the row of a pair and keeps its value, if this is the one that counts.
    fn pick(&mut self, raw_name: &str, raw_value: &str) -> Result<Option<usize>, ParseError> {
        let Some(name) = text::decode_query(raw_name) else {
            self.push(WarningKind::Unknown, raw_name, raw_value, "");
            return Ok(None);
        };
        if NOISE.contains(&name.as_str()) {
            return Ok(None);
        }
        let (found, base64) = match lookup(&name) {
            // The vendor has no base64 form of it.
            Found::Nothing if name == "ch64" => (Found::Nothing, false),
            Found::Nothing => match name.strip_suffix("64").map(lookup) {
                None | Some(Found::Nothing) => (Found::Nothing, false),
                Some(found) => (found, true),
            },
            found => (found, false),
        };
        if let Found::Nothing = found {
            let value = text::decode_query(raw_value).unwrap_or_else(|| raw_value.to_owned());
            self.push(WarningKind::Unknown, &name, &value, "");
            return Ok(None);
        }
        let decoded = text::decode_query(raw_value);
        let value = match decoded {
            Some(text) if base64 => from_base64(&name, &text)?,
            Some(text) => text,
            None if base64 => return Err(bad_base64(&name, raw_value)),
            None => {
                self.push(WarningKind::Invalid, &name, raw_value, "UTF-8 text");
                return Ok(None);
            }
        };
        match found {
            Found::Row(row) => Ok(self.keep(row, Pick { name, value, base64 }).then_some(row)),
            Found::Later | Found::Nothing => {
                self.push(WarningKind::Unsupported, &name, &value, "");
                Ok(None)
            }
        }
    }

    /// The last value of a row counts, but a base64 form before any plain one; those of `auto` add up. An empty value
    /// displaces nothing.
    fn keep(&mut self, row: usize, new: Pick) -> bool {
        let (Some(param), Some(slot)) = (TABLE.get(row), self.picks.get_mut(row)) else { return false };
        let dropped = match slot {
            None => {
                *slot = Some(new);
                return true;
            }
            Some(old) if param.name == "auto" => {
                old.value.push(',');
                old.value.push_str(&new.value);
                return true;
            }
            Some(old) if (old.base64 && !new.base64) || (new.value.is_empty() && param.kind != Kind::Text) => new,
            Some(old) => std::mem::replace(old, new),
        };
        self.push(WarningKind::Repeated, &dropped.name, &dropped.value, "one value");
        true
    }

    fn read_row(&mut self, row: usize) {
        let (Some(param), Some(Some(pick))) = (TABLE.get(row), self.picks.get(row)) else { return };
        let mut warnings = Vec::new();
        param.read(&mut self.said, &pick.name, &pick.value, &mut warnings);
        let name = pick.name.clone();
        for (kind, value) in std::mem::take(&mut self.said.notes) {
            self.push(kind, &name, &value, &param.kind.allowed());
        }
        for warning in warnings {
            self.push(warning.kind, &warning.parameter, &warning.value, &warning.allowed);
        }
    }

    /// Records what the meaning found, under the names and values as written.
    pub(super) fn warn(&mut self, notes: Notes) {
        for (kind, name) in notes {
            let Some(row) = TABLE.iter().position(|p| p.name == name) else { continue };
            let Some(Some(Pick { name, value, .. })) = self.picks.get(row) else { continue };
            let (name, value) = (name.clone(), value.clone());
            self.push(kind, &name, &value, "");
        }
    }

    fn push(&mut self, kind: WarningKind, parameter: &str, value: &str, allowed: &str) {
        if self.warnings.len() < MOST_WARNINGS {
            self.warnings.push(Warning {
                kind,
                parameter: parameter.to_owned(),
                value: value.to_owned(),
                allowed: allowed.to_owned(),
            });
        }
    }
}

enum Found {
    Row(usize),
    Later,
    Nothing,
}

fn lookup(name: &str) -> Found {
    let is = |row: &&Param<Said>| row.name == name || row.aliases.contains(&name);
    match TABLE.iter().position(is) {
        Some(row) => Found::Row(row),
        None if KNOWN_LATER.binary_search(&name).is_ok() => Found::Later,
        None => Found::Nothing,
    }
}

fn from_base64(name: &str, value: &str) -> Result<String, ParseError> {
    let bytes = BASE64.decode(value.trim_end_matches('=')).map_err(|_| bad_base64(name, value))?;
    String::from_utf8(bytes).map_err(|_| bad_base64(name, value))
}

fn bad_base64(name: &str, value: &str) -> ParseError {
    ParseError::BadParameter {
        parameter: name.to_owned(),
        value: value.to_owned(),
        allowed: "UTF-8 text in base64url (RFC 4648 section 5) without padding".to_owned(),
    }
}
