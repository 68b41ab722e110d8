//! The steps that are possible in a state, and the promises that every state is held against.

use stateright::{Checker as _, HasDiscoveries, Model, Path, Property};

use crate::config::{Config, Mutant, Promise};
use crate::fills::Who;
use crate::state::{At, Key, Life, Phase, State, Sweep, Wrong};

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Step {
    Request { process: u8 },
    Look(Who),
    Probe(Who),
    CheckFloor(Who),
    PickUp(Who),
    ReadDisk { process: u8, flight: u8, body: Option<u8> },
    ReadOrigin { process: u8, flight: u8, unchanged: bool },
    Arrive { process: u8, flight: u8 },
    Judge { process: u8, flight: u8 },
    Store { process: u8, flight: u8 },
    Purge { process: u8, target: u8, fails: bool },
    WriteSlot { process: u8 },
    Publish { process: u8 },
    LogLate { process: u8 },
    Lapse { purge: u8 },
    Evict { process: u8, key: Key },
    PutRow { process: u8 },
    WriteDisk { process: u8 },
    BeginSweep { process: u8 },
    Sweep { process: u8 },
    RaiseFloor { process: u8 },
    DropRecords { process: u8 },
    Snapshot { process: u8 },
    BackUp,
    PutBack,
    Kill { loses: bool },
    BeginHandOver,
    Leave,
    HandOver,
}

impl Model for Config {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self)]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.truth.wrong.is_some() {
            return;
        }
        for process in 0..state.processes.len() as u8 {
            self.outside(state, process, steps);
            self.purging(state, process, steps);
            self.flying(state, process, steps);
            self.disk_work(state, process, steps);
        }
        for n in 0..state.requests.len() as u8 {
            self.getting(state, Who::Request(n), steps);
        }
        self.world(state, steps);
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        self.take_step(&mut state, step);
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Config>> {
        vec![
            Property::always(Promise::Fresh.name(), |_, s: &State| s.truth.wrong != Some(Wrong::Stale)),
            Property::always(Promise::Remembered.name(), |_, s: &State| s.truth.wrong != Some(Wrong::Forgotten)),
            Property::always(Promise::StaleInTime.name(), |_, s: &State| s.truth.wrong != Some(Wrong::StaleTooLong)),
            Property::always(Promise::NotOlder.name(), |_, s: &State| s.truth.wrong != Some(Wrong::Older)),
            Property::always(Promise::Erased.name(), |c, s: &State| !s.holds_erased(c)),
            Property::always(Promise::TwoFlights.name(), |_, s: &State| {
                s.processes
                    .iter()
                    .all(|p| Key::ALL.iter().all(|k| p.flights.iter().filter(|f| f.key == *k).count() <= 2))
            }),
            Property::always("nobody waits for nothing", |_, s: &State| nobody_is_lost(s)),
            Property::always("the floor is not above the head", |_, s: &State| {
                s.processes.iter().all(|p| p.life == Life::Waiting || p.floor <= p.head)
            }),
            Property::sometimes("everybody was answered after all purges", |c: &Config, s: &State| {
                s.left.requests == 0 && s.requests.is_empty() && usize::from(s.truth.effective) == c.purges
            }),
            Property::sometimes("a doomed and a joinable flight of one key", |_, s: &State| {
                s.processes.iter().any(|p| p.flights.iter().filter(|f| f.key == Key::Derivative).count() == 2)
            }),
            Property::sometimes("a result was judged and found purged", |c: &Config, s: &State| {
                c.fine_or(s, |s| {
                    s.processes
                        .iter()
                        .flat_map(|p| &p.flights)
                        .any(|f| matches!(f.phase, Phase::Judged { good: false, .. }))
                })
            }),
            Property::sometimes("a fill older than the floor is under way", |c: &Config, s: &State| {
                c.bounds.sweeps == 0
                    || c.erase
                    || s.processes.iter().any(|p| p.flights.iter().any(|f| f.stamp < p.floor))
            }),
            Property::sometimes("a row was re-stamped", |c: &Config, s: &State| {
                c.bounds.sweeps == 0
                    || !c.disk[2]
                    || c.targets.len() < 2
                    || s.disk.cache[2].row.is_some_and(|row| {
                        s.disk.cache[2].bodies.iter().any(|(number, e)| *number == row.body && e.stamp < row.stamp)
                    })
            }),
            Property::sometimes("an older body lies beside the one that its row names", |c: &Config, s: &State| {
                !c.disk[2] || s.disk.cache.iter().any(|d| d.row.is_some() && d.bodies.len() == 2)
            }),
            Property::sometimes("a purge outlived its process, and the cache is believed", |c: &Config, s: &State| {
                c.bounds.restarts == 0
                    || s.disk.log == 0 && s.disk.cache[2].row.is_some() && s.truth.purges.iter().any(|p| p.outlived)
            }),
            Property::sometimes("a start was cold", |c: &Config, s: &State| {
                c.bounds.backups + c.bounds.failures == 0 || s.disk.log > 0
            }),
            Property::sometimes("a purge was erased while an older fill is under way", |c: &Config, s: &State| {
                !c.erase
                    || s.truth.purges.first().is_some_and(|p| p.erased)
                        && s.processes.iter().any(|p| p.flights.iter().any(|f| f.stamp == 0))
            }),
            Property::sometimes("old and new process live side by side", |c: &Config, s: &State| {
                c.bounds.hand_overs == 0 || s.processes.len() == 2 && s.processes[0].life == Life::Leaving
            }),
            Property::sometimes("a 304 is on its way while a hard purge is effective", |c: &Config, s: &State| {
                !c.stale
                    || s.truth.purges.iter().take(usize::from(s.truth.effective)).any(|p| p.hard)
                        && s.processes[0]
                            .flights
                            .iter()
                            .any(|f| matches!(f.phase, Phase::Read { unchanged: Some(_), .. }))
            }),
        ]
    }
}

