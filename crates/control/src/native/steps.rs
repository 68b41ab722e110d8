//! A chain of steps as JSON: a step is a list of pairs, layers and conditionals.

use dialect::{Part, Step};
use serde_json::{Map, Value, json};

use super::urls::MOST_PARAMETERS;
use crate::reply::Problem;

/// Layers and conditionals inside each other.
const DEEPEST: usize = 8;

/// Reads `steps` of a request.
pub(super) fn read(value: &Value) -> Result<Vec<Step>, Problem> {
    let mut left = MOST_PARAMETERS;
    read_steps(value, 0, &mut left).ok_or_else(|| {
        let detail = format!(
            "steps must be a list of lists of pairs, layers and conditions: at most {MOST_PARAMETERS} in all, {DEEPEST} deep"
        );
        Problem::new(400, "bad-field", detail).parameter("steps").allowed(&[
            r#"[[["w", "300"], {"layer": "image", "steps": [[["i", "logo.png"]]]}], [["rt", "90"]]]"#,
            r#"[[{"if": "ar_gt_1", "steps": [[["w", "300"]]], "else": [[["h", "300"]]]}]]"#,
        ])
    })
}

fn read_steps(value: &Value, depth: usize, left: &mut usize) -> Option<Vec<Step>> {
    if depth > DEEPEST {
        return None;
    }
    let steps = value.as_array().filter(|steps| steps.len() <= MOST_PARAMETERS)?;
    let step = |step: &Value| step.as_array()?.iter().map(|part| read_part(part, depth, left)).collect();
    steps.iter().map(step).collect()
}

fn read_part(value: &Value, depth: usize, left: &mut usize) -> Option<Part> {
    *left = left.checked_sub(1)?;
    if let Value::Array(pair) = value {
        return match pair.as_slice() {
            [Value::String(name), Value::String(value)] => Some(Part::Said(name.clone(), value.clone())),
            _ => None,
        };
    }
    let fields = value.as_object()?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let only = |known: &[&str]| fields.keys().all(|name| known.contains(&name.as_str()));
    let mut steps = |name: &str| match fields.get(name) {
        None => Some(Vec::new()),
        Some(steps) => read_steps(steps, depth + 1, left),
    };
    match (text("layer"), text("if")) {
        (Some(kind), None) if only(&["layer", "steps"]) => Some(Part::Layer { kind, steps: steps("steps")? }),
        (None, Some(condition)) if only(&["if", "steps", "else"]) => {
            Some(Part::Choice { condition, yes: steps("steps")?, no: steps("else")? })
        }
        _ => None,
    }
}

/// The same form.
pub(super) fn json(steps: &[Step]) -> Value {
    steps.iter().map(|step| step.iter().map(of_part).collect::<Value>()).collect()
}

fn of_part(part: &Part) -> Value {
    match part {
        Part::Said(name, value) => json!([name, value]),
        Part::Layer { kind, steps } => json!({ "layer": kind, "steps": json(steps) }),
        Part::Choice { condition, yes, no } => {
            let mut fields = Map::new();
            fields.insert("if".to_owned(), json!(condition));
            fields.insert("steps".to_owned(), json(yes));
            if !no.is_empty() {
                fields.insert("else".to_owned(), json(no));
            }
            Value::Object(fields)
        }
    }
}
