//! Raising the floor, so that the index can forget purges (rule L5).
//!
//! A purge may be forgotten once the floor has reached it: from then on no stamp below it is good, whatever names it has. So
//! that what is still good does not become a miss by that, its rows are re-stamped first. A row that is judged fresh by an
//! index which has applied every purge up to a position was named by none of them since its stamp, so it is as good as of that
//! position. A fill that began before and ends after the rows were walked keeps its old stamp and is lost: a miss, never a
//! fault.
//!
//! The rows are walked a page at a time, and purges that come in meanwhile are carried out in between: all of them are newer
//! than the position that the floor rises to, so that they change nothing but which rows are good. What they name is left to
//! them, and looked at again in the end.

use std::time::Instant;

use plan::{DerivativeKey, Position, Stamp};
use purge::{Row, Subject, Tier, Verdict};

use super::tour::PAGE;
use super::{Stop, Worker};

/// Derivatives that newer purges may have named meanwhile; with more it begins again later.
const MOST_LEFT: usize = 10_000;

/// A floor on its way up.
pub(super) struct Raising {
    to: Position,
    stage: Stage,
    /// Derivatives that newer purges than those which are erased have named: their sweeps come first.
    left: Vec<DerivativeKey>,
}

#[derive(Clone, Copy)]
enum Stage {
    /// Derivatives after a key are still to be looked at.
    Derivatives(Option<DerivativeKey>),
    /// Those that were left are, at a time.
    Left(Instant),
    /// Masters after a key are still to be dropped.
    Masters(Option<DerivativeKey>),
}

impl Worker {
    /// Begins to raise the floor to the newest position if that is worth it. Call it with nothing left to erase up to `head`.
    pub(super) fn begin_raise(&mut self, head: Position) -> Result<(), Stop> {
        // What could not be written to the log is in the index alone, and its positions may be given again.
        let to = head.min(self.parts.records.head()?);
        if self.raising.is_some() || to <= self.parts.index.floor() || !self.worth_it() {
            return Ok(());
        }
        self.barrier();
        self.raising = Some(Raising { to, stage: Stage::Derivatives(None), left: Vec::new() });
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

    /// Does the next page of it, if the floor is being raised. Answers whether there is more to do at once.
    pub(super) fn raise_on(&mut self) -> Result<bool, Stop> {
        let Some(Raising { to, stage, .. }) = self.raising else { return Ok(false) };
        let next = match stage {
            Stage::Derivatives(after) => match self.restamp_page(to, after)? {
                Some(last) => Some(Stage::Derivatives(Some(last))),
                None => Some(Stage::Left(Instant::now())),
            },
            Stage::Left(at) if Instant::now() < at => return Ok(false),
            Stage::Left(_) if self.restamp_left(to)? => Some(Stage::Masters(None)),
            Stage::Left(_) => Some(Stage::Left(Instant::now() + self.parts.settings.tick)),
            Stage::Masters(after) => self.drop_masters(to, after)?.map(|last| Stage::Masters(Some(last))),
        };
        match (next, &mut self.raising) {
            (None, _) => self.raise(to)?,
            (_, Some(raising)) if raising.left.len() > MOST_LEFT => self.raising = None,
            (Some(next), Some(raising)) => raising.stage = next,
            (Some(_), None) => {}
        }
        Ok(self.raising.is_some())
    }

    fn raise(&mut self, to: Position) -> Result<(), Stop> {
        let stamp = Stamp { log: self.parts.index.identity().log, position: to };
        self.parts.derivatives.restamp_memory(stamp);
        self.parts.records.keep_floor(to)?;
        self.parts.index.raise_floor(to);
        (self.raising, self.raised_at) = (None, Some(Instant::now()));
        tracing::info!(floor = %to, "everything older is erased or known to be good: the floor is raised");
        Ok(())
    }

    /// Re-stamps derivatives that are good, and erases what can never be good again. Answers the last key of the page, or `None`
    /// when there are no more.
    fn restamp_page(&mut self, to: Position, after: Option<DerivativeKey>) -> Result<Option<DerivativeKey>, Stop> {
        let page = self.parts.catalogue.walk(Tier::Derivatives, after, PAGE)?;
        let (read, last) = (page.len(), page.last().map(|row| row.key));
        let left = self.restamp(to, page)?;
        self.raising.iter_mut().for_each(|raising| raising.left.extend(&left));
        self.shared.rest(self.rows.take(read as u64))?;
        Ok(last.filter(|_| read == PAGE))
    }

    /// Looks again at what was left; answers whether nothing is.
    fn restamp_left(&mut self, to: Position) -> Result<bool, Stop> {
        let before = self.raising.as_ref().map(|raising| raising.left.clone()).unwrap_or_default();
        let mut left = Vec::new();
        for keys in before.chunks(PAGE) {
            let mut page = Vec::new();
            for key in keys {
                page.extend(self.parts.catalogue.get(Tier::Derivatives, key)?);
            }
            left.extend(self.restamp(to, page)?);
            self.shared.rest(self.rows.take(keys.len() as u64))?;
        }
        let none_left = left.is_empty();
        if let Some(raising) = &mut self.raising {
            raising.left = left;
        }
        Ok(none_left)
    }

    /// Answers the keys of rows that it could neither re-stamp nor erase.
    fn restamp(&mut self, to: Position, rows: Vec<Row>) -> Result<Vec<DerivativeKey>, Stop> {
        let tier = Tier::Derivatives;
        let (mut good, mut useless, mut left) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            match self.judge(&row) {
                Verdict::Fresh if row.stamp.position < to => good.push((row.key, row.body)),
                Verdict::Fresh => {}
                Verdict::OtherLog => useless.push(row),
                Verdict::Purged if row.stamp.position < self.parts.index.floor() => useless.push(row),
                Verdict::Purged | Verdict::Stale if row.stamp.position < to => left.push(row.key),
                Verdict::Purged | Verdict::Stale => {}
            }
        }
        self.parts.catalogue.restamp(tier, &good, to)?;
        self.erase_rows(tier, &useless)?;
        Ok(left)
    }

    /// Erases masters that were read before a position. They are not re-stamped: a purge of one derivative, of what a master was
    /// put on, or of a site's tag wants the master read anew, yet its name is none of the master's own (rule S1), so that
    /// nothing would be left to tell. Answers as [`Worker::restamp_page`] does.
    fn drop_masters(&mut self, to: Position, after: Option<DerivativeKey>) -> Result<Option<DerivativeKey>, Stop> {
        let page = self.parts.catalogue.walk(Tier::Masters, after, PAGE)?;
        let (read, last) = (page.len(), page.last().map(|row| row.key));
        let log = self.parts.index.identity().log;
        let old: Vec<Row> = page.into_iter().filter(|row| row.stamp.log != log || row.stamp.position < to).collect();
        self.erase_rows(Tier::Masters, &old)?;
        self.shared.rest(self.rows.take(read as u64))?;
        Ok(last.filter(|_| read == PAGE))
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
