//! What happens to purges is counted, and told to webhooks.

use std::sync::Arc;

use downstream::{Delivery, Facts, Hooks, Message, Outbox, OutboxError};
use engine::{Engine, Event};
use ledger::JobsDb;
use purge::{Mode, Progress, PurgeId, Record};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use crate::clock::{now_ms, rfc3339};
use crate::native::describe;
use crate::plane::Plane;
use crate::reply::Problem;

/// The ledger's outbox.
pub struct OutboxDb(pub Arc<JobsDb>);

impl Outbox for OutboxDb {
    fn put(&self, message: &Message) -> Result<u64, OutboxError> {
        let message = message.clone();
        let stored = ledger::Message {
            id: message.id,
            purge: Some(message.purge),
            event: message.event,
            url: message.url,
            body: message.body,
            attempts: message.attempts,
            created_at: message.created_at,
            next_at: message.next_at,
        };
        self.0.outbox_put(&stored).map_err(failed)
    }

    fn due(&self, now: u64, limit: usize) -> Result<Vec<Message>, OutboxError> {
        let due = self.0.outbox_due(now, limit).map_err(failed)?;
        let message = |stored: ledger::Message| {
            Some(Message {
                id: stored.id,
                purge: stored.purge?,
                event: stored.event,
                url: stored.url,
                body: stored.body,
                attempts: stored.attempts,
                created_at: stored.created_at,
                next_at: stored.next_at,
            })
        };
        Ok(due.into_iter().filter_map(message).collect())
    }

    fn next(&self, now: u64) -> Result<Option<u64>, OutboxError> {
        self.0.outbox_next(now).map_err(failed)
    }

    fn done(
        &self,
        id: u64,
        at: u64,
        ending: downstream::Ending,
        last: Option<&downstream::Attempt>,
    ) -> Result<(), OutboxError> {
        let ending = match ending {
            downstream::Ending::Delivered => ledger::Ending::Delivered,
            downstream::Ending::GivenUp => ledger::Ending::GivenUp,
        };
        self.0.outbox_done(id, at, ending, last.map(stored).as_ref()).map_err(failed)
    }

    fn fill(&self, id: u64, body: &[u8], now: u64) -> Result<(), OutboxError> {
        self.0.outbox_fill(id, body, now).map_err(failed)
    }

    fn wait(&self, id: u64, next_at: u64) -> Result<(), OutboxError> {
        self.0.outbox_wait(id, next_at).map_err(failed)
    }

    fn retry(&self, id: u64, next_at: u64, attempt: &downstream::Attempt) -> Result<(), OutboxError> {
        self.0.outbox_retry(id, next_at, &stored(attempt)).map_err(failed)
    }

    fn of(&self, purge: PurgeId, now: u64) -> Result<Vec<Delivery>, OutboxError> {
        let told = |kept: ledger::Delivery| Delivery {
            event: kept.event,
            url: kept.url,
            has_happened: kept.has_happened,
            attempts: kept.attempts,
            last: kept.last.map(|last| {
                let ledger::Attempt { at, status, error } = last;
                downstream::Attempt { at, status, error }
            }),
            next_at: kept.next_at,
            ended: kept.ended.map(|ending| match ending {
                ledger::Ending::Delivered => downstream::Ending::Delivered,
                ledger::Ending::GivenUp => downstream::Ending::GivenUp,
            }),
        };
        Ok(self.0.outbox_of(purge, now).map_err(failed)?.into_iter().map(told).collect())
    }
}

fn stored(attempt: &downstream::Attempt) -> ledger::Attempt {
    let downstream::Attempt { at, status, error } = attempt.clone();
    ledger::Attempt { at, status, error }
}

fn failed(error: ledger::JobError) -> OutboxError {
    OutboxError(error.0)
}

/// Asks the engine what has happened.
struct Looked(Arc<Engine>);

impl Facts for Looked {
    fn body(&self, purge: PurgeId, event: &str) -> Option<Vec<u8>> {
        let (record, progress) = self.0.find_purge(purge).ok().flatten()?;
        let happened = match event {
            "refreshed" => progress.refreshed_at.is_some(),
            "erased" => progress.erased_at.is_some(),
            _ => false,
        };
        happened.then(|| body(event, &describe::purge(&record, &progress)))
    }
}

