//! The disk tier's writer, the sweep and the floor.

use crate::config::{Config, Erase, Mutant};
use crate::fills::is_older;
use crate::index::Verdict;
use crate::state::{Entry, Key, Names, Row, State, Sweep};

/// Bodies kept under a key: the newest, and one that the disk may give back by mistake.
const BODIES: usize = 2;

impl State {
    /// The writer judges what it writes next: a step of its own in a mutant only.
    pub fn clear_write(&mut self, process: usize) {
        let holder = &mut self.processes[process];
        let Some((_, entry)) = holder.queue.first().copied() else { return };
        if holder.judge(&entry) == Verdict::Fresh {
            holder.cleared = true;
        } else {
            holder.queue.remove(0);
        }
    }

    /// Writes the first thing in the queue: body, then row.
    pub fn write(&mut self, process: usize, config: &Config) {
        let holder = &mut self.processes[process];
        if holder.queue.is_empty() {
            return;
        }
        let (key, mut entry) = holder.queue.remove(0);
        holder.cleared = false;
        let judges = config.erase == Some(Erase::Overwrite)
            && !config.has(Mutant::WriteUnchecked)
            && !config.has(Mutant::CheckThenWrite);
        if judges && holder.judge(&entry) != Verdict::Fresh {
            return;
        }
        if config.has(Mutant::KeyAtInsert) {
            entry.sealed = self.disk.keys;
        }
        let place = &mut self.disk.cache[key as usize];
        let used = |number: u8| place.row.is_some_and(|r| r.body == number) || place.has_body(number);
        let body = (0..).find(|number| !used(*number)).unwrap_or(u8::MAX);
        place.bodies.push((body, entry));
        if place.bodies.len() > BODIES {
            place.bodies.remove(0);
        }
        place.set_row(Some(Row { body, stamp: entry.stamp, log: entry.log }));
    }

    /// Begins a sweep: reads the head, and where bodies are sealed destroys the keys of what was purged.
    pub fn begin_sweep(&mut self, process: usize, config: &Config) {
        self.left.sweeps -= 1;
        if config.erase == Some(Erase::Seal) {
            let effective = usize::from(self.truth.effective);
            for purge in self.truth.purges.iter().take(effective).filter(|p| !p.erased) {
                for (master, names) in [Names::MAIN, Names::OVERLAY].into_iter().enumerate() {
                    self.disk.keys[master] += u8::from(purge.names.meets(names));
                }
            }
        }
        let holder = &mut self.processes[process];
        holder.sweep = Some(Sweep::At { key: Key::Main, up_to: holder.head, good: None });
    }

    /// The sweep's next step: judge a row and delete it, or write back the stamp of one that was found good.
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
            if entry.is_some_and(|entry| holder.judge(&entry) == Verdict::Fresh) {
                holder.sweep = Some(Sweep::At { key, up_to, good: Some(row.body) });
                return;
            }
            place.set_row(None);
        }
        if config.erase.is_some() {
            // What no row names is overwritten, and rows that are gone stay gone.
            let named = place.row.map(|row| row.body);
            place.bodies.retain(|(number, _)| Some(*number) == named);
            place.before = None;
        }
        let next = Key::ALL.into_iter().skip(key as usize + 1).find(|key| config.disk[*key as usize]);
        holder.sweep = Some(match next {
            Some(key) => Sweep::At { key, up_to, good: None },
            None => Sweep::Done(up_to),
        });
        if next.is_none() && config.erase.is_some() {
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

    /// Whether a body that can be read is older than a purge that was reported erased.
    pub fn holds_erased(&self, config: &Config) -> bool {
        let Some(erase) = config.erase else { return false };
        let erased = self.truth.purges.iter().enumerate().filter(|(_, p)| p.erased);
        erased.into_iter().any(|(n, purge)| {
            Key::ALL.into_iter().any(|key| {
                self.disk.cache[key as usize].bodies.iter().any(|(_, body)| {
                    let readable = erase == Erase::Overwrite || body.opens_with(key, self.disk.keys, config);
                    // A master's body is no part of an exact purge.
                    let names = if key == Key::Derivative { purge.names } else { purge.names.without(Names::EXACT) };
                    readable && is_older(body.fetched, names, n as u8 + 1, config)
                })
            })
        })
    }
}

impl crate::state::OnDisk {
    fn has_body(&self, wanted: u8) -> bool {
        self.bodies.iter().any(|(number, _)| *number == wanted)
    }
}
