//! From what is said to what it means.
//!
//! Order of the stages: page, orientation, `rect`, `trim`, size, adjustments, `flip`, `rot`, styles, bars, `blend`, `mask`,
//! text, watermark, `pad`, `border`, `bg` (docs.imgix.com/resources/order-of-operations). imgix adjusts colours before
//! it scales; here that comes after, since it is the same to the eye and touches fewer pixels. Bars come after whatever
//! changes the picture, and stay as they are.

mod effects;
mod output;
mod overlays;
mod shape;
mod size;

use plan::{Asset, Background, Dim, Fit, Frames, Orient, Plan, Region, Resize, Stage};

use super::said::{FmWord, FrameWord, RotWord, Said};
use super::typeset;
use super::values::MOST_DPR;
use crate::hints::Hints;
use crate::request::WarningKind;
use crate::settings::Settings;

pub(super) use effects::SHADES;
pub(super) use output::{BLURHASH, COLORS, PREFIX, default_quality, offer};
pub(super) use overlays::{BLEND, Defaults, MARK, TILED, TXT, dress, text_size};
pub(super) use shape::{AUTO_TRIM, corner_share, grid};
pub(super) use size::{DOWN, bars, gradient_radii};

/// Warnings about parameters by their canonical names.
pub(super) type Notes = Vec<(WarningKind, &'static str)>;

/// The canonical plan, and which parameters did not come to bear.
///
/// `auto=compress` without `format` lowers the default quality only: the format stays the source's, save where a mask
/// needs alpha.
pub(super) fn plan(said: &Said, asset: &Asset, settings: &Settings) -> (Plan, Notes) {
    let mut notes = Notes::new();
    if is_bypassed(said, asset) {
        return (Plan::original(), notes);
    }
    idle(&mut notes, "rasterize-bypass", said.bypass == Some(true));
    if said.fm == Some(FmWord::Pdf) {
        // Nothing else is ever made into a document.
        notes.push((WarningKind::Unsupported, "fm"));
        let (plan, rest) = self::plan(&Said { fm: None, ..said.clone() }, asset, settings);
        return (plan, [notes, rest].concat());
    }
    let typeset = typeset::is_asked(asset).then(|| typeset::text(said)).flatten();
    let stages = match typeset {
        Some(text) => {
            notes.extend(typeset::unheard(said));
            vec![Stage::Typeset(Box::new(text))]
        }
        None => stages(said, settings, &mut notes),
    };
    let mut plan = Plan { stages, output: output::rule(said, settings, &mut notes) };
    plan.canonicalise();
    let changes_pixels = plan.stages.iter().any(|s| *s != Stage::Orient(Orient::Exif)) || said.orient.is_some();
    if !changes_pixels && !output::is_said(said) {
        plan = Plan::original();
    }
    (plan, notes)
}

/// Whether a document is asked for as it is. What it is, is told by its name: it is known before it is fetched.
pub(super) fn is_bypassed(said: &Said, asset: &Asset) -> bool {
    let name = match asset {
        Asset::Path(path) => path.as_str(),
        Asset::Url(url) => url.split(['?', '#']).next().unwrap_or_default(),
    };
    let ends_in = |endings: &[&str]| {
        name.rsplit_once('.').is_some_and(|(_, ending)| endings.iter().any(|e| e.eq_ignore_ascii_case(ending)))
    };
    (said.bypass == Some(true) && ends_in(&["svg", "svgz", "eps", "pdf", "ai"]))
        || (said.fm == Some(FmWord::Pdf) && ends_in(&["pdf", "ai"]))
}

/// The quality for clients that want to save data.
const SAVING_QUALITY: u8 = 45;

/// Puts what the client hints at in the place of what the URL says, where `ch` asks for it. Saving data never raises the
/// quality.
pub(super) fn hear(said: &mut Said, hints: Hints, settings: &Settings) {
    let hints = hints.heard_by(said.hints.unwrap_or_default());
    if let Some(width) = hints.width() {
        said.w = Some(Dim::Px(width.min(settings.max_side.max(1))));
        said.w_is_physical = true;
    }
    if let Some(dpr) = hints.dpr() {
        said.dpr = Some(dpr.clamp_to(0.0, MOST_DPR));
    }
    if hints.save_data() {
        let asked = said.q.unwrap_or(SAVING_QUALITY);
        said.q = Some(asked.min(SAVING_QUALITY));
    }
}

fn stages(said: &Said, settings: &Settings, notes: &mut Notes) -> Vec<Stage> {
    let mut stages = Vec::new();
    stages.extend(frames(said, notes));
    stages.push(Stage::Orient(said.orient.map_or(Orient::Exif, Orient::Fixed)));
    if let Some(r) = said.rect {
        let region = Region::Rect { x: r.x, y: r.y, width: r.width, height: r.height, align: r.align };
        stages.push(Stage::Extract(region));
    }
    stages.extend(shape::trim(said, notes).map(Stage::Trim));
    let mut target = size::target(said, settings, notes);
    let pad = size::pad(said, &mut target, notes);
    let size = size::resize(said, target, notes);
    let adjusted = canonical(effects::adjusted(said, notes));
    let turned = canonical(turned(said, notes));
    let styled = canonical(effects::styled(said, notes));
    stages.extend(composed(size, adjusted, [turned, styled].concat()));
    stages.extend(overlays::blend(said, settings, notes));
    stages.extend(shape::mask(said, notes));
    if output::report(said).is_some() {
        unseen(said, notes);
        return stages;
    }
    stages.extend(overlays::txt(said, settings, notes));
    stages.extend(overlays::mark(said, settings, notes));
    stages.extend(pad.map(Stage::Pad));
    stages.extend(shape::border(said, notes).map(Stage::Border));
    stages.extend(shape::stroke(said, notes).map(Stage::Border));
    stages.extend(said.bg.map(|color| Stage::Flatten(Background::Color(color))));
    stages.extend(shape::chequers(said, notes));
    stages
}

/// The page or frame that is taken, or how the animation plays. A page goes before a frame, and a single one plays nothing.
fn frames(said: &Said, notes: &mut Notes) -> Option<Stage> {
    idle(notes, "frame", said.frame.is_some() && said.page.is_some());
    let animation = &said.animation;
    let nth = match (said.page, said.frame) {
        (Some(page), _) => Some(page),
        (None, Some(FrameWord::One(frame))) => Some(frame),
        (None, Some(FrameWord::Range(..)) | None) => None,
    };
    if let Some(nth) = nth {
        for (name, given) in [
            ("loop", animation.plays.is_some()),
            ("fps", animation.fps.is_some()),
            ("interval", animation.interval.is_some()),
            ("skip", animation.skip.is_some()),
            ("reverse", animation.reverse == Some(true)),
        ] {
            idle(notes, name, given);
        }
        return Some(Stage::Page(nth.saturating_sub(1)));
    }
    idle(notes, "skip", animation.skip == Some(1));
    let (first, last) = match said.frame {
        Some(FrameWord::Range(first, last)) => (first.saturating_sub(1), last.map(|last| last.saturating_sub(1))),
        Some(FrameWord::One(_)) | None => (0, None),
    };
    Some(Stage::Frames(Frames {
        first,
        last,
        every: animation.interval.unwrap_or(1),
        without: animation.skip.unwrap_or(0),
        reverse: animation.reverse == Some(true),
        rate: animation.fps,
        plays: animation.plays.map(|plays| plays.min(u16::MAX.into()) as u16),
    }))
}

/// What a report does not see, since it is drawn after the report is made.
fn unseen(said: &Said, notes: &mut Notes) {
    for (name, given) in [
        ("txt", said.txt.of.is_some()),
        ("mark", said.mark.of.is_some()),
        ("border", said.border.of.is_some()),
        ("border-stroke-size", said.border.stroke_size.is_some()),
        ("transparency", said.transparency.is_some()),
    ] {
        idle(notes, name, given);
    }
}

fn turned(said: &Said, notes: &mut Notes) -> Vec<Stage> {
    let mut stages = Vec::new();
    if let Some((horizontal, vertical)) = said.flip {
        stages.push(Stage::Flip { horizontal, vertical });
    }
    match (said.rot, said.rot_type) {
        (Some(degrees), None | Some(RotWord::Straighten)) => stages.push(Stage::Straighten { degrees }),
        (Some(degrees), Some(RotWord::Pivot)) => {
            stages.push(Stage::Rotate { degrees, background: size::bars(said.bg) });
        }
        (None, Some(_)) => notes.push((WarningKind::NoEffect, "rot-type")),
        (None, None) => {}
    }
    stages
}

/// The size with what is done to the picture around it. A size with bars is parted: the picture is scaled, worked on, and
/// only then set between its bars. Where the bars cannot be worked out from the URL alone, the adjustments come first.
fn composed(size: Option<Stage>, adjusted: Vec<Stage>, after: Vec<Stage>) -> Vec<Stage> {
    let Some(Stage::Resize(resize)) = size.clone().filter(has_bars) else {
        return size.into_iter().chain(adjusted).chain(after).collect();
    };
    let in_pixels = matches!((resize.width, resize.height), (Some(Dim::Px(_)), Some(Dim::Px(_))));
    if !in_pixels || (adjusted.is_empty() && after.is_empty()) {
        return adjusted.into_iter().chain(size).chain(after).collect();
    }
    let bars = Region::Window {
        width: resize.width,
        height: resize.height,
        gravity: resize.gravity,
        pad: Some(resize.background),
        cut: false,
    };
    let scaled = Resize { fit: Fit::Inside, background: Background::Auto, ..resize };
    std::iter::once(Stage::Resize(scaled)).chain(adjusted).chain(after).chain([Stage::Extract(bars)]).collect()
}

fn has_bars(size: &Stage) -> bool {
    match size {
        Stage::Resize(resize) => {
            let framed = resize.aspect.is_some() || (resize.width.is_some() && resize.height.is_some());
            resize.fit == Fit::Contain && framed
        }
        _ => false,
    }
}

/// Without what changes nothing.
fn canonical(stages: Vec<Stage>) -> Vec<Stage> {
    let mut plan = Plan::original();
    (plan.output.original, plan.stages) = (false, stages);
    plan.canonicalise();
    plan.stages
}

fn idle(notes: &mut Notes, name: &'static str, is: bool) {
    if is {
        notes.push((WarningKind::NoEffect, name));
    }
}
