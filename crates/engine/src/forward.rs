//! What passes through to the origin without a cache: unsafe methods, and requests that are one client's own.
//!
//! When an unsafe method has been carried out, what it may have changed is purged before its answer goes to the client
//! (RFC 9111 section 4.4).

use std::sync::Arc;
use std::time::Instant;

use dialect::Target;
use origin::{Forward, Forwarded};
use plan::{Label, Selector, Tag};
use purge::{Mode, PurgeError, PurgeId, Request, Role, Subject, Target as PurgeTarget, Via};

use tokio::sync::OwnedSemaphorePermit;

use crate::Engine;
use crate::failure;
use crate::resolve::{Candidate, Refusal};

/// Groups obeyed in one answer at most.
const GROUPS: usize = 256;

/// A request for the origin behind a pass-through site.
#[derive(Debug)]
pub struct Passing {
    /// The `Host` header.
    pub host: String,
    /// The raw request target.
    pub target: String,
    /// Method, header fields and body.
    pub request: Forward,
    /// Who asks, for the purge log.
    pub from: String,
    /// What its body takes of the memory for bodies; given back when nothing of it is on its way any more.
    pub room: OwnedSemaphorePermit,
}

/// The origin's answer.
#[derive(Debug)]
pub struct Passed {
    /// The number of the site.
    pub site: usize,
    /// The answer itself.
    pub answer: Forwarded,
    /// The purges that it led to.
    pub purges: Vec<PurgeId>,
}

impl Engine {
    /// The largest body of a request that is passed on, in bytes.
    pub fn largest_passed(&self) -> u64 {
        self.settings.budget.input_bytes
    }

    /// Passes a request on to the first source of its pass-through site, and purges what an unsafe one may have changed before
    /// it returns. Must be called on the runtime of fills.
    ///
    /// # Errors
    /// When there is no such site, its site does not take the method, something is taken down, the origin gives no answer, or
    /// the purge failed though the origin has carried the request out.
    pub async fn forward(self: &Arc<Self>, passing: Passing) -> Result<Passed, Refusal> {
        let Passing { host, target, request, from, room: _room } = passing;
        let Target { path, query } = Target::new(&target);
        let route = self.route(&host, path).ok_or_else(|| Refusal::new(404, "no-such-site", "no site answers here"))?;
        let (number, below) = (route.number, Target { path: route.path, query });
        self.forward_to(number, below, request, from).await.map_err(|refusal| refusal.at(number))
    }

    async fn forward_to(
        self: &Arc<Self>,
        number: usize,
        below: Target<'_>,
        request: Forward,
        from: String,
    ) -> Result<Passed, Refusal> {
        let site = self.site(number);
        let changes = !matches!(request.method.as_str(), "GET" | "HEAD");
        if !site.passthrough || (changes && !site.unsafe_methods) {
            let detail = format!("{} is not answered here", request.method);
            return Err(Refusal::new(405, "method-not-allowed", detail));
        }
        let parsed = self.parse(number, below)?;
        let candidates = self.candidates(number, None, &parsed.asset, &parsed.origin_query)?;
        let candidate = candidates.into_iter().find(|candidate| self.sources[candidate.source].takes_query());
        let candidate = candidate.ok_or_else(|| {
            let detail = format!("{} needs a web source, and this site has none", request.method);
            Refusal::new(405, "method-not-allowed", detail)
        })?;
        let subject = self.known_of(&candidate);
        self.refuse_taken_down(&subject, Role::Main).map_err(|(refused, _)| refuse(refused))?;
        let source = &self.sources[candidate.source];
        let sent = match self.turns.take(candidate.source).await {
            None => return Err(refuse(failure::origin_busy())),
            Some(_turn) => {
                let began = Instant::now();
                let sent = source.forward(&candidate.master, request).await;
                self.note_fetch(candidate.source, began.elapsed(), sent.as_ref().err());
                sent
            }
        };
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(%error, master = %candidate.master, "passing a request on");
                // It may have been carried out for all that, if it left at all.
                if changes && !error.nothing_was_sent() {
                    self.purge_changed(number, &candidate, Vec::new(), &from).await?;
                }
                return Err(refuse(failure::of_fetch(&error).0));
            }
        };
        let given = answer.tags.iter().filter_map(|tag| Tag::given(tag));
        let labels = given.map(|tag| Label { tag, source: source.location().clone() }).collect();
        let subject = Subject { labels, ..subject };
        let mut purges = Vec::new();
        if changes && (200..400).contains(&answer.status) {
            purges.push(self.purge_changed(number, &candidate, answer.located.clone(), &from).await?);
            purges.extend(self.purge_groups(number, &candidate, &answer, &from).await?);
        }
        // Tags are known only now (rule S5).
        self.refuse_taken_down(&subject, Role::Main).map_err(|(refused, _)| refuse(refused))?;
        Ok(Passed { site: number, answer, purges })
    }

    /// The target, and what the answer says was made or changed beside it.
    async fn purge_changed(
        self: &Arc<Self>,
        site: usize,
        candidate: &Candidate,
        located: Vec<plan::MasterId>,
        from: &str,
    ) -> Result<PurgeId, Refusal> {
        let mut targets: Vec<PurgeTarget> = Vec::new();
        for id in std::iter::once(candidate.master.id.clone()).chain(located) {
            let target = PurgeTarget { said: id.to_string(), selectors: vec![Selector::Master(id)] };
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        self.purge_after(site, Via::Unsafe, targets, from).await
    }

    /// The groups that a trusted origin names (RFC 9875): those of its own answers alone.
    async fn purge_groups(
        self: &Arc<Self>,
        site: usize,
        candidate: &Candidate,
        answer: &Forwarded,
        from: &str,
    ) -> Result<Option<PurgeId>, Refusal> {
        let source = &self.sources[candidate.source];
        if answer.groups.is_empty() || !source.invalidates() {
            return Ok(None);
        }
        if answer.groups.len() > GROUPS {
            tracing::warn!(named = answer.groups.len(), "an origin invalidates more than {GROUPS} groups at once");
        }
        let named = answer.groups.iter().take(GROUPS).filter_map(|group| Tag::given(group));
        let selector = |tag: Tag| Selector::Tag(tag, Some(source.location().clone()));
        let targets: Vec<PurgeTarget> =
            named.map(|tag| PurgeTarget { said: tag.to_string(), selectors: vec![selector(tag)] }).collect();
        if targets.is_empty() {
            return Ok(None);
        }
        self.purge_after(site, Via::Groups, targets, from).await.map(Some)
    }

    async fn purge_after(
        self: &Arc<Self>,
        site: usize,
        via: Via,
        targets: Vec<PurgeTarget>,
        from: &str,
    ) -> Result<PurgeId, Refusal> {
        let actor = format!("site {}", self.site(site).name);
        let request =
            Request { id: PurgeId(0), mode: Mode::Hard, targets, actor, via, from: from.to_owned(), terms: None };
        self.purge(request).await.map(|receipt| receipt.record.id).map_err(|error| {
            tracing::error!(%error, via = via.name(), "purging what a request has changed");
            let (status, code) = match error {
                PurgeError::NotDurable { .. } => (507, "purge-not-durable"),
                _ => (503, "purge-failed"),
            };
            let detail = format!("the origin was sent the request, but purging what it changes failed: {error}");
            Refusal { fault: plan::reason::Fault::Us, ..Refusal::new(status, code, detail) }
        })
    }
}

fn refuse(failure: cache::Failure) -> Refusal {
    Refusal { fault: failure.fault, ..Refusal::new(failure.status, failure.code, failure.detail) }
}
