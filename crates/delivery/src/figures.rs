//! What figures and lines say of an answered request.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cache::Entry;
use engine::Resolved;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, REFERER};
use http::request::Parts;
use stats::{Named, Recorder, Request};

use crate::answer;
use crate::service::Answered;

/// What was cached and what was asked for, where an answer came of them.
pub(crate) type Subject = (Arc<Entry>, Arc<Resolved>);

/// Names of an entry, with their hashes: made once and kept with it.
pub(crate) struct Names {
    master: u64,
    url: u64,
    plan: Box<str>,
    plan_hash: u64,
}

impl Names {
    fn of(recorder: &Recorder, entry: &Entry, resolved: &Resolved) -> Names {
        let plan: Box<str> =
            if resolved.output.original { "original".into() } else { resolved.plan.to_string().into() };
        Names {
            master: recorder.hash(master_of(entry)),
            url: recorder.hash(&entry.meta.url),
            plan_hash: recorder.hash(&plan),
            plan,
        }
    }
}

/// A request that was answered.
pub(crate) struct Seen<'a> {
    pub request: &'a Parts,
    pub host: &'a str,
    pub target: &'a str,
    pub client: IpAddr,
    pub at: SystemTime,
    pub taken: Duration,
    pub bytes: u64,
    pub user_agent: &'a str,
    pub answered: &'a Answered,
}

impl Seen<'_> {
    /// Has it counted.
    pub fn note(&self, recorder: &Recorder) {
        let Seen { request, answered, .. } = self;
        let status = answered.response.status().as_u16();
        let content_type = answered.response.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
        let mut noted = Request {
            at: millis(self.at),
            site: answered.site,
            served: answered.how.map(|how| how.served),
            // What is on disk is missed in memory first, which is no news.
            missed: answered.how.filter(|how| !how.is_hit()).and_then(|how| how.missed),
            status,
            bytes: self.bytes,
            micros: self.taken.as_micros() as u64,
            code: answered.code.unwrap_or_default(),
            is_picture: false,
            master_bytes: None,
            master: None,
            derivative: None,
            plan: None,
            referrer: referrer(&request.headers),
            client: self.client,
            method: request.method.as_str(),
            host: self.host,
            target: self.target,
            content_type: content_type.unwrap_or_default(),
            user_agent: self.user_agent,
        };
        let Some((entry, resolved)) = &answered.subject else { return recorder.record(&noted) };
        let master = master_of(entry);
        if entry.body().is_none() {
            noted.master = Some(recorder.named(master)).filter(|_| !master.is_empty());
            return recorder.record(&noted);
        }
        noted.content_type = &entry.meta.content_type;
        noted.is_picture = matches!(status, 200 | 206 | 304) && noted.content_type.starts_with("image/");
        if noted.is_picture && status == 200 && request.method == Method::GET {
            noted.master_bytes = entry.meta.master_bytes;
        }
        let Some(names) = answer::names(entry, || Names::of(recorder, entry, resolved)) else {
            return recorder.record(&noted);
        };
        noted.master = Some(Named { name: master, hash: names.master }).filter(|_| !master.is_empty());
        noted.derivative = Some(Named { name: &entry.meta.url, hash: names.url });
        noted.plan = noted.is_picture.then_some(Named { name: &names.plan, hash: names.plan_hash });
        recorder.record(&noted);
    }
}

/// The first master that was asked for.
fn master_of(entry: &Entry) -> &str {
    entry.subject.dependencies.first().map_or("", |dependency| dependency.master.as_str())
}

/// Origin and path of the page: what comes behind is nobody's business.
fn referrer(headers: &HeaderMap) -> &str {
    let whole = headers.get(REFERER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let end = whole.find(['?', '#']).unwrap_or(whole.len());
    let page = &whole[..end];
    // Nor is who is signed in there.
    let authority = page.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    if authority.is_some_and(|authority| !authority.contains('@')) { page } else { "" }
}

fn millis(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

pub(crate) fn unix_millis() -> u64 {
    millis(SystemTime::now())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn of_referrers_origin_and_path_are_kept() {
        for (sent, want) in [
            ("https://shop.example/list?user=1#top", "https://shop.example/list"),
            ("https://shop.example", "https://shop.example"),
            ("https://shop.example/#a?b", "https://shop.example/"),
            ("https://me:secret@shop.example/list", ""),
            ("about:client", ""),
            ("", ""),
        ] {
            let headers = HeaderMap::from_iter([(REFERER, sent.parse().unwrap())]);
            assert_eq!(referrer(&headers), want, "{sent}");
        }
        assert_eq!(referrer(&HeaderMap::new()), "");
    }
}
