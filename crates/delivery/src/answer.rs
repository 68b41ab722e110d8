//! From an entry to the headers and body of an answer.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use cache::{Content, Entry};
use dialect::Disposition;
use engine::{Resolved, Site};
use http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, AGE, CACHE_CONTROL, CONTENT_DISPOSITION,
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    LAST_MODIFIED, ORIGIN, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use http_body_util::Full;
use plan::Format;
use plan::reason::{Miss, NotStored, Served};

use crate::conditional::{self, Part, Validators};
use crate::figures::Names;
use crate::problem::Problem;
use crate::vendor;

/// What scripts of other origins may read beside the ordinary.
const EXPOSED: HeaderValue = HeaderValue::from_static("Cache-Status, Age, ETag");
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");
const SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");
const CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");
const CACHE_GROUPS: HeaderName = HeaderName::from_static("cache-groups");
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Says that another picture stands in, and why.
const STAND_IN: HeaderName = HeaderName::from_static("afterimage-stand-in");
pub(crate) const WARNINGS: HeaderName = HeaderName::from_static("afterimage-warnings");
pub(crate) const PLAN: HeaderName = HeaderName::from_static("afterimage-plan");

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const REVALIDATE: HeaderValue = HeaderValue::from_static("public, no-cache");
/// A year in seconds: browsers are told not to ask again at all.
const FOR_EVER: u64 = 31_536_000;

/// Masters named to the tier in front at most; more would overflow its header limits.
const TAGS: usize = 16;

/// Header values of a site that are the same for every answer.
pub(crate) struct SiteHeaders {
    /// For browsers; `None` where it depends on the age.
    cache_control: Option<HeaderValue>,
    cdn_cache_control: HeaderValue,
}

impl SiteHeaders {
    pub fn of(site: &Site) -> Self {
        let edge = format!("max-age={}", site.edge_time.as_secs());
        let value = |text: &str| HeaderValue::from_str(text).unwrap_or(NO_STORE);
        let cache_control = match site.browser_time.as_secs() {
            0 => Some(REVALIDATE),
            seconds if seconds >= FOR_EVER => Some(value(&format!("public, max-age={seconds}, immutable"))),
            _ => None,
        };
        SiteHeaders { cache_control, cdn_cache_control: value(&edge) }
    }
}

/// Header values of an entry, made once and kept with it.
struct Ready {
    etag: HeaderValue,
    content_type: HeaderValue,
    last_modified: Option<HeaderValue>,
    tags: Option<(HeaderValue, HeaderValue, HeaderValue)>,
    /// For clients that take it for a file name: 40 digits, stable per derivative.
    imgix_id: Option<HeaderValue>,
    /// What figures name it by.
    names: OnceLock<Names>,
}

/// What figures name an entry with a body by.
pub(crate) fn names(entry: &Entry, make: impl FnOnce() -> Names) -> Option<&Names> {
    Ready::of(entry).map(|ready| ready.names.get_or_init(make))
}

impl Ready {
    fn of(entry: &Entry) -> Option<&Ready> {
        let ready = entry.prepared.get_or_init(|| Box::new(Ready::make(entry)));
        ready.downcast_ref()
    }

    fn make(entry: &Entry) -> Ready {
        let mut etag = String::from("\"");
        if let Content::Body { digest, .. } = &entry.content {
            digest.0[..16].iter().for_each(|byte| {
                let _ = write!(etag, "{byte:02x}");
            });
        }
        etag.push('"');
        let value = |text: &str| HeaderValue::from_str(text).ok();
        let modified = entry.meta.last_modified.map(|s| httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(s)));
        let octets = HeaderValue::from_static("application/octet-stream");
        Ready {
            etag: value(&etag).unwrap_or(HeaderValue::from_static("\"\"")),
            content_type: value(&entry.meta.content_type).unwrap_or(octets),
            last_modified: modified.and_then(|text| value(&text)),
            tags: tags(entry),
            imgix_id: value(&vendor::imgix_id(&entry.key)),
            names: OnceLock::new(),
        }
    }
}

