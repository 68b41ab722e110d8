use std::fmt;

/// Arithmetic on sizes that nobody knows before the master is read: `iw*0.5+10`.
///
/// At most [`Expr::MOST`] terms, without a value in itself: [`Expr::value`] gives it one. Always canonical: sums of
/// variables, each times a number, are written in one order, so that `2*iw/4` and `0.5*iw` are equal; numbers are worked
/// out; the rest is kept as it was said.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Expr(Box<[Term]>);

/// A part of an [`Expr`], which is written in postfix order: two operands, then what is done with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Term {
    /// A number.
    Number(Number),
    /// A size.
    Variable(Variable),
    /// What is done with the last two.
    Operator(Operator),
}

/// A number of an [`Expr`], exact to compare and to hash; at most 10^15 in size.
#[derive(Debug, Clone, Copy)]
pub struct Number(f64);

/// A size that an [`Expr`] hangs on, under the names that ImageKit gave them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Variable {
    /// Width of the upright master; in the stages of an overlay, of the upright overlay.
    InitialWidth,
    /// Its height.
    InitialHeight,
    /// Its width over its height.
    InitialRatio,
    /// Width of the picture at the last [`crate::Stage::Mark`]; before any, the initial one.
    Width,
    /// Its height.
    Height,
    /// Its width over its height.
    Ratio,
    /// Width of the picture that an overlay is drawn on.
    BelowWidth,
    /// Its height.
    BelowHeight,
    /// Its width over its height.
    BelowRatio,
}

/// What is done with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    /// The rest of a division; its sign is that of what is divided.
    Mod,
    Pow,
}

/// The sizes that the variables of an [`Expr`] stand for, width and height; `None` where they are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sizes {
    /// Of the upright master, or of the upright overlay whose stages these are.
    pub initial: Option<(u32, u32)>,
    /// Of the picture at the last mark.
    pub marked: Option<(u32, u32)>,
    /// Of the picture below an overlay.
    pub below: Option<(u32, u32)>,
}

impl Number {
    /// `None` for what is not finite or out of range; what is too small to matter is 0.
    pub fn new(value: f64) -> Option<Self> {
        match value.abs() {
            size if size < 1e-15 => Some(Number(0.0)),
            size if size <= 1e15 => Some(Number(value)),
            _ => None,
        }
    }

    /// The value.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl std::hash::Hash for Number {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl Variable {
    /// Every variable, in the order in which a sum is written.
    pub const ALL: [Variable; 9] = [
        Variable::InitialWidth,
        Variable::InitialHeight,
        Variable::InitialRatio,
        Variable::Width,
        Variable::Height,
        Variable::Ratio,
        Variable::BelowWidth,
        Variable::BelowHeight,
        Variable::BelowRatio,
    ];

    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Variable::InitialWidth => "iw",
            Variable::InitialHeight => "ih",
            Variable::InitialRatio => "iar",
            Variable::Width => "cw",
            Variable::Height => "ch",
            Variable::Ratio => "car",
            Variable::BelowWidth => "bw",
            Variable::BelowHeight => "bh",
            Variable::BelowRatio => "bar",
        }
    }

    /// The variable of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Variable::ALL.into_iter().find(|variable| variable.name() == name)
    }

    /// Whether it speaks of the picture at the last mark.
    pub const fn is_marked(self) -> bool {
        matches!(self, Variable::Width | Variable::Height | Variable::Ratio)
    }

    /// Whether it speaks of the picture below an overlay.
    pub const fn is_below(self) -> bool {
        matches!(self, Variable::BelowWidth | Variable::BelowHeight | Variable::BelowRatio)
    }

    /// Whether it speaks of the picture as it was at first.
    pub const fn is_initial(self) -> bool {
        matches!(self, Variable::InitialWidth | Variable::InitialHeight | Variable::InitialRatio)
    }

    /// The same of the picture as it was at first, of what speaks of the picture at the last mark.
    pub(crate) const fn unmarked(self) -> Self {
        match self {
            Variable::Width => Variable::InitialWidth,
            Variable::Height => Variable::InitialHeight,
            Variable::Ratio => Variable::InitialRatio,
            other => other,
        }
    }
}

impl Operator {
    /// Every operator.
    pub const ALL: [Operator; 6] =
        [Operator::Add, Operator::Sub, Operator::Mul, Operator::Div, Operator::Mod, Operator::Pow];

    /// As it is written.
    pub const fn sign(self) -> char {
        match self {
            Operator::Add => '+',
            Operator::Sub => '-',
            Operator::Mul => '*',
            Operator::Div => '/',
            Operator::Mod => '%',
            Operator::Pow => '^',
        }
    }

