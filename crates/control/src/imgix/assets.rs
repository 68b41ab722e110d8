//! imgix's assets: masters that were used, and originals looked at one by one.

use std::sync::Arc;

use axum::extract::State;
use dialect::Asset;
use engine::{Described, Engine, Listed, Original, Wanted};
use http::{HeaderMap, Uri};
use plan::Selector;
use purge::{CatalogueError, Tier, Via};
use serde_json::{Value, json};

use super::document::{Listing, Problem, Resource, caller, envelope, finish};
use super::query::{Filters, Page, Query, sort};
use super::sources;
use crate::act::{Failed, Named};
use crate::auth::{Caller, Right};
use crate::plane::Plane;
use crate::reach::Reach;
use crate::reply::Reply;
use crate::server::{From, Segment, Segments};

const FILTERS: [&str; 10] = [
    "categories",
    "colors*",
    "custom:*",
    "face_count",
    "has_frames",
    "keyword*",
    "media_kind",
    "origin_path",
    "tags",
    "content_type",
];
const ORDERS: [&str; 5] = ["origin_path", "name", "date_created", "date_modified", "file_size"];
/// Masters read from the catalogue at once.
const PAGE: usize = 1000;
/// Masters that one request looks at. A cursor leads on from there.
const MOST: usize = 100_000;

/// `GET /api/v1/sources/{id}/assets`, and `GET /api/v1/assets/{id}` before it.
pub(crate) async fn list(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
    uri: Uri,
) -> Reply {
    let outcome = async {
        let caller = caller(&plane, &headers, &from, Right::Read)?;
        let (site, _) = sources::find(&plane, &caller, &id)?;
        let query = Query::read(uri.query());
        let (page, by) = (query.page()?, query.sort(&ORDERS)?);
        let wanted = Wanting { site, source: id, filters: query.filters(&FILTERS)? };
        let listing = match &page {
            Page::Number { number, size } => {
                let mut all = look(&plane, &caller, wanted, None, usize::MAX).await?.found;
                sort(&mut all, &by);
                Listing::of(all, *number, *size)
            }
            Page::Cursor { .. } if !by.is_empty() => {
                return Err(Problem::parameter("sort goes with page[number]: behind a cursor there is one order"));
            }
            Page::Cursor { cursor, limit } => behind(&plane, &caller, wanted, cursor.as_deref(), *limit).await?,
        };
        Ok(listing.document(&caller, &headers, &uri, &query, &page))
    };
    finish(&plane, outcome.await)
}

/// `GET /api/v1/sources/{id}/assets/{*path}`: the original is fetched, or taken from the store of originals, and looked at.
pub(crate) async fn show(
    State(plane): State<Arc<Plane>>,
    Segments(id, path): Segments,
    from: From,
    headers: HeaderMap,
    uri: Uri,
) -> Reply {
    let outcome = async {
        let caller = caller(&plane, &headers, &from, Right::Read)?;
        let asset = read(&plane, &caller, &id, &path).await?;
        Ok(envelope(&caller, asset.shown(&Query::read(uri.query()))))
    };
    finish(&plane, outcome.await)
}

