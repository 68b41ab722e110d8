//! The other way: from a plan to steps that mean it.

mod effects;

use plan::{
    Aspect, Background, Dim, Enlarge, Fit, Fixed, FormatRule, Gravity, Length, Limits, Measured, Metadata, Orient,
    OutputRule, Plan, Profile, Region, Resize, Stage, Trim, TrimMode,
};

use super::condition::{self, Choice};
use super::lex::MAX_LAYERS;
use super::said::{Fill, Flip, Focus, FormatSaid, Mode, Ratio, Rotation, Said, Stop};
use super::table::{LEAST_DPR, MOST_DPR, rows};
use super::{expression, layer, meaning};
use crate::error::Unwritable;
use crate::settings::Settings;

/// The transformation string of a plan, empty for none. Not every plan it yields survives parsing (a side above the
/// site's limit does not): the caller checks.
pub(super) fn transformation(plan: &Plan, settings: &Settings) -> Result<String, Unwritable> {
    if plan.output.original {
        return Ok("orig-true".to_owned());
    }
    let (page, rest) = match plan.stages.split_first() {
        Some((Stage::Page(page), rest)) => (page.checked_add(1), rest),
        _ => (None, plan.stages.as_slice()),
    };
    let Some((Stage::Orient(Orient::Exif), stages)) = rest.split_first() else {
        return Err(unwritable("a picture that is not turned upright first"));
    };
    if depth(stages) > MAX_LAYERS {
        return Err(unwritable(format!("more than {MAX_LAYERS} overlays inside each other")));
    }
    if let Some(why) = plan.overlays().into_iter().find_map(layer::unsayable) {
        return Err(unwritable(why));
    }
    let mut steps = steps(stages, settings)?;
    let offers_avif = meaning::offers_avif(&steps, plan.output.profile);
    let mut last = steps.pop().unwrap_or_default();
    say_output(&mut last, &plan.output, offers_avif, settings)?;
    steps.push(last);
    if let Some(first) = steps.first_mut() {
        first.page = page;
    }
    let texts: Vec<String> = steps.iter().map(spell).filter(|step| !step.is_empty()).collect();
    Ok(texts.join(":"))
}

/// How many overlays stand inside each other.
fn depth(stages: &[Stage]) -> usize {
    let below = |stage: &Stage| match stage {
        Stage::Overlay(overlay) => 1 + depth(&overlay.stages),
        Stage::Measured(measured) => depth(std::slice::from_ref(&measured.stage)),
        Stage::Choose(choose) => depth(&choose.yes).max(depth(&choose.no)),
        _ => 0,
    };
    stages.iter().map(below).max().unwrap_or(0)
}

pub(super) fn unwritable(what: impl Into<String>) -> Unwritable {
    Unwritable { dialect: "imagekit", what: what.into() }
}

/// As few steps as the fixed order inside a step allows: a stage joins the step before it if both together still mean
/// just these stages in this order.
pub(super) fn steps(stages: &[Stage], settings: &Settings) -> Result<Vec<Said>, Unwritable> {
    let mut steps: Vec<Said> = Vec::new();
    let mut held: Vec<Stage> = Vec::new();
    // What a step speaks of as its input begins there.
    let mut begins = false;
    for stage in stages {
        if *stage == Stage::Mark {
            begins = true;
            continue;
        }
        held.push(stage.clone());
        let joined = match steps.last() {
            Some(step) if !begins && step.choice.is_none() => extended(step, stage, &held, settings),
            _ => None,
        };
        begins = false;
        if let (Some(joined), Some(step)) = (joined, steps.last_mut()) {
            *step = joined;
            continue;
        }
        held = vec![stage.clone()];
        let alone = extended(&Said::default(), stage, &held, settings);
        steps.push(alone.ok_or_else(|| unwritable(stage.to_string()))?);
    }
    Ok(steps)
}

fn extended(step: &Said, stage: &Stage, meant: &[Stage], settings: &Settings) -> Option<Said> {
    let mut said = step.clone();
    say(&mut said, stage, settings)?;
    // As behind another step: what comes in is not what there was at first.
    let mut stages = vec![Stage::Mark];
    stages.extend(meaning::stages(&said, settings, &mut Vec::new()));
    let mut plan = Plan { stages, output: OutputRule::default() };
    plan.canonicalise();
    let found = match plan.stages.split_first() {
        Some((Stage::Mark, rest)) => rest,
        _ => &plan.stages,
    };
    (found == meant).then_some(said)
}

