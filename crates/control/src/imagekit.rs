//! ImageKit's purge API (<https://imagekit.io/docs/api-reference/caching/purge-cache>).
//!
//! Its clients retry a 409 and every 5xx without telling, so a client's mistake is never answered so. The vendor refuses
//! short wildcards to protect a shared CDN; here they are carried out.

use std::sync::Arc;

use axum::extract::State as Shared;
use dialect::Asset;
use dialect::imagekit::{PurgeTarget, purge_target};
use engine::{DialectKind, NamingError, Wanted};
use http::{HeaderMap, Method, Uri};
use purge::{Filter, Progress, PurgeId, Receipt, Record, State, Via};
use serde_json::{Value, json};

use crate::act::{Failed, Named};
use crate::auth::{Caller, Denied, Right, basic_user};
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
}

impl Problem {
    fn new(status: u16, message: impl Into<String>) -> Problem {
        Problem { status, message: message.into(), retry_after: None }
    }

    fn of(failed: &Failed) -> Problem {
        Problem { retry_after: failed.retry_after(), ..Problem::new(failed.status(400), failed.to_string()) }
    }

    fn reply(self) -> Reply {
        let help = "See the page on purging in Afterimage's documentation.";
        let reply = Reply::json(self.status, &json!({ "message": self.message, "help": help }));
        let reply = reply.retry_after(self.retry_after);
        if self.status == 401 { reply.with("www-authenticate", "Basic realm=\"afterimage\"") } else { reply }
    }
}

/// `POST /v1/files/purge`.
pub(crate) async fn purge(Shared(plane): Shared<Arc<Plane>>, from: From, request: Unread) -> Reply {
    let outcome = async {
        let caller = caller(&plane, request.headers(), &from, Right::Purge)?;
        purge_url(&plane, &caller, request).await
    };
    finish(&plane, outcome.await.map(|receipt| (201, json!({ "requestId": request_id(receipt.record.id) }))))
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
    finish(&plane, outcome.await)
}

pub(crate) async fn unknown(Shared(plane): Shared<Arc<Plane>>, method: Method, uri: Uri) -> Reply {
    let message = format!("{method} {} is not supported; of this API, purging is", uri.path());
    finish(&plane, Err(Problem::new(404, message)))
}

pub(crate) async fn not_allowed(Shared(plane): Shared<Arc<Plane>>, method: Method) -> Reply {
    finish(&plane, Err(Problem::new(405, format!("{method} is not allowed: POST begins a purge, GET shows one"))))
}

fn finish(plane: &Plane, outcome: Result<(u16, Value), Problem>) -> Reply {
    let reply = match outcome {
        Ok((status, body)) => Reply::json(status, &body),
        Err(problem) => problem.reply(),
    };
    reply.with("x-ik-requestid", plane.engine.new_purge_id().to_string())
}

fn caller(plane: &Plane, headers: &HeaderMap, from: &From, right: Right) -> Result<Caller, Problem> {
    plane.caller(basic_user(headers).as_deref(), from, right).map_err(|denied| {
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

fn name(plane: &Plane, caller: &Caller, said: &str) -> Result<Named, NamingError> {
    let (site, target) = plane.engine.locate(said, &caller.scope)?;
    let bound = plane.engine.site(site);
    if bound.dialect != DialectKind::Imagekit {
        let why = format!("the site {} speaks {}, not imagekit", bound.name, bound.dialect.name());
        return Err(NamingError::Foreign { said: said.to_owned(), why });
    }
    let malformed = |e: dialect::ParseError| NamingError::Malformed { said: said.to_owned(), why: e.to_string() };
    let own = said.to_owned();
    Ok(match purge_target(&target, &bound.grammar).map_err(malformed)? {
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