/// One tag per master, in the three spellings that caches in front read.
fn tags(entry: &Entry) -> Option<(HeaderValue, HeaderValue, HeaderValue)> {
    let mut names: Vec<String> = entry.subject.dependencies.iter().map(|d| format!("m-{:016x}", d.hash.0)).collect();
    names.dedup();
    names.truncate(TAGS);
    let quoted: Vec<String> = names.iter().map(|n| format!("\"{n}\"")).collect();
    Some((
        HeaderValue::from_str(&names.join(" ")).ok()?,
        HeaderValue::from_str(&names.join(",")).ok()?,
        HeaderValue::from_str(&quoted.join(", ")).ok()?,
    ))
}

/// How an entry came to be served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    pub served: Served,
    pub missed: Option<Miss>,
    pub not_stored: Option<NotStored>,
}

impl How {
    pub const MEMORY: How = How { served: Served::Memory, missed: None, not_stored: None };

    pub fn is_hit(self) -> bool {
        matches!(self.served, Served::Memory | Served::Disk | Served::Stale)
    }

    /// Whether a purge has come that this answer does not know of: it may be shown to who waits for it, but whoever kept it
    /// would have it after the purge, which nobody tells him of again.
    fn is_overtaken(self) -> bool {
        use NotStored::{MasterUnstable, Older, PurgedInFlight, TakenDown};
        let overtaken = matches!(self.not_stored, Some(PurgedInFlight | Older | MasterUnstable | TakenDown));
        overtaken || self.served == Served::Stale
    }

    /// RFC 9211.
    fn cache_status(self) -> HeaderValue {
        let text = match self.served {
            Served::Memory => return HeaderValue::from_static("Afterimage; hit; detail=memory"),
            Served::Disk => return HeaderValue::from_static("Afterimage; hit; detail=disk"),
            Served::Stale => return HeaderValue::from_static("Afterimage; hit; detail=stale"),
            Served::Fill | Served::Collapsed => {
                let forward = if self.missed == Some(Miss::Expired) { "stale" } else { "uri-miss" };
                let mut text = format!("Afterimage; fwd={forward}");
                text.push_str(if self.not_stored.is_none() { "; stored" } else { "" });
                text.push_str(if self.served == Served::Collapsed { "; collapsed" } else { "" });
                let detail = self.not_stored.map(NotStored::name).or(self.missed.map(Miss::name));
                if let Some(detail) = detail {
                    let _ = write!(text, "; detail={detail}");
                }
                text
            }
        };
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("Afterimage"))
    }
}