/// What a message says, as the Standard Webhooks scheme lays it out.
fn body(event: &str, data: &Value) -> Vec<u8> {
    json!({ "type": format!("purge.{event}"), "timestamp": rfc3339(now_ms()), "data": data }).to_string().into_bytes()
}

impl Plane {
    /// Follows what happens to purges, and delivers webhooks, until the plane stops.
    pub async fn follow(self: &Arc<Self>) {
        let events = self.engine.events();
        let deliver = async {
            match &self.hooks {
                Some(hooks) => hooks.clone().run(Arc::new(Looked(self.engine.clone()))).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.listen(events) => {}
            () = deliver => {}
            () = self.stopped() => {}
        }
    }

    async fn listen(&self, mut events: tokio::sync::broadcast::Receiver<Event>) {
        loop {
            let event = match events.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(missed)) => {
                    self.metrics.missed(missed);
                    continue;
                }
                Err(RecvError::Closed) => return,
            };
            self.metrics.happened(&event);
            match &event {
                Event::Effective(record, progress) => self.tell(None, record, progress).await,
                Event::Refreshed(record, _) => self.happened(record.id, "refreshed").await,
                Event::Erased(record, _) => self.happened(record.id, "erased").await,
                Event::Lifted(takedown) => {
                    let (id, data) = (takedown.record.id, describe::takedown(takedown, now_ms()));
                    self.hook(move |hooks| hooks.tell(None, id, "lifted", &body("lifted", &data))).await;
                }
                Event::Progressed(..) => {}
            }
        }
    }

    /// Tells that a purge is effective, now, and what becomes of it, when it has. To one address, or to all of the
    /// configuration.
    pub(crate) async fn tell(&self, only: Option<&str>, record: &Record, progress: &Progress) {
        let (id, only) = (record.id, only.map(str::to_owned));
        let (data, refreshes) = (describe::purge(record, progress), record.mode == Mode::Refresh);
        self.hook(move |hooks| {
            hooks.tell(only.as_deref(), id, "effective", &body("effective", &data))?;
            if refreshes {
                hooks.expect(only.as_deref(), id, "refreshed")?;
            }
            hooks.expect(only.as_deref(), id, "erased")
        })
        .await;
    }

    async fn happened(&self, id: PurgeId, event: &'static str) {
        self.hook(move |hooks| hooks.happened(id, event)).await;
    }

    /// A webhook that fails to be noted costs no purge.
    async fn hook(&self, work: impl FnOnce(&Hooks) -> Result<(), OutboxError> + Send + 'static) {
        let Some(hooks) = self.hooks.clone().filter(|hooks| !hooks.is_empty()) else { return };
        match tokio::task::spawn_blocking(move || work(&hooks)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "a webhook will not be sent"),
            Err(error) => tracing::error!(%error, "a webhook will not be sent"),
        }
    }

    /// How the webhooks that tell of a purge fare: its own, and those of the configuration.
    pub(crate) async fn deliveries(&self, id: PurgeId) -> Result<Vec<Value>, Problem> {
        let Some(hooks) = self.hooks.clone() else { return Ok(Vec::new()) };
        let read = tokio::task::spawn_blocking(move || {
            let all = hooks.deliveries(id)?;
            Ok::<_, OutboxError>(all.iter().map(|one| describe::delivery(one, &hooks)).collect())
        });
        let failed = |detail: String| Problem::new(500, "store-failed", detail);
        read.await.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
    }

    /// Whether a webhook may go to an address that a request names.
    pub(crate) fn check_webhook(&self, url: &str) -> Result<(), Problem> {
        let checked = match &self.hooks {
            Some(hooks) => hooks.check(url).map_err(|error| error.to_string()),
            None => Err("this server sends no webhooks: there are none in its configuration".to_owned()),
        };
        checked.map_err(|detail| Problem::new(400, "bad-webhook", detail).parameter("webhook"))
    }
}
