//! An HTTP/1.1 origin for tests: versioned masters, and trouble on demand.
//!
//! Nothing in it needs a sleep in the test: a [`Hold`] stops requests at a chosen point and tells when they are there.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body::Frame;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::{mpsc, oneshot, watch};

use crate::pictures;

/// An origin on a thread of its own. Stops when dropped, cutting its connections.
///
/// Paths are compared as they stand in the request line, without query; a leading slash may be left out here. A path that
/// was never set answers 404.
pub struct VersionedOrigin {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What goes wrong with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// This status, with a short text.
    Status(u16),
    /// The connection ends after so many bytes of the body; `Content-Length` promises all.
    Truncate(usize),
    /// The connection ends without an answer.
    Drop,
}

/// Where a [`Hold`] stops requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// After the request was read and its version chosen, before the response's headers.
    Headers,
    /// After the headers and half of the body.
    MidBody,
}

#[derive(Default)]
struct State {
    pages: Mutex<HashMap<String, Page>>,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
}

#[derive(Default)]
struct Page {
    content: Option<Content>,
    extra: Vec<(String, String)>,
    before_headers: Duration,
    mid_body: Duration,
    failure: Option<Failure>,
    hold: Option<(At, Arc<HoldState>)>,
    requests: u64,
    in_flight: usize,
    peak: usize,
    last: Option<(String, HeaderMap)>,
    scripted: HashMap<String, Scripted>,
    /// Method and body of the newest request that was neither `GET` nor `HEAD`.
    last_sent: Option<(String, Bytes)>,
}

