//! Walks over every row, for purges that name no one thing: prefixes, sources, globs, everything.
//!
//! All of them share one walk over each tier, a page at a time, so that purges that find their rows by name are not held up,
//! and many globs cost no more than one. Who joins in the middle stays until the walk has come round to where it joined.

use std::collections::BTreeMap;

use plan::{DerivativeKey, Position};
use purge::{Matcher, Row, Tier};

use super::job::{Job, Pass};
use super::{Stop, Worker};

/// Rows read in one go.
pub(super) const PAGE: usize = 512;

/// A walk that goes round and round over the rows of one tier.
#[derive(Default)]
pub(super) struct Tour {
    /// The last row that was looked at; `None` at the beginning.
    at: Option<DerivativeKey>,
    riders: BTreeMap<Position, Rider>,
}

struct Rider {
    from: Option<DerivativeKey>,
    came_round: bool,
}

impl Tour {
    /// From now on a purge is shown every row.
    pub fn join(&mut self, purge: Position) {
        self.riders.insert(purge, Rider { from: self.at, came_round: false });
    }

    pub fn is_empty(&self) -> bool {
        self.riders.is_empty()
    }

    /// Goes on after a page whose last row was `last`, and after which there are no more if it `ends`. Answers the purges that
    /// were shown everything.
    fn turn(&mut self, last: Option<DerivativeKey>, ends: bool) -> Vec<Position> {
        // Where it joined, or beyond, also when the row itself is gone.
        let back = |rider: &Rider| rider.came_round && (ends || last >= rider.from);
        let from_the_beginning = |rider: &Rider| ends && rider.from.is_none();
        let through = |rider: &&mut Rider| back(rider) || from_the_beginning(rider);
        let done: Vec<Position> =
            self.riders.iter_mut().filter(|(_, rider)| through(rider)).map(|(position, _)| *position).collect();
        self.riders.retain(|position, _| !done.contains(position));
        if ends {
            self.riders.values_mut().for_each(|rider| rider.came_round = true);
        }
        self.at = if ends { None } else { last };
        done
    }
}

/// A purge on a tour.
struct Looker<'s> {
    position: Position,
    erases: bool,
    matchers: Vec<Matcher<'s>>,
}

impl<'s> Looker<'s> {
    fn of(job: &'s Job) -> Looker<'s> {
        Looker {
            position: job.record.position,
            erases: job.pass.as_ref().is_some_and(|pass| pass.erases),
            matchers: job.selectors.iter().map(Matcher::new).collect(),
        }
    }

    /// What it finds by name was found already, and is not counted again.
    fn names(&self, row: &Row) -> bool {
        let named = |walks: bool| self.matchers.iter().any(|m| m.walks() == walks && m.names(row));
        named(true) && (self.erases || !named(false))
    }
}

/// What a page held for the purges on the tour.
#[derive(Default)]
struct Found {
    /// Rows to be erased, each with the first purge that names it.
    old: Vec<Row>,
    by: Vec<Position>,
    /// What is left for those that only count.
    left: Vec<(Position, u64)>,
}

impl Worker {
    /// Looks at one page of each tier, if anybody wants it. Answers whether there is more to do.
    pub(super) fn tour(&mut self) -> Result<bool, Stop> {
        for tier in [Tier::Masters, Tier::Derivatives] {
            if !self.tours[nth(tier)].is_empty() {
                self.tour_page(tier)?;
            }
        }
        Ok(self.tours.iter().any(|tour| !tour.is_empty()))
    }

