//! One purge under the sweep.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plan::reason::Miss;
use plan::{BodyId, Position, Selector};
use purge::{Count, Matcher, Place, Progress, Record, Row, Tier};

use super::{Stop, Worker};
use crate::entry::Entry;

/// Rows asked of the catalogue in one go.
const PAGE: usize = 512;
/// A soft purge is looked at again after this, then after twice as long, and so on.
const FIRST_LOOK: Duration = Duration::from_millis(500);

/// A purge that is not erased yet.
pub(super) struct Job {
    pub record: Arc<Record>,
    pub progress: Progress,
    /// Whether none of its rows is left. It cannot become false again: nothing older than the purge is stored any more.
    pub walked: bool,
    /// When it was last noted how far it has come.
    pub noted_at: Instant,
    /// Whether it has come further since.
    pub unnoted: bool,
    /// When what is stale counts as purged; `None` for a hard purge, which does not wait.
    due: Option<Instant>,
    look_at: Instant,
    patience: Duration,
    /// What a soft purge found when it was first looked at: all of it will have been replaced or erased.
    found: Option<[Count; 2]>,
}

impl Job {
    pub fn new(record: Record, noted: Option<Progress>, max_stale: Duration) -> Job {
        let now = Instant::now();
        let effective = Progress { effective_at: record.accepted_at, ..Progress::default() };
        Job {
            due: (!record.mode.is_hard()).then(|| now + max_stale),
            record: Arc::new(record),
            noted_at: now,
            unnoted: false,
            progress: noted.unwrap_or(effective),
            walked: false,
            look_at: now,
            patience: FIRST_LOOK,
            found: None,
        }
    }

    /// When it is to be looked at; `None` if there is nothing left to look at.
    pub fn look_at(&self) -> Option<Instant> {
        (!self.walked).then_some(self.look_at)
    }

    /// Whether its rows may be taken away, not only be counted.
    fn erases(&self, now: Instant) -> bool {
        self.due.is_none_or(|due| now >= due)
    }

    /// Whether there is nothing to do but to wait for what it named to be replaced.
    pub fn waits(&self, now: Instant) -> bool {
        !self.walked && self.found.is_some() && !self.erases(now)
    }

    fn wait_on(&mut self, now: Instant) {
        self.look_at = now + self.patience;
        if let Some(due) = self.due {
            self.look_at = self.look_at.min(due.max(now));
        }
        self.patience *= 2;
    }

    /// The progress that says it is erased.
    pub fn finished(&mut self, at: u64) -> Progress {
        if let Some([derivatives, masters]) = self.found {
            let more = |a: Count, b: Count| if a.entries >= b.entries { a } else { b };
            self.progress.derivatives = more(self.progress.derivatives, derivatives);
            self.progress.masters = more(self.progress.masters, masters);
        }
        self.progress.erased_at = Some(at);
        self.progress
    }

    fn selectors(&self) -> Vec<Selector> {
        let mut all: Vec<Selector> = Vec::new();
        for selector in self.record.targets.iter().flat_map(|target| &target.selectors) {
            if !all.contains(selector) {
                all.push(selector.clone());
            }
        }
        all
    }
}

impl Worker {
    /// Looks at every purge whose time it is.
    pub(super) fn walk_ready(&mut self) -> Result<(), Stop> {
        let now = Instant::now();
        let ready: Vec<Position> =
            self.jobs.iter().filter(|(_, job)| job.look_at().is_some_and(|at| at <= now)).map(|(p, _)| *p).collect();
        if ready.is_empty() {
            return Ok(());
        }
        // After it, nothing that these purges name comes to the disk any more.
        self.barrier();
        let erasing: Vec<Position> =
            ready.iter().copied().filter(|p| self.jobs.get(p).is_some_and(|job| job.erases(now))).collect();
        self.drop_from_memory(&erasing);
        for position in &erasing {
            self.erase(*position)?;
        }
        let looking: Vec<Position> = ready.into_iter().filter(|position| !erasing.contains(position)).collect();
        self.look(&looking)
    }

    fn erase(&mut self, position: Position) -> Result<(), Stop> {
        for (tier, selector) in self.to_walk(position) {
            self.each_page(tier, &selector, position, |worker, old| {
                worker.erase_rows(tier, old)?;
                if let Some(job) = worker.jobs.get_mut(&position) {
                    let count = match tier {
                        Tier::Derivatives => &mut job.progress.derivatives,
                        Tier::Masters => &mut job.progress.masters,
                    };
                    old.iter().for_each(|row| count.add(row.size));
                }
                worker.note_now_and_then(position)
            })?;
        }
        if let Some(job) = self.jobs.get_mut(&position) {
            job.walked = true;
        }
        Ok(())
    }

    /// Counts what soft purges have left, and is done with those for which that is nothing.
    fn look(&mut self, positions: &[Position]) -> Result<(), Stop> {
        let mut gone = Vec::new();
        for position in positions {
            if self.left_on_disk(*position)? == 0 {
                gone.push(*position);
            }
        }
        let held = self.in_memory(&gone);
        for position in gone {
            if let Some(job) = self.jobs.get_mut(&position) {
                job.walked = !held.contains(&position);
            }
        }
        Ok(())
    }

