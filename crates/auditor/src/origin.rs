//! The origin that the audited cache fetches from: it alone decides which version of a picture is the current one, and it
//! is the witness of fetches under way.

use std::convert::Infallible;
use std::future::Future as _;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body::Frame;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use testkit::pictures;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, oneshot};
use tokio::time::Sleep;

use crate::rng::Rng;

/// Pixels to a side of a block: pictures of 128 x 64, of which derivatives may have half the size.
const BLOCK: usize = 8;

/// How slow the origin is. Each answer waits its delay and a random part of the jitter.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Before the response's headers; the version has been chosen by then.
    pub before_headers: Duration,
    /// After the headers and half of the body.
    pub mid_body: Duration,
    /// The most that is added to each of the two that is not zero.
    pub jitter: Duration,
}

impl Pace {
    /// The shortest that an answer takes.
    pub fn shortest(&self) -> Duration {
        self.before_headers + self.mid_body
    }
}

/// A web server with numbered pictures. Stops when dropped, cutting its connections.
pub struct Origin {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    /// First part of every path, so that a cache's memory of an earlier run is never taken for this one's.
    run: String,
    pace: Pace,
    masters: Vec<Master>,
    requests: AtomicU64,
    rng: Mutex<Rng>,
}

struct Master {
    page: Mutex<Page>,
    arrived: Notify,
}

struct Page {
    version: u32,
    picture: Bytes,
    /// Requests that have arrived and whose answer is not complete.
    in_flight: usize,
    /// Those of them that get an older version than the current one.
    outdated: usize,
}

/// What the origin saw when a version was raised.
#[derive(Debug, Clone, Copy)]
pub struct Bump {
    /// The version that requests get from now on.
    pub version: u32,
    /// Requests under way that will still be answered with an older one.
    pub in_flight: usize,
}

impl Origin {
    /// Serves so many masters, each in version 1.
    ///
    /// # Errors
    /// When the address cannot be bound or no thread started.
    pub fn start(address: SocketAddr, run: &str, masters: usize, pace: Pace, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            run: run.to_owned(),
            pace,
            masters: (0..masters).map(|number| Master::new(&path(run, number))).collect(),
            requests: AtomicU64::new(0),
            rng: Mutex::new(Rng::new(seed, u64::MAX)),
        });
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&state);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("origin".to_owned()).spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = accept(listener, served) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Origin { address, state, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many masters it has.
    pub fn masters(&self) -> usize {
        self.state.masters.len()
    }

    /// The path of a master, without leading slash.
    pub fn path(&self, master: usize) -> String {
        path(&self.state.run, master)
    }

    /// How slow it is.
    pub fn pace(&self) -> Pace {
        self.state.pace
    }

    /// Makes a new version of a master the current one.
    pub fn bump(&self, master: usize) -> Bump {
        let path = self.path(master);
        let mut page = self.state.masters[master].page();
        page.version += 1;
        page.picture = picture(&path, page.version);
        page.outdated = page.in_flight;
        Bump { version: page.version, in_flight: page.in_flight }
    }

    /// The version that a request arriving now would get.
    pub fn version(&self, master: usize) -> u32 {
        self.state.masters[master].page().version
    }

    /// Requests for a master that are being answered now.
    pub fn in_flight(&self, master: usize) -> usize {
        self.state.masters[master].page().in_flight
    }

    /// Those of them that get an older version than the current one.
    pub fn outdated(&self, master: usize) -> usize {
        self.state.masters[master].page().outdated
    }

    /// Ready when a request for this master arrives after this call.
    pub fn arrival(&self, master: usize) -> Notified<'_> {
        self.state.masters[master].arrived.notified()
    }

    /// Requests that have arrived in all.
    pub fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Master {
    fn new(path: &str) -> Self {
        let page = Page { version: 1, picture: picture(path, 1), in_flight: 0, outdated: 0 };
        Master { page: Mutex::new(page), arrived: Notify::new() }
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn path(run: &str, master: usize) -> String {
    format!("{run}/m{master}.png")
}

fn picture(path: &str, version: u32) -> Bytes {
    pictures::small_png(path, version, BLOCK).into()
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&state), request));
            // A connection that the cache ends is no news.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Halves>, Infallible> {
    let Some(number) = state.number(request.uri().path()) else {
        let mut none = Response::new(Halves::default());
        *none.status_mut() = StatusCode::NOT_FOUND;
        return Ok(none);
    };
    state.requests.fetch_add(1, Ordering::Relaxed);
    // The version is that of the moment at which the request came in, as from a file that has been opened.
    let (version, picture) = {
        let mut page = state.masters[number].page();
        page.in_flight += 1;
        (page.version, page.picture.clone())
    };
    let guard = InFlight { state: Arc::clone(&state), number, version };
    state.masters[number].arrived.notify_waiters();
    let before_headers = state.wait(state.pace.before_headers);
    if !before_headers.is_zero() {
        tokio::time::sleep(before_headers).await;
    }
    let response = Response::builder()
        .header(header::CONTENT_TYPE, "image/png")
        .header(header::CONTENT_LENGTH, picture.len())
        .header(header::CACHE_CONTROL, "public, max-age=31536000")
        .header(header::ETAG, format!("\"v{version}\""))
        // The group that Varnish's xkey purges by.
        .header("xkey", format!("m{number}"));
    let body = Halves::new(picture, state.wait(state.pace.mid_body), guard);
    Ok(response.body(body).unwrap_or_default())
}