/// `POST /api/v1/sources/{id}/assets/add/{*path}` and `…/assets/refresh/{*path}`. An asset is added by having its original
/// fetched; refreshed, it is purged before that.
pub(crate) async fn act(
    State(plane): State<Arc<Plane>>,
    Segments(id, path): Segments,
    from: From,
    headers: HeaderMap,
) -> Reply {
    let outcome = async {
        let (verb, path) = path.split_once('/').unwrap_or((path.as_str(), ""));
        let right = match verb {
            "add" => Right::Warm,
            "refresh" => Right::Purge,
            _ => {
                caller(&plane, &headers, &from, Right::Read)?;
                let detail = "POST goes to assets/add/<path> or assets/refresh/<path>";
                return Err(Problem::new(405, "Method Not Allowed", detail));
            }
        };
        let caller = caller(&plane, &headers, &from, right)?;
        let mut purge = None;
        if right == Right::Purge {
            let (site, _) = sources::find(&plane, &caller, &id)?;
            let said = format!("{id}/{path}");
            let asset = Asset::Path(path.trim_start_matches('/').to_owned());
            let named = Named::new(&said, Wanted::Asset { site, source: None, asset, said: said.clone() });
            let receipt = plane.purge(&caller, Via::Imgix, vec![named]).await.map_err(|e| Problem::of(&e, 400))?;
            purge = Some(receipt.record.id.to_string());
        }
        let asset = read(&plane, &caller, &id, path).await?;
        let mut document = envelope(&caller, asset.shown(&Query::read(None)));
        if let Some(purge) = purge {
            document["meta"]["purge_id"] = json!(purge);
        }
        Ok(document)
    };
    finish(&plane, outcome.await)
}

/// Which masters a list has.
struct Wanting {
    site: usize,
    source: String,
    filters: Filters,
}

/// What a look through the catalogue brought.
struct Found {
    found: Vec<Resource>,
    /// Where each of them stands.
    places: Vec<u64>,
    /// Where to go on, if it did not come to the end.
    next: Option<u64>,
}

/// Looks through the catalogue, from a place, for so many assets.
async fn look(
    plane: &Arc<Plane>,
    caller: &Caller,
    wanted: Wanting,
    after: Option<u64>,
    most: usize,
) -> Result<Found, Problem> {
    let (engine, caller) = (plane.engine.clone(), caller.clone());
    let look = move || {
        let reach = Reach::of(&engine, &caller).map_err(|error| Failed::Naming { number: 0, error })?;
        Ok(through(&engine, &reach, &wanted, after, most)?)
    };
    let looked = tokio::task::spawn_blocking(look).await.unwrap_or(Err(Failed::Lost));
    looked.map_err(|failed: Failed| Problem::of(&failed, 400))
}

fn through(
    engine: &Engine,
    reach: &Reach,
    wanted: &Wanting,
    mut after: Option<u64>,
    most: usize,
) -> Result<Found, CatalogueError> {
    let (mut found, mut places) = (Vec::new(), Vec::new());
    for _ in 0..MOST / PAGE {
        let (page, next) = engine.list_masters(wanted.site, after, PAGE)?;
        for listed in page.into_iter().filter(|listed| reach.covers(&Selector::Master(listed.known.id.clone()))) {
            let asset = of_catalogue(&wanted.source, &listed);
            if !wanted.filters.hold(&asset) {
                continue;
            }
            if found.len() == most {
                return Ok(Found { found, next: places.last().copied(), places });
            }
            found.push(asset);
            places.push(listed.known.place);
        }
        after = next;
        if next.is_none() {
            break;
        }
    }
    Ok(Found { found, places, next: after })
}

