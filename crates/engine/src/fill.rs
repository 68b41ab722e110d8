//! Fills: fetch the master, run the plan, and bring back an entry with its stamp and its dependencies.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use cache::{Content, Entry, Failure, FillContext, Filled, Keep, Meta};
use codec::Cancel;
use origin::{FetchError, Fetched, Renewal, Source, Storable, Validators};
use plan::reason::NotStored;
use plan::{DerivativeKey, Digest, Label, Location, Position, Stamp, Tag, TagKind};
use purge::{Dependency, Role, Subject};
use render::{Pool, Rendered};

use crate::failure::{self, Holds};
use crate::purging::unix_millis;
use crate::refine;
use crate::resolve::{Candidate, Resolved};
use crate::{Engine, RECIPE};

/// A transparent pixel, for plans that put something of their own in the place of the picture.
const NOTHING: &[u8] = include_bytes!("nothing.png");

/// Masters that no tier keeps: the file beside us is as near as any cache.
const UNCACHED: Keep = Keep::Passing;

impl Engine {
    /// Makes one derivative.
    pub(crate) async fn fill(self: Arc<Self>, resolved: Arc<Resolved>, context: FillContext) -> Filled {
        if self.site(resolved.site).passthrough {
            return self.pass(&resolved, context).await;
        }
        let mut made = Made::new(&self, &resolved, &context);
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
        let parts = self.ingredients(resolved, made).await?;
        if resolved.output.original {
            return original(&parts.main, resolved.any_content);
        }
        let rendered = self.render(resolved, parts, &self.renders, None).await?;
        Ok(made.rendered(rendered))
    }

    /// What a derivative is made from. All of it is noted as used.
    pub(crate) async fn ingredients(
        self: &Arc<Self>,
        resolved: &Resolved,
        made: &mut Made<'_>,
    ) -> Result<Ingredients, (Failure, Holds)> {
        // Before anything is fetched or taken from a cache (rule S5).
        self.refuse_taken_down(&resolved.known, Role::Main)?;
        // A purge of this derivative alone, or of a tag that its site gives, still asks for masters that were read after it
        // (rule S1).
        let at_least =
            self.index.newest_of_exact(resolved.exact.1).or_later(self.index.newest_of_labels(&resolved.known.labels));
        let at_least = at_least.hard.max(at_least.soft);
        if !resolved.plan.needs_master() {
            let main = Master { bytes: Bytes::from_static(NOTHING), content_type: "image/png".to_owned() };
            let pictures = self.pictures(resolved, &main.bytes, at_least, made).await?;
            return Ok(Ingredients { main, pictures });
        }
        let main = match self.first_master(&resolved.candidates, Role::Main, at_least, made).await {
            Err((failure, _)) if failure.status == 404 && resolved.stand_in.is_some() => {
                self.stand_in(resolved, at_least, made).await?
            }
            had => had?,
        };
        let pictures = self.pictures(resolved, &main.bytes, at_least, made).await?;
        Ok(Ingredients { main, pictures })
    }

    /// What stands in for a missing master. It is a dependency like an overlay. Where it is missing too, that is what is told.
    async fn stand_in(
        self: &Arc<Self>,
        resolved: &Resolved,
        at_least: Position,
        made: &mut Made<'_>,
    ) -> Result<Master, (Failure, Holds)> {
        let candidates = resolved.stand_in.as_ref().map(|other| other.candidates.as_slice()).unwrap_or_default();
        made.stands_in = true;
        self.first_master(candidates, Role::Part, at_least, made).await.map_err(|(failure, holds)| {
            let detail = format!("{}, nor has it the picture that stands in for missing ones", failure.detail);
            (if failure.status == 404 { Failure { detail, ..failure } } else { failure }, holds)
        })
    }

