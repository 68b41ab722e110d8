//! One request from its head to its answer.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use cache::{Content, Entry, Failure};
use dialect::{Heard, Hints};
use engine::{Ask, Engine, Passed, Passing, Refusal, Resolved, Site};
use http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ALLOW, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, USER_AGENT,
};
use http::request::Parts;
use http::{HeaderName, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use plan::AcceptClass;
use plan::reason::{Fault, Miss};
use stats::Recorder;

use crate::access::{AccessLog, Line};
use crate::answer::{self, How, SiteHeaders};
use crate::beacon::Beacons;
use crate::figures::{Seen, Subject};
use crate::metrics::Metrics;
use crate::passing;
use crate::problem::Problem;
use crate::vendor;

/// Longest request target that is looked at; dialects may allow less.
const LONGEST_TARGET: usize = 16 * 1024;

/// A `DELETE` that reached the public plane.
#[derive(Debug, Clone)]
pub struct DeleteAsk {
    /// The `Host` header.
    pub host: String,
    /// The raw target.
    pub target: String,
    /// Request headers.
    pub headers: HeaderMap,
    /// Who asks.
    pub client: IpAddr,
}

/// The answer to it: JSON.
#[derive(Debug, Clone)]
pub struct DeleteAnswer {
    /// HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: String,
    /// Its media type.
    pub content_type: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
}

/// What comes in on the public plane and is carried out elsewhere, on the runtime of fills.
pub trait Deletes: Send + Sync {
    /// ImageBoss's `DELETE /source/path`; the answer is final.
    fn delete(&self, ask: DeleteAsk) -> Pin<Box<dyn Future<Output = DeleteAnswer> + Send>>;

    /// The `PURGE` method, where it is turned on.
    fn purge(&self, ask: DeleteAsk) -> Pin<Box<dyn Future<Output = DeleteAnswer> + Send>>;

    /// [`Engine::forward`]. It goes on when the caller leaves.
    fn forward(&self, passing: Passing) -> Pin<Box<dyn Future<Output = Result<Passed, Refusal>> + Send>>;

    /// A request to one of [`Plane::with_api_hosts`]: the vendors' APIs, and nothing else of the private plane.
    fn api(
        &self,
        request: Request<Incoming>,
        client: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;
}

/// Whether a header field of a request is a valid API key of ours, in any way in which an API takes one.
pub type KeyCheck = Arc<dyn Fn(&HeaderName, &HeaderValue) -> bool + Send + Sync>;

/// The public plane.
pub struct Plane {
    pub(crate) engine: Arc<Engine>,
    sites: Vec<SiteHeaders>,
    pub(crate) deletes: Arc<dyn Deletes>,
    pub(crate) key_check: KeyCheck,
    pub(crate) bodies: passing::Room,
    log: AccessLog,
    pub(crate) metrics: Metrics,
    pub(crate) api_hosts: Vec<String>,
    pub(crate) recorder: Option<Arc<Recorder>>,
    /// Whether any site has one.
    pub(crate) has_beacons: bool,
    pub(crate) beacons: Beacons,
}

impl Plane {
    /// A plane over an engine.
    pub fn new(
        engine: Arc<Engine>,
        deletes: Arc<dyn Deletes>,
        key_check: KeyCheck,
        log: AccessLog,
        metrics: Metrics,
    ) -> Plane {
        let sites = engine.sites().iter().map(SiteHeaders::of).collect();
        let bodies = passing::Room::new(engine.largest_passed());
        let has_beacons = engine.sites().iter().any(|site| site.beacon);
        Plane {
            engine,
            sites,
            deletes,
            key_check,
            bodies,
            log,
            metrics,
            api_hosts: Vec::new(),
            recorder: None,
            has_beacons,
            beacons: Beacons::default(),
        }
    }

    /// With a recorder, which notes each answered request. Its sites are the engine's.
    #[must_use]
    pub fn with_recorder(mut self, recorder: Arc<Recorder>) -> Plane {
        self.recorder = Some(recorder);
        self
    }

    /// With hosts, in lower case and without port, at which the vendors' APIs answer and no picture does.
    #[must_use]
    pub fn with_api_hosts(mut self, hosts: Vec<String>) -> Plane {
        self.api_hosts = hosts;
        self
    }

    /// Answers one request. Its body is read only where it is passed on.
    pub(crate) async fn answer(&self, request: Parts, body: Incoming, peer: SocketAddr) -> Response<Full<Bytes>> {
        let begun = Instant::now();
        let client = peer.ip();
        let host = match request.uri.authority() {
            Some(authority) => authority.as_str(),
            None => request.headers.get(HOST).and_then(|h| h.to_str().ok()).unwrap_or_default(),
        };
        let target = request.uri.path_and_query().map_or("/", |t| t.as_str());
        if let Some(asked) = self.beacon_at(host, target) {
            return self.beacon(asked, &request, body, client).await;
        }
        let answered = match request.method {
            _ if self.is_api_host(host) => self.api(&request, body, peer).await,
            Method::GET | Method::HEAD if self.is_personal(&request.headers, host, target) => {
                self.pass_on(&request, host, target, body, client).await
            }
            Method::GET | Method::HEAD => self.picture(&request, host, target, client).await,
            Method::OPTIONS => Answered::plain(preflight(self.allowed(host, target))),
            Method::TRACE | Method::CONNECT => self.not_allowed(&request.method, host, target),
            ref method if method.as_str() == "PURGE" => self.delete(&request, host, target, client).await,
            _ if self.passes(host, target).is_some_and(|site| site.unsafe_methods) => {
                self.pass_on(&request, host, target, body, client).await
            }
            Method::DELETE if self.passes(host, target).is_none() => self.delete(&request, host, target, client).await,
            _ => self.not_allowed(&request.method, host, target),
        };
        self.account(&request, host, target, client, begun, &answered);
        answered.response
    }

    async fn picture(&self, request: &Parts, host: &str, target: &str, client: IpAddr) -> Answered {
        if target.len() > LONGEST_TARGET {
            let detail = format!("the URL is {} characters long; at most {LONGEST_TARGET} are allowed", target.len());
            return Answered::problem(&Problem::new(414, "url-too-long", Fault::Client, detail), None);
        }
        let (resolved, heard) = match self.understand(&request.headers, host, target) {
            Ok(understood) => understood,
            Err(refusal) => {
                let site = refusal.site.map(|number| self.engine.site(number));
                return Answered { site: refusal.site, ..Answered::problem(&Problem::from(&*refusal), site) };
            }
        };
        let site = self.engine.site(resolved.site);
        let heard = heard.as_ref();
        let of_entry =
            |entry: Arc<Entry>, how| (self.entry(request, site, (&resolved, heard), &entry, how), Some(entry));
        let of_problem = |problem: Problem| {
            (Answered { site: Some(resolved.site), ..Answered::problem(&problem, Some(site)) }, None)
        };
        let (mut answered, entry) = match self.engine.peek(&resolved) {
            Ok(entry) => of_entry(entry, How::MEMORY),
            Err(_) if site.passthrough && passing::only_if_cached(&request.headers) => {
                of_problem(Problem::new(504, "not-cached", Fault::Client, "there is nothing fresh in memory"))
            }
            Err(_) => match self.engine.get(&resolved).await {
                Some(reply) => {
                    let how = How { served: reply.served, missed: reply.missed, not_stored: reply.not_stored };
                    of_entry(reply.entry, how)
                }
                None => {
                    let detail = "the picture could not be made; try again";
                    of_problem(Problem::new(500, "fill-lost", Fault::Us, detail))
                }
            },
        };
        if request.headers.contains_key("afterimage-debug") && self.may_debug(&request.headers, client) {
            debug_headers(answered.response.headers_mut(), &resolved, heard);
        }
        answered.subject = entry.map(|entry| (entry, resolved));
        answered
    }

    /// What a request asks for, and what the client said of itself where the URL leaves something to that. Header fields that
    /// no URL asks about are not looked at.
    fn understand(
        &self,
        headers: &HeaderMap,
        host: &str,
        target: &str,
    ) -> Result<(Arc<Resolved>, Option<Heard>), Arc<Refusal>> {
        let ask = Ask { host, target, accept: accept_class(headers), hints: Hints::NONE, trusted: false };
        let resolved = self.engine.resolve(ask)?;
        if !resolved.listens.any() {
            return Ok((resolved, None));
        }
        let heard = Heard::read(resolved.listens, |name| {
            headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"))
        });
        let resolved = self.engine.resolve(Ask { hints: heard.hints(), ..ask })?;
        Ok((resolved, Some(heard)))
    }

    fn entry(
        &self,
        request: &Parts,
        site: &Site,
        (resolved, heard): (&Resolved, Option<&Heard>),
        entry: &Entry,
        how: How,
    ) -> Answered {
        let head_only = request.method == Method::HEAD;
        let (response, code) = match &entry.content {
            Content::Body { .. } => {
                let ready = &self.sites[resolved.site];
                let mut response = answer::picture(&request.headers, head_only, site, ready, resolved, entry, how);
                if let Some(heard) = heard {
                    let width = || self.engine.width_of(resolved, entry);
                    vendor::of_hints(response.headers_mut(), site, resolved.listens, heard, width);
                }
                (response, None)
            }
            Content::Failure(failure) => (self.failure(site, failure, entry, how), Some(failure.code)),
        };
        Answered { response, site: Some(resolved.site), how: Some(how), code, subject: None }
    }

    fn failure(&self, site: &Site, failure: &Failure, entry: &Entry, how: How) -> Response<Full<Bytes>> {
        let keep = (!entry.meta.lifetime.is_zero()).then_some(entry.meta.lifetime);
        answer::problem(&Problem::from(failure), Some(site), how, keep)
    }

    /// Debug headers are for whoever sits on this machine, or shows a key.
    fn may_debug(&self, headers: &HeaderMap, client: IpAddr) -> bool {
        client.to_canonical().is_loopback() || headers.iter().any(|(name, value)| (self.key_check)(name, value))
    }

    async fn delete(&self, request: &Parts, host: &str, target: &str, client: IpAddr) -> Answered {
        let ask =
            DeleteAsk { host: host.to_owned(), target: target.to_owned(), headers: request.headers.clone(), client };
        let answer = match request.method {
            Method::DELETE => self.deletes.delete(ask).await,
            _ => self.deletes.purge(ask).await,
        };
        let mut response = Response::new(Full::new(Bytes::from(answer.body)));
        *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
        for (name, value) in answer.headers {
            vendor::put(response.headers_mut(), http::HeaderName::from_static(name), &value);
        }
        Answered::plain(response)
    }

    /// The methods that are answered at a place.
    fn allowed(&self, host: &str, target: &str) -> &'static str {
        match self.passes(host, target) {
            Some(site) if site.unsafe_methods => "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE",
            _ => "GET, HEAD, OPTIONS",
        }
    }

    fn not_allowed(&self, method: &Method, host: &str, target: &str) -> Answered {
        let allowed = self.allowed(host, target);
        let detail = format!("{method} is not answered here; these are: {allowed}");
        let problem = Problem::new(405, "method-not-allowed", Fault::Client, detail);
        let mut response = Answered::problem(&problem, None).response;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        Answered::plain(response)
    }

    fn account(&self, request: &Parts, host: &str, target: &str, client: IpAddr, begun: Instant, answered: &Answered) {
        let taken = begun.elapsed();
        let status = answered.response.status().as_u16();
        let bytes = http_body_size(&answered.response);
        let site = answered.site.map(|number| self.engine.site(number));
        let served = answered.how.map(|how| how.served);
        let dialect = site.filter(|s| !s.passthrough).map(|s| s.dialect);
        self.metrics.answered(dialect, served, status, bytes, taken.as_secs_f64());
        if !self.log.is_on() && self.recorder.is_none() {
            return;
        }
        let at = SystemTime::now();
        let user_agent = request.headers.get(USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if let Some(recorder) = &self.recorder {
            Seen { request, host, target, client, at, taken, bytes, user_agent, answered }.note(recorder);
        }
        let written = self.log.write(&Line {
            at,
            client,
            method: request.method.as_str(),
            host,
            target,
            status,
            bytes,
            micros: taken.as_micros() as u64,
            site: site.map(|s| s.name.as_str()),
            served,
            missed: answered.how.and_then(|how| how.missed).filter(|why| *why != Miss::Absent),
            code: answered.code,
            user_agent,
        });
        if !written {
            self.metrics.log_dropped.inc();
        }
    }
}

pub(crate) struct Answered {
    pub response: Response<Full<Bytes>>,
    pub site: Option<usize>,
    pub how: Option<How>,
    pub code: Option<&'static str>,
    /// What it was made of, where that is counted.
    pub subject: Option<Subject>,
}

impl Answered {
    pub fn plain(response: Response<Full<Bytes>>) -> Self {
        Answered { response, site: None, how: None, code: None, subject: None }
    }

    pub fn problem(problem: &Problem, site: Option<&Site>) -> Self {
        let how = How { served: plan::reason::Served::Fill, missed: None, not_stored: None };
        let mut response = answer::problem(problem, site, how, None);
        // Nothing was asked of the cache.
        response.headers_mut().remove("cache-status");
        Answered { response, site: None, how: None, code: Some(problem.code), subject: None }
    }
}

fn accept_class(headers: &HeaderMap) -> AcceptClass {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|v| v.to_str().ok());
    lines.map(AcceptClass::from_header).max().unwrap_or(AcceptClass::Basic)
}

fn debug_headers(headers: &mut HeaderMap, resolved: &Resolved, heard: Option<&Heard>) {
    vendor::put(headers, answer::PLAN, &resolved.plan.to_string());
    let warnings = || resolved.warnings.iter().chain(heard.iter().flat_map(|heard| &heard.warnings));
    if warnings().next().is_some() {
        let text: Vec<String> = warnings().map(ToString::to_string).collect();
        vendor::put(headers, answer::WARNINGS, &text.join("; "));
    }
}

fn preflight(allowed: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(allowed));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(allowed));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

fn http_body_size(response: &Response<Full<Bytes>>) -> u64 {
    use hyper::body::Body as _;
    response.body().size_hint().exact().unwrap_or(0)
}
