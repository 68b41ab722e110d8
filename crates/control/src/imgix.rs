//! imgix's APIs: purging (<https://docs.imgix.com/en-US/apis/management/purges>), the purger before it, which plugins still
//! call, and what of the management API can be told of a self-hosted server.

pub(crate) mod assets;
mod document;
mod query;
pub(crate) mod sources;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use dialect::text;
use engine::Wanted;
use http::{Method, Uri};
use purge::{Receipt, Via};
use serde_json::{Value, json};

use crate::act::{Failed, Named};
use crate::auth::{Caller, Right, basic_user};
use crate::plane::Plane;
use crate::reply::Reply;
use crate::server::{From, Unread};

use document::{Problem, caller, envelope, finish};

/// How long the vendor calls a second purge of a URL a duplicate.
const DUPLICATE: Duration = Duration::from_secs(10);

/// `POST /api/v1/purge`.
pub(crate) async fn purge(State(plane): State<Arc<Plane>>, from: From, request: Unread) -> Reply {
    let outcome = async {
        let caller = caller(&plane, request.headers(), &from, Right::Purge)?;
        let receipt = purge_document(&plane, &caller, request).await?;
        Ok(success(&caller, &receipt))
    };
    finish(&plane, outcome.await)
}

async fn purge_document(plane: &Plane, caller: &Caller, request: Unread) -> Result<Receipt, Problem> {
    let body = request.bytes().await.map_err(|e| Problem::new(e.status(), "Invalid body", e.to_string()))?;
    let document: Value =
        serde_json::from_slice(&body).map_err(|e| Problem::new(400, "Invalid JSON", format!("the body: {e}")))?;
    let data = &document["data"];
    if data["type"] != "purges" {
        return Err(Problem::new(400, "Invalid type", "data.type must be \"purges\""));
    }
    let attributes = &data["attributes"];
    let url = attributes["url"]
        .as_str()
        .ok_or_else(|| Problem::new(400, "Invalid URL", "data.attributes.url must be a whole URL, as text"))?;
    check_sub_image(plane, caller, url, attributes)?;
    let receipt = purge_url(plane, caller, Via::Imgix, url).await.map_err(|e| Problem::of(&e, 400))?;
    if is_repeated(plane, caller, url, &receipt) {
        return Err(Problem::new(409, "Conflict", "The same URL was purged a moment ago; it was purged again."));
    }
    Ok(receipt)
}

/// With `sub_image` the pictures of the source `source_id` go as well that this one was put on; without it, they may. Here
/// they always do, in every source: naming a master means it wherever it was used (rule S3). By the vendor's letter the two
/// belong together.
fn check_sub_image(plane: &Plane, caller: &Caller, url: &str, attributes: &Value) -> Result<(), Problem> {
    let invalid = |detail: &str| Err(Problem::new(400, "Invalid attribute", detail));
    let asked = match &attributes["sub_image"] {
        Value::Null => false,
        Value::Bool(asked) => *asked,
        _ => return invalid("data.attributes.sub_image must be true or false"),
    };
    let of = match &attributes["source_id"] {
        Value::Null => None,
        Value::String(id) => Some(id),
        _ => return invalid("data.attributes.source_id must be text"),
    };
    if !by_the_letter(plane, caller, url) {
        return Ok(());
    }
    match of {
        None if asked => invalid("data.attributes.source_id is required with sub_image: the source of the parents"),
        Some(id) if sources::find(plane, caller, id).is_err() => {
            invalid("data.attributes.source_id is none of your sources")
        }
        _ => Ok(()),
    }
}

/// Whether a URL's site wants purges by the vendor's letter.
fn by_the_letter(plane: &Plane, caller: &Caller, said: &str) -> bool {
    plane.engine.locate(&whole(said), &caller.scope).is_ok_and(|(site, _)| plane.engine.site(site).vendor_purges)
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
        Ok(receipt) if is_repeated(&plane, &caller, &url, &receipt) => {
            Reply::plain(409, "Duplicate purge request pending")
        }
        Ok(receipt) => {
            let record = &receipt.record;
            let body = json!({ "id": record.id.to_string(), "position": record.position.0, "status": "effective" });
            Reply::json(200, &body)
        }
        Err(failed) => Problem::of(&failed, 410).plain(),
    }
}

pub(crate) async fn not_allowed(State(plane): State<Arc<Plane>>, method: Method, uri: Uri) -> Reply {
    let allowed = match uri.path() {
        "/api/v1/purge" => "POST",
        _ => "GET",
    };
    Problem::new(405, "Method Not Allowed", format!("{method} is not allowed; use {allowed}"))
        .json(&plane)
        .with("allow", allowed)
}

/// What is nothing of this API, whoever asks.
pub(crate) async fn unknown(State(plane): State<Arc<Plane>>, method: Method, uri: Uri) -> Reply {
    Problem::new(404, "Not Found", format!("nothing answers {method} {}", uri.path())).json(&plane)
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

/// A whole URL names its master. Query and fragment count for nothing.
async fn purge_url(plane: &Plane, caller: &Caller, via: Via, said: &str) -> Result<Receipt, Failed> {
    plane.purge(caller, via, vec![Named::new(said, Wanted::Url(whole(said)))]).await
}

/// A URL without query and fragment; a bare host name gets a scheme.
fn whole(said: &str) -> String {
    let url = said.split(['?', '#']).next().unwrap_or_default().trim();
    let begins = |scheme: &str| url.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    let whole = begins("http://") || begins("https://") || url.starts_with('/');
    if whole { url.to_owned() } else { format!("https://{url}") }
}

fn is_repeated(plane: &Plane, caller: &Caller, url: &str, receipt: &Receipt) -> bool {
    let window = plane.imgix_duplicate_window.or_else(|| by_the_letter(plane, caller, url).then_some(DUPLICATE));
    let Some(window) = window else { return false };
    let selectors = receipt.record.targets.iter().flat_map(|t| &t.selectors);
    let name = selectors.map(ToString::to_string).collect::<Vec<_>>().join("\n");
    plane.repeats.repeats(name, window, Instant::now())
}

fn success(caller: &Caller, receipt: &Receipt) -> Value {
    let id = receipt.record.id.to_string();
    let attributes = json!({ "purge_id": id, "status": "effective", "position": receipt.record.position.0 });
    envelope(caller, json!({ "attributes": attributes, "id": id, "type": "purges" }))
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
