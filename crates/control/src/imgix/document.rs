//! JSON:API documents (<https://jsonapi.org/format/1.0/>) as imgix fills them: errors, one resource, pages of resources.

use http::{HeaderMap, Uri};
use serde_json::{Map, Value, json};

use super::query::{Page, Query};
use crate::act::Failed;
use crate::auth::{Caller, Denied, Right, bearer};
use crate::plane::Plane;
use crate::reply::Reply;
use crate::server::From;

pub(super) const MEDIA_TYPE: &str = "application/vnd.api+json";
/// The vendor's own words: its Node client's tests look for them.
const NO_KEY: &str = "A valid API key is required and could not be determined.";

/// An error, not yet in the form of an endpoint.
pub(super) struct Problem {
    pub status: u16,
    title: &'static str,
    detail: String,
    retry_after: Option<u32>,
}

impl Problem {
    pub fn new(status: u16, title: &'static str, detail: impl Into<String>) -> Problem {
        Problem { status, title, detail: detail.into(), retry_after: None }
    }

    pub fn of(failed: &Failed, foreign: u16) -> Problem {
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

    /// Why an original cannot be had.
    pub fn of_original(failure: &engine::Failure) -> Problem {
        let title = match failure.status {
            404 => "Not Found",
            400..500 => "Unusable Asset",
            _ => "Origin Error",
        };
        Problem { retry_after: failure.retry_after, ..Problem::new(failure.status, title, failure.detail.clone()) }
    }

    pub fn denied(denied: Denied) -> Problem {
        let problem = match denied {
            Denied::Missing | Denied::Unknown => Problem::new(401, "Unauthorized", NO_KEY),
            Denied::NotAllowed => Problem::new(403, "Forbidden", denied.message()),
            Denied::TooMany(_) => Problem::new(429, "Too Many Requests", denied.message()),
        };
        Problem { retry_after: denied.retry_after(), ..problem }
    }

    pub fn unknown(what: &str, id: &str) -> Problem {
        Problem::new(404, "Not Found", format!("there is no {what} {id:?}"))
    }

    pub fn parameter(detail: impl Into<String>) -> Problem {
        Problem::new(400, "Invalid Parameter", detail)
    }

    pub fn json(self, plane: &Plane) -> Reply {
        let error = json!({
            "id": plane.engine.new_purge_id().to_string(),
            "status": self.status.to_string(),
            "title": self.title,
            "detail": self.detail,
        });
        let body = json!({ "errors": [error], "jsonapi": { "version": "1.0" }, "meta": {} });
        let reply = Reply::of(self.status, MEDIA_TYPE, body.to_string()).retry_after(self.retry_after);
        if self.status == 401 { reply.with("www-authenticate", "Bearer realm=\"afterimage\"") } else { reply }
    }

    pub fn plain(self) -> Reply {
        Reply::plain(self.status, self.detail).retry_after(self.retry_after)
    }
}

/// Who asks, by the token of the request.
pub(super) fn caller(plane: &Plane, headers: &HeaderMap, from: &From, right: Right) -> Result<Caller, Problem> {
    plane.caller(bearer(headers), from, right).map_err(Problem::denied)
}

/// A document or an error, as an answer.
pub(super) fn finish(plane: &Plane, outcome: Result<Value, Problem>) -> Reply {
    match outcome {
        Ok(document) => Reply::of(200, MEDIA_TYPE, document.to_string()),
        Err(problem) => problem.json(plane),
    }
}

/// The envelope of everything that is no error.
pub(super) fn envelope(caller: &Caller, data: Value) -> Value {
    json!({
        "data": data,
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

/// Something with an id.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub kind: &'static str,
    pub id: String,
    pub attributes: Value,
}

impl Resource {
    /// An attribute by its name, in which dots reach into objects.
    pub fn attribute(&self, name: &str) -> Option<&Value> {
        name.split('.').try_fold(&self.attributes, |value, part| value.get(part))
    }

    /// With all attributes, or those that the query asks for.
    pub fn shown(&self, query: &Query) -> Value {
        let attributes = match query.fields(self.kind) {
            None => self.attributes.clone(),
            Some(names) => {
                let mut shown = Value::Object(Map::new());
                for name in names {
                    if let Some(value) = self.attribute(name) {
                        put(&mut shown, name, value.clone());
                    }
                }
                shown
            }
        };
        json!({ "type": self.kind, "id": self.id, "attributes": attributes })
    }
}

/// Puts a value where a dotted name says.
fn put(object: &mut Value, name: &str, value: Value) {
    let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    let Value::Object(fields) = object else { return };
    match rest {
        None => {
            fields.insert(first.to_owned(), value);
        }
        Some(rest) => put(fields.entry(first).or_insert_with(|| Value::Object(Map::new())), rest, value),
    }
}

/// A page of resources, and what there is of others.
pub(super) struct Listing {
    pub shown: Vec<Resource>,
    pub total: usize,
    /// The cursor of the page behind this one.
    pub next: Option<String>,
}

impl Listing {
    /// The page of a number of a list that is all there.
    pub fn of(mut all: Vec<Resource>, number: usize, size: usize) -> Listing {
        let total = all.len();
        let from = number.saturating_mul(size).min(total);
        let shown = all.drain(from..(from.saturating_add(size)).min(total)).collect();
        Listing { shown, total, next: None }
    }

    pub fn document(&self, caller: &Caller, headers: &HeaderMap, uri: &Uri, query: &Query, page: &Page) -> Value {
        let data: Vec<Value> = self.shown.iter().map(|resource| resource.shown(query)).collect();
        let mut document = envelope(caller, Value::Array(data));
        let base = address(headers, uri);
        let link = |set: &[(&str, String)]| Value::String(format!("{base}{}?{}", uri.path(), query.with_page(set)));
        let itself =
            Value::String(format!("{base}{}{}", uri.path(), uri.query().map_or_else(String::new, |q| format!("?{q}"))));
        let (links, (name, meta)) = match page {
            Page::Number { number, size } => {
                let pages = self.total.div_ceil(*size).max(1);
                let to =
                    |number: usize| link(&[("page[number]", number.to_string()), ("page[size]", size.to_string())]);
                let next = (number + 1 < pages).then(|| number + 1);
                let before = number.checked_sub(1).map(|before| before.min(pages - 1));
                let links = json!({
                    "self": itself, "first": to(0), "prev": before.map(to), "next": next.map(to), "last": to(pages - 1),
                });
                let meta = json!({
                    "currentPage": number, "pageSize": size, "totalPages": pages, "nextPage": next,
                    "previousPage": before, "totalRecords": self.total.to_string(),
                });
                (links, ("pagination", meta))
            }
            Page::Cursor { cursor, limit } => {
                let to =
                    |cursor: &str| link(&[("page[cursor]", cursor.to_owned()), ("page[limit]", limit.to_string())]);
                let links = json!({ "self": itself, "next": self.next.as_deref().map(to) });
                let meta = json!({
                    "current": cursor, "next": self.next, "hasMore": self.next.is_some(), "limit": limit,
                    "totalRecords": self.total.to_string(),
                });
                (links, ("cursor", meta))
            }
        };
        document["links"] = links;
        document["meta"][name] = meta;
        // Clients read the total there whatever the form of the page.
        if name == "pagination" {
            document["meta"]["cursor"] = json!({ "totalRecords": self.total.to_string() });
        }
        document
    }
}

/// Scheme and host as the client wrote them. A proxy in front says what the scheme was; without one, clients that are bound
/// to the vendor's host name, which has no port, always ask by TLS.
fn address(headers: &HeaderMap, uri: &Uri) -> String {
    let host = headers.get("host").and_then(|host| host.to_str().ok()).or(uri.authority().map(|a| a.as_str()));
    let Some(host) = host else { return String::new() };
    let forwarded = headers.get("x-forwarded-proto").and_then(|scheme| scheme.to_str().ok());
    let guessed = if host.rsplit(':').next().is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit())) {
        "http"
    } else {
        "https"
    };
    let scheme = forwarded.filter(|scheme| ["http", "https"].contains(scheme)).or(uri.scheme_str()).unwrap_or(guessed);
    format!("{scheme}://{host}")
}
