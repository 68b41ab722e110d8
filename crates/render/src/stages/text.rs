//! Texts that are drawn over a picture: from the plan's words to those of the text room.

use codec::{CodecError, Info, Picture, Pixels};
use plan::{Dim, Fixed, Ligatures, Text, TextAlign, TextCut, TextFit, Vertical};
use text::{
    Align, Bounds, CutAt, Limits, LineHeight, Outline, Overflow, Shadow, Sides, Style, TextError, Warning, draw, layout,
};

use crate::geometry::{Core, Size, length};
use crate::scope::{Scope, blank, bytes, pixels};
use crate::work::Work;

/// Memory that painting a text takes for each pixel of it: two canvases with their coverage, and a shadow's.
const BYTES_PER_PIXEL: u64 = 24;
/// Families that are looked for, and the letters of one's name.
const FAMILIES: usize = 32;
const FAMILY_BYTES: usize = 256;

/// A text's picture, and its box in it. `anchor` is where it is placed: in a box that is higher than its lines they stand
/// on that side. `None` for a text without letters.
///
/// # Errors
/// [`CodecError::OverBudget`] where it would be larger than a picture may be, or costs more than the budget leaves.
pub(super) fn drawn(
    text: &Text,
    below: Size,
    anchor: Vertical,
    own: &Scope<'_>,
) -> Result<Option<(Pixels, Core)>, CodecError> {
    let fonts = own.pictures.fonts()?;
    own.cancel.check()?;
    let default = Limits::default();
    let limits = Limits {
        side: own.cap,
        area: default.area.min(own.budget.input_pixels).min(own.budget.memory / BYTES_PER_PIXEL),
        ..default
    };
    let laid = match layout(&text.text, &style(text, below, anchor), fonts, &limits) {
        Ok(laid) => laid,
        Err(TextError::Empty) => return Ok(None),
        Err(error) => return Err(refused(error)),
    };
    own.cancel.check()?;
    laid.warnings.iter().filter(|w| is_amiss(w)).for_each(|warning| own.pictures.warn(format!("text: {warning}")));
    let picture = draw(&laid).map_err(refused)?;
    let size = Size::new(picture.width, picture.height);
    let frame = laid.frame;
    let core = Core { x: frame.x, y: frame.y, size: Size::new(frame.width, frame.height) };
    Ok(Some((pixels(size, codec::Channels::Rgba, picture.data), core)))
}

/// Puts a text's own box in the place of the picture. One without letters is as large as its box is said to be.
pub(super) fn typeset(text: &Text, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    let picture = match drawn(text, work.size(), Vertical::Top, scope)? {
        Some((pixels, core)) => cut(&pixels, core),
        None => empty(text, scope)?,
    };
    let info = Info {
        kind: codec::Kind::Png,
        width: picture.width,
        height: picture.height,
        orientation: 1,
        may_have_alpha: true,
        frames: 1,
    };
    *work = Work::new(Picture::still(picture), &info);
    Ok(())
}

/// The box of a text without letters, in its colour.
fn empty(text: &Text, scope: &Scope<'_>) -> Result<Pixels, CodecError> {
    let [top, right, bottom, left] = text.padding;
    let side = |said: Option<Dim>, before: u32, after: u32| match said {
        Some(Dim::Px(px)) => px.saturating_add(before).saturating_add(after).clamp(1, scope.cap),
        Some(Dim::Ratio(_)) | None => before.saturating_add(after).clamp(1, scope.cap),
    };
    let size = Size::new(side(text.width, left, right), side(text.height, top, bottom));
    scope.room(0, bytes(size, codec::Channels::Rgba))?;
    let mut box_alone = blank(size, codec::Channels::Rgba);
    let color = text.background.unwrap_or(plan::Color::TRANSPARENT);
    box_alone.data.as_chunks_mut::<4>().0.fill([color.r, color.g, color.b, color.a]);
    Ok(box_alone)
}

/// The box alone.
pub(super) fn cut(whole: &Pixels, core: Core) -> Pixels {
    let count = whole.channels.count();
    let mut out = blank(core.size, whole.channels);
    let (row, stride) = (core.size.w as usize * count, whole.width as usize * count);
    for (y, line) in out.data.chunks_exact_mut(row).enumerate() {
        let start = (core.y as usize + y) * stride + core.x as usize * count;
        line.copy_from_slice(&whole.data[start..start + row]);
    }
    out
}

