//! `POST /v1/config/sources/{name}/check`: a real fetch, of which nothing is kept.

use std::sync::Arc;

use axum::extract::State;
use engine::health::{Checked, Unchecked};
use plan::Selector;
use serde_json::{Map, Value, json};

use super::{holds_source, millis};
use crate::auth::Right;
use crate::native::caller;
use crate::plane::Plane;
use crate::reach::Reach;
use crate::reply::{Problem, Reply};
use crate::server::{From, Segment, Unread};

const FIELDS: &[&str] = &["path"];
/// Longest path, in bytes.
const LONGEST_PATH: usize = 8192;

pub(crate) async fn check(
    State(plane): State<Arc<Plane>>,
    Segment(name): Segment,
    from: From,
    request: Unread,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, request.headers(), &from, Right::Check)?;
    let path = read(request).await?;
    let standings = plane.engine.standings();
    let found = standings.iter().position(|standing| standing.name == name);
    let number = found.filter(|number| holds_source(&plane, &caller, &standings[*number])).ok_or_else(|| {
        let known = standings.iter().filter(|standing| holds_source(&plane, &caller, standing));
        let known: Vec<&str> = known.map(|standing| standing.name.as_str()).collect();
        Problem::new(404, "no-such-source", format!("no source is called {name:?}")).parameter("name").allowed(&known)
    })?;
    if let Some(path) = &path {
        let id = plane.engine.checked_master(number, path).map_err(problem)?;
        let reach = Reach::of(&plane.engine, &caller);
        if !reach.is_ok_and(|reach| reach.covers(&Selector::Master(id))) {
            let detail = format!("this API key is not for {path:?}");
            return Err(Problem::new(403, "not-allowed", detail).parameter("path"));
        }
    }
    let checked = plane.engine.check_source(number, path.as_deref()).await.map_err(problem)?;
    Ok(Reply::json(200, &told(&checked)))
}

fn told(checked: &Checked) -> Value {
    let trouble = checked.trouble.as_ref();
    let note = Some(checked.note.as_str()).filter(|note| !note.is_empty());
    json!({
        "ok": trouble.is_none(),
        "ms": millis(checked.took),
        "bytes": checked.bytes,
        "content_type": checked.content_type,
        "width": checked.size.map(|(width, _)| width),
        "height": checked.size.map(|(_, height)| height),
        "entries": checked.entries,
        "detail": trouble.map(|trouble| trouble.detail.as_str()).or(note),
        "fault": trouble.map(|trouble| trouble.fault.name()),
    })
}

/// The path, if there is one. The body may be missing.
async fn read(request: Unread) -> Result<Option<String>, Problem> {
    let body = request.bytes().await.map_err(|e| Problem::new(e.status(), "unreadable-body", e.to_string()))?;
    if body.is_empty() {
        return Ok(None);
    }
    let fields: Map<String, Value> = serde_json::from_slice(&body)
        .map_err(|e| Problem::new(400, "malformed-json", format!("the body is no JSON object: {e}")))?;
    if let Some(other) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let problem = Problem::new(400, "unknown-field", format!("{other:?} is no field of a check"));
        return Err(problem.parameter(other).allowed(FIELDS));
    }
    match fields.get("path") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(path)) if !path.is_empty() && path.len() <= LONGEST_PATH => Ok(Some(path.clone())),
        Some(_) => {
            let problem = Problem::new(400, "bad-path", "path must be text of 1 to 8192 bytes, or null");
            Err(problem.parameter("path"))
        }
    }
}

fn problem(unchecked: Unchecked) -> Problem {
    let detail = unchecked.to_string();
    match unchecked {
        Unchecked::Busy => Problem { retry_after: Some(1), ..Problem::new(503, "check-busy", detail) },
        Unchecked::NeedsUrl => {
            Problem::new(400, "url-needed", detail).parameter("path").allowed(&["https://<host>/<path>"])
        }
        Unchecked::BadPath(_) => Problem::new(400, "bad-path", detail).parameter("path"),
    }
}
