//! From a plan and the bytes of a master to the bytes of a derivative.
//!
//! [`render`] does the work on the calling thread; [`Pool`] holds the threads to call it on. Geometry is worked out from
//! sizes alone ([`geometry`]); each stage that touches pixels has a file of its own. Nothing here knows URLs, HTTP or
//! caches.

mod again;
mod choose;
mod foresee;
pub mod geometry;
mod optimise;
mod pages;
mod pictures;
pub mod pool;
mod report;
mod scope;
mod settle;
mod smart;
mod stages;
mod wide;
mod work;
mod write;

pub use choose::choose;
pub use foresee::final_size;
pub use optimise::optimise;
pub use pool::{Full, Gone, Pool};
pub use text::{Fonts, FontsError};
pub use write::likeness_of;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use codec::{Budget, Cancel, Channels, ChromaSize, CodecError, Decode, Info, Picture, Planar, Wide};
use plan::{Format, OutputSpec, Plan, Profile, Report, Stage};

use crate::pictures::Pictures;
use crate::scope::{Scope, without_alpha};
use crate::work::Work;

/// One derivative to make.
#[derive(Debug)]
pub struct Job<'a> {
    /// The master's bytes.
    pub master: &'a [u8],
    /// The bytes of the plan's overlays, one for each of [`Plan::overlays`], in that order; `None` for an optional one that
    /// cannot be had, and for those within it.
    pub pictures: &'a [Option<&'a [u8]>],
    /// What texts are drawn in; loaded once, shared by all jobs.
    pub fonts: &'a Fonts,
    /// Its stages are applied; its output rule is not looked at.
    pub plan: &'a Plan,
    /// How to write the result.
    pub spec: &'a OutputSpec,
    /// What it may cost.
    pub budget: &'a Budget,
    /// Asked between stages and frames.
    pub cancel: &'a Cancel,
}

/// A derivative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub content_type: &'static str,
    /// Its format; of a report, that of the picture it speaks of.
    pub format: Format,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Its frames; 1 for a still.
    pub frames: u32,
    /// The optional overlays that it was made without, as places in [`Job::pictures`], ascending: their bytes were not
    /// there, or no picture. Those within one of them are not listed.
    pub left_out: Vec<usize>,
    /// What is not as the plan asks and was made all the same, for people: glyphs that no font has, fonts that are not there.
    /// At most 16.
    pub warnings: Vec<String>,
    /// Where the time went.
    pub timing: Timing,
}

/// How long each part of a job took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    /// Reading the master.
    pub decode: Duration,
    /// The stages, reading overlays among them.
    pub stages: Duration,
    /// Writing the result.
    pub encode: Duration,
}

/// Makes one derivative.
///
/// An overlay is read, or drawn, under what the budget leaves when the picture below is held; of an animated one the first
/// frame is drawn, on every frame below.
///
/// # Errors
/// What the codec answers for a master, or a required overlay, that is no picture, is damaged or costs too much: where it
/// is an overlay, the text begins with `overlay` and its number (1 is the first of [`Job::pictures`]), and a limit is
/// called `overlay bytes` or `overlay pixels`; a limit on a text begins with `text`. [`CodecError::OverBudget`] where a stage would cost too much;
/// [`CodecError::Cancelled`] and [`CodecError::TimedOut`]; [`CodecError::Internal`] for a spec that asks for the master's
/// own bytes, which needs no renderer, and for other than as many pictures as the plan has overlays.
pub fn render(job: &Job<'_>) -> Result<Rendered, CodecError> {
    run(job, None)
}

/// Which of a plan's overlays, in the order of [`Plan::overlays`], may be drawn on this master: of the two lists of a
/// [`Stage::Choose`] one is left where the master's headers tell which. `None` = all, or the headers cannot be read, which is
/// for [`render`] to say.
pub fn overlays_in_reach(master: &[u8], plan: &Plan, budget: &Budget) -> Option<Vec<bool>> {
    if !plan.stages.iter().any(|stage| matches!(stage, Stage::Choose(_))) {
        return None;
    }
    let page = pages::of_document(master, pages::asked(&plan.stages));
    let info = codec::probe_page(master, page, budget).ok()?;
    let unread = vec![None; pictures::count(&plan.stages)];
    let pictures = Pictures::new(&unread);
    settle::settle(&plan.stages, &info, None, budget.output_side.max(1), &pictures);
    Some(pictures.in_reach())
}

