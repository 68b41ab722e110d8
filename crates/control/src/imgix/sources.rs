//! imgix's sources and reports: sites of that dialect, as the configuration has them.

use std::sync::Arc;

use axum::extract::State;
use dialect::{Asset, Policy, text};
use engine::{DialectKind, Origin, Site};
use http::{HeaderMap, Method, Uri};
use plan::Digest;
use serde_json::{Map, Value, json};

use super::document::{Listing, Problem, Resource, caller, envelope, finish};
use super::query::{Page, Query, sort};
use crate::auth::{Caller, Right};
use crate::imageboss;
use crate::plane::Plane;
use crate::reply::Reply;
use crate::server::{From, Segment};

const FILTERS: [&str; 4] = ["name", "enabled", "deployment_status", "deployment.*"];
const ORDERS: [&str; 3] = ["date_deployed", "enabled", "name"];

/// `GET /api/v1/sources`. ImageBoss has the same path: its key field says whose sources are meant.
pub(crate) async fn list(State(plane): State<Arc<Plane>>, from: From, headers: HeaderMap, uri: Uri) -> Reply {
    if imageboss::sources::are_meant(&headers) {
        return imageboss::sources::list_for(&plane, &from, &headers);
    }
    let outcome = || {
        let caller = caller(&plane, &headers, &from, Right::Read)?;
        let query = Query::read(uri.query());
        let (filters, by) = (query.filters(&FILTERS)?, query.sort(&ORDERS)?);
        let all = sites(&plane, &caller).map(|(number, site)| resource(&plane, number, site));
        let mut all: Vec<Resource> = all.filter(|source| filters.hold(source)).collect();
        sort(&mut all, &by);
        let page = query.page()?;
        let (number, size) = match &page {
            Page::Number { number, size } => (*number, *size),
            // There are as many as there are sites: a cursor is the number of the next.
            Page::Cursor { cursor, limit } => {
                let from: usize = match cursor {
                    None => 0,
                    Some(cursor) => {
                        cursor.parse().map_err(|_| Problem::parameter("page[cursor] is no cursor of ours"))?
                    }
                };
                let total = all.len();
                let shown: Vec<Resource> = all.into_iter().skip(from).take(*limit).collect();
                let next = from.saturating_add(shown.len());
                let next = (next < total).then(|| next.to_string());
                return Ok(Listing { shown, total, next }.document(&caller, &headers, &uri, &query, &page));
            }
        };
        Ok(Listing::of(all, number, size).document(&caller, &headers, &uri, &query, &page))
    };
    finish(&plane, outcome())
}

/// `GET /api/v1/sources/{id}`.
pub(crate) async fn show(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
    uri: Uri,
) -> Reply {
    if imageboss::sources::are_meant(&headers) {
        return imageboss::sources::show_for(&plane, &from, &headers, &id);
    }
    let outcome = || {
        let caller = caller(&plane, &headers, &from, Right::Read)?;
        let (number, site) = find(&plane, &caller, &id)?;
        Ok(envelope(&caller, resource(&plane, number, site).shown(&Query::read(uri.query()))))
    };
    finish(&plane, outcome())
}

/// What would change a source, or files in it: the configuration owns the one, the origin the other.
pub(crate) async fn refuse(
    State(plane): State<Arc<Plane>>,
    from: From,
    headers: HeaderMap,
    method: Method,
    uri: Uri,
) -> Reply {
    if imageboss::sources::are_meant(&headers) {
        return imageboss::sources::refuse_for(&plane, &from, &headers);
    }
    let outcome = || {
        caller(&plane, &headers, &from, Right::Read)?;
        let path = uri.path();
        let detail = if path.contains("/upload") {
            "Uploads are not taken: put the file where the source reads from, then purge or refresh it."
        } else if path.contains("/publish") || path.contains("/unpublish") {
            "Assets are not published one by one: what the origin has is served. A takedown (POST /v1/purges with mode \
             takedown) withholds a picture."
        } else if path.contains("/assets/") {
            "Nothing is stored about an asset that could be changed: what is told is read from its file."
        } else {
            "Sources are [[site]] tables of Afterimage's configuration file: change it there and start again."
        };
        Err(Problem::new(403, "Forbidden", format!("{method} is not allowed. {detail}")))
    };
    finish(&plane, outcome())
}

