//! Single flight: one fill for everybody who asks for the same thing, and never for somebody who asks after a purge that
//! the fill does not know (rules F3 and F4).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use plan::Stamp;
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// Flights of one key at a time: one that a purge has doomed, and one that may be joined.
const PER_KEY: usize = 2;
const SHARDS: usize = 32;

type Shard<K, T> = Mutex<HashMap<K, Vec<Arc<Flight<T>>>>>;

/// The flights under way, by key.
pub(crate) struct Flights<K, T> {
    shards: Arc<Vec<Shard<K, T>>>,
}

struct Flight<T> {
    stamp: Stamp,
    /// How many wait. Changed only under the shard's lock.
    waiters: std::sync::atomic::AtomicUsize,
    outcome: watch::Receiver<Option<T>>,
    task: OnceLock<AbortHandle>,
}

/// What a request that wants a key gets.
pub(crate) enum Join<K: Hash + Eq + Clone, T> {
    /// It must start the fill, and waits for it like the others.
    Lead(Leader<K, T>, Follower<K, T>),
    /// A fill that it may use is under way.
    Follow(Follower<K, T>),
    /// Two doomed fills are under way; ask again when one has ended.
    Full(AnyEnd<T>),
}

impl<K: Hash + Eq + Clone, T: Clone> Flights<K, T> {
    pub fn new() -> Self {
        Flights { shards: Arc::new((0..SHARDS).map(|_| Mutex::default()).collect()) }
    }

    /// Joins the newest flight whose stamp is `usable`, or starts one with the stamp `now` takes under the key's lock.
    pub fn join(&self, key: &K, usable: impl Fn(Stamp) -> bool, now: impl FnOnce() -> Stamp) -> Join<K, T> {
        use std::sync::atomic::Ordering::Relaxed;
        let mut shard = lock(self.shard(key));
        let flights = shard.entry(key.clone()).or_default();
        if let Some(flight) = flights.iter().rev().find(|f| usable(f.stamp)) {
            flight.waiters.fetch_add(1, Relaxed);
            return Join::Follow(self.follower(key, flight.clone()));
        }
        if flights.len() >= PER_KEY {
            return Join::Full(AnyEnd(flights.iter().map(|f| f.outcome.clone()).collect()));
        }
        let (sender, outcome) = watch::channel(None);
        let flight = Arc::new(Flight { stamp: now(), waiters: 1.into(), outcome, task: OnceLock::new() });
        flights.push(flight.clone());
        let leader = Leader { flights: self.clone(), key: key.clone(), flight: flight.clone(), sender };
        Join::Lead(leader, self.follower(key, flight))
    }

    /// Runs `work` under the lock of a key's shard.
    pub fn locked<R>(&self, key: &K, work: impl FnOnce() -> R) -> R {
        let _shard = lock(self.shard(key));
        work()
    }

    /// Flights under way, in all.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|s| lock(s).values().map(Vec::len).sum::<usize>()).sum()
    }

    fn follower(&self, key: &K, flight: Arc<Flight<T>>) -> Follower<K, T> {
        Follower { outcome: flight.outcome.clone(), flights: self.clone(), key: key.clone(), flight }
    }

    fn shard(&self, key: &K) -> &Shard<K, T> {
        &self.shards[shard_of(key)]
    }

    fn remove(&self, key: &K, flight: &Arc<Flight<T>>) {
        remove_from(&mut lock(self.shard(key)), key, flight);
    }
}

impl<K, T> Clone for Flights<K, T> {
    fn clone(&self) -> Self {
        Flights { shards: self.shards.clone() }
    }
}

