//! Cloudimage (Scaleflex) v7: `/[v7/]SOURCE?w=300&h=200&func=crop`.
//!
//! Lenient like its vendor: no transformation value is an error. What cannot be read is passed over with a warning, and
//! names that are not the vendor's go to the origin. Sources: docs.cloudimage.io and the vendor's open-source clients.

mod meaning;
mod said;
mod source;
mod spelling;
mod table;
#[cfg(test)]
mod tests;

use plan::Plan;

use crate::error::{ParseError, Unwritable};
use crate::request::{Asset, Disposition, Parsed, Target, Warning, WarningKind};
use crate::settings::Settings;
use crate::signing::{Signing, Unsignable, Verdict};
use crate::table::{Param, ParamDoc};
use crate::{Dialect, text};

use said::marks::Mark;
use said::{Download, Func, Said};
use table::{MARKS, is_known_later, is_noise};

/// The dialect `cloudimage`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cloudimage;

const NAME: &str = "cloudimage";

impl Dialect for Cloudimage {
    fn name(&self) -> &'static str {
        NAME
    }

    fn params(&self) -> Vec<ParamDoc> {
        table::rows().map(Param::doc).chain(MARKS.iter().map(Param::doc)).collect()
    }

    fn parse(&self, target: Target<'_>, settings: &Settings) -> Result<Parsed, ParseError> {
        let mut warnings = Vec::new();
        let (said, mut origin_pairs) = read_query(target.query.unwrap_or_default(), &mut warnings);
        let source = source::resolve(target.path, said.encoded)?;
        if let Some(query) = source.query {
            origin_pairs.extend(query.split('&').filter(|p| !p.is_empty()).map(str::to_owned));
        }
        origin_pairs.sort();
        let plan = meaning::plan(&said, settings, &mut warnings);
        Ok(Parsed {
            origin_query: origin_pairs.join("&"),
            disposition: match said.download {
                None => Disposition::None,
                Some(Download::Yes) => Disposition::Attachment(None),
                Some(Download::As(name)) => Disposition::Attachment(Some(name)),
            },
            any_content: said.func == Some(Func::Proxy),
            warnings,
            ..Parsed::new(source.asset, plan)
        })
    }

    fn write(&self, _source: &str, asset: &Asset, plan: &Plan, settings: &Settings) -> Result<String, Unwritable> {
        let cannot = |what: String| Unwritable { dialect: NAME, what };
        let mut said = spelling::said(plan, settings).map_err(cannot)?;
        let (mut url, encoded) = source::spell(asset);
        said.encoded = encoded;
        let mut mark = '?';
        for (name, value) in pairs(&said) {
            url.push(mark);
            url.push_str(&name);
            url.push('=');
            url.push_str(&text::encode(&value, text::QUERY_VALUE));
            mark = '&';
        }
        let again = self.parse(Target::new(&url), settings).map_err(|e| cannot(format!("the asset: {e}")))?;
        if again.asset != without_query(asset) {
            return Err(cannot(format!("the asset {asset:?}")));
        }
        if again.plan != *plan {
            return Err(cannot(format!("the plan {plan}; nearest: {}", again.plan)));
        }
        Ok(url)
    }

    fn verify(&self, _target: Target<'_>, _prefix: &str, _settings: &Settings, _signing: &Signing) -> Verdict {
        Verdict::Unsigned
    }

    fn sign(
        &self,
        _target: &str,
        _settings: &Settings,
        _signing: &Signing,
        _expires: Option<u64>,
    ) -> Result<String, Unsignable> {
        Err(Unsignable::NoSecret)
    }
}