fn style(text: &Text, below: Size, anchor: Vertical) -> Style {
    let number = |value: Fixed, least: f64, most: f64| value.get().clamp(least, most) as f32;
    let size = (text.size.get() as f32).max(0.5);
    let most = f64::from(size);
    let (width, height) = (width(text, below), length(text.height, below.h));
    // The box is as large as it was said wherever that can be seen: else it is held to its lines, so that a text which is
    // not aligned in it lies where its overlay does.
    let fills = !text.snug && (text.background.is_some() || text.align != TextAlign::Start);
    let least = |side: Option<u32>| side.filter(|_| fills).unwrap_or(0);
    let (wrap, overflow, ellipsis) = match text.fit {
        TextFit::Clip { cut, ellipsis } => (false, Overflow::Cut(place(cut)), ellipsis),
        TextFit::Shrink => (false, Overflow::Shrink, false),
        TextFit::Wrap => (true, Overflow::Cut(CutAt::End), true),
        TextFit::WrapShrink => (true, Overflow::Shrink, false),
    };
    let [top, right, bottom, left] = text.padding;
    Style {
        families: text.families.iter().filter(|name| name.len() <= FAMILY_BYTES).take(FAMILIES).cloned().collect(),
        size,
        weight: text.weight.clamp(1, 1000),
        italic: text.italic,
        underline: text.underline,
        strikethrough: text.strikethrough,
        color: text.color,
        align: match text.align {
            TextAlign::Start => Align::Start,
            TextAlign::Left => Align::Left,
            TextAlign::Center => Align::Center,
            TextAlign::Right => Align::Right,
            TextAlign::Justify => Align::Justify,
        },
        vertical: match anchor {
            Vertical::Top => text::Vertical::Top,
            Vertical::Center => text::Vertical::Middle,
            Vertical::Bottom => text::Vertical::Bottom,
        },
        line_height: text.line_height.map_or(LineHeight::Font, |ems| LineHeight::Times(number(ems, 0.01, 10.0))),
        letter_spacing: number(text.letter_spacing, -most / 2.0, most * 10.0),
        ligatures: match text.ligatures {
            Ligatures::Required => text::Ligatures::Required,
            Ligatures::Common => text::Ligatures::Common,
            Ligatures::All => text::Ligatures::All,
        },
        wrap,
        max_width: width,
        max_height: height,
        min_width: least(width),
        min_height: least(height),
        overflow,
        ellipsis,
        bounds: if text.snug { Bounds::Ink } else { Bounds::Lines },
        padding: Sides { top, right, bottom, left },
        background: text.background.unwrap_or(plan::Color::TRANSPARENT),
        outline: text.outline.map(|(width, color)| Outline { width: number(width, 0.0, most), color }),
        shadow: text.shadow.map(|(x, y, sigma, color)| Shadow {
            dx: number(x, -1000.0, 1000.0),
            dy: number(y, -1000.0, 1000.0),
            blur: (2.0 * sigma.get()).clamp(0.0, 200.0) as f32,
            color,
        }),
        ..Style::default()
    }
}

fn width(text: &Text, below: Size) -> Option<u32> {
    let width = length(text.width, below.w)?;
    let is_share = matches!(text.width, Some(Dim::Ratio(_)));
    Some(if is_share { width.saturating_sub(text.less).max(1) } else { width })
}

fn place(cut: TextCut) -> CutAt {
    match cut {
        TextCut::Start => CutAt::Start,
        TextCut::Middle => CutAt::Middle,
        TextCut::End => CutAt::End,
    }
}

/// Whether a text is not as asked. That it was cut or made smaller was asked.
fn is_amiss(warning: &Warning) -> bool {
    !matches!(warning, Warning::Cut | Warning::Shrunk)
}

fn refused(error: TextError) -> CodecError {
    match error {
        TextError::OverLimit { what, found, limit } => {
            let what = match what {
                "characters" => "text characters",
                "lines" => "text lines",
                "size" => "text size",
                "width" => "text width",
                "height" => "text height",
                "area" => "text pixels",
                "ink" => "text ink",
                "lines of outlines" => "text outlines",
                "color glyphs" => "text color glyphs",
                _ => "text",
            };
            CodecError::OverBudget { what, found, limit }
        }
        other => CodecError::Internal(other.to_string()),
    }
}
