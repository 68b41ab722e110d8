//! What only the engine knows, told to whoever keeps figures.

use std::time::{Duration, Instant};

use origin::{FetchError, Fetched, Validators};
use plan::{Format, OutputSpec};
use render::Rendered;

use crate::Engine;
use crate::purging::Event;
use crate::resolve::{Candidate, Resolved};

/// A picture that was made.
#[derive(Debug, Clone, Copy)]
pub struct Rendering {
    /// The number of the site that it was made for.
    pub site: usize,
    /// How long it took, without waiting for its turn.
    pub time: Duration,
    /// Bytes of the master and of overlays.
    pub input_bytes: u64,
    /// Bytes of the result.
    pub output_bytes: u64,
    /// The quality that was asked of the encoder, 1 to 100; `None` for formats that have none, and where it was searched for.
    pub quality: Option<u8>,
}

/// A fetch from a source.
#[derive(Debug, Clone, Copy)]
pub struct Fetching<'a> {
    /// The source's name.
    pub source: &'a str,
    /// Bytes that came.
    pub bytes: u64,
    /// How long it took, redirects included.
    pub time: Duration,
    /// Whether it failed. That nothing is there is an answer like any other.
    pub failed: bool,
}

/// Is told what happens, on the threads that do it: it must answer at once.
pub trait Observer: Send + Sync {
    /// A picture was made for a request, a warm-up, or to be smaller.
    fn rendered(&self, rendering: &Rendering);

    /// A source was asked.
    fn fetched(&self, fetching: &Fetching<'_>);

    /// Something happened to a purge. `sites` are the numbers of those that it concerns ([`Engine::concerned`]), of what became
    /// effective or was erased; else empty.
    fn happened(&self, event: &Event, sites: &[usize]);
}

impl Engine {
    /// Asks a source for a master.
    pub(crate) async fn ask_source(
        &self,
        candidate: &Candidate,
        validators: Option<&Validators>,
    ) -> Result<Fetched, FetchError> {
        let (source, begun) = (&self.sources[candidate.source], Instant::now());
        let fetched = self.ask(candidate.source, &candidate.master, validators).await;
        if let Some(observer) = &self.observer {
            let bytes = match &fetched {
                Ok(Fetched::Body(body)) => body.bytes.len() as u64,
                _ => 0,
            };
            let failed = !matches!(fetched, Ok(_) | Err(FetchError::NotFound { .. }));
            observer.fetched(&Fetching { source: source.name(), bytes, time: begun.elapsed(), failed });
        }
        fetched
    }

    /// Tells of a picture that was made of so many bytes.
    pub(crate) fn has_rendered(&self, resolved: &Resolved, input_bytes: u64, rendered: &Rendered) {
        let Some(observer) = &self.observer else { return };
        let timing = rendered.timing;
        observer.rendered(&Rendering {
            site: resolved.site,
            time: timing.decode + timing.stages + timing.encode,
            input_bytes,
            output_bytes: rendered.bytes.len() as u64,
            quality: quality_of(&resolved.output, rendered.format),
        });
    }
}

/// The quality that a spec asks of the encoder of a format.
fn quality_of(spec: &OutputSpec, format: Format) -> Option<u8> {
    let has_one = match format {
        Format::Jpeg | Format::Avif => true,
        Format::Webp => !spec.lossless,
        Format::Png | Format::Gif => false,
    };
    let is_fixed = spec.likeness.is_none() && spec.max_bytes.is_none() && spec.report.is_none();
    (has_one && is_fixed).then(|| spec.quality.of(format))
}