/// The answer to one method.
#[derive(Clone)]
struct Scripted {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

#[derive(Clone)]
enum Content {
    Version(u32, Bytes),
    Canned { status: u16, content_type: String, body: Bytes },
}

impl VersionedOrigin {
    /// On a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When no port can be bound.
    pub fn start() -> Self {
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// On a given address; port 0 takes a free one.
    ///
    /// # Panics
    /// When it cannot be bound.
    #[allow(clippy::expect_used)]
    pub fn start_on(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let state = Arc::new(State::default());
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                tokio::select! {
                    () = accept(listener, served) => {}
                    _ = stopped => {}
                }
            });
        });
        VersionedOrigin { address, state, stop: Some(stop), thread: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, without port.
    pub fn ip(&self) -> IpAddr {
        self.address.ip()
    }

    /// `http://address/`.
    pub fn base(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The absolute URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{}", self.address, key(path))
    }

    /// Makes a path a master (see [`pictures`]) of this version. Requests that have arrived already keep theirs.
    pub fn set_version(&self, path: &str, version: u32) {
        let picture = Bytes::from(pictures::png(path, version));
        self.page(path, |page| page.content = Some(Content::Version(version, picture)));
    }

    /// Raises the version of a path by one, from 0 where there was none, and returns the new one.
    pub fn bump(&self, path: &str) -> u32 {
        let version = self.version(path).unwrap_or(0) + 1;
        self.set_version(path, version);
        version
    }

    /// The version that a request arriving now would get.
    pub fn version(&self, path: &str) -> Option<u32> {
        self.page(path, |page| match page.content {
            Some(Content::Version(version, _)) => Some(version),
            _ => None,
        })
    }

    /// Serves fixed bytes with status 200.
    pub fn set_body(&self, path: &str, content_type: &str, body: impl Into<Bytes>) {
        let content = Content::Canned { status: 200, content_type: content_type.to_owned(), body: body.into() };
        self.page(path, |page| page.content = Some(content));
    }

    /// Redirects with this status. The location is sent as it is.
    pub fn redirect(&self, path: &str, status: u16, location: &str) {
        let content = Content::Canned { status, content_type: "text/plain".to_owned(), body: Bytes::new() };
        self.page(path, |page| page.content = Some(content));
        self.set_header(path, "location", location);
    }

    /// Answers one method other than `GET` and `HEAD` so; without this, such requests are answered as `GET` is.
    pub fn script(&self, method: &str, path: &str, status: u16, headers: &[(&str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let scripted = Scripted { status, headers, body: Bytes::from(body.to_owned()) };
        self.page(path, |page| page.scripted.insert(method.to_owned(), scripted));
    }

    /// Method and body of the newest request for a path that was neither `GET` nor `HEAD`.
    pub fn last_sent(&self, path: &str) -> Option<(String, Bytes)> {
        self.page(path, |page| page.last_sent.clone())
    }

    /// From now on the path answers 404.
    pub fn remove(&self, path: &str) {
        self.page(path, |page| page.content = None);
    }

    /// Adds a response header to a path, or replaces it. `Transfer-Encoding` makes the body chunked.
    pub fn set_header(&self, path: &str, name: &str, value: &str) {
        self.page(path, |page| {
            page.extra.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            page.extra.push((name.to_owned(), value.to_owned()));
        });
    }

    /// How long a path waits before its headers, and in the middle of its body.
    pub fn set_delay(&self, path: &str, before_headers: Duration, mid_body: Duration) {
        self.page(path, |page| (page.before_headers, page.mid_body) = (before_headers, mid_body));
    }

    /// Lets a path fail, or stops it failing.
    pub fn fail(&self, path: &str, failure: Option<Failure>) {
        self.page(path, |page| page.failure = failure);
    }

    /// Stops the requests for a path that arrive from now on until the hold is released or dropped.
    pub fn hold(&self, path: &str, at: At) -> Hold {
        let state = Arc::new(HoldState::default());
        self.page(path, |page| page.hold = Some((at, Arc::clone(&state))));
        Hold { state }
    }

    /// How many requests for a path have arrived.
    pub fn requests(&self, path: &str) -> u64 {
        self.page(path, |page| page.requests)
    }

    /// How many requests have arrived in all.
    pub fn total_requests(&self) -> u64 {
        self.pages().values().map(|page| page.requests).sum()
    }

    /// How many requests for a path are being answered now.
    pub fn in_flight(&self, path: &str) -> usize {
        self.page(path, |page| page.in_flight)
    }

    /// The most requests for a path that were ever answered at one time.
    pub fn peak(&self, path: &str) -> usize {
        self.page(path, |page| page.peak)
    }

    /// The most requests for all paths together that were ever answered at one time.
    pub fn total_peak(&self) -> usize {
        self.state.peak.load(Ordering::SeqCst)
    }

    /// The headers of the newest request for a path.
    pub fn last_headers(&self, path: &str) -> Option<HeaderMap> {
        self.page(path, |page| page.last.as_ref().map(|(_, headers)| headers.clone()))
    }

    /// The target of the newest request for a path, with its query.
    pub fn last_target(&self, path: &str) -> Option<String> {
        self.page(path, |page| page.last.as_ref().map(|(target, _)| target.clone()))
    }

    fn page<T>(&self, path: &str, with: impl FnOnce(&mut Page) -> T) -> T {
        with(self.pages().entry(key(path)).or_default())
    }

    fn pages(&self) -> MutexGuard<'_, HashMap<String, Page>> {
        self.state.pages()
    }
}

impl Drop for VersionedOrigin {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl State {
    fn pages(&self) -> MutexGuard<'_, HashMap<String, Page>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// Stops requests until it is released or dropped.
pub struct Hold {
    state: Arc<HoldState>,
}

#[derive(Default)]
struct HoldState {
    arrived: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Hold {
    /// Waits until so many requests have reached the hold.
    pub async fn arrived(&self, count: usize) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.state.arrived.subscribe().wait_for(|arrived| *arrived >= count).await;
    }

    /// How many requests have reached the hold.
    pub fn count(&self) -> usize {
        *self.state.arrived.borrow()
    }

    /// Lets all go on, and all that come later pass.
    pub fn release(&self) {
        self.state.open.send_replace(true);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}

impl HoldState {
    async fn wait(&self) {
        self.arrived.send_modify(|count| *count += 1);
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let listener = listener.set_nonblocking(true).and_then(|()| tokio::net::TcpListener::from_std(listener));
    let Ok(listener) = listener else { return };
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&state), request));
            // A connection that the client or a failure ends is no news.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Parts>, Dropped> {
    let path = request.uri().path().to_owned();
    let method = request.method().as_str().to_owned();
    let (request, body) = request.into_parts();
    let is_read = matches!(method.as_str(), "GET" | "HEAD");
    let sent = if is_read { Bytes::new() } else { whole(body).await? };
    let (scripted, content, extra, before_headers, mid_body, failure, hold) = {
        let mut pages = state.pages();
        let page = pages.entry(path.clone()).or_default();
        page.requests += 1;
        page.in_flight += 1;
        page.peak = page.peak.max(page.in_flight);
        let total = state.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        state.peak.fetch_max(total, Ordering::SeqCst);
        let target = request.uri.path_and_query().map_or("", |target| target.as_str());
        page.last = Some((target.to_owned(), request.headers.clone()));
        let scripted = if is_read { None } else { page.scripted.get(&method).cloned() };
        if !is_read {
            page.last_sent = Some((method, sent));
        }
        let hold = page.hold.clone();
        (scripted, page.content.clone(), page.extra.clone(), page.before_headers, page.mid_body, page.failure, hold)
    };
    let guard = InFlight { state, path };
    let hold_at = |at: At| hold.as_ref().filter(|(wanted, _)| *wanted == at).map(|(_, hold)| Arc::clone(hold));
    if let Some(hold) = hold_at(At::Headers) {
        hold.wait().await;
    }
    if !before_headers.is_zero() {
        tokio::time::sleep(before_headers).await;
    }

    let mut response = Response::builder();
    let (content, extra) = match scripted {
        Some(Scripted { status, headers, body }) => {
            (Some(Content::Canned { status, content_type: "text/plain".to_owned(), body }), headers)
        }
        None => (content, extra),
    };
    let (mut status, mut body) = match (failure, content) {
        (Some(Failure::Drop), _) => return Err(Dropped),
        (Some(Failure::Status(status)), _) => (status, Bytes::from_static(b"told to fail")),
        (_, None) => (404, Bytes::from_static(b"no such master")),
        (_, Some(Content::Version(version, picture))) => {
            let etag = format!("\"v{version}\"");
            let known =
                request.headers.get(header::IF_NONE_MATCH).is_some_and(|sent| sent.as_bytes() == etag.as_bytes());
            response = response.header(header::ETAG, etag).header(header::CONTENT_TYPE, "image/png");
            if known { (304, Bytes::new()) } else { (200, picture) }
        }
        (_, Some(Content::Canned { status, content_type, body })) => {
            response = response.header(header::CONTENT_TYPE, content_type);
            (status, body)
        }
    };
    let chunked = extra.iter().any(|(name, _)| name.eq_ignore_ascii_case("transfer-encoding"));
    for (name, value) in extra {
        // The connection writes that header itself wherever no length is given.
        if !name.eq_ignore_ascii_case("transfer-encoding") {
            response = response.header(name, value);
        }
    }
    if StatusCode::from_u16(status).is_err() {
        (status, body) = (500, Bytes::from_static(b"no such status"));
    }
    let length_given = response.headers_ref().is_some_and(|headers| headers.contains_key(header::CONTENT_LENGTH));
    if status != 304 && !chunked && !length_given {
        response = response.header(header::CONTENT_LENGTH, body.len());
    }
    let cut = match failure {
        Some(Failure::Truncate(bytes)) => Some(bytes.min(body.len())),
        _ => None,
    };
    let parts = Parts::new(body, cut, mid_body, hold_at(At::MidBody), guard);
    response.status(status).body(parts).map_err(|_| Dropped)
}

async fn whole(mut body: Incoming) -> Result<Bytes, Dropped> {
    use http_body::Body as _;
    let mut bytes = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        if let Ok(data) = frame.map_err(|_| Dropped)?.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.into())
}

/// Ends the connection without an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("told to end the connection")
    }
}

