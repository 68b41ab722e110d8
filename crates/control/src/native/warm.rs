//! `/v1/warmups`: make derivatives before anybody asks for them, follow it, stop it.

mod read;
mod sitemap;

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use dialect::text;
use engine::{DialectKind, Engine, NamingError, Spelled, Wanted, WarmItem, WarmRequest, WarmState, Warmup};
use http::HeaderMap;
use ledger::AuditKind;
use plan::MasterId;
use purge::PurgeId;
use serde_json::{Value, json};

use super::list::Reader;
use super::{Parameters, caller, problem};
use crate::act::Failed;
use crate::auth::{Caller, Right};
use crate::clock::rfc3339;
use crate::plane::Plane;
use crate::reach::Reach;
use crate::reply::{Problem, Reply};
use crate::server::{From, Segment, Unread};

use read::Asked;

/// Longest body, in bytes: the most URLs that one warm-up may name, of more than usual length.
pub(crate) const BODY_LIMIT: usize = 8 << 20;
/// URLs that one warm-up may name.
const MOST_URLS: usize = 10_000;
/// Warm-ups under way at one time.
pub(crate) const MOST_RUNNING: usize = 100;

/// `POST /v1/warmups`.
pub(crate) async fn start(State(plane): State<Arc<Plane>>, from: From, request: Unread) -> Result<Reply, Problem> {
    let caller = caller(&plane, request.headers(), &from, Right::Warm)?;
    let body = request.bytes().await.map_err(|error| match error.status() {
        413 => Problem::new(413, "unreadable-body", format!("the body is longer than {BODY_LIMIT} bytes")),
        status => Problem::new(status, "unreadable-body", error.to_string()),
    })?;
    let asked = Asked::read(&body)?;
    if plane.engine.warmups_running() >= MOST_RUNNING {
        let detail = format!("{MOST_RUNNING} warm-ups are under way; wait until one has ended, or cancel one");
        return Err(Problem { retry_after: Some(60), ..Problem::new(429, "too-many-warmups", detail) });
    }
    let per_second = asked.per_second;
    let (engine, asker) = (plane.engine.clone(), caller.clone());
    // Links in folders are looked at.
    let named = tokio::task::spawn_blocking(move || name(&engine, &asker, &asked)).await;
    let Named { items, ignored } = named.map_err(|_| problem(&Failed::Lost))??;
    let wanted = WarmRequest {
        items: items.into(),
        per_second: per_second.unwrap_or(plane.engine.warm_pace()),
        actor: caller.name.clone(),
        after: None,
        refreshes: false,
    };
    let warmup = plane.engine.warm(wanted).await;
    tracing::info!(id = %warmup.id, actor = caller.name, derivatives = warmup.total, "warm-up started");
    note(&plane, &caller, &warmup, "started").await;
    let mut body = describe(&warmup);
    if ignored > 0 {
        body["ignored"] = json!(ignored);
    }
    Ok(Reply::json(202, &body).with("location", format!("/v1/warmups/{}", warmup.id)))
}

/// `GET /v1/warmups`, newest first.
pub(crate) async fn list(
    State(plane): State<Arc<Plane>>,
    query: Parameters,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    let read = Reader { query: &query };
    read.only(&["limit", "state"])?;
    let limit = read.limit()?;
    let states = [WarmState::Running, WarmState::Done, WarmState::Cancelled].map(WarmState::name);
    let state = read.name("state", WarmState::from_name, &states)?;
    let all = plane.engine.warmups();
    let seen = all.iter().filter(|warmup| may_see(&caller, warmup) && state.is_none_or(|s| s == warmup.state));
    let warmups: Vec<Value> = seen.take(limit).map(describe).collect();
    Ok(Reply::json(200, &json!({ "warmups": warmups })))
}

/// `GET /v1/warmups/{id}`.
pub(crate) async fn show(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    Ok(Reply::json(200, &describe(&find(&plane, &caller, &id)?)))
}

/// `DELETE /v1/warmups/{id}`: nothing more is made; what was made stays.
pub(crate) async fn cancel(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Warm)?;
    let warmup = find(&plane, &caller, &id)?;
    let stopped = plane.engine.cancel_warmup(warmup.id).ok_or_else(|| unknown(&id))?;
    if warmup.state == WarmState::Running {
        note(&plane, &caller, &stopped, "cancelled").await;
    }
    Ok(Reply::json(200, &describe(&stopped)))
}

struct Named {
    items: Vec<WarmItem>,
    /// What a sitemap names and is not ours.
    ignored: usize,
}

