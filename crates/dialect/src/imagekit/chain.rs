//! Between a tree of steps, layers and conditionals and the flat list of parameters that [`super::compose`] writes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::lex::{self, Item, Token};
use super::{beyond, layer, legacy, meaning, query, table};
use crate::chain::{Part, Place, Step};
use crate::error::ParseError;
use crate::text;

/// The name under which [`super::compose`] takes the beginning of the next step.
pub(super) const NEXT: &str = ":";

/// What separates parameters and steps, and so stands in no value.
const SEPARATORS: [char; 2] = [',', ':'];

/// The content of a layer, and the same in base64.
const CONTENT: &str = "i";
const ENCODED: &str = "ie";

/// What draws one colour, and is no path.
const CANVAS: &str = "ik_canvas";

/// The flat list. Steps without parts are left out.
pub(super) fn flat(steps: &[Step]) -> Result<Vec<(String, String)>, ParseError> {
    let mut parameters = Vec::new();
    add_steps(steps, None, &mut parameters)?;
    Ok(parameters)
}

/// `layer` is the kind of the layer whose steps these are.
fn add_steps(steps: &[Step], layer: Option<&str>, all: &mut Vec<(String, String)>) -> Result<(), ParseError> {
    for (at, step) in steps.iter().filter(|step| !step.is_empty()).enumerate() {
        if at > 0 {
            all.push((NEXT.to_owned(), String::new()));
        }
        for part in step {
            add(part, layer, all)?;
        }
    }
    Ok(())
}

fn add(part: &Part, layer: Option<&str>, all: &mut Vec<(String, String)>) -> Result<(), ParseError> {
    let frame = |name: &str, value: &str, all: &mut Vec<(String, String)>| {
        all.push((checked_name(name)?.to_owned(), checked(name, value)?));
        Ok(())
    };
    match part {
        Part::Said(name, value) => {
            if let Some(kind) = layer.filter(|_| name == CONTENT) {
                all.push(content(kind, value));
                return Ok(());
            }
            if ["l", "if", "tr"].contains(&name.as_str()) {
                let allowed = "a layer, a condition or a step of its own".to_owned();
                return Err(refused(name, value, allowed));
            }
            frame(name, value, all)
        }
        Part::Layer { kind, steps } => {
            frame("l", kind, all)?;
            add_steps(steps, Some(kind), all)?;
            frame("l", "end", all)
        }
        Part::Choice { condition, yes, no } => {
            frame("if", condition, all)?;
            add_steps(yes, layer, all)?;
            if no.iter().any(|step| !step.is_empty()) {
                frame("if", "else", all)?;
                add_steps(no, layer, all)?;
            }
            frame("if", "end", all)
        }
    }
}

fn checked_name(name: &str) -> Result<&str, ParseError> {
    if name.is_empty() || (name.contains(SEPARATORS) && !name.starts_with('?')) {
        return Err(refused(name, "", "a name without commas and colons".to_owned()));
    }
    Ok(name)
}

/// A value that ends where it should. `ar-4:3` is one, as some clients write it.
fn checked(name: &str, value: &str) -> Result<String, ParseError> {
    let is_ratio = name == "ar" && value.split(':').all(|side| text::number(side).is_some());
    let in_query = name.starts_with('?') || query::ROWS.iter().any(|row| row.name == name && row.name != "tr");
    if value.contains(SEPARATORS) && !is_ratio && !in_query {
        let allowed = find_kind(name).map_or_else(String::new, |allowed| format!("{allowed}; "));
        return Err(refused(name, value, format!("{allowed}no comma and no colon, which end a parameter")));
    }
    Ok(value.to_owned())
}

fn find_kind(name: &str) -> Option<String> {
    let step = table::find(name).map(|row| row.kind.allowed());
    step.or_else(|| layer::find(name).map(|row| row.kind.allowed()))
}