/// Reads a raw query: the parameters, and the raw pairs that belong to the origin.
fn read_query(query: &str, warnings: &mut Vec<Warning>) -> (Said, Vec<String>) {
    let mut given: Vec<(Row, String, String)> = Vec::new();
    let mut origin_pairs = Vec::new();
    let mut indices = Vec::new();
    for (raw_name, raw_value) in text::pairs(query) {
        let name = text::decode_query(raw_name).unwrap_or_else(|| raw_name.to_owned());
        let value = raw_value.unwrap_or_default();
        let value = text::decode_query(value).unwrap_or_else(|| value.to_owned()).trim().to_owned();
        let row = table::find(&name).map(Row::Said);
        if let Some(row) = row.or_else(|| table::find_mark(&name, &indices).map(|(row, index)| Row::Mark(row, index))) {
            if let Row::Mark(_, Some(index)) = row
                && !indices.contains(&index)
            {
                indices.push(index);
            }
            if let Some(at) = given.iter().position(|(earlier, ..)| earlier.is(&row)) {
                let (_, parameter, value) = given.remove(at);
                let allowed = "once; the last is taken".to_owned();
                warnings.push(Warning { kind: WarningKind::Repeated, parameter, value, allowed });
            }
            given.push((row, name, value));
        } else if is_known_later(&name) {
            let kind = WarningKind::Unsupported;
            warnings.push(Warning { kind, parameter: name, value, allowed: String::new() });
        } else if name != "vh" && !name.starts_with("ci_") {
            origin_pairs.push(match raw_value {
                Some(value) => format!("{raw_name}={value}"),
                None => raw_name.to_owned(),
            });
            if !is_noise(&name) {
                let allowed = "passed on to the origin".to_owned();
                warnings.push(Warning { kind: WarningKind::Unknown, parameter: name, value, allowed });
            }
        }
    }
    let mut said = Said::default();
    for (row, name, value) in given {
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
    (said, origin_pairs)
}

/// The row that reads a pair, and of which watermark it speaks.
#[derive(Clone, Copy)]
enum Row {
    Said(&'static Param<Said>),
    Mark(&'static Param<Mark>, Option<u32>),
}

impl Row {
    /// Whether both say the same thing.
    fn is(&self, other: &Row) -> bool {
        match (self, other) {
            (Row::Said(one), Row::Said(two)) => one.name == two.name,
            (Row::Mark(one, index), Row::Mark(two, other)) => one.name == two.name && index == other,
            _ => false,
        }
    }
}

/// What a URL says, name by name; a bracket in a name is escaped.
fn pairs(said: &Said) -> Vec<(String, String)> {
    let own = table::rows().filter_map(|row| Some((row.name.to_owned(), (row.write)(said)?)));
    let of_all = MARKS.iter().filter_map(|row| Some((row.name.to_owned(), (row.write)(&said.mark)?)));
    let of_each = said.marks.iter().flat_map(|(index, mark)| {
        MARKS.iter().filter_map(move |row| Some((format!("{}%5B{index}%5D", row.name), (row.write)(mark)?)))
    });
    own.chain(of_all).chain(of_each).collect()
}

/// What an entry of the invalidation API names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgeEntry {
    /// The master; with `wildcard`, the beginning that it shares with others (an empty path is every master).
    pub asset: Asset,
    /// The query as given, which scope `original` ignores; `None` without `?`.
    pub query: Option<String>,
    /// The entry ended in `*`.
    pub wildcard: bool,
    /// The entry read as a delivery URL: the variant that scope `urls` names. `None` with `wildcard`.
    pub variant: Option<Parsed>,
}

/// Reads an entry of an invalidation request in any form the vendor's documentation has had: with or without a leading
/// `/`, `v7/`, scheme, query, or percent-encoding as a whole. Our own scheme and host must have been cut off.
///
/// # Errors
/// When no master is named.
pub fn purge_path(entry: &str, settings: &Settings) -> Result<PurgeEntry, ParseError> {
    let target = Target::new(entry.trim());
    let query = target.query.map(str::to_owned);
    if let Some(begin) = target.path.strip_suffix('*') {
        let asset = match source::without_version(begin).trim_start_matches('/') {
            "" => Asset::Path(String::new()),
            _ => source::resolve(begin, false)?.asset,
        };
        return Ok(PurgeEntry { asset, query, wildcard: true, variant: None });
    }
    let parsed = Cloudimage.parse(target, settings)?;
    Ok(PurgeEntry { asset: parsed.asset.clone(), query, wildcard: false, variant: Some(parsed) })
}

fn without_query(asset: &Asset) -> Asset {
    match asset {
        Asset::Url(url) => Asset::Url(url.split('?').next().unwrap_or_default().to_owned()),
        Asset::Path(key) => Asset::Path(key.clone()),
    }
}
