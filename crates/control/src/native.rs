//! Our own API under `/v1`. Errors are RFC 9457 problem details with a stable `code`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use engine::Wanted;
use http::{HeaderMap, Method};
use ledger::Recalled;
use plan::{Digest, Position};
use purge::{PurgeId, Record, Via};
use serde_json::{Map, Value, json};

use crate::act::{Failed, Named};
use crate::auth::{Caller, Denied, bearer};
use crate::clock::{now_ms, rfc3339};
use crate::plane::Plane;
use crate::reply::{Problem, Reply};
use crate::server::{From, Segment, Unread};

const FIELDS: &[&str] = &["targets", "mode", "idempotency_key"];
const TARGETS: &[&str] = &[
    "{\"url\": \"<URL>\"}",
    "{\"derivative\": \"<URL>\"}",
    "{\"master\": \"<source>/<path>\"}",
    "{\"prefix\": \"<source>/<beginning>\"}",
    "{\"source\": \"<source>\"}",
    "{\"all\": true}",
];
/// Known, and not carried out yet.
const LATER: &[&str] = &["glob", "tag", "takedown"];
/// Targets in one request.
const MOST_TARGETS: usize = 1000;
/// Longest idempotency key, in bytes.
const LONGEST_KEY: usize = 256;
/// Purges in one page: by default, and at most.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 1000;

/// `POST /v1/purges`.
pub(crate) async fn purge(State(plane): State<Arc<Plane>>, from: From, request: Unread) -> Result<Reply, Problem> {
    let caller = caller(&plane, request.headers(), &from.0)?;
    let header = request.headers().get("idempotency-key").map(|value| value.to_str().unwrap_or_default().to_owned());
    let body = request.bytes().await.map_err(|e| Problem::new(e.status(), "unreadable-body", e.to_string()))?;
    let document: Value = serde_json::from_slice(&body)
        .map_err(|e| Problem::new(400, "malformed-json", format!("the body is not JSON: {e}")))?;
    let Value::Object(mut fields) = document else {
        return Err(Problem::new(400, "malformed-json", "the body must be a JSON object"));
    };
    let key = idempotency_key(fields.remove("idempotency_key"), header)?;
    // What is compared is what the body says, not how it is laid out.
    let digest = Digest::of(Value::Object(fields.clone()).to_string().as_bytes());
    let named = read(&fields)?;

    let Some(key) = key else { return carry_out(&plane, &caller, named).await.map(|(_, reply)| reply) };
    let key = format!("{}\n{key}", caller.name);
    match recall(&plane, &key, digest, None).await? {
        Recalled::Unknown => {}
        Recalled::OtherBody => return Err(other_body()),
        Recalled::Same(id) => {
            if let Some(reply) = replay(&plane, id).await? {
                return Ok(reply);
            }
        }
    }
    let (id, reply) = carry_out(&plane, &caller, named).await?;
    // Another request with this key may have come in between; what it purged was purged twice, which is harmless.
    match recall(&plane, &key, digest, Some(id)).await {
        Ok(Recalled::Same(first)) => Ok(replay(&plane, first).await?.unwrap_or(reply)),
        Ok(Recalled::OtherBody) => Err(other_body()),
        Ok(Recalled::Unknown) => Ok(reply),
        Err(problem) => {
            tracing::warn!(problem = problem.detail, "an idempotency key was not remembered");
            Ok(reply)
        }
    }
}

/// `GET /v1/purges`.
pub(crate) async fn list(
    State(plane): State<Arc<Plane>>,
    Query(query): Query<HashMap<String, String>>,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from.0)?;
    let number = |name: &str| match query.get(name) {
        None => Ok(None),
        Some(text) => text.parse::<u64>().map(Some).map_err(|_| {
            Problem::new(400, "bad-parameter", format!("{name}={text} is no whole number")).parameter(name)
        }),
    };
    let limit = number("limit")?.unwrap_or(PAGE as u64);
    if !(1..=LARGEST_PAGE as u64).contains(&limit) {
        let problem = Problem::new(400, "bad-parameter", format!("limit={limit} is out of range"));
        return Err(problem.parameter("limit").allowed(&["1 to 1000"]));
    }
    if let Some(other) = query.keys().find(|name| *name != "limit" && *name != "before") {
        let problem = Problem::new(400, "unknown-parameter", format!("there is no parameter {other:?}"));
        return Err(problem.parameter(other).allowed(&["limit", "before"]));
    }
    let before = number("before")?.map(Position);
    let (records, next) = plane.page(&caller, before, limit as usize).await.map_err(|e| problem(&e))?;
    let purges: Vec<Value> = records.iter().map(|record| describe(&plane, record)).collect();
    Ok(Reply::json(200, &json!({ "purges": purges, "next": next.map(|position| position.0) })))
}

/// `GET /v1/purges/{id}`.
pub(crate) async fn show(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from.0)?;
    let unknown = || Problem::new(404, "no-such-purge", format!("no purge has the id {id:?}")).parameter("id");
    let found = plane.find(PurgeId::parse(&id).ok_or_else(unknown)?).await.map_err(|e| problem(&e))?;
    let record = found.filter(|record| caller.may_see(record)).ok_or_else(unknown)?;
    Ok(Reply::json(200, &describe(&plane, &record)))
}

/// `GET /v1/sites`.
pub(crate) async fn sites(State(plane): State<Arc<Plane>>, from: From, headers: HeaderMap) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from.0)?;
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