fn remove_from<K: Hash + Eq, T>(shard: &mut HashMap<K, Vec<Arc<Flight<T>>>>, key: &K, flight: &Arc<Flight<T>>) {
    if let Some(flights) = shard.get_mut(key) {
        flights.retain(|f| !Arc::ptr_eq(f, flight));
        if flights.is_empty() {
            shard.remove(key);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The right to finish a flight. Dropped without finishing, its followers learn that it is gone.
pub(crate) struct Leader<K: Hash + Eq + Clone, T> {
    flights: Flights<K, T>,
    key: K,
    flight: Arc<Flight<T>>,
    sender: watch::Sender<Option<T>>,
}

impl<K: Hash + Eq + Clone, T: Clone> Leader<K, T> {
    /// As of when the fill runs.
    pub fn stamp(&self) -> Stamp {
        self.flight.stamp
    }

    /// What is filled.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// A handle that tells the flight which task does its work, so that it can be stopped when nobody waits any more.
    pub fn task_slot(&self) -> TaskSlot<T> {
        TaskSlot(self.flight.clone())
    }

    /// Ends the flight: later requests start a new one, those who wait get the outcome.
    pub fn finish(self, outcome: T) {
        self.flights.remove(&self.key, &self.flight);
        self.sender.send_replace(Some(outcome));
    }
}

impl<K: Hash + Eq + Clone, T> Drop for Leader<K, T> {
    fn drop(&mut self) {
        let mut shard = lock(&self.flights.shards[shard_of(&self.key)]);
        remove_from(&mut shard, &self.key, &self.flight);
    }
}

fn shard_of<K: Hash>(key: &K) -> usize {
    let mut hasher = std::hash::DefaultHasher::new();
    key.hash(&mut hasher);
    std::hash::Hasher::finish(&hasher) as usize % SHARDS
}

pub(crate) struct TaskSlot<T>(Arc<Flight<T>>);

impl<T> TaskSlot<T> {
    /// Call it once, right after the task was spawned.
    pub fn set(self, task: AbortHandle) {
        use std::sync::atomic::Ordering::Relaxed;
        let _ = self.0.task.set(task);
        // Everybody may have left while the task was being spawned.
        if self.0.waiters.load(Relaxed) == 0
            && let Some(task) = self.0.task.get()
        {
            task.abort();
        }
    }
}

/// One who waits for a flight. When the last one is dropped before the end, the fill is stopped.
pub(crate) struct Follower<K: Hash + Eq + Clone, T> {
    outcome: watch::Receiver<Option<T>>,
    flights: Flights<K, T>,
    key: K,
    flight: Arc<Flight<T>>,
}

impl<K: Hash + Eq + Clone, T: Clone> Follower<K, T> {
    /// As of when the flight runs.
    pub fn stamp(&self) -> Stamp {
        self.flight.stamp
    }

    /// The outcome; `None` if the flight is gone without one.
    pub async fn wait(&mut self) -> Option<T> {
        self.outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone())
    }
}

impl<K: Hash + Eq + Clone, T> Drop for Follower<K, T> {
    fn drop(&mut self) {
        use std::sync::atomic::Ordering::Relaxed;
        let mut shard = lock(&self.flights.shards[shard_of(&self.key)]);
        if self.flight.waiters.fetch_sub(1, Relaxed) == 1 {
            remove_from(&mut shard, &self.key, &self.flight);
            if let Some(task) = self.flight.task.get() {
                task.abort();
            }
        }
    }
}

/// Waits until any of some flights has ended.
pub(crate) struct AnyEnd<T>(Vec<watch::Receiver<Option<T>>>);

impl<T> AnyEnd<T> {
    pub async fn wait(mut self) {
        let mut rest = self.0.iter_mut();
        match (rest.next(), rest.next()) {
            (Some(a), Some(b)) => tokio::select! {
                _ = a.wait_for(Option::is_some) => {}
                _ = b.wait_for(Option::is_some) => {}
            },
            (Some(a), None) => {
                let _ = a.wait_for(Option::is_some).await;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use plan::{LogId, Position};

    use super::*;

    fn at(position: u64) -> Stamp {
        Stamp { log: LogId(1), position: Position(position) }
    }

    fn join(flights: &Flights<u8, u32>, newest: u64, head: u64) -> Join<u8, u32> {
        flights.join(&1, |stamp| stamp.position.0 >= newest, || at(head))
    }

    #[tokio::test]
    async fn one_leader_many_followers() {
        let flights = Flights::new();
        let Join::Lead(leader, mut first) = join(&flights, 0, 0) else { panic!("leads") };
        let Join::Follow(mut second) = join(&flights, 0, 0) else { panic!("follows") };
        leader.finish(42);
        assert_eq!((first.wait().await, second.wait().await), (Some(42), Some(42)));
        assert_eq!(flights.len(), 0);
    }

    #[tokio::test]
    async fn nobody_joins_a_flight_older_than_a_purge_and_two_are_the_most() {
        let flights = Flights::new();
        let Join::Lead(doomed, mut early) = join(&flights, 0, 0) else { panic!("leads") };
        let Join::Lead(newer, mut late) = join(&flights, 1, 1) else { panic!("a second flight after the purge at 1") };
        let Join::Full(end) = join(&flights, 2, 2) else { panic!("no third flight") };
        doomed.finish(1);
        end.wait().await;
        let Join::Lead(newest, mut last) = join(&flights, 2, 2) else { panic!("room again") };
        newer.finish(2);
        newest.finish(3);
        assert_eq!(early.wait().await, Some(1), "who waited before the purge may have it");
        assert_eq!((late.wait().await, last.wait().await), (Some(2), Some(3)));
    }

    #[tokio::test]
    async fn a_fill_without_waiters_is_stopped() {
        let flights = Flights::new();
        let Join::Lead(leader, first) = join(&flights, 0, 0) else { panic!("leads") };
        let slot = leader.task_slot();
        let task = tokio::spawn(async move {
            let _leader = leader;
            std::future::pending::<()>().await;
        });
        slot.set(task.abort_handle());
        let Join::Follow(second) = join(&flights, 0, 0) else { panic!("follows") };
        drop(first);
        assert_eq!(flights.len(), 1, "one still waits");
        drop(second);
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(flights.len(), 0);
    }

    #[tokio::test]
    async fn a_lost_leader_is_noticed() {
        let flights = Flights::new();
        let Join::Lead(leader, mut follower) = join(&flights, 0, 0) else { panic!("leads") };
        drop(leader);
        assert_eq!(follower.wait().await, None);
        assert_eq!(flights.len(), 0);
    }
}
