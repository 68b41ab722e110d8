//! Colours, filters, shape and frame of one step.

use plan::{
    Adjust, Background, Border, Color, Expr, Filter, Fixed, Gradient, GradientShape, Length, Mask, Mix, Radius, Shadow,
    Shape, Stage, Unsharp,
};

use super::measured;
use crate::imagekit::said::{GradientSaid, Recolor, Rounding, Said, ShadowSaid, Stop};
use crate::imagekit::table::alpha_of;

/// Colours, then blur and sharpness, then the shadow.
pub(super) fn colors(said: &Said) -> Vec<Stage> {
    let adjusts = [
        said.stretch.then_some(Adjust::Stretch),
        said.grayscale.then_some(Adjust::Grayscale),
        said.recolor.map(|Recolor { to, tolerance, from }| {
            let tolerance = Fixed::new(tolerance.into());
            Adjust::Replace { to, tolerance, from }
        }),
        said.colorize.map(Adjust::Monochrome),
    ];
    let filters = [
        said.blur.map(|blur| Filter::Blur(Fixed::new(f64::from(blur) / 2.0))),
        // The vendor gives no formula.
        said.sharpen.map(|by| {
            let amount = Fixed::new(f64::from(by) / 50.0);
            Filter::Sharpen(Unsharp { sigma: Fixed::ONE, amount, threshold: Fixed::ZERO })
        }),
        said.unsharp
            .map(|usm| Filter::Unsharp(Unsharp { sigma: usm.sigma, amount: usm.amount, threshold: usm.threshold })),
    ];
    let adjusts = adjusts.into_iter().flatten().map(Stage::Adjust);
    let filters = filters.into_iter().flatten().map(Stage::Filter);
    adjusts.chain(filters).chain(said.shadow.map(shadow).map(Stage::Shadow)).collect()
}

/// The gradient. A stop in pixels is a share of the picture's side: worked out later where that is not known from the URL.
pub(super) fn gradient(said: GradientSaid, sp: Option<&Expr>, (width, height): (Option<u32>, Option<u32>)) -> Stage {
    let side = match said.degrees.get() {
        0.0 | 180.0 => height,
        90.0 | 270.0 => width,
        _ => None,
    };
    let (stop, later) = match (said.stop, side) {
        _ if sp.is_some() => (Fixed::ONE, sp.cloned()),
        (Stop::Share(share), _) => (share, None),
        (Stop::Px(px), Some(side)) => (Fixed::new((f64::from(px) / f64::from(side)).clamp(0.01, 1.0)), None),
        (Stop::Px(px), None) => (Fixed::ONE, Expr::number(f64::from(px))),
    };
    let shape = GradientShape::Linear { degrees: said.degrees, stop };
    let gradient = Stage::Gradient(Gradient { shape, from: said.from, to: said.to, mix: Mix::Srgb });
    measured(gradient, later.into_iter().map(|stop| (Length::Stop, stop)).collect())
}

fn shadow(said: ShadowSaid) -> Shadow {
    let share = |percent: Fixed| Fixed::new(percent.get() / 100.0);
    Shadow {
        x: share(said.x),
        y: share(said.y),
        sigma: Fixed::new(said.blur.get() / 2.0),
        color: Color::BLACK.with_alpha(alpha_of(said.strength.into())),
    }
}

pub(super) fn opacity(said: &Said) -> Option<Stage> {
    said.opacity.map(|percent| Stage::Adjust(Adjust::Opacity(Fixed::new(f64::from(percent) / 100.0))))
}

/// Rounded corners and the frame. A frame is as round as the picture in it: with `max` by half the shorter side of each,
/// which is an ellipse where the picture is square.
pub(super) fn frame(said: &Said, outside: Background) -> Option<Stage> {
    let Some((width, color)) = said.border else {
        return said.radius.map(|radius| Stage::Mask(Mask { shape: shape(radius), outside }));
    };
    let later = said.lengths.get("b");
    let width = if later.is_some() { 0 } else { width };
    let half = Radius::Share(Fixed::new(0.5));
    let (outer, inner) = match said.radius {
        None => ([Radius::NONE; 4], [Radius::NONE; 4]),
        Some(Rounding::Ellipse) => ([half; 4], [half; 4]),
        Some(Rounding::Corners(corners)) => {
            let grown = |px: u32| if px == 0 { 0 } else { px.saturating_add(width) };
            (corners.map(|px| Radius::Px(grown(px))), corners.map(Radius::Px))
        }
    };
    let border = Stage::Border(Border { widths: [width; 4], color, inside: false, outer, inner, outside });
    Some(measured(border, later.map(|width| (Length::Border, width.clone())).into_iter().collect()))
}

/// What of the picture stays.
pub(in crate::imagekit) fn shape(rounding: Rounding) -> Shape {
    match rounding {
        Rounding::Ellipse => Shape::Ellipse,
        Rounding::Corners(corners) => Shape::Corners(corners.map(Radius::Px)),
    }
}
