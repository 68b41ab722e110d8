//! The one way from a request of any API to an effective purge.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dialect::Asset;
use engine::{Engine, Foreseen, NamingError, Scope, Wanted};
use ledger::{AuditKind, Entry};
use plan::Selector;
use purge::{
    CatalogueError, Filter, LogError, Mode, Progress, PurgeError, PurgeId, Receipt, Record, Request, State, Target,
    Terms, Via,
};

use crate::auth::Caller;
use crate::clock::now_ms;
use crate::plane::Plane;
use crate::reach::Reach;

/// Something a request named, and every way in which it may be meant.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    /// As the caller wrote it.
    pub said: String,
    /// What it is taken for. It must name something.
    pub wanted: Wanted,
    /// Further readings: they are purged as well where they name something.
    pub also: Vec<Wanted>,
    /// Selectors of masters are taken as the beginnings of masters' names.
    pub as_prefix: bool,
    /// What must name something before anything is purged.
    pub within: Option<Wanted>,
}

impl Named {
    pub fn new(said: &str, wanted: Wanted) -> Named {
        Named { said: said.to_owned(), wanted, also: Vec::new(), as_prefix: false, within: None }
    }
}

/// A purge, understood.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// Through which API.
    pub via: Via,
    pub mode: Mode,
    /// For a takedown, and for nothing else.
    pub terms: Option<Terms>,
    pub named: Vec<Named>,
    /// How many of the derivatives are made anew after it, those used most recently.
    pub warm: Option<usize>,
}

impl Order {
    /// What the vendors' APIs ask for.
    pub fn hard(via: Via, named: Vec<Named>) -> Order {
        Order { via, mode: Mode::Hard, terms: None, named, warm: None }
    }
}

/// Why a request did not end in a purge that is durable and effective.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// It names nothing that the caller may purge.
    #[error("{error}")]
    Naming {
        /// Which of the things named.
        number: usize,
        error: NamingError,
    },
    #[error(transparent)]
    Purge(#[from] PurgeError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The key's purges of this month are used up.
    #[error("this key's {limit} purges of this month are used up")]
    Quota {
        /// How many it may.
        limit: u64,
        /// Seconds until the next month begins.
        retry_after: u32,
    },
    /// A task ended without a result.
    #[error("the request was lost on the way; nothing is known of its outcome")]
    Lost,
}

impl Failed {
    /// The status; `foreign` for what is not ours.
    pub fn status(&self, foreign: u16) -> u16 {
        match self {
            Failed::Naming { error: NamingError::Malformed { .. }, .. } => 400,
            Failed::Naming { error: NamingError::Foreign { .. }, .. } => foreign,
            Failed::Naming { error: NamingError::Forbidden { .. }, .. } => 403,
            Failed::Purge(PurgeError::Busy | PurgeError::TooManyGlobs) | Failed::Quota { .. } => 429,
            Failed::Purge(PurgeError::BadGlob(_)) => 400,
            Failed::Purge(PurgeError::NotDurable { .. }) => 507,
            Failed::Purge(PurgeError::Stopping) => 503,
            Failed::Log(_) | Failed::Catalogue(_) | Failed::Lost => 500,
        }
    }

    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Failed::Naming { error: NamingError::Malformed { .. }, .. } => "malformed-target",
            Failed::Naming { error: NamingError::Foreign { .. }, .. } => "not-ours",
            Failed::Naming { error: NamingError::Forbidden { .. }, .. } => "forbidden-target",
            Failed::Purge(PurgeError::Busy) => "busy",
            Failed::Purge(PurgeError::TooManyGlobs) => "too-many-globs",
            Failed::Purge(PurgeError::BadGlob(_)) => "malformed-target",
            Failed::Purge(PurgeError::NotDurable { .. }) => "not-durable",
            Failed::Purge(PurgeError::Stopping) => "stopping",
            Failed::Log(_) => "ledger-failed",
            Failed::Catalogue(_) => "catalogue-failed",
            Failed::Quota { .. } => "quota-used-up",
            Failed::Lost => "lost",
        }
    }

    /// Seconds after which trying again may help.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Failed::Purge(PurgeError::Busy | PurgeError::Stopping) => Some(1),
            Failed::Quota { retry_after, .. } => Some(*retry_after),
            // When the sweep has passed some.
            Failed::Purge(PurgeError::TooManyGlobs) => Some(60),
            _ => None,
        }
    }
}

