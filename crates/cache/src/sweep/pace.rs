//! So much per second and no more.

use std::time::{Duration, Instant};

/// Longer than this no allowance is saved up.
const BURST: Duration = Duration::from_millis(100);

/// A rate that is kept on average.
pub(super) struct Pace {
    per_second: u64,
    /// When everything taken so far will have been paid for.
    paid_at: Instant,
}

impl Pace {
    /// 0 = no bound.
    pub fn new(per_second: u64) -> Pace {
        Pace { per_second, paid_at: Instant::now() }
    }

    /// Takes an amount; answers how long to rest after it.
    pub fn take(&mut self, amount: u64) -> Duration {
        self.take_at(amount, Instant::now())
    }

    fn take_at(&mut self, amount: u64, now: Instant) -> Duration {
        if self.per_second == 0 {
            return Duration::ZERO;
        }
        let saved = now.checked_sub(BURST).unwrap_or(now);
        self.paid_at = self.paid_at.max(saved) + Duration::from_secs_f64(amount as f64 / self.per_second as f64);
        self.paid_at.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_its_rate_and_saves_up_little() {
        let now = Instant::now();
        let mut pace = Pace { per_second: 1000, paid_at: now };
        assert_eq!(pace.take_at(500, now), Duration::from_millis(500));
        assert_eq!(pace.take_at(500, now), Duration::from_secs(1));
        let later = now + Duration::from_secs(60);
        assert_eq!(pace.take_at(600, later), Duration::from_millis(500), "a tenth of a second is saved up");
        assert_eq!(Pace { per_second: 0, paid_at: now }.take_at(1 << 40, now), Duration::ZERO);
    }
}
