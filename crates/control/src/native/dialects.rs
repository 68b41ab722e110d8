//! `/v1/dialects`: the tables of parameters, for whoever draws forms from them.

use std::sync::Arc;

use axum::extract::State;
use dialect::docs;
use engine::DialectKind;
use http::HeaderMap;
use serde_json::{Value, json};

use super::caller;
use crate::auth::Right;
use crate::plane::Plane;
use crate::reply::{Problem, Reply};
use crate::server::{From, Segment};

/// `GET /v1/dialects`: their names, and how many parameters each has.
pub(crate) async fn list(State(plane): State<Arc<Plane>>, from: From, headers: HeaderMap) -> Result<Reply, Problem> {
    caller(&plane, &headers, &from, Right::Read)?;
    let counted = DialectKind::ALL.map(|kind| {
        let rows = kind.grammar().params();
        let how = |served: &str| rows.iter().filter(|row| row.served.name() == served).count();
        json!({
            "dialect": kind.name(),
            "parameters": rows.len(),
            "served": { "exactly": how("exactly"), "nearly": how("nearly"), "read": how("read") },
        })
    });
    Ok(Reply::json(200, &json!({ "dialects": Vec::<Value>::from(counted) })))
}

/// `GET /v1/dialects/{name}`: each parameter with its names, range, default and what it does.
pub(crate) async fn show(
    State(plane): State<Arc<Plane>>,
    Segment(name): Segment,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    caller(&plane, &headers, &from, Right::Read)?;
    let kind = DialectKind::from_name(&name).ok_or_else(|| {
        let known = DialectKind::ALL.map(DialectKind::name);
        Problem::new(404, "no-such-dialect", format!("no dialect is called {name:?}")).parameter("name").allowed(&known)
    })?;
    Ok(Reply::json(200, &docs::json(&*kind.grammar())))
}