impl Plane {
    /// Names everything, then purges it as one record, hard. Returns when it is durable and effective here.
    pub(crate) async fn purge(&self, caller: &Caller, via: Via, named: Vec<Named>) -> Result<Receipt, Failed> {
        self.carry_out(caller, Order::hard(via, named)).await
    }

    /// Names everything, then purges it as one record. Returns when it is durable and effective here.
    pub(crate) async fn carry_out(&self, caller: &Caller, order: Order) -> Result<Receipt, Failed> {
        let began = Instant::now();
        let Order { via, mode, terms, named, warm } = order;
        let outcome = match self.name(caller, named).await {
            Ok(targets) => self.append(caller, via, mode, terms, targets, warm).await,
            Err(failed) => Err(failed),
        };
        match &outcome {
            Ok(receipt) => {
                tracing::info!(
                    id = %receipt.record.id,
                    position = receipt.record.position.0,
                    actor = caller.name,
                    via = via.name(),
                    mode = mode.name(),
                    targets = receipt.record.targets.len(),
                    "purged"
                );
                self.metrics.effective(&receipt.record, began.elapsed());
            }
            Err(failed) => tracing::warn!(actor = caller.name, via = via.name(), error = %failed, "purge failed"),
        }
        self.metrics.purged(via, outcome.as_ref().map_or_else(Failed::code, |_| "effective"));
        outcome
    }

    /// What everything named means, all of it within the caller's reach.
    pub(crate) async fn name(&self, caller: &Caller, named: Vec<Named>) -> Result<Vec<Target>, Failed> {
        let (engine, caller) = (self.engine.clone(), caller.clone());
        // Local sources look at symbolic links.
        let naming = tokio::task::spawn_blocking(move || name_all(&engine, &named, &caller));
        naming.await.unwrap_or(Err(Failed::Lost))
    }

    /// Purges what is named already.
    pub(crate) async fn append(
        &self,
        caller: &Caller,
        via: Via,
        mode: Mode,
        terms: Option<Terms>,
        targets: Vec<Target>,
        warm: Option<usize>,
    ) -> Result<Receipt, Failed> {
        // Here, and not before the names are known: what is refused costs nothing.
        self.keys.take(&caller.name).map_err(|exceeded| Failed::Quota {
            limit: exceeded.limit,
            retry_after: u32::try_from(exceeded.resets_at.saturating_sub(now_ms()) / 1000 + 1).unwrap_or(u32::MAX),
        })?;
        let id = self.engine.new_purge_id();
        let (actor, from) = (caller.name.clone(), caller.from.clone());
        let request = Request { id, mode, targets, actor, via, from, terms };
        let (receipt, _) = self.engine.purge_and_warm(request, warm).await?;
        self.recent.remember(receipt.record.id, receipt.effective_at);
        Ok(receipt)
    }

    /// Notes what a caller did through the native API. That the trail of it cannot be written does not undo it.
    pub(crate) async fn note(&self, caller: &Caller, kind: AuditKind, what: String) {
        let (actor, from) = (caller.name.clone(), caller.from.clone());
        let entry = Entry { at: now_ms(), kind, actor, via: Via::Native.name().to_owned(), from, what };
        let log = self.log.clone();
        if let Err(error) = self.blocking(move |_| log.audit_append(&entry)).await {
            tracing::error!(%error, kind = kind.name(), "not in the audit trail");
        }
    }

