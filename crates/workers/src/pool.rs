//! The workers of a server.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use codec::{Budget, Cancel, CodecError, Decode, Decoded, Elsewhere, Foreign, Info, Kind};

use crate::counts::{Counts, End};
use crate::process::{Answer, Fault, Process, told};
use crate::sandbox::Enforced;
use crate::wire::Request;

/// How long somebody without a worker sleeps before he asks whether his job is still wanted.
const SLICE: Duration = Duration::from_millis(10);
/// How long reading headers may take: nobody says when a probe is to end.
const PROBE: Duration = Duration::from_secs(5);
/// SIGKILL. No decoder sends it to itself: it is the kernel, short of memory, or a person.
const KILLED: i32 = 9;

/// What to do where not everything works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforce {
    /// Workers give up what the kernel lets them give up; where none can be started, decoders run in this process.
    Auto,
    /// Without workers that gave up all they should, nothing is decoded that needs them.
    Require,
}

/// How workers are started.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program. A path that is this program, whatever its file is replaced by: `/proc/self/exe`.
    pub program: PathBuf,
    /// Arguments that make it call [`crate::serve`] with a number of bytes that is appended to them.
    pub args: Vec<OsString>,
    /// Most workers at once, at least 1; further jobs wait. No more than there are threads with jobs is ever needed.
    pub most: usize,
    /// Address space of a worker, in bytes. Besides [`Budget::memory`] and twice the longest file it must hold the program itself.
    pub memory: u64,
    /// Jobs after which a worker is replaced, at least 1.
    pub jobs: u32,
    /// What to do where not everything works.
    pub enforce: Enforce,
}

impl Settings {
    /// Workers that are this very program, started with these arguments, for so many jobs at once within a budget.
    pub fn new(args: &[&str], most: usize, budget: &Budget) -> Settings {
        Settings {
            program: PathBuf::from("/proc/self/exe"),
            args: args.iter().map(OsString::from).collect(),
            most,
            // The program, its stacks, and what the allocator sets aside.
            memory: budget.memory.saturating_add(budget.input_bytes.saturating_mul(2)).saturating_add(512 << 20),
            jobs: 1000,
            enforce: Enforce::Auto,
        }
    }
}

/// No worker can be started, or it does not give up what is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "decoders written in C cannot be run in worker processes: {}", self.0)
    }
}

impl std::error::Error for StartError {}

/// A pool of workers. Cheap to clone; every clone is the same pool. Workers end with it.
#[derive(Clone, Debug)]
pub struct Pool {
    shared: Arc<Shared>,
}

impl Pool {
    /// A pool without workers: the first one is started by [`Pool::start`], or by the first job.
    pub fn new(settings: Settings) -> Pool {
        let state = State { idle: Vec::new(), live: 0 };
        let shared = Shared {
            settings: Settings { most: settings.most.max(1), jobs: settings.jobs.max(1), ..settings },
            state: Mutex::new(state),
            room: Condvar::new(),
            first: OnceLock::new(),
            counts: Counts::default(),
        };
        Pool { shared: Arc::new(shared) }
    }

    /// Starts the first worker, if none was started yet, and tells what it gave up: all the others do the same.
    ///
    /// # Errors
    /// When it cannot be started. With [`Enforce::Auto`] decoders then run in this process, as long as it lives.
    pub fn start(&self) -> Result<Enforced, StartError> {
        self.shared.first().clone()
    }

    /// The place to run decoders at, for [`Budget::foreign`].
    pub fn foreign(&self) -> Foreign {
        Foreign::elsewhere(self.shared.clone())
    }

    /// What became of workers so far.
    pub fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    /// Workers that live, busy or not.
    pub fn live(&self) -> usize {
        self.shared.lock().live
    }
}

struct Shared {
    settings: Settings,
    state: Mutex<State>,
    /// Told when a worker is idle, or there is room for another.
    room: Condvar,
    /// How the first worker started.
    first: OnceLock<Result<Enforced, StartError>>,
    counts: Counts,
}

struct State {
    idle: Vec<Process>,
    /// Idle and busy ones.
    live: usize,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding the lock; were it so, a list and a count are still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first(&self) -> &Result<Enforced, StartError> {
        self.first.get_or_init(|| {
            let settings = &self.settings;
            let (process, enforced) = Process::start(&settings.program, &settings.args, settings.memory)
                .map_err(|error| StartError(error.to_string()))?;
            if settings.enforce == Enforce::Require && !enforced.is_full() {
                return Err(StartError(format!("the kernel gives only {enforced}")));
            }
            self.counts.start();
            let mut state = self.lock();
            state.live += 1;
            state.idle.push(process);
            Ok(enforced)
        })
    }

    /// Does a job; `None` where it is to be done in this process.
    fn work(&self, kind: Kind, request: &Request, file: &[u8], cancel: &Cancel) -> Option<Result<Answer, CodecError>> {
        match self.first() {
            Ok(_) => Some(self.work_in_worker(kind, request, file, cancel)),
            Err(_) if self.settings.enforce == Enforce::Auto => None,
            Err(error) => Some(Err(CodecError::Internal(error.to_string()))),
        }
    }

