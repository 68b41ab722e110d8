//! Cloudimage's APIs in every form that their documentation has had: invalidation, warm-ups, statistics.

pub(crate) mod stats;
pub(crate) mod warmup;

use std::sync::Arc;

use axum::extract::State;
use dialect::Asset;
use dialect::cloudimage::purge_path;
use engine::{DialectKind, NamingError, Wanted};
use http::{HeaderMap, Method, Uri};
use plan::Selector;
use purge::{Progress, PurgeId, Receipt, Record, State as Reached, Via};
use serde_json::{Value, json};

use crate::act::{Failed, Named};
use crate::auth::{Caller, Denied, Right, bare};
use crate::clock::spaced;
use crate::plane::Plane;
use crate::reply::Reply;
use crate::server::{From, Segment, Unread};

/// Entries in one request.
const MOST_URLS: usize = 1000;
const SCOPES: &str = "original, urls or all";

struct Problem {
    status: u16,
    msg: String,
    retry_after: Option<u32>,
}

impl Problem {
    fn new(status: u16, msg: impl Into<String>) -> Problem {
        Problem { status, msg: msg.into(), retry_after: None }
    }

    fn of(failed: &Failed) -> Problem {
        Problem { retry_after: failed.retry_after(), ..Problem::new(failed.status(403), failed.to_string()) }
    }

    fn naming(error: NamingError) -> Problem {
        Problem::of(&Failed::Naming { number: 0, error })
    }

    fn reply(self) -> Reply {
        let reply = Reply::json(self.status, &json!({ "status": "error", "msg": self.msg }));
        reply.retry_after(self.retry_after)
    }
}

/// `POST /invalidate`.
pub(crate) async fn invalidate(State(plane): State<Arc<Plane>>, from: From, request: Unread) -> Reply {
    let outcome = async {
        let caller = caller(&plane, request.headers(), &from, Right::Purge)?;
        let body = request.bytes().await.map_err(|e| Problem::new(e.status(), e.to_string()))?;
        let document: Value =
            serde_json::from_slice(&body).map_err(|e| Problem::new(400, format!("the body is not JSON: {e}")))?;
        let asked = Asked::read(&plane, &caller, &document)?;
        let receipt =
            plane.purge(&caller, Via::Cloudimage, asked.named).await.map_err(|failed| Problem::of(&failed))?;
        Ok((receipt, asked.notes))
    };
    match outcome.await {
        Ok((receipt, notes)) => received(&receipt, &notes),
        Err(problem) => Problem::reply(problem),
    }
}

/// `GET /invalidate/{uuid}`.
pub(crate) async fn status(
    State(plane): State<Arc<Plane>>,
    Segment(uuid): Segment,
    from: From,
    headers: HeaderMap,
) -> Reply {
    let outcome = async {
        let caller = caller(&plane, &headers, &from, Right::Read)?;
        find(&plane, &caller, &uuid).await
    };
    match outcome.await {
        Ok((record, progress)) => {
            Reply::json(200, &json!({ "status": "success", "invalidation": describe(&record, &progress) }))
        }
        Err(problem) => problem.reply(),
    }
}

/// `POST /invalidate/{uuid}/restart`: the same again, as a purge of its own.
pub(crate) async fn restart(
    State(plane): State<Arc<Plane>>,
    Segment(uuid): Segment,
    from: From,
    headers: HeaderMap,
) -> Reply {
    let outcome = async {
        let caller = caller(&plane, &headers, &from, Right::Purge)?;
        let (record, _) = find(&plane, &caller, &uuid).await?;
        plane.again(&caller, Via::Cloudimage, record.targets).await.map_err(|failed| Problem::of(&failed))
    };
    match outcome.await {
        Ok(receipt) => received(&receipt, &[]),
        Err(problem) => problem.reply(),
    }
}

pub(crate) async fn not_allowed(method: Method, uri: Uri) -> Reply {
    let message = format!("{method} is not allowed for {}: POST begins, GET shows", uri.path());
    Problem::new(405, message).reply()
}

fn caller(plane: &Plane, headers: &HeaderMap, from: &From, right: Right) -> Result<Caller, Problem> {
    let denied = |denied| of_denied(denied, "the header X-Client-Key must hold a valid API key");
    plane.caller(bare(headers, "x-client-key"), from, right).map_err(denied)
}

fn of_denied(denied: Denied, no_key: &str) -> Problem {
    let problem = match denied {
        Denied::Missing | Denied::Unknown => Problem::new(401, no_key),
        Denied::NotAllowed => Problem::new(403, denied.message()),
        Denied::TooMany(_) => Problem::new(429, denied.message()),
    };
    Problem { retry_after: denied.retry_after(), ..problem }
}

