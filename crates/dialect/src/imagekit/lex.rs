//! Cuts a decoded transformation string into steps (`:`) and tokens (`,`), and folds layers (`l-…` to `l-end`) and
//! conditionals (`if-…` to `if-end`).

use super::path::malformed;
use crate::error::ParseError;
use crate::text;

/// Most steps in one URL. The vendor names no limit; the longest chains seen are below ten.
pub(super) const MAX_STEPS: usize = 100;

/// Most parameters in one transformation string: each may cost a warning.
const MAX_TOKENS: usize = 500;

/// Most layers inside each other. The vendor takes three.
pub(super) const MAX_LAYERS: usize = 4;

/// Most layers and conditionals inside each other.
const MAX_BLOCKS: usize = 8;

/// The parts of one step, in order.
pub(super) type Step<'a> = Vec<Item<'a>>;

/// A part of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Token(Token<'a>),
    Layer(Layer<'a>),
    Choice(Choice<'a>),
}

/// What stands between `if-<condition>` and its `if-end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice<'a> {
    pub(super) condition: &'a str,
    pub(super) yes: Vec<Step<'a>>,
    pub(super) no: Vec<Step<'a>>,
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
    pub(super) fn new(text: &'a str) -> Self {
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
            steps += match open.last_mut() {
                Some(innermost) => innermost.end_step()?,
                None => 0,
            };
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
        (Some(Open { asks: Some(_), .. }), _) => {
            Err(malformed("the conditional does not end", "if-end after every if"))
        }
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
    /// Of a conditional: what it asks and, behind its `if-else`, the steps before.
    asks: Option<(&'a str, Option<Vec<Step<'a>>>)>,
}

impl Open<'_> {
    /// How many steps this was.
    fn end_step(&mut self) -> Result<usize, ParseError> {
        if self.step.is_empty() {
            return Ok(0);
        }
        if self.step.len() > 1 && self.step.iter().any(|item| matches!(item, Item::Choice(_))) {
            return Err(malformed("a conditional stands beside something", "if alone in its step"));
        }
        self.layer.steps.push(std::mem::take(&mut self.step));
        Ok(1)
    }
}

fn take<'a>(open: &mut Vec<Open<'a>>, token: Token<'a>) -> Result<(), ParseError> {
    match token {
        Token { key: "if", .. } => return take_if(open, token.value),
        Token { key: "l", value: "end" } => {
            let mut done = open.pop().filter(|done| !open.is_empty() && done.asks.is_none()).ok_or_else(stray_end)?;
            done.end_step()?;
            if let Some(parent) = open.last_mut() {
                parent.step.push(Item::Layer(done.layer));
            }
        }
        Token { key: "l", .. }
            if open.len() > MAX_BLOCKS || open.iter().filter(|open| open.asks.is_none()).count() > MAX_LAYERS =>
        {
            return Err(malformed("too many layers inside each other", &format!("at most {MAX_LAYERS}")));
        }
        Token { key: "l", value: kind } => {
            open.push(Open { layer: Layer { kind, steps: Vec::new() }, ..Open::default() });
        }
        token => {
            if let Some(innermost) = open.last_mut() {
                innermost.step.push(Item::Token(token));
            }
        }
    }
    Ok(())
}

/// `if-<condition>`, `if-else` or `if-end`.
fn take_if<'a>(open: &mut Vec<Open<'a>>, value: &'a str) -> Result<(), ParseError> {
    let stray = || malformed("if-else or if-end belongs to no if", "one if for every if-end");
    match value {
        "else" => {
            let innermost = open.last_mut().ok_or_else(stray)?;
            innermost.end_step()?;
            let steps = std::mem::take(&mut innermost.layer.steps);
            match &mut innermost.asks {
                Some((_, yes @ None)) => *yes = Some(steps),
                _ => return Err(stray()),
            }
        }
        "end" => {
            let mut done = open.pop().ok_or_else(stray)?;
            done.end_step()?;
            let (condition, before) = done.asks.ok_or_else(stray)?;
            let (yes, no) = match before {
                Some(yes) => (yes, done.layer.steps),
                None => (done.layer.steps, Vec::new()),
            };
            let parent = open.last_mut().ok_or_else(stray)?;
            parent.step.push(Item::Choice(Choice { condition, yes, no }));
        }
        _ if open.len() > MAX_BLOCKS => {
            return Err(malformed("too many conditionals inside each other", &format!("at most {MAX_BLOCKS}")));
        }
        condition => open.push(Open { asks: Some((condition, None)), ..Open::default() }),
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
