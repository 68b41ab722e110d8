//! `GET /v1/takedowns` and `DELETE /v1/takedowns/{id}`.

use std::sync::Arc;

use axum::extract::{Query, State};
use engine::NamingError;
use http::HeaderMap;
use plan::Selector;
use purge::{Lifted, PurgeId};
use serde_json::{Value, json};

use super::list::Reader;
use super::{Parameters, caller, describe, problem};
use crate::act::Failed;
use crate::auth::Right;
use crate::clock::now_ms;
use crate::plane::Plane;
use crate::reach::Reach;
use crate::reply::{Problem, Reply};
use crate::server::{From, Segment};

/// `GET /v1/takedowns`: those that hold; with `all=1` also those that were lifted or have expired.
pub(crate) async fn list(
    State(plane): State<Arc<Plane>>,
    Query(query): Parameters,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    let read = Reader { query: &query };
    read.only(&["all"])?;
    let flag = |text: &str| match text {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    };
    let all = read.name("all", flag, &["1", "0"])?.unwrap_or(false);
    let found = plane.blocking(move |engine| engine.list_takedowns(all)).await.map_err(|e| problem(&e))?;
    let now = now_ms();
    let holds = |takedown: &purge::Takedown| {
        let expires_at = takedown.record.terms.as_ref().and_then(|terms| terms.expires_at);
        takedown.lifted.is_none() && expires_at.is_none_or(|at| at > now)
    };
    let seen = found.iter().filter(|takedown| caller.may_see(&takedown.record) && (all || holds(takedown)));
    let takedowns: Vec<Value> = seen.map(|takedown| describe::takedown(takedown, now)).collect();
    Ok(Reply::json(200, &json!({ "takedowns": takedowns })))
}

/// `DELETE /v1/takedowns/{id}`: the picture may be fetched again. The purge that came with the takedown stays.
pub(crate) async fn lift(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Purge)?;
    let unknown =
        || Problem::new(404, "no-such-takedown", format!("no takedown that holds has the id {id:?}")).parameter("id");
    let wanted = PurgeId::parse(&id).ok_or_else(unknown)?;
    let found = plane.find(wanted).await.map_err(|e| problem(&e))?;
    let (record, _) = found.filter(|(record, _)| caller.may_see(record)).ok_or_else(unknown)?;
    let reach = Reach::of(&plane.engine, &caller).map_err(|error| problem(&Failed::Naming { number: 0, error }))?;
    let mut selectors = record.targets.iter().flat_map(|target| &target.selectors);
    // What a hash stands for cannot be told; who took it down may lift it.
    let within = |selector: &Selector| match selector {
        Selector::Exact(_) => record.actor == caller.name,
        other => reach.covers(other),
    };
    if !selectors.all(within) {
        let said = record.targets.iter().map(|target| target.said.as_str()).collect::<Vec<_>>().join(", ");
        return Err(problem(&Failed::Naming { number: 0, error: NamingError::Forbidden { said } }));
    }
    let lifted = Lifted { at: now_ms(), actor: caller.name.clone(), from: caller.from.clone() };
    let done = plane.blocking(move |engine| engine.lift_takedown(wanted, &lifted)).await.map_err(|e| problem(&e))?;
    let takedown = done.ok_or_else(unknown)?;
    tracing::info!(id = %wanted, actor = caller.name, "takedown lifted");
    Ok(Reply::json(200, &describe::takedown(&takedown, now_ms())))
}