/// Says one more stage, or `None` where there are no words or they are taken.
fn say(said: &mut Said, stage: &Stage, settings: &Settings) -> Option<()> {
    match stage {
        Stage::Trim(Trim { mode: TrimMode::Corner, tolerance, keep: 0 }) => {
            let percent = tolerance.get();
            set(&mut said.trim, Some(Some(percent as u32).filter(|n| f64::from(*n) == percent)?))
        }
        Stage::Resize(resize) => say_resize(said, resize),
        Stage::Extract(Region::Window { width, height, gravity, pad, cut }) => {
            let mode = match (pad, cut) {
                (None, true) => Mode::Extract,
                (Some(_), true) => Mode::PadExtract,
                (Some(_), false) => Mode::PadExtractNoShrink,
                (None, false) => return None,
            };
            say_sides(said, *width, *height)?;
            say_mode(said, mode)?;
            if let Some(pad) = pad {
                say_background(said, *pad)?;
            }
            match *gravity {
                Gravity::TopLeft(x, y) => (said.left, said.top) = (x, y),
                Gravity::Centered(x, y) => (said.center_x, said.center_y) = (x, y),
                other => say_focus(said, other)?,
            }
            Some(())
        }
        Stage::Rotate { degrees, background } => {
            if *background != Background::Auto {
                say_background(said, *background)?;
            }
            let degrees = degrees.get();
            // The shorter way reads better: N45 rather than 315.
            let degrees = if degrees > 180.0 { degrees - 360.0 } else { degrees };
            set(&mut said.rotation, Rotation::By(Fixed::new(degrees)))
        }
        Stage::Flip { horizontal, vertical } => {
            set(&mut said.flip, Flip { horizontal: *horizontal, vertical: *vertical })
        }
        Stage::Flatten(ground) => say_background(said, *ground),
        Stage::Overlay(overlay) => {
            said.layers.push(layer::said(overlay, &[], settings)?);
            Some(())
        }
        Stage::Measured(measured) => match &*measured.stage {
            Stage::Overlay(_) => {
                let Stage::Overlay(overlay) = measured.stand_in() else { return None };
                said.layers.push(layer::said(&overlay, &measured.lengths, settings)?);
                Some(())
            }
            _ => say_measured(said, measured, settings),
        },
        Stage::Choose(choose) if *said == Said::default() => {
            let (yes, no) = (steps(&choose.yes, settings).ok()?, steps(&choose.no, settings).ok()?);
            let condition = choose.condition.clone();
            said.choice = Some(Box::new(Choice { condition, yes, no }));
            Some(())
        }
        other => effects::say(said, other),
    }
}

fn say_measured(said: &mut Said, measured: &Measured, settings: &Settings) -> Option<()> {
    say(said, &measured.stand_in(), settings)?;
    let sides = measured.lengths.iter().filter(|(length, _)| matches!(length, Length::Width | Length::Height));
    // What has no words as it is may be the product of what has some and a device pixel ratio, which then counts for both sides.
    let dpr = sides.clone().filter(|(_, expr)| expression::spell(expr).is_none()).find_map(|(_, expr)| {
        let ratio = expression::product(expr)?.1;
        (LEAST_DPR..=MOST_DPR).contains(&ratio).then_some(ratio)
    });
    if let Some(dpr) = dpr {
        set(&mut said.dpr, dpr)?;
        for side in [&mut said.width, &mut said.height] {
            if let Some(Dim::Px(px)) = side {
                *px = (f64::from(*px) / dpr).round().max(1.0) as u32;
            }
        }
    }
    for (length, expr) in &measured.lengths {
        let is_side = matches!(length, Length::Width | Length::Height);
        let expr = &match dpr.filter(|_| is_side) {
            Some(dpr) => expression::part(expr, dpr)?,
            None => expr.clone(),
        };
        let key = match length {
            Length::Width => "w",
            Length::Height => "h",
            Length::Aspect => "ar",
            Length::X => "x",
            Length::Y => "y",
            Length::CenterX => "xc",
            Length::CenterY => "yc",
            Length::Border => "b",
            Length::Stop => match expr.constant() {
                Some(pixels) => {
                    said.gradient.as_mut()?.stop = Stop::Px(pixels as u32);
                    continue;
                }
                None => "e-gradient",
            },
            _ => return None,
        };
        expression::spell(expr)?;
        said.lengths.set(key, expr.clone());
    }
    Some(())
}

