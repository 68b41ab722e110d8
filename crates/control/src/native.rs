//! Our own API under `/v1`. Errors are RFC 9457 problem details with a stable `code`.

pub(crate) mod audit;
pub(crate) mod config;
pub(crate) mod derivatives;
pub(crate) mod describe;
pub(crate) mod dialects;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod invalidate;
pub(crate) mod keys;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod masters;
mod read;
pub(crate) mod session;
mod shown;
pub(crate) mod stats;
mod steps;
pub(crate) mod tail;
pub(crate) mod takedowns;
pub(crate) mod urls;
pub(crate) mod verify;
pub(crate) mod warm;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use http::{HeaderMap, Method};
use ledger::Recalled;
use plan::Digest;
use purge::{Progress, PurgeId, Record, State as Reached, Target};
use serde_json::{Value, json};

use crate::act::{Failed, Order};
use crate::auth::{Caller, Denied, Right, bearer};
use crate::clock::now_ms;
use crate::plane::Plane;
use crate::reply::{Problem, Reply};
use crate::server::{From, Segment, Unread};

pub(crate) use list::list;
use read::{Asked, Until, Wait};

/// The parameters of a query.
pub(crate) type Parameters = Query<HashMap<String, String>>;

/// `POST /v1/purges`.
pub(crate) async fn purge(
    State(plane): State<Arc<Plane>>,
    Query(query): Parameters,
    from: From,
    request: Unread,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, request.headers(), &from, Right::Purge)?;
    let header = request.headers().get("idempotency-key").map(|value| value.to_str().unwrap_or_default().to_owned());
    let document = document(request).await?;
    let asked = Asked::read(document, header, &query, now_ms())?;
    let Asked { order, wait, dry_run, idempotency, webhook } = asked;
    if let Some(url) = &webhook {
        plane.check_webhook(url)?;
    }
    if dry_run {
        return foresee(&plane, &caller, order).await;
    }
    let webhook = webhook.as_deref();
    let Some((key, digest)) = idempotency else {
        let (record, reply) = carry_out(&plane, &caller, order, webhook).await?;
        return waited(&plane, record, wait, reply).await;
    };
    let key = format!("{}\n{key}", caller.name);
    match recall(&plane, &key, digest, None).await? {
        Recalled::Unknown => {}
        Recalled::OtherBody => return Err(other_body()),
        Recalled::Same(id) => {
            if let Some(reply) = replay(&plane, id, wait).await? {
                return Ok(reply);
            }
        }
    }
    let (record, reply) = carry_out(&plane, &caller, order, webhook).await?;
    // Another request with this key may have come in between; what it purged was purged twice, which is harmless.
    match recall(&plane, &key, digest, Some(record.id)).await {
        Ok(Recalled::Same(first)) => match replay(&plane, first, wait).await? {
            Some(reply) => Ok(reply),
            None => waited(&plane, record, wait, reply).await,
        },
        Ok(Recalled::OtherBody) => Err(other_body()),
        Ok(Recalled::Unknown) => waited(&plane, record, wait, reply).await,
        Err(problem) => {
            tracing::warn!(problem = problem.detail, "an idempotency key was not remembered");
            waited(&plane, record, wait, reply).await
        }
    }
}

/// `GET /v1/purges/{id}`.
pub(crate) async fn show(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    let (record, progress) = find(&plane, &caller, &id).await?;
    let mut purge = described(&plane, &record, &progress);
    purge["webhooks"] = json!(plane.deliveries(record.id).await?);
    Ok(Reply::json(200, &purge))
}

/// `GET /v1/sites`.
pub(crate) async fn sites(State(plane): State<Arc<Plane>>, from: From, headers: HeaderMap) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    let sites = plane.engine.sites().iter().filter(|site| caller.scope.holds(&site.name));
    let sites: Vec<Value> = sites
        .map(|site| {
            json!({
                "name": site.name,
                "dialect": site.dialect.name(),
                "hosts": site.hosts,
                "prefix": site.prefix,
                "sources": site.sources,
            })
        })
        .collect();
    Ok(Reply::json(200, &json!({ "sites": sites, "public": plane.public })))
}

pub(crate) async fn not_allowed(method: Method) -> Problem {
    Problem::new(405, "method-not-allowed", format!("{method} is not for this path"))
}

/// Who asks: by a key, or else by a session.
pub(crate) fn caller(plane: &Plane, headers: &HeaderMap, from: &From, right: Right) -> Result<Caller, Problem> {
    let key = bearer(headers);
    let session = if key.is_none() { plane.session(headers, from)? } else { None };
    let caller = match session {
        Some((_, owner)) => plane.admitted(owner, from, right),
        None => plane.caller(key, from, right),
    };
    caller.map_err(denied)
}

