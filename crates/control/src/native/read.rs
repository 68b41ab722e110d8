//! From the body of `POST /v1/purges` to what it asks for. A field that is passed over could be the one that says not to
//! purge, so none is.

use std::collections::HashMap;
use std::time::Duration;

use engine::Wanted;
use plan::Digest;
use purge::{Gone, Mode, Progress, State, Terms, Via};
use serde_json::{Map, Value};

use crate::act::{Named, Order};
use crate::clock::parse_rfc3339;
use crate::reply::Problem;

const FIELDS: &[&str] = &[
    "targets",
    "mode",
    "status",
    "reason",
    "expires_at",
    "expires_in",
    "dry_run",
    "wait",
    "deadline",
    "idempotency_key",
    "webhook",
    "warm",
];
/// Fields that only a takedown has.
const TERMS: &[&str] = &["status", "reason", "expires_at", "expires_in"];
const TARGETS: &[&str] = &[
    "{\"url\": \"<URL>\"}",
    "{\"derivative\": \"<URL>\"}",
    "{\"master\": \"<source>/<path>\"}",
    "{\"dependency\": \"<URL>\" or \"<source>/<path>\"}",
    "{\"prefix\": \"<source>/<beginning>\"}",
    "{\"glob\": \"<source>/<pattern>\"}",
    "{\"tag\": \"<tag>\"}",
    "{\"tag\": \"<tag>\", \"source\": \"<source>\"}",
    "{\"source\": \"<source>\"}",
    "{\"all\": true}",
];
const MODES: &[&str] = &["hard", "soft", "refresh", "takedown"];
/// Targets in one request.
const MOST_TARGETS: usize = 1000;
/// Longest idempotency key, in bytes.
const LONGEST_KEY: usize = 256;
/// Longest reason of a takedown, in bytes.
const LONGEST_REASON: usize = 1000;
/// How long is waited unless the caller says otherwise, and at most, in seconds.
const DEADLINE: u64 = 10;
const LONGEST_DEADLINE: u64 = 300;
/// Derivatives that are made anew after a purge, at most.
const MOST_WARMED: u64 = 10_000;
/// Longest life of a takedown that ends, in seconds: a hundred years.
const LONGEST_TAKEDOWN: u64 = 100 * 366 * 86_400;

/// What the caller wants to have seen before the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    pub until: Until,
    pub within: Duration,
}

/// How far a purge has to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    State(State),
    /// Every derivative that a refresh found is replaced.
    Refreshed,
}

impl Until {
    pub fn is_met_by(self, progress: &Progress) -> bool {
        match self {
            Until::State(state) => progress.state() >= state,
            Until::Refreshed => progress.refreshed_at.is_some(),
        }
    }
}

/// A request, understood.
#[derive(Debug)]
pub(super) struct Asked {
    pub order: Order,
    pub wait: Option<Wait>,
    pub dry_run: bool,
    /// An idempotency key, and the hash of what it goes with.
    pub idempotency: Option<(String, Digest)>,
    /// Who is to be told what becomes of it.
    pub webhook: Option<String>,
}

impl Asked {
    pub fn read(
        mut fields: Map<String, Value>,
        header: Option<String>,
        query: &HashMap<String, String>,
        now: u64,
    ) -> Result<Asked, Problem> {
        if let Some(other) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            let problem = Problem::new(400, "unknown-field", format!("{other:?} is no field of a purge"));
            return Err(problem.parameter(other).allowed(FIELDS));
        }
        fields.retain(|_, value| !value.is_null());
        let key = idempotency_key(fields.remove("idempotency_key"), header)?;
        let wait = read_wait(fields.remove("wait"), fields.remove("deadline"), query)?;
        // What is compared is what the body asks to be done, not how it is laid out or how long its sender waits.
        let digest = Digest::of(Value::Object(fields.clone()).to_string().as_bytes());
        let dry_run = match fields.get("dry_run") {
            None => false,
            Some(Value::Bool(dry)) => *dry,
            Some(other) => {
                let problem = Problem::new(400, "bad-dry-run", format!("dry_run must be true or false, not {other}"));
                return Err(problem.parameter("dry_run").allowed(&["true", "false"]));
            }
        };
        let webhook = match fields.get("webhook") {
            None => None,
            Some(Value::String(url)) => Some(url.clone()),
            Some(_) => return Err(Problem::new(400, "bad-webhook", "webhook must be a URL").parameter("webhook")),
        };
        let mode = read_mode(fields.get("mode"))?;
        let terms = read_terms(&fields, mode, now)?;
        let named = read_targets(fields.get("targets"))?;
        if mode != Mode::Refresh && wait.is_some_and(|wait| wait.until == Until::Refreshed) {
            let detail = "only a purge with the mode \"refresh\" comes to be refreshed";
            let problem = Problem::new(400, "bad-wait", detail).parameter("wait");
            return Err(problem.allowed(&["effective", "erased"]));
        }
        let warm = read_warm(fields.get("warm"), mode)?;
        let order = Order { via: Via::Native, mode, terms, named, warm };
        Ok(Asked { order, wait, dry_run, idempotency: key.map(|key| (key, digest)), webhook })
    }
}

