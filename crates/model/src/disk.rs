//! The disk tier's writer, the sweep and the floor.

use crate::config::{Config, Mutant};
use crate::fills::is_older;
use crate::index::Verdict;
use crate::state::{Entry, Key, Row, State, Sweep};

/// Bodies kept under a key: the newest, and one that the disk may give back by mistake.
const BODIES: usize = 2;

impl State {
    /// Takes the first thing from the queue and writes its body; the row follows, at once unless erasure is looked at.
    pub fn write(&mut self, process: usize, config: &Config) {
        let holder = &mut self.processes[process];
        if holder.queue.is_empty() {
            return;
        }
        let (key, entry) = holder.queue.remove(0);
        // Reading judges again, so this matters for what lies on disk alone.
        if config.erase && !config.has(Mutant::LateWrite) && holder.judge(&entry) != Verdict::Fresh {
            return;
        }
        let place = &mut self.disk.cache[key as usize];
        let before = place.before.flatten();
        let named = |number: u8| [place.row, before].into_iter().flatten().any(|r| r.body == number);
        let body = (0..).find(|number| !named(*number) && !place.has_body(*number)).unwrap_or(u8::MAX);
        place.bodies.push((body, entry));
        if place.bodies.len() > BODIES && !config.erase {
            place.bodies.remove(0);
        }
        holder.writing = Some((key, Row { body, stamp: entry.stamp, log: entry.log }));
        if !config.erase {
            self.put_row(process, config);
        }
    }

    /// Puts the row of the body that was written; the body of the row that it replaces goes first.
    pub fn put_row(&mut self, process: usize, config: &Config) {
        let Some((key, row)) = self.processes[process].writing.take() else { return };
        let place = &mut self.disk.cache[key as usize];
        if let Some(old) = place.row.filter(|_| config.erase && !config.has(Mutant::ReplacedBodyStays)) {
            place.bodies.retain(|(number, _)| *number != old.body);
        }
        place.set_row(Some(row));
    }

    /// Begins a sweep: reads the head.
    pub fn begin_sweep(&mut self, process: usize) {
        self.left.sweeps -= 1;
        let holder = &mut self.processes[process];
        holder.sweep = Some(Sweep::At { key: Key::Main, up_to: holder.head, good: None });
    }

    /// The sweep's next step: judge a row and delete it, or write back the stamp of one that was found good. A master is
    /// never re-stamped: an exact purge asks when it was fetched.
    pub fn sweep(&mut self, process: usize, config: &Config) {
        let holder = &mut self.processes[process];
        let Some(Sweep::At { key, up_to, good }) = holder.sweep else { return };
        let place = &mut self.disk.cache[key as usize];
        if let (Some(body), Some(row)) = (good, place.row) {
            // Unless another row took its place meanwhile.
            if row.body == body {
                let stamp = if config.has(Mutant::RestampLate) { holder.head } else { up_to };
                place.set_row(Some(Row { stamp, ..row }));
            }
        } else if let Some(row) = place.row.filter(|row| row.log != holder.log || row.stamp < up_to) {
            let body = place.bodies.iter().find(|(number, _)| *number == row.body).copied();
            let entry = body.map(|(_, entry)| Entry { stamp: row.stamp, log: row.log, ..entry });
            let lifts = key == Key::Derivative || config.has(Mutant::MasterRestamped);
            if lifts && entry.is_some_and(|entry| holder.judge(&entry) == Verdict::Fresh) {
                holder.sweep = Some(Sweep::At { key, up_to, good: Some(row.body) });
                return;
            }
            // The body first, and for good; then the row.
            place.bodies.retain(|(number, _)| !config.erase || *number != row.body);
            place.set_row(None);
        }
        let next = Key::ALL.into_iter().skip(key as usize + 1).find(|key| config.disk[*key as usize]);
        holder.sweep = Some(match next {
            Some(key) => Sweep::At { key, up_to, good: None },
            None => Sweep::Done(up_to),
        });
        if next.is_none() && config.erase {
            for purge in self.truth.purges.iter_mut().take(usize::from(up_to)) {
                purge.erased = true;
            }
        }
    }

    /// Raises the floor to where the sweep has been, durably first.
    pub fn raise_floor(&mut self, process: usize, config: &Config) {
        let Some(Sweep::Done(to) | Sweep::Raised(to)) = self.processes[process].sweep else { return };
        self.disk.floor = self.disk.floor.max(to);
        self.processes[process].floor = self.disk.floor;
        self.raise_epoch(process);
        self.processes[process].sweep = match config.mutant {
            Some(Mutant::DropBeforeFloor) => None,
            _ => Some(Sweep::Raised(to)),
        };
    }

    /// Drops from memory the records that the floor has made needless.
    pub fn drop_records(&mut self, process: usize, config: &Config) {
        let holder = &mut self.processes[process];
        let Some(Sweep::Done(to) | Sweep::Raised(to)) = holder.sweep else { return };
        for slot in holder.slots.iter_mut().filter(|s| s.hard <= to && s.soft <= to) {
            *slot = Default::default();
        }
        holder.sweep = match config.mutant {
            Some(Mutant::DropBeforeFloor) => Some(Sweep::Raised(to)),
            _ => None,
        };
    }

    /// Whether a body on disk is older than a purge that was reported erased.
    pub fn holds_erased(&self, config: &Config) -> bool {
        let erased = self.truth.purges.iter().enumerate().filter(|(_, p)| p.erased);
        erased.into_iter().any(|(n, purge)| {
            let bodies = self.disk.cache.iter().flat_map(|place| &place.bodies);
            bodies.into_iter().any(|(_, body)| is_older(body.fetched, purge.names, n as u8 + 1, config))
        })
    }
}

impl crate::state::OnDisk {
    fn has_body(&self, wanted: u8) -> bool {
        self.bodies.iter().any(|(number, _)| *number == wanted)
    }
}
