//! Purges and takedowns as JSON.

use downstream::{Delivery, Hooks};
use engine::Foreseen;
use purge::{Count, Mode, Progress, Record, Takedown, Target};
use serde_json::{Value, json};

use crate::clock::rfc3339;

/// A purge and how far it has come.
pub(crate) fn purge(record: &Record, progress: &Progress) -> Value {
    let mut purge = json!({
        "id": record.id.to_string(),
        "position": record.position.0,
        "state": progress.state().name(),
        "mode": record.mode.name(),
        "via": record.via.name(),
        "actor": record.actor,
        "from": record.from,
        "accepted_at": rfc3339(record.accepted_at),
        "effective_at": rfc3339(progress.effective_at),
        "refreshed_at": progress.refreshed_at.map(rfc3339),
        "erased_at": progress.erased_at.map(rfc3339),
        "erased": {
            "derivatives": count(progress.derivatives),
            "masters": count(progress.masters),
            "memory": count(progress.memory),
        },
        "targets": targets(&record.targets),
    });
    if let Some(terms) = &record.terms {
        purge["takedown"] = json!({
            "status": terms.status.status(),
            "reason": terms.reason,
            "expires_at": terms.expires_at.map(rfc3339),
        });
    }
    purge
}

/// How a webhook fares. Of its address only the origin is shown.
pub(crate) fn delivery(delivery: &Delivery, hooks: &Hooks) -> Value {
    let last = delivery.last.as_ref();
    json!({
        "event": delivery.event,
        "url": downstream::shown_address(&delivery.url),
        "own": !hooks.is_everywhere(&delivery.url),
        "state": delivery.state(),
        "attempts": delivery.attempts,
        "last_status": last.and_then(|last| last.status),
        "last_error": last.map(|last| &last.error).filter(|error| !error.is_empty()),
        "last_attempt_at": last.map(|last| rfc3339(last.at)),
        "next_attempt_at": delivery.next_attempt().map(rfc3339),
    })
}

/// A takedown, and whether it holds at a time.
pub(crate) fn takedown(takedown: &Takedown, now: u64) -> Value {
    let record = &takedown.record;
    let terms = record.terms.clone().unwrap_or_default();
    let lifted = takedown.lifted.as_ref();
    let expired = terms.expires_at.is_some_and(|at| at <= now);
    json!({
        "id": record.id.to_string(),
        "position": record.position.0,
        "state": if lifted.is_some() { "lifted" } else if expired { "expired" } else { "holds" },
        "status": terms.status.status(),
        "reason": terms.reason,
        "expires_at": terms.expires_at.map(rfc3339),
        "via": record.via.name(),
        "actor": record.actor,
        "from": record.from,
        "accepted_at": rfc3339(record.accepted_at),
        "lifted": lifted.map(|l| json!({ "at": rfc3339(l.at), "actor": l.actor, "from": l.from })),
        "targets": targets(&record.targets),
    })
}

/// What a purge would take.
pub(crate) fn foreseen(named: &[Target], foreseen: &Foreseen, mode: Mode) -> Value {
    let samples = foreseen.samples.iter().map(|sample| {
        json!({
            "id": sample.key.to_string(),
            "url": sample.url,
            "content_type": sample.content_type,
            "bytes": sample.size,
            "stored_at": rfc3339(sample.stored_at.saturating_mul(1000)),
            "last_used": rfc3339(sample.last_used.saturating_mul(1000)),
            "masters": sample.masters,
        })
    });
    json!({
        "dry_run": true,
        "mode": mode.name(),
        "derivatives": count(foreseen.derivatives),
        "masters": count(foreseen.masters),
        "samples": samples.collect::<Vec<Value>>(),
        "targets": targets(named),
    })
}

fn targets(targets: &[Target]) -> Vec<Value> {
    let target = |target: &Target| {
        let selectors: Vec<String> = target.selectors.iter().map(ToString::to_string).collect();
        json!({ "said": target.said, "selectors": selectors })
    };
    targets.iter().map(target).collect()
}

fn count(count: Count) -> Value {
    json!({ "entries": count.entries, "bytes": count.bytes })
}
