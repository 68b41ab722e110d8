//! Whether a purge has done what it was for: the picture at the origin, now, beside the picture that is served.
//!
//! The master is fetched from its source past every cache, and the answer is asked for as a client would. Each fetch takes its
//! turn at the origin as any other does, and is tried once.

use std::sync::Arc;
use std::time::Duration;

use cache::{Content, Entry};
use dialect::Hints;
use origin::{FetchError, Fetched};
use plan::{AcceptClass, Digest, MasterId, MasterRef, Plan, Position, Selector};
use purge::{Mode, Record, Takedown, Target};
use tokio::time::{Instant, timeout_at};

use crate::purging::unix_millis;
use crate::resolve::{Ask, Candidate, Resolved};
use crate::{Engine, Scope};

/// What checking a purge may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyLimits {
    /// Targets that are checked; of more, the first.
    pub targets: usize,
    /// How long one of them may take: its turn at the origin, the fetch, and the answer to a client together.
    pub one_within: Duration,
    /// How long all of them may take. What is not checked by then is told of as such, without a fetch.
    pub all_within: Duration,
}

impl Default for VerifyLimits {
    fn default() -> Self {
        let (one_within, all_within) = (Duration::from_secs(20), Duration::from_secs(60));
        VerifyLimits { targets: 20, one_within, all_within }
    }
}

/// What the check of one target came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What was asked for: a path with a site's prefix after `//` and the host where it has one; what was said, where nothing
    /// could be.
    pub url: String,
    /// The number of the site that was asked; `None` where none could be.
    pub site: Option<usize>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// As of which purge the answer is good.
    pub stamp: Option<Position>,
    /// The purge's position.
    pub position: Position,
    /// Whether the answer is newer than the purge.
    pub newer: bool,
    /// The hash of the master's bytes as the origin has them now.
    pub origin_digest: Option<Digest>,
    /// The hash of the master's bytes from which the answer was made.
    pub served_digest: Option<Digest>,
    /// Whether these are the same; `None` where there are no two to compare.
    pub same: Option<bool>,
    /// Whether all is as the purge wants it.
    pub good: bool,
    /// One sentence.
    pub detail: String,
}

/// A target as it can be asked for.
struct Question {
    url: String,
    host: String,
    /// With the site's prefix.
    target: String,
    site: usize,
    /// Whose bytes are compared; `None` = those of the first master that the URL leads to.
    master: Option<MasterId>,
}

impl Engine {
    /// Checks what a purge named one by one: masters and single derivatives, one after another, within
    /// [`Settings::verify`](crate::Settings::verify). Other selectors name no one thing and are passed over. Must be called on the
    /// runtime of fills.
    pub async fn verify(self: &Arc<Self>, record: &Record) -> Vec<Checked> {
        let limits = self.settings.verify;
        let ends = Instant::now() + limits.all_within;
        let mut checked = Vec::new();
        let named = record.targets.iter().filter(|target| target.selectors.iter().any(names_one));
        for target in named.take(limits.targets) {
            if Instant::now() >= ends {
                checked.push(unasked(record, target.said.clone(), "not checked: those before it took all the time"));
                continue;
            }
            let engine = self.clone();
            let (said, asked) = (target.said.clone(), target.clone());
            // Local sources look at symbolic links.
            let question = tokio::task::spawn_blocking(move || engine.question(&asked)).await.ok().flatten();
            checked.push(match question {
                Some(question) => self.check(record, question, ends.min(Instant::now() + limits.one_within)).await,
                None => unasked(record, said, "no site of ours delivers it, so nothing could be asked for"),
            });
        }
        checked
    }

    /// A URL as it was said, or else one for the original's bytes.
    fn question(&self, target: &Target) -> Option<Question> {
        let everywhere = Scope::everything();
        let master = target.selectors.iter().find_map(|selector| match selector {
            Selector::Master(id) => Some(id.clone()),
            _ => None,
        });
        // As for purging, an origin's own URL goes first.
        let of_origin = !self.candidates_of_origin_url(&target.said, &everywhere).is_empty();
        if !of_origin
            && let Ok((site, below)) = self.locate(&target.said, &everywhere)
            && self.meaning(site, dialect::Target::new(&below)).is_ok()
        {
            return Some(self.asked_of(site, &below, None));
        }
        let master = master?;
        let wanted = MasterRef::plain(master.clone());
        (0..self.sites().len()).find_map(|site| {
            let below = self.original_target(site, &wanted)?;
            Some(self.asked_of(site, &below, Some(master.clone())))
        })
    }

    fn asked_of(&self, number: usize, below: &str, master: Option<MasterId>) -> Question {
        let site = self.site(number);
        let host = site.hosts.first().cloned().unwrap_or_default();
        let target = format!("{}{below}", site.prefix.trim_end_matches('/'));
        let url = if host.is_empty() { target.clone() } else { format!("//{host}{target}") };
        Question { url, host, target, site: number, master }
    }

    /// How a site says a master's own bytes.
    fn original_target(&self, number: usize, master: &MasterRef) -> Option<String> {
        let site = self.site(number);
        let spelled = self.ways(number, master).find_map(|(source, asset)| {
            let original = Plan::original();
            let target = self.sites.grammar(number).write(source, &asset, &original, &site.grammar).ok()?;
            let candidates = self.meaning(number, dialect::Target::new(&target)).ok()?.candidates;
            candidates.iter().any(|candidate| candidate.master == *master).then_some(target)
        });
        spelled.filter(|_| !site.passthrough)
    }