/// `GET /api/v1/reports`: there are none.
pub(crate) async fn reports(State(plane): State<Arc<Plane>>, from: From, headers: HeaderMap, uri: Uri) -> Reply {
    let outcome = || {
        let caller = caller(&plane, &headers, &from, Right::Read)?;
        let query = Query::read(uri.query());
        query.sort(&["period_end", "period_start", "report_key", "report_type"])?;
        let page = query.page()?;
        Ok(Listing { shown: Vec::new(), total: 0, next: None }.document(&caller, &headers, &uri, &query, &page))
    };
    finish(&plane, outcome())
}

/// `GET /api/v1/reports/{id}`.
pub(crate) async fn report(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
) -> Reply {
    let outcome = || {
        caller(&plane, &headers, &from, Right::Read)?;
        Err(Problem::unknown("report", &id))
    };
    finish(&plane, outcome())
}

/// The imgix sites that a caller reaches, with their numbers.
fn sites<'p>(plane: &'p Plane, caller: &'p Caller) -> impl Iterator<Item = (usize, &'p Site)> {
    let all = plane.engine.sites().iter().enumerate();
    all.filter(|(_, site)| site.dialect == DialectKind::Imgix && caller.scope.holds(&site.name))
}

/// The site of a source's id.
pub(super) fn find<'p>(plane: &'p Plane, caller: &'p Caller, id: &str) -> Result<(usize, &'p Site), Problem> {
    sites(plane, caller).find(|(_, site)| self::id(site) == id).ok_or_else(|| Problem::unknown("source", id))
}

/// 24 digits, as the vendor's ids have; the same as long as the site keeps its name.
pub(super) fn id(site: &Site) -> String {
    let digest = Digest::of(format!("imgix source {}", site.name).as_bytes());
    digest.0.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// A site as a source. Secrets are not shown, not even where the vendor does.
fn resource(plane: &Plane, number: usize, site: &Site) -> Resource {
    let origins = plane.engine.origins(number);
    let asset = |asset: &Asset| match asset {
        Asset::Path(path) => format!("/{path}"),
        Asset::Url(url) => url.clone(),
    };
    let kept = site.edge_time.as_secs();
    let mut deployment = json!({
        "annotation": annotation(&origins),
        "type": "webfolder",
        "allows_upload": false,
        "cache_ttl_behavior": "override_origin",
        "cache_ttl_value": kept,
        "cache_ttl_error": plane.engine.error_time().as_secs(),
        "crossdomain_xml_enabled": false,
        "custom_domains": site.hosts,
        "imgix_subdomains": [],
        "default_params": default_params(&site.grammar.defaults),
        "image_error": null,
        "image_error_append_qs": false,
        "image_missing": site.missing.picture.as_ref().map(asset),
        "image_missing_append_qs": false,
        "secure_url_enabled": site.signing.policy == Policy::Required,
        "path_prefix": site.prefix,
    });
    if let Some(first) = origins.first() {
        deployment["webfolder_base_url"] = json!(base(first));
    }
    let attributes = json!({
        "name": site.name,
        "enabled": true,
        "date_deployed": plane.began / 1000,
        "deployment_status": "deployed",
        "deployment": deployment,
    });
    Resource { kind: "sources", id: id(site), attributes }
}

/// Where a source's masters lie, as a URL.
fn base(origin: &Origin) -> String {
    let folder = || origin.location.as_str().replacen("file:", "file://", 1);
    origin.base.clone().unwrap_or_else(folder)
}

fn annotation(origins: &[Origin]) -> String {
    let names: Vec<&str> = origins.iter().map(|origin| origin.name.as_str()).collect();
    match names.as_slice() {
        [] => "no source".to_owned(),
        [one] => format!("reads from {one}"),
        several => format!("reads from {}, in this order", several.join(", ")),
    }
}

fn default_params(query: &str) -> Value {
    let pair = |(name, value): (&str, Option<&str>)| {
        Some((text::decode_query(name)?, Value::String(text::decode_query(value.unwrap_or_default())?)))
    };
    Value::Object(text::pairs(query).filter_map(pair).collect::<Map<_, _>>())
}
