//! `GET /v1/masters`: originals that are known, and the files of folders.

use std::sync::Arc;

use axum::extract::{Query, State};
use engine::{Engine, ListedFile, Spelled};
use http::HeaderMap;
use purge::Tier;
use serde_json::{Value, json};

use super::explain::unnamed;
use super::list::Reader;
use super::{Parameters, caller, problem};
use crate::act::Failed;
use crate::auth::{Caller, Right};
use crate::clock::rfc3339;
use crate::plane::Plane;
use crate::reach::Reach;
use crate::reply::{Problem, Reply};
use crate::server::From;

const PARAMETERS: &[&str] = &["site", "after", "limit", "search"];
/// Masters of the catalogue that one answer looks at.
const MOST_LOOKED_AT: usize = 20_000;
/// Read from the catalogue at once.
const PAGE: usize = 1000;
/// Media types by extension: what a file is called, not what it is.
const KINDS: [(&str, &str); 15] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("gif", "image/gif"),
    ("svg", "image/svg+xml"),
    ("pdf", "application/pdf"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("bmp", "image/bmp"),
    ("ico", "image/vnd.microsoft.icon"),
    ("jxl", "image/jxl"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
];

/// Where a list goes on: among the files of a folder, then among what the catalogue knows.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Behind a path in one of the site's sources.
    File(usize, String),
    /// Behind a place in the catalogue's order.
    Known(Option<u64>),
}

impl Place {
    fn read(text: &str) -> Option<Place> {
        if text.is_empty() {
            return Some(Place::File(0, String::new()));
        }
        match text.split_once(':')? {
            ("known", "") => Some(Place::Known(None)),
            ("known", place) => Some(Place::Known(Some(place.parse().ok()?))),
            ("file", rest) => {
                let (source, path) = rest.split_once(':')?;
                Some(Place::File(source.parse().ok()?, path.to_owned()))
            }
            _ => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Place::Known(place) => format!("known:{}", place.map(|place| place.to_string()).unwrap_or_default()),
            Place::File(source, path) => format!("file:{source}:{path}"),
        }
    }
}

/// `GET /v1/masters`. `next` is the `after` of the following page; null when there is none.
pub(crate) async fn list(
    State(plane): State<Arc<Plane>>,
    Query(query): Parameters,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    let read = Reader { query: &query };
    read.only(PARAMETERS)?;
    let sites = plane.engine.sites().iter();
    let names: Vec<&str> = sites.map(|site| site.name.as_str()).filter(|name| caller.scope.holds(name)).collect();
    let is_site =
        |name: &str| plane.engine.sites().iter().position(|site| site.name == name && caller.scope.holds(name));
    let site = read.name("site", is_site, &names)?;
    let missing = || Problem::new(400, "bad-parameter", "the site is missing").parameter("site").allowed(&names);
    let site = site.ok_or_else(missing)?;
    let after =
        read.name("after", Place::read, &["the `next` of the page before"])?.unwrap_or(Place::File(0, String::new()));
    let limit = read.limit()?;
    let search = query.get("search").cloned().unwrap_or_default();
    let look = {
        let plane = plane.clone();
        move || look(&plane.engine, &caller, site, after, limit, &search)
    };
    let looked = tokio::task::spawn_blocking(look).await;
    let (masters, next) = looked.map_err(|_| Problem::new(500, "lost", "the request was lost on the way"))??;
    Ok(Reply::json(200, &json!({ "masters": masters, "next": next.map(|next| next.text()) })))
}

fn look(
    engine: &Engine,
    caller: &Caller,
    site: usize,
    after: Place,
    limit: usize,
    search: &str,
) -> Result<(Vec<Value>, Option<Place>), Problem> {
    let reach = Reach::of(engine, caller).map_err(unnamed)?;
    let mut found: Vec<Value> = Vec::new();
    let mut known = match after {
        Place::File(source, path) => {
            let unreadable = |why| Problem::new(500, "unreadable-folder", why);
            let (files, next) = engine.list_files(site, (source, &path), limit, search).map_err(unreadable)?;
            let files = files.iter().filter(|(master, _)| reach.has(&master.id));
            found.extend(files.map(|(master, file)| of_file(master, file)));
            if let Some((source, path)) = next {
                return Ok((found, Some(Place::File(source, path))));
            }
            None
        }
        Place::Known(place) => place,
    };
    let (wanted, mut looked_at) = (search.to_lowercase(), 0);
    loop {
        if found.len() >= limit || looked_at >= MOST_LOOKED_AT {
            return Ok((found, Some(Place::Known(known))));
        }
        // Each page may end in the middle, so what fills it is told one by one.
        let page = engine.list_masters(site, known, PAGE.min(limit - found.len()));
        let (page, next) = page.map_err(|error| problem(&Failed::Catalogue(error)))?;
        looked_at += PAGE;
        for listed in page {
            let inside = reach.has(&listed.known.id) && listed.path.to_lowercase().contains(&wanted);
            // Those of folders were listed with the files.
            if inside && !engine.is_folder(&listed.source) {
                found.push(of_known(&listed));
            }
        }
        match next {
            Some(next) => known = Some(next),
            None => return Ok((found, None)),
        }
    }
}

fn of_file(master: &Spelled, file: &ListedFile) -> Value {
    let extension = file.path.rsplit('.').next().unwrap_or_default().to_lowercase();
    let kind = KINDS.iter().find(|(known, _)| *known == extension).map(|(_, kind)| *kind);
    json!({
        "id": master.id.as_str(),
        "source": master.source,
        "path": master.path,
        "content_type": kind,
        "bytes": file.bytes,
        "stored_at": null,
        "modified_at": rfc3339(file.modified.saturating_mul(1000)),
    })
}

fn of_known(listed: &engine::Listed) -> Value {
    let row = Some(&listed.known.row).filter(|_| listed.known.tier == Tier::Masters);
    json!({
        "id": listed.known.id.as_str(),
        "source": listed.source,
        "path": listed.path,
        "content_type": row.map(|row| row.content_type.as_str()),
        "bytes": row.map(|row| row.size),
        "stored_at": row.map(|row| rfc3339(row.stored_at.saturating_mul(1000))),
        "modified_at": null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back() {
        for place in [
            Place::Known(None),
            Place::Known(Some(7)),
            Place::File(0, String::new()),
            Place::File(3, "a:b/c.jpg".to_owned()),
        ] {
            assert_eq!(Place::read(&place.text()), Some(place));
        }
        assert_eq!(Place::read(""), Some(Place::File(0, String::new())), "from the beginning");
        for bad in ["known", "known:x", "file:", "file:x:y", "else:1"] {
            assert_eq!(Place::read(bad), None, "{bad:?}");
        }
    }
}