fn say_resize(said: &mut Said, resize: &Resize) -> Option<()> {
    let known = resize.limits == Limits::default() && resize.zoom == Fixed::ONE;
    let complete = resize.aspect.is_some() || (resize.width.is_some() && resize.height.is_some());
    let mode = match (resize.fit, resize.enlarge) {
        _ if !known => return None,
        (Fit::Inside, Enlarge::No) => Mode::AtMax,
        (Fit::Inside, Enlarge::Yes) if complete => Mode::AtMaxEnlarge,
        (Fit::Inside | Fit::Cover, Enlarge::Yes) => Mode::MaintainRatio,
        (Fit::Cover, Enlarge::NoClamp) => Mode::MaintainRatioNoEnlarge,
        (Fit::Outside, Enlarge::Yes) => Mode::AtLeast,
        (Fit::Contain, Enlarge::Yes) => Mode::PadResize,
        (Fit::Contain, Enlarge::No) => Mode::PadResizeNoEnlarge,
        (Fit::Stretch, Enlarge::Yes) => Mode::Force,
        _ => return None,
    };
    say_sides(said, resize.width, resize.height)?;
    match resize.aspect {
        None => {}
        Some(Aspect::Exact(ratio)) => set(&mut said.aspect, Ratio { width: ratio.get(), height: 1.0 })?,
        Some(Aspect::Between(..)) => return None,
    }
    if mode != Mode::MaintainRatio {
        say_mode(said, mode)?;
    }
    if mode.pads() {
        say_background(said, resize.background)?;
    }
    say_focus(said, resize.gravity)
}

fn say_sides(said: &mut Said, width: Option<Dim>, height: Option<Dim>) -> Option<()> {
    if (said.width, said.height) != (None, None) {
        return None;
    }
    (said.width, said.height) = (width, height);
    for (key, of, side) in [("w", "cw", width), ("h", "ch", height)] {
        // Above 1, a plain number is pixels.
        if let Some(Dim::Ratio(share)) = side.filter(|side| matches!(side, Dim::Ratio(share) if share.get() > 1.0)) {
            said.lengths.set(key, expression::share(share.get(), of)?);
        }
    }
    Some(())
}

fn say_mode(said: &mut Said, mode: Mode) -> Option<()> {
    set(if mode.is_crop_mode() { &mut said.crop_mode } else { &mut said.crop }, mode)
}

fn say_focus(said: &mut Said, gravity: Gravity) -> Option<()> {
    match gravity {
        Gravity::CENTER => Some(()),
        Gravity::Anchor(horizontal, vertical) => set(&mut said.focus, Focus::At(horizontal, vertical)),
        Gravity::Attention => set(&mut said.focus, Focus::Auto),
        _ => None,
    }
}

/// Two stages of one step may share a background.
fn say_background(said: &mut Said, background: Background) -> Option<()> {
    let fill = match background {
        Background::Color(color) => Fill::Color(color),
        Background::DominantEdge => Fill::Dominant,
        Background::DominantGradient(colors) => Fill::Gradient(colors),
        Background::Blur(blur) => effects::blurred(blur)?,
        _ => return None,
    };
    if said.background == Some(fill) { Some(()) } else { set(&mut said.background, fill) }
}

fn set<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    if slot.is_some() {
        return None;
    }
    *slot = Some(value);
    Some(())
}

fn say_output(said: &mut Said, output: &OutputRule, offers_avif: bool, settings: &Settings) -> Result<(), Unwritable> {
    let negotiated = meaning::negotiated(settings, offers_avif);
    said.format = match &output.format {
        FormatRule::Always(format) => Some(FormatSaid::As(*format)),
        FormatRule::Source => settings.auto_format.then_some(FormatSaid::Original),
        rule if *rule == negotiated => (!settings.auto_format).then_some(FormatSaid::Auto),
        FormatRule::Negotiate { .. } => return Err(unwritable(output.to_string())),
    };
    if output.quality != OutputRule::default().quality {
        said.quality = Some(output.quality.jpeg);
    }
    said.lossless = output.lossless.then_some(true);
    said.progressive = output.progressive.then_some(true);
    said.metadata = (output.metadata == Metadata::Keep).then_some(true);
    said.profile = (output.profile == Profile::Keep).then_some(true);
    said.density = Some(output.density).filter(|density| *density > 0);
    Ok(())
}

pub(super) fn spell(said: &Said) -> String {
    if let Some(choice) = &said.choice {
        return spell_choice(choice);
    }
    let tokens = rows().filter_map(|row| {
        let value = (row.write)(said)?;
        let value =
            said.lengths.get(row.name).map_or(value.clone(), |expr| expression::spell_into(row.name, expr, &value));
        Some(if value.is_empty() { row.name.to_owned() } else { format!("{}-{value}", row.name) })
    });
    tokens.chain(said.layers.iter().map(layer::spell)).collect::<Vec<_>>().join(",")
}

fn spell_choice(choice: &Choice) -> String {
    let steps = |steps: &[Said]| {
        let texts: Vec<String> = steps.iter().map(spell).filter(|step| !step.is_empty()).collect();
        texts.join(":")
    };
    let (yes, no) = (steps(&choice.yes), steps(&choice.no));
    let mut text = format!("if-{}", condition::spell(&choice.condition).unwrap_or_default());
    for part in [yes, if no.is_empty() { no } else { format!("if-else,{no}") }] {
        if !part.is_empty() {
            text = text + "," + &part;
        }
    }
    text + ",if-end"
}
