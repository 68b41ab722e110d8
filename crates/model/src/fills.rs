//! Requests, flights and fills: what `cache` and `engine` do, one step at a time.

use crate::config::{Config, Mutant};
use crate::index::Verdict;
use crate::state::{At, Entry, Flight, Getter, Key, Names, Phase, Position, Request, Row, State, Wrong};

/// Somebody who wants an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// A request, by its place.
    Request(u8),
    /// The fill of a derivative, by process and flight.
    Fill(u8, u8),
}

/// Flights of one key at a time (rule F4).
const PER_KEY: usize = 2;

impl State {
    /// A request arrives.
    pub fn begin_request(&mut self, process: usize, config: &Config) {
        self.left.requests -= 1;
        let lapsed = self.truth.purges.iter().enumerate().map(|(n, p)| u8::from(p.lapsed) << n).sum();
        let getter = Getter { arrived: self.processes[process].now(config), at_least: 0, at: At::Look };
        self.requests.push(Request { process: process as u8, effective: self.truth.effective, lapsed, getter });
        if !config.fine {
            self.look(Who::Request(self.requests.len() as u8 - 1), config);
        }
    }

    /// Where somebody who wants an entry stands: process, what it wants, how far it is.
    pub fn getter(&self, who: Who) -> Option<(usize, Key, Getter)> {
        match who {
            Who::Request(n) => {
                self.requests.get(usize::from(n)).map(|r| (usize::from(r.process), Key::Derivative, r.getter))
            }
            Who::Fill(process, id) => {
                let flight = self.processes[usize::from(process)].flights.iter().find(|f| f.id == id)?;
                match flight.phase {
                    Phase::Gather { wants, getter, .. } => Some((usize::from(process), wants, getter)),
                    _ => None,
                }
            }
        }
    }

    fn set_at(&mut self, who: Who, now: At) {
        match who {
            Who::Request(n) => self.requests[usize::from(n)].getter.at = now,
            Who::Fill(process, id) => {
                if let Some(flight) = self.flight_mut(usize::from(process), id)
                    && let Phase::Gather { getter, .. } = &mut flight.phase
                {
                    getter.at = now;
                }
            }
        }
    }

    fn flight_mut(&mut self, process: usize, id: u8) -> Option<&mut Flight> {
        self.processes[process].flights.iter_mut().find(|f| f.id == id)
    }

    /// Looks in memory, and joins or starts a flight if there is nothing to take.
    pub fn look(&mut self, who: Who, config: &Config) {
        let Some((process, key, _)) = self.getter(who) else { return };
        let holder = &mut self.processes[process];
        let Some(entry) = &mut holder.memory[key as usize] else { return self.join(who, config) };
        if entry.checked {
            let entry = *entry;
            return self.found(who, entry, Verdict::Fresh, config);
        }
        let entry = *entry;
        if config.fine {
            let floor = config.has(Mutant::FloorBeforeProbe).then_some(holder.floor);
            return self.set_at(who, At::Probe { entry, epoch: true, floor });
        }
        let verdict = holder.judge(&entry);
        self.note_checked(process, key, entry, verdict);
        self.found(who, entry, verdict, config);
    }

    /// The second step of a check: the slots.
    pub fn probe(&mut self, who: Who) {
        let Some((process, _, getter)) = self.getter(who) else { return };
        if let At::Probe { entry, epoch, floor } = getter.at {
            let newest = self.processes[process].newest(entry.names);
            self.set_at(who, At::Floor { entry, epoch, newest, floor });
        }
    }

    /// The third step: the floor, and with it the verdict, which is remembered under the epoch of the first step.
    pub fn check_floor(&mut self, who: Who, config: &Config) {
        let Some((process, key, getter)) = self.getter(who) else { return };
        if let At::Floor { entry, epoch, newest, floor } = getter.at {
            let holder = &self.processes[process];
            let verdict = holder.verdict(&entry, newest, floor.unwrap_or(holder.floor));
            if epoch || config.has(Mutant::EpochAfterProbe) {
                self.note_checked(process, key, entry, verdict);
            }
            self.found(who, entry, verdict, config);
        }
    }

