//! Threads that render.
//!
//! Rendering takes the whole of a core for long: on the threads that serve requests it would starve the answers that a
//! cache could give at once. So it has threads of its own, at a lower priority, and a queue with an end: past it, a
//! client is told when to come back rather than left to wait.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How much nicer than the rest of the process the threads are.
const NICER_BY: i32 = 5;
/// The same of threads that work for nobody who waits: a tenth of the share of a common thread, a third of that of a render.
const MUCH_NICER_BY: i32 = 10;
/// Share of the newest job in the running mean of their times.
const NEWEST_SHARE: f64 = 0.1;
/// What a job is taken to last before one has ended, in seconds.
const FIRST_GUESS: f64 = 0.2;
/// The longest wait a client is told, in seconds.
const LONGEST_WAIT: f64 = 60.0;

/// A fixed number of render threads behind a bounded queue. Cheap to clone; every clone is the same pool.
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
}

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{queued} jobs are waiting; try again in {retry_after_secs} s")]
pub struct Full {
    /// Jobs waiting.
    pub queued: usize,
    /// When there should be room, by the times of recent jobs: 1 to 60 seconds.
    pub retry_after_secs: u32,
}

/// The job will never answer: it panicked, or the pool was shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the render job panicked or was dropped")]
pub struct Gone;

/// Does the job, and returns what hands out its answer: that happens when the thread counts as idle again, so that a
/// waiter who comes back at once finds room.
type Work = Box<dyn FnOnce() -> Deliver + Send>;
type Deliver = Box<dyn FnOnce()>;

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    threads: usize,
    capacity: usize,
}

struct State {
    queue: VecDeque<Work>,
    running: usize,
    /// Running mean, in seconds.
    mean: f64,
    open: bool,
    handles: Vec<JoinHandle<()>>,
}

impl Pool {
    /// Starts `threads` threads (at least one); at most `queue` jobs wait beyond those that run.
    ///
    /// # Errors
    /// What the system answers when it will not start a thread.
    pub fn new(threads: usize, queue: usize) -> std::io::Result<Pool> {
        Pool::start(threads, queue, "render", NICER_BY)
    }

    /// One thread for what nobody waits for, at a priority below those of renders; nothing queues.
    ///
    /// # Errors
    /// As [`Pool::new`].
    pub fn background() -> std::io::Result<Pool> {
        Pool::start(1, 0, "refine", MUCH_NICER_BY)
    }

