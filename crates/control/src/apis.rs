//! The vendors' APIs by themselves, for host names of their own on the public plane.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use tokio::time::{Instant, Sleep};
use tower::ServiceExt as _;

use crate::plane::Plane;
use crate::reply::Problem;
use crate::server::vendor_router;

/// Longest time in which a body must have come.
const BODY_TIME: Duration = Duration::from_secs(60);
/// Longest answer. Those of the vendors' APIs come in pages, and stay far below.
const LARGEST_ANSWER: usize = 32 << 20;

/// The vendors' APIs, with the keys, limits and counters of the plane. Nothing of the native API is among them.
#[derive(Clone)]
pub struct Apis(Router);

impl Apis {
    /// Those of a plane.
    pub fn new(plane: Arc<Plane>) -> Apis {
        Apis(vendor_router(plane))
    }

    /// Answers one request. A body that does not come within a minute counts as broken off.
    pub async fn answer<B>(&self, request: Request<B>, client: SocketAddr) -> Response<Bytes>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut request = request.map(|body| Body::new(Timed::new(body)));
        request.extensions_mut().insert(ConnectInfo(client));
        // A router answers whatever comes: it cannot fail.
        let Ok(response) = self.0.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        match axum::body::to_bytes(body, LARGEST_ANSWER).await {
            Ok(bytes) => Response::from_parts(parts, bytes),
            Err(error) => {
                tracing::error!(%error, "the answer of a vendor's API");
                let reply = Problem::new(500, "answer-too-large", "the answer cannot be sent at once").reply();
                let mut response = Response::new(Bytes::from(reply.body));
                *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    }
}

/// A body that must have come by a time.
struct Timed<B> {
    body: B,
    ends: Pin<Box<Sleep>>,
}

impl<B> Timed<B> {
    fn new(body: B) -> Timed<B> {
        Timed { body, ends: Box::pin(tokio::time::sleep_until(Instant::now() + BODY_TIME)) }
    }
}

impl<B> http_body::Body for Timed<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        match self.ends.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(Err("the body took too long to come".into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
