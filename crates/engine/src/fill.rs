//! Fills: fetch the master, run the plan, and bring back an entry with its stamp and its dependencies.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use cache::{Content, Entry, Failure, FillContext, Filled, Keep, Meta};
use codec::Cancel;
use origin::{FetchError, Fetched, Source, Storable};
use plan::reason::NotStored;
use plan::{DerivativeKey, Digest, Label, Position, Stamp};
use purge::{Dependency, Role, Subject};

use crate::failure::{self, Holds};
use crate::resolve::{Candidate, Resolved};
use crate::{Engine, RECIPE};

/// Masters that no tier keeps: the file beside us is as near as any cache.
const UNCACHED: Keep = Keep::Passing;

impl Engine {
    /// Makes one derivative.
    pub(crate) async fn fill(self: Arc<Self>, resolved: Arc<Resolved>, context: FillContext) -> Filled {
        let mut made = Made::new(&self, &resolved, context);
        match self.make(&resolved, &mut made).await {
            Ok(picture) => made.picture(picture),
            Err((failure, holds)) => made.failure(failure, holds),
        }
    }

    async fn make(
        self: &Arc<Self>,
        resolved: &Arc<Resolved>,
        made: &mut Made<'_>,
    ) -> Result<(Bytes, String), (Failure, Holds)> {
        let master = self.first_master(resolved, made).await?;
        if resolved.output.original {
            return original(&master, resolved.any_content);
        }
        let (bytes, format) = self.render(resolved, master.bytes).await?;
        Ok((bytes, format.content_type().to_owned()))
    }

    /// Tries the candidates in order. Each one that was consulted becomes a dependency, also one that had nothing: an
    /// upload there must end this answer.
    async fn first_master(
        self: &Arc<Self>,
        resolved: &Resolved,
        made: &mut Made<'_>,
    ) -> Result<Master, (Failure, Holds)> {
        // A purge of this derivative alone still asks for a master that was read after it.
        let at_least = self.index.newest_of_exact(resolved.exact.1).hard;
        for candidate in &resolved.candidates {
            let reply = self.master(candidate, at_least).await.ok_or_else(|| (failure::lost(), Holds::Not))?;
            made.used(&reply.entry, reply.not_stored);
            match &reply.entry.content {
                Content::Body { bytes, .. } => {
                    return Ok(Master { bytes: bytes.clone(), content_type: reply.entry.meta.content_type.clone() });
                }
                Content::Failure(failure) if failure.status == 404 => {}
                Content::Failure(failure) => {
                    let holds = if failure.fault == plan::reason::Fault::Us { Holds::Not } else { Holds::Briefly };
                    return Err((failure.clone(), holds));
                }
            }
        }
        Err((failure::not_found(resolved.candidates.len()), Holds::Briefly))
    }

    /// A master's bytes from the master store, or from its source.
    async fn master(self: &Arc<Self>, candidate: &Candidate, at_least: Position) -> Option<cache::Reply> {
        let key = DerivativeKey::of_master(&self.index.identity().secret, &candidate.master);
        let (id, hash) = (candidate.master.id.clone(), candidate.hash);
        let (engine, candidate) = (self.clone(), candidate.clone());
        self.masters
            .get(
                key,
                at_least,
                move |index| index.newest_of_master(&id, hash),
                move |context| engine.clone().fetch(key, candidate.clone(), context),
            )
            .await
    }

    async fn fetch(self: Arc<Self>, key: DerivativeKey, candidate: Candidate, context: FillContext) -> Filled {
        let source = &self.sources[candidate.source];
        let fetched = source.fetch(&candidate.master, None).await;
        self.fetched(source, key, &candidate, context.stamp, fetched)
    }