    fn note_checked(&mut self, process: usize, key: Key, entry: Entry, verdict: Verdict) {
        if verdict == Verdict::Fresh
            && let Some(held) = self.processes[process].memory[key as usize].as_mut().filter(|held| same(held, &entry))
        {
            held.checked = true;
        }
    }

    fn found(&mut self, who: Who, entry: Entry, verdict: Verdict, config: &Config) {
        let Some((process, key, getter)) = self.getter(who) else { return };
        match verdict {
            Verdict::Fresh if entry.stamp >= getter.at_least => self.take(who, entry, config),
            Verdict::Fresh => self.join(who, config),
            Verdict::Stale => match who {
                Who::Request(_) if config.stale => {
                    self.refresh(process, config);
                    self.take(who, entry, config);
                }
                _ => self.join(who, config),
            },
            Verdict::Purged => {
                let held = &mut self.processes[process].memory[key as usize];
                if held.is_some_and(|held| same(&held, &entry)) && !config.has(Mutant::ValidatorsAfterHard) {
                    *held = None;
                }
                self.join(who, config);
            }
        }
    }

    /// Whoever gets a stale answer sees to it that a new one is being made.
    fn refresh(&mut self, process: usize, config: &Config) {
        let newest = self.processes[process].newest(Key::Derivative.known_names());
        let wanted = newest.hard.max(newest.soft);
        let flights = self.processes[process].flights.iter().filter(|f| f.key == Key::Derivative);
        let (count, fresh) = flights.fold((0, false), |(n, fresh), f| (n + 1, fresh || f.stamp >= wanted));
        if !fresh && count < PER_KEY {
            self.launch(process, Key::Derivative, 0, config);
        }
    }

    /// Joins the newest flight that no known purge has doomed, or starts one, or goes on waiting for a place.
    fn join(&mut self, who: Who, config: &Config) {
        let Some((process, key, getter)) = self.getter(who) else { return };
        let newest = self.processes[process].newest(key.known_names());
        let wanted = newest.hard.max(newest.soft).max(getter.at_least);
        let any = config.joins_any(key);
        let flights = &self.processes[process].flights;
        let joinable = flights.iter().rev().find(|f| f.key == key && (any || f.stamp >= wanted)).map(|f| f.id);
        let full = flights.iter().filter(|f| f.key == key).count() >= PER_KEY && !config.has(Mutant::ThirdFlight);
        match joinable {
            Some(id) => self.set_at(who, At::Wait(id)),
            // Where slots are ahead of the head a flight would begin too early: in vain, and again, until it is published.
            None if full || getter.at_least > self.processes[process].now(config) => self.set_at(who, At::Look),
            None => {
                let id = self.next_flight(process);
                self.set_at(who, At::Wait(id));
                self.launch(process, key, getter.at_least, config);
            }
        }
    }

    fn next_flight(&self, process: usize) -> u8 {
        let flights = &self.processes[process].flights;
        (0..).find(|id| flights.iter().all(|f| f.id != *id)).unwrap_or(u8::MAX)
    }

    fn launch(&mut self, process: usize, key: Key, at_least: Position, config: &Config) {
        let id = self.next_flight(process);
        let stamp = self.processes[process].now(config);
        let flight = Flight { id, key, stamp, at_least, phase: Phase::Begun };
        self.processes[process].flights.push(flight);
        if !config.disk[key as usize] {
            self.work(process, id, config);
        }
    }

