//! What became of workers, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// Why a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// By a signal or an exit of its own, while it had a job.
    Crashed,
    /// Killed, because nobody waited for its job any more or the time was up.
    Stopped,
    /// Killed, because what it answered cannot be.
    Lied,
    /// Found dead between two jobs.
    Lost,
    /// Replaced after many jobs.
    Retired,
}

impl End {
    /// Every one.
    pub const ALL: [End; 5] = [End::Crashed, End::Stopped, End::Lied, End::Lost, End::Retired];

    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            End::Crashed => "crashed",
            End::Stopped => "stopped",
            End::Lied => "lied",
            End::Lost => "lost",
            End::Retired => "retired",
        }
    }
}

/// How many workers were started, and how they ended.
#[derive(Debug, Default)]
pub struct Counts {
    started: AtomicU64,
    ended: [AtomicU64; End::ALL.len()],
}

impl Counts {
    /// Workers started.
    pub fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Workers that ended so.
    pub fn ended(&self, end: End) -> u64 {
        self.ended[end as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn start(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self, end: End) {
        self.ended[end as usize].fetch_add(1, Ordering::Relaxed);
    }
}
