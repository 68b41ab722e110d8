use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use purge::PurgeId;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::hook::{Hook, shown_address, web_address};
use crate::outbox::{Attempt, Delivery, Ending, Facts, Message, Outbox, OutboxError};
use crate::sign::signature;

/// Messages read from the outbox at a time.
const BATCH: usize = 64;
/// Messages under way at one time.
const AT_ONCE: usize = 8;
/// Messages of which it is remembered that they wait for something to happen.
const REMEMBERED: usize = 65_536;

/// Times of the worker.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Pause after the first failure; it doubles with each further one.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// Age at which a message is given up.
    pub give_up: Duration,
    /// How long a receiver may take to answer.
    pub timeout: Duration,
    /// How long it may take until it is noticed that something has happened while this server was down.
    pub look_again: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_secs(2 * 3600),
            give_up: Duration::from_secs(24 * 3600),
            timeout: Duration::from_secs(15),
            look_again: Duration::from_secs(300),
        }
    }
}

/// A caller wants a message sent where none may go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{url:?} is not at an address that webhooks may go to: {allowed}")]
pub struct NotAllowed {
    /// As he wrote it.
    pub url: String,
    /// The addresses of the configuration.
    pub allowed: String,
}

/// The hooks of the configuration, and the worker that delivers.
pub struct Hooks {
    hooks: Vec<Hook>,
    outbox: Arc<dyn Outbox>,
    client: reqwest::Client,
    settings: Settings,
    wake: Notify,
    /// Messages that wait for something to happen to a purge.
    waiting: Mutex<HashMap<(PurgeId, String), Vec<u64>>>,
}

