//! What comes in on the public plane and is carried out on the runtime of fills: it waits for the disk, or for an origin.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use delivery::{DeleteAnswer, DeleteAsk, Deletes};
use engine::{Engine, Passed, Passing, Refusal};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::runtime::Handle;

pub(crate) struct Doors {
    pub engine: Arc<Engine>,
    pub plane: Arc<control::Plane>,
    /// The vendors' APIs, for their host names.
    pub apis: control::Apis,
    /// Whether `PURGE` is taken.
    pub purge_method: bool,
    pub fills: Handle,
}

type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl Doors {
    fn reply(&self, reply: impl Future<Output = control::Reply> + Send + 'static) -> Answer<DeleteAnswer> {
        let task = self.fills.spawn(reply);
        Box::pin(async move {
            match task.await {
                Ok(reply) => DeleteAnswer {
                    status: reply.status,
                    content_type: reply.content_type,
                    body: reply.body,
                    headers: reply.headers,
                },
                Err(_) => DeleteAnswer {
                    status: 503,
                    content_type: "application/json",
                    body: "{\"error\":\"stopping\"}".into(),
                    headers: Vec::new(),
                },
            }
        })
    }
}

impl Deletes for Doors {
    fn delete(&self, ask: DeleteAsk) -> Answer<DeleteAnswer> {
        let plane = self.plane.clone();
        self.reply(
            async move { control::imageboss_delete(&plane, &ask.host, &ask.target, &ask.headers, ask.client).await },
        )
    }

    fn purge(&self, ask: DeleteAsk) -> Answer<DeleteAnswer> {
        let (plane, on) = (self.plane.clone(), self.purge_method);
        self.reply(
            async move { control::purge_method(&plane, on, &ask.host, &ask.target, &ask.headers, ask.client).await },
        )
    }

    fn forward(&self, passing: Passing) -> Answer<Result<Passed, Refusal>> {
        let engine = self.engine.clone();
        let task = self.fills.spawn(async move { engine.forward(passing).await });
        Box::pin(async move { task.await.unwrap_or_else(|_| Err(Refusal::stopping())) })
    }

    fn api(&self, request: Request<Incoming>, client: SocketAddr) -> Answer<Response<Bytes>> {
        let apis = self.apis.clone();
        let task = self.fills.spawn(async move { apis.answer(request, client).await });
        Box::pin(async move {
            task.await.unwrap_or_else(|_| {
                let mut response = Response::new(Bytes::from_static(b"{\"error\":\"stopping\"}"));
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                response
            })
        })
    }
}
