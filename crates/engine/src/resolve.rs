//! From a request to the key of its answer, remembered for the next time.

use std::sync::Arc;
use std::time::Duration;

use dialect::{Asset, Disposition, Hints, Listens, ParseError, Parsed, Settings, Target, Warning};
use plan::reason::Fault;
use plan::{
    AcceptClass, DerivativeKey, ExactName, Label, MasterId, MasterRef, NameHash, OutputSpec, Plan, Position, Stamp,
    Tag, TagKind,
};
use purge::{Index, Role, Slot, Subject};
use quick_cache::Equivalent;
use quick_cache::sync::Cache;

use crate::fill::unix_now;
use crate::site::Site;
use crate::{Engine, signed};

/// What a request says, as far as its answer depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The `Host` header.
    pub host: &'a str,
    /// The raw request target: path and query.
    pub target: &'a str,
    /// What the client can show.
    pub accept: AcceptClass,
    /// What it says of itself. It counts where [`Resolved::listens`] has it.
    pub hints: Hints,
    /// Whether it comes from ourselves, or from whoever may act on the site: signatures and ends are not asked for.
    pub trusted: bool,
}

/// A request, understood for one class of clients.
#[derive(Debug)]
pub struct Resolved {
    /// The number of its site.
    pub site: usize,
    /// The key of the answer.
    pub key: DerivativeKey,
    /// The exact name of the derivative.
    pub exact: (ExactName, NameHash),
    /// The masters it may come from, in the order in which they are tried; never empty.
    pub candidates: Vec<Candidate>,
    /// What is answered where none of them exists.
    pub stand_in: Option<StandIn>,
    /// For each overlay of the plan, in the order of [`Plan::overlays`], the masters that it may come from.
    pub pictures: Vec<Vec<Candidate>>,
    /// Everything by which purges can name the answer before it is made.
    pub known: Subject,
    /// What is done to the master, hints of the client worked in.
    pub plan: Plan,
    /// How the result is written.
    pub output: OutputSpec,
    /// Whether the answer depends on `Accept`.
    pub varies: bool,
    /// On which hints of the client the answer depends.
    pub listens: Listens,
    /// Attachment or inline.
    pub disposition: Disposition,
    /// Other than pictures may be passed through.
    pub any_content: bool,
    /// When the URL ends, in seconds since 1970.
    pub expires: Option<u64>,
    /// How long answers may be kept, where the URL says so and not its site.
    pub keep: Option<Duration>,
    /// What was not understood or not obeyed.
    pub warnings: Vec<Warning>,
    /// The target, after `//` and the host where its site has hosts of its own: for people, and for warming.
    pub url: String,
}

/// A picture in the place of a missing master.
#[derive(Debug, Clone)]
pub struct StandIn {
    /// The masters that it may come from.
    pub candidates: Vec<Candidate>,
    /// The status with which it is sent.
    pub status: u16,
}

/// A master that may serve a request.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The number of its source.
    pub source: usize,
    /// The master.
    pub master: MasterRef,
    /// The hash by which the purge index knows it.
    pub hash: NameHash,
}

impl Resolved {
    /// The newest purges of everything by which the answer is known before it is made.
    pub fn newest(&self, index: &Index) -> Slot {
        index.newest_of(&self.known)
    }

    /// The file name that the first candidate ends in, for `Content-Disposition`.
    pub fn base_name(&self) -> &str {
        let path = self.candidates.first().map_or("", |c| c.master.id.as_str());
        path.rsplit('/').next().unwrap_or(path)
    }
}