/// Everything that was asked for, once each, all of it within the caller's reach.
fn name(engine: &Engine, caller: &Caller, asked: &Asked) -> Result<Named, Problem> {
    let reach = Reach::of(engine, caller).map_err(|error| refused(error, "urls".to_owned()))?;
    let mut naming = Naming { engine, caller, reach, asked, seen: HashSet::new(), items: Vec::new(), urls: 0 };
    for (number, url) in asked.urls.iter().enumerate() {
        naming.add(url, None, || format!("urls[{number}]"))?;
    }
    for (number, line) in &asked.lines {
        naming.add(line, None, || format!("list, line {number}"))?;
    }
    for (number, said) in asked.masters.iter().enumerate() {
        let parameter = || format!("masters[{number}]");
        let master = engine.spell(said, &caller.scope).map_err(|error| refused(error, parameter()))?;
        for url in spellings(engine, asked, &master)? {
            naming.add(&url, Some(&master.id), parameter)?;
        }
    }
    let mut ignored = 0;
    for (number, url) in asked.sitemap.iter().enumerate() {
        match naming.take(url, None) {
            Ok(()) => {}
            Err(NamingError::Foreign { .. } | NamingError::Malformed { .. }) => ignored += 1,
            Err(error) => return Err(refused(error, format!("list, entry {}", number + 1))),
        }
        naming.check_count()?;
    }
    if naming.items.is_empty() {
        let detail = "nothing that is named is a picture here";
        return Err(Problem::new(400, "nothing-to-warm", detail).parameter("list"));
    }
    Ok(Named { items: naming.items, ignored })
}

struct Naming<'a> {
    engine: &'a Engine,
    caller: &'a Caller,
    reach: Reach,
    asked: &'a Asked,
    seen: HashSet<plan::DerivativeKey>,
    items: Vec<WarmItem>,
    urls: usize,
}

impl Naming<'_> {
    fn add(&mut self, url: &str, of: Option<&MasterId>, parameter: impl Fn() -> String) -> Result<(), Problem> {
        self.take(url, of).map_err(|error| refused(error, parameter()))?;
        self.check_count()
    }

    fn take(&mut self, url: &str, of: Option<&MasterId>) -> Result<(), NamingError> {
        let Naming { engine, caller, .. } = self;
        let items = engine.items_of(url, of, &self.asked.accept, &caller.scope, &mut self.seen)?;
        if !caller.within.is_empty() {
            let wanted = Wanted::Derivative(url.to_owned());
            let named = engine.name(&wanted, &caller.scope)?;
            self.reach.check(engine, &wanted, &caller.scope, &named.selectors, url)?;
        }
        self.items.extend(items);
        self.urls += 1;
        Ok(())
    }

    fn check_count(&self) -> Result<(), Problem> {
        if self.urls <= MOST_URLS {
            return Ok(());
        }
        let detail = format!("more than {MOST_URLS} URLs; ask for the rest in another warm-up");
        Err(Problem::new(400, "too-many-urls", detail))
    }
}

/// The URLs of a master under every template, and with every transformation.
fn spellings(engine: &Engine, asked: &Asked, master: &Spelled) -> Result<Vec<String>, Problem> {
    let path = text::encode(&master.path, text::PATH);
    let source = text::encode(&master.source, text::PATH);
    let mut urls: Vec<String> =
        asked.templates.iter().map(|t| t.replace("{path}", &path).replace("{source}", &source)).collect();
    let Some(name) = &asked.site else { return Ok(urls) };
    let sites = engine.sites();
    let site = sites.iter().find(|site| site.name == *name).ok_or_else(|| {
        let known: Vec<&str> = sites.iter().map(|site| site.name.as_str()).collect();
        Problem::new(400, "bad-site", format!("no site is called {name:?}")).parameter("site").allowed(&known)
    })?;
    if site.dialect == DialectKind::Imageboss {
        let detail = "URLs of this site's dialect have no query: give templates, such as \
                      /imageboss/{source}/width/300/{path}";
        return Err(Problem::new(400, "bad-site", detail).parameter("site"));
    }
    let host = site.hosts.first().map(|host| format!("http://{host}")).unwrap_or_default();
    let base = format!("{host}{}/{path}", site.prefix.trim_end_matches('/'));
    urls.extend(asked.transformations.iter().map(|query| match query.trim_start_matches('?') {
        "" => base.clone(),
        query => format!("{base}?{query}"),
    }));
    Ok(urls)
}

fn refused(error: NamingError, parameter: String) -> Problem {
    let failed = Failed::Naming { number: 0, error };
    problem(&failed).parameter(parameter)
}

/// A warm-up that the caller may see.
fn find(plane: &Plane, caller: &Caller, id: &str) -> Result<Warmup, Problem> {
    let found = PurgeId::parse(id).and_then(|id| plane.engine.warmup(id));
    found.filter(|warmup| may_see(caller, warmup)).ok_or_else(|| unknown(id))
}

fn may_see(caller: &Caller, warmup: &Warmup) -> bool {
    caller.sees_all() || warmup.request.actor == caller.name
}

fn unknown(id: &str) -> Problem {
    Problem::new(404, "no-such-warmup", format!("no warm-up has the id {id:?}")).parameter("id")
}

async fn note(plane: &Plane, caller: &Caller, warmup: &Warmup, done: &str) {
    let what = format!("{} {done}: {} derivatives", warmup.id, warmup.total);
    plane.note(caller, AuditKind::Warm, what).await;
}

fn describe(warmup: &Warmup) -> Value {
    json!({
        "id": warmup.id.to_string(),
        "state": warmup.state.name(),
        "total": warmup.total,
        "tried": warmup.tried,
        "made": warmup.tried.saturating_sub(warmup.failed + warmup.skipped),
        "failed": warmup.failed,
        "skipped": warmup.skipped,
        "per_second": warmup.request.per_second,
        "actor": warmup.request.actor,
        "purge": warmup.request.after.map(|(id, _)| id.to_string()),
        "created_at": rfc3339(warmup.created_at),
        "ended_at": warmup.ended_at.map(rfc3339),
    })
}