    fn tour_page(&mut self, tier: Tier) -> Result<(), Stop> {
        let page = self.parts.catalogue.walk(tier, self.tours[nth(tier)].at, PAGE)?;
        let (read, last) = (page.len(), page.last().map(|row| row.key));
        let Found { old, by, left } = self.sort_out(tier, page);
        self.erase_rows(tier, &old)?;
        let mut erasers: Vec<Position> = Vec::new();
        for (row, position) in old.iter().zip(by) {
            if let Some(job) = self.jobs.get_mut(&position) {
                job.erased(tier, row);
                erasers.push(position);
            }
        }
        for (position, size) in left {
            if let Some(pass) = self.jobs.get_mut(&position).and_then(|job| job.pass.as_mut()) {
                pass.left[nth(tier)].add(size);
            }
        }
        erasers.sort_unstable();
        erasers.dedup();
        let rest = self.rows.take(read as u64);
        for position in erasers {
            self.note_now_and_then(position, rest)?;
        }
        for position in self.tours[nth(tier)].turn(last, read < PAGE) {
            match tier {
                // Masters before what was made from them (guarantee G7).
                Tier::Masters => self.tours[nth(Tier::Derivatives)].join(position),
                Tier::Derivatives => self.came_to_the_end(position),
            }
        }
        self.shared.rest(rest)
    }

    fn sort_out(&self, tier: Tier, page: Vec<Row>) -> Found {
        let log = self.parts.index.identity().log;
        let riders = self.tours[nth(tier)].riders.keys().filter_map(|position| self.jobs.get(position));
        let lookers: Vec<Looker<'_>> = riders.map(Looker::of).collect();
        let mut found = Found::default();
        for row in page {
            let older = |looker: &&Looker<'_>| row.stamp.log != log || row.stamp.position < looker.position;
            let naming: Vec<&Looker<'_>> = lookers.iter().filter(older).filter(|looker| looker.names(&row)).collect();
            match naming.iter().find(|looker| looker.erases) {
                Some(first) => {
                    found.by.push(first.position);
                    found.old.push(row);
                }
                None => found.left.extend(naming.iter().map(|looker| (looker.position, row.size))),
            }
        }
        found
    }

    /// A purge was shown every row.
    fn came_to_the_end(&mut self, position: Position) {
        let Some(Pass { erases, left }) = self.jobs.get_mut(&position).and_then(|job| job.pass.take()) else { return };
        match erases {
            true => self.jobs.get_mut(&position).into_iter().for_each(|job| job.walked = true),
            false => self.looked(position, left),
        }
    }
}

/// The place of a tier in pairs.
pub(super) const fn nth(tier: Tier) -> usize {
    match tier {
        Tier::Derivatives => 0,
        Tier::Masters => 1,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Whoever joins, whenever, is shown every row that stays, whatever rows come and go meanwhile.
    #[test]
    fn whoever_joins_in_the_middle_stays_until_it_came_round() {
        for rows in [0_u8, 1, 3, 4, 7, 12] {
            for joins in 0..12 {
                for gone in [None, Some(joins), Some(rows / 2)] {
                    let mut tour = Tour::default();
                    tour.join(Position(1));
                    let mut seen: BTreeMap<Position, Vec<u8>> = BTreeMap::from([(Position(1), vec![])]);
                    let mut turns = 0;
                    while !tour.is_empty() {
                        if turns == joins {
                            tour.join(Position(2));
                            seen.insert(Position(2), vec![]);
                        }
                        let there = (1..=rows).filter(|n| turns < joins || gone != Some(*n));
                        let after = |n: &u8| tour.at.is_none_or(|at| DerivativeKey([*n; 16]) > at);
                        let page: Vec<u8> = there.filter(after).take(3).collect();
                        let riders: Vec<Position> = tour.riders.keys().copied().collect();
                        riders.iter().for_each(|rider| seen.get_mut(rider).unwrap().extend(&page));
                        tour.turn(page.last().map(|n| DerivativeKey([*n; 16])), page.len() < 3);
                        turns += 1;
                        assert!(turns < 30, "it comes to an end");
                    }
                    for (rider, mut shown) in seen {
                        shown.sort_unstable();
                        shown.dedup();
                        shown.retain(|n| gone != Some(*n));
                        let wanted: Vec<u8> = (1..=rows).filter(|n| gone != Some(*n)).collect();
                        assert_eq!(shown, wanted, "{rider} of {rows}, joined at {joins}, without {gone:?}");
                    }
                }
            }
        }
    }
}