/// Makes again what [`render`] made as an AVIF, with much more work for fewer bytes, where nobody waits for it: a file that is
/// worth no fewer points of SSIMULACRA2 beside the picture than `old` is. Where none is smaller, it is `old`.
///
/// # Errors
/// As [`render`].
pub fn render_again(job: &Job<'_>, old: &[u8]) -> Result<Rendered, CodecError> {
    run(job, Some(old))
}

fn run(job: &Job<'_>, old: Option<&[u8]>) -> Result<Rendered, CodecError> {
    if job.spec.original {
        return Err(CodecError::Internal("the master's own bytes are not rendered".to_owned()));
    }
    let overlays = pictures::count(&job.plan.stages);
    if overlays != job.pictures.len() {
        let why = format!("{} pictures for {overlays} overlays", job.pictures.len());
        return Err(CodecError::Internal(why));
    }
    job.cancel.check()?;
    let start = Instant::now();
    let page = pages::asked(&job.plan.stages);
    let info = codec::probe_page(job.master, pages::of_document(job.master, page), job.budget)?;
    let cap = side_cap(job);
    let pictures = Pictures::new(job.pictures).with_fonts(job.fonts);
    let settled = settle::settle(&job.plan.stages, &info, None, cap, &pictures);
    let stages = with_final_cap(&optimise(&settled), cap);
    let foreseen = final_size(&info, &settled, cap);
    let size = foreseen.unwrap_or((info.width, info.height));
    let spec = choose::affordable(job.spec, u64::from(size.0) * u64::from(size.1));
    let spec = choose::with_profile(spec, info.kind.output_format());
    let job = &Job { spec: &spec, ..*job };
    if let (Some(Report::Info), Some(size)) = (&spec.report, foreseen)
        && let Some((format, frames)) = foresee::format_and_frames(&info, &stages, page, &spec)
    {
        return from_headers(job, size, (format, frames), pictures, start);
    }
    let source = info.kind.output_format();
    let done = match wide::made(job, &info, &stages, cap, &pictures)? {
        Some(done) => done,
        None => in_eight_bits(job, info, &stages, cap, &pictures)?,
    };
    let Done { mut made, format, profile, decoded_at } = done;
    if let (Made::Picture(picture), Profile::AdobeRgb, None) = (&mut made, job.spec.profile, &job.spec.report) {
        codec::to_adobe_rgb(picture, job.cancel)?;
    }
    job.cancel.check()?;
    let staged_at = Instant::now();
    let fallback = job.spec.smallest.then(|| made.fallback(job.spec, source));
    let ((width, height), frames) = (made.size(), made.frames());
    let (bytes, content_type, format) = match &job.spec.report {
        Some(report) => {
            let (bytes, content_type) = report::report(&made, report, job)?;
            (bytes, content_type, format)
        }
        None => {
            let written = match old.filter(|_| format == Format::Avif) {
                Some(old) => again::write(&made, old, profile, job)?,
                None => write::write(&made, format, fallback, profile, job)?,
            };
            (written.bytes, written.format.content_type(), written.format)
        }
    };
    made.keep_buffers();
    let timing = Timing { decode: decoded_at - start, stages: staged_at - decoded_at, encode: staged_at.elapsed() };
    let (left_out, warnings) = pictures.done();
    Ok(Rendered { bytes, content_type, format, width, height, frames, left_out, warnings, timing })
}

/// A picture that is to be written, and as what.
struct Done {
    made: Made,
    format: Format,
    /// The one that its values are in, where they were kept.
    profile: Option<Vec<u8>>,
    decoded_at: Instant,
}

