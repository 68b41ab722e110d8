//! Between a transformation and its parameters one by one: texts alone, without asking what they mean.

use percent_encoding::AsciiSet;

use super::chain::{self, NEXT};
use super::lex::Token;
use super::{path, spelling};
use crate::chain::{Part, Step};
use crate::error::{ParseError, Unwritable};
use crate::request::{Asset, Target};
use crate::settings::Settings;
use crate::text;

/// Escaped in the steps of a `tr:` segment.
const STEPS: &AsciiSet = &text::PATH.add(b'/');

/// Parameters of the query that have names of their own; others have a question mark in front.
const OF_QUERY: &[&str] = &["ik-attachment", "ik-attachment-filename", "ik-sanitizeSvg"];

/// What a signature adds to the query.
const OF_SIGNATURE: &[&str] = &["ik-s", "ik-t"];

/// The steps stand in the path; in the query where they hold a slash, which a proxy may unescape on the way.
pub(super) fn compose(
    asset: &Asset,
    parameters: &[(String, String)],
    settings: &Settings,
) -> Result<String, Unwritable> {
    let mut steps = String::new();
    let mut query: Vec<(&str, &str)> = Vec::new();
    let mut begins = true;
    for (name, value) in parameters {
        let own = name.strip_prefix('?').or_else(|| OF_QUERY.iter().find(|own| *own == name).copied());
        match (name.as_str(), own) {
            (_, Some("")) => return Err(spelling::unwritable("a parameter of the query without a name")),
            (_, Some(own)) => query.push((own, value)),
            (NEXT, None) => {
                steps.push(':');
                begins = true;
            }
            (name, None) => {
                if !begins {
                    steps.push(',');
                }
                begins = false;
                steps.push_str(name);
                // A whole transformation is one more piece of it.
                match (name, value.as_str()) {
                    ("tr", steps_of_it) => {
                        steps.truncate(steps.len() - "tr".len());
                        steps.push_str(steps_of_it);
                    }
                    (_, "") => {}
                    (_, value) => {
                        steps.push('-');
                        steps.push_str(value);
                    }
                }
            }
        }
    }
    let in_query = steps.contains('/');
    let path = path::write(asset, &if in_query { String::new() } else { text::encode(&steps, STEPS) }, settings);
    let query = text::query(in_query.then_some(("tr", steps.as_str())).into_iter().chain(query));
    Ok(if query.is_empty() { path } else { format!("{path}?{query}") })
}

pub(super) fn parameters(target: Target<'_>, settings: &Settings) -> Result<Vec<(String, String)>, ParseError> {
    let (steps, mut of_query) = said(target, settings)?;
    let mut parameters = tokens(&steps);
    parameters.append(&mut of_query);
    Ok(parameters)
}

/// The same as a tree. What stands in the query is part of the first step.
pub(super) fn steps(target: Target<'_>, settings: &Settings) -> Result<Vec<Step>, ParseError> {
    let (steps, of_query) = said(target, settings)?;
    let mut steps = chain::tree(&steps)?;
    if steps.is_empty() {
        steps.push(Step::new());
    }
    if let Some(first) = steps.first_mut() {
        first.extend(of_query.into_iter().map(|(name, value)| Part::Said(name, value)));
    }
    Ok(steps)
}

/// The transformation, decoded, and what else the query says.
fn said(target: Target<'_>, settings: &Settings) -> Result<(String, Vec<(String, String)>), ParseError> {
    let located = path::locate(target.path, settings)?;
    let mut texts: Vec<String> = located.steps.into_iter().filter(|steps| !steps.is_empty()).collect();
    let (mut of_query, mut had_steps) = (Vec::new(), false);
    for (name, value) in text::decoded_pairs(target.query.unwrap_or_default()) {
        match name.as_str() {
            // Of several the first counts.
            "tr" => {
                texts.extend(Some(value).filter(|steps| !had_steps && !steps.is_empty()));
                had_steps = true;
            }
            "" => {}
            name if OF_SIGNATURE.contains(&name) => {}
            name if OF_QUERY.contains(&name) => of_query.push((name.to_owned(), value)),
            name => of_query.push((format!("?{name}"), value)),
        }
    }
    Ok((texts.join(NEXT), of_query))
}

/// The pieces of a transformation, such that writing them one behind the other gives it again.
fn tokens(steps: &str) -> Vec<(String, String)> {
    let mut tokens = Vec::new();
    if steps.is_empty() {
        return tokens;
    }
    for (at, step) in steps.split(NEXT).enumerate() {
        if at > 0 {
            tokens.push((NEXT.to_owned(), String::new()));
        }
        if step.is_empty() {
            continue;
        }
        tokens.extend(step.split(',').map(|token| match Token::new(token) {
            Token { key, value } if !value.is_empty() && !key.starts_with('?') => (key.to_owned(), value.to_owned()),
            _ => (token.to_owned(), String::new()),
        }));
    }
    tokens
}