/// What follows a cursor. It says where to go on, and how many there were when the first page was asked for, since counting
/// them means looking through all.
async fn behind(
    plane: &Arc<Plane>,
    caller: &Caller,
    wanted: Wanting,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Listing, Problem> {
    let Some(cursor) = cursor else {
        let all = look(plane, caller, wanted, None, usize::MAX).await?;
        let total = all.found.len();
        let more = total > limit;
        let next = if more { limit.checked_sub(1).and_then(|last| all.places.get(last).copied()) } else { all.next };
        let shown = all.found.into_iter().take(limit).collect();
        return Ok(Listing { shown, total, next: next.map(|place| format!("{place:016x}.{total}")) });
    };
    let read = cursor
        .split_once('.')
        .and_then(|(place, total)| Some((u64::from_str_radix(place, 16).ok()?, total.parse::<usize>().ok()?)));
    let (place, total) = read.ok_or_else(|| Problem::parameter("page[cursor] is no cursor of ours"))?;
    let Found { found, next, .. } = look(plane, caller, wanted, Some(place), limit).await?;
    Ok(Listing { shown: found, total, next: next.map(|place| format!("{place:016x}.{total}")) })
}

/// An asset after a look at its original.
async fn read(plane: &Arc<Plane>, caller: &Caller, id: &str, path: &str) -> Result<Resource, Problem> {
    let (site, _) = sources::find(plane, caller, id)?;
    let path = path.trim_start_matches('/');
    let asset = Asset::Path(path.to_owned());
    let engine = &plane.engine;
    // A key that is bound to folders sees no others.
    let wanted = Wanted::Asset { site, source: None, asset: asset.clone(), said: path.to_owned() };
    plane.name(caller, vec![Named::new(path, wanted)]).await.map_err(|failed| Problem::of(&failed, 404))?;
    let original = engine.original(site, None, &asset).await.map_err(|failure| Problem::of_original(&failure))?;
    let described = match engine.describe(original.bytes.clone()).await {
        Ok(described) => Some(described),
        // Too many wait, or we failed: ask again. Anything else is a verdict on the file.
        Err(failure) if failure.status >= 500 => return Err(Problem::of_original(&failure)),
        Err(_) => None,
    };
    Ok(of_original(id, path, &original, described.as_ref()))
}

fn of_original(source: &str, path: &str, original: &Original, described: Option<&Described>) -> Resource {
    let info = described.map(|described| &described.said.info);
    let kind = media_kind(&original.content_type, info.map_or(1, |info| info.frames));
    let turned = info.is_some_and(|info| info.orientation >= 5);
    let size = info.map(|info| if turned { (info.height, info.width) } else { (info.width, info.height) });
    let attributes = json!({
        "media_kind": described.map(|_| kind),
        "media_width": size.map(|(width, _)| width),
        "media_height": size.map(|(_, height)| height),
        "file_size": original.bytes.len(),
        "content_type": original.content_type,
        "has_frames": info.is_some_and(|info| info.frames > 1),
    });
    resource(source, path, attributes)
}

/// Of what the catalogue says: sizes are known of originals that are stored.
fn of_catalogue(source: &str, listed: &Listed) -> Resource {
    let row = &listed.known.row;
    let held = (listed.known.tier == Tier::Masters).then_some(row);
    let attributes = json!({
        "media_kind": held.map_or_else(|| kind_of_name(&listed.path), |row| Some(media_kind(&row.content_type, 1))),
        "media_width": null,
        "media_height": null,
        "file_size": held.map(|row| row.size),
        "content_type": held.map(|row| row.content_type.as_str()),
        "date_created": row.stored_at,
        "date_modified": row.stored_at,
    });
    resource(source, &listed.path, attributes)
}

fn resource(source: &str, path: &str, more: Value) -> Resource {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut attributes = json!({
        "origin_path": format!("/{path}"),
        "name": name,
        "description": null,
        "tags": [],
        "categories": [],
        "custom_fields": {},
        "colors": { "dominant_colors": {} },
    });
    if let (Value::Object(attributes), Value::Object(more)) = (&mut attributes, more) {
        attributes.extend(more);
    }
    Resource { kind: "assets", id: format!("{source}/{path}"), attributes }
}

fn media_kind(content_type: &str, frames: u32) -> &'static str {
    match content_type {
        "application/pdf" => "DOCUMENT",
        "image/svg+xml" => "VECTOR",
        _ if frames > 1 => "ANIMATION",
        _ => "IMAGE",
    }
}

/// What a master is by its name, where nothing better is known.
fn kind_of_name(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" | "jpe" | "png" | "webp" | "avif" | "gif" | "heic" | "heif" | "bmp" | "tif" | "tiff" | "jxl"
        | "ico" => Some("IMAGE"),
        "svg" => Some("VECTOR"),
        "pdf" => Some("DOCUMENT"),
        _ => None,
    }
}
