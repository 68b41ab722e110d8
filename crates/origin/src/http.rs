//! Masters behind HTTP.

mod forward;
mod proxy;

use std::error::Error as _;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use percent_encoding::percent_decode_str;
use plan::{Location, MasterId};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_TYPE, DATE, ETAG, HOST, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION,
    RANGE, TRANSFER_ENCODING, USER_AGENT,
};
use reqwest::{Client, Response};
use url::Url;

pub use forward::{Forward, Forwarded};
pub(crate) use proxy::Proxy;
pub use proxy::ProxySettings;

use crate::gate::{Gate, RefusedAddress};
use crate::headers::Freshness;
use crate::reach::Reached;
use crate::{Body, FetchError, Fetched, HttpSettings, OpenError, Renewal, Validators, headers, install_crypto, url_id};

/// Room made for a body before any of it has come; a claimed length alone must not cost memory.
const FIRST_ROOM: u64 = 1 << 20;

/// An opened web source.
pub(crate) struct Web {
    client: Client,
    gate: Gate,
    /// Path ends in `/`.
    base: Url,
    own_headers: HeaderMap,
    no_cache: bool,
    total_timeout: Duration,
    max_bytes: u64,
    max_redirects: u8,
    invalidates: bool,
}

impl Web {
    pub(crate) fn open(settings: HttpSettings, gate: Gate) -> Result<(Self, Location), OpenError> {
        let mut base = settings.base;
        let location = location(&mut base)?;
        let mut own_headers = HeaderMap::new();
        for (name, value) in &settings.headers {
            let bad = || OpenError::Header(name.clone());
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
            // These would change what is asked for or how the answer is framed.
            let ours =
                [ACCEPT_ENCODING, HOST, RANGE, IF_NONE_MATCH, IF_MODIFIED_SINCE, CONTENT_LENGTH, TRANSFER_ENCODING];
            if ours.contains(&header) {
                return Err(bad());
            }
            let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
            value.set_sensitive(true);
            own_headers.append(header, value);
        }
        let mut always = HeaderMap::new();
        always.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        always.insert(ACCEPT, HeaderValue::from_static("image/*,*/*;q=0.8"));
        let agent = HeaderValue::from_str(&settings.user_agent);
        always.insert(USER_AGENT, agent.map_err(|_| OpenError::Header("User-Agent".to_owned()))?);

        install_crypto();
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .dns_resolver(gate.clone())
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .default_headers(always)
            .build()
            .map_err(|error| OpenError::Client(chain(&error)))?;
        let web = Web {
            client,
            gate,
            base,
            own_headers,
            no_cache: settings.no_cache,
            total_timeout: settings.total_timeout,
            max_bytes: settings.max_bytes,
            max_redirects: settings.max_redirects,
            invalidates: settings.invalidation,
        };
        Ok((web, location))
    }

    /// Where its masters lie.
    pub(crate) fn base(&self) -> &str {
        self.base.as_str()
    }

    /// Asks for the base, without reading what comes.
    pub(crate) async fn reach(&self) -> Result<Reached, FetchError> {
        let asked = tokio::time::timeout(self.total_timeout, self.ask(&self.base, None)).await;
        let response = asked.unwrap_or(Err(FetchError::TimedOut))?;
        let date = headers::text(response.headers(), DATE).and_then(|date| httpdate::parse_http_date(date).ok());
        match response.status().as_u16() {
            status @ 500.. => Err(FetchError::Status(status)),
            status => Ok(Reached::Web { status, date }),
        }
    }

    /// Fetches a canonical path.
    pub(crate) async fn fetch(
        &self,
        path: &str,
        query: &str,
        validators: Option<&Validators>,
    ) -> Result<Fetched, FetchError> {
        self.fetch_url(self.url(path, query)?, validators, &|_| true).await
    }

    /// Fetches a URL, which may redirect to where it is allowed.
    async fn fetch_url(
        &self,
        url: Url,
        validators: Option<&Validators>,
        allowed: &(dyn Fn(&Url) -> bool + Sync),
    ) -> Result<Fetched, FetchError> {
        tokio::time::timeout(self.total_timeout, self.follow(url, validators, allowed))
            .await
            .unwrap_or(Err(FetchError::TimedOut))
    }