/// Why a request has no answer, whatever is cached. The client's fault, or the configuration's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Stable kebab-case code.
    pub code: &'static str,
    /// One sentence.
    pub detail: String,
    /// The parameter that is to blame, where one is.
    pub parameter: Option<String>,
    /// What would be allowed, in words.
    pub allowed: Option<String>,
    /// The number of the site, once it was found.
    pub site: Option<usize>,
    /// Whose fault it is.
    pub fault: Fault,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Refusal {
            status,
            code,
            detail: detail.into(),
            parameter: None,
            allowed: None,
            site: None,
            fault: Fault::Client,
        }
    }

    /// What is answered while the server stops.
    pub fn stopping() -> Self {
        Refusal { fault: Fault::Us, ..Refusal::new(503, "stopping", "the server is stopping") }
    }

    pub(crate) fn at(self, site: usize) -> Self {
        Refusal { site: Some(site), ..self }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct MemoKey {
    host: Box<str>,
    target: Box<str>,
    accept: AcceptClass,
    hints: Hints,
}

#[derive(Hash)]
struct Borrowed<'a> {
    host: &'a str,
    target: &'a str,
    accept: AcceptClass,
    hints: Hints,
}

impl Equivalent<MemoKey> for Borrowed<'_> {
    fn equivalent(&self, key: &MemoKey) -> bool {
        self.target == &*key.target && self.host == &*key.host && self.accept == key.accept && self.hints == key.hints
    }
}

type Outcome = Result<Arc<Resolved>, Arc<Refusal>>;

/// Remembers what requests resolve to. It holds neither bytes nor freshness, so purges need not touch it.
pub(crate) struct Memo(Cache<MemoKey, Outcome>);

/// Longer targets are resolved each time: they are rare, and would fill the memo.
const LONGEST_REMEMBERED: usize = 1024;

impl Memo {
    pub fn new(entries: usize) -> Self {
        Memo(Cache::new(entries))
    }
}

impl Engine {
    /// Understands a request.
    ///
    /// # Errors
    /// When it has no answer. Hints are never the reason.
    pub fn resolve(&self, ask: Ask<'_>) -> Outcome {
        let plain = self.remembered(Ask { hints: Hints::NONE, ..ask }, |ask| self.resolve_anew(ask))?;
        if let Some(end) = plain.expires.filter(|end| !ask.trusted && *end <= unix_now()) {
            return Err(Arc::new(signed::ended(self.site(plain.site).dialect, end).at(plain.site)));
        }
        let hints = ask.hints.heard_by(plain.listens);
        if hints == Hints::NONE {
            return Ok(plain);
        }
        let hinted = self.remembered(Ask { hints, ..ask }, |ask| self.resolve_hinted(ask, &plain));
        hinted.or(Ok(plain))
    }

