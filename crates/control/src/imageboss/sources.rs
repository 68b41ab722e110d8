//! ImageBoss's sources (<https://imageboss.me/docs/sources>), as the configuration has them. They are read here, and changed
//! there.

use std::sync::Arc;

use axum::extract::State;
use dialect::Policy;
use engine::{DialectKind, Origin};
use http::{HeaderMap, Method};
use plan::Digest;
use serde_json::{Value, json};

use super::refuse;
use crate::auth::{Caller, Right, bare};
use crate::clock::rfc3339;
use crate::plane::Plane;
use crate::reply::Reply;
use crate::server::{From, Segment};

const KEY: &str = "imageboss-api-key";

/// Whether a request for a path that imgix has too means ImageBoss's sources.
pub(crate) fn are_meant(headers: &HeaderMap) -> bool {
    headers.contains_key(KEY)
}

/// `GET /v1/sources`.
pub(crate) async fn list(State(plane): State<Arc<Plane>>, from: From, headers: HeaderMap) -> Reply {
    list_for(&plane, &from, &headers)
}

/// `GET /v1/sources/{id}`.
pub(crate) async fn show(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
) -> Reply {
    show_for(&plane, &from, &headers, &id)
}

pub(crate) async fn not_allowed(method: Method) -> Reply {
    refuse(405, &format!("{method} is not allowed: GET shows sources")).with("allow", "GET")
}

/// What would change a source.
pub(crate) async fn change(State(plane): State<Arc<Plane>>, from: From, headers: HeaderMap) -> Reply {
    refuse_for(&plane, &from, &headers)
}

pub(crate) fn list_for(plane: &Plane, from: &From, headers: &HeaderMap) -> Reply {
    match caller(plane, from, headers) {
        Ok(caller) => Reply::json(200, &Value::Array(all(plane, &caller))),
        Err(refused) => refused,
    }
}

pub(crate) fn show_for(plane: &Plane, from: &From, headers: &HeaderMap, id: &str) -> Reply {
    let found = caller(plane, from, headers).map(|caller| all(plane, &caller).into_iter().find(|s| s["id"] == id));
    match found {
        Ok(Some(source)) => Reply::json(200, &source),
        Ok(None) => refuse(404, &format!("no source has the id {id:?}")),
        Err(refused) => refused,
    }
}

pub(crate) fn refuse_for(plane: &Plane, from: &From, headers: &HeaderMap) -> Reply {
    match caller(plane, from, headers) {
        Ok(_) => refuse(
            403,
            "sources are [source] tables of Afterimage's configuration file: change them there and start again",
        ),
        Err(refused) => refused,
    }
}

fn caller(plane: &Plane, from: &From, headers: &HeaderMap) -> Result<Caller, Reply> {
    plane.caller(bare(headers, KEY), from, Right::Read).map_err(super::denied)
}

/// The sources of the ImageBoss sites that a caller reaches, each once.
fn all(plane: &Plane, caller: &Caller) -> Vec<Value> {
    let mut seen: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for (number, site) in plane.engine.sites().iter().enumerate() {
        if site.dialect != DialectKind::Imageboss || !caller.scope.holds(&site.name) {
            continue;
        }
        for origin in plane.engine.origins(number) {
            if !seen.contains(&origin.name) {
                seen.push(origin.name.clone());
                found.push(source(plane, &origin, site.signing.policy == Policy::Required));
            }
        }
    }
    found
}

fn source(plane: &Plane, origin: &Origin, signed: bool) -> Value {
    let digest = Digest::of(format!("imageboss source {}", origin.name).as_bytes());
    let id: String = digest.0.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let since = rfc3339(plane.began);
    json!({
        "id": id,
        "source": origin.name,
        "source_type": if origin.base.is_some() { "web" } else { "file" },
        "credentials": {
            "base_url": origin.base.as_deref().unwrap_or(origin.location.as_str()),
            // Text, as the vendor has it. Its token is not told, though there it is.
            "require_token": if signed { "true" } else { "false" },
            "secret_token": if signed { Value::from("****") } else { Value::Null },
        },
        "created_at": since,
        "updated_at": since,
    })
}