    /// Which of two binds tighter; those of one rank go from left to right.
    pub(crate) const fn rank(self) -> u8 {
        match self {
            Operator::Add | Operator::Sub => 1,
            Operator::Mul | Operator::Div | Operator::Mod => 2,
            Operator::Pow => 3,
        }
    }

    fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Operator::Add => a + b,
            Operator::Sub => a - b,
            Operator::Mul => a * b,
            Operator::Div => a / b,
            Operator::Mod => a % b,
            Operator::Pow => a.powf(b),
        }
    }
}

impl Sizes {
    /// What a variable stands for.
    pub fn get(&self, variable: Variable) -> Option<f64> {
        let (width, height) = match variable {
            Variable::InitialWidth | Variable::InitialHeight | Variable::InitialRatio => self.initial?,
            Variable::Width | Variable::Height | Variable::Ratio => self.marked?,
            Variable::BelowWidth | Variable::BelowHeight | Variable::BelowRatio => self.below?,
        };
        let (width, height) = (f64::from(width), f64::from(height));
        Some(match variable {
            Variable::InitialWidth | Variable::Width | Variable::BelowWidth => width,
            Variable::InitialHeight | Variable::Height | Variable::BelowHeight => height,
            Variable::InitialRatio | Variable::Ratio | Variable::BelowRatio => width / height,
        })
    }

    /// Whether all that an expression hangs on is known.
    pub fn know(&self, expr: &Expr) -> bool {
        expr.variables().all(|variable| self.get(variable).is_some())
    }
}

impl Expr {
    /// Most terms.
    pub const MOST: usize = 63;

    /// A number alone; `None` as [`Number::new`].
    pub fn number(value: f64) -> Option<Self> {
        Some(Expr(Box::new([Term::Number(Number::new(value)?)])))
    }

    /// A variable alone.
    pub fn variable(variable: Variable) -> Self {
        Expr(Box::new([Term::Variable(variable)]))
    }

    /// Two expressions brought together; `None` where that makes more than [`Expr::MOST`] terms.
    #[must_use]
    pub fn then(&self, operator: Operator, other: &Expr) -> Option<Self> {
        let sums = self.sum().zip(other.sum());
        if let Some(sum) = sums.and_then(|(a, b)| a.then(operator, &b)) {
            return Some(sum.expr());
        }
        let (a, b) = (self.constant(), other.constant());
        match operator {
            Operator::Add | Operator::Sub if b == Some(0.0) => return Some(self.clone()),
            Operator::Mul | Operator::Div | Operator::Pow if b == Some(1.0) => return Some(self.clone()),
            Operator::Add if a == Some(0.0) => return Some(other.clone()),
            Operator::Mul if a == Some(1.0) => return Some(other.clone()),
            _ => {}
        }
        let turns = matches!(operator, Operator::Add | Operator::Mul) && self.0 < other.0;
        let (first, second) = if turns { (other, self) } else { (self, other) };
        let terms: Vec<Term> = [&first.0[..], &second.0[..], &[Term::Operator(operator)]].concat();
        (terms.len() <= Expr::MOST).then(|| Expr(terms.into()))
    }

    /// What parts in postfix order make; `None` where they are not one expression.
    pub fn from_terms(terms: &[Term]) -> Option<Self> {
        Expr(terms.into()).each(|variable| variable)
    }

    /// The parts, in postfix order.
    pub fn terms(&self) -> &[Term] {
        &self.0
    }

    /// The variables in it, each as often as it stands there.
    pub fn variables(&self) -> impl Iterator<Item = Variable> {
        self.0.iter().filter_map(|term| match term {
            Term::Variable(variable) => Some(*variable),
            Term::Number(_) | Term::Operator(_) => None,
        })
    }

    /// Its number, where it is nothing else.
    pub fn constant(&self) -> Option<f64> {
        match &self.0[..] {
            [Term::Number(number)] => Some(number.get()),
            _ => None,
        }
    }

    /// The variables with their factors and, under `None`, what is added, where it is such a sum; what is 0 is left out.
    pub fn linear(&self) -> Option<Vec<(Option<Variable>, f64)>> {
        let sum = self.sum()?;
        let all = Variable::ALL.into_iter().map(Some).zip(sum.factors).chain([(None, sum.constant)]);
        Some(all.filter(|(_, factor)| *factor != 0.0).collect())
    }

    /// The factor of one variable where there is nothing else, and four decimals hold it.
    pub(crate) fn share_of(&self, variable: Variable) -> Option<crate::Fixed> {
        let linear = self.linear()?;
        let [(Some(found), factor)] = linear[..] else { return None };
        let share = crate::Fixed::new(factor);
        (found == variable && share.get() == factor).then_some(share)
    }