impl State {
    /// Which master a path names.
    fn number(&self, path: &str) -> Option<usize> {
        let name = path.strip_prefix('/')?.strip_prefix(&self.run)?.strip_prefix("/m")?.strip_suffix(".png")?;
        name.parse().ok().filter(|number| *number < self.masters.len())
    }

    fn wait(&self, least: Duration) -> Duration {
        if least.is_zero() {
            return least;
        }
        least + self.rng.lock().unwrap_or_else(PoisonError::into_inner).up_to(self.pace.jitter)
    }
}

struct InFlight {
    state: Arc<State>,
    number: usize,
    version: u32,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut page = self.state.masters[self.number].page();
        page.in_flight -= 1;
        if self.version < page.version {
            page.outdated = page.outdated.saturating_sub(1);
        }
    }
}

/// A body in two halves, with a pause between them.
#[derive(Default)]
struct Halves {
    first: Option<Bytes>,
    pause: Option<Pin<Box<Sleep>>>,
    second: Option<Bytes>,
    _guard: Option<InFlight>,
}

impl Halves {
    fn new(body: Bytes, pause: Duration, guard: InFlight) -> Self {
        let middle = if pause.is_zero() { body.len() } else { body.len() / 2 };
        let pause = (!pause.is_zero()).then(|| Box::pin(tokio::time::sleep(pause)));
        let second = (middle < body.len()).then(|| body.slice(middle..));
        Halves { first: Some(body.slice(..middle)), pause, second, _guard: Some(guard) }
    }
}

impl http_body::Body for Halves {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(self.second.take().map(|second| Ok(Frame::data(second))))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use testkit::http::Client;
    use testkit::pictures::read_mark;

    use super::*;

    #[tokio::test]
    async fn a_request_keeps_the_version_of_its_arrival_and_is_seen_under_way() {
        let wait = Duration::from_millis(30);
        for (before_headers, mid_body) in [(wait, Duration::ZERO), (Duration::ZERO, wait), (wait, wait)] {
            let pace = Pace { before_headers, mid_body, jitter: Duration::from_millis(3) };
            let origin = Origin::start("127.0.0.1:0".parse().unwrap(), "r", 2, pace, 1).unwrap();
            let target = format!("/{}", origin.path(1));
            let mut client = Client::new(origin.address());
            let arrival = origin.arrival(1);
            let (answer, bump) = tokio::join!(client.get(&target), async {
                arrival.await;
                origin.bump(1)
            });
            assert_eq!((bump.version, bump.in_flight), (2, 1));
            assert_eq!(read_mark(&answer.unwrap().body).unwrap().version, 1);
            let later = client.get(&target).await.unwrap();
            assert_eq!(read_mark(&later.body).unwrap().version, 2);
            assert_eq!(later.header("etag"), "\"v2\"");
            assert_eq!(origin.requests(), 2);
            assert_eq!((origin.outdated(1), origin.in_flight(0)), (0, 0));
            assert_eq!(client.get("/r/m2.png").await.unwrap().status, 404);
        }
    }
}
