//! ImageKit's APIs: purging (<https://imagekit.io/docs/api-reference/caching/purge-cache>), and what of accounts, metadata and
//! named transformations can be told of a self-hosted server.
//!
//! Its clients retry a 409 and every 5xx without telling, so a client's mistake is never answered so. The vendor refuses
//! short wildcards to protect a shared CDN, and purges no transformation along with a file: so does a site by the vendor's
//! letter, and no other.

pub(crate) mod account;
pub(crate) mod metadata;
mod wildcard;

use std::sync::Arc;

use axum::extract::State as Shared;
use dialect::imagekit::{PurgeTarget, purge_target};
use dialect::{Asset, text};
use engine::{DialectKind, NamingError, Site, Wanted};
use http::{HeaderMap, Method, Uri};
use purge::{Filter, Progress, PurgeId, Receipt, Record, State, Via};
use serde_json::{Value, json};

use crate::act::{Failed, Named};
use crate::auth::{Caller, Denied, Right, basic_user};
use crate::clock::{month_ms, now_ms};
use crate::plane::Plane;
use crate::recent::short;
use crate::reply::Reply;
use crate::server::{From, Segment, Unread};

/// Records among which the purge of a request id is looked for when it is no longer remembered.
const LOOKED_AT: usize = 20_000;
/// Records read at once.
const PAGE: usize = 1_000;

struct Problem {
    status: u16,
    message: String,
    retry_after: Option<u32>,
    /// The month's purges that are used up.
    quota: Option<u64>,
}

impl Problem {
    fn new(status: u16, message: impl Into<String>) -> Problem {
        Problem { status, message: message.into(), retry_after: None, quota: None }
    }

    fn of(failed: &Failed) -> Problem {
        let quota = match failed {
            Failed::Quota { limit, .. } => Some(*limit),
            _ => None,
        };
        Problem { retry_after: failed.retry_after(), quota, ..Problem::new(failed.status(400), failed.to_string()) }
    }

    fn reply(self) -> Reply {
        let help = "See docs/apis.md in Afterimage's documentation.";
        let reply = Reply::json(self.status, &json!({ "message": self.message, "help": help }));
        let reply = match self.quota {
            // Until the month is over no retry helps; clients would try twice.
            Some(limit) => reply.with("x-should-retry", "false").with_limit(
                limit,
                u64::from(self.retry_after.unwrap_or_default()) * 1000,
                month_ms(now_ms()),
            ),
            None => reply,
        };
        let reply = reply.retry_after(self.retry_after);
        if self.status == 401 { reply.with("www-authenticate", "Basic realm=\"afterimage\"") } else { reply }
    }
}

impl Reply {
    /// The vendor's fields: how many requests, milliseconds to wait for the next ones, milliseconds in which so many may come.
    fn with_limit(self, limit: u64, reset: u64, interval: u64) -> Reply {
        self.with("x-ratelimit-limit", limit.to_string())
            .with("x-ratelimit-reset", reset.to_string())
            .with("x-ratelimit-interval", interval.to_string())
    }
}

/// `POST /v1/files/purge`.
pub(crate) async fn purge(Shared(plane): Shared<Arc<Plane>>, from: From, request: Unread) -> Reply {
    let outcome = async {
        let caller = caller(&plane, request.headers(), &from, Right::Purge)?;
        purge_url(&plane, &caller, request).await
    };
    finish(&plane, &from, outcome.await.map(|receipt| (201, json!({ "requestId": request_id(receipt.record.id) }))))
}

/// `GET /v1/files/purge/{requestId}`.
pub(crate) async fn status(
    Shared(plane): Shared<Arc<Plane>>,
    Segment(request): Segment,
    from: From,
    headers: HeaderMap,
) -> Reply {
    let outcome = async {
        let caller = caller(&plane, &headers, &from, Right::Read)?;
        match find(&plane, &caller, &request).await.map_err(|e| Problem::of(&e))? {
            // The vendor knows two states. A purge completes when no copy answers any more; what the disk still holds is
            // told by our own API.
            Some((_, progress)) => {
                let status = if progress.state() >= State::Effective { "Completed" } else { "Pending" };
                Ok((200, json!({ "status": status })))
            }
            None => Err(Problem::new(400, format!("no purge request has the id {request:?}"))),
        }
    };
    finish(&plane, &from, outcome.await)
}

pub(crate) async fn unknown(Shared(plane): Shared<Arc<Plane>>, from: From, method: Method, uri: Uri) -> Reply {
    let message = format!("{method} {} is not supported: there is no media library here", uri.path());
    finish(&plane, &from, Err(Problem::new(404, message)))
}

pub(crate) async fn not_allowed(Shared(plane): Shared<Arc<Plane>>, from: From, method: Method, uri: Uri) -> Reply {
    finish(&plane, &from, Err(Problem::new(405, format!("{method} is not allowed for {}", uri.path()))))
}

/// Each answer of this API bears an id and the limits of its key.
fn finish(plane: &Plane, from: &From, outcome: Result<(u16, Value), Problem>) -> Reply {
    let mut reply = match outcome {
        Ok((status, body)) => Reply::json(status, &body),
        Err(problem) => problem.reply(),
    };
    let told = reply.headers.iter().any(|(name, _)| *name == "x-ratelimit-limit");
    if let Some(standing) = from.standing().filter(|_| !told)
        && let Some((limit, window)) = standing.policy
    {
        let reset = standing.retry_after.map_or(standing.reset, u64::from);
        reply = reply.with_limit(u64::from(limit), reset * 1000, window * 1000);
    }
    reply.with("x-ik-requestid", plane.engine.new_purge_id().to_string())
}

