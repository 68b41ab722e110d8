//! What is known of masters, for people and for the vendors' lists of them: where sources are, which masters were used, what
//! an original is.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use cache::{Content, Failure};
use codec::{Cancel, CodecError, Decode};
use dialect::Asset;
use origin::ListedFile;
use plan::{Location, MasterId, Position};
use purge::{CatalogueError, Known, Role};

use crate::{Engine, Resolved, Spelled, failure};

/// Smallest side at which a picture is decoded to be described: more is of no use to its hash.
const SIDE: u32 = 64;

/// A source, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its name.
    pub name: String,
    /// Where its masters live.
    pub location: Location,
    /// The address under which they lie, of a web source.
    pub base: Option<String>,
}

/// A master of a site that something stored was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The path in its source, decoded, without leading slash.
    pub path: String,
    /// The source's name.
    pub source: String,
    /// What the catalogue says of it.
    pub known: Known,
}

/// An original.
#[derive(Debug, Clone)]
pub struct Original {
    /// What it is known as.
    pub id: MasterId,
    /// Its bytes.
    pub bytes: Bytes,
    /// Its media type: as its first bytes have it, else as its origin declares.
    pub content_type: String,
}

/// What a picture is, after a look at its pixels too.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// What its file says.
    pub said: codec::Description,
    /// Whether a pixel of the first frame is not opaque.
    pub transparent: bool,
    /// The quality of a JPEG, 1 to 100, as far as its tables tell.
    pub quality: Option<u8>,
    /// Its perceptual hash ([`codec::phash`]).
    pub phash: u64,
}

/// Files, each with the master that it is; and the place to go on from.
pub type Files = (Vec<(Spelled, ListedFile)>, Option<(usize, String)>);

impl Engine {
    /// The sources of a site, in the order in which they are tried.
    pub fn origins(&self, site: usize) -> Vec<Origin> {
        let sources = self.sites.sources(site).iter().filter_map(|number| self.sources.get(*number));
        sources
            .map(|source| Origin {
                name: source.name().to_owned(),
                location: source.location().clone(),
                base: source.base().map(str::to_owned),
            })
            .collect()
    }

