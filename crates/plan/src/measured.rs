use std::fmt;

use crate::{
    Aspect, Dim, Expr, Fixed, GradientShape, Gravity, Horizontal, Operator, Overlay, Picture, Region, Shift, Sizes,
    Stage, Text, Variable, Vertical,
};

/// A stage of which some lengths are worked out from sizes, once they are known. Where such a length has no value (a
/// division by zero), the stage is carried out as it stands here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Measured {
    /// The stage; no [`Stage::Measured`] or [`Stage::Choose`].
    pub stage: Box<Stage>,
    /// Which lengths, and how they are worked out; once canonical, in the order of [`Length`], each once. Those of an
    /// overlay know the picture below it; what they call initial is the overlay before its own stages.
    pub lengths: Vec<(Length, Expr)>,
}

/// A length of a stage that may be worked out. Results are rounded to whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Length {
    /// Width of a resize, of what is extracted, or of an overlay's box; at least 1.
    Width,
    /// Its height.
    Height,
    /// Width over height of a resize, not rounded to pixels.
    Aspect,
    /// Left edge of what is extracted; of an overlay, its distance on this axis.
    X,
    /// The same from above.
    Y,
    /// Middle of what is extracted.
    CenterX,
    /// The same from above.
    CenterY,
    /// Widths of a frame; outer radii in pixels that are not 0 grow by as much.
    Border,
    /// Where a linear gradient ends: below 1 a share of the way, else pixels of it.
    Stop,
    /// Width of a text's box, at least 1.
    TextWidth,
    /// Size of a text's em, at least 1.
    TextSize,
    /// Height of a text's line, at least 1.
    TextLine,
    /// Room around a text.
    TextPadding,
}

impl Length {
    /// Every length.
    pub const ALL: [Length; 13] = [
        Length::Width,
        Length::Height,
        Length::Aspect,
        Length::X,
        Length::Y,
        Length::CenterX,
        Length::CenterY,
        Length::Border,
        Length::Stop,
        Length::TextWidth,
        Length::TextSize,
        Length::TextLine,
        Length::TextPadding,
    ];