/// The content of a layer as `i` where that can say it, else as `ie`.
fn content(kind: &str, value: &str) -> (String, String) {
    let plain = if kind == "text" {
        value.chars().all(|c| c.is_alphanumeric() || " -_.!?'()".contains(c))
    } else {
        !value.contains(SEPARATORS) && !value.contains("@@")
    };
    match plain {
        true if kind == "text" => (CONTENT.to_owned(), value.to_owned()),
        true => (CONTENT.to_owned(), value.trim_matches('/').replace('/', "@@")),
        false => (ENCODED.to_owned(), URL_SAFE_NO_PAD.encode(value)),
    }
}

/// The tree of a decoded transformation.
pub(super) fn tree(steps: &str) -> Result<Vec<Step>, ParseError> {
    Ok(lex::steps(steps)?.iter().map(|step| step.iter().map(part).collect()).collect())
}

fn part(item: &Item<'_>) -> Part {
    let tree = |steps: &[lex::Step<'_>]| steps.iter().map(|step| step.iter().map(part).collect()).collect();
    match item {
        Item::Token(Token { key, value }) => Part::Said((*key).to_owned(), (*value).to_owned()),
        Item::Layer(lex::Layer { kind, steps }) => {
            let mut steps: Vec<Step> = tree(steps);
            read_content(kind, &mut steps);
            Part::Layer { kind: (*kind).to_owned(), steps }
        }
        Item::Choice(lex::Choice { condition, yes, no }) => {
            Part::Choice { condition: (*condition).to_owned(), yes: tree(yes), no: tree(no) }
        }
    }
}

/// Brings the content of a layer to one plain `i`, where it has one that can be read.
fn read_content(kind: &str, steps: &mut [Step]) {
    let parts = || steps.iter().flatten();
    let value_of = |wanted: &str| {
        parts().rev().find_map(|part| match part {
            Part::Said(name, value) if name == wanted => Some(value.as_str()),
            _ => None,
        })
    };
    let plain = match (value_of(ENCODED), value_of(CONTENT)) {
        // As a path it is another thing than as a word.
        (Some(encoded), _) => layer::decode(encoded).filter(|path| path != CANVAS),
        (None, Some(value)) if kind == "text" => text::decode(value),
        (None, Some(value)) => Some(value.replace("@@", "/")),
        (None, None) => None,
    };
    let Some(plain) = plain.filter(|plain| !plain.is_empty()) else { return };
    for step in steps.iter_mut() {
        step.retain(|part| !matches!(part, Part::Said(name, _) if name == CONTENT || name == ENCODED));
    }
    if let Some(first) = steps.first_mut() {
        first.insert(0, Part::Said(CONTENT.to_owned(), plain));
    }
}

/// Where a row of the table may stand.
pub(super) fn places(name: &str) -> Vec<Place> {
    match name {
        "l" | "if" | "tr" => return vec![Place::Frame],
        "ik-s" | "ik-t" => return vec![Place::Signature],
        // Of films, which are not made.
        "lso" | "leo" | "ldu" | "fol" | "fsh" => return Vec::new(),
        _ if query::ROWS.iter().any(|row| row.name == name) => return vec![Place::Query],
        _ if legacy::rows().any(|row| row.name == name) => return vec![Place::Old],
        _ => {}
    }
    let of_layers = layer::find(name).is_some();
    let of_texts = layer::TEXT.iter().any(|row| row.name == name);
    let of_steps = table::find(name).is_some();
    let is_other = !of_steps && !of_layers || beyond::why(name).is_some();
    [
        (Place::Step, of_steps || is_other),
        (Place::ImageLayer, of_layers && !of_texts || of_steps && !meaning::OF_THE_FILE.contains(&name)),
        (Place::TextLayer, of_layers || of_steps && !layer::refused_in_first_step(name)),
    ]
    .into_iter()
    .filter_map(|(place, is)| is.then_some(place))
    .collect()
}

fn refused(parameter: &str, value: &str, allowed: String) -> ParseError {
    ParseError::BadParameter { parameter: parameter.to_owned(), value: value.to_owned(), allowed }
}
