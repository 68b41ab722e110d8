//! ImageBoss's purge, `DELETE /source/image` on the public plane with the key in a header, and its list of sources.

pub(crate) mod sources;

use std::net::IpAddr;

use dialect::imageboss::purge_paths;
use engine::{DialectKind, Wanted};
use http::HeaderMap;
use purge::Via;
use serde_json::json;

use crate::act::{Failed, Named};
use crate::auth::{Caller, Denied, Right, bare};
use crate::plane::Plane;
use crate::reply::Reply;
use crate::server::From;

/// Answers a `DELETE` that reached the delivery plane; `target` is the raw request target, with the site's prefix. The body
/// is JSON. Returns when the purge is durable and effective on this node, or refused.
pub async fn imageboss_delete(plane: &Plane, host: &str, target: &str, headers: &HeaderMap, client: IpAddr) -> Reply {
    let from = From::new(client.to_canonical().to_string());
    let reply = match plane.caller(bare(headers, "imageboss-api-key"), &from, Right::Purge) {
        Ok(caller) => purge(plane, &caller, host, target).await,
        Err(denied) => self::denied(denied),
    };
    match from.fields() {
        Some((policy, limit)) => reply.with("ratelimit-policy", policy).with("ratelimit", limit),
        None => reply,
    }
}

async fn purge(plane: &Plane, caller: &Caller, host: &str, target: &str) -> Reply {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let route = plane.engine.route(host, path).filter(|route| route.site.dialect == DialectKind::Imageboss);
    let Some(route) = route else {
        return refuse(405, "DELETE is for pictures of ImageBoss sites, and there is none here")
            .with("allow", "GET, HEAD");
    };
    if !caller.scope.holds(&route.site.name) {
        return refuse(403, "this API key is not valid for this source");
    }
    let (source, assets) = match purge_paths(route.path) {
        Ok(named) => named,
        Err(error) => return refuse(400, &error.to_string()),
    };
    if !route.site.sources.contains(&source) {
        let known = route.site.sources.join(", ");
        return refuse(422, &format!("no source is called {source:?}; there are {known}"));
    }
    let name = match assets.first() {
        Some(dialect::Asset::Path(path) | dialect::Asset::Url(path)) => format!("/{path}"),
        None => return refuse(400, "the path names no image"),
    };
    let mut readings = assets.into_iter().map(|asset| Wanted::Asset {
        site: route.number,
        source: Some(source.clone()),
        asset,
        said: target.to_owned(),
    });
    let Some(wanted) = readings.next() else { return refuse(400, "the path names no image") };
    let named = Named { also: readings.collect(), ..Named::new(target, wanted) };
    match plane.purge(caller, Via::Imageboss, vec![named]).await {
        Ok(receipt) => Reply::json(200, &json!({ "status": "queued", "source": source, "path": name }))
            .with("x-purge-id", receipt.record.id.to_string()),
        Err(failed) => refuse_failed(&failed),
    }
}

/// Why there is no caller.
fn denied(denied: Denied) -> Reply {
    match denied {
        Denied::Missing | Denied::Unknown => refuse(401, "the header imageboss-api-key must hold a valid API key"),
        Denied::NotAllowed => refuse(403, denied.message()),
        Denied::TooMany(_) => refuse(429, denied.message()).retry_after(denied.retry_after()),
    }
}

fn refuse(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "status": "error", "message": message }))
}

fn refuse_failed(failed: &Failed) -> Reply {
    refuse(failed.status(422), &failed.to_string()).retry_after(failed.retry_after())
}
