//! Arithmetic and conditions.

use std::str::FromStr;

use super::{ParsePlanError, Parsed, wrong};
use crate::{Comparison, Condition, Expr, Number, Operator, Test, Variable};

/// Brackets within brackets that are read.
const DEEPEST: usize = 16;

impl FromStr for Expr {
    type Err = ParsePlanError;

    fn from_str(text: &str) -> Parsed<Expr> {
        let mut reader = Reader { text, at: 0 };
        let found = reader.expr(0, 0)?;
        if reader.at < text.len() { reader.wrong() } else { Ok(found) }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn wrong<T>(&self) -> Parsed<T> {
        let names = Variable::ALL.map(Variable::name).join(", ");
        wrong(
            self.text.get(self.at..).unwrap_or_default(),
            format!(
                "numbers and {names}, joined by +, -, *, /, % and ^, with brackets at most {DEEPEST} deep and {} parts \
                 in all",
                Expr::MOST
            ),
        )
    }

    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().iter().take_while(|byte| **byte == b' ').count();
    }

    /// What operators of at least this rank join.
    fn expr(&mut self, rank: u8, depth: usize) -> Parsed<Expr> {
        let mut found = self.operand(depth)?;
        loop {
            self.skip_spaces();
            let sign = self.rest().first().map(|byte| char::from(*byte));
            let Some(operator) = Operator::ALL.into_iter().find(|operator| Some(operator.sign()) == sign) else {
                break;
            };
            if operator.rank() < rank {
                break;
            }
            self.at += 1;
            let other = self.expr(operator.rank() + 1, depth)?;
            found = match found.then(operator, &other) {
                Some(both) => both,
                None => return self.wrong(),
            };
        }
        Ok(found)
    }

    fn operand(&mut self, depth: usize) -> Parsed<Expr> {
        self.skip_spaces();
        let rest = self.rest();
        if rest.first() == Some(&b'(') {
            if depth == DEEPEST {
                return self.wrong();
            }
            self.at += 1;
            let found = self.expr(0, depth + 1)?;
            self.skip_spaces();
            if self.rest().first() != Some(&b')') {
                return self.wrong();
            }
            self.at += 1;
            return Ok(found);
        }
        let letters = rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        let sign = usize::from(rest.first() == Some(&b'-'));
        let digits = rest.iter().skip(sign).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        let length = if letters > 0 { letters } else { sign + digits };
        let word = self.text.get(self.at..self.at + length).unwrap_or_default();
        let found = match Variable::from_name(word) {
            Some(variable) => Some(Expr::variable(variable)),
            None => word.parse().ok().and_then(Expr::number),
        };
        match found {
            Some(found) => {
                self.at += length;
                Ok(found)
            }
            None => self.wrong(),
        }
    }
}

/// `cw>=100 and ch<400 or iar==1.5`.
pub(super) fn condition(text: &str) -> Parsed<Condition> {
    let any =
        text.split(" or ").map(|all| all.split(" and ").map(test).collect()).collect::<Parsed<Vec<Vec<Test>>>>()?;
    match Condition::new(any) {
        Some(condition) => Ok(condition),
        None => wrong(text, format!("at most {} comparisons", Condition::MOST)),
    }
}

fn test(text: &str) -> Parsed<Test> {
    let text = text.trim();
    let words = text.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(text.len());
    let (name, rest) = text.split_at(words);
    let signs = rest.find(|c: char| !"<>=!".contains(c)).unwrap_or(rest.len());
    let (sign, number) = rest.split_at(signs);
    let comparison = Comparison::ALL.into_iter().find(|comparison| comparison.sign() == sign);
    let number = number.parse().ok().and_then(Number::new);
    match (Variable::from_name(name), comparison, number) {
        (Some(variable), Some(comparison), Some(number)) => Ok(Test { variable, comparison, number }),
        _ => wrong(text, "a comparison, such as cw>=100: a variable, then ==, !=, >, >=, < or <=, then a number"),
    }
}
