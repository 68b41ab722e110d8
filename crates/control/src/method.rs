//! The `PURGE` method on the public plane: the URL itself is named, with an API key in a header.

use std::net::IpAddr;

use engine::Wanted;
use http::HeaderMap;
use purge::Via;
use serde_json::json;

use crate::act::Named;
use crate::auth::{Caller, Denied, Right, bare, bearer};
use crate::plane::Plane;
use crate::reply::{Problem, Reply};
use crate::server::From;

/// Answers a `PURGE` that reached the delivery plane: the master that its URL leads to is purged with all that was made from
/// it. `target` is the raw request target, with the site's prefix; `on` says whether the method is turned on at all. The key
/// stands in `Authorization: Bearer` or in `Afterimage-Key`. Returns when the purge is durable and effective on this node, or
/// refused.
pub async fn purge_method(
    plane: &Plane,
    on: bool,
    host: &str,
    target: &str,
    headers: &HeaderMap,
    client: IpAddr,
) -> Reply {
    if !on {
        return refuse(405, "method-not-allowed", "PURGE is not answered here; GET, HEAD and OPTIONS are")
            .with("allow", "GET, HEAD, OPTIONS");
    }
    let from = From::new(client.to_canonical().to_string());
    let key = bearer(headers).or_else(|| bare(headers, "afterimage-key"));
    let reply = match plane.caller(key, &from, Right::Purge) {
        Ok(caller) => purge(plane, &caller, host, target).await,
        Err(denied @ (Denied::Missing | Denied::Unknown)) => {
            let code = if matches!(denied, Denied::Missing) { "no-key" } else { "unknown-key" };
            refuse(401, code, denied.message())
        }
        Err(Denied::NotAllowed) => refuse(403, "not-allowed", Denied::NotAllowed.message()),
        Err(denied @ Denied::TooMany(_)) => {
            refuse(429, "too-many-requests", denied.message()).retry_after(denied.retry_after())
        }
    };
    match from.fields() {
        Some((policy, limit)) => reply.with("ratelimit-policy", policy).with("ratelimit", limit),
        None => reply,
    }
}

async fn purge(plane: &Plane, caller: &Caller, host: &str, target: &str) -> Reply {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let Some(route) = plane.engine.route(host, path) else {
        return refuse(404, "no-such-site", "no site answers here");
    };
    let below = query.map_or_else(|| route.path.to_owned(), |query| format!("{}?{query}", route.path));
    let wanted = Wanted::At { site: route.number, target: below, said: target.to_owned() };
    match plane.purge(caller, Via::Method, vec![Named::new(target, wanted)]).await {
        Ok(receipt) => {
            let id = receipt.record.id.to_string();
            Reply::json(200, &json!({ "id": id, "state": "effective", "target": target })).with("x-purge-id", id)
        }
        Err(failed) => refuse(failed.status(404), failed.code(), failed.to_string()).retry_after(failed.retry_after()),
    }
}

fn refuse(status: u16, code: &'static str, detail: impl Into<String>) -> Reply {
    Problem::new(status, code, detail).reply()
}
