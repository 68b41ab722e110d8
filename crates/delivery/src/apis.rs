//! Requests to the vendors' API hosts, for clients whose API host is fixed: they are handed on to the private plane.

use std::net::SocketAddr;

use http::header::{HOST, HeaderValue};
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::service::{Answered, Plane};

impl Plane {
    /// Whether a `Host` is one of the vendors' API hosts.
    pub(crate) fn is_api_host(&self, host: &str) -> bool {
        !self.api_hosts.is_empty() && self.api_hosts.contains(&engine::host_name(host))
    }

    pub(crate) async fn api(&self, request: &Parts, body: Incoming, client: SocketAddr) -> Answered {
        let mut parts = request.clone();
        // HTTP/2 says it in another place than handlers look (RFC 9113, section 8.3.1).
        if let Some(authority) = request.uri.authority()
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            parts.headers.insert(HOST, host);
        }
        let response = self.deletes.api(Request::from_parts(parts, body), client).await;
        let (parts, bytes) = response.into_parts();
        Answered::plain(Response::from_parts(parts, Full::new(bytes)))
    }
}
