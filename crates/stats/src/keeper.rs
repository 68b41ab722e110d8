//! Brings together what threads noted, keeps the last lines at hand, and hands everything to a store now and then.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Step;
use crate::bucket::Bucket;
use crate::line::{Filter, Line};
use crate::recorder::Recorder;
use crate::store::{Cell, Row, Store, StoreError, Stored};

/// Names in each list of a minute that was not stored yet.
const NAMES: usize = 256;
/// Minutes of sites that wait for a store that fails; the oldest are then forgotten.
const MOST_WAITING: usize = 1000;
/// Lines that wait to be stored; further ones are not.
const MOST_LINES: usize = 20_000;

/// What somebody who follows lines is told.
#[derive(Debug, Clone)]
pub enum Told {
    /// A line.
    Line(Arc<Line>),
    /// So many requests were not kept as lines since it was told last. Zero asks whether anybody listens still.
    LeftOut(u64),
}

/// Takes what it is told, and answers whether it wants more. Must not block.
type Tail = Box<dyn Fn(&Told) -> bool + Send + Sync>;

/// Which lines are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// How many.
    pub lines: u64,
    /// How many there may be.
    pub capacity: u64,
    /// When the oldest was answered, in milliseconds since the Unix epoch.
    pub since: Option<u64>,
    /// Requests since the start that were not kept as lines.
    pub left_out: u64,
}

/// The figures and lines of a server.
pub struct Keeper {
    recorder: Arc<Recorder>,
    store: Arc<dyn Store>,
    /// Lines at hand, and lines in all, at most.
    capacity: (usize, u64),
    state: Mutex<State>,
    /// Held while what was noted goes into the store, and while both are read: nothing is counted twice or missed.
    moving: Mutex<()>,
}

#[derive(Default)]
struct State {
    /// What the store does not have yet, by beginning of the minute and slot.
    fresh: BTreeMap<(u64, usize), Bucket>,
    last: VecDeque<Arc<Line>>,
    /// Lines that the store does not have yet.
    unstored: Vec<Arc<Line>>,
    last_id: u64,
    left_out: u64,
    tails: Vec<Tail>,
}

