//! `GET /v1/logs/tail`: requests as they are answered, as server-sent events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Query, State};
use axum::response::Response;
use http::HeaderMap;
use serde_json::json;
use stats::{Filter, Told};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::events::{Listener, Writer, respond, seat};
use super::list::Reader;
use super::logs::{FILTERS, describe, filter};
use super::shown::{self, Masters};
use super::{Parameters, caller};
use crate::auth::Right;
use crate::clock::now_ms;
use crate::limits::HEARTBEAT;
use crate::plane::Plane;
use crate::reply::Problem;
use crate::server::From;

/// Lines that wait for a client that reads slowly; further ones are left out, and counted.
const WAITING: usize = 4096;
/// Events that wait to be written.
const WRITTEN: usize = 64;

/// Each line is an event `line`; how many were left out since the last event of that kind, `left-out`.
pub(crate) async fn follow(
    State(plane): State<Arc<Plane>>,
    Query(query): Parameters,
    from: From,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    let read = Reader { query: &query };
    read.only(FILTERS)?;
    let filter = filter(&plane, &caller, &read)?;
    let keeper = shown::figures(&plane)?.keeper;
    let seat = seat(&plane)?;
    // What was left out is of all sites.
    let tells_left_out = caller.sees_all() && filter.sites.is_none();
    let (send, told) = mpsc::channel(WAITING);
    let left_out = Arc::new(AtomicU64::new(0));
    let tail = Tail { filter, send, left_out: left_out.clone(), tells_left_out };
    keeper.follow(now_ms(), move |what| tail.tell(what));
    let (send, receive) = mpsc::channel(WRITTEN);
    let listener = Listener::new(plane, caller, &headers, seat);
    tokio::spawn(pass_on(listener, told, left_out, Writer { send, number: 0 }));
    Ok(respond(receive))
}

/// Takes lines on the thread that brings them together.
struct Tail {
    filter: Filter,
    send: mpsc::Sender<Told>,
    left_out: Arc<AtomicU64>,
    tells_left_out: bool,
}

impl Tail {
    /// Whether anybody listens still.
    fn tell(&self, what: &Told) -> bool {
        match what {
            Told::Line(line) if self.filter.takes(line) => match self.send.try_send(what.clone()) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    self.left_out.fetch_add(1, Ordering::Relaxed);
                    true
                }
                Err(TrySendError::Closed(_)) => false,
            },
            Told::LeftOut(lines) if self.tells_left_out && *lines > 0 => {
                self.left_out.fetch_add(*lines, Ordering::Relaxed);
                // The count is told with the next that comes; that something came wakes whoever waits.
                !matches!(self.send.try_send(Told::LeftOut(0)), Err(TrySendError::Closed(_)))
            }
            Told::Line(_) | Told::LeftOut(_) => !self.send.is_closed(),
        }
    }
}

async fn pass_on(listener: Listener, mut told: mpsc::Receiver<Told>, left_out: Arc<AtomicU64>, mut writer: Writer) {
    let masters = Masters::of(&listener.plane);
    if !writer.raw(": following\n\n".into()).await {
        return;
    }
    loop {
        let next = tokio::select! {
            next = tokio::time::timeout(HEARTBEAT, told.recv()) => next,
            () = writer.send.closed() => return,
            () = listener.plane.stopped() => return,
        };
        if !listener.may_listen() {
            return;
        }
        let missing = left_out.swap(0, Ordering::Relaxed);
        if missing > 0 && !writer.event("left-out", &json!({ "lines": missing })).await {
            return;
        }
        let goes_on = match next {
            Err(_) => writer.raw(": still here\n\n".into()).await,
            Ok(Some(Told::Line(line))) => writer.event("line", &describe(&line, &masters)).await,
            Ok(Some(Told::LeftOut(_))) => true,
            Ok(None) => return,
        };
        if !goes_on {
            return;
        }
    }
}