/// The way of nearly every picture.
fn in_eight_bits(
    job: &Job<'_>,
    info: Info,
    stages: &[Stage],
    cap: u32,
    pictures: &Pictures<'_>,
) -> Result<Done, CodecError> {
    let (page, chosen) = (pages::asked(&job.plan.stages), pages::chosen(&job.plan.stages));
    // Frames are decoded only for a format that would hold them. The header may not know how many there are.
    let alpha = choose::alpha_after(stages, info.may_have_alpha);
    let if_animated = choose(job.spec, info.kind.output_format(), alpha, true);
    let decode = Decode {
        at_least: foresee::at_least(&info, stages, cap),
        all_frames: job.spec.animation && if_animated.holds_animation() || page > 0 || chosen.is_some(),
        page: pages::of_document(job.master, page),
        keep_profile: job.spec.profile == Profile::Keep,
        fonts: SVG_FONTS.clone(),
    };
    let (mut loaded, info, profile) = load(job, info, stages, alpha, &decode)?;
    if let Loaded::Picture(picture) = &mut loaded {
        pages::take_frame(picture, pages::of_animation(job.master, page))?;
        chosen.map_or(Ok(()), |frames| pages::keep_frames(picture, frames))?;
    }
    let decoded_at = Instant::now();
    let (made, format) = transform(loaded, &info, stages, job, cap, pictures)?;
    Ok(Done { made, format, profile, decoded_at })
}

/// The answer that no pixel has a say in.
fn from_headers(
    job: &Job<'_>,
    (width, height): (u32, u32),
    (format, frames): (Format, u32),
    pictures: Pictures<'_>,
    start: Instant,
) -> Result<Rendered, CodecError> {
    let (bytes, content_type) = report::info(job)?;
    let timing = Timing { decode: start.elapsed(), ..Timing::default() };
    let (left_out, warnings) = pictures.done();
    Ok(Rendered { bytes, content_type, format, width, height, frames, left_out, warnings, timing })
}

/// What the text of SVGs is drawn in.
static SVG_FONTS: LazyLock<codec::Fonts> = LazyLock::new(|| {
    let files = text::embedded_files().iter().map(|file| {
        let file: std::sync::Arc<dyn AsRef<[u8]> + Send + Sync> = std::sync::Arc::new(*file);
        file
    });
    codec::Fonts::new(files, "Noto Sans")
});

/// A decoded master.
enum Loaded {
    Picture(Picture),
    Planes(Planar, ChromaSize),
}

/// A picture in its last form before it is a file.
enum Made {
    Picture(Picture),
    Planes(Planar),
    Wide(Wide),
}

impl Made {
    fn size(&self) -> (u32, u32) {
        match self {
            Made::Planes(planar) => (planar.luma.width, planar.luma.height),
            Made::Picture(picture) => (picture.width(), picture.height()),
            Made::Wide(wide) => (wide.width, wide.height),
        }
    }

    fn frames(&self) -> u32 {
        match self {
            Made::Planes(_) | Made::Wide(_) => 1,
            Made::Picture(picture) => u32::try_from(picture.frames.len()).unwrap_or(u32::MAX),
        }
    }

    /// Hands its memory in for the next picture.
    fn keep_buffers(self) {
        if let Made::Picture(picture) = self {
            picture.frames.into_iter().for_each(|frame| codec::scratch::keep(frame.pixels.data));
        }
    }

    /// The format that whoever takes no other gets.
    fn fallback(&self, spec: &OutputSpec, source: Option<Format>) -> Format {
        let (alpha, animated) = match self {
            Made::Planes(_) => (false, false),
            Made::Wide(wide) => (wide.has_alpha(), false),
            Made::Picture(picture) => (picture.channels() == Channels::Rgba, picture.is_animated()),
        };
        choose::fallback(spec, source, alpha, animated)
    }
}

/// Planes of more samples are not asked for: they are scaled in one call, in which nobody looks at the clock.
const MOST_PLANAR: u64 = 16 << 20;

