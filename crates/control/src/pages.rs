//! What needs no key: health, metrics, and a page that says what is here.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use http::{Method, Uri};

use crate::metrics;
use crate::plane::Plane;
use crate::reply::{Problem, Reply};

const APIS: &[&str] = &[
    "POST /v1/purges",
    "GET /v1/purges",
    "GET /v1/purges/{id}",
    "GET /v1/purges/{id}/events",
    "GET /v1/events",
    "GET /v1/takedowns",
    "DELETE /v1/takedowns/{id}",
    "GET /v1/warmups",
    "POST /v1/warmups",
    "GET /v1/warmups/{id}",
    "DELETE /v1/warmups/{id}",
    "GET /v1/invalidate",
    "POST /v1/invalidate",
    "GET /v1/keys",
    "POST /v1/keys",
    "POST /v1/keys/{name}/rotate",
    "DELETE /v1/keys/{name}",
    "GET /v1/audit",
    "GET /v1/audit/export",
    "GET /v1/audit/verify",
    "GET /v1/sites",
    "POST /api/v1/purge (imgix)",
    "POST /v2/image/purger (imgix, legacy)",
    "POST /v1/files/purge (ImageKit)",
    "GET /v1/files/purge/{request} (ImageKit)",
    "POST /invalidate (Cloudimage)",
    "GET /invalidate/{uuid} (Cloudimage)",
    "POST /invalidate/{uuid}/restart (Cloudimage)",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
];

pub(crate) async fn index(State(plane): State<Arc<Plane>>) -> Reply {
    let mut text = "Afterimage, control plane\n\n".to_owned();
    for api in APIS {
        text.push_str(api);
        text.push('\n');
    }
    text.push_str(&format!("\nPictures, and ImageBoss's DELETE /source/path, are at {}\n", plane.public));
    Reply::plain(200, text)
}

pub(crate) async fn healthz() -> Reply {
    Reply::plain(200, "ok\n")
}

pub(crate) async fn readyz(State(plane): State<Arc<Plane>>) -> Reply {
    if plane.ready.load(Ordering::Acquire) {
        Reply::plain(200, "ready\n")
    } else {
        Reply::plain(503, "not ready: the cache is being opened\n").with("retry-after", "1")
    }
}

pub(crate) async fn metrics(State(plane): State<Arc<Plane>>) -> Reply {
    match metrics::text(&plane) {
        Ok(text) => Reply::of(200, metrics::MEDIA_TYPE, text),
        Err(error) => Problem::new(500, "metrics-failed", error.to_string()).reply(),
    }
}

pub(crate) async fn unknown(method: Method, uri: Uri) -> Problem {
    Problem::new(404, "no-such-api", format!("nothing answers {method} {} on the control plane", uri.path()))
        .allowed(APIS)
}

/// On a vendor's API host, where nobody is told what else there is.
pub(crate) async fn unknown_to_vendors(method: Method, uri: Uri) -> Problem {
    Problem::new(404, "no-such-api", format!("no vendor's API answers {method} {}", uri.path()))
}

pub(crate) async fn not_allowed(method: Method) -> Reply {
    Problem::new(405, "method-not-allowed", format!("{method} is not for this page"))
        .allowed(&["GET"])
        .reply()
        .with("allow", "GET, HEAD")
}
