//! How many requests a key may make, and how many wrong keys an address may try.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Addresses and keys remembered at a time; past it, those that stand at their full allowance are forgotten, then all.
const REMEMBERED: usize = 16_384;

/// A rate with a burst: a bucket of tokens, one for each request, filled up steadily.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Tokens added each second; zero and less = no limit.
    pub per_second: f64,
    /// Tokens that fit; at least 1.
    pub burst: u32,
}

impl Rate {
    /// No limit.
    pub const NONE: Rate = Rate { per_second: 0.0, burst: 1 };

    fn is_none(self) -> bool {
        self.per_second.is_nan() || self.per_second <= 0.0
    }

    fn burst(self) -> f64 {
        f64::from(self.burst.max(1))
    }

    /// The time in which an empty bucket fills up, in whole seconds.
    fn window(self) -> u64 {
        (self.burst() / self.per_second).ceil().clamp(1.0, 1e9) as u64
    }
}

/// Limits of the control plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Requests with one key.
    pub key: Rate,
    /// Requests with wrong keys from one address.
    pub wrong_keys: Rate,
    /// Clients that may listen to events at one time.
    pub listeners: usize,
}

impl Default for Rates {
    fn default() -> Self {
        Rates {
            key: Rate { per_second: 100.0, burst: 1000 },
            wrong_keys: Rate { per_second: 0.5, burst: 30 },
            listeners: 256,
        }
    }
}

/// Where a key stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Tokens that fit, and seconds in which they all come back; `None` without a limit.
    pub policy: Option<(u32, u64)>,
    /// Requests that may follow at once.
    pub remaining: u64,
    /// Seconds until the allowance is whole again.
    pub reset: u64,
    /// Seconds after which the next is admitted, if this one is not.
    pub retry_after: Option<u32>,
}

impl Standing {
    /// The fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers).
    pub fn fields(&self) -> Option<(String, String)> {
        let (quota, window) = self.policy?;
        let limit = format!("\"key\";r={};t={}", self.remaining, self.reset);
        Some((format!("\"key\";q={quota};w={window}"), limit))
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn filled(self, rate: Rate, now: Instant) -> Bucket {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        Bucket { tokens: (self.tokens + seconds * rate.per_second).min(rate.burst()), at: now.max(self.at) }
    }
}

/// Seconds until a whole token is there.
fn wait(tokens: f64, rate: Rate) -> u32 {
    ((1.0 - tokens) / rate.per_second).ceil().clamp(1.0, 1e6) as u32
}

/// The buckets.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    rates: Rates,
    keys: Mutex<HashMap<String, Bucket>>,
    addresses: Mutex<HashMap<String, Bucket>>,
    /// Keys that were valid from an address: they pass though somebody guesses keys from there.
    known: Mutex<HashSet<(String, String)>>,
}

impl Limits {
    pub fn new(rates: Rates) -> Limits {
        Limits { rates, ..Limits::default() }
    }

