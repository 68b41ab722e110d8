//! One purge under the sweep.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plan::reason::Miss;
use plan::{Position, Selector};
use purge::{Count, Matcher, Progress, Record, Row, Tier};

use super::named::Named;
use super::tour::nth;
use super::{BATCH, Stop, Worker};
use crate::entry::Entry;

/// Rows asked of the catalogue in one go.
const PAGE: usize = 512;
/// Entries in memory looked at before it is asked whether to stop.
const LOOKED_AT: usize = 1024;
/// A soft purge is looked at again after this, then after twice as long, and so on.
const FIRST_LOOK: Duration = Duration::from_millis(500);

/// A purge that is not erased yet.
pub(super) struct Job {
    pub record: Arc<Record>,
    /// What it names, each once.
    pub selectors: Arc<[Selector]>,
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
    /// What it is on a tour for.
    pub pass: Option<Pass>,
}

/// What a purge wants of every row.
pub(super) struct Pass {
    /// Whether its rows are taken away, not only counted.
    pub erases: bool,
    /// What was counted, by tier.
    pub left: [Count; 2],
}

impl Job {
    pub fn new(record: Record, noted: Option<Progress>, max_stale: Duration) -> Job {
        let now = Instant::now();
        let effective = Progress { effective_at: record.accepted_at, ..Progress::default() };
        Job {
            due: (!record.mode.is_hard()).then(|| now + max_stale),
            selectors: selectors_of(&record),
            record: Arc::new(record),
            noted_at: now,
            unnoted: false,
            progress: noted.unwrap_or(effective),
            walked: false,
            look_at: now,
            patience: FIRST_LOOK,
            found: None,
            pass: None,
        }
    }

    /// When it is to be looked at; `None` if there is nothing left to look at.
    pub fn look_at(&self) -> Option<Instant> {
        (!self.walked && self.pass.is_none()).then_some(self.look_at)
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

    /// One more row was taken away on its account.
    pub fn erased(&mut self, tier: Tier, row: &Row) {
        let count = match tier {
            Tier::Derivatives => &mut self.progress.derivatives,
            Tier::Masters => &mut self.progress.masters,
        };
        count.add(row.size);
        self.unnoted = true;
    }

    fn walks(&self) -> bool {
        self.selectors.iter().any(|selector| Matcher::new(selector).walks())
    }
}

/// What a record names, each once.
fn selectors_of(record: &Record) -> Arc<[Selector]> {
    let mut seen = HashSet::new();
    let all = record.targets.iter().flat_map(|target| &target.selectors);
    all.filter(|selector| seen.insert(*selector)).cloned().collect()
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
        self.drop_from_memory(&erasing)?;
        for position in &erasing {
            self.erase(*position)?;
        }
        for position in ready.into_iter().filter(|position| !erasing.contains(position)) {
            self.look(position)?;
        }
        self.end_looks()
    }

    fn erase(&mut self, position: Position) -> Result<(), Stop> {
        for (tier, selector) in self.by_name(position) {
            self.each_page(tier, &selector, position, |worker, old| {
                for batch in old.chunks(BATCH) {
                    worker.erase_rows(tier, batch)?;
                    if let Some(job) = worker.jobs.get_mut(&position) {
                        batch.iter().for_each(|row| job.erased(tier, row));
                    }
                    worker.note_now_and_then(position, Duration::ZERO)?;
                }
                Ok(())
            })?;
        }
        if !self.goes_on_tour(position, true, [Count::default(); 2])
            && let Some(job) = self.jobs.get_mut(&position)
        {
            job.walked = true;
        }
        Ok(())
    }

    /// Counts what a soft purge has left on disk.
    fn look(&mut self, position: Position) -> Result<(), Stop> {
        let mut left = [Count::default(); 2];
        let mut seen = HashSet::new();
        for (tier, selector) in self.by_name(position) {
            self.each_page(tier, &selector, position, |_, old| {
                for row in old.iter().filter(|row| seen.insert((tier, row.key))) {
                    left[nth(tier)].add(row.size);
                }
                Ok(())
            })?;
        }
        if !self.goes_on_tour(position, false, left) {
            self.looked(position, left);
        }
        Ok(())
    }