    async fn check(self: &Arc<Self>, record: &Record, question: Question, ends: Instant) -> Checked {
        let mut checked = unasked(record, question.url.clone(), "");
        checked.site = Some(question.site);
        let (host, target) = (question.host.as_str(), question.target.as_str());
        let ask = Ask { host, target, accept: AcceptClass::Basic, hints: Hints::NONE, trusted: true };
        let resolved = match self.resolve(ask) {
            Ok(resolved) => resolved,
            Err(refusal) => {
                checked.status = Some(refusal.status);
                checked.detail = format!("it is refused: {}", refusal.detail);
                return checked;
            }
        };
        // One that was lifted, or has ended, has left a hard purge behind.
        let refused = self.takedowns.refuses_subject(&resolved.known, unix_millis());
        if let Some(takedown) = refused.filter(|_| record.mode == Mode::Takedown) {
            return self.check_takedown(&takedown, &resolved, checked, ends).await;
        }
        let main = resolved.candidates.iter().find(|c| question.master.as_ref().is_none_or(|id| *id == c.master.id));
        let Some(main) = main else {
            checked.detail = "the URL does not lead to this master any more".to_owned();
            return checked;
        };
        // The origin first: what is served may then be newer, and never older, than what it is compared with.
        let (found, master) = match self.at_origin(&resolved, main, ends).await {
            Ok(found) => found,
            Err(why) => {
                checked.detail = why;
                return checked;
            }
        };
        checked.origin_digest = found;
        let Ok(Some(reply)) = timeout_at(ends, self.get(&resolved)).await else {
            checked.detail = "the answer took too long".to_owned();
            return checked;
        };
        compare(&reply.entry, &master, checked)
    }

    async fn check_takedown(
        self: &Arc<Self>,
        takedown: &Takedown,
        resolved: &Arc<Resolved>,
        mut checked: Checked,
        ends: Instant,
    ) -> Checked {
        let Ok(Some(reply)) = timeout_at(ends, self.get(resolved)).await else {
            checked.detail = "the answer took too long".to_owned();
            return checked;
        };
        let wanted = takedown.record.terms.clone().unwrap_or_default().status.status();
        let (status, stamp) = (reply.entry.failure().map_or(200, |failure| failure.status), &reply.entry.subject.stamp);
        (checked.status, checked.stamp) = (Some(status), Some(stamp.position));
        checked.newer = stamp.position >= checked.position;
        checked.good = status == wanted;
        checked.detail = match checked.good {
            true => format!("it is refused with {wanted}"),
            false => format!("it is answered with {status} where the takedown wants {wanted}"),
        };
        checked
    }

    /// The hash of a master as its source has it now, past every cache; of several candidates, of the first that is there. `None`
    /// where none is.
    async fn at_origin(
        &self,
        resolved: &Resolved,
        main: &Candidate,
        ends: Instant,
    ) -> Result<(Option<Digest>, MasterId), String> {
        let from = resolved.candidates.iter().position(|c| c.master == main.master).unwrap_or(0);
        for candidate in resolved.candidates.iter().skip(from) {
            let Ok(turn) = timeout_at(ends, self.turns.take(candidate.source)).await else {
                return Err("no turn at the origin came in time".to_owned());
            };
            let Some(_turn) = turn else { return Err("too many fetches from the origin are waiting".to_owned()) };
            let source = &self.sources[candidate.source];
            match timeout_at(ends, source.fetch(&candidate.master, None)).await {
                Err(_) => return Err("the origin took too long".to_owned()),
                Ok(Ok(Fetched::Body(body))) => {
                    return Ok((Some(crate::fill::digest_of(&body.bytes).await), candidate.master.id.clone()));
                }
                Ok(Ok(Fetched::NotModified(_))) => {
                    return Err("the origin says that nothing changed, unasked".to_owned());
                }
                Ok(Err(FetchError::NotFound { .. })) => {}
                Ok(Err(error)) => {
                    let (failure, _) = crate::failure::of_fetch(&error);
                    return Err(format!("the origin could not be read: {}", failure.detail));
                }
            }
        }
        Ok((None, main.master.id.clone()))
    }
}

fn names_one(selector: &Selector) -> bool {
    matches!(selector, Selector::Master(_) | Selector::Exact(_))
}

fn unasked(record: &Record, url: String, detail: &str) -> Checked {
    Checked {
        url,
        site: None,
        status: None,
        stamp: None,
        position: record.position,
        newer: false,
        origin_digest: None,
        served_digest: None,
        same: None,
        good: false,
        detail: detail.to_owned(),
    }
}

fn compare(entry: &Entry, master: &MasterId, mut checked: Checked) -> Checked {
    let status = match &entry.content {
        Content::Body { .. } => 200,
        Content::Failure(failure) => failure.status,
    };
    let served = entry.subject.dependencies.iter().find(|dependency| dependency.master == *master);
    checked.served_digest = served.and_then(|dependency| dependency.digest);
    checked.status = Some(status);
    checked.stamp = Some(entry.subject.stamp.position);
    checked.newer = entry.subject.stamp.position >= checked.position;
    checked.same = checked.origin_digest.zip(checked.served_digest).map(|(origin, served)| origin == served);
    let gone = checked.origin_digest.is_none() && status == 404;
    checked.good = checked.newer && (checked.same == Some(true) && status == 200 || gone);
    checked.detail = match (checked.newer, checked.same) {
        (false, _) => "what is served is older than the purge: a stale copy, while its replacement is made",
        (true, Some(true)) if status == 200 => "what is served was made from the bytes that the origin has now",
        (true, Some(true)) => "the origin's bytes were read, and no picture could be made from them",
        (true, Some(false)) => {
            "the origin has other bytes now than those from which the answer was made: it changed after this purge"
        }
        (true, None) if gone => "the origin has no such picture, and none is served",
        (true, None) if checked.origin_digest.is_none() => "the origin has no such picture, and one is served",
        (true, None) => "the origin has the picture, and the answer was not made from it",
    }
    .to_owned();
    checked
}
