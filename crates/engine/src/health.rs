//! How sources are: what came of the fetches that were made anyway, and checks on demand.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use origin::{FetchError, Fetched, Reached, Source, Validators};
use plan::reason::Fault;
use plan::{Location, MasterRef};
use purge::Role;
use tokio::sync::Semaphore;

use crate::Engine;
use crate::purging::unix_millis;
use crate::resolve::Candidate;

/// Checks at a time: each holds a master in memory.
const CHECKS: usize = 4;
/// Failures in a row after which a proxy is called failing. Most of them are about one host among many.
const OF_PROXIES: u32 = 3;

/// A source, and how it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// `local`, `http` or `proxy`.
    pub kind: &'static str,
    /// Where its masters live.
    pub location: Location,
    /// The address under which they lie, of a web source.
    pub base: Option<String>,
    /// The sites that have it, in their order.
    pub sites: Vec<String>,
    /// How it is.
    pub health: Health,
}

/// How a source is, by the fetches of this process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// The newest fetch that says something of the source; `None` = there was none yet.
    pub last: Option<Outcome>,
    /// When it last answered as it should, in milliseconds since the Unix epoch.
    pub last_success: Option<u64>,
    /// Failures since then.
    pub failures: u32,
    /// Whether it is called failing.
    pub failing: bool,
}

/// What came of a fetch, as far as it says something of the source. That it has not got a picture does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// When it ended, in milliseconds since the Unix epoch.
    pub at: u64,
    /// How long it took, the wait for a turn left out.
    pub took: Duration,
    /// What went wrong, and whose fault it is.
    pub trouble: Option<Trouble>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// For people, with what they may do about it.
    pub detail: String,
    /// Whose fault it is.
    pub fault: Fault,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// How long the fetch took.
    pub took: Duration,
    /// Bytes that came.
    pub bytes: Option<u64>,
    /// The media type, by its first bytes, else as declared.
    pub content_type: Option<String>,
    /// Width and height of the picture in pixels, upright.
    pub size: Option<(u32, u32)>,
    /// Files and folders at the top of a folder, counted up to 10,000.
    pub entries: Option<usize>,
    /// What went wrong; `None` = it is as it should be.
    pub trouble: Option<Trouble>,
    /// For people, where there is more to say.
    pub note: String,
}

/// Why nothing was checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unchecked {
    /// Too many checks run, or too many fetches wait for this source.
    #[error("too many checks or fetches are under way; try again in a moment")]
    Busy,
    /// A proxy has no address of its own.
    #[error("a source of type proxy has no address of its own: name the whole URL of a picture")]
    NeedsUrl,
    /// The path names nothing in this source.
    #[error("{0}")]
    BadPath(String),
}

/// What is remembered of each source.
pub(crate) struct Healths {
    of: Vec<Mutex<Health>>,
    checks: Semaphore,
}

impl Healths {
    pub fn new(sources: &[Source]) -> Healths {
        Healths { of: sources.iter().map(|_| Mutex::default()).collect(), checks: Semaphore::new(CHECKS) }
    }

    fn of(&self, number: usize) -> Option<MutexGuard<'_, Health>> {
        self.of.get(number).map(|health| health.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, number: usize, outcome: Outcome, is_proxy: bool) {
        let Some(mut health) = self.of(number) else { return };
        match &outcome.trouble {
            None => (health.last_success, health.failures, health.failing) = (Some(outcome.at), 0, false),
            Some(_) => {
                health.failures = health.failures.saturating_add(1);
                health.failing = health.failures >= if is_proxy { OF_PROXIES } else { 1 };
            }
        }
        health.last = Some(outcome);
    }
}

impl Engine {
    /// Every source, in the order of the configuration, with how it is.
    pub fn standings(&self) -> Vec<Standing> {
        let standing = |(number, source): (usize, &Source)| {
            let sites = self.sites().iter().filter(|site| site.sources.iter().any(|name| name == source.name()));
            Standing {
                name: source.name().to_owned(),
                kind: source.kind_name(),
                location: source.location().clone(),
                base: source.base().map(str::to_owned),
                sites: sites.map(|site| site.name.clone()).collect(),
                health: self.health.of(number).map(|health| health.clone()).unwrap_or_default(),
            }
        };
        self.sources.iter().enumerate().map(standing).collect()
    }