    /// Takes a token of a key.
    pub fn take(&self, key: &str, now: Instant) -> Standing {
        let rate = self.rates.key;
        if rate.is_none() {
            return Standing { policy: None, remaining: 0, reset: 0, retry_after: None };
        }
        let mut buckets = lock(&self.keys);
        let bucket = find(&mut buckets, key, rate, now);
        let retry_after = if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            None
        } else {
            Some(wait(bucket.tokens, rate))
        };
        Standing {
            policy: Some((rate.burst.max(1), rate.window())),
            remaining: bucket.tokens as u64,
            reset: ((rate.burst() - bucket.tokens) / rate.per_second).ceil() as u64,
            retry_after,
        }
    }

    /// Notes a wrong key; the seconds to wait where there were too many from this address.
    pub fn failed(&self, address: &str, now: Instant) -> Result<(), u32> {
        let rate = self.rates.wrong_keys;
        if rate.is_none() {
            return Ok(());
        }
        let mut buckets = lock(&self.addresses);
        let bucket = find(&mut buckets, address, rate, now);
        if bucket.tokens < 1.0 {
            return Err(wait(bucket.tokens, rate));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    /// Whether a valid key is believed: from an address that has tried too many wrong ones, only if it was valid from there
    /// before. Otherwise a guess that hits would be told from one that misses.
    pub fn admit(&self, key: &str, address: &str, now: Instant) -> Result<(), u32> {
        let rate = self.rates.wrong_keys;
        if rate.is_none() {
            return Ok(());
        }
        let pair = (key.to_owned(), address.to_owned());
        let mut known = lock(&self.known);
        if known.contains(&pair) {
            return Ok(());
        }
        let blocked = lock(&self.addresses).get(address).map(|bucket| bucket.filled(rate, now));
        if let Some(bucket) = blocked.filter(|bucket| bucket.tokens < 1.0) {
            return Err(wait(bucket.tokens, rate));
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(pair);
        Ok(())
    }
}

fn find<'b>(buckets: &'b mut HashMap<String, Bucket>, name: &str, rate: Rate, now: Instant) -> &'b mut Bucket {
    if buckets.len() >= REMEMBERED && !buckets.contains_key(name) {
        buckets.retain(|_, bucket| bucket.filled(rate, now).tokens < rate.burst());
        if buckets.len() >= REMEMBERED {
            buckets.clear();
        }
    }
    let bucket = buckets.entry(name.to_owned()).or_insert(Bucket { tokens: rate.burst(), at: now });
    *bucket = bucket.filled(rate, now);
    bucket
}

/// How many listen, and room for how many more.
#[derive(Debug)]
pub(crate) struct Listeners {
    pub seats: std::sync::Arc<tokio::sync::Semaphore>,
    pub most: usize,
}

impl Listeners {
    pub fn new(most: usize) -> Listeners {
        let most = most.min(tokio::sync::Semaphore::MAX_PERMITS);
        Listeners { seats: std::sync::Arc::new(tokio::sync::Semaphore::new(most)), most }
    }

    pub fn live(&self) -> usize {
        self.most - self.seats.available_permits()
    }
}

/// How often a stream without news says that it is alive.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        let key = Rate { per_second: 2.0, burst: 3 };
        Limits::new(Rates { key, wrong_keys: Rate { per_second: 0.5, burst: 2 }, listeners: 1 })
    }

    #[test]
    fn a_key_gets_its_burst_and_then_its_rate() {
        let (limits, start) = (limits(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        let seen: Vec<(u64, Option<u32>)> = [0, 0, 0, 0, 400, 500, 600, 10_000]
            .map(|ms| limits.take("a", at(ms)))
            .map(|standing| (standing.remaining, standing.retry_after))
            .into();
        let (no, yes) = (Some(1), None);
        assert_eq!(seen, [(2, yes), (1, yes), (0, yes), (0, no), (0, no), (0, yes), (0, no), (2, yes)]);
        assert_eq!(limits.take("b", at(0)).retry_after, None, "another key's bucket is its own");
        let fields = limits.take("c", at(0)).fields();
        assert_eq!(fields, Some(("\"key\";q=3;w=2".to_owned(), "\"key\";r=2;t=1".to_owned())));
        assert_eq!(Limits::new(Rates { key: Rate::NONE, ..Rates::default() }).take("a", at(0)).fields(), None);
    }

    #[test]
    fn guessing_keys_is_slow_and_locks_out_nobody_who_is_known() {
        let (limits, now) = (limits(), Instant::now());
        assert_eq!(limits.admit("mine", "1.2.3.4", now), Ok(()));
        assert_eq!([(); 3].map(|()| limits.failed("1.2.3.4", now)), [Ok(()), Ok(()), Err(2)]);
        assert_eq!(limits.admit("mine", "1.2.3.4", now), Ok(()), "known from here");
        assert_eq!(limits.admit("guessed", "1.2.3.4", now), Err(2), "a hit looks like a miss");
        assert_eq!(limits.admit("guessed", "5.6.7.8", now), Ok(()));
        assert_eq!(limits.admit("guessed", "1.2.3.4", now + Duration::from_secs(2)), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let (limits, now) = (limits(), Instant::now());
        for n in 0..REMEMBERED * 2 {
            limits.take(&n.to_string(), now);
        }
        assert!(lock(&limits.keys).len() <= REMEMBERED);
    }
}