impl Hooks {
    /// Puts them together. The process's TLS provider must have been installed.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(hooks: Vec<Hook>, outbox: Arc<dyn Outbox>, settings: Settings) -> Result<Hooks, String> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(settings.timeout)
            .user_agent(concat!("Afterimage/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Hooks { hooks, outbox, client, settings, wake: Notify::new(), waiting: Mutex::default() })
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.hooks.is_empty()
    }

    /// Whether a message may go to an address: one of the configuration has the same scheme, host and port.
    ///
    /// # Errors
    /// [`NotAllowed`].
    pub fn check(&self, url: &str) -> Result<(), NotAllowed> {
        match self.hook_for(url) {
            Some(_) => Ok(()),
            None => {
                let mut known: Vec<String> = self.hooks.iter().map(|hook| shown_address(hook.url())).collect();
                known.dedup();
                let allowed = if known.is_empty() { "there are none".to_owned() } else { known.join(", ") };
                Err(NotAllowed { url: url.to_owned(), allowed })
            }
        }
    }

    fn hook_for(&self, url: &str) -> Option<&Hook> {
        let wanted = web_address(url).ok()?;
        // The very address first: two hooks at one origin may have different secrets.
        let same = self.hooks.iter().find(|hook| hook.url() == wanted.as_str());
        same.or_else(|| self.hooks.iter().find(|hook| hook.origin() == wanted.origin()))
    }

    /// Stores what happened, for every hook of the configuration, or for one address alone. Blocks.
    ///
    /// # Errors
    /// When the outbox cannot be written.
    pub fn tell(&self, only: Option<&str>, purge: PurgeId, event: &str, body: &[u8]) -> Result<(), OutboxError> {
        let now = unix_millis();
        self.put(only, purge, event, body, now)?;
        self.wake.notify_one();
        Ok(())
    }

    /// Stores that something is to be told once it has happened, also if the server is started anew meanwhile. Blocks.
    ///
    /// # Errors
    /// When the outbox cannot be written.
    pub fn expect(&self, only: Option<&str>, purge: PurgeId, event: &str) -> Result<(), OutboxError> {
        let at = unix_millis() + self.settings.look_again.as_millis() as u64;
        let ids = self.put(only, purge, event, &[], at)?;
        let mut waiting = lock(&self.waiting);
        if waiting.len() < REMEMBERED {
            waiting.entry((purge, event.to_owned())).or_default().extend(ids);
        }
        Ok(())
    }

    /// Says that something has happened which may be expected. Blocks.
    ///
    /// # Errors
    /// When the outbox cannot be written; then it is noticed a little later.
    pub fn happened(&self, purge: PurgeId, event: &str) -> Result<(), OutboxError> {
        let ids = lock(&self.waiting).remove(&(purge, event.to_owned())).unwrap_or_default();
        for id in &ids {
            self.outbox.wait(*id, unix_millis())?;
        }
        if !ids.is_empty() {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Whether an address is one of the configuration: it is told of every purge.
    pub fn is_everywhere(&self, url: &str) -> bool {
        self.hooks.iter().any(|hook| hook.url() == url)
    }

    /// How the messages about a purge fare, in the order in which they were stored. Blocks.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub fn deliveries(&self, purge: PurgeId) -> Result<Vec<Delivery>, OutboxError> {
        self.outbox.of(purge, unix_millis())
    }

    fn put(
        &self,
        only: Option<&str>,
        purge: PurgeId,
        event: &str,
        body: &[u8],
        next_at: u64,
    ) -> Result<Vec<u64>, OutboxError> {
        let everywhere = self.hooks.iter().map(Hook::url);
        let urls: Vec<&str> = match only {
            // Who is told anyhow is not told twice.
            Some(url) if self.hooks.iter().any(|hook| hook.url() == url) => Vec::new(),
            Some(url) => vec![url],
            None => everywhere.collect(),
        };
        let message = |url: &&str| Message {
            id: 0,
            purge,
            event: event.to_owned(),
            url: (*url).to_owned(),
            body: body.to_vec(),
            attempts: 0,
            created_at: unix_millis(),
            next_at,
        };
        urls.iter().map(|url| self.outbox.put(&message(url))).collect()
    }

    /// Delivers for as long as it is polled. What is under way when it is dropped is delivered again later.
    pub async fn run(self: Arc<Self>, facts: Arc<dyn Facts>) {
        let mut under_way = JoinSet::new();
        let mut busy: HashSet<u64> = HashSet::new();
        loop {
            while let Some(ended) = under_way.try_join_next() {
                forget(&mut busy, ended);
            }
            let due = self.blocking(|hooks| hooks.outbox.due(unix_millis(), BATCH)).await.unwrap_or_default();
            let mut fresh = 0;
            for message in due.into_iter().filter(|message| !busy.contains(&message.id)).collect::<Vec<_>>() {
                while under_way.len() >= AT_ONCE
                    && let Some(ended) = under_way.join_next().await
                {
                    forget(&mut busy, ended);
                }
                fresh += 1;
                busy.insert(message.id);
                let (hooks, facts) = (self.clone(), facts.clone());
                under_way.spawn(async move {
                    let id = message.id;
                    hooks.handle(message, facts).await;
                    id
                });
            }
            if fresh > 0 {
                continue;
            }
            let pause = self.pause().await;
            tokio::select! {
                () = self.wake.notified() => {}
                Some(ended) = under_way.join_next() => forget(&mut busy, ended),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// The time until the next message is due; never so short that a message under way keeps the worker spinning.
    async fn pause(self: &Arc<Self>) -> Duration {
        let next = self.blocking(|hooks| hooks.outbox.next(unix_millis())).await.ok().flatten();
        let wait = next.map_or(60_000, |at| at.saturating_sub(unix_millis()));
        Duration::from_millis(wait.clamp(50, 60_000))
    }

    async fn handle(self: &Arc<Self>, mut message: Message, facts: Arc<dyn Facts>) {
        let now = unix_millis();
        if message.body.is_empty() {
            let (purge, event) = (message.purge, message.event.clone());
            let body = tokio::task::spawn_blocking(move || facts.body(purge, &event)).await.ok().flatten();
            let Some(body) = body else {
                // It has not happened yet.
                let again = now + self.settings.look_again.as_millis() as u64;
                return self.note(move |outbox| outbox.wait(message.id, again)).await;
            };
            let kept = body.clone();
            message.body = body;
            self.note(move |outbox| outbox.fill(message.id, &kept, now)).await;
        } else if now.saturating_sub(message.created_at) > self.settings.give_up.as_millis() as u64 {
            tracing::warn!(url = message.url, event = message.event, purge = %message.purge, "webhook given up");
            return self.end(message.id, Ending::GivenUp, None).await;
        }
        let Some(hook) = self.hook_for(&message.url) else {
            tracing::warn!(url = message.url, "webhook dropped: its address left the configuration");
            let why = Attempt { at: now, status: None, error: "its address left the configuration".to_owned() };
            return self.end(message.id, Ending::GivenUp, Some(why)).await;
        };
        let attempt = self.send(hook, &message).await;
        if attempt.error.is_empty() {
            return self.end(message.id, Ending::Delivered, Some(attempt)).await;
        }
        let (pause, why) = (pause_after(self.settings, message.attempts, message.id), &attempt.error);
        tracing::warn!(url = message.url, event = message.event, why, ?pause, "webhook not delivered");
        let next = unix_millis() + pause.as_millis() as u64;
        self.note(move |outbox| outbox.retry(message.id, next, &attempt)).await;
    }

    async fn send(&self, hook: &Hook, message: &Message) -> Attempt {
        // The same at every attempt, so that receivers can tell what they have had.
        let id = format!("msg_{}_{}", message.purge, message.event);
        let timestamp = unix_millis() / 1000;
        let request = self
            .client
            .post(&message.url)
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature(hook.secret(), &id, timestamp, &message.body))
            .body(message.body.clone());
        let answer = request.send().await;
        let at = unix_millis();
        match answer.map(|answer| answer.status()) {
            Ok(status) if status.is_success() => Attempt { at, status: Some(status.as_u16()), error: String::new() },
            Ok(status) => Attempt { at, status: Some(status.as_u16()), error: format!("it answered {status}") },
            // The address may hold what lets somebody in.
            Err(error) => Attempt { at, status: None, error: causes(&error.without_url()) },
        }
    }

    async fn end(self: &Arc<Self>, id: u64, ending: Ending, last: Option<Attempt>) {
        let noted = self.blocking(move |hooks| hooks.outbox.done(id, unix_millis(), ending, last.as_ref())).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "a webhook will be delivered again");
        }
    }

    async fn note(self: &Arc<Self>, work: impl FnOnce(&dyn Outbox) -> Result<(), OutboxError> + Send + 'static) {
        if let Err(error) = self.blocking(move |hooks| work(&*hooks.outbox)).await {
            tracing::warn!(%error, "how a webhook stands was not noted");
        }
    }

    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Hooks) -> Result<T, OutboxError> + Send + 'static,
    ) -> Result<T, OutboxError> {
        let hooks = self.clone();
        tokio::task::spawn_blocking(move || work(&hooks)).await.unwrap_or_else(|e| Err(OutboxError(e.to_string())))
    }
}

fn forget(busy: &mut HashSet<u64>, ended: Result<u64, tokio::task::JoinError>) {
    match ended {
        Ok(id) => drop(busy.remove(&id)),
        // Which one it was is not known: the outbox knows what is still to be done.
        Err(_) => busy.clear(),
    }
}

/// Doubling, and a quarter more or less, so that what failed together does not come back together.
fn pause_after(settings: Settings, attempts: u32, id: u64) -> Duration {
    let doubled = settings.first_pause.saturating_mul(1u32 << attempts.min(20)).min(settings.longest_pause);
    let spread = 75 + id.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(u64::from(attempts)) % 51;
    doubled.mul_f64(spread as f64 / 100.0)
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

fn unix_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let settings = Settings::default();
        for (attempts, seconds) in [(0, 5.0), (1, 10.0), (5, 160.0), (11, 7200.0), (u32::MAX, 7200.0)] {
            let pause = pause_after(settings, attempts, 7).as_secs_f64();
            assert!((seconds * 0.75..=seconds * 1.26).contains(&pause), "{attempts}: {pause}");
        }
        assert_ne!(pause_after(settings, 3, 1), pause_after(settings, 3, 2));
    }
}