    /// The longest, in pixels. What would be longer has no value.
    pub const MOST: u32 = 65_535;

    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Length::Width => "width",
            Length::Height => "height",
            Length::Aspect => "aspect",
            Length::X => "x",
            Length::Y => "y",
            Length::CenterX => "center-x",
            Length::CenterY => "center-y",
            Length::Border => "border",
            Length::Stop => "stop",
            Length::TextWidth => "text-width",
            Length::TextSize => "text-size",
            Length::TextLine => "text-line",
            Length::TextPadding => "text-pad",
        }
    }

    /// Whether a stage has it.
    pub fn is_of(self, stage: &Stage) -> bool {
        let text = |overlay: &Overlay| matches!(overlay.picture, Picture::Text(_));
        match stage {
            Stage::Resize(_) => matches!(
                self,
                Length::Width
                    | Length::Height
                    | Length::Aspect
                    | Length::X
                    | Length::Y
                    | Length::CenterX
                    | Length::CenterY
            ),
            Stage::Extract(Region::Window { .. }) => matches!(
                self,
                Length::Width | Length::Height | Length::X | Length::Y | Length::CenterX | Length::CenterY
            ),
            Stage::Extract(Region::Rect { .. }) => {
                matches!(self, Length::Width | Length::Height | Length::X | Length::Y)
            }
            Stage::Border(_) => self == Length::Border,
            Stage::Gradient(gradient) => self == Length::Stop && matches!(gradient.shape, GradientShape::Linear { .. }),
            Stage::Overlay(overlay) => match self {
                Length::Width | Length::Height | Length::X | Length::Y => true,
                Length::TextWidth | Length::TextSize | Length::TextLine | Length::TextPadding => text(overlay),
                _ => false,
            },
            _ => false,
        }
    }

    /// Which variable, times a share, is that share of what the stage has its lengths from.
    fn whole(self, of_overlay: bool, ground: Ground) -> Option<Variable> {
        let across = matches!(self, Length::Width | Length::X | Length::TextWidth);
        if !across && !matches!(self, Length::Height | Length::Y) {
            return None;
        }
        Some(match (of_overlay, ground, across) {
            (true, _, true) => Variable::BelowWidth,
            (true, _, false) => Variable::BelowHeight,
            (false, Ground::Initial, true) => Variable::InitialWidth,
            (false, Ground::Initial, false) => Variable::InitialHeight,
            (false, Ground::Marked, true) => Variable::Width,
            (false, Ground::Marked, false) => Variable::Height,
            (false, Ground::Other, _) => return None,
        })
    }

    fn dim_of(self, stage: &mut Stage) -> Option<&mut Option<Dim>> {
        match (self, stage) {
            (Length::Width, Stage::Resize(resize)) => Some(&mut resize.width),
            (Length::Height, Stage::Resize(resize)) => Some(&mut resize.height),
            (Length::Width, Stage::Extract(Region::Rect { width, .. } | Region::Window { width, .. })) => Some(width),
            (Length::Height, Stage::Extract(Region::Rect { height, .. } | Region::Window { height, .. })) => {
                Some(height)
            }
            (Length::X, Stage::Extract(Region::Rect { x, .. })) => Some(x),
            (Length::Y, Stage::Extract(Region::Rect { y, .. })) => Some(y),
            (Length::Width, Stage::Overlay(overlay)) => Some(&mut overlay.width),
            (Length::Height, Stage::Overlay(overlay)) => Some(&mut overlay.height),
            (Length::TextWidth, Stage::Overlay(overlay)) => match &mut overlay.picture {
                Picture::Text(text) => Some(&mut text.width),
                _ => None,
            },
            _ => None,
        }
    }

    fn put_dim(self, stage: &mut Stage, px: Option<u32>) -> Option<()> {
        *self.dim_of(stage)? = Some(Dim::Px(px?));
        Some(())
    }

    /// Puts a value where it belongs; `here` is the size of the stage's input. False where it is no value for that.
    fn put(self, stage: &mut Stage, value: f64, here: Option<(u32, u32)>) -> bool {
        let found = match self {
            Length::Aspect => put_aspect(stage, value),
            Length::X | Length::Y if matches!(stage, Stage::Overlay(_)) => put_shift(self, stage, value),
            Length::CenterX | Length::CenterY => put_place(self, stage, value),
            Length::X | Length::Y if self.dim_of(stage).is_none() => put_place(self, stage, value),
            Length::X | Length::Y => self.put_dim(stage, position(value)),
            Length::Width | Length::Height | Length::TextWidth => {
                self.put_dim(stage, pixels(value).map(|px| px.max(1)))
            }
            Length::Border => put_border(stage, value),
            Length::Stop => put_stop(stage, value, here),
            Length::TextSize | Length::TextLine | Length::TextPadding => put_text(self, stage, value),
        };
        found.is_some()
    }

    /// Puts what stands there as long as the length is not known.
    fn clear(self, stage: &mut Stage) {
        match (self, &mut *stage) {
            (Length::Aspect, Stage::Resize(resize)) => resize.aspect = None,
            (Length::X, Stage::Overlay(overlay)) => overlay.offset.0 = Shift::NONE,
            (Length::Y, Stage::Overlay(overlay)) => overlay.offset.1 = Shift::NONE,
            (Length::Border, Stage::Border(border)) => border.widths = [0; 4],
            (Length::Stop, Stage::Gradient(gradient)) => {
                if let GradientShape::Linear { stop, .. } = &mut gradient.shape {
                    *stop = Fixed::ONE;
                }
            }
            (Length::TextPadding, Stage::Overlay(overlay)) => {
                if let Picture::Text(text) = &mut overlay.picture {
                    text.padding = [0; 4];
                }
            }
            (Length::TextLine, Stage::Overlay(overlay)) => {
                if let Picture::Text(text) = &mut overlay.picture {
                    text.line_height = None;
                }
            }
            _ => {
                if let Some(dim) = self.dim_of(stage) {
                    *dim = None;
                } else if let Some(gravity) = gravity_of(stage) {
                    *gravity = placed(self, *gravity, None).canonical();
                }
            }
        }
    }

    /// Puts something that keeps all the rest of the stage from being taken for idle.
    fn fill(self, stage: &mut Stage) {
        match (self, &mut *stage) {
            (Length::Aspect, Stage::Resize(resize)) => resize.aspect = Some(Aspect::Exact(Fixed::ONE)),
            (Length::Border, Stage::Border(border)) => border.widths = [1; 4],
            _ => {
                if let Some(dim) = self.dim_of(stage) {
                    // A share, so that no limit in pixels is worked into it.
                    *dim = Some(Dim::Ratio(Fixed::new(0.5)));
                } else if let Some(gravity) = gravity_of(stage) {
                    *gravity = placed(self, *gravity, Some(1));
                } else if let Stage::Overlay(overlay) = stage {
                    match self {
                        Length::X => overlay.offset.0 = Shift::Px(1),
                        Length::Y => overlay.offset.1 = Shift::Px(1),
                        _ => {}
                    }
                }
            }
        }
    }
}

