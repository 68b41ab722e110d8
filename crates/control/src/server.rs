//! Routes, and what every handler needs of a request.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest, FromRequestParts, Path, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{any, delete, get, post};
use axum::serve::ListenerExt;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

use crate::encrypted::Encrypted;
use crate::limits::Standing;
use crate::plane::Plane;
use crate::{BODY_LIMIT, cloudimage, dashboard, imageboss, imagekit, imgix, native, pages};

/// Every API, on every host name.
pub fn router(plane: Arc<Plane>) -> Router {
    Router::new()
        .route("/", get(dashboard::root).fallback(pages::not_allowed))
        .route("/healthz", get(pages::healthz).fallback(pages::not_allowed))
        .route("/readyz", get(pages::readyz).fallback(pages::not_allowed))
        .route("/metrics", get(pages::metrics).fallback(pages::not_allowed))
        .merge(dashboard::routes())
        .merge(vendor_routes())
        .merge(native_routes())
        .fallback(pages::unknown)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(tell_limits))
        .with_state(plane)
}

/// The vendors' APIs alone, under the same keys and limits: nothing of ours, and nothing that needs no key.
pub(crate) fn vendor_router(plane: Arc<Plane>) -> Router {
    vendor_routes()
        .fallback(pages::unknown_to_vendors)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(tell_limits))
        .with_state(plane)
}

fn vendor_routes() -> Router<Arc<Plane>> {
    Router::new()
        .route("/api/v1/purge", post(imgix::purge).fallback(imgix::not_allowed))
        .route("/api/v1/sources", get(imgix::sources::list).post(imgix::sources::refuse).fallback(imgix::not_allowed))
        .route(
            "/api/v1/sources/{id}",
            get(imgix::sources::show)
                .patch(imgix::sources::refuse)
                .delete(imgix::sources::refuse)
                .fallback(imgix::not_allowed),
        )
        .route("/api/v1/sources/{id}/assets", get(imgix::assets::list).fallback(imgix::not_allowed))
        .route(
            "/api/v1/sources/{id}/assets/{*path}",
            get(imgix::assets::show)
                .post(imgix::assets::act)
                .patch(imgix::sources::refuse)
                .fallback(imgix::not_allowed),
        )
        .route("/api/v1/sources/{id}/upload/{*path}", post(imgix::sources::refuse).fallback(imgix::not_allowed))
        .route(
            "/api/v1/sources/{id}/upload-sessions/{*path}",
            post(imgix::sources::refuse).fallback(imgix::not_allowed),
        )
        .route("/api/v1/sources/{id}/publish", post(imgix::sources::refuse).fallback(imgix::not_allowed))
        .route("/api/v1/sources/{id}/unpublish", post(imgix::sources::refuse).fallback(imgix::not_allowed))
        .route("/api/v1/assets/{id}", get(imgix::assets::list).fallback(imgix::not_allowed))
        .route("/api/v1/assets/{id}/{*path}", get(imgix::assets::show).fallback(imgix::not_allowed))
        .route("/api/v1/reports", get(imgix::sources::reports).fallback(imgix::not_allowed))
        .route("/api/v1/reports/{id}", get(imgix::sources::report).fallback(imgix::not_allowed))
        .route("/api/v1/{*rest}", any(imgix::unknown))
        .route("/v2/image/purger", post(imgix::purge_legacy).fallback(imgix::not_allowed_legacy))
        .route("/v1/files/purge", post(imagekit::purge).fallback(imagekit::not_allowed))
        .route("/v1/files/purge/{request}", get(imagekit::status).fallback(imagekit::not_allowed))
        .route("/v1/files/{*rest}", any(imagekit::unknown))
        .route("/v1/metadata", get(imagekit::metadata::show).fallback(imagekit::not_allowed))
        .route("/v1/accounts/usage", get(imagekit::account::usage).fallback(imagekit::not_allowed))
        .route(
            "/v1/accounts/url-endpoints",
            get(imagekit::account::endpoints).post(imagekit::account::refuse).fallback(imagekit::not_allowed),
        )
        .route(
            "/v1/accounts/url-endpoints/{id}",
            get(imagekit::account::endpoint)
                .put(imagekit::account::refuse)
                .delete(imagekit::account::refuse)
                .fallback(imagekit::not_allowed),
        )
        .route(
            "/v1/accounts/origins",
            get(imagekit::account::origins).post(imagekit::account::refuse).fallback(imagekit::not_allowed),
        )
        .route(
            "/v1/accounts/origins/{id}",
            get(imagekit::account::origin)
                .put(imagekit::account::refuse)
                .delete(imagekit::account::refuse)
                .fallback(imagekit::not_allowed),
        )
        .route("/v1/accounts/{*rest}", any(imagekit::unknown))
        .route(
            "/v1/named-transformations",
            get(imagekit::account::transformations).post(imagekit::account::refuse).fallback(imagekit::not_allowed),
        )
        .route(
            "/v1/named-transformations/{id}",
            get(imagekit::account::transformation)
                .patch(imagekit::account::refuse)
                .delete(imagekit::account::refuse)
                .fallback(imagekit::not_allowed),
        )
        .route(
            "/v1/sources",
            get(imageboss::sources::list).post(imageboss::sources::change).fallback(imageboss::sources::not_allowed),
        )
        .route(
            "/v1/sources/{id}",
            get(imageboss::sources::show)
                .patch(imageboss::sources::change)
                .delete(imageboss::sources::change)
                .fallback(imageboss::sources::not_allowed),
        )
        .route("/invalidate", post(cloudimage::invalidate).fallback(cloudimage::not_allowed))
        .route("/invalidate/{uuid}", get(cloudimage::status).fallback(cloudimage::not_allowed))
        .route("/invalidate/{uuid}/restart", post(cloudimage::restart).fallback(cloudimage::not_allowed))
        .route(
            "/warmup",
            post(cloudimage::warmup::start)
                .fallback(cloudimage::not_allowed)
                .layer(DefaultBodyLimit::max(cloudimage::warmup::BODY_LIMIT)),
        )
        .route(
            "/warmup/urls",
            post(cloudimage::warmup::start_urls)
                .fallback(cloudimage::not_allowed)
                .layer(DefaultBodyLimit::max(cloudimage::warmup::BODY_LIMIT)),
        )
        .route("/warmup/status", get(cloudimage::warmup::status).fallback(cloudimage::not_allowed))
        .route("/warmup/{id}", get(cloudimage::warmup::show).fallback(cloudimage::not_allowed))
        .route("/stats/general", get(cloudimage::stats::general).fallback(cloudimage::not_allowed))
}