/// Who asks. The private key with which a site's URLs are signed is a key of its API too.
fn caller(plane: &Plane, headers: &HeaderMap, from: &From, right: Right) -> Result<Caller, Problem> {
    let key = basic_user(headers);
    plane.caller_by_secret(key.as_deref(), from, right, DialectKind::Imagekit).map_err(|denied| {
        let problem = match denied {
            Denied::Missing => Problem::new(401, "Your request does not contain a private API key."),
            Denied::Unknown => {
                Problem::new(403, "Your account cannot be authenticated: the private API key is not valid.")
            }
            Denied::NotAllowed => Problem::new(403, denied.message()),
            Denied::TooMany(_) => Problem::new(429, denied.message()),
        };
        Problem { retry_after: denied.retry_after(), ..problem }
    })
}

/// A parameter of a query, decoded; the first of its name.
fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let (_, value) = text::pairs(uri.query()?).find(|(known, _)| *known == name)?;
    text::decode_query(value?)
}

async fn purge_url(plane: &Plane, caller: &Caller, request: Unread) -> Result<Receipt, Problem> {
    let body = request.bytes().await.map_err(|e| Problem::new(e.status(), e.to_string()))?;
    let document: Value =
        serde_json::from_slice(&body).map_err(|e| Problem::new(400, format!("the body is not JSON: {e}")))?;
    let said = document["url"]
        .as_str()
        .ok_or_else(|| Problem::new(400, "The url parameter is missing: expected {\"url\": \"<whole URL>\"}."))?;
    let named = name(plane, caller, said).map_err(|error| Problem::of(&Failed::Naming { number: 0, error }))?;
    plane.purge(caller, Via::Imagekit, vec![named]).await.map_err(|e| Problem::of(&e))
}

/// The ImageKit site that a URL leads to, and the raw target below its prefix.
fn located(plane: &Plane, caller: &Caller, said: &str) -> Result<(usize, String), NamingError> {
    let (site, target) = plane.engine.locate(said, &caller.scope)?;
    let bound = plane.engine.site(site);
    if bound.dialect != DialectKind::Imagekit {
        let why = format!("the site {} speaks {}, not imagekit", bound.name, bound.dialect.name());
        return Err(NamingError::Foreign { said: said.to_owned(), why });
    }
    Ok((site, target))
}

fn name(plane: &Plane, caller: &Caller, said: &str) -> Result<Named, NamingError> {
    let (site, target) = located(plane, caller, said)?;
    let bound = plane.engine.site(site);
    let malformed = |why: String| NamingError::Malformed { said: said.to_owned(), why };
    if bound.vendor_purges {
        wildcard::check(below_endpoint(bound, &target)).map_err(|why| malformed(why.to_owned()))?;
    }
    let own = said.to_owned();
    Ok(match purge_target(&target, &bound.grammar).map_err(|e| malformed(e.to_string()))? {
        // A file's own URL names what is served there, by the vendor's letter; to its users, the file.
        PurgeTarget::Master(_) if bound.vendor_purges && !target.ends_with('*') => {
            Named::new(said, Wanted::Exact { site, target, said: own })
        }
        PurgeTarget::Master(asset) => Named::new(said, Wanted::Asset { site, source: None, asset, said: own }),
        PurgeTarget::Exact(_) => Named::new(said, Wanted::Exact { site, target, said: own }),
        // Every master, web-proxy ones included.
        PurgeTarget::Prefix(prefix) if prefix.is_empty() => Named::new(said, Wanted::Site { site }),
        PurgeTarget::Prefix(prefix) => Named::new(said, Wanted::AssetPrefix { site, prefix, said: own }),
        PurgeTarget::UrlPrefix(url) => {
            let wanted = Wanted::Asset { site, source: None, asset: Asset::Url(url), said: own };
            Named { as_prefix: true, ..Named::new(said, wanted) }
        }
    })
}

/// What stands behind account and endpoint, without a leading slash.
fn below_endpoint<'t>(site: &Site, target: &'t str) -> &'t str {
    let path = target.trim_start_matches('/');
    let endpoint = site.grammar.endpoint.trim_matches('/');
    let below = path.strip_prefix(endpoint).filter(|_| !endpoint.is_empty()).and_then(|rest| rest.strip_prefix('/'));
    below.unwrap_or(path)
}

/// 24 digits, as the vendor's ids have.
fn request_id(id: PurgeId) -> String {
    format!("{:024x}", short(id))
}

/// The purge of a request id, if the caller may see it, and how far it has come.
async fn find(plane: &Plane, caller: &Caller, request: &str) -> Result<Option<(Record, Progress)>, Failed> {
    let digits = request.len() == 24 && request.bytes().all(|b| b.is_ascii_hexdigit());
    let Some(wanted) = digits.then(|| u128::from_str_radix(request, 16).ok()).flatten() else { return Ok(None) };
    let seen = |found: &(Record, Progress)| caller.may_see(&found.0);
    if let Some(id) = plane.recent.find(wanted)
        && let Some(found) = plane.find(id).await?
    {
        return Ok(Some(found).filter(seen));
    }
    let found = plane
        .blocking(move |engine| {
            let mut filter = Filter { limit: PAGE, ..Filter::default() };
            for _ in 0..LOOKED_AT / PAGE {
                let page = engine.list_purges(&filter)?;
                filter.before = page.last().filter(|_| page.len() == PAGE).map(|(record, _)| record.position);
                if let Some(found) = page.into_iter().find(|(record, _)| short(record.id) == wanted) {
                    return Ok(Some(found));
                }
                if filter.before.is_none() {
                    break;
                }
            }
            Ok(None)
        })
        .await?;
    Ok(found.filter(seen))
}
