//! The one way from a request of any API to an effective purge.

use std::sync::Arc;

use dialect::Asset;
use engine::{Engine, NamingError, Scope, Wanted};
use plan::{Position, Selector};
use purge::{LogError, Mode, PurgeError, PurgeId, Receipt, Record, Request, Target, Via};

use crate::auth::Caller;
use crate::plane::Plane;

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
            Failed::Purge(PurgeError::Busy) => 429,
            Failed::Purge(PurgeError::NotDurable { .. }) => 507,
            Failed::Purge(PurgeError::Stopping) => 503,
            Failed::Log(_) | Failed::Lost => 500,
        }
    }

    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Failed::Naming { error: NamingError::Malformed { .. }, .. } => "malformed-target",
            Failed::Naming { error: NamingError::Foreign { .. }, .. } => "not-ours",
            Failed::Naming { error: NamingError::Forbidden { .. }, .. } => "forbidden-target",
            Failed::Purge(PurgeError::Busy) => "busy",
            Failed::Purge(PurgeError::NotDurable { .. }) => "not-durable",
            Failed::Purge(PurgeError::Stopping) => "stopping",
            Failed::Log(_) => "ledger-failed",
            Failed::Lost => "lost",
        }
    }

    /// Seconds after which trying again may help.
    pub fn retry_after(&self) -> Option<u32> {
        matches!(self, Failed::Purge(PurgeError::Busy | PurgeError::Stopping)).then_some(1)
    }
}

impl Plane {
    /// Names everything, then purges it as one record. Returns when it is durable and effective here.
    pub(crate) async fn purge(&self, caller: &Caller, via: Via, named: Vec<Named>) -> Result<Receipt, Failed> {
        let (engine, scope) = (self.engine.clone(), caller.scope.clone());
        // Local sources look at symbolic links.
        let naming = tokio::task::spawn_blocking(move || name_all(&engine, &named, &scope));
        let targets = naming.await.unwrap_or(Err(Failed::Lost));
        let outcome = match targets {
            Ok(targets) => self.append(caller, via, targets).await,
            Err(failed) => Err(failed),
        };
        match &outcome {
            Ok(receipt) => tracing::info!(
                id = %receipt.record.id,
                position = receipt.record.position.0,
                actor = caller.name,
                via = via.name(),
                targets = receipt.record.targets.len(),
                "purged"
            ),
            Err(failed) => tracing::warn!(actor = caller.name, via = via.name(), error = %failed, "purge failed"),
        }
        self.metrics.purged(via, outcome.as_ref().map_or_else(Failed::code, |_| "effective"));
        outcome
    }

    /// Purges what is named already.
    pub(crate) async fn append(&self, caller: &Caller, via: Via, targets: Vec<Target>) -> Result<Receipt, Failed> {
        let id = self.engine.new_purge_id();
        let (actor, from) = (caller.name.clone(), caller.from.clone());
        let request = Request { id, mode: Mode::Hard, targets, actor, via, from, terms: None };
        let receipt = self.engine.purge(request).await?;
        self.recent.remember(receipt.record.id, receipt.effective_at);
        Ok(receipt)
    }

    /// A purge by its id.
    pub(crate) async fn find(&self, id: PurgeId) -> Result<Option<Record>, Failed> {
        self.blocking(move |engine| engine.find_purge(id)).await
    }

    /// Up to `limit` purges before a position that the caller may see, newest first, and whether there may be more.
    pub(crate) async fn page(
        &self,
        caller: &Caller,
        before: Option<Position>,
        limit: usize,
    ) -> Result<(Vec<Record>, Option<Position>), Failed> {
        /// Records looked at for one answer, at most.
        const LOOKED_AT: usize = 20_000;
        let caller = caller.clone();
        self.blocking(move |engine| {
            let (mut found, mut next, mut looked_at) = (Vec::new(), before, 0);
            loop {
                let page = engine.page_purges(next, limit)?;
                looked_at += page.len();
                let last = page.len() < limit;
                for record in page {
                    next = Some(record.position);
                    if caller.may_see(&record) {
                        found.push(record);
                    }
                    if found.len() == limit {
                        return Ok((found, next));
                    }
                }
                if last {
                    return Ok((found, None));
                }
                if looked_at >= LOOKED_AT {
                    return Ok((found, next));
                }
            }
        })
        .await
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

fn name_all(engine: &Engine, named: &[Named], scope: &Scope) -> Result<Vec<Target>, Failed> {
    let name = |(number, named): (usize, &Named)| {
        name_one(engine, named, scope).map_err(|error| Failed::Naming { number, error })
    };
    named.iter().enumerate().map(name).collect()
}

fn name_one(engine: &Engine, named: &Named, scope: &Scope) -> Result<Target, NamingError> {
    if let Some(within) = &named.within {
        engine.name(within, scope)?;
    }
    let read = |wanted: &Wanted| match named.as_prefix {
        true => name_beginning(engine, wanted, scope),
        false => engine.name(wanted, scope).map(|target| target.selectors),
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
            (Failed::Log(LogError::Full), 500, "ledger-failed", None),
            (Failed::Lost, 500, "lost", None),
            (naming(NamingError::Malformed { said: said(), why: why() }), 400, "malformed-target", None),
            (naming(NamingError::Foreign { said: said(), why: why() }), 499, "not-ours", None),
            (naming(NamingError::Forbidden { said: said() }), 403, "forbidden-target", None),
        ] {
            assert_eq!((failed.status(499), failed.code(), failed.retry_after()), (status, code, retry));
        }
    }
}