fn native_routes() -> Router<Arc<Plane>> {
    Router::new()
        .route("/v1/purges", post(native::purge).get(native::list).fallback(native::not_allowed))
        .route("/v1/purges/{id}", get(native::show).fallback(native::not_allowed))
        .route("/v1/purges/{id}/events", get(native::events::of_one).fallback(native::not_allowed))
        .route("/v1/events", get(native::events::of_all).fallback(native::not_allowed))
        .route("/v1/takedowns", get(native::takedowns::list).fallback(native::not_allowed))
        .route("/v1/takedowns/{id}", delete(native::takedowns::lift).fallback(native::not_allowed))
        .route(
            "/v1/warmups",
            post(native::warm::start)
                .get(native::warm::list)
                .fallback(native::not_allowed)
                .layer(DefaultBodyLimit::max(native::warm::BODY_LIMIT)),
        )
        .route("/v1/warmups/{id}", get(native::warm::show).delete(native::warm::cancel).fallback(native::not_allowed))
        .route("/v1/keys", get(native::keys::list).post(native::keys::create).fallback(native::not_allowed))
        .route("/v1/keys/{name}", delete(native::keys::revoke).fallback(native::not_allowed))
        .route("/v1/keys/{name}/rotate", post(native::keys::rotate).fallback(native::not_allowed))
        .route("/v1/audit", get(native::audit::list).fallback(native::not_allowed))
        .route("/v1/audit/export", get(native::audit::export).fallback(native::not_allowed))
        .route("/v1/audit/verify", get(native::audit::verify).fallback(native::not_allowed))
        .route(
            "/v1/invalidate",
            post(native::invalidate::purge).get(native::invalidate::describe).fallback(native::not_allowed),
        )
        .route("/v1/config", get(native::config::show).fallback(native::not_allowed))
        .route("/v1/config/sites", get(native::config::sites).fallback(native::not_allowed))
        .route("/v1/config/sources", get(native::config::sources).fallback(native::not_allowed))
        .route("/v1/config/sources/{name}/check", post(native::config::check).fallback(native::not_allowed))
        .route(
            "/v1/session",
            post(native::session::open)
                .get(native::session::show)
                .delete(native::session::close)
                .fallback(native::not_allowed),
        )
        .route("/v1/purges/{id}/verify", post(native::verify::check).fallback(native::not_allowed))
        .route("/v1/urls", post(native::urls::write).fallback(native::not_allowed))
        .route("/v1/masters", get(native::masters::list).fallback(native::not_allowed))
        .route("/v1/explain", get(native::explain::show).fallback(native::not_allowed))
        .route("/v1/derivatives/{id}/body", get(native::derivatives::body).fallback(native::not_allowed))
        .route("/v1/stats", get(native::stats::show).fallback(native::not_allowed))
        .route("/v1/logs", get(native::logs::list).fallback(native::not_allowed))
        .route("/v1/logs/tail", get(native::tail::follow).fallback(native::not_allowed))
        .route("/v1/sites", get(native::sites).fallback(native::not_allowed))
        .route("/v1/dialects", get(native::dialects::list).fallback(native::not_allowed))
        .route("/v1/dialects/{name}", get(native::dialects::show).fallback(native::not_allowed))
}