    /// Those of the next `limit` masters in the catalogue, behind a place in its order, that lie in a source of the site; and
    /// the place to go on from, where there may be more. Blocks on the catalogue.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn list_masters(
        &self,
        site: usize,
        after: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<Listed>, Option<u64>), CatalogueError> {
        let page = self.catalogue.masters(after, limit)?;
        let next = page.last().filter(|_| page.len() == limit).map(|known| known.place);
        let origins = self.origins(site);
        let listed = page.into_iter().filter_map(|known| {
            let under = |origin: &&Origin| known.id.as_str().starts_with(origin.location.as_str());
            // One that is for any address has what no other has.
            let origin = origins.iter().filter(under).max_by_key(|origin| origin.location.as_str().len())?;
            let path = known.id.as_str().get(origin.location.as_str().len()..)?.to_owned();
            Some(Listed { path, source: origin.name.clone(), known })
        });
        Ok((listed.collect(), next))
    }

    /// Files of a site's folder sources behind a place, `(number of the source among the site's, path)`, in order; and the place to
    /// go on from. Blocks on file I/O.
    ///
    /// # Errors
    /// What is wrong with a folder.
    pub fn list_files(&self, site: usize, after: (usize, &str), limit: usize, search: &str) -> Result<Files, String> {
        let mut files = Vec::new();
        for (at, number) in self.sites.sources(site).iter().enumerate().skip(after.0) {
            let source = &self.sources[*number];
            let begin = if at == after.0 { after.1 } else { "" };
            if files.len() >= limit {
                return Ok((files, Some((at, begin.to_owned()))));
            }
            let listed = source.list(begin, limit - files.len(), search).map_err(|error| error.to_string())?;
            let Some(listed) = listed else { continue };
            files.extend(listed.files.into_iter().map(|file| {
                let id = source.location().master(&file.path);
                (Spelled { source: source.name().to_owned(), path: file.path.clone(), id }, file)
            }));
            if let Some(next) = listed.next {
                return Ok((files, Some((at, next))));
            }
        }
        Ok((files, None))
    }

    /// Whether a source, by its name, is a folder.
    pub fn is_folder(&self, source: &str) -> bool {
        self.sources.iter().any(|known| known.name() == source && !known.takes_query())
    }

    /// The original that an asset of a site names, from the store of masters or from its source: the first source that has it.
    /// Must be called on the runtime of fills.
    ///
    /// # Errors
    /// Why there is none, as delivery would answer it.
    pub async fn original(
        self: &Arc<Self>,
        site: usize,
        source: Option<&str>,
        asset: &Asset,
    ) -> Result<Original, Failure> {
        let candidates = self.candidates(site, source, asset, "").map_err(|refusal| Failure {
            status: refusal.status,
            code: refusal.code,
            detail: refusal.detail,
            fault: refusal.fault,
            retry_after: None,
        })?;
        let start = self.index.now().position;
        for candidate in &candidates {
            // Rule S5.
            self.refuse_taken_down(&self.known_of(candidate), Role::Main).map_err(|(failure, _)| failure)?;
            let reply =
                self.master_as(candidate, Role::Main, Position::START, start).await.ok_or_else(failure::lost)?;
            self.refuse_taken_down(&reply.entry.subject, Role::Main).map_err(|(failure, _)| failure)?;
            match &reply.entry.content {
                Content::Body { bytes, .. } => {
                    let declared = reply.entry.meta.content_type.clone();
                    let content_type = codec::sniff(bytes).map_or(declared, |kind| kind.content_type().to_owned());
                    return Ok(Original { id: candidate.master.id.clone(), bytes: bytes.clone(), content_type });
                }
                Content::Failure(failure) if failure.status == 404 => {}
                Content::Failure(failure) => return Err(failure.clone()),
            }
        }
        Err(failure::not_found(candidates.len()))
    }

    /// The bytes that a request is answered with.
    ///
    /// # Errors
    /// Why there are none, as delivery would answer it.
    pub async fn answer(self: &Arc<Self>, resolved: &Arc<Resolved>) -> Result<Bytes, Failure> {
        let reply = self.get(resolved).await.ok_or_else(failure::lost)?;
        match &reply.entry.content {
            Content::Body { bytes, .. } => Ok(bytes.clone()),
            Content::Failure(failure) => Err(failure.clone()),
        }
    }

    /// Decodes a picture and says what it is, on the threads of renders and within their limits.
    ///
    /// # Errors
    /// When it is no picture, a damaged one or too costly, or too many renders wait.
    pub async fn describe(&self, bytes: Bytes) -> Result<Described, Failure> {
        let (budget, job_time) = (self.settings.budget.clone(), self.settings.job_time);
        let job = move || -> Result<Described, CodecError> {
            let cancel = Cancel::never().until(Instant::now() + job_time);
            let said = codec::describe(&bytes, &budget)?;
            let ask = Decode { at_least: Some((SIDE, SIDE)), ..Decode::default() };
            let decoded = codec::decode(&bytes, &ask, &budget, &cancel)?;
            let pixels = decoded.picture.frames.first().map(|frame| &frame.pixels);
            let pixels = pixels.ok_or_else(|| CodecError::Internal("a picture without a frame".into()))?;
            let transparent = pixels.channels == codec::Channels::Rgba
                && pixels.data.chunks_exact(pixels.channels.count()).any(|pixel| pixel[3] < 255);
            Ok(Described { said, transparent, quality: codec::jpeg_quality(&bytes), phash: codec::phash(pixels) })
        };
        let done = self.renders.run(job).map_err(|full| failure::busy(full.retry_after_secs))?;
        match done.await {
            Ok(Ok(described)) => Ok(described),
            Ok(Err(error)) => Err(failure::of_codec(&error).0),
            Err(_gone) => Err(failure::lost()),
        }
    }

    /// How long a failure is kept that may mend by itself.
    pub fn error_time(&self) -> std::time::Duration {
        self.settings.error_time
    }

    /// Bytes on disk: of derivatives, and of masters.
    pub fn disk_bytes(&self) -> (u64, u64) {
        (self.derivatives.disk_use().0, self.masters.disk_use().0)
    }
}