impl std::error::Error for Dropped {}

impl From<Infallible> for Dropped {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

struct InFlight {
    state: Arc<State>,
    path: String,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.state.in_flight.fetch_sub(1, Ordering::SeqCst);
        if let Some(page) = self.state.pages().get_mut(&self.path) {
            page.in_flight -= 1;
        }
    }
}

/// A body that comes in two halves.
struct Parts {
    frames: mpsc::Receiver<Result<Bytes, Dropped>>,
    /// Bytes still to come.
    left: usize,
    /// Until the last byte is handed on: what the client does once it has that counts as later.
    guard: Option<InFlight>,
}

impl Parts {
    fn new(body: Bytes, cut: Option<usize>, pause: Duration, hold: Option<Arc<HoldState>>, guard: InFlight) -> Self {
        // With room for one frame, the sender runs only after the connection has found the channel empty and flushed: what
        // was sent before a cut does reach the client.
        let (sender, frames) = mpsc::channel(1);
        let left = if cut.is_some() { usize::MAX } else { body.len() };
        tokio::spawn(async move {
            let end = cut.unwrap_or(body.len());
            let middle = if hold.is_some() || !pause.is_zero() { end / 2 } else { end };
            if middle > 0 && sender.send(Ok(body.slice(..middle))).await.is_err() {
                return;
            }
            if let Some(hold) = hold {
                hold.wait().await;
            }
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            if middle < end && sender.send(Ok(body.slice(middle..end))).await.is_err() {
                return;
            }
            if cut.is_some() {
                let _ = sender.send(Err(Dropped)).await;
            }
        });
        Parts { frames, left, guard: Some(guard).filter(|_| left > 0) }
    }
}

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        let frame = std::task::ready!(self.frames.poll_recv(cx));
        if let Some(Ok(bytes)) = &frame {
            self.left -= bytes.len();
            if self.left == 0 {
                self.guard = None;
            }
        }
        Poll::Ready(frame.map(|bytes| bytes.map(Frame::data)))
    }
}