    /// The disk tier answers a fill, with one of the bodies that it ever had under the key.
    pub fn read_disk(&mut self, process: usize, id: u8, body: Option<u8>, config: &Config) {
        let Some(flight) = self.processes[process].flights.iter().find(|f| f.id == id).copied() else { return };
        match self.on_disk(process, flight.key, body, config) {
            Some(entry) if entry.stamp >= flight.at_least => {
                self.put(process, flight.key, entry, config);
                self.finish(process, id, entry, config);
            }
            _ => self.work(process, id, config),
        }
    }

    fn on_disk(&mut self, process: usize, key: Key, body: Option<u8>, config: &Config) -> Option<Entry> {
        let holder = &self.processes[process];
        let place = &mut self.disk.cache[key as usize];
        let row = place.row?;
        let entry = body.and_then(|wanted| place.bodies.iter().find(|(number, _)| *number == wanted));
        let (number, entry) = *entry?;
        let entry = Entry { stamp: row.stamp, log: row.log, checked: false, ..entry };
        let named = number == row.body || config.has(Mutant::RowWithoutBody);
        if named && holder.judge(&entry) == Verdict::Fresh {
            return Some(entry);
        }
        // Whoever removes a row takes its body first.
        if config.erase && !config.has(Mutant::ForgottenBodyStays) {
            place.bodies.retain(|(number, _)| *number != row.body);
        }
        place.set_row(None);
        None
    }

    /// Begins the work proper: a request to the origin, or gathering masters.
    fn work(&mut self, process: usize, id: u8, config: &Config) {
        let holder = &self.processes[process];
        let Some(flight) = holder.flights.iter().find(|f| f.id == id).copied() else { return };
        let phase = match flight.key {
            Key::Main | Key::Overlay => Phase::Sent(self.old_entry(process, flight.key, config)),
            Key::Derivative => {
                let newest = holder.newest(Names::EXACT);
                let deep = if config.has(Mutant::ExactTakesOldMaster) { 0 } else { newest.hard.max(newest.soft) };
                let made = Entry {
                    log: holder.log,
                    stamp: flight.stamp,
                    names: Names::EXACT,
                    checked: false,
                    fetched: [0; 2],
                    confirmed: [0; 2],
                };
                let getter = Getter { arrived: holder.now(config), at_least: deep, at: At::Look };
                Phase::Gather { made, wants: Key::Main, getter }
            }
        };
        if let Some(flight) = self.flight_mut(process, id) {
            flight.phase = phase;
        }
        if flight.key == Key::Derivative && !config.fine {
            self.look(Who::Fill(process as u8, id), config);
        }
    }

    /// What a fetch of a master may ask the origin about: a stale entry, never a hard purged one (rule F6).
    fn old_entry(&self, process: usize, key: Key, config: &Config) -> Option<Entry> {
        let holder = &self.processes[process];
        holder.memory[key as usize].filter(|old| match holder.judge(old) {
            Verdict::Stale => config.stale,
            Verdict::Purged => config.has(Mutant::ValidatorsAfterHard),
            Verdict::Fresh => false,
        })
    }

    /// The origin reads its picture for an answer.
    pub fn read_origin(&mut self, process: usize, id: u8, unchanged: bool) {
        let at = self.truth.purges.len() as u8;
        if let Some(flight) = self.flight_mut(process, id)
            && let Phase::Sent(old) = flight.phase
        {
            flight.phase = Phase::Read { at, unchanged: old.filter(|_| unchanged) };
        }
    }

    /// The origin's response is complete.
    pub fn arrive(&mut self, process: usize, id: u8, config: &Config) {
        let holder = &self.processes[process];
        let Some(flight) = holder.flights.iter().find(|f| f.id == id).copied() else { return };
        let Phase::Read { at, unchanged } = flight.phase else { return };
        let place = flight.key as usize;
        let mut entry = unchanged.unwrap_or(Entry {
            log: holder.log,
            stamp: 0,
            names: flight.key.known_names(),
            checked: false,
            fetched: [0; 2],
            confirmed: [0; 2],
        });
        entry.stamp = flight.stamp;
        if unchanged.is_some() && config.has(Mutant::RestampAtArrival) {
            entry.stamp = holder.head;
        }
        if unchanged.is_none() {
            entry.fetched[place] = at;
        }
        entry.confirmed[place] = at;
        if flight.key == Key::Main && config.tags {
            entry.names = entry.names.and(Names::TAG);
        }
        self.made(process, id, entry, config);
    }

