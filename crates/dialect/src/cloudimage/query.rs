//! Which values hold: those of the seal, else of the preset, else of the URL, else of the first rule that has one, else of
//! the site's defaults. Aliases of a parameter are one, and a filter in `f` is the parameter of its name.

use super::said::marks::Mark;
use super::said::{Said, flag};

use super::table::{self, PROXY, is_noise};
use super::{sign, source};
use crate::error::ParseError;
use crate::request::{Warning, WarningKind};
use crate::settings::{Preset, Settings};
use crate::table::Param;
use crate::text;

/// A query with all that adds to it.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub said: Said,
    /// The raw pairs that belong to the origin.
    pub origin_pairs: Vec<String>,
    /// The named transformation that took part.
    pub preset: Option<String>,
}

/// Reads a raw query; `path` is what rules look into, as it stands behind `/v7/`.
///
/// # Errors
/// On a site that takes presets alone, when it says anything else.
pub(super) fn read(
    query: &str,
    path: &str,
    settings: &Settings,
    warnings: &mut Vec<Warning>,
) -> Result<Read, ParseError> {
    let mut read = Read::default();
    let mut indices = Vec::new();
    let mut pairs = |query: &str, origin: Option<&mut Vec<String>>, warnings: &mut Vec<Warning>| {
        split(query, &mut indices, origin, warnings)
    };
    let sealed = sign::opened(query).unwrap_or_default();
    let sealed = pairs(&sealed, Some(&mut read.origin_pairs), warnings);
    let url = pairs(query, Some(&mut read.origin_pairs), warnings);
    let rules = settings.rules.iter().filter(|rule| !rule.contains.is_empty() && path.contains(&rule.contains));
    let mut behind: Vec<Vec<Pair>> = rules.map(|rule| pairs(&rule.query, None, warnings)).collect();
    behind.push(pairs(&settings.defaults, None, warnings));

    let all = || [&sealed, &url].into_iter().chain(&behind).flatten();
    let mut preset = Vec::new();
    if let Some(named) = all().find(|pair| pair.row.name() == "p") {
        match settings.presets.get(&named.value).filter(|preset| preset.enabled) {
            Some(found) => {
                preset = pairs(&found.text, None, warnings);
                read.preset = Some(named.value.clone());
            }
            None if settings.presets_only => return Err(not_a_preset(&format!("p={}", named.value), settings)),
            None => {
                let allowed = format!("the name of a preset: {}", names(settings));
                warnings.push(named.warning(WarningKind::Invalid, &allowed));
            }
        }
    }
    if settings.presets_only
        && let Some(own) = sealed.iter().chain(&url).find(|pair| pair.row.draws())
    {
        return Err(not_a_preset(&format!("{}={}", own.said, own.value), settings));
    }

    let mut held = Held::default();
    let (first, own) = if settings.sealed { (sealed, Vec::new()) } else { (Vec::new(), sealed) };
    held.take(first, |_, _| {});
    held.take(preset, |_, _| {});
    held.close();
    for pairs in [own, url] {
        held.take(pairs, |pair, allowed| warnings.push(pair.warning(WarningKind::NoEffect, allowed)));
    }
    // A site's own watermark waits for `wat=1`.
    for mut pairs in behind {
        let switch = held.pairs.iter().chain(&pairs).find(|pair| pair.row.name() == "wat");
        let on = switch.is_some_and(|pair| flag(&pair.value).unwrap_or_default());
        pairs.retain(|pair| on || matches!(pair.row, Row::Said(_)));
        held.take(pairs, |_, _| {});
    }
    read.said = said(held.pairs, settings, warnings);
    Ok(read)
}

/// Whether a raw query says, openly or sealed, that the source is encoded.
pub(super) fn says_encoded(query: &str) -> bool {
    let sealed = sign::opened(query).unwrap_or_default();
    [sealed.as_str(), query].into_iter().any(|query| {
        text::pairs(query)
            .any(|(name, value)| name == "ci_url_encoded" && flag(value.unwrap_or_default()).unwrap_or_default())
    })
}