/// Decodes: to planes where the picture is shrunk first of all, else to RGB.
fn load(
    job: &Job<'_>,
    info: Info,
    stages: &[Stage],
    alpha: bool,
    decode: &Decode,
) -> Result<(Loaded, Info, Option<Vec<u8>>), CodecError> {
    if let Some((width, height)) = decode.at_least
        && !decode.keep_profile
        && job.spec.profile != Profile::AdobeRgb
        && u64::from(width) * u64::from(height) <= MOST_PLANAR
    {
        let format = choose(job.spec, info.kind.output_format(), alpha, false);
        let to_the_end = foresee::stays_planar(stages) && codec::takes_planes(&write::encoding(job.spec, format));
        let chroma = if to_the_end { ChromaSize::Half } else { ChromaSize::Full };
        if let Some((planar, info)) = codec::decode_planar(job.master, (width, height), chroma, job.budget, job.cancel)?
        {
            // What a profile has to change is changed in RGB.
            let chroma = if planar.profile.is_some() { ChromaSize::Full } else { chroma };
            return Ok((Loaded::Planes(planar, chroma), info, None));
        }
    }
    let decoded = codec::decode(job.master, decode, job.budget, job.cancel)?;
    Ok((Loaded::Picture(decoded.picture), decoded.info, decoded.profile))
}

/// Applies the stages, and settles the format on the way: before them, since backgrounds depend on it, and once more
/// after them, when it is known what is really transparent.
fn transform(
    loaded: Loaded,
    info: &Info,
    stages: &[Stage],
    job: &Job<'_>,
    cap: u32,
    pictures: &Pictures<'_>,
) -> Result<(Made, Format), CodecError> {
    let loaded = match loaded {
        Loaded::Picture(picture) => Loaded::Picture(drop_idle_alpha(picture)),
        planes => planes,
    };
    let (may_be_clear, animated) = match &loaded {
        Loaded::Picture(picture) => (picture.channels() == Channels::Rgba, picture.is_animated()),
        Loaded::Planes(..) => (false, false),
    };
    let source = info.kind.output_format();
    let alpha = choose::alpha_after(stages, may_be_clear);
    let planned = choose(job.spec, source, alpha, animated);
    let holds_alpha = planned.holds_alpha();
    let scope = Scope { budget: job.budget, cancel: job.cancel, cap, holds_alpha, pictures, depth: 0 };
    let mut work = match loaded {
        Loaded::Planes(planar, chroma) => Work::of_planes(planar, chroma, info),
        Loaded::Picture(mut picture) => {
            if !planned.holds_animation() {
                picture.frames.truncate(1);
            }
            Work::new(picture, info)
        }
    };
    stages::run(stages, &mut work, info, &scope)?;
    work.settle(&scope)?;
    if !scope.holds_alpha {
        stages::make_opaque(&mut work, &scope)?;
    }
    if let Some(planar) = work.finish_planes(&scope)? {
        return Ok((Made::Planes(planar), choose(job.spec, source, false, false)));
    }
    let picture = drop_idle_alpha(work.finish(&scope)?);
    let format = choose(job.spec, source, picture.channels() == Channels::Rgba, animated);
    Ok((Made::Picture(picture), format))
}

/// A picture without a transparent pixel has no need of the channel, nor of a format that holds it.
fn drop_idle_alpha(mut picture: Picture) -> Picture {
    if picture.channels() == Channels::Rgba && !picture.has_alpha() {
        for frame in &mut picture.frames {
            let empty = scope::blank(geometry::Size::new(1, 1), Channels::Rgb);
            frame.pixels = without_alpha(std::mem::replace(&mut frame.pixels, empty));
        }
    }
    picture
}

/// The longest side of a result. WebP ends at 16383 (RFC 9649, section 2.6), whatever the budget says.
fn side_cap(job: &Job<'_>) -> u32 {
    let webp = !job.spec.forced || job.spec.candidates.contains(&Format::Webp);
    job.budget.output_side.clamp(1, if webp { 16_383 } else { 65_535 })
}

/// Holds also the result of a plan that scales nothing within the cap.
fn with_final_cap(stages: &[Stage], cap: u32) -> Vec<Stage> {
    let mut stages = stages.to_vec();
    stages.push(Stage::Resize(geometry::cap_only(cap)));
    stages
}

#[cfg(test)]
mod tests;