    /// Fetches a master for somebody whose turn it is, and remembers how the source did.
    pub(crate) async fn ask(
        &self,
        number: usize,
        master: &MasterRef,
        validators: Option<&Validators>,
    ) -> Result<Fetched, FetchError> {
        let began = Instant::now();
        let fetched = self.sources[number].fetch(master, validators).await;
        self.note_fetch(number, began.elapsed(), fetched.as_ref().err());
        fetched
    }

    /// Remembers how a source did.
    pub(crate) fn note_fetch(&self, number: usize, took: Duration, error: Option<&FetchError>) {
        let source = &self.sources[number];
        let trouble = match error.map(|error| (error, blames(source, error))) {
            None | Some((_, Blames::Nobody)) => None,
            Some((error, Blames::Source)) => Some(Trouble { detail: advice(source, error), fault: error.fault() }),
            Some((_, Blames::Path)) => return,
        };
        self.health.note(number, Outcome { at: unix_millis(), took, trouble }, source.is_proxy());
    }

    /// Looks whether a source works, by a fetch under its own rules that counts among the fetches from it and stores nothing: of
    /// a path, or a URL under its base; without one, whether it is there at all. Must be called on the runtime of fills.
    ///
    /// # Errors
    /// When nothing was fetched. What went wrong with a fetch is in [`Checked::trouble`].
    pub async fn check_source(&self, number: usize, path: Option<&str>) -> Result<Checked, Unchecked> {
        let source =
            self.sources.get(number).ok_or_else(|| Unchecked::BadPath("there is no such source".to_owned()))?;
        let wanted = path.map(|path| self.wanted(number, path)).transpose()?;
        if wanted.is_none() && source.is_proxy() {
            return Err(Unchecked::NeedsUrl);
        }
        if let Some(wanted) = &wanted
            // Rule S5.
            && let Err((refused, _)) = self.refuse_taken_down(&self.known_of(wanted), Role::Main)
        {
            let trouble = Trouble { detail: format!("it is taken down: {}", refused.detail), fault: refused.fault };
            return Ok(Checked { trouble: Some(trouble), ..Checked::default() });
        }
        let _one = self.health.checks.try_acquire().map_err(|_| Unchecked::Busy)?;
        let _turn = self.turns.take(number).await.ok_or(Unchecked::Busy)?;
        match wanted {
            None => Ok(self.check_reach(number, source).await),
            Some(wanted) => Ok(self.check_master(number, &wanted).await),
        }
    }

    /// The master that a check is to fetch: its id in a source, for the same words that [`Engine::check_source`] takes.
    ///
    /// # Errors
    /// When they name none.
    pub fn checked_master(&self, number: usize, path: &str) -> Result<plan::MasterId, Unchecked> {
        self.wanted(number, path).map(|candidate| candidate.master.id)
    }

    fn wanted(&self, number: usize, path: &str) -> Result<Candidate, Unchecked> {
        let source =
            self.sources.get(number).ok_or_else(|| Unchecked::BadPath("there is no such source".to_owned()))?;
        let bad = |why: String| Unchecked::BadPath(format!("{path:?} names no picture in {:?}: {why}", source.name()));
        let (id, query) = if path.contains("://") {
            let base = source.base().map(|base| format!("it does not lie under {base}"));
            let why = base.unwrap_or_else(|| "its host is not allowed here, or this is a folder".to_owned());
            source.split_url(path).ok_or_else(|| bad(why))?
        } else {
            let (path, query) = match path.split_once('?') {
                Some((path, query)) if source.takes_query() => (path, query),
                _ => (path, ""),
            };
            (source.canonical(path).map_err(|why| bad(why.to_string()))?, query.to_owned())
        };
        // What another source reads with credentials of its own is checked there.
        let lies_in = |other: &&Source| !other.is_proxy() && id.as_str().starts_with(other.location().as_str());
        if let Some(other) = self.sources.iter().find(lies_in).filter(|_| source.is_proxy()) {
            return Err(bad(format!("it lies in the source {:?}", other.name())));
        }
        let hash = self.index.master_hash(&id);
        Ok(Candidate { source: number, master: MasterRef { id, query: query.into() }, hash })
    }

