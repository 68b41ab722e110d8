//! Arithmetic where a number may stand (<https://imagekit.io/docs/arithmetic-expressions-in-transformations>):
//! `w-iw_div_2`, `h-ch_mul_0.5_add_10`. All products and quotients come first, from left to right, then sums and
//! differences, then `mod`, then `pow`.

use plan::{Expr, Operator, Term, Variable};

use super::lex::Token;
use crate::request::WarningKind;
use crate::text;

/// The words for operators, and which are worked out together, the first rank first.
const OPERATORS: [(&str, Operator, u8); 6] = [
    ("mul", Operator::Mul, 0),
    ("div", Operator::Div, 0),
    ("add", Operator::Add, 1),
    ("sub", Operator::Sub, 1),
    ("mod", Operator::Mod, 2),
    ("pow", Operator::Pow, 3),
];

/// Variables of films and of documents, which no still has.
const OTHERS: [&str; 4] = ["idu", "bdu", "cdu", "idn"];

/// What is allowed, in words.
pub(super) const ALLOWED: &str = "numbers and iw, ih, iar, cw, ch, car, in a layer also bw, bh, bar (of a text or a block \
                                  only these), joined by _add_, _sub_, _mul_, _div_, _mod_ and _pow_";

/// Whether a token says arithmetic, or a variable, where a number is expected.
pub(super) fn is_expression(token: &Token<'_>) -> bool {
    let numeric = matches!(
        token.key,
        "w" | "h"
            | "ar"
            | "x"
            | "y"
            | "xc"
            | "yc"
            | "dpr"
            | "dn"
            | "b"
            | "lx"
            | "ly"
            | "lxc"
            | "lyc"
            | "pa"
            | "fs"
            | "lh"
            | "e-gradient"
    );
    if !numeric {
        return false;
    }
    let (_, text) = split(token);
    holds_one(text.strip_prefix(['N', '-']).unwrap_or(text))
}

fn holds_one(text: &str) -> bool {
    let word = |part: &str| {
        Variable::from_name(part).is_some()
            || OTHERS.contains(&part)
            || OPERATORS.iter().any(|(name, ..)| *name == part)
    };
    text.split('_').any(word)
}

/// A token's value without its expression, and the expression: of a frame without its colour, of a gradient its `sp`.
pub(super) fn split<'a>(token: &Token<'a>) -> (String, &'a str) {
    let value = token.value;
    match token.key {
        "b" => match value.rfind(['_', '-']) {
            Some(at) => (format!("1{}", &value[at..]), &value[..at]),
            None => (String::new(), value),
        },
        "e-gradient" => {
            let start = if value.starts_with("sp-") { Some(0) } else { value.find("_sp-").map(|at| at + 1) };
            let Some(start) = start else { return (value.to_owned(), "") };
            let rest = &value[start + 3..];
            let end = ["_ld-", "_from-", "_to-"].iter().filter_map(|key| rest.find(key)).min().unwrap_or(rest.len());
            let others = [value[..start].trim_end_matches('_'), rest[end..].trim_start_matches('_')];
            (others.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_"), &rest[..end])
        }
        _ => (String::new(), value),
    }
}

/// A number as a parameter's row reads it: whole pixels where it is a length.
pub(super) fn spell_number(key: &str, number: f64, far: bool, rest: &str) -> String {
    // Sums of decimals may miss a half by a hair.
    let whole = (number + 0.5 + 1e-9).floor();
    let least = if matches!(key, "w" | "h" | "fs" | "lh" | "b" | "dn") { 1.0 } else { 0.0 };
    match key {
        "ar" | "dpr" => number.to_string(),
        "b" => format!("{}{}", whole.max(least), rest.strip_prefix('1').unwrap_or(rest)),
        "e-gradient" => joined(rest, &number.to_string()),
        "lx" | "ly" | "lxc" | "lyc" => {
            let signed = if far { -whole } else { whole };
            format!("{}{}", if signed < 0.0 { "N" } else { "" }, signed.abs())
        }
        _ => whole.max(least).to_string(),
    }
}

/// What the row of a parameter reads in the place of an expression.
pub(super) fn stand_in(key: &str, far: bool, rest: &str) -> String {
    match key {
        _ if far => "N1".to_owned(),
        "b" => rest.to_owned(),
        "e-gradient" => joined(rest, "1"),
        _ => "1".to_owned(),
    }
}

fn joined(gradient: &str, stop: &str) -> String {
    if gradient.is_empty() { format!("sp-{stop}") } else { format!("{gradient}_sp-{stop}") }
}

/// The expressions that a step or a layer says, by the keys of their parameters.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Lengths(Vec<(&'static str, Expr)>);

impl Lengths {
    pub(super) fn get(&self, key: &str) -> Option<&Expr> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, expr)| expr)
    }

    pub(super) fn set(&mut self, key: &'static str, expr: Expr) {
        self.remove(key);
        self.0.push((key, expr));
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.0.retain(|(known, _)| *known != key);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Expr)> {
        self.0.iter().map(|(key, expr)| (*key, expr))
    }

    /// Whether one speaks of the picture as it comes into the step.
    pub(super) fn speak_of_the_current(&self) -> bool {
        self.0.iter().any(|(_, expr)| expr.variables().any(Variable::is_marked))
    }
}

