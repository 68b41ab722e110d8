//! `POST /v1/invalidate`: the cache invalidation API of draft-nottingham-http-invalidation.
//!
//! URIs are those under which pictures are served here, or those of origins. A URI of ours names one derivative in all its
//! formats, an origin's its master. A prefix ends at a segment of the path. What is invalidated is unusable at once; with
//! `purge` it must also be gone from the disk before the answer is 200.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use dialect::{Asset, cloudimage, imagekit, text};
use engine::{DialectKind, NamingError, Wanted};
use http::HeaderMap;
use plan::Selector;
use purge::{State as Reached, Via};
use serde_json::{Map, Value, json};

use super::{caller, document, problem};
use crate::act::{Failed, Named, Order};
use crate::auth::{Caller, Right};
use crate::plane::Plane;
use crate::reply::{Problem, Reply};
use crate::server::{From, Unread};

const TYPES: &[&str] = &["uri", "uri-prefix", "origin", "group"];
/// Selectors, and groups, in one request, and what they may name together.
const MOST: usize = 1000;
/// How long the answer waits for bytes to be erased: what the draft calls a reasonable time.
const REASONABLE: Duration = Duration::from_secs(30);

/// `POST /v1/invalidate`.
pub(crate) async fn purge(State(plane): State<Arc<Plane>>, from: From, request: Unread) -> Result<Reply, Problem> {
    let caller = caller(&plane, request.headers(), &from, Right::Purge)?;
    let asked = Asked::read(&document(request).await?)?;
    let (named, ignored) = asked.named(&plane, &caller).await?;
    let receipt = plane.carry_out(&caller, Order::hard(Via::Invalidation, named)).await.map_err(|e| problem(&e))?;
    let id = receipt.record.id;
    let state = if asked.purge { Reached::Erased } else { Reached::Effective };
    let reached = match state {
        Reached::Erased => plane.reached(id, state, REASONABLE).await.map_err(|e| problem(&e))?.state(),
        other => other,
    };
    let status = if reached >= state { 200 } else { 202 };
    let body = json!({ "id": id.to_string(), "state": reached.name(), "ignored": ignored });
    Ok(Reply::json(status, &body))
}

/// `GET /v1/invalidate`: what is supported, in the draft's description format.
pub(crate) async fn describe(
    State(plane): State<Arc<Plane>>,
    from: From,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    caller(&plane, &headers, &from, Right::Read)?;
    let invalidation = json!({ "uri": "/v1/invalidate", "selectors": TYPES, "purge": true });
    let targeted = ["CDN-Cache-Control"];
    Ok(Reply::json(200, &json!({ "description": "Afterimage", "invalidation": invalidation, "targeted-cc": targeted })))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Uri,
    Prefix,
    Origin,
    Group,
}

#[derive(Debug)]
struct Asked {
    kind: Kind,
    selectors: Vec<String>,
    groups: Vec<String>,
    purge: bool,
}

impl Asked {
    /// Members that the draft does not know are passed over, as it says.
    fn read(fields: &Map<String, Value>) -> Result<Asked, Problem> {
        let kind = match fields.get("type") {
            Some(Value::String(kind)) => match kind.as_str() {
                "uri" => Kind::Uri,
                "uri-prefix" => Kind::Prefix,
                "origin" => Kind::Origin,
                "group" => Kind::Group,
                other => {
                    let problem =
                        Problem::new(501, "not-supported", format!("selectors of type {other:?} are unknown"));
                    return Err(problem.parameter("type").allowed(TYPES));
                }
            },
            _ => return Err(bad("type", "the type must be text").allowed(TYPES)),
        };
        let selectors = texts(fields, "selectors")?;
        let groups = if kind == Kind::Group { texts(fields, "groups")? } else { Vec::new() };
        let purge = match fields.get("purge") {
            None => false,
            Some(Value::Bool(purge)) => *purge,
            Some(_) => return Err(bad("purge", "purge must be true or false")),
        };
        Ok(Asked { kind, selectors, groups, purge })
    }

    /// What the selectors name, and those that the caller may not invalidate: the draft has them ignored.
    async fn named(&self, plane: &Arc<Plane>, caller: &Caller) -> Result<(Vec<Named>, Vec<String>), Problem> {
        let (mut named, mut ignored) = (Vec::new(), Vec::new());
        for (number, said) in self.selectors.iter().enumerate() {
            let outcome = match self.read_selector(plane, caller, said) {
                Ok(readings) => self.within_reach(plane, caller, readings).await,
                Err(unread) => Err(unread),
            };
            let parameter = || format!("selectors[{number}]");
            match outcome {
                Ok(readings) => {
                    named.extend(readings);
                    if named.len() > MOST {
                        let detail = format!("this names more than {MOST} things; ask for the rest in another request");
                        return Err(bad("selectors", &detail));
                    }
                }
                Err(Unreadable::Failed(Failed::Naming { error: NamingError::Forbidden { .. }, .. })) => {
                    ignored.push(said.clone());
                }
                Err(Unreadable::Failed(failed)) => return Err(problem(&failed).parameter(parameter())),
                Err(Unreadable::Unsupported(why)) => {
                    return Err(Problem::new(501, "not-supported", why).parameter(parameter()));
                }
            }
        }
        if named.is_empty() {
            let detail = "this key may not invalidate any of the selectors";
            return Err(Problem::new(403, "forbidden-target", detail).parameter("selectors"));
        }
        Ok((named, ignored))
    }

