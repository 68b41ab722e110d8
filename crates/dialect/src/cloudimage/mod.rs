//! Cloudimage (Scaleflex) v7: `/[v7/]SOURCE?w=300&h=200&func=crop`.
//!
//! Lenient like its vendor: no transformation value is an error. What cannot be read is passed over with a warning, and
//! names that are not the vendor's go to the origin. Sources: docs.cloudimage.io and the vendor's open-source clients.

mod meaning;
mod query;
mod said;
mod sign;
mod source;
mod spelling;
mod table;
#[cfg(test)]
mod tests;

use std::time::Duration;

use plan::Plan;

use crate::error::{ParseError, Unwritable};
use crate::request::{Asset, Parsed, Target};
use crate::settings::Settings;
use crate::signing::{Signing, Unsignable, Verdict};
use crate::table::{Param, ParamDoc};
use crate::{Dialect, text};

use said::{Func, Said};
use table::MARKS;

/// The dialect `cloudimage`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cloudimage;

const NAME: &str = "cloudimage";

/// Says that the source is encoded as a whole.
const ENCODED: &str = "ci_url_encoded";

impl Dialect for Cloudimage {
    fn name(&self) -> &'static str {
        NAME
    }

    fn params(&self) -> Vec<ParamDoc> {
        table::rows().map(Param::doc).chain(MARKS.iter().map(Param::doc)).collect()
    }

    fn parse(&self, target: Target<'_>, settings: &Settings) -> Result<Parsed, ParseError> {
        let mut warnings = Vec::new();
        let path = source::without_version(target.path);
        let read = query::read(target.query.unwrap_or_default(), path, settings, &mut warnings)?;
        let (said, mut origin_pairs) = (read.said, read.origin_pairs);
        let source = source::resolve(target.path, said.encoded, settings)?;
        if let Some(query) = source.query {
            origin_pairs.extend(query.split('&').filter(|p| !p.is_empty()).map(str::to_owned));
        }
        origin_pairs.sort();
        let plan = meaning::plan(&said, settings, &mut warnings);
        Ok(Parsed {
            origin_query: origin_pairs.join("&"),
            disposition: said.download,
            any_content: said.func == Some(Func::Proxy),
            presets: read.preset.into_iter().collect(),
            keep: said.keep.map(|seconds| Duration::from_secs(seconds.into())),
            version: said.version,
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

    fn compose(
        &self,
        _source: &str,
        asset: &Asset,
        parameters: &[(String, String)],
        _settings: &Settings,
    ) -> Result<String, Unwritable> {
        if parameters.iter().any(|(name, _)| name.is_empty()) {
            return Err(Unwritable { dialect: NAME, what: "a parameter without a name".to_owned() });
        }
        let (url, encoded) = source::spell(asset);
        let said = parameters.iter().filter(|(name, _)| name != ENCODED);
        let pairs = said.map(|(name, value)| (name.as_str(), value.as_str()));
        let query = text::query(pairs.chain(encoded.then_some((ENCODED, "1"))));
        Ok(if query.is_empty() { url } else { format!("{url}?{query}") })
    }

    fn parameters(&self, target: Target<'_>, _settings: &Settings) -> Result<Vec<(String, String)>, ParseError> {
        let mut pairs = text::decoded_pairs(target.query.unwrap_or_default());
        pairs.retain(|(name, _)| !name.is_empty() && name != ENCODED && !sign::is_signature(name));
        Ok(pairs)
    }

    fn verify(&self, target: Target<'_>, _prefix: &str, _settings: &Settings, signing: &Signing) -> Verdict {
        sign::verify(target, signing)
    }

    fn sign(
        &self,
        target: &str,
        _settings: &Settings,
        signing: &Signing,
        expires: Option<u64>,
    ) -> Result<String, Unsignable> {
        sign::sign(target, signing, expires)
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
/// `/`, `v7/`, scheme, query, or percent-encoding as a whole. Our own scheme and host must have been cut off. An alias is the
/// master behind it.
///
/// # Errors
/// When no master is named.
pub fn purge_path(entry: &str, settings: &Settings) -> Result<PurgeEntry, ParseError> {
    let target = Target::new(entry.trim());
    let query = target.query.map(str::to_owned);
    if let Some(begin) = target.path.strip_suffix('*') {
        let asset = source::beginning(begin, settings)?;
        return Ok(PurgeEntry { asset, query, wildcard: true, variant: None });
    }
    // What was delivered before a site took presets alone can still be named.
    let any = Settings { presets_only: false, ..settings.clone() };
    let parsed = Cloudimage.parse(target, &any)?;
    Ok(PurgeEntry { asset: parsed.asset.clone(), query, wildcard: false, variant: Some(parsed) })
}

fn without_query(asset: &Asset) -> Asset {
    match asset {
        Asset::Url(url) => Asset::Url(url.split('?').next().unwrap_or_default().to_owned()),
        Asset::Path(key) => Asset::Path(key.clone()),
    }
}
