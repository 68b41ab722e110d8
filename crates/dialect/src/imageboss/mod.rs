//! ImageBoss: `/source/operation/size/options/image`, such as `/shop/cover:center/300x200/format:auto/cat.jpg`.
//!
//! The path's form is strict, options are not: an unknown one or a bad value is passed over with a warning. Sources:
//! imageboss.me/docs and the vendor's open-source clients.

mod meaning;
mod options;
mod path;
mod said;
mod sign;
mod spelling;
mod table;
#[cfg(test)]
mod tests;

use percent_encoding::AsciiSet;
use plan::Plan;

use crate::error::{ParseError, Unwritable};
use crate::request::{Asset, Parsed, Target, Warning, WarningKind};
use crate::settings::Settings;
use crate::signing::{Signing, Unsignable, Verdict};
use crate::table::{Param, ParamDoc};
use crate::{Dialect, text};

use said::{Operation, Said};
use table::TABLE;

/// The dialect `imageboss`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Imageboss;

const NAME: &str = "imageboss";

/// The query parameter that carries the signature.
const TOKEN: &str = "bossToken";

/// The parameter that stands for what comes before the options.
const OPERATION: &str = "operation";

/// What is escaped in an option's value.
const OPTION: &AsciiSet = &text::PATH.add(b'/').add(b',');

