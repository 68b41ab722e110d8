//! `/v1/audit`: what was done, by whom, chained so that a change shows.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use ledger::{AuditFilter, AuditHead, AuditKind, AuditRow, AuditVerdict};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::events::Stream;
use super::list::Reader;
use super::{Parameters, caller, problem};
use crate::auth::Right;
use crate::clock::rfc3339;
use crate::plane::Plane;
use crate::reply::{Problem, Reply};
use crate::server::From;

const PARAMETERS: &[&str] = &["limit", "before", "kind", "actor", "search", "since", "until"];
/// Pages of an export that wait for a client that reads slowly, and how long one waits.
const WAITING: usize = 2;
const PATIENCE: Duration = Duration::from_secs(60);

/// `GET /v1/audit`, newest first. `next` is the `before` of the following page; null when there is none.
pub(crate) async fn list(
    State(plane): State<Arc<Plane>>,
    Query(query): Parameters,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    caller(&plane, &headers, &from, Right::Audit)?;
    let read = Reader { query: &query };
    read.only(PARAMETERS)?;
    let (before, limit) = (read.number("before")?, read.limit()?);
    let filter = AuditFilter {
        kind: read.name("kind", AuditKind::from_name, &AuditKind::ALL.map(AuditKind::name))?,
        actor: query.get("actor").cloned(),
        search: query.get("search").cloned(),
        since: read.time("since")?,
        until: read.time("until")?,
    };
    let log = plane.log.clone();
    let rows = plane.blocking(move |_| log.audit_page(before, limit, &filter)).await.map_err(|e| problem(&e))?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.seq);
    let entries: Vec<Value> = rows.iter().map(describe).collect();
    Ok(Reply::json(200, &json!({ "entries": entries, "next": next })))
}

/// `GET /v1/audit/verify`: whether the chain holds; with `head=<number>:<hash>`, also whether it leads through an end that was
/// kept elsewhere.
pub(crate) async fn verify(
    State(plane): State<Arc<Plane>>,
    Query(query): Parameters,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    caller(&plane, &headers, &from, Right::Audit)?;
    let read = Reader { query: &query };
    read.only(&["head"])?;
    let kept = read.name("head", AuditHead::parse, &["<number>:<hash>, as an earlier answer gave it"])?;
    let log = plane.log.clone();
    let verdict = plane.blocking(move |_| log.audit_verify(kept.as_ref())).await.map_err(|e| problem(&e))?;
    let body = match verdict {
        AuditVerdict::Verified { entries, head } => {
            json!({ "intact": true, "entries": entries, "head": head.to_string() })
        }
        AuditVerdict::Broken { seq, why } => json!({ "intact": false, "entry": seq, "why": why }),
    };
    Ok(Reply::json(200, &body))
}

/// `GET /v1/audit/export`: the whole chain, a JSON object a line, oldest first.
pub(crate) async fn export(
    State(plane): State<Arc<Plane>>,
    from: From,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller(&plane, &headers, &from, Right::Audit)?;
    let (send, receive) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut after = 0;
        loop {
            let log = plane.log.clone();
            let page = match plane.blocking(move |_| log.audit_lines(after)).await {
                Ok(page) => page,
                Err(error) => return tracing::warn!(%error, "an export of the audit trail ended early"),
            };
            let Some(last) = page.last else { return };
            after = last;
            // Whoever has gone, or has stopped reading, gets no more.
            if !matches!(tokio::time::timeout(PATIENCE, send.send(page.lines.into())).await, Ok(Ok(()))) {
                return;
            }
        }
    });
    let mut response = Response::new(Body::new(Stream(receive)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn describe(row: &AuditRow) -> Value {
    json!({
        "seq": row.seq,
        "at": rfc3339(row.entry.at),
        "kind": row.entry.kind.name(),
        "actor": row.entry.actor,
        "via": row.entry.via,
        "from": row.entry.from,
        "what": row.entry.what,
        "position": row.position.map(|position| position.0),
        "record": row.record.map(|digest| digest.to_string()),
        "prev": row.prev.to_string(),
        "hash": row.hash.to_string(),
    })
}