    fn made(&mut self, process: usize, id: u8, entry: Entry, config: &Config) {
        if let Some(flight) = self.flight_mut(process, id) {
            flight.phase = Phase::Made(entry);
        }
        // A master's response is judged when it is complete; between that and the store another purge may come.
        if !config.fine && entry.names.meets(Names::EXACT).eq(&false) {
            self.judge_made(process, id, config);
        }
    }

    /// Judges a result under all its names; in one step with storing it, unless steps are small.
    pub fn judge_made(&mut self, process: usize, id: u8, config: &Config) {
        let holder = &self.processes[process];
        let Some(flight) = holder.flights.iter().find(|f| f.id == id).copied() else { return };
        let Phase::Made(mut entry) = flight.phase else { return };
        if config.has(Mutant::StampAtStore) {
            entry.stamp = holder.head;
        }
        let good = holder.judge(&entry) == Verdict::Fresh;
        entry.checked = good;
        if let Some(flight) = self.flight_mut(process, id) {
            flight.phase = Phase::Judged { entry, good };
        }
        if !config.fine {
            self.store(process, id, config);
        }
    }

    /// Stores a judged result and ends the flight.
    pub fn store(&mut self, process: usize, id: u8, config: &Config) {
        let Some(flight) = self.processes[process].flights.iter().find(|f| f.id == id).copied() else { return };
        let Phase::Judged { entry, good } = flight.phase else { return };
        if good && self.put(process, flight.key, entry, config) && config.disk[flight.key as usize] {
            self.processes[process].queue.push((flight.key, Entry { checked: false, ..entry }));
        }
        self.finish(process, id, entry, config);
    }

    fn put(&mut self, process: usize, key: Key, entry: Entry, config: &Config) -> bool {
        let holder = &mut self.processes[process];
        let newer = holder.memory[key as usize]
            .is_some_and(|held| held.stamp > entry.stamp && holder.judge(&held) == Verdict::Fresh);
        if newer && !config.has(Mutant::LowerStampReplaces) {
            return false;
        }
        if newer {
            self.truth.wrong = self.truth.wrong.or(Some(Wrong::Older));
        }
        holder.memory[key as usize] = Some(entry);
        true
    }

    fn finish(&mut self, process: usize, id: u8, entry: Entry, config: &Config) {
        let holder = &mut self.processes[process];
        let Some(place) = holder.flights.iter().position(|f| f.id == id) else { return };
        let flight = holder.flights.remove(place);
        let got = At::Got { entry: Entry { checked: false, ..entry }, flight: flight.stamp };
        for other in &mut holder.flights {
            if let Phase::Gather { getter, wants, .. } = &mut other.phase
                && *wants == flight.key
                && getter.at == At::Wait(id)
            {
                getter.at = got;
            }
        }
        let mut n = 0;
        while n < self.requests.len() {
            let request = &mut self.requests[n];
            if usize::from(request.process) == process && request.getter.at == At::Wait(id) {
                request.getter.at = got;
                let before = self.requests.len();
                if !config.fine {
                    self.pick_up(Who::Request(n as u8), config);
                }
                if self.requests.len() < before {
                    continue;
                }
            }
            n += 1;
        }
    }

