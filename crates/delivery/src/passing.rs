//! Requests to pass-through sites that no cache answers: unsafe methods, and those with credentials of one client.

use std::time::Duration;

use bytes::Bytes;
use engine::{Forward, Passed, Passing, Site};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use plan::reason::Fault;
use std::net::IpAddr;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::problem::Problem;
use crate::service::{Answered, Plane};
use crate::vendor;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const PURGE_ID: HeaderName = HeaderName::from_static("x-purge-id");

/// Longest time in which a body must have come.
const BODY_TIME: Duration = Duration::from_secs(60);
/// What all bodies that are being passed on may take together, unless a single one may be larger.
const ALL_BODIES: u64 = 256 << 20;
/// They are counted in pieces of so many bytes.
const PIECE: u64 = 64 << 10;

/// Memory for bodies on their way to origins.
pub(crate) struct Room {
    largest: u64,
    pieces: Semaphore,
}

impl Room {
    pub fn new(largest: u64) -> Room {
        let pieces = usize::try_from(ALL_BODIES.max(largest).div_ceil(PIECE)).unwrap_or(Semaphore::MAX_PERMITS);
        Room { largest, pieces: Semaphore::new(pieces.min(Semaphore::MAX_PERMITS)) }
    }

    /// Reads a body whole. The memory is given back when the permit is dropped.
    async fn read(&self, body: Incoming) -> Result<(Bytes, SemaphorePermit<'_>), Problem> {
        let too_large = || {
            let detail = format!("the body of a request may have {} bytes", self.largest);
            Problem::new(413, "body-too-large", Fault::Client, detail)
        };
        let expected = body.size_hint().exact().unwrap_or(self.largest);
        if expected > self.largest {
            return Err(too_large());
        }
        let pieces = u32::try_from(expected.div_ceil(PIECE)).unwrap_or(u32::MAX);
        let Ok(permit) = self.pieces.try_acquire_many(pieces) else {
            let detail = "too many requests with a body are on their way; try again later";
            let problem = Problem::new(503, "too-many-bodies", Fault::Us, detail);
            return Err(Problem { retry_after: Some(1), ..problem });
        };
        let limit = usize::try_from(self.largest).unwrap_or(usize::MAX);
        match tokio::time::timeout(BODY_TIME, Limited::new(body, limit).collect()).await {
            Ok(Ok(whole)) => Ok((whole.to_bytes(), permit)),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(_)) => Err(Problem::new(400, "body-broken", Fault::Client, "the body ended early")),
            Err(_) => Err(Problem::new(408, "body-timeout", Fault::Client, "the body took too long to come")),
        }
    }
}

impl Plane {
    /// The pass-through site that a target leads to.
    pub(crate) fn passes(&self, host: &str, target: &str) -> Option<&Site> {
        let path = target.split('?').next().unwrap_or(target);
        self.engine.route(host, path).map(|route| route.site).filter(|site| site.passthrough)
    }

    /// Whether a request to a pass-through site bears credentials, so that no stored answer is for it, and its answer for
    /// nobody else (RFC 9111 section 3.5). An API key of ours is none.
    pub(crate) fn is_personal(&self, headers: &HeaderMap, host: &str, target: &str) -> bool {
        headers.contains_key(AUTHORIZATION) && !self.bears_our_key(headers) && self.passes(host, target).is_some()
    }

    fn bears_our_key(&self, headers: &HeaderMap) -> bool {
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        bearer.and_then(|text| text.strip_prefix("Bearer ")).is_some_and(|key| (self.key_check)(key.trim()))
    }

    pub(crate) async fn pass_on(
        &self,
        request: &Parts,
        host: &str,
        target: &str,
        body: Incoming,
        client: IpAddr,
    ) -> Answered {
        let site = self.passes(host, target);
        let (body, _room) = match self.bodies.read(body).await {
            Ok(read) => read,
            Err(problem) => return Answered::problem(&problem, site),
        };
        let client = client.to_canonical().to_string();
        let headers = self.fields(&request.headers, &client);
        let passing = Passing {
            host: host.to_owned(),
            target: target.to_owned(),
            request: Forward { method: request.method.as_str().to_owned(), headers, body },
            from: client,
        };
        match self.deletes.forward(passing).await {
            Ok(passed) => {
                let site = Some(passed.site);
                Answered { response: answer(&request.method, passed), site, how: None, code: None }
            }
            Err(refusal) => Answered { site: refusal.site, ..Answered::problem(&Problem::from(&refusal), site) },
        }
    }

    /// The fields that go to the origin: not our own key, and nobody's word for where the request comes from.
    fn fields(&self, headers: &HeaderMap, client: &str) -> Vec<(String, Vec<u8>)> {
        let ours = self.bears_our_key(headers);
        let unwanted = |name: &str| {
            name.starts_with("x-forwarded-")
                || name.starts_with("afterimage-")
                || name == "forwarded"
                || (ours && name == "authorization")
        };
        let kept = headers.iter().filter(|(name, _)| !unwanted(name.as_str()));
        let mut fields: Vec<_> =
            kept.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
        fields.push(("x-forwarded-for".to_owned(), client.as_bytes().to_vec()));
        fields
    }
}

fn answer(method: &Method, passed: Passed) -> Response<Full<Bytes>> {
    let Passed { answer, purges, .. } = passed;
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let headers = response.headers_mut();
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    let forward = if matches!(*method, Method::GET | Method::HEAD) { "bypass" } else { "method" };
    let status = format!("Afterimage; fwd={forward}; fwd-status={}", answer.status);
    if let Ok(status) = HeaderValue::from_str(&status) {
        // The list of all caches on the way, the origin's side first (RFC 9211).
        headers.append(CACHE_STATUS, status);
    }
    if !purges.is_empty() {
        let ids: Vec<String> = purges.iter().map(ToString::to_string).collect();
        vendor::put(headers, PURGE_ID, &ids.join(", "));
    }
    if *method != Method::HEAD && !matches!(answer.status, 204 | 304) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(answer.body.len()));
        *response.body_mut() = Full::new(answer.body);
    }
    response
}

/// `Cache-Control: only-if-cached` (RFC 9111 section 5.2.1.7).
pub(crate) fn only_if_cached(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case("only-if-cached"))
}