    /// What an earlier purge named, again. What cannot be told to lie within the caller's reach is refused.
    pub(crate) async fn again(&self, caller: &Caller, via: Via, targets: Vec<Target>) -> Result<Receipt, Failed> {
        let outside = |reach: &Reach| targets.iter().position(|t| !t.selectors.iter().all(|s| reach.covers(s)));
        let reach = Reach::of(&self.engine, caller).map_err(|error| Failed::Naming { number: 0, error })?;
        if let Some(number) = outside(&reach) {
            let said = targets[number].said.clone();
            return Err(Failed::Naming { number, error: NamingError::Forbidden { said } });
        }
        self.append(caller, via, Mode::Hard, None, targets, None).await
    }

    /// A purge by its id, and how far it has come.
    pub(crate) async fn find(&self, id: PurgeId) -> Result<Option<(Record, Progress)>, Failed> {
        let found = self.blocking(move |engine| engine.find_purge(id)).await?;
        Ok(found.map(|(record, progress)| self.remembered(record, progress)))
    }

    /// Purges that match and that the caller may see, newest first.
    pub(crate) async fn list(&self, caller: &Caller, filter: Filter) -> Result<Vec<(Record, Progress)>, Failed> {
        let filter = match (caller.sees_all(), filter.actor.as_deref()) {
            (true, _) => filter,
            (false, Some(actor)) if actor != caller.name => return Ok(Vec::new()),
            (false, _) => Filter { actor: Some(caller.name.clone()), ..filter },
        };
        let found = self.blocking(move |engine| engine.list_purges(&filter)).await?;
        Ok(found.into_iter().map(|(record, progress)| self.remembered(record, progress)).collect())
    }

    /// Waits until a purge has come to a state, the time has passed or the server stops; how far it has come by then.
    pub(crate) async fn reached(&self, id: PurgeId, state: State, within: Duration) -> Result<Progress, Failed> {
        self.comes_to(id, within, |progress| progress.state() >= state).await
    }

    /// As [`Plane::reached`], for whatever can be told from how far a purge has come.
    pub(crate) async fn comes_to(
        &self,
        id: PurgeId,
        within: Duration,
        enough: impl Fn(&Progress) -> bool,
    ) -> Result<Progress, Failed> {
        let reached = self.engine.comes_to(id, within, enough);
        let found = tokio::select! {
            found = reached => found?.map(|(record, progress)| self.remembered(record, progress)),
            () = self.stopped() => self.find(id).await?,
        };
        found.map(|(_, progress)| progress).ok_or(Failed::Lost)
    }

    /// What a purge of these targets would take.
    pub(crate) async fn foresee(&self, targets: Vec<Target>) -> Result<(Vec<Target>, Foreseen), Failed> {
        let engine = self.engine.clone();
        let look = tokio::task::spawn_blocking(move || engine.foresee(&targets).map(|foreseen| (targets, foreseen)));
        look.await.unwrap_or_else(|_| Err(CatalogueError("the look was lost on the way".into()))).map_err(Failed::from)
    }

    /// The ledger knows when a purge was accepted, and nearly when it became effective; the last ones we know exactly.
    fn remembered(&self, record: Record, progress: Progress) -> (Record, Progress) {
        let effective_at = self.recent.effective_at(record.id).unwrap_or(progress.effective_at);
        (record, Progress { effective_at, ..progress })
    }

    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, Failed> {
        let engine: Arc<Engine> = self.engine.clone();
        match tokio::task::spawn_blocking(move || work(&engine)).await {
            Ok(result) => result.map_err(Failed::Log),
            Err(_) => Err(Failed::Lost),
        }
    }
}

fn name_all(engine: &Engine, named: &[Named], caller: &Caller) -> Result<Vec<Target>, Failed> {
    let reach = Reach::of(engine, caller).map_err(|error| Failed::Naming { number: 0, error })?;
    let name = |(number, named): (usize, &Named)| {
        name_one(engine, named, &caller.scope, &reach).map_err(|error| Failed::Naming { number, error })
    };
    named.iter().enumerate().map(name).collect()
}