/// What a stage's input is the same size as.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Ground {
    /// The picture as it was at first.
    Initial,
    /// The picture at the last mark.
    Marked,
    Other,
}

impl Measured {
    /// The stage, its lengths worked out where the sizes are known; `here` is the size of its input. A length without a
    /// value is left as it stands, and said to `idle`. `None` where there is nothing left to do.
    pub fn settle(&self, sizes: &Sizes, here: (u32, u32), idle: &mut impl FnMut(Length, &Expr)) -> Option<Stage> {
        let mut stage = (*self.stage).clone();
        for (length, expr) in &self.lengths {
            let done = expr.value(sizes).is_some_and(|value| length.put(&mut stage, value, Some(here)));
            if !done {
                idle(*length, expr);
            }
        }
        crate::canonical::stage_alone(stage)
    }

    /// The stage with something in the place of each length.
    pub fn stand_in(&self) -> Stage {
        let mut stage = (*self.stage).clone();
        for (length, _) in &self.lengths {
            length.fill(&mut stage);
        }
        stage
    }

    /// One spelling per meaning; `variable` puts one variable for another of the same meaning.
    pub(crate) fn canonical(self, ground: Ground, variable: impl Fn(Variable) -> Variable) -> Option<Stage> {
        let Measured { mut stage, mut lengths } = self;
        lengths.sort_by_key(|(length, _)| *length);
        let of_overlay = matches!(*stage, Stage::Overlay(_));
        let mut kept: Vec<(Length, Expr)> = Vec::new();
        lengths.retain(|(length, _)| length.is_of(&stage));
        for (length, expr) in lengths {
            kept.retain(|(other, _)| *other != length);
            let expr = if of_overlay { expr } else { expr.with(&variable) };
            let share = length.whole(of_overlay, ground).and_then(|whole| expr.share_of(whole));
            // Without a variable, it is a number or nothing.
            let number = expr.variables().next().is_none().then(|| expr.value(&Sizes::default()));
            let done = match (length, number, share) {
                // A line is so many ems high, and an em is not known.
                (Length::TextLine, Some(_), _) if kept.iter().any(|(other, _)| *other == Length::TextSize) => false,
                (Length::Stop, Some(Some(value)), _) => length.put(&mut stage, value, None),
                (_, Some(None), _) => true,
                // A number that is no length has no say.
                (_, Some(Some(value)), _) => {
                    length.put(&mut stage, value, None);
                    true
                }
                (_, None, Some(share)) => put_share(length, &mut stage, share),
                (_, None, None) => false,
            };
            if !done {
                let expr = if turns(length, &stage) { reversed(&expr) } else { expr };
                kept.push((length, expr));
            }
        }
        if kept.is_empty() {
            return crate::canonical::stage_alone(*stage);
        }
        kept.iter().for_each(|(length, _)| length.fill(&mut stage));
        let mut stage = crate::canonical::stage_alone(*stage)?;
        kept.iter().for_each(|(length, _)| length.clear(&mut stage));
        Some(Stage::Measured(Measured { stage: Box::new(stage), lengths: kept }))
    }
}

/// `measured:[<stage>],<length>=<expression>,…`
impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "measured:[{}]", self.stage)?;
        self.lengths.iter().try_for_each(|(length, expr)| write!(f, ",{}={expr}", length.name()))
    }
}

/// Whether a distance will count the other way once the overlay's origin, which is its anchor, goes.
fn turns(length: Length, stage: &Stage) -> bool {
    let Stage::Overlay(overlay) = stage else { return false };
    let far = match length {
        Length::X => overlay.anchor.0 == Horizontal::Right,
        Length::Y => overlay.anchor.1 == Vertical::Bottom,
        _ => false,
    };
    far && overlay.origin == Some(overlay.anchor)
}

fn reversed(expr: &Expr) -> Expr {
    let zero = Expr::number(0.0);
    zero.and_then(|zero| zero.then(Operator::Sub, expr)).unwrap_or_else(|| expr.clone())
}

/// Rounded to the nearest, halves up; sums of decimals may miss a half by a hair.
fn pixels(value: f64) -> Option<u32> {
    let rounded = (value + 0.5 + 1e-9).floor().max(0.0);
    (rounded <= f64::from(Length::MOST)).then_some(rounded as u32)
}

