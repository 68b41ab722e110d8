//! Requests to pass-through sites that no cache answers: unsafe methods, and those with credentials of one client.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use engine::{Forward, Passed, Passing, Site};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, COOKIE, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use plan::reason::Fault;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
    pieces: Arc<Semaphore>,
}

impl Room {
    pub fn new(largest: u64) -> Room {
        let pieces = usize::try_from(ALL_BODIES.max(largest).div_ceil(PIECE)).unwrap_or(Semaphore::MAX_PERMITS);
        Room { largest, pieces: Arc::new(Semaphore::new(pieces.min(Semaphore::MAX_PERMITS))) }
    }

    /// Reads a body whole. The memory is given back when the permit is dropped.
    async fn read(&self, body: Incoming) -> Result<(Bytes, OwnedSemaphorePermit), Problem> {
        // Nobody reserves more than he has sent, or announced.
        let announced = body.size_hint().exact().unwrap_or(0);
        let mut room = self.reserve(announced)?;
        let late = || Problem::new(408, "body-timeout", Fault::Client, "the body took too long to come");
        let whole = tokio::time::timeout(BODY_TIME, self.collect(body, &mut room)).await;
        whole.map_err(|_| late())?.map(|bytes| (bytes, room))
    }

    async fn collect(&self, mut body: Incoming, room: &mut OwnedSemaphorePermit) -> Result<Bytes, Problem> {
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Problem::new(400, "body-broken", Fault::Client, "the body ended early"))?;
            let Ok(data) = frame.into_data() else { continue };
            let needed = (whole.len() + data.len()) as u64;
            let missing = needed.saturating_sub(room.num_permits() as u64 * PIECE);
            if missing > 0 || needed > self.largest {
                self.check(needed)?;
                room.merge(self.reserve(missing)?);
            }
            whole.extend_from_slice(&data);
        }
        Ok(whole.freeze())
    }

    fn check(&self, bytes: u64) -> Result<(), Problem> {
        if bytes <= self.largest {
            return Ok(());
        }
        let detail = format!("the body of a request may have {} bytes", self.largest);
        Err(Problem::new(413, "body-too-large", Fault::Client, detail))
    }

    fn reserve(&self, bytes: u64) -> Result<OwnedSemaphorePermit, Problem> {
        self.check(bytes)?;
        let pieces = u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX);
        self.pieces.clone().try_acquire_many_owned(pieces).map_err(|_| {
            let detail = "too many requests with a body are on their way; try again later";
            let problem = Problem::new(503, "too-many-bodies", Fault::Us, detail);
            Problem { retry_after: Some(1), ..problem }
        })
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
        let mut all = headers.get_all(AUTHORIZATION).iter();
        let theirs = all.any(|value| !(self.key_check)(&AUTHORIZATION, value));
        // Where there is nobody to pass it on to, credentials mean nothing.
        theirs && self.passes(host, target).is_some_and(|site| self.engine.has_origin(site))
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
        let (body, room) = match self.bodies.read(body).await {
            Ok(read) => read,
            Err(problem) => return Answered::problem(&problem, site),
        };
        let client = client.to_canonical().to_string();
        let headers = self.fields(&request.headers);
        let passing = Passing {
            host: host.to_owned(),
            target: target.to_owned(),
            request: Forward {
                method: request.method.as_str().to_owned(),
                headers,
                body,
                forwarded_for: client.clone(),
            },
            from: client,
            room,
        };
        match self.deletes.forward(passing).await {
            Ok(passed) => {
                let site = Some(passed.site);
                Answered { response: answer(&request.method, passed), site, how: None, code: None }
            }
            Err(refusal) => Answered { site: refusal.site, ..Answered::problem(&Problem::from(&refusal), site) },
        }
    }

    /// The fields that go to the origin: not our own key or session, and nobody's word for where the request comes from.
    fn fields(&self, headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
        let unwanted =
            |name: &str| name.starts_with("x-forwarded-") || name.starts_with("afterimage-") || name == "forwarded";
        let kept = headers.iter().filter(|(name, value)| !unwanted(name.as_str()) && !(self.key_check)(name, value));
        let field = |(name, value): (&HeaderName, &HeaderValue)| {
            let value = if *name == COOKIE { others_cookies(value.as_bytes())? } else { value.as_bytes().to_vec() };
            Some((name.as_str().to_owned(), value))
        };
        kept.filter_map(field).collect()
    }
}

/// Cookies do not tell ports apart, so a browser that is signed in to the private plane shows its session here too. What begins
/// with our name is no origin's; `None` where nothing else is left.
fn others_cookies(value: &[u8]) -> Option<Vec<u8>> {
    let ours = |pair: &&[u8]| pair.trim_ascii_start().starts_with(b"afterimage_");
    if !value.split(|byte| *byte == b';').any(|pair| ours(&pair)) {
        return Some(value.to_vec());
    }
    let others: Vec<&[u8]> =
        value.split(|byte| *byte == b';').filter(|pair| !ours(pair)).map(<[u8]>::trim_ascii).collect();
    (!others.is_empty()).then(|| others.join(&b"; "[..]))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_session_goes_to_no_origin() {
        for (given, kept) in [
            ("a=1; b=2", Some("a=1; b=2")),
            ("a=1;b=2", Some("a=1;b=2")),
            ("afterimage_session=x", None),
            ("a=1; afterimage_session=x; b=afterimage_session", Some("a=1; b=afterimage_session")),
            ("  afterimage_session=x;afterimage_other=y; c=3", Some("c=3")),
            ("my_afterimage_session=x", Some("my_afterimage_session=x")),
            ("", Some("")),
        ] {
            assert_eq!(others_cookies(given.as_bytes()).as_deref(), kept.map(str::as_bytes), "{given:?}");
        }
    }
}