/// The answer for an entry with a body, whole, in part or as 304.
pub(crate) fn picture(
    request: &HeaderMap,
    head_only: bool,
    site: &Site,
    ready_site: &SiteHeaders,
    resolved: &Resolved,
    entry: &Entry,
    how: How,
) -> Response<Full<Bytes>> {
    let (Some(body), Some(ready)) = (entry.body(), Ready::of(entry)) else {
        let problem = Problem::new(500, "no-body", plan::reason::Fault::Us, "the entry has no body");
        return self::problem(&problem, Some(site), how, None);
    };
    let mut response = Response::new(Full::new(Bytes::new()));
    let headers = response.headers_mut();
    headers.reserve(24);
    headers.insert(ETAG, ready.etag.clone());
    if let Some(modified) = &ready.last_modified {
        headers.insert(LAST_MODIFIED, modified.clone());
    }
    let age = unix_now().saturating_sub(entry.meta.stored_at);
    if how.is_overtaken() {
        headers.insert(CACHE_CONTROL, NO_STORE);
        headers.insert(CDN_CACHE_CONTROL, NO_STORE);
    } else if site.passthrough {
        as_the_origin_says(headers, site, entry, how, age);
    } else {
        as_the_site_says(headers, site, ready_site, resolved, entry, age);
    }
    headers.insert(CACHE_STATUS, how.cache_status());
    headers.insert(AGE, HeaderValue::from(age));
    if let Some(fields) = varies(resolved) {
        headers.insert(VARY, fields);
    }
    if let Some((surrogate, cache, groups)) = &ready.tags {
        headers.insert(SURROGATE_KEY, surrogate.clone());
        headers.insert(CACHE_TAG, cache.clone());
        headers.insert(CACHE_GROUPS, groups.clone());
    }
    common(headers);
    if request.contains_key(ORIGIN) {
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    if site.vendor_headers {
        vendor::of_picture(headers, site.dialect, ready.imgix_id.as_ref(), how.is_hit(), &resolved.warnings);
    }

    let validators = Validators {
        etag: ready.etag.to_str().unwrap_or("\"\""),
        last_modified: entry.meta.last_modified,
        stored_at: entry.meta.stored_at,
    };
    if let Some(status) = stand_in_status(resolved, entry) {
        // The URL's own picture is not there: what is sent has no validators of its.
        for name in [ETAG, LAST_MODIFIED] {
            headers.remove(name);
        }
        headers.insert(STAND_IN, HeaderValue::from_static("master-not-found"));
        if status != StatusCode::OK {
            headers.insert(CONTENT_TYPE, ready.content_type.clone());
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            *response.status_mut() = status;
            if !head_only {
                *response.body_mut() = Full::new(body.clone());
            }
            return response;
        }
    } else if conditional::not_modified(request, validators) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CONTENT_TYPE, ready.content_type.clone());
    if entry.meta.content_type.starts_with("image/svg") {
        let sandbox = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(sandbox));
    }
    for (name, value) in &entry.meta.described {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    if let Some(value) = disposition(resolved, entry) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    let length = body.len() as u64;
    let (status, body) = match conditional::part(request, length, validators) {
        Part::Whole => (StatusCode::OK, body.clone()),
        Part::Range(first, last) => {
            let range = format!("bytes {first}-{last}/{length}");
            headers
                .insert(CONTENT_RANGE, HeaderValue::from_str(&range).unwrap_or(HeaderValue::from_static("bytes */*")));
            (StatusCode::PARTIAL_CONTENT, body.slice(first as usize..=last as usize))
        }
        Part::Unsatisfiable => {
            let range = format!("bytes */{length}");
            headers
                .insert(CONTENT_RANGE, HeaderValue::from_str(&range).unwrap_or(HeaderValue::from_static("bytes */*")));
            (StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new())
        }
    };
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.status_mut() = status;
    if !head_only {
        *response.body_mut() = Full::new(body);
    }
    response
}

/// The status of an answer in which another picture stands in for the one that was asked for.
fn stand_in_status(resolved: &Resolved, entry: &Entry) -> Option<StatusCode> {
    let other = resolved.stand_in.as_ref().filter(|_| entry.meta.stands_in)?;
    Some(StatusCode::from_u16(other.status).unwrap_or(StatusCode::NOT_FOUND))
}

/// The header fields of requests by which answers to this URL differ.
fn varies(resolved: &Resolved) -> Option<HeaderValue> {
    if !resolved.listens.any() {
        return resolved.varies.then(|| HeaderValue::from_static("Accept"));
    }
    let fields: Vec<&str> = resolved.varies.then_some("accept").into_iter().chain(resolved.listens.fields()).collect();
    HeaderValue::from_str(&fields.join(", ")).ok()
}

