//! The audit: connections that ask, purgers that purge, and the rule that answers are held against.
//!
//! A purger visits its masters in turn. A visit is a burst of purges, most of them sent while a fill of the old version is
//! under way; meanwhile the clients ask mostly for the masters that are being visited. Between two visits nobody purges a
//! master, so what a cache kept of an old version is found at the next visit at the latest.

use std::collections::HashSet;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use testkit::http::{Answer, Client};
use testkit::pictures::{Mark, read_mark};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::origin::Origin;
use crate::report::Report;
use crate::rng::Rng;
use crate::target::Target;

/// Without a purge for this long, an old version that is still served has come to stay.
pub const SETTLED: Duration = Duration::from_secs(1);

/// Most purges of one visit.
const BURST: usize = 8;
/// Longest wait for a sign of life from the target.
const PATIENCE: Duration = Duration::from_secs(30);
/// Failures of connections in a row, over all connections, after which the target counts as gone.
const GONE: u32 = 100;
/// How often a look at a settled master asks again where the queue is full, and after how long.
const BUSY_TRIES: usize = 10;
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// Violations and faults that are described.
const EXAMPLES: usize = 10;

/// How an audit is run.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many purges.
    pub purges: u64,
    /// Connections that ask for pictures.
    pub connections: usize,
    /// Purgers, each with a connection of its own and with masters of its own.
    pub purgers: usize,
    /// Repeats the choices (not the timing) of an earlier run.
    pub seed: u64,
    /// Each connection rests so long at most between two requests; half of it in the mean.
    pub pause: Duration,
    /// How long the target may take to begin to listen.
    pub wait: Duration,
    /// How often progress is told.
    pub progress: Duration,
    /// Whether to ask for everything once more, [`SETTLED`] after the last purge.
    pub last_look: bool,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Since the start.
    pub elapsed: Duration,
    /// Purges answered.
    pub purges: u64,
    /// Of these, those sent with a fill in flight.
    pub in_flight: u64,
    /// Answers checked.
    pub checked: u64,
    /// Stale answers.
    pub violations: u64,
}

/// Audits a target in front of an origin, which must not have been asked yet.
///
/// # Errors
/// When the target cannot be reached, or is gone in the middle.
pub async fn run(
    origin: Arc<Origin>,
    target: Target,
    settings: Settings,
    tell: impl Fn(Progress),
) -> io::Result<Report> {
    let audit = Arc::new(Audit::new(origin, target, settings));
    audit.target.listens(settings.wait).await?;
    let begun = Instant::now();
    let clients: Vec<_> = (0..settings.connections).map(|number| tokio::spawn(audit.clone().ask_on(number))).collect();
    let purgers = (0..settings.purgers.max(1)).map(|number| tokio::spawn(audit.clone().purge_on(number)));
    let mut purgers: Vec<_> = purgers.collect();
    let mut times = Vec::new();
    for purger in &mut purgers {
        loop {
            match timeout(settings.progress, &mut *purger).await {
                Ok(done) => {
                    times.extend(done.map_err(io::Error::other)?);
                    break;
                }
                Err(_) => tell(audit.progress(begun)),
            }
        }
    }
    let took = begun.elapsed();
    audit.done.store(true, SeqCst);
    for client in clients {
        client.await.map_err(io::Error::other)?;
    }
    if settings.last_look && !audit.gone() {
        sleep(SETTLED).await;
        audit.look_at_all().await?;
    }
    if let Some(error) = lock(&audit.gone).take() {
        return Err(io::Error::other(format!("the server is gone: {error}")));
    }
    times.sort_unstable();
    Ok(audit.report(took, times))
}

struct Audit {
    origin: Arc<Origin>,
    target: Target,
    settings: Settings,
    masters: Vec<State>,
    /// The master that each purger visits.
    focus: Vec<AtomicUsize>,
    /// Purges that nobody has taken on yet.
    left: AtomicU64,
    done: AtomicBool,
    failures: AtomicU32,
    gone: Mutex<Option<String>>,
    counts: Counts,
    examples: Mutex<Vec<String>>,
}

/// What is known of a master.
struct State {
    /// The version below which no answer to a request that begins now may be.
    effective: AtomicU32,
    answers: AtomicU64,
    answered: Notify,
    /// Versions whose purge was followed by an older answer.
    broken: Mutex<HashSet<u32>>,
    /// The last body of each derivative, and what was found in it.
    known: Vec<Mutex<Option<Known>>>,
}