/// From the field or the header; both may be given if they are equal.
fn idempotency_key(field: Option<Value>, header: Option<String>) -> Result<Option<String>, Problem> {
    let bad = |detail: &str| Problem::new(400, "bad-idempotency-key", detail).parameter("idempotency_key");
    let field = match field {
        None => None,
        Some(Value::String(key)) => Some(key),
        Some(_) => return Err(bad("the idempotency key must be text")),
    };
    let key = match (field, header) {
        (Some(field), Some(header)) if field != header => {
            return Err(bad("the body and the header name different idempotency keys"));
        }
        (field, header) => field.or(header),
    };
    match &key {
        Some(key) if key.is_empty() || key.len() > LONGEST_KEY || key.contains(char::is_control) => {
            Err(bad("an idempotency key has 1 to 256 bytes and no control characters"))
        }
        _ => Ok(key),
    }
}

/// From the body or the query; both may be given if they are equal.
fn read_wait(
    wait: Option<Value>,
    deadline: Option<Value>,
    query: &HashMap<String, String>,
) -> Result<Option<Wait>, Problem> {
    if let Some(other) = query.keys().find(|name| *name != "wait" && *name != "deadline") {
        let problem = Problem::new(400, "unknown-parameter", format!("there is no parameter {other:?}"));
        return Err(problem.parameter(other).allowed(&["wait", "deadline"]));
    }
    let one = |name: &'static str, field: Option<Value>| {
        let field = field.map(|value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        });
        match (field, query.get(name)) {
            (Some(field), Some(parameter)) if field != *parameter => {
                let detail = format!("the body and the query differ in {name}");
                Err(Problem::new(400, "bad-wait", detail).parameter(name))
            }
            (field, parameter) => Ok(field.or_else(|| parameter.cloned())),
        }
    };
    let until = match one("wait", wait)?.as_deref() {
        None => None,
        Some("effective") => Some(Until::State(State::Effective)),
        Some("erased") => Some(Until::State(State::Erased)),
        Some("refreshed") => Some(Until::Refreshed),
        Some(other) => {
            let problem = Problem::new(400, "bad-wait", format!("one cannot wait for {other:?}"));
            return Err(problem.parameter("wait").allowed(&["effective", "erased", "refreshed"]));
        }
    };
    let seconds = match one("deadline", deadline)? {
        None => DEADLINE,
        Some(text) => {
            text.parse().ok().filter(|seconds| (1..=LONGEST_DEADLINE).contains(seconds)).ok_or_else(|| {
                let problem = Problem::new(400, "bad-deadline", format!("{text:?} is no deadline in seconds"));
                problem.parameter("deadline").allowed(&["1 to 300"])
            })?
        }
    };
    Ok(until.map(|until| Wait { until, within: Duration::from_secs(seconds) }))
}

/// A refresh makes all of them anew, and a takedown none.
fn read_warm(field: Option<&Value>, mode: Mode) -> Result<Option<usize>, Problem> {
    let Some(value) = field else { return Ok(None) };
    let bad = |detail: String| Problem::new(400, "bad-warm", detail).parameter("warm");
    if matches!(mode, Mode::Refresh | Mode::Takedown) {
        let detail = format!("warm is not for purges with the mode {:?}", mode.name());
        return Err(bad(detail).allowed(&["\"mode\": \"hard\"", "\"mode\": \"soft\""]));
    }
    let most = value.as_u64().filter(|most| (1..=MOST_WARMED).contains(most));
    let most = most.ok_or_else(|| bad(format!("{value} is no number of derivatives")).allowed(&["1 to 10000"]))?;
    Ok(Some(most as usize))
}

fn read_mode(field: Option<&Value>) -> Result<Mode, Problem> {
    match field {
        None => Ok(Mode::Hard),
        Some(value) => value.as_str().and_then(Mode::from_name).ok_or_else(|| {
            let problem = Problem::new(400, "bad-mode", format!("there is no mode {value}"));
            problem.parameter("mode").allowed(MODES)
        }),
    }
}

