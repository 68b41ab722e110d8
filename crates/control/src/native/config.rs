//! `/v1/config`: what was configured, where it came from, and how the sources are.

mod check;

use std::sync::Arc;

use axum::extract::State;
use engine::Site;
use engine::health::Standing;
use http::HeaderMap;
use serde_json::{Value, json};

use super::caller;
use crate::auth::{Caller, Right};
use crate::clock::rfc3339;
use crate::configured::Setting;
use crate::plane::Plane;
use crate::reply::{Problem, Reply};
use crate::server::From;

pub(crate) use check::check;

/// `GET /v1/config`: every setting outside of sources and sites, with its value and where that came from.
pub(crate) async fn show(State(plane): State<Arc<Plane>>, from: From, headers: HeaderMap) -> Result<Reply, Problem> {
    caller(&plane, &headers, &from, Right::LookAtAll)?;
    let configured = &plane.configured;
    Ok(Reply::json(200, &json!({ "file": configured.file, "settings": described(&configured.settings) })))
}

/// `GET /v1/config/sites`: those that the key may see.
pub(crate) async fn sites(State(plane): State<Arc<Plane>>, from: From, headers: HeaderMap) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Look)?;
    let held = plane.engine.sites().iter().filter(|site| holds_site(&caller, site));
    let sites: Vec<Value> = held.map(|site| site_of(&plane, site)).collect();
    let owned_by = if plane.configured.file.is_some() { "file" } else { "zero-config" };
    Ok(Reply::json(200, &json!({ "sites": sites, "owned_by": owned_by })))
}

/// `GET /v1/config/sources`: those that the key may see, and how they are.
pub(crate) async fn sources(State(plane): State<Arc<Plane>>, from: From, headers: HeaderMap) -> Result<Reply, Problem> {
    let caller = caller(&plane, &headers, &from, Right::Look)?;
    let standings = plane.engine.standings().into_iter();
    let sources = standings.filter(|standing| holds_source(&plane, &caller, standing));
    let sources: Vec<Value> = sources.map(|standing| source_of(&plane, &caller, &standing)).collect();
    Ok(Reply::json(200, &json!({ "sources": sources })))
}

/// A key that is bound to sources sees the sites that have nothing else.
fn holds_site(caller: &Caller, site: &Site) -> bool {
    caller.scope.holds(&site.name) && site.sources.iter().all(|source| reaches(caller, source))
}

/// Whether a source is one of the caller's sites, and among the sources that it is bound to.
fn holds_source(plane: &Plane, caller: &Caller, source: &Standing) -> bool {
    let of_sites = caller.scope.sites.is_empty()
        || plane.engine.sites().iter().any(|site| caller.scope.holds(&site.name) && source.sites.contains(&site.name));
    of_sites && reaches(caller, &source.name)
}

/// Whether a key that is bound to sources, or to parts of them, is bound to this one.
fn reaches(caller: &Caller, source: &str) -> bool {
    caller.within.is_empty() || caller.within.iter().any(|part| part.split('/').next() == Some(source))
}

fn described(settings: &[Setting]) -> Vec<Value> {
    let setting = |setting: &Setting| {
        json!({
            "key": setting.key,
            "value": setting.value,
            "from": setting.from,
            "where": setting.place,
            "doc": setting.doc,
        })
    };
    settings.iter().map(setting).collect()
}

fn of<'s>(groups: &'s [(String, Vec<Setting>)], name: &str) -> &'s [Setting] {
    groups.iter().find(|(known, _)| known == name).map_or(&[], |(_, settings)| settings.as_slice())
}

fn site_of(plane: &Plane, site: &Site) -> Value {
    let aliases = site.grammar.aliases.iter();
    let aliases: Vec<Value> =
        aliases.map(|alias| json!({ "name": alias.name, "stands_for": alias.stands_for })).collect();
    json!({
        "name": site.name,
        "dialect": site.dialect.name(),
        "kind": if site.passthrough { "passthrough" } else { "pictures" },
        "hosts": site.hosts,
        "prefix": site.prefix,
        "sources": site.sources,
        "url": address(plane, site),
        "signing": { "policy": policy(site), "secrets": site.signing.secrets.len() },
        "presets": site.grammar.presets.keys().map(|name| preset(site, name)).collect::<Vec<Value>>(),
        "aliases": aliases,
        "settings": described(of(&plane.configured.sites, &site.name)),
    })
}

/// Where its URLs begin: at its first host, else where pictures are served. It ends in a slash.
fn address(plane: &Plane, site: &Site) -> String {
    let prefix = site.prefix.trim_end_matches('/');
    match site.hosts.first() {
        None => format!("{}{prefix}/", plane.public.trim_end_matches('/')),
        Some(host) => format!("{}://{host}{prefix}/", if plane.configured.encrypted { "https" } else { "http" }),
    }
}

fn policy(site: &Site) -> &'static str {
    match site.signing.policy {
        dialect::Policy::Off => "off",
        dialect::Policy::Optional => "optional",
        dialect::Policy::Required => "required",
    }
}

/// A preset with what it means, also one that is switched off.
fn preset(site: &Site, name: &str) -> Value {
    let mut settings = site.grammar.clone();
    // Its own meaning is asked for, not whether anybody may ask for it so.
    settings.sealed = false;
    let known = settings.presets.get_mut(name);
    let enabled = known.is_some_and(|preset| std::mem::replace(&mut preset.enabled, true));
    let (plan, words, error) = match site.dialect.parse_preset(name, &settings) {
        Ok(parsed) => {
            let wrong = parsed.warnings.first().map(ToString::to_string);
            (Some(parsed.plan.to_string()), json!(parsed.plan.words()), wrong)
        }
        Err(error) => (None, Value::Null, Some(error.to_string())),
    };
    let text = settings.presets.get(name).map(|preset| preset.text.as_str());
    json!({ "name": name, "text": text, "enabled": enabled, "plan": plan, "words": words, "error": error })
}

fn source_of(plane: &Plane, caller: &Caller, source: &Standing) -> Value {
    let health = &source.health;
    let last = health.last.as_ref();
    let state = match (health.failing, health.last_success) {
        (true, _) => "failing",
        (false, Some(_)) => "ok",
        (false, None) => "unknown",
    };
    let trouble = last.and_then(|last| last.trouble.as_ref());
    let sites: Vec<&String> = source.sites.iter().filter(|site| caller.scope.holds(site)).collect();
    json!({
        "name": source.name,
        "type": source.kind,
        "location": source.location.as_str(),
        "base": source.base,
        "sites": sites,
        "settings": described(of(&plane.configured.sources, &source.name)),
        "health": {
            "state": state,
            "checked_at": last.map(|last| rfc3339(last.at)),
            "ms": last.map(|last| millis(last.took)),
            "detail": trouble.map(|trouble| trouble.detail.as_str()),
            "fault": trouble.map(|trouble| trouble.fault.name()),
            "last_success_at": health.last_success.map(rfc3339),
            "failures": health.failures,
        },
    })
}

/// Milliseconds, to the microsecond.
fn millis(took: std::time::Duration) -> f64 {
    took.as_micros() as f64 / 1000.0
}