fn nobody_is_lost(state: &State) -> bool {
    let there = |process: usize, at: At| match at {
        At::Wait(id) => state.processes[process].flights.iter().any(|f| f.id == id),
        _ => true,
    };
    let fills = state.processes.iter().enumerate().flat_map(|(n, p)| p.flights.iter().map(move |f| (n, f.phase)));
    state.requests.iter().all(|r| there(usize::from(r.process), r.getter.at))
        && fills.into_iter().all(|(n, phase)| match phase {
            Phase::Gather { getter, .. } => there(n, getter.at),
            _ => true,
        })
}

impl Config {
    /// A situation that can only be seen where steps are small.
    fn fine_or(&self, state: &State, seen: impl Fn(&State) -> bool) -> bool {
        !self.fine || seen(state)
    }

    fn outside(&self, state: &State, process: u8, steps: &mut Vec<Step>) {
        let holder = &state.processes[usize::from(process)];
        if holder.life != Life::Serving {
            return;
        }
        if state.left.requests > 0 && state.requests.len() < self.at_once {
            steps.push(Step::Request { process });
        }
        let idle = state.processes.iter().all(|p| p.applying.is_none());
        if idle && state.truth.purges.len() < self.purges {
            for target in 0..self.targets.len() as u8 {
                steps.push(Step::Purge { process, target, fails: false });
                if state.left.failures > 0 {
                    steps.push(Step::Purge { process, target, fails: true });
                }
            }
        }
    }

    fn purging(&self, state: &State, process: u8, steps: &mut Vec<Step>) {
        let Some(applying) = state.processes[usize::from(process)].applying else { return };
        let slots_done = applying.left.first().is_none();
        if applying.published && slots_done {
            steps.push(Step::LogLate { process });
        } else if applying.published || !slots_done && !self.has(Mutant::HeadBeforeSlot) {
            steps.push(Step::WriteSlot { process });
        } else {
            steps.push(Step::Publish { process });
        }
    }