    fn left_on_disk(&mut self, position: Position) -> Result<u64, Stop> {
        let mut left = [Count::default(); 2];
        let mut seen = HashSet::new();
        for (tier, selector) in self.to_walk(position) {
            self.each_page(tier, &selector, position, |_, old| {
                for row in old.iter().filter(|row| seen.insert((tier, row.key))) {
                    left[usize::from(tier == Tier::Masters)].add(row.size);
                }
                Ok(())
            })?;
        }
        if let Some(job) = self.jobs.get_mut(&position) {
            job.found.get_or_insert(left);
            job.wait_on(Instant::now());
        }
        Ok(left.iter().map(|count| count.entries).sum())
    }

    /// Masters before what was made from them (guarantee G7).
    fn to_walk(&self, position: Position) -> Vec<(Tier, Selector)> {
        let selectors = self.jobs.get(&position).map(Job::selectors).unwrap_or_default();
        let masters = selectors.iter().filter(|s| s.is_deep()).map(|s| (Tier::Masters, s.clone()));
        masters.chain(selectors.iter().map(|s| (Tier::Derivatives, s.clone()))).collect()
    }

    /// Calls `each` with the rows that a selector names and that are older than the purge, a page at a time.
    fn each_page(
        &mut self,
        tier: Tier,
        selector: &Selector,
        position: Position,
        mut each: impl FnMut(&mut Worker, &[Row]) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let log = self.parts.index.identity().log;
        let mut after = None;
        loop {
            let mut page = self.parts.catalogue.matching(tier, selector, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key);
            let read = page.len() as u64;
            page.retain(|row| row.stamp.log != log || row.stamp.position < position);
            if !page.is_empty() {
                each(self, &page)?;
            }
            self.shared.rest(self.rows.take(read))?;
        }
    }

    /// Drops from memory what is voided, by whichever purge, and what is stale by one of `positions`.
    fn drop_from_memory(&mut self, positions: &[Position]) {
        let named = self.named(positions);
        let mut dropped = Vec::new();
        for (tier, store) in [(Tier::Masters, &self.parts.masters), (Tier::Derivatives, &self.parts.derivatives)] {
            let named = Named::new(&named, tier);
            store.drop_where(|entry| {
                let verdict = entry.check(&self.parts.index);
                if !matches!(verdict, Err(Miss::Purged | Miss::Stale | Miss::Expired)) {
                    return false;
                }
                let by = named.by(entry);
                dropped.extend(by.map(|position| (position, entry.body().map_or(0, |body| body.len() as u64))));
                by.is_some() || verdict == Err(Miss::Purged)
            });
        }
        for (position, bytes) in dropped {
            if let Some(job) = self.jobs.get_mut(&position) {
                job.progress.memory.add(bytes);
            }
        }
    }

    /// The purges of which memory holds something that they name and that is older.
    fn in_memory(&self, positions: &[Position]) -> HashSet<Position> {
        let mut found = HashSet::new();
        if positions.is_empty() {
            return found;
        }
        let named = self.named(positions);
        for (tier, store) in [(Tier::Masters, &self.parts.masters), (Tier::Derivatives, &self.parts.derivatives)] {
            let named = Named::new(&named, tier);
            store.drop_where(|entry| {
                found.extend(named.each(entry));
                false
            });
        }
        found
    }

    fn named(&self, positions: &[Position]) -> Vec<(Position, Vec<Selector>)> {
        positions.iter().filter_map(|p| self.jobs.get(p).map(|job| (*p, job.selectors()))).collect()
    }
}

/// What some purges name in one tier.
struct Named<'s> {
    newest: Position,
    matchers: Vec<(Position, Matcher<'s>)>,
}

impl<'s> Named<'s> {
    fn new(purges: &'s [(Position, Vec<Selector>)], tier: Tier) -> Self {
        let concerns = |selector: &&Selector| tier == Tier::Derivatives || selector.is_deep();
        let matchers = purges.iter().flat_map(|(position, selectors)| {
            selectors.iter().filter(concerns).map(|selector| (*position, Matcher::new(selector)))
        });
        Named {
            newest: purges.iter().map(|(position, _)| *position).max().unwrap_or_default(),
            matchers: matchers.collect(),
        }
    }

    /// The first of the purges that names an entry which is older than it.
    fn by(&self, entry: &Entry) -> Option<Position> {
        self.each(entry).into_iter().next()
    }

    /// The purges that name an entry which is older than them.
    fn each(&self, entry: &Entry) -> Vec<Position> {
        if entry.subject.stamp.position >= self.newest {
            return Vec::new();
        }
        let row = row_of(entry);
        let names =
            |(position, matcher): &&(Position, Matcher<'_>)| row.stamp.position < *position && matcher.names(&row);
        self.matchers.iter().filter(names).map(|(position, _)| *position).collect()
    }
}

/// The row that an entry in memory would have, as far as selectors look.
fn row_of(entry: &Entry) -> Row {
    let size = entry.body().map_or(0, |body| body.len() as u64);
    Row {
        key: entry.key,
        body: BodyId([0; 16]),
        place: Place { segment: 0, offset: 0, length: 0 },
        stamp: entry.subject.stamp,
        exact: entry.subject.exact.map(|(name, _)| name),
        dependencies: entry.subject.dependencies.iter().map(|d| (d.master.clone(), d.role)).collect(),
        content_type: String::new(),
        size,
        url: String::new(),
        stored_at: 0,
        last_used: 0,
        labels: entry.subject.labels.to_vec(),
        recipe: entry.meta.recipe,
        data_key: None,
    }
}
