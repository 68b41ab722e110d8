//! Why a URL is answered as it is: what it means, what is stored for it and of its master, and which purges touch that.
//!
//! Nothing is fetched, filled, counted as used, remembered or changed by explaining.

mod derivatives;

use std::collections::HashMap;
use std::sync::Arc;

use cache::{Hits, Inspected, Would};
use derivatives::{Sought, kept};
use dialect::{Heard, Hints, Listens, Parsed, Policy, Target, Verdict, Warning};
use plan::{AcceptClass, DerivativeKey, MasterId, OutputSpec, Position, Selector};
use purge::{CatalogueError, Count, Filter, LogError, Record, Role, Takedown};

use crate::fill::unix_now;
use crate::purging::unix_millis;
use crate::resolve::{Candidate, Refusal, Resolved, refuse_strictly};
use crate::site::Site;
use crate::{Engine, NamingError, Scope, Spelled, Spelling, signed};

/// Who would ask for a URL, as far as the answer may depend on that.
#[derive(Debug, Clone, Default)]
pub struct Asker {
    /// What it can show.
    pub accept: AcceptClass,
    /// Header fields in which it says more of itself, by lower-case name, each with its value. Those that the URL leaves nothing to
    /// are not looked at.
    pub fields: Vec<(&'static str, String)>,
}

/// What is told of a URL.
pub struct Explained {
    /// The number of its site.
    pub site: usize,
    /// The raw target below the site's prefix.
    pub target: String,
    /// As what it would be refused, whatever is cached; `None` = it is answered.
    pub refused: Option<Refusal>,
    /// What its signature is worth.
    pub signature: Signature,
    /// What it means; `None` where that cannot be read.
    pub meaning: Option<Means>,
}

/// What a look at a signature came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What the site asks for.
    pub policy: Policy,
    /// What was found.
    pub verdict: Signed,
    /// When it, or the URL itself, ends: in seconds since the Unix epoch.
    pub expires_at: Option<u64>,
    /// One sentence.
    pub detail: String,
}

/// What a signature is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// It is right.
    Valid,
    /// There is none.
    Absent,
    /// It is wrong.
    Invalid,
    /// It was right, and its time is up.
    Expired,
    /// The site does not look at signatures.
    Unchecked,
}

impl Signed {
    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Signed::Valid => "valid",
            Signed::Absent => "absent",
            Signed::Invalid => "invalid",
            Signed::Expired => "expired",
            Signed::Unchecked => "unchecked",
        }
    }
}

/// What a URL means.
pub struct Means {
    /// The canonical plan, as text.
    pub plan: String,
    /// What is done to the picture, a phrase for each stage.
    pub words: Vec<String>,
    /// How the result is written for any client.
    pub output: String,
    /// How it is written for this one.
    pub spec: OutputSpec,
    /// What was not understood or not obeyed, of the URL and of the client's header fields.
    pub warnings: Vec<Warning>,
    /// Whether the answer depends on `Accept`.
    pub varies: bool,
    /// On which hints of the client it depends.
    pub listens: Listens,
    /// What of them the client gave.
    pub hints: Hints,
    /// The masters that it may come from, in the order in which they are tried.
    pub candidates: Vec<Spelled>,
    /// The one of them that the cached answer came from, else the first.
    pub master: Option<Spelled>,
    /// The original's own bytes, where they are cached.
    pub original: Option<Kept>,
    /// Every master that takes part or was tried, as far as that is known, each once.
    pub dependencies: Vec<(Spelled, Role)>,
    /// The takedown that refuses it.
    pub takedown: Option<Arc<Takedown>>,
    /// Under which key the answer is cached.
    pub key: DerivativeKey,
    /// What is cached under it.
    pub cached: Inspected,
    /// Cached derivatives of the master, those used last first, this one before all.
    pub derivatives: Vec<Kept>,
    /// All of them, in memory and on disk, each once. Of what memory alone has, at most the thousand used last are counted.
    pub total: Count,
    /// The tags that the answer bears or would bear, as far as they are known.
    pub tags: Vec<String>,
    /// By which names purges reach it, and the newest purge of each.
    pub purges: Vec<Touch>,
    /// The position below which nothing that is stored is good any more, whatever it is; [`Position::START`] while there is none.
    pub floor: Position,
    /// The same plan said in each site that has the master.
    pub urls: Vec<Spelling>,
}

/// Something that is cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its key.
    pub key: DerivativeKey,
    /// A target that led to it.
    pub url: String,
    /// Its media type.
    pub content_type: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was stored, in seconds since the Unix epoch.
    pub stored_at: u64,
    /// When it was last hit in memory, read from disk or put there, in seconds since the Unix epoch; `None` where it is in memory
    /// alone and was not asked for again.
    pub last_used: Option<u64>,
    /// How often it was answered out of memory; `None` where it is not there.
    pub hits: Option<Hits>,
    /// As of which purge it is good.
    pub stamp: Position,
    /// What a request for it would find.
    pub would: Would,
    /// Whether memory has it.
    pub in_memory: bool,
    /// Whether the disk has it. In neither: only its row is left.
    pub on_disk: bool,
}

