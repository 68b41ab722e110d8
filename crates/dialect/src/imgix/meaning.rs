//! From what is said to what it means.
//!
//! Order of the stages: orientation, `rect`, `trim`, size, `flip`, `rot`, `mark`, `pad`, `bg`.

use plan::{
    Aspect, Background, Color, Dim, Enlarge, Fit, Fixed, Format, FormatRule, Gravity, Horizontal, Limits, Orient,
    OutputRule, Overlay, Pad, Plan, Quality, Region, Resize, Shift, Stage, Trim, TrimMode, Vertical,
};

use super::said::{AlignWord, CropWord, FillWord, FitWord, FmWord, RotWord, Said, TrimWord};
use crate::overlay;
use crate::request::{Settings, WarningKind};

/// How far from the corner's colour `trim=auto` still sees border, in percent: imgix's default mean difference of 11
/// levels.
const AUTO_TOLERANCE: f64 = 11.0 / 2.55;
const DEFAULT_QUALITY: u8 = 75;
const COMPRESSED_QUALITY: u8 = 45;

/// Warnings about parameters by their canonical names.
pub(super) type Notes = Vec<(WarningKind, &'static str)>;

/// The canonical plan, and which parameters did not come to bear.
///
/// `auto=compress` without `format` lowers the default quality only: the format stays the source's.
pub(super) fn plan(said: &Said, settings: &Settings) -> (Plan, Notes) {
    let mut notes = Notes::new();
    let mut plan = Plan { stages: stages(said, settings, &mut notes), output: output(said, settings) };
    plan.canonicalise();
    let changes_pixels = plan.stages.iter().any(|s| *s != Stage::Orient(Orient::Exif)) || said.orient.is_some();
    if !changes_pixels && !says_output(said) {
        plan = Plan::original();
    }
    (plan, notes)
}

fn says_output(said: &Said) -> bool {
    said.fm.is_some()
        || said.q.is_some()
        || said.auto_format
        || said.auto_compress
        || said.lossless.is_some()
        || said.jpg_progressive.is_some()
}

fn stages(said: &Said, settings: &Settings, notes: &mut Notes) -> Vec<Stage> {
    let mut stages = Vec::new();
    match said.orient {
        None => stages.push(Stage::Orient(Orient::Exif)),
        Some(value) => stages.push(Stage::Orient(Orient::Fixed(value))),
    }
    if let Some(r) = said.rect {
        let region = Region::Rect { x: r.x, y: r.y, width: r.width, height: r.height, align: r.align };
        stages.push(Stage::Extract(region));
    }
    stages.extend(trim(said, notes).map(Stage::Trim));
    let mut target = target(said, settings, notes);
    let pad = pad(said, &mut target, notes);
    stages.extend(resize(said, target, notes));
    if let Some((horizontal, vertical)) = said.flip {
        stages.push(Stage::Flip { horizontal, vertical });
    }
    match (said.rot, said.rot_type) {
        (Some(degrees), None | Some(RotWord::Straighten)) => stages.push(Stage::Straighten { degrees }),
        (Some(degrees), Some(RotWord::Pivot)) => stages.push(Stage::Rotate { degrees, background: bars(said.bg) }),
        (None, Some(_)) => notes.push((WarningKind::NoEffect, "rot-type")),
        (None, None) => {}
    }
    stages.extend(mark(said, settings, notes).map(|mark| Stage::Overlay(Box::new(mark))));
    stages.extend(pad.map(Stage::Pad));
    stages.extend(said.bg.map(|color| Stage::Flatten(Background::Color(color))));
    stages
}

fn trim(said: &Said, notes: &mut Notes) -> Option<Trim> {
    let (color, tolerance, alpha, keep) = match said.trim {
        None => (false, false, false, false),
        Some(TrimWord::Auto) => (false, false, false, true),
        Some(TrimWord::Color) => (true, true, false, true),
        Some(TrimWord::Alpha) => (false, false, true, false),
    };
    idle(notes, "trim-color", said.trim_color.is_some() && !color);
    idle(notes, "trim-tol", said.trim_tol.is_some() && !tolerance);
    idle(notes, "trim-alpha", said.trim_alpha.is_some() && !alpha);
    idle(notes, "trim-pad", said.trim_pad.is_some() && !keep);
    let keep = said.trim_pad.unwrap_or(0);
    Some(match said.trim? {
        TrimWord::Auto => Trim { mode: TrimMode::Corner, tolerance: Fixed::new(AUTO_TOLERANCE), keep },
        TrimWord::Color => Trim {
            mode: said.trim_color.map_or(TrimMode::Corner, TrimMode::Color),
            tolerance: percent(said.trim_tol.unwrap_or(Fixed::ZERO).get()),
            keep,
        },
        TrimWord::Alpha => {
            Trim { mode: TrimMode::Alpha, tolerance: percent(said.trim_alpha.unwrap_or(0).into()), keep: 0 }
        }
    })
}

/// Levels of 255 as percent.
fn percent(levels: f64) -> Fixed {
    Fixed::new(levels / 2.55)
}

/// A size as far as the URL alone gives it.
struct Target {
    width: Option<Dim>,
    height: Option<Dim>,
    aspect: Option<Aspect>,
    limits: Limits,
}

/// Works `dpr`, `ar` and the limits into the size.
fn target(said: &Said, settings: &Settings, notes: &mut Notes) -> Target {
    let fit = said.fit.unwrap_or(FitWord::Clip);
    let most = settings.max_side.max(1);
    let dpr = said.dpr.map_or(1.0, Fixed::get);
    let pixels = |side: Option<Dim>| match side {
        Some(Dim::Px(px)) => Some(f64::from(px) * dpr),
        Some(Dim::Ratio(_)) | None => None,
    };
    let (mut w, mut h) = (pixels(said.w), pixels(said.h));
    idle(notes, "dpr", said.dpr.is_some() && w.is_none() && h.is_none() && said.mark.is_none());

    let ratio =
        said.ar.filter(|_| matches!(fit, FitWord::Crop | FitWord::Fill) && (said.w.is_none() || said.h.is_none()));
    idle(notes, "ar", said.ar.is_some() && ratio.is_none());
    if let Some((rw, rh)) = ratio {
        match (w, h) {
            (Some(px), None) => h = Some(px * rh.get() / rw.get()),
            (None, Some(px)) => w = Some(px * rw.get() / rh.get()),
            _ => {}
        }
    }

    let scale = [w, h].into_iter().flatten().map(|px| f64::from(most) / px).fold(1.0, f64::min);
    if scale < 1.0 {
        notes.extend(
            [("w", said.w), ("h", said.h)]
                .into_iter()
                .filter_map(|(name, side)| matches!(side, Some(Dim::Px(_))).then_some((WarningKind::Clamped, name))),
        );
    }
    let side = |px: Option<f64>, said: Option<Dim>| match px {
        Some(px) => Some(Dim::Px(((px * scale).round() as u32).clamp(1, most))),
        None => said,
    };
    let (width, height) = (side(w, said.w), side(h, said.h));

    let aspect = match (width, height) {
        (Some(_), Some(_)) => None,
        _ => ratio.map(|(rw, rh)| Aspect::Exact(Fixed::new(rw.get() / rh.get()))),
    };
    let (width, height, limits) = bounded(width, height, limits(said, fit, most, notes));
    Target { width, height, aspect, limits }
}

/// Applies the limits where both sides are known, so that what comes after counts from the size that results.
fn bounded(width: Option<Dim>, height: Option<Dim>, limits: Limits) -> (Option<Dim>, Option<Dim>, Limits) {
    match (width, height) {
        (Some(Dim::Px(w)), Some(Dim::Px(h))) => {
            let (w, h) = limits.apply(w, h);
            (Some(Dim::Px(w)), Some(Dim::Px(h)), Limits::default())
        }
        _ => (width, height, limits),
    }
}

fn limits(said: &Said, fit: FitWord, most: u32, notes: &mut Notes) -> Limits {
    let limits =
        Limits { min_width: said.min_w, min_height: said.min_h, max_width: said.max_w, max_height: said.max_h };
    let named = [
        ("min-w", limits.min_width),
        ("min-h", limits.min_height),
        ("max-w", limits.max_width),
        ("max-h", limits.max_height),
    ];
    if fit != FitWord::Crop {
        named.into_iter().for_each(|(name, limit)| idle(notes, name, limit.is_some()));
        return Limits::default();
    }
    let over = named.into_iter().filter(|(_, limit)| limit.is_some_and(|l| l > most));
    notes.extend(over.map(|(name, _)| (WarningKind::Clamped, name)));
    let within = |limit: Option<u32>| limit.map(|l| l.min(most));
    Limits {
        min_width: within(limits.min_width),
        min_height: within(limits.min_height),
        max_width: within(limits.max_width),
        max_height: within(limits.max_height),
    }
}

/// Bars lie within a side given in pixels, so the picture gets what they leave; bars that leave nothing are dropped.
fn pad(said: &Said, target: &mut Target, notes: &mut Notes) -> Option<Pad> {
    let names = ["pad", "pad-top", "pad-right", "pad-bottom", "pad-left"];
    let given = [said.pad, said.pad_top, said.pad_right, said.pad_bottom, said.pad_left];
    if given.iter().all(Option::is_none) {
        return None;
    }
    let of = |side: Option<u32>| side.or(said.pad).unwrap_or(0);
    let [top, right, bottom, left] = [said.pad_top, said.pad_right, said.pad_bottom, said.pad_left].map(of);
    let left_over = |side: Option<Dim>, bars: u32| match side {
        Some(Dim::Px(px)) => px.checked_sub(bars).filter(|rest| *rest > 0).map(|rest| Some(Dim::Px(rest))),
        other => Some(other),
    };
    match (left_over(target.width, left + right), left_over(target.height, top + bottom)) {
        (Some(width), Some(height)) => {
            (target.width, target.height) = (width, height);
            Some(Pad { top, right, bottom, left, background: bars(said.bg) })
        }
        _ => {
            names.into_iter().zip(given).for_each(|(name, value)| idle(notes, name, value.is_some()));
            None
        }
    }
}

fn resize(said: &Said, target: Target, notes: &mut Notes) -> Option<Stage> {
    let word = said.fit.unwrap_or(FitWord::Clip);
    let cuts = matches!(word, FitWord::Crop | FitWord::Min);
    let fills = matches!(word, FitWord::Fill | FitWord::FillMax);
    idle(notes, "crop", !said.crop.is_empty() && !cuts);
    idle(notes, "fill", said.fill.is_some() && !fills);
    idle(notes, "fill-color", said.fill_color.is_some() && (!fills || said.fill == Some(FillWord::Blur)));

    let (gravity, zoom) = gravity(said, cuts, notes);
    let (fit, enlarge) = match word {
        FitWord::Clip => (Fit::Inside, Enlarge::Yes),
        FitWord::Max => (Fit::Inside, Enlarge::No),
        FitWord::Crop => (Fit::Cover, Enlarge::Yes),
        FitWord::Min => (Fit::Cover, Enlarge::No),
        FitWord::Scale => (Fit::Stretch, Enlarge::Yes),
        FitWord::Fill | FitWord::Clamp => (Fit::Contain, Enlarge::Yes),
        FitWord::FillMax => (Fit::Contain, Enlarge::No),
    };
    let Target { width, height, aspect, limits } = target;
    if width.is_none() && height.is_none() && aspect.is_none() && limits == Limits::default() {
        idle(notes, "fit", said.fit.is_some());
        return None;
    }
    // The largest rectangle of a ratio, unscaled, has a stage of its own; zoom and limits need a resize.
    if let (None, None, Some(aspect), FitWord::Crop) = (width, height, aspect, word)
        && limits == Limits::default()
        && zoom == Fixed::ONE
    {
        return Some(Stage::Extract(Region::Aspect { aspect, gravity }));
    }
    let background = match word {
        FitWord::Clamp => Background::Edge,
        _ if said.fill == Some(FillWord::Blur) => Background::Blur(plan::BlurFill::PLAIN),
        _ => said.fill_color.map_or_else(|| bars(said.bg), Background::Color),
    };
    Some(Stage::Resize(Resize { width, height, aspect, fit, enlarge, gravity, zoom, background, limits }))
}

/// Bars in the colour of `bg`. Where `bg` is not opaque they stay clear, since [`Stage::Flatten`] puts it behind them.
pub(super) fn bars(bg: Option<Color>) -> Background {
    match bg {
        None => Background::Auto,
        Some(color) if color.a == 255 => Background::Color(color),
        Some(_) => Background::Color(Color::TRANSPARENT),
    }
}

fn gravity(said: &Said, cuts: bool, notes: &mut Notes) -> (Gravity, Fixed) {
    let choice = if cuts { choose(&said.crop) } else { None };
    let focal = choice == Some(Choice::FocalPoint);
    idle(notes, "fp-x", said.fp_x.is_some() && !focal);
    idle(notes, "fp-y", said.fp_y.is_some() && !focal);
    idle(notes, "fp-z", said.fp_z.is_some() && !focal);
    let middle = Fixed::new(0.5);
    match choice {
        None => (Gravity::CENTER, Fixed::ONE),
        Some(Choice::Anchor(h, v)) => (Gravity::Anchor(h, v), Fixed::ONE),
        Some(Choice::Edges) => (Gravity::Edges, Fixed::ONE),
        Some(Choice::Entropy) => (Gravity::Entropy, Fixed::ONE),
        Some(Choice::FocalPoint) => {
            let point = Gravity::Point(said.fp_x.unwrap_or(middle), said.fp_y.unwrap_or(middle));
            (point, said.fp_z.unwrap_or(Fixed::ONE))
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Choice {
    Anchor(Horizontal, Vertical),
    Edges,
    Entropy,
    FocalPoint,
}

/// A list is a chain of fallbacks, of which every link here succeeds, so the first decides; directions that follow each
/// other are one link, in which the last word on an axis counts.
fn choose(words: &[CropWord]) -> Option<Choice> {
    let mut anchor = None;
    for word in words {
        let (h, v) = anchor.unwrap_or((Horizontal::Center, Vertical::Center));
        let next = match word {
            CropWord::Top => (h, Vertical::Top),
            CropWord::Bottom => (h, Vertical::Bottom),
            CropWord::Left => (Horizontal::Left, v),
            CropWord::Right => (Horizontal::Right, v),
            CropWord::Center => (h, v),
            _ if anchor.is_some() => break,
            CropWord::Edges => return Some(Choice::Edges),
            CropWord::Entropy => return Some(Choice::Entropy),
            CropWord::FocalPoint => return Some(Choice::FocalPoint),
        };
        anchor = Some(next);
    }
    anchor.map(|(h, v)| Choice::Anchor(h, v))
}

/// The gap to the edges that goes without saying, in pixels.
pub(super) const MARK_PAD: u32 = 5;

/// The watermark. Pixels are multiplied by `dpr`, the default gap too, so that a picture looks alike at every density.
fn mark(said: &Said, settings: &Settings, notes: &mut Notes) -> Option<Overlay> {
    let placed = said.mark_x.is_some() && said.mark_y.is_some();
    let given = [
        ("mark-align", !said.mark_align.is_empty(), placed),
        ("mark-pad", said.mark_pad.is_some(), placed),
        ("mark-x", said.mark_x.is_some(), false),
        ("mark-y", said.mark_y.is_some(), false),
        ("mark-w", said.mark_w.is_some(), false),
        ("mark-h", said.mark_h.is_some(), false),
        ("mark-fit", said.mark_fit.is_some(), said.mark_w.is_none() && said.mark_h.is_none()),
        ("mark-alpha", said.mark_alpha.is_some(), false),
    ];
    for (name, given, without_effect) in given {
        idle(notes, name, given && (without_effect || said.mark.is_none()));
    }
    let mut mark = overlay::upright(None, said.mark.as_ref()?);
    let dpr = said.dpr.map_or(1.0, Fixed::get);
    let capped;
    (mark.width, mark.height, capped) = overlay::sized((said.mark_w, said.mark_h), dpr, settings.max_side);
    if capped {
        let sides = [("mark-w", said.mark_w), ("mark-h", said.mark_h)];
        let pixels = sides.into_iter().filter(|(_, side)| matches!(side, Some(Dim::Px(_))));
        notes.extend(pixels.map(|(name, _)| (WarningKind::Clamped, name)));
    }
    mark.anchor = (Horizontal::Right, Vertical::Bottom);
    for word in &said.mark_align {
        match word {
            AlignWord::Column(column) => mark.anchor.0 = *column,
            AlignWord::Row(row) => mark.anchor.1 = *row,
        }
    }
    let gap = Shift::Px(said.mark_pad.unwrap_or(MARK_PAD) as i32);
    mark.offset = overlay::inset(mark.anchor, (gap, gap));
    if let Some(x) = said.mark_x {
        (mark.anchor.0, mark.offset.0) = (Horizontal::Left, Shift::Px(x));
    }
    if let Some(y) = said.mark_y {
        (mark.anchor.1, mark.offset.1) = (Vertical::Top, Shift::Px(y));
    }
    mark.offset = (overlay::scaled(mark.offset.0, dpr), overlay::scaled(mark.offset.1, dpr));
    mark.opacity = said.mark_alpha.map_or(Fixed::ONE, overlay::share);
    mark.optional = true;
    Some(mark)
}

fn output(said: &Said, settings: &Settings) -> OutputRule {
    let format = said.fm.map(|fm| match fm {
        FmWord::Jpg | FmWord::ProgressiveJpg => Format::Jpeg,
        FmWord::Png | FmWord::Png8 => Format::Png,
        FmWord::Gif => Format::Gif,
        FmWord::Webp => Format::Webp,
        FmWord::Avif => Format::Avif,
    });
    let quality = said.q.unwrap_or(if said.auto_compress { COMPRESSED_QUALITY } else { DEFAULT_QUALITY });
    OutputRule {
        original: false,
        format: match format {
            _ if said.auto_format => FormatRule::Negotiate { offer: offer(settings), fallback: format },
            Some(format) => FormatRule::Always(format),
            None => FormatRule::Source,
        },
        quality: Quality::all(quality),
        lossless: said.lossless.unwrap_or(false),
        progressive: said.fm == Some(FmWord::ProgressiveJpg) || said.jpg_progressive.unwrap_or(true),
        animation: true,
        palette: said.fm == Some(FmWord::Png8),
        ..OutputRule::default()
    }
}

/// What `auto=format` offers.
pub(super) fn offer(settings: &Settings) -> Vec<Format> {
    if settings.avif { vec![Format::Avif, Format::Webp] } else { vec![Format::Webp] }
}

fn idle(notes: &mut Notes, name: &'static str, is: bool) {
    if is {
        notes.push((WarningKind::NoEffect, name));
    }
}

/// Whether `trim=auto` is what this trim means.
pub(super) fn is_auto_trim(trim: &Trim) -> bool {
    trim.mode == TrimMode::Corner && trim.tolerance == Fixed::new(AUTO_TOLERANCE)
}

/// The quality that goes without saying.
pub(super) fn default_quality() -> Quality {
    Quality::all(DEFAULT_QUALITY)
}