/// Rounded to the nearest, halves down, as positions are.
fn position(value: f64) -> Option<u32> {
    let rounded = (value - 0.5 - 1e-9).ceil().max(0.0);
    (rounded <= f64::from(Length::MOST)).then_some(rounded as u32)
}

fn put_share(length: Length, stage: &mut Stage, share: Fixed) -> bool {
    match (length, &mut *stage) {
        (Length::X, Stage::Overlay(overlay)) => overlay.offset.0 = Shift::Ratio(share),
        (Length::Y, Stage::Overlay(overlay)) => overlay.offset.1 = Shift::Ratio(share),
        _ => match length.dim_of(stage) {
            Some(dim) if share > Fixed::ZERO => *dim = Some(Dim::Ratio(share)),
            _ => return false,
        },
    }
    true
}

fn put_aspect(stage: &mut Stage, value: f64) -> Option<()> {
    let Stage::Resize(resize) = stage else { return None };
    let ratio = Some(Fixed::new(value)).filter(|ratio| *ratio > Fixed::ZERO && value <= 1e6)?;
    resize.aspect = Some(Aspect::Exact(ratio));
    Some(())
}

fn put_shift(length: Length, stage: &mut Stage, value: f64) -> Option<()> {
    let Stage::Overlay(overlay) = stage else { return None };
    let rounded = (value - 0.5 - 1e-9).ceil();
    if rounded.abs() > f64::from(Length::MOST) {
        return None;
    }
    *(if length == Length::X { &mut overlay.offset.0 } else { &mut overlay.offset.1 }) = Shift::Px(rounded as i32);
    Some(())
}

fn put_place(length: Length, stage: &mut Stage, value: f64) -> Option<()> {
    let px = position(value)?;
    let gravity = gravity_of(stage)?;
    *gravity = placed(length, *gravity, Some(px));
    Some(())
}

fn gravity_of(stage: &mut Stage) -> Option<&mut Gravity> {
    match stage {
        Stage::Resize(resize) => Some(&mut resize.gravity),
        Stage::Extract(Region::Window { gravity, .. }) => Some(gravity),
        _ => None,
    }
}

/// A gravity with another value on one axis; one of another kind becomes one of this.
fn placed(length: Length, gravity: Gravity, value: Option<u32>) -> Gravity {
    let (corner, center) = match gravity {
        Gravity::TopLeft(x, y) => ((x, y), (None, None)),
        Gravity::Centered(x, y) => ((None, None), (x, y)),
        _ => ((None, None), (None, None)),
    };
    match length {
        Length::X => Gravity::TopLeft(value, corner.1),
        Length::Y => Gravity::TopLeft(corner.0, value),
        Length::CenterX => Gravity::Centered(value, center.1),
        Length::CenterY => Gravity::Centered(center.0, value),
        _ => gravity,
    }
}

fn put_border(stage: &mut Stage, value: f64) -> Option<()> {
    let Stage::Border(border) = stage else { return None };
    let px = pixels(value)?;
    border.widths = [px; 4];
    for radius in &mut border.outer {
        if let crate::Radius::Px(outer @ 1..) = radius {
            *outer = outer.saturating_add(px);
        }
    }
    Some(())
}

fn put_stop(stage: &mut Stage, value: f64, here: Option<(u32, u32)>) -> Option<()> {
    let Stage::Gradient(gradient) = stage else { return None };
    let GradientShape::Linear { degrees, stop } = &mut gradient.shape else { return None };
    let share = if value < 1.0 {
        value
    } else {
        let (width, height) = here?;
        let (sin, cos) = degrees.get().to_radians().sin_cos();
        value / (f64::from(width) * sin.abs() + f64::from(height) * cos.abs())
    };
    if value <= 0.0 {
        return None;
    }
    *stop = Fixed::new(share).clamp_to(0.01, 1.0);
    Some(())
}

fn put_text(length: Length, stage: &mut Stage, value: f64) -> Option<()> {
    let Stage::Overlay(overlay) = stage else { return None };
    let Picture::Text(text) = &mut overlay.picture else { return None };
    let text: &mut Text = text;
    let px = pixels(value)?;
    let size = f64::from(px.max(1));
    match length {
        Length::TextSize => text.size = Fixed::new(size),
        Length::TextLine => text.line_height = Some(Fixed::new(size / text.size.get().max(1.0)).clamp_to(0.01, 10.0)),
        _ => text.padding = [px; 4],
    }
    Some(())
}
