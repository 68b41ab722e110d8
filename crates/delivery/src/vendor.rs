//! What each vendor's clients read beyond the standard headers, and the statuses a site may be turned to.

use dialect::{Heard, Listens, Warning, WarningKind};
use engine::{DialectKind, Site};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use plan::DerivativeKey;

use crate::problem::Problem;

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const X_IMGIX_ID: HeaderName = HeaderName::from_static("x-imgix-id");
const X_IMGIX_UNSUPPORTED: HeaderName = HeaderName::from_static("x-imgix-unsupported");
const X_SERVER: HeaderName = HeaderName::from_static("x-server");
const IK_ERROR: HeaderName = HeaderName::from_static("ik-error");
const IK_WARNING: HeaderName = HeaderName::from_static("ik-warning");
const ACCEPT_CH: HeaderName = HeaderName::from_static("accept-ch");
const CONTENT_DPR: HeaderName = HeaderName::from_static("content-dpr");
const X_CDN_WARNING: HeaderName = HeaderName::from_static("x-cdn-warning");
const X_IGNORED_OPTIONS: HeaderName = HeaderName::from_static("x-ignored-options");

/// Headers of an answer with a picture.
pub(crate) fn of_picture(
    headers: &mut HeaderMap,
    dialect: DialectKind,
    imgix_id: Option<&HeaderValue>,
    hit: bool,
    warnings: &[Warning],
) {
    let cache = match (dialect, hit) {
        (DialectKind::Imagekit, true) => "Hit",
        (DialectKind::Imagekit, false) => "Miss",
        (_, true) => "HIT",
        (_, false) => "MISS",
    };
    headers.insert(X_CACHE, HeaderValue::from_static(cache));
    match dialect {
        DialectKind::Imgix => {
            if let Some(id) = imgix_id {
                headers.insert(X_IMGIX_ID, id.clone());
            }
        }
        DialectKind::Imagekit => {
            headers.insert(X_SERVER, HeaderValue::from_static("ImageKit.io"));
        }
        DialectKind::Cloudimage | DialectKind::Imageboss => {}
    }
    if warnings.is_empty() {
        return;
    }
    let names = |wanted: fn(&Warning) -> bool| {
        warnings.iter().filter(|w| wanted(w)).map(|w| w.parameter.as_str()).collect::<Vec<_>>().join(",")
    };
    let (header, text) = match dialect {
        DialectKind::Imgix => (X_IMGIX_UNSUPPORTED, names(|w| w.kind == WarningKind::Unsupported)),
        DialectKind::Imagekit => (IK_WARNING, warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        DialectKind::Cloudimage => (X_CDN_WARNING, names(|w| w.kind != WarningKind::Unknown)),
        DialectKind::Imageboss => (X_IGNORED_OPTIONS, names(|_| true)),
    };
    if !text.is_empty() {
        put(headers, header, &text);
    }
}

/// What hints bring with them: the ones that are asked for, for clients that give none unasked, and what came of them.
/// `width` is that of the picture.
pub(crate) fn of_hints(
    headers: &mut HeaderMap,
    site: &Site,
    listens: Listens,
    heard: &Heard,
    width: impl FnOnce() -> Option<u32>,
) {
    // `Save-Data` is no client hint that is asked for: who wants it sends it.
    let asked: Vec<&str> = Listens { save_data: false, ..listens }.fields().collect();
    if !asked.is_empty() {
        put(headers, ACCEPT_CH, &asked.join(", "));
    }
    if !site.vendor_headers {
        return;
    }
    if site.dialect == DialectKind::Imagekit {
        let ratio = (heard.width.is_some() || heard.dpr.is_some()).then(width).flatten();
        if let Some(ratio) = ratio.and_then(|width| heard.content_dpr(width)) {
            put(headers, CONTENT_DPR, &format!("{ratio:.2}"));
        }
        if !heard.warnings.is_empty() {
            let told = headers.get(IK_WARNING).and_then(|told| told.to_str().ok()).map(str::to_owned);
            let ours = heard.warnings.iter().map(ToString::to_string);
            put(headers, IK_WARNING, &told.into_iter().chain(ours).collect::<Vec<_>>().join("; "));
        }
    }
}

/// The id that imgix gives each variant: 40 hex digits.
pub(crate) fn imgix_id(key: &DerivativeKey) -> String {
    let key = key.to_string();
    format!("{key}{}", &key[..8])
}

/// Headers of an error answer.
pub(crate) fn of_problem(headers: &mut HeaderMap, dialect: DialectKind, problem: &Problem) {
    if dialect != DialectKind::Imagekit {
        return;
    }
    let code = match (problem.status, problem.code) {
        (_, "unsupported-parameter") => "EUNSUPPORTED",
        (_, "not-a-preset") => "EINVAL",
        (404, _) => "ENOENT",
        (403, _) => "EACCES",
        (_, "origin-unreachable") => "ECONNREFUSED",
        (_, "over-budget" | "master-too-large") => "ELIMIT",
        (415 | 422, _) => "UNIDENTIFIED",
        _ => "EINVAL",
    };
    put(headers, IK_ERROR, &format!("{code} - {}", problem.detail));
}

/// The status that a vendor answers where ours says more.
pub(crate) fn status(dialect: DialectKind, problem: &Problem) -> u16 {
    match (dialect, problem.status) {
        (DialectKind::Imgix, 422) if problem.code != "not-a-picture" => 421,
        (DialectKind::Imgix, 415) => 422,
        (DialectKind::Imagekit, 413 | 422) => 400,
        (DialectKind::Imagekit, 403) if problem.code == "not-a-preset" => 400,
        (DialectKind::Imagekit | DialectKind::Cloudimage, 500..=599)
            if problem.fault == plan::reason::Fault::Origin =>
        {
            404
        }
        (DialectKind::Cloudimage, 403 | 413 | 415 | 422) => 404,
        (_, status) => status,
    }
}

/// Header values are visible ASCII; anything else in user text becomes `?`.
pub(crate) fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    let clean: String = text.chars().take(1024).map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect();
    if let Ok(value) = HeaderValue::from_str(&clean) {
        headers.insert(name, value);
    }
}