    fn remembered(&self, ask: Ask<'_>, resolve: impl FnOnce(Ask<'_>) -> Result<Resolved, Refusal>) -> Outcome {
        if ask.trusted {
            return resolve(ask).map(Arc::new).map_err(Arc::new);
        }
        let borrowed = Borrowed { host: ask.host, target: ask.target, accept: ask.accept, hints: ask.hints };
        if let Some(known) = self.memo.0.get(&borrowed) {
            return known;
        }
        let outcome = resolve(ask).map(Arc::new).map_err(Arc::new);
        if ask.target.len() + ask.host.len() <= LONGEST_REMEMBERED {
            let (host, target) = (ask.host.into(), ask.target.into());
            self.memo.0.insert(MemoKey { host, target, accept: ask.accept, hints: ask.hints }, outcome.clone());
        }
        outcome
    }

    /// What a client with hints gets: another plan under the name that the URL alone has, so that a purge of that takes it
    /// too (rule I4).
    fn resolve_hinted(&self, ask: Ask<'_>, plain: &Resolved) -> Result<Resolved, Refusal> {
        let Target { path, query } = Target::new(ask.target);
        let below = Target { path: self.site(plain.site).below(path).unwrap_or(path), query };
        self.hinted(plain, below, ask.accept, ask.hints)
    }

    /// As [`Engine::resolve_hinted`], of a target below its site's prefix, with hints that its URL listens to.
    pub(crate) fn hinted(
        &self,
        plain: &Resolved,
        below: Target<'_>,
        accept: AcceptClass,
        hints: Hints,
    ) -> Result<Resolved, Refusal> {
        let site = self.site(plain.site);
        let grammar = self.sites.grammar(plain.site);
        let mut parsed = grammar.parse_for(below, &site.grammar, hints).map_err(|e| refuse_parse(&e))?;
        let pictures = self.resolve_pictures(plain.site, &mut parsed.plan)?;
        let output = parsed.plan.output.resolve(accept);
        let secret = &self.index.identity().secret;
        Ok(Resolved {
            key: DerivativeKey::hinted(secret, &plain.exact.0, &plain.plan, &parsed.plan, &output),
            site: plain.site,
            exact: plain.exact,
            candidates: plain.candidates.clone(),
            stand_in: plain.stand_in.clone(),
            known: self.known(plain.site, plain.exact.0, &plain.candidates, &pictures, &parsed.presets),
            pictures,
            varies: parsed.plan.output.negotiates(),
            listens: plain.listens,
            plan: parsed.plan,
            output,
            disposition: parsed.disposition,
            any_content: parsed.any_content,
            expires: plain.expires,
            keep: plain.keep,
            warnings: parsed.warnings,
            url: plain.url.clone(),
        })
    }

    fn resolve_anew(&self, ask: Ask<'_>) -> Result<Resolved, Refusal> {
        let Target { path, query } = Target::new(ask.target);
        let route = self.sites.route(ask.host, path).ok_or_else(|| {
            let known: Vec<&str> = self.sites.all().iter().map(|s| s.prefix.as_str()).collect();
            let detail = format!("no site answers here; sites are at {}", known.join(", "));
            Refusal::new(404, "no-such-site", detail)
        })?;
        let (site, number) = (route.site, route.number);
        let below = Target { path: route.path, query };
        self.resolve_below(ask, site, number, below).map_err(|refusal| refusal.at(number))
    }

    fn resolve_below(&self, ask: Ask<'_>, site: &Site, number: usize, below: Target<'_>) -> Result<Resolved, Refusal> {
        let (below, ends) = match signed::check(site, self.sites.grammar(number), below) {
            Err(_) if ask.trusted => (below, None),
            checked => checked?,
        };
        let meaning = self.meaning(number, below)?;
        if let Some(refusal) = refuse_strictly(site, &meaning.parsed) {
            return Err(refusal);
        }
        let url = if site.hosts.is_empty() { ask.target.to_owned() } else { format!("//{}{}", ask.host, ask.target) };
        Ok(self.resolved(number, meaning, ask.accept, ends, url))
    }

    /// What a meaning comes to for one class of clients. `ends`: when the URL's signature does.
    pub(crate) fn resolved(
        &self,
        number: usize,
        meaning: Meaning,
        accept: AcceptClass,
        ends: Option<u64>,
        url: String,
    ) -> Resolved {
        let Meaning { parsed, candidates, stand_in, pictures, exact } = meaning;
        let site = self.site(number);
        let secret = &self.index.identity().secret;
        let output = parsed.plan.output.resolve(accept);
        Resolved {
            site: number,
            key: match site.passthrough {
                true => DerivativeKey::passed_through(secret, &exact),
                false => DerivativeKey::new(secret, &exact, &output),
            },
            known: self.known(number, exact, &candidates, &pictures, &parsed.presets),
            exact: self.index.exact(exact),
            candidates,
            stand_in,
            pictures,
            varies: parsed.plan.output.negotiates(),
            listens: parsed.listens,
            plan: parsed.plan,
            output,
            disposition: parsed.disposition,
            any_content: parsed.any_content,
            expires: parsed.expires.into_iter().chain(ends).min(),
            keep: parsed.keep,
            warnings: parsed.warnings,
            url,
        }
    }

    /// What a target below a site's prefix means: masters, plan with its overlays found, and the exact name of all that.
    pub(crate) fn meaning(&self, number: usize, below: Target<'_>) -> Result<Meaning, Refusal> {
        self.meaning_of(number, self.parse(number, below)?)
    }

    /// As [`Engine::meaning`], of a target that was parsed.
    pub(crate) fn meaning_of(&self, number: usize, mut parsed: Parsed) -> Result<Meaning, Refusal> {
        let (candidates, stand_in) = if parsed.plan.needs_master() {
            let found = self.candidates(number, parsed.source.as_deref(), &parsed.asset, &parsed.origin_query)?;
            (found, self.stand_in_of(number, &parsed)?)
        } else {
            (Vec::new(), None)
        };
        let pictures = self.resolve_pictures(number, &mut parsed.plan)?;
        let masters: Vec<MasterRef> = candidates.iter().map(|c| c.master.clone()).collect();
        let secret = &self.index.identity().secret;
        let exact = ExactName::new(secret, &masters, &parsed.plan).with(secret, &besides(&parsed, stand_in.as_ref()));
        Ok(Meaning { parsed, candidates, stand_in, pictures, exact })
    }

    /// What the URL, or else its site, has in the place of a missing master.
    fn stand_in_of(&self, number: usize, parsed: &Parsed) -> Result<Option<StandIn>, Refusal> {
        let missing = &self.site(number).missing;
        let (asset, status) = match (&parsed.fallback, &missing.picture) {
            (Some(asset), _) => (asset, 200),
            (None, Some(asset)) => (asset, missing.status.unwrap_or(404)),
            (None, None) => return Ok(None),
        };
        let candidates = self.candidates(number, parsed.source.as_deref(), asset, "")?;
        Ok(Some(StandIn { candidates, status }))
    }

    /// What a raw target below a site's prefix means. On a pass-through site the path is the master's, and the query the
    /// origin's, byte for byte.
    pub(crate) fn parse(&self, number: usize, below: Target<'_>) -> Result<Parsed, Refusal> {
        self.parse_with(number, below, &self.site(number).grammar)
    }

    /// As [`Engine::parse`], for whoever may purge: what a site refuses to make may still be named.
    pub(crate) fn parse_any(&self, number: usize, below: Target<'_>) -> Result<Parsed, Refusal> {
        let grammar = &self.site(number).grammar;
        if !grammar.presets_only {
            return self.parse_with(number, below, grammar);
        }
        self.parse_with(number, below, &Settings { presets_only: false, ..grammar.clone() })
    }

    fn parse_with(&self, number: usize, below: Target<'_>, grammar: &Settings) -> Result<Parsed, Refusal> {
        let site = self.site(number);
        if !site.passthrough {
            return self.sites.grammar(number).parse(below, grammar).map_err(|e| refuse_parse(&e));
        }
        let raw = below.path.strip_prefix('/').unwrap_or(below.path);
        let path = dialect::text::decode(raw)
            .ok_or_else(|| Refusal::new(400, "bad-path", "the path is not UTF-8 once it is decoded"))?;
        Ok(Parsed {
            origin_query: below.query.unwrap_or_default().to_owned(),
            any_content: true,
            ..Parsed::new(Asset::Path(path), Plan::original())
        })
    }

    /// What purges can name an answer by before it is made: its exact name, every master that may take part, and the tags
    /// that its site gives.
    fn known(
        &self,
        site: usize,
        exact: ExactName,
        candidates: &[Candidate],
        pictures: &[Vec<Candidate>],
        presets: &[String],
    ) -> Subject {
        let parts = pictures.iter().flatten().map(|part| (part, Role::Part));
        let all = candidates.iter().map(|main| (main, Role::Main)).chain(parts);
        Subject {
            stamp: Stamp { log: self.index.identity().log, position: Position::START },
            exact: Some(self.index.exact(exact)),
            dependencies: all
                .map(|(c, role)| self.index.dependency(c.master.id.clone(), role, Position::START, None))
                .collect(),
            labels: self.given_labels(site, candidates, presets).into(),
        }
    }

    /// What a takedown can name a master by before it is asked for.
    pub(crate) fn known_of(&self, candidate: &Candidate) -> Subject {
        let dependency = self.index.dependency(candidate.master.id.clone(), Role::Main, Position::START, None);
        Subject {
            stamp: Stamp { log: self.index.identity().log, position: Position::START },
            exact: None,
            dependencies: vec![dependency],
            labels: Vec::new().into(),
        }
    }

    /// The tags that a site's rules give to what is made from any of these masters, and those of the presets that took part.
    fn given_labels(&self, site: usize, candidates: &[Candidate], presets: &[String]) -> Vec<Label> {
        let mut labels = Vec::new();
        for candidate in candidates {
            let source = self.sources[candidate.source].location();
            let path = candidate.master.id.as_str().strip_prefix(source.as_str()).unwrap_or_default();
            let by_rule = self.site(site).tags.iter().filter(|rule| rule.covers(path)).flat_map(|rule| &rule.tags);
            for tag in by_rule.cloned().chain(of_presets(presets)) {
                let label = Label { tag, source: source.clone() };
                if !labels.contains(&label) {
                    labels.push(label);
                }
            }
        }
        // What is made of no master bears the tags where its site's masters lie.
        if let ([], Some(source)) = (candidates, self.home(site, candidates)) {
            labels.extend(of_presets(presets).map(|tag| Label { tag, source: source.clone() }));
        }
        labels
    }

    /// Where the main master lives; for what is made of none, the first source of its site.
    pub(crate) fn home(&self, site: usize, candidates: &[Candidate]) -> Option<&plan::Location> {
        let number =
            candidates.first().map(|candidate| candidate.source).or_else(|| self.sites.sources(site).first().copied());
        Some(self.sources[number?].location())
    }

    /// The masters that an asset of a site may mean, in the order in which its sources are tried.
    pub(crate) fn candidates(
        &self,
        site: usize,
        named: Option<&str>,
        asset: &Asset,
        query: &str,
    ) -> Result<Vec<Candidate>, Refusal> {
        let mut numbers = self.sites.sources(site).to_vec();
        if let Some(named) = named {
            numbers.retain(|n| self.sources[*n].name() == named);
            if numbers.is_empty() {
                let known = self.sites.all()[site].sources.join(", ");
                let detail = format!("no source is called {named:?}; this site has {known}");
                return Err(Refusal::new(422, "no-such-source", detail));
            }
        }
        let mut candidates = Vec::new();
        let mut problem = None;
        for number in numbers {
            let source = &self.sources[number];
            let found = match asset {
                Asset::Path(path) => match source.canonical(path) {
                    Ok(id) => Some((id, query.to_owned())),
                    Err(bad) => {
                        problem = Some(bad);
                        None
                    }
                },
                Asset::Url(url) => source.split_url(url).map(|(id, own)| (id, join_queries(&own, query))),
            };
            // What another source reads with credentials of its own is not to be had through an open door beside it.
            let found = found.filter(|(id, _)| !source.is_proxy() || !self.is_guarded(site, id));
            let Some((id, query)) = found else { continue };
            let query = if source.takes_query() { query } else { String::new() };
            let hash = self.index.master_hash(&id);
            candidates.push(Candidate { source: number, master: MasterRef { id, query: query.into() }, hash });
        }
        match (candidates.is_empty(), asset, problem) {
            (false, ..) => Ok(candidates),
            (true, Asset::Path(path), Some(origin::BadPath::Empty)) => {
                Err(Refusal::new(404, "master-not-found", format!("the URL names no picture: {path:?}")))
            }
            (true, Asset::Path(_), Some(bad)) => Err(Refusal::new(400, "bad-path", bad.to_string())),
            (true, Asset::Path(_), None) => {
                Err(Refusal { fault: Fault::Us, ..Refusal::new(404, "no-source", "this site has no source") })
            }
            (true, Asset::Url(url), _) => {
                let detail = format!("{url} lies under no source of this site; add one whose base it begins with");
                Err(Refusal::new(403, "origin-not-allowed", detail))
            }
        }
    }

    /// Whether a master lies below a source that a site has not.
    fn is_guarded(&self, site: usize, id: &MasterId) -> bool {
        let own = self.sites.sources(site);
        self.sources.iter().enumerate().any(|(number, source)| {
            !source.is_proxy() && !own.contains(&number) && id.as_str().starts_with(source.location().as_str())
        })
    }

    /// The site of a host and a raw path.
    pub fn route<'p>(&self, host: &str, path: &'p str) -> Option<crate::Route<'_, 'p>> {
        self.sites.route(host, path)
    }

    /// Whether a site has a web source, to which requests can be passed on.
    pub fn has_origin(&self, site: &Site) -> bool {
        self.sources.iter().any(|source| source.takes_query() && site.sources.iter().any(|name| name == source.name()))
    }

    /// A site by its number.
    pub fn site(&self, number: usize) -> &Site {
        &self.sites.all()[number]
    }
}

