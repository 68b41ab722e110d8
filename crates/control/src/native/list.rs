//! `GET /v1/purges`.

use std::sync::Arc;

use axum::extract::{Query, State};
use http::HeaderMap;
use plan::Position;
use purge::{Filter, Mode, State as Reached, Via};
use serde_json::{Value, json};

use super::{Parameters, caller, describe, problem};
use crate::auth::Right;
use crate::clock::parse_rfc3339;
use crate::plane::Plane;
use crate::reply::{Problem, Reply};
use crate::server::From;

const PARAMETERS: &[&str] = &["limit", "before", "state", "mode", "via", "actor", "kind", "search", "since", "until"];
const KINDS: &[&str] = &["master", "dependency", "exact", "prefix", "glob", "tag", "source", "all"];
/// Entries in one page: by default, and at most.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 1000;

/// `GET /v1/purges`, newest first. `next` is the `before` of the following page; null when there is none.
pub(crate) async fn list(
    State(plane): State<Arc<Plane>>,
    Query(query): Parameters,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    let read = Reader { query: &query };
    read.only(PARAMETERS)?;
    let filter = Filter {
        before: read.number("before")?.map(Position),
        limit: read.limit()?,
        state: read.name("state", Reached::from_name, &Reached::ALL.map(Reached::name))?,
        mode: read.name("mode", Mode::from_name, &Mode::ALL.map(Mode::name))?,
        via: read.name("via", Via::from_name, &Via::ALL.map(Via::name))?,
        actor: query.get("actor").cloned(),
        kind: read.name("kind", |kind| KINDS.contains(&kind).then(|| kind.to_owned()), KINDS)?,
        search: query.get("search").cloned(),
        since: read.time("since")?,
        until: read.time("until")?,
    };
    let limit = filter.limit;
    let found = plane.list(&caller, filter).await.map_err(|e| problem(&e))?;
    let next = found.last().filter(|_| found.len() == limit).map(|(record, _)| record.position.0);
    let purges: Vec<Value> = found.iter().map(|(record, progress)| describe::purge(record, progress)).collect();
    Ok(Reply::json(200, &json!({ "purges": purges, "next": next })))
}

/// Reads a query's parameters.
pub(super) struct Reader<'q> {
    pub query: &'q std::collections::HashMap<String, String>,
}

impl Reader<'_> {
    /// Refuses what is not among these.
    pub fn only(&self, known: &[&str]) -> Result<(), Problem> {
        match self.query.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(other) => {
                let problem = Problem::new(400, "unknown-parameter", format!("there is no parameter {other:?}"));
                Err(problem.parameter(other).allowed(known))
            }
        }
    }

    pub fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let Some(text) = self.query.get(name) else { return Ok(None) };
        let bad = |_| Problem::new(400, "bad-parameter", format!("{name}={text} is no whole number")).parameter(name);
        text.parse().map(Some).map_err(bad)
    }

    pub fn limit(&self) -> Result<usize, Problem> {
        let limit = self.number("limit")?.unwrap_or(PAGE as u64);
        if !(1..=LARGEST_PAGE as u64).contains(&limit) {
            let problem = Problem::new(400, "bad-parameter", format!("limit={limit} is out of range"));
            return Err(problem.parameter("limit").allowed(&["1 to 1000"]));
        }
        Ok(limit as usize)
    }

    /// An RFC 3339 time, in milliseconds since the Unix epoch.
    pub fn time(&self, name: &str) -> Result<Option<u64>, Problem> {
        let Some(text) = self.query.get(name) else { return Ok(None) };
        // An unescaped `+` of a zone reads as a space.
        let read = parse_rfc3339(text).or_else(|| parse_rfc3339(&text.replacen(' ', "+", 1)));
        let problem = || Problem::new(400, "bad-parameter", format!("{name}={text} is no time")).parameter(name);
        read.map(Some).ok_or_else(|| problem().allowed(&["an RFC 3339 time, such as 2026-01-31T12:00:00Z"]))
    }

    pub fn name<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
        allowed: &[&str],
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.query.get(name) else { return Ok(None) };
        let problem = || Problem::new(400, "bad-parameter", format!("there is no {name} {text:?}")).parameter(name);
        read(text).map(Some).ok_or_else(|| problem().allowed(allowed))
    }
}
