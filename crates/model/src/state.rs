//! What the model remembers between two steps. Everything is small and copied whole; what only the properties look at, and
//! no rule may use, stands in [`Truth`] and in fields called `fetched` and `confirmed`.

/// A position in the log.
pub type Position = u8;

/// What is cached: two masters and the one derivative that is made of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// The main master.
    Main,
    /// The master of an overlay.
    Overlay,
    /// The derivative.
    Derivative,
}

impl Key {
    /// Every key.
    pub const ALL: [Key; 3] = [Key::Main, Key::Overlay, Key::Derivative];

    /// The names under which its bytes are known before they are there. The main master's tag is not among them: the
    /// origin tells it with the bytes.
    pub fn known_names(self) -> Names {
        match self {
            Key::Main => Names::MAIN,
            Key::Overlay => Names::OVERLAY,
            Key::Derivative => Names::EXACT.and(Names::MAIN).and(Names::OVERLAY),
        }
    }
}

/// A set of names that a purge may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Names(pub u8);

impl Names {
    /// None.
    pub const NONE: Names = Names(0);
    /// The main master.
    pub const MAIN: Names = Names(1);
    /// The overlay's master.
    pub const OVERLAY: Names = Names(2);
    /// The tag that every body of the main master carries.
    pub const TAG: Names = Names(4);
    /// The derivative by its exact name.
    pub const EXACT: Names = Names(8);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Names) -> Names {
        Names(self.0 | other.0)
    }

    /// Without the others.
    #[must_use]
    pub const fn without(self, other: Names) -> Names {
        Names(self.0 & !other.0)
    }

    /// Whether the sets share a name.
    pub const fn meets(self, other: Names) -> bool {
        self.0 & other.0 != 0
    }

    /// The first of them, as a place in [`Process::slots`].
    pub const fn first(self) -> Option<usize> {
        if self.0 == 0 { None } else { Some(self.0.trailing_zeros() as usize) }
    }
}

/// Some cached bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The identity of the log in which the stamp counts.
    pub log: u8,
    /// As of when it is good.
    pub stamp: Position,
    /// The names that the system recorded for it.
    pub names: Names,
    /// Judged fresh under the present epoch: the next check does not look at the index. In the real index that is a number
    /// kept in the entry and compared; here every raise of the epoch clears this field.
    pub checked: bool,
    /// How many purges had been accepted when the bytes of main master and overlay left the origin.
    pub fetched: [u8; 2],
    /// The same, or later: when the origin last said that they are unchanged.
    pub confirmed: [u8; 2],
}

/// The newest purges of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Slot {
    /// Hard.
    pub hard: Position,
    /// Soft.
    pub soft: Position,
}

/// A purge in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Record {
    /// Its place in the log.
    pub position: Position,
    /// What it names.
    pub names: Names,
    /// Hard or soft.
    pub hard: bool,
}

/// Somebody who wants an entry: a request, or the fill of a derivative that needs a master.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Getter {
    /// The head when it came.
    pub arrived: Position,
    /// Nothing with a smaller stamp is taken.
    pub at_least: Position,
    /// How far it is.
    pub at: At,
}

/// How far somebody who wants an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum At {
    /// About to look in memory, and to join or start a flight.
    Look,
    /// Has found an entry in memory and loaded the epoch; the index comes next.
    Probe {
        /// What it found.
        entry: Entry,
        /// Nothing has raised the epoch since it was loaded.
        epoch: bool,
        /// The floor, where a mutant has read it already.
        floor: Option<Position>,
    },
    /// Has read the slots; the floor comes next, and then the verdict.
    Floor {
        /// What it found.
        entry: Entry,
        /// Nothing has raised the epoch since it was loaded.
        epoch: bool,
        /// The newest purges of the entry's names.
        newest: Slot,
        /// The floor, where a mutant has read it already.
        floor: Option<Position>,
    },
    /// Waits for a flight.
    Wait(u8),
    /// The flight has ended.
    Got {
        /// Its outcome.
        entry: Entry,
        /// Its stamp.
        flight: Position,
    },
}

/// A request for the derivative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Request {
    /// The process that has accepted it.
    pub process: u8,
    /// How many purges had been reported effective when it began.
    pub effective: u8,
    /// Which soft purges had lapsed by then, a bit each.
    pub lapsed: u8,
    /// Where it stands.
    pub getter: Getter,
}

/// A fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flight {
    /// To tell it from others of its process.
    pub id: u8,
    /// What it fills.
    pub key: Key,
    /// The head at its start.
    pub stamp: Position,
    /// Nothing on disk with a smaller stamp is taken.
    pub at_least: Position,
    /// How far it is.
    pub phase: Phase,
}

/// How far a fill is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Begun; looks on disk first.
    Begun,
    /// The request to the origin is on its way, with validators if there is an old entry.
    Sent(Option<Entry>),
    /// The origin has read its picture; the response is on its way back.
    Read {
        /// Purges accepted when it did.
        at: u8,
        /// The old entry, where the answer is 304.
        unchanged: Option<Entry>,
    },
    /// A derivative gathers its masters.
    Gather {
        /// What it is so far.
        made: Entry,
        /// The one it wants now.
        wants: Key,
        /// How far it is with that.
        getter: Getter,
    },
    /// The result is there and has not been judged.
    Made(Entry),
    /// It has been judged.
    Judged {
        /// The result.
        entry: Entry,
        /// Whether it may be stored.
        good: bool,
    },
}