    async fn within_reach(
        &self,
        plane: &Arc<Plane>,
        caller: &Caller,
        readings: Vec<Named>,
    ) -> Result<Vec<Named>, Unreadable> {
        plane.name(caller, readings.clone()).await.map_err(Unreadable::Failed)?;
        Ok(readings)
    }

    fn read_selector(&self, plane: &Plane, caller: &Caller, said: &str) -> Result<Vec<Named>, Unreadable> {
        let named = |wanted| Named::new(said, wanted);
        match self.kind {
            Kind::Uri => Ok(vec![named(match plane.engine.locate(said, &caller.scope) {
                Err(NamingError::Foreign { .. }) => Wanted::Url(said.to_owned()),
                Err(error) => return Err(error.into()),
                Ok(_) => Wanted::Derivative(said.to_owned()),
            })]),
            Kind::Prefix => match plane.engine.locate(said, &caller.scope) {
                Ok((site, below)) => prefix_of_site(plane, site, &below, said),
                Err(NamingError::Foreign { .. }) => prefix_of_origin(plane, caller, said),
                Err(error) => Err(error.into()),
            },
            Kind::Origin => {
                Ok(sources_at(plane, caller, said)?.into_iter().map(|s| named(Wanted::Source(s))).collect())
            }
            Kind::Group => {
                let sources = sources_at(plane, caller, said)?;
                let tags = |source: &String| {
                    let source = source.clone();
                    self.groups.iter().map(move |group| (group.clone(), Some(source.clone()))).collect::<Vec<_>>()
                };
                let tags = sources.iter().flat_map(tags);
                Ok(tags.map(|(tag, source)| named(Wanted::Tag { tag, source })).collect())
            }
        }
    }
}

/// Why a selector names nothing.
enum Unreadable {
    Failed(Failed),
    /// There is no such feature here (501).
    Unsupported(String),
}

impl std::convert::From<NamingError> for Unreadable {
    fn from(error: NamingError) -> Self {
        Unreadable::Failed(Failed::Naming { number: 0, error })
    }
}

/// What lies below a URL of ours: the masters whose path begins so. Where the path of a dialect's URL begins with a
/// transformation, there is no such thing.
fn prefix_of_site(plane: &Plane, site: usize, below: &str, said: &str) -> Result<Vec<Named>, Unreadable> {
    let bound = plane.engine.site(site);
    let malformed = |why: String| NamingError::Malformed { said: said.to_owned(), why };
    let named = |wanted| Named::new(said, wanted);
    if below.contains('?') {
        return Err(malformed("a prefix with a query names nothing here".to_owned()).into());
    }
    let star = format!("{below}*");
    let asset = match bound.dialect {
        DialectKind::Imgix => {
            let path = text::decode(below.trim_start_matches('/'));
            Asset::Path(path.ok_or_else(|| malformed("its path is not UTF-8".to_owned()))?)
        }
        DialectKind::Cloudimage => {
            cloudimage::purge_path(&star, &bound.grammar).map_err(|e| malformed(e.to_string()))?.asset
        }
        DialectKind::Imagekit => {
            match imagekit::purge_target(&star, &bound.grammar).map_err(|e| malformed(e.to_string()))? {
                imagekit::PurgeTarget::Master(asset) => asset,
                imagekit::PurgeTarget::Prefix(path) => Asset::Path(path),
                imagekit::PurgeTarget::UrlPrefix(url) => Asset::Url(url),
                imagekit::PurgeTarget::Exact(_) => {
                    return Err(malformed("a transformation is no prefix".to_owned()).into());
                }
            }
        }
        DialectKind::Imageboss => {
            let why = "ImageBoss's URLs begin with a transformation, so they have no prefixes; use type uri";
            return Err(Unreadable::Unsupported(why.to_owned()));
        }
    };
    let said = said.to_owned();
    let one = |asset: Asset| Wanted::Asset { site, source: None, asset, said: said.clone() };
    Ok(match asset {
        Asset::Path(path) if path.is_empty() => vec![named(Wanted::Site { site })],
        Asset::Path(path) => {
            let folder = format!("{}/", path.trim_end_matches('/'));
            let mut all = vec![named(Wanted::AssetPrefix { site, prefix: folder, said: said.clone() })];
            if !path.ends_with('/') {
                all.push(named(one(Asset::Path(path))));
            }
            all
        }
        Asset::Url(url) => {
            let folder = format!("{}/", url.trim_end_matches('/'));
            let mut all = vec![Named { as_prefix: true, ..named(one(Asset::Url(folder))) }];
            if !url.ends_with('/') {
                all.push(named(one(Asset::Url(url))));
            }
            all
        }
    })
}