    /// Its value; `None` where it has none (what hangs on an unknown size, a division by zero).
    pub fn value(&self, sizes: &Sizes) -> Option<f64> {
        let mut stack: Vec<f64> = Vec::with_capacity(8);
        for term in &self.0 {
            let value = match term {
                Term::Number(number) => number.get(),
                Term::Variable(variable) => sizes.get(*variable)?,
                Term::Operator(operator) => {
                    let b = stack.pop()?;
                    operator.of(stack.pop()?, b)
                }
            };
            if !value.is_finite() {
                return None;
            }
            stack.push(value);
        }
        stack.pop()
    }

    /// The same with other variables.
    pub(crate) fn with(&self, change: impl Fn(Variable) -> Variable) -> Self {
        self.each(change).unwrap_or_else(|| self.clone())
    }

    fn each(&self, change: impl Fn(Variable) -> Variable) -> Option<Self> {
        let mut stack: Vec<Expr> = Vec::new();
        for term in &self.0 {
            let next = match term {
                Term::Number(_) => Expr(Box::new([*term])),
                Term::Variable(variable) => Expr::variable(change(*variable)),
                Term::Operator(operator) => {
                    let b = stack.pop()?;
                    stack.pop()?.then(*operator, &b)?
                }
            };
            stack.push(next);
        }
        let whole = stack.pop()?;
        stack.is_empty().then_some(whole)
    }

    fn sum(&self) -> Option<Sum> {
        let mut stack: Vec<Sum> = Vec::with_capacity(4);
        for term in &self.0 {
            let next = match term {
                Term::Number(number) => Sum { factors: [0.0; 9], constant: number.get() },
                Term::Variable(variable) => {
                    let factors = Variable::ALL.map(|other| if other == *variable { 1.0 } else { 0.0 });
                    Sum { factors, constant: 0.0 }
                }
                Term::Operator(operator) => {
                    let b = stack.pop()?;
                    stack.pop()?.then(*operator, &b)?
                }
            };
            stack.push(next);
        }
        stack.pop()
    }
}

/// Variables times numbers, added up.
#[derive(Clone, Copy)]
struct Sum {
    /// In the order of [`Variable::ALL`].
    factors: [f64; 9],
    constant: f64,
}

impl Sum {
    /// `None` where the result is no such sum.
    fn then(&self, operator: Operator, other: &Sum) -> Option<Sum> {
        let number = |sum: &Sum| sum.factors.iter().all(|factor| *factor == 0.0).then_some(sum.constant);
        let times = |sum: &Sum, by: f64| sum.each(|value| value * by);
        let found = match (operator, number(self), number(other)) {
            (_, Some(a), Some(b)) => Sum { factors: [0.0; 9], constant: operator.of(a, b) },
            (Operator::Add | Operator::Sub, ..) => {
                let mut both = *self;
                let pairs = both.factors.iter_mut().zip(other.factors).chain([(&mut both.constant, other.constant)]);
                pairs.for_each(|(a, b)| *a = operator.of(*a, b));
                both
            }
            (Operator::Mul, _, Some(by)) => times(self, by),
            (Operator::Mul, Some(by), _) => times(other, by),
            (Operator::Div, _, Some(by)) => self.each(|value| value / by),
            (Operator::Pow, _, Some(0.0)) => Sum { factors: [0.0; 9], constant: 1.0 },
            (Operator::Pow, _, Some(1.0)) => *self,
            _ => return None,
        };
        let within = |value: &f64| Number::new(*value).is_some();
        let all = found.factors.iter().all(within) && within(&found.constant);
        all.then(|| found.each(|value| Number::new(value).map_or(0.0, Number::get)))
    }

    fn each(&self, change: impl Fn(f64) -> f64) -> Sum {
        Sum { factors: self.factors.map(&change), constant: change(self.constant) }
    }

    fn expr(&self) -> Expr {
        let mut terms = Vec::new();
        let all = Variable::ALL.into_iter().map(Some).zip(self.factors).chain([(None, self.constant)]);
        for (variable, factor) in all.filter(|(_, factor)| *factor != 0.0) {
            let first = terms.is_empty();
            // What is not the first is taken off rather than added below zero.
            let size = Term::Number(Number(if first { factor } else { factor.abs() }));
            match variable {
                Some(variable) => {
                    terms.push(Term::Variable(variable));
                    if (if first { factor } else { factor.abs() }) != 1.0 {
                        terms.extend([size, Term::Operator(Operator::Mul)]);
                    }
                }
                None => terms.push(size),
            }
            if !first {
                terms.push(Term::Operator(if factor < 0.0 { Operator::Sub } else { Operator::Add }));
            }
        }
        if terms.is_empty() {
            terms.push(Term::Number(Number(0.0)));
        }
        Expr(terms.into())
    }
}

