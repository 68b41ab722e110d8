//! Requests that are passed on as they came: unsafe methods, and what no cache may answer.

use bytes::Bytes;
use plan::MasterId;
use reqwest::Method;
use reqwest::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_LOCATION, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue,
    LOCATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
};
use url::Url;

use super::{Web, failed, refused};
use crate::{FetchError, headers, url_id};

/// A request to be passed on.
#[derive(Debug, Clone)]
pub struct Forward {
    /// The method, as received.
    pub method: String,
    /// Header fields, as received; those that are for one connection only are left out on the way.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The whole body.
    pub body: Bytes,
    /// The client's address, for `X-Forwarded-For`.
    pub forwarded_for: String,
}

/// The answer to it.
#[derive(Debug, Clone)]
pub struct Forwarded {
    /// The status.
    pub status: u16,
    /// Header fields, without those that are for one connection only, and without `Content-Length` but for `HEAD`.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The whole body.
    pub body: Bytes,
    /// What `Location` and `Content-Location` name at the same origin (RFC 9111 section 4.4).
    pub located: Vec<MasterId>,
    /// As [`crate::Body::tags`].
    pub tags: Vec<String>,
    /// The groups in `Cache-Group-Invalidation` (RFC 9875).
    pub groups: Vec<String>,
}

impl Web {
    pub(crate) async fn forward(&self, path: &str, query: &str, request: Forward) -> Result<Forwarded, FetchError> {
        let url = self.url(path, query)?;
        let passed = self.pass_on(url, request);
        tokio::time::timeout(self.total_timeout, passed).await.unwrap_or(Err(FetchError::TimedOut))
    }

    async fn pass_on(&self, url: Url, request: Forward) -> Result<Forwarded, FetchError> {
        self.gate.check_literal(&url).map_err(refused)?;
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| FetchError::BadPath)?;
        let mut fields = HeaderMap::new();
        for (name, value) in &request.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
                fields.append(name, value);
            }
        }
        strip(&mut fields);
        // Set by our side of the connection; the body is whole, so nothing has to be agreed before it is sent.
        for name in [HOST, CONTENT_LENGTH, EXPECT, ACCEPT_ENCODING] {
            fields.remove(name);
        }
        // After what the client may have had taken out by naming it in `Connection`.
        fields.append(VIA, HeaderValue::from_static("1.1 afterimage"));
        if let Ok(client) = HeaderValue::from_str(&request.forwarded_for) {
            fields.insert(HeaderName::from_static("x-forwarded-for"), client);
        }
        let is_head = method == Method::HEAD;
        // The operator's own fields go before the client's.
        let mut sent = self.client.request(method, url.clone()).headers(fields).headers(self.own_headers.clone());
        if !request.body.is_empty() {
            sent = sent.body(request.body);
        }
        let response = sent.send().await.map_err(|error| failed(&error))?;
        if let Some(peer) = response.remote_addr() {
            self.gate.check(peer.ip()).map_err(refused)?;
        }
        let status = response.status().as_u16();
        let mut head = response.headers().clone();
        let named = |name: HeaderName| {
            let next = url.join(headers::text(&head, name)?).ok()?;
            if self.is_own(&next) { url_id::master(&next) } else { None }
        };
        let located = [LOCATION, CONTENT_LOCATION].into_iter().filter_map(named).collect();
        let groups = headers::groups(&head, HeaderName::from_static("cache-group-invalidation"));
        let tags = headers::tags(&head);
        let length = headers::text(&head, CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let bodiless = is_head || matches!(status, 204 | 304);
        let body = self.read(response, length.filter(|_| !bodiless)).await?;
        strip(&mut head);
        if !is_head {
            head.remove(CONTENT_LENGTH);
        }
        let headers = head.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
        Ok(Forwarded { status, headers, body, located, tags, groups })
    }
}

/// Takes out what is for one connection only (RFC 9110 section 7.6.1).
fn strip(fields: &mut HeaderMap) {
    let listed: Vec<HeaderName> = fields
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .collect();
    let always = [
        CONNECTION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
        HeaderName::from_static("proxy-authenticate"),
        HeaderName::from_static("proxy-authorization"),
    ];
    for name in always.into_iter().chain(listed) {
        fields.remove(name);
    }
}