    /// Tries the candidates in order. Each one that was consulted becomes a dependency, also one that had nothing: an
    /// upload there must end this answer.
    pub(crate) async fn first_master(
        self: &Arc<Self>,
        candidates: &[Candidate],
        role: Role,
        at_least: Position,
        made: &mut Made<'_>,
    ) -> Result<Master, (Failure, Holds)> {
        for candidate in candidates {
            let reply = self
                .master_as(candidate, role, at_least, made.stamp.position)
                .await
                .ok_or_else(|| (failure::lost(), Holds::Not))?;
            made.used(&reply.entry, role, reply.not_stored);
            // Names that were learnt on the way: redirect hops, what a link points to, tags.
            self.refuse_taken_down(&reply.entry.subject, role)?;
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
        Err((failure::not_found(candidates.len()), Holds::Briefly))
    }

    /// A master that no purge up to a fill's start names in the part that it is to take, under any of its names, those
    /// included that only its fetch has told: the derivative bears that start (rule F1).
    pub(crate) async fn master_as(
        self: &Arc<Self>,
        candidate: &Candidate,
        role: Role,
        at_least: Position,
        start: Position,
    ) -> Option<cache::Reply> {
        let at_least = at_least.max(self.newest_as(candidate, role));
        let reply = self.master(candidate, at_least).await?;
        let newest = self.index.newest_of(&in_role(&reply.entry.subject, role));
        let stamp = reply.entry.subject.stamp.position;
        if stamp >= newest.hard.max(newest.soft) || stamp >= start {
            return Some(reply);
        }
        // Read after the start, it is good whatever it is called.
        self.master(candidate, at_least.max(start)).await
    }

    /// The newest purge that names what a part was put on, and so wants the part read anew.
    fn newest_as(&self, candidate: &Candidate, role: Role) -> Position {
        if role == Role::Main {
            return Position::START;
        }
        let id = candidate.master.id.clone();
        let stamp = Stamp { log: self.index.identity().log, position: Position::START };
        let dependencies = vec![self.index.dependency(id, role, Position::START, None)];
        let newest = self.index.newest_of(&Subject { stamp, exact: None, dependencies, labels: Vec::new().into() });
        newest.hard.max(newest.soft)
    }

    /// Rule S5: nothing that a takedown names is fetched, taken from a cache or used. As a part, masters are also refused
    /// where only what they are put on is.
    pub(crate) fn refuse_taken_down(&self, subject: &Subject, role: Role) -> Result<(), (Failure, Holds)> {
        let now = unix_millis();
        let as_part = || subject.dependencies.iter().find_map(|d| self.takedowns.refuses_part(&d.master, now));
        let found = self.takedowns.refuses_subject(subject, now);
        let found = if role == Role::Part { found.or_else(as_part) } else { found };
        found.map_or(Ok(()), |takedown| Err((failure::taken_down(&takedown), Holds::Not)))
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
        // A purge of everything must not become a stampede on the origin (G9).
        let Some(_turn) = self.turns.take(candidate.source).await else {
            return self.fetched(source, key, &candidate, context.stamp, Err(Unfetched::Busy)).await;
        };
        // What is merely stale or expired may still hold; after a hard purge nothing is held any more (rule F6).
        let held = context.stale.as_ref().and_then(|held| Some((held, validators(&held.meta)?)));
        let fetched = self.ask_source(&candidate, held.as_ref().map(|(_, validators)| validators)).await;
        if let (Ok(Fetched::NotModified(renewal)), Some((held, _))) = (&fetched, &held) {
            let lifetime = self.longest_edge_time();
            let meta = Meta { stored_at: unix_now(), lifetime, ..held.meta.clone() };
            let entry = self.renewed(source, held.restamped(context.stamp, meta), renewal);
            return Filled { entry, keep: keep_master(renewal.storable) };
        }
        self.fetched(source, key, &candidate, context.stamp, fetched.map_err(Unfetched::Failed)).await
    }

    /// Adds the names and tags that a 304 tells to those that the bytes had.
    pub(crate) fn renewed(&self, source: &Source, mut entry: Entry, renewal: &Renewal) -> Entry {
        let subject = &mut entry.subject;
        let digest = subject.dependencies.iter().find_map(|dependency| dependency.digest);
        for name in &renewal.names {
            if !subject.dependencies.iter().any(|dependency| dependency.master == *name) {
                let stamp = subject.stamp.position;
                subject.dependencies.push(self.index.dependency(name.clone(), Role::Main, stamp, digest));
            }
        }
        let mut labels = subject.labels.to_vec();
        for label in given_labels(source, &renewal.tags) {
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        subject.labels = labels.into();
        entry
    }

    pub(crate) async fn fetched(
        &self,
        source: &Source,
        key: DerivativeKey,
        candidate: &Candidate,
        stamp: Stamp,
        fetched: Result<Fetched, Unfetched>,
    ) -> Filled {
        let digest = match &fetched {
            Ok(Fetched::Body(body)) => Some(digest_of(&body.bytes).await),
            _ => None,
        };
        let id = candidate.master.id.clone();
        let subject = |names: &[plan::MasterId], digest: Option<Digest>, tags: &[String]| Subject {
            stamp,
            exact: None,
            dependencies: std::iter::once(&id)
                .chain(names)
                .map(|name| self.index.dependency(name.clone(), Role::Main, stamp.position, digest))
                .collect(),
            labels: given_labels(source, tags).into(),
        };
        let mut meta = Meta { stored_at: unix_now(), url: candidate.master.to_string(), ..Meta::default() };
        match fetched {
            Ok(Fetched::Body(body)) => {
                meta.content_type = body.content_type.clone().unwrap_or_default();
                meta.last_modified = body.last_modified.and_then(unix_seconds);
                meta.origin_etag = body.etag.clone();
                meta.origin_last_modified = body.validators().and_then(|v| v.last_modified);
                meta.lifetime = self.longest_edge_time();
                let keep = match body.storable {
                    _ if !source.takes_query() && body.storable == Storable::Yes => UNCACHED,
                    storable => keep_master(storable),
                };
                let known = digest.unwrap_or_else(|| Digest::of(&body.bytes));
                let content = Content::Body { bytes: body.bytes.clone(), digest: known };
                Filled { entry: Entry::new(key, subject(&body.names, digest, &body.tags), content, meta), keep }
            }
            // Said without being asked: such an origin is broken.
            Ok(Fetched::NotModified(_)) => {
                let (failure, _) = failure::of_fetch(&FetchError::Status(304));
                Filled {
                    entry: Entry::new(key, subject(&[], None, &[]), Content::Failure(failure), meta),
                    keep: Keep::Passing,
                }
            }
            Err(Unfetched::Busy) => {
                let content = Content::Failure(failure::origin_busy());
                Filled { entry: Entry::new(key, subject(&[], None, &[]), content, meta), keep: Keep::Passing }
            }
            Err(Unfetched::Failed(error)) => {
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
                Filled { entry: Entry::new(key, subject(names, None, &[]), Content::Failure(failure), meta), keep }
            }
        }
    }

    /// Renders, on a pool. `again`: in place of an AVIF that was written in a hurry.
    pub(crate) async fn render(
        self: &Arc<Self>,
        resolved: &Arc<Resolved>,
        parts: Ingredients,
        pool: &Pool,
        again: Option<Bytes>,
    ) -> Result<Rendered, (Failure, Holds)> {
        let cancel = Cancel::never();
        let _stops_when_dropped = CancelOnDrop(cancel.clone());
        let (wanted, budget) = (resolved.clone(), self.settings.budget.clone());
        let job_time = if again.is_some() { refine::JOB_TIME } else { self.settings.job_time };
        let fonts = self.fonts.clone();
        let input_bytes = parts.length();
        let job = move || {
            let pictures: Vec<Option<&[u8]>> = parts.pictures.iter().map(Option::as_deref).collect();
            // Its time begins when it does: having waited in the queue is our fault and says nothing of the picture.
            let cancel = cancel.until(Instant::now() + job_time);
            let job = render::Job {
                master: &parts.main.bytes,
                plan: &wanted.plan,
                pictures: &pictures,
                fonts: &fonts,
                spec: &wanted.output,
                budget: &budget,
                cancel: &cancel,
            };
            match &again {
                None => render::render(&job),
                Some(old) => render::render_again(&job, old),
            }
        };
        let done = pool.run(job).map_err(|full| (failure::busy(full.retry_after_secs), Holds::Not))?;
        match done.await {
            Ok(Ok(rendered)) => {
                self.has_rendered(resolved, input_bytes, &rendered);
                Ok(rendered)
            }
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

/// Bodies that take longer to hash than a runtime that many share should be held.
const LONG_TO_HASH: usize = 1 << 20;

pub(crate) async fn digest_of(bytes: &Bytes) -> Digest {
    if bytes.len() < LONG_TO_HASH {
        return Digest::of(bytes);
    }
    let bytes = bytes.clone();
    let again = bytes.clone();
    tokio::task::spawn_blocking(move || Digest::of(&bytes)).await.unwrap_or_else(|_| Digest::of(&again))
}

/// Where a master's bytes may be kept, by what its origin says.
fn keep_master(storable: Storable) -> Keep {
    match storable {
        Storable::Yes => Keep::Everywhere,
        Storable::MemoryOnly => Keep::Nowhere(NotStored::OriginForbids),
        Storable::No => Keep::Nowhere(NotStored::MasterUnstable),
    }
}

fn given_labels(source: &Source, tags: &[String]) -> Vec<Label> {
    let given = tags.iter().filter_map(|tag| Tag::given(tag));
    given.map(|tag| Label { tag, source: source.location().clone() }).collect()
}

/// A master's names, as those of what it becomes a part of.
fn in_role(subject: &Subject, role: Role) -> Subject {
    let mut subject = subject.clone();
    subject.dependencies.iter_mut().for_each(|dependency| dependency.role = role);
    subject
}

/// What to ask an origin with about bytes that it gave earlier.
pub(crate) fn validators(meta: &Meta) -> Option<Validators> {
    let (etag, last_modified) = (meta.origin_etag.clone(), meta.origin_last_modified.clone());
    (etag.is_some() || last_modified.is_some()).then_some(Validators { etag, last_modified })
}

/// Why there are no bytes from a source.
pub(crate) enum Unfetched {
    /// Too many fetches wait for it already.
    Busy,
    Failed(FetchError),
}

/// The bytes that a derivative is made from.
pub(crate) struct Ingredients {
    main: Master,
    pictures: Vec<Option<Bytes>>,
}

impl Ingredients {
    /// In bytes, all together.
    fn length(&self) -> u64 {
        let pictures = self.pictures.iter().flatten();
        pictures.chain([&self.main.bytes]).map(|bytes| bytes.len() as u64).sum()
    }
}

pub(crate) struct Master {
    pub bytes: Bytes,
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
pub(crate) struct Made<'e> {
    engine: &'e Engine,
    resolved: &'e Resolved,
    stamp: Stamp,
    dependencies: Vec<Dependency>,
    last_modified: Option<u64>,
    /// The length of the main master.
    master_bytes: Option<u64>,
    labels: Vec<Label>,
    withheld: Option<NotStored>,
    /// Where the main master lives.
    source: Option<Location>,
    pub lacks_a_part: bool,
    stands_in: bool,
}

impl<'e> Made<'e> {
    pub fn new(engine: &'e Engine, resolved: &'e Resolved, context: &FillContext) -> Self {
        Made {
            engine,
            resolved,
            stamp: context.stamp,
            dependencies: Vec::new(),
            last_modified: None,
            master_bytes: None,
            labels: resolved.known.labels.to_vec(),
            withheld: None,
            source: engine.home(resolved.site, &resolved.candidates).cloned(),
            lacks_a_part: false,
            stands_in: false,
        }
    }

    /// Takes over by what a master is named. It was judged after this fill began.
    pub fn used(&mut self, master: &Entry, role: Role, not_stored: Option<NotStored>) {
        let dependencies = master.subject.dependencies.iter().cloned();
        self.dependencies.extend(dependencies.map(|dependency| Dependency { role, ..dependency }));
        for label in &master.subject.labels {
            if !self.labels.contains(label) {
                self.labels.push(label.clone());
            }
        }
        if let Some(body) = master.body() {
            if role == Role::Main {
                self.master_bytes = Some(body.len() as u64);
                self.last_modified = master.meta.last_modified;
            } else {
                self.last_modified = self.last_modified.max(master.meta.last_modified);
            }
            // What may not be kept of a master may not be kept of the derivative, whichever it was. That a purge overtook the
            // master is for the derivative's own check to find.
            let withheld = not_stored.filter(|why| matches!(why, NotStored::OriginForbids | NotStored::MasterUnstable));
            let gravest = self.withheld.filter(|why| *why == NotStored::MasterUnstable);
            self.withheld = gravest.or(withheld).or(self.withheld);
        }
    }

    /// How it was made, as tags (rule S1).
    fn label(&mut self, kind: TagKind, value: &str) {
        if let Some(source) = self.source.clone() {
            self.labels.push(Label { tag: Tag::built_in(kind, value), source });
        }
    }

    pub fn meta(&self, content_type: String, lifetime: Duration) -> Meta {
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

    pub fn entry(mut self, content: Content, meta: Meta) -> Entry {
        let site = self.engine.site(self.resolved.site);
        if !site.passthrough {
            self.label(TagKind::Dialect, site.dialect.name());
        }
        self.label(TagKind::Engine, &RECIPE.to_string());
        let subject = Subject {
            stamp: self.stamp,
            exact: Some(self.resolved.exact),
            dependencies: self.dependencies,
            labels: self.labels.into(),
        };
        Entry::new(self.resolved.key, subject, content, meta)
    }

    /// Notes what a render says of its result.
    pub fn rendered(&mut self, rendered: Rendered) -> (Bytes, String) {
        self.lacks_a_part |= !rendered.left_out.is_empty();
        for warning in &rendered.warnings {
            tracing::info!(url = self.resolved.url, warning, "a picture is not all that was asked");
        }
        (Bytes::from(rendered.bytes), rendered.content_type.to_owned())
    }

    /// Whether an entry was made from the same bytes of the same masters.
    pub fn is_from_the_same(&self, entry: &Entry) -> bool {
        let of = |d: &Dependency| (d.hash, d.role, d.digest);
        self.dependencies.iter().map(of).eq(entry.subject.dependencies.iter().map(of))
    }

    pub fn picture(mut self, (bytes, content_type): (Bytes, String)) -> Filled {
        let digest = Digest::of(&bytes);
        if let Some(format) = content_type.strip_prefix("image/") {
            self.label(TagKind::Format, format);
        }
        let edge_time = self.resolved.keep.unwrap_or(self.engine.site(self.resolved.site).edge_time);
        // Without one of its parts, or with another picture in its place, it is a stopgap, like a failure (G10).
        let is_stopgap = self.lacks_a_part || self.stands_in;
        let lifetime = if is_stopgap { edge_time.min(self.engine.settings.error_time) } else { edge_time };
        let master_bytes = self.master_bytes;
        let meta = Meta { stands_in: self.stands_in, master_bytes, ..self.meta(content_type, lifetime) };
        let keep = match self.withheld {
            None if is_stopgap => Keep::Memory,
            // `no-store` and `private` are never written to disk.
            Some(NotStored::OriginForbids) => Keep::Memory,
            Some(why) => Keep::Nowhere(why),
            None => Keep::Everywhere,
        };
        Filled { entry: self.entry(Content::Body { bytes, digest }, meta), keep }
    }

    pub fn failure(mut self, failure: Failure, holds: Holds) -> Filled {
        self.label(TagKind::Status, &failure.status.to_string());
        let meta = self.meta(String::new(), self.engine.holding_time(holds));
        let keep = if holds == Holds::Not { Keep::Passing } else { Keep::Memory };
        Filled { entry: self.entry(Content::Failure(failure), meta), keep }
    }
}

pub(crate) fn unix_now() -> u64 {
    unix_seconds(SystemTime::now()).unwrap_or(0)
}

fn unix_seconds(at: SystemTime) -> Option<u64> {
    at.duration_since(UNIX_EPOCH).ok().map(|d| d.as_secs())
}