/// Reads an expression; `N` or a minus sign before it is read as such, for places counted from the far edge.
pub(super) fn read(text: &str) -> Result<Expr, WarningKind> {
    let mut parts = text.split('_');
    let mut operands = vec![operand(parts.next().unwrap_or_default())?];
    let mut operators: Vec<(Operator, u8)> = Vec::new();
    while let Some(word) = parts.next() {
        let known = OPERATORS.iter().find(|(name, ..)| *name == word);
        operators.push(known.map(|(_, operator, rank)| (*operator, *rank)).ok_or(WarningKind::Invalid)?);
        operands.push(operand(parts.next().ok_or(WarningKind::Invalid)?)?);
        if operands.len() > Expr::MOST / 2 {
            return Err(WarningKind::Invalid);
        }
    }
    for rank in 0..4 {
        let mut left = operands.drain(..);
        let mut joined: Vec<Expr> = left.next().into_iter().collect();
        let rest: Vec<Expr> = left.collect();
        let mut later = Vec::with_capacity(operators.len());
        for ((operator, own), operand) in operators.drain(..).zip(rest) {
            match joined.last_mut() {
                Some(last) if own == rank => *last = last.then(operator, &operand).ok_or(WarningKind::Invalid)?,
                _ => {
                    later.push((operator, own));
                    joined.push(operand);
                }
            }
        }
        (operands, operators) = (joined, later);
    }
    operands.pop().ok_or(WarningKind::Invalid)
}

fn operand(text: &str) -> Result<Expr, WarningKind> {
    if let Some(variable) = Variable::from_name(text) {
        return Ok(Expr::variable(variable));
    }
    let number = text::number(text).filter(|_| text.starts_with(|c: char| c.is_ascii_digit() || c == '.'));
    number.and_then(Expr::number).ok_or(WarningKind::Invalid)
}

/// The same as a first step says it: what comes in is what there was initially.
pub(super) fn of_first_step(text: &str) -> String {
    let initial = |part: &str| match part {
        "cw" => "iw".to_owned(),
        "ch" => "ih".to_owned(),
        "car" => "iar".to_owned(),
        other => other.to_owned(),
    };
    let (sign, rest) = text.split_at(usize::from(text.starts_with(['N', '-'])));
    format!("{sign}{}", rest.split('_').map(initial).collect::<Vec<_>>().join("_"))
}

/// The vendor's words for an expression; `None` where its order of evaluation has none.
pub(super) fn spell(expr: &Expr) -> Option<String> {
    if let Some(sum) = expr.linear() {
        return spell_sum(&sum);
    }
    // A whole, then one operator of the last ranks and a number or a variable.
    let terms = expr.terms();
    let [.., last, Term::Operator(operator)] = terms else { return None };
    let word = OPERATORS.iter().find(|(_, known, rank)| known == operator && *rank >= 2)?.0;
    let last = match last {
        Term::Number(number) if number.get() >= 0.0 => number.get().to_string(),
        Term::Variable(variable) => variable.name().to_owned(),
        _ => return None,
    };
    let head = terms.get(..terms.len() - 2)?;
    let head = spell(&Expr::from_terms(head)?)?;
    Some(format!("{head}_{word}_{last}"))
}

/// So much of a variable.
pub(super) fn share(share: f64, of: &str) -> Option<Expr> {
    Expr::number(share)?.then(Operator::Mul, &Expr::variable(Variable::from_name(of)?))
}

/// What is multiplied by a number last of all, and that number.
pub(super) fn product(expr: &Expr) -> Option<(Expr, f64)> {
    let [head @ .., Term::Number(number), Term::Operator(Operator::Mul)] = expr.terms() else { return None };
    Some((Expr::from_terms(head)?, number.get()))
}

