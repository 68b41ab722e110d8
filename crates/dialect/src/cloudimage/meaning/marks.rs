//! Watermarks.

use plan::{Dim, Fit, Fixed, Horizontal, Overlay, Picture, Resize, Shift, Stage, Text, TextFit, Vertical};

use super::{dpr, warn};
use crate::cloudimage::said::Said;
use crate::cloudimage::said::marks::{FontSize, Mark, MarkAnchor, MarkScale};
use crate::cloudimage::table::MARKS;
use crate::overlay;
use crate::request::{Warning, WarningKind};

/// The watermarks, in the order in which they are drawn. Their distances in pixels, and the size of letters, are multiplied
/// by `dpr`, so that a picture looks alike at every density.
pub(super) fn overlays(said: &Said, warnings: &mut Vec<Warning>) -> Vec<Overlay> {
    if !said.watermark {
        for (index, mark) in said_of(said) {
            for row in MARKS {
                if let Some(value) = (row.write)(mark) {
                    warn(warnings, WarningKind::NoEffect, &indexed(row.name, index), &value, "beside wat=1");
                }
            }
        }
        return Vec::new();
    }
    for (index, mark) in said_of(said) {
        check(mark, index, warnings);
    }
    let marks = match said.marks.is_empty() {
        true => vec![(None, said.mark.clone())],
        false => said.marks.iter().map(|(index, mark)| (Some(*index), mark.or(&said.mark))).collect(),
    };
    let mut drawn = Vec::new();
    for (index, mark) in marks {
        let overlay = one(&mark, dpr(said), index, warnings);
        if overlay.is_none() {
            let allowed = "beside wat_url or wat_text, in the URL or among the site's defaults";
            warn(warnings, WarningKind::Unsupported, &indexed("wat", index), "1", allowed);
        }
        drawn.extend(overlay);
    }
    drawn
}

/// What is said of all, then of each.
fn said_of(said: &Said) -> impl Iterator<Item = (Option<u32>, &Mark)> {
    [(None, &said.mark)].into_iter().chain(said.marks.iter().map(|(index, mark)| (Some(*index), mark)))
}

fn indexed(name: &str, index: Option<u32>) -> String {
    index.map_or_else(|| name.to_owned(), |index| format!("{name}[{index}]"))
}

/// Says what of a watermark idles beside the rest.
fn check(mark: &Mark, index: Option<u32>, warnings: &mut Vec<Warning>) {
    let placed = matches!(mark.anchor, Some(MarkAnchor::Absolute | MarkAnchor::Relative));
    for (name, idle, allowed) in [
        ("wat_url", mark.text.is_some(), "without wat_text"),
        ("wat_pos", !placed && mark.anchor.is_some(), "beside wat_gravity=absolute or relative"),
        ("wat_pad", placed, "beside an edge as wat_gravity"),
        ("wat_font", mark.asset.is_some() && mark.text.is_none(), "beside wat_text"),
        ("wat_fontsize", mark.asset.is_some() && mark.text.is_none(), "beside wat_text"),
        ("wat_color", mark.asset.is_some() && mark.text.is_none(), "beside wat_text"),
    ] {
        let value = MARKS.iter().find(|row| row.name == name).and_then(|row| (row.write)(mark));
        if let Some(value) = value.filter(|_| idle) {
            warn(warnings, WarningKind::NoEffect, &indexed(name, index), &value, allowed);
        }
    }
}