/// What an answer showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// A version that may be served.
    Good,
    /// One that is stale.
    Stale,
    /// A full queue: 503.
    Busy,
    /// No version: no answer, or a fault.
    Nothing,
}

/// Bytes that have been decoded need not be decoded again.
#[derive(Clone)]
struct Known {
    body: Bytes,
    etag: String,
    version: u32,
}

#[derive(Default)]
struct Counts {
    purges: AtomicU64,
    in_flight: AtomicU64,
    overtaken: AtomicU64,
    refused: AtomicU64,
    requests: AtomicU64,
    checked: AtomicU64,
    not_modified: AtomicU64,
    hits: AtomicU64,
    busy: AtomicU64,
    failed: AtomicU64,
    faulty: AtomicU64,
    violations: AtomicU64,
    settled: AtomicU64,
    unseen: AtomicU64,
    still_stale: AtomicU64,
}

impl Audit {
    fn new(origin: Arc<Origin>, target: Target, settings: Settings) -> Self {
        let derivatives = target.derivatives();
        let masters = (0..origin.masters()).map(|_| State {
            effective: AtomicU32::new(1),
            answers: AtomicU64::new(0),
            answered: Notify::new(),
            broken: Mutex::default(),
            known: (0..derivatives).map(|_| Mutex::default()).collect(),
        });
        Audit {
            masters: masters.collect(),
            focus: (0..settings.purgers.max(1)).map(AtomicUsize::new).collect(),
            left: AtomicU64::new(settings.purges),
            done: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            gone: Mutex::default(),
            counts: Counts::default(),
            examples: Mutex::default(),
            origin,
            target,
            settings,
        }
    }

    async fn ask_on(self: Arc<Self>, number: usize) {
        let mut rng = Rng::new(self.settings.seed, number as u64);
        let mut client = Client::new(self.target.delivery);
        while !self.done.load(SeqCst) && !self.gone() {
            let master = match rng.below(4) {
                0 => rng.below(self.masters.len()),
                _ => self.focus[rng.below(self.focus.len())].load(Relaxed) % self.masters.len(),
            };
            let derivative = rng.below(self.target.derivatives());
            let conditional = rng.below(4) == 0;
            self.ask(&mut client, master, derivative, conditional).await;
            // A second thought, or a loop of hits would take the time that purges need.
            let pause = rng.up_to(self.settings.pause);
            if pause >= Duration::from_millis(1) {
                sleep(pause).await;
            }
        }
    }

