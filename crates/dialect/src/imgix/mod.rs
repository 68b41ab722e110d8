//! imgix: parameters in the query, last one wins, and almost nothing is an error.
//!
//! A value that cannot be read is ignored, one that is out of range is brought into it; both are warned of. A request
//! without a parameter that changes anything is for the master's own bytes. Two things can fail: the path, and base64
//! that cannot be decoded (docs.imgix.com/apis/rendering).

mod meaning;
mod path;
mod query;
mod said;
mod signature;
mod spelling;
mod table;
mod typeset;
mod values;
mod words;

#[cfg(test)]
mod tests;

use plan::Plan;

use crate::error::{ParseError, Unwritable};
use crate::hints::Hints;
use crate::request::{Asset, Disposition, Parsed, Target};
use crate::settings::Settings;
use crate::signing::{Signing, Unsignable, Verdict};
use crate::table::ParamDoc;
use crate::{Dialect, text};

use said::Said;
use spelling::Reading;

/// The longest target in bytes that imgix takes.
const MAX_LENGTH: usize = 8000;

/// The dialect of imgix's rendering API.
#[derive(Debug, Clone, Copy, Default)]
pub struct Imgix;

impl Dialect for Imgix {
    fn name(&self) -> &'static str {
        "imgix"
    }

    fn params(&self) -> Vec<ParamDoc> {
        table::TABLE.iter().map(|row| row.doc()).collect()
    }

    fn parse(&self, target: Target<'_>, settings: &Settings) -> Result<Parsed, ParseError> {
        self.parse_for(target, settings, Hints::NONE)
    }

    fn parse_for(&self, target: Target<'_>, settings: &Settings, hints: Hints) -> Result<Parsed, ParseError> {
        let length = target.path.len() + target.query.map_or(0, |q| q.len() + 1);
        if length > MAX_LENGTH {
            return Err(ParseError::TooLong { length, limit: MAX_LENGTH });
        }
        let asset = path::asset(target.path)?;
        let mut query = query::read(target.query.unwrap_or_default(), settings)?;
        meaning::hear(&mut query.said, hints, settings);
        let (plan, notes) = meaning::plan(&query.said, &asset, settings);
        query.warn(notes);
        Ok(Parsed {
            listens: query.said.hints.unwrap_or_default(),
            any_content: meaning::is_bypassed(&query.said, &asset),
            disposition: match query.said.dl {
                None => Disposition::None,
                Some(name) => Disposition::Attachment(Some(name).filter(|n| !n.is_empty())),
            },
            presets: query.preset.into_iter().collect(),
            expires: query.said.expires,
            warnings: query.warnings,
            ..Parsed::new(asset, plan)
        })
    }

    fn write(&self, _source: &str, asset: &Asset, plan: &Plan, settings: &Settings) -> Result<String, Unwritable> {
        let answer = self.write_as(Reading::MaskGround, asset, plan, settings);
        if answer.is_err() && spelling::has_two_readings(plan) {
            return self.write_as(Reading::Ground, asset, plan, settings).or(answer);
        }
        answer
    }

    fn compose(
        &self,
        _source: &str,
        asset: &Asset,
        parameters: &[(String, String)],
        _settings: &Settings,
    ) -> Result<String, Unwritable> {
        if parameters.iter().any(|(name, _)| name.is_empty()) {
            return Err(Unwritable { dialect: "imgix", what: "a parameter without a name".to_owned() });
        }
        let pairs = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Ok(join(&path::spell(asset), &text::query(pairs)))
    }

    fn parameters(&self, target: Target<'_>, _settings: &Settings) -> Result<Vec<(String, String)>, ParseError> {
        path::asset(target.path)?;
        let mut pairs = text::decoded_pairs(target.query.unwrap_or_default());
        pairs.retain(|(name, _)| !name.is_empty() && !query::NOISE.contains(&name.as_str()));
        Ok(pairs)
    }

    fn verify(&self, target: Target<'_>, prefix: &str, _settings: &Settings, signing: &Signing) -> Verdict {
        signature::verify(target, prefix, signing)
    }

    fn sign(
        &self,
        target: &str,
        _settings: &Settings,
        signing: &Signing,
        expires: Option<u64>,
    ) -> Result<String, Unsignable> {
        signature::sign(target, signing, expires)
    }
}

impl Imgix {
    fn write_as(
        &self,
        reading: Reading,
        asset: &Asset,
        plan: &Plan,
        settings: &Settings,
    ) -> Result<String, Unwritable> {
        let unwritable = |what: String| Unwritable { dialect: "imgix", what };
        let said = spelling::said(plan, settings, reading).map_err(unwritable)?;
        let url = join(&path::spell(asset), &spell_query(&said));
        // What was spelled is read back: a URL that means something else must not get out.
        let read = self.parse(Target::new(&url), settings).map_err(|e| unwritable(e.to_string()))?;
        if read.asset != *asset {
            return Err(unwritable(match asset {
                Asset::Path(path) => format!("the path {path}"),
                Asset::Url(url) => format!("the address {url}"),
            }));
        }
        match difference(plan, &read.plan) {
            None => Ok(url),
            Some(what) => Err(unwritable(what)),
        }
    }
}

fn spell_query(said: &Said) -> String {
    let pairs: Vec<String> = table::TABLE
        .iter()
        .filter_map(|row| Some(format!("{}={}", row.name, text::encode(&(row.write)(said)?, text::QUERY_VALUE))))
        .collect();
    pairs.join("&")
}

fn join(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The first stage, or else the output, of a plan that another plan has not.
fn difference(wanted: &Plan, got: &Plan) -> Option<String> {
    if wanted == got {
        return None;
    }
    let stage = wanted.stages.iter().enumerate().find(|(i, stage)| got.stages.get(*i) != Some(stage));
    Some(match stage {
        Some((_, stage)) => stage.to_string(),
        None if got.stages.len() > wanted.stages.len() => "these stages without another".to_owned(),
        None => format!("the output {}", wanted.output),
    })
}