/// What gives an expression when it is multiplied by a number.
pub(super) fn part(expr: &Expr, of: f64) -> Option<Expr> {
    if let Some((part, _)) = product(expr).filter(|(_, number)| *number == of) {
        return Some(part);
    }
    let mut sum = Expr::number(0.0)?;
    for (variable, factor) in expr.linear()? {
        let factor = Expr::number(quotient(factor, of))?;
        let term = match variable {
            Some(variable) => factor.then(Operator::Mul, &Expr::variable(variable))?,
            None => factor,
        };
        sum = sum.then(Operator::Add, &term)?;
    }
    Some(sum)
}

/// The number that gives exactly `product` when multiplied by `of`, if a short one does.
fn quotient(product: f64, of: f64) -> f64 {
    let near = product / of;
    let short = |digits: usize| format!("{near:.digits$}").parse::<f64>().ok().filter(|short| short * of == product);
    (0..=12).find_map(short).unwrap_or(near)
}

/// The value of a parameter, an expression in the place of what stands in for it.
pub(super) fn spell_into(key: &str, expr: &Expr, plain: &str) -> String {
    let negative = plain.starts_with('N');
    let own = if negative { reversed(expr) } else { expr.clone() };
    let text = spell(&own).unwrap_or_default();
    match key {
        "b" => plain.find('_').map_or(text.clone(), |at| format!("{text}{}", &plain[at..])),
        "e-gradient" => joined(plain.split("_sp-").next().unwrap_or(plain), &text),
        _ => format!("{}{text}", if negative { "N" } else { "" }),
    }
}

/// The same the other way.
pub(super) fn reversed(expr: &Expr) -> Expr {
    let zero = Expr::number(0.0);
    zero.and_then(|zero| zero.then(Operator::Sub, expr)).unwrap_or_else(|| expr.clone())
}

fn spell_sum(sum: &[(Option<Variable>, f64)]) -> Option<String> {
    // No number is written below 0: what is taken off comes later.
    let (positive, negative): (Vec<_>, Vec<_>) = sum.iter().partition(|(_, factor)| *factor > 0.0);
    let mut text = String::new();
    for (variable, factor) in positive.into_iter().chain(negative) {
        let size = factor.abs();
        let part = match variable {
            Some(variable) if size == 1.0 => variable.name().to_owned(),
            Some(variable) => format!("{}_mul_{size}", variable.name()),
            None => size.to_string(),
        };
        text = match (text.is_empty(), factor > 0.0) {
            (true, true) => part,
            (true, false) => format!("0_sub_{part}"),
            (false, true) => format!("{text}_add_{part}"),
            (false, false) => format!("{text}_sub_{part}"),
        };
    }
    Some(if text.is_empty() { "0".to_owned() } else { text })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn are_worked_out_in_the_vendors_order() {
        for (said, want) in [
            ("10_add_5_mod_4", "3"),
            ("2_add_1_pow_2", "9"),
            ("100_div_10_mul_3", "30"),
            ("640_mul_0.5_add_865_mul_0.1", "406.5"),
            ("7_sub_2_add_1", "6"),
            ("2_mod_5_pow_3", "8"),
            ("2_pow_1_add_2_mod_2", "2"),
            ("iw", "iw"),
            ("iw_div_2", "iw*0.5"),
            ("ch_mul_0.5_add_10", "ch*0.5+10"),
            ("iw_sub_10_mul_2", "iw-20"),
            ("bw_add_ch_mod_7_pow_2", "((ch+bw)%7)^2"),
            ("iw_div_ih_mul_100", "iw/ih*100"),
        ] {
            assert_eq!(read(said).unwrap(), want.parse().unwrap(), "{said}");
        }
        for said in
            ["", "iw_", "_iw", "iw_div", "iw_by_2", "iw_ih", "2__3", "iw_add_-3", "iw_add_1e3", "idu_div_2", "iw_mul_x"]
        {
            assert_eq!(read(said), Err(WarningKind::Invalid), "{said}");
        }
        let long = vec!["iw"; 40].join("_add_");
        assert_eq!(read(&long), Err(WarningKind::Invalid));
    }

    #[test]
    fn are_spelt_so_that_they_are_read_again() {
        for said in [
            "iw_mul_0.5",
            "bw_sub_iw_mul_2_sub_3",
            "iw_add_ih_mod_7",
            "iw_mod_7_pow_2",
            "0_sub_iw",
            "cw_mul_0.3333333333333333",
        ] {
            let expr = read(said).unwrap();
            let spelt = spell(&expr).unwrap();
            assert_eq!(read(&spelt).unwrap(), expr, "{said}: {spelt}");
        }
        assert_eq!(spell(&read("iw_div_ih").unwrap()), None);
    }
}
