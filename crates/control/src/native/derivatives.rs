//! `GET /v1/derivatives/{id}/body`: what is cached, for as long as it would be served.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use engine::{Inspected, Would};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue};
use plan::{DerivativeKey, MasterId};

use super::caller;
use super::explain::{may_see, unnamed};
use crate::auth::Right;
use crate::plane::Plane;
use crate::reach::Reach;
use crate::reply::Problem;
use crate::server::{From, Segment};

/// Whatever it is, it is looked at and does nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// `GET /v1/derivatives/{id}/body`. 404 for what is not cached, 410 for what is and would not be served any more.
pub(crate) async fn body(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    let unknown = || {
        let detail = format!("no derivative that is cached has the id {id:?}");
        Problem::new(404, "no-such-derivative", detail).parameter("id")
    };
    let key = DerivativeKey::from_hex(&id).ok_or_else(unknown)?;
    let reach = Reach::of(&plane.engine, &caller).map_err(unnamed)?;
    let engine = plane.engine.clone();
    let looked = tokio::task::spawn_blocking(move || engine.stored(&key)).await;
    let found = looked.map_err(|_| Problem::new(500, "lost", "the request was lost on the way"))?;
    if !may_see(&plane.engine, &caller, &reach, &noted(&found), &masters(&found)) {
        return Err(unknown());
    }
    let Some(entry) = found.entry.filter(|_| found.would == Would::Hit) else {
        let why = found.would.why().filter(|_| found.row.is_some() || found.place.is_some()).ok_or_else(unknown)?;
        return Err(Problem::new(410, "gone", format!("this derivative is not served any more: {why}")).parameter("id"));
    };
    let bytes = entry.body().cloned().ok_or_else(unknown)?;
    let mut response = Response::new(Body::from(bytes));
    let fields = response.headers_mut();
    let kind = HeaderValue::from_str(&entry.meta.content_type);
    fields.insert(CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    fields.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

fn noted(found: &Inspected) -> String {
    let row = found.row.as_ref().map(|row| row.url.clone());
    row.or(found.entry.as_ref().map(|entry| entry.meta.url.clone())).unwrap_or_default()
}

fn masters(found: &Inspected) -> Vec<MasterId> {
    let of_row = found.row.iter().flat_map(|row| row.dependencies.iter().map(|(id, _)| id.clone()));
    let of_entry = found.entry.iter().flat_map(|entry| entry.subject.dependencies.iter().map(|d| d.master.clone()));
    of_row.chain(of_entry).collect()
}
