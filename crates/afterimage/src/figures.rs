//! Figures: who notes them, who keeps them, and the thread that brings them together.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use config::Config;
use engine::{Event, Fetching, Observer, Rendering};
use ledger::{Folder, StatsDb, StatsLimits};
use stats::{Keeper, Recorder, Rendered, Settings, SiteName, Store};

/// How often what was noted is put into the store: what a kill may lose.
const FLUSH: Duration = Duration::from_secs(10);
/// How often it is taken from the threads that note it, and how often while somebody follows.
const COLLECT: Duration = Duration::from_secs(1);
const COLLECT_FOLLOWED: Duration = Duration::from_millis(200);
/// Parts for threads other than those of delivery.
const MORE_PARTS: usize = 64;

/// What keeps figures, and its thread. Whatever was noted is stored before it is gone.
pub(crate) struct Figures {
    pub keeper: Arc<Keeper>,
    limits: StatsLimits,
    ending: Arc<Ending>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Ending {
    told: Mutex<bool>,
    tell: Condvar,
}

impl Figures {
    /// Begins to keep figures; `None` where the configuration wants none.
    pub fn start(config: &Config, folder: &Folder) -> Result<Option<Figures>, String> {
        let wanted = &config.stats;
        if !wanted.on {
            return Ok(None);
        }
        let has_lines = wanted.lines > 0;
        let limits = StatsLimits {
            minutes: wanted.minutes,
            hours: wanted.hours,
            days: wanted.days,
            bytes: wanted.disk,
            lines: if has_lines { wanted.lines_on_disk.into() } else { 0 },
        };
        let store = StatsDb::open(folder, limits).map_err(|e| e.to_string())?;
        let limits = *store.limits();
        let store: Arc<dyn Store> = Arc::new(store);
        let sites = config.sites.iter().map(|site| SiteName {
            name: site.name.as_str().into(),
            dialect: if site.passthrough { "" } else { site.dialect.name() },
        });
        let settings = Settings {
            parts: config.limits.delivery_threads + MORE_PARTS,
            lines: has_lines,
            hits_per_second: wanted.hits_per_second,
            slow: u64::try_from(wanted.slow.as_micros()).unwrap_or(u64::MAX),
            addresses: wanted.addresses,
        };
        let recorder = Arc::new(Recorder::new(sites.collect(), settings));
        let keeper = Keeper::new(recorder, store, wanted.lines as usize, limits.lines).map_err(|e| e.to_string())?;
        let (keeper, ending) = (Arc::new(keeper), Arc::new(Ending::default()));
        let (kept, ends) = (keeper.clone(), ending.clone());
        let thread = std::thread::Builder::new()
            .name("figures".into())
            .spawn(move || run(&kept, &ends))
            .map_err(|e| format!("cannot start the thread of figures: {e}"))?;
        Ok(Some(Figures { keeper, limits, ending, thread: Some(thread) }))
    }

    pub fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(Watch(self.keeper.recorder().clone()))
    }

    /// For whoever shows them.
    pub fn shown(&self) -> control::Figures {
        let StatsLimits { minutes, hours, days, .. } = self.limits;
        control::Figures { keeper: self.keeper.clone(), minutes, hours, days }
    }
}

impl Drop for Figures {
    fn drop(&mut self) {
        *lock(&self.ending.told) = true;
        self.ending.tell.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(keeper: &Keeper, ending: &Ending) {
    let mut flushed = Instant::now();
    let mut failing = false;
    loop {
        let period = if keeper.is_followed() { COLLECT_FOLLOWED } else { COLLECT };
        let told = lock(&ending.told);
        let waited = ending.tell.wait_timeout_while(told, period, |told| !*told);
        let ends = *waited.unwrap_or_else(PoisonError::into_inner).0;
        if ends || flushed.elapsed() >= FLUSH {
            flushed = Instant::now();
            let stored = keeper.flush(now().as_millis() as u64);
            if let Err(error) = &stored {
                // Once for each time that it begins to fail.
                if !failing || ends {
                    tracing::warn!(%error, "figures are kept in memory for now");
                }
            }
            failing = stored.is_err();
        } else {
            keeper.collect(now().as_micros() as u64);
        }
        if ends {
            return;
        }
    }
}

/// Notes what the engine tells.
struct Watch(Arc<Recorder>);

impl Observer for Watch {
    fn rendered(&self, rendering: &Rendering) {
        let rendered = Rendered {
            site: rendering.site,
            micros: micros(rendering.time),
            input_bytes: rendering.input_bytes,
            output_bytes: rendering.output_bytes,
            quality: rendering.quality,
        };
        self.0.rendered(now().as_millis() as u64, &rendered);
    }

    fn fetched(&self, fetching: &Fetching<'_>) {
        let Fetching { source, bytes, time, failed } = *fetching;
        self.0.fetched(now().as_millis() as u64, source, bytes, micros(time), failed);
    }

    fn happened(&self, event: &Event, sites: &[usize]) {
        let at = now().as_millis() as u64;
        match event {
            Event::Effective(record, progress) => {
                let taken = progress.effective_at.saturating_sub(record.accepted_at) * 1000;
                self.0.purged(at, sites, record.mode.name(), record.via.name(), taken);
            }
            Event::Erased(record, progress) => {
                let erased = progress.erased_at.unwrap_or(at);
                self.0.erased(at, sites, erased.saturating_sub(record.accepted_at) * 1000);
            }
            Event::Progressed(..) | Event::Refreshed(..) | Event::Lifted(_) => {}
        }
    }
}

/// Since the Unix epoch.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
