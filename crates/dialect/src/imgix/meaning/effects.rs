//! Colours and filters. imgix gives no formulas; those here are documented in the table.

use plan::{Adjust, Filter, Fixed, Stage, Unsharp};

use super::super::said::Said;
use super::{Notes, idle};
use crate::overlay::share;

/// What `nr` and `nrs` are beside each other.
const NOISE: f64 = 20.0;

/// The standard deviation of `usm` unless `usmrad` says.
const USM_RADIUS: f64 = 2.5;

/// How many times `bri` goes into the full range.
pub(in crate::imgix) const SHADES: f64 = 200.0;

/// Adjustments, in the order of imgix's documentation. What works on neighbours (`sharp`, `usm`, `nr`) counts in pixels of
/// the result too: before a reduction it would be lost.
pub(super) fn adjusted(said: &Said, notes: &mut Notes) -> Vec<Stage> {
    let e = &said.effects;
    idle(notes, "usmrad", e.usmrad.is_some() && e.usm.is_none());
    let zero = Fixed::ZERO;
    let factor = |percent: Fixed| Fixed::new(1.0 + percent.get() / 100.0);
    let unsharp = |sigma: f64, amount: Fixed| Unsharp { sigma: Fixed::new(sigma), amount, threshold: zero };
    let noise = (e.nr.is_some() || e.nrs.is_some()).then(|| {
        let part = |percent: Option<Fixed>| share(percent.unwrap_or(Fixed::new(NOISE)).clamp_to(0.0, 100.0));
        Filter::Denoise { strength: part(e.nr), sharpen: part(e.nrs) }
    });
    let radius = e.usmrad.map_or(USM_RADIUS, Fixed::get);
    [
        e.bri.map(|v| Stage::Adjust(Adjust::Brightness(Fixed::new(v.get() / SHADES)))),
        e.con.map(|v| Stage::Adjust(Adjust::Contrast(factor(v)))),
        e.exp.map(|v| Stage::Adjust(Adjust::Exposure(Fixed::new(v.get() / 10.0)))),
        e.gam.map(|v| Stage::Adjust(Adjust::Gamma(Fixed::new((v.get() / 100.0).exp2())))),
        e.high.map(|v| Stage::Adjust(Adjust::Highlights(share(v)))),
        e.hue.map(|v| Stage::Adjust(Adjust::Hue(v))),
        e.invert.filter(|on| *on).map(|_| Stage::Adjust(Adjust::Invert)),
        // No saturation at all has a word of its own.
        e.sat.map(|v| match factor(v) {
            factor if factor == zero => Stage::Adjust(Adjust::Grayscale),
            factor => Stage::Adjust(Adjust::Saturation(factor)),
        }),
        e.shad.map(|v| Stage::Adjust(Adjust::Shadows(share(v)))),
        e.sharp.map(|v| Stage::Filter(Filter::Sharpen(unsharp(1.0, sharp_amount(v))))),
        e.usm.map(|v| Stage::Filter(Filter::Unsharp(unsharp(radius, share(v))))),
        e.vib.map(|v| Stage::Adjust(Adjust::Vibrance(share(v)))),
        noise.map(Stage::Filter),
        said.auto_enhance.then_some(Stage::Adjust(Adjust::Enhance)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// How much `sharp` sharpens, at a standard deviation of 1.
fn sharp_amount(value: Fixed) -> Fixed {
    Fixed::new(value.get() / 50.0)
}

/// Styles, in the order of imgix's documentation. Their lengths are pixels of the result.
pub(super) fn styled(said: &Said, notes: &mut Notes) -> Vec<Stage> {
    let e = &said.effects;
    idle(notes, "duotone-alpha", e.duotone_alpha.is_some() && e.duotone.is_none());
    let duotone = e.duotone.map(|(dark, light)| {
        let strength = e.duotone_alpha.map_or(Fixed::ONE, share);
        Stage::Adjust(Adjust::Duotone { dark, light, strength })
    });
    [
        e.monochrome.map(|color| Stage::Adjust(Adjust::Monochrome(color))),
        duotone,
        e.sepia.map(|v| Stage::Adjust(Adjust::Sepia(share(v)))),
        e.htn.map(|px| Stage::Filter(Filter::Halftone(px))),
        e.blur.map(|v| Stage::Filter(Filter::Blur(Fixed::new(v.get() / 4.0)))),
        e.px.map(|px| Stage::Filter(Filter::Pixelate(px))),
    ]
    .into_iter()
    .flatten()
    .collect()
}
