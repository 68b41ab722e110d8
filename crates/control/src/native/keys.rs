//! `/v1/keys`: make, list, rotate and revoke API keys. Needs a key with the role `admin` that is bound to nothing.

use std::sync::Arc;

use axum::extract::State;
use engine::{Scope as Everywhere, Wanted};
use http::HeaderMap;
use ledger::{AuditKind, KeyError, KeyInfo, KeyRole, KeysDb, Scope};
use serde_json::{Map, Value, json};

use super::{caller, document};
use crate::auth::Right;
use crate::clock::{now_ms, parse_rfc3339, rfc3339};
use crate::keys::Keys;
use crate::plane::Plane;
use crate::reply::{Problem, Reply};
use crate::server::{From, Segment, Unread};

const FIELDS: &[&str] = &["name", "roles", "sites", "within", "expires_at", "monthly"];
const ROLES: &[&str] = &["admin", "purge", "read"];
/// Longest name, in bytes.
const LONGEST_NAME: usize = 100;
/// Longest time for which a rotated key's old secret stays good, in seconds: 30 days.
const LONGEST_GRACE: u64 = 30 * 86_400;

/// `GET /v1/keys`.
pub(crate) async fn list(State(plane): State<Arc<Plane>>, from: From, headers: HeaderMap) -> Result<Reply, Problem> {
    caller(&plane, &headers, &from, Right::Admin)?;
    let keys =
        run(&plane, |keys| Ok(keys.list().iter().map(|key| describe(key, keys.used(&key.name))).collect())).await?;
    Ok(Reply::json(200, &json!({ "keys": Value::Array(keys) })))
}

/// `POST /v1/keys`: the only answer that ever holds the key.
pub(crate) async fn create(State(plane): State<Arc<Plane>>, from: From, request: Unread) -> Result<Reply, Problem> {
    let caller = caller(&plane, request.headers(), &from, Right::Admin)?;
    let (name, scope) = read(&plane, &document(request).await?)?;
    let made = name.clone();
    let (key, info) = run(&plane, move |keys| {
        let key = keys.issue(&made, &scope)?;
        Ok((key, keys.list().into_iter().find(|info| info.name == made)))
    })
    .await?;
    plane.note(&caller, AuditKind::KeyCreated, name.clone()).await;
    let mut body = info.map_or_else(|| json!({ "name": name }), |info| describe(&info, 0));
    body["key"] = json!(key);
    Ok(Reply::json(201, &body))
}

/// `POST /v1/keys/{name}/rotate`: a new secret; the old one stays good for `grace` seconds (0 unless said).
pub(crate) async fn rotate(
    State(plane): State<Arc<Plane>>,
    Segment(name): Segment,
    from: From,
    request: Unread,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, request.headers(), &from, Right::Admin)?;
    let grace = read_grace(request).await?;
    let rotated = name.clone();
    let key = run(&plane, move |keys| keys.rotate(&rotated, grace * 1000)).await?.ok_or_else(|| unknown(&name))?;
    plane.sessions.keep(|key| plane.keys.verify_mark(key).is_some());
    plane.note(&caller, AuditKind::KeyRotated, name.clone()).await;
    let until = (grace > 0).then(|| rfc3339(now_ms() + grace * 1000));
    Ok(Reply::json(200, &json!({ "name": name, "key": key, "old_key_until": until })))
}

/// `DELETE /v1/keys/{name}`: refused from now on.
pub(crate) async fn revoke(
    State(plane): State<Arc<Plane>>,
    Segment(name): Segment,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Admin)?;
    let revoked = name.clone();
    if !run(&plane, move |keys| keys.revoke(&revoked)).await? {
        return Err(unknown(&name));
    }
    plane.sessions.keep(|key| plane.keys.verify_mark(key).is_some());
    plane.note(&caller, AuditKind::KeyRevoked, name.clone()).await;
    Ok(Reply::json(200, &json!({ "name": name, "revoked": true })))
}

async fn run<T: Send + 'static>(
    plane: &Plane,
    work: impl FnOnce(&KeysDb) -> Result<T, KeyError> + Send + 'static,
) -> Result<T, Problem> {
    let keys: Arc<dyn Keys> = plane.keys.clone();
    let done = tokio::task::spawn_blocking(move || keys.db().map(work)).await;
    match done {
        Ok(Some(Ok(done))) => Ok(done),
        Ok(Some(Err(error))) => Err(problem(&error)),
        Ok(None) => Err(Problem::new(501, "not-supported", "keys are not made here")),
        Err(_) => Err(Problem::new(500, "lost", "the request was lost on the way")),
    }
}

