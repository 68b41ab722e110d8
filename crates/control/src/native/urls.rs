//! `POST /v1/urls`: from an asset and parameters to a URL, and the same in every site's words.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use dialect::{Parsed, Step};
use engine::{DialectKind, Refusal, Site, Spelling};
use http::HeaderMap;
use plan::{Asset, MasterRef};
use serde_json::{Map, Value, json};

use super::explain::{unnamed, warnings};
use super::{caller, document, steps};
use crate::auth::{Caller, Right};
use crate::clock::{now_ms, when};
use crate::plane::Plane;
use crate::reach::Reach;
use crate::reply::{Problem, Reply};
use crate::server::{From, Unread};

const FIELDS: &[&str] = &["url", "site", "source", "asset", "parameters", "steps", "sign", "expires"];
/// Parameters in one URL.
pub(super) const MOST_PARAMETERS: usize = 500;

/// What is asked for.
struct Asked {
    said: Said,
    /// Whether URLs are to be signed, and when they end then, in seconds since the Unix epoch.
    sign: bool,
    expires: Option<u64>,
}

enum Said {
    Url(String),
    Parts { site: String, source: Option<String>, asset: String, words: Words },
}

/// The transformation in a dialect's words.
enum Words {
    Parameters(Vec<(String, String)>),
    Steps(Vec<Step>),
}

/// `POST /v1/urls`. To sign takes a key that may purge or administrate.
pub(crate) async fn write(State(plane): State<Arc<Plane>>, from: From, request: Unread) -> Result<Reply, Problem> {
    let headers: HeaderMap = request.headers().clone();
    let caller = caller(&plane, &headers, &from, Right::Read)?;
    let asked = Asked::read(&document(request).await?)?;
    if asked.sign && !Right::Warm.is_of(&caller) {
        return Err(
            Problem::new(403, "not-allowed", "to sign URLs takes a key with the role purge or admin").parameter("sign")
        );
    }
    let done = tokio::task::spawn_blocking(move || spell(&plane, &caller, &asked)).await;
    let lost = |_| Problem::new(500, "lost", "the request was lost on the way");
    Ok(Reply::json(200, &done.map_err(lost)??))
}

fn spell(plane: &Plane, caller: &Caller, asked: &Asked) -> Result<Value, Problem> {
    let engine = &plane.engine;
    let (site, target) = match &asked.said {
        Said::Url(url) => engine.locate(url, &caller.scope).map_err(unnamed)?,
        Said::Parts { site, source, asset, words } => {
            let number = site_of(plane, caller, site)?;
            let parameters = match words {
                Words::Parameters(parameters) => Cow::Borrowed(parameters),
                Words::Steps(steps) => Cow::Owned(engine.flatten(number, steps).map_err(refused)?),
            };
            let target = engine.compose(number, source.as_deref(), asset, &parameters);
            (number, target.map_err(|error| Problem::new(400, "not-writable", error.to_string()).parameter("asset"))?)
        }
    };
    let (parsed, masters, others) = engine.spell_everywhere(site, &target, &caller.scope).map_err(refused)?;
    let parameters = engine.parameters(site, &target).map_err(refused)?;
    let steps = engine.steps(site, &target).map_err(refused)?;
    if asked.sign {
        check_reach(plane, caller, &masters)?;
    }
    // An old signature is none of the parameters; a URL that came without one stays as it was written.
    let own = match (asked.sign, &asked.said) {
        (true, Said::Url(_)) => engine.compose_parsed(site, &parsed, &parameters).unwrap_or(target),
        _ => target,
    };
    let own = Spelling { site, target: Ok(own) };
    let others: Vec<Spelling> = others.into_iter().filter(|other| other.site != site).collect();
    let siteless = siteless(plane, site, &parsed, &others);
    let urls: Vec<Value> =
        std::iter::once(own).chain(others).map(|spelling| describe(plane, asked, spelling)).collect();
    let asset = match &parsed.asset {
        Asset::Path(text) | Asset::Url(text) => text,
    };
    Ok(json!({
        "site": engine.site(site).name,
        "source": parsed.source,
        "asset": asset,
        "plan": parsed.plan.to_string(),
        "words": parsed.plan.words(),
        "output": parsed.plan.output_words(),
        "warnings": warnings(&parsed.warnings),
        "parameters": parameters,
        "steps": steps::json(&steps),
        "urls": urls,
        "siteless": siteless,
    }))
}

/// How those dialects say it that none of these sites speaks.
fn siteless(plane: &Plane, site: usize, parsed: &Parsed, others: &[Spelling]) -> Vec<Value> {
    let own = plane.engine.site(site);
    let spoken = |kind: DialectKind| {
        own.dialect == kind || others.iter().any(|other| plane.engine.site(other.site).dialect == kind)
    };
    let source = parsed.source.as_deref().unwrap_or(&own.grammar.default_source);
    let settings = dialect::Settings { max_side: own.grammar.max_side, ..dialect::Settings::default() };
    let spelt = engine::in_each_dialect(source, &parsed.asset, &parsed.plan, &settings).into_iter();
    let told = spelt.filter(|(kind, _)| !spoken(*kind)).map(|(kind, target)| {
        json!({
            "dialect": kind.name(),
            "path": target.as_ref().ok(),
            "error": target.as_ref().err().map(ToString::to_string),
        })
    });
    told.collect()
}