    fn work_in_worker(
        &self,
        kind: Kind,
        request: &Request,
        file: &[u8],
        cancel: &Cancel,
    ) -> Result<Answer, CodecError> {
        let (room, mut process) = self.take(cancel)?;
        match process.work(kind, request, file, cancel) {
            Ok(answer) => {
                if process.jobs() < self.settings.jobs {
                    room.keep(process);
                } else {
                    self.counts.end(End::Retired);
                }
                Ok(answer)
            }
            Err(Fault::Stopped(error)) => {
                self.counts.end(End::Stopped);
                Err(error)
            }
            Err(Fault::Lied(why)) => {
                self.counts.end(End::Lied);
                tracing::warn!(kind = kind.name(), why, "a decoder's worker answers what cannot be");
                Err(CodecError::Corrupt(format!("the decoder of {} answered what cannot be", kind.name())))
            }
            Err(Fault::Gone) => {
                self.counts.end(End::Crashed);
                let status = process.end();
                let how = status.as_ref().map_or_else(|_| "no status".to_owned(), |status| told(*status));
                tracing::warn!(kind = kind.name(), how, "a decoder crashed in its worker");
                if status.is_ok_and(|status| status.signal() == Some(KILLED)) {
                    return Err(CodecError::Internal(format!("the decoder of {} was killed", kind.name())));
                }
                Err(CodecError::Corrupt(format!("the decoder of {} crashed ({how})", kind.name())))
            }
        }
    }

    /// A worker for one job, and the room that it takes.
    fn take(&self, cancel: &Cancel) -> Result<(Room<'_>, Process), CodecError> {
        let mut state = self.lock();
        loop {
            cancel.check()?;
            if let Some(mut process) = state.idle.pop() {
                drop(state);
                let room = Room { shared: self, idle: None };
                if process.lives() {
                    return Ok((room, process));
                }
                self.counts.end(End::Lost);
                tracing::warn!("a decoder's worker died between two jobs");
                drop(room);
                state = self.lock();
                continue;
            }
            if state.live < self.settings.most {
                state.live += 1;
                break;
            }
            state = self.room.wait_timeout(state, SLICE).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        let room = Room { shared: self, idle: None };
        let settings = &self.settings;
        match Process::start(&settings.program, &settings.args, settings.memory) {
            Ok((process, enforced)) if self.is_as_good(&enforced) => {
                self.counts.start();
                Ok((room, process))
            }
            Ok((_, enforced)) => {
                tracing::error!(%enforced, "a worker gave up less than the first one");
                Err(CodecError::Internal("no worker for a decoder that gives up what the first one did".to_owned()))
            }
            Err(error) => {
                tracing::error!(%error, "no worker for a decoder");
                Err(CodecError::Internal(format!("no worker for a decoder: {error}")))
            }
        }
    }

    fn is_as_good(&self, enforced: &Enforced) -> bool {
        self.first.get().is_some_and(|first| first.as_ref().is_ok_and(|first| first == enforced))
    }
}

/// The room of one worker in the pool. Left on drop: to the worker, if it is kept.
struct Room<'a> {
    shared: &'a Shared,
    idle: Option<Process>,
}

impl Room<'_> {
    fn keep(mut self, process: Process) {
        self.idle = Some(process);
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        match self.idle.take() {
            Some(process) => state.idle.push(process),
            None => state.live -= 1,
        }
        drop(state);
        self.shared.room.notify_one();
    }
}

impl Elsewhere for Shared {
    fn probe(&self, kind: Kind, bytes: &[u8], budget: &Budget) -> Result<Info, CodecError> {
        let request = Request { decode: None, budget: budget.clone(), length: bytes.len() as u64 };
        match self.work(kind, &request, bytes, &Cancel::at(Instant::now() + PROBE)) {
            None => codec::probe(bytes, &here(budget)),
            Some(Ok(Answer::Info(info))) => Ok(info),
            Some(Ok(Answer::Error(error)) | Err(error)) => Err(error),
            Some(Ok(Answer::Decoded(_))) => Err(CodecError::Internal("pixels for headers".to_owned())),
        }
    }

    fn decode(
        &self,
        kind: Kind,
        bytes: &[u8],
        ask: &Decode,
        budget: &Budget,
        cancel: &Cancel,
    ) -> Result<Decoded, CodecError> {
        let request = Request { decode: Some(ask.clone()), budget: budget.clone(), length: bytes.len() as u64 };
        match self.work(kind, &request, bytes, cancel) {
            None => codec::decode(bytes, ask, &here(budget), cancel),
            Some(Ok(Answer::Decoded(decoded))) => Ok(decoded),
            Some(Ok(Answer::Error(error)) | Err(error)) => Err(error),
            Some(Ok(Answer::Info(_))) => Err(CodecError::Internal("headers for pixels".to_owned())),
        }
    }
}

fn here(budget: &Budget) -> Budget {
    Budget { foreign: Foreign::HERE, ..budget.clone() }
}