    fn fetched(
        &self,
        source: &Source,
        key: DerivativeKey,
        candidate: &Candidate,
        stamp: Stamp,
        fetched: Result<Fetched, FetchError>,
    ) -> Filled {
        let id = candidate.master.id.clone();
        let subject = |names: &[plan::MasterId], digest: Option<Digest>| Subject {
            stamp,
            exact: None,
            dependencies: std::iter::once(&id)
                .chain(names)
                .map(|name| self.index.dependency(name.clone(), Role::Main, stamp.position, digest))
                .collect(),
            labels: Vec::new(),
        };
        let mut meta = Meta { stored_at: unix_now(), url: candidate.master.to_string(), ..Meta::default() };
        match fetched {
            Ok(Fetched::Body(body)) => {
                let digest = Digest::of(&body.bytes);
                meta.content_type = body.content_type.clone().unwrap_or_default();
                meta.last_modified = body.last_modified.and_then(unix_seconds);
                meta.origin_etag = body.etag.clone();
                meta.origin_last_modified = body.validators().and_then(|v| v.last_modified);
                meta.lifetime = self.longest_edge_time();
                let keep = match body.storable {
                    _ if !source.takes_query() && body.storable == Storable::Yes => UNCACHED,
                    Storable::Yes => Keep::Everywhere,
                    Storable::MemoryOnly => Keep::Nowhere(NotStored::OriginForbids),
                    Storable::No => Keep::Nowhere(NotStored::MasterUnstable),
                };
                let content = Content::Body { bytes: body.bytes.clone(), digest };
                Filled { entry: Entry::new(key, subject(&body.names, Some(digest)), content, meta), keep }
            }
            // No validators are sent, so an origin that says so is broken.
            Ok(Fetched::NotModified) => {
                let (failure, _) = failure::of_fetch(&FetchError::Status(304));
                Filled {
                    entry: Entry::new(key, subject(&[], None), Content::Failure(failure), meta),
                    keep: Keep::Passing,
                }
            }
            Err(error) => {
                if !matches!(error, FetchError::NotFound { .. }) {
                    tracing::warn!(%error, master = %candidate.master, "fetching a master");
                }
                let (failure, holds) = failure::of_fetch(&error);
                let names = match &error {
                    FetchError::NotFound { names } => names.as_slice(),
                    _ => &[],
                };
                meta.lifetime = self.holding_time(holds);
                // Kept by the derivative's own entry; a file that appears is seen at the next fill.
                let local = !source.takes_query();
                let keep = if holds == Holds::Not || local { Keep::Passing } else { Keep::Memory };
                Filled { entry: Entry::new(key, subject(names, None), Content::Failure(failure), meta), keep }
            }
        }
    }

    async fn render(
        self: &Arc<Self>,
        resolved: &Arc<Resolved>,
        master: Bytes,
    ) -> Result<(Bytes, plan::Format), (Failure, Holds)> {
        let cancel = Cancel::never();
        let _stops_when_dropped = CancelOnDrop(cancel.clone());
        let (wanted, budget, job_time) = (resolved.clone(), self.settings.budget.clone(), self.settings.job_time);
        let job = move || {
            // Its time begins when it does: having waited in the queue is our fault and says nothing of the picture.
            let cancel = cancel.until(Instant::now() + job_time);
            render::render(&render::Job {
                master: &master,
                plan: &wanted.plan,
                spec: &wanted.output,
                budget: &budget,
                cancel: &cancel,
            })
        };
        let done = self.renders.run(job).map_err(|full| (failure::busy(full.retry_after_secs), Holds::Not))?;
        match done.await {
            Ok(Ok(rendered)) => Ok((Bytes::from(rendered.bytes), rendered.format)),
            Ok(Err(error)) => Err(failure::of_codec(&error)),
            Err(_gone) => Err((failure::lost(), Holds::Not)),
        }
    }

    fn longest_edge_time(&self) -> Duration {
        self.sites.all().iter().map(|s| s.edge_time).max().unwrap_or_default()
    }

    fn holding_time(&self, holds: Holds) -> Duration {
        match holds {
            Holds::Briefly => self.settings.error_time,
            Holds::Verdict => self.settings.verdict_time,
            Holds::Not => Duration::ZERO,
        }
    }
}