/// A name by which purges reach something.
#[derive(Debug, Clone)]
pub struct Touch {
    /// The name.
    pub selector: Selector,
    /// The newest purge of it: its position, and its record where the log still has it.
    pub newest: Option<(Position, Option<Record>)>,
}

/// Why a URL cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum Unexplained {
    /// It leads to no site that the caller may look at.
    #[error(transparent)]
    Naming(#[from] NamingError),
    /// The catalogue cannot be read.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The purge log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Whether the caller may see a derivative, by a target that led to it and the masters that it was made from.
pub type Sees<'s> = &'s dyn Fn(&str, &[MasterId]) -> bool;

impl Engine {
    /// Tells everything about a URL of ours, or a path with a site's prefix; of its master's derivatives at most `limit`, and
    /// those that `sees` lets pass: `None` = all. Blocks on the disk.
    ///
    /// # Errors
    /// See [`Unexplained`]. What would be refused is no error: that is told.
    pub fn explain(
        &self,
        said: &str,
        asker: &Asker,
        scope: &Scope,
        limit: usize,
        sees: Option<Sees<'_>>,
    ) -> Result<Explained, Unexplained> {
        let (number, target) = self.locate(said, scope)?;
        let site = self.site(number);
        let below = Target::new(&target);
        let checked = signed::check(site, self.sites.grammar(number), below);
        let (vouched, ends) = checked.as_ref().copied().unwrap_or((below, None));
        let mut refused = checked.err();
        let parsed = self.parse(number, vouched).or_else(|refusal| {
            refused.get_or_insert(refusal);
            // What a site refuses to make may still be explained.
            self.parse_any(number, vouched)
        });
        let expires = parsed.as_ref().ok().and_then(|parsed| parsed.expires).into_iter().chain(ends).min();
        let signature = self.signature(number, below, expires, refused.as_ref());
        let meaning = match parsed {
            Ok(parsed) => match self.meaning_of(number, parsed.clone()) {
                Ok(meaning) => {
                    refused = refused.or_else(|| refuse_strictly(site, &parsed)).or_else(|| ended(site, expires));
                    let plain = self.resolved(number, meaning, asker.accept, ends, as_asked(site, &target));
                    let (resolved, parsed, heard) = self.for_asker(plain, parsed, below, asker);
                    Some(self.means(&resolved, &heard, &parsed, scope, limit, sees)?)
                }
                Err(refusal) => {
                    refused.get_or_insert(refusal);
                    None
                }
            },
            Err(_) => None,
        };
        Ok(Explained { site: number, refused: refused.map(|refusal| refusal.at(number)), signature, meaning, target })
    }

    /// What a client with hints gets, as [`Engine::resolve`] does it; and what the URL says for it, overlays by their names.
    fn for_asker(
        &self,
        plain: Resolved,
        parsed: Parsed,
        below: Target<'_>,
        asker: &Asker,
    ) -> (Resolved, Parsed, Heard) {
        let heard = Heard::read(plain.listens, |name| {
            asker.fields.iter().filter(move |(field, _)| *field == name).map(|(_, value)| value.as_str())
        });
        let hints = heard.hints().heard_by(plain.listens);
        if hints == Hints::NONE {
            return (plain, parsed, heard);
        }
        let said = self.sites.grammar(plain.site).parse_for(below, &self.site(plain.site).grammar, hints);
        match (self.hinted(&plain, below, asker.accept, hints), said) {
            (Ok(hinted), Ok(said)) => (hinted, said, heard),
            _ => (plain, parsed, heard),
        }
    }

    fn signature(
        &self,
        number: usize,
        below: Target<'_>,
        expires: Option<u64>,
        refused: Option<&Refusal>,
    ) -> Signature {
        let site = self.site(number);
        let policy = site.signing.policy;
        let told =
            |verdict, detail: &str| Signature { policy, verdict, expires_at: expires, detail: detail.to_owned() };
        if policy == Policy::Off || site.passthrough {
            return told(Signed::Unchecked, "this site does not look at signatures");
        }
        let prefix = site.prefix.trim_end_matches('/');
        let why =
            refused.filter(|refusal| refusal.code.starts_with("signature")).map(|refusal| refusal.detail.as_str());
        match self.sites.grammar(number).verify(below, prefix, &site.grammar, &site.signing) {
            Verdict::Unsigned => told(Signed::Absent, why.unwrap_or("the URL is not signed, and need not be")),
            Verdict::Bad { .. } => told(Signed::Invalid, why.unwrap_or("the signature does not fit")),
            Verdict::Good { .. } if expires.is_some_and(|end| end <= unix_now()) => {
                told(Signed::Expired, "the signature fits, and its time is up")
            }
            Verdict::Good { form, .. } => told(Signed::Valid, &format!("the signature fits (form: {form})")),
        }
    }

    fn means(
        &self,
        resolved: &Resolved,
        heard: &Heard,
        parsed: &Parsed,
        scope: &Scope,
        limit: usize,
        sees: Option<Sees<'_>>,
    ) -> Result<Means, Unexplained> {
        let cached = self.derivatives.inspect(&resolved.key);
        let subject = cached.entry.as_ref().map_or(&resolved.known, |entry| &entry.subject);
        let had = subject.dependencies.iter().find(|d| d.role == Role::Main && d.digest.is_some());
        let main = resolved.candidates.iter().find(|c| had.is_some_and(|had| had.master == c.master.id));
        let main = main.or(resolved.candidates.first());
        let mut dependencies: Vec<(Spelled, Role)> = Vec::new();
        for dependency in resolved.known.dependencies.iter().chain(&subject.dependencies) {
            if !dependencies.iter().any(|(known, role)| known.id == dependency.master && *role == dependency.role) {
                dependencies.push((self.spelled(&dependency.master), dependency.role));
            }
        }
        let now = unix_millis();
        let takedown = self.takedowns.refuses_subject(&resolved.known, now);
        let sought = Sought { key: resolved.key, url: &resolved.url, cached: &cached };
        let (derivatives, total) = self.kept_of(main.map(|main| &main.master.id), &sought, limit, sees)?;
        let mut tags: Vec<String> = Vec::new();
        for label in resolved.known.labels.iter().chain(subject.labels.iter()) {
            if !tags.iter().any(|tag| tag == label.tag.as_str()) {
                tags.push(label.tag.as_str().to_owned());
            }
        }
        Ok(Means {
            plan: resolved.plan.to_string(),
            words: resolved.plan.words(),
            output: resolved.plan.output_words(),
            spec: resolved.output.clone(),
            warnings: resolved.warnings.iter().chain(&heard.warnings).cloned().collect(),
            varies: resolved.varies,
            listens: resolved.listens,
            hints: heard.hints().heard_by(resolved.listens),
            candidates: resolved.candidates.iter().map(|c| self.spelled(&c.master.id)).collect(),
            master: main.map(|main| self.spelled(&main.master.id)),
            original: main.and_then(|main| self.original_of(main)),
            dependencies,
            takedown: takedown.or_else(|| self.takedowns.refuses_subject(subject, now)),
            key: resolved.key,
            derivatives,
            total,
            tags,
            purges: self.touches(subject)?,
            floor: self.index.floor(),
            urls: main
                .map(|main| self.spellings(resolved.site, parsed, &resolved.plan, &main.master, scope))
                .unwrap_or_default(),
            cached,
        })
    }

    /// A master by the source that it lies in: of several the most exact.
    pub(crate) fn spelled(&self, id: &MasterId) -> Spelled {
        let within = self.sources.iter().filter_map(|source| {
            let path = id.as_str().strip_prefix(source.location().as_str())?;
            Some((source.location().as_str().len(), source.name(), path))
        });
        let (_, source, path) = within.max_by_key(|(length, ..)| *length).unwrap_or((0, "", id.as_str()));
        Spelled { source: source.to_owned(), path: path.to_owned(), id: id.clone() }
    }

    fn original_of(&self, candidate: &Candidate) -> Option<Kept> {
        let key = DerivativeKey::of_master(&self.index.identity().secret, &candidate.master);
        let inspected = self.masters.inspect(&key);
        inspected.entry.as_ref().filter(|entry| entry.body().is_some())?;
        Some(kept(key, &inspected, None))
    }

    /// Which names purges reach a subject by, and the newest purge of each.
    fn touches(&self, subject: &purge::Subject) -> Result<Vec<Touch>, LogError> {
        let locations: Vec<_> = self.sources.iter().map(|source| source.location().clone()).collect();
        let mut records: HashMap<Position, Option<Record>> = HashMap::new();
        let mut touches = Vec::new();
        for (selector, slot) in self.index.names_of(subject, &locations) {
            let at = slot.newest();
            let newest = match (at, records.get(&at)) {
                (Position::START, _) => None,
                (_, Some(known)) => Some((at, known.clone())),
                (_, None) => {
                    let filter = Filter { before: Some(at.next()), limit: 1, ..Filter::default() };
                    let found = self.records.list(&filter)?.pop().map(|(record, _)| record);
                    let found = found.filter(|record| record.position == at);
                    records.insert(at, found.clone());
                    Some((at, found))
                }
            };
            touches.push(Touch { selector, newest });
        }
        Ok(touches)
    }

    /// What is stored under a key and may be served, by the same check as a hit (G1), with the masters that it was made from. Not
    /// counted as use. Blocks on the disk.
    pub fn stored(&self, key: &DerivativeKey) -> Inspected {
        self.derivatives.inspect(key)
    }
}

/// As delivery notes where an answer came from.
fn as_asked(site: &Site, target: &str) -> String {
    let path = format!("{}{target}", site.prefix.trim_end_matches('/'));
    site.hosts.first().map_or_else(|| path.clone(), |host| format!("//{host}{path}"))
}

/// A URL whose time is up is refused, signed or not.
fn ended(site: &Site, expires: Option<u64>) -> Option<Refusal> {
    expires.filter(|end| *end <= unix_now()).map(|end| signed::ended(site.dialect, end))
}
