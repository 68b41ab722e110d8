//! One place that turns what went wrong in a fill into what is answered and cached.

use cache::Failure;
use codec::CodecError;
use origin::FetchError;
use plan::reason::Fault;
use purge::Takedown;

/// How long a failure holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// It may mend by itself: the site's error time.
    Briefly,
    /// A verdict on the master's bytes: a minute.
    Verdict,
    /// Not at all: it says nothing about the picture.
    Not,
}

pub(crate) fn of_fetch(error: &FetchError) -> (Failure, Holds) {
    let (status, code, holds) = match error {
        FetchError::NotFound { .. } | FetchError::BadPath => (404, "master-not-found", Holds::Briefly),
        FetchError::Forbidden => (403, "origin-forbids", Holds::Briefly),
        FetchError::TooLarge { .. } => (413, "master-too-large", Holds::Verdict),
        // The origin's connection broke: the master itself may be whole.
        FetchError::Truncated { .. } => (502, "origin-truncated", Holds::Briefly),
        FetchError::TimedOut => (504, "origin-timeout", Holds::Briefly),
        FetchError::NoConnection(_) | FetchError::Unreachable(_) => (502, "origin-unreachable", Holds::Briefly),
        FetchError::Status(_) => (502, "origin-error", Holds::Briefly),
        FetchError::Coding(_) => (502, "origin-coding", Holds::Briefly),
        FetchError::Refused { .. } => (403, "origin-not-allowed", Holds::Briefly),
        FetchError::Redirect(_) => (502, "origin-redirect", Holds::Briefly),
        FetchError::Io(_) => (500, "read-error", Holds::Not),
    };
    // Addresses, names and paths behind us are for the operator's log, not for whoever asks.
    let detail = match error {
        FetchError::NoConnection(_) | FetchError::Unreachable(_) => "the origin cannot be reached".to_owned(),
        FetchError::Refused { why, .. } => format!("the origin is refused: {why}"),
        FetchError::Redirect(_) => "the origin redirects badly".to_owned(),
        FetchError::Io(_) => "the master cannot be read".to_owned(),
        other => other.to_string(),
    };
    (Failure { status, code, detail, fault: error.fault(), retry_after: None }, holds)
}

pub(crate) fn of_codec(error: &CodecError) -> (Failure, Holds) {
    let (status, code, holds) = match error {
        CodecError::Unsupported(_) => (415, "not-a-picture", Holds::Verdict),
        CodecError::Truncated(_) => (422, "picture-truncated", Holds::Verdict),
        CodecError::Corrupt(_) => (422, "picture-damaged", Holds::Verdict),
        CodecError::OverBudget { what: "input bytes", .. } => (413, "master-too-large", Holds::Verdict),
        CodecError::OverBudget { .. } => (422, "over-budget", Holds::Verdict),
        CodecError::TimedOut => (422, "job-time-exceeded", Holds::Briefly),
        CodecError::Cancelled => (503, "cancelled", Holds::Not),
        CodecError::Internal(_) => (500, "render-failed", Holds::Briefly),
    };
    (Failure { status, code, detail: error.to_string(), fault: error.fault(), retry_after: None }, holds)
}

pub(crate) fn not_found(tried: usize) -> Failure {
    let detail = match tried {
        1 => "the source has no such picture".to_owned(),
        n => format!("none of the {n} sources has such a picture"),
    };
    Failure { status: 404, code: "master-not-found", detail, fault: Fault::Client, retry_after: None }
}

/// The same failure, said of an overlay.
pub(crate) fn of_overlay(failure: Failure) -> Failure {
    match failure.code {
        "master-not-found" => {
            Failure { code: "overlay-not-found", detail: format!("an overlay: {}", failure.detail), ..failure }
        }
        "taken-down" => failure,
        _ => Failure { detail: format!("an overlay: {}", failure.detail), ..failure },
    }
}

/// Whether a picture may be shown without an overlay that failed so: never where it was taken down, and not for a moment's
/// trouble of our own.
pub(crate) fn may_do_without(failure: &Failure) -> bool {
    failure.fault != Fault::Us && failure.code != "taken-down"
}

pub(crate) fn taken_down(takedown: &Takedown) -> Failure {
    let terms = takedown.record.terms.clone().unwrap_or_default();
    let detail = if terms.reason.is_empty() { "this picture was taken down".to_owned() } else { terms.reason.clone() };
    Failure { status: terms.status.status(), code: "taken-down", detail, fault: Fault::Client, retry_after: None }
}

pub(crate) fn origin_busy() -> Failure {
    Failure {
        status: 503,
        code: "origin-queue-full",
        detail: "too many fetches from the origin are waiting; try again later".to_owned(),
        fault: Fault::Us,
        retry_after: Some(1),
    }
}

pub(crate) fn busy(retry_after: u32) -> Failure {
    Failure {
        status: 503,
        code: "render-queue-full",
        detail: "too many renders are waiting; try again later".to_owned(),
        fault: Fault::Us,
        retry_after: Some(retry_after),
    }
}

pub(crate) fn lost() -> Failure {
    Failure {
        status: 500,
        code: "render-lost",
        detail: "the render ended without a result".to_owned(),
        fault: Fault::Us,
        retry_after: None,
    }
}