/// One watermark; `None` where it is neither picture nor text.
fn one(mark: &Mark, dpr: f64, index: Option<u32>, warnings: &mut Vec<Warning>) -> Option<Overlay> {
    if mark.text.is_none() && mark.asset.is_none() {
        return None;
    }
    let (anchor, offset) = place(mark, dpr, index, warnings);
    let mut drawn = match (&mark.text, &mark.asset) {
        (Some(said), _) => Overlay::new(Picture::Text(Box::new(text(mark, said, dpr, offset.0)))),
        (None, Some(asset)) => overlay::upright(None, asset),
        (None, None) => return None,
    };
    match mark.scale {
        None => {}
        // A text has grown with its letters.
        Some(MarkScale::Own(percent)) if mark.text.is_some() || overlay::share(percent) == Fixed::ONE => {}
        Some(MarkScale::Own(percent)) => {
            let width = Dim::Ratio(overlay::share(percent));
            drawn.stages.push(Stage::Resize(Resize::new(Some(width), None, Fit::Inside)));
        }
        Some(MarkScale::Picture(x, y)) => {
            drawn.width = Some(Dim::Ratio(overlay::share(x)));
            drawn.height = Some(Dim::Ratio(overlay::share(y)));
        }
    }
    drawn.shrink = true;
    (drawn.anchor, drawn.offset) = (anchor, offset);
    drawn.opacity = mark.opacity.unwrap_or(Fixed::ONE);
    Some(drawn)
}

type Place = ((Horizontal, Vertical), (Shift, Shift));

fn place(mark: &Mark, dpr: f64, index: Option<u32>, warnings: &mut Vec<Warning>) -> Place {
    let position = mark.position.unwrap_or_default();
    let absolute = || {
        let share = |percent: Fixed| Shift::Ratio(overlay::share(percent));
        ((Horizontal::Left, Vertical::Top), (share(position.0), share(position.1)))
    };
    match mark.anchor {
        Some(MarkAnchor::Absolute) => absolute(),
        Some(MarkAnchor::Relative) => {
            // The same share of both is an edge or the middle, where it is a whole half.
            let column = third(position.0).map(|at| [Horizontal::Left, Horizontal::Center, Horizontal::Right][at]);
            let row = third(position.1).map(|at| [Vertical::Top, Vertical::Center, Vertical::Bottom][at]);
            match (column, row) {
                (Some(column), Some(row)) => ((column, row), (Shift::NONE, Shift::NONE)),
                _ => {
                    let allowed = "with a wat_pos of 0, 50 or 100; taken as absolute";
                    warn(warnings, WarningKind::Unsupported, &indexed("wat_gravity", index), "relative", allowed);
                    absolute()
                }
            }
        }
        Some(MarkAnchor::At(..)) | None => {
            let anchor = match mark.anchor {
                Some(MarkAnchor::At(x, y)) => (x, y),
                _ => (Horizontal::Center, Vertical::Center),
            };
            let (x, y) = mark.pad.unwrap_or((Shift::NONE, Shift::NONE));
            (anchor, overlay::inset(anchor, (overlay::scaled(x, dpr), overlay::scaled(y, dpr))))
        }
    }
}

/// 0 for 0 percent, 1 for 50, 2 for 100.
fn third(percent: Fixed) -> Option<usize> {
    [0.0, 50.0, 100.0].into_iter().position(|at| percent == Fixed::new(at))
}

/// The text as a picture. `Nmax` fits it into the width of the picture below, less what it is moved by.
fn text(mark: &Mark, said: &str, dpr: f64, moved: Shift) -> Text {
    let size = mark.size.unwrap_or(FontSize { pixels: Fixed::new(FontSize::DEFAULT), shrinks: false });
    let own = match mark.scale {
        Some(MarkScale::Own(percent)) => percent.get() / 100.0,
        _ => 1.0,
    };
    let mut text = Text::new(said, FontSize::hold(size.pixels.get() * own * dpr));
    if let Some(font) = &mark.font {
        (text.families, text.weight, text.italic) = (vec![font.family.clone()], font.weight, font.italic);
    }
    if size.shrinks {
        text.fit = TextFit::Shrink;
        let taken = match moved {
            Shift::Ratio(share) => share.get().max(0.0),
            Shift::Px(px) => {
                text.less = u32::try_from(px).unwrap_or_default();
                0.0
            }
        };
        text.width = Some(Dim::Ratio(Fixed::new((1.0 - taken).max(0.01))));
    }
    text.color = mark.color.unwrap_or(text.color);
    text
}
