//! `GET /v1/metadata?url=`: what the picture of a URL is.

use std::sync::Arc;

use axum::extract::State as Shared;
use bytes::Bytes;
use dialect::imagekit::{PurgeTarget, purge_target};
use dialect::{Hints, text};
use engine::{Ask, Described, Failure, Wanted};
use http::{HeaderMap, Uri};
use plan::AcceptClass;
use serde_json::{Map, Value, json};

use super::{Problem, caller, finish, located};
use crate::act::{Failed, Named};
use crate::auth::{Caller, Right};
use crate::plane::Plane;
use crate::reply::Reply;
use crate::server::From;

/// `GET /v1/metadata?url=`.
pub(crate) async fn show(Shared(plane): Shared<Arc<Plane>>, from: From, headers: HeaderMap, uri: Uri) -> Reply {
    let outcome = async {
        let caller = caller(&plane, &headers, &from, Right::Read)?;
        let url = url_of(uri.query().unwrap_or_default())
            .ok_or_else(|| Problem::new(400, "The url parameter is missing: expected ?url=<whole URL>."))?;
        let bytes = bytes_of(&plane, &caller, &url).await?;
        let size = bytes.len();
        let described = plane.engine.describe(bytes).await.map_err(|failure| of_failure(&failure))?;
        Ok((200, metadata(size, &described)))
    };
    finish(&plane, &from, outcome.await)
}

/// The value of `url`. Some clients write it as it is: then it goes to the end, its own query included.
fn url_of(query: &str) -> Option<String> {
    let at = if query.starts_with("url=") { 0 } else { query.find("&url=")? + 1 };
    let rest = query.get(at + 4..)?;
    let bare = rest.get(..8).is_some_and(|begin| begin.eq_ignore_ascii_case("https://"))
        || rest.get(..7).is_some_and(|begin| begin.eq_ignore_ascii_case("http://"));
    let url = if bare { rest.to_owned() } else { text::decode(rest.split('&').next()?)? };
    (!url.is_empty()).then_some(url)
}

/// What a URL of ours is answered with; without a transformation, the original as it is.
async fn bytes_of(plane: &Arc<Plane>, caller: &Caller, url: &str) -> Result<Bytes, Problem> {
    let naming = |error| Problem::of(&Failed::Naming { number: 0, error });
    let (site, target) = located(plane, caller, url).map_err(naming)?;
    let bound = plane.engine.site(site);
    // A `*` is a letter here.
    let target = target.replace('*', "%2A");
    let read = purge_target(&target, &bound.grammar).map_err(|e| Problem::new(400, e.to_string()))?;
    match read {
        PurgeTarget::Master(asset) => {
            let wanted = Wanted::Asset { site, source: None, asset: asset.clone(), said: url.to_owned() };
            plane.name(caller, vec![Named::new(url, wanted)]).await.map_err(|failed| Problem::of(&failed))?;
            let original = plane.engine.original(site, None, &asset).await.map_err(|failure| of_failure(&failure))?;
            Ok(original.bytes)
        }
        _ => {
            let wanted = Wanted::Exact { site, target: target.clone(), said: url.to_owned() };
            let masters = vec![Named::new(url, wanted)];
            plane.name(caller, masters).await.map_err(|failed| Problem::of(&failed))?;
            let host = bound.hosts.first().map_or("localhost", String::as_str);
            let target = format!("{}{target}", bound.prefix.trim_end_matches('/'));
            // Whoever has a key needs no signature.
            let ask = Ask { host, target: &target, accept: AcceptClass::Basic, hints: Hints::NONE, trusted: true };
            let resolved =
                plane.engine.resolve(ask).map_err(|refusal| Problem::new(refusal.status, refusal.detail.clone()))?;
            plane.engine.answer(&resolved).await.map_err(|failure| of_failure(&failure))
        }
    }
}

/// The vendor answers 404 for whatever cannot be reached. Its clients retry every 5xx, so only what is our own fault is one.
fn of_failure(failure: &Failure) -> Problem {
    let status = match failure.status {
        400 | 403 | 413 | 415 | 422 => 400,
        500 | 503 => failure.status,
        _ => 404,
    };
    Problem { retry_after: failure.retry_after, ..Problem::new(status, failure.detail.clone()) }
}

/// In the vendor's names. Its groups of EXIF are ours by other names; those of which nothing is read are empty.
fn metadata(size: usize, described: &Described) -> Value {
    let said = &described.said;
    let group = |name: &str| -> Value {
        let fields = said.fields.iter().filter(|field| field.group == name);
        Value::Object(fields.map(|field| (field.name.clone(), number_or_text(&field.value))).collect::<Map<_, _>>())
    };
    let mut all = json!({
        "height": said.info.height,
        "width": said.info.width,
        "size": size,
        "format": match said.info.kind.name() { "jpeg" => "jpg", name => name },
        "hasColorProfile": said.profile.is_some(),
        "hasTransparency": described.transparent,
        "pHash": format!("{:016x}", described.phash),
        "exif": {
            "image": group("TIFF"),
            "thumbnail": {},
            "exif": group("Exif"),
            "gps": group("GPS"),
            "interoperability": group("Interop"),
            "makernote": {},
        },
    });
    if let Some(quality) = described.quality {
        all["quality"] = json!(quality);
    }
    if let Some((across, _)) = said.density {
        all["density"] = json!(across.round());
    }
    all
}

fn number_or_text(value: &str) -> Value {
    match value.parse::<f64>().ok().filter(|n| n.is_finite()) {
        Some(whole) if whole.fract() == 0.0 && whole.abs() < 9e15 => json!(whole as i64),
        Some(number) => json!(number),
        None => json!(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_taken_encoded_or_not() {
        for (query, url) in [
            ("url=https%3A%2F%2Fh%2Fa.jpg%3Ftr%3Dw-1&x=1", Some("https://h/a.jpg?tr=w-1")),
            ("url=https://h/a.jpg?tr=w-1&x=1", Some("https://h/a.jpg?tr=w-1&x=1")),
            ("x=1&url=HTTP://h/a%20b.jpg", Some("HTTP://h/a%20b.jpg")),
            ("url=%2Fimagekit%2Fa.jpg", Some("/imagekit/a.jpg")),
            ("myurl=https://h/a.jpg", None),
            ("url=", None),
            ("url=%ff", None),
            ("", None),
        ] {
            assert_eq!(url_of(query).as_deref(), url, "{query}");
        }
    }

    #[test]
    fn numbers_are_numbers() {
        for (text, value) in [("72", json!(72)), ("2.8", json!(2.8)), ("1/250", json!("1/250")), ("inf", json!("inf"))]
        {
            assert_eq!(number_or_text(text), value);
        }
    }
}
