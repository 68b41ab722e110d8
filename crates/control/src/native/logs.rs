//! `GET /v1/logs`: the last requests, a line each, newest first.

use std::sync::Arc;

use axum::extract::{Query, State};
use http::HeaderMap;
use serde_json::{Value, json};
use stats::{Filter, Line, StatusIs, Text};

use super::list::Reader;
use super::shown::{self, CSV, Csv, Masters};
use super::{Parameters, caller};
use crate::auth::{Caller, Right};
use crate::clock::rfc3339;
use crate::plane::Plane;
use crate::reply::{Problem, Reply};
use crate::server::From;

/// Parameters that say which lines are wanted.
pub(super) const FILTERS: &[&str] =
    &["site", "status", "served", "code", "method", "search", "since", "until", "min_ms"];
/// Those of pages.
const PAGING: &[&str] = &["limit", "before", "format"];
const STATUSES: &[&str] = &["a status, such as 404", "a hundred, such as 4xx"];
const COLUMNS: &[&str] = &[
    "id",
    "time",
    "client",
    "method",
    "host",
    "target",
    "status",
    "bytes",
    "ms",
    "site",
    "dialect",
    "served",
    "missed",
    "code",
    "content_type",
    "referrer",
    "user_agent",
    "master",
];

/// `next` is the `before` of the following page; null when there is none.
pub(crate) async fn list(
    State(plane): State<Arc<Plane>>,
    Query(query): Parameters,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    let read = Reader { query: &query };
    let known: Vec<&str> = PAGING.iter().chain(FILTERS).copied().collect();
    read.only(&known)?;
    let filter = filter(&plane, &caller, &read)?;
    let (limit, before, csv) = (read.limit()?, read.number("before")?, shown::wants_csv(&read)?);
    let keeper = shown::figures(&plane)?.keeper;
    let (lines, kept) = shown::blocking(move |now| {
        let lines = keeper.lines(&filter, before, limit, now)?;
        Ok((lines, keeper.kept()?.0))
    })
    .await?;
    let masters = Masters::of(&plane);
    let next = lines.last().filter(|_| lines.len() == limit).map(|line| line.id);
    if csv {
        let mut csv = Csv::default();
        COLUMNS.iter().for_each(|column| csv.field(column));
        csv.end();
        lines.iter().for_each(|line| row(&mut csv, line, &masters));
        let reply = Reply::of(200, CSV, csv.text);
        return Ok(match next {
            Some(next) => reply.with("afterimage-next", next.to_string()),
            None => reply,
        });
    }
    let lines: Vec<Value> = lines.iter().map(|line| describe(line, &masters)).collect();
    // How much there is in all is for who may see all of it.
    let seen = caller.sees_all().then(|| {
        let (lines, since) = (kept.lines.min(kept.capacity), kept.since.map(rfc3339));
        json!({ "lines": lines, "capacity": kept.capacity, "since": since, "left_out": kept.left_out })
    });
    Ok(Reply::json(200, &json!({ "lines": lines, "next": next, "kept": seen })))
}

/// Which lines somebody wants, of those that he may see.
pub(super) fn filter(plane: &Plane, caller: &Caller, read: &Reader<'_>) -> Result<Filter, Problem> {
    let text = |name: &str| read.query.get(name).cloned();
    Ok(Filter {
        sites: shown::visible(plane, caller, read.query.get("site").map(String::as_str))?,
        status: read.name("status", StatusIs::parse, STATUSES)?,
        served: read.name("served", shown::served, shown::SERVED)?,
        code: text("code"),
        method: text("method").map(|method| method.to_ascii_uppercase()),
        search: text("search").map(|wanted| wanted.to_lowercase()),
        since: read.time("since")?,
        until: read.time("until")?,
        least_micros: least(read)?,
    })
}

fn least(read: &Reader<'_>) -> Result<Option<u64>, Problem> {
    let number = |text: &str| text.parse::<f64>().ok().filter(|ms| (0.0..=1e9).contains(ms));
    let ms = read.name("min_ms", number, &["milliseconds, such as 250 or 0.5"])?;
    Ok(ms.map(|ms| (ms * 1000.0) as u64))
}

/// `null` for what is not there.
pub(super) fn describe(line: &Line, masters: &Masters) -> Value {
    let text = |which| Some(line.text(which)).filter(|text| !text.is_empty());
    json!({
        "id": line.id,
        "time": rfc3339(line.at),
        "client": line.client.map(|client| client.to_string()),
        "method": line.text(Text::Method),
        "host": line.text(Text::Host),
        "target": line.text(Text::Target),
        "status": line.status,
        "bytes": line.bytes,
        "ms": shown::ms(line.micros),
        "site": text(Text::Site),
        "dialect": text(Text::Dialect),
        "served": line.served.map(|served| served.name()),
        "missed": shown::missed(line.missed),
        "code": text(Text::Code),
        "content_type": text(Text::ContentType),
        "referrer": text(Text::Referrer),
        "user_agent": text(Text::UserAgent),
        "master": text(Text::Master).map(|id| masters.name(id)),
    })
}

fn row(csv: &mut Csv, line: &Line, masters: &Masters) {
    let shown = describe(line, masters);
    for column in COLUMNS {
        match &shown[*column] {
            Value::Null => csv.field(""),
            Value::String(text) => csv.field(text),
            other => csv.field(&other.to_string()),
        }
    }
    csv.end();
}
