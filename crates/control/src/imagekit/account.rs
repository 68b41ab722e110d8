//! ImageKit's account as far as a self-hosted server has one: usage, URL endpoints, origins and named transformations, all
//! told from the configuration, which alone changes them.

use std::sync::Arc;

use axum::extract::State as Shared;
use engine::{DialectKind, Origin, Site};
use http::{HeaderMap, Method, Uri};
use plan::Digest;
use serde_json::{Value, json};

use super::{Problem, caller, finish, parameter};
use crate::auth::{Caller, Right};
use crate::clock::{now_ms, parse_rfc3339, rfc3339};
use crate::metrics;
use crate::plane::Plane;
use crate::reply::Reply;
use crate::server::{From, Segment};

const DAY_MS: u64 = 86_400_000;
/// Days of which usage is told at once, fewer than this.
const LONGEST: u64 = 90;

/// `GET /v1/accounts/usage?startDate&endDate`. Bytes sent are counted since the process started; of days before that nothing
/// is known.
pub(crate) async fn usage(Shared(plane): Shared<Arc<Plane>>, from: From, headers: HeaderMap, uri: Uri) -> Reply {
    let outcome = || {
        caller(&plane, &headers, &from, Right::Read)?;
        let day = |name: &str| {
            let text = parameter(&uri, name).unwrap_or_default();
            let at = (text.len() == 10).then(|| parse_rfc3339(&format!("{text}T00:00:00Z"))).flatten();
            at.ok_or_else(|| Problem::new(400, format!("{name} must be a date of the form YYYY-MM-DD.")))
        };
        let (start, end) = (day("startDate")?, day("endDate")?);
        if end <= start {
            return Err(Problem::new(400, "endDate must be after startDate."));
        }
        if end - start >= LONGEST * DAY_MS {
            return Err(Problem::new(400, "The difference between startDate and endDate must be less than 90 days."));
        }
        let now = now_ms();
        let sent = if start <= now && plane.began < end { metrics::bytes_sent(&plane) } else { 0 };
        let (_, masters) = plane.engine.disk_bytes();
        let body = json!({
            "bandwidthBytes": sent,
            "mediaLibraryStorageBytes": 0,
            "videoProcessingUnitsCount": 0,
            "extensionUnitsCount": 0,
            "originalCacheStorageBytes": masters,
        });
        Ok((200, body))
    };
    finish(&plane, &from, outcome())
}

/// `GET /v1/accounts/url-endpoints`.
pub(crate) async fn endpoints(Shared(plane): Shared<Arc<Plane>>, from: From, headers: HeaderMap) -> Reply {
    list(&plane, &from, &headers, all_endpoints)
}

/// `GET /v1/accounts/url-endpoints/{id}`.
pub(crate) async fn endpoint(
    Shared(plane): Shared<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
) -> Reply {
    one(&plane, &from, &headers, &id, all_endpoints)
}

/// `GET /v1/accounts/origins`.
pub(crate) async fn origins(Shared(plane): Shared<Arc<Plane>>, from: From, headers: HeaderMap) -> Reply {
    list(&plane, &from, &headers, all_origins)
}

/// `GET /v1/accounts/origins/{id}`.
pub(crate) async fn origin(
    Shared(plane): Shared<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
) -> Reply {
    one(&plane, &from, &headers, &id, all_origins)
}

/// `GET /v1/named-transformations`.
pub(crate) async fn transformations(Shared(plane): Shared<Arc<Plane>>, from: From, headers: HeaderMap) -> Reply {
    list(&plane, &from, &headers, all_transformations)
}

/// `GET /v1/named-transformations/{id}`.
pub(crate) async fn transformation(
    Shared(plane): Shared<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
) -> Reply {
    one(&plane, &from, &headers, &id, all_transformations)
}

/// What would change any of these.
pub(crate) async fn refuse(
    Shared(plane): Shared<Arc<Plane>>,
    from: From,
    headers: HeaderMap,
    method: Method,
    uri: Uri,
) -> Reply {
    let outcome = || {
        caller(&plane, &headers, &from, Right::Read)?;
        let owner = match uri.path() {
            path if path.contains("/origins") => "Origins are [source] tables",
            path if path.contains("/named-transformations") => "Named transformations are the presets of a [[site]]",
            _ => "URL endpoints are [[site]] tables",
        };
        let message = format!("{method} is not allowed. {owner} of Afterimage's configuration file: change it there.");
        Err(Problem::new(403, message))
    };
    finish(&plane, &from, outcome())
}