    pub(crate) fn invalidates(&self) -> bool {
        self.invalidates
    }

    fn url(&self, path: &str, query: &str) -> Result<Url, FetchError> {
        let text = format!("{}{}", self.base, url_id::encode_path(path));
        let mut url = Url::parse(&text).map_err(|_| FetchError::BadPath)?;
        if !query.is_empty() {
            url.set_query(Some(query));
        }
        Ok(url)
    }

    async fn follow(
        &self,
        mut url: Url,
        validators: Option<&Validators>,
        allowed: &(dyn Fn(&Url) -> bool + Sync),
    ) -> Result<Fetched, FetchError> {
        let home_port = url.port_or_known_default();
        let mut names: Vec<MasterId> = Vec::new();
        for hop in 0..=self.max_redirects {
            let response = self.ask(&url, validators).await?;
            let status = response.status().as_u16();
            match status {
                // 203: as 200, by a proxy that changed something (RFC 9110 section 15.3.4).
                200 | 203 => return self.body(response, names).await,
                304 if validators.is_some() => {
                    let head = response.headers();
                    let Freshness { storable, max_age, browser_max_age } = headers::freshness(head);
                    let (varies, tags) = (headers::varies(head), headers::tags(head));
                    let renewal = Renewal { storable, max_age, browser_max_age, varies, names, tags };
                    return Ok(Fetched::NotModified(Box::new(renewal)));
                }
                301 | 302 | 303 | 307 | 308 if hop < self.max_redirects => {
                    let target = headers::text(response.headers(), LOCATION)
                        .ok_or_else(|| FetchError::Redirect(format!("{status} without a readable Location")))?;
                    let mut next = url.join(target).map_err(|error| FetchError::Redirect(error.to_string()))?;
                    next.set_fragment(None);
                    self.check_hop(&next, home_port)?;
                    if !allowed(&next) {
                        return Err(FetchError::Redirect("to a host that is not allowed".to_owned()));
                    }
                    names.extend(url_id::master(&next).filter(|name| !names.contains(name)));
                    url = next;
                }
                301 | 302 | 303 | 307 | 308 => {
                    return Err(FetchError::Redirect(format!("more than {} of them", self.max_redirects)));
                }
                404 | 410 => return Err(FetchError::NotFound { names }),
                401 | 403 => return Err(FetchError::Forbidden),
                _ => return Err(FetchError::Status(status)),
            }
        }
        Err(FetchError::Redirect(format!("more than {} of them", self.max_redirects)))
    }

    /// One request to a checked address.
    async fn ask(&self, url: &Url, validators: Option<&Validators>) -> Result<Response, FetchError> {
        self.gate.check_literal(url).map_err(refused)?;
        let mut request = self.client.get(url.clone());
        if self.is_own(url) {
            request = request.headers(self.own_headers.clone());
        }
        if self.no_cache {
            request = request.header(CACHE_CONTROL, "no-cache");
        }
        if let Some(validators) = validators {
            for (name, value) in [(IF_NONE_MATCH, &validators.etag), (IF_MODIFIED_SINCE, &validators.last_modified)] {
                if let Some(value) = value.as_deref().and_then(|value| HeaderValue::from_str(value).ok()) {
                    request = request.header(name, value);
                }
            }
        }
        let response = request.send().await.map_err(|error| failed(&error))?;
        // The resolver and the literal check have seen to this already; it holds even if one of them is bypassed.
        if let Some(peer) = response.remote_addr() {
            self.gate.check(peer.ip()).map_err(refused)?;
        }
        Ok(response)
    }

    /// A hop may only go to the web: another port would reach services that do not expect HTTP.
    fn check_hop(&self, url: &Url, home_port: Option<u16>) -> Result<(), FetchError> {
        let bad = |why: &str| Err(FetchError::Redirect(why.to_owned()));
        if !matches!(url.scheme(), "http" | "https") {
            return bad("not to http or https");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return bad("to an address with a user");
        }
        let port = url.port_or_known_default();
        if !matches!(port, Some(80 | 443)) && port != home_port {
            return bad("to a port that is neither a web server's nor that of where it began");
        }
        self.gate.check_literal(url).map_err(refused)
    }

    fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    async fn body(&self, response: Response, names: Vec<MasterId>) -> Result<Fetched, FetchError> {
        let head = response.headers().clone();
        if let Some(coding) = head.get(CONTENT_ENCODING)
            && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
        {
            return Err(FetchError::Coding(String::from_utf8_lossy(coding.as_bytes()).into_owned()));
        }
        let expected = headers::text(&head, CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
        let bytes = self.read(response, expected).await?;
        Ok(Fetched::Body(Box::new(described(bytes, &head, names))))
    }

    async fn read(&self, mut response: Response, expected: Option<u64>) -> Result<Bytes, FetchError> {
        let limit = self.max_bytes;
        if expected.is_some_and(|length| length > limit) {
            return Err(FetchError::TooLarge { limit });
        }
        let mut bytes = BytesMut::with_capacity(expected.unwrap_or(0).min(FIRST_ROOM) as usize);
        loop {
            let got = bytes.len() as u64;
            match response.chunk().await {
                Ok(Some(chunk)) if got + chunk.len() as u64 > limit => return Err(FetchError::TooLarge { limit }),
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) if expected.is_some_and(|length| length != got) => {
                    return Err(FetchError::Truncated { expected, got });
                }
                Ok(None) => return Ok(bytes.freeze()),
                Err(error) if error.is_timeout() => return Err(FetchError::TimedOut),
                Err(_) => return Err(FetchError::Truncated { expected, got }),
            }
        }
    }
}

fn described(bytes: Bytes, head: &HeaderMap, names: Vec<MasterId>) -> Body {
    let Freshness { storable, max_age, browser_max_age } = headers::freshness(head);
    let text = |name: HeaderName| headers::text(head, name).map(str::to_owned);
    Body {
        bytes,
        content_type: text(CONTENT_TYPE),
        etag: text(ETAG),
        last_modified: headers::last_modified(head),
        storable,
        max_age,
        browser_max_age,
        varies: headers::varies(head),
        described: [("content-language", CONTENT_LANGUAGE), ("content-disposition", CONTENT_DISPOSITION)]
            .into_iter()
            .filter_map(|(name, header)| Some((name, headers::text(head, header)?.to_owned())))
            .collect(),
        names,
        tags: headers::tags(head),
    }
}

/// Checks a base, gives its path a final slash, and makes its location.
fn location(base: &mut Url) -> Result<Location, OpenError> {
    let mut shown = base.clone();
    let _ = (shown.set_username(""), shown.set_password(None));
    let bad = |why| OpenError::Base { base: shown.to_string(), why };
    if !matches!(base.scheme(), "http" | "https") {
        return Err(bad("not http or https"));
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(bad("credentials belong in a header"));
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(bad("it has a query or a fragment"));
    }
    if !base.path().ends_with('/') {
        let path = format!("{}/", base.path());
        base.set_path(&path);
    }
    let authority = url_id::authority(base).ok_or_else(|| bad("it has no host"))?;
    let path = percent_decode_str(base.path()).decode_utf8().map_err(|_| bad("its path is not UTF-8"))?;
    Ok(Location::new(&format!("{authority}{path}")))
}

fn refused(refused: RefusedAddress) -> FetchError {
    let setting = if refused.private { " (allow_private is off)" } else { "" };
    FetchError::Refused { what: format!("{}{setting}", refused.address), why: refused.why }
}

fn failed(error: &reqwest::Error) -> FetchError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(gate) = inner.downcast_ref::<RefusedAddress>() {
            return refused(*gate);
        }
        cause = inner.source();
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, _) => FetchError::NoConnection(chain(error)),
        (false, true) => FetchError::TimedOut,
        (false, false) => FetchError::Unreachable(chain(error)),
    }
}

/// An error and its causes on one line, without the URL, which may hold a secret in its query.
fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    if text.is_empty() { "no answer".to_owned() } else { text }
}
