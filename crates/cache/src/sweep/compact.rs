//! Raising the floor, so that the index can forget purges (rule L5).
//!
//! A purge may be forgotten once the floor has reached it: from then on no stamp below it is good, whatever names it has. So
//! that what is still good does not become a miss by that, its rows are re-stamped first. A row that is judged fresh by an
//! index which has applied every purge up to a position was named by none of them since its stamp, so it is as good as of that
//! position. A fill that began before and ends after the rows were walked keeps its old stamp and is lost: a miss, never a
//! fault.

use std::time::Instant;

use plan::{Position, Stamp};
use purge::{Row, Subject, Tier, Verdict};

use super::{Stop, Worker};

/// Rows re-stamped in one go.
const PAGE: usize = 512;

impl Worker {
    /// Raises the floor to the newest position if that is worth it. Call it with nothing left to erase up to `head`.
    pub(super) fn raise_floor(&mut self, head: Position) -> Result<(), Stop> {
        // What could not be written to the log is in the index alone, and its positions may be given again.
        let to = head.min(self.parts.records.head()?);
        if to <= self.parts.index.floor() || !self.worth_it() {
            return Ok(());
        }
        self.barrier();
        if !self.restamp(to)? || !self.drop_masters(to)? {
            return Ok(());
        }
        let stamp = Stamp { log: self.parts.index.identity().log, position: to };
        self.parts.derivatives.restamp_memory(stamp);
        self.parts.records.keep_floor(to)?;
        self.parts.index.raise_floor(to);
        self.raised_at = Some(Instant::now());
        tracing::info!(floor = %to, "everything older is erased or known to be good: the floor is raised");
        Ok(())
    }

    /// Asked after every purge, so it looks at the index alone: walking the log here made each purge cost as much as there were
    /// records.
    fn worth_it(&self) -> bool {
        let settings = &self.parts.settings;
        let live = self.parts.index.live_globs();
        let long_ago = self.raised_at.is_none_or(|at| at.elapsed() >= settings.raise_every);
        live >= settings.most_globs.max(1) || (long_ago && (live > 0 || self.parts.index.len() > settings.most_names))
    }

    /// Erases masters that were read before a position. They are not re-stamped: a purge of one derivative, of what a master was
    /// put on, or of a site's tag wants the master read anew, yet its name is none of the master's own (rule S1), so that
    /// nothing would be left to tell. Answers whether all went.
    fn drop_masters(&mut self, to: Position) -> Result<bool, Stop> {
        let mut after = None;
        loop {
            let page = self.parts.catalogue.walk(Tier::Masters, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(true) };
            after = Some(last.key);
            let read = page.len() as u64;
            let log = self.parts.index.identity().log;
            let old: Vec<Row> =
                page.into_iter().filter(|row| row.stamp.log != log || row.stamp.position < to).collect();
            self.erase_rows(Tier::Masters, &old)?;
            self.shared.rest(self.rows.take(read))?;
        }
    }

    /// Re-stamps derivatives that are good, and erases what can never be good again. Answers whether nothing is left in
    /// between: a newer purge than those that are erased may have named some of it, and its sweep comes first.
    fn restamp(&mut self, to: Position) -> Result<bool, Stop> {
        let tier = Tier::Derivatives;
        let mut after = None;
        loop {
            let page = self.parts.catalogue.walk(tier, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(true) };
            after = Some(last.key);
            let read = page.len() as u64;
            let (mut good, mut useless) = (Vec::new(), Vec::new());
            for row in page {
                match self.judge(&row) {
                    Verdict::Fresh if row.stamp.position < to => good.push((row.key, row.body)),
                    Verdict::Fresh => {}
                    Verdict::OtherLog => useless.push(row),
                    Verdict::Purged if row.stamp.position < self.parts.index.floor() => useless.push(row),
                    Verdict::Purged | Verdict::Stale if row.stamp.position < to => return Ok(false),
                    Verdict::Purged | Verdict::Stale => {}
                }
            }
            self.parts.catalogue.restamp(tier, &good, to)?;
            self.erase_rows(tier, &useless)?;
            self.shared.rest(self.rows.take(read))?;
        }
    }

    fn judge(&self, row: &Row) -> Verdict {
        let index = &self.parts.index;
        let dependencies = row
            .dependencies
            .iter()
            .map(|(master, role)| index.dependency(master.clone(), *role, row.stamp.position, None))
            .collect();
        let exact = row.exact.map(|name| index.exact(name));
        index.judge(&Subject { stamp: row.stamp, exact, dependencies, labels: row.labels.clone().into() }).0
    }
}
