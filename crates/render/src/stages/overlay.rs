use std::borrow::Cow;

use codec::{Budget, Cancel, Channels, CodecError, Decode, Info, Kind, Picture, Pixels};
use plan::reason::Fault;
use plan::{Background, Blend, Color, Fixed, Measured, Overlay, Sizes, Stage};

use super::text;
use crate::geometry::{self, Affine, Core, Placement, Size};
use crate::pictures::{beside, named};
use crate::scope::{Scope, bytes, with_alpha};
use crate::settle::{self, pair};
use crate::work::Work;
use crate::{drop_idle_alpha, foresee};

mod blend;
mod displace;
mod layer;
mod modes;

/// Overlays within overlays that are drawn. Nobody who checks what a URL asks for lets so many through.
const DEEPEST: usize = 16;

/// Draws another picture over this one: on every frame, and of an animation its first frame. `measured`: where some of its
/// lengths are worked out.
pub(super) fn apply(
    overlay: &Overlay,
    measured: Option<&Measured>,
    work: &mut Work,
    scope: &Scope<'_>,
) -> Result<(), CodecError> {
    work.settle(scope)?;
    let (width, height) = overlay.only_on;
    if work.size().w < width || work.size().h < height {
        scope.pictures.pass_over(overlay);
        return Ok(());
    }
    if !overlay.picture.is_fetched() {
        let overlay = &*settled(overlay, measured, None, work.size(), scope);
        let top = make(overlay, work, scope).map_err(|error| beside(work.held(), error))?;
        return lay(overlay, top.as_ref(), work, scope);
    }
    let taken = scope.pictures.take(overlay);
    let number = taken.number;
    let prepared = match taken.bytes {
        Some(bytes) => {
            prepare(overlay, measured, bytes, work, scope).map_err(|error| named(number, work.held(), error))
        }
        None if overlay.optional => Err(CodecError::Unsupported("cannot be had".to_owned())),
        None => Err(CodecError::Internal(format!("overlay {}: nobody brought its bytes", number + 1))),
    };
    match prepared {
        Ok(top) => lay(overlay, top.as_ref(), work, scope),
        Err(error) if overlay.optional && error.fault() == Fault::Origin => {
            tracing::debug!(%error, "left out");
            scope.pictures.leave_out(&taken);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// The part of an overlay that is seen, at its final size, and where it goes.
struct Top {
    pixels: Pixels,
    at: (u32, u32),
    /// Of one that is repeated: see [`geometry::Laid::step`].
    step: Option<(u64, u64)>,
}

/// Mixes an overlay with what is below; `None` is one of which nothing is seen.
fn lay(overlay: &Overlay, top: Option<&Top>, work: &mut Work, scope: &Scope<'_>) -> Result<(), CodecError> {
    let (opacity, cancel, size) = (overlay.opacity, scope.cancel, work.size());
    match (overlay.blend, top) {
        (blend, top) if blend.clears() => work.change(scope, size, Affine::IDENTITY, |below| {
            let mut below = with_alpha(below);
            blend::draw(top, &mut below, blend, opacity, cancel)?;
            Ok(below)
        }),
        (_, None) => Ok(()),
        (Blend::Displace { x, y }, Some(top)) => work.change(scope, size, Affine::IDENTITY, |below| {
            displace::displaced(top, &below, (x.get(), y.get()), opacity, cancel)
        }),
        (Blend::Normal, Some(top)) if top.step.is_none() => work.draw(scope, |below| draw(top, below, opacity, cancel)),
        (blend, top) => work.draw(scope, |below| blend::draw(top, below, blend, opacity, cancel)),
    }
}

/// An overlay with its lengths in numbers, drawn on a picture of the size `below`. `initial`: its own, before its stages.
fn settled<'o>(
    overlay: &'o Overlay,
    measured: Option<&Measured>,
    initial: Option<Size>,
    below: Size,
    scope: &Scope<'_>,
) -> Cow<'o, Overlay> {
    let sizes = Sizes { initial: initial.map(pair), marked: None, below: Some(pair(below)) };
    match measured.and_then(|measured| settle::plain(measured, &sizes, below, scope.pictures)) {
        Some(Stage::Overlay(plain)) => Cow::Owned(*plain),
        _ => Cow::Borrowed(overlay),
    }
}

/// Reads an overlay and runs its stages. `None` where all of it lies outside.
fn prepare(
    overlay: &Overlay,
    measured: Option<&Measured>,
    bytes: &[u8],
    below: &Work,
    scope: &Scope<'_>,
) -> Result<Option<Top>, CodecError> {
    let budget = rest(below, scope)?;
    let own = within(&budget, scope);
    let info = codec::probe(bytes, &budget)?;
    let overlay = &*settled(overlay, measured, Some(settle::upright(&info)), below.size(), scope);
    let plain = settle::settle(&overlay.stages, &info, Some(below.size()), own.cap, scope.pictures);
    let scalings = geometry::scalings(overlay, below.size()).into_iter().map(Stage::Resize);
    let stages: Vec<Stage> = plain.iter().cloned().chain(scalings).collect();
    let decode = Decode { at_least: foresee::at_least(&info, &stages, u32::MAX), ..Decode::default() };
    let decoded = codec::decode(bytes, &decode, &budget, scope.cancel)?;
    let work = Work::new(drop_idle_alpha(decoded.picture), &decoded.info);
    place(overlay, &plain, (work, &decoded.info, None), below.size(), &own)
}

/// Makes an overlay that nobody fetches. `None` where all of it lies outside, or there is nothing to see.
fn make(overlay: &Overlay, below: &Work, scope: &Scope<'_>) -> Result<Option<Top>, CodecError> {
    let budget = rest(below, scope)?;
    let own = within(&budget, scope);
    let (pixels, core) = match &overlay.picture {
        plan::Picture::Solid(color) => {
            let size = geometry::solid(overlay, below.size());
            if overlay.stages.is_empty() && overlay.tile.is_none() {
                let laid = below.locate(&own, |locate| geometry::overlay(overlay, size, None, below.size(), locate));
                let top =
                    |laid: geometry::Laid| Ok(Top { pixels: solid(laid.size, *color, &own)?, at: laid.at, step: None });
                return laid.map(top).transpose();
            }
            (solid(size, *color, &own)?, None)
        }
        plan::Picture::Text(words) => {
            let drawn = text::drawn(words, below.size(), overlay.anchor.1, &own)?;
            let Some((pixels, core)) = drawn else { return Ok(None) };
            if overlay.stages.iter().any(regards_edges) {
                (text::cut(&pixels, core), None)
            } else {
                (pixels, Some(core))
            }
        }
        fetched => return Err(CodecError::Internal(format!("{fetched} is fetched"))),
    };
    let core =
        core.filter(|_| !overlay.stages.iter().any(|stage| matches!(stage, Stage::Rotate { .. } | Stage::Flip { .. })));
    let info = Info {
        kind: Kind::Png,
        width: pixels.width,
        height: pixels.height,
        orientation: 1,
        may_have_alpha: pixels.channels == Channels::Rgba,
        frames: 1,
    };
    let work = Work::new(Picture::still(pixels), &info);
    place(overlay, &overlay.stages, (work, &info, core), below.size(), &own)
}

/// Whether a stage does something at the edges of its picture, which are then to be those of a text's box, not of the
/// shadow around it.
fn regards_edges(stage: &Stage) -> bool {
    !matches!(
        stage,
        Stage::Adjust(_)
            | Stage::Filter(_)
            | Stage::Shadow(_)
            | Stage::Rotate { .. }
            | Stage::Flip { .. }
            | Stage::Mark
    )
}

/// Runs an overlay's stages and scales what of it is seen.
fn place(
    overlay: &Overlay,
    stages: &[Stage],
    (work, info, core): (Work, &Info, Option<Core>),
    below: Size,
    own: &Scope<'_>,
) -> Result<Option<Top>, CodecError> {
    let mut work = work.lies_on(below);
    for (index, stage) in stages.iter().enumerate() {
        super::apply(stage, index == 0, &mut work, info, own)?;
    }
    let laid = work.locate(own, |locate| geometry::overlay(overlay, work.size(), core, below, locate));
    let Some(laid) = laid else { return Ok(None) };
    let only = Placement { window: laid.window, scaled: laid.size, canvas: laid.size, offset: (0, 0) };
    work.place(&only, Background::Auto, own)?;
    let mut picture = work.finish(own)?;
    Ok(Some(Top { pixels: picture.frames.swap_remove(0).pixels, at: laid.at, step: laid.step }))
}

/// What the picture below leaves of the budget.
fn rest(below: &Work, scope: &Scope<'_>) -> Result<Budget, CodecError> {
    if scope.depth >= DEEPEST {
        return Err(CodecError::Internal("too many overlays within overlays".to_owned()));
    }
    let memory = scope.budget.memory.saturating_sub(below.held());
    Ok(Budget { memory, ..scope.budget.clone() })
}

fn within<'a>(budget: &'a Budget, scope: &Scope<'a>) -> Scope<'a> {
    // Until it is drawn, it is transparent where its stages leave nothing.
    Scope { budget, holds_alpha: true, depth: scope.depth + 1, ..*scope }
}

fn solid(size: Size, color: Color, own: &Scope<'_>) -> Result<Pixels, CodecError> {
    let (found, limit) = (u64::from(size.w) * u64::from(size.h), own.budget.input_pixels);
    if found > limit {
        return Err(CodecError::OverBudget { what: "overlay pixels", found, limit });
    }
    let channels = if color.a == 255 { Channels::Rgb } else { Channels::Rgba };
    own.room(0, bytes(size, channels))?;
    let one = [color.r, color.g, color.b, color.a];
    let data = one[..channels.count()].repeat(size.w as usize * size.h as usize);
    Ok(crate::scope::pixels(size, channels, data))
}

/// The weight of an opaque pixel of an opaque overlay: alpha times opacity in ten-thousandths.
const WHOLE: u32 = 255 * 10_000;
/// Rows after which it is asked whether anybody still waits.
const BAND: usize = 64;

/// Draws in place; the overlay lies within the picture below.
fn draw(top: &Top, below: &mut Pixels, opacity: Fixed, cancel: &Cancel) -> Result<(), CodecError> {
    let share = (opacity.get().clamp(0.0, 1.0) * 10_000.0).round() as u32;
    let (width, count) = (below.width as usize, below.channels.count());
    let own = top.pixels.channels.count();
    let row = top.pixels.width as usize;
    let first = (top.at.1 as usize * width + top.at.0 as usize) * count;
    for (y, from) in top.pixels.data.chunks_exact(row * own).enumerate() {
        if y % BAND == 0 {
            cancel.check()?;
        }
        let start = first + y * width * count;
        let to = &mut below.data[start..start + row * count];
        match (top.pixels.channels, below.channels) {
            (Channels::Rgb, Channels::Rgb) if share == 10_000 => to.copy_from_slice(from),
            (Channels::Rgb, Channels::Rgb) => {
                for (to, from) in to.iter_mut().zip(from) {
                    *to = mixed(*from, *to, 255 * share);
                }
            }
            (Channels::Rgba, Channels::Rgb) => {
                for (to, from) in to.as_chunks_mut::<3>().0.iter_mut().zip(from.as_chunks::<4>().0) {
                    let weight = u32::from(from[3]) * share;
                    *to = [0, 1, 2].map(|c| mixed(from[c], to[c], weight));
                }
            }
            (Channels::Rgb, Channels::Rgba) => {
                for (to, from) in to.as_chunks_mut::<4>().0.iter_mut().zip(from.as_chunks::<3>().0) {
                    *to = over(*from, 255 * share, *to);
                }
            }
            (Channels::Rgba, Channels::Rgba) => {
                for (to, from) in to.as_chunks_mut::<4>().0.iter_mut().zip(from.as_chunks::<4>().0) {
                    *to = over([from[0], from[1], from[2]], u32::from(from[3]) * share, *to);
                }
            }
        }
    }
    Ok(())
}

/// Two opaque values; the weight of the first is of [`WHOLE`].
fn mixed(top: u8, below: u8, weight: u32) -> u8 {
    ((u32::from(top) * weight + u32::from(below) * (WHOLE - weight) + WHOLE / 2) / WHOLE) as u8
}

/// A colour of a weight over a pixel of straight alpha (Porter and Duff, 1984): the sum of the premultiplied colours,
/// divided by the sum of their alphas.
fn over(top: [u8; 3], weight: u32, below: [u8; 4]) -> [u8; 4] {
    let [r, g, b, alpha] = below;
    match (weight, alpha) {
        (0, _) => below,
        (WHOLE, _) => [top[0], top[1], top[2], 255],
        (_, 255) => [mixed(top[0], r, weight), mixed(top[1], g, weight), mixed(top[2], b, weight), 255],
        _ => {
            let (a, b) = (u64::from(weight) * 255, u64::from(alpha) * u64::from(WHOLE - weight));
            let color = |c: usize| ((u64::from(top[c]) * a + u64::from(below[c]) * b + (a + b) / 2) / (a + b)) as u8;
            let whole = u64::from(WHOLE);
            [color(0), color(1), color(2), ((a + b + whole / 2) / whole) as u8]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blending() {
        let weight = |alpha: u32, share: u32| alpha * share;
        for (top, weight, below, want) in [
            ([200, 0, 50], WHOLE, [1, 2, 3, 4], [200, 0, 50, 255]),
            ([200, 0, 50], 0, [1, 2, 3, 4], [1, 2, 3, 4]),
            ([200, 0, 50], weight(255, 5000), [100, 100, 100, 255], [150, 50, 75, 255]),
            ([200, 0, 50], weight(255, 1), [100, 100, 100, 255], [100, 100, 100, 255]),
            ([200, 0, 50], weight(51, 10_000), [100, 100, 100, 255], [120, 80, 90, 255]),
            // Over nothing, a colour stays what it is.
            ([200, 0, 50], weight(128, 5000), [9, 9, 9, 0], [200, 0, 50, 64]),
            // Half over half: two thirds of what is seen is the upper one.
            ([255, 0, 0], weight(128, 10_000), [0, 0, 255, 128], [170, 0, 85, 192]),
        ] {
            assert_eq!(over(top, weight, below), want, "{top:?} {weight} {below:?}");
        }
        for (a, b) in [(0, 255), (255, 0), (255, 255), (17, 201)] {
            assert_eq!((mixed(a, b, WHOLE), mixed(a, b, 0)), (a, b));
        }
    }
}