    async fn check_reach(&self, number: usize, source: &Source) -> Checked {
        let began = Instant::now();
        let reached = source.reach().await;
        let took = began.elapsed();
        self.note_fetch(number, took, reached.as_ref().err());
        let mut checked = Checked { took, ..Checked::default() };
        match &reached {
            Ok(reached) => {
                checked.note = told(reached);
                if let Reached::Folder { entries, .. } = reached {
                    checked.entries = Some(*entries);
                }
            }
            Err(error) => checked.trouble = Some(trouble(source, error)),
        }
        checked
    }

    async fn check_master(&self, number: usize, wanted: &Candidate) -> Checked {
        let began = Instant::now();
        let fetched = self.ask(number, &wanted.master, None).await;
        let mut checked = Checked { took: began.elapsed(), ..Checked::default() };
        let body = match fetched {
            Ok(Fetched::Body(body)) => body,
            // Said without being asked: such an origin is broken.
            Ok(Fetched::NotModified(_)) => {
                checked.trouble = Some(trouble(&self.sources[number], &FetchError::Status(304)));
                return checked;
            }
            Err(error) => {
                checked.trouble = Some(trouble(&self.sources[number], &error));
                return checked;
            }
        };
        checked.bytes = Some(body.bytes.len() as u64);
        let sniffed = codec::sniff(&body.bytes).map(|kind| kind.content_type().to_owned());
        checked.content_type = sniffed.or(body.content_type);
        // Decoding is for the threads of renders, within their limits.
        let (bytes, budget) = (body.bytes, self.settings.budget.clone());
        let probed = match self.renders.run(move || codec::probe(&bytes, &budget)) {
            Ok(probing) => probing.await.ok(),
            Err(_full) => None,
        };
        match probed {
            Some(Ok(info)) if info.orientation > 4 => checked.size = Some((info.height, info.width)),
            Some(Ok(info)) => checked.size = Some((info.width, info.height)),
            Some(Err(error)) => checked.note = format!("it was fetched, and is no picture that can be read: {error}"),
            None => checked.note = "it was fetched; too many renders wait for it to be looked at".to_owned(),
        }
        checked
    }
}

/// What a source's answer without a master means, in words.
pub fn told(reached: &Reached) -> String {
    match reached {
        Reached::Folder { entries, more: false } => format!("it can be listed, and has {entries} entries"),
        Reached::Folder { entries, more: true } => format!("it can be listed, and has more than {entries} entries"),
        Reached::Web { status: status @ (401 | 403), .. } => {
            format!("it answers, with {status} at its base: that may be as it should; check a picture of it too")
        }
        Reached::Web { status, .. } => format!("it answers, with {status} at its base"),
        Reached::Anywhere => "it has no address of its own".to_owned(),
    }
}

/// What went wrong with a fetch from a source.
pub fn trouble(source: &Source, error: &FetchError) -> Trouble {
    Trouble { detail: advice(source, error), fault: error.fault() }
}

/// Whom an error speaks of.
enum Blames {
    /// The source does what it should.
    Nobody,
    Source,
    /// Nothing was asked of it.
    Path,
}

fn blames(source: &Source, error: &FetchError) -> Blames {
    match error {
        FetchError::NotFound { .. } | FetchError::TooLarge { .. } => Blames::Nobody,
        FetchError::BadPath => Blames::Path,
        FetchError::Refused { .. } if source.base().is_none() => Blames::Path,
        _ => Blames::Source,
    }
}

