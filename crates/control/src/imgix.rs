//! imgix's purge API (<https://docs.imgix.com/en-US/apis/management/purges>) and the one before it, which plugins still
//! call.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use dialect::text;
use engine::Wanted;
use http::Method;
use purge::{Receipt, Via};
use serde_json::{Value, json};

use crate::act::{Failed, Named};
use crate::auth::{Caller, Denied, Right, basic_user, bearer};
use crate::plane::Plane;
use crate::reply::Reply;
use crate::server::{From, Unread};

const MEDIA_TYPE: &str = "application/vnd.api+json";
/// The vendor's own words: its Node client's tests look for them.
const NO_KEY: &str = "A valid API key is required and could not be determined.";

/// An error, not yet in the form of either endpoint.
struct Problem {
    status: u16,
    title: &'static str,
    detail: String,
    retry_after: Option<u32>,
}

impl Problem {
    fn new(status: u16, title: &'static str, detail: impl Into<String>) -> Problem {
        Problem { status, title, detail: detail.into(), retry_after: None }
    }

    fn of(failed: &Failed, foreign: u16) -> Problem {
        let status = failed.status(foreign);
        let title = match status {
            400 | 410 => "Invalid URL",
            403 => "Forbidden",
            429 => "Too Many Requests",
            507 => "Insufficient Storage",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        };
        Problem { retry_after: failed.retry_after(), ..Problem::new(status, title, failed.to_string()) }
    }

    fn denied(denied: Denied) -> Problem {
        let problem = match denied {
            Denied::Missing | Denied::Unknown => Problem::new(401, "Unauthorized", NO_KEY),
            Denied::NotAllowed => Problem::new(403, "Forbidden", denied.message()),
            Denied::TooMany(_) => Problem::new(429, "Too Many Requests", denied.message()),
        };
        Problem { retry_after: denied.retry_after(), ..problem }
    }

    fn json(self, plane: &Plane) -> Reply {
        let error = json!({
            "id": plane.engine.new_purge_id().to_string(),
            "status": self.status.to_string(),
            "title": self.title,
            "detail": self.detail,
        });
        let body = json!({ "errors": [error], "jsonapi": { "version": "1.0" }, "meta": {} });
        Reply::of(self.status, MEDIA_TYPE, body.to_string()).retry_after(self.retry_after)
    }

    fn plain(self) -> Reply {
        Reply::plain(self.status, self.detail).retry_after(self.retry_after)
    }
}

/// `POST /api/v1/purge`.
pub(crate) async fn purge(State(plane): State<Arc<Plane>>, from: From, request: Unread) -> Reply {
    let caller = match plane.caller(bearer(request.headers()), &from, Right::Purge) {
        Ok(caller) => caller,
        Err(denied) => {
            let problem = Problem::denied(denied);
            let unauthorized = problem.status == 401;
            let reply = problem.json(&plane);
            let challenge = "Bearer realm=\"afterimage\"";
            return if unauthorized { reply.with("www-authenticate", challenge) } else { reply };
        }
    };
    match purge_document(&plane, &caller, request).await {
        Ok(receipt) => Reply::of(200, MEDIA_TYPE, success(&caller, &receipt).to_string()),
        Err(problem) => problem.json(&plane),
    }
}

async fn purge_document(plane: &Plane, caller: &Caller, request: Unread) -> Result<Receipt, Problem> {
    let body = request.bytes().await.map_err(|e| Problem::new(e.status(), "Invalid body", e.to_string()))?;
    let document: Value =
        serde_json::from_slice(&body).map_err(|e| Problem::new(400, "Invalid JSON", format!("the body: {e}")))?;
    let data = &document["data"];
    if data["type"] != "purges" {
        return Err(Problem::new(400, "Invalid type", "data.type must be \"purges\""));
    }
    let url = data["attributes"]["url"]
        .as_str()
        .ok_or_else(|| Problem::new(400, "Invalid URL", "data.attributes.url must be a whole URL, as text"))?;
    // With it, the pictures go as well that this one was put on; without it, they may. Here they always do: naming a master
    // means it wherever it was used (rule S3).
    if !matches!(data["attributes"]["sub_image"], Value::Null | Value::Bool(_)) {
        return Err(Problem::new(400, "Invalid attribute", "data.attributes.sub_image must be true or false"));
    }
    let receipt = purge_url(plane, caller, Via::Imgix, url).await.map_err(|e| Problem::of(&e, 400))?;
    if is_repeated(plane, &receipt) {
        return Err(Problem::new(409, "Conflict", "The same URL was purged a moment ago; it was purged again."));
    }
    Ok(receipt)
}