/// The Cloudimage sites that a caller reaches. What names no site is meant for the first.
fn sites(plane: &Plane, caller: &Caller) -> Result<Vec<usize>, Problem> {
    let all = plane.engine.sites().iter().enumerate();
    let reached = all.filter(|(_, site)| site.dialect == DialectKind::Cloudimage && caller.scope.holds(&site.name));
    let reached: Vec<usize> = reached.map(|(number, _)| number).collect();
    if reached.is_empty() { Err(Problem::new(403, "this key reaches no Cloudimage site")) } else { Ok(reached) }
}

async fn find(plane: &Plane, caller: &Caller, uuid: &str) -> Result<(Record, Progress), Problem> {
    let unknown = || Problem::new(404, format!("no invalidation has the uuid {uuid:?}"));
    let id = PurgeId::parse(uuid).ok_or_else(unknown)?;
    let record = plane.find(id).await.map_err(|failed| Problem::of(&failed))?;
    record.filter(|(record, _)| caller.may_see(record)).ok_or_else(unknown)
}

/// A request, understood.
struct Asked {
    named: Vec<Named>,
    /// What was done otherwise than asked.
    notes: Vec<&'static str>,
}

impl Asked {
    fn read(plane: &Plane, caller: &Caller, document: &Value) -> Result<Asked, Problem> {
        let sites = sites(plane, caller)?;
        let (home, others) = sites.split_first().ok_or_else(|| Problem::new(403, "this key reaches no site"))?;
        let home = *home;
        let everything = |said: &str| {
            let also = others.iter().map(|site| Wanted::Site { site: *site }).collect();
            Named { also, ..Named::new(said, Wanted::Site { site: home }) }
        };
        let scope = document["scope"]
            .as_str()
            .ok_or_else(|| Problem::new(400, format!("scope is missing; expected {SCOPES}")))?;
        let exact = match scope {
            "all" => return Ok(Asked { named: vec![everything("/*")], notes: Vec::new() }),
            "original" => false,
            "urls" => true,
            other => return Err(Problem::new(400, format!("unknown scope {other:?}; expected {SCOPES}"))),
        };
        let entries = entries(&document["urls"])?;
        let mut asked = Asked { named: Vec::with_capacity(entries.len()), notes: Vec::new() };
        let transformations = document.get("transformations");
        if transformations.is_some_and(|t| t.as_array().is_none_or(|list| !list.is_empty())) {
            // A variant that is being made, or is in memory alone, stands in no list: to spare the others would be to miss
            // it (guarantee G1).
            asked.note("transformations were not told apart: each original went with all of them");
        }
        for entry in entries {
            let named = name(plane, caller, home, entry, exact, &mut asked).map_err(Problem::naming)?;
            asked.named.push(named.unwrap_or_else(|| everything(entry)));
        }
        Ok(asked)
    }

