//! `GET /stats/general`, whose key stands in the query.

use std::sync::Arc;

use axum::extract::State;
use dialect::text;
use http::Uri;
use serde_json::json;

use super::{Problem, of_denied, sites};
use crate::auth::Right;
use crate::clock::{day_in_words, now_ms, parse_day};
use crate::metrics;
use crate::plane::Plane;
use crate::reply::Reply;
use crate::server::From;

const DAY_MS: u64 = 86_400_000;

/// `GET /stats/general?from=yyyymmdd&to=yyyymmdd&client_key=KEY`. Counts are those since the process started, of all sites;
/// of days before that nothing is known.
pub(crate) async fn general(State(plane): State<Arc<Plane>>, from: From, uri: Uri) -> Reply {
    let outcome = || {
        let said = |name: &str| {
            let value = text::pairs(uri.query()?).find(|(known, _)| *known == name)?.1?;
            text::decode_query(value)
        };
        let denied = |denied| of_denied(denied, "the parameter client_key must hold a valid API key");
        let caller = plane.caller(said("client_key").as_deref(), &from, Right::Read).map_err(denied)?;
        let names: Vec<&str> =
            sites(&plane, &caller)?.into_iter().map(|site| plane.engine.site(site).name.as_str()).collect();
        let day = |name: &str| {
            let read = said(name).as_deref().and_then(parse_day);
            read.ok_or_else(|| Problem::new(400, format!("{name} must be a day of the form yyyymmdd")))
        };
        let (first, last) = (day("from")?, day("to")?);
        if last < first {
            return Err(Problem::new(400, "to must not be before from"));
        }
        let known = first <= now_ms() && plane.began < last.saturating_add(DAY_MS);
        let count = |n: u64| if known { n } else { 0 };
        let gigabytes = |bytes: u64| (bytes as f64 / 1e6).round() / 1e3;
        let (derivatives, masters) = plane.engine.counters();
        let (resized, downloaded) = (count(derivatives.fills()), count(masters.fills()));
        let (of_derivatives, of_masters) = plane.engine.disk_bytes();
        let stats = json!({
            "cdn_trafic_gb": gigabytes(count(metrics::bytes_sent(&plane))),
            "cache_storage_gb": gigabytes(of_derivatives + of_masters),
            "count_resized_images": resized,
            "count_downloaded_images": downloaded,
            "count_total_images": resized + downloaded,
        });
        let (first, last) = (day_in_words(first), day_in_words(last));
        let msg = format!("Stats for token: {} between {first} and {last}", names.join(", "));
        Ok(Reply::json(200, &json!({ "status": "success", "msg": msg, "stats": stats })))
    };
    outcome().unwrap_or_else(Problem::reply)
}