/// `POST /v2/image/purger`.
pub(crate) async fn purge_legacy(State(plane): State<Arc<Plane>>, from: From, request: Unread) -> Reply {
    let key = basic_user(request.headers());
    let caller = match plane.caller(key.as_deref(), &from, Right::Purge) {
        Ok(caller) => caller,
        Err(denied) => {
            let problem = Problem::denied(denied);
            let unauthorized = problem.status == 401;
            let reply = problem.plain();
            let challenge = "Basic realm=\"afterimage\"";
            return if unauthorized { reply.with("www-authenticate", challenge) } else { reply };
        }
    };
    let body = match request.bytes().await {
        Ok(body) => body,
        Err(error) => return Reply::plain(error.status(), error.to_string()),
    };
    let Some(url) = legacy_url(&body) else {
        return Reply::plain(400, "expected {\"url\": \"<whole URL>\"} or url=<whole URL>");
    };
    match purge_url(&plane, &caller, Via::ImgixLegacy, &url).await {
        Ok(receipt) if is_repeated(&plane, &receipt) => Reply::plain(409, "Duplicate purge request pending"),
        Ok(receipt) => {
            let record = &receipt.record;
            let body = json!({ "id": record.id.to_string(), "position": record.position.0, "status": "effective" });
            Reply::json(200, &body)
        }
        Err(failed) => Problem::of(&failed, 410).plain(),
    }
}

pub(crate) async fn not_allowed(State(plane): State<Arc<Plane>>, method: Method) -> Reply {
    Problem::new(405, "Method Not Allowed", format!("{method} is not allowed; use POST"))
        .json(&plane)
        .with("allow", "POST")
}

pub(crate) async fn not_allowed_legacy(method: Method) -> Reply {
    Reply::plain(405, format!("{method} is not allowed; use POST")).with("allow", "POST")
}

/// Clients send JSON or a form under any media type, so both are tried.
fn legacy_url(body: &[u8]) -> Option<String> {
    if let Ok(document) = serde_json::from_slice::<Value>(body) {
        return document["url"].as_str().map(str::to_owned);
    }
    let form = std::str::from_utf8(body).ok()?.trim();
    text::pairs(form).find(|(name, _)| *name == "url").and_then(|(_, value)| text::decode_query(value?))
}

/// A whole URL names its master; a bare host name gets a scheme. Query and fragment count for nothing.
async fn purge_url(plane: &Plane, caller: &Caller, via: Via, said: &str) -> Result<Receipt, Failed> {
    let url = said.split(['?', '#']).next().unwrap_or_default().trim();
    let begins = |scheme: &str| url.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    let whole = begins("http://") || begins("https://") || url.starts_with('/');
    let url = if whole { url.to_owned() } else { format!("https://{url}") };
    plane.purge(caller, via, vec![Named::new(said, Wanted::Url(url))]).await
}

fn is_repeated(plane: &Plane, receipt: &Receipt) -> bool {
    let Some(window) = plane.imgix_duplicate_window else { return false };
    let selectors = receipt.record.targets.iter().flat_map(|t| &t.selectors);
    let name = selectors.map(ToString::to_string).collect::<Vec<_>>().join("\n");
    plane.repeats.repeats(name, window, Instant::now())
}

fn success(caller: &Caller, receipt: &Receipt) -> Value {
    let id = receipt.record.id.to_string();
    json!({
        "data": {
            "attributes": { "purge_id": id, "status": "effective", "position": receipt.record.position.0 },
            "id": id,
            "type": "purges",
        },
        "included": [],
        "jsonapi": { "version": "1.0" },
        "meta": {
            "authentication": {
                "authorized": true,
                "clientId": null,
                "mode": "PUBLIC_APIKEY",
                "modeTitle": "Public API Key",
                "tag": caller.name,
                "user": null,
            },
            "server": {
                "commit": "",
                "status": { "healthy": true, "read_only": false, "tombstone": false },
                "version": env!("CARGO_PKG_VERSION"),
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legacy_bodies() {
        for (body, url) in [
            (r#"{"url":"https://h/a.jpg"}"#, Some("https://h/a.jpg")),
            ("url=https%3A%2F%2Fh%2Fa.jpg", Some("https://h/a.jpg")),
            ("x=1&url=https://h/a%20b.jpg", Some("https://h/a b.jpg")),
            (r#"{"url":7}"#, None),
            (r#"{"u":"x"}"#, None),
            ("url", None),
            ("", None),
        ] {
            assert_eq!(legacy_url(body.as_bytes()).as_deref(), url, "{body}");
        }
        assert_eq!(legacy_url(b"url=\xff"), None);
    }
}