    fn note(&mut self, note: &'static str) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

fn entries(urls: &Value) -> Result<Vec<&str>, Problem> {
    let wrong = || Problem::new(400, "urls must be a list of at least one URL or path");
    let entries: Vec<&str> = match urls {
        Value::String(one) => vec![one.as_str()],
        Value::Array(list) if list.len() > MOST_URLS => {
            return Err(Problem::new(413, format!("{} urls; at most {MOST_URLS} go into one request", list.len())));
        }
        Value::Array(list) => list.iter().map(Value::as_str).collect::<Option<_>>().ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    if entries.is_empty() || entries.iter().any(|entry| entry.trim().is_empty()) {
        return Err(wrong());
    }
    Ok(entries)
}

/// What an entry names; `None` for everything.
fn name(
    plane: &Plane,
    caller: &Caller,
    home: usize,
    entry: &str,
    exact: bool,
    asked: &mut Asked,
) -> Result<Option<Named>, NamingError> {
    let (site, below, other) = locate(plane, caller, home, entry.trim())?;
    let grammar = &plane.engine.site(site).grammar;
    let parsed = purge_path(&below, grammar)
        .map_err(|e| NamingError::Malformed { said: entry.to_owned(), why: e.to_string() })?;
    if parsed.wildcard && parsed.asset == Asset::Path(String::new()) {
        return Ok(is_absolute(entry.trim()).then(|| Named::new(entry, Wanted::Site { site })));
    }
    let said = entry.to_owned();
    if exact && !parsed.wildcard {
        let also = other.into_iter().map(|target| Wanted::Exact { site, target, said: said.clone() }).collect();
        let within = Some(wanted(site, parsed.asset, false, &said));
        let exactly = Wanted::Exact { site, target: below, said };
        return Ok(Some(Named { also, within, ..Named::new(entry, exactly) }));
    }
    if !exact && parsed.query.is_some() {
        asked.note("a query has no meaning with scope original and was passed over");
    }
    let wanted = |asset: Asset| wanted(site, asset, parsed.wildcard, &said);
    let mut also = Vec::new();
    if let Some(other) = other.and_then(|other| purge_path(&other, grammar).ok()) {
        also.push(wanted(other.asset));
    }
    // `shop.example/a.jpg` may mean the same origin as `https://shop.example/a.jpg`.
    if let Asset::Path(path) = &parsed.asset
        && path.split_once('/').is_some_and(|(host, rest)| host.contains('.') && !rest.is_empty())
    {
        also.push(wanted(Asset::Url(format!("https://{path}"))));
    }
    let as_prefix = parsed.wildcard;
    Ok(Some(Named { also, as_prefix, ..Named::new(entry, wanted(parsed.asset.clone())) }))
}

fn wanted(site: usize, asset: Asset, wildcard: bool, said: &str) -> Wanted {
    match asset {
        Asset::Path(prefix) if wildcard => Wanted::AssetPrefix { site, prefix, said: said.to_owned() },
        asset => Wanted::Asset { site, source: None, asset, said: said.to_owned() },
    }
}

/// The site of an entry and what it says below that; third, what it says if a site's prefix that stands in it is a folder.
fn locate(
    plane: &Plane,
    caller: &Caller,
    home: usize,
    entry: &str,
) -> Result<(usize, String, Option<String>), NamingError> {
    if is_absolute(entry) {
        return match plane.engine.locate(entry, &caller.scope) {
            Ok((site, below)) if plane.engine.site(site).dialect == DialectKind::Cloudimage => Ok((site, below, None)),
            Err(forbidden @ NamingError::Forbidden { .. }) => Err(forbidden),
            // An origin's URL, as the dialect reads it.
            Ok(_) | Err(_) => Ok((home, entry.to_owned(), None)),
        };
    }
    let rooted = if entry.starts_with('/') { entry.to_owned() } else { format!("/{entry}") };
    let prefix = plane.engine.site(home).prefix.trim_end_matches('/');
    match rooted.strip_prefix(prefix) {
        Some(below) if !prefix.is_empty() && below.len() > 1 && below.starts_with('/') => {
            Ok((home, below.to_owned(), Some(entry.to_owned())))
        }
        _ => Ok((home, entry.to_owned(), None)),
    }
}

fn is_absolute(entry: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| entry.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)))
}

fn received(receipt: &Receipt, notes: &[&str]) -> Reply {
    let record = &receipt.record;
    let mut msg = "Your invalidation request has been received and is effective".to_owned();
    for note in notes {
        msg.push_str("; ");
        msg.push_str(note);
    }
    let invalidation = json!({
        "status": "RECEIVED",
        "uuid": record.id.to_string(),
        "added_at": spaced(record.accepted_at),
        "position": record.position.0,
    });
    Reply::json(201, &json!({ "status": "success", "msg": msg, "invalidation": invalidation }))
}

/// The vendor's word for how far a purge has come. Its customers wait for `DONE`: no copy answers any more. What the disk
/// still holds is told beside it. What failed has no record, so nothing is ever in its state `ERROR`.
fn word(reached: Reached) -> &'static str {
    match reached {
        Reached::Accepted => "FLUSHINGCLOUDIMAGESERVER",
        Reached::Effective | Reached::Erased => "DONE",
    }
}

fn describe(record: &Record, progress: &Progress) -> Value {
    let said: Vec<&str> = record.targets.iter().map(|target| target.said.as_str()).collect();
    let selectors = || record.targets.iter().flat_map(|target| &target.selectors);
    let (scope, received) = if selectors().all(|s| matches!(s, Selector::Source(_) | Selector::All)) {
        ("all", Value::Null)
    } else if selectors().all(|s| matches!(s, Selector::Exact(_))) {
        ("urls", json!(said))
    } else {
        ("original", json!(said))
    };
    let invalidated = if scope == "all" { json!(["/*"]) } else { json!(said) };
    json!({
        // The vendor's words; ours stand beside them.
        "status": word(progress.state()),
        "state": progress.state().name(),
        "uuid": record.id.to_string(),
        "added_at": spaced(record.accepted_at),
        "effective_at": spaced(progress.effective_at),
        "erased_at": progress.erased_at.map(spaced),
        "urls": { "received": received, "invalidated": invalidated, "failed": [] },
        "scope": scope,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vendor's clients wait for this word and know no others of ours.
    #[test]
    fn a_purge_is_done_when_no_copy_answers() {
        let words = Reached::ALL.map(|state| (state.name(), word(state)));
        assert_eq!(words, [("accepted", "FLUSHINGCLOUDIMAGESERVER"), ("effective", "DONE"), ("erased", "DONE")]);
    }
}
