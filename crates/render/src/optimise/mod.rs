//! Plans with less to do and the same pixels.
//!
//! - Turns by right angles and mirrors in a row become one of each at most.
//! - Such turns, and cuts that look at no pixel, come before changes of colour that look at one pixel at a time: fewer
//!   pixels are left to change, and changes of colour come together.
//! - A change of colour that cannot be seen in the end goes.
//! - Changes of colour in a row become one [`Step`], which is one pass over the picture.
//!
//! Nothing else is moved: a scaling before or after a change of colour, or two of its factors multiplied, is not the same
//! to the last bit.

use plan::{Adjust, Background, Fixed, Gravity, Region, Stage};

use crate::geometry::Turn;
use crate::stages::rotate::right_angle;

/// A plan's stages, rewritten so that they cost less and every byte of the result stays.
pub fn optimise(stages: &[Stage]) -> Vec<Stage> {
    let mut out: Vec<Stage> = Vec::with_capacity(stages.len());
    for stage in stages {
        let place = out.len() - out.iter().rev().take_while(|before| may_change_places(before, stage)).count();
        out.insert(place, stage.clone());
    }
    let out = without_unseen(merged_turns(&out));
    // A plan's first stage, if it turns upright, says where the master's pixels are counted from.
    let orients = |stages: &[Stage]| matches!(stages.first(), Some(Stage::Orient(_)));
    if orients(&out) != orients(stages) { stages.to_vec() } else { out }
}

/// What is carried out at a time.
#[derive(Debug, PartialEq)]
pub(crate) enum Step<'a> {
    /// Changes of colour in a row.
    Colors(Vec<Adjust>),
    Stage(&'a Stage),
}

/// The stages, changes of colour taken together.
pub(crate) fn steps(stages: &[Stage]) -> Vec<Step<'_>> {
    let mut steps = Vec::with_capacity(stages.len());
    for stage in stages {
        match (stage, steps.last_mut()) {
            (Stage::Adjust(adjust), Some(Step::Colors(colors))) => colors.push(*adjust),
            (Stage::Adjust(adjust), _) => steps.push(Step::Colors(vec![*adjust])),
            _ => steps.push(Step::Stage(stage)),
        }
    }
    steps
}

/// Whether `next` can as well come before this change of colour.
fn may_change_places(before: &Stage, next: &Stage) -> bool {
    let Stage::Adjust(adjust) = before else { return false };
    turn(next).is_some() || (only_cuts(next) && !looks(*adjust))
}

fn turn(stage: &Stage) -> Option<Turn> {
    match stage {
        Stage::Flip { horizontal, vertical } => Some(Turn::flip(*horizontal, *vertical)),
        Stage::Rotate { degrees, .. } => right_angle(degrees.get()),
        _ => None,
    }
}

/// Cuts a window that the size alone tells.
fn only_cuts(stage: &Stage) -> bool {
    let blind = |gravity: &Gravity| !matches!(gravity, Gravity::Attention | Gravity::Entropy | Gravity::Edges);
    match stage {
        Stage::Extract(Region::Rect { .. } | Region::Corners { .. }) => true,
        Stage::Extract(Region::Window { pad: None, gravity, .. } | Region::Aspect { gravity, .. }) => blind(gravity),
        _ => false,
    }
}

/// Whether it looks at the whole picture before it changes a pixel.
fn looks(adjust: Adjust) -> bool {
    matches!(adjust, Adjust::Stretch | Adjust::Enhance | Adjust::Replace { from: None, .. })
}

fn merged_turns(stages: &[Stage]) -> Vec<Stage> {
    let mut out = Vec::with_capacity(stages.len());
    let mut pending: Option<Turn> = None;
    for stage in stages {
        if let Some(turn) = turn(stage) {
            pending = Some(pending.unwrap_or(Turn::NONE).then(turn));
            continue;
        }
        out.extend(pending.take().into_iter().flat_map(as_stages));
        out.push(stage.clone());
    }
    out.extend(pending.into_iter().flat_map(as_stages));
    out
}

/// A mirror, then a quarter turn, each if needed.
fn as_stages(turn: Turn) -> Vec<Stage> {
    if turn == Turn::flip(false, true) {
        return vec![Stage::Flip { horizontal: false, vertical: true }];
    }
    for horizontal in [false, true] {
        for quarters in 0..4u8 {
            if Turn::flip(horizontal, false).then(Turn::quarters(quarters)) == turn {
                let degrees = Fixed::new(90.0 * f64::from(quarters));
                let flip = horizontal.then_some(Stage::Flip { horizontal, vertical: false });
                let rotate = (quarters > 0).then_some(Stage::Rotate { degrees, background: Background::Auto });
                return flip.into_iter().chain(rotate).collect();
            }
        }
    }
    Vec::new()
}

fn without_unseen(stages: Vec<Stage>) -> Vec<Stage> {
    let mut out: Vec<Stage> = Vec::with_capacity(stages.len());
    for stage in stages {
        let Stage::Adjust(adjust) = stage else {
            out.push(stage);
            continue;
        };
        // What an opaque colour is laid over.
        if let Adjust::Colorize(color) = adjust
            && color.a == 255
        {
            let hidden = |s: &&Stage| matches!(s, Stage::Adjust(a) if !matches!(a, Adjust::Opacity(_)));
            out.truncate(out.len() - out.iter().rev().take_while(hidden).count());
        }
        let last = match out.last() {
            Some(Stage::Adjust(last)) => Some(*last),
            _ => None,
        };
        match last {
            Some(Adjust::Invert) if adjust == Adjust::Invert => {
                out.pop();
            }
            Some(last) if changes_nothing_after(adjust, last) => {}
            _ => out.push(stage),
        }
    }
    out
}

/// A grey has no hue to turn, and no distance from its luminance.
fn changes_nothing_after(adjust: Adjust, last: Adjust) -> bool {
    let of_colors = matches!(adjust, Adjust::Grayscale | Adjust::Hue(_) | Adjust::Saturation(_) | Adjust::Vibrance(_));
    let grey = matches!(last, Adjust::Grayscale | Adjust::Threshold(_));
    (grey && of_colors) || (last == adjust && matches!(adjust, Adjust::Threshold(_)))
}

#[cfg(test)]
mod tests;
