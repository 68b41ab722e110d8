//! From a request to an effective purge: append durably, apply, publish, answer. One thread does it, in log order, and
//! shares one disk flush among all requests that wait for it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use plan::Position;

use crate::index::Index;
use crate::ports::{Log, LogError};
use crate::record::{Mode, PurgeId, Record, Target, Terms, Via};

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
    /// Starts the writer. `on_undurable` runs when an append failed, before the answer: it must make sure that the next
    /// start is cold (rule L8).
    ///
    /// # Errors
    /// When the log cannot be read or no thread can be started.
    pub fn start(log: Arc<dyn Log>, index: Arc<Index>, on_undurable: Box<dyn Fn() + Send>) -> Result<Purger, LogError> {
        let head = log.head()?.max(index.head());
        let (queue, requests) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("purge-writer".into())
            .spawn(move || Writer { log, index, on_undurable, head }.run(&requests))
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
        for (request, reply) in batch {
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
        let written = self.log.append(&records);
        // Applied even if it could not be written: not serving the wrong picture now comes first.
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
    use crate::index::{Role, Subject, Verdict};
    use crate::ports::LogIdentity;

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
        let log = Arc::new(MemoryLog::default());
        let index = Arc::new(Index::new(log.identity()));
        let cold = Arc::new(AtomicBool::new(false));
        let seen = cold.clone();
        let on_undurable = Box::new(move || seen.store(true, Ordering::SeqCst));
        let purger = Purger::start(log.clone(), index.clone(), on_undurable).unwrap();
        (log, index, purger, cold)
    }

    fn verdict(index: &Index, stamp: Stamp) -> Verdict {
        let dependencies = vec![index.dependency(MasterId::from_canonical("//h/a"), Role::Main, stamp.position, None)];
        index.judge(&Subject { stamp, exact: None, dependencies, labels: Vec::new() }).0
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