    /// Asks for a derivative and holds the answer against the rule.
    async fn ask(&self, client: &mut Client, master: usize, derivative: usize, conditional: bool) -> Seen {
        let url = &self.target.urls[master][derivative];
        let state = &self.masters[master];
        let known = lock(&state.known[derivative]).clone();
        let mut headers = Vec::new();
        if let (true, Some(known)) = (conditional, &known) {
            headers.push(("if-none-match", known.etag.as_str()));
        }
        // Read before the request is sent: whatever was answered as done by now must show.
        let least = state.effective.load(SeqCst);
        self.counts.requests.fetch_add(1, Relaxed);
        let answer = match timeout(PATIENCE, client.send("GET", url, &headers, b"")).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                self.failed(&error.to_string());
                return Seen::Nothing;
            }
            Err(_) => {
                *client = Client::new(self.target.delivery);
                self.failed("no answer to a request for a picture");
                return Seen::Nothing;
            }
        };
        self.failures.store(0, Relaxed);
        let version = match (answer.status, known) {
            (503, _) => {
                self.counts.busy.fetch_add(1, Relaxed);
                return Seen::Busy;
            }
            (304, Some(known)) => {
                self.counts.not_modified.fetch_add(1, Relaxed);
                Ok(known.version)
            }
            (200, known) => self.version(master, derivative, known, &answer),
            (status, _) => Err(format!("status {status}: {}", answer.text())),
        };
        let newest = self.origin.version(master);
        let version = match version {
            Ok(version) if version <= newest => version,
            Ok(version) => return self.fault(url, &format!("version {version}, of which there are {newest}")),
            Err(error) => return self.fault(url, &error),
        };
        self.counts.checked.fetch_add(1, Relaxed);
        if says_hit(&answer) {
            self.counts.hits.fetch_add(1, Relaxed);
        }
        state.answers.fetch_add(1, Relaxed);
        state.answered.notify_waiters();
        let stale = version < least;
        if stale {
            self.counts.violations.fetch_add(1, Relaxed);
            lock(&state.broken).insert(least);
            self.example(format!(
                "STALE {} {url}: version {version} when {least} was effective; Cache-Status: {}, Age: {}",
                answer.status,
                answer.header("cache-status"),
                answer.header("age"),
            ));
        }
        if stale { Seen::Stale } else { Seen::Good }
    }

    fn version(&self, master: usize, derivative: usize, known: Option<Known>, answer: &Answer) -> Result<u32, String> {
        if let Some(known) = known
            && known.body == answer.body
        {
            return Ok(known.version);
        }
        let mark = read_mark(&answer.body)?;
        if mark != Mark::new(&self.origin.path(master), mark.version) {
            return Err("another picture".to_owned());
        }
        let fresh = Known { body: answer.body.clone(), etag: answer.header("etag").to_owned(), version: mark.version };
        *lock(&self.masters[master].known[derivative]) = Some(fresh);
        Ok(mark.version)
    }

    async fn purge_on(self: Arc<Self>, number: usize) -> Vec<Duration> {
        let mut rng = Rng::new(self.settings.seed, 1 << 32 | number as u64);
        let mut client = Client::new(self.target.purge_address());
        let mut looker = Client::new(self.target.delivery);
        let mine: Vec<usize> = (number..self.masters.len()).step_by(self.focus.len()).collect();
        let mut visited: Vec<Option<Instant>> = vec![None; mine.len()];
        let mut times = Vec::new();
        if mine.is_empty() {
            return times;
        }
        for turn in 0.. {
            let at = turn % mine.len();
            if visited[at].is_some_and(|last| last.elapsed() >= SETTLED) {
                self.look_at(&mut looker, mine[at]).await;
            }
            self.focus[number].store(mine[at], Relaxed);
            for _ in 0..=rng.below(BURST) {
                if self.gone() || self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_err() {
                    return times;
                }
                self.await_the_moment(&mut rng, mine[at]).await;
                times.extend(self.purge(&mut client, mine[at], &mut rng).await);
            }
            visited[at] = Some(Instant::now());
        }
        times
    }

    /// Waits until a purge is likely to hurt: mostly for a fetch to be under way, sometimes for what is in the cache to be
    /// used, sometimes not at all.
    async fn await_the_moment(&self, rng: &mut Rng, master: usize) {
        match rng.below(8) {
            0 => {}
            1 => {
                let state = &self.masters[master];
                let wanted = state.answers.load(Relaxed) + 4;
                let enough = async {
                    loop {
                        let next = state.answered.notified();
                        if state.answers.load(Relaxed) >= wanted {
                            return;
                        }
                        next.await;
                    }
                };
                let _ = timeout(Duration::from_millis(50), enough).await;
            }
            _ => {
                let arrival = self.origin.arrival(master);
                tokio::pin!(arrival);
                arrival.as_mut().enable();
                if self.origin.in_flight(master) == 0 {
                    let _ = timeout(Duration::from_millis(50), arrival).await;
                }
                let wait = rng.up_to(self.origin.pace().shortest());
                // Timers count in milliseconds; shorter waits are taken for none.
                if wait >= Duration::from_millis(1) {
                    sleep(wait).await;
                }
            }
        }
    }

    /// Raises the version, purges, and from the answer on holds the target to it.
    async fn purge(&self, client: &mut Client, master: usize, rng: &mut Rng) -> Option<Duration> {
        let turn = rng.below(1 << 16);
        let bump = self.origin.bump(master);
        let sent = Instant::now();
        let outcome = match timeout(PATIENCE, self.target.purge(client, master, turn)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                *client = Client::new(self.target.purge_address());
                Err(io::Error::other("no answer to a purge"))
            }
        };
        let took = sent.elapsed();
        let overtaken = self.origin.outdated(master) > 0;
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(answer)) => {
                self.counts.refused.fetch_add(1, Relaxed);
                self.example(format!("a purge was answered with {answer}"));
                return None;
            }
            Err(error) => {
                self.counts.refused.fetch_add(1, Relaxed);
                self.failed(&error.to_string());
                self.example(format!("a purge got no answer: {error}"));
                return None;
            }
        }
        self.masters[master].effective.fetch_max(bump.version, SeqCst);
        self.counts.purges.fetch_add(1, Relaxed);
        self.counts.in_flight.fetch_add(u64::from(bump.in_flight > 0), Relaxed);
        self.counts.overtaken.fetch_add(u64::from(overtaken), Relaxed);
        Some(took)
    }

    /// Asks for every derivative of a master that was left alone for a while.
    async fn look_at(&self, client: &mut Client, master: usize) {
        let (mut unseen, mut stale) = (false, false);
        for derivative in 0..self.target.derivatives() {
            let mut seen = self.ask(client, master, derivative, false).await;
            for _ in 0..BUSY_TRIES {
                if seen != Seen::Busy {
                    break;
                }
                sleep(BUSY_PAUSE).await;
                seen = self.ask(client, master, derivative, false).await;
            }
            match seen {
                Seen::Good => {}
                Seen::Stale => stale = true,
                Seen::Busy | Seen::Nothing => unseen = true,
            }
        }
        self.counts.settled.fetch_add(u64::from(!unseen || stale), Relaxed);
        self.counts.unseen.fetch_add(u64::from(unseen), Relaxed);
        self.counts.still_stale.fetch_add(u64::from(stale), Relaxed);
    }

    /// Looks at every master that was ever purged, over as many connections as before.
    async fn look_at_all(self: &Arc<Self>) -> io::Result<()> {
        let next = Arc::new(AtomicUsize::new(0));
        let lookers = (0..self.settings.connections.max(1)).map(|_| {
            let (audit, next) = (self.clone(), next.clone());
            tokio::spawn(async move {
                let mut client = Client::new(audit.target.delivery);
                loop {
                    let master = next.fetch_add(1, Relaxed);
                    match audit.masters.get(master).map(|state| state.effective.load(Relaxed)) {
                        Some(1) => {}
                        Some(_) if !audit.gone() => audit.look_at(&mut client, master).await,
                        _ => return,
                    }
                }
            })
        });
        for looker in lookers.collect::<Vec<_>>() {
            looker.await.map_err(io::Error::other)?;
        }
        Ok(())
    }

    fn gone(&self) -> bool {
        self.failures.load(Relaxed) >= GONE
    }

    fn failed(&self, error: &str) {
        self.counts.failed.fetch_add(1, Relaxed);
        if self.failures.fetch_add(1, Relaxed) + 1 >= GONE {
            lock(&self.gone).get_or_insert_with(|| error.to_owned());
        }
    }

    fn fault(&self, url: &str, error: &str) -> Seen {
        self.counts.faulty.fetch_add(1, Relaxed);
        self.example(format!("FAULTY {url}: {error}"));
        Seen::Nothing
    }

    fn example(&self, text: String) {
        let mut examples = lock(&self.examples);
        if examples.len() < EXAMPLES {
            examples.push(text);
        }
    }

    fn progress(&self, begun: Instant) -> Progress {
        Progress {
            elapsed: begun.elapsed(),
            purges: self.counts.purges.load(Relaxed),
            in_flight: self.counts.in_flight.load(Relaxed),
            checked: self.counts.checked.load(Relaxed),
            violations: self.counts.violations.load(Relaxed),
        }
    }

    fn report(&self, took: Duration, purge_times: Vec<Duration>) -> Report {
        let count = |counter: &AtomicU64| counter.load(Relaxed);
        Report {
            took,
            purges: count(&self.counts.purges),
            in_flight: count(&self.counts.in_flight),
            overtaken: count(&self.counts.overtaken),
            refused: count(&self.counts.refused),
            requests: count(&self.counts.requests),
            fetches: self.origin.requests(),
            checked: count(&self.counts.checked),
            not_modified: count(&self.counts.not_modified),
            hits: count(&self.counts.hits),
            busy: count(&self.counts.busy),
            failed: count(&self.counts.failed),
            faulty: count(&self.counts.faulty),
            violations: count(&self.counts.violations),
            broken_purges: self.masters.iter().map(|state| lock(&state.broken).len() as u64).sum(),
            settled: count(&self.counts.settled),
            unseen: count(&self.counts.unseen),
            still_stale: count(&self.counts.still_stale),
            purge_times,
            examples: lock(&self.examples).clone(),
        }
    }
}

impl Target {
    /// Whether anybody listens where pictures and purges are sent, by the end of the given time.
    async fn listens(&self, within: Duration) -> io::Result<()> {
        let begun = Instant::now();
        for address in [self.delivery, self.purge_address()] {
            while let Err(error) = tokio::net::TcpStream::connect(address).await {
                if begun.elapsed() >= within {
                    return Err(io::Error::new(error.kind(), format!("{address}: {error}")));
                }
                sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }
}

/// By RFC 9211, or as Varnish and Squid have said it before.
fn says_hit(answer: &Answer) -> bool {
    let status = answer.header("cache-status");
    status.split(';').any(|part| part.trim() == "hit") || answer.header("x-cache").to_ascii_lowercase().contains("hit")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