fn read_terms(fields: &Map<String, Value>, mode: Mode, now: u64) -> Result<Option<Terms>, Problem> {
    let bad = |name: &str, detail: String, allowed: &[&str]| {
        Problem::new(400, "bad-terms", detail).parameter(name).allowed(allowed)
    };
    if mode != Mode::Takedown {
        return match TERMS.iter().find(|name| fields.contains_key(**name)) {
            None => Ok(None),
            Some(name) => {
                let detail = format!("{name} is for takedowns; this purge has the mode {:?}", mode.name());
                Err(bad(name, detail, &["\"mode\": \"takedown\""]))
            }
        };
    }
    let status = match fields.get("status") {
        None => Gone::default(),
        Some(value) => {
            let status = value.as_u64().and_then(|n| u16::try_from(n).ok()).and_then(Gone::from_status);
            status.ok_or_else(|| bad("status", format!("a takedown cannot answer {value}"), &["451", "410"]))?
        }
    };
    let reason = match fields.get("reason") {
        None => String::new(),
        Some(Value::String(text)) if text.len() <= LONGEST_REASON && !text.contains(char::is_control) => text.clone(),
        Some(_) => {
            let detail =
                format!("the reason must be text of at most {LONGEST_REASON} bytes without control characters");
            return Err(bad("reason", detail, &[]));
        }
    };
    let forms = &["an RFC 3339 time to come, such as 2030-01-31T12:00:00Z"];
    let expires_at = match (fields.get("expires_at"), fields.get("expires_in")) {
        (None, None) => None,
        (Some(_), Some(_)) => {
            return Err(bad("expires_in", "give expires_at or expires_in, not both".to_owned(), &[]));
        }
        (Some(value), None) => {
            let at = value.as_str().and_then(parse_rfc3339);
            let at = at.ok_or_else(|| bad("expires_at", format!("{value} is no time"), forms))?;
            if at <= now {
                return Err(bad("expires_at", format!("{value} is past"), forms));
            }
            Some(at)
        }
        (None, Some(value)) => {
            let seconds = value.as_u64().filter(|seconds| (1..=LONGEST_TAKEDOWN).contains(seconds));
            let seconds = seconds.ok_or_else(|| {
                bad(
                    "expires_in",
                    format!("{value} is no number of seconds"),
                    &["a whole number of seconds, at least 1"],
                )
            })?;
            Some(now.saturating_add(seconds * 1000))
        }
    };
    Ok(Some(Terms { status, reason, expires_at }))
}

fn read_targets(field: Option<&Value>) -> Result<Vec<Named>, Problem> {
    let wrong = |detail: String| Problem::new(400, "bad-targets", detail).parameter("targets").allowed(TARGETS);
    let targets = match field {
        Some(Value::Array(targets)) if !targets.is_empty() => targets,
        _ => return Err(wrong("targets must be a list of at least one target".to_owned())),
    };
    if targets.len() > MOST_TARGETS {
        return Err(wrong(format!("{} targets; at most {MOST_TARGETS} go into one purge", targets.len())));
    }
    targets.iter().enumerate().map(|(number, target)| read_target(number, target)).collect()
}

fn read_target(number: usize, target: &Value) -> Result<Named, Problem> {
    let place = format!("targets[{number}]");
    let bad = |detail: String| Problem::new(400, "bad-target", detail).parameter(&place).allowed(TARGETS);
    let one = || bad("a target is an object with exactly one field; a tag may have a source beside it".to_owned());
    let fields = target.as_object().ok_or_else(one)?;
    let text = |kind: &str, value: &Value| match value {
        Value::String(said) if !said.trim().is_empty() => Ok(said.clone()),
        other => Err(bad(format!("{kind} must be text, not {other}"))),
    };
    if let Some(tag) = fields.get("tag") {
        let tag = text("tag", tag)?;
        let source = fields.get("source").map(|source| text("source", source)).transpose()?;
        if fields.len() != 1 + usize::from(source.is_some()) {
            return Err(one());
        }
        let said = match &source {
            Some(source) => format!("{tag} in {source}"),
            None => tag.clone(),
        };
        return Ok(Named::new(&said, Wanted::Tag { tag, source }));
    }
    let Some((kind, value)) = fields.iter().next().filter(|_| fields.len() == 1) else { return Err(one()) };
    if kind == "all" {
        return match value {
            Value::Bool(true) => Ok(Named::new("all", Wanted::All)),
            other => Err(bad(format!("all must be true, not {other}"))),
        };
    }
    let make: fn(String) -> Wanted = match kind.as_str() {
        "url" => Wanted::Url,
        "derivative" => Wanted::Derivative,
        "master" => Wanted::Master,
        "dependency" => |said| Wanted::Dependency(Box::new(url_or_master(said))),
        "prefix" => Wanted::Prefix,
        "glob" => Wanted::Glob,
        "source" => Wanted::Source,
        other => return Err(bad(format!("there is no target {other:?}"))),
    };
    let said = text(kind, value)?;
    Ok(Named::new(&said, make(said.clone())))
}

/// URLs and paths of sites begin with a scheme or a slash; `source/path` does neither.
fn url_or_master(said: String) -> Wanted {
    if said.starts_with('/') || said.contains("://") { Wanted::Url(said) } else { Wanted::Master(said) }
}
