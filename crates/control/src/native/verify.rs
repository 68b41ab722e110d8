//! `POST /v1/purges/{id}/verify`: the origin's bytes beside what is served.

use std::sync::Arc;

use axum::extract::State;
use engine::Checked;
use http::HeaderMap;
use serde_json::{Value, json};

use super::{caller, find};
use crate::auth::Right;
use crate::plane::Plane;
use crate::reply::{Problem, Reply};
use crate::server::{From, Segment};

/// `POST /v1/purges/{id}/verify`. It fetches from origins, so it takes a key that may make them work.
pub(crate) async fn check(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Warm)?;
    let (record, _) = find(&plane, &caller, &id).await?;
    let checked = tokio::select! {
        checked = plane.engine.verify(&record) => checked,
        () = plane.stopped() => return Err(Problem::new(503, "stopping", "the server is stopping")),
    };
    let verified = !checked.is_empty() && checked.iter().all(|checked| checked.good);
    let checked: Vec<Value> = checked.iter().map(|checked| describe(&plane, checked)).collect();
    Ok(Reply::json(200, &json!({ "verified": verified, "checked": checked })))
}

fn describe(plane: &Plane, checked: &Checked) -> Value {
    let url = match checked.site.map(|site| plane.engine.site(site)) {
        Some(site) => {
            let path = match checked.url.strip_prefix("//") {
                Some(rest) => rest.find('/').map_or("", |at| &rest[at..]),
                None => &checked.url,
            };
            let base = plane.base_of(site);
            let host = base.strip_suffix(site.prefix.trim_end_matches('/')).unwrap_or(&base);
            format!("{host}{path}")
        }
        None => checked.url.clone(),
    };
    json!({
        "url": url,
        "status": checked.status,
        "stamp": checked.stamp.map(|stamp| stamp.0),
        "position": checked.position.0,
        "newer": checked.newer,
        "origin_digest": checked.origin_digest.map(|digest| digest.to_string()),
        "served_digest": checked.served_digest.map(|digest| digest.to_string()),
        "same": checked.same,
        "good": checked.good,
        "detail": checked.detail,
    })
}