impl Dialect for Imageboss {
    fn name(&self) -> &'static str {
        NAME
    }

    fn params(&self) -> Vec<ParamDoc> {
        TABLE.iter().map(Param::doc).collect()
    }

    fn parse(&self, target: Target<'_>, settings: &Settings) -> Result<Parsed, ParseError> {
        let mut warnings = Vec::new();
        let mut pieces = path::read(target.path, settings, &mut warnings)?;
        let preset = options::preset(&mut pieces, settings, &mut warnings)?;
        let said = options::read(&pieces, &mut warnings);
        refuse_bad_watermark(&warnings)?;
        refuse_film(&said, &pieces.options)?;
        let plan = meaning::plan(&said, pieces.source.as_deref(), settings, &mut warnings);
        Ok(Parsed {
            source: pieces.source,
            origin_query: origin_query(target.query.unwrap_or_default()),
            disposition: said.download,
            any_content: said.operation == Operation::Cdn,
            presets: preset.into_iter().collect(),
            // What only looks like an option may be a folder.
            fallback: pieces.folder_asset.map(Asset::Path),
            warnings,
            ..Parsed::new(pieces.asset, plan)
        })
    }

    fn write(&self, source: &str, asset: &Asset, plan: &Plan, settings: &Settings) -> Result<String, Unwritable> {
        let cannot = |what: String| Unwritable { dialect: NAME, what };
        let Asset::Path(key) = asset else { return Err(cannot("an absolute URL".to_owned())) };
        let said = spelling::said(plan, source, settings).map_err(cannot)?;
        let options: Vec<String> = TABLE
            .iter()
            .filter_map(|param| {
                (param.write)(&said).map(|value| format!("{}:{}", param.name, text::encode(&value, OPTION)))
            })
            .collect();
        let mut url = format!("/{source}/{}/", said.operation);
        if !options.is_empty() {
            url.push_str(&options.join(","));
            url.push('/');
        }
        url.push_str(&text::encode(key, text::PATH));
        let again = self.parse(Target::new(&url), settings).map_err(|e| cannot(e.to_string()))?;
        if again.source.as_deref() != Some(source) || again.asset != *asset {
            return Err(cannot(format!("the asset {key:?} of source {source:?}")));
        }
        if again.plan != *plan {
            return Err(cannot(format!("the plan {plan}; nearest: {}", again.plan)));
        }
        Ok(url)
    }

    fn compose(
        &self,
        source: &str,
        asset: &Asset,
        parameters: &[(String, String)],
        settings: &Settings,
    ) -> Result<String, Unwritable> {
        let cannot = |what: &str| Unwritable { dialect: NAME, what: what.to_owned() };
        let mut operation = "cdn".to_owned();
        let (mut options, mut query) = (Vec::new(), Vec::new());
        for (name, value) in parameters {
            let word = name.split(':').next().unwrap_or_default();
            match name.as_str() {
                "" => return Err(cannot("an option without a name")),
                OPERATION => operation = text::encode(value.trim_matches('/'), text::PATH),
                "cdn" => "cdn".clone_into(&mut operation),
                name if path::OPERATIONS.contains(&word) => {
                    operation = format!("{}/{}", text::encode(name, OPTION), text::encode(value, OPTION));
                }
                name => match name.strip_prefix('?') {
                    Some(own) => query.push((own, value.as_str())),
                    None => options.push(format!("{}:{}", text::encode(name, OPTION), text::encode(value, OPTION))),
                },
            }
        }
        let begin = match asset {
            Asset::Path(_) => format!("/{source}/{operation}/"),
            Asset::Url(_) if settings.sourceless => format!("/{operation}/"),
            Asset::Url(_) => return Err(cannot("an absolute URL")),
        };
        let options = if options.is_empty() { String::new() } else { format!("{}/", options.join(",")) };
        let name = match asset {
            Asset::Path(key) => text::encode(key, text::PATH),
            Asset::Url(url) => url.clone(),
        };
        let query = text::query(query.into_iter());
        let query = if query.is_empty() { query } else { format!("?{query}") };
        Ok(format!("{begin}{options}{name}{query}"))
    }

    fn parameters(&self, target: Target<'_>, settings: &Settings) -> Result<Vec<(String, String)>, ParseError> {
        let pieces = path::read(target.path, settings, &mut Vec::new())?;
        let mut parameters = vec![(OPERATION.to_owned(), pieces.operation.to_string())];
        parameters.extend(pieces.options);
        let query = text::decoded_pairs(target.query.unwrap_or_default()).into_iter();
        let others = query.filter(|(name, _)| !name.is_empty() && name != TOKEN);
        parameters.extend(others.map(|(name, value)| (format!("?{name}"), value)));
        Ok(parameters)
    }

    fn verify(&self, target: Target<'_>, _prefix: &str, _settings: &Settings, signing: &Signing) -> Verdict {
        sign::verify(target, signing)
    }

    fn covers_query(&self, form: &str) -> bool {
        sign::covers_query(form)
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

/// Whoever asks for a watermark never gets a bare picture, so a path that cannot be one is refused. An empty one is what
/// a template leaves where it has no value.
fn refuse_bad_watermark(warnings: &[Warning]) -> Result<(), ParseError> {
    let bad = |warning: &&Warning| {
        warning.kind == WarningKind::Invalid
            && warning.parameter.eq_ignore_ascii_case("wmk-path")
            && !warning.value.is_empty()
    };
    match warnings.iter().find(bad) {
        None => Ok(()),
        Some(Warning { parameter, value, allowed, .. }) => Err(ParseError::BadParameter {
            parameter: parameter.clone(),
            value: value.clone(),
            allowed: allowed.clone(),
        }),
    }
}

/// The vendor makes films of animations alone, and answers 400 otherwise; here nobody makes any.
fn refuse_film(said: &Said, options: &[(String, String)]) -> Result<(), ParseError> {
    let is = |(key, value): &&(String, String)| {
        key.eq_ignore_ascii_case("format") && value.eq_ignore_ascii_case("mp4") && said.format.is_none()
    };
    match options.iter().rev().find(is).filter(|_| said.animation != Some(true)) {
        None => Ok(()),
        Some((parameter, value)) => Err(ParseError::BadParameter {
            parameter: parameter.clone(),
            value: value.clone(),
            allowed: "beside animation:true".to_owned(),
        }),
    }
}

/// The raw pairs without the token, sorted.
fn origin_query(query: &str) -> String {
    let query = sign::without_token(query);
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_unstable();
    pairs.join("&")
}

/// The other master that a delivery path may mean: a segment that has the form of an option but no known key may be a
/// folder (`/shop/width/300/a:b/cat.jpg`). The vendor's documentation does not say; [`Imageboss`] reads it as an option,
/// and a caller that finds no such master may try this one. `None` where there is no second reading.
pub fn folder_reading(raw_path: &str) -> Option<Asset> {
    path::read(raw_path, &Settings::default(), &mut Vec::new()).ok()?.folder_asset.map(Asset::Path)
}

/// The target of a `DELETE`: the source, and every master that the path may mean. It names a master
/// (`/source/image`); where it also has the form of a delivery URL, what that would deliver is named too, so that a purge
/// takes rather too much than too little. A query is ignored.
///
/// # Errors
/// When there is no source, no image, or the path leads out of its folder.
pub fn purge_paths(raw: &str) -> Result<(String, Vec<Asset>), ParseError> {
    let raw = Target::new(raw).path;
    let (source, rest) = path::source(raw)?;
    let mut assets = vec![Asset::Path(path::key(rest)?)];
    if let Ok(pieces) = path::read(raw, &Settings::default(), &mut Vec::new()) {
        for asset in [Some(pieces.asset), pieces.folder_asset.map(Asset::Path)].into_iter().flatten() {
            if !assets.contains(&asset) {
                assets.push(asset);
            }
        }
    }
    Ok((source, assets))
}
