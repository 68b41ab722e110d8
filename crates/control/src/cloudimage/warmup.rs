//! Cloudimage's warm-ups, in both forms that its documentation has had: the caller lists final URLs, each is made for every
//! kind of client.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use engine::{DialectKind, Engine, NamingError, Wanted, WarmItem, WarmRequest, WarmState, Warmup};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use ledger::AuditKind;
use plan::{AcceptClass, DerivativeKey};
use purge::PurgeId;
use serde_json::{Value, json};

use super::{Problem, caller, is_absolute, sites};
use crate::act::Failed;
use crate::auth::{Caller, Right};
use crate::clock::{now_ms, spaced};
use crate::native::warm::MOST_RUNNING;
use crate::plane::Plane;
use crate::reach::Reach;
use crate::reply::Reply;
use crate::server::{From, Segment, Unread};

/// Longest body, in bytes.
pub(crate) const BODY_LIMIT: usize = 10 << 20;
/// Lines in one request.
const MOST_LINES: usize = 50_000;
/// How long tasks are shown after they were asked for.
const SHOWN_MS: u64 = 5 * 24 * 60 * 60 * 1000;

/// `POST /warmup`: JSON `{"warmup": {"uris": [...]}}`, or lines as `text/csv`.
pub(crate) async fn start(State(plane): State<Arc<Plane>>, from: From, request: Unread) -> Reply {
    let outcome = async {
        let begun = begin(&plane, &from, request).await?;
        let warmup = begun.warmup.ok_or_else(|| Problem::new(400, begun.why.unwrap_or_default()))?;
        let warmup = json!({ "id": warmup.id.to_string(), "added_uris": begun.added });
        Ok(Reply::json(200, &json!({ "status": "success", "warmup": warmup })))
    };
    outcome.await.unwrap_or_else(Problem::reply)
}

/// `POST /warmup/urls`: JSON `{"data": [...]}`, or lines in the field `file` of a form.
pub(crate) async fn start_urls(State(plane): State<Arc<Plane>>, from: From, request: Unread) -> Reply {
    let outcome = async {
        let begun = begin(&plane, &from, request).await?;
        Ok(Reply::json(
            200,
            &json!({
                "status": "success",
                "count_added": begun.added,
                "count_failed": begun.failed,
                "msg": begun.why.unwrap_or_default(),
                "id": begun.warmup.map(|warmup| warmup.id.to_string()),
            }),
        ))
    };
    outcome.await.unwrap_or_else(Problem::reply)
}

/// `GET /warmup/status`: the tasks of the last five days, newest first.
pub(crate) async fn status(State(plane): State<Arc<Plane>>, from: From, headers: HeaderMap) -> Reply {
    let outcome = || {
        let caller = caller(&plane, &headers, &from, Right::Read)?;
        let all = plane.engine.warmups();
        let tasks: Vec<Value> = all.iter().filter(|warmup| is_shown(&caller, warmup)).map(describe).collect();
        Ok(Reply::json(200, &json!({ "status": "success", "tasks": tasks })))
    };
    outcome().unwrap_or_else(Problem::reply)
}

/// `GET /warmup/{id}`.
pub(crate) async fn show(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    from: From,
    headers: HeaderMap,
) -> Reply {
    let outcome = || {
        let caller = caller(&plane, &headers, &from, Right::Read)?;
        let found = PurgeId::parse(&id).and_then(|id| plane.engine.warmup(id));
        let found = found.filter(|warmup| is_shown(&caller, warmup));
        let warmup = found.ok_or_else(|| Problem::new(404, format!("no warm-up has the id {id:?}")))?;
        Ok(Reply::json(200, &json!({ "status": "success", "warmup": describe(&warmup) })))
    };
    outcome().unwrap_or_else(Problem::reply)
}

/// What follows a purge is none of them.
fn is_shown(caller: &Caller, warmup: &Warmup) -> bool {
    let recent = warmup.created_at.saturating_add(SHOWN_MS) > now_ms();
    recent && warmup.request.after.is_none() && (caller.sees_all() || warmup.request.actor == caller.name)
}

/// Counts are of derivatives: one for each kind of client whose answer differs.
fn describe(warmup: &Warmup) -> Value {
    let state = match warmup.state {
        WarmState::Running if warmup.tried == 0 => "RECEIVED",
        WarmState::Running => "RUNNING",
        WarmState::Done | WarmState::Cancelled => "DONE",
    };
    json!({
        "id": warmup.id.to_string(),
        "added_at": spaced(warmup.created_at),
        "count_total": warmup.total,
        "count_done": warmup.tried.saturating_sub(warmup.failed + warmup.skipped),
        "count_failed": warmup.failed,
        "state": state,
    })
}

/// What came of a request.
struct Begun {
    /// `None` where not one line could be used.
    warmup: Option<Warmup>,
    added: usize,
    failed: usize,
    /// Why the first line failed that did.
    why: Option<String>,
}

