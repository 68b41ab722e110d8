//! The dashboard at `/dashboard/`: files that the build embeds. They hold no data and need no key; what they show they get from
//! the native API, under a key or session.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use rust_embed::RustEmbed;

use crate::pages;
use crate::plane::Plane;

/// Where it is.
const PATH: &str = "/dashboard/";
/// The page that every address of it is answered with; which one is shown, its script decides.
const INDEX: &str = "index.html";
/// Below this folder a file's name has a hash of its content in it.
const HASHED: &str = "assets/";
/// What the front end's build wrote beside each file that is worth it, best first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];
const NOT_BUILT: &str = include_str!("dashboard/not-built.html");
/// Hosts of sites that the policy names one by one; past it, pictures from anywhere are let in.
const MOST_HOSTS: usize = 64;
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
const NOTHING: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), \
                       midi=(), payment=(), usb=()";

#[derive(RustEmbed)]
#[folder = "../../dashboard/dist"]
struct Dist;

/// A file of the front end.
struct File {
    bytes: Cow<'static, [u8]>,
    hash: [u8; 32],
}

/// Where files come from.
type Files = fn(&str) -> Option<File>;

fn embedded(name: &str) -> Option<File> {
    let file = Dist::get(name)?;
    Some(File { hash: file.metadata.sha256_hash(), bytes: file.data })
}

/// Its pages and files, and what leads there.
pub(crate) fn routes() -> Router<Arc<Plane>> {
    Router::new()
        .route("/dashboard", get(|| async { Redirect::permanent(PATH) }).fallback(pages::not_allowed))
        .route(PATH, get(show).fallback(pages::not_allowed))
        .route("/dashboard/{*path}", get(show).fallback(pages::not_allowed))
}

/// `GET /`: the dashboard for browsers, and for others a list of what is here.
pub(crate) async fn root(State(plane): State<Arc<Plane>>, headers: HeaderMap) -> Response {
    let browser = listed(&headers, &ACCEPT).any(|(name, weight)| name == "text/html" && weight > 0.0);
    let mut response =
        if browser { Redirect::to(PATH).into_response() } else { pages::index(State(plane)).await.into_response() };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response
}

async fn show(State(plane): State<Arc<Plane>>, uri: Uri, headers: HeaderMap) -> Response {
    let mut response = answer(embedded, uri.path().strip_prefix(PATH).unwrap_or_default(), &headers);
    let fields = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy(&plane)) {
        fields.insert(CONTENT_SECURITY_POLICY, policy);
    }
    fields.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    fields.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    fields.insert(PERMISSIONS, HeaderValue::from_static(NOTHING));
    response
}

/// A file, or the one page where no file is meant.
fn answer(files: Files, path: &str, headers: &HeaderMap) -> Response {
    let last = path.rsplit('/').next().unwrap_or_default();
    // An id of a page may hold a dot; a file's name ends in a kind that we have.
    let names_file = path.starts_with(HASHED) || media_type(last).is_some();
    let name = if names_file { path } else { INDEX };
    let compressed = ENCODINGS.iter().find_map(|(coding, ending)| {
        let file = accepts(headers, coding).then(|| files(&format!("{name}{ending}"))).flatten()?;
        Some((file, Some(*coding)))
    });
    let found = compressed.or_else(|| Some((files(name)?, None)));
    match (found, files(INDEX)) {
        (Some((file, coding)), _) => send(name, file, coding, headers),
        (None, Some(_)) => {
            let text = "no such file: it may belong to another version; load the page anew\n";
            (StatusCode::NOT_FOUND, [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-store")], text)
                .into_response()
        }
        (None, None) => {
            let fields = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-store")];
            (StatusCode::SERVICE_UNAVAILABLE, fields, NOT_BUILT).into_response()
        }
    }
}

fn send(name: &str, file: File, coding: Option<&'static str>, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", file.hash[..12].iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let mut response = if unchanged(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(file.bytes));
        let kind = HeaderValue::from_static(media_type(name).unwrap_or("application/octet-stream"));
        response.headers_mut().insert(CONTENT_TYPE, kind);
        if let Some(coding) = coding {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        response
    };
    let fields = response.headers_mut();
    let lasting = if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    fields.insert(CACHE_CONTROL, HeaderValue::from_static(lasting));
    fields.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        fields.insert(ETAG, tag);
    }
    response
}

fn media_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

/// Whether the client has this already.
fn unchanged(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).any(|one| one.trim().trim_start_matches("W/") == tag || one.trim() == "*")
}

fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    listed(headers, &ACCEPT_ENCODING).any(|(name, weight)| name.eq_ignore_ascii_case(coding) && weight > 0.0)
}

/// The members of a header that is a list, each with its weight.
fn listed<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = (&'h str, f32)> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|member| {
        let (name, parameters) = member.split_once(';').unwrap_or((member, ""));
        let weight = parameters.split(';').find_map(|p| p.trim().strip_prefix("q=")?.trim().parse().ok());
        (name.trim(), weight.unwrap_or(1.0))
    })
}

/// What its pages may load: their own files and API, and pictures of the public plane, also by script: the playground measures
/// what clients with other `Accept`s get. No script or style is inline.
fn policy(plane: &Plane) -> String {
    let mut pictures = vec![plane.public.trim_end_matches('/').to_owned()];
    let mut hosts: Vec<&str> =
        plane.engine.sites().iter().flat_map(|site| site.hosts.iter().map(String::as_str)).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let plain = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.*[]:_".contains(&b));
    if hosts.len() > MOST_HOSTS {
        pictures.push("http: https:".to_owned());
    } else {
        pictures.extend(hosts.into_iter().filter(plain).map(|host| format!("http://{host}:* https://{host}:*")));
    }
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: {0}; connect-src 'self' {0}; \
         font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        pictures.join(" ")
    )
}

#[cfg(test)]
#[path = "dashboard/tests.rs"]
mod tests;
