//! Cuts a decoded transformation string into steps (`:`) and tokens (`,`), and folds layers (`l-…` to `l-end`).

use super::path::malformed;
use crate::error::ParseError;
use crate::text;

/// Most steps in one URL. The vendor names no limit; the longest chains seen are below ten.
pub(super) const MAX_STEPS: usize = 100;

/// Most parameters in one transformation string: each may cost a warning.
const MAX_TOKENS: usize = 500;

/// Most layers inside each other. The vendor takes three.
pub(super) const MAX_LAYERS: usize = 4;

/// The parts of one step, in order.
pub(super) type Step<'a> = Vec<Item<'a>>;

/// A part of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Token(Token<'a>),
    Layer(Layer<'a>),
}

/// What stands between `l-<kind>` and its `l-end`: steps again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Layer<'a> {
    pub(super) kind: &'a str,
    pub(super) steps: Vec<Step<'a>>,
}

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

/// The tokens of a transformation string, empty ones included; one separator, a byte long, stands between two.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ':'])
}

/// The steps of a transformation string. Empty steps and tokens are skipped.
pub(super) fn steps(text: &str) -> Result<Vec<Step<'_>>, ParseError> {
    let mut open = vec![Open::default()];
    let (mut start, mut tokens, mut steps) = (0, 0, 0);
    let separators = text.char_indices().filter(|(_, c)| matches!(c, ',' | ':'));
    for (at, separator) in separators.chain([(text.len(), ':')]) {
        let token = &text[start..at];
        if separator == ':' && at < text.len() && is_ratio(token, &text[at + 1..]) {
            continue;
        }
        start = at + 1;
        if !token.is_empty() {
            tokens += 1;
            take(&mut open, Token::new(token))?;
        }
        if separator == ':' {
            steps += open.last_mut().map_or(0, Open::end_step);
        }
        if steps > MAX_STEPS || tokens > MAX_TOKENS {
            return Err(malformed(
                "the transformation is too long",
                &format!("at most {MAX_STEPS} steps and {MAX_TOKENS} parameters"),
            ));
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(whole), true) => Ok(whole.layer.steps),
        (unclosed, _) => {
            let kind = unclosed.map_or("", |open| open.layer.kind);
            Err(malformed(&format!("the layer l-{kind} does not end"), "l-end after every layer"))
        }
    }
}

/// A layer whose end is not reached yet; the whole string is the outermost.
#[derive(Default)]
struct Open<'a> {
    layer: Layer<'a>,
    step: Step<'a>,
}

impl Open<'_> {
    /// How many steps this was.
    fn end_step(&mut self) -> usize {
        if self.step.is_empty() {
            return 0;
        }
        self.layer.steps.push(std::mem::take(&mut self.step));
        1
    }
}

fn take<'a>(open: &mut Vec<Open<'a>>, token: Token<'a>) -> Result<(), ParseError> {
    match token {
        Token { key: "l", value: "end" } => {
            let mut done = open.pop().filter(|_| !open.is_empty()).ok_or_else(stray_end)?;
            done.end_step();
            if let Some(parent) = open.last_mut() {
                parent.step.push(Item::Layer(done.layer));
            }
        }
        Token { key: "l", .. } if open.len() > MAX_LAYERS => {
            return Err(malformed("too many layers inside each other", &format!("at most {MAX_LAYERS}")));
        }
        Token { key: "l", value: kind } => {
            open.push(Open { layer: Layer { kind, steps: Vec::new() }, step: Vec::new() });
        }
        token => {
            if let Some(innermost) = open.last_mut() {
                innermost.step.push(Item::Token(token));
            }
        }
    }
    Ok(())
}

fn stray_end() -> ParseError {
    malformed("l-end ends no layer", "one l-end for every layer")
}

/// The SDKs' typings allow `aspectRatio: "4:3"`, which reaches us as `ar-4:3` and is not two steps.
fn is_ratio(token: &str, rest: &str) -> bool {
    let next = rest.split([',', ':']).next().unwrap_or_default();
    token.strip_prefix("ar-").is_some_and(|width| text::number(width).is_some()) && text::number(next).is_some()
}
