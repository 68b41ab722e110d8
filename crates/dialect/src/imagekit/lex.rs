//! Cuts a decoded transformation string into steps (`:`) and tokens (`,`).

use crate::error::ParseError;
use crate::text;

/// Most steps in one URL. The vendor names no limit; the longest chains seen are below ten.
pub(super) const MAX_STEPS: usize = 100;

/// One `key-value` of a step; the value is empty for a bare key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
}

impl<'a> Token<'a> {
    /// Effects have two-part keys: `e-usm-2-2-0.8-0.024` is `e-usm` with the rest as its value.
    fn new(text: &'a str) -> Self {
        let from = if text.starts_with("e-") { 2 } else { 0 };
        match text[from..].find('-') {
            Some(at) => Token { key: &text[..from + at], value: &text[from + at + 1..] },
            None => Token { key: text, value: "" },
        }
    }
}

/// The steps of a transformation string. Empty steps and tokens are skipped.
pub(super) fn steps(text: &str) -> Result<Vec<Vec<Token<'_>>>, ParseError> {
    let mut steps = Vec::new();
    let mut step = Vec::new();
    let mut start = 0;
    let separators = text.char_indices().filter(|(_, c)| matches!(c, ',' | ':'));
    for (at, separator) in separators.chain([(text.len(), ':')]) {
        let token = &text[start..at];
        if separator == ':' && at < text.len() && is_ratio(token, &text[at + 1..]) {
            continue;
        }
        start = at + 1;
        if !token.is_empty() {
            step.push(Token::new(token));
        }
        if separator == ':' && !step.is_empty() {
            steps.push(std::mem::take(&mut step));
        }
        if steps.len() > MAX_STEPS {
            return Err(ParseError::Malformed {
                problem: format!("more than {MAX_STEPS} chained transformations"),
                expected: format!("at most {MAX_STEPS} steps"),
            });
        }
    }
    Ok(steps)
}

/// The SDKs' typings allow `aspectRatio: "4:3"`, which reaches us as `ar-4:3` and is not two steps.
fn is_ratio(token: &str, rest: &str) -> bool {
    let next = rest.split([',', ':']).next().unwrap_or_default();
    token.strip_prefix("ar-").is_some_and(|width| text::number(width).is_some()) && text::number(next).is_some()
}
