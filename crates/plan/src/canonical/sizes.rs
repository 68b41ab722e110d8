//! Making canonical what hangs on sizes: which variables mean the same where they stand, which marks nobody heeds.

use super::canonical_stage;
use crate::measured::Ground;
use crate::{Choose, Measured, Orient, Stage, Variable};

/// Whether what stands before a stage has a say in its canonical form.
pub(super) fn hangs(stage: &Stage) -> bool {
    matches!(stage, Stage::Mark | Stage::Measured(_) | Stage::Choose(_))
}

/// What is known, at a stage, of what came before.
#[derive(Clone, Copy)]
pub(super) struct Before {
    /// Nothing came before: this is where a picture is turned upright.
    start: bool,
    /// The picture is as large as the upright one that the stages began with.
    initial: bool,
    /// So is the picture at the last mark.
    marked_initial: bool,
    /// The picture is as large as the one at the last mark.
    marked: bool,
}

impl Before {
    /// A picture that may lie on its side.
    pub(super) const MASTER: Before = Before { start: true, initial: false, marked_initial: true, marked: false };

    fn at_mark(self) -> Before {
        Before { start: false, marked_initial: self.initial, marked: true, ..self }
    }

    fn after(self, stage: &Stage) -> Before {
        match stage {
            Stage::Mark => self.at_mark(),
            // Behind a choice, its result is what is marked.
            Stage::Choose(_) => Before { start: false, initial: false, marked_initial: false, marked: true },
            Stage::Page(_) | Stage::Frames(_) => self,
            Stage::Orient(Orient::Exif) if self.start => Before { start: false, initial: true, ..self },
            stage if keeps_size(stage) => Before { start: false, ..self },
            _ => Before { start: false, initial: false, marked: false, ..self },
        }
    }

    fn ground(self) -> Ground {
        if self.initial {
            Ground::Initial
        } else if self.marked {
            Ground::Marked
        } else {
            Ground::Other
        }
    }

    fn variable(self) -> impl Fn(Variable) -> Variable {
        move |variable| if self.marked_initial { variable.unmarked() } else { variable }
    }
}

fn keeps_size(stage: &Stage) -> bool {
    match stage {
        Stage::Page(_)
        | Stage::Frames(_)
        | Stage::Straighten { .. }
        | Stage::Flip { .. }
        | Stage::Flatten(_)
        | Stage::Adjust(_)
        | Stage::Filter(_)
        | Stage::Mask(_)
        | Stage::Gradient(_)
        | Stage::Shadow(_)
        | Stage::Overlay(_)
        | Stage::Mark => true,
        Stage::Border(border) => border.inside,
        Stage::Measured(measured) => keeps_size(&measured.stage),
        Stage::Typeset(_)
        | Stage::Orient(_)
        | Stage::Extract(_)
        | Stage::Trim(_)
        | Stage::Resize(_)
        | Stage::Rotate { .. }
        | Stage::Pad(_)
        | Stage::Choose(_) => false,
    }
}

/// Stages of which some hang on sizes.
pub(super) fn canonical(stages: Vec<Stage>, mut before: Before) -> Vec<Stage> {
    let mut out: Vec<Stage> = Vec::with_capacity(stages.len());
    for stage in stages {
        let found = match stage {
            Stage::Mark => vec![Stage::Mark],
            Stage::Measured(measured) => one_measured(measured, before),
            Stage::Choose(choose) => one_choice(*choose, before),
            other => canonical_stage(other).into_iter().collect(),
        };
        for stage in found {
            before = before.after(&stage);
            out.push(stage);
        }
    }
    without_idle_marks(out)
}

fn one_measured(measured: Measured, before: Before) -> Vec<Stage> {
    measured.canonical(before.ground(), before.variable()).into_iter().collect()
}

fn one_choice(choose: Choose, before: Before) -> Vec<Stage> {
    let within = before.at_mark();
    let Choose { condition, yes, no } = choose;
    let (yes, no) = (canonical(yes, within), canonical(no, within));
    if yes == no {
        return [Stage::Mark].into_iter().chain(yes).chain([Stage::Mark]).collect();
    }
    vec![Stage::Choose(Box::new(Choose { condition: condition.with(within.variable()), yes, no }))]
}

