//! Signed URLs (<https://imagekit.io/docs/media-delivery-basic-security#signed-urls>): `ik-s` is the HMAC-SHA1, in hex, of
//! what follows the URL endpoint and of the time in `ik-t`.
//!
//! Which endpoint the signer cut off is not known, and its clients hash the query before or after it is percent-encoded
//! (`@imagekit/nodejs` 7, `imagekit` 6 and the PHP package each in its own way). So a few readings are tried, each with the
//! secret.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use ring::hmac;

use crate::request::Target;
use crate::settings::Settings;
use crate::signing::{Secret, Signing, Unsignable, Verdict, hex, same};
use crate::text;

/// What is hashed in the place of a time where the URL has no end, and then stands nowhere in it.
const NEVER: &str = "9999999999";

/// Looks at `ik-s` and `ik-t`. That the time has not come is the caller's business.
pub(super) fn verify(target: Target<'_>, prefix: &str, settings: &Settings, signing: &Signing) -> Verdict {
    let query = target.query.unwrap_or_default();
    let Some(given) = value_of(query, "ik-s") else { return Verdict::Unsigned };
    let said = value_of(query, "ik-t");
    let (query, until) = (unsigned(query), said.unwrap_or(NEVER));
    let paths = paths(target.path, prefix, &settings.endpoint);
    let hashed = || format!("{}{until}", joined(paths.first().map_or("", String::as_str), &query));
    let expires = match said.map(seconds) {
        Some(None) => return Verdict::Bad { hashed: hashed() },
        expires => expires.flatten(),
    };
    for path in &paths {
        let slashes = other_slashes(path);
        for (path, other) in [(Some(path.as_str()), false), (slashes.as_deref(), true)] {
            let Some(path) = path else { continue };
            for (bytes, form) in readings(path, &query, other) {
                if signing.secrets.iter().any(|secret| same(given, &signature(secret, &bytes, until))) {
                    return Verdict::Good { expires, form };
                }
            }
        }
    }
    Verdict::Bad { hashed: hashed() }
}

/// Signs as `@imagekit/nodejs` 7 does: the bytes as they are, `ik-t` only where there is an end.
///
/// # Errors
/// Without a secret.
pub(super) fn sign(
    raw: &str,
    settings: &Settings,
    signing: &Signing,
    expires: Option<u64>,
) -> Result<String, Unsignable> {
    let secret = signing.secrets.first().ok_or(Unsignable::NoSecret)?;
    let target = Target::new(raw);
    let query = unsigned(target.query.unwrap_or_default());
    let until = expires.map_or_else(|| NEVER.to_owned(), |at| at.to_string());
    let path = below(target.path, &settings.endpoint).unwrap_or(target.path);
    let message = joined(path.strip_prefix('/').unwrap_or(path), &query);
    let signature = signature(secret, message.as_bytes(), &until);
    let whole = joined(target.path, &query);
    let ends = if until == NEVER { String::new() } else { format!("ik-t={until}&") };
    let mark = if query.is_empty() { '?' } else { '&' };
    Ok(format!("{whole}{mark}{ends}ik-s={signature}"))
}

fn signature(secret: &Secret, message: &[u8], until: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(message);
    context.update(until.as_bytes());
    hex(context.sign().as_ref())
}

/// The first pair of this name; its value is empty for a bare name.
fn value_of<'q>(query: &'q str, wanted: &str) -> Option<&'q str> {
    text::pairs(query).find(|(name, _)| *name == wanted).map(|(_, value)| value.unwrap_or_default())
}

/// A raw query without any `ik-s` and `ik-t`, and without a loose `&` at its end.
fn unsigned(query: &str) -> String {
    let signs = |pair: &&str| !matches!(pair.split('=').next(), Some("ik-s" | "ik-t"));
    let kept = query.split('&').filter(signs).collect::<Vec<_>>().join("&");
    kept.trim_end_matches('&').to_owned()
}

fn seconds(said: &str) -> Option<u64> {
    said.bytes().all(|b| b.is_ascii_digit()).then(|| said.parse().ok()).flatten()
}

fn joined(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// What may be left of a path, the likeliest first: below the endpoint, below the account's id alone, below the site's
/// prefix, below the first segment of that, and all of it. Without the slash at its beginning.
fn paths(path: &str, prefix: &str, endpoint: &str) -> Vec<String> {
    let whole = format!("{prefix}{path}");
    let candidates = [
        below(path, endpoint),
        below(path, first(endpoint)),
        Some(path),
        below(&whole, first(prefix)),
        Some(whole.as_str()),
    ];
    let mut paths: Vec<String> = Vec::new();
    for candidate in candidates.into_iter().flatten() {
        let path = candidate.strip_prefix('/').unwrap_or(candidate);
        if !paths.iter().any(|known| known == path) {
            paths.push(path.to_owned());
        }
    }
    paths
}

/// What follows an endpoint, with the slash at its beginning; `None` where the path does not begin with it.
fn below<'a>(path: &'a str, endpoint: &str) -> Option<&'a str> {
    let endpoint = endpoint.trim_matches('/');
    let rest = path.strip_prefix('/')?.strip_prefix(endpoint).filter(|_| !endpoint.is_empty())?;
    rest.starts_with('/').then_some(rest)
}

fn first(path: &str) -> &str {
    path.trim_matches('/').split('/').next().unwrap_or_default()
}

/// A web-proxy path with one slash behind the scheme instead of two, or the other way round: clients collapse them when
/// they build the URL, others on the way when they pass it on.
fn other_slashes(path: &str) -> Option<String> {
    let at = ["https:/", "http:/"].into_iter().find_map(|scheme| {
        let at = path.find(scheme)?;
        (at == 0 || path[..at].ends_with('/')).then_some(at + scheme.len())
    })?;
    let (head, rest) = path.split_at(at);
    Some(match rest.strip_prefix('/') {
        Some(rest) => format!("{head}{rest}"),
        None => format!("{head}/{rest}"),
    })
}

/// The bytes that a client may have hashed: as they came, with `tr` decoded, or all of them decoded.
fn readings(path: &str, query: &str, other: bool) -> Vec<(Vec<u8>, &'static str)> {
    let raw = joined(path, query);
    let decoded: Vec<u8> = percent_decode_str(&raw).collect();
    let pairs = query.split('&').map(|pair| match pair.strip_prefix("tr=").and_then(text::decode_query) {
        Some(steps) => Cow::Owned(format!("tr={steps}")),
        None => Cow::Borrowed(pair),
    });
    let steps = joined(path, &pairs.collect::<Vec<_>>().join("&")).into_bytes();
    let names = if other {
        ["raw-other-slashes", "decoded-tr-other-slashes", "decoded-other-slashes"]
    } else {
        ["raw", "decoded-tr", "decoded"]
    };
    let mut readings: Vec<(Vec<u8>, &'static str)> = Vec::new();
    for (bytes, name) in [raw.into_bytes(), steps, decoded].into_iter().zip(names) {
        if readings.iter().all(|(known, _)| *known != bytes) {
            readings.push((bytes, name));
        }
    }
    readings
}
