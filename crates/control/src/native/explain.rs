//! `GET /v1/explain`: everything about a URL.

use std::sync::Arc;

use axum::extract::{Query, State};
use dialect::{Policy, Warning};
use engine::{
    Asker, Engine, Explained, Hits, Kept, Means, NamingError, Place, Refusal, Signature, Spelled, Spelling, Touch,
    Unexplained,
};
use http::HeaderMap;
use plan::{AcceptClass, MasterId, Position};
use purge::{Role, Takedown};
use serde_json::{Value, json};

use super::list::Reader;
use super::{Parameters, caller};
use crate::act::Failed;
use crate::auth::{Caller, Right};
use crate::clock::{now_ms, rfc3339};
use crate::plane::Plane;
use crate::reach::Reach;
use crate::reply::{Problem, Reply};
use crate::server::From;

const PARAMETERS: &[&str] = &["url", "accept", "width", "dpr", "viewport_width", "save_data", "limit"];

/// Parameters that stand for a header field of the client. Which of them count is for the dialects to say.
const HINTS: &[(&str, &str)] = &[
    ("width", "sec-ch-width"),
    ("dpr", "sec-ch-dpr"),
    ("viewport_width", "sec-ch-viewport-width"),
    ("save_data", "save-data"),
];

/// `GET /v1/explain`.
pub(crate) async fn show(
    State(plane): State<Arc<Plane>>,
    Query(query): Parameters,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    let read = Reader { query: &query };
    read.only(PARAMETERS)?;
    let url = query.get("url").map(|url| url.trim().to_owned()).filter(|url| !url.is_empty());
    let missing = || Problem::new(400, "bad-parameter", "the URL to be explained is missing").parameter("url");
    let url = url.ok_or_else(missing)?;
    let said = |name: &str| query.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let field = |(name, field): &(&str, &'static str)| said(name).map(|value| (*field, value.to_owned()));
    let asker = Asker {
        accept: AcceptClass::from_header(said("accept").unwrap_or_default()),
        fields: HINTS.iter().filter_map(field).collect(),
    };
    let limit = read.limit()?;
    let looked = tokio::task::spawn_blocking(move || explain(&plane, &caller, &url, &asker, limit)).await;
    let lost = |_| Problem::new(500, "lost", "the request was lost on the way");
    Ok(Reply::json(200, &looked.map_err(lost)??))
}

fn explain(plane: &Plane, caller: &Caller, url: &str, asker: &Asker, limit: usize) -> Result<Value, Problem> {
    let engine = &plane.engine;
    let reach = Reach::of(engine, caller).map_err(unnamed)?;
    let sees = |url: &str, masters: &[MasterId]| may_see(engine, caller, &reach, url, masters);
    let all = caller.is_unbound();
    let explained = engine.explain(url, asker, &caller.scope, limit, (!all).then_some(&sees)).map_err(unexplained)?;
    let means = explained.meaning.as_ref();
    let masters = means.map(|means| means.dependencies.as_slice()).unwrap_or_default();
    if !masters.iter().all(|(master, _)| reach.has(&master.id)) {
        return Err(unnamed(NamingError::Forbidden { said: url.to_owned() }));
    }
    Ok(describe(plane, url, asker, &explained))
}

/// Whether a caller may see a derivative: the site that it was asked of is his, and so are all masters that it was made from.
pub(super) fn may_see(engine: &Engine, caller: &Caller, reach: &Reach, url: &str, masters: &[MasterId]) -> bool {
    // As noted, a host stands behind two slashes.
    let url = if url.starts_with("//") { format!("http:{url}") } else { url.to_owned() };
    caller.is_unbound() || engine.locate(&url, &caller.scope).is_ok() && masters.iter().all(|master| reach.has(master))
}

fn unexplained(error: Unexplained) -> Problem {
    match error {
        Unexplained::Naming(error) => unnamed(error),
        Unexplained::Catalogue(error) => super::problem(&Failed::Catalogue(error)),
        Unexplained::Log(error) => super::problem(&Failed::Log(error)),
    }
}

pub(super) fn unnamed(error: NamingError) -> Problem {
    let detail = match &error {
        NamingError::Forbidden { said } => format!("{said:?} is not within what this key may look at"),
        other => other.to_string(),
    };
    let failed = Failed::Naming { number: 0, error };
    Problem::new(failed.status(400), failed.code(), detail).parameter("url")
}

fn describe(plane: &Plane, url: &str, asker: &Asker, explained: &Explained) -> Value {
    let site = plane.engine.site(explained.site);
    let mut told = json!({
        "url": url,
        "site": site.name,
        "dialect": site.dialect.name(),
        "prefix": site.prefix,
        "host": site.hosts.first(),
        "public_url": format!("{}{}", plane.base_of(site), explained.target),
        "refused": explained.refused.as_ref().map(refusal),
        "signature": signature(&explained.signature),
    });
    let means = match &explained.meaning {
        Some(means) => meaning(plane, asker, means),
        None => nothing(),
    };
    if let (Value::Object(told), Value::Object(means)) = (&mut told, means) {
        told.extend(means);
    }
    told
}

fn refusal(refusal: &Refusal) -> Value {
    json!({
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.detail,
        "fault": refusal.fault.name(),
        "parameter": refusal.parameter,
        "allowed": refusal.allowed,
    })
}

fn signature(signature: &Signature) -> Value {
    let policy = match signature.policy {
        Policy::Off => "off",
        Policy::Optional => "optional",
        Policy::Required => "required",
    };
    json!({
        "policy": policy,
        "verdict": signature.verdict.name(),
        "expires_at": signature.expires_at.map(from_seconds),
        "detail": signature.detail,
    })
}

/// Of a URL that cannot be read.
fn nothing() -> Value {
    json!({
        "plan": null,
        "words": [],
        "output": null,
        "warnings": [],
        "client": null,
        "master": null,
        "candidates": [],
        "dependencies": [],
        "takedown": null,
        "cache": null,
        "derivatives": [],
        "derivatives_total": { "entries": 0, "bytes": 0 },
        "tags": [],
        "purges": [],
        "urls": [],
    })
}

fn meaning(plane: &Plane, asker: &Asker, means: &Means) -> Value {
    let place = |master: &Spelled| json!({ "id": master.id.as_str(), "source": master.source, "path": master.path });
    let master = means.master.as_ref().map(|master| {
        let mut told = place(master);
        told["original"] = json!(means.original.as_ref().map(|original| json!({
            "bytes": original.size,
            "content_type": original.content_type,
            "stored_at": from_seconds(original.stored_at),
        })));
        told
    });
    let dependency = |(master, role): &(Spelled, Role)| {
        let role = match role {
            Role::Main => "main",
            Role::Part => "part",
        };
        let said =
            if master.source.is_empty() { master.path.clone() } else { format!("{}/{}", master.source, master.path) };
        json!({ "id": master.id.as_str(), "role": role, "said": said })
    };
    json!({
        "plan": means.plan,
        "words": means.words,
        "output": means.output,
        "warnings": warnings(&means.warnings),
        "client": client(asker, means),
        "master": master,
        "candidates": means.candidates.iter().map(place).collect::<Vec<_>>(),
        "dependencies": means.dependencies.iter().map(dependency).collect::<Vec<_>>(),
        "takedown": means.takedown.as_deref().map(takedown),
        "cache": cached(means),
        "derivatives": means.derivatives.iter().map(|kept| derivative(kept, kept.key == means.key)).collect::<Vec<_>>(),
        "derivatives_total": { "entries": means.total.entries, "bytes": means.total.bytes },
        "tags": means.tags,
        "purges": means.purges.iter().map(touch).chain(floor(means.floor)).collect::<Vec<_>>(),
        "urls": means.urls.iter().map(|spelling| written(plane, spelling)).collect::<Vec<_>>(),
    })
}

/// What of the client counts. `ignored`: parameters that the URL leaves nothing to, or that could not be read; of the latter a
/// warning tells too.
fn client(asker: &Asker, means: &Means) -> Value {
    let listened: Vec<&str> = means.listens.fields().collect();
    let unread = |field: &str| means.warnings.iter().any(|warning| warning.parameter == field);
    let ignored = |field: &str| !listened.contains(&field) || unread(field);
    let given = |field: &str| asker.fields.iter().any(|(given, _)| *given == field);
    let ignored: Vec<_> =
        HINTS.iter().filter(|(_, field)| given(field) && ignored(field)).map(|(name, _)| *name).collect();
    json!({
        "accept": asker.accept.name(),
        "depends_on": means.varies.then_some("accept").into_iter().chain(listened).collect::<Vec<_>>(),
        "width": means.hints.width(),
        "dpr": means.hints.dpr().map(|dpr| dpr.get()),
        "save_data": means.hints.save_data(),
        "ignored": ignored,
    })
}

pub(super) fn warnings(warnings: &[Warning]) -> Vec<Value> {
    let warning = |warning: &Warning| {
        json!({
            "parameter": warning.parameter,
            "code": warning.kind.name(),
            "value": warning.value,
            "allowed": warning.allowed,
            "detail": warning.to_string(),
        })
    };
    warnings.iter().map(warning).collect()
}

fn takedown(takedown: &Takedown) -> Value {
    let terms = takedown.record.terms.clone().unwrap_or_default();
    json!({
        "id": takedown.record.id.to_string(),
        "reason": terms.reason,
        "status": terms.status.status(),
        "expires_at": terms.expires_at.map(rfc3339),
    })
}

fn cached(means: &Means) -> Value {
    let (cached, entry) = (&means.cached, means.cached.entry.as_deref());
    let meta = entry.map(|entry| &entry.meta);
    let age = meta.map(|meta| (now_ms() / 1000).saturating_sub(meta.stored_at));
    let end = meta.map(|meta| meta.stored_at.saturating_add(meta.lifetime.as_secs()));
    let failure = entry
        .and_then(|entry| entry.failure())
        .map(|failure| json!({ "status": failure.status, "code": failure.code, "detail": failure.detail }));
    json!({
        "id": means.key.to_string(),
        "tier": cached.place.filter(|_| entry.is_some()).map_or("none", |place| place.name()),
        "tiers": tiers(cached.in_memory(), cached.on_disk()),
        "hits": cached.hits.map(|hits| hits.count),
        "hits_since": since(cached.hits),
        "would": cached.would.name(),
        "why": cached.would.why().map(|why| why.name()),
        "stamp": entry.map(|entry| entry.subject.stamp.position.0),
        "stored_at": meta.map(|meta| from_seconds(meta.stored_at)),
        "age_seconds": age,
        "expires_at": end.map(from_seconds),
        "bytes": entry.and_then(|entry| entry.body()).map(|body| body.len()),
        "content_type": meta.map(|meta| meta.content_type.as_str()).filter(|kind| !kind.is_empty()),
        "last_used": cached.last_used.map(from_seconds),
        "failure": failure,
    })
}

fn derivative(kept: &Kept, this: bool) -> Value {
    json!({
        "id": kept.key.to_string(),
        "url": kept.url,
        "content_type": kept.content_type,
        "bytes": kept.size,
        "stored_at": from_seconds(kept.stored_at),
        "last_used": kept.last_used.map(from_seconds),
        "stamp": kept.stamp.0,
        "fresh": kept.would == engine::Would::Hit,
        "why": kept.would.why().map(|why| why.name()),
        "tier": tiers(kept.in_memory, kept.on_disk).first().copied().unwrap_or("none"),
        "tiers": tiers(kept.in_memory, kept.on_disk),
        "hits": kept.hits.map(|hits| hits.count),
        "hits_since": since(kept.hits),
        "this": this,
    })
}

/// Where the same bytes lie, the one that answers first.
fn tiers(in_memory: bool, on_disk: bool) -> Vec<&'static str> {
    let of = |has: bool, place: Place| has.then_some(place.name());
    of(in_memory, Place::Memory).into_iter().chain(of(on_disk, Place::Disk)).collect()
}

