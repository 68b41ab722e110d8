//! Colours and filters.

use plan::{Adjust, Filter, Fixed, Stage, Unsharp};

use super::super::meaning;
use super::super::said::Said;
use crate::overlay::percent;

/// Takes adjustments and styles from the front. Whether they stand in the order that imgix has is found out later.
pub(super) fn take<'s>(stages: &'s [Stage], said: &mut Said) -> Result<&'s [Stage], String> {
    let mut rest = stages;
    while let Some((stage, tail)) = rest.split_first() {
        match stage {
            Stage::Adjust(adjust) => spell_adjust(*adjust, said)?,
            Stage::Filter(filter) => spell_filter(*filter, said)?,
            _ => break,
        }
        rest = tail;
    }
    Ok(rest)
}

fn once<T>(slot: &mut Option<T>, value: T, what: impl std::fmt::Display) -> Result<(), String> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("{what} after another")),
    }
}

fn spell_adjust(adjust: Adjust, said: &mut Said) -> Result<(), String> {
    let e = &mut said.effects;
    let by = |factor: Fixed| Fixed::new((factor.get() - 1.0) * 100.0);
    match adjust {
        Adjust::Brightness(v) => once(&mut e.bri, Fixed::new(v.get() * meaning::SHADES), adjust),
        Adjust::Contrast(v) => once(&mut e.con, by(v), adjust),
        Adjust::Exposure(v) => once(&mut e.exp, Fixed::new(v.get() * 10.0), adjust),
        Adjust::Gamma(v) => once(&mut e.gam, Fixed::new(v.get().log2() * 100.0), adjust),
        Adjust::Highlights(v) => once(&mut e.high, percent(v), adjust),
        Adjust::Shadows(v) => once(&mut e.shad, percent(v), adjust),
        Adjust::Hue(v) => once(&mut e.hue, v, adjust),
        Adjust::Invert => once(&mut e.invert, true, adjust),
        Adjust::Saturation(v) => once(&mut e.sat, by(v), adjust),
        Adjust::Grayscale => once(&mut e.sat, Fixed::new(-100.0), adjust),
        Adjust::Vibrance(v) => once(&mut e.vib, percent(v), adjust),
        Adjust::Monochrome(color) => once(&mut e.monochrome, color, adjust),
        Adjust::Duotone { dark, light, strength } => {
            e.duotone_alpha = (strength != Fixed::ONE).then(|| percent(strength));
            once(&mut e.duotone, (dark, light), adjust)
        }
        Adjust::Sepia(v) => once(&mut e.sepia, percent(v), adjust),
        Adjust::Enhance => {
            said.auto_enhance = true;
            Ok(())
        }
        Adjust::Colorize(_)
        | Adjust::Linear { .. }
        | Adjust::Threshold(_)
        | Adjust::Opacity(_)
        | Adjust::Stretch
        | Adjust::Replace { .. } => Err(adjust.to_string()),
    }
}

fn spell_filter(filter: Filter, said: &mut Said) -> Result<(), String> {
    let e = &mut said.effects;
    match filter {
        Filter::Sharpen(Unsharp { sigma, amount, threshold }) => {
            if sigma != Fixed::ONE || threshold != Fixed::ZERO {
                return Err(filter.to_string());
            }
            once(&mut e.sharp, Fixed::new(amount.get() * 50.0), filter)
        }
        Filter::Unsharp(Unsharp { sigma, amount, threshold }) => {
            if threshold != Fixed::ZERO {
                return Err(filter.to_string());
            }
            e.usmrad = (sigma != Fixed::new(2.5)).then_some(sigma);
            once(&mut e.usm, percent(amount), filter)
        }
        Filter::Denoise { strength, sharpen } => {
            e.nrs = Some(percent(sharpen));
            once(&mut e.nr, percent(strength), filter)
        }
        Filter::Halftone(px) => once(&mut e.htn, px, filter),
        Filter::Blur(sigma) => once(&mut e.blur, Fixed::new(sigma.get() * 4.0), filter),
        Filter::Pixelate(px) => once(&mut e.px, px, filter),
    }
}