/// A purge that is being applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Applying {
    /// What is applied.
    pub record: Record,
    /// Slots that are still to be written.
    pub left: Names,
    /// Whether the head has been published.
    pub published: bool,
    /// Whether it stands in the log.
    pub logged: bool,
}

/// How far the sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sweep {
    /// At a key, with the head that was read when it began.
    At {
        /// The row it looks at next.
        key: Key,
        /// Everything below is to be deleted or re-stamped.
        up_to: Position,
        /// The body of a row that was found good, and has not been written back.
        good: Option<u8>,
    },
    /// All rows are done.
    Done(Position),
    /// The floor is raised; the records below it are still held.
    Raised(Position),
}

/// Whether a process serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Life {
    /// It holds the lock and serves.
    Serving,
    /// It waits for the lock.
    Waiting,
    /// It accepts no purge and no request any more, and finishes those that it has.
    Leaving,
}

/// Everything that a process holds in memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Process {
    /// Whether it serves.
    pub life: Life,
    /// The identity of its log.
    pub log: u8,
    /// The applied head.
    pub head: Position,
    /// No stamp below is good.
    pub floor: Position,
    /// The index: newest purges by name, in the order of the bits of [`Names`].
    pub slots: [Slot; 4],
    /// The last position that the writer has given.
    pub last: Position,
    /// The purge being applied.
    pub applying: Option<Applying>,
    /// The memory tier.
    pub memory: [Option<Entry>; 3],
    /// Fills under way, oldest first.
    pub flights: Vec<Flight>,
    /// What waits to be written to disk.
    pub queue: Vec<(Key, Entry)>,
    /// A body that was written and whose row has not been put: its key and number, and what the row will say.
    pub writing: Option<(Key, Row)>,
    /// The sweep.
    pub sweep: Option<Sweep>,
    /// A snapshot of the index being taken: what was read first.
    pub snapshot: Option<Snapshot>,
}

/// A row of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    /// The body that it names.
    pub body: u8,
    /// The stamp, which re-stamping raises.
    pub stamp: Position,
    /// The log in which it counts.
    pub log: u8,
}

/// What lies on disk under one key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct OnDisk {
    /// Its row.
    pub row: Option<Row>,
    /// The row before the last change, which has not reached the platter: a crash may bring it back.
    pub before: Option<Option<Row>>,
    /// Bodies with their numbers, oldest first. A read may give any of them.
    pub bodies: Vec<(u8, Entry)>,
}

/// A saved index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Snapshot {
    /// Its log.
    pub log: u8,
    /// Its head; `None` while a mutant has not read it.
    pub head: Option<Position>,
    /// Its slots; `None` while they have not been read.
    pub slots: Option<[Slot; 4]>,
}

/// What is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Disk {
    /// The purge log.
    pub records: Vec<Record>,
    /// Its identity.
    pub log: u8,
    /// The runs that it knows, a bit each.
    pub runs: u8,
    /// The durable floor.
    pub floor: Position,
    /// How often a process has begun to use the folder; new identities of runs and logs are made of it.
    pub starts: u8,
    /// The run that last used the cache folder.
    pub mark: Option<u8>,
    /// Catalogue and bodies.
    pub cache: [OnDisk; 3],
    /// The last snapshot of the index.
    pub snapshot: Option<Snapshot>,
    /// A backup of the log: records, identity, runs.
    pub backup: Option<(Vec<Record>, u8, u8)>,
}

/// What really happened. No rule of the system may look here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Truth {
    /// All purges in the order of acceptance.
    pub purges: Vec<Purge>,
    /// How many of them have been reported effective.
    pub effective: u8,
    /// What has gone wrong.
    pub wrong: Option<Wrong>,
}

/// A purge as those outside see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Purge {
    /// What it names.
    pub names: Names,
    /// Hard or soft.
    pub hard: bool,
    /// The time for which stale bytes may be served is over.
    pub lapsed: bool,
    /// Reported erased.
    pub erased: bool,
    /// A process has ended since it was reported effective.
    pub outlived: bool,
}

/// A broken promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wrong {
    /// Guarantees G1 and G2: a request got bytes that a purge had taken back before the request began.
    Stale,
    /// Guarantee G3: the same, and between purge and request the process had ended.
    Forgotten,
    /// Stale bytes were served past the time for which a soft purge allows it.
    StaleTooLong,
    /// An entry took the place of a usable one with a larger stamp.
    Older,
}

/// One state of everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The process, or the old and the new one during a hand-over.
    pub processes: Vec<Process>,
    /// Requests that have not been answered.
    pub requests: Vec<Request>,
    /// What outlives the processes.
    pub disk: Disk,
    /// What may still happen.
    pub left: Left,
    /// What really happened.
    pub truth: Truth,
}

/// How often something may still happen. It is what makes the number of states finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Left {
    /// Requests.
    pub requests: u8,
    /// Evictions from memory.
    pub evictions: u8,
    /// Sweeps.
    pub sweeps: u8,
    /// Kills and orderly ends.
    pub restarts: u8,
    /// Snapshots of the index.
    pub snapshots: u8,
    /// Backups, and putting one back.
    pub backups: u8,
    /// Log appends that fail.
    pub failures: u8,
    /// Hand-overs.
    pub hand_overs: u8,
}
