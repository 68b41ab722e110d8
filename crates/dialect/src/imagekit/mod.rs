//! ImageKit's URLs: `/tr:w-300,h-200:rt-90/photo.jpg` or `/photo.jpg?tr=w-300,h-200:rt-90`
//! (<https://imagekit.io/docs/transformations>).
//!
//! A transformation is a chain of steps, each working on the output of the one before. The vendor refuses what it does
//! not know, and so does this dialect.

mod layer;
mod lex;
mod meaning;
mod path;
mod purge;
mod said;
mod spelling;
mod table;
#[cfg(test)]
mod tests;

use plan::Plan;

use crate::error::{ParseError, Unwritable};
use crate::hints::{Hints, Listens};
use crate::request::{Asset, Disposition, Parsed, Target, Warning, WarningKind};
use crate::settings::Settings;
use crate::signing::{Signing, Unsignable, Verdict};
use crate::table::ParamDoc;
use crate::{Dialect, text};
use lex::{Item, Step, Token};
use path::{Located, malformed};

pub use purge::{PurgeTarget, purge_target};

/// Longest target in bytes.
const MAX_TARGET: usize = 16 * 1024;

/// The dialect of ImageKit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imagekit;

impl Dialect for Imagekit {
    fn name(&self) -> &'static str {
        "imagekit"
    }

    fn params(&self) -> Vec<ParamDoc> {
        let steps = table::rows().map(|row| row.doc());
        steps.chain([layer::FRAME]).chain(layer::rows().map(|row| row.doc())).collect()
    }

    fn parse(&self, target: Target<'_>, settings: &Settings) -> Result<Parsed, ParseError> {
        self.parse_for(target, settings, Hints::NONE)
    }

    fn parse_for(&self, target: Target<'_>, settings: &Settings, hints: Hints) -> Result<Parsed, ParseError> {
        check_length(&target)?;
        let located = path::locate(target.path, settings)?;
        let query = Query::read(target.query.unwrap_or_default())?;
        parse_located(&located, query, settings, hints)
    }

    fn write(&self, _source: &str, asset: &Asset, plan: &Plan, settings: &Settings) -> Result<String, Unwritable> {
        let steps = spelling::transformation(plan, settings)?;
        let target = path::write(asset, &steps, settings);
        // Whatever the words, they must say this and nothing else.
        match self.parse(Target { path: &target, query: None }, settings) {
            Ok(parsed) if parsed.asset != *asset => Err(spelling::unwritable("this asset's name")),
            Ok(parsed) if parsed.plan == *plan => Ok(target),
            _ => Err(spelling::unwritable(plan.to_string())),
        }
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

fn check_length(target: &Target<'_>) -> Result<(), ParseError> {
    let length = target.path.len() + target.query.map_or(0, |query| query.len() + 1);
    if length > MAX_TARGET { Err(ParseError::TooLong { length, limit: MAX_TARGET }) } else { Ok(()) }
}

fn parse_located(located: &Located<'_>, query: Query, settings: &Settings, hints: Hints) -> Result<Parsed, ParseError> {
    let steps = transformation(located, &query)?;
    let mut warnings = query.warnings.clone();
    let (plan, listens) = plan(&steps, settings, hints, &mut warnings)?;
    Ok(Parsed {
        any_content: plan.output.original,
        origin_query: query.origin,
        listens,
        disposition: query.disposition,
        warnings,
        ..Parsed::new(located.asset()?, plan)
    })
}

/// The steps of the path, then those of the query.
fn transformation<'a>(located: &'a Located<'_>, query: &'a Query) -> Result<Vec<Step<'a>>, ParseError> {
    let mut steps = Vec::new();
    for text in [&located.steps, &query.steps].into_iter().flatten() {
        steps.extend(lex::steps(text)?);
    }
    Ok(steps)
}

fn plan(
    steps: &[Step<'_>],
    settings: &Settings,
    hints: Hints,
    warnings: &mut Vec<Warning>,
) -> Result<(Plan, Listens), ParseError> {
    let original = Item::Token(Token { key: "orig", value: "true" });
    if steps.iter().flatten().any(|item| *item == original) {
        let others = steps.iter().flatten().filter(|item| **item != original);
        warnings.extend(others.map(|item| {
            let token = match item {
                Item::Token(token) => *token,
                Item::Layer(layer) => Token { key: "l", value: layer.kind },
            };
            meaning::warning(WarningKind::NoEffect, &token, "nothing beside orig-true".to_owned())
        }));
        return Ok((Plan::original(), Listens::default()));
    }
    let mut steps = steps.iter().map(|step| meaning::read(step, warnings)).collect::<Result<Vec<_>, _>>()?;
    let listens = meaning::listens(&steps, settings);
    let hints = hints.heard_by(listens);
    meaning::hear(&mut steps, hints, settings);
    Ok((meaning::plan(&steps, settings, hints.save_data(), warnings), listens))
}

/// The query, sorted out. Names beginning with `ik-` are the vendor's own.
#[derive(Debug, Default)]
struct Query {
    steps: Option<String>,
    origin: String,
    disposition: Disposition,
    warnings: Vec<Warning>,
}

impl Query {
    fn read(raw: &str) -> Result<Query, ParseError> {
        let mut query = Query::default();
        let mut origin = Vec::new();
        let (mut attachment, mut repeated) = (false, false);
        let mut filename = None;
        for (raw_name, raw_value) in text::pairs(raw) {
            let name = text::decode_query(raw_name).unwrap_or_else(|| raw_name.to_owned());
            if name != "tr" && !name.starts_with("ik-") {
                origin.push(match raw_value {
                    Some(value) => format!("{raw_name}={value}"),
                    None => raw_name.to_owned(),
                });
                continue;
            }
            let value = text::decode_query(raw_value.unwrap_or_default())
                .ok_or_else(|| malformed("an escape in the query is not UTF-8", "percent-encoded UTF-8"))?;
            let mut warn = |kind, allowed: &str| {
                let (parameter, value) = (name.clone(), value.clone());
                query.warnings.push(Warning { kind, parameter, value, allowed: allowed.to_owned() });
            };
            match name.as_str() {
                "tr" if repeated => {}
                "tr" if query.steps.is_some() => {
                    repeated = true;
                    warn(WarningKind::Repeated, "once; the first is taken");
                }
                "tr" => query.steps = Some(value),
                "ik-attachment" if value == "true" || value == "false" => attachment = value == "true",
                "ik-attachment" => warn(WarningKind::Invalid, "true or false"),
                "ik-attachment-filename" => filename = Some(value).filter(|name| !name.is_empty()),
                "ik-sanitizeSvg" => warn(WarningKind::Unsupported, ""),
                _ => {}
            }
        }
        origin.sort_unstable();
        query.origin = origin.join("&");
        match (attachment, filename) {
            (true, filename) => query.disposition = Disposition::Attachment(filename),
            (false, Some(value)) => query.warnings.push(Warning {
                kind: WarningKind::NoEffect,
                parameter: "ik-attachment-filename".to_owned(),
                value,
                allowed: "only beside ik-attachment=true".to_owned(),
            }),
            (false, None) => {}
        }
        Ok(query)
    }
}