/// What lies below an origin's URL, in every source there.
fn prefix_of_origin(plane: &Plane, caller: &Caller, said: &str) -> Result<Vec<Named>, Unreadable> {
    let malformed = |why: &str| NamingError::Malformed { said: said.to_owned(), why: why.to_owned() };
    let (authority, path) = split(said).ok_or_else(|| malformed("expected a whole URL"))?;
    if path.contains(['?', '#']) {
        return Err(malformed("a prefix with a query names nothing here").into());
    }
    let path = text::decode(path).ok_or_else(|| malformed("its path is not UTF-8"))?;
    let begin = format!("//{authority}{path}");
    let folder = format!("{}/", begin.trim_end_matches('/'));
    let named = |wanted| Named::new(said, wanted);
    let mut all = Vec::new();
    for (source, location) in sources(plane, caller) {
        if location.starts_with(&folder) {
            all.push(named(Wanted::Source(source)));
        } else if let Some(rest) = folder.strip_prefix(&location) {
            all.push(named(Wanted::Prefix(format!("{source}/{rest}"))));
            if !begin.ends_with('/') {
                all.push(named(Wanted::Master(format!("{source}/{}", rest.trim_end_matches('/')))));
            }
        }
    }
    if all.is_empty() { Err(foreign(said).into()) } else { Ok(all) }
}

/// The sources behind an origin: those of the sites that are served there, and those that fetch from there.
fn sources_at(plane: &Plane, caller: &Caller, said: &str) -> Result<Vec<String>, NamingError> {
    let why = || "expected an origin, such as https://img.example:443".to_owned();
    let (authority, path) = split(said).ok_or_else(|| NamingError::Malformed { said: said.to_owned(), why: why() })?;
    if !path.is_empty() && path != "/" {
        return Err(NamingError::Malformed { said: said.to_owned(), why: why() });
    }
    let host = match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => &authority[..colon],
        _ => &authority,
    };
    let loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let mut found: Vec<String> = Vec::new();
    for site in plane.engine.sites().iter().filter(|site| caller.scope.holds(&site.name)) {
        let ours = if site.hosts.is_empty() { loopback } else { site.hosts.iter().any(|h| h == host) };
        if ours {
            found.extend(site.sources.iter().cloned());
        }
    }
    let origin = format!("//{authority}/");
    found.extend(sources(plane, caller).into_iter().filter(|(_, at)| at.starts_with(&origin)).map(|(name, _)| name));
    found.sort();
    found.dedup();
    if found.is_empty() { Err(foreign(said)) } else { Ok(found) }
}

/// Every source of the caller's sites, and where it is.
fn sources(plane: &Plane, caller: &Caller) -> Vec<(String, String)> {
    let sites = plane.engine.sites().iter().filter(|site| caller.scope.holds(&site.name));
    let mut names: Vec<String> = sites.flat_map(|site| site.sources.iter().cloned()).collect();
    names.sort();
    names.dedup();
    let locate = |name: String| {
        let named = plane.engine.name(&Wanted::Source(name.clone()), &caller.scope).ok()?;
        match named.selectors.first() {
            Some(Selector::Source(location)) => Some((name, location.as_str().to_owned())),
            _ => None,
        }
    };
    names.into_iter().filter_map(locate).collect()
}

/// Authority, in lower case and without the scheme's own port, and the rest of a whole URL.
fn split(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let default = match scheme.to_ascii_lowercase().as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let authority = authority.to_ascii_lowercase();
    let bare = authority.strip_suffix(default).or(authority.strip_suffix(':')).unwrap_or(&authority).to_owned();
    (!bare.is_empty()).then_some((bare, path))
}

fn foreign(said: &str) -> NamingError {
    NamingError::Foreign { said: said.to_owned(), why: "no site and no source of ours is there".to_owned() }
}

fn bad(name: &str, detail: &str) -> Problem {
    Problem::new(400, "bad-invalidation", detail).parameter(name)
}

fn texts(fields: &Map<String, Value>, name: &str) -> Result<Vec<String>, Problem> {
    let wrong = || bad(name, &format!("{name} must be a list of 1 to {MOST} texts"));
    let list = fields.get(name).and_then(Value::as_array).filter(|list| (1..=MOST).contains(&list.len()));
    let texts = list.ok_or_else(wrong)?.iter().map(|text| text.as_str().map(str::to_owned));
    let mut texts = texts.collect::<Option<Vec<String>>>().ok_or_else(wrong)?;
    let mut seen = HashSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_normalised() {
        for (url, want) in [
            ("https://Shop.example:443/a", Some(("shop.example", "/a"))),
            ("HTTPS://shop.example:", Some(("shop.example", ""))),
            ("http://shop.example:80/", Some(("shop.example", "/"))),
            ("http://shop.example:443", Some(("shop.example:443", ""))),
            ("https://[::1]:8443/x", Some(("[::1]:8443", "/x"))),
            ("https://?x", None),
            ("ftp://h/", None),
            ("h", None),
        ] {
            assert_eq!(split(url).as_ref().map(|(a, p)| (a.as_str(), *p)), want, "{url}");
        }
    }
}
