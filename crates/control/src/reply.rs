//! Answers, before they are HTTP responses.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const PLAIN: &str = "text/plain; charset=utf-8";

/// An answer of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The body's media type; empty for none.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
    /// Further headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Reply {
        Reply::of(status, JSON, body.to_string())
    }

    pub(crate) fn plain(status: u16, body: impl Into<String>) -> Reply {
        Reply::of(status, PLAIN, body.into())
    }

    /// 204: done, and nothing to say.
    pub(crate) fn nothing() -> Reply {
        Reply::of(204, "", String::new())
    }

    pub(crate) fn of(status: u16, content_type: &'static str, body: String) -> Reply {
        Reply { status, content_type, body, headers: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }

    /// Says when to come back, where there is something to say.
    pub(crate) fn retry_after(self, seconds: Option<u32>) -> Reply {
        match seconds {
            Some(seconds) => self.with("retry-after", seconds.to_string()),
            None => self,
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body.into());
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if !self.content_type.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.headers {
            // What a client wrote may stand in a value; one that no header can hold is left out.
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// An error as RFC 9457 problem details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub status: u16,
    /// Stable, for programs.
    pub code: &'static str,
    /// For people.
    pub detail: String,
    /// What of the request is wrong, such as `targets[0].url`.
    pub parameter: Option<String>,
    /// What would be right.
    pub allowed: Vec<String>,
    pub retry_after: Option<u32>,
}

impl Problem {
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Problem { status, code, detail: detail.into(), parameter: None, allowed: Vec::new(), retry_after: None }
    }

    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>) -> Self {
        self.parameter = Some(name.into());
        self
    }

    #[must_use]
    pub fn allowed(mut self, allowed: &[&str]) -> Self {
        self.allowed = allowed.iter().map(|a| (*a).to_owned()).collect();
        self
    }

    pub fn reply(self) -> Reply {
        let title = StatusCode::from_u16(self.status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Error");
        let fault = if self.status < 500 { "client" } else { "us" };
        let mut body = json!({
            "title": title,
            "status": self.status,
            "code": self.code,
            "fault": fault,
            "detail": self.detail,
        });
        if let Some(parameter) = self.parameter {
            body["parameter"] = json!(parameter);
        }
        if !self.allowed.is_empty() {
            body["allowed"] = json!(self.allowed);
        }
        let reply = Reply::of(self.status, PROBLEM, body.to_string()).retry_after(self.retry_after);
        if self.status == 401 { reply.with("www-authenticate", "Bearer realm=\"afterimage\"") } else { reply }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.reply().into_response()
    }
}