fn since(hits: Option<Hits>) -> Option<String> {
    hits.map(|hits| from_seconds(hits.since))
}

/// A raised floor reaches everything, and is the purge of no one record.
fn floor(floor: Position) -> Option<Value> {
    let newest = json!({ "id": null, "position": floor.0, "at": null, "mode": null });
    (floor > Position::START).then(|| json!({ "kind": "floor", "selector": "", "newest": newest }))
}

fn touch(touch: &Touch) -> Value {
    let selector = touch.selector.to_string();
    let selector = selector.split_once(':').map_or("", |(_, name)| name);
    let newest = touch.newest.as_ref().map(|(position, record)| {
        json!({
            "id": record.as_ref().map(|record| record.id.to_string()),
            "position": position.0,
            "at": record.as_ref().map(|record| rfc3339(record.accepted_at)),
            "mode": record.as_ref().map(|record| record.mode.name()),
        })
    });
    json!({ "kind": touch.selector.kind(), "selector": selector, "newest": newest })
}

fn written(plane: &Plane, spelling: &Spelling) -> Value {
    let site = plane.engine.site(spelling.site);
    let url = spelling.target.as_ref().ok().map(|target| format!("{}{target}", plane.base_of(site)));
    json!({
        "site": site.name,
        "dialect": site.dialect.name(),
        "url": url,
        "error": spelling.target.as_ref().err(),
    })
}

fn from_seconds(seconds: u64) -> String {
    rfc3339(seconds.saturating_mul(1000))
}