fn name_one(engine: &Engine, named: &Named, scope: &Scope, reach: &Reach) -> Result<Target, NamingError> {
    if let Some(within) = &named.within {
        engine.name(within, scope)?;
    }
    let read = |wanted: &Wanted| {
        let selectors = match named.as_prefix {
            true => name_beginning(engine, wanted, scope)?,
            false => engine.name(wanted, scope)?.selectors,
        };
        reach.check(engine, wanted, scope, &selectors, &named.said)?;
        Ok(selectors)
    };
    let first = read(&named.wanted)?;
    let more = named.also.iter().filter_map(|wanted| read(wanted).ok()).flatten();
    let mut selectors = Vec::new();
    for selector in first.into_iter().chain(more) {
        if !selectors.contains(&selector) {
            selectors.push(selector);
        }
    }
    if selectors.is_empty() {
        let why = "the site that it leads to has no source".to_owned();
        return Err(NamingError::Foreign { said: named.said.clone(), why });
    }
    Ok(Target { said: named.said.clone(), selectors })
}

/// Every master whose name begins like this one's.
fn name_beginning(engine: &Engine, wanted: &Wanted, scope: &Scope) -> Result<Vec<Selector>, NamingError> {
    let selectors = match engine.name(wanted, scope) {
        Ok(target) => target.selectors,
        Err(error) => begun_sources(engine, wanted, scope).ok_or(error)?,
    };
    let widen = |selector| match selector {
        Selector::Master(id) => Selector::Prefix(id.as_str().to_owned()),
        other => other,
    };
    Ok(selectors.into_iter().map(widen).collect())
}

/// The beginning of an absolute URL may be shorter than a source's base, or be just that: then the whole source is meant.
fn begun_sources(engine: &Engine, wanted: &Wanted, scope: &Scope) -> Option<Vec<Selector>> {
    let Wanted::Asset { site, asset: Asset::Url(url), .. } = wanted else { return None };
    let (_, rest) = url.split_once("://")?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let begin = format!("//{}{path}", host.to_ascii_lowercase());
    let mut selectors = engine.name(&Wanted::Site { site: *site }, scope).ok()?.selectors;
    selectors.retain(|s| matches!(s, Selector::Source(at) if at.as_str().starts_with(&begin)));
    (!selectors.is_empty()).then_some(selectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_mend_by_itself_says_when_to_come_back() {
        let naming = |error| Failed::Naming { number: 0, error };
        let (said, why) = (String::new, String::new);
        for (failed, status, code, retry) in [
            (Failed::Purge(PurgeError::Busy), 429, "busy", Some(1)),
            (Failed::Purge(PurgeError::Stopping), 503, "stopping", Some(1)),
            (Failed::Purge(PurgeError::TooManyGlobs), 429, "too-many-globs", Some(60)),
            (Failed::Purge(PurgeError::BadGlob(purge::BadGlob(why()))), 400, "malformed-target", None),
            (Failed::Log(LogError::Full), 500, "ledger-failed", None),
            (Failed::Lost, 500, "lost", None),
            (Failed::Quota { limit: 5, retry_after: 60 }, 429, "quota-used-up", Some(60)),
            (Failed::Catalogue(CatalogueError(String::new())), 500, "catalogue-failed", None),
            (naming(NamingError::Malformed { said: said(), why: why() }), 400, "malformed-target", None),
            (naming(NamingError::Foreign { said: said(), why: why() }), 499, "not-ours", None),
            (naming(NamingError::Forbidden { said: said() }), 403, "forbidden-target", None),
        ] {
            assert_eq!((failed.status(499), failed.code(), failed.retry_after()), (status, code, retry));
        }
    }
}
