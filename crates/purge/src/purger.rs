//! From a request to an effective purge: append durably, apply, publish, answer. One thread does it, in log order, and
//! shares one disk flush among all requests that wait for it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use plan::{Position, Selector};

use crate::glob::{BadGlob, glob};
use crate::index::Index;
use crate::ports::{Log, LogError};
use crate::record::{Mode, PurgeId, Record, Target, Terms, Via};
use crate::takedowns::Takedowns;

/// Requests that may wait for the writer; past it, callers are told to come back.
const QUEUE: usize = 8192;
/// Requests that share one flush.
const BATCH: usize = 512;

/// A purge that is authorised and understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its public id.
    pub id: PurgeId,
    /// What it does.
    pub mode: Mode,
    /// What it names; at least one.
    pub targets: Vec<Target>,
    /// Who asked.
    pub actor: String,
    /// Through which API.
    pub via: Via,
    /// From which address.
    pub from: String,
    /// On what terms it refuses: for a takedown, and for nothing else.
    pub terms: Option<Terms>,
}

/// The proof that a purge is effective on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The record as it stands in the log.
    pub record: Record,
    /// When it became effective, in milliseconds since the Unix epoch.
    pub effective_at: u64,
}

/// Why a purge was not carried out as promised.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PurgeError {
    /// Too many wait already; nothing was done (429).
    #[error("too many purges are waiting to be written; try again in a second")]
    Busy,
    /// There would be more patterns that no sweep has passed yet than the index takes; nothing was done (429).
    #[error("too many globs are live; each goes when the sweep has passed it, so try again later")]
    TooManyGlobs,
    /// A pattern is none; nothing was done (400).
    #[error(transparent)]
    BadGlob(#[from] BadGlob),
    /// It holds on this node until it stops, but is not on the disk (507). The next start begins with an empty cache.
    #[error("the purge is effective on this node but not durable: {cause}")]
    NotDurable {
        /// What was applied.
        receipt: Box<Receipt>,
        /// Why it could not be written.
        cause: LogError,
    },
    /// The node is stopping; nothing was done (503).
    #[error("the node is stopping")]
    Stopping,
}

type Reply = Box<dyn FnOnce(Result<Receipt, PurgeError>) + Send>;

/// Accepts purges.
pub struct Purger {
    queue: Option<SyncSender<(Request, Reply)>>,
    thread: Option<JoinHandle<()>>,
}

impl Purger {
    /// Starts the writer. It refuses what is taken down through `takedowns` before the index is raised. `on_undurable` runs when an append failed, before the answer: it must make sure that the next
    /// start is cold (rule L8).
    ///
    /// # Errors
    /// When the log cannot be read or no thread can be started.
    pub fn start(
        log: Arc<dyn Log>,
        index: Arc<Index>,
        takedowns: Arc<Takedowns>,
        on_undurable: Box<dyn Fn() + Send>,
    ) -> Result<Purger, LogError> {
        let head = log.head()?.max(index.head());
        let (queue, requests) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("purge-writer".into())
            .spawn(move || Writer { log, index, takedowns, on_undurable, head }.run(&requests))
            .map_err(|e| LogError::Store(e.to_string()))?;
        Ok(Purger { queue: Some(queue), thread: Some(thread) })
    }

    /// Hands a purge to the writer; `reply` is called from its thread once the purge is effective or has failed.
    pub fn submit(&self, request: Request, reply: impl FnOnce(Result<Receipt, PurgeError>) + Send + 'static) {
        let Some(queue) = &self.queue else {
            return reply(Err(PurgeError::Stopping));
        };
        match queue.try_send((request, Box::new(reply))) {
            Ok(()) => {}
            Err(TrySendError::Full((_, reply))) => reply(Err(PurgeError::Busy)),
            Err(TrySendError::Disconnected((_, reply))) => reply(Err(PurgeError::Stopping)),
        }
    }
}

/// Everything accepted is written before the thread ends.
impl Drop for Purger {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    log: Arc<dyn Log>,
    index: Arc<Index>,
    takedowns: Arc<Takedowns>,
    on_undurable: Box<dyn Fn() + Send>,
    head: Position,
}