fn not_a_preset(what: &str, settings: &Settings) -> ParseError {
    ParseError::NotAPreset { what: what.to_owned(), allowed: names(settings) }
}

/// The presets there are, in words.
fn names(settings: &Settings) -> String {
    let enabled = |(name, preset): (&String, &Preset)| preset.enabled.then(|| name.clone());
    settings.presets.iter().filter_map(enabled).collect::<Vec<_>>().join(", ")
}

/// What a pair says.
struct Pair {
    row: Row,
    /// The name as written.
    said: String,
    /// Decoded.
    value: String,
}

impl Pair {
    fn allowed(&self) -> String {
        match self.row {
            Row::Said(row) => row.kind.allowed(),
            Row::Mark(row, _) => row.kind.allowed(),
        }
    }

    fn warning(&self, kind: WarningKind, allowed: &str) -> Warning {
        let (parameter, value, allowed) = (self.said.clone(), self.value.clone(), allowed.to_owned());
        Warning { kind, parameter, value, allowed }
    }
}

/// The row that reads a pair, and of which watermark it speaks.
#[derive(Clone, Copy)]
enum Row {
    Said(&'static Param<Said>),
    Mark(&'static Param<Mark>, Option<u32>),
}

impl Row {
    fn find(name: &str, indices: &[u32]) -> Option<Row> {
        let said = table::find(name).map(Row::Said);
        said.or_else(|| table::find_mark(name, indices).map(|(row, index)| Row::Mark(row, index)))
    }

    fn name(&self) -> &'static str {
        match self {
            Row::Said(row) => row.name,
            Row::Mark(row, _) => row.name,
        }
    }

    fn index(&self) -> Option<u32> {
        match self {
            Row::Said(_) => None,
            Row::Mark(_, index) => *index,
        }
    }

    /// Whether both say the same thing.
    fn is(&self, other: &Row) -> bool {
        self.name() == other.name() && self.index() == other.index()
    }

    /// Whether it changes the picture, and not only how it is handed over.
    fn draws(&self) -> bool {
        !table::CONTROL.iter().any(|row| row.name == self.name())
    }

    /// Whether it says what a watermark is, or speaks of one of several.
    fn is_of_a_mark(&self) -> bool {
        self.index().is_some() || matches!(self.name(), "wat_url" | "wat_text")
    }
}

/// The pairs of a raw query that are the vendor's; of a name that stands twice the last. The others go to the origin, where
/// they have one.
fn split(
    query: &str,
    indices: &mut Vec<u32>,
    mut origin: Option<&mut Vec<String>>,
    warnings: &mut Vec<Warning>,
) -> Vec<Pair> {
    let mut found: Vec<Pair> = Vec::new();
    for (raw_name, raw_value) in text::pairs(query) {
        let name = text::decode_query(raw_name).unwrap_or_else(|| raw_name.to_owned());
        let raw = raw_value.unwrap_or_default();
        // In Base64, `+` is a digit.
        let decoded = if name == sign::SEALED { text::decode(raw) } else { text::decode_query(raw) };
        let value = decoded.unwrap_or_else(|| raw.to_owned()).trim().to_owned();
        let Some(row) = Row::find(&name, indices) else {
            if table::is_of_the_vendor(&name) {
                warnings.push(unknown(name, value, WarningKind::Unsupported, ""));
                continue;
            }
            let Some(pairs) = origin.as_deref_mut() else {
                warnings.push(unknown(name, value, WarningKind::Unknown, "a parameter of this dialect"));
                continue;
            };
            pairs.push(raw_value.map_or_else(|| raw_name.to_owned(), |value| format!("{raw_name}={value}")));
            if !is_noise(&name) {
                warnings.push(unknown(name, value, WarningKind::Unknown, "passed on to the origin"));
            }
            continue;
        };
        if let Some(index) = row.index().filter(|index| !indices.contains(index)) {
            indices.push(index);
        }
        for pair in unpacked(Pair { row, said: name, value }, warnings) {
            if let Some(at) = found.iter().position(|earlier| earlier.row.is(&pair.row)) {
                let earlier = found.remove(at);
                warnings.push(earlier.warning(WarningKind::Repeated, "once; the last is taken"));
            }
            found.push(pair);
        }
    }
    found
}

fn unknown(parameter: String, value: String, kind: WarningKind, allowed: &str) -> Warning {
    Warning { kind, parameter, value, allowed: allowed.to_owned() }
}

/// The filters in `f`, one pair for each; any other pair as it is.
fn unpacked(pair: Pair, warnings: &mut Vec<Warning>) -> Vec<Pair> {
    if pair.row.name() != "f" {
        return vec![pair];
    }
    let mut filters = Vec::new();
    let mut odd = None;
    for item in pair.value.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let (name, value) = item.split_once(':').unwrap_or((item, ""));
        match table::find_filter(name.trim()) {
            Some(row) => {
                let (said, value) = (name.trim().to_owned(), value.trim().to_owned());
                filters.push(Pair { row: Row::Said(row), said, value });
            }
            None => odd = Some(WarningKind::Invalid),
        }
    }
    let kind = if filters.is_empty() { WarningKind::Invalid } else { WarningKind::Clamped };
    warnings.extend(odd.map(|_| pair.warning(kind, &pair.allowed())));
    filters
}