/// A target below a site's prefix, understood.
pub(crate) struct Meaning {
    pub parsed: Parsed,
    pub candidates: Vec<Candidate>,
    pub stand_in: Option<StandIn>,
    pub pictures: Vec<Vec<Candidate>>,
    pub exact: ExactName,
}

fn of_presets(presets: &[String]) -> impl Iterator<Item = Tag> {
    presets.iter().map(|preset| Tag::built_in(TagKind::Preset, preset))
}

/// What answers of the same masters and plan differ in nevertheless: how long they live, what stands in, by which name
/// purges find them.
fn besides(parsed: &Parsed, stand_in: Option<&StandIn>) -> Vec<String> {
    let keep = parsed.keep.map(|time| format!("keep {}", time.as_secs()));
    let presets = parsed.presets.iter().map(|preset| format!("preset {preset}"));
    let status = stand_in.map(|other| format!("stand-in {}", other.status));
    let others = stand_in.iter().flat_map(|other| &other.candidates);
    let others = others.map(|other| format!("of {}?{}", other.master.id, other.master.query));
    let version = parsed.version.as_ref().map(|version| format!("version {version}"));
    keep.into_iter().chain(version).chain(presets).chain(status).chain(others).collect()
}

fn join_queries(own: &str, more: &str) -> String {
    match (own.is_empty(), more.is_empty()) {
        (true, _) => more.to_owned(),
        (_, true) => own.to_owned(),
        _ => format!("{own}&{more}"),
    }
}