/// How long others may keep a picture: as long as the URL says, or else the site, and no longer than it lives here or its
/// URL does.
fn as_the_site_says(
    headers: &mut HeaderMap,
    site: &Site,
    ready: &SiteHeaders,
    resolved: &Resolved,
    entry: &Entry,
    age: u64,
) {
    if entry.meta.lifetime < resolved.keep.unwrap_or(site.edge_time) {
        // A stopgap.
        headers.insert(CACHE_CONTROL, REVALIDATE);
        vendor::put(headers, CDN_CACHE_CONTROL, &format!("max-age={}", entry.meta.lifetime.as_secs()));
        return;
    }
    let (mut browser, mut edge) = (site.browser_time.as_secs(), site.edge_time.as_secs());
    if let Some(time) = resolved.keep {
        (browser, edge) = (time.as_secs(), time.as_secs());
    }
    if let Some(end) = resolved.expires {
        let left = end.saturating_sub(unix_now());
        (browser, edge) = (browser.min(left), edge.min(left));
    }
    if resolved.keep.is_none() && resolved.expires.is_none() {
        headers.insert(CDN_CACHE_CONTROL, ready.cdn_cache_control.clone());
    } else {
        vendor::put(headers, CDN_CACHE_CONTROL, &format!("max-age={edge}"));
    }
    match &ready.cache_control {
        Some(value) if browser == site.browser_time.as_secs() => drop(headers.insert(CACHE_CONTROL, value.clone())),
        _ if browser == 0 => drop(headers.insert(CACHE_CONTROL, REVALIDATE)),
        // Receivers take `Age` from it.
        _ => vendor::put(headers, CACHE_CONTROL, &format!("public, max-age={}", age.saturating_add(browser))),
    }
}

/// How long others may keep what passed through: never longer than the origin allows, and browsers, which no purge reaches,
/// no longer than the site does.
fn as_the_origin_says(headers: &mut HeaderMap, site: &Site, entry: &Entry, how: How, age: u64) {
    if matches!(how.not_stored, Some(NotStored::OriginForbids | NotStored::Varies)) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        return;
    }
    let (fresh, browser) = (entry.meta.lifetime.as_secs(), site.browser_time.as_secs());
    let allowed = entry.meta.browser_lifetime.map_or(fresh, |allowed| allowed.as_secs());
    if browser == 0 || allowed == 0 {
        headers.insert(CACHE_CONTROL, REVALIDATE);
    } else {
        // Receivers take `Age` from it.
        vendor::put(headers, CACHE_CONTROL, &format!("public, max-age={}", (age + browser).min(allowed)));
    }
    vendor::put(headers, CDN_CACHE_CONTROL, &format!("max-age={fresh}"));
}

/// The answer for an error. `keep` is how long caches in front may keep it.
pub(crate) fn problem(
    problem: &Problem,
    site: Option<&Site>,
    how: How,
    keep: Option<Duration>,
) -> Response<Full<Bytes>> {
    let body = problem.body();
    let mut response = Response::new(Full::new(Bytes::new()));
    let status = match site {
        Some(site) if site.vendor_errors => vendor::status(site.dialect, problem),
        _ => problem.status,
    };
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    common(headers);
    headers.insert(CACHE_STATUS, how.cache_status());
    let keep = keep.map_or(0, |k| k.as_secs());
    if keep == 0 {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    } else {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        vendor::put(headers, CDN_CACHE_CONTROL, &format!("max-age={keep}"));
    }
    if let Some(seconds) = problem.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(site) = site.filter(|s| s.vendor_headers) {
        vendor::of_problem(headers, site.dialect, problem);
    }
    *response.body_mut() = Full::new(body);
    response
}

fn common(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(TIMING_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// `attachment` with a name: ASCII in `filename`, and the exact one in `filename*` (RFC 6266).
fn disposition(resolved: &Resolved, entry: &Entry) -> Option<HeaderValue> {
    let Disposition::Attachment(name) = &resolved.disposition else { return None };
    let name = name.clone().unwrap_or_else(|| {
        let base = resolved.base_name();
        let format = Format::ALL.into_iter().find(|f| f.content_type() == entry.meta.content_type);
        match (format, base.rsplit_once('.')) {
            (Some(format), Some((stem, _))) => format!("{stem}.{}", format.extension()),
            (Some(format), None) => format!("{base}.{}", format.extension()),
            (None, _) => base.to_owned(),
        }
    });
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\') || c == ' ' { c } else { '_' })
        .collect();
    let mut text = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        text.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            let _ = match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => write!(text, "{}", byte as char),
                _ => write!(text, "%{byte:02X}"),
            };
        }
    }
    HeaderValue::from_str(&text).ok()
}

pub(crate) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