impl Writer {
    fn run(mut self, requests: &Receiver<(Request, Reply)>) {
        while let Ok(first) = requests.recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH {
                match requests.try_recv() {
                    Ok(next) => batch.push(next),
                    Err(_) => break,
                }
            }
            self.write(batch);
        }
    }

    fn write(&mut self, batch: Vec<(Request, Reply)>) {
        let accepted_at = unix_millis();
        let mut replies = Vec::with_capacity(batch.len());
        let mut records = Vec::with_capacity(batch.len());
        let mut patterns = HashSet::new();
        for (request, reply) in batch {
            if let Err(refused) = self.accepts(&request, &mut patterns) {
                reply(Err(refused));
                continue;
            }
            self.head = self.head.next();
            records.push(Record {
                position: self.head,
                id: request.id,
                mode: request.mode,
                targets: request.targets,
                actor: request.actor,
                via: request.via,
                from: request.from,
                accepted_at,
                terms: request.terms,
            });
            replies.push(reply);
        }
        if records.is_empty() {
            return;
        }
        let written = self.log.append(&records);
        // Applied even if it could not be written: not serving the wrong picture now comes first. A fill that the index
        // lets pass then has seen the takedowns.
        records.iter().for_each(|record| self.takedowns.add(record));
        self.index.apply(&records);
        if let Err(error) = &written {
            tracing::error!(%error, purges = records.len(), "purges are effective here but not durable");
            (self.on_undurable)();
        }
        let effective_at = unix_millis();
        for (record, reply) in records.into_iter().zip(replies) {
            let receipt = Receipt { record, effective_at };
            reply(match &written {
                Ok(()) => Ok(receipt),
                Err(cause) => Err(PurgeError::NotDurable { receipt: Box::new(receipt), cause: cause.clone() }),
            });
        }
    }
}

impl Writer {
    /// Refuses what must not get into the log. Only this thread adds globs, so there is room still when they are applied.
    fn accepts(&self, request: &Request, patterns: &mut HashSet<String>) -> Result<(), PurgeError> {
        for selector in request.targets.iter().flat_map(|target| &target.selectors) {
            if let Selector::Glob(pattern) = selector {
                glob(pattern)?;
            }
        }
        if self.index.has_room_for(&request.targets, patterns) { Ok(()) } else { Err(PurgeError::TooManyGlobs) }
    }
}