pub(crate) fn refuse_parse(error: &ParseError) -> Refusal {
    match error {
        ParseError::Malformed { problem, expected } => {
            Refusal { allowed: Some(expected.clone()), ..Refusal::new(400, "malformed-url", problem.clone()) }
        }
        ParseError::BadParameter { parameter, value, allowed } => Refusal {
            parameter: Some(parameter.clone()),
            allowed: Some(allowed.clone()),
            ..Refusal::new(400, "bad-parameter", format!("{parameter} has the value {value:?}; allowed: {allowed}"))
        },
        ParseError::Unsupported { parameter, .. } => Refusal {
            parameter: Some(parameter.clone()),
            ..Refusal::new(400, "unsupported-parameter", error.to_string())
        },
        ParseError::TooLong { .. } => Refusal::new(414, "url-too-long", error.to_string()),
        ParseError::NotAPreset { allowed, .. } => {
            Refusal { allowed: Some(allowed.clone()), ..Refusal::new(403, "not-a-preset", error.to_string()) }
        }
    }
}

/// Why a site that obeys everything or nothing refuses a URL.
pub(crate) fn refuse_strictly(site: &Site, parsed: &Parsed) -> Option<Refusal> {
    parsed.warnings.first().filter(|_| site.strict).map(refuse_warning)
}

fn refuse_warning(warning: &Warning) -> Refusal {
    Refusal {
        parameter: Some(warning.parameter.clone()),
        allowed: (!warning.allowed.is_empty()).then(|| warning.allowed.clone()),
        ..Refusal::new(400, "bad-parameter", format!("this site is strict: {warning}"))
    }
}