fn site_of(plane: &Plane, caller: &Caller, name: &str) -> Result<usize, Problem> {
    let known: Vec<&str> =
        plane.engine.sites().iter().map(|site| site.name.as_str()).filter(|name| caller.scope.holds(name)).collect();
    let found = plane.engine.sites().iter().position(|site| site.name == name && caller.scope.holds(name));
    let unknown = || Problem::new(400, "no-such-site", format!("no site is called {name:?}")).parameter("site");
    found.ok_or_else(|| unknown().allowed(&known))
}

fn check_reach(plane: &Plane, caller: &Caller, masters: &[MasterRef]) -> Result<(), Problem> {
    let reach = Reach::of(&plane.engine, caller).map_err(unnamed)?;
    match masters.iter().find(|master| !reach.has(&master.id)) {
        None => Ok(()),
        Some(master) => {
            let detail = format!("{} is not within what this key may sign", master.id);
            Err(Problem::new(403, "forbidden-target", detail).parameter("asset"))
        }
    }
}

fn refused(refusal: Refusal) -> Problem {
    let problem = Problem::new(if refusal.status < 500 { 400 } else { refusal.status }, refusal.code, refusal.detail);
    let problem = Problem { parameter: refusal.parameter, ..problem };
    match refusal.allowed {
        Some(allowed) => problem.allowed(&[&allowed]),
        None => problem,
    }
}

fn describe(plane: &Plane, asked: &Asked, spelling: Spelling) -> Value {
    let site = plane.engine.site(spelling.site);
    let (target, signed, error) = match spelling.target {
        Ok(target) if asked.sign && !site.signing.secrets.is_empty() => {
            match plane.engine.sign(spelling.site, &target, asked.expires) {
                Ok(signed) => (Some(signed), true, None),
                Err(error) => (Some(target), false, Some(error.to_string())),
            }
        }
        Ok(target) => (Some(target), false, None),
        Err(error) => (None, false, Some(error)),
    };
    let path = target.map(|target| format!("{}{target}", site.prefix.trim_end_matches('/')));
    json!({
        "site": site.name,
        "dialect": site.dialect.name(),
        "url": path.as_ref().map(|path| absolute(plane, site, path)),
        "path": path,
        "signed": signed,
        "error": error,
    })
}

fn absolute(plane: &Plane, site: &Site, path: &str) -> String {
    let base = plane.base_of(site);
    let host = base.strip_suffix(site.prefix.trim_end_matches('/')).unwrap_or(&base);
    format!("{host}{path}")
}

impl Asked {
    fn read(fields: &Map<String, Value>) -> Result<Asked, Problem> {
        if let Some(other) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            let problem = Problem::new(400, "unknown-field", format!("{other:?} is no field of a URL"));
            return Err(problem.parameter(other).allowed(FIELDS));
        }
        let bad = |name: &str, detail: &str| Problem::new(400, "bad-field", detail).parameter(name);
        let text = |name: &str| match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.clone())),
            Some(_) => Err(bad(name, &format!("{name} must be text"))),
        };
        let said = match (text("url")?, text("site")?, text("asset")?) {
            (Some(url), None, None) => Said::Url(url),
            (None, Some(site), Some(asset)) => {
                let words = match (fields.get("parameters"), fields.get("steps")) {
                    (None | Some(Value::Null), Some(steps)) if !steps.is_null() => Words::Steps(steps::read(steps)?),
                    (_, None | Some(Value::Null)) => Words::Parameters(read_parameters(fields.get("parameters"))?),
                    _ => return Err(bad("steps", "give parameters or steps, not both")),
                };
                Said::Parts { site, source: text("source")?, asset, words }
            }
            (Some(_), ..) => return Err(bad("url", "give a url, or site and asset, not both")),
            (None, None, _) => return Err(bad("site", "the site is missing")),
            (None, _, None) => return Err(bad("asset", "the asset is missing")),
        };
        let sign = match fields.get("sign") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(sign)) => *sign,
            Some(_) => return Err(bad("sign", "sign must be true or false")),
        };
        let expires = match text("expires")? {
            None => None,
            Some(_) if !sign => return Err(bad("expires", "only a signed URL ends")),
            Some(text) => Some(when(&text, now_ms() / 1000).map_err(|why| bad("expires", &why))?),
        };
        Ok(Asked { said, sign, expires })
    }
}

fn read_parameters(field: Option<&Value>) -> Result<Vec<(String, String)>, Problem> {
    let wrong = || {
        let detail = format!("parameters must be a list of at most {MOST_PARAMETERS} pairs of texts");
        Problem::new(400, "bad-field", detail).parameter("parameters").allowed(&["[[\"w\", \"300\"]]"])
    };
    let pairs = match field {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(pairs)) if pairs.len() <= MOST_PARAMETERS => pairs,
        Some(_) => return Err(wrong()),
    };
    let pair = |pair: &Value| match pair.as_array().map(Vec::as_slice) {
        Some([Value::String(name), Value::String(value)]) => Some((name.clone(), value.clone())),
        _ => None,
    };
    pairs.iter().map(pair).collect::<Option<Vec<_>>>().ok_or_else(wrong)
}
