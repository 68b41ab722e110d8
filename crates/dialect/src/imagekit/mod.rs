//! ImageKit's URLs: `/tr:w-300,h-200:rt-90/photo.jpg` or `/photo.jpg?tr=w-300,h-200:rt-90`
//! (<https://imagekit.io/docs/transformations>).
//!
//! A transformation is a chain of steps, each working on the output of the one before. The vendor refuses what it does
//! not know, and so does this dialect.

mod beyond;
mod chain;
mod compose;
mod condition;
mod expression;
mod layer;
mod legacy;
mod lex;
mod meaning;
mod named;
mod path;
mod purge;
mod query;
mod said;
mod signature;
mod spelling;
mod table;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use plan::Plan;

use crate::Dialect;
use crate::chain::{Place, Step};
use crate::error::{ParseError, Unwritable};
use crate::hints::{Hints, Listens};
use crate::request::{Asset, Parsed, Target, Warning, WarningKind};
use crate::settings::Settings;
use crate::signing::{Signing, Unsignable, Verdict};
use crate::table::ParamDoc;
use lex::{Item, Token};
use meaning::Reader;
use named::Named;
use path::Located;
use query::Query;

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
        // `o` stands in both tables.
        let layers = layer::rows().filter(|row| table::find(row.name).is_none()).map(|row| row.doc());
        let own = steps.chain([named::ROW, condition::ROW, layer::FRAME]).chain(layers);
        own.chain(beyond::rows()).chain(legacy::rows()).chain(query::ROWS).collect()
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

    fn compose(
        &self,
        _source: &str,
        asset: &Asset,
        parameters: &[(String, String)],
        settings: &Settings,
    ) -> Result<String, Unwritable> {
        compose::compose(asset, parameters, settings)
    }

    fn parameters(&self, target: Target<'_>, settings: &Settings) -> Result<Vec<(String, String)>, ParseError> {
        compose::parameters(target, settings)
    }

    fn flatten(&self, steps: &[Step]) -> Result<Vec<(String, String)>, ParseError> {
        chain::flat(steps)
    }

    fn steps(&self, target: Target<'_>, settings: &Settings) -> Result<Vec<Step>, ParseError> {
        compose::steps(target, settings)
    }

    fn places(&self, name: &str) -> Vec<Place> {
        chain::places(name)
    }

    fn verify(&self, target: Target<'_>, prefix: &str, settings: &Settings, signing: &Signing) -> Verdict {
        signature::verify(target, prefix, settings, signing)
    }

    fn sign(
        &self,
        target: &str,
        settings: &Settings,
        signing: &Signing,
        expires: Option<u64>,
    ) -> Result<String, Unsignable> {
        signature::sign(target, settings, signing, expires)
    }
}

fn check_length(target: &Target<'_>) -> Result<(), ParseError> {
    let length = target.path.len() + target.query.map_or(0, |query| query.len() + 1);
    if length > MAX_TARGET { Err(ParseError::TooLong { length, limit: MAX_TARGET }) } else { Ok(()) }
}

fn parse_located(located: &Located<'_>, query: Query, settings: &Settings, hints: Hints) -> Result<Parsed, ParseError> {
    located.check_kind()?;
    let mut named = Named::new(settings);
    let Query { steps: said, origin, disposition, mut warnings } = query;
    let texts = transformation(located, said.as_deref(), &mut named)?;
    let steps = steps(&texts)?;
    warnings.append(&mut named.warnings);
    let meant = meant(&steps, settings, hints, &mut warnings)?;
    Ok(Parsed {
        any_content: meant.plan.output.original,
        origin_query: origin,
        listens: meant.listens,
        disposition,
        presets: named.used,
        fallback: meant.fallback,
        warnings,
        ..Parsed::new(located.asset()?, meant.plan)
    })
}

/// The transformation of the path, then that of the query, names replaced.
fn transformation<'a>(
    located: &'a Located<'_>,
    query: Option<&'a str>,
    named: &mut Named<'_>,
) -> Result<Vec<Cow<'a, str>>, ParseError> {
    [located.steps.as_deref(), query].into_iter().flatten().map(|text| named.expand(text)).collect()
}

fn steps<'a>(texts: &'a [Cow<'_, str>]) -> Result<Vec<lex::Step<'a>>, ParseError> {
    let mut steps = Vec::new();
    for text in texts {
        steps.extend(lex::steps(text)?);
    }
    Ok(steps)
}

/// What steps mean together.
struct Meant {
    plan: Plan,
    listens: Listens,
    fallback: Option<Asset>,
}

fn meant(
    steps: &[lex::Step<'_>],
    settings: &Settings,
    hints: Hints,
    warnings: &mut Vec<Warning>,
) -> Result<Meant, ParseError> {
    let original = Item::Token(Token { key: "orig", value: "true" });
    if steps.iter().flatten().any(|item| *item == original) {
        let others = steps.iter().flatten().filter(|item| **item != original);
        warnings.extend(others.map(|item| {
            let token = match item {
                Item::Token(token) => *token,
                Item::Layer(layer) => Token { key: "l", value: layer.kind },
                Item::Choice(choice) => Token { key: "if", value: choice.condition },
            };
            meaning::warning(WarningKind::NoEffect, &token, "nothing beside orig-true".to_owned())
        }));
        return Ok(Meant { plan: Plan::original(), listens: Listens::default(), fallback: None });
    }
    let mut reader = Reader { lenient: settings.lenient, in_layer: false, warnings };
    let mut steps = steps.iter().map(|step| reader.step(step)).collect::<Result<Vec<_>, _>>()?;
    let listens = meaning::listens(&steps, settings);
    let hints = hints.heard_by(listens);
    meaning::hear(&mut steps, hints, settings);
    let plan = meaning::plan(&steps, settings, hints.save_data(), warnings);
    let fallback = steps.iter_mut().rev().find_map(|said| said.fallback.take());
    Ok(Meant { plan, listens, fallback })
}