/// An error in words that somebody can act on.
fn advice(source: &Source, error: &FetchError) -> String {
    let table = format!("[source.{}]", source.name());
    match error {
        FetchError::NotFound { .. } => "the source answers, and has no such picture: check the path".to_owned(),
        FetchError::Forbidden if source.takes_query() => {
            format!("the origin refuses access (401 or 403): check the credentials in headers of {table}")
        }
        FetchError::Forbidden => "the file must be readable for the user that the server runs as".to_owned(),
        FetchError::TooLarge { limit } => {
            format!("it is larger than {limit} bytes: raise max_bytes of {table}, and input_bytes in [limits]")
        }
        FetchError::Truncated { .. } => {
            format!("{error}: the origin, or something on the way to it, cuts answers short")
        }
        FetchError::TimedOut => {
            format!("the origin took too long: look whether it is overloaded, or raise the timeouts of {table}")
        }
        FetchError::NoConnection(why) => {
            format!("no connection ({why}): check the host's name, and the firewalls between here and there")
        }
        FetchError::Unreachable(why) => format!("the connection broke, or what answers is not HTTP: {why}"),
        FetchError::Status(429) => "the origin answered 429: lower origin_fetches in [limits]".to_owned(),
        FetchError::Status(status @ 500..) => format!("the origin answered {status}: look into its own log"),
        FetchError::Coding(coding) => format!("the origin sends content coding {coding:?}, which nobody asked for"),
        // Who may ask for any address is not told where names lead to.
        FetchError::Refused { why, .. } if source.is_proxy() => format!("the address is refused: {why}"),
        FetchError::Refused { what, why } if what.contains("allow_private") => {
            format!("{what} is refused ({why}): set allow_private = true in {table} if it is meant")
        }
        FetchError::Redirect(why) => format!("the origin redirects badly ({why}): let base be where it leads to"),
        FetchError::Status(_) | FetchError::Refused { .. } | FetchError::BadPath | FetchError::Io(_) => {
            error.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use origin::{HttpSettings, LocalSettings, ProxySettings};

    use super::*;

    fn sources() -> [Source; 3] {
        let folder = std::env::temp_dir();
        [
            Source::local("photos", LocalSettings::new(folder)).unwrap(),
            Source::http("shop", HttpSettings::new("https://shop.example/".parse().unwrap())).unwrap(),
            Source::proxy("web", ProxySettings::new(vec!["*".to_owned()]).unwrap()).unwrap(),
        ]
    }

    #[test]
    fn a_proxy_fails_after_some_failures_and_others_at_once() {
        let healths = Healths::new(&sources());
        let bad = Some(Trouble { detail: "gone".to_owned(), fault: Fault::Origin });
        let outcome = |at, trouble: &Option<Trouble>| Outcome { at, took: Duration::ZERO, trouble: trouble.clone() };
        let seen = |number: usize| {
            let health = healths.of(number).unwrap();
            (health.failing, health.failures, health.last_success, health.last.as_ref().map(|last| last.at))
        };
        assert_eq!(seen(1), (false, 0, None, None));
        for (at, trouble, of_web, of_proxy) in [
            (1, &bad, (true, 1, None, Some(1)), (false, 1, None, Some(1))),
            (2, &None, (false, 0, Some(2), Some(2)), (false, 0, Some(2), Some(2))),
            (3, &bad, (true, 1, Some(2), Some(3)), (false, 1, Some(2), Some(3))),
            (4, &bad, (true, 2, Some(2), Some(4)), (false, 2, Some(2), Some(4))),
            (5, &bad, (true, 3, Some(2), Some(5)), (true, 3, Some(2), Some(5))),
        ] {
            healths.note(1, outcome(at, trouble), false);
            healths.note(2, outcome(at, trouble), true);
            assert_eq!((seen(1), seen(2)), (of_web, of_proxy), "{at}");
        }
    }

    #[test]
    fn errors_say_what_to_do_and_whom_they_blame() {
        let [photos, shop, web] = sources();
        let refused = FetchError::Refused { what: "10.0.0.7 (allow_private is off)".to_owned(), why: "private" };
        for (source, error, words, blamed) in [
            (&shop, FetchError::NotFound { names: Vec::new() }, "check the path", "nobody"),
            (&shop, FetchError::TooLarge { limit: 9 }, "raise max_bytes of [source.shop]", "nobody"),
            (&shop, FetchError::Forbidden, "headers of [source.shop]", "source"),
            (&photos, FetchError::Forbidden, "readable for the user", "source"),
            (&shop, FetchError::TimedOut, "timeouts of [source.shop]", "source"),
            (
                &shop,
                refused.clone(),
                "10.0.0.7 (allow_private is off) is refused (private): set allow_private",
                "source",
            ),
            (&web, refused.clone(), "the address is refused: private", "path"),
            (&shop, FetchError::Status(502), "the origin answered 502: look into its own log", "source"),
            (&shop, FetchError::Status(418), "the origin answered 418", "source"),
            (&photos, FetchError::Io("gone".to_owned()), "read error: gone", "source"),
            (&photos, FetchError::BadPath, "not a master", "path"),
        ] {
            let blames = match blames(source, &error) {
                Blames::Nobody => "nobody",
                Blames::Source => "source",
                Blames::Path => "path",
            };
            let told = trouble(source, &error).detail;
            assert!(told.contains(words) && blames == blamed, "{error}: {told}, {blames}");
        }
        assert!(!trouble(&web, &refused).detail.contains("10.0.0.7"));
    }
}