/// Marks that nothing behind them speaks of go.
fn without_idle_marks(stages: Vec<Stage>) -> Vec<Stage> {
    let mut out: Vec<Stage> = Vec::with_capacity(stages.len());
    let mut heeded = false;
    for stage in stages.into_iter().rev() {
        match &stage {
            Stage::Mark if !std::mem::take(&mut heeded) => continue,
            Stage::Choose(_) => heeded = false,
            Stage::Measured(measured) if !matches!(*measured.stage, Stage::Overlay(_)) => {
                heeded |= measured.lengths.iter().any(|(_, expr)| expr.variables().any(Variable::is_marked));
            }
            _ => {}
        }
        out.push(stage);
    }
    out.reverse();
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use crate::Plan;

    #[test]
    fn equal_meanings_are_equal() {
        for (said, want) in [
            // Numbers are put where they belong; what is no length has no say.
            ("measured:[resize:-x-,cover],width=10+5%4,height=7.5", "resize:11x8,cover"),
            ("measured:[resize:-x9,cover],width=0-5", "resize:1x9,cover"),
            ("measured:[resize:5x9,cover],width=1/0,height=70000", "resize:5x9,cover"),
            ("measured:[border:0,red,outer=(2 0 2 2)],border=3", "border:3,3,3,3,ff0000ff,outer=(5 0 5 5)"),
            (
                "measured:[overlay:text1(a)],text-size=20,text-line=30",
                "overlay:text1(a),size=20,color=000000ff,line=1.5,center",
            ),
            ("measured:[gradient:linear 0 1 red blue],stop=0.25", "gradient:linear 0 0.25 ff0000ff 0000ffff"),
            // What it is a share of is what the stage is given, as long as nothing has changed its size.
            ("orient:exif|measured:[resize:-x-],width=iw/2", "orient:exif|resize:0.5rx-,inside"),
            ("orient:exif|measured:[resize:-x-],width=cw/2", "orient:exif|resize:0.5rx-,inside"),
            (
                "orient:exif|blur:2|mark|flip:h|measured:[resize:-x-],width=cw/2",
                "orient:exif|blur:2|flip:h|resize:0.5rx-,inside",
            ),
            ("orient:exif|measured:[resize:-x-],width=ih/2", "orient:exif|measured:[resize:-x-,inside],width=ih*0.5"),
            (
                "orient:exif|measured:[resize:-x-],width=iw/3",
                "orient:exif|measured:[resize:-x-,inside],width=iw*0.3333333333333333",
            ),
            (
                "orient:exif|resize:9x-|measured:[resize:-x-],width=iw/2",
                "orient:exif|resize:9x-,inside|measured:[resize:-x-,inside],width=iw*0.5",
            ),
            (
                "orient:exif|resize:9x-|mark|measured:[resize:-x-],width=cw/2",
                "orient:exif|resize:9x-,inside|resize:0.5rx-,inside",
            ),
            // Without a turn first, nobody knows which way it lies.
            ("measured:[resize:-x-],width=cw/2", "measured:[resize:-x-,inside],width=iw*0.5"),
            (
                "measured:[overlay:path1(a)],width=bw/4,x=bw/10,y=bh+1",
                "measured:[overlay:path1(a),0.25rx-,center,by=0.1r,0],y=bh+1",
            ),
            (
                "measured:[overlay:text1(a)],text-width=bw*0.8",
                "overlay:text1(a),size=16,color=000000ff,box=0.8rx-,center",
            ),
            // A mark that nobody heeds goes, before what marks anew too.
            ("resize:9x-|mark|blur:2", "resize:9x-,inside|blur:2"),
            ("resize:9x-|mark|choose:cw>9,[blur:2]", "resize:9x-,inside|choose:cw>9,[blur:2]"),
            (
                "resize:9x-|mark|trim:|measured:[border:0,red],border=cw/3",
                "resize:9x-,inside|mark|trim:corner,tolerance=0,keep=0|measured:[border:0,0,0,0,ff0000ff],border=cw*0.3333333333333333",
            ),
            // Choices.
            ("orient:exif|choose:cw>9 and ch<2,[blur:2]", "orient:exif|choose:iw>9 and ih<2,[blur:2]"),
            (
                "orient:exif|choose:ch<2 or cw>9 and ch>3 or ch<2,[blur:2]",
                "orient:exif|choose:iw>9 and ih>3 or ih<2,[blur:2]",
            ),
            ("choose:cw>9,[blur:0],[pad:0]", ""),
            ("choose:cw>9,[blur:2],[blur:2|pad:0]|flip:h", "blur:2|flip:h"),
            (
                "choose:cw>9,[resize:9x-|mark],[]|measured:[border:0,red],border=ch/3",
                "choose:cw>9,[resize:9x-,inside]|measured:[border:0,0,0,0,ff0000ff],border=ch*0.3333333333333333",
            ),
        ] {
            let plan = Plan::from_stages_text(said).unwrap();
            assert_eq!(plan.stages_text(), want, "{said}");
            let again = Plan::from_stages_text(want).unwrap();
            assert_eq!(again, plan, "{said}");
        }
    }
}