/// As people write it, with brackets where they are needed.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ATOM: u8 = 4;
        let mut stack: Vec<(String, u8)> = Vec::new();
        for term in &self.0 {
            let next = match term {
                Term::Number(number) => (number.get().to_string(), ATOM),
                Term::Variable(variable) => (variable.name().to_owned(), ATOM),
                Term::Operator(operator) => {
                    let (Some(b), Some(a)) = (stack.pop(), stack.pop()) else { return Err(fmt::Error) };
                    let within = |(text, rank): (String, u8), least: u8| {
                        if rank < least { format!("({text})") } else { text }
                    };
                    let rank = operator.rank();
                    (format!("{}{}{}", within(a, rank), operator.sign(), within(b, rank + 1)), rank)
                }
            };
            stack.push(next);
        }
        f.write_str(&stack.pop().unwrap_or_default().0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn read(text: &str) -> Expr {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    const SIZES: Sizes = Sizes { initial: Some((640, 865)), marked: Some((300, 200)), below: Some((1000, 500)) };

    #[test]
    fn have_one_spelling_for_a_meaning() {
        for (said, want) in [
            ("iw/2", "iw*0.5"),
            ("2*iw/4", "iw*0.5"),
            ("10+iw-3", "iw+7"),
            ("bh+iw", "iw+bh"),
            ("iw-iw", "0"),
            ("ih-iw*2", "iw*-2+ih"),
            ("3-iw", "iw*-1+3"),
            ("(iw+10)*2", "iw*2+20"),
            ("0*iw+5", "5"),
            ("2^3%5", "3"),
            ("iw%7", "iw%7"),
            ("1*(iw%7)+0", "iw%7"),
            ("5+iw%7", "iw%7+5"),
            ("(iw+1)%7", "(iw+1)%7"),
            ("iw^0", "1"),
            ("iw^1", "iw"),
            ("2^(iw^0.5)", "2^(iw^0.5)"),
            ("iw/ih*ch", "ch*(iw/ih)"),
            ("iw/(ih*ch)", "iw/(ch*ih)"),
            ("iw/0", "iw/0"),
            ("1/0", "1/0"),
        ] {
            let found = read(said);
            // What is written is read as it was meant.
            assert_eq!(read(&found.to_string()), found, "{said}");
            assert_eq!(found.to_string(), want, "{said}");
        }
        assert_eq!(read("iw*ch"), read("ch*iw"));
        assert_ne!(read("iw/ch"), read("ch/iw"));
    }

    #[test]
    fn have_a_value_where_sizes_are_known() {
        for (said, want) in [
            ("iw*0.5", Some(320.0)),
            ("ih*0.1+iw*0.5", Some(406.5)),
            ("cw/ch", Some(1.5)),
            ("car", Some(1.5)),
            ("bw-bar", Some(998.0)),
            ("iw%100", Some(40.0)),
            ("(cw+0.5)%100", Some(0.5)),
            ("0-cw%7", Some(-6.0)),
            ("ch^0.5*1000%1000", Some(200.0_f64.sqrt() * 1000.0 % 1000.0)),
            ("iw/(cw-300)", None),
            ("iw%0", None),
            ("(0-iw)^0.5", None),
            ("10/0", None),
        ] {
            assert_eq!(read(said).value(&SIZES), want, "{said}");
        }
        let unknown = Sizes { below: None, ..SIZES };
        assert_eq!(read("bw").value(&unknown), None);
        assert!(!unknown.know(&read("iw+bw")) && unknown.know(&read("iw+cw")));
    }

    #[test]
    fn stay_small() {
        let long = vec!["iw%ih"; 21].join("+");
        let error = long.parse::<Expr>().unwrap_err();
        assert!(error.why.contains("63"), "{error}");
        assert!(vec!["iw"; 100].join("+").parse::<Expr>().is_ok_and(|found| found.to_string() == "iw*100"));
        assert_eq!((Number::new(f64::NAN), Number::new(1e16), Number::new(-1e-20)), (None, None, Number::new(0.0)));
    }

    #[test]
    fn shares_are_exact_or_none() {
        let share = |text: &str| read(text).share_of(Variable::InitialWidth).map(crate::Fixed::get);
        assert_eq!([share("iw*0.125"), share("iw/3"), share("iw+1"), share("ih")], [Some(0.125), None, None, None]);
    }
}
