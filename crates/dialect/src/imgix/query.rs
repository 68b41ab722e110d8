//! The walk over a query and what lies under it: names to rows, base64 forms, repeats, a preset, default parameters.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::meaning::Notes;
use super::said::Said;
use super::table::TABLE;
use crate::error::ParseError;
use crate::request::{Warning, WarningKind};
use crate::settings::{Preset, Settings};
use crate::table::Kind;
use crate::text;

/// What SDKs and signing add to a query: part of the signed text, without effect on the picture.
pub(super) const NOISE: &[&str] = &["ixid", "ixlib", "ixsrc", "s"];

/// The parameter that names a preset.
pub(super) const PRESET: &str = "preset";

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
#[derive(Default)]
pub(super) struct Query {
    pub(super) said: Said,
    pub(super) warnings: Vec<Warning>,
    /// The preset that took part.
    pub(super) preset: Option<String>,
    picks: Vec<Pick>,
}

/// Who says it. What is above goes before what is below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Url,
    Preset,
    Defaults,
}

/// The value that a layer has for a row.
struct Pick {
    row: usize,
    layer: Layer,
    /// The name as written.
    name: String,
    value: String,
    base64: bool,
    /// Whether it came to bear.
    counts: bool,
}

/// Reads a raw query alone.
///
/// # Errors
/// Base64 that cannot be decoded to text.
pub(super) fn read_alone(raw: &str) -> Result<Query, ParseError> {
    let mut query = Query::default();
    query.add(raw, Layer::Url)?;
    query.read_rows();
    Ok(query)
}

/// Reads a raw query over a site's presets and default parameters.
///
/// # Errors
/// Base64 in it that cannot be decoded to text, and whatever is no preset where there may be nothing else.
pub(super) fn read(raw: &str, settings: &Settings) -> Result<Query, ParseError> {
    let mut query = Query::default();
    if settings.presets_only {
        only_presets(raw, settings)?;
    }
    query.add(raw, Layer::Url)?;
    if !settings.defaults.is_empty() {
        query.add(&settings.defaults, Layer::Defaults)?;
    }
    if let Some(preset) = query.preset(settings)? {
        query.add(&preset.text, Layer::Preset)?;
        query.picks.sort_by_key(|pick| pick.layer);
    }
    query.read_rows();
    Ok(query)
}

/// Whether a query says nothing but a preset and when it ends.
fn only_presets(raw: &str, settings: &Settings) -> Result<(), ParseError> {
    for (name, _) in text::pairs(raw) {
        let decoded = text::decode_query(name);
        let row = decoded.as_deref().and_then(|name| find(name).map(|(row, _)| row));
        let may = row.and_then(|row| TABLE.get(row)).is_some_and(|row| [PRESET, "expires"].contains(&row.name));
        if !may && !decoded.as_deref().is_some_and(|name| NOISE.contains(&name)) {
            return Err(not_a_preset(name, settings));
        }
    }
    Ok(())
}

fn not_a_preset(what: &str, settings: &Settings) -> ParseError {
    let enabled = settings.presets.iter().filter(|(_, preset)| preset.enabled);
    let allowed: Vec<String> = enabled.map(|(name, _)| format!("{PRESET}={name}")).collect();
    ParseError::NotAPreset { what: what.to_owned(), allowed: allowed.join(", ") }
}

impl Query {
    /// Picks what a layer says.
    fn add(&mut self, raw: &str, layer: Layer) -> Result<(), ParseError> {
        for (name, value) in text::pairs(raw) {
            match self.pick(name, value.unwrap_or_default(), layer) {
                // What an operator wrote is not the client's fault.
                Err(_) if layer != Layer::Url => self.push(WarningKind::Invalid, name, value.unwrap_or_default(), ""),
                picked => picked?,
            }
        }
        Ok(())
    }

    /// Finds the row of a pair and keeps its value, if this is the one that counts.
    fn pick(&mut self, raw_name: &str, raw_value: &str, layer: Layer) -> Result<(), ParseError> {
        let Some(name) = text::decode_query(raw_name) else {
            self.push(WarningKind::Unknown, raw_name, raw_value, "");
            return Ok(());
        };
        if NOISE.contains(&name.as_str()) {
            return Ok(());
        }
        let Some((row, base64)) = find(&name) else {
            let value = text::decode_query(raw_value).unwrap_or_else(|| raw_value.to_owned());
            self.push(WarningKind::Unknown, &name, &value, "");
            return Ok(());
        };
        let value = match text::decode_query(raw_value) {
            Some(text) if base64 => from_base64(&name, &text)?,
            Some(text) => text,
            None if base64 => return Err(bad_base64(&name, raw_value)),
            None => {
                self.push(WarningKind::Invalid, &name, raw_value, "UTF-8 text");
                return Ok(());
            }
        };
        let own = TABLE.get(row).is_some_and(|row| row.name == "ch" && layer == Layer::Defaults)
            || TABLE.get(row).is_some_and(|row| row.name == PRESET && layer == Layer::Preset);
        if own {
            self.push(WarningKind::Invalid, &name, &value, "what a URL says itself");
            return Ok(());
        }
        self.keep(Pick { row, layer, name, value, base64, counts: false });
        Ok(())
    }