fn unix_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::mpsc::channel;

    use plan::{KeySecret, LogId, MasterId, Selector, Stamp};

    use super::*;
    use crate::index::{Caps, Verdict};
    use crate::ports::LogIdentity;
    use crate::record::Terms;
    use crate::subject::{Role, Subject};

    #[derive(Default)]
    struct MemoryLog {
        records: Mutex<Vec<Record>>,
        broken: AtomicBool,
        appends: AtomicUsize,
    }

    impl Log for MemoryLog {
        fn identity(&self) -> LogIdentity {
            LogIdentity { log: LogId(1), secret: KeySecret::new([1; 32]) }
        }
        fn head(&self) -> Result<Position, LogError> {
            Ok(self.records.lock().unwrap().last().map_or(Position::START, |r| r.position))
        }
        fn append(&self, records: &[Record]) -> Result<(), LogError> {
            self.appends.fetch_add(1, Ordering::Relaxed);
            if self.broken.load(Ordering::Relaxed) {
                return Err(LogError::Full);
            }
            self.records.lock().unwrap().extend_from_slice(records);
            Ok(())
        }
        fn replay(&self, after: Position, each: &mut dyn FnMut(Record)) -> Result<(), LogError> {
            self.records.lock().unwrap().iter().filter(|r| r.position > after).cloned().for_each(each);
            Ok(())
        }
        fn find(&self, id: PurgeId) -> Result<Option<Record>, LogError> {
            Ok(self.records.lock().unwrap().iter().find(|r| r.id == id).cloned())
        }
        fn page(&self, _: Option<Position>, _: usize) -> Result<Vec<Record>, LogError> {
            Ok(Vec::new())
        }
    }

    fn request(id: u128) -> Request {
        let selectors = vec![Selector::Master(MasterId::from_canonical("//h/a"))];
        Request {
            id: PurgeId(id),
            mode: Mode::Hard,
            targets: vec![Target { said: "a".into(), selectors }],
            actor: "test".into(),
            via: Via::Native,
            from: String::new(),
            terms: None,
        }
    }

    fn start() -> (Arc<MemoryLog>, Arc<Index>, Purger, Arc<AtomicBool>) {
        let (log, index, _, purger, cold) = start_all();
        (log, index, purger, cold)
    }

    type All = (Arc<MemoryLog>, Arc<Index>, Arc<Takedowns>, Purger, Arc<AtomicBool>);

    fn start_all() -> All {
        let log = Arc::new(MemoryLog::default());
        let index = Arc::new(Index::with(log.identity(), Caps { globs: 2, ..Caps::default() }));
        let cold = Arc::new(AtomicBool::new(false));
        let seen = cold.clone();
        let on_undurable = Box::new(move || seen.store(true, Ordering::SeqCst));
        let takedowns = Arc::new(Takedowns::default());
        let purger = Purger::start(log.clone(), index.clone(), takedowns.clone(), on_undurable).unwrap();
        (log, index, takedowns, purger, cold)
    }

    /// Asks and waits.
    fn ask(purger: &Purger, request: Request) -> Result<Receipt, PurgeError> {
        let (send, receive) = channel();
        purger.submit(request, move |result| send.send(result).unwrap());
        receive.recv().unwrap()
    }

    fn glob_request(id: u128, pattern: &str) -> Request {
        let selectors = vec![Selector::Glob(pattern.into())];
        Request { targets: vec![Target { said: pattern.into(), selectors }], ..request(id) }
    }

    #[test]
    fn globs_past_the_cap_are_refused_until_the_floor_has_passed_some() {
        let (log, index, purger, _) = start();
        assert!(ask(&purger, glob_request(1, "//h/*.a")).is_ok());
        assert!(ask(&purger, glob_request(2, "//h/*.b")).is_ok());
        assert!(ask(&purger, glob_request(3, "//h/*.a")).is_ok(), "live already");
        assert!(matches!(ask(&purger, glob_request(4, "//h/*.c")), Err(PurgeError::TooManyGlobs)));
        assert!(matches!(ask(&purger, glob_request(5, "//h/[")), Err(PurgeError::BadGlob(_))));
        assert_eq!((index.live_globs(), log.records.lock().unwrap().len()), (2, 3), "what is refused is not logged");
        assert!(ask(&purger, request(6)).is_ok(), "others are not held up");

        index.raise_floor(Position(2));
        assert!(ask(&purger, glob_request(7, "//h/*.c")).is_ok(), "the floor has passed //h/*.b");
        assert!(matches!(ask(&purger, glob_request(8, "//h/*.b")), Err(PurgeError::TooManyGlobs)), "but not //h/*.a");
    }

    #[test]
    fn a_takedown_refuses_before_its_answer_also_where_the_disk_is_full() {
        for broken in [false, true] {
            let (log, index, takedowns, purger, _) = start_all();
            log.broken.store(broken, Ordering::Relaxed);
            let before = index.now();
            let takedown = Request { mode: Mode::Takedown, terms: Some(Terms::default()), ..request(1) };
            assert_eq!(ask(&purger, takedown).is_err(), broken);
            let master = MasterId::from_canonical("//h/a");
            assert_eq!(takedowns.refuses(&master, 0).unwrap().record.id, PurgeId(1));
            assert_eq!(verdict(&index, before), Verdict::Purged, "and it purges");
            assert!(ask(&purger, request(2)).is_err() == broken);
            assert_eq!(takedowns.len(), 1, "a purge is no takedown");
        }
    }

    fn verdict(index: &Index, stamp: Stamp) -> Verdict {
        let dependencies = vec![index.dependency(MasterId::from_canonical("//h/a"), Role::Main, stamp.position, None)];
        index.judge(&Subject { stamp, exact: None, dependencies, labels: Vec::new().into() }).0
    }

    #[test]
    fn an_answer_means_logged_and_applied_in_order() {
        let (log, index, purger, cold) = start();
        let (send, receive) = channel();
        for n in 0..100 {
            let (log, index, send) = (log.clone(), index.clone(), send.clone());
            let before = index.now();
            purger.submit(request(n), move |result| {
                let receipt = result.unwrap();
                assert!(index.head() >= receipt.record.position, "applied before the answer");
                assert_eq!(log.find(receipt.record.id).unwrap().unwrap(), receipt.record, "logged before the answer");
                assert_eq!(verdict(&index, before), Verdict::Purged);
                send.send(receipt.record.position).unwrap();
            });
        }
        drop(purger);
        let positions: Vec<u64> = receive.try_iter().map(|p| p.0).collect();
        assert_eq!(positions, (1..=100).collect::<Vec<_>>());
        assert!(log.appends.load(Ordering::Relaxed) <= 100);
        assert!(!cold.load(Ordering::SeqCst));
    }

    #[test]
    fn a_full_disk_still_purges_here_and_makes_the_next_start_cold() {
        let (log, index, purger, cold) = start();
        log.broken.store(true, Ordering::Relaxed);
        let before = index.now();
        let (send, receive) = channel();
        let seen = cold.clone();
        purger.submit(request(1), move |result| send.send((result, seen.load(Ordering::SeqCst))).unwrap());
        let (result, cold_before_answer) = receive.recv().unwrap();
        assert!(matches!(result, Err(PurgeError::NotDurable { cause: LogError::Full, .. })));
        assert!(cold_before_answer, "the run id is gone before the answer");
        assert_eq!(verdict(&index, before), Verdict::Purged);

        log.broken.store(false, Ordering::Relaxed);
        let (send, receive) = channel();
        purger.submit(request(2), move |result| send.send(result).unwrap());
        assert_eq!(receive.recv().unwrap().unwrap().record.position, Position(2), "positions never repeat");
    }
}