fn denied(denied: Denied) -> Problem {
    let problem = match denied {
        Denied::Missing => Problem::new(401, "no-key", "an API key is required: Authorization: Bearer <key>"),
        Denied::Unknown => Problem::new(401, "unknown-key", denied.message()),
        Denied::NotAllowed => Problem::new(403, "not-allowed", denied.message()),
        Denied::TooMany(_) => Problem::new(429, "too-many-requests", denied.message()),
    };
    Problem { retry_after: denied.retry_after(), ..problem }
}

/// A body that is a JSON object.
pub(crate) async fn document(request: Unread) -> Result<serde_json::Map<String, Value>, Problem> {
    let body = request.bytes().await.map_err(|e| Problem::new(e.status(), "unreadable-body", e.to_string()))?;
    let document: Value = serde_json::from_slice(&body)
        .map_err(|e| Problem::new(400, "malformed-json", format!("the body is not JSON: {e}")))?;
    match document {
        Value::Object(fields) => Ok(fields),
        _ => Err(Problem::new(400, "malformed-json", "the body must be a JSON object")),
    }
}

/// A purge that the caller may see.
async fn find(plane: &Plane, caller: &Caller, id: &str) -> Result<(Record, Progress), Problem> {
    let unknown = || Problem::new(404, "no-such-purge", format!("no purge has the id {id:?}")).parameter("id");
    let found = plane.find(PurgeId::parse(id).ok_or_else(unknown)?).await.map_err(|e| problem(&e))?;
    found.filter(|(record, _)| caller.may_see(record)).ok_or_else(unknown)
}

pub(crate) fn problem(failed: &Failed) -> Problem {
    let problem = Problem::new(failed.status(400), failed.code(), failed.to_string());
    let problem = match failed {
        Failed::Naming { number, .. } => problem.parameter(format!("targets[{number}]")),
        _ => problem,
    };
    Problem { retry_after: failed.retry_after(), ..problem }
}

fn other_body() -> Problem {
    let detail = "this idempotency key came with another body within the last 24 hours";
    Problem::new(422, "idempotency-key-reused", detail).parameter("idempotency_key")
}

async fn carry_out(
    plane: &Plane,
    caller: &Caller,
    order: Order,
    webhook: Option<&str>,
) -> Result<(Record, Reply), Problem> {
    let receipt = plane.carry_out(caller, order).await.map_err(|e| problem(&e))?;
    let progress = Progress { effective_at: receipt.effective_at, ..Progress::default() };
    if let Some(url) = webhook {
        plane.tell(Some(url), &receipt.record, &progress).await;
    }
    let reply = Reply::json(200, &described(plane, &receipt.record, &progress));
    Ok((receipt.record, reply))
}

/// The answer once the purge has come as far as the caller wants to know, or his patience has ended. To be effective it need
/// not be waited for: it is.
async fn waited(plane: &Plane, record: Record, wait: Option<Wait>, reply: Reply) -> Result<Reply, Problem> {
    let Some(Wait { until, within }) = wait else { return Ok(reply) };
    if until == Until::State(Reached::Effective) {
        return Ok(reply);
    }
    let enough = |progress: &Progress| until.is_met_by(progress);
    let progress = plane.comes_to(record.id, within, enough).await.map_err(|e| problem(&e))?;
    let status = if until.is_met_by(&progress) { 200 } else { 202 };
    Ok(Reply::json(status, &described(plane, &record, &progress)))
}

/// A purge, how far it has come, and the warm-up that follows it.
fn described(plane: &Plane, record: &Record, progress: &Progress) -> Value {
    let mut purge = describe::purge(record, progress);
    if let Some(warmup) = plane.engine.warmup_after(record.id) {
        purge["warmup"] = json!(warmup.to_string());
    }
    purge
}

/// What would go, had this been meant.
async fn foresee(plane: &Plane, caller: &Caller, order: Order) -> Result<Reply, Problem> {
    let targets: Vec<Target> = plane.name(caller, order.named).await.map_err(|e| problem(&e))?;
    let (targets, foreseen) = plane.foresee(targets).await.map_err(|e| problem(&e))?;
    Ok(Reply::json(200, &describe::foreseen(&targets, &foreseen, order.mode)))
}

/// The answer to a request that was carried out before.
async fn replay(plane: &Plane, id: PurgeId, wait: Option<Wait>) -> Result<Option<Reply>, Problem> {
    let Some((record, progress)) = plane.find(id).await.map_err(|e| problem(&e))? else { return Ok(None) };
    let reply = Reply::json(200, &described(plane, &record, &progress));
    let reply = waited(plane, record, wait, reply).await?;
    Ok(Some(reply.with("idempotency-replayed", "true")))
}

/// What is known of an idempotency key; with an id, that is remembered if nothing is.
async fn recall(plane: &Plane, key: &str, digest: Digest, id: Option<PurgeId>) -> Result<Recalled, Problem> {
    let (log, key) = (plane.log.clone(), key.to_owned());
    plane
        .blocking(move |_| match id {
            Some(id) => log.remember(&key, &digest, id, now_ms()),
            None => log.recall(&key, &digest, now_ms()),
        })
        .await
        .map_err(|e| problem(&e))
}
