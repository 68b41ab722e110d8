//! The purge index of a process, its checks, and how records get into it.

use crate::config::{Config, Mutant};
use crate::state::{Applying, At, Entry, Names, Phase, Position, Process, Record, Slot, State};

/// What the index says of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No purge names it.
    Fresh,
    /// Softly purged.
    Stale,
    /// Hard purged, below the floor, or of another log.
    Purged,
}

impl Process {
    /// The stamp of what begins now.
    pub fn now(&self, config: &Config) -> Position {
        match self.applying {
            Some(applying) if config.has(Mutant::TailAsStamp) => self.head.max(applying.record.position),
            _ => self.head,
        }
    }

    /// The newest purges of any of some names.
    pub fn newest(&self, names: Names) -> Slot {
        let mut newest = Slot::default();
        for (bit, slot) in self.slots.iter().enumerate() {
            if names.meets(Names(1 << bit)) {
                newest.hard = newest.hard.max(slot.hard);
                newest.soft = newest.soft.max(slot.soft);
            }
        }
        newest
    }

    /// Judges an entry by what was read of the index.
    pub fn verdict(&self, entry: &Entry, newest: Slot, floor: Position) -> Verdict {
        if entry.log != self.log || entry.stamp < newest.hard || entry.stamp < floor {
            Verdict::Purged
        } else if entry.stamp < newest.soft {
            Verdict::Stale
        } else {
            Verdict::Fresh
        }
    }

    /// Judges an entry in one step.
    pub fn judge(&self, entry: &Entry) -> Verdict {
        self.verdict(entry, self.newest(entry.names), self.floor)
    }

    /// Writes one slot.
    pub fn raise(&mut self, slot: usize, record: Record, config: &Config) {
        let slot = &mut self.slots[slot];
        let held = *slot;
        let place = if record.hard { &mut slot.hard } else { &mut slot.soft };
        *place = (*place).max(record.position);
        if config.has(Mutant::SoftOverHard) && !record.hard && record.position > held.hard {
            slot.hard = 0;
        }
    }
}

impl Config {
    /// Whether this is the mistake made.
    pub fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

impl State {
    /// Says that the index has changed: whatever was checked must be checked again.
    pub fn raise_epoch(&mut self, process: usize) {
        let forget = |at: &mut At| match at {
            At::Probe { epoch, .. } | At::Floor { epoch, .. } => *epoch = false,
            At::Look | At::Wait(_) | At::Got { .. } => {}
        };
        for request in self.requests.iter_mut().filter(|r| usize::from(r.process) == process) {
            forget(&mut request.getter.at);
        }
        let process = &mut self.processes[process];
        process.memory.iter_mut().flatten().for_each(|e| e.checked = false);
        for flight in &mut process.flights {
            match &mut flight.phase {
                Phase::Gather { getter, .. } => forget(&mut getter.at),
                Phase::Judged { entry, .. } => entry.checked = false,
                _ => {}
            }
        }
    }

    /// Accepts a purge: gives it a position and writes it to the log.
    pub fn accept(&mut self, process: usize, names: Names, hard: bool, fails: bool, config: &Config) {
        let purge = crate::state::Purge { names, hard, lapsed: false, erased: false, outlived: false };
        self.truth.purges.push(purge);
        if config.has(Mutant::PurgeDropped) && !self.is_cached(process, names) {
            self.truth.effective = self.truth.purges.len() as u8;
            return;
        }
        let holder = &mut self.processes[process];
        holder.last += 1;
        let record = Record { position: holder.last, names, hard };
        let logged = !fails && !config.has(Mutant::AnswerBeforeLog);
        holder.applying = Some(Applying { record, left: names, published: false, logged: logged || fails });
        if logged {
            self.disk.records.push(record);
        }
        if fails {
            self.left.failures -= 1;
            if !config.has(Mutant::UndurableWarm) {
                self.disk.mark = None;
            }
        }
    }

    fn is_cached(&self, process: usize, names: Names) -> bool {
        let cached = self.processes[process].memory.iter().flatten().any(|e| e.names.meets(names));
        cached || self.disk.cache.iter().any(|d| d.row.is_some())
    }

    /// Writes the next slot of the purge that is being applied.
    pub fn write_slot(&mut self, process: usize, config: &Config) {
        let holder = &mut self.processes[process];
        let Some(mut applying) = holder.applying else { return };
        let Some(slot) = applying.left.first() else { return };
        holder.raise(slot, applying.record, config);
        applying.left = applying.left.without(Names(1 << slot));
        holder.applying = Some(applying);
        self.report(process);
    }

    /// Raises the epoch and publishes the head.
    pub fn publish(&mut self, process: usize) {
        self.raise_epoch(process);
        let holder = &mut self.processes[process];
        if let Some(applying) = &mut holder.applying {
            applying.published = true;
            holder.head = holder.head.max(applying.record.position);
        }
        self.report(process);
    }

    /// When slots and head are written the purge is effective, and is reported.
    fn report(&mut self, process: usize) {
        let Some(applying) = self.processes[process].applying else { return };
        if applying.published && applying.left == Names::NONE {
            self.truth.effective = self.truth.purges.len() as u8;
            if applying.logged {
                self.processes[process].applying = None;
            }
        }
    }

    /// Writes the purge to the log after the answer: only a mutant does.
    pub fn log_late(&mut self, process: usize) {
        if let Some(applying) = self.processes[process].applying.take() {
            self.disk.records.push(applying.record);
        }
    }

    /// The time for which a soft purge allows stale answers is over: from now on it is as good as hard.
    pub fn lapse(&mut self, purge: usize, config: &Config) {
        self.truth.purges[purge].lapsed = true;
        let names = self.truth.purges[purge].names;
        // No restart comes in between where there are soft purges, so positions are numbers of purges.
        let position = purge as Position + 1;
        for (bit, slot) in self.processes[0].slots.iter_mut().enumerate() {
            let forgets = config.has(Mutant::SoftClockRestarts) && slot.soft != position;
            if names.meets(Names(1 << bit)) && !forgets {
                slot.hard = slot.hard.max(position);
            }
        }
        self.raise_epoch(0);
    }
}