fn caller(plane: &Plane, headers: &HeaderMap, from: &str) -> Result<Caller, Problem> {
    plane.caller(bearer(headers), from).map_err(|denied| match denied {
        Denied::Missing => Problem::new(401, "no-key", "an API key is required: Authorization: Bearer <key>"),
        Denied::Unknown => Problem::new(401, "unknown-key", "this API key is not valid"),
    })
}

fn problem(failed: &Failed) -> Problem {
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

/// From the field or the header; both may be given if they are equal.
fn idempotency_key(field: Option<Value>, header: Option<String>) -> Result<Option<String>, Problem> {
    let bad = |detail: &str| Problem::new(400, "bad-idempotency-key", detail).parameter("idempotency_key");
    let field = match field {
        None | Some(Value::Null) => None,
        Some(Value::String(key)) => Some(key),
        Some(_) => return Err(bad("the idempotency key must be text")),
    };
    let key = match (field, header) {
        (Some(field), Some(header)) if field != header => {
            return Err(bad("the body and the header name different idempotency keys"));
        }
        (field, header) => field.or(header),
    };
    match &key {
        Some(key) if key.is_empty() || key.len() > LONGEST_KEY || key.contains(char::is_control) => {
            Err(bad("an idempotency key has 1 to 256 bytes and no control characters"))
        }
        _ => Ok(key),
    }
}

fn read(fields: &Map<String, Value>) -> Result<Vec<Named>, Problem> {
    // A field that is passed over could be the one that says not to purge.
    if let Some(other) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let problem =
            Problem::new(400, "unknown-field", format!("{other:?} is no field of a purge, or not supported yet"));
        return Err(problem.parameter(other).allowed(FIELDS));
    }
    match fields.get("mode") {
        None => {}
        Some(Value::String(mode)) if mode == "hard" => {}
        Some(other) => {
            let problem = Problem::new(400, "bad-mode", format!("the mode {other} is not supported yet"));
            return Err(problem.parameter("mode").allowed(&["hard"]));
        }
    }
    let wrong = |detail: String| Problem::new(400, "bad-targets", detail).parameter("targets").allowed(TARGETS);
    let targets = match fields.get("targets") {
        Some(Value::Array(targets)) if !targets.is_empty() => targets,
        _ => return Err(wrong("targets must be a list of at least one target".to_owned())),
    };
    if targets.len() > MOST_TARGETS {
        return Err(wrong(format!("{} targets; at most {MOST_TARGETS} go into one purge", targets.len())));
    }
    targets.iter().enumerate().map(|(number, target)| read_target(number, target)).collect()
}

fn read_target(number: usize, target: &Value) -> Result<Named, Problem> {
    let place = format!("targets[{number}]");
    let bad = |detail: String| Problem::new(400, "bad-target", detail).parameter(&place).allowed(TARGETS);
    let Some((kind, value)) = target.as_object().filter(|t| t.len() == 1).and_then(|t| t.iter().next()) else {
        return Err(bad("a target is an object with exactly one field".to_owned()));
    };
    if LATER.contains(&kind.as_str()) {
        let detail = format!("purging by {kind} is not supported yet");
        return Err(Problem::new(400, "not-supported", detail).parameter(format!("{place}.{kind}")).allowed(TARGETS));
    }
    if kind == "all" {
        return match value {
            Value::Bool(true) => Ok(Named::new("all", Wanted::All)),
            other => Err(bad(format!("all must be true, not {other}"))),
        };
    }
    let make: fn(String) -> Wanted = match kind.as_str() {
        "url" => Wanted::Url,
        "derivative" => Wanted::Derivative,
        "master" => Wanted::Master,
        "prefix" => Wanted::Prefix,
        "source" => Wanted::Source,
        other => return Err(bad(format!("there is no target {other:?}"))),
    };
    match value {
        Value::String(said) if !said.trim().is_empty() => Ok(Named::new(said, make(said.clone()))),
        other => Err(bad(format!("{kind} must be text, not {other}"))),
    }
}

async fn carry_out(plane: &Plane, caller: &Caller, named: Vec<Named>) -> Result<(PurgeId, Reply), Problem> {
    let receipt = plane.purge(caller, Via::Native, named).await.map_err(|e| problem(&e))?;
    Ok((receipt.record.id, Reply::json(200, &describe(plane, &receipt.record))))
}

/// The answer to a request that was carried out before.
async fn replay(plane: &Plane, id: PurgeId) -> Result<Option<Reply>, Problem> {
    let record = plane.find(id).await.map_err(|e| problem(&e))?;
    Ok(record.map(|record| Reply::json(200, &describe(plane, &record)).with("idempotency-replayed", "true")))
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

/// A purge in the log is effective here. When it became so is told as long as it is remembered.
fn describe(plane: &Plane, record: &Record) -> Value {
    let targets: Vec<Value> = record
        .targets
        .iter()
        .map(|target| {
            let selectors: Vec<String> = target.selectors.iter().map(ToString::to_string).collect();
            json!({ "said": target.said, "selectors": selectors })
        })
        .collect();
    json!({
        "id": record.id.to_string(),
        "position": record.position.0,
        "state": "effective",
        "mode": record.mode.name(),
        "via": record.via.name(),
        "actor": record.actor,
        "from": record.from,
        "accepted_at": rfc3339(record.accepted_at),
        "effective_at": plane.recent.effective_at(record.id).map(rfc3339),
        "targets": targets,
    })
}
