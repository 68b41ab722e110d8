//! Reads stages from the text that they are written as: for shells, tests and whoever wants no vendor's words.

mod expr;
mod overlay;
mod stage;
mod values;

use std::fmt;

use crate::{OutputRule, Plan, Stage};

/// Why a text is no list of stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsePlanError {
    /// The part that cannot be read.
    pub part: String,
    /// What is wrong with it, and what would be right.
    pub why: String,
}

impl fmt::Display for ParsePlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.part, self.why)
    }
}

impl std::error::Error for ParsePlanError {}

pub(crate) type Parsed<T> = Result<T, ParsePlanError>;

pub(crate) fn wrong<T>(part: &str, why: impl Into<String>) -> Parsed<T> {
    Err(ParsePlanError { part: part.to_owned(), why: why.into() })
}

/// Stages within stages that are read.
const DEEPEST: usize = 16;

impl Plan {
    /// Reads stages as [`Plan::stages_text`] writes them: `orient:exif|resize:300x200,cover`. What an option would say by
    /// default may be left out; colours may be CSS names, `RGB`, `RRGGBB` or `RRGGBBAA`. The output is the default one, the
    /// plan is canonical.
    ///
    /// # Errors
    /// The first part that cannot be read, and what would be right.
    pub fn from_stages_text(text: &str) -> Result<Plan, ParsePlanError> {
        let mut plan = Plan { stages: stages(text, 0)?, output: OutputRule::default() };
        plan.canonicalise();
        Ok(plan)
    }
}

fn stages(text: &str, depth: usize) -> Parsed<Vec<Stage>> {
    if depth > DEEPEST {
        return wrong(text, format!("stages within stages, more than {DEEPEST} deep"));
    }
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    split(text, b'|')?.into_iter().map(|part| stage::stage(part.trim(), depth)).collect()
}

/// Splits at a separator that is within no brackets and no counted text (`<name><bytes>(…)`).
fn split(text: &str, separator: u8) -> Parsed<Vec<&str>> {
    let bytes = text.as_bytes();
    let (mut parts, mut from, mut depth, mut at) = (Vec::new(), 0, 0_usize, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'(' => match counted(&text[..at]) {
                Some(count) => {
                    let end = at.saturating_add(1).saturating_add(count);
                    if bytes.get(end) != Some(&b')') || !text.is_char_boundary(end) {
                        return wrong(&text[from..], format!("no text of {count} bytes in brackets"));
                    }
                    at = end;
                }
                None => depth += 1,
            },
            b'[' => depth += 1,
            b')' | b']' if depth == 0 => return wrong(&text[from..], "a bracket closes that was not opened"),
            b')' | b']' => depth -= 1,
            byte if *byte == separator && depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    if depth > 0 {
        return wrong(&text[from..], "a bracket is not closed");
    }
    parts.push(&text[from..]);
    Ok(parts)
}

/// The number of bytes that a bracket after this text holds, where it says one: digits at its end, in the last word.
fn counted(before: &str) -> Option<usize> {
    let word = before.rsplit([',', '|', '[', '(', ' ', '=', '@', ')']).next().unwrap_or(before);
    let digits = word.trim_start_matches(|c: char| !c.is_ascii_digit());
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests;