/// Serves the plane until `stop` resolves; requests under way are answered.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: tokio::net::TcpListener,
    plane: Arc<Plane>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    // An answer is one small write: waiting to fill a packet only delays it.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let (ending, told) = (plane.clone(), plane.clone());
    let stop = async move {
        stop.await;
        ending.stop();
    };
    tokio::spawn(async move { told.follow().await });
    let service = router(plane).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

/// Serves the plane over TLS too, beside [`serve`] and until the plane stops.
///
/// # Errors
/// When the listener fails.
pub async fn serve_tls(
    listener: tokio::net::TcpListener,
    acceptor: tls::Acceptor,
    plane: Arc<Plane>,
) -> io::Result<()> {
    // Tapped for the client's address, which axum hands out of its own listeners alone.
    let listener = Encrypted::new(listener, acceptor)?.tap_io(|_| {});
    let stopping = plane.clone();
    let stop = async move { stopping.stopped().await };
    let router = router(plane).layer(axum::Extension(OverTls));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

/// Marks what came over TLS.
#[derive(Debug, Clone, Copy)]
struct OverTls;

/// Where a request came from and how, and where its key stands once that is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct From {
    /// The client's address; empty if unknown.
    pub address: String,
    /// The host and port that it was sent to, as the request's target has them; empty where only a field says so.
    pub host: String,
    /// Whether its method changes nothing.
    pub reads: bool,
    /// Whether it came over TLS.
    pub encrypted: bool,
    standing: Arc<OnceLock<Standing>>,
}

impl From {
    pub fn new(address: String) -> From {
        From { address, ..From::default() }
    }

    pub fn stand(&self, standing: Standing) {
        let _ = self.standing.set(standing);
    }

    /// Where the key stands, once that is known.
    pub fn standing(&self) -> Option<Standing> {
        self.standing.get().copied()
    }

    /// What the answer says of the key's limit.
    pub fn fields(&self) -> Option<(String, String)> {
        self.standing.get()?.fields()
    }
}

impl<S: Sync> FromRequestParts<S> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<From>().cloned().unwrap_or_default())
    }
}

/// Gives each request its [`From`], and each answer what that has learned of the key's limit.
async fn tell_limits(mut request: Request, next: Next) -> Response {
    let client = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let from = From {
        address: client.map(|c| c.0.ip().to_canonical().to_string()).unwrap_or_default(),
        host: request.uri().authority().map(|authority| authority.to_string()).unwrap_or_default(),
        reads: matches!(*request.method(), Method::GET | Method::HEAD),
        encrypted: request.extensions().get::<OverTls>().is_some(),
        ..From::default()
    };
    request.extensions_mut().insert(from.clone());
    let mut response = next.run(request).await;
    if let Some((policy, limit)) = from.fields() {
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    response
}

/// The variable segment of a path; empty where it is not UTF-8, which names nothing.
pub(crate) struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let segment = Path::<String>::from_request_parts(parts, state).await;
        Ok(Segment(segment.map(|Path(text)| text).unwrap_or_default()))
    }
}

/// The two variable parts of a path; empty where they are not UTF-8, which names nothing.
pub(crate) struct Segments(pub String, pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segments {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let segments = Path::<(String, String)>::from_request_parts(parts, state).await;
        Ok(segments.map_or_else(|_| Segments(String::new(), String::new()), |Path((one, two))| Segments(one, two)))
    }
}

/// A body that is read only after the caller is known, whatever its media type.
pub(crate) struct Unread(Request);

impl<S: Sync> FromRequest<S> for Unread {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Unread(request))
    }
}

/// Why a body cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the body is longer than {BODY_LIMIT} bytes")]
    TooLarge,
    #[error("the body ended early")]
    Broken,
}

impl BodyError {
    pub fn status(self) -> u16 {
        match self {
            BodyError::TooLarge => 413,
            BodyError::Broken => 400,
        }
    }
}

impl Unread {
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    pub async fn bytes(self) -> Result<Bytes, BodyError> {
        Bytes::from_request(self.0, &()).await.map_err(|rejection| match rejection.status().as_u16() {
            413 => BodyError::TooLarge,
            _ => BodyError::Broken,
        })
    }
}