    fn flying(&self, state: &State, process: u8, steps: &mut Vec<Step>) {
        for flight in &state.processes[usize::from(process)].flights {
            let id = flight.id;
            match flight.phase {
                Phase::Begun => {
                    let bodies = &state.disk.cache[flight.key as usize].bodies;
                    let named = state.disk.cache[flight.key as usize].row.is_some();
                    steps.extend(bodies.iter().filter(|_| named).map(|(body, _)| Step::ReadDisk {
                        process,
                        flight: id,
                        body: Some(*body),
                    }));
                    if bodies.is_empty() || !named {
                        steps.push(Step::ReadDisk { process, flight: id, body: None });
                    }
                }
                Phase::Sent(old) => {
                    steps.push(Step::ReadOrigin { process, flight: id, unchanged: false });
                    if old.is_some() {
                        steps.push(Step::ReadOrigin { process, flight: id, unchanged: true });
                    }
                }
                Phase::Read { .. } => steps.push(Step::Arrive { process, flight: id }),
                Phase::Gather { .. } => self.getting(state, Who::Fill(process, id), steps),
                Phase::Made(_) => steps.push(Step::Judge { process, flight: id }),
                Phase::Judged { .. } => steps.push(Step::Store { process, flight: id }),
            }
        }
    }

    fn getting(&self, state: &State, who: Who, steps: &mut Vec<Step>) {
        let Some((_, _, getter)) = state.getter(who) else { return };
        match getter.at {
            At::Look => steps.push(Step::Look(who)),
            At::Probe { .. } => steps.push(Step::Probe(who)),
            At::Floor { .. } => steps.push(Step::CheckFloor(who)),
            At::Got { .. } => steps.push(Step::PickUp(who)),
            At::Wait(_) => {}
        }
    }

    fn disk_work(&self, state: &State, process: u8, steps: &mut Vec<Step>) {
        let holder = &state.processes[usize::from(process)];
        if holder.life == Life::Waiting {
            return;
        }
        if state.left.evictions > 0 {
            let held = Key::ALL.into_iter().filter(|key| holder.memory[*key as usize].is_some());
            steps.extend(held.map(|key| Step::Evict { process, key }));
        }
        if holder.writing.is_some() {
            steps.push(Step::PutRow { process });
        } else if !holder.queue.is_empty() {
            steps.push(Step::WriteDisk { process });
        }
        match holder.sweep {
            None => {
                let waits = holder.writing.is_some() && !self.has(Mutant::SweepBesideWriter);
                if state.left.sweeps > 0 && holder.head > holder.floor && !waits {
                    steps.push(Step::BeginSweep { process });
                }
            }
            Some(Sweep::At { .. }) => steps.push(Step::Sweep { process }),
            // The floor is looked at elsewhere.
            Some(Sweep::Done(_)) if self.erase => {}
            Some(Sweep::Done(_)) if self.has(Mutant::DropBeforeFloor) || self.has(Mutant::DropAfterSweep) => {
                steps.push(Step::DropRecords { process });
            }
            Some(Sweep::Done(_)) => steps.push(Step::RaiseFloor { process }),
            Some(Sweep::Raised(_)) if self.has(Mutant::DropBeforeFloor) => steps.push(Step::RaiseFloor { process }),
            Some(Sweep::Raised(_)) => steps.push(Step::DropRecords { process }),
        }
        if holder.snapshot.is_some() || state.left.snapshots > 0 {
            steps.push(Step::Snapshot { process });
        }
    }