struct Master {
    bytes: Bytes,
    content_type: String,
}

/// The master as it is: a picture under its sniffed type; anything else only where the URL allows it.
fn original(master: &Master, any_content: bool) -> Result<(Bytes, String), (Failure, Holds)> {
    match codec::sniff(&master.bytes) {
        Some(kind) => Ok((master.bytes.clone(), kind.content_type().to_owned())),
        None if any_content => {
            let declared = master.content_type.as_str();
            let content_type = if declared.is_empty() { "application/octet-stream" } else { declared };
            Ok((master.bytes.clone(), content_type.to_owned()))
        }
        None => Err(failure::of_codec(&codec::CodecError::Unsupported("its first bytes name no known format".into()))),
    }
}

/// Tells a running render to stop when the fill that waits for it is dropped.
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// What a fill gathers on its way.
struct Made<'e> {
    engine: &'e Engine,
    resolved: &'e Resolved,
    stamp: Stamp,
    dependencies: Vec<Dependency>,
    last_modified: Option<u64>,
    labels: Vec<Label>,
    withheld: Option<NotStored>,
}

impl<'e> Made<'e> {
    fn new(engine: &'e Engine, resolved: &'e Resolved, context: FillContext) -> Self {
        Made {
            engine,
            resolved,
            stamp: context.stamp,
            dependencies: Vec::new(),
            last_modified: None,
            labels: Vec::new(),
            withheld: None,
        }
    }

    /// The stamp of a result is the least of its own start and the stamps of everything it used.
    fn used(&mut self, master: &Entry, not_stored: Option<NotStored>) {
        self.stamp.position = self.stamp.position.min(master.subject.stamp.position);
        self.dependencies.extend(master.subject.dependencies.iter().cloned());
        if master.body().is_some() {
            self.last_modified = master.meta.last_modified;
            self.labels.extend(master.subject.labels.iter().cloned());
            // What may not be kept of the master may not be kept of the derivative. That a purge overtook the master is
            // for the derivative's own check to find.
            self.withheld =
                not_stored.filter(|why| matches!(why, NotStored::OriginForbids | NotStored::MasterUnstable));
        }
    }

    fn meta(&self, content_type: String, lifetime: Duration) -> Meta {
        Meta {
            content_type,
            last_modified: self.last_modified,
            stored_at: unix_now(),
            lifetime,
            recipe: RECIPE,
            url: self.resolved.url.clone(),
            ..Meta::default()
        }
    }

    fn entry(self, content: Content, meta: Meta) -> Entry {
        let subject = Subject {
            stamp: self.stamp,
            exact: Some(self.resolved.exact),
            dependencies: self.dependencies,
            labels: self.labels,
        };
        Entry::new(self.resolved.key, subject, content, meta)
    }

    fn picture(self, (bytes, content_type): (Bytes, String)) -> Filled {
        let digest = Digest::of(&bytes);
        let meta = self.meta(content_type, self.engine.site(self.resolved.site).edge_time);
        let keep = match self.withheld {
            // `no-store` and `private` are never written to disk.
            Some(NotStored::OriginForbids) => Keep::Memory,
            Some(why) => Keep::Nowhere(why),
            None => Keep::Everywhere,
        };
        Filled { entry: self.entry(Content::Body { bytes, digest }, meta), keep }
    }

    fn failure(self, failure: Failure, holds: Holds) -> Filled {
        let meta = self.meta(String::new(), self.engine.holding_time(holds));
        let keep = if holds == Holds::Not { Keep::Passing } else { Keep::Memory };
        Filled { entry: self.entry(Content::Failure(failure), meta), keep }
    }
}

fn unix_now() -> u64 {
    unix_seconds(SystemTime::now()).unwrap_or(0)
}

fn unix_seconds(at: SystemTime) -> Option<u64> {
    at.duration_since(UNIX_EPOCH).ok().map(|d| d.as_secs())
}
