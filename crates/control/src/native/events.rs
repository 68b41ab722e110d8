//! What happens to purges, as server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>). Each has
//! a number that counts up in its stream, a name and JSON.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use engine::Event;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use purge::{PurgeId, State as Reached};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::{caller, describe, find};
use crate::auth::{Caller, Right, bearer};
use crate::clock::now_ms;
use crate::limits::HEARTBEAT;
use crate::plane::Plane;
use crate::reply::Problem;
use crate::server::{From, Segment};

/// Events that wait for a client that reads slowly, before the stream waits for it in turn.
const WAITING: usize = 64;

/// `GET /v1/purges/{id}/events`: its present state, then what happens to it. Ends when its bytes are erased.
pub(crate) async fn of_one(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    let seat = seat(&plane)?;
    // Before the state is looked up, so that nothing happens unseen in between.
    let events = plane.engine.events();
    let (record, progress) = find(&plane, &caller, &id).await?;
    let id = record.id;
    let first = (progress.state().name(), describe::purge(&record, &progress));
    let ended = progress.state() == Reached::Erased;
    let listener = Listener::new(plane, caller, &headers, seat);
    Ok(stream(listener, events, Some(id), first, ended))
}

/// `GET /v1/events`: where the log stands, then whatever happens to purges that the caller may see.
pub(crate) async fn of_all(
    State(plane): State<Arc<Plane>>,
    from: From,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    let seat = seat(&plane)?;
    let events = plane.engine.events();
    let first = ("state", json!({ "head": plane.engine.index().head().0 }));
    Ok(stream(Listener::new(plane, caller, &headers, seat), events, None, first, false))
}

/// Who listens.
struct Listener {
    plane: Arc<Plane>,
    caller: Caller,
    /// The fields that hold his key or his session.
    shown: HeaderMap,
    _seat: OwnedSemaphorePermit,
}

impl Listener {
    fn new(plane: Arc<Plane>, caller: Caller, headers: &HeaderMap, seat: OwnedSemaphorePermit) -> Listener {
        let shown = headers.iter().filter(|(name, _)| matches!(**name, AUTHORIZATION | COOKIE));
        let shown = shown.map(|(name, value)| (name.clone(), value.clone())).collect();
        Listener { plane, caller, shown, _seat: seat }
    }

    /// Whether the key or the session is still good: one that was revoked hears nothing more.
    fn may_listen(&self) -> bool {
        let owner = match bearer(&self.shown) {
            Some(key) => self.plane.keys.verify(key),
            None => self.plane.session_owner(&self.shown),
        };
        owner.is_some_and(|info| info.name == self.caller.name)
    }
}

fn seat(plane: &Plane) -> Result<OwnedSemaphorePermit, Problem> {
    plane.listeners.seats.clone().try_acquire_owned().map_err(|_| {
        let detail = format!("{} clients listen already; no more are taken", plane.listeners.most);
        Problem { retry_after: Some(5), ..Problem::new(503, "too-many-listeners", detail) }
    })
}

fn stream(
    listener: Listener,
    mut events: tokio::sync::broadcast::Receiver<Event>,
    only: Option<PurgeId>,
    first: (&'static str, Value),
    ended: bool,
) -> Response {
    let (send, receive) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let (plane, caller) = (&listener.plane, &listener.caller);
        let mut writer = Writer { send, number: 0 };
        if !writer.event(first.0, &first.1).await || ended {
            return;
        }
        loop {
            let next = tokio::select! {
                next = tokio::time::timeout(HEARTBEAT, events.recv()) => next,
                () = writer.send.closed() => return,
                () = plane.stopped() => return,
            };
            if !listener.may_listen() {
                return;
            }
            let (name, data, last) = match next {
                Err(_) => {
                    if !writer.raw(": still here\n\n".into()).await {
                        return;
                    }
                    continue;
                }
                Ok(Ok(event)) => {
                    let record = event.record();
                    if only.is_some_and(|id| id != record.id) || !caller.may_see(record) {
                        continue;
                    }
                    let last = only.is_some() && matches!(event, Event::Erased(..));
                    (event.name(), data(&event), last)
                }
                Ok(Err(RecvError::Lagged(missed))) => match only {
                    None => ("missed", json!({ "events": missed }), false),
                    // What it comes to is what the purge has come to.
                    Some(id) => match plane.find(id).await {
                        Ok(Some((record, progress))) => {
                            let erased = progress.state() == Reached::Erased;
                            (progress.state().name(), describe::purge(&record, &progress), erased)
                        }
                        _ => return,
                    },
                },
                Ok(Err(RecvError::Closed)) => return,
            };
            if !writer.event(name, &data).await || last {
                return;
            }
        }
    });
    let mut response = Response::new(Body::new(Stream(receive)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy in front would otherwise keep events back until its buffer is full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// An event's data.
pub(crate) fn data(event: &Event) -> Value {
    match event {
        Event::Effective(record, progress)
        | Event::Progressed(record, progress)
        | Event::Refreshed(record, progress)
        | Event::Erased(record, progress) => describe::purge(record, progress),
        Event::Lifted(takedown) => describe::takedown(takedown, now_ms()),
    }
}

struct Writer {
    send: mpsc::Sender<Bytes>,
    number: u64,
}

impl Writer {
    /// Whether the client still reads.
    async fn event(&mut self, name: &str, data: &Value) -> bool {
        self.number += 1;
        // JSON has no line break outside of strings, and escapes those within.
        self.raw(format!("id: {}\nevent: {name}\ndata: {data}\n\n", self.number)).await
    }

    async fn raw(&self, text: String) -> bool {
        self.send.send(text.into()).await.is_ok()
    }
}

/// A body of pieces that come as they come.
pub(super) struct Stream(pub mpsc::Receiver<Bytes>);

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
