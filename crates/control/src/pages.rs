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
    "GET /v1/config",
    "GET /v1/config/sites",
    "GET /v1/config/sources",
    "POST /v1/config/sources/{name}/check",
    "POST /v1/session",
    "GET /v1/session",
    "DELETE /v1/session",
    "POST /v1/purges/{id}/verify",
    "POST /v1/urls",
    "GET /v1/masters",
    "GET /v1/explain",
    "GET /v1/derivatives/{id}/body",
    "GET /v1/stats",
    "GET /v1/logs",
    "GET /v1/logs/tail",
    "GET /v1/sites",
    "GET /v1/dialects",
    "GET /v1/dialects/{name}",
    "POST /api/v1/purge (imgix)",
    "POST /v2/image/purger (imgix, legacy)",
    "GET /api/v1/sources (imgix)",
    "POST /api/v1/sources (imgix)",
    "GET /api/v1/sources/{id} (imgix)",
    "PATCH /api/v1/sources/{id} (imgix)",
    "DELETE /api/v1/sources/{id} (imgix)",
    "GET /api/v1/sources/{id}/assets (imgix)",
    "GET /api/v1/sources/{id}/assets/{*path} (imgix)",
    "POST /api/v1/sources/{id}/assets/{*path} (imgix)",
    "PATCH /api/v1/sources/{id}/assets/{*path} (imgix)",
    "POST /api/v1/sources/{id}/upload/{*path} (imgix)",
    "POST /api/v1/sources/{id}/upload-sessions/{*path} (imgix)",
    "POST /api/v1/sources/{id}/publish (imgix)",
    "POST /api/v1/sources/{id}/unpublish (imgix)",
    "GET /api/v1/assets/{id} (imgix)",
    "GET /api/v1/assets/{id}/{*path} (imgix)",
    "GET /api/v1/reports (imgix)",
    "GET /api/v1/reports/{id} (imgix)",
    "POST /v1/files/purge (ImageKit)",
    "GET /v1/files/purge/{request} (ImageKit)",
    "GET /v1/metadata (ImageKit)",
    "GET /v1/accounts/usage (ImageKit)",
    "GET /v1/accounts/url-endpoints (ImageKit)",
    "POST /v1/accounts/url-endpoints (ImageKit)",
    "GET /v1/accounts/url-endpoints/{id} (ImageKit)",
    "PUT /v1/accounts/url-endpoints/{id} (ImageKit)",
    "DELETE /v1/accounts/url-endpoints/{id} (ImageKit)",
    "GET /v1/accounts/origins (ImageKit)",
    "POST /v1/accounts/origins (ImageKit)",
    "GET /v1/accounts/origins/{id} (ImageKit)",
    "PUT /v1/accounts/origins/{id} (ImageKit)",
    "DELETE /v1/accounts/origins/{id} (ImageKit)",
    "GET /v1/named-transformations (ImageKit)",
    "POST /v1/named-transformations (ImageKit)",
    "GET /v1/named-transformations/{id} (ImageKit)",
    "PATCH /v1/named-transformations/{id} (ImageKit)",
    "DELETE /v1/named-transformations/{id} (ImageKit)",
    "POST /invalidate (Cloudimage)",
    "GET /invalidate/{uuid} (Cloudimage)",
    "POST /invalidate/{uuid}/restart (Cloudimage)",
    "POST /warmup (Cloudimage)",
    "POST /warmup/urls (Cloudimage)",
    "GET /warmup/status (Cloudimage)",
    "GET /warmup/{id} (Cloudimage)",
    "GET /stats/general (Cloudimage)",
    "GET /v1/sources (ImageBoss)",
    "POST /v1/sources (ImageBoss)",
    "GET /v1/sources/{id} (ImageBoss)",
    "PATCH /v1/sources/{id} (ImageBoss)",
    "DELETE /v1/sources/{id} (ImageBoss)",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
];

pub(crate) async fn index(State(plane): State<Arc<Plane>>) -> Reply {
    let mut text = "Afterimage, control plane\n\nFor browsers: /dashboard/\n\n".to_owned();
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
