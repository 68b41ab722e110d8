//! Shapes, frames, gradients, shadows and what lies under a picture, for the tests of any plan.

use plan::{BlurFill, Border, Gradient, GradientShape, Mask, Mix, Radius, Shadow, Shape};
use proptest::prelude::*;

use super::*;

fn color() -> BoxedStrategy<Color> {
    let bytes = any::<u32>().prop_map(|v| {
        let [r, g, b, a] = v.to_be_bytes();
        Color { r, g, b, a }
    });
    bytes.boxed()
}

fn fixed(low: f64, high: f64) -> impl Strategy<Value = Fixed> {
    (low..high).prop_map(Fixed::new)
}

fn radius() -> BoxedStrategy<Radius> {
    prop_oneof![
        2 => (0u32..40).prop_map(Radius::Px),
        1 => any::<u32>().prop_map(Radius::Px),
        1 => fixed(-0.1, 2.0).prop_map(Radius::Share),
    ]
    .boxed()
}

fn gradient() -> BoxedStrategy<Gradient> {
    let shape = prop_oneof![
        (fixed(-400.0, 400.0), fixed(-0.1, 1.2)).prop_map(|(degrees, stop)| GradientShape::Linear { degrees, stop }),
        ((fixed(-1.0, 2.0), fixed(-1.0, 2.0)), radius(), radius())
            .prop_map(|(center, inner, outer)| GradientShape::Radial { center, inner, outer }),
    ]
    .boxed();
    (shape, color(), color(), 0usize..5)
        .prop_map(|(shape, from, to, mix)| Gradient { shape, from, to, mix: Mix::ALL[mix] })
        .boxed()
}

pub(super) fn background() -> BoxedStrategy<Background> {
    let blur = (
        proptest::option::of(fixed(-1.0, 1100.0)),
        (fixed(-1.5, 1.5), fixed(-0.5, 1.5)),
        (proptest::option::of(color()), proptest::option::of(color())),
    );
    prop_oneof![
        Just(Background::Mirror),
        Just(Background::Dominant),
        Just(Background::DominantEdge),
        (0u8..6).prop_map(Background::DominantGradient),
        gradient().prop_map(Background::Gradient),
        (color(), color(), 0u32..9).prop_map(|(first, second, size)| Background::Grid { first, second, size }),
        blur.prop_map(|(sigma, (brightness, opacity), (under, tint))| {
            Background::Blur(BlurFill { sigma, brightness, opacity, under, tint })
        }),
    ]
    .boxed()
}

pub(super) fn stage() -> BoxedStrategy<Stage> {
    let radii = || [radius(), radius(), radius(), radius()];
    let shape = prop_oneof![
        Just(Shape::Ellipse),
        Just(Shape::Circle),
        radii().prop_map(Shape::Corners),
        any::<u8>().prop_map(Shape::Polygon),
    ]
    .boxed();
    let width = || prop_oneof![5 => 0u32..20, 1 => any::<u32>()];
    let widths = [width(), width(), width(), width()];
    let even = any::<(u8, u8)>().prop_map(|(mean, deviation)| TrimMode::Even { mean, deviation });
    let trim = prop_oneof![proptest::option::of(color()).prop_map(TrimMode::AlphaOr), even];
    prop_oneof![
        3 => (shape, super::background()).prop_map(|(shape, outside)| Stage::Mask(Mask { shape, outside })),
        3 => (widths, color(), any::<bool>(), radii(), radii(), super::background()).prop_map(
            |(widths, color, inside, outer, inner, outside)| {
                Stage::Border(Border { widths, color, inside, outer, inner, outside })
            }
        ),
        2 => gradient().prop_map(Stage::Gradient),
        2 => ((fixed(-1.5, 1.5), fixed(-1.5, 1.5)), fixed(-1.0, 300.0), color())
            .prop_map(|((x, y), sigma, color)| Stage::Shadow(Shadow { x, y, sigma, color })),
        1 => super::background().prop_map(Stage::Flatten),
        1 => (trim, -3i32..4).prop_map(|(mode, keep)| Stage::Trim(Trim { mode, tolerance: Fixed::ONE, keep })),
    ]
    .boxed()
}
