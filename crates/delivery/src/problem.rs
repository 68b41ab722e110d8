//! Errors as RFC 9457 problem details.

use bytes::Bytes;
use cache::Failure;
use engine::Refusal;
use plan::reason::Fault;
use serde_json::json;

/// What an error answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub status: u16,
    pub code: &'static str,
    pub detail: String,
    pub parameter: Option<String>,
    pub allowed: Option<String>,
    pub fault: Fault,
    pub retry_after: Option<u32>,
}

impl Problem {
    pub fn new(status: u16, code: &'static str, fault: Fault, detail: impl Into<String>) -> Self {
        Problem { status, code, detail: detail.into(), parameter: None, allowed: None, fault, retry_after: None }
    }

    /// The body, `application/problem+json`.
    pub fn body(&self) -> Bytes {
        let title = http::StatusCode::from_u16(self.status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Error");
        let mut body = json!({
            "title": title, "status": self.status, "code": self.code, "detail": self.detail,
            "fault": self.fault.name(),
        });
        for (name, value) in [("parameter", &self.parameter), ("allowed", &self.allowed)] {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        let mut text = body.to_string();
        text.push('\n');
        text.into()
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        Problem {
            parameter: refusal.parameter.clone(),
            allowed: refusal.allowed.clone(),
            ..Problem::new(refusal.status, refusal.code, refusal.fault, refusal.detail.clone())
        }
    }
}

impl From<&Failure> for Problem {
    fn from(failure: &Failure) -> Self {
        Problem {
            retry_after: failure.retry_after,
            ..Problem::new(failure.status, failure.code, failure.fault, failure.detail.clone())
        }
    }
}
