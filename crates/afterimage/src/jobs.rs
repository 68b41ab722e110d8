//! Warm-ups in the ledger: what the engine calls a job, as the ledger's plain row.

use std::sync::Arc;

use engine::{Jobs, WarmItem, WarmRequest, WarmState, Warmup};
use ledger::JobsDb;
use plan::{AcceptClass, Position};
use purge::{LogError, PurgeId};
use serde_json::{Value, json};

pub(crate) struct StoredJobs(pub Arc<JobsDb>);

impl Jobs for StoredJobs {
    fn save(&self, job: &Warmup) -> Result<(), LogError> {
        let row = to_row(job);
        let failed = |e: ledger::JobError| LogError::Store(e.to_string());
        if !self.0.warmup_update(&row).map_err(failed)? {
            self.0.warmup_put(&row).map_err(failed)?;
        }
        Ok(())
    }

    fn load(&self, limit: usize) -> Result<Vec<Warmup>, LogError> {
        let failed = |e: ledger::JobError| LogError::Store(e.to_string());
        let mut rows = self.0.warmups_open().map_err(failed)?;
        let ended = self.0.warmups(limit).map_err(failed)?;
        rows.extend(ended.into_iter().filter(|row| row.state != ledger::WarmupState::Running));
        Ok(rows.iter().filter_map(from_row).collect())
    }
}

const CLASSES: [(AcceptClass, &str); 3] =
    [(AcceptClass::Basic, "basic"), (AcceptClass::Webp, "webp"), (AcceptClass::Avif, "avif")];

fn to_row(job: &Warmup) -> ledger::Warmup {
    let class = |accept: AcceptClass| CLASSES.iter().find(|(c, _)| *c == accept).map_or("basic", |(_, name)| *name);
    let items: Vec<Value> = job.request.items.iter().map(|item| json!([class(item.accept), item.url])).collect();
    let after = job.request.after.map(|(id, position)| json!([id.to_string(), position.0]));
    let request = json!({
        "items": items,
        "per_second": job.request.per_second,
        "after": after,
        "refreshes": job.request.refreshes,
    });
    ledger::Warmup {
        id: job.id,
        state: match job.state {
            WarmState::Running => ledger::WarmupState::Running,
            WarmState::Done => ledger::WarmupState::Done,
            WarmState::Cancelled => ledger::WarmupState::Cancelled,
        },
        request: request.to_string(),
        total: job.total as u64,
        done: (job.tried - job.failed) as u64,
        failed: job.failed as u64,
        cursor: format!("{} {}", job.tried, job.skipped),
        actor: job.request.actor.clone(),
        created_at: job.created_at,
        ended_at: job.ended_at,
    }
}

/// `None` for a row that another version wrote: it is left alone.
fn from_row(row: &ledger::Warmup) -> Option<Warmup> {
    let request: Value = serde_json::from_str(&row.request).ok()?;
    let item = |item: &Value| {
        let name = item.get(0)?.as_str()?;
        let accept = CLASSES.iter().find(|(_, known)| *known == name)?.0;
        Some(WarmItem { url: item.get(1)?.as_str()?.to_owned(), accept })
    };
    let after = request
        .get("after")
        .and_then(|after| Some((PurgeId::parse(after.get(0)?.as_str()?)?, Position(after.get(1)?.as_u64()?))));
    let items: Vec<WarmItem> = request.get("items")?.as_array()?.iter().filter_map(item).collect();
    let mut cursor = row.cursor.split(' ').map(|number| number.parse().unwrap_or(0));
    let tried = cursor.next().unwrap_or(0).min(items.len());
    Some(Warmup {
        id: row.id,
        total: items.len(),
        request: WarmRequest {
            items: items.into(),
            per_second: u32::try_from(request.get("per_second")?.as_u64()?).ok()?,
            actor: row.actor.clone(),
            after,
            refreshes: request.get("refreshes")?.as_bool()?,
        },
        state: match row.state {
            ledger::WarmupState::Running => WarmState::Running,
            ledger::WarmupState::Cancelled => WarmState::Cancelled,
            _ => WarmState::Done,
        },
        tried,
        failed: usize::try_from(row.failed).unwrap_or(usize::MAX).min(tried),
        skipped: cursor.next().unwrap_or(0).min(tried),
        created_at: row.created_at,
        ended_at: row.ended_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_comes_back_as_it_was() {
        let item = |url: &str, accept| WarmItem { url: url.to_owned(), accept };
        let job = Warmup {
            id: PurgeId::from_random(7),
            request: WarmRequest {
                items: vec![item("/imgix/a?w=1", AcceptClass::Avif), item("//h/b", AcceptClass::Basic)].into(),
                per_second: 5,
                actor: "cms".into(),
                after: Some((PurgeId::from_random(8), Position(9))),
                refreshes: true,
            },
            state: WarmState::Running,
            total: 2,
            tried: 2,
            failed: 1,
            skipped: 1,
            created_at: 10,
            ended_at: None,
        };
        assert_eq!(from_row(&to_row(&job)), Some(job.clone()));
        let plain = Warmup { request: WarmRequest { after: None, ..job.request.clone() }, ..job };
        assert_eq!(from_row(&to_row(&plain)), Some(plain));
    }
}
