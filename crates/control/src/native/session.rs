//! `/v1/session`: signs a browser in and out.

use std::sync::Arc;

use axum::extract::State;
use http::HeaderMap;
use ledger::AuditKind;
use serde_json::{Map, Value, json};

use super::{denied, document};
use crate::auth::Right;
use crate::clock::rfc3339;
use crate::keys::KeyInfo;
use crate::plane::Plane;
use crate::reply::{Problem, Reply};
use crate::server::{From, Unread};
use crate::sessions::{self, Session};

/// `POST /v1/session`: a session in exchange for a key.
pub(crate) async fn open(State(plane): State<Arc<Plane>>, from: From, request: Unread) -> Result<Reply, Problem> {
    // Nor may another page sign somebody in, as somebody else.
    sessions::check_origin(request.headers(), &from)?;
    let key = read(&document(request).await?)?;
    let caller = plane.caller(Some(&key), &from, Right::Read).map_err(denied)?;
    let mark = plane.keys.mark(&key);
    let opened = plane.sessions.open(mark);
    let (id, session) = opened.map_err(|error| Problem::new(500, "no-random-bits", error.to_string()))?;
    plane.note(&caller, AuditKind::SignedIn, caller.name.clone()).await;
    let owner = KeyInfo { name: caller.name, roles: caller.roles, sites: caller.scope.sites, within: caller.within };
    Ok(describe(&session, &owner).with("set-cookie", Session::cookie(&id, from.encrypted)))
}

/// `GET /v1/session`: whose it is, and the token that changes need.
pub(crate) async fn show(State(plane): State<Arc<Plane>>, from: From, headers: HeaderMap) -> Result<Reply, Problem> {
    let (session, owner) = plane.session(&headers, &from)?.ok_or_else(sessions::ended)?;
    Ok(describe(&session, &owner))
}

/// `DELETE /v1/session`: the session ends. To have had none is no error.
pub(crate) async fn close(State(plane): State<Arc<Plane>>, from: From, headers: HeaderMap) -> Result<Reply, Problem> {
    match plane.session(&headers, &from) {
        Ok(Some((session, _))) => plane.sessions.close(&session),
        Ok(None) => {}
        Err(problem) if problem.status == 401 => {}
        Err(problem) => return Err(problem),
    }
    Ok(Reply::nothing().with("set-cookie", Session::no_cookie(from.encrypted)))
}

fn describe(session: &Session, owner: &KeyInfo) -> Reply {
    let roles: Vec<&str> = owner.roles.iter().map(|role| role.name()).collect();
    let body = json!({
        "name": owner.name,
        "roles": roles,
        "sites": owner.sites,
        "within": owner.within,
        "expires_at": rfc3339(session.expires_at),
        "csrf": session.csrf,
    });
    Reply::json(200, &body)
}

fn read(fields: &Map<String, Value>) -> Result<String, Problem> {
    if let Some(other) = fields.keys().find(|name| *name != "key") {
        let problem = Problem::new(400, "unknown-field", format!("{other:?} is no field of a session"));
        return Err(problem.parameter(other).allowed(&["key"]));
    }
    let key = fields.get("key").and_then(Value::as_str).map(str::trim).filter(|key| !key.is_empty());
    let bad = || Problem::new(400, "bad-key", "expected {\"key\": <an API key>}").parameter("key");
    key.map(str::to_owned).ok_or_else(bad)
}