    /// One who waited takes the outcome, or finds that it came too late for this flight (rule F3).
    pub fn pick_up(&mut self, who: Who, config: &Config) {
        let Some((process, key, getter)) = self.getter(who) else { return };
        let At::Got { entry, flight } = getter.at else { return };
        let unchecked = config.joins_any(key) || config.has(Mutant::AnswerUnchecked);
        let in_time = flight >= getter.arrived || unchecked || self.processes[process].judge(&entry) == Verdict::Fresh;
        let recent = entry.stamp >= getter.at_least || config.joins_any(key);
        if in_time && recent {
            return self.take(who, entry, config);
        }
        self.set_at(who, At::Look);
        if !config.fine {
            self.look(who, config);
        }
    }

    fn take(&mut self, who: Who, entry: Entry, config: &Config) {
        match who {
            Who::Request(n) => {
                let request = self.requests.remove(usize::from(n));
                self.truth.wrong = self.truth.wrong.or_else(|| self.wrong_with(&request, &entry, config));
            }
            Who::Fill(process, id) => self.gather(usize::from(process), id, entry, config),
        }
    }

    fn gather(&mut self, process: usize, id: u8, master: Entry, config: &Config) {
        let now = self.processes[process].now(config);
        let Some(flight) = self.flight_mut(process, id) else { return };
        let Phase::Gather { made, wants, getter } = &mut flight.phase else { return };
        if config.has(Mutant::LeastStamp) {
            made.stamp = made.stamp.min(master.stamp);
        }
        let hidden = match wants {
            Key::Overlay if config.has(Mutant::DependencyForgotten) => Names::OVERLAY,
            _ if config.has(Mutant::TagsNotInherited) => Names::TAG,
            _ => Names::NONE,
        };
        made.names = made.names.and(master.names.without(hidden));
        let place = *wants as usize;
        made.fetched[place] = master.fetched[place];
        made.confirmed[place] = master.confirmed[place];
        if *wants == Key::Main && config.overlay {
            *wants = Key::Overlay;
            *getter = Getter { arrived: now, at: At::Look, ..*getter };
            if !config.fine {
                self.look(Who::Fill(process as u8, id), config);
            }
            return;
        }
        let made = *made;
        self.made(process, id, made, config);
    }

    /// Holds an answer against what really happened.
    fn wrong_with(&self, request: &Request, entry: &Entry, config: &Config) -> Option<Wrong> {
        let effective = self.truth.purges.iter().enumerate().take(usize::from(request.effective));
        for (n, purge) in effective {
            let lapsed = request.lapsed >> n & 1 == 1;
            if !purge.hard && !lapsed {
                continue;
            }
            let of = if purge.hard { entry.fetched } else { entry.confirmed };
            if is_older(of, purge.names, n as u8 + 1, config) {
                return Some(match (purge.hard, purge.outlived) {
                    (false, _) => Wrong::StaleTooLong,
                    (true, true) => Wrong::Forgotten,
                    (true, false) => Wrong::Stale,
                });
            }
        }
        None
    }
}

/// Whether bytes read when so many purges had been accepted are older than one that names what they were made of.
pub fn is_older(read: [u8; 2], named: Names, purge: u8, config: &Config) -> bool {
    let main = Names::MAIN.and(Names::EXACT).and(if config.tags { Names::TAG } else { Names::NONE });
    let overlay = Names::OVERLAY.and(Names::EXACT);
    read[0] < purge && named.meets(main) || config.overlay && read[1] < purge && named.meets(overlay)
}

impl crate::state::OnDisk {
    /// Changes the row; a crash may undo that.
    pub fn set_row(&mut self, row: Option<Row>) {
        self.before = Some(self.row);
        self.row = row;
    }
}

fn same(a: &Entry, b: &Entry) -> bool {
    Entry { checked: false, ..*a } == Entry { checked: false, ..*b }
}

impl Config {
    fn joins_any(&self, key: Key) -> bool {
        match key {
            Key::Derivative => self.has(Mutant::JoinOldDerivative),
            Key::Main | Key::Overlay => self.has(Mutant::JoinOldMaster),
        }
    }
}
