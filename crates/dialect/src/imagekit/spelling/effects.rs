//! Colours, filters, shape and frame as a step says them.

use plan::{
    Adjust, Background, BlurFill, Border, Filter, Fixed, Gradient, GradientShape, Mask, Mix, Radius, Shadow, Shape,
    Stage, Unsharp,
};

use super::{say_background, set};
use crate::imagekit::said::{Fill, GradientSaid, Recolor, Rounding, Said, ShadowSaid, Stop, Usm};
use crate::imagekit::table::percent_of;

/// Says one more stage, or `None` where there are no words or they are taken.
pub(super) fn say(said: &mut Said, stage: &Stage) -> Option<()> {
    match stage {
        Stage::Adjust(adjust) => say_adjust(said, *adjust),
        Stage::Filter(filter) => say_filter(said, *filter),
        Stage::Gradient(Gradient { shape: GradientShape::Linear { degrees, stop }, from, to, mix: Mix::Srgb }) => {
            let stop = Stop::Share(*stop);
            set(&mut said.gradient, GradientSaid { degrees: *degrees, from: *from, to: *to, stop })
        }
        Stage::Shadow(shadow) => set(&mut said.shadow, said_of(*shadow)?),
        Stage::Mask(Mask { shape, outside }) => {
            say_outside(said, *outside)?;
            let rounding = match shape {
                Shape::Ellipse => Rounding::Ellipse,
                Shape::Corners(corners) => rounding(*corners)?,
                Shape::Circle | Shape::Polygon(_) => return None,
            };
            set(&mut said.radius, rounding)
        }
        Stage::Border(border) => say_border(said, border),
        _ => None,
    }
}

fn say_adjust(said: &mut Said, adjust: Adjust) -> Option<()> {
    match adjust {
        Adjust::Stretch => switch(&mut said.stretch),
        Adjust::Grayscale => switch(&mut said.grayscale),
        Adjust::Replace { to, tolerance, from } => {
            set(&mut said.recolor, Recolor { to, tolerance: whole(tolerance)?, from })
        }
        Adjust::Monochrome(color) => set(&mut said.colorize, color),
        Adjust::Opacity(share) => set(&mut said.opacity, whole(Fixed::new(share.get() * 100.0))?),
        _ => None,
    }
}

fn say_filter(said: &mut Said, filter: Filter) -> Option<()> {
    match filter {
        Filter::Blur(sigma) => set(&mut said.blur, whole(Fixed::new(sigma.get() * 2.0))?),
        Filter::Sharpen(Unsharp { sigma: Fixed::ONE, amount, threshold: Fixed::ZERO }) => {
            set(&mut said.sharpen, whole(Fixed::new(amount.get() * 50.0))?)
        }
        Filter::Unsharp(Unsharp { sigma, amount, threshold }) => {
            set(&mut said.unsharp, Usm { radius: sigma, sigma, amount, threshold })
        }
        _ => None,
    }
}

fn said_of(shadow: Shadow) -> Option<ShadowSaid> {
    let percent = |share: Fixed| Fixed::new(share.get() * 100.0);
    Some(ShadowSaid {
        blur: Fixed::new(shadow.sigma.get() * 2.0),
        strength: percent_of(shadow.color.a)?,
        x: percent(shadow.x),
        y: percent(shadow.y),
    })
}

fn say_border(said: &mut Said, border: &Border) -> Option<()> {
    let width = border.widths[0];
    if border.inside || border.widths != [width; 4] {
        return None;
    }
    say_outside(said, border.outside)?;
    if border.inner.iter().any(|radius| radius.is_some()) {
        let half = [Radius::Share(Fixed::new(0.5)); 4];
        let found = if border.inner == half { Rounding::Ellipse } else { rounding(border.inner)? };
        set(&mut said.radius, found)?;
    }
    set(&mut said.border, (width, border.color))
}

/// What is cut off shows the background of the step.
fn say_outside(said: &mut Said, outside: Background) -> Option<()> {
    if outside == Background::Auto { Some(()) } else { say_background(said, outside) }
}

fn rounding(corners: [Radius; 4]) -> Option<Rounding> {
    let mut pixels = [0; 4];
    for (corner, px) in corners.into_iter().zip(&mut pixels) {
        *px = match corner {
            Radius::Px(said) => said,
            Radius::Share(_) => return None,
        };
    }
    Some(Rounding::Corners(pixels))
}

/// The picture itself, blurred, as padding.
pub(super) fn blurred(blur: BlurFill) -> Option<Fill> {
    let brightness = (blur.brightness.get() * 255.0).round() as i16;
    let intensity = match blur.sigma {
        Some(sigma) => Some(whole(Fixed::new(sigma.get() * 2.0))?),
        None => None,
    };
    let plain = BlurFill { sigma: blur.sigma, brightness: blur.brightness, ..BlurFill::PLAIN };
    (blur == plain).then_some(Fill::Blurred { intensity, brightness })
}

fn switch(slot: &mut bool) -> Option<()> {
    (!std::mem::replace(slot, true)).then_some(())
}

fn whole(number: Fixed) -> Option<u8> {
    let found = number.get();
    (found.fract() == 0.0 && (0.0..=255.0).contains(&found)).then_some(found as u8)
}