    /// A soft purge was looked at, and had so much left on disk.
    pub(super) fn looked(&mut self, position: Position, left: [Count; 2]) {
        let Some(job) = self.jobs.get_mut(&position) else { return };
        job.found.get_or_insert(left);
        job.wait_on(Instant::now());
        if left.iter().all(|count| count.entries == 0) {
            self.gone_from_disk.push(position);
        }
    }

    /// Ends the soft purges that have nothing left, neither on disk nor in memory.
    pub(super) fn end_looks(&mut self) -> Result<(), Stop> {
        let gone = std::mem::take(&mut self.gone_from_disk);
        let held = self.in_memory(&gone)?;
        for position in gone {
            if let Some(job) = self.jobs.get_mut(&position) {
                job.walked = !held.contains(&position);
            }
        }
        Ok(())
    }

    /// Lets a purge that names no one thing be shown every row; answers whether it does.
    fn goes_on_tour(&mut self, position: Position, erases: bool, left: [Count; 2]) -> bool {
        let Some(job) = self.jobs.get_mut(&position) else { return false };
        if !job.walks() {
            return false;
        }
        job.pass = Some(Pass { erases, left });
        self.tours[nth(Tier::Masters)].join(position);
        true
    }

    /// What is found by name: masters before what was made from them (guarantee G7).
    fn by_name(&self, position: Position) -> Vec<(Tier, Selector)> {
        let all = self.jobs.get(&position).map(|job| job.selectors.clone()).unwrap_or_default();
        let selectors: Vec<&Selector> = all.iter().filter(|selector| !Matcher::new(selector).walks()).collect();
        let masters = selectors.iter().filter(|s| s.is_deep()).map(|s| (Tier::Masters, (*s).clone()));
        masters.chain(selectors.iter().map(|s| (Tier::Derivatives, (*s).clone()))).collect()
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
            let read = page.len();
            after = page.last().map(|row| row.key);
            page.retain(|row| row.stamp.log != log || row.stamp.position < position);
            if !page.is_empty() {
                each(self, &page)?;
            }
            let rest = self.rows.take(read as u64);
            self.note_now_and_then(position, rest)?;
            self.shared.rest(rest)?;
            if read < PAGE {
                return Ok(());
            }
        }
    }

    /// Drops from memory what purges name that are carried out.
    fn drop_from_memory(&mut self, positions: &[Position]) -> Result<(), Stop> {
        let mut dropped = Vec::new();
        self.each_in_memory(positions, |worker, named, entry| {
            // Looked up by name first: to be judged costs more, and most is of no concern.
            let Some(position) = named.first(&entry.subject) else { return false };
            let verdict = entry.check(&worker.parts.index);
            let drops = matches!(verdict, Err(Miss::Purged | Miss::Stale | Miss::Expired));
            if drops {
                dropped.push((position, entry.body().map_or(0, |body| body.len() as u64)));
            }
            drops
        })?;
        for (position, bytes) in dropped {
            if let Some(job) = self.jobs.get_mut(&position) {
                job.progress.memory.add(bytes);
            }
        }
        Ok(())
    }

    /// The purges of which memory holds something that they name and that is older.
    fn in_memory(&self, positions: &[Position]) -> Result<HashSet<Position>, Stop> {
        let mut found = HashSet::new();
        self.each_in_memory(positions, |_, named, entry| {
            named.each(&entry.subject, |position| {
                found.insert(position);
            });
            false
        })?;
        Ok(found)
    }

    /// Goes through all of memory, and drops what `unwanted` picks.
    fn each_in_memory(
        &self,
        positions: &[Position],
        mut unwanted: impl FnMut(&Worker, &Named<'_>, &Entry) -> bool,
    ) -> Result<(), Stop> {
        if positions.is_empty() {
            return Ok(());
        }
        let named = |position: &Position| self.jobs.get(position).map(|job| (*position, job.selectors.clone()));
        let purges: Vec<_> = positions.iter().filter_map(named).collect();
        for tier in [Tier::Masters, Tier::Derivatives] {
            let named = Named::new(&purges, tier);
            let mut looked_at = 0;
            self.store(tier).drop_where(|entry| {
                looked_at += 1;
                if looked_at % LOOKED_AT == 0 {
                    self.shared.rest(Duration::ZERO)?;
                }
                Ok::<bool, Stop>(unwanted(self, &named, entry))
            })?;
        }
        Ok(())
    }
}