    fn start(threads: usize, queue: usize, name: &str, nicer_by: i32) -> std::io::Result<Pool> {
        let threads = threads.max(1);
        let state = State { queue: VecDeque::new(), running: 0, mean: FIRST_GUESS, open: true, handles: Vec::new() };
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Condvar::new(), threads, capacity: queue });
        let pool = Pool { shared };
        for index in 0..threads {
            let shared = Arc::clone(&pool.shared);
            let started =
                std::thread::Builder::new().name(format!("{name}-{index}")).spawn(move || shared.serve(nicer_by));
            match started {
                Ok(handle) => pool.shared.lock().handles.push(handle),
                Err(error) => {
                    pool.shutdown();
                    return Err(error);
                }
            }
        }
        Ok(pool)
    }

    /// Queues a job. The job runs even if the future is dropped: cancel it by its own means.
    ///
    /// # Errors
    /// [`Full`] at once, if every thread is busy and the queue is at its end, or the pool is shut down.
    pub fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<Ticket<T>, Full> {
        let mut state = self.shared.lock();
        let idle = self.shared.threads.saturating_sub(state.running);
        let queued = state.queue.len();
        if !state.open || queued >= self.shared.capacity.saturating_add(idle) {
            return Err(Full { queued, retry_after_secs: self.shared.wait(&state) });
        }
        let (sender, ticket) = oneshot();
        state.queue.push_back(Box::new(move || {
            let value = job();
            Box::new(move || sender.send(value))
        }));
        drop(state);
        self.shared.wake.notify_one();
        Ok(ticket)
    }

    /// Jobs that wait for a thread.
    pub fn queued(&self) -> usize {
        self.shared.lock().queue.len()
    }

    /// Jobs under way.
    pub fn running(&self) -> usize {
        self.shared.lock().running
    }

    /// Takes no more jobs, drops those that wait (their futures answer [`Gone`]) and returns when those under way have
    /// ended. Blocks; not to be called from a job.
    pub fn shutdown(&self) {
        let (waiting, handles) = {
            let mut state = self.shared.lock();
            state.open = false;
            (std::mem::take(&mut state.queue), std::mem::take(&mut state.handles))
        };
        drop(waiting);
        self.shared.wake.notify_all();
        for handle in handles {
            if handle.join().is_err() {
                tracing::error!("a render thread ended by a panic");
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding the lock; were it so, counts and a queue are still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, nicer_by: i32) {
        be_nice(nicer_by);
        let mut state = self.lock();
        loop {
            let Some(work) = state.queue.pop_front() else {
                if !state.open {
                    return;
                }
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.running += 1;
            drop(state);
            let start = Instant::now();
            // The work is consumed either way, and its waiter hears of a panic: nothing half-changed is seen again.
            let deliver = catch_unwind(AssertUnwindSafe(work));
            state = self.lock();
            state.running -= 1;
            state.note(start.elapsed());
            drop(state);
            match deliver {
                Ok(deliver) => deliver(),
                Err(_) => tracing::error!("a render job panicked"),
            }
            state = self.lock();
        }
    }

    /// Seconds until a slot should be free: the work ahead, shared by the threads.
    fn wait(&self, state: &State) -> u32 {
        let ahead = (state.queue.len() + state.running) as f64 / self.threads as f64;
        (ahead * state.mean).ceil().clamp(1.0, LONGEST_WAIT) as u32
    }
}

impl State {
    fn note(&mut self, took: Duration) {
        self.mean += (took.as_secs_f64() - self.mean) * NEWEST_SHARE;
    }
}

/// Lowers the priority of the calling thread. On Linux the "process" of `setpriority` is the thread (setpriority(2)); on
/// other systems it would be the whole process, so there nothing is done.
fn be_nice(by: i32) {
    #[cfg(target_os = "linux")]
    {
        let lowered = rustix::process::getpriority_process(None)
            .and_then(|now| rustix::process::setpriority_process(None, (now + by).min(19)));
        if let Err(error) = lowered {
            tracing::debug!(%error, "render threads keep the common priority");
        }
    }
}

/// Where one answer passes from a job to its waiter.
struct Slot<T> {
    state: Mutex<Answer<T>>,
}

enum Answer<T> {
    Waiting(Option<Waker>),
    Ready(T),
    Gone,
}

impl<T> Slot<T> {
    fn settle(&self, answer: Answer<T>) {
        let waker = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *state {
                Answer::Waiting(waker) => {
                    let waker = waker.take();
                    *state = answer;
                    waker
                }
                Answer::Ready(_) | Answer::Gone => None,
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct Sender<T>(Arc<Slot<T>>);

impl<T> Sender<T> {
    fn send(self, value: T) {
        self.0.settle(Answer::Ready(value));
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.settle(Answer::Gone);
    }
}

/// The future answer of a queued job. Fused: after its answer it says [`Gone`].
pub struct Ticket<T>(Arc<Slot<T>>);

impl<T> Future for Ticket<T> {
    type Output = Result<T, Gone>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, Answer::Gone) {
            Answer::Ready(value) => Poll::Ready(Ok(value)),
            Answer::Gone => Poll::Ready(Err(Gone)),
            Answer::Waiting(_) => {
                *state = Answer::Waiting(Some(cx.waker().clone()));
                Poll::Pending
            }
        }
    }
}

fn oneshot<T>() -> (Sender<T>, Ticket<T>) {
    let slot = Arc::new(Slot { state: Mutex::new(Answer::Waiting(None)) });
    (Sender(Arc::clone(&slot)), Ticket(slot))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::sync::mpsc;
    use std::task::Wake;
    use std::thread::Thread;

    use super::*;

    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut future = std::pin::pin!(future);
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(value) => return value,
                Poll::Pending => std::thread::park(),
            }
        }
    }

    /// A job that says when it runs, and ends when told.
    fn held(pool: &Pool) -> (mpsc::Sender<()>, impl Future<Output = Result<(), Gone>>) {
        let ((started, running), (end, ends)) = (mpsc::channel(), mpsc::channel());
        let done = pool
            .run(move || {
                started.send(()).unwrap();
                ends.recv().unwrap();
            })
            .unwrap();
        running.recv().unwrap();
        (end, done)
    }

    #[test]
    fn answers_come_back() {
        let pool = Pool::new(2, 64).unwrap();
        let jobs: Vec<_> = (0..50).map(|i| pool.run(move || i * i).unwrap()).collect();
        for (i, job) in jobs.into_iter().enumerate() {
            assert_eq!(block_on(job), Ok(i * i));
        }
        pool.shutdown();
        assert_eq!((pool.queued(), pool.running()), (0, 0));
    }

    #[test]
    fn a_full_queue_says_when_to_come_back() {
        let pool = Pool::new(1, 1).unwrap();
        let (end, first) = held(&pool);
        let second = pool.run(|| 2).unwrap();
        assert_eq!((pool.running(), pool.queued()), (1, 1));
        let full = pool.run(|| 3).map(drop).unwrap_err();
        assert_eq!(full, Full { queued: 1, retry_after_secs: 1 });
        end.send(()).unwrap();
        assert_eq!((block_on(first), block_on(second)), (Ok(()), Ok(2)));
        pool.shutdown();
    }

    #[test]
    fn the_wait_grows_with_the_work_ahead() {
        let pool = Pool::new(2, 0).unwrap();
        let wait = |mean: f64, running: usize| {
            let handles = Vec::new();
            pool.shared.wait(&State { queue: VecDeque::new(), running, mean, open: true, handles })
        };
        assert_eq!([wait(0.01, 2), wait(3.0, 2), wait(3.5, 4), wait(1e9, 2)], [1, 3, 7, 60]);
        let mut state = State { queue: VecDeque::new(), running: 0, mean: 1.0, open: true, handles: Vec::new() };
        state.note(Duration::from_secs(11));
        assert!((state.mean - 2.0).abs() < 1e-9);
        pool.shutdown();
    }

    #[test]
    fn a_panic_costs_one_answer_and_no_thread() {
        let pool = Pool::new(1, 4).unwrap();
        let bad = pool.run(|| assert!(std::hint::black_box(false), "on purpose")).unwrap();
        let good = pool.run(|| 7).unwrap();
        assert_eq!((block_on(bad), block_on(good)), (Err(Gone), Ok(7)));
        assert_eq!(pool.running(), 0);
        assert_eq!(block_on(pool.run(|| 8).unwrap()), Ok(8));
        pool.shutdown();
    }

    #[test]
    fn shutting_down_ends_what_runs_and_drops_what_waits() {
        let pool = Pool::new(1, 4).unwrap();
        let (end, first) = held(&pool);
        let second = pool.run(|| 2).unwrap();
        let closer = {
            let pool = pool.clone();
            std::thread::spawn(move || pool.shutdown())
        };
        assert_eq!(block_on(second), Err(Gone));
        assert!(pool.run(|| 3).is_err());
        end.send(()).unwrap();
        closer.join().unwrap();
        assert_eq!(block_on(first), Ok(()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn render_threads_are_nicer() {
        let pool = Pool::new(1, 1).unwrap();
        let own = rustix::process::getpriority_process(None).unwrap();
        let theirs = block_on(pool.run(|| rustix::process::getpriority_process(None).unwrap()).unwrap()).unwrap();
        assert_eq!(theirs, (own + NICER_BY).min(19));
        pool.shutdown();
    }
}