async fn begin(plane: &Arc<Plane>, from: &From, request: Unread) -> Result<Begun, Problem> {
    let caller = caller(plane, request.headers(), from, Right::Warm)?;
    let home = sites(plane, &caller)?.first().copied().unwrap_or_default();
    let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default().to_owned();
    let body = request.bytes().await.map_err(|error| match error.status() {
        413 => Problem::new(413, format!("the body is longer than {BODY_LIMIT} bytes")),
        status => Problem::new(status, error.to_string()),
    })?;
    if plane.engine.warmups_running() >= MOST_RUNNING {
        let problem = Problem::new(429, format!("{MOST_RUNNING} warm-ups are under way; wait until one has ended"));
        return Err(Problem { retry_after: Some(60), ..problem });
    }
    let (engine, asker) = (plane.engine.clone(), caller.clone());
    let read = move || {
        let lines = lines(&media_type, &body)?;
        name(&engine, &asker, home, &lines)
    };
    let named = tokio::task::spawn_blocking(read).await.map_err(|_| Problem::of(&Failed::Lost))??;
    let Named { items, added, failed, why } = named;
    if items.is_empty() {
        return Ok(Begun { warmup: None, added, failed, why });
    }
    let wanted = WarmRequest {
        items: items.into(),
        per_second: plane.engine.warm_pace(),
        actor: caller.name.clone(),
        after: None,
        refreshes: false,
    };
    let warmup = plane.engine.warm(wanted).await;
    let what = format!("{} started: {} derivatives", warmup.id, warmup.total);
    plane.note(&caller, AuditKind::Warm, what).await;
    Ok(Begun { warmup: Some(warmup), added, failed, why })
}

struct Named {
    items: Vec<WarmItem>,
    added: usize,
    failed: usize,
    why: Option<String>,
}

/// The derivatives of all lines, once each, within the caller's reach.
fn name(engine: &Engine, caller: &Caller, home: usize, lines: &[String]) -> Result<Named, Problem> {
    let reach = Reach::of(engine, caller).map_err(Problem::naming)?;
    let mut seen = HashSet::new();
    let mut named = Named { items: Vec::new(), added: 0, failed: 0, why: None };
    for line in lines {
        match items_of(engine, caller, &reach, home, line, &mut seen) {
            Ok(items) => {
                named.items.extend(items);
                named.added += 1;
            }
            Err(error) => {
                named.failed += 1;
                named.why.get_or_insert_with(|| error.to_string());
            }
        }
    }
    Ok(named)
}

fn items_of(
    engine: &Engine,
    caller: &Caller,
    reach: &Reach,
    home: usize,
    line: &str,
    seen: &mut HashSet<DerivativeKey>,
) -> Result<Vec<WarmItem>, NamingError> {
    let url = spelled(engine, caller, home, line);
    if !caller.within.is_empty() {
        let wanted = Wanted::Derivative(url.clone());
        let named = engine.name(&wanted, &caller.scope)?;
        reach.check(engine, &wanted, &caller.scope, &named.selectors, line)?;
    }
    engine.items_of(&url, None, &AcceptClass::ALL, &caller.scope, seen)
}

/// A line as a URL of ours: whole already, with the site's prefix, or as it stands behind that.
fn spelled(engine: &Engine, caller: &Caller, home: usize, line: &str) -> String {
    let site = engine.site(home);
    let ours = |url: &str| {
        engine.locate(url, &caller.scope).is_ok_and(|(site, _)| engine.site(site).dialect == DialectKind::Cloudimage)
    };
    if is_absolute(line) && ours(line) {
        return line.to_owned();
    }
    let path = if line.starts_with('/') { line.to_owned() } else { format!("/{line}") };
    let host = site.hosts.first().map(|host| format!("http://{host}")).unwrap_or_default();
    let prefix = site.prefix.trim_end_matches('/');
    match site.below(&path) {
        Some(below) if !prefix.is_empty() && below.len() > 1 => format!("{host}{path}"),
        _ => format!("{host}{prefix}{path}"),
    }
}

/// The lines of a request, blank ones left out, each once.
fn lines(media_type: &str, body: &[u8]) -> Result<Vec<String>, Problem> {
    let wrong = |why: String| Problem::new(400, why);
    let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = || std::str::from_utf8(body).map_err(|_| wrong("the list is not UTF-8".to_owned()));
    let said: Vec<String> = match kind.as_str() {
        "multipart/form-data" => {
            let boundary = boundary(media_type).ok_or_else(|| wrong("the form has no boundary".to_owned()))?;
            let found = file(text()?, &boundary);
            found.ok_or_else(|| wrong("the form has no whole field called file".to_owned()))?
        }
        "text/csv" | "text/plain" => text()?.lines().map(str::to_owned).collect(),
        _ => {
            let document: Value =
                serde_json::from_slice(body).map_err(|e| wrong(format!("the body is not JSON: {e}")))?;
            let list = document["warmup"]["uris"].as_array().or(document["data"].as_array());
            let expected = || wrong("expected {\"warmup\": {\"uris\": [...]}} or {\"data\": [...]}".to_owned());
            let texts = list.ok_or_else(expected)?.iter().map(|entry| entry.as_str().map(str::to_owned));
            texts.collect::<Option<_>>().ok_or_else(expected)?
        }
    };
    let mut seen = HashSet::new();
    let lines = said.iter().map(|line| line.trim_start_matches('\u{feff}').trim().trim_matches('"'));
    let lines: Vec<String> = lines.filter(|line| !line.is_empty() && seen.insert(*line)).map(str::to_owned).collect();
    match lines.len() {
        0 => Err(wrong("nothing is listed".to_owned())),
        n if n > MOST_LINES => Err(Problem::new(413, format!("{n} lines; at most {MOST_LINES} go into one request"))),
        _ => Ok(lines),
    }
}

