//! Ends and starts of processes: kills, backups put back, hand-overs, and what a start believes.

use crate::config::{Config, Mutant};
use crate::state::{Disk, Life, Process, Row, Slot, Snapshot, State};

impl State {
    /// Everything before the first start, and that start.
    pub fn new(config: &Config) -> State {
        let mut disk = Disk::default();
        let process = start(&mut disk, config);
        State {
            processes: vec![process],
            requests: Vec::new(),
            disk,
            left: config.bounds,
            truth: crate::state::Truth::default(),
        }
    }

    /// Kills the only process and starts another. What the platter had not yet may be lost.
    pub fn kill(&mut self, loses: bool, config: &Config) {
        self.left.restarts -= 1;
        for place in &mut self.disk.cache {
            let before = place.before.take();
            if let Some(before) = before.filter(|_| loses) {
                place.row = before;
            }
        }
        if config.erase && !config.has(Mutant::OrphansStay) {
            for place in &mut self.disk.cache {
                let named = place.row.map(|row| row.body);
                place.bodies.retain(|(number, _)| Some(*number) == named);
            }
        }
        self.requests.clear();
        self.outlive();
        self.processes = vec![start(&mut self.disk, config)];
    }

    fn outlive(&mut self) {
        for purge in self.truth.purges.iter_mut().take(usize::from(self.truth.effective)) {
            purge.outlived = true;
        }
    }

    /// Copies the log. The copy names no run, so that no cache counts as known to it.
    pub fn back_up(&mut self, config: &Config) {
        self.left.backups -= 1;
        let runs = if config.has(Mutant::BackupKeepsRuns) { self.disk.runs } else { 0 };
        self.disk.backup = Some((self.disk.records.clone(), self.disk.log, runs));
    }

    /// Ends the process, puts the copy in the log's place and starts again. The cache stays.
    pub fn put_back(&mut self, config: &Config) {
        if let Some((records, log, runs)) = self.disk.backup.take() {
            self.disk.records = records;
            self.disk.log = log;
            self.disk.runs = runs;
            self.kill(false, config);
        }
    }

    /// Saves the index in two steps: the head first, the slots then (rule L7).
    pub fn snapshot(&mut self, process: usize, config: &Config) {
        let holder = &mut self.processes[process];
        let late = config.has(Mutant::SnapshotHeadLast);
        let Some(begun) = holder.snapshot.take() else {
            self.left.snapshots -= 1;
            holder.snapshot = Some(Snapshot {
                log: holder.log,
                head: (!late).then_some(holder.head),
                slots: late.then_some(holder.slots),
            });
            return;
        };
        self.disk.snapshot = Some(Snapshot {
            log: begun.log,
            head: begun.head.or(Some(holder.head)),
            slots: begun.slots.or(Some(holder.slots)),
        });
    }

    /// A second process is started beside the first.
    pub fn begin_hand_over(&mut self, config: &Config) {
        self.left.hand_overs -= 1;
        let process = match config.mutant {
            Some(Mutant::ServeBeside) => start(&mut self.disk, config),
            Some(Mutant::ReplayBeforeLock) => Process { life: Life::Waiting, ..start(&mut self.disk, config) },
            _ => Process { life: Life::Waiting, ..Process::empty(self.disk.log) },
        };
        self.processes.push(process);
    }

    /// The old process accepts nothing any more.
    pub fn leave(&mut self) {
        self.processes[0].life = Life::Leaving;
    }

    /// The old process has answered everybody and gives up the lock; the new one takes it, replays, and serves.
    pub fn hand_over(&mut self, config: &Config) {
        self.processes.remove(0);
        for request in &mut self.requests {
            request.process = 0;
        }
        self.outlive();
        if self.processes[0].life == Life::Waiting {
            if config.has(Mutant::ReplayBeforeLock) {
                self.processes[0].life = Life::Serving;
            } else {
                self.processes[0] = start(&mut self.disk, config);
            }
        }
    }
}

impl Process {
    fn empty(log: u8) -> Process {
        Process {
            life: Life::Serving,
            log,
            head: 0,
            floor: 0,
            slots: [Slot::default(); 4],
            last: 0,
            applying: None,
            memory: [None; 3],
            flights: Vec::new(),
            queue: Vec::new(),
            writing: None,
            sweep: None,
            snapshot: None,
        }
    }
}

/// A start: decides whether the cache is believed, marks the run, and replays (rules L1, L7 and P1).
fn start(disk: &mut Disk, config: &Config) -> Process {
    if is_cold(disk, config) {
        for place in &mut disk.cache {
            place.set_row(None);
        }
        disk.log = disk.starts + 1;
    }
    disk.runs |= 1 << disk.starts;
    disk.mark = Some(disk.starts);
    disk.starts += 1;

    let mut process = Process::empty(disk.log);
    process.floor = disk.floor;
    if let Some(Snapshot { log, head: Some(head), slots: Some(slots) }) = disk.snapshot
        && log == disk.log
    {
        process.head = head;
        process.slots = slots;
    }
    for record in disk.records.iter().filter(|record| record.position > process.head).copied().collect::<Vec<_>>() {
        for slot in (0..process.slots.len()).filter(|slot| record.names.0 >> slot & 1 == 1) {
            process.raise(slot, record, config);
        }
    }
    process.last = disk.records.last().map_or(0, |record| record.position).max(process.head);
    process.head = process.last;
    process
}

fn is_cold(disk: &Disk, config: &Config) -> bool {
    let Some(run) = disk.mark else { return disk.starts > 0 };
    let known = disk.runs >> run & 1 == 1;
    let rows = disk.cache.iter().flat_map(|place| place.row);
    let seen = rows.filter(|row| row.log == disk.log).map(|row: Row| row.stamp).max().unwrap_or(0);
    let ahead = seen > disk.records.last().map_or(0, |record| record.position);
    (!known || ahead) && !config.has(Mutant::RewoundSameLog)
}