/// The pairs that hold, those that hold against all others first.
#[derive(Default)]
struct Held {
    pairs: Vec<Pair>,
    /// From here on nothing may undo what is there by other means than its own name.
    closed: bool,
    /// What is closed draws, and says not by which function.
    draws: bool,
    /// What is closed says what a watermark is.
    marks: bool,
}

impl Held {
    /// Adds what is not said yet; `lost` is told of what is, and why it does not hold.
    fn take(&mut self, pairs: Vec<Pair>, mut lost: impl FnMut(&Pair, &str)) {
        for pair in pairs {
            if self.pairs.iter().any(|held| held.row.is(&pair.row)) {
                lost(&pair, "where neither seal nor preset says otherwise");
            } else if self.closed && self.undoes(&pair) {
                lost(&pair, "where it does not undo what seal or preset say");
            } else {
                self.pairs.push(pair);
            }
        }
    }

    /// The rest comes from the URL and weaker places.
    fn close(&mut self) {
        self.closed = true;
        self.draws = self.pairs.iter().any(|pair| pair.row.draws());
        self.marks = self.pairs.iter().any(|pair| pair.row.is_of_a_mark());
    }

    /// Whether a pair would take the sealed watermark or the whole transformation away without naming it.
    fn undoes(&self, pair: &Pair) -> bool {
        let proxy = pair.row.name() == "func" && pair.value.eq_ignore_ascii_case(PROXY);
        self.draws && proxy || self.marks && pair.row.is_of_a_mark()
    }
}

fn said(pairs: Vec<Pair>, settings: &Settings, warnings: &mut Vec<Warning>) -> Said {
    let mut said = Said::default();
    for Pair { row, said: name, value } in pairs {
        let value = if row.name() == "wat_url" { source::of_mark(&value, settings) } else { value };
        match row {
            Row::Said(row) => row.read(&mut said, &name, &value, warnings),
            Row::Mark(row, None) => row.read(&mut said.mark, &name, &value, warnings),
            Row::Mark(row, Some(index)) => {
                let mut mark = said.marks.remove(&index).unwrap_or_default();
                row.read(&mut mark, &name, &value, warnings);
                // One whose every value was passed over is none.
                if mark != Mark::default() {
                    said.marks.insert(index, mark);
                }
            }
        }
    }
    said
}
