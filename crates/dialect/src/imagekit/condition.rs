//! Conditionals (<https://imagekit.io/docs/conditional-transformations>): `if-<condition>,<steps>,if-else,<steps>,if-end`,
//! alone in a step.

use plan::{Choose, Comparison, Condition, Number, Stage, Test, Variable};

use super::meaning;
use super::said::Said;
use crate::request::Warning;
use crate::settings::Settings;
use crate::table::{Kind, ParamDoc, Served, Tier};
use crate::text;

/// The row, for the docs.
pub(super) const ROW: ParamDoc = ParamDoc {
    name: "if",
    aliases: &[],
    kind: Kind::Syntax(ALLOWED),
    default: "",
    doc: "Steps by the size of the picture: if-<condition>,<steps>,if-else,<other steps>,if-end, alone in its step; if-else may \
          be left out. Of the picture as it comes in: w, h and ar; as it was initially: iw, ih and iar. Animations have one \
          size, and go by it too.",
    tier: Tier::B,
    served: Served::Exactly("crates/render/tests/sizes.rs::a_condition_chooses_by_the_size_of_the_file"),
};

/// What is allowed, in words.
pub(super) const ALLOWED: &str = "w, h, ar, iw, ih or iar, then _eq_, _ne_, _gt_, _gte_, _lt_ or _lte_, then a number, of a ratio \
                                  also as 4-3; several joined by _and_ and _or_";

const VARIABLES: [(&str, Variable); 6] = [
    ("w", Variable::Width),
    ("h", Variable::Height),
    ("ar", Variable::Ratio),
    ("iw", Variable::InitialWidth),
    ("ih", Variable::InitialHeight),
    ("iar", Variable::InitialRatio),
];

const COMPARISONS: [(&str, Comparison); 6] = [
    ("eq", Comparison::Equal),
    ("ne", Comparison::NotEqual),
    ("gt", Comparison::Greater),
    ("gte", Comparison::GreaterOrEqual),
    ("lt", Comparison::Less),
    ("lte", Comparison::LessOrEqual),
];

/// What a conditional says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    pub(super) condition: Condition,
    pub(super) yes: Vec<Said>,
    pub(super) no: Vec<Said>,
}

/// Reads a condition; `None` where it is none.
pub(super) fn read(text: &str) -> Option<Condition> {
    let (mut any, mut all) = (Vec::new(), Vec::new());
    let mut parts = text.split('_');
    loop {
        let (name, comparison, value) = (parts.next()?, parts.next()?, parts.next()?);
        let variable = VARIABLES.iter().find(|(known, _)| *known == name)?.1;
        let comparison = COMPARISONS.iter().find(|(known, _)| *known == comparison)?.1;
        all.push(Test { variable, comparison, number: number(variable, value)? });
        match parts.next() {
            Some("and") => {}
            Some("or") => any.push(std::mem::take(&mut all)),
            Some(_) => return None,
            None => break,
        }
        if any.len() + all.len() > Condition::MOST {
            return None;
        }
    }
    any.push(all);
    Condition::new(any)
}

fn number(variable: Variable, value: &str) -> Option<Number> {
    let is_ratio = matches!(variable, Variable::Ratio | Variable::InitialRatio);
    let side = |text: &str| text::number(text).filter(|n| *n >= 0.0);
    let found = match value.split_once('-').filter(|_| is_ratio) {
        Some((width, height)) => side(width)? / side(height).filter(|n| *n > 0.0)?,
        None => side(value)?,
    };
    Number::new(found)
}

/// The stage that a conditional means.
pub(super) fn stage(choice: &Choice, settings: &Settings, warnings: &mut Vec<Warning>) -> Stage {
    let yes = meaning::chain(&choice.yes, settings, warnings);
    let no = meaning::chain(&choice.no, settings, warnings);
    Stage::Choose(Box::new(Choose { condition: choice.condition.clone(), yes, no }))
}

/// As the vendor writes a condition; `None` where it speaks of more than a conditional can.
pub(super) fn spell(condition: &Condition) -> Option<String> {
    let test = |test: &Test| {
        let name = VARIABLES.iter().find(|(_, known)| *known == test.variable)?.0;
        let comparison = COMPARISONS.iter().find(|(_, known)| *known == test.comparison)?.0;
        Some(format!("{name}_{comparison}_{}", test.number.get()))
    };
    let all = |all: &Vec<Test>| Some(all.iter().map(test).collect::<Option<Vec<_>>>()?.join("_and_"));
    Some(condition.any().iter().map(all).collect::<Option<Vec<_>>>()?.join("_or_"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn are_read_and_spelt() {
        for (said, want) in [
            ("h_gte_100_and_h_lte_400_or_ar_lt_4-3", "ch>=100 and ch<=400 or car<1.3333333333333333"),
            ("iw_eq_640", "iw==640"),
            ("iar_ne_1.5_or_ih_gt_0", "iar!=1.5 or ih>0"),
            ("w_lt_10_or_w_gt_20_and_h_lte_5", "cw<10 or cw>20 and ch<=5"),
        ] {
            let condition = read(said).unwrap();
            let text = format!("resize:9x-|choose:{want},[blur:2]");
            let plan = plan::Plan::from_stages_text(&text).unwrap();
            let Some(Stage::Choose(choose)) = plan.stages.last() else { panic!("{text}") };
            assert_eq!(condition, choose.condition, "{said}");
            assert_eq!(read(&spell(&condition).unwrap()), Some(condition), "{said}");
        }
        for said in [
            "",
            "w",
            "w_gt",
            "w_gt_",
            "w_gt_x",
            "w_over_3",
            "z_gt_3",
            "w_gt_3_and",
            "w_gt_3_xor_h_gt_3",
            "w_gt_4-3",
            "ar_gt_4-0",
            "bw_gt_3",
            "w_gt_N3",
        ] {
            assert_eq!(read(said), None, "{said}");
        }
        assert_eq!(read(&vec!["w_gt_3"; 33].join("_and_")), None);
    }
}