    /// The last value of a row counts, but a base64 form before any plain one; those of `auto` add up. An empty value
    /// displaces nothing.
    fn keep(&mut self, new: Pick) {
        let Some(param) = TABLE.get(new.row) else { return };
        let dropped = match self.picks.iter_mut().find(|pick| pick.row == new.row && pick.layer == new.layer) {
            None => {
                self.picks.push(new);
                return;
            }
            Some(old) if param.name == "auto" => {
                old.value.push(',');
                old.value.push_str(&new.value);
                return;
            }
            Some(old) if (old.base64 && !new.base64) || (new.value.is_empty() && param.kind != Kind::Text) => new,
            Some(old) => std::mem::replace(old, new),
        };
        self.push(WarningKind::Repeated, &dropped.name, &dropped.value, "one value");
    }

    /// The preset that is named, if it may be used.
    fn preset<'s>(&mut self, settings: &'s Settings) -> Result<Option<&'s Preset>, ParseError> {
        let named = self.picks.iter().filter(|pick| TABLE.get(pick.row).is_some_and(|row| row.name == PRESET));
        let Some(pick) = named.min_by_key(|pick| pick.layer) else { return Ok(None) };
        let found = settings.presets.get_key_value(&pick.value).filter(|(_, preset)| preset.enabled);
        if let Some((name, preset)) = found {
            self.preset = Some(name.clone());
            return Ok(Some(preset));
        }
        let (name, value) = (pick.name.clone(), pick.value.clone());
        if settings.presets_only {
            return Err(not_a_preset(&format!("{name}={value}"), settings));
        }
        let enabled = settings.presets.iter().filter(|(_, preset)| preset.enabled).map(|(name, _)| name.as_str());
        let allowed = enabled.collect::<Vec<_>>().join(", ");
        self.push(WarningKind::Invalid, &name, &value, &allowed);
        Ok(None)
    }

    /// Reads each row's value from the uppermost layer whose value can be read; those of `auto` add up.
    fn read_rows(&mut self) {
        let mut picks = std::mem::take(&mut self.picks);
        let mut read = Rows::default();
        for pick in &mut picks {
            let Some(param) = TABLE.get(pick.row) else { continue };
            if read.has(pick.row) && param.name != "auto" {
                continue;
            }
            let result = (param.parse)(&mut self.said, &pick.value);
            for (kind, value) in std::mem::take(&mut self.said.notes) {
                self.push(kind, &pick.name, &value, &param.kind.allowed());
            }
            pick.counts = matches!(result, Ok(()) | Err(WarningKind::Clamped));
            if pick.counts {
                read.add(pick.row);
            }
            if let Err(kind) = result {
                self.push(kind, &pick.name, &pick.value, &param.kind.allowed());
            }
        }
        self.picks = picks;
    }

    /// Records what the meaning found, under the names and values as written. What is not the URL's own may well come to
    /// nothing in it.
    pub(super) fn warn(&mut self, notes: Notes) {
        for (kind, name) in notes {
            let is = |pick: &&Pick| pick.counts && TABLE.get(pick.row).is_some_and(|row| row.name == name);
            let Some(pick) = self.picks.iter().find(is) else { continue };
            if kind == WarningKind::NoEffect && pick.layer != Layer::Url {
                continue;
            }
            let (name, value) = (pick.name.clone(), pick.value.clone());
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

/// Rows of the table, as bits.
#[derive(Default)]
struct Rows([u64; 4]);

impl Rows {
    fn has(&self, row: usize) -> bool {
        self.0.get(row / 64).is_some_and(|word| word & (1 << (row % 64)) != 0)
    }

    fn add(&mut self, row: usize) {
        if let Some(word) = self.0.get_mut(row / 64) {
            *word |= 1 << (row % 64);
        }
    }
}

/// Every name and alias with its row, sorted.
static NAMES: LazyLock<Vec<(&'static str, usize)>> = LazyLock::new(|| {
    let of = |(at, row): (usize, &&'static crate::table::Param<Said>)| {
        let names = std::iter::once(row.name).chain(row.aliases.iter().copied());
        names.map(|name| (name, at)).collect::<Vec<_>>()
    };
    let mut names: Vec<(&'static str, usize)> = TABLE.iter().enumerate().flat_map(of).collect();
    names.sort_unstable();
    names
});

/// The row of a name, and whether this is the name's base64 form.
fn find(name: &str) -> Option<(usize, bool)> {
    let row = |name: &str| {
        let at = NAMES.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
        NAMES.get(at).map(|(_, row)| *row)
    };
    match (row(name), name.strip_suffix("64")) {
        (Some(row), _) => Some((row, false)),
        // The vendor has no base64 form of it.
        (None, None | Some("ch")) => None,
        (None, Some(plain)) => row(plain).map(|row| (row, true)),
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