type All = fn(&Plane, &Caller) -> Vec<Value>;

fn list(plane: &Plane, from: &From, headers: &HeaderMap, all: All) -> Reply {
    let outcome = caller(plane, headers, from, Right::Read);
    finish(plane, from, outcome.map(|caller| (200, Value::Array(all(plane, &caller)))))
}

fn one(plane: &Plane, from: &From, headers: &HeaderMap, id: &str, all: All) -> Reply {
    let outcome = caller(plane, headers, from, Right::Read).and_then(|caller| {
        let found = all(plane, &caller).into_iter().find(|one| one["id"] == id);
        found.map(|one| (200, one)).ok_or_else(|| Problem::new(404, format!("There is nothing with the id {id:?}.")))
    });
    finish(plane, from, outcome)
}

fn sites<'p>(plane: &'p Plane, caller: &'p Caller) -> impl Iterator<Item = (usize, &'p Site)> {
    let all = plane.engine.sites().iter().enumerate();
    all.filter(|(_, site)| site.dialect == DialectKind::Imagekit && caller.scope.holds(&site.name))
}

/// Sites as URL endpoints. What stands behind the account's id is the prefix; the first without one is the default endpoint.
fn all_endpoints(plane: &Plane, caller: &Caller) -> Vec<Value> {
    let mut had_default = false;
    let endpoint = |(number, site): (usize, &Site)| {
        let prefix = site.grammar.endpoint.split_once('/').map_or("", |(_, prefix)| prefix);
        let is_default = prefix.is_empty() && !had_default;
        had_default |= is_default;
        let origins: Vec<String> = plane.engine.origins(number).iter().map(origin_id).collect();
        let shown = if site.hosts.is_empty() {
            site.prefix.clone()
        } else {
            format!("{}{}", site.hosts.join(", "), site.prefix)
        };
        json!({
            "id": if is_default { "default".to_owned() } else { id("url endpoint", &site.name) },
            "description": format!("{} at {shown}", site.name),
            "origins": origins,
            "urlPrefix": prefix,
        })
    };
    sites(plane, caller).map(endpoint).collect()
}

fn all_origins(plane: &Plane, caller: &Caller) -> Vec<Value> {
    let mut seen: Vec<Origin> = Vec::new();
    for origin in sites(plane, caller).flat_map(|(number, _)| plane.engine.origins(number)) {
        if !seen.contains(&origin) {
            seen.push(origin);
        }
    }
    let folder = |origin: &Origin| origin.location.as_str().replacen("file:", "file://", 1);
    let shown = seen.iter().map(|origin| {
        json!({
            "id": origin_id(origin),
            "name": origin.name,
            "type": "WEB_FOLDER",
            "baseUrl": origin.base.clone().unwrap_or_else(|| folder(origin)),
            "forwardHostHeaderToOrigin": false,
            "includeCanonicalHeader": false,
        })
    });
    shown.collect()
}

/// A name that several sites have is listed once for each of them.
fn all_transformations(plane: &Plane, caller: &Caller) -> Vec<Value> {
    let of_site = |(_, site): (usize, &Site)| {
        let presets = site.grammar.presets.iter().map(|(name, preset)| {
            json!({
                "id": id("named transformation", &format!("{} {name}", site.name)),
                "name": name,
                "transformation": preset.text,
                "enabled": preset.enabled,
                "createdAt": rfc3339(plane.began),
            })
        });
        presets.collect::<Vec<Value>>()
    };
    sites(plane, caller).flat_map(of_site).collect()
}

fn origin_id(origin: &Origin) -> String {
    id("origin", &origin.name)
}

/// 24 digits, as the vendor's ids have; the same as long as the name stays.
fn id(of: &str, name: &str) -> String {
    Digest::of(format!("imagekit {of} {name}").as_bytes()).0.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}