    fn world(&self, state: &State, steps: &mut Vec<Step>) {
        for (n, purge) in state.truth.purges.iter().enumerate().take(usize::from(state.truth.effective)) {
            if !purge.hard && !purge.lapsed {
                steps.push(Step::Lapse { purge: n as u8 });
            }
        }
        if state.left.backups > 0 {
            steps.push(Step::BackUp);
        }
        if state.left.restarts > 0 {
            steps.push(Step::Kill { loses: false });
            if state.disk.cache.iter().any(|d| d.before.is_some()) {
                steps.push(Step::Kill { loses: true });
            }
            if state.disk.backup.is_some() {
                steps.push(Step::PutBack);
            }
        }
        if state.left.hand_overs > 0 && state.processes.len() == 1 {
            steps.push(Step::BeginHandOver);
        }
        if state.processes.len() == 2 {
            match state.processes[0].life {
                Life::Leaving => {
                    let done = state.processes[0].applying.is_none() && state.requests.iter().all(|r| r.process == 1);
                    if done {
                        steps.push(Step::HandOver);
                    }
                }
                _ => steps.push(Step::Leave),
            }
        }
    }

    fn take_step(&self, state: &mut State, step: Step) {
        match step {
            Step::Request { process } => state.begin_request(usize::from(process), self),
            Step::Look(who) => state.look(who, self),
            Step::Probe(who) => state.probe(who),
            Step::CheckFloor(who) => state.check_floor(who, self),
            Step::PickUp(who) => state.pick_up(who, self),
            Step::ReadDisk { process, flight, body } => state.read_disk(usize::from(process), flight, body, self),
            Step::ReadOrigin { process, flight, unchanged } => {
                state.read_origin(usize::from(process), flight, unchanged);
            }
            Step::Arrive { process, flight } => state.arrive(usize::from(process), flight, self),
            Step::Judge { process, flight } => state.judge_made(usize::from(process), flight, self),
            Step::Store { process, flight } => state.store(usize::from(process), flight, self),
            Step::Purge { process, target, fails } => {
                let (names, hard) = self.targets[usize::from(target)];
                state.accept(usize::from(process), names, hard, fails, self);
            }
            Step::WriteSlot { process } => state.write_slot(usize::from(process), self),
            Step::Publish { process } => state.publish(usize::from(process)),
            Step::LogLate { process } => state.log_late(usize::from(process)),
            Step::Lapse { purge } => state.lapse(usize::from(purge), self),
            Step::Evict { process, key } => {
                state.left.evictions -= 1;
                state.processes[usize::from(process)].memory[key as usize] = None;
            }
            Step::PutRow { process } => state.put_row(usize::from(process), self),
            Step::WriteDisk { process } => state.write(usize::from(process), self),
            Step::BeginSweep { process } => state.begin_sweep(usize::from(process)),
            Step::Sweep { process } => state.sweep(usize::from(process), self),
            Step::RaiseFloor { process } => state.raise_floor(usize::from(process), self),
            Step::DropRecords { process } => state.drop_records(usize::from(process), self),
            Step::Snapshot { process } => state.snapshot(usize::from(process), self),
            Step::BackUp => state.back_up(self),
            Step::PutBack => state.put_back(self),
            Step::Kill { loses } => state.kill(loses, self),
            Step::BeginHandOver => state.begin_hand_over(self),
            Step::Leave => state.leave(),
            Step::HandOver => state.hand_over(self),
        }
    }
}

/// A way from the first state to another.
pub type Way = Path<State, Step>;

/// What an exploration found.
pub struct Found {
    /// Different states visited.
    pub states: usize,
    /// The longest of the shortest ways to a state, in steps.
    pub depth: usize,
    /// Broken promises, each with a shortest way there.
    pub broken: Vec<(&'static str, Way)>,
    /// Situations that were expected and never came up.
    pub unseen: Vec<&'static str>,
}

/// Explores every state, or stops at the first broken promise.
pub fn explore(config: Config) -> Found {
    let checker = config.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let mut found = Found {
        states: checker.unique_state_count(),
        depth: checker.max_depth().saturating_sub(1),
        broken: Vec::new(),
        unseen: Vec::new(),
    };
    let mut discoveries = checker.discoveries();
    for property in config.properties() {
        match (property.expectation.discovery_is_failure(), discoveries.remove(property.name)) {
            (true, Some(path)) => found.broken.push((property.name, path)),
            (false, None) => found.unseen.push(property.name),
            _ => {}
        }
    }
    found
}