fn problem(error: &KeyError) -> Problem {
    let (status, code, parameter) = match error {
        KeyError::Empty => (400, "bad-key", "name"),
        KeyError::NameTaken(_) | KeyError::KeyTaken(_) => (409, "name-taken", "name"),
        KeyError::Scope(_) => (400, "bad-key", "roles"),
        KeyError::Store(_) => return Problem::new(500, "ledger-failed", error.to_string()),
    };
    Problem::new(status, code, error.to_string()).parameter(parameter)
}

fn unknown(name: &str) -> Problem {
    Problem::new(404, "no-such-key", format!("no key is called {name:?}")).parameter("name")
}

/// That the trail of what was done cannot be written does not undo it.
fn describe(key: &KeyInfo, used: u64) -> Value {
    let roles: Vec<&str> = key.roles.iter().map(|role| role.name()).collect();
    json!({
        "name": key.name,
        "roles": roles,
        "sites": key.sites,
        "within": key.reaches,
        "created_at": rfc3339(key.created_at),
        "expires_at": key.expires_at.map(rfc3339),
        "last_used_at": key.last_used.map(rfc3339),
        "monthly": key.monthly,
        "used_this_month": used,
    })
}

fn read(plane: &Plane, fields: &Map<String, Value>) -> Result<(String, Scope), Problem> {
    if let Some(other) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let problem = Problem::new(400, "unknown-field", format!("{other:?} is no field of a key"));
        return Err(problem.parameter(other).allowed(FIELDS));
    }
    let bad = |name: &str, detail: &str| Problem::new(400, "bad-key", detail).parameter(name);
    let name = fields.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() || name.len() > LONGEST_NAME || name.contains(char::is_control) || name.contains('/') {
        return Err(bad("name", "a key's name has 1 to 100 bytes, no slash and no control characters"));
    }
    let roles = texts(fields, "roles")?;
    let roles: Option<Vec<KeyRole>> = roles.iter().map(|role| KeyRole::from_name(role)).collect();
    let roles = roles.filter(|roles| !roles.is_empty());
    let roles = roles.ok_or_else(|| bad("roles", "roles must be a list of at least one role").allowed(ROLES))?;
    let sites = texts(fields, "sites")?;
    let known: Vec<&str> = plane.engine.sites().iter().map(|site| site.name.as_str()).collect();
    if let Some(other) = sites.iter().find(|site| !known.contains(&site.as_str())) {
        return Err(bad("sites", &format!("no site is called {other:?}")).allowed(&known));
    }
    let within = texts(fields, "within")?;
    for part in &within {
        let source = part.split('/').next().unwrap_or_default().to_owned();
        let everywhere = Everywhere::everything();
        if let Err(error) = plane.engine.name(&Wanted::Source(source), &everywhere) {
            return Err(bad("within", &error.to_string()));
        }
    }
    let expires_at = match fields.get("expires_at") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let at = value.as_str().and_then(parse_rfc3339).filter(|at| *at > now_ms());
            Some(at.ok_or_else(|| bad("expires_at", "expires_at must be an RFC 3339 time to come"))?)
        }
    };
    let monthly = match fields.get("monthly") {
        None | Some(Value::Null) => None,
        Some(value) => Some(value.as_u64().ok_or_else(|| bad("monthly", "monthly must be a whole number"))?),
    };
    Ok((name.to_owned(), Scope { roles, sites, reaches: within, expires_at, monthly }))
}

fn texts(fields: &Map<String, Value>, name: &str) -> Result<Vec<String>, Problem> {
    let wrong = || Problem::new(400, "bad-key", format!("{name} must be a list of texts")).parameter(name);
    match fields.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => {
            let texts = list.iter().map(|text| text.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<String>>>().ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}

/// The body may be missing.
async fn read_grace(request: Unread) -> Result<u64, Problem> {
    let body = request.bytes().await.map_err(|e| Problem::new(e.status(), "unreadable-body", e.to_string()))?;
    if body.is_empty() {
        return Ok(0);
    }
    let document: Value = serde_json::from_slice(&body)
        .map_err(|e| Problem::new(400, "malformed-json", format!("the body is not JSON: {e}")))?;
    let wrong = || {
        let problem = Problem::new(400, "bad-key", "expected {\"grace\": <seconds>}").parameter("grace");
        problem.allowed(&["0 to 2592000"])
    };
    let fields = document.as_object().filter(|fields| fields.keys().all(|name| name == "grace")).ok_or_else(wrong)?;
    match fields.get("grace") {
        None => Ok(0),
        Some(value) => value.as_u64().filter(|seconds| *seconds <= LONGEST_GRACE).ok_or_else(wrong),
    }
}
