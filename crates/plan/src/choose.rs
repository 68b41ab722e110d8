use std::fmt;

use crate::{Number, Sizes, Stage, Variable};

/// One of two lists of stages, by the size of the picture. Within them `cw`, `ch` and `car` speak of the picture as it
/// comes in, until a [`Stage::Mark`] says otherwise; behind them, of the picture as it comes out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Choose {
    /// What is asked.
    pub condition: Condition,
    /// What is done where it holds.
    pub yes: Vec<Stage>,
    /// What is done where it does not, or hangs on a size that is not there.
    pub no: Vec<Stage>,
}

/// Comparisons of sizes: one of several groups must hold, and of a group every comparison. Canonical: sorted, each once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Condition(Vec<Vec<Test>>);

/// One comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Test {
    /// What is compared; `cw`, `ch` and `car` are of the picture as it comes in.
    pub variable: Variable,
    /// How.
    pub comparison: Comparison,
    /// With what.
    pub number: Number,
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Comparison {
    /// Every comparison.
    pub const ALL: [Comparison; 6] = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
    ];

    /// As it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
        }
    }

    fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Comparison::Equal => a == b,
            Comparison::NotEqual => a != b,
            Comparison::Greater => a > b,
            Comparison::GreaterOrEqual => a >= b,
            Comparison::Less => a < b,
            Comparison::LessOrEqual => a <= b,
        }
    }
}

impl Condition {
    /// Most comparisons.
    pub const MOST: usize = 32;

    /// One of these groups must hold, and of a group every comparison. `None` where there is no group, an empty one, or
    /// more than [`Condition::MOST`] comparisons.
    pub fn new(mut any: Vec<Vec<Test>>) -> Option<Self> {
        let count = any.iter().map(Vec::len).sum::<usize>();
        if any.iter().any(Vec::is_empty) || !(1..=Condition::MOST).contains(&count) {
            return None;
        }
        for all in &mut any {
            all.sort_unstable();
            all.dedup();
        }
        any.sort_unstable();
        any.dedup();
        Some(Condition(any))
    }

    /// The groups.
    pub fn any(&self) -> &[Vec<Test>] {
        &self.0
    }

    /// Whether it holds; `None` where it hangs on a size that is not known.
    pub fn holds(&self, sizes: &Sizes) -> Option<bool> {
        let mut found = false;
        for all in &self.0 {
            let mut every = true;
            for test in all {
                every &= test.comparison.holds(sizes.get(test.variable)?, test.number.get());
            }
            found |= every;
        }
        Some(found)
    }

    /// The same with other variables.
    pub(crate) fn with(self, change: impl Fn(Variable) -> Variable) -> Self {
        let test = |test: Test| Test { variable: change(test.variable), ..test };
        let any = self.0.iter().map(|all| all.iter().copied().map(test).collect()).collect();
        Condition::new(any).unwrap_or(self)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, all) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { " or " })?;
            for (at, Test { variable, comparison, number }) in all.iter().enumerate() {
                f.write_str(if at == 0 { "" } else { " and " })?;
                write!(f, "{}{}{}", variable.name(), comparison.sign(), number.get())?;
            }
        }
        Ok(())
    }
}

/// `choose:<condition>,[<stages>],[<other stages>]`.
impl fmt::Display for Choose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "choose:{},[{}]", self.condition, crate::canonical::List(&self.yes))?;
        if self.no.is_empty() { Ok(()) } else { write!(f, ",[{}]", crate::canonical::List(&self.no)) }
    }
}
