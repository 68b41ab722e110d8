//! One page of a PDF, drawn by hayro on white, at the size that is needed. What is locked by a password is not read.
//!
//! The page is walked once without drawing, to add up what drawing it will cost: the drawing itself cannot be stopped.

mod work;

use std::sync::Arc;

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{LoadPdfError, Pdf};
use hayro::kurbo::Affine;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings};

use crate::svg::{fitted, natural};
use crate::{Budget, Cancel, Channels, CodecError, Decode, Decoded, Info, Kind, Picture, Pixels};
use crate::{guard, limits};

/// Natural size: a point is 1/72 inch, a pixel 1/96, as in CSS.
const PIXELS_PER_POINT: f64 = 96.0 / 72.0;

/// The end marker stands within so many last bytes: other readers look through 1024.
const END_LOOK: usize = 4096;

/// Reads the document and the box of one page, from 0.
pub(crate) fn probe(bytes: &[u8], page: u32, budget: &Budget) -> Result<Info, CodecError> {
    guard::run_deep(Kind::Pdf, || {
        let pdf = open(bytes)?;
        Ok(info(find(&pdf, page)?, budget))
    })
}

/// Pages of the document.
pub(crate) fn pages(bytes: &[u8]) -> u32 {
    let count = guard::run_deep(Kind::Pdf, || Ok(open(bytes)?.pages().len()));
    count.ok().and_then(|count| u32::try_from(count).ok()).unwrap_or(1)
}

/// Draws the page that is asked for.
pub(crate) fn decode(bytes: &[u8], ask: &Decode, budget: &Budget, cancel: &Cancel) -> Result<Decoded, CodecError> {
    guard::run_deep(Kind::Pdf, || {
        let pdf = open(bytes)?;
        cancel.check()?;
        let page = find(&pdf, ask.page)?;
        let info = info(page, budget);
        let (width, height) = fitted((info.width, info.height), ask.at_least);
        limits::size(width, height, budget)?;
        let area = limits::area(width, height);
        // What is drawn, what goes out, and the strips in between.
        limits::memory(area * 16, budget)?;
        let (Ok(w), Ok(h)) = (u16::try_from(width), u16::try_from(height)) else {
            return Err(CodecError::OverBudget { what: "input pixels", found: area, limit: budget.input_pixels });
        };
        let (across, down) = page.render_dimensions();
        let scale = Affine::scale_non_uniform(f64::from(w) / f64::from(across), f64::from(h) / f64::from(down));
        let [a, b, c, d, e, f] = page.initial_transform(true).as_coeffs();
        let transform = scale * Affine::new([a, b, c, d, e, f]);
        let settings = InterpreterSettings::default();
        let cache = RenderCache::new();
        work::check(page, transform, (w, h), &settings, budget, cancel)?;

        let mut context = RenderContext::new(w, h);
        hayro::render_into(page, &cache, &settings, &RenderSettings::default(), &mut context, transform);
        context.flush();
        cancel.check()?;
        let mut drawn = Pixmap::new(w, h);
        let settings = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
        context.render_with(&mut drawn, &mut Resources::default(), settings);
        let data = drawn.data_as_u8_slice().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
        let pixels = Pixels { width, height, channels: Channels::Rgb, data };
        Ok(Decoded { picture: Picture::still(pixels), profile: None, info })
    })
}

fn open(bytes: &[u8]) -> Result<Pdf, CodecError> {
    // The reader mends what is broken, and would draw the half of a document.
    let end = &bytes[bytes.len().saturating_sub(END_LOOK)..];
    if memchr::memmem::find(end, b"%%EOF").is_none() {
        return Err(CodecError::Truncated("the PDF ends before its end marker".into()));
    }
    // The reader keeps its bytes, so they are its own.
    Pdf::new(Arc::new(bytes.to_vec())).map_err(|error| match error {
        LoadPdfError::Decryption(_) => CodecError::Unsupported("a PDF that is locked".into()),
        LoadPdfError::Invalid => CodecError::Corrupt("PDF: no document can be made of it".into()),
    })
}

fn find(pdf: &Pdf, page: u32) -> Result<&Page<'_>, CodecError> {
    let missing = || CodecError::Unsupported(format!("a PDF without page {}", u64::from(page) + 1));
    pdf.pages().get(page as usize).ok_or_else(missing)
}

fn info(page: &Page<'_>, budget: &Budget) -> Info {
    let (width, height) = page.render_dimensions();
    let side = |points: f32| (f64::from(points) * PIXELS_PER_POINT).round();
    let (width, height) = natural(side(width), side(height), budget);
    Info { kind: Kind::Pdf, width, height, orientation: 1, may_have_alpha: false, frames: 1 }
}