impl Keeper {
    /// A keeper of what a recorder notes: so many lines at hand, and so many in the store, which has a bound of its own.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn new(
        recorder: Arc<Recorder>,
        store: Arc<dyn Store>,
        lines: usize,
        stored_lines: u64,
    ) -> Result<Keeper, StoreError> {
        let last_id = store.stored()?.last_line.unwrap_or(0);
        let state = State { last_id, ..State::default() };
        let capacity = (lines, stored_lines.max(lines as u64));
        Ok(Keeper { recorder, store, capacity, state: Mutex::new(state), moving: Mutex::new(()) })
    }

    /// Where things are noted.
    pub fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    /// Takes what was noted, and tells those who follow. `now` is in microseconds since the Unix epoch: line ids are made of it.
    pub fn collect(&self, now_micros: u64) {
        let mut state = lock(&self.state);
        // With the state held, so that what is taken is nowhere else for no moment.
        let mut taken = self.recorder.take();
        for (minute, slot, bucket) in taken.buckets {
            let fresh = state.fresh.entry((minute * Step::Minute.millis(), slot)).or_default();
            fresh.add(&bucket);
            fresh.tops.keep(NAMES);
        }
        state.left_out += taken.left_out;
        taken.lines.sort_by_key(|line| line.at);
        let mut lines = Vec::with_capacity(taken.lines.len());
        for mut line in taken.lines {
            state.last_id = (state.last_id + 1).max(now_micros);
            line.id = state.last_id;
            lines.push(Arc::new(line));
        }
        if !state.tails.is_empty() {
            let left_out = (taken.left_out > 0).then_some(Told::LeftOut(taken.left_out));
            let mut told: Vec<Told> = left_out.into_iter().chain(lines.iter().cloned().map(Told::Line)).collect();
            if told.is_empty() {
                told.push(Told::LeftOut(0));
            }
            state.tails.retain(|tail| told.iter().all(tail));
        }
        for line in lines {
            if state.unstored.len() < MOST_LINES {
                state.unstored.push(line.clone());
            } else {
                state.left_out += 1;
            }
            state.last.push_back(line);
        }
        while state.last.len() > self.capacity.0 {
            state.last.pop_front();
        }
    }

    /// Puts what was noted into the store. `now` is in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the store fails. What it did not take is tried again with the next call.
    pub fn flush(&self, now: u64) -> Result<(), StoreError> {
        let _moving = lock(&self.moving);
        self.collect(now.saturating_mul(1000));
        let (fresh, lines) = {
            let mut state = lock(&self.state);
            (std::mem::take(&mut state.fresh), std::mem::take(&mut state.unstored))
        };
        let deltas: Vec<(Cell, &Bucket)> =
            fresh.iter().map(|((at, slot), bucket)| (Cell { at: *at, site: self.site(*slot) }, bucket)).collect();
        let stored = self.store.add(&deltas, &lines, now);
        drop(deltas);
        if stored.is_err() {
            self.take_back(fresh, lines);
        }
        stored
    }

    fn take_back(&self, fresh: BTreeMap<(u64, usize), Bucket>, mut lines: Vec<Arc<Line>>) {
        let mut state = lock(&self.state);
        for (key, bucket) in fresh {
            let mine = state.fresh.entry(key).or_default();
            mine.add(&bucket);
            mine.tops.keep(NAMES);
        }
        while state.fresh.len() > MOST_WAITING {
            state.fresh.pop_first();
        }
        lines.append(&mut state.unstored);
        let too_many = lines.len().saturating_sub(MOST_LINES);
        state.unstored = lines.split_off(too_many);
    }

    /// What was counted from a time to another (milliseconds since the Unix epoch), in steps of this length or shorter ones.
    /// Blocks on the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn rows(&self, step: Step, from: u64, to: u64, now: u64) -> Result<Vec<Row>, StoreError> {
        let _moving = lock(&self.moving);
        self.collect(now.saturating_mul(1000));
        let mut rows = self.store.rows(step, from, to)?;
        let state = lock(&self.state);
        let fresh = state.fresh.range((from, 0)..(to.max(from), 0));
        rows.extend(fresh.map(|((at, slot), bucket)| Row {
            at: *at,
            site: self.site(*slot).to_string(),
            bucket: bucket.clone(),
        }));
        Ok(rows)
    }

    /// Up to `limit` lines that are wanted, newest first, with an id below `before`. Blocks on the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn lines(
        &self,
        filter: &Filter,
        before: Option<u64>,
        limit: usize,
        now: u64,
    ) -> Result<Vec<Arc<Line>>, StoreError> {
        self.collect(now.saturating_mul(1000));
        let mut before = before.unwrap_or(u64::MAX);
        let mut found = Vec::new();
        {
            let state = lock(&self.state);
            // Lines that are not stored yet may have left those at hand.
            let first = state.last.front().map_or(u64::MAX, |line| line.id);
            let gone = state.unstored.iter().filter(|line| line.id < first);
            for line in state.last.iter().rev().chain(gone.rev()).filter(|line| line.id < before) {
                if found.len() < limit && filter.takes(line) {
                    found.push(line.clone());
                }
            }
            let oldest = state.unstored.first().map_or(first, |line| line.id.min(first));
            before = before.min(oldest);
        }
        if found.len() < limit {
            let since = filter.since.unwrap_or(0);
            self.store.lines(before, &mut |line| {
                // Lines lie in the order in which they were taken, which may be seconds off the one in which they came.
                let go_on = line.at.saturating_add(60_000) >= since;
                if filter.takes(&line) {
                    found.push(Arc::new(line));
                }
                go_on && found.len() < limit
            })?;
        }
        Ok(found)
    }

    /// Which lines are there. Blocks on the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn kept(&self) -> Result<(Kept, Stored), StoreError> {
        let _moving = lock(&self.moving);
        let stored = self.store.stored()?;
        let state = lock(&self.state);
        let at_hand = state.last.front().map(|line| line.at);
        let unstored = state.unstored.first().map(|line| line.at);
        let since = [stored.lines_since, at_hand, unstored].into_iter().flatten().min();
        let lines = (stored.lines + state.unstored.len() as u64).max(state.last.len() as u64);
        let kept = Kept { lines, capacity: self.capacity.1, since, left_out: state.left_out };
        let first = state.fresh.keys().next().map(|(at, _)| *at);
        let figures_since = [stored.since, first].into_iter().flatten().min();
        Ok((kept, Stored { since: figures_since, ..stored }))
    }

    /// Tells of lines from now on: what was noted before is not told.
    pub fn follow(&self, now: u64, tail: impl Fn(&Told) -> bool + Send + Sync + 'static) {
        self.collect(now.saturating_mul(1000));
        lock(&self.state).tails.push(Box::new(tail));
    }

    /// Whether somebody follows.
    pub fn is_followed(&self) -> bool {
        !lock(&self.state).tails.is_empty()
    }

    fn site(&self, slot: usize) -> Arc<str> {
        let site = slot.checked_sub(1).and_then(|number| self.recorder.sites().get(number));
        site.map_or_else(|| Arc::from(""), |site| site.name.clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