/// The boundary of a form's media type (RFC 2046, section 5.1.1).
fn boundary(media_type: &str) -> Option<String> {
    let mut parameters = media_type.split(';').skip(1).filter_map(|parameter| parameter.trim().split_once('='));
    let (_, boundary) = parameters.find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    let boundary = boundary.trim().trim_matches('"');
    (1..=70).contains(&boundary.len()).then(|| boundary.to_owned())
}

/// The lines of the field `file` (RFC 7578): lists are text, so the form is read line by line.
fn file(form: &str, boundary: &str) -> Option<Vec<String>> {
    let delimiter = format!("--{boundary}");
    let mut lines = form.lines();
    lines.find(|line| line.trim_end() == delimiter)?;
    loop {
        let mut wanted = false;
        for header in lines.by_ref().take_while(|line| !line.trim().is_empty()) {
            let header = header.to_ascii_lowercase();
            let disposition = header.starts_with("content-disposition:");
            wanted |= disposition && header.split(';').any(|part| matches!(part.trim(), "name=\"file\"" | "name=file"));
        }
        let mut content = Vec::new();
        let end = lines.by_ref().find(|line| {
            let ends = line.starts_with(&delimiter);
            if wanted && !ends {
                content.push((*line).to_owned());
            }
            ends
        });
        // Without an end it may have been cut within a line.
        let end = end?;
        if wanted {
            return Some(content);
        }
        if end.trim_end() != delimiter {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_in_every_form() {
        let form = "--b7\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n/no.jpg\r\n--b7\r\n\
                    Content-Disposition: form-data; name=\"file\"; filename=\"l.csv\"\r\nContent-Type: text/csv\r\n\r\n\
                    /a.jpg?w=1\r\n\r\n/b.jpg\r\n--b7--\r\n";
        for (media_type, body, want) in [
            ("application/json", r#"{"warmup":{"desc":"x","uris":["/a","/b","/a"]}}"#, Some(&["/a", "/b"][..])),
            ("application/json", r#"{"data":["/a?w=1"]}"#, Some(&["/a?w=1"])),
            ("", r#"{"data":["/a"]}"#, Some(&["/a"])),
            ("text/csv; charset=utf-8", "\u{feff}/a\r\n\n \"/b,c\" \n", Some(&["/a", "/b,c"])),
            ("multipart/form-data; boundary=b7", form, Some(&["/a.jpg?w=1", "/b.jpg"])),
            ("Multipart/Form-Data; charset=x; boundary=\"b7\"", form, Some(&["/a.jpg?w=1", "/b.jpg"])),
            ("multipart/form-data; boundary=b8", form, None),
            ("multipart/form-data", form, None),
            ("multipart/form-data; boundary=b7", &form[..form.len() - 10], None),
            ("application/json", r#"{"data":[1]}"#, None),
            ("application/json", r#"{"data":[]}"#, None),
            ("application/json", "/a", None),
            ("text/csv", "\n \n", None),
        ] {
            let found = lines(media_type, body.as_bytes()).ok();
            let want = want.map(|want| want.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
            assert_eq!(found, want, "{media_type} {body}");
        }
        assert!(lines("text/csv", b"\xff").is_err());
        let many: String = (0..=MOST_LINES).map(|n| format!("/{n}\n")).collect();
        assert_eq!(lines("text/csv", many.as_bytes()).err().map(|problem| problem.status), Some(413));
    }

    proptest::proptest! {
        /// Whatever is sent, reading it ends, and brings no blank line and none twice.
        #[test]
        fn any_body_is_read(kind in 0..4_usize, pieces in proptest::collection::vec(piece(), 0..30)) {
            let media_type = ["text/csv", "multipart/form-data; boundary=b7", "multipart/form-data; boundary=\"", ""][kind];
            if let Ok(lines) = lines(media_type, pieces.concat().as_bytes()) {
                let seen: HashSet<&String> = lines.iter().collect();
                proptest::prop_assert!(seen.len() == lines.len() && lines.iter().all(|line| !line.trim().is_empty()));
            }
        }
    }

    fn piece() -> impl proptest::strategy::Strategy<Value = String> {
        use proptest::prelude::*;
        let known = [
            "--b7",
            "--b7--",
            "\r\n",
            "\n",
            "\r\n\r\n",
            "Content-Disposition: form-data; name=\"file\"",
            "/a.jpg",
            "\"",
            ":",
            "{\"data\":[",
            "]}",
            "\u{feff}",
        ];
        prop_oneof![3 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
    }
}
